"""Services from tables and layers: coordinates, their datum, words for what they are."""

import itertools

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors, sample
from deqing_geo.batch.recipe import load_recipe
from deqing_geo.columns import crosswalk, vocabulary
from deqing_geo.crs import wgs84_to_bd09, wgs84_to_gcj02
from deqing_geo.inputs import read_facilities, read_layer

# Wukang, in degrees and in CGCS2000 with the central meridian 120 E.
LON, LAT = 119.967662, 30.534927
X, Y = 496896.696, 3379414.227
TRUE = "经度(CGCS2000),纬度(CGCS2000)"


@pytest.fixture
def write(tmp_path):
    number = itertools.count()

    def write(*lines):
        file = tmp_path / f"{next(number)}.csv"
        file.write_text("\n".join(lines), "utf-8")
        return file

    return write


def place(frame):
    return frame.geometry.iloc[0].x, frame.geometry.iloc[0].y


def points(**columns):
    shapes = [shapely.Point(X + 10 * at, Y) for at in range(len(next(iter(columns.values()))))]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4549)


# ---------------------------------------------------------------- coordinates


@pytest.mark.parametrize(
    "heads",
    [
        TRUE,
        "CGCS2000经度,CGCS2000纬度",
        "wgs84_lng,wgs84_lat",
        "LNG_WGS84,LAT_WGS84",
        "国家2000经度,国家2000纬度",
        "东经(2000),北纬(2000)",
        "Longitude（WGS-84）,Latitude（WGS-84）",
    ],
)
def test_degrees_under_any_heading_become_metres_at_the_same_place(heads, write):
    read = read_facilities(write(f"名称,设施类别,{heads}", f"甲,公交站,{LON},{LAT}"))

    assert place(read) == pytest.approx((X, Y), abs=0.01)
    assert read.crs.to_epsg() == 4549 and read.index.tolist() == [0]
    assert read["facility_name"].tolist() == ["甲"]
    assert "the heading" in read.attrs["reading"]["crs_from"]


@pytest.mark.parametrize("heads", ["经度,纬度", "lon,lat", "lng,lat", "经度(°),纬度(°)", "jd,wd"])
def test_degrees_of_nobody_are_taken_for_cgcs2000_aloud(heads, write):
    file = write(f"名称,设施类别,{heads}", f"甲,公交站,{LON},{LAT}")

    with pytest.warns(errors.DeqingGeoWarning, match="does not say whose its degrees are"):
        read = read_facilities(file)
    assert place(read) == pytest.approx((X, Y), abs=0.01)
    # Said, it is no assumption.
    assert place(read_facilities(file, assume_crs=4490)) == pytest.approx((X, Y), abs=0.01)


@pytest.mark.parametrize(
    ("east", "north"),
    [("119°58′3.583″", "30°32′5.737″"), ("东经119度58分3.583秒", "北纬30度32分5.737秒"),
     ("119°58'3.583\"E", "30°32'5.737\"N"), ("119.967662°", "30.534927°")],
)  # fmt: skip
def test_minutes_and_seconds_are_degrees(east, north, write):
    quoted = (f'"{one.replace(chr(34), chr(34) * 2)}"' for one in (east, north))
    read = read_facilities(write(f"设施类别,{TRUE}", f"公交站,{','.join(quoted)}"))

    assert place(read) == pytest.approx((X, Y), abs=0.2)


def test_metres_need_their_system(write):
    file = write("设施类别,东坐标,北坐标", f"公交站,{X},{Y}")

    with pytest.raises(errors.CRSError, match=r"no coordinate system.*4549"):
        read_facilities(file)
    assert place(read_facilities(file, assume_crs=4549)) == pytest.approx((X, Y))
    there = read_facilities(file, assume_crs=4549, like=sample.villages())
    assert there.crs.to_epsg() == 4549


def test_of_degrees_and_metres_the_named_system_chooses(write):
    file = write(f"设施类别,{TRUE},X坐标,Y坐标", f"公交站,{LON},{LAT},{X + 100},{Y}")

    assert place(read_facilities(file)) == pytest.approx((X, Y), abs=0.01)
    assert place(read_facilities(file, assume_crs=4490)) == pytest.approx((X, Y), abs=0.01)
    assert place(read_facilities(file, assume_crs=4549)) == pytest.approx((X + 100, Y))


def test_a_swapped_pair_is_refused_with_the_columns_to_exchange(write):
    degrees = write("设施类别,WGS84经度,WGS84纬度", f"公交站,{LAT},{LON}", f"公交站,{LAT},{LON}")
    with pytest.raises(errors.CRSError, match=r"swapped in 2 of 2 rows.*两列对调") as caught:
        read_facilities(degrees)
    assert caught.value.rows == (2, 3)
    cured = {"longitude": "WGS84纬度", "latitude": "WGS84经度"}
    assert place(read_facilities(degrees, columns=cured)) == pytest.approx((X, Y), abs=0.01)

    # Survey sheets put the northing first and call it X.
    survey = write("设施类别,X坐标,Y坐标", f"公交站,{Y},{X}")
    with pytest.raises(errors.CRSError, match=r"swapped.*'easting': 'Y坐标', 'northing': 'X坐标'"):
        read_facilities(survey, assume_crs=4549)
    cured = {"easting": "Y坐标", "northing": "X坐标"}
    assert place(read_facilities(survey, assume_crs=4549, columns=cured)) == pytest.approx((X, Y))


def test_one_row_the_wrong_way_round_is_named(write):
    lines = [f"公交站,{LON},{LAT}"] * 3 + [f"公交站,{LAT},{LON}"]

    for options in ({}, {"assume_crs": 4490}):
        with pytest.raises(errors.CRSError, match=r"swapped in 1 of 4 rows.*经纬度填反") as caught:
            read_facilities(write("标题,,", f"设施类别,{TRUE}", *lines), **options)
        assert caught.value.rows == (6,)


def test_rows_without_coordinates_are_left_out_and_told_with_their_rows(write):
    lines = [
        f"公交站,{LON},{LAT}",
        "公交站,,",
        f"公交站,{LON},",
        "公交站,0,0",
        f"公交站,{LON},{LAT}",
    ]

    with pytest.warns(errors.DeqingGeoWarning, match=r"3 rows .*\(rows 3, 4, 5 of the sheet\)"):
        read = read_facilities(write(f"设施类别,{TRUE}", *lines))
    assert len(read) == 2 and read.attrs["reading"]["dropped"] == (3, 4, 5)


def test_what_is_no_coordinate_is_refused_with_its_row(write):
    with pytest.raises(errors.ColumnError, match="'待测' is none") as caught:
        read_facilities(write(f"设施类别,{TRUE}", f"公交站,{LON},{LAT}", "公交站,待测,待测"))
    assert caught.value.rows == (3,)
    with pytest.raises(errors.ColumnError, match="no heading is `longitude` and `latitude` or"):
        read_facilities(write("设施类别,地址", "公交站,x"))


# ---------------------------------------------------------------- whose coordinates


@pytest.mark.parametrize(
    ("heads", "datum"),
    [
        ("高德经度,高德纬度", "gcj02"),
        ("火星坐标经度,火星坐标纬度", "gcj02"),
        ("lon_gcj02,lat_gcj02", "gcj02"),
        ("GCJ-02经度,GCJ-02纬度", "gcj02"),
        ("腾讯_lng,腾讯_lat", "gcj02"),
        ("百度经度,百度纬度", "bd09"),
        ("bd09_lng,bd09_lat", "bd09"),
        ("经度（百度）,纬度（百度）", "bd09"),
    ],
)
def test_a_map_services_heading_is_refused_until_the_shift_is_declared(heads, datum, write):
    shift = wgs84_to_gcj02 if datum == "gcj02" else wgs84_to_bd09
    lon, lat = (float(one) for one in shift(LON, LAT))
    file = write(f"设施类别,{heads}", f"公交站,{lon},{lat}")

    for options in ({}, {"assume_crs": 4490}):
        with pytest.raises(errors.CRSError, match=f"Pass datum='{datum}'"):
            read_facilities(file, **options)
    read = read_facilities(file, datum=datum)
    assert place(read) == pytest.approx((X, Y), abs=0.01)
    assert read.attrs["reading"]["datum_undone"] == datum
    with pytest.raises(errors.CRSError, match="is another"):
        read_facilities(file, datum="bd09" if datum == "gcj02" else "gcj02")


@pytest.mark.parametrize(
    "lines",
    [
        ("数据来源:高德开放平台,,", "设施类别,经度,纬度", f"公交站,{LON},{LAT}"),
        ("设施类别,经度,纬度,坐标系", f"公交站,{LON},{LAT},GCJ-02"),
        ("设施类别,经度,纬度,来源", f"公交站,{LON},{LAT},腾讯地图"),
    ],
)
def test_a_title_or_a_column_that_names_the_service_is_evidence_too(lines, write):
    with pytest.raises(errors.CRSError, match="Pass datum='gcj02'"):
        read_facilities(write(*lines))
    # Who has put them right says so.
    assert place(read_facilities(write(*lines), assume_crs=4490)) == pytest.approx((X, Y), abs=0.01)
    assert place(read_facilities(write(*lines), datum="gcj02"))[0] < X - 300


def test_two_pairs_of_coordinates_must_be_chosen_from(write):
    heads = "设施类别,高德经度,高德纬度,WGS84经度,WGS84纬度"
    file = write(heads, f"公交站,{LON + 0.005},{LAT},{LON},{LAT}")
    chosen = {"longitude": "WGS84经度", "latitude": "WGS84纬度"}

    with pytest.raises(errors.ColumnError, match="several headings are `longitude`"):
        read_facilities(file)
    assert place(read_facilities(file, columns=chosen)) == pytest.approx((X, Y), abs=0.01)


# ---------------------------------------------------------------- words


def test_every_word_of_the_table_leads_into_the_vocabulary():
    for table, column in (
        ("facility_class_words", "facility_class"),
        ("osm_facility", "facility_class"),
        ("hazard_class_words", "hazard_class"),
        ("protection_level_words", "protection_level"),
        ("seat_kind_words", "seat_kind"),
    ):
        assert set(crosswalk(table).values()) <= set(vocabulary(column))


@pytest.mark.parametrize(
    ("word", "own"),
    [
        ("村卫生室", "clinic"),
        ("社区卫生服务站", "clinic"),
        ("居家养老服务照料中心", "elderly_care"),
        ("农村文化礼堂", "culture_hall"),
        ("便利店", "shop"),
        ("村邮站", "parcel"),
        ("快递服务站", "parcel"),
        ("体育", "sports"),
        ("中学", "middle_school"),
        ("小学", "primary_school"),
        ("幼儿园", "kindergarten"),
        (" 公交站点　", "bus_stop"),
        ("充电桩", "charging"),
        ("clinic", "clinic"),
        ("doctors", "clinic"),
        ("其他设施", "other"),
    ],
)
def test_services_are_understood_as_offices_call_them(word, own, tmp_path):
    pyogrio.write_dataframe(points(类别=[word]), tmp_path / "a.gpkg")

    assert read_facilities(tmp_path / "a.gpkg")["facility_class"].tolist() == [own]
    assert read_layer(tmp_path / "a.gpkg", "facilities")["facility_class"].tolist() == [own]


def test_words_that_are_not_understood_are_all_named_with_their_rows(write):
    lines = [f"{word},{LON},{LAT}" for word in ("公交站", "卫生院", "加油站", "卫生院")]
    file = write("名单,,", f"设施类别,{TRUE}", *lines)

    with pytest.raises(errors.ColumnError, match=r"'卫生院' and 加油站 \(1\).*words=") as caught:
        read_facilities(file)
    assert caught.value.rows == (4, 5, 6)
    read = read_facilities(file, words={"卫生院": "clinic", "加油站": None})
    empty = read_facilities(file, words={"卫生院": "clinic", "加油站": ""})
    assert read["facility_class"].tolist() == ["bus_stop", "clinic", "clinic"]
    assert empty["facility_class"].tolist() == read["facility_class"].tolist()
    assert read.attrs["reading"]["left_out"] == {"rows": 1, "words": ("加油站",)}
    # The planner's word stands before the table's.
    other = read_facilities(file, words={"公交站": "other", "卫生院": "other", "加油站": "other"})
    assert set(other["facility_class"]) == {"other"}
    with pytest.raises(errors.InputError, match="'hospital' is no class"):
        read_facilities(file, words={"卫生院": "hospital"})


def test_a_list_of_one_kind_is_what_the_planner_says(write):
    file = write(f"名称,类型,{TRUE}", f"甲村卫生室,标准化,{LON},{LAT}")
    bare = write(f"名称,{TRUE}", f"甲村卫生室,{LON},{LAT}")

    for one in (file, bare):
        read = read_facilities(one, facility_class="clinic")
        assert read["facility_class"].tolist() == ["clinic"]
        assert read.attrs["reading"]["taken_as"] == "clinic"
    with pytest.raises(errors.ColumnError, match="or facility_class="):
        read_facilities(bare)
    with pytest.raises(errors.InputError, match="no class of facilities"):
        read_facilities(bare, facility_class="卫生室")


def test_a_workbook_of_places_counts_as_the_same_layer(tmp_path):
    villages = sample.villages()
    kinds = ["clinic", "clinic", "bus_stop", "shop"]
    where = shapely.point_on_surface(villages.geometry.to_numpy())
    layer = gpd.GeoDataFrame(
        {"facility_class": kinds, "opened_on": ["2024-03-01", None, "2025-01-01", "2024-01-01"]},
        geometry=where,
        crs=villages.crs,
    )
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["公共服务设施清单"])
    sheet.append(["设施名称", "设施类别", "启用日期", "CGCS2000经度", "CGCS2000纬度"])
    for row in layer.to_crs(4490).itertuples():
        word = vocabulary("facility_class")[row.facility_class]
        sheet.append([f"{row.Index}号", word, row.opened_on, row.geometry.x, row.geometry.y])
    book.create_sheet("填表说明").append(["x"])
    book.save(tmp_path / "a.xlsx")
    read = read_facilities(tmp_path / "a.xlsx", like=villages)

    assert read["facility_class"].tolist() == kinds
    assert read.geometry.distance(layer.geometry, align=False).max() < 0.001
    ours, theirs = (dg.tallies.villages_with(villages, one, "bus_stop") for one in (layer, read))
    assert ours.value == theirs.value
    opened = [dg.tallies.clinics_opened(one, 2024).value for one in (layer, read)]
    assert opened == [1, 1]


def test_a_recipe_may_say_what_words_mean_and_which_sheet_is_meant(tmp_path):
    for name in ("a.csv", "b.xlsx", "v.gpkg"):
        (tmp_path / name).write_bytes(b"")
    text = """
    [villages]
    file = "v.gpkg"
    [village_table]
    file = "b.xlsx"
    sheet = "2025"
    [facilities]
    file = "a.csv"
    datum = "gcj02"
    words = { "卫生院" = "clinic", "加油站" = "" }
    """
    recipe = tmp_path / "r.toml"
    recipe.write_text(text, "utf-8")
    layers = load_recipe(recipe).layers

    assert layers["village_table"]["sheet"] == "2025"
    assert layers["facilities"]["words"] == {"卫生院": "clinic", "加油站": ""}
    recipe.write_text(text.replace('datum = "gcj02"', 'facility_class = "卫生室"'), "utf-8")
    with pytest.raises(
        errors.RecipeError, match="`facility_class` must be one of bus_stop, clinic"
    ):
        load_recipe(recipe)


# ---------------------------------------------------------------- other layers of points


def test_seats_and_hazards_come_from_tables_too_and_law_does_not(write, tmp_path):
    seats = write(f"名称,驻地类型,{TRUE},乡镇代码", f"甲,街道办事处驻地,{LON},{LAT},330521001000")
    hazards = write(f"灾种,易发性,{TRUE},威胁人口", f"滑坡,高易发区,{LON},{LAT},12")

    read = read_layer(seats, "seats")
    assert read["seat_kind"].tolist() == ["town"] and read["town_code"].tolist() == ["330521001"]
    read = read_layer(hazards, "hazards")
    assert read["hazard_class"].tolist() == ["high"]
    assert read["hazard_kind"].tolist() == ["landslide"]
    book = tmp_path / "红线.xlsx"
    openpyxl.Workbook().save(book)
    with pytest.raises(errors.BoundaryFileError, match="表格没有图形"):
        read_layer(book, "redline")


@pytest.mark.parametrize(
    ("field", "value", "square_metres", "unit"),
    [("MJ", 10_000.0, 10_000, "m2"), ("QYMJ", 0.01, 10_000, "km2"), ("mj", 9_700.0, 9_700, "m2")],
)
def test_an_area_is_in_the_unit_its_fields_name_tells(field, value, square_metres, unit, tmp_path):
    box = shapely.box(X, Y, X + 100, Y + 100)
    frame = gpd.GeoDataFrame({field: [value]}, geometry=[box], crs=4549)
    pyogrio.write_dataframe(frame, tmp_path / "a.gpkg")
    read = read_layer(tmp_path / "a.gpkg", "redline")

    assert read["declared_area_m2"].tolist() == pytest.approx([square_metres])
    assert read.attrs["reading"]["area_unit"] == unit


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [("MJ", 0.01, "km2"), ("MJ", 1.0, "ha"), ("QYMJ", 10_000.0, "m2"), ("MJ", 15.0, "mu")],
)
def test_an_area_that_fits_another_unit_is_not_taken_over(field, value, fits, tmp_path):
    box = shapely.box(X, Y, X + 100, Y + 100)
    frame = gpd.GeoDataFrame({field: [value]}, geometry=[box], crs=4549)
    pyogrio.write_dataframe(frame, tmp_path / "a.gpkg")

    with pytest.warns(errors.DeqingGeoWarning, match=f"fits the shapes in {fits}"):
        read = read_layer(tmp_path / "a.gpkg", "redline")
    assert "declared_area_m2" not in read


def test_names_of_survey_and_planning_fields_are_known_whatever_their_case(tmp_path):
    box = shapely.box(X, Y, X + 100, Y + 100)
    frame = gpd.GeoDataFrame(
        {"ghfqmc": ["城镇集中建设区"], "边界类型": ["县城(中心城区)"]}, geometry=[box], crs=4549
    )
    pyogrio.write_dataframe(frame, tmp_path / "CZKFBJ.gpkg")
    read = read_layer(tmp_path / "CZKFBJ.gpkg", "boundaries")

    assert read["boundary_name"].tolist() == ["城镇集中建设区"]
    assert read["boundary_kind"].tolist() == ["county_seat"]


def test_shuffled_rows_are_the_same_places(write):
    rows = [f"{kind},{LON + at / 100},{LAT}" for at, kind in enumerate(["公交站", "超市", "小学"])]
    there = read_facilities(write(f"设施类别,{TRUE}", *rows))
    back = read_facilities(write(f"设施类别,{TRUE}", *reversed(rows)))

    assert there["facility_class"].tolist() == back["facility_class"].tolist()[::-1]
    pairs = zip(there.geometry, list(back.geometry)[::-1], strict=True)
    assert max(one.distance(other) for one, other in pairs) < 1e-6
    assert isinstance(there.index, pd.RangeIndex)
