"""Wrong units and slipped columns are refused or doubted, from a file and from a frame alike."""

import itertools
import warnings

import pandas as pd
import pytest
from pytest import approx

from deqing_geo import errors, sample
from deqing_geo.columns import label
from deqing_geo.inputs import read_village_table
from deqing_geo.villages import classify_villages, village_facts

CODES = [f"33052100190{at}" for at in range(1, 5)]
VILLAGES = sample.villages().set_axis(pd.Index(CODES, name="village_code"))


@pytest.fixture
def write(tmp_path):
    number = itertools.count()

    def write(columns, units=None):
        """A .csv under the library's Chinese headings; `units` stand in brackets behind them."""
        heads = {
            column: label(column) + (f"({units[column]})" if units and column in units else "")
            for column in columns
        }
        rows = pd.DataFrame(columns, index=CODES[: len(next(iter(columns.values())))])
        file = tmp_path / f"{next(number)}.csv"
        rows.rename(columns=heads).rename_axis("行政区划代码").to_csv(file, encoding="utf-8")
        return file

    return write


@pytest.fixture(params=["file", "frame"])
def facts_of(request, write):
    """The facts a table gives, by either road."""

    def facts_of(columns, units=None):
        if request.param == "file":
            table = read_village_table(write(columns, units))
        else:
            count = len(next(iter(columns.values())))
            held = {name: pd.Series(values, dtype=object) for name, values in columns.items()}
            table = pd.DataFrame(held).set_axis(CODES[:count], axis="index")
        return village_facts(VILLAGES, table=table)

    return facts_of


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("columns", "says", "rows"),
    [
        ({"hollow_rate": [0.1, 8, 0]}, r"ratio from 0 to 1, and 8 is not", CODES[1:2]),
        ({"pop_resident": [120, -3, 5]}, "cannot be below 0", CODES[1:2]),
        ({"pop_5_years_ago": [-120]}, "cannot be below 0", CODES[:1]),
        ({"pop_chg5_pct": [-101, 3]}, "cannot be below -100", CODES[:1]),
        ({"pop_resident": [0.12, 0.35]}, r"whole 人.*常住人口\(万人\)", CODES[:2]),
        ({"fac_count": [3, 14]}, "counts kinds, of which there are 8", CODES[1:2]),
        ({"collective_op_income": [1.2e6, 8e5, 2e6]}, "Is the column in 元", CODES[:3]),
        ({"farmland_pc": [380, 410, 700]}, "Is the column in 平方米", CODES[:3]),
        ({"homesteads_idle": [9, 5], "homesteads_all": [8, 50]}, "exchanged", CODES[:1]),
        ({"heritage_scenic": ["是", "也许"]}, "year or batch", CODES[1:2]),
        ({"is_town_seat": ["是", "也许"]}, "neither", CODES[1:2]),
        ({"hazard_class": ["高易发", "很高"]}, "it may hold", CODES[1:2]),
    ],
)
def test_what_cannot_be_in_its_unit_is_refused_with_rows_and_cure(facts_of, columns, says, rows):
    with pytest.raises(errors.ColumnError, match=says) as caught:
        facts_of(columns)
    assert list(caught.value.rows) == rows


@pytest.mark.parametrize(
    ("columns", "count"), [({"hollow_rate": [12, 8, 40]}, 3), ({"aging60_share": [31, 25.5, 0]}, 2)]
)
def test_percentages_under_a_heading_without_them_are_refused_with_rows_and_cure(
    facts_of, request, columns, count
):
    from_file = request.node.callspec.params["facts_of"] == "file"

    with pytest.raises(errors.ColumnError, match=r"100") as caught:
        facts_of(columns)

    # A reader names the rows of the sheet, together with all else that is wrong with it.
    assert "(%)" in str(caught.value)
    assert list(caught.value.rows) == ([2, 3, 4] if from_file else CODES)[:count]


def test_text_in_numbers_is_refused_with_its_row(facts_of):
    # Of a file the row is the sheet's, of a frame the village's.
    with pytest.raises(errors.ColumnError, match="is a number") as caught:
        facts_of({"pop_resident": ["120", "很多"]})
    assert caught.value.rows in ((3,), (CODES[1],))


def test_all_columns_at_fault_are_named_at_once_and_a_slip_is_suspected(facts_of):
    slipped = {"pop_resident": ["是", "否"], "is_town_seat": [12, 15]}
    slipped["hollow_rate"] = ["高易发", "低易发"]
    with pytest.raises(errors.ColumnError, match="columns") as caught:
        facts_of(slipped)
    said = str(caught.value)

    assert "pop_resident" in said and "hollow_rate" in said and "错列" in said
    assert len(caught.value.rows) == 2


def test_faults_of_several_columns_keep_all_their_rows():
    table = pd.DataFrame(
        {"pop_resident": [-1, 5, 5], "takes_part": [True, None, None], "hollow_rate": [0, 0, 7]},
        index=CODES[:3],
    )
    with pytest.raises(errors.ColumnError, match="faults in 2 columns") as caught:
        village_facts(VILLAGES, table=table)
    assert caught.value.rows == (CODES[0], CODES[2])
    assert "错列" not in str(caught.value)


def test_duplicate_codes_and_strange_villages_are_refused(write):
    double = pd.DataFrame({"pop_resident": [1, 2]}, index=[CODES[0], CODES[0]])
    with pytest.raises(errors.CodeError, match="several rows"):
        village_facts(VILLAGES, table=double)
    file = write({"pop_resident": [1, 2]})
    text = file.read_text("utf-8").replace(CODES[1], CODES[0])
    file.write_text(text, "utf-8")
    with pytest.raises(errors.CodeError, match="several rows"):
        read_village_table(file)


def test_names_that_moved_by_a_row_are_refused(facts_of):
    names = VILLAGES["village_name"].tolist()
    with pytest.raises(errors.CodeError, match="名称不一致"):
        facts_of({"village_name": [*names[1:3], names[0]], "pop_resident": [1, 2, 3]})


def test_a_table_without_a_fact_is_refused_with_what_it_has(facts_of):
    table = pd.DataFrame({"谁填的": ["张三"], "备注": [""]}, index=CODES[:1])
    with pytest.raises(errors.ColumnError, match=r"no column that is a fact.*谁填的"):
        village_facts(VILLAGES, table=table)


def test_a_classification_of_nothing_is_missing_data_for_all():
    types = classify_villages(village_facts(VILLAGES))
    assert (types.table["type_model"] == "missing").all()


# ---------------------------------------------------------------- doubted


@pytest.mark.parametrize(
    ("columns", "says", "column", "rows"),
    [
        ({"farmland_pc": [0.05, 0.08, 0.04]}, "公顷", "farmland_pc", 3),
        ({"farmland_pc": [0.5, 0.8, 400]}, "more than 50 亩", "farmland_pc", 1),
        ({"collective_op_income": [120, 20_000, 80]}, "10,000 万元", "collective_op_income", 1),
        ({"tt_county_min": [0.4, 1.2, 0.3]}, "小时", "tt_county_min", 3),
        ({"pop_chg5_pct": [-0.05, 0.1, 0]}, "a ratio", "pop_chg5_pct", 2),
        ({"pop_resident": [60_000, 900, 800]}, "more than 50,000", "pop_resident", 1),
        ({"pop_resident": [90, 300, 900], "hh_resident": [100, 90, 80]}, "slipped",
         "hh_resident", 2),
    ],
)  # fmt: skip
def test_what_can_hardly_be_is_told_and_flagged_and_kept(facts_of, columns, says, column, rows):
    with pytest.warns(errors.DeqingGeoWarning, match=says):
        facts = facts_of(columns)

    assert facts["doubted"].notna().sum() == rows
    assert set(facts["doubted"].dropna()) == {label(column)}
    assert facts[column].dropna().astype(float).tolist() == approx(columns[column])


def test_two_villages_say_nothing_of_a_whole_column_and_ordinary_figures_are_not_doubted(facts_of):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = facts_of({"farmland_pc": [0.05, 0.08]})
        plain = facts_of(
            {
                "farmland_pc": [0.05, 0.8, 1.4],
                "collective_op_income": [0, 120.5, 9999],
                "pop_resident": [0, 300, 2000],
                "hh_resident": [0, 90, 600],
                "pop_chg5_pct": [0, 0, 0],
            }
        )
    assert "doubted" not in few and "doubted" not in plain


def test_a_doubted_village_carries_a_flag_and_the_others_none(facts_of):
    with pytest.warns(errors.DeqingGeoWarning):
        facts = facts_of({"collective_op_income": [120, 20_000, 80, 90]})
    flags = classify_villages(facts).table["flags"].fillna("")

    assert ["UNITS" in one for one in flags] == [False, True, False, False]


# ---------------------------------------------------------------- units in headings


@pytest.mark.parametrize(
    ("column", "unit", "cell", "value"),
    [
        ("farmland_pc", "公顷", 0.1, 1.5),
        ("farmland_pc", "平方米", 2000, 3.0),
        ("tt_county_min", "小时", 0.4, 24.0),
        ("collective_op_income", "元", 1_200_000, 120),
        ("collective_op_income", "千元", 1_200, 120),
        ("collective_op_income", "亿元", 0.012, 120),
        ("pop_resident", "万人", 0.0701, 701),
        ("pop_resident", "千人", 0.701, 701),
        ("fault_dist_m", "千米", 1.5, 1500),
        ("hollow_rate", "%", 12.5, 0.125),
        ("hollow_rate", "‰", 125, 0.125),
        ("pop_chg5_pct", "‰", -32, -3.2),
        ("pop_density", "人/公顷", 3.5, 350),
    ],
)
def test_a_unit_in_the_heading_is_brought_to_the_columns_and_becomes_a_fact(
    column, unit, cell, value, write
):
    table = read_village_table(write({column: [cell]}, {column: unit}))
    facts = village_facts(VILLAGES, table=table)

    assert table[column].tolist() == approx([value])
    if column != "pop_density":
        assert float(facts[column].iloc[0]) == approx(value)


def test_several_columns_of_a_file_that_cannot_be_read_are_one_error(write):
    file = write({"pop_resident": ["多", 3], "hh_resident": ["少", 1], "pop_hukou": [1, 2]})
    with pytest.raises(errors.ColumnError, match="2 columns cannot be read") as caught:
        read_village_table(file)
    assert "pop_resident" in str(caught.value) and "hh_resident" in str(caught.value)
    assert caught.value.rows == (2,)
