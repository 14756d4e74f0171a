"""What stands beside a map: legend, table, inset, who made it and of when."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.atlas.drawing import LEADING, Box, Pen, discs, dotted, hatched
from deqing_geo.atlas.fonts import MM_PER_POINT, plain
from deqing_geo.atlas.subjects import Entry, Figures, Look, Section

INK, QUIET, RED = "#111111", "#444444", "#b3261e"
TEXT, SMALL, HEAD = 6.6, 5.6, 7.6
_FIGURE = re.compile(r"[-\d.,%]*")


@dataclass(slots=True)
class Column:
    """A column that is filled from above, and from below.

    Attributes
    ----------
    pen : Pen
        Of the page.
    box : Box
        All of it; what is left shrinks with every block.
    factor : float
        Of the paper.
    fresh : bool
        Whether nothing stands in it yet.
    """

    pen: Pen
    box: Box
    factor: float
    fresh: bool = True

    @property
    def wide(self) -> float:
        """Millimetres across."""
        return self.box[2] - self.box[0]

    @property
    def high(self) -> float:
        """What is left."""
        return self.box[3] - self.box[1]

    def take(self, high: float, *, below: bool = False) -> Box:
        """So many millimetres off the top, or off the foot."""
        west, south, east, north = self.box
        gap = 2 * self.factor
        if below:
            self.box = (west, south + high + gap, east, north)
            return (west, south, east, south + high)
        self.box = (west, south, east, north - high - gap)
        return (west, north - high, east, north)

    def heading(self, text: str) -> None:
        """A heading with a line under it."""
        size = HEAD * self.factor
        if not self.fresh:
            self.box = (*self.box[:3], self.box[3] - 2.5 * self.factor)
        self.fresh = False
        box = self.take(line_mm(size) + 0.6 * self.factor)
        said = self.pen.typeface.cut(text, size, self.wide)
        self.pen.words(box[0], box[1] + 1.3 * self.factor, said, size, colour=INK)
        self.pen.line([(box[0], box[1]), (box[2], box[1])], edge="#999999", width=0.4)
        # A heading belongs to what follows it.
        self.box = (*self.box[:3], self.box[3] + 0.5 * self.factor)


def line_mm(size: float) -> float:
    """How high a line of text is.

    Parameters
    ----------
    size : float
        Points.

    Returns
    -------
    float
        Millimetres.
    """
    return size * MM_PER_POINT * LEADING


def draw_legend(column: Column, sections: Sequence[Section], borders: Sequence[Entry]) -> None:
    """The legend: classes in their order with counts and areas, then the lines.

    Parameters
    ----------
    column : Column
        Where.
    sections : sequence of Section
        Of the subject.
    borders : sequence of Entry
        Lines and backgrounds.
    """
    column.heading(names.word("map.legend"))
    factor = column.factor
    for section in sections:
        if section.title:
            for said in column.pen.typeface.wrap(section.title, TEXT * factor, column.wide):
                box = column.take(line_mm(TEXT * factor) - 1.4 * factor)
                column.pen.words(box[0], box[1] + 0.3 * factor, said, TEXT * factor, colour=QUIET)
        for entry in section.entries:
            _entry(column, entry)
        column.take(0)
    for entry in borders:
        _entry(column, entry)


def _entry(column: Column, entry: Entry) -> None:
    pen, factor, size = column.pen, column.factor, TEXT * column.factor
    wide = 8.5 * factor
    room = column.wide - wide - 1.5 * factor
    beside = pen.typeface.width(entry.amount, SMALL * factor) + 2 * factor if entry.amount else 0
    lines = pen.typeface.wrap(entry.label, size, room)
    apart = len(lines) == 1 and pen.typeface.width(entry.label, size) + beside <= room
    if not apart:
        lines += [""] if entry.amount else []
    step = line_mm(size)
    high = max(step * len(lines) + 0.4 * factor, 4.1 * factor)
    box = column.take(high - 2 * factor + 0.5 * factor)
    # The gap that `take` keeps belongs to the entry.
    base = box[3] - step * 0.78
    x = box[0] + wide + 1.5 * factor
    middle = base + 0.36 * size * MM_PER_POINT
    _swatch(
        pen, entry.look, (box[0], middle - 1.55 * factor, box[0] + wide, middle + 1.55 * factor)
    )
    for at, line in enumerate(lines):
        pen.words(x, base - at * step, line, size)
    if entry.amount:
        y = base if apart else base - (len(lines) - 1) * step
        pen.words(box[2], y, entry.amount, SMALL * factor, align=1, colour=QUIET)


def _swatch(pen: Pen, look: Look, box: Box) -> None:
    west, south, east, north = box
    if look.swatch == "line":
        y = (south + north) / 2
        pen.line([(west, y), (east, y)], edge=look.edge, width=look.width, dash=look.dash)
        return
    shape = shapely.box(*box)
    if look.swatch == "round":
        middle = np.array([((west + east) / 2, (south + north) / 2)])
        shape = discs(middle, (north - south) / 2)[0]
    fill = look.legend or look.fill
    opacity = 1.0 if look.legend else look.opacity
    kept = {"edge": look.edge, "width": max(look.width, 0.4), "dash": look.dash, "inside": False}
    pen.shapes([shape], fill=fill, opacity=opacity, **kept)
    patterned(pen, np.array([shape]), look.pattern, inside=False)


def patterned(pen: Pen, shapes: Any, pattern: str | None, *, inside: bool = True) -> None:
    """Hatching or dots over areas.

    Parameters
    ----------
    pen : Pen
        Of the page.
    shapes : array of Polygon
        Millimetres.
    pattern : {"hatch", "dots", None}
        Which.
    inside : bool
        Whether only in the map's frame.
    """
    if not len(shapes):
        return
    if pattern == "hatch":
        pen.shapes([hatched(shapes)], edge="#6b6780", width=0.35, inside=inside)
    elif pattern == "dots":
        pen.shapes(dotted(shapes), fill="#8a8a8a", inside=inside)


def draw_table(column: Column, table: Figures) -> int:
    """The page's figures; rows beyond the room are counted.

    Parameters
    ----------
    column : Column
        Where.
    table : Figures
        What.

    Returns
    -------
    int
        How many rows found no room.
    """
    pen, factor = column.pen, column.factor
    size = SMALL * factor
    step = line_mm(size) + 0.5 * factor
    column.heading(table.title)
    widths = _widths(pen, table, size, column.wide)
    heads = [
        _broken(pen, head, size, wide - 0.8 * factor)
        for head, wide in zip(table.heads, widths, strict=True)
    ]
    # Words begin at the left, figures end at the right.
    left_of = [at == 0 or not all(_FIGURE.fullmatch(row[at]) for row in table.rows)
               for at in range(len(table.heads))]  # fmt: skip
    head_high = max(map(len, heads)) * line_mm(size) + 0.8 * factor
    room = int((column.high - head_high) / step)
    extra = 1 if table.total else 0
    fits = len(table.rows) + extra <= room
    rows = list(table.rows) if fits else list(table.rows[: max(room - extra - 1, 0)])
    left = len(table.rows) - len(rows)
    box = column.take(head_high - 2 * factor + 0.01)
    edges = np.concatenate([[0], np.cumsum(widths)]) + box[0]
    y = box[3]
    pen.box((box[0], y - head_high, box[2], y), fill="#eef1f4")
    for at, lines in enumerate(heads):
        for number, line in enumerate(lines):
            base = y - (number + 0.8) * line_mm(size)
            _cell(pen, edges[at : at + 2], base, line, size, QUIET, left=left_of[at])
    y -= head_high
    for row in [*rows, *([table.total] if table.total else [])]:
        last = row is table.total
        if last:
            pen.line([(box[0], y), (box[2], y)], edge="#666666", width=0.4)
        for at, cell in enumerate(row):
            said = pen.typeface.cut(plain(cell), size, widths[at] - 0.8 * factor)
            _cell(pen, edges[at : at + 2], y - step * 0.72, said, size, INK, left=left_of[at])
        y -= step
        if not last:
            pen.line([(box[0], y), (box[2], y)], edge="#dddddd", width=0.25)
    if left:
        said = names.word("atlas.more_rows").format(count=left)
        pen.words(box[0], y - step * 0.72, said, size, colour=QUIET)
        y -= step
    column.box = (*column.box[:3], y - 2 * factor)
    return left


def _cell(
    pen: Pen, edges: Any, y: float, text: str, size: float, colour: str, *, left: bool
) -> None:
    if left:
        pen.words(edges[0] + 0.4, y, text, size, colour=colour)
    else:
        pen.words(edges[1] - 0.4, y, text, size, align=1, colour=colour)


def _broken(pen: Pen, head: str, size: float, wide: float) -> list[str]:
    """A heading in as many lines as it needs, about equally long."""
    lines = pen.typeface.wrap(head, size, wide)
    if len(lines) == 1 or head.isascii():
        return lines
    each = math.ceil(len(head) / len(lines))
    even = [head[at : at + each] for at in range(0, len(head), each)]
    return even if all(pen.typeface.width(one, size) <= wide for one in even) else lines


def _widths(pen: Pen, table: Figures, size: float, room: float) -> list[float]:
    """As wide as each column needs, and all together as wide as there is room."""
    needed = []
    for at, head in enumerate(table.heads):
        cells = [pen.typeface.width(plain(row[at]), size) for row in table.rows]
        cells += [pen.typeface.width(table.total[at], size)] if table.total else []
        # A heading may break in two, and a long one oftener.
        least = pen.typeface.width(head[: max(2, min(4, math.ceil(len(head) / 2)))], size)
        needed.append(max([least, *cells]) + 1.6)
    total = sum(needed)
    if total <= room:
        return [one + (room - total) / len(needed) for one in needed]
    # Names give way, figures do not.
    over = total - room
    needed[0] = max(needed[0] - over, room * 0.22)
    factor = min(1.0, (room - needed[0]) / max(sum(needed[1:]), 1e-9))
    return [needed[0], *(one * factor for one in needed[1:])]


def draw_facts(column: Column, facts: Sequence[tuple[str, str]]) -> None:
    """Label and value, line by line, at the foot of a column.

    Parameters
    ----------
    column : Column
        Where.
    facts : sequence of (str, str)
        In order.
    """
    pen, factor = column.pen, column.factor
    size = SMALL * factor
    step = line_mm(size)
    lines = [
        line
        for label, value in facts
        for line in pen.typeface.wrap(f"{label}:{value}", size, column.wide - 2 * factor)
    ]
    box = column.take(step * len(lines) + 1.6 * factor, below=True)
    pen.box(box, edge="#999999", width=0.4, fill="#ffffff")
    for at, line in enumerate(lines):
        y = box[3] - 0.8 * factor - step * (at + 0.76)
        pen.words(box[0] + factor, y, line, size, colour=INK)


def draw_inset(
    column: Column, outline: Any, towns: Any, window: Box, area: Any, *, high: float
) -> None:
    """Where the page lies in the whole.

    Parameters
    ----------
    column : Column
        Where; at its foot.
    outline, towns : array of Polygon
        Metres.
    window : Box
        Of the page, metres.
    area : geometry or None
        What the page is of.
    high : float
        At most so high, millimetres.
    """
    pen, factor = column.pen, column.factor
    title = line_mm(SMALL * factor)
    if high < 14 * factor or not len(outline):
        return
    west, south, east, north = shapely.total_bounds(outline)
    room = (column.wide - 2 * factor, high - title - 2 * factor)
    step = min(room[0] / (east - west), room[1] / (north - south))
    box = column.take((north - south) * step + title + 2 * factor, below=True)
    pen.box(box, edge="#999999", width=0.4, fill="#ffffff")
    pen.words(
        box[0] + factor, box[3] - title * 0.85, names.word("atlas.inset"), SMALL * factor,
        colour=QUIET,
    )  # fmt: skip
    left = (box[0] + box[2]) / 2 - (east - west) * step / 2
    low = box[1] + factor

    def paper(points: Any) -> Any:
        return (points - [west, south]) * step + [left, low]

    def drawn(shapes: Any, **look: Any) -> None:
        small = shapely.simplify(shapes, 0.15 / step)
        pen.shapes(shapely.transform(small, paper), inside=False, **look)

    drawn(outline, fill="#f3f4f5", edge="#444444", width=0.7)
    if area is not None:
        drawn(np.array([area]), fill="#9db6cf")
    if len(towns):
        drawn(towns, edge="#9a9a9a", width=0.3)
    x0, y0, x1, y1 = (
        max(window[0], west), max(window[1], south), min(window[2], east), min(window[3], north),
    )  # fmt: skip
    if x1 > x0 and y1 > y0:
        drawn(np.array([shapely.box(x0, y0, x1, y1)]), edge=RED, width=0.9)
