"""The cells of a table as text, whatever program wrote it: .csv, .xlsx, .xlsm, .xls.

Text is what the eye sees in the cell: 12.5% where it is shown so, a day as 2025-06-01, a code with
all its digits. What the cells mean is for others to say.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from deqing_geo.errors import BoundaryFileError, ColumnError
from deqing_geo.files import TABLES, local_file, table_text
from deqing_geo.tables import newbook, oldbook
from deqing_geo.tables.newbook import Marks

# Spreadsheets keep fifteen digits of a number and write zeros for the rest.
EXACT = 10**15
DELIMITERS = ",\t;"
SNIFFED_LINES = 5
_CURE = "请用 Excel 或 WPS 打开,另存为新的 .xlsx 后再读"


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One sheet of cells.

    Attributes
    ----------
    name : str
        Empty for a .csv, which has one sheet.
    rows : list of list of str
        From the sheet's first row on; blank cells are empty text.
    marks : Marks
        What stands there besides.
    hidden : bool
        Whether the program that wrote it shows it.
    """

    name: str
    rows: list[list[str]]
    marks: Marks
    hidden: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """The sheets of one file.

    Attributes
    ----------
    file : Path
        Resolved.
    driver : str
        ``CSV``, ``XLSX`` or ``XLS``.
    encoding : str
        Of a .csv; empty for workbooks.
    sheets : tuple of Sheet
        In the file's order; charts are none.
    """

    file: Path
    driver: str
    encoding: str
    sheets: tuple[Sheet, ...]


def open_book(path: str | os.PathLike[str]) -> Book:
    r"""Open a table.

    Parameters
    ----------
    path : path
        ``.csv`` in UTF-8, UTF-16 or GBK, ``.xlsx``, ``.xlsm`` or ``.xls``.

    Returns
    -------
    Book
        All its sheets.

    Raises
    ------
    BoundaryFileError
        If the file is refused, damaged, locked with a password, or too large.
    ColumnError
        If a .csv is no table.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "a.csv"
    ...     _ = file.write_text("代码,数\n330521001901,5\n", "gbk")
    ...     book = open_book(file)
    >>> book.encoding, book.sheets[0].rows
    ('gb18030', [['代码', '数'], ['330521001901', '5']])
    """
    file, kind = local_file(path, TABLES)
    if kind.driver == "CSV":
        text, encoding = table_text(file)
        return Book(file, "CSV", encoding, (Sheet("", _lines(file.name, text), Marks()),))
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BoundaryFileError(f"{file}: cannot be read ({error.strerror}).") from error
    old = raw.startswith(oldbook.HEAD)
    if old and kind.driver == "XLSX":
        # A locked .xlsx is a compound file with the workbook inside; say so before anything else.
        oldbook.look(file, raw)
        raise BoundaryFileError(f"{file}: an old workbook, whatever the name says. Call it .xls.")
    content, marks = (oldbook if old else newbook).look(file, raw)
    return Book(file, kind.driver, "", _sheets(file, content, marks))


def _sheets(file: Path, content: bytes, marks: dict[str, Marks]) -> tuple[Sheet, ...]:
    import python_calamine as calamine

    out = []
    try:
        book = calamine.load_workbook(io.BytesIO(content))
        for told in book.sheets_metadata:
            if told.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            held = book.get_sheet_by_name(told.name).to_python(skip_empty_area=False)
            own = marks.get(told.name, Marks())
            hidden = told.visible != calamine.SheetVisibleEnum.Visible
            out.append(Sheet(told.name, _texts(held, own), own, hidden))
    except calamine.PasswordError as error:
        raise BoundaryFileError(f"{file}: locked with a password. {newbook.unlock()}") from error
    except BaseException as error:
        # A panic of the reader is no Exception of Python's; nor is Ctrl+C, which is none of ours.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise BoundaryFileError(f"{file}: a damaged workbook ({error}). {_CURE}.") from error
        raise
    return tuple(out)


def _texts(held: Sequence[Sequence[object]], marks: Marks) -> list[list[str]]:
    rows = [[cell if isinstance(cell, str) else cell_text(cell) for cell in row] for row in held]
    for row, column in marks.percent:
        if row < len(held) and column < len(held[row]):
            cell = held[row][column]
            if isinstance(cell, int | float) and not isinstance(cell, bool):
                rows[row][column] = cell_text(cell, percent=True)
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    return rows


def cell_text(cell: object, *, percent: bool = False) -> str:
    """What the eye sees in a cell.

    Parameters
    ----------
    cell : object
        A number, day, hour, yes or no, or text.
    percent : bool
        Whether a number is shown as a percentage.

    Returns
    -------
    str
        Whole numbers with all their digits; from sixteen digits on in scientific notation, since
        a spreadsheet has lost the last ones.

    Examples
    --------
    >>> cell_text(330521001901.0), cell_text(0.07, percent=True), cell_text(3.3052100190100002e18)
    ('330521001901', '7%', '3.30521001901E+18')
    """
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int | float):
        # Fifteen digits are what a spreadsheet shows: 0.1 + 0.2 is 0.3 in it.
        shown = f"{cell:.15g}"
        if percent:
            return f"{(Decimal(shown) * 100).normalize():f}%"
        if float(cell).is_integer() and abs(cell) < EXACT:
            return f"{cell:.0f}"
        return shown.upper()
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _lines(name: str, text: str) -> list[list[str]]:
    """The rows of a .csv, as many as a spreadsheet counts."""
    first = [line for line in text.splitlines() if line.strip()][:SNIFFED_LINES]
    # Excel's own "Unicode text" has tabs, some systems write semicolons.
    delimiter = max(DELIMITERS, key=lambda one: sum(line.count(one) for line in first))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ColumnError(f"{name}: not a table with a heading and commas ({error}).") from error
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise ColumnError(f"{name}: not a table with a heading and commas: it is empty.")
    return rows
