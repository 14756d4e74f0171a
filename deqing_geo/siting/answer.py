"""The answer: a list of places in order, what each brings, and what is proved about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deqing_geo import columns as names
from deqing_geo.text import card, figure, percent

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from deqing_geo.standards import Definition, Rule

MEASURE = "park_coverage"
# A proof to within this share of the answer is a proof.
PROVED = 1e-6
SHOWN_IN_CARD = 10


@dataclass(frozen=True, slots=True, eq=False)
class Siting:
    """Where new parks would serve most, in order (口袋公园建议选址). A proposal, not a plan.

    Attributes
    ----------
    sites : GeoDataFrame of Polygon
        The places in order, index ``rank`` 1, 2, 3 ...: ``candidate`` (the planner's label,
        or easting and northing), ``area`` and its names, those of ``near``,
        ``site_area_m2`` and ``least_area_m2`` (square metres: of the plot, and what its
        service radius asks for), ``service_radius`` (metres), ``gain_ha`` (hectares of
        homes it newly serves), ``coverage_after`` (0-1, with it and those before),
        ``easting``, ``northing``, ``remarks``, and the planner's own columns.
    table : GeoDataFrame
        The areas with ``demand_ha``, ``served_ha``, ``gap_ha``, ``park_coverage`` once all
        are built, and ``coverage_before``.
    served : GeoDataFrame of Polygon
        Homes newly served, with the ``rank`` of the site, ``area`` and ``gain_ha``.
    gaps : GeoDataFrame of Polygon
        Homes still out of reach, with ``area`` and ``gap_ha``.
    curve : DataFrame
        For 0, 1, 2 ... parks (``site_count``): the highest coverage found
        (``park_coverage``), and what no choice among the candidates exceeds
        (``coverage_bound``).
    dropped : GeoDataFrame
        Candidates refused, with ``refused_reason``.
    target : float
        The share aimed at, 0-1.
    reached : int or None
        After how many of the sites the target is met; None if it is not.
    fewest : int or None
        Proved: no fewer of the candidates meet the target. None where none do.
    highest : float
        What no choice of as many of the candidates exceeds, 0-1; where the target is beyond
        all of them, the coverage with all of them built.
    gap : float
        The answer falls short of the best possible by at most this: of the number of sites
        where the target is reached, else of what is newly served. 0 is proved best.
    pairs : int
        Pairs of a candidate and a piece of homes that the search ran on.
    before : float
        Coverage today, 0-1.
    definition : Definition
        What counts, by which document; that of the coverage given.
    sources : tuple of Definition and Rule
        Everything the figures rest on.
    goals : tuple of float
        Figures a coverage may be judged by; none is rounded across.
    notices : tuple of str
        Sentences the list must not travel without.
    origins : tuple of str
        The files behind it, with the credit their licences ask for.
    """

    sites: gpd.GeoDataFrame
    table: gpd.GeoDataFrame
    served: gpd.GeoDataFrame
    gaps: gpd.GeoDataFrame
    curve: pd.DataFrame
    dropped: gpd.GeoDataFrame
    target: float
    reached: int | None
    fewest: int | None
    highest: float
    gap: float
    pairs: int
    before: float
    definition: Definition
    sources: tuple[Definition | Rule, ...]
    goals: tuple[float, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether it is proved that nothing better can be chosen among the candidates."""
        return self.gap <= PROVED

    @property
    def series(self) -> pd.Series[float]:
        """Coverage of each area once all sites are built, 0-1; NaN where there are no homes."""
        series: pd.Series[float] = self.table[MEASURE]
        return series

    @property
    def overall(self) -> float:
        """Coverage of all areas together once all sites are built, 0-1."""
        demand = float(self.table["demand_ha"].sum())
        return float(self.table["served_ha"].sum()) / demand if demand > 0 else float("nan")

    @property
    def headline(self) -> str:
        """The answer in one line, as readers see it."""
        if self.before != self.before:
            return names.word("siting.nobody")
        now, then, goal = (
            percent(share, against=self.goals) for share in (self.before, self.overall, self.target)
        )
        if self.reached == 0 and not len(self.sites):
            return names.word("siting.met").format(now=now, goal=goal)
        key = {None: "siting.short", 0: "siting.above"}.get(self.reached, "siting.reaches")
        return names.word(key).format(
            count=len(self.sites), reached=self.reached, now=now, then=then, goal=goal
        )

    @property
    def proof(self) -> str:
        """What is proved about the answer, in one line."""
        if self.exact:
            kind = "fewest" if self.fewest is not None else "highest"
            return names.word(f"siting.proved_{kind}")
        if self.fewest is not None:
            return names.word("siting.at_least").format(count=self.fewest)
        key = "siting.at_most" if self.highest == self.highest else "siting.at_most_weight"
        return names.word(key).format(
            share=percent(self.highest, against=self.goals), gap=percent(self.gap)
        )

    def __repr__(self) -> str:
        proved = "proved best" if self.exact else f"within {self.gap:.2%} of the best"
        return (
            f"<Siting of {len(self.sites)} parks: {percent(self.before, against=self.goals)} -> "
            f"{percent(self.overall, against=self.goals)}, {proved}>"
        )

    def _repr_html_(self) -> str:
        shown = ["candidate", "gain_ha", "coverage_after"]
        rows = [
            [
                str(row.Index),
                str(row.candidate),
                figure(row.gain_ha),
                percent(row.coverage_after, against=self.goals),
            ]
            for row in self.sites[shown].head(SHOWN_IN_CARD).itertuples()
        ]
        facts = [
            (names.word("siting.proof"), self.proof),
            (names.word("map.definition"), self.definition.line),
        ]
        if len(self.sites) > SHOWN_IN_CARD:
            facts.insert(
                0, (names.word("siting.sites"), f"{len(self.sites)} 处,表列前 {SHOWN_IN_CARD} 处")
            )
        table = (
            ([names.label(name, unit=True) for name in ("rank", *shown)], rows) if rows else None
        )
        return card(names.word("layer.sites"), self.headline, facts, self.notices, table)
