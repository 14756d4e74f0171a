"""The papers on the plan's targets a bureau signs each month, and the list of great projects.

核心指标完成情况表 and 重大项目实施情况清单: they repeat the scorecard and the bureau's own list,
and decide nothing. A figure has one value and one line of 口径.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.errors import InputError
from deqing_geo.files import whole_folder
from deqing_geo.papers.filing import Filing, filing, in_words, numbers, serial, summed, texts
from deqing_geo.papers.month import month_paper
from deqing_geo.progress.judging import DISPUTED, shown_change
from deqing_geo.progress.months import in_chinese
from deqing_geo.sheets import Field, Sheet, workbook
from deqing_geo.standards import UNITS
from deqing_geo.text import figure

if TYPE_CHECKING:
    import pandas as pd

    from deqing_geo.progress import Scorecard

PERCENT, PLACES = 100.0, 12
MONEY, SHARE = "0.00", "0.00"
# So wide a table is printed over two pages; these columns stand on both.
PAGES, HELD = 2, 3


def save_progress_papers(
    card: Scorecard,
    folder: str | os.PathLike[str],
    *,
    projects: pd.DataFrame | None = None,
    log: pd.DataFrame | None = None,
    unit: str = "",
    day: date | str | None = None,
    audience: str = "internal",
    review_stage: str = "",
    place: str = "德清县",
) -> list[Path]:
    """The month's papers on the plan's targets: two tables to sign and the text of the month.

    县城承载能力提升核心指标完成情况表 (all targets, with base value, goals, last month's and this
    month's figure, pace, why, 口径, who answers, problems and next steps), 重大项目实施情况清单
    and 核心指标完成情况月报 as a Word document. On A4 across, the heading on every page, a line to
    sign on below. From sample data they come as 示意样张, without stamp or signature.

    Parameters
    ----------
    card : Scorecard
        Of `scorecard`; with ``progress=`` and ``changes=`` it knows earlier months and why.
    folder : path
        Where; files of the same names are replaced together.
    projects : DataFrame, optional
        Of `deqing_geo.progress.projects.read_projects`; without it there is no list.
    log : DataFrame, optional
        Of `deqing_geo.progress.read_log`: corrections stand in the month's text.
    unit : str
        Who files them (填报单位).
    day : date or str, optional
        To which the data reach (数据截止日期); blank for a pen by default.
    audience : str
        ``internal`` or ``public``; the public papers have no problems, steps and warnings.
    review_stage : str
        Such as 会审稿; stands behind the titles.
    place : str
        Before the titles.

    Returns
    -------
    list of Path
        One or two ``.xlsx``, and one ``.docx``; the same bytes for the same card.

    Raises
    ------
    InputError
        If `audience` is neither, or `projects` is no list of projects.
    ColumnError
        If `day` is no date.
    ExportError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample, scorecard, standards
    >>> density = road_density(sample.zone(), sample.roads())
    >>> card = scorecard(density, law=standards.load(), month="2026-03")
    >>> with tempfile.TemporaryDirectory() as out:
    ...     print(*(file.name for file in save_progress_papers(card, out)))
    德清县县城承载能力提升核心指标完成情况表.xlsx 德清县核心指标完成情况月报.docx
    """
    made = filing(
        card.notices, unit=unit, day=day, audience=audience, review_stage=review_stage, place=place
    )
    if projects is not None and "project_name" not in projects:
        raise InputError("projects= is what read_projects('projects.xlsx') gives.")
    files: dict[str, bytes] = {}
    name = made.file(word("progress_paper.targets"))
    files[name] = workbook([_targets(made, card), _notes(made, card)], called=name)
    if projects is not None:
        name = made.file(word("progress_paper.projects"))
        files[name] = workbook([_projects(made, projects)], called=name)
    from deqing_geo.papers.word import docx

    text = made.file(word("progress_paper.month")).removesuffix(".xlsx") + ".docx"
    files[text] = docx(month_paper(made, card, projects=projects, log=log))
    with whole_folder(folder, last=text) as draft:
        for name, content in files.items():
            (draft / name).write_bytes(content)
    return [Path(folder) / name for name in files]


# ---------------------------------------------------------------- 核心指标完成情况表


def _targets(made: Filing, card: Scorecard) -> Sheet:
    table = card.table
    rows = table.reset_index().to_dict("records")
    fields = [
        serial(len(rows)),
        texts(names.label("clause"), table["clause"], 10, middle=True),
        texts(names.label("indicator_zh"), table["indicator_zh"], 24),
        texts(names.label("unit"), [_unit(row) for row in rows], 10, middle=True),
        texts(word("progress_paper.base"), [_base(row) for row in rows], 12, middle=True),
        texts(word("progress_paper.target"), table["asked"], 14, middle=True),
        _figures(names.label("year_goal"), rows, "year_goal", 10),
        _figures(names.label("last_value"), rows, "last_value", 10),
        _figures(word("progress_paper.value"), rows, "measured", 10),
        _figures(names.label("last_change"), rows, "last_change", 10, signed=True),
        _figures(names.label("year_change"), rows, "year_change", 10, signed=True),
        _rate(rows),
        texts(names.label("verdict"), in_words("verdict", table["verdict"]), 13, middle=True),
        texts(names.label("month_why"), table["month_why"], 26),
        texts(names.label("definition"), table["definition"], 30),
        texts(names.label("source"), table["source"], 16),
        texts(names.label("lead_unit"), table["lead_unit"], 13, middle=True),
        texts(names.label("joint_units"), table["joint_units"], 18),
        texts(names.label("problem"), _inside(made, table["problem"]), 20),
        texts(names.label("next_step"), _inside(made, table["next_step"]), 20),
        texts(word("progress_paper.note"), [_remark(made, row) for row in rows], 24),
    ]
    head = f"{names.label('month')}:{in_chinese(card.month) or word('progress_paper.month_first')}"
    sheet = made.framed(
        word("progress_paper.targets"), fields, word("progress_paper.mixed"),
        said=(head, card.headline),
    )  # fmt: skip
    return replace(sheet, pages_across=PAGES, held=HELD)


def _unit(row: Any) -> str:
    return "%" if row["unit"] == "ratio" else UNITS.get(str(row["unit"]), str(row["unit"]))


def _inside(made: Filing, said: Iterable[str]) -> list[str]:
    return ["" if made.public else one for one in said]


def _base(row: Any) -> str:
    if row["base_value"] != row["base_value"]:
        return ""
    return f"{_shown(row, row['base_value'])}({row['base_year']})"


def _shown(row: Any, value: float) -> str:
    share = row["unit"] == "ratio"
    number = round(value * PERCENT, PLACES) if share else value
    return figure(number, _places(row, number), against=_goals(row))


def _goals(row: Any) -> list[float]:
    """What a figure may not be rounded across, as the cells hold it."""
    factor = PERCENT if row["unit"] == "ratio" else 1.0
    held = [row[one] for one in ("target", "year_goal", "due_value")]
    return [round(one * factor, PLACES) for one in held if one == one]


def _places(row: Any, number: float) -> int:
    whole = float(number).is_integer()
    plain = row["unit"] != "ratio" and not str(row["unit"]).startswith("km")
    return 0 if whole and plain else 2


def _figures(
    heading: str, rows: Sequence[Any], column: str, width: float, *, signed: bool = False
) -> Field:
    """Figures of several units in one column, each with the decimals it needs."""
    values: list[Any] = []
    forms = []
    for row in rows:
        value = row[column]
        if value != value:
            values.append(None)
            forms.append("")
            continue
        number = round(value * PERCENT, PLACES) if row["unit"] == "ratio" else float(value)
        places = _places(row, number)
        shown = shown_change(row, column) if signed else figure(number, places, against=_goals(row))
        decimals = len(shown.partition(".")[2])
        form = "0." + "0" * decimals if decimals else "0"
        values.append(number)
        forms.append(f"+{form};-{form};{form}" if signed else form)
    return Field(heading, values, width=width, kind="number", formats=tuple(forms))


def _rate(rows: Sequence[Any]) -> Field:
    values: list[Any] = []
    forms = []
    for row in rows:
        rate = row["completion"]
        if rate != rate:
            values.append(None)
            forms.append("")
            continue
        number = round(rate * PERCENT, PLACES)
        shown = figure(number, 2, against=[PERCENT])
        values.append(number)
        forms.append("0." + "0" * len(shown.partition(".")[2]))
    heading = names.label("completion")
    return Field(heading, values, width=10, kind="number", formats=tuple(forms))


def _remark(made: Filing, row: Any) -> str:
    said = [
        "" if made.public or not row["warning"]
        else f"{names.label('warning')}:{names.vocabulary('warning')[row['warning']]}",
        str(row["compared"]),
        f"{word('progress_paper.plan_doubt')}:{row['plan_note']}"
        if row["target_key"] in DISPUTED else "",
        "" if made.public else str(row["month_note"]),
    ]  # fmt: skip
    return ";".join(one for one in said if one)


def _notes(made: Filing, card: Scorecard) -> Sheet:
    said = [
        word("progress_paper.pace"),
        word("progress_paper.rounding"),
        word("progress_paper.rate"),
        word("progress_paper.lead"),
        *(
            f"{row['id']} {row['indicator_zh']}:{row['plan_note']}"
            for row in card.table.to_dict("records")
            if row["plan_note"]
        ),
        *card.notices,
    ]
    return made.notes(said)


# ---------------------------------------------------------------- 重大项目实施情况清单


def _projects(made: Filing, projects: pd.DataFrame) -> Sheet:
    table = projects
    shares = [None if one != one else round(one * PERCENT, PLACES) for one in table["invest_rate"]]
    forms = tuple(
        "" if one is None else "0." + "0" * len(figure(one, 2, against=[PERCENT]).partition(".")[2])
        for one in shares
    )
    money = ("invest_total", "invest_year", "invest_month", "invest_done")
    columns = [numbers(_money(one), table[one], 12, MONEY) for one in money]
    fields = [
        serial(len(table)),
        texts(names.label("project_name"), table["project_name"], 22),
        texts(names.label("project_scope"), table["project_scope"], 28),
        texts("所在镇(街道)", table["town_name"], 12, middle=True),
        *columns,
        Field(names.label("invest_rate"), shares, width=10, kind="number", formats=forms),
        texts(names.label("starts_on"), table["starts_on"], 11, middle=True),
        texts(names.label("ends_on"), table["ends_on"], 11, middle=True),
        texts(names.label("project_stage"), table["project_stage"], 22),
        texts(names.label("project_unit"), table["project_unit"], 16),
        texts(names.label("problem"), _inside(made, table["problem"]), 20),
        texts(
            names.label("project_warning"),
            _inside(made, in_words("project_warning", table["project_warning"])),
            8,
            middle=True,
        ),
    ]
    total: dict[int, Any] = {4 + at: summed(table[one]) for at, one in enumerate(money)}
    fields[8] = replace(fields[8], formats=(*forms, ""))
    return made.sheet(
        word("progress_paper.projects"), fields, word("progress_paper.projects_unit"),
        said=(word("progress_paper.project_rate"),), total=total,
    )  # fmt: skip


def _money(column: str) -> str:
    # Only the first says its unit, as the plan's own list does; 计量单位 stands above.
    return names.label(column, unit=column == "invest_total")
