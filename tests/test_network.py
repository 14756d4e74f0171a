"""Roads as a graph: minutes a person can count, and the same by another library."""

import geopandas as gpd
import networkx
import numpy as np
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors, sample
from deqing_geo.sample.people import SPEEDS

X, Y = sample.X0, sample.Y0
FAST = {"highway": 60, "branch": 30}


def roads(*lines, classes=None, **columns):
    shapes = [shapely.LineString([(X + x, Y + y) for x, y in line]) for line in lines]
    words = classes or ["branch"] * len(lines)
    return gpd.GeoDataFrame({"road_class": words, **columns}, geometry=shapes, crs=sample.CRS)


def at(*places):
    return np.array([(X + x, Y + y) for x, y in places])


def minutes(net, start, goal, **options):
    return net.travel_minutes(at(start), at(goal), walk_kmh=5, **options)[0]


def test_minutes_along_three_roads_a_person_can_count():
    frame = roads(
        [(0, 0), (1000, 0)],
        [(1000, 0), (1000, 3000)],
        [(5000, 5000), (6000, 5000)],
        classes=["branch", "highway", "branch"],
    )
    net = dg.road_network(frame, speeds=FAST)

    # 1 km at 30 and 3 km at 60 km/h: 2 + 3 minutes; 100 m on foot at 5 km/h: 1.2 more.
    assert minutes(net, (0, 0), (1000, 3000)) == 5.0
    assert minutes(net, (-100, 0), (1000, 3000)) == 6.2
    assert np.isnan(minutes(net, (5000, 5000), (1000, 3000)))


def test_lines_meet_at_a_common_vertex_in_their_middle():
    frame = roads([(0, 0), (500, 0), (1000, 0)], [(500, -500), (500, 0), (500, 500)])
    net = dg.road_network(frame, speeds=FAST)

    assert (len(net.nodes), len(net.ends)) == (5, 4)
    assert minutes(net, (0, 0), (500, 500)) == 2.0


def test_lines_that_only_cross_pass_over_one_another():
    frame = roads([(0, 0), (1000, 0)], [(500, -500), (500, 500)])
    net = dg.road_network(frame, speeds=FAST)

    assert np.isnan(minutes(net, (0, 0), (500, 500), within_m=1))


def test_a_millimetre_apart_is_together_and_two_are_not():
    near = roads([(0, 0), (500, 0)], [(500.0004, 0), (1000, 0)])
    far = roads([(0, 0), (500, 0)], [(500.002, 0), (1000, 0)])

    assert minutes(dg.road_network(near, speeds=FAST), (0, 0), (1000, 0)) == pytest.approx(2)
    assert np.isnan(minutes(dg.road_network(far, speeds=FAST, snap_m=0), (0, 0), (1000, 0)))


def test_of_two_roads_between_the_same_crossings_the_faster_is_taken():
    frame = roads(
        [(0, 0), (1000, 0)],
        [(0, 0), (500, 10), (1000, 0)],
        classes=["branch", "highway"],
    )
    net = dg.road_network(frame, speeds=FAST)

    assert minutes(net, (0, 0), (1000, 0)) == pytest.approx(1.0002, abs=1e-3)
    assert net.to_networkx().number_of_edges(0, 1) == 2


def test_a_layer_that_falls_apart_says_how_much_hangs_together():
    crossing = roads([(0, 0), (1000, 0)], [(500, -500), (500, 500)], [(1000, 0), (3000, 0)])
    net = dg.road_network(crossing, speeds=FAST)

    assert net.connected_share == pytest.approx(0.75)
    assert "75% of it connected" in repr(net)
    assert dg.road_network(sample.county(1).roads, speeds=SPEEDS).connected_share > 0.97


def test_what_is_not_open_carries_nobody():
    lines = [(0, 0), (1000, 0)], [(1000, 0), (2000, 0)], [(2000, 0), (3000, 0)]
    frame = roads(*lines, road_status=["built", "planned", None])
    net = dg.road_network(frame, speeds=FAST)

    assert np.isnan(minutes(net, (0, 0), (2000, 0)))
    assert minutes(net, (2000, 0), (3000, 0)) == 2.0
    assert net.road.tolist() == [0, 2]


def test_a_class_without_a_speed_stays_out():
    frame = roads([(0, 0), (1000, 0)], [(1000, 0), (2000, 0)], classes=["branch", "farm_track"])

    assert len(dg.road_network(frame, speeds=FAST).ends) == 1


def test_several_parts_rings_and_repeated_vertices():
    parts = shapely.MultiLineString(
        [[(X, Y), (X + 1000, Y), (X + 1000, Y)], [(X + 1000, Y), (X + 1000, Y + 1000)]]
    )
    ring = shapely.LineString([(X, Y), (X - 500, Y), (X - 500, Y + 500), (X, Y)])
    frame = gpd.GeoDataFrame(
        {"road_class": "branch"}, geometry=[parts, ring], index=["a", "b"], crs=sample.CRS
    )
    net = dg.road_network(frame, speeds=FAST)

    assert minutes(net, (0, 0), (1000, 1000)) == 4.0
    assert sorted(set(net.road.tolist())) == ["a", "b"]
    assert net.metres.sum() == pytest.approx(frame.length.sum())


def test_the_nearest_goal_in_time_counts_and_not_the_nearest_in_metres():
    frame = roads([(0, 0), (1000, 0)], [(0, 0), (-1500, 0)], classes=["branch", "highway"])
    net = dg.road_network(frame, speeds=FAST)

    found = net.travel_minutes(at((0, 0)), at((1000, 0), (-1500, 0)), walk_kmh=5)

    assert found.tolist() == [1.5]


def test_the_order_of_roads_changes_nothing_and_they_are_not_touched():
    made = sample.county(1)
    frame = made.roads
    before = frame.copy()
    places = shapely.get_coordinates(made.villages.geometry.representative_point())
    goal = at((0, 0)) * 0 + np.array([[496_600.0, 3_380_500.0]])

    straight = dg.road_network(frame, speeds=SPEEDS)
    mixed = dg.road_network(frame.sample(frac=1, random_state=3), speeds=SPEEDS)

    assert straight.metres.sum() == pytest.approx(mixed.metres.sum())
    np.testing.assert_allclose(
        straight.travel_minutes(places, goal, walk_kmh=5),
        mixed.travel_minutes(places, goal, walk_kmh=5),
        atol=1e-5,
    )
    assert before.equals(frame)


def test_minutes_are_those_of_networkx():
    made = sample.county(1)
    net = dg.road_network(made.roads, speeds=SPEEDS)
    graph = net.to_networkx()
    goal = int(np.argmax(np.bincount(net.ends.ravel())))
    theirs = networkx.single_source_dijkstra_path_length(graph, goal, weight="minutes")
    some = np.arange(0, len(net.nodes), 37)

    ours = net.travel_minutes(net.nodes[some], net.nodes[[goal]], walk_kmh=5)

    expected = np.array([theirs.get(int(node), np.nan) for node in some])
    np.testing.assert_allclose(ours, expected, atol=2e-6)
    assert np.isnan(expected).any() and np.isfinite(expected).any()


def test_faster_roads_never_take_longer():
    made = sample.county(1)
    places = shapely.get_coordinates(made.villages.geometry.representative_point())
    goal = np.array([[496_600.0, 3_380_500.0]])
    slow = dg.road_network(made.roads, speeds=SPEEDS)
    fast = dg.road_network(made.roads, speeds={**SPEEDS, "village_road": 40})

    before = slow.travel_minutes(places, goal, walk_kmh=5)
    after = fast.travel_minutes(places, goal, walk_kmh=5)

    there = np.isfinite(before)
    assert (after[there] <= before[there] + 1e-6).all()
    assert (after[there] < before[there] - 0.1).any()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"speeds": {"branch": 0}}, errors.InputError, "no speed above 0"),
        ({"speeds": {"motorway": 100}}, errors.InputError, "no open road|No open road"),
        ({"frame": roads([(0, 0), (1, 1)]).to_crs(4490)}, errors.CRSError, "degrees"),
        ({"frame": roads([(0, 0), (1, 1)], classes=["lane"])}, errors.ColumnError, "lane"),
        ({"frame": sample.homes().assign(road_class="branch")}, errors.GeometryError, "lines"),
    ],
)
def test_what_cannot_be_a_network_is_refused(change, error, said):
    frame = change.pop("frame", roads([(0, 0), (1000, 0)]))
    options = {"speeds": FAST, **change}

    with pytest.raises(error, match=said):
        dg.road_network(frame, **options)


def test_places_that_are_none_are_refused():
    net = dg.road_network(roads([(0, 0), (1000, 0)]), speeds=FAST)

    with pytest.raises(errors.InputError, match="minutes to where"):
        net.travel_minutes(at((0, 0)), np.empty((0, 2)), walk_kmh=5)
    with pytest.raises(errors.InputError, match=r"shape \(n, 2\)"):
        net.travel_minutes(np.zeros(3), at((0, 0)), walk_kmh=5)
    with pytest.raises(errors.InputError, match="no numbers"):
        net.travel_minutes(np.array([[np.nan, 0]]), at((0, 0)), walk_kmh=5)
    with pytest.raises(errors.InputError, match="walk_kmh=0"):
        net.travel_minutes(at((0, 0)), at((0, 0)), walk_kmh=0)
    assert net.travel_minutes(np.empty((0, 2)), at((0, 0)), walk_kmh=5).shape == (0,)
