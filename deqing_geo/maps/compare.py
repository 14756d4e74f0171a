"""Two maps on one page, one seen through the other: what changed is under the divider.

Both are drawn whole, each with its own legend, stories and definition. Nothing is computed from
the two: no difference, no ratio.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import Any

import folium
from branca.element import Element, Figure

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.looks.imprint import Imprint
from deqing_geo.maps.figure import OfflineFigure
from deqing_geo.maps.page import Page, page_of
from deqing_geo.text import escape, script_json


class Together(folium.Map):
    """Several maps on one page, under a strip that says which is seen.

    Parameters
    ----------
    maps : sequence of folium.Map
        Drawn whole, in this order; they stay maps of their own.
    labels : sequence of str
        One for each.
    how : str
        ``swipe`` or ``timeline``.
    title : str
        Of the page.
    """

    def __init__(
        self, maps: Sequence[folium.Map], labels: Sequence[str], how: str, title: str
    ) -> None:
        super().__init__(tiles=None)
        self.together = tuple(maps)
        self.labels = tuple(labels)
        self.how = how
        pages = [page_of(m) for m in maps]
        titles = list(dict.fromkeys(page.contents.title for page in pages))
        shown = title or (titles[0] if len(titles) == 1 else "")
        OfflineFigure(title=escape(shown).replace("/", "&#47;") or None).add_child(self)
        self.page = Page()
        self.page.contents.title = shown
        self._imprint = self.page.contents.imprint
        super().add_child(self.page)

    def add_child(self, child: Any, name: Any = None, index: Any = None) -> Any:
        """Refuse: a layer belongs to one of the maps."""
        raise InputError(
            "This page is made of several maps. Add the layer to one of them, then put them "
            "together again."
        )

    def render(self, **kwargs: Any) -> None:
        """Draw every map into this page's figure, and the strip over them."""
        figure = self.get_root()
        for kind, file in (("style", "together.css"), ("script", "together.js")):
            text = resources.files("deqing_geo.maps").joinpath(file).read_text(encoding="utf-8")
            figure.header.add_child(Element(f"<{kind}>{text}</{kind}>"), name=f"deqing_{file}")
        own = self.page.contents
        # For whom the whole is, each of its maps says; and so with what warns of the whole.
        imprint = None if own.imprint is self._imprint else own.imprint
        warned = [*own.warnings]
        if _unlike([page_of(m).contents.legends for m in self.together]):
            warned.append(names.word("map.unlike_classes"))
        for m in self.together:
            with _lent(m, figure, imprint, warned):
                m.render(**kwargs)
        words = dict(names.phrases("map_together"))
        data = {"labels": self.labels, "title": own.title, "words": words}
        maps = ", ".join(m.get_name() for m in self.together)
        script = f"DeqingTogether.{self.how}([{maps}], {script_json(data)});"
        figure.script.add_child(Element(script), name=f"{self.get_name()}_together")


@contextmanager
def _lent(
    m: folium.Map, figure: Figure, imprint: Imprint | None, warned: Sequence[str]
) -> Iterator[None]:
    """While it lasts the map belongs to this figure, with what stands beside it in its own."""
    contents = page_of(m).contents
    before, own = m._parent, m.get_root()
    kept = contents.imprint, contents.warnings
    moved = []
    for part in ("header", "html", "script"):
        there = getattr(figure, part)
        for name, child in getattr(own, part)._children.items():
            if name not in there._children:
                moved.append((child, child._parent))
                there.add_child(child, name=name)
    m._parent = figure
    contents.imprint = imprint or contents.imprint
    contents.warnings = list(dict.fromkeys([*contents.warnings, *warned]))
    try:
        yield
    finally:
        m._parent = before
        contents.imprint, contents.warnings = kept
        for child, parent in moved:
            child._parent = parent


def _unlike(legends: Sequence[Sequence[dict[str, Any]]]) -> bool:
    """Whether one colour means different amounts on maps of one measure.

    A class is told by where it begins: the last may be open on one map and not on another.
    """
    meant: dict[tuple[Any, ...], str] = {}
    for sections in legends:
        for section in sections:
            for entry in section["entries"] if section["unit"] else ():
                shown = (entry.get(one) for one in ("fill", "color", "pattern", "dash"))
                begins = entry["label"].split(" ")[0]
                if meant.setdefault((section["title"], *shown), begins) != begins:
                    return True
    return False


def require_maps(maps: Sequence[Any], labels: Sequence[Any]) -> list[str]:
    """Refuse what cannot stand on one page.

    Parameters
    ----------
    maps : sequence
        Maps to be put together.
    labels : sequence
        What each is called.

    Returns
    -------
    list of str
        The labels as text.

    Raises
    ------
    InputError
        If there are fewer than two, one is no map, stands there twice or is itself of several,
        or the labels do not tell them apart.
    """
    texts = [str(label) for label in labels]
    if len(maps) < 2:
        raise InputError(f"Several maps are needed, two at least; there are {len(maps)}.")
    if len(texts) != len(maps) or len(set(texts)) < len(texts) or not all(map(str.strip, texts)):
        raise InputError(
            f"`labels` must tell {len(maps)} maps apart: one text for each, none empty, none twice."
        )
    for m, label in zip(maps, texts, strict=True):
        if not isinstance(m, folium.Map):
            raise InputError(f"{label!r} is no map but {type(m).__name__}.")
        if isinstance(m, Together):
            raise InputError(f"{label!r} is made of several maps; give those.")
    if len({id(m) for m in maps}) < len(maps):
        raise InputError("One map stands there twice; make it anew for its second place.")
    return texts


def compare_maps(
    a: folium.Map, b: folium.Map, *, labels: Sequence[str] = ("上月", "本月"), title: str = ""
) -> folium.Map:
    """Two maps on one page with a divider to move between them (卷帘对比).

    Parameters
    ----------
    a, b : folium.Map
        Seen left and right of the divider; both stay as they are.
    labels : (str, str)
        What each is called.
    title : str
        Of the page; by default the title both have.

    Returns
    -------
    folium.Map
        For `save_map`. Layers are added to `a` and `b` before.

    Raises
    ------
    InputError
        If one is no map, both are the same, or the labels do not tell them apart.

    Notes
    -----
    Pull the divider, or focus it and use the arrow keys. Both maps look at the same place; each
    has its legend, switches and stories on its side, and the footer says of which a line is. If
    one colour means different amounts on the two, the page says so.

    Examples
    --------
    >>> from deqing_geo import area_map, road_density, sample
    >>> from deqing_geo.maps import add_density
    >>> villages, roads = sample.villages(), sample.roads()
    >>> before = add_density(area_map(villages), road_density(villages, roads.iloc[:1]))
    >>> after = add_density(area_map(villages), road_density(villages, roads))
    >>> m = compare_maps(before, after, title="路网密度")
    >>> "DeqingTogether.swipe(" in m.get_root().render()
    True
    """
    return Together([a, b], require_maps([a, b], labels), "swipe", title)
