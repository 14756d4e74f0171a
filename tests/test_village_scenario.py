"""Scenarios: what moves if a number, a condition, a weight or a fact is another."""

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame

from deqing_geo import errors, save_table, standards, village_map
from deqing_geo.columns import registry
from deqing_geo.villages.scenarios import Scenario, scenario, sweep
from deqing_geo.villages.scheme import load_scheme
from tests.compared import facts, judge

LAW = standards.load()


def pair(**more):
    given = {"dist_udb_m": [400.0, 800.0], "tt_county_min": [12.0, 16.0], **more}
    shapes = [shapely.box(at, 0, at + 1, 1) for at in range(2)]
    return GeoDataFrame(given, geometry=shapes, index=["A", "B"])


def moves(found):
    ends = zip(found.table["type_before"], found.table["type_after"], strict=True)
    return dict(zip(found.table.index, map("→".join, ends), strict=True))


def test_a_threshold_moves_who_lies_between_the_old_and_the_new():
    types = judge(pair())
    found = scenario(types, {"village.centre_minutes": 16})

    assert moves(found) == {"B": "improve→suburban"}
    row = found.table.loc["B"]
    assert row[["decided_before", "decided_after"]].tolist() == ["IM-0", "SI-2"]
    assert row["reason"].endswith("至县城车程16.0分钟(≤16分钟)")
    assert found.counts.loc["suburban"].tolist() == [1, 2, 1]
    assert found.matrix.loc["improve", "suburban"] == 1
    assert types.asked["law"].rule("village.centre_minutes").value == 15
    assert any(one.evidence == "local" and one.value == 16 for one in found.sources)


def test_a_fact_of_one_village_moves_that_village_alone():
    found = scenario(judge(pair()), {("B", "tt_county_min"): 14})

    assert moves(found) == {"B": "improve→suburban"}
    assert found.lines == ("B至县城车程16.0分钟→14.0分钟",)


def test_a_fact_may_become_unknown():
    found = scenario(judge(pair()), {("A", "tt_county_min"): None})

    assert moves(found) == {"A": "suburban→missing"}


def test_a_fact_of_all_is_a_function_a_value_or_a_series():
    types = judge(pair())
    by_function = scenario(types, {"tt_county_min": lambda minutes: minutes * 0.8})
    by_series = scenario(types, {"tt_county_min": pd.Series({"B": 12.8})})
    by_value = scenario(types, {"tt_county_min": 60})

    assert moves(by_function) == moves(by_series) == {"B": "improve→suburban"}
    assert moves(by_value) == {"A": "suburban→improve"}
    assert by_function.lines == ("至县城车程全部改动(2个村庄不同)",)
    new = scenario(types, {"is_central_village": pd.Series({"B": True, "A": False})})
    assert moves(new) == {"B": "improve→cluster"}


def test_a_single_fact_stands_before_the_facts_of_all_in_whatever_order():
    types = judge(pair())
    one = {("A", "tt_county_min"): 14, "tt_county_min": 60}
    other = dict(reversed(one.items()))

    assert moves(scenario(types, one)) == moves(scenario(types, other)) == {}


def test_a_condition_may_be_left_out_and_taken_in_again():
    types = judge(pair(udb_res_share=[0.0, 0.0]))
    without = scenario(types, {"skip": ["SI-2"]})

    assert moves(without) == {"A": "suburban→improve"}
    assert without.lines == ("停用条件无→SI-2",)
    assert moves(scenario(without.types, {"skip": []})) == {"A": "improve→suburban"}


def test_weights_may_be_others():
    types = judge(facts())
    found = scenario(types, {"weights": {"tt_town_min": 1}})

    assert len(found.table) and found.lines == ("权重有改动",)
    alone = judge(facts(), weights={"tt_town_min": 1})
    assert found.types.shown.equals(alone.shown)


def test_several_changes_at_once_are_those_of_a_run_with_all_of_them():
    table = facts()
    found = scenario(
        judge(table),
        {
            "village.centre_minutes": 20,
            "skip": ["AC-2"],
            "pop_resident": lambda people: people * 2,
            ("330521900033", "heritage_list"): None,
        },
    )
    table["pop_resident"] *= 2
    table.loc["330521900033", "heritage_list"] = None
    law = LAW.with_rule("village.centre_minutes", 20, reason="会审意见")
    alone = judge(table, law=law, skip=["AC-2"])

    assert found.types.shown.equals(alone.shown)
    assert len(found.lines) == 4 and "330521900033" in found.table.index


def test_minutes_to_the_nearest_centre_follow_those_to_the_county_seat():
    types = judge(facts())
    found = scenario(types, {"tt_county_min": lambda minutes: minutes + 20}).types.table

    # The subcentre is nine minutes farther than the seat was.
    assert (found["tt_centre_min"] == found["tt_subcentre_min"]).all()
    own = scenario(types, {"tt_county_min": 5, "tt_centre_min": 7}).types.table
    assert (own["tt_centre_min"] == 7).all()


def test_a_schemes_own_number_is_changed_where_it_stands(tmp_path):
    file = tmp_path / "own.toml"
    text = 'base = "deqing"\ndocument = "纪要"\n[numbers]\n'
    text += '"village.centre_minutes" = {value = 13, reason = "纪要"}\n'
    file.write_text(text, encoding="utf-8")
    types = judge(pair(), scheme=load_scheme(file, LAW))

    assert moves(scenario(types, {"village.centre_minutes": 16})) == {"B": "improve→suburban"}
    assert types.scheme.numbers["village.centre_minutes"].value == 13


def test_a_number_or_a_fact_nobody_reads_says_so():
    types = judge(pair(pop_hukou=[1, 2]))
    found = scenario(types, {"speed.walk": 5, "pop_hukou": 3})

    assert len(found.table) == 0
    assert all(line.endswith("(未被任何判定条件或得分读取)") for line in found.lines)


def test_a_scenario_says_that_it_is_one_wherever_it_goes(tmp_path):
    types = judge(facts())
    found = scenario(types, {"village.centre_minutes": 20})
    said = "情景推演,不是分类结果:至县城车程15分钟→20分钟"

    assert found.notices[0] == found.types.notices[0] == said
    assert said in found._repr_html_()
    for name, table in {"movers": found.table, "types": pd.DataFrame(found.types.table)}.items():
        table.attrs.update(found.types.table.attrs)
        text = save_table(table, tmp_path / f"{name}.csv").read_text("utf-8-sig")
        assert all(said in row for row in text.splitlines()[1:])
    assert "情景推演" in village_map(found.types, title="情景").get_root().render()
    again = judge(found.types.table, **found.types.asked)
    assert again.notices[0] == said
    assert "情景推演" not in "".join(types.notices)


def test_types_and_facts_stay_as_they_were():
    types = judge(facts())
    before = types.table.copy()
    scenario(types, {"pop_resident": lambda people: people * 0, "village.constraint": 0.1})

    pd.testing.assert_frame_equal(pd.DataFrame(types.table), pd.DataFrame(before))
    assert types.table.attrs == before.attrs


def test_the_order_of_rows_says_nothing():
    table = facts()
    changes = {"village.centre_minutes": 20, "tt_town_min": lambda minutes: minutes / 2}
    one = scenario(judge(table), changes).table
    other = scenario(judge(table.sample(frac=1, random_state=9)), changes).table

    pd.testing.assert_frame_equal(one, other.loc[one.index])


# ---------------------------------------------------------------- over several values


def test_more_minutes_never_make_fewer_suburbs():
    found = sweep(judge(facts()), "village.centre_minutes", [5, 10, 15, 20, 60])

    assert found["suburban"].is_monotonic_increasing
    assert found.loc[15, "moved_count"] == 0 and found.index.name == "village.centre_minutes"
    assert found.drop(columns="moved_count").sum(axis=1).eq(60).all()
    assert set(found) <= {*registry(), *judge(facts()).counts.index}
    assert "情景推演" in found.attrs["notice"]


def test_a_sweep_is_one_scenario_a_value():
    types = judge(pair())
    found = sweep(types, ("B", "tt_county_min"), [10, 20])

    assert found["suburban"].tolist() == [2, 1]
    assert sweep(types, "skip", [[], ["SI-2"]])["suburban"].tolist() == [1, 0]
    assert list(found.index) == [10, 20] and found.index.name == "B、tt_county_min"


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({}, errors.InputError, "mapping of what is to be otherwise"),
        (None, errors.InputError, "mapping of what is to be otherwise"),
        ({"village.center_minutes": 20}, errors.InputError, r"Near: village\.centre_minutes"),
        ({"skp": ["SI-2"]}, errors.InputError, "Near: skip"),
        ({"tt_county": 3}, errors.InputError, "Near: tt_county_min"),
        ({"qqqq": 3}, errors.InputError, "Options: law"),
        ({3: 3}, errors.InputError, "3 is no number, option or fact"),
        ({"village.centre_minutes": 0}, errors.StandardsError, "positive"),
        ({"village.centre_minutes": "many"}, errors.StandardsError, "positive"),
        ({"skip": ["SI-9"]}, errors.InputError, "No rung 'SI-9'"),
        ({("C", "tt_county_min"): 3}, errors.CodeError, "No village 'C' here"),
        ({("A", "tt_conty_min"): 3}, errors.ColumnError, "Near: tt_county_min"),
        ({("A", "type_model"): "improve"}, errors.ColumnError, "is no fact"),
        ({("A",): 3}, errors.InputError, "is no village and column"),
        ({("A", "tt_county_min"): "soon"}, errors.ColumnError, "is a number, and 'soon'"),
        ({("A", "tt_county_min"): -3}, errors.ColumnError, "cannot be below 0"),
        ({"type_model": "improve"}, errors.ColumnError, "is what classification makes"),
        ({"tt_county_min": [3, 4]}, errors.InputError, "a function, one value, or a Series"),
        ({"tt_county_min": lambda s: s.iloc[:1]}, errors.InputError, "one value a village"),
        ({"tt_county_min": lambda s: [1, 2, 3]}, errors.InputError, "gives 3 values for 2"),
        ({"fac_count": lambda s: s}, errors.ColumnError, "no column of these villages"),
        ({"tt_county_min": pd.Series({"Z": 1})}, errors.CodeError, "that are not there"),
        ({"tt_county_min": pd.Series([1, 2], ["A", "A"])}, errors.CodeError, "a village twice"),
    ],
)
def test_what_cannot_be_changed_is_refused_with_what_is_near(changes, error, said):
    with pytest.raises(error, match=said):
        scenario(judge(pair()), changes)


def test_a_sweep_of_nothing_is_refused():
    with pytest.raises(errors.InputError, match="at least one value"):
        sweep(judge(pair()), "village.centre_minutes", [])


def test_it_shows_itself():
    found = scenario(judge(pair()), {"village.centre_minutes": 16})

    assert isinstance(found, Scenario)
    assert repr(found) == "<Scenario of 2 villages: 1 move>"
    assert found.headline == "1 个村庄变动(至县城车程15分钟→16分钟)"
    assert set(found.table) <= set(registry())
    assert np.trace(found.matrix) == 1
