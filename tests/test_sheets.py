"""Workbooks people fill in and sign: text stays text, what is locked is locked, same bytes."""

import io
from datetime import date

import openpyxl
import pytest

from deqing_geo import errors
from deqing_geo.sheets import Field, Sheet, harmless, wide, workbook

HOSTILE = ["=1+1", "#N/A", "-2+3", "007", "甲\x07村", "𠮷" * 90]


def made(*sheets):
    return openpyxl.load_workbook(io.BytesIO(workbook(sheets, called="a.xlsx")))


def form(**change):
    fields = (
        Field("村", HOSTILE),
        Field("数", [1.0, 2.5, None, float("nan"), True, date(2026, 5, 1)], format="0.00"),
        Field("意见", [None] * 6, open=True, words=("同意", "不同意"), prompt="选一项"),
        Field("日期", [None] * 6, open=True, kind="day"),
        Field("户数", [None] * 6, open=True, kind="number", least=0),
    )
    return Sheet(**{"name": "表", "fields": fields, "title": "征询表", "protected": True,
                    "above": (("填报单位:", "截止日期:"),), "below": ((), ("负责人:", "审核人:")),
                    **change})  # fmt: skip


def test_no_cell_is_a_formula_and_numbers_and_days_stay_what_they_are():
    sheet = made(form()).active
    first = [sheet.cell(line, 1) for line in range(4, 10)]
    second = [sheet.cell(line, 2) for line in range(4, 10)]

    assert [cell.value for cell in first] == [*HOSTILE[:4], "甲村", HOSTILE[5]]
    assert {cell.data_type for cell in first} == {"s"}
    assert [cell.value for cell in second[:5]] == [1, 2.5, None, None, "是"]
    assert second[5].value.date() == date(2026, 5, 1)
    assert (second[1].number_format, second[5].number_format) == ("0.00", "yyyy-mm-dd")


def test_only_open_columns_and_the_lines_below_may_be_written_in():
    sheet = made(form()).active

    assert sheet.protection.sheet and sheet.protection.password is None
    assert [sheet.cell(4, at).protection.locked for at in range(1, 6)] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert sheet["A3"].protection.locked and not sheet["A11"].protection.locked
    assert not made(form(protected=False)).active.protection.sheet


def test_what_may_be_filled_in_is_listed_or_bounded():
    checks = made(form()).active.data_validations.dataValidation

    assert [(check.type, str(check.sqref)) for check in checks] == [
        ("list", "C4:C9"), ("date", "D4:D9"), ("decimal", "E4:E9"),
    ]  # fmt: skip
    assert checks[0].formula1 == '"同意,不同意"' and checks[0].prompt == "选一项"
    assert (checks[2].operator, checks[2].formula1) == ("greaterThanOrEqual", "0")


def test_a_sheet_prints_across_with_its_heading_repeated_and_its_pages_numbered():
    sheet = made(form(mark="内部资料 A&B")).active

    assert sheet.print_title_rows == "$3:$3" and sheet.freeze_panes == "A4"
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    assert sheet.oddFooter.center.text == "第 &P 页 共 &N 页"
    assert sheet.oddHeader.left.text == "内部资料 A＆B"
    assert [str(one) for one in sheet.merged_cells.ranges] == ["A1:E1"]


def test_the_same_sheets_are_the_same_bytes_and_rows_may_grow():
    import zipfile

    one, other = (workbook([form()], called="a.xlsx") for _ in range(2))
    xml = zipfile.ZipFile(io.BytesIO(one)).read("xl/worksheets/sheet1.xml").decode()

    assert one == other
    assert 'ht="' in xml and "customHeight" not in xml


def test_a_book_holds_several_sheets_and_lines_alone():
    book = made(form(), Sheet("说明", (Field("填写说明", ["一", "二"], width=80),)))

    assert book.sheetnames == ["表", "说明"]
    assert [row[0] for row in book["说明"].iter_rows(values_only=True)] == ["填写说明", "一", "二"]


@pytest.mark.parametrize(
    ("sheets", "says"),
    [
        ([], "different names"),
        ([form(), form()], "different names"),
        ([form(name="a/b")], "name of a sheet"),
        ([form(name="长" * 32)], "name of a sheet"),
        ([form(fields=(Field("a", [1]), Field("b", [])))], "differ in length"),
        ([form(fields=(Field("a", ["x" * 32_768]),))], "32,768 letters"),
        ([form(fields=(Field("a", [None], open=True, words=("b,c",)),))], "drop-down"),
        ([form(fields=(Field("a", [None], open=True, words=("长" * 256,)),))], "drop-down"),
        ([form(fields=(Field("a", [None], kind="year"),))], "a column holds"),
    ],
)
def test_what_excel_cannot_hold_is_refused(sheets, says):
    with pytest.raises(errors.ExportError, match=says):
        workbook(sheets, called="a.xlsx")


def test_a_width_counts_chinese_twice_and_a_csv_runs_nothing():
    assert (wide("甲a"), wide(12)) == (3, 2)
    assert [harmless(one) for one in ("=1", "@x", " +a", "-2%", "a", 3)] == [
        "'=1", "'@x", "' +a", "-2%", "a", 3,
    ]  # fmt: skip
