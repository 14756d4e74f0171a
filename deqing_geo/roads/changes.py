"""What lies between two densities, road by road, with nothing left over.

From the earlier to the later figure in three steps: the roads change, then the outline, then
the definition. Each step is counted anew with everything else held, so the rows add up.
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
from deqing_geo.cutting import share_lengths
from deqing_geo.errors import CRSError, InputError, UnitError
from deqing_geo.provenance import mark
from deqing_geo.roads.basis import PER, Basis, names_of
from deqing_geo.roads.matching import matched
from deqing_geo.roads.standing import standing
from deqing_geo.standards import Definition, Rule
from deqing_geo.text import card, figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.roads.result import RoadDensity

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]
    Words = NDArray[Any]

# Less than a centimetre of road is told in one sum: rounding, not building.
SMALL_KM = 1e-5
# What the arithmetic itself leaves of a sum over a whole county.
NOTHING_KM = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class RoadChanges:
    """Why a road density is not what it was (逐路增减).

    Attributes
    ----------
    table : DataFrame
        One row for every road and cause: ``road`` (label in the later layer, of what was
        removed in the earlier), ``road_name``, ``road_class``, ``road_status``,
        ``class_before``, ``status_before``, ``change_cause``, ``km_before``, ``km_after``,
        ``delta_km`` and ``density_effect``. A change of the area itself is a row without a
        road. ``delta_km`` and ``density_effect`` add up to the whole difference.
    by_cause : DataFrame
        Roads, ``delta_km`` and ``density_effect`` of each cause.
    by_area : DataFrame
        ``km_before``, ``km_after``, ``delta_km`` of each area, and its kilometres by cause.
    before, after : float
        The two overall densities.
    comparable : bool
        Whether outline, definition and the way carriageways are drawn are the same (可比).
    definition : Definition
        Of the later density.
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
    def delta_km(self) -> float:
        """How many kilometres more count than before."""
        return float(self.by_area["delta_km"].sum())

    @property
    def difference(self) -> float:
        """How much denser the areas together are, in the unit of the definition."""
        return self.after - self.before

    @property
    def headline(self) -> str:
        """Before, after and the kilometres between, as readers see them."""
        before, after = self._shown()
        return (
            f"{before} → {after} {standards.UNITS[self.definition.unit]}({self.delta_km:+.3f} 公里)"
        )

    def _shown(self) -> tuple[str, str]:
        goals = standards.load().goals(self.definition.measure)
        return figure(self.before, against=goals), figure(self.after, against=goals)

    def __repr__(self) -> str:
        roads = int(self.table["road"].notna().sum())
        before, after = self._shown()
        return (
            f"<RoadChanges of {roads} roads: {before} to {after} "
            f"{self.definition.unit}, {self.delta_km:+.3f} km"
            f"{'' if self.comparable else ', not comparable'}>"
        )

    def _repr_html_(self) -> str:
        words = names.vocabulary("change_cause")
        rows = [
            [words[str(cause)], str(int(row["roads"])), f"{row['delta_km']:+.3f}"]
            for cause, row in self.by_cause.iterrows()
        ]
        return card(
            names.word("changes.title"),
            self.headline,
            [(names.word("map.definition"), self.definition.line)],
            self.notices,
            (
                [names.label(one) for one in ("change_cause", "roads", "delta_km")],
                rows,
            ),
        )


def road_changes(later: RoadDensity, earlier: RoadDensity) -> RoadChanges:
    """Every road behind the difference of two densities; see `RoadDensity.changes`.

    Parameters
    ----------
    later, earlier : RoadDensity
        The figure now and the one before.

    Returns
    -------
    RoadChanges
        Without residue.

    Raises
    ------
    InputError
        If the earlier one is no road density.
    CRSError
        If the two were measured in different systems.
    UnitError
        If the one is per km2 and the other per 100 km2.
    """
    old, new = _bases(later, earlier)
    labels = old.areas.index.union(new.areas.index, sort=False)
    where = [labels.get_indexer(one.areas.index) for one in (old, new)]
    of_old, of_new, same_shape = matched(old.roads, new.roads)
    moved, redefined = not _same_areas(old, new), old.definition != new.definition

    width = len(labels)
    then = _kilometres(old, of_old, where[0], width)
    last = _kilometres(new, of_new, where[1], width)
    after_roads = after_outline = last
    if redefined:
        after_outline = _kilometres(_again(new, new, old.definition), of_new, where[1], width)
        after_roads = after_outline
    if moved:
        after_roads = _kilometres(_again(old, new, old.definition), of_new, where[0], width)
    cause = _causes(old, new, of_old, of_new, same_shape)
    rows = pd.concat(
        [
            _rows(cause, then, after_roads, width),
            _rows("outline", after_roads, after_outline, width),
            _rows("definition", after_outline, last, width),
        ],
        ignore_index=True,
    )
    table = _described(rows, later, (of_old, of_new), (old, new))
    table = _with_effects(table, earlier, later)
    by_area = _by_area(rows, labels, then, last, width)
    by_cause = _by_cause(table)
    redrawn = later.merged != earlier.merged
    said = (*later.notices, *_of_before(earlier, later))
    for word, holds in (("outline", moved), ("definition", redefined), ("merging", redrawn)):
        said += (names.word(f"changes.{word}"),) if holds else ()
    for frame in (table, by_area, by_cause):
        mark(frame, later.definition, said)
    return RoadChanges(
        table=table,
        by_cause=by_cause,
        by_area=by_area,
        before=earlier.overall,
        after=later.overall,
        comparable=not (moved or redefined or redrawn),
        definition=later.definition,
        sources=(*later.sources, *(one for one in earlier.sources if one not in later.sources)),
        notices=said,
        origins=tuple(dict.fromkeys((*earlier.origins, *later.origins))),
    )


def _of_before(earlier: RoadDensity, later: RoadDensity) -> tuple[str, ...]:
    """What the earlier figure said of itself, where the later does not say it too."""
    head = names.word("changes.before")
    return tuple(f"{head}:{one}" for one in earlier.notices if one not in later.notices)


def _bases(later: RoadDensity, earlier: RoadDensity) -> tuple[Basis, Basis]:
    if not isinstance(earlier, type(later)):
        raise InputError(f"changes needs an earlier road_density, not {earlier!r}.")
    if later.basis.areas.crs != earlier.basis.areas.crs:
        raise CRSError("The two densities were measured in different systems; use one for both.")
    if later.unit != earlier.unit:
        raise UnitError(f"The one density is in {later.unit}, the earlier in {earlier.unit}.")
    return earlier.basis, later.basis


def _same_areas(old: Basis, new: Basis) -> bool:
    """Whether both have the same areas, in whatever order."""
    if set(old.areas.index) != set(new.areas.index):
        return False
    first, second = (
        shapely.normalize(np.asarray(one.geometry.array, dtype=object))
        for one in (old.areas, new.areas.loc[old.areas.index])
    )
    return bool(shapely.equals_exact(first, second).all())


def _again(areas_of: Basis, roads_of: Basis, definition: Definition) -> Basis:
    """Roads of one density counted in the areas of another, by a definition."""
    pieces = roads_of.pieces
    if areas_of is not roads_of:
        shapes, lines = (
            np.asarray(frame.geometry.array, dtype=object)
            for frame in (areas_of.areas, roads_of.roads)
        )
        pieces = share_lengths(shapes, lines, 0.0)
    return dataclasses.replace(
        roads_of,
        areas=areas_of.areas,
        definition=definition,
        standing=standing(roads_of.roads, definition, roads_of.as_of),
        pieces=pieces,
    )


def _kilometres(basis: Basis, group: Ints, where: Ints, width: int) -> pd.Series[float]:
    """Counted kilometres by group of rows and area, in one key."""
    km = basis.counted_km()
    taken = km > 0
    line, area = basis.pieces.line[taken], basis.pieces.area[taken]
    found: pd.Series[float] = pd.Series(km[taken]).groupby(group[line] * width + where[area]).sum()
    return found


def _rows(
    cause: Words | str, before: pd.Series[float], after: pd.Series[float], width: int
) -> pd.DataFrame:
    """Groups of rows in areas whose kilometres are not the same before and after a step."""
    both = pd.DataFrame({"km_before": before, "km_after": after}).fillna(0.0)
    key = both.index.to_numpy(dtype=np.int64)
    group = key // max(width, 1)
    both = both.assign(
        group=group,
        area=key % max(width, 1),
        change_cause=cause if isinstance(cause, str) else cause[group],
        delta_km=both["km_after"] - both["km_before"],
    )
    return both[both["delta_km"] != 0].reset_index(drop=True)


def _causes(old: Basis, new: Basis, of_old: Ints, of_new: Ints, same_shape: Flags) -> Words:
    """Why a road counts otherwise than before, its outline and definition held.

    A group of rows that counts only in part goes by the rows that do not.
    """
    count = len(same_shape)
    later = (
        new.standing
        if old.definition == new.definition
        else standing(new.roads, old.definition, new.as_of)
    )
    sides = []
    for group, how in ((of_old, old.standing), (of_new, later)):
        rows = np.bincount(group, minlength=count)
        counted = np.bincount(group[how.counted], minlength=count)
        shut = np.bincount(group[~how.open], minlength=count)
        sides.append((rows, counted, shut > 0))
    (olds, old_counted, old_shut), (news, new_counted, new_shut) = sides
    gained = (new_counted > 0) & (old_counted < olds) & ((new_counted == news) | (old_counted == 0))
    lost = (old_counted > 0) & (new_counted < news) & ((old_counted == olds) | (new_counted == 0))
    return np.asarray(
        np.select(
            [
                olds == 0,
                news == 0,
                gained & old_shut,
                lost & new_shut,
                gained | lost,
            ],
            ["new", "removed", "opened", "closed", "reclassified"],
            "redrawn",
        ),
        dtype=object,
    )


def _described(
    rows: pd.DataFrame,
    later: RoadDensity,
    groups: tuple[Ints, Ints],
    bases: tuple[Basis, Basis],
) -> pd.DataFrame:
    """One row for every road and cause, with what its row said before and says now."""
    by = ["group", "change_cause"]
    summed = rows.groupby(by, sort=True)[["km_before", "km_after", "delta_km"]].sum().reset_index()
    small = summed["delta_km"].abs() < SMALL_KM
    summed = summed[~small].reset_index(drop=True)
    group = summed["group"].to_numpy(dtype=np.int64)
    told: list[dict[str, Words]] = []
    for of_rows, basis in zip(groups, bases, strict=True):
        first = np.full(int(max(groups[0].max(initial=-1), groups[1].max(initial=-1))) + 2, -1)
        first[of_rows[::-1]] = np.arange(len(of_rows))[::-1]
        at = first[group]
        there = at >= 0
        columns = {
            "road": basis.roads.index.to_numpy(dtype=object),
            "road_name": names_of(basis.roads),
            "road_class": basis.standing.classes,
            "road_status": basis.standing.status,
        }
        told.append({name: _taken(values, at, there) for name, values in columns.items()})
    then, now = told
    return pd.DataFrame(
        {
            "road": _else(now["road"], then["road"]),
            "road_name": _else(now["road_name"], then["road_name"]),
            "road_class": now["road_class"],
            "road_status": now["road_status"],
            "class_before": then["road_class"],
            "status_before": then["road_status"],
            **{column: summed[column].to_numpy() for column in summed.columns if column != "group"},
        }
    )


def _taken(values: Words, at: Ints, there: Flags) -> Words:
    """Values at positions, None where there is no row."""
    out = np.full(len(at), None, dtype=object)
    out[there] = values[at[there]]
    return out


def _else(first: Words, second: Words) -> Words:
    return np.asarray(np.where(pd.isna(first), second, first), dtype=object)


def _with_effects(table: pd.DataFrame, earlier: RoadDensity, later: RoadDensity) -> pd.DataFrame:
    """What each row does to the density, and rows for the area and for what is left.

    Roads act on the earlier area; then the area changes under the later roads.
    """
    old, new = earlier.basis, later.basis
    unit = PER[later.unit]
    km = [float(one.table["road_km"].sum()) for one in (earlier, later)]
    land = [float(one.area_km2.sum()) for one in (old, new)]
    gross = [float((one.area_km2 + one.water_km2).sum()) for one in (old, new)]
    # First the outline moves over dry land and water alike, then water leaves it.
    dry = land[0] + gross[1] - gross[0]
    rest = km[1] - km[0] - float(table["delta_km"].sum())
    extra = [("rounding", rest, rest / land[0] if land[0] > 0 else float("nan"))]
    for cause, first, second in (("area", land[0], dry), ("water", dry, land[1])):
        whole = first > 0 and second > 0
        extra.append((cause, 0.0, km[1] / second - km[1] / first if whole else float("nan")))
    if not dry > 0:
        whole = land[0] > 0 and land[1] > 0
        effect = km[1] / land[1] - km[1] / land[0] if whole else float("nan")
        extra[1:] = [("area", 0.0, effect)]
    table["density_effect"] = table["delta_km"] / land[0] * unit if land[0] > 0 else np.nan
    added = pd.DataFrame(
        [
            {"change_cause": cause, "delta_km": delta, "density_effect": effect * unit}
            for cause, delta, effect in extra
            if abs(delta) > NOTHING_KM or effect != effect or abs(effect) * unit > NOTHING_KM
        ],
        columns=table.columns,
    ).astype({column: table[column].dtype for column in table.columns})
    out = pd.concat([table, added], ignore_index=True) if len(added) else table
    causes = list(names.vocabulary("change_cause"))
    order = np.lexsort(
        (
            out["road_name"].fillna("").to_numpy(dtype=str),
            -out["delta_km"].abs().to_numpy(),
            pd.Index(causes).get_indexer(pd.Index(out["change_cause"])),
        )
    )
    return out.iloc[order].reset_index(drop=True)


def _by_cause(table: pd.DataFrame) -> pd.DataFrame:
    """Roads, kilometres and effect of each cause, in the order of the vocabulary."""
    by = table.groupby("change_cause")
    out = by[["delta_km", "density_effect"]].sum(min_count=1)
    out.insert(0, "roads", by["road"].count())
    causes = [one for one in names.vocabulary("change_cause") if one in out.index]
    return out.loc[causes]


def _by_area(
    rows: pd.DataFrame,
    labels: pd.Index[Any],
    before: pd.Series[float],
    after: pd.Series[float],
    width: int,
) -> pd.DataFrame:
    """Kilometres of each area before, after, and by cause."""
    km = [
        np.bincount(one.index.to_numpy(dtype=np.int64) % max(width, 1), one.to_numpy(), width)
        for one in (before, after)
    ]
    table = pd.DataFrame(
        {"km_before": km[0], "km_after": km[1], "delta_km": km[1] - km[0]}, index=labels
    )
    causes = rows.pivot_table(
        index="area", columns="change_cause", values="delta_km", aggfunc="sum", fill_value=0.0
    )
    for cause in names.vocabulary("change_cause"):
        if cause in causes:
            table[cause] = causes[cause].reindex(range(width), fill_value=0.0).to_numpy()
    return table
