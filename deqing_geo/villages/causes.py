"""Why a village is of another type: found by judging again, not by guessing.

What differs between two runs is taken apart into factors. A cause is a factor of a smallest
set of them that leads by itself from the earlier type to the later one. All factors together
always do, so no change is left without a cause.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.errors import InputError
from deqing_geo.villages.again import judged, read_columns, same_cells
from deqing_geo.villages.cells import DECLARED
from deqing_geo.villages.kinds import CONSENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.villages.types import VillageTypes

    Bools = NDArray[np.bool_]
    Words = NDArray[Any]

# In this order they are told.
FACTORS = ("facts", "outline", "rules", "decision", "relative")
# Options that say what people decided, and by which day.
DECIDED = ("overrides", "as_of")
# Options that no type hangs on.
IDLE = ("draws", "seed")
MEASURED = ("measured", "proxy")


@dataclass(frozen=True, slots=True, eq=False)
class Causes:
    """Of villages that are in both runs: what differs, and what of it counts.

    Attributes
    ----------
    by_factor : DataFrame of bool
        Villages down, `FACTORS` across.
    differs : dict of str to ndarray of bool
        For each fact the types may hang on, where it is another; columns that only one run has
        differ everywhere.
    measured : frozenset of str
        Facts that are taken from an outline.
    moved : ndarray of bool
        Whose outline moved.
    """

    by_factor: pd.DataFrame
    differs: dict[str, Bools]
    measured: frozenset[str]
    moved: Bools


def causes_of(
    later: VillageTypes, earlier: VillageTypes, labels: pd.Index[Any], moved: Bools
) -> Causes:
    """The causes of every change between two runs.

    Parameters
    ----------
    later, earlier : VillageTypes
        Two runs.
    labels : Index
        Villages of both.
    moved : ndarray of bool
        Which of them have another outline.

    Returns
    -------
    Causes
        All False where the type is the same.

    Raises
    ------
    InputError
        If a run cannot be repeated from its own table; the villages are named.
    """
    worlds = _Worlds(later, earlier, labels, moved)
    old, new = worlds.ends()
    changed = old != new
    found = {factor: np.zeros(len(labels), dtype=bool) for factor in FACTORS}
    if changed.any():
        _smallest(worlds, new, changed, found)
        _others(worlds, found)
    table = pd.DataFrame(found, index=labels)
    return Causes(table, worlds.differs, frozenset(worlds.measured), moved)


def _smallest(worlds: _Worlds, new: Words, changed: Bools, found: dict[str, Bools]) -> None:
    """Mark the factors of every smallest set that leads to the later type."""
    factors = worlds.factors
    leads: dict[frozenset[str], Bools] = {}
    for size in range(1, len(factors) + 1):
        for several in itertools.combinations(factors, size):
            chosen = frozenset(several)
            # Who is led there by fewer needs no more.
            done = np.zeros(len(new), dtype=bool)
            for fewer, held in leads.items():
                if fewer < chosen:
                    done |= held
            open_still = changed & ~done
            whole = size == len(factors)
            if "decision" in chosen and not whole:
                # Decisions are on one village each: the others are where they are without.
                open_still &= worlds.decided
            if not open_still.any():
                continue
            here = open_still & (True if whole else worlds.shown(chosen) == new)
            leads[chosen] = here
            for factor in chosen:
                found[factor] |= here


def _others(worlds: _Worlds, found: dict[str, Bools]) -> None:
    """A village whose own facts are as they were changed because others did.

    What fills a gap comes from other villages, and so does the cut where it cannot be frozen.
    """
    for factor, own in (("facts", worlds.own), ("outline", worlds.own_measured)):
        not_own = found[factor] & ~own
        found[factor] &= own
        found["relative"] |= not_own


# ---------------------------------------------------------------- worlds between two runs


class _Worlds:
    """The two runs, and all that lie between them."""

    def __init__(
        self, later: VillageTypes, earlier: VillageTypes, labels: pd.Index[Any], moved: Bools
    ) -> None:
        self.later, self.earlier = later, earlier
        self.labels, self.moved = labels, moved
        read = read_columns(later.scheme) | read_columns(earlier.scheme)
        self.read = sorted((read - set(CONSENT)) & _columns(later, earlier))
        self.measured = [one for one in self.read if _measured(one, later, earlier)]
        self.differs = {column: self._differs(column) for column in self.read}
        self.own = _any(self.differs.values(), len(labels))
        here = [self.differs[column] for column in self.measured]
        self.own_measured = moved & _any(here, len(labels))
        self.decided = self._decided()
        self.factors = self._factors()
        self._fits: dict[tuple[bool, bool], Any] = {}

    def _differs(self, column: str) -> Bools:
        tables = self.later.table, self.earlier.table
        if not all(column in table for table in tables):
            return np.ones(len(self.labels), dtype=bool)
        new, old = (table.loc[self.labels, column] for table in tables)
        return ~same_cells(new, old)

    def _decided(self) -> Bools:
        """Villages on which people may have decided otherwise, or the day may tell otherwise."""
        out = np.zeros(len(self.labels), dtype=bool)
        for column in CONSENT:
            if self._has(column):
                out |= self._differs(column)
        if _same_options(self.later, self.earlier, DECIDED):
            return out
        for types in (self.later, self.earlier):
            log = types.asked["overrides"]
            if log is not None:
                codes = pd.Index(log.get("village_code", log.index))
                out |= self.labels.isin(codes)
            for column in CONSENT:
                if column in types.table:
                    out |= types.table.loc[self.labels, column].notna().to_numpy(dtype=bool)
        return out

    def _factors(self) -> tuple[str, ...]:
        """What differs at all: nothing else has to be tried."""
        strangers = len(self.labels) < max(len(self.later.table), len(self.earlier.table))
        data = bool(self.own.any() or strangers)
        rules = [one for one in self.later.asked if one not in (*DECIDED, *IDLE)]
        active = {
            "facts": data,
            "outline": bool(self.own_measured.any()),
            "rules": not _same_options(self.later, self.earlier, rules),
            "decision": bool(self.decided.any()),
            "relative": data,
        }
        return tuple(factor for factor in FACTORS if active[factor])

    def _has(self, column: str) -> bool:
        return column in self.later.table or column in self.earlier.table

    def ends(self) -> tuple[Words, Words]:
        """What the two runs show, checked by repeating them."""
        out = []
        for types in (self.earlier, self.later):
            again = judged(types.table, types.asked, closely=False).shown
            odd = (again != types.shown).to_numpy(dtype=bool)
            if odd.any():
                raise InputError(
                    "classify_villages(types.table, **types.asked) does not give these types "
                    "again, so no cause can be told. Compare whole runs as they were made, and "
                    "choose villages from the answer.",
                    types.table.index[odd],
                )
            out.append(types.shown[self.labels].to_numpy(dtype=object))
        return out[0], out[1]

    def shown(self, new: frozenset[str]) -> Words:
        """What villages would be with these factors as now and all others as before."""
        rules = self.later if "rules" in new else self.earlier
        decided = self.later if "decision" in new else self.earlier
        facts = self.later if "facts" in new else self.earlier
        others = self.later if "relative" in new else self.earlier
        swapped = ("outline" in new) != ("facts" in new) and "outline" in self.factors
        asked = {**rules.asked, **{one: decided.asked[one] for one in DECIDED}}
        table = self._table(facts, decided, swapped)
        frozen = dict(asked)
        if (others is not facts or swapped) and asked["fit"] is None:
            frozen |= {"fit": self._fit(rules, others), "weights": None}
        try:
            types = judged(table, frozen, closely=False)
        except InputError:
            # The one run has an indicator or a level that the other lacks: there is no common
            # measure, and the villages are compared among themselves.
            types = judged(table, asked, closely=False)
        return np.asarray(types.shown[self.labels].to_numpy(dtype=object))

    def _fit(self, rules: VillageTypes, others: VillageTypes) -> Any:
        """The bounds and the cut that some villages give under some rules."""
        if rules is others:
            return rules.fit
        key = rules is self.later, others is self.later
        if key not in self._fits:
            self._fits[key] = judged(others.table, rules.asked, closely=False).fit
        return self._fits[key]

    def _table(self, facts: VillageTypes, decided: VillageTypes, swapped: bool) -> gpd.GeoDataFrame:
        table = facts.table
        taken: list[tuple[list[str], pd.Index[Any], VillageTypes]] = []
        if swapped:
            other = self.earlier if facts is self.later else self.later
            both = [column for column in self.measured if column in other.table and column in table]
            taken.append((both, self.labels[self.moved], other))
        if decided is not facts:
            consent = [column for column in CONSENT if column in decided.table or column in table]
            taken.append((consent, self.labels, decided))
        if not taken:
            return table
        table = table.copy()
        for columns, rows, source in taken:
            for column in columns:
                blank = pd.Series(None, index=table.index, dtype=object)
                held = table[column].astype(object) if column in table else blank
                given = source.table.get(column)
                held[rows] = None if given is None else given[rows].astype(object).to_numpy()
                table[column] = held
        return table


def _columns(*runs: VillageTypes) -> set[str]:
    return {str(column) for types in runs for column in types.table.columns}


def _measured(column: str, *runs: VillageTypes) -> bool:
    """Whether a fact is taken from an outline; where nobody says, all that nobody declares."""
    told = [types.table.attrs.get("facts", {}).get(column) for types in runs]
    known = [how for how in told if how is not None]
    return any(how in MEASURED for how in known) if known else column not in DECLARED


def _any(several: Iterable[Bools], count: int) -> Bools:
    out = np.zeros(count, dtype=bool)
    for one in several:
        out |= one
    return out


def _same_options(later: VillageTypes, earlier: VillageTypes, names: Iterable[str]) -> bool:
    return all(alike(later.asked.get(name), earlier.asked.get(name)) for name in names)


def alike(one: Any, other: Any) -> bool:
    """Whether two options are surely the same; where in doubt they are tried as two.

    Parameters
    ----------
    one, other : object
        Of ``asked``.

    Returns
    -------
    bool

    Examples
    --------
    >>> from deqing_geo import standards
    >>> alike(standards.load(), standards.load()), alike(("SI-1",), ("SI-2",))
    (True, False)
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame | pd.Series):
        return bool(one.equals(other))
    entries = getattr(one, "entries", None)
    if entries is not None:
        return dict(entries) == dict(other.entries)
    digest = getattr(one, "digest", None)
    if digest:
        fields = [field.name for field in dataclasses.fields(one)]
        return all(alike(getattr(one, name), getattr(other, name)) for name in fields)
    try:
        return bool(one == other)
    except (TypeError, ValueError):
        return False
