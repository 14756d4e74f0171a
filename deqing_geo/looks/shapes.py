"""Shapes on their way into a page: kept as they are until it is written, then as whole numbers.

A layer keeps its shapes and not their text, so that all layers of a page can be simplified
together, at the last moment and by as much as the reader of that page can bear.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Whole millionths of a degree: 0.11 m, finer than any line on a screen.
UNIT = 1_000_000


class Shapes(Sequence[Any]):
    """Shapes in degrees that become nested lists of whole numbers when a page is written.

    Parameters
    ----------
    shapes : array of shapely geometries
        Polygons and lines, longitude and latitude; None where a row has no shape.
    finest : float or array of float
        By how many metres each may be simplified at most; 0 keeps it as it is.

    Notes
    -----
    As a sequence it holds what `encode` says, exact to a millionth of a degree.
    """

    __slots__ = ("_plain", "finest", "shapes")

    def __init__(self, shapes: NDArray[Any], finest: float | NDArray[Any] = math.inf) -> None:
        self.shapes: NDArray[Any] = np.asarray(shapes, dtype=object)
        self.finest: NDArray[np.float64] = np.broadcast_to(
            np.asarray(finest, dtype=float), len(self.shapes)
        )
        self._plain: list[Any] | None = None

    def __len__(self) -> int:
        return len(self.shapes)

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        return self.plain()[at]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.plain())

    def __eq__(self, other: object) -> bool:
        return self.plain() == (other.plain() if isinstance(other, Shapes) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.plain())

    def plain(self) -> list[Any]:
        """Nested lists of whole millionths of a degree, not simplified."""
        if self._plain is None:
            runs = runs_of(self.shapes)
            self._plain = nested(runs, runs.xy, runs.first, UNIT)
        return self._plain


def encode(shapes: NDArray[Any], *, finest: float | NDArray[Any] = math.inf) -> Shapes:
    """Shapes in degrees as nested lists of whole numbers, first absolute, then steps.

    Parameters
    ----------
    shapes : array of shapely geometries
        Polygons or lines, longitude and latitude.
    finest : float or array of float
        By how many metres each may be simplified at most when a page is written; 0 keeps a
        shape as it is, for what is itself a matter of centimetres.

    Returns
    -------
    Shapes
        Per shape: polygons of rings, or lines, each a flat list of numbers; None where there is
        neither. A ring does not repeat its first point.

    Examples
    --------
    >>> encode(np.array([shapely.LineString([(1, 2), (1.000001, 2)])]))
    [[[1000000, 2000000, 1, 0]]]
    """
    return Shapes(shapes, finest)


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The rings and lines of shapes, one after another.

    Attributes
    ----------
    xy : array, shape (N, 2)
        Degrees; rings without their last point, no point twice in a row.
    first : array of int, shape (R,)
        Where each run begins.
    closed : array of bool, shape (R,)
        Whether it is a ring.
    part_of, shape_of : array of int, shape (R,)
        Which polygon or line it belongs to, and which shape.
    count : int
        How many shapes there are.
    """

    xy: NDArray[np.float64]
    first: NDArray[np.intp]
    closed: NDArray[np.bool_]
    part_of: NDArray[np.intp]
    shape_of: NDArray[np.intp]
    count: int

    @property
    def run_of(self) -> NDArray[np.intp]:
        """The run of every point."""
        return np.repeat(np.arange(len(self.first)), lengths(self.first, len(self.xy)))


def lengths(first: NDArray[np.intp], total: int) -> NDArray[np.intp]:
    """How long runs are that begin at these places.

    Parameters
    ----------
    first : array of int
        Where each begins.
    total : int
        Where the last ends.

    Returns
    -------
    array of int
        The length of each.
    """
    return np.diff(first, append=total)


def runs_of(shapes: NDArray[Any]) -> Runs:
    """Take shapes apart into rings and lines.

    Parameters
    ----------
    shapes : array of shapely geometries
        Of any kind; points are left out.

    Returns
    -------
    Runs
        In the order of the shapes.
    """
    pieces, owner = shapely.get_parts(shapes, return_index=True)
    kinds = shapely.get_dimensions(pieces)
    areas, lines = np.flatnonzero(kinds == 2), np.flatnonzero(kinds == 1)
    rings, area_of = shapely.get_rings(pieces[areas], return_index=True)
    runs = np.concatenate([rings, pieces[lines]])
    part_of = np.concatenate([areas[area_of], lines])
    closed = np.arange(len(runs)) < len(rings)
    order = np.argsort(part_of, kind="stable")
    runs, part_of, closed = runs[order], part_of[order], closed[order]
    some = ~shapely.is_empty(runs)
    runs, part_of, closed = runs[some], part_of[some], closed[some]
    xy, run_of = shapely.get_coordinates(runs, return_index=True)
    starts = np.diff(run_of, prepend=-1) != 0
    keep = starts | (np.abs(np.diff(xy, axis=0, prepend=np.nan)).max(axis=1, initial=0) > 0)
    # The last point of a ring is its first.
    keep[np.flatnonzero(np.diff(run_of, append=-1) != 0)[closed]] = False
    # A line that stands still is still a line.
    still = np.flatnonzero(~closed & (np.bincount(run_of[keep], minlength=len(runs)) < 2))
    keep[np.searchsorted(run_of, still, side="right") - 1] = True
    xy, run_of = xy[keep], run_of[keep]
    first = np.flatnonzero(np.diff(run_of, prepend=-1))
    return Runs(xy, first, closed, part_of, owner[part_of], len(shapes))


def nested(runs: Runs, xy: NDArray[Any], first: NDArray[np.intp], unit: int) -> list[Any]:
    """Points of runs as nested lists of whole numbers.

    Parameters
    ----------
    runs : Runs
        What belongs to what.
    xy : array, shape (M, 2)
        Degrees, of these runs one after another.
    first : array of int
        Where each run begins in `xy`.
    unit : int
        How many make a degree.

    Returns
    -------
    list
        Per shape its polygons of rings, or its lines; None where there is neither.
    """
    out: list[Any] = [None] * runs.count
    if len(first) == 0:
        return out
    for shape in np.unique(runs.shape_of).tolist():
        out[shape] = []
    whole = np.round(xy * unit).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    steps[first] = whole[first]
    numbers = steps.ravel().tolist()
    ends = [*(2 * first[1:]).tolist(), len(numbers)]
    last = -1
    rows = zip(
        (2 * first).tolist(), ends, runs.closed.tolist(), runs.part_of.tolist(),
        runs.shape_of.tolist(), strict=True,
    )  # fmt: skip
    for start, end, closed, part, shape in rows:
        flat = numbers[start:end]
        if not closed:
            out[shape].append(flat)
        elif part == last:
            out[shape][-1].append(flat)
        else:
            out[shape].append([flat])
        last = part
    return out
