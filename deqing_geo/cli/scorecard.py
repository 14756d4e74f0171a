"""``deqing-geo scorecard``: the plan's targets of a month, judged, reported and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deqing_geo.cli import shown

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from deqing_geo.batch.scorecard import Month

# What messages call an option, and how it is given here.
FLAGS = {
    "targets": "--targets targets.xlsx",
    "log": "--log FILE.csv",
    "month": "--month YYYY-MM",
    "before": "--before RECIPE.toml",
    "correct": "--correct REASON",
    "day": "--until YYYY-MM-DD",
    "year": "--year YYYY",
}
TARGETS, PROJECTS = "targets.xlsx", "projects.xlsx"


def add(commands: Any) -> None:
    """Add the command to the parser's commands.

    Parameters
    ----------
    commands : argparse action
        Of ``add_subparsers``.
    """
    card = commands.add_parser(
        "scorecard",
        help="the plan's 103 targets of a month: figures, pace, papers (核心指标完成情况)",
        description="Puts the plan's targets beside what was measured (a recipe, or the folder of "
        "an earlier run) and what departments filled in (--targets). A pace is judged only by the "
        "bureau's own base values and yearly goals. With --report the month is written into the "
        "log and locked; with --correct a reported month is corrected, and the old value kept. "
        "With --template it writes the tables the bureau fills in.",
    )
    card.add_argument(
        "source", nargs="?", metavar="RECIPE.toml|DIR", help="a recipe, or an earlier run's folder"
    )
    card.add_argument("--out", metavar="DIR", help="folder for papers, page, map and layer")
    card.add_argument(
        "--targets", metavar="FILE.xlsx", help="base values, yearly goals, months, filled in"
    )
    card.add_argument("--log", metavar="FILE.csv", help="log of reported months (月报台账)")
    card.add_argument("--projects", metavar="FILE.xlsx", help="great projects (重大项目)")
    card.add_argument("--month", metavar="YYYY-MM", help="by default that of the data")
    card.add_argument(
        "--before", metavar="RECIPE.toml|DIR", help="the month before: why figures moved"
    )
    card.add_argument("--report", action="store_true", help="write the month to --log, locked")
    card.add_argument(
        "--correct", default="", metavar="REASON", help="correct a reported month (更正), and why"
    )
    card.add_argument("--unit", default="", metavar="TEXT", help="who files (填报单位)")
    card.add_argument("--by", default="", metavar="TEXT", help="who records (记录人)")
    card.add_argument("--until", metavar="YYYY-MM-DD", help="day the data reach to")
    card.add_argument("--public", action="store_true", help="papers for anybody, nothing else")
    card.add_argument("--department", metavar="NAME", help="print only what it answers for")
    card.add_argument(
        "--template",
        action="store_true",
        help=f"write {TARGETS} and {PROJECTS} into --out; --targets carries an earlier one on",
    )
    card.add_argument("--year", type=int, metavar="YYYY", help="of the template")
    card.set_defaults(run=run, flags=FLAGS)


def run(arguments: argparse.Namespace) -> None:
    """Judge, show, and write where it was asked.

    Parameters
    ----------
    arguments : Namespace
        Of the parser.

    Raises
    ------
    DeqingGeoError
        If a file is refused, options contradict each other, or the folder cannot be written.
    """
    from deqing_geo.batch import require_folder
    from deqing_geo.batch import scorecard as room

    if arguments.template:
        _template(arguments)
        return
    if arguments.out:
        require_folder(arguments.out)
    job = room.MonthJob(
        source=arguments.source,
        targets=arguments.targets,
        log=arguments.log,
        projects=arguments.projects,
        month=arguments.month,
        before=arguments.before,
        report=arguments.report,
        correct=arguments.correct,
        unit=arguments.unit,
        by=arguments.by,
        day=arguments.until,
        public=arguments.public,
    )
    with shown.progress() as tell:
        made = room.month_card(job, tell)
        written = room.write_month(job, made, arguments.out, tell) if arguments.out else ()
    console = shown.console()
    _show(console, made, arguments.department)
    for file in written:
        console.print(f"  {file}", markup=False, soft_wrap=True)


def _template(arguments: argparse.Namespace) -> None:
    from pathlib import Path

    from deqing_geo import standards
    from deqing_geo.errors import InputError
    from deqing_geo.progress import read_progress, targets_form
    from deqing_geo.progress.projects import projects_form, read_projects

    if not arguments.out:
        raise InputError("--template goes with --out DIR (or a name ending in .xlsx).")
    if arguments.year is None:
        raise InputError("--template goes with --year YYYY: of which year are the months?")
    law = standards.load()
    known = None if arguments.targets is None else read_progress(arguments.targets, law)
    console = shown.console()
    if arguments.out.lower().endswith(".xlsx"):
        files = [targets_form(arguments.out, law, year=arguments.year, known=known)]
    else:
        folder = Path(arguments.out)
        projects = None if arguments.projects is None else read_projects(arguments.projects)
        files = [
            targets_form(folder / TARGETS, law, year=arguments.year, known=known),
            projects_form(folder / PROJECTS, projects),
        ]
    for file in files:
        console.print(str(file), markup=False, soft_wrap=True)


def _show(console: Console, made: Month, department: str | None) -> None:
    """Targets with a figure, what the bureau's lines say, and what was reported."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names
    from deqing_geo.progress.judging import shown_change
    from deqing_geo.progress.months import in_chinese

    card = made.card
    table = card.table if department is None else card.of_department(department)
    rows = table if department is not None else table[table["measured"].notna()]
    title = f"{in_chinese(card.month)} {names.word('page.scorecard')}: {card.headline}".strip()
    grid = Table(box=box.SQUARE, title=title, title_justify="left")
    columns = ("id", "indicator_zh", "asked", "shown", "last_change", "verdict", "warning")
    for column in columns:
        grid.add_column(names.label(column), overflow="fold")
    verdicts, colours = names.vocabulary("verdict"), names.vocabulary("warning")
    for row in rows.to_dict("records"):
        cells = [str(row[one]) for one in ("id", "indicator_zh", "asked", "shown")]
        cells.append(shown_change(row, "last_change"))
        cells.append(verdicts[str(row["verdict"])])
        cells.append(colours.get(str(row["warning"]), ""))
        grid.add_row(*(escape(cell) for cell in cells))
    console.print(grid)
    for row in table[table["compared"] != ""].to_dict("records"):
        console.print(f"{row['indicator_zh']}: {row['compared']}", markup=False, soft_wrap=True)
    for row in table[table["month_why"] != ""].to_dict("records"):
        console.print(f"{row['indicator_zh']}: {row['month_why']}", markup=False, soft_wrap=True)
    if made.reported is not None:
        said = f"{names.label('log_kind')}: {made.reported.headline} ({made.reported.path})"
        console.print(said, markup=False, soft_wrap=True)
    for notice in (*made.notices, *card.notices):
        console.print(f"注意: {notice}", style="red", markup=False, soft_wrap=True)
