"""Where roads end: every end has one kind, and the count of the plan is made of the same ends."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import columns, errors, sample, tallies
from deqing_geo.network.ends import MEETS_M

X, Y = sample.X0, sample.Y0
MAIN = [(0, 0), (1000, 0)]


def layer(*rows, road_class="branch", **fields):
    shapes = [shapely.LineString([(x + X, y + Y) for x, y in row]) for row in rows]
    words = [road_class] * len(rows) if isinstance(road_class, str) else road_class
    return gpd.GeoDataFrame({"road_class": words, **fields}, geometry=shapes, crs=sample.CRS)


def ends(roads, planned=None, **options):
    return dg.dead_ends(dg.road_graph(roads), roads, planned, **options)


def kinds(roads, planned=None, **options):
    """The kind of each end, by its place in Paper Town."""
    found = ends(roads, planned, **options)
    places = shapely.get_coordinates(found.geometry.to_numpy()) - [X, Y]
    return dict(zip(map(tuple, places.round(3).tolist()), found["end_kind"], strict=True))


# ---------------------------------------------------------------- the plan
def test_a_dead_end_is_where_the_plan_leads_on_and_the_rest_are_cul_de_sacs():
    planned = layer([(1000, 0), (2000, 0)], road_name=["规划一路"])
    planned.index = ["p"]

    found = ends(layer(MAIN, road_name=["一路"]), planned)
    assert found["end_kind"].to_list() == ["cul_de_sac", "dead_end"]
    assert found.loc[1, ["road", "road_name", "planned_road", "planned_name"]].to_list() == [
        0,
        "一路",
        "p",
        "规划一路",
    ]
    assert found.loc[1, "planned_m"] == 0 and np.isnan(found.loc[0, "planned_m"])
    assert found["planned_road"].isna().to_list() == [True, False]
    assert set(found.columns) - {"geometry"} <= set(columns.registry())
    assert set(columns.vocabulary("end_kind")) == {
        "dead_end",
        "suspected_dead_end",
        "cul_de_sac",
        "cut",
    }


def test_without_a_plan_city_streets_are_suspected_and_lanes_are_cul_de_sacs():
    roads = layer(MAIN, [(0, 500), (1000, 500)], road_class=["arterial", "estate"])

    assert kinds(roads) == {
        (0, 0): "suspected_dead_end",
        (1000, 0): "suspected_dead_end",
        (0, 500): "cul_de_sac",
        (1000, 500): "cul_de_sac",
    }
    assert "疑似断头路" in ends(roads).attrs["notice"]


def test_a_row_under_construction_leads_on_and_is_not_the_whole_plan():
    roads = layer(MAIN, [(1000, 0), (2000, 0)], road_status=["built", "building"])

    assert kinds(roads) == {(0, 0): "suspected_dead_end", (1000, 0): "dead_end"}
    assert ends(roads)["planned_road"].isna().to_list() == [True, False]
    assert ends(roads).attrs["lines_to_come"] == 1


@pytest.mark.parametrize(("off", "kind"), [(0.9, "dead_end"), (1.1, "cul_de_sac")])
def test_the_plan_meets_an_end_to_ten_centimetres_or_as_told(off, kind):
    planned = layer([(1000 + off * MEETS_M, 0), (2000, 0)])

    assert kinds(layer(MAIN), planned)[1000, 0] == kind
    assert kinds(layer(MAIN), planned, meets_m=1)[1000, 0] == "dead_end"


def test_the_plan_may_pass_an_end_with_its_middle():
    assert kinds(layer(MAIN), layer([(1000, -300), (1000, 300)]))[1000, 0] == "dead_end"


def test_what_is_built_is_no_plan_any_more():
    on = [(1000, 0), (2000, 0)]

    done = kinds(layer(MAIN), layer(on, road_status=["built"]))
    assert done[1000, 0] == "suspected_dead_end"
    # Drawn in the plan, and there already: a road of the layer lies where its middle lies.
    assert kinds(layer(MAIN, on), layer(on))[2000, 0] == "suspected_dead_end"


def test_of_two_roads_that_lead_on_the_nearer_is_named():
    planned = layer([(1000.05, 0), (2000, 0)], [(1000.01, 0), (1000, 900)], road_name=["a", "b"])

    found = ends(layer(MAIN), planned)
    assert found.loc[1, "planned_name"] == "b" and found.loc[1, "planned_m"] == approx(0.01)


# ---------------------------------------------------------------- what is an end
def test_an_end_on_the_middle_of_another_street_is_none():
    """With a vertex there, without one, and a hand's breadth short of it."""
    for gap in (0.0, 0.3):
        roads = layer(MAIN, [(400, gap), (400, 300)])
        assert (400, gap) not in kinds(roads) and len(ends(roads)) == 3
    assert len(ends(layer([(0, 0), (400, 0), (1000, 0)], [(400, 0), (400, 300)]))) == 3


def test_what_passes_over_is_no_way_on_and_no_end():
    """A street ends under a bridge that has a vertex there; the bridge passes through."""
    roads = layer([(0, 0), (500, 0)], [(500, -300), (500, 0), (500, 300)], road_level=[0, 1])
    through = layer(
        [(0, 0), (500, 0)],
        [(500, 0), (1000, 0)],
        [(500, -9), (500, 0), (500, 9)],
        road_level=[0, 0, 1],
    )

    assert len(ends(through)) == 4 and (500, 0) not in kinds(through)
    assert len(ends(roads)) == 3 + ((500, 0) in kinds(roads))


def test_a_ring_ends_nowhere_and_a_loop_at_the_end_of_a_lane_is_a_cul_de_sac():
    ring = [(500, 0), (520, 20), (540, 0), (520, -20), (500, 0)]

    assert len(ends(layer(ring))) == 0
    found = ends(layer([(0, 0), (500, 0)], ring))
    assert found["end_kind"].to_list() == ["suspected_dead_end", "cul_de_sac"]
    assert found["end_loop"].to_list() == [False, True]
    halves = layer([(0, 0), (500, 0)], ring[:3], ring[2:])
    assert kinds(halves) == {(0, 0): "suspected_dead_end", (500, 0): "cul_de_sac"}
    # A way on from the circle makes it a junction.
    assert len(ends(layer([(0, 0), (500, 0)], *[ring[:3], ring[2:]], [(540, 0), (900, 0)]))) == 2


def test_a_street_drawn_twice_ends_once():
    roads = layer(MAIN, MAIN, MAIN[::-1])

    assert kinds(roads) == {(0, 0): "suspected_dead_end", (1000, 0): "suspected_dead_end"}


def test_an_end_that_says_so_itself_is_a_cul_de_sac():
    roads = layer(MAIN, [(0, 500), (1000, 500)], noexit=[True, False])

    assert sorted(kinds(roads).values()) == ["cul_de_sac"] * 2 + ["suspected_dead_end"] * 2
    # The plan knows better.
    assert kinds(roads, layer([(1000, 0), (2000, 0)]))[1000, 0] == "dead_end"


def test_one_way_streets_end_like_others():
    roads = layer(MAIN, [(1000, 0), (1500, 0)], oneway=["yes", None])

    assert dg.road_graph(roads).is_directed()
    assert set(kinds(roads)) == {(0, 0), (1500, 0)}


def test_roads_taken_out_of_the_graph_leave_ends():
    roads = layer(MAIN, [(1000, 0), (2000, 0)])
    graph = dg.road_graph(roads)
    graph.remove_edges_from([(a, b) for a, b, road in graph.edges(data="road") if road == 1])
    graph.remove_nodes_from([node for node, held in list(graph.degree) if held == 0])

    assert len(dg.dead_ends(graph, roads)) == 2


# ---------------------------------------------------------------- cuts
def test_ends_on_one_side_of_the_layer_s_box_were_cut_there():
    rows = [[(0, y), (1000 if y < 900 else 950, y)] for y in (0, 300, 600, 900)]

    found = kinds(layer(*rows))
    assert [found[0, y] for y in (0, 300, 600, 900)] == ["cut"] * 4
    assert [found[1000, y] for y in (0, 300, 600)] == ["cut"] * 3
    assert found[950, 900] == "suspected_dead_end"
    # Two are chance.
    assert set(kinds(layer(*rows[:2])).values()) == {"suspected_dead_end"}


def test_a_layer_cut_at_the_areas_has_no_ends_there_and_one_that_reaches_out_has():
    inside = layer([(0, 500), (1000, 500)])
    out = layer([(0, 500), (1000, 500)], [(2000, 500), (3500, 500)])

    assert kinds(inside, areas=sample.zone())[0, 500] == "cut"
    assert kinds(out, areas=sample.zone())[0, 500] == "suspected_dead_end"
    # An end that the plan leads on from is one, wherever it lies; ends outside are not asked for.
    led = layer([(-500, 500), (0, 500)])
    assert kinds(inside, led, areas=sample.zone())[0, 500] == "dead_end"
    assert (3500, 500) not in kinds(out, areas=sample.zone())


# ---------------------------------------------------------------- the count of the plan
@pytest.mark.parametrize("seed", [1])
def test_the_count_of_the_plan_is_made_of_these_ends(seed):
    made = sample.county(seed)
    graph = dg.road_graph(made.roads)

    found = dg.dead_ends(graph, made.roads, made.planned_roads, areas=made.zone)
    streets = found[found["road_class"].isin(["expressway", "arterial", "subarterial", "branch"])]
    count = tallies.dead_ends(made.roads, made.zone, made.planned_roads)
    assert (streets["end_kind"] == "dead_end").sum() == count.value > 0
    assert len(streets) == count.total
    # All named in the layer or in the plan, and met to the tolerance.
    led = found[found["end_kind"] == "dead_end"]
    assert led["planned_m"].max() <= MEETS_M and led["planned_road"].notna().all()
    assert len(found) == len(found.geometry.drop_duplicates())


def test_the_order_of_rows_does_not_matter_and_layers_stay_as_they_are():
    made = sample.county(1)
    roads, planned = made.roads.copy(), made.planned_roads.copy()
    first = ends(made.roads, made.planned_roads)

    mixed = ends(
        made.roads.sample(frac=1, random_state=1), made.planned_roads.sample(frac=1, random_state=2)
    )
    same = ["end_kind", "road", "road_class", "planned_road", "geometry"]
    pd.testing.assert_frame_equal(pd.DataFrame(mixed[same]), pd.DataFrame(first[same]))
    assert roads.equals(made.roads) and planned.equals(made.planned_roads)


def test_the_table_is_written_in_chinese(tmp_path):
    file = dg.save_table(ends(layer(MAIN)), tmp_path / "ends.csv")

    text = file.read_text("utf-8-sig")
    assert text.startswith("编号,端点类别,道路编号,道路名称,道路等级,")
    assert "疑似断头路,0," in text and "未对照规划路网" in text


# ---------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda r: dg.dead_ends(dg.road_graph(r), r.iloc[:0]), errors.InputError, "not in `roads`"),
        (
            lambda r: dg.dead_ends(dg.road_graph(r), r.set_axis(["a", "a"])),
            errors.InputError,
            "repeats labels",
        ),
        (lambda r: dg.dead_ends({}, r), errors.InputError, "no network"),
        (lambda r: ends(r, meets_m=0), errors.InputError, "no distance"),
        (lambda r: ends(r, r.to_crs(4490)), errors.CRSError, "degrees|alike"),
        (lambda r: ends(r, areas=r), errors.GeometryError, "needs polygons"),
        (lambda r: ends(r, r.set_geometry(r.centroid)), errors.GeometryError, "needs lines"),
        (
            lambda r: dg.dead_ends(dg.road_graph(r), r.drop(columns="road_class")),
            errors.ColumnError,
            "road_class",
        ),
        (lambda r: ends(r, r.assign(road_status="?")), errors.ColumnError, "road_status"),
    ],
    ids=range(9),
)
def test_what_cannot_be_asked_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call(layer(MAIN, [(1000, 0), (2000, 0)]))


def test_a_layer_without_ends_is_an_empty_table():
    ring = layer([(0, 0), (500, 0), (500, 500), (0, 0)])

    found = ends(ring, layer([(900, 0), (1000, 0)]), areas=sample.zone())
    assert len(found) == 0 and list(found.columns)[:2] == ["end_kind", "road"]
