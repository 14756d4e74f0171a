"""Weights and ranking: published examples done again by hand, other roads, laws, bad input."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pytest import approx

from deqing_geo import errors
from deqing_geo.weights import Weights, ahp, combine, critic, entropy, topsis

# ---------------------------------------------------------------- published examples

# Saaty 1980: distances from Philadelphia, judged by people.
CITIES = ["Cairo", "Tokyo", "Chicago", "San Francisco", "London", "Montreal"]
DISTANCES = [
    [1, "1/3", 8, 3, 3, 7],
    [3, 1, 9, 3, 3, 9],
    ["1/8", "1/9", 1, "1/6", "1/5", 2],
    ["1/3", "1/3", 6, 1, "1/3", 6],
    ["1/3", "1/3", 5, 3, 1, 6],
    ["1/7", "1/9", "1/2", "1/6", "1/6", 1],
]
# Saaty 1980: what matters in a school, whose judgements contradict each other.
SCHOOL = ["learning", "friends", "school life", "vocational", "college", "music"]
JUDGED = [
    [1, 4, 3, 1, 3, 4],
    ["1/4", 1, 7, 3, "1/5", 1],
    ["1/3", "1/7", 1, "1/5", "1/5", "1/6"],
    [1, "1/3", 5, 1, 1, "1/3"],
    ["1/3", 5, 5, 1, 1, 3],
    ["1/4", 1, 6, 3, "1/3", 1],
]
# A worked example of 熵权法 in Chinese teaching texts: 11 wards, 9 marks of nursing.
WARDS = pd.DataFrame(
    [
        [100, 90, 100, 84, 90, 100, 100, 100, 100],
        [100, 100, 78.6, 100, 90, 100, 100, 100, 100],
        [75, 100, 85.7, 100, 90, 100, 100, 100, 100],
        [100, 100, 78.6, 100, 90, 100, 94.4, 100, 100],
        [100, 90, 100, 100, 100, 90, 100, 100, 80],
        [100, 100, 100, 100, 90, 100, 100, 85.7, 100],
        [100, 100, 78.6, 100, 90, 100, 55.6, 100, 100],
        [87.5, 100, 85.7, 100, 100, 100, 100, 100, 100],
        [100, 100, 92.9, 100, 80, 100, 100, 100, 100],
        [100, 90, 100, 100, 100, 100, 100, 100, 100],
        [100, 100, 92.9, 100, 90, 100, 100, 100, 100],
    ],
    columns=[f"X{at}" for at in range(1, 10)],
    index=list("ABCDEFGHIJK"),
)
# Hwang and Yoon 1981: four fighter aircraft.
AIRCRAFT = pd.DataFrame(
    [
        [2.0, 1500, 20000, 5.5, 5, 9],
        [2.5, 2700, 18000, 6.5, 3, 5],
        [1.8, 2000, 21000, 4.5, 7, 7],
        [2.2, 1800, 20000, 5.0, 5, 5],
    ],
    columns=["speed", "range", "payload", "price", "reliability", "manoeuvre"],
    index=["A1", "A2", "A3", "A4"],
)
# Diakoulaki et al. 1995: eight firms by profit, market share and productivity.
FIRMS = pd.DataFrame(
    [
        [61, 1.08, 4.33],
        [20.7, 0.26, 4.34],
        [16.3, 1.98, 2.53],
        [9, 3.29, 1.65],
        [5.4, 2.77, 2.33],
        [4, 4.12, 1.21],
        [-6.1, 3.52, 2.10],
        [-34.6, 3.31, 0.98],
    ],
    columns=["profit", "share", "productivity"],
)
# Opricovic and Tzeng 2004: a road that is high or risky.
PATHS = pd.DataFrame({"risk": [1, 2, 5], "height": [3000, 3750, 4500]}, index=list("ABC"))


def test_saatys_distances_come_out_as_printed():
    found = ahp(DISTANCES, names=CITIES)

    assert found.series.tolist() == approx([0.263, 0.397, 0.033, 0.116, 0.164, 0.027], abs=0.0015)
    assert found.lambda_max == approx(6.45, abs=0.005)
    assert found.ci == approx((found.lambda_max - 6) / 5)
    assert found.cr == approx(found.ci / 1.24) and found.ri == 1.24
    assert found.notices == ()


def test_three_judgements_can_be_weighed_with_a_pencil():
    """Of three things both methods give the cube roots of the rows' products."""
    roots = [15 ** (1 / 3), 1.0, 15 ** (-1 / 3)]
    c = (3 * 3 / 5) ** (1 / 3)
    for method in ("eigenvector", "root"):
        found = ahp([[1, 3, 5], ["", 1, 3], ["", "", 1]], names=list("abc"), method=method)

        assert found.series.tolist() == approx([one / sum(roots) for one in roots])
        assert found.lambda_max == approx(1 + c + 1 / c)
        assert found.cr == approx((c + 1 / c - 2) / 2 / 0.58)
        assert found.variant == method


def test_the_two_methods_part_by_a_few_thousandths_from_four_things_on():
    first, second = ahp(DISTANCES, names=CITIES), ahp(DISTANCES, names=CITIES, method="root")
    rows = np.array([[float(Fraction(str(cell))) for cell in row] for row in DISTANCES])
    by_hand = rows.prod(axis=1) ** (1 / 6)

    assert second.series.tolist() == approx((by_hand / by_hand.sum()).tolist())
    assert 0.001 < (first.series - second.series).abs().max() < 0.0035


def test_contradicting_judgements_are_refused_with_the_pair_to_ask_again():
    with pytest.raises(errors.InputError) as caught:
        ahp(JUDGED, names=SCHOOL)

    said = str(caught.value)
    assert "CR is 0.23" in said and "less than 0.10" in said and "force=True" in said
    forced = ahp(JUDGED, names=SCHOOL, force=True)
    assert forced.series.tolist() == approx([0.32, 0.14, 0.03, 0.13, 0.24, 0.14], abs=0.006)
    assert "CR为0.23" in forced.notices[0] and "仍予采用" in forced.notices[0]
    weights = forced.series.to_numpy()
    matrix = np.array([[float(Fraction(str(cell))) for cell in row] for row in JUDGED])
    apart = np.abs(np.log(matrix / np.outer(weights, 1 / weights)))
    row, column = np.unravel_index(apart.argmax(), apart.shape)
    assert SCHOOL[row] in said and SCHOOL[column] in said


def test_the_value_that_would_fit_makes_the_matrix_agree_better():
    names = list("abcd")
    wrong = [[1, 2, 4, "1/9"], ["", 1, 2, 4], ["", "", 1, 2], ["", "", "", 1]]
    with pytest.raises(errors.InputError, match=r"d over a is 9, where .* say about 1\.6"):
        ahp(wrong, names=names)
    before = ahp(wrong, names=names, force=True).cr
    wrong[0][3] = 8

    assert ahp(wrong, names=names).cr == approx(0) and before > 1


def test_a_ratio_a_hair_over_the_limit_is_refused_and_not_shown_as_the_limit():
    """With 1, 2 and 2 beside it the ratio is 0.10 where the third judgement is 1.4469."""

    def judged(third):
        return [[1, 2, third], ["", 1, 2], ["", "", 1]]

    c = (4 / 1.4470) ** (1 / 3)
    assert ahp(judged(1.4470), names=list("abc")).cr == approx((c + 1 / c - 2) / 2 / 0.58)
    with pytest.raises(errors.InputError, match=r"CR is 0\.10002,"):
        ahp(judged(1.44673), names=list("abc"))


def test_the_wards_come_out_as_printed_by_the_min_max_variant():
    found = entropy(WARDS)
    printed_entropy = [0.95, 0.87, 0.84, 0.96, 0.94, 0.96, 0.96, 0.96, 0.96]
    printed = [0.08, 0.22, 0.27, 0.07, 0.11, 0.07, 0.07, 0.07, 0.07]

    assert found.table["entropy"].round(2).tolist() == printed_entropy
    assert found.series.round(2).tolist() == printed
    # With a pencil: ten wards of eleven share X4 evenly, and the last has nothing.
    assert found.table.loc["X4", "entropy"] == approx(math.log(10) / math.log(11))
    assert found.variant == "min-max"


def test_the_other_entropy_puts_the_weight_on_another_column():
    first, second = entropy(WARDS), entropy(WARDS, variant="sum")

    assert (first.series.idxmax(), round(first.series.max(), 2)) == ("X3", 0.27)
    assert (second.series.idxmax(), round(second.series.max(), 2)) == ("X7", 0.40)
    assert first.line == "熵权法(极差标准化)" and second.line == "熵权法(比重法)"


def test_the_aircraft_come_out_as_printed_by_the_sum_variant():
    found = entropy(AIRCRAFT, variant="sum")
    # Printed with entropies cut to four decimals, which moves weights by a thousandth or two.
    printed = [0.0649, 0.2055, 0.0133, 0.0829, 0.3570, 0.2764]
    share = np.array([5, 3, 7, 5]) / 20

    assert found.series.tolist() == approx(printed, abs=0.002)
    assert found.table["entropy"].tolist() == approx(
        [0.9946, 0.9829, 0.9989, 0.9931, 0.9703, 0.9770], abs=0.0003
    )
    assert found.table.loc["reliability", "entropy"] == approx(
        -sum(p * math.log(p) for p in share) / math.log(4)
    )


def test_the_firms_come_out_as_printed_by_critic():
    found = critic(FIRMS)
    # By hand: the first two columns on 0-1, and Pearson's formula for the pair of them.
    x = [(one + 34.6) / 95.6 for one in FIRMS["profit"]]
    y = [(one - 0.26) / 3.86 for one in FIRMS["share"]]
    mx, my = sum(x) / 8, sum(y) / 8
    sxx, syy = sum((one - mx) ** 2 for one in x), sum((one - my) ** 2 for one in y)
    sxy = sum((one - mx) * (two - my) for one, two in zip(x, y, strict=True))
    r = sxy / math.sqrt(sxx * syy)

    assert found.series.round(2).tolist() == [0.20, 0.48, 0.32]
    assert found.series.round(8).tolist() == [0.20222554, 0.48090173, 0.31687273]
    assert found.table["contrast"].to_list()[:2] == approx([math.sqrt(sxx / 7), math.sqrt(syy / 7)])
    conflict = found.table["conflict"]
    # Each pair is counted on both sides.
    assert (conflict["profit"] + conflict["share"] - conflict["productivity"]) / 2 == approx(1 - r)


def test_critic_hangs_on_which_columns_are_turned():
    turned = critic(FIRMS, cost=["share"])

    assert turned.series.round(2).tolist() == [0.39, 0.36, 0.25]


def test_critic_can_be_done_with_a_pencil():
    """Two columns against each other: 1 - r is 2 for both, and only their spread is left."""
    table = pd.DataFrame({"a": [0, 5, 10], "b": [10, 5, 0]})
    found = critic(table)

    assert found.table["contrast"].tolist() == approx([0.5, 0.5])
    assert found.table["conflict"].tolist() == approx([2, 2])
    assert found.series.tolist() == approx([0.5, 0.5])
    with pytest.raises(errors.InputError, match="a, b rise and fall together"):
        critic(table, cost=["b"])


def test_the_aircraft_are_ranked_as_printed():
    given = dict(zip(AIRCRAFT.columns, [0.2, 0.1, 0.1, 0.1, 0.2, 0.3], strict=True))
    found = topsis(AIRCRAFT, given, cost=["price"], normalise="vector")

    # Printed with normalised figures cut to four decimals.
    assert found.series.tolist() == approx([0.643, 0.268, 0.613, 0.312], abs=0.001)
    assert found.table["rank"].tolist() == [1, 4, 2, 3]
    assert found.notices == ()


def test_normalisation_turns_the_ranks_of_three_paths():
    even = {"risk": 0.5, "height": 0.5}
    first = topsis(PATHS, even, cost=["risk"])
    second = topsis(PATHS, even, cost=["risk"], normalise="vector")

    assert first.series.round(3).tolist() == [0.5, 0.617, 0.5]
    assert first.table["rank"].tolist() == [2, 1, 2]
    assert second.series.round(3).tolist() == [0.762, 0.722, 0.238]
    # With a pencil: B lies half way up and a quarter of the way to the worst risk.
    best, worst = math.hypot(0.25, 0.5), math.hypot(0.75, 0.5)
    assert first.series["B"] == approx(worst / (best + worst))


def test_combined_weights_are_the_mean_or_the_product():
    first, second = {"a": 6, "b": 4}, pd.Series({"b": 0.9, "a": 0.1})
    mean, product = combine(first, second), combine(first, second, how="product")

    assert mean.series.to_dict() == approx({"a": 0.35, "b": 0.65})
    assert product.series.to_dict() == approx({"a": 0.06 / 0.42, "b": 0.36 / 0.42})
    assert mean.notices == ("权重之和为10.0000,已按比例归一",)


# ---------------------------------------------------------------- another road


def random_table(count=40, seed=3):
    rng = np.random.Generator(np.random.PCG64(seed))
    return pd.DataFrame(
        {
            "near": rng.uniform(5, 60, count),
            "people": rng.lognormal(7, 0.6, count),
            "income": rng.uniform(20, 300, count),
            "services": rng.integers(1, 9, count).astype(float),
        },
        index=[f"v{at}" for at in range(count)],
    )


def test_a_library_of_others_agrees_where_the_variant_is_the_same():
    pymcdm = pytest.importorskip("pymcdm")
    table, kinds = random_table(), np.array([-1, 1, 1, 1])
    values = table.to_numpy()
    turned = np.column_stack([-values[:, 0], values[:, 1:]])
    given = np.array([0.4, 0.3, 0.2, 0.1])

    assert entropy(table, variant="sum").series.tolist() == approx(
        pymcdm.weights.entropy_weights(values).tolist()
    )
    assert critic(table, cost=["near"]).series.tolist() == approx(
        pymcdm.weights.critic_weights(turned).tolist()
    )
    for ours, theirs in (
        ("min-max", pymcdm.normalizations.minmax_normalization),
        ("vector", pymcdm.normalizations.vector_normalization),
    ):
        found = topsis(table, dict(zip(table, given, strict=True)), cost=["near"], normalise=ours)
        other = pymcdm.methods.TOPSIS(theirs)(values, given, kinds)

        assert found.series.tolist() == approx(other.tolist())


# ---------------------------------------------------------------- laws

TABLES = arrays.arrays(
    np.float64,
    st.tuples(st.integers(3, 9), st.integers(2, 4)),
    elements=st.integers(0, 1000).map(float),
).map(lambda values: pd.DataFrame(values, columns=list("abcd")[: values.shape[1]]))


def weighed(way, table, **kw):
    try:
        return way(table, **kw)
    except errors.InputError:
        return None


@given(TABLES, st.randoms(use_true_random=False))
def test_weights_add_up_and_hang_neither_on_order_nor_unit_nor_a_constant_column(table, chance):
    order = list(table.index)
    chance.shuffle(order)
    metres = table.assign(a=table["a"] * 1000)
    before = table.copy()
    for way in (entropy, critic):
        found = weighed(way, table, cost=["b"])
        if found is None:
            continue
        more = way(table.assign(same=7.0), cost=["b"])

        assert found.series.sum() == approx(1) and (found.series >= 0).all()
        assert not found.table["weight"].isna().any()
        assert way(table.loc[order], cost=["b"]).series.tolist() == approx(found.series.tolist())
        assert way(metres, cost=["b"]).series.tolist() == approx(found.series.tolist())
        assert more.series[[*table]].tolist() == approx(found.series.tolist())
        assert more.table.loc["same", ["weight", "note"]].tolist() == [0, "各行数值相同"]
    pd.testing.assert_frame_equal(table, before)


@given(TABLES)
def test_closeness_lies_between_0_and_1_and_no_row_better_in_all_comes_behind(table):
    given_weights = dict.fromkeys(table, 1)
    for normalise in ("min-max", "vector"):
        found = weighed(topsis, table, weights=given_weights, normalise=normalise)
        if found is None:
            continue
        values, near = table.to_numpy(), found.series.to_numpy()
        ahead = (values[:, None, :] >= values[None, :, :]).all(axis=2)

        assert ((near >= 0) & (near <= 1)).all()
        assert (near[:, None] >= near[None, :] - 1e-12)[ahead].all()
        more = topsis(table.assign(same=3.0), {**given_weights, "same": 5}, normalise=normalise)
        assert more.series.tolist() == approx(near.tolist())


@given(st.lists(st.floats(0.2, 1.8), min_size=1, max_size=9))
def test_judgements_that_agree_give_their_own_vector_and_no_contradiction(sides):
    vector = np.array(sides) / sum(sides)
    matrix = np.outer(vector, 1 / vector)
    names = list(range(len(sides)))
    for method in ("eigenvector", "root"):
        found = ahp(matrix, names=names, method=method)

        assert found.series.tolist() == approx(vector.tolist())
        assert found.cr == approx(0, abs=1e-9) and found.lambda_max == approx(len(sides))


def test_thirds_written_as_people_write_them_are_thirds():
    rounded = [[1, 3, 7, 9], [0.33, 1, 3, 6], [0.14, 0.33, 1, 2], [0.11, 0.17, 0.5, 1]]
    exact = [[1, 3, 7, 9], ["", 1, 3, 6], ["", "", 1, 2], ["", "", "", 1]]
    chinese = [
        ["1", "３", "7", "9"],
        ["1/3", 1, 3, "6"],
        ["1/7", "１/3", 1, 2],
        ["1/9", "1/6", ".5", 1],
    ]
    found = ahp(exact, names=list("abcd")).series.tolist()

    assert ahp(rounded, names=list("abcd")).series.tolist() == approx(found)
    assert ahp(chinese, names=list("abcd")).series.tolist() == approx(found)


def test_a_table_of_judgements_is_read_by_its_names_whatever_their_order():
    table = pd.DataFrame(DISTANCES, index=CITIES, columns=CITIES)
    mixed = table.loc[CITIES[::-1]]

    assert ahp(mixed).series.to_dict() == ahp(table).series.to_dict()
    assert ahp(table.reset_index(drop=True)).series.to_dict() == ahp(table).series.to_dict()


def test_one_thing_has_all_the_weight_and_two_never_contradict_each_other():
    assert ahp([[1]], names=["a"]).series.tolist() == [1]
    two = ahp([[1, 9], ["", 1]], names=["a", "b"])

    assert two.series.tolist() == approx([0.9, 0.1]) and (two.cr, two.ri) == (0, 0)
    assert ahp([[1, 12], ["", 1]], names=["a", "b"]).notices == ("判断值超出1至9标度",)


def test_a_constant_column_weighs_nothing_and_the_rest_of_it_is_not_known():
    table = pd.DataFrame({"a": [1.0, 2, 4], "b": [0.1 + 0.2, 0.3, 0.3], "c": [3, 1, 1]})
    for found in (entropy(table), entropy(table, variant="sum"), critic(table)):
        assert found.series["b"] == 0 and found.table.loc["b", "note"] == "各行数值相同"
        assert found.table.loc["b"].drop(["weight", "note"]).isna().all()
    assert critic(table[["a", "b"]]).series.tolist() == [1, 0]
    mixed = combine({"a": 1, "b": 1, "c": 2}, entropy(table))
    assert mixed.table.loc["b", "note"] == "各行数值相同" and mixed.series["b"] == approx(0.125)


def test_results_show_themselves():
    found = entropy(random_table().rename(columns={"people": "pop_resident"}))
    judged = ahp(DISTANCES, names=CITIES)
    near = topsis(PATHS, {"risk": 1, "height": 3}, cost="risk")

    assert repr(found).startswith("<Weights (entropy, min-max): near 0.")
    assert "常住人口" in found._repr_html_() and "熵权法(极差标准化)" in found._repr_html_()
    assert "CR 0.073" in repr(judged) and "0.0732" in judged._repr_html_()
    assert repr(near) == "<Closeness of 3 rows (min-max): first C>"
    assert near.line == "TOPSIS贴近度(极差标准化)" and "已按比例归一" in near._repr_html_()
    for text in (found.line, judged.line, near.line, *near.notices):
        text.encode("gbk")


def test_numbers_that_pandas_holds_in_other_ways_are_numbers():
    plain = pd.DataFrame({"a": [1, 2, 4], "b": [3, 1, 2]})
    other = pd.DataFrame(
        {
            "a": pd.array([1, 2, 4], dtype="Int64"),
            "b": pd.Series([3, 1.0, np.int8(2)], dtype=object),
        }
    )

    assert entropy(other).series.tolist() == approx(entropy(plain).series.tolist())
    assert entropy(other, cost=("b",)).series.sum() == approx(1)


# ---------------------------------------------------------------- bad input

GOOD = pd.DataFrame({"a": [1.0, 2, 4], "b": [3.0, 1, 2]}, index=["P", "Q", "R"])


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (GOOD.to_numpy(), "is a ndarray; give a DataFrame"),
        (GOOD[[]], "no columns"),
        (GOOD.iloc[:1], "has 1 rows"),
        (GOOD.iloc[:0], "has 0 rows"),
        (GOOD.assign(a=[1, None, 3]), r"lacks 1 values; fill them .* Rows: \('Q', 'a'\)"),
        (GOOD.assign(a=[1, np.inf, None]), r"lacks 1 values.*has 1 values that are not finite"),
        (GOOD.assign(a=[1, 1e200, 3]), "not finite"),
        (GOOD.assign(a=["1", "2", "x"]), r"no numbers: a \((str|object)\)\. Drop"),
        (GOOD.assign(a=pd.to_datetime(["2025", "2026", "2027"])), r"no numbers: a \(datetime"),
        (GOOD.assign(a=pd.Categorical(["1", "2", "3"])), r"no numbers: a \(category"),
        (GOOD.assign(a=[1j, 2, 3]), r"no numbers: a \(complex"),
        (GOOD.set_axis(["a", "a"], axis=1), "repeats the columns a"),
        (GOOD.assign(a=1, b=2.0), "the same in all rows"),
    ],
)
def test_a_table_that_cannot_be_weighed_is_refused(table, said):
    for way in (entropy, critic, lambda one: topsis(one, {"a": 1, "b": 1})):
        with pytest.raises(errors.InputError, match=said):
            way(table)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"a": 1}, r"has none for b \(0 leaves a column out\)"),
        ({"a": 1, "b": 1, "c": 1}, "names c, not among a, b"),
        ({"a": 1, "b": -1}, "cost.*Rows: 'b: -1'"),
        ({"a": 1, "b": np.nan}, "numbers from 0 upwards"),
        ({"a": 1, "b": np.inf}, "numbers from 0 upwards"),
        ({"a": 1, "b": "2"}, "no number"),
        ({"a": 0, "b": 0}, "all 0"),
        ({}, "is empty"),
        ([0.5, 0.5], "is a list; give a mapping"),
        (pd.Series([1, 2], index=["a", "a"]), "names a column twice"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(weights, said):
    with pytest.raises(errors.InputError, match=said):
        topsis(GOOD, weights)
    with pytest.raises(errors.InputError, match=said.replace("not among a, b", "not among")):
        combine({"a": 1, "b": 1}, weights)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: entropy(GOOD, variant="log"), "variant='log' is not one of min-max, sum"),
        (lambda: entropy(GOOD - 2, variant="sum"), r"negative numbers .*\('P', 'a'\)"),
        (lambda: entropy(GOOD, cost=["c"]), "`cost` names c; the table has a, b"),
        (lambda: critic(GOOD, cost="ab"), "`cost` names ab"),
        (lambda: topsis(GOOD, {"a": 1, "b": 1}, normalise="max"), "normalise='max'"),
        (lambda: topsis(GOOD.assign(b=1), {"a": 0, "b": 1}), "Only columns that are the same"),
        (lambda: combine({"a": 1}, {"a": 1}, how="sum"), "how='sum' is not one of"),
        (lambda: combine({"a": 1, "b": 0}, {"a": 0, "b": 1}, how="product"), "how='mean'"),
    ],
)
def test_an_option_that_is_not_there_is_refused(call, said):
    with pytest.raises(errors.InputError, match=said):
        call()


@pytest.mark.parametrize(
    ("judgements", "names", "said"),
    [
        ([[1, 2], [0.5, 1]], None, "names="),
        ([[1, 2], [0.5, 1]], ["a"], "1 names for 2 rows"),
        ([[1, 2], [0.5, 1]], ["a", "a"], "repeats a name"),
        ([[1, 2, 3], [0.5, 1, 2]], ["a", "b"], "2 rows with 3, 3 cells"),
        ([[1, 2], [0.5]], ["a", "b"], "2 rows with 2, 1 cells"),
        ([1, 2], ["a", "b"], "to be square"),
        ("1 2", ["a"], "is a str"),
        ([], [], "is empty"),
        ([[1, 2], [2, 1]], ["a", "b"], "a over b is 2 and the other way round 2, not 1/2"),
        ([[1, 3], [0.3, 1]], ["a", "b"], "a over b is 3 and the other way round 0.3, not 1/3"),
        ([[2, 2], [0.5, 1]], ["a", "b"], "a over itself is 2, not 1"),
        ([[1, 0], [0.5, 1]], ["a", "b"], "a over b is 0, not a positive number"),
        ([[1, -2], [-0.5, 1]], ["a", "b"], "a over b is -2.*b over a is -0.5"),
        ([[1, "x"], [0.5, 1]], ["a", "b"], "a over b is 'x'"),
        ([[1, "1/0"], [0.5, 1]], ["a", "b"], "a over b is '1/0'"),
        ([[1, True], [1, 1]], ["a", "b"], "a over b is True"),
        ([[1, np.inf], [0, 1]], ["a", "b"], "a over b is inf"),
        ([[1, ""], [None, 1]], ["a", "b"], "a over b is blank on both sides"),
        (np.ones((16, 16)), range(16), "16 things; random indices are known up to 15"),
        (pd.DataFrame([[1, 2], [0.5, 1]], columns=list("ab")), ["a", "b"], "names of its own"),
        (pd.DataFrame([[1, 2], [0.5, 1]], list("ac"), list("ab")), None, "one side only: b, c"),
        (pd.DataFrame([[1, 2], [0.5, 1]], list("ab"), list("aa")), None, "columns of .* repeat"),
    ],
)
def test_a_matrix_that_is_none_is_refused(judgements, names, said):
    with pytest.raises(errors.InputError, match=said):
        ahp(judgements, names=names)


def test_an_unknown_method_is_refused():
    with pytest.raises(errors.InputError, match="method='power' is not one of eigenvector, root"):
        ahp([[1]], names=["a"], method="power")


def test_what_one_weighing_answered_goes_into_the_next():
    table = random_table()
    both = combine(
        ahp([[1, 2, 2, 2], ["", 1, 1, 1], ["", "", 1, 1], ["", "", "", 1]], names=list(table)),
        entropy(table, cost=["near"]),
    )
    near = topsis(table, both, cost=["near"])

    assert isinstance(both, Weights) and both.method == "combined"
    assert near.weights["weight"].tolist() == approx(both.series.tolist())
