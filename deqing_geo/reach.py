"""The land within a distance of shapes, and blocks divided by it.

The geometry behind service radii, and nothing of its meaning: no class, no document. Arrays
in, arrays out, in metres.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.cutting import SLIVER_M2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from deqing_geo.standards import Band

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

# Sides of a quarter circle; four times GEOS's usual, for a tenth more time.
QUAD_SEGS = 64
# Mitred corners reach at most this many radii out; far enough to hold any rounded corner.
MITRE_LIMIT = 5.0


def radius_of(size: Floats, bands: Iterable[Band]) -> Floats:
    """The service radius that goes with each size.

    Parameters
    ----------
    size : array of float
        Square metres on the ellipsoid.
    bands : iterable of Band
        Smallest first.

    Returns
    -------
    array of float
        Metres; NaN for what is below the smallest band.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> bands = standards.load()["park.health_check_2021"].bands
    >>> radius_of(np.array([1999.4, 1999.9, 5000.0]), bands).tolist()
    [nan, 300.0, 500.0]
    """
    radius = np.full(len(size), np.nan)
    for band in bands:
        # A park drawn as 2,000 m2 measures 1,999.99 on the ellipsoid: whole metres decide.
        radius[np.round(size) >= band.from_m2] = band.radius_m
    return radius


def parts_inside(areas: Shapes, shapes: Shapes) -> tuple[Shapes, Ints]:
    """The part of each shape inside the areas, one a shape, and which shape it is.

    Where a shape also touches an area from outside, the overlay leaves a line or a point
    beside the polygon; those are left out.

    Parameters
    ----------
    areas, shapes : array of Polygon and MultiPolygon
        Valid, in the same coordinates.

    Returns
    -------
    parts : array of shapely geometries
        Only of shapes that have land inside.
    at : array of int
        Their positions in what was given, ascending.

    Examples
    --------
    >>> parts, at = parts_inside(
    ...     np.array([shapely.box(0, 0, 10, 10)]),
    ...     np.array([shapely.box(20, 0, 22, 2), shapely.box(8, 0, 12, 2)]),
    ... )
    >>> at.tolist(), shapely.area(parts).tolist()
    ([1], [4.0])
    """
    area_at, shape_at = shapely.STRtree(shapes).query(areas, predicate="intersects")
    cut = shapely.intersection(shapes[shape_at], areas[area_at])
    parts, pair = shapely.get_parts(cut, return_index=True)
    solid = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > SLIVER_M2)
    parts, shape_at = parts[solid], shape_at[pair[solid]]
    order = np.argsort(shape_at, kind="stable")
    parts, shape_at = parts[order], shape_at[order]
    at, first = np.unique(shape_at, return_index=True)
    # What lies across two areas is one again.
    groups = np.split(parts, first[1:]) if len(at) else []
    joined = [group[0] if len(group) == 1 else shapely.union_all(group) for group in groups]
    return np.array(joined, dtype=object), at


def land_within(shapes: Shapes, radius: Floats) -> Shapes:
    """The land within a straight-line distance of each shape.

    GEOS draws round corners with chords and so loses of a disc; at its default, and up to
    0.17 % around a park of 45 sides. Enlarging the radius gives the disc its area back but
    pushes straight stretches out too; cutting by the mitred buffer at the radius itself puts
    those back where they belong.

    Parameters
    ----------
    shapes : array of Polygon and MultiPolygon
        In metres.
    radius : array of float
        One for each.

    Returns
    -------
    array of Polygon and MultiPolygon
        The shape itself and the land around it.

    Examples
    --------
    >>> square = np.array([shapely.box(0, 0, 100, 100)])
    >>> around = land_within(square, np.array([300.0]))
    >>> bool(abs(shapely.area(around)[0] / (100**2 + 4 * 100 * 300 + np.pi * 300**2) - 1) < 1e-4)
    True
    """
    sides = 4 * QUAD_SEGS
    swell = math.sqrt((2 * math.pi / sides) / math.sin(2 * math.pi / sides))
    rounded = shapely.buffer(shapes, radius * swell, quad_segs=QUAD_SEGS)
    straight = shapely.buffer(shapes, radius, join_style="mitre", mitre_limit=MITRE_LIMIT)
    out: Shapes = shapely.intersection(rounded, straight)
    return out


def union_parts(shapes: Shapes) -> Shapes:
    """The union, as its connected parts.

    Parameters
    ----------
    shapes : array of Polygon and MultiPolygon
        Any number.

    Returns
    -------
    array of Polygon
        Disjoint.

    Examples
    --------
    >>> one = union_parts(np.array([shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)]))
    >>> shapely.area(one).tolist()
    [3.0]
    """
    if len(shapes) == 0:
        return np.zeros(0, dtype=object)
    parts: Shapes = shapely.get_parts(shapely.disjoint_subset_union_all(shapes))
    return parts


def split_by(pieces: Shapes, reach: Shapes) -> tuple[Shapes, Shapes]:
    """Each piece divided into what is within reach and what is not.

    Parameters
    ----------
    pieces : array of Polygon and MultiPolygon
        What is divided.
    reach : array of Polygon
        Disjoint (`union_parts`).

    Returns
    -------
    within, beyond : array of shapely geometries
        One a piece each; empty where there is nothing.

    Examples
    --------
    >>> within, beyond = split_by(
    ...     np.array([shapely.box(0, 0, 4, 1)]), np.array([shapely.box(0, 0, 3, 3)])
    ... )
    >>> shapely.area(within).tolist(), shapely.area(beyond).tolist()
    ([3.0], [1.0])
    """
    nowhere = shapely.Polygon()
    served = np.full(len(pieces), nowhere, dtype=object)
    gaps = pieces.copy()
    if len(pieces) == 0 or len(reach) == 0:
        return served, gaps
    tree = shapely.STRtree(pieces)
    _, whole = tree.query(reach, predicate="covers")
    served[whole], gaps[whole] = pieces[whole], nowhere
    part, piece = tree.query(reach, predicate="intersects")
    open_pair = ~np.isin(piece, whole)
    part, piece = part[open_pair], piece[open_pair]
    if len(piece) == 0:
        return served, gaps
    order = np.lexsort((part, piece))
    part, piece = part[order], piece[order]
    within = shapely.intersection(pieces[piece], reach[part])
    # The parts of the reach are disjoint, so what several of them serve just adds up.
    owner, first = np.unique(piece, return_index=True)
    groups = np.split(within, first[1:])
    joined = np.array(
        [group[0] if len(group) == 1 else shapely.union_all(group) for group in groups],
        dtype=object,
    )
    served[owner] = joined
    gaps[owner] = shapely.difference(pieces[owner], joined)
    return served, gaps


def only_land(at: Ints, shapes: Shapes) -> tuple[Ints, Shapes]:
    """Only polygons with land in them: an overlay also leaves points, lines and slivers.

    Parameters
    ----------
    at : array of int
        A number that goes with each shape.
    shapes : array of shapely geometries
        Of an overlay.

    Returns
    -------
    at, shapes : array
        Of those with land, several parts of one still one row.

    Examples
    --------
    >>> at, shapes = only_land(np.array([7, 8]), np.array([shapely.box(0, 0, 1, 1), None]))
    >>> at.tolist()
    [7]
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    solid = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > SLIVER_M2)
    parts, owner = parts[solid], owner[solid]
    if len(parts) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object)
    keep, first = np.unique(owner, return_index=True)
    rows = shapely.multipolygons(
        parts, indices=np.repeat(np.arange(len(keep)), np.diff(np.append(first, len(parts))))
    )
    single = shapely.get_num_geometries(rows) == 1
    rows[single] = shapely.get_geometry(rows[single], 0)
    return at[keep], rows
