"""Forms to the towns and back: what is locked, what is refused, what reaches log and ledger."""

import shutil
import subprocess
from datetime import date

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors
from deqing_geo.inputs import read_overrides
from deqing_geo.villages import classify_villages, read_opinions
from deqing_geo.villages.forms import HEADINGS

DAY = date(2026, 9, 30)
PLACE = {column: at for at, column in enumerate(HEADINGS, start=1)}
# 甲、乙 in one town, 丙 (a candidate) and 丁 (in an adopted plan) in the other.
CODES = ["330521001901", "330521001902", "330521002901", "330521002902"]


def facts(**change):
    held = {
        "village_name": ["甲村", "乙村", "丙村", "丁村"],
        "town_name": ["东街道", "东街道", "西镇", "西镇"],
        "is_central_village": [True, False, False, False],
        "hazard_major": [False, False, True, False],
        "in_relocation_plan": [False, False, False, True],
        "relocation_document": [None, None, None, "县政发〔2020〕3号"],
        "current_type": ["集聚建设类", "集聚建设类", "整治提升类", "搬迁撤并类"],
        **change,
    }
    boxes = [shapely.box(at, 0, at + 1, 1) for at in range(4)]
    return gpd.GeoDataFrame(held, index=pd.Index(CODES, name="village_code"), geometry=boxes)


@pytest.fixture
def types():
    return classify_villages(facts(), as_of=DAY)


@pytest.fixture
def sent(types, tmp_path):
    types.opinion_forms(tmp_path / "forms", unit="县局", day="2026-06-30")
    return tmp_path / "forms"


def rows_of(sheet):
    return {sheet.cell(row, 2).value: row for row in range(1, sheet.max_row + 1)}


def fill(folder, answers, change=None):
    """Write answers by code into whichever form the village stands in."""
    for file in sorted(folder.glob("*.xlsx")):
        book = openpyxl.load_workbook(file)
        sheet = book.active
        rows = rows_of(sheet)
        for code, own in answers.items():
            signed = {"author": "张三", "filled_on": date(2026, 8, 1)} if "opinion" in own else {}
            for column, value in {**signed, **own}.items():
                if code in rows:
                    cell = sheet.cell(rows[code], PLACE[column])
                    cell.value = value
                    if isinstance(value, str):
                        # As typed into a cell that is text.
                        cell.data_type = "s"
        if change is not None:
            change(sheet, rows)
        book.save(file)


AGREED = {code: {"opinion": "同意"} for code in CODES}


# ---------------------------------------------------------------- out


def test_every_town_gets_one_form_named_by_its_code_and_name(sent, types):
    names = sorted(file.name for file in sent.iterdir())
    sheet = openpyxl.load_workbook(sent / names[1]).active
    grid = [[cell.value for cell in row] for row in sheet.iter_rows()]

    assert names == [
        "330521001东街道村庄分类意见征询表.xlsx", "330521002西镇村庄分类意见征询表.xlsx",
    ]  # fmt: skip
    assert grid[0][0] == "村庄分类意见征询表"
    assert [one for one in grid[1] if one] == [
        "填报单位(盖章):西镇", "征询单位:县局", "数据截止日期:2026年6月30日", "征询年度:2026年",
    ]  # fmt: skip
    assert grid[3] == [heading for heading, _ in HEADINGS.values()]
    assert grid[4][:5] == [1, CODES[2], "丙村", "整治提升类", "拟列入(待征求村民意见)"]
    assert grid[4][5].endswith("符合上述条件仅为拟列入,须征求村民意见并经村民会议同意")
    assert grid[5][4:6] == ["搬迁撤并类", "已列入县政发〔2020〕3号确定的搬迁范围"]
    assert [one for one in grid[-1] if one] == [
        "单位负责人:", "审核人:", "填表人:", "联系电话:", "填报日期:    年  月  日",
    ]  # fmt: skip
    assert all(cell is None for row in grid[4:6] for cell in row[7:])


def test_what_was_judged_is_locked_and_what_is_asked_is_open(sent):
    book = openpyxl.load_workbook(next(iter(sorted(sent.iterdir()))))
    sheet = book.active
    locked = [sheet.cell(5, at).protection.locked for at in PLACE.values()]
    lists = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}

    assert sheet.protection.sheet and sheet.protection.password is None
    assert locked == [True] * 7 + [False] * 7
    assert book.sheetnames == ["村庄分类意见征询表", "填写说明"]
    assert lists["H5:H6"] == (
        '"同意,城郊融合类,集聚建设类,整治提升类,特色保护类,搬迁撤并类,暂不分类"'
    )
    assert lists["K5:K6"] == '"同意,不同意,未征求"'


def test_a_candidate_is_never_sent_as_a_relocation_whatever_its_meeting_said(tmp_path):
    for consent in ("agreed", "refused"):
        known = facts(
            villager_consent=[None, None, consent, None],
            consent_on=[None, None, "2026-05-01", None],
            relocation_document=None,
        )
        types = classify_villages(known, as_of=DAY)
        folder = tmp_path / consent
        types.opinion_forms(folder)
        sheet = openpyxl.load_workbook(folder / "330521002西镇村庄分类意见征询表.xlsx").active

        assert [sheet.cell(row, 5).value for row in (5, 6)] == ["拟列入(待征求村民意见)"] * 2


def test_the_same_types_are_the_same_bytes_and_a_filled_form_is_never_overwritten(sent, types):
    before = {file.name: file.read_bytes() for file in sent.iterdir()}

    types.opinion_forms(sent, unit="县局", day=date(2026, 6, 30))
    assert {file.name: file.read_bytes() for file in sent.iterdir()} == before
    fill(sent, AGREED)
    with pytest.raises(errors.ExportError, match="perhaps filled in: 330521001东街道"):
        types.opinion_forms(sent, unit="县局", day="2026-06-30")
    with pytest.raises(errors.ColumnError, match="is not a date"):
        types.opinion_forms(sent / "other", day="六月")


def test_hostile_names_are_text_and_files_stay_in_the_folder(tmp_path):
    known = facts(
        village_name=["=1+1", "@SUM(A1)", "𠮷村", "长" * 300],
        town_name=["../东\n街道", "../东\n街道", "a:b", "A*B"],
    ).set_axis(["1", "2", "3", "4"])
    types = classify_villages(known, as_of=DAY)
    files = types.opinion_forms(tmp_path / "forms")
    fill(tmp_path / "forms", {str(at): {"opinion": "整治提升类", "opinion_reason": "=2+2"}
                              for at in range(1, 5)})  # fmt: skip
    log = tmp_path / "log.csv"
    opinions = read_opinions(tmp_path / "forms", types, log=log, as_of=DAY)

    assert [file.parent for file in files] == [tmp_path / "forms"] * 3
    assert opinions.table["village_name"].tolist() == known["village_name"].tolist()
    assert "'=1+1" in log.read_text("utf-8-sig") and ",=" not in log.read_text("utf-8-sig")
    again = classify_villages(known, overrides=read_overrides(log), as_of=DAY)
    assert set(again.series) == {"improve"}
    assert read_opinions(tmp_path / "forms", types, log=log, as_of=DAY).appended == 0


def test_forms_of_the_practice_county_say_so_and_carry_no_line_to_sign(types, tmp_path):
    from dataclasses import replace

    made_up = replace(types, notices=(dg.columns.word("notice.schematic"),))
    file = made_up.opinion_forms(tmp_path)[0]
    said = [cell.value for row in openpyxl.load_workbook(file).active.iter_rows() for cell in row]

    assert said[0] == "村庄分类意见征询表(示意样张)"
    assert any(str(one).startswith("填报单位(示意,不盖章)") for one in said)
    assert "单位负责人:" not in said


# ---------------------------------------------------------------- back


def test_what_the_towns_say_comes_back_and_decides(sent, types, tmp_path):
    fill(sent, {
        CODES[0]: {"opinion": "特色保护类", "opinion_reason": "古桥群"},
        CODES[1]: {"opinion": "同意"},
        CODES[2]: {"opinion": "同意", "villager_consent": "同意", "consent_on": "2026/7/1"},
    })  # fmt: skip
    log = tmp_path / "log.csv"
    opinions = read_opinions(sent, types, log=log, as_of=DAY)

    assert repr(opinions) == "<Opinions on 3 villages: 2 agree, 1 differ, 1 missing>"
    assert opinions.headline == "同意 2、不同意见 1、未填意见 1"
    assert opinions.agreed.index.tolist() == CODES[1:3]
    assert opinions.differing["opinion_reason"].tolist() == ["古桥群"]
    assert opinions.missing.iloc[0].tolist() == ["西镇", CODES[3], "丁村", "no_answer"]
    assert opinions.consents.loc[CODES[2]].tolist() == ["agreed", "2026-07-01"]
    assert opinions.appended == 3 and "古桥群" in opinions._repr_html_()

    read = read_overrides(log)
    again = classify_villages(opinions.into(facts()), overrides=read, as_of=DAY)
    direct = classify_villages(opinions.into(facts()), overrides=opinions.overrides, as_of=DAY)
    finals = ["heritage", "improve", "relocate", "relocate"]
    assert again.series.tolist() == direct.series.tolist() == finals
    assert again.table["type_model"].tolist() == ["cluster", "improve", "relocate", "relocate"]
    assert again.table.loc[CODES[0], "reason"] == (
        "依据无文号(镇(街道)意见,东街道,2026-08-01)人工调整:古桥群"
    )
    assert list(again.table["flags"]) == ["", "", "", ""]


def test_the_same_forms_read_twice_are_logged_once_and_rows_that_stand_stay(sent, types, tmp_path):
    log = tmp_path / "log.csv"
    old = "village_code,type,reason,authority,document_no,author,date\r\n" + (
        f'{CODES[3]}, 整治提升类 ,"古树,古屋",县局,文1,李四,2026/1/5\r\n'
    )
    log.write_text(old, "gbk")
    fill(sent, AGREED)
    first = read_opinions(sent, types, log=log, as_of=DAY)
    text = log.read_bytes()
    second = read_opinions(sent, types, log=log, as_of=DAY)

    assert (first.appended, second.appended) == (4, 0)
    assert log.read_bytes() == text and text.startswith(b"\xef\xbb\xbf")
    lines = text.decode("utf-8-sig").split("\r\n")
    assert lines[0] == old.split("\r\n")[0] + ",stage,type_model"
    assert lines[1] == old.split("\r\n")[1]
    after = classify_villages(facts(), overrides=read_overrides(log), as_of=DAY)
    assert after.table["type_final"].tolist() == ["cluster", "improve", None, "relocate"]


def test_types_judged_with_the_answers_read_the_same_forms_again(sent, types, tmp_path):
    fill(sent, {**AGREED, CODES[2]: {"opinion": "同意", "villager_consent": "同意",
                                     "consent_on": "2026-07-01"}})  # fmt: skip
    log = tmp_path / "log.csv"
    opinions = read_opinions(sent, types, log=log, as_of=DAY)
    again = classify_villages(opinions.into(facts()), overrides=read_overrides(log), as_of=DAY)

    assert again.series[CODES[2]] == "relocate"
    assert read_opinions(sent, again, log=log, as_of=DAY).appended == 0


def change_cell(column, value, code=CODES[0]):
    def change(sheet, rows):
        if code in rows:
            sheet.cell(rows[code], PLACE[column]).value = value

    return change


def twice(sheet, rows):
    if CODES[0] in rows:
        cells = [sheet.cell(rows[CODES[0]], at).value for at in PLACE.values()]
        for at, value in enumerate(cells, start=1):
            sheet.cell(7, at).value = value


def sorted_alone(sheet, rows):
    if CODES[0] in rows:
        one, other = sheet.cell(5, 3).value, sheet.cell(6, 3).value
        sheet.cell(5, 3).value, sheet.cell(6, 3).value = other, one


def stranger(sheet, rows):
    """丙村 of 西镇 in the form of 东街道."""
    if CODES[0] in rows:
        row = [3, CODES[2], "丙村", "整治提升类", "拟列入(待征求村民意见)"]
        for at, value in enumerate(row, start=1):
            sheet.cell(7, at).value = value


@pytest.mark.parametrize(
    ("answer", "change", "says"),
    [
        ({}, change_cell("village_code", "330521001999"), "no village of these types.*rows 5"),
        ({}, change_cell("village_code", 3.30521e18), "lost digits"),
        ({}, change_cell("village_code", None), "rows without 行政区划代码.*rows 5"),
        ({}, sorted_alone, r"是否单独排序\) \(rows 5, 6\)"),
        ({}, twice, "stand twice.*rows 7"),
        ({}, stranger, "another town than 东街道.*rows 7"),
        ({"opinion": "集聚提升类"}, None, "'集聚提升类'; it may hold 同意、.*rows 5"),
        ({}, change_cell("type_initial", "特色保护类"), "初判类型 is not as it was sent.*rows 5"),
        ({}, change_cell("current_type", "特色保护类"), "现行类型 is not as it was sent"),
        ({"opinion": "特色保护类"}, None, "without 理由"),
        ({"opinion": "暂不分类"}, None, "without 理由"),
        ({"opinion": None, "opinion_reason": "古桥"}, None, "without 镇"),
        ({"opinion": "搬迁撤并类", "opinion_reason": "灾害"}, None, "without 依据文号"),
        (
            {"opinion": "搬迁撤并类", "opinion_reason": "灾害", "document_no": "无"},
            None,
            "without 依据文号",
        ),
        ({"opinion": "特色保护类", "opinion_reason": "-"}, None, "without 理由"),
        ({"villager_consent": "同意"}, None, "without 村民会议日期"),
        ({"consent_on": "2026-05-01"}, None, "without what the meeting said"),
        ({"villager_consent": "赞成", "consent_on": "2026-05-01"}, None, "'赞成'; it may hold"),
        ({"villager_consent": "同意", "consent_on": "2026-10-01"}, None, "lies in the future"),
        ({"villager_consent": "同意", "consent_on": "五月一日"}, None, "no day like"),
        ({"author": None}, None, "without 填表人"),
        ({"filled_on": "2027-01-01"}, None, "填表日期 lies in the future"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_row_and_nothing_is_written(
    answer, change, says, sent, types, tmp_path
):
    first = {"opinion": "同意", **answer}
    others = {} if "author" in answer else {CODES[1]: {"opinion": "同意"}}
    fill(sent, {CODES[0]: first, **others}, change)
    with pytest.raises(errors.InputError, match=says) as caught:
        read_opinions(sent, types, log=tmp_path / "log.csv", as_of=DAY)

    assert "330521001东街道村庄分类意见征询表.xlsx" in str(caught.value)
    assert not (tmp_path / "log.csv").exists()


def test_all_mistakes_of_all_files_are_told_at_once(sent, types):
    fill(sent, {
        CODES[0]: {"opinion": "特色保护类"}, CODES[1]: {"opinion": "好"},
        CODES[3]: {"opinion": "整治提升类"},
    })  # fmt: skip
    (sent / "坏.xlsx").write_bytes(b"PK\x03\x04 nothing")
    (sent / "旧.et").write_bytes(b"")
    with pytest.raises(errors.InputError) as caught:
        read_opinions(sent, types, as_of=DAY)

    assert len(str(caught.value).splitlines()) == 1 + 5
    assert "WPS 中另存为 .xlsx" in str(caught.value)


def test_what_programs_and_people_do_to_a_sheet_does_not_matter(sent, types):
    """Days as numbers, blanks, columns moved, a row gone blank, other files in the folder."""

    def change(sheet, rows):
        if CODES[0] not in rows:
            return
        sheet["N5"] = 46235  # 2026-08-01 in days since 1899-12-30
        sheet["N5"].number_format = "General"
        sheet["H5"], sheet["H6"] = " 同意　", "特色保护"
        sheet["I6"], sheet["M5"], sheet["N6"] = "古\n桥 ", "张三 ", "2026年8月2日"
        sheet["L5"], sheet["K5"] = date(2026, 7, 1), "同意"
        sheet["A7"] = 3
        for row in range(4, 8):
            # 理由 and 现行类型 change places.
            one, other = sheet.cell(row, 4).value, sheet.cell(row, 9).value
            sheet.cell(row, 4).value, sheet.cell(row, 9).value = other, one

    fill(sent, {}, change)
    for name in ("~$330521001东街道.xlsx", ".~lock.a.xlsx#", ".~330521001.xlsx"):
        (sent / name).write_bytes(b"locked")
    other = openpyxl.Workbook()
    other.active.append(["会议记录"])
    other.save(sent / "会议记录.xlsx")
    opinions = read_opinions(sent, types, as_of=DAY)

    assert opinions.table["opinion"].tolist() == ["agree", "heritage"]
    assert opinions.table["filled_on"].tolist() == ["2026-08-01", "2026-08-02"]
    assert opinions.table["opinion_reason"].tolist() == [None, "古 桥"]
    assert opinions.table["author"].tolist() == ["张三", "张三"]
    assert opinions.consents["consent_on"].tolist() == ["2026-07-01"]
    assert opinions.notices == (
        "330521001东街道村庄分类意见征询表.xlsx:填表人留空的行按上一行计",
        "会议记录.xlsx:不是征询表,未读",
    )


def test_forms_of_another_year_are_left_out_and_told(sent, types, tmp_path):
    old = classify_villages(facts(), as_of=date(2025, 9, 30)).opinion_forms(tmp_path / "old")
    shutil.copy(old[0], sent / "去年.xlsx")
    fill(sent, AGREED)
    opinions = read_opinions(sent, types, as_of=DAY)

    assert len(opinions.agreed) == 4
    assert opinions.notices == ("去年.xlsx:征询年度为2025年,本次为2026年,未读",)
    with pytest.raises(errors.InputError, match="Of another year: 330521001"):
        read_opinions(tmp_path / "old", types, as_of=DAY)
    with pytest.raises(errors.BoundaryFileError, match="no such folder"):
        read_opinions(tmp_path / "none", types, as_of=DAY)


def test_towns_and_villages_that_are_missing_are_told(sent, types):
    def gone(sheet, rows):
        if CODES[1] in rows:
            sheet.delete_rows(rows[CODES[1]])

    next(sent.glob("*西镇*")).unlink()
    fill(sent, {CODES[0]: {"opinion": "同意"}}, gone)
    opinions = read_opinions(sent, types, as_of=DAY)

    assert opinions.missing.to_numpy().tolist() == [
        ["东街道", CODES[1], "乙村", "no_row"], ["西镇", None, None, "no_form"],
    ]  # fmt: skip


def test_a_copy_of_a_form_counts_once_and_a_second_answer_is_refused(sent, types):
    fill(sent, AGREED)
    shutil.copy(next(sent.glob("*东街道*")), sent / "z东街道(1).xlsx")
    opinions = read_opinions(sent, types, as_of=DAY)

    assert len(opinions.table) == 4 and len(opinions.notices) == 1
    other = openpyxl.load_workbook(sent / "z东街道(1).xlsx")
    other.active["H5"], other.active["I5"] = "暂不分类", "规划未定"
    other.save(sent / "z东街道(1).xlsx")
    with pytest.raises(errors.InputError, match="stand twice there and in 330521001东街道"):
        read_opinions(sent, types, as_of=DAY)


def test_an_answer_older_than_the_log_does_not_undo_it(sent, types, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(
        "village_code,stage,type,reason,authority,document_no,author,date\n"
        f"{CODES[0]},会审,整治提升类,r,县局,,b,2026-09-01\n",
        "utf-8",
    )
    before = log.read_bytes()
    fill(sent, AGREED)
    with pytest.raises(errors.InputError, match="older than the last decision"):
        read_opinions(sent, types, log=log, as_of=DAY)

    assert log.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("log.xlsx", None, errors.ExportError),
        ("log.csv", "从前有座山,庙\n", errors.ColumnError),
        ("log.csv", "", errors.ColumnError),
    ],
)
def test_a_log_that_is_none_is_refused(name, text, kind, sent, types, tmp_path):
    fill(sent, AGREED)
    if text is not None:
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(kind):
        read_opinions(sent, types, log=tmp_path / name, as_of=DAY)


def test_saying_the_initial_type_is_to_agree_and_missing_data_stays_missing(tmp_path):
    known = facts(hazard_major=[False, None, True, False])
    types = classify_villages(known, as_of=DAY)
    folder = tmp_path / "forms"
    types.opinion_forms(folder)
    fill(folder, {CODES[0]: {"opinion": "集聚建设类"}, CODES[1]: {"opinion": "同意"},
                  CODES[2]: {"opinion": "同意", "villager_consent": "不同意",
                             "consent_on": "2026-08-01"}})  # fmt: skip
    opinions = read_opinions(folder, types, as_of=DAY)

    assert opinions.table["opinion"].tolist() == ["agree"] * 3
    assert len([one for one in opinions.notices if "待补数据" in one or "请复核" in one]) == 2


def test_not_asked_in_a_form_takes_back_no_consent_that_is_known(sent, types):
    fill(sent, {**AGREED, CODES[2]: {"opinion": "同意", "villager_consent": "未征求"}})
    opinions = read_opinions(sent, types, as_of=DAY)
    known = facts(
        villager_consent=[None, None, "agreed", None],
        consent_on=[None, None, "2026-05-01", None],
    )

    assert opinions.table.loc[CODES[2], "villager_consent"] == "not_asked"
    assert opinions.into(known)["villager_consent"].dropna().to_dict() == {CODES[2]: "agreed"}


def test_facts_without_the_villages_that_met_are_refused(sent, types):
    fill(sent, {CODES[2]: {"villager_consent": "同意", "consent_on": "2026-07-01"}})
    opinions = read_opinions(sent, types, as_of=DAY)
    known = facts()
    filled = opinions.into(known)

    assert opinions.missing["form_gap"].tolist() == ["no_answer"] * 4
    assert "villager_consent" not in known and len(opinions.overrides) == 0
    assert filled["villager_consent"].tolist() == [None, None, "agreed", None]
    assert filled.attrs["facts"] == {"villager_consent": "declared", "consent_on": "declared"}
    with pytest.raises(errors.InputError, match="lacks villages"):
        opinions.into(facts().drop(CODES[2]))


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not here")
def test_a_form_saved_by_another_program_reads_the_same(sent, types, tmp_path):
    fill(sent, {**AGREED, CODES[2]: {"opinion": "同意", "villager_consent": "同意",
                                     "consent_on": date(2026, 7, 1)}})  # fmt: skip
    here = read_opinions(sent, types, as_of=DAY)
    file = next(sent.glob("*西镇*"))
    for ending in ("xlsx", "xls"):
        out = tmp_path / ending
        home = f"-env:UserInstallation=file://{tmp_path}/office"
        subprocess.run(
            ["soffice", home, "--headless", "--convert-to", ending, "--outdir", str(out), file],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        back = read_opinions(out, types, as_of=DAY)
        pd.testing.assert_frame_equal(
            back.table.drop(columns="form_file"),
            here.table.loc[CODES[2:]].drop(columns="form_file"),
        )


# ---------------------------------------------------------------- the ledger

APPROVED = {"authority": "县政府", "document_no": "德政函〔2026〕9号", "author": "王五"}


def test_the_ledger_follows_every_village_to_the_approval(sent, types, tmp_path):
    fill(sent, {**AGREED, CODES[0]: {"opinion": "特色保护类", "opinion_reason": "古桥群"}})
    log = tmp_path / "log.csv"
    read_opinions(sent, types, log=log, as_of=DAY)
    later = [
        (CODES[0], "会审", "同意", "2026-08-20", "", "县局"),
        (CODES[0], "公示", "同意", "2026-08-25", "公告1号", "县局"),
        (CODES[0], "批复", "同意", "2026-09-10", "德政函〔2026〕9号", "县政府"),
        (CODES[1], "会审", "集聚建设类", "2026-08-20", "纪要2号", "县局"),
    ]
    lines = [f"{code},,{stage},,{kind},r,{who},{doc},王五,{day},"
             for code, stage, kind, day, doc, who in later]  # fmt: skip
    log.write_bytes(log.read_bytes() + "\r\n".join([*lines, ""]).encode())
    again = classify_villages(facts(), overrides=read_overrides(log), as_of=DAY)
    ledger = again.ledger
    one, two = ledger.table.loc[CODES[0]], ledger.table.loc[CODES[1]]

    stages = ("town", "review", "notice", "approved")
    assert one["current_type"] == "cluster" and one["type_initial"] == "cluster"
    assert [one[f"{stage}_type"] for stage in stages] == ["heritage"] * 4
    assert [one[f"{stage}_on"] for stage in stages] == [
        "2026-08-01", "2026-08-20", "2026-08-25", "2026-09-10",
    ]  # fmt: skip
    assert [one[f"{stage}_document"] for stage in stages] == [
        None, None, "公告1号", "德政函〔2026〕9号",
    ]  # fmt: skip
    assert one[["approved_authority", "type_final", "stage_reached"]].tolist() == [
        "县政府", "heritage", "approved",
    ]  # fmt: skip
    assert two[["town_type", "review_type", "notice_type", "type_final"]].tolist() == [
        "improve", "cluster", None, "cluster",
    ]  # fmt: skip
    assert ledger.table.loc[CODES[2], ["type_initial", "town_type", "type_final"]].tolist() == [
        "candidate", "candidate", None,
    ]  # fmt: skip
    assert ledger.towns.to_numpy().tolist() == [
        [2, 2, 2, 1, 1, "review"], [2, 2, 0, 0, 0, "town"],
    ]  # fmt: skip
    assert repr(ledger) == "<Ledger of 4 villages: 2 town, 1 review, 1 approved>"
    assert "东街道" in ledger._repr_html_()
    west = again.of(again.table["town_name"] == "西镇").ledger
    pd.testing.assert_frame_equal(west.table, ledger.table.loc[CODES[2:]])


def test_a_town_asked_again_opens_the_way_anew_and_no_log_is_an_empty_ledger(types):
    def row(stage, kind, day):
        return {"village_code": CODES[0], "stage": stage, "type": kind, "reason": "r",
                "date": day, **APPROVED}  # fmt: skip

    log = pd.DataFrame([row("town", "heritage", "2026-05-01"), row("review", "同意", "2026-06-01"),
                        row("town", "同意", "2026-07-01")])  # fmt: skip
    table = classify_villages(facts(), overrides=log, as_of=DAY).ledger.table
    empty = types.ledger

    assert table.loc[CODES[0], ["town_type", "review_type", "stage_reached"]].tolist() == [
        "cluster", None, "town",
    ]  # fmt: skip
    assert set(empty.table["stage_reached"]) == {"initial"}
    assert empty.towns["reached_town"].tolist() == [0, 0]


def test_the_ledger_saves_as_a_table_in_chinese(types, tmp_path):
    file = dg.save_table(types.ledger.table, tmp_path / "台账.csv")
    lines = file.read_text("utf-8-sig").splitlines()

    assert lines[0].startswith(
        "行政区划代码,村(社区)名称,镇(街道),现行类型,初判意见,镇(街道)意见类型"
    )
    assert "拟列入(待征求村民意见)" in lines[3]


# ---------------------------------------------------------------- the practice county


def test_a_county_goes_out_comes_back_and_is_judged_again(tmp_path):
    made = dg.sample.county(0)
    known = dg.village_facts(made.villages, table=made.village_table)
    types = classify_villages(known, as_of=DAY)
    files = types.opinion_forms(tmp_path / "forms")
    candidates = types.candidates.index
    changed = types.table.index[types.table["type_model"] == "heritage"][:3]
    answers = {code: {"opinion": "同意"} for code in types.table.index}
    answers |= {code: {"opinion": "整治提升类", "opinion_reason": "实地核查"} for code in changed}
    answers |= {code: {"opinion": "同意", "villager_consent": "同意", "consent_on": "2026-08-01"}
                for code in candidates}  # fmt: skip
    fill(tmp_path / "forms", answers)
    log = tmp_path / "log.csv"
    opinions = read_opinions(tmp_path / "forms", types, log=log, as_of=DAY)
    again = classify_villages(opinions.into(known), overrides=read_overrides(log), as_of=DAY)

    assert len(files) == 13 and len(opinions.missing) == 0
    assert opinions.appended == len(types.table) == len(read_overrides(log))
    assert len(candidates) and (again.series[candidates] == "relocate").all()
    assert (again.series[changed] == "improve").all()
    assert again.table["type_model"].tolist() == types.table["type_model"].tolist()
    assert (again.ledger.table["stage_reached"] == "town").all()
    assert "示意样张" in openpyxl.load_workbook(files[0]).active["A1"].value
