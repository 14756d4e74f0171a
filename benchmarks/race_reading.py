"""Race: reading a layer, checked and in our words, against pyogrio's own time for the same file.

20,000 villages of 75 vertices and 200,000 roads of 8, in the working system already, so that
only what reading adds is measured: the file judged by its bytes, its layer chosen, text in
its true encoding, codes and classes understood, shapes validated. Files: GeoPackage, FileGDB
and a GBK Shapefile without a .cpg.

Both lanes run in turn in one process on the same file. CPU is the best of five calls
(`time.process_time`). Trust the ratios, not the seconds.

Run it with ``python benchmarks/race_reading.py``.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from lanes import CRS, ORIGIN, SEED

import deqing_geo as dg

CELLS_WIDE, CELL_M, VERTEX_M = 142, 500.0, 27.0
ROADS, STEPS = 200_000, 8
REPEATS = 5


def villages() -> gpd.GeoDataFrame:
    """A grid of villages with the survey's codes and names."""
    x, y = np.meshgrid(np.arange(CELLS_WIDE), np.arange(CELLS_WIDE))
    west, south = x.ravel() * CELL_M + ORIGIN[0], y.ravel() * CELL_M + ORIGIN[1]
    shapes = shapely.segmentize(shapely.box(west, south, west + CELL_M, south + CELL_M), VERTEX_M)
    codes = [f"330521{at // 600 + 1:03d}{at % 600 + 200:03d}0000000" for at in range(len(shapes))]
    names = [f"第{at}村" for at in range(len(shapes))]
    return gpd.GeoDataFrame({"ZLDWDM": codes, "ZLDWMC": names}, geometry=shapes, crs=CRS)


def roads() -> gpd.GeoDataFrame:
    """Wandering roads of four classes and 5,000 names."""
    rng = np.random.default_rng(SEED)
    start = rng.uniform(0, CELLS_WIDE * CELL_M, (ROADS, 1, 2)) + ORIGIN
    path = rng.normal(0, 60, (ROADS, STEPS, 2)).cumsum(axis=1) + start
    words = rng.choice(["主干路", "次干路", "支路", "村道"], ROADS)
    names = [f"第{at % 5000}路" for at in range(ROADS)]
    return gpd.GeoDataFrame(
        {"道路等级": words, "路名": names}, geometry=shapely.linestrings(path), crs=CRS
    )


def best(call: Callable[[], Any]) -> float:
    """CPU seconds of the best call."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return min(seconds)


def main() -> None:
    """Print a row per file."""
    warnings.simplefilter("ignore")
    print(f"{'file':<22}{'rows':>9}{'pyogrio s':>11}{'ours s':>9}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name, frame, read in (
            ("villages", villages(), dg.read_villages),
            ("roads", roads(), dg.read_roads),
        ):
            for ending, options in (
                ("gpkg", {}),
                ("gdb", {"driver": "OpenFileGDB", "promote_to_multi": True}),
                ("shp", {"encoding": "GBK"}),
            ):
                file = Path(folder) / f"{name}.{ending}"
                pyogrio.write_dataframe(frame, file, **options)
                file.with_suffix(".cpg").unlink(missing_ok=True)
                if len(read(file)) != len(frame):
                    raise AssertionError(f"{file.name}: rows were lost")
                # The peer is told the encoding; by itself it cannot read the file.
                told = {"encoding": "GBK"} if ending == "shp" else {}
                peer = best(
                    lambda file=file, told=told: pyogrio.read_dataframe(
                        file, use_arrow=True, **told
                    )
                )
                ours = best(lambda file=file, read=read: read(file))
                print(
                    f"{file.name:<22}{len(frame):>9,}{peer:>11.3f}{ours:>9.3f}{ours / peer:>8.2f}"
                )


if __name__ == "__main__":
    main()
