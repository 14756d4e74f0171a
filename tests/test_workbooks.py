"""Workbooks as offices keep them: where the table is, what its cells say, what is refused."""

import datetime as dt
import io
import itertools
import random
import struct
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyogrio
import pytest

from deqing_geo import errors
from deqing_geo.columns import registry
from deqing_geo.inputs import read_overrides, read_village_table
from deqing_geo.inputs.declared import CONVERTED, VILLAGE_TABLE
from deqing_geo.tables import newbook, oldbook
from deqing_geo.tables.heading import UNITS
from deqing_geo.villages.cells import DECLARED

OLD = Path(__file__).parent / "fixtures" / "villages_97.xls"
HEAD = ["行政区划代码", "村(社区)名称", "常住人口", "宅基地闲置率(%)"]
ROWS = [["330521001901", "甲村", 1203, 12.5], ["330521001902", "乙村", 800, 3]]


@pytest.fixture
def save(tmp_path):
    number = itertools.count()

    def save(*sheets, change=None, ending=".xlsx"):
        """Sheets are lists of rows, or (name, rows); `change` gets the workbook to be saved."""
        book = openpyxl.Workbook()
        book.remove(book.active)
        for place, sheet in enumerate(sheets, start=1):
            name, rows = sheet if isinstance(sheet, tuple) else (f"表{place}", sheet)
            page = book.create_sheet(name)
            for row in rows:
                page.append(row)
        if change is not None:
            change(book)
        file = tmp_path / f"{next(number)}{ending}"
        book.save(file)
        return file

    return save


def told(table, *keys):
    return tuple(table.attrs["reading"].get(key) for key in keys)


# ---------------------------------------------------------------- cells


def test_a_plain_workbook_reads_like_the_same_csv(save, tmp_path):
    book = read_village_table(save([HEAD, *ROWS]))
    text = "\n".join(",".join(map(str, row)) for row in [HEAD, *ROWS])
    (tmp_path / "same.csv").write_text(text, "gbk")
    plain = read_village_table(tmp_path / "same.csv")

    assert book.to_dict() == plain.to_dict()
    assert book["hollow_rate"].tolist() == [0.125, 0.03]
    assert told(book, "driver", "sheet", "heading_row") == ("XLSX", "表1", 1)
    assert told(plain, "driver", "encoding", "heading_row") == ("CSV", "gb18030", 1)


def test_a_workbook_of_another_program_keeps_its_texts_apart_and_reads_alike(tmp_path):
    """GDAL puts texts in a part of their own, as Excel does; openpyxl writes them in the cells."""
    table = pd.DataFrame(dict(zip(HEAD, zip(*ROWS, strict=True), strict=True)))
    pyogrio.write_dataframe(table, tmp_path / "a.xlsx", driver="XLSX", layer="村庄")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert "xl/sharedStrings.xml" in archive.namelist()
    read = read_village_table(tmp_path / "a.xlsx")

    assert read["village_name"].to_dict() == {"330521001901": "甲村", "330521001902": "乙村"}
    assert read["hollow_rate"].tolist() == [0.125, 0.03]


@pytest.mark.parametrize("code", [330521001901, 330521001901.0, "330521001901", "'330521001901"])
def test_a_code_of_twelve_digits_keeps_them_as_text_or_number(code, save):
    assert read_village_table(save([HEAD, [code, "甲村"]])).index.tolist() == ["330521001901"]


def test_nineteen_digits_of_the_survey_are_the_villages_twelve_as_text_alone(save):
    as_text = save([HEAD, ["3305210019010000000", "甲村"]])
    as_number = save([HEAD, ROWS[0], [3305210019010000000, "乙村"]])

    assert read_village_table(as_text).index.tolist() == ["330521001901"]
    with pytest.raises(errors.CodeError, match=r"fifteen digits.*文本格式") as caught:
        read_village_table(as_number)
    assert caught.value.rows == (3,)


@pytest.mark.parametrize("code", ["3.30521E+11", "3.3052100190E11", "3.30521e+11"])
def test_scientific_notation_has_lost_digits_and_is_refused_with_its_row(code, save):
    rows = [["村庄表"], ["填报单位:"], HEAD, ROWS[0], [code, "乙村"]]

    with pytest.raises(errors.CodeError, match="lost their last digits") as caught:
        read_village_table(save(rows))
    assert caught.value.rows == (5,)


def test_a_number_shown_in_scientific_notation_still_has_its_digits(save):
    def narrow(book):
        book.active["A2"].number_format = "0.00E+00"

    file = save([HEAD, [330521001901, "甲村"]], change=narrow)
    assert read_village_table(file).index.tolist() == ["330521001901"]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("0%", 0.125),
        ("0.00%", 0.125),
        ('0.0"%"', 0.00125),
        (r"0.0\%", 0.00125),
        ("General", 0.00125),
        ("[Red]0.0%;-0.0%", 0.125),
    ],
)
def test_a_cell_shown_as_a_percentage_is_one_whatever_the_heading(code, shown, save):
    def change(book):
        book.active["D2"].number_format = code

    file = save([HEAD, ["330521001901", "甲村", 1203, 0.125]], change=change)
    bare = save([[*HEAD[:3], "宅基地闲置率"], ["330521001901", "甲", 1, 0.125]], change=change)

    assert read_village_table(file)["hollow_rate"].tolist() == pytest.approx([shown], rel=1e-12)
    assert read_village_table(bare)["hollow_rate"].tolist() == [0.125]


def test_ratios_under_a_heading_that_says_per_cent_are_doubted_aloud(save):
    head = ["行政区划代码", "宅基地闲置率(%)"]
    rows = [[f"33052100190{at}", at / 10] for at in range(1, 6)]

    with pytest.warns(errors.DeqingGeoWarning, match="not one of 5 villages has more than 1 per"):
        read = read_village_table(save([head, *rows]))
    assert read["hollow_rate"].max() == 0.005
    assert len(read_village_table(save([head, *rows[:4]]))) == 4
    assert len(read_village_table(save([head, *rows, ["330521001906", 12]]))) == 6


def test_a_change_in_per_cent_stays_in_per_cent(save):
    def change(book):
        book.active["B2"].number_format = "0.0%"

    head = ["行政区划代码", "近五年常住人口变化率(%)"]
    file = save([head, ["330521001901", -0.032], ["330521001902", 1.5]], change=change)
    assert read_village_table(file)["pop_chg5_pct"].tolist() == pytest.approx([-3.2, 1.5])


def test_days_are_iso_text_and_yes_is_yes(save):
    head = ["行政区划代码", "村民会议日期", "中心村", "保护名录"]
    cells = ["330521001901", dt.date(2025, 6, 1), True, dt.datetime(2025, 6, 1, 8, 30)]  # noqa: DTZ001
    read = read_village_table(save([head, cells]))

    assert read.iloc[0].tolist() == ["2025-06-01", "是", "2025-06-01 08:30:00"]


def test_a_count_formatted_as_a_day_is_refused_with_its_row(save):
    def change(book):
        book.active["C3"].number_format = "yyyy-mm-dd"

    with pytest.raises(errors.ColumnError, match="is a number") as caught:
        read_village_table(save([HEAD, *ROWS], change=change))
    assert caught.value.rows == (3,)


def test_sums_of_a_spreadsheet_show_the_digits_it_shows(save):
    head = ["行政区划代码", "村集体经济年经营性收入"]
    read = read_village_table(save([head, ["330521001901", 0.1 + 0.2]]))
    assert read["collective_op_income"].tolist() == [0.3]


@pytest.mark.parametrize(
    ("head", "cell", "column", "value"),
    [
        ("村集体经济年经营性收入(万元)", 120, "collective_op_income", 120),
        ("村集体经济年经营性收入(元)", 1_200_000, "collective_op_income", 120),
        ("集体经营性收入（万）", 120, "collective_op_income", 120),
        ("经营性收入/亿元", 0.012, "collective_op_income", 120),
        ("常住人口(万人)", 0.12, "pop_resident", 1200),
        ("人均耕地(公顷)", 0.1, "farmland_pc", 1.5),
        ("距断裂带距离(公里)", 1.5, "fault_dist_m", 1500),
        ("盘活利用闲置宅基地(农房)(宗(套))", 3, "homesteads_revived", 3),
        ("现行类型年份(年)", 2021, "current_type_year", 2021),
        ("常住\n人口 （单位：人）", 1203, "pop_resident", 1203),
    ],
)
def test_another_unit_in_the_heading_is_brought_to_the_columns(head, cell, column, value, save):
    read = read_village_table(save([["行政区划代码", head], ["330521001901", cell]]))

    assert read[column].tolist() == pytest.approx([value])


@pytest.mark.parametrize("head", ["常住人口(%)", "常住人口(户)", "村集体经济年经营性收入(人)"])
def test_a_unit_that_cannot_be_meant_is_refused(head, save):
    with pytest.raises(errors.ColumnError, match="is in "):
        read_village_table(save([["行政区划代码", head], ["330521001901", 5]]))


def test_units_that_are_converted_are_units_that_are_known():
    assert {unit for _, unit in CONVERTED} <= set(UNITS)


# ---------------------------------------------------------------- the heading


def test_titles_above_the_heading_and_totals_and_signatures_below_are_told(save):
    rows = [
        ["德清县村庄基本情况表"],
        ["填报单位:某镇", None, None, "单位:人、%"],
        [],
        HEAD,
        *ROWS,
        [None, "小 计", 2003, None],
        ["合计", None, 2003, None],
        ["注:空白为未填报"],
        ["填表人:张三", None, "审核人:李四"],
    ]
    read = read_village_table(save(rows))

    assert read.index.tolist() == ["330521001901", "330521001902"]
    assert told(read, "heading_row", "totals", "notes_below", "titles") == (
        4, (7, 8), (9, 10), ("德清县村庄基本情况表", "填报单位:某镇", "单位:人、%"),
    )  # fmt: skip


def test_a_row_without_a_code_that_is_no_total_is_refused(save):
    """A village whose code was forgotten must not vanish among the totals."""
    with pytest.raises(errors.CodeError, match="an empty cell") as caught:
        read_village_table(save([HEAD, *ROWS, [None, "丙村", 5, None]]))
    assert caught.value.rows == (4,)
    with pytest.raises(errors.CodeError, match="an empty cell"):
        read_village_table(save([[*HEAD, "备注", "x"], [None, "丙", 5, 1, "a", "见合计"]]))


def test_a_heading_of_two_rows_with_merged_cells_is_read_as_one(save):
    def merge(book):
        page = book.active
        for cells in ("A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:F2"):
            page.merge_cells(cells)

    rows = [
        ["村庄情况表"],
        ["行政区划代码", "村名", "人口", None, "户数", None],
        [None, None, "常住人口(人)", "户籍人口", "常住户数", "其他"],
        ["330521001901", "甲村", 1203, 1300, 400, 1],
    ]
    read = read_village_table(save(rows, change=merge))

    assert read.iloc[0].to_dict() == {
        "village_name": "甲村", "pop_resident": 1203, "pop_hukou": 1300, "hh_resident": 400,
    }  # fmt: skip
    assert told(read, "heading_rows", "not_understood") == ((2, 3), ("户数(其他)",))


def test_a_word_above_and_one_below_make_one_heading(save):
    def merge(book):
        book.active.merge_cells("B1:C1")

    rows = [["行政区划代码", "常住", None], [None, "人口", "户数"], ["330521001901", 1203, 400]]
    read = read_village_table(save(rows, change=merge))

    assert read.iloc[0].to_dict() == {"pop_resident": 1203, "hh_resident": 400}


def test_units_in_a_row_of_their_own_belong_to_the_heading(save):
    head = ["行政区划代码", "村名", "常住人口", "宅基地闲置率", "集体经营性收入"]
    rows = [head, [None, None, "人", "(%)", "元"], ["330521001901", "甲村", 1203, 12.5, 1_000_000]]
    read = read_village_table(save(rows))

    assert read.iloc[0].tolist() == ["甲村", 1203, 0.125, 100]


def test_numbered_columns_and_a_heading_printed_again_are_no_villages(save):
    numbers = ["甲", "乙", "1", "2"]
    read = read_village_table(save([HEAD, numbers, ROWS[0], HEAD, ROWS[1]]))

    assert len(read) == 2 and told(read, "headings_again") == ((2, 4),)


def test_a_town_merged_over_its_villages_is_the_town_of_each(save):
    def merge(book):
        book.active.merge_cells("A2:A3")

    rows = [["镇(街道)", *HEAD], ["甲镇", *ROWS[0]], [None, *ROWS[1]], ["乙镇", "330521001903"]]
    read = read_village_table(save(rows, change=merge))

    assert read["town_name"].tolist() == ["甲镇", "甲镇", "乙镇"]
    assert told(read, "merged_cells") == ((("镇(街道)", 2, 3),),)


def test_one_number_merged_over_two_villages_is_nobodys(save):
    def merge(book):
        book.active.merge_cells("C2:C3")

    with pytest.raises(errors.ColumnError, match="取消合并单元格") as caught:
        read_village_table(save([HEAD, *ROWS], change=merge))
    assert caught.value.rows == (2, 3)


def test_offices_words_are_understood_and_unclear_ones_are_not(save):
    head = ["村庄代码", "所属乡镇", "村庄名称", "总人口(户籍)", "老龄化率", "总人口", "是否中心村"]
    cells = ["330521001901", "甲镇", "甲村", 900, 20, 901, "是"]
    read = read_village_table(save([head, cells]))

    assert read.iloc[0].to_dict() == {
        "town_name": "甲镇", "village_name": "甲村", "pop_hukou": 900, "is_central_village": "是",
    }  # fmt: skip
    # 60 or 65 years, residents or registered: the heading does not say.
    assert told(read, "not_understood") == (("老龄化率", "总人口"),)


def test_every_column_villages_declare_is_looked_for_under_the_words_offices_use():
    names = ("village_code", "village_name", "town_name", "unit_kind")
    assert set(VILLAGE_TABLE) == {*names, *DECLARED}
    assert len(set(VILLAGE_TABLE)) == len(VILLAGE_TABLE)


def test_no_two_columns_of_the_village_table_share_a_heading():
    from deqing_geo.columns import fold

    owner = {}
    for name in VILLAGE_TABLE:
        for text in (name, registry()[name].zh, *registry()[name].aliases):
            owner.setdefault(fold(text), set()).add(name)
    shared = {text for text, names in owner.items() if len(names) > 1}

    # Beside a code, a bare 名称 is the village's: the first of the list takes it.
    assert shared <= {"名称", "name", "xzqmc", "社区"}


# ---------------------------------------------------------------- the sheet


def test_the_sheet_with_the_headings_is_taken_wherever_it_stands(save):
    read = read_village_table(save([["封面"]], ("填表说明", [["代号", "含义"]]), [HEAD, *ROWS]))

    assert len(read) == 2
    assert told(read, "sheet", "sheets_not_read") == ("表3", ("表1", "填表说明"))


def test_several_sheets_that_fit_are_refused_until_one_is_named(save):
    file = save(("2024", [HEAD, ROWS[0]]), ("2025", [HEAD, *ROWS]))

    with pytest.raises(errors.BoundaryFileError, match=r"Pass sheet=, one of: 2024, 2025"):
        read_village_table(file)
    assert len(read_village_table(file, sheet="2024")) == 1
    with pytest.raises(errors.BoundaryFileError, match=r"no sheet '2023'\. It has: 2024, 2025"):
        read_village_table(file, sheet="2023")


def test_hidden_sheets_are_told_and_never_taken_unasked(save):
    def hide(book):
        book["旧"].sheet_state = "hidden"
        book["更旧"].sheet_state = "veryHidden"

    sheets = ("新", [HEAD, *ROWS]), ("旧", [HEAD, ROWS[0]]), ("更旧", [HEAD, ROWS[0]])
    read = read_village_table(save(*sheets, change=hide))
    assert len(read) == 2 and told(read, "hidden_sheets") == (("旧", "更旧"),)

    alone = save(("封面", [["x"]]), sheets[1], sheets[2], change=hide)
    with pytest.raises(errors.BoundaryFileError, match="only hidden sheets fit: 旧, 更旧"):
        read_village_table(alone)
    assert len(read_village_table(alone, sheet="旧")) == 1


def test_no_heading_is_told_with_the_row_that_came_nearest(save):
    file = save([["封面"]], ("数据", [["标题"], ["编号", "常住人口", "村名"], ["1", 5, "甲"]]))

    with pytest.raises(errors.ColumnError, match=r"Row 2 in the sheet '数据' has: 编号, 常住人口"):
        read_village_table(file)
    with pytest.raises(errors.ColumnError, match="empty"):
        read_village_table(save([]))


def test_charts_and_macros_are_no_sheets(save):
    def chart(book):
        book.create_chartsheet("图")

    assert len(read_village_table(save([HEAD, *ROWS], change=chart))) == 2
    assert len(read_village_table(save([HEAD, *ROWS], ending=".xlsm"))) == 2


# ---------------------------------------------------------------- formulas


def test_a_workbook_never_calculated_is_told(save):
    file = save([HEAD, [*ROWS[0][:2], "=1200+3", 1], ROWS[1]])

    with pytest.warns(
        errors.DeqingGeoWarning, match=r"value was not saved .*row 2 常住人口.*重新计算"
    ):
        read = read_village_table(file)
    assert read["pop_resident"].isna().tolist() == [True, False]
    assert told(read, "blank_formulas") == (((2, "常住人口"),),)


def with_cell(file, old, new):
    """The workbook with one piece of its first sheet's XML replaced."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = parts["xl/worksheets/sheet1.xml"].decode()
    assert old in content
    parts["xl/worksheets/sheet1.xml"] = content.replace(old, new).encode()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file


def test_a_formula_takes_its_saved_value_and_a_failed_one_is_told(save):
    file = save([HEAD, [*ROWS[0][:2], "=1200+3", 1], [*ROWS[1][:2], "=1/0", 1]])
    with_cell(file, "<f>1200+3</f><v></v>", "<f>1200+3</f><v>1203</v>")
    with_cell(file, '<c r="C3"><f>1/0</f><v></v>', '<c r="C3" t="e"><f>1/0</f><v>#DIV/0!</v>')

    with pytest.warns(errors.DeqingGeoWarning, match="formula that failed"):
        read = read_village_table(file)
    assert read["pop_resident"].tolist()[0] == 1203
    assert told(read, "failed_formulas", "blank_formulas") == (((3, "常住人口"),), None)


def test_a_formula_that_says_nothing_on_purpose_is_a_blank(save):
    file = save([HEAD, [*ROWS[0][:2], '=IF(1,"")', 1]])
    with_cell(file, '<c r="C2"><f>', '<c r="C2" t="str"><f>')

    assert read_village_table(file)["pop_resident"].isna().all()


# ---------------------------------------------------------------- old workbooks


def test_an_old_workbook_reads_with_its_percentages_days_and_merged_cells():
    """Written by another program (xlwt); see the recipe beside it."""
    read = read_village_table(OLD)

    assert read.index.tolist() == ["330521001901", "330521001902", "330521001903"]
    assert read["pop_resident"].tolist() == [1203, 1204, 1205]
    assert read["hollow_rate"].tolist() == [0.125, 0.25, 0.375]
    assert read["consent_on"].tolist() == ["2025-06-01", "2025-06-02", "2025-06-03"]
    assert read["town_name"].tolist() == ["武康街道"] * 3
    assert told(read, "driver", "heading_row", "totals", "hidden_sheets") == (
        "XLS", 2, (6,), ("旧表",),
    )  # fmt: skip


def record(kind, body=b""):
    return struct.pack("<HH", kind, len(body)) + body


def old_book(tmp_path, *cells, first=b""):
    """A workbook of one sheet in BIFF8, whose records the caller may spoil."""
    head = record(oldbook.BOF, struct.pack("<6H4x", 0x600, 5, 0, 0, 0, 0)) + first
    sheet = record(oldbook.BOF, struct.pack("<6H4x", 0x600, 16, 0, 0, 0, 0))
    for row, column, value in cells:
        place = struct.pack("<HHH", row, column, 0)
        if isinstance(value, str):
            text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
            sheet += record(oldbook.LABEL, place + text)
        elif isinstance(value, bytes):
            sheet += value
        else:
            sheet += record(oldbook.NUMBER, place + struct.pack("<d", value))
    sheet += record(oldbook.EOF)
    name = record(oldbook.BOUNDSHEET, struct.pack("<IHBB", 0, 0, 1, 0) + b"a")
    at = len(head) + len(name) + 4
    name = record(oldbook.BOUNDSHEET, struct.pack("<IHBB", at, 0, 1, 0) + b"a")
    file = tmp_path / "old.xls"
    file.write_bytes(oldbook.compound({"Workbook": head + name + record(oldbook.EOF) + sheet}))
    return file


PLAIN = ((0, 0, "行政区划代码"), (0, 1, "常住人口"), (1, 0, 330521001901.0), (1, 1, 5.0))


def test_records_written_by_hand_read_too(tmp_path):
    assert read_village_table(old_book(tmp_path, *PLAIN))["pop_resident"].tolist() == [5]


def test_a_stream_comes_out_of_its_compound_file_as_it_went_in():
    for size in (1, 4096, 70_000, 8_000_000):
        body = random.Random(size).randbytes(size)
        assert oldbook._streams(oldbook.compound({"Workbook": body}))["Workbook"][:size] == body


@pytest.mark.parametrize(
    ("cells", "first", "says"),
    [
        # The reader of cells would ask for 137 GB and stop the program.
        ([(65535, 0, 1.0), (0, 60_000, 1.0)], b"", "column 60,001"),
        (
            [(0, 0, record(oldbook.DIMENSIONS, struct.pack("<IIHHH", 0, 2**32 - 16, 0, 255, 0)))],
            b"",
            "",
        ),
        ([], record(oldbook.FILEPASS, bytes(6)), "locked with a password.*取消密码"),
        ([(1, 1, record(oldbook.BOOLERR, struct.pack("<HHHBB", 1, 1, 0, 42, 1)))], b"", ""),
    ],
)
def test_absurd_and_locked_old_workbooks_are_refused_before_they_are_opened(
    cells, first, says, tmp_path
):
    file = old_book(tmp_path, *PLAIN[:3], *cells, first=first)
    if says:
        with pytest.raises(errors.BoundaryFileError, match=says):
            read_village_table(file)
        return
    kinds = [
        kind for kind, _, _ in oldbook.records(oldbook._streams(file.read_bytes())["Workbook"])
    ]
    if oldbook.BOOLERR in kinds:
        with pytest.warns(errors.DeqingGeoWarning, match="formula that failed"):
            assert len(read_village_table(file)) == 1
    else:
        # What a sheet says of its own size is not believed.
        assert len(read_village_table(file)) == 1


# ---------------------------------------------------------------- hostile, locked, damaged


def test_a_cell_in_the_last_corner_is_refused_and_no_program_stops(save):
    def far(book):
        book.active.cell(1_048_576, 16_384).value = 1

    with pytest.raises(errors.BoundaryFileError, match=r"spans 1,048,576 rows .*多余单元格"):
        read_village_table(save([HEAD, *ROWS], change=far))


def test_formats_far_below_the_table_do_no_harm(save):
    def paint(book):
        book.active.cell(1_048_576, 16_384).number_format = "0%"

    assert len(read_village_table(save([HEAD, *ROWS], change=paint))) == 2


@pytest.mark.parametrize("place", ["ZZZ1", "A99999999", "A0", "1A", "", "A-1"])
def test_cells_that_cannot_be_are_refused(place, save):
    file = with_cell(save([HEAD, *ROWS]), 'r="C2"', f'r="{place}"')

    with pytest.raises(errors.BoundaryFileError, match="damaged workbook"):
        read_village_table(file)


def test_a_locked_workbook_is_refused_with_the_cure(tmp_path):
    file = tmp_path / "locked.xlsx"
    file.write_bytes(
        oldbook.compound({"EncryptionInfo": bytes(64), "EncryptedPackage": bytes(999)})
    )

    with pytest.raises(errors.BoundaryFileError, match=r"password.*取消密码"):
        read_village_table(file)


def test_a_workbook_under_the_wrong_name_is_refused(tmp_path, save):
    old = tmp_path / "a.xlsx"
    old.write_bytes(OLD.read_bytes())
    new = save([HEAD, *ROWS]).rename(tmp_path / "b.xls")
    page = tmp_path / "c.xls"
    page.write_text("<html><table><tr><td>行政区划代码</td></tr></table></html>", "utf-8")
    letter = tmp_path / "d.xls"
    letter.write_bytes(oldbook.compound({"WordDocument": bytes(99)}))
    packed = tmp_path / "e.xlsx"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("村界.shp", b"x")

    for file, says in (
        (old, r"Call it \.xls"),
        (new, "not a workbook"),
        (page, "not a workbook"),
        (letter, "perhaps a document"),
        (packed, "not a workbook"),
    ):
        with pytest.raises(errors.BoundaryFileError, match=says):
            read_village_table(file)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, save):
    file = save([HEAD, *ROWS])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b" " * 3_000_000)
    assert file.stat().st_size < 20_000
    monkeypatch.setattr(newbook, "MAX_BYTES", 2_000_000)

    with pytest.raises(errors.BoundaryFileError, match=r"unpacked it is 3 MB"):
        read_village_table(file)


def test_a_part_longer_than_it_says_is_refused(save):
    file = save([HEAD, *ROWS])
    raw = bytearray(file.read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(raw))) as archive:
        sizes = {one.filename: one.file_size for one in archive.infolist()}
    # In the list at the end the size stands 24 bytes after its mark, the name 46.
    at = raw.find(b"PK\x01\x02")
    while raw[at + 46 : at + 46 + 24] != b"xl/worksheets/sheet1.xml":
        at = raw.find(b"PK\x01\x02", at + 4)
    assert struct.unpack_from("<I", raw, at + 24)[0] == sizes["xl/worksheets/sheet1.xml"]
    struct.pack_into("<I", raw, at + 24, 100)
    file.write_bytes(raw)

    with pytest.raises(errors.BoundaryFileError, match="damaged workbook"):
        read_village_table(file)


def test_an_entity_is_refused(save):
    file = save([HEAD, *ROWS])
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    with_cell(file, "<worksheet ", f"{bomb}<worksheet ")

    with pytest.raises(errors.BoundaryFileError, match="entity"):
        read_village_table(file)


@pytest.mark.parametrize("kind", ["new", "old"])
def test_damaged_workbooks_are_our_error_and_leave_nothing_behind(kind, tmp_path, save):
    """Bytes flipped, cut out and cut off, by chance but the same every time."""
    whole = OLD.read_bytes() if kind == "old" else save([HEAD, *ROWS]).read_bytes()
    file = tmp_path / ("x.xls" if kind == "old" else "x.xlsx")
    file.write_bytes(whole)
    before = sorted(one.name for one in tmp_path.iterdir())
    chance = random.Random(5)
    read = refused = 0
    for _ in range(100):
        raw = bytearray(whole)
        if chance.random() < 0.3:
            at = chance.randrange(len(raw))
            del raw[at : chance.choice([at + 1, at + 99, len(raw)])]
        else:
            for _ in range(chance.choice([1, 2, 16])):
                raw[chance.randrange(len(raw))] = chance.choice([0, 1, 127, 128, 255])
        file.write_bytes(raw)
        try:
            read_village_table(file)
            read += 1
        except errors.DeqingGeoError:
            refused += 1

    assert refused > 40 and read + refused == 100
    assert sorted(one.name for one in tmp_path.iterdir()) == before


# ---------------------------------------------------------------- decisions, and a whole table


def test_decisions_come_from_a_workbook_under_chinese_headings(save):
    head = (
        ["村庄人工调整记录"],
        ["村代码", "拟定类型", "理由", "批准单位", "文号", "填写人", "日期"],
    )
    one = [330521001901, "特色保护类", "古桥群", "镇政府", None, "张三", dt.date(2026, 5, 1)]
    log = read_overrides(save([*head, one, ["注:以上为会审意见"]]))

    assert log.loc[0].to_dict() == {
        "village_code": "330521001901", "type": "特色保护类", "reason": "古桥群",
        "authority": "镇政府", "document_no": None, "author": "张三", "date": "2026-05-01",
    }  # fmt: skip
    assert log.attrs["reading"]["notes_below"] == (4,)
    with pytest.raises(errors.CodeError, match="fifteen digits") as caught:
        read_overrides(save([*head, one, [3305210019010000000, *one[1:]]]))
    assert caught.value.rows == (4,)
    named = save([["代码", "新类型"], ["A", "特色保护类"]])
    assert read_overrides(named, columns={"type": "新类型"})["type"].tolist() == ["特色保护类"]
