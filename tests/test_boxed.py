"""A county's part of a large layer: the rows of its box, as the whole file would show them."""

import zipfile

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from deqing_geo import errors, sample
from deqing_geo.crs import wgs84_to_gcj02
from deqing_geo.layers import read_parks, read_roads
from deqing_geo.layers.boxed import cut_out
from deqing_geo.reading.boxed import readable_by_place

TOWN = sample.villages().iloc[[0]]
BOX = tuple(TOWN.total_bounds + [-50, -50, 50, 50])


def near(frame):
    """The second road: the whole layer, each row asked whether it meets the box."""
    return frame[frame.geometry.intersects(shapely.box(*BOX))]


@pytest.mark.parametrize("crs", [4490, 4326, 4549, 4550, 3857])
@pytest.mark.parametrize("name", ["roads.gpkg", "roads.fgb", "roads.shp"])
def test_the_rows_of_a_box_are_those_of_the_whole_layer(tmp_path, name, crs):
    file = tmp_path / name
    # The last road first: an index of places must not give rows in its own order.
    roads = sample.roads().iloc[::-1][["road_name", "road_class", "geometry"]].to_crs(crs)
    pyogrio.write_dataframe(roads, file, encoding="GBK" if name.endswith("shp") else None)
    part = cut_out(file, "roads", BOX, TOWN.crs)
    part.to_parquet(tmp_path / "part.parquet")
    whole = near(read_roads(file, like=TOWN))
    again = read_roads(tmp_path / "part.parquet", like=TOWN)

    assert 0 < len(again) < len(roads)
    assert again["road_name"].to_list() == whole["road_name"].to_list()
    assert again["road_class"].to_list() == whole["road_class"].to_list()
    assert (again.geometry.array == whole.geometry.array).all()


def test_a_parquet_with_boxes_can_be_cut_and_one_without_is_refused(tmp_path):
    roads = sample.roads().to_crs(4490)
    roads.to_parquet(tmp_path / "with.parquet", write_covering_bbox=True)
    roads.to_parquet(tmp_path / "without.parquet")

    part = cut_out(tmp_path / "with.parquet", "roads", BOX, TOWN.crs)
    assert part["road_name"].to_list() == near(sample.roads())["road_name"].to_list()
    with pytest.raises(errors.BoundaryFileError, match="write_covering_bbox"):
        cut_out(tmp_path / "without.parquet", "roads", BOX, TOWN.crs)


def test_the_box_of_a_shifted_layer_is_shifted_along(tmp_path):
    parks = sample.parks().to_crs(4326)

    def shift(lonlat):
        return np.column_stack(wgs84_to_gcj02(lonlat[:, 0], lonlat[:, 1]))

    shifted = parks.set_geometry(shapely.transform(parks.geometry.array, shift), crs=4326)
    pyogrio.write_dataframe(shifted, tmp_path / "parks.gpkg")
    one = sample.parks().iloc[[1]]
    # A box 10 m around the second park: unshifted it would be 500 m away from it.
    box = tuple(one.total_bounds + [-10, -10, 10, 10])
    part = cut_out(tmp_path / "parks.gpkg", "parks", box, one.crs, datum="gcj02")
    part.to_parquet(tmp_path / "part.parquet")
    again = read_parks(tmp_path / "part.parquet", like=one, datum="gcj02")

    assert again["park_name"].to_list() == one["park_name"].to_list()
    assert again.geometry.iloc[0].hausdorff_distance(one.geometry.iloc[0]) < 0.01
    assert len(cut_out(tmp_path / "parks.gpkg", "parks", box, one.crs)) == 0


def test_a_layer_that_does_not_say_where_it_lies_is_told_of(tmp_path):
    bare = gpd.GeoDataFrame(sample.roads().drop(columns="geometry"),
                            geometry=sample.roads().geometry.to_numpy())  # fmt: skip
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.write_dataframe(bare, tmp_path / "bare.gpkg")
    turned = sample.roads().to_crs(4490)
    turned = turned.set_geometry(shapely.transform(turned.geometry.array, lambda xy: xy[:, ::-1]))
    pyogrio.write_dataframe(turned, tmp_path / "turned.gpkg")

    with pytest.raises(errors.CRSError, match="assume_crs = 4549"):
        cut_out(tmp_path / "bare.gpkg", "roads", BOX, TOWN.crs)
    part = cut_out(tmp_path / "bare.gpkg", "roads", BOX, TOWN.crs, assume_crs=4549)
    assert len(part) == len(near(sample.roads())) and part.crs.to_epsg() == 4549
    with pytest.raises(errors.CRSError, match="axes"):
        cut_out(tmp_path / "turned.gpkg", "roads", BOX, TOWN.crs)


def test_what_has_no_places_to_look_up_is_refused(tmp_path):
    file = tmp_path / "roads.gpkg"
    pyogrio.write_dataframe(sample.roads(), file)
    with zipfile.ZipFile(tmp_path / "roads.zip", "w") as packed:
        packed.write(file, "roads.gpkg")
    pyogrio.write_dataframe(sample.roads().to_crs(4326), tmp_path / "roads.geojson")
    (tmp_path / "bad.gpkg").write_bytes(file.read_bytes()[:5000])

    for name in ("roads.zip", "roads.geojson"):
        assert not readable_by_place(name)
        with pytest.raises(errors.BoundaryFileError, match="GeoPackage"):
            cut_out(tmp_path / name, "roads", BOX, TOWN.crs)
    with pytest.raises(errors.BoundaryFileError, match=r"bad\.gpkg"):
        cut_out(tmp_path / "bad.gpkg", "roads", BOX, TOWN.crs)
    with pytest.raises(errors.InputError, match="roads, parks, homes"):
        cut_out(file, "rivers", BOX, TOWN.crs)
