"""Atlases of layers made by others: every name of a town, every page, no statement on a place."""

import numpy as np
import pytest
import shapely

import deqing_geo as dg
from deqing_geo.atlas import export_atlas

pytestmark = pytest.mark.real


def test_andorras_parishes_are_an_atlas_of_their_roads(real_data, tmp_path):
    file = real_data / "osm" / "andorra.osm.pbf"
    towns = dg.read_towns(file, admin_level=7)
    density = dg.road_density(towns, dg.read_roads(file, like=towns), by="road.highway")
    atlas = export_atlas(
        density, towns, tmp_path, paper="A4", formats=["pdf"], each=["density"],
        titles={"roads": "安道尔道路图"}, names="{page:02d}{title}",
    )  # fmt: skip

    # The index, roads and densities of the whole, and one page for each of six parishes.
    assert len(atlas.table) == 1 + 2 + 6
    assert "02安道尔道路图.pdf" in atlas.files and atlas.left_out == ()
    assert (atlas.table["map_scale"][1:] > 0).all() and atlas.labels_dropped == 0


def test_hsinchus_towns_and_villages_are_an_atlas(real_data, tmp_path):
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    towns = dg.read_towns(file, layer="towns_fullres_10004")
    with pytest.warns(dg.errors.DeqingGeoWarning):
        villages = dg.read_villages(file, layer="villages_10004", towns=towns)
    villages["udb_res_share"] = np.where(np.arange(len(villages)) % 7, 0.1, 0.9)
    types = dg.classify_villages(villages, draws=0)
    atlas = export_atlas(types, towns, tmp_path, formats=["jpg"], dpi=60)
    table = atlas.table.set_index("page_area")

    assert len(atlas.table) == 1 + 1 + 13
    assert set(table.index) == {"", *towns["town_name"]}
    # Every village has its name on some page, but for those that found no place there.
    own = table.loc[list(towns["town_name"])]
    there = ~(shapely.is_missing(villages.geometry) | shapely.is_empty(villages.geometry))
    assert own["labels_placed"].sum() + own["labels_dropped"].sum() >= there.sum()
    assert own["labels_dropped"].sum() <= 0.02 * there.sum()
