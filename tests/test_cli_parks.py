"""``deqing-geo parks`` on files, from the command line to the folder."""

import json

import geopandas as gpd
import pytest
import shapely
from openpyxl import load_workbook

from deqing_geo import sample
from deqing_geo.cli import main


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parks")
    sample.zone().to_file(folder / "zone.gpkg")
    sample.roads().to_file(folder / "roads.gpkg")
    sample.homes().to_file(folder / "homes.gpkg")
    parks = sample.parks().assign(opened_on="2020-01-01")
    parks.to_file(folder / "parks.gpkg")
    parks.iloc[1:].to_file(folder / "before.gpkg")
    parks.iloc[[2]].assign(opened_on="2027").to_file(folder / "projects.gpkg")
    x, y = sample.X0, sample.Y0
    water = gpd.GeoDataFrame(
        geometry=[shapely.box(x + 1100, y, x + 3000, y + 1000)], crs=sample.CRS
    )
    water.to_file(folder / "farmland.gpkg")
    return folder


def run(files, *arguments):
    zone = ["--zone", files / "zone.gpkg", "--source", "县建设局", "--as-of", "2025-12-31"]
    given = ["parks", files / "parks.gpkg", "--homes", files / "homes.gpkg", *zone, *arguments]
    return main([str(one) for one in given])


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

    # (500 x 100 + 300 x 50) of 155,000 m2.
    assert "41.94%" in said and "不同口径" in said
    said.encode("gbk")


def test_the_folder_holds_maps_and_papers_that_add_up(files, tmp_path, capsys):
    out = tmp_path / "out"
    more = ["--before", files / "before.gpkg", "--projects", files / "projects.gpkg"]
    assert (
        run(files, "--on", "2025-12-31", "--roads", files / "roads.gpkg", *more, "--out", out) == 0
    )
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    total = table(out / "公园绿地服务半径覆盖率.xlsx")
    gaps = table(out / "公园绿地服务盲区清单.xlsx")
    changes = table(out / "公园增减明细表.xlsx")

    assert summary["overall"] == pytest.approx(65 / 155, abs=1e-4)
    assert "步行" in summary["on_foot"]
    gap = sum(row["未覆盖居住用地面积(公顷)"] for row in total)
    assert sum(row["未覆盖居住用地面积(公顷)"] for row in gaps) == pytest.approx(gap, abs=1e-5)
    assert sum(row["对覆盖率的影响(%)"] for row in changes) == pytest.approx(
        100 * 50 / 155, abs=0.01
    )
    assert [row["原因"] is None for row in table(out / "公园计入明细表.xlsx")].count(True) == 2
    layers = {str(one) for one in gpd.list_layers(out / "parks.gpkg")["name"]}
    assert {"coverage", "gaps", "parks"} <= layers


def test_sites_are_listed_in_order_and_keep_off_forbidden_land(files, tmp_path, capsys):
    out = tmp_path / "out"
    asked = ["--sites", "--most", "2", "--forbid", f"永久基本农田={files / 'farmland.gpkg'}"]
    assert run(files, *asked, "--out", out) == 0
    sites = gpd.read_file(out / "parks.gpkg", layer="sites")

    assert 1 <= len(sites) <= 2
    assert (sites.bounds["maxx"] <= sample.X0 + 1100 + 1e-6).all()
    assert "口袋公园建议选址图.html" in {one.name for one in out.iterdir()}
    assert "建议选址,不是规划" in (out / "口袋公园建议选址图.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--most", "2"], "--sites"),
        (["--entrances", "x.gpkg"], "--roads"),
        (["--sites", "--forbid", "farmland.gpkg"], "NAME=FILE"),
        (["--by", "park.x"], "park.x"),
        (["--roads", "zone.gpkg"], "line"),
        (["--before", "absent.gpkg"], "no such file"),
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
    target = tmp_path / "parks.gpkg"
    sample.parks().to_file(target)
    before = target.read_bytes()
    zone = ["--zone", files / "zone.gpkg", "--source", "x", "--as-of", "2025-12-31"]
    given = ["parks", target, "--homes", files / "homes.gpkg", *zone, "--out", tmp_path]

    assert main([str(one) for one in given]) == 1
    assert "overwritten" in capsys.readouterr().err
    assert target.read_bytes() == before
