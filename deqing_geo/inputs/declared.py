"""What is declared of villages and decided about them: tables people fill in.

Reads and translates; what a cell may hold is judged where the facts are put together.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.divisions import VILLAGE_DIGITS
from deqing_geo.errors import CodeError, ColumnError, DeqingGeoWarning, InputError
from deqing_geo.tables import Table, read_table

PERCENT = 100.0
# Ways in which a figure came about that its heading says, before the label.
TOLD_BEFORE = ("measured", "proxy")
PERCENTS = ("ratio", "%")
# Rows whose village an error names.
MOST_NAMED = 5
VILLAGE_CODE = r"[1-8]\d{11}"
# 19 = 12 + 7 in the land survey, usually zeros (ZLDWDM).
SURVEY_CODE = r"[1-8]\d{11}0{7}"
LOST_DIGITS = r"[+-]?[\d.]+[eE][+-]?\d+"
# Columns of the village table that are looked for under the words offices use, the first first:
# 名称 beside a code is the village's.
VILLAGE_TABLE = (
    "village_code", "village_name", "town_name", "unit_kind", "urban_rural_code", "takes_part",
    "pop_resident", "hh_resident", "pop_hukou", "pop_chg5_pct", "pop_5_years_ago", "aging60_share",
    "hollow_rate", "homesteads_idle", "homesteads_all", "collective_op_income", "fac_count",
    "heritage_list", "heritage_traditional", "heritage_national", "heritage_provincial",
    "heritage_key_village", "heritage_minority", "heritage_scenic", "hazard_class", "hazard_major",
    "threatened_people", "seismic_intensity", "fault_dist_m", "farmland_pc", "is_town_seat",
    "is_central_village", "in_relocation_plan", "relocation_document", "major_project",
    "retention_value", "villager_consent", "consent_on", "current_type",
    "current_type_document", "current_type_year", "sewage_served", "homesteads_revived",
    "parent_code", "official_type",
)  # fmt: skip
# From the unit a heading names to the column's own: numbers are multiplied by this.
CONVERTED = {
    ("10000 yuan", "元"): 1e-4,
    ("10000 yuan", "千元"): 0.1,
    ("10000 yuan", "亿元"): 1e4,
    ("person", "千人"): 1e3,
    ("person", "万人"): 1e4,
    ("mu", "公顷"): 15.0,
    ("mu", "ha"): 15.0,
    ("mu", "平方米"): 0.0015,
    ("mu", "m2"): 0.0015,
    ("ha", "亩"): 1 / 15,
    ("ha", "平方米"): 1e-4,
    ("ha", "平方公里"): 100.0,
    ("m", "公里"): 1e3,
    ("m", "千米"): 1e3,
    ("m", "km"): 1e3,
    ("min", "小时"): 60.0,
    ("min", "h"): 60.0,
    ("ratio", "‰"): 1e-3,
    ("%", "‰"): 0.1,
    ("person/km2", "人/公顷"): 100.0,
}
# From so many villages on, a share that is nowhere above one per cent is doubted. Our own choice:
# in one or two it may well be true.
DOUBTFUL_ROWS = 5
# Other ways to write a column's own unit.
UNIT_WORDS = {
    "10000 yuan": ("万元", "万"),
    "m": ("米", "m"),
    "min": ("分钟", "min"),
    "ratio": ("%",),
    "homestead": ("宗(套)", "宗", "套"),
    "parcel": ("宗", "个"),
    "deg": ("度", "°"),
    "person/km2": ("人/平方公里", "人/平方千米"),
}
# Past this many decimals a converted count is a rounding.
COUNT_DECIMALS = 6


def read_one_table(
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """One file of what is declared, as `read_village_table` describes it.

    Parameters
    ----------
    path : path
        A table.
    sheet : str, optional
        The sheet of a workbook where several hold such a table.
    columns : mapping, optional
        From our columns to headings, where a heading is another.

    Returns
    -------
    DataFrame
        Index ``village_code``; registered columns only.

    Raises
    ------
    BoundaryFileError
        If the file is refused.
    ColumnError
        If it has no column of codes, or cells that cannot be read.
    CodeError
        If a code is damaged, missing or repeated.
    """
    strange = [one for one in columns or {} if one not in names.registry()]
    if strange:
        raise ColumnError(f"columns= names {strange[0]}, which is no registered column.")
    key = "village_code"
    found = read_table(path, _table_headings(), ([key],), key=key, sheet=sheet, columns=columns)
    file = found.told["file"]
    _refuse_twice(file, found.found)
    fields = {column: field for field, column in found.found.items()}
    who = _places(found, fields)
    codes, code_faults = _codes(found.frame[fields.pop(key)], file, who)
    faults: list[InputError] = [*code_faults, *_refuse_rows_twice(codes, file, who)]
    held = {}
    for column, field in fields.items():
        try:
            if names.registry()[column].dtype in ("float", "int"):
                _refuse_shared(file, column, field, found)
            held[column] = _cells(found.frame[field], column, found.units.get(field, ""))
        except ColumnError as fault:
            faults.append(fault)
    _refuse_all(file, faults)
    table = pd.DataFrame(held, index=found.frame.index)
    table.index = pd.Index(codes.to_numpy(dtype=object), name=key)
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
    told = {
        name: how
        for how in TOLD_BEFORE
        for name, field in fields.items()
        if names.fold(field).startswith(names.fold(names.word(f"facts.{how}_before")))
    }
    if told:
        table.attrs["told"] = told
    notices = [*found.titles, *found.frame.get("说明", [])]
    if any(names.word("notice.schematic") in str(one) for one in notices):
        table.attrs["notice"] = names.word("notice.schematic")
    return table


def _table_headings() -> dict[str, str]:
    """Every heading that is known for a column of the village table, folded."""
    known: dict[str, str] = {}
    befores = [names.word(f"facts.{how}_before") for how in TOLD_BEFORE]
    for name, column in names.registry().items():
        for text in (name, column.zh, names.label(name, unit=True)):
            known.setdefault(names.fold(text), name)
            for before in befores:
                known.setdefault(names.fold(f"{before}{text}"), name)
    for name in VILLAGE_TABLE:
        for alias in names.registry()[name].aliases:
            known.setdefault(names.fold(alias), name)
    return known


def _refuse_all(file: str, faults: list[InputError]) -> None:
    """All that is wrong with a table in one error, with the rows of the sheet."""
    if len(faults) == 1:
        raise faults[0]
    if not faults:
        return
    said = "\n  ".join(str(fault).removeprefix(f"{file}: ") for fault in faults)
    rows = dict.fromkeys(row for fault in faults for row in fault.rows)
    if any(isinstance(fault, CodeError) for fault in faults):
        error: InputError = CodeError(
            f"{file}: {len(faults)} things are wrong; mend them all, then read it again "
            f"(共{len(faults)}类问题,请一并改正).\n  {said}"
        )
        error.rows = tuple(rows)
        raise error
    raise ColumnError(
        f"{file}: {len(faults)} columns cannot be read (多栏有误; 是否整体错列?).\n  {said}\n ",
        rows,
    )


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
    codes, faults = _codes(values, file)
    if faults:
        raise faults[0]
    return codes


def _codes(
    values: pd.Series[Any], file: str, who: Mapping[Any, str] | None = None
) -> tuple[pd.Series[Any], list[CodeError]]:
    """Codes as far as they can be read, and all that is wrong with the others.

    `who` says whose row each is, so that a code can be looked up and typed again.
    """
    codes = names.clean_text(values).astype("string").str.removeprefix("'").str.removesuffix(".0")
    lost = codes.str.fullmatch(LOST_DIGITS).fillna(False).astype(bool)
    long = codes.str.fullmatch(SURVEY_CODE).fillna(False).astype(bool)
    short = codes.where(~long, codes.str.slice(0, VILLAGE_DIGITS))
    bad = ~lost & ~short.str.fullmatch(VILLAGE_CODE).fillna(False).astype(bool)
    faults = []
    if lost.any():
        faults.append(
            CodeError(
                f"{file}: codes that lost their last digits, such as {codes[lost].iloc[0]!r}: a "
                "spreadsheet keeps fifteen digits of a number. Save the column as text in the "
                "table it comes from (先将该列设为文本格式,再重新录入代码)"
                f"{_whose(values.index[lost], who)}.",
                values.index[lost],
            )
        )
    if bad.any():
        seen = codes[bad].iloc[0]
        faults.append(
            CodeError(
                f"{file}: codes that are not twelve digits, such as "
                f"{'an empty cell' if pd.isna(seen) else repr(seen)}. Save the column as text in "
                f"the table it comes from (代码应为 12 位文本){_whose(values.index[bad], who)}.",
                values.index[bad],
            )
        )
    return short.where(~lost & ~bad).astype(object), faults


def _whose(rows: Any, who: Mapping[Any, str] | None) -> str:
    if not who:
        return ""
    named = [f"{row} {who[row]}" for row in rows[:MOST_NAMED] if who.get(row)]
    return f": {'、'.join(named)}{' ...' * (len(rows) > MOST_NAMED)}" if named else ""


def _places(found: Table, fields: Mapping[str, str]) -> dict[Any, str]:
    """Town and name of each row of a sheet, as they stand there."""
    parts = [found.frame[fields[one]] for one in ("town_name", "village_name") if one in fields]
    return {
        row: "".join(str(part.at[row] or "") for part in parts).strip()
        for row in found.frame.index.tolist()
    }


def _refuse_rows_twice(codes: pd.Series[Any], file: str, who: Mapping[Any, str]) -> list[CodeError]:
    again = codes.notna() & codes.duplicated(keep=False)
    twice = codes[again].unique()
    if not len(twice):
        return []
    rows = codes.index[again]
    return [
        CodeError(
            f"{file}: several rows for one village (rows {', '.join(map(str, rows[:6]))} of the "
            f"sheet{_whose(rows, who)}).",
            twice,
        )
    ]


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
            f"`{column}` ({known.zh}) is a number, and {text[odd].iloc[0]!r} is none.",
            text.index[odd],
        )
    number = number.where(~share, number / PERCENT)
    whole = number > 1
    bare_ratio = known.unit == "ratio" and not unit and not share.any()
    if bare_ratio and whole.sum() > number.notna().sum() / 2:
        # One cell may be a slip, which is judged with the facts; most of them are per cent.
        raise ColumnError(
            f"`{column}` ({values.name}) is a ratio from 0 to 1, and {text[whole].iloc[0]} is "
            f"not. Divide percentages by 100, or head the column {values.name}(%) "
            "(填百分数的,表头须写明%).",
            text.index[whole],
        )
    if unit == "%" and known.unit == "ratio" and not signed.any():
        _doubt(bare, str(values.name))
    factor = _factor(known, unit, str(values.name))
    if factor != 1:
        number = number * factor
        number = number.round(COUNT_DECIMALS) if known.dtype == "int" else number
    return number


def _doubt(texts: pd.Series[Any], field: str) -> None:
    """Shares as ratios under a heading that says per cent would be a hundred times too small."""
    numbers = pd.to_numeric(texts, errors="coerce").dropna()
    if len(numbers) >= DOUBTFUL_ROWS and 0 < numbers.max() <= 1:
        warnings.warn(
            f"{field}: not one of {len(numbers)} villages has more than 1 per cent. If these are "
            "ratios, write the heading without %, or show the cells as percentages (请核对单位).",
            DeqingGeoWarning,
            stacklevel=4,
        )


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
