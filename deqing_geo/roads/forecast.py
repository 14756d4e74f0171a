"""What listed projects bring by year, if they open as expected.

Nothing is foreseen here: the years are those of the list, and what the list leaves out, or has
twice, is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import require_lines
from deqing_geo.crs import require_metres
from deqing_geo.cutting import share_lengths
from deqing_geo.ellipsoid import M_PER_KM
from deqing_geo.errors import ColumnError
from deqing_geo.opened import expected_days
from deqing_geo.provenance import mark, notices, origins
from deqing_geo.roads.already import not_there_yet
from deqing_geo.roads.basis import PER, names_of
from deqing_geo.roads.standing import COUNTED, standing
from deqing_geo.standards import Definition
from deqing_geo.text import card, figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.roads.result import RoadDensity

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]
    Words = NDArray[Any]

NEVER = -1
# The rules by which two layers draw one road.
TOGETHER = ("road.together", "road.together_turn")


@dataclass(frozen=True, slots=True, eq=False)
class RoadForecast:
    """Road density by year if listed projects open as expected (按项目测算).

    Attributes
    ----------
    table : DataFrame
        One row a year: ``opening_year`` (index), ``added_km``, ``road_km``, ``area_km2`` and the
        density, of all areas together.
    by_area : DataFrame
        The same by ``opening_year`` and ``area`` (index of two levels).
    projects : DataFrame
        One row a project: ``road_name``, ``road_class``, ``opening_year``, ``length_km``,
        ``added_km``, ``already_km`` (runs along a road that counts, or along an earlier
        project), ``elsewhere_km`` (outside the areas, or on an edge that counts in part or not
        at all), ``not_counted`` (why nothing of it counts).
    before : float
        The density without the projects.
    areas : DataFrame
        The table of that density without its shapes, for `by_group`.
    definition : Definition
        What counts.
    notices, origins : tuple of str
        Sentences the figures must not travel without; the files behind them.
    """

    table: pd.DataFrame
    by_area: pd.DataFrame
    projects: pd.DataFrame
    before: float
    areas: pd.DataFrame
    definition: Definition
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The figure of the last year, as readers see it."""
        measure, unit = self.definition.measure, standards.UNITS[self.definition.unit]
        if len(self.table) == 0:
            return f"{figure(self.before)} {unit}"
        last = float(self.table[measure].iloc[-1])
        goals = standards.load().goals(measure)
        return f"{figure(last, against=goals)} {unit}({self.table.index[-1]})"

    def by_group(self, column: str = "zone_name") -> pd.DataFrame:
        """The figures by year and 组团, or whatever a column of the areas names.

        Parameters
        ----------
        column : str
            Several areas may have one word; they are taken together.

        Returns
        -------
        DataFrame
            The columns of `table`; index of year and group.

        Raises
        ------
        ColumnError
            If the areas have no such column.
        """
        if column not in self.areas:
            raise ColumnError(f"The areas have no column `{column}`.")
        blank = names.word("density.unnamed_group")
        words = self.areas[column].astype(object).where(self.areas[column].notna(), blank)
        group = np.tile(words.to_numpy(dtype=object), len(self.table))
        year = self.by_area.index.get_level_values(0)
        kilometres = ["added_km", "road_km", "area_km2"]
        out = self.by_area[kilometres].groupby([year, pd.Index(group, name=column)], sort=False)
        table = out.sum()
        table[self.definition.measure] = _ratio(table, self.definition)
        mark(table, self.definition, self.notices)
        return table

    def __repr__(self) -> str:
        added = float(self.table["added_km"].sum())
        return (
            f"<RoadForecast of {len(self.projects)} projects over {len(self.table)} years: "
            f"+{added:.2f} km, from {figure(self.before)} {self.definition.unit}>"
        )

    def _repr_html_(self) -> str:
        measure = self.definition.measure
        rows = [
            [str(year), figure(row["added_km"]), figure(row["road_km"]), figure(row[measure])]
            for year, row in self.table.iterrows()
        ]
        heads = ("opening_year", "added_km", "road_km", measure)
        return card(
            names.word("forecast.title"),
            self.headline,
            [(names.word("map.definition"), self.definition.line)],
            self.notices,
            ([names.label(one, unit=True) for one in heads], rows),
        )


def road_forecast(density: RoadDensity, projects: gpd.GeoDataFrame) -> RoadForecast:
    """What projects bring to a density by year; see `RoadDensity.forecast`.

    Parameters
    ----------
    density : RoadDensity
        What there is.
    projects : GeoDataFrame of LineString
        With ``road_class`` and ``opened_on``.

    Returns
    -------
    RoadForecast
        By year, area and project.

    Raises
    ------
    CRSError
        If the projects are in another system than the density.
    GeometryError
        If a project is not a line.
    ColumnError
        If ``road_class`` or ``opened_on`` is absent, or holds another word or no day.
    """
    basis = density.basis
    require_metres(areas=basis.areas, projects=projects)
    lines = require_lines(projects=projects)
    how = standing(
        projects.drop(columns="road_status", errors="ignore"), basis.definition, None, "projects"
    )
    days = expected_days(projects, "projects")
    year = np.where(days.notna(), days.dt.year, NEVER).astype(np.int64)
    why = how.why.copy()
    why[(why == COUNTED) & (year == NEVER)] = "undated"
    if basis.as_of is not None:
        late = (days <= np.datetime64(basis.as_of)).to_numpy()
        why[(why == COUNTED) & late] = "overdue"
    taken = np.flatnonzero(why == COUNTED)
    # The earlier project has a stretch that two of them share; of one year the same one always.
    order = taken[
        np.lexsort((shapely.to_wkb(lines[taken], hex=True).astype(str), days.to_numpy()[taken]))
    ]
    there = np.asarray(basis.roads.geometry.array, dtype=object)[basis.standing.counted]
    law = standards.load()
    near, turn = (law.rule(key).value for key in TOGETHER)
    stretches, at = not_there_yet(lines[order], there, near, turn)
    owner = order[at]
    shapes = np.asarray(basis.areas.geometry.array, dtype=object)
    pieces = share_lengths(shapes, stretches, 0.0, edge_weight=basis.definition.edge_weight)
    km = pieces.metres / M_PER_KM
    project = owner[pieces.line]
    years = np.arange(year[taken].min(), year[taken].max() + 1) if len(taken) else year[:0]
    count = len(shapes)
    added = np.zeros((len(years), count))
    if len(years):
        np.add.at(added, (year[project] - years[0], pieces.area), km)
    by_area = _by_area(density, years, added)
    table = by_area[["added_km", "road_km", "area_km2"]].groupby(level=0).sum()
    table[basis.definition.measure] = _ratio(table, basis.definition)
    listed = _listed(projects, how.classes, year, why, owner, stretches, project, km)
    said = (*density.notices, *notices(None, projects=projects), *_told(listed))
    said = tuple(dict.fromkeys(said))
    for frame in (table, by_area, listed):
        mark(frame, basis.definition, said)
    shape = density.table.geometry.name
    return RoadForecast(
        table=table,
        by_area=by_area,
        projects=listed,
        before=density.overall,
        areas=pd.DataFrame(density.table.drop(columns=shape)),
        definition=basis.definition,
        notices=said,
        origins=tuple(dict.fromkeys((*density.origins, *origins(projects=projects)))),
    )


def _by_area(density: RoadDensity, years: Ints, added: Floats) -> pd.DataFrame:
    """Kilometres by year and area, on top of what there is."""
    labels = density.table.index
    count = len(labels)
    base = density.table["road_km"].to_numpy()
    out = pd.DataFrame(
        {
            "added_km": added.ravel(),
            "road_km": (base + np.cumsum(added, axis=0)).ravel(),
            "area_km2": np.tile(density.table["area_km2"].to_numpy(), len(years)),
        },
        index=pd.MultiIndex.from_arrays(
            [np.repeat(years, count), np.tile(labels.to_numpy(), len(years))],
            names=["opening_year", "area"],
        ),
    )
    out[density.definition.measure] = _ratio(out, density.definition)
    return out


def _ratio(table: pd.DataFrame, definition: Definition) -> pd.Series[float]:
    ratio = table["road_km"] / table["area_km2"] * PER[definition.unit]
    return pd.Series(ratio.where(table["area_km2"] > 0))


def _listed(
    projects: gpd.GeoDataFrame,
    classes: Words,
    year: Ints,
    why: Words,
    owner: Ints,
    stretches: Shapes,
    project: Ints,
    km: Floats,
) -> pd.DataFrame:
    """One row a project; its kilometres add up to its length."""
    count = len(projects)
    length = projects.length.to_numpy() / M_PER_KM
    fresh = np.bincount(owner, shapely.length(stretches) / M_PER_KM, count)
    added = np.bincount(project, km, count)
    counts = why == COUNTED
    return pd.DataFrame(
        {
            "road_name": names_of(projects),
            "road_class": classes,
            "opening_year": pd.Series(year, index=projects.index)
            .where(year != NEVER)
            .astype("Int64"),
            "length_km": length,
            "added_km": added,
            "already_km": np.where(counts, length - fresh, 0.0),
            "elsewhere_km": np.where(counts, fresh - added, 0.0),
            "not_counted": why,
        },
        index=projects.index,
    )


def _told(listed: pd.DataFrame) -> list[str]:
    """What of the list brings nothing, and what it supposes."""
    said = [names.word("forecast.supposed")]
    label = names.vocabulary("not_counted")
    head = names.word("forecast.left_out")
    by_why = listed.loc[listed["not_counted"] != COUNTED].groupby("not_counted")["length_km"].sum()
    said += [f"{head}:{label[str(why)]} {figure(float(one))} 公里" for why, one in by_why.items()]
    already = float(listed["already_km"].sum())
    if already > 0:
        beside = names.word("forecast.already")
        near = standards.load().rule(TOGETHER[0]).value
        said.append(f"{beside}({near:g}米以内并行):{figure(already)} 公里")
    return said
