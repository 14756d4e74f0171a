"""A page as shapes and words in millimetres, before anybody draws it.

Origin is the lower left corner of the paper. Everything here is plain data, so that a page can
be looked at by a test, drawn by any renderer and sent to another process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from deqing_geo.atlas.fonts import MM_PER_POINT, Typeface, plain

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]

MOVE, LINE, CLOSE = 1, 2, 79
# A Chinese character stands so much above its base line, in ems; between lines lie so many.
RISE, LEADING = 0.86, 1.35
HATCH_MM, DOT_MM = 1.3, 1.9
DOT_RADIUS_MM = 0.22
# Of a circle, drawn by straight lines.
ROUND = 24


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One path, or several of one look.

    Attributes
    ----------
    points : array, shape (N, 2)
        Millimetres.
    codes : array, shape (N,)
        Begin, go on, close.
    fill, edge : str or None
        Colours.
    width : float
        Of the edge, points.
    dash : tuple of float
        In millimetres, ink and gap in turn.
    opacity : float
        Of the fill.
    inside : bool
        Whether only what lies in the map's frame is drawn.
    """

    points: Floats
    codes: NDArray[np.uint8]
    fill: str | None = None
    edge: str | None = None
    width: float = 0.5
    dash: tuple[float, ...] = ()
    opacity: float = 1.0
    inside: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """One line of text.

    Attributes
    ----------
    x, y : float
        Where its base line begins, millimetres.
    runs : tuple of (int, str, float)
        The font of each piece, the piece, and how far it lies from the beginning.
    size : float
        Points.
    colour : str
        Of the letters.
    halo : bool
        Whether white is drawn around them.
    upright : bool
        False for text that reads upwards.
    """

    x: float
    y: float
    runs: tuple[tuple[int, str, float], ...]
    size: float
    colour: str = "#111111"
    halo: bool = False
    upright: bool = True

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(piece for _, piece, _ in self.runs)


@dataclass(slots=True, eq=False)
class Drawing:
    """A page.

    Attributes
    ----------
    width, height : float
        Of the paper, millimetres.
    frame : (west, south, east, north)
        The map on it.
    title : str
        What a bookmark says.
    items : list of Shape or Words
        In the order they are drawn.
    """

    width: float
    height: float
    frame: Box
    title: str
    items: list[Shape | Words] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Every line of text on it."""
        return [item.text for item in self.items if isinstance(item, Words)]


@dataclass(slots=True, eq=False)
class Pen:
    """Puts shapes and words on a page.

    Attributes
    ----------
    drawing : Drawing
        The page.
    typeface : Typeface
        What words are set in.
    """

    drawing: Drawing
    typeface: Typeface

    def shapes(self, shapes: Any, **look: Any) -> None:
        """Shapes of shapely, in millimetres."""
        points, codes = outline(np.asarray(shapes, dtype=object).ravel())
        if len(points):
            self.drawing.items.append(Shape(points, codes, **look))

    def box(self, box: Box, **look: Any) -> None:
        """A rectangle."""
        self.shapes([shapely.box(*box)], **{"inside": False, **look})

    def line(self, points: Any, **look: Any) -> None:
        """A line of any number of points."""
        self.shapes([shapely.linestrings(points)], **{"inside": False, **look})

    def words(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        align: float = 0.0,
        colour: str = "#111111",
        halo: bool = False,
        upright: bool = True,
    ) -> float:
        """A line of text whose base line is at a place; how wide it is, in millimetres.

        `align` is 0 where the text begins at the place, 0.5 where its middle stands there, 1
        where it ends there.
        """
        shown = plain(text)
        step = size * MM_PER_POINT
        out, at = [], 0.0
        for face, piece, width in self.typeface.runs(shown):
            out.append((face, piece, at))
            at += width * step
        if out:
            if upright:
                x -= at * align
            else:
                y -= at * align
            self.drawing.items.append(Words(x, y, tuple(out), size, colour, halo, upright))
        return at


def outline(shapes: NDArray[Any]) -> tuple[Floats, NDArray[np.uint8]]:
    """Shapes as one path: points, and what each does.

    Parameters
    ----------
    shapes : array of shapely geometries
        Polygons, their holes turning the other way; lines; points are left out.

    Returns
    -------
    array of float, shape (N, 2)
        Coordinates.
    array of uint8, shape (N,)
        1 begins, 2 goes on, 79 closes.

    Examples
    --------
    >>> points, codes = outline(np.array([shapely.box(0, 0, 1, 1)]))
    >>> codes.tolist()
    [1, 2, 2, 2, 79]
    """
    parts = shapely.get_parts(shapes[~shapely.is_missing(shapes)])
    parts = shapely.get_parts(parts)
    kinds = shapely.get_type_id(parts)
    rings = shapely.get_rings(shapely.orient_polygons(parts[kinds == 3]))
    lines = parts[(kinds == 1) | (kinds == 2)]
    every = np.concatenate([rings, lines]) if len(lines) else rings
    points, of = shapely.get_coordinates(every, return_index=True)
    codes = np.full(len(points), LINE, dtype=np.uint8)
    if len(points):
        begins = np.flatnonzero(np.diff(of, prepend=-1))
        codes[begins] = MOVE
        closed = shapely.get_type_id(every) == 2
        ends = np.append(begins[1:], len(points)) - 1
        codes[ends[closed[of[ends]]]] = CLOSE
    return points, codes


def hatched(shapes: NDArray[Any]) -> Any:
    """Slanting lines over areas, a fixed distance apart on paper.

    Parameters
    ----------
    shapes : array of Polygon
        In millimetres.

    Returns
    -------
    geometry
        Lines.
    """
    whole = shapely.union_all(shapes)
    if shapely.is_empty(whole):
        return whole
    west, south, east, north = shapely.bounds(whole)
    step = HATCH_MM * np.sqrt(2)
    # On one lattice for the whole page, so that neighbours' lines meet.
    offsets = np.arange(np.floor((south - east) / step), np.ceil((north - west) / step) + 1) * step
    ends = np.stack(
        [np.column_stack([np.full_like(offsets, x), offsets + x]) for x in (west, east)], axis=1
    )
    lines: Any = shapely.linestrings(ends)
    return shapely.intersection(shapely.multilinestrings(lines), whole)


def dotted(shapes: NDArray[Any]) -> Any:
    """Dots over areas, a fixed distance apart on paper.

    Parameters
    ----------
    shapes : array of Polygon
        In millimetres.

    Returns
    -------
    array of Polygon
        The dots.
    """
    whole = shapely.union_all(shapes)
    if shapely.is_empty(whole):
        return np.array([], dtype=object)
    west, south, east, north = shapely.bounds(whole)
    rows = np.arange(np.floor(south / DOT_MM), np.ceil(north / DOT_MM) + 1)
    columns = np.arange(np.floor(west / DOT_MM), np.ceil(east / DOT_MM) + 1)
    x, y = np.meshgrid(columns, rows)
    # Every other row half a step aside.
    x = (x + (y % 2) / 2) * DOT_MM
    y = y * DOT_MM
    shapely.prepare(whole)
    held = shapely.contains_xy(whole, x.ravel(), y.ravel())
    return discs(np.column_stack([x.ravel(), y.ravel()])[held], DOT_RADIUS_MM)


def discs(places: Floats, radius: float) -> NDArray[Any]:
    """Circles around places.

    Parameters
    ----------
    places : array, shape (N, 2)
        Their middles.
    radius : float
        In the same unit.

    Returns
    -------
    array of Polygon
        As many.
    """
    if not len(places):
        return np.array([], dtype=object)
    turns = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
    ring = np.column_stack([np.cos(turns), np.sin(turns)]) * radius
    made: Any = shapely.polygons(np.asarray(places)[:, None, :] + ring[None])
    return np.asarray(made, dtype=object)
