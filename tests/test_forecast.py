"""What listed projects bring by year: nothing twice, nothing unsaid."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pytest import approx
from shapely import LineString, MultiLineString

from deqing_geo import columns, errors, road_density, sample
from deqing_geo.roads.already import not_there_yet
from tests.test_roads import EAST, KM, WEST, areas, at, roads


def projects(*lines, years=2027, **options):
    return roads(*lines, **options).assign(opened_on=years)


def forecast(lines, zone=None, there=None, **options):
    there = roads([(0, 100), (1000, 100)]) if there is None else there
    zone = areas(KM) if zone is None else zone
    return road_density(zone, there, **options).forecast(lines)


def test_kilometres_come_in_the_year_they_open_and_stay():
    made = forecast(
        projects([(0, 300), (1000, 300)], [(0, 500), (500, 500)], years=["2026-05-01", "2028"])
    )

    assert made.table.index.to_list() == [2026, 2027, 2028]
    assert made.table["added_km"].to_list() == approx([1.0, 0.0, 0.5])
    assert made.table["road_km"].to_list() == approx([2.0, 2.0, 2.5])
    assert made.table["road_density"].to_list() == approx([2.0, 2.0, 2.5], rel=1e-6)
    assert made.before == approx(1.0, rel=1e-6) and made.headline == "2.50 公里/平方公里(2028)"
    assert columns.word("forecast.supposed") in made.notices


def test_by_area_and_by_group():
    zone = areas(WEST, EAST, index=["w", "e"]).assign(zone_name=["武康", "乾元"])
    made = forecast(projects([(500, 500), (1700, 500)], [(1000, 0), (1000, 400)]), zone=zone)

    assert made.by_area["added_km"].to_dict() == approx({(2027, "w"): 0.7, (2027, "e"): 0.9})
    assert made.by_area["road_km"].to_list() == approx([1.7, 0.9])
    assert made.by_group().loc[(2027, "乾元"), "road_km"] == approx(0.9)
    assert made.by_group()["added_km"].sum() == approx(made.table["added_km"].sum())
    with pytest.raises(errors.ColumnError):
        made.by_group("nothing")


def test_a_stretch_that_counts_already_is_not_counted_twice():
    """10 m beside the road that is there, for 400 m of its 900."""
    made = forecast(projects([(600, 110), (1000, 110), (1000, 610)]))

    assert made.table["added_km"].to_list() == approx([0.5], abs=0.011)
    row = made.projects.iloc[0]
    assert row["added_km"] + row["already_km"] + row["elsewhere_km"] == approx(0.9)
    assert any("15米以内并行" in one for one in made.notices)


def test_a_road_under_construction_is_new_though_it_is_in_the_layer():
    there = roads([(0, 100), (1000, 100)]).assign(road_status="building")

    assert forecast(projects([(0, 100), (1000, 100)]), there=there).table[
        "added_km"
    ].to_list() == approx([1.0])


def test_the_same_project_in_two_lists_counts_once_in_its_earlier_year():
    line = [(0, 300), (1000, 300)]
    made = forecast(projects(line, line[::-1], years=[2028, 2027]))

    assert made.table["added_km"].to_dict() == approx({2027: 1.0, 2028: 0.0})
    assert made.projects["added_km"].to_list() == approx([0.0, 1.0])


def test_projects_that_bring_nothing_are_told():
    lines = projects(
        *[[(0, y), (1000, y)] for y in (300, 400, 500, 600)],
        years=["2027-01-01", None, "2020", "2027-01-01"],
    )
    lines["road_class"] = ["estate", "branch", "branch", None]
    made = forecast(lines, as_of="2025-12-31")

    assert made.projects["not_counted"].to_list() == ["class", "undated", "overdue", "unknown"]
    assert len(made.table) == 0 and made.headline == "1.00 公里/平方公里"
    assert sum("项目未计入" in one for one in made.notices) == 4
    assert made.projects["opening_year"].isna().sum() == 1


def test_a_bare_year_may_be_text_a_number_or_a_number_with_a_blank_below():
    line = [(0, 300), (1000, 300)]
    for years in ("2026", 2026, [2026.0, np.nan]):
        lines = projects(line, [(0, 600), (500, 600)], years=years)
        # The year of the density itself is not over.
        made = forecast(lines, as_of="2026-06-30")
        assert made.table["added_km"].to_dict()[2026] >= 1.0
        assert "overdue" not in set(made.projects["not_counted"])


def test_the_definition_holds_for_projects_too():
    edge = projects([(0, 0), (1000, 0)], [(500, 500), (1500, 500)])
    made = forecast(edge, by="road.core+half")

    assert made.table["added_km"].to_list() == approx([1.0])
    assert made.projects["elsewhere_km"].to_list() == approx([0.5, 0.5])


def test_bad_projects_are_refused_by_name():
    line = [(0, 300), (1000, 300)]
    with pytest.raises(errors.ColumnError, match="`projects` has no column `opened_on`"):
        forecast(roads(line))
    with pytest.raises(errors.ColumnError, match=r"projects.*soon"):
        forecast(projects(line, years="soon"))
    with pytest.raises(errors.ColumnError, match="`projects` has no column `road_class`"):
        forecast(projects(line).drop(columns="road_class"))
    with pytest.raises(errors.CRSError, match="projects"):
        forecast(projects(line).to_crs(4326))
    with pytest.raises(errors.GeometryError, match="projects"):
        forecast(areas(KM).assign(road_class="branch", opened_on=2027))


def test_no_projects_are_no_years():
    none = gpd.GeoDataFrame({"road_class": [], "opened_on": []}, geometry=[], crs=sample.CRS)

    assert len(forecast(none).table) == 0


def test_the_order_of_projects_does_not_matter():
    county = sample.county(1)
    coming = county.roads[county.roads["road_status"] != "built"].assign(opened_on=2027)
    again = county.planned_roads.assign(opened_on="2028-06")
    listed = pd.concat([coming, again], ignore_index=True)
    density = road_density(county.zone, county.roads)
    one, two = (density.forecast(listed.sample(frac=1, random_state=at_)).by_area for at_ in (1, 2))

    pd.testing.assert_frame_equal(one, two, rtol=1e-9)
    # The planned network holds what is built and what is coming, so little is added by it.
    assert one.loc[2028, "added_km"].sum() < 0.2 * again.length.sum() / 1000
    rows = density.forecast(listed).projects
    parts = rows["added_km"] + rows["already_km"] + rows["elsewhere_km"]
    counts = rows["not_counted"] == ""
    assert (parts - rows["length_km"])[counts].abs().max() < 1e-9


# ---------------------------------------------------------------- what is beside what


def left(line, *there):
    lines = np.array([at(LineString(line))])
    stretches, _ = not_there_yet(lines, np.array([at(LineString(one)) for one in there]), 15, 20)
    return sum(one.length for one in stretches)


def test_a_street_that_goes_on_from_a_dead_end_is_new():
    assert left([(1000, 0), (1500, 0)], [(0, 0), (1000, 0)]) == approx(500)


def test_a_street_that_crosses_or_branches_off_is_new():
    assert left([(500, -100), (500, 100)], [(0, 0), (1000, 0)]) == approx(200)
    assert left([(0, 0), (200, 120)], [(0, 0), (1000, 0)]) == approx(np.hypot(200, 120))


def test_a_street_sixteen_metres_off_is_another_and_fourteen_is_the_same():
    assert left([(0, 16), (1000, 16)], [(0, 0), (1000, 0)]) == approx(1000)
    assert left([(0, 14), (1000, 14)], [(1000, 0), (0, 0)]) == 0


def test_a_curve_drawn_twice_has_nothing_left_outside_its_bends():
    bend = [(0, 0), (300, 0), (500, 100), (600, 300), (600, 600)]
    beside = list(at(LineString(bend)).offset_curve(-8).coords)
    line = np.array([LineString(beside)])

    stretches, _ = not_there_yet(line, np.array([at(LineString(bend))]), 15, 20)
    assert sum(one.length for one in stretches) < 15


def test_an_untouched_line_comes_back_as_it_was():
    parts = np.array([MultiLineString([[(0, 0), (33, 0)], [(50, 0), (50, 77)]])])
    stretches, owner = not_there_yet(parts, np.array([LineString([(0, 500), (9, 500)])]), 15, 20)

    assert stretches[0] is parts[0] and owner.tolist() == [0]
    assert len(not_there_yet(parts[:0], parts, 15, 20)[0]) == 0
