"""Papers on roads and parks: their sums are the results' figures, and the public gets no plans."""

import csv
import dataclasses
import shutil
import subprocess

import geopandas as gpd
import openpyxl
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors
from deqing_geo.coverage import gap_list, park_ledger
from deqing_geo.papers import save_park_papers, save_road_papers
from deqing_geo.sample import CRS

ROADS = [
    "序号", "路名", "起点", "止点", "等级", "长度(公里)", "路面宽(米)", "建设状态", "通车日期",
    "是否计入", "计入长度(公里)", "不计入原因",
]  # fmt: skip
PARKS = [
    "序号", "名称", "类别", "面积(平方米)", "镇(街道)", "开放日期", "服务半径(米)", "是否计入",
    "原因", "仅由其覆盖的居住用地面积(公顷)",
]  # fmt: skip
FILED = {"unit": "县住建局", "day": "2026-06-30", "review_stage": "会审稿", "place": "某县"}


def signed(result):
    """The same result as if it were real: nothing of sample data can be signed."""
    return dataclasses.replace(result, notices=())


@pytest.fixture(scope="module")
def density():
    return signed(dg.road_density(dg.sample.villages(), dg.sample.roads(), as_of="2026-06-30"))


@pytest.fixture(scope="module")
def coverage():
    homes = dg.sample.homes().assign(households=[100, 50, 10], people=[310, 140, 30])
    return signed(dg.park_coverage(dg.sample.villages(), dg.sample.parks(), homes))


@pytest.fixture(scope="module")
def siting(coverage):
    return signed(dg.suggest_parks(coverage, max_sites=2))


@pytest.fixture(scope="module")
def towns():
    boxes = shapely.box([500000, 502000], 3380000, [502000, 504000], 3381000)
    return gpd.GeoDataFrame({"town_name": ["西镇", "东镇"]}, geometry=boxes, crs=CRS)


def grids(file):
    book = openpyxl.load_workbook(file)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def table(grid):
    """Headings and rows of the one table of a sheet, without the line to sign on."""
    head = next(at for at, row in enumerate(grid) if row[0] in ("序号", "次序"))
    body = []
    for row in grid[head + 1 :]:
        if not any(cell is not None for cell in row):
            break
        body.append(dict(zip(grid[head], row, strict=True)))
    return grid[head], body


def said(grid):
    return [str(cell) for row in grid for cell in row if cell is not None]


def test_the_road_paper_lists_every_road_and_adds_up_to_the_density(density, tmp_path):
    (file,) = save_road_papers(density, tmp_path, **FILED)
    sheets = grids(file)
    heads, rows = table(sheets["道路计入明细表"])
    ledger = dg.road_ledger(density, per="road")

    assert file.name == "某县道路计入明细表.xlsx"
    assert heads == ROADS
    assert len(rows) == len(ledger) + 1
    assert rows[-1]["起点"] is None and rows[-1]["路名"] == "合计"
    assert rows[-1]["计入长度(公里)"] == pytest.approx(density.table["road_km"].sum())
    assert rows[-1]["长度(公里)"] == pytest.approx(ledger["length_km"].sum())
    assert sum(row["计入长度(公里)"] for row in rows[:-1]) == pytest.approx(4.0)
    by_name = {row["路名"]: row for row in rows}
    assert by_name["规划支路"]["不计入原因"] == "规划"
    assert (by_name["纸上大道"]["等级"], by_name["纸上大道"]["是否计入"]) == ("主干路", "计入")


def test_the_other_sheets_of_the_road_paper_are_the_density_s_tables(density, tmp_path):
    sheets = grids(save_road_papers(density, tmp_path, **FILED)[0])
    _, areas = table(sheets["分区路网密度表"])
    heads, classes = table(sheets["分等级道路长度表"])

    for row, (name, own) in zip(areas, density.table.iterrows(), strict=False):
        assert row["路网密度(公里/平方公里)"] == pytest.approx(own["road_density"]), name
        assert row["土地面积(平方公里)"] == pytest.approx(own["area_km2"])
    assert areas[-1]["路网密度(公里/平方公里)"] == pytest.approx(density.overall)
    counted = [head for head in heads if head.endswith("(计入)")]
    assert sum(classes[-1][head] for head in counted) == pytest.approx(
        density.table["road_km"].sum()
    )
    assert density.definition.line in said(sheets["说明"])[1]


def test_a_paper_has_its_frame_and_prints_across(density, tmp_path):
    sheet = openpyxl.load_workbook(save_road_papers(density, tmp_path, **FILED)[0]).worksheets[0]
    lines = [[cell for cell in row if cell] for row in sheet.iter_rows(values_only=True)]

    assert lines[0] == ["某县道路计入明细表(会审稿)"]
    assert lines[1] == [
        "填报单位(盖章):县住建局", "数据截止日期:2026年6月30日", "计量单位:公里、米"]  # fmt: skip
    assert [one.split(":")[0] for one in lines[-1]] == [
        "单位负责人", "审核人", "填表人", "联系电话", "填报日期"]  # fmt: skip
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.print_title_rows == "$4:$4"
    assert [str(one) for one in sheet.merged_cells.ranges] == ["A1:L1"]
    assert sheet.oddHeader.left.text == "内部资料 注意保存" and "&P" in sheet.oddFooter.center.text


def test_the_day_of_a_paper_is_the_day_it_was_counted_for(density, tmp_path):
    grid = grids(save_road_papers(density, tmp_path)[0])["道路计入明细表"]

    assert "数据截止日期:2026年6月30日" in said(grid)


def test_a_density_is_never_rounded_across_its_goal(density, tmp_path):
    close = density.table.assign(road_density=7.996)
    near = dataclasses.replace(density, table=close, goals=(8.0,))
    sheet = openpyxl.load_workbook(save_road_papers(near, tmp_path)[0])["分区路网密度表"]

    assert {cell.number_format for cell in sheet["F"] if cell.data_type == "n" and cell.value} == {
        "0.000"
    }


def test_the_public_learns_of_no_road_to_come(density, tmp_path):
    (file,) = save_road_papers(density, tmp_path, audience="public", **FILED)
    sheets = grids(file)
    _, rows = table(sheets["道路计入明细表"])
    words = [one for grid in sheets.values() for one in said(grid)]

    assert file.stem.endswith("(公开版)")
    assert [row["路名"] for row in rows] == ["纸上大道", "界巷", "合计"]
    assert rows[-1]["计入长度(公里)"] == pytest.approx(4.0)
    assert not [one for one in words if "规划" in one or "内部资料" in one or "小区路" in one]


def test_the_park_paper_is_the_ledger_and_its_areas_the_coverage(coverage, towns, tmp_path):
    files = save_park_papers(coverage, tmp_path, towns=towns, **FILED)
    sheets = grids(files[0])
    heads, rows = table(sheets["公园计入明细表"])
    ledger = park_ledger(coverage, towns=towns)
    _, areas = table(sheets["分区公园绿地服务覆盖表"])

    assert [file.stem for file in files] == ["某县公园计入明细表", "某县公园绿地服务盲区清单"]
    assert heads == PARKS
    assert [row["面积(平方米)"] for row in rows[:-1]] == pytest.approx(
        ledger["park_area_m2"].tolist()
    )
    assert [row["是否计入"] for row in rows] == ["计入", "计入", "不计入", "计入2"]
    assert rows[2]["原因"] == "面积不足,不计入"
    assert rows[2]["仅由其覆盖的居住用地面积(公顷)"] is None
    assert rows[0]["镇(街道)"] == "西镇"
    assert areas[-1]["公园绿地服务半径覆盖率(%)"] == pytest.approx(coverage.overall * 100)


def test_the_gaps_on_paper_are_all_the_gap_there_is(coverage, towns, tmp_path):
    file = save_park_papers(coverage, tmp_path, towns=towns, villages=dg.sample.villages(),
                            **FILED)[1]  # fmt: skip
    _, rows = table(grids(file)["公园绿地服务盲区清单"])
    listed = gap_list(coverage)
    gap = "未覆盖居住用地面积(公顷)"

    assert [row[gap] for row in rows[:-1]] == pytest.approx(listed["gap_ha"].tolist())
    assert rows[-1][gap] == pytest.approx(coverage.table["gap_ha"].sum())
    assert [row["盲区内户数"] for row in rows[:-1]] == pytest.approx(listed["households"].tolist())
    assert [row["最近公园"] for row in rows[:-1]] == listed["nearest_name"].tolist()
    assert [row["镇(街道)"] for row in rows[:-1]] == ["东镇", "西镇", "西镇", "东镇"]


def test_the_public_gets_gaps_without_people_and_no_sites(coverage, siting, tmp_path):
    files = save_park_papers(coverage, tmp_path, audience="public", **FILED)
    words = [one for file in files for grid in grids(file).values() for one in said(grid)]
    _, parks = table(grids(files[0])["公园计入明细表"])

    assert [row["名称"] for row in parks] == ["大公园", "小公园", "合计"]
    banned = [one for one in words if "户" in one or "人口" in one or "袖珍园" in one]
    assert banned == ["公开版不含户数和人口。"]
    with pytest.raises(errors.InputError, match="proposal for the house"):
        save_park_papers(coverage, tmp_path, siting=siting, audience="public")


def test_the_sites_on_paper_say_where_how_large_and_what_they_bring(coverage, siting, tmp_path):
    street = gpd.GeoDataFrame(
        {"road_name": ["东街", None]},
        geometry=[
            shapely.LineString([(x, 3380000), (x, 3381000)])
            for x in shapely.bounds(siting.sites.geometry.iloc[0])[[2, 2]] + [30, 10]
        ],
        crs=CRS,
    )
    file = save_park_papers(coverage, tmp_path, siting=siting, roads=street, **FILED)[2]
    sheets = grids(file)
    _, rows = table(sheets["口袋公园建议选址清单"])
    west = shapely.bounds(siting.sites.geometry.iloc[0])[0]

    assert [row["次序"] for row in rows[:-1]] == [1, 2]
    assert rows[0]["四至"].startswith("东至东街,南至Y=33")
    assert f"西至X={west:.0f}" in rows[0]["四至"]
    assert rows[0]["占地面积(亩)"] == pytest.approx(
        siting.sites["site_area_m2"].iloc[0] * 15 / 10_000
    )
    assert [row["新增覆盖居住用地(公顷)"] for row in rows[:-1]] == pytest.approx(
        siting.sites["gain_ha"].tolist()
    )
    assert rows[1]["建成后覆盖率(%)"] == pytest.approx(siting.overall * 100)
    assert [one for one in said(sheets["说明"]) if "建议选址,不是规划" in one]


def test_the_same_results_are_the_same_bytes_and_hostile_names_stay_text(tmp_path):
    roads = dg.sample.roads()
    roads["road_name"] = ["=1+1", "@x", "𠮷䶮路", "+2", "#N/A", '=HYPERLINK("x")'][: len(roads)]
    density = dg.road_density(dg.sample.villages(), roads)
    one, other = (save_road_papers(density, tmp_path / at)[0] for at in "ab")
    cells = [cell for row in openpyxl.load_workbook(one).worksheets[0].iter_rows() for cell in row]

    assert one.read_bytes() == other.read_bytes()
    assert {cell.data_type for cell in cells if cell.value is not None} <= {"s", "n"}
    assert "=1+1" in [cell.value for cell in cells]


def test_papers_of_sample_data_cannot_be_signed(tmp_path):
    density = dg.road_density(dg.sample.zone(), dg.sample.roads())
    words = said(grids(save_road_papers(density, tmp_path, **FILED)[0])["道路计入明细表"])

    assert "某县道路计入明细表(会审稿)(示意样张)" in words
    assert not [one for one in words if "单位负责人" in one or "(盖章)" in one]


def test_an_empty_siting_and_no_roads_make_papers_that_say_so(tmp_path, coverage):
    bare = dg.road_density(dg.sample.villages(), dg.sample.roads().iloc[:0])
    _, rows = table(grids(save_road_papers(bare, tmp_path)[0])["道路计入明细表"])
    met = dg.suggest_parks(coverage, target=0.2)
    files = save_park_papers(coverage, tmp_path, siting=met)

    assert [row["路名"] for row in rows] == ["合计"] and rows[0]["计入长度(公里)"] == 0
    assert len(files) == 3


def test_what_cannot_be_filed_is_refused(density, coverage, siting, towns, tmp_path):
    with pytest.raises(errors.InputError, match="neither internal nor public"):
        save_road_papers(density, tmp_path, audience="all")
    with pytest.raises(errors.ColumnError, match="day="):
        save_park_papers(coverage, tmp_path, day="月底")
    with pytest.raises(errors.ColumnError, match="`towns` has no column `town_name`"):
        save_park_papers(coverage, tmp_path, towns=towns.drop(columns="town_name"))
    with pytest.raises(errors.CRSError):
        save_park_papers(coverage, tmp_path, towns=towns.to_crs(4490))
    with pytest.raises(errors.ColumnError, match="`roads` has no column `road_name`"):
        roads = dg.sample.roads().drop(columns="road_name")
        save_park_papers(coverage, tmp_path, siting=siting, roads=roads)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not here")
def test_libreoffice_reads_the_figures_the_results_hold(density, coverage, tmp_path):
    """The second road: what another program shows, sheet by sheet."""
    files = [*save_road_papers(density, tmp_path, **FILED),
             *save_park_papers(coverage, tmp_path, **FILED)]  # fmt: skip
    # Commas, quotes, UTF-8, every sheet to a file of its own.
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/office", "--headless",
         "--convert-to", form,
         "--outdir", str(tmp_path), *map(str, files)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    def shown(sheet, head):
        (file,) = tmp_path.glob(f"*-{sheet}.csv")
        rows = list(csv.reader(file.read_text("utf-8").splitlines()))
        at = next(row for row in rows if head in row).index(head)
        return float(next(row for row in rows if row[1] == "合计")[at])

    counted = shown("道路计入明细表", "计入长度(公里)")
    assert counted == pytest.approx(density.table["road_km"].sum(), abs=5e-4)
    assert shown("分区路网密度表", "路网密度(公里/平方公里)") == pytest.approx(density.overall)
    share = shown("分区公园绿地服务覆盖表", "公园绿地服务半径覆盖率(%)")
    assert share == pytest.approx(coverage.overall * 100)
    gap = shown("公园绿地服务盲区清单", "未覆盖居住用地面积(公顷)")
    assert gap == pytest.approx(coverage.table["gap_ha"].sum(), abs=5e-5)
