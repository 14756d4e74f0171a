"""``deqing-geo roads`` on files, from the command line to the folder."""

import json

import geopandas as gpd
import pytest
from openpyxl import load_workbook

import deqing_geo as dg
from deqing_geo import sample
from deqing_geo.cli import main


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roads")
    sample.zone().to_file(folder / "zone.gpkg")
    sample.villages().to_file(folder / "villages.gpkg")
    roads = sample.roads()
    roads["opened_on"] = "2020-01-01"
    roads.loc[5, "opened_on"] = None
    roads.to_file(folder / "roads.gpkg")
    before = roads.copy()
    before.loc[2, ["road_status", "opened_on"]] = ["building", None]
    before.to_file(folder / "before.gpkg")
    projects = roads.loc[[5]].assign(opened_on="2027")
    projects.geometry = projects.translate(-2000, 0)
    projects.to_file(folder / "projects.gpkg")
    return folder


def run(files, *arguments):
    zone = ["--zone", files / "zone.gpkg", "--source", "县建设局", "--as-of", "2025-12-31"]
    return main([str(one) for one in ["roads", files / "roads.gpkg", *zone, *arguments]])


def table(file):
    """The rows of the first sheet; of a paper without its sum and the line to sign on."""
    rows = [list(row) for row in load_workbook(file).active.iter_rows(values_only=True)]
    first = [row[0] for row in rows]
    papers = [at for at, one in enumerate(first) if one in ("序号", "次序")]
    wide = (at for at, row in enumerate(rows) if sum(one is not None for one in row) > 2)
    head = papers[0] if papers else next(wide)
    body = [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]
    return [row for row in body if not papers or isinstance(next(iter(row.values())), int)]


def test_one_command_measures_a_zone_and_prints_what_it_hangs_on(files, capsys):
    assert run(files) == 0
    said = capsys.readouterr().out

    assert "1.33" in said and "不同口径" in said and "疑似断头路" in said
    said.encode("gbk")


def test_the_folder_holds_maps_and_papers_that_add_up(files, tmp_path, capsys):
    out = tmp_path / "out"
    more = ["--before", files / "before.gpkg", "--projects", files / "projects.gpkg"]
    assert run(files, "--on", "2025-12-31", "--cells", "500", *more, "--out", out) == 0
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    ledger = table(out / "道路计入明细表.xlsx")
    changes = table(out / "路网增减明细表.xlsx")
    forecast = table(out / "项目建成后路网密度测算表.xlsx")

    assert summary["overall"] == pytest.approx(4 / 3, abs=1e-4)
    assert {"路网密度测算方法说明.docx", "路网密度手工核对.docx"} <= {
        one.name for one in out.iterdir()
    }
    assert sum(row["计入长度(公里)"] for row in ledger) == pytest.approx(4.0, abs=1e-6)
    assert [row["道路名称"] for row in changes] == ["界巷"]
    assert changes[0]["增减长度(公里)"] == pytest.approx(1.0, abs=1e-6)
    assert forecast[0]["新增计入长度(公里)"] == pytest.approx(1.0, abs=1e-6)
    cells = gpd.read_file(out / "roads.gpkg", layer="cells")
    assert cells["road_km"].sum() == pytest.approx(4.0, abs=1e-6)
    assert {"建成区路网图.html", "路网密度分区图.html"} <= {one.name for one in out.iterdir()}


def test_the_border_rule_and_the_definition_are_asked_by_name(files, capsys):
    assert run(files, "--border", "none", "--by", "road.broad") == 0
    said = capsys.readouterr().out

    assert "外边界" in said and "1.47" in said
    assert run(files, "--by", "list") == 0
    assert "road.rural" in capsys.readouterr().out


def test_a_second_layer_of_the_same_roads_adds_nothing(files, tmp_path, capsys):
    again = dg.read_roads(files / "roads.gpkg").drop(columns="road_status")
    again.geometry = again.translate(3, 3)
    again.to_file(tmp_path / "highways.gpkg")
    zone = ["--zone", files / "zone.gpkg", "--source", "x", "--as-of", "2025-12-31"]
    both = ["roads", files / "roads.gpkg", tmp_path / "highways.gpkg", *zone]
    assert main([str(one) for one in both]) == 0

    assert "1.33" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--water", "absent.gpkg"], "no such file"),
        (["--by", "road.x"], "road.x"),
        (["--on", "yesterday"], "yesterday"),
        (["--cells", "0"], "size_m"),
        (["--before", "zone.gpkg"], "line"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(
    files, tmp_path, capsys, arguments, said, monkeypatch
):
    monkeypatch.chdir(files)

    assert run(files, *arguments, "--out", tmp_path / "out") == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_input_is_never_written_over(files, tmp_path, capsys):
    target = tmp_path / "out" / "roads.gpkg"
    target.parent.mkdir()
    sample.roads().to_file(target)
    before = target.read_bytes()
    zone = ["--zone", files / "zone.gpkg", "--source", "x", "--as-of", "2025-12-31"]

    assert main([str(one) for one in ["roads", target, *zone, "--out", target.parent]]) == 1
    assert "overwritten" in capsys.readouterr().err
    assert target.read_bytes() == before
