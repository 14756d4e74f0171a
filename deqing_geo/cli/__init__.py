"""The command line: arguments in, calls out, results as a person reads them. No logic.

Nothing but argparse is imported until a command runs, so that ``--help`` answers at once.
Everything printed survives a GBK console.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from deqing_geo.cli import looks, press, shown

if TYPE_CHECKING:
    from deqing_geo.batch import Job
    from deqing_geo.coverage import Coverage
    from deqing_geo.roads import RoadDensity

OK, FAILED, INTERRUPTED, ENDED = 0, 1, 130, 143


class _Ended(KeyboardInterrupt):
    """The system or its owner ends the process; it leaves as if a person had interrupted it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; by default those of the process.

    Returns
    -------
    int
        0 done, 1 refused or failed with a message, 3 done and faults found (``check``), 4 done
        but for some products or counties (``report``, ``province``), 130 interrupted, 143 ended by
        the system; mistaken arguments end the process with 2.
    """
    for stream in (sys.stdout, sys.stderr):
        # A name with letters the console does not have must not end the run.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    arguments = _parser().parse_args(argv)
    from deqing_geo.errors import DeqingGeoError

    try:
        with _spoken_warnings(), _tidy_end(), looks.dressed(arguments):
            status = arguments.run(arguments)
        sys.stdout.flush()
    except DeqingGeoError as error:
        flags = looks.FLAGS | getattr(arguments, "flags", {})
        says = shown.in_flags(str(error), flags)
        print(f"deqing-geo: {type(error).__name__}: {says}", file=sys.stderr)
        for note in getattr(error, "__notes__", ()):
            print(f"deqing-geo: {shown.in_flags(note, flags)}", file=sys.stderr)
        if says == str(error) and re.search(r"[Pp]ass \w+=", says):
            # Python's options have no flags of their own here; a recipe has them all.
            print(
                "deqing-geo: in a recipe, write that option under the layer's section, for "
                "example assume_crs = 4549 under [roads], and run deqing-geo report.",
                file=sys.stderr,
            )
        return FAILED
    except KeyboardInterrupt as end:
        print("deqing-geo: interrupted; nothing half-written was left", file=sys.stderr)
        return ENDED if isinstance(end, _Ended) else INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough.
        sys.stderr.close()
        return OK
    except OSError as error:
        what = f"{error.filename} cannot be read or" if error.filename else "the output cannot be"
        print(f"deqing-geo: {what} written ({error.strerror or error})", file=sys.stderr)
        return FAILED
    return OK if status is None else int(status)


@contextlib.contextmanager
def _tidy_end() -> Iterator[None]:
    """A process told to end, or whose window is closed, takes its half-written files along."""

    def end(*_: object) -> None:
        raise _Ended

    before = {}
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            number = signal.Signals[name]
            # Only a program's main thread may ask for signals, and nohup is to be respected.
            with contextlib.suppress(ValueError):
                if signal.getsignal(number) == signal.SIG_DFL:
                    before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _parser() -> argparse.ArgumentParser:
    from deqing_geo import __version__
    from deqing_geo.cli import (
        areas,
        check,
        classify,
        export,
        facts,
        parks,
        province,
        roads,
        scorecard,
        submit,
    )

    parser = argparse.ArgumentParser(
        prog="deqing-geo",
        description="County planning measures that carry their definitions (县域规划指标测算).",
        epilog="Each command explains itself: deqing-geo measure roads --help",
    )
    parser.add_argument("--version", action="version", version=f"deqing-geo {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="the whole job on a made-up county (示意)")
    demo.add_argument("--out", default="out/demo", metavar="DIR", help="default: out/demo")
    _add_seed(demo)
    _add_each(demo)
    demo.set_defaults(run=_demo)

    county = commands.add_parser(
        "sample", help="a made-up county as files to practise with (示意县), and a recipe for it"
    )
    county.add_argument("--out", required=True, metavar="DIR", help="folder for the files")
    _add_seed(county)
    county.set_defaults(run=_sample)

    report = commands.add_parser("report", help="the whole job on your own layers, by a recipe")
    report.add_argument("recipe", metavar="RECIPE.toml", help="which layers, counted how")
    report.add_argument("--out", required=True, metavar="DIR", help="folder for the products")
    _add_each(report)
    report.add_argument(
        "--resume", action="store_true", help="go on where a run was cut off, with [products]"
    )
    report.set_defaults(run=_report)

    fresh = commands.add_parser("recipe", help="a recipe to begin with, from the files you have")
    fresh.add_argument("--new", nargs="+", required=True, metavar="FILE", help="layers and tables")
    fresh.add_argument("--out", default="recipe.toml", metavar="RECIPE.toml")
    fresh.set_defaults(run=_recipe)

    measure = commands.add_parser("measure", help="one figure, printed")
    kinds = measure.add_subparsers(required=True, metavar="roads|parks")
    streets = kinds.add_parser("roads", help="road density (路网密度)")
    areas.add_areas(streets)
    streets.add_argument("--roads", required=True, metavar="FILE")
    streets.add_argument("--roads-layer", metavar="NAME")
    streets.set_defaults(run=_measure_roads)
    green = kinds.add_parser("parks", help="park coverage (公园绿地服务半径覆盖率)")
    areas.add_areas(green)
    for name in ("parks", "homes"):
        green.add_argument(f"--{name}", required=True, metavar="FILE")
        green.add_argument(f"--{name}-layer", metavar="NAME")
    green.set_defaults(run=_measure_parks)
    for command in (streets, green):
        command.add_argument("--by", metavar="KEY", help="definition; --by list shows them all")
        command.add_argument("--csv", metavar="FILE", help="also write the table, for Excel or WPS")

    for command in (demo, report):
        looks.add_looks(command)
    check.add(commands)
    roads.add(commands)
    parks.add(commands)
    facts.add(commands)
    classify.add(commands)
    scorecard.add(commands)
    export.add(commands)
    submit.add(commands)
    province.add(commands)

    register = commands.add_parser(
        "register", help="published names and codes of Deqing's towns and villages (名录)"
    )
    register.add_argument("--year", type=int, default=2016, metavar="YYYY", help="2016 or 2023")
    register.add_argument("--find", nargs="+", metavar="NAME", help="the units behind these names")
    register.add_argument("--town", metavar="NAME", help="the town of the names to find")
    register.add_argument("--csv", metavar="FILE", help="also write the table, for Excel or WPS")
    register.set_defaults(run=_register)
    return parser


def _add_seed(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="which county, from 0 upwards; default: 0"
    )


def _add_each(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--each",
        choices=["town"],
        help="also a map and a table of villages for every town (分镇图、分镇表), in DIR/towns",
    )
    command.add_argument(
        "--atlas",
        nargs="?",
        const="A3",
        metavar="PAPER",
        help="also an atlas to print (图集), in DIR/atlas; on A3, or A4 to A0",
    )
    command.add_argument(
        "--only",
        nargs="+",
        metavar="TOWN",
        help="with --atlas: pages of these towns alone (镇、街道), such as 乾元镇 新市镇",
    )
    command.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="make the atlas, or the recipe's [products], in N processes; default: 1",
    )


# ---------------------------------------------------------------- commands


def _demo(arguments: argparse.Namespace) -> None:
    from deqing_geo.batch import schematic_county

    def open_job(tell: Callable[[str, int, int], None]) -> Job:
        tell("county", 0, 1)
        return schematic_county(arguments.seed)

    _make(arguments, open_job)


def _sample(arguments: argparse.Namespace) -> None:
    from deqing_geo.columns import word
    from deqing_geo.sample import writing

    started = time.perf_counter()
    with shown.progress() as tell:
        folder = writing.write(arguments.out, seed=arguments.seed, tell=tell)
    seconds = time.perf_counter() - started
    console = shown.console()
    console.print(f"{folder} ({seconds:.1f} s):", style="bold", markup=False, soft_wrap=True)
    names = [name for name in writing.FILES if not name.startswith(writing.AS_RECEIVED)]
    console.print("  " + ", ".join(names), soft_wrap=True)
    office = [name for name in writing.FILES if name.startswith(writing.AS_RECEIVED)]
    console.print("  " + ", ".join([*office, writing.SURVEY]), soft_wrap=True)
    console.print(word("notice.schematic"), style="red")
    recipe = folder / writing.RECIPE
    following = f'deqing-geo report "{recipe}" --out "{folder / "report"}"'
    console.print(f"Next: {following}", markup=False, soft_wrap=True)


def _report(arguments: argparse.Namespace) -> int | None:
    from deqing_geo.batch import load_recipe
    from deqing_geo.errors import InputError

    recipe = load_recipe(arguments.recipe)
    if recipe.products:
        # What opens layers is not loaded before it is known that something is to be made.
        return press.run(arguments, recipe)
    from deqing_geo.batch import open_recipe

    if arguments.resume:
        raise InputError(
            "--resume goes with a recipe that names its [products]; this one is made in one piece."
        )
    _make(arguments, lambda tell: open_recipe(recipe, tell))
    return None


def _recipe(arguments: argparse.Namespace) -> None:
    from deqing_geo.batch.drafting import write_recipe

    print(write_recipe(arguments.new, arguments.out))


def _make(arguments: argparse.Namespace, open_job: Callable[[Any], Job]) -> None:
    from deqing_geo.batch import require_folder, run
    from deqing_geo.errors import InputError

    started = time.perf_counter()
    require_folder(arguments.out)
    atlas = None
    if arguments.only and not arguments.atlas:
        raise InputError("--only goes with --atlas: it says of which towns there are pages.")
    if arguments.atlas:
        # A slip in an option is told before anything is measured.
        from deqing_geo.batch.atlas import check_atlas, require_towns, write_atlas

        check_atlas(arguments.atlas, arguments.jobs)
    with shown.progress() as tell:
        job = open_job(tell)
        if arguments.only:
            require_towns(job, arguments.only)
        report = run(job, arguments.out, tell, each=arguments.each)
        if arguments.atlas:
            atlas = write_atlas(
                job, report.results, report.out, paper=arguments.atlas, jobs=arguments.jobs,
                only=arguments.only or (), tell=tell,
            )  # fmt: skip
    console = shown.console()
    if report.types is not None:
        shown.show_types(console, report.types)
    for result in report.results.measures:
        shown.show(console, result, report.standard)
    if report.results.card is not None:
        shown.show_card(console, report.results.card)
    seconds = time.perf_counter() - started
    console.print(f"{len(report.files)} files in {report.out} ({seconds:.1f} s):", style="bold")
    own = [name for name in report.files if "/" not in name]
    console.print("  " + ", ".join(own), soft_wrap=True)
    if len(own) < len(report.files):
        console.print(f"  towns: {len(report.files) - len(own)} files", soft_wrap=True)
    if atlas is not None:
        said = f"  atlas: {len(atlas.table)} pages, {len(atlas.files)} files"
        console.print(said, soft_wrap=True)


def _measure_roads(arguments: argparse.Namespace) -> None:
    if shown.listed(arguments, ("road_density", "highway_density")):
        return
    from deqing_geo.cli.areas import open_areas
    from deqing_geo.layers import read_roads
    from deqing_geo.roads import road_density

    with shown.waiting("road_density"):
        areas = open_areas(arguments)
        roads = read_roads(arguments.roads, layer=arguments.roads_layer, like=areas)
        result = road_density(areas, roads, by=arguments.by)
    _tell_result(arguments, result)


def _measure_parks(arguments: argparse.Namespace) -> None:
    if shown.listed(arguments, ["park_coverage"]):
        return
    from deqing_geo.cli.areas import open_areas
    from deqing_geo.coverage import park_coverage
    from deqing_geo.layers import read_homes, read_parks

    with shown.waiting("park_coverage"):
        areas = open_areas(arguments)
        parks = read_parks(arguments.parks, layer=arguments.parks_layer, like=areas)
        homes = read_homes(arguments.homes, layer=arguments.homes_layer, like=areas)
        result = park_coverage(areas, parks, homes, by=arguments.by)
    _tell_result(arguments, result)


def _register(arguments: argparse.Namespace) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names
    from deqing_geo import divisions
    from deqing_geo.errors import InputError

    if arguments.town and not arguments.find:
        raise InputError("--town goes with --find: the town of the names to find.")
    rows = units = divisions.register(arguments.year)
    if arguments.find:
        towns = [arguments.town] * len(arguments.find) if arguments.town else None
        rows = divisions.find_units(arguments.find, towns=towns, year=arguments.year)
        told = rows
    else:
        # The town's code begins each unit's, and its level is how long that is.
        told = rows.reset_index().drop(columns=["division_level", "town_code"])
    source = str(units.attrs["source"])
    table = Table(box=box.SQUARE, title=source, title_justify="left")
    for column in told.columns:
        # A code cut short on the screen is a wrong code.
        table.add_column(
            names.label(str(column)),
            overflow="fold",
            no_wrap=str(column) in ("division_code", "candidate_codes"),
        )
    for row in told.itertuples(index=False, name=None):
        cells = zip(told.columns, row, strict=True)
        table.add_row(*(escape(_worded(names, str(column), cell)) for column, cell in cells))
    console = shown.console()
    console.print(table)
    if arguments.csv:
        from deqing_geo.export import save_table

        file = save_table(rows.assign(source=source), arguments.csv)
        console.print(str(file), markup=False, soft_wrap=True)


def _worded(names: Any, column: str, cell: object) -> str:
    """A cell in the reader's words."""
    if cell is None:
        return ""
    known = names.vocabulary(column) if column in names.vocabularies() else {}
    text = str(known.get(cell, cell))
    return text.replace("、", "\n") if column == "candidate_codes" else text


# ---------------------------------------------------------------- what a person sees


def _tell_result(arguments: argparse.Namespace, result: RoadDensity | Coverage) -> None:
    from deqing_geo import standards
    from deqing_geo.export import save_table

    shown.show(shown.console(), result, standards.load())
    if arguments.csv:
        print(save_table(result.table, arguments.csv))


@contextlib.contextmanager
def _spoken_warnings() -> Iterator[None]:
    from deqing_geo.errors import DeqingGeoWarning

    def say(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        print(f"deqing-geo: {category.__name__}: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", DeqingGeoWarning)
        warnings.showwarning = say
        yield
