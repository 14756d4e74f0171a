"""Areas with their names: the ground a result is drawn on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deqing_geo import columns as names
from deqing_geo.looks import named
from deqing_geo.maps import parts
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of
from deqing_geo.provenance import origins

if TYPE_CHECKING:
    import folium
    import geopandas as gpd


def area_map(
    areas: gpd.GeoDataFrame,
    *,
    title: str = "",
    fill: bool = True,
    view: gpd.GeoDataFrame | None = None,
) -> folium.Map:
    """A map of areas with their names, ready for results.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        With any CRS; named by ``village_name``, ``town_name``, ``zone_name`` or the index.
    title : str
        Shown on the map and as the page's title.
    fill : bool
        Whether areas are filled with white; without, what is drawn under them shows.
    view : GeoDataFrame, optional
        What the map opens on; by default the areas.

    Returns
    -------
    folium.Map
        Without a background map; whoever wants more may go on with folium.

    Raises
    ------
    CRSError
        If `areas` or `view` has no CRS or cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> m = area_map(sample.villages(), title="纸上镇")
    >>> "甲村" in m.get_root().render()
    True
    """
    shapes = parts.degrees(areas, "areas")
    m = parts.blank(title, shapes if view is None else parts.degrees(view, "view"))
    contents = page_of(m).contents
    labels = named.labels(areas)
    keys = parts.keys(areas)
    contents.name(keys, labels)
    look = parts.style()["area"]
    style = {
        "color": look["color"],
        "weight": look["weight"],
        "fillColor": look["fill"],
        "fillOpacity": 0.85,
        "fill": fill,
    }
    places = parts.places(shapes)
    payload = {
        "area": True,
        "unit": UNIT,
        "shapes": encode(shapes),
        "styles": [style],
        "use": [0] * len(shapes),
        "tips": [[label] for label in labels],
        "keys": keys,
        "labels": [[*place, label] for place, label in zip(places, labels, strict=True) if place],
    }
    layer = ShapeLayer(names.word("layer.areas"), payload)
    layer.group = "borders"
    m.add_child(layer)
    contents.finds += parts.finds(areas, labels, keys)
    contents.seek = parts.asks(areas)
    parts.notice(contents, [str(areas.attrs["notice"])] if areas.attrs.get("notice") else [])
    parts.credit(contents, origins(areas=areas))
    return m
