"""Road density with a pencil: lattices, shared borders, corners, edges."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx
from shapely import LineString, MultiLineString, Polygon, box

from deqing_geo import errors, road_density, sample, standards

X, Y = sample.X0, sample.Y0


def at(shape):
    return shapely.transform(shape, lambda coords: coords + [X, Y])


def areas(*shapes, index=None):
    return gpd.GeoDataFrame(geometry=[at(shape) for shape in shapes], index=index, crs=sample.CRS)


def roads(*lines, road_class="branch", **columns):
    shapes = [at(LineString(line) if isinstance(line, list) else line) for line in lines]
    frame = gpd.GeoDataFrame(geometry=shapes, crs=sample.CRS)
    return frame.assign(road_class=road_class, **columns)


def km(areas_, roads_, **options):
    return road_density(areas_, roads_, **options).table["road_km"].to_list()


KM = box(0, 0, 1000, 1000)
WEST, EAST = KM, box(1000, 0, 2000, 1000)


def test_two_kilometres_of_road_in_one_square_kilometre_are_two():
    density = road_density(areas(KM), roads([(0, 250), (1000, 250)], [(0, 750), (1000, 750)]))

    assert density.series.round(6).to_list() == [2.0]
    assert density.overall == approx(2.0, rel=1e-6)


def test_a_road_is_cut_at_the_border():
    assert km(areas(WEST, EAST), roads([(500, 500), (1700, 500)])) == approx([0.5, 0.7])


def test_a_border_road_is_shared_and_adds_up():
    assert km(areas(WEST, EAST), roads([(1000, 0), (1000, 1000)])) == approx([0.5, 0.5])


def test_a_road_on_the_outer_edge_counts_whole():
    assert km(areas(WEST, EAST), roads([(0, 0), (2000, 0)])) == approx([1.0, 1.0])
    assert km(areas(KM), roads([(1000, 0), (1000, 1000)])) == approx([1.0])


def test_a_lattice_counts_its_outer_edge_whole():
    """Blocks of 250 m over 6 x 3 km: 13 lines of 6 km and 25 of 3 km on 18 km2."""
    rows = [[(0, y), (6000, y)] for y in range(0, 3001, 250)]
    columns = [[(x, 0), (x, 3000)] for x in range(0, 6001, 250)]

    density = road_density(areas(box(0, 0, 6000, 3000)), roads(*rows, *columns))
    assert density.overall == approx((13 * 6 + 25 * 3) / 18, rel=1e-6)
    assert density.overall == approx(8.5, rel=1e-6)


def test_a_lattice_adds_up_over_its_blocks():
    blocks = [box(x, y, x + 500, y + 500) for x in range(0, 3000, 500) for y in range(0, 1500, 500)]
    rows = [[(0, y), (3000, y)] for y in range(0, 1501, 250)]
    columns = [[(x, 0), (x, 1500)] for x in range(0, 3001, 250)]

    assert sum(km(areas(*blocks), roads(*rows, *columns))) == approx(7 * 3 + 13 * 1.5, rel=1e-12)


def test_where_three_villages_meet_nothing_counts_twice():
    """South is one village, north two: the neighbours cut the border road at other points."""
    south, west, east = box(0, 0, 2000, 1000), box(0, 1000, 900, 2000), box(900, 1000, 2000, 2000)
    road = [(200, 1000), (1500, 1000)]

    assert km(areas(south, west, east), roads(road)) == approx([0.65, 0.35, 0.3])


def test_four_villages_at_one_corner():
    quarters = [box(x, y, x + 1000, y + 1000) for x in (0, 1000) for y in (0, 1000)]
    cross = roads([(0, 1000), (2000, 1000)], [(1000, 0), (1000, 2000)])

    assert km(areas(*quarters), cross) == approx([1.0] * 4)


def test_a_slanting_border_with_other_vertices_is_still_shared():
    """The border's vertices and the road's are different points of one slanting line."""
    left = Polygon([(0, 0), (1000, 0), (1333.333333, 333.333333), (2000, 1000), (0, 1000)])
    right = Polygon([(1000, 0), (3000, 0), (3000, 1000), (2000, 1000), (1700, 700)])
    road = [(1000 + t, t) for t in (0, 123.456, 777.777, 1000)]

    half = np.hypot(1, 1) / 2
    assert km(areas(left, right), roads(road)) == approx([half, half], rel=1e-6)


def test_a_road_that_leaves_the_border_is_shared_only_while_on_it():
    road = [(1000, 0), (1000, 400), (1300, 800)]

    assert km(areas(WEST, EAST), roads(road)) == approx([0.2, 0.2 + 0.5])


def test_a_road_straight_on_where_the_border_turns():
    west = Polygon([(0, 0), (1000, 0), (1000, 500), (600, 1000), (0, 1000)])
    east = Polygon([(1000, 0), (2000, 0), (2000, 1000), (600, 1000), (1000, 500)])

    assert km(areas(west, east), roads([(1000, 0), (1000, 1000)])) == approx([0.25, 0.75])


def test_a_ring_road_on_a_villages_own_border():
    island, sea = box(400, 400, 600, 600), KM.difference(box(400, 400, 600, 600))
    ring = [(400, 400), (600, 400), (600, 600), (400, 600), (400, 400)]

    assert km(areas(island, sea), roads(ring)) == approx([0.4, 0.4])


def test_holes_have_no_roads():
    holed = KM.difference(box(400, 400, 600, 600))

    assert km(areas(holed), roads([(0, 500), (1000, 500)])) == approx([0.8])


def test_an_enclave_has_its_own():
    two = shapely.MultiPolygon([box(0, 0, 100, 100), box(900, 900, 1000, 1000)])

    assert km(areas(two), roads([(0, 0), (1000, 1000)])) == approx([2 * np.hypot(0.1, 0.1)])


@pytest.mark.parametrize(
    "line",
    [
        MultiLineString([[(0, 100), (1000, 100)], [(0, 200), (500, 200)]]),
        LineString([(0, 100), (1000, 100), (500, 100)]),
        LineString([(0, 0), (600, 0), (600, 900)]),
        LineString([(0, 500), (500, 500), (500, 500), (1000, 500), (1000, 0)]),
    ],
)
def test_odd_lines_have_the_length_they_have(line):
    assert km(areas(KM), roads(line)) == approx([1.5])


def test_lines_without_length_count_nothing():
    empty = LineString()
    point_like = LineString([(500, 500), (500, 500)])

    assert km(areas(KM), roads(empty, point_like)) == [0.0]
    assert km(areas(WEST, EAST), roads(LineString([(1000, 500), (1000, 500)]))) == [0.0, 0.0]


def test_a_crossing_at_a_vertex_and_a_touch_from_outside():
    assert km(areas(WEST, EAST), roads([(800, 0), (1000, 500), (1200, 0)])) == approx(
        [np.hypot(0.2, 0.5), np.hypot(0.2, 0.5)]
    )
    assert km(areas(KM), roads([(1000, 500), (2000, 500)])) == [0.0]


def test_duplicate_lines_count_twice_as_drawn():
    assert km(areas(KM), roads(*[[(0, 500), (1000, 500)]] * 3)) == approx([3.0])


def test_overlapping_areas_are_each_measured_by_itself():
    assert km(areas(KM, box(0, 0, 500, 1000)), roads([(0, 500), (1000, 500)])) == approx([1, 0.5])


# ---------------------------------------------------------------- what counts


def test_only_the_classes_of_the_definition_count():
    every = gpd.GeoDataFrame(
        {"road_class": CLASSES},
        geometry=[
            at(LineString([(0, 10 * n + 5), (1000, 10 * n + 5)])) for n in range(len(CLASSES))
        ],
        crs=sample.CRS,
    )

    assert km(areas(KM), every) == approx([4.0])
    assert km(areas(KM), every, by="road.broad") == approx([5.0])
    assert km(areas(KM), every, by=standards.load()["road.raw"]) == approx([4.0])
    by_class = road_density(areas(KM), every).by_class
    assert by_class.iloc[0].to_list() == approx([1.0] * len(CLASSES))


CLASSES = [
    "expressway",
    "arterial",
    "subarterial",
    "branch",
    "motorway",
    "highway",
    "county_road",
    "township_road",
    "village_road",
    "farm_track",
    "estate",
    "link",
    "frontage",
    "other",
    "unknown",
]


def test_only_what_is_open_counts_and_the_rest_is_reported():
    lines = roads(
        *[[(0, y), (1000, y)] for y in (100, 200, 300, 400)],
        road_status=["built", None, "building", "planned"],
    )
    density = road_density(areas(KM), lines)

    assert density.table["road_km"].to_list() == approx([2.0])
    assert density.not_open.iloc[0].to_dict() == approx({"building": 1.0, "planned": 1.0})


def test_a_blank_class_is_unknown_and_does_not_count():
    lines = roads([(0, 100), (1000, 100)], [(0, 200), (1000, 200)])
    lines["road_class"] = ["branch", None]
    density = road_density(areas(KM), lines)

    assert density.table["road_km"].to_list() == approx([1.0])
    assert density.by_class["unknown"].to_list() == approx([1.0])


def test_the_edge_band_says_what_hangs_on_the_outline():
    near, far = [(0, 990), (1000, 990)], [(0, 970), (1000, 970)]
    density = road_density(areas(KM), roads(near, far))

    # The far road is within 15 m of the edge at its two ends.
    assert density.table["edge_km"].iloc[0] == approx(1.0 + 0.03)


def test_an_inner_border_is_no_edge():
    density = road_density(areas(WEST, EAST), roads([(1000, 100), (1000, 900)]))

    assert density.table["edge_km"].to_list() == [0.0, 0.0]


def test_the_outer_edge_is_found_where_neighbours_do_not_fit():
    gap = box(1000.5, 0, 2000, 1000)
    density = road_density(areas(WEST, gap), roads([(100, 500), (900, 500)]))

    assert density.table["edge_km"].sum() == 0.0


# ---------------------------------------------------------------- awkward frames


def test_no_roads_are_zero_and_no_areas_are_nothing():
    none = roads()
    nowhere = areas()

    assert road_density(areas(KM), none).series.to_list() == [0.0]
    empty = road_density(nowhere, roads([(0, 0), (1, 1)]))
    assert len(empty.table) == 0 and np.isnan(empty.overall)
    assert repr(empty).startswith("<RoadDensity of 0 areas: - km/km2")


def test_the_index_and_the_order_of_the_areas_come_back():
    frame = areas(EAST, WEST, index=["东", "西"])
    density = road_density(frame, roads([(0, 500), (1500, 500)]))

    assert density.series.index.to_list() == ["东", "西"]
    assert density.table["road_km"].to_list() == approx([0.5, 1.0])
    assert density.by_class.index.to_list() == ["东", "西"]


def test_results_are_python_numbers():
    density = road_density(areas(KM), roads([(0, 500), (1000, 500)]))

    assert type(density.overall) is float


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda f: f.drop(columns="road_class"), errors.ColumnError, "read_roads makes it"),
        (lambda f: f.assign(road_class="Branch"), errors.ColumnError, "'Branch'"),
        (lambda f: f.assign(road_class=3), errors.ColumnError, "holds 3"),
        (lambda f: f.assign(road_status="open"), errors.ColumnError, "'open'"),
        (lambda f: f.set_geometry(f.buffer(1)), errors.GeometryError, "needs lines"),
        (lambda f: f.set_geometry([None], crs=f.crs), errors.GeometryError, "without a shape"),
    ],
)
def test_roads_that_cannot_be_measured_are_refused(change, error, said):
    with pytest.raises(error, match=said) as caught:
        road_density(areas(KM), change(roads([(0, 0), (1, 1)])))
    assert "roads" in str(caught.value)


def test_a_nan_in_the_middle_of_a_line_is_refused():
    line = at(LineString([(0, 0), (500, 500), (1000, 0)]))
    broken = shapely.transform(line, lambda c: np.where(c == c[1], np.nan, c))
    frame = gpd.GeoDataFrame({"road_class": ["branch"]}, geometry=[broken], crs=sample.CRS)

    with pytest.raises(errors.GeometryError, match="not finite"):
        road_density(areas(KM), frame)


# ---------------------------------------------------------------- what broke once


def test_a_border_road_a_rounding_error_inside_one_area_is_still_shared():
    road = [(1000 - 1e-7, 100), (1000 - 1e-7, 900)]

    assert km(areas(WEST, EAST), roads(road)) == approx([0.4, 0.4])


def test_neighbours_that_overlap_by_less_than_a_millimetre_share_too():
    slim = box(999.9996, 0, 2000, 1000)

    assert km(areas(WEST, slim), roads([(999.9998, 100), (999.9998, 900)])) == approx([0.4, 0.4])


def test_an_area_around_the_others_is_measured_by_itself():
    around = box(-500, -500, 2500, 1500)
    border, own = [(1000, 100), (1000, 900)], [(-500, 0), (-500, 100)]

    assert km(areas(around, WEST, EAST), roads(border)) == approx([0.8, 0.4, 0.4])
    assert km(areas(around, WEST, EAST), roads(border, own)) == approx([0.9, 0.4, 0.4])


def test_areas_on_the_same_side_do_not_take_from_each_other():
    both = box(0, 0, 2000, 1000)

    assert km(areas(WEST, WEST), roads([(1000, 100), (1000, 900)])) == approx([0.8, 0.8])
    assert km(areas(both, WEST, EAST), roads([(0, 100), (0, 900)])) == approx([0.8, 0.8, 0])


def test_out_and_back_is_twice():
    line = [(0, 50), (100, 50), (0, 50)]

    assert km(areas(box(0, 0, 30, 100), box(30, 0, 100, 100)), roads(line)) == approx([0.06, 0.14])


def test_roads_that_end_at_the_border_stay_where_they_are():
    ends = roads([(100, 500), (999.9995, 500)], [(1000, 100), (1000, 200)])

    assert km(areas(WEST, EAST), ends) == approx([0.9 + 0.05, 0.05], abs=1e-5)


def test_roads_of_unknown_class_are_told_with_the_density():
    lines = roads([(0, 100), (1000, 100)], [(0, 200), (500, 200)])
    lines["road_class"] = ["branch", "unknown"]

    assert "等级不明的道路未计入:0.50 公里" in road_density(areas(KM), lines).notices
