"""What the races share: the county they run on, and one lane in a process of its own."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

SEED = 20251231
CRS = "EPSG:4549"
ORIGIN = (480_000.0, 3_370_000.0)
VILLAGES_WIDE, VILLAGES_HIGH, SIDE_M = 20, 11, 2_000.0
EDGE_STEPS = 25  # four curved sides of 25 steps: 100 vertices a village


def villages(wide: int, high: int) -> gpd.GeoDataFrame:
    """Villages as cells of a bent grid; neighbours share the vertices of their border."""
    columns, rows = VILLAGES_WIDE * wide, VILLAGES_HIGH * high
    steps_x = np.arange(columns * EDGE_STEPS + 1) / EDGE_STEPS
    steps_y = np.arange(rows * EDGE_STEPS + 1) / EDGE_STEPS
    cells = []
    for row in range(rows):
        for column in range(columns):
            x = steps_x[column * EDGE_STEPS : (column + 1) * EDGE_STEPS + 1]
            y = steps_y[row * EDGE_STEPS : (row + 1) * EDGE_STEPS + 1]
            south = np.column_stack([x, np.full(len(x), float(row))])
            east = np.column_stack([np.full(len(y), column + 1.0), y])
            north = np.column_stack([x[::-1], np.full(len(x), row + 1.0)])
            west = np.column_stack([np.full(len(y), float(column)), y[::-1]])
            cells.append(np.concatenate([south[:-1], east[:-1], north[:-1], west]))
    rings = shapely.linearrings([_bend(cell) for cell in cells])
    frame = gpd.GeoDataFrame(geometry=shapely.polygons(rings), crs=CRS)
    if not shapely.coverage_is_valid(frame.geometry.array):
        raise AssertionError("the villages are no clean coverage")
    return frame


def _bend(grid: np.ndarray) -> np.ndarray:
    """One smooth map of the plane for all: it curves borders and keeps them shared."""
    x, y = grid[:, 0], grid[:, 1]
    bent_x = x + 0.16 * np.sin(2.1 * y + 0.7 * x) + 0.05 * np.sin(9.0 * y + 1.3 * x)
    bent_y = y + 0.16 * np.sin(1.9 * x + 0.5 * y) + 0.05 * np.sin(8.0 * x + 1.1 * y)
    return np.column_stack([bent_x, bent_y]) * SIDE_M + ORIGIN


def measure(call: Callable[[], list[float]], repeats: int) -> dict[str, Any]:
    """Answer, best CPU seconds and peak memory of a call."""
    before = _peak_mb()
    seconds = []
    answer: list[float] = []
    for _ in range(repeats):
        start = time.process_time()
        answer = call()
        seconds.append(time.process_time() - start)
    return {"answer": answer, "cpu_s": min(seconds), "peak_mb": _peak_mb() - before}


def in_own_process(script: str, lane: str, counties: int) -> dict[str, Any]:
    """One lane of a race at one size, in a fresh process."""
    command = [sys.executable, script, "--lane", lane, "--counties", str(counties)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Slope of log seconds over log size."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
