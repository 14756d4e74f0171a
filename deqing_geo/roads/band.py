"""The same zone by every definition, from lowest to highest (不同口径测算对比表).

An internal table: it shows how far a figure hangs on how it is counted, and what is reported is
one line of it. Nothing here chooses that line.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import require_polygons
from deqing_geo.crs import require_metres
from deqing_geo.cutting import areas_in, once
from deqing_geo.ellipsoid import M_PER_KM
from deqing_geo.errors import InputError
from deqing_geo.provenance import notices, origins
from deqing_geo.roads.basis import PER, Basis
from deqing_geo.roads.density import road_density
from deqing_geo.roads.standing import standing
from deqing_geo.standards import Definition, Rule, Target
from deqing_geo.standards.goals import goal_of
from deqing_geo.standards.model import BORDERS
from deqing_geo.text import card, figure

if TYPE_CHECKING:
    from datetime import date


MEASURE = "road_density"
WIDTHS = "road.mean_width."


@dataclass(frozen=True, slots=True, eq=False)
class DensityBand:
    """Every figure one zone can be given, lowest to highest (不同口径测算对比表, 内部).

    Attributes
    ----------
    table : DataFrame
        One row a definition, lowest density first: ``definition_key`` (index), ``definition``,
        ``border_rule``, ``water_rule``, ``merged`` (whether its carriageways are), ``road_km``,
        ``area_km2``, ``road_density``, ``reached`` (the target) and, with a layer of road
        surface, ``mean_width_m`` and ``width_flagged``.
    target : Target
        The plan's.
    width_range : tuple of float or None
        The published mean widths between which one is not flagged, in metres.
    sources : tuple of Definition and Rule
        Everything the figures rest on.
    notices, origins : tuple of str
        Sentences the figures must not travel without, the first of them that the table is
        internal; the files behind them.
    """

    table: pd.DataFrame
    target: Target
    width_range: tuple[float, float] | None
    sources: tuple[Definition | Rule, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def lowest(self) -> float:
        """The lowest of the figures, in km/km2."""
        return float(self.table[MEASURE].min())

    @property
    def highest(self) -> float:
        """The highest of the figures, in km/km2."""
        return float(self.table[MEASURE].max())

    def crosses(self, target: float | Rule | Target | None = None) -> bool:
        """Whether a target is met by one definition and missed by another.

        Parameters
        ----------
        target : float, Rule or Target, optional
            In km/km2; by default the plan's.

        Returns
        -------
        bool
            If so, the choice of the definition decides.

        Raises
        ------
        UnitError
            If the target is in another unit.
        InputError
            If it is no positive number.

        Examples
        --------
        >>> from deqing_geo import sample
        >>> band = density_band(sample.zone(), sample.roads())
        >>> band.crosses(8), band.crosses(1.4)
        (False, True)
        """
        goal = goal_of(self.target if target is None else target, "km/km2")
        return self.lowest < goal <= self.highest

    @property
    def separates(self) -> pd.Series[float]:
        """What lies between the lowest and the highest figure, in km/km2.

        From the lowest line the classes and the merging change first (``definition``), then the
        ``border`` and the ``water``; the three add up to the whole difference.
        """
        table = self.table
        first, last = table.iloc[0], table.iloc[-1]
        options = ("way", "border_rule", "water_rule")
        table = self.table.assign(way=self.table.index.str.split("+").str[0])
        figures = table.set_index(list(options))[MEASURE].to_dict()
        first, last = table.iloc[0], table.iloc[-1]
        way, found = [first[option] for option in options], [float(first[MEASURE])]
        for at, option in enumerate(options):
            way[at] = last[option]
            found.append(figures[tuple(way)])
        return pd.Series(np.diff(found), index=["definition", "border", "water"])

    @property
    def headline(self) -> str:
        """Lowest, highest, and whether the target lies between."""
        low, high = (figure(one, against=self._goals) for one in (self.lowest, self.highest))
        crossed = names.word("band.crossed" if self.crosses() else "band.not_crossed")
        unit = standards.UNITS["km/km2"]
        return f"{low} - {high} {unit},{crossed.format(goal=f'{self._goals[0]:g}')}"

    @property
    def _goals(self) -> tuple[float]:
        return (goal_of(self.target, "km/km2"),)

    def __repr__(self) -> str:
        low, high = (figure(one, against=self._goals) for one in (self.lowest, self.highest))
        says = "crosses" if self.crosses() else "does not cross"
        return (
            f"<DensityBand of {len(self.table)} definitions: {low} to {high} km/km2, "
            f"{says} {self._goals[0]:g}>"
        )

    def _repr_html_(self) -> str:
        heads = ("definition", "merged", "road_km", "area_km2", MEASURE, "reached")
        yes_no = {True: "是", False: "否"}
        rows = [
            [
                row["definition"],
                yes_no[bool(row["merged"])],
                figure(row["road_km"]),
                figure(row["area_km2"]),
                figure(row[MEASURE], against=self._goals),
                yes_no[bool(row["reached"])],
            ]
            for _, row in self.table.iterrows()
        ]
        apart = [
            (names.word(f"band.{what}"), f"{step:+.2f} {standards.UNITS['km/km2']}")
            for what, step in self.separates.items()
        ]
        return card(
            names.word("band.title"),
            self.headline,
            apart,
            self.notices,
            ([names.label(one, unit=True) for one in heads], rows),
        )


def density_band(
    areas: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    *,
    as_of: date | str | None = None,
    water: gpd.GeoDataFrame | None = None,
    road_area: gpd.GeoDataFrame | None = None,
    merged: Any = None,
) -> DensityBand:
    """One zone by every definition of urban road density (不同口径测算对比表, 内部).

    Every definition, by each rule for the outer edge (whole, half, not at all) and, where water
    is given, with and without it: one line each. With a layer of road surface the mean width
    (surface by counted length) is compared with four counties of a yearbook: a mean far outside
    says that length and surface were not taken from the same roads. It is flagged, not refused.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        The zone; all rows together. Metric CRS.
    roads : GeoDataFrame of LineString
        As drawn, divided carriageways as two lines; with ``road_class``. Same CRS.
    as_of : date or str, optional
        The last day on which a road may have opened.
    water : GeoDataFrame of Polygon, optional
        Water to take out. Same CRS.
    road_area : GeoDataFrame of Polygon, optional
        The surface of roads. Same CRS.
    merged : CentreLines or GeoDataFrame, optional
        The same roads with carriageways merged, as `centre_lines` gives them. Without it the
        definitions that want centre lines are counted on `roads`, and marked 未合并.

    Returns
    -------
    DensityBand
        ``.table``, ``.crosses(8)``, ``.separates``.

    Raises
    ------
    CRSError
        If a layer has no CRS, is in degrees or feet, or they disagree.
    GeometryError
        If a shape is of the wrong kind or not valid.
    ColumnError
        If ``road_class`` is absent, or a column holds another word or no day.
    InputError
        If there is no land to measure, the areas' index repeats a label, `as_of` is no day, or
        `merged` does not say that it was merged.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> density_band(sample.zone(), sample.roads())
    <DensityBand of 9 definitions: 1.33 to 1.47 km/km2, does not cross 8>
    """
    centre = _merged_lines(merged)
    layers = {"areas": areas, "roads": roads}
    layers |= {} if road_area is None else {"road_area": road_area}
    require_metres(**layers)
    said = road_density(areas, roads, as_of=as_of, water=water)
    bases = {False: said.basis}
    if centre is not None:
        said = road_density(areas, centre, as_of=as_of, water=water)
        bases[True] = said.basis
    if not float((said.basis.area_km2 + said.basis.water_km2).sum()) > 0:
        raise InputError("`areas` has no land, so there is no density to compare.")
    is_merged = centre is not None or bool(roads.attrs.get("centre_lines", {}).get("merged"))
    law = standards.load()
    ways = law.ways(MEASURE)
    waters = ("in", "out") if water is not None else ("in",)
    rows = []
    for way in ways:
        basis = bases[way.merge and centre is not None]
        basis = dataclasses.replace(basis, standing=standing(basis.roads, way, basis.as_of))
        for border, wet in itertools.product(BORDERS, waters):
            option = way.with_border(border)
            option = option.without_water() if wet == "out" else option
            rows.append(_line(basis, option) | {"merged": way.merge and is_merged})
    table = pd.DataFrame(rows).set_index("definition_key")
    goal = goal_of(law.targets[MEASURE], "km/km2")
    table["reached"] = table[MEASURE] >= goal
    widths = [law.rule(key) for key in law.entries if key.startswith(WIDTHS)]
    notes = [names.word("map.internal"), names.word("band.internal")]
    notes += [one for one in said.notices if one != names.word("notice.unread")]
    notes += [names.word("notice.unread")] if any(way.unread for way in ways) else []
    width_range = None
    if road_area is not None:
        width_range = (min(one.value for one in widths), max(one.value for one in widths))
        surface = _surface(areas, road_area)
        notes += _with_widths(table, surface, width_range, ways[0].key)
        notes += notices(None, road_area=road_area)
    table = table.sort_values([MEASURE, "definition"], kind="stable")
    table.attrs["notice"] = ";".join(dict.fromkeys(notes))
    given = {"merged": centre, "water": water, "road_area": road_area}
    given = {name: frame for name, frame in given.items() if frame is not None}
    return DensityBand(
        table=table,
        target=law.targets[MEASURE],
        width_range=width_range,
        sources=(*ways, *(widths if road_area is not None else ())),
        notices=tuple(dict.fromkeys(notes)),
        origins=origins(areas=areas, roads=roads, **given),
    )


def _merged_lines(merged: Any) -> gpd.GeoDataFrame | None:
    """The lines of what `centre_lines` gave, or of a frame it made."""
    if merged is None:
        return None
    lines = getattr(merged, "lines", merged)
    if not isinstance(lines, gpd.GeoDataFrame):
        raise InputError(f"merged={merged!r} is not what centre_lines gives.")
    if not lines.attrs.get("centre_lines", {}).get("merged"):
        raise InputError(
            "`merged` does not say that its carriageways were merged. Pass what centre_lines "
            "gives, or its `.lines`, before anything else is done with them."
        )
    return lines


def _line(basis: Basis, definition: Definition) -> dict[str, Any]:
    """The figure of all areas together by one definition."""
    km = float(dataclasses.replace(basis, definition=definition).counted_km().sum())
    area = float(basis.area_km2.sum())
    if definition.water == "in":
        area += float(basis.water_km2.sum())
    return {
        "definition_key": definition.key,
        "definition": definition.line,
        "border_rule": definition.border,
        "water_rule": definition.water,
        "road_km": km,
        "area_km2": area,
        MEASURE: km / area * PER[definition.unit] if area > 0 else float("nan"),
    }


def _surface(areas: gpd.GeoDataFrame, road_area: gpd.GeoDataFrame) -> float:
    """Square metres of road surface in the areas, what is drawn twice once."""
    parts = once(np.asarray(areas.geometry.array, dtype=object))
    blocks = once(require_polygons(road_area=road_area))
    return float(areas_in(parts, blocks).sum())


def _with_widths(
    table: pd.DataFrame, surface: float, between: tuple[float, float], key: str
) -> list[str]:
    """Mean widths in the table, and what is said of the default definition's."""
    metres = table["road_km"] * M_PER_KM
    table["mean_width_m"] = (surface / metres).where(metres > 0)
    table["width_flagged"] = (metres > 0) & ~table["mean_width_m"].between(*between)
    width = float(table["mean_width_m"][key])
    text = f"{names.word('band.width')} {figure(width, 1)} 米({between[0]:g}-{between[1]:g} 米)"
    if not table["width_flagged"][key]:
        return []
    return [f"{text},{names.word('band.check')}"]
