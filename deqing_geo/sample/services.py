"""Bus stops, clinics, schools and the like, where people and roads of the made-up county are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.sample import CRS

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUS_ROADS = ("highway", "county_road", "township_road", "arterial", "subarterial")
STOP_EVERY_M = 700.0
STOPS_APART_M = 420.0
# How likely a village has one: a base, what each thousand people adds, what each kilometre
# to the nearest town takes. Of this made-up county.
LIKELY = {
    "clinic": (0.52, 0.13, 0.050),
    "parcel": (0.44, 0.15, 0.060),
    "shop": (0.57, 0.19, 0.050),
    "culture_hall": (0.37, 0.08, 0.025),
    "sports": (0.42, 0.10, 0.035),
    "elderly_care": (0.20, 0.13, 0.035),
    "kindergarten": (0.02, 0.18, 0.040),
    "primary_school": (0.00, 0.10, 0.025),
    "charging": (0.04, 0.11, 0.030),
}
PEOPLE_TO_A_SECOND = 4_500  # one more for each so many people
# When they opened: most before the plan, some in each of the last five years, a few unknown.
OLDEST, RECENT = "1996-01-01", (2021, 2022, 2023, 2024, 2025)
DAYS_OF_A_YEAR = 365
SINCE = {"parcel": "2013-01-01", "charging": "2016-01-01"}  # there were none before
RECENT_SHARE = 0.17
UNDATED_SHARE = 0.02


def facilities(
    random: np.random.Generator,
    villages: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    seats: NDArray[np.float64],
) -> gpd.GeoDataFrame:
    """Services, by the people of each village and how far it lies.

    Parameters
    ----------
    random : Generator
        The source of chance.
    villages, homes, roads : GeoDataFrame
        Layers of the county.
    seats : ndarray of shape (N, 2)
        Seats of the towns, metres.

    Returns
    -------
    GeoDataFrame of Point
        ``facility_class``, ``facility_name``, ``village_code``; every point lies in its
        village, bus stops on a built road.
    """
    stops = _stops(roads)
    village, stop = shapely.STRtree(stops).query(villages.geometry.to_numpy(), predicate="contains")
    order = np.lexsort((stop, village))
    points: list[Any] = stops[stop[order]].tolist()
    words = ["bus_stop"] * len(points)
    whose = villages.index.to_numpy()[village[order]].tolist()
    people = homes.groupby("village_code")["people"].sum().reindex(villages.index, fill_value=0)
    places = shapely.point_on_surface(homes.geometry.to_numpy())
    rows_of = homes.groupby("village_code", sort=True).indices
    middles = shapely.get_coordinates(shapely.point_on_surface(villages.geometry.to_numpy()))
    away = np.sqrt(((middles[:, None] - seats[None]) ** 2).sum(axis=2)).min(axis=1) / 1000
    for at, code in enumerate(villages.index):
        draw = np.round(random.random((len(LIKELY), 2)), 6)
        rows = rows_of.get(code, [])
        if len(rows) == 0:
            continue
        thousands = float(people.iloc[at]) / 1000
        for (word, (base, more, less)), (chance, where) in zip(LIKELY.items(), draw, strict=True):
            if chance >= base + more * thousands - less * float(away[at]):
                continue
            count = 1 + int(float(people.iloc[at]) // PEOPLE_TO_A_SECOND)
            for one in range(count):
                spot = (int(where * len(rows)) + one * max(1, len(rows) // count)) % len(rows)
                points.append(places[rows[spot]])
                words.append(word)
                whose.append(code)
    kinds = names.vocabulary("facility_class")
    called = villages["village_name"]
    return gpd.GeoDataFrame(
        {
            "facility_class": words,
            "facility_name": [
                f"{called[code]}{kinds[word]}" for code, word in zip(whose, words, strict=True)
            ],
            "village_code": whose,
        },
        geometry=shapely.set_precision(np.array(points, dtype=object), 0.001),
        crs=CRS,
    )


def dated(random: np.random.Generator, points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Services with the day each opened.

    Parameters
    ----------
    random : Generator
        The source of chance, of its own: services stay where they were.
    points : GeoDataFrame of Point
        With ``facility_class``; left as it is.

    Returns
    -------
    GeoDataFrame of Point
        The same rows with ``opened_on``, as YYYY-MM-DD; None where nobody knows.
    """
    draw = np.round(random.random((3, len(points))), 6)
    first = points["facility_class"].map(SINCE).fillna(OLDEST).to_numpy(dtype="datetime64[D]")
    turn = np.datetime64(f"{RECENT[0]}-01-01")
    days = first + (draw[1] * (turn - first).astype(int)).astype(int)
    recent = draw[0] < RECENT_SHARE
    # By turns, so that no year of a class goes without.
    year = points[recent].groupby("facility_class").cumcount().to_numpy() % len(RECENT)
    starts = np.array([f"{one}-01-01" for one in RECENT], dtype="datetime64[D]")
    days[recent] = starts[year] + (draw[1][recent] * DAYS_OF_A_YEAR).astype(int)
    text = days.astype("datetime64[D]").astype(str).astype(object)
    text[draw[2] < UNDATED_SHARE] = None
    out = points.copy()
    at = out.columns.get_loc(out.geometry.name)
    out.insert(at, "opened_on", pd.Series(text, index=out.index, dtype=object))
    return out


def _stops(roads: gpd.GeoDataFrame) -> NDArray[Any]:
    """Places along bus roads, not two within `STOPS_APART_M`."""
    own = (roads["road_status"] == "built") & roads["road_class"].isin(BUS_ROADS)
    lines = roads.geometry.to_numpy()[own.to_numpy()]
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines.tolist())))
    length = shapely.length(merged)
    count = np.floor((length + STOP_EVERY_M / 2) / STOP_EVERY_M).astype(int)
    line = np.repeat(np.arange(len(merged)), count)
    which = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    share = (which + 0.5) * length[line] / np.maximum(count[line], 1)
    places = shapely.line_interpolate_point(merged[line], np.round(share, 3))
    first, second = shapely.STRtree(places).query(
        places, predicate="dwithin", distance=STOPS_APART_M
    )
    kept = np.ones(len(places), dtype=bool)
    order = np.lexsort((second, first))
    for one, other in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if one < other and kept[one]:
            kept[other] = False
    return np.asarray(places[kept])
