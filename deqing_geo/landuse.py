"""Whose land-use codes a layer holds: 三调's, or those of the 用地用海 guide of 2023.

Two dozen codes of four digits mean different things in the two: 1207 is bare rock or a street.
The field's name, pairs of code and name, and codes that only one system has decide together;
where they disagree or say nothing, the layer is refused. What a code counts as is for the readers.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SYSTEMS: Mapping[str, str] = MappingProxyType({"sandiao": "三调", "guide": "用地用海"})
# A frame's own way of saying which field it is, by columns={"landuse_code": …}.
CODE, NAME = "landuse_code", "landuse_name"
# 0810, 05H1, 070101, 1107A, and three classes that are not divided: 09 特殊用地 of 三调,
# 16 留白用地 and 24 其他海域 of the guide.
CODES = r"\d{2}[0-9A-Z]{2}\d{0,2}[A-Z]?|09|16|24"
FIRST_LEVEL = rf"\d{{2}}|{CODES}"
# GB/T 21010-2017 writes these classes with four digits in a field DLBM, too, and other meanings.
THIRD_SYSTEM = ("05", "08", "09")
CLASS_DIGITS = 4
SHOWN = 3


@dataclass(frozen=True, slots=True, eq=False)
class LandUse:
    """The land-use codes of a layer and whose they are.

    Attributes
    ----------
    field : str
        The field they stand in, as the frame has it.
    system : str
        ``sandiao`` or ``guide``; ``either`` where the codes asked for are the same in both.
    why : str
        What decided, for the reading notes.
    codes : Series of object
        The codes as text, suffixes kept; None where the cell is blank.
    """

    field: str
    system: str
    why: str
    codes: pd.Series[Any]


@functools.cache
def table() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """The codes of both systems and what they are called.

    Returns
    -------
    Mapping of str to mapping of str to frozenset of str
        By system, then by code: its names, of which the guide has several where its trial
        version of 2020 said otherwise. The evidence of each stands in ``landuse.csv``.

    Examples
    --------
    >>> [sorted(table()[system]["0702"]) for system in SYSTEMS]
    [['农村宅基地'], ['城镇社区服务设施用地']]
    """
    text = resources.files("deqing_geo").joinpath("landuse.csv").read_text(encoding="utf-8")
    found: dict[str, dict[str, set[str]]] = {system: {} for system in SYSTEMS}
    for row in csv.DictReader(text.splitlines()):
        found[row["system"]].setdefault(row["code"], set()).add(row["name"])
    return MappingProxyType(
        {
            system: MappingProxyType({code: frozenset(said) for code, said in codes.items()})
            for system, codes in found.items()
        }
    )


def colliding() -> tuple[str, ...]:
    """The codes of four digits that mean different things in the two systems.

    Returns
    -------
    tuple of str
        In order.

    Examples
    --------
    >>> "1207" in colliding(), "0701" in colliding()
    (True, False)
    """
    sandiao, guide = (table()[system] for system in SYSTEMS)
    return tuple(code for code in sorted(sandiao) if code in guide and sandiao[code] != guide[code])


def decide(
    frame: pd.DataFrame,
    name: str,
    landuse: str | None = None,
    *,
    renamed: Mapping[str, str] | None = None,
    first_level: bool = False,
    alike: Collection[str] = (),
) -> LandUse | None:
    """The field of land-use codes in a layer, and whose codes they are.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        As read, with the file's own field names; left as it is.
    name : str
        What to call the layer in messages.
    landuse : {"sandiao", "guide"}, optional
        The planner's word, which stands before the field's name.
    renamed : mapping, optional
        From the file's field names to ours, where reading has changed them.
    first_level : bool
        Whether codes of two digits, a whole class, may stand.
    alike : collection of str
        Beginnings of the codes the caller asks for, where they mean the same in both systems:
        nothing then hangs on an undecided one.

    Returns
    -------
    LandUse or None
        None where no field holds land-use codes.

    Raises
    ------
    ColumnError
        If a cell holds no code, nothing decides, or what decides disagrees; the rows are named.

    Examples
    --------
    >>> import pandas as pd
    >>> layer = pd.DataFrame({"JQDLBM": ["0702", "1003"], "JQDLMC": ["农村宅基地", "公路用地"]})
    >>> found = decide(layer, "homes")
    >>> found.system, found.why
    ('sandiao', 'code and name agree in 三调 alone: 0702 农村宅基地, 1003 公路用地')
    """
    if landuse is not None and landuse not in SYSTEMS:
        raise ColumnError(f"landuse={landuse!r} is not one of {', '.join(SYSTEMS)}.")
    fields = _code_fields(frame, renamed or {})
    if not fields:
        return None
    # Of several fields, the one whose name is the planner's system; else the first of the table.
    field, says = next(((one, own) for one, own in fields if own == landuse), fields[0])
    codes = _upper(names.clean_text(frame[field]))
    _refuse_damaged(codes, name, field, FIRST_LEVEL if first_level else CODES)
    labels = _labels(frame, field, renamed or {})
    votes, witnesses = _votes(codes, labels)
    said, because = (landuse, f"landuse={landuse!r}") if landuse else (says, f"the field {field}")
    system, why = _judge(frame.index, votes, witnesses, name, field, said, because)
    if system == "" and alike:
        return LandUse(field, "either", f"{'、'.join(alike)} is the same in both systems", codes)
    if system == "":
        raise ColumnError(
            f"`{name}`: {field} holds land-use codes of either system, and {len(colliding())} of "
            "them mean two things. Neither its name, nor names beside the codes, nor a code of one "
            "system alone says whose they are. Pass landuse='sandiao' (三调) or landuse='guide' "
            "(用地用海)."
        )
    others = [one for one, _ in fields if one != field]
    return LandUse(field, system, f"{why}{f'; not read: {chr(44).join(others)}' * bool(others)}",
                   codes)  # fmt: skip


def _code_fields(frame: pd.DataFrame, renamed: Mapping[str, str]) -> list[tuple[str, str]]:
    """Fields that hold land-use codes, in the order of the table, and what their names say."""
    known = {names.fold(field): says for field, says in names.crosswalk("landuse_field").items()}
    order = list(known)
    if CODE in frame:
        # The planner named the field; what the file called it is evidence still.
        before = next((old for old, new in renamed.items() if new == CODE), CODE)
        return [(CODE, known.get(names.fold(before), ""))]
    found = [str(field) for field in frame.columns if names.fold(str(field)) in known]
    found.sort(key=lambda field: order.index(names.fold(field)))
    return [(field, known[names.fold(field)]) for field in found]


def _upper(texts: pd.Series[Any]) -> pd.Series[Any]:
    held = np.empty(len(texts), dtype=object)
    held[:] = [None if text is None else text.upper() for text in texts]
    return pd.Series(held, index=texts.index, name=texts.name, dtype=object)


def _labels(frame: pd.DataFrame, field: str, renamed: Mapping[str, str]) -> pd.Series[Any] | None:
    """The names that stand beside the codes of a field."""
    if NAME in frame:
        return names.clean_text(frame[NAME])
    before = next((old for old, new in renamed.items() if new == field), field)
    pairs = {names.fold(code): said for code, said in names.crosswalk("landuse_name").items()}
    wanted = pairs.get(names.fold(before))
    there = {names.fold(str(one)): str(one) for one in frame.columns}
    # DLMC is a road's name to those who read roads; here it has kept its own.
    beside = there.get(names.fold(wanted)) if wanted else None
    return None if beside is None else names.clean_text(frame[beside])


def _refuse_damaged(codes: pd.Series[Any], name: str, field: str, pattern: str) -> None:
    text = codes.astype("string")
    odd = (text.notna() & ~text.str.fullmatch(pattern).fillna(False)).to_numpy(dtype=bool)
    if not odd.any():
        return
    seen = _first(codes[odd])
    # 二调 writes 011, 072, 102; a table that dropped a leading 0 writes 701 for 0701.
    second = bool(text[odd].str.fullmatch(r"0\d{2}[A-Z]?").any())
    cure = (
        "Three digits with a 0 before them are the second survey's (二调). Ask for the third "
        "survey's DLTB, whose DLBM has four."
        if second
        else "Codes of the second survey have three, and a table may have dropped the leading 0. "
        "Give four-digit codes as text."
    )
    raise ColumnError(
        f"`{name}`: {field} holds {seen}, which are no codes of four digits. {cure}",
        codes.index[odd],
    )


def _votes(
    codes: pd.Series[Any], labels: pd.Series[Any] | None
) -> tuple[NDArray[Any], dict[str, list[str]]]:
    """For each row the system its code (and name) belongs to alone, or an empty text."""
    said = [None] * len(codes) if labels is None else labels.tolist()
    pairs = pd.Series(list(zip(codes.tolist(), said, strict=True)), dtype=object)
    places, different = pd.factorize(pairs)
    verdicts = np.array([_verdict(code, label) for code, label in different], dtype=object)
    witnesses: dict[str, list[str]] = {}
    for (code, label), system in zip(different, verdicts, strict=True):
        if system:
            witnesses.setdefault(system, []).append(code if label is None else f"{code} {label}")
    votes: NDArray[Any] = verdicts[places] if len(different) else np.zeros(0, dtype=object)
    return votes, witnesses


def _verdict(code: str | None, label: str | None) -> str:
    """Whose a code is, where only one system has it, or has it under this name."""
    if code is None:
        return ""
    if len(code) > CLASS_DIGITS:
        # Letters after four digits are 三调's, two more digits the guide's.
        return "sandiao" if code[-1].isalpha() else "guide"
    if code[:2] in THIRD_SYSTEM and code.isdigit():
        # 0508, 0809 and 0810 are 三调's own among them; the rest may be a third system's.
        return "sandiao" if code in table()["sandiao"] and len(code) == CLASS_DIGITS else ""
    having = [system for system in SYSTEMS if code in table()[system]]
    if label is not None:
        tidy = "".join(label.split())
        called = [system for system in having if tidy in table()[system][code]]
        if len(called) == 1:
            return called[0]
    return having[0] if len(having) == 1 else ""


def _judge(
    index: pd.Index[Any],
    votes: NDArray[Any],
    witnesses: Mapping[str, Sequence[str]],
    name: str,
    field: str,
    said: str,
    because: str,
) -> tuple[str, str]:
    against = {system: votes == system for system in witnesses}
    if said and set(witnesses) - {said}:
        (other,) = set(witnesses) - {said}
        raise ColumnError(
            f"`{name}`: {because} says the codes are {SYSTEMS[said]}'s, and some are "
            f"{SYSTEMS[other]}'s alone: {_few(witnesses[other])}. Mend these rows, or give each "
            "system a layer of its own.",
            index[against[other]],
        )
    if len(witnesses) == len(SYSTEMS):
        fewer = min(SYSTEMS, key=lambda system: int(against[system].sum()))
        more = next(system for system in SYSTEMS if system != fewer)
        raise ColumnError(
            f"`{name}`: {field} mixes {SYSTEMS[more]}'s codes ({_few(witnesses[more])}) with "
            f"{SYSTEMS[fewer]}'s ({_few(witnesses[fewer])}). Mend these rows, or give each system "
            "a layer of its own.",
            index[against[fewer]],
        )
    if said:
        rows = int(against[said].sum()) if said in against else 0
        return said, f"{because}; {rows} rows bear it out, none speaks against it"
    for system, found in witnesses.items():
        if any(" " in one for one in found):
            pairs = [one for one in found if " " in one]
            return system, f"code and name agree in {SYSTEMS[system]} alone: {_few(pairs)}"
        return system, f"codes that only {SYSTEMS[system]} has: {_few(found)}"
    return "", ""


def _few(found: Sequence[str]) -> str:
    return f"{', '.join(found[:SHOWN])}{', …' if len(found) > SHOWN else ''}"


def _first(series: pd.Series[Any]) -> str:
    found = series.dropna().astype(str).value_counts()
    return ", ".join(f"{value} ({count})" for value, count in found.head(5).items())
