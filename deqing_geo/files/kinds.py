"""What a file is, by its name and by its first bytes, and whether it may be opened at all.

GDAL opens by content and follows addresses, so everything is judged here before GDAL sees
it. Nothing here reads a geometry.
"""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path

from deqing_geo.errors import BoundaryFileError

HEAD_BYTES = 4096
# `/vsizip/…`, `https://…`, `PG:…`, inline GeoJSON or VRT: GDAL would follow them all.
# One letter before a colon is a Windows drive.
_NOT_A_PATH = re.compile(r"^\s*(/vsi|\\vsi|[A-Za-z][\w+.-]+:|[<{\[])")


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file the library opens.

    Attributes
    ----------
    name : str
        As people call it.
    endings : tuple of str
        In lower case.
    driver : str
        GDAL's for it, or ours where GDAL has none.
    companions : tuple of str
        Endings of the files that belong to it.
    also : tuple of str
        Other drivers of GDAL that may turn out to open it.
    """

    name: str
    endings: tuple[str, ...]
    driver: str
    companions: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that passes for a file."""
        return self.driver == "OpenFileGDB"


KINDS = (
    FileKind("GeoPackage", (".gpkg",), "GPKG"),
    FileKind("GeoJSON", (".geojson", ".json"), "GeoJSON"),
    FileKind("Shapefile", (".shp",), "ESRI Shapefile", (".dbf", ".shx", ".prj", ".cpg")),
    FileKind("OpenStreetMap extract", (".osm.pbf", ".pbf"), "OSM"),
    FileKind("file geodatabase", (".gdb",), "OpenFileGDB"),
    FileKind("FlatGeobuf", (".fgb",), "FlatGeobuf"),
    FileKind("GeoParquet", (".parquet", ".geoparquet"), "Parquet"),
    FileKind("KML", (".kml",), "LIBKML", also=("KML",)),
    FileKind("DXF", (".dxf",), "DXF"),
    FileKind("MapInfo table", (".tab",), "MapInfo File", (".dat", ".map", ".id", ".ind")),
    FileKind("MapInfo exchange file", (".mif",), "MapInfo File", (".mid",)),
)
ARCHIVES = (FileKind("zip", (".zip", ".kmz"), "zip"),)
RASTERS = (FileKind("GeoTIFF", (".tif", ".tiff"), "GTiff"),)
TABLES = (
    FileKind("table", (".csv",), "CSV"),
    FileKind("workbook", (".xlsx", ".xlsm"), "XLSX"),
    FileKind("workbook", (".xls",), "XLS"),
)
# What comes instead, and what to do about it.
_CURES = {
    ".dwg": "在 CAD/CASS 中另存为 DXF(ASCII)",
    ".mdb": "在 ArcGIS 中导出为 .gdb 或 GeoPackage",
    ".et": "在 WPS 中另存为 .xlsx",
    ".wps": "在 WPS 中另存为 .xlsx",
    ".ods": "在 WPS 或 LibreOffice 中另存为 .xlsx",
    ".xlsb": "在 Excel 中另存为 .xlsx",
    ".xls": "表格没有图形:村庄表用 read_village_table,有坐标的设施表用 read_facilities",
    ".xlsx": "表格没有图形:村庄表用 read_village_table,有坐标的设施表用 read_facilities",
    ".zip": "请先解压到本地文件夹",
    ".rar": "请先解压到本地文件夹",
    ".7z": "请先解压到本地文件夹",
    ".dbf": "请给出同名的 .shp",
    ".shx": "请给出同名的 .shp",
    ".prj": "请给出同名的 .shp",
    ".mid": "请给出同名的 .mif",
    ".map": "请给出同名的 .tab",
    ".gdbtable": "请给出整个 .gdb 文件夹",
}


def local_file(
    path: str | os.PathLike[str], kinds: tuple[FileKind, ...] = KINDS
) -> tuple[Path, FileKind]:
    """The local file behind `path`, its content checked against its ending.

    Parameters
    ----------
    path : str or path-like
        A file on this machine.
    kinds : tuple of FileKind
        What may be opened here: layers of shapes, or `RASTERS`.

    Returns
    -------
    path : Path
        The path, resolved.
    kind : FileKind
        What the file is.

    Raises
    ------
    BoundaryFileError
        If it is an address or an inline document, is absent, is of a kind the library
        does not open, or its content contradicts its ending.
    """
    given = os.fspath(path)
    # GDAL is only ever given the resolved path, so a file that is there may be called anything.
    there = isinstance(given, str) and "\0" not in given and os.path.exists(given)
    if not isinstance(given, str) or "\0" in given or (not there and _NOT_A_PATH.match(given)):
        raise BoundaryFileError(
            f"{given!r} is not a file on this machine. Give the path of a local file."
        )
    file = Path(given)
    if not there:
        raise BoundaryFileError(f"{file}: {_why_absent(file)}.")
    kind = kind_of(file.name, kinds)
    if kind is None or file.is_dir() != kind.is_folder or not (file.is_file() or file.is_dir()):
        known = ", ".join(ending for kind in kinds for ending in kind.endings)
        cure = _CURES.get(file.suffix.lower(), "请转换为以上格式之一")
        raise BoundaryFileError(f"{file}: not one of {known}. {cure}.")
    try:
        head = _folder_head(file) if kind.is_folder else read_head(file)
    except OSError as error:
        raise BoundaryFileError(f"{file}: cannot be read ({error.strerror}).") from error
    require_kind(kind, head, str(file))
    return file.resolve(), kind


def _why_absent(file: Path) -> str:
    """A file in a folder one may not enter is not said to be missing."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "no such file (没有这个文件)"


def kind_of(name: str, kinds: tuple[FileKind, ...]) -> FileKind | None:
    """The kind a file's name says it is.

    Parameters
    ----------
    name : str
        With its ending.
    kinds : tuple of FileKind
        To choose from.

    Returns
    -------
    FileKind or None
    """
    lower = name.lower()
    return next((kind for kind in kinds if lower.endswith(kind.endings)), None)


def read_head(file: Path, size: int = HEAD_BYTES) -> bytes:
    """The first bytes of a file.

    Parameters
    ----------
    file : Path
    size : int
        How many at most.

    Returns
    -------
    bytes
    """
    with file.open("rb") as handle:
        return handle.read(size)


def require_kind(kind: FileKind, head: bytes, called: str) -> None:
    """Refuse content that contradicts its ending.

    Parameters
    ----------
    kind : FileKind
        What the name says.
    head : bytes
        The first bytes.
    called : str
        The file, for the message.

    Raises
    ------
    BoundaryFileError
        If the content is of another kind.
    """
    if head.startswith(b"AutoCAD Binary DXF"):
        raise BoundaryFileError(f"{called}: a binary DXF. 在 CAD/CASS 中另存为 DXF(ASCII).")
    # A virtual dataset is opened wherever this stands, and points to other files.
    if not _looks_like(kind, head) or b"<OGRVRTDataSource" in head:
        raise BoundaryFileError(
            f"{called}: the content is not a {kind.name}, whatever the name says. "
            "Ask for the file again, or give it the ending of what it is."
        )


def sibling(file: Path, ending: str) -> Path | None:
    """The file of the same name beside it, with another ending in either case.

    Parameters
    ----------
    file : Path
    ending : str
        In lower case.

    Returns
    -------
    Path or None
    """
    for candidate in (file.with_suffix(ending), file.with_suffix(ending.upper())):
        if candidate.is_file():
            return candidate
    return None


def _folder_head(folder: Path) -> bytes:
    """A geodatabase is known by its first table."""
    for name in ("a00000001.gdbtable", "A00000001.GDBTABLE"):
        if (folder / name).is_file():
            return name.lower().encode()
    return b""


def _looks_like(kind: FileKind, head: bytes) -> bool:
    known = _FIRST_BYTES.get(kind.driver)
    if known is not None:
        return head.startswith(known)
    if kind.driver == "OSM":
        # The length of the first header, then its type as a protocol-buffer string.
        return head[:1] == b"\0" and head[4:15] == b"\x0a\x09OSMHeader"
    if kind.driver == "CSV":
        return head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or b"\0" not in head
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if kind.driver == "LIBKML":
        # A document type may define entities that grow without end.
        return text.startswith(b"<") and b"<kml" in head and b"<!DOCTYPE" not in head.upper()
    if kind.driver == "DXF":
        return re.match(rb"(999\r?\n[^\n]*\n\s*)*0\r?\n\s*SECTION\b", text) is not None
    if kind.driver == "MapInfo File":
        lower = text.lower()
        # A linked, seamless or derived table names other files to open.
        own = lower.startswith(b"!table") and b"type native" in lower and b"open table" not in lower
        return lower.startswith(b"version ") if ".mif" in kind.endings else own
    return text.startswith(b"{") and b'"' in text


_FIRST_BYTES: dict[str, bytes | tuple[bytes, ...]] = {
    "GPKG": b"SQLite format 3\0",
    "ESRI Shapefile": b"\x00\x00\x27\x0a",
    # Classic and large TIFF, in either order of bytes.
    "GTiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "OpenFileGDB": b"a00000001.gdbtable",
    "FlatGeobuf": b"fgb\x03fgb",
    "Parquet": b"PAR1",
    "zip": b"PK\x03\x04",
    # A zip, or the compound file of old workbooks, which locked new ones are in, too.
    "XLSX": (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"),
    "XLS": b"\xd0\xcf\x11\xe0",
}
