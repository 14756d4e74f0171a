"""Where names stand: none over another, those of towns always, those of villages where they can.

A name that finds no place is left out and counted; the page says how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from deqing_geo.atlas.drawing import LEADING, RISE, Box, Pen
from deqing_geo.atlas.fonts import MM_PER_POINT, Typeface, plain

# A name in more lines than that says no more to anybody; the rest of it is told by …
MOST_LINES, LINE_EMS = 3, 12
# Around its place a name may move so far, in its own heights: first not at all.
ASIDE = (0.0, 0.9, -0.9, 1.8, -1.8, 2.7, -2.7)
SMALLER = (1.0, 0.88, 0.76)
# Names that must stand may go farther and get smaller before they do.
FARTHEST, SMALLEST = 40, 0.55
# How exactly the middle of an area is found, millimetres.
NEAR_MM = 0.5


@dataclass(frozen=True, slots=True)
class Label:
    """A name to place.

    Attributes
    ----------
    text : str
        The name.
    x, y : float
        Where its middle would best stand, millimetres.
    size : float
        Points.
    colour : str
        Of the letters.
    must : bool
        Whether it may not be left out.
    """

    text: str
    x: float
    y: float
    size: float
    colour: str = "#111111"
    must: bool = False


@dataclass(slots=True)
class Placed:
    """What was placed on a page.

    Attributes
    ----------
    boxes : list of Box
        What names cover, in the order they were placed.
    texts : list of str
        The names.
    dropped : list of str
        Names that found no place.
    """

    boxes: list[Box]
    texts: list[str]
    dropped: list[str]


def middles(shapes: NDArray[Any]) -> NDArray[np.float64]:
    """Where a name of an area best stands: the middle of the largest circle in it.

    Parameters
    ----------
    shapes : array of Polygon, shape (N,)
        Millimetres, none empty.

    Returns
    -------
    array, shape (N, 2)
        Places, in the largest part of each.

    Examples
    --------
    >>> middles(np.array([shapely.box(0, 0, 4, 2)])).round(1)[:, 1].tolist()
    [1.0]
    """
    if not len(shapes):
        return np.empty((0, 2))
    parts, of = shapely.get_parts(shapes, return_index=True)
    areas = shapely.area(parts)
    order = np.lexsort((-areas, of))
    _, first = np.unique(of[order], return_index=True)
    largest = parts[order[first]]
    circles = shapely.maximum_inscribed_circle(largest, tolerance=NEAR_MM)
    out: NDArray[np.float64] = shapely.get_coordinates(shapely.get_point(circles, 0))
    return out


def place(pen: Pen, labels: Sequence[Label], taken: Sequence[Box], frame: Box) -> Placed:
    """Write names so that none covers another.

    Parameters
    ----------
    pen : Pen
        Of the page.
    labels : sequence of Label
        The most important first; those that must stand are placed before all others.
    taken : sequence of Box
        Where no name may stand.
    frame : Box
        Where all of them must.

    Returns
    -------
    Placed
        What stands and what does not.
    """
    held = np.array([*taken], dtype=float).reshape(-1, 4)
    out = Placed([], [], [])
    for label in sorted(labels, key=lambda one: not one.must):
        found = _found(pen.typeface, label, held, frame)
        if found is None:
            out.dropped.append(label.text)
            continue
        box, lines, size, _ = found
        _write(pen, label, box, lines, size)
        held = np.vstack([held, box])
        out.boxes.append(box)
        out.texts.append(label.text)
    return out


def _found(
    typeface: Typeface, label: Label, held: NDArray[np.float64], frame: Box
) -> tuple[Box, list[str], float, bool] | None:
    lines = _lines(typeface, label.text)
    wide_1 = max(typeface.width(line, 1) for line in lines)
    for smaller in SMALLER:
        size = label.size * smaller
        wide, high = _extent(wide_1, len(lines), size)
        for aside in ASIDE:
            for along in (0.0,) if aside == 0 else (0.0, 0.3, -0.3):
                box = _around(label.x + along * wide, label.y + aside * size * MM_PER_POINT,
                              wide, high)  # fmt: skip
                if _free(box, held, frame):
                    return box, lines, size, True
    if not label.must:
        return None
    for smaller in (1.0, 0.76, SMALLEST):
        size = label.size * smaller
        wide, high = _extent(wide_1, len(lines), size)
        step = size * MM_PER_POINT * 0.7
        for ring in range(1, FARTHEST):
            for turn in np.linspace(0, 2 * np.pi, 8 * ring, endpoint=False):
                box = _around(
                    label.x + np.cos(turn) * ring * step,
                    label.y + np.sin(turn) * ring * step,
                    wide,
                    high,
                )
                if _free(box, held, frame):
                    return box, lines, size, True
    # No paper is so full in earnest; it stands where it belongs all the same.
    wide, high = _extent(wide_1, len(lines), label.size * SMALLEST)
    return _around(label.x, label.y, wide, high), lines, label.size * SMALLEST, False


def _lines(typeface: Typeface, text: str) -> list[str]:
    shown = plain(text) or "-"
    lines = typeface.wrap(shown, 1, LINE_EMS * MM_PER_POINT)
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][:-1] + "…"]
    return lines


def _extent(wide_1: float, lines: int, size: float) -> tuple[float, float]:
    return wide_1 * size, size * MM_PER_POINT * (1.0 + LEADING * 0.85 * (lines - 1))


def _around(x: float, y: float, wide: float, high: float) -> Box:
    return (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def _free(box: Box, held: NDArray[np.float64], frame: Box) -> bool:
    inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
    if not inside:
        return False
    gap = 0.25
    apart = (
        (held[:, 0] >= box[2] + gap)
        | (held[:, 2] <= box[0] - gap)
        | (held[:, 1] >= box[3] + gap)
        | (held[:, 3] <= box[1] - gap)
    )
    return bool(apart.all())


def _write(pen: Pen, label: Label, box: Box, lines: list[str], size: float) -> None:
    step = size * MM_PER_POINT
    top = box[3] - step * RISE
    for at, line in enumerate(lines):
        pen.words(
            (box[0] + box[2]) / 2,
            top - at * step * LEADING * 0.85,
            line,
            size,
            align=0.5,
            colour=label.colour,
            halo=True,
        )
