"""Recipes judged before anything runs; reports whole, the same, and honest."""

import hashlib
import json
import os
import subprocess
import sys

import pyogrio
import pytest

import deqing_geo as dg
from deqing_geo import batch, errors, sample
from deqing_geo.columns import word
from tests.test_maps import html_of, told

GOOD = """\
title = "练习"

[zone]
file = "zone.gpkg"
source = "示意"
as_of = 2025-12-31

[roads]
file = "roads.gpkg"

[parks]
file = "parks.gpkg"

[homes]
file = "homes.gpkg"

[measures]
park_coverage = "park.activity_site_2022"
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("zone", "roads", "parks", "homes"):
        pyogrio.write_dataframe(getattr(sample, name)(), tmp_path / f"{name}.gpkg")
    return tmp_path


def recipe(folder, text):
    file = folder / "recipe.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_recipe_is_read(folder):
    read = batch.load_recipe(recipe(folder, GOOD))

    assert read.title == "练习" and read.standard == "deqing"
    assert dict(read.measures) == {
        "road_density": "road.core",
        "park_coverage": "park.activity_site_2022",
    }
    assert list(read.layers) == ["zone", "roads", "parks", "homes"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('title = "练习"', "title = 3", 1, "`title` must be text"),
        ('title = "练习"', "titel = 'x'", 1, "`titel` is not known"),
        ('title = "练习"', "standard = 'huzhou'", 1, "No standard `huzhou`"),
        ("[roads]", "[road]", 8, "`road` is not known"),
        ('source = "示意"', "", 3, "[zone] needs `source`"),
        ('file = "roads.gpkg"', 'file = "raods.gpkg"', 9, "no such file: 'raods.gpkg'"),
        ('file = "parks.gpkg"', 'file = "parks.gpkg"\nlandus = "guide"', 13, "no option `landus`"),
        ('file = "homes.gpkg"', "file = 3", 15, "[homes] `file` must be text"),
        ("activity_site_2022", "nothing", 18, "`park.nothing` is not in the standard"),
        ('park_coverage = "park', 'road_density = "park', 18, "does not define road_density"),
        ('[homes]\nfile = "homes.gpkg"\n', "", 11, "[parks] needs [homes]"),
        ("[roads]", "[seats]\nfile = 'zone.gpkg'\n[roads]", 8, "[seats] tells of villages"),
        ("[roads]", "[speeds]\narterial = 40\n[roads]", 8, "[speeds] needs [seats]"),
        ("[roads]", "[speeds]\narteral = 40\n[roads]", 9, "no option `arteral`"),
        ("[roads]", "[villages]\nfile = 'zone.gpkg'\nskip = ['SI-3']\n[roads]", 10, "'SI-3'"),
    ],
)
def test_a_mistake_is_named_with_its_line(folder, old, new, line, said):
    assert old in GOOD
    with pytest.raises(errors.RecipeError) as caught:
        batch.load_recipe(recipe(folder, GOOD.replace(old, new)))

    assert any(one.startswith(f"line {line}: ") and said in one for one in caught.value.mistakes)


def test_a_scheme_of_the_bureau_is_checked_with_the_recipe(folder):
    own = folder / "own.toml"
    own.write_text('base = "deqing"\ndocument = "纪要"\nskip = ["SI-9"]\n', encoding="utf-8")
    section = "[villages]\nfile = 'zone.gpkg'\nscheme = 'own.toml'\nskip = ['IM-C']\n[roads]"
    text = GOOD.replace("[roads]", section)

    with pytest.raises(errors.RecipeError, match=r"line 10: .*scheme: skip: .*'SI-9'"):
        batch.load_recipe(recipe(folder, text))
    own.write_text('base = "deqing"\ndocument = "纪要"\nskip = ["IM-C"]\n', encoding="utf-8")
    with pytest.raises(errors.RecipeError, match=r"line 11: .*no condition 'IM-C'; there are E0"):
        batch.load_recipe(recipe(folder, text))
    own.write_text('base = "deqing"\ndocument = "纪要"\nskip = ["SI-2"]\n', encoding="utf-8")
    read = batch.load_recipe(recipe(folder, text))

    assert read.layers["villages"]["scheme"] == own
    assert read.files["own.toml"] == own


def test_maps_of_a_report_have_the_bureaus_colours_and_say_who_made_them(folder):
    own = folder / "colours.toml"
    own.write_text('source = "德自然资〔2026〕3号"\n[park]\nfill = "green"\n', encoding="utf-8")
    section = (
        "[map]\npalette = 'colours.toml'\nstage = '会审稿'\nmade_by = '测绘院'\n"
        "made_on = 2026-01-05\n[roads]"
    )
    text = GOOD.replace("[roads]", section)
    with pytest.raises(errors.RecipeError, match=r"line 9: \[map\] `palette` (?s:.*)park.fill"):
        batch.load_recipe(recipe(folder, text))
    with pytest.raises(errors.RecipeError, match=r"line 10: .*`stage` must be one of 征求意见稿"):
        batch.load_recipe(recipe(folder, text.replace("会审稿", "定稿")))
    own.write_text('source = "德自然资〔2026〕3号"\n[park]\nfill = "#0a7d00"\n', encoding="utf-8")

    read = batch.load_recipe(recipe(folder, text))
    report = batch.run(batch.open_recipe(read), folder / "out")
    page = told((report.out / "map.html").read_text(encoding="utf-8"))

    assert read.files["colours.toml"] == own
    assert page.stage == "会审稿"
    marks = page.footer[0][1]
    assert "编制单位:测绘院" in marks and "制图日期:2026-01-05" in marks
    assert any("德自然资〔2026〕3号" in line for _, line in page.footer)
    fills = {entry.get("fill") for part in page.legends for entry in part["entries"]}
    assert "#0a7d00" in fills
    # What was put to use for the report is put away after it.
    assert told(html_of(dg.area_map(sample.villages()))).stage == ""


def test_a_layer_that_cannot_be_read_is_named_with_its_line(folder):
    read = batch.load_recipe(recipe(folder, GOOD))
    (folder / "parks.gpkg").write_bytes(b"no layer")

    with pytest.raises(errors.BoundaryFileError) as caught:
        batch.open_recipe(read)
    assert caught.value.__notes__ == ["in recipe.toml, line 11: [parks]"]


def test_all_mistakes_are_named_at_once(folder):
    text = GOOD.replace("[roads]", "[road]").replace('source = "示意"', "sorce = 1")

    with pytest.raises(errors.RecipeError, match=r"3 mistakes") as caught:
        batch.load_recipe(recipe(folder, text))
    lines = [int(one.split()[1].rstrip(":")) for one in caught.value.mistakes]
    assert lines == sorted(lines)


@pytest.mark.parametrize("text", ["", "title = ", "[zone\n", "a = 1\na = 2\n"])
def test_what_is_no_recipe_is_our_error(folder, text):
    with pytest.raises(errors.RecipeError):
        batch.load_recipe(recipe(folder, text))
    with pytest.raises(errors.RecipeError, match="cannot be read"):
        batch.load_recipe(folder / "absent.toml")


def digests(out):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir())
    }


def test_a_report_is_whole_and_its_manifest_says_so(folder):
    job = batch.open_recipe(batch.load_recipe(recipe(folder, GOOD)))
    report = batch.run(job, folder / "out")
    manifest = json.loads((folder / "out" / "manifest.json").read_text("utf-8"))
    found = digests(folder / "out")

    assert set(report.files) == set(found)
    assert {entry["file"]: entry["sha256"] for entry in manifest["outputs"]} == {
        name: digest for name, digest in found.items() if name != "manifest.json"
    }
    assert [entry["file"] for entry in manifest["inputs"]] == [
        "zone.gpkg", "roads.gpkg", "parks.gpkg", "homes.gpkg",
    ]  # fmt: skip
    assert str(folder) not in json.dumps(manifest)
    assert manifest["definitions"][1]["key"] == "park.activity_site_2022"


def test_the_summary_says_what_was_measured(folder):
    job = batch.open_recipe(batch.load_recipe(recipe(folder, GOOD)))
    batch.run(job, folder / "out")
    said = json.loads((folder / "out" / "summary.json").read_text("utf-8"))["measures"]

    density, coverage = said["road_density"], said["park_coverage"]
    assert density["overall"] == pytest.approx(4 / 3, rel=1e-5)
    assert density["merged"] is True and density["target"]["value"] == 8
    # (500 x 100 + 300 x 50 + 100 x 50) of 155,000 m2
    assert coverage["overall"] == pytest.approx(70_000 / 155_000, rel=1e-5)
    assert coverage["shown"] == "45.16%" and coverage["definition"]["evidence"] == "remembered"
    assert "未核对原文" in coverage["notices"]


def test_two_runs_are_the_same_bytes_wherever_and_however_they_run(folder, tmp_path):
    file = recipe(folder, GOOD)
    outs = [tmp_path / "one", tmp_path / "deep" / "two"]
    for seed, out in enumerate(outs):
        subprocess.run(
            [sys.executable, "-m", "deqing_geo", "report", str(file), "--out", str(out)],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )

    assert digests(outs[0]) == digests(outs[1])


def test_everything_made_from_paper_town_says_that_it_is_no_place(tmp_path):
    report = batch.run(batch.paper_town(), tmp_path / "out")

    for name in report.files:
        content = (report.out / name).read_bytes()
        assert word("notice.schematic").encode() in content, name


def test_only_roads_or_only_parks_are_a_report_too(folder):
    roads = batch.paper_town()
    only = batch.Job("道路", "deqing", roads.areas, roads=roads.roads)
    report = batch.run(only, folder / "roads")
    assert report.coverage is None and "park_coverage.csv" not in report.files

    only = batch.Job("公园", "deqing", roads.areas, parks=roads.parks, homes=roads.homes)
    report = batch.run(only, folder / "parks")
    assert report.density is None and "road_density.csv" not in report.files


def test_what_an_earlier_report_made_does_not_pass_for_new(tmp_path):
    town, out = batch.paper_town(), tmp_path / "out"
    batch.run(town, out)
    (out / "notes.txt").write_text("mine")
    batch.run(batch.Job("道路", "deqing", town.areas, roads=town.roads), out)

    found = {path.name for path in out.iterdir()}
    assert "park_coverage.csv" not in found and {"notes.txt", "road_density.csv"} <= found


def villages_of_a_town():
    villages = sample.villages().assign(town_name="纸上镇", is_town_seat=False)
    return batch.Job("纸上镇", "deqing", villages, villages=villages, homes=sample.homes())


def test_maps_of_towns_arrive_with_the_report_or_not_at_all(tmp_path, monkeypatch):
    out = tmp_path / "out"
    job = villages_of_a_town()
    batch.run(job, out, each="town")
    before = digests(out / "towns")
    monkeypatch.setattr(batch.report, "_each_town", None)

    with pytest.raises(TypeError):
        batch.run(batch.Job("别的", "deqing", job.areas, villages=job.villages), out, each="town")
    assert json.loads((out / "summary.json").read_text("utf-8"))["title"] == "纸上镇"
    assert digests(out / "towns") == before and len(before) == 3
    assert not [name for name in os.listdir(out) if name.endswith(".part")]


def test_maps_of_towns_that_are_not_made_again_go(tmp_path):
    out = tmp_path / "out"
    batch.run(villages_of_a_town(), out, each="town")
    batch.run(villages_of_a_town(), out)
    assert not (out / "towns").exists()

    batch.run(villages_of_a_town(), out, each="town")
    (out / "towns" / "notes.txt").write_text("mine")
    batch.run(villages_of_a_town(), out)
    assert os.listdir(out / "towns") == ["notes.txt"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, errors.ExportError("full")])
def test_a_report_that_fails_leaves_the_last_one_whole(tmp_path, monkeypatch, failure):
    out = tmp_path / "out"
    batch.run(batch.paper_town(), out)
    before = digests(out)

    def fail(*_):
        raise failure

    monkeypatch.setattr(batch.report, "_save_tables", fail)
    with pytest.raises(BaseException, match=r"full|^$"):
        batch.run(batch.paper_town(), out)
    assert digests(out) == before
    assert os.listdir(tmp_path) == ["out"]


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_measured(
    tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(batch.report, "measure", None)

    for out in ("file", "file/report"):
        with pytest.raises(errors.ExportError, match="file is no folder"):
            batch.run(batch.paper_town(), tmp_path / out)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(errors.ExportError, match="no permission"):
        batch.run(batch.paper_town(), tmp_path / "new" / "report")
    assert os.listdir(tmp_path) == ["file"]


def test_progress_is_told_to_the_end(folder):
    told = []
    job = batch.open_recipe(
        batch.load_recipe(recipe(folder, GOOD)), lambda *step: told.append(step)
    )
    batch.run(job, folder / "out", lambda *step: told.append(step))

    assert told[0] == ("zone", 0, 4) and ("", 4, 4) in told and told[-1] == ("", 6, 6)


def test_a_report_on_nothing_says_so(tmp_path):
    town = batch.paper_town()
    empty = batch.Job(
        "空", "deqing", town.areas, roads=town.roads.iloc[:0],
        parks=town.parks.iloc[:0], homes=town.homes.iloc[:0],
    )  # fmt: skip
    report = batch.run(empty, tmp_path / "out")

    assert report.density.overall == 0.0
    assert (
        json.loads((report.out / "summary.json").read_text("utf-8"))["measures"]["park_coverage"][
            "overall"
        ]
        is None
    )
    assert word("map.nothing") in (report.out / "map.html").read_text("utf-8")
