"""The Earth's true measure: areas on the ellipsoid, and how far a projection stretches them.

Nothing here judges a layer or moves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Proj, Transformer

from deqing_geo.errors import CRSError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

M2_PER_KM2 = 1_000_000.0
M2_PER_HA = 10_000.0
M_PER_KM = 1_000.0

WEB_MERCATOR = 3857
# Straight edges of a map projection bend on the ellipsoid; pieces of 25 m keep areas within
# 0.01 ppm, and parts of a polygon add up to it within a billionth.
AREA_EDGE_M = 25.0


def areal_scale(crs: CRS, x: Any, y: Any) -> Any:
    """How much larger a small area is on the map than on the ellipsoid.

    Parameters
    ----------
    crs : CRS
        Projected.
    x, y : float or array of float
        Places in it.

    Returns
    -------
    float or array of float
        1.0 where the projection keeps areas; NaN where it cannot say.

    Examples
    --------
    >>> float(areal_scale(CRS.from_epsg(3857), 13_356_000, 3_572_000).round(2))  # Deqing
    1.35
    """
    base = crs.geodetic_crs
    if base is None:
        return np.full(np.shape(x), np.nan)
    lon, lat = Transformer.from_crs(crs, base, always_xy=True).transform(
        np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    )
    if crs.to_epsg() == WEB_MERCATOR:
        # PROJ gives the factors of the sphere this system pretends the Earth to be.
        return 1 / np.cos(np.radians(lat)) ** 2
    lost = ~(np.isfinite(lon) & np.isfinite(lat))
    factors = Proj(crs).get_factors(np.where(lost, 0.0, lon), np.where(lost, 0.0, lat))
    scale = np.where(lost, np.nan, factors.areal_scale)
    # PROJ says 1e30 where it cannot say.
    return np.where(scale < 1e10, scale, np.nan)


def ellipsoidal_area(geometry: Any, crs: Any) -> Floats:
    """Areas on the ellipsoid, as land statistics give them.

    Each polygon is carried to the cylindrical equal-area projection of its own
    ellipsoid, edges cut at 25 m; there the plane area is the area on the ellipsoid.

    Parameters
    ----------
    geometry : array of shapely geometries
        Polygons in `crs`; anything without area gives 0, a missing one NaN.
    crs : CRS
        Projected, in metres, or geographic.

    Returns
    -------
    array of float, same length
        Square metres.

    Raises
    ------
    CRSError
        If `crs` has no ellipsoid.

    References
    ----------
    Snyder, J. P. (1987). Map Projections: A Working Manual. USGS Professional Paper
    1395, pp. 76-85 (cylindrical equal area) and p. 16 (authalic latitude).

    Examples
    --------
    >>> import shapely
    >>> square = shapely.box(500_000, 3_380_000, 501_000, 3_381_000)
    >>> ellipsoidal_area([square], 4549).round(0).tolist()
    [1000000.0]
    """
    shapes = np.asarray(geometry, dtype=object)
    source = CRS.from_user_input(crs)
    base, ellipsoid = source.geodetic_crs, source.ellipsoid
    if base is None or ellipsoid is None:
        raise CRSError(f"{source.name!r} has no ellipsoid to measure on.")
    if len(shapes) == 0:
        return np.zeros(0)
    flattening = ellipsoid.inverse_flattening
    shape = f"+rf={flattening}" if flattening else "+f=0"
    axis = ellipsoid.semi_major_metre
    equal_area = Proj(f"+proj=cea +lon_0=0 +a={axis} {shape} +units=m")
    down = None if source.is_geographic else Transformer.from_crs(source, base, always_xy=True)
    rings, owner, outer = _rings(shapes)
    # Ring by ring: cutting the edges of a polygon with a hair-thin spike makes it cross itself
    # by a rounding error, and GEOS then hands back an empty polygon without a word.
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    if down is not None:
        coords, ring = _cut_edges(coords, ring)
    # A ring's last vertex is its first; the sum closes it.
    kept = np.diff(ring, append=-1) == 0
    x, y, ring = coords[kept, 0], coords[kept, 1], ring[kept]
    if down is not None:
        x, y = down.transform(x, y)
    x, y = equal_area(x, y)
    signed = np.where(outer, 1.0, -1.0) * _ring_areas(
        np.asarray(x), np.asarray(y), ring, len(rings)
    )
    out = np.bincount(owner, signed, len(shapes)).astype(float)
    out[shapely.is_missing(shapes)] = np.nan
    return np.asarray(out, dtype=float)


def _rings(shapes: Any) -> tuple[Any, NDArray[np.int64], NDArray[np.bool_]]:
    """All rings of all polygons, whose they are, and which of them are outer rings."""
    single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    single &= shapely.get_num_interior_rings(shapes) == 0
    # Most layers hold little else, and parting such shapes costs more than measuring them.
    plain, others = np.flatnonzero(single), np.flatnonzero(~single)
    outlines = shapely.get_exterior_ring(shapes[plain])
    if len(others) == 0:
        return outlines, plain, np.ones(len(plain), dtype=bool)
    parts, owner = shapely.get_parts(shapes[others], return_index=True)
    # A collection may hold multi-polygons.
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    rings, part = shapely.get_rings(parts, return_index=True)
    return (
        np.concatenate([outlines, rings]),
        np.concatenate([plain, others[owner[part]]]),
        np.concatenate([np.ones(len(plain), dtype=bool), np.diff(part, prepend=-1) != 0]),
    )


def _cut_edges(coords: Floats, ring: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Vertices with more between them, so that no edge is longer than `AREA_EDGE_M`."""
    step = np.diff(coords, axis=0, append=coords[-1:])
    step[np.diff(ring, append=-1) != 0] = 0.0
    pieces = np.maximum(np.ceil(np.hypot(*step.T) / AREA_EDGE_M), 1).astype(np.int64)
    if (pieces == 1).all():
        return coords, ring
    vertex = np.repeat(np.arange(len(coords)), pieces)
    nth = np.arange(len(vertex)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return coords[vertex] + step[vertex] * (nth / pieces[vertex])[:, None], ring[vertex]


def _ring_areas(x: Floats, y: Floats, ring: NDArray[np.int64], count: int) -> Floats:
    """Area within each ring by the shoelace, about its own first vertex."""
    if count == 0 or len(ring) == 0:
        return np.zeros(count)
    first = np.zeros(count, dtype=np.int64)
    starts = np.flatnonzero(np.diff(ring, prepend=-1))
    first[ring[starts]] = starts
    # Whole earth coordinates multiplied would leave square metres to rounding. About its first
    # vertex, the edges from and to that vertex add nothing.
    x, y = x - x[first][ring], y - y[first][ring]
    same = ring[1:] == ring[:-1]
    cross = (x[:-1] * y[1:] - x[1:] * y[:-1])[same]
    return np.asarray(np.abs(np.bincount(ring[:-1][same], cross, count)) / 2, dtype=float)
