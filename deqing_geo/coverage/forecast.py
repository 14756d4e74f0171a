"""What listed parks bring by year, if they open as expected.

Nothing is foreseen here: the years are those of the list, and what of it brings nothing is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.checks import require_shapes
from deqing_geo.coverage.result import ratio
from deqing_geo.coverage.standing import COUNTED, standing
from deqing_geo.coverage.steps import NONE, NOTHING, taken
from deqing_geo.crs import require_metres
from deqing_geo.opened import expected_days
from deqing_geo.provenance import mark, notices, origins
from deqing_geo.standards import Definition
from deqing_geo.text import card, figure, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.coverage.result import Coverage

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

NEVER = -1


@dataclass(frozen=True, slots=True, eq=False)
class CoverageForecast:
    """Coverage by year if listed parks open as expected (按项目测算).

    Attributes
    ----------
    table : DataFrame
        One row a year: ``opening_year`` (index), ``parks`` (how many of the list open that year
        and count), ``added_ha``, ``served_ha``, ``demand_ha`` and the coverage, of all areas
        together.
    by_area : DataFrame
        The same without ``parks`` by ``opening_year`` and ``area`` (index of two levels).
    projects : DataFrame
        One row a project: name, class, ``opening_year``, size, ``service_radius``, ``added_ha``
        (on top of what was there and of the projects before it, by day and then by label) and
        ``not_counted_reason``.
    before : float
        The coverage without the projects.
    goals : tuple of float
        Figures it may be judged by.
    definition : Definition
        What counts.
    notices, origins : tuple of str
        Sentences the figures must not travel without; the files behind them.
    """

    table: pd.DataFrame
    by_area: pd.DataFrame
    projects: pd.DataFrame
    before: float
    goals: tuple[float, ...]
    definition: Definition
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def series(self) -> pd.Series[float]:
        """Coverage at the end of each year, 0-1."""
        series: pd.Series[float] = self.table.iloc[:, -1]
        return series

    @property
    def headline(self) -> str:
        """The figure of the last year, as readers see it."""
        if len(self.table) == 0:
            return percent(self.before, against=self.goals)
        last = percent(float(self.series.iloc[-1]), against=self.goals)
        return f"{last}({self.table.index[-1]})"

    def __repr__(self) -> str:
        return (
            f"<CoverageForecast of {len(self.projects)} projects over {len(self.table)} years: "
            f"from {percent(self.before, against=self.goals)} to {self.headline}>"
        )

    def _repr_html_(self) -> str:
        added, measure = str(self.table.columns[1]), str(self.table.columns[-1])
        rows = [
            [
                str(year),
                str(int(row["parks"])),
                figure(row[added]),
                percent(row[measure], against=self.goals),
            ]
            for year, row in self.table.iterrows()
        ]
        heads = ("opening_year", "parks", added, measure)
        return card(
            names.word("coverage.forecast"),
            self.headline,
            [(names.word("map.definition"), self.definition.line)],
            self.notices,
            ([names.label(one) for one in heads], rows),
        )


def coverage_forecast(coverage: Coverage, projects: gpd.GeoDataFrame) -> CoverageForecast:
    """What projects bring to a coverage by year; see `Coverage.forecast`.

    Parameters
    ----------
    coverage : Coverage
        What there is.
    projects : GeoDataFrame
        With the class and ``opened_on``.

    Returns
    -------
    CoverageForecast
        By year, area and project.

    Raises
    ------
    CRSError
        If the projects are in another system than the coverage.
    GeometryError
        If a project's shape is not valid.
    ColumnError
        If the class or ``opened_on`` is absent, or holds another word or no day.
    """
    basis, unit = coverage.basis, coverage.unit
    require_metres(areas=basis.areas, projects=projects)
    require_shapes(projects=projects)
    days = expected_days(projects, "projects")
    year = np.where(days.notna(), days.dt.year, NEVER).astype(np.int64)
    overdue = np.zeros(len(projects), dtype=bool)
    if basis.as_of is not None:
        overdue = (days <= np.datetime64(basis.as_of)).to_numpy()
    open_one_day = np.flatnonzero((year != NEVER) & ~overdue)
    # By day, then by label, and by the place in the list where both are the same.
    label = projects.index.map(str).to_numpy(dtype=str)
    order = open_one_day[np.lexsort((label[open_one_day], days.to_numpy()[open_one_day]))]
    whole = _with(basis.facilities, projects, basis.called.status)
    states, moves, why, radius, size = _states(coverage, whole, order)
    steps = taken(basis.demand, states[:2], states[2], moves, len(basis.areas))
    served, needed = basis.sums()
    added = np.zeros((len(projects), len(basis.areas)))
    added[order] = steps.delta
    why[year == NEVER] = "undated"
    why[overdue] = "overdue"
    why[(why == COUNTED) & (added.sum(axis=1) < NOTHING)] = "nothing_new"
    years = np.arange(year[order].min(), year[order].max() + 1) if len(order) else year[:0]
    by_year = np.array([added[year == one].sum(axis=0) for one in years]).reshape(
        len(years), len(basis.areas)
    )
    counted = np.isin(why.astype(str), ("", "nothing_new"))
    table, by_area = _tables(coverage, years, by_year, served, needed)
    table.insert(0, "parks", [int((counted & (year == one)).sum()) for one in years])
    listed = pd.DataFrame(
        {
            **{
                column: projects[column]
                for column in (basis.called.name, basis.called.klass)
                if column in projects
            },
            "opening_year": pd.Series(year, index=projects.index)
            .where(year != NEVER)
            .astype("Int64"),
            basis.called.size: size,
            "service_radius": radius,
            f"added_{unit}": added.sum(axis=1),
            "not_counted_reason": [names.word(f"reason.{one}") if one else None for one in why],
        },
        index=projects.index,
    )
    left_out = int((~counted).sum())
    said = [*coverage.notices, *notices(None, projects=projects), names.word("coverage.supposed")]
    said += [f"{names.word('forecast.left_out')}:{left_out}"] if left_out else []
    said = list(dict.fromkeys(said))
    for frame in (table, by_area, listed):
        mark(frame, coverage.definition, tuple(said))
    return CoverageForecast(
        table=table,
        by_area=by_area,
        projects=listed,
        before=coverage.overall,
        goals=coverage.goals,
        definition=coverage.definition,
        notices=tuple(said),
        origins=tuple(dict.fromkeys((*coverage.origins, *origins(projects=projects)))),
    )


def _with(
    facilities: gpd.GeoDataFrame, projects: gpd.GeoDataFrame, status: str
) -> gpd.GeoDataFrame:
    """What there is and what is to come, as one layer; the latter as if it were open."""
    frames = []
    for frame, dropped in ((facilities, ()), (projects, (status, "opened_on"))):
        told = pd.DataFrame(frame.drop(columns=[frame.geometry.name, *dropped], errors="ignore"))
        # Layers that say different things of themselves are put together all the same.
        told.attrs = {}
        frames.append(told.assign(geometry=frame.geometry.to_numpy()))
    both = pd.concat(frames, ignore_index=True)
    return gpd.GeoDataFrame(both, geometry="geometry", crs=facilities.crs)


def _states(
    coverage: Coverage, whole: gpd.GeoDataFrame, order: Ints
) -> tuple[tuple[Shapes, Floats, Ints], list[tuple[Ints, Ints]], Shapes, Floats, Floats]:
    """Everything that serves at some time, what serves at first, and what each project changes.

    Where parks count together, a project may give its neighbours a larger radius: then they are
    other states, and cease and begin with it.
    """
    basis = coverage.basis
    areas = np.asarray(basis.areas.geometry.array, dtype=object)
    shapes = np.asarray(whole.geometry.array, dtype=object)
    old = len(basis.facilities)
    together = basis.definition.join_m == basis.definition.join_m
    parts, reach = [basis.standing.parts], [basis.standing.reach]
    first = np.arange(len(basis.standing.of))
    now = np.full(len(whole), NONE)
    now[basis.standing.of] = first
    count = len(first)
    moves: list[tuple[Ints, Ints]] = []
    everything = standing(areas, whole, shapes, basis.definition, basis.as_of)
    after = everything
    for at, project in enumerate(order):
        if together:
            there = np.concatenate([np.arange(old), old + np.sort(order[: at + 1])])
            after = standing(areas, whole.iloc[there], shapes[there], basis.definition, basis.as_of)
            of = there[after.of]
        else:
            of = after.of
        mine = of == old + project
        radius = np.concatenate(reach)
        held = now[of]
        changed = (held != NONE) & together
        changed[changed] = radius[held[changed]] != after.reach[changed]
        begins = np.flatnonzero(mine | changed)
        ceases = held[changed]
        new = np.arange(count, count + len(begins))
        parts.append(after.parts[begins])
        reach.append(after.reach[begins])
        now[of[begins]] = new
        count += len(begins)
        moves.append((ceases, new))
    listed = slice(old, None)
    return (
        (np.concatenate(parts), np.concatenate(reach), first),
        moves,
        everything.why[listed].copy(),
        everything.radius[listed],
        everything.size[listed],
    )


def _tables(
    coverage: Coverage, years: Ints, added: Floats, served: Floats, needed: Floats
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The figures by year, and by year and area."""
    unit, measure = coverage.unit, coverage.measure
    labels = coverage.basis.labels
    held = served + np.cumsum(added, axis=0)

    def made(came: Floats, have: Floats, need: Floats, index: pd.Index[Any]) -> pd.DataFrame:
        return pd.DataFrame(
            {
                f"added_{unit}": came,
                f"served_{unit}": have,
                f"demand_{unit}": need,
                measure: ratio(have, need),
            },
            index=index,
        )

    every = np.tile(needed, (len(years), 1))
    table = made(
        added.sum(axis=1),
        held.sum(axis=1),
        every.sum(axis=1),
        pd.Index(years, name="opening_year"),
    )
    by_area = made(
        added.ravel(),
        held.ravel(),
        every.ravel(),
        pd.MultiIndex.from_arrays(
            [np.repeat(years, len(labels)), np.tile(labels, len(years))],
            names=["opening_year", "area"],
        ),
    )
    return table, by_area
