"""Conditions in three-valued logic, decided for all villages at once.

What is not known is neither yes nor no: a condition on it is unknown, unless another
condition beside it settles the matter. A condition is a mapping as a scheme's file holds it;
nothing here knows which types there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Standard
    from deqing_geo.villages.scheme import Rung

    Truth = NDArray[np.int8]
    Array = NDArray[Any]
    Limits = Mapping[str, Any]

# Kleene's logic: `all` is the least, `any` the greatest, `not` what is left to YES.
NO, UNKNOWN, YES = 0, 1, 2
BOUNDS = ("at_least", "at_most", "above", "below")
# What a single condition may ask of its column.
ASKED = ("is", *BOUNDS, "at_least_column", "known")
JOINED = ("all", "any", "not")


def leaves(when: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The single conditions of a nested one, in order.

    Parameters
    ----------
    when : mapping
        Conditions joined by ``all``, ``any`` and ``not``.

    Yields
    ------
    mapping
        With ``column`` and what is asked of it.
    """
    if "column" in when:
        yield when
    inner = [when["not"]] if "not" in when else []
    for part in (*when.get("all", ()), *when.get("any", ()), *inner):
        yield from leaves(part)


def columns_of(when: Mapping[str, Any], *, needed: bool) -> Iterator[str]:
    """The columns a condition reads.

    Parameters
    ----------
    when : mapping
        A condition.
    needed : bool
        True: those without which it is off. False: those whose value matters, and not only
        whether there is one.

    Yields
    ------
    str
        Some may come twice.
    """
    for leaf in leaves(when):
        if needed and leaf.get("optional"):
            continue
        if needed or "known" not in leaf:
            yield leaf["column"]
            if "at_least_column" in leaf:
                yield leaf["at_least_column"]


class Given:
    """Facts as arrays, each made once, for conditions asked many times over.

    Parameters
    ----------
    facts : DataFrame
        One row per village.
    deep : bool
        Columns as (N, 1), so that limits and replaced columns may be (1, D) and (N, D).
    """

    def __init__(self, facts: pd.DataFrame, *, deep: bool = False) -> None:
        self.facts = facts
        self.deep = deep
        self._numbers: dict[str, Array] = {}
        self._known: dict[str, Array] = {}
        self._equal: dict[tuple[str, object], Array] = {}

    def __contains__(self, column: str) -> bool:
        return column in self._numbers or column in self.facts

    def __len__(self) -> int:
        return len(self.facts)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of every column: (N,), or (N, 1) where the facts are deep."""
        return (len(self), 1) if self.deep else (len(self),)

    def having(self, **replaced: Array) -> Given:
        """The same facts with other numbers in some columns.

        Parameters
        ----------
        **replaced : ndarray of float, shape (N,), or (N, D) where the facts are deep
            NaN is not known.

        Returns
        -------
        Given
            What was made already is shared.
        """
        other = Given(self.facts, deep=self.deep)
        other._numbers = {**self._numbers, **replaced}
        other._known = {
            **self._known,
            **{column: ~np.isnan(values) for column, values in replaced.items()},
        }
        other._equal = self._equal
        return other

    def number(self, column: str) -> Array:
        """A column as numbers; NaN where it is not known.

        Parameters
        ----------
        column : str
            One that is there.

        Returns
        -------
        ndarray of float
            Shape (N,), or (N, 1) where the facts are deep.
        """
        if column not in self._numbers:
            values = self.facts[column].to_numpy(dtype=float, na_value=np.nan)
            self._numbers[column] = self._shaped(values)
        return self._numbers[column]

    def known(self, column: str) -> Array:
        """Where a column is filled in.

        Parameters
        ----------
        column : str
            One that is there.

        Returns
        -------
        ndarray of bool
            As `number`.
        """
        if column not in self._known:
            self._known[column] = self._shaped(self.facts[column].notna().to_numpy(dtype=bool))
        return self._known[column]

    def equal(self, column: str, wanted: object) -> Array:
        """Where a column holds one value.

        Parameters
        ----------
        column : str
            One that is there.
        wanted : object
            The value.

        Returns
        -------
        ndarray of bool
            As `number`; False where it is not known.
        """
        if (column, wanted) not in self._equal:
            values = self.facts[column].to_numpy(dtype=object)
            held = self.facts[column].notna().to_numpy(dtype=bool).copy()
            # Missing of some kinds is no more equal than unequal, and must not be asked.
            held[held] = np.asarray(values[held] == wanted, dtype=bool)
            self._equal[column, wanted] = self._shaped(held)
        return self._equal[column, wanted]

    def _shaped(self, values: Array) -> Array:
        return values.reshape(self.shape)


def limits_of(rungs: Sequence[Rung], law: Standard) -> dict[str, float]:
    """The numbers that conditions compare with.

    Parameters
    ----------
    rungs : sequence of Rung
        Conditions.
    law : Standard
        Where the numbers stand.

    Returns
    -------
    dict of str to float
        By key.
    """
    keys = dict.fromkeys(key for rung in rungs for key in rung.rules)
    return {key: law.rule(key).value for key in keys}


def truth(when: Mapping[str, Any], facts: pd.DataFrame | Given, limits: Limits | Standard) -> Truth:
    """Whether a condition holds: `NO`, `UNKNOWN` or `YES` for every row.

    Parameters
    ----------
    when : mapping
        A condition of a scheme.
    facts : DataFrame or Given
        One row per village.
    limits : mapping of str to float, or Standard
        The numbers compared with; (1, D) arrays where the facts are deep.

    Returns
    -------
    ndarray of int8, shape (N,), or (N, 1) or (N, D) where the facts are deep
        Empty conditions hold. A column that is not there counts as no.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> from deqing_geo.villages.scheme import shipped
    >>> metres, minutes = [900.0, 1200.0, np.nan], [15.0, np.nan, 9.0]
    >>> facts = pd.DataFrame({"dist_udb_m": metres, "tt_county_min": minutes})
    >>> (suburb,) = [rung for rung in shipped().rungs if rung.id == "SI-2"]
    >>> truth(suburb.when, facts, standards.load()).tolist()
    [2, 0, 1]
    """
    given = facts if isinstance(facts, Given) else Given(facts)
    # A standard answers with rules, a plain mapping with numbers.
    rule = getattr(limits, "rule", None)

    def limit(key: str) -> Any:
        return limits[key] if rule is None else rule(key).value

    def held(part: Mapping[str, Any]) -> Truth:
        if not part:
            return np.full(given.shape, YES, dtype=np.int8)
        if "all" in part or "any" in part:
            joined = "all" if "all" in part else "any"
            join = np.minimum if joined == "all" else np.maximum
            found = held(part[joined][0])
            for other in part[joined][1:]:
                found = join(found, held(other))
            return found
        if "not" in part:
            return np.asarray(YES - held(part["not"]), dtype=np.int8)
        return _leaf(part, given, limit)

    return held(when)


def _leaf(leaf: Mapping[str, Any], given: Given, limit: Any) -> Truth:
    column = leaf["column"]
    if column not in given:
        return np.full(given.shape, NO, dtype=np.int8)
    known = given.known(column)
    if "known" in leaf:
        return np.where(known == leaf["known"], np.int8(YES), np.int8(NO))
    if "is" in leaf:
        held = given.equal(column, leaf["is"])
    else:
        number = given.number(column)
        with np.errstate(invalid="ignore"):
            if "at_least_column" in leaf:
                other = leaf["at_least_column"]
                held = number >= given.number(other)
                known = known & given.known(other)
            else:
                (bound,) = (name for name in BOUNDS if name in leaf)
                held = compare(number, bound, limit(leaf[bound]))
    return np.where(known, np.where(held, np.int8(YES), np.int8(NO)), np.int8(UNKNOWN))


def compare(number: Array, bound: str, limit: Any) -> Array:
    """Numbers against a limit, by the name of the comparison.

    Parameters
    ----------
    number : ndarray of float
        Not known is never held.
    bound : str
        One of `BOUNDS`.
    limit : float or ndarray
        In the column's unit.

    Returns
    -------
    ndarray of bool
        Where it holds.
    """
    if bound == "at_least":
        return np.asarray(number >= limit)
    if bound == "at_most":
        return np.asarray(number <= limit)
    if bound == "above":
        return np.asarray(number > limit)
    return np.asarray(number < limit)


def decided(rungs: Sequence[Rung], given: Given, limits: Limits) -> tuple[Truth, NDArray[np.bool_]]:
    """Which rung decides each village: the first that holds, or that cannot be told.

    Parameters
    ----------
    rungs : sequence of Rung
        Those in force; the last always holds.
    given : Given
        The facts.
    limits : mapping of str to float or ndarray
        The numbers compared with.

    Returns
    -------
    rung : ndarray of int8, shape (N,), or (N, D) where the facts are deep
        Its place in `rungs`.
    stopped : ndarray of bool of the same shape
        Where it could not be told, so that the village waits for data.
    """
    place = np.full(given.shape, -1, dtype=np.int8)
    stopped = np.zeros(given.shape, dtype=bool)
    for at, rung in enumerate(rungs):
        held = truth(rung.when, given, limits)
        here = (place < 0) & (held != NO)
        stopped = stopped | (here & (held == UNKNOWN))
        place = np.where(here, np.int8(at), place)
        if not (place < 0).any():
            break
    return place, np.broadcast_to(stopped, place.shape)


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
        for column in dict.fromkeys(columns_of(rung.when, needed=False))
        if column in facts
    }
