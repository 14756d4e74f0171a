"""One registry of names, and it knows them all."""

import pandas as pd
import pytest

from deqing_geo import columns, errors, park_coverage, road_density


def texts(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def test_every_label_can_be_printed_on_a_gbk_console():
    labels = [c.zh + c.unit_zh + c.short for c in columns.registry().values()]
    content = columns._registry()

    for text in [*labels, *texts(content["values"]), *texts(content["word"])]:
        text.encode("gbk")


def test_every_column_of_a_result_is_registered(villages, roads, parks, homes):
    density = road_density(villages, roads)
    coverage = park_coverage(villages, parks, homes)
    frames = [density.table, coverage.table, coverage.parks]
    found = {column for frame in frames for column in frame.columns} - {"geometry"}

    assert found <= set(columns.registry())
    assert list(density.by_class.columns) == list(columns.vocabulary("road_class"))


def test_an_exact_name_wins_over_an_alias_and_an_earlier_alias_over_a_later():
    assert columns.find(["name", "town_name"], ["town_name"]) == {"town_name": "town_name"}
    assert columns.find(["name", "XZQMC"], ["town_name"]) == {"XZQMC": "town_name"}


def test_matching_ignores_case_width_and_blanks():
    assert columns.find([" xzqdm "], ["town_code"]) == {" xzqdm ": "town_code"}
    assert columns.find(["镇(街道)"], ["town_name"]) == {"镇(街道)": "town_name"}


def test_the_planners_word_wins():
    found = columns.find(["等级", "等级2"], ["road_class"], {"road_class": "等级2"})

    assert found == {"等级2": "road_class"}


def test_a_mistaken_word_is_refused():
    with pytest.raises(errors.ColumnError, match="does not have: 等级3"):
        columns.find(["等级"], ["road_class"], {"road_class": "等级3"})
    with pytest.raises(errors.ColumnError, match="names klass"):
        columns.find(["等级"], ["road_class"], {"klass": "等级"})


def test_values_are_read_in_our_words_in_chinese_and_by_crosswalk():
    raw = pd.Series(["现状", "BUILT", " 在建 ", "拟建", None, "", "?"])

    read = columns.read_values(raw, "road_status", extra=columns.crosswalk("status"))
    assert read.tolist() == ["built", "built", "building", "planned", None, None, None]


def test_every_crosswalk_leads_into_its_vocabulary():
    leads = {
        "status": "road_status",
        "osm_park": "park_class",
        "sandiao_park": "park_class",
        "guide_park": "park_class",
        "osm_home": "home_class",
        "sandiao_home": "home_class",
        "guide_home": "home_class",
    }

    for table, vocabulary in leads.items():
        assert set(columns.crosswalk(table).values()) <= set(columns.vocabulary(vocabulary))


def test_the_land_use_systems_disagree_where_the_law_does():
    sandiao, guide = columns.crosswalk("sandiao_home"), columns.crosswalk("guide_home")

    assert sandiao["0702"] == "homestead" and guide["0702"] == "community_service"
    assert "0703" not in sandiao and guide["0703"] == "homestead"


@pytest.mark.parametrize("call", [columns.label, columns.word, columns.vocabulary])
def test_an_unknown_name_is_our_error(call):
    with pytest.raises(errors.ColumnError):
        call("nothing.here")
