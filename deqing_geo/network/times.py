"""Minutes from villages to seats: along the roads, from the nearest point of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import require_areas, require_points
from deqing_geo.crs import moved, require_metres
from deqing_geo.divisions import TOWN_DIGITS
from deqing_geo.errors import ColumnError, GeometryError, InputError
from deqing_geo.network.graph import as_network
from deqing_geo.network.ways import minutes_between
from deqing_geo.provenance import origins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.network.arrays import RoadNetwork
    from deqing_geo.network.graph import Graph

    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

# Ours: about 25 minutes on foot. A place farther from every road lacks its road in the layer.
WITHIN_M = 2_000.0
KINDS = {"county_seat": "tt_county_min", "subcentre": "tt_subcentre_min"}
OWN = ("nearest", "nearest_min", "way")


def travel_minutes(
    places: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    graph: RoadNetwork | Graph,
    *,
    walk_kmh: float | None = None,
    within_m: float = WITHIN_M,
) -> pd.DataFrame:
    """Minutes by road from each village to each place (至各地车程).

    A village and a place come to the nearest point of a road, not to the nearest crossing, on
    foot and straight; from there the way goes on to either side, as traffic allows.

    Parameters
    ----------
    places : GeoDataFrame of Point, P rows
        Where to, one label each. With ``seat_kind`` (``county_seat``, ``subcentre``, ``town``)
        they are seats of government, and with ``town_code`` or ``town_name`` each the seat of
        its town. Metric CRS.
    villages : GeoDataFrame of Polygon or Point, N rows
        A polygon starts at a point inside it; for the homes of a village, pass points there.
        Same CRS.
    graph : RoadNetwork or networkx.MultiGraph or MultiDiGraph
        As `road_network` or `road_graph` makes it, also after edges were taken away.
    walk_kmh : float, optional
        Speed on foot; the standard's by default.
    within_m : float
        Who is farther than this from every road is not on the network.

    Returns
    -------
    DataFrame
        Indexed like `villages`. One column of minutes a place, named by its label; ``nearest``
        (label of the place nearest in time) and ``nearest_min``; ``way``: ``reached`` where
        every place is, else why not: ``no_road_near``, ``not_connected`` (no road leads there,
        or none in that direction), ``place_without_road``. NaN where there is no way. Of seats
        also ``tt_county_min``, ``tt_subcentre_min``, ``tt_centre_min`` (the nearer of the two)
        and ``tt_town_min``, to the seat of the own town, where they can be told.

    Raises
    ------
    InputError
        If there is no place, a label is given twice or is one of these columns, a speed is not
        above 0, or the graph is none.
    ColumnError
        If ``seat_kind`` holds another word.
    GeometryError
        If a place is no single point, or a village neither polygon nor point.
    CRSError
        If a layer is not in metres, or they disagree.

    See Also
    --------
    village_facts : what else a type is judged by.

    Examples
    --------
    From the corner of Paper Town's high street 2 km along it at 60 km/h; the second village
    lies 250 m beside it, three minutes on foot:

    >>> import geopandas as gpd
    >>> from deqing_geo import sample
    >>> from deqing_geo.network import road_network
    >>> net = road_network(sample.roads().iloc[:1], speeds={"arterial": 60})
    >>> x, y = sample.X0, sample.Y0 + 500
    >>> put = lambda *at: gpd.GeoDataFrame(geometry=gpd.points_from_xy(*zip(*at)), crs=sample.CRS)
    >>> seat = put((x + 2000, y)).rename({0: "seat"})
    >>> travel_minutes(seat, put((x, y), (x + 1000, y + 250)), net)
       seat nearest  nearest_min      way
    0   2.0    seat          2.0  reached
    1   4.0    seat          4.0  reached
    """
    require_metres(places=places, villages=villages)
    net = as_network(graph)
    goals = single_points("places", places)
    _refuse_labels(places.index, OWN)
    starts = _starts(villages)
    if walk_kmh is None:
        walk_kmh = standards.load().rule("speed.walk").value
    if net.crs is not None:
        starts = moved(starts, villages.crs, net.crs, "villages")
        goals = moved(goals, places.crs, net.crs, "places")
    here, there = shapely.get_coordinates(starts), shapely.get_coordinates(goals)
    found = minutes_between(net, here, there, np.arange(len(places)), walk_kmh, within_m)
    out = pd.DataFrame(found.minutes, index=villages.index, columns=places.index)
    lost = np.isnan(found.minutes)
    far = np.where(lost, np.inf, found.minutes)
    best = far.argmin(axis=1)
    nearest = np.where(lost.all(axis=1), None, places.index.to_numpy(dtype=object)[best])
    way = np.full(len(out), "reached", dtype=object)
    way[lost[:, ~found.there].any(axis=1)] = "place_without_road"
    way[lost[:, found.there].any(axis=1)] = "not_connected"
    way[~found.here] = "no_road_near"
    more: dict[str, Any] = {"nearest": nearest, "nearest_min": _least(found.minutes), "way": way}
    if "seat_kind" in places:
        more |= _to_seats(places, villages, found.minutes)
    for name, values in more.items():
        out[name] = values
    frames = {"places": places, "villages": villages}
    told = [str(frame.attrs["notice"]) for frame in frames.values() if frame.attrs.get("notice")]
    said = dict.fromkeys([*told, *net.notices])
    if said:
        out.attrs["notice"] = ";".join(said)
    out.attrs["origins"] = tuple(dict.fromkeys([*origins(**frames), *net.origins]))
    return out


def _to_seats(
    seats: gpd.GeoDataFrame, villages: gpd.GeoDataFrame, minutes: Floats
) -> dict[str, Floats]:
    kinds = seats["seat_kind"].to_numpy(dtype=object)
    known = list(names.vocabulary("seat_kind"))
    odd = ~np.isin(kinds.astype(str), known)
    if odd.any():
        raise ColumnError(f"`seat_kind` may hold {', '.join(known)}.", seats.index[odd])
    out = {
        column: _least(minutes[:, kinds == kind])
        for kind, column in KINDS.items()
        if (kinds == kind).any()
    }
    if out:
        out["tt_centre_min"] = _least(np.column_stack(list(out.values())))
    towns = own_towns(villages, seats)
    if towns is not None:
        own, theirs = towns
        out["tt_town_min"] = _least(np.where(own[:, None] == theirs[None, :], minutes, np.nan))
    _refuse_labels(seats.index, tuple(out))
    return out


def _least(minutes: Floats) -> Floats:
    """The least of each row; NaN where there is none."""
    least = np.where(np.isnan(minutes), np.inf, minutes).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(least), least, np.nan)


def own_towns(villages: gpd.GeoDataFrame, seats: gpd.GeoDataFrame) -> tuple[Shapes, Shapes] | None:
    """What village and seat call their town: by code where both have one, else by name.

    Parameters
    ----------
    villages : GeoDataFrame
        With ``town_code``, ``town_name``, or an index ``village_code``.
    seats : GeoDataFrame
        With ``town_code`` or ``town_name``.

    Returns
    -------
    tuple of two arrays of object, or None
        Of the villages and of the seats; None where they have nothing in common.
    """
    if "town_code" in seats:
        theirs = seats["town_code"].to_numpy(dtype=object)
        if "town_code" in villages:
            return villages["town_code"].to_numpy(dtype=object), theirs
        if villages.index.name == "village_code":
            codes = villages.index.astype(str).str.slice(0, TOWN_DIGITS)
            return codes.to_numpy(dtype=object), theirs
    if "town_name" in seats and "town_name" in villages:
        own, theirs = (frame["town_name"].to_numpy(dtype=object) for frame in (villages, seats))
        return own, theirs
    return None


def _refuse_labels(labels: pd.Index[Any], taken: tuple[str, ...]) -> None:
    if len(labels) == 0:
        raise InputError("`places` is empty: minutes to where?")
    twice = labels[labels.duplicated()].unique()
    if len(twice):
        raise InputError(
            "`places` repeats labels in its index, and each is a column. "
            "Try places.reset_index(drop=True).",
            twice,
        )
    mixed = labels[labels.isin(taken)]
    if len(mixed):
        raise InputError(
            "`places` has labels that the result needs as columns. "
            "Try places.reset_index(drop=True).",
            mixed,
        )


def single_points(name: str, frame: gpd.GeoDataFrame) -> Shapes:
    """One point a row, or a refusal.

    Parameters
    ----------
    name : str
        The caller's name for the layer.
    frame : GeoDataFrame of Point
        The layer.

    Returns
    -------
    array of shapely geometries
        The points, in order.
    """
    points = require_points(**{name: frame})
    several = shapely.get_num_geometries(points) > 1
    if several.any():
        raise GeometryError(f"`{name}` has rows of several points.", frame.index[several])
    return points


def _starts(villages: gpd.GeoDataFrame) -> Shapes:
    """A point in each polygon; points as they are."""
    shapes = np.asarray(villages.geometry.array, dtype=object)
    if (shapely.get_dimensions(shapes) == 0).any():
        return single_points("villages", villages)
    inside: Shapes = np.asarray(shapely.point_on_surface(require_areas(villages=villages)))
    return inside
