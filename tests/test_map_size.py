"""Maps that stay small: borders that were one stay one, and nothing is drawn far from its place."""

import warnings

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

import deqing_geo as dg
from deqing_geo import columns, errors, maps, sample
from deqing_geo.crs import CGCS2000, to_degrees
from deqing_geo.looks.shapes import UNIT, Shapes, encode
from deqing_geo.looks.simplify import COARSE_UNIT, simplify
from deqing_geo.maps import page as page_module
from deqing_geo.maps.packing import PACK_FROM, brief, packed, unpacked
from tests import tilings
from tests.test_maps import decode, drawn, footer, html_of, told

BACK = Transformer.from_crs("EPSG:4490", tilings.CRS, always_xy=True)


def degrees(shapes):
    return to_degrees(np.asarray(shapes, dtype=object), tilings.CRS, CGCS2000)


def metres(shapes):
    return shapely.transform(shapes, lambda xy: np.column_stack(BACK.transform(*xy.T)))


def restored(shapes, unit):
    """Areas as the page draws them, in metres."""
    out = []
    for shape in shapes:
        rings = [decode(one, unit) for one in shape]
        out.append(shapely.multipolygons([shapely.Polygon(one[0], one[1:]) for one in rings]))
    return metres(np.array(out, dtype=object))


def simplified(*layers, by=10.0, **options):
    """Layers of areas in metres, as they are drawn, and what is said of it."""
    done = simplify([Shapes(degrees(one), **options) for one in layers], by)
    pairs = zip(done.shapes, done.units, strict=True)
    return [restored(shapes, unit) for shapes, unit in pairs], done


def apart(one, two):
    """How far the borders of shapes lie apart, in metres."""
    return shapely.hausdorff_distance(shapely.boundary(one), shapely.boundary(two))


def bent(seed, count=12, steps=40, side=1500.0, rough=6.0):
    """Areas with borders of many points that neighbours share; none of them is straight."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: count // 4 * steps + 1, : 4 * steps + 1] * (side / steps)
    shake = rng.normal(0, rough, (2, *x.shape))
    points = np.stack([x + shake[0] + 80 * np.sin(y / 300), y + shake[1]], axis=-1)
    points = np.round(points + (tilings.X0, tilings.Y0), 3)
    along = np.arange(steps)
    rows = np.concatenate([0 * along, along, 0 * along + steps, steps - along])
    across = np.concatenate([along, 0 * along + steps, steps - along, 0 * along])
    at = np.arange(count)
    rings = points[(at // 4 * steps)[:, None] + rows, (at % 4 * steps)[:, None] + across]
    return shapely.polygons(rings)


# ---------------------------------------------------------------- what a pencil can do


def test_a_point_within_the_tolerance_is_left_out_and_one_beyond_it_stays():
    near = tilings.polygon((0, 0), (500, 5), (1000, 0), (1000, 1000), (0, 1000))
    far = tilings.polygon((0, 0), (500, 15), (1000, 0), (1000, 1000), (0, 1000))

    for shape, points in ((near, 4), (far, 5)):
        ((shapes,), done) = simplified([shape])
        assert shapely.get_num_coordinates(shapes[0]) == points + 1
        assert apart(shapes[0], shape) < 10
        assert done.units == [COARSE_UNIT if points == 4 else UNIT]


def test_where_nothing_can_be_left_out_the_shapes_are_as_they_are():
    shapes = degrees(tilings.quads(1).geometry)
    done = simplify([Shapes(shapes)], 10)

    assert (done.metres, done.units) == (0, [UNIT])
    assert done.before == done.after == 4 * len(shapes)
    assert done.shapes[0] == list(encode(shapes))


def test_a_small_square_keeps_its_corners():
    pocket = tilings.box(0, 0, 12, 12)
    ((shapes, _), _) = simplified([pocket], bent(1))

    assert shapely.get_num_coordinates(shapes[0]) == 5
    assert apart(shapes[0], pocket) < 1


def test_banks_of_a_narrow_river_do_not_cross():
    x = np.arange(0, 4001, 20.0)
    south = list(zip(x, 40 * np.sin(x / 150) - 1, strict=True))
    north = list(zip(x + 90, 40 * np.sin((x + 90) / 150) + 1, strict=True))
    shapes = [
        tilings.polygon(*south, (4000, -900), (0, -900)),
        tilings.polygon(*north, (4090, 900), (90, 900)),
    ]
    assert not shapely.intersects(*shapes)
    alone = shapely.simplify(shapes, 9)
    ((back,), done) = simplified(shapes)

    assert shapely.area(shapely.intersection(*alone)) > 10
    assert done.after < done.before
    assert shapely.is_valid(back).all()
    assert not shapely.intersects(*back)


def test_a_narrow_tip_is_not_lost_however_small_its_area():
    spike = [(500, 0), (500.5, 90), (501, 0)]
    shape = tilings.polygon((0, 0), *spike, (1000, 0), (1000, -1000), (0, -1000))
    ((ours,), _) = simplified([shape])

    assert apart(ours[0], shape) <= 10
    # The usual tolerance is the root of an area.
    assert apart(shapely.coverage_simplify([shape], 10)[0], shape) > 80


def test_a_shape_that_may_not_be_simplified_stays_as_it_is_and_so_does_its_neighbour_there():
    shapes = bent(3)
    (_, free), _ = simplified(shapes, shapes), None
    done = simplify([Shapes(degrees(shapes), np.where(np.arange(12) == 5, 0, np.inf))], 10)
    back = restored(done.shapes[0], done.units[0])

    assert shapely.get_num_coordinates(back[5]) == shapely.get_num_coordinates(shapes[5])
    assert apart(back[5], shapes[5]) < 1
    assert shapely.get_num_coordinates(back[0]) < shapely.get_num_coordinates(shapes[0])
    assert shapely.coverage_is_valid(back)
    assert free.before > free.after


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("by", [1.0, 5.0, 10.0, 40.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_drawn_farther_from_its_place_than_said(seed, by):
    shapes = bent(seed)
    ((back,), done) = simplified(shapes, by=by)

    assert done.after < done.before and done.metres == by
    assert apart(back, shapes).max() <= by
    assert shapely.is_valid(back).all() and shapely.coverage_is_valid(back)
    assert len(back) == len(shapes)


@pytest.mark.parametrize("by", [10.0, 60.0])
def test_a_town_and_its_villages_keep_one_border(by):
    villages = bent(4)
    towns = np.array([shapely.union_all(villages[:6]), shapely.union_all(villages[6:])])
    county = np.array([shapely.union_all(villages)])
    (few, larger, whole), done = simplified(villages, towns, county, by=by)

    assert done.after < done.before
    for outer, inner in ((larger[0], few[:6]), (larger[1], few[6:]), (whole[0], few)):
        assert shapely.area(shapely.symmetric_difference(outer, shapely.union_all(inner))) < 1
    assert apart(larger, towns).max() <= by


def test_more_tolerance_leaves_fewer_points():
    shapes = [Shapes(degrees(bent(5)))]
    counts = [simplify(shapes, by).after for by in (1, 2, 5, 10, 20, 50)]

    assert counts == sorted(counts, reverse=True) and counts[-1] < counts[0] / 4


def test_the_order_of_shapes_and_layers_changes_nothing():
    one, two = degrees(bent(6)), degrees(bent(6)[:3])
    order = np.random.default_rng(1).permutation(len(one))
    first = simplify([Shapes(one), Shapes(two)], 10)
    again = simplify([Shapes(two), Shapes(one[order])], 10)

    def corners(shapes):
        return [{tuple(point) for point in decode(ring, 1)} for (ring,) in [s[0] for s in shapes]]

    want = corners(first.shapes[0])
    assert corners(again.shapes[1]) == [want[at] for at in order]
    assert corners(again.shapes[0]) == corners(first.shapes[1])


def test_what_is_given_stays_as_it_was():
    shapes = degrees(bent(7))
    before = shapely.to_wkb(shapes).tolist()
    simplify([Shapes(shapes)], 10)

    assert shapely.to_wkb(shapes).tolist() == before


@given(st.integers(0, 10_000), st.sampled_from([3.0, 10.0, 100.0]))
def test_cells_of_any_shape_stay_a_coverage(seed, by):
    cells = tilings.voronoi(seed, count=15).geometry.to_numpy()
    dense = shapely.segmentize(cells, 40)
    ((back,), _) = simplified(dense, by=by)

    assert shapely.is_valid(back).all() and shapely.coverage_is_valid(back)
    assert apart(back, cells).max() <= by


def test_lines_keep_their_ends_and_their_crossroads():
    x = np.arange(0, 1001, 50.0)
    wave = np.column_stack([x, 4 * np.sin(x / 30)]) + (tilings.X0, tilings.Y0)
    side = np.array([wave[10], wave[10] + (0, 400)])
    streets = degrees([shapely.LineString(wave), shapely.LineString(side)])
    done = simplify([Shapes(streets)], 10)
    (long,), (short,) = ([decode(part, done.units[0]) for part in one] for one in done.shapes[0])

    assert len(long) < len(wave)
    assert abs(long[[0, -1]] - shapely.get_coordinates(streets[0])[[0, -1]]).max() < 1e-5
    assert tuple(short[0]) in {tuple(point) for point in long}


# ---------------------------------------------------------------- shapes with faults


def test_a_shape_that_crosses_itself_is_drawn_as_it_is_and_said():
    bow = tilings.polygon((0, 0), (900, 900), (900, 0), (450, 5), (0, 900))
    frame = tilings.frame([bow, *bent(8)])
    html = html_of(dg.area_map(frame))
    (layer,) = drawn(html)

    assert len(decode(layer["shapes"][0][0][0], layer["grid"])) == 5
    assert columns.word("map.invalid").replace("*", "1") in footer(html)


def test_neighbours_that_overlap_are_drawn_as_they_are_and_said():
    shapes = bent(9).copy()
    shapes[5] = shapely.Polygon(shapely.get_coordinates(shapes[5]) * (1, 1) + (0, 40))
    html = html_of(dg.area_map(tilings.frame(shapes)))

    (said,) = [line for line in footer(html) if "不共点" in line]
    assert said.startswith("统计单元:相邻边界") and "原数据如此" in said
    assert not [
        line for line in footer(html_of(dg.area_map(tilings.frame(bent(9))))) if "不共点" in line
    ]


def test_no_shape_at_all_and_shapes_of_all_kinds_are_taken():
    nothing = simplify([], 10)
    mixed = np.array(
        [
            None,
            shapely.Polygon(),
            shapely.Point(120, 30),
            shapely.LineString([(120, 30), (120, 30)]),
            shapely.GeometryCollection(
                [shapely.Point(120, 30), shapely.LineString([(1, 2), (3, 4)])]
            ),
            shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
        ],
        dtype=object,
    )
    done = simplify([Shapes(mixed)], 10)

    assert nothing.shapes == [] and nothing.before == 0
    assert [one and len(one) for one in done.shapes[0]] == [None, None, None, 1, 1, 2]


# ---------------------------------------------------------------- the page


def test_the_page_says_how_far_what_is_drawn_may_lie_and_figures_do_not_change(roads):
    frame = tilings.frame(bent(2), village_name=[f"第{at}村" for at in range(12)])
    density = dg.road_density(frame, roads)
    m = dg.add_density(dg.area_map(frame), density)
    rough, exact = html_of(m), html_of(m, simplify_m=0)

    assert columns.word("map.simplified").replace("*", "10") in footer(rough)
    assert columns.word("map.simplified").replace("*", "25") in footer(html_of(m, simplify_m=25))
    assert not [line for line in footer(exact) if "简化" in line]
    assert told(rough).stories == told(exact).stories
    assert told(rough).headlines == told(exact).headlines
    assert len(rough) < len(exact)
    assert html_of(m) == rough


def test_the_default_moves_nothing_farther_than_ten_metres_on_a_saved_map(tmp_path):
    frame = tilings.frame(bent(3))
    html = dg.save_map(dg.area_map(frame), tmp_path / "map.html").read_text(encoding="utf-8")
    (layer,) = drawn(html)
    back = restored(layer["shapes"], layer["grid"])

    assert 1 < apart(back, frame.geometry.to_numpy()).max() <= 10


def test_faults_and_what_they_concern_are_drawn_as_they_are():
    shapes = bent(4).copy()
    shapes[0] = shapely.transform(shapes[0], lambda xy: xy + (0.4, 0))
    frame = tilings.frame(
        shapes,
        [f"330521001{200 + at}" for at in range(12)],
        village_name=[f"村{at}" for at in range(12)],
    )
    frame.index.name = "village_code"
    html = html_of(dg.fault_map(dg.check_boundaries(frame), frame))
    layer = dict(zip(told(html).layers, drawn(html), strict=True))[columns.word("layer.village")]
    back = restored(layer["shapes"], layer.get("grid", UNIT))

    assert apart(back[0], shapes[0]) < 0.2
    assert shapely.get_num_coordinates(back[0]) == shapely.get_num_coordinates(shapes[0])
    assert shapely.get_num_coordinates(back[11]) < shapely.get_num_coordinates(shapes[11])


def test_layers_that_draw_the_same_shapes_hold_them_once(roads, monkeypatch):
    monkeypatch.setattr(page_module, "SAME_FROM", 10)
    frame = tilings.frame(bent(5), village_name=[f"第{at}村" for at in range(12)])
    density = dg.road_density(frame, roads)
    layers = drawn(html_of(dg.add_density(dg.area_map(frame), density)))
    turned = drawn(html_of(dg.add_layer(dg.area_map(frame), frame[::-1], "village")))

    assert (layers[0]["number"], layers[1]["like"], layers[1]["shapes"]) == (0, 0, None)
    assert "rows" not in layers[1]
    assert turned[1]["rows"] == [*range(11, -1, -1)]


def test_a_layer_out_of_sight_is_made_when_it_is_looked_at(villages, roads):
    m = dg.add_roads(dg.area_map(villages), roads, show=False)
    assert [one.get("later") for one in drawn(html_of(m))] == [None, True]


# ---------------------------------------------------------------- files that are too large


def test_a_large_file_is_written_with_a_warning_and_a_larger_one_refused(
    villages, tmp_path, monkeypatch
):
    m = dg.area_map(villages)
    file = dg.save_map(m, tmp_path / "map.html")
    before = file.read_bytes()
    monkeypatch.setattr(maps, "LARGE_MB", 0.1)
    with pytest.warns(errors.DeqingGeoWarning, match=r"0\.2 MB; above 0\.1 MB .*simplify_m=20"):
        dg.save_map(m, file)
    monkeypatch.setattr(maps, "MOST_MB", 0.15)
    with pytest.raises(errors.ExportError, match="fewer layers, or make one map per town"):
        dg.save_map(m, file, simplify_m=0)

    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["map.html"]


@pytest.mark.parametrize("given", [-1, float("nan"), float("inf"), "10", None])
def test_what_is_no_distance_is_refused(villages, tmp_path, given):
    with pytest.raises(errors.InputError, match="is no distance: give metres"):
        dg.save_map(dg.area_map(villages), tmp_path / "map.html", simplify_m=given)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- packed data

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_packed_data_comes_back_as_it_went(value):
    assert unpacked(packed(value)) == value
    assert unpacked(packed([value, "村" * PACK_FROM])) == [value, "村" * PACK_FROM]


def test_large_data_is_text_that_no_parser_takes_for_code():
    text = packed(["</script>{{7*7}}${x}`"] * PACK_FROM)

    assert text.startswith('DeqingShapes.unpack("') and len(text) < PACK_FROM
    assert not set(text) & set("<>&'`${}\\")
    with pytest.raises(ValueError, match="JSON compliant"):
        packed([float("nan")])


def test_many_stories_tell_their_headings_once():
    rows = [
        {"title": "路网密度", "rows": [["道路面积率", str(at)], ["面积", "1"]]} for at in range(3)
    ]
    stories = {f"K{at}": {"name": f"第{at}村", "parts": [row]} for at, row in enumerate(rows)}
    stories["other"] = {"name": "乙", "parts": [{"title": "", "rows": [], "text": "一句"}]}
    short = brief(stories)

    assert len(short["forms"]) == 2
    assert short["told"]["K2"] == [0, "第2村", "2", "1"]
    assert short["told"]["other"] == [1, "乙", "一句"]


# ---------------------------------------------------------------- a map of nothing


def no(frame):
    return frame.iloc[:0]


def paper():
    return sample.villages(), sample.roads(), sample.parks(), sample.homes()


def gate():
    place = shapely.points([[sample.X0, sample.Y0 + 500]])
    return gpd.GeoDataFrame(geometry=place, crs=sample.CRS)


V, R, P, H = paper()
NOTHING = {
    "areas": lambda: dg.area_map(no(V)),
    "density": lambda: dg.add_density(dg.area_map(V), dg.road_density(no(V), R)),
    "road map": lambda: dg.road_map(dg.road_density(no(V), no(R))),
    "roads": lambda: dg.add_roads(dg.area_map(V), no(R)),
    "coverage": lambda: dg.add_coverage(dg.area_map(V), dg.park_coverage(V, no(P), H)),
    "coverage map": lambda: dg.coverage_map(dg.park_coverage(no(V), no(P), no(H))),
    "sites": lambda: dg.add_sites(
        dg.area_map(V), dg.suggest_parks(dg.park_coverage(V, P, no(H)), target=0.9, grid_m=100)
    ),
    "ends": lambda: dg.add_dead_ends(dg.area_map(V), no(dg.dead_ends(dg.road_graph(R), R))),
    "links": lambda: dg.add_links(dg.area_map(V), no(dg.suggest_links(dg.road_graph(R), R))),
    "reach": lambda: dg.add_reach(dg.area_map(V), dg.reach(dg.road_graph(R), no(gate()), 800)),
    "faults": lambda: dg.fault_map(dg.check_boundaries(no(V)), no(V)),
    **{
        f"layer {look}": lambda look=look: dg.add_layer(dg.area_map(V), no(V), look, labels=True)
        for look in ("county", "home", "hazard", "water")
    },
}


@pytest.mark.parametrize("make", NOTHING.values(), ids=NOTHING)
def test_a_map_of_nothing_says_so(make, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        html = dg.save_map(make(), tmp_path / "map.html").read_text(encoding="utf-8")
    page = told(html)
    entries = [entry["label"] for part in page.legends for entry in part["entries"]]
    units = [part["unit"] for part in page.legends]

    nothing = columns.word("map.nothing")
    assert any(nothing in text for text in [*page.warnings, *entries, *units])


def test_a_map_of_a_frame_without_rows_keeps_its_title_and_marks():
    page = told(html_of(dg.area_map(no(V), title="空图")))

    assert page.title == "空图" and page.bounds is None
    assert columns.word("map.internal") in page.footer[0][1]
