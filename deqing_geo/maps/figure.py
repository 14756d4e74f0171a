"""The one figure every map of the library is rendered through: complete in itself, or refused.

A stock folium page asks ten addresses for its scripts and is blank without a network.
Here each script and style is written into the page or, where it is not installed, named in
an error. The page then forbids its reader's browser to ask for anything at all.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.metadata
import re
from pathlib import Path
from typing import Any

from branca.element import Element, Figure

from deqing_geo.errors import OfflineAssetError
from deqing_geo.looks.simplify import SIMPLIFY_M
from deqing_geo.maps.asking import (
    everything,
    hosts_asked,
    keys_withheld,
    masked,
    refuse_keys,
    refuse_shifted,
)

LEAFLET = "XStatic-Leaflet"
JQUERY = "XStatic-jQuery"
# leaflet 1.9.3 as published on npm; XStatic-Leaflet 1.9.3.0 carries the same bytes.
LEAFLET_SHA256 = {
    "leaflet.js": "5819285cec137b229c94e1ee5ad73e8b6b84345a4367d60f75fe477fe0fb7b03",
    "leaflet.css": "90b693d86392a4779c861b28cf307e7e59c3fb35328c4d8b95f58f814d38c722",
}
_ICONS = {
    "iconUrl": "marker-icon.png",
    "iconRetinaUrl": "marker-icon-2x.png",
    "shadowUrl": "marker-shadow.png",
}
# folium links these to every page whether anything uses them or not. The page works
# without them unless its own script calls for one.
_UNUSED_UNLESS = {
    "bootstrap": None,
    "glyphicons": None,
    "fontawesome": None,
    "leaflet.awesome.rotate": None,
    "leaflet.awesome-markers": r"L\.AwesomeMarkers",
}
_LINK = re.compile(
    r'<script src="(?P<script>[^"]*)"></script>|<link rel="stylesheet" href="(?P<style>[^"]*)"\s*/>'
)
_INLINE_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL)
_JS_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_ASKS_JQUERY = re.compile(r"(?<![\w$])\$\(|\$\.(?:ajax|get)|jQuery\(")
_HEX_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
# What would still make a browser ask: sources of elements, style urls, tiles and pictures.
_REQUEST = re.compile(
    r"""<(?:img|iframe|video|audio|source|embed|object|script|link)\b[^>]*?
          (?:src|href|data)\s*=\s*["']?((?:https?:)?//[^"'\s>]+)
      | url\(\s*["']?((?:https?:)?//[^"')\s]+)
      | L\.(?:tileLayer(?:\.\w+)?|imageOverlay|videoOverlay)\(\s*["'`]((?:https?:)?//[^"'`]+)
      | \b(?:url|\w*[uU]rl)"?\s*:\s*["'`]((?:https?:)?//[^"'`]+)""",
    re.VERBOSE | re.IGNORECASE,
)


class OfflineFigure(Figure):
    """A folium figure that contains everything it shows.

    Parameters
    ----------
    title : str, optional
        The page's title, already escaped.
    """

    def __init__(self, title: str | None = None) -> None:
        super().__init__(title=title, ratio="62%")
        self._name = "OfflineFigure"

    def render(
        self,
        *,
        offline: bool = True,
        simplify_m: float = SIMPLIFY_M,
        allow_key: bool = False,
        **kwargs: Any,
    ) -> str:
        """The page as HTML.

        Parameters
        ----------
        offline : bool
            Whether to write scripts and styles into the page; otherwise the page asks
            the usual addresses for them.
        simplify_m : float
            How far borders may move so that the page is small, in metres; 0 draws all points.
        allow_key : bool
            Whether the page may carry the key of a map service.

        Returns
        -------
        str
            HTML, the same on every run.

        Raises
        ------
        OfflineAssetError
            If the page asks for something that is not installed, naming it.
        ExportError
            If the page would carry a key, or lays true coordinates on a service drawn shifted.
        """
        self._settle()
        before = {part: dict(part._children) for part in (self.header, self.html, self.script)}
        pages = [
            child
            for drawn in self._drawn()
            for child in drawn._children.values()
            if hasattr(child, "prepare")
        ]
        if pages:
            pages[0].prepare(pages, simplify_m)
        try:
            html: str = super().render(**kwargs)
            html = _renumber(html, {one._id for one in everything(self)})
        finally:
            # Also after a refusal the next rendering begins anew.
            for page in pages:
                page.forget()
            self._forget(before)
        html = html.replace("<html>", '<html lang="zh-CN">', 1)
        refuse_shifted(html)
        if not allow_key:
            refuse_keys(html, self)
        if not offline:
            return html
        return _forbid_requests(_inline(html), hosts_asked(self))

    def _repr_html_(self, **kwargs: Any) -> str:
        """The page in a frame, for a notebook; a notebook is a file, so it carries no key."""
        with keys_withheld(self):
            html: str = super()._repr_html_(**kwargs)
        return html

    def _forget(self, before: dict[Element, dict[str, Element]]) -> None:
        """Take out again what rendering put in, so that the next rendering is the same."""
        for part, children in before.items():
            part._children.clear()
            part._children.update(children)
        for drawn in self._drawn():
            for layer in drawn._children.values():
                for name in [name for name in layer._children if name.endswith("_add")]:
                    del layer._children[name]

    def _drawn(self) -> list[Element]:
        """The maps of the page; one made of several has them beside its children."""
        return [
            one
            for child in self._children.values()
            for one in (child, *getattr(child, "together", ()))
        ]

    def _settle(self) -> None:
        """Let elements that speak of others come last, on every rendering anew."""
        for drawn in self._drawn():
            last = [
                (name, child)
                for name, child in drawn._children.items()
                if getattr(child, "comes_last", False)
            ]
            for name, child in last:
                drawn._children.move_to_end(name)
                self.script._children.pop(child.get_name(), None)


def _inline(html: str) -> str:
    # Strings are data: a village may be called "jQuery(".
    scripts = "".join(
        _JS_STRING.sub('""', match.group(1)) for match in _INLINE_SCRIPT.finditer(html)
    )
    kept: list[str] = []

    def place(match: re.Match[str]) -> str:
        url = match["script"] or match["style"] or ""
        content = _asset_for(url, scripts)
        if content is None:
            return ""
        # Assets hold "</script>" in no place, but a future one might.
        tag = "script" if match["script"] else "style"
        kept.append(f"<{tag}>{content.replace('</' + tag, '<' + chr(92) + '/' + tag)}</{tag}>")
        return f"<!--asset {len(kept) - 1}-->"

    page = _LINK.sub(place, html)
    asks = _REQUEST.search(page)
    if asks is not None:
        address = next(group for group in asks.groups() if group)
        raise OfflineAssetError(
            f"The map asks for {masked(address)}, which a page without a network cannot have. "
            "Leave that layer out, or save with offline=False."
        )
    return re.sub(r"<!--asset (\d+)-->", lambda match: kept[int(match[1])], page)


def _asset_for(url: str, scripts: str) -> str | None:
    """What stands behind a link, None where the page does without it."""
    name = url.rsplit("/", 1)[-1]
    if name == "leaflet.js":
        pictures = {option: _data_uri(LEAFLET, file) for option, file in _ICONS.items()}
        icons = ",".join(f'{option}:"{uri}"' for option, uri in pictures.items())
        # Leaflet looks for its marker beside the page; here the picture is in it.
        return (
            f"{_leaflet(name)}\ndelete L.Icon.Default.prototype._getIconUrl;"
            f"L.Icon.Default.mergeOptions({{{icons}}});"
        )
    if name == "leaflet.css":
        return re.sub(
            r"url\((images/[\w.-]+)\)",
            lambda match: f"url({_data_uri(LEAFLET, match[1].split('/')[-1])})",
            _leaflet(name),
        )
    if name.startswith("jquery"):
        return _asset(JQUERY, "jquery.min.js").decode() if _ASKS_JQUERY.search(scripts) else None
    for mark, used in _UNUSED_UNLESS.items():
        if mark in url.lower() and (used is None or not re.search(used, scripts)):
            return None
    raise OfflineAssetError(
        f"The map asks for {masked(url)}, which is not installed. Leave that element out, or save "
        "with offline=False."
    )


@functools.cache
def _leaflet(name: str) -> str:
    content = _asset(LEAFLET, name)
    if hashlib.sha256(content).hexdigest() != LEAFLET_SHA256[name]:
        raise OfflineAssetError(
            f"{name} of the installed {LEAFLET} is not the file it should be. "
            f"Install it again: pip install --force-reinstall {LEAFLET}==1.9.3.0"
        )
    return content.decode("utf-8")


@functools.cache
def _asset(package: str, name: str) -> bytes:
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == name and "data" in file.parts:
            return Path(str(file.locate())).read_bytes()
    raise OfflineAssetError(f"{name} is missing. Install it: pip install {package}")


def _data_uri(package: str, name: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(_asset(package, name)).decode()}"


def _forbid_requests(html: str, hosts: tuple[str, ...] = ()) -> str:
    """A policy the browser keeps: only this page's own scripts run, and nothing is fetched.

    Except pictures from the hosts of a basemap.
    """
    # A parser reads \r\n as \n before it hashes; so do we, once, for all.
    html = html.replace("\r\n", "\n").replace("\r", "\n")
    hashes = [
        base64.b64encode(hashlib.sha256(match.group(1).encode()).digest()).decode()
        for match in _INLINE_SCRIPT.finditer(html)
    ]
    allowed = " ".join(f"'sha256-{digest}'" for digest in dict.fromkeys(hashes))
    pictures = " ".join(["data:", "blob:", *hosts])
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        f"img-src {pictures}; font-src data:; frame-src data:; base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}" />'
    return html.replace("<head>", f"<head>\n    {meta}", 1)


def _renumber(html: str, known: set[str]) -> str:
    """Folium's random ids become numbers, in the order they appear; other text stays."""
    order: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        found = match.group()
        if found not in known:
            return found
        return order.setdefault(found, f"{len(order) + 1:04d}")

    return _HEX_ID.sub(number, html)
