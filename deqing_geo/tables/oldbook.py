"""What a workbook of old (.xls) holds, looked at before anything else opens it.

An .xls is a small file system (a compound file) with one stream of records in it. That stream is
taken out, its sizes are judged, and it is put into a fresh compound file: what was looked at is
what is read. Layouts as Microsoft publishes them, [MS-CFB] and [MS-XLS].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deqing_geo.errors import BoundaryFileError
from deqing_geo.tables.newbook import (
    LAST_COLUMN,
    LAST_ROW,
    PERCENT_FORMATS,
    Marks,
    refuse_absurd,
    shows_percent,
    unlock,
    widen,
)

HEAD = bytes.fromhex("d0cf11e0a1b11ae1")
FREE, END, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
ENTRY = 128
STREAMS = ("Workbook", "Book")
# Records: [MS-XLS] 2.3.
BOF, EOF, BOUNDSHEET, FILEPASS, DIMENSIONS = 0x809, 0x0A, 0x85, 0x2F, 0x200
FORMAT, XF, MERGED = 0x41E, 0xE0, 0xE5
NUMBER, LABEL, BOOLERR, STRING_SST, RK, MULRK, FORMULA = (
    0x203, 0x204, 0x205, 0xFD, 0x27E, 0xBD, 0x06,
)  # fmt: skip
ONE_CELL = (NUMBER, LABEL, BOOLERR, STRING_SST, RK, FORMULA, 0xD6)
BIFF8, COLUMNS = 0x600, 256
# What a record has at least; the reader of cells takes it for granted.
LEAST = {
    BOF: 4, BOUNDSHEET: 8, FORMAT: 4, XF: 4, MERGED: 2, NUMBER: 14, LABEL: 8, BOOLERR: 8,
    STRING_SST: 10, RK: 10, MULRK: 12, FORMULA: 20, 0x17: 2, 0x18: 14, 0x22: 2, 0x42: 2, 0xFC: 8,
    0x207: 3,
}  # fmt: skip
FORMULA_ERROR = 2
_CURE = "请用 Excel 或 WPS 打开,另存为 .xlsx 后再读"


def look(file: Path, raw: bytes) -> tuple[bytes, dict[str, Marks]]:
    """A workbook judged, and a copy of what was looked at.

    Parameters
    ----------
    file : Path
        For messages.
    raw : bytes
        Its content.

    Returns
    -------
    content : bytes
        A compound file with the workbook's records and nothing else.
    marks : dict of str to Marks
        By the sheet's name.

    Raises
    ------
    BoundaryFileError
        If it is damaged, locked with a password, or too large.
    """
    try:
        streams = _streams(raw)
        if "EncryptedPackage" in streams:
            raise BoundaryFileError(f"{file}: locked with a password. {unlock()}")
        name = next((one for one in STREAMS if one in streams), None)
        if name is None:
            raise BoundaryFileError(
                f"{file}: not a workbook, whatever the name says (perhaps a document). {_CURE}."
            )
        records = bytearray(streams[name])
        marks = _marks(file, records)
    except (struct.error, IndexError, ValueError, UnicodeError) as error:
        raise BoundaryFileError(f"{file}: a damaged workbook ({error}). {_CURE}.") from error
    return compound({name: bytes(records)}), marks


# ---------------------------------------------------------------- the compound file


def _streams(raw: bytes) -> dict[str, bytes]:
    if raw[:8] != HEAD:
        raise ValueError("no compound file")
    shift, small_shift = struct.unpack_from("<HH", raw, 30)
    if shift not in (9, 12) or small_shift != 6:
        raise ValueError("sectors of an unknown size")
    size, small = 1 << shift, 1 << small_shift
    fats, directory, _, cutoff, mini_start, _, difat, difats = struct.unpack_from("<8I", raw, 44)
    sectors = max(0, (len(raw) - size + size - 1) // size)
    lists = list(struct.unpack_from("<109I", raw, 76))
    for _ in range(min(difats, sectors)):
        if difat >= sectors:
            break
        part = struct.unpack_from(f"<{size // 4}I", raw, (difat + 1) * size)
        lists += part[:-1]
        difat = part[-1]
    fat: list[int] = []
    for sector in [one for one in lists if one < sectors][: min(fats, sectors)]:
        fat += struct.unpack(f"<{size // 4}I", _sector(raw, sector, size))

    def chain(start: int, table: list[int]) -> Iterator[int]:
        seen = 0
        while start < len(table) and seen <= len(table):
            yield start
            start, seen = table[start], seen + 1
        if seen > len(table):
            raise ValueError("a chain of sectors that bites its tail")

    def body(start: int) -> bytes:
        return b"".join(_sector(raw, one, size) for one in chain(start, fat))

    listing = body(directory)
    minis = body(mini_start)
    mini_fat = list(struct.unpack(f"<{len(minis) // 4}I", minis))
    entries = [listing[at : at + ENTRY] for at in range(0, len(listing) - ENTRY + 1, ENTRY)]
    shelf = b""
    out: dict[str, bytes] = {}
    for entry in entries:
        kind = entry[66]
        start, length = struct.unpack_from("<II", entry, 116)
        if kind == 5 and not shelf:
            shelf = body(start)[:length]
        if kind != 2:
            continue
        said = min(struct.unpack_from("<H", entry, 64)[0], 64)
        name = entry[: max(said - 2, 0)].decode("utf-16-le", "replace")
        if name not in (*STREAMS, "EncryptedPackage") or name in out:
            continue
        if length < cutoff:
            held = b"".join(
                shelf[one * small : one * small + small] for one in chain(start, mini_fat)
            )
        else:
            held = body(start)
        if len(held) < length:
            raise ValueError("cut short")
        out[name] = held[:length]
    return out


def _sector(raw: bytes, number: int, size: int) -> bytes:
    part = raw[(number + 1) * size : (number + 2) * size]
    if not part:
        raise ValueError("cut short")
    return part.ljust(size, b"\0")


def compound(streams: dict[str, bytes]) -> bytes:
    r"""A compound file of a few streams.

    Parameters
    ----------
    streams : dict of str to bytes
        By name; each becomes 4096 bytes or more, so that none is kept in small sectors.

    Returns
    -------
    bytes
        The file.

    Examples
    --------
    >>> _streams(compound({"Workbook": b"abc"}))["Workbook"][:4]
    b'abc\x00'
    """
    size = 512
    bodies = [
        body.ljust(max(4096, -(-len(body) // size) * size), b"\0") for body in streams.values()
    ]
    data = sum(len(body) // size for body in bodies)
    listing = -(-(len(streams) + 1) // 4)
    fats = 1
    while fats * (size // 4) < fats + listing + data + _lists(fats):
        fats += 1
    more = _lists(fats)
    fat = [FAT_SECTOR] * fats + [0xFFFFFFFC] * more
    at = len(fat)
    fat += [at + one + 1 for one in range(listing - 1)] + [END]
    starts = []
    for body in bodies:
        starts.append(len(fat))
        count = len(body) // size
        fat += [len(fat) + one + 1 for one in range(count - 1)] + [END]
    fat += [FREE] * (fats * (size // 4) - len(fat))
    entries = _entry("Root Entry", 5, END, 0, child=1)
    for place, (name, body) in enumerate(zip(streams, bodies, strict=True), start=1):
        right = place + 1 if place < len(streams) else FREE
        entries += _entry(name, 2, starts[place - 1], len(body), right=right)
    entries = entries.ljust(listing * size, b"\0")
    numbers = list(range(fats))
    head = HEAD + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<I", 0) + struct.pack("<8I", fats, at, 0, 4096, END, 0,
                                               fats if more else END, more)  # fmt: skip
    head += struct.pack("<109I", *(numbers + [FREE] * 109)[:109])
    extra = b""
    rest = numbers[109:]
    for one in range(more):
        part, rest = rest[:127], rest[127:]
        following = fats + one + 1 if one + 1 < more else END
        extra += struct.pack("<128I", *(part + [FREE] * 127)[:127], following)
    return head + struct.pack(f"<{len(fat)}I", *fat) + extra + entries + b"".join(bodies)


def _lists(fats: int) -> int:
    """Sectors that list the sectors of the table, beyond the 109 the header lists."""
    return max(0, -(-(fats - 109) // 127))


def _entry(
    name: str, kind: int, start: int, length: int, *, child: int = FREE, right: int = FREE
) -> bytes:
    said = name.encode("utf-16-le") + b"\0\0"
    return (
        said.ljust(64, b"\0")
        + struct.pack("<HBB3I", len(said), kind, 1, FREE, right, child)
        + bytes(36)
        + struct.pack("<IQ", start, length)
    )


# ---------------------------------------------------------------- the records


def records(content: bytes | bytearray) -> Iterator[tuple[int, int, int]]:
    """The records of a stream.

    Parameters
    ----------
    content : bytes
        Of the stream ``Workbook``.

    Yields
    ------
    (int, int, int)
        What it is, where its content begins, and how long that is.
    """
    at = 0
    while at + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, at)
        if at + 4 + length > len(content):
            return
        yield kind, at + 4, length
        at += 4 + length


@dataclass(slots=True, eq=False)
class _Sheet:
    marks: Marks = field(default_factory=Marks)
    box: list[int] = field(default_factory=lambda: [LAST_ROW, LAST_COLUMN, -1, -1])
    styles: list[tuple[int, int, int]] = field(default_factory=list)  # row, column, style


def _marks(file: Path, content: bytearray) -> dict[str, Marks]:
    """Sizes judged and marks noted; what a sheet says of its own size is wiped out."""
    version = 0
    codes: dict[int, str] = {}
    formats: list[int] = []
    names: dict[int, str] = {}
    sheets: dict[int, _Sheet] = {}
    here = _Sheet()
    for kind, at, length in records(content):
        if length < LEAST.get(kind, 0):
            raise ValueError(f"a record {kind:#x} of {length} bytes")
        if kind == FILEPASS:
            raise BoundaryFileError(f"{file}: locked with a password. {unlock()}")
        if kind == BOF:
            version = version or struct.unpack_from("<H", content, at)[0]
            here = sheets.setdefault(at - 4, _Sheet())
        elif kind == BOUNDSHEET:
            place = struct.unpack_from("<I", content, at)[0]
            names[place] = _text(content[at + 6 : at + length], version)
        elif kind == FORMAT and length > 4:
            number = struct.unpack_from("<H", content, at)[0]
            codes[number] = _text(content[at + 2 : at + length], version, long=True)
        elif kind == XF and length >= 4:
            formats.append(struct.unpack_from("<H", content, at + 2)[0])
        elif kind == DIMENSIONS:
            content[at : at + length] = bytes(length)
        else:
            _mark(here, kind, content, at, length)
    percent = {
        style
        for style, number in enumerate(formats)
        if (shows_percent(codes[number]) if number in codes else number in PERCENT_FORMATS)
    }
    if not names or not set(names) <= set(sheets):
        raise ValueError("the list of sheets leads nowhere")
    out = {}
    for place, sheet in sheets.items():
        refuse_absurd(file, names.get(place, ""), sheet.box)
        sheet.marks.percent = {(row, at) for row, at, style in sheet.styles if style in percent}
        out[names.get(place, "")] = sheet.marks
    return out


def _mark(sheet: _Sheet, kind: int, content: bytearray, at: int, length: int) -> None:
    if kind in ONE_CELL and length >= 6:
        cells = [struct.unpack_from("<HHH", content, at)]
    elif kind == MULRK and length >= 12:
        row, column = struct.unpack_from("<HH", content, at)
        cells = [
            (row, column + one, struct.unpack_from("<H", content, at + 4 + 6 * one)[0])
            for one in range((length - 6) // 6)
        ]
    elif kind == MERGED and length >= 2:
        count = min(struct.unpack_from("<H", content, at)[0], (length - 2) // 8)
        for one in range(count):
            top, bottom, left, right = struct.unpack_from("<4H", content, at + 2 + 8 * one)
            sheet.marks.merged.append((top, left, bottom, right))
        return
    else:
        return
    box = sheet.box
    for row, column, _ in cells:
        if column >= COLUMNS:
            raise ValueError(f"a cell in column {column + 1:,}, and there are {COLUMNS}")
        widen(box, row, column)
    sheet.styles += cells
    # An error as such, or what stands in the place of a formula's number.
    constant = kind == BOOLERR and length >= 8 and content[at + 7]
    formula = kind == FORMULA and length >= 14 and content[at + 12 : at + 14] == b"\xff\xff"
    if constant or (formula and content[at + 6] == FORMULA_ERROR):
        sheet.marks.broken.append(cells[0][:2])


def _text(raw: bytes | bytearray, version: int, *, long: bool = False) -> str:
    """A short text: its length, in the newer version how it is written, and itself."""
    if version != BIFF8:
        return bytes(raw[1 : 1 + raw[0]]).decode("gb18030", "replace")
    count, start = (struct.unpack_from("<H", raw)[0], 2) if long else (raw[0], 1)
    wide = raw[start] & 1
    body = bytes(raw[start + 1 : start + 1 + (2 * count if wide else count)])
    return body.decode("utf-16-le" if wide else "latin-1", "replace")
