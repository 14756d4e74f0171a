"""Rasters: cells where they lie, and nothing where there is nothing."""

import numpy as np
import pytest
import rasterio

from deqing_geo import Raster


@pytest.fixture
def raster():
    values = np.array([[1.0, 2.0, 3.0], [4.0, -9999.0, 6.0]], dtype=np.float32)
    return Raster(values, west=500_000, north=3_380_060, cell=30, crs="EPSG:4549")


def test_the_first_row_is_the_northernmost(raster):
    assert raster.bounds == (500_000, 3_380_000, 500_090, 3_380_060)
    assert raster.at(np.array([(500_001, 3_380_059), (500_089, 3_380_001)])).tolist() == [1.0, 6.0]


def test_outside_and_without_a_value_is_nan(raster):
    places = np.array(
        [(499_999, 3_380_030), (500_091, 3_380_030), (500_030, 3_380_061), (500_045, 3_380_010)]
    )

    assert np.isnan(raster.at(places)).all()


def test_one_place_is_a_place_and_none_is_none(raster):
    assert raster.at(np.array([500_045, 3_380_050])).tolist() == [2.0]
    assert raster.at(np.empty((0, 2))).tolist() == []


def test_rasterio_finds_the_same_cells(raster, tmp_path):
    file = tmp_path / "r.tif"
    with rasterio.open(
        file, "w", driver="GTiff", width=3, height=2, count=1, dtype="float32",
        crs=raster.crs, transform=raster.transform, nodata=raster.nodata,
    ) as out:  # fmt: skip
        out.write(raster.values, 1)
    places = np.random.default_rng(0).uniform((500_000, 3_380_000), (500_090, 3_380_060), (200, 2))
    with rasterio.open(file) as opened:
        theirs = np.array([float(value[0]) for value in opened.sample(places)])
        assert tuple(opened.bounds) == raster.bounds

    ours = raster.at(places)

    assert np.array_equal(np.where(theirs == raster.nodata, np.nan, theirs), ours, equal_nan=True)
