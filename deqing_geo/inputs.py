"""What else a run takes from files: law, seats, hazards, services, and what is declared.

Reads and translates; measures nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.errors import CodeError, ColumnError, GeometryError, InputError
from deqing_geo.landuse import decide
from deqing_geo.reading import PLACES, POINTS, POLYGONS, note, read
from deqing_geo.tables import Table, read_table

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
# 19 = 12 + 7 in the land survey, usually zeros (ZLDWDM).
SURVEY_CODE, VILLAGE_DIGITS = r"[1-8]\d{11}0{7}", 12
LOST_DIGITS = r"[+-]?[\d.]+[eE][+-]?\d+"
# Columns of the village table that are looked for under the words offices use, the first first:
# 名称 beside a code is the village's.
VILLAGE_TABLE = (
    "village_code", "village_name", "town_name", "unit_kind", "urban_rural_code", "takes_part",
    "pop_resident", "hh_resident", "pop_hukou", "pop_chg5_pct", "aging60_share", "hollow_rate",
    "collective_op_income", "fac_count", "heritage_list", "hazard_class", "hazard_major",
    "threatened_people", "seismic_intensity", "fault_dist_m", "farmland_pc", "is_town_seat",
    "is_central_village", "in_relocation_plan", "relocation_document", "major_project",
    "retention_value", "villager_consent", "consent_on", "current_type",
    "current_type_document", "current_type_year", "sewage_served", "homesteads_revived",
)  # fmt: skip
# From the unit a heading names to the column's own: numbers are multiplied by this.
CONVERTED = {
    ("10000 yuan", "元"): 1e-4,
    ("10000 yuan", "亿元"): 1e4,
    ("person", "万人"): 1e4,
    ("mu", "公顷"): 15.0,
    ("m", "公里"): 1e3,
    ("m", "km"): 1e3,
}
# Other ways to write a column's own unit.
UNIT_WORDS = {"10000 yuan": ("万元", "万"), "m": ("米", "m"), "homestead": ("宗(套)", "宗", "套")}


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
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    r"""What is declared of each village (村庄基本情况), from a table as Excel or WPS save it.

    Parameters
    ----------
    path : path
        ``.xlsx``, ``.xlsm``, ``.xls``, or ``.csv`` in UTF-8 or GBK. The heading, in the library's
        Chinese labels (``宅基地闲置率(%)``), its column names (``hollow_rate``) or words offices
        use for them, is looked for: titles may stand above it, totals and signatures below.
    sheet : str, optional
        The sheet of a workbook where several hold such a table.
    columns : mapping, optional
        ``{"pop_resident": "常住人口2025"}`` where a heading is another.

    Returns
    -------
    DataFrame
        Index ``village_code``; registered columns only, ratios 0-1 where the heading or the cell
        said %, other units brought to the column's, blanks as None. ``attrs["reading"]`` tells the
        sheet, the row of the heading, the rows left out and the headings not understood.

    Raises
    ------
    BoundaryFileError
        If the file is refused, damaged, locked with a password or too large, or its sheet must be
        named.
    ColumnError
        If no sheet has a column of codes, two headings are one column, a number is none or in
        another unit, one cell gives several villages one number, or `columns` is mistaken. Rows
        are those of the sheet.
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
    strange = [one for one in columns or {} if one not in names.registry()]
    if strange:
        raise ColumnError(f"columns= names {strange[0]}, which is no registered column.")
    key = "village_code"
    found = read_table(path, _table_headings(), ([key],), key=key, sheet=sheet, columns=columns)
    file = found.told["file"]
    _refuse_twice(file, found.found)
    fields = {column: field for field, column in found.found.items()}
    codes = village_codes(found.frame[fields.pop(key)], file)
    held = {}
    for column, field in fields.items():
        known = names.registry()[column]
        if known.dtype in ("float", "int"):
            _refuse_shared(file, column, field, found)
        held[column] = _cells(found.frame[field], column, found.units.get(field, ""))
    table = pd.DataFrame(held, index=found.frame.index)
    table.index = pd.Index(codes.to_numpy(dtype=object), name=key)
    twice = table.index[table.index.duplicated()].unique()
    if len(twice):
        rows = found.frame.index[table.index.isin(twice)].tolist()
        raise CodeError(
            f"{file}: several rows for one village (rows {', '.join(map(str, rows[:6]))} of the "
            "sheet).",
            twice,
        )
    units = {
        field: f"{found.units[field]} -> {names.registry()[column].unit_zh}"
        for column, field in fields.items()
        if (names.registry()[column].unit, found.units.get(field)) in CONVERTED
    }
    table.attrs["reading"] = {
        **found.told,
        "rows": len(table),
        "renamed": dict(found.found),
        **({"units": units} if units else {}),
        "not_understood": tuple(str(one) for one in found.frame if one not in found.found),
    }
    notices = [*found.titles, *found.frame.get("说明", [])]
    if any(names.word("notice.schematic") in str(one) for one in notices):
        table.attrs["notice"] = names.word("notice.schematic")
    return table


def _table_headings() -> dict[str, str]:
    """Every heading that is known for a column of the village table, folded."""
    known: dict[str, str] = {}
    for name, column in names.registry().items():
        for text in (name, column.zh, names.label(name, unit=True)):
            known.setdefault(names.fold(text), name)
    for name in VILLAGE_TABLE:
        for alias in names.registry()[name].aliases:
            known.setdefault(names.fold(alias), name)
    return known


def _refuse_twice(file: str, found: Mapping[str, str]) -> None:
    for column in found.values():
        fields = [field for field, one in found.items() if one == column]
        if len(fields) > 1:
            raise ColumnError(
                f"{file}: two headings are `{column}` ({', '.join(fields)}): it stands there "
                f"twice. Leave one out, or pass columns={{'{column}': '…'}}."
            )


def _refuse_shared(file: str, column: str, field: str, found: Table) -> None:
    """One number in a cell merged over several villages is nobody's."""
    rows = [row for one, rows in found.merged if one == field for row in rows]
    rows = [row for row in rows if row in found.frame.index]
    if rows:
        raise ColumnError(
            f"{file}: `{column}` ({field}) is one merged cell over several villages, so nobody "
            "knows whose it is. 请取消合并单元格,逐村填写.",
            rows,
        )


def village_codes(values: pd.Series[Any], file: str) -> pd.Series[Any]:
    """Codes of villages, twelve digits as text, from the cells of a table.

    Parameters
    ----------
    values : Series
        As text; the index is the row of the sheet.
    file : str
        For messages.

    Returns
    -------
    Series of object
        Nineteen digits of the land survey are cut to the village's twelve.

    Raises
    ------
    CodeError
        If a code has lost digits, is missing, or is none; with the rows of the sheet.

    Examples
    --------
    >>> village_codes(pd.Series(["330521001901", "3305210019020000000"]), "a.csv").tolist()
    ['330521001901', '330521001902']
    """
    codes = names.clean_text(values).astype("string").str.removeprefix("'").str.removesuffix(".0")
    lost = codes.str.fullmatch(LOST_DIGITS).fillna(False).astype(bool)
    if lost.any():
        raise CodeError(
            f"{file}: codes that lost their last digits, such as {codes[lost].iloc[0]!r}: a "
            "spreadsheet keeps fifteen digits of a number. Save the column as text in the table it "
            "comes from (先将该列设为文本格式,再重新录入代码).",
            values.index[lost],
        )
    long = codes.str.fullmatch(SURVEY_CODE).fillna(False).astype(bool)
    codes = codes.where(~long, codes.str.slice(0, VILLAGE_DIGITS))
    bad = ~codes.str.fullmatch(VILLAGE_CODE).fillna(False).astype(bool)
    if bad.any():
        seen = codes[bad].iloc[0]
        raise CodeError(
            f"{file}: codes that are not twelve digits, such as "
            f"{'an empty cell' if pd.isna(seen) else repr(seen)}. Save the column as text in the "
            "table it comes from (代码应为 12 位文本).",
            values.index[bad],
        )
    return codes.astype(object)


def _cells(values: pd.Series[Any], column: str, unit: str) -> pd.Series[Any]:
    text = names.clean_text(values)
    known = names.registry()[column]
    if known.dtype not in ("float", "int"):
        return text
    # A cell formatted as a percentage is saved with its sign.
    signed = text.str.endswith(("%", "％")).fillna(False).astype(bool)
    share = (signed | (unit == "%")) & (known.unit == "ratio")
    bare = text.str.replace(r"[,，]|[%％]$", "", regex=True) if known.unit in PERCENTS else text
    number = pd.to_numeric(bare.str.replace(r"[,，]", "", regex=True), errors="coerce")
    odd = text.notna() & number.isna()
    if odd.any():
        raise ColumnError(
            f"`{column}` is a number, and {text[odd].iloc[0]!r} is none.", text.index[odd]
        )
    number = number.where(~share, number / PERCENT)
    factor = _factor(known, unit, str(values.name))
    return number if factor == 1 else number * factor


def _factor(known: names.Column, unit: str, field: str) -> float:
    """By what to multiply numbers under a heading that names another unit than the column's."""
    if not unit or not known.unit or unit in UNIT_WORDS.get(known.unit, (known.unit_zh,)):
        return 1.0
    factor = CONVERTED.get((known.unit, unit))
    if factor is None:
        raise ColumnError(
            f"{field}: `{known.name}` is in {known.unit_zh or 'no unit'}, and the heading says "
            f"{unit}. Give it in {known.unit_zh or 'that'}, or mend the heading."
        )
    return factor


def read_overrides(
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    r"""The log of people's decisions on villages (人工调整), from a table.

    Parameters
    ----------
    path : path
        ``.csv``, ``.xlsx``, ``.xlsm`` or ``.xls`` headed ``village_code, type, reason, authority,
        document_no, author, date`` and, where decisions end, ``valid_until``, or by their Chinese
        names (行政区划代码、拟定类型、理由、决定单位、文号、填写人、日期、有效期至); one row a
        decision, in order of time.
    sheet : str, optional
        The sheet of a workbook where several hold such a table.
    columns : mapping, optional
        ``{"reason": "说明"}`` where a heading is another.

    Returns
    -------
    DataFrame
        As text, for ``classify_villages(overrides=)``, which checks what it says.

    Raises
    ------
    BoundaryFileError
        If the file is refused, damaged, locked or too large, or its sheet must be named.
    ColumnError
        If it has no column of codes or of types, or two headings are one column.
    CodeError
        If a code has lost digits.

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
    headings = names.crosswalk("override_heading")
    known = {names.fold(said): column for said, column in headings.items()}
    known |= {names.fold(column): column for column in headings.values()}
    needs = (["village_code", "type"],)
    found = read_table(path, known, needs, key="village_code", sheet=sheet, columns=columns)
    _refuse_twice(found.told["file"], found.found)
    frame = found.frame.rename(columns=found.found)
    codes = names.clean_text(frame["village_code"]).astype("string").str.removesuffix(".0")
    lost = codes.str.fullmatch(LOST_DIGITS).fillna(False).astype(bool)
    if lost.any():
        village_codes(frame.loc[lost, "village_code"], found.told["file"])
    frame = frame.map(lambda cell: str(cell).strip() or None)
    frame["village_code"] = [
        code[:VILLAGE_DIGITS] if code and re.fullmatch(SURVEY_CODE, code) else code
        for code in codes.astype(object).where(codes.notna(), None)
    ]
    out = frame.reset_index(drop=True)
    out.attrs["reading"] = {**found.told, "rows": len(out), "renamed": dict(found.found)}
    return out
