"""The ground of the schematic county: heights, the outline, and who holds which cell.

Everything happens on a grid of square cells. What decides a border is rounded to whole
numbers first, so that the last bit of a floating-point sum cannot move a cell on another
machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL = 150.0
# How much dearer a step becomes on a slope: borders then settle on ridges.
SLOPE_COST = 25.0
COST_UNITS = 100
# Of a cell's breadth as the crow flies, beside 14,000 by a level way.
STRAIGHT_COST = 7000


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Square cells, south-west corner first.

    Attributes
    ----------
    x0, y0 : float
        The south-west corner, metres.
    rows, columns : int
        How many cells.
    """

    x0: float
    y0: float
    rows: int
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates of the middle of every cell."""
        x = self.x0 + (np.arange(self.columns) + 0.5) * CELL
        y = self.y0 + (np.arange(self.rows) + 0.5) * CELL
        xs, ys = np.meshgrid(x, y)
        return xs, ys

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """The cell a place lies in."""
        return int((y - self.y0) // CELL), int((x - self.x0) // CELL)


def rough(
    random: np.random.Generator, grid: Grid, wave: float, octaves: int
) -> NDArray[np.float64]:
    """Smooth noise about zero, in octaves.

    Parameters
    ----------
    random : Generator
        The source of chance.
    grid : Grid
        Where.
    wave : float
        Length of the longest wave, metres.
    octaves : int
        Each half as long and half as high as the one before.

    Returns
    -------
    ndarray, shape of the grid
        Between about -2 and 2.
    """
    out = np.zeros(grid.shape)
    for octave in range(octaves):
        cells = wave / CELL / 2**octave
        knots = random.random((int(grid.rows / cells) + 5, int(grid.columns / cells) + 5)) * 2 - 1
        shift = random.random(2)
        rows = np.arange(grid.rows) / cells + 1 + shift[0]
        columns = np.arange(grid.columns) / cells + 1 + shift[1]
        places = np.meshgrid(rows, columns, indexing="ij")
        out += ndimage.map_coordinates(knots, places, order=3, mode="nearest") / 2**octave
    return out


def heights(random: np.random.Generator, grid: Grid, west: float, east: float) -> NDArray[Any]:
    """Heights: low mountains in the west, hills before them, a plain of water nets in the east.

    Parameters
    ----------
    random : Generator
        The source of chance.
    grid : Grid
        Where.
    west, east : float
        The county's edges, metres.

    Returns
    -------
    ndarray, shape of the grid
        Metres, in steps of a centimetre.
    """
    xs, _ = grid.centres()
    at = (xs - west) / (east - west)
    ridges = np.clip(1 - np.abs(rough(random, grid, 6000, 4)), 0, None) ** 2
    mountain = 1 / (1 + np.exp((at - 0.30) / 0.06))
    bumps = np.clip(80 * rough(random, grid, 6000, 5), 0, None)
    hills = np.exp(-(((at - 0.36) / 0.12) ** 2)) * bumps
    plain = 3 + 1.2 * rough(random, grid, 3800, 1)
    highest = 90 + 560 * ridges * (0.6 + 0.4 * np.clip(1 - at / 0.3, 0, 1))
    return np.asarray(np.round(np.clip(plain + mountain * highest + hills, 1.2, None), 2))


def outline(
    random: np.random.Generator,
    grid: Grid,
    seats: NDArray[np.float64],
    reach: NDArray[np.float64],
    cells: int,
) -> NDArray[np.bool_]:
    """The cells of the county: those nearest its seats, with an uneven edge, in one piece.

    Parameters
    ----------
    random : Generator
        The source of chance.
    grid : Grid
        Where.
    seats : ndarray of shape (N, 2)
        The towns' seats, metres.
    reach : ndarray of shape (N,)
        How far each town reaches, metres.
    cells : int
        How many cells the county has.

    Returns
    -------
    ndarray of bool, shape of the grid
        True inside.
    """
    xs, ys = grid.centres()
    near = np.zeros(grid.shape)
    for (x, y), far in zip(seats, reach, strict=True):
        near += np.exp(-3 * np.hypot(xs - x, ys - y) / far)
    field = np.round(-np.log(near) / 3 + 0.16 * rough(random, grid, 4500, 4), 6)
    first = grid.cell(*seats[0])
    low, high = float(field.min()), float(field.max())
    inside = np.ones(grid.shape, dtype=bool)
    # What is below a level lies within what is below a higher one: as many cells, the same cells.
    known: dict[int, NDArray[np.bool_]] = {}
    for _ in range(40):
        middle = (low + high) / 2
        below = field < middle
        count = int(below.sum())
        if count not in known:
            pieces, _count = ndimage.label(below)
            known[count] = ndimage.binary_fill_holes((pieces == pieces[first]) & (pieces > 0))
        inside = known[count]
        if inside.sum() < cells:
            low = middle
        else:
            high = middle
    return inside


def steps(heights_m: NDArray[Any], bumps: NDArray[Any]) -> NDArray[np.float64]:
    """What crossing a cell costs, in whole units.

    Parameters
    ----------
    heights_m : ndarray
        Metres.
    bumps : ndarray
        Noise that bends borders on the plain.

    Returns
    -------
    ndarray
        Whole numbers, `COST_UNITS` on level ground.
    """
    slope = ndimage.gaussian_gradient_magnitude(heights_m, 1.5) / CELL
    cost = 1 + SLOPE_COST * slope + 0.8 * np.clip(bumps, 0, None)
    return np.asarray(np.round(cost * COST_UNITS))


def web(
    cost: NDArray[np.float64], inside: NDArray[np.bool_]
) -> tuple[sparse.csr_matrix[np.float64], NDArray[np.intp]]:
    """Ways from cell to cell, straight and across corners.

    Parameters
    ----------
    cost : ndarray
        What half a cell costs, whole numbers.
    inside : ndarray of bool
        Where ways may run.

    Returns
    -------
    graph : sparse matrix
        Of the cells inside, each pair once.
    number : ndarray, shape of the grid
        The row of each cell in the graph; -1 outside.
    """
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(inside.sum())
    rows, columns = inside.shape
    tails, heads, lengths = [], [], []
    for down, right, length in ((0, 1, 70), (1, 0, 70), (1, 1, 99), (1, -1, 99)):
        a = (slice(0, rows - down), slice(max(0, -right), columns - max(0, right)))
        b = (slice(down, rows), slice(max(0, right), columns + min(0, right)))
        both = inside[a] & inside[b]
        tails.append(number[a][both])
        heads.append(number[b][both])
        lengths.append((cost[a] + cost[b])[both] * length)
    size = int(inside.sum())
    ends = (np.concatenate(tails), np.concatenate(heads))
    return sparse.csr_matrix((np.concatenate(lengths), ends), shape=(size, size)), number


def unlike(graph: sparse.csr_matrix[np.float64]) -> sparse.csr_matrix[np.float64]:
    """The same ways with no two alike, so that the cheapest is one and the same everywhere.

    Parameters
    ----------
    graph : sparse matrix
        Of `web`: whole numbers, among which ways of equal cost are common. Which of them a
        search takes would be for the version of a library to say.

    Returns
    -------
    sparse matrix
        A thousand times as dear, and a little more, less than one of the old units, by
        the cells' numbers.
    """
    out = graph.tocoo()
    row, column = out.row.astype(np.int64), out.col.astype(np.int64)
    # Sums stay whole and below 2**53.
    out.data = out.data * 1000 + (row * 7919 + column * 104_729) % 997
    return out.tocsr()


def far(
    cost: NDArray[np.float64], inside: NDArray[np.bool_], starts: list[tuple[int, int]]
) -> NDArray[np.float64]:
    """How dear the way is from each start to every cell inside.

    Parameters
    ----------
    cost : ndarray
        Of `steps`.
    inside : ndarray of bool
        Ways stay within.
    starts : list of (row, column)
        N cells.

    Returns
    -------
    ndarray of shape (N, number of cells inside)
        Whole numbers, so that sums are exact; cells in the order of ``inside``.
    """
    graph, number = web(cost, inside)
    ways = dijkstra(graph, directed=False, indices=[number[start] for start in starts])
    # Two ways to a whole valley may share their last stretch; it would then change hands as one.
    cells = np.argwhere(inside)
    straight = np.stack([np.hypot(*(cells - start).T) for start in starts])
    return np.asarray(ways + np.round(straight * STRAIGHT_COST))


def share(
    distance: NDArray[np.float64],
    goal: NDArray[np.float64],
    start: NDArray[np.float64] | None = None,
    rounds: int = 1500,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Cells shared among holders, as many to each as it shall have.

    A cell goes to the holder with the least distance plus handicap; handicaps grow where a
    holder has too much and shrink where it has too little. Holdings are in one piece but
    for stray cells, which `whole` mends.

    Parameters
    ----------
    distance : ndarray of shape (N, cells)
        Of `far`.
    goal : ndarray of shape (N,)
        Cells each shall have.
    start : ndarray of shape (N,), optional
        Handicaps to begin with.
    rounds : int
        At most so many.

    Returns
    -------
    holder : ndarray of shape (cells,)
        Whose each cell is.
    handicap : ndarray of shape (N,)
        Those of the best round.
    """
    handicap = np.zeros(len(goal)) if start is None else start.copy()
    stride = float(np.median(distance)) / 4
    best, kept, waited = np.inf, handicap.copy(), 0
    # Distances and handicaps are whole: with the holder's number as the last digit of each, the
    # least of them names the first of the nearest, four times as fast as asking for its place.
    base = len(goal)
    marked = distance.astype(np.int64) * base + np.arange(base)[:, None]

    def nearest(handicap: NDArray[np.float64]) -> NDArray[np.intp]:
        cost = marked + (handicap.astype(np.int64) * base)[:, None]
        return np.asarray(cost.min(axis=0) % base, dtype=np.intp)

    for _ in range(rounds):
        held = np.bincount(nearest(handicap), minlength=len(goal))
        worst = float(np.abs(held / goal - 1).max())
        waited += 1
        if worst < best:
            best, kept, waited = worst, handicap.copy(), 0
        if worst < 0.0005 or stride < 1:
            break
        if waited > 12:
            handicap, stride, waited = kept.copy(), stride * 0.6, 0
            continue
        # The gradient of a concave problem (semi-discrete transport): too much, dearer.
        handicap = handicap + np.round((held - goal) / goal.mean() * stride)
    return nearest(kept), kept


def whole(holder: NDArray[Any]) -> NDArray[Any]:
    """Holdings in one piece each: cells that only touch their own at a corner change hands.

    Parameters
    ----------
    holder : ndarray, shape of the grid
        Whose each cell is; -1 outside.

    Returns
    -------
    ndarray, shape of the grid
        A cell cut off goes to a neighbour across an edge.
    """
    out = holder.copy()
    for one in range(int(out.max()) + 1):
        pieces, count = ndimage.label(out == one)
        if count < 2:
            continue
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        loose = (pieces > 0) & (pieces != sizes.argmax())
        for row, column in np.argwhere(loose):
            beside = [out[row + 1, column], out[row - 1, column]]
            beside += [out[row, column + 1], out[row, column - 1]]
            other = [holding for holding in beside if holding not in (one, -1)]
            if other:
                out[row, column] = other[0]
    return out
