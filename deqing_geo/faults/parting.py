"""Where a gap is cut before it is given away.

A string of gaps along many borders is one polygon with branches. Given away whole, it would let
one unit reach far between others; so it is cut across where two units meet on one side, and where
its branches meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.faults.forms import DUST_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

NOBODY = -1
TOUCH_M = 1e-6  # a computed vertex stands so near the border it was computed on
# A cut whose end lies nearer to the units it starts from than this part of its length runs along
# them and not across.
ACROSS = 0.5
TWO = 2


def cuts(gaps: Shapes, units: Shapes) -> list[Any]:
    """Lines that part gaps where more than two units border on them.

    Parameters
    ----------
    gaps : array of shapely polygons
        That are to be given away.
    units : array of shapely polygons
        Those around them.

    Returns
    -------
    list of shapely lines
        Cuts across, a millimetre too long, so that they surely cross; and the seams of branches.
    """
    if len(gaps) == 0:
        return []
    tree = shapely.STRtree(units)
    out: list[Any] = []
    rings = shapely.get_parts(shapely.boundary(gaps), return_index=True)
    owners, gap_of = _owners(rings[0], tree), rings[1]
    crowded = np.flatnonzero(_count(owners, gap_of, len(gaps)) > TWO)
    for at in crowded.tolist():
        own = [(rings[0][ring], owners[ring]) for ring in np.flatnonzero(gap_of == at)]
        across = _across(own)
        pieces = [gaps[at]]
        if across:
            lines = shapely.union_all([shapely.boundary(gaps[at]), *across])
            pieces = [
                piece
                for piece in shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
                if shapely.contains(gaps[at], shapely.point_on_surface(piece))
            ]
            out += across
        out += [seam for piece in pieces for seam in _seams(piece, tree)]
    return out


def _owners(rings: Shapes, tree: shapely.STRtree) -> list[Places]:
    """Which unit lies along each edge of each ring; -1 where none does."""
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    inside = ring[1:] == ring[:-1]
    middles = shapely.points(((coords[1:] + coords[:-1]) / 2)[inside])
    edge, unit = tree.query(middles, predicate="dwithin", distance=TOUCH_M)
    owner = np.full(len(middles), NOBODY, dtype=np.intp)
    owner[edge[::-1]] = unit[::-1]
    ends = np.cumsum(np.bincount(ring[:-1][inside], minlength=len(rings)))[:-1]
    return np.split(owner, ends)


def _count(owners: list[Places], gap_of: Places, count: int) -> Places:
    """How many sides each gap has: units, and the open one."""
    sides: list[set[int]] = [set() for _ in range(count)]
    for one, at in zip(owners, gap_of.tolist(), strict=True):
        sides[at] |= set(one.tolist())
    return np.array([len(side) for side in sides], dtype=np.intp)


def _across(rings: list[tuple[Any, Places]]) -> list[Any]:
    """Cuts from where two units meet to the nearest border that is neither's."""
    points = [shapely.get_coordinates(ring) for ring, _ in rings]
    edges = np.concatenate([np.stack([one[:-1], one[1:]], axis=1) for one in points])
    owner = np.concatenate([one for _, one in rings])
    lines: Shapes = np.asarray(shapely.linestrings(edges), dtype=object)
    before = np.concatenate([np.roll(one, 1) for _, one in rings])
    out = []
    for at in np.flatnonzero((before != owner) & (before != NOBODY) & (owner != NOBODY)).tolist():
        own = np.isin(owner, (before[at], owner[at]))
        if own.all():
            continue
        start = shapely.Point(edges[at, 0])
        away = shapely.distance(start, lines[~own])
        nearest = lines[~own][int(away.argmin())]
        ends = shapely.get_coordinates(shapely.shortest_line(start, nearest))
        length = float(away.min())
        end = shapely.Point(ends[1])
        if length > 0 and shapely.distance(end, lines[own]).min() >= ACROSS * length:
            step = (ends[1] - ends[0]) / length
            out.append(shapely.LineString([ends[0], ends[1] + step * DUST_M]))
    return out


def _seams(piece: Any, tree: shapely.STRtree) -> list[Any]:
    """Borders between the branches of a gap, each of which lies between its own two units."""
    rings = shapely.get_parts(shapely.boundary(piece))
    owners = _owners(rings, tree)
    if len(set(np.concatenate(owners).tolist()) - {NOBODY}) <= TWO:
        return []
    sides: dict[tuple[float, ...], set[int]] = {}
    for ring, owner in zip(rings, owners, strict=True):
        corners = [tuple(one) for one in shapely.get_coordinates(ring).tolist()]
        for at, unit in enumerate(owner.tolist()):
            if unit != NOBODY:
                sides.setdefault(corners[at], set()).add(unit)
                sides.setdefault(corners[at + 1], set()).add(unit)
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(piece))
    corners_of = shapely.get_coordinates(triangles).reshape(len(triangles), 4, 2)[:, :3]
    labels: dict[tuple[tuple[float, ...], tuple[float, ...]], set[frozenset[int]]] = {}
    for corners in corners_of.tolist():
        points = [tuple(one) for one in corners]
        label = frozenset[int]().union(*(sides.get(one, set()) for one in points))
        for at in range(3):
            first, second = sorted((points[at], points[at - 1]))
            labels.setdefault((first, second), set()).add(label)
    # An edge between triangles of other units is where two branches meet.
    return [shapely.LineString(ends) for ends, found in labels.items() if len(found) > 1]
