"""One page: a map with all that must stand on it, composed in millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.atlas import frame as frames
from deqing_geo.atlas import labels as naming
from deqing_geo.atlas import panel
from deqing_geo.atlas.drawing import Box, Drawing, Pen, discs
from deqing_geo.atlas.fonts import MM_PER_POINT, Typeface, plain
from deqing_geo.atlas.ground import BEYOND_MM, Ground, border_look, trimmed
from deqing_geo.atlas.subjects import Entry, Layer, Section, Subject
from deqing_geo.looks.imprint import Imprint
from deqing_geo.looks.palette import style

FOOT_LINES = 9
FOOT_SIZE, TITLE_SIZE, STAGE_SIZE = 5.2, 17.0, 9.0
VILLAGE_SIZE, TOWN_SIZE = 5.6, 9.5
TOWN_COLOUR, QUIET_TOWN = "#1f2a44", "#8b8f96"
# A neighbour's name stands where so much of it is on the page, square millimetres.
SEEN_MM2 = 220
MARK_MM = 2.1
# Maps of areas: what lies around is drawn over them.
FLAT = ("types", "density")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same on every page.

    Attributes
    ----------
    size : (float, float)
        Of the paper.
    orientation : str
        ``auto``, ``landscape`` or ``portrait``.
    imprint : Imprint
        For whom, at what stage, by whom.
    heights : str
        The vertical datum; empty where the maps show no heights.
    as_of : str
        The day of the data, where the results do not say.
    grid : str or None
        ``degrees`` or ``km``.
    pages : int
        How many there are; 0 for a sheet by itself, which says no number of a page.
    """

    size: tuple[float, float]
    orientation: str
    imprint: Imprint
    heights: str
    as_of: str
    grid: str | None
    pages: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A page that was asked for.

    Attributes
    ----------
    subject : Subject
        What it shows.
    title : str
        图名.
    number : int
        图号.
    page : int
        From 1.
    area : geometry or None
        What it is of; None for the whole.
    """

    subject: Subject
    title: str
    number: int
    page: int
    area: Any = None

    @property
    def focus(self) -> Any:
        """What must be on the map."""
        subject = self.subject
        shapes = [self.area] if self.area is not None else subject.shapes[subject.shown]
        return np.asarray(shapes, dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A page, and what is known of it.

    Attributes
    ----------
    drawing : Drawing
        The page.
    scale : int
        Of its map.
    labelled, dropped : int
        Names that stand on it, and that found no place.
    view : View
        Where the land lies on paper.
    placed : Placed
        The names.
    """

    drawing: Drawing
    scale: int
    labelled: int
    dropped: int
    view: frames.View
    placed: naming.Placed


def paper_for(sheet: Sheet, setting: Setting, typeface: Typeface) -> tuple[frames.Paper, list[str]]:
    """The sheet of paper a page is drawn on, and the lines at its foot.

    Parameters
    ----------
    sheet : Sheet
        What is asked for.
    setting : Setting
        Of the atlas.
    typeface : Typeface
        What the lines are set in.

    Returns
    -------
    Paper, list of str
        Across where the area is wider than high.
    """
    bounds = shapely.total_bounds(sheet.focus)
    _west, _south, _east, _north = bounds
    across = setting.orientation == "landscape"
    if setting.orientation == "auto":
        # Whichever shows it larger; across where it is all one.
        plain_ = [frames.divided(setting.size, across=way, foot_mm=20) for way in (True, False)]
        scales = [frames.scale_for(bounds, one.frame) for one in plain_]
        across = scales[0] <= scales[1]
    trial = frames.divided(setting.size, across=across, foot_mm=0)
    size = FOOT_SIZE * trial.factor
    lines = _foot(sheet.subject, setting.imprint, typeface, size, trial.foot[2] - trial.foot[0])
    high = (len(lines) + 0.3) * panel.line_mm(size)
    return frames.divided(setting.size, across=across, foot_mm=high), lines


def scale_of(sheet: Sheet, setting: Setting, typeface: Typeface) -> int:
    """The scale a page will have.

    Parameters
    ----------
    sheet, setting, typeface
        As of `compose`.

    Returns
    -------
    int
        50000 is 1:50 000.
    """
    paper, _ = paper_for(sheet, setting, typeface)
    return frames.scale_for(shapely.total_bounds(sheet.focus), paper.frame)


def compose(sheet: Sheet, ground: Ground, setting: Setting, typeface: Typeface) -> Composed:
    """Draw up a page.

    Parameters
    ----------
    sheet : Sheet
        What is asked for.
    ground : Ground
        Borders and backgrounds.
    setting : Setting
        Of the atlas.
    typeface : Typeface
        What words are set in.

    Returns
    -------
    Composed
        Nothing is drawn yet.

    Raises
    ------
    FontError
        If a character is in no font.
    """
    paper, foot = paper_for(sheet, setting, typeface)
    drawing = Drawing(paper.width, paper.height, paper.frame, plain(sheet.title))
    pen = Pen(drawing, typeface)
    view = frames.view_of(shapely.total_bounds(sheet.focus), paper.frame)
    pen.box(paper.frame, fill="#ffffff")
    for layer in sheet.subject.base:
        _draw(pen, view, layer)
    # Areas lie under borders and waters; lines and small things over them.
    flat = sheet.subject.kind in FLAT
    for layer in sheet.subject.layers if flat else ():
        _draw(pen, view, layer)
    _around(pen, view, ground)
    ranks = _borders(pen, view, ground)
    for layer in () if flat else sheet.subject.layers:
        _draw(pen, view, layer)
    for layer in sheet.subject.over:
        _draw(pen, view, layer)
    if sheet.area is not None:
        edge = view.shapes(_cut(np.array([sheet.area]), view))
        pen.shapes(edge, edge="#222222", width=1.1)
    frames.draw_grid(pen, view, ground.crs, setting.grid, paper.factor)
    taken = _instruments(pen, view, sheet, paper)
    taken += _marks(pen, view, sheet.subject, paper.factor)
    placed = _names(pen, view, sheet, ground, paper, taken)
    _frame(pen, paper)
    _head(pen, sheet, setting, paper)
    _panel(pen, sheet, ground, setting, paper, view, ranks, len(placed.dropped))
    _feet(pen, foot, sheet, setting, paper)
    return Composed(drawing, view.scale, len(placed.texts), len(placed.dropped), view, placed)


# ---------------------------------------------------------------- the map


def _cut(shapes: Any, view: frames.View) -> Any:
    step = BEYOND_MM * view.scale / frames.MM_PER_M
    west, south, east, north = view.window
    wide = (west - step, south - step, east + step, north + step)
    box = shapely.bounds(shapes)
    near = (
        (box[:, 0] <= wide[2])
        & (box[:, 2] >= wide[0])
        & (box[:, 1] <= wide[3])
        & (box[:, 3] >= wide[1])
    )
    return trimmed(shapes[near], wide, view.scale)


def _draw(pen: Pen, view: frames.View, layer: Layer) -> None:
    if not len(layer.shapes):
        return
    shapes = view.shapes(_cut(layer.shapes, view))
    kinds = shapely.get_dimensions(shapes)
    look = layer.look
    kept = {"edge": look.edge, "width": look.width, "dash": look.dash}
    pen.shapes(shapes[kinds == 2], fill=look.fill, opacity=look.opacity, **kept)
    patterned = shapes[kinds == 2]
    panel.patterned(pen, patterned, look.pattern)
    pen.shapes(shapes[kinds == 1], **kept)
    dots = shapes[kinds == 0]
    if len(dots):
        places = shapely.get_coordinates(dots)
        pen.shapes(discs(places, 0.8), fill=look.fill, opacity=look.opacity, **kept)


def _around(pen: Pen, view: frames.View, ground: Ground) -> None:
    for _, look, spread in ground.around:
        cut = _areas_of(view.shapes(spread.cut(view.window, view.scale)))
        kept = {"fill": look.fill, "edge": look.edge, "opacity": look.opacity}
        pen.shapes(cut, width=look.width * 0.6, **kept)


def _areas_of(shapes: Any) -> Any:
    """Areas, and places as dots."""
    kinds = shapely.get_dimensions(shapes)
    dots = discs(shapely.get_coordinates(shapes[kinds == 0]), 0.7)
    return np.concatenate([shapes[kinds != 0], dots])


def _borders(pen: Pen, view: frames.View, ground: Ground) -> list[str]:
    """Lines of borders, the lowest rank first; which there are."""
    drawn: list[str] = []
    for rank, spread in reversed(ground.borders.items()):
        look = border_look(rank)
        lines = view.shapes(spread.cut(view.window, view.scale))
        pen.shapes(lines, edge=look.edge, width=look.width, dash=look.dash)
        drawn.insert(0, rank)
    return drawn


def _instruments(pen: Pen, view: frames.View, sheet: Sheet, paper: frames.Paper) -> list[Box]:
    """Scale bar and north arrow, in the corners where they cover least."""
    shapes = view.shapes(shapely.simplify(_cut(sheet.focus, view), view.scale / 500))
    off = 2.5 * paper.factor
    west, south, east, north = paper.frame
    bar = frames.bar_box((0, 0), view.scale, paper.factor)
    arrow = (0, 0, 10 * paper.factor, 16 * paper.factor)

    def corners(box: Box) -> list[tuple[float, float]]:
        right, top = east - off - box[2], north - off - box[3]
        left, low = west + off, south + off
        return [(left, low), (right, low), (left, top), (right, top)]

    def covered(corner: tuple[float, float], box: Box) -> float:
        at = shapely.box(*corner, corner[0] + box[2], corner[1] + box[3])
        return float(shapely.area(shapely.intersection(shapes, at)).sum())

    # Where it is all one: the scale below at the left, north above at the right.
    chosen = min(corners(bar), key=lambda one: round(covered(one, bar), 1))
    taken = [frames.draw_bar(pen, chosen, view.scale, paper.factor)]
    free = [one for one in reversed(corners(arrow)) if not _meets(one, arrow, taken[0])]
    chosen = min(free, key=lambda one: round(covered(one, arrow), 1))
    return [*taken, frames.draw_north(pen, chosen, paper.factor)]


def _meets(corner: tuple[float, float], box: Box, other: Box) -> bool:
    return not (
        corner[0] >= other[2]
        or corner[0] + box[2] <= other[0]
        or corner[1] >= other[3]
        or corner[1] + box[3] <= other[1]
    )


def _marks(pen: Pen, view: frames.View, subject: Subject, factor: float) -> list[Box]:
    """Numbers in circles."""
    if not subject.marks:
        return []
    look = style()["site"]["mark"]
    places = view.paper(np.array([mark[:2] for mark in subject.marks]))
    radius = MARK_MM * factor
    size = 6.4 * factor
    out = []
    # The first stands on top of the others.
    for (x, y), (*_, said) in reversed(list(zip(places, subject.marks, strict=True))):
        circle = discs(np.array([(x, y)]), radius)
        pen.shapes(circle, fill=look["fill"], edge=look["color"], width=0.7)
        pen.words(x, y - 0.36 * size * MM_PER_POINT, said, size, align=0.5, colour="#ffffff")
        out.append((x - radius, y - radius, x + radius, y + radius))
    return out


def _names(
    pen: Pen,
    view: frames.View,
    sheet: Sheet,
    ground: Ground,
    paper: frames.Paper,
    taken: Sequence[Box],
) -> naming.Placed:
    subject = sheet.subject
    west, south, east, north = paper.frame
    frame = (west + 0.8, south + 0.8, east - 0.8, north - 0.8)
    window = shapely.box(*view.window)
    wanted: list[naming.Label] = []
    whole = sheet.area is None
    own = [] if whole else [sheet.area]
    if len(ground.towns):
        for shape, name, seen in _on_page(ground.towns, ground.town_names, window, view):
            here = any(shapely.equals(shape, one) for one in own)
            if here:
                continue
            quiet = not whole or subject.kind != "types"
            if not whole and seen[1] < SEEN_MM2:
                continue
            x, y = seen[0]
            size = TOWN_SIZE * paper.factor * (0.8 if quiet else 1.0)
            colour = QUIET_TOWN if quiet else TOWN_COLOUR
            wanted.append(naming.Label(name, x, y, size, colour, must=True))
    shapes = subject.shapes
    there = subject.shown & ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    rows = np.flatnonzero(there)
    big = rows[np.argsort(-shapely.area(shapes[rows]), kind="stable")]
    towns_too = {label.text for label in wanted}
    # Areas that are no villages are few and named always.
    must = "village_name" not in subject.areas
    small = _on_page(shapes[big], [subject.called[at] for at in big], window, view)
    for _, name, seen in small:
        if must and plain(name) in {plain(one) for one in towns_too}:
            continue
        size = (TOWN_SIZE * 0.9 if must else VILLAGE_SIZE) * paper.factor
        colour = TOWN_COLOUR if must else "#111111"
        wanted.append(naming.Label(name, *seen[0], size, colour, must=must))
    return naming.place(pen, wanted, taken, frame)


def _on_page(
    shapes: Any, called: Sequence[str], window: Any, view: frames.View
) -> list[tuple[Any, str, tuple[tuple[float, float], float]]]:
    """What of some areas is on the page: the shape, its name, the middle and size of that part."""
    cut = shapely.intersection(shapely.buffer(shapes, 0), window)
    there = np.flatnonzero(~(shapely.is_missing(cut) | shapely.is_empty(cut)))
    on_paper = shapely.simplify(view.shapes(cut[there]), 0.1)
    # What only touches the window is a line.
    flat = shapely.area(on_paper) > 0
    there, on_paper = there[flat], on_paper[flat]
    places = naming.middles(_polygons(on_paper))
    sizes = shapely.area(on_paper)
    return [
        (shapes[at], called[int(at)], ((float(x), float(y)), float(size)))
        for at, (x, y), size in zip(there, places, sizes, strict=True)
    ]


def _polygons(shapes: Any) -> Any:
    """Of mixed shapes the areas alone."""
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == 7)
    for at in mixed:
        parts = shapely.get_parts(shapes[at])
        shapes[at] = shapely.multipolygons(parts[shapely.get_type_id(parts) == 3])
    return shapes


# ---------------------------------------------------------------- around the map


def _frame(pen: Pen, paper: frames.Paper) -> None:
    west, south, east, north = paper.frame
    pen.box(paper.frame, edge="#222222", width=0.6)
    out = 3.4 * paper.factor
    pen.box((west - out, south - out, east + out, north + out), edge="#222222", width=1.2)


def _head(pen: Pen, sheet: Sheet, setting: Setting, paper: frames.Paper) -> None:
    stage = setting.imprint.stage
    said = plain(sheet.title) + (f"({stage})" if stage else "")
    wide = paper.foot[2] - paper.foot[0]
    made_up = names.word("notice.schematic") if sheet.subject.sample else ""
    size = TITLE_SIZE * paper.factor
    while size > 7 and pen.typeface.width(said, size) > wide:
        size *= 0.92
    said = pen.typeface.cut(said, size, wide)
    base = paper.height - 8.6 * paper.factor
    middle = (paper.foot[0] + paper.foot[2]) / 2
    pen.words(middle, base, said, size, align=0.5)
    small = STAGE_SIZE * 0.62 * paper.factor
    low = base - 3.1 * paper.factor + 0.4
    if made_up:
        pen.words(paper.foot[0], low + 6.2 * paper.factor, made_up, small, colour=panel.RED)
    number = f"{names.word('atlas.number')} {sheet.number:02d}"
    pen.words(paper.foot[2], low + 6.2 * paper.factor, number, small, align=1)


def _panel(
    pen: Pen,
    sheet: Sheet,
    ground: Ground,
    setting: Setting,
    paper: frames.Paper,
    view: frames.View,
    ranks: Sequence[str],
    dropped: int,
) -> None:
    columns = [panel.Column(pen, box, paper.factor) for box in paper.columns]
    first, middle, last = columns[0], columns[len(columns) // 2], columns[-1]
    borders = [Entry(names.word(f"layer.{rank}"), border_look(rank)) for rank in ranks]
    borders += [Entry(label, look) for label, look, _ in ground.around]
    sections: list[Section] = sheet.subject.legend
    if (~sheet.subject.shown).any():
        grey = Entry(names.word("atlas.neighbours"), sheet.subject.base[0].look)
        borders = [grey, *borders]
    panel.draw_legend(first, sections, borders)
    panel.draw_facts(last, _facts(sheet, ground, setting, view, dropped))
    table = sheet.subject.figures
    rows = 0 if table is None else len(table.rows) + 3
    # The table takes what it needs, the inset what is left, if that is enough to see anything.
    step = panel.line_mm(panel.SMALL * paper.factor) + 0.5 * paper.factor
    alone = middle is not last
    needed = rows * step + 10 * paper.factor
    least = min(15 * paper.factor, 0.4 * last.high)
    room = last.high if alone else max(last.high - needed, least)
    high = min(room, 0.62 * last.wide if not alone else room)
    panel.draw_inset(last, ground.county, ground.towns, view.window, sheet.area, high=high)
    if table is not None:
        panel.draw_table(middle, table)


def _facts(
    sheet: Sheet, ground: Ground, setting: Setting, view: frames.View, dropped: int
) -> list[tuple[str, str]]:
    nobody = names.word("atlas.not_stated")
    imprint = setting.imprint
    said = names.word("atlas.all_named")
    if dropped:
        said = names.word("atlas.dropped").format(count=dropped)
    facts = [
        (names.word("map.made_by"), imprint.made_by or nobody),
        (names.label("as_of"), setting.as_of or sheet.subject.as_of or nobody),
        (names.word("map.made_on"), imprint.made_on or nobody),
        (names.word("atlas.scale"), frames.called_scale(view.scale)),
        (names.word("atlas.system"), ground.system),
        (names.word("atlas.heights"), setting.heights or names.word("atlas.no_heights")),
        (names.word("atlas.labels"), said),
    ]
    if sheet.subject.headline:
        facts.insert(0, (names.word("atlas.result"), sheet.subject.headline))
    return facts


def _foot(
    subject: Subject, imprint: Imprint, typeface: Typeface, size: float, wide: float
) -> list[str]:
    """The lines a map cannot leave the house without; sources are the first to be cut short."""
    said = [" | ".join(imprint.duties)]
    said += subject.definition
    if subject.notices:
        said.append(f"{names.label('notice')}:{';'.join(dict.fromkeys(subject.notices))}")
    if subject.sources:
        said.append(f"{names.word('map.sources')}:{';'.join(subject.sources)}")
    # The page's number stands at the end of the last line.
    lines = [line for text in said for line in typeface.wrap(plain(text), size, wide * 0.995)]
    if len(lines) > FOOT_LINES:
        more = names.word("atlas.more_text")
        room = wide - typeface.width(more, size)
        lines = [*lines[: FOOT_LINES - 1], typeface.cut(lines[FOOT_LINES - 1], size, room) + more]
    number_mm = 24 * size / FOOT_SIZE
    if typeface.width(lines[-1], size) > wide - number_mm:
        lines.append("")
    return lines


def _feet(
    pen: Pen, lines: Sequence[str], sheet: Sheet, setting: Setting, paper: frames.Paper
) -> None:
    size = FOOT_SIZE * paper.factor
    step = panel.line_mm(size)
    left, _south, right, north = paper.foot
    for at, line in enumerate(lines):
        colour = panel.RED if at == 0 else panel.QUIET
        pen.words(left, north - step * (at + 0.8), line, size, colour=colour)
    if not setting.pages:
        return
    said = names.word("atlas.page").format(page=sheet.page, pages=setting.pages)
    pen.words(right, north - step * (len(lines) - 0.2), said, size, align=1, colour=panel.QUIET)
