"""What else a run takes from files: law, seats, hazards, services, and what is declared.

Reads and translates; measures nothing.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.errors import CodeError, ColumnError, GeometryError, InputError
from deqing_geo.files import TABLES, local_file, table_text
from deqing_geo.landuse import decide
from deqing_geo.reading import PLACES, POINTS, POLYGONS, note, read

# For each layer: the shapes it holds, the columns looked for, and those it cannot do without.
LAYERS: dict[str, tuple[Any, tuple[str, ...], tuple[str, ...]]] = {
    "seats": (POINTS, ("seat_kind", "town_code", "town_name"), ("seat_kind",)),
    "boundaries": (POLYGONS, ("boundary_name", "boundary_kind"), ()),
    "redline": (POLYGONS, ("redline_name",), ()),
    "water_source": (POLYGONS, ("protection_level",), ()),
    "farmland": (POLYGONS, (), ()),
    "cropland": (POLYGONS, ("landuse_code", "landuse_name"), ()),
    "hazards": (PLACES, ("hazard_kind", "hazard_class", "threatened_people"), ("hazard_class",)),
    "facilities": (POINTS, ("facility_class", "facility_name", "opened_on"), ("facility_class",)),
}
# Nothing is decided by these: 地面塌陷 and 不稳定斜坡 stay as they are written.
DESCRIPTIVE = ("hazard_kind",)
PERCENT = 100.0
PERCENTS = ("ratio", "%")
# 耕地 begins so in 三调 and in the guide of 2023 alike.
CROPLAND = "01"
VILLAGE_CODE = r"[1-8]\d{11}"


def read_layer(
    path: str | os.PathLike[str],
    what: str,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
    landuse: str | None = None,
) -> gpd.GeoDataFrame:
    """A layer the village types are judged by: law, seats, hazards or services.

    Parameters
    ----------
    path : path
        GeoPackage, GeoJSON or Shapefile.
    what : str
        ``seats`` (镇、街道驻地), ``boundaries`` (城镇开发边界), ``redline`` (生态保护红线),
        ``water_source`` (饮用水水源保护区), ``farmland`` (永久基本农田), ``cropland`` (耕地; of a
        layer with land-use codes the rows of 01),
        ``hazards`` (地质灾害隐患点或易发区) or ``facilities`` (公共服务设施).
    layer : str, optional
        The layer of a file with several.
    columns : mapping, optional
        From our columns to the file's fields, where the alias table is wrong.
    assume_crs : optional
        The system the file was made in, where it does not say.
    datum : {"gcj02", "bd09"}, optional
        The shift of the map service the layer comes from, to be undone.
    like : GeoDataFrame, optional
        Take the CRS of this frame.
    landuse : {"sandiao", "guide"}, optional
        Whose land-use codes a layer of ``cropland`` holds, where it does not say.

    Returns
    -------
    GeoDataFrame
        Metres; classes in the library's words. A layer of law may be empty with `like`.

    Raises
    ------
    InputError
        If `what` is not known.
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent or contradicted.
    GeometryError
        If it holds the wrong kind of shapes.
    ColumnError
        If a column it needs is absent, or holds a word that is not understood.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "seats.gpkg"
    ...     sample.county(1).seats.to_file(file)
    ...     read_layer(file, "seats")["seat_kind"].value_counts().to_dict()
    {'town': 11, 'county_seat': 1, 'subcentre': 1}
    """
    if what not in LAYERS:
        raise InputError(f"read_layer knows no {what!r}; it knows {', '.join(LAYERS)}.")
    kind, wanted, needed = LAYERS[what]
    frame = read(
        path,
        name=what,
        kind=kind,
        wanted=wanted,
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=like,
    )
    frame = _single_points(frame, what)
    for column in needed:
        if column not in frame:
            fields = ", ".join(str(field) for field in frame.columns if field != "geometry")
            raise ColumnError(
                f"`{what}` has no column that is `{column}`. Its fields: {fields or 'none'}. "
                f"Pass columns={{'{column}': '…'}}."
            )
    for column in wanted:
        if column in frame and column in DESCRIPTIVE:
            text = names.clean_text(frame[column])
            frame[column] = names.read_values(text, column).where(lambda one: one.notna(), text)
        elif column in frame and column in names.vocabularies():
            frame[column] = _words(frame[column], column)
        elif column in frame and column.endswith("_name"):
            frame[column] = names.clean_text(frame[column])
    if what == "cropland":
        frame = _arable(frame, landuse)
    if "town_code" in frame:
        text = names.clean_text(frame["town_code"]).astype("string").str.removesuffix(".0")
        frame["town_code"] = text.str.slice(0, 9).astype(object).where(text.notna(), None)
    return frame


def _single_points(frame: gpd.GeoDataFrame, what: str) -> gpd.GeoDataFrame:
    """GeoPackages hold points as multi-points of one; more than one is no place."""
    shapes = np.asarray(frame.geometry.array, dtype=object)
    several = shapely.get_type_id(shapes) == int(shapely.GeometryType.MULTIPOINT)
    crowd = several & (shapely.get_num_geometries(shapes) > 1)
    if crowd.any():
        raise GeometryError(
            f"`{what}` has rows of several points. Split them into one row a point.",
            frame.index[crowd],
        )
    if not several.any():
        return frame
    shapes[several] = shapely.get_geometry(shapes[several], 0)
    out = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    out.attrs.update(frame.attrs)
    return out


def _arable(frame: gpd.GeoDataFrame, landuse: str | None) -> gpd.GeoDataFrame:
    """The arable rows of a land-use layer; one without codes is taken at its word."""
    renamed = frame.attrs["reading"]["renamed"]
    found = decide(frame, "cropland", landuse, renamed=renamed, first_level=True, alike=(CROPLAND,))
    if found is None:
        return frame
    kept = found.codes.astype("string").str.startswith(CROPLAND).fillna(False).to_numpy(dtype=bool)
    note(
        frame,
        kept=int(kept.sum()),
        by=found.field,
        blank=int(found.codes.isna().sum()),
        landuse_system=found.system,
        landuse_field=found.field,
        landuse_why=found.why,
    )
    out = frame[kept].reset_index(drop=True)
    out.attrs.update(frame.attrs)
    return out


def _words(values: pd.Series[Any], column: str) -> pd.Series[Any]:
    raw = names.clean_text(values)
    words = names.read_values(raw, column)
    odd = raw.notna() & words.isna()
    known = "、".join(names.vocabulary(column).values())
    if odd.any():
        raise ColumnError(
            f"`{column}` holds {raw[odd].iloc[0]!r}; it may hold {known}.", values.index[odd]
        )
    if raw.isna().any():
        raise ColumnError(
            f"`{column}` is empty in some rows; it may hold {known}.", values.index[raw.isna()]
        )
    return words.astype(object)


def read_village_table(
    path: str | os.PathLike[str], *, columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    r"""What is declared of each village (村庄基本情况), from a CSV as Excel or WPS save it.

    Parameters
    ----------
    path : path
        ``.csv`` in UTF-8 or GBK, headed by the library's Chinese labels (``宅基地闲置率(%)``) or
        by its column names (``hollow_rate``).
    columns : mapping, optional
        ``{"pop_resident": "常住人口2025"}`` where a heading is another.

    Returns
    -------
    DataFrame
        Index ``village_code``; registered columns only, ratios 0-1 where the heading said %,
        blanks as None. ``attrs["reading"]`` names the headings that were not understood.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable.
    ColumnError
        If it has no column of codes, two headings are one column, or `columns` is mistaken.
    CodeError
        If a code is damaged, missing or repeated.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "villages.csv"
    ...     _ = file.write_text("行政区划代码,宅基地闲置率(%)\n330521001901,12.5\n", "gbk")
    ...     read_village_table(file)["hollow_rate"].to_dict()
    {'330521001901': 0.125}
    """
    file, _ = local_file(path, TABLES)
    text, encoding = table_text(file)
    raw = _table(file.name, text)
    given = {field: column for column, field in (columns or {}).items()}
    absent = [field for field in given if field not in raw]
    if absent:
        raise ColumnError(
            f"columns= names headings the table does not have: {', '.join(absent)}. "
            f"It has: {', '.join(map(str, raw.columns))}."
        )
    found, percent = _headings(list(raw.columns), given)
    twice = sorted({one for one in found.values() if list(found.values()).count(one) > 1})
    if twice:
        raise ColumnError(f"{file.name}: two headings are `{twice[0]}`. Leave one out.")
    if "village_code" not in found.values():
        raise ColumnError(
            f"{file.name}: no heading is `village_code` (行政区划代码). It has: "
            f"{', '.join(map(str, raw.columns))}. Pass columns={{'village_code': '…'}}."
        )
    table = raw[list(found)].rename(columns=found)
    codes = names.clean_text(table.pop("village_code")).astype("string").str.removeprefix("'")
    codes = codes.str.removesuffix(".0")
    bad = ~codes.str.fullmatch(VILLAGE_CODE).fillna(False).astype(bool)
    if bad.any():
        raise CodeError(
            f"{file.name}: codes that are not twelve digits, such as {codes[bad].iloc[0]!r}. Save "
            "the column as text in the table it comes from.",
            [int(at) + 2 for at in raw.index[bad]],
        )
    table.index = pd.Index(codes.to_numpy(dtype=object), name="village_code")
    for column in table.columns:
        table[column] = _cells(table[column], str(column), column in percent)
    twice_in = table.index[table.index.duplicated()].unique()
    if len(twice_in):
        raise CodeError(f"{file.name}: several rows for one village.", twice_in)
    table.attrs["reading"] = {
        "file": file.name,
        "driver": "CSV",
        "encoding": encoding,
        "not_understood": tuple(str(field) for field in raw.columns if field not in found),
    }
    notices = raw["说明"][raw["说明"] != ""] if "说明" in raw else pd.Series(dtype=object)
    if notices.astype(str).str.contains(names.word("notice.schematic"), regex=False).any():
        table.attrs["notice"] = names.word("notice.schematic")
    return table


def _headings(fields: list[str], given: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """Which heading is which column, and which of them are written in per cent."""
    known: dict[str, str] = {}
    for name, column in names.registry().items():
        for text in (name, column.zh, names.label(name, unit=True)):
            known.setdefault(text, name)
    found, percent = {}, set()
    for field in fields:
        tidy = str(field).strip().replace("（", "(").replace("）", ")").replace("％", "%")
        column_name = given.get(field) or known.get(tidy)
        # The planner's own word stands before the table of names.
        if column_name is None or (field not in given and column_name in given.values()):
            continue
        if column_name not in names.registry():
            raise ColumnError(f"columns= names {column_name}, which is no registered column.")
        found[field] = column_name
        if names.registry()[column_name].unit == "ratio" and "%" in tidy:
            percent.add(column_name)
    return found, percent


def _cells(values: pd.Series[Any], column: str, percent: bool) -> pd.Series[Any]:
    text = names.clean_text(values)
    known = names.registry()[column]
    if known.dtype not in ("float", "int"):
        return text
    # A cell formatted as a percentage is saved with its sign.
    signed = text.str.endswith(("%", "％")).fillna(False).astype(bool)
    share = (signed | percent) & (known.unit == "ratio")
    bare = text.str.replace(r"[,，]|[%％]$", "", regex=True) if known.unit in PERCENTS else text
    number = pd.to_numeric(bare.str.replace(r"[,，]", "", regex=True), errors="coerce")
    odd = text.notna() & number.isna()
    if odd.any():
        raise ColumnError(
            f"`{column}` is a number, and {text[odd].iloc[0]!r} is none.", text.index[odd]
        )
    return number.where(~share, number / PERCENT)


def read_overrides(path: str | os.PathLike[str]) -> pd.DataFrame:
    r"""The log of people's decisions on villages (人工调整), from a CSV.

    Parameters
    ----------
    path : path
        ``.csv`` headed ``village_code, type, reason, authority, document_no, author, date`` and,
        where decisions end, ``valid_until``; one row a decision, in order of time.

    Returns
    -------
    DataFrame
        As text, for ``classify_villages(overrides=)``, which checks what it says.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable.
    ColumnError
        If it is no table.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> head = "village_code,type,reason,authority,document_no,author,date"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "decided.csv"
    ...     _ = file.write_text(f"{head}\nA,特色保护类,古桥群,镇政府,,张三,2026-05-01\n", "utf-8")
    ...     read_overrides(file)["type"].to_list()
    ['特色保护类']
    """
    file, _ = local_file(path, TABLES)
    frame = _table(file.name, table_text(file)[0])
    return frame.reset_index(drop=True).map(lambda cell: str(cell).strip() or None)


def _table(name: str, text: str) -> pd.DataFrame:
    """Cells as text. Read without a heading first: pandas would rename a repeated one."""
    try:
        cells = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, header=None)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise ColumnError(f"{name}: not a table with a heading and commas ({error}).") from error
    cells = cells.fillna("")
    heading = [str(field).strip() for field in cells.iloc[0]]
    twice = [field for field in dict.fromkeys(heading) if field and heading.count(field) > 1]
    if twice:
        raise ColumnError(f"{name}: the heading {twice[0]!r} stands there twice. Leave one out.")
    # Spreadsheets save empty rows and columns beside the table, too.
    blank = cells.iloc[1:].apply(lambda column: column.str.strip() == "")
    kept = [bool(field) or not blank[at].all() for at, field in enumerate(heading)]
    frame = pd.DataFrame(cells.iloc[1:].loc[~blank.all(axis=1), kept])
    named = [field or f"({at + 1})" for at, field in enumerate(heading)]
    frame.columns = pd.Index([field for field, keep in zip(named, kept, strict=True) if keep])
    # Rows are counted from 0 below the heading.
    frame.index = frame.index - 1
    return frame
