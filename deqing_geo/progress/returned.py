"""The table of progress as it came back: what it says, and all that is wrong with it at once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, InputError
from deqing_geo.progress.form import (
    GOAL,
    LOCKED,
    OF_MONTHS,
    OPEN_MONTH,
    OPEN_YEAR,
    QUALITATIVE,
    YEARLY,
    shown_unit,
)
from deqing_geo.progress.judging import unit_of
from deqing_geo.progress.log import read_log
from deqing_geo.progress.months import DECEMBER, YEARS
from deqing_geo.progress.told import OF_MONTH, OF_YEAR, Progress
from deqing_geo.tables import read_sheets

if TYPE_CHECKING:
    from deqing_geo.standards import Standard, Target
    from deqing_geo.tables import Table

PERCENT = 100.0
# Kinds of mistake an error lists before it only counts them, and rows of one kind.
MOST_SAID, MOST_ROWS = 40, 5
TEXTS = ("lead_unit", "joint_units", "problem", "next_step", "month_note")
# Thresholds of a share are percentage points, which are often less than one.
LAGS = ("yellow_lag", "red_lag")
_YEAR = re.compile(r"填报年度[:：]\s*(\d{4})")
_GOAL = re.compile(rf"(\d{{4}}){GOAL}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Mistakes:
    """All that is wrong with a form, by sheet and column, with the rows.

    Parameters
    ----------
    file : str
        For the message.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.held: dict[tuple[str, str, str], list[int]] = {}

    def add(self, sheet: str, column: str, says: str, row: int | None = None) -> None:
        """Keep a mistake.

        Parameters
        ----------
        sheet, column : str
            Where; `column` as its heading says, empty for the sheet as a whole.
        says : str
            What, and what to do; rows with the same mistake are told together.
        row : int, optional
            Of the sheet, from 1.
        """
        rows = self.held.setdefault((sheet, column, says), [])
        if row is not None:
            rows.append(row)

    def refuse(self) -> None:
        """Say all of it at once.

        Raises
        ------
        InputError
            If there is a mistake.
        """
        if not self.held:
            return
        said = []
        for (sheet, column, says), rows in self.held.items():
            more = f" and {len(rows) - MOST_ROWS} more" if len(rows) > MOST_ROWS else ""
            where = f" (rows {', '.join(map(str, rows[:MOST_ROWS]))}{more})" if rows else ""
            place = "/".join(one for one in (sheet, column) if one)
            said.append(f"{place}: {says}{where}")
        left = len(said) - MOST_SAID
        raise InputError(
            f"{self.file}: {len(said)} kind{'s' * (len(said) > 1)} of mistake; nothing was taken over.\n  "
            + "\n  ".join(said[:MOST_SAID])
            + (f"\n  and {left} more" if left > 0 else "")
        )


def read_progress(
    path: str | os.PathLike[str],
    law: Standard,
    *,
    log: str | os.PathLike[str] | None = None,
    as_of: date | None = None,
) -> Progress:
    """Read the table of progress a bureau has filled in, and the log of what was reported.

    Parameters
    ----------
    path : path
        Of `targets_form`, filled in: ``.xlsx`` or ``.xls``, columns found by their headings.
    law : Standard
        With the plan's targets.
    log : path, optional
        The log of reported months (``.csv``); it need not be there yet.
    as_of : date, optional
        Months after it are yet to come; by default today.

    Returns
    -------
    Progress
        For ``scorecard(..., progress=)``.

    Raises
    ------
    InputError
        If the standard has no plan, or anything in the table is wrong: a locked cell that is
        not as it was sent, a target twice or unknown, a word that is not in the list, a figure
        that is none, below 0 or a share above 100, a share filled in as a ratio, a base value
        without its year or a year without its value, a red line below the yellow one, a figure
        of a month to come. All of it is listed with sheet, column and rows.
    ColumnError
        If it is no such table, or the log is none.
    BoundaryFileError
        If the file is refused, damaged, locked or too large.

    See Also
    --------
    targets_form : writes it.

    Examples
    --------
    >>> import tempfile, openpyxl
    >>> from deqing_geo import standards
    >>> from deqing_geo.progress import targets_form
    >>> law = standards.load()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = targets_form(f"{folder}/targets.xlsx", law, year=2026)
    ...     book = openpyxl.load_workbook(file)
    ...     for cell, value in (("F8", 6.5), ("G8", 2025), ("H8", 7.4)):
    ...         book["年度目标"][cell] = value
    ...     book.save(file)
    ...     told = read_progress(file, law)
    >>> told.of_year("road_density", "base_value"), told.goal("road_density", "2026-05")
    (6.5, 7.4)
    """
    targets = {one.id: one for one in getattr(law, "targets", {}).values()}
    if not targets:
        raise InputError("`law` has no plan with targets. Try law=standards.load('deqing').")
    day = as_of or datetime.now().astimezone().date()
    wrong = Mistakes(Path(path).name)
    notices: list[str] = []
    yearly, months = _open(path, wrong)
    found = _YEAR.search(" ".join(yearly.titles))
    year = int(found[1]) if found else 0
    if not YEARS[0] <= year <= YEARS[1]:
        wrong.add(YEARLY, "", "the line 填报年度 above the heading is gone (请恢复填报年度)")
    plan, goals = _read_year(yearly, targets, year, wrong, notices)
    rows: list[dict[str, Any]] = []
    for sheet, table in months.items():
        month = f"{year}-{int(sheet.removesuffix('月')):02d}"
        rows += _read_month(table, sheet, month, targets, day, wrong)
    for at in range(1, DECEMBER + 1):
        if f"{at}月" not in months:
            wrong.add(f"{at}月", "", "the sheet or its heading is gone (工作表或表头缺少、被改名)")
    wrong.refuse()
    kept = read_log("none.csv" if log is None else log, law)
    return Progress(
        year=year,
        plan=plan,
        goals=goals,
        months=pd.DataFrame(rows, columns=["target_key", "month", *OF_MONTH]).astype(
            {"measured": float, "due_value": float}
        ),
        log=kept,
        notices=tuple(notices),
    )


def _open(path: str | os.PathLike[str], wrong: Mistakes) -> tuple[Table, dict[str, Table]]:
    headings = {one: LOCKED[one][0] for one in LOCKED}
    known = {heading: column for column, heading in headings.items()}
    known |= {heading: column for column, (heading, _) in {**OPEN_YEAR, **OPEN_MONTH}.items()}
    known |= {f"{year}{GOAL}": f"goal_{year}" for year in range(YEARS[0], YEARS[1] + 1)}
    folded = {names.fold(heading): column for heading, column in known.items()}
    needs = (("id", "indicator_zh"),)
    sheets = [YEARLY, *(f"{at}月" for at in range(1, DECEMBER + 1))]
    tables = read_sheets(path, folded, needs, key=None, sheets=sheets)
    if YEARLY not in tables:
        raise ColumnError(
            f"{wrong.file}: no table of progress: it has no sheet {YEARLY}. "
            "deqing-geo scorecard --template writes one."
        )
    for sheet, table in tables.items():
        wanted = (
            [*LOCKED, *OPEN_YEAR] if sheet == YEARLY else [*OF_MONTHS, *OPEN_MONTH]
        )  # fmt: skip
        have = list(table.found.values())
        for column in wanted:
            heading = {**LOCKED, **OPEN_YEAR, **OPEN_MONTH}[column][0]
            if column not in have:
                wrong.add(sheet, heading, "the column is gone (缺少该列,请恢复)")
            elif have.count(column) > 1:
                wrong.add(sheet, heading, "two columns have this heading (表头重复)")
    wrong.refuse()
    return tables.pop(YEARLY), tables


# ---------------------------------------------------------------- rows


def _cells(table: Table) -> dict[int, dict[str, str]]:
    """Cells of each row by our columns, blanks at their ends taken off."""
    frame = table.frame.rename(columns=table.found)[[*dict.fromkeys(table.found.values())]]
    out = {}
    for row, cells in frame.to_dict("index").items():
        own = {str(one): str(text).strip().removeprefix("'") for one, text in cells.items()}
        if any(own.values()):
            out[int(str(row))] = own
    return out


def _own(
    sheet: str,
    row: int,
    cells: Mapping[str, str],
    targets: Mapping[str, Target],
    seen: set[str],
    wrong: Mistakes,
) -> Target | None:
    """The target of a row, if its locked cells are as they were sent."""
    number = names.fold(cells["id"]).upper()
    target = targets.get(number)
    heading = LOCKED["id"][0]
    if target is None:
        wrong.add(sheet, heading, f"{cells['id']!r} is no target of the plan (编号有误)", row)
        return None
    if number in seen:
        wrong.add(sheet, heading, f"{number} stands twice (指标重复)", row)
        return None
    seen.add(number)
    for column, was in (
        ("indicator_zh", target.indicator_zh),
        ("shown_unit", shown_unit(target)),
        ("asked", target.asked),
    ):
        if column in cells and names.fold(cells[column]) != names.fold(was):
            wrong.add(
                sheet, LOCKED[column][0],
                f"not as it was sent, {was!r} (锁定单元格被改动,是否单独排序)", row,
            )  # fmt: skip
            return None
    return target


def _read_year(
    table: Table,
    targets: Mapping[str, Target],
    year: int,
    wrong: Mistakes,
    notices: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    years = sorted(int(one[5:]) for one in table.found.values() if one.startswith("goal_"))
    if year and year not in years:
        wrong.add(YEARLY, f"{year}{GOAL}", "the column is gone (缺少该列,请恢复)")
    plan, goals = {}, {}
    seen: set[str] = set()
    for row, cells in _cells(table).items():
        target = _own(YEARLY, row, cells, targets, seen, wrong)
        if target is None:
            continue
        held: dict[str, Any] = {}
        for column in OF_YEAR:
            heading, text = OPEN_YEAR[column][0], cells[column]
            if column in TEXTS:
                held[column] = text or None
            elif column == "pace_way":
                held[column] = _way(text, row, wrong)
            elif column == "base_year":
                held[column] = _base_year(text, year, row, wrong)
            else:
                held[column] = _number(
                    target, text, YEARLY, heading, row, wrong, lag=column in LAGS
                )
        plan[target.key] = held
        goals[target.key] = {
            one: _number(target, cells[f"goal_{one}"], YEARLY, f"{one}{GOAL}", row, wrong)
            for one in years
        }
        _together(target, held, goals[target.key], row, wrong, notices)
    _all_there(YEARLY, targets, seen, wrong)
    return (
        pd.DataFrame.from_dict(plan, orient="index", columns=[*OF_YEAR]).rename_axis("target_key"),
        pd.DataFrame.from_dict(goals, orient="index", columns=years, dtype=float).rename_axis(
            "target_key"
        ),
    )


def _together(
    target: Target,
    held: Mapping[str, Any],
    goals: Mapping[int, float | None],
    row: int,
    wrong: Mistakes,
    notices: list[str],
) -> None:
    """What only makes sense together."""
    base, began = held["base_value"], held["base_year"]
    if base is not None and began is None:
        wrong.add(YEARLY, OPEN_YEAR["base_year"][0], "a base value without its year (请填写)", row)
    if began is not None and base is None:
        wrong.add(YEARLY, OPEN_YEAR["base_value"][0], "a base year without its value (请填写)", row)
    yellow, red = held["yellow_lag"], held["red_lag"]
    if yellow is not None and red is not None and red < yellow:
        wrong.add(
            YEARLY, OPEN_YEAR["red_lag"][0], "the red line lies before the yellow (红线小于黄线)",
            row,
        )  # fmt: skip
    last = int(target.year[-4:]) if target.year[-4:].isdigit() else 0
    ends = goals.get(last)
    if ends is not None and target.is_met(ends, unit_of(target)) is False:
        shown = target.show(ends, unit_of(target))
        notices.append(
            f"{target.id} {target.indicator_zh}:{last}年目标值 {shown}"
            f"未达到规划目标({target.asked})"
        )


def _read_month(
    table: Table,
    sheet: str,
    month: str,
    targets: Mapping[str, Target],
    day: date,
    wrong: Mistakes,
) -> list[dict[str, Any]]:
    out = []
    seen: set[str] = set()
    for row, cells in _cells(table).items():
        target = _own(sheet, row, cells, targets, seen, wrong)
        if target is None:
            continue
        held: dict[str, Any] = {}
        for column in OF_MONTH:
            heading, text = OPEN_MONTH[column][0], cells[column]
            if column in TEXTS:
                held[column] = text or None
            else:
                held[column] = _number(target, text, sheet, heading, row, wrong)
        if held["measured"] is not None and month > f"{day:%Y-%m}":
            heading = OPEN_MONTH["measured"][0]
            wrong.add(sheet, heading, f"the month is yet to come on {day} (该月尚未到)", row)
        if any(one is not None for one in held.values()):
            out.append({"target_key": target.key, "month": month, **held})
    _all_there(sheet, targets, seen, wrong)
    return out


def _all_there(sheet: str, targets: Mapping[str, Target], seen: set[str], wrong: Mistakes) -> None:
    """A row somebody deleted takes along what was filled in there."""
    lost = [one for one in targets if one not in seen]
    if lost:
        many = f" and {len(lost) - MOST_ROWS} more" if len(lost) > MOST_ROWS else ""
        says = f"rows of {'、'.join(lost[:MOST_ROWS])}{many} are gone or unreadable (缺少指标行)"
        wrong.add(sheet, LOCKED["id"][0], says)


# ---------------------------------------------------------------- cells


def _way(text: str, row: int, wrong: Mistakes) -> str | None:
    if not text:
        return None
    words = names.vocabulary("pace_way")
    read = names.read_values(pd.Series([text]), "pace_way").iloc[0]
    if isinstance(read, str):
        return read
    allowed = "、".join(words.values())
    wrong.add(
        YEARLY, OPEN_YEAR["pace_way"][0], f"holds {text!r}; it may hold {allowed} or nothing", row
    )
    return None


def _base_year(text: str, year: int, row: int, wrong: Mistakes) -> int | None:
    if not text:
        return None
    plain = names.fold(text).removesuffix("年")
    value = float(plain) if _NUMBER.fullmatch(plain) else np.nan
    if not (value.is_integer() and YEARS[0] <= value <= (year or YEARS[1])):
        wrong.add(
            YEARLY, OPEN_YEAR["base_year"][0],
            f"{text!r} is no year up to {year or YEARS[1]} (请填年份,如 {(year or 2026) - 1})", row,
        )  # fmt: skip
        return None
    return int(value)


def _number(
    target: Target,
    text: str,
    sheet: str,
    heading: str,
    row: int,
    wrong: Mistakes,
    *,
    lag: bool = False,
) -> float | None:
    """A figure in the unit frames hold it in; a mistake is kept and gives none."""
    if not text:
        return None
    if shown_unit(target) == QUALITATIVE:
        wrong.add(sheet, heading, "a figure where the plan asks for none (定性任务不填数值)", row)
        return None
    share = unit_of(target) == "ratio"
    plain = names.fold(text).replace(",", "").replace(" ", "").lower()
    written = share and plain.endswith("%")
    plain = plain.removesuffix("%") if share else plain
    if not _NUMBER.fullmatch(plain):
        wrong.add(sheet, heading, f"{text!r} is no figure (请填数字,没有的留空)", row)
        return None
    value = float(plain)
    if value < 0:
        wrong.add(sheet, heading, f"{text} is below 0 (不能小于0)", row)
        return None
    if not share:
        return value
    if value > PERCENT:
        wrong.add(sheet, heading, f"{text} is more than 100 per cent (百分数不能大于100)", row)
        return None
    if 0 < value <= 1 and not lag and not written:
        wrong.add(
            sheet, heading,
            f"{text} would be {value:g}%: fill in per cent, 91 and not 0.91 (请填百分数,不填小数;"
            f"如确为 {value:g}%,请以文本填写“{value:g}%”)", row,
        )  # fmt: skip
        return None
    return value / PERCENT
