"""The sheet of paper: its size, the scale the map fits at, and what measures it.

Scales are round and true on paper: a millimetre of the map is so many metres of the projection.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from deqing_geo import columns as names
from deqing_geo.atlas.drawing import Box, Floats, Pen
from deqing_geo.crs import CGCS2000
from deqing_geo.errors import InputError

MM_PER_M = 1000
# ISO 216, millimetres upright.
PAPERS = {"A0": (841, 1189), "A1": (594, 841), "A2": (420, 594), "A3": (297, 420), "A4": (210, 297)}
ORIENTATIONS = ("auto", "landscape", "portrait")
# What lettering is measured by: on larger paper it grows, though less than the paper.
BASE_MM, GROWTH = 297, 0.6
_LEADING = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 8)
SCALES: tuple[int, ...] = tuple(round(one * 10**power) for power in range(2, 8) for one in _LEADING)
# Of the frame, left free around what the page shows.
MARGIN = 0.03
# Minutes and seconds of arc between lines of the grid, in degrees.
STEPS = tuple(
    one / 3600
    for one in (
        *(1, 2, 5, 10, 15, 20, 30),
        *(60 * minutes for minutes in (1, 2, 5, 10, 15, 20, 30)),
        *(3600 * degrees for degrees in (1, 2, 5, 10)),
    )
)
KM_STEPS = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
# Lines of the grid lie about so far apart on paper.
GRID_MM = 55
BAR_MM = (28, 60)
GRID_COLOUR = "#7d8b99"
CURVED = 24


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet and how it is divided.

    Attributes
    ----------
    width, height : float
        Millimetres.
    frame : Box
        The map.
    columns : tuple of Box
        What stands beside it (across) or below it (upright).
    foot : Box
        What the map rests on, below everything.
    factor : float
        What sizes of lettering are multiplied by.
    """

    width: float
    height: float
    frame: Box
    columns: tuple[Box, ...]
    foot: Box
    factor: float


def paper_size(paper: str | tuple[float, float]) -> tuple[float, float]:
    """The short and the long side of a sheet.

    Parameters
    ----------
    paper : str or (float, float)
        ``A4`` to ``A0``, or millimetres.

    Returns
    -------
    (float, float)
        Millimetres, the shorter first.

    Raises
    ------
    InputError
        If there is no such sheet.

    Examples
    --------
    >>> paper_size("A3")
    (297.0, 420.0)
    """
    if isinstance(paper, str):
        if paper.upper() in PAPERS:
            upright = PAPERS[paper.upper()]
            return float(upright[0]), float(upright[1])
    else:
        try:
            short, long = sorted(float(side) for side in paper)
            # Smaller than a postcard nothing can be read; larger than A0 nobody prints.
            if short >= 140 and long <= 1700:
                return short, long
        except (TypeError, ValueError):
            pass
    raise InputError(
        f"paper={paper!r}: there are {', '.join(sorted(PAPERS))}, or two sides in millimetres "
        "from 140 to 1700."
    )


def divided(size: tuple[float, float], *, across: bool, foot_mm: float) -> Paper:
    """A sheet with its map, its columns and its foot.

    Parameters
    ----------
    size : (float, float)
        Of `paper_size`.
    across : bool
        Whether the long side lies below.
    foot_mm : float
        How high the foot is.

    Returns
    -------
    Paper
        Nothing overlaps.
    """
    short, long = size
    width, height = (long, short) if across else (short, long)
    factor = (long / BASE_MM) ** GROWTH
    edge, gap = 8 * factor, 2.5 * factor
    head = 15 * factor
    # Degrees and kilometres of the grid stand around the frame.
    ruler = 3.6 * factor
    foot = (edge, edge * 0.75, width - edge, edge * 0.75 + foot_mm)
    low = foot[3] + gap
    if across:
        side = max(62 * factor, 0.2 * width)
        frame = (edge + ruler, low + ruler, width - edge - side - gap - ruler, height - head)
        columns: tuple[Box, ...] = (
            (width - edge - side, low, width - edge, height - head + ruler),
        )
    else:
        below = 0.3 * height
        frame = (edge + ruler, low + below + gap + ruler, width - edge - ruler, height - head)
        parts = np.linspace(edge, width - edge + gap, 4)
        columns = tuple(
            (float(left), low, float(right) - gap, low + below)
            for left, right in itertools.pairwise(parts)
        )
    return Paper(width, height, frame, columns, foot, factor)


def scale_for(bounds: Floats, frame: Box) -> int:
    """The largest round scale at which something fits into a frame.

    Parameters
    ----------
    bounds : (west, south, east, north)
        Metres.
    frame : Box
        Millimetres.

    Returns
    -------
    int
        The scale's number: 50000 is 1:50 000.

    Examples
    --------
    >>> scale_for(np.array([0, 0, 9_000, 6_000]), (0, 0, 200, 150))
    50000
    """
    west, south, east, north = (float(one) for one in bounds)
    wide, high = (frame[2] - frame[0], frame[3] - frame[1])
    needed = MM_PER_M * max((east - west) / wide, (north - south) / high) / (1 - 2 * MARGIN)
    fitting: list[int] = [scale for scale in SCALES if scale >= needed - 1e-9]
    return fitting[0] if fitting else SCALES[-1]


@dataclass(frozen=True, slots=True)
class View:
    """What part of the land a frame shows.

    Attributes
    ----------
    scale : int
        Of `scale_for`.
    middle : (float, float)
        Metres, in the middle of the frame.
    frame : Box
        Millimetres.
    """

    scale: int
    middle: tuple[float, float]
    frame: Box

    @property
    def window(self) -> Box:
        """The land in the frame, metres."""
        west, south, east, north = self.frame
        wide, high = ((east - west) / 2, (north - south) / 2)
        x, y = self.middle
        step = self.scale / MM_PER_M
        return (x - wide * step, y - high * step, x + wide * step, y + high * step)

    def paper(self, points: Any) -> Floats:
        """Coordinates in metres as millimetres on paper."""
        west, south, east, north = self.frame
        centre = np.array([(west + east) / 2, (south + north) / 2])
        out: Floats = centre + (np.asarray(points) - self.middle) * MM_PER_M / self.scale
        return out

    def shapes(self, shapes: Any) -> NDArray[Any]:
        """Shapes in metres as shapes on paper."""
        moved: NDArray[Any] = shapely.transform(np.asarray(shapes, dtype=object), self.paper)
        return moved


def view_of(bounds: Any, frame: Box, scale: int | None = None) -> View:
    """The frame over something, in its middle.

    Parameters
    ----------
    bounds : (west, south, east, north)
        Metres.
    frame : Box
        Millimetres.
    scale : int, optional
        By default the largest at which it fits.

    Returns
    -------
    View
        Where everything on the page stands.
    """
    west, south, east, north = (float(one) for one in bounds)
    at = scale or scale_for(np.array([west, south, east, north]), frame)
    return View(at, ((west + east) / 2, (south + north) / 2), frame)


def called_scale(scale: int) -> str:
    """A scale as maps write it.

    Parameters
    ----------
    scale : int
        Its number.

    Returns
    -------
    str
        Thousands apart.

    Examples
    --------
    >>> called_scale(50000)
    '1:50 000'
    """
    return f"1:{scale:,}".replace(",", " ")


# ---------------------------------------------------------------- what measures the map


def bar_length(scale: int, factor: float = 1.0) -> float:
    """How much ground a scale bar shows, in metres: a round length that fits.

    Parameters
    ----------
    scale : int
        Of the map.
    factor : float
        Of the paper.

    Returns
    -------
    float
        Metres.

    Examples
    --------
    >>> bar_length(50000)
    2000.0
    """
    longest = BAR_MM[1] * factor * scale / MM_PER_M
    power = 10 ** math.floor(math.log10(longest))
    return float(max(one * power for one in (1, 2, 5) if one * power <= longest))


def draw_bar(pen: Pen, corner: tuple[float, float], scale: int, factor: float) -> Box:
    """A scale bar and the scale's number, in a white box.

    Parameters
    ----------
    pen : Pen
        Of the page.
    corner : (float, float)
        Lower left of the box, millimetres.
    scale : int
        Of the map.
    factor : float
        Of the paper.

    Returns
    -------
    Box
        What it covers.
    """
    metres = bar_length(scale, factor)
    box = bar_box(corner, scale, factor)
    pen.box(box, fill="#ffffff", edge="#666666", width=0.4)
    mm = metres * MM_PER_M / scale
    size, high = 6.5 * factor, 1.3 * factor
    x, y = box[0] + 4 * factor, box[1] + 6.2 * factor
    for at in range(4):
        part = (x + mm * at / 4, y, x + mm * (at + 1) / 4, y + high)
        pen.box(part, fill="#111111" if at % 2 == 0 else "#ffffff", edge="#111111", width=0.4)
    unit, per = (names.word("map_page.km"), 1000) if metres >= 1000 else (
        names.word("map_page.m"), 1)  # fmt: skip
    for share in (0.0, 0.5, 1.0):
        said = f"{metres * share / per:g}"
        pen.words(x + mm * share, y + high + 0.8 * factor, said, size * 0.9, align=0.5)
    pen.words(x + mm + 2.2 * factor, y - 0.2 * factor, unit, size * 0.9)
    pen.words((box[0] + box[2]) / 2, box[1] + 1.9 * factor, called_scale(scale), size, align=0.5)
    return box


def bar_box(corner: tuple[float, float], scale: int, factor: float) -> Box:
    """What a scale bar covers, from its lower left corner.

    Parameters
    ----------
    corner, scale, factor
        As of `draw_bar`.

    Returns
    -------
    Box
        Millimetres.
    """
    mm = bar_length(scale, factor) * MM_PER_M / scale
    return (corner[0], corner[1], corner[0] + mm + 14 * factor, corner[1] + 11.5 * factor)


def draw_north(pen: Pen, corner: tuple[float, float], factor: float) -> Box:
    """An arrow to the grid's north, in a white box.

    Parameters
    ----------
    pen : Pen
        Of the page.
    corner : (float, float)
        Lower left of the box.
    factor : float
        Of the paper.

    Returns
    -------
    Box
        What it covers.
    """
    x, y = corner
    box = (x, y, x + 10 * factor, y + 16 * factor)
    pen.box(box, fill="#ffffff", edge="#666666", width=0.4)
    middle, foot, top = x + 5 * factor, y + 1.5 * factor, y + 11 * factor
    notch, wing = foot + 2.4 * factor, 2.7 * factor
    left = [(middle, top), (middle - wing, foot), (middle, notch)]
    right = [(middle, top), (middle + wing, foot), (middle, notch)]
    pen.shapes([shapely.polygons(left)], fill="#111111", edge="#111111", inside=False)
    pen.shapes([shapely.polygons(right)], fill="#ffffff", edge="#111111", inside=False)
    pen.words(middle, top + 0.8 * factor, names.word("map_page.n"), 8 * factor, align=0.5)
    return box


def draw_grid(pen: Pen, view: View, crs: Any, kind: str | None, factor: float) -> None:
    """Lines of degrees (CGCS2000) or of kilometres over the map, with their numbers around it.

    Parameters
    ----------
    pen : Pen
        Of the page.
    view : View
        Of the map.
    crs : CRS
        Of its coordinates.
    kind : {"degrees", "km", None}
        Which lines.
    factor : float
        Of the paper.
    """
    if kind is None:
        return
    lines = _degree_lines(view, crs) if kind == "degrees" else _km_lines(view)
    west, south, east, north = view.frame
    size, off = 5.2 * factor, 1.0 * factor
    # So far from a corner a number still stands beside its own side.
    near = 6 * factor
    for upright, said, points in lines:
        on_paper = view.paper(points)
        pen.line(on_paper, edge=GRID_COLOUR, width=0.25, inside=True)
        sides = ((south, -1), (north, 1)) if upright else ((west, -1), (east, 1))
        along, across = (0, 1) if upright else (1, 0)
        order = np.argsort(on_paper[:, across])
        for side, outward in sides:
            place = float(np.interp(side, on_paper[order, across], on_paper[order, along]))
            low, high = (west, east) if upright else (south, north)
            if not low + near <= place <= high - near:
                continue
            if upright:
                pen.line([(place, side), (place, side + outward * off)], edge="#333333", width=0.4)
                base = side + outward * off * (2.9 if outward < 0 else 1.3)
                pen.words(place, base, said, size, align=0.5, colour="#333333")
            else:
                pen.line([(side, place), (side + outward * off, place)], edge="#333333", width=0.4)
                base = side + outward * off * (1.3 if outward < 0 else 2.9)
                pen.words(base, place, said, size, align=0.5, colour="#333333", upright=False)


def _degree_lines(view: View, crs: Any) -> Iterator[tuple[bool, str, Floats]]:
    west, south, east, north = view.window
    there = pyproj.Transformer.from_crs(crs, CGCS2000, always_xy=True)
    back = pyproj.Transformer.from_crs(CGCS2000, crs, always_xy=True)
    lon0, lat0, lon1, lat1 = there.transform_bounds(west, south, east, north)
    wide = view.frame[2] - view.frame[0]
    high = view.frame[3] - view.frame[1]
    step_x = _step(STEPS, (lon1 - lon0) * GRID_MM / wide)
    step_y = _step(STEPS, (lat1 - lat0) * GRID_MM / high)
    more_x, more_y = (lon1 - lon0) * 0.05, (lat1 - lat0) * 0.05
    for lon in _between(lon0, lon1, step_x):
        lats = np.linspace(lat0 - more_y, lat1 + more_y, CURVED)
        x, y = back.transform(np.full(CURVED, lon), lats)
        yield True, _degrees(lon, step_x, "EW"), np.column_stack([x, y])
    for lat in _between(lat0, lat1, step_y):
        lons = np.linspace(lon0 - more_x, lon1 + more_x, CURVED)
        x, y = back.transform(lons, np.full(CURVED, lat))
        yield False, _degrees(lat, step_y, "NS"), np.column_stack([x, y])


def _km_lines(view: View) -> Iterator[tuple[bool, str, Floats]]:
    west, south, east, north = view.window
    step = _step(KM_STEPS, GRID_MM * view.scale / MM_PER_M)
    for x in _between(west, east, step):
        yield True, f"{x / 1000:g}", np.array([(x, south), (x, north)])
    for y in _between(south, north, step):
        yield False, f"{y / 1000:g}", np.array([(west, y), (east, y)])


def _step(steps: tuple[float, ...], wanted: float) -> float:
    return min(steps, key=lambda step: abs(math.log(step / wanted)))


def _between(low: float, high: float, step: float) -> Floats:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return np.arange(first, last + 1, dtype=float) * step


def _degrees(value: float, step: float, signs: str) -> str:
    """Degrees, minutes and seconds, as far as the step asks."""
    seconds = round(abs(value) * 3600)
    degrees, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    said = f"{degrees}°"
    if step < 1 - 1e-9 or minutes or rest:
        said += f"{minutes:02d}′"
    if step < 1 / 60 - 1e-9 or rest:
        said += f"{rest:02d}″"
    return f"{said}{signs[0] if value >= 0 else signs[1]}"
