"""One engine for any facility and any demand: by land, by people, by places, on a day."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx
from shapely import LineString, Point, box

from deqing_geo import errors, park_coverage, sample, service_coverage, standards
from deqing_geo.columns import word

X, Y = sample.X0, sample.Y0
EXACT = 1e-6
EVERYWHERE = box(-5000, -5000, 5000, 5000)


def frame(*shapes, index=None, **columns):
    moved = [shapely.transform(shape, lambda coords: coords + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(geometry=moved, index=index, crs=sample.CRS).assign(**columns)


def stops(*shapes, facility_class="bus_stop", **columns):
    return frame(*shapes, facility_class=facility_class, **columns)


ZONE = frame(box(-1000, -1000, 1000, 1000))


# ---------------------------------------------------------------- what serves


def test_a_stop_serves_a_circle_of_the_zone():
    coverage = service_coverage(ZONE, stops(Point(0, 0)), ZONE, by="service.bus_stop_500")

    assert coverage.overall == approx(np.pi * 500**2 / 2000**2, rel=2e-6)
    assert coverage.measure == "service_coverage" and coverage.unit == "ha"


def test_stops_outside_the_zone_serve_it_and_parks_do_not():
    """Half of the circle lies within."""
    stop = stops(Point(1000, 0))
    park = frame(box(1000, -50, 1100, 50), park_class="G11")
    served = service_coverage(ZONE, stop, ZONE, by="service.bus_stop_500").overall
    beyond = frame(box(1001, -50, 1101, 50), park_class="G11")
    by_park = service_coverage(ZONE, beyond, ZONE, by="park.health_check_2021")
    outside = service_coverage(ZONE, beyond, ZONE, by="park.health_check_2021+outside")

    assert served == approx(np.pi * 500**2 / 2 / 2000**2, rel=2e-6)
    assert by_park.overall == 0.0 and outside.overall > 0.1
    assert service_coverage(ZONE, park, ZONE, by="park.health_check_2021").overall == 0.0


def test_a_greenway_is_a_line_and_serves_both_sides_and_its_ends():
    way = frame(LineString([(-200, 0), (200, 0)]))
    own = standards.load()["service.greenway_1000"].with_radius(
        standards.Rule.local(300, "m", reason="现状")
    )
    coverage = service_coverage(ZONE, way, ZONE, by=own)

    assert coverage.overall == approx((400 * 600 + np.pi * 300**2) / 2000**2, rel=2e-6)


def test_other_classes_do_not_serve_and_say_so():
    mixed = stops(Point(0, 0), Point(500, 0), facility_class=["clinic", "bus_stop"])
    ledger = service_coverage(ZONE, mixed, ZONE, by="service.bus_stop_500").parks

    assert ledger["counted"].to_list() == [False, True]
    assert ledger["not_counted_reason"].iloc[0] == word("reason.class")
    assert ledger["service_radius"].iloc[1] == 500


def test_every_definition_of_a_service_can_be_measured_by():
    law = standards.load()
    homes = frame(box(0, -50, 4000, 50), home_class="urban_residential")
    for way in law.ways("service_coverage"):
        kind = way.counts.get("facilities", ("other",))[0]
        made = service_coverage(
            frame(EVERYWHERE), stops(Point(0, 0), facility_class=kind), homes, by=way
        )
        radius = way.bands[0].radius_m

        # A strip of 100 m within a circle.
        strip = 2 * (25 * np.sqrt(radius**2 - 2500) + radius**2 / 2 * np.arcsin(50 / radius))
        assert made.table["served_ha"].iloc[0] == approx(strip / 1e4, rel=1e-5), way.key
        assert way.evidence in ("seen", "secondary", "remembered", "ours")


# ---------------------------------------------------------------- who is served


def test_places_count_one_each_and_by_their_people():
    homes = frame(Point(0, 0), Point(499.9, 0), Point(500.1, 0), Point(900, 0), people=[1, 2, 3, 4])
    stop = stops(Point(0, 0))
    each = service_coverage(ZONE, stop, homes, by="service.bus_stop_500")
    people = service_coverage(ZONE, stop, homes, by="service.bus_stop_500", weight="people")

    assert (each.overall, people.overall) == (0.5, 0.3)
    assert people.table[["demand_count", "served_count", "gap_count"]].values.tolist() == [
        [10, 3, 7]
    ]
    assert people.gaps["demand_row"].to_list() == [2, 3]
    assert people.gaps["nearest_m"].to_list() == approx([500.1, 900.0])


def test_a_place_at_the_radius_itself_is_served():
    homes = frame(Point(500, 0))

    assert service_coverage(ZONE, stops(Point(0, 0)), homes, by="service.bus_stop_500").overall == 1


def test_people_are_spread_evenly_over_their_land():
    """The nearest 500 m of a strip of 1,000 m hold half of its people."""
    strip = frame(box(0, 0, 1000, 100), people=[300.0], home_class="urban_residential")
    park = frame(box(-100, 0, 0, 100), park_class="G11")
    by = "park.health_check_2021"
    made = service_coverage(frame(EVERYWHERE), park, strip, by=by, weight="people")

    assert made.table["served_count"].iloc[0] == approx(150, rel=EXACT)
    assert made.measure == "service_coverage" and made.goals == ()
    assert word("coverage.not_land") in made.notices
    land = service_coverage(frame(EVERYWHERE), park, strip, by=by)
    assert land.measure == "park_coverage" and 0.91 in land.goals
    assert land.overall == park_coverage(frame(EVERYWHERE), park, strip).overall


def test_people_are_not_merged_where_their_land_is_drawn_twice():
    strip = box(0, 0, 1000, 100)
    twice = frame(strip, strip, people=[100, 300], home_class="urban_residential")
    park = frame(box(-100, 0, 0, 100), park_class="G11")
    made = service_coverage(
        frame(EVERYWHERE), park, twice, by="park.health_check_2021", weight="people"
    )

    assert made.table["demand_count"].iloc[0] == approx(400, rel=EXACT)


def test_blank_people_are_none_and_told():
    homes = frame(Point(0, 0), Point(900, 0), people=[4, None])
    made = service_coverage(
        ZONE, stops(Point(0, 0)), homes, by="service.bus_stop_500", weight="people"
    )

    assert made.overall == 1.0
    assert f"{word('coverage.unweighted')}:1" in made.notices


def test_a_place_on_a_border_is_counted_once():
    two = frame(box(-1000, -1000, 0, 1000), box(0, -1000, 1000, 1000), index=["w", "e"])
    made = service_coverage(two, stops(Point(5, 0)), frame(Point(0, 0)), by="service.bus_stop_500")

    assert made.table["demand_count"].to_list() == [1, 0]
    assert np.isnan(made.series["e"])


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"weight": "heads"}, errors.ColumnError, "no column `heads`"),
        ({"weight": "odd"}, errors.ColumnError, "numbers of 0 or more"),
        ({"by": "road.core"}, errors.StandardsError, "does not define"),
        ({"by": None}, errors.StandardsError, "needs by="),
        ({"as_of": "soon"}, errors.InputError, "is no day"),
    ],
)
def test_what_cannot_be_measured_is_refused(change, error, said):
    homes = frame(Point(0, 0), Point(1, 0), odd=["1", "viele"])
    asked = {"by": "service.bus_stop_500"} | change

    with pytest.raises(error, match=said):
        service_coverage(ZONE, stops(Point(0, 0)), homes, **asked)


def test_points_and_polygons_of_demand_do_not_mix():
    mixed = frame(Point(0, 0), box(0, 0, 1, 1))

    with pytest.raises(errors.GeometryError, match="needs points"):
        service_coverage(ZONE, stops(Point(0, 0)), mixed, by="service.bus_stop_500")


# ---------------------------------------------------------------- options of a definition


PARK = box(-100, 0, 0, 100)
STRIP = frame(box(0, 0, 1000, 100), home_class="urban_residential")


def test_parks_that_touch_count_as_one_when_the_definition_says_so():
    """Two of 3,000 m2: 300 m each, 500 m together; a third lies 11 m off."""
    parts = frame(
        box(-60, 0, -30, 100), box(-30, 0, 0, 100), box(0, -71, 20, -11), park_class="G14"
    )
    alone = park_coverage(frame(EVERYWHERE), parts, STRIP)
    together = park_coverage(frame(EVERYWHERE), parts, STRIP, by="park.health_check_2021+joined")

    assert alone.parks["service_radius"].to_list()[:2] == [300, 300]
    assert together.parks["service_radius"].to_list()[:2] == [500, 500]
    assert not together.parks["counted"].iloc[2]
    assert together.parks["joined_area_m2"].round().to_list() == [6000, 6000, 1200]
    assert together.overall == approx(0.5, rel=EXACT)
    assert "相接或隔路相邻" in together.definition.line


def test_a_path_of_ten_metres_does_not_part_a_park_and_a_street_does():
    for gap, joined in ((10.0, True), (10.1, False)):
        parts = frame(box(-100, 0, 0, 30), box(-100, 30 + gap, 0, 60 + gap), park_class="G14")
        made = park_coverage(frame(EVERYWHERE), parts, STRIP, by="park.health_check_2021+joined")

        assert (made.parks["service_radius"] == 500).all() == joined


def test_a_park_across_the_border_serves_whole_when_parks_outside_count():
    """The park reaches 100 m into the zone; its outer part lies nearer to the homes' far end."""
    zone = frame(box(0, 0, 3000, 1000))
    park = frame(box(-1000, 0, 100, 100), park_class="G11")
    homes = frame(box(0, 590, 100, 610), home_class="urban_residential")

    inside = park_coverage(zone, park, homes)
    outside = park_coverage(zone, park, homes, by="park.health_check_2021+outside")
    assert inside.overall == outside.overall == approx(0.5, rel=1e-3)
    beyond = frame(box(-1000, 0, -100, 100), park_class="G11")
    assert park_coverage(zone, beyond, homes).overall == 0.0
    assert park_coverage(zone, beyond, homes, by="park.health_check_2021+outside").overall == 0.0
    near = frame(box(0, 0, 400, 100), home_class="urban_residential")
    half = park_coverage(zone, beyond, near, by="park.health_check_2021+outside")
    assert half.overall == approx(1.0)


def test_both_figures_are_shown_where_homesteads_are():
    homes = frame(
        box(0, 0, 1000, 100), box(0, 100, 1000, 200), home_class=["urban_residential", "homestead"]
    )
    park = frame(box(-100, 0, 0, 100), park_class="G11")
    made = park_coverage(frame(EVERYWHERE), park, homes)
    wider = park_coverage(frame(EVERYWHERE), park, homes, by="park.health_check_2021+homestead")

    assert made.overall == approx(0.5, rel=EXACT) and made.homesteads == wider.overall
    assert made.homesteads < made.overall
    assert word("coverage.homesteads") in made._repr_html_()
    assert wider.homesteads is None
    assert park_coverage(frame(EVERYWHERE), park, STRIP).homesteads is None


def test_options_stand_in_any_order_and_once():
    law = standards.load()
    one = law.definition("park_coverage", "park.health_check_2021+joined+outside")
    two = law.definition("park_coverage", "park.health_check_2021+outside+joined+joined")

    assert set(one.options) == set(two.options) == {"joined", "outside"}
    assert two.key == "park.health_check_2021+outside+joined"
    with pytest.raises(errors.StandardsError, match="no service radius"):
        law["road.core"].with_parks_outside()
    with pytest.raises(errors.StandardsError, match="does not count homes"):
        law["road.core"].with_homesteads()
    with pytest.raises(errors.UnitError, match="some metres apart"):
        one.with_joined_parks(law.rule("village.udb_share"))


# ---------------------------------------------------------------- on a day


def dated(*days, status="built"):
    shapes = [box(-100, 200 * n, 0, 200 * n + 100) for n in range(len(days))]
    return frame(*shapes, park_class="G11", park_status=status, opened_on=list(days))


def test_parks_opened_later_do_not_serve_on_the_day():
    parks = dated("2024-05-01", "2024-05-02", None)
    made = park_coverage(frame(EVERYWHERE), parks, STRIP, as_of="2024-05-01")

    assert made.parks["counted"].to_list() == [True, False, True]
    assert made.parks["not_counted_reason"].iloc[1] == word("reason.not_yet")
    assert f"{word('coverage.undated')}:1" in made.notices
    assert f"{word('coverage.as_of')} 2024-05-01" in made.notices


def test_a_park_that_contradicts_itself_does_not_count_and_is_told():
    parks = dated("2020-01-01", status="building")
    made = park_coverage(frame(EVERYWHERE), parks, STRIP, as_of="2024-05-01")

    assert made.parks["not_counted_reason"].to_list() == [word("reason.contradictory")]
    assert f"{word('coverage.contradictory')}:1" in made.notices


# ---------------------------------------------------------------- laws


def town(seed, count=40):
    rng = np.random.default_rng(seed)
    spots = rng.integers(-1500, 1500, (count, 2))
    sizes = rng.integers(20, 120, count)
    parks = frame(
        *(box(x, y, x + s, y + s) for (x, y), s in zip(spots[:15], sizes[:15], strict=True)),
        park_class="G11",
    )
    homes = frame(
        *(box(x, y, x + s, y + s) for (x, y), s in zip(spots[15:], sizes[15:], strict=True)),
        home_class="urban_residential",
    )
    return frame(box(-2000, -2000, 0, 2000), box(0, -2000, 2000, 2000)), parks, homes


@pytest.mark.parametrize("seed", [1, 2])
def test_a_grid_of_a_metre_counts_the_same(seed):
    """A second road: the middles of square metres, and distances instead of discs."""
    areas, parks, homes = town(seed)
    made = park_coverage(areas, parks, homes)
    # Homes lie on whole metres, so the squares fill them; what is drawn twice is there once.
    squares = set()
    for x0, y0, x1, y1 in homes.bounds.to_numpy().astype(int):
        squares |= {(x, y) for x in range(x0, x1) for y in range(y0, y1)}
    points = shapely.points(np.array(sorted(squares)) + 0.5)
    radius = np.select([parks.area >= 5000, parks.area >= 2000], [500.0, 300.0], np.nan)
    near = np.zeros(len(points), dtype=bool)
    counts = radius == radius
    tree = shapely.STRtree(points)
    shapes = parks.geometry.to_numpy()[counts]
    near[tree.query(shapes, predicate="dwithin", distance=radius[counts])[1]] = True

    assert made.overall == approx(near.mean(), abs=2e-4)


@pytest.mark.parametrize("seed", [4])
def test_coverage_grows_with_the_radius_and_with_parks(seed):
    areas, parks, homes = town(seed)
    law = standards.load()
    figures = [
        park_coverage(
            areas,
            parks,
            homes,
            by=law["park.health_check_2021"].with_radius(
                standards.Rule.local(metres, "m", reason="试算")
            ),
        ).overall
        for metres in (50, 200, 800)
    ]
    more = [park_coverage(areas, parks.iloc[:n], homes).overall for n in (0, 3, 8, 15)]

    assert figures == sorted(figures) and figures[0] < figures[-1]
    assert (np.diff(more) >= -1e-12).all() and more[0] == 0.0


@pytest.mark.parametrize("seed", [6])
def test_shuffling_moving_and_splitting_change_nothing(seed):
    areas, parks, homes = town(seed)
    made = park_coverage(areas, parks, homes)
    shuffled = park_coverage(
        areas.iloc[::-1],
        parks.sample(frac=1, random_state=seed),
        homes.sample(frac=1, random_state=seed),
    )
    halves = homes.geometry.map(lambda one: one.intersection(box(0, 0, one.centroid.x, 1e9)))
    rest = homes.geometry.difference(halves)
    split = gpd.GeoDataFrame(geometry=[*halves, *rest], crs=homes.crs)
    split["home_class"] = "urban_residential"

    assert shuffled.series.sort_index().to_list() == approx(made.series.to_list(), rel=1e-12)
    assert park_coverage(areas, parks, split).overall == approx(made.overall, rel=1e-7)
    before = [frame.to_wkb() for frame in (areas, parks, homes)]
    made.gaps["area"] = "changed"
    assert "changed" not in set(made.gaps["area"])
    assert all(a.equals(b.to_wkb()) for a, b in zip(before, (areas, parks, homes), strict=True))
