"""Layers of others handed on in every format: whole for the house, coarser for the public."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import errors
from deqing_geo.export import save_results
from deqing_geo.export.formats import FORMATS

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def hsinchu(real_data):
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    towns = dg.read_towns(file, layer="towns_fullres_10004")
    with pytest.warns(errors.DeqingGeoWarning):
        return towns, dg.read_villages(file, layer="villages_10004", towns=towns)


def test_hsinchus_villages_go_out_whole_and_come_back(tmp_path, hsinchu):
    towns, villages = hsinchu
    save_results({"towns": towns, "villages": villages}, tmp_path, formats=FORMATS)

    for read in (
        gpd.read_file(tmp_path / "results.gpkg", layer="villages"),
        gpd.read_file(tmp_path / "results.gdb", layer="villages"),
        gpd.read_file(tmp_path / "villages.shp"),
        gpd.read_parquet(tmp_path / "villages.parquet"),
    ):
        # One of the 192 is empty and was left out on reading.
        assert len(read) == len(villages) == 191
        assert read.geometry.area.sum() == approx(villages.area.sum(), rel=1e-9)
        assert read.crs.to_epsg() == villages.crs.to_epsg()


def test_hsinchu_for_the_public_is_coarser_and_has_the_same_land(tmp_path, hsinchu):
    towns, villages = hsinchu
    made = save_results(
        {"towns": towns, "villages": villages}, tmp_path, formats=["gpkg"], audience="public"
    )
    file = tmp_path / "results_送审稿.gpkg"
    before = {"towns": towns, "villages": villages}
    for key, frame in before.items():
        read = gpd.read_file(file, layer=key)
        shapes = read.geometry.to_numpy()
        points = shapely.get_num_coordinates(frame.geometry.to_numpy()).sum()
        assert shapely.get_num_coordinates(shapes).sum() < 0.6 * points
        again = read.to_crs(frame.crs).geometry.to_numpy()
        known = ~shapely.is_missing(frame.geometry.to_numpy())
        known &= ~shapely.is_empty(frame.geometry.to_numpy())
        moved = shapely.hausdorff_distance(
            shapely.boundary(again[known]), shapely.boundary(frame.geometry.to_numpy()[known])
        )
        # Borders move by 50 m at most, rounding included.
        assert np.nanmax(moved) <= 50.5
        assert shapely.area(again[known]).sum() == approx(frame.area.sum(), rel=2e-3)
        assert (
            shapely.is_valid(shapes[known]).mean()
            >= shapely.is_valid(frame.geometry.to_numpy()[known]).mean()
        )
    assert "不超过 50 米" in ";".join(made.notices)


def test_andorras_density_goes_out_in_every_format(tmp_path, real_data):
    file = real_data / "osm" / "andorra.osm.pbf"
    towns = dg.read_towns(file, admin_level=7)
    density = dg.road_density(towns, dg.read_roads(file, like=towns))
    made = save_results(density, tmp_path, formats=FORMATS)
    read = gpd.read_file(tmp_path / "results.gdb", layer="road_density")

    assert read["road_km"].sum() == approx(density.table["road_km"].sum(), rel=1e-9)
    assert len(gpd.read_file(tmp_path / "roads.shp")) == 1614
    assert "Sant Julià de Lòria" in set(read["town_name"])
    assert any("代用数据" in said for said in made.notices)
