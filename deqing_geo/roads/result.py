"""The result of a road density, and what can be read off it.

Nothing is measured here; what asks for more than the table asks the basis it was counted from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.errors import ColumnError
from deqing_geo.provenance import mark
from deqing_geo.roads.basis import OUTSIDE, PER, Basis, names_of, road_rows
from deqing_geo.roads.changes import RoadChanges, road_changes
from deqing_geo.roads.forecast import RoadForecast, road_forecast
from deqing_geo.roads.standing import COUNTED
from deqing_geo.standards import Definition, Rule, Target
from deqing_geo.standards.goals import goal_of
from deqing_geo.text import card, figure, percent

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True, eq=False)
class RoadDensity:
    """Road length and land area of each area, and their ratio (路网密度).

    Attributes
    ----------
    table : GeoDataFrame
        The areas with ``road_km``, ``area_km2``, ``road_density`` (km/km2; by a definition of
        public highways ``highway_density``, km/100km2) and ``edge_km``: how much of ``road_km``
        lies within the edge band (15 m) of the layer's outer edge and so hangs on where the
        outline was drawn. Net of water also ``water_km2``. Index and CRS of the areas given.
    by_class : DataFrame
        Kilometres of open road of every class in each area, counted or not.
    not_open : DataFrame
        Kilometres of road of the counted classes in each area that is under construction
        (``building``) or ``planned``, and so not counted. Roads opened after the day asked for
        stand under ``building``: what they were on that day nobody wrote down.
    definition : Definition
        What counts, by which document.
    sources : tuple of Definition and Rule
        Everything the figures rest on.
    merged : bool
        Whether divided carriageways were merged to one line. Until they are, a density
        from double lines is too high.
    goals : tuple of float
        Figures this one may be judged by; it is never rounded across one of them.
    notices : tuple of str
        Sentences the figure must not travel without.
    origins : tuple of str
        The files behind it, with the credit their licences ask for.
    basis : Basis
        What it was counted from, for what is made of it.
    """

    table: gpd.GeoDataFrame
    by_class: pd.DataFrame
    not_open: pd.DataFrame
    definition: Definition
    sources: tuple[Definition | Rule, ...]
    merged: bool
    goals: tuple[float, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]
    basis: Basis

    @property
    def unit(self) -> str:
        """``km/km2``, or ``km/100km2`` by a definition of public highways."""
        return self.definition.unit

    @property
    def as_of(self) -> date | None:
        """The day it was counted for; None where every open road counts."""
        return self.basis.as_of

    @property
    def series(self) -> pd.Series[float]:
        """Density of each area in `unit`; NaN where an area has no land."""
        series: pd.Series[float] = self.table[self.definition.measure]
        return series

    @property
    def overall(self) -> float:
        """Density of all areas taken together, in `unit`; not the mean of `series`."""
        area = float(self.table["area_km2"].sum())
        km = float(self.table["road_km"].sum())
        return km / area * PER[self.unit] if area > 0 else float("nan")

    @property
    def by_road(self) -> pd.DataFrame:
        """Every road in every area: how much of it, and whether it counts or why not.

        One row for each road, area and reason: ``road`` and ``area`` (labels; no area for what
        lies outside), ``road_row`` (position), ``road_name``, ``road_class``, ``road_km``,
        ``counted`` and ``not_counted`` (a word, empty where counted). The rows that count add up
        to the density's length, the rows of a road to the road's.
        """
        rows = road_rows(self.basis)
        at, roads = rows["row"].to_numpy(), self.basis.roads
        area = rows["area"].to_numpy()
        labels = np.array([*self.table.index, None], dtype=object)
        table = pd.DataFrame(
            {
                "road": roads.index.to_numpy()[at],
                "road_row": at,
                "area": labels[np.where(area == OUTSIDE, len(self.table), area)],
                "road_name": names_of(roads)[at],
                "road_class": self.basis.standing.classes[at],
                "road_km": rows["road_km"].to_numpy(),
                "counted": (rows["not_counted"] == COUNTED).to_numpy(),
                "not_counted": rows["not_counted"].to_numpy(dtype=object),
            }
        )
        mark(table, self.definition, self.notices)
        return table

    @property
    def completeness(self) -> pd.Series[float]:
        """How much of the road that may count has no name, and no class.

        ``candidate_km`` is open road in the areas whose class counts or is unknown;
        ``nameless_share`` is that of the length without a name (NaN where the layer has no
        ``road_name``), ``classless_share`` that without a class.
        """
        basis = self.basis
        classless = basis.standing.why == names.UNKNOWN
        candidate = basis.standing.open & (basis.standing.of_class | classless)
        nameless = names_of(basis.roads) == ""
        km = [
            float(basis.counted_km(candidate & some).sum())
            for some in (np.ones(len(basis.roads), dtype=bool), nameless, classless)
        ]
        if "road_name" not in basis.roads:
            km[1] = float("nan")
        shares = [one / km[0] if km[0] > 0 else float("nan") for one in km[1:]]
        return pd.Series(
            [*km, *shares],
            index=[
                "candidate_km",
                "nameless_km",
                "classless_km",
                "nameless_share",
                "classless_share",
            ],
        )

    @property
    def headline(self) -> str:
        """The overall figure as readers see it."""
        return f"{figure(self.overall, against=self.goals)} {standards.UNITS[self.unit]}"

    def deficit_km(self, target: float | Rule | Target) -> pd.Series[float]:
        """How much more road each area needs to reach a density (缺口).

        Parameters
        ----------
        target : float, Rule or Target
            A number in `unit`, a rule of a standard, or a target of the plan.

        Returns
        -------
        Series of float
            Kilometres, one an area: 0 where it is reached, NaN where an area has no land.
            `overall_deficit_km` is that of all together, and not the sum: what one area has
            too much, another may lack.

        Raises
        ------
        UnitError
            If the target is in another unit.
        InputError
            If it is no positive number, or a target that asks for something else than a least
            density.

        Examples
        --------
        >>> from deqing_geo import road_density, sample
        >>> density = road_density(sample.villages(), sample.roads())
        >>> density.deficit_km(1.2).round(3).to_dict()
        {'A': 0.0, 'B': 0.0, 'C': 0.2, 'D': 1.2}
        """
        goal = goal_of(target, self.unit)
        area = self.table["area_km2"]
        short = (area * goal / PER[self.unit] - self.table["road_km"]).clip(lower=0)
        short = short.where(area > 0).rename("deficit_km")
        return pd.Series(short)

    def overall_deficit_km(self, target: float | Rule | Target) -> float:
        """How much more road all areas together need to reach a density.

        Parameters
        ----------
        target : float, Rule or Target
            As for `deficit_km`.

        Returns
        -------
        float
            Kilometres; 0 where it is reached, NaN where there is no land.

        Raises
        ------
        UnitError
            If the target is in another unit.
        InputError
            If it is no positive number, or asks for something else than a least density.

        Examples
        --------
        >>> from deqing_geo import road_density, sample
        >>> density = road_density(sample.zone(), sample.roads())
        >>> round(density.overall_deficit_km(standards.load().targets["road_density"]), 3)
        20.0
        """
        goal = goal_of(target, self.unit)
        area = float(self.table["area_km2"].sum())
        if area <= 0:
            return float("nan")
        return max(area * goal / PER[self.unit] - float(self.table["road_km"].sum()), 0.0)

    def by_group(self, column: str = "zone_name") -> pd.DataFrame:
        """The figures by 组团, or by whatever a column of the areas names, and a total.

        Parameters
        ----------
        column : str
            Several areas may have one word; they are taken together.

        Returns
        -------
        DataFrame
            The columns of `table` by group, in the order of the areas, areas without a word as
            未注明; the last row, 合计, is all together.

        Raises
        ------
        ColumnError
            If the areas have no such column.

        Examples
        --------
        >>> from deqing_geo import road_density, sample
        >>> villages = sample.villages().assign(zone_name=["东", "东", "西", "西"])
        >>> density = road_density(villages, sample.roads())
        >>> density.by_group()["road_density"].round(3).to_dict()
        {'东': 1.5, '西': 0.5, '合计': 1.0}
        """
        if column not in self.table:
            raise ColumnError(
                f"The areas have no column `{column}`; they have "
                f"{', '.join(str(one) for one in self.table.columns)}."
            )
        blank = names.word("density.unnamed_group")
        words = self.table[column].map(lambda one: str(one).strip(), na_action="ignore")
        words = words.where(words.notna() & (words != ""), blank)
        figures = [one for one in ("road_km", "area_km2", "water_km2") if one in self.table]
        by_word = self.table[[*figures, "edge_km"]].groupby(words, sort=False).sum()
        total = by_word.sum().to_frame().T.set_axis([names.word("map.overall")])
        table: pd.DataFrame = pd.concat([by_word, total])
        table.insert(
            len(figures),
            self.definition.measure,
            (table["road_km"] / table["area_km2"] * PER[self.unit]).where(table["area_km2"] > 0),
        )
        table.index.name = column
        mark(table, self.definition, self.notices)
        return table

    def changes(self, previous: RoadDensity) -> RoadChanges:
        """Road by road what lies between this figure and an earlier one (逐路增减).

        Rows of the two layers are one road by a number of their own (``road_id``, ``osm_id``)
        where both layers have it, else by their shape to the millimetre, drawn from either end,
        else where the one runs along the other. First the roads change, then the outline, then
        the definition; the rows add up to the whole difference.

        Parameters
        ----------
        previous : RoadDensity
            The earlier figure; its areas may be others, and its definition too.

        Returns
        -------
        RoadChanges
            ``.table``, ``.by_cause``, ``.by_area``, and whether the two are comparable.

        Raises
        ------
        InputError
            If `previous` is no road density.
        CRSError
            If the two were measured in different systems.
        UnitError
            If the one is per km2 and the other per 100 km2.

        Examples
        --------
        The planned lane of Paper Town opens:

        >>> from deqing_geo import road_density, sample
        >>> before = road_density(sample.villages(), sample.roads())
        >>> roads = sample.roads().assign(road_status="built")
        >>> made = road_density(sample.villages(), roads).changes(before)
        >>> made
        <RoadChanges of 1 roads: 1.00 to 1.25 km/km2, +1.000 km>
        >>> made.table.loc[0, ["road_name", "change_cause", "status_before"]].to_list()
        ['规划支路', 'opened', 'planned']
        """
        return road_changes(self, previous)

    def forecast(self, projects: gpd.GeoDataFrame) -> RoadForecast:
        """What listed projects bring by year, if they open as expected (按项目测算).

        A stretch that runs along a road that counts already, or along an earlier project, within
        15 m and in its direction to 20 degrees, is not counted again; lines are judged in pieces
        of at most 10 m. Projects without a day, and those expected before the density's own day,
        are told and not counted; ``road_status`` is not asked.

        Parameters
        ----------
        projects : GeoDataFrame of LineString
            With ``road_class`` and ``opened_on``, the expected day or year. CRS of the density.

        Returns
        -------
        RoadForecast
            ``.table`` by year, ``.by_area``, ``.by_group(column)``, ``.projects``.

        Raises
        ------
        CRSError
            If the projects are in another system than the density.
        GeometryError
            If a project is not a line.
        ColumnError
            If ``road_class`` or ``opened_on`` is absent, or holds another word or no day.

        Examples
        --------
        >>> from deqing_geo import road_density, sample
        >>> density = road_density(sample.villages(), sample.roads())
        >>> projects = sample.roads().loc[[5]].assign(opened_on=2027)
        >>> made = density.forecast(projects)
        >>> made
        <RoadForecast of 1 projects over 1 years: +1.00 km, from 1.00 km/km2>
        >>> made.table["road_density"].round(3).to_dict()
        {2027: 1.25}
        """
        return road_forecast(self, projects)

    def __repr__(self) -> str:
        merged = "carriageways merged" if self.merged else "carriageways not merged"
        return (
            f"<RoadDensity of {len(self.table)} areas: "
            f"{figure(self.overall, against=self.goals)} {self.unit} overall, {merged}>"
        )

    def _repr_html_(self) -> str:
        known = self.completeness
        return card(
            names.label(self.definition.measure),
            self.headline,
            [
                (names.label("road_km"), f"{figure(self.table['road_km'].sum())} 公里"),
                (names.label("area_km2"), f"{figure(self.table['area_km2'].sum())} 平方公里"),
                (names.label("edge_km"), f"{figure(self.table['edge_km'].sum())} 公里"),
                (names.word("density.nameless"), percent(known["nameless_share"])),
                (names.word("density.classless"), percent(known["classless_share"])),
                (names.word("map.definition"), self.definition.line),
            ],
            self.notices,
        )
