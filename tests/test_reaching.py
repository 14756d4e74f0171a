"""How far one gets: lines cut where the limit runs out, and land never farther than asked."""

import itertools

import geopandas as gpd
import networkx
import numpy as np
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors, sample

X, Y = sample.X0, sample.Y0


def roads(*lines, **columns):
    shapes = [shapely.LineString([(X + x, Y + y) for x, y in line]) for line in lines]
    columns = {"road_class": "branch"} | columns
    return gpd.GeoDataFrame({"geometry": shapes}, crs=sample.CRS).assign(**columns)


def at(*places, **columns):
    points = [shapely.Point(X + x, Y + y) for x, y in places]
    return gpd.GeoDataFrame({"geometry": points}, crs=sample.CRS).assign(**columns)


def lattice(n, step=100.0, without=()):
    places = np.arange(n) * step
    lines = [[(a, y), (a + step, y)] for y in places for a in places[:-1]]
    lines += [[(x, a), (x, a + step)] for x in places for a in places[:-1]]
    return roads(*(line for at, line in enumerate(lines) if at not in without))


def pieces(found):
    lines = [
        tuple(tuple(np.round(np.subtract(place, (X, Y)), 6)) for place in line.coords)
        for line in found.lines.geometry
    ]
    return sorted(zip(lines, found.lines["from_m"], found.lines["to_m"], strict=True))


def test_a_street_is_cut_where_the_limit_runs_out_on_either_side():
    net = dg.road_network(roads([(0, 0), (1000, 0)]))
    found = dg.reach(net, at((400, 30)), 130)

    assert pieces(found) == [
        (((400, 0), (300, 0)), 30, 130),
        (((400, 0), (500, 0)), 30, 130),
    ]
    assert found.km == pytest.approx(0.2) and found.lines.crs == net.crs
    assert repr(found) == "<Reach of 2 pieces of road, 0.20 km within 130 m>"
    assert dg.reach(net, at((400, 30)), 30).km == dg.reach(net, at((400, 30)), 20).km == 0


def test_a_bent_street_is_cut_at_the_metre_and_keeps_its_bend():
    net = dg.road_network(roads([(0, 0), (100, 0), (100, 100)]))
    found = dg.reach(net, at((0, 0)), 150)

    assert pieces(found) == [(((0, 0), (100, 0), (100, 50)), 0, 150)]


def test_two_ways_round_meet_where_they_are_equally_long():
    ring = roads([(0, 0), (300, 0), (300, 100), (0, 100), (0, 0)])
    found = dg.reach(dg.road_network(ring), at((0, 0)), 1000)

    assert found.km == pytest.approx(0.8)
    assert found.lines["to_m"].tolist() == [400, 400]
    assert dg.reach(dg.road_network(ring), at((0, 0)), 350).km == pytest.approx(0.7)


def test_road_counts_once_with_the_nearest_source_or_once_for_each():
    net = dg.road_network(roads([(0, 0), (1000, 0)]))
    doors = at((0, 0), (600, 0)).rename({0: "west", 1: "east"})
    shared, each = dg.reach(net, doors, 400), dg.reach(net, doors, 400, each=True)

    by = shared.lines.dissolve("place").length
    assert by.round(6).to_dict() == {"east": 700, "west": 300}
    assert each.lines.dissolve("place").length.round(6).to_dict() == {"east": 800, "west": 400}
    assert each.polygon().index.tolist() == ["west", "east"] and len(shared.polygon()) == 1


def test_one_way_streets_are_followed_from_the_source():
    frame = roads([(0, 0), (500, 0)], [(0, 0), (-500, 0)], oneway=["yes", "-1"])
    found = dg.reach(dg.road_network(frame), at((0, 0)), 200)
    middle = dg.reach(dg.road_network(frame), at((300, 0)), 150)
    on_foot = dg.reach(dg.road_network(frame, one_way_streets=False), at((0, 0)), 200)

    assert pieces(found) == [(((0, 0), (200, 0)), 0, 200)]
    assert pieces(middle) == [(((300, 0), (450, 0)), 0, 150)]
    assert on_foot.km == pytest.approx(0.4)


def test_minutes_instead_of_metres():
    net = dg.road_network(roads([(0, 0), (1000, 0)]), speeds={"branch": 30})
    found = dg.reach(net, at((0, 0)), limit_min=1)

    assert found.km == pytest.approx(0.5) and found.lines["to_min"].tolist() == [1]
    with pytest.raises(errors.InputError, match="limit_m="):
        found.polygon()


def test_a_source_without_a_road_is_told_and_reaches_nothing():
    net = dg.road_network(roads([(0, 0), (1000, 0)]))
    found = dg.reach(net, at((0, 0), (0, 9000)), 100)
    nothing = dg.reach(net, at((0, 9000)), 100)

    assert found.lost == (1,) and found.km == pytest.approx(0.1)
    assert nothing.km == 0 and nothing.polygon().is_empty.all()


def test_length_in_reach_is_that_of_networkx():
    graph = dg.road_graph(sample.county(1).roads)
    seats = sample.county(1).seats.iloc[:4]
    found = dg.reach(graph, seats, 1500)
    # The seats lie on crossings of the schematic county, or else their nearest point is put there.
    plain = networkx.Graph()
    lines = [(a, b, facts) for a, b, facts in graph.edges(data=True)]
    tree = shapely.STRtree([facts["geometry"] for *_, facts in lines])
    stops = {}
    for label, seat in seats.geometry.items():
        which = int(tree.nearest(seat))
        stops.setdefault(which, []).append((lines[which][2]["geometry"].project(seat), label))
        away = seat.distance(lines[which][2]["geometry"])
        plain.add_edge("start", ("seat", label), metres=away)
    for which, (a, b, facts) in enumerate(lines):
        line = facts["geometry"]
        if graph.nodes[a]["x"] != line.coords[0][0] or graph.nodes[a]["y"] != line.coords[0][1]:
            a, b = b, a
        cuts = [(0.0, a), *((s, ("seat", n)) for s, n in sorted(stops.get(which, [])))]
        cuts.append((line.length, b))
        for k, ((low, tail), (high, head)) in enumerate(itertools.pairwise(cuts)):
            # A knot in the middle keeps parallel streets apart.
            half, knot = (high - low) / 2, ("knot", which, k)
            for end in (tail, head):
                if not plain.has_edge(end, knot) or plain.edges[end, knot]["metres"] > half:
                    plain.add_edge(end, knot, metres=half)
    far = networkx.single_source_dijkstra_path_length(plain, "start", weight="metres")
    held = 0.0
    for one, two, metres in plain.edges(data="metres"):
        if "start" in (one, two):
            continue
        left = [max(1500 - far.get(end, np.inf), 0) for end in (one, two)]
        held += min(metres, sum(min(metres, each) for each in left))

    assert found.km * 1000 == pytest.approx(held, rel=1e-6)
    assert 10 < found.km < 200


# ---------------------------------------------------------------- the land


def farther(graph, sources, places):
    """By brute force: metres along the network at the nearest point of it, and beside it."""
    lines = [(a, b, facts["geometry"]) for a, b, facts in graph.edges(data=True)]
    shapes = [line for *_, line in lines]
    tree = shapely.STRtree(shapes)

    def foot(point):
        which = int(tree.nearest(point))
        a, b, line = lines[which]
        if (graph.nodes[a]["x"], graph.nodes[a]["y"]) != line.coords[0]:
            a, b = b, a
        return which, line.project(point), a, b, point.distance(line), line.length

    far = {}
    starts = [foot(point) for point in sources.geometry]
    for _, along, a, b, away, long in starts:
        for end, metres in ((a, along), (b, long - along)):
            tree_of = networkx.single_source_dijkstra_path_length(graph, end, weight="metres")
            for node, way in tree_of.items():
                far[node] = min(far.get(node, np.inf), way + metres + away)
    out = np.empty((len(places), 2))
    for row, point in enumerate(places):
        which, along, a, b, beside, long = foot(point)
        ways = [far.get(a, np.inf) + along, far.get(b, np.inf) + long - along]
        ways += [away + abs(s - along) for w, s, *_, away, _ in starts if w == which]
        out[row] = min(ways), beside
    return out


def check(frame, sources, limit, width, error, seed, count=1500):
    graph = dg.road_graph(frame, snap_m=0)
    shape = dg.reach(graph, sources, limit).polygon(width_m=width, error_m=error).geometry[0]
    assert shape.is_valid
    rng = np.random.default_rng(seed)
    west, south, east, north = shape.buffer(width).bounds
    spots = np.column_stack([rng.uniform(west, east, count), rng.uniform(south, north, count)])
    # Most mistakes lie along the outline.
    rim = shapely.get_coordinates(shape.boundary.segmentize(width / 5))
    rim = rim[rng.choice(len(rim), count)] + rng.normal(0, error / 2, (count, 2))
    places = shapely.points(np.concatenate([spots, rim]))
    way, beside = farther(graph, sources, places).T
    inside = shapely.covers(shape, places)

    assert inside.sum() > 100
    assert (way + beside)[inside].max() <= limit + 1e-6 and beside[inside].max() <= width + 1e-6
    left_out = ~inside & (way + beside <= limit - error) & (beside <= width - error / 8)
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.column_stack([np.cos(turn), np.sin(turn)]) * error
    for point in places[left_out]:
        about = shapely.points(np.concatenate([point.coords + part * ring for part in (0.5, 1.0)]))
        ways, gaps = farther(graph, sources, about).T
        assert (ways + gaps > limit).any() or (gaps > width).any(), point
    return int(left_out.sum())


def test_land_along_one_street_is_a_strip_that_narrows_to_a_point():
    net = dg.road_network(roads([(0, 0), (1000, 0)]))
    shape = dg.reach(net, at((500, 0)), 200).polygon(width_m=50, error_m=1).geometry[0]

    # 300 m of full width, then to a point on either side (a triangle with legs of 45 degrees).
    exact = 300 * 100 + 2 * 50 * 50
    assert exact * 0.96 < shape.area < exact


@pytest.mark.parametrize("seed", range(3))
def test_no_place_in_the_land_is_farther_than_asked_and_little_is_left_out(seed):
    rng = np.random.default_rng(seed)
    gone = rng.choice(180, 60, replace=False)
    sources = at(*rng.uniform(200, 700, (2, 2)))

    check(lattice(10, without=set(gone)), sources, 400, 40, 8, seed)


def test_land_across_a_river_is_not_reached_for_being_near():
    """Two roads 60 m apart, joined far away: the far bank is beyond, and so is the land by it."""
    frame = roads([(0, 0), (1000, 0)], [(0, 60), (1000, 60)], [(1000, 0), (1000, 60)])
    sources = at((100, 0))
    shape = dg.reach(dg.road_network(frame), sources, 500).polygon(width_m=50).geometry[0]

    assert shape.covers(shapely.Point(X + 100, Y + 20))
    assert not shape.intersects(shapely.box(X, Y + 30.1, X + 900, Y + 100))
    check(frame, sources, 500, 50, 10, 1)


def test_land_by_roads_that_cross_above_and_by_bent_ones():
    turn = np.linspace(0, 1.5 * np.pi, 30)
    bent = [(300 + 120 * np.cos(a), 300 + 120 * np.sin(a)) for a in turn]
    frame = roads(
        [(0, 300), (800, 300)], [(500, 0), (500, 700)], bent, [(420, 300), (430, 320)],
        road_level=[0, 1, 0, 0],
    )  # fmt: skip

    check(frame, at((50, 310), (500, 100)), 350, 60, 10, 2)


def test_the_land_of_a_part_of_the_county():
    frame = sample.county(1).roads.cx[495_000:498_500, 3_379_000:3_382_000]

    check(frame, sample.county(1).seats.iloc[[0]], 900, 50, 10, 5, count=400)


def test_farther_is_never_less_and_order_changes_nothing():
    frame = lattice(8, without={3, 50, 77})
    sources = at((310, 120), (650, 640))
    net, mixed = dg.road_network(frame), dg.road_network(frame.sample(frac=1, random_state=1))
    near, far = (dg.reach(net, sources, limit) for limit in (250, 300))
    again = dg.reach(mixed, sources[::-1], 300)

    assert near.km < far.km == pytest.approx(again.km)
    small, large = (found.polygon().geometry[0] for found in (near, far))
    # Within the error: strips between roads begin at another step.
    assert large.buffer(2.5).covers(small) and small.area < large.area
    assert large.symmetric_difference(again.polygon().geometry[0]).area < 1


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"limit_m": 0}, errors.InputError, "above 0"),
        ({"limit_m": np.inf}, errors.InputError, "above 0"),
        ({}, errors.InputError, "one limit"),
        ({"limit_m": 5, "limit_min": 5}, errors.InputError, "one limit"),
        ({"limit_m": 5, "sources": at((0, 0)).to_crs(4490)}, errors.CRSError, "degrees"),
        ({"limit_m": 5, "sources": roads([(0, 0), (1, 1)])}, errors.GeometryError, "points"),
        (
            {"limit_m": 5, "sources": at((0, 0), (1, 1)).rename({1: 0})},
            errors.InputError,
            "repeats",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(options, error, said):
    asked = {"graph": dg.road_network(roads([(0, 0), (9, 9)])), "sources": at((0, 0))}

    with pytest.raises(error, match=said):
        dg.reach(**asked | options)


@pytest.mark.parametrize("options", [{"width_m": 0}, {"error_m": np.nan}])
def test_land_of_no_width_is_refused(options):
    found = dg.reach(dg.road_network(roads([(0, 0), (9, 9)])), at((0, 0)), 5)

    with pytest.raises(errors.InputError, match=next(iter(options))):
        found.polygon(**options)


def test_it_shows_itself_and_says_where_it_is_from():
    made = sample.county(1)
    found = dg.reach(dg.road_network(made.roads), made.seats.iloc[[0]], 300)

    assert "示意" in found._repr_html_() and "300 米" in found._repr_html_()
    assert set(found.lines.columns) - {"geometry"} <= set(dg.columns.registry())
    assert "示意" in found.polygon().attrs["notice"]
