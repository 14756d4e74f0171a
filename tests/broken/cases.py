"""Files as offices send them: each broken in one way, its outcome named beforehand.

A case makes a file of the same four villages and says whether it must be read (and then
every name, code and square metre must be right) or refused with which words.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS

from deqing_geo import sample

CODES = ["330521001901", "330521001902", "330521001903", "330521001904"]
NAMES = ["甲村", "乙村", "丙村", "丁村"]
RARE = ["䶮村", "喆村", "镕村", "堃村"]


@dataclass(frozen=True)
class Case:
    """One file and what must come of it."""

    name: str
    make: Callable[[Path], Path]
    refused: str | None = None
    names: list[str] | None = field(default_factory=lambda: list(NAMES))
    national: bool = True
    options: dict[str, Any] = field(default_factory=dict)
    reference: bool = False
    warns: bool = False

    def __str__(self) -> str:
        return self.name


def squares(names: list[str] = NAMES) -> gpd.GeoDataFrame:
    """Four villages of a square kilometre each, in the survey's fields."""
    frame = sample.villages()
    return gpd.GeoDataFrame(
        {"ZLDWDM": CODES, "ZLDWMC": names},
        geometry=np.asarray(frame.geometry.array),
        crs=frame.crs,
    )


def in_system(frame: gpd.GeoDataFrame, epsg: int) -> gpd.GeoDataFrame:
    """The same land in another system; degrees of WGS 84 and CGCS2000 are one."""
    if epsg == 4326:
        return frame.to_crs(4490).set_crs(4326, allow_override=True)
    if epsg == 32650:
        return frame.to_crs(4490).set_crs(4326, allow_override=True).to_crs(32650)
    return frame.to_crs(epsg)


def turned(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """North before east."""
    shapes = shapely.transform(np.asarray(frame.geometry.array), lambda one: one[:, ::-1])
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=frame.crs)


def write(frame: gpd.GeoDataFrame, file: Path, **options: Any) -> Path:
    """By GDAL, in the driver its ending says."""
    driver = {
        ".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".json": "GeoJSON",
        ".gdb": "OpenFileGDB", ".fgb": "FlatGeobuf", ".kml": "LIBKML", ".tab": "MapInfo File",
        ".mif": "MapInfo File", ".dxf": "DXF",
    }.get(file.suffix)  # fmt: skip
    if driver is None:
        frame.to_parquet(file)
        return file
    if driver in ("ESRI Shapefile", "MapInfo File"):
        options.setdefault("encoding", "GBK")
    if driver == "OpenFileGDB":
        options.setdefault("promote_to_multi", True)
    pyogrio.write_dataframe(frame, file, driver=driver, **options)
    return file


# ---------------------------------------------------------------- text


def encodings() -> Iterator[Case]:
    """A table's encoding against what its .cpg and its language byte say."""
    declared = [None, "", "GBK", "936", "CP936", "GB2312", "UTF-8", "OEM", "ANSI 936",
                "\ufeffGBK", "ISO-8859-1"]  # fmt: skip
    for body, names in (("GBK", NAMES), ("UTF-8", NAMES), ("GB18030", RARE)):
        for cpg in declared:
            for language in (0x00, 0x57, 0x4D):

                def make(folder: Path, body=body, names=names, cpg=cpg, language=language) -> Path:
                    file = write(squares(names), folder / "村.shp", encoding=body)
                    mark = file.with_suffix(".cpg")
                    mark.unlink(missing_ok=True)
                    if cpg is not None:
                        mark.write_text(cpg, encoding="utf-8")
                    table = file.with_suffix(".dbf")
                    raw = bytearray(table.read_bytes())
                    raw[29] = language
                    table.write_bytes(raw)
                    return file

                # Rare hanzi fit nothing but GB 18030, and the reader is told to look.
                yield Case(
                    f"{body} body, .cpg {cpg!r}, language {language:#04x}",
                    make,
                    names=list(names),
                    warns=body == "GB18030",
                )


def long_texts() -> Iterator[Case]:
    """Fields and values cut inside a character."""

    def chinese_field(folder: Path) -> Path:
        frame = squares().rename(columns={"ZLDWMC": "行政村名称"})
        return write(frame, folder / "v.shp", encoding="UTF-8")

    yield Case(
        "a Chinese field name cut at ten bytes", chinese_field,
        options={"columns": {"village_name": "行政村"}},
    )  # fmt: skip
    for body in ("UTF-8", "GBK"):

        def make(folder: Path, body=body) -> Path:
            frame = squares().assign(BZ=["说明文字" * 40] * 4)
            return write(frame, folder / "v.shp", encoding=body)

        yield Case(f"a remark longer than its field, {body}", make)


# ---------------------------------------------------------------- place

SYSTEMS = (4490, 4326, 4549, 4528, 32650, 3857)
ESRI = {
    "CGCS_2000 datum": lambda wkt: wkt.replace("D_China_2000", "D_CGCS_2000"),
    "CGCS2000 datum": lambda wkt: wkt.replace("D_China_2000", "D_CGCS2000"),
    "Transverse_Mercator": lambda wkt: wkt.replace("Gauss_Kruger", "Transverse_Mercator"),
    "a Chinese name": lambda wkt: wkt.replace("CGCS2000_3_Degree", "国家2000_3度带"),
    "another name": lambda wkt: wkt.replace("CGCS2000_3_Degree_GK_CM_120E", "LOCAL_120"),
}


def places() -> Iterator[Case]:
    """Coordinate systems said, not said, said wrongly, and with axes swapped."""
    for ending in ("shp", "gpkg", "fgb"):
        for epsg in SYSTEMS:
            for swapped in (False, True):

                def make(folder: Path, ending=ending, epsg=epsg, swapped=swapped) -> Path:
                    frame = in_system(squares(), epsg)
                    return write(turned(frame) if swapped else frame, folder / f"v.{ending}")

                # Web Mercator reaches around the world: its axes cannot be told apart.
                if epsg == 3857 and swapped:
                    yield Case(f"{ending} in {epsg}, swapped", make, refused="outside China")
                    continue
                yield Case(
                    f"{ending} in {epsg}{', swapped' if swapped else ''}", make, warns=swapped
                )
    for epsg in SYSTEMS:
        for swapped in (False, True):
            for known in (False, True):

                def unsaid(folder: Path, epsg=epsg, swapped=swapped) -> Path:
                    frame = in_system(squares(), epsg)
                    file = write(turned(frame) if swapped else frame, folder / "v.shp")
                    file.with_suffix(".prj").unlink()
                    return file

                yield Case(
                    f"no .prj, {epsg}{', swapped' if swapped else ''}"
                    f"{', with a reference' if known else ''}",
                    unsaid,
                    refused=None if known else "no coordinate system",
                    reference=known,
                    warns=known and swapped,
                )
    for epsg in (4549, 4528, 32650):
        for known in (False, True):

            def false(folder: Path, epsg=epsg) -> Path:
                frame = in_system(squares(), epsg)
                return write(frame.set_crs(4326, allow_override=True), folder / "v.gpkg")

            yield Case(
                f"projected numbers said to be degrees, {epsg}{', with a reference' * known}",
                false,
                refused=None if known else "not degrees",
                reference=known,
                warns=known,
            )

            def bare(folder: Path, epsg=epsg) -> Path:
                frame = in_system(squares(), epsg)
                document = json.loads(frame.to_json())
                document.pop("crs", None)
                file = folder / "v.geojson"
                file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
                return file

            yield Case(
                f"projected GeoJSON, {epsg}{', with a reference' * known}",
                bare,
                refused=None if known else "not degrees",
                reference=known,
                warns=known,
            )
    for title, change in ESRI.items():
        for epsg in (4549, 4528):

            def esri(folder: Path, change=change, epsg=epsg) -> Path:
                file = write(in_system(squares(), epsg), folder / "v.shp")
                text = change(CRS.from_epsg(epsg).to_wkt("WKT1_ESRI"))
                encoding = "gbk" if not text.isascii() else "ascii"
                file.with_suffix(".prj").write_text(text, encoding=encoding)
                return file

            yield Case(f".prj with {title}, {epsg}", esri)
    for epsg, title in ((2364, "Xian 80 zone 40"), (2416, "Beijing 54 zone 40")):

        def older(folder: Path, epsg=epsg) -> Path:
            frame = in_system(squares(), 4528).set_crs(epsg, allow_override=True)
            return write(frame, folder / "v.gpkg")

        yield Case(title, older, refused="no exact way")
    for datum in ("gcj02", "bd09"):
        for declared in (False, True):

            def shifted(folder: Path, datum=datum) -> Path:
                from deqing_geo import crs

                move = crs.wgs84_to_gcj02 if datum == "gcj02" else crs.wgs84_to_bd09
                frame = in_system(squares(), 4326)
                shapes = shapely.transform(
                    np.asarray(frame.geometry.array),
                    lambda one: np.column_stack(move(one[:, 0], one[:, 1])),
                )
                return write(frame.set_geometry(gpd.GeoSeries(shapes, crs=4326)), folder / "v.gpkg")

            yield Case(
                f"shifted by {datum}, {'declared' if declared else 'not declared'}",
                shifted,
                refused=None if declared else "map service",
                options={"datum": datum} if declared else {},
                reference=True,
            )


# ---------------------------------------------------------------- containers

ENDINGS = ("gpkg", "shp", "geojson", "json", "gdb", "fgb", "parquet", "kml", "tab", "mif")


def members(file: Path) -> list[Path]:
    """All that belongs to a layer's file."""
    if file.is_dir():
        return sorted(file.iterdir())
    return sorted(part for part in file.parent.iterdir() if part.stem == file.stem)


class _Named(zipfile.ZipInfo):
    """A member whose name is written as some system does: GBK or UTF-8, and not said so."""

    how = "flag"

    def _encodeFilenameFlags(self):  # noqa: N802
        if self.how == "flag":
            return super()._encodeFilenameFlags()
        return self.filename.encode(self.how), 0


def packed(folder: Path, ending: str, inside: str, names: str) -> Path:
    """A zip with a layer in it, in nested folders, its names as their system writes them."""
    file = write(squares(), folder / f"村界.{ending}")
    archive = folder / "成果.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for part in members(file):
            if part == archive:
                continue
            path = f"{inside}{file.name}/{part.name}" if file.is_dir() else f"{inside}{part.name}"
            info = _Named(path)
            info.compress_type, info.how = zipfile.ZIP_DEFLATED, names
            zipped.writestr(info, part.read_bytes())
    for part in members(file):
        if part != archive:
            part.unlink()
    return archive


def containers() -> Iterator[Case]:
    """Every kind of file, alone and inside zips of three systems."""
    for ending in ENDINGS:
        yield Case(f"a {ending}", lambda folder, e=ending: write(squares(), folder / f"v.{e}"))
        for title, inside, names in (
            ("at the root", "", "flag"),
            ("in Chinese folders", "德清县/成果/矢量/", "flag"),
            ("zipped by Windows", "德清县/成果/", "gbk"),
            ("zipped by a Mac", "成果/", "utf-8"),
        ):
            yield Case(
                f"a zip with a {ending} {title}",
                lambda folder, e=ending, i=inside, n=names: packed(folder, e, i, n),
            )
    for ending in ("shp", "geojson", "gpkg", "tab"):

        def shout(folder: Path, ending=ending) -> Path:
            file = write(squares(), folder / f"v.{ending}")
            for part in members(file):
                part.rename(part.with_name(part.name.upper()))
            return folder / f"V.{ending.upper()}"

        yield Case(f"a {ending} in capitals", shout)

    def among(folder: Path, ending: str) -> Path:
        file = folder / f"三调.{ending}"
        write(squares(), file, layer="CJDCQ")
        outline = sample.town()[["geometry"]].assign(XZQDM="330521001", XZQMC="纸上镇")
        write(outline, file, layer="XZQ", append=True)
        parcels = squares().assign(DLBM="0701").rename(columns={"ZLDWMC": "DLMC"})
        write(parcels, file, layer="DLTB", append=True)
        return file

    for ending in ("gdb", "gpkg"):
        yield Case(f"villages among the survey's layers, {ending}", lambda f, e=ending: among(f, e))

    def two_files(folder: Path) -> Path:
        write(squares(), folder / "CJDCQ.shp")
        write(sample.town()[["geometry"]].assign(XZQMC="纸上镇"), folder / "XZQ.shp")
        archive = folder / "all.zip"
        with zipfile.ZipFile(archive, "w") as zipped:
            for part in sorted(folder.iterdir()):
                if part != archive:
                    zipped.write(part, f"数据/{part.name}")
        return archive

    yield Case("two shapefiles in a zip", two_files)

    def kmz(folder: Path) -> Path:
        file = write(squares(), folder / "doc.kml")
        with zipfile.ZipFile(folder / "v.kmz", "w") as zipped:
            zipped.write(file, "doc.kml")
        file.unlink()
        return folder / "v.kmz"

    yield Case("a KMZ", kmz)


# ---------------------------------------------------------------- codes and fields


def codes() -> Iterator[Case]:
    """Codes as spreadsheets and databases leave them."""
    fine: dict[str, list[Any]] = {
        "text": CODES,
        "nineteen digits": [f"{code}0000000" for code in CODES],
        "whole numbers": [int(code) for code in CODES],
        "floats": [float(code) for code in CODES],
        "a trailing .0": [f"{code}.0" for code in CODES],
        "an apostrophe": [f"'{code}" for code in CODES],
        "blanks around": [f" {code}\u3000" for code in CODES],
        "a byte-order mark": [f"\ufeff{code}" for code in CODES],
        "full-width digits": [
            "".join(chr(ord(digit) + 0xFEE0) for digit in code) for code in CODES
        ],
    }
    for title, values in fine.items():
        for ending in ("gpkg", "fgb", "parquet"):
            yield Case(
                f"codes as {title}, {ending}",
                lambda f, v=values, e=ending: write(squares().assign(ZLDWDM=v), f / f"v.{e}"),
            )
    tails = [f"{code}0000001" for code in CODES]
    yield Case(
        "codes with tails",
        lambda f: write(squares().assign(ZLDWDM=tails), f / "v.gpkg"),
        warns=True,
    )
    broken: dict[str, tuple[list[Any], str]] = {
        "scientific notation": (["3.30521E+11"] * 4, "scientific"),
        "nineteen digits as floats": ([float(f"{code}0000000") for code in CODES], "lost digits"),
        "one blank": ([*CODES[:3], None], "damaged or missing"),
        "one cut short": ([*CODES[:3], "33052100190"], "damaged or missing"),
        "one twice": ([*CODES[:3], CODES[0]], "repeats"),
        "a letter O": ([*CODES[:3], "33O521001904"], "damaged or missing"),
        "towns' codes": (["330521001", "330521002", "330521003", "330521004"], "read_towns"),
    }
    for title, (values, said) in broken.items():
        yield Case(
            f"codes with {title}",
            lambda f, v=values: write(squares().assign(ZLDWDM=v), f / "v.gpkg"),
            refused=said,
        )
    for code, name in (
        ("zldwdm", "zldwmc"),
        ("ＺＬＤＷＤＭ", "ZLDWMC"),
        ("CUN", "CUNNAME"),
        ("村代码", "村名"),
        ("行政区划代码", "行政村"),
        ("village_code", "village_name"),
    ):
        yield Case(
            f"fields {code} and {name}",
            lambda f, c=code, n=name: write(
                squares().rename(columns={"ZLDWDM": c, "ZLDWMC": n}), f / "v.gpkg"
            ),
        )
    yield Case(
        "fields nobody knows",
        lambda f: write(squares().rename(columns={"ZLDWDM": "F1", "ZLDWMC": "F2"}), f / "v.gpkg"),
        refused="neither a name nor a code",
    )
    yield Case(
        "fields nobody knows, said by the caller",
        lambda f: write(squares().rename(columns={"ZLDWDM": "F1", "ZLDWMC": "F2"}), f / "v.gpkg"),
        options={"columns": {"village_code": "F1", "village_name": "F2"}},
    )


# ---------------------------------------------------------------- shapes


def shapes() -> Iterator[Case]:
    """Shapes as drawing leaves them."""

    def with_first(change: Callable[[Any], Any], ending: str = "gpkg") -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            frame = squares()
            geometry = np.asarray(frame.geometry.array).copy()
            geometry[0] = change(geometry[0])
            return write(
                frame.set_geometry(gpd.GeoSeries(geometry, crs=frame.crs)), folder / f"v.{ending}"
            )

        return make

    def spiked(shape: Any) -> Any:
        first, *rest = shapely.get_coordinates(shape).tolist()
        return shapely.Polygon([first, [first[0] + 50, first[1] - 90], first, *rest])

    def with_an_empty_row(folder: Path) -> Path:
        frame = squares()
        extra = frame.iloc[:1].assign(ZLDWDM="330521001909", geometry=[None])
        return write(gpd.GeoDataFrame(pd.concat([frame, extra]), crs=frame.crs), folder / "v.gpkg")

    yield Case("a hair-thin spike", with_first(spiked), warns=True)
    yield Case("a row without a shape", with_an_empty_row, warns=True)
    yield Case("heights", with_first(lambda one: shapely.force_3d(one, 12.0)))
    yield Case("a point drawn twice", with_first(lambda one: shapely.segmentize(one, 100)))
    yield Case("several parts", with_first(lambda one: shapely.MultiPolygon([one])))
    yield Case("a line among the areas", with_first(lambda one: one.exterior), refused="polygons")
    yield Case("a place among the areas", with_first(lambda one: one.centroid), refused="polygons")
    for ending in ("fgb", "geojson", "parquet"):
        yield Case(
            f"several parts, {ending}", with_first(lambda one: shapely.MultiPolygon([one]), ending)
        )


# ---------------------------------------------------------------- damage


def damage() -> Iterator[Case]:
    """Files cut short, and parts that are missing."""
    for ending in ("gpkg", "shp", "geojson", "fgb", "parquet", "kml", "tab", "mif", "zip"):
        for share in (0.0, 0.1, 0.5, 0.9):

            def cut(folder: Path, ending=ending, share=share) -> Path:
                file = (
                    packed(folder, "shp", "", "flag")
                    if ending == "zip"
                    else write(squares(), folder / f"v.{ending}")
                )
                main = file.with_suffix(".map") if ending == "tab" else file
                main = file.with_suffix(".mif") if ending == "mif" else main
                raw = main.read_bytes()
                main.write_bytes(raw[: int(len(raw) * share)])
                return file

            yield Case(f"a {ending} cut to {share:.0%}", cut, refused=".")
    for missing in (".shx", ".dbf"):

        def without(folder: Path, missing=missing) -> Path:
            file = write(squares(), folder / "v.shp")
            file.with_suffix(missing).unlink()
            return file

        yield Case(f"a shapefile without its {missing}", without, refused="missing")


# ---------------------------------------------------------------- hostile


def hostile() -> Iterator[Case]:
    """What must never reach GDAL, and kinds that are refused with the cure."""
    for address in (
        "https://example.com/v.gpkg", "/vsicurl/https://example.com/v.gpkg", "/vsizip/a.zip/v.shp",
        "PG:dbname=x", "WFS:https://example.com", "CSV:/etc/passwd", '{"type":"FeatureCollection"}',
        "<OGRVRTDataSource/>", "MEM:::x",
    ):  # fmt: skip
        yield Case(
            f"the address {address!r}", lambda f, a=address: a, refused="not a file|not one of"
        )
    vrt = "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource>"
    for ending in ("shp", "gpkg", "geojson", "kml", "dxf", "fgb", "tab", "mif", "parquet", "zip"):

        def disguised(folder: Path, ending=ending) -> Path:
            file = folder / f"v.{ending}"
            file.write_text(vrt, encoding="utf-8")
            return file

        yield Case(f"a virtual dataset called {ending}", disguised, refused="whatever the name")
    for ending, cure in (
        ("dwg", "DXF"), ("mdb", "gdb"), ("et", "另存为"), ("rar", "解压"), ("7z", "解压"),
        ("dbf", "shp"), ("docx", "not one of"),
    ):  # fmt: skip

        def other(folder: Path, ending=ending) -> Path:
            file = folder / f"v.{ending}"
            file.write_bytes(b"AC1027" + bytes(200))
            return file

        yield Case(f"a {ending}", other, refused=cure)

    def linked(folder: Path) -> Path:
        file = folder / "v.tab"
        file.write_text('!table\n!version 300\nDefinition Table\n  Type NATIVE\nOpen Table "x"\n')
        (folder / "v.dat").write_bytes(b"")
        return file

    yield Case("a MapInfo table that opens others", linked, refused="whatever the name")

    def entities(folder: Path) -> Path:
        file = folder / "v.kml"
        file.write_text('<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "b">]><kml>&a;</kml>')
        return file

    yield Case("a KML with entities", entities, refused="whatever the name")

    def bomb(folder: Path) -> Path:
        write(squares(), folder / "v.shp")
        archive = folder / "bomb.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
            for part in members(folder / "v.shp"):
                if part.suffix != ".dbf":
                    zipped.write(part, part.name)
            with zipped.open("v.dbf", "w", force_zip64=True) as table:
                for _ in range(300):
                    table.write(bytes(1 << 20))
        return archive

    yield Case("a zip bomb", bomb, refused="times its size")

    def nested(folder: Path) -> Path:
        packed(folder, "shp", "", "flag").rename(folder / "inner.zip")
        with zipfile.ZipFile(folder / "outer.zip", "w") as zipped:
            zipped.write(folder / "inner.zip", "inner.zip")
        return folder / "outer.zip"

    yield Case("a zip in a zip", nested, refused="内层")

    def climbing(folder: Path) -> Path:
        file = write(squares(), folder / "v.geojson")
        with zipfile.ZipFile(folder / "v.zip", "w") as zipped:
            zipped.write(file, "../../v.geojson")
        return folder / "v.zip"

    yield Case("a member that climbs out of its zip", climbing, refused="no layer in the zip")

    def junk(folder: Path) -> Path:
        archive = packed(folder, "shp", "成果/", "flag")
        with zipfile.ZipFile(archive, "a") as zipped:
            zipped.writestr("__MACOSX/成果/._村界.shp", b"junk")
            zipped.writestr("成果/说明.txt", "说明".encode("gbk"))
        return archive

    yield Case("a zip with what a Mac leaves in it", junk)

    def empty_zip(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "v.zip", "w") as zipped:
            zipped.writestr("说明.txt", b"x")
        return folder / "v.zip"

    yield Case("a zip without a layer", empty_zip, refused="no layer in the zip")

    def locked(folder: Path) -> Path:
        archive = packed(folder, "shp", "", "flag")
        raw = bytearray(archive.read_bytes())
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            start = 0
            while (start := raw.find(mark, start)) >= 0:
                raw[start + at] |= 1
                start += 4
        archive.write_bytes(raw)
        return archive

    yield Case("a zip with a password", locked, refused="密码")

    def folder_called_file(folder: Path) -> Path:
        (folder / "v.gdb").mkdir()
        return folder / "v.gdb"

    yield Case("an empty folder called gdb", folder_called_file, refused="whatever the name")

    def link(folder: Path) -> Path:
        file = write(squares(), folder / "v.gpkg")
        os.symlink(file, folder / "link.gpkg")
        return folder / "link.gpkg"

    yield Case("a link to a file", link)


def all_cases() -> list[Case]:
    """Every case."""
    groups = (encodings, long_texts, places, containers, codes, shapes, damage, hostile)
    return [case for group in groups for case in group()]
