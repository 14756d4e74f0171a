"""Changes of types: each with a cause found by judging again, held where it is by a hair."""

import itertools
from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from pytest import approx

from deqing_geo import errors, standards
from deqing_geo.columns import vocabulary
from deqing_geo.villages.causes import FACTORS
from deqing_geo.villages.changes import APPEARED, VANISHED, TypeChanges
from tests.compared import SIDE_M, county, facts, judge

LAW = standards.load()
OVERRIDE = {
    "type": "heritage", "reason": "古桥群", "authority": "镇政府", "document_no": "镇政发1号",
    "author": "张三", "date": "2026-05-01",
}  # fmt: skip


def pair(minutes=(16.0, 30.0), distance=(400.0, 400.0), **more):
    """Two villages that are 城郊融合 by their minutes or not at all."""
    given = {"dist_udb_m": [*distance], "tt_county_min": [*minutes], **more}
    shapes = [shapely.box(at * SIDE_M, 0, (at + 1) * SIDE_M, SIDE_M) for at in range(2)]
    return GeoDataFrame(given, geometry=shapes, index=["A", "B"])


def log(*rows):
    return pd.DataFrame([{**OVERRIDE, **row} for row in rows])


def told(later, earlier, **options):
    return later.changes(earlier, **options).table


# ---------------------------------------------------------------- one factor at a time


def test_nothing_changes_between_a_run_and_itself():
    types = judge(facts())
    found = types.changes(types)

    assert len(found.table) == 0 and found.by_cause.sum() == 0
    assert found.settled.equals(types.series.rename("village_type"))
    assert np.trace(found.matrix.iloc[:-1, :-1]) == len(types.table)


def test_a_fact_that_changed_is_told_with_both_its_values():
    rows = told(judge(pair((9.0, 30.0))), judge(pair()))

    assert rows.loc["A", ["type_before", "type_after", "causes"]].tolist() == [
        "improve", "suburban", "facts",
    ]  # fmt: skip
    assert rows.loc["A", "cause_says"] == "数据变化:至县城车程16.0分钟→9.0分钟"
    assert list(rows.index) == ["A"]


def test_a_number_of_the_law_that_changed_is_told_with_both_its_values():
    law = LAW.with_rule("village.centre_minutes", 20, reason="会审意见")
    rows = told(judge(pair(), law=law), judge(pair()))

    assert rows["causes"].to_dict() == {"A": "rules"}
    assert rows.loc["A", "cause_says"] == "规则变化:至县城车程15分钟→20分钟"


def test_a_condition_that_was_skipped_is_a_rule_that_changed():
    rows = told(judge(pair((9.0, 9.0)), skip=["SI-2"]), judge(pair((9.0, 9.0))))

    assert set(rows["causes"]) == {"rules"}
    assert rows.loc["A", "cause_says"] == "规则变化:停用条件无→SI-2"


def test_a_decision_is_a_cause_of_its_own():
    rows = told(judge(pair(), overrides=log({"village_code": "B"})), judge(pair()))

    assert rows["causes"].to_dict() == {"B": "decision"}
    assert rows.loc["B", "cause_says"] == "人工决定:人工调整无→特色保护类"


def test_a_meeting_that_agreed_is_a_decision():
    asked = {"redline_res_share": [0.7, 0.0], "villager_consent": ["not_asked"] * 2}
    agreed = {**asked, "villager_consent": ["agreed", "not_asked"]}
    earlier = judge(pair(**asked, consent_on=[None, None]))
    rows = told(judge(pair(**agreed, consent_on=["2026-05-01", None])), earlier)

    assert rows.loc["A", ["type_before", "type_after", "causes"]].tolist() == [
        "candidate", "relocate", "decision",
    ]  # fmt: skip
    assert "村民会议意见未征求→同意" in rows.loc["A", "cause_says"]


def test_a_decision_that_only_expired_is_told_by_the_day():
    overrides = log({"village_code": "A", "valid_until": "2026-12-31"})
    earlier = judge(pair(), overrides=overrides, as_of=date(2026, 6, 1))
    later = judge(pair(), overrides=overrides, as_of=date(2027, 6, 1))
    rows = told(later, earlier)

    assert rows.loc["A", "causes"] == "decision" and not rows.loc["A", "held"]


def test_who_changed_only_because_others_did_is_told_so():
    """Everybody else grows; one village's facts stay to the last digit."""
    before = facts()
    earlier = judge(before)
    high = earlier.table.index[earlier.table["decided_by"] == "AC-3"]
    one = high[earlier.table.loc[high, "potential"].argmin()]
    after = before.copy()
    others = after.index != one
    after.loc[others, "fac_count"] = 8
    after.loc[others, "tt_town_min"] = after.loc[others, "tt_town_min"] / 3
    later = judge(after)
    rows = told(later, earlier)

    assert rows.loc[one, "causes"] == "relative"
    assert rows.loc[one, "cause_says"].startswith("相对阈值变化:本村数据未变,因其他村庄变动")
    own = pd.Series(others, index=after.index)
    assert not rows.loc[rows["causes"].eq("relative") & own[rows.index].eq(False)].empty


def test_by_frozen_bounds_no_village_changes_because_others_did():
    before = facts()
    first = judge(before)
    after = before.copy()
    after.loc[after.index[::2], "fac_count"] = 8
    earlier = judge(before, fit=first.fit)
    rows = told(judge(after, fit=first.fit), earlier)

    assert len(rows) and not rows["causes"].str.contains("relative").any()
    assert set(rows["causes"]) == {"facts"}


# ---------------------------------------------------------------- several at once


def test_two_that_only_lead_there_together_are_both_causes():
    law = LAW.with_rule("village.centre_minutes", 15.6, reason="会审意见")
    rows = told(judge(pair((15.5, 30)), law=law), judge(pair((16.0, 30))))

    assert rows.loc["A", "causes"] == "facts;rules"


def test_two_of_which_either_would_have_done_are_both_causes():
    law = LAW.with_rule("village.centre_minutes", 18, reason="会审意见")
    rows = told(judge(pair((12.0, 30)), law=law), judge(pair((16.0, 30))))

    assert rows.loc["A", "causes"] == "facts;rules"


def test_what_changed_beside_the_cause_is_no_cause():
    law = LAW.with_rule("village.redline_share", 0.6, reason="会审意见")
    rows = told(judge(pair((12.0, 30)), law=law), judge(pair((16.0, 30))))

    assert rows.loc["A", "causes"] == "facts"


def perturbed(table, what):
    """The facts and options of the next year, with some of four things otherwise."""
    table, options = table.copy(), {}
    rng = np.random.default_rng(5)
    if "facts" in what:
        table["pop_resident"] = np.round(table["pop_resident"] * rng.uniform(0.6, 1.5, len(table)))
        table.loc[table.index[5], "heritage_list"] = "省级传统村落2025"
        table.loc[table.index[40], "hazard_class"] = None
    if "outline" in what:
        moved = table.index[[2, 12, 22, 32, 42, 52]]
        wide = table.geometry[moved].scale(xfact=1.3, origin="center")
        table.loc[moved, "geometry"] = wide.to_numpy()
        table.loc[moved, ["dist_udb_m"]] = 1400.0
        table.loc[moved[:2], "udb_res_share"] = 0.8
    if "rules" in what:
        options["law"] = LAW.with_rule("village.centre_minutes", 13, reason="会审意见")
        options["skip"] = ["AC-2"]
    if "decision" in what:
        rows = [{"village_code": table.index[at]} for at in (12, 22, 50)]
        options["overrides"] = log(*rows)
        table.loc[table.index[9], ["villager_consent", "consent_on"]] = ["agreed", "2026-05-05"]
    return table, options


FOUR = ("facts", "outline", "rules", "decision")


@pytest.mark.parametrize(
    "what",
    [chosen for size in (1, 2, 4) for chosen in itertools.combinations(FOUR, size)],
    ids="+".join,
)
def test_no_change_is_left_without_a_cause_and_none_has_one_that_did_not_happen(what):
    before = facts()
    earlier = judge(before)
    table, options = perturbed(before, what)
    later = judge(table, **options)
    found = later.changes(earlier)
    rows = found.table

    moved = earlier.shown != later.shown
    assert list(rows.index) == list(moved.index[moved]) and len(rows)
    causes = rows["causes"].str.split(";").map(set)
    assert causes.map(len).gt(0).all()
    assert set().union(*causes) <= {*what, "relative"}
    assert rows["cause_says"].str.len().gt(5).all()
    assert all(one.encode("gbk") for one in rows["cause_says"])
    off = found.matrix.to_numpy() * (1 - np.eye(*found.matrix.shape, dtype=int))
    assert off.sum() == len(rows)
    if what in (("rules",), ("decision",)):
        assert set(rows["causes"]) == {*what}
    if what == FOUR:
        pd.testing.assert_series_equal(rows["causes"], brute(later, earlier, rows.index))


def brute(later, earlier, labels):
    """The smallest sets of factors, by judging every world made from its ingredients."""
    five = (*FOUR, "relative")
    leads = {}
    for size in range(1, 6):
        for chosen in map(frozenset, itertools.combinations(five, size)):
            rules = perturbed(facts(), chosen & {"rules"})[1]
            data = {"facts", "outline"} if "relative" in chosen else set()
            others = judge(perturbed(facts(), data)[0], **rules)
            table, options = perturbed(facts(), chosen & {*FOUR})
            shown = judge(table, **options, fit=others.fit).shown[labels]
            leads[chosen] = shown == later.shown[labels]
    out = []
    for label in labels:
        held = [chosen for chosen, there in leads.items() if there[label]]
        least = [one for one in held if not any(other < one for other in held)]
        causes = frozenset().union(*least)
        out.append(";".join(factor for factor in FACTORS if factor in causes))
    return pd.Series(out, index=labels, name="causes", dtype=object)


def test_every_factor_has_its_word():
    assert {*FACTORS, APPEARED, VANISHED} == set(vocabulary("causes"))


def test_the_order_of_rows_says_nothing_and_both_runs_stay_as_they_were():
    table, options = perturbed(facts(), ("facts", "rules"))
    earlier, later = judge(facts()), judge(table, **options)
    kept = later.table.copy(), earlier.table.copy()
    found = later.changes(earlier)
    mixed = judge(table.sample(frac=1, random_state=3), **options)
    again = mixed.changes(judge(facts().sample(frac=1, random_state=4)))

    pd.testing.assert_frame_equal(
        again.table.sort_index(), found.table.sort_index(), check_like=True
    )
    pd.testing.assert_frame_equal(again.matrix, found.matrix)
    for before, after in zip(kept, (later.table, earlier.table), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(after))


def test_a_column_nobody_gave_before_is_a_fact_that_changed():
    rows = told(judge(facts()), judge(facts().drop(columns=["heritage_list", "fac_count"])))

    assert rows.loc["330521900033", "causes"] == "facts"
    assert "保护名录未提供→中国传统村落2019" in rows.loc["330521900033", "cause_says"]
    assert rows["causes"].ne("").all()


# ---------------------------------------------------------------- outlines and codes


def test_a_fact_taken_from_an_outline_that_moved_is_told_of_the_outline():
    before = pair((16.0, 30), udb_res_share=[0.1, 0.1])
    after = before.assign(udb_res_share=[0.9, 0.9])
    # A moves by a fifth, B by half a metre of a kilometre.
    after.loc["A", "geometry"] = shapely.box(0, 0, SIDE_M, 0.8 * SIDE_M)
    after.loc["B", "geometry"] = shapely.box(SIDE_M, 0, 2 * SIDE_M, SIDE_M - 0.5)
    rows = told(judge(after), judge(before))

    assert rows["causes"].to_dict() == {"A": "outline", "B": "facts"}
    assert rows.loc["A", "moved_share"] == approx(0.2)
    assert rows.loc["A", "cause_says"].startswith("边界变化:界线变动20.00%、居住用地位于")


def test_a_declared_fact_beside_a_moved_outline_is_a_fact():
    before = pair((30.0, 30), is_central_village=[False, False])
    after = before.assign(is_central_village=[True, False])
    after.loc["A", "geometry"] = shapely.box(0, 0, SIDE_M, 0.8 * SIDE_M)

    assert told(judge(after), judge(before)).loc["A", "causes"] == "facts"


def test_a_village_that_was_parted_is_told_with_shares_and_matched_by_nobody():
    before = pair()
    halves = [shapely.box(0, 0, SIDE_M / 4, SIDE_M), shapely.box(SIDE_M / 4, 0, SIDE_M, SIDE_M)]
    after = GeoDataFrame(
        {"dist_udb_m": [400.0] * 3, "tt_county_min": [16.0, 9.0, 30.0]},
        geometry=[*halves, before.geometry["B"]],
        index=["A1", "A2", "B"],
    )
    found = judge(after).changes(judge(before))

    assert found.table["causes"].to_dict() == {"A1": "appeared", "A2": "appeared", "A": "vanished"}
    assert found.lineage[["code_before", "code_after", "share_before"]].to_numpy().tolist() == [
        ["A", "A1", 0.25], ["A", "A2", 0.75],
    ]  # fmt: skip
    assert found.matrix.loc[APPEARED].sum() == 2 and found.matrix[VANISHED].sum() == 1
    assert list(found.settled.index) == ["A1", "A2", "B"]
    assert found.matrix.iloc[:, :-1].to_numpy().sum() == 3


def test_outlines_in_two_systems_are_laid_on_each_other():
    before = facts()
    later = judge(before.to_crs("EPSG:4548"))

    found = later.changes(judge(before))
    assert len(found.table) == 0


# ---------------------------------------------------------------- by a hair


def test_a_change_by_at_most_five_per_cent_is_held_and_one_by_more_is_not():
    """15 minutes and 5 per cent are 14.25."""
    rows = told(judge(pair((14.25, 14.24))), judge(pair((16.0, 16.0))))

    assert rows["held"].to_dict() == {"A": True, "B": False}
    assert rows["margin"].to_dict() == {"A": approx(0.05), "B": approx(0.76 / 15)}
    assert rows["type_settled"].to_dict() == {"A": "improve", "B": "suburban"}


def test_leaving_a_condition_by_a_hair_is_held_as_well():
    found = judge(pair((15.5, 17.0))).changes(judge(pair((14.0, 14.0))))

    assert found.table["held"].to_dict() == {"A": True, "B": False}
    assert found.settled.to_dict() == {"A": "suburban", "B": "improve"}
    assert list(found.held.index) == ["A"]


def test_a_held_change_counts_when_the_next_run_says_the_same():
    oldest, older, now = (judge(pair((one, 30.0))) for one in (16.0, 14.8, 14.9))
    first = older.changes(oldest)
    second = now.changes(older, before=oldest)

    assert first.table.loc["A", "held"] and first.settled["A"] == "improve"
    row = second.table.loc["A"]
    assert row[["type_before", "type_after", "causes", "held"]].tolist() == [
        "improve", "suburban", "facts", False,
    ]  # fmt: skip
    assert "前期已出现同一变化" in row["cause_says"] and second.settled["A"] == "suburban"
    chained = now.changes(older, before=first)
    pd.testing.assert_frame_equal(chained.table, second.table)
    # Nobody who did not look at the run before would know.
    assert len(now.changes(older).table) == 0


def test_a_held_change_that_went_back_leaves_no_trace():
    oldest, older, now = (judge(pair((one, 30.0))) for one in (16.0, 14.8, 15.2))
    found = now.changes(older, before=oldest)

    assert len(found.table) == 0 and found.settled["A"] == "improve"


@pytest.mark.parametrize("what", ["list", "rule", "decision", "missing"])
def test_what_is_listed_ruled_decided_or_not_known_counts_at_once(what):
    before, after, options = pair(), pair(), {}
    if what == "list":
        before = before.assign(heritage_list=[None, None])
        after = after.assign(heritage_list=["中国传统村落", None])
    elif what == "rule":
        options["law"] = LAW.with_rule("village.centre_minutes", 16.1, reason="会审意见")
    elif what == "decision":
        options["overrides"] = log({"village_code": "A", "type": "suburban"})
    else:
        after = after.assign(tt_county_min=[None, 30.0])
    row = told(judge(after, **options), judge(before)).loc["A"]

    assert not row["held"] and row["type_settled"] == row["type_after"]


def test_how_many_villages_there_are_is_no_threshold_one_of_them_is_near():
    """Thirty-one villages are 3 per cent from thirty; that holds nobody back."""
    before = facts(wide=31, high=1)
    after = before.copy()
    one = after.index[20]
    best = {"pop_resident": 9000, "fac_count": 8, "tt_town_min": 1, "tt_centre_min": 5}
    after.loc[one, [*best]] = [*best.values()]
    row = told(judge(after), judge(before)).loc[one]

    assert row["type_after"] == "cluster" and row["margin"] > 0.05 and not row["held"]


def test_a_candidate_is_nothing_to_publish():
    found = judge(pair(redline_res_share=[0.7, 0.0])).changes(judge(pair()))

    assert found.table.loc["A", "type_after"] == "candidate"
    assert found.settled["A"] is None and found.stands["A"] == "candidate"


# ---------------------------------------------------------------- bad input


def test_runs_that_cannot_be_compared_are_refused_with_the_cure():
    types = judge(pair())
    with pytest.raises(errors.InputError, match="earlier run"):
        types.changes(types.table)
    with pytest.raises(errors.InputError, match="older run"):
        types.changes(types, before=types.table)
    with pytest.raises(errors.InputError, match="another run than `previous`"):
        types.changes(types, before=judge(facts()).changes(judge(facts())))
    with pytest.raises(errors.InputError, match="two kinds, 'A' and 0"):
        types.changes(judge(pair().reset_index(drop=True)))
    with pytest.raises(errors.CRSError, match="no coordinate system"):
        types.changes(judge(pair().set_crs("EPSG:4549")))


def test_a_part_of_a_run_is_refused_with_its_villages():
    types = judge(facts())
    part = types.of(types.table["potential"] > types.table["potential_cut"])

    with pytest.raises(errors.InputError, match="Compare whole runs") as caught:
        part.changes(types)
    assert caught.value.rows


def test_it_shows_itself():
    found = judge(pair((14.8, 9.0))).changes(judge(pair()))

    assert isinstance(found, TypeChanges)
    assert repr(found) == "<TypeChanges of 2 villages: 2 rows, 1 held>"
    assert found.headline == "2 个村庄类型变化、暂缓 1"
    assert "暂缓" in found._repr_html_() and found.by_cause["facts"] == 2


# ---------------------------------------------------------------- the practice county


def test_the_practice_county_of_next_year_has_a_cause_for_every_change():
    earlier = county()
    rng = np.random.default_rng(11)
    table = earlier.table.copy()
    grown = table["pop_resident"].astype("Float64") * rng.uniform(0.7, 1.3, len(table))
    table["pop_resident"] = grown.round()
    for column in ("tt_county_min", "tt_centre_min", "tt_town_min"):
        table[column] = table[column] * 0.93
    moved = table.index[::17]
    table.loc[moved, "geometry"] = table.geometry[moved].buffer(-40).to_numpy()
    table.loc[moved, "udb_res_share"] = 0.6
    law = earlier.asked["law"].with_rule("village.score_spread", 0.4, reason="会审意见")
    found = judge(table, law=law).changes(earlier)

    assert len(found.table) > 10 and found.table["causes"].ne("").all()
    assert (found.by_cause[["facts", "rules", "outline"]] > 0).all()
    assert found.matrix.to_numpy().sum() == len(table)
    assert found.notices[0] == "示意数据,非实测,非法定界线,不代表任何实际村庄"
