"""Every target of the plan beside what was measured, and no verdict that nobody can sign."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

import deqing_geo as dg
from deqing_geo import columns as names
from deqing_geo import errors, sample, standards, tallies

LAW = standards.load()
FIELDS = {"value": 5.0, "unit": "个/年", "definition": "", "notices": (), "origins": ()}


def tally(key, value, unit=None, **more):
    target = LAW.targets[key]
    found = unit or ("ratio" if target.unit == "%" else target.unit)
    made = tallies.Tally(key, float(value), found, 1, 1, f"口径 {key}", ("说明甲",), ("甲.gpkg",))
    return replace(made, **more)


def verdict(key, value, unit=None, on=None, **more):
    made = dg.scorecard(tally(key, value, unit, **more), law=LAW, on=on)
    return made.table.loc[key, "verdict"]


def paper_town():
    zone = sample.zone()
    return [
        dg.road_density(zone, sample.roads()),
        dg.park_coverage(zone, sample.parks(), sample.homes()),
    ]


def test_the_plan_stands_in_its_order_whatever_was_measured():
    density, coverage = paper_town()
    one, two = dg.scorecard(density, coverage, law=LAW), dg.scorecard(coverage, density, law=LAW)

    assert one.table["id"].to_list() == [f"T{n:02d}" for n in range(1, 104)]
    assert list(one.table.index) == list(LAW.targets) and one.table.index.name == "target_key"
    pd.testing.assert_frame_equal(one.table, two.table)
    assert set(one.table.columns) | {one.table.index.name} <= set(names.registry())
    assert set(one.table["verdict"]) <= set(names.vocabulary("verdict"))
    assert set(one.table["computable"]) == set(names.vocabulary("computable"))


def test_paper_town_by_pencil():
    """65,000 of 155,000 m2 of homes; 3 km of road and a lane of 1 km on 3 km2."""
    made = dg.scorecard(*paper_town(), law=LAW)
    road, park = made.table.loc["road_density"], made.table.loc["park_coverage"]

    assert road["measured"] == pytest.approx(4 / 3, abs=1e-3) and road["target"] == 8
    assert road["gap"] == 8 - road["measured"] and road["unit"] == "km/km2"
    assert park["measured"] == pytest.approx(65 / 155, abs=1e-4) and park["target"] == 0.91
    assert (park["shown"], park["asked"], park["unit"]) == ("41.94%", "不低于 91%", "ratio")
    assert {road["verdict"], park["verdict"]} == {"no_baseline"}
    assert park["definition"] == LAW.definition("park_coverage").line
    assert made.measured == 2 and list(made.behind.index) == ["road_density", "park_coverage"]
    assert names.word("notice.schematic") in made.notices and "未合并双线,偏高" in made.notices
    assert road["source"] == "示意,2025-12-31" and "县建设局" in road["departments"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("road_density", 8.0, "met"),
        ("road_density", 7.9999999, "no_baseline"),
        ("park_coverage", 0.91, "met"),
        ("ev_charging_coverage", 1.0, "met"),
        ("ev_charging_coverage", 0.999999, "no_baseline"),
        ("bus_integration_rate", 1.0, "met"),
        ("village_clinics", 4, "met"),
        ("village_clinics", 3, "no_baseline"),
        ("key_project_investment", 370, "no_baseline"),
        ("urban_rural_income_ratio", 1.61, "no_baseline"),
        ("urban_rural_income_ratio", 1.6, "met"),
        ("future_communities", 21, "no_baseline"),
        ("dead_end_roads_opened", 3, "qualitative"),
        ("culture_hall_rules", 10, "qualitative"),
        ("village_collective_income", 7, "disputed"),
        ("village_collective_assets", 5, "disputed"),
        ("village_collective_assets", float("nan"), "not_measured"),
        ("park_coverage", float("nan"), "not_measured"),
    ],
)
def test_a_verdict_by_the_unrounded_figure(key, value, said):
    assert verdict(key, value) == said


def test_a_share_may_answer_a_target_that_asks_a_number_of_each_or_none():
    assert verdict("village_operating_income", 1.0, "ratio") == "met"
    assert verdict("village_operating_income", 0.99, "ratio") == "no_baseline"
    assert verdict("parcel_stations", 0.5, "ratio") == "qualitative"
    made = dg.scorecard(tally("village_operating_income", 0.8, "ratio"), law=LAW)
    row = made.table.loc["village_operating_income"]
    assert (row["target"], row["shown"]) == (1.0, "80.00%") and row["gap"] == pytest.approx(0.2)


def test_a_target_is_missed_when_its_year_is_over_and_not_before():
    assert verdict("road_density", 7, on=date(2027, 12, 31)) == "no_baseline"
    assert verdict("road_density", 7, on=date(2028, 1, 1)) == "missed"
    assert verdict("road_density", 8, on=date(2028, 1, 1)) == "met"
    assert verdict("village_clinics", 3, on=date(2025, 12, 31), year=2025) == "no_baseline"
    assert verdict("village_clinics", 3, on=date(2026, 1, 1), year=2025) == "missed"
    assert verdict("village_clinics", 3, on=date(2026, 1, 1)) == "no_baseline"


def test_a_share_that_hangs_on_villages_without_data_is_not_called_met():
    """91 of 100 answered: with ten more that are unknown, 91 of 110 may be all."""
    known = {"counted": 91, "total": 100}

    assert verdict("sewage_village_coverage", 0.91, **known) == "met"
    assert verdict("sewage_village_coverage", 0.91, **known, unknown=1) == "met"
    assert verdict("sewage_village_coverage", 0.91, **known, unknown=10) == "incomplete"
    assert verdict("sewage_village_coverage", 0.80, **known, unknown=10) == "no_baseline"


def test_a_figure_is_never_shown_across_its_target():
    made = dg.scorecard(
        tally("road_density", 7.996), tally("park_coverage", 0.909999), law=LAW
    ).table

    assert made.loc["road_density", "shown"] == "7.996 公里/平方公里"
    assert made.loc["park_coverage", "shown"] == "90.9999%"


def test_what_is_above_the_number_is_not_behind_and_what_is_at_an_excess_is():
    made = dg.scorecard(tally("key_project_investment", 370), tally("road_density", 9), law=LAW)

    assert list(made.behind.index) == ["key_project_investment"]
    assert made.table.loc["road_density", "gap"] == 0.0
    assert made.table.loc["key_project_investment", "gap"] == 0.0


def test_only_what_was_measured():
    made = dg.scorecard(tally("village_clinics", 5), law=LAW, computed_only=True)

    assert list(made.table.index) == ["village_clinics"] and made.measured == 1
    assert len(dg.scorecard(law=LAW, computed_only=True).table) == 0
    nothing = dg.scorecard(law=LAW)
    assert nothing.measured == 0 and len(nothing.table) == 103 and len(nothing.behind) == 0
    assert nothing.table["measured"].isna().all()


def test_a_result_is_taken_by_what_it_offers():
    types = SimpleNamespace(tally=tally("village_types", 5))

    assert dg.scorecard(types, law=LAW).table.loc["village_types", "verdict"] == "met"


def test_two_results_for_one_target_are_refused():
    with pytest.raises(errors.InputError, match="Two results answer `village_clinics`"):
        dg.scorecard(tally("village_clinics", 5), tally("village_clinics", 4), law=LAW)


@pytest.mark.parametrize("odd", [5, None, "road_density", pd.DataFrame()])
def test_what_is_no_result_is_refused(odd):
    with pytest.raises(errors.InputError, match="no result for a scorecard"):
        dg.scorecard(odd, law=LAW)


def test_other_mistakes_are_refused():
    with pytest.raises(errors.InputError, match="no plan with targets"):
        dg.scorecard(law=standards.load("national"))
    with pytest.raises(errors.InputError, match="no plan with targets"):
        dg.scorecard(law=None)
    with pytest.raises(errors.InputError, match="which is no target"):
        dg.scorecard(SimpleNamespace(**FIELDS, key="clinics"), law=LAW)
    with pytest.raises(errors.StandardsError, match="no target of the plan"):
        replace(tally("village_clinics", 5), key="clinics")
    with pytest.raises(errors.UnitError, match="road_density is in km/km2"):
        dg.scorecard(tally("road_density", 8000, "m/km2"), law=LAW)
    with pytest.raises(errors.InputError, match="no date"):
        dg.scorecard(law=LAW, on="2026-01-01")


def test_it_shows_itself_on_a_gbk_console_and_as_a_card():
    made = dg.scorecard(*paper_town(), tally("village_clinics", 5), law=LAW)

    assert repr(made) == "<Scorecard of 103 targets: 3 with a figure, 1 met, 2 not yet>"
    page = made._repr_html_()
    assert "41.94%" in page and "已达标" in page and "不作判定" in page
    assert all(notice in page for notice in made.notices)
    made.table.to_csv().encode("gbk")
    made.headline.encode("gbk")


def test_the_module_does_not_hide_the_function():
    import deqing_geo.progress

    assert callable(dg.scorecard) and deqing_geo.progress.scorecard is dg.scorecard


def test_the_table_can_be_saved(tmp_path):
    made = dg.scorecard(*paper_town(), law=LAW, computed_only=True)
    text = dg.save_table(made.table, tmp_path / "s.csv").read_text("utf-8-sig")

    assert "公园绿地服务半径覆盖率" in text and "缺基期值或年度目标,不作判定" in text


def test_what_a_county_can_answer_today():
    made = sample.county(0)
    results = [
        dg.road_density(made.zone, made.roads),
        dg.park_coverage(made.zone, made.parks, made.homes),
        tallies.communities_with(made.villages, made.facilities, "charging", made.zone),
        tallies.dead_ends(made.roads, made.zone, planned=made.planned_roads),
        tallies.pocket_parks(made.parks, made.zone),
        tallies.villages_where(made.village_table, "sewage_served"),
        tallies.villages_sum(made.village_table, "homesteads_revived"),
        tallies.rural_roads_opened(made.roads, "2023-01-01"),
        tallies.villages_with(made.villages, made.facilities, "bus_stop"),
        tallies.villages_with(made.villages, made.facilities, "parcel"),
        tallies.clinics_opened(made.facilities, 2025),
        tallies.villages_reaching(made.village_table, "collective_op_income"),
        tallies.villages_listed(made.village_table),
    ]
    found = dg.scorecard(*results, law=LAW)
    answered = found.table[found.table["measured"].notna() & (found.table["computable"] == "yes")]

    assert set(answered["id"]) >= {
        "T04", "T11", "T12", "T35", "T37", "T58", "T79", "T85", "T86", "T91", "T97",
    }  # fmt: skip
    assert found.measured == len(answered) == 11
    assert found.table.loc["road_density", "shown"] == "7.06 公里/平方公里"
    assert found.table.loc["village_operating_income", "measured"] < 1
    assert found.table.loc["dead_end_roads_opened", "measured"] > 0
