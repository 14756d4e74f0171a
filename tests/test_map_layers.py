"""What stands around a result on a map: it is where it should be, and it is data, not code."""

import base64
import io
import json
import re

import geopandas as gpd
import matplotlib.image
import numpy as np
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import columns as names
from deqing_geo import sample
from deqing_geo.errors import CRSError, GeometryError, InputError
from deqing_geo.maps import backdrop, ground, tints
from deqing_geo.rasters import Raster


def page(m):
    return m.get_root().render()


def plain(**options):
    return dg.area_map(sample.villages(), **options)


def flat(values, **options):
    return Raster(np.asarray(values, dtype=float), 500_000, 3_381_000, 100, sample.CRS, **options)


def picture(html):
    address = json.loads(re.search(r"\"picture\": ?(\"[^\"]*\")", html)[1]).split(",")[1]
    return (matplotlib.image.imread(io.BytesIO(base64.b64decode(address))) * 255).round()


@pytest.mark.parametrize("look", list(backdrop.looks()))
def test_every_look_has_a_chinese_name_and_draws(look):
    html = page(dg.add_layer(plain(), sample.villages(), look))

    assert names.word(f"layer.{look}") in html


def test_an_unknown_look_lists_the_known():
    with pytest.raises(InputError, match=r"no look 'river'; there are county, town, village"):
        dg.add_layer(plain(), sample.villages(), "river")


def test_a_layer_without_a_crs_has_no_place():
    with pytest.raises(CRSError, match="`town` has no coordinate system"):
        dg.add_layer(plain(), sample.town().set_crs(None, allow_override=True), "town")


def test_kinds_are_not_mixed():
    shapes = [shapely.Point(500_000, 3_380_000), shapely.box(0, 0, 1, 1)]
    with pytest.raises(GeometryError, match="mixes points, lines and areas"):
        dg.add_layer(plain(), gpd.GeoDataFrame(geometry=shapes, crs=sample.CRS), "water")


def test_classes_are_told_apart_in_the_legend_and_the_tooltips():
    html = page(dg.add_layer(plain(), sample.homes().assign(home_class="homestead"), "home"))

    assert "农村宅基地" in html
    assert "城镇住宅用地" not in html


def test_a_class_that_nobody_knows_is_shown_as_it_is():
    frame = sample.homes().assign(home_class="castle")

    assert "castle" in page(dg.add_layer(plain(), frame, "home"))


def test_points_stand_where_they_are():
    points = gpd.GeoDataFrame(
        {"facility_class": ["clinic"], "facility_name": ["甲村卫生室"]},
        geometry=[shapely.Point(500_500, 3_380_500)],
        crs=sample.CRS,
    )
    html = page(dg.add_layer(plain(), points, "facility"))
    x, y = shapely.get_coordinates(points.to_crs(4490).geometry.iloc[0])[0]

    assert '"points":true' in html.replace(" ", "")
    assert json.dumps([round(x * 1e6), round(y * 1e6)]).replace(" ", "") in html.replace(" ", "")
    assert "甲村卫生室" in html


def test_a_layer_of_nothing_is_a_layer_of_nothing():
    page(dg.add_layer(plain(), sample.homes().iloc[:0], "home"))


@pytest.mark.parametrize(
    "name",
    ["<img src=x onerror=alert(1)>", "{{7*7}}", "{% if %}", "{#", "${x}", "`", "\\", "</script>"],
)
def test_names_are_data(name):
    frame = sample.town().assign(town_name=name)
    html = page(dg.add_layer(plain(), frame, "town", name=name, labels=True))

    assert "<img src=x" not in html
    assert html.count("</script>") == page(
        dg.add_layer(plain(), sample.town(), "town", name="界", labels=True)
    ).count("</script>")


def test_the_notice_of_made_up_data_comes_along():
    real = sample.villages()
    real.attrs.clear()
    m = dg.add_layer(dg.area_map(real), sample.homes(), "home")

    assert names.word("notice.schematic") in page(m)


def test_terrain_lies_exactly_where_its_cells_are():
    terrain = flat(np.full((10, 40), 30.0))
    html = page(dg.add_terrain(plain(), terrain))
    bounds = json.loads(re.search(r"\"bounds\": ?(\[\[[^\]]*\], ?\[[^\]]*\]\])", html)[1])
    box = gpd.GeoSeries([shapely.box(*terrain.bounds)], crs=sample.CRS).segmentize(50).to_crs(4490)

    assert np.ravel(bounds)[[1, 0, 3, 2]] == pytest.approx(box.total_bounds, abs=1e-7)


def test_each_point_of_the_picture_has_the_tint_of_its_cell():
    # West half low, east half high, the north-western corner unknown.
    values = np.where(np.arange(40)[None] < 20, 1.0, 600.0) * np.ones((10, 1))
    values[:3, :3] = -9999
    image = picture(page(dg.add_terrain(plain(), flat(values))))
    high, wide = image.shape[:2]

    assert image[1, 1, 3] == 0
    assert image[-2, wide // 4, 3] == 255
    low, top = (image[high // 2, at * wide // 8] for at in (1, 7))
    assert low[1] > low[0] and top[0] > top[2] + 40


def test_level_ground_keeps_its_tint_and_slopes_face_the_light():
    level = tints.shaded(flat(np.full((5, 5), 10.0)))[0][2, 2, :3]
    fall = np.add.outer(np.arange(9.0), np.arange(9.0)) * 50
    away, toward = (
        tints.shaded(flat(values))[0][4, 4, :3].astype(int).sum()
        for values in (400 - fall / 8, fall / 8)
    )

    # Rising towards the south-east a slope faces the north-western light.
    assert tuple(level) == (0xE6, 0xF0, 0xD6)
    assert toward > away


def test_terrain_that_says_nothing_is_refused():
    with pytest.raises(InputError, match="no Raster"):
        dg.add_terrain(plain(), np.zeros((3, 3)))
    with pytest.raises(InputError, match="no height in it"):
        dg.add_terrain(plain(), flat(np.full((3, 3), -9999.0)))
    degrees = Raster(np.zeros((3, 3)), 120, 31, 0.1, "EPSG:4490")
    with pytest.raises(CRSError, match="not in metres"):
        dg.add_terrain(plain(), degrees)


def test_a_large_terrain_is_drawn_coarser_and_stays_small():
    # Even ground, which is quickly packed: the picture's size is what is asked.
    values = np.add.outer(np.arange(1500.0), np.arange(1500.0) // 50)
    html = page(dg.add_terrain(plain(), Raster(values, 500_000, 3_400_000, 30, sample.CRS)))
    image = picture(html)

    assert image.shape[0] * image.shape[1] <= ground.MOST_POINTS * 1.01


def test_the_same_ground_is_the_same_bytes():
    terrain = flat(np.add.outer(np.arange(30.0), np.arange(40.0)))
    pages = {page(dg.add_terrain(plain(), terrain)) for _ in range(2)}

    assert len(pages) == 1


def test_a_map_may_open_on_something_else_and_show_what_lies_below():
    whole = sample.town()
    m = dg.area_map(sample.zone(), fill=False, view=whole)

    assert '"fill": false' in page(m) or '"fill":false' in page(m)
    west, south, east, north = whole.to_crs(4490).total_bounds
    assert m.location == pytest.approx([(south + north) / 2, (west + east) / 2])
