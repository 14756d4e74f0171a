"""Country roads of the schematic county, as ways over cells.

Roads between towns first, then from every village to the nearest of them, then to its
hamlets, then a few between neighbours. What is used by many is of a higher class.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio import features
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from deqing_geo.sample import borders
from deqing_geo.sample.ground import CELL, Grid, rough, unlike, web

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.sample.tiling import Tiling

# High before low: where two share a way, the first gives the class.
RANKS = ("highway", "county_road", "township_road", "village_road", "farm_track")
SLOPE_COST = 30.0
BRIDGE_COST = 5.0
HAMLET_KM2 = 1.3  # land to a hamlet
HAMLET_APART_M = 520.0
NEIGHBOURS = 0.42  # of the pairs of neighbouring villages that get a road of their own
DETOURS = 5  # roads between towns beyond those that connect them all
TRACKS = 190


@dataclass(slots=True, eq=False)
class Paths:
    """Stretches from cell to cell with the class they were given.

    Attributes
    ----------
    ranks : dict of (int, int) to int
        Two neighbouring cells, the smaller number first, to an index of `RANKS`.
    states : dict of (int, int) to str
        Where a stretch is not built.
    """

    ranks: dict[tuple[int, int], int] = field(default_factory=dict)
    states: dict[tuple[int, int], str] = field(default_factory=dict)

    def add(self, steps: list[int], rank: int, state: str = "built") -> None:
        """A way over cells; where there is one already, the higher class stays."""
        for a, b in itertools.pairwise(steps):
            pair = (a, b) if a < b else (b, a)
            known = self.ranks.get(pair)
            if known is None:
                self.ranks[pair] = rank
                if state != "built":
                    self.states[pair] = state
                continue
            self.ranks[pair] = min(known, rank)
            if state == "built":
                self.states.pop(pair, None)

    def cells(self) -> NDArray[np.intp]:
        """All cells on a way, in order."""
        return np.unique(np.array(list(self.ranks), dtype=np.intp).ravel())


@dataclass(frozen=True, slots=True, eq=False)
class Country:
    """Roads outside the towns.

    Attributes
    ----------
    lines : list of ndarray of shape (N, 2)
        Metres, from crossing to crossing.
    classes, states : list of str
        Words of ``road_class`` and ``road_status``.
    gates : list of (int, ndarray of shape (2,))
        Index of the gate and the place of the cell, for every gate in use.
    hamlets : ndarray of shape (H, 2)
        Where people live, metres, on the roads.
    hamlet_of : ndarray of shape (H,)
        Row of the village.
    seat : ndarray of bool, shape (H,)
        True for the first hamlet of a village, where its committee sits.
    """

    lines: list[NDArray[np.float64]]
    classes: list[str]
    states: list[str]
    gates: list[tuple[int, NDArray[np.float64]]]
    hamlets: NDArray[np.float64]
    hamlet_of: NDArray[np.intp]
    seat: NDArray[np.bool_]


def connect(
    random: np.random.Generator,
    made: Tiling,
    heights: NDArray[np.float64],
    shut: NDArray[np.bool_],
    wet: NDArray[np.bool_],
    gates: NDArray[np.float64],
    gate_of: NDArray[np.intp],
) -> Country:
    """Roads from town to town, village to town and hamlet to village.

    Parameters
    ----------
    random : Generator
        The source of chance.
    made : Tiling
        Grid and villages.
    heights : ndarray, shape of the grid
        Metres.
    shut : ndarray of bool, shape of the grid
        Towns, lakes: no country road runs there.
    wet : ndarray of bool, shape of the grid
        Rivers, dear to cross.
    gates : ndarray of shape (G, 2)
        Where main streets leave their towns, metres.
    gate_of : ndarray of shape (G,)
        Whose each gate is; the county seat first, then by index of `SITES`.

    Returns
    -------
    Country
        Lines that meet end to end.
    """
    grid = made.grid
    free = ndimage.binary_erosion(made.inside, iterations=3) & ~shut
    pieces, _count = ndimage.label(free, structure=np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    free = pieces == sizes.argmax()
    slope = ndimage.gaussian_gradient_magnitude(heights, 0.8) / CELL
    bends = np.clip(rough(random, grid, 1300, 3), -0.8, 1.2)
    cost = np.round(100 * (1 + SLOPE_COST * slope**1.2 + 0.9 * (1 + bends) + BRIDGE_COST * wet))
    graph, number = web(cost, free)
    graph = unlike(graph)
    cells = np.argwhere(free)
    middles: Any = (cells[:, ::-1] + 0.5) * CELL + (grid.x0, grid.y0)
    doors = ((gates[:, None] - middles[None]) ** 2).sum(axis=2).argmin(axis=1)
    paths = Paths()
    _between_towns(paths, graph, doors, gate_of)
    own = _unit_of(made, grid)[free]
    gentle = np.round(-60 * slope[free] - 8 * wet[free], 6)
    hamlets, whose, seat = _places(random, made, middles, own, gentle)
    waiting = _to_villages(paths, graph, doors, hamlets[seat])
    _to_hamlets(paths, graph, hamlets[~seat])
    _between_villages(random, paths, cost, free, hamlets[seat], cells, waiting)
    _tracks(random, paths, number, cells, heights[free])
    lines, classes, states = _chains(paths, cells, grid)
    used = set(paths.cells().tolist())
    open_gates = [(at, middles[door]) for at, door in enumerate(doors.tolist()) if door in used]
    return Country(lines, classes, states, open_gates, middles[hamlets], whose, seat)


def _trace(before: NDArray[Any], cell: int) -> list[int]:
    steps = [cell]
    while before[steps[-1]] >= 0:
        steps.append(int(before[steps[-1]]))
    return steps


def _between_towns(
    paths: Paths, graph: Any, doors: NDArray[np.intp], gate_of: NDArray[np.intp]
) -> None:
    """The cheapest roads that connect all towns, and a few that spare long detours."""
    count = int(gate_of.max()) + 1
    befores, best, through = [], np.full((count, count), np.inf), np.zeros((count, count), int)
    for town in range(count):
        way, before, _ = dijkstra(
            graph,
            directed=False,
            indices=doors[gate_of == town],
            return_predecessors=True,
            min_only=True,
        )
        befores.append(before)
        for other in range(count):
            there = doors[gate_of == other]
            through[town, other] = there[way[there].argmin()]
            best[town, other] = way[there].min()
    tree = minimum_spanning_tree(np.triu(best, 1)).toarray()
    pairs = [(int(a), int(b)) for a, b in np.argwhere(tree > 0)]
    along, steps = dijkstra(tree, directed=False, return_predecessors=True)
    detour = np.triu(along / np.where(best > 0, best, np.inf), 1)
    for flat in np.argsort(-np.round(detour, 6), axis=None, kind="stable")[:DETOURS].tolist():
        pairs.append((flat // count, flat % count))
    main = set()
    # From the county seat to the subcentre and to the farthest towns on either side.
    for far in (2, 3, 11, int(along[0].argmax())):
        at = far
        while steps[0, at] >= 0:
            main.add((min(at, int(steps[0, at])), max(at, int(steps[0, at]))))
            at = int(steps[0, at])
    for a, b in pairs:
        rank = 0 if (min(a, b), max(a, b)) in main else 1
        paths.add(_trace(befores[a], int(through[a, b])), rank)


def _unit_of(made: Tiling, grid: Grid) -> NDArray[np.intp]:
    """The row of the village each cell lies in; -1 outside."""
    from affine import Affine

    shapes = zip(made.villages.geometry, range(len(made.villages)), strict=True)
    place = Affine(CELL, 0, grid.x0, 0, CELL, grid.y0)
    burnt = features.rasterize(
        shapes, out_shape=grid.shape, transform=place, fill=-1, dtype="int32"
    )
    return np.asarray(burnt, dtype=np.intp)


def _places(
    random: np.random.Generator,
    made: Tiling,
    middles: NDArray[np.float64],
    own: NDArray[np.intp],
    gentle: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Cells where people live: one in the middle of each village, others apart from it."""
    chance = np.round(random.random(len(own)), 6)
    areas = made.villages.area.to_numpy() / 1e6
    places: list[int] = []
    whose: list[int] = []
    for unit in range(len(made.villages)):
        cells = np.flatnonzero(own == unit)
        if len(cells) == 0:
            continue
        here = middles[cells]
        away = np.hypot(*(here - here.mean(axis=0)).T)
        first = int(cells[np.round(gentle[cells] - away / 500, 6).argmax()])
        chosen = [first]
        count = 1 + int(np.clip(round(float(areas[unit]) / HAMLET_KM2), 1, 6))
        for cell in cells[np.argsort(-(gentle[cells] + 2.2 * chance[cells]), kind="stable")]:
            if len(chosen) == count:
                break
            if np.hypot(*(middles[chosen] - middles[cell]).T).min() > HAMLET_APART_M:
                chosen.append(int(cell))
        places += chosen
        whose += [unit] * len(chosen)
    owner = np.array(whose)
    return np.array(places), owner, np.diff(owner, prepend=-1) > 0


def _to_villages(
    paths: Paths, graph: Any, doors: NDArray[np.intp], villages: NDArray[np.intp]
) -> int:
    """A township road from each village to the nearest road there is.

    The road to one remote village is still under construction; which, comes back.
    """
    starts = np.union1d(paths.cells(), doors)
    _, before, _ = dijkstra(
        graph, directed=False, indices=starts, return_predecessors=True, min_only=True
    )
    traced = [_trace(before, int(village)) for village in villages]
    users: dict[tuple[int, int], int] = {}
    for steps in traced:
        for pair in itertools.pairwise(steps):
            users[pair] = users.get(pair, 0) + 1
    alone = [sum(users[pair] == 1 for pair in itertools.pairwise(s)) for s in traced]
    waiting = int(np.argmax(alone))
    for at, steps in enumerate(traced):
        for a, b in itertools.pairwise(steps):
            state = "building" if at == waiting and users[a, b] == 1 else "built"
            paths.add([a, b], 2, state)
    return int(villages[waiting])


def _to_hamlets(paths: Paths, graph: Any, hamlets: NDArray[np.intp]) -> None:
    _, before, _ = dijkstra(
        graph, directed=False, indices=paths.cells(), return_predecessors=True, min_only=True
    )
    for hamlet in hamlets.tolist():
        paths.add(_trace(before, hamlet), 3)


def _between_villages(
    random: np.random.Generator,
    paths: Paths,
    cost: NDArray[np.float64],
    free: NDArray[np.bool_],
    villages: NDArray[np.intp],
    cells: NDArray[np.intp],
    waiting: int,
) -> None:
    """Roads between neighbours, where their ways to each other meet."""
    cheaper = cost.copy()
    there = cells[paths.cells()]
    cheaper[there[:, 0], there[:, 1]] = np.round(cheaper[there[:, 0], there[:, 1]] * 0.5)
    graph = unlike(web(cheaper, free)[0])
    way, before, source = dijkstra(
        graph, directed=False, indices=villages, return_predecessors=True, min_only=True
    )
    edges = graph.tocoo()
    a, b = edges.row, edges.col
    meet = (source[a] != source[b]) & (source[a] != waiting) & (source[b] != waiting)
    a, b, between = a[meet], b[meet], edges.data[meet]
    length = way[a] + between + way[b]
    low, high = np.minimum(source[a], source[b]), np.maximum(source[a], source[b])
    order = np.lexsort((b, a, length, high, low))
    low, high, a, b = low[order], high[order], a[order], b[order]
    first = np.flatnonzero((np.diff(low, prepend=-1) != 0) | (np.diff(high, prepend=-1) != 0))
    chance = np.round(random.random(len(first)), 6)
    for at in first[chance < NEIGHBOURS].tolist():
        paths.add(_trace(before, int(a[at]))[::-1] + _trace(before, int(b[at])), 3)


def _tracks(
    random: np.random.Generator,
    paths: Paths,
    number: NDArray[np.intp],
    cells: NDArray[np.intp],
    heights: NDArray[np.float64],
) -> None:
    """Tracks that leave a road and end in the fields."""
    used = set(paths.cells().tolist())
    low = [cell for cell in sorted(used) if heights[cell] < 60]
    ways = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
    for _ in range(TRACKS):
        start = low[int(random.integers(len(low)))]
        down, right = ways[int(random.integers(len(ways)))]
        length = int(random.integers(2, 6))
        steps = [start]
        for step in range(1, length + 1):
            row, column = cells[start] + np.array([down, right]) * step
            inside = 0 <= row < number.shape[0] and 0 <= column < number.shape[1]
            following = int(number[row, column]) if inside else -1
            if following < 0 or following in used:
                break
            steps.append(following)
        if len(steps) > 2:
            paths.add(steps, 4)
            used.update(steps)


def _chains(
    paths: Paths, cells: NDArray[np.intp], grid: Grid
) -> tuple[list[NDArray[np.float64]], list[str], list[str]]:
    """Stretches joined up to where three meet or the class changes, without their steps."""
    beside: dict[int, list[int]] = {}
    for a, b in sorted(paths.ranks):
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)

    def kind(a: int, b: int) -> tuple[int, str]:
        pair = (a, b) if a < b else (b, a)
        return paths.ranks[pair], paths.states.get(pair, "built")

    def stops(cell: int) -> bool:
        around = beside[cell]
        return len(around) != 2 or kind(cell, around[0]) != kind(cell, around[1])

    lines, classes, states = [], [], []
    done: set[tuple[int, int]] = set()
    corners = [cell for cell in sorted(beside) if stops(cell)]
    # Rings without a corner are entered anywhere.
    for start in [*corners, *sorted(beside)]:
        for following in beside[start]:
            if (min(start, following), max(start, following)) in done:
                continue
            steps = [start, following]
            done.add((min(steps), max(steps)))
            while steps[-1] != start and not stops(steps[-1]):
                one, other = beside[steps[-1]]
                ahead = other if one == steps[-2] else one
                done.add((min(steps[-1], ahead), max(steps[-1], ahead)))
                steps.append(ahead)
            rank, state = kind(start, following)
            middles = cells[np.array(steps)][:, ::-1] + 0.5
            smooth = borders.smooth(middles.astype(float))
            lines.append(np.round(smooth * CELL + (grid.x0, grid.y0), 3))
            classes.append(RANKS[rank])
            states.append(state)
    return lines, classes, states
