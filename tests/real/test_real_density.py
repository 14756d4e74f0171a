"""Densities of layers made by others: figures that must add up, not statements on a place."""

import geopandas as gpd
import numpy as np
import pytest

import deqing_geo as dg

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def andorra(real_data):
    file = real_data / "osm" / "andorra.osm.pbf"
    towns = dg.read_towns(file, admin_level=7)
    return towns, dg.read_roads(file, like=towns)


@pytest.fixture(scope="module")
def wuhan(real_data):
    file = real_data / "roads" / "wuhan_clip_dev.gpkg"
    extent = gpd.read_file(file, layer="extent")
    return extent, dg.read_roads(file, layer="original", like=extent)


def test_of_a_country_nothing_is_left_over(andorra):
    towns, roads = andorra
    for by in ("road.core", "road.highway", "road.broad+none"):
        density = dg.road_density(towns, roads, by=by)
        rows = density.by_road

        assert rows.loc[rows["counted"], "road_km"].sum() == pytest.approx(
            float(density.table["road_km"].sum()), abs=1e-9
        )
        length = roads.length.to_numpy() / 1000
        summed = np.bincount(rows["road_row"], rows["road_km"], len(roads))
        assert np.abs(summed - length).max() < 1e-9
        for per in ("line", "road"):
            ledger = dg.road_ledger(density, per=per)
            assert ledger["counted_km"].sum() == pytest.approx(
                float(density.table["road_km"].sum()), abs=1e-9
            )


def test_what_mappers_leave_out_is_told_where_it_matters(andorra):
    towns, roads = andorra
    told = dg.columns.word("density.osm_rural")

    assert told in dg.road_density(towns, roads, by="road.rural").notices
    assert told not in dg.road_density(towns, roads).notices
    assert 0 <= dg.road_density(towns, roads).completeness["nameless_share"] <= 1


def test_a_month_in_which_a_tenth_was_drawn_anew_adds_up(andorra):
    towns, roads = andorra
    later = roads.copy()
    later.loc[later.index[::10], "geometry"] = later.geometry.iloc[::10].translate(2.0, 1.0)
    later = later.drop(index=later.index[5::50])
    made = dg.road_density(towns, later).changes(dg.road_density(towns, roads))

    assert made.table["delta_km"].sum() == pytest.approx(made.delta_km, abs=1e-9)
    assert made.table["density_effect"].sum() == pytest.approx(made.difference, abs=1e-9)
    assert set(made.by_cause.index) <= {"removed", "redrawn", "rounding"}


def test_the_wuhan_cut_goes_from_eight_to_eleven_by_definition_alone(wuhan):
    extent, roads = wuhan
    band = dg.density_band(extent, roads)

    # All lines as drawn have 11.85 km/km2; the classes that count are part of them.
    assert 8 < band.lowest < 9 and 10 < band.highest < 11.85
    assert band.crosses(10) and not band.crosses(8)
    assert dg.columns.word("notice.unmerged") in band.notices


def test_squares_of_the_wuhan_cut_add_up_to_it(wuhan):
    extent, roads = wuhan
    west, south, east, north = extent.total_bounds
    steps = np.meshgrid(np.arange(west + 250, east, 500), np.arange(south + 250, north, 500))
    shapes = gpd.GeoSeries(gpd.points_from_xy(*(step.ravel() for step in steps)))
    cells = gpd.GeoDataFrame(geometry=shapes.buffer(250, cap_style="square"), crs=extent.crs)
    whole = gpd.GeoDataFrame(geometry=[cells.union_all()], crs=extent.crs)

    for by in ("road.raw", "road.broad"):
        parts = dg.road_density(cells, roads, by=by).table["road_km"].sum()
        assert parts == pytest.approx(
            float(dg.road_density(whole, roads, by=by).table["road_km"].sum()), abs=1e-9
        )
