"""The land beside reached roads that is no farther than asked: inner, with a bounded error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Shapes = NDArray[Any]

# Of the error allowed, this part is one step along a road. A place may lose one step because
# distances are known at steps only, one because the farther end of a step counts, and half a
# one because it is measured to a step and not to its foot; arcs drawn as chords take an eighth.
STEPS_IN_ERROR = 4
CHORD_SHARE = 1 / 8


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """Lines with the metres one may still go at their first and last vertex; negative: none."""

    lines: Shapes
    first: Floats
    last: Floats


def land_of(reached: Legs, beyond: Shapes, width_m: float, error_m: float) -> Any:
    """The land whose nearest road is reached, as far beside it as there are metres left.

    Parameters
    ----------
    reached : Legs
        Reached roads and what is left of the limit along them.
    beyond : array of LineString
        All other road.
    width_m : float
        How far beside a road at most.
    error_m : float
        No place left out has more than this left, but for a strip as narrow beside places whose
        nearest road is farther than asked.

    Returns
    -------
    shapely geometry
        A polygon, a multi-polygon, or an empty one.
    """
    step = error_m / STEPS_IN_ERROR
    centre = shapely.get_coordinates(reached.lines).mean(axis=0) if len(reached.lines) else 0.0
    legs, beyond = _shifted(reached.lines, -centre), _shifted(beyond, -centre)
    full = np.minimum(reached.first, reached.last) - step >= width_m
    whole, edgy = legs[full], legs[~full]
    spots, left, line = _stepped(edgy, reached.first[~full], reached.last[~full], step)
    left = left - step
    quads = _quads(width_m, error_m)
    reach = _strips(spots, np.minimum(left, width_m), line, quads)
    # One by one and then together: a hundred times as fast as all at once.
    bands = shapely.buffer(whole, width_m, quad_segs=quads)
    reach = shapely.union_all([reach, *bands])
    others = _beside(beyond, legs, 2 * width_m + step)
    about = _beside(whole, np.concatenate([edgy, others]), 2 * (width_m + step))
    far, near = _spots(others, step), _spots(about, step)
    taken = _taken(
        np.concatenate([spots, far, near]),
        np.concatenate(
            [
                np.where(left >= width_m, np.inf, left),
                np.full(len(far), -1.0),
                np.full(len(near), np.inf),
            ]
        ),
        width_m,
        step,
        quads,
    )
    land = shapely.difference(reach, taken)
    land = shapely.transform(land, lambda places: places + centre)
    # Large coordinates are coarser, and may fold a corner by less than a hair's breadth.
    return _areas_only(shapely.make_valid(land))


def _areas_only(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def _shifted(lines: Shapes, by: Any) -> Shapes:
    """Small numbers keep the digits that large coordinates would lose."""
    out: Shapes = np.asarray(shapely.transform(lines, lambda places: places + by), dtype=object)
    return out


def _quads(width_m: float, error_m: float) -> int:
    """So many chords to a quarter circle that none lies farther inside than its share."""
    sag = min(error_m * CHORD_SHARE / width_m, 1.0)
    return max(4, int(np.ceil(np.pi / 4 / np.arccos(1 - sag))))


def _stepped(
    lines: Shapes, first: Floats, last: Floats, step: float
) -> tuple[Floats, Floats, Ints]:
    """Places on lines, a step apart at most and at every vertex, with values from end to end."""
    places, line = shapely.get_coordinates(lines, return_index=True)
    if len(places) == 0:
        return places, np.zeros(0), line
    way = np.diff(places, axis=0)
    same = line[1:] == line[:-1]
    long = np.where(same, np.hypot(way[:, 0], way[:, 1]), 0.0)
    total = np.maximum(np.bincount(line[1:], long, len(lines)), 1e-12)
    # What is left may run out faster than a road is drawn, where its metres were given.
    pace = np.maximum(np.abs(first - last) / total, 1.0)
    count = np.where(same, np.maximum(np.ceil(long * pace[line[1:]] / step), 1), 1).astype(np.intp)
    at = np.repeat(np.arange(len(way)), count)
    share = (np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)) / count[at]
    share[~same[at]] = 0.0
    run = np.concatenate([[0.0], np.cumsum(long)])
    begin = run[np.searchsorted(line, np.arange(len(lines)))]
    spots = np.concatenate([places[at] + share[:, None] * way[at], places[-1:]])
    of = np.append(line[at], line[-1])
    along = np.append(run[at] + share * long[at], run[-1]) - begin[of]
    part = np.clip(along / total[of], 0, 1)
    return spots, first[of] + part * (last - first)[of], of


def _spots(lines: Shapes, step: float) -> Floats:
    return _stepped(lines, np.zeros(len(lines)), np.zeros(len(lines)), step)[0]


def _strips(spots: Floats, radius: Floats, line: Ints, quads: int) -> Any:
    """Each step of a road, as wide as its narrower end allows."""
    both = line[1:] == line[:-1]
    narrow = np.minimum(radius[1:], radius[:-1])
    kept = np.flatnonzero(both & (narrow > 0))
    pieces = shapely.linestrings(np.stack([spots[kept], spots[kept + 1]], axis=1))
    return shapely.union_all(shapely.buffer(pieces, narrow[kept], quad_segs=quads))


def _beside(lines: Shapes, legs: Shapes, within_m: float) -> Shapes:
    if len(lines) == 0 or len(legs) == 0:
        return lines[:0]
    near, _ = shapely.STRtree(legs).query(lines, predicate="dwithin", distance=within_m)
    out: Shapes = lines[np.unique(near)]
    return out


def _taken(spots: Floats, left: Floats, width_m: float, step: float, quads: int) -> Any:
    """Land that lies nearest to a step of road and farther from it than that step has left."""
    from scipy.spatial import KDTree

    order = np.lexsort((left, spots[:, 1], spots[:, 0]))
    spots, left = np.round(spots[order], 4), left[order]
    new = np.ones(len(spots), dtype=bool)
    new[1:] = (np.diff(spots, axis=0) != 0).any(axis=1)
    spots, left = spots[new], left[new]
    short = np.isfinite(left)
    if not short.any():
        return shapely.Polygon()
    away, _ = KDTree(spots[short]).query(spots, distance_upper_bound=2 * width_m + 2 * step)
    near = np.isfinite(away)
    spots, left, short = spots[near], left[near], short[near]
    # Nobody beside a road lies farther from it than its width.
    disc = shapely.buffer(shapely.points(spots[short]), (width_m + step) * 1.02, quad_segs=8)
    # Between two roads the cells of steps lie within a fraction of a step of the truth.
    cells = shapely.buffer(_cells(spots)[short], step / 2, quad_segs=4)
    disc = shapely.intersection(cells, disc)
    held = shapely.buffer(shapely.points(spots[short]), np.maximum(left[short], 0), quad_segs=quads)
    return shapely.union_all(shapely.difference(disc, held))


def _cells(spots: Floats) -> Shapes:
    """What lies nearest to each place."""
    from scipy.spatial import Voronoi

    low, high = spots.min(axis=0), spots.max(axis=0)
    far = 4 * (np.hypot(*(high - low)) + 1)
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    # A ring of other places far round them gives every cell an outer bound.
    ring = (low + high) / 2 + far * np.column_stack([np.cos(turn), np.sin(turn)])
    # Of Qhull, because GEOS turns cells inside out where places lie in rows, as streets do.
    made = Voronoi(np.concatenate([spots, ring]))
    regions = [made.regions[at] for at in made.point_region[: len(spots)]]
    held = np.array([len(region) for region in regions])
    corners = made.vertices[np.concatenate(regions)]
    own = np.repeat(np.arange(len(spots)), held)
    cells: Shapes = np.asarray(shapely.convex_hull(shapely.multipoints(corners, indices=own)))
    return cells
