"""Tables and points made by others, read; the count by another road beside each."""

import warnings

import pyogrio
import pytest

import deqing_geo as dg
from deqing_geo import errors
from deqing_geo.columns import crosswalk

pytestmark = pytest.mark.real


def test_andorras_services_are_the_points_with_the_tags(real_data):
    file = real_data / "osm" / "andorra.osm.pbf"
    read = dg.read_facilities(file)
    points = pyogrio.read_dataframe(file, layer="points")
    heap = points["other_tags"].fillna("")
    counted = 0
    for tag in crosswalk("osm_facility"):
        key, _, value = tag.partition("=")
        has = points["highway"] == value if key == "highway" else False
        counted += int((has | heap.str.contains(f'"{key}"=>"{value}"', regex=False)).sum())

    assert len(read) == counted == 22
    assert read["osm_id"].str.startswith("n").all()
    assert read.attrs["reading"]["credit"] == "OpenStreetMap"


def test_a_published_list_of_units_keeps_every_digit_of_its_codes(real_data):
    file = real_data / "register" / "deqing_villages_2016.csv"
    read = dg.read_village_table(file, columns={"village_code": "code", "village_name": "name"})

    assert len(read) == 180 and read.index.str.fullmatch(r"330521\d{6}").all()
    register = dg.register(2016)
    assert set(read.index) <= set(register.index)


def test_a_list_of_towns_in_gcj02_says_so_and_is_undone(real_data):
    file = real_data / "register" / "deqing_towns_2016.csv"
    options = {"facility_class": "other", "columns": {"facility_name": "town_name"}}
    with pytest.warns(errors.DeqingGeoWarning, match=r"2 rows .*rows 4, 5 of the sheet"):
        read = dg.read_facilities(file, datum="gcj02", **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DeqingGeoWarning)
        with pytest.raises(errors.CRSError, match=r"lon_gcj02.*Pass datum='gcj02'"):
            dg.read_facilities(file, **options)
    outlines = real_data / "boundaries" / "deqing_county_boundaries.gpkg"
    county = dg.read_towns(outlines, layer="deqing_tianditu_cgcs2000")

    assert len(read) == 10 and read.crs.to_epsg() == 4549
    assert read.within(county.union_all()).all()
