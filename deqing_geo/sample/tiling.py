"""The boundaries of the schematic county.

The outline, thirteen towns around their seats with areas in proportion to published ones,
and the invented villages and communities that tile them. No line here is a real border and
no village a real village; every frame says so.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage

from deqing_geo.divisions import register
from deqing_geo.sample import CRS, borders, ground

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNTY_KM2 = 938.0
# The county's frame, about 119.75-120.35 E, 30.43-30.70 N, and a margin for the noise.
WEST, EAST, SOUTH, NORTH = 476_000.0, 533_600.0, 3_367_400.0, 3_397_600.0
MARGIN = 1_500.0


@dataclass(frozen=True, slots=True)
class _Town:
    """A town's seat to 100 m, its published area, and how many units are drawn in it."""

    code: str
    x: float
    y: float
    km2: float | None
    units: int
    communities: int


# Areas as public pages quote them (mixed years, unverified): weights, not facts. For three
# towns none is left, and they share what the others leave of 938 km2.
# Units: about as many as the register of 2016 counts, 康乾街道 taken from 乾元镇.
TOWNS = (
    _Town("330521001", 496_600, 3_380_500, 59.0, 13, 8),
    _Town("330521002", 492_800, 3_376_100, 96.0, 14, 3),
    _Town("330521003", 498_600, 3_386_600, 101.0, 12, 1),
    _Town("330521004", 502_900, 3_373_900, 67.0, 15, 1),
    _Town("330521005", 503_400, 3_381_100, None, 6, 2),
    _Town("330521101", 508_200, 3_381_300, 66.88, 10, 3),
    _Town("330521102", 526_400, 3_388_700, 92.0, 29, 5),
    _Town("330521103", 508_000, 3_390_700, 58.5, 7, 1),
    _Town("330521104", 516_800, 3_391_100, 78.19, 20, 1),
    _Town("330521110", 513_400, 3_378_000, None, 12, 1),
    _Town("330521113", 525_100, 3_377_500, None, 11, 1),
    _Town("330521114", 520_300, 3_380_000, 57.0, 12, 1),
    _Town("330521115", 487_500, 3_385_500, 190.25, 20, 2),
)
# A town without an area still reaches as far as this when the outline is drawn.
LEAST_REACH_KM2 = 45.0
# Real codes of units go up to 399 (from memory, 待查证); the register of 2016 stops at 223.
FIRST_COMMUNITY, FIRST_VILLAGE = 801, 901

POOLS = {
    "mountain": ("云石松竹柏枫桐桂岩雾鹤泉", "坞岭坪坑岙垄"),
    "plain": ("芦荷菱柳雁鹭苇萍桑蚕渔莼", "漾浜港圩墩埭汇兜"),
    "community": ("明晨霞晴锦秀澄朗", "园苑坊里庭汀"),
}
# One invented name stands in two towns, as real names do.
HOMONYM, HOMONYM_TOWNS = "双鹭村", ("330521104", "330521102")
MOUNTAIN_M = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class Tiling:
    """The ground and who holds it.

    Attributes
    ----------
    grid : Grid
        Of 150 m cells.
    heights : ndarray, shape of the grid
        Metres.
    inside : ndarray of bool, shape of the grid
        The county.
    outline, towns, villages : GeoDataFrame
        As in `County`.
    """

    grid: ground.Grid
    heights: NDArray[np.float64]
    inside: NDArray[np.bool_]
    outline: gpd.GeoDataFrame
    towns: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame


@functools.lru_cache(maxsize=2)
def tiling(seed: int) -> Tiling:
    """The boundaries of the county of one seed.

    Parameters
    ----------
    seed : int
        Not negative.

    Returns
    -------
    Tiling
        Shared: whoever changes a frame changes a copy.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    grid = ground.Grid(
        WEST - MARGIN,
        SOUTH - MARGIN,
        int((NORTH - SOUTH + 2 * MARGIN) // ground.CELL),
        int((EAST - WEST + 2 * MARGIN) // ground.CELL),
    )
    seats = np.array([(town.x, town.y) for town in TOWNS])
    weights = _weights()
    heights = ground.heights(random, grid, WEST, EAST)
    reach = 1000 * np.sqrt(np.maximum(weights, LEAST_REACH_KM2) / np.pi)
    cells = round(COUNTY_KM2 * 1e6 / ground.CELL**2)
    inside = ground.outline(random, grid, seats, reach, cells)
    cost = ground.steps(heights, ground.rough(random, grid, 1200, 1))
    town_of = _towns(grid, inside, cost, seats, weights)
    unit_of, owner = _units(random, grid, town_of, cost, seats)
    shapes = _scaled(borders.polygons(unit_of, grid, len(owner)))
    villages = _named(random, grid, shapes, owner, heights, seats)
    names = register(2023)["division_name"]
    towns = gpd.GeoDataFrame(
        {"town_name": [names[town.code] for town in TOWNS]},
        geometry=[shapely.coverage_union_all(shapes[owner == at]) for at in range(len(TOWNS))],
        index=_index([town.code for town in TOWNS], "town_code"),
        crs=CRS,
    )
    outline = gpd.GeoDataFrame(
        {"county_name": ["德清县"]},
        geometry=[shapely.coverage_union_all(shapes)],
        index=_index(["330521"], "county_code"),
        crs=CRS,
    )
    return Tiling(grid, heights, inside, outline, towns, villages)


def _weights() -> NDArray[np.float64]:
    """Square kilometres of each town."""
    left = COUNTY_KM2 - sum(town.km2 or 0 for town in TOWNS)
    without = sum(town.km2 is None for town in TOWNS)
    return np.array([left / without if town.km2 is None else town.km2 for town in TOWNS])


def _scaled(shapes: NDArray[Any]) -> NDArray[Any]:
    """Smoothing takes a little from the outer edge: the whole is brought back to its area."""
    middle = np.array([(WEST + EAST) / 2, (SOUTH + NORTH) / 2])
    factor = np.sqrt(COUNTY_KM2 * 1e6 / shapely.area(shapes).sum())
    # Every vertex moves by its place alone, so that shared ones stay shared.
    return np.asarray(
        shapely.transform(shapes, lambda at: np.round((at - middle) * factor + middle, 3))
    )


def _towns(
    grid: ground.Grid,
    inside: NDArray[np.bool_],
    cost: NDArray[np.float64],
    seats: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[Any]:
    """The town of each cell; smoothing moves areas a little, so the shares are fitted to it."""
    distance = ground.far(cost, inside, [grid.cell(*seat) for seat in seats])
    wanted = weights / weights.sum()
    goal = wanted * inside.sum()
    handicap = None
    out = np.full(inside.shape, -1)
    for _ in range(3):
        holder, handicap = ground.share(distance, goal, handicap)
        out[inside] = holder
        out = ground.whole(out)
        got = shapely.area(borders.polygons(out, grid, len(TOWNS)))
        # What smoothing makes of a cell of each town, apart from how well the cells fit.
        goal = wanted / (got / np.bincount(out[inside], minlength=len(TOWNS)))
        goal = goal / goal.sum() * inside.sum()
    return out


def _units(
    random: np.random.Generator,
    grid: ground.Grid,
    town_of: NDArray[Any],
    cost: NDArray[np.float64],
    seats: NDArray[np.float64],
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The unit of each cell and the town of each unit; smaller units towards the seat."""
    out = np.full(town_of.shape, -1)
    owner: list[int] = []
    for at, town in enumerate(TOWNS):
        own = town_of == at
        cells = np.argwhere(own)
        away = np.hypot(*(cells - grid.cell(*seats[at])).T) * ground.CELL
        # Where the town is, a unit is a few streets.
        weight = 1 + 15 * np.exp(-((away / 1200) ** 2))
        places = _spread(random, cells, weight, town.units)
        near = ((cells[:, None] - places[None]) ** 2).sum(axis=2).argmin(axis=0)
        starts = [(int(row), int(column)) for row, column in cells[near]]
        holder = ground.far(cost, own, starts).argmin(axis=0)
        out[own] = holder + len(owner)
        owner += [at] * town.units
    out = ground.whole(out)
    owners = np.array(owner)
    _cut_enclave(out, owners)
    return out, owners


def _spread(
    random: np.random.Generator, cells: NDArray[Any], weight: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Places spread over cells by Lloyd's method, closer where the weight is high."""
    order = random.permutation(len(cells))[:count]
    places = cells[np.sort(order)].astype(float)
    for _ in range(15):
        nearest = ((cells[:, None] - places[None]) ** 2).sum(axis=2).argmin(axis=1)
        total = np.bincount(nearest, weight, count)
        for axis in range(2):
            moved = np.bincount(nearest, weight * cells[:, axis], count)
            places[:, axis] = np.where(total > 0, moved / np.maximum(total, 1), places[:, axis])
    # Not quite so even: no survey is.
    return np.round(places + (random.random(places.shape) - 0.5) * 6, 3)


def _cut_enclave(unit_of: NDArray[Any], owner: NDArray[np.intp]) -> None:
    """A disc inside the largest unit goes to another of its town that does not touch it."""
    host = int(np.bincount(unit_of[unit_of >= 0]).argmax())
    depth = ndimage.distance_transform_cdt(unit_of == host, metric="chessboard")
    middle = np.unravel_index(int(depth.argmax()), depth.shape)
    rows, columns = np.indices(unit_of.shape)
    disc = (rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 <= 3.2**2
    grown = np.argwhere(unit_of == host)
    low, high = grown.min(axis=0) - 1, grown.max(axis=0) + 2
    beside = set(np.unique(unit_of[low[0] : high[0], low[1] : high[1]]).tolist())
    own = [int(unit) for unit in np.flatnonzero(owner == owner[host]) if unit != host]
    unit_of[disc] = next((unit for unit in own if unit not in beside), own[0])


def _named(
    random: np.random.Generator,
    grid: ground.Grid,
    shapes: NDArray[Any],
    owner: NDArray[np.intp],
    heights: NDArray[Any],
    seats: NDArray[np.float64],
) -> gpd.GeoDataFrame:
    """Names, kinds and codes: communities nearest the seat, names as the ground is."""
    middles = shapely.get_coordinates(shapely.point_on_surface(shapes))
    rows, columns = zip(*(grid.cell(*middle) for middle in middles), strict=True)
    high = heights[list(rows), list(columns)] > MOUNTAIN_M
    away = np.round(np.hypot(*(middles - seats[owner]).T))
    pools = {kind: _pool(random, *letters) for kind, letters in POOLS.items()}
    town_names = register(2023)["division_name"]
    records = []
    for at, town in enumerate(TOWNS):
        ranked = np.argsort(np.where(owner == at, away, np.inf), kind="stable")
        order = [int(unit) for unit in ranked]
        seen = {"residents_committee": 0, "village_committee": 0}
        for rank, unit in enumerate(order[: town.units]):
            community = rank < town.communities
            kind = "residents_committee" if community else "village_committee"
            first = FIRST_COMMUNITY if community else FIRST_VILLAGE
            code = f"{town.code}{first + seen[kind]:03d}"
            seen[kind] += 1
            if community:
                name = f"{pools['community'].pop()}社区"
            elif town.code in HOMONYM_TOWNS and seen[kind] == 1:
                name = HOMONYM
            else:
                name = f"{pools['mountain' if high[unit] else 'plain'].pop()}村"
            records.append((code, name, kind, town.code, town_names[town.code], unit))
    made = gpd.GeoDataFrame(
        {
            "village_name": [record[1] for record in records],
            "unit_kind": [record[2] for record in records],
            "town_code": [record[3] for record in records],
            "town_name": [record[4] for record in records],
        },
        geometry=[shapes[record[5]] for record in records],
        index=_index([record[0] for record in records], "village_code"),
        crs=CRS,
    )
    return made.sort_index()


def _pool(random: np.random.Generator, first: str, last: str) -> list[str]:
    """Invented names of two letters, three where two are too few, in an order of chance."""
    short = [a + b for a in first for b in last]
    long = [f"{size}{name}" for size in "大小东西" for name in short]
    order = [short[at] for at in random.permutation(len(short))]
    return [long[at] for at in random.permutation(len(long))] + order


def _index(values: list[str], name: str) -> pd.Index[str]:
    return pd.Index(values, name=name, dtype=object)
