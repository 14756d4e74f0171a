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
# A chord is as long as its angle and radius say, to well under the millimetre of survey data.
CHORD_M = 1e-5
# A chord of GEOS is at most half as long again as its share of a quarter circle.
BLUNT = 1.6 * math.pi / 2 / QUAD_SEGS
# What chords may take from a disc: a tenth of what GEOS takes by default, and less than a metre of
# radius would make at 300 m.
LOST_OF_DISC = 1e-4


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
    cut = shapes[shape_at]
    shapely.prepare(areas)
    across = ~shapely.covers(areas[area_at], cut)
    cut[across] = shapely.intersection(cut[across], areas[area_at[across]])
    parts, pair = shapely.get_parts(cut, return_index=True)
    solid = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > SLIVER_M2)
    parts, shape_at = parts[solid], shape_at[pair[solid]]
    order = np.argsort(shape_at, kind="stable")
    parts, shape_at = parts[order], shape_at[order]
    # What lies across two areas is one again.
    at, joined = union_by(parts, shape_at)
    return joined, at


def land_within(shapes: Shapes, radius: Floats) -> Shapes:
    """The land within a straight-line distance of each shape.

    GEOS draws round corners with chords and so loses of a disc; at its default, and up to
    0.17 % around a park of 45 sides. Moving the vertices of each round corner out until it has
    the area of its sector gives that back; straight stretches stay where they are.

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
    out: Shapes = shapely.buffer(shapes, radius, quad_segs=QUAD_SEGS)
    coords, at = shapely.get_coordinates(out, return_index=True)
    moved, lost = _round_out(coords, _ring_of(out), radius[at])
    shapely.set_coordinates(out, moved)
    # Corners too blunt for more than one chord have no vertex to move. They matter only
    # where a park consists of them; the few such are drawn again, as those are that two
    # moved corners have met in.
    bad = np.bincount(at, lost, len(out)) > LOST_OF_DISC * np.pi * radius**2
    bad |= ~shapely.is_valid(out)
    if bad.any():
        out[bad] = _cut_round(shapes[bad], radius[bad])
    return out


def _cut_round(shapes: Shapes, radius: Floats) -> Shapes:
    """The same the slow way: a rounded buffer a trifle too wide, cut by a mitred one."""
    sides = 4 * QUAD_SEGS
    swell = math.sqrt((2 * math.pi / sides) / math.sin(2 * math.pi / sides))
    rounded = shapely.buffer(shapes, radius * swell, quad_segs=QUAD_SEGS)
    straight = shapely.buffer(shapes, radius, join_style="mitre", mitre_limit=MITRE_LIMIT)
    out: Shapes = shapely.intersection(rounded, straight)
    return out


def _ring_of(shapes: Shapes) -> Ints:
    """For every coordinate of every shape the number of its ring."""
    single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    if (single & (shapely.get_num_interior_rings(shapes) == 0)).all():
        return np.asarray(shapely.get_coordinates(shapes, return_index=True)[1])
    parts = shapely.get_parts(shapes)
    return np.asarray(shapely.get_coordinates(shapely.get_rings(parts), return_index=True)[1])


def _round_out(coords: Floats, ring: Ints, radius: Floats) -> tuple[Floats, Floats]:
    """Vertices of arcs moved out, and the land that the chord after each vertex still lacks.

    A vertex between two chords of the angle a goes from r to r * sqrt(a / sin(a)): the triangle
    between two such vertices has the area of the sector. The ends of an arc stay, so its first and
    last chord lack r^2 * (a - sqrt(a * sin(a))) / 2 each.
    """
    # Without the last vertex of each ring, which is its first.
    kept = np.diff(ring, append=-1) == 0
    x, y, ring, r = coords[kept, 0], coords[kept, 1], ring[kept], radius[kept]
    begins = np.flatnonzero(np.diff(ring, prepend=-1))
    ends = np.append(begins[1:], len(x)) - 1 if len(x) else begins
    dx, dy = _onward(x, begins, ends) - x, _onward(y, begins, ends) - y
    length = np.sqrt(dx * dx + dy * dy)
    came_x, came_y, came = (_before(one, begins, ends) for one in (dx, dy, length))
    # Rings of a buffer run clockwise around the land, so that a round corner turns right.
    with np.errstate(divide="ignore", invalid="ignore"):
        sine = (came_y * dx - came_x * dy) / (came * length)
    sine = np.where(came_x * dx + came_y * dy > 0, sine, 0.0)
    # 2 * r * sin(turn / 2), without an arc sine for every vertex.
    square = np.minimum(sine * sine, 1.0)
    chord = 2 * r * sine / np.sqrt(2 * (1 + np.sqrt(1 - square)))
    on_arc = (sine > 0) & (np.abs(chord - np.maximum(length, came)) < CHORD_M)
    at = np.flatnonzero(on_arc)
    angle = np.arcsin(np.minimum(sine[at], 1.0))
    swell = np.sqrt(angle / sine[at]) - 1
    out_x = came_x[at] / came[at] + dx[at] / length[at]
    out_y = came_y[at] / came[at] + dy[at] / length[at]
    step = swell * r[at] / np.hypot(out_x, out_y)
    x, y = x.copy(), y.copy()
    x[at] -= out_y * step
    y[at] += out_x * step
    lacks = np.zeros(len(x))
    following = _onward(on_arc, begins, ends)
    end = np.flatnonzero(on_arc ^ following)
    turn = np.where(on_arc[end], sine[end], _onward(sine, begins, ends)[end])
    angle = np.arcsin(np.clip(turn, 0.0, 1.0))
    lacks[end] = r[end] ** 2 * (angle - np.sqrt(angle * turn)) / 2
    # A chord between two straight stretches turns by half its angle at either end.
    blunt = ~on_arc & ~following & (sine > 0) & (length < r * BLUNT)
    alone = np.flatnonzero(blunt)
    both = np.arcsin(sine[alone]) + np.arcsin(np.clip(_onward(sine, begins, ends)[alone], 0.0, 1.0))
    one_chord = np.abs(2 * r[alone] * np.sin(both / 2) - length[alone]) < CHORD_M
    alone, both = alone[one_chord], both[one_chord]
    lacks[alone] = r[alone] ** 2 * (both - np.sin(both)) / 2
    moved, lost = coords.copy(), np.zeros(len(coords))
    moved[kept, 0], moved[kept, 1], lost[kept] = x, y, lacks
    moved[~kept, 0], moved[~kept, 1] = x[begins], y[begins]
    return moved, lost


def _onward(values: Any, begins: Ints, ends: Ints) -> Any:
    """What each vertex's next one in its ring has."""
    out = np.empty_like(values)
    out[:-1] = values[1:]
    out[ends] = values[begins]
    return out


def _before(values: Any, begins: Ints, ends: Ints) -> Any:
    """What each vertex's last one in its ring has."""
    out = np.empty_like(values)
    out[1:] = values[:-1]
    out[begins] = values[ends]
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


def union_by(shapes: Shapes, owner: Ints) -> tuple[Ints, Shapes]:
    """The union of the shapes of each owner.

    Parameters
    ----------
    shapes : array of Polygon and MultiPolygon
        Any number.
    owner : array of int
        One a shape, ascending.

    Returns
    -------
    owners : array of int
        Each once, ascending.
    unions : array of shapely geometries
        One an owner.

    Examples
    --------
    >>> boxes = shapely.box([0, 1, 9], 0, [2, 3, 10], 1)
    >>> owners, unions = union_by(boxes, np.array([4, 4, 7]))
    >>> owners.tolist(), shapely.area(unions).tolist()
    ([4, 7], [3.0, 1.0])
    """
    owners, first, count = np.unique(owner, return_index=True, return_counts=True)
    unions = shapes[first] if len(owners) else shapes[:0]
    # Groups of one size make a table, and its rows are joined in one call.
    for size in np.unique(count[count > 1]):
        at = np.flatnonzero(count == size)
        unions[at] = shapely.union_all(shapes[first[at][:, None] + np.arange(size)], axis=1)
    return owners, unions


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
    # Prepared once and asked twice; the tree alone would prepare them for each question.
    shapely.prepare(reach)
    part, piece = shapely.STRtree(pieces).query(reach)
    covered = shapely.covers(reach[part], pieces[piece])
    whole = piece[covered]
    served[whole], gaps[whole] = pieces[whole], nowhere
    open_pair = ~np.isin(piece, whole)
    part, piece = part[open_pair], piece[open_pair]
    touched = shapely.intersects(reach[part], pieces[piece])
    part, piece = part[touched], piece[touched]
    if len(piece) == 0:
        return served, gaps
    order = np.lexsort((part, piece))
    part, piece = part[order], piece[order]
    within = shapely.intersection(pieces[piece], reach[part])
    # The parts of the reach are disjoint, so what several of them serve just adds up.
    owner, joined = union_by(within, piece)
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
    there = np.flatnonzero(~(shapely.is_empty(shapes) | shapely.is_missing(shapes)))
    at, shapes = at[there], shapes[there]
    land = (shapely.get_dimensions(shapes) == 2) & (shapely.area(shapes) > SLIVER_M2)
    # What is one polygon already stays as it is: most pieces were never cut.
    rows = shapes.copy()
    mixed = np.flatnonzero(shapely.get_type_id(shapes) != shapely.GeometryType.POLYGON)
    parts, owner = shapely.get_parts(shapes[mixed], return_index=True)
    solid = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > SLIVER_M2)
    parts, owner = parts[solid], mixed[owner[solid]]
    if len(parts):
        keep, first, several = np.unique(owner, return_index=True, return_counts=True)
        # Several parts of one block stay one row.
        rows[keep] = shapely.multipolygons(parts, indices=np.repeat(np.arange(len(keep)), several))
        rows[keep[several == 1]] = parts[first[several == 1]]
        land[np.setdiff1d(mixed, keep)] = False
    return at[land], rows[land]
