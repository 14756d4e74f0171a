"""One table as an Excel workbook, ready to print, the same bytes every time."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.errors import ExportError
from deqing_geo.files import undated

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

# Excel's own limits.
MOST_ROWS, MOST_COLUMNS, MOST_LETTERS = 1_048_576, 16_384, 32_767
# Lines above the table: what it was counted by, what must not be forgotten, the headings.
SPARE = 3
# No workbook goes without a date; any fixed one will do.
MADE_ON = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook's dates know no zone
# Widths in letters; past the widest a cell is wrapped.
NARROWEST, WIDEST = 6, 36
LOOKED_AT = 500
A4 = 9


def require_sheet(table: pd.DataFrame, called: str) -> None:
    """Refuse a table larger than a sheet, before anything is made of it.

    Parameters
    ----------
    table : DataFrame
        Of plain cells.
    called : str
        The file's name for messages.

    Raises
    ------
    ExportError
        With the limits.
    """
    if len(table) + SPARE > MOST_ROWS or table.shape[1] > MOST_COLUMNS:
        raise ExportError(
            f"{called}: {len(table):,} rows and {table.shape[1]:,} columns are more than a sheet "
            f"holds ({MOST_ROWS:,} by {MOST_COLUMNS:,}). Save it as .csv."
        )


def write_workbook(table: pd.DataFrame, draft: Path, above: Sequence[str], *, called: str) -> None:
    """Write a table of plain cells.

    Parameters
    ----------
    table : DataFrame
        Column names are the headings; the index is left out.
    draft : Path
        Where.
    above : sequence of str
        Sentences that stand over the headings, and on every printed page.
    called : str
        The file's name for messages.

    Raises
    ------
    ExportError
        If a text is longer than a cell holds.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "deqing_geo"
    book.properties.created = book.properties.modified = MADE_ON
    sheet: Worksheet = book.active
    sheet.title = "Sheet1"
    for line, text in enumerate(above, start=1):
        _put(sheet, line, 1, text, called)
    head = len(above) + 1
    _fill(sheet, table, head, called)
    _look(sheet, table, head)
    packed = io.BytesIO()
    book.save(packed)
    draft.write_bytes(undated(packed.getvalue(), _dated))


def _fill(sheet: Worksheet, table: pd.DataFrame, head: int, called: str) -> None:
    for place, column in enumerate(table.columns, start=1):
        _put(sheet, head, place, str(column), called)
        values = table[column]
        cells = values.astype(object).where(values.notna(), None)
        for line, value in enumerate(cells, start=head + 1):
            if value is not None:
                _put(sheet, line, place, value, called)


def _put(sheet: Worksheet, line: int, place: int, value: Any, called: str) -> None:
    """One cell; a text stays one, whatever it looks like."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = sheet.cell(line, place)
    if isinstance(value, bool | np.bool_):
        value = "是" if value else "否"
    if isinstance(value, int | float | np.number):
        number = float(value)
        if np.isfinite(number):
            # What has no fraction is written without one, so that 12 does not become 12.0.
            cell.value = int(value) if number.is_integer() and abs(number) < 1e15 else number
        return
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value))
    if len(text) > MOST_LETTERS:
        raise ExportError(
            f"{called}: row {line} holds a text of {len(text):,} letters and a cell at most "
            f"{MOST_LETTERS:,}. Save it as .csv."
        )
    cell.value = text
    # Otherwise `=1+1` would be run, and an error's name taken for one.
    cell.data_type = "s"
    cell.number_format = "@"


def _look(sheet: Worksheet, table: pd.DataFrame, head: int) -> None:
    """How it opens and prints: headings held and repeated, A4 across, pages numbered."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    rule = Side(style="thin", color="B0B0B0")
    for place in range(1, table.shape[1] + 1):
        column = table.iloc[:LOOKED_AT, place - 1]
        texts = [str(table.columns[place - 1]), *(str(one) for one in column[column.notna()])]
        wide = max(sum(1 + (letter > "\u2e80") for letter in text) for text in texts)
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = min(max(wide + 2, NARROWEST), WIDEST)
        cell = sheet.cell(head, place)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="EEF1F4")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.border = Border(top=rule, bottom=rule)
        if wide + 2 > WIDEST:
            for line in range(head + 1, head + 1 + len(table)):
                sheet.cell(line, place).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = sheet.cell(head + 1, 1)
    sheet.print_title_rows = f"1:{head}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "&P / &N"


def _dated(part: str, content: bytes) -> bytes:
    """The properties with the fixed day: saving writes the hour into them."""
    if part != "docProps/core.xml":
        return content
    day = f"{MADE_ON:%Y-%m-%dT%H:%M:%SZ}".encode()
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + day, content)
