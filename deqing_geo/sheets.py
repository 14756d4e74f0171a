"""Workbooks for people: forms to fill in and papers to sign, the same bytes every time.

A text stays a text whatever it looks like, so that nothing in a cell is ever run; sheets print on
A4 across with their headings repeated; what is protected is locked without a password, since it
keeps a hand from slipping and nothing else. What the cells mean is for the rooms above to say.
"""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from deqing_geo.errors import ExportError
from deqing_geo.files import undated

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

# Excel's own limits.
MOST_ROWS, MOST_COLUMNS, MOST_LETTERS = 1_048_576, 16_384, 32_767
MOST_LISTED, MOST_PROMPT, MOST_NAME = 255, 255, 31
# No workbook goes without a date; any fixed one will do.
MADE_ON = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook's dates know no zone
# Widths in letters; past the widest a cell is wrapped.
NARROWEST, WIDEST = 6, 36
A4 = 9
# One line of 11-point type, in points, with the air a Chinese font needs.
LINE = 15.0
# Excel gives a row no more.
HIGHEST = 409.0
# The one the other cells have: a font without a name is drawn in whatever the program likes.
FONT = "Calibri"
KINDS = ("text", "number", "day")
DAY = "yyyy-mm-dd"
# A spreadsheet runs what begins like this, whatever the column was meant to be.
_FORMULA = re.compile(r"^[\s\ufeff]*[=+\-@|%\t\r]")
_PLAIN_NUMBER = re.compile(r"^\s*[+-]?\d+(\.\d+)?%?\s*$")
_NO_NAME = re.compile(r"[\[\]:*?/\\]")


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a sheet.

    Attributes
    ----------
    heading : str
        As it stands over the column.
    values : sequence
        Its cells: texts, numbers, days, True and False (是, 否); None and NaN are empty.
    width : float
        In letters, a Chinese one counting two; 0 for as wide as the cells, within limits.
    kind : str
        What may be filled in where the column is open: ``text``, ``number`` or ``day``.
    open : bool
        Whether a protected sheet lets people write here.
    words : tuple of str
        The drop-down; nothing else may be chosen.
    least, most : float or None
        Bounds of a number that is filled in.
    prompt : str
        What the cell says when it is chosen.
    format : str
        Excel's number format, such as ``0.00``.
    formats : tuple of str
        One for each cell, where figures of several units stand in one column.
    middle : bool
        Whether cells stand in the middle of the column.
    shaded : bool
        Whether cells are grey: there to be read, and not to be written in.
    """

    heading: str
    values: Sequence[Any]
    width: float = 0.0
    kind: str = "text"
    open: bool = False
    words: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    prompt: str = ""
    format: str = ""
    formats: tuple[str, ...] = ()
    middle: bool = False
    shaded: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: lines above, the table, lines below.

    Attributes
    ----------
    name : str
        On its tab.
    fields : tuple of Field
        All with as many values; none of them for a sheet of lines only.
    title : str
        In large type over the whole width.
    above : tuple of tuple of str
        Lines between the title and the headings; the texts of a line are spread over the width.
    below : tuple of tuple of str
        Lines under the table, such as the one to sign on. They stay open in a protected sheet.
    protected : bool
        Whether only open columns may be written in; without a password.
    total : bool
        Whether the last row is a sum.
    mark : str
        At the top left of every printed page, such as 内部资料.
    held : int
        Columns at the left that stay in sight and stand on every printed page.
    pages_across : int
        Over how many pages the width is printed; title and lines stand on the first of them.
    """

    name: str
    fields: tuple[Field, ...] = ()
    title: str = ""
    above: tuple[tuple[str, ...], ...] = ()
    below: tuple[tuple[str, ...], ...] = ()
    protected: bool = False
    total: bool = False
    mark: str = ""
    held: int = 0
    pages_across: int = 1


def workbook(sheets: Sequence[Sheet], *, called: str) -> bytes:
    """Sheets as one .xlsx that opens in Excel, WPS and LibreOffice.

    Parameters
    ----------
    sheets : sequence of Sheet
        In the order of their tabs.
    called : str
        The file's name for messages.

    Returns
    -------
    bytes
        The same for the same sheets; write them with `deqing_geo.files.whole_file`.

    Raises
    ------
    ExportError
        If there is no sheet, two have one name, columns differ in length, a text or a table is
        larger than Excel holds, or a drop-down cannot be written.

    Examples
    --------
    >>> import io, openpyxl
    >>> village, said = Field("村", ["甲村"]), Field("意见", [None], open=True, words=("同意",))
    >>> sheet = Sheet("表", (village, said), title="征询表", protected=True)
    >>> made = openpyxl.load_workbook(io.BytesIO(workbook([sheet], called="a.xlsx"))).active
    >>> [[cell.value for cell in row] for row in made.iter_rows()]
    [['征询表', None], ['村', '意见'], ['甲村', None]]
    >>> made["A3"].protection.locked, made["B3"].protection.locked
    (True, False)
    """
    sheets = tuple(sheets)
    names = [sheet.name for sheet in sheets]
    if not names or len({name.casefold() for name in names}) < len(names):
        raise ExportError(f"{called}: a workbook has sheets of different names, not {names}.")
    for name in names:
        if not name or len(name) > MOST_NAME or _NO_NAME.search(name):
            raise ExportError(f"{called}: {name!r} cannot be the name of a sheet.")
    book = new_book()
    for at, sheet in enumerate(sheets):
        made = book.active if at == 0 else book.create_sheet()
        made.title = sheet.name
        _write(made, sheet, called)
    return packed(book, own_heights=False)


def new_book() -> Workbook:
    """An empty workbook that does not tell the hour.

    Returns
    -------
    Workbook
        Of openpyxl, with one sheet.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "deqing_geo"
    book.properties.created = book.properties.modified = MADE_ON
    return book


def packed(book: Workbook, *, own_heights: bool = True) -> bytes:
    """A workbook as bytes, the same for the same cells.

    Parameters
    ----------
    book : Workbook
        Of `new_book`.
    own_heights : bool
        Whether heights of rows are meant; otherwise they are a first guess, and the program that
        opens the file makes a row higher when somebody writes more into it.

    Returns
    -------
    bytes
        The .xlsx.
    """
    held = io.BytesIO()
    try:
        book.save(held)
    except Exception as error:
        # Sheets are put together in the system's temporary folder, which may be full; the
        # writer of XML has an error of its own for that.
        if type(error).__name__ != "SerialisationError":
            raise
        raise OSError(f"the temporary folder: {error}") from error

    def fixed(part: str, content: bytes) -> bytes:
        if part == "docProps/core.xml":
            # Saving writes the hour into the properties.
            day = f"{MADE_ON:%Y-%m-%dT%H:%M:%SZ}".encode()
            return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + day, content)
        if not own_heights and part.startswith("xl/worksheets/sheet"):
            # Texts stand in another part; a height that is the writer's own is never fitted again.
            return content.replace(b' customHeight="1"', b"")
        return content

    return undated(held.getvalue(), fixed)


def put(sheet: Worksheet, line: int, place: int, value: Any, called: str) -> None:
    """Write one cell; a text stays one, whatever it looks like.

    Parameters
    ----------
    sheet : Worksheet
        Of openpyxl.
    line, place : int
        Row and column, from 1.
    value : object
        True and False become 是 and 否, whole numbers lose their point, days stay days; what is
        not finite is left out.
    called : str
        The file's name for messages.

    Raises
    ------
    ExportError
        If a text is longer than a cell holds.
    """
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
    if isinstance(value, date) and not isinstance(value, datetime):
        cell.value = value
        cell.number_format = DAY
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


def wide(text: object) -> int:
    """How many letters wide a text is, a Chinese one counting two.

    Parameters
    ----------
    text : object
        As it stands in a cell.

    Returns
    -------
    int
        Of its one line.

    Examples
    --------
    >>> wide("甲村a")
    5
    """
    return sum(1 + (letter > "\u2e80") for letter in str(text))


def harmless(value: object) -> object:
    """A cell of a .csv that no spreadsheet runs.

    Parameters
    ----------
    value : object
        Text that begins like a formula gets an apostrophe; all else stays.

    Returns
    -------
    object
        What to write.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-2.5"), harmless("甲村")
    ("'=1+1", '-2.5', '甲村')
    """
    if not isinstance(value, str) or _PLAIN_NUMBER.match(value) or not _FORMULA.match(value):
        return value
    return f"'{value}"


# ---------------------------------------------------------------- a sheet


def _write(made: Worksheet, sheet: Sheet, called: str) -> None:
    from openpyxl.styles import Alignment, Font, Protection
    from openpyxl.utils import get_column_letter

    across = max(len(sheet.fields), 1)
    count = len(sheet.fields[0].values) if sheet.fields else 0
    if any(len(field.values) != count for field in sheet.fields):
        raise ExportError(f"{called}: the columns of {sheet.name!r} differ in length.")
    head = 1 + bool(sheet.title) + len(sheet.above)
    if head + count + len(sheet.below) > MOST_ROWS or across > MOST_COLUMNS:
        raise ExportError(f"{called}: {sheet.name!r} is larger than a sheet. Save it as .csv.")
    # What stands over several pages' width is seen on none of them.
    span = max(-(-across // max(sheet.pages_across, 1)), 1)
    if sheet.title:
        put(made, 1, 1, sheet.title, called)
        made.cell(1, 1).font = Font(name=FONT, bold=True, size=16)
        made.cell(1, 1).alignment = Alignment(horizontal="center", vertical="center")
        made.row_dimensions[1].height = 2 * LINE
        if span > 1:
            made.merge_cells(start_row=1, start_column=1, end_row=1, end_column=span)
    for line, texts in enumerate(sheet.above, start=1 + bool(sheet.title)):
        _spread(made, line, texts, sheet.fields[:span], called)
    _columns(made, sheet, head, called)
    first = head + count + 1 if sheet.fields else head
    for line, texts in enumerate(sheet.below, start=first):
        _spread(made, line, texts, sheet.fields[:span], called)
        made.row_dimensions[line].height = 1.6 * LINE
        for place in range(1, across + 1):
            made.cell(line, place).protection = Protection(locked=False)
    if sheet.fields:
        made.freeze_panes = made.cell(head + 1, sheet.held + 1)
        made.print_title_rows = f"{head}:{head}"
        if sheet.held:
            made.print_title_cols = f"A:{get_column_letter(sheet.held)}"
    made.page_setup.orientation = "landscape"
    made.page_setup.paperSize = A4
    made.page_setup.fitToHeight = 0
    if sheet.pages_across > 1:
        made.page_setup.fitToWidth = sheet.pages_across
    made.sheet_properties.pageSetUpPr.fitToPage = True
    made.print_options.horizontalCentered = True
    made.page_margins.left = made.page_margins.right = 0.4
    made.oddFooter.center.text = "第 &P 页 共 &N 页"
    if sheet.mark:
        # An ampersand is a command there.
        made.oddHeader.left.text = sheet.mark.replace("&", "＆")
    if sheet.protected:
        made.protection.sheet = True
        # Widths and heights are nobody's secret.
        made.protection.formatColumns = made.protection.formatRows = False


def _spread(
    made: Worksheet, line: int, texts: Sequence[str], fields: Sequence[Field], called: str
) -> None:
    """The texts of a line over the width of the table, each running into the empty cells behind."""
    from openpyxl.styles import Alignment

    widths = np.array([_width(field) for field in fields] or [WIDEST], dtype=float)
    left = np.concatenate([[0.0], np.cumsum(widths)[:-1]])
    taken = -1
    for at, text in enumerate(texts):
        # Where its share of the width begins, and never in a cell that is taken.
        goal = widths.sum() * at / max(len(texts), 1)
        place = max(int(np.argmin(np.abs(left - goal))), taken + 1)
        taken = place
        put(made, line, place + 1, text, called)
        made.cell(line, place + 1).alignment = Alignment(horizontal="left", vertical="center")
    made.row_dimensions[line].height = 1.3 * LINE


def _width(field: Field) -> float:
    if field.width:
        return float(field.width)
    texts = [field.heading, *(value for value in field.values if _filled(value))]
    return float(min(max(max(wide(text) for text in texts) + 2, NARROWEST), WIDEST))


def _filled(value: Any) -> bool:
    return value is not None and value == value  # NaN is not itself


def _columns(made: Worksheet, sheet: Sheet, head: int, called: str) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
    from openpyxl.utils import get_column_letter

    rule = Side(style="thin", color="808080")
    grid = Border(top=rule, bottom=rule, left=rule, right=rule)
    grey, blue = PatternFill("solid", fgColor="EEF1F4"), PatternFill("solid", fgColor="FFFBE6")
    bold, unlocked = Font(name=FONT, bold=True), Protection(locked=False)
    count = len(sheet.fields[0].values) if sheet.fields else 0
    lines = np.ones(count + 1)
    for place, field in enumerate(sheet.fields, start=1):
        if field.kind not in KINDS:
            raise ExportError(f"{called}: a column holds one of {KINDS}, not {field.kind!r}.")
        width = _width(field)
        made.column_dimensions[get_column_letter(place)].width = width
        put(made, head, place, field.heading, called)
        cell = made.cell(head, place)
        cell.font, cell.fill, cell.border = bold, grey, grid
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        lines[0] = max(lines[0], _lines(field.heading, width))
        numbers = field.kind == "number" or bool(field.format or field.formats)
        across = "center" if field.middle else ("right" if numbers else "left")
        look = Alignment(horizontal=across, vertical="center", wrap_text=True)
        # Cells of one look share it: openpyxl compares whole styles for every cell it is told of.
        known: dict[tuple[str, bool], Any] = {}
        for line, value in enumerate(field.values, start=head + 1):
            cell = made.cell(line, place)
            if _filled(value):
                put(made, line, place, value, called)
                if cell.data_type == "s":
                    lines[line - head] = max(lines[line - head], _lines(value, width))
            form = field.formats[line - head - 1] if field.formats else field.format
            if form and cell.data_type == "n":
                cell.number_format = form
            elif field.open:
                cell.number_format = {"text": "@", "day": DAY}.get(field.kind, "General")
            kind = (cell.number_format, sheet.total and line == head + count)
            if kind in known:
                cell._style = copy.copy(known[kind])
                continue
            cell.border, cell.alignment = grid, look
            if field.open and sheet.protected:
                cell.protection, cell.fill = unlocked, blue
            elif field.shaded:
                cell.fill = grey
            if kind[1]:
                cell.font = bold
            known[kind] = cell._style
        if field.open and count:
            letter = get_column_letter(place)
            _bound(made, field, f"{letter}{head + 1}:{letter}{head + count}", called)
    for at, several in enumerate(lines):
        if sheet.fields and several > 1:
            made.row_dimensions[head + at].height = min(several * LINE + 4, HIGHEST)


def _lines(text: object, width: float) -> int:
    """Lines a text takes in a column; a wide letter that no longer fits leaves a gap behind it."""
    return sum(
        max(-(-wide(part) // max(int(width) - 1, 2)), 1) for part in str(text).split("\n") or [""]
    )


def _bound(made: Worksheet, field: Field, cells: str, called: str) -> None:
    """What may be filled in, said before and refused after."""
    from openpyxl.worksheet.datavalidation import DataValidation

    rule: dict[str, Any] = {}
    if field.words:
        listed = ",".join(field.words)
        odd = [one for one in field.words if "," in one or '"' in one or one != one.strip()]
        if odd or len(listed) > MOST_LISTED:
            raise ExportError(
                f"{called}: the drop-down of {field.heading!r} cannot be written: words without "
                f"commas, {MOST_LISTED} letters in all."
            )
        rule = {"type": "list", "formula1": f'"{listed}"'}
        says = f"请从下拉列表中选择:{'、'.join(field.words)}"
    elif field.kind == "day":
        # From 1990 to 2100, in the days a spreadsheet counts.
        rule = {"type": "date", "operator": "between", "formula1": "32874", "formula2": "73051"}
        says = "请填写日期,如 2026-05-01"
    elif field.kind == "number":
        bounds = [field.least, field.most]
        if None not in bounds:
            rule = {
                "operator": "between",
                "formula1": f"{bounds[0]:g}",
                "formula2": f"{bounds[1]:g}",
            }
        elif field.least is not None:
            rule = {"operator": "greaterThanOrEqual", "formula1": f"{field.least:g}"}
        elif field.most is not None:
            rule = {"operator": "lessThanOrEqual", "formula1": f"{field.most:g}"}
        else:
            rule = {"operator": "between", "formula1": "-1E+15", "formula2": "1E+15"}
        rule["type"] = "decimal"
        says = "请填写数字"
    elif field.prompt:
        rule, says = {"type": None}, ""
    else:
        return
    check = DataValidation(allow_blank=True, showErrorMessage=True, **rule)
    check.errorTitle, check.error = field.heading[:MOST_NAME], says[:MOST_PROMPT] or None
    if field.prompt:
        check.showInputMessage = True
        check.promptTitle, check.prompt = field.heading[:MOST_NAME], field.prompt[:MOST_PROMPT]
    check.add(cells)
    made.add_data_validation(check)
