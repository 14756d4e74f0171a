"""The button: products made once, redone where something changed, whole whenever it is cut off."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import geopandas as gpd
import pyogrio
import pytest

from deqing_geo import batch, errors, sample
from deqing_geo.batch import ledger, products
from deqing_geo.batch.drafting import write_recipe
from deqing_geo.cli import main

RECIPE = """\
title = "练习"
[villages]
file = "villages.gpkg"
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
[products]
county = ["roads", "parks", "villages", "summary"]
each_town = ["map", "table"]
each_village = ["reasons"]
"""
APART = ("report.log", "times.json")


def broken(made, folder):
    (folder / "half.txt").write_text("half")
    raise RuntimeError("no ink")


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    towns = ["甲镇", "甲镇", "乙镇", "乙镇"]
    villages = sample.villages().assign(town_name=towns, is_town_seat=False)
    pyogrio.write_dataframe(villages.reset_index(), folder / "villages.gpkg")
    for name in ("zone", "roads", "parks", "homes"):
        pyogrio.write_dataframe(getattr(sample, name)(), folder / f"{name}.gpkg")
    return folder


@pytest.fixture
def folder(layers, tmp_path):
    shutil.copytree(layers, tmp_path / "in")
    (tmp_path / "in" / "r.toml").write_text(RECIPE, encoding="utf-8")
    return tmp_path / "in"


def press(folder, **options):
    return batch.press(batch.load_recipe(folder / "r.toml"), folder.parent / "out", **options)


def digests(out):
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in APART
    }


def test_a_second_run_with_nothing_changed_touches_nothing(folder, capsys):
    first, out = press(folder), folder.parent / "out"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    second = press(folder)

    assert len(first.made) == 4 + 2 * 2 + 4 and not first.failed
    assert second.made == () and set(second.kept) == set(first.made)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    assert main(["report", str(folder / "r.toml"), "--out", str(out)]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_the_manifest_knows_every_file_and_input_and_no_hour(folder):
    press(folder)
    out = folder.parent / "out"
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    found = digests(out)

    assert {one["file"]: one["sha256"] for one in manifest["outputs"]} == {
        name: digest for name, digest in found.items() if name not in ("manifest.json", ledger.LOCK)
    }
    assert {one["file"] for one in manifest["inputs"]} == {
        f"{name}.gpkg" for name in ("villages", "zone", "roads", "parks", "homes")
    }
    assert manifest["seed"] == 0 and manifest["definitions"] and manifest["failed"] == []
    assert "seconds" not in json.dumps(manifest) and str(folder) not in json.dumps(manifest)


def test_one_layer_changed_redoes_only_what_depends_on_it(folder):
    press(folder)
    roads = gpd.read_file(folder / "roads.gpkg")
    pyogrio.write_dataframe(roads.iloc[:-1], folder / "roads.gpkg")
    again = press(folder)

    assert set(again.made) == {"county roads", "county summary"}
    assert digests(folder.parent / "out")["manifest.json"]


def test_products_no_longer_asked_for_and_files_that_were_changed_are_seen(folder):
    press(folder)
    out = folder.parent / "out"
    (out / "notes.txt").write_text("mine")
    (out / "parks.csv").write_text("changed")
    text = RECIPE.replace('each_village = ["reasons"]\n', "")
    (folder / "r.toml").write_text(text, encoding="utf-8")

    assert press(folder).made == ("county parks",)
    assert not (out / "villages").exists() and (out / "notes.txt").read_text() == "mine"
    assert (out / "parks.csv").read_text("utf-8-sig") != "changed"


def test_one_product_that_fails_does_not_stop_the_rest(folder, monkeypatch, capsys):
    odd = products.Product("odd", "county", "breaks", f"{__name__}:broken")
    monkeypatch.setitem(products._known, ("county", "odd"), odd)
    text = RECIPE.replace('county = ["roads"', 'county = ["odd", "roads"')
    (folder / "r.toml").write_text(text, encoding="utf-8")
    out = folder.parent / "out"

    assert main(["report", str(folder / "r.toml"), "--out", str(out)]) == 4
    assert "no ink" in capsys.readouterr().out and "no ink" in (out / "report.log").read_text()
    assert (out / "road_density.csv").exists() and not [*out.rglob("half.txt")]
    again = press(folder)
    assert again.made == () and list(again.failed) == ["county odd"]


def test_a_layer_that_cannot_be_read_fails_only_what_needs_it(folder):
    (folder / "parks.gpkg").write_bytes(b"no layer")
    done = press(folder)

    assert set(done.failed) == {"county parks", "county summary"}
    assert "[parks]" in done.failed["county parks"] and "county roads" in done.made
    assert "each_town map 甲镇" in done.made


def test_a_folder_is_one_runs_alone(folder):
    with (
        ledger.held(folder.parent / "out"),
        pytest.raises(errors.ExportError, match="another run is at work"),
    ):
        press(folder)
    assert press(folder).ended == "whole"


def test_several_processes_make_the_same_bytes(folder):
    press(folder)
    one = digests(folder.parent / "out")
    shutil.rmtree(folder.parent / "out")
    press(folder, jobs=2)

    assert digests(folder.parent / "out") == one


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("after", [0, 9])
def test_a_run_that_was_killed_is_resumed_to_the_same_bytes(folder, after):
    press(folder)
    out = folder.parent / "out"
    whole = digests(out)
    shutil.rmtree(out)
    code = (
        "import os, signal, deqing_geo.batch.workers as w\n"
        "from deqing_geo import batch\n"
        "real, count = os.replace, [0]\n"
        "def replace(a, b):\n"
        "    if '/drafts/' in str(a):\n"
        "        count[0] += 1\n"
        f"        if count[0] > {after}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    real(a, b)\n"
        "os.replace = replace\n"
        f"batch.press(batch.load_recipe({str(folder / 'r.toml')!r}), {str(out)!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = {name: it for name, it in digests(out).items() if ledger.STATE not in name}
    assert all(whole[name] == digest for name, digest in left.items())
    assert "manifest.json" not in left

    resumed = press(folder, resume=True)
    assert digests(out) == whole and resumed.ended == "whole"
    assert bool(resumed.kept) == (after == 9)


def test_a_clock_set_back_changes_nothing(folder, monkeypatch):
    press(folder)
    for file in folder.iterdir():
        os.utime(file, (0, 0))
    monkeypatch.setattr(time, "time", lambda: 0.0)

    assert press(folder).made == ()


def test_every_mistake_about_products_has_its_line(folder):
    text = RECIPE.replace('"villages", "summary"', '"pies", "roads"').replace("each_town", "each_t")
    (folder / "r.toml").write_text(text.replace("[parks]\nfile", "[parks]\nfil"), encoding="utf-8")
    with pytest.raises(errors.RecipeError) as caught:
        batch.load_recipe(folder / "r.toml")

    said = "\n".join(caught.value.mistakes)
    assert "line 15: [products] `county` knows no 'pies'" in said
    assert "asks for 'roads' twice" in said and "no option `each_t`" in said


def test_weights_and_fit_are_taken_and_not_both(folder):
    text = RECIPE.replace('"villages.gpkg"', '"villages.gpkg"\nweights = "entropy"', 1)
    (folder / "r.toml").write_text(text, encoding="utf-8")
    assert batch.open_recipe(batch.load_recipe(folder / "r.toml")).judging == {"weights": "entropy"}
    odd = text.replace('"entropy"', '"guess"\nfit = "zone.gpkg"')
    (folder / "r.toml").write_text(odd, encoding="utf-8")
    with pytest.raises(errors.RecipeError) as caught:
        batch.load_recipe(folder / "r.toml")
    said = "\n".join(caught.value.mistakes)
    assert "`weights` must be one of" in said and "leave out it or `weights`" in said


def test_a_new_recipe_names_the_files_it_was_shown(folder):
    shown = [folder / f"{name}.gpkg" for name in ("villages", "roads", "parks", "homes")]
    file = write_recipe(shown, folder / "new.toml")
    read = batch.load_recipe(file)

    assert set(read.layers) == {"villages", "roads", "parks", "homes"}
    assert {"map", "atlas", "book", "papers", "export"} <= {*read.products["county"]}
    text = file.read_text("utf-8")
    assert 'road_density = "road.core"' in text and "#   road.broad:" in text
    assert "# [before]" in text and "changes" not in read.products["county"]
    with pytest.raises(errors.ExportError, match="stands already"):
        write_recipe(shown, file)
