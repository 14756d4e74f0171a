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
        titles = list(dict.fromkeys(page.contents.title for page in pages if page.contents.title))
        self.page = Page()
        self.page.contents.title = title or " / ".join(titles if len(titles) == 1 else [])
        if _unlike([page.contents.legends for page in pages]):
            self.page.contents.warn(names.word("map.unlike_classes"))
        shown = self.page.contents.title
        OfflineFigure(title=escape(shown).replace("/", "&#47;") or None).add_child(self)
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
        for m in self.together:
            with _lent(m, figure):
                m.render(**kwargs)
        told = self.page.contents
        data = {
            "labels": self.labels,
            "title": told.title,
            "warnings": told.warnings,
            "footer": [["dg-mark", " | ".join(told.marks)], *told.footer],
        }
        maps = ", ".join(m.get_name() for m in self.together)
        layers = ", ".join(page_of(m).layers() for m in self.together)
        script = f"DeqingTogether.{self.how}([{maps}], [{layers}], {script_json(data)});"
        figure.script.add_child(Element(script), name=f"{self.get_name()}_together")


@contextmanager
def _lent(m: folium.Map, figure: Figure) -> Iterator[None]:
    """While it lasts the map belongs to this figure, with what stands beside it in its own."""
    before, own = m._parent, m.get_root()
    moved = []
    for part in ("header", "html", "script"):
        there = getattr(figure, part)
        for name, child in getattr(own, part)._children.items():
            if name not in there._children:
                moved.append((child, child._parent))
                there.add_child(child, name=name)
    m._parent = figure
    try:
        yield
    finally:
        m._parent = before
        for child, parent in moved:
            child._parent = parent


def _unlike(legends: Sequence[Sequence[dict[str, Any]]]) -> bool:
    """Whether one colour means different amounts on maps of one measure."""
    meant: dict[tuple[str, str], str] = {}
    for sections in legends:
        for section in sections:
            if not section["unit"]:
                continue
            for entry in section["entries"]:
                key = (section["title"], entry.get("fill", ""))
                if meant.setdefault(key, entry["label"]) != entry["label"]:
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
