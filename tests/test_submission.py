"""What is handed in: named by the rule, known again by its sums, whole, nothing internal to all."""

import errno
import hashlib
import os
import shutil
import subprocess

import geopandas as gpd
import openpyxl
import pytest
import shapely
from PIL import Image

import deqing_geo as dg
from deqing_geo import errors, papers, sample
from deqing_geo.cli import main
from deqing_geo.export import save_results
from deqing_geo.papers import (
    save_method_note,
    save_park_papers,
    save_quality_report,
    save_road_papers,
    save_submission,
)
from deqing_geo.papers.marks import audience_of, marks_of

PARTS = ["图件", "矢量", "表格", "文档"]


def picture(path, dots=300):
    Image.new("RGB", (60, 40), "white").save(path, dpi=(dots, dots))
    return path


@pytest.fixture
def shelf(tmp_path):
    """Products as rooms of the library leave them."""
    place = tmp_path / "shelf"
    place.mkdir()
    picture(place / "县域村庄分类图.jpg")
    picture(place / "330521德清县07路网密度分区图.jpg")
    picture(place / "330521德清县07路网密度分区图.png")
    boxes = gpd.GeoDataFrame({"n": [1.0]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4490)
    boxes.to_file(place / "areas.shp")
    boxes.to_file(place / "areas.gdb", driver="OpenFileGDB", layer="areas")
    (place / "路网密度.csv").write_text("\ufeff编号,路网密度\r\n1,7.06\r\n", "utf-8")
    return place


@pytest.fixture(scope="module")
def density():
    return dg.road_density(dg.sample.zone(), dg.sample.roads())


@pytest.fixture(scope="module")
def report():
    return dg.check_boundaries(dg.sample.villages())


def gathered(shelf, density, report, out, **asked):
    return save_submission(
        out, code="330521",
        maps=[shelf / "县域村庄分类图.jpg", shelf / "330521德清县07路网密度分区图.jpg",
              shelf / "330521德清县07路网密度分区图.png"],
        vectors=[shelf / "areas.shp", shelf / "areas.gdb"],
        tables=[shelf / "路网密度.csv", lambda to: save_road_papers(density, to, place="德清县")],
        documents=[lambda to: save_method_note(density, to / "路网密度测算说明.docx"),
                   lambda to: save_quality_report(report, to / "质量检查报告.docx")],
        unit="县局", day="2026-06-30", **asked,
    )  # fmt: skip


def tree(folder):
    return sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())


def test_everything_stands_in_its_part_under_the_name_the_rule_gives(
    shelf, density, report, tmp_path
):
    made = gathered(shelf, density, report, tmp_path / "报送")

    assert made.table["file_name"].tolist() == [
        "330521德清县01县域村庄分类图.jpg", "330521德清县07路网密度分区图.jpg",
        "330521德清县07路网密度分区图.png", "areas.shp", "areas.gdb", "330521德清县路网密度.csv",
        "330521德清县道路计入明细表.xlsx", "330521德清县路网密度测算说明.docx",
        "330521德清县质量检查报告.docx",
    ]  # fmt: skip
    assert pytest.approx(made.table["submission_part"].map(PARTS.index).tolist()) == [
        0, 0, 0, 1, 1, 2, 2, 3, 3]  # fmt: skip
    assert made.missing == ()
    assert all(file.exists() for file in made.files)
    assert [one for one in tree(made.folder) if one.startswith("矢量/areas.s")] == [
        "矢量/areas.shp", "矢量/areas.shx"]  # fmt: skip
    assert sorted(one.name for one in made.folder.iterdir()) == sorted(
        [*PARTS, "sha256.txt", "成果清单.xlsx"]
    )
    assert len(gpd.read_file(made.folder / "矢量" / "areas.gdb")) == 1


def test_another_program_knows_every_file_again(shelf, density, report, tmp_path):
    """The second road: sha256sum itself."""
    made = gathered(shelf, density, report, tmp_path / "报送")
    lines = (made.folder / "sha256.txt").read_text("utf-8").splitlines()
    listed = [line.split("  ", 1)[1] for line in lines]
    alone = made.table[made.table["file_parts"] == 1]

    assert sorted(listed) == [one for one in tree(made.folder) if one != "sha256.txt"]
    for part, name, digest, size in alone[
        ["submission_part", "file_name", "sha256", "file_bytes"]
    ].to_numpy():
        content = (made.folder / part / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (digest, size)
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "-c", "sha256.txt"], cwd=made.folder, check=True,
                       capture_output=True)  # fmt: skip


def test_the_sum_of_a_geodatabase_is_that_of_its_lines(shelf, density, report, tmp_path):
    made = gathered(shelf, density, report, tmp_path / "报送")
    row = made.table.set_index("file_name").loc["areas.gdb"]
    lines = [
        line.replace("矢量/", "", 1) + "\n"
        for line in (made.folder / "sha256.txt").read_text("utf-8").splitlines()
        if "  矢量/areas.gdb/" in line
    ]

    assert row["file_parts"] == len(lines) > 3
    assert row["sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_list_is_a_sheet_to_sign_and_says_what_the_table_says(shelf, density, report, tmp_path):
    made = gathered(shelf, density, report, tmp_path / "报送")
    sheet = openpyxl.load_workbook(made.folder / "成果清单.xlsx").worksheets[0]
    grid = [list(row) for row in sheet.iter_rows(values_only=True)]
    at = next(at for at, row in enumerate(grid) if row[0] == "序号")
    rows = grid[at + 1 : at + 1 + len(made.table)]

    assert [row[2] for row in rows] == made.table["file_name"].tolist()
    assert [row[6] for row in rows] == made.table["sha256"].tolist()
    assert [row[4] for row in rows] == made.table["file_bytes"].tolist()
    assert grid[at + 1 + len(made.table)][4] == made.table["file_bytes"].sum()
    assert rows[0][8] == "审查、印刷" and rows[4][8] == "ArcGIS 建库"
    assert "示意样张" in rows[6][9] and "另存为 PDF" in rows[7][9]
    assert sheet.page_setup.orientation == "landscape"


def test_two_runs_are_the_same_bytes_and_the_second_replaces_the_first(
    shelf, density, report, tmp_path
):
    first = gathered(shelf, density, report, tmp_path / "a")
    other = gathered(shelf, density, report, tmp_path / "b")

    assert tree(first.folder) == tree(other.folder)
    for name in tree(first.folder):
        assert (first.folder / name).read_bytes() == (other.folder / name).read_bytes(), name
    again = save_submission(tmp_path / "a", code="330521", tables=[shelf / "路网密度.csv"])
    assert tree(again.folder) == ["sha256.txt", "成果清单.xlsx", "表格/330521德清县路网密度.csv"]
    assert again.missing == ("图件", "矢量", "文档", "质量检查报告")


def test_the_public_gets_nothing_internal_and_nothing_nobody_looked_at(density, shelf, tmp_path):
    coverage = dg.park_coverage(dg.sample.villages(), dg.sample.parks(), dg.sample.homes())
    everything = {
        "code": "330521",
        "audience": "public",
        "maps": [shelf / "县域村庄分类图.jpg"],
        "tables": [
            lambda to: save_road_papers(density, to),
            lambda to: save_park_papers(coverage, to, audience="public"),
        ],
        "documents": [lambda to: save_method_note(density, to / "说明.docx")],
    }
    with pytest.raises(errors.ExportError) as refused:
        save_submission(tmp_path / "报送", **everything)
    said = str(refused.value)

    assert "道路计入明细表.xlsx: says that it is internal" in said
    assert "说明.docx: says that it is internal" in said
    assert "县域村庄分类图.jpg: does not say for whom it is" in said
    assert "公园计入明细表" not in said
    assert not (tmp_path / "报送").exists()

    everything["tables"][0] = lambda to: save_road_papers(density, to, audience="public")
    everything["documents"] = [
        lambda to: save_method_note(density, to / "说明.docx", audience="public")
    ]
    made = save_submission(tmp_path / "报送", cleared=["县域村庄分类图.jpg"], **everything)
    assert set(made.table["audience"]) == {"public"}
    assert made.table["remarks"].iloc[0] == "经报送单位查看,可公开;送审稿"
    assert len(made.table) == 5


def test_a_cleared_file_that_says_it_is_internal_stays_out(shelf, tmp_path):
    (shelf / "清册.csv").write_text("村,状态\r\n甲村,拟列入(待征求村民意见)\r\n", "gb18030")

    with pytest.raises(errors.ExportError, match=r"清册\.csv: says that it is internal"):
        save_submission(tmp_path / "报送", code="330521", audience="public",
                        tables=[shelf / "清册.csv"], cleared=["清册.csv"])  # fmt: skip


def test_a_public_map_bears_its_number_or_is_for_review(shelf, tmp_path):
    asked = {"code": "330521", "maps": [shelf / "县域村庄分类图.jpg"], "audience": "public",
             "cleared": [shelf / "县域村庄分类图.jpg"]}  # fmt: skip
    numbered = save_submission(tmp_path / "a", review_number="浙S(2026)12号", **asked)

    assert "审图号:浙S(2026)12号" in numbered.table["remarks"].iloc[0]
    with pytest.raises(errors.InputError, match="review_number"):
        save_submission(tmp_path / "b", review_number="浙S( )号", **asked)


@pytest.mark.parametrize(
    ("part", "name", "content", "why"),
    [
        ("vectors", "库.mdb", b"x", "在 ArcGIS 中导出为 .gdb"),
        ("tables", "表.xls", b"x", "在 WPS 中另存为 .xlsx"),
        ("documents", "说明.exe", b"x", "no product of documents"),
        ("maps", "图.jpg", b"not a picture", "cannot be opened as a picture"),
        ("tables", "坏.xlsx", b"PK\x03\x04broken", "is damaged"),
    ],
)
def test_what_cannot_be_handed_in_is_named_with_its_cure(part, name, content, why, tmp_path):
    (tmp_path / name).write_bytes(content)
    asked = {part: [tmp_path / name]}
    with pytest.raises(errors.ExportError, match=why):
        save_submission(tmp_path / "报送", code="330521", **asked)
    assert not (tmp_path / "报送").exists()


def test_a_coarse_picture_is_refused_and_all_faults_come_at_once(shelf, tmp_path):
    picture(shelf / "粗.jpg", 150)
    Image.new("RGB", (9, 9)).save(shelf / "无.png")
    with pytest.raises(errors.ExportError) as refused:
        save_submission(tmp_path / "报送", code="330521",
                        maps=[shelf / "粗.jpg", shelf / "无.png", shelf / "没有.jpg"],
                        tables=[lambda to: None])  # fmt: skip
    said = str(refused.value)

    for one in ("粗.jpg: has 150 dots an inch; 300 are asked", "无.png: does not say how many",
                "没有.jpg: is not there", "tables[0]: the function left no file"):  # fmt: skip
        assert one in said


def test_two_files_of_one_name_are_not_one_file(shelf, tmp_path):
    (shelf / "b").mkdir()
    picture(shelf / "b" / "德清县县域村庄分类图.jpg")
    with pytest.raises(errors.ExportError, match="would both be 330521德清县01县域"):
        save_submission(tmp_path / "报送", code="330521", maps=[
            shelf / "县域村庄分类图.jpg", shelf / "b" / "德清县县域村庄分类图.jpg"])  # fmt: skip
    picture(shelf / "b" / "330521德清县07道路图.jpg")
    with pytest.raises(errors.ExportError, match="its number 07 is given twice"):
        save_submission(tmp_path / "报送", code="330521", maps=[
            shelf / "330521德清县07路网密度分区图.jpg", shelf / "b" / "330521德清县07道路图.jpg",
        ])  # fmt: skip


def test_orders_that_cannot_stand_are_refused_with_all_their_faults(shelf, tmp_path):
    with pytest.raises(errors.InputError) as refused:
        save_submission(tmp_path / "报送", code="3305", name="a/b", audience="all",
                        tables=shelf / "路网密度.csv")  # fmt: skip
    said = str(refused.value)

    for one in ("code='3305'", "name='a/b'", "audience='all'", "tables= is a list"):
        assert one in said
    with pytest.raises(errors.InputError, match="all empty"):
        save_submission(tmp_path / "报送", code="330521")
    with pytest.raises(errors.InputError, match="name=''"):
        save_submission(tmp_path / "报送", code="999999", tables=[shelf / "路网密度.csv"])
    with pytest.raises(errors.ColumnError, match="day="):
        save_submission(tmp_path / "报送", code="330521", tables=[shelf / "路网密度.csv"],
                        day="月底")  # fmt: skip
    with pytest.raises(errors.ExportError, match="no such product"):
        save_submission(tmp_path / "报送", code="330521", tables=[shelf / "路网密度.csv"],
                        cleared=["x.jpg"])  # fmt: skip


def test_a_folder_with_anything_else_in_it_is_left_alone(shelf, tmp_path):
    place = tmp_path / "报送"
    place.mkdir()
    (place / "工资表.xlsx").write_bytes(b"mine")

    with pytest.raises(errors.ExportError, match=r"工资表\.xlsx"):
        save_submission(place, code="330521", tables=[shelf / "路网密度.csv"])
    with pytest.raises(errors.ExportError, match="lies in the folder that is to be written"):
        save_submission(shelf.parent / "neu", code="330521",
                        tables=[shelf.parent / "neu" / "x.csv"])  # fmt: skip
    assert [one.name for one in place.iterdir()] == ["工资表.xlsx"]


def test_a_failure_leaves_the_earlier_submission_as_it_was(shelf, tmp_path, monkeypatch):
    made = save_submission(tmp_path / "报送", code="330521", tables=[shelf / "路网密度.csv"])
    before = {name: (made.folder / name).read_bytes() for name in tree(made.folder)}

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(to):
        raise errors.InputError("no result")

    with pytest.raises(errors.InputError, match="no result"):
        save_submission(tmp_path / "报送", code="330521", tables=[refuse])
    monkeypatch.setattr("deqing_geo.papers.submission.shutil.copyfile", full)
    with pytest.raises(errors.ExportError, match="No space left"):
        save_submission(tmp_path / "报送", code="330521",
                        maps=[shelf / "县域村庄分类图.jpg"])  # fmt: skip

    assert {name: (made.folder / name).read_bytes() for name in tree(made.folder)} == before


def test_hostile_names_stay_text_in_the_list(shelf, tmp_path):
    odd = "=HYPERLINK(1)&𠮷䶮 {{7*7}}.csv"
    (shelf / odd).write_text("a", "utf-8")
    made = save_submission(tmp_path / "报送", code="330521", name="=县", tables=[shelf / odd])
    cells = [
        cell
        for row in openpyxl.load_workbook(made.folder / "成果清单.xlsx").worksheets[0].iter_rows()
        for cell in row
        if cell.value is not None
    ]

    assert made.table["file_name"].tolist() == [f"330521=县{odd}"]
    assert {cell.data_type for cell in cells} <= {"s", "n"}


def test_every_internal_product_of_ours_is_known_by_its_mark(density, report, tmp_path):
    coverage = dg.park_coverage(dg.sample.villages(), dg.sample.parks(), dg.sample.homes())
    page = tmp_path / "图.html"
    dg.save_map(dg.road_map(density, title="路网"), page)
    layer = gpd.GeoDataFrame(
        {"说明": ["内部资料 注意保存"]}, geometry=[shapely.Point(0, 0)], crs=4490
    )
    layer.to_file(tmp_path / "点.gpkg")
    layer.rename(columns={"说明": "note"}).to_file(tmp_path / "点.gdb", driver="OpenFileGDB")
    files = [
        page,
        tmp_path / "点.gpkg",
        tmp_path / "点.gdb",
        *save_road_papers(density, tmp_path),
        *save_park_papers(coverage, tmp_path),
        save_method_note(density, tmp_path / "a.docx"),
        save_method_note(density, tmp_path / "a.html"),
        save_quality_report(report, tmp_path / "b.docx"),
        save_quality_report(report, tmp_path / "b.html"),
    ]

    assert {file.name: audience_of(marks_of(file)) for file in files} == {
        file.name: "internal" for file in files
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_a_mark_is_found_whatever_the_encoding_and_wherever_it_is_cut(
    encoding, tmp_path, monkeypatch
):
    monkeypatch.setattr("deqing_geo.papers.marks.CHUNK", 64)
    for before in range(0, 70, 7):
        (tmp_path / "a.txt").write_bytes(("x" * before + "请勿通过互联网传输").encode(encoding))
        assert marks_of(tmp_path / "a.txt") == {"internal"}


def test_a_picture_says_nothing_and_the_name_of_a_file_counts(tmp_path):
    assert marks_of(picture(tmp_path / "图.jpg")) == set()
    assert marks_of(picture(tmp_path / "图(公开版).jpg")) == {"public"}
    assert marks_of(picture(tmp_path / "图(示意样张).jpg")) == {"made_up"}


def test_the_command_gathers_and_tells_what_is_missing(shelf, tmp_path, capsys):
    asked = ["submit", "--out", str(tmp_path / "报送"), "--code", "330521",
             "--maps", str(shelf / "县域村庄分类图.jpg"),
             "--vectors", str(shelf / "areas.gdb"), "--until", "2026-06-30"]  # fmt: skip

    assert main(asked) == 0
    said = capsys.readouterr().out
    said.encode("gbk")
    assert "2 项成果" in said and "未提供: 质量检查报告" in said
    assert main([*asked, "--audience", "public"]) == 1
    assert "--cleared" in capsys.readouterr().err


def test_exported_layers_go_along_for_whom_they_were_made(density, tmp_path):
    """Layers say for whom they are in every row; styles and drawings say nothing."""
    formats = ["gpkg", "gdb", "shp", "parquet", "csv"]

    def layers(audience):
        return lambda to: save_results(density, to, formats=formats, audience=audience)

    with pytest.raises(errors.ExportError) as refused:
        save_submission(tmp_path / "a", code="330521", audience="public",
                        vectors=[layers("internal")])  # fmt: skip
    for name in ("results.gpkg", "results.gdb", "road_density.shp", "road_density.parquet"):
        assert f"{name}: says that it is internal" in str(refused.value)

    public = save_submission(tmp_path / "b", code="330521", audience="public",
                             vectors=[layers("public")])  # fmt: skip
    within = save_submission(tmp_path / "c", code="330521", vectors=[layers("internal")])
    assert set(public.table["audience"]) == {"public"}
    assert "road_density.shp" in within.table["file_name"].tolist()


def test_runs_are_handed_in_by_one_command_with_what_they_made(tmp_path, capsys):
    density = dg.road_density(sample.villages(), sample.roads())
    runs = tmp_path / "run"
    dg.save_results([density], runs, formats=("gpkg", "xlsx"))
    papers.save_method_note(density, runs / "测算方法说明.docx")
    command = ["export", str(runs), "--submission", str(tmp_path / "sub")]

    assert main(command) == 1
    assert "goes with --code N" in capsys.readouterr().err
    assert main([*command, "--out", "x", "--code", "330521"]) == 1
    assert "Give --out DIR for the files, or --submission" in capsys.readouterr().err
    assert main([*command, "--code", "330521", "--name", "德清县"]) == 0
    made = {file.relative_to(tmp_path / "sub").as_posix() for file in (tmp_path / "sub").rglob("*")}
    assert {"矢量/results.gdb", "矢量/road_density.lyrx", "成果清单.xlsx", "sha256.txt"} <= made
    assert any(one.startswith("文档/") and one.endswith(".docx") for one in made)
    assert any(one.startswith("表格/") and one.endswith(".xlsx") for one in made)
    # What says that it is internal stays where it is.
    assert main([*command[:3], str(tmp_path / "pub"), "--code", "330521", "--name", "德清县",
                 "--audience", "public"]) == 1  # fmt: skip
    assert "says that it is internal" in capsys.readouterr().err
    assert not (tmp_path / "pub").exists()
