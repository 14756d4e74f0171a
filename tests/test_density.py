"""A density that survives an argument: its border rule, its water, its day, its unit."""

from datetime import date

import geopandas as gpd
import numpy as np
import pytest
from pytest import approx
from shapely import LineString, Polygon, box

from deqing_geo import columns, errors, road_density, sample, scorecard, standards
from deqing_geo.standards import Rule
from tests.test_roads import EAST, KM, WEST, areas, at, km, roads

LAW = standards.load()
CORE = LAW["road.core"]


def lattice(width, height, step):
    rows = [[(0, y), (width, y)] for y in range(0, height + 1, step)]
    columns_ = [[(x, 0), (x, height)] for x in range(0, width + 1, step)]
    return roads(*rows, *columns_)


# ---------------------------------------------------------------- the outer edge


@pytest.mark.parametrize(("border", "said"), [("shared", 8.5), ("half", 8.0), ("none", 7.5)])
def test_a_lattice_by_the_three_rules_of_the_outer_edge(border, said):
    """13 lines of 6 km and 25 of 3 km on 18 km2, of which 18 km lie on the edge."""
    zone = areas(box(0, 0, 6000, 3000))
    density = road_density(zone, lattice(6000, 3000, 250), by=CORE.with_border(border))

    assert density.overall == approx(said, rel=1e-6)


@pytest.mark.parametrize(("border", "edge"), [("shared", 1.0), ("half", 0.5), ("none", 0.0)])
def test_only_the_outer_edge_goes_by_the_rule_and_inner_borders_stay_shared(border, edge):
    lines = roads([(0, 0), (2000, 0)], [(1000, 0), (1000, 1000)], [(0, 500), (2000, 500)])
    got = km(areas(WEST, EAST), lines, by=CORE.with_border(border))

    assert got == approx([edge + 0.5 + 1.0] * 2)


def test_the_edge_of_a_hole_is_an_outer_edge():
    holed = KM.difference(box(400, 400, 600, 600))
    ring = [(400, 400), (600, 400), (600, 600), (400, 600), (400, 400)]

    assert km(areas(holed), roads(ring), by="road.core+half") == approx([0.4])


def test_at_a_corner_of_three_the_rule_holds_for_the_stretch_outside():
    """North of the border lies one village over 900 m, none over the other 400 m."""
    south, north = box(0, 0, 2000, 1000), box(0, 1000, 900, 2000)
    road = [(200, 1000), (1300, 1000)]

    assert km(areas(south, north), roads(road)) == approx([0.35 + 0.4, 0.35])
    assert km(areas(south, north), roads(road), by="road.core+none") == approx([0.35, 0.35])


def test_the_edge_kilometres_are_of_those_that_count():
    on, near = [(0, 0), (1000, 0)], [(0, 10), (1000, 10)]
    edge = {
        border: float(
            road_density(areas(KM), roads(on, near), by=CORE.with_border(border))
            .table["edge_km"]
            .iloc[0]
        )
        for border in standards.model.BORDERS
    }

    assert edge == approx({"shared": 2.0, "half": 1.5, "none": 1.0})


def test_the_rule_is_in_the_key_and_in_the_line():
    half = CORE.with_border("half")

    assert half.key == "road.core+half" and "外边界上的道路按一半计" in half.line
    assert half.with_border("none").key == "road.core+none"
    assert half.with_border("shared") == CORE
    assert LAW.definition("road_density", "road.core+half+net") == half.without_water()
    with pytest.raises(errors.StandardsError, match="not one of shared, half, none"):
        CORE.with_border("quarter")
    with pytest.raises(errors.StandardsError, match="does not count roads"):
        LAW["park.health_check_2021"].with_border("half")
    with pytest.raises(errors.StandardsError, match="not in the standard"):
        LAW.definition("road_density", "road.core+quarter")


# ---------------------------------------------------------------- water


def wet(*shapes):
    return gpd.GeoDataFrame(geometry=[at(shape) for shape in shapes], crs=sample.CRS)


def test_water_leaves_the_area_and_the_bridge_stays():
    bridge = roads([(0, 500), (1000, 500)])
    density = road_density(areas(KM), bridge, water=wet(box(0, 0, 1000, 750), box(0, 0, 500, 750)))

    assert density.series.iloc[0] == approx(4.0, rel=1e-6)
    assert density.table["water_km2"].iloc[0] == approx(0.75, rel=1e-6)
    assert density.definition.key == "road.core+net" and "扣除水面" in density.definition.line
    assert any("扣除水面:0.75 平方公里" in one for one in density.notices)


def test_gross_area_is_the_default_and_has_no_water_column():
    assert "water_km2" not in road_density(areas(KM), roads([(0, 500), (1000, 500)])).table


def test_an_area_that_is_all_water_has_no_density_and_no_infinite_one():
    """The lake's shore has other vertices than the area's border."""
    shore = Polygon([(-1, -1), (333.3, -1), (1001, -1), (1001, 1001), (77.7, 1001), (-1, 1001)])
    density = road_density(
        areas(KM, box(1000, 0, 2000, 1000)), roads([(0, 500), (2000, 500)]), water=wet(shore)
    )

    assert np.isnan(density.series.iloc[0]) and density.table["road_km"].iloc[0] == approx(1.0)
    assert np.isnan(density.deficit_km(8).iloc[0])
    assert density.overall == approx(2.0 / 0.999, rel=1e-5)


def test_water_that_is_wanted_and_not_there_is_refused():
    with pytest.raises(errors.StandardsError, match="Pass water="):
        road_density(areas(KM), roads([(0, 0), (1, 1)]), by="road.core+net")
    with pytest.raises(errors.CRSError, match="water"):
        road_density(areas(KM), roads([(0, 0), (1, 1)]), water=wet(KM).to_crs(4326))


# ---------------------------------------------------------------- public highways


def test_highways_are_kilometres_on_a_hundred_square_kilometres():
    lines = roads(
        [(0, 100), (1000, 100)],
        [(0, 200), (1000, 200)],
        [(0, 300), (1000, 300)],
        [(0, 400), (1000, 400)],
    )
    lines["road_class"] = ["motorway", "township_road", "farm_track", "arterial"]
    highway = road_density(areas(KM), lines, by="road.highway")
    rural = road_density(areas(KM), lines, by="road.rural")

    assert highway.series.iloc[0] == approx(200.0, rel=1e-6)
    assert rural.overall == approx(100.0, rel=1e-6)
    assert highway.headline == "200.00 公里/百平方公里" and "km/100km2" in repr(highway)
    assert "highway_density" in highway.table and "road_density" not in highway.table
    assert highway.deficit_km(250.0).iloc[0] == approx(0.5, rel=1e-6)


def test_the_urban_goal_never_judges_a_highway_density():
    density = road_density(sample.villages(), sample.roads(), by="road.highway")
    target = LAW.targets["road_density"]

    assert density.goals == ()
    with pytest.raises(errors.UnitError, match="km/100km2"):
        density.deficit_km(target)
    with pytest.raises(errors.InputError, match="no target of the plan"):
        scorecard(density, law=LAW)


# ---------------------------------------------------------------- merged carriageways


def merged(frame, says=True):
    frame = frame.copy()
    frame.attrs["centre_lines"] = {"merged": says, "line": "双线已合并,阈值 7"}
    return frame


def test_merged_lines_say_so_instead_of_the_warning():
    density = road_density(sample.zone(), merged(sample.roads()))

    assert density.merged and "carriageways merged" in repr(density)
    assert "双线已合并,阈值 7" in density.notices
    assert columns.word("notice.unmerged") not in density.notices


def test_raw_never_claims_to_be_merged_and_tells_when_its_lines_are():
    raw = road_density(sample.zone(), merged(sample.roads()), by="road.raw")

    assert not raw.merged and columns.word("density.raw_of_merged") in raw.notices
    assert not road_density(sample.zone(), merged(sample.roads(), says=False)).merged


# ---------------------------------------------------------------- a day


def dated(*rows):
    """Lines of 1 km, one above the other, with a status and a day each."""
    lines = roads(*[[(0, 100 * at_ + 50), (1000, 100 * at_ + 50)] for at_ in range(len(rows))])
    return lines.assign(
        road_status=[status for status, _ in rows], opened_on=[day for _, day in rows]
    )


def test_what_opened_after_the_day_is_not_open():
    lines = dated(("built", "2025-06-30"), ("built", "2025-07-01"), ("built", "2025-07-02"))
    density = road_density(areas(KM), lines, as_of="2025-07-01")

    assert density.table["road_km"].iloc[0] == approx(2.0)
    assert density.not_open["building"].iloc[0] == approx(1.0)
    assert density.as_of == date(2025, 7, 1) and "统计时点 2025-07-01" in density.notices
    assert km(areas(KM), lines) == approx([3.0])


def test_an_hour_of_the_day_is_still_the_day():
    assert km(areas(KM), dated(("built", "2025-07-01 18:00")), as_of="2025-07-01") == approx([1.0])


def test_rows_without_a_day_follow_their_status_and_are_told():
    density = road_density(
        areas(KM), dated(("built", None), (None, None), ("planned", None)), as_of="2025-07-01"
    )

    assert density.table["road_km"].iloc[0] == approx(2.0)
    assert any("无通车日期" in one and "2.00 公里" in one for one in density.notices)
    without = road_density(areas(KM), roads([(0, 500), (1000, 500)]), as_of="2025-07-01")
    assert any("1.00 公里" in one for one in without.notices)


def test_rows_that_contradict_themselves_do_not_count_and_are_told():
    lines = dated(("planned", "2024-01-01"), ("built", "2024-01-01"), ("building", "2026-01-01"))
    density = road_density(areas(KM), lines, as_of="2025-07-01")

    assert density.table["road_km"].iloc[0] == approx(1.0)
    assert density.not_open.iloc[0].to_dict() == approx({"building": 1.0, "planned": 1.0})
    assert any("却早于统计时点" in one and "1.00 公里" in one for one in density.notices)
    assert density.by_road.set_index("road")["not_counted"].to_dict() == {
        0: "contradictory",
        1: "",
        2: "building",
    }


def test_a_day_that_is_none_is_refused():
    with pytest.raises(errors.InputError, match="as_of='2025' is no day"):
        road_density(areas(KM), dated(("built", None)), as_of="2025")
    with pytest.raises(errors.ColumnError, match="opened_on"):
        road_density(areas(KM), dated(("built", "soon")), as_of="2025-07-01")


def test_without_a_day_nobody_asks_for_dates():
    assert km(areas(KM), dated(("built", "soon"))) == approx([1.0])


# ---------------------------------------------------------------- what is missing, and where


def test_a_deficit_is_what_the_target_asks_for_and_never_negative():
    zone = areas(WEST, EAST)
    density = road_density(zone, roads(*[[(0, y), (1000, y)] for y in range(5, 1000, 100)]))

    assert density.deficit_km(8).round(4).to_list() == [0.0, 8.0]
    assert density.overall_deficit_km(8) == approx(6.0, rel=1e-5)
    rule = LAW["road_density.floor.gb_50180_2018"]
    assert density.deficit_km(rule).equals(density.deficit_km(8))
    assert density.deficit_km(LAW.targets["road_density"]).equals(density.deficit_km(8.0))
    assert density.overall_deficit_km(3) == 0.0


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (float("nan"), errors.InputError),
        (-1, errors.InputError),
        (0, errors.InputError),
        (True, errors.InputError),
        ("8", errors.InputError),
        (Rule.local(8, "m", reason="错"), errors.UnitError),
        (LAW.targets["park_coverage"], errors.UnitError),
    ],
)
def test_a_target_that_asks_for_no_density_is_refused(target, error):
    with pytest.raises(error):
        road_density(areas(KM), roads([(0, 500), (1000, 500)])).deficit_km(target)


def test_groups_of_several_rows_and_a_total():
    zone = areas(WEST, EAST, box(2000, 0, 3000, 1000)).assign(zone_name=["武康", "武康", None])
    density = road_density(zone, roads([(1000, 0), (1000, 1000)], [(500, 500), (3000, 500)]))
    groups = density.by_group()

    assert groups.index.to_list() == ["武康", "未注明", "合计"]
    assert groups["road_km"].to_list() == approx([2.5, 1.0, 3.5])
    assert groups["road_density"].to_list() == approx([1.25, 1.0, 3.5 / 3], rel=1e-6)
    assert groups.loc["合计", "road_density"] == approx(density.overall)
    assert set(groups.columns) <= set(columns.registry())
    with pytest.raises(errors.ColumnError, match="no column `zone`"):
        density.by_group("zone")


def test_completeness_is_told_of_roads_that_may_count():
    lines = roads(*[[(0, y), (1000, y)] for y in (100, 200, 300, 400)])
    lines["road_name"] = ["一路", " ", None, "二路"]
    lines["road_class"] = ["branch", "branch", None, "estate"]
    known = road_density(areas(KM), lines).completeness

    assert known["candidate_km"] == approx(3.0)
    assert known["nameless_share"] == approx(2 / 3) and known["classless_share"] == approx(1 / 3)
    unnamed = road_density(areas(KM), lines.drop(columns="road_name")).completeness
    assert np.isnan(unnamed["nameless_share"])


def test_openstreetmap_is_a_lower_bound_where_somebody_found_so():
    lines = sample.roads()
    lower, rural = columns.word("density.osm_lower"), columns.word("density.osm_rural")
    assert lower not in road_density(sample.zone(), lines).notices

    lines.attrs["reading"] = {"driver": "OSM", "file": "x.pbf"}
    said = {
        by: {lower, rural} & set(road_density(sample.zone(), lines, by=by).notices)
        for by in ("road.core", "road.broad", "road.highway", "road.rural")
    }
    assert said == {
        "road.core": {lower},
        "road.broad": {lower},
        "road.highway": {rural},
        "road.rural": {rural},
    }
    lines.attrs["reading"] = {"credit": "© OpenStreetMap contributors, ODbL", "file": "x"}
    assert lower in road_density(sample.zone(), lines).notices


# ---------------------------------------------------------------- road by road


def test_every_metre_of_a_road_has_a_place_and_a_reason():
    lines = roads(
        [(-500, 500), (2500, 500)],
        [(0, 0), (1000, 0)],
        [(100, 100), (400, 100)],
        [(100, 200), (400, 200)],
        [(5000, 0), (6000, 0)],
    )
    lines["road_class"] = ["branch", "branch", "estate", None, "branch"]
    density = road_density(areas(WEST, EAST, index=["w", "e"]), lines, by="road.core+half")
    rows = density.by_road

    assert rows.groupby("road")["road_km"].sum().to_list() == approx([3.0, 1.0, 0.3, 0.3, 1.0])
    assert rows[rows["counted"]].groupby("area")["road_km"].sum().to_dict() == approx(
        {"w": 1.5, "e": 1.0}
    )
    found = rows.groupby(["road", "not_counted"])["road_km"].sum().to_dict()
    assert found == approx(
        {
            (0, ""): 2.0,
            (0, "outside"): 1.0,
            (1, ""): 0.5,
            (1, "edge"): 0.5,
            (2, "class"): 0.3,
            (3, "unknown"): 0.3,
            (4, "outside"): 1.0,
        }
    )
    assert set(rows["not_counted"]) - {""} <= set(columns.vocabulary("not_counted"))


def test_areas_that_overlap_leave_no_residue_either():
    """1 km lies in both areas, 1 km outside of both."""
    rows = road_density(areas(KM, KM, index=["a", "b"]), roads([(0, 500), (2000, 500)])).by_road
    found = rows.groupby("not_counted")["road_km"].sum().to_dict()

    assert found == approx({"": 2.0, "outside": 1.0, "overlap": -1.0})


def test_what_is_changed_afterwards_changes_nothing():
    lines = sample.roads()
    density = road_density(sample.zone(), lines)
    before = density.by_road
    lines["road_class"] = "other"

    assert density.by_road.equals(before)


def test_of_the_schematic_county_nothing_is_left_over():
    county = sample.county(1)
    for by in ("road.core", "road.broad+none", "road.rural+half"):
        density = road_density(county.zone, county.roads, by=by, as_of="2025-12-31")
        rows = density.by_road
        counted = rows[rows["counted"]]

        assert counted["road_km"].sum() == approx(density.table["road_km"].sum(), abs=1e-9)
        length = county.roads.length.to_numpy() / 1000
        assert np.abs(
            np.bincount(rows["road_row"], rows["road_km"], len(length)) - length
        ).max() == approx(0, abs=1e-9)


def test_a_line_keeps_its_millimetres_behind_many_long_ones():
    """Positions along a line must not carry the rounding of all the lines before it."""
    cross = [(500.1, -500), (500.1, 1500), (500.2, -300)]
    long = [[(-5e5, 400 + 0.01 * at_), (4e5, 400.3 + 0.01 * at_)] for at_ in range(2000)]
    alone = road_density(areas(KM), roads(cross)).by_road
    behind = road_density(areas(KM), roads(*long, cross)).by_road
    behind = behind[behind["road"] == len(long)]

    assert behind["road_km"].to_numpy() == approx(alone["road_km"].to_numpy(), rel=1e-14)


def test_lines_without_a_length_have_no_row():
    lines = roads(LineString([(500, 500), (500, 500)]), [(0, 500), (1000, 500)])

    assert road_density(areas(KM), lines).by_road["road"].to_list() == [1]
