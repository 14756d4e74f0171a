"""``deqing-geo facts``: the form the towns fill in, and what is known of every village."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deqing_geo.cli import shown
from deqing_geo.cli import villages as options

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from deqing_geo.villages import FactSources

MOST_SHOWN = 12


def add(commands: Any) -> None:
    """Add the command to the parser's commands.

    Parameters
    ----------
    commands : argparse action
        Of ``add_subparsers``.
    """
    facts = commands.add_parser(
        "facts",
        help="what is known of villages, and the form that asks the towns (村庄指标)",
        description="Measures on layers and takes from tables what the types of villages are "
        "judged by, and says of each figure where it came from. With --template it writes the "
        "form the towns fill in: one workbook, or with a folder one for each town; figures that "
        "are known stand in it. No FILE is changed.",
    )
    options.add_layers(facts)
    facts.add_argument(
        "--out",
        required=True,
        metavar="FILE.xlsx|DIR",
        help="the facts and their sources (.xlsx); with --template the form, or a folder of forms",
    )
    facts.add_argument(
        "--template", action="store_true", help="write the form (村庄基本情况填报表)"
    )
    facts.set_defaults(run=run, flags=options.FLAGS)


def run(arguments: argparse.Namespace) -> None:
    """Measure, show, and write.

    Parameters
    ----------
    arguments : Namespace
        Of the parser.

    Raises
    ------
    DeqingGeoError
        If a file is refused, options contradict each other, or the output cannot be written.
    """
    from deqing_geo.errors import InputError
    from deqing_geo.villages import fact_sources, facts_form, save_facts, village_facts

    if not arguments.template and not arguments.out.lower().endswith(".xlsx"):
        raise InputError("--out names a workbook, .xlsx; a folder goes with --template.")
    console = shown.console()
    with shown.progress() as tell:
        tell("villages", 0, 3)
        villages, towns = options.open_villages(arguments)
        tell("layers", 1, 3)
        given = options.open_layers(arguments, villages, towns)
        tell("facts", 2, 3)
        facts = village_facts(villages, **given)
        if arguments.template:
            known = facts if given else None
            written = facts_form(villages, arguments.out, facts=known)
        else:
            written = [save_facts(facts, arguments.out)]
    if given:
        _show(console, fact_sources(facts))
    for file in written:
        console.print(str(file), markup=False, soft_wrap=True)


def _show(console: Console, sources: FactSources) -> None:
    """How many facts came about in which way, which are missing, and which have most blanks."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names

    words = names.vocabulary("fact_how")
    told = "、".join(f"{words[how]} {count}" for how, count in sources.counts.items())
    console.print(f"{names.word('facts.title')}: {told}", soft_wrap=True)
    table = sources.table
    gone = table[table["fact_how"] == "missing"]
    if len(gone):
        labels = "、".join(gone["fact_label"])
        console.print(f"{words['missing']}: {labels}", style="red", soft_wrap=True)
    blank = sources.gaps
    if len(blank):
        shown_columns = ("fact_label", "fact_how", "blank_count", "read_by")
        grid = Table(box=box.SQUARE, title=names.word("facts.blanks"), title_justify="left")
        for column in shown_columns:
            grid.add_column(names.label(column), overflow="fold")
        for row in blank.iloc[:MOST_SHOWN].to_dict("records"):
            cells = [words.get(row[one], row[one]) for one in shown_columns]
            grid.add_row(*(escape(str(cell)) for cell in cells))
        console.print(grid)
    doubted = sources.villages.get("doubted")
    if doubted is not None and doubted.notna().any():
        count = int(doubted.notna().sum())
        label = names.label("doubted")
        console.print(f"{label}: {count} {names.word('facts.doubted')}", style="red")
    for notice in sources.notices:
        console.print(notice, style="red", markup=False, soft_wrap=True)
