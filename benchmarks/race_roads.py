"""Race: kilometres of road per village, `deqing_geo.road_density` against `gpd.overlay`.

Synthetic counties lie side by side: 220 villages of about 100 vertices each (a valid
coverage with curved borders) and 20,000 roads, all of the classes ``road.core`` counts, so
that both lanes have the same work. No road runs along a border, so there are no ties and
the answers must agree. A third lane makes every twentieth road follow a border: overlay
counts those twice, so it has no partner and is timed alone.

Each lane runs in a process of its own, one after the other at every size. CPU is the best
of up to three calls after a small warm-up (`time.process_time`). Peak memory is the rise of the
resident set's high-water mark over the data and the warm-up (`resource.getrusage`); it is
not known on Windows. Trust the ratios, not the seconds.

Run it with ``python benchmarks/race_roads.py``, or up to thirty counties with
``--counties 30``.
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

ROADS = 20_000
CLASSES = ("expressway", "arterial", "subarterial", "branch")
# Counties, and how they are laid side by side.
LAYOUT = {1: (1, 1), 4: (2, 2), 9: (3, 3), 30: (6, 5)}
# Thirty counties want memory and minutes, and run where they are asked for.
USUAL = 9
LANES = ("ours", "overlay", "ours, 5 % on borders")
REPEATS = {1: 3, 4: 2, 9: 1, 30: 1}
# A vertex that falls within 1 mm of a border by chance moves a millimetre.
AGREE = 1e-6


def roads(areas: gpd.GeoDataFrame, counties: int, *, on_borders: bool = False) -> gpd.GeoDataFrame:
    """Wandering lines of 2 to 20 vertices; one in ten long enough to cross several villages."""
    rng = np.random.default_rng([SEED, counties])
    count = ROADS * counties
    x0, y0, x1, y1 = areas.total_bounds
    vertices = rng.integers(2, 21, count)
    stride = np.where(rng.random(count) < 0.1, 250.0, 35.0)
    first = np.concatenate([[0], np.cumsum(vertices)[:-1]])
    owner = np.repeat(np.arange(count), vertices)
    turn = rng.normal(0, 0.3, len(owner))
    turn[first] = rng.uniform(0, 2 * math.pi, count)
    heading = np.cumsum(turn)
    heading -= np.repeat(heading[first] - turn[first], vertices)
    step = stride[owner][:, None] * np.column_stack([np.cos(heading), np.sin(heading)])
    step[first] = 0
    path = np.cumsum(step, axis=0)
    path -= np.repeat(path[first], vertices, axis=0)
    path += np.repeat(rng.uniform((x0, y0), (x1, y1), (count, 2)), vertices, axis=0)
    lines = shapely.linestrings(path, indices=owner)
    if on_borders:
        rings = shapely.get_exterior_ring(areas.geometry.array)
        for at in range(0, count, 20):
            ring = shapely.get_coordinates(rings[rng.integers(len(rings))])
            start = int(rng.integers(0, len(ring) - 6))
            lines[at] = shapely.LineString(ring[start : start + 6])
    classes = rng.choice(CLASSES, count)
    return gpd.GeoDataFrame({"road_class": classes}, geometry=lines, crs=CRS)


def ours(areas: gpd.GeoDataFrame, lines: gpd.GeoDataFrame) -> list[float]:
    """Kilometres per village by this library."""
    return dg.road_density(areas, lines, by="road.core").table["road_km"].to_list()


def overlay(areas: gpd.GeoDataFrame, lines: gpd.GeoDataFrame) -> list[float]:
    """Kilometres per village the usual way."""
    zones = gpd.GeoDataFrame({"zone": areas.index}, geometry=areas.geometry.array, crs=areas.crs)
    pieces = gpd.overlay(lines, zones, how="intersection", keep_geom_type=True)
    km = pieces.length.groupby(pieces["zone"]).sum() / 1000
    return km.reindex(areas.index, fill_value=0.0).to_list()


def run_lane(lane: str, counties: int) -> dict[str, Any]:
    """One lane at one size, in this process."""
    areas = villages(*LAYOUT[counties])
    lines = roads(areas, counties, on_borders=lane == LANES[2])
    call = overlay if lane == "overlay" else ours
    call(areas.iloc[:4], lines.iloc[:500])
    return measure(lambda: call(areas, lines), REPEATS[counties])


def main() -> int:
    """Print the table; 1 if the answers differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lane", choices=LANES, help="one lane alone, as JSON")
    parser.add_argument(
        "--counties",
        type=int,
        choices=sorted(LAYOUT),
        help="how many with --lane (1), and the largest race without (9)",
    )
    asked = parser.parse_args()
    if asked.lane:
        print(json.dumps(run_lane(asked.lane, asked.counties or 1)))
        return 0
    sizes = [counties for counties in LAYOUT if counties <= (asked.counties or USUAL)]
    print("Road length per village: process CPU seconds (best of up to 3), rise of peak RSS in MB")
    print(f"{'size':<6}{'lane':<24}{'CPU s':>9}{'MB':>8}{'overlay/lane':>14}{'differs':>10}")
    seconds: dict[str, list[float]] = {lane: [] for lane in LANES}
    worst = 0.0
    for counties in sizes:
        results = {lane: in_own_process(__file__, lane, counties) for lane in LANES}
        partner = results["overlay"]
        for lane, result in results.items():
            seconds[lane].append(result["cpu_s"])
            ratio, differs = "", ""
            if lane == "ours":
                ratio = f"{partner['cpu_s'] / result['cpu_s']:.2f}x"
                gap = np.abs(np.subtract(result["answer"], partner["answer"]))
                difference = float(np.max(gap / np.maximum(partner["answer"], 1e-3)))
                worst = max(worst, difference)
                differs = f"{difference:.0e}"
            print(
                f"c{counties:<5}{lane:<24}{result['cpu_s']:>9.3f}{result['peak_mb']:>8.0f}"
                f"{ratio:>14}{differs:>10}",
                flush=True,
            )
    for lane in LANES:
        print(f"growth exponent, {lane}: {exponent(sizes, seconds[lane]):.2f}")
    print("same answer" if worst <= AGREE else "ANSWERS DIFFER")
    return int(worst > AGREE)


if __name__ == "__main__":
    sys.exit(main())
