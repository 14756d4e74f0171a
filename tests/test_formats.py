"""What belongs to one kind of file: layers chosen by schema, drawings, counties, notes."""

import warnings
import zipfile

import geopandas as gpd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors, sample

from .broken.cases import CODES, NAMES, squares, write


def drawing(file, layers, encoding="utf-8"):
    """A drawing of closed lines, lines, text and a block, as CASS exports it."""
    rows = ["0", "SECTION", "2", "ENTITIES"]
    for layer, kind, coords in layers:
        if kind == "text":
            (x, y) = coords[0]
            rows += ["0", "TEXT", "8", layer, "10", str(x), "20", str(y), "40", "5", "1", "甲村"]
            continue
        closed = int(kind == "closed")
        rows += ["0", "LWPOLYLINE", "100", "AcDbEntity", "8", layer, "100", "AcDbPolyline"]
        rows += ["90", str(len(coords)), "70", str(closed)]
        for x, y in coords:
            rows += ["10", str(x), "20", str(y)]
    rows += ["0", "ENDSEC", "0", "EOF"]
    file.write_bytes(("\r\n".join(rows) + "\r\n").encode(encoding))
    return file


SQUARE = [(500000, 3380000), (501000, 3380000), (501000, 3381000), (500000, 3381000)]
LINE = [(500000, 3380500), (501000, 3380500)]


# ---------------------------------------------------------------- layers


def test_each_layer_of_the_survey_is_found_by_name_and_fields(tmp_path):
    file = tmp_path / "三调.gdb"
    write(sample.town()[["geometry"]].assign(XZQDM="330521001", XZQMC="纸上镇"), file, layer="XZQ")
    write(squares(), file, layer="CJDCQ", append=True)
    parcels = squares().assign(DLBM=["0701", "0810", "1003", "0101"])
    write(parcels, file, layer="DLTB", append=True)
    write(squares()[["geometry"]].assign(CZMC="x"), file, layer="CZKFBJ", append=True)

    found = {
        "XZQ": dg.read_towns(file),
        "CJDCQ": dg.read_villages(file),
        "DLTB": dg.read_homes(file),
        "CZKFBJ": dg.read_layer(file, "boundaries"),
    }

    assert {name: one.attrs["reading"]["layer"] for name, one in found.items()} == {
        name: name for name in found
    }
    assert [len(one) for one in found.values()] == [1, 4, 1, 4]
    assert dg.read_parks(file)["park_class"].to_list() == ["park_and_green"]


def test_a_layer_of_an_unknown_name_is_found_by_its_fields(tmp_path):
    file = tmp_path / "a.gpkg"
    write(squares(), file, layer="图层1")
    write(squares()[["geometry"]].assign(BZ="x"), file, layer="图层2", append=True)

    villages = dg.read_villages(file)

    assert villages.attrs["reading"]["layer"] == "图层1"
    assert villages.attrs["reading"]["layer_why"].startswith("its fields")


def test_parcels_never_pass_for_villages_beside_another_layer(tmp_path):
    file = tmp_path / "a.gpkg"
    write(squares().assign(DLBM="0701"), file, layer="村界地类")
    write(squares(), file, layer="别的", append=True)

    assert dg.read_villages(file).attrs["reading"]["layer"] == "别的"


def test_a_file_of_a_zip_is_named_by_its_path_where_its_name_is_not_enough(tmp_path):
    for folder in ("2024", "2025"):
        (tmp_path / folder).mkdir()
        write(squares(), tmp_path / folder / "村界.geojson")
    archive = tmp_path / "两年.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for folder in ("2024", "2025"):
            zipped.write(tmp_path / folder / "村界.geojson", f"{folder}/村界.geojson")

    with pytest.raises(errors.BoundaryFileError, match=r"2024/村界\.geojson, 2025/村界\.geojson"):
        dg.read_villages(archive)
    villages = dg.read_villages(archive, layer="2025/村界.geojson")
    assert villages.attrs["reading"]["file"] == "两年.zip/2025/村界.geojson"


@pytest.mark.parametrize("read", ["villages", "roads"])
def test_a_damaged_file_in_a_zip_is_in_nobodys_way_but_its_readers(tmp_path, read):
    write(squares(), tmp_path / "村界.shp")
    write(sample.roads()[["geometry"]].assign(DLDJ="主干路"), tmp_path / "道路.shp")
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for part in sorted(tmp_path.glob("*.*")):
            if part.name not in ("all.zip", "道路.dbf"):
                zipped.write(part, part.name)

    if read == "villages":
        assert len(dg.read_villages(archive)) == 4
    else:
        with pytest.raises(errors.BoundaryFileError, match=r"道路\.shp: its \.dbf is missing"):
            dg.read_roads(archive)


# ---------------------------------------------------------------- drawings


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_closed_lines_of_a_drawing_are_areas_and_writing_is_counted(tmp_path, encoding):
    file = drawing(
        tmp_path / "d.dxf",
        [
            ("建成区", "closed", SQUARE),
            ("建成区", "text", SQUARE),
            ("ZJ", "text", SQUARE),
            ("道路中心线", "open", LINE),
        ],
        encoding,
    )
    zone = dg.read_zone(file, source="建设局", as_of="2025-12-31", assume_crs=4549)

    assert float(zone.area.sum()) == pytest.approx(1e6)
    assert zone.attrs["reading"]["layer"] == "建成区"
    assert zone.attrs["reading"]["writing_left_out"] == 2
    assert "注记、图块等未读入: 2" in str(dg.reading_notes(zone))


def test_the_layer_of_a_drawing_is_the_class_of_its_roads(tmp_path):
    shapes = [("主干路", "open", LINE), ("支路", "open", LINE), ("JJ", "open", LINE)]
    file = drawing(tmp_path / "d.dxf", [*shapes, ("ZJ", "text", LINE)])

    roads = dg.read_roads(file, assume_crs=4549)

    assert roads["road_class"].to_list() == ["arterial", "branch"]
    assert "按道路等级命名的图层" in str(dg.reading_notes(roads))


def test_both_sides_of_a_road_are_never_taken_for_its_middle(tmp_path):
    file = drawing(tmp_path / "d.dxf", [("DLSS", "open", LINE), ("JMD", "closed", SQUARE)])

    with pytest.raises(errors.BoundaryFileError, match="DLSS holds both sides of roads"):
        dg.read_roads(file, assume_crs=4549)
    with (
        pytest.warns(errors.DeqingGeoWarning, match="lengths from it count twice"),
        pytest.raises(errors.ColumnError),
    ):
        dg.read_roads(file, assume_crs=4549, layer="DLSS")


def test_a_drawing_whose_layer_is_open_asks_which_with_its_counts(tmp_path):
    shapes = [("甲", "closed", SQUARE), ("乙", "closed", SQUARE), ("乙", "closed", SQUARE)]
    file = drawing(tmp_path / "d.dxf", shapes)

    with pytest.raises(errors.BoundaryFileError, match=r"乙 \(2\), 甲 \(1\)"):
        dg.read_zone(file, source="s", as_of="2025-12-31", assume_crs=4549)


def test_lines_that_do_not_close_are_no_areas_and_told(tmp_path):
    file = drawing(tmp_path / "d.dxf", [("建成区", "closed", SQUARE), ("建成区", "open", LINE)])

    with pytest.warns(errors.DeqingGeoWarning, match="1 entities of layer '建成区'"):
        zone = dg.read_zone(file, source="s", as_of="2025-12-31", assume_crs=4549)
    assert len(zone) == 1


# ---------------------------------------------------------------- rows


def test_the_parts_of_a_village_with_an_enclave_are_one_row_and_told(tmp_path):
    frame = squares()
    aside = shapely.box(502_200, 3_380_200, 502_300, 3_380_300)
    twin = gpd.GeoDataFrame(
        {"ZLDWDM": CODES[:1], "ZLDWMC": NAMES[:1]}, geometry=[aside], crs=frame.crs
    )
    file = write(gpd.pd.concat([frame, twin], ignore_index=True), tmp_path / "v.gpkg")

    with pytest.warns(errors.DeqingGeoWarning, match="2 rows share their code and name"):
        villages = dg.read_villages(file)
    assert villages.index.to_list() == CODES
    assert villages.loc[CODES[0]].geometry.area == pytest.approx(1e6 + 1e4)
    assert villages.attrs["reading"]["joined"] == (CODES[0],)


def test_one_code_under_two_names_is_refused_with_the_code(tmp_path):
    file = write(squares().assign(ZLDWDM=[CODES[0], *CODES[:3]]), tmp_path / "v.gpkg")

    with pytest.raises(errors.CodeError, match="repeats codes under several names") as caught:
        dg.read_villages(file)
    assert set(caught.value.rows) == {CODES[0]}


@pytest.mark.parametrize("tail", ["", "000", "000000", "0000000000000"])
def test_a_countys_code_is_six_digits_however_it_is_padded(tmp_path, tail):
    outline = sample.town()[["geometry"]].assign(XZQDM=f"330521{tail}", XZQMC="德清县")

    counties = dg.read_counties(write(outline, tmp_path / "c.gpkg"))

    assert counties["county_name"].to_dict() == {"330521": "德清县"}


def test_towns_are_no_counties(tmp_path):
    outline = sample.town()[["geometry"]].assign(XZQDM="330521001", XZQMC="纸上镇")

    with pytest.raises(errors.CodeError, match="read_towns"):
        dg.read_counties(write(outline, tmp_path / "c.gpkg"))


def test_chinese_codes_outside_china_are_refused(tmp_path):
    far = squares().to_crs(4490)
    moved = shapely.transform(far.geometry.to_numpy(), lambda one: one - [100, 0])
    file = write(far.set_geometry(gpd.GeoSeries(moved, crs=4490)), tmp_path / "v.gpkg")

    with pytest.raises(errors.CRSError, match="lies outside China"):
        dg.read_villages(file)


# ---------------------------------------------------------------- place


def test_a_reference_places_a_file_and_never_another_datum(tmp_path):
    """A hundred metres aside, as Xian 80 lies, is another datum and not another outline."""
    file = write(squares(), tmp_path / "v.shp")
    file.with_suffix(".prj").unlink()
    aside = sample.town()
    aside = aside.set_geometry(aside.translate(75, 75))

    assert dg.read_villages(file, reference=sample.town()).crs.to_epsg() == 4549
    with pytest.raises(errors.CRSError, match="off the reference"):
        dg.read_villages(file, reference=aside)


def test_shapes_that_cross_themselves_are_placed_all_the_same(tmp_path):
    frame = squares()
    (x, y), *_ = SQUARE
    bowtie = shapely.Polygon([(x, y), (x + 1000, y + 1000), (x, y + 1000), (x + 1000, y), (x, y)])
    frame.loc[0, "geometry"] = bowtie
    file = write(frame, tmp_path / "v.shp")
    file.with_suffix(".prj").unlink()

    with pytest.warns(errors.RepairWarning, match="crossed themselves"):
        villages = dg.read_villages(file, reference=sample.town())
    assert villages.crs.to_epsg() == 4549
    assert dg.read_received(file, reference=sample.town()).crs.to_epsg() == 4549


def test_a_reference_of_other_land_places_nothing(tmp_path):
    file = write(squares(), tmp_path / "v.shp")
    file.with_suffix(".prj").unlink()
    elsewhere = sample.town()
    elsewhere = elsewhere.set_geometry(elsewhere.translate(20_000, 0))

    with pytest.raises(errors.CRSError, match="in none that its numbers allow"):
        dg.read_villages(file, reference=elsewhere)


# ---------------------------------------------------------------- notes


def test_notes_tell_every_decision_in_chinese_a_gbk_console_can_print(tmp_path):
    from .broken.cases import packed

    archive = packed(tmp_path, "shp", "成果/矢量/", "gbk")
    notes = dg.reading_notes(dg.read_villages(archive))

    assert str(notes).splitlines() == [
        "文件: 成果.zip/成果/矢量/村界.shp",
        "格式: ESRI Shapefile",
        "图层: 村界",
        "文字编码: GB18030(全部文字均为GB 2312常用字)",
        "坐标系: EPSG:4549(文件自带)",
        "换算到: EPSG:4549",
        "字段对应: ZLDWDM→行政区划代码、ZLDWMC→村(社区)名称",
        "记录数: 4",
        "代码体系: 全国统一代码",
    ]
    str(notes).encode("gbk")
    assert "成果.zip" in notes._repr_html_()


def test_a_name_cannot_run_from_the_notes(tmp_path):
    file = write(squares().rename(columns={"ZLDWMC": "<b>村名"}), tmp_path / "<i>.geojson")
    villages = dg.read_villages(file, columns={"village_name": "<b>村名"})

    assert "<i>" not in dg.reading_notes(villages)._repr_html_()
    assert "<b>" not in dg.reading_notes(villages)._repr_html_()


def test_a_frame_that_was_not_read_has_no_notes():
    with pytest.raises(errors.InputError, match="no reading notes"):
        dg.reading_notes(sample.villages())


def test_every_reader_leaves_notes_that_can_be_told(tmp_path):
    county = sample.county(1)
    for name, read in (("roads", dg.read_roads), ("parks", dg.read_parks)):
        frame = getattr(county, name).head(20)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = write(frame, tmp_path / f"{name}.gpkg")
            told = str(dg.reading_notes(read(file)))
        assert "记录数: 20" in told
        # No word of ours stays untranslated: every line begins with a Chinese one.
        assert all(line[0] > "\u3000" for line in told.splitlines()), told
