"""Coverage by any facility of any demand: one way of measuring for parks, stops and schools.

Everything here measures; nothing reads a file, judges a figure against a standard, or
draws. Layers arrive in a metric CRS (see `deqing_geo.crs`).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import (
    require_areas,
    require_points,
    require_polygons,
    require_shapes,
    warn_if_apart,
)
from deqing_geo.coverage.basis import LAND, Basis, demand_of, divided
from deqing_geo.coverage.result import Coverage, measure_of, ratio
from deqing_geo.coverage.standing import COUNTED, PARKS, Standing, names_for, standing
from deqing_geo.crs import require_metres
from deqing_geo.errors import StandardsError
from deqing_geo.opened import as_day
from deqing_geo.provenance import mark, notices, origins
from deqing_geo.standards import Definition

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    Shapes = NDArray[Any]

# Sums of the same land in another order differ by less.
SAME = 1e-9
MEASURES = ("park_coverage", "service_coverage")


def park_coverage(
    areas: gpd.GeoDataFrame,
    parks: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    *,
    by: Definition | str | None = None,
    as_of: date | str | None = None,
    network: Any = None,
    entrances: gpd.GeoDataFrame | None = None,
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
        What counts, and how far, also with options (``"park.health_check_2021+homestead"``:
        ``homestead``, ``outside``, ``joined``). By default Deqing's own choice,
        ``park.health_check_2021``.
    as_of : date or str, optional
        The last day on which a park may have opened, as 2025-12-31. Parks without a date follow
        their status, parks that contradict themselves do not count; how many is told.
    network : RoadNetwork or networkx.MultiGraph, optional
        Ways to walk: the figures on foot then stand beside those in a straight line
        (``.walking``, `Coverage.on_foot`).
    entrances : GeoDataFrame of Point, optional
        Of the parks or facilities, for the figures on foot; by default they are assumed.

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
        If a class column is absent, a word is not in the vocabulary, or, with `as_of`,
        ``opened_on`` holds something that is no day.
    InputError
        If the areas' index repeats a label, `as_of` is no day, the network is none, or an
        entrance is at no park.
    StandardsError
        If `by` does not define park coverage.

    Warns
    -----
    DeqingGeoWarning
        If a layer lies farther from the areas than they are wide: of another place, probably.

    Notes
    -----
    Rounded corners are drawn with up to 256 sides a circle, moved out until each has the area of
    its sector; straight stretches stay at the radius itself. Parks as round as the drawing is
    fine lose most: 0.013 % of the land in reach, measured on regular polygons of 3 to 800 sides.

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
    layers = {"areas": areas, "parks": parks, "homes": homes}
    require_metres(**layers)
    definition = standards.load().definition(MEASURES[0], by)
    shapes = (
        require_areas(areas=areas),
        require_polygons(parks=parks),
        require_polygons(homes=homes),
    )
    warn_if_apart(shapes[0], parks=shapes[1], homes=shapes[2])
    made = _measured(layers, shapes, definition, as_of, None, classed=True)
    return made if network is None else _also_on_foot(made, network, entrances)


def service_coverage(
    areas: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    by: Definition | str,
    as_of: date | str | None = None,
    weight: str | None = None,
    network: Any = None,
    entrances: gpd.GeoDataFrame | None = None,
) -> Coverage:
    """Share of land, people or places within reach of any facility (服务覆盖率).

    As `park_coverage`, for bus stops, charging points, schools, clinics and whatever else serves
    its surroundings, and for whatever needs it.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon, N rows
        The areas reported on. Metric CRS.
    facilities : GeoDataFrame of Point, LineString or Polygon, any number of rows
        With ``facility_class`` (``park_class`` where `by` defines park coverage); without dates
        and status everything is open. Same CRS.
    demand : GeoDataFrame of Polygon, or of Point, any number of rows
        What needs to be served. Land counts by its hectares, points by one each, both by
        `weight` where that is given. Where the definition counts classes of homes and the layer
        has ``home_class``, only those count. For the share of the zone itself pass the areas.
        Same CRS.
    by : Definition or str
        What counts, and how far, such as ``service.bus_stop_500``; any of ``standards.load()
        .ways("service_coverage")``, or a definition of park coverage.
    as_of : date or str, optional
        The last day on which a facility may have opened.
    weight : str, optional
        Column of `demand`: people, households. A row's number is spread evenly over its land;
        blank is 0 and told.
    network : RoadNetwork or networkx.MultiGraph, optional
        Ways to walk: the figures on foot then stand beside those in a straight line
        (``.walking``, `Coverage.on_foot`).
    entrances : GeoDataFrame of Point, optional
        Of the parks or facilities, for the figures on foot; by default they are assumed.

    Returns
    -------
    Coverage
        ``.series`` is float, shape (N,), 0-1; NaN where an area needs nothing. A point on the
        border of two areas counts in the first.

    Raises
    ------
    CRSError
        If a layer has no CRS, is in degrees or feet, or they disagree.
    GeometryError
        If a shape is not valid, or the demand mixes points and polygons.
    ColumnError
        If a class or weight column is absent or holds what it may not.
    InputError
        If the areas' index repeats a label, `as_of` is no day, the network is none, or an
        entrance is at no park.
    StandardsError
        If `by` does not define coverage.

    Warns
    -----
    DeqingGeoWarning
        If a layer lies farther from the areas than they are wide: of another place, probably.

    Examples
    --------
    One bus stop in the middle of village C, and how much of the village is within 500 m:

    >>> import geopandas as gpd, shapely
    >>> from deqing_geo import sample
    >>> village = sample.villages().loc[["C"]]
    >>> stop = gpd.GeoDataFrame(
    ...     {"facility_class": ["bus_stop"]},
    ...     geometry=[shapely.Point(sample.X0 + 2500, sample.Y0 + 500)],
    ...     crs=sample.CRS,
    ... )
    >>> coverage = service_coverage(village, stop, village, by="service.bus_stop_500")
    >>> round(coverage.overall, 3)  # pi x 500 m x 500 m of 1 km2
    0.785
    """
    layers = {"areas": areas, "facilities": facilities, "demand": demand}
    require_metres(**layers)
    if by is None:
        raise StandardsError("service_coverage needs by=: which facility, and how far it serves.")
    definition = standards.load().definition(MEASURES, by)
    points = demand.geometry.geom_type.isin(("Point", "MultiPoint")).any()
    shapes = (
        require_areas(areas=areas),
        require_shapes(facilities=facilities),
        require_points(demand=demand) if points else require_polygons(demand=demand),
    )
    warn_if_apart(shapes[0], facilities=shapes[1], demand=shapes[2])
    made = _measured(layers, shapes, definition, as_of, weight, classed=False)
    return made if network is None else _also_on_foot(made, network, entrances)


def _also_on_foot(coverage: Coverage, network: Any, entrances: gpd.GeoDataFrame | None) -> Coverage:
    """The same coverage with the figures on foot beside it."""
    walking = coverage.on_foot(network, entrances=entrances)
    table = coverage.table
    table["walking_coverage"] = walking.table["walking_coverage"]
    said = walking.notices
    for frame in (table, coverage.parks):
        mark(frame, coverage.definition, said)
    origin = tuple(dict.fromkeys((*coverage.origins, *getattr(network, "origins", ()))))
    return dataclasses.replace(coverage, walking=walking, notices=said, origins=origin)


def _measured(
    layers: dict[str, gpd.GeoDataFrame],
    shapes: tuple[Shapes, Shapes, Shapes],
    definition: Definition,
    as_of: date | str | None,
    weight: str | None,
    *,
    classed: bool,
) -> Coverage:
    """From layers that were checked to a result."""
    day = None if as_of is None else as_day(as_of, "as_of")
    (_, areas), (_, facilities), (name, needing) = layers.items()
    stands = standing(shapes[0], facilities, shapes[1], definition, day)
    demand = demand_of(
        shapes[0], needing, shapes[2], definition, name=name, weight=weight, classed=classed
    )
    basis = Basis(
        areas=areas.copy(),
        facilities=facilities.copy(),
        demand_frame=needing.copy(),
        called=names_for(definition),
        definition=definition,
        as_of=day,
        weight=weight,
        standing=stands,
        demand=demand,
        parted=divided(stands, demand),
    )
    return summed(basis, layers)


def with_homesteads(coverage: Coverage) -> float | None:
    """The overall figure with homesteads among the homes; see `Coverage.homesteads`.

    Parameters
    ----------
    coverage : Coverage
        By land.

    Returns
    -------
    float or None
        None where it is the figure itself, or there are no homesteads in the areas.
    """
    basis = coverage.basis
    counts, homes = basis.definition.counts, basis.demand_frame
    if "homes" not in counts or "homestead" in counts["homes"] or coverage.unit != LAND:
        return None
    if "home_class" not in homes or not (homes["home_class"] == "homestead").any():
        return None
    shapes = np.asarray(homes.geometry.array, dtype=object)
    areas = np.asarray(basis.areas.geometry.array, dtype=object)
    wider = basis.definition.with_homesteads()
    demand = demand_of(areas, homes, shapes, wider, name="homes", weight=None, classed=False)
    parted = divided(basis.standing, demand)
    need = float(demand.needs.sum())
    if need <= float(basis.demand.needs.sum()) * (1 + SAME):
        return None
    return float(parted.amount.sum()) / need


def summed(basis: Basis, layers: dict[str, gpd.GeoDataFrame]) -> Coverage:
    """The figures of areas from what was divided.

    Parameters
    ----------
    basis : Basis
        Pieces of demand and what of them is served.
    layers : dict of str to GeoDataFrame
        Everything given, for what it says of itself.

    Returns
    -------
    Coverage
        Per area and in all.
    """
    law = standards.load()
    definition, unit = basis.definition, basis.demand.unit
    measure = measure_of(definition, unit)
    table = basis.areas.copy()
    served, needed = basis.sums()
    figures = {"demand": needed, "served": served, "gap": np.maximum(needed - served, 0.0)}
    for word, values in figures.items():
        table[f"{word}_{unit}"] = values
    table[measure] = ratio(served, needed)
    said = _said(basis, notices(definition, **layers))
    ledger = _facilities(basis.facilities, basis.standing, basis.called.size, definition)
    for frame in (table, ledger):
        mark(frame, definition, said)
    return Coverage(
        table=table,
        parks=ledger,
        definition=definition,
        sources=(definition, *definition.rules),
        goals=law.goals(measure),
        notices=said,
        origins=origins(**layers),
        basis=basis,
    )


def _facilities(
    frame: gpd.GeoDataFrame, stands: Standing, size: str, definition: Definition
) -> gpd.GeoDataFrame:
    """Every park or facility with its radius or the reason it has none."""
    ledger = frame.copy()
    ledger[size] = stands.size
    if definition.join_m == definition.join_m:
        ledger["joined_area_m2"] = stands.joined
    ledger["service_radius"] = stands.radius
    ledger["counted"] = stands.counted
    ledger["not_counted_reason"] = np.array(
        [None if why == COUNTED else names.word(f"reason.{why}") for why in stands.why],
        dtype=object,
    )
    return ledger


def _said(basis: Basis, said: tuple[str, ...]) -> tuple[str, ...]:
    """The notices of a result: of its layers, its day, and what stands in for land."""
    out = list(said)
    if basis.as_of is not None:
        out.append(f"{names.word('coverage.as_of')} {basis.as_of.isoformat()}")
    for word, rows in (
        ("undated", basis.standing.undated),
        ("contradictory", basis.standing.contradictory),
    ):
        if rows.any():
            out.append(f"{names.word(f'coverage.{word}')}:{int(rows.sum())}")
    if basis.demand.unit != LAND and basis.called is PARKS:
        out.append(names.word("coverage.not_land"))
    if basis.demand.unknown:
        out.append(f"{names.word('coverage.unweighted')}:{basis.demand.unknown}")
    return tuple(dict.fromkeys(out))
