"""The officer's errand: one offline map and one table a town, with a manifest."""

import hashlib
import json
import subprocess
import sys

import pytest

import deqing_geo as dg
from tests.conftest import ROOT

SCRIPT = ROOT / "scripts" / "export_town_maps.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made, out = dg.sample.county(1), tmp_path_factory.mktemp("office")
    dg.save_layers(out / "county.gpkg", {"villages": made.villages, "redline": made.redline})
    (out / "recipe.toml").write_text(
        "[villages]\nfile = 'county.gpkg'\nlayer = 'villages'\n"
        "[redline]\nfile = 'county.gpkg'\nlayer = 'redline'\n",
        encoding="utf-8",
    )
    return out


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, check=False
    )


def test_every_town_has_a_map_and_a_table_the_same_on_every_run(folder, tmp_path):
    outs = [tmp_path / "one", tmp_path / "two"]
    for out in outs:
        done = run(folder / "recipe.toml", out)
        assert done.returncode == 0, done.stderr.decode()
    assert b"13 maps" in done.stdout and b"towns" in done.stderr
    found = [
        {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((out / "towns").iterdir())
        }
        for out in outs
    ]
    manifest = json.loads((outs[0] / "towns" / "manifest.json").read_text("utf-8"))

    assert found[0] == found[1] and len(found[0]) == 13 * 2 + 1
    assert {one["file"]: one["sha256"] for one in manifest["outputs"]} == {
        name: digest for name, digest in found[0].items() if name != "manifest.json"
    }


def test_a_mistake_is_one_clear_line_and_leaves_nothing(folder, tmp_path):
    recipe = folder / "wrong.toml"
    recipe.write_text("[villages]\nfile = 'absent.gpkg'\n", encoding="utf-8")
    done = run(recipe, tmp_path / "out")

    assert done.returncode == 1 and not (tmp_path / "out").exists()
    assert b"RecipeError" in done.stderr and b"line 2" in done.stderr
    assert b"Traceback" not in done.stderr
