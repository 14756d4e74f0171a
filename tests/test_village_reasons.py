"""The sentence beside every village type: printable, complete, and never rounded into a lie."""

from datetime import date

import pytest

from deqing_geo import errors, standards
from deqing_geo.villages import classify_villages
from deqing_geo.villages.scheme import shipped
from deqing_geo.villages.wording import shown_rule
from tests.test_village_map import ROWS, USUAL, facts
from tests.test_village_types import CANDIDATES, GOLDEN, LAW, RM6, judge, row_of, scored


@pytest.mark.parametrize("changes", [row[0] for row in GOLDEN] + CANDIDATES)
def test_every_reason_is_a_chinese_sentence_a_console_can_print(changes):
    row = row_of(changes)

    assert row["reason"] and any("\u4e00" <= char <= "\u9fff" for char in row["reason"])
    assert row["reason"].encode("gbk")
    assert "{" not in row["reason"] and "nan" not in row["reason"]


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({"seismic_intensity": 7, "fault_dist_m": 40}, ["7度", "40米"]),
        ({"water1_res_share": 0.62}, ["62.00%"]),
        ({"redline_res_share": 0.5}, ["50.00%"]),
        (RM6, ["41.00%", "19户"]),
        ({"udb_res_share": 0.75}, ["75.00%"]),
        ({"dist_udb_m": 730.4, "tt_county_min": 12.25}, ["730米", "12.2分钟"]),
    ],
)
def test_a_reason_shows_the_values_and_what_they_were_compared_with(changes, value):
    row = row_of(changes)
    (rung,) = [one for one in shipped().rungs if one.id == row["decided_by"]]

    assert all(one in row["reason"] for one in value), row["reason"]
    assert all(shown_rule(LAW.rule(key)) in row["reason"] for key in rung.rules)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"udb_res_share": 0.500001}, "50.0001%"),
        ({**RM6, "hollow_rate": 0.4000001}, "40.00001%"),
        ({"seismic_intensity": 7, "fault_dist_m": 99.9}, "99.9米"),
        ({"dist_udb_m": 999.8, "tt_county_min": 14.96}, "14.96分钟"),
        ({"dist_udb_m": 999.8, "tt_county_min": 14.96}, "999.8米"),
    ],
)
def test_no_value_is_rounded_across_its_threshold(changes, shown):
    assert shown in row_of(changes)["reason"]


def test_a_planners_own_share_is_shown_as_it_is():
    own = standards.Rule.local(0.125, "ratio", reason="本县")

    assert shown_rule(own) == "12.5%"


def test_a_score_never_looks_lower_than_the_cut_it_passed():
    found = judge(scored(31)).table
    for reason in found.loc[found["decided_by"] == "AC-3", "reason"]:
        score, cut = (
            float(reason.split(mark)[1].split(stop)[0])
            for mark, stop in (("得分", "("), ("(≥", ","))
        )
        assert score >= cut
        assert "31个村庄参与计算" in reason


def test_a_meeting_still_to_come_has_agreed_to_nothing():
    rows = {"F": {**USUAL, **ROWS["F"]}, "C": {**USUAL, **ROWS["C"]}}
    made = facts(rows).assign(villager_consent=["agreed", None], consent_on=["2026-03-01", None])

    def status(day):
        with pytest.warns(errors.DeqingGeoWarning):
            types = classify_villages(made, as_of=day)
        return types.table.loc["F", ["status", "type_final"]].to_list()

    assert status(date(2026, 2, 28)) == ["candidate", None]
    assert status(date(2026, 3, 1)) == ["consented", "relocate"]
