"""The same figures by another road: plain overlays, and counting square metres."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx

from deqing_geo import park_coverage, road_density, sample
from tests.test_laws import frame, random_roads, tiling, town


@pytest.mark.parametrize("seed", range(6))
def test_where_no_road_runs_along_a_border_an_overlay_gives_the_same(seed):
    rng = np.random.default_rng(seed)
    villages = tiling(rng)
    roads = random_roads(rng, villages).iloc[:40].assign(road_class="branch")
    cut = gpd.overlay(roads, villages.reset_index(names="village"), keep_geom_type=True)
    other = cut.length.groupby(cut["village"]).sum().reindex(villages.index, fill_value=0) / 1000

    assert road_density(villages, roads).table["road_km"].to_list() == approx(other.to_list())


@pytest.mark.parametrize("seed", range(4))
def test_counting_square_metres_gives_the_same_coverage(seed):
    """Brute force: every cell of 2 m whose middle is lived on, and its distance to the parks."""
    rng = np.random.default_rng(seed)
    _, parks, homes = town(rng)
    area = frame([shapely.box(0, 0, 3000, 2000)])
    parks = parks[parks.area >= 2000]
    coverage = park_coverage(area, parks, homes)

    x, y = np.meshgrid(np.arange(1, 3000, 2.0), np.arange(1, 2000, 2.0))
    x, y = x.ravel() + sample.X0, y.ravel() + sample.Y0
    land = homes.union_all()
    shapely.prepare(land)
    here = shapely.intersects_xy(land, x, y)
    lived = shapely.points(x[here], y[here])
    served = np.zeros(len(lived), dtype=bool)
    for shape in parks.geometry:
        radius = 500 if round(shape.area) >= 5000 else 300
        served |= shapely.distance(lived, shape) <= radius

    assert coverage.table["demand_ha"].iloc[0] == approx(len(lived) * 4e-4, rel=0.02)
    assert coverage.overall == approx(served.mean(), abs=0.003)


def test_the_usual_way_gives_the_same_coverage():
    rng = np.random.default_rng(7)
    villages, parks, homes = town(rng)
    parks = parks[parks.area >= 2000]
    radius = np.where(parks.area.round() >= 5000, 500.0, 300.0)
    reach = gpd.GeoDataFrame(
        geometry=[parks.buffer(radius, quad_segs=64).union_all()], crs=parks.crs
    )
    lived = gpd.GeoDataFrame(geometry=[homes.union_all()], crs=parks.crs)
    usual = gpd.overlay(lived, villages).overlay(reach).area.sum() / lived.area.sum()

    assert park_coverage(villages, parks, homes).overall == approx(usual, abs=2e-4)
