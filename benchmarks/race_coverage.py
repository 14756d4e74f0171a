"""Race: residential land in reach of parks, `deqing_geo.park_coverage` against overlays.

Synthetic counties lie side by side, each with 500 parks and 10,000 residential blocks in 40
towns, on a grid of 220 curved villages that keep their borders in common. The usual way is
to buffer the parks by the radius of their size, dissolve the buffers with ``union_all``,
overlay the homes with the result, and overlay homes and served homes with the areas. The
answers must agree within 0.1 % of all residential land, both in sum (``overall``) and with
the differences of all areas added up without their signs (``by area``); the usual buffer
draws a disc 0.16 % too small, and that shows.

Each lane runs in a process of its own, one after the other at every size. CPU is the best
of up to three calls after a small warm-up (`time.process_time`); the usual way is called
once beyond one county. Peak memory is the rise of the resident set's high-water mark over
the data and the warm-up (`resource.getrusage`); it is not known on Windows. Trust the
ratios, not the seconds.

A third lane walks: streets on a lattice of 200 m are made a network, and the same coverage is
taken on foot too, with homes sampled at 25 m. It has no partner; its bar is 2 s for a county.

Run it with ``python benchmarks/race_coverage.py``.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from lanes import CRS, SEED, exponent, in_own_process, measure, villages

import deqing_geo as dg

PARKS, HOMES, TOWNS = 500, 10_000, 40
TOWN_SPREAD_M = 500.0
BLOCK_M = 70.0  # homes stand in a lattice of this step, so none overlap
# The definition raced by: 300 m from 2,000 m2, 500 m from 5,000 m2.
BY = "park.health_check_2021"
BANDS = ((2_000, 300.0), (5_000, 500.0))
# Counties, and how they are laid side by side.
LAYOUT = {1: (1, 1), 2: (2, 1), 4: (2, 2)}
LANES = ("ours", "overlay", "walking")
REPEATS = {("ours", 1): 3, ("ours", 2): 3, ("ours", 4): 2, ("walking", 1): 3, ("walking", 2): 2}
STREET_M = 200.0
BEND_M = 40.0
WALKING_S = 2.0
AGREE = 1e-3
SAMPLED = 0.01


def places(areas: gpd.GeoDataFrame, counties: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Parks of 1,000 m2 to 6 ha with 8 to 30 corners, and homes of 8 corners, around towns."""
    rng = np.random.default_rng([SEED, counties])
    x0, y0, x1, y1 = areas.total_bounds
    margin = 3 * TOWN_SPREAD_M
    centres = rng.uniform(
        (x0 + margin, y0 + margin), (x1 - margin, y1 - margin), (TOWNS * counties, 2)
    )

    def around(count: int) -> np.ndarray:
        town = rng.integers(0, len(centres), count)
        return centres[town] + rng.normal(0, TOWN_SPREAD_M, (count, 2))

    lattice = np.unique(np.floor(around(4 * HOMES * counties) / BLOCK_M), axis=0)
    chosen = rng.choice(len(lattice), HOMES * counties, replace=False)
    middles = (lattice[np.sort(chosen)] + 0.5) * BLOCK_M
    reach = rng.uniform(0.25, 0.49, (len(middles), 1)) * BLOCK_M
    homes = _stars(rng, middles, np.full(len(middles), 8), reach[:, 0], 0.6)
    size = np.exp(rng.uniform(np.log(1_000), np.log(60_000), PARKS * counties))
    corners = rng.integers(8, 31, len(size))
    parks = _stars(rng, around(len(size)), corners, np.sqrt(size / 2), 0.5)
    return (
        gpd.GeoDataFrame({"park_class": "G11"}, index=range(len(parks)), geometry=parks, crs=CRS),
        gpd.GeoDataFrame(
            {"home_class": "urban_residential"}, index=range(len(homes)), geometry=homes, crs=CRS
        ),
    )


def _stars(
    rng: np.random.Generator,
    middles: np.ndarray,
    corners: np.ndarray,
    radius: np.ndarray,
    inner: float,
) -> np.ndarray:
    """Star-shaped polygons: corners at even angles, at uneven distances from the middle."""
    owner = np.repeat(np.arange(len(middles)), corners)
    first = np.concatenate([[0], np.cumsum(corners)[:-1]])
    angle = 2 * math.pi * (np.arange(len(owner)) - first[owner]) / corners[owner]
    distance = radius[owner] * rng.uniform(inner, 1, len(owner))
    points = middles[owner] + distance[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    shapes: np.ndarray = shapely.polygons(shapely.linearrings(points, indices=owner))
    return shapes


def streets(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Streets from side to side of the county, bent, with common vertices where they meet."""
    rng = np.random.default_rng(SEED)
    x0, y0, x1, y1 = areas.total_bounds
    x, y = np.meshgrid(np.arange(x0, x1, STREET_M), np.arange(y0, y1, STREET_M))
    crossings = np.stack([x, y], axis=-1) + rng.uniform(-BEND_M, BEND_M, (*x.shape, 2))
    lines = [*shapely.linestrings(crossings), *shapely.linestrings(crossings.swapaxes(0, 1))]
    return gpd.GeoDataFrame(
        {"road_class": "branch"}, index=range(len(lines)), geometry=lines, crs=CRS
    )


def walking(
    areas: gpd.GeoDataFrame,
    parks: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
) -> list[float]:
    """Shares covered straight and on foot, the network made on the way."""
    network = dg.road_network(roads)
    coverage = dg.park_coverage(areas, parks, homes, by=BY, network=network)
    assert coverage.walking is not None
    return [coverage.overall, coverage.walking.straight, coverage.walking.overall]


def ours(areas: gpd.GeoDataFrame, parks: gpd.GeoDataFrame, homes: gpd.GeoDataFrame) -> list[float]:
    """Hectares served in each area, then all residential land there is."""
    coverage = dg.park_coverage(areas, parks, homes, by=BY)
    return [*coverage.table["served_ha"].to_list(), float(coverage.table["demand_ha"].sum())]


def overlay(
    areas: gpd.GeoDataFrame, parks: gpd.GeoDataFrame, homes: gpd.GeoDataFrame
) -> list[float]:
    """The same, the usual way."""
    zones = gpd.GeoDataFrame({"zone": areas.index}, geometry=areas.geometry.array, crs=areas.crs)
    size = parks.area.to_numpy()
    radius = np.zeros(len(parks))
    for from_m2, metres in BANDS:
        radius[np.round(size) >= from_m2] = metres
    discs = parks.geometry[radius > 0].buffer(radius[radius > 0])
    reach = gpd.GeoDataFrame(geometry=[discs.union_all()], crs=areas.crs)
    served = gpd.overlay(homes, reach, how="intersection")
    by_zone = [
        pieces.area.groupby(pieces["zone"]).sum().reindex(areas.index, fill_value=0.0)
        for pieces in (
            gpd.overlay(served, zones, how="intersection"),
            gpd.overlay(homes, zones, how="intersection"),
        )
    ]
    served_ha, demand_ha = by_zone[0] / 10_000, by_zone[1] / 10_000
    return [*served_ha.to_list(), float(demand_ha.sum())]


def run_lane(lane: str, counties: int) -> dict[str, Any]:
    """One lane at one size, in this process."""
    areas = villages(*LAYOUT[counties])
    parks, homes = places(areas, counties)
    if lane == "walking":
        roads = streets(areas)
        walking(areas.iloc[:20], parks.iloc[:20], homes.iloc[:200], roads)
        return measure(
            lambda: walking(areas, parks, homes, roads), REPEATS.get((lane, counties), 1)
        )
    call = overlay if lane == "overlay" else ours
    call(areas.iloc[:20], parks.iloc[:20], homes.iloc[:200])
    return measure(lambda: call(areas, parks, homes), REPEATS.get((lane, counties), 1))


def main() -> int:
    """Print the table; 1 if the answers differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lane", choices=LANES, help="one lane alone, as JSON")
    parser.add_argument("--counties", type=int, choices=sorted(LAYOUT), default=1)
    asked = parser.parse_args()
    if asked.lane:
        print(json.dumps(run_lane(asked.lane, asked.counties)))
        return 0
    print("Park coverage: process CPU seconds (best of up to 3), rise of peak RSS in MB")
    print(f"{'size':<6}{'lane':<12}{'CPU s':>9}{'MB':>8}{'overlay/lane':>14}", end="")
    print(f"{'overall':>10}{'by area':>9}")
    seconds: dict[str, list[float]] = {lane: [] for lane in LANES}
    agree, in_time = True, True
    for counties in LAYOUT:
        results = {lane: in_own_process(__file__, lane, counties) for lane in LANES}
        partner = results["overlay"]
        for lane, result in results.items():
            seconds[lane].append(result["cpu_s"])
            ratio, differs = "", ""
            if lane == "ours":
                ratio = f"{partner['cpu_s'] / result['cpu_s']:.1f}x"
                gap = np.subtract(result["answer"], partner["answer"]) / partner["answer"][-1]
                # The last figure is the residential land itself: it must agree too.
                overall = max(abs(float(gap[:-1].sum())), abs(float(gap[-1])))
                by_area = float(np.abs(gap[:-1]).sum())
                agree &= overall <= AGREE and by_area <= AGREE
                differs = f"{overall:>10.0e}{by_area:>9.0e}"
            if lane == "walking":
                overall, straight, on_foot = result["answer"]
                ratio = f"{on_foot:.1%} on foot"
                # Samples stand for the land they lie on.
                agree &= abs(straight - overall) < SAMPLED and on_foot <= straight
                in_time &= counties > 1 or result["cpu_s"] < WALKING_S
            print(
                f"c{counties:<5}{lane:<12}{result['cpu_s']:>9.3f}{result['peak_mb']:>8.0f}"
                f"{ratio:>14}{differs}",
                flush=True,
            )
    for lane in LANES:
        print(f"growth exponent, {lane}: {exponent(list(LAYOUT), seconds[lane]):.2f}")
    print("same answer" if agree else "ANSWERS DIFFER")
    print(f"a county on foot in {WALKING_S:g} s: {'yes' if in_time else 'NO'}")
    return int(not agree)


if __name__ == "__main__":
    sys.exit(main())
