"""Map services under a map: none unless asked for by name, each drawn where it belongs.

Nothing here fetches a tile: a page asks for them when it is opened, if it may. A service that
draws in GCJ-02 is laid shifted, so that true coordinates stay true; one in BD-09 is refused.
"""

from __future__ import annotations

import functools
import os
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from branca.element import Element, MacroElement
from folium.map import Layer
from jinja2 import Template

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.maps.page import page_of
from deqing_geo.text import script_json

if TYPE_CHECKING:
    import folium

# How long a page waits for the first tile before it says that there is no basemap. A county's
# line that needs longer for one tile is too slow to work on.
WAIT_MS = 4000
DATUMS = ("cgcs2000", "wgs84", "gcj02")
# Of an address of a user's own, where she says nothing else.
SUBDOMAINS = "abc"
DEEPEST = 18
_PLACEHOLDERS = {"x", "y", "-y", "z", "s", "key"}
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?|\[[0-9a-f:]+\](?::\d{1,5})?")
_KEY = re.compile(r"[A-Za-z0-9._~-]{4,256}")
_BAIDU = (
    "Baidu draws in BD-09, on a grid of its own that no shift lays on this one. Use tianditu_vec "
    "or gaode_vec (百度底图采用 BD-09 坐标和自有切片网格,不能叠加)."
)


@dataclass(frozen=True, slots=True)
class Service:
    """A map service: where its tiles are, how they are drawn, and what its licence asks.

    Attributes
    ----------
    name : str
        What a reader calls it.
    url : str
        Address of a tile, with ``{x} {y} {z}`` and, where it has them, ``{s}`` and ``{key}``.
    datum : str
        ``cgcs2000``, ``wgs84`` or ``gcj02``.
    attribution : str
        Shown on every page.
    labels : str
        Address of a second set of tiles with the names; empty where there is none.
    subdomains : str
        One character each.
    max_zoom : int
        The finest scale it draws; nearer, its tiles are enlarged.
    under : str
        How results lie on it: ``multiply`` on light maps, ``fade`` on pictures.
    licence : str
        What is to be kept in mind.
    key_from : str
        The environment variable that holds its key; empty where it needs none.
    evidence : str
        How its address is known.
    """

    name: str
    url: str
    datum: str
    attribution: str
    labels: str = ""
    subdomains: str = SUBDOMAINS
    max_zoom: int = DEEPEST
    under: str = "multiply"
    licence: str = ""
    key_from: str = ""
    evidence: str = "ours"

    @property
    def needs_key(self) -> bool:
        """Whether it draws nothing without a key."""
        return "{key}" in self.url

    @property
    def hosts(self) -> tuple[str, ...]:
        """The only addresses a page with it may ask."""
        return tuple(
            dict.fromkeys(
                host
                for address in (self.url, self.labels)
                if address
                for host in _hosts(address, self.subdomains)
            )
        )


@functools.cache
def services() -> dict[str, Service]:
    """The map services known by name.

    Returns
    -------
    dict of str to Service

    Examples
    --------
    >>> {key: one.datum for key, one in services().items() if not one.needs_key}
    {'gaode_vec': 'gcj02', 'gaode_img': 'gcj02', 'tencent_vec': 'gcj02'}
    """
    return {key: Service(**told) for key, told in _data()["service"].items()}


@functools.cache
def _data() -> dict[str, Any]:
    text = resources.files("deqing_geo.maps").joinpath("basemaps.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def known_datum(address: str) -> str | None:
    """The datum a host is known to draw in, whatever is said of it.

    Parameters
    ----------
    address : str
        Of a tile.

    Returns
    -------
    str or None
        ``bd09`` too.

    Examples
    --------
    >>> known_datum("https://webrd0{s}.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}")
    'gcj02'
    >>> known_datum("http://10.1.2.3/tiles/{z}/{x}/{y}.png") is None
    True
    """
    host = (urlsplit(address.replace("{s}", "s")).hostname or "").lower()
    for end, datum in _data()["hosts"].items():
        if host == end or host.endswith(f".{end}"):
            return str(datum)
    return None


class Basemap(Layer, MacroElement):
    """A map service as one switchable layer under all others.

    Parameters
    ----------
    name : str
        What the layer is called.
    service : Service
        Whose tiles.
    key : str
        Its key; empty where it needs none.
    show : bool
        Whether it is switched on at first.
    """

    group = "ground"
    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = DeqingBackdrop.basemap({{ this._parent.get_name() }},"
        " {{ this.data() }});"
        "{% endmacro %}"
    )

    def __init__(self, name: str, service: Service, key: str = "", *, show: bool = True) -> None:
        super().__init__(name=name, overlay=True, control=True, show=show)
        self._name = "Basemap"
        self.service = service
        self.withheld = False
        self._key = key

    @property
    def carries_key(self) -> bool:
        """Whether a page with it would carry a key."""
        return bool(self._key)

    @property
    def asks(self) -> tuple[str, ...]:
        """The hosts a page with it may ask for pictures."""
        return () if self.withheld else self.service.hosts

    def data(self) -> str:
        """What ``basemap.js`` is given, as JSON."""
        service = self.service
        told = {
            "name": str(self.layer_name),
            "words": dict(names.phrases("map_fade")),
            "urls": [one for one in (service.url, service.labels) if one],
            "subdomains": service.subdomains,
            "key": self._key,
            "minZoom": 1,
            "maxZoom": service.max_zoom,
            "shifted": service.datum == "gcj02",
            "under": service.under,
            "wait": WAIT_MS,
            "missing": f"{names.word('map.basemap_missing')}:{self.layer_name}",
        }
        if self.withheld:
            told |= {"urls": [], "key": "", "missing": names.word("map.basemap_withheld")}
        return script_json(told)

    def render(self, **kwargs: Any) -> None:
        """Add the script of backgrounds to the figure, once, and this layer's own."""
        add_script(self.get_root())
        super().render(**kwargs)


def add_script(figure: Any) -> None:
    """Put the script of what lies under into a figure, once.

    Parameters
    ----------
    figure : Figure
        Being rendered.
    """
    for kind, file in (("style", "basemap.css"), ("script", "basemap.js")):
        text = resources.files("deqing_geo.maps").joinpath(file).read_text(encoding="utf-8")
        figure.header.add_child(Element(f"<{kind}>{text}</{kind}>"), name=f"deqing_under_{kind}")


def add_basemap(
    m: folium.Map,
    service: str,
    *,
    key: str | None = None,
    datum: str | None = None,
    attribution: str | None = None,
    name: str | None = None,
    max_zoom: int | None = None,
    show: bool = True,
) -> folium.Map:
    """Lay a map service under a map (底图): 天地图, 高德, or tiles of the office's own server.

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any. Without this function no map has a basemap.
    service : str
        ``tianditu_vec``, ``tianditu_img``, ``tianditu_ter``, ``gaode_vec``, ``gaode_img``,
        ``tencent_vec``, or the address of tiles in Web Mercator, such as
        ``"http://10.1.2.3/tiles/{z}/{x}/{y}.png"``.
    key : str, optional
        The service's key, better kept in the environment: 天地图 reads
        ``DEQING_GEO_TIANDITU_KEY``. A file that would carry a key is refused by `save_map`
        unless it is asked for by name; a notebook never carries one.
    datum : str, optional
        Of an address of your own, in what its tiles are drawn: ``cgcs2000``, ``wgs84`` or
        ``gcj02``. Never guessed.
    attribution : str, optional
        Whose map it is, with its 审图号 where it has one; needed for an address of your own.
    name : str, optional
        What the layer is called.
    max_zoom : int, optional
        The finest scale the service draws.
    show : bool
        Whether it is switched on at first.

    Returns
    -------
    folium.Map
        The same map. Its page may ask the service's hosts for pictures and nobody for anything
        else. When it opens, one tile is tried for four seconds; without an answer the page says
        底图不可用(离线), and all else works.

    Raises
    ------
    InputError
        If there is no such service, its key is missing, the address cannot be used, its datum is
        unknown or contradicts what the host is known to draw in, or it is drawn in BD-09.

    Notes
    -----
    Tiles in GCJ-02 are laid shifted by the offset at the middle of the view, 502 to 543 m in
    Deqing: results keep their true coordinates, so that what is clicked, searched or measured
    stays true. At the edges of a screen less than three pixels are left at zooms 11 to 16.
    Light maps show through what is white on them; pictures show through all, and a slider on the
    page sets by how much.

    Examples
    --------
    >>> from deqing_geo import area_map, sample
    >>> m = add_basemap(area_map(sample.villages()), "gaode_vec")
    >>> "img-src data: blob: https://webrd01.is.autonavi.com" in m.get_root().render()
    True
    """
    if not isinstance(service, str):
        raise InputError("`service` is the name of a map service, or an address of tiles.")
    if "bd09" in (datum, known_datum(service)) or service.lower().startswith(("baidu", "bd09")):
        raise InputError(_BAIDU)
    known = services()
    if service in known:
        chosen = known[service]
        if datum is not None and datum != chosen.datum:
            raise InputError(
                f"{service} is drawn in {chosen.datum}, not {datum}. Leave datum= out."
            )
        chosen = _changed(chosen, attribution, max_zoom)
    else:
        chosen = _own(service, datum, attribution, max_zoom)
    layer = name or chosen.name
    m.add_child(Basemap(layer, chosen, _key_for(service, chosen, key), show=show))
    contents = page_of(m).contents
    shifted = f"({names.word('map.basemap_shifted')})" if chosen.datum == "gcj02" else ""
    contents.foot(f"{names.word('map.basemap')}:{chosen.attribution}{shifted}", "dg-mark")
    if chosen.licence:
        contents.foot(f"{names.word('map.basemap_use')}:{chosen.licence}", "dg-mark")
    return m


def _changed(service: Service, attribution: str | None, max_zoom: int | None) -> Service:
    from dataclasses import replace

    return replace(
        service,
        attribution=service.attribution if attribution is None else attribution,
        max_zoom=service.max_zoom if max_zoom is None else _zoom(max_zoom),
    )


def _own(address: str, datum: str | None, attribution: str | None, max_zoom: int | None) -> Service:
    """A service of an address the user gives; all faults of it are named at once."""
    if "{" not in address and "/" not in address:
        raise InputError(
            f"There is no map service {address!r}; there are {', '.join(services())}. An address "
            "of tiles holds {z}, {x} and {y}."
        )
    faults = []
    found = set(re.findall(r"\{([^{}]*)\}", address))
    if not {"x", "z"} <= found or not found & {"y", "-y"}:
        faults.append("it needs {z}, {x} and {y} where the numbers of a tile stand")
    if odd := sorted(found - _PLACEHOLDERS):
        faults.append(f"it holds {{{odd[0]}}}, which stands for nothing here")
    parts = urlsplit(address.replace("{s}", "s"))
    if parts.scheme not in ("http", "https") or not address.startswith(("http://", "https://")):
        faults.append("it must begin with https:// or http://, or a saved file cannot use it")
    elif parts.username is not None or not all(
        _HOST.fullmatch(host.split("://")[1]) for host in _hosts(address, SUBDOMAINS)
    ):
        faults.append("its host is no plain name or number")
    if re.search(r"tianditu\.[a-z.]+/\w+_c/", address):
        faults.append("天地图's _c tiles are in degrees: take the _w tiles, or tianditu_vec")
    drawn = known_datum(address)
    if drawn is not None and datum not in (None, drawn):
        faults.append(f"its host draws in {drawn}, not {datum}")
    if drawn is None and datum not in DATUMS:
        faults.append(
            f"datum= must say in what it is drawn: {', '.join(DATUMS)} (底图坐标系不作猜测)"
        )
    if not attribution:
        faults.append("attribution= must say whose map it is")
    if faults:
        raise InputError(f"The address of tiles cannot be used: {'; '.join(faults)}.")
    return Service(
        name=names.word("map.basemap"),
        url=address,
        datum=str(drawn or datum),
        attribution=str(attribution),
        max_zoom=DEEPEST if max_zoom is None else _zoom(max_zoom),
    )


def _zoom(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 22:
        raise InputError(f"max_zoom= is a whole number from 1 to 22, not {value!r}.")
    return value


def _key_for(called: str, service: Service, key: str | None) -> str:
    """The key, from the caller or the environment. No message ever repeats it."""
    if not service.needs_key:
        if key is not None:
            raise InputError("This basemap takes no key: its address has no {key}. Leave key= out.")
        return ""
    if key is None and service.key_from:
        key = os.environ.get(service.key_from)
    if not key:
        told = (
            f"set the environment variable {service.key_from}, or pass key="
            if service.key_from
            else "pass key="
        )
        raise InputError(f"{called} needs a key: {told} (天地图密钥在其网站申请).")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InputError(
            f"The key of {called} holds what no key holds: only letters, digits and - . _ ~ do."
        )
    return key


def _hosts(address: str, subdomains: str) -> list[str]:
    """Scheme and host of every server of an address."""
    parts = re.match(r"(https?://[^/?#]*)", address)
    if parts is None:
        return []
    found = parts[1].lower()
    return [found.replace("{s}", one) for one in subdomains] if "{s}" in found else [found]
