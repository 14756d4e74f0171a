"""What covers the schematic county: parcels by both land-use systems, and two rasters.

Codes and names of parcels: 三调 and the 用地用海 guide of 2023. Those of homes, parks, water
and roads are checked against published tables; industry, commerce, orchards and forest are
from memory (待查证) and stand here only to fill a made-up county.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from rasterio import features
from scipy import ndimage

from deqing_geo.rasters import Raster
from deqing_geo.sample import CRS

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARCELS = {
    # use: 三调 code and name, code and name of 2023
    "urban_residential": ("0701", "城镇住宅用地", "070102", "二类城镇住宅用地"),
    "community_service": ("08H2", "科教文卫用地", "0702", "城镇社区服务设施用地"),
    "homestead": ("0702", "农村宅基地", "070301", "一类农村宅基地"),
    "park": ("0810", "公园与绿地", "1401", "公园绿地"),
    "belt": ("0810", "公园与绿地", "1402", "防护绿地"),
    "square": ("0810", "公园与绿地", "1403", "广场用地"),
    "river": ("1101", "河流水面", "1701", "河流水面"),
    "lake": ("1102", "湖泊水面", "1702", "湖泊水面"),
    "reservoir": ("1103", "水库水面", "1703", "水库水面"),
    "highway": ("1003", "公路用地", "1202", "公路用地"),
    "street": ("1004", "城镇村道路用地", "1207", "城镇村道路用地"),
    "track": ("1006", "农村道路", "0601", "农村道路"),
    "industry": ("0601", "工业用地", "1001", "工业用地"),
    "commerce": ("05H1", "商业服务业设施用地", "0901", "商业用地"),
    "office": ("08H1", "机关团体新闻出版用地", "0801", "机关团体用地"),
    "paddy": ("0101", "水田", "0101", "水田"),
    "dry": ("0103", "旱地", "0103", "旱地"),
    "orchard": ("0201", "果园", "0201", "果园"),
    "tea": ("0202", "茶园", "0202", "茶园"),
    "forest": ("0301", "乔木林地", "0301", "乔木林地"),
    "bamboo": ("0302", "竹林地", "0302", "竹林地"),
}
ROAD_LAND = {
    "highway": ("motorway", "highway", "county_road", "township_road"),
    "street": ("expressway", "arterial", "subarterial", "branch", "estate", "frontage", "link"),
    "track": ("village_road", "farm_track", "other"),
}
# ESA WorldCover's numbers (WorldCover 2021 product manual, from memory, 待查证).
COVER = {10: "树木", 20: "灌木", 40: "耕地", 50: "建成区", 80: "水体", 90: "草本湿地"}
SLIVER_M2 = 0.2


def land_use(
    random: np.random.Generator,
    villages: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    parks: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    towns: NDArray[Any],
    farmland: gpd.GeoDataFrame,
    terrain: Raster,
) -> gpd.GeoDataFrame:
    """All land by both systems: the parcels of a village tile it.

    Parameters
    ----------
    random : Generator
        The source of chance.
    villages, homes, parks, water, roads, farmland : GeoDataFrame
        Layers of the county; what stands first in this order keeps its land, roads before
        fields.
    towns : ndarray of Polygon
        Blocks of the towns.
    terrain : Raster
        What no layer claims is field, orchard or forest by its height.

    Returns
    -------
    GeoDataFrame of Polygon
        ``sandiao_code``, ``sandiao_name``, ``guide_code``, ``guide_name``,
        ``village_code``. Slivers of less than 0.2 m2 are left out.
    """
    shapes = villages.geometry.to_numpy()
    codes = villages.index.to_numpy()
    claims = _claims(homes, parks, water)
    trees = [(use, own, shapely.STRtree(own)) for use, own in claims]
    # The towns' remaining land first, then fields.
    fields = farmland.geometry.to_numpy()
    late = [("town", towns, shapely.STRtree(towns)), ("paddy", fields, shapely.STRtree(fields))]
    built = (roads["road_status"] == "built").to_numpy()
    lines = roads.geometry.to_numpy()[built]
    widths = roads["road_width_m"].to_numpy()[built] / 2
    words = roads["road_class"].to_numpy()[built]
    strips = shapely.buffer(lines, widths, cap_style="flat", join_style="mitre", mitre_limit=2)
    kinds = [np.isin(words, group) for group in ROAD_LAND.values()]
    road_trees = [
        (use, strips[kind], shapely.STRtree(strips[kind]))
        for use, kind in zip(ROAD_LAND, kinds, strict=True)
    ]
    found: list[tuple[Any, str, str]] = []
    for code, village in zip(codes.tolist(), shapes, strict=True):
        shapely.prepare(village)
        taken: list[Any] = []
        for use, own, tree in trees:
            here = own[np.sort(tree.query(village, predicate="intersects"))]
            over = ~shapely.covers(village, here)
            here[over] = shapely.intersection(here[over], village)
            taken += here.tolist()
            found += [(part, use, code) for part in _polygons(here)]
        left = shapely.difference(village, shapely.union_all(taken))
        for use, own, tree in [*road_trees, *late]:
            here = own[np.sort(tree.query(left, predicate="intersects"))]
            if len(here) == 0:
                continue
            claim = shapely.union_all(here)
            found += [(part, use, code) for part in _polygons([shapely.intersection(left, claim)])]
            left = shapely.difference(left, claim)
        found += [(part, "rest", code) for part in _polygons([left])]
    return _named(random, found, terrain)


def _claims(
    homes: gpd.GeoDataFrame, parks: gpd.GeoDataFrame, water: gpd.GeoDataFrame
) -> list[tuple[str, NDArray[Any]]]:
    out = []
    for word in ("urban_residential", "community_service", "homestead"):
        out.append((word, homes.geometry.to_numpy()[(homes["home_class"] == word).to_numpy()]))
    # A country park is forest and water by its land; green of an estate belongs to its homes.
    groups = {
        "park": ("G11", "G12", "G13", "G14"),
        "belt": ("G2",),
        "square": ("G3",),
        "urban_residential": ("XG",),
    }
    for use, group in groups.items():
        chosen = parks["park_class"].isin(group).to_numpy()
        out.append((use, parks.geometry.to_numpy()[chosen]))
    for word, use in (("reservoir", "reservoir"), ("lake", "lake")):
        out.append((use, water.geometry.to_numpy()[(water["water_class"] == word).to_numpy()]))
    flowing = water["water_class"].isin(["river", "stream"]).to_numpy()
    out.append(("river", shapely.get_parts(water.geometry.to_numpy()[flowing])))
    return out


def _polygons(shapes: Any) -> list[Any]:
    parts = shapely.get_parts(shapes)
    flat = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > SLIVER_M2)
    return list(parts[flat])


def _named(
    random: np.random.Generator, found: list[tuple[Any, str, str]], terrain: Raster
) -> gpd.GeoDataFrame:
    """Parcels with codes: what no layer claims by its height, town land by chance."""
    whole = shapely.set_precision(np.array([row[0] for row in found], dtype=object), 0.001)
    shapes, of = shapely.get_parts(whole, return_index=True)
    found = [found[at] for at in of.tolist()]
    uses = np.array([row[1] for row in found], dtype=object)
    places = shapely.get_coordinates(shapely.point_on_surface(shapes))
    height = np.nan_to_num(terrain.at(places))
    draw = np.round(random.random(len(found)), 6)
    town = np.select([draw < 0.4, draw < 0.75], ["industry", "commerce"], "office")
    low = np.where(draw < 0.7, "paddy", "orchard")
    middle = np.select([draw < 0.45, draw < 0.75], ["tea", "forest"], "dry")
    high = np.where(draw < 0.45, "bamboo", "forest")
    rest = np.select([height < 12, height < 70], [low, middle], high)
    uses = np.where(uses == "town", town, np.where(uses == "rest", rest, uses))
    uses = np.where((uses == "paddy") & (height > 25), "dry", uses)
    rows = [PARCELS[use] for use in uses]
    return gpd.GeoDataFrame(
        {
            "sandiao_code": [row[0] for row in rows],
            "sandiao_name": [row[1] for row in rows],
            "guide_code": [row[2] for row in rows],
            "guide_name": [row[3] for row in rows],
            "village_code": [row[2] for row in found],
        },
        geometry=shapes,
        crs=CRS,
    )


def land_cover(
    outline: Any,
    terrain: Raster,
    water: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    towns: NDArray[Any],
    farmland: gpd.GeoDataFrame,
) -> Raster:
    """What a satellite would see, on the cells of the terrain.

    Parameters
    ----------
    outline : Polygon
        The county.
    terrain : Raster
        Its cells are used.
    water, homes, farmland : GeoDataFrame
        Layers of the county.
    towns : ndarray of Polygon
        Blocks of the towns.

    Returns
    -------
    Raster
        Numbers of ``attrs["classes"]``, 0 outside the county.
    """
    size = terrain.values.shape
    place = terrain.transform
    values = np.where(terrain.values > 35, 10, np.where(terrain.values > 14, 20, 40))
    marsh = water.geometry[water["water_class"] == "lake"].buffer(90)
    layers = [
        (farmland.geometry, 40),
        (gpd.GeoSeries(towns), 50),
        (homes.geometry, 50),
        (marsh, 90),
        (water.geometry, 80),
    ]
    shapes = [(shape, code) for group, code in layers for shape in group]
    burnt = features.rasterize(shapes, out_shape=size, transform=place, fill=0, dtype="uint8")
    inside = features.rasterize([(outline, 1)], out_shape=size, transform=place, dtype="uint8")
    values = np.where(inside == 1, np.where(burnt > 0, burnt, values), 0).astype(np.uint8)
    attrs = {"classes": dict(COVER)}
    return Raster(values, terrain.west, terrain.north, terrain.cell, terrain.crs, 0, attrs)


def population(outline: Any, homes: gpd.GeoDataFrame, cell: float = 100.0) -> Raster:
    """People on cells of 100 m: those of the homes, a little blurred, as models of people are.

    Parameters
    ----------
    outline : Polygon
        The county; nobody lives outside.
    homes : GeoDataFrame
        With ``people``.
    cell : float
        Metres.

    Returns
    -------
    Raster
        People; the sum is that of the homes.
    """
    west, south, east, north = shapely.bounds(outline)
    west, north = np.floor(west / cell) * cell, np.ceil(north / cell) * cell
    size = (int(np.ceil((north - south) / cell)), int(np.ceil((east - west) / cell)))
    empty = Raster(np.zeros(size), float(west), float(north), cell, CRS, -1.0)
    # Each home's people stand on the places of a fine grid within it.
    fine = cell / 5
    place = Raster(np.zeros((1, 1)), float(west), float(north), fine, CRS).transform
    lived = homes[homes["people"] > 0]
    number = features.rasterize(
        zip(lived.geometry, range(1, len(lived) + 1), strict=True),
        out_shape=(size[0] * 5, size[1] * 5),
        transform=place,
        all_touched=True,
        dtype="int32",
    )
    count = np.bincount(number.ravel(), minlength=len(lived) + 1)
    people = np.concatenate([[0], lived["people"].to_numpy(dtype=float)])
    each = np.where(count > 0, people / np.maximum(count, 1), 0)
    each[0] = 0
    values = each[number].reshape(size[0], 5, size[1], 5).sum(axis=(1, 3))
    inside = features.rasterize(
        [(outline, 1)], out_shape=size, transform=empty.transform, all_touched=True, dtype="uint8"
    )
    values = ndimage.gaussian_filter(values, 0.7) * inside
    # Homes that others cover on the grid, and the blur at the outer edge, must lose nobody.
    values *= people.sum() / values.sum()
    values = np.where(inside == 1, np.round(values, 3), -1.0).astype(np.float32)
    return Raster(values, empty.west, empty.north, cell, CRS, empty.nodata, {"unit": "person"})
