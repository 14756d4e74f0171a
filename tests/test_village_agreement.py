"""Agreement with published types, and the types added up."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from deqing_geo import errors
from deqing_geo.columns import registry, vocabulary
from deqing_geo.villages import FIVE
from deqing_geo.villages.agreement import COPIED, cohen_kappa
from deqing_geo.villages.kinds import SHOWN
from tests.compared import facts, judge

# What each letter stands for among the facts of a village.
ROLES = {
    "S": {"udb_res_share": 0.9},
    "I": {},
    "H": {"heritage_list": "中国传统村落"},
    "C": {"is_central_village": True},
    "R": {"redline_res_share": 0.8},
    "M": {"udb_res_share": None},
    "U": {"takes_part": False},
}


def villages(roles, **columns):
    """A row of villages, of the type that each letter asks for."""
    plain = {
        "takes_part": True, "udb_res_share": 0.0, "heritage_list": None,
        "is_central_village": False, "redline_res_share": 0.0,
        "villager_consent": "not_asked", "consent_on": None,
    }  # fmt: skip
    rows = pd.DataFrame([{**plain, **ROLES[one]} for one in roles], dtype=object)
    shapes = [shapely.box(at * 1000, 0, at * 1000 + 1000, 1000) for at in range(len(roles))]
    table = GeoDataFrame(rows, geometry=shapes, crs="EPSG:4549").assign(**columns)
    return table.set_axis([f"V{at}" for at in range(len(roles))])


def types_of(roles, official=None, **options):
    columns = {} if official is None else {"official_type": list(official)}
    return judge(villages(roles, **columns), **options)


# ---------------------------------------------------------------- kappa


def test_kappa_of_cohens_own_example():
    """Cohen 1960, p. 45: .70 of 200 agree, .41 by chance; kappa is .492.

    Rows 100, 60, 40 and columns 120, 60, 20: (100*120 + 60*60 + 40*20) / 200^2 = .41.
    """
    counts = [[88, 10, 2], [14, 40, 6], [18, 10, 12]]

    assert (88 + 40 + 12) / 200 == 0.70
    assert approx(0.41) == (100 * 120 + 60 * 60 + 40 * 20) / 200**2
    assert cohen_kappa(counts) == approx((0.70 - 0.41) / (1 - 0.41)) == approx(0.492, abs=5e-4)


def test_kappa_of_fleiss_diagnoses():
    """Fleiss 1981, table 13.1, in hundredths: .89 observed, .66 expected; kappa is .68."""
    counts = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]

    assert (75 + 4 + 10) / 100 == 0.89
    assert approx(0.66) == (80 * 80 + 10 * 5 + 10 * 15) / 100**2
    assert cohen_kappa(counts) == approx(0.23 / 0.34) == approx(0.68, abs=5e-3)


@given(st.lists(st.integers(0, 40), min_size=9, max_size=9))
def test_kappa_is_what_counting_pair_by_pair_gives(cells):
    table = np.array(cells).reshape(3, 3)
    pairs = [(a, b) for a, b in itertools.product(range(3), repeat=2) for _ in range(table[a, b])]
    total = len(pairs)
    if total == 0:
        assert math.isnan(cohen_kappa(table))
        return
    one, other = ([pair[side] for pair in pairs] for side in (0, 1))
    observed = sum(a == b for a, b in pairs) / total
    by_chance = sum(one.count(k) * other.count(k) for k in range(3)) / total**2
    if by_chance == 1:
        assert math.isnan(cohen_kappa(table))
    else:
        assert cohen_kappa(table) == approx((observed - by_chance) / (1 - by_chance), abs=1e-9)


def test_kappa_of_one_class_is_not_defined_and_of_full_agreement_is_one():
    assert math.isnan(cohen_kappa([[7, 0], [0, 0]]))
    assert cohen_kappa([[7, 0], [0, 3]]) == 1.0
    assert cohen_kappa([[0, 5], [5, 0]]) == -1.0


# ---------------------------------------------------------------- agreement


def test_the_matrix_precision_and_recall_a_person_can_count():
    """Published S S S I I I H H, judged S S I I I I H I."""
    found = types_of("SSIIIIHI", ["suburban"] * 3 + ["improve"] * 3 + ["heritage"] * 2).agreement()
    match = found.final

    assert match.matrix.loc["suburban"].to_dict() == {
        "suburban": 2, "cluster": 0, "improve": 1, "heritage": 0, "relocate": 0,
    }  # fmt: skip
    assert (match.compared, match.agreeing, match.overall) == (8, 6, 0.75)
    row = match.by_type.loc["improve"]
    assert row[["precision", "recall", "f_score"]].tolist() == approx([3 / 5, 1.0, 0.75])
    assert match.by_type.loc["heritage", "recall"] == 0.5
    assert match.by_type.loc["cluster", ["precision", "recall", "f_score"]].isna().all()
    # .75 observed; by chance 3*2 + 3*5 + 2*1 of 64.
    assert match.kappa == approx((0.75 - 23 / 64) / (1 - 23 / 64))
    low, high = match.interval
    assert low < match.kappa < high <= 1
    assert found.table["agrees"].tolist() == [True, True, False, True, True, True, True, False]


def test_copied_lists_are_left_out_of_the_second_kappa():
    """The lists agree by themselves; what the rules found is right half of the time."""
    found = types_of(
        "HHHHCCSI", ["heritage"] * 4 + ["cluster"] * 2 + ["improve", "improve"]
    ).agreement()

    assert (found.final.compared, found.final.agreeing) == (8, 7)
    assert (found.final_unlisted.compared, found.final_unlisted.agreeing) == (2, 1)
    assert found.final.kappa > 0.7 and found.final_unlisted.kappa == 0.0
    decided = found.table["decided_how"].isin(COPIED)
    assert decided.tolist() == [True] * 6 + [False] * 2
    assert any("照抄清单" in one for one in found.notices)


def test_candidates_gaps_and_towns_are_counted_apart():
    published = ["relocate", "improve", "urban", "undecided", None, "improve"]
    found = types_of("RMUIIS", published).agreement()

    assert found.final.apart.to_dict() == {
        "no_official": 1, "official_outside": 2, "candidate": 1, "missing": 1,
    }  # fmt: skip
    assert found.final.compared == 1
    # By the rules a candidate is 搬迁撤并, which is said.
    assert found.model.compared == 2 and found.model.agreeing == 1
    assert any("拟列入" in one for one in found.notices)
    assert found.table["set_apart"].tolist()[:3] == ["candidate", "missing", "official_outside"]


def test_published_types_may_be_a_series_a_column_or_the_type_in_force():
    types = judge(villages("SI", current_type=["suburban", "improve"], papers=["城郊融合类", "x"]))

    assert types.agreement().official == "current_type"
    series = pd.Series({"V1": "整治提升", "V0": "城郊融合", "V9": "集聚建设类"}, name="2024")
    found = types.agreement(series)
    assert found.official == "2024" and found.final.agreeing == 2
    assert any("不在本次分类范围" in one and one.endswith(":1") for one in found.notices)
    with pytest.raises(errors.ColumnError, match="'x' is no type"):
        types.agreement("papers")


def test_the_interval_is_seeded_and_says_nothing_of_the_order():
    published = ["suburban"] * 30 + ["improve"] * 30 + ["heritage"] * 20
    table = villages("SSIIIIHI" * 10, official_type=published)
    one, other = judge(table), judge(table.sample(frac=1, random_state=1))

    assert one.agreement(seed=3).final.interval == one.agreement(seed=3).final.interval
    assert one.agreement(seed=3).final.interval == other.agreement(seed=3).final.interval
    assert one.agreement(seed=4).final.interval != one.agreement(seed=3).final.interval
    assert math.isnan(one.agreement(draws=0).final.interval[0])


def test_the_interval_is_that_of_drawing_villages_one_by_one():
    """The multinomial against resampling rows: quantiles agree to the noise of 4,000 draws."""
    published = ["suburban"] * 12 + ["improve"] * 18
    judged = "S" * 9 + "I" * 3 + "I" * 14 + "S" * 4
    match = types_of(judged, published).agreement(draws=4000).final
    rng = np.random.default_rng(1)
    one = np.array([word == "suburban" for word in published])
    other = np.array([letter == "S" for letter in judged])
    rows = rng.integers(0, 30, (4000, 30))
    cells = [[(one[rows] == a) & (other[rows] == b) for b in (True, False)] for a in (True, False)]
    drawn = cohen_kappa(np.moveaxis(np.array(cells).sum(axis=-1), -1, 0))

    assert match.interval == approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.04)


def test_of_one_class_only_kappa_is_not_defined_and_said_so():
    found = types_of("III", ["improve"] * 3).agreement()

    assert math.isnan(found.final.kappa) and found.final.overall == 1.0
    assert found.final.notes == ("两边都只有同一类,Kappa无定义",)
    assert "无定义" in found._repr_html_() and found.figures["kappa"].isna().all()


def test_without_a_village_to_compare_nothing_is_said_but_that():
    found = types_of("MM", ["improve"] * 2).agreement()

    assert math.isnan(found.final.overall) and found.final.notes == ("没有可比的村庄",)
    assert repr(found) == "<Agreement of 0 villages: -, kappa -, - without lists>"


@pytest.mark.parametrize(
    ("official", "error", "said"),
    [
        (None, errors.ColumnError, "neither `official_type` nor `current_type`"),
        ("offical", errors.ColumnError, "`offical` is no column"),
        (["improve"], errors.InputError, "is a Series of types"),
        (pd.Series(["improve"], index=[0]), errors.InputError, "none of these villages: it has 0"),
        (pd.Series(["improve"] * 2, index=["V0"] * 2), errors.InputError, "several types for one"),
        (pd.Series(["集聚提升类"], index=["V0"]), errors.ColumnError, "'集聚提升类' is no type"),
    ],
)
def test_published_types_that_cannot_be_compared_are_refused(official, error, said):
    with pytest.raises(error, match=said):
        types_of("SI").agreement(official)


@pytest.mark.parametrize("options", [{"draws": -1}, {"draws": 1.5}, {"seed": "a"}, {"draws": True}])
def test_options_that_are_no_numbers_are_refused(options):
    with pytest.raises(errors.InputError, match="whole number from 0"):
        types_of("SI", ["improve"] * 2).agreement(**options)


def test_every_column_of_comparisons_is_registered():
    found = types_of("SIHR", ["improve"] * 4).agreement()
    columns = [*found.table, *found.figures, *found.final.by_type, *types_of("SI").summary]

    assert set(columns) <= set(registry())
    assert set(found.final.apart.index) <= set(vocabulary("set_apart"))


# ---------------------------------------------------------------- sums


def test_the_summary_adds_up_and_keeps_the_plans_order():
    types = judge(facts())
    found = types.summary

    assert list(found.index) == [*SHOWN, "total"]
    parts = found.drop(index="total")
    assert found.loc["total", "village_count"] == parts["village_count"].sum() == 60
    assert parts["type_share"].sum() == approx(1.0)
    for column in ("area_km2", "pop_resident", "hh_resident"):
        assert found.loc["total", column] == approx(parts[column].sum())
    assert found.loc["total", "area_km2"] == approx(60, rel=1e-3)
    assert found.loc["total", "pop_resident"] == types.table["pop_resident"].sum()


def test_towns_take_no_share_and_gaps_are_counted_and_never_zero():
    found = types_of("SIIU").summary
    gaps = judge(villages("SIIU", pop_resident=[100, None, 50, None])).summary

    assert found.loc["urban", "village_count"] == 1 and math.isnan(found.loc["urban", "type_share"])
    assert found.loc["suburban", "type_share"] == approx(1 / 3)
    assert math.isnan(found.loc["total", "pop_resident"]) and found.loc["total", "pop_gaps"] == 4
    assert gaps.loc["improve", ["pop_resident", "pop_gaps"]].tolist() == [50, 1]
    assert math.isnan(gaps.loc["urban", "pop_resident"])
    assert gaps.loc["heritage", "pop_resident"] == 0
    assert "缺数据的村庄数另列" in gaps.attrs["notice"]


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ("C" * 6 + "I" * 24, None),
        ("C" * 3 + "I" * 27, None),
        ("C" * 2 + "I" * 28, "集聚建设类占参与分类村庄6.67%"),
        ("C" * 16 + "I" * 14, "集聚建设类占参与分类村庄53.33%"),
        ("C" * 6 + "R" * 5 + "I" * 19, "搬迁撤并类(含拟列入)占参与分类村庄16.67%,高于常见的15%"),
        ("I" * 20, None),
    ],
)
def test_a_share_far_from_the_published_ones_is_a_note_and_changes_nothing(roles, said):
    types = types_of(roles)
    notice = types.summary.attrs["notice"]

    assert ("占参与分类村庄" in notice) == (said is not None)
    assert said is None or said in notice
    assert types.counts["cluster"] == roles.count("C")


def test_without_villages_or_a_coordinate_system_sums_are_still_sums():
    types = types_of("SI")
    empty = types.of(types.series == "heritage")
    bare = judge(villages("SI").set_crs(None, allow_override=True))

    assert empty.summary["village_count"].eq(0).all()
    assert math.isnan(empty.summary.loc["total", "type_share"])
    assert math.isnan(bare.summary.loc["total", "area_km2"])
    assert bare.summary.loc["total", "village_count"] == 2
    assert [*types.summary.index[:5]] == [*FIVE]
