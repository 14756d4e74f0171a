"""Race: centre lines of a made-up town, `deqing_geo.centre_lines` against plain `neatnet.neatify`.

Towns of divided streets, plain streets, roundabouts and lanes out into the country lie side by
side, 3 km apart. Every gap is closed by both lanes at the same threshold, so the total length
must agree. neatnet returns lines without classes on most of the length; ours gives them back,
and says what was merged, in its time. Two sizes: one town and nine.

Each lane runs in a process of its own. CPU is that of one call after a small warm-up
(`time.process_time`). Peak memory is the rise of the resident set's high-water mark over the data
and the warm-up. Trust the ratios, not the seconds.

Run it with ``python benchmarks/race_centre_lines.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings

import geopandas as gpd
import numpy as np
import shapely
from lanes import CRS, ORIGIN, exponent, in_own_process, measure

import deqing_geo as dg

LANES = ("ours", "neatnet")
LAYOUT = {1: (1, 1), 9: (3, 3)}
BLOCKS, SIDE_M, GAP_M, RADIUS_M = 8, 240.0, 16.0, 15.0
APART_M = 5_000.0
THRESHOLD = 7.5
AGREE = 5e-3


def town() -> tuple[list[np.ndarray], list[str]]:
    """One town: every second street divided, roundabouts where plain streets cross."""
    ways: list[np.ndarray] = []
    kinds: list[str] = []
    extent = BLOCKS * SIDE_M
    half = GAP_M / 2
    for at in range(BLOCKS + 1):
        place, double = at * SIDE_M, at % 2 == 0
        # A divided street ends where the town does, and a lane goes on.
        lanes = [(-300.0, -half, place), (extent + half, extent + 300.0, place)]
        if double:
            runs = [(-half, extent + half, place - half), (-half, extent + half, place + half)]
        else:
            runs = [(-half, extent + half, place)]
        for kind, spans in (("branch", lanes), ("arterial" if double else "branch", runs)):
            for start, stop, across in spans:
                line = np.array([(start, across), (stop, across)])
                ways += [line, line[:, ::-1]]
                kinds += [kind, kind]
    discs = [
        shapely.Point(i * SIDE_M, j * SIDE_M).buffer(RADIUS_M, quad_segs=6)
        for i in range(1, BLOCKS, 4)
        for j in range(1, BLOCKS, 4)
    ]
    lines = shapely.linestrings(np.array(ways))
    outside = shapely.difference(lines, shapely.union_all(discs))
    rings = np.array([disc.exterior for disc in discs], dtype=object)
    everything = np.concatenate([outside, rings])
    words = np.array([*kinds, *["branch"] * len(rings)])
    pieces = shapely.get_parts(shapely.union_all(everything, grid_size=0.001))
    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    of = shapely.STRtree(everything).query_nearest(middle, all_matches=False)[1]
    return [shapely.get_coordinates(piece) for piece in pieces], words[of].tolist()


def roads(towns: int) -> gpd.GeoDataFrame:
    """Towns side by side, each joined to nothing but its own lanes."""
    ways, kinds = town()
    wide, high = LAYOUT[towns]
    lines, words = [], []
    for i in range(wide):
        for j in range(high):
            move = np.array(ORIGIN) + np.array([i, j]) * APART_M
            lines += [shapely.LineString(way + move) for way in ways]
            words += kinds
    return gpd.GeoDataFrame({"road_class": words}, geometry=lines, crs=CRS)


def ours(layer: gpd.GeoDataFrame) -> list[float]:
    """Kilometres after merging, by this library."""
    return [dg.centre_lines(layer, threshold=THRESHOLD).after_km]


def neatnet(layer: gpd.GeoDataFrame) -> list[float]:
    """Kilometres after merging, by neatnet on the whole layer."""
    import neatnet as theirs

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = theirs.neatify(layer, artifact_threshold=THRESHOLD)
    return [float(made.length.sum()) / 1000]


def main() -> int:
    """Run one lane, or all of them in processes of their own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lane", choices=LANES)
    parser.add_argument("--counties", type=int, choices=LAYOUT, default=1)
    options = parser.parse_args()
    if options.lane:
        call = {"ours": ours, "neatnet": neatnet}[options.lane]
        layer = roads(options.counties)
        call(layer.cx[: ORIGIN[0] + 600, : ORIGIN[1] + 600])
        print(json.dumps({**measure(lambda: call(layer), 1), "roads": len(layer)}))
        return 0
    worst = 0.0
    seconds: dict[str, list[float]] = {lane: [] for lane in LANES}
    print(
        f"{'towns':>6}{'lines':>8}  {'lane':<10}{'CPU s':>8}{'peak MB':>9}{'km':>10}{'differs':>10}"
    )
    for towns in LAYOUT:
        km: dict[str, float] = {}
        for lane in LANES:
            done = in_own_process(__file__, lane, towns)
            km[lane] = done["answer"][0]
            seconds[lane].append(done["cpu_s"])
            differs = abs(km[lane] / km["ours"] - 1)
            worst = max(worst, differs)
            print(
                f"{towns:>6}{done['roads']:>8}  {lane:<10}{done['cpu_s']:>8.1f}"
                f"{done['peak_mb']:>9.0f}{km[lane]:>10.3f}{differs:>10.2%}",
                flush=True,
            )
    for lane in LANES:
        print(f"growth exponent, {lane}: {exponent(list(LAYOUT), seconds[lane]):.2f}")
    print("same answer" if worst <= AGREE else "ANSWERS DIFFER")
    return int(worst > AGREE)


if __name__ == "__main__":
    sys.exit(main())
