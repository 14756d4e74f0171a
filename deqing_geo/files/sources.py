"""A layer's file and all that belongs to it, beside one another in a folder or inside a zip.

Zips are read in place: nothing is ever extracted, names are taken from their bytes, and
what would unpack to more than a file can be is refused.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from deqing_geo.errors import BoundaryFileError
from deqing_geo.files.kinds import (
    ARCHIVES,
    HEAD_BYTES,
    KINDS,
    FileKind,
    kind_of,
    local_file,
    read_head,
    require_kind,
    sibling,
)

# No part of a shapefile can be larger than 2 GiB, and a layer of a county is far smaller.
MOST_UNPACKED = 2 << 30
# Blank table cells shrink 1,000 times, so only what is also large is a bomb.
MOST_RATIO, RATIO_FROM = 200, 256 << 20
MOST_MEMBERS = 20_000
# A MapInfo .map is whole blocks of 512 bytes (as GDAL reads them).
MAP_BLOCK = 512
_ENCRYPTED, _UTF8_NAME = 0x1, 0x800
_JUNK = re.compile(r"(^|/)(__MACOSX/|\.)")
AGAIN = "Ask for the file again, all parts together."


@dataclass(frozen=True, slots=True)
class Source:
    """One file that may hold layers, wherever it lies.

    Attributes
    ----------
    file : Path
        The file on this machine: its own, or the zip's.
    kind : FileKind
        What it is.
    member : str
        Its path inside the zip, as people read it; empty outside one.
    inside : mapping of str to ZipInfo
        Inside a zip: every part by its ending.
    gdal : str
        What to give to GDAL.
    fault : str
        Inside a zip: why it cannot be opened; another file of the zip may be meant.
    """

    file: Path
    kind: FileKind
    member: str = ""
    inside: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    gdal: str = ""
    fault: str = ""

    @property
    def label(self) -> str:
        """The file's name, for notes and messages."""
        return f"{self.file.name}/{self.member}" if self.member else self.file.name

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        return PurePosixPath(self.member).stem if self.member else self.file.stem

    def size(self, ending: str) -> int | None:
        """Bytes of one of its parts; None where it is missing.

        Parameters
        ----------
        ending : str
            In lower case.

        Returns
        -------
        int or None
        """
        if self.member:
            return self.inside[ending].file_size if ending in self.inside else None
        part = self._part(ending)
        return None if part is None else part.stat().st_size

    def content(self, ending: str, size: int = -1) -> bytes | None:
        """The bytes of one of its parts; None where it is missing.

        Parameters
        ----------
        ending : str
            In lower case.
        size : int
            How many from the beginning; all by default.

        Returns
        -------
        bytes or None

        Raises
        ------
        BoundaryFileError
            If the zip is damaged there.
        """
        if not self.member:
            part = self._part(ending)
            return None if part is None else read_head(part, size)
        if ending not in self.inside:
            return None
        return _member_bytes(self.file, self.inside[ending], size, self.label)

    def _part(self, ending: str) -> Path | None:
        return self.file if ending in self.kind.endings else sibling(self.file, ending)


def sources(path: str | os.PathLike[str]) -> list[Source]:
    """The files behind a path that may hold layers: itself, or those inside a zip.

    Parameters
    ----------
    path : str or path-like
        A file on this machine.

    Returns
    -------
    list of Source
        One for a plain file; for a zip every member of a kind the library opens, in the
        order of their names.

    Raises
    ------
    BoundaryFileError
        If it is an address, is absent, is of a kind the library does not open, contradicts
        its ending, is damaged, encrypted, or unpacks to more than it may.
    """
    file, kind = local_file(path, (*KINDS, *ARCHIVES))
    if kind.driver != "zip":
        source = Source(file, kind, gdal=_named(kind, str(file)))
        _refuse_damaged(source)
        return [source]
    return _members(file)


def _members(archive: Path) -> list[Source]:
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BoundaryFileError(f"{archive}: the zip is damaged ({error}). {AGAIN}") from error
    if len(infos) > MOST_MEMBERS:
        raise BoundaryFileError(f"{archive}: {len(infos)} files in one zip. 请先解压到本地文件夹.")
    named = {_true_name(info): info for info in infos}
    named = {name: info for name, info in named.items() if not _JUNK.search(name)}
    found: list[Source] = []
    for name in sorted(named):
        folder = _geodatabase(name)
        if folder is not None:
            if not any(source.member == folder for source in found):
                found.append(_source(archive, folder, named))
        elif kind_of(name, KINDS) is not None:
            found.append(_source(archive, name, named))
    if not found:
        nested = [name for name in named if name.lower().endswith((".zip", ".rar", ".7z"))]
        cure = "请先解压内层压缩包" if nested else "请检查压缩包内容"
        shown = ", ".join(sorted(named)[:5]) or "nothing"
        raise BoundaryFileError(f"{archive}: no layer in the zip, which holds {shown}. {cure}.")
    return found


def _source(archive: Path, name: str, named: dict[str, zipfile.ZipInfo]) -> Source:
    """A member with its companions, or with its fault."""
    kind = kind_of(name, KINDS)
    assert kind is not None
    try:
        source = _opened(archive, kind, name, named)
        _refuse_damaged(source)
    except BoundaryFileError as error:
        return Source(archive, kind, name, fault=str(error))
    return source


def _opened(archive: Path, kind: FileKind, name: str, named: dict[str, zipfile.ZipInfo]) -> Source:
    base = name[: -len(next(end for end in kind.endings if name.lower().endswith(end)))]
    if kind.is_folder:
        inside = {
            info.filename: info for path, info in named.items() if path.startswith(f"{name}/")
        }
        first = next(iter(inside.values()))
        depth = len(PurePosixPath(name).parts)
        gdal = "/".join(first.filename.split("/")[:depth])
        head = b"".join(
            PurePosixPath(path).name.lower().encode()
            for path in inside
            if path.lower().endswith("a00000001.gdbtable")
        )
    else:
        folded = {path.lower(): info for path, info in named.items()}
        endings = (*kind.endings, *kind.companions)
        inside = {
            end: folded[f"{base}{end}".lower()]
            for end in endings
            if f"{base}{end}".lower() in folded
        }
        gdal = named[name].filename
        head = b""
    called = f"{archive.name}/{name}"
    _refuse_bomb(list(inside.values()), called)
    if not kind.is_folder:
        head = _member_bytes(archive, named[name], HEAD_BYTES, called)
    require_kind(kind, head, called)
    return Source(archive, kind, name, inside, _named(kind, f"/vsizip/{{{archive}}}/{gdal}"))


def _named(kind: FileKind, path: str) -> str:
    """JSON may also be a pipeline or a catalogue to GDAL; named so, it is GeoJSON or nothing."""
    return f"GeoJSON:{path}" if kind.driver == "GeoJSON" else path


def _refuse_bomb(infos: list[zipfile.ZipInfo], called: str) -> None:
    full, packed = sum(one.file_size for one in infos), sum(one.compress_size for one in infos)
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise BoundaryFileError(f"{called}: locked with a password. 请先用密码解压到本地文件夹.")
    if full > MOST_UNPACKED or (full > RATIO_FROM and full > MOST_RATIO * max(packed, 1)):
        raise BoundaryFileError(
            f"{called}: unpacks to {full / 2**20:,.0f} MiB, {full / max(packed, 1):,.0f} times its "
            "size. 如确认无误,请先解压到本地文件夹."
        )


def _true_name(info: zipfile.ZipInfo) -> str:
    """A member's name as its maker wrote it: Windows writes GBK and does not say so."""
    if info.flag_bits & _UTF8_NAME or info.filename.isascii():
        return info.filename
    # Without the flag Python decodes as code page 437, as the format's first edition had it.
    raw = info.filename.encode("cp437")
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return info.filename


def _geodatabase(name: str) -> str | None:
    """The geodatabase a member belongs to."""
    parts = PurePosixPath(name).parts
    for at, part in enumerate(parts[:-1]):
        if part.lower().endswith(".gdb"):
            return "/".join(parts[: at + 1])
    return None


def _member_bytes(archive: Path, info: zipfile.ZipInfo, size: int, called: str) -> bytes:
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(info) as member:
            return member.read(size)
    # zlib has an error of its own, and a method nobody knows is not implemented.
    except Exception as error:
        raise BoundaryFileError(f"{called}: the zip is damaged there ({error}). {AGAIN}") from error


# ---------------------------------------------------------------- damage GDAL passes over


def _refuse_damaged(source: Source) -> None:
    if source.kind.driver == "ESRI Shapefile":
        _refuse_short(source)
    elif source.kind.driver == "GPKG":
        _refuse_views(source)
    elif source.kind.driver == "MapInfo File":
        table = ".dat" if ".tab" in source.kind.endings else ".mid"
        if source.size(table) is None:
            raise BoundaryFileError(f"{source.label}: its {table} is missing. {AGAIN}")
        if (source.size(".map") or 0) % MAP_BLOCK:
            raise BoundaryFileError(f"{source.label} (.map): damaged or cut short. {AGAIN}")


def _refuse_short(source: Source) -> None:
    """A shapefile cut short loses rows without a word, so its parts must fit one another."""
    damaged = f"damaged or cut short. {AGAIN}"
    heads = {}
    for ending in (".shp", ".shx", ".dbf"):
        head = source.content(ending, 28)
        if head is None:
            raise BoundaryFileError(f"{source.label}: its {ending} is missing. {AGAIN}")
        heads[ending] = head
    for ending in (".shp", ".shx"):
        head = heads[ending]
        # The length stands in 16-bit words, big-endian, at byte 24.
        if len(head) < 28 or 2 * int.from_bytes(head[24:28], "big") != source.size(ending):
            raise BoundaryFileError(f"{source.label} ({ending}): {damaged}")
    head = heads[".dbf"]
    count, body, width = (
        int.from_bytes(head[at:end], "little") for at, end in ((4, 8), (8, 10), (10, 12))
    )
    shapes = ((source.size(".shx") or 0) - 100) // 8
    if len(head) < 12 or count != shapes or body + count * width > (source.size(".dbf") or 0):
        raise BoundaryFileError(f"{source.label} (.dbf): {damaged}")


def _refuse_views(source: Source) -> None:
    """A view is a program, and one that never ends hangs whoever asks for its rows."""
    try:
        if source.member:
            database = sqlite3.connect(":memory:")
            database.deserialize(source.content(".gpkg") or b"")
        else:
            address = f"{source.file.as_uri()}?mode=ro&immutable=1"
            database = sqlite3.connect(address, uri=True)
        with contextlib.closing(database):
            views = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'view' AND name IN "
                "(SELECT table_name FROM gpkg_contents)"
            ).fetchall()
    # Names, and even the complaint, of a damaged database may be no text.
    except (sqlite3.Error, UnicodeError) as error:
        raise BoundaryFileError(f"{source.label}: a damaged GeoPackage ({error}).") from error
    if views:
        raise BoundaryFileError(
            f"{source.label}: the layer {views[0][0]!r} is a view, which is not opened. "
            "Save it as a layer of its own."
        )
