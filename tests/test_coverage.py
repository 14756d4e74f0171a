"""Park coverage with a pencil: strips, bands, borders, holes."""

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx
from shapely import Polygon, box

from deqing_geo import errors, park_coverage, sample, standards
from deqing_geo.radii import land_within

X, Y = sample.X0, sample.Y0
# The ellipsoid stretches a strip of a few kilometres by less than this from end to end.
EXACT = 1e-6
EVERYWHERE = box(-5000, -5000, 5000, 5000)


def at(shape):
    return shapely.transform(shape, lambda coords: coords + [X, Y])


def frame(*shapes, index=None, **columns):
    made = gpd.GeoDataFrame(geometry=[at(shape) for shape in shapes], index=index, crs=sample.CRS)
    return made.assign(**columns)


def areas(*shapes, **options):
    return frame(*shapes, **options)


def parks(*shapes, park_class="G11", **columns):
    return frame(*shapes, park_class=park_class, **columns)


def homes(*shapes, home_class="urban_residential"):
    return frame(*shapes, home_class=home_class)


LARGE = box(-100, 0, 0, 100)  # 10,000 m2: 500 m
SMALL = box(-40, 0, 0, 50)  # 2,000 m2: 300 m
STRIP = box(0, 0, 1000, 100)
NARROW = box(0, 0, 1000, 50)


@pytest.mark.parametrize(("park", "strip", "share"), [(LARGE, STRIP, 0.5), (SMALL, NARROW, 0.3)])
def test_a_park_serves_its_radius_of_a_strip_beside_it(park, strip, share):
    coverage = park_coverage(areas(EVERYWHERE), parks(park), homes(strip))

    assert coverage.overall == approx(share, rel=EXACT)
    assert coverage.table["demand_ha"].iloc[0] == approx(strip.area / 1e4, rel=1e-5)


@pytest.mark.parametrize(
    ("side", "radius"), [(44.7, None), (44.72, 300), (70.7, 300), (70.72, 500), (300, 500)]
)
def test_the_radius_follows_the_size(side, radius):
    """44.7 m squared are 1,998 m2, 44.72 m 2,000; 70.7 m are 4,998, 70.72 m 5,001."""
    ledger = park_coverage(areas(EVERYWHERE), parks(box(0, 0, side, side)), homes(STRIP)).parks

    assert ledger["service_radius"].iloc[0] == (radius or approx(math.nan, nan_ok=True))


def test_1999_square_metres_are_too_small_and_2000_are_not():
    two = parks(box(0, 0, 40, 49.975), box(0, 100, 40, 150))
    ledger = park_coverage(areas(EVERYWHERE), two, homes(STRIP)).parks

    assert ledger["counted"].to_list() == [False, True]
    assert ledger["not_counted_reason"].iloc[0] == "面积不足,不计入"


def test_another_definition_counts_the_pocket_park():
    pocket = parks(box(-20, 0, 0, 20))
    strip = homes(box(0, 0, 1000, 20))
    shares = {
        key: park_coverage(areas(EVERYWHERE), pocket, strip, by=key).overall
        for key in ("park.health_check_2021", "park.activity_site_2022")
    }

    assert list(shares.values()) == [0.0, approx(0.3, rel=EXACT)]


def test_every_definition_can_be_counted_by():
    law = standards.load()
    park = parks(box(-1000, 0, 0, 1000))
    shares = {
        way.key: park_coverage(
            areas(EVERYWHERE), park, homes(box(0, 400, 4000, 500)), by=way
        ).overall
        for way in law.ways("park_coverage")
    }

    assert shares["park.health_check_2021"] == approx(500 / 4000, rel=EXACT)
    assert shares["park.historic_quarter_2010"] == approx(300 / 4000, rel=EXACT)
    assert shares["park.gbt_51346_2019"] == approx(3000 / 4000, rel=EXACT)


def test_a_planners_own_radius():
    law = standards.load()
    own = law["park.health_check_2021"].with_radius(standards.Rule.local(400, "m", reason="现状"))
    coverage = park_coverage(areas(EVERYWHERE), parks(LARGE), homes(STRIP), by=own)

    assert coverage.overall == approx(0.4, rel=EXACT)
    assert "现状" in coverage.definition.line and own.rules[0] in coverage.sources


def test_land_in_reach_of_two_parks_counts_once():
    both = parks(LARGE, box(400, 0, 500, 100))
    coverage = park_coverage(areas(EVERYWHERE), both, homes(STRIP))

    # 400-500 is park, and homes are drawn under it: 0-1000 is all within 500 m of one or the other.
    assert coverage.overall == approx(1.0)
    assert len(coverage.service_area) == 1


def test_land_drawn_twice_is_lived_on_once():
    twice = homes(STRIP, STRIP, box(500, 0, 1000, 100))
    coverage = park_coverage(areas(EVERYWHERE), parks(LARGE), twice)

    assert coverage.overall == approx(0.5, rel=EXACT)
    assert coverage.table["demand_ha"].iloc[0] == approx(10.0, rel=1e-5)


def test_touching_blocks_are_two_blocks():
    touching = homes(box(0, 0, 500, 100), box(500, 0, 1000, 100))
    coverage = park_coverage(areas(EVERYWHERE), parks(LARGE), touching)

    assert (len(coverage.served), len(coverage.gaps)) == (1, 1)


def test_the_distance_runs_from_the_boundary_of_a_holed_park_outwards_and_inwards():
    ring = box(-300, 0, 0, 300).difference(box(-200, 100, -100, 200))
    inside = homes(box(-180, 120, -120, 180))

    assert park_coverage(areas(EVERYWHERE), parks(ring), inside).overall == 1.0


def test_no_homes_are_nan_and_no_parks_are_zero():
    two = areas(box(0, 0, 1000, 1000), box(2000, 0, 3000, 1000))
    coverage = park_coverage(two, parks(), homes(STRIP))

    assert coverage.series.iloc[0] == 0.0 and np.isnan(coverage.series.iloc[1])
    nobody = park_coverage(two, parks(LARGE), homes())
    assert nobody.series.isna().all() and np.isnan(nobody.overall)
    assert nobody.headline == "-"


def test_homes_on_a_border_are_divided_and_add_up():
    west, east = box(0, 0, 400, 1000), box(400, 0, 1000, 1000)
    inside = box(-100, 0, 0, 100).union(box(0, 0, 1, 1))
    coverage = park_coverage(
        areas(west, east, box(-200, 0, 0, 1000)), parks(inside), homes(box(0, 20, 1000, 80))
    )

    assert coverage.series.iloc[0] == approx(1.0)
    assert coverage.series.iloc[1] == approx(100 / 600, rel=0.02)
    assert coverage.table["demand_ha"].to_list()[:2] == approx([2.4, 3.6], rel=1e-5)


def test_only_the_part_of_a_park_inside_the_areas_serves():
    """The park reaches 100 m into the zone; its size is that of the whole park."""
    zone = areas(box(0, 0, 3000, 100))
    across = parks(box(-1000, 0, 100, 100))
    strip = homes(box(100, 0, 1100, 100))
    coverage = park_coverage(zone, across, strip)

    assert coverage.overall == approx(0.5, rel=EXACT)
    assert coverage.parks["park_area_m2"].iloc[0] == approx(110_000, rel=1e-5)


def test_a_park_outside_the_areas_does_not_serve():
    coverage = park_coverage(areas(box(1, 0, 3000, 100)), parks(LARGE), homes(STRIP))

    assert coverage.overall == 0.0
    assert coverage.parks["not_counted_reason"].to_list() == ["统计范围外,不计入"]


def test_a_park_across_two_areas_serves_as_one():
    west, east = box(-2000, 0, -50, 100), box(-50, 0, 2000, 100)
    coverage = park_coverage(areas(west, east), parks(LARGE), homes(STRIP))

    assert coverage.overall == approx(0.5, rel=EXACT)


def test_the_reason_why_a_park_does_not_count():
    shapes = [box(200 * n, 0, 200 * n + 100, 100) for n in range(4)]
    ledger = park_coverage(
        areas(EVERYWHERE),
        parks(
            *shapes,
            park_class=["G11", "G2", "EG", "G14"],
            park_status=["built", "built", None, "planned"],
        ),
        homes(STRIP),
    ).parks

    assert ledger["not_counted_reason"].to_list()[1:] == [
        "不属于计入类别",
        "不属于计入类别",
        "未建成",
    ]
    assert ledger["counted"].to_list() == [True, False, False, False]


def test_homesteads_are_read_and_not_counted_by_default():
    strips = homes(STRIP, box(0, 200, 1000, 300), home_class=["urban_residential", "homestead"])
    coverage = park_coverage(areas(EVERYWHERE), parks(LARGE), strips)

    assert coverage.table["demand_ha"].iloc[0] == approx(10.0, rel=1e-5)


@pytest.mark.parametrize("radius", [300.0, 500.0, 3000.0])
@pytest.mark.parametrize(
    "shape",
    [
        box(0, 0, 1, 1),
        box(0, 0, 100, 100),
        Polygon([(0, 0), (300, 0), (0, 10)]),
        shapely.Point(0, 0).buffer(100, quad_segs=200),
        Polygon(
            [
                (34 * math.cos(n * math.tau / 45), 34 * math.sin(n * math.tau / 45))
                for n in range(45)
            ]
        ),
        Polygon(
            [
                (15 * math.cos(n * math.tau / 87), 15 * math.sin(n * math.tau / 87))
                for n in range(87)
            ]
        ),
        Polygon([(0, 0), (100, 0), (160, 80), (80, 140), (-10, 60)]),
    ],
)
def test_the_land_in_reach_of_a_convex_park_is_steiners(shape, radius):
    """Area + perimeter x r + pi r^2: exact for any convex shape."""
    reach = land_within(np.array([shape]), np.array([radius]))[0]
    exact = shape.area + shape.length * radius + math.pi * radius**2

    assert reach.area == approx(exact, rel=1.5e-4)
    assert reach.contains(shape)


@pytest.mark.parametrize(
    "shape",
    [
        # An L-shaped courtyard: its inner corner is round, seen from within.
        box(0, 0, 3000, 3000).difference(
            Polygon(
                [(100, 100), (2900, 100), (2900, 1500), (1500, 1500), (1500, 2900), (100, 2900)]
            )
        ),
        shapely.MultiPolygon([box(0, 0, 50, 50), box(900, 300, 1000, 340)]),
        Polygon([(0, 0), (900, 0), (900, 900), (450, 100), (0, 900)]),
        shapely.LineString([(0, 0), (400, 300), (900, 300)]),
        shapely.Point(0, 0),
        shapely.MultiPoint([(0, 0), (700, 0)]),
    ],
)
def test_the_land_in_reach_of_any_shape_is_that_of_the_finest_drawing(shape):
    reach = land_within(np.array([shape]), np.array([500.0]))[0]
    finest = shapely.buffer(shape, 500, quad_segs=4096)

    assert reach.area == approx(finest.area, rel=3e-5) and reach.is_valid


def test_a_straight_stretch_is_at_the_radius_itself():
    reach = land_within(np.array([box(0, 0, 100, 100)]), np.array([500.0]))[0]

    assert reach.bounds == approx((-500, -500, 600, 600), abs=1e-9)


def test_served_and_gaps_are_the_demand():
    coverage = park_coverage(
        sample.villages(), sample.parks(), sample.homes().assign(home_class="urban_residential")
    )
    strips = sample.homes().union_all()

    assert coverage.served.union_all().union(coverage.gaps.union_all()).symmetric_difference(
        strips
    ).area == approx(0, abs=1e-3)
    assert coverage.served.union_all().intersection(coverage.gaps.union_all()).area == approx(0)
    by_area = coverage.gaps.groupby("area")["gap_ha"].sum()
    expected = coverage.table["gap_ha"][coverage.table["gap_ha"] > 0]
    assert by_area.to_dict() == approx(expected.to_dict())


@pytest.mark.parametrize(
    ("layer", "change", "error", "said"),
    [
        ("parks", lambda f: f.drop(columns="park_class"), errors.ColumnError, "read_parks"),
        ("homes", lambda f: f.drop(columns="home_class"), errors.ColumnError, "read_homes"),
        ("parks", lambda f: f.assign(park_class="公园"), errors.ColumnError, "'公园'"),
        ("homes", lambda f: f.assign(home_class="0701"), errors.ColumnError, "'0701'"),
        ("parks", lambda f: f.assign(park_status="x"), errors.ColumnError, "park_status"),
        ("homes", lambda f: f.set_geometry(f.boundary), errors.GeometryError, "needs polygons"),
    ],
)
def test_layers_that_cannot_be_measured_are_refused(layer, change, error, said, parks, homes):
    given = {"parks": sample.parks(), "homes": sample.homes()}
    given[layer] = change(given[layer])

    with pytest.raises(error, match=said) as caught:
        park_coverage(sample.villages(), **given)
    assert f"`{layer}`" in str(caught.value)


def test_a_bowtie_is_refused_with_its_row():
    bowtie = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])

    with pytest.raises(errors.GeometryError, match=r"Self-intersection.*make_valid.* Rows: 'b'"):
        park_coverage(areas(EVERYWHERE), parks(LARGE, bowtie, index=["a", "b"]), homes(STRIP))


def test_rows_without_a_shape_are_nothing():
    some = parks(LARGE, Polygon())
    none = homes(STRIP, Polygon())
    none.loc[1, "geometry"] = None

    assert park_coverage(areas(EVERYWHERE), some, none).overall == approx(0.5, rel=EXACT)


# ---------------------------------------------------------------- what broke once


def test_from_a_line_where_a_park_only_touches_nobody_is_served():
    shape = [(1000, 800), (1000, 600), (1100, 600), (1100, 200), (900, 200), (900, 100),
             (1200, 100), (1200, 800)]  # fmt: skip
    zone, home = areas(box(0, 0, 1000, 1000)), homes(box(0, 700, 990, 800))

    assert park_coverage(zone, parks(Polygon(shape)), home).overall == 0.0
    beside = box(1000, 0, 1100, 1000)
    ledger = park_coverage(zone, parks(beside), home).parks
    assert ledger["counted"].to_list() == [False]
    assert ledger["not_counted_reason"].to_list() == ["统计范围外,不计入"]
