"""Where a park could be: plots the planner gives, or places on a grid.

Every candidate has an outline of its own and the land within reach of it, by the bands of
the definition the coverage was counted by. What is refused is listed with the reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from deqing_geo import columns as names
from deqing_geo.checks import require_points, require_polygons
from deqing_geo.crs import require_metres
from deqing_geo.ellipsoid import areal_scale, ellipsoidal_area
from deqing_geo.errors import InputError
from deqing_geo.radii import land_within, parts_inside, radius_of, union_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from deqing_geo.coverage import Coverage
    from deqing_geo.standards import Definition

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

# Sides of the round park drawn where only a place is known; its area is that of the park.
SIDES = 32
# Plots of neighbours are surveyed apart and overlap by centimetres along a border; less common
# land than this is no conflict.
CONFLICT_M2 = 1.0
# Steps of the grid in a service radius: at a third, no place is farther than a quarter of the
# radius from a place tried.
STEPS_A_RADIUS = 3
# Columns of the result; a planner's own of the same name would be taken for it.
OURS = (
    "rank", "candidate", "area", "site_area_m2", "least_area_m2", "service_radius", "gain_ha",
    "gain_weight", "coverage_after", "easting", "northing", "remarks", "refused_reason",
)  # fmt: skip
# Places on a grid tried at most; beyond, the grid must be wider.
MOST_PLACES = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Places for a park, in a fixed order: from west to east, then from south to north.

    Attributes
    ----------
    table : GeoDataFrame
        The outlines, with ``candidate``, ``site_area_m2``, ``least_area_m2``,
        ``service_radius``, ``remarks`` and the planner's own columns.
    reach : array of Polygon and MultiPolygon
        The land within reach of each.
    dropped : GeoDataFrame
        What was refused, with ``refused_reason``.
    said : tuple of str
        What was and was not looked at.
    """

    table: gpd.GeoDataFrame
    reach: Shapes
    dropped: gpd.GeoDataFrame
    said: tuple[str, ...]


def band_for(definition: Definition, size_m2: float | None) -> tuple[float, float]:
    """Size and service radius of a new park where only its place is known.

    Parameters
    ----------
    definition : Definition
        Of the coverage.
    size_m2 : float or None
        The size; by default the smallest that counts.

    Returns
    -------
    size, radius : float
        Square metres, metres.

    Raises
    ------
    InputError
        If a park of that size does not count.
    """
    least = definition.bands[0].from_m2
    size = least if size_m2 is None else float(size_m2)
    radius = float(radius_of(np.array([size]), definition.bands)[0])
    if not math.isfinite(size) or math.isnan(radius):
        raise InputError(
            f"A park of {size:g} m2 does not count by `{definition.key}`; the smallest that does "
            f"has {least:g} m2. Give size_m2={least:g} or more, or another definition."
        )
    return size, radius


def given(
    frame: gpd.GeoDataFrame,
    coverage: Coverage,
    size_m2: float | None,
    forbidden: Mapping[str, gpd.GeoDataFrame],
    keep: bool,
) -> Candidates:
    """The planner's own places: plots with their own size, or points.

    Parameters
    ----------
    frame : GeoDataFrame of Polygon or Point
        In the CRS of the coverage.
    coverage : Coverage
        Whose gaps are to be served.
    size_m2 : float or None
        Of parks at points.
    forbidden : mapping of str to GeoDataFrame of Polygon
        Land no park may stand on, by its name.
    keep : bool
        Whether candidates on such land are kept and told.

    Returns
    -------
    Candidates
        Those that can serve, and those refused.

    Raises
    ------
    InputError
        If there is none, or the size does not count.
    CRSError
        If a layer is not in the CRS of the coverage.
    GeometryError
        If a shape is not valid, or neither a polygon nor a point.
    """
    areas = coverage.table
    require_metres(areas=areas, candidates=frame)
    if len(frame) == 0:
        raise InputError("`candidates` has no row: there is no place to choose from.")
    definition = coverage.definition
    kinds = shapely.get_dimensions(np.asarray(frame.geometry.array, dtype=object))
    if (kinds == 0).any():
        points = require_points(candidates=frame)
        size, _ = band_for(definition, size_m2)
        shapes = discs_at(shapely.get_coordinates(shapely.centroid(points)), size, frame.crs)
        drawn = names.word("siting.place_only")
    else:
        shapes = require_polygons(candidates=frame)
        drawn = names.word("siting.whole_plot")
    table = _plain(frame.set_geometry(shapes, crs=frame.crs))
    table = table.drop(columns=[column for column in OURS if column in table])
    table["candidate"] = frame.index.to_numpy(dtype=object)
    # Of plots drawn twice the first by its label, whatever the order of rows.
    labels = np.argsort(frame.index.to_numpy(dtype=object).astype(str), kind="stable")
    order = labels[in_place(np.asarray(table.geometry.array, dtype=object)[labels])]
    return _judged(
        table.iloc[order], coverage, forbidden, keep, drawn, (), bool((kinds == 0).any())
    )


def on_grid(
    coverage: Coverage,
    size_m2: float | None,
    grid_m: float | None,
    allowed: gpd.GeoDataFrame | None,
    forbidden: Mapping[str, gpd.GeoDataFrame],
    keep: bool,
) -> Candidates:
    """Round parks on a grid, where one fits and would serve somebody.

    Parameters
    ----------
    coverage : Coverage
        Whose gaps are to be served.
    size_m2 : float or None
        Of the parks.
    grid_m : float or None
        Step of the grid; by default a third of the service radius.
    allowed : GeoDataFrame of Polygon or None
        Land a park may stand on; without it, all land of the areas beside homes and the
        parks that count.
    forbidden : mapping of str to GeoDataFrame of Polygon
        Land no park may stand on, by its name.
    keep : bool
        Whether candidates on such land are kept and told.

    Returns
    -------
    Candidates
        None where no park fits.

    Raises
    ------
    InputError
        If the size does not count, or the grid is no positive number or too fine.
    CRSError
        If a layer is not in the CRS of the coverage.
    GeometryError
        If a shape is not a valid polygon.
    """
    areas, definition = coverage.table, coverage.definition
    size, radius = band_for(definition, size_m2)
    step = radius / STEPS_A_RADIUS if grid_m is None else float(grid_m)
    if not (math.isfinite(step) and step > 0):
        raise InputError(f"grid_m={grid_m!r} is no distance in metres.")
    land = np.asarray(areas.geometry.array, dtype=object)
    if allowed is not None:
        require_metres(areas=areas, allowed=allowed)
        open_land = require_polygons(allowed=allowed)
        land, _ = parts_inside(land, open_land)
    land = union_parts(land)
    gaps = np.asarray(coverage.gaps.geometry.array, dtype=object)
    across = math.sqrt(size / math.pi)
    places = _lattice(gaps, step, radius + across)
    shapes = discs_at(places, size, areas.crs)
    fits = _covered(land, shapes)
    said = [names.word("siting.grid").format(step=f"{step:g}", size=f"{size:g}")]
    if allowed is None:
        parks = coverage.parks
        taken = [
            np.asarray(frame.geometry.array, dtype=object)
            for frame in (coverage.served, coverage.gaps, parks[parks["counted"].astype(bool)])
        ]
        fits &= ~_conflict(np.concatenate(taken), shapes)
    else:
        extra, narrow = _between(land, shapes[fits], gaps, size, radius + across, areas.crs)
        shapes = np.concatenate([shapes[fits], extra])
        fits = np.ones(len(shapes), dtype=bool)
        if narrow:
            said.append(names.word("siting.narrow").format(count=narrow))
    shapes = shapes[fits]
    shapes = shapes[in_place(shapes)]
    x, y = shapely.get_coordinates(shapely.centroid(shapes)).T if len(shapes) else np.zeros((2, 0))
    table = gpd.GeoDataFrame(
        {"candidate": [f"{e:.0f},{n:.0f}" for e, n in zip(x, y, strict=True)]},
        geometry=shapes,
        crs=areas.crs,
    )
    return _judged(
        table, coverage, forbidden, keep, names.word("siting.place_only"), tuple(said), True
    )


def discs_at(places: Floats, size_m2: float, crs: Any) -> Shapes:
    """Round parks of a size on the ellipsoid, all alike.

    Of all shapes of one size a round one has the least land within a distance (Brunn and
    Minkowski), so a real plot there serves no less land than shown.

    Parameters
    ----------
    places : array of float, shape (N, 2)
        Their middles.
    size_m2 : float
        On the ellipsoid; none is smaller.
    crs : CRS
        In metres.

    Returns
    -------
    array of Polygon
        One a place.

    Examples
    --------
    >>> park = discs_at(np.array([[500_000.0, 3_380_000.0]]), 2000.0, 4549)
    >>> ellipsoidal_area(park, 4549).round(3).tolist()
    [2000.0]
    """
    if len(places) == 0:
        return np.zeros(0, dtype=object)
    # The largest stretch of all, so that all have one shape and none is too small.
    scale = float(np.max(areal_scale(CRS.from_user_input(crs), places[:, 0], places[:, 1])))
    angle = 2 * math.pi * np.arange(SIDES) / SIDES
    radius = math.sqrt(size_m2 * scale / (SIDES / 2 * math.sin(2 * math.pi / SIDES)))
    ring = radius * np.column_stack([np.cos(angle), np.sin(angle)])
    out: Shapes = np.asarray(shapely.polygons(places[:, None, :] + ring[None]), dtype=object)
    return out


def in_place(shapes: Shapes) -> Ints:
    """An order that hangs on the shapes alone: by west, then by south, then by size.

    Parameters
    ----------
    shapes : array of Polygon and MultiPolygon
        Any.

    Returns
    -------
    array of int
        Positions.
    """
    box = np.round(shapely.bounds(shapes).reshape(-1, 4), 3)
    wkb = shapely.to_wkb(shapely.normalize(shapes)) if len(shapes) else np.zeros(0)
    rank = np.unique(np.asarray([one or b"" for one in wkb], dtype=object), return_inverse=True)[1]
    return np.lexsort((rank, box[:, 3], box[:, 2], box[:, 1], box[:, 0]))


def _plain(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The frame with its shapes in a column called geometry, as every frame of ours."""
    own = frame.geometry.name
    spare = [column for column in frame.select_dtypes("geometry").columns if column != own]
    out = frame.drop(columns=spare)
    out = out if own == "geometry" else out.rename_geometry("geometry")
    out.attrs = {}
    return out


def _judged(
    table: gpd.GeoDataFrame,
    coverage: Coverage,
    forbidden: Mapping[str, gpd.GeoDataFrame],
    keep: bool,
    drawn: str,
    said: tuple[str, ...],
    alike: bool,
) -> Candidates:
    """What can serve, with its reach; what cannot, with the reason."""
    areas, definition = coverage.table, coverage.definition
    shapes = np.asarray(table.geometry.array, dtype=object)
    size = np.nan_to_num(ellipsoidal_area(shapes, table.crs))
    radius = radius_of(size, definition.bands)
    area_shapes = np.asarray(areas.geometry.array, dtype=object)
    reason = np.full(len(table), "", dtype=object)
    reason[np.isnan(radius)] = names.word("reason.too_small")
    reason[shapely.is_missing(shapes) | shapely.is_empty(shapes)] = names.word("siting.no_shape")
    serving, same = shapes.copy(), np.full(len(shapes), alike)
    if not definition.parks_outside_areas:
        inside, at = _inside(area_shapes, shapes)
        outside = np.ones(len(shapes), dtype=bool)
        outside[at] = False
        serving[at] = inside
        same &= shapely.equals_identical(serving, shapes)
        reason[outside & (reason == "")] = names.word("reason.outside")
    remark = np.full(len(table), drawn, dtype=object)
    for name, frame in forbidden.items():
        land = _forbidden(areas, name, frame)
        common = _common(land, shapes)
        hit = common > CONFLICT_M2
        told = np.array(
            [names.word("siting.on").format(name=name, area=f"{m2:.0f}") for m2 in common],
            dtype=object,
        )
        into = remark if keep else reason
        blank = hit & (into == "")
        into[hit & ~blank] = into[hit & ~blank] + ";" + told[hit & ~blank]
        into[blank] = told[blank]
    parks = coverage.parks
    counted = parks.geometry[parks["counted"].astype(bool)]
    beside = _conflict(np.asarray(counted.array, dtype=object), shapes)
    remark[beside] += ";" + names.word("siting.by_park")
    good = reason == ""
    bands = np.array([band.from_m2 for band in definition.bands])
    least = bands[np.maximum(np.searchsorted(bands, np.round(size), side="right") - 1, 0)]
    judged = table.assign(
        site_area_m2=size,
        least_area_m2=np.where(np.isnan(radius), np.nan, least),
        service_radius=radius,
        remarks=remark,
    )
    dropped = judged[~good].assign(refused_reason=reason[~good])
    return Candidates(
        table=judged[good],
        reach=_reach(serving[good], radius[good], same[good]),
        dropped=dropped.drop(columns=["remarks", "least_area_m2"]),
        said=said,
    )


def _inside(areas: Shapes, shapes: Shapes) -> tuple[Shapes, Ints]:
    """As `parts_inside`, but what lies wholly in one area is not cut: most plots do."""
    if len(shapes) == 0 or len(areas) == 0:
        return np.zeros(0, dtype=object), np.zeros(0, dtype=np.int64)
    whole = _covered(areas, shapes)
    cut = np.flatnonzero(~whole)
    inside, at = parts_inside(areas, shapes[cut])
    out = shapes.copy()
    out[cut[at]] = inside
    kept = np.sort(np.concatenate([np.flatnonzero(whole), cut[at]]))
    return out[kept], kept


def _reach(shapes: Shapes, radius: Floats, alike: Bools) -> Shapes:
    """The land within reach of each; of round parks that are all alike it is drawn once."""
    out = np.full(len(shapes), None, dtype=object)
    same = np.flatnonzero(alike)
    if len(same):
        origin = shapely.get_coordinates(
            shapely.get_point(shapely.get_exterior_ring(shapes[same]), 0)
        )
        model = shapely.transform(shapes[same[:1]], lambda coords: coords - origin[0])
        edge = shapely.get_coordinates(land_within(model, radius[same[:1]]))
        out[same] = shapely.polygons(edge[None] + origin[:, None, :])
    rest = ~alike
    out[rest] = land_within(shapes[rest], radius[rest])
    return out


def _forbidden(areas: gpd.GeoDataFrame, name: str, frame: gpd.GeoDataFrame) -> Shapes:
    require_metres(areas=areas, **{f"forbidden[{name!r}]": frame})
    shapes = require_polygons(**{f"forbidden[{name!r}]": frame})
    return shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]


def _common(land: Shapes, shapes: Shapes) -> Floats:
    """Square metres each shape has in common with the land; twice where land is drawn twice."""
    if len(land) == 0 or len(shapes) == 0:
        return np.zeros(len(shapes))
    at, by = shapely.STRtree(land).query(shapes, predicate="intersects")
    area = shapely.area(shapely.intersection(shapes[at], land[by]))
    return np.asarray(np.bincount(at, area, len(shapes)), dtype=float)


def _conflict(land: Shapes, shapes: Shapes) -> Bools:
    out: Bools = _common(land, shapes) > CONFLICT_M2
    return out


def _covered(land: Shapes, shapes: Shapes) -> Bools:
    """Which shapes lie wholly in one of the parts of the land."""
    out = np.zeros(len(shapes), dtype=bool)
    if len(land) and len(shapes):
        out[shapely.STRtree(shapes).query(land, predicate="covers")[1]] = True
    return out


def _lattice(gaps: Shapes, step: float, reach: float) -> Floats:
    """Places of a grid that begins at 0, near enough to some gap."""
    if len(gaps) == 0:
        return np.zeros((0, 2))
    box = shapely.bounds(gaps)
    low = np.ceil((box[:, :2] - reach) / step).astype(np.int64)
    high = np.floor((box[:, 2:] + reach) / step).astype(np.int64)
    wide = np.maximum(high - low + 1, 0)
    count = wide.prod(axis=1)
    if count.sum() > MOST_PLACES * 100 or len(gaps) == 0:
        raise InputError(f"A grid of {step:g} m has too many places here. Give a wider grid_m.")
    member = np.repeat(np.arange(len(gaps)), count)
    at = np.arange(len(member)) - np.repeat(np.cumsum(count) - count, count)
    cell = np.column_stack(
        [low[member, 0] + at % wide[member, 0], low[member, 1] + at // wide[member, 0]]
    )
    places = np.unique(cell, axis=0) * step
    if len(places) > MOST_PLACES:
        raise InputError(
            f"A grid of {step:g} m has {len(places)} places here, more than {MOST_PLACES}. "
            "Give a wider grid_m."
        )
    points = shapely.points(places)
    near = shapely.STRtree(gaps).query(points, predicate="dwithin", distance=reach)[0]
    out: Floats = places[np.unique(near)]
    return out


def _between(
    land: Shapes, shapes: Shapes, gaps: Shapes, size: float, reach: float, crs: Any
) -> tuple[Shapes, int]:
    """Parks in the middle of pieces of land the grid passed over; how many were too narrow."""
    none = np.zeros(0, dtype=object)
    if len(land) == 0 or len(gaps) == 0:
        return none, 0
    missed = np.ones(len(land), dtype=bool)
    if len(shapes):
        missed[shapely.STRtree(land).query(shapes, predicate="intersects")[1]] = False
    # Cheap questions first: the middle of a piece takes a while to find.
    missed &= ellipsoidal_area(land, crs) >= size
    at = np.flatnonzero(missed)
    near = shapely.STRtree(gaps).query(land[at], predicate="dwithin", distance=reach)[0]
    at = at[np.unique(near)]
    if len(at) == 0:
        return none, 0
    middle = shapely.get_coordinates(shapely.maximum_inscribed_circle(land[at]))[::2]
    discs = discs_at(middle, size, crs)
    fits = shapely.covers(land[at], discs)
    return discs[fits], int((~fits).sum())
