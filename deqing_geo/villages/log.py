"""The log of people's decisions as a file (人工调整记录): rows are added and never changed.

A CSV that Excel and WPS open, written whole. What stands in it stays as it was written, letter by
letter; only a heading may be added for what older logs did not say.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError
from deqing_geo.sheets import harmless
from deqing_geo.tables import ended, log_cells, log_file, log_line, log_text, write_log
from deqing_geo.villages.cells import read_day

# What messages call it.
CALLED = "the log of decisions"
# The columns of a new log, with their headings.
HEADINGS = {
    "village_code": "行政区划代码",
    "village_name": "村(社区)名称",
    "stage": "阶段",
    "type_model": "初判类型",
    "type": "拟定类型",
    "reason": "理由",
    "authority": "决定单位",
    "document_no": "依据文号",
    "author": "填写人",
    "date": "日期",
    "valid_until": "有效期至",
}
# What makes two rows the same decision.
SAME = ("village_code", "stage", "type", "reason", "authority", "document_no", "author", "date")
_WORDS = {"stage": "stage", "type": "opinion", "type_model": "type_initial"}


def read_log(path: str | os.PathLike[str]) -> pd.DataFrame:
    """The rows of a log, in our words, for comparing.

    Parameters
    ----------
    path : path
        A ``.csv``; where none stands the log is empty.

    Returns
    -------
    DataFrame of str
        Columns of `SAME`; blank where nothing stands.

    Raises
    ------
    ExportError
        If the name does not end in ``.csv``.
    ColumnError
        If what stands there is no such log.
    BoundaryFileError
        If it cannot be read.
    """
    file = log_file(path, CALLED)
    if not file.exists():
        return pd.DataFrame(columns=[*SAME], dtype=object)
    _, head, rows = _parts(file)
    places = {column: at for at, column in enumerate(head) if column}
    held = {
        column: [
            row[places[column]].strip() if column in places and places[column] < len(row) else ""
            for row in rows
        ]
        for column in SAME
    }
    return comparable(pd.DataFrame(held, dtype=object))


def comparable(rows: pd.DataFrame) -> pd.DataFrame:
    """Decisions as they are compared: words as ours, days as 2025-12-31, texts as a log has them.

    Parameters
    ----------
    rows : DataFrame
        With the columns of `SAME`.

    Returns
    -------
    DataFrame of str
        In the order of `rows`.
    """
    out = {}
    for column in SAME:
        text = names.clean_text(rows[column].map(harmless)).astype(object)
        text = text.where(text.notna(), "")
        if column in _WORDS:
            read = names.read_values(text, _WORDS[column])
            text = read.where(read.notna(), text)
        elif column == "date":
            days = [read_day(one) for one in text]
            text = pd.Series(
                [
                    one if day is None else day.isoformat()
                    for one, day in zip(text, days, strict=True)
                ],
                index=rows.index,
                dtype=object,
            )
        out[column] = text
    return pd.DataFrame(out, index=rows.index, dtype=object)


def append_log(path: str | os.PathLike[str], rows: pd.DataFrame) -> Path:
    """Add decisions to the end of a log; what stands there stays letter by letter.

    Parameters
    ----------
    path : path
        A ``.csv``; a new one gets Chinese headings and a byte-order mark.
    rows : DataFrame
        With the columns of `HEADINGS`, in our words; ``valid_until`` may be lacking.

    Returns
    -------
    Path
        The file. Without rows, or on a failure, it is left as it was.

    Raises
    ------
    ExportError
        If the name does not end in ``.csv``, or it cannot be written.
    ColumnError
        If what stands there is no such log.
    BoundaryFileError
        If it cannot be read.
    """
    file = log_file(path, CALLED)
    if len(rows) == 0:
        return file
    if file.exists():
        text, head, _ = _parts(file)
        lines = text.splitlines(keepends=True)
        own = lines[0].rstrip("\r\n")
        ours = [column for column in ("stage", "type_model") if column not in head]
        chinese = "village_code" not in own
        added = [HEADINGS[column] if chinese else column for column in ours]
        text = ",".join([own, *added]) + lines[0][len(own) :] + "".join(lines[1:])
        text = ended(text)
        head = [*head, *ours]
    else:
        head = [*HEADINGS]
        text = log_line(HEADINGS.values())
    said = rows.assign(
        **{
            column: [names.vocabulary(words).get(str(one), one) for one in rows[column]]
            for column, words in _WORDS.items()
        }
    )
    for record in said.to_dict("records"):
        text += log_line(record.get(column) if column else "" for column in head)
    write_log(file, text)
    return file


def _parts(file: Path) -> tuple[str, list[str], list[list[str]]]:
    """The text, our columns by place (empty for others), and the rows."""
    text = log_text(file)
    rows = log_cells(text)
    known = {
        names.fold(said): column for said, column in names.crosswalk("override_heading").items()
    }
    known |= {names.fold(column): column for column in HEADINGS}
    head = [known.get(names.fold(cell), "") for cell in (rows[0] if rows else [])]
    if "village_code" not in head or "type" not in head:
        raise ColumnError(
            f"{file.name}: not a log of decisions: its first row has no 行政区划代码 and 拟定类型, "
            "with commas between the cells."
        )
    return text, head, rows[1:]
