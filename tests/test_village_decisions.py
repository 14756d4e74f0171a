"""The log on its way: town, review, notice, approval; the last word counts, the rules' is kept."""

from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from deqing_geo import errors
from deqing_geo.villages import classify_villages

DAY = date(2026, 6, 30)
FACTS = {"甲": {"is_central_village": True}, "乙": {}, "丙": {"hazard_major": True}}


def facts(**change):
    rows = [{"village_name": name, "town_name": "某镇", "is_central_village": False,
             "hazard_major": False, **own, **change.get(name, {})}
            for name, own in FACTS.items()]  # fmt: skip
    boxes = [shapely.box(at, 0, at + 1, 1) for at in range(len(rows))]
    return gpd.GeoDataFrame(rows, index=list(FACTS), geometry=boxes)


def row(village, kind, stage=None, **other):
    return {"village_code": village, "type": kind, "reason": "会议决定", "authority": "某镇",
            "document_no": None, "author": "张三", "date": "2026-05-01", "stage": stage,
            **other}  # fmt: skip


def judged(*rows, known=None, **options):
    log = pd.DataFrame(list(rows), dtype=object) if rows else None
    return classify_villages(
        facts() if known is None else known, overrides=log, as_of=DAY, **options
    )


def finals(*rows):
    return judged(*rows).table["type_final"].to_dict()


def test_a_town_that_agrees_confirms_the_rules_and_ends_an_earlier_decision():
    changed = row("甲", "特色保护类", "镇(街道)意见")
    table = judged(changed, row("甲", "同意", "town", reason=None)).table

    assert finals(changed)["甲"] == "heritage"
    assert table.loc["甲", ["type_final", "status", "decided_by"]].tolist() == [
        "cluster", "initial", "AC-2",
    ]  # fmt: skip


@pytest.mark.parametrize("stage", ["会审", "公示", "批复", "review", "notice", "approved"])
def test_a_later_stage_that_agrees_keeps_what_stands(stage):
    changed = row("甲", "特色保护类", "town")

    assert finals(changed, row("甲", "同意", stage))["甲"] == "heritage"
    assert finals(row("甲", "同意", stage))["甲"] == "cluster"
    assert finals(changed, row("甲", "整治提升类", stage))["甲"] == "improve"


def test_the_reason_names_stage_document_authority_and_day():
    types = judged(
        row("甲", "整治提升类", "会审", authority="县自然资源和规划局", document_no="纪要1号")
    )
    one = types.table.loc["甲"]

    assert one["reason"] == "依据纪要1号(会审,县自然资源和规划局,2026-05-01)人工调整:会议决定"
    assert one[["type_model", "model_by", "model_reason", "model_status"]].tolist() == [
        "cluster", "AC-2", "上位规划确定的中心村(或农村新社区集聚点)", "initial",
    ]  # fmt: skip


def test_the_rules_word_of_a_village_people_decided_is_what_it_was_without_them():
    plain = judged().table
    people = judged(row("甲", "improve"), row("丙", "improve", "town")).table
    kept = ["type_model", "model_by", "model_status", "model_reason"]

    pd.testing.assert_frame_equal(pd.DataFrame(people[kept]), pd.DataFrame(plain[kept]))
    assert plain.loc["丙", "model_reason"] == plain.loc["丙", "reason"]
    assert (plain["model_by"] == plain["decided_by"]).all()


def test_agreement_to_another_type_than_todays_is_flagged():
    to = row("甲", "同意", "town", type_model="集聚建设类")
    known = facts(甲={"is_central_village": False})
    candidate = row("丙", "同意", "town", type_model="拟列入(待征求村民意见)")

    assert judged(to, candidate).table["flags"].tolist() == ["", "", ""]
    assert judged(to, known=known).table.loc["甲", "flags"] == "OUTDATED"
    assert "须重新征询" in judged(to, known=known).why("甲")


def test_judged_again_with_what_was_asked_nothing_changes():
    types = judged(row("甲", "improve", "town"), row("丙", "同意", "town"))
    again = classify_villages(types.table, **types.asked)

    pd.testing.assert_frame_equal(
        pd.DataFrame(again.table.drop(columns="geometry")),
        pd.DataFrame(types.table.drop(columns="geometry")),
    )


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"kind": "同意"}, errors.ColumnError, "on a stage also 同意"),
        ({"kind": "improve", "stage": "初审"}, errors.ColumnError, "not '初审'"),
        ({"kind": "improve", "stage": "会审", "reason": " "}, errors.CodeError, "no reason"),
        ({"kind": "同意", "stage": "会审", "author": None}, errors.CodeError, "no author"),
        ({"kind": "relocate", "stage": "会审"}, errors.InputError, "document_no"),
        ({"kind": "relocate", "document_no": "无"}, errors.InputError, "document_no"),
    ],
)
def test_rows_no_one_can_answer_for_are_refused(change, kind, says):
    with pytest.raises(kind, match=says) as caught:
        judged(row("乙", **change))

    assert caught.value.rows == ("乙",)
