"""The potential by other weights and by the bounds of another year, and how types say so."""

import warnings
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from deqing_geo import errors, standards, weights
from deqing_geo.villages import classify_villages
from deqing_geo.villages.fitting import Bound, Fit, Level
from deqing_geo.villages.potential import potential
from tests.test_village_scores import LAW, random_facts, whole

LESS = ("tt_centre_min", "tt_town_min", "hollow_rate")


def by(facts, **kw):
    return potential(facts, np.ones(len(facts), dtype=bool), LAW, **kw)


def used(found):
    """The matrix as a table of what was left in."""
    at = [place for place, weight in enumerate(found.base[0]) if weight > 0]
    return pd.DataFrame(found.z[:, at], columns=[found.columns[place] for place in at])


def as_villages(facts):
    boxes = [shapely.box(at, 0, at + 1, 1) for at in range(len(facts))]
    frame = facts.assign(
        village_name=[f"村{at}" for at in range(len(facts))],
        slope_res_mean_deg=1.0,
    )
    if "pop_resident" in frame:
        # People are counted whole.
        frame["pop_resident"] = frame["pop_resident"].round()
    codes = [f"v{at}" for at in range(len(facts))]
    return gpd.GeoDataFrame(frame.set_axis(codes), geometry=boxes)


# ---------------------------------------------------------------- weights


@pytest.mark.parametrize("way", ["entropy", "critic", "expert+entropy"])
def test_weights_from_the_figures_are_those_of_the_stretched_columns(way):
    facts = random_facts()
    expert, found = whole(facts), by(facts, weights=way)
    table = used(expert)
    alone = {
        "entropy": lambda: weights.entropy(table),
        "critic": lambda: weights.critic(table),
        "expert+entropy": lambda: weights.combine(
            expert.weights["weight"].loc[[*table]], weights.entropy(table)
        ),
    }[way]()

    assert np.array_equal(found.z, expert.z)
    assert found.weights["weight"].loc[[*table]].tolist() == approx(alone.series.tolist())
    assert found.score.tolist() == approx((table.to_numpy() @ alone.series.to_numpy()).tolist())
    assert found.fit.method == way and "不是方案的专家加权和" in found.notices[0]
    assert found.cut[0] == approx(found.score.mean() + 0.5 * found.score.std())


def test_closeness_as_potential_is_that_of_topsis_on_the_same_columns():
    facts = random_facts()
    expert, found = whole(facts), by(facts, weights="topsis")
    alone = weights.topsis(used(expert), expert.weights["weight"].loc[[*used(expert)]])

    assert found.score.tolist() == approx(alone.series.tolist())
    assert found.weights["weight"].tolist() == expert.weights["weight"].tolist()
    assert "TOPSIS贴近度(极差标准化)" in found.notices[0]


def test_own_weights_leave_out_what_they_do_not_name_and_add_up_to_one():
    facts = random_facts()
    found = by(facts, weights={"pop_resident": 3, "tt_town_min": 1})
    pop, town = (found.z[:, found.columns.index(one)] for one in ("pop_resident", "tt_town_min"))

    assert found.score.tolist() == approx((0.75 * pop + 0.25 * town).tolist())
    assert found.weights.loc["fac_count"].tolist() == [0, "未赋权"]
    assert found.weights["weight"].sum() == approx(1)
    assert any("已按比例归一" in one for one in found.notices) and "自定权重" in found.notices[0]


def test_a_judgement_matrix_can_weigh_the_potential():
    names = ["tt_centre_min", "pop_resident", "fac_count"]
    judged = weights.ahp([[1, 2, 4], ["", 1, 2], ["", "", 1]], names=names)
    found = by(random_facts(), weights=judged)

    assert found.weights["weight"].loc[names].tolist() == approx([4 / 7, 2 / 7, 1 / 7])
    assert "层次分析法(特征向量法)(另行计算后给定)" in found.notices[0]
    assert found.fit.line == "层次分析法(特征向量法)"


def test_forced_judgements_say_so_on_the_villages():
    names = ["tt_centre_min", "pop_resident", "fac_count"]
    judged = weights.ahp([[1, 9, "1/9"], ["", 1, 9], ["", "", 1]], names=names, force=True)

    assert any("未通过一致性检验" in one for one in by(random_facts(), weights=judged).notices)


def test_experts_weights_by_name_are_the_default_and_need_no_notice():
    facts = random_facts()

    assert by(facts, weights="expert").score.tolist() == whole(facts).score.tolist()
    assert whole(facts).notices == () and whole(facts).fit.method == "expert"


@pytest.mark.parametrize("way", ["entropy", "critic", "expert+entropy", "topsis", None])
def test_the_order_of_villages_moves_no_score_by_any_weighing(way):
    facts = random_facts()
    order = np.random.Generator(np.random.PCG64(5)).permutation(len(facts))
    found, mixed = by(facts, weights=way), by(facts.iloc[order], weights=way)

    assert np.array_equal(mixed.score, found.score[order])
    assert mixed.fit.levels == found.fit.levels


@pytest.mark.parametrize("way", ["entropy", "critic", "topsis"])
def test_units_and_constant_columns_move_no_score_by_any_weighing(way):
    facts = random_facts()
    other = facts.assign(
        tt_centre_min=facts["tt_centre_min"] * 60, pop_resident=facts["pop_resident"] / 1000
    )
    with pytest.warns(errors.DeqingGeoWarning, match="各村相同"):
        same = by(facts.assign(farmland_pc=1.5), weights=way)

    assert by(other, weights=way).score.tolist() == approx(by(facts, weights=way).score.tolist())
    assert same.score.tolist() == by(facts, weights=way).score.tolist()


def test_each_level_has_weights_of_its_own_from_its_figures():
    facts = random_facts().assign(unit_kind=["hamlet"] * 20 + ["village_committee"] * 40)
    found = by(facts, weights="entropy")
    alone = by(facts.iloc[:20], weights="entropy")

    assert found.levels == ("", "自然村") and alone.levels == ("自然村",)
    assert found.base[1].tolist() == alone.base[0].tolist() != found.base[0].tolist()
    assert found.fit.table.groupby("fit_level")["weight"].sum().tolist() == approx([1, 1])


@pytest.mark.parametrize(
    ("given_weights", "said"),
    [
        ("shannon", "weights='shannon' is not one of expert, entropy, critic"),
        ({"pop_residents": 1}, "names pop_residents; the scheme's indicators are tt_centre_min"),
        ({"pop_resident": -1}, "from 0 upwards"),
        ({"pop_resident": 0}, "all 0"),
        ({}, "is empty"),
        ({"pop_resident": "many"}, "no number"),
        ([0.5, 0.5], "is a list; give a mapping"),
        ({"farmland_pc": 1, "pop_chg5_pct": 2}, "Not one of the indicators .* pop_chg5_pct, farm"),
    ],
)
def test_weights_that_are_not_understood_are_refused(given_weights, said):
    with pytest.raises(errors.InputError, match=said):
        by(random_facts(), weights=given_weights)


# ---------------------------------------------------------------- the bounds of another year


@pytest.mark.parametrize("way", [None, "entropy", "topsis", {"pop_resident": 1, "fac_count": 1}])
def test_the_same_villages_by_their_own_bounds_have_the_same_scores(way, tmp_path):
    facts = random_facts().assign(unit_kind=["hamlet"] * 20 + ["village_committee"] * 40)
    found = by(facts, weights=way, day=date(2026, 3, 1))
    file = found.fit.save(tmp_path / "fit.toml", label='2026"年度"')
    again = by(facts, fit=Fit.load(file))

    assert np.array_equal(again.score, found.score) and np.array_equal(again.cut, found.cut)
    assert np.array_equal(again.z, found.z) and np.array_equal(again.units, found.units)
    assert again.weights.equals(found.weights)
    assert again.notices[0] == (
        '发展潜力沿用2026"年度"、2026-03-01的上下限、权重和相对阈值,可与该次比较'
    )
    assert again.fit.save(tmp_path / "b.toml").read_bytes() == file.read_bytes()
    assert file.read_text("utf-8").startswith("# 村庄发展潜力得分的上下限")


def test_next_years_scores_can_be_done_with_a_pencil():
    this = pd.DataFrame({"pop_resident": [100.0, 200, 300, 400], "tt_town_min": [10.0, 20, 30, 40]})
    fit = whole(this).fit
    later = by(this.assign(pop_resident=[250.0, 50, 900, 400]), fit=fit)
    # Half each: people from 100 to 400, minutes from 40 to 10; 50 and 900 are at the ends.
    by_hand = [(0.5 + 1) / 2, (0 + 2 / 3) / 2, (1 + 1 / 3) / 2, (1 + 0) / 2]

    assert later.score.tolist() == approx(by_hand)
    assert later.cut.tolist() == whole(this).cut.tolist()
    assert "超出沿用的上下限而按端点计的村庄:常住人口2个" in later.notices
    assert later.fit is fit


def test_a_village_alone_is_judged_by_the_bounds_of_all():
    facts = random_facts()
    found = whole(facts)
    alone = by(facts.iloc[[7]], fit=found.fit)

    assert alone.score[0] == found.score[7] and alone.units[0] == 60


FITS = {way: by(random_facts(), weights=way).fit for way in (None, "entropy", "topsis")}
BETTER = st.tuples(
    st.integers(0, 59),
    st.sampled_from(
        ["tt_centre_min", "tt_town_min", "pop_resident", "collective_op_income", "fac_count"]
    ),
    st.floats(0, 5000),
)


@given(BETTER, st.sampled_from([*FITS]))
def test_by_frozen_bounds_nearer_or_more_never_lowers_a_score_and_moves_no_neighbour(step, way):
    at, column, by_much = step
    facts = random_facts()
    sign = -1 if column in LESS else 1
    better = facts.copy()
    better.loc[at, column] += sign * by_much
    before, after = (by(one, fit=FITS[way]).score for one in (facts, better))

    assert after[at] >= before[at]
    assert np.array_equal(np.delete(after, at), np.delete(before, at))


def test_a_fit_without_the_level_that_is_there_is_refused():
    facts = random_facts()
    with pytest.raises(
        errors.InputError, match="bounds for 行政村 only, and the table holds 自然村"
    ):
        by(facts.assign(unit_kind="hamlet"), fit=whole(facts).fit)


def test_an_indicator_that_the_fit_weighs_must_be_there():
    facts = random_facts()
    fit = whole(facts).fit
    gappy = facts.assign(fac_count=np.where(np.arange(60) < 20, np.nan, facts["fac_count"]))
    with pytest.raises(
        errors.ColumnError, match=r"weighs pop_resident \(无此列\), fac_count \(缺失过多\), without"
    ):
        by(gappy.drop(columns="pop_resident"), fit=fit)


def test_an_indicator_the_fit_left_out_stays_out_and_says_why():
    facts = random_facts()
    found = by(facts.assign(farmland_pc=np.arange(60.0)), fit=whole(facts).fit)

    assert found.weights.loc["farmland_pc"].tolist() == [0, "无此列"]
    assert found.score.tolist() == whole(facts).score.tolist()


def test_a_fit_made_for_other_indicators_is_refused_and_other_weights_are_told():
    facts, scheme = random_facts(), FITS[None].levels[0]
    other = Fit((Level("", 60, 0.5, scheme.bounds[:-1]),))
    with pytest.raises(
        errors.InputError, match="other indicators than the scheme has: hollow_rate"
    ):
        by(facts, fit=other)
    turned = [*scheme.bounds[:-1], Bound("hollow_rate", False, 0.1, 0.05, 0, 1, 0, 1)]
    with pytest.raises(errors.InputError, match="hollow_rate"):
        by(facts, fit=Fit((Level("", 60, 0.5, tuple(turned)),)))
    heavier = tuple(
        Bound(
            one.column,
            one.less,
            one.weight,
            0.125,
            one.low,
            one.high,
            one.least,
            one.most,
            one.note,
        )
        for one in scheme.bounds
    )
    found = by(facts, fit=Fit((Level("", 60, 0.5, heavier),)))
    assert "方案的专家权重已改,仍沿用当时的权重" in found.notices


def test_weights_and_a_fit_together_are_refused_and_so_is_what_is_no_fit():
    facts = random_facts()
    with pytest.raises(errors.InputError, match="`fit` holds weights of its own"):
        by(facts, weights="entropy", fit=whole(facts).fit)
    with pytest.raises(errors.InputError, match=r"`fit` is a str; .*Fit\.load"):
        by(facts, fit="fit.toml")


def test_a_column_in_another_unit_is_noticed_by_its_bounds():
    facts = random_facts()
    with pytest.warns(errors.DeqingGeoWarning, match=r"beyond the frozen bounds of 常住人口\(人\)"):
        by(facts.assign(pop_resident=facts["pop_resident"] / 10_000), fit=whole(facts).fit)


GOOD = """
method = "expert"
day = 2026-03-01
[[level]]
name = "行政村"
units = 40
cut = 0.5
[[level.indicator]]
column = "fac_count"
less = false
weight = 1.0
expert = 1.0
low = 0.0
high = 8.0
least = 0.0
most = 8.0
"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("method", "metod", "method is one of expert"),
        ('"expert"', '"guess"', "not 'guess'"),
        ("day = 2026-03-01", 'day = "2026"', "day is a day like"),
        ("day = 2026-03-01", 'variant = "log"', "variant 'log'"),
        ("day = 2026-03-01", "label = 2026", "label is a text"),
        ('"行政村"', '"村"', "level 1: name is 行政村 or 自然村, not '村'"),
        ("units = 40", "units = 0", "units is how many"),
        ("units = 40", "units = 4.5", "units is how many"),
        ("cut = 0.5", 'cut = "0.5"', "cut is a number, not '0.5'"),
        ("cut = 0.5", "cut = nan", "cut is a number"),
        ("weight = 1.0", "weight = 0.9", "weights add up to 0.9, not 1"),
        ("weight = 1.0", "weight = -1.0", "fac_count: weight is a number, not -1.0"),
        ("weight = 1.0", "", "weight and expert are needed"),
        ("less = false", "less = 0", "less is true or false"),
        ("least = 0.0", "least = 8.0", "least is to be below most"),
        ("most = 8.0", "", "least is to be below most"),
        ("most = 8.0", "mast = 8.0", "fac_count: nothing is called mast"),
        ("day =", "dya =", "the file: nothing is called dya"),
        ("units = 40", "units = 40\nunit = 40", "level 1: nothing is called unit"),
        ('column = "fac_count"', "column = 3", "an indicator without column"),
        ("[[level]]", "[level]", "level is to be a list of tables"),
        ("[[level.indicator]]", "[level.indicator]", "indicator is to be a list of tables"),
        ("cut", "cut =", "cannot be read"),
    ],
)
def test_a_file_of_bounds_that_was_mistyped_is_refused(tmp_path, before, after, said):
    file = tmp_path / "fit.toml"
    file.write_text(GOOD.replace(before, after, 1), encoding="utf-8")

    with pytest.raises(errors.RecipeError, match=said):
        Fit.load(file)


def test_a_file_of_bounds_tells_every_mistake_and_an_absent_one_is_our_error(tmp_path):
    file = tmp_path / "fit.toml"
    file.write_text(GOOD + GOOD[GOOD.index("[[level]]") :].replace("40", "-1"), encoding="utf-8")
    with pytest.raises(errors.RecipeError) as caught:
        Fit.load(file)
    assert len(caught.value.mistakes) == 1
    file.write_text(GOOD + GOOD[GOOD.index("[[level]]") :], encoding="utf-8")
    with pytest.raises(errors.RecipeError, match="a level stands there twice"):
        Fit.load(file)
    file.write_text('method = "expert"', encoding="utf-8")
    with pytest.raises(errors.RecipeError, match=r"there is no \[\[level\]\]"):
        Fit.load(file)
    with pytest.raises(errors.RecipeError, match="cannot be read as bounds"):
        Fit.load(tmp_path / "none.toml")


def test_a_name_with_quotes_and_line_breaks_comes_back_as_it_was(tmp_path):
    name = '第一稿 "试行"\\\n二\t稿'
    file = FITS[None].save(tmp_path / "fit.toml", label=name)

    assert Fit.load(file).label == name


# ---------------------------------------------------------------- types


def test_types_say_by_which_weights_they_came_and_stay_silent_by_default():
    villages = as_villages(random_facts())
    plain = classify_villages(villages, as_of=date(2026, 3, 1))
    other = classify_villages(villages, weights="entropy", as_of=date(2026, 3, 1))

    assert "熵权法(极差标准化)" in other.line and "熵权法" not in plain.line
    assert any("熵权法(极差标准化)" in one for one in other.notices)
    assert not any("发展潜力按" in one for one in plain.notices)
    assert other.weights["weight"].tolist() != plain.weights["weight"].tolist()
    assert (
        plain.fit.day == date(2026, 3, 1)
        and repr(plain.fit) == "<Fit 2026-03-01: 60 行政村; expert>"
    )
    assert "village.score_spread" in {rule.key for rule in plain.sources}


def test_types_of_next_year_are_judged_by_this_years_cut():
    facts = random_facts()
    this = classify_villages(as_villages(facts), as_of=date(2026, 3, 1))
    poorer = as_villages(facts.assign(pop_resident=facts["pop_resident"] * 0.8))
    frozen = classify_villages(poorer, fit=this.fit, as_of=date(2027, 3, 1))
    anew = classify_villages(poorer, as_of=date(2027, 3, 1))

    # Everybody is smaller: among themselves nothing moves, by last year's cut fewer are high.
    assert anew.counts["cluster"] == this.counts["cluster"] > frozen.counts["cluster"]
    assert frozen.table["potential_cut"].tolist() == this.table["potential_cut"].tolist()
    assert frozen.fit is this.fit and "沿用2026-03-01的上下限和阈值" in frozen.line
    assert any("发展潜力沿用2026-03-01" in one for one in frozen.notices)
    assert "village.score_spread" not in {rule.key for rule in frozen.sources}


@pytest.mark.parametrize("how", ["weights", "fit"])
def test_what_was_asked_gives_the_same_types_again(how):
    villages = as_villages(random_facts())
    given_how = {
        "weights": {"weights": {"pop_resident": 2.0, "fac_count": 1.0}},
        "fit": {"fit": classify_villages(villages).fit},
    }[how]
    before = villages.copy()
    types = classify_villages(villages, **given_how)
    again = classify_villages(types.table, **types.asked)

    assert again.table.equals(types.table) and again.notices == types.notices
    plain = classify_villages(types.table, as_of=types.asked["as_of"])
    assert not any("发展潜力" in one for one in plain.notices)
    pd.testing.assert_frame_equal(villages, before)


def test_without_a_single_indicator_there_are_no_bounds_to_keep():
    villages = as_villages(random_facts()[["town_code"]])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        types = classify_villages(villages, standards.load())
    assert types.fit is None
