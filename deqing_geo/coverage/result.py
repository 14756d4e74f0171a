"""The result of a coverage, and what can be read off it.

Nothing is measured here; what asks for more than the table asks the basis it was measured from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.coverage.basis import LAND, LIVING, Basis
from deqing_geo.errors import ColumnError
from deqing_geo.provenance import mark
from deqing_geo.standards import Definition, Rule
from deqing_geo.text import card, figure, percent

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from deqing_geo.coverage.access import Access
    from deqing_geo.coverage.changes import CoverageChanges
    from deqing_geo.coverage.forecast import CoverageForecast
    from deqing_geo.coverage.walking import Walking

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What is within the service radius of parks or facilities, and the rest (服务半径覆盖率).

    Attributes
    ----------
    table : GeoDataFrame
        The areas with ``demand_ha``, ``served_ha``, ``gap_ha`` (hectares, ellipsoidal; of people,
        households or places ``demand_count`` and so on) and `measure` (0-1; NaN where an area
        needs nothing). Index and CRS of the areas given.
    parks : GeoDataFrame
        Every park or facility given, with ``park_area_m2`` (``facility_area_m2``),
        ``service_radius`` (metres; NaN where it does not count), ``counted`` and
        ``not_counted_reason``; where parks count together also ``joined_area_m2``.
    definition : Definition
        What counts, by which document.
    sources : tuple of Definition and Rule
        Everything the figures rest on.
    goals : tuple of float
        Figures this one may be judged by; it is never rounded across one of them.
    notices : tuple of str
        Sentences the figure must not travel without.
    origins : tuple of str
        The files behind it, with the credit their licences ask for.
    basis : Basis
        What it was measured from, for what is made of it.
    walking : Walking or None
        What is reached on foot, where a network was given.
    """

    table: gpd.GeoDataFrame
    parks: gpd.GeoDataFrame
    definition: Definition
    sources: tuple[Definition | Rule, ...]
    goals: tuple[float, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]
    basis: Basis
    walking: Walking | None = None

    @property
    def measure(self) -> str:
        """``park_coverage``, or ``service_coverage`` of other facilities or of counts."""
        return measure_of(self.definition, self.unit)

    @property
    def unit(self) -> str:
        """What is served: ``ha`` of land, or ``count`` of people, households or places."""
        return self.basis.demand.unit

    @property
    def as_of(self) -> date | None:
        """The day it was measured for; None where everything open counts."""
        return self.basis.as_of

    @property
    def series(self) -> pd.Series[float]:
        """Coverage of each area, 0-1; NaN where nothing needs to be served."""
        series: pd.Series[float] = self.table[self.measure]
        return series

    @property
    def overall(self) -> float:
        """Coverage of all areas taken together, 0-1; not the mean of `series`."""
        demand = float(self.table[f"demand_{self.unit}"].sum())
        served = float(self.table[f"served_{self.unit}"].sum())
        return served / demand if demand > 0 else float("nan")

    @property
    def headline(self) -> str:
        """The overall figure as readers see it."""
        return percent(self.overall, against=self.goals)

    @property
    def served(self) -> gpd.GeoDataFrame:
        """What is in reach, one row per area and row of the demand.

        With ``area`` (the area's label), ``demand_row`` (position in the layer given; of
        overlapping rows, which are one piece of land, the first) and ``served_ha``.
        """
        return self._pieces("served")

    @property
    def gaps(self) -> gpd.GeoDataFrame:
        """What is out of reach, one row per area and row of the demand (服务盲区).

        With ``area``, ``demand_row``, ``gap_ha``, ``households`` and ``people`` where the homes
        say who lives there (spread evenly over a row's land), ``nearest_name`` and ``nearest_m``:
        the nearest park that counts and how far it is, straight, from the middle of the gap.
        """
        return self._pieces("gap")

    @property
    def service_area(self) -> gpd.GeoDataFrame:
        """The land in reach, whatever stands on it; one row per connected part."""
        from deqing_geo.radii import land_within, union_parts

        reach = self.basis.parted.reach
        if reach is None:
            standing = self.basis.standing
            reach = union_parts(land_within(standing.parts, standing.reach))
        out = gpd.GeoDataFrame(geometry=reach, crs=self.table.crs)
        mark(out, self.definition, self.notices)
        return out

    def _pieces(self, word: str) -> gpd.GeoDataFrame:
        """Pieces of demand as a frame, worked out once."""
        basis = self.basis
        if word not in basis.memo:
            at, kept, amount = basis.rows(word)
            data = {
                "area": basis.labels[basis.demand.area[at]],
                "demand_row": basis.demand.row[at],
                f"{word}_{self.unit}": amount,
            }
            if word == "gap":
                if self.unit == LAND:
                    there = [one for one in LIVING if one in basis.demand_frame]
                    data |= {one: basis.living(one, at, kept) for one in there}
                data["nearest_name"], data["nearest_m"] = nearest(basis, kept)
            out = gpd.GeoDataFrame(data, geometry=kept, crs=self.table.crs)
            mark(out, self.definition, self.notices)
            basis.memo[word] = out
        # Whoever changes what he was given shall not change the next answer.
        held = basis.memo[word].copy()
        held.attrs = dict(basis.memo[word].attrs)
        return gpd.GeoDataFrame(held)

    def by_group(self, column: str) -> pd.DataFrame:
        """Figures by the words of a column of the areas, such as 组团, and for all of them.

        Parameters
        ----------
        column : str
            Of the areas, such as ``zone_name`` (组团) or ``town_name``.

        Returns
        -------
        DataFrame
            Sums of demand, served and gap and their ratio, one row a word in order of
            appearance, rows without a word together, then the total.

        Raises
        ------
        ColumnError
            If the areas have no such column.

        Examples
        --------
        >>> from deqing_geo import park_coverage, sample
        >>> villages = sample.villages().assign(zone_name=["西", "西", "东", "东"])
        >>> coverage = park_coverage(villages, sample.parks(), sample.homes())
        >>> coverage.by_group("zone_name")["park_coverage"].round(4).to_dict()
        {'西': 0.5575, '东': 0.0476, '合计': 0.4194}
        """
        if column not in self.table:
            raise ColumnError(
                f"The areas have no column `{column}`; they have "
                f"{', '.join(str(one) for one in self.table.columns)}."
            )
        blank = names.word("density.unnamed_group")
        words = self.table[column].map(lambda one: str(one).strip(), na_action="ignore")
        words = words.where(words.notna() & (words != ""), blank)
        figures = [f"{one}_{self.unit}" for one in ("demand", "served", "gap")]
        by_word = self.table[figures].groupby(words, sort=False).sum()
        total = by_word.sum().to_frame().T.set_axis([names.word("map.overall")])
        table: pd.DataFrame = pd.concat([by_word, total])
        table[self.measure] = ratio(table[figures[1]].to_numpy(), table[figures[0]].to_numpy())
        table.index.name = column
        mark(table, self.definition, self.notices)
        return table

    @property
    def by_park(self) -> pd.DataFrame:
        """What each park or facility serves, and what it alone serves.

        One row each: its name, ``service_radius``, ``served_ha`` (also where others serve too) and
        ``alone_ha``, which is lost if it closes and nothing else changes. Where parks count
        together (``+joined``), the others are taken to keep their radius.
        """
        from deqing_geo.coverage.single import by_park

        return by_park(self)

    @property
    def alone(self) -> gpd.GeoDataFrame:
        """What each park alone serves: ``park_row`` (position), then as `reach_of`."""
        from deqing_geo.coverage.single import alone_pieces

        return alone_pieces(self)

    def reach_of(self, park: object) -> gpd.GeoDataFrame:
        """What one park alone serves: out of reach, if it closes and nothing else changes.

        Parameters
        ----------
        park : label
            Of the index of the parks given.

        Returns
        -------
        GeoDataFrame of Polygon, or of Point
            ``area``, ``demand_row``, ``alone_ha``; one row per area and row of the demand.

        Raises
        ------
        InputError
            If the layer has no such label, or several.

        Examples
        --------
        >>> from deqing_geo import park_coverage, sample
        >>> coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
        >>> coverage.reach_of(1)[["area", "alone_ha"]].round(2).values.tolist()
        [['A', 5.0]]
        """
        from deqing_geo.coverage.single import reach_of

        return reach_of(self, park)

    def on_foot(
        self,
        network: Any,
        *,
        entrances: gpd.GeoDataFrame | None = None,
        grid_m: float | None = None,
    ) -> Walking:
        """What is reached on foot: from entrances along a network, beside the straight line.

        Demand is sampled on a grid; each sample walks straight to the nearest stretch, along the
        network, and from there to an entrance of a park that counts.

        Parameters
        ----------
        network : RoadNetwork or networkx.MultiGraph
            Of `road_network` or `road_graph`; people walk both ways.
        entrances : GeoDataFrame of Point, optional
            Each within 20 m of its park. By default entrances are assumed where stretches meet
            the park's edge, and else at the nearest street within 50 m; the result says so.
        grid_m : float, optional
            Distance between samples; 25 m. Places of demand are their own samples.

        Returns
        -------
        Walking
            ``.overall`` and ``.straight`` from the same samples, ``.disagreements``,
            ``.entrances``, ``.samples``.

        Raises
        ------
        CRSError
            If the network or the entrances lie in another system.
        GeometryError
            If an entrance is not a point.
        InputError
            If the grid is no distance above 0, the network no network, or an entrance at no park.

        Examples
        --------
        >>> from deqing_geo import park_coverage, road_network, sample
        >>> coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
        >>> coverage.on_foot(road_network(sample.roads()))  # no street comes near a park
        <Walking of 248 samples at 25 m: 42.24% straight, 0.00% on foot>
        """
        from deqing_geo.coverage.walking import GRID_M, on_foot

        return on_foot(
            self, network, entrances=entrances, grid_m=GRID_M if grid_m is None else grid_m
        )

    def access(self, *, people: str = "people", limit_m: float = 500.0) -> Access:
        """Park land within people's reach, and how evenly it is shared (for research).

        The Gaussian two-step floating catchment: each park's land S_j is divided among the
        people around it, R_j = S_j / sum_k G(d_kj) P_k, and a person has A_i = sum_j G(d_ij) R_j,
        with G(d) = (exp(-(d/d0)^2 / 2) - exp(-1/2)) / (1 - exp(-1/2)) up to the limit d0 and 0
        beyond. Gini is twice the area between the Lorenz curve and the diagonal.

        Parameters
        ----------
        people : str
            Column of the homes (or places) that says how many live there.
        limit_m : float
            d0; 500 m, the radius of the larger parks by most definitions.

        Returns
        -------
        Access
            ``.table``, ``.by_area`` (with park land a person), ``.gini``, ``.lorenz``.

        Raises
        ------
        InputError
            If the demand has no such column, or the limit is not above 0.

        References
        ----------
        Dai, D. (2010). Black residential segregation, disparities in spatial access to health
        care facilities, and late-stage breast cancer diagnosis in metropolitan Detroit. Health &
        Place 16(5), 1038-1052 (the Gaussian weights).

        Examples
        --------
        >>> from deqing_geo import park_coverage, sample
        >>> homes = sample.homes().assign(people=[1000, 500, 100])
        >>> park_coverage(sample.villages(), sample.parks(), homes).access(limit_m=1000)
        <Access of 1,600 people within 1000 m: 7.50 m2 each, Gini 0.32>
        """
        from deqing_geo.coverage.access import access_of

        return access_of(self, people=people, limit_m=limit_m)

    def changes(self, previous: Coverage) -> CoverageChanges:
        """Why this coverage is not what it was, park by park, with nothing left over.

        Parks, homes, outline and definition change one after the other, each measured with
        everything else held. What a park adds hangs on which others are there, so parks go in
        a fixed order: those lost, those changed, those gained, each by the day they opened and by
        their label.

        Parameters
        ----------
        previous : Coverage
            The figure before, of the same kind and in the same system.

        Returns
        -------
        CoverageChanges
            ``.table`` park by park, ``.by_cause``, ``.by_area``; the rows add up to the difference.

        Raises
        ------
        InputError
            If `previous` is no coverage.
        CRSError
            If the two were measured in different systems.
        UnitError
            If the one is of land and the other of people or places.

        Examples
        --------
        >>> from deqing_geo import park_coverage, sample
        >>> areas, parks, homes = sample.villages(), sample.parks(), sample.homes()
        >>> earlier = parks.assign(park_status=["built", "building", "built"])
        >>> before = park_coverage(areas, earlier, homes)
        >>> made = park_coverage(areas, parks, homes).changes(before)
        >>> made
        <CoverageChanges of 1 parks: 32.26% to 41.94%>
        >>> made.table[["park_name", "park_change_cause", "delta_ha"]].round(2).values.tolist()
        [['小公园', 'opened', 1.5]]
        """
        from deqing_geo.coverage.changes import coverage_changes

        return coverage_changes(self, previous)

    def forecast(self, projects: gpd.GeoDataFrame) -> CoverageForecast:
        """What listed parks bring by year, if they open as expected.

        Parameters
        ----------
        projects : GeoDataFrame
            With ``park_class`` and ``opened_on``: a day, a month, or a bare year, which means its
            last day. What stands there already brings nothing twice.

        Returns
        -------
        CoverageForecast
            ``.table`` by year, ``.by_area``, ``.projects``.

        Raises
        ------
        CRSError
            If the projects are in another system than the coverage.
        GeometryError
            If a project's shape is not valid.
        ColumnError
            If the class or ``opened_on`` is absent, or holds another word or no day.

        Examples
        --------
        The park that is too small today is to grow, and a strip of 100 m comes within its reach:

        >>> from deqing_geo import park_coverage, sample
        >>> coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
        >>> grown = sample.parks().loc[[3]].assign(opened_on="2026")
        >>> grown = grown.set_geometry(grown.buffer(10, join_style="mitre"))
        >>> coverage.forecast(grown)
        <CoverageForecast of 1 projects over 1 years: from 41.94% to 45.16%(2026)>
        """
        from deqing_geo.coverage.forecast import coverage_forecast

        return coverage_forecast(self, projects)

    def __repr__(self) -> str:
        return (
            f"<Coverage of {len(self.table)} areas: {self.headline} overall, "
            f"{int(self.parks['counted'].sum())} of {len(self.parks)} "
            f"{self.basis.called.layer} counted>"
        )

    @property
    def homesteads(self) -> float | None:
        """The figure with homesteads among the homes (含宅基地), 0-1.

        None where the definition counts them already, or the areas hold none: 城中村 left out
        flatters a coverage, so both figures are shown where there are two.
        """
        from deqing_geo.coverage.service import with_homesteads

        if "homesteads" not in self.basis.memo:
            self.basis.memo["homesteads"] = with_homesteads(self)
        found: float | None = self.basis.memo["homesteads"]
        return found

    def _homesteads(self) -> list[tuple[str, str]]:
        """The other figure and the difference, as a line of the card."""
        if self.homesteads is None:
            return []
        apart = (self.homesteads - self.overall) * 100
        shown = percent(self.homesteads, against=self.goals)
        return [(names.word("coverage.homesteads"), f"{shown}(相差 {apart:+.2f} 个百分点)")]

    def _repr_html_(self) -> str:
        counted = int(self.parks["counted"].sum())
        unit = "公顷" if self.unit == LAND else ""
        parts = ("demand", "served", "gap")
        sums = [f"{one}_{self.unit}" for one in parts]
        layer = names.word("layer.parks" if self.basis.called.head == "park" else "layer.facility")
        return card(
            names.label(self.measure),
            self.headline,
            [
                (names.label(one), f"{figure(float(self.table[one].sum()))} {unit}".strip())
                for one in sums
            ]
            + (
                []
                if self.walking is None
                else [(names.label("walking_coverage"), self.walking.headline)]
            )
            + self._homesteads()
            + [
                (layer, f"{counted} / {len(self.parks)} 计入"),
                (names.word("map.definition"), self.definition.line),
            ],
            self.notices,
        )


def measure_of(definition: Definition, unit: str) -> str:
    """What a figure is called: a share of people is not the share of land documents ask for.

    Parameters
    ----------
    definition : Definition
        What counts.
    unit : str
        ``ha`` or ``count``.

    Returns
    -------
    str
        A column's name.
    """
    return definition.measure if unit == LAND else "service_coverage"


def ratio(served: Floats, demand: Floats) -> Floats:
    """Served over demand; NaN where there is no demand.

    Parameters
    ----------
    served, demand : array of float
        In one unit.

    Returns
    -------
    array of float
        0 to 1.

    Examples
    --------
    >>> ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(demand > 0, served / demand, np.nan)


def nearest(basis: Basis, shapes: Shapes) -> tuple[NDArray[Any], Floats]:
    """The nearest part that serves, from the middle of each shape, and how far it is.

    Parameters
    ----------
    basis : Basis
        Who serves.
    shapes : array of shapely geometries
        Gaps.

    Returns
    -------
    names : array of str
        Empty where nobody serves.
    metres : array of float
        NaN there.
    """
    called = np.full(len(shapes), "", dtype=object)
    metres = np.full(len(shapes), np.nan)
    parts = basis.standing.parts
    if len(shapes) == 0 or len(parts) == 0:
        return called, metres
    middle = shapely.point_on_surface(shapes)
    (at, part), away = shapely.STRtree(parts).query_nearest(middle, return_distance=True)
    # Of several as near the first of the layer, whatever the order of the search.
    order = np.lexsort((basis.standing.of[part], at))
    first = order[np.flatnonzero(np.diff(at[order], prepend=-1))]
    called[at[first]] = basis.names[basis.standing.of[part[first]]]
    metres[at[first]] = away[first]
    return called, metres
