"""Layers of others on a page: small, near their place, and as whole as they were."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

import deqing_geo as dg
from deqing_geo.crs import CGCS2000, to_degrees
from deqing_geo.looks.shapes import Shapes
from deqing_geo.looks.simplify import simplify
from tests.test_maps import decode, drawn, html_of, told

pytestmark = pytest.mark.real

LAYERS = {
    "hsinchu villages": ("boundaries/tw_dev_hsinchu.gpkg", "villages_10004", 32651),
    "hsinchu towns": ("boundaries/tw_dev_hsinchu.gpkg", "towns_fullres_10004", 32651),
    "wannian": ("boundaries/wannian_361129.gpkg", "townships", 32650),
    "sao miguel": ("raster/sao_miguel_concelhos.gpkg", "concelhos", 32626),
    "amsterdam": ("parks/amsterdam_parks.gpkg", "neighbourhoods_epsg4326", 28992),
    "amsterdam parks": ("parks/amsterdam_parks.gpkg", "parks_epsg4326", 28992),
    "zhejiang": ("boundaries/zhejiang_counties_tianditu_cgcs2000.gpkg", "counties", 32650),
}


def restored(shapes, unit):
    out = np.full(len(shapes), None, dtype=object)
    for at, shape in enumerate(shapes):
        if shape is not None:
            rings = [decode(one, unit) for one in shape]
            out[at] = shapely.multipolygons([shapely.Polygon(one[0], one[1:]) for one in rings])
    return out


@pytest.mark.parametrize("by", [10.0, 50.0])
@pytest.mark.parametrize("name", LAYERS)
def test_borders_lie_where_they_did_and_neighbours_keep_theirs(real_data, name, by):
    path, layer, metric = LAYERS[name]
    frame = gpd.read_file(real_data / path, layer=layer)
    shapes = to_degrees(frame.geometry.to_numpy(), frame.crs, CGCS2000)
    done = simplify([Shapes(shapes)], by)
    back = restored(done.shapes[0], done.units[0])
    metres = [gpd.GeoSeries(one, crs=4490).to_crs(metric).to_numpy() for one in (shapes, back)]
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    valid = there & shapely.is_valid(shapes)

    assert done.after <= done.before
    assert done.invalid == (there & ~valid).sum()
    far = shapely.hausdorff_distance(*(shapely.boundary(one[there]) for one in metres))
    assert far.max() <= by
    assert shapely.is_valid(back[valid]).all()
    if shapely.coverage_is_valid(shapes[valid]):
        assert shapely.coverage_is_valid(back[valid])


def test_hsinchus_villages_are_a_small_page_that_tells_every_name(real_data, tmp_path):
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    towns = dg.read_towns(file, layer="towns_fullres_10004")
    with pytest.warns(dg.errors.DeqingGeoWarning):
        villages = dg.read_villages(file, layer="villages_10004", towns=towns)
    m = dg.add_layer(dg.area_map(villages, title="新竹"), towns, "town")
    rough, exact = html_of(m), html_of(m, simplify_m=0)

    assert len(rough) < len(exact) < 2_000_000
    tips = [tip[0] for tip in drawn(rough)[0]["tips"]]
    assert tips == villages["village_name"].tolist()
    assert len([line for _, line in told(rough).footer if "10 米" in line]) == 1
    assert [label[2] for label in drawn(rough)[0]["labels"]] == tips
