"""Divided streets, roundabouts and slip roads drawn by one line; what stays as it is."""

import warnings
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx
from shapely import LineString, MultiLineString

from deqing_geo import centre_lines, sample
from deqing_geo.columns import word
from deqing_geo.errors import ColumnError, CRSError, GeometryError, InputError
from deqing_geo.roads import tiles
from deqing_geo.roads.preparing import cut_at, prepare
from deqing_geo.roads.restoring import RANK

X, Y = sample.X0, sample.Y0


def layer(ways, **columns):
    """Roads from (class, coordinates), moved to Paper Town."""
    lines = [LineString(np.asarray(way, dtype=float) + (X, Y)) for _, way in ways]
    frame = gpd.GeoDataFrame(
        {"road_class": [kind for kind, _ in ways]}, geometry=lines, crs=sample.CRS
    )
    return frame.assign(**columns)


def street(gap=12.0, blocks=2, side=500.0, kind="arterial", start=0.0):
    """A divided street of `blocks` blocks with a cross street at every corner."""
    ways = []
    for at in range(blocks):
        for y in (0.0, gap):
            ways.append((kind, [(start + at * side, y), (start + (at + 1) * side, y)]))
    for at in range(blocks + 1):
        x = start + at * side
        ways += [
            ("branch", [(x, -300), (x, 0)]),
            ("branch", [(x, 0), (x, gap)]),
            ("branch", [(x, gap), (x, gap + 300)]),
        ]
    return ways


def grid(count=5, side=200.0, kind="branch"):
    """A plain lattice of streets cut at every corner."""
    ways = []
    for i in range(count):
        for j in range(count - 1):
            ways.append((kind, [(i * side, j * side), (i * side, (j + 1) * side)]))
            ways.append((kind, [(j * side, i * side), ((j + 1) * side, i * side)]))
    return ways


def km(frame, kind=None):
    rows = frame if kind is None else frame[frame["road_class"] == kind]
    return rows.geometry.length.sum() / 1000


def ring(x, y, radius, legs=4, steps=6):
    """A roundabout in arcs from leg to leg."""
    turn = np.linspace(0, 2 * np.pi, legs * steps + 1)
    points = np.round(np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)]), 3)
    points[-1] = points[0]
    return [points[at * steps : (at + 1) * steps + 1] for at in range(legs)]


@pytest.fixture(scope="module")
def merged():
    return centre_lines(layer(street()))


class TestADividedStreet:
    def test_of_one_kilometre_is_one_kilometre(self, merged):
        assert merged.changed
        assert merged.by_class.loc["arterial", "before_km"] == approx(2.0)
        assert merged.by_class.loc["arterial", "after_km"] == approx(1.0, rel=0.02)

    def test_lies_in_the_middle(self, merged):
        own = merged.lines[merged.lines["road_class"] == "arterial"]
        y = shapely.get_coordinates(own.geometry.to_numpy())[:, 1] - Y

        assert np.median(y) == approx(6.0, abs=0.5) and (np.abs(y - 6) < 6.5).all()

    def test_keeps_its_cross_streets_up_to_the_middle(self, merged):
        assert km(merged.lines, "branch") == approx(3 * 0.612, rel=0.01)

    def test_knows_the_rows_it_came_from(self, merged):
        own = merged.lines[merged.lines["road_class"] == "arterial"]

        assert {row for rows in own["source_rows"] for row in rows} >= set(range(4))
        assert own["merged"].all() and (own["class_share"] > 0.9).all()

    def test_says_what_was_closed(self, merged):
        assert merged.by_kind.loc["divided", "gaps"] == 2
        assert merged.by_kind.loc["divided", "before_km"] == approx(2.0, abs=0.1)
        assert set(merged.table["merge_kind"]) == {"divided"}

    def test_whose_ends_are_cut_off_at_the_edge_of_the_layer_merges_to_its_end(self):
        ways = [way for way in street() if way[0] == "arterial"]
        ways += [("branch", [(500, 0), (500, 12)]), ("branch", [(500, 12), (500, 300)])]
        got = centre_lines(layer(ways))

        assert km(got.lines, "arterial") == approx(1.0, rel=0.03)

    def test_of_which_one_half_opened_later_opened_early_and_is_no_longer_one_way(self):
        ways = street()
        days = ["2024-01-01" if way[0][1] == 0 else "2020-01-01" for _, way in ways]
        oneway = ["yes" if kind == "arterial" else "no" for kind, _ in ways]
        got = centre_lines(layer(ways, opened_on=days, oneway=oneway))
        own = got.lines["road_class"] == "arterial"

        assert set(got.lines.loc[own, "opened_on"]) == {"2020-01-01"}
        assert got.lines.loc[own, "oneway"].isna().all()
        assert (got.lines.loc[~own, "oneway"] == "no").all()


APART = 4000.0


def _placed(ways, number):
    return [(kind, np.asarray(way, dtype=float) + (number * APART, 0)) for kind, way in ways]


def _changed(ways, then):
    """A street half of which is of another class: the eastern half, or the northern side."""
    axis, first = (0, 500.0) if then == "subarterial" else (1, 12.0)
    return [
        (then if kind == "arterial" and way[0][axis] >= first else kind, way) for kind, way in ways
    ]


def _round(radius=15.0):
    arcs = [("subarterial", arc) for arc in ring(0, 0, radius)]
    legs = [((radius, 0), (400, 0)), ((0, radius), (0, 400)), ((-radius, 0), (-400, 0))]
    return arcs + [("subarterial", leg) for leg in [*legs, ((0, -radius), (0, -400))]]


def _slip():
    east, north = [(30, 0), (400, 0)], [(0, 30), (0, 400)]
    return [
        ("subarterial", [(0, 0), (30, 0)]),
        ("subarterial", east),
        ("subarterial", [(0, 0), (0, 30)]),
        ("subarterial", north),
        ("subarterial", [(-400, 0), (0, 0)]),
        ("subarterial", [(0, -400), (0, 0)]),
        ("link", [(30, 0), (0, 30)]),
    ]


def _frontage():
    ways = street(gap=20, side=400, kind="expressway")
    for at in range(2):
        ways.append(("frontage", [(at * 400, 55), (at * 400 + 400, 55)]))
    return ways


def _bridge():
    ways = [*street(side=400)]
    return ways + [("expressway", [(-200, y), (1000, y)]) for y in (0.5, 11.5)]


SCENES = {
    "whole": street(),
    "halves": _changed(street(), "subarterial"),
    "sides": _changed(street(), "branch"),
    "round": _round(),
    "slip": _slip(),
    "grid": grid(kind="estate"),
    "dead end": [("estate", [(0, 0), (300, 0)])],
    "frontage": _frontage(),
    "names": street(gap=28),
    "bridge": _bridge(),
}


@pytest.fixture(scope="module")
def scenes():
    """All scenes as one layer, merged in one call."""
    ways, level, name = [], [], []
    for number, (scene, own) in enumerate(SCENES.items()):
        ways += _placed(own, number)
        level += [int(scene == "bridge" and kind == "expressway") for kind, _ in own]
        for kind, way in own:
            side = "甲路" if way[0][1] == 0 else "乙路"
            name.append(side if scene == "names" and kind == "arterial" else None)
    ready = prepare(layer(ways, road_level=level))
    roads = layer(ways, road_level=level, road_name=name)
    return centre_lines(layer_of(ready, roads), threshold=7.0, tile_m=100_000)


def seen(result, scene, kind=None):
    """Kilometres in one scene."""
    x = X + list(SCENES).index(scene) * APART
    return km(result.lines.cx[x - 1000 : x + 2000, :], kind)


class TestScenes:
    def test_a_class_that_changes_halfway_changes_there(self, scenes):
        assert seen(scenes, "halves", "arterial") == approx(0.5, rel=0.05)
        assert seen(scenes, "halves", "subarterial") == approx(0.5, rel=0.05)

    def test_of_two_classes_side_by_side_the_higher_wins(self, scenes):
        assert seen(scenes, "sides", "arterial") == approx(1.0, rel=0.05)

    def test_a_roundabout_becomes_a_crossing(self, scenes):
        assert seen(scenes, "round", "subarterial") == approx(1.6, rel=0.02)
        assert scenes.by_kind.loc["roundabout", "gaps"] == 1

    def test_a_slip_lane_gives_way_to_the_crossing(self, scenes):
        assert seen(scenes, "slip", "link") == 0
        assert seen(scenes, "slip", "subarterial") == approx(1.6, rel=0.02)
        assert scenes.by_kind.loc["slip_road", "gaps"] == 1

    def test_a_plain_grid_and_a_dead_end_keep_their_length(self, scenes):
        assert seen(scenes, "grid") == approx(8.0, rel=1e-6)
        assert seen(scenes, "dead end") == approx(0.3)

    def test_a_frontage_road_stays_beside_its_street(self, scenes):
        assert seen(scenes, "frontage", "frontage") == approx(0.8, rel=0.03)
        assert seen(scenes, "frontage", "expressway") == approx(0.8, rel=0.03)

    def test_two_streets_of_different_names_stay_two(self, scenes):
        assert seen(scenes, "names", "arterial") == approx(2.0, rel=0.01)
        assert any(word("notice.still_double") in said for said in scenes.notices)

    def test_a_long_bridge_is_not_merged_with_the_street_beneath(self, scenes):
        assert seen(scenes, "bridge", "arterial") == approx(0.8, rel=0.03)
        assert seen(scenes, "bridge", "expressway") == approx(1.2, rel=0.03)


class TestWhatIsNoDoubleLine:
    def test_a_plain_grid_is_left_alone(self):
        roads = layer(grid())
        got = centre_lines(roads)

        assert not got.changed and got.threshold is None
        assert got.lines.geometry.geom_equals(roads.geometry).all()
        assert got.lines.attrs["centre_lines"]["line"] == word("centre_lines.already")

    def test_roads_not_open_pass_through(self):
        ways = [*street(), *street(start=3000)]
        status = ["built"] * 13 + ["planned"] * 13
        roads = layer(ways, road_status=status)
        got = centre_lines(roads)
        later = got.lines[got.lines["road_status"] == "planned"]

        assert later.geometry.to_list() == roads.geometry.iloc[13:].to_list()
        assert later["source_rows"].to_list() == [(row,) for row in range(13, 26)]
        assert not later["merged"].any() and got.before_km == approx(km(roads.iloc[:13]))


def layer_of(ready, roads):
    """Prepared lines as a layer again."""
    own = ~ready.closers
    frame = roads.iloc[ready.row[own]].reset_index(drop=True)
    return frame.set_geometry(gpd.GeoSeries(ready.lines[own], crs=roads.crs))


class TestLaws:
    def test_the_order_of_rows_does_not_matter(self, merged):
        mixed = layer(street()).sample(frac=1, random_state=3)
        got = centre_lines(mixed)

        assert got.by_class["after_km"].to_dict() == approx(merged.by_class["after_km"].to_dict())

    def test_moving_the_layer_moves_the_lines(self, merged):
        roads = layer(street())
        moved = centre_lines(roads.set_geometry(roads.translate(1000, -2000)))

        assert moved.by_class["after_km"].to_dict() == approx(
            merged.by_class["after_km"].to_dict(), rel=1e-4
        )

    def test_the_input_is_untouched(self):
        roads = layer(street())
        before = roads.copy(deep=True)
        centre_lines(roads)

        pd.testing.assert_frame_equal(pd.DataFrame(roads), pd.DataFrame(before))
        assert roads.attrs == {}

    def test_merging_twice_is_merging_once(self, merged):
        again = centre_lines(merged.lines)
        bare = merged.lines.copy()
        bare.attrs = {}

        assert not again.changed and not centre_lines(bare).changed
        assert again.lines["source_rows"].to_list() == merged.lines["source_rows"].to_list()

    def test_a_layer_put_together_anew_is_looked_at_again(self, merged):
        both = pd.concat([merged.lines, layer(street(start=3000))], ignore_index=True)
        both.attrs = dict(merged.lines.attrs)

        assert centre_lines(both).changed

    def test_every_metre_has_a_class_and_sums_agree(self, merged):
        lines = merged.lines

        assert set(lines["road_class"]) <= set(RANK)
        assert merged.after_km == approx(km(lines))
        assert merged.by_class["after_km"].sum() == approx(km(lines))
        assert 0.95 < merged.sure <= 1


def town(across=3, up=2, gap=14.0):
    """Divided streets both ways, 500 m apart, cut at all corners."""
    xs = [at * 500.0 + side for at in range(across + 1) for side in (0, gap)]
    ys = [at * 500.0 + side for at in range(up + 1) for side in (0, gap)]
    ways = [("arterial", [(x, y), (x, z)]) for x in xs for y, z in pairwise(ys)]
    ways += [("arterial", [(x, y), (z, y)]) for y in ys for x, z in pairwise(xs)]
    return ways


def roads_out(across=3, up=2):
    """One lane out of the town at the end of every street."""
    ways = []
    for at in range(across + 1):
        x, y = at * 500.0, up * 500.0 + 14
        ways += [("branch", [(x, 0), (x, -200)]), ("branch", [(x, y), (x, y + 200)])]
    return ways


@pytest.fixture(scope="module")
def whole():
    return centre_lines(layer(town(4, 1) + roads_out(4, 1)), tile_m=50_000)


@pytest.fixture(scope="module")
def cut():
    return centre_lines(layer(town(4, 1) + roads_out(4, 1)), tile_m=1200)


class TestTiles:
    def test_do_not_change_the_answer(self, whole, cut):
        assert cut.after_km == approx(whole.after_km, rel=0.002)
        assert whole.after_km == approx(5 * 0.514 + 2 * 2.014 + 10 * 0.2, rel=0.03)

    def test_a_town_that_no_road_leaves_is_merged_too(self):
        got = centre_lines(layer(town(2, 1)))

        assert got.after_km == approx(3 * 0.507 + 2 * 1.007, rel=0.03)

    def test_leave_no_cut_and_no_double_at_the_seams(self, whole, cut):
        lines = cut.lines.geometry.to_numpy()
        other = whole.lines.geometry.to_numpy()

        assert shapely.hausdorff_distance(
            shapely.union_all(lines), shapely.union_all(other)
        ) == approx(0, abs=8)
        assert len(lines) == approx(len(other), rel=0.1)

    def test_give_the_same_in_other_processes(self):
        roads = layer(street(side=600))
        one, two = (centre_lines(roads, tile_m=1000, workers=n) for n in (1, 2))

        assert shapely.to_wkb(one.lines.geometry.to_numpy()).tolist() == (
            shapely.to_wkb(two.lines.geometry.to_numpy()).tolist()
        )

    def test_that_fail_stay_as_drawn_and_say_where(self, monkeypatch):
        def broken(*_args):
            raise ValueError("from elsewhere")

        monkeypatch.setattr(tiles, "_neat", broken)
        got = centre_lines(layer(street()))

        assert km(got.lines, "arterial") == approx(2.0, rel=0.01)
        assert any(word("notice.tiles_failed") in said for said in got.notices)
        assert word("notice.tiles_failed") in got.lines.attrs["notice"]

    def test_before_classes_come_back_the_lines_are_those_of_neatnet(self):
        import neatnet

        ready = prepare(layer(town(2, 1) + roads_out(2, 1)))
        faces = tiles.find_faces(ready.lines, 7.5)
        ours = tiles.merge(ready.lines, faces, np.empty((0, 2)), 50_000, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = neatnet.neatify(
                gpd.GeoDataFrame(geometry=ready.lines, crs=sample.CRS), artifact_threshold=7.5
            )

        assert shapely.length(ours.lines).sum() == approx(theirs.length.sum(), rel=1e-6)


class TestTheThreshold:
    def test_is_said(self, merged):
        assert f"{merged.threshold:.2f}" in repr(merged) and f"{merged.threshold:.2f}" in (
            merged._repr_html_()
        )

    def test_that_cannot_be_estimated_is_seven_and_that_is_said(self):
        got = centre_lines(layer(street(blocks=1)))

        assert got.threshold == 7.0 and not got.estimated
        assert word("notice.threshold_fallback") in got.notices

    def test_given_is_used(self):
        got = centre_lines(layer(street(blocks=1)), threshold=7.8)

        assert got.threshold == 7.8 and not got.estimated
        assert word("notice.threshold_fallback") not in got.notices


class TestBadInput:
    @pytest.mark.parametrize(
        "options",
        [
            {"threshold": 0},
            {"threshold": float("nan")},
            {"threshold": "seven"},
            {"threshold": 4500},
            {"tile_m": 10},
            {"tile_m": float("inf")},
            {"workers": 0},
            {"workers": 1.5},
        ],
    )
    def test_options_that_make_no_sense(self, options):
        with pytest.raises(InputError):
            centre_lines(layer(street()), **options)

    def test_degrees_classes_and_shapes(self):
        roads = layer(street())
        with pytest.raises(CRSError):
            centre_lines(roads.to_crs(4490))
        with pytest.raises(ColumnError):
            centre_lines(roads.drop(columns="road_class"))
        with pytest.raises(ColumnError):
            centre_lines(roads.assign(road_class="boulevard"))
        with pytest.raises(GeometryError):
            centre_lines(roads.set_geometry(roads.buffer(1)))

    def test_nothing(self):
        got = centre_lines(layer(street()).iloc[:0])

        assert not got.changed and len(got.lines) == 0 and np.isnan(got.sure)
        got._repr_html_()

    def test_duplicates_loops_points_and_multilines(self):
        ways = street()
        roads = layer([*ways, *ways, ("estate", [(0, 900), (300, 900), (150, 1100), (0, 900)])])
        shapes = list(roads.geometry)
        shapes.append(LineString([(X, Y), (X, Y)]))
        shapes.append(MultiLineString([[(X, Y + 2000), (X + 9, Y + 2000)], [(X, Y), (X + 500, Y)]]))
        shapes.append(LineString([(X, Y + 3000, 7), (X + 50, Y + 3000, 9)]))
        odd = gpd.GeoDataFrame(
            {"road_class": [*roads["road_class"], "other", "other", "other"]},
            geometry=shapes,
            crs=sample.CRS,
            index=["a"] * len(shapes),
        )
        got = centre_lines(odd)

        assert km(got.lines, "arterial") == approx(1.0, rel=0.03)
        assert km(got.lines, "estate") == approx(0.8, rel=0.01)

    def test_streets_that_cross_without_a_node(self):
        ways = [("arterial", [(-300, y), (1300, y)]) for y in (0, 12)]
        ways += [("branch", [(x, -300), (x, 312)]) for x in (0, 500, 1000)]
        got = centre_lines(layer(ways))

        assert km(got.lines, "arterial") == approx(1.6, rel=0.03)
        assert km(got.lines, "branch") == approx(3 * 0.612, rel=0.02)
        assert f"{word('notice.crossings_noded')}:6 处" in got.notices

    def test_one_street_over_another_is_no_crossing(self):
        over = [("branch", [(250, -200), (250, 212)])]
        got = centre_lines(layer([*street(), *over]))

        assert f"{word('notice.crossings_passing')}:2 处" in got.notices
        assert km(got.lines, "arterial") == approx(1.0, rel=0.03)


def test_lines_are_cut_where_asked_and_lose_nothing():
    lines = np.array([LineString([(0, 0), (10, 0), (10, 10)]), LineString([(0, 5), (5, 5)])])
    which, place = np.array([0, 0, 0]), np.array([4.0, 10.0, 4.0])
    at = shapely.get_coordinates(shapely.line_interpolate_point(lines[which], place))
    made, of = cut_at(lines, which, place, at)

    assert sorted(shapely.length(made).tolist()) == [4.0, 5.0, 6.0, 10.0]
    assert sorted(of.tolist()) == [0, 0, 0, 1]


def test_loading_the_library_does_not_load_neatnet():
    import subprocess
    import sys

    code = "import sys, deqing_geo; deqing_geo.centre_lines; print('neatnet' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_the_result_shows_itself(merged):
    repr(merged).encode("gbk")
    made = merged._repr_html_()

    assert "\n" not in repr(merged)
    assert all(said in made for said in merged.notices)
    assert "双线" in made
