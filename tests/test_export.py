"""Tables a planner opens and layers a machine reads."""

import csv

import geopandas as gpd
import pandas as pd
import pytest

from deqing_geo import errors, park_coverage, road_density, sample, save_layers, save_table
from deqing_geo.columns import word


def density():
    return road_density(sample.villages(), sample.roads())


def coverage():
    return park_coverage(sample.villages(), sample.parks(), sample.homes())


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_a_table_opens_in_excel_with_its_chinese(tmp_path):
    file = save_table(density().table, tmp_path / "t.csv")

    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    first = rows(file)[0]
    assert first["村(社区)名称"] == "甲村" and first["路网密度(公里/平方公里)"] == "1.5"


def test_readers_get_percentages_and_machines_get_ratios(tmp_path):
    table = rows(save_table(coverage().table, tmp_path / "t.csv"))
    layer = gpd.read_file(save_layers(tmp_path / "l.gpkg", {"c": coverage().table}))

    assert table[0]["公园绿地服务半径覆盖率(%)"] == "62.5"
    assert table[3]["公园绿地服务半径覆盖率(%)"] == ""
    assert float(layer["park_coverage"].iloc[0]) == pytest.approx(0.625)


def test_every_row_carries_its_definition_and_its_notices(tmp_path):
    for row in rows(save_table(density().table, tmp_path / "t.csv")):
        assert row["口径"].startswith("城市道路口径")
        assert word("notice.schematic") in row["说明"] and "未合并双线" in row["说明"]
    layer = gpd.read_file(save_layers(tmp_path / "l.gpkg", {"d": density().table}))
    assert layer["notice"].str.contains("示意数据").all()


def test_words_of_a_vocabulary_are_written_in_chinese(tmp_path):
    row = rows(save_table(coverage().parks, tmp_path / "t.csv"))[2]

    assert row["公园类别"] == "游园" and row["建设状态"] == "现状"
    assert row["是否计入"] == "不计入" and row["不计入原因"] == "面积不足,不计入"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("-2.5", "-2.5"),
        ("甲村", "甲村"),
        ('a,"b"\nc', 'a,"b"\nc'),
        ("𠮷村", "𠮷村"),
    ],
)
def test_no_cell_is_a_formula(tmp_path, cell, written):
    table = pd.DataFrame({"town_name": [cell], cell: ["x"]})
    (row,) = rows(save_table(table, tmp_path / "t.csv"))

    assert row["镇(街道)"] == written
    assert written in row


def test_codes_stay_text(tmp_path):
    table = pd.DataFrame({"road_km": [1.0]}, index=pd.Index(["330521001"], name="town_code"))

    assert rows(save_table(table, tmp_path / "t.csv"))[0]["乡镇代码"] == "330521001"


def test_a_table_is_left_as_it_was(tmp_path):
    result = coverage()
    before = result.table.copy()
    save_table(result.table, tmp_path / "t.csv")
    save_layers(tmp_path / "l.gpkg", {"c": result.table})

    assert result.table.equals(before)


def test_several_layers_and_the_documents_behind_them(tmp_path):
    result = coverage()
    layers = {"coverage": result.table, "served": result.served, "gaps": result.gaps}
    file = save_layers(tmp_path / "l.gpkg", layers, sources=result.sources)

    assert len(gpd.read_file(file, layer="gaps")) == len(result.gaps)
    sources = gpd.read_file(file, layer="sources")
    assert sources["evidence"].to_list() == ["原文转载,待核"]


def test_the_same_layers_are_the_same_bytes(tmp_path):
    first, second = (
        save_layers(tmp_path / f"{n}.gpkg", {"d": density().table}).read_bytes() for n in (1, 2)
    )

    assert first == second


def test_a_failure_leaves_what_was_there(tmp_path):
    file = save_layers(tmp_path / "t.gpkg", {"d": density().table})
    before = file.read_bytes()
    bad = sample.villages().assign(x=1j)

    with pytest.raises(errors.ExportError):
        save_layers(file, {"d": bad})
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["t.gpkg"]
    with pytest.raises(errors.ExportError, match="no layer"):
        save_layers(file, {})
