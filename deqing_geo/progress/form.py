"""The table of progress a bureau fills in (targets.xlsx): yearly goals, thresholds, and months.

One sheet for the year and one for each month, a row for every target of the plan. What the plan
says is locked; what the plan does not say is open, and stays empty until somebody fills it in.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.errors import ExportError, InputError
from deqing_geo.files import stands_other, whole_file
from deqing_geo.progress.judging import unit_of
from deqing_geo.progress.months import DECEMBER, YEARS
from deqing_geo.progress.told import OF_MONTH, OF_YEAR, Progress
from deqing_geo.sheets import Field, Sheet, workbook
from deqing_geo.standards import UNITS
from deqing_geo.standards.model import OF_EACH

if TYPE_CHECKING:
    from deqing_geo.standards import Standard, Target

YEARLY = "年度目标"
PERCENT, PLACES = 100.0, 10
# Our columns, their headings and widths; the goals of the years stand before the way.
LOCKED = {
    "id": ("指标编号", 9),
    "clause": ("任务条款", 11),
    "indicator_zh": ("指标名称", 30),
    "shown_unit": ("计量单位", 14),
    "asked": ("规划目标", 16),
}
OF_MONTHS = ("id", "indicator_zh", "shown_unit")
OPEN_YEAR = {
    "base_value": ("基期值", 11),
    "base_year": ("基期年份", 10),
    "pace_way": ("序时方式", 11),
    "yellow_lag": ("黄色预警线", 11),
    "red_lag": ("红色预警线", 11),
    "lead_unit": ("牵头单位", 20),
    "joint_units": ("配合单位", 34),
}
OPEN_MONTH = {
    "measured": ("本月值", 11),
    "due_value": ("序时目标值", 11),
    "problem": ("存在问题", 34),
    "next_step": ("下步措施", 34),
    "month_note": ("备注", 20),
}
GOAL = "年目标值"
QUALITATIVE = "定性"


def targets_form(
    path: str | os.PathLike[str],
    law: Standard,
    *,
    year: int,
    known: Progress | None = None,
) -> Path:
    """Write the table of progress for a bureau to fill in (核心指标进度填报表).

    Parameters
    ----------
    path : path
        Where; ``.xlsx``.
    law : Standard
        With the plan's targets.
    year : int
        Of the months.
    known : Progress, optional
        An earlier table, read: what it holds of base values, goals, thresholds and departments
        stands in the new one, and its months where it is of the same year.

    Returns
    -------
    Path
        The workbook, the same bytes for the same input: a sheet 年度目标, one for each month,
        one that explains. It reads back with `read_progress`.

    Raises
    ------
    InputError
        If the standard has no plan, or `year` is no year.
    ExportError
        If another table stands there, perhaps filled in, or it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import standards
    >>> from deqing_geo.progress import read_progress
    >>> law = standards.load()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_progress(targets_form(f"{folder}/targets.xlsx", law, year=2026), law)
    <Progress of 2026: 0 targets with yearly goals, reported ->
    """
    targets = list(getattr(law, "targets", {}).values())
    if not targets:
        raise InputError("`law` has no plan with targets. Try law=standards.load('deqing').")
    whole = isinstance(year, int) and not isinstance(year, bool)
    if not whole or not YEARS[0] <= year <= YEARS[1]:
        raise InputError(f"year={year!r} is no year, such as 2026.")
    if Path(path).suffix.lower() != ".xlsx":
        raise ExportError(f"{path}: name a file that ends in .xlsx.")
    book = workbook(_sheets(targets, year, known), called=Path(path).name)
    return save_form(Path(path), book)


def save_form(file: Path, book: bytes) -> Path:
    """Write a form where no other stands.

    Parameters
    ----------
    file : Path
        Where.
    book : bytes
        Of `deqing_geo.sheets.workbook`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ExportError
        If another table stands there, perhaps filled in, or it cannot be written.
    """
    if stands_other(file, book):
        raise ExportError(
            f"{file}: another table stands there, perhaps filled in. Name another file "
            "(请另选文件名,以免覆盖已填写的表)."
        )
    with whole_file(file) as draft:
        draft.write_bytes(book)
    return file


def shown_unit(target: Target) -> str:
    """The unit people fill a target's figures in.

    Parameters
    ----------
    target : Target
        Of the plan.

    Returns
    -------
    str
        ``定性`` where it has none.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> targets = standards.load().targets
    >>> shown_unit(targets["road_density"]), shown_unit(targets["village_operating_income"])
    ('公里/平方公里', '%(达标占比)')
    """
    if target.operator in OF_EACH:
        return "%(达标占比)"
    unit = unit_of(target)
    return "%" if unit == "ratio" else UNITS.get(unit, unit) or QUALITATIVE


def goal_years(targets: Any, year: int) -> range:
    """The years a form asks goals of: its own to the plan's last.

    Parameters
    ----------
    targets : iterable of Target
        Of the plan.
    year : int
        Of the form.

    Returns
    -------
    range
        At least the year itself.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> list(goal_years(standards.load().targets.values(), 2026))
    [2026, 2027]
    """
    last = max(int(one.year[-4:]) for one in targets if one.year[-4:].isdigit())
    return range(year, max(last, year) + 1)


# ---------------------------------------------------------------- sheets


def _sheets(targets: list[Target], year: int, known: Progress | None) -> list[Sheet]:
    said = f"{word('targets_form.year')}:{year}年"
    above = ((f"{word('paper.unit')}:", said), (word("targets_form.above"),))
    yearly = Sheet(
        YEARLY,
        (*_locked(targets, LOCKED), *_yearly(targets, year, known)),
        title=f"{year}年{word('targets_form.title')}",
        above=above,
        protected=True,
        mark=word("map.internal"),
        held=3,
        pages_across=2,
    )
    months = [
        Sheet(
            f"{number}月",
            (*_locked(targets, OF_MONTHS), *_monthly(targets, f"{year}-{number:02d}", known)),
            title=f"{year}年{number}月{word('targets_form.month_title')}",
            above=((f"{word('paper.unit')}:", said), (word("targets_form.above_month"),)),
            protected=True,
            mark=word("map.internal"),
            held=2,
        )
        for number in range(1, DECEMBER + 1)
    ]
    guide = word("targets_form.guide")
    lines = [*names.phrases("targets_guide").values()]
    return [yearly, *months, Sheet(guide, (Field(guide, lines, width=110),), protected=True)]


def _locked(targets: list[Target], columns: Any) -> list[Field]:
    out = []
    for column in columns:
        heading, width = LOCKED[column]
        cells = [
            shown_unit(one) if column == "shown_unit" else getattr(one, column) for one in targets
        ]
        out.append(Field(heading, cells, width=width, middle=column != "indicator_zh"))
    return out


def _yearly(targets: list[Target], year: int, known: Progress | None) -> list[Field]:
    held = {
        column: [
            None if known is None else _cell(one, column, known.of_year(one.key, column))
            for one in targets
        ]
        for column in OF_YEAR
    }
    for at, one in enumerate(targets):
        # Who answers is said by the plan; who leads mostly is not: the first, to be changed.
        if held["lead_unit"][at] is None:
            others = [unit for unit in one.departments if unit not in one.leads]
            held["lead_unit"][at] = ";".join(one.leads) or None
            held["joint_units"][at] = ";".join(others) or None
    fields = {column: _open(column, *OPEN_YEAR[column], held[column]) for column in OPEN_YEAR}
    goals = [
        Field(
            f"{one}{GOAL}",
            [
                None if known is None else _cell(own, "goal", known.goal(own.key, f"{one}-12"))
                for own in targets
            ],
            width=11,
            kind="number",
            open=True,
            least=0.0,
            prompt=word("targets_form.goal"),
        )
        for one in goal_years(targets, year)
    ]
    return [fields["base_value"], fields["base_year"], *goals, *list(fields.values())[2:]]


def _monthly(targets: list[Target], month: str, known: Progress | None) -> list[Field]:
    filled = [{} if known is None else known.filled(one.key, month) for one in targets]
    return [
        _open(
            column,
            *OPEN_MONTH[column],
            [_cell(one, column, own.get(column)) for one, own in zip(targets, filled, strict=True)],
        )
        for column in OF_MONTH
    ]


def _open(column: str, heading: str, width: float, values: list[Any]) -> Field:
    number = column in ("base_value", "base_year", "yellow_lag", "red_lag", "measured", "due_value")
    year = column == "base_year"
    prompts = names.phrases("targets_prompt")
    return Field(
        heading,
        values,
        width=width,
        kind="number" if number else "text",
        open=True,
        words=tuple(names.vocabulary("pace_way").values()) if column == "pace_way" else (),
        least=float(YEARS[0]) if year else 0.0 if number else None,
        most=float(YEARS[1]) if year else None,
        prompt=prompts.get(column, ""),
    )


def _cell(target: Target, column: str, value: Any) -> Any:
    """A value as people fill it in: shares in per cent, words in Chinese."""
    if value is None or value != value:
        return None
    if column == "pace_way":
        return names.vocabulary("pace_way")[str(value)]
    if column in ("base_value", "goal", "measured", "due_value", "yellow_lag", "red_lag"):
        share = unit_of(target) == "ratio"
        return round(float(value) * PERCENT, PLACES) if share else float(value)
    return int(value) if column == "base_year" else str(value)
