"""On foot along the network, beside the straight line: by hand, by law and by networkx."""

import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from pytest import approx
from shapely import LineString, Point, box

from deqing_geo import (
    columns,
    errors,
    park_coverage,
    road_graph,
    road_network,
    sample,
    service_coverage,
)
from deqing_geo.coverage.walking import samples_of

X, Y = sample.X0, sample.Y0
ZONE = box(-5000, -5000, 5000, 5000)


def frame(*shapes, index=None, **columns_):
    moved = [shapely.transform(shape, lambda coords: coords + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(geometry=moved, index=index, crs=sample.CRS).assign(**columns_)


def parks(*shapes, **columns_):
    return frame(*shapes, park_class="G11", **columns_)


def streets(*lines):
    return road_network(frame(*(LineString(line) for line in lines), road_class="branch"))


def homes(*shapes):
    return frame(*shapes, home_class="urban_residential")


WEST = box(-100, -50, 0, 50)


def spots(*places):
    return frame(*(Point(place) for place in places))


def on_foot(park, where, net, **options):
    made = service_coverage(frame(ZONE), park, where, by="park.health_check_2021")
    return made.on_foot(net, **options)


# ---------------------------------------------------------------- by hand


def test_who_walks_straight_along_a_street_walks_the_straight_distance():
    net = streets([(0, 0), (1000, 0)])
    made = on_foot(parks(WEST), spots((499, 0), (501, 0), (300, 40)), net)

    assert made.samples["walk_m"].to_list() == approx([499, 501, 340], abs=1e-6)
    assert made.samples["straight_m"].to_list() == approx([499, 501, 300], abs=1e-6)
    assert made.samples["served_walking"].to_list() == [True, False, True]
    assert made.samples["served_straight"].to_list() == [True, False, True]


def test_round_the_corner_is_farther_on_foot():
    """300 m east and 300 m north: 424 m straight, 600 m on foot."""
    net = streets([(0, 0), (300, 0)], [(300, 0), (300, 300)])
    made = on_foot(parks(WEST), spots((300, 300)), net)

    assert made.samples["walk_m"].iloc[0] == approx(600)
    assert made.overall == 0.0 and made.straight == 1.0
    assert len(made.disagreements) == 1
    assert made.headline == "直线距离 100.00%,步行距离 0.00%"


def test_a_wall_without_a_street_is_not_walked_through():
    """A river between: the only bridge is 2 km away."""
    net = streets([(0, 0), (50, 0)], [(200, 0), (300, 0)])
    made = on_foot(parks(WEST), spots((250, 0)), net)

    assert np.isnan(made.samples["walk_m"].iloc[0])
    assert made.straight == 1.0 and made.overall == 0.0


def test_people_walk_against_the_traffic():
    lines = frame(LineString([(0, 0), (1000, 0)]), road_class="branch", oneway="yes")
    made = on_foot(parks(WEST), spots((400, 0)), road_network(lines))

    assert made.samples["walk_m"].iloc[0] == approx(400)


def test_an_entrance_at_the_far_side_makes_the_way_longer():
    """The street touches the east side; the only gate is in the west, 100 m of path away."""
    net = streets([(-200, 100), (-200, 0)], [(-200, 0), (-100, 0)], [(-200, 100), (300, 100)])
    gate = spots((-105, 0))
    made = on_foot(parks(WEST), spots((300, 100)), net, entrances=gate)

    # 500 m along the street, 100 m down, 100 m to the park: the gate is put to the park's edge.
    assert made.samples["walk_m"].iloc[0] == approx(700)
    assert made.entrances["entrance_kind"].to_list() == ["given"]
    with pytest.raises(errors.InputError, match="farther than 20 m"):
        on_foot(parks(WEST), spots((300, 100)), net, entrances=spots((500, 500)))


def test_paths_that_meet_the_edge_are_assumed_to_be_entrances_and_told():
    net = streets([(-300, 0), (300, 0)], [(-50, 300), (-50, -300)])
    made = on_foot(parks(WEST), spots((100, 0)), net)

    assert made.entrances["entrance_kind"].to_list() == ["path"] * 4
    assert f"{columns.word('coverage.assumed')}:4" in made.notices


def test_a_park_beside_a_street_opens_to_it_and_one_afar_is_unreached():
    net = streets([(-100, 80), (1000, 80)])
    two = parks(WEST, box(-100, -500, 0, -400), index=["near", "far"])
    made = on_foot(two, spots((300, 80)), net)

    assert made.entrances[["park", "entrance_kind", "gap_m"]].values.tolist() == [
        ["near", "street", 30.0]
    ]
    assert made.unreached == ["far"]
    # Straight on the street to beside the park's corner, and 30 m to its edge.
    assert made.samples["walk_m"].iloc[0] >= made.samples["straight_m"].iloc[0]


def test_each_park_by_its_own_radius():
    """300 m for the small one, 500 m for the large: who is 400 m from both is served by one."""
    small = box(1000, -25, 1044, 25)
    net = streets([(0, 0), (1000, 0)])
    made = on_foot(parks(WEST, small), spots((400, 0), (600, 0), (750, 0)), net)

    assert made.samples["served_walking"].to_list() == [True, False, True]
    assert made.samples["walk_m"].to_list() == approx([400, 400, 250])


def test_land_is_sampled_on_a_grid_and_nothing_of_it_is_lost():
    strip = homes(box(0, -50, 1000, 50), box(3, 60, 5, 62))
    made = park_coverage(frame(ZONE), parks(WEST), strip)
    piece, place, weight = samples_of(made.basis, 25.0)

    assert np.bincount(piece).tolist() == [160, 1]
    assert weight.sum() == approx(made.table["demand_ha"].sum(), rel=1e-12)
    assert ((place[:160] - 12.5) % 25 == 0).all()
    assert made.on_foot(streets([(0, 0), (1000, 0)]), grid_m=10).grid_m == 10


def test_half_a_strip_along_its_street_is_served_on_foot():
    """Everybody within 50 m of the street; those 500 m along are the farthest on the street."""
    net = streets([(0, 0), (1000, 0)])
    strip = homes(box(0, -50, 1000, 50))
    made = park_coverage(frame(ZONE), parks(WEST), strip, network=net)

    # On foot x + |y| <= 500; of 4 x 40 samples 20 and 19 a row, 12.5 and 37.5 m off the street.
    assert made.walking.overall == approx(2 * (20 + 19) / 160)
    assert made.overall == approx(0.5, rel=1e-4)
    assert made.table["walking_coverage"].iloc[0] == made.walking.overall
    assert "步行" in made._repr_html_() and "25米网格" in "".join(made.notices)
    assert set(made.table.columns) - {"geometry"} <= set(columns.registry())


# ---------------------------------------------------------------- laws and a second road


def town(seed):
    rng = np.random.default_rng(seed)
    steps = np.arange(-800, 801, 200)
    bend = rng.uniform(-30, 30, (len(steps), len(steps), 2))
    lines = [
        [(-800, y), *(bend[n, 1:-1] + [(x, y) for x in steps[1:-1]]), (800, y)]
        for n, y in enumerate(steps)
    ]
    lines += [[(x, -800), (x, 800)] for x in steps]
    roads = frame(*(LineString(one) for one in lines), road_class="branch")
    spot, size = rng.uniform(-800, 800, (12, 2)), rng.uniform(40, 110, 12)
    some = parks(*(box(x, y, x + s, y + s) for (x, y), s in zip(spot, size, strict=True)))
    at = rng.uniform(-800, 800, (25, 2))
    return roads, some, homes(*(box(x, y, x + 60, y + 60) for x, y in at))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nobody_is_nearer_on_foot_than_straight(seed):
    roads, some, land = town(seed)
    net = road_network(roads, crossings="level")
    made = park_coverage(frame(ZONE), some, land).on_foot(net)
    samples = made.samples

    assert samples["walk_m"].notna().mean() > 0.5
    assert not (samples["walk_m"] < samples["straight_m"] - 1e-6).any()
    assert not (samples["served_walking"] & ~samples["served_straight"]).any()
    assert made.overall <= made.straight


@pytest.mark.parametrize("seed", [4, 5])
def test_networkx_finds_the_same_ways(seed):
    """A second road: samples and entrances as nodes of their own, one search for all parks."""
    roads, some, land = town(seed)
    graph = road_graph(roads, crossings="level", one_way_streets=False)
    made = park_coverage(frame(ZONE), some, land).on_foot(graph)
    split = nx.Graph()
    lines = []
    for a, b, data in graph.edges(data=True):
        x, y = data["geometry"].coords[0]
        # An edge without direction is named from either end.
        begins = (graph.nodes[a]["x"], graph.nodes[a]["y"]) == approx((x, y), abs=1e-6)
        lines.append((*((a, b) if begins else (b, a)), data["geometry"]))
    tree = shapely.STRtree([line for *_, line in lines])
    on_line = {n: [(0.0, a), (line.length, b)] for n, (a, b, line) in enumerate(lines)}

    def put(name, point):
        at = int(tree.nearest(point))
        on_line[at].append((lines[at][2].project(point), name))
        return lines[at][2].distance(point)

    for n, point in enumerate(made.entrances.geometry):
        split.add_edge("park", ("gate", n), metres=put(("gate", n), point))
    away = [put(("home", n), point) for n, point in enumerate(made.samples.geometry)]
    for held in on_line.values():
        held.sort(key=lambda one: one[0])
        for (low, a), (high, b) in itertools.pairwise(held):
            known = split.get_edge_data(a, b, {"metres": np.inf})["metres"]
            split.add_edge(a, b, metres=min(high - low, known))
    found = nx.single_source_dijkstra_path_length(split, "park", weight="metres")
    for n, walk in enumerate(made.samples["walk_m"]):
        expected = found.get(("home", n), np.inf) + away[n]
        if np.isnan(walk):
            assert expected > 500 - 1e-6
        else:
            assert walk == approx(expected, abs=1e-6)


def test_shuffled_rows_walk_the_same():
    roads, some, land = town(6)
    made = park_coverage(frame(ZONE), some, land).on_foot(road_network(roads, crossings="level"))
    other = park_coverage(frame(ZONE), some.iloc[::-1], land.iloc[::-1]).on_foot(
        road_network(roads.iloc[::-1], crossings="level")
    )

    assert other.overall == approx(made.overall, rel=1e-9)
    assert sorted(other.samples["walk_m"].dropna()) == approx(
        sorted(made.samples["walk_m"].dropna()), abs=1e-6
    )


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"grid_m": 0}, errors.InputError, "grid_m=0"),
        ({"grid_m": float("nan")}, errors.InputError, "grid_m=nan"),
        ({"entrances": frame(box(0, 0, 1, 1))}, errors.GeometryError, "`entrances`"),
        ({"entrances": spots((0, 0)).to_crs(4490)}, errors.CRSError, "`entrances`"),
    ],
)
def test_what_cannot_be_walked_is_refused(options, error, said):
    coverage = park_coverage(frame(ZONE), parks(WEST), homes(box(0, 0, 100, 100)))

    with pytest.raises(error, match=said):
        coverage.on_foot(streets([(0, 0), (1000, 0)]), **options)
    with pytest.raises(errors.InputError, match="no network"):
        coverage.on_foot("roads")


def test_nothing_to_walk_to_is_nothing():
    coverage = park_coverage(frame(ZONE), parks(WEST).iloc[:0], homes(box(0, 0, 100, 100)))
    made = coverage.on_foot(streets([(0, 0), (1000, 0)]))

    assert made.overall == 0.0 and len(made.entrances) == 0
    bare = park_coverage(frame(ZONE), parks(WEST), homes()).on_foot(streets([(0, 0), (9, 0)]))
    assert np.isnan(bare.overall) and len(bare.samples) == 0
