"""``deqing-geo classify``: villages to their types, with reasons, doubts and the towns' word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo.cli import looks, shown
from deqing_geo.cli import villages as options

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from deqing_geo.batch.villages import VillageJob, VillageResults

# What messages call an option, and how it is given here.
FLAGS = {**options.FLAGS, "overrides": "--log FILE.csv", "official": "--official COLUMN"}
MOST_SHOWN = 12


def add(commands: Any) -> None:
    """Add the command to the parser's commands.

    Parameters
    ----------
    commands : argparse action
        Of ``add_subparsers``.
    """
    classify = commands.add_parser(
        "classify",
        help="villages to the plan's five types, with reasons and doubts (村庄分类)",
        description="Sorts villages into the five types of the plan by conditions in the open: "
        "what decided, how close it was, what is not known; asks the towns and takes in what they "
        "say. No layer is changed. Made from rules, it is a first judgement (规则初判).",
    )
    options.add_layers(classify)
    classify.add_argument("--scheme", metavar="FILE.toml", help="the bureau's own conditions")
    classify.add_argument(
        "--local", metavar="FILE.toml", help="the bureau's own numbers and confirmations"
    )
    classify.add_argument(
        "--skip", nargs="+", default=[], metavar="ID", help="conditions to leave out, such as SI-2"
    )
    classify.add_argument(
        "--weights", metavar="NAME", help="entropy, critic, expert+entropy or topsis"
    )
    classify.add_argument("--fit", metavar="FILE.toml", help="bounds and cut of an earlier year")
    classify.add_argument(
        "--draws", type=int, default=1000, metavar="N", help="of the doubt; 0 for none"
    )
    classify.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws")
    classify.add_argument("--on", metavar="YYYY-MM-DD", help="the day meetings were held by")
    classify.add_argument(
        "--log", "--overrides", metavar="FILE.csv", help="the log of decisions of people"
    )
    classify.add_argument(
        "--opinions", metavar="DIR", help="forms that came back; what they say goes to --log"
    )
    classify.add_argument(
        "--forms", action="store_true", help="also write the forms that ask the towns"
    )
    classify.add_argument(
        "--before", metavar="DIR", help="the folder of an earlier run: what changed, and why"
    )
    classify.add_argument("--official", metavar="COLUMN", help="an official typing to compare with")
    classify.add_argument("--unit", default="", metavar="TEXT", help="who files (填报单位)")
    classify.add_argument("--why", nargs="+", metavar="CODE", help="print the reasons of villages")
    classify.add_argument("--english", action="store_true", help="reasons of --why in English")
    classify.add_argument("--out", metavar="DIR", help="folder for map, tables, layer and papers")
    looks.add_looks(classify)
    classify.set_defaults(run=run, flags=FLAGS)


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
    from deqing_geo.batch import villages as room
    from deqing_geo.errors import InputError

    if arguments.opinions and not arguments.log:
        raise InputError("--opinions go with --log FILE.csv: what the towns say is kept there.")
    if arguments.forms and not arguments.out:
        raise InputError("--forms go with --out DIR.")
    if arguments.out:
        require_folder(arguments.out)
    with shown.progress() as tell:
        tell("villages", 0, len(room.STEPS))
        job = _job(arguments)
        results = room.judge_villages(job, tell)
        written: tuple[Path, ...] = ()
        if arguments.out:
            written = room.write_villages(job, results, arguments.out, _inputs(arguments), tell)
    console = shown.console()
    if arguments.why:
        lang = "en" if arguments.english else "zh"
        for code in arguments.why:
            console.print(results.types.why(code, lang), markup=False, soft_wrap=True)
            console.print("")
    else:
        shown.show_types(console, results.types)
        _show(console, results)
    for file in written:
        console.print(f"  {file}", markup=False, soft_wrap=True)


def _inputs(arguments: argparse.Namespace) -> list[str]:
    return [*options.files_of(arguments), *(
        str(file)
        for file in (arguments.scheme, arguments.local, arguments.fit, arguments.log)
        if file
    )]  # fmt: skip


def _job(arguments: argparse.Namespace) -> VillageJob:
    from deqing_geo.batch.villages import VillageJob
    from deqing_geo.errors import ColumnError
    from deqing_geo.villages import Fit
    from deqing_geo.villages.cells import read_day

    day = None if arguments.on is None else read_day(arguments.on)
    if arguments.on is not None and day is None:
        raise ColumnError(f"--on {arguments.on} is no day like 2026-06-30.")
    judging: dict[str, Any] = {"draws": arguments.draws, "seed": arguments.seed}
    judging |= {"skip": arguments.skip} if arguments.skip else {}
    judging |= {"weights": arguments.weights} if arguments.weights else {}
    judging |= {"fit": Fit.load(arguments.fit)} if arguments.fit else {}
    villages, towns = options.open_villages(arguments)
    layers = options.open_layers(arguments, villages, towns)
    looks = {"boundaries": "boundary", "towns": "town"}
    return VillageJob(
        villages=villages,
        layers=layers,
        local=arguments.local,
        scheme=arguments.scheme,
        judging=judging,
        as_of=day,
        log=arguments.log,
        opinions=arguments.opinions,
        official=arguments.official,
        before=arguments.before,
        ask=arguments.forms,
        unit=arguments.unit,
        around={look: layers[name] for name, look in looks.items() if name in layers},
    )


def _show(console: Console, results: VillageResults) -> None:
    """What is in doubt, and what the towns said."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names
    from deqing_geo.villages.kinds import called

    types = results.types
    doubted = types.doubtful
    if len(doubted):
        table = Table(box=box.SQUARE, title=names.word("types.doubtful"), title_justify="left")
        for column in ("village_name", "town_name", "type_model", "nearest_flip"):
            if column in doubted:
                table.add_column(names.label(column), overflow="fold")
        for row in doubted.head(MOST_SHOWN).to_dict("records"):
            cells = [
                called(row[column]) if column == "type_model" else str(row[column] or "")
                for column in ("village_name", "town_name", "type_model", "nearest_flip")
                if column in row
            ]
            table.add_row(*(escape(cell) for cell in cells))
        console.print(table)
        more = len(doubted) - MOST_SHOWN
        if more > 0:
            console.print(names.word("types.more").format(more), soft_wrap=True)
    for one in (results.opinions, results.agreement, results.changes):
        if one is not None:
            console.print(escape(one.headline), soft_wrap=True)
            for notice in (said for said in one.notices if said not in types.notices):
                console.print(f"注意: {escape(notice)}", style="red", soft_wrap=True)
