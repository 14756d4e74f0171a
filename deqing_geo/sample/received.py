"""The schematic county as offices would send it: their fields, their formats, their mistakes.

Every mistake is planted here on purpose and listed with the row it stands in and what it should
be. Codes of elements (要素代码) and the names of fields are those of public survey software, from
memory where no page was found (待查证).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.errors import ExportError
from deqing_geo.export import save_layers, save_table
from deqing_geo.export.layers import FIXED_DATE
from deqing_geo.sample import CRS, schematic_notice

if TYPE_CHECKING:
    from numpy.typing import NDArray

VILLAGES, TABLE, SURVEY, PLAN, MISTAKES = (
    "村界.shp",
    "村庄基本情况表.xlsx",
    "三调.gdb",
    "用地用海现状.gpkg",
    "planted_mistakes.csv",
)
BORDER_FILES = (VILLAGES, "村界.shx", "村界.dbf", "村界.prj")
FILES = (*BORDER_FILES, TABLE, PLAN, MISTAKES)
DAY = "2025-12-31"
OVERLAP_M, GAP_M = 2.0, 0.3
OVERLAPS = GAPS = 6
LONG_M = 150.0  # stretch of a border that carries a mistake, at least
CLEAR_M = 5.0  # from it to any third village
OLD_TOWN = "330521100"
HEIRS = ("330521001", "330521002", "330521003", "330521004")
ZEROS = "0000000"  # 12 digits of a village and these are the 19 of a survey unit
HEADER_ROW = 3  # of the sheet: a title and a line of units stand above it
# What an office's sheet calls the columns, in its own order and words.
HEADINGS = {
    "town_name": "所属乡镇",
    "village_name": "村(社区)",
    "village_code": "行政区划代码",
    "pop_hukou": "总人口(户籍)",
    "pop_resident": "常住人口数",
    "hh_resident": "户数",
    "pop_chg5_pct": "五年人口增减%",
    "aging60_share": "老龄化率",
    "hollow_rate": "空置宅基地占比",
    "collective_op_income": "集体经营性收入(万)",
    "fac_count": "公服设施数",
    "heritage_list": "保护名录情况",
    "is_central_village": "是否中心村",
    "in_relocation_plan": "是否列入搬迁",
    "current_type": "现有分类",
}
COUNTED = ("pop_hukou", "pop_resident", "hh_resident")
# How many cells or rows of each mistake the sheet holds.
SCIENTIFIC, NUMERIC, BLANKS, ABOUTS, WIDES, LONG_NAMES = 5, 12, 6, 3, 4, 10
MISTAKE_WORDS = {
    "overlap": "与邻村重叠",
    "gap": "与邻村之间有缝隙",
    "bowtie": "边界自相交",
    "duplicate_code": "代码重复",
    "old_town_code": "已撤销乡镇的代码",
    "damaged_name": "名称有乱码",
    "title_above": "表头上方有标题",
    "units_above": "表头上方有单位说明",
    "scientific_code": "代码成了科学计数",
    "numeric_code": "代码成了数字",
    "blank": "漏填",
    "about": "填了约数",
    "full_width": "全角数字",
    "committee_name": "名称写法与名录不同",
    "missing_village": "漏了一个村",
    "repeated_village": "同一村填了两次",
    "total_row": "末行是合计",
}
# Land of the state by 三调 code; the rest belongs to collectives.
STATE = ("05", "06", "0701", "08", "09", "10", "11")
RIDGES = {2: 0.06, 3: 0.1, 4: 0.14, 5: 0.18}  # share of field ridges (田坎) by grade of slope
ELSEWHERE = 120  # parcels that lie in one village and belong to another


def as_received(random: np.random.Generator, made: Any, folder: Path, survey: Path) -> pd.DataFrame:
    """Write the county as offices would send it.

    Parameters
    ----------
    random : Generator
        Which villages and cells the mistakes fall on.
    made : County
        Or anything with its layers ``villages``, ``towns``, ``land_use``, ``terrain`` and its
        ``village_table``; nothing of it is changed.
    folder : Path
        Where the files of `FILES` are written; there already.
    survey : Path
        The FileGDB to make; its name ends in ``.gdb``.

    Returns
    -------
    DataFrame
        The planted mistakes: ``kind``, ``mistake`` (in words), ``file``, ``row`` (of shapes
        from 0, of sheets as the program numbers them), ``field``, ``found``, ``should_be``.

    Raises
    ------
    ExportError
        If a file cannot be written.
    """
    planted = _Planted()
    with _gdal(folder):
        _borders(random, made, folder / VILLAGES, planted)
        parcels = _parcels(random, made)
        _survey(made, parcels, survey)
        _plan(parcels, folder / PLAN)
        _sheet(random, made, folder / TABLE, planted)
    out = planted.table()
    save_table(out, folder / MISTAKES)
    return out


class _Planted:
    """Mistakes as they are made."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(
        self, kind: str, file: str, row: int | None, field: str, found: Any, should_be: Any
    ) -> None:
        self.rows.append(
            {
                "kind": kind,
                "mistake": MISTAKE_WORDS[kind],
                "file": file,
                "row": row,
                "field": field,
                "found": str(found),
                "should_be": str(should_be),
            }
        )

    def table(self) -> pd.DataFrame:
        out = pd.DataFrame(self.rows).astype({"row": "Int64"})
        out.index = pd.RangeIndex(1, len(out) + 1)
        out.attrs["notice"] = word("notice.schematic")
        return out


@contextmanager
def _gdal(folder: Path) -> Iterator[None]:
    """GDAL told to number what it would draw by lot, and its failures in our words."""
    options = {"OPENFILEGDB_REPRODUCIBLE_UUID": "YES", "OGR_CURRENT_DATE": FIXED_DATE}
    before = {option: pyogrio.get_gdal_config_option(option) for option in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
    ) as error:
        raise ExportError(f"{folder.parent}: cannot be written ({error}).") from error
    finally:
        pyogrio.set_gdal_config_options(before)


# ---------------------------------------------------------------- borders of villages


def _borders(random: np.random.Generator, made: Any, file: Path, planted: _Planted) -> None:
    """Villages as a shapefile in GBK that does not say so, with mistakes in borders and codes."""
    villages = made.villages
    shapes = villages.geometry.to_numpy().copy()
    codes = villages.index.to_numpy(dtype=object)
    units = codes + ZEROS
    texts = villages["village_name"].to_numpy(dtype=object).copy()
    free = np.ones(len(shapes), dtype=bool)
    stretches = _stretches(random, shapes)
    for kind, count in (("overlap", OVERLAPS), ("gap", GAPS)):
        for _ in range(count):
            pair = next((one for one in stretches if free[one[0]] and free[one[1]]), None)
            if pair is None:
                break
            first, second, stretch = pair
            free[[first, second]] = False
            band = shapely.buffer(
                stretch, OVERLAP_M if kind == "overlap" else GAP_M, cap_style="flat"
            )
            change = shapely.union if kind == "overlap" else shapely.difference
            shapes[first] = change(shapes[first], band, grid_size=0.001)
            planted.add(kind, file.name, first, "geometry",
                        f"{texts[first]} / {texts[second]} ({codes[second]})",
                        f"county.gpkg villages {codes[first]}")  # fmt: skip
    order = random.permutation(len(shapes)).tolist()
    for at in order:
        crossed = _bowtie(random, shapes[at]) if free[at] else None
        if crossed is not None:
            shapes[at], free[at] = crossed, False
            planted.add("bowtie", file.name, at, "geometry", texts[at],
                        f"county.gpkg villages {codes[at]}")  # fmt: skip
            break
    rest = [at for at in order if free[at]]
    twin = next((at for at in rest[1:] if codes[at][:9] == codes[rest[0]][:9]), rest[1])
    units[twin] = codes[rest[0]] + ZEROS
    planted.add("duplicate_code", file.name, twin, "ZLDWDM", units[twin], codes[twin] + ZEROS)
    rest = [at for at in rest if at not in (rest[0], twin)]
    old = next((at for at in rest if codes[at].startswith(HEIRS)), rest[0])
    units[old] = OLD_TOWN + codes[old][9:] + ZEROS
    planted.add("old_town_code", file.name, old, "ZLDWDM", units[old], codes[old] + ZEROS)
    hurt = next(at for at in rest if at != old)
    texts[hurt] = f"{texts[hurt][0]}?{texts[hurt][2:]}"
    planted.add("damaged_name", file.name, hurt, "ZLDWMC", texts[hurt],
                villages["village_name"].iloc[hurt])  # fmt: skip
    frame = gpd.GeoDataFrame(
        {
            "BSM": _numbers("601", len(shapes)),
            "XZQDM": villages["town_code"].to_numpy(dtype=object),
            "XZQMC": villages["town_name"].to_numpy(dtype=object),
            "ZLDWDM": units,
            "ZLDWMC": texts,
            "JSMJ": np.round(ellipsoidal_area(villages.geometry, CRS), 2),
            "BZ": "示意",
        },
        geometry=shapes,
        crs=CRS,
    )
    pyogrio.write_dataframe(
        frame,
        file,
        driver="ESRI Shapefile",
        encoding="GBK",
        layer_options={"DBF_DATE_LAST_UPDATE": DAY},
    )
    # As ArcGIS leaves it where nobody asked: nothing tells that the text is GBK.
    file.with_suffix(".cpg").unlink(missing_ok=True)


def _stretches(random: np.random.Generator, shapes: NDArray[Any]) -> list[tuple[int, int, Any]]:
    """Middles of long borders between two villages, far from every third, in random order."""
    tree = shapely.STRtree(shapes)
    one, other = tree.query(shapes, predicate="touches")
    once = one < other
    one, other = one[once], other[once]
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    shared = shapely.line_merge(shapely.intersection(shapes[one], shapes[other]))
    out = []
    for at in random.permutation(len(one)).tolist():
        parts = shapely.get_parts(shared[at])
        if not len(parts):
            continue
        line = parts[int(np.round(shapely.length(parts), 3).argmax())]
        points = shapely.get_coordinates(line)
        points = points[len(points) // 4 : -max(1, len(points) // 4)]
        if len(points) < 2:
            continue
        # From vertex to vertex: a new vertex on a border would move it by the rounding.
        middle = shapely.linestrings(points)
        near = tree.query(middle, predicate="dwithin", distance=CLEAR_M)
        if len(near) == 2 and round(float(shapely.length(middle)), 3) >= LONG_M:
            out.append((int(one[at]), int(other[at]), middle))
    return out


def _bowtie(random: np.random.Generator, shape: Any) -> Any:
    """The polygon with two neighbouring vertices in the wrong order, or None."""
    if shape.geom_type != "Polygon" or len(shape.interiors):
        return None
    ring = shapely.get_coordinates(shape)
    for at in random.permutation(len(ring) - 3)[:200].tolist():
        points = ring.copy()
        points[[at + 1, at + 2]] = points[[at + 2, at + 1]]
        crossed: Any = shapely.polygons(points)
        if shapely.is_valid_reason(crossed).startswith("Self-intersection"):
            return crossed
    return None


def _numbers(kind: str, count: int) -> list[str]:
    """Running numbers of 18 digits (标识码), of this made-up county's own making."""
    return [f"330521{kind}{at:09d}" for at in range(1, count + 1)]


# ---------------------------------------------------------------- land use


def _parcels(random: np.random.Generator, made: Any) -> gpd.GeoDataFrame:
    """Parcels with the fields of both tables: where each lies, whose it is, how large."""
    villages, land = made.villages, made.land_use
    shapes = land.geometry.to_numpy()
    codes = land["sandiao_code"].to_numpy(dtype=object)
    lies = land["village_code"].to_numpy(dtype=object)
    owner = lies.copy()
    collective = ~_starts(codes, STATE)
    pairs = shapely.STRtree(villages.geometry.to_numpy()).query(
        villages.geometry.to_numpy(), predicate="touches"
    )
    index = villages.index.to_numpy(dtype=object)
    beside: dict[str, list[str]] = {}
    for one, other in sorted(pairs.T.tolist()):
        beside.setdefault(index[one], []).append(index[other])
    able = np.flatnonzero(_starts(codes, ("01", "02", "03")))
    # No more than one in twenty: a village's land is mostly its own.
    for at in random.permutation(able)[: min(ELSEWHERE, len(able) // 20 + 1)].tolist():
        there = beside.get(lies[at], [])
        if there:
            owner[at] = there[int(random.integers(len(there)))]
    called = villages["village_name"].to_dict()
    area = np.round(ellipsoidal_area(land.geometry, CRS), 2)
    grade = np.where(_starts(codes, ("01",)), _slope_grade(made.terrain, shapes), 0)
    ridge = pd.Series(grade).map(RIDGES).fillna(0.0).to_numpy(dtype=float)
    ridge_area = np.round(area * ridge, 2)
    road = _starts(codes, ("1003", "1004", "1006"))
    width = np.where(road, np.round(2 * shapely.area(shapes) / shapely.length(shapes), 1), 0.0)
    return schematic_notice(
        gpd.GeoDataFrame(
            {
                "code": codes,
                "name": land["sandiao_name"].to_numpy(dtype=object),
                "guide_code": land["guide_code"].to_numpy(dtype=object),
                "guide_name": land["guide_name"].to_numpy(dtype=object),
                "lies": lies + ZEROS,
                "lies_name": pd.Series(lies).map(called).to_numpy(dtype=object),
                "owner": owner + ZEROS,
                "owner_name": pd.Series(owner).map(called).to_numpy(dtype=object),
                "nature": np.where(collective, "30", "20").astype(object),
                "area": area,
                "grade": np.where(grade > 0, grade.astype(str), "").astype(object),
                "ridge_code": np.where(ridge > 0, "1203", "").astype(object),
                "ridge": ridge,
                "ridge_area": ridge_area,
                "net_area": np.round(area - ridge_area, 2),
                "width": width,
                "enclave": _enclaves(villages, lies, shapes),
                "settled": _settled(codes),
            },
            geometry=shapes,
            crs=CRS,
        )
    )


def _starts(codes: NDArray[Any], beginnings: tuple[str, ...]) -> NDArray[np.bool_]:
    return pd.Series(codes).str.startswith(beginnings).to_numpy(dtype=bool)


def _settled(codes: NDArray[Any]) -> NDArray[Any]:
    """城镇村属性码 of homes: 202 in a town, 203 in a village."""
    return pd.Series(codes).map({"0701": "202", "0702": "203"}).fillna("").to_numpy(dtype=object)


def _slope_grade(terrain: Any, shapes: NDArray[Any]) -> NDArray[np.int_]:
    """耕地坡度级别 from 1 to 5, by the fall of 60 m around a point on each parcel."""
    at = shapely.get_coordinates(shapely.point_on_surface(shapes))
    step = terrain.cell
    rise = [
        terrain.at(at + side) - terrain.at(at - side)
        for side in np.array([[step, 0.0], [0.0, step]])
    ]
    degrees = np.degrees(np.arctan(np.hypot(*rise) / (2 * step)))
    steep = np.round(np.nan_to_num(degrees), 3)
    return 1 + np.asarray(np.searchsorted([2.0, 6.0, 15.0, 25.0], steep), dtype=np.int_)


def _enclaves(villages: Any, lies: NDArray[Any], shapes: NDArray[Any]) -> NDArray[Any]:
    """飞入地标识: "1" for parcels in the small piece of a village that has two."""
    out = np.full(len(shapes), "0", dtype=object)
    own = villages.geometry
    for code in villages.index[own.geom_type == "MultiPolygon"]:
        parts = shapely.get_parts(own[code])
        small = parts[np.round(shapely.area(parts), 3) < np.round(shapely.area(parts).max(), 3)]
        rows = np.flatnonzero(lies == code)
        places = shapely.point_on_surface(shapes[rows])
        for part in small:
            out[rows[shapely.contains(part, places)]] = "1"
    return out


def _survey(made: Any, parcels: gpd.GeoDataFrame, folder: Path) -> None:
    """XZQ, CJDCQ and DLTB of the third survey (三调) in one FileGDB."""
    towns, villages = made.towns, made.villages
    layers: dict[str, tuple[str, gpd.GeoDataFrame]] = {
        "XZQ": (
            "行政区",
            _units(towns, "1000600100", "XZQ", towns.index, towns["town_name"]),
        ),
        "CJDCQ": (
            "村级调查区",
            _units(
                villages, "1000600300", "ZLDW", villages.index + ZEROS, villages["village_name"]
            ),
        ),
        "DLTB": ("地类图斑", _dltb(parcels)),
    }
    for at, (layer, (alias, frame)) in enumerate(layers.items()):
        pyogrio.write_dataframe(
            frame,
            folder,
            layer=layer,
            driver="OpenFileGDB",
            promote_to_multi=True,
            append=at > 0,
            layer_options={"LAYER_ALIAS": alias, "FEATURE_DATASET": "TDDC"},
        )


def _units(frame: Any, kind: str, prefix: str, codes: Any, called: Any) -> gpd.GeoDataFrame:
    area = np.round(ellipsoidal_area(frame.geometry, CRS), 2)
    return gpd.GeoDataFrame(
        {
            "BSM": _numbers({"XZQ": "600", "ZLDW": "601"}[prefix], len(frame)),
            "YSDM": kind,
            f"{prefix}DM": np.asarray(codes, dtype=object),
            f"{prefix}MC": np.asarray(called, dtype=object),
            "DCMJ": area,
            "JSMJ": area,
            "MSSM": "00",
            "HDMC": "",
            "BZ": "示意",
        },
        geometry=frame.geometry.to_numpy(),
        crs=CRS,
    )


def _dltb(parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    count = len(parcels)
    within = parcels.groupby("lies", sort=False).cumcount().to_numpy() + 1
    numbers = np.array([f"{at:05d}" for at in within.tolist()], dtype=object)
    return gpd.GeoDataFrame(
        {
            "BSM": _numbers("211", count),
            "YSDM": "2001010100",
            "TBYBH": numbers,
            "TBBH": numbers,
            "DLBM": parcels["code"],
            "DLMC": parcels["name"],
            "QSXZ": parcels["nature"],
            "QSDWDM": parcels["owner"],
            "QSDWMC": parcels["owner_name"],
            "ZLDWDM": parcels["lies"],
            "ZLDWMC": parcels["lies_name"],
            "TBMJ": parcels["area"],
            "KCDLBM": parcels["ridge_code"],
            "KCXS": parcels["ridge"],
            "KCMJ": parcels["ridge_area"],
            "TBDLMJ": parcels["net_area"],
            "GDLX": "",
            "GDPDJB": parcels["grade"],
            "XZDWKD": parcels["width"],
            "TBXHDM": "",
            "TBXHMC": "",
            "ZZSXDM": "",
            "ZZSXMC": "",
            "GDDB": np.zeros(count, dtype=np.int32),
            "FRDBS": parcels["enclave"],
            "CZCSXM": parcels["settled"],
            "SJNF": np.full(count, int(DAY[:4]), dtype=np.int32),
            "MSSM": "00",
            "HDMC": "",
            "BZ": "示意",
        },
        geometry=parcels.geometry.to_numpy(),
        crs=CRS,
    )


def _plan(parcels: gpd.GeoDataFrame, file: Path) -> None:
    """The same parcels in the codes of the 用地用海 guide of 2023."""
    frame = gpd.GeoDataFrame(
        {
            "YDYHFLDM": parcels["guide_code"].to_numpy(),
            "YDYHFLMC": parcels["guide_name"].to_numpy(),
            "ZLDWDM": parcels["lies"].to_numpy(),
            "ZLDWMC": parcels["lies_name"].to_numpy(),
            "MJ": parcels["area"].to_numpy(),
        },
        geometry=parcels.geometry.to_numpy(),
        index=pd.Index(_numbers("212", len(parcels)), name="BSM"),
        crs=CRS,
    )
    save_layers(file, {"用地用海现状": schematic_notice(frame)})


# ---------------------------------------------------------------- the sheet


def _sheet(random: np.random.Generator, made: Any, file: Path, planted: _Planted) -> None:
    """The village table as an office fills it in."""
    table = office_words(made.village_table)
    table = table.assign(
        village_code=table.index,
        village_name=made.villages["village_name"].reindex(table.index),
        town_name=made.villages["town_name"].reindex(table.index),
    )
    used = {column: said for column, said in HEADINGS.items() if column in table}
    rows: list[dict[str, Any]] = [
        dict(zip(used, cells, strict=True))
        for cells in table[list(used)].astype(object).itertuples(index=False, name=None)
    ]
    sums = {column: int(table[column].sum()) for column in COUNTED if column in used}
    order = random.permutation(len(rows)).tolist()
    gone, twice, *free = order
    marks: list[tuple[str, int, str, Any, Any]] = []

    def put(kind: str, at: int, column: str, value: Any) -> None:
        marks.append((kind, at, column, value, rows[at][column]))
        rows[at][column] = value

    for _ in range(min(SCIENTIFIC, len(free) // 8)):
        at = free.pop()
        put("scientific_code", at, "village_code", f"{float(rows[at]['village_code']):.5E}")
    for _ in range(min(NUMERIC, len(free) // 8)):
        at = free.pop()
        put("numeric_code", at, "village_code", int(rows[at]["village_code"]))
    for _ in range(min(LONG_NAMES, len(free) // 8)):
        at = free.pop()
        put("committee_name", at, "village_name", _committee(rows[at]["village_name"], at % 2))
    for kind, count in (("blank", BLANKS), ("about", ABOUTS), ("full_width", WIDES)):
        for _ in range(min(count, len(free) // 8)):
            at = free.pop()
            there = [column for column in sums if not pd.isna(rows[at][column])]
            if not there:
                continue
            column = there[int(random.integers(len(there)))]
            put(kind, at, column, _spoilt(kind, int(rows[at][column])))
    kept = [at for at in range(len(rows)) if at != gone]
    line_of = {at: HEADER_ROW + 1 + line for line, at in enumerate(kept)}
    body = [[line, *_cells(rows[at])] for line, at in enumerate(kept, start=1)]
    body.append([len(kept) + 1, *_cells(rows[twice])])
    total = ["", "合计", *[sums.get(column) for column in list(used)[1:]]]
    last = HEADER_ROW + len(body)
    planted.add("title_above", file.name, 1, "", "标题", f"表头在第{HEADER_ROW}行")
    planted.add("units_above", file.name, 2, "", "单位说明", f"表头在第{HEADER_ROW}行")
    for kind, at, column, found, should_be in marks:
        shown = "" if found is None else found
        planted.add(kind, file.name, line_of[at], used[column], shown, should_be)
    lost = f"{rows[gone]['village_code']} {rows[gone]['village_name']}"
    planted.add("missing_village", file.name, None, "", "", lost)
    again = f"{rows[twice]['village_code']} {rows[twice]['village_name']}"
    planted.add("repeated_village", file.name, last, "", again, f"只在第{line_of[twice]}行")
    planted.add("total_row", file.name, last + 1, "", "合计", "不是村庄")
    save_workbook(
        file,
        [
            ["德清县村庄基本情况表(示意)"],
            [f"{word('notice.schematic')}    单位:人、户、%、万元    截至 {DAY}"],
            ["序号", *used.values()],
            *body,
            total,
        ],
        title_rows=2,
    )


def _cells(row: Mapping[str, Any]) -> Iterable[Any]:
    return (None if value is None or pd.isna(value) else value for value in row.values())


def _committee(name: str, form: int) -> str:
    if name.endswith("村"):
        return f"{name}民委员会" if form else f"{name.removesuffix('村')}村委会"
    return f"{name}居民委员会" if form else f"{name}居委会"


def _spoilt(kind: str, value: int) -> str | None:
    if kind == "blank":
        return None
    if kind == "about":
        return f"约{round(value, -2) or value}"
    return "".join(chr(ord(digit) + 0xFEE0) for digit in str(value))


def office_words(table: pd.DataFrame) -> pd.DataFrame:
    """A table with shares in per cent and Chinese words, as offices and readers have it.

    Parameters
    ----------
    table : DataFrame
        Columns of the registry; left as it is.

    Returns
    -------
    DataFrame
        The same columns and rows.

    Examples
    --------
    >>> table = pd.DataFrame({"hollow_rate": [0.125], "is_central_village": [True]})
    >>> office_words(table).to_numpy().tolist()
    [[12.5, '是']]
    """
    out = table.copy()
    for column in out.columns:
        known = names.registry().get(column)
        vocabulary = "village_type" if column == "current_type" else column
        if known is not None and known.unit == "ratio":
            out[column] = (out[column] * 100).round(6)
        elif is_yes_no(out[column]):
            out[column] = out[column].map({True: "是", False: "否"}).astype(object)
        elif vocabulary in names.vocabularies():
            labels = names.vocabulary(vocabulary)
            out[column] = out[column].map(lambda one, labels=labels: labels.get(one, one))
    return out


def is_yes_no(column: pd.Series[Any]) -> bool:
    """Whether a column holds yes and no, also where a blank has made it one of objects.

    Parameters
    ----------
    column : Series
        Of a table.

    Returns
    -------
    bool
        False where it holds nothing.
    """
    there = column.dropna()
    return bool(len(there)) and all(isinstance(value, bool | np.bool_) for value in there)


# ---------------------------------------------------------------- workbooks

_SAVED_ON = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def save_workbook(file: Path, rows: Sequence[Sequence[Any]], *, title_rows: int = 0) -> None:
    """One sheet of cells as .xlsx, the same bytes every time.

    Parameters
    ----------
    file : Path
        Where.
    rows : sequence of sequences
        Texts stay texts, also those that look like a number or a formula; None is an empty cell.
    title_rows : int
        How many rows on top are one cell across the sheet.
    """
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    breadth = max(len(row) for row in rows)
    for line, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            if value is None or value == "":
                continue
            cell = sheet.cell(line, place)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
                cell.number_format = "@"
    for line in range(1, title_rows + 1):
        sheet.merge_cells(start_row=line, start_column=1, end_row=line, end_column=breadth)
    for place in range(1, breadth + 1):
        texts = [str(row[place - 1]) for row in rows[title_rows:] if place <= len(row)]
        wide = max((sum(1 + (sign > "\u2e80") for sign in text) for text in texts), default=8)
        sheet.column_dimensions[get_column_letter(place)].width = min(wide + 2, 40)
    sheet.freeze_panes = sheet.cell(title_rows + 2, 1)
    book.save(file)
    # The hour stands in the properties and on every part of the archive.
    with zipfile.ZipFile(file) as archive:
        parts = {part.filename: archive.read(part) for part in archive.infolist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            if part == "docProps/core.xml":
                content = _SAVED_ON.sub(rb"\g<1>" + FIXED_DATE.encode(), content)
            archive.writestr(zipfile.ZipInfo(part), content, zipfile.ZIP_DEFLATED)
