"""How close the calls were: shares of draws against a pencil, and what must not move them."""

import warnings

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from deqing_geo import columns, errors, standards
from deqing_geo.villages import FIVE, classify_villages
from deqing_geo.villages import doubt as doubt_module
from deqing_geo.villages.doubt import (
    COLUMNS,
    doubt,
    drawn_cuts,
    drawn_limits,
    drawn_spread,
    drawn_weights,
)
from deqing_geo.villages.grounds import ANSWERS, Grounds
from deqing_geo.villages.potential import potential
from deqing_geo.villages.scheme import load_scheme
from tests.test_village_types import GOLDEN, LAW, frame, log, scored

SHARES = [f"p_{answer}" for answer in ANSWERS]
# Three standard errors of a share of 1000 draws, at most.
NEAR = 3 * 0.5 / np.sqrt(1000)


def judge(facts, **options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Left out", category=errors.DeqingGeoWarning)
        return classify_villages(facts, **options)


def grounds_of(types, law=LAW):
    """What a judgement of the scheme that ships rested on, put together again."""
    table, scheme = types.table, load_scheme(types.asked["scheme"], law)
    taking = (table["type_model"] != "urban").to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DeqingGeoWarning)
        scores = potential(table, taking, law, scheme.indicators)
    rungs = [one for one in scheme.rungs if all(column in table for column in one.columns)]
    return Grounds.of(table, rungs, law, scheme, scores if (scores.units > 0).any() else None)


@pytest.fixture(scope="module")
def county():
    """Golden villages and enough others, all different, for scores that count."""
    rng = np.random.Generator(np.random.PCG64(5))
    rows = [dict(row[0]) for row in GOLDEN] + [{} for _ in range(60)]
    numbers = {
        "pop_resident": rng.uniform(100, 3000, len(rows)).round(),
        "collective_op_income": rng.uniform(20, 300, len(rows)).round(1),
        "tt_town_min": rng.uniform(2, 40, len(rows)),
        "pop_chg5_pct": rng.uniform(-12, 6, len(rows)),
        "hollow_rate": [row.get("hollow_rate", one) for row, one in
                        zip(rows, rng.uniform(0, 0.3, len(rows)), strict=True)],
    }  # fmt: skip
    made = [{**row, **{name: held[at] for name, held in numbers.items()}}
            for at, row in enumerate(rows)]  # fmt: skip
    return frame(*made)


# ---------------------------------------------------------------- against a pencil


@pytest.mark.parametrize(
    ("share", "expected"),
    # The threshold is uniform in .45 to .55: it lies at or below the share in so many draws.
    [(0.44, 0.0), (0.45, 0.0), (0.475, 0.25), (0.5, 0.5), (0.53, 0.8), (0.55, 1.0), (0.9, 1.0)],
)
def test_of_two_villages_on_one_threshold_the_share_is_that_of_the_interval(share, expected):
    facts = frame({"udb_res_share": share}, {"udb_res_share": 0.0})
    table = judge(facts[["village_name", "udb_res_share", "geometry"]], draws=1000).table

    assert table["p_suburban"].tolist() == [approx(expected, abs=NEAR), 0.0]
    assert table["p_improve"].tolist() == [approx(1 - expected, abs=NEAR), 1.0]


def test_two_thresholds_that_have_to_hold_together_multiply():
    facts = frame(
        {"dist_udb_m": 1000, "tt_county_min": 15}, {"dist_udb_m": 950, "tt_county_min": 15}
    )
    table = judge(facts, draws=4000, seed=1).table

    # Each limit is at or above its fact in half the draws, and 950 m in three quarters.
    assert table["p_suburban"].tolist() == [approx(0.25, abs=0.03), approx(0.375, abs=0.03)]


def test_one_factor_of_a_draw_is_shared_by_all_rungs_on_its_number():
    """A seat at the limit is inside the boundary in exactly the draws in which it is no seat."""
    row = judge(frame({"is_town_seat": True, "udb_res_share": 0.5}), draws=1000).table.iloc[0]

    assert row["p_cluster"] + row["p_suburban"] == 1
    assert row["p_suburban"] == approx(0.5, abs=NEAR)


def test_counts_and_degrees_of_intensity_stay_and_ratios_stay_ratios(county):
    types = judge(county, draws=0)
    drawn = drawn_limits(grounds_of(types), 500, 0)

    assert drawn["village.least_units"] == 30 and drawn["village.intensity"] == 7
    assert 13.5 <= drawn["village.centre_minutes"].min() < 13.6
    assert 16.4 < drawn["village.centre_minutes"].max() <= 16.5
    high = LAW.with_rule("village.udb_share", 0.98, reason="试")
    tight = drawn_limits(grounds_of(types, high), 500, 0)["village.udb_share"]
    assert tight.max() == 1 and tight.min() < 0.9


def test_the_cut_of_a_draw_is_that_of_its_scores(county):
    """The closed form against scoring all villages of every draw."""
    grounds = grounds_of(judge(county, draws=0))
    weights = drawn_weights(grounds, 40, 3)
    spread = drawn_spread(grounds, 40, 3)
    cuts = drawn_cuts(grounds, weights, spread)
    scores = grounds.scores

    assert len(scores.levels) == 2  # hamlets and a village committee
    for level in range(2):
        z = scores.z[scores.level == level]
        for draw in range(40):
            brute = z @ weights[level][:, draw]
            by_hand = brute.mean() + spread[draw] * brute.std()
            assert cuts[level, draw] == approx(by_hand, abs=1e-12)


def test_weights_are_drawn_around_those_in_force_as_dirichlet_says(county):
    grounds = grounds_of(judge(county, draws=0))
    drawn = drawn_weights(grounds, 20_000, 0)[-1]
    base = grounds.scores.base[-1]

    assert drawn.sum(axis=0) == approx(1)
    assert drawn.mean(axis=1) == approx(base, abs=0.002)
    assert drawn.var(axis=1) == approx(base * (1 - base) / 51, rel=0.05, abs=1e-9)
    assert (drawn[base == 0] == 0).all()


def test_the_multiple_stays_around_the_laws_own(county):
    types = judge(county, draws=0)
    usual = drawn_spread(grounds_of(types), 2000, 0)
    other = LAW.with_rule("village.score_spread", 1.0, reason="本县")
    moved = drawn_spread(grounds_of(types, other), 2000, 0)

    assert (usual.min(), usual.max()) == (approx(0.25, abs=0.01), approx(0.75, abs=0.01))
    assert moved == approx(usual + 0.5)


def test_a_cut_that_was_not_fitted_here_moves_as_far_as_the_fitted_one(county):
    grounds = grounds_of(judge(county, draws=0))
    weights, spread = drawn_weights(grounds, 30, 0), drawn_spread(grounds, 30, 0)
    usual = drawn_cuts(grounds, weights, spread)
    grounds.scores.cut[:] += 0.125
    frozen = drawn_cuts(grounds, weights, spread)

    assert frozen == approx(usual + 0.125)


def test_jitter_of_the_cut_brings_out_a_close_call_that_jitter_of_weights_hides():
    """Scores of people alone cannot be weighed otherwise: only the cut is in doubt."""
    table = judge(scored(31), draws=1000).table
    score, mean, sd = table["potential"], table["potential"].mean(), table["potential"].std(ddof=0)
    passes = ((score - mean) / sd - 0.25) / 0.5

    assert table["p_cluster"].tolist() == approx(passes.clip(0, 1).tolist(), abs=NEAR)
    assert ((table["p_cluster"] > 0.05) & (table["p_cluster"] < 0.95)).any()


# ---------------------------------------------------------------- laws


def test_without_drawing_the_ladder_asked_of_all_draws_says_what_was_judged(county):
    types = judge(county, draws=0)
    grounds = grounds_of(types)
    answer, rung = grounds.answers(grounds.given, grounds.limits)

    assert [ANSWERS[one] for one in answer[:, 0]] == types.table["type_model"].tolist()
    assert [grounds.rungs[one].id for one in rung[:, 0]] == types.table["decided_by"].tolist()


def test_draws_of_nothing_give_the_type_judged_and_only_that(county, monkeypatch):
    types = judge(county, draws=0)
    grounds = grounds_of(types)
    base = grounds.scores.base
    monkeypatch.setattr(doubt_module, "drawn_limits", lambda g, d, s: g.limits)
    monkeypatch.setattr(
        doubt_module, "drawn_weights", lambda g, d, s: np.repeat(base[:, :, None], d, axis=2)
    )
    monkeypatch.setattr(doubt_module, "drawn_spread", lambda g, d, s: np.full(d, 0.5))
    found = doubt(grounds, draws=3, seed=0)

    assert (found["stability"] == 1).all()
    assert found["second_type"].isna().all()


def test_shares_add_up_and_stability_is_the_share_of_the_type_judged(county):
    table = judge(county).table
    own = [table.loc[at, f"p_{kind}"] for at, kind in table["type_model"].items()]

    assert table[SHARES].sum(axis=1).tolist() == approx([1] * len(table))
    assert table["stability"].tolist() == own
    for _, row in table[table["second_type"].notna()].iterrows():
        others = row[SHARES].drop(f"p_{row['type_model']}")
        assert row[f"p_{row['second_type']}"] == others.max() > 0
    assert (table.loc[table["second_type"].isna(), "stability"] == 1).all()


def test_the_same_seed_draws_the_same_and_another_nearly_the_same(county):
    one, again, other = (judge(county, seed=seed).table[SHARES] for seed in (0, 0, 1))

    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)
    spread = np.sqrt((one * (1 - one) + other * (1 - other)) / 1000)
    # Five of them, since more than 700 shares are compared.
    assert ((one - other).abs() <= 5 * spread + 0.002).all(axis=None)


def test_neither_order_nor_company_changes_what_is_drawn(county):
    whole = judge(county).table
    mixed = judge(county.sample(frac=1, random_state=3)).table.loc[whole.index]
    pd.testing.assert_frame_equal(mixed[list(COLUMNS)], whole[list(COLUMNS)])

    alone = judge(frame({"udb_res_share": 0.48})).table.iloc[0]
    beside = judge(frame({"udb_res_share": 0.48}, {}, {"is_town_seat": True})).table.iloc[0]
    assert alone["p_suburban"] == beside["p_suburban"] > 0


def test_a_rung_or_a_number_more_changes_nothing_that_was_drawn_of_others(tmp_path):
    facts = frame({"udb_res_share": 0.49}, {"dist_udb_m": 1010, "tt_county_min": 14})
    file = tmp_path / "own.toml"
    file.write_text('base = "deqing"\nskip = ["RM-6", "RM-4"]\ndocument = "会议纪要"', "utf-8")
    usual, other = (judge(facts, scheme=one).table[SHARES] for one in ("deqing", file))

    pd.testing.assert_frame_equal(usual, other)


def test_however_many_villages_are_taken_at_a_time_the_shares_are_the_same(county, monkeypatch):
    whole = judge(county, draws=200).table[list(COLUMNS)]
    monkeypatch.setattr(doubt_module, "CELLS", 1400)
    pd.testing.assert_frame_equal(judge(county, draws=200).table[list(COLUMNS)], whole)


def test_the_facts_stay_as_they_were(county):
    before = county.copy()
    judge(county)

    pd.testing.assert_frame_equal(pd.DataFrame(county), pd.DataFrame(before))


# ---------------------------------------------------------------- the edges


def test_without_draws_there_are_no_figures_and_no_flag(county):
    types = judge(county, draws=0)

    assert not set(COLUMNS) & set(types.table.columns)
    assert not any("DOUBT" in one for one in types.table["flags"])
    assert "village.stability" not in {rule.key for rule in types.sources}
    assert (types.asked["draws"], types.asked["seed"]) == (0, 0)


def test_one_village_none_and_nothing_known():
    one = judge(frame({})).table.iloc[0]
    assert one["p_improve"] == one["stability"] == 1 and one["second_type"] is None
    nobody = judge(frame({}).iloc[:0]).table
    assert list(nobody[SHARES].columns) == SHARES and len(nobody) == 0
    blank = judge(frame({})[["village_name", "geometry"]]).table.iloc[0]
    assert blank["type_model"] == "missing" and blank["p_missing"] == 1


def test_a_gap_that_matters_in_some_draws_only_shows_as_such():
    """A share near the limit: below it the village waits for the road, above it does not."""
    row = judge(frame({"udb_res_share": 0.5, "dist_udb_m": 0, "tt_county_min": None})).table.iloc[0]

    assert row["type_model"] == "suburban" and row["second_type"] == "missing"
    assert row["p_missing"] == approx(0.5, abs=NEAR)


def test_whether_an_unknown_part_of_the_constraint_matters_hangs_on_the_drawn_limit():
    """.52 is enough while the limit is below it; above, the unknown slope could still decide."""
    redline = [0.0] * 30 + [0.52]
    slope = [1.0] * 30 + [None]
    facts = scored(31, redline_res_share=redline, slope_res_mean_deg=slope)
    row = judge(facts, skip=["RM-1"], draws=2000).table.iloc[-1]

    assert row["decided_by"] == "IM-C"
    # The limit lies in .45 to .55, and above .52 in three tenths of the draws.
    assert row["p_missing"] == approx(0.3, abs=0.04)
    assert row["p_cluster"] == 0


def test_what_is_declared_or_listed_is_as_certain_as_it_was_declared():
    rows = [{"heritage_list": "名录"}, {"is_central_village": True}, {"hazard_major": True}]

    assert judge(frame(*rows)).table["stability"].tolist() == [1, 1, 1]


def test_a_candidate_and_a_consented_relocation_are_one_type_in_the_shares():
    row = judge(frame({"redline_res_share": 0.6})).table.iloc[0]

    assert row["p_relocate"] == row["stability"] == 1 and row["type_final"] is None


def test_a_close_call_is_flagged_and_one_that_people_decided_is_not():
    close = frame({"udb_res_share": 0.5}, {"udb_res_share": 0.8})
    types = judge(close)
    assert types.table["flags"].tolist() == ["DOUBT", ""]
    assert "建议复核" in types.table["remarks"].iloc[0]
    assert "建议复核" in types.why(0)
    by_hand = judge(close, overrides=log({"village_code": 0}))
    assert by_hand.table["flags"].tolist() == ["", ""]
    assert by_hand.table["stability"].tolist() == types.table["stability"].tolist()
    waiting = judge(frame({"udb_res_share": 0.5, "hazard_major": None})).table.iloc[0]
    assert waiting["flags"] == ""


def test_the_limit_of_the_flag_is_the_laws(county):
    strict = LAW.with_rule("village.stability", 0.999, reason="从严")
    usual, more = (judge(county, law=law).table["flags"] for law in (LAW, strict))

    flagged = [one.map(lambda text: "DOUBT" in text).sum() for one in (usual, more)]
    assert 0 < flagged[0] < flagged[1]
    keys = {rule.key for rule in judge(county, law=LAW).sources}
    assert {"village.stability", "village.doubt_limits", "village.doubt_weights"} <= keys


def test_a_typed_table_can_be_judged_again_with_its_own_options(county):
    types = judge(county, draws=100, seed=4)
    again = judge(types.table, **types.asked)

    pd.testing.assert_frame_equal(again.table[SHARES], types.table[SHARES])


@pytest.mark.parametrize("options", [{"draws": -1}, {"draws": 1.5}, {"draws": True}, {"seed": -3},
                                     {"seed": "0"}, {"draws": None}])  # fmt: skip
def test_draws_and_seed_are_whole_numbers(options):
    with pytest.raises(errors.InputError, match="whole number from 0 on"):
        judge(frame({}), **options)


def test_every_column_is_registered_and_the_figures_stand_on_no_product():
    known = columns.registry()

    assert all(known[one].internal for one in COLUMNS)
    assert not known["nearest_flip"].internal and not known["flags"].internal
    assert set(ANSWERS) == {*FIVE, "missing", "urban"}
    assert set(columns.vocabulary("second_type")) == set(ANSWERS)


def test_a_tenth_of_the_law_is_the_laws_to_change():
    wide = LAW.with_rule("village.doubt_limits", 0.2, reason="试")
    facts = frame({"udb_res_share": 0.55})

    assert judge(facts, law=LAW).table["p_suburban"].iloc[0] == 1
    # Now the limit lies in .4 to .6.
    assert judge(facts, law=wide).table["p_suburban"].iloc[0] == approx(0.75, abs=NEAR)


def test_people_of_a_hamlet_in_hundreds_are_the_same_as_in_ones(county):
    """A unit changed in a fact that is compared with nothing but other villages changes nothing."""
    other = county.assign(collective_op_income=county["collective_op_income"].astype(float) * 10)

    assert judge(other).table[SHARES].to_numpy() == approx(judge(county).table[SHARES].to_numpy())


def test_standards_know_the_numbers_as_ours():
    keys = ["village.doubt_limits", "village.doubt_weights", "village.doubt_spread",
            "village.stability", "village.flip_reach"]  # fmt: skip

    assert [standards.load().rule(key).evidence for key in keys] == ["ours"] * 5
    assert [LAW.rule(key).value for key in keys] == [0.1, 50, 0.25, 0.7, 0.5]
