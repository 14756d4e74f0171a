"""Race: what villages are judged by, and their types, against the usual way.

Synthetic villages (220 to a county, curved borders), 10 pieces of homes in each, two layers of
law. Facts: `village_facts` against `geopandas.overlay` and `groupby`, as one would type it
from the manual; both give, per village, the share of residential land
inside each layer and the distance to one of them. Types:
`classify_villages` against the same ladder asked row by row. Doubt: twenty draws in one call
against `classify_villages` called once a draw with the law and the weights of that draw; both give
the same shares. Services: which of eight kinds stand in a village or within a kilometre, by
`village_facts` against two spatial joins and a count of different words. Patches:
`VillageTypes.patches` against `geopandas.sjoin` for neighbours, borders measured pair by pair, and
networkx; both give the number of patches, of islands, and the kilometres of border.

Each lane runs in a process of its own. CPU is the best of three calls
(`time.process_time`). Trust the ratios, not the seconds.

Run it with ``python benchmarks/race_villages.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from lanes import CRS, SEED, exponent, in_own_process, measure, villages

import deqing_geo as dg
from deqing_geo.villages.conditions import UNKNOWN, YES, truth
from deqing_geo.villages.doubt import drawn_limits, drawn_spread, drawn_weights
from deqing_geo.villages.grounds import ANSWERS as KINDS
from deqing_geo.villages.grounds import Grounds
from deqing_geo.villages.potential import potential
from deqing_geo.villages.scheme import shipped

PIECES, LAWS = 10, ("redline", "boundaries")
PARTNER = {
    "facts": "overlay",
    "types": "row by row",
    "doubt": "draw by draw",
    "services": "joins",
    "patches": "sjoin",
}
LANES = tuple(name for pair in PARTNER.items() for name in pair)
SERVICES_EACH = 12
BORDER_M = 20.0
# Borders found within half a metre are longer by as much at each end, which no count hangs on.
SAME = {"patches": 2e-3}
DRAWS = 20


def layers(counties: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, list[gpd.GeoDataFrame]]:
    """Villages, homes across their borders, and two layers of blobs."""
    rng = np.random.default_rng([SEED, counties])
    areas = villages(1, counties)
    areas.index = pd.Index([f"{at:012d}" for at in range(len(areas))], name="village_code")
    west, south, east, north = areas.total_bounds
    corner, size = np.array([west, south]), np.array([east - west, north - south])
    spots = rng.uniform(0, 1, (PIECES * len(areas), 2)) * size + corner
    # Squares on a lattice of their own: none lies on another.
    cells = np.unique((spots // 180).astype(int), axis=0) * 180.0
    homes = gpd.GeoDataFrame(
        {"home_class": "homestead"},
        geometry=shapely.box(cells[:, 0], cells[:, 1], cells[:, 0] + 130, cells[:, 1] + 130),
        crs=CRS,
        index=range(len(cells)),
    )
    laws = []
    for _ in LAWS:
        centres = rng.uniform(0, 1, (12 * counties, 2)) * size + corner
        blobs = shapely.get_parts(
            shapely.union_all(shapely.buffer(shapely.points(centres), 1_900, quad_segs=24))
        )
        laws.append(gpd.GeoDataFrame(geometry=blobs, crs=CRS))
    return areas, homes, laws


def ours(areas: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, laws: list[gpd.GeoDataFrame]) -> Any:
    """Shares of residential land by the library."""
    return dg.village_facts(areas, homes=homes, redline=laws[0], boundaries=laws[1])


def by_overlay(
    areas: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, laws: list[gpd.GeoDataFrame]
) -> list[float]:
    """The same sums by overlays and groupby."""
    lived = gpd.overlay(homes, areas.reset_index(), how="intersection", keep_geom_type=True)
    whole = lived.area.groupby(lived["village_code"]).sum()
    out = []
    for law in laws:
        inside = gpd.overlay(lived, law, how="intersection", keep_geom_type=True)
        share = inside.area.groupby(inside["village_code"]).sum() / whole
        out.append(float(share.fillna(0).sum()))
    away = lived.dissolve(by="village_code").distance(laws[1].union_all())
    return [*out, float(away.sum())]


def places(counties: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Villages, and services anywhere among them."""
    rng = np.random.default_rng([SEED, counties])
    areas = villages(1, counties)
    areas.index = pd.Index([f"{at:012d}" for at in range(len(areas))], name="village_code")
    west, south, east, north = areas.total_bounds
    count = SERVICES_EACH * len(areas)
    spots = gpd.points_from_xy(rng.uniform(west, east, count), rng.uniform(south, north, count))
    words = rng.choice(list(dg.columns.crosswalk("facility_kind")), count)
    return areas, gpd.GeoDataFrame({"facility_class": words}, geometry=spots, crs=CRS)


def by_joins(areas: gpd.GeoDataFrame, services: gpd.GeoDataFrame) -> list[float]:
    """Kinds of service in or near each village, by two joins."""
    kinds = services.assign(
        kind=services["facility_class"].map(dg.columns.crosswalk("facility_kind"))
    )
    inside = gpd.sjoin(areas, kinds, predicate="intersects")["kind"]
    middles = areas.set_geometry(areas.representative_point())
    near = gpd.sjoin(middles, kinds, predicate="dwithin", distance=1_000)["kind"]
    count = pd.concat([inside, near]).groupby(level=0).nunique()
    return [float(count.sum()), float((count == len(kinds["kind"].unique())).sum())]


def facts_of(count: int) -> gpd.GeoDataFrame:
    """Villages with every fact the ladder reads, some of them not known."""
    rng = np.random.default_rng(SEED)
    number = {
        "udb_res_share": rng.uniform(0, 1, count) ** 4,
        "redline_res_share": rng.uniform(0, 1, count) ** 6,
        "water1_res_share": rng.uniform(0, 1, count) ** 9,
        "dist_udb_m": rng.uniform(0, 9_000, count),
        "tt_county_min": rng.uniform(3, 70, count),
        "tt_town_min": rng.uniform(1, 40, count),
        "pop_resident": rng.integers(150, 4_000, count).astype(float),
        "hollow_rate": rng.uniform(0, 0.6, count),
        "hh_resident": rng.integers(8, 900, count).astype(float),
        "slope_res_mean_deg": rng.uniform(0, 20, count),
    }
    words = {
        "hazard_major": rng.choice([True, False, None], count, p=[0.02, 0.95, 0.03]),
        "heritage_list": rng.choice(["名录 2019", None], count, p=[0.06, 0.94]),
        "is_central_village": rng.choice([True, False], count, p=[0.1, 0.9]),
        "is_town_seat": rng.choice([True, False], count, p=[0.06, 0.94]),
        "hazard_class": rng.choice(["none", "low", "medium", "high"], count),
        "unit_kind": "village_committee",
        "retention_value": None,
    }
    return gpd.GeoDataFrame(
        {**number, **words},
        geometry=shapely.points(np.zeros((count, 2))),
        index=[f"{at:012d}" for at in range(count)],
        crs=CRS,
    )


def row_by_row(facts: gpd.GeoDataFrame) -> list[float]:
    """The same ladder, each village by itself, as a loop over rows would ask it."""
    law = dg.standards.load()
    table = dg.classify_villages(facts, law).table
    decided = []
    for at in range(len(table)):
        row = pd.DataFrame(table.iloc[[at]])
        found = ""
        for rung in shipped().rungs:
            if any(column not in row for column in rung.columns):
                continue
            held = truth(rung.when, row, law)[0]
            if held in (YES, UNKNOWN):
                found = rung.id if held == YES else "?"
                break
        decided.append(found)
    return [float(decided.count(name)) for name in ("CP-1", "SI-1", "AC-2", "IM-0", "?")]


def types(facts: gpd.GeoDataFrame) -> list[float]:
    """How many the library decides by some rungs."""
    table = dg.classify_villages(facts).table
    missing = table["type_model"] == "missing"
    counts = table.loc[~missing, "decided_by"].value_counts()
    found = [float(counts.get(name, 0)) for name in ("CP-1", "SI-1", "AC-2", "IM-0")]
    return [*found, float(missing.sum())]


def whole(facts: gpd.GeoDataFrame) -> list[float]:
    """The mean shares of the types in all draws, from one call."""
    table = dg.classify_villages(facts, draws=DRAWS).table
    return [float(table[f"p_{kind}"].mean()) for kind in KINDS]


def draw_by_draw(facts: gpd.GeoDataFrame) -> list[float]:
    """The same from one call a draw, each with a law and weights of its own."""
    law, scheme = dg.standards.load(), shipped()
    table = dg.classify_villages(facts, law, draws=0).table
    taking = np.ones(len(table), dtype=bool)
    scores = potential(table, taking, law, scheme.indicators)
    rungs = [rung for rung in scheme.rungs if all(column in table for column in rung.columns)]
    grounds = Grounds.of(table, rungs, law, scheme, scores)
    limits, spread = drawn_limits(grounds, DRAWS, 0), drawn_spread(grounds, DRAWS, 0)
    (weights,) = drawn_weights(grounds, DRAWS, 0)
    found = np.zeros(len(KINDS))
    for draw in range(DRAWS):
        other = law.with_rule("village.score_spread", float(spread[draw]), reason="draw")
        for key, held in limits.items():
            value = float(np.broadcast_to(held, (1, DRAWS))[0, draw])
            other = other.with_rule(key, value, reason="draw")
        mapping = dict(zip(scores.columns, weights[:, draw].tolist(), strict=True))
        model = dg.classify_villages(facts, other, weights=mapping, draws=0).table["type_model"]
        found += [(model == kind).mean() / DRAWS for kind in KINDS]
    return found.tolist()


def typed(counties: int) -> Any:
    """Villages of two types, a third of them 城郊融合, by chance."""
    areas = villages(1, counties)
    areas.index = pd.Index([f"{at:012d}" for at in range(len(areas))], name="village_code")
    inside = np.random.default_rng([SEED, counties]).uniform(0, 1, len(areas)) < 1 / 3
    return dg.classify_villages(areas.assign(udb_res_share=inside.astype(float)), draws=0)


def patches(types: Any) -> list[float]:
    """Patches and islands by the library."""
    found = types.patches(border_m=BORDER_M)
    metres = float(found.pairs["border_m"].sum())
    return [float(len(found.table)), float(len(found.islands)), metres / 1000]


def by_sjoin(types: Any) -> list[float]:
    """The same by a spatial join, a loop over pairs and a graph."""
    table = types.table[["village_type", "geometry"]]
    pairs = gpd.sjoin(table, table, predicate="touches")
    graph, metres, beside = nx.Graph(), 0.0, set()
    graph.add_nodes_from(table.index)
    for one, other in zip(pairs.index, pairs["village_code_right"], strict=True):
        if one > other:
            continue
        shared = table.geometry[one].boundary.intersection(table.geometry[other].boundary)
        if shared.length > BORDER_M:
            metres += shared.length
            beside |= {one, other}
            if table.at[one, "village_type"] == table.at[other, "village_type"]:
                graph.add_edge(one, other)
    parts = list(nx.connected_components(graph))
    islands = [one for one in parts if len(one) == 1 and one <= beside]
    return [float(len(parts)), float(len(islands)), metres / 1000]


def lane(name: str, counties: int) -> dict[str, Any]:
    """One lane at one size."""
    if name in ("facts", "overlay"):
        made = layers(counties)
        if name == "overlay":
            return measure(lambda: by_overlay(*made), 3)

        def call() -> list[float]:
            found = ours(*made)
            found = found[~found["whole_area"]]
            wanted = ("redline_res_share", "udb_res_share", "dist_udb_m")
            return [float(found[column].sum()) for column in wanted]

        return measure(call, 3)
    if name in ("services", "joins"):
        areas, services = places(counties)
        if name == "joins":
            return measure(lambda: by_joins(areas, services), 3)

        def kinds() -> list[float]:
            count = dg.village_facts(areas, facilities=services)["fac_count"]
            return [float(count.sum()), float((count == 8).sum())]

        return measure(kinds, 3)
    if name in ("patches", "sjoin"):
        judged = typed(counties)
        return measure(lambda: (patches if name == "patches" else by_sjoin)(judged), 3)
    facts = facts_of(220 * counties)
    calls = {"types": types, "doubt": whole, "draw by draw": draw_by_draw}
    return measure(lambda: calls.get(name, row_by_row)(facts), 3)


def main() -> int:
    """Run the race, or one lane of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lane", choices=LANES)
    parser.add_argument("--counties", type=int)
    asked = parser.parse_args()
    if asked.lane:
        print(json.dumps(lane(asked.lane, asked.counties)))
        return 0
    sizes = [1, 4]
    runs = {(name, size): in_own_process(__file__, name, size) for size in sizes for name in LANES}
    for name, partner in PARTNER.items():
        for size in sizes:
            mine, theirs = runs[name, size], runs[partner, size]
            if not np.allclose(mine["answer"], theirs["answer"], rtol=SAME.get(name, 1e-6)):
                print(f"{name} and {partner} differ: {mine['answer']} {theirs['answer']}")
                return 1
            ratio = theirs["cpu_s"] / mine["cpu_s"]
            print(
                f"{name}, {220 * size} villages: {mine['cpu_s']:.3f} s, {partner} "
                f"{theirs['cpu_s']:.3f} s, {ratio:.1f} times as fast"
            )
        grown = exponent(sizes, [runs[name, size]["cpu_s"] for size in sizes])
        print(f"{name} grows as the number of villages to the power {grown:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
