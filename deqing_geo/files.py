"""Files as bytes: what they are, whether they may be opened, and writing them whole.

GDAL opens by content and follows addresses, so everything is judged here before
GDAL sees it. Nothing here reads a geometry.
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import os
import re
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deqing_geo.errors import BoundaryFileError, ExportError

HASH_CHUNK = 1 << 20
HEAD_BYTES = 4096
# A short Chinese value in GBK is also valid UTF-8 in 3.3 % of random pairs of
# characters (measured), so four different ones in a row all are in about 1e-6.
UTF8_WITNESSES = 4
# `/vsizip/…`, `https://…`, `PG:…`, inline GeoJSON or VRT: GDAL would follow them all.
# One letter before a colon is a Windows drive.
_NOT_A_PATH = re.compile(r"^\s*(/vsi|\\vsi|[A-Za-z][\w+.-]+:|[<{\[])")
_PRIVATE_USE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
BY_ELIMINATION = "no other encoding fits; look at the names"
_CJK = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file the library opens: its endings, its first bytes, GDAL's driver for it."""

    name: str
    endings: tuple[str, ...]
    driver: str


KINDS = (
    FileKind("GeoPackage", (".gpkg",), "GPKG"),
    FileKind("GeoJSON", (".geojson", ".json"), "GeoJSON"),
    FileKind("Shapefile", (".shp",), "ESRI Shapefile"),
    FileKind("OpenStreetMap extract", (".osm.pbf", ".pbf"), "OSM"),
)
RASTERS = (FileKind("GeoTIFF", (".tif", ".tiff"), "GTiff"),)
TABLES = (
    FileKind("table", (".csv",), "CSV"),
    FileKind("workbook", (".xlsx", ".xlsm"), "XLSX"),
    FileKind("workbook", (".xls",), "XLS"),
)
# What comes instead, and what to do about it.
_CURES = {
    ".dwg": "在 CAD/CASS 中另存为 DXF,再导出为 GeoPackage 或 Shapefile",
    ".mdb": "在 ArcGIS 中导出为 GeoPackage 或 Shapefile",
    ".et": "在 WPS 中另存为 .xlsx",
    ".wps": "在 WPS 中另存为 .xlsx",
    ".ods": "在 WPS 或 LibreOffice 中另存为 .xlsx",
    ".xlsb": "在 Excel 中另存为 .xlsx",
    ".xls": "表格没有图形:村庄表用 read_village_table,有坐标的设施表用 read_facilities",
    ".xlsx": "表格没有图形:村庄表用 read_village_table,有坐标的设施表用 read_facilities",
    ".zip": "请先解压到本地文件夹",
    ".rar": "请先解压到本地文件夹",
    ".dbf": "请给出同名的 .shp",
    ".shx": "请给出同名的 .shp",
    ".prj": "请给出同名的 .shp",
    ".gdb": "在 ArcGIS 或 QGIS 中导出为 GeoPackage",
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
        raise BoundaryFileError(f"{file}: no such file (没有这个文件).")
    lower = file.name.lower()
    kind = next((kind for kind in kinds if lower.endswith(kind.endings)), None)
    if kind is None or not file.is_file():
        known = ", ".join(ending for kind in kinds for ending in kind.endings)
        cure = _CURES.get(file.suffix.lower(), "请转换为以上格式之一")
        raise BoundaryFileError(f"{file}: not one of {known}. {cure}.")
    try:
        with file.open("rb") as handle:
            head = handle.read(HEAD_BYTES)
    except OSError as error:
        raise BoundaryFileError(f"{file}: cannot be read ({error.strerror}).") from error
    if not _looks_like(kind, head):
        raise BoundaryFileError(
            f"{file}: the content is not a {kind.name}, whatever the name says. "
            "Ask for the file again, or give it the ending of what it is."
        )
    file = file.resolve()
    if kind.driver == "ESRI Shapefile":
        _refuse_damaged(file)
    if kind.driver == "GPKG":
        _refuse_views(file)
    return file, kind


def _refuse_damaged(shapefile: Path) -> None:
    """A shapefile cut short loses rows without a word, so its parts must fit one another."""
    cure = "Ask for the file again, all parts together."
    damaged = f"damaged or cut short. {cure}"
    companions = {}
    for ending in (".shx", ".dbf"):
        part = _sibling(shapefile, ending)
        if part is None:
            raise BoundaryFileError(f"{shapefile}: its {ending} is missing. {cure}")
        companions[ending] = part
    index, table = companions[".shx"], companions[".dbf"]
    for part in (shapefile, index):
        with part.open("rb") as handle:
            head = handle.read(28)
        # The length stands in 16-bit words, big-endian, at byte 24.
        if len(head) < 28 or 2 * int.from_bytes(head[24:28], "big") != part.stat().st_size:
            raise BoundaryFileError(f"{part}: {damaged}")
    with table.open("rb") as handle:
        head = handle.read(12)
    count, body, width = (
        int.from_bytes(head[at:end], "little") for at, end in ((4, 8), (8, 10), (10, 12))
    )
    shapes = (index.stat().st_size - 100) // 8
    if len(head) < 12 or count != shapes or body + count * width > table.stat().st_size:
        raise BoundaryFileError(f"{table}: {damaged}")


def _refuse_views(geopackage: Path) -> None:
    """A view is a program, and one that never ends hangs whoever asks for its rows."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{geopackage.as_uri()}?mode=ro&immutable=1", uri=True)
        ) as database:
            views = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'view' AND name IN "
                "(SELECT table_name FROM gpkg_contents)"
            ).fetchall()
    except sqlite3.Error as error:
        raise BoundaryFileError(f"{geopackage}: a damaged GeoPackage ({error}).") from error
    if views:
        raise BoundaryFileError(
            f"{geopackage}: the layer {views[0][0]!r} is a view, which is not opened. "
            "Save it as a layer of its own."
        )


def _looks_like(kind: FileKind, head: bytes) -> bool:
    if kind.driver == "GPKG":
        return head.startswith(b"SQLite format 3\0")
    if kind.driver == "ESRI Shapefile":
        return head.startswith(b"\x00\x00\x27\x0a")
    if kind.driver == "OSM":
        # The length of the first header, then its type as a protocol-buffer string.
        return head[:1] == b"\0" and head[4:15] == b"\x0a\x09OSMHeader"
    if kind.driver == "GTiff":
        # Classic and large TIFF, in either order of bytes.
        return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    if kind.driver in ("XLSX", "XLS"):
        # A zip, or the compound file of old workbooks, which locked new ones are in, too.
        return head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")[kind.driver == "XLS" :])
    if kind.driver == "CSV":
        return head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or b"\0" not in head
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    return text.startswith(b"{") and b'"' in text


def table_text(file: Path) -> tuple[str, str]:
    """The text of a table, and how it was written.

    Parameters
    ----------
    file : Path
        Of `local_file`.

    Returns
    -------
    text, encoding : str
        UTF-8, UTF-16 with its mark, or GB 18030, in this order: text in GBK is no UTF-8 but
        by an accident of very few characters.

    Raises
    ------
    BoundaryFileError
        If it is none of these, or cannot be read.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BoundaryFileError(f"{file}: cannot be read ({error.strerror}).") from error
    marked = raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise BoundaryFileError(f"{file}: the text is neither UTF-8 nor GBK. Save it as CSV UTF-8.")


def dbf_encoding(shapefile: Path) -> tuple[str, str]:
    """The encoding of a shapefile's table, judged from its bytes.

    GDAL takes a GBK table without a ``.cpg`` for Latin-1, silently, and believes a
    wrong ``.cpg``. The order here: text that is valid UTF-8 and says so (Chinese, or
    too many values to be chance); text in the plain Chinese plane of GB 2312; what the
    ``.cpg`` declares; GB 18030; else a refusal.

    Parameters
    ----------
    shapefile : Path
        The ``.shp``; its ``.dbf`` and ``.cpg`` are looked for beside it.

    Returns
    -------
    encoding : str
        A name Python and GDAL both know.
    why : str
        The evidence, for the reading notes.

    Raises
    ------
    BoundaryFileError
        If the table is damaged or its bytes fit no encoding tried.
    """
    table = _sibling(shapefile, ".dbf")
    if table is None:
        raise BoundaryFileError(
            f"{shapefile}: its .dbf is missing, so names and codes are lost. "
            "Ask for the file again."
        )
    values = _dbf_texts(table)
    declared = _declared_encoding(shapefile)
    if declared == "utf-8":
        # Tried first in any case; a declaration adds nothing to bytes that are not.
        declared = None
    if not values:
        return "UTF-8", "the table is plain ASCII"
    if (text := _decode_all(values, "utf-8", cut=True)) and (
        _CJK.search(text) or len(values) >= UTF8_WITNESSES
    ):
        return "UTF-8", "every value is valid UTF-8"
    if _decode_all(values, "gb2312", cut=True):
        return "GB18030", "every value is plain GB 2312"
    if declared and _decode_all(values, declared, cut=True):
        return declared, "declared by the .cpg, and every value agrees"
    text = _decode_all(values, "gb18030", cut=True)
    if text and not _PRIVATE_USE.search(text):
        return "GB18030", BY_ELIMINATION
    raise BoundaryFileError(
        f"{table}: the text fits neither UTF-8 nor GB 18030"
        f"{f' nor {declared}, as its .cpg says' if declared else ''}. "
        "Save it again as a GeoPackage, or with a .cpg that names its encoding."
    )


def _sibling(file: Path, ending: str) -> Path | None:
    for candidate in (file.with_suffix(ending), file.with_suffix(ending.upper())):
        if candidate.is_file():
            return candidate
    return None


def _declared_encoding(shapefile: Path) -> str | None:
    declared = _sibling(shapefile, ".cpg")
    if declared is None:
        return None
    name = declared.read_bytes().removeprefix(codecs.BOM_UTF8).decode("ascii", "ignore").strip()
    latin = re.fullmatch(r"(?:ISO[ -]?)?8859-?(\d{1,2})", name, re.IGNORECASE)
    spellings = [f"iso8859-{latin[1]}"] if latin else []
    for spelling in (*spellings, name, name.replace("ANSI ", "cp"), f"cp{name}"):
        with contextlib.suppress(LookupError, ValueError):
            found = codecs.lookup(spelling)
            # rot13 and hex are codecs too.
            if getattr(found, "_is_text_encoding", False) and "escape" not in found.name:
                return found.name
    return None


def _decode_all(values: set[bytes], encoding: str, *, cut: bool) -> str | None:
    """All values decoded and joined, or None; `cut` forgives a character cut at the field's end."""
    texts = []
    for value in values:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            texts.append(decoder.decode(value, final=not cut))
        except UnicodeError:
            return None
    return "\n".join(texts)


def _dbf_texts(table: Path) -> set[bytes]:
    """The different non-ASCII texts of a .dbf, field names included."""
    import numpy as np

    content = np.fromfile(table, dtype=np.uint8)
    damaged = BoundaryFileError(f"{table}: the table is damaged. Ask for the file again.")
    if len(content) < 33:
        raise damaged
    header = content[:32].tobytes()
    count = int.from_bytes(header[4:8], "little")
    body_at = int.from_bytes(header[8:10], "little")
    width = int.from_bytes(header[10:12], "little")
    if width < 1 or not 33 <= body_at <= len(content):
        raise damaged
    values: set[bytes] = set()
    columns = []
    start = 1
    for at in range(32, body_at - 1, 32):
        field = content[at : at + 32].tobytes()
        if field[:1] == b"\r" or len(field) < 32:
            break
        name = field[:11].split(b"\0")[0]
        if not name.isascii():
            values.add(name)
        if field[11:12] == b"C":
            columns.append((start, start + field[16]))
        start += field[16]
    rows = min(count, (len(content) - body_at) // width)
    records = content[body_at : body_at + rows * width].reshape(rows, width)
    for first, last in columns:
        column = records[:, first : min(last, width)]
        column = column[(column >= 0x80).any(axis=1)]
        if len(column):
            # As one opaque value a row: a set of those is a hundred times faster than np.unique.
            opaque = np.ascontiguousarray(column).view(f"V{column.shape[1]}").ravel()
            values.update(row.rstrip(b" \0") for row in set(opaque.tolist()))
    return values


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def parts(path: Path) -> list[Path]:
    """All files that make up a layer: a shapefile is several.

    Parameters
    ----------
    path : Path
        The file that was named.

    Returns
    -------
    list of Path
        The file first, then its companions.
    """
    if path.suffix.lower() != ".shp":
        return [path]
    found = [_sibling(path, ending) for ending in (".dbf", ".shx", ".prj", ".cpg")]
    return [path, *(file for file in found if file is not None)]


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Where the file shall stand. What stood there before survives a failure.

    Yields
    ------
    Path
        A temporary name in the same folder, with the same ending, to write to.

    Raises
    ------
    ExportError
        If the folder is missing or cannot be written, or the disk is full.
    """
    target = Path(path).absolute()
    if not target.name or target.is_dir():
        raise ExportError(f"{path}: a folder stands there. Name a file.")
    draft = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.part{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        _flush(draft)
        os.replace(draft, target)
    except OSError as error:
        if isinstance(error, BoundaryFileError):
            raise
        raise ExportError(
            f"{target}: cannot be written ({error.strerror or error}). Nothing was changed there."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(out: str | os.PathLike[str], *, last: str) -> Iterator[Path]:
    """Write several files together: they arrive when all are whole, or none does.

    Parameters
    ----------
    out : str or path-like
        The folder they shall stand in; other files in it are left alone.
    last : str
        The file that is moved last, the one that says the others are there.

    Yields
    ------
    Path
        An empty temporary folder beside `out` to write to.

    Raises
    ------
    ExportError
        If the folder cannot be written or the disk is full.
    """
    target = Path(out).absolute()
    # Inside the target, so that both are on one disk: a report may go to a stick or a share.
    draft = target / f".{secrets.token_hex(4)}.part"
    was_there = target.exists()
    try:
        draft.mkdir(parents=True)
        yield draft
        files = sorted(draft.iterdir(), key=lambda file: (file.name == last, file.name))
        for file in files:
            _flush(file)
        _exchange(files, target)
    except OSError as error:
        if isinstance(error, BoundaryFileError):
            raise
        raise ExportError(
            f"{out}: cannot be written ({error.strerror or error}). What was there is unchanged."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if not was_there:
            with contextlib.suppress(OSError):
                target.rmdir()


def _exchange(files: list[Path], target: Path) -> None:
    """New files in, old files aside; back again if one of them cannot be moved."""
    aside = files[0].parent / "before" if files else target
    moved: list[Path] = []
    try:
        aside.mkdir(exist_ok=True)
        for file in files:
            there = target / file.name
            if there.exists():
                os.replace(there, aside / file.name)
            moved.append(there)
            os.replace(file, there)
    except OSError:
        for there in moved:
            old = aside / there.name
            if old.exists():
                os.replace(old, there)
            else:
                there.unlink(missing_ok=True)
        raise


def _flush(file: Path) -> None:
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())
