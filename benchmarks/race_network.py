"""Race: roads to a graph, minutes to a few goals, and distances from many places.

Streets of a synthetic town, 20,000 stretches to a county, each from crossing to crossing with
two vertices between, so that every lane builds the same graph. Building: arrays
(`deqing_geo.road_network`), a networkx graph with all it says of ends, crossings and parts
(`deqing_geo.road_graph`), and `momepy.gdf_to_nx`. Minutes: places put on the nearest stretch and
driven to the nearest of five goals, against the same by hand with networkx's own Dijkstra on a
graph made before. Distances: from one crossing in 2,000 to all of 200,000, on graphs made
before: scipy on the matrix of `deqing_geo.to_csr`, networkx, and rustworkx where it is installed
(from five times as many places rustworkx comes nearer: 2.3 times our seconds and not 2.9); with
``--large`` also to two million, without rustworkx.

Each lane runs in a process of its own. CPU is the best of up to three calls
(`time.process_time`). Trust the ratios, not the seconds.

Run it with ``python benchmarks/race_network.py``.
"""

from __future__ import annotations

import argparse
import importlib.util
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
FAR = ("distances", "distances by networkx", "distances by rustworkx")
# The usual way a lane is compared with; of the last two, theirs with ours.
PARTNER = {
    "arrays": "momepy",
    "networkx graph": "momepy",
    "minutes": "minutes by networkx",
}
MANY, LARGE = 20, 200  # counties of 10,000 crossings
EVERY = 2000
STRETCHES = 20_000
SPEEDS = {"branch": 30}
GOALS = 5
WALK_KMH = 5


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
    made = dg.road_graph(lines, speeds=SPEEDS)
    metres = sum(length for _, _, length in made.edges(data="metres"))
    return [made.number_of_nodes(), made.number_of_edges(), metres]


def far(lane: str, counties: int) -> dict[str, Any]:
    """Distances from one crossing in many to all, on a graph made before."""
    from scipy.sparse.csgraph import dijkstra

    net = dg.road_network(streets(counties), speeds=SPEEDS)
    matrix, _ = dg.to_csr(net)
    sources = np.arange(0, len(net.nodes), EVERY)
    some = np.arange(0, len(net.nodes), 997)
    if lane == "distances":
        return measure(
            lambda: dijkstra(matrix, directed=True, indices=sources, min_only=True)[some].tolist(),
            3,
        )
    if lane == "distances by networkx":
        graph = networkx.Graph()
        coo = matrix.tocoo()
        graph.add_weighted_edges_from(
            zip(coo.row.tolist(), coo.col.tolist(), coo.data.tolist(), strict=True)
        )

        def by_networkx() -> list[float]:
            way = networkx.multi_source_dijkstra_path_length(graph, set(sources.tolist()))
            return [way[int(node)] for node in some]

        return measure(by_networkx, 1)
    import rustworkx

    other = rustworkx.PyGraph(multigraph=False)
    other.add_nodes_from(range(len(net.nodes) + 1))
    pairs = np.sort(net.ends, axis=1)
    other.add_edges_from(
        list(zip(pairs[:, 0].tolist(), pairs[:, 1].tolist(), net.metres.tolist(), strict=True))
    )
    # It searches from one node: one more stands for all sources.
    last = len(net.nodes)
    other.add_edges_from([(last, int(node), 0.0) for node in sources])

    def by_rustworkx() -> list[float]:
        way = rustworkx.dijkstra_shortest_path_lengths(other, last, float)
        return [way[int(node)] if int(node) != last else 0.0 for node in some]

    return measure(by_rustworkx, 3)


def run_lane(lane: str, counties: int) -> dict[str, Any]:
    """One lane at one size, in this process."""
    if lane in FAR:
        return far(lane, counties)
    lines = streets(counties)
    repeats = 3 if counties == 1 else 1
    if lane in ("arrays", "networkx graph", "momepy"):
        call = {"arrays": arrays, "networkx graph": graph, "momepy": by_momepy}[lane]
        call(lines.iloc[:500])
        return measure(lambda: call(lines), repeats)
    net = dg.road_network(lines, speeds=SPEEDS)
    goals = np.linspace(0, len(net.nodes) - 1, GOALS).astype(int)
    rng = np.random.default_rng([SEED, counties])
    places = net.nodes + rng.uniform(-60, 60, net.nodes.shape)
    some = np.arange(0, len(places), 97)
    net.travel_minutes(places[:9], net.nodes[goals], walk_kmh=WALK_KMH)
    if lane == "minutes":
        return measure(
            lambda: net.travel_minutes(places, net.nodes[goals], walk_kmh=WALK_KMH)[some].tolist(),
            repeats,
        )
    made = net.to_networkx()

    def theirs() -> list[float]:
        # The same by hand: the nearest stretch of each place, and the better of its two ends.
        stretches, points = net.lines, shapely.points(places)
        near = shapely.STRtree(stretches).nearest(points)
        share = shapely.line_locate_point(stretches[near], points, normalized=True)
        foot = shapely.distance(stretches[near], points) / 1000 / WALK_KMH * 60
        way = networkx.multi_source_dijkstra_path_length(
            made, {int(goal) for goal in goals}, weight="minutes"
        )
        found = np.array([way[node] for node in range(len(net.nodes))])
        tail, head = found[net.ends[near]].T
        whole = net.minutes[near]
        total = np.minimum(tail + share * whole, head + (1 - share) * whole) + foot
        return total[some].tolist()

    return measure(theirs, repeats)


def has_rustworkx() -> bool:
    """Whether the third lane can run at all."""
    there = importlib.util.find_spec("rustworkx") is not None
    if not there:
        print("rustworkx is not installed: its lane is left out")
    return there


def race_far(counties: int, lanes: tuple[str, ...]) -> float:
    """Print the lanes of distances; by how much the answers differ."""
    ours = in_own_process(__file__, lanes[0], counties)
    worst = 0.0
    for lane in lanes:
        result = ours if lane == lanes[0] else in_own_process(__file__, lane, counties)
        gap = np.abs(np.subtract(result["answer"], ours["answer"]))
        difference = float(np.max(gap / np.maximum(ours["answer"], 1e-3)))
        worst = max(worst, difference)
        ratio = "" if lane == lanes[0] else f"{result['cpu_s'] / ours['cpu_s']:.2f}x"
        print(
            f"c{counties:<5}{lane:<24}{result['cpu_s']:>9.3f}{result['peak_mb']:>8.0f}"
            f"{ratio:>14}{difference:>10.0e}",
            flush=True,
        )
    return worst


def main() -> int:
    """Print the table; 1 if the answers differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lane", choices=LANES + FAR, help="one lane alone, as JSON")
    parser.add_argument("--counties", type=int, default=1)
    parser.add_argument("--large", action="store_true", help="distances to two million too")
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
    worst = max(worst, race_far(MANY, FAR if has_rustworkx() else FAR[:2]))
    if asked.large:
        worst = max(worst, race_far(LARGE, FAR[:2]))
    for lane in LANES:
        print(f"growth exponent, {lane}: {exponent([1, 4], seconds[lane]):.2f}")
    print("same answer" if worst <= 1e-4 else "ANSWERS DIFFER")
    return int(worst > 1e-4)


if __name__ == "__main__":
    sys.exit(main())
