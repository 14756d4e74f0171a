"""Papers on village types: what a bureau signs adds up; what the public gets gives nobody away."""

import shutil
import subprocess
from dataclasses import replace
from datetime import date

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors, save_village_papers
from deqing_geo.villages import FIVE, classify_villages

DAY = date(2026, 9, 30)
NAMES = ["甲村", "乙村", "丙村", "丁村", "戊村", "己村", "庚村", "辛社区"]
CODES = [f"33052100{town}90{at}" for at, town in enumerate([1, 1, 1, 1, 2, 2, 2, 2])]
LIST = [
    "序号", "镇(街道)", "行政区划代码", "村(社区)", "常住人口", "户数", "土地面积", "现行类型",
    "拟定类型", "判定依据", "判定理由", "是否调整", "镇(街道)意见", "村民会议意见及日期",
    "会审意见", "批复文号", "备注",
]  # fmt: skip
# The score's indicators are not what is asked here.
pytestmark = pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning")


def facts(**change):
    """甲 seat; 乙 plain; 丙 candidate; 丁 refused; 戊 agreed; 己 decided; 庚 gap; 辛 urban."""
    no = [False] * 8
    held = {
        "village_name": NAMES,
        "town_name": ["东街道"] * 4 + ["西镇"] * 4,
        "is_town_seat": [True, *no[1:]],
        "hazard_major": [False, False, True, True, False, True, None, False],
        "takes_part": [True] * 7 + [False],
        "unit_kind": ["village_committee"] * 4 + ["hamlet"] + ["village_committee"] * 3,
        "hollow_rate": [0.1] * 4 + [0.5] + [0.1] * 3,
        "hh_resident": [200, 300, 100, 90, 19, 80, 70, 900],
        "retention_value": no,
        "pop_resident": [4321, 999, 300, 280, 57, 250, 210, 2800],
        "collective_op_income": [10.0] * 8,
        "villager_consent": [None, None, None, "refused", "agreed", None, None, None],
        "consent_on": [None, None, None, "2026-04-01", "2026-04-02", None, None, None],
        "current_type": ["improve", "improve", "improve", "improve", "relocate", "improve", None,
                         None],
        "current_type_document": ["德政发〔2021〕1号"] * 8,
        **change,
    }  # fmt: skip
    boxes = [shapely.box(5e5 + 1e3 * at, 338e4, 5e5 + 1e3 * at + 1e3, 3381e3) for at in range(8)]
    return gpd.GeoDataFrame(held, index=pd.Index(CODES, name="village_code"), geometry=boxes,
                            crs=4549)  # fmt: skip


WHY = "古桥群,常住人口250人,集体收入12万元"


def decided(at, kind, stage, day, reason=WHY, document=None):
    return {"village_code": CODES[at], "type": kind, "stage": stage, "reason": reason,
            "authority": "县局", "document_no": document, "author": "王五",
            "date": day}  # fmt: skip


LOG = [
    decided(5, "特色保护类", "town", "2026-05-01"),
    decided(5, "同意", "会审", "2026-06-01"),
    decided(5, "同意", "批复", "2026-07-01", document="德政函〔2026〕9号"),
    decided(2, "同意", "town", "2026-05-01"),
    decided(1, "同意", "town", "2026-05-01"),
    decided(0, "搬迁撤并类", "town", "2026-05-01", document="文7"),
    decided(0, "集聚建设类", "会审", "2026-06-01"),
]


@pytest.fixture(scope="module")
def types():
    return classify_villages(facts(), overrides=pd.DataFrame(LOG, dtype=object), as_of=DAY)


@pytest.fixture(scope="module")
def papers(types, tmp_path_factory):
    """Grids of all sheets by audience, paper and sheet."""
    out = {}
    for audience in ("internal", "public"):
        folder = tmp_path_factory.mktemp(audience)
        files = save_village_papers(types, folder, unit="县局", day="2026-06-30",
                                    audience=audience, review_stage="会审稿")  # fmt: skip
        for file, paper in zip(files, ("list", "towns", "changes", "ledger"), strict=True):
            book = openpyxl.load_workbook(file)
            out[audience, paper] = [
                [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book
            ]
            out[audience, paper, "file"] = file
    return out


def rows_of(grid):
    """The rows of a paper's table by the village's name, each by its headings."""
    at = next(line for line, row in enumerate(grid) if row[0] == "序号")
    body = [dict(zip(grid[at], row, strict=True)) for row in grid[at + 1 :]]
    return {row.get("村(社区)") or row["镇(街道)"]: row for row in body if any(row.values())}


def texts(sheets):
    return [str(cell) for grid in sheets for row in grid for cell in row if cell is not None]


def test_the_list_has_the_columns_a_bureau_files_and_a_line_to_sign_on(papers):
    grid = papers["internal", "list"][0]
    sheet = openpyxl.load_workbook(papers["internal", "list", "file"]).active

    assert papers["internal", "list", "file"].name == "德清县村庄分类情况统计表.xlsx"
    assert grid[0][0] == "德清县村庄分类情况统计表(会审稿)"
    assert [one for one in grid[1] if one] == [
        "填报单位(盖章):县局", "数据截止日期:2026年6月30日", "计量单位:人、户、平方公里",
    ]  # fmt: skip
    assert grid[2] == LIST
    assert [one for one in grid[-1] if one][:4] == [
        "单位负责人:",
        "审核人:",
        "填表人:",
        "联系电话:",
    ]
    assert sheet.print_title_rows == "$3:$3" and sheet.page_setup.orientation == "landscape"
    assert sheet.oddHeader.left.text == "内部资料 注意保存"
    assert [str(one) for one in sheet.merged_cells.ranges] == ["A1:Q1"]


def test_the_list_says_of_each_village_what_the_types_say(papers):
    rows = rows_of(papers["internal", "list"][0])
    one = rows["己村"]

    heads = ["现行类型", "拟定类型", "判定依据", "是否调整", "会审意见", "批复文号"]
    assert [one[head] for head in heads] == [
        "整治提升类", "特色保护类", "O1 人工调整", "是", "同意", "德政函〔2026〕9号",
    ]  # fmt: skip
    assert one["镇(街道)意见"] == "调整为特色保护类:古桥群,常住人口250人,集体收入12万元"
    assert (rows["丙村"]["拟定类型"], rows["丙村"]["镇(街道)意见"]) == (None, "同意")
    assert rows["丙村"]["备注"].startswith("拟列入(待征求村民意见)")
    assert rows["丁村"]["备注"].startswith("村民会议不同意,建议复核")
    assert rows["戊村"]["村民会议意见及日期"] == "同意 2026-04-02"
    assert rows["庚村"]["拟定类型"] == "待补数据"
    assert rows["甲村"]["土地面积"] == pytest.approx(0.9987, abs=2e-3)


def test_totals_add_up_and_a_sum_with_gaps_is_no_sum(papers, tmp_path):
    total = rows_of(papers["internal", "list"][0])["8个单元"]
    known = facts(pop_resident=[4321, 999, 300, 280, 57, 250, None, 2800])
    file = save_village_papers(classify_villages(known, as_of=DAY), tmp_path)[0]
    grid = [list(row) for row in openpyxl.load_workbook(file).active.iter_rows(values_only=True)]
    gaps = rows_of(grid)["8个单元"]

    assert (total["常住人口"], total["户数"]) == (9217, 1759)
    assert (gaps["常住人口"], gaps["户数"]) == (None, 1759)
    assert gaps["备注"] == "常住人口缺1个,不合计"


def test_the_table_by_town_adds_up_in_both_directions(papers, types):
    rows = rows_of(papers["internal", "towns"][0])
    kinds = [
        "城郊融合类", "集聚建设类", "整治提升类", "特色保护类", "搬迁撤并类", "拟列入",
        "村民会议不同意", "暂不分类", "待补数据",
    ]  # fmt: skip

    assert [rows["合计"][kind] for kind in kinds] == [0, 1, 1, 1, 1, 1, 1, 0, 1]
    assert [rows["合计"][kind] for kind in kinds[:5]] == [types.counts[kind] for kind in FIVE]
    for row in rows.values():
        if row["参与分类单元数"] is None:
            continue
        assert sum(row[kind] for kind in kinds) == row["参与分类单元数"]
        assert sum(row[f"{kind}占比(%)"] for kind in kinds) == pytest.approx(100)
    for kind in (*kinds, "参与分类单元数", "不纳入分类"):
        assert rows["东街道"][kind] + rows["西镇"][kind] == rows["合计"][kind]


def test_the_adjustments_say_why_and_on_what(papers):
    rows = rows_of(papers["internal", "changes"][0])

    assert [name for name in rows if name in NAMES] == ["甲村", "丙村", "丁村", "己村"]
    assert rows["丙村"]["初判类型"] == "拟列入(待征求村民意见)"
    assert rows["丙村"]["拟定类型"] is None
    assert rows["己村"]["依据"] == "无文号(镇(街道)意见,县局,2026-05-01)"
    assert rows["甲村"]["现行类型文号"] == "德政发〔2021〕1号"


def test_the_ledger_on_paper_follows_the_stages(papers):
    rows = rows_of(papers["internal", "ledger"][0])
    towns = rows_of(papers["internal", "ledger"][1])

    heads = ("镇(街道)意见", "会审", "公示", "批复", "当前阶段")
    assert [rows["己村"][head] for head in heads] == [
        "特色保护类", "特色保护类", None, "特色保护类", "批复",
    ]  # fmt: skip
    assert rows["己村"]["批复日期、单位、文号"] == "2026-07-01 县局 德政函〔2026〕9号"
    assert rows["丙村"]["镇(街道)意见"] == "拟列入(待征求村民意见)"
    assert [towns["东街道"][head] for head in ("村庄数", "已会审村庄数")] == [4, 1]


def test_the_public_learns_no_people_no_income_no_doubt_and_no_candidate(papers):
    said = [one for key, sheets in papers.items() if key[0] == "public" and len(key) == 2
            for one in texts(sheets)]  # fmt: skip
    rows = rows_of(papers["public", "list"][0])
    ledger = rows_of(papers["public", "ledger"][0])

    banned = [
        "拟列入", "不同意", "待补数据", "灾害", "收入12", "250", "4321", "常住", "闲置",
        "19户", "低于规划", "内部",
    ]  # fmt: skip
    for word in banned:
        assert not [one for one in said if word in one and "公开版不含" not in one], word
    assert [head for head in LIST if head not in rows["甲村"]] == ["常住人口", "户数"]
    for name in ("丙村", "丁村", "庚村"):
        own = {head: rows[name][head] for head in LIST[8:] if head in rows[name]}
        assert {head for head, cell in own.items() if cell} == {"拟定类型"}
        assert own["拟定类型"] == ledger[name]["拟定类型"] == "尚未拟定"
        assert ledger[name]["初判类型"] is None and ledger[name]["当前阶段"] is None
    assert rows["己村"]["判定理由"] == "依据无文号(镇(街道)意见,县局,2026-05-01)确定"
    # A relocation the review did not follow is nobody's business, one agreed to is.
    assert (ledger["甲村"]["镇(街道)意见"], ledger["甲村"]["会审"]) == (None, "集聚建设类")
    assert (rows["戊村"]["拟定类型"], rows["戊村"]["判定理由"]) == ("搬迁撤并类", "规则判定")
    towns = rows_of(papers["public", "towns"][0])
    assert (towns["合计"]["尚未拟定"], towns["合计"]["搬迁撤并类"]) == (3, 1)


def test_papers_of_made_up_villages_are_samples_nobody_signs(types, tmp_path):
    made_up = replace(types, notices=(dg.columns.word("notice.schematic"),))
    for file in save_village_papers(made_up, tmp_path, audience="public"):
        sheet = openpyxl.load_workbook(file).worksheets[0]
        said = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]

        assert said[0].endswith("(示意样张)")
        assert "示意样张,不签字、不盖章、不得报送。" in said
        assert not [one for one in said if "单位负责人" in one]


def test_the_same_types_are_the_same_bytes_and_hostile_text_stays_text(tmp_path):
    names = ["=1+1", "@x", "𠮷村", "长" * 500, "a\x07", "#N/A", "-1", "+2"]
    types = classify_villages(facts(village_name=names), as_of=DAY)
    one, other = (save_village_papers(types, tmp_path / at) for at in "ab")

    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in other]
    sheet = openpyxl.load_workbook(one[0]).active
    cells = [sheet.cell(line, 4) for line in range(4, 12)]
    assert [cell.value for cell in cells] == [*names[:4], "a", *names[5:]]
    assert {cell.data_type for cell in cells} == {"s"}


def test_what_cannot_be_filed_is_refused(types, tmp_path):
    with pytest.raises(errors.InputError, match="neither internal nor public"):
        save_village_papers(types, tmp_path, audience="all")
    with pytest.raises(errors.ColumnError, match="day="):
        save_village_papers(types, tmp_path, day="月底")
    townless = classify_villages(facts().drop(columns="town_name"), as_of=DAY)
    with pytest.raises(errors.ColumnError, match="no town to ask"):
        save_village_papers(townless, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(
    shutil.which("soffice") is None or shutil.which("pdftotext") is None,
    reason="LibreOffice or poppler is not here",
)
def test_a_long_paper_prints_its_heading_on_every_page_and_all_of_its_width(tmp_path):
    several = [
        facts().set_axis([f"3305210{at:02d}{code[9:]}" for code in CODES]) for at in range(10, 22)
    ]
    types = classify_villages(pd.concat(several), as_of=DAY)
    file = save_village_papers(types, tmp_path)[0]
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/office", "--headless",
         "--convert-to", "pdf", "--outdir", str(tmp_path), str(file)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    shown = subprocess.run(
        ["pdftotext", "-layout", str(file.with_suffix(".pdf")), "-"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    pages = [page for page in shown.split("\f") if page.strip()]

    assert len(pages) >= 4
    for page in pages[:-1]:
        assert "行政区划代码" in page and "备注" in page
    assert "单位负责人" in pages[-2] and "第 1 页" in pages[0].replace("第1", "第 1")
