"""What stands around a result on a map: borders, land, water, homes, and the ground itself."""

from __future__ import annotations

import base64
import functools
import itertools
import tomllib
import warnings
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from branca.element import MacroElement
from folium.map import Layer
from jinja2 import Template

from deqing_geo import columns as names
from deqing_geo.crs import CGCS2000, to_degrees
from deqing_geo.errors import CRSError, GeometryError, InputError
from deqing_geo.looks import named
from deqing_geo.looks.palette import style
from deqing_geo.maps.finding import Place, gathered
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of
from deqing_geo.rasters import Raster
from deqing_geo.text import script_json

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    from numpy.typing import NDArray

# A picture of the ground has at most so many points; finer ground is drawn coarser.
MOST_POINTS = 1_300_000
MERCATOR_RADIUS = 6_378_137.0
SUN = (315.0, 45.0)  # from the north-west, half-way up: degrees
# Points that can be looked for by their name.
FOUND = "facility_name"
# Columns a tooltip shows, where a layer has them.
TOLD = (
    "county_name",
    "town_name",
    "village_name",
    "zone_name",
    "boundary_name",
    "boundary_kind",
    "redline_name",
    "protection_level",
    "water_name",
    "water_class",
    "park_name",
    "park_class",
    "park_status",
    "home_class",
    "hazard_kind",
    "hazard_class",
    "threatened_people",
    "facility_name",
    "facility_class",
)


def looks() -> dict[str, dict[str, Any]]:
    """How background layers look, by name.

    Returns
    -------
    dict
        Of ``style.toml``, in the colours of the palette in use.
    """
    found: dict[str, dict[str, Any]] = style()["layer"]
    return found


def add_layer(
    m: folium.Map,
    frame: gpd.GeoDataFrame,
    look: str,
    *,
    name: str | None = None,
    labels: bool = False,
    show: bool = True,
) -> folium.Map:
    """Draw a layer that gives no figure: borders, water, homes, redline and the like.

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any.
    frame : GeoDataFrame of Polygon, LineString or Point
        With any CRS. Names and classes in registered columns are shown as tooltips.
    look : str
        How it is drawn: ``county``, ``town``, ``village``, ``zone``, ``boundary``,
        ``redline``, ``water_source``, ``farmland``, ``water``, ``park``, ``home``,
        ``hazard``, ``facility``.
    name : str, optional
        What the layer is called; by default the look's Chinese name.
    labels : bool
        Whether the first name column is written on the map.
    show : bool
        Whether the layer is switched on at first.

    Returns
    -------
    folium.Map
        The same map.

    Raises
    ------
    InputError
        If there is no such look.
    CRSError
        If the frame has no CRS or cannot be brought to degrees.
    GeometryError
        If shapes of different kinds are mixed.

    Examples
    --------
    >>> from deqing_geo import area_map, sample
    >>> m = add_layer(area_map(sample.villages()), sample.homes(), "home")
    >>> "城镇住宅用地" in m.get_root().render()
    True
    """
    known = looks()
    if look not in known:
        raise InputError(f"There is no look {look!r}; there are {', '.join(known)}.")
    if frame.crs is None:
        raise CRSError(f"`{look}` has no coordinate system, so it has no place on a map.")
    own = known[look]
    shapes = to_degrees(np.asarray(frame.geometry.array, dtype=object), frame.crs, CGCS2000)
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kinds = set(shapely.get_dimensions(shapes[present]).tolist())
    if len(kinds) > 1:
        raise GeometryError(
            f"`{look}` mixes points, lines and areas; give each kind as a layer of its own."
        )
    layer = name or names.word(f"layer.{look}")
    styles, use, entries = _classed(frame, own, layer)
    payload: dict[str, Any] = {
        "area": kinds != {1},
        "unit": UNIT,
        "styles": styles,
        "use": use,
        "tips": _tips(frame, layer),
    }
    found: list[Place] = []
    if kinds == {0}:
        parts, of = shapely.get_parts(shapes, return_index=True)
        at = np.round(shapely.get_coordinates(parts) * UNIT).astype(int)
        payload.update(points=True, shapes=at.tolist())
        payload["use"] = [use[one] for one in of.tolist()]
        payload["tips"] = [payload["tips"][one] for one in of.tolist()]
        called = [named.texts(frame, FOUND)[one] for one in of.tolist()]
        of_map = len(m._children)
        payload["keys"] = [
            f"{layer}:{of_map}:{at}" if name else None for at, name in enumerate(called)
        ]
        found = gathered(called, [str(key) for key in payload["keys"]], layer)
    else:
        payload["shapes"] = encode(shapes)
    if labels:
        payload["labels"] = _labels(frame, shapes, present)
    drawn = ShapeLayer(layer, payload, show=show)
    drawn.group = own["group"]
    m.add_child(drawn)
    contents = page_of(m).contents
    contents.places += found
    if not present.any():
        entries = [_entry(own, f"{layer}({names.word('map.nothing')})")]
    title = layer if len(entries) > 1 else ""
    contents.legends.append({"layer": layer, "title": title, "unit": "", "entries": entries})
    if frame.attrs.get("notice") == names.word("notice.schematic"):
        contents.warn(names.word("notice.schematic"))
    return m


def _classed(
    frame: gpd.GeoDataFrame, style: dict[str, Any], layer: str
) -> tuple[list[dict[str, Any]], list[int], list[dict[str, Any]]]:
    """Styles, which row has which, and the legend; by class where the look has classes."""
    base = {key: value for key, value in style.items() if key not in ("by", "classes")}
    by = style.get("by")
    if by is None or by not in frame:
        return [_path(base)], [0] * len(frame), [_entry(base, layer)]
    words = [str(word) for word in frame[by]]
    labels = names.vocabulary(by)
    present = [word for word in labels if word in set(words)]
    other = sorted(set(words) - set(labels))
    classes = {word: {**base, **style["classes"].get(word, {})} for word in [*present, *other]}
    order = list(classes)
    return (
        [_path(look) for look in classes.values()],
        [order.index(word) for word in words],
        [_entry(look, labels.get(word, word)) for word, look in classes.items()],
    )


def _path(look: dict[str, Any]) -> dict[str, Any]:
    filled = "fill" in look
    return {
        "color": look["color"],
        "weight": look.get("weight", 1),
        "opacity": look.get("line_opacity", 1),
        "fill": filled,
        **({"fillColor": look["fill"], "fillOpacity": look.get("opacity", 0.7)} if filled else {}),
        **({"dashArray": look["dash"]} if "dash" in look else {}),
        **({"radius": look["radius"]} if "radius" in look else {}),
        # A click on a mere border is meant for what lies within.
        "interactive": filled,
    }


def _entry(look: dict[str, Any], label: str) -> dict[str, Any]:
    line = "fill" not in look
    return {
        "line": line,
        "dash": "dash" in look,
        "color": look["color"],
        "weight": look.get("weight", 1),
        "label": label,
        **({} if line else {"fill": look.get("legend", look["fill"])}),
    }


def _tips(frame: gpd.GeoDataFrame, layer: str) -> list[list[str]]:
    told = [column for column in TOLD if column in frame]
    columns = []
    for column in told:
        known = names.vocabulary(column) if column in names.vocabularies() else {}
        entry = names.registry().get(column)
        unit = f" {entry.unit_zh}" if entry is not None and entry.unit_zh else ""
        before = f"{names.label(column)} " if unit else ""
        columns.append(
            [
                "" if one is None or one != one else f"{before}{known.get(one, one)}{unit}"
                for one in frame[column]
            ]
        )
    if not columns:
        return [[layer]] * len(frame)
    rows = zip(*columns, strict=True)
    return [[text for text in row if text] or [layer] for row in rows]


def _labels(
    frame: gpd.GeoDataFrame, shapes: NDArray[Any], present: NDArray[np.bool_]
) -> list[list[Any]]:
    column = next((one for one in TOLD if one in frame and one.endswith("_name")), None)
    if column is None:
        return []
    there = np.flatnonzero(present)
    where = shapely.get_coordinates(shapely.point_on_surface(shapes[there]))
    texts = frame[column].to_numpy()[there]
    return [
        [*place, str(text)]
        for place, text in zip(np.round(where * UNIT).astype(int).tolist(), texts, strict=True)
        if text is not None and text == text
    ]


# ---------------------------------------------------------------- the ground


class Picture(Layer, MacroElement):
    """One switchable picture under all shapes.

    Parameters
    ----------
    name : str
        What the layer is called.
    payload : dict
        ``picture``, a data address, and ``bounds``, degrees.
    show : bool
        Whether it is switched on at first.
    """

    group = "ground"
    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = DeqingMap.picture({{ this._parent.get_name() }},"
        " {{ this.payload }});"
        "{% endmacro %}"
    )

    def __init__(self, name: str, payload: dict[str, Any], *, show: bool = True) -> None:
        super().__init__(name=name, overlay=True, control=True, show=show)
        self._name = "Picture"
        self.payload = script_json(payload)


def add_terrain(
    m: folium.Map, terrain: Raster, *, name: str | None = None, show: bool = True
) -> folium.Map:
    """Draw heights as shaded relief under everything else.

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any.
    terrain : Raster
        Heights in metres, in a projected CRS in metres.
    name : str, optional
        What the layer is called.
    show : bool
        Whether the layer is switched on at first.

    Returns
    -------
    folium.Map
        The same map; the picture is part of the page.

    Raises
    ------
    InputError
        If `terrain` is no Raster or has no height in it.
    CRSError
        If its CRS is not projected.

    Notes
    -----
    Light from the north-west, half-way up; slopes by Horn's eight neighbours (Horn 1981).
    Points of the picture are equally spaced on the map (Web Mercator), each with the height of
    the nearest cell; above 1.3 million points the picture is drawn coarser.

    Examples
    --------
    >>> import numpy as np
    >>> from deqing_geo import area_map, sample
    >>> plane = np.add.outer(np.arange(40.0), np.arange(150.0))
    >>> terrain = Raster(plane, 500_000, 3_381_200, 30, sample.CRS)
    >>> m = add_terrain(area_map(sample.villages()), terrain)
    >>> "data:image/png;base64," in m.get_root().render()
    True
    """
    if not isinstance(terrain, Raster):
        raise InputError("`terrain` is no Raster of heights.")
    if not terrain.known.any():
        raise InputError("`terrain` has no height in it: every cell is without a value.")
    picture, bounds, steps = _relief(terrain)
    layer = name or names.word("layer.terrain")
    m.add_child(Picture(layer, {"picture": picture, "bounds": bounds}, show=show))
    contents = page_of(m).contents
    entries = [
        {"fill": colour, "color": colour, "label": label}
        for colour, label in zip(_ramp()[1], steps, strict=True)
    ]
    contents.legends.append({"layer": layer, "title": layer, "unit": "米", "entries": entries})
    if terrain.attrs.get("notice") == names.word("notice.schematic"):
        contents.warn(names.word("notice.schematic"))
    return m


def _relief(terrain: Raster) -> tuple[str, list[list[float]], list[str]]:
    """The picture as a data address, its corners in degrees, and what its colours mean."""
    from pyproj import CRS, Transformer

    if not CRS.from_user_input(terrain.crs).is_projected:
        raise CRSError("`terrain` is not in metres: give it in a projected system.")
    west, south, east, north = terrain.bounds
    edge = shapely.segmentize(shapely.box(west, south, east, north), (east - west) / 16)
    corners = to_degrees(np.array([edge], dtype=object), terrain.crs, CGCS2000)[0]
    x0, y0, x1, y1 = shapely.bounds(corners)
    top, bottom = _mercator(y1), _mercator(y0)
    wide, high = np.radians(x1 - x0) * MERCATOR_RADIUS, top - bottom
    # As many points as cells, at most.
    count = min(terrain.values.size, MOST_POINTS)
    step = float(np.sqrt(wide * high / count))
    columns, rows = max(2, round(wide / step)), max(2, round(high / step))
    lon = x0 + (np.arange(columns) + 0.5) * (x1 - x0) / columns
    lat = _latitude(top - (np.arange(rows) + 0.5) * high / rows)
    back = Transformer.from_crs("EPSG:4490", terrain.crs, always_xy=True)
    x, y = back.transform(*np.meshgrid(lon, lat))
    colours = _shaded(terrain)
    column = np.floor((x - terrain.west) / terrain.cell).astype(int)
    row = np.floor((terrain.north - y) / terrain.high).astype(int)
    inside = (row >= 0) & (row < colours.shape[0]) & (column >= 0) & (column < colours.shape[1])
    image = np.zeros((rows, columns, 4), dtype=np.uint8)
    image[inside] = colours[row[inside], column[inside]]
    address = f"data:image/png;base64,{base64.b64encode(_png(_few(image))).decode()}"
    limits, _ = _ramp()
    steps = [f"{low:g} - {up:g}" for low, up in itertools.pairwise(limits)]
    steps = [f"{limits[0]:g} 以下", *steps, f"{limits[-1]:g} 以上"]
    return address, [[float(y0), float(x0)], [float(y1), float(x1)]], steps


def _png(image: NDArray[np.uint8]) -> bytes:
    import rasterio
    from rasterio.io import MemoryFile

    rows, columns, bands = image.shape
    size = {"height": rows, "width": columns, "count": bands, "dtype": "uint8"}
    with warnings.catch_warnings(), MemoryFile() as memory:
        # A picture has no place of its own; the page gives it one.
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with memory.open(driver="PNG", zlevel=9, **size) as out:
            out.write(np.moveaxis(image, -1, 0))
        return bytes(memory.read())


def _few(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shades in steps the eye does not see: the picture becomes a third as large."""
    out = image.copy()
    out[..., :3] = out[..., :3] // 6 * 6
    return out


def _shaded(terrain: Raster) -> NDArray[np.uint8]:
    """Red, green, blue and opacity of every cell."""
    known = terrain.known
    heights = np.where(known, terrain.values, np.nan).astype(float)
    filled = np.where(known, heights, np.nanmin(heights))
    around = np.pad(filled, 1, mode="edge")
    up, level, down = around[:-2], around[1:-1], around[2:]
    east = (up[:, 2:] + 2 * level[:, 2:] + down[:, 2:]) - (
        up[:, :-2] + 2 * level[:, :-2] + down[:, :-2]
    )
    south = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) - (
        up[:, :-2] + 2 * up[:, 1:-1] + up[:, 2:]
    )
    east, south = east / (8 * terrain.cell), south / (8 * terrain.high)
    turn, rise = np.radians(SUN[0]), np.radians(SUN[1])
    # How the surface faces the sun: 1 straight at it, 0 away.
    toward = np.cos(rise) * (-np.sin(turn) * east + np.cos(turn) * south) + np.sin(rise)
    light = np.clip(toward / np.sqrt(1 + east**2 + south**2), 0, 1)
    limits, ramp = _ramp()
    tints = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in ramp])
    step = np.searchsorted(limits, filled, "right")
    # Level ground keeps its tint.
    factor = np.clip(0.55 + 0.45 * light / np.sin(rise), 0.4, 1.12)
    out = np.empty((*factor.shape, 4), dtype=np.uint8)
    for band in range(3):
        out[..., band] = np.clip(tints[step, band] * factor, 0, 255)
    out[..., 3] = np.where(known, 255, 0)
    return out


def _ramp() -> tuple[list[float], list[str]]:
    look = _terrain_look()
    return look["limits"], look["ramp"]


@functools.cache
def _terrain_look() -> dict[str, Any]:
    text = resources.files("deqing_geo.looks").joinpath("style.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["terrain"]
    return found


def _mercator(latitude: float) -> float:
    return float(MERCATOR_RADIUS * np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)))


def _latitude(y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.degrees(2 * np.arctan(np.exp(y / MERCATOR_RADIUS)) - np.pi / 2))
