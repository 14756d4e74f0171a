"""Bytes judged before GDAL sees them, and files written whole or not at all."""

import os
import struct
from pathlib import Path

import pytest

from deqing_geo.errors import BoundaryFileError, ExportError
from deqing_geo.files import (
    KINDS,
    Source,
    dbf_encoding,
    kind_of,
    local_file,
    parts,
    sha256,
    whole_file,
    whole_folder,
)


def write_dbf(path: Path, names: list[bytes], rows: list[list[bytes]], width: int = 20) -> None:
    """A minimal dBASE III table with character fields."""
    header = struct.pack(
        "<4BIHH20x", 3, 126, 1, 1, len(rows), 32 + 32 * len(names) + 1, 1 + width * len(names)
    )
    fields = b"".join(
        name[:10].ljust(11, b"\0") + b"C" + bytes(4) + bytes([width, 0]) + bytes(14)
        for name in names
    )
    body = b"".join(b" " + b"".join(v[:width].ljust(width) for v in row) for row in rows)
    path.write_bytes(header + fields + b"\r" + body + b"\x1a")


def shapefile(tmp_path, values, cpg=None, names=(b"XZQMC",), width=20):
    file = tmp_path / "towns.shp"
    file.write_bytes(b"\x00\x00\x27\x0a" + bytes(96))
    write_dbf(tmp_path / "towns.dbf", list(names), [[value] for value in values], width)
    if cpg is not None:
        (tmp_path / "towns.cpg").write_text(cpg, encoding="ascii")
    return file


def shown(file: Path) -> Source:
    return Source(file, kind_of(file.name, KINDS))


TOWNS = ["武康街道", "乾元镇", "新市镇", "莫干山镇"]


@pytest.mark.parametrize("cpg", [None, "", "OEM", "ANSI 936", "GBK", "936", "ISO-8859-1", "UTF-8"])
def test_a_gbk_table_is_found_whatever_the_cpg_says(tmp_path, cpg):
    file = shapefile(tmp_path, [name.encode("gbk") for name in TOWNS], cpg)

    assert dbf_encoding(shown(file))[0] == "GB18030"


@pytest.mark.parametrize("cpg", [None, "", "GBK", "936", "UTF-8", "ISO-8859-1"])
def test_a_utf8_table_is_found_whatever_the_cpg_says(tmp_path, cpg):
    file = shapefile(tmp_path, [name.encode("utf-8") for name in TOWNS], cpg)

    assert dbf_encoding(shown(file))[0] == "UTF-8"


def test_a_utf8_character_cut_at_the_fields_end_is_no_fault(tmp_path):
    file = shapefile(tmp_path, ["德清县武康街道".encode()[:20], "乾元镇".encode()])

    assert dbf_encoding(shown(file))[0] == "UTF-8"


def test_rare_hanzi_need_gb18030(tmp_path):
    file = shapefile(tmp_path, ["䶮村".encode("gb18030"), "𠮷村".encode("gb18030")])

    assert dbf_encoding(shown(file))[0] == "GB18030"


def test_a_chinese_field_name_is_evidence_too(tmp_path):
    file = shapefile(tmp_path, [b"A", b"B"], names=("名称".encode("gbk"),))

    assert dbf_encoding(shown(file))[0] == "GB18030"


def test_latin_text_is_what_its_cpg_says(tmp_path):
    file = shapefile(tmp_path, ["São Miguel".encode("latin-1"), "Açores".encode("latin-1")], "1252")

    assert dbf_encoding(shown(file))[0] == "cp1252"


def test_big5_is_what_its_cpg_says(tmp_path):
    file = shapefile(tmp_path, ["峨眉鄉".encode("big5"), "竹東鎮".encode("big5")], "Big5")

    assert dbf_encoding(shown(file))[0] == "big5"


def test_a_plain_table_needs_no_judgement(tmp_path):
    assert dbf_encoding(shown(shapefile(tmp_path, [b"A"])))[0] == "UTF-8"


def test_bytes_of_no_encoding_are_refused(tmp_path):
    file = shapefile(tmp_path, [b"\xff\xfe\x80"])

    with pytest.raises(BoundaryFileError, match="neither UTF-8 nor GB 18030"):
        dbf_encoding(shown(file))


@pytest.mark.parametrize("content", [b"", b"\x03", b"\x03" + bytes(31), b"\x03" + bytes(40)])
def test_a_damaged_table_is_refused(tmp_path, content):
    file = shapefile(tmp_path, [b"A"])
    file.with_suffix(".dbf").write_bytes(content)

    with pytest.raises(BoundaryFileError, match="damaged"):
        dbf_encoding(shown(file))


def test_a_shapefile_without_its_table_is_refused(tmp_path):
    file = shapefile(tmp_path, [b"A"])
    file.with_suffix(".dbf").unlink()

    with pytest.raises(BoundaryFileError, match=r"\.dbf is missing"):
        dbf_encoding(shown(file))


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/https://example.org/a.gpkg",
        "/vsizip/a.zip/a.shp",
        "https://example.org/a.geojson",
        "CSV:/etc/passwd",
        "PG:dbname=x",
        '{"type": "FeatureCollection", "features": []}',
        "<OGRVRTDataSource/>",
        "a\0b.gpkg",
    ],
)
def test_what_is_no_local_path_never_reaches_gdal(path):
    with pytest.raises(BoundaryFileError, match="not a file on this machine"):
        local_file(path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.shp", b"<OGRVRTDataSource>", "not a Shapefile"),
        ("a.gpkg", b"<OGRVRTDataSource>", "not a GeoPackage"),
        ("a.geojson", b"<OGRVRTDataSource>", "not a GeoJSON"),
        ("a.osm.pbf", b"<OGRVRTDataSource>", "not a OpenStreetMap extract"),
        ("a.dwg", b"AC1032", "DXF"),
        ("a.mdb", b"x", "ArcGIS"),
        ("a.zip", b"PK", "解压"),
        ("a.docx", b"PK", "not one of"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_with_the_cure(tmp_path, name, content, said):
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(BoundaryFileError, match=said):
        local_file(file)


def test_an_absent_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(BoundaryFileError, match="no such file"):
        local_file(tmp_path / "a.gpkg")
    (tmp_path / "b.gpkg").mkdir()
    with pytest.raises(OSError, match="not one of"):
        local_file(tmp_path / "b.gpkg")


def test_a_shapefile_is_all_its_parts(tmp_path):
    file = shapefile(tmp_path, [b"A"], cpg="UTF-8")

    assert [part.suffix for part in parts(file)] == [".shp", ".dbf", ".cpg"]
    assert parts(tmp_path / "a.gpkg") == [tmp_path / "a.gpkg"]


def test_sha256_is_the_files(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"abc")

    assert sha256(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_failing_write_leaves_what_was_there(tmp_path):
    file = tmp_path / "map.html"
    file.write_text("old")

    with pytest.raises(ZeroDivisionError), whole_file(file) as draft:
        draft.write_text("new")
        _ = 1 / 0
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["map.html"]


def test_a_folder_in_the_place_of_a_file_is_our_error(tmp_path):
    (tmp_path / "map.html").mkdir()
    with (
        pytest.raises(ExportError, match="a folder stands there"),
        whole_file(tmp_path / "map.html") as d,
    ):
        d.write_text("x")
    assert os.listdir(tmp_path) == ["map.html"]


def test_a_folder_arrives_whole_or_not_at_all(tmp_path):
    out = tmp_path / "out"
    with whole_folder(out, last="manifest.json") as draft:
        (draft / "manifest.json").write_text("1")
        (draft / "a.csv").write_text("1")
    with pytest.raises(KeyboardInterrupt), whole_folder(out, last="manifest.json") as draft:
        (draft / "a.csv").write_text("2")
        raise KeyboardInterrupt
    assert (out / "a.csv").read_text() == "1"
    assert sorted(os.listdir(tmp_path)) == ["out"]


def test_a_file_in_the_place_of_a_folder_is_our_error(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(ExportError), whole_folder(tmp_path / "out", last="m") as draft:
        (draft / "m").write_text("1")
    assert (tmp_path / "out").read_text() == "x"
