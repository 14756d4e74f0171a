"""The network as a graph: what joins, what passes over, and what was moved, by hand."""

import geopandas as gpd
import networkx
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse.csgraph import dijkstra

import deqing_geo as dg
from deqing_geo import errors, sample
from deqing_geo.network import as_network

X, Y = sample.X0, sample.Y0


def roads(*lines, **columns):
    shapes = [shapely.LineString([(X + x, Y + y) for x, y in line]) for line in lines]
    columns = {"road_class": "branch"} | columns
    return gpd.GeoDataFrame({"geometry": shapes}, crs=sample.CRS).assign(**columns)


def parts(frame, **options):
    """How many parts hang together, and how long all is."""
    graph = dg.road_graph(frame, **options)
    return networkx.number_connected_components(graph.to_undirected())


def lattice(n, step=100.0):
    """Streets of a square town, cut at every crossing."""
    at = np.arange(n) * step
    lines = [[(a, y), (a + step, y)] for y in at for a in at[:-1]]
    lines += [[(x, a), (x, a + step)] for x in at for a in at[:-1]]
    return roads(*lines)


def test_an_edge_carries_what_a_planner_asks_of_it():
    frame = roads([(0, 0), (300, 400)], road_class="highway").rename({0: "G25"})
    graph = dg.road_graph(frame, speeds={"highway": 60})
    (a, b, facts), *_ = graph.edges(data=True)

    assert isinstance(graph, networkx.MultiGraph) and not graph.is_directed()
    assert facts["metres"] == 500 and facts["minutes"] == pytest.approx(0.5)
    assert (facts["road"], facts["road_class"], facts["level"]) == ("G25", "highway", 0)
    assert facts["geometry"].equals(frame.geometry["G25"])
    assert (graph.nodes[a]["x"], graph.nodes[a]["y"]) == (X, Y)
    assert (graph.nodes[b]["x"], graph.nodes[b]["y"]) == (X + 300, Y + 400)
    assert graph.graph["crs"] == frame.crs and len(graph.graph["snapped"]) == 0


def test_a_lattice_has_its_crossings_and_streets_and_one_part():
    graph = dg.road_graph(lattice(6))

    assert (graph.number_of_nodes(), graph.number_of_edges()) == (36, 60)
    assert graph.graph["components"]["road_km"].tolist() == [6.0]
    assert len(graph.graph["crossed"]) == 0


def test_the_graph_filled_by_hand_is_that_of_networkx_itself():
    frame = sample.county(1).roads.iloc[:900]
    one_way = frame.assign(oneway=np.where(np.arange(len(frame)) % 7 == 0, "yes", "no"))
    for layer in (frame, one_way):
        graph = dg.road_graph(layer)
        graph.graph.clear()
        again = type(graph)()
        again.add_nodes_from(graph.nodes(data=True))
        again.add_edges_from(graph.edges(keys=True, data=True))
        plain = type(graph)()
        plain.add_edges_from((a, b, facts) for a, b, facts in graph.edges(data=True))
        same = [plain.has_edge(*edge) for edge in graph.edges(keys=True)]

        assert networkx.utils.graphs_equal(graph, again)
        assert all(same) and len(same) == plain.number_of_edges()
        assert graph.size() == again.size() and dict(graph.degree()) == dict(again.degree())
        assert graph.is_directed() == ("oneway" in layer)
        # What is removed is gone from both sides.
        a, b, key = next(iter(graph.edges(keys=True)))
        graph.remove_edge(a, b, key)
        assert not graph.has_edge(a, b, key)


# ---------------------------------------------------------------- traffic


def test_a_one_way_street_is_one_edge_and_others_are_two():
    frame = roads(
        [(0, 0), (100, 0)],
        [(100, 0), (200, 0)],
        [(200, 0), (300, 50), (400, 0)],
        oneway=["no", "yes", "-1"],
    )
    graph = dg.road_graph(frame)

    assert graph.is_directed() and graph.number_of_edges() == 4
    ways = {(graph.nodes[a]["x"] - X, graph.nodes[b]["x"] - X) for a, b in graph.edges()}
    assert ways == {(0, 100), (100, 0), (100, 200), (400, 200)}
    for a, b, facts in graph.edges(data=True):
        first, last = facts["geometry"].coords[0], facts["geometry"].coords[-1]
        assert first == (graph.nodes[a]["x"], graph.nodes[a]["y"])
        assert last == (graph.nodes[b]["x"], graph.nodes[b]["y"])
    assert not dg.road_graph(frame, one_way_streets=False).is_directed()


@pytest.mark.parametrize(
    ("word", "way"),
    [("yes", 1), ("单行", 1), (1, 1), (True, 1), ("1", 1), ("-1", -1), (-1.0, -1)]
    + [("no", 0), ("双向", 0), (0, 0), (None, 0), (np.nan, 0), (" No ", 0), (False, 0)],
)
def test_one_way_is_read_in_many_words(word, way):
    frame = roads([(0, 0), (100, 0)])
    frame["oneway"] = pd.Series([word], dtype=object)
    net = dg.road_network(frame)

    assert net.oneway.tolist() == [way != 0]
    assert net.nodes[net.ends[0]][0, 0] == X + (100 if way < 0 else 0)


def test_letters_of_geofabrik_are_read_where_they_can_be_nothing_else():
    frame = roads([(0, 0), (100, 0)], [(0, 9), (100, 9)], [(0, 20), (9, 20)])
    net = dg.road_network(frame.assign(oneway=["F", "T", "B"]))

    assert net.oneway.tolist() == [True, True, False]
    with pytest.raises(errors.ColumnError, match="'f'"):
        dg.road_network(frame.assign(oneway=["F", "F", "F"]))


@pytest.mark.parametrize(
    ("column", "word", "said"),
    [("oneway", "reversible", "reversible"), ("oneway", "大概", "大概"), ("road_level", "上", "上")]
    + [("road_level", 0.5, "0.5")],
)
def test_a_word_nobody_can_drive_by_is_refused(column, word, said):
    frame = roads([(0, 0), (100, 0)], [(0, 50), (100, 50)], [(0, 99), (100, 99)])
    frame[column] = pd.Series([None, word, None], dtype=object)

    with pytest.raises(errors.ColumnError, match=said) as caught:
        dg.road_network(frame)
    assert caught.value.rows == (1,)


# ---------------------------------------------------------------- levels


CROSS = ([(0, 0), (100, 0), (200, 0)], [(100, -100), (100, 0), (100, 100)])


def test_what_passes_through_a_common_vertex_meets_its_own_level_only():
    assert parts(roads(*CROSS)) == 1
    assert parts(roads(*CROSS, road_level=[0, 0])) == 1
    assert parts(roads(*CROSS, road_level=[0, 1])) == 2
    assert parts(roads(*CROSS, road_level=["1", None])) == 2
    assert parts(roads(*CROSS, bridge=["no", "yes"])) == 2
    assert parts(roads(*CROSS, tunnel=["否", "是"])) == 2
    assert parts(roads(*CROSS, bridge=["yes", "yes"])) == 1


def test_a_bridge_of_two_lines_passes_over_what_it_meets_in_the_middle():
    over = [(100, -100), (100, 0)], [(100, 0), (100, 100)]
    graph = dg.road_graph(roads(CROSS[0], *over, road_level=[0, 1, 1]))

    assert sorted(len(part) for part in networkx.connected_components(graph)) == [2, 3]


def test_a_bridge_meets_its_approach_and_a_street_at_its_foot():
    approach = roads([(0, 0), (100, 0)], [(100, 0), (200, 0)], road_level=[0, 1])
    foot = roads(CROSS[0], [(100, 0), (100, 90)], road_level=[0, 1])
    both = roads(CROSS[0], [(100, -90), (100, 0)], [(100, 0), (100, 90)], road_level=[0, 0, 1])

    assert parts(approach) == parts(foot) == parts(both) == 1


def test_an_end_joins_its_own_level_where_two_pass_through():
    frame = roads(*CROSS, [(100, 0), (200, 200)], road_level=[0, 2, 2])
    graph = dg.road_graph(frame)

    assert sorted(len(part) for part in networkx.connected_components(graph)) == [2, 4]
    # Between two levels the lower one.
    between = dg.road_graph(roads(*CROSS, [(100, 0), (200, 200)], road_level=[0, 2, 1]))
    joined = next(iter(networkx.node_connected_component(between, n) for n in between))
    assert {between.nodes[n]["y"] - Y for n in joined} == {0, 200}


def test_the_motorways_of_the_county_cross_above_and_are_met_nowhere():
    frame = sample.county(1).roads
    graph = dg.road_graph(frame)
    above = {n for a, b, level in graph.edges(data="level") if level for n in (a, b)}
    ground = {n for a, b, level in graph.edges(data="level") if not level for n in (a, b)}

    shared = {
        n: {facts["road_class"] for *_, facts in graph.edges(n, data=True)} for n in above & ground
    }

    assert len(shared) == 6
    assert all(words == {"link", "motorway"} for words in shared.values())


def test_ramps_meet_a_motorway_in_its_middle_and_a_lane_below_does_not():
    motorway, lane = CROSS[0], [(100, 0), (100, 80)]
    ramps = [(100, 0), (150, 80)], [(60, 80), (100, 0)]

    for classes, count in (
        (["motorway", "link", "link"], 1),
        (["motorway", "link", "village_road"], 2),
        (["motorway", "village_road", "branch"], 2),
    ):
        frame = roads(motorway, *ramps, road_level=[1, 0, 0], road_class=classes)
        assert parts(frame) == count
    assert parts(roads(motorway, lane, road_level=[1, 0])) == 2
    assert parts(roads(motorway, lane, road_level=[1, 2])) == 1
    assert parts(roads(motorway, lane, road_level=[-1, 1])) == 2


# ---------------------------------------------------------------- ends that nearly touch


def test_an_end_half_a_metre_short_of_a_street_is_joined_and_told():
    frame = roads([(0, 0), (200, 0)], [(100, 0.4), (100, 90)])
    graph = dg.road_graph(frame)
    moved = graph.graph["snapped"]

    assert networkx.number_connected_components(graph) == 1 and graph.number_of_edges() == 3
    assert moved[["road", "onto"]].to_numpy().tolist() == [[1, 0]]
    assert moved["shift_m"].tolist() == pytest.approx([0.4])
    assert moved.geometry[0].equals(shapely.Point(X + 100, Y)) and moved.crs == frame.crs
    assert parts(frame, snap_m=0) == parts(frame, snap_m=0.39) == 2


def test_an_end_that_overshoots_comes_back():
    graph = dg.road_graph(roads([(0, 0), (200, 0)], [(100, -0.3), (100, 90)]))

    assert sorted(metres for *_, metres in graph.edges(data="metres")) == [90, 100, 100]


def test_ends_near_one_another_meet_at_one_of_them():
    frame = roads([(0, 0), (100, 0)], [(100.3, 0.2), (200, 0)], [(100.1, -0.2), (100, -90)])
    graph = dg.road_graph(frame)

    assert networkx.number_connected_components(graph) == 1
    assert max(dict(graph.degree()).values()) == 3
    assert (graph.graph["snapped"]["shift_m"] <= 0.5).all()


def test_a_crossing_is_nearer_to_the_point_than_the_middle_of_a_street():
    frame = roads([(0, 0), (100, 0)], [(100, 0), (200, 0)], [(99.8, 0.3), (99, 90)])
    graph = dg.road_graph(frame)

    assert graph.number_of_edges() == 3
    assert graph.graph["snapped"].geometry[0].equals(shapely.Point(X + 100, Y))


def test_short_gaps_do_not_make_a_chain():
    """Five short ends in a row, 0.4 m apart: nobody goes farther than half a metre."""
    frame = roads(*([(k * 0.4, 0), (k * 10, 50)] for k in range(5)))
    moved = dg.road_graph(frame).graph["snapped"]

    assert moved[["road", "onto"]].to_numpy().tolist() == [[1, 0], [3, 2], [4, 3]]
    assert (moved["shift_m"] <= 0.5).all()


def test_an_end_on_a_bridge_is_not_put_on_the_street_below():
    frame = roads([(0, 0), (200, 0)], [(100, 0.2), (100, 90)], road_level=[0, 1])

    assert parts(frame) == 2


def test_a_ring_with_a_gap_closes_and_a_stub_does_not_bite_its_tail():
    ring = roads([(0, 0), (50, 0), (50, 50), (0, 50), (0, 0.3)])
    stub = roads([(0, 0), (0.4, 0)], [(10, 0), (20, 0)])

    assert dg.road_graph(ring).number_of_nodes() == 1
    assert dg.road_graph(stub).number_of_nodes() == 4


def test_two_copies_of_a_street_are_both_cut_where_an_end_meets_them():
    frame = roads([(0, 0), (200, 0)], [(200, 0), (0, 0)], [(100, 0.4), (100, 90)])
    graph = dg.road_graph(frame)

    assert graph.number_of_edges() == 5 and networkx.number_connected_components(graph) == 1


def test_snapping_is_the_same_in_another_order():
    rng = np.random.default_rng(4)
    ends = rng.uniform(0, 12, (60, 2))
    frame = roads(*([tuple(a), tuple(a + rng.uniform(-3, 3, 2))] for a in ends))

    def told(layer):
        graph = dg.road_graph(layer)
        places = sorted(
            (round(facts["x"], 3), round(facts["y"], 3)) for _, facts in graph.nodes(data=True)
        )
        moved = graph.graph["snapped"].sort_values(["road", "shift_m"])
        return places, moved[["road", "shift_m"]].round(6).to_numpy().tolist()

    assert told(frame) == told(frame.sample(frac=1, random_state=2))
    assert len(told(frame)[1]) > 5


# ---------------------------------------------------------------- crossings without a vertex


def test_lines_that_cross_are_joined_where_asked_and_on_one_level():
    across = [(0, 0), (200, 0)], [(100, -100), (100, 100)]

    assert parts(roads(*across)) == 2
    assert parts(roads(*across), crossings="level") == 1
    assert parts(roads(*across, road_level=[0, 1]), crossings="level") == 2
    assert parts(roads(*across, bridge=["yes", "yes"]), crossings="level") == 2
    assert parts(roads([(0, 0), (200, 0)], [(100, 0), (100, 90)]), crossings="level", snap_m=0) == 1


def test_what_crosses_is_told_whether_it_was_joined_or_not():
    frame = roads(
        [(0, 0), (300, 0)], [(100, -9), (100, 9)], [(200, -9), (200, 9)], road_level=[0, 0, 1]
    )
    apart = dg.road_graph(frame).graph["crossed"]
    joined = dg.road_graph(frame, crossings="level").graph["crossed"]

    assert apart["joined"].tolist() == [False, False]
    assert joined["joined"].tolist() == [True, False]
    assert sorted(joined.geometry.x - X) == [100, 200] and joined.geometry.y.eq(Y).all()
    assert {frozenset(pair) for pair in joined[["road", "other_road"]].to_numpy().tolist()} == {
        frozenset((0, 1)),
        frozenset((0, 2)),
    }


def test_a_line_across_itself_and_lines_that_run_together():
    eight = roads([(0, 0), (100, 100), (100, 0), (0, 100)])
    along = roads([(0, 0), (200, 0)], [(50, 0), (150, 0)])

    assert dg.road_graph(eight, crossings="level").number_of_edges() == 3
    graph = dg.road_graph(along, crossings="level", snap_m=0)
    assert networkx.number_connected_components(graph) == 1
    assert sum(metres for *_, metres in graph.edges(data="metres")) == pytest.approx(300)


def grid_of_long_lines(n):
    at = np.arange(n) * 100.0
    return [[(-50, y), (n * 100, y)] for y in at] + [[(x, -50), (x, n * 100)] for x in at]


def test_a_layer_without_common_vertices_is_joined_and_says_so():
    frame = roads(*grid_of_long_lines(5))

    with pytest.warns(errors.DeqingGeoWarning, match="joined at 25 crossings"):
        graph = dg.road_graph(frame)
    assert networkx.number_connected_components(graph) == 1
    assert graph.graph["joined"] == "level" and graph.graph["crossed"]["joined"].sum() == 25
    assert "平交" in graph.graph["notices"][-1]
    # A layer that tells what lies above keeps its vertices, and so does OpenStreetMap's.
    for column in ("road_level", "bridge", "osm_id"):
        assert dg.road_graph(frame.assign(**{column: 0})).graph["joined"] == "vertices"
    frame.attrs["reading"] = {"driver": "OSM", "file": "x.pbf"}
    assert parts(frame) == 10


# ---------------------------------------------------------------- there and back


def test_a_graph_and_the_arrays_behind_it_say_the_same():
    frame = sample.county(1).roads
    one_way = frame.assign(oneway=np.where(np.arange(len(frame)) % 5 == 0, "yes", None))
    for layer in (frame, one_way):
        net = dg.road_network(layer)
        back = as_network(dg.road_graph(layer))
        ours, _ = dg.to_csr(net)
        theirs, _ = dg.to_csr(back)

        assert (ours != theirs).nnz == 0 and ours.nnz > 1000
        assert back.metres.sum() == pytest.approx(net.metres.sum())
        assert back.oneway.sum() == net.oneway.sum()
        assert shapely.length(back.lines).sum() == pytest.approx(net.metres.sum())


def test_a_matrix_holds_the_least_of_parallel_streets_and_the_way_of_traffic():
    frame = roads([(0, 0), (100, 0)], [(0, 0), (50, 80), (100, 0)], oneway=["yes", "no"])
    matrix, labels = dg.to_csr(dg.road_graph(frame))
    minutes, _ = dg.to_csr(dg.road_network(frame, speeds={"branch": 30}), weight="minutes")

    assert labels.tolist() == [0, 1]
    assert matrix[0, 1] == 100 and matrix[1, 0] == pytest.approx(2 * np.hypot(50, 80))
    assert minutes[0, 1] == pytest.approx(0.2)


def test_distances_are_those_of_networkx_after_edges_were_taken_away():
    graph = dg.road_graph(lattice(8))
    rng = np.random.default_rng(0)
    edges = list(graph.edges(keys=True))
    graph.remove_edges_from([edges[at] for at in rng.choice(len(edges), 40, replace=False)])
    matrix, labels = dg.to_csr(graph)
    sources = [0, 17, 63]

    ours = dijkstra(matrix, directed=True, indices=sources, min_only=True)

    theirs = networkx.multi_source_dijkstra_path_length(
        graph, {labels[at] for at in sources}, weight="metres"
    )
    assert ours.tolist() == pytest.approx([theirs.get(label, np.inf) for label in labels])


def test_a_graph_of_any_names_and_straight_edges_will_do():
    graph = networkx.MultiGraph(crs=sample.CRS)
    graph.add_node("seat", x=X, y=Y)
    graph.add_node(("a", 1), x=X + 30, y=Y + 40)
    graph.add_edge("seat", ("a", 1), metres=60)
    net = as_network(graph)

    assert net.labels.tolist() == ["seat", ("a", 1)]
    assert net.metres.tolist() == [60] and shapely.length(net.lines).tolist() == [50]


@pytest.mark.parametrize(
    ("facts", "said"),
    [({}, "no length"), ({"metres": 0}, "no length"), ({"metres": np.nan}, "no length")],
)
def test_a_graph_that_cannot_be_measured_is_refused(facts, said):
    graph = networkx.MultiGraph(crs=sample.CRS)
    graph.add_node(1, x=X, y=Y)
    graph.add_node(2, x=X, y=Y)
    graph.add_edge(1, 2, **facts)
    with pytest.raises(errors.InputError, match=said):
        as_network(graph)
    graph.add_node(3)
    with pytest.raises(errors.InputError, match="no place"):
        as_network(graph)
    with pytest.raises(errors.InputError, match="road_graph"):
        as_network(roads([(0, 0), (1, 1)]))
    with pytest.raises(errors.InputError, match="weight="):
        dg.to_csr(dg.road_graph(lattice(2)), weight="length")


# ---------------------------------------------------------------- bad input


def test_twenty_thousand_copies_of_one_line_are_as_many_edges():
    frame = roads(*[[(0, 0), (50, 10), (100, 0)]] * 20_000)
    graph = dg.road_graph(frame, crossings="level")

    # Every vertex is shared, the middle one too.
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (3, 40_000)
    assert dg.to_csr(graph)[0].nnz == 4


def test_a_line_without_length_cuts_nothing_and_is_no_end():
    frame = roads([(0, 0), (50, 0), (100, 0)], [(50, 0), (50, 0)])
    net = dg.road_network(frame)

    assert (len(net.nodes), len(net.ends)) == (2, 1)


@pytest.mark.parametrize(
    ("frame", "error", "said"),
    [
        (roads([(0, 0), (9, 9)]).drop(columns="road_class"), errors.ColumnError, "road_class"),
        (roads(), errors.InputError, "no road at all"),
        (roads([(0, 0), (9, 9)]).to_crs(4490), errors.CRSError, "degrees"),
        (roads([(0, 0), (9, 9)]).set_crs(None, allow_override=True), errors.CRSError, "no coord"),
    ],
)
def test_layers_that_carry_no_network_are_refused(frame, error, said):
    with pytest.raises(error, match=said):
        dg.road_graph(frame)


@pytest.mark.parametrize("odd", [np.inf, np.nan])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_coordinates_that_are_no_numbers_are_refused(odd):
    frame = roads([(0, 0), (5, 5), (9, 9)], [(0, 0), (5, odd), (9, 9)])

    with pytest.raises(errors.GeometryError, match="finite") as caught:
        dg.road_graph(frame)
    assert caught.value.rows == (1,)


@pytest.mark.parametrize(
    "options", [{"snap_m": -1}, {"snap_m": np.nan}, {"crossings": "all"}, {"speeds": {"branch": 0}}]
)
def test_options_that_mean_nothing_are_refused(options):
    with pytest.raises(errors.InputError, match=next(iter(options))):
        dg.road_graph(roads([(0, 0), (9, 9)]), **options)


def test_a_road_of_no_known_class_goes_as_slowly_as_any_other():
    frame = roads([(0, 0), (100, 0)], [(100, 0), (200, 0)])
    frame["road_class"] = [None, "other"]
    net = dg.road_network(frame)

    assert len(net.minutes) == 2 and net.minutes[0] == net.minutes[1]


def test_the_layer_is_left_as_it_was():
    frame = roads(*CROSS, road_level=[0, 1], oneway=["yes", None])
    before = frame.copy()
    dg.road_graph(frame)

    assert frame.equals(before)


def test_crossings_are_those_that_geos_finds():
    rng = np.random.default_rng(8)
    start = rng.uniform(0, 3000, (300, 2))
    long = rng.choice([20, 150, 2500], 300)[:, None]
    lines = np.stack([start, start + rng.normal(size=(300, 2)) * long], axis=1)
    frame = roads(*([tuple(a), tuple(b)] for a, b in lines))
    found = dg.road_graph(frame.assign(road_level=0), snap_m=0).graph["crossed"]

    shapes = frame.geometry.to_numpy()
    one, two = shapely.STRtree(shapes).query(shapes, predicate="crosses")
    places = shapely.get_coordinates(shapely.intersection(shapes[one], shapes[two])[one < two])

    assert len(found) == len(places) > 100
    ours = shapely.get_coordinates(found.geometry)
    assert np.sort(ours, axis=0) == pytest.approx(np.sort(places, axis=0), abs=1e-6)
