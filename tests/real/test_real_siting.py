"""Siting on layers made by others: no figure here is a statement on a place."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pytest import approx

import deqing_geo as dg

pytestmark = pytest.mark.real


def again(coverage, homes, parks, siting):
    """The coverage counted anew with the sites among the parks."""
    new = siting.sites[["geometry"]].assign(park_class="G14")
    both = pd.concat([parks[["park_class", "geometry"]], new], ignore_index=True)
    return dg.park_coverage(coverage.table[["geometry"]], both, homes)


@pytest.fixture(scope="module")
def andorra(real_data):
    file = real_data / "osm" / "andorra.osm.pbf"
    towns = dg.read_towns(file, admin_level=7)
    parks, homes = dg.read_parks(file, like=towns), dg.read_homes(file, like=towns)
    return dg.park_coverage(towns, parks, homes), parks, homes, towns


def test_andorras_homes_are_half_in_reach_with_seven_parks_more(andorra):
    """Residential areas there hold streets and gardens: beside them, places are few."""
    coverage, parks, homes, towns = andorra
    beside = dg.suggest_parks(coverage, target=0.5)
    within = dg.suggest_parks(coverage, target=0.5, allowed=towns)

    assert beside.exact and within.exact and within.reached <= beside.reached == 7
    for siting in (beside, within):
        assert siting.overall == approx(again(coverage, homes, parks, siting).overall, rel=1e-7)
        assert siting.curve["coverage_bound"][siting.fewest - 1] < 0.5
        assert "居住用地类别:代用数据" in siting.notices
        assert "OpenStreetMap contributors" in siting.origins[0]
    assert set(beside.sites["town_name"]) <= set(towns["town_name"])


@pytest.fixture(scope="module")
def amsterdam(real_data):
    """Neighbourhoods and parks as they are; homes are points there, here squares of 50 m."""
    file = real_data / "parks" / "amsterdam_parks.gpkg"
    spots = gpd.read_file(file, layer="home_points_rd28992").to_crs(32631)
    areas = gpd.read_file(file, layer="neighbourhoods_epsg4326").to_crs(32631)
    areas = areas.set_geometry(areas.make_valid())
    areas = areas[areas.area > 0].set_index("CBS_Buurtcode")[["Buurt", "geometry"]]
    areas = areas[~areas.index.duplicated()]
    parks = gpd.read_file(file, layer="parks_epsg4326").to_crs(32631)
    parks = parks.set_geometry(parks.make_valid()).assign(park_class="park_unspecified")
    squares = shapely.buffer(spots.geometry.array, 25, cap_style="square")
    homes = gpd.GeoDataFrame(geometry=squares, crs=32631).assign(home_class="residential_proxy")
    return dg.park_coverage(areas, parks, homes), parks, homes


def test_amsterdams_thousand_homes_are_in_reach_with_the_fewest_parks(amsterdam):
    coverage, parks, homes = amsterdam
    siting = dg.suggest_parks(coverage, grid_m=150)

    assert siting.reached == len(siting.sites) >= siting.fewest >= 1
    assert siting.before < 0.91 <= siting.overall and siting.gap <= 0.25
    assert siting.overall == approx(again(coverage, homes, parks, siting).overall, rel=1e-7)
    budget = dg.suggest_parks(coverage, grid_m=150, max_sites=siting.reached)
    assert budget.overall >= siting.overall - 1e-9 and budget.gap <= 0.02
