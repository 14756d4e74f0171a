"""Boundaries as they were sent: every row, every shape, every code as it stands."""

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import columns, sample
from deqing_geo.shifts import wgs84_to_gcj02

BOX = shapely.box(500_000, 3_380_000, 501_000, 3_381_000)
BOWTIE = shapely.Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
MOVED = shapely.transform(BOWTIE, lambda xy: xy + [501_000, 3_380_000])


def written(folder, **fields):
    rows = len(next(iter(fields.values())))
    frame = gpd.GeoDataFrame(fields, geometry=[BOX, MOVED, None][:rows], crs=sample.CRS)
    file = folder / "村界.gpkg"
    pyogrio.write_dataframe(frame, file)
    return file


def test_no_shape_is_mended_and_no_row_left_out(tmp_path):
    read = dg.read_received(written(tmp_path, ZLDWMC=["甲村", "乙村", "丙村"]))

    assert len(read) == 3 and read["village_name"].to_list() == ["甲村", "乙村", "丙村"]
    assert read.geometry.is_valid.to_list() == [True, False, False]
    assert shapely.equals_exact(read.geometry.iloc[1], MOVED, 0.001)
    assert read.geometry.iloc[2] is None


def test_a_line_among_the_areas_is_no_refusal(tmp_path):
    frame = gpd.GeoDataFrame(
        {"ZLDWMC": ["甲村", "乙村"]}, geometry=[BOX, BOX.exterior], crs=sample.CRS
    )
    frame.to_file(tmp_path / "mixed.gpkg")

    read = dg.read_received(tmp_path / "mixed.gpkg")
    assert read.geometry.geom_type.to_list() == ["Polygon", "LineString"]
    assert dg.check_boundaries(read).of("wrong_kind")["fault_names"].to_list() == ["乙村"]


def test_a_row_is_called_by_its_code_where_no_other_has_it(tmp_path):
    codes = ["3305210019010000000", "330521001901", "330521001902"]
    read = dg.read_received(written(tmp_path, ZLDWDM=codes))

    assert read.index.to_list() == ["330521001901 第1行", "330521001901 第2行", "330521001902"]
    assert read["village_code"].to_list() == codes


def test_a_row_without_a_code_is_called_by_its_place_in_the_file(tmp_path):
    assert dg.read_received(written(tmp_path, ZLDWDM=["330521001901", None, ""])).index[
        1:
    ].to_list() == [
        "第2行",
        "第3行",
    ]
    assert dg.read_received(written(tmp_path, ZLDWMC=["甲村"])).index.to_list() == ["第1行"]


def test_codes_that_became_numbers_stay_to_be_seen(tmp_path):
    read = dg.read_received(written(tmp_path, ZLDWDM=[330521001901.0, 3.305e18, None]))

    assert read.index[0] == "330521001901"
    assert "第3行" in read.index
    assert len(dg.check_boundaries(read).of("bad_code")) == 2


def test_a_layer_whose_rows_all_say_so_is_made_up(tmp_path):
    made_up = columns.word("notice.schematic")

    assert dg.read_received(written(tmp_path, BZ=["示意", "示意"])).attrs["notice"] == made_up
    assert "notice" not in dg.read_received(written(tmp_path, BZ=["示意", "实测"])).attrs


def test_a_shift_against_the_reference_is_refused_with_the_cure(tmp_path):
    true = sample.villages()
    degrees = true.to_crs(4490).geometry.to_numpy()
    moved = shapely.transform(
        degrees, lambda xy: np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1]))
    )
    file = tmp_path / "shifted.gpkg"
    gpd.GeoDataFrame({"ZLDWMC": list("甲乙丙丁")}, geometry=moved, crs=4490).to_file(file)

    with pytest.raises(dg.errors.CRSError, match="datum='gcj02'"):
        dg.read_received(file, reference=true)
    undone = dg.read_received(file, reference=true, datum="gcj02")
    assert (
        shapely.hausdorff_distance(
            shapely.union_all(undone.geometry.array), shapely.union_all(true.geometry.array)
        )
        < 0.1
    )
