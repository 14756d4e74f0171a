"""Village types: a golden table, three-valued logic, consent, overrides, scores, laws."""

import itertools
import warnings
from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from deqing_geo import errors, standards
from deqing_geo.columns import vocabulary
from deqing_geo.villages import FIVE, classify_villages
from deqing_geo.villages.conditions import NO, UNKNOWN, YES, truth
from deqing_geo.villages.scheme import shipped

LAW = standards.load()
# A hamlet of which every fact is known and none decides anything.
PLAIN = {
    "village_name": "某村", "town_name": "某镇", "takes_part": True, "unit_kind": "hamlet",
    "urban_rural_code": "220", "in_relocation_plan": False, "relocation_document": None,
    "major_project": False, "heritage_list": None, "hazard_major": False,
    "seismic_intensity": 6, "fault_dist_m": 500, "water1_res_share": 0,
    "redline_res_share": 0, "hollow_rate": 0.1, "hh_resident": 100, "retention_value": False,
    "is_town_seat": False, "udb_res_share": 0, "dist_udb_m": 5000, "tt_county_min": 40,
    "is_central_village": False, "slope_res_mean_deg": 1, "hazard_class": "none",
    "villager_consent": "not_asked", "consent_on": None, "current_type": None,
}  # fmt: skip
RM6 = {"hollow_rate": 0.41, "hh_resident": 19}
AGREED = {"villager_consent": "agreed", "consent_on": "2025-06-01"}
OVERRIDE = {
    "village_code": 0, "type": "heritage", "reason": "古桥群", "authority": "镇政府",
    "document_no": "镇政发〔2026〕1号", "author": "张三", "date": "2026-05-01",
}  # fmt: skip


def limit(key):
    return LAW.rule(key).value


def frame(*rows, without=()):
    table = pd.DataFrame([{**PLAIN, **row} for row in rows], dtype=object)
    shapes = [shapely.box(at, 0, at + 1, 1) for at in range(len(table))]
    return GeoDataFrame(table.drop(columns=list(without)), geometry=shapes)


def judge(facts, **options):
    """Scores of a handful of villages are no matter, nor is the warning about them.

    How close the calls were is asked in test_village_doubt.py.
    """
    options.setdefault("draws", 0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Left out", category=errors.DeqingGeoWarning)
        return classify_villages(facts, **options)


def row_of(changes=(), **options):
    without = options.pop("without", ())
    return judge(frame(dict(changes), without=without), **options).table.iloc[0]


def log(*rows):
    return pd.DataFrame([{**OVERRIDE, **row} for row in rows], dtype=object)


# ---------------------------------------------------------------- the golden table

GOLDEN = [
    # What is changed of the plain hamlet; model, final, status, decided by.
    ({}, "improve", "improve", "initial", "IM-0"),
    ({"takes_part": False}, "urban", "urban", "excluded", "E0"),
    (
        {"takes_part": None, "unit_kind": "residents_committee", "urban_rural_code": "111"},
        "missing", "missing", "missing_data", "E0",
    ),
    (
        {"takes_part": True, "unit_kind": "residents_committee", "urban_rural_code": "111"},
        "improve", "improve", "initial", "IM-0",
    ),
    (
        {"in_relocation_plan": True, "relocation_document": "某政发1号"},
        "relocate", "relocate", "initial", "RM-5",
    ),
    ({"in_relocation_plan": True}, "relocate", None, "candidate", "RM-5"),
    ({"major_project": True}, "relocate", None, "candidate", "RM-5"),
    ({"major_project": True, **AGREED}, "relocate", "relocate", "consented", "RM-5"),
    ({"heritage_list": "中国传统村落"}, "heritage", "heritage", "initial", "CP-1"),
    (
        {"heritage_list": "中国传统村落", "hazard_major": True, "redline_res_share": 1},
        "heritage", "heritage", "initial", "CP-1",
    ),
    (
        {"heritage_list": "中国传统村落", "in_relocation_plan": True, "relocation_document": "1号"},
        "relocate", "relocate", "initial", "RM-5",
    ),
    ({"hazard_major": True}, "relocate", None, "candidate", "RM-3"),
    ({"seismic_intensity": 7, "fault_dist_m": 99.9}, "relocate", None, "candidate", "RM-4"),
    ({"seismic_intensity": 7, "fault_dist_m": 100}, "improve", "improve", "initial", "IM-0"),
    ({"seismic_intensity": 6.9, "fault_dist_m": 10}, "improve", "improve", "initial", "IM-0"),
    ({"water1_res_share": 0.5}, "relocate", None, "candidate", "RM-2"),
    ({"water1_res_share": 0.499999}, "improve", "improve", "initial", "IM-0"),
    ({"redline_res_share": 0.5}, "relocate", None, "candidate", "RM-1"),
    ({"redline_res_share": 0.500001}, "relocate", None, "candidate", "RM-1"),
    ({"redline_res_share": 0.499999}, "improve", "improve", "initial", "IM-0"),
    (RM6, "relocate", None, "candidate", "RM-6"),
    ({**RM6, "hollow_rate": 0.40}, "improve", "improve", "initial", "IM-0"),
    ({**RM6, "hollow_rate": 0.400001}, "relocate", None, "candidate", "RM-6"),
    ({**RM6, "hollow_rate": 0.39}, "improve", "improve", "initial", "IM-0"),
    ({**RM6, "hh_resident": 20}, "improve", "improve", "initial", "IM-0"),
    ({**RM6, "hh_resident": 21}, "improve", "improve", "initial", "IM-0"),
    ({**RM6, "retention_value": True}, "improve", "improve", "initial", "IM-0"),
    ({**RM6, "unit_kind": "village_committee"}, "improve", "improve", "initial", "IM-0"),
    ({**RM6, **AGREED}, "relocate", "relocate", "consented", "RM-6"),
    ({**RM6, "villager_consent": "refused"}, "relocate", None, "refused", "RM-6"),
    ({**RM6, "villager_consent": "agreed"}, "relocate", None, "candidate", "RM-6"),
    ({"is_town_seat": True}, "cluster", "cluster", "initial", "AC-1"),
    ({"is_town_seat": True, "udb_res_share": 0.499999}, "cluster", "cluster", "initial", "AC-1"),
    ({"is_town_seat": True, "udb_res_share": 0.5}, "suburban", "suburban", "initial", "SI-1"),
    (
        {"is_town_seat": True, "dist_udb_m": 0, "tt_county_min": 1},
        "cluster", "cluster", "initial", "AC-1",
    ),
    ({"udb_res_share": 0.5}, "suburban", "suburban", "initial", "SI-1"),
    ({"udb_res_share": 0.499999}, "improve", "improve", "initial", "IM-0"),
    ({"dist_udb_m": 1000, "tt_county_min": 15}, "suburban", "suburban", "initial", "SI-2"),
    ({"dist_udb_m": 999, "tt_county_min": 14}, "suburban", "suburban", "initial", "SI-2"),
    ({"dist_udb_m": 1000, "tt_county_min": 16}, "improve", "improve", "initial", "IM-0"),
    ({"dist_udb_m": 1000, "tt_county_min": 15.01}, "improve", "improve", "initial", "IM-0"),
    ({"dist_udb_m": 1000.1, "tt_county_min": 15}, "improve", "improve", "initial", "IM-0"),
    # A seat half an hour out whose homes lie in a boundary of its own town: that is not the county
    # seat's, so its share there is none, however it is built up.
    (
        {"is_town_seat": True, "builtup_res_share": 0.8, "udb_res_share": 0, "dist_udb_m": 21_000,
         "tt_county_min": 30},
        "cluster", "cluster", "initial", "AC-1",
    ),
    ({"seismic_intensity": 7, "fault_dist_m": 100.1}, "improve", "improve", "initial", "IM-0"),
    ({"seismic_intensity": 7.1, "fault_dist_m": 99.9}, "relocate", None, "candidate", "RM-4"),
    ({"seismic_intensity": 6.999, "fault_dist_m": 99.9}, "improve", "improve", "initial", "IM-0"),
    ({"water1_res_share": 0.500001}, "relocate", None, "candidate", "RM-2"),
    ({"udb_res_share": 0.500001}, "suburban", "suburban", "initial", "SI-1"),
    ({"is_town_seat": True, "udb_res_share": 0.500001}, "suburban", "suburban", "initial", "SI-1"),
    ({"dist_udb_m": 1000, "tt_county_min": 14.999}, "suburban", "suburban", "initial", "SI-2"),
    ({"dist_udb_m": 999.9, "tt_county_min": 15}, "suburban", "suburban", "initial", "SI-2"),
    ({"is_central_village": True}, "cluster", "cluster", "initial", "AC-2"),
    (
        {"is_central_village": True, "dist_udb_m": 0, "tt_county_min": 9},
        "suburban", "suburban", "initial", "SI-2",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "model", "final", "status", "decided"), GOLDEN)
def test_every_rung_decides_at_its_threshold_and_not_beside_it(
    changes, model, final, status, decided
):
    row = row_of(changes)

    assert row[["type_model", "type_final", "status", "decided_by"]].tolist() == [
        model, final, status, decided,
    ]  # fmt: skip
    assert row["village_type"] == row["type_final"]


@pytest.mark.parametrize(
    ("kind", "code", "model"),
    [
        ("residents_committee", "111", "urban"),
        ("residents_committee", "121", "urban"),
        ("residents_committee", "112", "improve"),
        ("village_committee", "111", "improve"),
        ("居委会", 121.0, "urban"),
    ],
)
def test_without_the_bureaus_list_town_communities_stay_out(kind, code, model):
    changes = {"unit_kind": kind, "urban_rural_code": code}

    assert row_of(changes, without=["takes_part"])["type_model"] == model


def test_the_ladder_stands_in_the_decided_order():
    order = "E0 RM-5 CP-1 RM-3 RM-4 RM-2 RM-1 RM-6 AC-1 SI-1 SI-2 AC-2 AC-3 IM-C IM-0"
    assert " ".join(shipped().ids) == order


def scored(count, **columns):
    """Villages whose potential is people alone: 0 to 1 in equal steps."""
    rows = frame(*[{"pop_resident": at} for at in range(count)], without=["hollow_rate"])
    for column, values in columns.items():
        rows[column] = pd.Series(values, dtype=object)
    return rows.drop(columns=["tt_county_min"])


def test_thirty_villages_are_compared_and_twenty_nine_are_not():
    many, few = judge(scored(30)), judge(scored(29))
    # In 0 … 1 with mean .5 and a standard deviation of .2985 the cut is at .6492, after 18/29.
    reached = many.table["decided_by"] == "AC-3"

    assert np.flatnonzero(reached).tolist() == list(range(19, 30))
    assert many.table["potential_cut"].iloc[0] == approx(0.6492, abs=1e-4)
    assert set(few.table["decided_by"]) == {"IM-0"}
    assert limit("village.least_units") == 30


def test_a_score_on_the_cut_has_passed_it():
    (rung,) = [one for one in shipped().rungs if one.id == "AC-3"]
    facts = pd.DataFrame(
        {"potential": [0.5, 0.49], "potential_cut": 0.5, "units_counted": 30, "constraint": 0.0}
    )

    assert truth(rung.when, facts, LAW).tolist() == [YES, NO]


def test_who_takes_no_part_is_not_compared():
    facts = scored(31, takes_part=[True] * 30 + [False])
    found = judge(facts).table

    assert found["units_counted"].tolist() == [30] * 30 + [0]
    assert found["potential"].iloc[29] == approx(1) and found["potential"].isna().iloc[30]


def test_just_above_and_just_below_the_cut_are_two_types():
    """The people of one village decide: the others stay, and so nearly does the cut."""
    rows = scored(30, pop_resident=[1000 * at for at in range(30)])
    below, above = rows.copy(), rows.copy()
    # The cut lies at 18,830 people, and some forty higher where one village has 700 more.
    below.loc[18, "pop_resident"] = 18_700
    above.loc[18, "pop_resident"] = 19_000

    assert judge(below).table["decided_by"].iloc[18] == "IM-0"
    assert judge(above).table["decided_by"].iloc[18] == "AC-3"


def test_what_holds_a_village_back_makes_it_improve_from_one_half_on():
    slope = [1.0] * 27 + [7.9, 14.9, 15.0]
    found = judge(scored(30, slope_res_mean_deg=slope)).table.iloc[-3:]

    assert found["constraint"].tolist() == approx([0.2, 0.4, 0.6])
    assert found["decided_by"].tolist() == ["AC-3", "AC-3", "IM-C"]
    assert found["type_final"].tolist() == ["cluster", "cluster", "improve"]
    exactly = [0.0] * 28 + [0.499999, 0.5]
    at = judge(scored(30, redline_res_share=exactly), skip=["RM-1"]).table.iloc[-2:]
    assert at["decided_by"].tolist() == ["AC-3", "IM-C"]


# ---------------------------------------------------------------- three values


@pytest.mark.parametrize(
    ("changes", "fields", "decided"),
    [
        ({"takes_part": None}, "takes_part", "E0"),
        ({"in_relocation_plan": None}, "in_relocation_plan", "RM-5"),
        ({"major_project": None}, "major_project", "RM-5"),
        ({"hazard_major": None}, "hazard_major", "RM-3"),
        ({"seismic_intensity": 7, "fault_dist_m": None}, "fault_dist_m", "RM-4"),
        (
            {"seismic_intensity": None, "fault_dist_m": None},
            "seismic_intensity;fault_dist_m", "RM-4",
        ),
        ({"water1_res_share": None}, "water1_res_share", "RM-2"),
        ({"redline_res_share": None}, "redline_res_share", "RM-1"),
        ({**RM6, "hollow_rate": None}, "hollow_rate", "RM-6"),
        ({**RM6, "retention_value": None}, "retention_value", "RM-6"),
        ({**RM6, "unit_kind": None}, "unit_kind", "RM-6"),
        ({"is_town_seat": True, "udb_res_share": None}, "udb_res_share", "AC-1"),
        ({"udb_res_share": None}, "udb_res_share", "SI-1"),
        ({"dist_udb_m": 10, "tt_county_min": None}, "tt_county_min", "SI-2"),
        ({"is_central_village": None}, "is_central_village", "AC-2"),
    ],
)  # fmt: skip
def test_a_village_waits_only_for_what_its_type_hangs_on(changes, fields, decided):
    row = row_of(changes)

    assert row[["type_model", "type_final", "status", "decided_by", "decided_how"]].tolist() == [
        "missing", "missing", "missing_data", decided, "missing",
    ]  # fmt: skip
    assert row["missing_fields"] == fields


@pytest.mark.parametrize(
    "changes",
    [
        {"seismic_intensity": 6, "fault_dist_m": None},
        {"seismic_intensity": None, "fault_dist_m": 100},
        {**RM6, "hollow_rate": None, "hh_resident": 20},
        {**RM6, "hh_resident": None, "hollow_rate": 0.4},
        {**RM6, "retention_value": True, "hollow_rate": None, "hh_resident": None},
        {"dist_udb_m": None, "tt_county_min": 16},
        {"dist_udb_m": 1001, "tt_county_min": None},
        {"slope_res_mean_deg": None, "hazard_class": None},
    ],
)
def test_what_is_not_known_stops_nobody_beside_a_plain_no(changes):
    row = row_of(changes)

    assert (row["decided_by"], row["missing_fields"]) == ("IM-0", "")


def test_a_rung_above_decides_before_a_gap_below_it():
    row = row_of({"heritage_list": "中国传统村落", "redline_res_share": None})

    assert row["type_final"] == "heritage"


def test_only_a_village_worth_clustering_waits_for_what_may_hold_it_back():
    slope = [None, *[1.0] * 27, None, None]
    hazard = [*["none"] * 29, "high"]
    found = judge(scored(30, slope_res_mean_deg=slope, hazard_class=hazard)).table

    assert found["decided_by"].iloc[[0, 28, 29]].tolist() == ["IM-0", "AC-3", "IM-C"]
    assert found["missing_fields"].iloc[[0, 28, 29]].tolist() == ["", "slope_res_mean_deg", ""]


@pytest.mark.parametrize(
    ("absent", "rung"),
    [
        ("in_relocation_plan", "RM-5"),
        ("heritage_list", "CP-1"),
        ("hazard_major", "RM-3"),
        ("fault_dist_m", "RM-4"),
        ("water1_res_share", "RM-2"),
        ("redline_res_share", "RM-1"),
        ("retention_value", "RM-6"),
        ("is_town_seat", "AC-1"),
        ("tt_county_min", "SI-2"),
        ("is_central_village", "AC-2"),
    ],
)
def test_a_column_nobody_gave_switches_its_rungs_off_and_is_named(absent, rung):
    without = [absent] + (["major_project"] if rung == "RM-5" else [])
    types = judge(frame({}, without=without))

    assert absent in types.off[rung]
    assert types.table["decided_by"].tolist() == ["IM-0"]
    assert rung in types.line and rung in types._repr_html_()


def test_a_rung_is_on_while_one_way_to_it_is():
    types = judge(frame({"major_project": True}, without=["in_relocation_plan"]))

    assert "RM-5" not in types.off
    assert types.table["decided_by"].tolist() == ["RM-5"]


LEAVES = st.builds(
    lambda at, what: {"column": "abcd"[at], "is": what}, st.integers(0, 3), st.booleans()
)
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
    ),
    max_leaves=8,
)


def completions(known):
    gaps = [name for name, value in known.items() if value is None]
    rows = [
        {**known, **dict(zip(gaps, filled, strict=True))}
        for filled in itertools.product([True, False], repeat=len(gaps))
    ]
    return pd.DataFrame(rows, dtype=object)


KNOWN = st.fixed_dictionaries({name: st.sampled_from([True, False, None]) for name in "abcd"})


@given(NESTED, KNOWN)
def test_what_is_said_without_knowing_all_stays_true_whatever_comes_to_be_known(when, known):
    said = truth(when, pd.DataFrame([known], dtype=object), LAW)[0]
    later = set(truth(when, completions(known), LAW).tolist())

    assert UNKNOWN not in later
    assert said == UNKNOWN or later == {said}


@given(st.permutations("abcd"), KNOWN, st.lists(st.booleans(), min_size=4, max_size=4))
def test_nothing_is_called_unknown_that_is_settled(order, known, wanted):
    one, two, three, four = (
        {"column": name, "is": what} for name, what in zip(order, wanted, strict=True)
    )
    # Each column stands there once, so what is open can really come out either way.
    when = {"any": [{"all": [one, {"not": two}]}, {"all": [three, four]}]}
    said = truth(when, pd.DataFrame([known], dtype=object), LAW)[0]
    later = set(truth(when, completions(known), LAW).tolist())

    assert (said == UNKNOWN) == (later == {NO, YES})


# ---------------------------------------------------------------- consent

CANDIDATES = [
    {"in_relocation_plan": True}, {"major_project": True}, {"hazard_major": True},
    {"seismic_intensity": 8, "fault_dist_m": 1}, {"water1_res_share": 1},
    {"redline_res_share": 1}, RM6,
]  # fmt: skip


@pytest.mark.parametrize("changes", CANDIDATES)
@pytest.mark.parametrize("consent", ["agreed", "refused", "not_asked", None])
@pytest.mark.parametrize("day", ["2025-06-01", None, " "])
def test_nobody_is_relocated_before_the_meeting_agreed_on_a_day(changes, consent, day):
    types = judge(frame({**changes, "villager_consent": consent, "consent_on": day}))
    row = types.table.iloc[0]
    done = consent == "agreed" and day == "2025-06-01"

    assert row["type_model"] == "relocate"
    assert row["type_final"] == ("relocate" if done else None)
    assert types.counts["relocate"] == int(done)
    said_no = consent == "refused"
    assert types.counts["candidate"] == len(types.candidates) == int(not done and not said_no)
    assert types.counts["refused"] == len(types.refused) == int(said_no)
    assert types.counts.sum() == 1
    assert ("UNDATED" in row["flags"]) == (consent == "agreed" and not done)
    assert ("REFUSED" in row["flags"]) == (consent == "refused")


def test_candidates_have_their_own_column_by_town_and_are_no_type_of_the_plan():
    no = {"hazard_major": True, "villager_consent": "refused"}
    types = judge(frame({"hazard_major": True}, {}, {"town_name": "乙镇", **RM6, **AGREED}, no))
    columns = ["relocate", "candidate", "refused", "improve"]

    assert types.by_town.loc["某镇", columns].tolist() == [0, 1, 1, 1]
    assert types.by_town.loc["乙镇", "relocate"] == 1
    assert (types.tally.value, types.tally.counted, types.tally.total) == (2.0, 2, 4)
    assert "1个拟列入搬迁撤并待征求意见、1个村民会议不同意不计入" in types.tally.definition
    assert list(types.counts.index[:5]) == list(FIVE)


# ---------------------------------------------------------------- overrides


def test_people_decide_before_the_rules_and_the_rules_word_is_kept():
    types = judge(frame({}), overrides=log({}), as_of=date(2026, 6, 1))
    row = types.table.iloc[0]

    assert row[["type_model", "type_final", "status", "decided_by", "decided_how"]].tolist() == [
        "improve", "heritage", "override", "O1", "override",
    ]  # fmt: skip
    assert row["reason"] == "依据镇政发〔2026〕1号(镇政府,2026-05-01)人工调整:古桥群"
    assert types.why(0).startswith("特色保护类(O1,人工调整)")


@pytest.mark.parametrize("said", ["城郊融合类", "suburban", "暂不分类", "undecided", "搬迁撤并类"])
def test_types_come_in_chinese_and_in_our_words(said):
    row = row_of(overrides=log({"type": said}))
    ours = {"城郊融合类": "suburban", "暂不分类": "undecided", "搬迁撤并类": "relocate"}

    assert row["type_final"] == ours.get(said, said)
    assert row["status"] == ("undecided" if row["type_final"] == "undecided" else "override")


def test_the_last_decision_counts_and_what_has_ended_does_not():
    both = log({"valid_until": None}, {"type": "improve", "valid_until": "2026-12-31"})
    on_the_day = row_of({"is_town_seat": True}, overrides=both, as_of=date(2026, 12, 31))
    after = row_of({"is_town_seat": True}, overrides=both, as_of=date(2027, 1, 1))

    assert on_the_day[["type_final", "flags"]].tolist() == ["improve", ""]
    assert after[["type_final", "decided_by", "flags"]].tolist() == ["cluster", "AC-1", "EXPIRED"]


def test_a_decision_may_stand_in_the_index_and_bring_in_an_excluded_village():
    by_index = log({"village_code": 0}).set_index("village_code")
    unnamed = by_index.rename_axis(None)

    for one in (by_index, unnamed):
        row = row_of({"takes_part": False}, overrides=one)
        assert row[["type_model", "type_final"]].tolist() == ["urban", "heritage"]


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"village_code": 7}, errors.CodeError, "not there"),
        ({"reason": " "}, errors.CodeError, "no reason"),
        ({"authority": None}, errors.CodeError, "no authority"),
        ({"author": ""}, errors.CodeError, "no author"),
        ({"type": "relocate", "document_no": ""}, errors.InputError, "document_no"),
        ({"type": "集聚提升类"}, errors.ColumnError, "one of"),
        ({"type": "missing"}, errors.ColumnError, "one of"),
        ({"type": None}, errors.ColumnError, "one of"),
        ({"date": "五月"}, errors.ColumnError, "not '五月'"),
        ({"date": "2026-02-30"}, errors.ColumnError, "2026-02-30"),
        ({"valid_until": "以后"}, errors.ColumnError, "valid_until"),
    ],
)
def test_decisions_without_a_village_reason_document_or_day_are_refused(change, kind, says):
    with pytest.raises(kind, match=says) as caught:
        row_of(overrides=log(change))

    assert caught.value.rows == (change.get("village_code", 0),)


def test_a_log_without_its_columns_is_refused_and_an_empty_one_is_none():
    with pytest.raises(errors.ColumnError, match="document_no"):
        row_of(overrides=log({}).drop(columns="document_no"))

    assert row_of(overrides=log({}).iloc[:0])["decided_by"] == "IM-0"


# ---------------------------------------------------------------- skipping, flags, changes


def test_skipped_rungs_decide_nothing_and_are_named():
    near = {"dist_udb_m": 0, "tt_county_min": 1}
    types = judge(frame(near), skip=["SI-2"])

    assert types.table["decided_by"].tolist() == ["IM-0"]
    assert types.off["SI-2"] == ("本次停用",)
    assert not [rule for rule in types.sources if rule.key == "village.udb_distance"]
    with pytest.raises(errors.InputError, match="No rung"):
        judge(frame(near), skip=["SI-9"])
    with pytest.raises(errors.InputError, match="what is left"):
        judge(frame(near), skip=["IM-0"])


INCOME = LAW.targets["village_operating_income"].value
STEEP, LIMIT = limit("village.slope_steep"), limit("village.slope_limit")
HERITAGE = {"heritage_list": "中国传统村落"}


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, ""),
        ({**HERITAGE, "hazard_major": True}, "HX"),
        ({**HERITAGE, "in_relocation_plan": True}, "HP"),
        ({**HERITAGE, "redline_res_share": limit("village.redline_share")}, "HR"),
        ({"collective_op_income": INCOME - 0.01}, "LOWINC"),
        ({"collective_op_income": INCOME}, ""),
        ({"collective_op_income": None}, ""),
        ({"slope_res_mean_deg": STEEP - 0.01}, ""),
        ({"slope_res_mean_deg": STEEP}, "SL15"),
        ({"slope_res_mean_deg": LIMIT}, "SL15"),
        ({"slope_res_mean_deg": LIMIT + 0.01}, "SL25"),
        ({"dist_udb_m": 5000, "tt_county_min": None}, "UNREACHED"),
        ({"whole_area": True, "residential_ha": 0}, "WHOLE"),
        ({"whole_area": False, "residential_ha": 2}, ""),
        ({"unit_kind": "village_committee", "urban_rural_code": "112"}, "URBAN"),
        ({"unit_kind": "residents_committee", "urban_rural_code": "220"}, "URBAN"),
        ({"unit_kind": "residents_committee", "urban_rural_code": "112"}, ""),
        ({**RM6, "villager_consent": "agreed"}, "UNDATED"),
        ({**RM6, "villager_consent": "refused"}, "REFUSED"),
    ],
)
def test_flags_point_at_what_a_person_should_look_at_and_change_nothing(changes, flags):
    row = row_of(changes)

    assert row["flags"] == flags
    assert row["remarks"] == "".join(vocabulary("flags")[one] for one in [flags] if one)


def test_proxies_and_fillings_are_flagged_where_they_stand():
    facts = scored(10)
    facts.loc[3, "pop_resident"] = None
    facts.attrs["facts"] = {"pop_resident": "proxy", "pop_grid": "proxy"}
    types = judge(facts)

    assert types.table["flags"].tolist() == ["PROXY"] * 3 + ["PROXY;FILLED"] + ["PROXY"] * 6
    assert any("常住人口" in notice for notice in types.notices)


@pytest.mark.parametrize(
    ("changes", "current", "changed"),
    [
        ({}, "improve", False),
        ({}, "整治提升类", False),
        ({}, "cluster", True),
        ({}, None, None),
        ({}, "undecided", None),
        (RM6, "improve", None),
        ({**RM6, **AGREED}, "improve", True),
        ({"redline_res_share": None}, "improve", None),
    ],
)
def test_a_change_is_a_type_proposed_against_a_type_in_force(changes, current, changed):
    types = judge(frame({**changes, "current_type": current}))
    told = types.table["type_changed"].tolist()

    assert told == [changed]
    assert len(types.adjustments) == int(changed is True)


# ---------------------------------------------------------------- laws of the whole


@pytest.fixture(scope="module")
def many():
    """Golden villages and fifty more with scores."""
    rng = np.random.Generator(np.random.PCG64(9))
    rows = [dict(row[0]) for row in GOLDEN] + [{} for _ in range(50)]
    people = rng.uniform(100, 3000, len(rows)).round()
    return frame(*[{**row, "pop_resident": one} for row, one in zip(rows, people, strict=True)])


def outcome(types):
    return types.table[["type_model", "type_final", "decided_by", "reason", "flags"]]


def test_the_order_of_villages_changes_no_type(many):
    mixed = many.sample(frac=1, random_state=4)

    pd.testing.assert_frame_equal(
        pd.DataFrame(outcome(judge(mixed)).loc[many.index]), pd.DataFrame(outcome(judge(many)))
    )
    assert judge(mixed).table.index.equals(mixed.index)


def test_the_facts_that_went_in_are_left_as_they_were(many):
    before = many.copy()
    types = judge(many)

    pd.testing.assert_frame_equal(pd.DataFrame(many), pd.DataFrame(before))
    assert types.counts.sum() == len(many)
    assert {"AC-3", "RM-6", "SI-1"} <= set(types.table["decided_by"])


def test_a_typed_table_is_typed_the_same_again_and_so_is_one_with_more_columns(many):
    once = judge(many)

    pd.testing.assert_frame_equal(outcome(judge(once.table)), outcome(once))
    more = judge(many.assign(farmland_pc=1.0, note="同", elev_mean_m=5.0))
    pd.testing.assert_frame_equal(outcome(more), outcome(once))


def test_without_any_list_the_rules_still_run(many):
    lists = [
        "takes_part", "in_relocation_plan", "relocation_document", "major_project",
        "heritage_list", "hazard_major", "retention_value", "is_town_seat",
        "is_central_village", "villager_consent", "consent_on", "current_type",
    ]  # fmt: skip
    types = judge(many.drop(columns=lists))

    assert set(types.off) == {"RM-5", "CP-1", "RM-3", "RM-6", "AC-1", "AC-2"}
    assert types.table["reason"].str.len().min() > 0
    bare = judge(many[["village_name", "geometry"]])
    assert set(bare.table["decided_by"]) == {"IM-0"}
    with pytest.raises(errors.ColumnError, match="town_name"):
        _ = bare.by_town


def test_facts_with_missing_cells_of_any_kind_are_read_alike(many):
    nullable = many.assign(
        is_town_seat=many["is_town_seat"].astype("boolean"),
        udb_res_share=many["udb_res_share"].astype(float).astype("Float64"),
        hh_resident=many["hh_resident"].astype("Int64"),
        heritage_list=many["heritage_list"].fillna(""),
    )
    nullable.loc[0, "is_town_seat"] = pd.NA

    assert judge(nullable).table["missing_fields"].iloc[0] == "is_town_seat"
    pd.testing.assert_frame_equal(outcome(judge(nullable)).iloc[1:], outcome(judge(many)).iloc[1:])


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("is_town_seat", "也许", "neither"),
        ("hazard_class", "很高", "it may hold"),
        ("udb_res_share", "一半", "is a number"),
        ("udb_res_share", 80, "ratio from 0 to 1"),
        ("tt_county_min", float("inf"), "is a number"),
        ("dist_udb_m", -1, "below 0"),
        ("consent_on", "待定", "is a day"),
    ],
)
def test_facts_that_are_nonsense_are_refused_with_their_rows(column, value, says):
    with pytest.raises(errors.ColumnError, match=says) as caught:
        judge(frame({}, {column: value}))

    assert caught.value.rows == (1,)


def test_labels_are_single_and_no_villages_are_no_types():
    twice = frame({}, {}).set_axis([1, 1], axis="index")
    with pytest.raises(errors.InputError, match="repeats labels"):
        judge(twice)
    nobody = judge(frame({}).iloc[:0])

    assert nobody.counts.sum() == 0 and nobody.headline.startswith("0")
    with pytest.raises(errors.CodeError, match="No village"):
        nobody.why(3)


def test_the_types_of_one_town_are_those_it_had_among_all(many):
    many = many.iloc[: len(many) // 2 * 2]
    types = judge(many.assign(town_name=["甲镇", "乙镇"] * (len(many) // 2)))
    part = types.of(types.table["town_name"] == "乙镇")

    assert part.counts.sum() == len(many) // 2
    assert part.by_town.loc["乙镇"].tolist() == types.by_town.loc["乙镇"].tolist()
    pd.testing.assert_series_equal(
        part.table["potential"], types.table.loc[part.table.index, "potential"]
    )
