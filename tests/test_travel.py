"""Minutes from villages to places: from the middle of a street, and as traffic allows."""

import itertools

import geopandas as gpd
import networkx
import numpy as np
import pandas as pd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors, sample

X, Y = sample.X0, sample.Y0
FAST = {"highway": 60, "branch": 30}


def roads(*lines, classes="highway", **columns):
    shapes = [shapely.LineString([(X + x, Y + y) for x, y in line]) for line in lines]
    columns = {"road_class": classes} | columns
    return gpd.GeoDataFrame({"geometry": shapes}, crs=sample.CRS).assign(**columns)


def at(*places, **columns):
    points = [shapely.Point(X + x, Y + y) for x, y in places]
    return gpd.GeoDataFrame({"geometry": points}, crs=sample.CRS).assign(**columns)


def minutes(net, start, goal, **options):
    return dg.travel_minutes(at(goal), at(start), net, walk_kmh=5, **options).loc[0, 0]


LONG = [(0, 0), (6000, 0)]


def test_a_village_in_the_middle_of_a_long_street_starts_there():
    net = dg.road_network(roads(LONG), speeds=FAST)

    # One kilometre at 60 km/h is one minute; 250 m on foot are three.
    assert minutes(net, (1500, 0), (6000, 0)) == 4.5
    assert minutes(net, (1500, 0), (0, 0)) == 1.5
    assert minutes(net, (1500, 250), (0, 250)) == 7.5


def test_two_places_on_one_street_do_not_go_round_by_its_ends():
    net = dg.road_network(roads(LONG), speeds=FAST)

    assert minutes(net, (2000, 0), (5000, 0)) == minutes(net, (5000, 0), (2000, 0)) == 3.0
    assert minutes(net, (2000, 0), (2000, 0)) == 0.0
    # A ring: the shorter way round, past its only crossing or not.
    ring = roads([(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)])
    net = dg.road_network(ring, speeds=FAST)
    assert minutes(net, (500, 0), (0, 500)) == 1.0
    assert minutes(net, (900, 0), (1000, 900)) == 1.0


def test_a_one_way_street_is_driven_one_way_also_between_two_places_on_it():
    back = [(6000, 0), (6000, 3000), (0, 3000), (0, 0)]
    net = dg.road_network(roads(LONG, back, oneway=["yes", "no"]), speeds=FAST)

    assert minutes(net, (2000, 0), (5000, 0)) == 3.0
    # On to the end, round by the other road, and in again: 1 + 12 + 2.
    assert minutes(net, (5000, 0), (2000, 0)) == 15.0
    # Who lives at its far end, or goes to its near one, is at a crossing.
    assert minutes(net, (6000, 0), (0, 0)) == 12.0
    assert minutes(net, (1000, 0), (0, 0)) == 17.0


def test_who_lives_beyond_a_one_way_street_cannot_come_back():
    frame = roads([(0, 0), (1000, 0)], [(1000, 0), (2000, 0)], oneway=["no", "yes"])
    net = dg.road_network(frame, speeds=FAST)
    told = dg.travel_minutes(at((0, 0)), at((1500, 0), (500, 0)), net)
    there = dg.travel_minutes(at((1500, 0)), at((500, 0)), net)

    assert np.isnan(told.loc[0, 0]) and told["way"].tolist() == ["not_connected", "reached"]
    assert there.loc[0, 0] == 1.0
    everybody = dg.road_network(frame, speeds=FAST, one_way_streets=False)
    assert minutes(everybody, (1500, 0), (0, 0)) == 1.5


def test_against_the_drawing_is_the_same_street_drawn_the_other_way():
    one = dg.road_network(roads(LONG, oneway=["-1"]), speeds=FAST)
    other = dg.road_network(roads(LONG[::-1], oneway=["yes"]), speeds=FAST)

    for start, goal in (((1000, 0), (2000, 0)), ((2000, 0), (1000, 0))):
        assert minutes(one, start, goal) == pytest.approx(minutes(other, start, goal), nan_ok=True)
    assert minutes(one, (2000, 0), (1000, 0)) == 1.0


def test_what_is_not_reached_says_why():
    net = dg.road_network(roads([(0, 0), (1000, 0)], [(0, 9000), (1000, 9000)]), speeds=FAST)
    villages = at((500, 0), (500, 9000), (500, 4000))
    told = dg.travel_minutes(at((0, 0)), villages, net)
    nowhere = dg.travel_minutes(at((0, 0), (0, 4500)), villages, net)

    assert told["way"].tolist() == ["reached", "not_connected", "no_road_near"]
    assert told[0].isna().tolist() == told["nearest_min"].isna().tolist() == [False, True, True]
    assert told["nearest"].tolist() == [0, None, None]
    assert nowhere["way"].tolist() == ["place_without_road", "not_connected", "no_road_near"]
    assert set(told["way"]) <= set(dg.columns.vocabulary("way"))


def test_the_limit_is_metres_from_the_road_and_not_from_a_crossing():
    net = dg.road_network(roads(LONG), speeds=FAST)

    assert minutes(net, (3000, 50), (0, 0), within_m=50) == pytest.approx(3.6)
    assert np.isnan(minutes(net, (3000, 50), (0, 0), within_m=49.9))
    assert np.isnan(minutes(net, (3000, 2001), (0, 0)))


def test_columns_are_named_by_places_and_the_nearest_in_time_is_told():
    net = dg.road_network(
        roads([(0, 0), (1000, 0)], [(0, 0), (-1500, 0)], classes=["branch", "highway"]),
        speeds=FAST,
    )
    places = at((1000, 0), (-1500, 0)).rename({0: "武康", 1: "新市"})
    told = dg.travel_minutes(places, at((0, 0)).rename({0: "v"}), net)

    assert told.loc["v", ["武康", "新市", "nearest_min"]].tolist() == [2.0, 1.5, 1.5]
    assert told.loc["v", "nearest"] == "新市"


def test_a_polygon_starts_inside_and_a_graph_is_as_good_as_arrays():
    frame = roads(LONG)
    square = gpd.GeoDataFrame(
        geometry=[shapely.box(X + 1000, Y - 500, X + 2000, Y + 500)], crs=sample.CRS
    )
    graph = dg.road_graph(frame, speeds=FAST)

    told = dg.travel_minutes(at((0, 0)), square, graph)
    assert told.loc[0, 0] == 1.5
    graph.remove_edges_from(list(graph.edges(keys=True)))
    assert dg.travel_minutes(at((0, 0)), square, graph)["way"].tolist() == ["no_road_near"]


def test_seats_give_the_columns_a_type_is_judged_by():
    made = sample.county(1)
    net = dg.road_network(made.roads)
    seats = made.seats.set_index("town_name", drop=False)
    told = dg.travel_minutes(seats, made.villages, net)
    centre = seats.index[seats["seat_kind"] == "county_seat"][0]
    own = np.array([told.loc[code, name] for code, name in made.villages["town_name"].items()])

    assert told.index.equals(made.villages.index) and len(told) == len(made.villages)
    np.testing.assert_array_equal(told["tt_county_min"], told[centre])
    np.testing.assert_array_equal(told["tt_town_min"], own)
    both = told[["tt_county_min", "tt_subcentre_min"]].min(axis=1)
    np.testing.assert_array_equal(told["tt_centre_min"], both)
    assert "示意" in told.attrs["notice"]


def test_minutes_are_those_of_networkx_with_every_place_a_node():
    """The second road: each foot is put into the graph, and networkx does the rest."""
    made = sample.county(1)
    frame = made.roads.assign(oneway=np.where(np.arange(len(made.roads)) % 9 == 0, "yes", "no"))
    graph = dg.road_graph(frame)
    villages = made.villages.iloc[::6]
    seats = made.seats.iloc[::4].set_index("town_name")
    ours = dg.travel_minutes(seats, villages, graph, walk_kmh=5)

    lines = [(a, b, key, facts) for a, b, key, facts in graph.edges(keys=True, data=True)]
    tree = shapely.STRtree([facts["geometry"] for *_, facts in lines])
    inside = shapely.point_on_surface(villages.geometry.to_numpy())
    points = [*zip(villages.index, inside, strict=True), *seats.geometry.items()]
    feet, foot = {}, {}
    for name, point in points:
        stretch = lines[tree.nearest(point)][3]["stretch"]
        for a, b, key, facts in lines:
            if facts["stretch"] == stretch:
                share = facts["geometry"].project(point, normalized=True)
                feet.setdefault((a, b, key), []).append((share, name))
        foot[name] = point.distance(facts_of(lines, stretch)["geometry"]) / 1000 / 5 * 60
    for (a, b, key), on in feet.items():
        whole = graph.edges[a, b, key]["minutes"]
        stops = [(0.0, a), *sorted(on, key=lambda one: one[0]), (1.0, b)]
        for (low, tail), (high, head) in itertools.pairwise(stops):
            graph.add_edge(tail, head, minutes=(high - low) * whole)

    back = graph.reverse()
    for seat in seats.index:
        way = networkx.single_source_dijkstra_path_length(back, seat, weight="minutes")
        expected = [way.get(code, np.nan) + foot[code] + foot[seat] for code in villages.index]
        np.testing.assert_allclose(ours[seat], expected, atol=1e-5)
    assert ours[seats.index].isna().any().any() and ours[seats.index].notna().any().any()


def facts_of(lines, stretch):
    return next(facts for *_, facts in lines if facts["stretch"] == stretch)


def test_the_order_of_roads_villages_and_places_changes_nothing():
    made = sample.county(1)
    villages, seats = made.villages.iloc[::3], made.seats.iloc[::3]
    frames = made.roads, villages, seats
    before = [frame.copy() for frame in frames]
    straight = dg.travel_minutes(seats, villages, dg.road_network(made.roads))
    mixed = dg.travel_minutes(
        seats.sample(frac=1, random_state=1),
        villages.sample(frac=1, random_state=2),
        dg.road_network(made.roads.sample(frac=1, random_state=3)),
    )

    pd.testing.assert_frame_equal(straight, mixed.loc[straight.index, straight.columns])
    assert all(frame.equals(was) for frame, was in zip(frames, before, strict=True))


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"places": at()}, errors.InputError, "minutes to where"),
        ({"places": at((0, 0), (1, 1)).rename({1: 0})}, errors.InputError, "repeats labels"),
        ({"places": at((0, 0)).rename({0: "way"})}, errors.InputError, "needs as columns"),
        ({"places": at((0, 0), seat_kind="capital")}, errors.ColumnError, "county_seat"),
        ({"places": at((0, 0)).to_crs(4490)}, errors.CRSError, "degrees"),
        ({"villages": at((0, 0)).to_crs(4528)}, errors.CRSError, "alike"),
        ({"villages": roads(LONG)}, errors.GeometryError, "polygons"),
        ({"walk_kmh": 0}, errors.InputError, "walk_kmh"),
        ({"walk_kmh": np.inf}, errors.InputError, "walk_kmh"),
        ({"within_m": -1}, errors.InputError, "within_m"),
        ({"graph": roads(LONG)}, errors.InputError, "road_graph"),
    ],
)
def test_what_cannot_be_asked_is_refused(change, error, said):
    asked = {"places": at((0, 0)), "villages": at((9, 9)), "graph": dg.road_graph(roads(LONG))}

    with pytest.raises(error, match=said):
        dg.travel_minutes(**asked | change)


def test_several_points_in_a_row_are_no_place():
    two = gpd.GeoDataFrame(geometry=[shapely.MultiPoint([(X, Y), (X + 9, Y)])], crs=sample.CRS)
    net = dg.road_network(roads(LONG))

    for places, villages in ((two, at((0, 0))), (at((0, 0)), two)):
        with pytest.raises(errors.GeometryError, match="several points"):
            dg.travel_minutes(places, villages, net)
