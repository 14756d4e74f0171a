"""The first page: what maps there are, where each lies, and on which page."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.atlas import frame as frames
from deqing_geo.atlas import labels as naming
from deqing_geo.atlas import panel
from deqing_geo.atlas.drawing import Drawing, Pen
from deqing_geo.atlas.fonts import Typeface, plain
from deqing_geo.atlas.ground import Ground, border_look
from deqing_geo.atlas.sheet import Setting, Sheet

ROW_SIZE = 7.0
TINT = "#dfe8f1"


def index_pages(count: int, setting: Setting) -> int:
    """How many pages the list of so many maps takes.

    Parameters
    ----------
    count : int
        Of maps.
    setting : Setting
        Of the atlas.

    Returns
    -------
    int
        At least one.
    """
    paper = _paper(setting)
    first, more = _room(paper, first=True), _room(paper, first=False)
    return 1 if count <= first else 1 + math.ceil((count - first) / more)


def draw_index(
    sheets: Sequence[Sheet], scales: Sequence[int], ground: Ground, setting: Setting,
    typeface: Typeface, title: str,
) -> list[Drawing]:  # fmt: skip
    """The list of all maps, with a map of the areas they are of.

    Parameters
    ----------
    sheets : sequence of Sheet
        In order.
    scales : sequence of int
        Of their maps.
    ground : Ground
        For the map.
    setting : Setting
        Of the atlas.
    typeface : Typeface
        What words are set in.
    title : str
        Above it.

    Returns
    -------
    list of Drawing
        As many as `index_pages` says.
    """
    paper = _paper(setting)
    rows = [
        (f"{sheet.number:02d}", sheet.title, frames.called_scale(scale), str(sheet.page))
        for sheet, scale in zip(sheets, scales, strict=True)
    ]
    out, at = [], 0
    for page in range(index_pages(len(rows), setting)):
        drawing = Drawing(paper.width, paper.height, paper.frame, plain(title))
        pen = Pen(drawing, typeface)
        factor = paper.factor
        stage = setting.imprint.stage
        said = plain(title) + (f"({stage})" if stage else "")
        said = typeface.cut(said, 17 * factor, paper.foot[2] - paper.foot[0])
        middle = (paper.foot[0] + paper.foot[2]) / 2
        pen.words(middle, paper.height - 8.6 * factor, said, 17 * factor, align=0.5)
        if any(sheet.subject.sample for sheet in sheets):
            made_up = names.word("notice.schematic")
            pen.words(paper.foot[0], paper.height - 5.5 * factor, made_up, 5.6 * factor,
                      colour=panel.RED)  # fmt: skip
        room = _room(paper, first=page == 0)
        _rows(pen, paper, rows[at : at + room], first=page == 0)
        at += room
        if page == 0:
            _map(pen, paper, sheets, ground)
        _feet(pen, paper, setting, page + 1)
        out.append(drawing)
    return out


def _paper(setting: Setting) -> frames.Paper:
    across = setting.orientation != "portrait"
    _short, long = setting.size
    factor = (long / frames.BASE_MM) ** frames.GROWTH
    return frames.divided(setting.size, across=across, foot_mm=7 * factor)


def _places(paper: frames.Paper, *, first: bool) -> tuple[float, float, float, float]:
    """Where the list stands: beside the map on the first page, across all others."""
    left, _, right, north = paper.foot
    low, top = north + 3 * paper.factor, paper.frame[3] + 2 * paper.factor
    if not first:
        return (left, low, right, top)
    if paper.width > paper.height:
        return ((left + right) / 2 + 2 * paper.factor, low, right, top)
    return (left, low, right, (low + top) / 2 - 2 * paper.factor)


def _step(paper: frames.Paper) -> float:
    return panel.line_mm(ROW_SIZE * paper.factor) + 0.9 * paper.factor


def _room(paper: frames.Paper, *, first: bool) -> int:
    _, low, _, top = _places(paper, first=first)
    return max(1, int((top - low) / _step(paper)) - 1)


def _rows(pen: Pen, paper: frames.Paper, rows: Sequence[tuple[str, ...]], *, first: bool) -> None:
    left, _, right, top = _places(paper, first=first)
    size, step = ROW_SIZE * paper.factor, _step(paper)
    wide = right - left
    edges = [left, left + 0.09 * wide, left + 0.78 * wide, left + 0.9 * wide]
    heads = [
        names.word("atlas.number"), names.label("map_title"), names.word("atlas.scale"),
        names.label("page_number"),
    ]  # fmt: skip
    ends = [0.0, 0.0, edges[3] - 1, right]
    pen.box((left, top - step, right, top), fill="#eef1f4")
    for line, cells in enumerate([heads, *rows]):
        y = top - step * (line + 0.72)
        for at, cell in enumerate(cells):
            colour = panel.QUIET if line == 0 else panel.INK
            if at < 2:
                room = (edges[2] - edges[1] - 16 * paper.factor) if at else edges[1] - edges[0]
                said = pen.typeface.cut(plain(cell), size, room)
                pen.words(edges[at], y, said, size, colour=colour)
            else:
                pen.words(ends[at], y, cell, size, align=1, colour=colour)
        if line:
            low = top - step * (line + 1)
            pen.line([(left, low), (right, low)], edge="#dddddd", width=0.25)


def _map(pen: Pen, paper: frames.Paper, sheets: Sequence[Sheet], ground: Ground) -> None:
    left, _, right, north = paper.foot
    low, top = north + 3 * paper.factor, paper.frame[3] + 2 * paper.factor
    frame = (left, low, (left + right) / 2 - 2 * paper.factor, top)
    if paper.width < paper.height:
        frame = (left, (low + top) / 2 + 2 * paper.factor, right, top)
    pen.drawing.frame = frame
    areas = [sheet.area for sheet in sheets if sheet.area is not None]
    every = [*ground.county, *areas] or list(sheets[0].focus)
    view = frames.view_of(shapely.total_bounds(np.array(every, dtype=object)), frame)
    pages: dict[bytes, tuple[object, list[int]]] = {}
    for sheet in sheets:
        if sheet.area is not None:
            mark = shapely.to_wkb(sheet.area)
            pages.setdefault(mark, (sheet.area, []))[1].append(sheet.page)
    shapes = np.array([shape for shape, _ in pages.values()], dtype=object)
    if len(shapes):
        pen.shapes(view.shapes(shapes), fill=TINT, edge="#6b7c8f", width=0.5)
    for rank, spread in reversed(ground.borders.items()):
        if rank != "village":
            look = border_look(rank)
            lines = view.shapes(spread.cut(view.window, view.scale))
            pen.shapes(lines, edge=look.edge, width=look.width, dash=look.dash)
    pen.box(frame, edge="#222222", width=0.6)
    size = 6 * paper.factor
    note = names.word("atlas.numbers")
    pen.words(frame[2] - 2, frame[1] + 2, note, size, align=1, colour=panel.QUIET)
    taken = [frames.draw_bar(pen, (frame[0] + 2, frame[1] + 2), view.scale, paper.factor)]
    if len(shapes):
        middles = naming.middles(shapely.simplify(view.shapes(shapes), 0.1))
        said = [_pages(numbers) for _, numbers in pages.values()]
        wanted = [
            naming.Label(text, float(x), float(y), 9 * paper.factor, "#1f2a44", must=True)
            for text, (x, y) in zip(said, middles, strict=True)
        ]
        naming.place(pen, wanted, taken, frame)


def _pages(numbers: list[int]) -> str:
    return "、".join(map(str, numbers[:3])) + ("…" if len(numbers) > 3 else "")


def _feet(pen: Pen, paper: frames.Paper, setting: Setting, page: int) -> None:
    size = 5.2 * paper.factor
    left, _, right, north = paper.foot
    step = panel.line_mm(size)
    wide = right - left
    duties = pen.typeface.wrap(plain(" | ".join(setting.imprint.marks)), size, wide * 0.8)
    for at, line in enumerate(duties[:2]):
        pen.words(left, north - step * (at + 0.8), line, size, colour=panel.RED)
    said = names.word("atlas.page").format(page=page, pages=setting.pages)
    pen.words(right, north - step * 0.8, said, size, align=1, colour=panel.QUIET)
