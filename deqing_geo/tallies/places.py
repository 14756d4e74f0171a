"""Villages with a service, services opened, parks of a size."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import (
    require_areas,
    require_points,
    require_polygons,
    require_words,
    warn_if_apart,
)
from deqing_geo.crs import require_metres
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.errors import InputError
from deqing_geo.opened import open_rows, opening_days
from deqing_geo.tallies.model import (
    NOTHING,
    Tally,
    answer_to,
    own_villages,
    places_of,
    share_of,
    tally,
    target_of,
    union_of,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]

COUNTED, LACKING = "counted", "lacking"


def villages_with(
    villages: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    facility_class: str,
    *,
    key: str | None = None,
) -> Tally:
    """Share of villages with at least one facility of a class (有站、有所的行政村占比).

    A facility counts where it lies in a village or on its border; on the border of two it
    counts for both. Of a layer with ``unit_kind`` only 村委会 are villages.

    Parameters
    ----------
    villages : GeoDataFrame of Polygon
        Metric CRS; 居委会 are told apart by ``unit_kind``.
    facilities : GeoDataFrame of Point
        With ``facility_class``. Same CRS.
    facility_class : str
        For example ``bus_stop`` or ``parcel``.
    key : str, optional
        The target it answers. Known for bus stops (城乡公交一体化率) and parcel stations.

    Returns
    -------
    Tally
        A ratio; NaN without villages.

    Raises
    ------
    CRSError
        If a layer has no CRS or is in degrees, or they disagree.
    GeometryError
        If a village is not a valid polygon or a facility not a point.
    ColumnError
        If ``facility_class`` is absent or holds another word.
    InputError
        If there is no such class, or no target asks for it and `key` is not given.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from deqing_geo import sample
    >>> stops = gpd.GeoDataFrame(
    ...     {"facility_class": ["bus_stop"] * 2},
    ...     geometry=gpd.points_from_xy([500_500, 503_500], [3_380_500] * 2, crs=sample.CRS),
    ... )
    >>> villages_with(sample.villages(), stops, "bus_stop")
    <Tally of bus_integration_rate: 50.00% (2 of 4)>
    """
    require_metres(villages=villages, facilities=facilities)
    target = answer_to(facility_class, key)
    shapes = require_areas(villages=villages)
    points = _of_class(facilities, facility_class)
    warn_if_apart(shapes, facilities=points)
    own, said, missed = own_villages(villages, "villages")
    has = _holds(shapes[own], points)
    what = names.vocabulary("facility_class")[facility_class]
    definition = (
        f"有{what}的{said}占全部{said}的比例;在村界内或界上即计,以有无{what}代用,不计班次与质量"
    )
    extra = (f"{target.indicator_zh}:{names.word('notice.proxy_count')}", *missed)
    return share_of(
        target, has, definition, extra,
        places=places_of(villages[own], np.where(has, COUNTED, LACKING)),
        villages=villages, facilities=facilities,
    )  # fmt: skip


def communities_with(
    villages: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    facility_class: str,
    zone: gpd.GeoDataFrame,
    *,
    key: str | None = None,
) -> Tally:
    """Share of the built-up zone's villages and communities with a facility (县城覆盖).

    A unit is of the zone where its inner point (shapely's point_on_surface) lies in it. No
    document gives a service radius for charging stations, so none is used.

    Parameters
    ----------
    villages : GeoDataFrame of Polygon
        Villages and communities, of every ``unit_kind``. Metric CRS.
    facilities : GeoDataFrame of Point
        With ``facility_class``. Same CRS.
    facility_class : str
        For example ``charging``.
    zone : GeoDataFrame of Polygon
        The built-up zone (建成区). Same CRS.
    key : str, optional
        The target it answers. Known for charging stations (充换电设施县城覆盖).

    Returns
    -------
    Tally
        A ratio; NaN where no unit is of the zone.

    Raises
    ------
    CRSError, GeometryError, ColumnError, InputError, StandardsError
        As for `villages_with`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from deqing_geo import sample
    >>> spots = gpd.GeoDataFrame(
    ...     {"facility_class": ["charging"]},
    ...     geometry=gpd.points_from_xy([500_500], [3_380_500], crs=sample.CRS),
    ... )
    >>> communities_with(sample.villages(), spots, "charging", sample.zone())
    <Tally of ev_charging_coverage: 33.33% (1 of 3)>
    """
    require_metres(villages=villages, facilities=facilities, zone=zone)
    target = answer_to(facility_class, key)
    shapes = require_areas(villages=villages)
    within = union_of(zone)
    points = _of_class(facilities, facility_class)
    warn_if_apart(shapes, facilities=points)
    inner = shapely.point_on_surface(shapes)
    inside = shapely.covers(within, inner)
    has = _holds(shapes[inside], points)
    what = names.vocabulary("facility_class")[facility_class]
    definition = (
        f"建成区内(以单元内点判定)有{what}的村(社区)占比;无文件规定服务半径,故不按半径计,以有无代用"
    )
    extra = (f"{target.indicator_zh}:{names.word('notice.proxy_count')}",)
    return share_of(
        target, has, definition, extra,
        places=places_of(villages[inside], np.where(has, COUNTED, LACKING)),
        villages=villages, facilities=facilities, zone=zone,
    )  # fmt: skip


def clinics_opened(
    facilities: pd.DataFrame, year: int, facility_class: str = "clinic", *, key: str | None = None
) -> Tally:
    """How many facilities of a class opened in a year (村卫生室每年新增).

    Parameters
    ----------
    facilities : DataFrame or GeoDataFrame
        With ``facility_class`` and ``opened_on`` (YYYY-MM-DD).
    year : int
        Which year.
    facility_class : str
        What to count.
    key : str, optional
        The target it answers. Known for clinics.

    Returns
    -------
    Tally
        A count; NaN where the layer has none of the class, or none with a date. Rows
        without a date are not counted, and told.

    Raises
    ------
    ColumnError
        If a column is absent, or holds another word or no date.
    InputError
        If `year` is no year, there is no such class, or no target asks for it.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    >>> points = pd.DataFrame(
    ...     {"facility_class": "clinic", "opened_on": ["2024-03-01", "2025-06-30", None]}
    ... )
    >>> clinics_opened(points, 2025)
    <Tally of village_clinics: 1 个/年 (1 of 2)>
    """
    if isinstance(year, bool) or not isinstance(year, int) or not date.min.year <= year:
        raise InputError(f"year={year!r} is no year, such as 2025.")
    target = answer_to(facility_class, key)
    rows = facilities[_words(facilities) == facility_class]
    days = opening_days(rows, "facilities")
    dated = days.notna().to_numpy()
    opened = int((days.dt.year == year).sum())
    what = names.vocabulary("facility_class")[facility_class]
    left = () if dated.all() else (f"{what}无开放日期的 {int((~dated).sum())} 个未计入",)
    return tally(
        target,
        value=float(opened) if dated.any() else NOTHING,
        counted=opened,
        total=int(dated.sum()),
        definition=f"{year}年开放(建成)的{what}个数,按开放日期计;改建、扩建未改日期的不计",
        extra=left,
        unknown=int((~dated).sum()),
        year=year,
        places=places_of(rows[(days.dt.year == year).to_numpy()], COUNTED),
        facilities=facilities,
    )


def pocket_parks(parks: gpd.GeoDataFrame, zone: gpd.GeoDataFrame | None = None) -> Tally:
    """How many open parks are of the size of a pocket park (口袋公园).

    400 m2 to 1 ha by the guide of 2024, both within, on the ellipsoid and to the whole
    square metre. 口袋公园 is the name of a programme, so it is the size that decides.

    Parameters
    ----------
    parks : GeoDataFrame of Polygon
        With ``park_class``: classes that count for park coverage. Rows whose
        ``park_status`` is not ``built`` do not count. Metric CRS.
    zone : GeoDataFrame of Polygon, optional
        Only parks that meet it. Same CRS.

    Returns
    -------
    Tally
        A count; ``total`` is that of open parks of every size. NaN without any park.

    Raises
    ------
    CRSError
        If a layer has no CRS or is in degrees, or they disagree.
    GeometryError
        If a row is not a valid polygon.
    ColumnError
        If ``park_class`` is absent, or a class or status is not in the vocabulary.

    Examples
    --------
    Paper Town's parks measure 10,000, 2,000 and 1,999 m2:

    >>> from deqing_geo import sample
    >>> pocket_parks(sample.parks())
    <Tally of pocket_parks: 3 个 (3 of 3)>
    """
    layers = {"parks": parks} | ({} if zone is None else {"zone": zone})
    require_metres(**layers)
    target = target_of("pocket_parks")
    law = standards.load()
    low, high = law.rule("pocket_park.from_m2"), law.rule("pocket_park.to_m2")
    shapes = require_polygons(parks=parks)
    classes = require_words(parks, "parks", "park_class", made_by="read_parks")
    own = np.isin(classes, law.definition("park_coverage").counts["parks"])
    own &= open_rows(parks, "parks", "park_status")
    own &= ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if zone is not None:
        own &= shapely.intersects(union_of(zone), shapes)
    size = np.round(ellipsoidal_area(shapes[own], parks.crs))
    small = (size >= low.value) & (size <= high.value)
    where = "" if zone is None else "建成区内"
    definition = (
        f"{where}建成开放、面积{low.value:g}至{high.value:g}平方米的公园绿地个数"
        f"({low.document}),按面积代用,不论是否列入口袋公园名单"
    )
    unread = (names.word("notice.unread"),) if low.unread or high.unread else ()
    return tally(
        target,
        value=float(small.sum()) if len(parks) else NOTHING,
        counted=int(small.sum()),
        total=int(own.sum()),
        definition=definition,
        extra=unread,
        places=places_of(parks[own][small], COUNTED),
        **layers,
    )


def _words(facilities: pd.DataFrame) -> Shapes:
    if not isinstance(facilities, pd.DataFrame):
        raise InputError(f"`facilities` is a {type(facilities).__name__}, not a table.")
    return require_words(facilities, "facilities", "facility_class")


def _of_class(facilities: gpd.GeoDataFrame, facility_class: str) -> Shapes:
    known = names.vocabulary("facility_class")
    if facility_class not in known:
        raise InputError(f"`{facility_class}` is no class of facilities: {', '.join(known)}.")
    own: Shapes = require_points(facilities=facilities)[_words(facilities) == facility_class]
    return own


def _holds(shapes: Shapes, points: Shapes) -> Flags:
    has = np.zeros(len(shapes), dtype=bool)
    has[shapely.STRtree(shapes).query(points, predicate="intersects")[1]] = True
    return has
