"""The village table of the schematic county: what offices would declare of each unit.

Every fact follows from the county's ground, roads and layers, with some chance; the type
now in force follows from facts as they were some years ago. No fact follows from a type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo.network import road_network

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.rasters import Raster

# Kilometres an hour, of this made-up county; a way to the road on foot at 5.
SPEEDS = {
    "motorway": 100.0,
    "expressway": 60.0,
    "highway": 60.0,
    "arterial": 45.0,
    "county_road": 45.0,
    "subarterial": 40.0,
    "township_road": 35.0,
    "branch": 30.0,
    "frontage": 30.0,
    "link": 40.0,
    "village_road": 25.0,
    "estate": 15.0,
    "other": 10.0,
    "farm_track": 12.0,
}
WALK_KMH = 5.0
ASKED_IN = 2021  # the year of the types in force
KINDS = (
    ("kindergarten", "primary_school"),
    ("clinic",),
    ("elderly_care",),
    ("culture_hall",),
    ("shop",),
    ("bus_stop",),
    ("parcel",),
    ("sports",),
)
NEAR_M = 1_000.0
HERITAGE = (
    "中国传统村落(示意名录) 第五批 2019",
    "省级历史文化名村(示意名录) 第六批 2016",
    "省级传统村落(示意名录) 第二批 2022",
    "省历史文化村落保护利用重点村(示意名录) 第九批 2021",
    "省级传统村落(示意名录) 第三批 2024",
    "特色景观旅游名村(示意名录) 第三批 2015",
)
TYPE_DOCUMENT = "示意文号〔2021〕0号"
# Works in the villages, of this made-up county.
SEWAGE_SHARE = 0.93
SEWAGE_BLANK = 0.04
REVIVED = (0.04, 0.20)  # homesteads back in use, per household registered
PEOPLE_TO_A_HOUSEHOLD = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """What is measured of each unit before anything is declared."""

    people: NDArray[Any]
    households: NDArray[Any]
    county: NDArray[Any]  # minutes, as the next two
    centre: NDArray[Any]
    town: NDArray[Any]
    slope: NDArray[Any]  # degrees under the homes
    height: NDArray[Any]
    stream_m: Any
    water1: NDArray[Any]  # share of homes, as the next
    redline: NDArray[Any]
    threatened: NDArray[Any]
    worst: NDArray[Any]  # 0 low, 1 medium, 2 high, -1 none
    project_m: NDArray[Any]  # roads under construction


def village_table(
    random: np.random.Generator,
    villages: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    terrain: Raster,
    slope: Raster,
    water: gpd.GeoDataFrame,
    redline: gpd.GeoDataFrame,
    water_source: gpd.GeoDataFrame,
    hazards: gpd.GeoDataFrame,
    zone: Any,
    towns: Any,
    seats: dict[str, NDArray[np.float64]],
) -> pd.DataFrame:
    """One row per unit, with the gaps such tables have.

    Parameters
    ----------
    random : Generator
        The source of chance.
    villages, homes, facilities, roads, water, redline, water_source, hazards : GeoDataFrame
        Layers of the county.
    terrain, slope : Raster
        Metres and degrees.
    zone, towns : Polygon or MultiPolygon
        Built-up land of the county seat, and of the other towns.
    seats : dict of str to ndarray of shape (2,)
        Seat of each town by ``town_code``, metres.

    Returns
    -------
    DataFrame
        Index ``village_code``. People and households are the sums of the homes'; what is
        not known is None or NaN, never 0.
    """
    facts = _measure(
        villages, homes, roads, terrain, slope, water, redline, water_source, hazards, seats
    )
    count = len(villages)
    noise = np.round(random.normal(size=(8, count)), 6)
    committee = (villages["unit_kind"] == "village_committee").to_numpy()
    remote = np.nan_to_num(facts.centre, nan=60.0)
    change = 7 - 0.42 * remote - 0.5 * facts.slope + 2.6 * noise[0]
    change = np.round(np.clip(change, -28, 18), 1)
    aging = 0.17 + 0.0035 * remote + 0.006 * facts.slope - 0.004 * change + 0.02 * noise[1]
    aging = np.round(np.clip(aging, 0.08, 0.55), 3)
    hollow = 0.02 + 0.0035 * remote + 0.010 * facts.slope - 0.005 * change + 0.02 * noise[2]
    hollow = np.round(np.clip(hollow, 0, 0.7), 3)
    income = (55 + 0.035 * facts.people + 130 * np.exp(-remote / 14)) * np.exp(0.38 * noise[3])
    income = np.round(np.minimum(income, 600), 1)
    registered = facts.people / (1 + change / 100) * (1 + 0.6 * hollow + 0.02 * noise[4])
    registered = np.round(np.where(committee, registered, 0.8 * registered)).astype(int)
    lists = _heritage(facts, committee)
    seat = _seats(villages, seats)
    central = _central(villages, facts, committee & ~seat)
    risk = facts.water1 + 0.5 * facts.redline + facts.threatened / np.maximum(facts.people, 1)
    risk = np.where(committee & ~seat, np.round(risk, 4), 0)
    order = np.argsort(-risk, kind="stable")[:3]
    moving = np.zeros(count, dtype=bool)
    moving[order[risk[order] > 0.05]] = True
    papers = np.full(count, None, dtype=object)
    # The last of them was decided, but nobody wrote down by which document.
    for at, row in enumerate(np.flatnonzero(moving)[:2]):
        papers[row] = f"示意文号〔{ASKED_IN}〕{at + 1}号"
    major = np.array([None] * count, dtype=object)
    grave = (facts.worst >= 1) & (facts.threatened > 60)
    major[committee] = False
    major[grave & committee] = True
    consent, met = _meetings(papers, major)
    project = np.zeros(count, dtype=bool)
    project[int(np.argmax(np.where(committee, facts.project_m, -1)))] = True
    table = pd.DataFrame(
        {
            "village_name": villages["village_name"].to_numpy(),
            "town_name": villages["town_name"].to_numpy(),
            "unit_kind": villages["unit_kind"].to_numpy(),
            "urban_rural_code": _urban_rural(villages, committee, zone, towns),
            "pop_resident": pd.array(facts.people.astype(int), dtype="Int64"),
            "hh_resident": pd.array(facts.households.astype(int), dtype="Int64"),
            "pop_hukou": pd.array(registered, dtype="Int64"),
            "pop_chg5_pct": change,
            "aging60_share": aging,
            "hollow_rate": np.where(committee, hollow, np.nan),
            "collective_op_income": np.where(committee, income, np.nan),
            "fac_count": pd.array(_kinds_near(villages, homes, facilities), dtype="Int64"),
            "heritage_list": pd.Series(lists, index=villages.index, dtype=object),
            "hazard_major": major,
            "is_town_seat": seat,
            "is_central_village": central,
            "in_relocation_plan": moving,
            "relocation_document": pd.Series(papers, index=villages.index, dtype=object),
            "major_project": project,
            "retention_value": _retention(random, lists),
            "villager_consent": consent,
            "consent_on": met,
        },
        index=villages.index,
    )
    _type_in_force(random, table, facts, committee)
    _open_gaps(random, table, committee)
    return table


def with_works(random: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """The village table with what was done in the villages: sewage works, homesteads revived.

    Parameters
    ----------
    random : Generator
        The source of chance, of its own: the other columns stay as they were.
    table : DataFrame
        Of `village_table`; left as it is.

    Returns
    -------
    DataFrame
        With ``sewage_served`` (True, False, None where nobody answered) and
        ``homesteads_revived``, before the type in force. 居委会 have neither.
    """
    draw = np.round(random.random((3, len(table))), 6)
    committee = (table["unit_kind"] == "village_committee").to_numpy()
    served = (draw[0] < SEWAGE_SHARE).astype(object)
    served[(draw[1] < SEWAGE_BLANK) | ~committee] = None
    low, high = REVIVED
    homes = table["pop_hukou"].to_numpy(dtype=float, na_value=np.nan) / PEOPLE_TO_A_HOUSEHOLD
    revived = np.floor(np.round(homes * (low + (high - low) * draw[2]), 6))
    revived[~committee] = np.nan
    out = table.copy()
    at = list(out.columns).index("current_type")
    out.insert(at, "sewage_served", pd.Series(served, index=out.index, dtype=object))
    out.insert(at + 1, "homesteads_revived", pd.array(revived, dtype="Int64"))
    return out


def _measure(
    villages: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    terrain: Raster,
    slope: Raster,
    water: gpd.GeoDataFrame,
    redline: gpd.GeoDataFrame,
    water_source: gpd.GeoDataFrame,
    hazards: gpd.GeoDataFrame,
    seats: dict[str, NDArray[np.float64]],
) -> _Facts:
    unit = villages.index.get_indexer(homes["village_code"])
    count = len(villages)
    shapes = homes.geometry.to_numpy()
    people = homes["people"].to_numpy(dtype=float)
    middles = shapely.get_coordinates(shapely.point_on_surface(shapes))
    weight = np.maximum(people, 1)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        known = np.isfinite(values)
        total = np.bincount(unit[known], (weight * np.nan_to_num(values))[known], count)
        return total / np.maximum(np.bincount(unit[known], weight[known], count), 1e-9)

    inner = shapely.get_coordinates(shapely.point_on_surface(villages.geometry.to_numpy()))
    lived = np.bincount(unit, minlength=count) > 0
    # The village stands where its largest home is: a mean might fall into a river.
    order = np.lexsort((-people, unit))
    largest = order[np.flatnonzero(np.diff(unit[order], prepend=-1) != 0)]
    places = inner.copy()
    places[unit[largest]] = middles[largest]
    net = road_network(roads, speeds=SPEEDS)
    county = net.travel_minutes(places, seats["330521001"][None], walk_kmh=WALK_KMH)
    subcentre = net.travel_minutes(places, seats["330521102"][None], walk_kmh=WALK_KMH)
    town = np.full(count, np.nan)
    for code, seat in sorted(seats.items()):
        own = (villages["town_code"] == code).to_numpy()
        town[own] = net.travel_minutes(places[own], seat[None], walk_kmh=WALK_KMH)
    streams = shapely.union_all(water.geometry.to_numpy())
    first = water_source.geometry[water_source["protection_level"] == "level1"].to_numpy()
    high = shapely.union_all(redline.geometry.to_numpy())
    area = shapely.area(shapes)
    land = np.maximum(np.bincount(unit, area, count), 1e-9)
    wet = np.bincount(unit, shapely.area(shapely.intersection(shapes, first[0])), count) / land
    red = np.bincount(unit, shapely.area(shapely.intersection(shapes, high)), count) / land
    point, at = shapely.STRtree(villages.geometry.to_numpy()).query(
        hazards.geometry.to_numpy(), predicate="intersects"
    )
    grade = hazards["hazard_class"].map({"low": 0, "medium": 1, "high": 2}).to_numpy()[point]
    worst = np.full(count, -1.0)
    np.maximum.at(worst, at, grade)
    threatened = np.bincount(at, hazards["threatened_people"].to_numpy()[point], count)
    coming = (roads["road_status"] == "building").to_numpy()
    near, road = shapely.STRtree(roads.geometry.to_numpy()[coming]).query(
        villages.geometry.to_numpy(), predicate="intersects"
    )
    length = shapely.length(roads.geometry.to_numpy()[coming])[road]
    return _Facts(
        people=np.bincount(unit, people, count),
        households=np.bincount(unit, homes["households"].to_numpy(dtype=float), count),
        county=county,
        centre=np.fmin(county, subcentre),
        town=town,
        slope=np.where(lived, mean(np.round(slope.at(middles), 3)), 0),
        height=np.where(lived, mean(terrain.at(middles)), terrain.at(inner)),
        stream_m=shapely.distance(shapely.points(places), streams),
        water1=np.round(wet, 4),
        redline=np.round(red, 4),
        threatened=threatened,
        worst=worst,
        project_m=np.bincount(near, length, count),
    )


def _heritage(facts: _Facts, committee: NDArray[np.bool_]) -> NDArray[Any]:
    """Old valleys: high, yet level and by a stream, and far from the towns."""
    score = facts.height / 120 - facts.slope / 8 - facts.stream_m / 900
    score = score + np.nan_to_num(facts.town, nan=60) / 45
    score = np.where(committee, np.round(score, 5), -1e9)
    out = np.full(len(score), None, dtype=object)
    for rank, at in enumerate(np.argsort(-score, kind="stable")[:10]):
        out[at] = HERITAGE[rank % len(HERITAGE)]
    # A water town of the plain, by its distance from the centres.
    plain = committee & (facts.height < 8) & (facts.stream_m < 250)
    far = np.where(plain, np.round(np.nan_to_num(facts.centre), 3), -1)
    for rank, at in enumerate(np.argsort(-far, kind="stable")[:2]):
        out[at] = HERITAGE[rank + 1]
    return out


def _seats(villages: gpd.GeoDataFrame, seats: dict[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    out = np.zeros(len(villages), dtype=bool)
    for code, seat in sorted(seats.items()):
        own = np.flatnonzero((villages["town_code"] == code).to_numpy())
        away = shapely.distance(villages.geometry.to_numpy()[own], shapely.points(seat))
        out[own[int(np.argmin(np.round(away, 3)))]] = True
    return out


def _central(
    villages: gpd.GeoDataFrame, facts: _Facts, able: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """In each town the village with most people among those within reach of its seat."""
    out = np.zeros(len(villages), dtype=bool)
    for code in sorted(set(villages["town_code"])):
        own = np.flatnonzero(able & (villages["town_code"] == code).to_numpy())
        near = own[np.nan_to_num(facts.town[own], nan=99.0) < 25]
        if len(near):
            out[near[int(np.argmax(facts.people[near]))]] = True
    return out


def _urban_rural(
    villages: gpd.GeoDataFrame, committee: NDArray[np.bool_], zone: Any, towns: Any
) -> list[str]:
    """城乡分类 codes by the built-up land a unit has."""
    shapes = villages.geometry.to_numpy()
    seat = shapely.area(shapely.intersection(shapes, zone)) / shapely.area(shapes)
    town = shapely.area(shapely.intersection(shapes, towns)) / shapely.area(shapes)
    out = np.full(len(shapes), "220", dtype=object)
    out[(town > 0.03) | ~committee] = "122"
    out[(town > 0.25) | (~committee & (town > 0.03))] = "121"
    out[seat > 0.03] = "112"
    out[seat > 0.45] = "111"
    return [str(code) for code in out]


def _kinds_near(
    villages: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame
) -> NDArray[np.intp]:
    """How many of eight kinds of service lie in a unit or within a kilometre of its homes."""
    unit = villages.index.get_indexer(homes["village_code"])
    inside = villages.index.get_indexer(facilities["village_code"])
    out = np.zeros(len(villages), dtype=np.intp)
    words = facilities["facility_class"].to_numpy()
    for group in KINDS:
        own = np.isin(words, group)
        there = np.zeros(len(villages), dtype=bool)
        there[inside[own]] = True
        tree = shapely.STRtree(facilities.geometry.to_numpy()[own])
        home = tree.query(homes.geometry.to_numpy(), predicate="dwithin", distance=NEAR_M)[0]
        there[unit[home]] = True
        out += there
    return out


def _meetings(papers: NDArray[Any], major: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """What the villagers' meetings said, and when: who moves by a document has agreed.

    Under a major hazard some have not met, some agreed and some refused, in turn.
    """
    said = np.full(len(papers), "not_asked", dtype=object)
    met = np.full(len(papers), None, dtype=object)
    under = [at for at, word in enumerate(major) if word is True]
    for turn, at in enumerate(under):
        if turn % 3:
            said[at], met[at] = ("agreed", "refused")[turn % 3 - 1], f"{ASKED_IN + 3}-11-20"
    for at, paper in enumerate(papers):
        if paper is not None:
            said[at], met[at] = "agreed", f"{ASKED_IN}-04-15"
    return said, met


def _retention(random: np.random.Generator, lists: NDArray[Any]) -> NDArray[Any]:
    """Worth keeping: said of listed villages, and here and there of others."""
    draw = np.round(random.random(len(lists)), 6)
    out = np.full(len(lists), None, dtype=object)
    out[draw < 0.25] = False
    out[[text is not None for text in lists]] = True
    return out


def _type_in_force(
    random: np.random.Generator, table: pd.DataFrame, facts: _Facts, committee: NDArray[np.bool_]
) -> None:
    """What a typing of some years ago said, by the facts of then and a rule of its own.

    Then: on a list by that year, heritage; decided by a document, relocation; within 14
    minutes of the county seat by the slower roads of then, suburban; a seat, or one of the
    most people of its town, built-up; else to be improved.
    """
    before = facts.people / (1 + table["pop_chg5_pct"].to_numpy() / 100)
    slower = 1.12 * np.nan_to_num(facts.county, nan=99.0)
    listed = np.array(
        [isinstance(text, str) and int(text[-4:]) <= ASKED_IN for text in table["heritage_list"]]
    )
    rank = (
        pd.Series(np.where(committee, before, -1))
        .groupby(table["town_name"].to_numpy())
        .rank(ascending=False)
    )
    kind = np.select(
        [
            listed,
            table["relocation_document"].notna().to_numpy(),
            slower <= 14,
            table["is_town_seat"].to_numpy(dtype=bool) | (rank.to_numpy() <= 3),
        ],
        ["heritage", "relocate", "suburban", "cluster"],
        "improve",
    ).astype(object)
    kind[~committee] = None
    kind[np.round(random.random(len(kind)), 6) < 0.04] = None
    known = np.array([word is not None for word in kind])
    papers = np.full(len(kind), None, dtype=object)
    papers[known] = TYPE_DOCUMENT
    table["current_type"] = pd.Series(kind, index=table.index, dtype=object)
    table["current_type_document"] = pd.Series(papers, index=table.index, dtype=object)
    table["current_type_year"] = pd.array(
        [ASKED_IN if one else None for one in known], dtype="Int64"
    )


def _open_gaps(
    random: np.random.Generator, table: pd.DataFrame, committee: NDArray[np.bool_]
) -> None:
    """Cells that nobody filled."""
    draw = np.round(random.random((4, len(table))), 6)
    table["hollow_rate"] = table["hollow_rate"].where(draw[0] >= 0.10)
    table["aging60_share"] = table["aging60_share"].where(draw[1] >= 0.06)
    table["collective_op_income"] = table["collective_op_income"].where(draw[2] >= 0.04)
    # Two villages did not answer at all.
    silent = np.argsort(np.where(committee, draw[3], 2.0), kind="stable")[:2]
    for column in ("pop_resident", "hh_resident", "pop_hukou"):
        values = table[column].copy()
        values.iloc[silent] = pd.NA
        table[column] = values
