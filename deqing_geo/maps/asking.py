"""What a page would ask of others, and what it would give away by asking.

Nothing here renders: it looks through a figure before it leaves the house.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from branca.element import Element

from deqing_geo.errors import ExportError

# Names under which services take keys: tk of Tianditu, ak of Baidu, key, token and the like.
_KEY_NAME = r"(?:tk|ak|appid|[\w-]*key|[\w-]*token)"
_KEY_IN_ADDRESS = re.compile(
    rf"""((?:https?:)?//[^\s"'`<>]*?[?&;]{_KEY_NAME}=)([^&\s"'`<>{{}}]+)""", re.IGNORECASE
)
# Leaflet fills an address from the options beside it.
_KEY_BESIDE = re.compile(
    rf"""(?:https?:)?//[^\s"'`<>]*?(?:[?&;]{_KEY_NAME}=\{{(\w+)\}}|\{{({_KEY_NAME})\}})""",
    re.IGNORECASE,
)
# A layer of somebody's own whose address has places for the numbers of a tile.
_TILES = re.compile(r"""(?:https?:)?//[^\s"'`<>]*\{x\}[^\s"'`<>]*""", re.IGNORECASE)
_KEY_OPTION = re.compile(_KEY_NAME, re.IGNORECASE)


# Pictures and deflated data: no address is in them, and looking for one takes long.
_BLOB = re.compile(r"[A-Za-z0-9+/=]{1000,}")


def everything(element: Element) -> Iterator[Element]:
    """An element and all that is drawn with it.

    Parameters
    ----------
    element : Element

    Yields
    ------
    Element
    """
    yield element
    branches = list(element._children.values())
    # A figure and a popup keep parts of the page beside their children, and a page of several
    # maps its maps.
    branches += [
        part
        for part in (getattr(element, name, None) for name in ("header", "html", "script"))
        if isinstance(part, Element)
    ]
    branches += getattr(element, "together", [])
    for branch in branches:
        yield from everything(branch)


def hosts_asked(figure: Element) -> tuple[str, ...]:
    """The hosts a page may ask for pictures: those of its basemaps, and no others.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    tuple of str
    """
    return tuple(
        dict.fromkeys(host for one in everything(figure) for host in getattr(one, "asks", ()))
    )


@contextlib.contextmanager
def keys_withheld(figure: Element) -> Iterator[None]:
    """While it lasts, basemaps that carry a key say so instead of being drawn.

    Parameters
    ----------
    figure : Figure

    Yields
    ------
    None
    """
    held = [one for one in everything(figure) if getattr(one, "carries_key", False)]
    for one in held:
        one.withheld = True
    try:
        yield
    finally:
        for one in held:
            one.withheld = False


def refuse_keys(html: str, figure: Element) -> None:
    """Refuse a page that carries a key, whoever put it there.

    Parameters
    ----------
    html : str
        The page before anything is written into it.
    figure : Figure
        What it was made from.

    Raises
    ------
    ExportError
        If it does.
    """
    plain = _BLOB.sub("", html).replace("\\u0026", "&").replace("&amp;", "&")
    ours = any(
        getattr(one, "carries_key", False) and not getattr(one, "withheld", False)
        for one in everything(figure)
    )
    if ours or _KEY_IN_ADDRESS.search(plain) or _beside(plain) or _in_options(figure):
        raise ExportError(
            "The page would carry the key of a map service, and whoever gets it could use the key. "
            "Leave the basemap out, or pass allow_key=True to save_map if it stays in the house "
            "(文件将含有底图密钥)."
        )


def refuse_shifted(html: str) -> None:
    """Refuse a tile layer of somebody's own at a service that draws shifted.

    Parameters
    ----------
    html : str
        The page before anything is written into it.

    Raises
    ------
    ExportError
        If there is one.
    """
    from deqing_geo.maps.basemaps import known_datum

    for match in _TILES.finditer(_BLOB.sub("", html)):
        address = match.group()
        datum = known_datum(address if address.startswith("http") else f"https:{address}")
        if datum in ("gcj02", "bd09"):
            raise ExportError(
                f"A tile layer of the map is drawn in {datum.upper()}, half a kilometre off: "
                f"{masked(address)}. Lay it with add_basemap, which shifts it "
                "(底图坐标有偏移,不能直接叠加)."
                if datum == "gcj02"
                else f"A tile layer of the map is drawn in BD-09, which no shift lays on this map: "
                f"{masked(address)}. Leave it out."
            )


def masked(address: str) -> str:
    """An address without the key in it, for a message.

    Parameters
    ----------
    address : str

    Returns
    -------
    str

    Examples
    --------
    >>> masked("https://t0.tianditu.gov.cn/vec_w/wmts?LAYER=vec&tk=0123456789")
    'https://t0.tianditu.gov.cn/vec_w/wmts?LAYER=vec&tk=***'
    """
    plain = address.replace("\\u0026", "&").replace("&amp;", "&")
    return _KEY_IN_ADDRESS.sub(r"\1***", plain)


def _beside(html: str) -> bool:
    """Whether an address takes its key from an option beside it, and the option is there."""
    for match in _KEY_BESIDE.finditer(html):
        name = match[1] or match[2]
        if re.search(rf"""["']?{re.escape(name)}["']?\s*:\s*["'`][^"'`]+["'`]""", html):
            return True
    return False


def _in_options(figure: Element) -> bool:
    """Whether a tile layer of folium's was given a key as an option, as a WMS takes it."""
    for one in everything(figure):
        options: Any = getattr(one, "options", None)
        if not isinstance(options, dict) or not (hasattr(one, "tiles") or hasattr(one, "url")):
            continue
        for name, value in options.items():
            if isinstance(value, str) and value and _KEY_OPTION.fullmatch(str(name)):
                return True
    return False
