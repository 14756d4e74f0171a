"""Race: twenty sites for parks, `deqing_geo.suggest_parks` against the usual ways.

Three questions, all 10,000 residential blocks unserved: 5,000 places in a county of 40 towns
(the homes of `race_coverage`) for parks of 2,000 m2 (300 m) and of 5,000 m2 (500 m), and 3,500
places in one dense town, 5 km across, for parks of 5,000 m2: more than a million pairs of a
place and a block it reaches.

The usual ways see a block as its middle, within reach or not: ``greedy`` takes the best place
again and again, all gains reckoned anew each time; ``program`` hands the whole to HiGHS, as
spopt and pulp do, with 60 seconds. What their sites serve is then measured as ours, by
overlay. ``ours`` gives sites, their figures, the curve, and what no choice exceeds.

Each lane runs in a process of its own. CPU is of one call after a small warm-up
(`time.process_time`), so the program's 60 seconds are not comparable to the last digit. Peak
memory is the rise of the resident set's high-water mark. Passed when ours has the most, a gap
of at most 2 % in the county, and takes under 60 s of CPU; wall seconds tell how busy the
machine was.

Run it with ``python benchmarks/race_siting.py``.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from lanes import CRS, ORIGIN, SEED, measure, villages
from race_coverage import HOMES, places
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

import deqing_geo as dg
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.radii import split_by, union_parts

SITES, CANDIDATES, SECONDS = 20, 5_000, 60.0
# Size and radius of a park.
SCENES = {"county300": (2_000, 300.0), "county500": (5_000, 500.0), "town500": (5_000, 500.0)}
LANES = ("ours", "greedy", "program")
BESIDE_M = 60.0
TOWN_CANDIDATES, TOWN_BLOCKS, TOWN_STEP_M = 3_500, 100, 52.0
COUNTY_GAP = 0.02


def scene(name: str) -> tuple[Any, gpd.GeoDataFrame]:
    """A coverage without any park, and the places to choose from."""
    rng = np.random.default_rng([SEED, 7])
    areas = villages(1, 1)
    if name.startswith("county"):
        parks, homes = places(areas, 1)
        middles = shapely.get_coordinates(shapely.centroid(homes.geometry.array))
        chosen = middles[rng.integers(0, HOMES, CANDIDATES)]
        spots = chosen + rng.normal(0, BESIDE_M, (CANDIDATES, 2))
    else:
        parks, _ = places(areas, 1)
        step = np.arange(TOWN_BLOCKS) * TOWN_STEP_M
        corner = np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2) + ORIGIN + 8_000.0
        half = rng.uniform(10, 25, corner.shape)
        middle = corner + TOWN_STEP_M / 2
        shapes = shapely.box(*(middle - half).T, *(middle + half).T)
        homes = gpd.GeoDataFrame(geometry=shapes, crs=CRS).assign(home_class="urban_residential")
        wide = TOWN_BLOCKS * TOWN_STEP_M
        spots = corner.min(axis=0) + rng.uniform(0, wide, (TOWN_CANDIDATES, 2))
    coverage = dg.park_coverage(areas, parks.iloc[:0], homes)
    return coverage, gpd.GeoDataFrame(geometry=shapely.points(spots), crs=CRS)


def served(coverage: Any, spots: gpd.GeoDataFrame, size: float, radius: float) -> float:
    """Hectares of homes really within reach of these."""
    discs = shapely.buffer(spots.geometry.array, radius + math.sqrt(size / math.pi), quad_segs=64)
    gaps = np.asarray(coverage.gaps.geometry.array, dtype=object)
    within, _ = split_by(gaps, union_parts(np.asarray(discs, dtype=object)))
    return float(ellipsoidal_area(within, CRS).sum()) / 10_000


def ours(coverage: Any, spots: gpd.GeoDataFrame, name: str) -> list[float]:
    """What is newly served, the gap, pairs, and one per site."""
    siting = dg.suggest_parks(
        coverage, candidates=spots, size_m2=SCENES[name][0], max_sites=SITES, seconds=SECONDS
    )
    gain = float(siting.sites["gain_ha"].sum())
    return [gain, siting.gap, float(siting.pairs)]


def _matrix(coverage: Any, spots: gpd.GeoDataFrame, name: str) -> tuple[csr_array, np.ndarray]:
    """Which middles lie within reach of which place, and what each block is worth."""
    size, radius = SCENES[name]
    middles = shapely.centroid(coverage.gaps.geometry.array)
    at, block = shapely.STRtree(middles).query(
        spots.geometry.array, predicate="dwithin", distance=radius + math.sqrt(size / math.pi)
    )
    table = csr_array((np.ones(len(at)), (at, block)), shape=(len(spots), len(middles)))
    return table, coverage.gaps["gap_ha"].to_numpy()


def greedy(coverage: Any, spots: gpd.GeoDataFrame, name: str) -> list[float]:
    """The best place, then the best beside it ..."""
    table, worth = _matrix(coverage, spots, name)
    left, chosen = worth.copy(), []
    for _ in range(SITES):
        one = int(np.argmax(table @ left))
        chosen.append(one)
        left[table.indices[table.indptr[one] : table.indptr[one + 1]]] = 0.0
    return [served(coverage, spots.iloc[chosen], *SCENES[name]), math.nan, float(table.nnz)]


def program(coverage: Any, spots: gpd.GeoDataFrame, name: str) -> list[float]:
    """The maximal covering location problem as it stands, all of it."""
    table, worth = _matrix(coverage, spots, name)
    candidates, blocks = table.shape
    covers = hstack([-table.T, eye_array(blocks)], format="csr")
    number = csr_array(np.concatenate([np.ones(candidates), np.zeros(blocks)])[None, :])
    done = milp(
        -np.concatenate([np.zeros(candidates), worth]),
        integrality=np.concatenate([np.ones(candidates), np.zeros(blocks)]),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(covers, -np.inf, 0), LinearConstraint(number, SITES, SITES)],
        options={"time_limit": SECONDS},
    )
    if done.x is None:
        return [0.0, math.nan, float(table.nnz)]
    chosen = np.flatnonzero(np.round(done.x[:candidates]))
    gap = float(done.mip_gap) if done.mip_gap is not None else math.nan
    return [served(coverage, spots.iloc[chosen], *SCENES[name]), gap, float(table.nnz)]


def run_lane(lane: str, name: str) -> dict[str, Any]:
    """One lane of one question, in this process."""
    coverage, spots = scene(name)
    call = {"ours": ours, "greedy": greedy, "program": program}[lane]
    few = dg.park_coverage(
        coverage.table[["geometry"]].iloc[:3],
        gpd.GeoDataFrame({"park_class": []}, geometry=[], crs=CRS),
        gpd.GeoDataFrame({"home_class": []}, geometry=[], crs=CRS),
    )
    if lane == "ours":
        call(few, spots.iloc[:30], name)
    start = time.perf_counter()
    result = measure(lambda: call(coverage, spots, name), 1)
    return {**result, "wall_s": time.perf_counter() - start}


def main() -> int:
    """Print the table; 1 if the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lane", choices=LANES, help="one lane alone, as JSON")
    parser.add_argument("--scene", choices=sorted(SCENES), default="county300")
    asked = parser.parse_args()
    if asked.lane:
        print(json.dumps(run_lane(asked.lane, asked.scene)))
        return 0
    print(f"{SITES} sites: process CPU seconds, wall seconds, rise of peak RSS in MB")
    print(f"{'question':<11}{'lane':<9}{'CPU s':>8}{'wall s':>8}{'MB':>7}", end="")
    print(f"{'pairs':>11}{'served ha':>11}{'gap':>9}")
    passed = True
    for name in SCENES:
        gains = {}
        for lane in LANES:
            command = [sys.executable, __file__, "--lane", lane, "--scene", name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            result = json.loads(done.stdout)
            gain, gap, pairs = result["answer"]
            gains[lane] = gain
            if lane == "ours":
                passed &= result["cpu_s"] < SECONDS
                passed &= gap <= COUNTY_GAP or not name.startswith("county")
            print(
                f"{name:<11}{lane:<9}{result['cpu_s']:>8.2f}{result['wall_s']:>8.2f}"
                f"{result['peak_mb']:>7.0f}{pairs:>11,.0f}{gain:>11.2f}"
                f"{'-' if math.isnan(gap) else f'{gap:.3%}':>9}",
                flush=True,
            )
        # The usual ways are drawn with finer discs: a ten-thousandth is theirs.
        passed &= gains["ours"] >= max(gains.values()) * (1 - 1e-4)
    print("bar reached" if passed else "BAR MISSED")
    return int(not passed)


if __name__ == "__main__":
    sys.exit(main())
