"""Road length and density of areas.

Everything here measures; nothing reads a file, judges a figure against a
standard, or draws. Layers arrive in a metric CRS (see `deqing_geo.crs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import require_areas, require_lines, require_words, warn_if_apart
from deqing_geo.crs import require_metres
from deqing_geo.cutting import Shares, share_lengths
from deqing_geo.ellipsoid import M2_PER_KM2, M_PER_KM, ellipsoidal_area
from deqing_geo.provenance import mark, notices, origins
from deqing_geo.standards import Definition, Rule
from deqing_geo.text import card, figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

MEASURE = "road_density"
BUILT = "built"


@dataclass(frozen=True, slots=True, eq=False)
class RoadDensity:
    """Road length and land area of each area, and their ratio (路网密度).

    Attributes
    ----------
    table : GeoDataFrame
        The areas with ``road_km``, ``area_km2``, ``road_density`` (km/km2) and ``edge_km``:
        how much of ``road_km`` lies within the edge band (15 m) of the layer's outer edge
        and so hangs on where the outline was drawn. Index and CRS of the areas given.
    by_class : DataFrame
        Kilometres of open road of every class in each area, counted or not.
    not_open : DataFrame
        Kilometres of road of the counted classes in each area that is under construction
        (``building``) or ``planned``, and so not counted.
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

    @property
    def series(self) -> pd.Series[float]:
        """Density of each area in km/km2; NaN where an area has no land."""
        series: pd.Series[float] = self.table["road_density"]
        return series

    @property
    def overall(self) -> float:
        """Density of all areas taken together, in km/km2; not the mean of `series`."""
        area = float(self.table["area_km2"].sum())
        return float(self.table["road_km"].sum()) / area if area > 0 else float("nan")

    @property
    def headline(self) -> str:
        """The overall figure as readers see it."""
        unit = names.registry()["road_density"].unit_zh
        return f"{figure(self.overall, against=self.goals)} {unit}"

    def __repr__(self) -> str:
        merged = "carriageways merged" if self.merged else "carriageways not merged"
        return (
            f"<RoadDensity of {len(self.table)} areas: "
            f"{figure(self.overall, against=self.goals)} km/km2 overall, {merged}>"
        )

    def _repr_html_(self) -> str:
        return card(
            names.label("road_density"),
            self.headline,
            [
                (names.label("road_km"), f"{figure(self.table['road_km'].sum())} 公里"),
                (names.label("area_km2"), f"{figure(self.table['area_km2'].sum())} 平方公里"),
                (names.label("edge_km"), f"{figure(self.table['edge_km'].sum())} 公里"),
                (names.word("map.definition"), self.definition.line),
            ],
            self.notices,
        )


def road_density(
    areas: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    *,
    by: Definition | str | None = None,
) -> RoadDensity:
    """Length of road per square kilometre of land in each area (路网密度).

    Roads are cut at the areas' borders. A road that runs along a border is shared
    equally by the areas it divides, so the lengths of neighbouring areas add up to the
    length of road on the ground; along the outer edge of the layer, where one area only
    touches it, it counts whole. Where areas overlap, each is measured by itself.

    Only open road counts: rows whose ``road_status`` is ``building`` or ``planned`` are
    reported apart, rows without a status count as open.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon, N rows
        The areas reported on; the index comes back unchanged. Metric CRS.
    roads : GeoDataFrame of LineString, any number of rows
        With ``road_class``; centre lines, drawn once per road whatever its lanes, give
        the density documents mean. Same CRS.
    by : Definition or str, optional
        What counts. By default Deqing's own choice, ``road.core``.

    Returns
    -------
    RoadDensity
        ``.series`` is float, shape (N,), km/km2; 0.0 where there is no road. Land area is
        ellipsoidal; lengths are those of the projection (14 ppm at most in a CGCS2000
        3-degree zone at Deqing, 0.04 % in a UTM zone).

    Raises
    ------
    CRSError
        If either layer has no CRS, is in degrees or feet, or they disagree.
    GeometryError
        If an area is not a valid polygon, or a road is not a line.
    ColumnError
        If ``road_class`` is absent, or a class or status is not in the vocabulary.
    InputError
        If the areas' index repeats a label.
    StandardsError
        If `by` does not define road density.

    Warns
    -----
    DeqingGeoWarning
        If a layer lies farther from the areas than they are wide: of another place, probably.

    See Also
    --------
    osmnx.stats.basic_stats : gives metres per km2, counted on a graph.
    geopandas.overlay : counts a road lying on a border in both areas.

    Examples
    --------
    Paper Town's villages are squares of 1 km2. A 3 km road crosses A, B and C, and a 1 km
    lane lies on the border of A and B, half of it to each:

    >>> from deqing_geo import sample
    >>> density = road_density(sample.villages(), sample.roads())
    >>> density.series.round(3).to_dict()
    {'A': 1.5, 'B': 1.5, 'C': 1.0, 'D': 0.0}
    >>> round(density.overall, 3)  # 4 km of road on 4 km2 of land
    1.0
    >>> float(density.not_open.loc["D", "planned"])
    1.0
    """
    require_metres(areas=areas, roads=roads)
    law = standards.load()
    definition = law.definition(MEASURE, by)
    band = law.rule("road.edge_band")
    shapes = require_areas(areas=areas)
    lines = require_lines(roads=roads)
    warn_if_apart(shapes, roads=lines)
    classes = require_words(roads, "roads", "road_class", made_by="read_roads")
    status = (
        require_words(roads, "roads", "road_status", blank=BUILT)
        if "road_status" in roads
        else np.full(len(roads), BUILT, dtype=object)
    )
    pieces = share_lengths(shapes, lines, band.value)
    counted = np.isin(classes, definition.counts["roads"])
    is_open = status == BUILT
    by_class = _tally(areas.index, pieces, classes, is_open, list(names.vocabulary("road_class")))
    waiting = [word for word in names.vocabulary("road_status") if word != BUILT]
    not_open = _tally(areas.index, pieces, status, counted & ~is_open, waiting)

    taken = (counted & is_open)[pieces.line]
    n = len(areas)
    road_km = np.bincount(pieces.area[taken], pieces.metres[taken], n) / M_PER_KM
    edge_km = np.bincount(pieces.area[taken], pieces.edge_metres[taken], n) / M_PER_KM
    area_km2 = ellipsoidal_area(shapes, areas.crs) / M2_PER_KM2
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.where(area_km2 > 0, road_km / area_km2, np.nan)
    table = areas.copy()
    figures = {
        "road_km": road_km,
        "area_km2": area_km2,
        MEASURE: density,
        "edge_km": edge_km,
    }
    for column, values in figures.items():
        table[column] = values
    said = notices(definition, areas=areas, roads=roads)
    if definition.merge:
        said += (names.word("notice.unmerged"),)
    unclassified = float(by_class[names.UNKNOWN].sum())
    if unclassified > 0:
        said += (f"{names.word('notice.unclassified')}:{figure(unclassified)} 公里",)
    for frame in (table, by_class, not_open):
        mark(frame, definition, said)
    return RoadDensity(
        table=table,
        by_class=by_class,
        not_open=not_open,
        definition=definition,
        sources=(definition, band),
        merged=False,
        goals=law.goals(MEASURE),
        notices=said,
        origins=origins(areas=areas, roads=roads),
    )


def _tally(
    index: pd.Index[Any],
    pieces: Shares,
    words: Shapes,
    rows: NDArray[np.bool_],
    vocabulary: list[str],
) -> pd.DataFrame:
    """Kilometres per area and word, over the roads in `rows`."""
    code = pd.Index(vocabulary).get_indexer(pd.Index(words))[pieces.line]
    taken = rows[pieces.line] & (code >= 0)
    width = len(vocabulary)
    flat = np.bincount(
        pieces.area[taken] * width + code[taken], pieces.metres[taken], len(index) * width
    )
    return pd.DataFrame(flat.reshape(len(index), width) / M_PER_KM, index=index, columns=vocabulary)
