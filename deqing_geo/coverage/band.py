"""The same zone by every definition, from lowest to highest (不同口径测算对比表).

An internal table: it shows how far a figure hangs on how it is counted, and what is reported is
one line of it. Nothing here chooses that line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.coverage.service import park_coverage
from deqing_geo.errors import InputError
from deqing_geo.provenance import origins
from deqing_geo.standards import Definition, Rule, Target
from deqing_geo.standards.goals import goal_of
from deqing_geo.text import card, figure, percent

if TYPE_CHECKING:
    from datetime import date

MEASURE = "park_coverage"


@dataclass(frozen=True, slots=True, eq=False)
class CoverageBand:
    """Every figure one zone can be given, lowest to highest (不同口径测算对比表, 内部).

    Attributes
    ----------
    table : DataFrame
        One row a definition, lowest coverage first: ``definition_key`` (index), ``definition``,
        ``parks`` (how many count), ``demand_ha``, ``served_ha``, ``park_coverage`` and ``reached``
        (the plan's target).
    target : Target
        The plan's.
    goals : tuple of float
        The plan's figure and those of other documents, ascending.
    sources : tuple of Definition and Rule
        Everything the figures rest on.
    notices, origins : tuple of str
        Sentences the figures must not travel without, the first of them that the table is
        internal; the files behind them.
    """

    table: pd.DataFrame
    target: Target
    goals: tuple[float, ...]
    sources: tuple[Definition | Rule, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def lowest(self) -> float:
        """The lowest of the figures, 0-1."""
        return float(self.table[MEASURE].min())

    @property
    def highest(self) -> float:
        """The highest of the figures, 0-1."""
        return float(self.table[MEASURE].max())

    def crosses(self, target: float | Rule | Target | None = None) -> bool:
        """Whether a target is met by one definition and missed by another.

        Parameters
        ----------
        target : float, Rule or Target, optional
            As a ratio; by default the plan's.

        Returns
        -------
        bool
            If so, the choice of the definition decides.

        Raises
        ------
        UnitError
            If the target is in another unit.
        InputError
            If it is no positive number, or more than 1.

        Examples
        --------
        >>> from deqing_geo import sample
        >>> band = coverage_band(sample.zone(), sample.parks(), sample.homes())
        >>> band.crosses(), band.crosses(0.4)
        (False, True)
        """
        goal = goal_of(self.target if target is None else target, "ratio")
        return self.lowest < goal <= self.highest

    @property
    def crossed(self) -> tuple[float, ...]:
        """Which of `goals` are met by one definition and missed by another."""
        return tuple(goal for goal in self.goals if self.crosses(goal))

    @property
    def headline(self) -> str:
        """Lowest, highest, and which figures lie between."""
        low, high = (percent(one, against=self.goals) for one in (self.lowest, self.highest))
        crossed = "、".join(percent(goal, 0) for goal in self.crossed)
        said = names.word("coverage_band.crossed" if crossed else "coverage_band.not_crossed")
        return f"{low} - {high},{said.format(goals=crossed)}"

    def __repr__(self) -> str:
        low, high = (percent(one, against=self.goals) for one in (self.lowest, self.highest))
        crossed = ", ".join(percent(goal, 0) for goal in self.crossed)
        return (
            f"<CoverageBand of {len(self.table)} definitions: {low} to {high}, "
            f"crosses {crossed or 'nothing'}>"
        )

    def _repr_html_(self) -> str:
        heads = ("definition", "parks", "demand_ha", "served_ha", MEASURE, "reached")
        rows = [
            [
                row["definition"],
                str(int(row["parks"])),
                figure(row["demand_ha"]),
                figure(row["served_ha"]),
                percent(row[MEASURE], against=self.goals),
                "是" if row["reached"] else "否",
            ]
            for _, row in self.table.iterrows()
        ]
        return card(
            names.word("coverage_band.title"),
            self.headline,
            [],
            self.notices,
            ([names.label(one, unit=True) for one in heads], rows),
        )


def coverage_band(
    areas: gpd.GeoDataFrame,
    parks: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    *,
    as_of: date | str | None = None,
) -> CoverageBand:
    """One zone by every definition of park coverage (不同口径测算对比表, 内部).

    Every definition, with homesteads left out and counted; the default also with parks outside the
    zone and with parks that touch counted as one. The definition of historic quarters is meant
    for those and stands here for comparison.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        The zone; all rows together. Metric CRS.
    parks : GeoDataFrame of Polygon
        With ``park_class``. Same CRS.
    homes : GeoDataFrame of Polygon
        With ``home_class``. Same CRS.
    as_of : date or str, optional
        The last day on which a park may have opened.

    Returns
    -------
    CoverageBand
        ``.table``, ``.crosses(0.91)``, ``.crossed``.

    Raises
    ------
    CRSError
        If a layer has no CRS, is in degrees or feet, or they disagree.
    GeometryError
        If a shape is not a valid polygon.
    ColumnError
        If a class is absent, or a column holds another word or no day.
    InputError
        If there are no homes to serve, the areas' index repeats a label, or `as_of` is no day.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> coverage_band(sample.zone(), sample.parks(), sample.homes())
    <CoverageBand of 7 definitions: 32.26% to 45.16%, crosses nothing>
    """
    law = standards.load()
    ways = law.ways(MEASURE)
    homesteads = "home_class" in homes and bool((homes["home_class"] == "homestead").any())
    lines = list(ways)
    lines += [way.with_homesteads() for way in ways] if homesteads else []
    lines += [ways[0].with_parks_outside(), ways[0].with_joined_parks(law.rule("park.join_gap"))]
    rows: list[dict[str, object]] = []
    said: list[str] = []
    for way in lines:
        made = park_coverage(areas, parks, homes, by=way, as_of=as_of)
        said += made.notices
        rows.append(
            {
                "definition_key": way.key,
                "definition": way.line,
                "parks": int(made.parks["counted"].sum()),
                "demand_ha": float(made.table["demand_ha"].sum()),
                "served_ha": float(made.table["served_ha"].sum()),
                MEASURE: made.overall,
            }
        )
    table = pd.DataFrame(rows).set_index("definition_key")
    if table[MEASURE].isna().all():
        raise InputError("`areas` holds no homes that count, so there is no coverage to compare.")
    target = law.targets[MEASURE]
    table["reached"] = table[MEASURE] >= goal_of(target, "ratio")
    table = table.sort_values([MEASURE, "definition"], kind="stable")
    notes = (names.word("map.internal"), names.word("coverage_band.internal"), *said)
    notes = tuple(dict.fromkeys(notes))
    table.attrs["notice"] = ";".join(notes)
    return CoverageBand(
        table=table,
        target=target,
        goals=law.goals(MEASURE),
        sources=tuple(lines),
        notices=notes,
        origins=origins(areas=areas, parks=parks, homes=homes),
    )
