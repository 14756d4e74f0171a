"""Where lines meet: at common vertices of one level, at ends that nearly touch, at crossings.

Works on bare arrays of vertices. Every choice is made by place and never by row, so that a
layer in another order gives the same network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Shapes = NDArray[Any]

# Two vertices closer than the rounding of this many to a metre are one place.
MILLIMETRE = 1_000.0
# Ours: surveys close their lines to a few decimetres, and carriageways lie metres apart.
SNAP_M = 0.5
MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Single lines as one array of vertices, none repeated, none of a single vertex."""

    places: Floats  # (V, 2)
    line_of: Ints  # (V,), ascending
    code: Ints  # (V,): alike where two vertices are one place
    level: Ints  # (P,)
    raised: Flags  # (P,): on a bridge or in a tunnel
    ramp: Flags  # (P,): leads from one level to another

    @property
    def first(self) -> Flags:
        """The first vertex of each line."""
        return np.asarray(np.diff(self.line_of, prepend=-1) != 0)

    @property
    def last(self) -> Flags:
        """The last vertex of each line."""
        return np.asarray(np.diff(self.line_of, append=-1) != 0)


def paths_of(places: Floats, line_of: Ints, level: Ints, raised: Flags, ramp: Flags) -> Paths:
    """Vertices made ready: repeated ones dropped, and lines that have no length."""
    keys = np.round(places * MILLIMETRE).astype(np.int64)
    code = _mixed(keys)
    # Two vertices in one place are one crossing; a line's own repeated vertex is not.
    same = np.zeros(len(code), dtype=bool)
    same[1:] = (line_of[1:] == line_of[:-1]) & (code[1:] == code[:-1])
    if same.any():
        places, line_of, code = places[~same], line_of[~same], code[~same]
    # A line of one vertex goes nowhere, and must not cut those that pass through it.
    alone = np.ones(len(code), dtype=bool)
    joined = line_of[1:] == line_of[:-1]
    alone[1:] &= ~joined
    alone[:-1] &= ~joined
    if alone.any():
        places, line_of, code = places[~alone], line_of[~alone], code[~alone]
    return Paths(places, line_of, pd.factorize(code)[0], level, raised, ramp)


def _mixed(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Two whole numbers as one: millimetres of a county or a province fit in 63 bits."""
    if len(keys) == 0:
        return np.zeros(0, dtype=np.int64)
    x, y = keys[:, 0] - keys[:, 0].min(), keys[:, 1] - keys[:, 1].min()
    breadth = int(y.max()) + 1
    if int(x.max()) * breadth >= 2**62:
        raise InputError("The roads reach too far apart for one network; cut them to a region.")
    return np.asarray(x * breadth + y)


def nodes_of(paths: Paths) -> Ints:
    """Which vertices are one crossing: those of one place that lines of one level share.

    Where lines of several levels share a place, those that pass through it meet only their
    own level. A line that ends there joins what passes through on its own level. Of other
    ends, those of ramps join the level nearest to their own that passes through, the rest one
    another (a bridge and its approach, or two halves of a bridge). A bridge or tunnel that
    would be left alone comes to the ground, or the next level on the way there; a road on the
    ground that is left alone ends below what passes above it.
    """
    code, level = paths.code, paths.level[paths.line_of]
    if not level.any():
        return code
    low, high = (np.full(int(code.max()) + 1, start) for start in (level.max(), level.min()))
    np.minimum.at(low, code, level)
    np.maximum.at(high, code, level)
    at = np.flatnonzero((low != high)[code])
    if len(at) == 0:
        return code
    ground = -int(min(level.min(), 0))
    spread = max(int(level.max()), 0) + ground + 2
    place, storey = code[at], level[at] + ground
    ends = (paths.first | paths.last)[at]
    own = place * spread + storey
    through = np.unique(own[~ends])
    loose = np.flatnonzero(ends & ~np.isin(own, through))
    group = storey.copy()
    group[loose] = spread - 1
    if len(loose) and len(through):
        ramp = paths.ramp[paths.line_of[at[loose]]]
        below, above = _levels_beside(own[loose], through, spread)
        nearest = np.where(storey[loose] - below <= above - storey[loose], below, above)
        up = ramp & np.isfinite(nearest)
        group[loose[up]] = nearest[up]
        rest, to_ground = loose[~up], np.where(storey[loose] > ground, below, above)[~up]
        # What lies beyond the ground is not on the way to it.
        beyond = np.sign(to_ground - ground) * np.sign(storey[rest] - ground) < 0
        to_ground[beyond] = np.nan
        alone = np.bincount(place[rest], minlength=int(place.max()) + 1)[place[rest]] == 1
        alone &= (storey[rest] != ground) & np.isfinite(to_ground)
        group[rest[alone]] = to_ground[alone]
    out = code.copy()
    out[at] = int(code.max()) + 1 + pd.factorize(place * spread + group)[0]
    return out


def _levels_beside(own: Ints, through: Ints, spread: int) -> tuple[Floats, Floats]:
    """The next level below and above each that passes through the same place, or infinity."""
    right = np.searchsorted(through, own)
    below = through[np.maximum(right - 1, 0)]
    above = through[np.minimum(right, len(through) - 1)]
    here = own // spread
    return (
        np.where((below // spread == here) & (below < own), below % spread, -np.inf),
        np.where((above // spread == here) & (above > own), above % spread, np.inf),
    )


def parts_of(ends: Ints, size: int) -> Ints:
    """To which part each node belongs, whatever the direction of traffic."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(ends), dtype=np.int8)
    graph = sparse.csr_matrix((ones, (ends[:, 0], ends[:, 1])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)


# ---------------------------------------------------------------- ends that nearly touch


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Ends that were moved: the line of each, from where, to where, and onto which line."""

    line: Ints
    start: Floats  # (n, 2)
    goal: Floats  # (n, 2)
    onto: Ints

    @property
    def metres(self) -> Floats:
        """How far each was moved."""
        shift = self.goal - self.start
        return np.hypot(shift[:, 0], shift[:, 1])


NO_MOVES = Moves(np.zeros(0, np.intp), np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.intp))


def snapped(paths: Paths, snap_m: float) -> tuple[Paths, Moves]:
    """Free ends put on what lies within `snap_m`: a crossing, else another free end, else a line.

    Nothing is moved twice and nothing onto a place that moves away, so no end is carried
    farther than `snap_m`, and no chain of short gaps closes.
    """
    count = np.bincount(paths.code)
    ends = np.flatnonzero((paths.first | paths.last) & (count[paths.code] == 1))
    if snap_m <= 0 or len(ends) == 0:
        return paths, NO_MOVES
    spots = paths.places[ends]
    order = np.lexsort((spots[:, 1], spots[:, 0]))
    ends, spots = ends[order], spots[order]
    home = paths.line_of[ends]
    # On a line hardly longer than the gap, the own other end is no neighbour.
    short = _lengths(paths)[home] <= 2 * snap_m
    goal = np.full(len(ends), -1)  # vertex whose place is taken
    _to_crossings(paths, count, ends, spots, home, short, snap_m, goal)
    stays = np.zeros(len(ends), dtype=bool)
    while True:
        free = np.flatnonzero((goal < 0) & ~stays)
        leads = _pairs(spots, home, short, snap_m, free)
        if len(leads) == 0:
            break
        stays[leads[:, 0]] = True
        goal[leads[:, 1]] = ends[leads[:, 0]]
        free = np.flatnonzero((goal < 0) & ~stays)
        _to_what_stays(ends, spots, home, short, stays, free, snap_m, goal)
    body = np.flatnonzero(goal < 0)
    feet = _feet(paths, spots[body], home[body], snap_m)
    at = body[feet.spot]
    # A foot at another free end would be left behind when that end moves.
    # Its own end may lie there already: it touches the line, which has no vertex to share.
    kept = ~_near_others(feet.place, spots, body[feet.spot])
    position = np.full(len(paths.places), -1)
    position[ends] = np.arange(len(ends))
    led = np.where(goal >= 0, position[np.maximum(goal, 0)], -1)
    kept &= _all_may_follow(at, feet, led, spots, home, snap_m)
    at, foot, line = at[kept], feet.place[kept], feet.line[kept]
    places, onto = paths.places.copy(), np.full(len(ends), -1)
    taken = goal >= 0
    places[ends[taken]] = paths.places[goal[taken]]
    onto[taken] = paths.line_of[goal[taken]]
    places[ends[at]], onto[at] = foot, line
    pulled = np.full(len(ends), -1)
    pulled[at] = np.arange(len(at))
    follows = np.flatnonzero((led >= 0) & (pulled[np.maximum(led, 0)] >= 0))
    places[ends[follows]] = foot[pulled[led[follows]]]
    went = np.flatnonzero(onto >= 0)
    moves = Moves(home[went], spots[went], places[ends[went]], onto[went])
    cut = kept[feet.cut_of]
    made = _inserted(
        replace(paths, places=places),
        feet.segment[cut],
        feet.share[cut],
        feet.place[feet.cut_of[cut]],
    )
    return made, moves


def _all_may_follow(
    at: Ints, feet: _Feet, led: Ints, spots: Floats, home: Ints, snap_m: float
) -> Flags:
    """Whether those that were to come to an end may come to its foot on a line as well."""
    foot = np.full(len(spots), -1)
    foot[at] = np.arange(len(at))
    behind = np.flatnonzero((led >= 0) & (foot[np.maximum(led, 0)] >= 0))
    its = foot[led[behind]]
    away = np.hypot(*(spots[behind] - feet.place[its]).T)
    out = np.ones(len(at), dtype=bool)
    out[its[(away > snap_m) | (home[behind] == feet.line[its])]] = False
    return out


def _lengths(paths: Paths) -> Floats:
    step = np.hypot(*np.diff(paths.places, axis=0, prepend=paths.places[:1]).T)
    step[paths.first] = 0
    return np.asarray(np.bincount(paths.line_of, step, len(paths.level)), dtype=float)


def _to_crossings(
    paths: Paths,
    count: Ints,
    ends: Ints,
    spots: Floats,
    home: Ints,
    short: Flags,
    snap_m: float,
    goal: Ints,
) -> None:
    """Free ends beside a place that lines already share."""
    from scipy.spatial import KDTree

    shared = np.flatnonzero(count[paths.code] > 1)
    _, once = np.unique(paths.code[shared], return_index=True)
    shared = shared[once]
    if len(shared) == 0:
        return
    near: Any = KDTree(paths.places[shared]).query_ball_point(spots, snap_m)
    held = np.array([len(one) for one in near])
    if not held.any():
        return
    end = np.repeat(np.arange(len(ends)), held)
    hit = shared[np.concatenate([np.asarray(one, dtype=np.intp) for one in near if one])]
    own = np.isin(home[end] * len(count) + paths.code[hit], paths.line_of * len(count) + paths.code)
    end, hit = end[~(own & short[end])], hit[~(own & short[end])]
    best = _nearest_first(end, spots[end], paths.places[hit])
    goal[end[best]] = hit[best]


def _pairs(spots: Floats, home: Ints, short: Flags, snap_m: float, free: Ints) -> Ints:
    """Free ends that are each other's nearest: the western one, and the one that comes to it."""
    from scipy.spatial import KDTree

    none = np.zeros((0, 2), dtype=np.intp)
    if len(free) < 2:
        return none
    pairs = free[KDTree(spots[free]).query_pairs(snap_m, output_type="ndarray")].reshape(-1, 2)
    pairs = pairs[(home[pairs[:, 0]] != home[pairs[:, 1]]) | ~short[pairs[:, 0]]]
    if len(pairs) == 0:
        return none
    both = np.concatenate([pairs, pairs[:, ::-1]])
    best = both[_nearest_first(both[:, 0], spots[both[:, 0]], spots[both[:, 1]])]
    nearest = np.full(len(spots), -1)
    nearest[best[:, 0]] = best[:, 1]
    # Ends lie in order of their places.
    return np.asarray(best[(nearest[best[:, 1]] == best[:, 0]) & (best[:, 0] < best[:, 1])])


def _to_what_stays(
    ends: Ints,
    spots: Floats,
    home: Ints,
    short: Flags,
    stays: Flags,
    free: Ints,
    snap_m: float,
    goal: Ints,
) -> None:
    """A third end beside two that were joined."""
    from scipy.spatial import KDTree

    anchors = np.flatnonzero(stays)
    if len(anchors) == 0 or len(free) == 0:
        return
    near: Any = KDTree(spots[anchors]).query_ball_point(spots[free], snap_m)
    end = np.repeat(free, [len(one) for one in near])
    if len(end) == 0:
        return
    hit = anchors[np.concatenate([np.asarray(one, dtype=np.intp) for one in near if one])]
    fit = (home[end] != home[hit]) | ~short[end]
    end, hit = end[fit], hit[fit]
    best = _nearest_first(end, spots[end], spots[hit])
    goal[end[best]] = ends[hit[best]]


@dataclass(frozen=True, slots=True, eq=False)
class _Feet:
    """For each spot that has a line near, the place on it; and where lines are cut there."""

    spot: Ints
    place: Floats
    line: Ints
    cut_of: Ints  # which foot a cut is for: copies of one line are cut alike
    segment: Ints
    share: Floats


def _feet(paths: Paths, spots: Floats, home: Ints, snap_m: float) -> _Feet:
    """The nearest place on another line of the same level."""
    lines: Any = shapely.linestrings(paths.places, indices=np.cumsum(paths.first) - 1)
    of = paths.line_of[paths.first]
    spot, hit = shapely.STRtree(lines).query(
        shapely.points(spots), predicate="dwithin", distance=snap_m
    )
    fit = (of[hit] != home[spot]) & (paths.level[of[hit]] == paths.level[home[spot]])
    spot, hit = spot[fit], hit[fit]
    away = shapely.line_locate_point(lines[hit], shapely.points(spots[spot]))
    run = np.cumsum(np.hypot(*np.diff(paths.places, axis=0, prepend=paths.places[:1]).T))
    begin, last = np.flatnonzero(paths.first)[hit], np.flatnonzero(paths.last)[hit]
    at = run[begin] + away
    segment = np.clip(np.searchsorted(run, at, side="right") - 1, begin, last - 1)
    length = run[segment + 1] - run[segment]
    share = np.clip((at - run[segment]) / np.maximum(length, 1e-12), 0, 1)
    way = paths.places[segment + 1] - paths.places[segment]
    foot = paths.places[segment] + share[:, None] * way
    # Beside a vertex, the vertex itself is the place.
    for vertex, value in ((segment, 0.0), (segment + 1, 1.0)):
        beside = np.hypot(*(foot - paths.places[vertex]).T) < 1 / MILLIMETRE
        foot[beside], share[beside] = paths.places[vertex[beside]], value
    best = _nearest_first(spot, spots[spot], foot)
    chosen = np.full(len(spots), -1)
    chosen[spot[best]] = np.arange(len(best))
    its = chosen[spot]
    alike = np.hypot(*(foot - foot[best][its]).T) < 1 / MILLIMETRE if len(best) else its >= 0
    return _Feet(spot[best], foot[best], of[hit[best]], its[alike], segment[alike], share[alike])


def _nearest_first(owner: Ints, here: Floats, there: Floats) -> Ints:
    """Of each owner's candidates the nearest; of equally near ones the western, southern."""
    if len(owner) == 0:
        return np.zeros(0, dtype=np.intp)
    away = np.round(np.hypot(*(here - there).T), 6)
    order = np.lexsort((there[:, 1], there[:, 0], away, owner))
    return np.asarray(order[np.diff(owner[order], prepend=-1) != 0])


def _near_others(places: Floats, spots: Floats, own: Ints) -> Flags:
    """Which places lie at a spot that is not their own."""
    from scipy.spatial import KDTree

    if len(places) == 0 or len(spots) < 2:
        return np.zeros(len(places), dtype=bool)
    _, at = KDTree(spots).query(places, k=2, distance_upper_bound=1 / MILLIMETRE)
    return np.asarray(((at < len(spots)) & (at != own[:, None])).any(axis=1))


def _inserted(paths: Paths, segment: Ints, share: Floats, spots: Floats) -> Paths:
    """The paths with more vertices: each after vertex `segment`, at a share of the way on."""
    new = (share > 0) & (share < 1)
    segment, share, spots = segment[new], share[new], spots[new]
    order = np.lexsort((share, segment))
    segment, spots = segment[order], spots[order]
    places = np.insert(paths.places, segment + 1, spots, axis=0)
    line_of = np.insert(paths.line_of, segment + 1, paths.line_of[segment])
    return paths_of(places, line_of, paths.level, paths.raised, paths.ramp)


# ---------------------------------------------------------------- crossings without a vertex


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Places where two lines cross or touch and have no vertex in common."""

    place: Floats  # (n, 2)
    line: Ints
    other: Ints
    joins: Flags  # on one level, and neither on a bridge or in a tunnel
    # Where those that join are cut: a vertex before the place, the share of the way to the next.
    segment: Ints
    share: Floats
    spot: Floats


_NONE, _NOWHERE = np.zeros(0, np.intp), np.zeros((0, 2))
NO_CROSSINGS = Crossings(_NOWHERE, _NONE, _NONE, np.zeros(0, bool), _NONE, np.zeros(0), _NOWHERE)


def crossings_of(paths: Paths) -> Crossings:
    """Every place where lines cross, or one touches another's middle, without a common vertex."""
    begin = np.flatnonzero(~paths.last)
    low, high = paths.code[begin], paths.code[begin + 1]
    a, b = np.minimum(low, high), np.maximum(low, high)
    line = paths.line_of[begin]
    # A million copies of one line are one line here.
    single, copy = _alike(np.stack([a, b, paths.level[line], paths.raised[line]]))
    a, b = a[single], b[single]
    ends = np.stack([paths.places[begin[single]], paths.places[begin[single] + 1]], axis=1)
    left, right = _neighbours(ends, a, b)
    where, share_left, share_right, hit = _meet(ends[left], ends[right])
    left, right = left[hit], right[hit]
    return _spread(paths, begin, copy, left, right, where, share_left, share_right)


def _neighbours(ends: Floats, a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Pairs of segments without a common end (codes `a` and `b`) whose boxes meet.

    Found by a grid of cells about as wide as the segments are long.
    """
    none = np.zeros(0, dtype=np.intp)
    if len(ends) == 0:
        return none, none
    way = ends[:, 1] - ends[:, 0]
    long = np.hypot(way[:, 0], way[:, 1])
    cell = max(float(long.mean()), 1.0)
    # A long segment is laid on the cells it passes, piece by piece.
    # Short enough to lie on two rows and two columns at most, with a millimetre to spare.
    count = np.maximum(np.ceil(long / (0.99 * cell)).astype(np.intp), 1)
    owner = np.repeat(np.arange(len(ends)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    least, most = np.minimum(ends[:, 0], ends[:, 1]), np.maximum(ends[:, 0], ends[:, 1])
    corner = least[:, 0].min() - 1, least[:, 1].min() - 1
    cells = []
    for axis in (0, 1):
        step = way[:, axis] / count
        start = (ends[:, 0, axis] - corner[axis])[owner] + step[owner] * nth
        stop = start + step[owner]
        low, high = np.minimum(start, stop), np.maximum(start, stop)
        cells += [((low - 1 / MILLIMETRE) / cell).astype(np.int64)]
        cells += [((high + 1 / MILLIMETRE) / cell).astype(np.int64)]
    west, east, south, north = cells
    rows = int(north.max()) + 1
    across, up = np.flatnonzero(east > west), np.flatnonzero(north > south)
    key = west * rows + south
    both = across[north[across] > south[across]]
    keys = np.concatenate([key, key[across] + rows, key[up] + 1, key[both] + rows + 1])
    owner = np.concatenate([owner, owner[across], owner[up], owner[both]])
    order = np.argsort(keys)
    keys, owner = keys[order], owner[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1) != 0)
    held = np.diff(np.append(first, len(keys)))
    after = np.repeat(first + held, held) - np.arange(len(keys)) - 1
    one = np.repeat(np.arange(len(keys)), after)
    two = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(after) - after, after)
    left, right = owner[one], owner[two]
    tail, head, other_tail, other_head = a[left], b[left], a[right], b[right]
    fit = (tail != other_tail) & (head != other_head)
    fit &= (tail != other_head) & (head != other_tail)
    left, right = left[fit], right[fit]
    for axis in (0, 1):
        here, there = least[:, axis] - 1 / MILLIMETRE, most[:, axis]
        fit = (here[left] <= there[right]) & (here[right] <= there[left])
        left, right = left[fit], right[fit]
    pairs = np.unique(np.minimum(left, right) * len(ends) + np.maximum(left, right))
    return pairs // len(ends), pairs % len(ends)


def _meet(one: Floats, two: Floats) -> tuple[Floats, Floats, Floats, Flags]:
    """Where pairs of segments meet, to a millimetre, and how far along each."""
    p, q = one[:, 0], two[:, 0]
    r, s = one[:, 1] - p, two[:, 1] - q
    turn = r[:, 0] * s[:, 1] - r[:, 1] * s[:, 0]
    w = q - p
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (w[:, 0] * s[:, 1] - w[:, 1] * s[:, 0]) / turn
        u = (w[:, 0] * r[:, 1] - w[:, 1] * r[:, 0]) / turn
    long_r, long_s = np.hypot(r[:, 0], r[:, 1]), np.hypot(s[:, 0], s[:, 1])
    proper = np.isfinite(t) & (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1)
    t, u = np.where(proper, t, np.nan), np.where(proper, u, np.nan)
    where = p + t[:, None] * r
    # An end of one beside the other is itself the place, also where both run together.
    for mine, spots, base, way, length in (
        (True, one, q, s, long_s),
        (False, two, p, r, long_r),
    ):
        for k in (0, 1):
            spot = spots[:, k]
            share = ((spot - base) * way).sum(axis=1) / length**2
            share = np.clip(share, 0, 1)
            beside = np.hypot(*(base + share[:, None] * way - spot).T) < 1 / MILLIMETRE
            where[beside] = spot[beside]
            # `t` is always of the first, `u` of the second.
            t[beside] = float(k) if mine else share[beside]
            u[beside] = share[beside] if mine else float(k)
    at_ends = ((t == 0) | (t == 1)) & ((u == 0) | (u == 1))
    hit = np.isfinite(t) & ~at_ends
    return where[hit], t[hit], u[hit], hit


def _spread(
    paths: Paths,
    begin: Ints,
    copy: Ints,
    left: Ints,
    right: Ints,
    where: Floats,
    share_left: Floats,
    share_right: Floats,
) -> Crossings:
    """Crossings of single segments as cuts of all lines that have them."""
    order = np.argsort(copy, kind="stable")
    held = np.bincount(copy)
    start = np.cumsum(held) - held
    first = order[start] if len(order) else order
    line, other = paths.line_of[begin[first[left]]], paths.line_of[begin[first[right]]]
    level, raised = paths.level, paths.raised
    joins = (level[line] == level[other]) & ~raised[line] & ~raised[other]
    side = np.concatenate([left, right])
    share = np.concatenate([share_left, share_right])
    crossing = np.tile(np.arange(len(left)), 2)
    cut_of = np.repeat(np.arange(len(side)), held[side])
    within = np.arange(len(cut_of)) - np.repeat(np.cumsum(held[side]) - held[side], held[side])
    member = order[start[side][cut_of] + within]
    # A copy drawn the other way counts from its other end.
    turned = paths.code[begin[member]] != paths.code[begin[first[side][cut_of]]]
    along = np.where(turned, 1 - share[cut_of], share[cut_of])
    cuts = joins[crossing[cut_of]]
    return Crossings(
        where, line, other, joins, begin[member][cuts], along[cuts], where[crossing[cut_of]][cuts]
    )


def _alike(columns: Ints) -> tuple[Ints, Ints]:
    """Of rows that are alike the first, and which of these each row is."""
    mixed = columns[0]
    for column in columns[1:]:
        low = int(column.min()) if len(column) else 0
        wide = int(column.max()) - low + 1 if len(column) else 1
        if wide > 1:
            mixed = pd.factorize(mixed)[0] * wide + (column - low)
    copy = pd.factorize(mixed)[0]
    single = np.zeros(int(copy.max()) + 1 if len(copy) else 0, dtype=np.intp)
    single[copy[::-1]] = np.arange(len(copy))[::-1]
    return single, copy


def joined_at(paths: Paths, found: Crossings) -> Paths:
    """The paths with a common vertex wherever two cross on one level."""
    return _inserted(paths, found.segment, found.share, found.spot)
