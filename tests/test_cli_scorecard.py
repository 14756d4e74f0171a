"""`deqing-geo scorecard`: a month from forms and an earlier run to papers and a locked log."""

import csv
import json
from dataclasses import replace

import openpyxl
import pytest

from deqing_geo import sample, save_layers
from deqing_geo.batch import paper_town, run
from deqing_geo.batch.earlier import earlier_figures
from deqing_geo.cli import main
from deqing_geo.errors import FontError
from deqing_geo.progress import read_log


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run(replace(paper_town(), areas=sample.zone(), is_zone=True), folder)
    return folder


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    assert main(["scorecard", "--template", "--year", "2026", "--out", str(folder)]) == 0
    return folder


def put(file, sheet, number, **cells):
    book = openpyxl.load_workbook(file)
    page = book[sheet]
    head = next(at for at in range(1, 9) if page.cell(at, 1).value == "指标编号")
    places = {cell.value: cell.column for cell in page[head]}
    line = next(at for at in range(1, page.max_row + 1) if page.cell(at, 1).value == number)
    for heading, value in cells.items():
        page.cell(line, places[heading]).value = value
    book.save(file)


def test_an_earlier_run_is_judged_reported_and_locked(run_folder, forms, tmp_path, capsys):
    targets, log, out = forms / "targets.xlsx", tmp_path / "log.csv", tmp_path / "out"
    put(targets, "年度目标", "T04", 基期值=1.2, 基期年份=2025, 序时方式="按月均匀",
        **{"2026年目标值": 2.4, "黄色预警线": 0.1, "红色预警线": 0.5})  # fmt: skip
    put(targets, "3月", "T33", 本月值=86.5)
    asked = ["scorecard", str(run_folder), "--targets", str(targets), "--log", str(log)]
    assert main([*asked, "--month", "2026-03", "--report", "--by", "张三", "--out", str(out)]) == 0
    said = capsys.readouterr().out

    # 1.2 and a twelfth of 1.2 for each of three months: 1.5; 4 km on 3 km2 are 1.33.
    assert "滞后序时进度" in said.replace("\n", "") or "滞后序时" in said
    assert "上报" in said and read_log(log)["due_value"].dropna().round(9).to_list() == [1.5]
    assert {one.name for one in out.iterdir()} == {
        "scorecard.html", "scorecard.csv", "scorecard.xlsx", "核心指标完成情况.pdf",
        "德清县县城承载能力提升核心指标完成情况表.xlsx", "德清县核心指标完成情况月报.docx",
    }  # fmt: skip
    with (out / "scorecard.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = {row["指标编号"]: row for row in csv.DictReader(lines)}
    assert (rows["T04"]["本年度目标值"], rows["T04"]["基期值"]) == ("2.4", "1.2")
    assert rows["T33"]["本期值"] == "86.50%" and "示意" in rows["T35"]["说明"]
    kept = log.read_bytes()
    put(targets, "3月", "T33", 本月值=87)
    assert main([*asked, "--month", "2026-03", "--report"]) == 1
    error = capsys.readouterr().err
    assert "reported 86.50%, now 87.00%" in error and "--correct" in error
    assert log.read_bytes() == kept
    assert main([*asked, "--month", "2026-03", "--correct", "统计口径核实"]) == 0
    assert read_log(log)["log_kind"].to_list()[-1] == "corrected"


def test_what_is_missing_is_said_with_the_flag_that_gives_it(tmp_path, run_folder, capsys):
    for asked, cure in (
        ([], "--targets"),
        ([str(run_folder), "--report"], "--log 月报台账.csv"),
        ([str(run_folder), "--month", "三月"], "--month 三月 is no month"),
        ([str(tmp_path)], "summary.json"),
        (["--template", "--out", str(tmp_path / "a.xlsx")], "--year"),
        ([str(run_folder), "--before", "a.toml"], "--before RECIPE.toml"),
    ):
        assert main(["scorecard", *asked]) == 1
        assert cure in capsys.readouterr().err


def test_an_earlier_run_keeps_definition_outline_and_notices(run_folder):
    figures = {one.key: one for one in earlier_figures(run_folder)}
    summary = json.loads((run_folder / "summary.json").read_text("utf-8"))

    assert figures["road_density"].value == summary["measures"]["road_density"]["overall"]
    assert figures["road_density"].outline.startswith("3.0000 平方公里 #")
    assert any("示意" in one for one in figures["park_coverage"].notices)


@pytest.fixture
def recipes(tmp_path):
    """Paper Town as files: this month, and the month before without its high street."""
    roads = sample.roads()
    layers = {"zone": sample.zone(), "roads": roads, "then": roads.iloc[1:],
              "parks": sample.parks(), "homes": sample.homes()}  # fmt: skip
    save_layers(tmp_path / "town.gpkg", layers)
    text = """
title = "纸上镇"
[zone]
file = "town.gpkg"
layer = "zone"
source = "示意数据,非实测,非法定界线,不代表任何实际村庄"
as_of = "DAY"
[roads]
file = "town.gpkg"
layer = "ROADS"
[parks]
file = "town.gpkg"
layer = "parks"
[homes]
file = "town.gpkg"
layer = "homes"
[measures]
road_density = "BY"
"""
    out = {}
    for name, day, roads, by in (
        ("before", "2026-02-28", "then", "road.core"), ("now", "2026-03-31", "roads", "road.core"),
        ("other", "2026-03-31", "roads", "road.broad"),
    ):  # fmt: skip
        out[name] = tmp_path / f"{name}.toml"
        said = text.replace("DAY", day).replace("ROADS", roads).replace("BY", by)
        out[name].write_text(said, "utf-8")
    return out


def test_two_months_by_recipes_say_why_and_are_counted_again(recipes, tmp_path, capsys):
    log, out = str(tmp_path / "log.csv"), tmp_path / "out"
    before, now, other = (str(recipes[one]) for one in ("before", "now", "other"))
    assert main(["scorecard", before, "--log", log, "--report"]) == 0
    capsys.readouterr()
    assert main(["scorecard", now, "--before", before, "--log", log, "--out", str(out)]) == 0
    said = capsys.readouterr().out

    assert "+3.000 公里;合计 +3.000 公里" in said and "不可比" not in said
    assert {"scorecard_map.html", "scorecard_places.gpkg"} <= {one.name for one in out.iterdir()}
    assert read_log(log)["month"].unique().tolist() == ["2026-02"]
    # Another definition: last month stands as it was reported, and beside it as counted now.
    assert main(["scorecard", other, "--before", before, "--log", log, "--report"]) == 0
    said = capsys.readouterr().out
    rows = read_log(log).query("target_key == 'road_density'")
    assert "上月值按现口径重算为" in said and "重算 1" in said
    assert rows["log_kind"].to_list() == ["reported", "reported", "recomputed"]
    assert rows["month"].to_list() == ["2026-02", "2026-03", "2026-02"]
    assert rows["measured"].iloc[2] < rows["measured"].iloc[1]


def test_without_a_chinese_font_the_papers_are_there_all_the_same(
    run_folder, tmp_path, capsys, monkeypatch
):
    def no_font(*_, **__):
        raise FontError("There is no Chinese font.")

    monkeypatch.setattr("deqing_geo.batch.scorecard.print_scorecard", no_font)
    assert main(["scorecard", str(run_folder), "--month", "2026-03", "--out", str(tmp_path)]) == 0
    assert "核心指标完成情况.pdf: There is no Chinese font" in capsys.readouterr().err
    there = {one.name for one in tmp_path.iterdir()}
    assert "德清县核心指标完成情况月报.docx" in there and "核心指标完成情况.pdf" not in there


def test_it_prints_on_a_gbk_console(run_folder, capsys):
    asked = ["scorecard", str(run_folder), "--month", "2026-03", "--department", "县建设局"]

    assert main(asked) == 0
    assert "T35" in capsys.readouterr().out.encode("gbk").decode("gbk")


def test_a_standard_without_a_plan_is_refused_in_words_of_the_recipe(recipes, tmp_path, capsys):
    text = recipes["now"].read_text("utf-8").replace("[zone]", 'standard = "national"\n[zone]', 1)
    text = text.replace("[measures]", '[measures]\npark_coverage = "park.health_check_2021"')
    (tmp_path / "national.toml").write_text(text, "utf-8")

    assert main(["scorecard", str(tmp_path / "national.toml"), "--out", str(tmp_path / "o")]) == 1
    error = capsys.readouterr().err
    assert "`national` has no plan" in error and 'standard = "deqing"' in error
    assert "standards.load" not in error and not (tmp_path / "o").exists()


def test_the_day_of_a_recipe_is_the_month_of_its_scorecard(recipes, tmp_path, capsys):
    text = recipes["now"].read_text("utf-8")
    (tmp_path / "later.toml").write_text(f'as_of = "2026-04-30"\n{text}', "utf-8")

    assert main(["scorecard", str(tmp_path / "later.toml")]) == 0
    assert "2026年4月" in capsys.readouterr().out
