"""The sentence beside every village type: printable, complete, and never rounded into a lie."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from deqing_geo import columns, errors, standards
from deqing_geo.villages import classify_villages
from deqing_geo.villages.scheme import shipped
from deqing_geo.villages.wording import FILLED, shown_rule, shown_value, shown_values
from tests.test_village_map import ROWS, USUAL, facts
from tests.test_village_types import (
    AGREED,
    CANDIDATES,
    GOLDEN,
    LAW,
    RM6,
    frame,
    judge,
    log,
    row_of,
    scored,
)


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


# ---------------------------------------------------------------- why, line by line


def why(changes, lang="zh", **options):
    return judge(frame(changes), **options).why(0, lang)


def test_why_tells_what_was_compared_what_failed_before_and_what_would_change_it():
    lines = why({"dist_udb_m": 800, "tt_county_min": 16.2}).splitlines()

    assert lines[0] == "整治提升类(IM-0,规则初判):未触发其他类型条件,属继续保留的一般村庄"
    assert "此前各条件未触发:" in lines
    (suburb,) = [one for one in lines if one.startswith("  SI-2")]
    assert suburb == "  SI-2(城郊融合类):至县城车程16.2分钟(须≤15分钟,相差1.2分钟)"
    (share,) = [one for one in lines if one.startswith("  RM-1")]
    assert share.endswith("比例0.00%(须≥50%,相差50.00个百分点)")
    flip = "最近的变化:若至县城车程由16.2分钟降至15分钟则为城郊融合类(与阈值相差8.00%)"
    assert flip in lines


def test_why_names_the_document_of_every_number_and_owns_up_to_ours():
    ours = why({"dist_udb_m": 800, "tt_county_min": 12})
    assert "比较:距县城城镇开发边界800米(≤1000米,本工具建议值)" in ours
    ningxia = why(RM6)
    assert "常住户数19户(<20户,宁夏搬迁撤并类村庄认定标准(试行)第(6)项" in ningxia
    own = LAW.with_rule("village.centre_minutes", 20, reason="县城交通规划")
    assert "≤20分钟,本单位自定:县城交通规划" in why({"dist_udb_m": 8, "tt_county_min": 12}, law=own)


def test_why_says_not_known_of_what_is_not_known_and_what_filling_it_in_decides():
    text = why({"dist_udb_m": 10, "tt_county_min": None})

    assert "待补资料:至县城车程;补齐后可能为城郊融合类或整治提升类" in text
    assert "数据情况:" in text and "缺至县城车程" in text
    assert "最近的变化" not in text
    english = why({"dist_udb_m": 10, "tt_county_min": None}, "en")
    waits = "Waits for: drive to the county seat; could then be "
    assert f"{waits}suburban integration or upgrading in place" in english


def test_why_keeps_what_the_rules_said_where_people_decided():
    types = judge(frame({"udb_res_share": 0.49}), overrides=log({}))
    text = types.why(0)

    assert text.startswith("特色保护类(O1,人工调整)")
    assert "规则初判:整治提升类(IM-0)" in text and "最近的变化" not in text
    assert "The rules said: upgrading in place (IM-0)" in types.why(0, "en")


def test_why_tells_which_part_of_the_constraint_decides():
    slope = [1.0] * 30 + [15.5]
    text = judge(scored(31, slope_res_mean_deg=slope)).why(30)

    assert "约束程度0.60(由居住用地平均坡度15.5度决定)(≥0.5,本工具建议值)" in text


def test_why_tells_of_conditions_that_were_off_and_why():
    types = judge(frame({}, without=["fault_dist_m"]), skip=["SI-2"])
    text = types.why(0)

    assert "RM-4(缺距断裂带距离)" in text and "SI-2(本次停用)" in text
    assert "SI-2 (left out of this run)" in types.why(0, "en")


def test_why_says_where_no_single_number_would_do():
    steady = "最近的变化:单项指标变动在阈值的50%以内时,类型不变"

    assert steady in why({})
    assert "no single number within 50% of its limit" in why({}, "en")


def test_why_tells_what_stands_in_for_the_data_meant():
    facts = scored(31)
    facts.loc[4, "pop_resident"] = None
    facts.attrs["facts"] = {"pop_resident": "proxy"}
    types = judge(facts)

    assert "数据情况:常住人口为代用数据" in types.why(3)
    assert "常住人口以本镇(街道)中位数补算" in types.why(4)
    assert "resident population filled with the town's median" in types.why(4, "en")


@pytest.mark.parametrize("changes", [row[0] for row in GOLDEN] + CANDIDATES)
def test_why_can_be_printed_and_says_the_same_type_in_both_languages(changes):
    types = judge(frame(changes))
    row = types.table.iloc[0]
    chinese, english = types.why(0), types.why(0, "en")

    assert chinese.encode("gbk")
    assert row["reason"] in chinese.splitlines()[0]
    kind = columns.english("type_final")[row["type_model"]]
    assert english.startswith(f"{kind} ({row['decided_by']}, ")
    told = (
        english.replace(str(row["heritage_list"]), "").replace("某政发1号", "").replace("1号", "")
    )
    told = told.replace("宁夏搬迁撤并类村庄认定标准(试行)", "").replace("第(4)项", "")
    told = told.replace("第(6)项", "")
    assert not any("\u4e00" <= char <= "\u9fff" for char in told)
    assert not any(word in text for text in (chinese, english) for word in ("nan", "None", "{"))
    if row["status"] == "candidate":
        assert "candidate" in english.splitlines()[0]


def test_a_flip_into_relocation_is_a_candidate_in_english_too():
    text = why({"redline_res_share": 0.4}, "en")
    agreed = why({"redline_res_share": 0.4, **AGREED}, "en")

    assert "to 50.00%, it would be a candidate for relocation" in text
    assert "it would be relocation" in agreed
    over = why({"dist_udb_m": 900, "tt_county_min": 12}, "en")
    assert "went from 900 m to just over 1000 m, it would be upgrading in place" in over


def test_another_language_and_another_village_are_refused():
    types = judge(frame({}))

    with pytest.raises(errors.InputError, match="one of zh, en"):
        types.why(0, "de")
    for asked in (types.why, types.reasons):
        with pytest.raises(errors.CodeError, match="No village"):
            asked("9")


# ---------------------------------------------------------------- the same as a table


def test_the_table_has_every_comparison_down_to_the_one_that_decided():
    table = judge(frame({"dist_udb_m": 800, "tt_county_min": 12})).reasons(0)
    last = table[table["rung"] == "SI-2"]

    order = "E0 RM-5 CP-1 RM-3 RM-4 RM-2 RM-1 RM-6 AC-1 SI-1 SI-2"
    assert " ".join(dict.fromkeys(table["rung"])) == order
    assert last["rung_state"].tolist() == ["held", "held"]
    assert last["margin"].tolist() == [approx(0.2), approx(0.2)]
    assert last["limit"].tolist() == [1000, 15] and last["value"].tolist() == [800, 12]
    assert last["rule_document"].tolist() == ["本工具建议值"] * 2
    assert set(table.loc[table["rung"] == "RM-1", "rung_state"]) == {"failed"}
    assert table.loc[table["rung"] == "RM-1", "margin"].tolist() == [-1.0]
    assert set(table.columns) <= set(columns.registry())


def test_the_table_is_of_three_values_and_of_what_was_off():
    types = judge(frame({"redline_res_share": None}, without=["fault_dist_m"]))
    states = types.reasons(0).groupby("rung", sort=False)["rung_state"].first().to_dict()

    assert states["RM-4"] == "off" and states["RM-1"] == "unknown" and states["IM-0"] == "held"
    assert states["RM-2"] == states["SI-1"] == "failed"
    unknown = types.reasons(0).query("rung == 'RM-1'").iloc[0]
    assert (unknown["part_state"], unknown["fact_source"]) == ("unknown", "missing")
    assert unknown["value"] is None and np.isnan(unknown["margin"])


def test_what_is_turned_round_in_a_condition_is_turned_round_in_the_table():
    table = judge(frame(RM6)).reasons(0)
    kept = table[table["fact"] == "retention_value"].iloc[0]

    assert (kept["comparison"], kept["part_state"], kept["value"]) == ("not is", "held", False)


def test_where_nothing_could_be_asked_nothing_is_said_to_hold():
    types = judge(frame({})[["village_name", "geometry"]])

    assert set(types.reasons(0)["rung_state"]) == {"off", "unknown"}
    assert types.why(0).startswith("待补数据")


def test_of_some_villages_only_the_reasons_are_the_same():
    types = judge(frame({"udb_res_share": 0.6}, {"is_town_seat": True}))
    part = types.of(types.table.index == 1)

    assert part.why(1) == types.why(1)
    pd.testing.assert_frame_equal(part.reasons(1), types.reasons(1))


# ---------------------------------------------------------------- words


def test_every_condition_column_and_flag_has_its_english():
    for rung in shipped().rungs:
        assert rung.says_en and not any("\u4e00" <= char <= "\u9fff" for char in rung.says_en)
        assert set(FILLED.findall(rung.says_en)) == set(FILLED.findall(rung.says))
        for column in rung.columns:
            assert columns.registry()[column].en, column
    for one in (*shipped().indicators, *shipped().scores):
        assert columns.registry()[one.column].en, one.column
    for name in ("type_final", "status", "flags", "hazard_class", "unit_kind"):
        assert set(columns.english(name)) == set(columns.vocabulary(name)), name
    assert set(columns.english("why")) > set(columns.phrases("why"))


@pytest.mark.parametrize("column", ["tt_county_min", "udb_res_share", "hh_resident", "constraint"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_many_values_are_written_as_each_by_itself(column, lang):
    values = [0.5, 0.4999999, 15.0, 14.96, 14.9999999, np.nan, 0.0, 19.0, 123.456]
    held = pd.Series([one if one <= 1 or column != "udb_res_share" else 0.25 for one in values])
    limits = [0.5, 15.0, 20.0]
    cut = np.linspace(0.4, 15, len(held))

    many = shown_values(column, held, limits, cut, lang=lang)
    assert many == [
        shown_value(column, one, [*limits, other], lang=lang)
        for one, other in zip(held, cut, strict=True)
    ]
