"""Simplifies all layers of a page together: borders that were one stay one.

Neighbours in a layer, and a town and its villages in two layers, share points. Between the
places where borders part, each stretch is simplified once and given to all who had it, so that
no gap opens and no overlap appears. Nothing here measures: figures come from the shapes as they
were, and what is drawn is for looking at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.looks.shapes import UNIT, Runs, Shapes, lengths, nested, runs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a planner cannot see at the scale of a town: half a millimetre at 1:20,000.
SIMPLIFY_M = 10.0
# A pocket park is small and is looked at closely: a shape moves by an eighth of its mean width
# at most, a line by a twentieth of its length.
OF_WIDTH, OF_LENGTH = 1 / 8, 1 / 20
# Five decimals are a metre: enough where two metres and more are given away, else six.
COARSE_UNIT, COARSE_FROM_M = 100_000, 2.0
# An area that simplification would change by more is left as it was.
LEAST_AREA, MOST_AREA = 0.8, 1.25
# Stretches that would cross are simplified less, by these shares in turn, and at last not at all.
ROUNDS = (0.4, 0.25, 0.0)
# Largest metres of a degree (at a pole; along the equator): no distance is taken too small.
DEGREE_NORTH_M, DEGREE_EAST_M = 111_694.0, 111_320.0
# Points closer than this are one point: some millimetres, reprojection leaves less.
SAME_DEGREES = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Simplified:
    """What was drawn instead of the shapes.

    Attributes
    ----------
    metres : float
        No point of a border moved farther.
    before, after : int
        Points of all shapes.
    shapes : list of list
        Per layer, as `encode` writes them.
    units : list of int
        Per layer, how many make a degree.
    invalid : int
        Areas that cross themselves, drawn as they are.
    loose : list of int
        Per layer, how often borders of neighbours cross or touch in the data without a point
        they share; there a gap or an overlap may be drawn that is none.
    """

    metres: float
    before: int
    after: int
    shapes: list[list[Any]]
    units: list[int]
    invalid: int
    loose: list[int]


def simplify(layers: Sequence[Shapes], metres: float = SIMPLIFY_M) -> Simplified:
    """Simplify layers together and write them as whole numbers.

    Parameters
    ----------
    layers : sequence of Shapes
        In degrees.
    metres : float
        How far a border may move.

    Returns
    -------
    Simplified
        Every layer in the order of its shapes; where nothing can be left out, the layers as
        they are.

    Notes
    -----
    Stretches by Douglas and Peucker (1973), whose tolerance is a distance: every point left
    out lies within it of what is drawn, and the reverse. ``shapely.coverage_simplify`` bounds
    the area of a triangle instead, by which a narrow tip of any length may be lost, and sees
    one layer only. Two stretches that would cross are simplified less until they do not.
    Metres are taken by the longest degree on the page, so that none is underestimated.

    Examples
    --------
    >>> bent = shapely.LineString([(120, 30.5), (120.01, 30.50001), (120.02, 30.5)])
    >>> simplify([Shapes(np.array([bent]))]).shapes
    [[[[12000000, 3050000, 2000, 0]]]]
    """
    taken = [runs_of(layer.shapes) for layer in layers]
    before = sum(len(runs.xy) for runs in taken)
    page = _Page(layers, taken, metres)
    if before:
        page.simplify()
    after = len(page.at) if before else 0
    if after == before:
        shapes = [layer.plain() for layer in layers]
        return Simplified(
            0.0, before, after, shapes, [UNIT] * len(layers), page.invalid, page.loose
        )
    shapes = [
        nested(runs, xy, first, unit)
        for runs, (xy, first), unit in zip(taken, page.drawn(), page.units, strict=True)
    ]
    return Simplified(metres, before, after, shapes, page.units, page.invalid, page.loose)


@dataclass(frozen=True, slots=True, eq=False)
class Thinned:
    """Shapes with fewer points and rounder numbers, to be written and not only drawn.

    Attributes
    ----------
    shapes : list of array of shapely geometries
        Per layer, in degrees; None where there was none.
    units : list of int
        Per layer, to what part of a degree it is rounded.
    """

    shapes: list[NDArray[Any]]
    units: list[int]


def thinned(layers: Sequence[NDArray[Any]], metres: float, unit: int) -> Thinned:
    """Simplify layers together and round them, as shapes.

    Parameters
    ----------
    layers : sequence of array of shapely geometries
        In degrees; points are rounded only.
    metres : float
        How far a border may move; 0 only rounds.
    unit : int
        Into how many a degree is parted, 10 000 for four decimals. A layer that would not stay
        as it is at so coarse a grid, such as small parks, gets one more decimal, and another.

    Returns
    -------
    Thinned
        In the order of the layers and of their shapes.

    Examples
    --------
    >>> bent = shapely.LineString([(120, 30.5), (120.01, 30.50001), (120.02, 30.50012)])
    >>> thinned([np.array([bent])], 50, 10_000).shapes[0][0].wkt
    'LINESTRING (120 30.5, 120.02 30.5001)'
    """
    held = [Shapes(shapes) for shapes in layers]
    taken = [runs_of(layer.shapes) for layer in held]
    page = _Page(held, taken, metres, unit)
    drawn: list[tuple[NDArray[np.float64], NDArray[np.intp]]] = [
        (runs.xy, runs.first) for runs in taken
    ]
    if sum(len(runs.xy) for runs in taken):
        page.simplify()
        drawn = page.drawn()
    out, units = [], []
    for layer, runs, (xy, first), grid in zip(held, taken, drawn, page.units, strict=True):
        # Lines may be of any size: only areas ask for a finer grid.
        good = shapely.is_valid(layer.shapes) & (shapely.get_dimensions(layer.shapes) == 2)
        made = _rebuilt(layer.shapes, runs, xy, first, grid)
        while grid < UNIT and (good & ~shapely.is_valid(made)).any():
            grid *= 10
            made = _rebuilt(layer.shapes, runs, xy, first, grid)
        out.append(made)
        units.append(grid)
    return Thinned(out, units)


def _rebuilt(
    shapes: NDArray[Any], runs: Runs, xy: NDArray[np.float64], first: NDArray[np.intp], unit: int
) -> NDArray[Any]:
    """Shapes out of runs again; what has no run is a point and is rounded."""
    out = shapely.transform(shapes, lambda points: np.round(points * unit) / unit)
    if len(first) == 0:
        return np.asarray(out, dtype=object)
    out = np.asarray(out, dtype=object)
    size = lengths(first, len(xy))
    run_of = np.repeat(np.arange(len(first)), size)
    points = np.round(xy * unit) / unit
    # A line that a coarse grid makes a point is written on the finest.
    spread = np.maximum.reduceat(points, first) - np.minimum.reduceat(points, first)
    still = ~runs.closed & (spread.max(axis=1) == 0)
    points = np.where(still[run_of][:, None], np.round(xy * UNIT) / UNIT, points)
    keep = np.diff(run_of, prepend=-1) != 0
    keep |= np.abs(np.diff(points, axis=0, prepend=np.nan)).max(axis=1) > 0
    # A ring keeps three points and a line two, whatever they round to.
    few = np.bincount(run_of[keep], minlength=len(first)) < np.where(runs.closed, 3, 2)
    keep |= few[run_of]
    points, run_of = points[keep], run_of[keep]
    areal = runs.closed[run_of]
    rings_at, lines_at = np.flatnonzero(runs.closed), np.flatnonzero(~runs.closed)
    areas = np.zeros(len(out), dtype=bool)
    if len(rings_at):
        rings = shapely.linearrings(points[areal], indices=np.searchsorted(rings_at, run_of[areal]))
        part, place = np.unique(runs.part_of[rings_at], return_index=True)
        made = shapely.polygons(rings, indices=np.searchsorted(part, runs.part_of[rings_at]))
        _put(out, runs.shape_of[rings_at[place]], np.asarray(made), shapely.multipolygons)
        areas[runs.shape_of[rings_at]] = True
    # Of a mixed collection the areas stay.
    lines_at = lines_at[~areas[runs.shape_of[lines_at]]]
    if len(lines_at):
        lineal = np.isin(run_of, lines_at)
        lines = shapely.linestrings(
            points[lineal], indices=np.searchsorted(lines_at, run_of[lineal])
        )
        lines = np.asarray(lines)
        # What is a point even there is no line, and nothing is drawn of it.
        lines[shapely.length(lines) == 0] = shapely.LineString()
        _put(out, runs.shape_of[lines_at], lines, shapely.multilinestrings)
    return out


def _put(out: NDArray[Any], owner: NDArray[np.intp], pieces: NDArray[Any], several: Any) -> None:
    """Pieces to their shapes: one as it is, several as one."""
    shape, at, count = np.unique(owner, return_index=True, return_counts=True)
    alone = count == 1
    out[shape[alone]] = pieces[at[alone]]
    many = np.isin(owner, shape[~alone])
    if many.any():
        out[shape[~alone]] = several(
            pieces[many], indices=np.searchsorted(shape[~alone], owner[many])
        )


class _Page:
    """All runs of all layers, the stretches they are made of, and how those are drawn."""

    def __init__(
        self,
        layers: Sequence[Shapes],
        taken: Sequence[Runs],
        metres: float,
        unit: int | None = None,
    ) -> None:
        self.metres = metres
        self.unit = unit
        sizes = [len(runs.first) for runs in taken]
        self.layer_of = np.repeat(np.arange(len(taken)), sizes)
        self.xy = np.concatenate([np.empty((0, 2)), *(runs.xy for runs in taken)])
        offsets = np.cumsum([0, *(len(runs.xy) for runs in taken)])
        self.first = np.concatenate(
            [np.empty(0, dtype=np.intp)]
            + [runs.first + at for runs, at in zip(taken, offsets, strict=False)]
        ).astype(np.intp)
        self.closed = np.concatenate([np.empty(0, dtype=bool), *(runs.closed for runs in taken)])
        # Parts and shapes, numbered through all layers.
        parts = np.concatenate([np.empty(0, dtype=np.intp), *(runs.part_of for runs in taken)])
        shapes = np.concatenate([np.empty(0, dtype=np.intp), *(runs.shape_of for runs in taken)])
        self.part_of = np.cumsum(_changes(self.layer_of) | _changes(parts)) - 1
        self.shape_of = np.cumsum(_changes(self.layer_of) | _changes(shapes)) - 1
        self.units = [UNIT if unit is None else unit] * len(layers)
        self.loose = [0] * len(layers)
        self.invalid = 0
        if len(self.first) == 0:
            return
        # A degree in metres where it is longest on this page.
        nearest = np.abs(self.xy[:, 1]).min()
        self.scale = np.array([DEGREE_EAST_M * np.cos(np.radians(nearest)), DEGREE_NORTH_M])
        self.own = np.minimum(self._allowed(layers, taken), metres)

    def _allowed(self, layers: Sequence[Shapes], taken: Sequence[Runs]) -> NDArray[np.float64]:
        """By how much each run may move, in metres; and on what grid its layer is drawn."""
        out = []
        for at, (layer, runs) in enumerate(zip(layers, taken, strict=True)):
            wide = _widths(runs, self.scale)
            if len(wide):
                bad = ~shapely.is_valid(layer.shapes) & (shapely.get_dimensions(layer.shapes) == 2)
                self.invalid += int(bad.sum())
                wide = np.where(bad[runs.shape_of], 0, wide)
            allowed = np.minimum(wide, layer.finest[runs.shape_of])
            if (
                self.unit is None
                and len(allowed)
                and np.median(np.minimum(allowed, self.metres)) >= COARSE_FROM_M
            ):
                self.units[at] = COARSE_UNIT
            out.append(allowed)
        return np.concatenate(out)

    # ------------------------------------------------------------ stretches

    def simplify(self) -> None:
        """Find the stretches, simplify them, and take back what went wrong."""
        self._take_apart()
        units = np.array(self.units)[self.layer_of]
        # What rounding to the grid adds: half the diagonal of a cell, in metres.
        rounded = np.hypot(*self.scale) / 2 / units
        allowed = np.full(self.count, np.inf)
        np.minimum.at(allowed, self.arc, np.maximum(self.own - rounded, 0)[self.run])
        self.allowed = allowed
        self.points, self.begin = self.arc_xy, self.arc_begin
        self._draw(np.flatnonzero(allowed > 0))
        new = np.arange(self.count)
        # A coarse grid may have to be made finer, each time by one decimal.
        finer = 0 if self.unit is None else round(np.log10(UNIT / self.unit))
        for share in (*ROUNDS, *([0.0] * (1 + finer))):
            layer, wrong = np.concatenate([self._shrunk(), self._upset(), self._crossed(new)]).T
            kept = self.allowed[wrong] == 0
            # What is as it was and still went wrong is too fine for the grid.
            for one in np.unique(layer[kept]).tolist():
                self.units[one] = UNIT if self.unit is None else min(10 * self.units[one], UNIT)
            new = np.unique(wrong[~kept])
            if len(new) == 0:
                if self.unit is not None and kept.any():
                    # Where the grid became finer, everything on it is looked at again.
                    new = np.arange(self.count)
                    continue
                break
            self.allowed[new] *= share
            self._draw(new)
        self._put_together()

    def _take_apart(self) -> None:
        """Cut runs where borders part; the same stretch in two runs is one."""
        total, first, closed = len(self.xy), self.first, self.closed
        size = lengths(first, total)
        last = first + size - 1
        vertex = _numbered(self.xy)
        after = np.arange(1, total + 1)
        after[last] = first
        edged = np.ones(total, dtype=bool)
        edged[last[~closed]] = False
        edge = np.full(total, -1)
        low, high = np.minimum(vertex, vertex[after]), np.maximum(vertex, vertex[after])
        known, edge[edged] = np.unique(
            (low * (vertex.max() + 1) + high)[edged], return_inverse=True
        )
        ends = np.concatenate(np.divmod(known, vertex.max() + 1))
        parting = np.bincount(ends, minlength=vertex.max() + 1) != 2
        parting[vertex[first[~closed]]] = parting[vertex[last[~closed]]] = True
        # A ring that meets nobody begins at its lowest number, the same in every layer.
        alone = ~np.logical_or.reduceat(parting[vertex], first)
        parting[np.minimum.reduceat(vertex, first)[alone]] = True

        run_of = np.repeat(np.arange(len(first)), size)
        start = np.flatnonzero(parting[vertex] & edged)
        self.run = run_of[start]
        # Where the next stretch begins: in a ring the last leads on to the first.
        stop = np.append(start[1:], -1)
        is_last = np.diff(self.run, append=-1) != 0
        own_first = np.flatnonzero(np.diff(self.run, prepend=-1) != 0)
        stop[is_last] = np.where(
            closed[self.run[is_last]], start[own_first] + size[self.run[is_last]],
            last[self.run[is_last]],
        )  # fmt: skip
        steps = stop - start
        at, begin = _ranges(start, steps + 1)
        beyond = at > last[np.repeat(self.run, steps + 1)]
        at[beyond] -= size[np.repeat(self.run, steps + 1)[beyond]]
        inner = np.ones(len(at), dtype=bool)
        inner[begin + steps] = False
        edges = edge[at[inner]]
        lowest = np.minimum.reduceat(edges, np.cumsum(steps) - steps)
        _, chosen, self.arc = np.unique(lowest, return_index=True, return_inverse=True)
        self.count = len(chosen)
        # One direction of a stretch is its own, whoever comes first: from its lower end.
        end = begin + steps
        head, tail = vertex[at[begin]], vertex[at[end]]
        self.forward = (head < tail) | (
            (head == tail) & (vertex[at[begin + 1]] <= vertex[at[end - 1]])
        )
        step, self.arc_begin = _ranges(np.zeros(self.count, dtype=np.intp), steps[chosen] + 1)
        owner = np.repeat(chosen, steps[chosen] + 1)
        self.arc_xy = self.xy[
            at[np.where(self.forward[owner], begin[owner] + step, end[owner] - step)]
        ]
        self.open_end = is_last & ~closed[self.run]

    def _draw(self, which: NDArray[np.intp]) -> None:
        """Simplify these stretches by what they are allowed."""
        size = lengths(self.arc_begin, len(self.arc_xy))
        many = which[size[which] > 2]
        at, _ = _ranges(self.arc_begin[many], size[many])
        lines = shapely.linestrings(
            self.arc_xy[at] * self.scale, indices=np.repeat(np.arange(len(many)), size[many])
        )
        thin = shapely.simplify(lines, self.allowed[many], preserve_topology=False)
        thin = np.where(self.allowed[many] > 0, thin, lines)
        found, of = shapely.get_coordinates(thin, return_index=True)
        # The others stay as they are drawn now.
        new_size = lengths(self.begin, len(self.points)).copy()
        old = np.ones(self.count, dtype=bool)
        old[many] = False
        new_size[many] = np.bincount(of, minlength=len(many))
        begin = np.cumsum(new_size) - new_size
        points = np.empty((int(new_size.sum()), 2))
        rest = np.flatnonzero(old)
        to, _ = _ranges(begin[rest], new_size[rest])
        source, _ = _ranges(self.begin[rest], new_size[rest])
        points[to] = self.points[source]
        to, _ = _ranges(begin[many], new_size[many])
        points[to] = found / self.scale
        self.points, self.begin = points, begin

    def _put_together(self) -> None:
        """Every run out of its stretches: which points, and where each run begins."""
        size = lengths(self.begin, len(self.points))[self.arc]
        start = self.begin[self.arc]
        # The last point of a stretch is the first of the next; a line keeps its last.
        kept = size - 1 + self.open_end
        step, begin = _ranges(np.zeros(len(kept), dtype=np.intp), kept)
        owner = np.repeat(np.arange(len(kept)), kept)
        self.at = np.where(
            self.forward[owner], start[owner] + step, (start + size - 1)[owner] - step
        )
        self.drawn_first = begin[np.flatnonzero(np.diff(self.run, prepend=-1))]

    def drawn(self) -> list[tuple[NDArray[np.float64], NDArray[np.intp]]]:
        """Points of every layer, and where its runs begin."""
        out = []
        count = np.bincount(self.layer_of, minlength=len(self.units))
        stop = np.append(self.drawn_first, len(self.at))
        at = 0
        for many in count.tolist():
            first = stop[at : at + many + 1]
            out.append((self.points[self.at[first[0] : first[-1]]], first[:-1] - first[0]))
            at += many
        return out

    # ------------------------------------------------------------ what went wrong

    def _shrunk(self) -> NDArray[np.intp]:
        """Layer and stretch of rings that lost their shape."""
        self._put_together()
        grid = np.array(self.units)[self.layer_of]
        xy = self.points[self.at]
        size = lengths(self.drawn_first, len(xy))
        xy = np.round(xy * np.repeat(grid, size)[:, None])
        now = _ring_areas(xy, self.drawn_first) / grid.astype(float) ** 2
        was = _ring_areas(self.xy, self.first)
        share = np.divide(now, was, out=np.ones(len(now)), where=was != 0)
        wrong = self.closed & ((size < 3) | (share < LEAST_AREA) | (share > MOST_AREA))
        bad = wrong[self.run]
        return np.stack([self.layer_of[self.run[bad]], self.arc[bad]], axis=1)

    def _upset(self) -> NDArray[np.intp]:
        """Layer and stretch of shapes of several rings of which one came to lie in another."""
        size = lengths(self.drawn_first, len(self.at))
        many = np.bincount(self.shape_of)[self.shape_of] > 1
        broken = np.zeros(len(many) + 1, dtype=bool)
        broken[self.shape_of[self.closed & (size < 3)]] = True
        runs = np.flatnonzero(self.closed & many & ~broken[self.shape_of])
        if len(runs) == 0:
            return np.empty((0, 2), dtype=np.intp)
        at, _ = _ranges(self.drawn_first[runs], size[runs])
        grid = np.repeat(np.array(self.units)[self.layer_of[runs]], size[runs])[:, None]
        xy = np.round(self.points[self.at[at]] * grid)
        rings = shapely.linearrings(xy, indices=np.repeat(np.arange(len(runs)), size[runs]))
        part, place = np.unique(self.part_of[runs], return_index=True)
        areas = shapely.polygons(rings, indices=np.searchsorted(part, self.part_of[runs]))
        shape, owner = np.unique(self.shape_of[runs[place]], return_inverse=True)
        whole = shapely.multipolygons(np.asarray(areas), indices=owner)
        bad = np.isin(self.shape_of, shape[~shapely.is_valid(whole)]) & (self.own > 0)
        bad = bad[self.run]
        return np.stack([self.layer_of[self.run[bad]], self.arc[bad]], axis=1)

    def _crossed(self, new: NDArray[np.intp]) -> NDArray[np.intp]:
        """Layer and stretch of what crosses one of these there, though it did not."""
        out = [np.empty((0, 2), dtype=np.intp)]
        for layer, unit in enumerate(self.units):
            mine = np.unique(self.arc[(self.closed & (self.layer_of == layer))[self.run]])
            if len(mine) == 0 or not np.isin(new, mine, assume_unique=True).any():
                continue
            pairs = self._crossings(mine, new, unit)
            if len(pairs) == 0:
                continue
            always = self._did_cross(pairs)
            if len(new) == self.count and self._tiled(layer):
                self.loose[layer] = int(always.sum())
            bad = np.unique(pairs[~always])
            out.append(np.stack([np.full(len(bad), layer), bad], axis=1))
        return np.concatenate(out)

    def _tiled(self, layer: int) -> bool:
        """Whether neighbours of this layer share borders, as villages do and parks do not."""
        mine = (self.closed & (self.layer_of == layer))[self.run]
        shared = np.bincount(self.arc[mine])[self.arc[mine]] > 1
        met = np.unique(self.run[mine][shared])
        return 2 * len(met) >= len(np.unique(self.run[mine]))

    def _crossings(
        self, arcs: NDArray[np.intp], new: NDArray[np.intp], unit: int
    ) -> NDArray[np.intp]:
        """Pairs, one of them new, that meet elsewhere than at their ends as they are drawn."""
        size = lengths(self.begin, len(self.points))[arcs]
        at, _ = _ranges(self.begin[arcs], size)
        whole = np.round(self.points[at] * unit)
        owner = np.repeat(arcs, size)
        inner = (owner[1:] == owner[:-1]) & (whole[1:] != whole[:-1]).any(axis=1)
        a, b, owner = whole[:-1][inner], whole[1:][inner], owner[1:][inner]
        lines: NDArray[Any] = np.asarray(shapely.linestrings(np.stack([a, b], axis=1)))
        asked = np.flatnonzero(np.isin(owner, new))
        one, two = shapely.STRtree(lines).query(lines[asked], predicate="intersects")
        one = asked[one]
        # Where both are new each pair comes twice.
        once = (one < two) | ((one > two) & ~np.isin(owner, new)[two])
        one, two = one[once], two[once]
        # Neighbours meet in a point they share, unless one folds back on the other.
        folded = np.zeros(len(one), dtype=bool)
        shared = np.zeros(len(one), dtype=bool)
        for p, q in ((a, b), (b, a)):
            for r, s in ((a, b), (b, a)):
                meet = (p[one] == r[two]).all(axis=1)
                along, other = q[one] - p[one], s[two] - r[two]
                cross = along[:, 0] * other[:, 1] - along[:, 1] * other[:, 0]
                folded |= meet & (cross == 0) & ((along * other).sum(axis=1) > 0)
                shared |= meet
        bad = folded | ~shared
        pairs = np.sort(np.stack([owner[one[bad]], owner[two[bad]]], axis=1), axis=1)
        return np.unique(pairs, axis=0)

    def _did_cross(self, pairs: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether stretches cross in the data too."""
        arcs, place = np.unique(pairs, return_inverse=True)
        place = place.reshape(pairs.shape)
        size = lengths(self.arc_begin, len(self.arc_xy))[arcs]
        at, _ = _ranges(self.arc_begin[arcs], size)
        owner = np.repeat(np.arange(len(arcs)), size)
        lines: NDArray[Any] = np.asarray(shapely.linestrings(self.arc_xy[at], indices=owner))
        itself = place[:, 0] == place[:, 1]
        out: NDArray[np.bool_] = itself & ~shapely.is_simple(lines[place[:, 0]])
        two = np.flatnonzero(~itself)
        met = shapely.intersection(lines[place[two, 0]], lines[place[two, 1]])
        # Ends are theirs to share.
        ends = shapely.union(
            shapely.boundary(lines[place[two, 0]]), shapely.boundary(lines[place[two, 1]])
        )
        out[two] = ~shapely.is_empty(shapely.difference(met, ends))
        return out


# ---------------------------------------------------------------- points, runs, ranges


def _changes(values: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Where something else begins."""
    changes: NDArray[np.bool_] = np.diff(values, prepend=-1) != 0
    return changes


def _numbered(xy: NDArray[np.float64]) -> NDArray[np.intp]:
    """A number for every place; the same place has the same number."""
    low = xy.min(axis=0)
    span = float((xy.max(axis=0) - low).max())
    # Two numbers in one of 63 bits: a whole continent is matched ten times coarser.
    step = SAME_DEGREES if span < 20 else 10 * SAME_DEGREES
    whole = np.round((xy - low) / step).astype(np.int64)
    _, numbers = np.unique(whole[:, 0] * (whole[:, 1].max() + 1) + whole[:, 1], return_inverse=True)
    return numbers.astype(np.intp)


def _ranges(
    start: NDArray[np.intp], size: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """start, start + 1, ... of every range, one after another, and where each begins."""
    begin = np.cumsum(size) - size
    out: NDArray[np.intp] = np.arange(int(size.sum())) + np.repeat(start - begin, size)
    return out, begin


def _ring_areas(xy: NDArray[np.float64], first: NDArray[np.intp]) -> NDArray[np.float64]:
    """Signed areas of runs, each taken as a ring."""
    size = lengths(first, len(xy))
    own = xy - np.repeat(xy[first], size, axis=0)
    after = np.arange(1, len(xy) + 1)
    after[first + size - 1] = first
    x, y = own[:, 0], own[:, 1]
    areas: NDArray[np.float64] = np.add.reduceat(x * y[after] - x[after] * y, first) / 2
    return areas


def _widths(runs: Runs, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how many metres each run may move for the size of its shape."""
    if len(runs.first) == 0:
        return np.empty(0)
    xy = runs.xy * scale
    size = lengths(runs.first, len(xy))
    after = np.arange(1, len(xy) + 1)
    last = runs.first + size - 1
    after[last] = np.where(runs.closed, runs.first, last)
    along = np.add.reduceat(np.hypot(*(xy[after] - xy).T), runs.first)
    areas = np.abs(_ring_areas(xy, runs.first))
    # Twice the area by the outline: the mean width of a strip, half the side of a square.
    wide = np.divide(2 * areas, along, out=np.zeros(len(along)), where=along > 0)
    allowed: NDArray[np.float64] = np.where(runs.closed, OF_WIDTH * wide, OF_LENGTH * along)
    return allowed
