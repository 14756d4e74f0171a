"""The month's papers, page, printed page and map repeat the scorecard and decide nothing."""

import re
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest

import deqing_geo as dg
from deqing_geo import columns as names
from deqing_geo import errors, sample, standards, tallies
from deqing_geo.atlas import print_scorecard
from deqing_geo.maps import add_targets
from deqing_geo.papers import save_progress_papers, save_scorecard
from deqing_geo.progress import Progress, read_log, report_month
from deqing_geo.progress.projects import projects_form, read_projects
from deqing_geo.progress.told import OF_MONTH

LAW = standards.load()
HEADS = [
    "序号", "任务条款", "指标名称", "计量单位", "基期值(年)", "2027年目标值", "本年度目标值",
    "上月值", "本月值", "较上月增减", "较年初增减", "目标完成率", "进度判定", "本月增减说明",
    "口径", "数据来源", "牵头单位", "配合单位", "存在问题", "下步措施", "备注",
]  # fmt: skip
PROJECTS = [
    "序号", "项目名称", "建设内容及规模", "所在镇(街道)", "总投资(万元)", "年度计划投资",
    "本月完成", "累计完成", "完成率", "开工时间", "计划完工", "形象进度", "责任单位", "存在问题",
    "预警(红/黄/绿)",
]  # fmt: skip
FILED = {"unit": "县建设局", "day": "2026-04-30"}


def tally(key, value, **more):
    target = LAW.targets[key]
    unit = "ratio" if target.unit == "%" else target.unit
    made = tallies.Tally(key, float(value), unit, 1, 1, f"口径 {key}", (), ("甲.gpkg",))
    return replace(made, **more)


def progress(log):
    plan = pd.DataFrame(
        {
            "base_value": [6.5, 0.86], "base_year": [2025.0, 2025.0], "pace_way": ["even", "even"],
            "yellow_lag": [0.01, 0.001], "red_lag": [0.1, 0.005],
            "lead_unit": [None, "县综合执法局"], "joint_units": [None, None],
        },
        index=["road_density", "park_coverage"],
    )  # fmt: skip
    goals = pd.DataFrame({2026: [8.0, 0.90]}, index=plan.index)
    months = pd.DataFrame(
        [
            ("park_coverage", "2026-04", None, None, "用地未落实", "五月底前供地", None),
            ("dead_end_roads_opened", "2026-04", None, None, "征迁未完成", "六月贯通", None),
            ("village_collective_income", "2026-04", 6.2, None, None, None, None),
        ],
        columns=["target_key", "month", *OF_MONTH],
    )  # fmt: skip
    return Progress(2026, plan, goals, months.astype({"measured": float, "due_value": float}), log)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    file = tmp_path_factory.mktemp("log") / "log.csv"
    for value, why in ((7.5, ""), (7.4, "一条路误计")):
        made = dg.scorecard(
            tally("road_density", value), tally("park_coverage", 0.865), law=LAW, month="2026-03"
        )
        report_month(made, file, correct=why)
    return read_log(file)


@pytest.fixture(scope="module")
def card(log):
    made = dg.scorecard(
        tally("road_density", 7.996), tally("park_coverage", 0.868), tally("village_clinics", 5),
        law=LAW, progress=progress(log), month="2026-04",
    )  # fmt: skip
    made.table.loc["road_density", "month_why"] = "某路新通车 +0.596 公里"
    return made


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    file = projects_form(tmp_path_factory.mktemp("projects") / "projects.xlsx")
    book = openpyxl.load_workbook(file)
    sheet = book.active
    rows = [
        ("某路贯通工程", "道路2.1公里", "武康街道", 12000, 5000, 400, 1800, "2025-03", "2026年12月",
         "路基60%", "县建设局", "征迁", "黄"),
        ("某公园", "公园3处", "乾元镇", 800, 800, 90, 799.99, "2026-01-15", "2026-10", "", "", "",
         "绿色"),
    ]  # fmt: skip
    for line, cells in enumerate(rows, start=4):
        for place, value in enumerate(cells, start=1):
            sheet.cell(line, place).value = value
    book.save(file)
    return read_projects(file)


@pytest.fixture(scope="module")
def papers(card, projects, log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    return save_progress_papers(card, folder, projects=projects, log=log, **FILED)


def body(sheet):
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    head = next(at for at, row in enumerate(rows) if row[0] == "序号")
    return rows[:head], rows[head], rows[head + 1 :]


def words(file):
    text = zipfile.ZipFile(file).read("word/document.xml")
    return "\n".join(
        "".join(run.text or "" for run in one.iter() if run.tag.endswith("}t"))
        for one in ElementTree.fromstring(text).iter()
        if one.tag.endswith("}p")
    )


def test_the_table_of_targets_has_the_plans_columns_and_every_target(papers):
    book = openpyxl.load_workbook(papers[0])
    sheet = book.worksheets[0]
    above, heads, rows = body(sheet)
    road, park = rows[3], rows[34]

    assert papers[0].name == "德清县县城承载能力提升核心指标完成情况表.xlsx" and heads == HEADS
    assert above[0][0] == "德清县县城承载能力提升核心指标完成情况表"
    assert {"填报单位(盖章):县建设局", "数据截止日期:2026年4月30日", "月份:2026年4月"} <= {
        one for line in above for one in line if one
    }
    assert [row[0] for row in rows[:103]] == list(range(1, 104))
    assert road[4:13] == ["6.50(2025)", "不低于 8 公里/平方公里", 8, 7.4, 7.996,
                          pytest.approx(0.596), pytest.approx(1.496), pytest.approx(99.95),
                          "达序时进度"]  # fmt: skip
    assert road[13] == "某路新通车 +0.596 公里" and road[14] == "口径 road_density"
    assert park[6:10] == [90, 86.5, 86.8, pytest.approx(0.3)] and park[12] == "滞后序时进度"
    assert park[16:20] == ["县综合执法局", "县建设局;县水利局", "用地未落实", "五月底前供地"]
    assert rows[104][0] == "单位负责人:" and "填报日期:    年  月  日" in rows[104]
    assert "笔误" in rows[5][20] and rows[5][12] == "原文存疑"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.print_title_rows == "$4:$4" and not sheet.merged_cells.ranges - {
        one for one in sheet.merged_cells.ranges if one.min_row == 1
    }


def test_no_figure_is_printed_across_its_target(papers):
    sheet = openpyxl.load_workbook(papers[0]).worksheets[0]
    line = next(at for at in range(1, 20) if sheet.cell(at, 3).value == "建成区路网密度")

    assert sheet.cell(line, 9).number_format == "0.000"
    # 7.996 less 7.40 is 0.596, and 0.60 beside them would be wrong.
    assert sheet.cell(line, 10).number_format == "+0.000;-0.000;0.000"
    assert sheet.cell(line, 12).number_format == "0.00"


def test_the_list_of_projects_adds_up(papers, projects):
    _, heads, rows = body(openpyxl.load_workbook(papers[1]).active)

    assert papers[1].name == "德清县重大项目实施情况清单.xlsx" and heads == PROJECTS
    assert rows[0][4:9] == [12000, 5000, 400, 1800, 36]
    assert rows[1][8] == pytest.approx(99.99875)
    assert rows[2][1] == "合计" and rows[2][4:8] == [12800, 5800, 490, pytest.approx(2599.99)]
    assert [row[14] for row in rows[:2]] == ["黄", "绿"]
    assert projects["ends_on"].to_list() == ["2026-12", "2026-10"]


def test_the_text_of_the_month_says_figure_change_reason_problem_and_step(papers):
    said = words(papers[2])

    assert papers[2].name == "德清县核心指标完成情况月报.docx" and "德清县2026年4月" in said
    assert "建成区路网密度(一(三)):本月值 7.996 公里/平方公里,较上月 +0.596 公里/平方公里" in said
    assert "原因:某路新通车 +0.596 公里。" in said and "达序时进度" in said
    assert "存在问题:用地未落实。下步措施:五月底前供地。" in said
    assert "打通断头路(二(二)1):存在问题:征迁未完成。" in said
    assert "更正:2026年3月建成区路网密度 7.50 公里/平方公里 更正为 7.40" in said
    assert "红(明显滞后) 1 项" in said and "黄色预警 1 个:某路贯通工程(征迁)" in said
    assert "原文存疑:与三(四)1" in said and "8.00" not in said.replace("800.00", "")


def test_the_public_papers_keep_problems_and_warnings_in_the_house(card, projects, tmp_path):
    files = save_progress_papers(
        card, tmp_path, projects=projects, audience="public", **FILED
    )  # fmt: skip
    text = words(files[2])
    cells = {
        str(cell)
        for file in files[:2]
        for sheet in openpyxl.load_workbook(file)
        for row in sheet.iter_rows(values_only=True)
        for cell in row
    }

    assert all("公开版" in file.name for file in files)
    for secret in ("用地未落实", "五月底前供地", "征迁", "红(明显滞后)", "黄色预警"):
        assert secret not in text and not any(secret in cell for cell in cells)
    assert "内部资料" not in text


def test_a_paper_of_sample_data_cannot_be_signed(tmp_path):
    zone = sample.zone()
    made = dg.scorecard(dg.road_density(zone, sample.roads()), law=LAW, month="2026-04")
    files = save_progress_papers(made, tmp_path)
    cells = [
        str(cell)
        for row in openpyxl.load_workbook(files[0]).worksheets[0].iter_rows(values_only=True)
        for cell in row
        if cell
    ]

    assert any("示意样张" in cell for cell in cells) and "单位负责人:" not in cells
    assert "示意样张,不签字、不盖章、不得报送。" in words(files[1])
    again = save_progress_papers(made, tmp_path / "again")
    assert [one.read_bytes() for one in files] == [one.read_bytes() for one in again]


def test_mistakes_in_the_list_of_projects_are_named_at_once(tmp_path):
    file = projects_form(tmp_path / "p.xlsx")
    book = openpyxl.load_workbook(file)
    sheet = book.active
    for line, cells in enumerate([("甲", 1, "黑"), ("甲", "很多", "红"), (None, 5, None)], start=4):
        for place, value in zip((1, 4, 13), cells, strict=True):
            sheet.cell(line, place).value = value
    sheet.cell(4, 8).value, sheet.cell(4, 9).value = "2026-05", "2026-04"
    sheet.cell(5, 8).value = "开春"
    book.save(file)
    with pytest.raises(errors.InputError) as caught:
        read_projects(file)

    for part in (
        "'甲' stands twice (项目重复) (rows 5)", "'很多' is no figure",
        "a row without the project's", "holds '黑'", "计划完工: before the beginning",
        "'开春' is no day or month",
    ):  # fmt: skip
        assert part in str(caught.value), part
    with pytest.raises(errors.ExportError, match="perhaps filled in"):
        projects_form(file)
    with pytest.raises(errors.InputError, match="read_projects"):
        save_progress_papers(dg.scorecard(law=LAW), tmp_path, projects=pd.DataFrame({"a": [1]}))


# ---------------------------------------------------------------- page, paper, map


def test_the_page_says_it_all_and_runs_nothing(card, tmp_path):
    page = save_scorecard(card, tmp_path / "card.html").read_text("utf-8")

    assert "7.996" in page and "滞后序时进度" in page and "99.95%" in page and "用地未落实" in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    evil = replace(card, table=card.table.assign(problem='<img src=x onerror="a">{{7*7}}'))
    shown = save_scorecard(evil, tmp_path / "evil.html").read_text("utf-8")
    assert "<img" not in shown and "{{7*7}}" not in shown
    with pytest.raises(errors.ExportError, match=r"ends in \.html"):
        save_scorecard(card, tmp_path / "card.pdf")


def test_it_prints_on_a4_with_all_its_figures(card, tmp_path):
    (file,) = print_scorecard(card, tmp_path)
    data = file.read_bytes()

    assert re.search(rb"/MediaBox\s*\[\s*0 0 841\.\d+ 595\.\d+", data) and data.startswith(b"%PDF")
    again = print_scorecard(card, tmp_path / "again")[0].read_bytes()
    assert again == data
    with pytest.raises(errors.InputError, match="nothing to print"):
        print_scorecard(dg.scorecard(law=LAW), tmp_path)
    with pytest.raises(errors.InputError, match="formats"):
        print_scorecard(card, tmp_path, formats=["svg"])


def test_the_map_shows_what_is_lacking_and_counts_it():
    villages, zone = sample.villages(), sample.zone()
    stops = villages.iloc[:1].assign(facility_class="bus_stop")
    stops = stops.set_geometry(stops.geometry.representative_point())
    made = dg.scorecard(
        tallies.villages_with(villages, stops, "bus_stop"),
        tallies.pocket_parks(sample.parks(), zone),
        dg.park_coverage(zone, sample.parks(), sample.homes()),
        law=LAW,
    )
    page = add_targets(dg.area_map(villages), made).get_root().render()

    for layer in (
        "城乡公交一体化率:缺(3)",
        "城乡公交一体化率:计入(1)",
        "口袋公园和城市公园:计入(3)",
    ):
        assert layer in page
    one = add_targets(dg.area_map(villages), made, targets=["park_coverage"]).get_root().render()
    assert "公园绿地服务半径覆盖率:缺" in one and "口袋公园和城市公园:" not in one.split("口径")[0]
    with pytest.raises(errors.InputError, match="No places are known of road_density"):
        add_targets(dg.area_map(villages), made, targets=["road_density"])
    nothing = add_targets(dg.area_map(villages), dg.scorecard(law=LAW)).get_root().render()
    assert names.word("map.nothing") in nothing


def test_a_name_on_the_map_is_data_and_not_code():
    villages = sample.villages().assign(village_name="<img src=x onerror=alert(1)>")
    none = villages.iloc[:0].assign(facility_class="bus_stop")
    none = none.set_geometry(none.geometry.representative_point())
    made = dg.scorecard(tallies.villages_with(villages, none, "bus_stop"), law=LAW)

    assert "<img" not in add_targets(dg.area_map(sample.villages()), made).get_root().render()
