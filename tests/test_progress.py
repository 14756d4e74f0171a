"""Months of the plan's targets: nothing is judged that nobody laid down, and nothing is lost."""

import shutil
import subprocess
from dataclasses import replace
from datetime import date

import openpyxl
import pandas as pd
import pytest

import deqing_geo as dg
from deqing_geo import columns as names
from deqing_geo import errors, sample, standards, tallies
from deqing_geo.progress import (
    Progress,
    read_log,
    read_progress,
    report_month,
    targets_form,
)
from deqing_geo.progress.form import shown_unit
from deqing_geo.progress.judging import contradicted, shown_change
from deqing_geo.progress.months import read_month, same_way
from deqing_geo.progress.told import OF_MONTH

LAW = standards.load()
YEARLY = "年度目标"
DAY = date(2026, 12, 31)
PACE = {"base_value": 6.5, "base_year": 2025.0, "pace_way": "even"}


def tally(key, value, **more):
    target = LAW.targets[key]
    unit = "ratio" if target.unit == "%" else target.unit
    made = tallies.Tally(key, float(value), unit, 1, 1, "口径甲", (), ("甲.gpkg",))
    return replace(made, **more)


def told(key="road_density", goal=7.4, year=2026, months=(), log=None, **plan):
    """What a bureau laid down for one target, without a workbook."""
    held = dict.fromkeys(
        ("base_value", "base_year", "pace_way", "yellow_lag", "red_lag", "lead_unit", "joint_units")
    ) | {**PACE, **plan}
    rows = [
        {"target_key": key, "month": month, "measured": value, "due_value": due, "problem": None,
         "next_step": None, "month_note": None}
        for month, value, due in months
    ]  # fmt: skip
    columns = ["target_key", "month", "measured", "due_value", "problem", "next_step", "month_note"]
    return Progress(
        year,
        pd.DataFrame([held], index=[key]),
        pd.DataFrame({year: [goal]}, index=[key], dtype=float),
        pd.DataFrame(rows, columns=columns),
        read_log("none.csv") if log is None else log,
    )


def row(value, progress, month="2026-03", key="road_density", **more):
    return dg.scorecard(
        tally(key, value, **more), law=LAW, progress=progress, month=month
    ).table.loc[key]


# ---------------------------------------------------------------- pace


@pytest.mark.parametrize(
    ("month", "value", "due", "verdict"),
    [
        # 6.5 and 0.9 to go: 0.075 a month.
        ("2026-03", 6.725, 6.725, "on_track"),
        ("2026-03", 6.7249, 6.725, "behind"),
        ("2026-06", 6.95, 6.95, "on_track"),
        ("2026-12", 7.39, 7.4, "behind"),
        ("2026-12", 7.4, 7.4, "on_track"),
        ("2026-01", 7.4, 6.575, "on_track"),
        ("2026-03", 8.0, 6.725, "met"),
    ],
)
def test_an_even_pace_by_pencil(month, value, due, verdict):
    found = row(value, told(), month)

    assert found["due_value"] == pytest.approx(due) and found["verdict"] == verdict
    assert found["year_goal"] == 7.4 and found["base_value"] == 6.5


@pytest.mark.parametrize(
    ("plan", "goal", "verdict"),
    [
        ({}, None, "no_baseline"),
        ({"base_value": None, "base_year": None}, 7.4, "no_baseline"),
        # Evenly from a year of which nothing is known.
        ({"base_year": 2024.0}, 7.4, "no_baseline"),
        # Nobody said how the year's work lies over its months.
        ({"pace_way": None}, 7.4, "no_pace"),
        ({"pace_way": "year_end"}, 7.4, "no_pace"),
        ({"pace_way": "steps"}, 7.4, "no_pace"),
        # The year's goal needs no way.
        ({"pace_way": None}, 7.0, "on_track"),
        ({"base_year": 2024.0, "pace_way": "year_end"}, 7.0, "on_track"),
    ],
)
def test_no_straight_line_is_drawn_by_ourselves(plan, goal, verdict):
    assert row(7.0, told(goal=goal, **plan))["verdict"] == verdict


def test_without_a_table_or_a_month_nothing_is_in_or_out_of_pace():
    assert (
        dg.scorecard(tally("road_density", 7), law=LAW).table["verdict"].to_list().count("behind")
        == 0
    )
    assert (
        dg.scorecard(tally("road_density", 7), law=LAW, progress=told()).table.loc[
            "road_density", "verdict"
        ]
        == "no_baseline"
    )


def test_steps_stand_until_the_next_one_and_are_of_their_year():
    steps = [("2026-03", None, 6.6), ("2026-06", None, 7.0), ("2025-12", None, 9.0)]
    by_steps = told(pace_way="steps", months=steps)

    assert row(6.7, by_steps, "2026-02")["verdict"] == "no_pace"
    assert row(6.7, by_steps, "2026-05")["verdict"] == "on_track"
    assert row(6.7, by_steps, "2026-06")["verdict"] == "behind"
    assert row(7.1, by_steps, "2026-12")["due_value"] == 7.4
    # The bureau's own word for the month goes before its way.
    assert row(6.65, told(months=steps[:1]))["due_value"] == 6.6


def test_what_may_not_be_exceeded_falls():
    down = told(
        "urban_rural_income_ratio", goal=1.64, base_value=1.70, yellow_lag=0.005, red_lag=0.01
    )
    early = row(1.685, down, "2026-03", key="urban_rural_income_ratio")

    assert early["due_value"] == pytest.approx(1.685)
    assert (early["verdict"], early["warning"]) == ("on_track", "green")
    late = row(1.692, down, "2026-03", key="urban_rural_income_ratio")
    assert (late["verdict"], late["warning"]) == ("behind", "yellow")
    assert row(1.695, down, key="urban_rural_income_ratio")["warning"] == "red"
    assert row(1.6, down, key="urban_rural_income_ratio")["verdict"] == "met"
    assert late["completion"] == pytest.approx(1.6 / 1.692)


@pytest.mark.parametrize(
    ("value", "lines", "colour"),
    [
        (6.725, (0.1, 0.3), "green"),
        (6.626, (0.1, 0.3), "green"),
        (6.625, (0.1, 0.3), "yellow"),
        (6.4251, (0.1, 0.3), "yellow"),
        (6.425, (0.1, 0.3), "red"),
        (6.0, (0.1, None), "yellow"),
        (6.4, (None, 0.3), "red"),
        (6.5, (None, 0.3), "green"),
        (6.0, (None, None), ""),
    ],
)
def test_a_warning_is_by_the_bureaus_own_lines(value, lines, colour):
    assert row(value, told(yellow_lag=lines[0], red_lag=lines[1]))["warning"] == colour


def test_a_figure_is_never_shown_across_the_goal_of_the_year():
    found = row(7.396, told(), "2026-12")

    assert (found["verdict"], found["shown"]) == ("behind", "7.396 公里/平方公里")
    assert row(7.996, told())["shown"] == "7.996 公里/平方公里"


def test_disputed_and_qualitative_targets_are_judged_by_nobody():
    income = told("village_collective_income", goal=5.0, base_value=4.0, yellow_lag=0.1)
    found = row(4.1, income, key="village_collective_income")

    assert (found["verdict"], found["warning"]) == ("disputed", "")
    assert "笔误" in found["plan_note"] and "6亿元" in found["quote"]
    ends = told("dead_end_roads_opened", goal=1.0, base_value=4.0, yellow_lag=0.1)
    assert row(3, ends, key="dead_end_roads_opened")["verdict"] == "qualitative"


def test_every_row_says_how_its_figure_comes_about():
    served = pd.DataFrame({"sewage_served": [True, True, False]})
    made = dg.scorecard(
        tally("road_density", 7),
        tallies.villages_where(served, "sewage_served"),
        law=LAW,
        progress=told("waste_sorting_rate", goal=0.9, months=[("2026-03", 0.86, None)]),
        month="2026-03",
    ).table

    assert made.loc["road_density", "value_how"] == "computed"
    assert made.loc["sewage_village_coverage", "value_how"] == "joined"
    assert made.loc["waste_sorting_rate", "value_how"] == "recorded"
    assert made.loc["waste_sorting_rate", "measured"] == 0.86
    # What nobody measured is told by how it could be come by: 16, 51 and 36 of the plan.
    bare = dg.scorecard(law=LAW).table["value_how"].value_counts()
    assert (bare["computed"], bare["joined"], bare["recorded"]) == (16, 51, 36)


def test_what_was_measured_goes_before_what_was_filled_in_and_the_difference_is_told():
    other = told(months=[("2026-03", 7.1, None)])
    found = row(7.0, other)

    assert found["measured"] == 7.0 and "与部门填报值不一致,填报值 7.10" in found["notice"]
    assert "填报值" not in row(7.1, other)["notice"]


# ---------------------------------------------------------------- views


def test_departments_lead_by_the_bureaus_word_else_by_the_plans_order():
    made = dg.scorecard(tally("park_coverage", 0.9), law=LAW)
    parks = made.table.loc["park_coverage"]

    assert (parks["lead_unit"], parks["joint_units"]) == ("县建设局", "县综合执法局;县水利局")
    own = told("park_coverage", goal=0.9, lead_unit="县综合执法局")
    changed = row(0.9, own, key="park_coverage")
    assert (changed["lead_unit"], changed["joint_units"]) == ("县综合执法局", "县建设局;县水利局")
    view = made.by_department
    lead = view[view["part"] == "lead_unit"]
    # The plan names three that lead one target together.
    assert lead["target_count"].sum() == sum(len(one.leads) for one in LAW.targets.values()) == 105
    verdicts = [one for one in view if one.startswith("verdict_")]
    assert (view[verdicts].sum(axis=1) == view["target_count"]).all()
    own_rows = made.of_department("县水利局")
    assert "park_coverage" in own_rows.index and len(own_rows) < 103
    with pytest.raises(errors.InputError, match="answers for no target"):
        made.of_department("某局")


def test_places_are_counted_town_by_town():
    stops = dg.sample.villages().geometry.representative_point().iloc[:1]
    facilities = sample.villages().iloc[:1].assign(facility_class="bus_stop").set_geometry(stops)
    has = tallies.villages_with(sample.villages(), facilities, "bus_stop")
    made = dg.scorecard(has, law=LAW)
    places = made.places["bus_integration_rate"]

    assert places["place_state"].value_counts().to_dict() == {"lacking": 3, "counted": 1}
    towns = sample.town().assign(town_name="纸上镇")
    counted = made.by_town(towns.to_crs(places.crs))
    assert counted["place_count"].sum() == 4 and set(counted["town_name"]) == {"纸上镇"}
    with pytest.raises(errors.ColumnError, match="town_name"):
        made.by_town(sample.zone())


def test_gaps_are_found_only_when_somebody_asks():
    zone = sample.zone()
    made = dg.scorecard(dg.park_coverage(zone, sample.parks(), sample.homes()), law=LAW)

    assert set(made.places["park_coverage"]["place_state"]) == {"lacking"}
    assert made.table.loc["park_coverage", "outline_mark"].startswith("3.0000 平方公里 #")


# ---------------------------------------------------------------- the form


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    return targets_form(tmp_path_factory.mktemp("form") / "targets.xlsx", LAW, year=2026)


def put(sheet, number, **cells):
    head = next(at for at in range(1, 9) if sheet.cell(at, 1).value == "指标编号")
    places = {cell.value: cell.column for cell in sheet[head]}
    line = next(
        at for at in range(head + 1, sheet.max_row + 1) if sheet.cell(at, 1).value == number
    )
    for heading, value in cells.items():
        sheet.cell(line, places[heading]).value = value
    return line


@pytest.fixture
def book(blank, tmp_path):
    """A copy of the form and its workbook, and what saves it."""
    file = tmp_path / "targets.xlsx"
    made = openpyxl.load_workbook(blank)
    return made, file, lambda: made.save(file)


FILLED = {
    "T04": {"基期值": 6.5, "基期年份": 2025, "2026年目标值": 7.4, "2027年目标值": 8,
            "序时方式": "按月均匀", "黄色预警线": 0.1, "红色预警线": 0.3},
    "T35": {"基期值": 84.2, "基期年份": 2025, "2026年目标值": 88, "序时方式": "按节点",
            "牵头单位": "县综合执法局"},
}  # fmt: skip


def fill(made):
    for number, cells in FILLED.items():
        put(made[YEARLY], number, **cells)
    put(made["3月"], "T33", 本月值=86.5, 存在问题="设施不足,需“更新”;共3处", 下步措施="年内建成")
    put(made["3月"], "T35", 序时目标值=85)
    put(made["3月"], "T12", 存在问题="征迁未完成")


def test_the_form_locks_what_the_plan_says_and_opens_what_it_does_not(blank):
    made = openpyxl.load_workbook(blank)
    sheet = made[YEARLY]
    heads = [cell.value for cell in sheet[4]]

    assert made.sheetnames == [YEARLY, *(f"{at}月" for at in range(1, 13)), "填写说明"]
    assert heads[:5] == ["指标编号", "任务条款", "指标名称", "计量单位", "规划目标"]
    assert heads[5:9] == ["基期值", "基期年份", "2026年目标值", "2027年目标值"]
    assert [sheet.cell(8, at).protection.locked for at in (1, 3, 5, 6, 9, 14)] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
    assert [sheet.cell(8, at).value for at in (1, 4, 5, 13)] == [
        "T04", "公里/平方公里", "不低于 8 公里/平方公里", "县农业农村局",
    ]  # fmt: skip
    lists = [one.formula1 for one in sheet.data_validations.dataValidation]
    assert '"按月均匀,按节点,年底一次"' in lists
    assert all(made[name].protection.sheet for name in made.sheetnames)
    assert sum(1 for line in sheet.iter_rows(min_row=5) if line[0].value) == 103


def test_what_is_filled_in_reads_back_as_frames_hold_it(book):
    made, file, save = book
    fill(made)
    save()
    found = read_progress(file, LAW, as_of=DAY)

    assert found.year == 2026 and found.last_month == "2026-03" and found.notices == ()
    assert found.of_year("road_density", "base_value") == 6.5
    assert found.of_year("road_density", "pace_way") == "even"
    assert found.goal("park_coverage", "2026-03") == pytest.approx(0.88)
    assert found.of_year("park_coverage", "lead_unit") == "县综合执法局"
    assert found.filled("waste_sorting_rate", "2026-03") == {
        "measured": pytest.approx(0.865), "problem": "设施不足,需“更新”;共3处",
        "next_step": "年内建成",
    }  # fmt: skip
    assert found.filled("dead_end_roads_opened", "2026-03") == {"problem": "征迁未完成"}
    assert found.goal("road_density", "2028-01") is None
    assert found.of_year("forest_city", "base_value") is None


def test_next_years_form_carries_on_what_stays(book, tmp_path):
    made, file, save = book
    fill(made)
    save()
    found = read_progress(file, LAW, as_of=DAY)
    new = targets_form(tmp_path / "2027.xlsx", LAW, year=2027, known=found)
    again = read_progress(new, LAW, as_of=date(2027, 1, 31))

    assert again.goal("road_density", "2027-01") == 8 and len(again.months) == 0
    assert again.of_year("park_coverage", "base_value") == pytest.approx(0.842)


def test_a_filled_form_is_not_written_over(blank, book):
    made, file, save = book
    fill(made)
    save()
    kept = file.read_bytes()
    with pytest.raises(errors.ExportError, match="perhaps filled in"):
        targets_form(file, LAW, year=2026)
    assert file.read_bytes() == kept
    # The same form is the same bytes, and may be written again.
    before = blank.read_bytes()
    assert targets_form(blank, LAW, year=2026).read_bytes() == before


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_the_form_comes_back_from_libreoffice_without_loss(book, tmp_path):
    made, file, save = book
    fill(made)
    save()
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
               "--convert-to", "xlsx", "--outdir", str(tmp_path / "back"), str(file)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    one, two = (
        read_progress(each, LAW, as_of=DAY) for each in (file, tmp_path / "back/targets.xlsx")
    )

    pd.testing.assert_frame_equal(one.plan, two.plan)
    pd.testing.assert_frame_equal(one.goals, two.goals)
    pd.testing.assert_frame_equal(one.months, two.months)


def test_all_mistakes_are_named_at_once_with_sheet_column_and_row(book):
    made, file, save = book
    sheet = made[YEARLY]
    put(sheet, "T04", 基期值="约7", 序时方式="随便")
    put(sheet, "T35", 基期值=0.842, 基期年份=2025)
    put(sheet, "T33", 基期值=101)
    put(sheet, "T32", **{"2026年目标值": 95})
    put(sheet, "T26", 基期值=60)
    put(sheet, "T27", 基期年份=2025)
    put(sheet, "T28", 基期值=50, 基期年份=2031)
    put(sheet, "T40", 黄色预警线=2, 红色预警线=1)
    put(sheet, "T16", 基期值=5)
    sheet.cell(put(sheet, "T50"), 3).value = "另一个指标"
    sheet.cell(put(sheet, "T51"), 1).value = "T999"
    put(made["12月"], "T33", 本月值=88)
    put(made["3月"], "T33", 本月值=-1)
    save()
    with pytest.raises(errors.InputError) as caught:
        read_progress(file, LAW, as_of=date(2026, 6, 30))
    said = str(caught.value)

    for part in (
        "年度目标/基期值: '约7' is no figure", "年度目标/序时方式: holds '随便'",
        "基期值: 0.842 would be 0.842%: fill in per cent, 91 and not 0.91",
        "基期值: 101 is more than 100 per cent", "基期年份: a base value without its year",
        "基期值: a base year without its value", "基期年份: '2031' is no year up to 2026",
        "红色预警线: the red line lies before the yellow", "a figure where the plan asks for none",
        "指标名称: not as it was sent", "指标编号: 'T999' is no target of the plan",
        "12月/本月值: the month is yet to come", "3月/本月值: -1 is below 0", "(rows 8)",
    ):  # fmt: skip
        assert part in said, part
    said.encode("gbk")


def test_a_table_without_its_heading_or_year_is_no_table(book, tmp_path):
    made, file, save = book
    made[YEARLY].cell(4, 6).value = "别的"
    save()
    with pytest.raises(errors.InputError, match="年度目标/基期值: the column is gone"):
        read_progress(file, LAW)
    strange = openpyxl.Workbook()
    strange.active["A1"] = "甲"
    strange.save(tmp_path / "strange.xlsx")
    with pytest.raises(errors.ColumnError, match="no table of progress"):
        read_progress(tmp_path / "strange.xlsx", LAW)
    with pytest.raises(errors.InputError, match="not a file"):
        dg.scorecard(law=LAW, progress=file)
    with pytest.raises(errors.InputError, match="no month"):
        dg.scorecard(law=LAW, month="2026-13")


def test_a_renamed_sheet_or_a_deleted_row_loses_nothing_silently(book):
    made, file, save = book
    made["3月"].title = "3月份"
    made["5月"].delete_rows(5, 2)
    made["7月"].delete_rows(4)
    save()
    with pytest.raises(errors.InputError) as caught:
        read_progress(file, LAW)

    for month in ("3月", "7月"):
        assert f"{month}: the sheet or its heading is gone" in str(caught.value)
    assert "5月/指标编号: rows of T01、T02 are gone" in str(caught.value)


def test_a_goal_that_misses_the_plan_is_told_and_not_refused(book):
    made, file, save = book
    put(made[YEARLY], "T04", **{"2027年目标值": 7.8})
    save()
    (said,) = read_progress(file, LAW).notices

    assert said.startswith("T04 建成区路网密度:2027年目标值 7.80 公里/平方公里未达到规划目标")


def test_units_are_those_figures_come_in():
    assert shown_unit(LAW.targets["gpon_rollout"]) == "定性"
    assert {shown_unit(one) for one in LAW.targets.values()} >= {"%", "个", "%(达标占比)"}


# ---------------------------------------------------------------- the log


def card(value=6.8, month="2026-03", progress=None, **more):
    return dg.scorecard(
        tally("road_density", value, **more), law=LAW, progress=progress, month=month
    )


def test_a_reported_month_is_locked_and_a_correction_keeps_the_old_value(tmp_path):
    file = tmp_path / "月报台账.csv"
    first = report_month(card(), file, by="张三", on=DAY)
    kept = file.read_bytes()

    assert first.headline == "上报 1" and len(report_month(card(), file).added) == 0
    with pytest.raises(errors.InputError, match=r"T04 .*: reported 6\.80 公里/平方公里, now 6\.70"):
        report_month(card(6.7), file)
    assert file.read_bytes() == kept
    report_month(card(6.7), file, correct="一条路误计", by="李四", on=DAY)
    log = read_log(file)
    assert file.read_bytes().startswith(kept)
    assert log["log_kind"].to_list() == ["reported", "corrected"]
    assert (log["measured"].to_list(), log["former_value"].iloc[1]) == ([6.8, 6.7], 6.8)
    assert log["log_reason"].iloc[1] == "一条路误计" and log["recorded_by"].iloc[1] == "李四"
    april = card(7.0, "2026-04", Progress.of_log(log)).table.loc["road_density"]
    assert april["last_value"] == 6.7 and april["last_change"] == pytest.approx(0.3)


def test_a_share_comes_back_from_the_log_as_it_went(tmp_path):
    value = 65 / 155
    made = dg.scorecard(tally("park_coverage", value), law=LAW, month="2026-03")
    file = tmp_path / "log.csv"
    report_month(made, file)

    assert read_log(file)["measured"].iloc[0] == pytest.approx(value, abs=1e-13)
    assert len(report_month(made, file).added) == 0
    later = dg.scorecard(
        tally("park_coverage", value), law=LAW, month="2026-04",
        progress=Progress.of_log(read_log(file)),
    ).table.loc["park_coverage"]  # fmt: skip
    assert later["last_change"] == 0.0


def test_what_comes_late_into_a_reported_month_is_a_correction_too(tmp_path):
    file = tmp_path / "log.csv"
    report_month(card(month="2026-04"), file)
    with pytest.raises(errors.InputError, match="2026-04 is reported already"):
        report_month(card(month="2026-03"), file)
    more = dg.scorecard(tally("village_clinics", 5), law=LAW, month="2026-04")
    with pytest.raises(errors.InputError, match=r"T97 .*: new, 5 个/年; the month is reported"):
        report_month(more, file)
    assert report_month(more, file, correct="补报").added["log_kind"].to_list() == ["corrected"]
    with pytest.raises(errors.InputError, match="of no month"):
        report_month(dg.scorecard(law=LAW), file)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",6.8,", ",6.9,", 1),
        lambda text: text.replace("口径甲", "口径乙", 1),
        lambda text: "\r\n".join([text.split("\r\n")[0], *text.split("\r\n")[2:]]),
        lambda text: text.replace("上报", "上保", 1),
    ],
)
def test_a_changed_or_removed_line_is_noticed(tmp_path, change):
    file = tmp_path / "log.csv"
    report_month(card(), file, on=DAY)
    report_month(card(7.0, "2026-04"), file, on=DAY)
    file.write_bytes(change(file.read_bytes().decode("utf-8")).encode("utf-8"))
    with pytest.raises(errors.ColumnError, match="line 2"):
        read_log(file)


def test_a_log_that_a_spreadsheet_saved_again_still_reads(tmp_path):
    file = tmp_path / "log.csv"
    report_month(card(6.8123456789012345), file, on=date(2026, 4, 2))
    text = file.read_text("utf-8-sig").replace("2026-04-02", "2026/4/2")
    # Ten digits are what is left of a figure there.
    text = text.replace("2026年03月", "2026年3月").replace("6.812345678901234", "6.812345679")
    file.write_text(text, "gb18030", newline="")

    assert read_log(file)["month"].to_list() == ["2026-03"]
    assert len(report_month(card(6.8123456789012345), file).added) == 0
    assert report_month(card(7.0, "2026-04"), file).added["month"].to_list() == ["2026-04"]


def test_what_is_no_log_is_refused(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("甲,乙\n1,2\n", "utf-8")
    with pytest.raises(errors.ColumnError, match="not a log of reported months"):
        read_log(file)
    with pytest.raises(errors.ExportError, match=r"ends in \.csv"):
        report_month(card(), tmp_path / "a.xlsx")


def test_a_figure_of_sample_data_says_so_in_the_log(tmp_path):
    report_month(card(notices=(names.word("notice.schematic"),)), tmp_path / "log.csv")

    assert names.word("notice.schematic") in read_log(tmp_path / "log.csv")["month_note"].iloc[0]


# ---------------------------------------------------------------- what can be compared


def test_another_definition_or_outline_is_not_compared(tmp_path):
    file = tmp_path / "log.csv"
    report_month(card(outline="7.0000 平方公里 #aa"), file)
    known = Progress.of_log(read_log(file))
    same = card(6.9, "2026-04", known, outline="7.0000 平方公里 #aa").table.loc["road_density"]
    grown = card(6.9, "2026-04", known, outline="7.2000 平方公里 #bb").table.loc["road_density"]
    other = card(6.9, "2026-04", known, definition="口径乙").table.loc["road_density"]

    assert same["last_change"] == pytest.approx(0.1) and same["compared"] == ""
    for found in (grown, other):
        assert found["last_value"] == 6.8 and found["last_change"] != found["last_change"]
        assert found["compared"] == "上月值 6.80 公里/平方公里:口径或范围变化,不可比"


def test_a_month_counted_again_stands_beside_what_was_reported(tmp_path):
    file = tmp_path / "log.csv"
    report_month(card(outline="甲"), file)
    now = card(6.9, "2026-04", outline="乙")
    again = card(6.75, "2026-03", outline="乙")
    report_month(now, file, recomputed={"2026-03": again})
    log = read_log(file)

    assert log["log_kind"].to_list() == ["reported", "reported", "recomputed"]
    assert log["former_value"].iloc[2] == 6.8 and log["month"].iloc[2] == "2026-03"
    found = card(6.9, "2026-04", Progress.of_log(log), outline="乙").table.loc["road_density"]
    assert found["last_value"] == 6.75 and found["last_change"] == pytest.approx(0.15)
    assert (
        found["compared"] == "上月值按现口径重算为 6.75 公里/平方公里,当时上报 6.80 公里/平方公里"
    )
    # Nothing is written twice, and a recount is no way round a correction.
    assert len(report_month(now, file, recomputed={"2026-03": again}).added) == 0
    with pytest.raises(errors.InputError, match="a correction of that month"):
        report_month(now, file, recomputed={"2026-03": card(6.7, "2026-03", outline="甲")})
    with pytest.raises(errors.InputError, match="no reported month before"):
        report_month(now, file, recomputed={"2026-02": again})


def test_a_pace_from_a_december_of_another_outline_is_not_judged(tmp_path):
    file = tmp_path / "log.csv"
    report_month(card(6.6, "2025-12", outline="甲"), file)
    laid = told(log=read_log(file), base_year=2024.0, yellow_lag=0.1)

    assert row(6.7, laid, outline="甲")["due_value"] == pytest.approx(6.6 + 0.8 / 4)
    found = row(6.7, laid, outline="乙")
    assert (found["verdict"], found["warning"]) == ("not_comparable", "")
    assert found["year_change"] != found["year_change"]
    assert row(7.4, laid, outline="乙")["verdict"] == "on_track"


@pytest.mark.parametrize(
    ("text", "month"),
    [("2026-3", "2026-03"), ("2026年12月", "2026-12"), ("202601", "2026-01"),
     ("2026/07", "2026-07"), (date(2026, 5, 9), "2026-05"), ("1026-01", None),
     ("2026-00", None), ("", None)],
)  # fmt: skip
def test_months_as_people_write_them(text, month):
    assert read_month(text) == month


def test_thresholds_are_part_of_the_way_and_days_are_not():
    assert same_way("2025年开放的卫生室个数", "2026年开放的卫生室个数")
    assert same_way("158个参与分类单元中147个", "158个参与分类单元中150个")
    assert not same_way("面积400至10000平方米", "面积500至10000平方米")
    assert not same_way("口径甲", "")


def test_why_a_figure_moved_is_told_by_roads_and_parks():
    before = dg.road_density(sample.villages(), sample.roads())
    now = dg.road_density(sample.villages(), sample.roads().assign(road_status="built"))
    made = dg.scorecard(now, law=LAW, month="2026-03", changes=[now.changes(before)])

    assert "+1.000 公里;合计 +1.000 公里" in made.table.loc["road_density", "month_why"]
    still = dg.scorecard(now, law=LAW, changes=[now.changes(now)])
    assert still.table.loc["road_density", "month_why"] == "无变化"
    with pytest.raises(errors.InputError, match="no changes of a density"):
        dg.scorecard(law=LAW, changes=[now])


def test_who_leads_is_whom_the_plan_calls_so():
    bulletin = LAW.targets["progress_bulletins"]
    assert bulletin.leads == ("县农业农村局", "县发改局", "县建设局")
    assert bulletin.departments[-1] == "县工作专班(五(一))"
    for target in LAW.targets.values():
        assert {*target.leads} <= {*target.departments} and target.leads
        assert not any("牵头" in one or "、" in one for one in target.departments)


def test_a_note_of_several_lines_is_the_same_when_it_is_reported_again(tmp_path):
    def told_so(note, made_up):
        months = pd.DataFrame(
            [("road_density", "2026-03", None, None, note, None, note)],
            columns=["target_key", "month", *OF_MONTH],
        ).astype({"measured": float, "due_value": float})
        density = dg.road_density(sample.zone(), sample.roads()) if made_up else None
        return dg.scorecard(
            density or tally("road_density", 7.0), law=LAW, month="2026-03",
            progress=replace(told(), months=months),
        )  # fmt: skip

    for made_up in (False, True):
        for note in ("征迁未完成\n资金未到位  两项", "=1+1", "@SUM(1)"):
            file = tmp_path / f"{made_up}{len(note)}.csv"
            assert len(report_month(told_so(note, made_up), file).added) == 1
            assert len(report_month(told_so(note, made_up), file).added) == 0
            with pytest.raises(errors.InputError, match="text than was reported"):
                report_month(told_so(f"{note}三", made_up), file)


def test_a_table_of_another_year_is_said_to_be_one():
    for month, said in (("2026-03", 0), ("2027-03", 1), (None, 0)):
        made = dg.scorecard(law=LAW, progress=told(), month=month)
        assert sum("填报表是2026年的" in one for one in made.notices) == said


def test_a_difference_is_not_at_odds_with_the_figures_in_one_table():
    row = {"unit": "ratio", "measured": 0.88725, "last_value": 0.88714, "last_change": 0.00011,
           "target": 0.91, "gap": 0.02275}  # fmt: skip
    # 88.72 (88.725 by halves to even) less 88.71: the difference of these is .01, as is .011.
    assert shown_change(row, "last_change") == "+0.01"
    row |= {"measured": 0.88726, "last_value": 0.88724, "last_change": 0.00002}
    # 88.73 less 88.72: .01 of what is .002.
    assert shown_change(row, "last_change") == "+0.002" and contradicted(row, "last_change")
    row |= {"gap": 0.02274}
    assert shown_change(row, "gap") == "+2.27" and not contradicted(row, "gap")
    over = {"unit": "倍", "measured": 1.706, "target": 1.6, "gap": 0.106}
    assert shown_change(over, "gap") == "+0.11"
