"""Paper Town (纸上镇): a made-up town whose every figure a person can check by eye.

It stands behind every example; `county` makes a whole schematic county and `write` its files.
Nothing in it is a real place, and everything made from it says so.

Four villages, A to D, are squares of 1 km in a row. One road of 3 km runs through A, B
and C; a lane of 1 km lies on the border of A and B. A park of 10,000 m2 serves the strip of
homes to its east as far as 500 m of its 1,000 m; a park of 2,000 m2 serves 300 m of
another strip; a park of 1,999 m2 serves nobody. Village D has no homes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely
from shapely.geometry.base import BaseGeometry

from deqing_geo.columns import word

if TYPE_CHECKING:
    from deqing_geo.sample.schematic import County, county
    from deqing_geo.sample.writing import write

CRS = "EPSG:4549"
# South-west corner of village A: on the central meridian, where a planar square
# kilometre is one on the ellipsoid too.
X0, Y0 = 500_000.0, 3_380_000.0

__all__ = [
    "CRS",
    "X0",
    "Y0",
    "County",
    "county",
    "homes",
    "parks",
    "roads",
    "town",
    "villages",
    "write",
    "zone",
]


def villages() -> gpd.GeoDataFrame:
    """The four villages of Paper Town.

    Returns
    -------
    GeoDataFrame of Polygon, 4 rows
        Index ``A`` to ``D``, column ``village_name``; EPSG:4549.

    Examples
    --------
    >>> villages().area.to_list()
    [1000000.0, 1000000.0, 1000000.0, 1000000.0]
    """
    squares = [_box(1000 * at, 0, 1000 * at + 1000, 1000) for at in range(4)]
    names = ["甲村", "乙村", "丙村", "丁村"]
    return _frame({"village_name": names}, squares, ["A", "B", "C", "D"])


def town() -> gpd.GeoDataFrame:
    """Paper Town itself: the four villages together.

    Returns
    -------
    GeoDataFrame of Polygon, 1 row
        Index ``paper``, column ``town_name``; 4 km2, EPSG:4549.

    Examples
    --------
    >>> town().area.to_list()
    [4000000.0]
    """
    return _frame({"town_name": ["纸上镇"]}, [_box(0, 0, 4000, 1000)], ["paper"])


def zone() -> gpd.GeoDataFrame:
    """The built-up zone of Paper Town: the land of villages A to C.

    Returns
    -------
    GeoDataFrame of Polygon, 1 row
        3 km2 with the columns ``zone_name``, ``source``, ``as_of``; EPSG:4549.

    Examples
    --------
    >>> zone().area.to_list()
    [3000000.0]
    """
    columns = {"zone_name": ["纸上镇建成区"], "source": ["示意"], "as_of": ["2025-12-31"]}
    return _frame(columns, [_box(0, 0, 3000, 1000)], ["zone"])


def roads() -> gpd.GeoDataFrame:
    """Six roads, two of which count by the default definition.

    Returns
    -------
    GeoDataFrame of LineString, 6 rows
        Columns ``road_name``, ``road_class``, ``road_status``; EPSG:4549.

    Examples
    --------
    >>> roads()[["road_class", "road_status"]].assign(km=roads().length / 1000)
       road_class road_status   km
    1    arterial       built  3.0
    2      branch       built  1.0
    3      estate       built  0.4
    4  farm_track       built  1.0
    5      branch     planned  1.0
    6        link       built  0.1
    """
    lines = [
        _line(0, 500, 3000, 500),
        _line(1000, 0, 1000, 1000),
        _line(100, 750, 500, 750),
        _line(3000, 250, 4000, 250),
        _line(3000, 750, 4000, 750),
        _line(2000, 600, 2100, 600),
    ]
    columns = {
        "road_name": ["纸上大道", "界巷", "小区路", "机耕路", "规划支路", "匝道"],
        "road_class": ["arterial", "branch", "estate", "farm_track", "branch", "link"],
        "road_status": ["built", "built", "built", "built", "planned", "built"],
    }
    return _frame(columns, lines, [1, 2, 3, 4, 5, 6])


def parks() -> gpd.GeoDataFrame:
    """Three parks: one of 10,000 m2, one of 2,000 m2, one of 1,999 m2.

    Returns
    -------
    GeoDataFrame of Polygon, 3 rows
        Columns ``park_name``, ``park_class``, ``park_status``; EPSG:4549.

    Examples
    --------
    >>> parks().area.round(3).to_list()
    [10000.0, 2000.0, 1999.0]
    """
    shapes = [
        _box(100, 200, 200, 300),
        _box(1700, 800, 1740, 850),
        _box(2300, 100, 2339.98, 150),
    ]
    columns = {
        "park_name": ["大公园", "小公园", "袖珍园"],
        "park_class": ["G11", "G14", "G14"],
        "park_status": ["built", "built", "built"],
    }
    return _frame(columns, shapes, [1, 2, 3])


def homes() -> gpd.GeoDataFrame:
    """Three strips of homes, each beside a park and as wide as the park's side.

    The first runs 1,000 m east from the large park, 800 m of it in A and 200 m in B; the
    second 1,000 m east from the small park, 260 m of it in B and 740 m in C; the third
    100 m east from the park that is too small.

    Returns
    -------
    GeoDataFrame of Polygon, 3 rows
        Column ``home_class``; EPSG:4549.

    Examples
    --------
    >>> homes().area.round(3).to_list()
    [100000.0, 50000.0, 5000.0]
    """
    strips = [
        _box(200, 200, 1200, 300),
        _box(1740, 800, 2740, 850),
        _box(2339.98, 100, 2439.98, 150),
    ]
    return _frame({"home_class": ["urban_residential"] * 3}, strips, [1, 2, 3])


def _box(x0: float, y0: float, x1: float, y1: float) -> BaseGeometry:
    return shapely.box(X0 + x0, Y0 + y0, X0 + x1, Y0 + y1)


def _line(x0: float, y0: float, x1: float, y1: float) -> BaseGeometry:
    return shapely.LineString([(X0 + x0, Y0 + y0), (X0 + x1, Y0 + y1)])


def _frame(
    columns: dict[str, list[str]], shapes: list[BaseGeometry], index: list[str] | list[int]
) -> gpd.GeoDataFrame:
    return schematic_notice(gpd.GeoDataFrame(columns, geometry=shapes, index=index, crs=CRS))


def schematic_notice(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Write on a made-up frame that it is one (示意).

    Parameters
    ----------
    frame : GeoDataFrame
        Changed in place.

    Returns
    -------
    GeoDataFrame
        The same frame.
    """
    frame.attrs["notice"] = word("notice.schematic")
    return frame


def __getattr__(name: str) -> Any:
    # Paper Town needs none of the mathematics that draws a county.
    if name in ("County", "county"):
        return getattr(importlib.import_module("deqing_geo.sample.schematic"), name)
    if name == "write":
        return importlib.import_module("deqing_geo.sample.writing").write
    raise AttributeError(f"module 'deqing_geo.sample' has no attribute {name!r}")
