"""Race: what is wrong with a layer of villages, against the usual way to find it.

Synthetic villages (220 to a county, curved borders, 100 vertices each); of every hundred two reach
2 m over their borders and two stay 0.3 m behind them. The usual way is a self-overlay
(`geopandas.overlay` of the layer with itself), each pair once, and the holes of the union of all:
both ways give the pairs that overlap, their area, and the gaps and theirs. `check` is everything
`check_boundaries` looks for on villages with codes, names, towns and declared areas.

Each lane runs in a process of its own. CPU is the best of three calls, of one above ten counties
(`time.process_time`). Trust the ratios, not the seconds.

Run it with ``python benchmarks/race_faults.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from lanes import SEED, exponent, in_own_process, measure, villages

import deqing_geo as dg
from deqing_geo.faults.forms import comparable
from deqing_geo.faults.topology import faces, overlaps, tiling

LANES = ("faults", "overlay", "check")
SHARE, REACH_M, BEHIND_M = 50, 2.0, 0.3
PER_TOWN, PROVINCE = 90, 91
DUST_M2 = 1e-6  # what rounding leaves between two that share a border


def damaged(counties: int) -> gpd.GeoDataFrame:
    """Villages with codes, names, towns and declared areas, some of them badly drawn."""
    rng = np.random.default_rng([SEED, counties])
    areas = villages(1, counties)
    count = len(areas)
    at = np.arange(count)
    town = [f"33{one // 900:04d}{100 + one % 900}" for one in at // PER_TOWN]
    declared = areas.area.round(2)
    shapes = areas.geometry.to_numpy().copy()
    hurt = rng.permutation(count)[: 2 * (count // SHARE)]
    out, back = np.split(hurt, 2)
    shapes[out] = shapely.buffer(shapes[out], REACH_M, join_style="mitre")
    shapes[back] = shapely.buffer(shapes[back], -BEHIND_M, join_style="mitre")
    return gpd.GeoDataFrame(
        {
            "village_name": [f"第{one}村" for one in at],
            "town_name": [f"{one}镇" for one in at // PER_TOWN],
            "JSMJ": declared,
        },
        geometry=shapes,
        crs=areas.crs,
        index=pd.Index([f"{one}{200 + two}" for one, two in zip(town, at % PER_TOWN, strict=True)],
                       name="village_code"),
    )  # fmt: skip


def ours(areas: gpd.GeoDataFrame) -> list[float]:
    """Overlaps and gaps by the library."""
    tiles = tiling(comparable(areas.geometry.to_numpy()))
    pairs, patches = overlaps(tiles)
    found, covered = faces(tiles)
    gaps = found[~covered]
    gaps = gaps[shapely.area(gaps) > DUST_M2]
    return [
        float(len(pairs)),
        float(shapely.area(patches).sum()),
        float(len(gaps)),
        float(shapely.area(gaps).sum()),
    ]


def by_overlay(areas: gpd.GeoDataFrame) -> list[float]:
    """The same by overlay and union, as one would type it from the manual."""
    own = areas[["geometry"]].reset_index(names="row")
    met = gpd.overlay(own, own, how="intersection", keep_geom_type=True)
    met = met[met["row_1"] < met["row_2"]]
    whole = own.geometry.union_all()
    rings = [shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors]
    # A village that stays behind on all sides is an island in its hole.
    holes = [hole for hole in shapely.difference(rings, whole) if hole.area > DUST_M2]
    return [
        float(len(met)),
        float(met.area.sum()),
        float(len(holes)),
        float(sum(hole.area for hole in holes)),
    ]


def everything(areas: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> list[float]:
    """All a check looks for."""
    counts = dg.check_boundaries(areas, towns=towns).counts
    return [float(counts["overlap"]), float(counts.sum())]


def lane(name: str, counties: int) -> dict[str, Any]:
    """One lane at one size."""
    areas = damaged(counties)
    repeats = 3 if counties < 10 else 1
    if name == "check":
        codes = pd.Series(areas.index.str[:9], index=areas.index)
        clean = villages(1, counties).set_index(areas.index).assign(town_code=codes)
        towns = clean.dissolve("town_code", method="coverage")
        towns["town_name"] = areas.groupby(codes)["town_name"].first()
        return measure(lambda: everything(areas, towns), repeats)
    way = ours if name == "faults" else by_overlay
    return measure(lambda: way(areas), repeats)


def main() -> int:
    """Run the race, or one lane of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lane", choices=LANES)
    parser.add_argument("--counties", type=int)
    asked = parser.parse_args()
    if asked.lane:
        print(json.dumps(lane(asked.lane, asked.counties)))
        return 0
    sizes = [1, 9, PROVINCE]
    runs = {(name, size): in_own_process(__file__, name, size) for size in sizes for name in LANES}
    for size in sizes:
        mine, theirs, check = (runs[name, size] for name in LANES)
        if not np.allclose(mine["answer"], theirs["answer"], rtol=1e-5):
            print(f"the two ways differ: {mine['answer']} {theirs['answer']}")
            return 1
        pairs, _, gaps, _ = mine["answer"]
        print(
            f"{220 * size} villages, {pairs:.0f} overlaps, {gaps:.0f} gaps:"
            f" {mine['cpu_s']:.2f} s ({mine['peak_mb']:.0f} MB), self-overlay"
            f" {theirs['cpu_s']:.2f} s ({theirs['peak_mb']:.0f} MB),"
            f" {theirs['cpu_s'] / mine['cpu_s']:.1f} times as fast;"
            f" everything: {check['cpu_s']:.2f} s ({check['peak_mb']:.0f} MB)"
        )
    for name in LANES:
        grown = exponent(sizes, [runs[name, size]["cpu_s"] for size in sizes])
        print(f"{name} grows as the number of villages to the power {grown:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
