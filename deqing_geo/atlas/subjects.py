"""What each kind of result shows on paper: its shapes by class, its legend, its figures.

Shows and decides nothing: no length, area or ratio is measured here that the result does not hold.
Colours and words are those of the maps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.looks.palette import in_use, style

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.standards import Definition

Shapes = NDArray[Any]
Flags = NDArray[np.bool_]

KINDS = ("types", "roads", "density", "coverage", "sites")
# Screens count pixels, paper millimetres and points; by these a line looks alike on both.
MM_PER_PIXEL, POINTS_PER_PIXEL = 0.26, 0.62
GREY, GREY_EDGE = "#ececec", "#c4c4c4"


@dataclass(frozen=True, slots=True)
class Look:
    """How one class is drawn, and how the legend shows it.

    Attributes
    ----------
    fill, edge : str or None
        Colours.
    width : float
        Points.
    dash : tuple of float
        Millimetres.
    opacity : float
        Of the fill.
    pattern : {"hatch", "dots", None}
        Over the fill.
    swatch : {"area", "line", "round"}
        What the legend draws.
    legend : str or None
        The fill as it looks once drawn, where it is see-through.
    """

    fill: str | None = None
    edge: str | None = None
    width: float = 0.4
    dash: tuple[float, ...] = ()
    opacity: float = 1.0
    pattern: str | None = None
    swatch: str = "area"
    legend: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Shapes of one look.

    Attributes
    ----------
    shapes : array of shapely geometries
        In metres.
    look : Look
        Of all of them.
    """

    shapes: Shapes
    look: Look


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend: what, how much of it, and how it looks."""

    label: str
    look: Look
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the legend under a heading of its own, which may be empty."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """A table of figures.

    Attributes
    ----------
    title : str
        What they are.
    heads : tuple of str
        The first is that of names.
    rows : tuple of tuple of str
        As readers see them.
    total : tuple of str
        The last row; empty for none.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Subject:
    """What one map shows.

    Attributes
    ----------
    kind : str
        A word of `KINDS`.
    areas : GeoDataFrame
        What the result is about; rows that are not `shown` are neighbours, in grey.
    shown : array of bool
        Which rows.
    called : list of str
        What the areas are called.
    base, layers, over : list of Layer
        What lies lowest, what shows the result, and what lies above borders.
    marks : list of (float, float, str)
        Numbers in circles: metres, and the number.
    legend : list of Section
        In order.
    figures : Figures
        Of what is shown.
    headline : str
        The result in one line; empty for a part of it.
    definition, notices, sources : list of str
        What the map must not travel without.
    as_of : str
        The day of the data.
    sample : bool
        Whether it is made up.
    """

    kind: str
    areas: gpd.GeoDataFrame
    shown: Flags
    called: list[str]
    base: list[Layer] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    over: list[Layer] = field(default_factory=list)
    marks: list[tuple[float, float, str]] = field(default_factory=list)
    legend: list[Section] = field(default_factory=list)
    figures: Figures | None = None
    headline: str = ""
    definition: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    as_of: str = ""
    sample: bool = False

    @property
    def shapes(self) -> Shapes:
        """The areas' shapes."""
        return np.asarray(self.areas.geometry.array, dtype=object)

    def say(self, what: str, result: Any) -> None:
        """Take over what a result says of itself."""
        made_up = names.word("notice.schematic")
        self.sample = self.sample or made_up in result.notices
        self.notices += [text for text in result.notices if text != made_up]
        definition: Definition | None = getattr(result, "definition", None)
        if definition is not None:
            self.definition.append(f"{what}{names.word('map.definition')}:{definition.line}")
        self.sources += [text for text in result.origins if text not in self.sources]
        day = getattr(result, "as_of", None)
        self.as_of = self.as_of or ("" if day is None else day.isoformat())
        if not self.as_of and "as_of" in self.areas:
            days = sorted({str(one)[:10] for one in self.areas["as_of"].dropna()})
            self.as_of = days[0] if len(days) == 1 else ""
        palette = in_use()
        if palette is not None:
            said = f"{names.word('map.palette')}:{palette.source}"
            if said not in self.definition:
                self.definition.append(said)


def look_of(given: dict[str, Any], **changed: Any) -> Look:
    """A look of ``style.toml`` on paper.

    Parameters
    ----------
    given : dict
        With ``color``, ``weight``, ``fill``, ``opacity``, ``dash`` as far as there.
    **changed
        What is otherwise.

    Returns
    -------
    Look
        In points and millimetres.

    Examples
    --------
    >>> look_of({"color": "#333333", "weight": 2, "dash": "6 4"}).dash
    (1.56, 1.04)
    """
    made = {
        "fill": given.get("fill"),
        "edge": given.get("color"),
        "width": round(given.get("weight", 1) * POINTS_PER_PIXEL, 3),
        "dash": dashes(given.get("dash", "")),
        "opacity": given.get("opacity", 1.0),
        "legend": given.get("legend"),
    }
    return Look(**{**made, **changed})


def dashes(given: str) -> tuple[float, ...]:
    """Ink and gaps of a dashed line on paper.

    Parameters
    ----------
    given : str
        Pixels, as in ``style.toml``.

    Returns
    -------
    tuple of float
        Millimetres.
    """
    return tuple(round(float(one) * MM_PER_PIXEL, 3) for one in given.split())


def shapes_of(frame: gpd.GeoDataFrame) -> Shapes:
    """A frame's shapes, those that are there.

    Parameters
    ----------
    frame : GeoDataFrame
        Any.

    Returns
    -------
    array of shapely geometries
        In the frame's system.
    """
    shapes = np.asarray(frame.geometry.array, dtype=object)
    found: Shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    return found


def neighbours(subject: Subject) -> Layer:
    """Areas around those that are shown, in grey.

    Parameters
    ----------
    subject : Subject
        With its rows.

    Returns
    -------
    Layer
        It may be empty.
    """
    return Layer(subject.shapes[~subject.shown], Look(fill=GREY, edge=GREY_EDGE, width=0.35))


def within(areas: gpd.GeoDataFrame, page: Any, crs: Any) -> Flags:
    """Which areas lie in a page's area: by their middles; else the one it lies in itself.

    Parameters
    ----------
    areas : GeoDataFrame
        Of a result.
    page : geometry
        In `crs`.
    crs : CRS
        That of the areas.

    Returns
    -------
    array of bool
        One a row.

    Raises
    ------
    InputError
        If the systems differ.
    """
    if areas.crs != crs:
        raise InputError("Areas and pages are in two coordinate systems.")
    shapes = np.asarray(areas.geometry.array, dtype=object)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    out = np.zeros(len(shapes), dtype=bool)
    rows = np.flatnonzero(there)
    shapely.prepare(page)
    out[rows] = shapely.intersects(page, shapely.point_on_surface(shapes[rows]))
    if not out.any():
        out[rows] = shapely.intersects(shapes[rows], shapely.point_on_surface(page))
    return out


def grey_look() -> Look:
    """How what does not count is drawn.

    Returns
    -------
    Look
        Of lines.
    """
    return Look(edge=style()["not_counted"]["color"], width=0.6, swatch="line")
