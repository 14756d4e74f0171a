"""What a workbook of today (.xlsx) holds, looked at before anything else opens it.

The reader of cells gives one block of memory to every sheet, from its first cell to its last:
one cell in the last corner would stop the whole program. So sizes are judged here; and what
that reader does not tell (percentages, merged cells, formulas without a value) is noted.
"""

from __future__ import annotations

import functools
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from deqing_geo.errors import BoundaryFileError

# All parts together, unpacked: a province's 32,000 villages in 40 columns are some 45 MB of XML.
MAX_BYTES = 100_000_000
# Cells from the first to the last, filled or not: four times those of that province. At 32 bytes a
# cell (measured) the reader of cells takes 160 MB for them.
MAX_CELLS = 5_000_000
MAX_PARTS = 5_000
# Of Excel itself.
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
# Built-in number formats that show a percentage (ECMA-376 part 1, 18.8.30).
PERCENT_FORMATS = (9, 10)
_NEEDED = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/[^/]+\.xml|xl/_rels/[^/]+\.rels"
    r"|xl/(worksheets|chartsheets|dialogsheets|macrosheets)/[^/]+\.xml",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})")
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_CURE = "请用 Excel 或 WPS 打开,另存为新的 .xlsx 后再读"


@dataclass(slots=True, eq=False)
class Marks:
    """What stands in a sheet besides values; rows and columns from 0.

    Attributes
    ----------
    percent : set of (int, int)
        Cells shown as a percentage.
    broken : list of (int, int)
        Cells whose formula failed (#N/A, #REF! …).
    blank_formulas : list of (int, int)
        Formulas whose value was never saved.
    merged : list of (int, int, int, int)
        First row and column, last row and column.
    """

    percent: set[tuple[int, int]] = field(default_factory=set)
    broken: list[tuple[int, int]] = field(default_factory=list)
    blank_formulas: list[tuple[int, int]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def look(file: Path, raw: bytes) -> tuple[bytes, dict[str, Marks]]:
    """A workbook judged, and a copy of the parts that were looked at.

    Parameters
    ----------
    file : Path
        For messages.
    raw : bytes
        Its content.

    Returns
    -------
    content : bytes
        The same workbook, unpacked and without pictures, macros and whatever else is no table.
    marks : dict of str to Marks
        By the sheet's name.

    Raises
    ------
    BoundaryFileError
        If it is damaged, locked with a password, or too large.
    """
    try:
        parts = _parts(file, raw)
        names = _sheets(parts)
        percent = _percent_styles(parts)
        marks = {
            name: _sheet(file, name, parts[part], percent)
            for name, part in names.items()
            if part in parts
        }
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        EOFError,
        KeyError,
        ValueError,
        NotImplementedError,
        OSError,
    ) as error:
        if isinstance(error, BoundaryFileError):
            raise
        raise BoundaryFileError(f"{file}: a damaged workbook ({error}). {_CURE}.") from error
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return copy.getvalue(), marks


def _parts(file: Path, raw: bytes) -> dict[str, bytes]:
    out: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        listed = archive.infolist()
        wanted = [one for one in listed if _NEEDED.fullmatch(one.filename)]
        size = sum(one.file_size for one in wanted)
        if size > MAX_BYTES or len(listed) > MAX_PARTS:
            raise BoundaryFileError(
                f"{file}: unpacked it is {size / 1e6:,.0f} MB in {len(listed)} parts; at most "
                f"{MAX_BYTES / 1e6:,.0f} MB are read. 请只保留所需的工作表,另存为新的 .xlsx."
            )
        if any(one.flag_bits & 1 for one in wanted):
            raise BoundaryFileError(f"{file}: locked with a password. {unlock()}")
        for one in wanted:
            # Read to the end, so that a part longer than it says fails its checksum here.
            out[one.filename] = archive.read(one)
    if not any(name.lower() == "xl/workbook.xml" for name in out):
        raise BoundaryFileError(
            f"{file}: not a workbook, whatever the name says: it has no xl/workbook.xml. {_CURE}."
        )
    return out


def unlock() -> str:
    """What to do about a password.

    Returns
    -------
    str
        A sentence in Chinese.
    """
    return "工作簿已加密:请在 Excel 或 WPS 中打开,取消密码(文件-信息-保护工作簿)后另存."


def _elements(content: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Names without prefix and attributes of all elements of a small part."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = _parser()
    parser.StartElementHandler = lambda name, given: found.append((_local(name), given))
    parser.Parse(content, True)
    yield from found


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: Any) -> None:
        # No spreadsheet program writes one; they are how a small file becomes a large one.
        raise ValueError("an XML entity is declared")

    parser.EntityDeclHandler = refuse
    return parser


@functools.lru_cache(maxsize=256)
def _local(name: str) -> str:
    return name.rsplit(":", 1)[-1]


def _sheets(parts: dict[str, bytes]) -> dict[str, str]:
    """The part behind each sheet's name."""
    lower = {name.lower(): name for name in parts}
    rels = parts.get(lower.get("xl/_rels/workbook.xml.rels", ""), b"<x/>")
    targets = {
        given["Id"]: given["Target"]
        for name, given in _elements(rels)
        if name == "Relationship" and "Id" in given and "Target" in given
    }
    out = {}
    for name, given in _elements(parts[lower["xl/workbook.xml"]]):
        if name != "sheet" or "name" not in given:
            continue
        key = next((given[one] for one in given if _local(one) == "id"), "")
        target = targets.get(key, "").replace("\\", "/")
        path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        out[given["name"]] = lower.get(posixpath.normpath(path).lower(), path)
    return out


def _percent_styles(parts: dict[str, bytes]) -> set[str]:
    """Numbers of the cell styles that show a percentage, as the sheets write them."""
    content = next((parts[name] for name in parts if name.lower() == "xl/styles.xml"), None)
    if content is None:
        return set()
    codes: dict[str, str] = {}
    out, place, within = set(), 0, False
    for name, given in _elements(content):
        if name == "numFmt":
            codes[given.get("numFmtId", "")] = given.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            within = name == "cellXfs"
        elif name == "xf" and within:
            number = given.get("numFmtId", "0")
            code = codes.get(number)
            own = number.isdigit() and int(number) in PERCENT_FORMATS
            if shows_percent(code) if code is not None else own:
                out.add(str(place))
            place += 1
    return out


def shows_percent(code: str) -> bool:
    r"""Whether a number format shows a percentage.

    Parameters
    ----------
    code : str
        As Excel writes formats.

    Returns
    -------
    bool
        A per cent sign in quotes is text beside the number and changes nothing.

    Examples
    --------
    >>> shows_percent("0.00%"), shows_percent('0.00"%"'), shows_percent(r"0.0\%")
    (True, False, False)
    """
    return "%" in _QUOTED.sub("", code)


def _sheet(file: Path, name: str, content: bytes, percent: set[str]) -> Marks:
    marks = Marks()
    box = [LAST_ROW, LAST_COLUMN, -1, -1]
    # Where the reader of cells stands, since a row or cell may leave out its number.
    at = {"row": -1, "column": -1}
    cell: dict[str, Any] = {}
    text: list[str] = []

    def start(tag: str, given: dict[str, str]) -> None:
        tag = _local(tag)
        if tag == "row":
            at["row"] = _number(given["r"], LAST_ROW) if "r" in given else at["row"] + 1
            at["column"] = -1
        elif tag == "c":
            if "r" in given:
                at["row"], at["column"] = _place(given["r"])
            else:
                at["column"] += 1
            cell.clear()
            cell.update(type=given.get("t", "n"), style=given.get("s", "0"), formula=False)
            text.clear()
        elif tag == "f":
            cell["formula"] = True
        elif tag in ("v", "is"):
            cell["value"] = True
        elif tag == "mergeCell" and len(marks.merged) < MAX_CELLS:
            first, _, last = given.get("ref", "").partition(":")
            marks.merged.append((*_place(first), *_place(last or first)))

    def end(tag: str) -> None:
        if _local(tag) != "c":
            return
        place = (at["row"], at["column"])
        if not 0 <= place[0] < LAST_ROW or not 0 <= place[1] < LAST_COLUMN:
            raise ValueError(f"a cell outside the sheet in {name!r}")
        if "value" in cell:
            widen(box, *place)
        if cell.get("style") in percent:
            marks.percent.add(place)
        if cell.get("type") == "e":
            marks.broken.append(place)
        elif cell.get("formula") and cell.get("type") != "str" and not "".join(text).strip():
            marks.blank_formulas.append(place)
        cell.clear()

    parser = _parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda said: text.append(said) if "value" in cell else None
    parser.Parse(content, True)
    refuse_absurd(file, name, box)
    return marks


def widen(box: list[int], row: int, column: int) -> None:
    """Stretch a box of first and last row and column so that it holds a cell.

    Parameters
    ----------
    box : list of int
        First row and column, last row and column; changed.
    row, column : int
        From 0.
    """
    if row < box[0]:
        box[0] = row
    if row > box[2]:
        box[2] = row
    if column < box[1]:
        box[1] = column
    if column > box[3]:
        box[3] = column


def refuse_absurd(file: Path, name: str, box: list[int]) -> None:
    """Refuse a sheet whose first and last cell span more than anybody's table.

    Parameters
    ----------
    file : Path
        For messages.
    name : str
        The sheet.
    box : list of int
        First row and column, last row and column.

    Raises
    ------
    BoundaryFileError
        If it spans more than `MAX_CELLS`.
    """
    rows, columns = max(0, box[2] - box[0] + 1), max(0, box[3] - box[1] + 1)
    if rows * columns > MAX_CELLS:
        raise BoundaryFileError(
            f"{file}: the sheet {name!r} spans {rows:,} rows and {columns:,} columns; at most "
            f"{MAX_CELLS:,} cells are read. 请删除表格以外的多余单元格(常在最右列或最末行)后另存."
        )


def _place(reference: str) -> tuple[int, int]:
    found = _PLACE.fullmatch(reference)
    if found is None:
        raise ValueError(f"no cell is called {reference[:20]!r}")
    letters, row = found.groups()
    number = int(row)
    if number > LAST_ROW:
        raise ValueError(f"{row} is no row of a sheet")
    return number - 1, _column(letters)


@functools.lru_cache(maxsize=LAST_COLUMN)
def _column(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    if column > LAST_COLUMN:
        raise ValueError(f"{letters!r} is no column of a sheet")
    return column - 1


def _number(text: str, last: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= number <= last:
        raise ValueError(f"{text[:20]!r} is no row or column of a sheet")
    return number - 1
