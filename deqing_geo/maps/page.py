"""The pieces of a map: layers of shapes, and the page that explains them.

Text reaches the browser only as JSON written by `text.script_json` and is shown as
textContent; the one exception, a layer's name in Leaflet's own switch, is escaped.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely
from branca.element import Element, Figure, MacroElement
from folium.map import Layer
from jinja2 import Template

from deqing_geo import columns as names
from deqing_geo.maps.figure import OfflineFigure
from deqing_geo.maps.finding import Place, places_of
from deqing_geo.maps.marks import Imprint, for_the_public
from deqing_geo.text import escape, script_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Whole millionths of a degree: 0.11 m, finer than any line on a screen.
UNIT = 1_000_000
# In the order a browser reads them: each speaks to the others only when the page is made.
SCRIPTS = ("map.js", "tools.js", "reader.js")


class ShapeLayer(Layer):
    """One switchable layer of polygons or lines.

    Parameters
    ----------
    name : str
        What the layer is called; any text.
    payload : dict
        Shapes, styles, tooltips and keys as ``map.js`` takes them.
    show : bool
        Whether it is switched on at first.

    Attributes
    ----------
    group : str
        Under which heading of the switches it stands; a word of ``layer_group``.
    """

    group = "results"
    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = DeqingMap.layer({{ this._parent.get_name() }},"
        " {{ this.payload }});"
        "{% endmacro %}"
    )

    def __init__(self, name: str, payload: dict[str, Any], *, show: bool = True) -> None:
        super().__init__(name=name, overlay=True, control=True, show=show)
        self._name = "ShapeLayer"
        self.payload = script_json(payload)


@dataclass(slots=True)
class Contents:
    """What the page says beside the map.

    Attributes
    ----------
    title : str
        The map's title.
    headlines : list of (str, str)
        Label and figure, under the title.
    warnings : list of str
        Sentences in red under the title.
    legends : list of dict
        One section per layer: layer, title, unit, entries.
    stories : dict of str to dict
        What a click on an area tells, by the area's label.
    footer : list of (str, str)
        CSS class and line.
    imprint : Imprint
        For whom the map is and who says so: the first line of the footer.
    finds : list of (str, str)
        What can be searched for, and the key of its shape.
    places : list of Place
        What bears one name in several pieces: a road, a park, a town.
    seek : str
        What the empty search field asks for.
    listing : dict or None
        What to look at, in order: ``title`` and ``items`` with a swatch, texts and a key.
    bounds : list
        South-west and north-east corners, degrees.
    outline : list
        The whole, roughly: rings of latitude and longitude, for the inset.
    palette : str
        The source of the colours, where they are a bureau's own.
    """

    title: str = ""
    headlines: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    legends: list[dict[str, Any]] = field(default_factory=list)
    stories: dict[str, dict[str, Any]] = field(default_factory=dict)
    footer: list[tuple[str, str]] = field(default_factory=list)
    imprint: Imprint = field(default_factory=Imprint)
    finds: list[tuple[str, str]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    seek: str = "查找村(社区)"
    listing: dict[str, Any] | None = None
    bounds: list[list[float]] | None = None
    outline: list[list[list[float]]] = field(default_factory=list)
    palette: str = ""

    @property
    def marks(self) -> list[str]:
        """What the map is and is not, in the first line of the footer."""
        return self.imprint.marks

    def warn(self, text: str) -> None:
        """Add a sentence in red, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def foot(self, text: str, style: str = "") -> None:
        """Add a line to the footer, once."""
        if (style, text) not in self.footer:
            self.footer.append((style, text))

    def name(self, keys: list[str], labels: list[str]) -> None:
        """Give areas a story to add to, under their names."""
        for key, label in zip(keys, labels, strict=True):
            self.stories.setdefault(key, {"name": label, "parts": []})

    def tell(self, key: str, title: str, rows: list[tuple[str, str]], text: str = "") -> None:
        """Add a part to an area's story: a sentence, rows of label and value, or both."""
        part = {"title": title, "rows": [list(row) for row in rows]}
        self.stories[key]["parts"].append({**part, "text": text} if text else part)


class Page(MacroElement):
    """Title, legend, switches, scale and footer of one map."""

    comes_last = True
    _template = Template(
        "{% macro script(this, kwargs) %}"
        "DeqingMap.page({{ this._parent.get_name() }}, {{ this.data() }}, {{ this.layers() }});"
        "{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__()
        self._name = "Page"
        self.contents = Contents()

    def switches(self) -> list[Layer]:
        """The layers a reader may switch, in the order they were added."""
        return [
            child
            for child in self._parent._children.values()
            if isinstance(child, Layer) and child.control and child.overlay
        ]

    def data(self) -> str:
        """The page's own text as JSON."""
        told = self.contents
        switches = self.switches()
        groups = names.phrases("layer_group")
        places = [*places_of(told.stories), *told.places]
        stories, legends = told.stories, told.legends
        if told.imprint.audience == "public":
            stories, legends = for_the_public(stories, legends)
        own = names.word("map.own_colours")
        if told.palette:
            source = f"{names.word('map.palette')}:{told.palette}"
            legends = [
                {**part, "unit": source} if part["unit"] == own else part for part in legends
            ]
        return script_json(
            {
                "title": told.title,
                "stage": told.imprint.stage,
                "headlines": told.headlines,
                "warnings": told.warnings,
                "legends": legends,
                "stories": stories,
                "footer": [
                    ("dg-mark", " | ".join(told.marks)),
                    *told.footer,
                ],
                "finds": told.finds,
                "places": [place.told for place in places],
                "seek": _asks(told, places),
                "listing": told.listing,
                "bounds": told.bounds,
                "outline": told.outline,
                "layers": [str(layer.layer_name) for layer in switches],
                "groups": [groups[getattr(layer, "group", "other")] for layer in switches],
                "group_order": list(groups.values()),
                "words": dict(names.phrases("map_page")),
            }
        )

    def layers(self) -> str:
        """Names, safe as HTML, and variables of the layers, in the order of `data`."""
        pairs = [
            f"[{script_json(escape(layer.layer_name))}, {layer.get_name()}]"
            for layer in self.switches()
        ]
        return f"[{', '.join(pairs)}]"

    def render(self, **kwargs: Any) -> None:
        """Add the library's script and style to the figure, once, and this page's own."""
        figure = self.get_root()
        figure.header.add_child(Element(f"<style>{_text('map.css')}</style>"), name="deqing_css")
        for name in SCRIPTS:
            script = Element(f"<script>{_text(name)}</script>")
            figure.header.add_child(script, name=f"deqing_{name.removesuffix('.js')}")
        super().render(**kwargs)


def _asks(told: Contents, places: list[Place]) -> str:
    """What the empty search field asks for: what the map has, each kind once."""
    kinds = [kind for kind in dict.fromkeys(one.kind for one in places) if kind not in told.seek]
    if told.finds:
        return "、".join([told.seek, *kinds])
    return f"{names.word('map.seek')}{'、'.join(kinds)}"


@functools.cache
def _text(name: str) -> str:
    return resources.files("deqing_geo.maps").joinpath(name).read_text(encoding="utf-8")


def page_of(m: folium.Map) -> Page:
    """The page of a map; a plain folium map gets one.

    Parameters
    ----------
    m : folium.Map
        Any map.

    Returns
    -------
    Page
        In place, its figure made an `OfflineFigure`.
    """
    before = m.get_root()
    if not isinstance(before, OfflineFigure):
        figure = OfflineFigure()
        if isinstance(before, Figure):
            # What the caller wrote beside the map stays beside it.
            for part in ("header", "html", "script"):
                for name, child in getattr(before, part)._children.items():
                    getattr(figure, part).add_child(child, name=name)
            figure.title = before.title
        figure.add_child(m)
    for child in m._children.values():
        if isinstance(child, Page):
            return child
    page = Page()
    m.add_child(page)
    return page


def encode(shapes: NDArray[Any]) -> list[Any]:
    """Shapes in degrees as nested lists of whole numbers, first absolute, then steps.

    Parameters
    ----------
    shapes : array of shapely geometries
        Polygons or lines, longitude and latitude.

    Returns
    -------
    list
        Per shape: polygons of rings, or lines, each a flat list of numbers.

    Examples
    --------
    >>> encode(np.array([shapely.LineString([(1, 2), (1.000001, 2)])]))
    [[[1000000, 2000000, 1, 0]]]
    """
    parts, shape_of = shapely.get_parts(shapes, return_index=True)
    area = len(parts) > 0 and shapely.get_dimensions(parts[0]) == 2
    if area:
        runs, part_of = shapely.get_rings(parts, return_index=True)
    else:
        runs, part_of = parts, np.arange(len(parts))
    coords, run_of = shapely.get_coordinates(runs, return_index=True)
    whole = np.round(coords * UNIT).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    first = np.flatnonzero(np.diff(run_of, prepend=-1))
    steps[first] = whole[first]
    flat = [run.ravel().tolist() for run in np.split(steps, first[1:])]
    if not area:
        return _gather(flat, shape_of, len(shapes))
    return _gather(_gather(flat, part_of, len(parts)), shape_of, len(shapes))


def _gather(items: list[Any], owner: NDArray[Any], count: int) -> list[Any]:
    out: list[Any] = [[] for _ in range(count)]
    for item, at in zip(items, owner.tolist(), strict=False):
        out[at].append(item)
    return out
