"""Where a table begins and ends in a sheet: titles above, totals and signatures below.

Offices put a title and a line of units above the heading, merge its cells over two rows, number the
columns beneath, add a total, and sign. The heading is the row with the most headings that are
known; every row that is left out is told.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from deqing_geo.columns import fold, registry
from deqing_geo.errors import BoundaryFileError, ColumnError, DeqingGeoWarning
from deqing_geo.tables.cells import Book, Sheet, open_book

# One to three lines of title and two rows of heading are usual; ten times that is no table's top.
TOP_ROWS = 30
# What stands behind a heading in brackets, or in a row of its own beneath.
UNITS = (
    "%", "‰", "人", "户", "元", "千元", "万", "万元", "亿元", "千人", "万人", "亩", "公顷",
    "平方米", "平方公里", "平方千米", "米", "公里", "千米", "分钟", "小时", "度", "处", "类", "年",
    "宗(套)", "宗", "套", "个", "人/平方公里", "人/公顷", "km2", "m2", "ha", "m", "km", "min", "h",
    "是/否", "日期", "°",
)  # fmt: skip
_UNIT = re.compile(r"(.+?)[(\[【<,/](?:单位:?)?([^()\[\]【】<>]*(?:\([^()]*\))?)[)\]】>]?")
_TOTAL = re.compile(r".{0,8}(合计|小计|总计|共计|总数):?")
# A total says so in its first cells, not in a remark.
TOTAL_CELLS = 3
_NOTE = re.compile(
    r"(注|备注|说明|附注|填表说明)\d*[:、.].*|(填表人|制表人?|单位负责人|负责人|审核人|审核|联系电话"
    r"|联系人|填报日期|填报时间|填报单位|填表日期|数据来源|资料来源).*"
)
_COLUMN_NUMBERS = "甲乙丙丁戊己庚辛"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The table in a sheet.

    Attributes
    ----------
    frame : DataFrame of str
        One row each, blank cells as empty text; the index is the row of the sheet, from 1.
        Columns are called as the heading says; of two alike the second carries its number.
    found : dict of str to str
        From the frame's columns to ours.
    units : dict of str to str
        The unit a heading names, folded, by the frame's column.
    merged : tuple of (str, tuple of int)
        Columns of the frame and rows over which one cell reaches.
    titles : tuple of str
        What stands above the heading.
    told : dict
        For the reading notes.
    """

    frame: pd.DataFrame
    found: dict[str, str]
    units: dict[str, str]
    merged: tuple[tuple[str, tuple[int, ...]], ...]
    titles: tuple[str, ...]
    told: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Head:
    at: int
    rows: int
    labels: list[str]
    found: dict[int, tuple[str, str]]  # by place: our column and the unit the heading names


def read_table(
    path: str | os.PathLike[str],
    known: Mapping[str, str],
    needs: Sequence[Collection[str]],
    *,
    key: str | None,
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Table:
    r"""Find the table in a file.

    Parameters
    ----------
    path : path
        ``.csv``, ``.xlsx``, ``.xlsm`` or ``.xls``.
    known : mapping of str to str
        From headings, folded, to our columns.
    needs : sequence of collections of str
        The columns without which it is not the table; any one of the collections will do.
    key : str or None
        The column that no row of the table leaves blank; totals and signatures do.
    sheet : str, optional
        The sheet, where several hold such a table.
    columns : mapping, optional
        From our columns to headings, where the table of names is wrong.

    Returns
    -------
    Table
        Its cells as text.

    Raises
    ------
    BoundaryFileError
        If the file is refused, damaged, locked or too large, or its sheet must be named.
    ColumnError
        If no sheet has the headings, or `columns` is mistaken.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> lines = "村庄情况表,\n填报单位:,\n代码,人口\n330521001901,5\n合计,5\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "a.csv"
    ...     _ = file.write_text(lines, "utf-8")
    ...     known = {"代码": "village_code", "人口": "pop_resident"}
    ...     table = read_table(file, known, [["village_code"]], key="village_code")
    >>> table.frame.to_dict("index"), table.told["heading_row"], table.told["totals"]
    ({4: {'代码': '330521001901', '人口': '5'}}, 3, (5,))
    """
    book = open_book(path)
    given = dict(columns or {})
    chosen, head = _choose(book, known, needs, sheet, given)
    have = {fold(label) for label in head.labels}
    absent = [heading for heading in given.values() if fold(heading) not in have]
    if absent:
        raise ColumnError(
            f"columns= names headings the table does not have: {', '.join(absent)}. "
            f"It has: {', '.join(label for label in head.labels if label)}."
        )
    return _cut(book, chosen, head, key)


def read_sheets(
    path: str | os.PathLike[str],
    known: Mapping[str, str],
    needs: Sequence[Collection[str]],
    *,
    key: str | None,
    sheets: Sequence[str],
) -> dict[str, Table]:
    """The tables in several sheets of one workbook, which is opened once.

    Parameters
    ----------
    path, known, needs, key
        As of `read_table`.
    sheets : sequence of str
        Names of the sheets; those the workbook does not have, and those without the headings,
        are left out.

    Returns
    -------
    dict of str to Table
        By the sheet's name.

    Raises
    ------
    BoundaryFileError
        If the file is refused, damaged, locked or too large.
    """
    book = open_book(path)
    out = {}
    for sheet in book.sheets:
        head = _head(sheet, known, {}) if sheet.name in sheets and sheet.rows else None
        if head is not None and _fits(head, needs):
            out[sheet.name] = _cut(book, sheet, head, key)
    return {name: out[name] for name in sheets if name in out}


# ---------------------------------------------------------------- the sheet


def _choose(
    book: Book,
    known: Mapping[str, str],
    needs: Sequence[Collection[str]],
    sheet: str | None,
    given: Mapping[str, str],
) -> tuple[Sheet, _Head]:
    name = book.file.name
    filled = [one for one in book.sheets if one.rows]
    if sheet is not None:
        filled = [one for one in book.sheets if one.name == sheet]
        if not filled:
            raise BoundaryFileError(
                f"{name}: no sheet {sheet!r}. It has: {', '.join(one.name for one in book.sheets)}."
            )
    heads = [(one, _head(one, known, given)) for one in filled]
    fitting = [(one, head) for one, head in heads if head is not None and _fits(head, needs)]
    seen = [(one, head) for one, head in fitting if not one.hidden or sheet is not None]
    if len(seen) == 1:
        return seen[0]
    if len(seen) > 1:
        raise BoundaryFileError(
            f"{name}: which sheet? Pass sheet=, one of: {', '.join(one.name for one, _ in seen)}."
        )
    if fitting:
        raise BoundaryFileError(
            f"{name}: only hidden sheets fit: {', '.join(one.name for one, _ in fitting)}. Pass "
            "sheet= if one of them is meant (只有隐藏的工作表符合)."
        )
    best = max(
        ((one, head) for one, head in heads if head is not None),
        key=lambda pair: len(pair[1].found),
        default=None,
    )
    if best is None or not best[1].labels:
        raise ColumnError(f"{name}: not a table with a heading and commas: it is empty.")
    labels = [label for label in best[1].labels if label]
    wanted = " or ".join(
        " and ".join(f"`{one}`" for one in need) if len(need) > 1 else f"`{next(iter(need))}`"
        for need in needs
    )
    where = f" in the sheet {best[0].name!r}" if best[0].name else ""
    raise ColumnError(
        f"{name}: no heading is {wanted}{_labelled(needs)}. Row {best[1].at + 1}{where} has: "
        f"{', '.join(labels[:30])}. Pass columns={{'{next(iter(needs[0]))}': '…'}}."
    )


def _labelled(needs: Sequence[Collection[str]]) -> str:
    said = [registry()[one].zh for need in needs for one in need if one in registry()]
    return f" ({'、'.join(said)})" if said else ""


def _fits(head: _Head, needs: Sequence[Collection[str]]) -> bool:
    have = {column for column, _ in head.found.values()}
    return any(have.issuperset(need) for need in needs)


# ---------------------------------------------------------------- the heading


def _head(sheet: Sheet, known: Mapping[str, str], given: Mapping[str, str]) -> _Head | None:
    """The row, or two, with the most known headings; of equal ones the first and the simplest."""
    own = {fold(heading): column for column, heading in given.items()}
    best: tuple[tuple[int, int], _Head] | None = None
    for at in range(min(TOP_ROWS, len(sheet.rows))):
        if not any(cell.strip() for cell in sheet.rows[at]):
            continue
        for rows in (1, 2):
            labels = _one(sheet, at) if rows == 1 else _two(sheet, at, known, own)
            if labels is None:
                continue
            found: dict[int, tuple[str, str]] = {}
            for place, label in enumerate(labels):
                if not label:
                    continue
                column, unit = recognise(label, known, own)
                # The planner's own word stands before the table of names.
                if column and (column not in given or fold(label) in own):
                    found[place] = (column, unit)
            score = 2 * len({column for column, _ in found.values()})
            # A row of units beneath belongs to the heading, though it adds no column.
            score += rows == 2 and score > 0 and _are_units(sheet.rows[at + 1])
            if best is None or (score, -rows) > best[0]:
                best = ((score, -rows), _Head(at, rows, labels, found))
    return None if best is None else best[1]


def recognise(
    label: str, known: Mapping[str, str], own: Mapping[str, str]
) -> tuple[str | None, str]:
    """Which column a heading is, and the unit it names.

    Parameters
    ----------
    label : str
        As it stands there.
    known : mapping of str to str
        From headings, folded, to our columns.
    own : mapping of str to str
        The planner's own, which go before.

    Returns
    -------
    column : str or None
        Ours.
    unit : str
        Folded; empty where it names none.

    Examples
    --------
    >>> recognise("宅基地闲置率（％）", {"宅基地闲置率": "hollow_rate"}, {})
    ('hollow_rate', '%')
    """
    text = fold(label)
    found = _UNIT.fullmatch(text)
    base, unit = (found[1], found[2]) if found and found[2] in UNITS else (text, "")
    if not unit and text.endswith("%"):
        base, unit = text[:-1], "%"
    for table in (own, known):
        column = table.get(text) or (table.get(base) if unit else None)
        if column:
            return column, unit
    return None, unit


def _one(sheet: Sheet, at: int) -> list[str]:
    return [_tidy(cell) for cell in sheet.rows[at]]


def _two(
    sheet: Sheet, at: int, known: Mapping[str, str], own: Mapping[str, str]
) -> list[str] | None:
    """Headings of a row and the one beneath, where cells are merged across the first."""
    if at + 1 >= len(sheet.rows):
        return None
    upper, lower = list(_one(sheet, at)), _one(sheet, at + 1)
    width = max(len(upper), len(lower))
    upper += [""] * (width - len(upper))
    lower += [""] * (width - len(lower))
    for top, left, bottom, right in sheet.marks.merged:
        if top <= at <= bottom and left < width:
            for place in range(left, min(right, width - 1) + 1):
                upper[place] = upper[place] or (_one(sheet, top) + [""] * width)[left]
    out = []
    for above, below in zip(upper, lower, strict=True):
        if not below:
            out.append(above)
            continue
        ways = [f"{above}({below})", above + below, below] if above else [below]
        out.append(next((way for way in ways if recognise(way, known, own)[0]), ways[0]))
    return out


def _are_units(row: Sequence[str]) -> bool:
    said = [fold(cell).strip("()[]") for cell in row if cell.strip()]
    return bool(said) and all(one in UNITS or one in "-—/" for one in said)


def _tidy(cell: str) -> str:
    return " ".join(cell.split()) if cell else ""


# ---------------------------------------------------------------- the body


def _cut(book: Book, sheet: Sheet, head: _Head, key: str | None) -> Table:
    name = book.file.name
    first = head.at + head.rows
    width = max((len(row) for row in sheet.rows[head.at :]), default=0)
    if book.driver == "CSV":
        _refuse_wide(name, sheet, head)
    labels = head.labels + [""] * (width - len(head.labels))
    body = [row + [""] * (width - len(row)) for row in sheet.rows[first:]]
    held = [any(row[place].strip() for row in body) for place in range(width)]
    kept = [place for place in range(width) if labels[place] or held[place]]
    called: dict[int, str] = {}
    for place in kept:
        label = labels[place] or f"({place + 1})"
        called[place] = label if label not in called.values() else f"{label} ({place + 1})"
    merged = _fill(sheet, body, first, width, called)
    mine = next((place for place, (column, _) in head.found.items() if column == key), None)
    rows, told = _rows(body, first, labels, mine)
    frame = pd.DataFrame(
        [[body[row][place] for place in kept] for row in rows],
        columns=pd.Index([called[place] for place in kept], dtype=object),
        index=pd.Index([first + row + 1 for row in rows], name="row"),
        dtype=object,
    )
    inside = set(rows)
    told = {
        "file": name,
        "driver": book.driver,
        **({"encoding": book.encoding} if book.encoding else {"sheet": sheet.name}),
        "heading_row": head.at + 1,
        **({"heading_rows": (head.at + 1, head.at + 2)} if head.rows == 2 else {}),
        **_told_of(book, sheet),
        **told,
        **_bad_cells(name, sheet, first, inside, called),
    }
    titles = tuple(
        dict.fromkeys(_tidy(cell) for row in sheet.rows[: head.at] for cell in row if cell.strip())
    )
    if titles:
        told["titles"] = titles
    if merged:
        told["merged_cells"] = tuple((label, lines[0], lines[-1]) for label, lines in merged)
    return Table(
        frame,
        {called[place]: column for place, (column, _) in head.found.items() if place in called},
        {called[place]: unit for place, (_, unit) in head.found.items() if unit},
        merged,
        titles,
        told,
    )


def _refuse_wide(name: str, sheet: Sheet, head: _Head) -> None:
    """A comma too many shifts all that follows by one column."""
    width = max(len(sheet.rows[row]) for row in range(head.at, head.at + head.rows))
    for row in range(head.at + head.rows, len(sheet.rows)):
        if any(cell.strip() for cell in sheet.rows[row][width:]):
            raise ColumnError(
                f"{name}: not a table with a heading and commas (row {row + 1} has "
                f"{len(sheet.rows[row])} cells, the heading {width}). Numbers with commas stand "
                "in quotes."
            )


def _fill(
    sheet: Sheet, body: list[list[str]], first: int, width: int, called: Mapping[int, str]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Cells merged over several rows say the same of all of them."""
    out = []
    for top, left, bottom, _ in sheet.marks.merged:
        last = min(bottom, first + len(body) - 1)
        if top < first or last <= top or left >= width or not body[top - first][left].strip():
            continue
        for row in range(top - first + 1, last - first + 1):
            body[row][left] = body[top - first][left]
        if left in called:
            out.append((called[left], tuple(range(top + 1, last + 2))))
    return tuple(out)


def _rows(
    body: list[list[str]], first: int, labels: list[str], key: int | None
) -> tuple[list[int], dict[str, Any]]:
    """Which rows are rows of the table, and which others there are."""
    kept: list[int] = []
    out: dict[str, list[int]] = {"totals": [], "notes_below": [], "headings_again": []}
    for at, row in enumerate(body):
        cells = [cell.strip() for cell in row]
        said = [cell for cell in cells if cell]
        if not said:
            continue
        code = cells[key] if key is not None else ""
        wordy = key is None or not any(char.isdigit() for char in code)
        again = sum(a == b for a, b in zip(map(_tidy, cells), labels, strict=True) if a)
        if again > len(said) / 2 or (at == 0 and _are_numbers(said)):
            out["headings_again"].append(first + at + 1)
        elif wordy and any(_TOTAL.fullmatch(fold(cell)) for cell in said[:TOTAL_CELLS]):
            out["totals"].append(first + at + 1)
        elif wordy and _NOTE.fullmatch(fold(said[0])):
            out["notes_below"].append(first + at + 1)
        else:
            kept.append(at)
    return kept, {kind: tuple(rows) for kind, rows in out.items() if rows}


def _are_numbers(said: list[str]) -> bool:
    """甲 乙 1 2 3: columns numbered beneath the heading."""
    counted = [cell for cell in said if cell.strip("()[]") not in _COLUMN_NUMBERS]
    numbers = [cell.strip("()[]") for cell in counted]
    return len(said) > 1 and numbers == [str(one + 1) for one in range(len(numbers))]


def _told_of(book: Book, sheet: Sheet) -> dict[str, Any]:
    hidden = tuple(one.name for one in book.sheets if one.hidden)
    others = tuple(one.name for one in book.sheets if one is not sheet and not one.hidden)
    return {
        **({"hidden_sheets": hidden} if hidden else {}),
        **({"sheets_not_read": others} if others else {}),
    }


def _bad_cells(
    name: str, sheet: Sheet, first: int, rows: Collection[int], called: Mapping[int, str]
) -> dict[str, Any]:
    """Cells of the table that hold a failed formula, or one whose value was never saved."""
    out: dict[str, Any] = {}
    for key, cells, says in (
        ("failed_formulas", sheet.marks.broken, "hold a formula that failed (#N/A, #REF! …)"),
        ("blank_formulas", sheet.marks.blank_formulas, "hold a formula whose value was not saved"),
    ):
        inside = [
            (row + 1, called[place])
            for row, place in sorted(cells)
            if row - first in rows and place in called
        ]
        if not inside:
            continue
        out[key] = tuple(inside)
        shown = ", ".join(f"row {row} {label}" for row, label in inside[:5])
        warnings.warn(
            f"{name}: {len(inside)} cells {says} and are taken as blank ({shown}). "
            "请在 Excel 或 WPS 中打开,重新计算并保存.",
            DeqingGeoWarning,
            stacklevel=6,
        )
    return out
