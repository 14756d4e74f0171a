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


def sheet_of(file):
    from openpyxl import load_workbook

    return load_workbook(file).active


def test_a_workbook_has_its_definition_above_and_its_numbers_as_numbers(tmp_path):
    result = coverage()
    sheet = sheet_of(save_table(result.table, tmp_path / "t.xlsx"))
    above = [sheet.cell(line, 1).value for line in (1, 2)]
    head = [cell.value for cell in sheet[3]]
    share = sheet.cell(4, head.index("公园绿地服务半径覆盖率(%)") + 1).value

    assert above[0] == f"口径:{result.definition.line}"
    assert above[1].startswith("说明:")
    assert "口径" not in head
    assert share == pytest.approx(100 * result.series.iloc[0], abs=1e-6)
    assert sheet.print_title_rows == "$1:$3"
    assert sheet.freeze_panes == "A4"


def test_no_cell_of_a_workbook_is_a_formula_or_an_error(tmp_path):
    cells = ["=HYPERLINK(1)", "#N/A", "-2+3", "007", "3305210010", "甲\x07村", "𠮷村"]
    table = pd.DataFrame({"town_name": cells, "=1+1": 1.5})
    sheet = sheet_of(save_table(table, tmp_path / "t.xlsx"))
    got = [sheet.cell(line, 2) for line in range(2, 2 + len(cells))]

    assert [cell.value for cell in got] == [*cells[:5], "甲村", "𠮷村"]
    assert {cell.data_type for cell in got} == {"s"}
    assert (sheet.cell(1, 3).value, sheet.cell(1, 3).data_type) == ("=1+1", "s")
    assert sheet.cell(2, 3).value == 1.5


def test_the_same_workbook_is_the_same_bytes(tmp_path):
    table = coverage().table
    one, other = (save_table(table, tmp_path / f"{at}.xlsx").read_bytes() for at in range(2))

    assert one == other


def test_a_table_larger_than_a_sheet_is_refused_with_the_cure(tmp_path):
    wide = pd.DataFrame(0.0, index=[0], columns=range(16_385))
    long = pd.DataFrame({"note": ["x" * 32_768]})

    for table in (wide, long):
        with pytest.raises(errors.ExportError, match=r"\.csv"):
            save_table(table, tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []
