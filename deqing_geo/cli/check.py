"""``deqing-geo check``: faults as a table, a status for scripts, products on request."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo.cli import looks, shown

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from deqing_geo.batch.quality import Mended
    from deqing_geo.faults import BoundaryReport

CLEAN, FAULTY = 0, 3
# A console is for a first look; the tables have all.
MOST_SHOWN = 40
# What messages call an option, and how it is given here.
FLAGS = {
    "layer": "--layer (--towns-layer, --county-layer)",
    "assume_crs": "--assume-crs 4549",
    "datum": "--datum gcj02 or bd09",
    "max_change_m2": "--max-change M2",
    "allow_survey_lines": "--allow-survey-lines",
}
# Kinds of fault that are looked for only against another file.
ASKED_BY = {
    "outside_town": "--towns",
    "outside_county": "--county",
    "open_gap": "--county",
    "name_mismatch": "--register",
    "not_in_register": "--register",
    "missing": "--register",
}
STYLES = {"error": "red", "warning": "yellow", "note": ""}


def add(commands: Any) -> None:
    """Add the command to the parser's commands.

    Parameters
    ----------
    commands : argparse action
        Of ``add_subparsers``.
    """
    check = commands.add_parser(
        "check",
        help="faults of boundaries, before anything is measured on them (边界质量检查)",
        description="Lists the faults of villages, towns or other areas that should tile a place: "
        "overlaps, gaps, invalid shapes, codes, names. FILE is never changed.",
        epilog="Exit status: 0 no errors and nothing doubtful (hints do not count), 1 refused or "
        "failed with a message, 2 mistaken arguments, 3 faults found in a FILE, mended or not.",
    )
    check.add_argument("files", nargs="+", metavar="FILE", help="boundaries, as they were sent")
    check.add_argument("--layer", metavar="NAME", help="the layer of FILE, if it has several")
    check.add_argument("--towns", metavar="FILE", help="the towns the units belong to")
    check.add_argument("--towns-layer", metavar="NAME")
    check.add_argument("--county", metavar="FILE", help="the outline the units should fill")
    check.add_argument("--county-layer", metavar="NAME")
    check.add_argument("--reference", metavar="FILE", help="true outline, against shifts (GCJ-02)")
    check.add_argument(
        "--register",
        type=_register,
        metavar="YEAR|FILE",
        help="names and codes as published (名录), 2016 or 2023, or a table of your own "
        "(村庄基本情况表)",
    )
    check.add_argument("--assume-crs", metavar="EPSG", help="the system, if FILE does not say")
    check.add_argument("--datum", choices=["gcj02", "bd09"], help="the shift to be undone")
    check.add_argument(
        "--out",
        metavar="DIR",
        help="folder for the faults, their map and the paper (质量检查报告); or FILE.gpkg for the "
        "faults alone",
    )
    check.add_argument("--csv", metavar="FILE", help="also write the faults, for Excel or WPS")
    check.add_argument("--unit", default="", metavar="TEXT", help="who files the paper (填报单位)")
    check.add_argument(
        "--date",
        metavar="YYYY-MM-DD",
        help="day of the check on the paper, or the word today; left blank without",
    )
    check.add_argument(
        "--fix",
        nargs="?",
        const="",
        metavar="OUT.gpkg",
        help="also write a mended working copy (工作副本); by default in DIR, or beside FILE",
    )
    check.add_argument(
        "--corrections",
        metavar="FILE.xlsx",
        help="with --fix: codes and names as people corrected them, in the table a check with "
        "--out lays out (更正表)",
    )
    check.add_argument(
        "--max-change", type=float, metavar="M2", help="refuse to change a unit's area by more"
    )
    check.add_argument(
        "--allow-survey-lines",
        action="store_true",
        help="mend layers of the land survey (XZQ, CJDCQ) too; only ever as a working copy",
    )
    looks.add_looks(check)
    check.set_defaults(run=run, flags=FLAGS)


def run(arguments: argparse.Namespace) -> int:
    """Check the files one by one.

    Parameters
    ----------
    arguments : Namespace
        Of the parser.

    Returns
    -------
    int
        0 where no file has an error or a doubt, else 3.

    Raises
    ------
    DeqingGeoError
        If a file is refused, options contradict each other, or a product cannot be written.
    """
    from rich.console import Console

    from deqing_geo.batch import quality
    from deqing_geo.export import save_layers, save_table

    _refuse_contradictions(arguments)
    several = len(arguments.files) > 1
    day = datetime.now().astimezone().date() if arguments.date == "today" else arguments.date
    against = quality.Against(
        towns=arguments.towns,
        towns_layer=arguments.towns_layer,
        county=arguments.county,
        county_layer=arguments.county_layer,
        reference=arguments.reference,
        register=arguments.register,
        assume_crs=arguments.assume_crs,
        datum=arguments.datum,
    )
    inputs = [*arguments.files, *against.files]
    inputs += [arguments.corrections] if arguments.corrections else []
    alone = _is_layer(arguments.out)
    console = Console(highlight=False)
    clean = True
    for number, file in enumerate(arguments.files, start=1):
        with shown.waiting("checking"):
            checked = quality.check_file(file, against, layer=arguments.layer)
        clean &= checked.report.is_clean
        _show_faults(console, Path(file).name, checked.report)
        mended = None
        if arguments.fix is not None:
            with shown.waiting("mending"):
                mended = quality.mend(
                    checked,
                    max_change_m2=arguments.max_change,
                    allow_survey_lines=arguments.allow_survey_lines,
                    corrections=arguments.corrections,
                )
            _show_changes(console, mended)
        written: list[Path] = []
        if alone:
            quality.refuse_overwriting(arguments.out, inputs)
            layers = quality.fault_layers(checked.report)
            written.append(save_layers(arguments.out, layers))
        elif arguments.out is not None:
            folder = Path(arguments.out)
            folder = folder / f"{number:02d}_{Path(file).stem}" if several else folder
            with shown.waiting("map"):
                written += quality.write_check(
                    checked,
                    folder,
                    inputs,
                    mended=mended,
                    with_copy=arguments.fix == "",
                    unit=arguments.unit,
                    checked_on=day,
                    corrected=arguments.corrections is not None,
                )
        if mended is not None and (arguments.fix or alone or arguments.out is None):
            copy = Path(arguments.fix or Path(file).with_name(Path(file).stem + quality.COPY))
            quality.refuse_overwriting(copy, inputs)
            written.append(quality.write_copy(mended, copy))
        if arguments.csv:
            written.append(save_table(checked.report.table, arguments.csv))
        for one in written:
            console.print(f"  {one}", markup=False, soft_wrap=True)
    return CLEAN if clean else FAULTY


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    from deqing_geo.errors import InputError

    if len(arguments.files) > 1 and (_is_layer(arguments.out) or arguments.csv or arguments.fix):
        raise InputError(
            "Several FILEs go with --out DIR and --fix without a name: each gets its own folder."
        )
    if len(arguments.files) > 1 and arguments.corrections:
        raise InputError("--corrections belong to one FILE; check and mend the files one by one.")
    if arguments.fix is None and (
        arguments.max_change is not None or arguments.allow_survey_lines or arguments.corrections
    ):
        raise InputError("--max-change, --allow-survey-lines and --corrections go with --fix.")
    if (arguments.unit or arguments.date) and (arguments.out is None or _is_layer(arguments.out)):
        raise InputError("--unit and --date stand on the paper: they go with --out DIR.")


def _register(given: str) -> int | str:
    """The year of a published register, or the file of an office's own."""
    import argparse

    if given.isascii() and given.isdigit():
        return int(given)
    if not Path(given).suffix:
        raise argparse.ArgumentTypeError(f"{given!r} is neither a year nor a file")
    return given


def _is_layer(out: str | None) -> bool:
    return out is not None and Path(out).suffix.lower() == ".gpkg"


# ---------------------------------------------------------------- what a person sees


def _show_faults(console: Console, name: str, report: BoundaryReport) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names

    title = f"{name}: {names.word('check.units')} {report.checked}, {report.headline}"
    if len(report.table):
        console.print(title, style="bold", markup=False, soft_wrap=True)
        table = Table(box=box.SQUARE)
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column(names.label("severity"), no_wrap=True)
        for column in ("fault_kind", "town_name", "says_zh"):
            table.add_column(names.label(column), overflow="fold")
        kinds, grave = names.vocabulary("fault_kind"), names.vocabulary("severity")
        for key, row in report.table.iloc[:MOST_SHOWN].iterrows():
            severity, town = str(row["severity"]), row["town_name"]
            cells = (
                str(key),
                grave[severity],
                kinds[row["fault_kind"]],
                town if isinstance(town, str) else "",
                row["says_zh"],
            )
            table.add_row(*(escape(cell) for cell in cells), style=STYLES[severity])
        console.print(table)
        more = len(report.table) - MOST_SHOWN
        if more > 0:
            console.print(f"{names.word('fault_map.more')}: {more} (--csv, --out)")
        _show_counts(console, report)
    else:
        console.print(f"{title}: {names.word('fault_map.none')}", markup=False, soft_wrap=True)
    unasked = [word for kind, word in names.vocabulary("fault_kind").items()
               if kind not in report.kinds]  # fmt: skip
    if unasked:
        # What would have to be given, so that nobody has to look it up.
        asks = dict.fromkeys(ASKED_BY[kind] for kind in ASKED_BY if kind not in report.kinds)
        cure = f" ({', '.join(asks)})" if asks else ""
        said = f"{names.word('check.not_asked')}: {'、'.join(unasked)}{cure}"
        console.print(said, markup=False, soft_wrap=True)
    for notice in report.notices:
        console.print(f"注意: {escape(notice)}", style="red", soft_wrap=True)


def _show_counts(console: Console, report: BoundaryReport) -> None:
    from deqing_geo import columns as names

    kinds = names.vocabulary("fault_kind")
    counted = [f"{kinds[str(kind)]} {count}" for kind, count in report.counts.items() if count]
    console.print("、".join(counted), soft_wrap=True)


def _show_changes(console: Console, mended: Mended) -> None:
    """What the mending did to each unit, and what it left."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names
    from deqing_geo.text import figure

    changes = mended.touched
    named = [column for column in ("village_name", "town_name") if column in changes]
    figures = [
        column
        for column in ("area_change_m2", "gained_m2", "lost_m2", "moved_m")
        if column in changes
    ]
    table = Table(box=box.SQUARE, title=names.word("notice.repaired"), title_justify="left")
    table.add_column(names.label("fault_rows"), overflow="fold")
    for column in named:
        table.add_column(names.label(column), overflow="fold")
    for column in figures:
        table.add_column(names.label(column, unit=True), justify="right")
    for key, row in changes.iloc[:MOST_SHOWN].iterrows():
        texts = [str(key), *("" if row[one] is None else str(row[one]) for one in named)]
        table.add_row(*(escape(text) for text in texts), *(figure(row[one]) for one in figures))
    console.print(table)
    if len(changes) > MOST_SHOWN:
        console.print(f"{names.word('fault_map.more')}: {len(changes) - MOST_SHOWN}")
    corrected = changes.get("corrections")
    for key, said in () if corrected is None else corrected.items():
        if said:
            done = f"{names.word('correction.done')} {key}: {said}"
            console.print(done, markup=False, soft_wrap=True)
    left = f"{names.word('fault_map.left')}: {mended.report.headline}"
    console.print(left, soft_wrap=True)
