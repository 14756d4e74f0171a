"""Areas with their names: the ground a result is drawn on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deqing_geo import columns as names
from deqing_geo.crs import suspect_datum, to_working
from deqing_geo.looks import named
from deqing_geo.maps import parts
from deqing_geo.maps.backdrop import add_layer
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
    reference: gpd.GeoDataFrame | None = None,
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
    reference : GeoDataFrame of Polygon, optional
        An outline of the same land that is known to be true. It is drawn too; areas that fit
        it better with a map service's shift undone are off, and the map says so in red.

    Returns
    -------
    folium.Map
        Without a background map; whoever wants more may go on with folium.

    Raises
    ------
    CRSError
        If `areas`, `view` or `reference` has no CRS or cannot be brought to degrees, or the
        reference is an outline of other land.

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
    if reference is not None:
        _against(m, areas, reference)
    return m


def _against(m: folium.Map, areas: gpd.GeoDataFrame, reference: gpd.GeoDataFrame) -> None:
    """Draw the reference, and say where the areas lie beside it."""
    placed = to_working(areas, name="areas")
    suspected = suspect_datum(placed.geometry, reference, placed.crs)
    add_layer(m, reference, "reference")
    if suspected is not None:
        datum, metres = suspected
        service = names.word(f"map.off_{datum}")
        said = names.word("map.off").replace("**", service).replace("*", f"{metres:.0f}")
        page_of(m).contents.warn(said)
