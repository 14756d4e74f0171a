"""A log people keep as a file: rows are added at its end and never changed.

A CSV that Excel and WPS open, written whole. What stands in it stays letter by letter. What its
columns mean is for the rooms above to say.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

from deqing_geo.errors import ExportError
from deqing_geo.files import table_text, whole_file
from deqing_geo.sheets import harmless


def log_file(path: str | os.PathLike[str], called: str) -> Path:
    """The file of a log, once its name is one.

    Parameters
    ----------
    path : path
        It need not be there yet.
    called : str
        What messages call the log.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    ExportError
        If it does not end in ``.csv``.
    """
    if Path(path).suffix.lower() != ".csv":
        raise ExportError(f"{path}: {called} is a file that ends in .csv.")
    return Path(path)


def log_text(file: Path) -> str:
    """What stands in a log, without its byte-order mark.

    Parameters
    ----------
    file : Path
        A CSV in UTF-8 or GB 18030.

    Returns
    -------
    str
        Letter by letter.

    Raises
    ------
    BoundaryFileError
        If it cannot be read.
    """
    return table_text(file)[0].removeprefix("\ufeff")


def log_cells(text: str) -> list[list[str]]:
    r"""The cells of a log, blank rows left out.

    Parameters
    ----------
    text : str
        Of `log_text`.

    Returns
    -------
    list of list of str
        The heading first.

    Examples
    --------
    >>> log_cells("月份,指标\r\n\r\n2026-03,路网密度\r\n")
    [['月份', '指标'], ['2026-03', '路网密度']]
    """
    rows = list(csv.reader(io.StringIO(text, newline="")))
    return [*rows[:1], *(row for row in rows[1:] if any(cell.strip() for cell in row))]


def log_line(cells: Iterable[object]) -> str:
    r"""Cells as a line of a log: nothing in it is run by a spreadsheet, nothing missing is a word.

    Parameters
    ----------
    cells : iterable of object
        None and NaN are empty.

    Returns
    -------
    str
        With its end.

    Examples
    --------
    >>> log_line(["甲", None, "=1+1"])
    "甲,,'=1+1\r\n"
    """
    held = io.StringIO(newline="")
    said = ("" if one is None or one != one else harmless(str(one)) for one in cells)
    csv.writer(held, lineterminator="\r\n").writerow(said)
    return held.getvalue()


def write_log(file: Path, text: str) -> None:
    """Put a log in the place of what it was before more was added, whole or not at all.

    Parameters
    ----------
    file : Path
        The log.
    text : str
        All of it.

    Raises
    ------
    ExportError
        If it cannot be written.
    """
    with whole_file(file) as draft:
        draft.write_bytes(text.encode("utf-8-sig"))


def ended(text: str) -> str:
    r"""A text whose last line has an end, so that another can follow.

    Parameters
    ----------
    text : str
        Of a log.

    Returns
    -------
    str
        Otherwise the same.

    Examples
    --------
    >>> ended("a,b")
    'a,b\r\n'
    """
    return text + ("" if not text or text.endswith(("\n", "\r")) else "\r\n")
