"""Facts of villages that layers tell: minutes, ground, people, hazards, faults, services.

Each function writes its columns and says where they came from. Nothing here judges, and a
layer that was not given writes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.checks import require_lines, require_points, require_polygons, require_words
from deqing_geo.crs import moved
from deqing_geo.cutting import SLIVER_M2, once, pieces_in
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.errors import ColumnError, InputError
from deqing_geo.network import as_network, travel_minutes
from deqing_geo.network.joining import MINUTES_PER_HOUR
from deqing_geo.network.times import own_towns, single_points
from deqing_geo.network.ways import minutes_between
from deqing_geo.opened import opening_days
from deqing_geo.terrain import slope, zonal
from deqing_geo.villages.lived import Lived
from deqing_geo.villages.told import MEASURED, PROXY

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from deqing_geo.network import RoadNetwork
    from deqing_geo.network.graph import Graph
    from deqing_geo.rasters import Raster
    from deqing_geo.villages.told import Told

    Shapes = NDArray[Any]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

M2_PER_MU = 2000 / 3
M2_PER_KM2 = 1_000_000
GRADES = ("none", "low", "medium", "high")
MINUTE_COLUMNS = ("tt_county_min", "tt_subcentre_min", "tt_centre_min", "tt_town_min")
GROUND = ("slope_res_mean_deg", "slope_res_p90", "elev_mean_m", "relief_m")
# At this speed a metre takes a minute, so that ways counted in minutes come out in metres.
METRE_A_MINUTE_KMH = MINUTES_PER_HOUR / 1000


# ---------------------------------------------------------------- ways


def minutes(
    out: gpd.GeoDataFrame,
    told: Told,
    network: RoadNetwork | Graph,
    seats: gpd.GeoDataFrame,
    place: Shapes,
    walk_kmh: float,
) -> None:
    """Minutes to the county seat, the subcentre, the nearer of them, and the own town's seat."""
    kinds = needed(seats, "seats", "seat_kind")
    known = list(names.vocabulary("seat_kind"))
    odd = ~np.isin(kinds, known)
    if odd.any():
        raise ColumnError(f"`seat_kind` may hold {', '.join(known)}.", seats.index[odd])
    if not (kinds == "county_seat").any():
        raise ColumnError("`seats` names no county_seat (县城), to which minutes are asked.")
    towns = own_towns(out, seats)
    if towns is None:
        raise ColumnError("`seats` needs `town_code`, or `town_name` as the villages have it.")
    own, theirs = towns
    without = ~np.isin(own, theirs) | pd.isna(own)
    if without.any():
        missing = sorted({str(name) for name in own[without]})
        raise ColumnError(
            f"`seats` has no seat for {', '.join(missing[:5])}; each town needs one.",
            out.index[without],
        )
    starts = out.drop(columns="geometry").set_geometry(gpd.GeoSeries(place, out.index, out.crs))
    found = travel_minutes(seats.reset_index(drop=True), starts, network, walk_kmh=walk_kmh)
    for column in MINUTE_COLUMNS:
        if column in found:
            out[column] = found[column]
            told.say(column, MEASURED, "network", "seats", "homes")


def services(
    out: gpd.GeoDataFrame,
    told: Told,
    facilities: gpd.GeoDataFrame,
    shapes: Shapes,
    place: Shapes,
    network: RoadNetwork | Graph | None,
    within_m: float,
    as_of: date | None,
) -> None:
    """How many kinds of service a village has, and which: inside it, or near its homes."""
    kinds = list(names.vocabulary("facility_kind"))
    meant = names.crosswalk("facility_kind")
    words = require_words(facilities, "facilities", "facility_class")
    kind = np.array([kinds.index(meant[one]) if one in meant else -1 for one in words], dtype=int)
    points = single_points("facilities", facilities)
    counts = kind >= 0
    if as_of is not None and "opened_on" in facilities:
        days = opening_days(facilities, "facilities").to_numpy(dtype="datetime64[ns]")
        counts &= ~(days > np.datetime64(as_of))
    kind, points = kind[counts], points[counts]
    has = np.zeros((len(out), len(kinds)), dtype=bool)
    village, inside = shapely.STRtree(points).query(shapes, predicate="intersects")
    has[village, kind[inside]] = True
    if network is None:
        near, at = shapely.STRtree(points).query(place, predicate="dwithin", distance=within_m)
        has[near, kind[at]] = True
    elif len(points):
        has |= _metres_by_road(out, network, place, points, kind, len(kinds)) <= within_m
    if not told.settled("fac_count"):
        out["fac_count"] = pd.array(has.sum(axis=1), dtype="Int64")
        _say_services(told, "fac_count", network)
    labels = np.array(list(names.vocabulary("facility_kind").values()), dtype=object)
    texts = ["、".join(labels[row]) or None for row in has]
    out["fac_kinds"] = pd.Series(texts, index=out.index, dtype=object)
    _say_services(told, "fac_kinds", network)


def _say_services(told: Told, column: str, network: object) -> None:
    how, also = (PROXY, names.word("facts.straight")) if network is None else (MEASURED, "")
    told.say(column, how, "facilities", "network", "homes", also=also)


def _metres_by_road(
    out: gpd.GeoDataFrame,
    network: RoadNetwork | Graph,
    place: Shapes,
    points: Shapes,
    kind: Ints,
    count: int,
) -> Floats:
    """Metres by road to the nearest of each kind, in either direction; NaN without a way."""
    net = as_network(network)
    # People walk against the traffic too; a road closed to cars has no minutes and stays closed.
    open_m = np.where(np.isfinite(net.minutes), net.metres, np.nan)
    walked = replace(net, minutes=open_m, oneway=np.zeros(len(net.metres), dtype=bool))
    if net.crs is not None:
        place = moved(place, out.crs, net.crs, "villages")
        points = moved(points, out.crs, net.crs, "facilities")
    here, there = shapely.get_coordinates(place), shapely.get_coordinates(points)
    used, group = np.unique(kind, return_inverse=True)
    far = np.full((len(out), count), np.nan)
    far[:, used] = minutes_between(
        walked, here, there, group, METRE_A_MINUTE_KMH, within_m=_ANY_DISTANCE_M
    ).minutes
    return far


# Whoever is farther than the limit from a road is too far by the way to it already.
_ANY_DISTANCE_M = 1e9


# ---------------------------------------------------------------- ground and people


def ground(out: gpd.GeoDataFrame, told: Told, terrain: Raster, lived: Shapes) -> None:
    """Slope, height and relief under the homes."""
    frame = gpd.GeoDataFrame(geometry=lived, index=out.index, crs=out.crs)
    heights = zonal(frame, terrain, ["mean", "min", "max"])
    steep = zonal(frame, slope(terrain), ["mean", "p90"])
    out["slope_res_mean_deg"], out["slope_res_p90"] = steep["mean"], steep["p90"]
    out["elev_mean_m"] = heights["mean"]
    out["relief_m"] = heights["max"] - heights["min"]
    for column in GROUND:
        told.say(column, MEASURED, "terrain", "homes")


def people(out: gpd.GeoDataFrame, told: Told, population: Raster, lived: Shapes) -> None:
    """People of the cells under the homes; they stand in where nobody declared residents."""
    frame = gpd.GeoDataFrame(geometry=lived, index=out.index, crs=out.crs)
    out["pop_grid"] = zonal(frame, population, ["sum"])["sum"]
    told.say("pop_grid", PROXY, "population", "homes")
    if not told.settled("pop_resident"):
        out["pop_resident"] = out["pop_grid"].round()
        told.say("pop_resident", PROXY, "population", "homes")


def density(out: gpd.GeoDataFrame, told: Told, shapes: Shapes) -> None:
    """Residents over the whole village."""
    if "pop_resident" not in told:
        return
    residents = out["pop_resident"].to_numpy(dtype=float, na_value=np.nan)
    km2 = ellipsoidal_area(shapes, out.crs) / M2_PER_KM2
    out["pop_density"] = residents / np.where(km2 > 0, km2, np.nan)
    told.computed("pop_density", MEASURED, "pop_resident", "area_km2")


def arable(out: gpd.GeoDataFrame, told: Told, cropland: gpd.GeoDataFrame, shapes: Shapes) -> None:
    """The share of arable land, and how much of it there is a head."""
    share = share_of(shapes, parts_of(cropland, "cropland"))
    out["farmland_share"] = share
    told.say("farmland_share", MEASURED, "cropland")
    if told.settled("farmland_pc") or "pop_resident" not in told:
        return
    area = share * ellipsoidal_area(shapes, out.crs)
    residents = out["pop_resident"].to_numpy(dtype=float, na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        out["farmland_pc"] = np.where(residents > 0, area / M2_PER_MU / residents, np.nan)
    told.computed("farmland_pc", MEASURED, "farmland_share", "pop_resident")


# ---------------------------------------------------------------- hazards and faults


def hazardous(
    out: gpd.GeoDataFrame, told: Told, hazards: gpd.GeoDataFrame, shapes: Shapes, lived: Lived
) -> None:
    """The worst hazard there is, and how many points of it."""
    words = needed(hazards, "hazards", "hazard_class")
    odd = ~np.isin(words, GRADES)
    if odd.any():
        raise ColumnError(f"`hazard_class` may hold {', '.join(GRADES)}.", hazards.index[odd])
    grade = np.array([GRADES.index(str(one)) for one in words], dtype=np.intp)
    places = np.asarray(hazards.geometry.array, dtype=object)
    area = shapely.get_dimensions(places) == 2
    home, patch = _patches(hazards[area], lived)
    sites = require_points(hazards=hazards[~area])
    village, site = shapely.STRtree(sites).query(shapes, predicate="intersects")
    worst = np.zeros(len(out), dtype=np.intp)
    np.maximum.at(worst, village, grade[~area][site])
    np.maximum.at(worst, home, grade[area][patch])
    out["hazard_class"] = pd.Series([GRADES[at] for at in worst], index=out.index, dtype=object)
    told.say("hazard_class", MEASURED, "hazards", "homes")
    if not area.any():
        out["hazard_points_n"] = np.bincount(village, minlength=len(out))
        told.say("hazard_points_n", MEASURED, "hazards")


def _patches(hazards: gpd.GeoDataFrame, lived: Lived) -> tuple[Ints, Ints]:
    """Which area has land in which patch: zones border one another, and a border is no land."""
    patches = require_polygons(hazards=hazards)
    piece, patch = shapely.STRtree(patches).query(lived.pieces, predicate="intersects")
    common = shapely.intersection(lived.pieces[piece], patches[patch])
    shared = shapely.area(common) > SLIVER_M2
    return lived.at[piece[shared]], patch[shared]


def faulted(out: gpd.GeoDataFrame, told: Told, fault_lines: gpd.GeoDataFrame, lived: Lived) -> None:
    """Metres from the homes to the nearest fault."""
    lines = shapely.get_parts(require_lines(fault_lines=fault_lines))
    lines = lines[~shapely.is_empty(lines)]
    if len(lines) == 0:
        raise InputError(
            "`fault_lines` has no line in it, so no distance to one. Leave fault_lines= out where "
            "there is no fault; the condition on it is then switched off."
        )
    if not told.settled("fault_dist_m"):
        out["fault_dist_m"] = lived.metres_to_lines(lines)
        told.say("fault_dist_m", MEASURED, "fault_lines", "homes")


# ---------------------------------------------------------------- layers


def needed(frame: gpd.GeoDataFrame, name: str, column: str) -> Shapes:
    """A column a layer cannot do without."""
    if column not in frame:
        fields = ", ".join(str(field) for field in frame.columns if field != "geometry")
        raise ColumnError(f"`{name}` needs a column `{column}`; it has {fields or 'none'}.")
    values: Shapes = frame[column].to_numpy(dtype=object)
    return values


def rows_of(frame: gpd.GeoDataFrame, name: str, column: str, wanted: str) -> gpd.GeoDataFrame:
    """The rows of one kind, where the layer says which is which."""
    if column not in frame:
        return frame
    known = names.vocabulary(column)
    kinds = frame[column].to_numpy(dtype=object)
    odd = ~np.isin(kinds, list(known))
    if odd.any():
        raise ColumnError(f"`{column}` of `{name}` may hold {', '.join(known)}.", frame.index[odd])
    return frame[kinds == wanted]


def parts_of(frame: gpd.GeoDataFrame, name: str) -> Shapes:
    """Single polygons without overlaps."""
    parts: Shapes = shapely.get_parts(once(require_polygons(**{name: frame})))
    return parts


def share_of(areas: Shapes, parts: Shapes) -> Floats:
    """The part of each area that lies in any of the parts."""
    if len(parts) == 0:
        return np.zeros(len(areas))
    at, pieces = pieces_in(areas, parts)
    # Rounding must not make more than the whole of it.
    inside = np.bincount(at, shapely.area(pieces), len(areas)) / shapely.area(areas)
    return np.clip(inside, 0, 1)
