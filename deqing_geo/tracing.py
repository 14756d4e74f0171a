"""Lines followed from end to end: where they cross borders, and how much of them is by an edge.

Straight pieces as arrays. A place on a line is its position, in metres from where the line
begins. Nothing here knows what an area is to a line; `deqing_geo.cutting` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

# Survey coordinates are kept to the millimetre; what is nearer than that is the same place.
TOLERANCE_M = 0.001
# Lines followed in one go, and pairs of straight pieces compared in one go: memory stays flat.
LINES_AT_ONCE = 20_000
PAIRS_AT_ONCE = 10_000
# The box of a long line is mostly empty, that of a stretch of it is not.
STRETCH_M = 500.0
# An odd number without a pattern in its bits (2^64 by the golden ratio).
MIXER = np.uint64(0x9E3779B97F4A7C15)
# Between two lines on the common axis of a band, so that they never touch.
APART_M = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Where lines cross borders.

    Attributes
    ----------
    area, line : array of int
        Whose border, and which line.
    position : array of float
        Metres along the line.
    enters : array of bool
        Whether the area is entered there, or left.
    """

    area: Ints
    line: Ints
    position: Floats
    enters: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """What of each line lies within a distance of an edge, as stretches on one common axis.

    Attributes
    ----------
    offset : array of float
        Where each line begins on the axis; NaN for lines that never come near.
    start, length : array of float
        The stretches, in order and apart.
    before : array of float
        How much lies before each stretch.
    """

    offset: Floats
    start: Floats
    length: Floats
    before: Floats

    def metres(self, line: Ints, position: Floats) -> Floats:
        """How much of a line lies in the band up to a position on it.

        Parameters
        ----------
        line : array of int
            Lines.
        position : array of float
            Metres along each.

        Returns
        -------
        array of float
            Metres.
        """
        out = np.zeros(len(line))
        known = np.flatnonzero(~np.isnan(self.offset[line]))
        if len(known):
            begin = self.offset[line[known]]
            out[known] = self._up_to(begin + position[known]) - self._up_to(begin)
        return out

    def _up_to(self, place: Floats) -> Floats:
        at = np.searchsorted(self.start, place, side="right") - 1
        inside = np.clip(place - self.start[at], 0, self.length[at])
        return np.where(at < 0, 0.0, self.before[at] + inside)


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What following lines along the borders of areas has found.

    Attributes
    ----------
    near, tied : array of bool
        Which lines come upon a border, and which of them may run along it.
    crossings : Crossings
        Where those that do not run along one cross it.
    band : Band or None
        What lies by the outer edge of all areas.
    """

    near: Bools
    tied: Bools
    crossings: Crossings
    band: Band | None


def trace(areas: Shapes, single: Shapes, band_m: float) -> Trace:
    """Follow lines along the borders of areas.

    Two lines that run together for a while part at a vertex of the one or the other, so a
    line may be tied to a border only where an end of a piece of one lies on the other.

    Parameters
    ----------
    areas : array of Polygon and MultiPolygon
        Valid, none empty.
    single : array of LineString
        Of one part each.
    band_m : float
        Width of the band along the outer edge of all areas; 0 where nobody asks.

    Returns
    -------
    Trace
        Positions of crossings and of what lies in the band.

    Examples
    --------
    >>> found = trace(
    ...     np.array([shapely.box(0, 0, 10, 10)]),
    ...     np.array([shapely.LineString([(-5, 5), (4, 5)])]),
    ...     1.0,
    ... )
    >>> found.crossings.position.tolist(), found.crossings.enters.tolist()
    ([5.0], [True])
    >>> found.band.metres(np.array([0]), np.array([9.0])).tolist()
    [2.0]
    """
    borders = _borders(areas)
    edge = _edge(areas, band_m) if band_m > 0 and len(areas) else None
    near, tied = np.zeros(len(single), dtype=bool), np.zeros(len(single), dtype=bool)
    met, beside = [(_INTS, _INTS, _FLOATS, _BOOLS)], [(_INTS, _FLOATS, _FLOATS)]
    for begin in range(0, len(single), LINES_AT_ONCE):
        here = slice(begin, begin + LINES_AT_ONCE)
        block = _block(single[here])
        if block is None:
            continue
        near[here], tied[here], places = _meetings(borders, block)
        met += [(area, line + begin, place, enters) for area, line, place, enters in places]
        if edge is not None:
            beside += [
                (line + begin, first, last) for line, first, last in _beside(edge, band_m, block)
            ]
    crossings = Crossings(*(np.concatenate(part) for part in zip(*met, strict=True)))
    if edge is None:
        return Trace(near | tied, tied, crossings, None)
    stretches = (np.concatenate(part) for part in zip(*beside, strict=True))
    return Trace(near | tied, tied, crossings, _band(single, *stretches))


def single_lines(lines: Shapes) -> tuple[Shapes, Ints]:
    """Lines of several parts taken apart; lines that are single come back as they are.

    Parameters
    ----------
    lines : array of LineString and MultiLineString
        Or rings.

    Returns
    -------
    parts : array of LineString
        In order.
    line : array of int
        The position of the line of each part.

    Examples
    --------
    >>> single_lines(np.array([shapely.LineString([(0, 0), (1, 0)])]))[1].tolist()
    [0]
    """
    # Taking apart copies every line, and nearly all layers have single ones only.
    single = shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING
    if single.all() and not shapely.is_empty(lines).any():
        return lines, np.arange(len(lines))
    parts, line = shapely.get_parts(lines, return_index=True)
    return parts, line


def segments(lines: Shapes, chosen: Ints | None = None) -> tuple[Floats, Floats, Ints]:
    """The straight pieces of lines that have a length, in order.

    Parameters
    ----------
    lines : array of LineString and MultiLineString
        Or rings.
    chosen : array of int, optional
        Positions of the lines wanted.

    Returns
    -------
    start, end : array of float, shape (M, 2)
        Where each piece begins and ends.
    line : array of int
        The position of its line.

    Examples
    --------
    >>> segments(np.array([shapely.LineString([(0, 0), (1, 0), (1, 0), (1, 2)])]))[2].tolist()
    [0, 0]
    """
    chosen = np.arange(len(lines)) if chosen is None else chosen
    parts, part_of = single_lines(lines[chosen])
    start, end, part = _straight(parts)
    return start, end, chosen[part_of[part]]


def along(length: Floats, line: Ints) -> Floats:
    """How far along its line every straight piece begins.

    One running sum over a whole layer would leave a line of metres the rounding of thousands of
    kilometres; this one falls back to nothing where a line ends.

    Parameters
    ----------
    length : array of float
        Of the pieces, in order.
    line : array of int
        Their lines, those of one line together.

    Returns
    -------
    array of float
        Metres.

    Examples
    --------
    >>> along(np.array([3.0, 4.0, 5.0]), np.array([0, 0, 1])).tolist()
    [0.0, 3.0, 0.0]
    """
    if len(length) == 0:
        return length
    begins = np.flatnonzero(np.diff(line, prepend=-1))
    steps = np.concatenate([[0.0], length[:-1]])
    steps[begins] = 0.0
    steps[begins[1:]] = length[begins[1:] - 1] - np.add.reduceat(length, begins)[:-1]
    run = np.cumsum(steps)
    out: Floats = run - np.repeat(run[begins], np.diff(np.append(begins, len(length))))
    return out


# ---------------------------------------------------------------- lines in blocks


_INTS = np.zeros(0, dtype=np.int64)
_FLOATS = np.zeros(0)
_BOOLS = np.zeros(0, dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Straight pieces of some lines, and the stretches they make."""

    start: Floats
    end: Floats
    line: Ints
    length: Floats
    run: Floats
    low: Floats
    high: Floats
    first: Ints
    boxes: Shapes
    lines: int


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Straight pieces of borders in a tree, by boxes with a margin."""

    start: Floats
    end: Floats
    low: Floats
    high: Floats
    tree: shapely.STRtree


@dataclass(frozen=True, slots=True, eq=False)
class _Borders:
    """Pieces of borders, once each, and again for every area that has them."""

    pieces: _Pieces
    # The area's own, interior on the left, and where those of each piece begin.
    area: Ints
    step: Floats
    first: Ints


def _block(single: Shapes) -> _Block | None:
    start, end, line = _straight(single)
    if len(line) == 0:
        return None
    length = np.hypot(*(end - start).T)
    run = along(length, line)
    low, high = np.minimum(start, end), np.maximum(start, end)
    fresh = (np.diff(line, prepend=-1) != 0) | (np.diff(run // STRETCH_M, prepend=-1) != 0)
    first = np.flatnonzero(fresh)
    boxes = _boxes(np.minimum.reduceat(low, first), np.maximum.reduceat(high, first))
    first = np.append(first, len(line))
    return _Block(start, end, line, length, run, low, high, first, boxes, len(single))


def _pieces(start: Floats, end: Floats, margin: float) -> _Pieces:
    low, high = np.minimum(start, end) - margin, np.maximum(start, end) + margin
    return _Pieces(start, end, low, high, shapely.STRtree(_boxes(low, high)))


def _borders(areas: Shapes) -> _Borders:
    """Pieces of every area's rings, its interior on their left."""
    parts, area = shapely.get_parts(shapely.orient_polygons(areas), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    start, end, ring = _straight(rings)
    kept, which = _distinct(start, end)
    by_piece = np.argsort(which, kind="stable")
    return _Borders(
        _pieces(start[kept], end[kept], TOLERANCE_M),
        area[part[ring]][by_piece],
        (end - start)[by_piece],
        np.searchsorted(which[by_piece], np.arange(len(kept) + 1)),
    )


def _close(pieces: _Pieces, block: _Block) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of border and line pieces whose boxes overlap, some at a time."""
    stretch, piece = pieces.tree.query(block.boxes)
    for rows in np.array_split(np.arange(len(stretch)), len(stretch) // PAIRS_AT_ONCE + 1):
        pair, segment = _spread(rows, block.first, stretch[rows])
        at = piece[pair]
        for way in (0, 1):
            overlap = (block.low[segment, way] <= pieces.high[at, way]) & (
                block.high[segment, way] >= pieces.low[at, way]
            )
            at, segment = at[overlap], segment[overlap]
        yield at, segment


def _meetings(
    borders: _Borders, block: _Block
) -> tuple[Bools, Bools, list[tuple[Ints, Ints, Floats, Bools]]]:
    """Which lines of a block come upon a border, which may run along it, where the rest cross."""
    near, tied = np.zeros(block.lines, dtype=bool), np.zeros(block.lines, dtype=bool)
    found = []
    for piece, segment in _close(borders.pieces, block):
        a, b = block.start[segment], block.end[segment]
        c, d = borders.pieces.start[piece], borders.pieces.end[piece]
        own, other, gap = b - a, d - c, c - a
        reach = np.minimum(
            np.minimum(_distance(a, c, other), _distance(b, c, other)),
            np.minimum(_distance(c, a, own), _distance(d, a, own)),
        )
        tied[block.line[segment[reach <= TOLERANCE_M]]] = True
        turn = _cross(own, other)
        with np.errstate(divide="ignore", invalid="ignore"):
            on_line, on_border = _cross(gap, other) / turn, _cross(gap, own) / turn
        meets = (on_line > 0) & (on_line < 1) & (on_border > 0) & (on_border < 1)
        piece, segment = piece[meets], segment[meets]
        near[block.line[segment]] = True
        position = block.run[segment] + on_line[meets] * block.length[segment]
        # Every piece of a border stands once for each area that has it.
        event, drawn = _spread(np.arange(len(piece)), borders.first, piece)
        # Crossing towards the left of a border means coming in.
        enters = _cross(own[meets][event], borders.step[drawn]) < 0
        found.append((borders.area[drawn], block.line[segment[event]], position[event], enters))
    return near, tied, found


# ---------------------------------------------------------------- the band along the outer edge


def _edge(areas: Shapes, band_m: float) -> _Pieces:
    """The outer edge of all areas together."""
    # On a clean coverage the shared borders cancel, thirty times faster than a general union.
    clean = bool(shapely.coverage_is_valid(areas))
    whole = shapely.coverage_union_all(areas) if clean else shapely.union_all(areas)
    start, end, _ = _straight(shapely.get_parts(shapely.boundary(whole)))
    return _pieces(start, end, band_m)


def _beside(edge: _Pieces, band_m: float, block: _Block) -> list[tuple[Ints, Floats, Floats]]:
    """Stretches of lines within the band of single pieces of the edge; they overlap."""
    found = []
    for piece, segment in _close(edge, block):
        first, last = _within(
            block.start[segment], block.end[segment], edge.start[piece], edge.end[piece], band_m
        )
        some = last > first
        segment, first, last = segment[some], first[some], last[some]
        begin, length = block.run[segment], block.length[segment]
        found.append((block.line[segment], begin + first * length, begin + last * length))
    return found


def _within(a: Floats, b: Floats, c: Floats, d: Floats, metres: float) -> tuple[Floats, Floats]:
    """Which part of each segment ab lies within a distance of cd, as shares of ab.

    What lies within a distance of a segment is a rectangle and two discs, and convex: its part
    of a line is one stretch, from the first of the three to the last.
    """
    own, other, gap = b - a, d - c, a - c
    size = np.hypot(*other.T)
    unit = other / size[:, None]
    first = np.full(len(a), np.inf)
    last = np.full(len(a), -np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = _slab((gap * unit).sum(axis=1), (own * unit).sum(axis=1), 0.0, size)
        across = _slab(_cross(unit, gap), _cross(unit, own), -metres, metres)
        ways = [(np.maximum(low, across[0]), np.minimum(high, across[1]))]
        speed = (own * own).sum(axis=1)
        for start in (gap, a - d):
            half = (start * own).sum(axis=1)
            root = np.sqrt(half * half - speed * ((start * start).sum(axis=1) - metres * metres))
            ways.append(((-half - root) / speed, (-half + root) / speed))
    for low, high in ways:
        # A line that passes by a disc has no root, and NaN is never reached.
        hit = low <= high
        first[hit], last[hit] = np.minimum(first, low)[hit], np.maximum(last, high)[hit]
    return np.clip(first, 0, 1), np.clip(last, 0, 1)


def _slab(place: Floats, step: Floats, low: Any, high: Any) -> tuple[Floats, Floats]:
    """From where to where a moving place lies between two limits; step by step of the line."""
    one, two = (low - place) / step, (high - place) / step
    inside = (place >= low) & (place <= high)
    still = step == 0
    first = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(one, two))
    last = np.where(still, np.where(inside, np.inf, -np.inf), np.maximum(one, two))
    return first, last


def _band(single: Shapes, line: Ints, first: Floats, last: Floats) -> Band:
    """Overlapping stretches of lines made one, on a common axis."""
    offset = np.full(len(single), np.nan)
    if len(line) == 0:
        return Band(offset, _FLOATS, _FLOATS, _FLOATS)
    near = np.unique(line)
    size = shapely.length(single[near]) + APART_M
    offset[near] = np.cumsum(size) - size
    start, end = offset[line] + first, offset[line] + last
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    reached = np.maximum.accumulate(end)
    fresh = np.ones(len(start), dtype=bool)
    fresh[1:] = start[1:] > reached[:-1]
    begins = np.flatnonzero(fresh)
    start = start[begins]
    length = reached[np.append(begins[1:], len(end)) - 1] - start
    return Band(offset, start, length, np.cumsum(length) - length)


# ---------------------------------------------------------------- arrays


def _straight(single: Shapes) -> tuple[Floats, Floats, Ints]:
    """As `segments`, of lines that have one part each."""
    coords, owner = shapely.get_coordinates(single, return_index=True)
    start, end = coords[:-1], coords[1:]
    real = (owner[1:] == owner[:-1]) & ((start[:, 0] != end[:, 0]) | (start[:, 1] != end[:, 1]))
    return start[real], end[real], owner[1:][real]


def _distinct(start: Floats, end: Floats) -> tuple[Ints, Ints]:
    """One of the segments that neighbours draw again the other way round, and which it is."""
    turned = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    ends = np.column_stack([start, end])
    ends[turned] = np.column_stack([end, start])[turned]
    # One number for four is sorted fast; nothing hangs on it, since what it says is looked at.
    bits = (ends + 0.0).view(np.uint64)
    mixed = np.zeros(len(bits), dtype=np.uint64)
    for column in bits.T:
        mixed = (mixed ^ column) * MIXER
        mixed ^= mixed >> np.uint64(29)
    _, kept, which = np.unique(mixed, return_index=True, return_inverse=True)
    if not (ends[kept][which] == ends).all():
        _, kept, which = np.unique(ends, axis=0, return_index=True, return_inverse=True)
    return kept, which.ravel()


def _spread(rows: Ints, first: Ints, group: Ints) -> tuple[Ints, Ints]:
    """Each row once for every member of its group; `first` says where groups begin."""
    count = np.diff(first)[group]
    spread = np.repeat(np.arange(len(rows)), count)
    member = np.arange(len(spread)) - np.repeat(np.cumsum(count) - count, count)
    return rows[spread], member + first[group[spread]]


def _cross(one: Floats, other: Floats) -> Floats:
    out: Floats = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    return out


def _distance(point: Floats, start: Floats, step: Floats) -> Floats:
    """Distance of each point to the segment that goes a step from its start."""
    x, y = (point - start).T
    dx, dy = step.T
    share = np.clip((x * dx + y * dy) / (dx * dx + dy * dy), 0, 1)
    out: Floats = np.hypot(x - share * dx, y - share * dy)
    return out


def _boxes(low: Floats, high: Floats) -> Shapes:
    made = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    return np.atleast_1d(np.asarray(made, dtype=object))
