"""Codes and names are corrected by people: the table says what is known, and is checked."""

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest

from deqing_geo import check_boundaries, errors, repair_boundaries, sample
from deqing_geo.boundaries import read_villages
from deqing_geo.cli import main
from deqing_geo.faults import correct, propose_corrections, read_corrections, save_corrections
from deqing_geo.received import read_received
from tests.test_fault_map import box

TOWN = "330521001"
TITLE = "更正表.xlsx"
CODE, NAME = "行政区划代码", "村(社区)名称"


def row_of(codes, names, **columns):
    """Squares of 1 km in a row, as an office would send them."""
    shapes = [box(1000 * at, 0, 1000 * (at + 1), 1000) for at in range(len(codes))]
    columns = {"village_code": codes, "village_name": names, **columns}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=sample.CRS)


def twice():
    """乙 and 丙 share 902; nobody has 903."""
    codes = [f"{TOWN}90{at}" for at in (1, 2, 2, 4)]
    return row_of(codes, ["甲村", "乙村", "丙村", "丁村"], town_name=["东街道"] * 4)


def register(**titles):
    """A register of 东街道: codes by their last three digits, and names."""
    out = pd.DataFrame(
        {
            "division_name": list(titles.values()),
            "division_level": "village",
            "town_code": TOWN,
            "town_name": "东街道",
        },
        index=[f"{TOWN}{code[1:]}" for code in titles],
    )
    out.attrs["year"] = 2099
    return out


def proposed(frame, known=None):
    report = check_boundaries(frame, register=known)
    return propose_corrections(frame, report, register=known)


def filled(**rows):
    """Lines of a table: row of the layer to (field, found, value)."""
    return pd.DataFrame(
        [
            {
                "file_row": at.lstrip("_"),
                "corrected_field": field,
                "found_value": found,
                "corrected_value": value,
            }
            for at, (field, found, value) in rows.items()
        ]
    )


# ---------------------------------------------------------------- what is proposed


def test_without_a_register_nothing_is_proposed_and_the_number_left_out_is_told():
    table = proposed(twice())

    assert table["file_row"].tolist() == [2, 3]
    assert table["corrected_value"].isna().all()
    assert table["correction_hint"].tolist() == [f"本镇(街道)代码中的空号:{TOWN}903"] * 2
    assert all("乙村" in said and "丙村" in said for said in table["says_zh"])


def test_a_register_gives_the_one_its_code_and_says_the_other_is_right():
    table = proposed(twice(), register(_901="甲村", _902="乙村委会", _903="丙村", _904="丁村"))
    table = table.set_index("village_name")

    assert table.loc["丙村", "corrected_value"] == f"{TOWN}903"
    assert table.loc["丙村", "correction_basis"] == "名录(2099)"
    assert table.loc["乙村", "corrected_value"] is None
    assert table.loc["乙村", "correction_hint"] == "名录中即为此代码,无须更正"


def test_two_of_one_name_in_a_register_leave_no_answer():
    known = register(_901="甲村", _902="乙村", _903="丙村", _905="丙村", _904="丁村")
    table = proposed(twice(), known).set_index("village_name")

    assert table.loc["丙村", "corrected_value"] is None


def test_a_damaged_name_is_found_by_its_code_unless_the_code_is_shared():
    frame = twice()
    frame["village_name"] = ["甲?村", "乙村", "丙?村", "丁村"]
    table = proposed(frame, register(_901="甲山村", _902="乙村", _903="丙山村", _904="丁村"))
    table = table[table["corrected_field"] == NAME].set_index("file_row")

    assert table.loc[1, "corrected_value"] == "甲山村"
    assert table.loc[3, "corrected_value"] is None


def test_a_sound_name_the_register_has_otherwise_is_hinted_at_and_not_proposed():
    frame = twice().iloc[[0, 1, 3]].reset_index(drop=True)
    table = proposed(frame, register(_901="甲村", _902="乙山村", _904="丁村"))

    assert table[["village_name", "corrected_value"]].to_numpy().tolist() == [["乙村", None]]
    assert table["correction_hint"].tolist() == ["名录中为乙山村"]


def test_a_clean_layer_has_nothing_to_correct():
    frame = twice().iloc[[0, 1, 3]].reset_index(drop=True)

    assert proposed(frame).empty


def test_labels_that_repeat_are_refused():
    frame = twice().set_axis([0, 1, 1, 2])
    with pytest.raises(errors.InputError, match="nobody could say which row"):
        propose_corrections(frame, check_boundaries(frame))


# ---------------------------------------------------------------- what is applied


def test_what_is_filled_in_is_applied_and_told_and_the_layer_stays_as_it_was():
    frame = twice()
    lines = filled(_3=(CODE, f"{TOWN}902", f"{TOWN}903"), _4=(NAME, "丁村", ""))
    lines["correction_basis"] = ["民政局函", None]
    out, told = correct(frame, lines)

    assert out["village_code"].tolist() == [f"{TOWN}90{at}" for at in (1, 2, 3, 4)]
    assert told.tolist() == ["", "", f"{CODE}:{TOWN}902→{TOWN}903(民政局函)", ""]
    assert frame["village_code"].tolist().count(f"{TOWN}902") == 2
    assert check_boundaries(out).is_clean and "工作副本" in out.attrs["notice"]


def test_a_survey_layers_code_keeps_its_seven_zeros_and_a_number_stays_a_number():
    long = twice()
    long["village_code"] += "0000000"
    out, _ = correct(long, filled(_3=(CODE, f"{TOWN}902", f"{TOWN}903")))
    assert out["village_code"].tolist()[2] == f"{TOWN}9030000000"

    numbers = twice()
    numbers["village_code"] = numbers["village_code"].astype("int64")
    out, _ = correct(numbers, filled(_3=(CODE, f"{TOWN}902", f"{TOWN}903")))
    assert out["village_code"].dtype == "int64" and out["village_code"].iloc[2] == 330521001903


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ({"_9": (CODE, "x", f"{TOWN}903")}, "the layer has rows 1 to 4"),
        ({"_0": (CODE, "x", f"{TOWN}903")}, "the layer has rows 1 to 4"),
        ({"_3": ("面积", "x", "5")}, "can be corrected"),
        ({"_3": (CODE, f"{TOWN}901", f"{TOWN}903")}, "Was it made from another file"),
        ({"_3": (CODE, f"{TOWN}902", "330521")}, "代码应为12位数字"),
        ({"_3": (CODE, f"{TOWN}902", "3.30521E+11")}, "代码应为12位数字"),
        ({"_3": (CODE, f"{TOWN}902", f"{TOWN}904")}, "row 4 of the layer"),
        ({"_3": (CODE, f"{TOWN}902", "")}, "nothing is filled in"),
    ],
)
def test_what_does_not_fit_is_refused(lines, says):
    with pytest.raises(errors.InputError, match=says):
        correct(twice(), filled(**lines), called=TITLE)


def test_all_that_does_not_fit_is_told_at_once():
    lines = filled(_3=(CODE, "x", f"{TOWN}903"), _4=(CODE, f"{TOWN}904", "12"))
    with pytest.raises(errors.InputError) as caught:
        correct(twice(), lines, called=TITLE)

    assert "the layer has" in str(caught.value) and "'12'" in str(caught.value)


def test_two_rows_may_swap_their_codes():
    frame = twice().iloc[[0, 1]]
    lines = filled(_1=(CODE, f"{TOWN}901", f"{TOWN}902"), _2=(CODE, f"{TOWN}902", f"{TOWN}901"))
    out, _ = correct(frame, lines)

    assert out["village_code"].tolist() == [f"{TOWN}902", f"{TOWN}901"]


def test_a_table_without_its_columns_is_no_table_of_corrections():
    with pytest.raises(errors.ColumnError, match="更正为"):
        correct(twice(), pd.DataFrame({"file_row": [1]}))


# ---------------------------------------------------------------- as a workbook


def test_a_workbook_comes_back_as_it_went_out_and_codes_stay_text(tmp_path):
    table = proposed(twice(), register(_901="甲村", _902="乙村", _903="丙村", _904="丁村"))
    file = save_corrections(table, tmp_path / TITLE)
    sheet = openpyxl.load_workbook(file).active
    cell = next(c for line in sheet.iter_rows() for c in line if c.value == f"{TOWN}903")

    assert cell.number_format == "@" and not cell.protection.locked
    back = read_corrections(file)
    assert back["corrected_value"].tolist() == [None, f"{TOWN}903"]
    assert save_corrections(table, tmp_path / "again.xlsx").read_bytes() == file.read_bytes()
    with pytest.raises(errors.ExportError, match="xlsx"):
        save_corrections(table, tmp_path / "a.csv")


def test_another_table_is_told_from_one_of_corrections(tmp_path):
    other = tmp_path / "村庄基本情况.csv"
    other.write_text("行政区划代码,常住人口\n330521001901,5\n", "utf-8")
    with pytest.raises(errors.ColumnError, match="不是更正表") as caught:
        read_corrections(other)

    assert "columns=" not in str(caught.value)


def fill(file, row, value):
    """As a person would, in the open column; a code typed as a number."""
    book = openpyxl.load_workbook(file)
    sheet = book.active
    head = next(line for line in sheet.iter_rows() if line[0].value == "图层行号")
    places = {cell.value: cell.column for cell in head}
    line = next(line for line in sheet.iter_rows() if line[0].value == row)
    sheet.cell(line[0].row, places["更正为"]).value = value
    book.save(file)


@pytest.fixture
def sent(tmp_path):
    file = tmp_path / "村界.gpkg"
    frame = twice().rename(columns={"village_code": "ZLDWDM", "village_name": "ZLDWMC"})
    frame["ZLDWDM"] += "0000000"
    pyogrio.write_dataframe(frame, file)
    return file


def check(*arguments):
    return main(["check", *map(str, arguments)])


def test_the_whole_way_from_a_refused_layer_to_one_that_is_read(sent, tmp_path, capsys):
    with pytest.raises(errors.CodeError) as caught:
        read_villages(sent)
    assert "东街道乙村 (row 2), 东街道丙村 (row 3)" in str(caught.value)
    assert "更正表" in str(caught.value)

    out = tmp_path / "检查"
    assert check(sent, "--out", out) == 3
    fill(out / TITLE, 3, 330521001903)
    before = sent.read_bytes()
    options = ("--out", out, "--fix", "--allow-survey-lines")
    assert check(sent, *options, "--corrections", out / TITLE) == 3

    said = capsys.readouterr().out
    assert f"已更正 {TOWN}903: {CODE}:{TOWN}902→{TOWN}903" in said and "错误0处" in said
    assert sent.read_bytes() == before
    assert read_villages(out / "工作副本.gpkg").index.to_list() == [
        f"{TOWN}90{at}" for at in (1, 2, 3, 4)
    ]
    kept = pyogrio.read_dataframe(out / "工作副本.gpkg")
    assert kept["ZLDWDM"].tolist()[2] == f"{TOWN}9030000000"
    repairs = pd.read_csv(out / "repairs.csv", dtype=str)
    assert repairs["属性更正"].dropna().tolist() == [f"{CODE}:{TOWN}902→{TOWN}903"]
    paper = (out / "质量检查报告.html").read_text("utf-8")
    assert f"{TOWN}902→{TOWN}903" in paper


def test_a_table_somebody_filled_in_is_not_written_over(sent, tmp_path, capsys):
    out = tmp_path / "检查"
    check(sent, "--out", out)
    assert check(sent, "--out", out) == 3
    fill(out / TITLE, 3, f"{TOWN}903")
    written = (out / TITLE).read_bytes()

    assert check(sent, "--out", out) == 1
    assert "更正表已填写" in capsys.readouterr().err
    assert (out / TITLE).read_bytes() == written


def test_an_offices_own_table_serves_as_the_register(sent, tmp_path, capsys):
    table = tmp_path / "村庄基本情况.csv"
    rows = "".join(
        f"{TOWN}90{at},{name},东街道\n"
        for at, name in enumerate(["甲村", "乙村", "丙村", "丁村"], 1)
    )
    table.write_text(f"行政区划代码,村(社区)名称,镇(街道)\n{rows}", "utf-8")
    out = tmp_path / "检查"
    assert check(sent, "--register", table, "--out", out) == 3

    back = read_corrections(out / TITLE).set_index("village_name")
    assert back.loc["丙村", "corrected_value"] == f"{TOWN}903"
    assert "名录(村庄基本情况)" in back.loc["丙村", "correction_basis"]


def test_a_refused_table_leaves_the_folder_as_it_was(sent, tmp_path, capsys):
    out = tmp_path / "检查"
    check(sent, "--out", out)
    fill(out / TITLE, 3, f"{TOWN}901")
    there = {file.name: file.read_bytes() for file in out.iterdir()}
    options = ("--out", out, "--fix", "--allow-survey-lines", "--corrections", out / TITLE)

    assert check(sent, *options) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in out.iterdir()} == there


def test_corrections_go_with_one_file_and_a_copy(sent, capsys):
    assert check(sent, "--corrections", "a.xlsx") == 1
    assert check(sent, sent, "--fix", "--corrections", "a.xlsx") == 1


# ---------------------------------------------------------------- what stands in the way of mending


def test_all_that_stands_in_the_way_is_said_at_once_with_the_number_that_passes():
    """乙 reaches 2.5 m into 甲: 2,500 m2 of 1 km."""
    frame = row_of(["a", "b"], ["甲村", "乙村"], BSM=["1", "2"])
    frame.loc[1, "geometry"] = box(997.5, 0, 2000, 1000)
    with pytest.raises(errors.InputError) as caught:
        repair_boundaries(frame)

    said = str(caught.value)
    assert "allow_survey_lines=True" in said and "max_change_m2=2500" in said
    assert caught.value.rows == (1,)
    _, changes = repair_boundaries(frame, allow_survey_lines=True, max_change_m2=2500)
    assert changes["lost_m2"].tolist() == [0.0, 2500.0]


def test_received_rows_keep_the_order_of_the_file(sent):
    assert read_received(sent)["village_name"].to_list() == ["甲村", "乙村", "丙村", "丁村"]
