"""Potential and constraint of villages: a second computation, and what must not move them."""

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from deqing_geo import errors, standards
from deqing_geo.villages.potential import constraint, potential

LAW = standards.load()


def random_facts(count=60, seed=2):
    """Evenly spread, so that no fence cuts anything off."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return pd.DataFrame(
        {
            "tt_centre_min": rng.uniform(5, 60, count),
            "tt_town_min": rng.uniform(1, 30, count),
            "pop_resident": rng.uniform(200, 3000, count),
            "collective_op_income": rng.uniform(20, 300, count),
            "fac_count": rng.integers(0, 9, count).astype(float),
            "hollow_rate": rng.uniform(0, 0.5, count),
            "town_code": rng.choice(["a", "b", "c"], count),
        }
    )


def whole(facts):
    return potential(facts, np.ones(len(facts), dtype=bool), LAW)


WEIGHTS = {
    "tt_centre_min": -0.15, "tt_town_min": -0.15, "pop_resident": 0.15,
    "collective_op_income": 0.15, "fac_count": 0.15, "hollow_rate": -0.05,
}  # fmt: skip


def test_the_score_is_the_one_a_few_lines_of_numpy_give():
    facts = random_facts()
    facts.loc[0, "pop_resident"] = 90_000.0  # beyond the fence
    facts.loc[[1, 2, 3], "collective_op_income"] = np.nan
    total = np.zeros(len(facts))
    for column, weight in WEIGHTS.items():
        value = facts[column].to_numpy().copy()
        for at in np.flatnonzero(np.isnan(value)):
            value[at] = np.nanmedian(value[(facts["town_code"] == facts["town_code"][at])])
        low, high = np.percentile(value, [25, 75])
        value = np.minimum(np.maximum(value, low - 1.5 * (high - low)), high + 1.5 * (high - low))
        z = (value - value.min()) / (value.max() - value.min())
        total += abs(weight) * (z if weight > 0 else 1 - z) / 0.8
    found = whole(facts)

    assert found.score.tolist() == approx(total.tolist())
    assert found.cut.tolist() == approx([total.mean() + 0.5 * total.std()] * len(facts))
    assert np.flatnonzero(found.filled["collective_op_income"]).tolist() == [1, 2, 3]
    assert found.weights["weight"].sum() == approx(1)


def test_minutes_in_seconds_and_people_in_thousands_change_no_score():
    facts = random_facts()
    other = facts.assign(
        tt_centre_min=facts["tt_centre_min"] * 60,
        tt_town_min=facts["tt_town_min"] * 60,
        pop_resident=facts["pop_resident"] / 1000,
    )

    assert whole(other).score.tolist() == approx(whole(facts).score.tolist())


@pytest.mark.parametrize(
    ("column", "towards"),
    [("tt_centre_min", 6.0), ("tt_town_min", 2.0), ("pop_resident", 2900.0), ("fac_count", 8.0)],
)
def test_nearer_or_larger_never_falls_behind_a_neighbour_who_stays(column, towards):
    facts = random_facts()
    before = whole(facts).score
    for at in range(len(facts)):
        if (facts[column][at] - towards) * (1 if column.startswith("tt") else -1) <= 0:
            continue
        better = facts.copy()
        better.loc[at, column] = towards
        after = whole(better).score
        ahead_before, ahead = before > before[at] + 1e-9, after > after[at] + 1e-9

        assert not (ahead & ~ahead_before).any()


def test_a_column_the_same_everywhere_is_left_out_aloud_and_changes_nothing():
    facts = random_facts()
    with pytest.warns(errors.DeqingGeoWarning, match="各村相同"):
        same = whole(facts.assign(farmland_pc=1.5))

    assert same.score.tolist() == approx(whole(facts).score.tolist())
    assert same.weights.loc["farmland_pc"].tolist() == [0.0, "各村相同"]


def test_a_column_that_differs_in_a_few_villages_only_is_not_called_the_same():
    facts = random_facts().assign(farmland_pc=[1.5] * 55 + [9.0] * 5)
    with pytest.warns(errors.DeqingGeoWarning, match="过半村庄相同"):
        found = whole(facts)

    assert found.weights.loc["farmland_pc", "weight"] == 0


def test_gaps_are_filled_up_to_a_fifth_and_the_column_left_out_beyond():
    facts = random_facts()
    filled = facts.copy()
    filled.loc[:11, "pop_resident"] = np.nan
    assert whole(filled).filled["pop_resident"].sum() == 12
    filled.loc[12, "pop_resident"] = np.nan
    with pytest.warns(errors.DeqingGeoWarning, match=r"常住人口\(缺失过多\)"):
        found = whole(filled)

    assert "pop_resident" not in found.filled


def test_hamlets_are_compared_with_hamlets_and_what_they_lack_is_told():
    facts = random_facts().assign(unit_kind=["hamlet"] * 20 + ["village_committee"] * 40)
    facts.loc[:19, "fac_count"] = 0.0
    with pytest.warns(errors.DeqingGeoWarning, match="自然村各村相同"):
        found = whole(facts)
    alone = potential(facts.iloc[20:], np.ones(40, dtype=bool), LAW)

    assert found.units.tolist() == [20] * 20 + [40] * 40
    assert found.score[20:].tolist() == approx(alone.score.tolist())
    assert found.weights.loc["fac_count", "weight"] > 0


def test_the_weakest_link_holds_back_and_what_cannot_matter_need_not_be_known():
    facts = pd.DataFrame(
        {
            "slope_res_mean_deg": [-0.0, 2, 8, 15, 1, None, None],
            "hazard_class": ["none", "none", "low", "medium", "high", "high", "low"],
            "redline_res_share": [0, 0.3, 0.3, 0.45, 0.1, 0.1, 0.1],
        },
        dtype=object,
    )

    assert constraint(facts, LAW) == approx([0, 0.3, 0.4, 0.6, 0.6, 0.6, np.nan], nan_ok=True)
    assert constraint(facts[[]], LAW) is None


def test_the_matrix_kept_gives_the_score_again_and_any_other():
    facts = random_facts().assign(unit_kind=["hamlet"] * 20 + ["village_committee"] * 40)
    taking = np.ones(60, dtype=bool)
    taking[[3, 30]] = False
    found = potential(facts, taking, LAW)
    part = found.level >= 0
    again = (found.z[part] * found.base[found.level[part]]).sum(axis=1)

    assert found.z.shape == (60, len(found.columns)) and found.levels == ("", "自然村")
    assert np.array_equal(part, taking) and np.isnan(found.z[~part]).all()
    assert found.z[part].min() == 0 and found.z[part].max() == 1
    assert found.base.sum(axis=1).tolist() == approx([1, 1])
    assert again.tolist() == approx(found.score[part].tolist())
    # A column nobody gave weighs nothing, whoever is compared.
    assert found.base[:, found.columns.index("farmland_pc")].tolist() == [0, 0]


def test_the_order_of_the_villages_moves_neither_score_nor_cut_by_a_bit():
    facts = random_facts()
    order = np.random.Generator(np.random.PCG64(7)).permutation(len(facts))
    found, mixed = whole(facts), whole(facts.iloc[order])

    assert np.array_equal(mixed.score, found.score[order])
    assert np.array_equal(mixed.cut, found.cut[order])
