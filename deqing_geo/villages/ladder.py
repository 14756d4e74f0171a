"""The ladder of conditions, decided for all villages at once in three-valued logic.

What is not known is neither yes nor no: a condition on it is unknown, unless another
condition beside it settles the matter. Numbers come from the law, the order and the
sentences from ``ladder.toml``.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.standards.model import UNITS
from deqing_geo.text import figure, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Rule, Standard

    Truth = NDArray[np.int8]

# Kleene's logic: `all` is the least, `any` the greatest, `not` what is left to YES.
NO, UNKNOWN, YES = 0, 1, 2
_BOUNDS = ("at_least", "at_most", "above", "below")
_FILLED = re.compile(r"\{([\w.]+)\}")
# How many decimals a reader needs of each unit.
_CUTS = ("potential_cut",)
_DECIMALS = {"m": 0, "min": 1, "deg": 1, "household": 0, "intensity": 0, "village": 0}


@dataclass(frozen=True, slots=True)
class Rung:
    """One condition and what it makes of a village.

    Attributes
    ----------
    id : str
        Its number, such as ``SI-1``; several rungs may share one.
    type : str
        One of the five types, or ``urban``.
    how : str
        By what it decides: a word of the vocabulary ``decided_how``.
    says : str
        The sentence of the reason.
    when : mapping
        The condition; empty where it always holds.
    candidate : bool
        Whether the villagers' meeting has to agree first.
    """

    id: str
    type: str
    how: str
    says: str
    when: Mapping[str, Any]
    candidate: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns without which the rung is off."""
        return tuple(dict.fromkeys(_columns(self.when, needed=True)))

    @property
    def rules(self) -> tuple[str, ...]:
        """Keys of the numbers it compares with."""
        return tuple(
            dict.fromkeys(
                str(leaf[bound])
                for leaf in _leaves(self.when)
                for bound in _BOUNDS
                if bound in leaf
            )
        )


@functools.cache
def content() -> Mapping[str, Any]:
    """What stands in ``ladder.toml``."""
    text = resources.files("deqing_geo.villages").joinpath("ladder.toml").read_text("utf-8")
    return tomllib.loads(text)


@functools.cache
def rungs() -> tuple[Rung, ...]:
    """The ladder, from the first rung to the last.

    Examples
    --------
    >>> " ".join(dict.fromkeys(rung.id for rung in rungs()))
    'E0 RM-5 CP-1 RM-3 RM-4 RM-2 RM-1 RM-6 AC-1 SI-1 SI-2 AC-2 AC-3 IM-C IM-0'
    """
    return tuple(Rung(**{"when": {}, **raw}) for raw in content()["rung"])


# Their numbers, each once, from the top.
RUNGS = tuple(dict.fromkeys(rung.id for rung in rungs()))


def truth(when: Mapping[str, Any], facts: pd.DataFrame, law: Standard) -> Truth:
    """Whether a condition holds: `NO`, `UNKNOWN` or `YES` for every row.

    Parameters
    ----------
    when : mapping
        A condition of ``ladder.toml``.
    facts : DataFrame
        One row per village.
    law : Standard
        Where the numbers stand.

    Returns
    -------
    ndarray of int8, shape (N,)
        Empty conditions hold.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> metres, minutes = [900.0, 1200.0, np.nan], [15.0, np.nan, 9.0]
    >>> facts = pd.DataFrame({"dist_udb_m": metres, "tt_county_min": minutes})
    >>> (suburb,) = [rung for rung in rungs() if rung.id == "SI-2"]
    >>> truth(suburb.when, facts, standards.load()).tolist()
    [2, 0, 1]
    """
    if not when:
        return np.full(len(facts), YES, dtype=np.int8)
    if "all" in when:
        parts = np.array([truth(part, facts, law) for part in when["all"]])
        return np.asarray(parts.min(axis=0), dtype=np.int8)
    if "any" in when:
        parts = np.array([truth(part, facts, law) for part in when["any"]])
        return np.asarray(parts.max(axis=0), dtype=np.int8)
    if "not" in when:
        inner = truth(when["not"], facts, law)
        return np.asarray(YES - inner, dtype=np.int8)
    return _leaf(when, facts, law)


def _leaf(leaf: Mapping[str, Any], facts: pd.DataFrame, law: Standard) -> Truth:
    column = leaf["column"]
    if column not in facts:
        return np.full(len(facts), NO, dtype=np.int8)
    values = facts[column]
    known = values.notna().to_numpy(dtype=bool)
    if "known" in leaf:
        return np.where(known == leaf["known"], YES, NO).astype(np.int8)
    if "is" in leaf:
        wanted = leaf["is"]
        # Missing of some kinds is no more equal than unequal, and must not be asked.
        held = np.array(
            [bool(there) and one == wanted for one, there in zip(values, known, strict=True)],
            dtype=bool,
        )
    else:
        number = values.to_numpy(dtype=float, na_value=np.nan)
        held = _compared(leaf, number, facts, law)
        if "at_least_column" in leaf:
            known = known & facts[leaf["at_least_column"]].notna().to_numpy(dtype=bool)
    return np.where(known, np.where(held, YES, NO), UNKNOWN).astype(np.int8)


def _compared(
    leaf: Mapping[str, Any], number: NDArray[np.float64], facts: pd.DataFrame, law: Standard
) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        if "at_least_column" in leaf:
            other = facts[leaf["at_least_column"]].to_numpy(dtype=float, na_value=np.nan)
            return np.asarray(number >= other)
        (bound,) = (name for name in _BOUNDS if name in leaf)
        limit = law.rule(leaf[bound]).value
        return {
            "at_least": number >= limit,
            "at_most": number <= limit,
            "above": number > limit,
            "below": number < limit,
        }[bound]


def not_known(rung: Rung, facts: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """For each column a rung reads, the rows where it is not known.

    Parameters
    ----------
    rung : Rung
        Of the ladder.
    facts : DataFrame
        One row per village.

    Returns
    -------
    dict of str to ndarray of bool
        Columns that only have to be filled in or not are left out.
    """
    return {
        column: facts[column].isna().to_numpy(dtype=bool)
        for column in dict.fromkeys(_columns(rung.when, needed=False))
        if column in facts
    }


def sentences(rung: Rung, facts: pd.DataFrame, law: Standard) -> list[str]:
    """The reason of every row, with its values and the numbers they were compared with.

    Parameters
    ----------
    rung : Rung
        What decided.
    facts : DataFrame
        The rows it decided.
    law : Standard
        Where the numbers stand.

    Returns
    -------
    list of str
        Chinese, one sentence a row.
    """
    limits = [law.rule(key).value for key in rung.rules]
    parts = _FILLED.split(rung.says)
    out = []
    for row in facts.to_dict("records"):
        against = limits + ([row["potential_cut"]] if "potential_cut" in row else [])
        filled = [
            part
            if at % 2 == 0
            else shown_rule(law.rule(part))
            if "." in part
            else shown_value(part, row[part], against)
            for at, part in enumerate(parts)
        ]
        out.append("".join(filled))
    return out


def shown_value(column: str, value: Any, against: list[float] | tuple[float, ...] = ()) -> str:
    """A fact as a reader sees it, never rounded across a number it was compared with.

    Parameters
    ----------
    column : str
        Which fact.
    value : object
        As frames hold it.
    against : sequence of float
        Numbers it is compared with.

    Returns
    -------
    str
        With its unit; ``-`` where it is not known.

    Examples
    --------
    >>> shown_value("udb_res_share", 0.499999, [0.5]), shown_value("tt_county_min", 14.96, [15])
    ('49.9999%', '14.96分钟')
    """
    if value is None or value != value or value is pd.NA:
        return "-"
    if column in _CUTS:
        return figure(float(value), 4)
    known = names.registry().get(column)
    if isinstance(value, bool | np.bool_):
        return "是" if value else "否"
    if isinstance(value, str):
        return (
            names.vocabulary(column).get(value, value) if column in names.vocabularies() else value
        )
    unit = "" if known is None else known.unit
    if unit == "ratio":
        return percent(float(value), against=against)
    whole = known is not None and known.dtype == "int"
    shown = figure(float(value), 0 if whole else _DECIMALS.get(unit, 2), against=against)
    return f"{shown}{'' if known is None else known.unit_zh}"


def shown_rule(rule: Rule) -> str:
    """A number of the law without its document: ``50%``, ``15分钟``.

    Parameters
    ----------
    rule : Rule
        The number.

    Returns
    -------
    str
        With its unit.
    """
    if rule.unit == "ratio":
        return f"{round(rule.value * 100, 12):.15g}%"
    return f"{rule.value:g}{UNITS[rule.unit]}"


def _leaves(when: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "column" in when:
        yield when
    for part in (
        *when.get("all", ()),
        *when.get("any", ()),
        *([when["not"]] if "not" in when else []),
    ):
        yield from _leaves(part)


def _columns(when: Mapping[str, Any], *, needed: bool) -> Iterator[str]:
    for leaf in _leaves(when):
        if needed and leaf.get("optional"):
            continue
        if needed or "known" not in leaf:
            yield leaf["column"]
            if "at_least_column" in leaf:
                yield leaf["at_least_column"]
