"""One table as an Excel workbook, ready to print, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from deqing_geo.errors import ExportError
from deqing_geo.sheets import (
    A4,
    MOST_COLUMNS,
    MOST_ROWS,
    NARROWEST,
    WIDEST,
    new_book,
    packed,
    put,
    wide,
)

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

# Lines above the table: what it was counted by, what must not be forgotten, the headings.
SPARE = 3
LOOKED_AT = 500


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
    book = new_book()
    sheet: Worksheet = book.active
    sheet.title = "Sheet1"
    for line, text in enumerate(above, start=1):
        put(sheet, line, 1, text, called)
    head = len(above) + 1
    _fill(sheet, table, head, called)
    _look(sheet, table, head)
    draft.write_bytes(packed(book))


def _fill(sheet: Worksheet, table: pd.DataFrame, head: int, called: str) -> None:
    for place, column in enumerate(table.columns, start=1):
        put(sheet, head, place, str(column), called)
        values = table[column]
        cells = values.astype(object).where(values.notna(), None)
        for line, value in enumerate(cells, start=head + 1):
            if value is not None:
                put(sheet, line, place, value, called)


def _look(sheet: Worksheet, table: pd.DataFrame, head: int) -> None:
    """How it opens and prints: headings held and repeated, A4 across, pages numbered."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    rule = Side(style="thin", color="B0B0B0")
    for place in range(1, table.shape[1] + 1):
        column = table.iloc[:LOOKED_AT, place - 1]
        texts = [str(table.columns[place - 1]), *(str(one) for one in column[column.notna()])]
        across = max(wide(text) for text in texts)
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = min(max(across + 2, NARROWEST), WIDEST)
        cell = sheet.cell(head, place)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="EEF1F4")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.border = Border(top=rule, bottom=rule)
        if across + 2 > WIDEST:
            for line in range(head + 1, head + 1 + len(table)):
                sheet.cell(line, place).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = sheet.cell(head + 1, 1)
    sheet.print_title_rows = f"1:{head}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "&P / &N"
