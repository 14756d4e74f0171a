"""Centre lines of layers made by others; no figure here is a statement on a place."""

import numpy as np
import pytest
import shapely

import deqing_geo as dg

pytestmark = pytest.mark.real
CORE = ["expressway", "arterial", "subarterial", "branch"]


@pytest.fixture(scope="module")
def wuhan(real_data):
    file = real_data / "roads" / "wuhan_clip_dev.gpkg"
    roads = dg.read_roads(file, layer="original")
    # A part of the cut, so that it is done in some seconds.
    x0, y0, x1, y1 = roads.total_bounds
    middle = shapely.box(x0 + 1600, y0 + 1600, x1 - 1800, y1 - 1800)
    return roads[roads.intersects(middle).to_numpy()].reset_index(drop=True)


@pytest.fixture(scope="module")
def merged(wuhan):
    return dg.centre_lines(wuhan, threshold=7.36)


def test_a_city_loses_a_quarter_of_its_lines_and_hardly_a_class(wuhan, merged):
    """Of the whole cut neatnet leaves 26 % of the length without a class."""
    assert 0.55 < merged.after_km / merged.before_km < 0.8
    assert merged.sure > 0.93
    assert (
        merged.by_class.loc["arterial", "after_km"]
        < 0.6 * (merged.by_class.loc["arterial", "before_km"])
    )
    assert not merged.lines["class_share"].isna().any()


def test_tiles_change_a_city_by_less_than_half_a_percent(wuhan, merged):
    tiled = dg.centre_lines(wuhan, threshold=7.36, tile_m=1000)

    assert abs(tiled.after_km / merged.after_km - 1) < 0.005
    core = [one.by_class["after_km"].reindex(CORE).sum() for one in (tiled, merged)]
    assert abs(core[0] / core[1] - 1) < 0.005


def test_what_was_lost_is_listed(wuhan, merged):
    ends = shapely.get_coordinates(merged.lost.geometry.to_numpy())
    near = shapely.STRtree(wuhan.geometry.to_numpy()).query_nearest(
        shapely.points(ends), return_distance=True, all_matches=False
    )[1]

    assert merged.lost.geometry.length.sum() < 0.03 * 1000 * merged.before_km
    assert np.all(near < 1e-6)
