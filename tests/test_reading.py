"""From a file to a frame in metres with our words, and everything that was decided told."""

import geopandas as gpd
import pyogrio
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import columns, errors, sample

SHAPEFILE_ROADS = {"road_class": "道路等级", "road_name": "路名"}


def write(frame, path, **options):
    pyogrio.write_dataframe(frame, path, **options)
    return path


FORMATS = [
    (name, epsg)
    for name in ("t.gpkg", "t.json", "t.shp", "T.SHP")
    for epsg in (4549, 4528, 4490, 4326)
    # GeoJSON is written in degrees.
    if epsg in (4490, 4326) or not name.endswith("json")
]


@pytest.mark.parametrize(("name", "epsg"), FORMATS)
def test_towns_come_out_in_metres_from_every_format(tmp_path, name, epsg):
    town = sample.town().assign(XZQDM="330521101").to_crs(4326).to_crs(epsg)
    town = town.rename(columns={"town_name": "XZQMC"})
    options = {"encoding": "GBK"} if name.lower().endswith("shp") else {}
    options["driver"] = {"json": "GeoJSON", "gpkg": "GPKG"}.get(name[-4:], "ESRI Shapefile")
    file = write(town, tmp_path / name.lower(), **options)
    if name != name.lower():
        for part in list(tmp_path.iterdir()):
            part.rename(tmp_path / part.name.upper())
        file = tmp_path / name
    towns = dg.read_towns(file)

    assert towns.index.to_list() == ["330521101"] and towns.index.name == "town_code"
    assert towns["town_name"].to_list() == ["纸上镇"]
    assert towns.crs.to_epsg() == 4549
    assert towns.attrs["code_system"] == "national"
    assert float(towns.area.iloc[0]) == pytest.approx(4e6, rel=1e-6)


def test_a_gbk_shapefile_without_its_cpg_reads_as_chinese(tmp_path):
    file = write(
        sample.roads()
        .rename(columns=SHAPEFILE_ROADS)
        .assign(道路等级="主干路")
        .drop(columns="road_status"),
        tmp_path / "r.shp",
        encoding="GBK",
    )
    file.with_suffix(".cpg").unlink()
    roads = dg.read_roads(file)

    assert set(roads["road_class"]) == {"arterial"}
    assert roads["road_name"].iloc[0] == "纸上大道"
    assert roads.attrs["reading"]["encoding"] == "GB18030"


def test_our_own_names_survive_a_shapefile(tmp_path):
    """Ten letters are left of `road_status`; without it a planned road would count."""
    file = write(sample.roads().rename(columns={"road_status": "road_statu"}), tmp_path / "r.shp")

    assert dg.read_roads(file)["road_status"].to_list()[4] == "planned"


def test_what_was_decided_is_told(tmp_path):
    file = write(sample.roads().rename(columns={"road_class": "DLDJ"}), tmp_path / "r.gpkg")
    told = dg.read_roads(file).attrs["reading"]

    assert told["file"] == "r.gpkg" and told["driver"] == "GPKG" and told["layer"] == "r"
    assert told["renamed"] == {"DLDJ": "road_class"}
    assert told["crs"] == told["working_crs"] == "EPSG:4549" and told["rows"] == 6


def test_other_fields_are_kept(tmp_path):
    file = write(sample.roads().assign(车道数=2), tmp_path / "r.gpkg")

    assert dg.read_roads(file)["车道数"].to_list() == [2] * 6


def test_one_layer_is_taken_and_of_several_the_one_that_fits(tmp_path):
    file = write(sample.roads(), tmp_path / "all.gpkg", layer="道路")
    write(sample.town(), file, layer="镇界", append=True)

    assert len(dg.read_roads(file)) == 6
    assert len(dg.read_towns(file)) == 1
    write(sample.zone(), file, layer="建成区", append=True)
    assert dg.read_towns(file).attrs["reading"]["layer"] == "镇界"
    write(sample.town(), file, layer="乡镇界", append=True)
    with pytest.raises(errors.BoundaryFileError, match="Pass layer=, one of: 镇界, 乡镇界"):
        dg.read_towns(file)
    assert dg.read_towns(file, layer="镇界").index.to_list() == ["纸上镇"]
    with pytest.raises(errors.BoundaryFileError, match="no layer '村界'"):
        dg.read_towns(file, layer="村界")


def test_a_missing_system_is_refused_until_it_is_said(tmp_path):
    file = write(sample.town(), tmp_path / "t.shp", encoding="UTF-8")
    file.with_suffix(".prj").unlink()

    with pytest.raises(errors.CRSError, match="assume_crs=4549"):
        dg.read_towns(file)
    assert dg.read_towns(file, assume_crs=4549).crs.to_epsg() == 4549


def test_a_false_system_can_be_overruled_and_is_told(tmp_path):
    file = write(sample.town().set_crs(4526, allow_override=True), tmp_path / "t.gpkg")
    with pytest.raises(errors.CRSError, match="far outside"):
        dg.read_towns(file)
    towns = dg.read_towns(file, assume_crs=4549)

    assert towns.attrs["reading"]["crs_overruled"].startswith("CGCS2000")


def test_projected_geojson_is_refused_instead_of_going_to_infinity(tmp_path):
    file = tmp_path / "t.geojson"
    file.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"a"},'
        '"geometry":{"type":"Polygon","coordinates":[[[500000,3380000],[501000,3380000],'
        "[501000,3381000],[500000,3380000]]]}}]}"
    )

    with pytest.raises(errors.CRSError, match="not degrees"):
        dg.read_towns(file)
    assert dg.read_towns(file, assume_crs=4549).crs.to_epsg() == 4549


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (["3.30521E+08", "330521002"], "scientific notation"),
        (["330521001", "33052100"], "damaged or missing"),
        (["330521001", None], "damaged or missing"),
        (["330521001", "330521001"], "repeats codes"),
    ],
)
def test_damaged_national_codes_are_refused_with_their_rows(tmp_path, codes, said):
    frame = sample.villages().iloc[:2][["geometry"]].assign(XZQDM=codes)
    file = write(frame, tmp_path / "t.gpkg")

    with pytest.raises(errors.CodeError, match=said) as caught:
        dg.read_towns(file)
    assert caught.value.rows


@pytest.mark.parametrize(
    ("codes", "index"),
    [
        ([330521001, 330521002], ["330521001", "330521002"]),
        ([330521001.0, 330521002.0], ["330521001", "330521002"]),
        (["330521001.0", "'330521002"], ["330521001", "330521002"]),
        (["330521001000", "330521002000"], ["330521001", "330521002"]),
        (["330521001", "330521002"], ["330521001", "330521002"]),
    ],
)
def test_codes_become_text(tmp_path, codes, index):
    frame = sample.villages().iloc[:2][["geometry"]].assign(XZQDM=codes)

    assert dg.read_towns(write(frame, tmp_path / "t.gpkg")).index.to_list() == index


def test_without_national_codes_the_index_is_whatever_is_unique(tmp_path):
    two = sample.villages().iloc[:2][["geometry"]]
    other = dg.read_towns(write(two.assign(XZQDM=["A1", "A2"]), tmp_path / "a.gpkg"))
    named = dg.read_towns(write(two.assign(name=["甲", "乙"]), tmp_path / "b.gpkg"))
    twice = dg.read_towns(write(two.assign(name=["甲", "甲"]), tmp_path / "c.gpkg"))

    assert other.index.to_list() == ["A1", "A2"] and other.attrs["code_system"] == "other"
    assert named.index.to_list() == ["甲", "乙"] and named.attrs["code_system"] == "none"
    assert twice.index.to_list() == [0, 1] and twice["town_name"].to_list() == ["甲", "甲"]


def test_neither_name_nor_code_is_our_error(tmp_path):
    file = write(sample.town()[["geometry"]].assign(x=1), tmp_path / "t.gpkg")

    with pytest.raises(errors.ColumnError, match=r"Its fields: x\. Pass columns="):
        dg.read_towns(file)
    with pytest.raises(errors.ColumnError, match="does not have: y"):
        dg.read_towns(file, columns={"town_name": "y"})


def test_rows_without_a_shape_are_left_out_and_told(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": ["甲", "乙"]}, geometry=[None, sample.town().geometry.iloc[0]], crs=sample.CRS
    )
    file = write(frame, tmp_path / "t.gpkg")

    with pytest.warns(errors.DeqingGeoWarning, match=r"1 rows .* no shape .*rows 0"):
        towns = dg.read_towns(file)
    assert towns.index.to_list() == ["乙"] and towns.attrs["reading"]["dropped"] == (0,)


def test_a_bowtie_is_mended_and_told_with_its_change_of_area(tmp_path):
    bowtie = shapely.Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
    bowtie = shapely.transform(bowtie, lambda c: c + [500_000, 3_380_000])
    frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[bowtie], crs=sample.CRS)

    with pytest.warns(
        errors.RepairWarning, match=r"crossed themselves .*rows 0; area changed by at most 100"
    ):
        towns = dg.read_towns(write(frame, tmp_path / "t.gpkg"))
    assert float(towns.area.iloc[0]) == pytest.approx(500_000)


def test_the_wrong_kind_of_shape_is_refused(tmp_path):
    areas, lines = (
        write(frame, tmp_path / f"{name}.gpkg")
        for name, frame in (("a", sample.town()), ("l", sample.roads()))
    )
    with pytest.raises(errors.GeometryError, match=r"needs lines and a\.gpkg holds Polygon"):
        dg.read_roads(areas)
    with pytest.raises(errors.GeometryError, match=r"needs polygons and l\.gpkg holds LineString"):
        dg.read_towns(lines)


def test_heights_are_left_aside(tmp_path):
    frame = sample.roads()
    frame.geometry = shapely.force_3d(frame.geometry.to_numpy(), 12.0)

    assert not dg.read_roads(write(frame, tmp_path / "r.gpkg")).has_z.any()


# ---------------------------------------------------------------- roads


def test_openstreetmap_classes_become_ours_by_the_table(tmp_path):
    kinds = [
        "trunk",
        "primary",
        "secondary",
        "tertiary",
        "residential",
        "unclassified",
        "living_street",
        "motorway",
        "primary_link",
        "track",
        "footway",
        "service",
    ]
    line = sample.roads().geometry.iloc[0]
    frame = gpd.GeoDataFrame({"highway": kinds}, geometry=[line] * len(kinds), crs=sample.CRS)
    roads = dg.read_roads(write(frame, tmp_path / "r.gpkg"))

    assert roads["road_class"].to_list() == [
        "expressway",
        "arterial",
        "subarterial",
        "branch",
        "estate",
        "estate",
        "estate",
        "motorway",
        "link",
        "farm_track",
        "other",
        "other",
    ]
    assert roads.attrs["reading"]["proxy"] == "road_class"


def test_private_roads_are_no_streets_of_the_town(tmp_path):
    frame = sample.roads().assign(access=["private", "no", "yes", None, "private", ""])
    roads = dg.read_roads(write(frame, tmp_path / "r.gpkg"))

    assert roads["road_class"].to_list()[:2] == ["other", "other"]
    assert roads["road_class"].iloc[4] == "other" and roads["road_class"].iloc[5] == "link"


def test_a_class_that_is_not_understood_is_unknown_and_told(tmp_path):
    frame = sample.roads().assign(
        road_class=["主干路", "大马路", None, "支路", "支路", "['a', 'b']"]
    )
    file = write(frame, tmp_path / "r.gpkg")
    with pytest.warns(errors.DeqingGeoWarning, match=r"class of 2 rows .*大马路 \(1\)"):
        roads = dg.read_roads(file)

    assert roads["road_class"].to_list()[1:3] == ["unknown", "unknown"]
    assert roads.attrs["reading"]["classes_not_understood"] == ("['a', 'b']", "大马路")


def test_not_one_class_understood_is_our_error(tmp_path):
    file = write(sample.roads().assign(road_class="甲级"), tmp_path / "r.gpkg")

    with pytest.raises(errors.ColumnError, match=r"Not one value .*甲级 \(6\)"):
        dg.read_roads(file)


def test_no_class_column_is_our_error_with_the_fields_there_are(tmp_path):
    file = write(sample.roads()[["geometry"]].assign(KD=3.5), tmp_path / "r.gpkg")

    with pytest.raises(errors.ColumnError, match=r"no `road_class` \(道路等级\)\. Its fields: KD"):
        dg.read_roads(file)
    write(sample.roads()[["geometry"]].assign(KD="主干路"), file)
    assert set(dg.read_roads(file, columns={"road_class": "KD"})["road_class"]) == {"arterial"}


def test_the_state_of_a_road_is_read_in_the_words_offices_use(tmp_path):
    words = ["现状", "在建", "规划", "已通车", None, "拟建"]
    roads = dg.read_roads(write(sample.roads().assign(road_status=words), tmp_path / "r.gpkg"))

    assert roads["road_status"].to_list() == [
        "built",
        "building",
        "planned",
        "built",
        None,
        "planned",
    ]


def test_a_state_that_is_not_understood_is_not_counted_as_built(tmp_path):
    file = write(sample.roads().assign(road_status="待定"), tmp_path / "r.gpkg")

    with pytest.raises(errors.ColumnError, match="holds 待定; it may hold 现状、在建、规划"):
        dg.read_roads(file)


# ---------------------------------------------------------------- parks, homes, zone


def test_parks_by_class_by_code_by_openstreetmap_and_by_their_word(tmp_path):
    two = sample.parks().iloc[:2][["geometry"]]
    cases = {
        "park_class": (["综合公园", "G14"], ["G11", "G14"]),
        "DLBM": (["0810", "0810A"], ["park_and_green", "park_and_green"]),
        "YDYHFLDM": (["1401", "1402"], ["park_unspecified", "G2"]),
        "leisure": (["park", "park"], ["park_unspecified", "park_unspecified"]),
        "x": (["a", "b"], ["park_unspecified", "park_unspecified"]),
    }

    for field, (values, classes) in cases.items():
        file = write(two.assign(**{field: values}), tmp_path / f"{field}.gpkg")
        assert dg.read_parks(file)["park_class"].to_list() == classes


def test_a_land_use_layer_is_reduced_to_its_homes(tmp_path):
    frame = sample.homes()[["geometry"]]
    sandiao = dg.read_homes(write(frame.assign(DLBM=["0701", "0702", "1003"]), tmp_path / "s.gpkg"))
    guide = dg.read_homes(
        write(frame.assign(YDYHFLDM=["070102", "0702", "0703"]), tmp_path / "g.gpkg")
    )

    assert sandiao["home_class"].to_list() == ["urban_residential", "homestead"]
    assert sandiao.attrs["reading"]["left_out"] == 1
    assert guide["home_class"].to_list() == ["urban_residential", "community_service", "homestead"]


def test_codes_whose_system_is_not_said_are_refused(tmp_path):
    frame = sample.homes()[["geometry"]].assign(JQDLBM="0702")
    file = write(frame, tmp_path / "h.gpkg")

    with pytest.raises(errors.ColumnError, match=r"either system.*landuse='sandiao'"):
        dg.read_homes(file)
    assert set(dg.read_homes(file, landuse="sandiao")["home_class"]) == {"homestead"}
    assert set(dg.read_homes(file, landuse="guide")["home_class"]) == {"community_service"}
    with pytest.raises(errors.ColumnError, match="not one of sandiao, guide"):
        dg.read_homes(file, landuse="三调")


def test_codes_that_lost_their_zero_are_refused(tmp_path):
    for values in ([701, 702, 1003], [701.0, 702.0, 1003.0], ["072", "0702", "1003"]):
        file = write(sample.homes()[["geometry"]].assign(DLBM=values), tmp_path / "h.gpkg")

        with pytest.raises(errors.ColumnError, match="no codes of four digits"):
            dg.read_homes(file)


def test_a_zone_needs_a_source_and_a_day(tmp_path):
    file = write(sample.zone()[["geometry"]], tmp_path / "z.gpkg")
    zone = dg.read_zone(file, source=" 县建设局 ", as_of="2025-12-31")

    assert zone[["source", "as_of"]].to_numpy().tolist() == [["县建设局", "2025-12-31"]]
    with pytest.raises(errors.ColumnError, match="needs a source"):
        dg.read_zone(file, source="", as_of="2025-12-31")
    with pytest.raises(errors.ColumnError, match="not a date"):
        dg.read_zone(file, source="x", as_of="去年")


def test_an_outline_shifted_by_a_map_service_is_refused_until_it_is_declared(tmp_path):
    import numpy as np

    from deqing_geo.crs import wgs84_to_gcj02

    degrees = sample.town().to_crs(4490)
    shifted = degrees.set_geometry(
        shapely.transform(
            degrees.geometry.to_numpy(), lambda c: np.column_stack(wgs84_to_gcj02(c[:, 0], c[:, 1]))
        ),
        crs=4490,
    )
    file = write(shifted, tmp_path / "t.gpkg")

    with pytest.raises(errors.CRSError, match=r"lie 5\d\d m off the reference, as GCJ02 does"):
        dg.read_towns(file, reference=sample.town())
    true = dg.read_towns(file, reference=sample.town(), datum="gcj02")
    assert float(true.symmetric_difference(sample.town(), align=False).area.iloc[0]) < 50
    unshifted = write(sample.town(), tmp_path / "u.gpkg")
    assert len(dg.read_towns(unshifted, reference=sample.town())) == 1


def test_reading_writes_nothing_beside_the_source(tmp_path):
    file = write(sample.town(), tmp_path / "t.shp", encoding="GBK")
    before = sorted(path.name for path in tmp_path.iterdir())
    dg.read_towns(file)

    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_truncated_files_are_our_error(tmp_path):
    for name in ("t.gpkg", "t.shp", "t.geojson"):
        file = write(sample.town().to_crs(4490), tmp_path / name)
        whole = file.read_bytes()
        for share in (0.02, 0.3, 0.7, 0.95):
            file.write_bytes(whole[: int(len(whole) * share)])
            with pytest.raises((errors.DeqingGeoError, errors.DeqingGeoWarning)):
                dg.read_towns(file)


# ---------------------------------------------------------------- what broke once


def test_a_shapefile_cut_short_is_refused_and_loses_no_row_in_silence(tmp_path):
    towns = sample.villages().rename(columns={"village_name": "village_na"})
    file = write(towns, tmp_path / "v.shp", encoding="GBK")
    whole = {part: part.read_bytes() for part in tmp_path.iterdir()}
    for ending in (".shp", ".shx", ".dbf"):
        part = file.with_suffix(ending)
        part.write_bytes(whole[part][:-60])
        with pytest.raises(errors.BoundaryFileError, match="damaged or cut short"):
            dg.read_towns(file, columns={"town_name": "village_na"})
        part.write_bytes(whole[part])
    assert len(dg.read_towns(file, columns={"town_name": "village_na"})) == 4
    file.with_suffix(".shx").unlink()
    with pytest.raises(
        errors.BoundaryFileError, match=r"\.shx is missing\. Ask for the file again"
    ):
        dg.read_towns(file)


def test_a_prj_with_a_chinese_name_in_gbk_is_read(tmp_path):
    file = write(sample.town(), tmp_path / "t.shp", encoding="GBK")
    prj = file.with_suffix(".prj")
    text = prj.read_text().replace("CGCS2000_3_Degree_GK_CM_120E", "德清城建坐标系")
    assert "德清" in text
    prj.write_bytes(text.encode("gbk"))
    towns = dg.read_towns(file)

    assert towns.crs.to_epsg() == 4549 and towns.index.to_list() == ["纸上镇"]


def test_a_text_cut_inside_a_character_and_a_long_chinese_field_name_are_read(tmp_path):
    from tests.test_files import write_dbf

    file = write(sample.town().iloc[:1], tmp_path / "t.shp", encoding="UTF-8")
    value, name = "德清县武康街道办事处".encode()[:20], "乡镇名称".encode()[:10]
    write_dbf(file.with_suffix(".dbf"), [b"XZQMC", name], [[value, value]])
    towns = dg.read_towns(file)

    assert towns.index.to_list() == ["德清县武康街"]
    assert "乡镇名" in towns.columns


def test_a_geojson_that_hides_another_document_is_not_followed(tmp_path):
    secret = write(sample.town(), tmp_path / "secret.gpkg")
    vrt = (
        f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{secret}</SrcDataSource>'
        "<SrcLayer>secret</SrcLayer></OGRVRTLayer></OGRVRTDataSource>"
    )
    for name, head in (("a.geojson", '{"a":1}'), ("a.osm.pbf", "\0\0\0\x0e\x0a\x09OSMHeader")):
        file = tmp_path / name
        file.write_bytes((head + vrt).encode())
        with pytest.raises(errors.BoundaryFileError):
            dg.read_towns(file)


def test_a_view_is_refused_before_it_runs(tmp_path):
    import sqlite3

    file = write(sample.town(), tmp_path / "t.gpkg")
    with sqlite3.connect(file) as database:
        database.execute(
            "CREATE VIEW endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
            " SELECT x AS fid, NULL AS geom FROM n"
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)"
            " VALUES ('endless', 'features', 'endless', 4549)"
        )
    database.close()

    with pytest.raises(errors.BoundaryFileError, match="'endless' is a view"):
        dg.read_towns(file)


def test_a_field_that_carries_our_name_can_still_be_overruled(tmp_path):
    frame = sample.roads().assign(等级2="主干路")
    roads = dg.read_roads(write(frame, tmp_path / "r.gpkg"), columns={"road_class": "等级2"})

    assert set(roads["road_class"]) == {"arterial"}
    assert roads["road_class_given"].to_list()[1] == "branch"


def test_somebody_elses_figures_do_not_pass_for_ours(tmp_path):
    town = sample.town().assign(park_coverage=9.0, area_km2=1.0)
    towns = dg.read_towns(write(town, tmp_path / "t.gpkg"))

    assert "park_coverage" not in towns and towns["park_coverage_given"].to_list() == [9.0]


def test_of_several_classes_in_a_cell_the_highest_is_taken(tmp_path):
    values = [
        "['primary', 'secondary']",
        "residential;tertiary",
        "主干道",
        "国道",
        "次干路/支路",
        "branch",
    ]
    roads = dg.read_roads(write(sample.roads().assign(road_class=values), tmp_path / "r.gpkg"))

    assert roads["road_class"].to_list() == [
        "arterial", "branch", "arterial", "highway", "subarterial", "branch",
    ]  # fmt: skip
    assert roads.attrs["reading"]["classes_of_several"] == 3


def test_a_list_in_a_cell_is_read_too(tmp_path):
    import json

    file = write(sample.roads().to_crs(4326), tmp_path / "r.geojson")
    content = json.loads(file.read_text("utf-8"))
    content["features"][0]["properties"]["road_class"] = ["primary", "secondary"]
    file.write_text(json.dumps(content), encoding="utf-8")

    assert dg.read_roads(file)["road_class"].iloc[0] == "arterial"


def test_construction_is_not_open_in_any_format(tmp_path):
    highway = ["primary", "construction", "proposed", "primary", "primary", "primary"]
    frame = sample.roads().drop(columns=["road_class", "road_status"]).assign(
        highway=highway, construction=[None, "secondary", None, None, None, None]
    )  # fmt: skip
    roads = dg.read_roads(write(frame, tmp_path / "r.gpkg"))

    assert roads["road_status"].to_list()[1:3] == ["building", "planned"]
    assert roads["road_class"].to_list()[1:3] == ["subarterial", "unknown"]


def test_a_land_use_layer_without_a_known_code_field_is_not_taken_whole(tmp_path):
    frame = sample.homes()[["geometry"]]
    codes = write(frame.assign(用地代码=["0701", "1207", "0601"]), tmp_path / "c.gpkg")
    named = write(frame.assign(DLMC=["城镇住宅用地", "公路用地", "旱地"]), tmp_path / "n.gpkg")

    assert len(dg.read_homes(codes, landuse="guide")) == 1
    for file, says in ((codes, "either system"), (named, "without a field of codes")):
        with pytest.raises(errors.ColumnError, match=says):
            dg.read_homes(file)
        with pytest.raises(errors.ColumnError, match=says):
            dg.read_parks(file)


@pytest.mark.parametrize("bad", ["7.01E+02", "城镇住宅用地", "城镇住宅用地 0701", "72"])
def test_a_damaged_land_use_code_is_no_home_left_out_in_silence(tmp_path, bad):
    frame = sample.homes()[["geometry"]].assign(DLBM=[bad, "0701", "1107A"])

    with pytest.raises(errors.ColumnError, match="no codes of four digits"):
        dg.read_homes(write(frame, tmp_path / "h.gpkg"))


def test_blank_codes_and_a_layer_without_homes_are_told(tmp_path):
    frame = sample.homes()[["geometry"]]
    blank = write(frame.assign(DLBM=[None, "0701", "1003"]), tmp_path / "b.gpkg")
    with pytest.warns(errors.DeqingGeoWarning, match="blank in 1 rows"):
        assert len(dg.read_homes(blank)) == 1
    none = write(frame.assign(DLBM=["1003", "1004", "0101"]), tmp_path / "n.gpkg")
    with pytest.warns(errors.DeqingGeoWarning, match="not one of 3 rows"):
        assert len(dg.read_homes(none)) == 0


def test_one_stray_row_does_not_choose_the_zone(tmp_path):
    import pandas as pd

    stray = sample.villages().to_crs(4490)
    far = stray.iloc[:1].set_geometry(stray.iloc[:1].translate(-40, 0))
    both = pd.concat([stray, far.assign(village_name="远")])
    towns = dg.read_towns(write(both, tmp_path / "v.gpkg"), columns={"town_name": "village_name"})

    assert towns.crs.to_epsg() == 4549
    with pytest.raises(errors.CRSError, match=r"stretches land .*far away.* Rows: '远'"):
        dg.road_density(towns, sample.roads())


def test_options_that_mean_nothing_for_a_file_are_refused(tmp_path):
    file = write(sample.town(), tmp_path / "t.gpkg")
    with pytest.raises(errors.BoundaryFileError, match="for OpenStreetMap extracts"):
        dg.read_towns(file, admin_level=8)


def test_a_reference_of_other_land_is_no_check(tmp_path):
    file = write(sample.town(), tmp_path / "t.gpkg")
    elsewhere = sample.town()
    elsewhere.geometry = elsewhere.translate(20_000, 0)

    with pytest.raises(errors.CRSError, match="0% of their land in common"):
        dg.read_towns(file, reference=elsewhere)
    with pytest.raises(errors.CRSError, match="`reference` is empty"):
        dg.read_towns(file, reference=elsewhere.iloc[:0])


def test_control_characters_never_reach_a_console(tmp_path):
    file = write(sample.town().assign(town_name="\x1b[31m红镇\n"), tmp_path / "t.gpkg")

    assert dg.read_towns(file)["town_name"].to_list() == ["[31m红镇"]


def test_a_file_may_be_called_anything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("[武康]界.gpkg", "{x}.gpkg", "a:b.gpkg"):
        write(sample.town(), tmp_path / name, layer="x")
        assert len(dg.read_towns(name)) == 1


def test_a_motorway_alone_is_no_sign_of_openstreetmap(tmp_path):
    roads = sample.roads().assign(road_class=["motorway", *["branch"] * 5])
    roads.to_file(tmp_path / "roads.gpkg")

    read = dg.read_roads(tmp_path / "roads.gpkg")

    assert "proxy" not in read.attrs["reading"]
    assert read["road_class"].iloc[0] == "motorway"


def test_files_of_the_made_up_county_say_so_when_they_are_read_again(tmp_path):
    dg.save_layers(tmp_path / "p.gpkg", {"parks": sample.parks(), "homes": sample.homes()})

    parks = dg.read_parks(tmp_path / "p.gpkg", layer="parks")
    homes = dg.read_homes(tmp_path / "p.gpkg", layer="homes", like=parks)

    notice = columns.word("notice.schematic")
    assert parks.attrs["notice"] == homes.attrs["notice"] == notice
    real = sample.villages()
    real.attrs.clear()
    assert dg.park_coverage(real, parks, homes).notices[0] == notice


def test_another_notice_is_the_readers_own_affair(tmp_path):
    parks = sample.parks().assign(notice="报废")
    parks.attrs.clear()
    parks.to_file(tmp_path / "p.gpkg")

    assert "notice" not in dg.read_parks(tmp_path / "p.gpkg").attrs
