"""Files made by others: a zip, shapefiles of two zones, four outlines of one county."""

import shutil

import numpy as np
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors

OUTLINES = ("deqing_datav_gcj02", "deqing_cnmaps_amap_gcj02", "deqing_vonng_amap_gcj02")


@pytest.fixture(scope="module")
def outlines(real_data):
    return real_data / "boundaries" / "deqing_county_boundaries.gpkg"


@pytest.fixture(scope="module")
def true_outline(outlines):
    return dg.read_counties(outlines, layer="deqing_tianditu_cgcs2000")


def test_a_zip_in_utf8_without_a_cpg_is_read_in_place_as_chinese(real_data):
    archive = real_data / "readers" / "china_provinces_utf8dbf_nocpg.zip"
    provinces = dg.read_counties(archive, columns={"county_name": "FCNAME"})

    assert {"浙江省", "北京市"} <= {str(name) for name in provinces["county_name"]}
    assert provinces.attrs["reading"]["encoding"] == "UTF-8"
    assert provinces.attrs["reading"]["file"].startswith("china_provinces_utf8dbf_nocpg.zip/")


def test_the_provinces_counties_are_counties(real_data):
    counties = dg.read_counties(
        real_data / "boundaries" / "zhejiang_counties_tianditu_cgcs2000.gpkg"
    )

    assert len(counties) == 90 and counties.index.str.fullmatch(r"33\d{4}").all()
    assert counties.loc["330521", "county_name"] == "德清县"


@pytest.mark.parametrize("layer", OUTLINES)
def test_outlines_of_map_services_lie_half_a_kilometre_off_and_come_back(
    outlines, true_outline, layer
):
    off = dg.read_counties(outlines, layer=layer)
    back = dg.read_counties(outlines, layer=layer, datum="gcj02", reference=true_outline)
    centre = shapely.centroid(true_outline.geometry.iloc[0])

    # Where services shift Deqing by 502 to 545 m; what is left are three publishers' drawings.
    assert 480 < shapely.distance(shapely.centroid(off.geometry.iloc[0]), centre) < 545
    assert shapely.distance(shapely.centroid(back.geometry.iloc[0]), centre) < 40


@pytest.mark.parametrize(
    ("name", "epsg"), [("XZQ_330500_zone40", 4528), ("XZQ_330500_cm120", 4549)]
)
def test_counties_without_a_prj_are_placed_by_another_publishers_outlines(
    real_data, outlines, tmp_path, name, epsg
):
    folder = real_data / "readers" / "derived_gbk"
    for part in folder.glob(f"{name}.*"):
        if part.suffix != ".prj":
            shutil.copy(part, tmp_path / part.name)
    reference = dg.read_counties(outlines, layer="huzhou_counties_tianditu_cgcs2000")
    with pytest.raises(errors.CRSError, match="no coordinate system"):
        dg.read_counties(tmp_path / f"{name}.shp")
    counties = dg.read_counties(tmp_path / f"{name}.shp", reference=reference)

    assert counties.attrs["reading"]["crs"] == f"EPSG:{epsg}"
    area = dg.crs.ellipsoidal_area(np.asarray(counties.geometry.array), counties.crs)
    assert 935e6 < area[list(counties.index).index("330521")] < 941e6


def test_an_outline_of_a_map_service_places_nothing(outlines, true_outline, tmp_path):
    """Half a kilometre aside is no datum: the reader asks instead of taking it."""
    shifted = dg.read_counties(outlines, layer=OUTLINES[0])
    file = tmp_path / "v.shp"
    named = shifted[["county_name", "geometry"]].set_axis(["XZQMC", "geometry"], axis=1)
    named.reset_index(drop=True).to_file(file, engine="pyogrio", encoding="GBK")
    file.with_suffix(".prj").unlink()

    with pytest.raises(errors.CRSError, match="datum='gcj02'"):
        dg.read_counties(file, reference=true_outline)
