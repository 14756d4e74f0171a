"""Service radius: how much residential land lies within reach of a park, and what does not.

Everything here measures; nothing reads a file, judges a figure against a standard, or
draws. Layers arrive in a metric CRS (see `deqing_geo.crs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import require_areas, require_polygons, require_words, warn_if_apart
from deqing_geo.crs import require_metres
from deqing_geo.cutting import once, pieces_in
from deqing_geo.ellipsoid import M2_PER_HA, ellipsoidal_area
from deqing_geo.provenance import mark, notices, origins
from deqing_geo.reach import land_within, only_land, parts_inside, radius_of, split_by, union_parts
from deqing_geo.standards import Definition, Rule
from deqing_geo.text import card, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

MEASURE = "park_coverage"
BUILT = "built"


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Residential land within the service radius of parks, and the rest (公园绿地服务半径覆盖率).

    Attributes
    ----------
    table : GeoDataFrame
        The areas with ``demand_ha``, ``served_ha``, ``gap_ha`` (hectares, ellipsoidal) and
        ``park_coverage`` (0-1; NaN where an area has no homes). Index and CRS of the areas
        given.
    served, gaps : GeoDataFrame of Polygon
        Residential land within reach and out of reach, one row per area and block, with
        ``area`` (the area's label) and ``served_ha`` or ``gap_ha``.
    service_area : GeoDataFrame of Polygon
        The land within reach, whatever stands on it; one row per connected part.
    parks : GeoDataFrame
        Every park given, with ``park_area_m2``, ``service_radius`` (metres; NaN where it does
        not count), ``counted`` and ``not_counted_reason``.
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
    """

    table: gpd.GeoDataFrame
    served: gpd.GeoDataFrame
    gaps: gpd.GeoDataFrame
    service_area: gpd.GeoDataFrame
    parks: gpd.GeoDataFrame
    definition: Definition
    sources: tuple[Definition | Rule, ...]
    goals: tuple[float, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def series(self) -> pd.Series[float]:
        """Coverage of each area, 0-1; NaN where there are no homes."""
        series: pd.Series[float] = self.table[MEASURE]
        return series

    @property
    def overall(self) -> float:
        """Coverage of all areas taken together, 0-1; not the mean of `series`."""
        demand = float(self.table["demand_ha"].sum())
        return float(self.table["served_ha"].sum()) / demand if demand > 0 else float("nan")

    @property
    def headline(self) -> str:
        """The overall figure as readers see it."""
        return percent(self.overall, against=self.goals)

    def __repr__(self) -> str:
        return (
            f"<Coverage of {len(self.table)} areas: {self.headline} overall, "
            f"{int(self.parks['counted'].sum())} of {len(self.parks)} parks counted>"
        )

    def _repr_html_(self) -> str:
        counted = int(self.parks["counted"].sum())
        return card(
            names.label(MEASURE),
            self.headline,
            [
                (names.label(column), f"{self.table[column].sum():.2f} 公顷")
                for column in ("demand_ha", "served_ha", "gap_ha")
            ]
            + [
                (names.word("layer.parks"), f"{counted} / {len(self.parks)} 计入"),
                (names.word("map.definition"), self.definition.line),
            ],
            self.notices,
        )


def park_coverage(
    areas: gpd.GeoDataFrame,
    parks: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    *,
    by: Definition | str | None = None,
) -> Coverage:
    """Share of residential land within the service radius of a park (公园绿地服务半径覆盖率).

    Distances run straight from the park's boundary; the radius follows the park's size.
    Land within reach of several parks, and land drawn twice, counts once. A park counts
    when it meets the areas; its size is that of the whole park, to the square metre;
    only its part inside the areas serves, unless the definition counts parks outside.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon, N rows
        The areas reported on, for the plan's own figure the built-up zone. Metric CRS.
    parks : GeoDataFrame of Polygon, any number of rows
        With ``park_class``; rows whose ``park_status`` is not ``built`` do not serve yet.
    homes : GeoDataFrame of Polygon, any number of rows
        Residential land with ``home_class``; what of it counts, the definition says.
    by : Definition or str, optional
        What counts, and how far. By default Deqing's own choice,
        ``park.health_check_2021``.

    Returns
    -------
    Coverage
        ``.series`` is float, shape (N,), 0-1; NaN where an area has no homes, 0.0 where
        it has homes and no park in reach.

    Raises
    ------
    CRSError
        If a layer has no CRS, is in degrees or feet, or they disagree.
    GeometryError
        If a shape is not a valid polygon.
    ColumnError
        If a class column is absent, or a word is not in the vocabulary.
    InputError
        If the areas' index repeats a label.
    StandardsError
        If `by` does not define park coverage.

    Warns
    -----
    DeqingGeoWarning
        If a layer lies farther from the areas than they are wide: of another place, probably.

    Notes
    -----
    Rounded corners are drawn with 256 sides a circle; their radius is enlarged by
    sqrt((2*pi/256) / sin(2*pi/256)), 0.005 %, so that a full disc has the area of the circle,
    and straight stretches stay at the radius itself. Parks as round as the drawing is fine
    lose most: 0.012 % of the land in reach, measured on regular polygons of 3 to 400 sides.

    Examples
    --------
    In Paper Town a large park serves the first 500 m of a strip of 1,000 m, 800 m of which
    lie in A; D has no homes:

    >>> from deqing_geo import sample
    >>> coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
    >>> coverage.series.round(4).to_dict()
    {'A': 0.625, 'B': 0.3939, 'C': 0.0476, 'D': nan}
    >>> coverage.headline  # (500 x 100 + 300 x 50) of 155,000 m2
    '41.94%'
    """
    require_metres(areas=areas, parks=parks, homes=homes)
    law = standards.load()
    definition = law.definition(MEASURE, by)
    area_shapes = require_areas(areas=areas)
    park_shapes = require_polygons(parks=parks)
    home_shapes = require_polygons(homes=homes)
    warn_if_apart(area_shapes, parks=park_shapes, homes=home_shapes)
    ledger, discs = _service(areas, area_shapes, parks, park_shapes, definition)
    reach = union_parts(discs)

    home_class = require_words(homes, "homes", "home_class", made_by="read_homes")
    counts = np.isin(home_class, definition.counts["homes"])
    blocks = once(home_shapes[counts])
    area_at, pieces = pieces_in(area_shapes, blocks)
    served, gaps = split_by(pieces, reach)

    served_at, served_shapes = only_land(area_at, served)
    gap_at, gap_shapes = only_land(area_at, gaps)
    crs = areas.crs
    served_ha = ellipsoidal_area(served_shapes, crs) / M2_PER_HA
    gap_ha = ellipsoidal_area(gap_shapes, crs) / M2_PER_HA
    n = len(areas)
    table = areas.copy()
    total_served = np.bincount(served_at, served_ha, n)
    total_gap = np.bincount(gap_at, gap_ha, n)
    demand = total_served + total_gap
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(demand > 0, total_served / demand, np.nan)
    figures = {"demand_ha": demand, "served_ha": total_served, "gap_ha": total_gap, MEASURE: share}
    for column, values in figures.items():
        table[column] = values
    said = notices(definition, areas=areas, parks=parks, homes=homes)
    for frame in (table, ledger):
        mark(frame, definition, said)

    def rows(at: Ints, shapes: Shapes, column: str, values: Floats) -> gpd.GeoDataFrame:
        labels = areas.index.to_numpy(dtype=object)[at]
        out = gpd.GeoDataFrame({"area": labels, column: values}, geometry=shapes, crs=crs)
        mark(out, definition, said)
        return out

    return Coverage(
        table=table,
        served=rows(served_at, served_shapes, "served_ha", served_ha),
        gaps=rows(gap_at, gap_shapes, "gap_ha", gap_ha),
        service_area=gpd.GeoDataFrame(geometry=reach, crs=crs),
        parks=ledger,
        definition=definition,
        sources=(definition, *definition.rules),
        goals=law.goals(MEASURE),
        notices=said,
        origins=origins(areas=areas, parks=parks, homes=homes),
    )


# ---------------------------------------------------------------- the parks' side


def _service(
    areas: gpd.GeoDataFrame,
    area_shapes: Shapes,
    parks: gpd.GeoDataFrame,
    park_shapes: Shapes,
    definition: Definition,
) -> tuple[gpd.GeoDataFrame, Shapes]:
    """Every park with its radius or the reason it has none, and the land each one serves."""
    classes = require_words(parks, "parks", "park_class", made_by="read_parks")
    status = (
        require_words(parks, "parks", "park_status", blank=BUILT)
        if "park_status" in parks
        else np.full(len(parks), BUILT, dtype=object)
    )
    size = np.nan_to_num(ellipsoidal_area(park_shapes, parks.crs))
    radius = radius_of(size, definition.bands)
    inside, park_at = parts_inside(area_shapes, park_shapes)
    meets = np.zeros(len(parks), dtype=bool)
    meets[park_at] = True
    reasons = {
        "class": ~np.isin(classes, definition.counts["parks"]),
        "status": status != BUILT,
        "too_small": np.isnan(radius),
        "outside": ~meets & ~np.full(len(parks), definition.parks_outside_areas),
    }
    reason = np.full(len(parks), None, dtype=object)
    for key, at_fault in reversed(reasons.items()):
        reason[at_fault] = names.word(f"reason.{key}")
    counted = np.array([one is None for one in reason], dtype=bool)
    ledger = parks.copy()
    ledger["park_area_m2"] = size
    ledger["service_radius"] = np.where(counted, radius, np.nan)
    ledger["counted"] = counted
    ledger["not_counted_reason"] = reason
    if definition.parks_outside_areas:
        return ledger, land_within(park_shapes[counted], radius[counted])
    kept = counted[park_at]
    return ledger, land_within(inside[kept], radius[park_at[kept]])
