"""Race: roads to a graph, and minutes from a county's crossings to a few goals.

Streets of a synthetic town, 20,000 stretches to a county, each from crossing to crossing with
two vertices between, so that every lane builds the same graph. Building: arrays
(`deqing_geo.road_network`), the same as a networkx graph, and `momepy.gdf_to_nx`. Minutes: ours
on the arrays against networkx's own Dijkstra on the graph made before.

Each lane runs in a process of its own. CPU is the best of up to three calls
(`time.process_time`). Trust the ratios, not the seconds.

Run it with ``python benchmarks/race_network.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import geopandas as gpd
import networkx
import numpy as np
import shapely
from lanes import CRS, ORIGIN, SEED, exponent, in_own_process, measure

import deqing_geo as dg

LANES = ("arrays", "networkx graph", "momepy", "minutes", "minutes by networkx")
PARTNER = {
    "arrays": "momepy",
    "networkx graph": "momepy",
    "minutes": "minutes by networkx",
}
STRETCHES = 20_000
SPEEDS = {"branch": 30}
GOALS = 5


def streets(counties: int) -> gpd.GeoDataFrame:
    """A grid of bent streets, one line from crossing to crossing."""
    rng = np.random.default_rng([SEED, counties])
    side = int(np.sqrt(STRETCHES * counties / 2))
    nodes = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1) * 120.0
    nodes = np.round(nodes + rng.uniform(-25, 25, nodes.shape) + ORIGIN, 3)
    pairs = [(nodes[:-1], nodes[1:]), (nodes[:, :-1], nodes[:, 1:])]
    tail = np.concatenate([a.reshape(-1, 2) for a, _ in pairs])
    head = np.concatenate([b.reshape(-1, 2) for _, b in pairs])
    third = (head - tail) / 3
    bend = rng.uniform(-8, 8, (2, *tail.shape))
    path = np.stack([tail, tail + third + bend[0], tail + 2 * third + bend[1], head], axis=1)
    words = ["branch"] * len(path)
    return gpd.GeoDataFrame({"road_class": words}, geometry=shapely.linestrings(path), crs=CRS)


def by_momepy(lines: gpd.GeoDataFrame) -> list[float]:
    """Nodes, edges and metres of momepy's primal graph."""
    import momepy

    graph = momepy.gdf_to_nx(lines, approach="primal")
    metres = sum(length for _, _, length in graph.edges(data="mm_len"))
    return [graph.number_of_nodes(), graph.number_of_edges(), metres]


def arrays(lines: gpd.GeoDataFrame) -> list[float]:
    """The same by arrays."""
    net = dg.road_network(lines, speeds=SPEEDS)
    return [len(net.nodes), len(net.ends), float(net.metres.sum())]


def graph(lines: gpd.GeoDataFrame) -> list[float]:
    """The same as a networkx graph of ours."""
    made = dg.road_network(lines, speeds=SPEEDS).to_networkx()
    metres = sum(length for _, _, length in made.edges(data="metres"))
    return [made.number_of_nodes(), made.number_of_edges(), metres]


def run_lane(lane: str, counties: int) -> dict[str, Any]:
    """One lane at one size, in this process."""
    lines = streets(counties)
    repeats = 3 if counties == 1 else 1
    if lane in ("arrays", "networkx graph", "momepy"):
        call = {"arrays": arrays, "networkx graph": graph, "momepy": by_momepy}[lane]
        call(lines.iloc[:500])
        return measure(lambda: call(lines), repeats)
    net = dg.road_network(lines, speeds=SPEEDS)
    goals = np.linspace(0, len(net.nodes) - 1, GOALS).astype(int)
    some = np.arange(0, len(net.nodes), 97)
    net.travel_minutes(net.nodes[:9], net.nodes[goals], walk_kmh=5)
    if lane == "minutes":
        return measure(
            lambda: net.travel_minutes(net.nodes, net.nodes[goals], walk_kmh=5)[some].tolist(),
            repeats,
        )
    made = net.to_networkx()

    def theirs() -> list[float]:
        # The usual way brings places to the graph too, and then asks for all of them.
        near = shapely.STRtree(shapely.points(net.nodes)).nearest(shapely.points(net.nodes))
        way = networkx.multi_source_dijkstra_path_length(
            made, {int(goal) for goal in goals}, weight="minutes"
        )
        found = [way[node] for node in near.tolist()]
        return [found[node] for node in some]

    return measure(theirs, repeats)


def main() -> int:
    """Print the table; 1 if the answers differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lane", choices=LANES, help="one lane alone, as JSON")
    parser.add_argument("--counties", type=int, choices=(1, 4), default=1)
    asked = parser.parse_args()
    if asked.lane:
        print(json.dumps(run_lane(asked.lane, asked.counties)))
        return 0
    print("Roads to a graph, and minutes on it: process CPU seconds, rise of peak RSS in MB")
    print(f"{'size':<6}{'lane':<24}{'CPU s':>9}{'MB':>8}{'usual/lane':>14}{'differs':>10}")
    seconds: dict[str, list[float]] = {lane: [] for lane in LANES}
    worst = 0.0
    for counties in (1, 4):
        results = {lane: in_own_process(__file__, lane, counties) for lane in LANES}
        for lane, result in results.items():
            seconds[lane].append(result["cpu_s"])
            ratio, differs = "", ""
            if lane in PARTNER:
                partner = results[PARTNER[lane]]
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
        print(f"growth exponent, {lane}: {exponent([1, 4], seconds[lane]):.2f}")
    print("same answer" if worst <= 1e-4 else "ANSWERS DIFFER")
    return int(worst > 1e-4)


if __name__ == "__main__":
    sys.exit(main())
