"""Which words mean which class of road: a table with evidence, and the office's own above it."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import columns, errors, grades, provenance, sample


def layer(folder, words, name="roads.gpkg", field="道路等级", **more):
    lines = [
        shapely.LineString([(sample.X0, sample.Y0 + n), (sample.X0 + 500, sample.Y0 + n)])
        for n in range(len(words))
    ]
    gpd.GeoDataFrame({field: words, **more}, geometry=lines, crs=sample.CRS).to_file(folder / name)
    return folder / name


def classes(folder, words, **options):
    return dg.read_roads(layer(folder, words), **options)["road_class"].to_list()


# ---------------------------------------------------------------- the table
def test_every_row_leads_into_the_vocabulary_and_says_how_it_was_met():
    table = dg.road_classes()

    assert set(table["road_class"]) <= set(columns.vocabulary("road_class"))
    assert set(table["class_system"]) == set(columns.vocabulary("class_system"))
    assert set(table["evidence"]) <= {"seen", "remembered", "ours"}
    assert list(table.columns) == list(grades.FIELDS)
    assert set(table.columns) <= set(columns.registry())


def test_no_word_stands_twice_and_none_is_ours():
    folded = [columns.fold(word) for word in dg.road_classes()["class_word"]]
    ours = {columns.fold(word) for word in columns.vocabulary("road_class").values()}

    assert len(folded) == len(set(folded))
    assert not ours & set(folded)
    # Only OpenStreetMap has a motorway of the same name, and means the same.
    assert set(folded) & set(columns.vocabulary("road_class")) == {"motorway"}


def test_every_row_without_a_class_says_why_and_every_remembered_row_says_whose_it_is():
    table = dg.road_classes()
    doubtful = (table["road_class"] == columns.UNKNOWN) | (table["evidence"] == "remembered")

    assert (table.loc[doubtful, "class_note"] != "").all()


def test_a_caller_cannot_change_the_table_of_others():
    mine = dg.road_classes()
    mine["road_class"] = "other"

    assert set(dg.road_classes()["road_class"]) != {"other"}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("国道", "highway"),
        ("省道", "highway"),
        ("县道", "county_road"),
        ("乡道", "township_road"),
        ("村道", "village_road"),
        ("G25", "motorway"),
        ("g25", "motorway"),
        ("G104", "highway"),
        ("G2501", "motorway"),
        ("S304", "highway"),
        ("S13", "motorway"),
        ("X101", "county_road"),
        ("Y012", "township_road"),
        ("C3305", "village_road"),
        ("X101330521", "county_road"),
        ("G104330521", "highway"),
        ("X", None),
        ("X1", None),
        ("XY01", None),
        ("1003", "highway"),
        ("1004", None),
        ("1006", "farm_track"),
        ("1202", "highway"),
        ("1207", None),
        ("0601", "farm_track"),
        ("二级公路", None),
        ("四级", None),
        ("主干道", "arterial"),
        ("trunk", "expressway"),
        ("tertiary_link", "link"),
        ("等级不明", "unknown"),
        ("", None),
    ],
)
def test_a_word_means_what_the_table_says(word, meant):
    assert grades.read_classes(pd.Series([word])).to_list() == [meant]


def test_words_of_every_system_are_known_for_whose_they_are():
    table = dg.road_classes()
    whole = table[~table["class_word"].str.contains("#") & (table["class_word"] != "motorway")]

    assert [grades.system_of(word) for word in whole["class_word"]] == list(whole["class_system"])
    assert grades.system_of("motorway") == grades.system_of("支路") == grades.system_of("?") == ""


# ---------------------------------------------------------------- reading by it
def test_a_technical_grade_is_no_class_and_the_reader_says_why(tmp_path):
    with pytest.warns(errors.DeqingGeoWarning, match=r"class of 1 rows.*二级公路 \(1\).*技术等级"):
        assert classes(tmp_path, ["二级公路", "县道"]) == ["unknown", "county_road"]
    with pytest.raises(errors.ColumnError, match=r"1004 \(2\).*城镇村道路用地.*classes="):
        classes(tmp_path, ["1004", "1004"])


def test_a_field_of_codes_of_the_land_survey_is_read(tmp_path):
    file = layer(tmp_path, ["1003", "1006"], field="DLBM")

    assert dg.read_roads(file)["road_class"].to_list() == ["highway", "farm_track"]


def test_without_a_class_column_route_numbers_tell_it(tmp_path):
    file = layer(tmp_path, ["G25", "X101330521"], field="路线编号")

    roads = dg.read_roads(file)
    assert roads["road_class"].to_list() == ["motorway", "county_road"]
    assert roads["route_code"].to_list() == ["G25", "X101330521"]
    assert ("道路等级由来", "按路线编号") in dg.reading_notes(roads).lines


def test_a_class_column_stands_before_route_numbers(tmp_path):
    file = layer(tmp_path, ["支路", "主干路"], 路线编号=["G25", "X101"])

    assert dg.read_roads(file)["road_class"].to_list() == ["branch", "arterial"]


# ---------------------------------------------------------------- the office's own
def test_the_offices_words_win(tmp_path):
    own = {"residential": "支路", "甲级": "arterial", "主干路": "次干路"}

    roads = dg.read_roads(
        layer(tmp_path, ["residential", "甲级", "主干路", "primary"]), classes=own
    )
    assert roads["road_class"].to_list() == ["branch", "arterial", "subarterial", "arterial"]
    changed = ("residential→支路", "主干路→次干路", "甲级→主干路")
    assert roads.attrs["reading"]["own_classes"] == tuple(sorted(changed))
    (said,) = [one for one in provenance.notices(None, roads=roads) if "对照表" in one]
    assert said == f"道路等级按本单位对照表:{'、'.join(sorted(changed))}"


def test_a_table_that_changes_nothing_is_not_told(tmp_path):
    roads = dg.read_roads(layer(tmp_path, ["支路"]), classes=dg.road_classes())

    assert "own_classes" not in roads.attrs["reading"]


def test_the_table_is_written_changed_and_read_back(tmp_path):
    table = dg.road_classes()
    table.loc[table["class_word"] == "residential", "road_class"] = "branch"
    file = dg.save_table(table, tmp_path / "classes.csv")

    assert "residential,支路,本工具建议值" in file.read_text("utf-8-sig")
    assert classes(tmp_path, ["residential", "trunk"], classes=file) == ["branch", "expressway"]
    assert classes(tmp_path, ["residential"], classes=str(file)) == ["branch"]
    assert classes(tmp_path, ["residential"], classes=table) == ["branch"]


def test_the_table_may_be_a_workbook(tmp_path):
    table = dg.road_classes()
    table.loc[table["class_word"] == "residential", "road_class"] = "branch"
    file = dg.save_table(table, tmp_path / "classes.xlsx")

    assert classes(tmp_path, ["residential", "trunk"], classes=file) == ["branch", "expressway"]


def test_the_table_as_written_changes_no_word(tmp_path):
    file = dg.save_table(dg.road_classes(), tmp_path / "classes.csv")
    words = [
        word
        for word, meant in zip(
            dg.road_classes()["class_word"], dg.road_classes()["road_class"], strict=True
        )
        if meant != columns.UNKNOWN and "#" not in word
    ]

    assert classes(tmp_path, words, classes=file) == classes(tmp_path, words)


def test_a_workbook_in_gbk_chinese_with_other_headings_is_read(tmp_path):
    file = tmp_path / "own.csv"
    file.write_bytes("原值,道路等级,备注\n甲级路,主干路,\n乙级路,次干路,\n".encode("gbk"))

    assert classes(tmp_path, ["甲级路", "乙级路"], classes=file) == ["arterial", "subarterial"]


def test_a_word_may_be_taken_out(tmp_path):
    assert classes(tmp_path, ["service", "primary"], classes={"service": "等级不明"}) == [
        "unknown",
        "arterial",
    ]


def test_several_words_in_a_cell_are_read_by_the_offices_table_too(tmp_path):
    own = {"甲级": "arterial", "乙级": "branch"}

    assert classes(tmp_path, ["乙级;甲级", "支路"], classes=own) == ["arterial", "branch"]


@pytest.mark.parametrize(
    ("table", "said", "rows"),
    [
        ({"甲级": "主要路"}, "主要路 is no class", ("甲级",)),
        ({"甲级": None}, "a blank is no class", ("甲级",)),
        ({"甲级": "支路", "甲 级": "主干路"}, "several rows for one word", ("甲级", "甲 级")),
        ({" ": "支路"}, "rows without a word", (" ",)),
        (pd.DataFrame({"class_word": ["a"]}), "no column road_class", ()),
        (pd.DataFrame({"road_class": ["branch"]}), "no column class_word", ()),
        (
            pd.DataFrame({"class_word": ["a", "b", "A"], "road_class": ["branch"] * 3}),
            r"several rows for one word \(a, A\)",
            (0, 2),
        ),
        (
            pd.DataFrame({"class_word": ["a", "b"], "road_class": ["branch", "street"]}),
            "street is no class",
            (1,),
        ),
        (3, "classes= is a int", ()),
    ],
    ids=str,
)
def test_a_mistaken_table_is_refused_by_its_rows(tmp_path, table, said, rows):
    file = layer(tmp_path, ["支路"])

    with pytest.raises(errors.ColumnError, match=said) as caught:
        dg.read_roads(file, classes=table)
    assert caught.value.rows == rows


def test_a_mistaken_file_is_refused_by_the_rows_of_the_sheet(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("class_word,road_class\n甲级,主干路\n乙级,街道\n", "utf-8")

    with pytest.raises(errors.ColumnError, match=r"own\.csv: 街道 is no class.* Rows: 3"):
        classes(tmp_path, ["支路"], classes=file)
    file.write_text("word,road_class\n甲级,主干路\n", "utf-8")
    with pytest.raises(errors.ColumnError, match=r"class_word|原字段值"):
        classes(tmp_path, ["支路"], classes=file)
    with pytest.raises(errors.BoundaryFileError):
        classes(tmp_path, ["支路"], classes=tmp_path / "nothing.csv")


def test_the_table_holds_for_every_file_of_several(tmp_path):
    first = layer(tmp_path, ["甲级"], "a.gpkg")
    second = gpd.read_file(layer(tmp_path, ["乙级"], "b.gpkg")).translate(0, 300)
    gpd.GeoDataFrame({"道路等级": ["乙级"]}, geometry=second).to_file(tmp_path / "b.gpkg")

    roads = dg.read_roads([first, tmp_path / "b.gpkg"], classes={"甲级": "主干路", "乙级": "支路"})
    assert roads["road_class"].to_list() == ["arterial", "branch"]
