"""Lines that run together: which stretches of one layer lie along the lines of another.

Geometry only: nothing here knows a class or a file. Arrays in, arrays out, in metres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.intp]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

# Survey coordinates are kept to the millimetre: ends nearer than that are one place.
MILLIMETRE = 1_000.0
# Cuts nearer than this to one another, or to a vertex, are one: rounding, and no stretch of road.
SAME_M = 1e-6
# Headings are of length 1: a part smaller than this is the rounding of parallel lines.
STILL = 1e-12
# Above this the longest crossing is hardly longer than the band is wide, and below it a road
# drawn twice with a shaking hand would pass for two.
MOST_TURN_DEG = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Lines cut into what runs along others and what does not.

    Attributes
    ----------
    kept, dropped : array of LineString
        The stretches that run on their own, and those that run along another line.
    kept_of, dropped_of : array of int
        The line each stretch belongs to, by its position in what was given.
    """

    kept: Shapes
    dropped: Shapes
    kept_of: Ints
    dropped_of: Ints


def along(lines: Shapes, others: Shapes, within_m: float, max_turn_deg: float) -> Together:
    """Which stretches of some lines run together with other lines.

    A stretch runs along another line while it is no farther from it than `within_m`, beside it and
    not beyond its end, and heads the same way or the opposite one to within `max_turn_deg`. It is
    cut exactly where it enters and leaves. Where a corner or a shaky vertex interrupts it for less
    than the longest crossing, and it stays near, it is not interrupted; nor is what it has left
    there when it ends. What is then no longer than the longest crossing, ``2 * within_m /
    sin(max_turn_deg)``, is a crossing or a junction and is kept; rows that follow one another are
    measured together, and a line that runs along from end to end is always dropped, however short.

    Parameters
    ----------
    lines : array of LineString or MultiLineString
        To be cut. Metres.
    others : array of LineString or MultiLineString
        What they may run along. Metres.
    within_m : float
        Half the width of the band round the others.
    max_turn_deg : float
        Between headings, above 0 and at most 60.

    Returns
    -------
    Together
        Kept and dropped together are the lines given, parts of multi-part lines apart.

    Raises
    ------
    InputError
        If a distance or an angle is none.

    Examples
    --------
    The second line lies 8 m beside the first for 400 m and then goes on alone:

    >>> street = shapely.LineString([(0, 0), (400, 0)])
    >>> highway = shapely.LineString([(0, 8), (1000, 8)])
    >>> found = along(np.array([highway]), np.array([street]), 15, 20)
    >>> shapely.length(found.dropped).tolist(), shapely.length(found.kept).tolist()
    ([400.0], [600.0])
    """
    if not (math.isfinite(within_m) and within_m > 0):
        raise InputError(f"within_m={within_m!r} is no distance above 0.")
    if not 0 < max_turn_deg <= MOST_TURN_DEG:
        raise InputError(f"max_turn_deg={max_turn_deg!r} is no angle above 0 and to 60 degrees.")
    single, row = shapely.get_parts(np.asarray(lines, dtype=object), return_index=True)
    there = ~shapely.is_empty(single)
    single, row = single[there], row[there].astype(np.intp)
    own = _Segments.of(single)
    other = _Segments.of(shapely.get_parts(np.asarray(others, dtype=object))).once()
    shortest = 2 * within_m / math.sin(math.radians(max_turn_deg))
    begin, end, line = _alike(own, other, within_m, max_turn_deg, shortest)
    taken = _long_enough(begin, end, line, own, shortest)
    return _cut(single, row, own, begin[taken], end[taken], line[taken])


@dataclass(frozen=True, slots=True, eq=False)
class _Segments:
    """Straight stretches of lines; zero-length ones left out."""

    start: Floats
    heading: Floats  # of length 1
    metres: Floats
    before: Floats  # metres of its line before it begins
    line: Ints
    count: int  # of lines
    length: Floats  # of every line
    ends: Ints  # numbers of the places where every line begins and ends, shape (count, 2)
    nodes: Ints  # numbers of the places where every segment begins and ends, shape (n, 2)

    @classmethod
    def of(cls, single: Shapes) -> _Segments:
        coords, line = shapely.get_coordinates(single, return_index=True)
        count = len(single)
        step = np.diff(coords, axis=0)
        metres = np.hypot(*step.T)
        inner = line[1:] == line[:-1]
        run = np.concatenate([[0.0], np.cumsum(np.where(inner, metres, 0.0))])
        first = np.searchsorted(line, np.arange(count), side="left")
        last = np.searchsorted(line, np.arange(count), side="right") - 1
        number = _numbered(coords)
        real = inner & (metres > 0)
        at = np.flatnonzero(real)
        whose = line[:-1][real].astype(np.intp)
        return cls(
            start=coords[:-1][real],
            heading=step[real] / metres[real, None],
            metres=metres[real],
            before=run[at] - run[first[whose]],
            line=whose,
            count=count,
            length=run[last] - run[first],
            ends=np.stack([number[first], number[last]], axis=1),
            nodes=np.stack([number[at], number[at + 1]], axis=1),
        )

    def once(self) -> _Segments:
        """Of segments drawn several times in one place, one: a copy does not go on anywhere."""
        pair = np.sort(self.nodes, axis=1)
        _, first = np.unique(pair, axis=0, return_index=True)
        rows = {name: getattr(self, name)[first] for name in _OF_SEGMENTS}
        return replace(self, **rows)

    def shapes(self) -> Shapes:
        stop = self.start + self.heading * self.metres[:, None]
        return np.asarray(shapely.linestrings(np.stack([self.start, stop], axis=1)))


_OF_SEGMENTS = ("start", "heading", "metres", "before", "line", "nodes")


def _numbered(coords: Floats) -> Ints:
    """A number for every place, the same for places within a millimetre's rounding."""
    import pandas as pd

    keys = np.round(coords * MILLIMETRE).astype(np.int64)
    x, _ = pd.factorize(keys[:, 0])
    y, ys = pd.factorize(keys[:, 1])
    number, _ = pd.factorize(x.astype(np.int64) * max(len(ys), 1) + y)
    return np.asarray(number, dtype=np.intp)


def _alike(
    own: _Segments, other: _Segments, within_m: float, turn: float, fill: float
) -> tuple[Floats, Floats, Ints]:
    """From where to where, in metres along its line, every line runs along others."""
    nothing = np.empty(0), np.empty(0), np.empty(0, dtype=np.intp)
    if len(own.line) == 0 or len(other.line) == 0:
        return nothing
    a, b = shapely.STRtree(other.shapes()).query(
        own.shapes(), predicate="dwithin", distance=within_m
    )
    cosine = np.abs((own.heading[a] * other.heading[b]).sum(axis=1))
    alike = cosine >= math.cos(math.radians(turn)) - STILL
    # How a point that moves along the one segment lies by the other: beside it, and how far.
    away = own.start[a] - other.start[b]
    u, v = own.heading[a], other.heading[b]
    beside = _slab((away * v).sum(axis=1), (u * v).sum(axis=1), 0.0, other.metres[b])
    across = _slab(
        away[:, 0] * v[:, 1] - away[:, 1] * v[:, 0],
        u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0],
        -within_m,
        within_m,
    )
    low = np.maximum(np.maximum(beside[0], across[0]), 0)
    high = np.minimum(np.minimum(beside[1], across[1]), own.metres[a])
    stop = other.start[b] + v * other.metres[b, None]
    discs = [
        _disc(own.start[a] - centre, u, own.metres[a], within_m)
        for centre in (other.start[b], stop)
    ]
    # Beyond a free end there is no road to run along; where the other line goes on the same way
    # beyond a vertex, the wedge between its two segments belongs to it.
    goes_on = _goes_on(a, other.nodes[b], alike)
    straight = [(low, high, alike)]
    straight += [(*disc, alike & on) for disc, on in zip(discs, goes_on, strict=True)]
    near = [(low, high, np.ones(len(a), dtype=bool))]
    near += [(*disc, np.ones(len(a), dtype=bool)) for disc in discs]
    begin, end, line = _merged(straight, a, own)
    if len(begin) == 0:
        return nothing
    # An interruption that stays near the others and is short is none.
    spans = _merged(near, a, own)
    gap = (line[:-1] == line[1:]) & (begin[1:] - end[:-1] < fill)
    gap &= _covered(end[:-1], begin[1:], line[:-1], spans, own)
    starts = np.concatenate([[True], ~gap])
    stops = np.concatenate([~gap, [True]])
    begin, end, line = begin[starts], end[stops], line[starts]
    return _over_corners(begin, end, line, spans, own, fill)


def _covered(
    begin: Floats, end: Floats, line: Ints, spans: tuple[Floats, Floats, Ints], own: _Segments
) -> Bools:
    """Whether a stretch lies wholly in one of the sorted spans."""
    low, high, whose = spans
    offset = _offsets(own)
    at = np.searchsorted(low + offset[whose], begin + offset[line] + SAME_M) - 1
    at = np.maximum(at, 0)
    return np.asarray(
        (whose[at] == line) & (low[at] <= begin + SAME_M) & (high[at] >= end - SAME_M)
    )


def _over_corners(
    begin: Floats,
    end: Floats,
    line: Ints,
    spans: tuple[Floats, Floats, Ints],
    own: _Segments,
    fill: float,
) -> tuple[Floats, Floats, Ints]:
    """The same with short remains at a line's end taken, where no road of its own begins.

    Either another line that runs along goes on there, round a corner, or nothing does: two surveys
    seldom end a road at the same metre.
    """
    length = own.length[line]
    zero = np.zeros(len(line))
    heads = (begin < fill) & _covered(zero, begin, line, spans, own)
    tails = (length - end < fill) & _covered(end, length, line, spans, own)
    places = own.ends[line]
    count = np.bincount(
        np.concatenate([places[heads, 0], places[tails, 1]]), minlength=int(own.ends.max()) + 1
    )
    alone = np.bincount(own.ends.ravel()) == 1
    heads &= (count[places[:, 0]] > 1) | alone[places[:, 0]]
    tails &= (count[places[:, 1]] > 1) | alone[places[:, 1]]
    return np.where(heads, 0.0, begin), np.where(tails, length, end), line


def _slab(at: Floats, speed: Floats, low: float, high: Floats | float) -> tuple[Floats, Floats]:
    """When a value that starts at `at` and changes by `speed` lies between two others."""
    still = np.abs(speed) < STILL
    safe = np.where(still, 1.0, speed)
    first, second = (low - at) / safe, (high - at) / safe
    inside = (at >= low - SAME_M) & (at <= np.asarray(high) + SAME_M)
    enter = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(first, second))
    leave = np.where(still, np.where(inside, np.inf, -np.inf), np.maximum(first, second))
    return enter, leave


def _disc(away: Floats, u: Floats, metres: Floats, radius: float) -> tuple[Floats, Floats]:
    """When a point moving along a segment lies in a disc."""
    half = -(away * u).sum(axis=1)
    root = half**2 - ((away**2).sum(axis=1) - radius**2)
    reach = np.sqrt(np.maximum(root, 0))
    low = np.where(root > 0, np.maximum(half - reach, 0), np.inf)
    high = np.where(root > 0, np.minimum(half + reach, metres), -np.inf)
    return low, high


def _goes_on(a: Ints, nodes: Ints, alike: Bools) -> tuple[Bools, Bools]:
    """Whether two segments that head like ours meet at the start, and at the end, of each."""
    size = int(nodes.max()) + 1 if len(nodes) else 1
    keys = a[:, None].astype(np.int64) * size + nodes
    met, where = np.unique(keys, return_inverse=True)
    where = where.reshape(keys.shape)
    count = np.bincount(where[alike].ravel(), minlength=len(met))
    twice = count[where] > 1
    return twice[:, 0], twice[:, 1]


def _offsets(own: _Segments) -> Floats:
    """Where every line begins if all are laid behind one another, a metre apart."""
    return np.concatenate([[0.0], np.cumsum(own.length + 1.0)[:-1]])


def _merged(
    pieces: list[tuple[Floats, Floats, Bools]], a: Ints, own: _Segments
) -> tuple[Floats, Floats, Ints]:
    """Pieces of segments put together to stretches of lines, sorted."""
    low = np.concatenate([piece[0] for piece in pieces])
    high = np.concatenate([piece[1] for piece in pieces])
    segment = np.tile(a, len(pieces))
    taken = np.concatenate([piece[2] for piece in pieces]) & (high - low > SAME_M)
    low, high, segment = low[taken], high[taken], segment[taken]
    line = own.line[segment]
    offset = _offsets(own)[line]
    begin, end = own.before[segment] + low + offset, own.before[segment] + high + offset
    order = np.argsort(begin, kind="stable")
    begin, end, line, offset = begin[order], end[order], line[order], offset[order]
    if len(begin) == 0:
        return begin, end, line
    furthest = np.maximum.accumulate(end)
    new = np.concatenate([[True], begin[1:] > furthest[:-1] + SAME_M])
    stop = np.append(np.flatnonzero(new)[1:], len(begin)) - 1
    return begin[new] - offset[new], furthest[stop] - offset[new], line[new]


def _long_enough(begin: Floats, end: Floats, line: Ints, own: _Segments, shortest: float) -> Bools:
    """Stretches that are no crossing: longer than one, over rows that follow one another."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    if len(begin) == 0:
        return np.zeros(0, dtype=bool)
    at_start = begin <= SAME_M
    at_end = end >= own.length[line] - SAME_M
    run = np.arange(len(begin))
    joined = np.concatenate([own.ends[line[at_start], 0], own.ends[line[at_end], 1]])
    runs = np.concatenate([run[at_start], run[at_end]])
    size = len(begin) + (int(own.ends.max()) + 1 if len(own.ends) else 0)
    graph = sparse.csr_matrix((np.ones(len(runs)), (runs, len(begin) + joined)), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    total = np.bincount(part[: len(begin)], end - begin, minlength=size)[part[: len(begin)]]
    return np.asarray((at_start & at_end) | (total > shortest + SAME_M), dtype=bool)


def _cut(
    single: Shapes, row: Ints, own: _Segments, begin: Floats, end: Floats, line: Ints
) -> Together:
    """Lines cut at the stretches; those without any come back as they were given."""
    touched = np.zeros(len(single), dtype=bool)
    touched[line] = True
    whole = (begin <= SAME_M) & (end >= own.length[line] - SAME_M)
    gone = np.zeros(len(single), dtype=bool)
    gone[line[whole]] = True
    # Only lines that are cut need their vertices looked at.
    parted = np.flatnonzero(touched & ~gone)
    inner = ~gone[line]
    pieces, of, drop = _pieces(single, parted, begin[inner], end[inner], line[inner])
    left = np.flatnonzero(~touched)
    kept = np.concatenate([single[left], pieces[~drop]])
    kept_of = np.concatenate([left, of[~drop]])
    dropped = np.concatenate([single[gone], pieces[drop]])
    dropped_of = np.concatenate([np.flatnonzero(gone), of[drop]])
    by_kept = np.argsort(kept_of, kind="stable")
    by_dropped = np.argsort(dropped_of, kind="stable")
    return Together(
        kept=kept[by_kept],
        dropped=dropped[by_dropped],
        kept_of=row[kept_of[by_kept]],
        dropped_of=row[dropped_of[by_dropped]],
    )


def _pieces(
    single: Shapes, parted: Ints, begin: Floats, end: Floats, line: Ints
) -> tuple[Shapes, Ints, Bools]:
    """Pieces of lines cut at given distances, whose they are, and which are to be dropped."""
    if len(parted) == 0:
        return np.empty(0, dtype=object), parted, np.zeros(0, dtype=bool)
    coords, at = shapely.get_coordinates(single[parted], return_index=True)
    step = np.hypot(*np.diff(coords, axis=0, prepend=coords[:1]).T)
    step[np.flatnonzero(np.diff(at, prepend=-1))] = 0
    run = np.cumsum(step)
    first = np.searchsorted(at, np.arange(len(parted)))
    base = run[first]
    along_line = run - base[at]
    length = np.maximum.reduceat(along_line, first)
    place = np.searchsorted(parted, line)
    # A cut in the very end of a line is none, and one in a vertex takes the vertex.
    cut_line = np.concatenate([place, place])
    cut = np.concatenate([begin, end])
    real = (cut > SAME_M) & (cut < length[cut_line] - SAME_M)
    cut, cut_line = cut[real], cut_line[real]
    right = np.searchsorted(run, cut + base[cut_line], side="left")
    right = np.clip(right, first[cut_line] + 1, None)
    left = right - 1
    share = (cut - along_line[left]) / np.where(step[right] > 0, step[right], 1.0)
    spot = coords[left] + (coords[right] - coords[left]) * share[:, None]
    for vertex in (left, right):
        close = np.abs(along_line[vertex] - cut) <= SAME_M
        spot[close], cut[close] = coords[vertex[close]], along_line[vertex[close]]
    # Every cut stands twice: the end of one piece and the start of the next.
    xy = np.concatenate([coords, spot, spot])
    where = np.concatenate([at, cut_line, cut_line])
    far = np.concatenate([along_line, cut, cut])
    kind = np.concatenate([np.zeros(len(at)), np.full(len(cut), 1), np.full(len(cut), 2)])
    order = np.lexsort((kind, far, where))
    xy, where, far, kind = xy[order], where[order], far[order], kind[order]
    opens = (np.diff(where, prepend=-1) != 0) | (kind == 2)
    piece = np.cumsum(opens) - 1
    # A vertex and a cut in one place follow each other; one of them is enough.
    twice = (np.diff(piece, prepend=-1) == 0) & (np.abs(np.diff(far, prepend=-1)) <= SAME_M)
    xy, where, far, piece = xy[~twice], where[~twice], far[~twice], piece[~twice]
    size = np.bincount(piece)
    good = size[piece] > 1
    xy, where, far = xy[good], where[good], far[good]
    piece = np.unique(piece[good], return_inverse=True)[1]
    shapes = np.asarray(shapely.linestrings(xy, indices=piece))
    starts = np.searchsorted(piece, np.arange(len(shapes)))
    stops = np.searchsorted(piece, np.arange(len(shapes)), side="right") - 1
    middle = (far[starts] + far[stops]) / 2
    of = where[starts]
    offset = np.concatenate([[0.0], np.cumsum(length + 1.0)[:-1]])
    order = np.argsort(begin + offset[place])
    low, high = (begin + offset[place])[order], (end + offset[place])[order]
    inside = np.searchsorted(low, middle + offset[of]) - 1
    drop = (inside >= 0) & (middle + offset[of] <= high[np.maximum(inside, 0)])
    return shapes, parted[of].astype(np.intp), drop
