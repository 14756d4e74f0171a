"""Codes and names corrected by people (属性更正): what a table proposes, what it does to a copy.

Shapes can be mended by rule, codes and names cannot: two villages under one code are told apart by
whoever knows them. Here every such fault becomes a line to fill in, with what a register or the
codes of the town still say; what was filled in is checked against the layer before any of it is
applied. Nothing here reads a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.divisions import TOWN_DIGITS, VILLAGE_DIGITS
from deqing_geo.errors import ColumnError, InputError
from deqing_geo.faults.identity import LEVELS, VILLAGE, Identity, identity, plain_codes
from deqing_geo.faults.listed import listed_codes, require_register

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.faults.report import BoundaryReport

CODE, NAME = "village_code", "village_name"
# Which faults a line in the table can cure, and in which field.
CURED = {
    "duplicate_code": CODE,
    "bad_code": CODE,
    "old_code": CODE,
    "code_town": CODE,
    "not_in_register": CODE,
    "unnamed": NAME,
    "damaged_name": NAME,
    "name_mismatch": NAME,
}
# What these say against a row is beyond doubt; otherwise the register may be the one that is old.
DAMAGED = ("duplicate_code", "bad_code", "old_code", "code_town", "unnamed", "damaged_name")
COLUMNS = (
    "file_row", "town_name", "village_name", "corrected_field", "found_value", "says_zh",
    "correction_hint", "corrected_value", "correction_basis",
)  # fmt: skip
NEEDED = ("file_row", "corrected_field", "found_value", "corrected_value")
# More numbers left out of a town's codes than that help nobody.
MOST_GAPS = 3
JOINED_BY = ";"
SURVEY_ZEROS = "0000000"


def propose_corrections(
    villages: gpd.GeoDataFrame, report: BoundaryReport, *, register: pd.DataFrame | None = None
) -> pd.DataFrame:
    """A line for every code and name that is at fault, to be filled in (边界属性更正表).

    Parameters
    ----------
    villages : GeoDataFrame, N rows
        As of `read_received`, every label once.
    report : BoundaryReport
        Of `check_boundaries`, of these villages.
    register : DataFrame, optional
        The names and codes the report was made with.

    Returns
    -------
    DataFrame
        A row per row of the layer and field, in the layer's order: ``file_row`` (from 1),
        ``town_name``, ``village_name``, ``corrected_field`` (``village_code`` or
        ``village_name``, in Chinese), ``found_value``, ``says_zh`` (what is wrong),
        ``correction_hint`` (numbers the town's codes leave out, what the register says),
        ``corrected_value`` and ``correction_basis``. The last two are None except where the
        register leaves one answer: the code of that town and name, or the name of that code.

    Raises
    ------
    InputError
        If labels repeat, or `register` is none.

    Examples
    --------
    >>> from deqing_geo import check_boundaries, sample
    >>> villages = sample.villages().reset_index(drop=True)
    >>> villages["village_code"] = ["330521001901", "330521001901", "330521001903", "330521001904"]
    >>> table = propose_corrections(villages, check_boundaries(villages))
    >>> table[["file_row", "found_value", "correction_hint"]].to_numpy().tolist()[1]
    [2, '330521001901', '本镇(街道)代码中的空号:330521001902']
    """
    if not villages.index.is_unique:
        raise InputError(
            "`villages` repeats labels, so nobody could say which row a line means. Use "
            "reset_index(drop=True) and check again.",
            villages.index[villages.index.duplicated()].unique(),
        )
    who = identity(villages)
    at_label = {label: at for at, label in enumerate(villages.index)}
    lines: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for kind, said, rows in zip(
        report.table["fault_kind"], report.table["says_zh"], report.rows, strict=True
    ):
        for label in rows if kind in CURED else ():
            lines.setdefault((at_label[label], CURED[kind]), []).append((kind, said))
    listed: list[str | None] = [None] * len(villages)
    title: dict[str, str] = {}
    if register is not None:
        known = require_register(register, who.level)
        listed = listed_codes(who, known)
        title = dict(zip(known.index.astype(str), known["division_name"].astype(str), strict=True))
    codes, town_of = who.sound_codes, _towns(who)
    free = _gaps(codes) if who.level == VILLAGE else {}
    twice = pd.Series(codes, dtype=object).duplicated(keep=False).to_numpy()
    source = str(register.attrs.get("year", "")) if register is not None else ""
    basis = f"{names.word('correction.register')}({source})"
    out = []
    for (at, field), told in sorted(lines.items()):
        kinds = {kind for kind, _ in told}
        if kinds == {"name_mismatch"} and (at, CODE) in lines:
            # The register was asked by a code that is at fault itself.
            continue
        answer: str | None
        hints: list[str] = []
        if field == CODE:
            found = None if who.codes is None else who.codes[at]
            answer = listed[at]
            if answer is not None and answer == codes[at]:
                hints.append(names.word("correction.right"))
                answer = None
            elif kinds == {"not_in_register"} and answer is None:
                continue
            elif answer is None:
                hints += _town_hints(town_of[at], codes[at], free)
        else:
            found = None if who.names is None else who.names[at]
            answer = None if codes[at] is None or twice[at] else title.get(codes[at])
        if answer is not None and not kinds & set(DAMAGED):
            hints.append(f"{names.word('correction.listed')}{answer}")
            answer = None
        cells = (
            at + 1,
            None if who.towns is None else who.towns[at],
            None if who.names is None else who.names[at],
            names.label(field),
            found,
            JOINED_BY.join(dict.fromkeys(said.rstrip("。") for _, said in told)),
            JOINED_BY.join(hints) or None,
            answer,
            None if answer is None else basis,
        )
        out.append(dict(zip(COLUMNS, cells, strict=True)))
    table = pd.DataFrame(out, columns=list(COLUMNS), dtype=object)
    if report.notices:
        table.attrs["notice"] = JOINED_BY.join(report.notices)
    return table


def _towns(who: Identity) -> list[str | None]:
    """The code of the town each row says it is in, without asking its own code."""
    if who.town_codes is None:
        return [None] * len(who.labels)
    return [None if code is None else str(code) for code in who.town_codes]


def _gaps(codes: Iterable[str | None]) -> dict[str, list[str]]:
    """The numbers a town leaves out, by the ten digits that say town and kind of unit."""
    taken: dict[str, set[int]] = {}
    for code in codes:
        if code is not None:
            head = code[: TOWN_DIGITS + 1]
            taken.setdefault(head, set()).add(int(code[TOWN_DIGITS + 1 :]))
    return {
        head: [f"{head}{one:02d}" for one in range(1, max(there)) if one not in there]
        for head, there in taken.items()
    }


def _town_hints(town: str | None, code: str | None, free: dict[str, list[str]]) -> list[str]:
    hints = []
    if town is not None and (code is None or code[:TOWN_DIGITS] != town):
        hints.append(f"{names.word('correction.town')}:{town}")
    home = town or (None if code is None else code[:TOWN_DIGITS])
    if home is not None and code is not None and len(code) == VILLAGE_DIGITS:
        left = free.get(home + code[TOWN_DIGITS], [])
        if 0 < len(left) <= MOST_GAPS:
            hints.append(f"{names.word('correction.gaps')}:{'、'.join(left)}")
    return hints


# ---------------------------------------------------------------- what was filled in


def correct(
    villages: gpd.GeoDataFrame, corrections: pd.DataFrame, *, called: str = "corrections"
) -> tuple[gpd.GeoDataFrame, pd.Series[Any]]:
    """A layer with the codes and names that were filled in (更正后的副本).

    Parameters
    ----------
    villages : GeoDataFrame, N rows
        As of `read_received`: codes and names in columns of their own.
    corrections : DataFrame
        As of `propose_corrections`; the index is the line for messages. Lines whose
        ``corrected_value`` is blank change nothing.
    called : str
        The table's name for messages.

    Returns
    -------
    corrected : GeoDataFrame
        The same rows, columns and index; a code of twelve digits gets the survey's seven zeros
        where the others have them.
    told : Series of str, N rows
        What was changed in each row and on what grounds; empty where nothing was.

    Raises
    ------
    ColumnError
        If the table lacks a column, or the layer has none of codes or names.
    InputError
        If nothing is filled in, or a line does not fit: no such row or field, another value in
        the layer than the table found, a row twice, a code of too many or too few digits, or one
        that another row has. All are told at once, and nothing is changed.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> villages = sample.villages().reset_index(drop=True)
    >>> villages["village_code"] = ["330521001901", "330521001901", "330521001903", "330521001904"]
    >>> line = {"file_row": 2, "corrected_field": "行政区划代码", "found_value": "330521001901",
    ...         "corrected_value": "330521001902", "correction_basis": "民政局函"}
    >>> mended, told = correct(villages, pd.DataFrame([line]))
    >>> mended.loc[1, "village_code"], told[1]
    ('330521001902', '行政区划代码:330521001901→330521001902(民政局函)')
    """
    lacking = [names.label(one) for one in NEEDED if one not in corrections]
    if lacking:
        raise ColumnError(f"{called} has no column {'、'.join(lacking)}.")
    who = identity(villages)
    fields = {names.label(one): one for one in (CODE, NAME)} | {one: one for one in (CODE, NAME)}
    plan: dict[tuple[int, str], tuple[Any, str, str]] = {}
    wrong: list[str] = []
    for line, row in zip(corrections.index, corrections.to_dict("records"), strict=True):
        value = _text(row["corrected_value"])
        if not value:
            continue
        at = _place(row["file_row"], len(villages))
        field = fields.get(_text(row["corrected_field"]))
        where = f"{called} row {line} ({_text(row['file_row'])}, {_text(row['corrected_field'])})"
        if at is None:
            wrong.append(f"{where}: the layer has rows 1 to {len(villages)}.")
            continue
        if field is None:
            wrong.append(f"{where}: {names.label(CODE)} or {names.label(NAME)} can be corrected.")
            continue
        there = who.codes if field == CODE else who.names
        if there is None:
            wrong.append(f"{where}: the layer has no such field.")
            continue
        if _bare(there[at]) != _bare(_text(row["found_value"])):
            wrong.append(
                f"{where}: the table found {_text(row['found_value'])!r}, the layer has "
                f"{there[at] or ''!r} there. Was it made from another file? Check again."
            )
            continue
        if (at, field) in plan and plan[at, field][1] != value:
            wrong.append(f"{where}: that row is corrected twice, also in row {plan[at, field][0]}.")
            continue
        if field == CODE and who.national and (said := _odd_code(value, who.level)):
            wrong.append(f"{where}: {said}")
            continue
        plan[at, field] = (line, value, _text(row.get("correction_basis")))
    wrong += _doubled(who, plan, called)
    if wrong:
        shown = "\n  ".join(wrong)
        raise InputError(f"{called} was not applied, nothing was changed:\n  {shown}")
    if not plan:
        raise InputError(
            f"{called}: nothing is filled in under {names.label('corrected_value')}. Fill in what "
            "is to be changed, or leave the corrections out."
        )
    return _applied(villages, who, plan)


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return names.clean_text(pd.Series([value], dtype=object)).iloc[0] or ""


def _bare(value: str | None) -> str:
    """A code without the survey's zeros, a name as it stands."""
    text = value or ""
    return text[:VILLAGE_DIGITS] if re.fullmatch(r"\d{12}0{7}", text) else text


def _place(value: Any, count: int) -> int | None:
    said = re.fullmatch(r"第?(\d{1,9})行?", _text(value))
    at = int(said[1]) - 1 if said else -1
    return at if 0 <= at < count else None


def _odd_code(value: str, level: str) -> str:
    digits = next(count for count, one in LEVELS.items() if one == level)
    if plain_codes(np.array([value], dtype=object), digits)[0] is None:
        return f"{value!r} is no code of {digits} digits (代码应为{digits}位数字)."
    return ""


def _doubled(
    who: Identity, plan: dict[tuple[int, str], tuple[Any, str, str]], called: str
) -> list[str]:
    """Codes that would stand in several rows once all lines are applied."""
    if who.codes is None:
        return []
    after = [_bare(code) for code in who.codes]
    for (at, field), (_, value, _) in plan.items():
        if field == CODE:
            after[at] = _bare(value)
    rows: dict[str, list[int]] = {}
    for at, code in enumerate(after):
        rows.setdefault(code, []).append(at)
    out = []
    for (at, field), (line, value, _) in plan.items():
        others = [one + 1 for one in rows[_bare(value)] if one != at] if field == CODE else []
        if others:
            out.append(
                f"{called} row {line}: {value} would also be the code of row {others[0]} of the "
                "layer (代码重复)."
            )
    return out


def _applied(
    villages: gpd.GeoDataFrame,
    who: Identity,
    plan: dict[tuple[int, str], tuple[Any, str, str]],
) -> tuple[gpd.GeoDataFrame, pd.Series[Any]]:
    out = villages.copy()
    told: list[list[str]] = [[] for _ in range(len(villages))]
    columns = {field: _column(villages, field, who.level) for _, field in plan}
    held = {field: villages[column].astype(object) for field, column in columns.items()}
    long = who.codes is not None and np.mean(
        [bool(re.fullmatch(r"\d{12}0{7}", code or "")) for code in who.codes]
    )
    for (at, field), (_, value, basis) in sorted(plan.items()):
        before = (who.codes if field == CODE else who.names)[at] or ""  # type: ignore[index]
        cell = value
        if field == CODE and long and long > 0.5 and len(value) == VILLAGE_DIGITS:
            cell = value + SURVEY_ZEROS
        held[field].iloc[at] = cell
        grounds = f"({basis})" if basis else ""
        told[at].append(f"{names.label(field)}:{_bare(before)}→{_bare(value)}{grounds}")
    for field, column in columns.items():
        kind = villages[column].dtype.kind
        # A column of numbers stays one; twelve digits are exact in it.
        out[column] = held[field].astype(float).astype(villages[column].dtype) if (
            kind in "iuf"
        ) else held[field]  # fmt: skip
    out.attrs = dict(villages.attrs)
    said = str(out.attrs.get("notice") or "")
    working = names.word("notice.repaired")
    if working not in said:
        out.attrs["notice"] = f"{said};{working}" if said else working
    texts = ["、".join(one) for one in told]
    return out, pd.Series(texts, index=villages.index, name="corrections", dtype=object)


def _column(villages: gpd.GeoDataFrame, field: str, level: str) -> str:
    kind = field.split("_")[1]
    for name in (f"{level}_{kind}", field):
        if name in villages:
            return name
    raise ColumnError(
        f"`villages` has no column {field}; open the file with read_received, which keeps codes "
        "and names in columns."
    )
