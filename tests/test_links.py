"""Missing links: they lead where they should, save what they say, and cross nothing."""

import geopandas as gpd
import networkx
import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import columns, errors, sample

X, Y = sample.X0, sample.Y0
# A street bent like a U, 900 m long and 100 m wide.
BENT = [(0, 0), (900, 0), (900, 100), (0, 100)]


def layer(*rows, road_class="branch", **fields):
    shapes = [shapely.LineString([(x + X, y + Y) for x, y in row]) for row in rows]
    words = [road_class] * len(rows) if isinstance(road_class, str) else road_class
    return gpd.GeoDataFrame({"road_class": words, **fields}, geometry=shapes, crs=sample.CRS)


def areas(*shapes):
    moved = [shapely.transform(shape, lambda c: c + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(geometry=moved, crs=sample.CRS)


def links(roads, **options):
    return dg.suggest_links(dg.road_graph(roads), roads, **options)


def drawn(found):
    """The links as pairs of places of Paper Town."""
    return [
        tuple(tuple(place) for place in (shapely.get_coordinates(line) - [X, Y]).round(3).tolist())
        for line in found.geometry
    ]


# ---------------------------------------------------------------- by hand
def test_the_ends_of_a_street_bent_like_a_u_are_linked_once():
    found = links(layer(BENT, road_name=["弯路"]))

    assert drawn(found) == [((0, 0), (0, 100))]
    row = found.loc[1]
    assert (row["link_m"], row["before_m"], row["saved_m"]) == (100, 1900, 1800)
    assert (row["road"], row["road_name"], row["to_name"]) == (0, "弯路", "弯路")
    assert row["link_effect"] == "两端绕行由1,900米减为100米"
    assert not row["joins_parts"] and np.isnan(row["joins_km"])
    assert set(found.columns) - {"geometry"} <= set(columns.registry())
    assert found.index.name in columns.registry()


def test_a_ladder_with_one_rung_missing():
    """Rails of 600 m and rungs at both ends; of the middle rung two stubs of 20 m are there."""
    roads = layer(
        [(0, 0), (300, 0)],
        [(300, 0), (600, 0)],
        [(0, 100), (300, 100)],
        [(300, 100), (600, 100)],
        [(0, 0), (0, 100)],
        [(600, 0), (600, 100)],
        [(300, 0), (300, 20)],
        [(300, 100), (300, 80)],
    )

    found = links(roads)
    assert drawn(found) == [((300, 20), (300, 80))]
    assert found.loc[1, "before_m"] == 20 + 300 + 100 + 300 + 20


def test_a_link_may_meet_the_middle_of_a_street():
    """A lane stops 40 m short of a street that goes round to it."""
    roads = layer([(0, 0), (0, 400), (500, 400), (500, -40), (-900, -40)], [(0, 0), (0, 0.0)])
    roads = roads.iloc[:1]

    found = links(roads)
    # Its own street is met at its other end only: what curls back to itself is not looked at.
    assert len(found) == 0
    parted = layer([(0, 0), (0, 400), (500, 400), (500, -40)], [(500, -40), (-900, -40)])
    found = links(parted)
    assert drawn(found) == [((0, 0), (0, -40))]
    assert found.loc[1, "before_m"] == 400 + 500 + 440 + 500
    assert found.loc[1, "to_node"] is None and found.loc[1, "to_road"] == 1


def test_two_parts_are_joined_before_ways_are_shortened_and_scraps_come_last():
    near = [(x + 7, y + 2000) for x, y in BENT]
    roads = layer(near, [(0, 0), (900, 0)], [(900, 200), (1800, 200)], [(3000, 0), (3000, 50)])
    far = layer(near, [(0, 0), (900, 5)], [(1000, 5), (1800, 0)], [(30, 2200), (80, 2200)])

    found = links(roads)
    assert found["joins_parts"].to_list() == [True, False]
    assert found.loc[1, "joins_km"] == approx(0.9)
    assert np.isnan(found.loc[1, "before_m"]) and np.isnan(found.loc[1, "saved_m"])
    assert found.loc[1, "link_effect"] == "连通互不相连的两片路网(较小一片0.90公里)"
    assert links(far)["joins_km"].round(3).fillna(0).to_list() == [0.8, 0.0, 0.05]


def test_a_gap_of_the_drawing_is_told():
    found = links(layer([(0, 0), (900, 0)], [(904, 0), (1800, 0)]))

    assert found.loc[1, "link_effect"].endswith("不足10米,疑似图形断点,请先核对")


def test_a_river_between_is_told_and_the_link_comes_last_or_not_at_all():
    other = [(x + 9, y + 1000) for x, y in [(0, 0), (500, 0), (500, 100), (0, 100)]]
    roads = layer(BENT, other)
    river = areas(shapely.box(-100, 40, 500, 60))
    railway = layer([(-100, 50), (500, 50)]).drop(columns="road_class")

    assert links(roads)["link_m"].to_list() == [100, 100]
    assert links(roads)["saved_m"].to_list() == [1800, 1000]
    found = links(roads, barriers={"water": river, "railway": railway, "own": railway})
    assert found["saved_m"].to_list() == [1000, 1800]
    assert found["barriers"].to_list() == ["", "水体、铁路、own"]
    dropped = links(roads, barriers={"water": river}, over_barriers="drop")
    assert dropped["saved_m"].to_list() == [1000]


def test_no_link_crosses_a_road():
    """A street lies between the ends of the U; it is what they are led to."""
    roads = layer(BENT, [(-300, 50), (400, 50)])

    found = links(roads)
    between = shapely.LineString([(X - 300, Y + 50), (X + 400, Y + 50)])
    assert not shapely.crosses(found.geometry.to_numpy(), between).any()
    assert ((0, 0), (0, 100)) not in drawn(found)


def test_a_stub_beside_a_crossing_is_not_worth_a_link():
    """The way round, 40 + 40 m, is not twice the straight way of 57 m."""
    assert len(links(layer([(0, 0), (400, 0)], [(0, 0), (0, 400)], [(400, 0), (400, 40)]))) == 0


def test_a_link_is_no_longer_than_asked():
    assert len(links(layer(BENT), max_m=99)) == 0
    assert len(links(layer(BENT), max_m=100)) == 1


def test_nobody_is_led_to_a_motorway_a_ramp_or_another_level():
    lane = [(0, 0), (0, 500)]
    for word in ("motorway", "link"):
        roads = layer(lane, [(-500, -50), (500, -50)], road_class=["branch", word])
        assert len(links(roads)) == 0
    roads = layer(lane, [(-500, -50), (500, -50)], road_level=[0, 1])
    assert len(links(roads)) == 0
    assert len(links(roads.assign(road_level=0))) == 1


def test_every_end_has_one_link_and_better_ones_count_as_built():
    """Three lanes from one street end in a row, 60 m apart."""
    street = [[(x, 0), (x + 60, 0)] for x in (0, 60)]
    lanes = [[(x, 0), (x, 900 + x / 60)] for x in (0, 60, 120)]

    found = links(layer(*street, *lanes))
    assert drawn(found)[0] in [((0, 900), (60, 901)), ((60, 901), (120, 902))]
    ends = [place for pair in drawn(found) for place in pair if place[1] >= 900]
    assert len(ends) == len(set(ends))


def test_beside_the_end_of_a_street_it_is_the_end_that_is_linked():
    """The nearest place of each lane is 8 m before the other's end, not the end itself."""
    lanes = [[(0, 0), (0, 500)], [(0, 500), (300, 500)], [(300, 500), (300, -9)]]

    found = links(layer(*lanes, [(0, 0), (200, -8)], [(100, 500), (101, 510)]))
    assert ((200, -8), (300, -9)) in drawn(found)


def test_a_second_link_beside_a_better_one_is_dropped():
    """Two ends, 20 m apart, face the end of a street 100 m away: one is linked to it."""
    roads = layer(
        [(0, 100), (500, 100)],
        [(500, 100), (500, -900)],
        [(500, -900), (0, -900)],
        [(0, -900), (0, 0)],
        [(0, -5), (20, -5)],
    )

    alone = links(roads.iloc[:4])
    assert drawn(alone) == [((0, 0), (0, 100))]
    assert len(links(roads)) == 1


def test_links_of_a_layer_that_was_cut_are_not_made_at_the_cut():
    rows = [[(0, y), (1000, y)] for y in (0, 100, 200)]

    assert len(links(layer(*rows))) == 0
    assert len(links(layer(BENT), areas=areas(shapely.box(0, -50, 950, 150)))) == 0


def test_by_how_much_a_link_raises_the_density_of_its_area():
    """Of 100 m, 60 lie in the southern area of 2 km2."""
    two = areas(shapely.box(-1000, -940, 1000, 60), shapely.box(-1000, 60, 1000, 1060))
    two.index = ["south", "north"]

    found = links(layer(BENT), areas=two)
    assert found.loc[1, "in_area"] == "south"
    assert found.loc[1, "area_added_km"] == approx(0.06)
    assert found.loc[1, "density_gain"] == approx(0.03, rel=1e-3)
    away = areas(shapely.box(5000, 0, 6000, 1000))
    assert len(links(layer(BENT), areas=away)) == 0


def test_a_link_the_plan_has_is_told():
    planned = layer([(3, -20), (3, 120)], [(0, 50), (900, 50)], road_name=["规划路", "横路"])

    found = links(layer(BENT), planned=planned)
    assert found.loc[1, "on_plan"] and found.loc[1, "planned_name"] == "规划路"
    assert not links(layer(BENT), planned=planned.assign(road_status="built"))["on_plan"].any()
    assert not links(layer(BENT), planned=planned.iloc[1:])["on_plan"].any()
    onward = layer([(0, 0), (-500, 0)], road_name=["西路"])
    led = links(layer(BENT), planned=onward)
    assert not led.loc[1, "on_plan"] and led.loc[1, "plan_leads_on"]
    assert led.loc[1, "planned_name"] == "西路"


def test_links_are_suggestions_and_say_so():
    found = links(layer(BENT))

    assert found.attrs["notice"].startswith("建议,非规划")
    assert "至多一条" in found.attrs["definition"]


def test_one_way_streets_are_no_detour():
    roads = layer(BENT, [(900, 0), (1800, 0)], oneway=["yes", None])

    assert links(roads).loc[1, "before_m"] == 1900


# ---------------------------------------------------------------- a second road
def broken_lattice(seed):
    """Streets on a lattice of 120 m with a fifth missing, and stubs into some of the gaps."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(9):
        for j in range(9):
            for k, m in ((i + 1, j), (i, j + 1)):
                if max(k, m) > 8:
                    continue
                a, b = np.array([i, j]) * 120.0, np.array([k, m]) * 120.0
                shift = rng.uniform()
                if shift > 0.35:
                    rows.append([a, b])
                elif shift > 0.15:
                    rows.append([a, a + (b - a) * rng.uniform(0.2, 0.7)])
    return layer(*rows)


@pytest.mark.parametrize("seed", range(4))
def test_the_way_before_is_that_of_networkx(seed):
    roads = broken_lattice(seed)
    graph = dg.road_graph(roads)
    found = dg.suggest_links(graph, roads)

    checked = 0
    for row in found[~found["joins_parts"]].itertuples():
        way = networkx.single_source_dijkstra_path_length(graph, row.node, weight="metres")
        if row.to_node is not None and row.to_node == row.to_node:
            before = way[row.to_node]
        else:
            goal = shapely.get_point(row.geometry, 1)
            a, b, _ = min(graph.edges(data=True), key=lambda e: e[2]["geometry"].distance(goal))
            ends = [
                way[n] + np.hypot(graph.nodes[n]["x"] - goal.x, graph.nodes[n]["y"] - goal.y)
                for n in (a, b)
            ]
            before = min(ends)
        assert row.before_m == approx(before, rel=1e-9)
        assert row.saved_m == approx(before - row.geometry.length, rel=1e-9)
        assert before >= 2 * row.geometry.length - 1e-6
        checked += 1
    assert checked > 5
    parts = {
        node: n for n, part in enumerate(networkx.connected_components(graph)) for node in part
    }
    for row in found[found["joins_parts"] & found["to_node"].notna()].itertuples():
        assert parts[row.node] != parts[row.to_node]


@pytest.mark.parametrize("seed", range(4))
def test_links_keep_their_promises(seed):
    roads = broken_lattice(seed)
    found = links(roads, max_m=200)

    lines = roads.geometry.to_numpy()
    shapes = found.geometry.to_numpy()
    assert shapely.length(shapes).max() <= 200
    inner = np.array([shapely.ops.substring(s, 0.05, 0.95, normalized=True) for s in shapes])
    assert not shapely.STRtree(lines).query(inner, predicate="intersects").size
    one, two = shapely.STRtree(inner).query(inner, predicate="intersects")
    assert (one == two).all()
    tips = shapely.points(shapely.get_coordinates(shapes))
    assert shapely.distance(tips, shapely.union_all(lines)).max() < 1e-6
    # Only from ends, one each, and never to one end twice.
    ends = dg.dead_ends(dg.road_graph(roads), roads)
    assert found["node"].isin(ends["node"]).all() and found["node"].is_unique
    reached = found.loc[found["to_node"].isin(ends["node"]), "to_node"]
    assert not reached.isin(found["node"]).any() and reached.is_unique


def test_the_order_of_rows_does_not_matter_and_layers_stay_as_they_are():
    roads = broken_lattice(7)
    before = roads.copy()
    first = links(roads)

    mixed = links(roads.sample(frac=1, random_state=1))
    assert drawn(mixed) == drawn(first)
    same = ["road", "link_m", "before_m", "saved_m", "joins_km", "link_effect"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(mixed[same]), pd.DataFrame(first[same]), check_dtype=False
    )
    assert roads.equals(before)


def test_fewer_links_are_the_first_of_more():
    roads = broken_lattice(3)

    assert drawn(links(roads, limit=3)) == drawn(links(roads))[:3]


def test_the_county_has_links_in_its_zone():
    made = sample.county(1)

    found = links(
        made.roads,
        areas=made.zone,
        barriers={"water": made.water},
        planned=made.planned_roads,
    )
    assert len(found) > 20 and found["on_plan"].any()
    over = (found["barriers"] != "").to_numpy()
    assert not over[: int((~over).sum())].any()
    assert columns.word("notice.schematic") in found.attrs["notice"]
    assert found["density_gain"].gt(0).all()


def test_a_network_without_ends_has_none():
    found = links(layer([(0, 0), (500, 0), (500, 500), (0, 0)]))

    assert len(found) == 0 and "saved_m" in found
    assert "in_area" in links(layer(BENT), areas=areas(shapely.box(5000, 0, 6000, 900)))


# ---------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"max_m": 0}, errors.InputError, "max_m="),
        ({"max_m": np.inf}, errors.InputError, "max_m="),
        ({"max_m": True}, errors.InputError, "max_m="),
        ({"limit": 0}, errors.InputError, "limit="),
        ({"limit": 2.5}, errors.InputError, "limit="),
        ({"over_barriers": "no"}, errors.InputError, "over_barriers="),
        ({"barriers": sample.zone()}, errors.InputError, "barriers= is a mapping"),
        ({"barriers": {"water": sample.zone().to_crs(4490)}}, errors.CRSError, "`water`"),
        (
            {"barriers": {"water": sample.zone().set_geometry(sample.zone().centroid)}},
            errors.GeometryError,
            "`water` needs lines or polygons",
        ),
        ({"areas": layer(BENT)}, errors.GeometryError, "needs polygons"),
        ({"areas": sample.zone().to_crs(4490)}, errors.CRSError, "areas"),
        ({"planned": sample.zone()}, errors.GeometryError, "`planned` needs lines"),
    ],
    ids=range(12),
)
def test_what_cannot_be_asked_is_refused(options, error, said):
    with pytest.raises(error, match=said):
        links(layer(BENT), **options)


def test_something_else_than_a_network_is_refused():
    with pytest.raises(errors.InputError, match="no network"):
        dg.suggest_links([1, 2])
