"""The boundaries the project ships are those the code draws, and their page says what they are."""

import importlib.util
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from deqing_geo import sample
from deqing_geo.columns import word
from deqing_geo.files import sha256

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "data" / "boundaries"
FILE = FOLDER / "deqing_schematic.gpkg"
LAYERS = ("outline", "towns", "villages")


@pytest.fixture(scope="module")
def county():
    return sample.county(0)


@pytest.fixture(scope="module")
def page():
    return (FOLDER / "README.md").read_text(encoding="utf-8")


def farthest(one, other):
    """The farthest any vertex lies from the same vertex of the other."""
    assert (shapely.get_num_coordinates(one) == shapely.get_num_coordinates(other)).all()
    away = shapely.get_coordinates(one) - shapely.get_coordinates(other)
    return np.hypot(*away.T).max()


@pytest.mark.parametrize("layer", LAYERS)
def test_the_file_is_what_the_code_draws_to_a_millimetre(county, layer):
    drawn = getattr(county, layer)
    shipped = gpd.read_file(FILE, layer=layer).set_index(drawn.index.name)

    assert shipped.crs == drawn.crs
    assert shipped.index.to_list() == drawn.index.to_list()
    for column in drawn.columns.drop("geometry"):
        assert shipped[column].to_list() == drawn[column].to_list()
    assert farthest(shipped.geometry.to_numpy(), drawn.geometry.to_numpy()) <= 0.001


def test_a_vertex_two_millimetres_off_would_be_seen(county):
    shapes = county.towns.geometry.to_numpy()

    assert farthest(shapely.transform(shapes, lambda at: at + [0.002, 0]), shapes) > 0.001


def test_every_row_says_that_it_is_schematic():
    for layer in LAYERS:
        assert (gpd.read_file(FILE, layer=layer)["notice"] == word("notice.schematic")).all()


def test_the_page_has_the_checksum_and_the_rows_of_the_file(page):
    rows = {name: int(count) for name, count in re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.M)}

    assert re.search(r"sha256: `([0-9a-f]{64})`", page)[1] == sha256(FILE)
    assert rows == {layer: pyogrio.read_info(FILE, layer=layer)["features"] for layer in LAYERS}
    assert {str(name) for name, _ in pyogrio.list_layers(FILE)} == set(LAYERS)


def test_the_page_says_whose_and_what_they_are(page):
    assert word("notice.schematic") in page
    for said in ("BSD-3-Clause", "EPSG:4549", "2025-12-31", "seed 0", "write_boundaries.py"):
        assert said in page


def test_the_script_writes_this_page_and_these_shapes_again(tmp_path, monkeypatch, page):
    spec = importlib.util.spec_from_file_location(
        "write_boundaries", ROOT / "scripts" / "write_boundaries.py"
    )
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "FOLDER", tmp_path)

    assert script.main() == 0
    again = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert re.sub("[0-9a-f]{64}", "", again) == re.sub("[0-9a-f]{64}", "", page)
    for layer in LAYERS:
        one, other = (gpd.read_file(file, layer=layer) for file in (FILE, tmp_path / FILE.name))
        assert farthest(one.geometry.to_numpy(), other.geometry.to_numpy()) <= 0.001
