"""Names and codes of Deqing's towns, villages and communities, as published.

Facts of the National Bureau of Statistics with their year, what is known of codes that
changed, and the matching of names as offices write them. No shapes, no types and no
figures: those of a real village come from the bureau's own files alone.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable
from importlib import resources
from typing import TYPE_CHECKING, Any

from deqing_geo.columns import clean_text, word
from deqing_geo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["YEARS", "find_units", "history", "register", "successors", "urban_rural"]

YEARS = {
    2016: "国家统计局,统计用区划代码和城乡划分代码(截至2016-07-31)",
    2023: "国家统计局,统计用区划代码和城乡划分代码(2023年)",
}
# Longest first. 村 and 社区 stay: without them five pairs of one town become equal.
COMMITTEES = {
    "村民委员会": "village_committee",
    "居民委员会": "residents_committee",
    "村委会": "village_committee",
    "居委会": "residents_committee",
}
# What an office adds where the register has dropped it: 对河口村委会 is 对河口村.
UNIT_WORDS = {"village_committee": "村", "residents_committee": "社区"}
# Of a county's, a town's and a village's code; each begins with its parent's.
COUNTY_DIGITS, TOWN_DIGITS, VILLAGE_DIGITS = 6, 9, 12


def register(year: int = 2016) -> pd.DataFrame:
    """Deqing's towns, villages and communities with their statistical codes.

    Parameters
    ----------
    year : {2016, 2023}
        2016 has 12 towns and the 180 units inside them; 2023 has 13 towns and no units,
        since their list was not found.

    Returns
    -------
    DataFrame
        Index ``division_code``: 9 digits for a town, 12 for a unit, text, in ascending order.
        Columns: ``division_name`` as published; ``division_level`` (``town`` or ``village``);
        ``unit_kind`` (``village_committee`` or ``residents_committee``, by the published name;
        None for towns); ``urban_rural_code`` (城乡分类代码), None for towns; ``town_code``
        and ``town_name``. ``attrs["source"]`` and ``attrs["year"]`` say whose and when.

    Raises
    ------
    InputError
        If there is no register of that year.

    Notes
    -----
    Source: National Bureau of Statistics (国家统计局), 统计用区划代码和城乡划分代码. The meaning of
    ``urban_rural_code`` is told by `urban_rural`, from memory (待查证). Two residents'
    committees are coded rural (220) and fourteen village committees 镇中心区 (121): the
    code does not follow the kind.

    Examples
    --------
    >>> units = register(2016)
    >>> units["division_level"].value_counts().to_dict()
    {'village': 180, 'town': 12}
    >>> units.loc["330521004208", ["division_name", "urban_rural_code"]].to_list()
    ['二都村委会', '121']
    >>> len(register(2023))
    13
    """
    import pandas as pd

    if year not in YEARS:
        raise InputError(
            f"There is no register of {year}. There are {' and '.join(map(str, YEARS))}: "
            "pass one of these as year=."
        )
    year = int(year)
    rows = [row for row in _table("register.csv") if row["year"] == str(year)]
    towns = {row["code"]: row["name"] for row in rows if len(row["code"]) == TOWN_DIGITS}
    out = pd.DataFrame(
        {
            "division_name": [row["name"] for row in rows],
            "division_level": ["town" if row["code"] in towns else "village" for row in rows],
            "unit_kind": [_split(row["name"])[1] for row in rows],
            "urban_rural_code": [row["urban_rural_code"] or None for row in rows],
            "town_code": [row["code"][:TOWN_DIGITS] for row in rows],
            "town_name": [towns[row["code"][:TOWN_DIGITS]] for row in rows],
        },
        index=pd.Index([row["code"] for row in rows], name="division_code", dtype=object),
        dtype=object,
    ).sort_index()
    out.attrs.update(source=YEARS[year], year=year)
    return out


def history() -> pd.DataFrame:
    """What is known of Deqing's codes that changed.

    Returns
    -------
    DataFrame
        One row per old and new code: ``from_code``, ``from_name``, ``to_code``, ``to_name``,
        ``on`` (year or month), ``document``, ``evidence`` (as in `standards`) and ``note``;
        None where nothing was found. It is not complete: villages merged since 2016
        are not in it.

    Examples
    --------
    >>> history().loc[0, ["from_name", "to_name", "on"]].to_list()
    ['武康镇', '武康街道', '2016-01']
    """
    import pandas as pd

    rows = [{name: text or None for name, text in row.items()} for row in _table("history.csv")]
    return pd.DataFrame(rows, dtype=object)


def successors(code: str) -> tuple[str, ...]:
    """The codes that followed one that was given up.

    Parameters
    ----------
    code : str
        9 or 12 digits.

    Returns
    -------
    tuple of str
        Empty where the history knows of none.

    Examples
    --------
    >>> successors("330521100")
    ('330521001', '330521002', '330521003', '330521004')
    """
    rows = _table("history.csv")
    return tuple(row["to_code"] for row in rows if row["from_code"] == code and row["to_code"])


def find_units(
    names: Iterable[object], *, towns: Iterable[object] | None = None, year: int = 2016
) -> pd.DataFrame:
    """Villages and communities of the register behind names as offices write them.

    Of a name only 村民委员会, 居民委员会, 村委会 and 居委会 are taken off; 村 and 社区 tell one
    unit from another and stay. A published name that has dropped the word of its kind is also
    found with it: 对河口村 is 对河口村委会, 士林社区 is 士林居委会 and 士林村 is 士林村委会.

    Parameters
    ----------
    names : Series or iterable of str, N rows
        The names; of a Series the index is kept.
    towns : Series or iterable of str, N rows, optional
        The town (镇、街道) of each, by name or 9-digit code; blank where unknown. Without it a
        name that stands in two towns is not decided.
    year : int
        Of the register; 2016 is the only one with units.

    Returns
    -------
    DataFrame, N rows
        ``asked_name`` as given; ``division_code``, ``division_name`` and ``town_name`` where one
        unit alone fits, else None; ``match_state`` is ``one``, ``several`` or ``none``;
        ``candidate_codes`` are all codes that fit, joined by 、. Nothing is chosen among several.

    Raises
    ------
    InputError
        If the register of that year is absent or has no units, `names` is a single string,
        `towns` has another length or another index than `names`, or names a town the
        register does not have.

    Examples
    --------
    >>> find_units(["二都村", "城西村", "士林"])[["division_code", "match_state"]]
      division_code match_state
    0  330521004208         one
    1          None     several
    2          None     several
    >>> find_units(["城西村民委员会"], towns=["新市镇"]).loc[0, "division_code"]
    '330521102208'
    """
    import pandas as pd

    units = register(year)
    units = units[units["division_level"] == "village"]
    if not len(units):
        raise InputError(f"The register of {year} has towns only. Pass year=2016.")
    for given, called in ((names, "names"), (towns, "towns")):
        if isinstance(given, str):
            raise InputError(f"`{called}` is one string. Put it into a list: [{given!r}].")
    labels = [given.index for given in (names, towns) if isinstance(given, pd.Series)]
    if len(labels) == 2 and not labels[0].equals(labels[1]):
        # Rows would be joined by their place although their labels say otherwise.
        raise InputError("`towns` has another index than `names`. Take both from one table.")
    asked = names if isinstance(names, pd.Series) else pd.Series(list(names), dtype=object)
    text = clean_text(asked)
    places = _towns(text, towns, units)
    forms: dict[str, list[str]] = {}
    for code, name in units["division_name"].items():
        for form in name_forms(str(name)):
            forms.setdefault(form, []).append(str(code))
    kinds, homes = units["unit_kind"].to_dict(), units["town_code"].to_dict()
    fits = []
    for name, place in zip(text, places, strict=True):
        stem, kind = _split(name or "")
        found = [
            code
            for code in forms.get(stem, [])
            if kind in (None, kinds[code]) and place in (None, homes[code])
        ]
        fits.append(found)
    codes = [found[0] if len(found) == 1 else None for found in fits]
    shown = {
        column: [None if code is None else units.at[code, column] for code in codes]
        for column in ("division_name", "town_name")
    }
    return pd.DataFrame(
        {
            "asked_name": text.to_numpy(),
            "division_code": codes,
            **shown,
            "match_state": [
                "none" if not found else "one" if len(found) == 1 else "several" for found in fits
            ],
            "candidate_codes": ["、".join(found) or None for found in fits],
        },
        index=asked.index,
        dtype=object,
    )


def urban_rural(code: str) -> str:
    """What an urban-rural code (城乡分类代码) means.

    Parameters
    ----------
    code : str
        Three digits.

    Returns
    -------
    str
        In Chinese; from memory of the bureau's classification (待查证).

    Raises
    ------
    ColumnError
        If there is no such code.

    Examples
    --------
    >>> urban_rural("121")
    '镇中心区'
    """
    return word(f"urban_rural.{code}")


@functools.cache
def _table(file: str) -> tuple[dict[str, str], ...]:
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _split(name: str) -> tuple[str, str | None]:
    """A name without its committee, and which kind of committee it was."""
    for ending, kind in COMMITTEES.items():
        if name.endswith(ending) and name != ending:
            return name.removesuffix(ending), kind
    return name, None


def name_forms(name: str) -> set[str]:
    """The names a unit goes by: without its committee, and with the word of its kind.

    Parameters
    ----------
    name : str
        As published or as people say it.

    Returns
    -------
    set of str
        Two names mean one unit where these have a member in common.

    Examples
    --------
    >>> sorted(name_forms("三桥村委会")), name_forms("三桥村")
    (['三桥', '三桥村'], {'三桥村'})
    """
    stem, kind = _split(name)
    return {stem} if kind is None else {stem, f"{stem}{UNIT_WORDS[kind]}"}


def _towns(
    names: pd.Series[Any], towns: Iterable[object] | None, units: pd.DataFrame
) -> list[str | None]:
    """The town code asked for with each name, None where none was."""
    import pandas as pd

    if towns is None:
        return [None] * len(names)
    given = clean_text(pd.Series(list(towns), dtype=object))
    if len(given) != len(names):
        raise InputError(f"`towns` has {len(given)} rows and `names` {len(names)}: one for each.")
    codes = dict(zip(units["town_name"], units["town_code"], strict=True))
    known = {**codes, **{code: code for code in codes.values()}}
    odd = given.notna() & ~given.isin(list(known))
    if odd.any():
        raise InputError(
            f"`towns` holds {'、'.join(dict.fromkeys(given[odd]))}, which the register of "
            f"{units.attrs['year']} does not have. It has {'、'.join(codes)}.",
            names.index[odd],
        )
    return [None if town is None else known[town] for town in given]
