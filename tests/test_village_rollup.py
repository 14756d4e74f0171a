"""Administrative villages from their hamlets."""

import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from pytest import approx

from deqing_geo import errors, standards
from deqing_geo.columns import registry
from deqing_geo.villages.rollup import roll_up
from tests.compared import judge

LAW = standards.load()
PLAIN = {
    "unit_kind": "hamlet", "parent_code": "P", "pop_resident": 100, "udb_res_share": 0.0,
    "redline_res_share": 0.0, "heritage_list": None, "villager_consent": "not_asked",
    "consent_on": None, "takes_part": True,
}  # fmt: skip
AGREED = {"redline_res_share": 0.9, "villager_consent": "agreed", "consent_on": "2026-01-01"}
CANDIDATE = {"redline_res_share": 0.9}
SUBURB = {"udb_res_share": 0.9}
ADMIN = {"unit_kind": "village_committee", "parent_code": None}


def table(*rows, index=None):
    made = pd.DataFrame([{**PLAIN, **row} for row in rows], dtype=object)
    shapes = [shapely.box(at, 0, at + 1, 1) for at in range(len(rows))]
    made = GeoDataFrame(made, geometry=shapes)
    return made.set_axis(index or [f"H{at}" for at in range(len(rows))])


def rolled(*rows, index=None, **options):
    return roll_up(judge(table(*rows, index=index)), **options)


def one(*rows, **options):
    return rolled(*rows, **options).table.loc["P"]


def test_half_of_the_people_in_agreed_relocation_makes_a_relocation_and_less_does_not():
    half = one({**AGREED, "pop_resident": 50}, {"pop_resident": 50})
    less = one({**AGREED, "pop_resident": 49}, {"pop_resident": 51})

    assert half["village_type"] == "relocate" and half["relocate_share"] == 0.5
    assert half["reason"].startswith("50.00%的常住人口在搬迁撤并类自然村(≥50%)")
    assert less["village_type"] == "improve"


def test_candidates_among_the_hamlets_make_a_candidate_and_no_type():
    row = one(
        {**AGREED, "pop_resident": 30}, {**CANDIDATE, "pop_resident": 30}, {"pop_resident": 40}
    )

    assert row["village_type"] is None and row["type_after"] == "candidate"
    assert (row["relocate_share"], row["candidate_share"]) == (0.3, 0.3)
    assert "60.00%" in row["reason"] and "30.00%尚未经村民会议同意" in row["reason"]


def test_a_refusal_counts_for_nobody():
    row = one(
        {**CANDIDATE, "villager_consent": "refused", "pop_resident": 90}, {"pop_resident": 10}
    )

    assert row["type_after"] == "improve"


@pytest.mark.parametrize(
    ("facts", "kept"),
    [(SUBURB, "suburban"), ({"heritage_list": "中国传统村落"}, "heritage"), ({}, None)],
)
def test_what_an_administrative_village_meets_itself_stands_before_its_hamlets(facts, kept):
    rows = [{**ADMIN, **facts}, {**AGREED}, {**AGREED}]
    row = rolled(*rows, index=["P", "H1", "H2"]).table.loc["P"]

    assert row["village_type"] == (kept or "relocate")
    assert row["own_type"] == (kept or "improve") and row["relocate_share"] == 1.0
    own = judge(table({**ADMIN, **facts}, index=["P"]))
    apart = roll_up(judge(table(AGREED, AGREED)), own=own).table.loc["P"]
    assert apart[["village_type", "reason"]].tolist() == row[["village_type", "reason"]].tolist()


def test_without_a_type_of_its_own_the_type_of_most_people_counts():
    row = one({**SUBURB, "pop_resident": 60}, {"pop_resident": 25}, {"pop_resident": 15})

    assert row["village_type"] == row["leading_type"] == "suburban"
    assert row["reason"] == "60.00%的常住人口在城郊融合类自然村,占比最大"


def test_as_many_people_in_one_type_as_in_another_is_for_a_person_to_say():
    found = rolled({**SUBURB, "pop_resident": 50}, {"pop_resident": 50})

    assert found.table.loc["P", "type_after"] is None and list(found.ties.index) == ["P"]
    assert "由人工决定" in found.table.loc["P", "reason"] and "人口并列 1" in found.headline


def test_a_hamlet_whose_people_nobody_counted_leaves_its_village_missing():
    row = one({**SUBURB, "pop_resident": None}, {"pop_resident": 50})
    alike = one({**SUBURB, "pop_resident": None}, {**SUBURB})

    assert row[["type_after", "missing_fields"]].tolist() == ["missing", "pop_resident"]
    assert row["reason"] == "1个自然村缺常住人口,暂不判定" and pd.isna(row["pop_resident"])
    # Where all are alike nobody has to be counted.
    assert alike["village_type"] == "suburban"
    assert one({**SUBURB, "pop_resident": 0}, {"pop_resident": 0})["type_after"] == "missing"


def test_a_hamlet_that_waits_for_data_stops_only_what_hangs_on_it():
    gap = {"redline_res_share": None}
    hangs = one({**gap, "pop_resident": 45}, {**AGREED, "pop_resident": 45}, {"pop_resident": 10})
    settled = one({**gap, "pop_resident": 10}, {**AGREED, "pop_resident": 50}, {"pop_resident": 40})
    ahead = one({**gap, "pop_resident": 10}, {**SUBURB, "pop_resident": 70}, {"pop_resident": 20})

    assert hangs["type_after"] == "missing" and "可能改变结果" in hangs["reason"]
    assert settled["type_after"] == "relocate" and ahead["type_after"] == "suburban"


def test_hamlets_that_take_no_part_are_not_counted():
    row = one(
        {"takes_part": False, "pop_resident": 900},
        {**SUBURB, "pop_resident": 60},
        {"pop_resident": 40},
    )
    none = one({"takes_part": False})

    assert row["village_type"] == "suburban" and row["pop_resident"] == 100
    assert none["type_after"] == "urban"


def test_what_a_person_decided_of_the_administrative_village_stands():
    decided = {
        "village_code": "P", "type": "improve", "reason": "近期不搬", "authority": "镇政府",
        "document_no": "1号", "author": "张三", "date": "2026-05-01",
    }  # fmt: skip
    types = judge(
        table(ADMIN, AGREED, AGREED, index=["P", "H1", "H2"]), overrides=pd.DataFrame([decided])
    )

    assert roll_up(types).series["P"] == "improve"


def test_the_share_is_the_planners_to_change():
    rows = table({**AGREED, "pop_resident": 50}, {"pop_resident": 50})
    law = LAW.with_rule("village.roll_up_share", 0.6, reason="会审意见")
    found = roll_up(judge(rows, law=law))

    assert found.table.loc["P", "type_after"] != "relocate"
    assert found.sources[0].value == 0.6 and "会审意见" in found._repr_html_()


def test_shares_add_up_and_the_order_of_rows_says_nothing():
    rows = [{"parent_code": "PQ"[at % 2], "pop_resident": 10 + at} for at in range(9)]
    rows[0] |= SUBURB
    rows[3] |= AGREED
    made = table(*rows)
    found = roll_up(judge(made))
    mixed = roll_up(judge(made.sample(frac=1, random_state=2)))

    assert found.shares.sum(axis=1).to_list() == approx([1.0, 1.0])
    pd.testing.assert_frame_equal(found.table, mixed.table)
    assert found.counts.sum() + len(found.ties) == 2
    assert set(found.table) <= set(registry())
    assert repr(found) == "<RollUp of 2 administrative villages: 2 improve>"


def test_codes_that_a_spreadsheet_took_for_numbers_are_found_again():
    rows = [{**ADMIN, "pop_resident": None}, {"parent_code": 330521901200.0}]
    found = rolled(*rows, index=["330521901200", "H1"])

    assert list(found.table.index) == ["330521901200"]
    assert found.table["own_type"].tolist() == ["improve"]


def test_hamlets_without_a_village_are_told():
    found = rolled({"parent_code": None}, {"parent_code": " "}, {})

    assert any(one == "无所属行政村代码的自然村未计入:2" for one in found.notices)
    assert found.table.loc["P", "hamlet_count"] == 1


def test_a_table_that_cannot_be_rolled_up_is_refused_with_its_rows():
    with pytest.raises(errors.ColumnError, match="carry no `parent`"):
        rolled({}, parent="parent")
    with pytest.raises(errors.InputError, match="names its administrative village"):
        rolled({"parent_code": None})
    with pytest.raises(errors.CodeError, match="its own administrative village") as caught:
        rolled({"parent_code": "H0"})
    assert caught.value.rows == ("H0",)
    with pytest.raises(errors.CodeError, match="is a hamlet itself"):
        rolled({"parent_code": "H1"}, {})
    with pytest.raises(errors.InputError, match="in `types` and in `own`"):
        both = judge(table(ADMIN, {}, index=["P", "H1"]))
        roll_up(both, own=judge(table(ADMIN, index=["P"])))
    with pytest.raises(errors.ColumnError, match="no number of people"):
        roll_up(judge(table({}).assign(heads="x")), people="heads")
    with pytest.raises(errors.ColumnError, match="people from 0"):
        roll_up(judge(table({}).assign(heads=-1)), people="heads")
