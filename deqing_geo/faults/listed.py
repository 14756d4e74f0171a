"""Units against a published register (名录): who is unknown, missing, or called otherwise.

A unit is found by its code, by the code that followed its own, or by town and name together;
never by name alone, since names repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deqing_geo.divisions import TOWN_DIGITS, name_forms, successors
from deqing_geo.errors import InputError
from deqing_geo.faults.found import Found, single
from deqing_geo.faults.identity import Identity, one_name

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Shapes = NDArray[Any]

NEEDED = ("division_name", "division_level", "town_code", "town_name")


def require_register(register: pd.DataFrame, level: str) -> pd.DataFrame:
    """The rows of a register that list units of one level.

    Parameters
    ----------
    register : DataFrame
        As of `divisions.register`.
    level : str
        ``village`` or ``town``.

    Returns
    -------
    DataFrame
        These rows.

    Raises
    ------
    InputError
        If it lacks a column, repeats codes, or has no unit of that level.
    """
    lacking = [column for column in NEEDED if column not in register]
    if lacking:
        raise InputError(
            f"`register` has no {', '.join(lacking)}. Give a frame as dg.register(2016) makes it."
        )
    listed = register[register["division_level"] == level]
    if not len(listed):
        raise InputError(
            f"`register` lists no {level}, and the layer holds {level}s. "
            "Give the register of another year, or leave it out."
        )
    twice = listed.index[listed.index.duplicated()]
    if len(twice):
        raise InputError("`register` repeats codes.", twice.unique())
    return listed


def listed_faults(who: Identity, spots: Shapes, register: pd.DataFrame) -> list[Found]:
    """Units that the register does not have or calls otherwise, and those it has alone.

    Parameters
    ----------
    who : Identity
        Of the rows.
    spots : array of shapely points
        A place in each row, None where it has none.
    register : DataFrame
        By `require_register`.

    Returns
    -------
    list of Found
        ``name_mismatch``, ``not_in_register`` and ``missing``.
    """
    year = str(register.attrs.get("year", "")) or "-"
    title, by_name = _titles(register)
    match, how = _matches(who, set(title), by_name)
    called = [
        at
        for at, code in enumerate(match)
        if code is not None and not _same_name(who, at, title[code])
    ]
    other = [at for at, way in enumerate(how) if way == "name" and who.sound_codes[at] is not None]
    unknown = [at for at, code in enumerate(match) if code is None and _said(who, at)]
    known = {code for code in match if code is not None}
    said = [title[match[at] or ""] for at in called]
    return [
        single("name_mismatch", called, spots, register_name=said),
        single("not_in_register", unknown, spots, year=[year] * len(unknown)),
        single(
            "not_in_register",
            other,
            spots,
            "other_code",
            year=[year] * len(other),
            register_code=[str(match[at]) for at in other],
        ),
        *_missing(register, known, title, year),
    ]


def _said(who: Identity, at: int) -> bool:
    """Whether a row has anything the register could be asked for."""
    name = who.names is not None and who.names[at] is not None
    return name or who.sound_codes[at] is not None


def _same_name(who: Identity, at: int, title: str) -> bool:
    if who.names is None or who.names[at] is None:
        return True
    name = who.names[at]
    return one_name(name) == one_name(title) or bool(name_forms(name) & name_forms(title))


def _matches(
    who: Identity, codes: set[str], by_name: dict[tuple[str, str], list[str]]
) -> tuple[list[str | None], list[str]]:
    """The register's code of each row, and by what it was found."""
    match: list[str | None] = []
    how: list[str] = []
    own, prefixes = who.sound_codes, who.prefixes
    for at in range(len(who.labels)):
        if own[at] in codes:
            match.append(own[at])
            how.append("code")
            continue
        prefix = prefixes[at]
        places = {*_town_of(who, at), prefix, *(successors(prefix) if prefix else ())} - {None}
        found = _by_name(who, at, places, by_name)
        one = next(iter(found)) if len(found) == 1 else None
        match.append(one)
        how.append("" if one is None else "name")
    return match, how


def _town_of(who: Identity, at: int) -> set[str | None]:
    """The town a row itself says it is in, by name and code."""
    return {
        None if who.towns is None else who.towns[at],
        None if who.town_codes is None else who.town_codes[at],
    } - {None}


def _by_name(
    who: Identity, at: int, places: set[str | None], by_name: dict[tuple[str, str], list[str]]
) -> set[str]:
    """The register's codes of a row's name in these places."""
    name = None if who.names is None else who.names[at]
    if name is None:
        return set()
    if who.level != "village":
        # A town is in itself.
        places = {name}
    forms = {*name_forms(name), one_name(name)}
    return {
        code for place in places for form in forms for code in by_name.get((str(place), form), [])
    }


def listed_codes(who: Identity, register: pd.DataFrame) -> list[str | None]:
    """The code under which the register has each row's name, whatever code the row has.

    Parameters
    ----------
    who : Identity
        Of the rows.
    register : DataFrame
        By `require_register`.

    Returns
    -------
    list of str or None
        By the row's own town and its name; by the town of its code only where the row does not
        say its town. None where the register has none or several.
    """
    _, by_name = _titles(register)
    out: list[str | None] = []
    for at, prefix in enumerate(who.prefixes):
        places = _town_of(who, at) or {prefix, *(successors(prefix) if prefix else ())} - {None}
        found = _by_name(who, at, places, by_name)
        out.append(next(iter(found)) if len(found) == 1 else None)
    return out


def _titles(register: pd.DataFrame) -> tuple[dict[str, str], dict[tuple[str, str], list[str]]]:
    """Names by code, and codes by town (name or code) and every form of the name."""
    codes = [str(code) for code in register.index]
    title = dict(zip(codes, register["division_name"].astype(str), strict=True))
    home = dict(zip(codes, register["town_code"].astype(str), strict=True))
    town = dict(zip(codes, register["town_name"].astype(str), strict=True))
    by_name: dict[tuple[str, str], list[str]] = {}
    for code in codes:
        for form in name_forms(title[code]):
            for where in {home[code], town[code]}:
                by_name.setdefault((where, form), []).append(code)
    return title, by_name


def _missing(
    register: pd.DataFrame, known: set[str], title: dict[str, str], year: str
) -> list[Found]:
    """Listed units no row is; a town of which there is none is told once."""
    units: list[tuple[str, str, str | None]] = []
    towns: list[tuple[str, str, str | None]] = []
    counts: list[str] = []
    for code, members in register.groupby("town_code", sort=True):
        away = [str(one) for one in members.index if str(one) not in known]
        town = str(members["town_name"].iloc[0])
        if len(away) == len(members) and len(members) > 1:
            towns.append((str(code)[:TOWN_DIGITS], town, town))
            counts.append(str(len(members)))
        else:
            units += [(one, title[one], town) for one in away]
    return [
        _nowhere("missing", units, "", year=[year] * len(units)),
        _nowhere("missing", towns, "town", year=[year] * len(towns), count=counts),
    ]


def _nowhere(
    kind: str, outsiders: list[tuple[str, str, str | None]], way: str, **facts: list[str]
) -> Found:
    count = len(outsiders)
    return Found(
        kind,
        [()] * count,
        np.full(count, None, dtype=object),
        np.full(count, np.nan),
        way,
        facts=facts,
        outsiders=outsiders,
    )
