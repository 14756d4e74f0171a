"""deqing-geo check: a table for people, a status for scripts, products whole or not at all."""

import hashlib

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

import deqing_geo as dg
from deqing_geo import sample
from deqing_geo.batch import quality
from deqing_geo.cli import main
from tests.test_fault_map import box, received

PRODUCTS = ["fault_map.html", "faults.csv", "faults.gpkg", "质量检查报告.docx", "质量检查报告.html"]


def squares(**fields):
    """甲 and 乙 beside each other; 乙 reaches 0.5 m into 甲, 500 m2, unless told otherwise."""
    reach = fields.pop("reach", 0.5)
    shapes = [box(0, 0, 1000, 1000), box(1000 - reach, 0, 2000, 1000)]
    columns = {"村名": ["甲村", "乙村"], **fields}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=sample.CRS)


def written(file, frame):
    pyogrio.write_dataframe(frame, file)
    return file


@pytest.fixture
def faulty(tmp_path):
    return written(tmp_path / "村界.gpkg", squares(XZQMC=["甲村", "乙村"]))


@pytest.fixture
def clean(tmp_path):
    frame = sample.villages()
    return written(tmp_path / "clean.gpkg", frame.assign(notice=frame.attrs["notice"]))


def check(*arguments):
    return main(["check", *map(str, arguments)])


def prints_of(folder):
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
    }


# ---------------------------------------------------------------- words and status


def test_a_clean_layer_is_status_zero(clean, capsys):
    assert check(clean) == 0

    printed = capsys.readouterr().out
    assert "clean.gpkg: 检查单元数 4, 错误0处,疑似0处,提示0处: 未发现问题" in printed
    assert "示意数据" in printed


def test_faults_are_status_three_and_a_table(faulty, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    before = faulty.read_bytes()
    assert check(faulty) == 3

    printed = capsys.readouterr().out
    assert "面重叠 1" in printed and "500.00平方米" in printed and "错误1处" in printed
    assert "未检查:" in printed and "名录有、图层无" in printed
    assert faulty.read_bytes() == before


def test_hints_alone_are_status_zero(tmp_path, capsys):
    frame = sample.villages()[["village_name", "geometry"]]
    frame["village_name"] = ["甲村", "甲村", "丙村", "丁村"]
    frame["town_name"] = ["纸上镇", "另镇", "纸上镇", "纸上镇"]

    assert check(written(tmp_path / "v.gpkg", frame)) == 0
    assert "提示1处" in capsys.readouterr().out


def test_a_refused_file_is_status_one_and_one_sentence(tmp_path, capsys):
    assert check(tmp_path / "absent.gpkg") == 1

    printed = capsys.readouterr()
    assert "no such file" in printed.err and "Traceback" not in printed.err


def test_an_option_a_message_asks_for_is_named_as_it_is_given_here(tmp_path, capsys):
    bare = squares().set_crs(None, allow_override=True)
    file = tmp_path / "bare.gpkg"
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.write_dataframe(bare, file)

    assert check(file) == 1
    said = capsys.readouterr().err
    assert "--assume-crs 4549" in said and "assume_crs=" not in said
    assert check(file, "--assume-crs", 4549) == 3


@pytest.mark.parametrize("arguments", [[], ["--bogus", "x"], ["v.gpkg", "--register", "new"]])
def test_mistaken_arguments_are_status_two(arguments):
    with pytest.raises(SystemExit) as ended:
        check(*arguments)

    assert ended.value.code == 2


def test_help_says_what_the_status_means(capsys):
    with pytest.raises(SystemExit):
        check("--help")

    said = " ".join(capsys.readouterr().out.split())
    assert "Exit status: 0 no errors" in said and "3 faults found" in said
    for flag in ("--towns", "--county", "--reference", "--register", "--layer", "--fix"):
        assert flag in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["--max-change", "5"],
        ["--allow-survey-lines"],
        ["--unit", "某局"],
        ["--date", "2026-03-31", "--out", "faults.gpkg"],
        ["a.gpkg", "--csv", "t.csv"],
        ["a.gpkg", "--out", "faults.gpkg"],
        ["a.gpkg", "--fix", "copy.gpkg"],
    ],
)
def test_options_that_contradict_each_other_are_refused_first(tmp_path, capsys, arguments):
    assert check(tmp_path / "absent.gpkg", *arguments) == 1
    assert "InputError" in capsys.readouterr().err


def test_all_that_is_printed_survives_a_gbk_console(tmp_path, capsys):
    file = written(tmp_path / "村界.gpkg", received()[["village_name", "town_name", "geometry"]])

    assert check(file, "--out", tmp_path / "out") == 3
    printed = capsys.readouterr().out
    assert "图形自相交" in printed and printed.encode("gbk").decode("gbk") == printed


def test_names_are_no_markup(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    file = written(tmp_path / "v.gpkg", squares(村名=["[red]甲[/red] [/]", "[bold]乙"]))

    assert check(file) == 3
    assert "[red]甲[/red] [/]" in capsys.readouterr().out


# ---------------------------------------------------------------- what it is held against


def test_towns_county_and_register_are_asked(tmp_path, capsys):
    towns = written(tmp_path / "towns.gpkg", sample.town())
    outline = sample.town()[["geometry"]]
    outline["geometry"] = outline.buffer(100, join_style="mitre")
    county = written(tmp_path / "county.gpkg", outline)
    frame = sample.villages()[["village_name", "geometry"]]
    frame.insert(0, "ZLDWDM", ["330521001001", "330521001002", "330521001003", "330521001004"])
    file = written(tmp_path / "v.gpkg", frame.assign(town_name="纸上镇"))

    assert check(file, "--towns", towns, "--county", county, "--register", 2016) == 3
    printed = capsys.readouterr().out
    assert "与县界之间缺漏 1" in printed and "名录有、图层无" in printed
    assert "未检查: 图形面积与登记面积不符\n" in printed


def test_a_layer_of_its_own_is_chosen_by_name(tmp_path):
    file = tmp_path / "two.gpkg"
    for layer, reach in (("good", 0.0), ("bad", 0.5)):
        pyogrio.write_dataframe(squares(reach=reach), file, layer=layer, append=file.exists())

    assert check(file) == 1
    assert check(file, "--layer", "good") == 0
    assert check(file, "--layer", "bad") == 3


# ---------------------------------------------------------------- products


def test_a_folder_holds_faults_map_and_paper_the_same_every_time(faulty, tmp_path, capsys):
    out = tmp_path / "out"
    assert check(faulty, "--out", out, "--unit", "某局", "--date", "2026-03-31") == 3
    before = prints_of(out)

    assert list(before) == sorted(PRODUCTS)
    assert check(faulty, "--out", out, "--unit", "某局", "--date", "2026-03-31") == 3
    assert prints_of(out) == before
    paper = (out / "质量检查报告.html").read_text("utf-8")
    assert "某局" in paper and "2026年3月31日" in paper and "(盖章)" in paper
    printed = capsys.readouterr().out
    assert all(name in printed for name in PRODUCTS)


def test_the_layer_of_faults_has_a_point_for_each(tmp_path):
    file = written(tmp_path / "v.gpkg", received()[["village_name", "town_name", "geometry"]])
    assert check(file, "--out", tmp_path / "faults.gpkg") == 3

    report = dg.check_boundaries(dg.read_received(file))
    points = gpd.read_file(tmp_path / "faults.gpkg", layer="faults")
    areas = gpd.read_file(tmp_path / "faults.gpkg", layer="fault_areas")
    assert points["fault_id"].to_list() == report.table.index.to_list()
    assert points["fault_kind"].to_list() == report.table["fault_kind"].to_list()
    assert set(points.geom_type.dropna()) == {"MultiPoint"}
    assert areas.area.sum() == pytest.approx(2300)  # pencil: 2 m and 0.3 m by 1000 m
    assert [name for name, _ in pyogrio.list_layers(tmp_path / "faults.gpkg")] == [
        "faults",
        "fault_areas",
        "fault_lines",
    ]


def test_the_table_is_written_for_readers(faulty, tmp_path):
    assert check(faulty, "--csv", tmp_path / "t.csv") == 3

    table = pd.read_csv(tmp_path / "t.csv", encoding="utf-8-sig")
    assert table.loc[0, ["问题类型", "严重程度", "计量单位"]].to_list() == [
        "面重叠",
        "错误",
        "平方米",
    ]
    assert table.loc[0, "问题面积或比例"] == pytest.approx(500)


def test_several_files_get_a_folder_each_and_the_worst_status(clean, faulty, tmp_path):
    out = tmp_path / "out"

    assert check(clean, faulty, "--out", out) == 3
    assert sorted(one.name for one in out.iterdir()) == ["01_clean", "02_村界"]
    assert sorted(one.name for one in (out / "02_村界").iterdir()) == sorted(PRODUCTS)


def test_a_folder_arrives_whole_or_not_at_all(faulty, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise dg.errors.ExportError("the disk is full")

    monkeypatch.setattr(quality, "save_quality_report", fail)

    assert check(faulty, "--out", tmp_path / "out") == 1
    assert not (tmp_path / "out").exists()


def test_nothing_that_was_read_is_written_over(tmp_path, capsys):
    file = written(tmp_path / "faults.gpkg", squares())
    before = file.read_bytes()

    for arguments in (["--out", tmp_path], ["--out", file], ["--fix", file]):
        assert check(file, *arguments) == 1
        assert "would be overwritten" in capsys.readouterr().err
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]


# ---------------------------------------------------------------- working copies


def test_a_working_copy_stands_beside_the_file_and_says_what_it_is(faulty, tmp_path, capsys):
    before = faulty.read_bytes()
    assert check(faulty, "--fix") == 3

    copy = gpd.read_file(tmp_path / "村界_工作副本.gpkg")
    printed = capsys.readouterr().out
    assert dg.check_boundaries(copy).is_clean
    assert list(copy["XZQMC"]) == ["甲村", "乙村"]  # fields called as in the file
    assert copy["notice"].str.contains("工作副本,不得回写调查成果").all()
    assert "修复后仍有: 错误0处" in printed and "500.00" in printed
    assert faulty.read_bytes() == before


def test_a_copy_goes_where_it_is_told_or_into_the_folder(faulty, tmp_path):
    assert check(faulty, "--fix", tmp_path / "mine.gpkg") == 3
    assert (tmp_path / "mine.gpkg").exists()

    assert check(faulty, "--fix", "--out", tmp_path / "out") == 3
    made = sorted(one.name for one in (tmp_path / "out").iterdir())
    assert made == sorted([*PRODUCTS, "repairs.csv", "工作副本.gpkg"])
    assert "整改(修复)情况表" in (tmp_path / "out" / "质量检查报告.html").read_text("utf-8")
    assert not (tmp_path / "村界_工作副本.gpkg").exists()


def test_a_repair_past_the_limit_is_refused_and_leaves_nothing(faulty, tmp_path, capsys):
    assert check(faulty, "--fix", "--max-change", 499, "--out", tmp_path / "out") == 1

    assert "--max-change" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [faulty]
    assert check(faulty, "--fix", "--max-change", 501) == 3


def test_survey_lines_are_mended_with_consent_only(tmp_path, capsys):
    file = written(tmp_path / "v.gpkg", squares(BSM=["1", "2"], ZLDWMC=["甲村", "乙村"]))

    assert check(file, "--fix") == 1
    assert "--allow-survey-lines" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]
    assert check(file, "--fix", "--allow-survey-lines") == 3
    assert (tmp_path / "v_工作副本.gpkg").exists()


def test_a_clean_layer_is_copied_as_it_is(clean, tmp_path):
    assert check(clean, "--fix", tmp_path / "copy.gpkg") == 0

    copy = gpd.read_file(tmp_path / "copy.gpkg")
    assert copy.geometry.geom_equals(sample.villages().geometry.reset_index(drop=True)).all()
