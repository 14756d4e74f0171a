"""Land and lines the plan counts by their size: sponge land, grain zones, blocks, greenways.

Whoever brings a layer has drawn what counts; here it is measured, and what overlaps counts once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import standards
from deqing_geo.checks import require_areas, require_lines
from deqing_geo.crs import require_metres
from deqing_geo.ellipsoid import M_PER_KM, ellipsoidal_area
from deqing_geo.tallies.model import NOTHING, Tally, places_of, tally, target_of, union_of
from deqing_geo.text import figure

if TYPE_CHECKING:
    import geopandas as gpd

# 15 mu are a hectare.
M2_PER_MU = 2000 / 3
MU_PER_WAN = 10_000
# A whole square metre decides whether a block is large enough, as with parks.
WHOLE = 0


def share_of_zone(
    areas: gpd.GeoDataFrame, zone: gpd.GeoDataFrame, *, key: str = "sponge_area_share"
) -> Tally:
    """Share of the built-up zone that lies in certain areas (建成区海绵化建设改造比例).

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        Land that counts, such as 海绵达标地块; overlaps count once. Metric CRS.
    zone : GeoDataFrame of Polygon
        The built-up zone. Same CRS.
    key : str
        The target it answers.

    Returns
    -------
    Tally
        A ratio of areas on the ellipsoid.

    Raises
    ------
    CRSError
        If a layer has no CRS or is in degrees, or they disagree.
    GeometryError
        If a row is not a valid polygon.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> share_of_zone(sample.villages().iloc[:1], sample.zone())
    <Tally of sponge_area_share: 33.33% (1.00 of 3.00)>
    """
    require_metres(areas=areas, zone=zone)
    target = target_of(key)
    within = union_of(zone)
    shapes = require_areas(areas=areas)
    land = shapely.intersection(shapely.union_all(shapes), within) if len(shapes) else None
    has = 0.0 if land is None else _km2(land, zone.crs)
    whole = _km2(within, zone.crs)
    return tally(
        target,
        value=has / whole if whole > 0 else NOTHING,
        counted=has,
        total=whole,
        definition=f"{target.indicator_zh}:所给地块在建成区内的面积占建成区面积的比例,重叠只计一次;"
        "地块是否达标由提供单位认定",
        unit="ratio",
        places=places_of(areas, "counted"),
        areas=areas,
        zone=zone,
    )


def land_of(areas: gpd.GeoDataFrame, *, key: str = "grain_functional_zones") -> Tally:
    """How much land certain areas hold, in 万亩 (粮食生产功能区).

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        Such as 粮食生产功能区图斑; overlaps count once. Metric CRS.
    key : str
        The target it answers.

    Returns
    -------
    Tally
        In 万亩, by the area on the ellipsoid; NaN without a row.

    Raises
    ------
    CRSError
        If the layer has no CRS or is in degrees.
    GeometryError
        If a row is not a valid polygon.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    A hundred hectares are 1,500 mu:

    >>> from deqing_geo import sample
    >>> land_of(sample.villages().iloc[:1])
    <Tally of grain_functional_zones: 0.15 万亩 (1 of 1)>
    """
    require_metres(areas=areas)
    target = target_of(key)
    shapes = require_areas(areas=areas)
    mu = _mu(shapely.union_all(shapes), areas.crs) if len(shapes) else NOTHING
    return tally(
        target,
        value=mu / MU_PER_WAN,
        counted=len(shapes),
        total=len(shapes),
        definition=f"{target.indicator_zh}:所给图斑的椭球面积之和,重叠只计一次,15亩合1公顷",
        places=places_of(areas, "counted"),
        areas=areas,
    )


def blocks_of(areas: gpd.GeoDataFrame, *, key: str = "standard_land_blocks") -> Tally:
    """How many blocks of land are large enough (千亩农业标准地片区).

    Parcels that share a border or overlap are one block.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        Such as 农业标准地图斑. Metric CRS.
    key : str
        The target it answers.

    Returns
    -------
    Tally
        A count; ``total`` is that of blocks of every size. NaN without a row.

    Raises
    ------
    CRSError
        If the layer has no CRS or is in degrees.
    GeometryError
        If a row is not a valid polygon.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    Four villages of 1,500 mu side by side are one block:

    >>> from deqing_geo import sample
    >>> blocks_of(sample.villages())
    <Tally of standard_land_blocks: 1 个 (1 of 1)>
    """
    require_metres(areas=areas)
    target = target_of(key)
    shapes = require_areas(areas=areas)
    rule = standards.load().rule("standard_land.from_mu")
    whole = shapely.get_parts(shapely.union_all(shapes)) if len(shapes) else np.empty(0, object)
    least = round(rule.value * M2_PER_MU, WHOLE)
    large = np.round(ellipsoidal_area(whole, areas.crs), WHOLE) >= least
    return tally(
        target,
        value=float(large.sum()) if len(shapes) else NOTHING,
        counted=int(large.sum()),
        total=len(whole),
        definition=f"所给图斑中连片(共边或重叠)面积不小于{figure(rule.value, 0)}亩的片区个数",
        places=places_of(areas, "counted"),
        areas=areas,
    )


def length_in(lines: gpd.GeoDataFrame, zone: gpd.GeoDataFrame, *, key: str = "greenways") -> Tally:
    """Kilometres of certain lines in the built-up zone (县城绿道).

    Parameters
    ----------
    lines : GeoDataFrame of LineString
        Such as greenways; lines drawn twice count once. Metric CRS.
    zone : GeoDataFrame of Polygon
        The built-up zone. Same CRS.
    key : str
        The target it answers.

    Returns
    -------
    Tally
        Kilometres of the projection; ``total`` is that of all lines. NaN without a row.

    Raises
    ------
    CRSError
        If a layer has no CRS or is in degrees, or they disagree.
    GeometryError
        If a row is not a line, or an area not a valid polygon.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> length_in(sample.roads().iloc[:1], sample.zone())
    <Tally of greenways: 3.00 公里 (3 of 3)>
    """
    require_metres(lines=lines, zone=zone)
    target = target_of(key)
    shapes = require_lines(lines=lines)
    whole: Any = shapely.union_all(shapes)
    inside = float(shapely.length(shapely.intersection(whole, union_of(zone)))) / M_PER_KM
    return tally(
        target,
        value=inside if len(shapes) else NOTHING,
        counted=inside,
        total=float(shapely.length(whole)) / M_PER_KM,
        definition=f"{target.indicator_zh}:所给线在建成区内的长度,重复绘制的只计一次",
        places=places_of(lines, "counted"),
        lines=lines,
        zone=zone,
    )


def _km2(shape: Any, crs: Any) -> float:
    return float(ellipsoidal_area(np.array([shape], dtype=object), crs)[0]) / M_PER_KM**2


def _mu(shape: Any, crs: Any) -> float:
    return float(ellipsoidal_area(np.array([shape], dtype=object), crs)[0]) / M2_PER_MU
