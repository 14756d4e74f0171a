"""What lies between two coverages, park by park, with nothing left over.

From the earlier to the later figure in four steps: the parks change, then the homes, then the
outline, then the definition. Each is measured anew with everything else held, so the rows add up.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.coverage.basis import Basis, Demand, demand_of, divided
from deqing_geo.coverage.matching import matched
from deqing_geo.coverage.standing import Standing, standing
from deqing_geo.coverage.steps import NONE, NOTHING, taken
from deqing_geo.errors import CRSError, InputError, UnitError
from deqing_geo.opened import opening_days
from deqing_geo.provenance import mark
from deqing_geo.standards import Definition, Rule
from deqing_geo.text import card, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.coverage.result import Coverage

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]
    Words = NDArray[Any]

# Reasons for which a park does not serve yet, or no longer.
NOT_OPEN = ("status", "not_yet", "contradictory")


@dataclass(frozen=True, slots=True, eq=False)
class CoverageChanges:
    """Why a coverage is not what it was (逐园增减).

    Attributes
    ----------
    table : DataFrame
        One row for every park and cause: ``park`` (label in the later layer, of what was removed
        in the earlier), the name, ``park_change_cause``, ``radius_before``, ``radius_after``,
        ``delta_ha`` and ``coverage_effect``. Homes, outline and definition are rows without a
        park. What a park adds hangs on the others: parks lost come first, then parks changed,
        then parks gained, each in order of the day they opened and of their label. The rows
        add up to the whole difference.
    by_cause : DataFrame
        ``parks``, ``delta_ha`` and ``coverage_effect`` of each cause.
    by_area : DataFrame
        ``served_before``, ``served_after`` and ``delta_ha`` of each area.
    before, after : float
        The two overall coverages.
    comparable : bool
        Whether outline and definition are the same (可比).
    definition : Definition
        Of the later coverage.
    sources : tuple of Definition and Rule
        Of both.
    notices : tuple of str
        Sentences the figures must not travel without.
    origins : tuple of str
        The files behind both.
    """

    table: pd.DataFrame
    by_cause: pd.DataFrame
    by_area: pd.DataFrame
    before: float
    after: float
    comparable: bool
    definition: Definition
    sources: tuple[Definition | Rule, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def difference(self) -> float:
        """How much more is covered of all areas together, as a ratio."""
        return self.after - self.before

    @property
    def headline(self) -> str:
        """Before and after, as readers see them."""
        before, after = self._shown()
        return f"{before} → {after}"

    def _shown(self) -> tuple[str, str]:
        goals = standards.load().goals(self.definition.measure)
        return percent(self.before, against=goals), percent(self.after, against=goals)

    def __repr__(self) -> str:
        parks = int(self.table["park"].notna().sum())
        before, after = self._shown()
        return (
            f"<CoverageChanges of {parks} parks: {before} to {after}"
            f"{'' if self.comparable else ', not comparable'}>"
        )

    def _repr_html_(self) -> str:
        words = names.vocabulary("park_change_cause")
        delta = str(self.by_cause.columns[1])
        rows = [
            [words[str(cause)], str(int(row["parks"])), f"{row[delta]:+.2f}"]
            for cause, row in self.by_cause.iterrows()
        ]
        return card(
            names.word("coverage_changes.title"),
            self.headline,
            [(names.word("map.definition"), self.definition.line)],
            self.notices,
            ([names.label(one) for one in ("park_change_cause", "parks", delta)], rows),
        )


def coverage_changes(later: Coverage, earlier: Coverage) -> CoverageChanges:
    """Every park behind the difference of two coverages; see `Coverage.changes`.

    Parameters
    ----------
    later, earlier : Coverage
        The figure now and the one before.

    Returns
    -------
    CoverageChanges
        Without residue.

    Raises
    ------
    InputError
        If the earlier one is no coverage.
    CRSError
        If the two were measured in different systems.
    UnitError
        If the one is of land and the other of people or places.
    """
    old, new = _bases(later, earlier)
    labels = old.areas.index.union(new.areas.index, sort=False)
    moved, redefined = not _same_areas(old, new), old.definition != new.definition
    rehoused = not _same_demand(old, new)
    old_areas = _shapes(old.areas)
    stands = new.standing
    if moved or redefined:
        stands = standing(
            old_areas, new.facilities, _shapes(new.facilities), old.definition, new.as_of
        )
    rows, delta = _parks(old, new, stands, len(old.areas))
    # Served and needed of each area after every step, on the labels of both layers.
    width = len(labels)
    at_old, at_new = (labels.get_indexer(one.areas.index) for one in (old, new))
    before = _column(earlier, "served", at_old, width), _column(earlier, "demand", at_old, width)
    last = _column(later, "served", at_new, width), _column(later, "demand", at_new, width)
    states = [(before[0] + _spread(delta.sum(axis=0), at_old, width), before[1], "parks")]
    if rehoused and (moved or redefined):
        demand = _demand(new, old_areas, old.definition)
        states.append((*_totals(stands, demand, old, at_old, width), "homes"))
    if moved and redefined:
        areas = _shapes(new.areas)
        there = standing(areas, new.facilities, _shapes(new.facilities), old.definition, new.as_of)
        demand = _demand(new, areas, old.definition)
        states.append((*_totals(there, demand, new, at_new, width), "outline"))
    if redefined or moved or rehoused:
        cause = "definition" if redefined else "outline" if moved else "homes"
        states.append((*last, cause))
    table = _table(rows, delta.sum(axis=1), states, float(last[0].sum()), later.unit)
    by_area = pd.DataFrame(
        {
            "served_before": before[0],
            "served_after": last[0],
            f"delta_{later.unit}": last[0] - before[0],
        },
        index=labels,
    )
    by_cause = _by_cause(table, later.unit)
    head = names.word("coverage_changes.before")
    said = list(later.notices)
    said += [f"{head}:{one}" for one in earlier.notices if one not in later.notices]
    said += [
        names.word(f"coverage_changes.{word}")
        for word, holds in (("outline", moved), ("definition", redefined))
        if holds
    ]
    for frame in (table, by_area, by_cause):
        mark(frame, later.definition, tuple(said))
    return CoverageChanges(
        table=table,
        by_cause=by_cause,
        by_area=by_area,
        before=earlier.overall,
        after=later.overall,
        comparable=not (moved or redefined),
        definition=later.definition,
        sources=(*later.sources, *(one for one in earlier.sources if one not in later.sources)),
        notices=tuple(said),
        origins=tuple(dict.fromkeys((*earlier.origins, *later.origins))),
    )


# ---------------------------------------------------------------- the parks, one by one


def _parks(old: Basis, new: Basis, stands: Standing, areas: int) -> tuple[pd.DataFrame, Floats]:
    """Parks that serve otherwise than before, and what each step does to each area."""
    group_old, group_new = matched(old, new)
    count = int(max(group_old.max(initial=-1), group_new.max(initial=-1))) + 1
    # The serving part of every group before and after; NONE where nothing of it serves.
    then, now = np.full(count, NONE), np.full(count, NONE)
    then[group_old[old.standing.of]] = np.arange(len(old.standing.of))
    now[group_new[stands.of]] = np.arange(len(stands.of)) + len(old.standing.of)
    shapes = np.concatenate([old.standing.parts, stands.parts])
    reach = np.concatenate([old.standing.reach, stands.reach])
    both = np.flatnonzero((then != NONE) & (now != NONE))
    same = np.zeros(count, dtype=bool)
    same[both] = (reach[then[both]] == reach[now[both]]) & shapely.equals_exact(
        shapely.normalize(shapes[then[both]]), shapely.normalize(shapes[now[both]])
    )
    changed = np.flatnonzero(~same & ((then != NONE) | (now != NONE)))
    rows = _described(changed, old, new, stands, (group_old, group_new), (then, now), reach)
    kind = np.select([now[changed] == NONE, then[changed] != NONE], [0, 1], 2)
    order = np.lexsort((rows["park"].map(str).to_numpy(dtype=str), rows["day"], kind))
    rows, changed = rows.iloc[order].reset_index(drop=True), changed[order]
    moves = [
        (one[one != NONE], two[two != NONE])
        for one, two in zip(then[changed][:, None], now[changed][:, None], strict=True)
    ]
    steps = taken(old.demand, (shapes, reach), then[then != NONE], moves, areas)
    return rows, steps.delta


def _described(
    changed: Ints,
    old: Basis,
    new: Basis,
    stands: Standing,
    groups: tuple[Ints, Ints],
    parts: tuple[Ints, Ints],
    reach: Floats,
) -> pd.DataFrame:
    """What is told of each park that serves otherwise."""
    count = len(parts[0])
    rows: list[Ints] = []
    for group in groups:
        first = np.full(count, NONE)
        first[group[::-1]] = np.arange(len(group))[::-1]
        rows.append(first[changed])
    radius = [np.where(part[changed] == NONE, np.nan, reach[part[changed]]) for part in parts]
    told: dict[str, Words] = {}
    for column, values in (("park", _labels), ("name", _names), ("day", _days)):
        out = np.full(len(changed), None, dtype=object)
        for basis, row in zip((old, new), rows, strict=True):
            out[row != NONE] = values(basis)[row[row != NONE]]
        told[column] = out
    days = pd.to_datetime(pd.Series(told["day"]), errors="coerce")
    far = np.iinfo(np.int64).max
    return pd.DataFrame(
        {
            "park": told["park"],
            old.called.name: told["name"],
            "park_change_cause": _causes(old, new, stands, rows, radius),
            "radius_before": radius[0],
            "radius_after": radius[1],
            "day": np.where(days.isna(), far, days.astype("int64")),
        }
    )


def _causes(
    old: Basis, new: Basis, stands: Standing, rows: list[Ints], radius: list[Floats]
) -> Words:
    """Why each park serves otherwise, its outline and definition held."""
    both = (rows[0] != NONE) & (rows[1] != NONE)
    why, shapes = [], []
    for basis, how, row in ((old, old.standing, rows[0]), (new, stands, rows[1])):
        why.append(np.full(len(row), "", dtype=object))
        why[-1][both] = how.why[row[both]]
        shapes.append(shapely.normalize(_shapes(basis.facilities)[row[both]]))
    alike = np.zeros(len(both), dtype=bool)
    alike[both] = shapely.equals_exact(*shapes)
    came, went = np.isnan(radius[0]), np.isnan(radius[1])
    shut = [np.isin(one.astype(str), NOT_OPEN) for one in why]
    other = [one == "class" for one in why]
    return np.select(
        [
            rows[0] == NONE,
            rows[1] == NONE,
            came & shut[0],
            went & shut[1],
            (came & other[0]) | (went & other[1]),
            ~alike,
        ],
        ["new", "removed", "opened", "closed", "reclassified", "redrawn"],
        "joined",
    ).astype(object)


def _labels(basis: Basis) -> Words:
    return np.asarray(basis.facilities.index, dtype=object)


def _names(basis: Basis) -> Words:
    return basis.names


def _days(basis: Basis) -> Words:
    """The day each park opened; None where nobody says so, or not in our way."""
    if "opened_on" not in basis.facilities:
        return np.full(len(basis.facilities), None, dtype=object)
    return opening_days(basis.facilities, basis.called.layer).to_numpy(dtype=object)


# ---------------------------------------------------------------- homes, outline, definition


def _bases(later: Coverage, earlier: Coverage) -> tuple[Basis, Basis]:
    if not isinstance(earlier, type(later)):
        raise InputError(f"changes needs an earlier coverage, not {earlier!r}.")
    if later.basis.areas.crs != earlier.basis.areas.crs:
        raise CRSError("The two coverages were measured in different systems; use one for both.")
    if later.unit != earlier.unit or later.basis.weight != earlier.basis.weight:
        raise UnitError("The one coverage is of land, the other of people or places, or of others.")
    return earlier.basis, later.basis


def _shapes(frame: Any) -> Shapes:
    return np.asarray(frame.geometry.array, dtype=object)


def _same_areas(old: Basis, new: Basis) -> bool:
    """Whether both have the same areas, in whatever order."""
    if set(old.areas.index) != set(new.areas.index):
        return False
    first, second = (
        shapely.normalize(_shapes(one)) for one in (old.areas, new.areas.loc[old.areas.index])
    )
    return bool(shapely.equals_exact(first, second).all())


def _same_demand(old: Basis, new: Basis) -> bool:
    """Whether homes are the same, in whatever order."""
    keys = []
    for basis in (old, new):
        frame = basis.demand_frame
        told = [shapely.to_wkb(_shapes(frame), hex=True).astype(str)]
        told += [
            frame[column].astype(str).to_numpy(dtype=str)
            for column in ("home_class", basis.weight)
            if column is not None and column in frame
        ]
        keys.append(np.sort(_rows_of(told)))
    return len(keys[0]) == len(keys[1]) and bool((keys[0] == keys[1]).all())


def _rows_of(columns: list[NDArray[np.str_]]) -> NDArray[np.str_]:
    """Columns of text as one."""
    out = columns[0]
    for column in columns[1:]:
        out = np.char.add(np.char.add(out, "|"), column)
    return out


def _demand(basis: Basis, areas: Shapes, definition: Definition) -> Demand:
    frame = basis.demand_frame
    return demand_of(
        areas, frame, _shapes(frame), definition, name="homes", weight=basis.weight, classed=False
    )


def _totals(
    stands: Standing, demand: Demand, basis: Basis, at: Ints, width: int
) -> tuple[Floats, Floats]:
    """Served and needed of each area by parks and homes put together."""
    made = dataclasses.replace(basis, demand=demand, parted=divided(stands, demand), memo={})
    served, needed = made.sums()
    return _spread(served, at, width), _spread(needed, at, width)


def _spread(values: Floats, at: Ints, width: int) -> Floats:
    out = np.zeros(width)
    out[at] = values
    return out


def _column(coverage: Coverage, word: str, at: Ints, width: int) -> Floats:
    return _spread(coverage.table[f"{word}_{coverage.unit}"].to_numpy(dtype=float), at, width)


def _table(
    rows: pd.DataFrame,
    delta: Floats,
    states: list[tuple[Floats, Floats, str]],
    last: float,
    unit: str,
) -> pd.DataFrame:
    """One row for every park and for every other cause, with what it does to the figure."""
    amount = f"delta_{unit}"
    out = rows.drop(columns="day")
    out[amount], out["coverage_effect"] = delta, np.nan
    came = out["radius_before"].isna() != out["radius_after"].isna()
    out = out[(out[amount].abs() > NOTHING) | came].reset_index(drop=True)
    goal = float(states[0][0].sum()) if len(states) > 1 else last
    # Shapes joined in another order measure another last digit: a hundred-millionth of the land,
    # spread over the parks that changed, so that the rows add up.
    weight = out[amount].abs()
    if weight.sum() > 0:
        first = float(states[0][0].sum()) - float(delta.sum())
        rest = goal - first - float(out[amount].sum())
        out[amount] += weight / weight.sum() * rest
    need = float(states[0][1].sum())
    if need > 0:
        out["coverage_effect"] = out[amount] / need
    extra = [
        {
            "park_change_cause": cause,
            amount: float(served.sum() - states[at][0].sum()),
            "coverage_effect": _share((served, needed, cause)) - _share(states[at]),
        }
        for at, (served, needed, cause) in enumerate(states[1:])
    ]
    if not extra:
        return out
    added = pd.DataFrame(extra).reindex(columns=out.columns)
    added = added.astype({column: out[column].dtype for column in out.columns})
    return pd.concat([out, added], ignore_index=True) if len(out) else added


def _share(state: tuple[Floats, Floats, str]) -> float:
    need = float(state[1].sum())
    return float(state[0].sum()) / need if need > 0 else float("nan")


def _by_cause(table: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Parks, amount and effect of each cause, in the order of the vocabulary."""
    by = table.groupby("park_change_cause")
    out = by[[f"delta_{unit}", "coverage_effect"]].sum(min_count=1)
    out.insert(0, "parks", by["park"].count())
    return out.loc[[one for one in names.vocabulary("park_change_cause") if one in out.index]]
