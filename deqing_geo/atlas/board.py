"""The scorecard as pages of an atlas: a table to print on A4, with the duties of every page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names
from deqing_geo.atlas import panel
from deqing_geo.atlas.drawing import Drawing, Pen
from deqing_geo.atlas.fonts import Typeface, find_typeface, plain, require_characters
from deqing_geo.atlas.frame import Paper, divided, paper_size
from deqing_geo.atlas.pdf import Joined
from deqing_geo.atlas.render import FORMATS, write_page
from deqing_geo.errors import InputError
from deqing_geo.files import whole_folder
from deqing_geo.looks.imprint import Imprint, imprint_in_use
from deqing_geo.looks.palette import style
from deqing_geo.progress.judging import shown_change
from deqing_geo.progress.months import in_chinese
from deqing_geo.text import percent

if TYPE_CHECKING:
    from deqing_geo.progress import Scorecard

# Columns with their share of the width; figures end at the right.
COLUMNS = {
    "id": 5.0, "indicator_zh": 28.0, "asked": 15.0, "shown": 14.0, "last_change": 8.0,
    "completion": 13.0, "verdict": 17.0, "lead_unit": 14.0,
}  # fmt: skip
RIGHT = ("shown", "last_change")
SIZE, HEAD, FOOT = 7.0, 7.0, 5.2
FOOT_LINES = 4


def print_scorecard(
    card: Scorecard,
    out: str | os.PathLike[str],
    *,
    paper: str | tuple[float, float] = "A4",
    formats: Sequence[str] = ("pdf",),
    dpi: int = 300,
    name: str = "核心指标完成情况",
    place: str = "德清县",
    font: str | os.PathLike[str] | None = None,
) -> list[Path]:
    """Print the scorecard (核心指标完成情况) as pages of an atlas.

    Every target with a figure stands in a table: asked, figure, change, completion as a bar,
    verdict, who leads; above it how many targets have which verdict. As many pages as it needs.

    Parameters
    ----------
    card : Scorecard
        Of `deqing_geo.scorecard`.
    out : path
        The folder. Files of the same names are replaced, all or none; others stay.
    paper : str or (float, float)
        ``A4`` to ``A0``, or two sides in millimetres; it lies across.
    formats : sequence of {"pdf", "jpg", "png"}
        Pictures are one a page; the PDF holds all pages.
    dpi : int
        Of the pictures.
    name : str
        What files are called, without ending.
    place : str
        Before the title.
    font : path, optional
        A font file to use before those of the system.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        If a format or paper is not known, or no target has a figure.
    FontError
        If there is no Chinese font, or none with a character that stands somewhere.
    ExportError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample, scorecard, standards
    >>> card = scorecard(road_density(sample.zone(), sample.roads()), law=standards.load())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in print_scorecard(card, folder)]
    ['核心指标完成情况.pdf']
    """
    wanted = (formats,) if isinstance(formats, str) else tuple(formats)
    if not wanted or any(one not in FORMATS for one in wanted):
        raise InputError(f"formats={list(wanted)}: some of {', '.join(FORMATS)}.")
    rows = card.table[card.table["measured"].notna()].to_dict("records")
    if not rows:
        raise InputError("No target of this scorecard has a figure: there is nothing to print.")
    typeface = find_typeface(None if font is None else os.fspath(font))
    imprint = imprint_in_use()
    pages = _pages(card, rows, divided(paper_size(paper), across=True, foot_mm=0), typeface,
                   imprint, place)  # fmt: skip
    require_characters(typeface, [text for page in pages for text in page.texts])
    files: list[str] = []
    with whole_folder(out, last=f"{name}.{wanted[-1]}") as draft:
        drafts = draft / ".pages"
        drafts.mkdir()
        for at, page in enumerate(pages, start=1):
            stem = name if len(pages) == 1 else f"{name}{at}"
            for made in write_page(page, typeface.files, drafts, stem, wanted, dpi):
                if not made.endswith(".pdf"):
                    (drafts / made).replace(draft / made)
                    files.append(made)
        if "pdf" in wanted:
            with (draft / f"{name}.pdf").open("wb") as held:
                joined = Joined(held)
                for one in sorted(drafts.glob("*.pdf")):
                    joined.add(one)
                title = pages[0].title
                joined.finish([(title, 0, 0)], title=title, author=imprint.made_by)
            files.insert(0, f"{name}.pdf")
        for one in drafts.iterdir():
            one.unlink()
        drafts.rmdir()
    return [Path(out) / one for one in files]


# ---------------------------------------------------------------- pages


def _pages(
    card: Scorecard,
    rows: Sequence[Mapping[Any, Any]],
    paper: Paper,
    typeface: Typeface,
    imprint: Imprint,
    place: str,
) -> list[Drawing]:
    title = plain(f"{place}{in_chinese(card.month)}{names.word('page.scorecard')}")
    out: list[Drawing] = []
    left = list(rows)
    while left:
        drawing = Drawing(paper.width, paper.height, paper.frame, title)
        pen = Pen(drawing, typeface)
        top = _head(pen, paper, title, card, imprint, first=not out)
        low = _low(paper)
        taken = _table(pen, paper, left, top, low)
        left = left[taken:]
        out.append(drawing)
    for at, drawing in enumerate(out, start=1):
        _foot(Pen(drawing, typeface), paper, card, imprint, at, len(out))
    return out


def _low(paper: Paper) -> float:
    return paper.foot[1] + FOOT_LINES * panel.line_mm(FOOT * paper.factor) + 2 * paper.factor


def _head(
    pen: Pen, paper: Paper, title: str, card: Scorecard, imprint: Imprint, *, first: bool
) -> float:
    """The title, and on the first page the counts; where the table may begin."""
    factor, (west, _, east, _) = paper.factor, paper.foot
    middle = (west + east) / 2
    stage = f"({imprint.stage})" if imprint.stage else ""
    pen.words(middle, paper.height - 12 * factor, f"{title}{stage}", 17 * factor, align=0.5)
    y = paper.height - 17.5 * factor
    schematic = names.word("notice.schematic")
    if any(schematic in one for one in card.notices):
        pen.words(middle, y, schematic, 6.5 * factor, align=0.5, colour=panel.RED)
        y -= 4.5 * factor
    if not first:
        return y
    words, looks = names.vocabulary("verdict"), style()["verdict"]
    counts = card.table["verdict"].value_counts()
    x, size = west, 8 * factor
    y -= 3 * factor
    for verdict in words:
        if not counts.get(verdict, 0):
            continue
        said = f"{words[verdict]} {int(counts[verdict])}"
        wide = pen.typeface.width(said, size)
        if x + wide + 5 * factor > east:
            x, y = west, y - 5 * factor
        pen.box((x, y - 0.6 * factor, x + 1.6 * factor, y + 2.8 * factor), fill=looks[verdict])
        pen.words(x + 2.6 * factor, y, said, size)
        x += wide + 9 * factor
    return y - 4 * factor


def _table(
    pen: Pen, paper: Paper, rows: Sequence[Mapping[Any, Any]], top: float, low: float
) -> int:
    """As many rows as there is room for; how many that were."""
    factor, (west, _, east, _) = paper.factor, paper.foot
    size, line = SIZE * factor, panel.line_mm(SIZE * factor)
    whole = sum(COLUMNS.values())
    edges = [west]
    for share in COLUMNS.values():
        edges.append(edges[-1] + (east - west) * share / whole)
    step = line + 1.2 * factor
    pen.box((west, top - step, east, top), fill="#eef1f4")
    for at, column in enumerate(COLUMNS):
        _cell(pen, edges[at : at + 2], top - 0.72 * step, names.label(column), HEAD * factor,
              panel.QUIET, right=column in RIGHT)  # fmt: skip
    y = top - step
    looks = style()["verdict"]
    for number, row in enumerate(rows):
        colour = looks[str(row["verdict"])]
        cells = {column: _said(row, column) for column in COLUMNS}
        lines = [
            pen.typeface.wrap(plain(text), size, edges[at + 1] - edges[at] - 1.6 * factor)
            for at, text in enumerate(cells.values())
        ]
        high = line * max(map(len, lines)) + 1.2 * factor
        if y - high < low and number:
            return number
        for at, (column, several) in enumerate(zip(cells, lines, strict=True)):
            if column == "completion":
                _bar(pen, edges[at : at + 2], y, row["completion"], colour, factor)
            for count, text in enumerate(several):
                base = y - 0.8 * line - count * line - 0.2 * factor
                inner = [edges[at] + (2 * factor if column == "verdict" else 0), edges[at + 1]]
                _cell(pen, inner, base, text, size, panel.INK, right=column in RIGHT)
            if column == "verdict":
                mark = (edges[at] + 0.4, y - high + 0.7 * factor, edges[at] + 1.6 * factor,
                        y - 0.7 * factor)  # fmt: skip
                pen.box(mark, fill=colour)
        y -= high
        pen.line([(west, y), (east, y)], edge="#dddddd", width=0.25)
    return len(rows)


def _said(row: Mapping[Any, Any], column: str) -> str:
    if column == "completion":
        return percent(row["completion"], against=[1.0])
    if column == "last_change":
        return shown_change(row, "last_change") or "-"
    if column == "verdict":
        said = names.vocabulary("verdict")[str(row["verdict"])]
        colour = str(row["warning"])
        return f"{said} {names.vocabulary('warning')[colour][:1]}" if colour else said
    return str(row[column])


def _bar(
    pen: Pen, edges: Sequence[float], y: float, rate: float, colour: str, factor: float
) -> None:
    if rate != rate:
        return
    left = edges[0] + 12 * factor
    wide = edges[1] - left - 2 * factor
    box = (left, y - 3 * factor, left + wide, y - 1.4 * factor)
    pen.box(box, fill="#e3e6ea")
    if rate > 0:
        pen.box((box[0], box[1], left + wide * min(rate, 1.0), box[3]), fill=colour)


def _cell(
    pen: Pen, edges: Sequence[float], y: float, text: str, size: float, colour: str, *, right: bool
) -> None:
    if right:
        pen.words(edges[1] - 1.2, y, text, size, align=1, colour=colour)
    else:
        pen.words(edges[0] + 0.4, y, text, size, colour=colour)


def _foot(pen: Pen, paper: Paper, card: Scorecard, imprint: Imprint, page: int, pages: int) -> None:
    factor, size = paper.factor, FOOT * paper.factor
    west, south, east, _ = paper.foot
    step = panel.line_mm(size)
    schematic = names.word("notice.schematic")
    rest = ";".join(one for one in card.notices if one != schematic)
    # Nothing on it is drawn on a map: what is said of borders and review is of maps.
    said = [" | ".join([imprint.marks[0], *imprint.marks[len(imprint.duties) :]])]
    said += [names.word("progress_paper.pace"), rest]
    wide = (east - west) * 0.88
    lines = [line for text in said if text for line in pen.typeface.wrap(plain(text), size, wide)]
    if len(lines) > FOOT_LINES:
        more = names.word("atlas.more_text")
        room = wide - pen.typeface.width(more, size)
        last = pen.typeface.cut(lines[FOOT_LINES - 1], size, room)
        lines = [*lines[: FOOT_LINES - 1], last + more]
    top = _low(paper) - 2 * factor
    for at, line in enumerate(lines):
        colour = panel.RED if at == 0 else panel.QUIET
        pen.words(west, top - step * (at + 0.8), line, size, colour=colour)
    number = names.word("atlas.page").format(page=page, pages=pages)
    pen.words(east, south + 0.2 * step, number, size, align=1, colour=panel.QUIET)
