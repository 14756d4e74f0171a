"""The list of great projects (重大项目) a bureau fills in: a form out, its rows back."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.errors import ExportError
from deqing_geo.progress.form import save_form
from deqing_geo.progress.months import read_month
from deqing_geo.progress.returned import Mistakes
from deqing_geo.sheets import Field, Sheet, workbook
from deqing_geo.tables import read_table

# Our columns with their widths, in the order of the form.
ASKED = {
    "project_name": 24.0, "project_scope": 30.0, "town_name": 14.0, "invest_total": 11.0,
    "invest_year": 11.0, "invest_month": 11.0, "invest_done": 11.0, "starts_on": 11.0,
    "ends_on": 11.0, "project_stage": 24.0, "project_unit": 18.0, "problem": 26.0,
    "project_warning": 9.0,
}  # fmt: skip
MONEY = ("invest_total", "invest_year", "invest_month", "invest_done")
DAYS = ("starts_on", "ends_on")
# The plan names 17 projects; four times as many rows leave room.
ROWS = 70
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})?日?)?(?: .*)?")


def projects_form(path: str | os.PathLike[str], known: pd.DataFrame | None = None) -> Path:
    """Write the form for great projects (重大项目实施情况填报表).

    Parameters
    ----------
    path : path
        Where; ``.xlsx``.
    known : DataFrame, optional
        Of `read_projects`: last month's projects stand in it, without what was done that month.

    Returns
    -------
    Path
        The workbook, the same bytes for the same projects.

    Raises
    ------
    ExportError
        If another list stands there, perhaps filled in, or it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(read_projects(projects_form(f"{folder}/projects.xlsx")))
    0
    """
    if Path(path).suffix.lower() != ".xlsx":
        raise ExportError(f"{path}: name a file that ends in .xlsx.")
    title = word("projects_form.title")
    fields = [
        _field(column, width, [] if known is None else known[column].tolist())
        for column, width in ASKED.items()
    ]
    sheet = Sheet(
        title, tuple(fields), title=title, above=((word("projects_form.above"),),), protected=True,
        mark=word("map.internal"), held=1,
    )  # fmt: skip
    file = Path(path)
    return save_form(file, workbook([sheet], called=file.name))


def read_projects(path: str | os.PathLike[str]) -> pd.DataFrame:
    """The great projects a bureau has filled in.

    Parameters
    ----------
    path : path
        Of `projects_form`, or any table with its headings.

    Returns
    -------
    DataFrame
        One row for every project: the columns of the form, money in 10,000 yuan, and
        ``invest_rate``, what was done since the year began by what was planned for it.

    Raises
    ------
    InputError
        If anything is wrong: a row without a name, a name twice, a figure that is none or below
        0, a day that is none, an end before its beginning, a word that is not in the list. All
        of it is listed with column and rows.
    ColumnError
        If it is no such list.
    BoundaryFileError
        If the file is refused, damaged, locked or too large.
    """
    folded = {names.fold(names.label(one)): one for one in ASKED}
    folded |= {names.fold(names.label(one, unit=True)): one for one in MONEY}
    table = read_table(path, folded, [("project_name", "invest_total")], key=None)
    wrong = Mistakes(Path(path).name)
    frame = table.frame.rename(columns=table.found)[[*dict.fromkeys(table.found.values())]]
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for row, cells in frame.to_dict("index").items():
        own = {str(one): str(text).strip().removeprefix("'") for one, text in cells.items()}
        if any(own.values()):
            rows.append(_read(own, int(str(row)), seen, wrong))
    wrong.refuse()
    out = pd.DataFrame(rows, columns=[*ASKED])
    for column in MONEY:
        out[column] = out[column].astype(float)
    planned = out["invest_year"].where(out["invest_year"] > 0)
    out["invest_rate"] = out["invest_done"] / planned
    return out


def _field(column: str, width: float, values: list[Any]) -> Field:
    held = [None if column == "invest_month" or one != one else one for one in values]
    number = column in MONEY
    return Field(
        names.label(column, unit=number),
        [*held, *[None] * max(ROWS - len(held), 10)],
        width=width,
        kind="number" if number else "text",
        open=True,
        least=0.0 if number else None,
        words=tuple(names.vocabulary(column).values()) if column == "project_warning" else (),
        prompt="如 2024-05 或 2024-05-01" if column in DAYS else "",
    )


def _read(own: dict[str, str], row: int, seen: set[str], wrong: Mistakes) -> dict[str, Any]:
    name = own.get("project_name", "")
    heading = names.label("project_name")
    if not name:
        wrong.add("", heading, "a row without the project's name (请填写项目名称)", row)
    elif name in seen:
        wrong.add("", heading, f"{name!r} stands twice (项目重复)", row)
    seen.add(name)
    out: dict[str, Any] = {}
    for column in ASKED:
        text = own.get(column, "")
        if column in MONEY:
            out[column] = _money(text, column, row, wrong)
        elif column in DAYS:
            out[column] = _day(text, column, row, wrong)
        elif column == "project_warning":
            out[column] = _colour(text, row, wrong)
        else:
            out[column] = text
    if out["starts_on"] and out["ends_on"] and out["ends_on"][:7] < out["starts_on"][:7]:
        wrong.add("", names.label("ends_on"), "before the beginning (早于开工时间)", row)
    return out


def _money(text: str, column: str, row: int, wrong: Mistakes) -> float:
    if not text:
        return np.nan
    plain = names.fold(text).replace(",", "")
    if _NUMBER.fullmatch(plain):
        return float(plain)
    wrong.add("", names.label(column), f"{text!r} is no figure from 0 upwards (请填数字)", row)
    return np.nan


def _day(text: str, column: str, row: int, wrong: Mistakes) -> str:
    if not text:
        return ""
    found = _DAY.fullmatch(text)
    month = read_month(f"{found[1]}-{found[2]}") if found else read_month(text)
    if month is None:
        says = f"{text!r} is no day or month, such as 2024-05 (请填年月)"
        wrong.add("", names.label(column), says, row)
        return ""
    return f"{month}-{int(found[3]):02d}" if found and found[3] else month


def _colour(text: str, row: int, wrong: Mistakes) -> str:
    if not text:
        return ""
    words = {zh: key for key, zh in names.vocabulary("project_warning").items()}
    read = words.get(text.removesuffix("色")) or (text if text in words.values() else "")
    if not read:
        says = f"holds {text!r}; it may hold {'、'.join(words)} or nothing"
        wrong.add("", names.label("project_warning"), says, row)
    return read
