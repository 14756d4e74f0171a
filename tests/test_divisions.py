"""The register of names and codes, and names as offices write them."""

import itertools

import pandas as pd
import pytest

from deqing_geo import columns, divisions, errors
from deqing_geo.cli import main

COUNTY = "330521"


def test_the_register_of_2016_has_what_was_published():
    units = divisions.register(2016)
    towns = units[units["division_level"] == "town"]
    villages = units[units["division_level"] == "village"]

    assert len(towns) == 12
    assert len(villages) == 180
    assert units.index.is_unique and units.index.is_monotonic_increasing
    assert units.index.str.startswith(COUNTY).all()
    assert set(towns.index.str.len()) == {9} and set(villages.index.str.len()) == {12}
    assert (villages.index.str[:9] == villages["town_code"]).all()
    assert villages["unit_kind"].value_counts().to_dict() == {
        "village_committee": 150,
        "residents_committee": 30,
    }


def test_the_code_does_not_follow_the_kind():
    """The bureau's own list: two residents' committees are rural, 14 villages town centre."""
    units = divisions.register(2016)
    kinds = units.groupby(["unit_kind", "urban_rural_code"]).size()

    assert kinds["residents_committee", "220"] == 2
    assert kinds["village_committee", "121"] == 14


def test_2023_has_one_town_more():
    before = divisions.register(2016)
    after = divisions.register(2023)
    new = set(after.index) - set(before[before["division_level"] == "town"].index)

    assert len(after) == 13
    assert new == {"330521005"}
    assert after.loc["330521005", "division_name"] == "康乾街道"


def test_a_register_carries_its_source_and_is_the_callers_own():
    one = divisions.register(2016)
    one.loc[:, "division_name"] = "?"

    assert "国家统计局" in divisions.register(2016).attrs["source"]
    assert "?" not in set(divisions.register(2016)["division_name"])


def test_the_register_states_names_and_codes_and_nothing_else():
    """A real village carries no type, figure or shape here."""
    columns_there = "division_name division_level unit_kind urban_rural_code town_code town_name"

    assert list(divisions.register().columns) == columns_there.split()
    assert set(divisions.register().columns) | {"division_code"} <= set(columns.registry())
    assert set(divisions.find_units(["二都村"]).columns) <= set(columns.registry())


def test_every_urban_rural_code_has_a_word():
    for code in divisions.register(2016)["urban_rural_code"].dropna().unique():
        assert divisions.urban_rural(code)
    with pytest.raises(errors.ColumnError):
        divisions.urban_rural("999")


@pytest.mark.parametrize("year", [2015, 2024, "2016", None])
def test_another_year_is_refused_with_those_there_are(year):
    with pytest.raises(errors.InputError, match="2016 and 2023"):
        divisions.register(year)


def test_codes_given_up_lead_to_their_successors():
    towns = divisions.register(2023)
    followed = divisions.successors("330521100")

    assert followed == ("330521001", "330521002", "330521003", "330521004")
    assert set(followed) <= set(towns.index)
    assert divisions.successors("330521102") == ()
    assert set(divisions.history()["evidence"]) <= {"printed", "seen", "secondary", "remembered"}


def test_the_history_agrees_with_the_register():
    history = divisions.history()
    towns = divisions.register(2023)["division_name"]
    known = history[history["to_code"].notna()]

    assert known["to_name"].tolist() == towns.loc[known["to_code"]].tolist()
    assert "330521100" not in divisions.register(2016).index


# ---------------------------------------------------------------- names


def full_name(name, kind):
    stem, word = name[:-3], {"village_committee": "村", "residents_committee": "社区"}[kind]
    return stem if stem.endswith(word) else f"{stem}{word}"


def test_every_unit_is_found_by_its_published_name_and_town():
    units = divisions.register()
    units = units[units["division_level"] == "village"]
    found = divisions.find_units(units["division_name"], towns=units["town_name"])

    assert (found["division_code"] == units.index).all()
    assert found.index.equals(units.index)


@pytest.mark.parametrize("ending", ["", "民委员会", "委会"])
def test_every_unit_is_found_by_the_name_an_office_writes(ending):
    """对河口村, 对河口村民委员会 and 对河口村委会; 春晖社区, 春晖社区居民委员会 and so on."""
    units = divisions.register()
    units = units[units["division_level"] == "village"]
    plain = [
        full_name(*row) for row in zip(units["division_name"], units["unit_kind"], strict=True)
    ]
    prefix = units["unit_kind"].map({"village_committee": "村", "residents_committee": "居"})
    asked = [
        name + letter + ending if ending else name
        for name, letter in zip(plain, prefix, strict=True)
    ]
    found = divisions.find_units(asked, towns=units["town_code"])

    assert found["division_code"].tolist() == units.index.tolist()


def test_no_two_units_of_a_town_share_a_full_name():
    """Taking 村 and 社区 off as well would make five pairs equal; so it is not done."""
    units = divisions.register()
    units = units[units["division_level"] == "village"]
    names = [
        full_name(*row) for row in zip(units["division_name"], units["unit_kind"], strict=True)
    ]
    bare = [name.removesuffix("村").removesuffix("社区") for name in names]
    within = pd.DataFrame({"town": units["town_code"], "full": names, "bare": bare})

    assert not within.duplicated(["town", "full"]).any()
    assert within.duplicated(["town", "bare"]).sum() == 5


def test_among_several_nothing_is_chosen():
    found = divisions.find_units(["城西村", "士林", "士林村", "士林社区", "乌有村", None, " "])

    assert found["match_state"].tolist() == [
        "several",
        "several",
        "one",
        "one",
        "none",
        "none",
        "none",
    ]
    assert found.loc[0, "division_code"] is None
    assert found.loc[2, "division_code"] != found.loc[3, "division_code"]


def test_a_committee_in_the_name_decides_the_kind():
    found = divisions.find_units(["士林居委会", "士林村民委员会", "二都居民委员会"])

    assert found["division_code"].tolist() == ["330521102008", "330521102216", None]


def test_a_name_in_the_wrong_town_is_not_found():
    found = divisions.find_units(["二都村", "二都村"], towns=["新市镇", None])

    assert found["match_state"].tolist() == ["none", "one"]


def test_the_answer_does_not_hang_on_the_order():
    names = ["二都村", "城西村", "士林", "乌有村"]
    whole = divisions.find_units(names).set_index("asked_name")

    for order in itertools.permutations(names):
        assert divisions.find_units(order).set_index("asked_name").loc[names].equals(whole)


def test_unknown_towns_and_uneven_lists_are_refused():
    with pytest.raises(errors.InputError, match=r"武康镇.*does not have"):
        divisions.find_units(["城西村"], towns=["武康镇"])
    with pytest.raises(errors.InputError, match="1 rows and `names` 2"):
        divisions.find_units(["城西村", "二都村"], towns=["新市镇"])
    with pytest.raises(errors.InputError, match="year=2016"):
        divisions.find_units(["二都村"], year=2023)


def test_rows_are_never_joined_by_place_against_their_labels():
    names = pd.Series(["城西村", "二都村"], index=["a", "b"])
    towns = pd.Series(["下渚湖街道", "新市镇"], index=["b", "a"])

    with pytest.raises(errors.InputError, match="another index"):
        divisions.find_units(names, towns=towns)
    found = divisions.find_units(names, towns=towns.reindex(names.index))
    assert found["division_code"].to_dict() == {"a": "330521102208", "b": "330521004208"}


def test_a_single_string_is_no_list_of_names():
    with pytest.raises(errors.InputError, match="one string"):
        divisions.find_units("二都村")
    with pytest.raises(errors.InputError, match="one string"):
        divisions.find_units(["二都村"], towns="下渚湖街道")


def test_whole_numbers_of_any_kind_name_a_year():
    assert len(divisions.register(2016.0)) == len(divisions.register(2016)) == 192


@pytest.mark.parametrize("empty", [[], pd.Series([], dtype=object)])
def test_no_names_are_no_rows(empty):
    assert len(divisions.find_units(empty)) == 0


def test_what_is_no_name_is_not_found():
    found = divisions.find_units([float("nan"), 7, "村委会", "=1+1", "村"])

    assert found["match_state"].tolist() == ["none"] * 5


# ---------------------------------------------------------------- command line


def test_the_command_line_finds_and_writes(tmp_path, capsys):
    file = tmp_path / "found.csv"
    assert main(["register", "--find", "城西村", "--town", "新市镇", "--csv", str(file)]) == 0

    assert "330521102208" in capsys.readouterr().out
    text = file.read_text("utf-8-sig")
    assert "330521102208" in text and "国家统计局" in text


def test_the_command_line_shows_the_register(capsys):
    assert main(["register", "--year", "2023"]) == 0
    out = capsys.readouterr().out

    assert "康乾街道" in out
    assert "330521005 " in out and "nan" not in out
    out.encode("gbk")


def test_the_command_line_refuses_in_our_words(capsys):
    assert main(["register", "--year", "2020"]) == 1
    assert main(["register", "--town", "新市镇"]) == 1
    assert "Traceback" not in capsys.readouterr().err


# ---------------------------------------------------------------- the published lists


@pytest.mark.real
def test_the_register_equals_the_published_lists(real_data):
    listed = pd.read_csv(real_data / "register" / "deqing_villages_2016.csv", dtype=str)
    units = divisions.register(2016).loc[listed["code"]]
    towns = pd.read_csv(real_data / "register" / "deqing_towns_2023.csv", dtype=str)

    for ours, theirs in (
        ("division_name", "name"),
        ("unit_kind", "kind"),
        ("urban_rural_code", "ur_code"),
        ("town_name", "town_name"),
    ):
        assert units[ours].tolist() == listed[theirs].tolist()
    assert (
        divisions.register(2023)["division_name"].tolist()
        == towns.sort_values("code")["name"].tolist()
    )
