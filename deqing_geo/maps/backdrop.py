"""What stands around a result on a map: borders, land, water, homes.

The ground itself, heights and pictures, is in `ground`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.crs import CGCS2000, to_degrees
from deqing_geo.errors import CRSError, GeometryError, InputError
from deqing_geo.looks import named
from deqing_geo.looks.palette import style
from deqing_geo.maps.finding import Place, gathered
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    from numpy.typing import NDArray

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
        ``reference``, ``redline``, ``water_source``, ``farmland``, ``water``, ``park``, ``home``,
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
        texts = named.texts(frame, FOUND)
        called = [texts[one] for one in of.tolist()]
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
