"""``deqing-geo province``: many counties by one list."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from deqing_geo.cli import press

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command.

    Parameters
    ----------
    commands : argparse subparsers
        Of the program.
    """
    command = commands.add_parser(
        "province", help="many counties by one list (县区名单), and one table of all"
    )
    command.add_argument("counties", metavar="COUNTIES.toml", help="who, by which recipe")
    command.add_argument("--out", metavar="DIR", help="folder for all of it")
    command.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="counties made at a time; default: 1"
    )
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="make them on a cluster of dask.distributed, like tcp://10.1.2.3:8786",
    )
    command.add_argument(
        "--resume", action="store_true", help="go on where a run was cut off, in every county"
    )
    command.add_argument(
        "--retries",
        type=int,
        default=1,
        metavar="N",
        help="how often a county that failed is tried again; default: 1",
    )
    command.add_argument(
        "--new",
        metavar="DIR",
        help="write COUNTIES.toml to begin with, from a folder with one folder for each county",
    )
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from deqing_geo.errors import InputError

    if arguments.new is not None:
        from deqing_geo.batch.province.drafting import write_counties

        print(write_counties(arguments.new, arguments.counties))
        return 0
    if arguments.out is None:
        raise InputError("name the folder for all of it with --out DIR.")
    from deqing_geo.batch import load_counties, run_province

    started = time.perf_counter()
    listing = load_counties(arguments.counties)
    with press.resumable() as tell:
        done = run_province(
            listing,
            arguments.out,
            tell,
            jobs=arguments.jobs,
            scheduler=arguments.scheduler,
            resume=arguments.resume,
            retries=arguments.retries,
        )
    seconds = time.perf_counter() - started
    names = {one.code: one.name for one in listing.counties}
    count = f"{len(done.arrived)} of {len(names)} counties"
    if not done.merged:
        print(f"{done.out}: nothing to do, {count} and the tables of all stand ({seconds:.1f} s)")
    else:
        rows = ", ".join(f"{name} {number}" for name, number in done.tables.items())
        print(f"{done.out}: {count} arrived, {done.made} products made ({seconds:.1f} s)")
        print(f"  rows of the tables of all: {rows}")
    for code, said in list(done.quarantined.items())[: press.MOST_SHOWN]:
        print(f"  missing: {code} {names[code]}: {said}")
    if done.quarantined:
        print(f"  all of it: {done.out / 'quarantine.csv'}")
        return press.PARTLY
    return 0
