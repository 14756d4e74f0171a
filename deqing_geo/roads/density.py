"""Road length and density of areas.

Everything here measures; nothing reads a file, judges a figure against a
standard, or draws. Layers arrive in a metric CRS (see `deqing_geo.crs`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import require_areas, require_lines, require_polygons, warn_if_apart
from deqing_geo.crs import require_metres
from deqing_geo.cutting import share_lengths
from deqing_geo.ellipsoid import M_PER_KM
from deqing_geo.errors import StandardsError
from deqing_geo.opened import BUILT, as_day
from deqing_geo.provenance import mark, notices, origins
from deqing_geo.roads.basis import KEPT, PER, Basis, kept, land
from deqing_geo.roads.result import RoadDensity
from deqing_geo.roads.standing import standing
from deqing_geo.standards import Definition, Rule
from deqing_geo.text import figure

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Words = NDArray[Any]

# Streets of a built-up zone, and the roads of the whole county.
MEASURES = ("road_density", "highway_density")
# The classes among which a study of Hubei found what OpenStreetMap leaves out (Zhou & Lin:
# private roads, unnamed single-lane public ones), and those a mapper's diary of 2017 found
# missing in the country. Larger streets are not among them.
LEFT_OUT = ("branch", "estate")
LEFT_OUT_RURAL = ("county_road", "township_road", "village_road")


def road_density(
    areas: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    *,
    by: Definition | str | None = None,
    as_of: date | str | None = None,
    water: gpd.GeoDataFrame | None = None,
) -> RoadDensity:
    """Length of road per square kilometre of land in each area (路网密度).

    Roads are cut at the areas' borders. A road that runs along a border is shared
    equally by the areas it divides, so the lengths of neighbouring areas add up to the
    length of road on the ground; along the outer edge of the layer, where one area only
    touches it, it counts whole, by half, or not at all, as the definition says
    (`Definition.with_border`). Where areas overlap, each is measured by itself.

    Only open road counts: rows whose ``road_status`` is ``building`` or ``planned`` are
    reported apart, rows without a status count as open. With `as_of`, rows whose ``opened_on``
    is later are not open; rows without a date follow their status, and their length is told;
    rows not open by their status and opened by their date contradict themselves, do not count,
    and are told.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon, N rows
        The areas reported on; the index comes back unchanged. Metric CRS.
    roads : GeoDataFrame of LineString, any number of rows
        With ``road_class``; centre lines, drawn once per road whatever its lanes, give
        the density documents mean. Same CRS.
    by : Definition or str, optional
        What counts, also with options: ``"road.core+half"``. By default Deqing's own choice,
        ``road.core``; ``road.highway`` and ``road.rural`` are those of public highways.
    as_of : date or str, optional
        The last day on which a road may have opened, as 2025-12-31.
    water : GeoDataFrame of Polygon, optional
        Water to take out of the areas; roads over it still count. Same CRS.

    Returns
    -------
    RoadDensity
        ``.series`` is float, shape (N,), km/km2 (public highways: km per 100 km2); 0.0 where
        there is no road. Land area is ellipsoidal; lengths are those of the projection (14 ppm
        at most in a CGCS2000 3-degree zone at Deqing, 0.04 % in a UTM zone).

    Raises
    ------
    CRSError
        If a layer has no CRS, is in degrees or feet, or they disagree.
    GeometryError
        If an area or water is not a valid polygon, or a road is not a line.
    ColumnError
        If ``road_class`` is absent, a class or status is not in the vocabulary, or, with
        `as_of`, ``opened_on`` holds something that is no day.
    InputError
        If the areas' index repeats a label, or `as_of` is no day.
    StandardsError
        If `by` does not define road density, or wants water taken out and there is none.

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
    layers = {"areas": areas, "roads": roads} | ({} if water is None else {"water": water})
    require_metres(**layers)
    law = standards.load()
    definition = law.definition(MEASURES, by)
    if water is not None:
        definition = definition.without_water()
    elif definition.water == "out":
        raise StandardsError(f"`{definition.key}` takes water out of the areas. Pass water=.")
    day = None if as_of is None else as_day(as_of, "as_of")
    shapes = require_areas(areas=areas)
    lines = require_lines(roads=roads)
    wet = None if water is None else require_polygons(water=water)
    warn_if_apart(shapes, roads=lines)
    how = standing(roads, definition, day)
    band = law.rule("road.edge_band")
    area_km2, water_km2 = land(shapes, areas.crs, wet)
    basis = Basis(
        areas=kept(areas, ()),
        roads=kept(roads, KEPT),
        definition=definition,
        as_of=day,
        standing=how,
        pieces=share_lengths(shapes, lines, band.value),
        area_km2=area_km2,
        water_km2=water_km2,
    )
    return measured(areas, basis, layers, (definition, band))


def measured(
    areas: gpd.GeoDataFrame,
    basis: Basis,
    layers: dict[str, gpd.GeoDataFrame],
    sources: tuple[Definition | Rule, ...],
) -> RoadDensity:
    """The figures of areas from what was cut.

    Parameters
    ----------
    areas : GeoDataFrame
        As given.
    basis : Basis
        Roads and areas, cut.
    layers : dict of str to GeoDataFrame
        Everything given, for what it says of itself.
    sources : tuple of Definition and Rule
        What the figures rest on.

    Returns
    -------
    RoadDensity
        Per area and in all.
    """
    definition, how = basis.definition, basis.standing
    pieces = basis.pieces.weighed(definition.edge_weight)
    taken = how.counted[pieces.line]
    road_km = basis.per_area(basis.counted_km())
    edge_km = basis.per_area(np.where(taken, pieces.edge_metres, 0.0) / M_PER_KM)
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.where(
            basis.area_km2 > 0, road_km / basis.area_km2 * PER[definition.unit], np.nan
        )
    table = areas.copy()
    figures = {"road_km": road_km, "area_km2": basis.area_km2}
    if definition.water == "out":
        figures["water_km2"] = basis.water_km2
    figures |= {definition.measure: density, "edge_km": edge_km}
    for column, values in figures.items():
        table[column] = values
    by_class = _tally(basis, how.classes, how.open, list(names.vocabulary("road_class")))
    waiting = [word for word in names.vocabulary("road_status") if word != BUILT]
    not_open = _tally(basis, how.status, how.of_class & ~how.open, waiting)
    says = layers["roads"].attrs.get("centre_lines", {})
    merged = bool(definition.merge and says.get("merged"))
    said = (
        *notices(definition, **layers),
        *_of_lines(definition, says),
        *_of_rows(basis, float(by_class[names.UNKNOWN].sum())),
        *(_of_osm(definition) if _is_osm(layers["roads"]) else ()),
    )
    for frame in (table, by_class, not_open):
        mark(frame, definition, said)
    return RoadDensity(
        table=table,
        by_class=by_class,
        not_open=not_open,
        definition=definition,
        sources=sources,
        merged=merged,
        goals=standards.load().goals(definition.measure),
        notices=said,
        origins=origins(**layers),
        basis=basis,
    )


def _of_lines(definition: Definition, says: dict[str, Any]) -> tuple[str, ...]:
    """What the layer says of its carriageways, beside a definition that cares or does not."""
    if not says.get("merged"):
        return (names.word("notice.unmerged"),) if definition.merge else ()
    if not definition.merge:
        return (names.word("density.raw_of_merged"),)
    return (str(says["line"]),) if says.get("line") else ()


def _of_rows(basis: Basis, unclassified: float) -> list[str]:
    """What rows without class, day or sense add up to."""
    how = basis.standing
    said = []
    if unclassified > 0:
        said.append(f"{names.word('notice.unclassified')}:{figure(unclassified)} 公里")
    if basis.as_of is not None:
        said.append(f"{names.word('density.as_of')} {basis.as_of}")
        for word, rows in (
            ("undated", how.counted & how.undated),
            ("contradictory", how.of_class & how.contradictory),
        ):
            km = float(basis.counted_km(rows).sum()) if rows.any() else 0.0
            if km > 0:
                said.append(f"{names.word(f'density.{word}')}:{figure(km)} 公里")
    if basis.definition.water == "out":
        wet = figure(float(basis.water_km2.sum()))
        said.append(f"{names.word('density.water')}:{wet} 平方公里")
    return said


def _is_osm(roads: gpd.GeoDataFrame) -> bool:
    reading = roads.attrs.get("reading", {})
    return reading.get("driver") == "OSM" or "OpenStreetMap" in str(reading.get("credit", ""))


def _of_osm(definition: Definition) -> list[str]:
    """That mappers leave roads out, where somebody looked and found so."""
    counts = definition.counts["roads"]
    found = (("osm_lower", LEFT_OUT), ("osm_rural", LEFT_OUT_RURAL))
    return [
        names.word(f"density.{word}")
        for word, classes in found
        if not set(classes).isdisjoint(counts)
    ]


def _tally(basis: Basis, words: Words, rows: Flags, vocabulary: list[str]) -> pd.DataFrame:
    """Kilometres per area and word, over the roads in `rows`."""
    pieces = basis.pieces.weighed(basis.definition.edge_weight)
    code = pd.Index(vocabulary).get_indexer(pd.Index(words))[pieces.line]
    taken = rows[pieces.line] & (code >= 0)
    width, index = len(vocabulary), basis.areas.index
    flat = np.bincount(
        pieces.area[taken] * width + code[taken], pieces.metres[taken], len(index) * width
    )
    return pd.DataFrame(flat.reshape(len(index), width) / M_PER_KM, index=index, columns=vocabulary)
