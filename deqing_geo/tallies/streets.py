"""Rural roads opened, and streets that end where a planned one would go on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import network, standards
from deqing_geo.checks import (
    require_lines,
    require_words,
)
from deqing_geo.columns import word
from deqing_geo.crs import require_metres
from deqing_geo.ellipsoid import M_PER_KM
from deqing_geo.errors import InputError
from deqing_geo.network.ends import DEAD, MEETS_M, SUSPECTED
from deqing_geo.network.joining import SNAP_M
from deqing_geo.opened import as_day, open_rows, opening_days
from deqing_geo.tallies.model import (
    NOTHING,
    Tally,
    places_of,
    tally,
    target_of,
    union_of,
)
from deqing_geo.text import figure

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]

RURAL = ("county_road", "township_road", "village_road")  # 农村公路


def rural_roads_opened(
    roads: gpd.GeoDataFrame, since: date | str, until: date | str | None = None
) -> Tally:
    """Kilometres of rural road (农村公路: 县道、乡道、村道) opened in a period.

    Lengths are those of the projection, as in `road_density`.

    Parameters
    ----------
    roads : GeoDataFrame of LineString
        With ``road_class`` and ``opened_on``; rows whose ``road_status`` is not ``built``
        do not count. Metric CRS.
    since, until : date or str
        First and last day, both within; without `until` to the end of the layer.

    Returns
    -------
    Tally
        Kilometres; NaN where the layer has no open rural road, or none with a date. Roads
        without a date are not counted, and told.

    Raises
    ------
    CRSError
        If the layer has no CRS or is in degrees.
    GeometryError
        If a row is not a line.
    ColumnError
        If a column is absent, or holds another word or no date.
    InputError
        If a day is none, or `until` is before `since`.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> roads = sample.roads().iloc[:2]
    >>> roads["road_class"] = ["county_road", "village_road"]
    >>> roads["opened_on"] = ["2019-10-01", "2024-05-01"]
    >>> rural_roads_opened(roads, "2023-01-01")
    <Tally of rural_highways_built: 1.00 公里 (1 of 4)>
    """
    first = as_day(since, "since")
    last = None if until is None else as_day(until, "until")
    if last is not None and last < first:
        raise InputError(f"until={last} is before since={first}.")
    require_metres(roads=roads)
    target = target_of("rural_highways_built")
    lines = require_lines(roads=roads)
    classes = require_words(roads, "roads", "road_class", made_by="read_roads")
    rural = np.isin(classes, RURAL) & open_rows(roads, "roads", "road_status")
    own = roads[rural]
    days = opening_days(own, "roads").to_numpy()
    km = shapely.length(lines[rural]) / M_PER_KM
    dated = ~np.isnat(days)
    taken = dated & (days >= np.datetime64(first))
    if last is not None:
        # A day with an hour is still that day.
        taken &= days < np.datetime64(last) + np.timedelta64(1, "D")
    undated = f"农村公路无通车日期的 {figure(float(km[~dated].sum()))} 公里未计入"
    period = f"{first}以来" if last is None else f"{first}至{last}"
    definition = (
        f"{period}通车的农村公路(县道、乡道、村道)中心线长度,"
        "以通车日期代用新改建,改建未改日期的不计"
    )
    return tally(
        target,
        value=float(km[taken].sum()) if dated.any() else NOTHING,
        counted=float(km[taken].sum()),
        total=float(km[dated].sum()),
        definition=definition,
        extra=() if dated.all() else (undated,),
        unknown=int((~dated).sum()),
        places=places_of(own[taken], "counted"),
        roads=roads,
    )


def dead_ends(
    roads: gpd.GeoDataFrame, zone: gpd.GeoDataFrame, planned: gpd.GeoDataFrame | None = None
) -> Tally:
    """Streets of the zone that end where a planned one would go on (断头路).

    Ends of 快速路, 主干路, 次干路 and 支路, as `deqing_geo.dead_ends` finds them in the network of
    open roads, that a road not yet open meets, to 10 cm. Where no such road reaches the zone,
    every end is counted, and they are 疑似断头路 only: a cul-de-sac is 尽端路. Of a layer that was
    cut at the zone's outline, the ends there are left out then, and those marked ``noexit``.

    Parameters
    ----------
    roads : GeoDataFrame of LineString
        With ``road_class``; ``road_status`` tells what is open. Metric CRS.
    zone : GeoDataFrame of Polygon
        The built-up zone. Same CRS.
    planned : GeoDataFrame of LineString, optional
        The planned network. Its rows with ``road_status`` ``built``, and those that lie where
        there is an open road, are not planned any more. Same CRS.

    Returns
    -------
    Tally
        The number of ends; ``total`` is that of all ends that no other open road meets. NaN
        where the zone has no open street.

    Raises
    ------
    CRSError
        If a layer has no CRS or is in degrees, or they disagree.
    GeometryError
        If a row is not a line, or an area not a valid polygon.
    ColumnError
        If ``road_class`` is absent, or a class or status is not in the vocabulary.

    Examples
    --------
    The planned lane of Paper Town leads on from its high street:

    >>> import geopandas as gpd, shapely
    >>> from deqing_geo import sample
    >>> lines = [[(0, 500), (900, 500)], [(900, 500), (2000, 500)]]
    >>> streets = gpd.GeoDataFrame(
    ...     {"road_class": "branch", "road_status": ["built", "planned"]},
    ...     geometry=[shapely.LineString(line) for line in lines],
    ... ).translate(sample.X0, sample.Y0)
    >>> streets = gpd.GeoDataFrame(
    ...     {"road_class": "branch", "road_status": ["built", "planned"]},
    ...     geometry=streets,
    ...     crs=sample.CRS,
    ... )
    >>> dead_ends(streets, sample.zone())
    <Tally of dead_end_roads_opened: 1 条 (1 of 2)>
    """
    layers = {"roads": roads, "zone": zone} | ({} if planned is None else {"planned": planned})
    require_metres(**layers)
    target = target_of("dead_end_roads_opened")
    lines = require_lines(roads=roads)
    within = union_of(zone)
    classes = require_words(roads, "roads", "road_class", made_by="read_roads")
    is_open = open_rows(roads, "roads", "road_status")
    streets = standards.load().definition("road_density").counts["roads"]
    city = np.isin(classes, streets)
    there = bool(shapely.intersects(within, lines[is_open & city]).any())
    found = _ends(roads, zone, planned) if there else None
    if found is None:
        kinds = np.empty(0, dtype=object)
        ends = None
        suspected = False
    else:
        # A circle at the end of a lane is no street that stops.
        ends = found[found["road_class"].isin(streets) & ~found["end_loop"]]
        kinds = ends["end_kind"].to_numpy()
        suspected = found.attrs["lines_to_come"] == 0
    if suspected:
        counted = int((kinds == SUSPECTED).sum())
        total = counted
        said = "疑似断头路:建成区内城市道路不与其他通车道路相接的端点数(裁切处不计)"
        extra: tuple[str, ...] = (word("notice.no_plan"),)
    else:
        counted, total = int((kinds == DEAD).sum()), len(kinds)
        said = "断头路(规划贯通未实施):建成区内城市道路在此终止、有未通车道路相接的端点数"
        extra = ()
    return tally(
        target,
        value=float(counted) if there else NOTHING,
        counted=counted,
        total=total,
        definition=(
            f"{said};城市道路指快速路、主次干路、支路,与规划道路相距{MEETS_M * 100:g}厘米以内、"
            f"与通车道路相距{SNAP_M:g}米以内为相接"
        ),
        extra=extra,
        places=None
        if ends is None
        else places_of(ends[kinds == (SUSPECTED if suspected else DEAD)], "to_solve"),
        **layers,
    )


def _ends(
    roads: gpd.GeoDataFrame, zone: gpd.GeoDataFrame, planned: gpd.GeoDataFrame | None
) -> gpd.GeoDataFrame:
    """The ends of the network of the roads that are open, whatever their labels."""
    numbered = roads.reset_index(drop=True)
    return network.dead_ends(network.road_network(numbered), numbered, planned, areas=zone)
