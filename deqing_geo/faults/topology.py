"""What neighbours do to each other: overlaps, gaps, enclaves.

Only what meets an edge without a partner is ever intersected. Gaps are the faces that such edges
enclose and no unit covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.faults.edges import Edges, edges_of
from deqing_geo.faults.forms import DUST_M, gathered, narrow, widths
from deqing_geo.faults.found import Found
from deqing_geo.text import figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

PAIRS_AT_ONCE = 100_000  # intersections held in memory together
# One unit lies wholly in another where all but this part of its area does.
WHOLLY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Tiling:
    """Units that should tile a place, and what was found of their edges.

    Attributes
    ----------
    rows : array of int
        Positions in the layer of the units that have a polygon.
    units : array of shapely polygons
        Theirs.
    edges : Edges
        How their edges meet.
    """

    rows: Places
    units: Shapes
    edges: Edges


def tiling(sound: Shapes) -> Tiling:
    """The units of a layer and how their edges meet.

    Parameters
    ----------
    sound : array of shapely geometries
        Valid polygons, None where there is none; no two the same.

    Returns
    -------
    Tiling
        Of the rows that have a polygon.
    """
    rows = np.flatnonzero(~shapely.is_missing(sound))
    return Tiling(rows, sound[rows], edges_of(sound[rows]))


def overlaps(tiles: Tiling) -> tuple[NDArray[np.intp], Shapes]:
    """Pairs of units that overlap, and where.

    Parameters
    ----------
    tiles : Tiling
        The units.

    Returns
    -------
    pairs : array of int, shape (N, 2)
        Positions among the units, the earlier first, in order.
    patches : array of shapely multi-polygons, N
        What both cover, without threads narrower than a millimetre.

    Notes
    -----
    Leave the land two units share anywhere: it ends at an edge of one of them inside the other.
    If that edge has no partner, the two are found by it. If it has one, the unit beyond it
    overlaps the other as well. So every pair is reached from one that is found, over units
    that share edges.
    """
    units, edges = tiles.units, tiles.edges
    line, unit = shapely.STRtree(units).query(edges.lines, predicate="intersects")
    tried = new = _keys(edges.owner[line], unit, len(units))
    kept, patches = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=object)]
    while len(new):
        reached = []
        for start in range(0, len(new), PAIRS_AT_ONCE):
            some = new[start : start + PAIRS_AT_ONCE]
            one, other = units[some // len(units)], units[some % len(units)]
            # Most only touch, and to see that is a third of the work of an intersection.
            shapely.prepare(one)
            meet = ~shapely.touches(one, other)
            shapely.destroy_prepared(one)
            some = some[meet]
            at, patch = _patches(shapely.intersection(one[meet], other[meet]))
            kept.append(some[at])
            patches.append(patch)
            reached.append(some[at])
        new = np.setdiff1d(_beyond(np.concatenate(reached), tiles), tried)
        tried = np.union1d(tried, new)
    pairs = np.concatenate(kept)
    order = np.argsort(pairs)
    pairs = pairs[order]
    several = np.column_stack([pairs // max(len(units), 1), pairs % max(len(units), 1)])
    return several, np.concatenate(patches)[order]


def _keys(one: Places, other: Places, count: int) -> Places:
    """A number for each pair of different units, the earlier first, each once."""
    apart = one != other
    low, high = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
    return np.unique(low * count + high)


def _beyond(pairs: Places, tiles: Tiling) -> Places:
    """Pairs of one unit of a pair and a neighbour of the other whose boxes meet."""
    count, beside = len(tiles.units), tiles.edges.beside
    both = np.concatenate([beside, beside[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    start = np.searchsorted(both[:, 0], np.arange(count + 1))
    found = [np.zeros((2, 0), dtype=np.intp)]
    for stay, leave in ((pairs // count, pairs % count), (pairs % count, pairs // count)):
        many = start[leave + 1] - start[leave]
        offset = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        found.append(
            np.stack([np.repeat(stay, many), both[np.repeat(start[leave], many) + offset, 1]])
        )
    one, other = np.concatenate(found, axis=1)
    box = shapely.bounds(tiles.units)
    meet = (box[one, :2] < box[other, 2:]).all(axis=1) & (box[other, :2] < box[one, 2:]).all(axis=1)
    keys = _keys(one[meet], other[meet], count)
    inside = shapely.intersects(tiles.units[keys // count], tiles.units[keys % count])
    return keys[inside]


def _patches(shapes: Shapes) -> tuple[Places, Shapes]:
    """Which shapes have land of some width, and that land as multi-polygons."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    land = (shapely.get_dimensions(parts) == 2) & (widths(parts) >= DUST_M)
    parts, owner = parts[land], owner[land]
    found, start = np.unique(owner, return_index=True)
    return found, gathered(parts, start)


def faces(tiles: Tiling) -> tuple[Shapes, NDArray[np.bool_]]:
    """The faces that edges without a partner cut the plane into.

    Parameters
    ----------
    tiles : Tiling
        The units.

    Returns
    -------
    faces : array of shapely polygons
        All but the outermost; pieces that touch at single points enclose as well.
    covered : array of bool
        Whether units cover a face: where no edge without a partner passes, as many cover one
        place as the next.
    """
    border = shapely.get_parts(shapely.union_all(tiles.edges.lines))
    found = np.asarray(shapely.get_parts(shapely.polygonize(border)), dtype=object)
    covered = np.zeros(len(found), dtype=bool)
    spots = shapely.point_on_surface(found)
    covered[shapely.STRtree(tiles.units).query(spots, predicate="intersects")[0]] = True
    return found, covered


def neighbours(patches: Shapes, units: Shapes) -> tuple[list[Places], list[Floats]]:
    """Units along each patch, and how far they run along it.

    Parameters
    ----------
    patches : array of shapely polygons
        Patches of land that belong to no unit.
    units : array of shapely polygons
        The units.

    Returns
    -------
    rows : list of array of int
        Positions among the units, in order; a unit that only touches at a corner is left out.
    lengths : list of array of float
        Metres, to a few millimetres.
    """
    if len(patches) == 0:
        return [], []
    # A patch grown by a millimetre covers a strip of each neighbour as long as their border.
    grown = shapely.buffer(patches, DUST_M, join_style="mitre")
    patch, unit = shapely.STRtree(units).query(grown, predicate="intersects")
    along = shapely.area(shapely.intersection(grown[patch], units[unit])) / DUST_M
    long = along > 2 * DUST_M
    patch, unit, along = patch[long], unit[long], along[long]
    order = np.lexsort([unit, patch])
    ends = np.searchsorted(patch[order], np.arange(1, len(patches)))
    return np.split(unit[order], ends), np.split(along[order], ends)


# ---------------------------------------------------------------- faults


def coverage_faults(tiles: Tiling, holes: Shapes) -> list[Found]:
    """Overlaps, gaps and enclaves of units that should tile a place.

    Parameters
    ----------
    tiles : Tiling
        The units.
    holes : array of shapely polygons
        The gaps between them, wider than a millimetre.

    Returns
    -------
    list of Found
        ``overlap``, ``gap`` and ``enclave``.
    """
    return [*_overlap_faults(tiles), *_gap_faults(tiles, holes), _enclaves(tiles)]


def _overlap_faults(tiles: Tiling) -> list[Found]:
    pairs, patches = overlaps(tiles)
    area = shapely.area(patches)
    least = shapely.area(tiles.units)[pairs].min(axis=1) if len(pairs) else area
    inside = area > (1 - WHOLLY) * least
    out = []
    for way, chosen in (("", ~inside), ("inside", inside)):
        count = shapely.get_num_geometries(patches[chosen])
        out.append(
            Found(
                "overlap",
                tiles.rows[pairs[chosen]].tolist(),
                patches[chosen],
                area[chosen],
                way,
                facts={"places": [str(number) for number in count]},
            )
        )
    return out


def _gap_faults(tiles: Tiling, holes: Shapes) -> list[Found]:
    beside, _ = neighbours(holes, tiles.units)
    sets = [tuple(tiles.rows[rows].tolist()) for rows in beside]
    thin = narrow(holes)
    out = []
    for is_narrow in (True, False):
        for way in ("", "inside"):
            chosen = [
                at
                for at, rows in enumerate(sets)
                if (thin[at] == is_narrow) and (len(rows) == 1) == (way == "inside")
            ]
            said = way if is_narrow else f"wide_{way}".rstrip("_")
            out.append(strips("gap", said, holes, sets, chosen, together=is_narrow))
    return out


def strips(
    kind: str,
    way: str,
    patches: Shapes,
    sets: Sequence[tuple[int, ...]],
    chosen: Sequence[int],
    *,
    together: bool,
    grave: Sequence[str | None] | None = None,
    **facts: str,
) -> Found:
    """Patches of nobody's land as faults.

    A border drawn twice leaves a string of gaps between the same units: together they are one
    fault in several places.

    Parameters
    ----------
    kind, way : str
        Of the fault.
    patches : array of shapely polygons
        All patches.
    sets : sequence of tuple of int
        The rows along each.
    chosen : sequence of int
        The patches meant.
    together : bool
        Whether patches along the same rows are one fault.
    grave : sequence of str or None
        How grave each of all patches is, where it is not the usual; a fault in several places is
        as grave as the first.
    **facts : str
        What all of them say.

    Returns
    -------
    Found
        With the words ``width`` (of the widest) and ``places``.
    """
    groups: dict[Any, list[int]] = {}
    for at in chosen:
        groups.setdefault(sets[at] if together else at, []).append(at)
    members = list(groups.values())
    order = np.array([at for group in members for at in group], dtype=np.intp)
    start = np.cumsum([0, *(len(group) for group in members)])[:-1].astype(np.intp)
    wide = np.maximum.reduceat(widths(patches)[order], start) if members else np.zeros(0)
    places = gathered(patches[order], start)
    told = {name: [text] * len(members) for name, text in facts.items()}
    told["width"] = [figure(float(width)) for width in wide]
    told["places"] = [str(len(group)) for group in members]
    severity = None if grave is None else [grave[group[0]] for group in members]
    return Found(
        kind,
        [sets[group[0]] for group in members],
        places,
        shapely.area(places),
        way,
        severity,
        told,
    )


def _enclaves(tiles: Tiling) -> Found:
    """Pieces that lie in a hole of another unit."""
    parts, owner = shapely.get_parts(tiles.units, return_index=True)
    holed = np.flatnonzero(shapely.get_num_interior_rings(parts) > 0)
    rings, ring_of = shapely.get_rings(parts[holed], return_index=True)
    inner = np.diff(ring_of, prepend=-1) == 0
    holes, host = shapely.polygons(rings[inner]), owner[holed[ring_of[inner]]]
    hole, part = shapely.STRtree(parts).query(holes)
    apart = host[hole] != owner[part]
    hole, part = hole[apart], part[apart]
    if len(hole):
        within = shapely.contains(holes[hole], shapely.point_on_surface(parts[part]))
        hole, part = hole[within], part[within]
    # Of holes in holes the smallest is the one it lies in.
    order = np.lexsort([shapely.area(holes)[hole], part])
    hole, part = hole[order], part[order]
    first = np.diff(part, prepend=-1) != 0
    hole, part = hole[first], part[first]
    pairs = np.column_stack([tiles.rows[owner[part]], tiles.rows[host[hole]]])
    return Found("enclave", pairs.tolist(), parts[part], shapely.area(parts[part]))
