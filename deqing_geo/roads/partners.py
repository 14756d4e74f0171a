"""Which lines run beside which: places along lines, and the lines that keep them company.

Geometry alone; nothing here knows a class, merges or measures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Shapes = NDArray[Any]

# Places asked at one time; keeps the pairs of a city in some tens of megabytes.
CHUNK = 100_000
# How far to either side of a place its direction is taken, in metres.
REACH_M = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Stations:
    """Places at even steps along lines, each standing for a stretch of its line."""

    line: Ints
    place: Floats
    metres: Floats
    points: Shapes
    heading: Floats

    def __len__(self) -> int:
        return len(self.line)


def stations(lines: Shapes, step: float) -> Stations:
    """The middles of equal stretches of every line, at most `step` metres long each."""
    length = shapely.length(lines)
    count = np.maximum(np.ceil(length / step), 1).astype(np.intp)
    line = np.repeat(np.arange(len(lines)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    metres = (length / count)[line]
    place = (np.arange(len(line)) - first + 0.5) * metres
    reach = np.minimum(REACH_M, metres / 2)
    own = lines[line]
    points = shapely.line_interpolate_point(own, place)
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(own, place + reach))
    back = shapely.get_coordinates(shapely.line_interpolate_point(own, place - reach))
    return Stations(line, place, metres, points, _unit(ahead - back))


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Lines taken apart into straight pieces."""

    line: Ints
    shapes: Shapes
    heading: Floats
    tree: shapely.STRtree


def segments(lines: Shapes) -> Segments:
    """Every straight piece of the lines, and whose it is."""
    coords, owner = shapely.get_coordinates(lines, return_index=True)
    on = np.flatnonzero(owner[1:] == owner[:-1])
    pairs = np.stack([coords[on], coords[on + 1]], axis=1)
    moving = np.hypot(*(pairs[:, 1] - pairs[:, 0]).T) > 0
    pairs, on = pairs[moving], on[moving]
    shapes = shapely.linestrings(pairs) if len(pairs) else np.empty(0, dtype=object)
    return Segments(owner[on], shapes, _unit(pairs[:, 1] - pairs[:, 0]), shapely.STRtree(shapes))


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """Pairs of a place and a line that runs beside it, each pair once, nearest piece of it."""

    station: Ints
    line: Ints
    metres: Floats
    foot: Floats


def company(at: Stations, of: Segments, within: float, degrees: float) -> Company:
    """Lines within `within` metres of each place that point the same way, or the opposite."""
    parts = [_company(at, of, within, degrees, start) for start in range(0, len(at), CHUNK)]
    if not parts:
        none = np.empty(0, dtype=np.intp)
        return Company(none, none, np.empty(0), np.empty((0, 2)))
    return Company(
        np.concatenate([part.station for part in parts]),
        np.concatenate([part.line for part in parts]),
        np.concatenate([part.metres for part in parts]),
        np.concatenate([part.foot for part in parts]),
    )


def _company(at: Stations, of: Segments, within: float, degrees: float, start: int) -> Company:
    """The pairs of one chunk of places."""
    points = at.points[start : start + CHUNK]
    station, piece = of.tree.query(points, predicate="dwithin", distance=within)
    cosine = np.abs((at.heading[station + start] * of.heading[piece]).sum(axis=1))
    along = cosine >= math.cos(math.radians(degrees))
    station, piece = station[along], piece[along]
    shapes = of.shapes[piece]
    how_far = shapely.line_locate_point(shapes, points[station])
    foot = shapely.line_interpolate_point(shapes, how_far)
    metres = shapely.distance(points[station], foot)
    line = of.line[piece]
    order = np.lexsort((piece, metres, line, station))
    station, line = station[order], line[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (station[1:] != station[:-1]) | (line[1:] != line[:-1])
    kept = order[new]
    return Company(
        station[new] + start, line[new], metres[kept], shapely.get_coordinates(foot[kept])
    )


def _unit(vectors: Floats) -> Floats:
    """Vectors of length one; those of no length stay."""
    length = np.hypot(vectors[:, 0], vectors[:, 1])
    unit: Floats = vectors / np.where(length > 0, length, 1.0)[:, None]
    return unit
