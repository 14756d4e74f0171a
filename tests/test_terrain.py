"""Rasters read and summed: inclined planes, cells cut by hand, and files that lie."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

import deqing_geo as dg
from deqing_geo import Raster, errors, sample


def plane(rise_east, rise_north, *, cell=30.0, high=None, size=(8, 9)):
    """Heights that rise by so much per metre."""
    tall = cell if high is None else high
    x, y = np.arange(size[1]) * cell, -np.arange(size[0]) * tall
    values = 100 + np.add.outer(y * rise_north, x * rise_east)
    return Raster(values, 500_000, 3_381_200, cell, sample.CRS, cell_height=high)


def save(raster, file, **options):
    profile = {
        "driver": "GTiff", "height": raster.values.shape[0], "width": raster.values.shape[1],
        "count": 1, "dtype": raster.values.dtype, "crs": raster.crs,
        "transform": raster.transform, "nodata": raster.nodata, **options,
    }  # fmt: skip
    with rasterio.open(file, "w", **profile) as out:
        for band in range(1, profile["count"] + 1):
            out.write(raster.values, band)
    return file


def by_hand(raster, area):
    """Values and the part of each cell that lies in an area, cell by cell."""
    values, parts = [], []
    rows, columns = raster.values.shape
    for row in range(rows):
        for column in range(columns):
            west = raster.west + column * raster.cell
            north = raster.north - row * raster.high
            cell = shapely.box(west, north - raster.high, west + raster.cell, north)
            part = shapely.intersection(cell, area).area / cell.area
            if part > 0 and raster.known[row, column]:
                values.append(float(raster.values[row, column]))
                parts.append(part)
    return np.array(values), np.array(parts)


# ---------------------------------------------------------------- slope


@pytest.mark.parametrize(("east", "north"), [(0, 0), (0.2, 0), (0, -0.5), (0.3, 0.4), (-1, 1)])
def test_slope_of_an_inclined_plane_is_its_angle(east, north):
    found = dg.slope(plane(east, north)).values[1:-1, 1:-1]

    assert found == pytest.approx(np.degrees(np.arctan(np.hypot(east, north))), abs=1e-9)


def test_cells_need_not_be_square():
    found = dg.slope(plane(0.3, 0.4, cell=30, high=10)).values[1:-1, 1:-1]

    assert found == pytest.approx(np.degrees(np.arctan(0.5)), abs=1e-9)


@pytest.mark.parametrize("latitude", [0.0, 30.5, 60.0])
def test_in_degrees_each_row_has_metres_of_its_own(latitude):
    # A plane on the ellipsoid by pyproj's own distances: one metre up for every ten.
    from pyproj import Geod

    step = 1 / 3600
    geod = Geod(ellps="GRS80")
    _, _, wide = geod.inv(120, latitude, 120 + step, latitude)
    _, _, high = geod.inv(120, latitude - step / 2, 120, latitude + step / 2)
    west, south = np.arange(5) * wide / 10, -np.arange(5) * high / 10
    north = latitude + 2.5 * step
    for heights in (west[None] * np.ones((5, 1)), south[:, None] * np.ones((1, 5))):
        found = dg.slope(Raster(heights, 120, north, step, "EPSG:4490")).values[2, 2]
        assert found == pytest.approx(np.degrees(np.arctan(0.1)), abs=2e-4)


def test_edges_and_holes_are_unknown_not_level():
    raster = plane(0.2, 0)
    raster.values[4, 4] = raster.nodata
    steep = dg.slope(raster)

    assert not steep.known[0].any() and not steep.known[:, -1].any()
    assert not steep.known[3:6, 3:6].any()
    assert steep.known[2, 2]


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:2263"])
def test_metres_that_are_none_are_refused(crs):
    with pytest.raises(errors.CRSError, match=r"a cell's metres are none.*EPSG:4549"):
        dg.slope(Raster(np.zeros((4, 4)), 0, 0, 30, crs))


def test_two_rows_have_no_slope():
    with pytest.raises(errors.InputError, match="2 x 5 cells; a slope needs three by three"):
        dg.slope(Raster(np.zeros((2, 5)), 0, 0, 30, sample.CRS))


# ---------------------------------------------------------------- per area


@pytest.fixture
def rough():
    random = np.random.default_rng(7)
    values = random.normal(50, 20, (40, 40))
    values[random.random((40, 40)) < 0.05] = -9999
    return Raster(values, 500_000, 3_381_200, 30, sample.CRS)


@pytest.fixture
def circles():
    shapes = [
        shapely.Point(500_400, 3_380_700).buffer(170),
        shapely.Point(500_700, 3_380_400).buffer(95),
        shapely.box(500_101, 3_380_101, 500_131, 3_380_131),
    ]
    return gpd.GeoDataFrame(geometry=shapes, index=["a", "b", "c"], crs=sample.CRS)


def test_means_and_sums_are_those_of_cells_cut_one_by_one(rough, circles):
    with pytest.warns(errors.DeqingGeoWarning, match="partly outside"):
        found = dg.zonal(circles, rough, ["mean", "sum", "min", "max"])

    for name, area in circles.geometry.items():
        values, parts = by_hand(rough, area)
        row = found.loc[name]
        assert row["mean"] == pytest.approx((values * parts).sum() / parts.sum(), rel=1e-5)
        assert row["sum"] == pytest.approx((values * parts).sum(), rel=1e-5)
        assert (row["min"], row["max"]) == pytest.approx((values.min(), values.max()))
        share = parts.sum() * 900 / area.area
        assert row["known_share"] == pytest.approx(share, abs=1e-5)


def test_percentiles_of_whole_cells_are_those_of_their_values():
    values = np.random.default_rng(5).permutation(400).reshape(10, 40).astype(float)
    raster = Raster(values, sample.X0, sample.Y0 + 1000, 100, sample.CRS)
    found = dg.zonal(sample.villages(), raster, ["p10", "median", "p90"])

    for at, name in enumerate("ABCD"):
        own = values[:, 10 * at : 10 * at + 10].ravel()
        assert found.loc[name, ["p10", "median", "p90"]].to_list() == pytest.approx(
            np.percentile(own, [10, 50, 90]).tolist(), abs=0.5
        )


def test_sums_of_the_parts_are_the_sum_of_the_whole():
    random = np.random.default_rng(3)
    people = Raster(random.random((10, 40)), sample.X0, sample.Y0 + 1000, 100, sample.CRS)

    parts = dg.zonal(sample.villages(), people, ["sum"])["sum"].sum()
    whole = dg.zonal(sample.town(), people, ["sum"])["sum"].iloc[0]

    assert parts == pytest.approx(whole, rel=1e-9)
    assert whole == pytest.approx(people.values.sum(), rel=1e-9)


def test_the_order_of_areas_changes_nothing_and_neither_is_touched(circles):
    raster = plane(0.2, 0.1, size=(60, 60))
    before = raster.values.copy(), circles.copy()

    straight = dg.zonal(circles, raster, ["mean", "p90"])
    reverse = dg.zonal(circles.iloc[::-1], raster, ["mean", "p90"])

    assert straight.loc[::-1].equals(reverse)
    assert np.array_equal(before[0], raster.values) and before[1].equals(circles)


def test_areas_in_another_system_find_the_same_ground(circles):
    raster = plane(0.2, 0.1, size=(60, 60))

    here = dg.zonal(circles, raster, ["mean"])
    there = dg.zonal(circles.to_crs(4490), raster, ["mean"])

    assert np.abs(here["mean"] - there["mean"]).max() < 0.001


def test_nothing_measured_is_nan_and_said(rough):
    far = shapely.box(600_000, 3_380_000, 600_100, 3_380_100)
    away = gpd.GeoDataFrame(geometry=[far], index=["far"], crs=sample.CRS)
    with pytest.warns(errors.DeqingGeoWarning, match=r"1 areas lie partly outside.*\(far\)"):
        found = dg.zonal(away, rough, ["sum"])

    assert np.isnan(found["sum"].iloc[0]) and found["known_share"].iloc[0] == 0


def test_an_unknown_statistic_lists_the_known(rough, circles):
    with pytest.raises(errors.InputError, match="no 'modus'; it knows mean, min, max"):
        dg.zonal(circles, rough, ["modus"])


# ---------------------------------------------------------------- reading


def test_a_file_comes_back_cell_by_cell(rough, tmp_path):
    read = dg.read_raster(save(rough, tmp_path / "h.tif"))

    assert np.array_equal(read.values, rough.values)
    assert (read.bounds, read.crs, read.nodata) == (rough.bounds, rough.crs, rough.nodata)
    assert read.attrs["file"] == "h.tif"


def test_only_what_is_asked_is_read_and_slopes_reach_its_edge(tmp_path):
    whole = plane(0.2, 0.1, size=(60, 60))
    asked = shapely.box(500_300, 3_379_700, 500_480, 3_379_820)
    area = gpd.GeoDataFrame(geometry=[asked], crs=sample.CRS)
    part = dg.read_raster(save(whole, tmp_path / "h.tif"), within=area)

    assert part.values.shape == (6, 8)
    assert dg.zonal(area, part, ["mean"]).equals(dg.zonal(area, whole, ["mean"]))
    assert dg.zonal(area, dg.slope(part))["known_share"].iloc[0] == 1


def test_areas_elsewhere_are_told_so(rough, tmp_path):
    file = save(rough, tmp_path / "h.tif")
    away = gpd.GeoDataFrame(geometry=[shapely.box(6e5, 3e6, 6.1e5, 3.1e6)], crs=sample.CRS)

    with pytest.raises(errors.InputError, match="does not cover `within`"):
        dg.read_raster(file, within=away)
    with pytest.raises(errors.InputError, match="no shape in it"):
        dg.read_raster(file, within=away.iloc[:0])


def test_whole_numbers_without_a_nodata_are_all_known(tmp_path):
    classes = Raster(np.arange(12, dtype=np.uint8).reshape(3, 4), 0, 90, 30, sample.CRS, None)
    read = dg.read_raster(save(classes, tmp_path / "c.tif"))

    assert read.nodata is None and read.known.all()
    assert read.values.dtype == np.uint8


def test_not_a_number_is_no_value(tmp_path):
    values = np.array([[1.0, np.nan, 3.0]] * 3)
    read = dg.read_raster(save(Raster(values, 0, 90, 30, sample.CRS, None), tmp_path / "n.tif"))

    assert read.known.tolist() == [[True, False, True]] * 3


def test_scaled_numbers_are_read_as_what_they_mean(tmp_path):
    raster = Raster(np.full((3, 3), 50, np.int16), 0, 90, 30, sample.CRS, None)
    file = save(raster, tmp_path / "s.tif")
    with rasterio.open(file, "r+") as opened:
        opened.scales, opened.offsets, opened.units = (0.1,), (2.0,), ("metre",)

    read = dg.read_raster(file)

    assert read.values == pytest.approx(7.0)
    assert read.attrs["unit"] == "metre"


def test_several_bands_must_be_chosen_from(rough, tmp_path):
    file = save(rough, tmp_path / "b.tif", count=2)

    with pytest.raises(errors.InputError, match=r"has 2 bands. Pass band="):
        dg.read_raster(file)
    with pytest.raises(errors.InputError, match="no band 3"):
        dg.read_raster(file, band=3)
    assert dg.read_raster(file, band=2).values.shape == (40, 40)


def test_a_file_without_a_system_needs_one(rough, tmp_path):
    file = save(rough, tmp_path / "x.tif", crs=None)

    with pytest.raises(errors.CRSError, match="Pass assume_crs="):
        dg.read_raster(file)
    assert dg.read_raster(file, assume_crs=4549).crs == "EPSG:4549"


def test_turned_cells_are_refused(rough, tmp_path):
    turned = rasterio.Affine(30, 5, 500_000, 5, -30, 3_381_200)
    with pytest.raises(errors.InputError, match="turned or upside down"):
        dg.read_raster(save(rough, tmp_path / "t.tif", transform=turned))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.tif", b"no picture at all", "content is not a GeoTIFF"),
        ("a.tif", b"II*\0", "cannot be read"),
        ("a.gpkg", b"SQLite format 3\0", r"not one of \.tif"),
        ("a.tif.zip", b"PK", r"not one of \.tif"),
    ],
)
def test_what_is_no_raster_is_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(errors.BoundaryFileError, match=said):
        dg.read_raster(tmp_path / name)


@pytest.mark.parametrize("address", ["/vsicurl/https://x/a.tif", "https://x/a.tif", "missing.tif"])
def test_addresses_are_not_followed(address):
    with pytest.raises(errors.BoundaryFileError):
        dg.read_raster(address)
