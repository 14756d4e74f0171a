"""The schematic county: Deqing's towns under their real names, everything inside invented.

What a planner has of her county, made up: boundaries, ground and water, roads, parks,
homes, land, services, people. Each layer is made when it is first asked for, from those
before it; nothing is made from a village's type.
"""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from deqing_geo.columns import word
from deqing_geo.errors import InputError
from deqing_geo.rasters import Raster
from deqing_geo.sample import (
    cover,
    land,
    nature,
    people,
    plots,
    schematic_notice,
    services,
    settlements,
    surveys,
    ways,
)
from deqing_geo.sample.tiling import TOWNS, tiling
from deqing_geo.terrain import slope

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from deqing_geo.sample.network import Country
    from deqing_geo.sample.settlements import Lattice

__all__ = ["LAST_MONTH", "LAYERS", "MONTH_BEFORE", "TODAY", "TOWNS", "County", "county"]

COUNTY_SEAT, SUBCENTRE = "330521001", "330521102"
TODAY, LAST_MONTH, MONTH_BEFORE = ways.TODAY, ways.LAST_MONTH, ways.MONTH_BEFORE
# Every layer of shapes, in the order a planner would look through them.
LAYERS = (
    "outline",
    "towns",
    "villages",
    "water",
    "development_boundaries",
    "redline",
    "water_source",
    "farmland",
    "hazards",
    "zone",
    "seats",
    "roads",
    "carriageways",
    "highways",
    "planned_roads",
    "parks",
    "homes",
    "land_use",
    "facilities",
    "earlier_roads",
    "earlier_parks",
    "earliest_roads",
    "earliest_parks",
)


class County:
    """The schematic county of one seed.

    Layers are GeoDataFrames in EPSG:4549, made when first touched; each county has its own
    copies. ``attrs["notice"]`` of every one says 示意 and travels to all that is made of it.

    Attributes
    ----------
    seed : int
        What it was made from.
    outline, towns, villages
        1, 13 and 181 Polygons; index ``county_code``, ``town_code``, ``village_code``.
        Villages tile their towns and towns the county. One unit has a second piece inside
        another (an enclave, 飞地).
    terrain, population, land_cover : Raster
        Heights on cells of 30 m, people on cells of 100 m, classes on cells of 30 m.
    water, development_boundaries, redline, water_source, farmland : Polygon layers
        Water; 城镇开发边界 of the county seat and the towns; 生态保护红线; 饮用水水源保护区;
        永久基本农田.
    hazards : Point layer
        地质灾害隐患点, on steep ground near homes.
    zone : 3 Polygons
        The built-up zone (建成区) by 组团.
    seats : Point layer
        Seats of the towns, among them the county's and the subcentre's.
    roads : LineString layer
        Every road once, by its centre line, in three statuses; on the ground lines meet
        end to end. ``road_level`` 1 crosses above.
    carriageways : LineString layer
        Built roads as a survey draws them: divided roads as two lines, roundabouts as rings,
        slip roads.
    highways : LineString layer
        The 公路 layer of the transport bureau: runs on through the towns, a few metres off.
    planned_roads : LineString layer
        The planned network of the zone, what is there included.
    parks, homes : Polygon layers
        Parks of every class and size; homes with the codes of both land-use systems.
    land_use : Polygon layer
        All land by both land-use systems; the parcels of a village tile it.
    facilities : Point layer
        Bus stops, clinics, schools, parcel stations and the like, with the day they opened.
    village_table : DataFrame
        One row per unit: people, households, income, lists, works, declared facts, with gaps.
    earlier_roads, earlier_parks, earliest_roads, earliest_parks
        The layers as they stood a month before, 2025-11-30, and a month before that,
        2025-10-31; all others stand at 2025-12-31.

    Examples
    --------
    >>> made = county(seed=1)
    >>> made
    <County of seed 1: 13 towns, 181 invented villages and communities (示意)>
    >>> made.zone["zone_name"].to_list()
    ['武康组团', '高新区组团', '乾元组团']
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __repr__(self) -> str:
        return (
            f"<County of seed {self.seed}: {len(self.towns)} towns, "
            f"{len(self.villages)} invented villages and communities (示意)>"
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in MAKERS:
            raise AttributeError(f"the schematic county has no {name!r}; it has {_known()}")
        # Whoever changes a layer changes a copy of one's own.
        layer = _copied(_made(self.seed, name))
        self.__dict__[name] = layer
        return layer

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *MAKERS})

    if TYPE_CHECKING:
        outline: gpd.GeoDataFrame
        towns: gpd.GeoDataFrame
        villages: gpd.GeoDataFrame
        terrain: Raster
        population: Raster
        land_cover: Raster
        water: gpd.GeoDataFrame
        development_boundaries: gpd.GeoDataFrame
        redline: gpd.GeoDataFrame
        water_source: gpd.GeoDataFrame
        farmland: gpd.GeoDataFrame
        hazards: gpd.GeoDataFrame
        zone: gpd.GeoDataFrame
        seats: gpd.GeoDataFrame
        roads: gpd.GeoDataFrame
        carriageways: gpd.GeoDataFrame
        highways: gpd.GeoDataFrame
        planned_roads: gpd.GeoDataFrame
        parks: gpd.GeoDataFrame
        homes: gpd.GeoDataFrame
        land_use: gpd.GeoDataFrame
        facilities: gpd.GeoDataFrame
        village_table: pd.DataFrame
        earlier_roads: gpd.GeoDataFrame
        earlier_parks: gpd.GeoDataFrame
        earliest_roads: gpd.GeoDataFrame
        earliest_parks: gpd.GeoDataFrame


def county(seed: int = 0) -> County:
    """The schematic county (示意): real names of towns, everything inside invented.

    Parameters
    ----------
    seed : int
        Not negative. Each gives another county; the same gives the same to a millimetre.

    Returns
    -------
    County
        Its layers are made when first asked for, all of them in some seconds. Areas of
        towns are within 0.5 % of their share of 938 km2.

    Raises
    ------
    InputError
        If `seed` is no whole number from 0 upwards.

    Notes
    -----
    Names and codes of towns: `register` of 2023. Their areas are weights from public pages,
    unverified. Names and codes of villages are invented and occur in no register. Widths,
    densities, speeds and shares are this made-up county's own and prove nothing of the real.

    Examples
    --------
    >>> made = county(seed=1)
    >>> float(round(made.towns.area.sum() / 1e6))
    938.0
    """
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0 or isinstance(seed, bool):
        raise InputError(f"seed={seed!r} is no whole number from 0 upwards.")
    return County(number)


# ---------------------------------------------------------------- how layers are made


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """What most layers are made from."""

    lattices: list[Lattice]
    large: list[list[list[int]]]
    town_blocks: NDArray[Any]
    nature: nature.Nature
    roads: gpd.GeoDataFrame
    country: Country


def _chance(seed: int, what: int) -> np.random.Generator:
    """Every part has chances of its own, so that a change in one leaves the others."""
    return np.random.Generator(np.random.PCG64([seed, what]))


@functools.lru_cache(maxsize=2)
def _body(seed: int) -> _Body:
    made = tiling(seed)
    lattices = settlements.lay_out(_chance(seed, 1), made.grid, made.inside, made.heights)
    large = plots.large_parks(_chance(seed, 2), lattices)
    streets = settlements.streets(_chance(seed, 3), lattices, plots.closed(lattices, large))
    blocks = np.array([shapely.coverage_union_all(one.blocks()) for one in lattices])
    ground = nature.shape_nature(_chance(seed, 4), made, blocks)
    roads, country = ways.roads(_chance(seed, 5), made, ground, lattices, large, streets)
    return _Body(lattices, large, blocks, ground, roads, country)


@functools.lru_cache(maxsize=2)
def _plots(seed: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    body = _body(seed)
    return plots.plots(
        _chance(seed, 7),
        tiling(seed),
        body.nature,
        body.lattices,
        body.large,
        body.country,
        body.roads,
    )


def _water(seed: int) -> gpd.GeoDataFrame:
    ground = _body(seed).nature
    return gpd.GeoDataFrame(
        {"water_name": ground.names, "water_class": ground.classes},
        geometry=ground.waters,
        crs=tiling(seed).outline.crs,
    )


def _town_zones(seed: int) -> gpd.GeoDataFrame:
    """Built-up land of the towns outside the county seat."""
    body = _body(seed)
    other = [one.site.rank != "county" for one in body.lattices]
    codes = [one.site.towns[0] for one in body.lattices if one.site.rank != "county"]
    return gpd.GeoDataFrame(
        geometry=body.town_blocks[other], index=codes, crs=tiling(seed).outline.crs
    )


def _zone(seed: int) -> gpd.GeoDataFrame:
    return plots.zones(_body(seed).lattices)


@functools.lru_cache(maxsize=2)
def _terrain(seed: int) -> Raster:
    body = _body(seed)
    return nature.terrain(_chance(seed, 6), tiling(seed), body.nature, body.town_blocks)


@functools.lru_cache(maxsize=2)
def _steep(seed: int) -> Raster:
    return slope(_terrain(seed))


@functools.lru_cache(maxsize=2)
def _law(seed: int) -> dict[str, gpd.GeoDataFrame]:
    """Land that plans and law speak of."""
    made, ground = tiling(seed), _body(seed).nature
    parks, homes = _plots(seed)
    source = land.water_source(made, ground)
    seat = shapely.union_all(_zone(seed).geometry.to_numpy())
    kept = shapely.union_all(source.geometry.to_numpy())
    bounds = land.development_boundaries(made, seat, _town_zones(seed), kept)
    line = land.redline(_chance(seed, 9), made, ground, bounds, homes)
    taken = [homes, parks, _water(seed), bounds, line]
    others = np.concatenate([frame.geometry.to_numpy() for frame in taken])
    return {
        "water_source": source,
        "development_boundaries": bounds,
        "redline": line,
        "farmland": land.farmland(_chance(seed, 10), made, ground, others),
        "hazards": land.hazards(_chance(seed, 11), _terrain(seed), _steep(seed), homes),
    }


def _land_use(seed: int) -> gpd.GeoDataFrame:
    body = _body(seed)
    parks, homes = _plots(seed)
    return cover.land_use(
        _chance(seed, 12),
        tiling(seed).villages,
        homes,
        parks,
        _water(seed),
        body.roads,
        body.town_blocks,
        _law(seed)["farmland"],
        _terrain(seed),
    )


def _land_cover(seed: int) -> Raster:
    return cover.land_cover(
        tiling(seed).outline.geometry.iloc[0],
        _terrain(seed),
        _water(seed),
        _plots(seed)[1],
        _body(seed).town_blocks,
        _law(seed)["farmland"],
    )


@functools.lru_cache(maxsize=2)
def _facilities(seed: int) -> gpd.GeoDataFrame:
    seats = np.array([(town.x, town.y) for town in TOWNS])
    homes = _plots(seed)[1]
    villages = tiling(seed).villages
    roads = _body(seed).roads
    points = services.facilities(_chance(seed, 13), villages, homes, roads, seats)
    return services.dated(_chance(seed, 15), points)


def _village_table(seed: int) -> pd.DataFrame:
    law = _law(seed)
    table = people.village_table(
        _chance(seed, 14),
        tiling(seed).villages,
        _plots(seed)[1],
        _facilities(seed),
        _body(seed).roads,
        _terrain(seed),
        _steep(seed),
        _water(seed),
        law["redline"],
        law["water_source"],
        law["hazards"],
        shapely.union_all(_zone(seed).geometry.to_numpy()),
        shapely.union_all(_town_zones(seed).geometry.to_numpy()),
        {town.code: np.array([town.x, town.y]) for town in TOWNS},
    )
    return people.with_works(_chance(seed, 16), table)


def _seats(seed: int) -> gpd.GeoDataFrame:
    """Seats of government: the county's, the subcentre's (县域副中心 新市) and the towns'."""
    kinds = {COUNTY_SEAT: "county_seat", SUBCENTRE: "subcentre"}
    codes = [town.code for town in TOWNS]
    towns = tiling(seed).towns
    return gpd.GeoDataFrame(
        {
            "town_code": codes,
            "town_name": towns.loc[codes, "town_name"].to_numpy(),
            "seat_kind": [kinds.get(code, "town") for code in codes],
        },
        geometry=shapely.points([(town.x, town.y) for town in TOWNS]),
        crs=towns.crs,
    )


MAKERS: dict[str, Callable[[int], Any]] = {
    "outline": lambda seed: tiling(seed).outline,
    "towns": lambda seed: tiling(seed).towns,
    "villages": lambda seed: tiling(seed).villages,
    "water": _water,
    "zone": _zone,
    "seats": _seats,
    "roads": lambda seed: _body(seed).roads,
    "terrain": _terrain,
    "population": lambda seed: cover.population(
        tiling(seed).outline.geometry.iloc[0], _plots(seed)[1]
    ),
    "land_cover": _land_cover,
    "development_boundaries": lambda seed: _law(seed)["development_boundaries"],
    "redline": lambda seed: _law(seed)["redline"],
    "water_source": lambda seed: _law(seed)["water_source"],
    "farmland": lambda seed: _law(seed)["farmland"],
    "hazards": lambda seed: _law(seed)["hazards"],
    "carriageways": lambda seed: surveys.carriageways(_chance(seed, 8), _body(seed).roads),
    "highways": lambda seed: surveys.highways(_body(seed).roads),
    "planned_roads": lambda seed: surveys.planned(
        _body(seed).roads, shapely.union_all(_zone(seed).geometry.to_numpy())
    ),
    "parks": lambda seed: _plots(seed)[0],
    "homes": lambda seed: _plots(seed)[1],
    "land_use": _land_use,
    "facilities": _facilities,
    "village_table": _village_table,
    "earlier_roads": lambda seed: ways.earlier(_body(seed).roads, "road_status", LAST_MONTH),
    "earlier_parks": lambda seed: ways.earlier(_plots(seed)[0], "park_status", LAST_MONTH),
    "earliest_roads": lambda seed: ways.earlier(_body(seed).roads, "road_status", MONTH_BEFORE),
    "earliest_parks": lambda seed: ways.earlier(_plots(seed)[0], "park_status", MONTH_BEFORE),
}


@functools.lru_cache(maxsize=64)
def _made(seed: int, name: str) -> Any:
    layer = MAKERS[name](seed)
    if name not in ("terrain", "population", "land_cover"):
        return schematic_notice(layer)
    layer.attrs["notice"] = word("notice.schematic")
    return layer


def _copied(layer: Any) -> Any:
    if isinstance(layer, Raster):
        return replace(layer, values=layer.values.copy(), attrs=dict(layer.attrs))
    return layer.copy()


def _known() -> str:
    return ", ".join(MAKERS)
