"""The pieces of a map: layers of shapes, and the page that explains them.

Text reaches the browser only as JSON written by `text.script_json` and is shown as
textContent; the one exception, a layer's name in Leaflet's own switch, is escaped.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import folium
import shapely
from branca.element import Element, Figure, MacroElement
from folium.map import Layer
from jinja2 import Template

from deqing_geo import columns as names
from deqing_geo.looks.imprint import Imprint, imprint_in_use
from deqing_geo.looks.shapes import UNIT, Shapes, encode
from deqing_geo.looks.simplify import Simplified, simplify
from deqing_geo.maps.figure import OfflineFigure
from deqing_geo.maps.finding import Place, places_of
from deqing_geo.maps.marks import for_the_public
from deqing_geo.maps.packing import STORIES_FROM, brief, packed
from deqing_geo.text import escape, script_json

__all__ = ["UNIT", "Contents", "Page", "ShapeLayer", "Shapes", "encode", "page_of"]

# In the order a browser reads them: each speaks to the others only when the page is made.
SCRIPTS = ("shapes.js", "map.js", "tools.js", "reader.js")
# Layers of so many shapes that repeat those of an earlier one, say so instead.
SAME_FROM = 200
# A page of so many shapes makes them once it knows what it looks at, and not twice.
MANY_SHAPES = 2_000


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
        self.data = payload
        # As simplified for the page that is being written: places in `data`, and what stands there.
        self.instead: dict[str, dict[str, Any]] = {}
        # Whether it is made once the page knows what it looks at, and not twice.
        self.waits = False

    def outlines(self) -> dict[str, Shapes]:
        """What of the data is shapes, by its place: of the layer, and of its ``also``."""
        found = {"": self.data.get("shapes"), "also": self.data.get("also", {}).get("shapes")}
        return {place: one for place, one in found.items() if isinstance(one, Shapes)}

    @property
    def payload(self) -> str:
        """The data as a JavaScript expression."""
        data = self.data | ({"later": True} if self.waits or not self.show else {})
        for place, shapes in self.outlines().items():
            drawn = self.instead.get(place, {"shapes": shapes.plain()})
            if place:
                data[place] = {**data[place], **drawn}
            else:
                data |= drawn
        return packed(data)


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
    sums : dict of str to list of (str, str)
        What there is to say of a town beside the types of its villages; not for the public.
    """

    title: str = ""
    headlines: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    legends: list[dict[str, Any]] = field(default_factory=list)
    stories: dict[str, dict[str, Any]] = field(default_factory=dict)
    footer: list[tuple[str, str]] = field(default_factory=list)
    imprint: Imprint = field(default_factory=imprint_in_use)
    finds: list[tuple[str, str]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    seek: str = "查找村(社区)"
    listing: dict[str, Any] | None = None
    bounds: list[list[float]] | None = None
    outline: list[list[list[float]]] = field(default_factory=list)
    palette: str = ""
    sums: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

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
        "{% set data, more = this.data() %}"
        "DeqingMap.page({{ this._parent.get_name() }},"
        " {{ data }}, {{ this.layers() }}, {{ more }});"
        "{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__()
        self._name = "Page"
        self.contents = Contents()
        self._simplified: Simplified | None = None
        self._loose: list[int] = []

    @staticmethod
    def prepare(pages: Sequence[Page], simplify_m: float) -> None:
        """Simplify all layers of all maps of a figure together, for the rendering that follows.

        Parameters
        ----------
        pages : sequence of Page
            In the order they are drawn.
        simplify_m : float
            How far borders may move, in metres; 0 leaves them as they are.
        """
        places = [page._places() for page in pages]
        if simplify_m > 0:
            done = simplify([shapes for these in places for *_, shapes in these], simplify_m)
            drawn = zip(done.shapes, done.units, done.loose, strict=True)
            for page, these in zip(pages, places, strict=True):
                page._simplified, page._loose = done, []
                for (layer, place, _), (shapes, unit, loose) in zip(these, drawn, strict=False):
                    grid = {"grid": unit} if unit != UNIT else {}
                    layer.instead[place] = {"shapes": shapes} | grid
                    page._loose.append(loose)
        for page in pages:
            layers = _layers(page._parent)
            many = sum(len(layer.data["shapes"]) for layer in layers if layer.show) >= MANY_SHAPES
            for layer in layers:
                layer.waits = many
        _say_once([one for these in places for one in these])

    def forget(self) -> None:
        """Leave nothing of a rendering behind."""
        self._simplified = None
        for layer in _layers(self._parent):
            layer.instead.clear()
            layer.waits = False

    def _footer(self) -> list[tuple[str, str]]:
        """The lines of the footer, with what was simplified."""
        told = self.contents
        out = [("dg-mark", " | ".join(told.marks))] if told.marks else []
        out += told.footer
        done = self._simplified
        if done is None or not done.metres:
            return out
        said = names.word("map.simplified").replace("*", f"{done.metres:g}")
        out.append(("dg-mark", said))
        if done.invalid:
            out.append(("dg-mark", names.word("map.invalid").replace("*", str(done.invalid))))
        for (layer, *_), count in zip(self._places(), self._loose, strict=True):
            # Areas with names are meant to tile the land; pieces of a result need not.
            if count and layer.data.get("labels"):
                said = names.word("map.loose").replace("*", str(count))
                out.append(("dg-mark", f"{layer.layer_name}:{said}"))
        return out

    def _places(self) -> list[tuple[ShapeLayer, str, Shapes]]:
        """All shapes of the map: their layer, and where in its data they stand."""
        return [
            (layer, place, shapes)
            for layer in _layers(self._parent)
            for place, shapes in layer.outlines().items()
        ]

    def switches(self) -> list[Layer]:
        """The layers a reader may switch, in the order they were added."""
        return [
            child
            for child in self._parent._children.values()
            if isinstance(child, Layer) and child.control and child.overlay
        ]

    def data(self) -> tuple[str, str]:
        """The page's own text as JSON, and what there is too much of for that, deflated."""
        told = self.contents
        switches = self.switches()
        groups = names.phrases("layer_group")
        stories, legends, sums = told.stories, told.legends, told.sums
        if told.imprint.audience == "public":
            (stories, legends), sums = for_the_public(stories, legends), {}
        places = [*places_of(stories, sums), *told.places]
        own = names.word("map.own_colours")
        if told.palette:
            source = f"{names.word('map.palette')}:{told.palette}"
            legends = [
                {**part, "unit": source} if part["unit"] == own else part for part in legends
            ]
        page = {
            "title": told.title,
            "stage": told.imprint.stage,
            "headlines": told.headlines,
            "warnings": told.warnings,
            "legends": legends,
            "footer": self._footer(),
            "seek": _asks(told, places),
            "bounds": told.bounds,
            "outline": told.outline,
            "layers": [str(layer.layer_name) for layer in switches],
            "groups": [groups[getattr(layer, "group", "other")] for layer in switches],
            "group_order": list(groups.values()),
            "words": dict(names.phrases("map_page")),
        }
        rest = {
            "stories": brief(stories) if len(stories) >= STORIES_FROM else stories,
            "finds": told.finds,
            "places": [place.told for place in places],
            "listing": told.listing,
        }
        more = packed(rest)
        # What a page says of itself stays legible to whoever looks into the file.
        if more.startswith("{"):
            return script_json(page | rest), "null"
        return script_json(page), more

    def layers(self) -> str:
        """Names, safe as HTML, and variables of the layers, in the order of `data`."""
        pairs = [
            f"[{script_json(escape(layer.layer_name))}, {layer.get_name()}]"
            for layer in self.switches()
        ]
        return f"[{', '.join(pairs)}]"

    def render(self, **kwargs: Any) -> None:
        """Add the library's scripts and style to the figure, once, and this page's own."""
        header = self.get_root().header
        header.add_child(Element(f"<style>{_text('map.css')}</style>"), name="deqing_css")
        for name in SCRIPTS:
            header.add_child(Element(f"<script>{_text(name)}</script>"), name=f"deqing_{name}")
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


def _layers(element: Element) -> list[ShapeLayer]:
    """All layers of shapes on a map, also those within groups."""
    out = []
    for child in element._children.values():
        out += [child] if isinstance(child, ShapeLayer) else _layers(child)
    return out


def _say_once(places: list[tuple[ShapeLayer, str, Shapes]]) -> None:
    """Let a layer that draws the shapes of an earlier one refer to them."""
    known: list[tuple[dict[bytes, int], int | None, ShapeLayer]] = []
    for layer, place, shapes in places:
        if place or len(shapes) < SAME_FROM:
            continue
        marks = shapely.to_wkb(shapes.shapes).tolist()
        drawn = layer.instead.setdefault("", {"shapes": shapes.plain()})
        grid = drawn.get("grid")
        for number, (rows, unit, first) in enumerate(known):
            if unit == grid and all(mark in rows for mark in marks):
                first.instead[""]["number"] = number
                at = [rows[mark] for mark in marks]
                same = {"like": number} | ({} if at == [*range(len(rows))] else {"rows": at})
                layer.instead[""] = {**drawn, "shapes": None, **same}
                break
        else:
            known.append(({mark: at for at, mark in enumerate(marks)}, grid, layer))
