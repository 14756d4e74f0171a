"""What a person sees on a console: results as tables, their notices, and how far a run is."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from deqing_geo.coverage import Coverage
    from deqing_geo.progress import Scorecard
    from deqing_geo.roads import RoadDensity
    from deqing_geo.standards import Standard
    from deqing_geo.villages import VillageTypes

# So often something is said where no bar can be drawn.
A_LINE_EACH_S = 5.0
DONE = "完成"


# A value a message gives an option: a word in quotes, or one without.
_VALUE = r"(?:'[^']*'|[\w:/-]+(?:\.\w+)*)?"


def in_flags(says: str, flags: Mapping[str, str]) -> str:
    """A message in the words of the command line: an option of Python's becomes the flag.

    Parameters
    ----------
    says : str
        Of an error.
    flags : mapping of str to str
        From an option to its flag as help gives it, ``--max-change M2``.

    Returns
    -------
    str
        A value the message names is kept, ``True`` is the flag alone.

    Examples
    --------
    >>> in_flags("pass max_change_m2=2188, or wait=True.",
    ...          {"max_change_m2": "--max-change M2", "wait": "--wait"})
    'pass --max-change 2188, or --wait.'
    >>> in_flags("Pass source=, for whom.", {"source": "--source TEXT"})
    'Pass --source TEXT, for whom.'
    """
    for option, flag in flags.items():

        def put(found: re.Match[str], flag: str = flag) -> str:
            value = found[1]
            if value == "True" or not value or not re.fullmatch(r"--\S+( \S+)?", flag):
                return flag
            return f"{flag.split(' ')[0]} {value.strip(chr(39))}"

        says = re.sub(rf"(?<![\w.=-]){option}=({_VALUE})", put, says)
    return says


def show(console: Console, result: RoadDensity | Coverage, law: Standard) -> None:
    """Print a measure area by area, its target and everything it must not travel without.

    Parameters
    ----------
    console : Console
        Of `console`.
    result : RoadDensity or Coverage
        The measure.
    law : Standard
        Whose target.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names
    from deqing_geo.boundaries import is_zone
    from deqing_geo.text import figure, percent

    measure = result.definition.measure
    shown = (
        ("demand_ha", "served_ha", "gap_ha", measure)
        if measure == "park_coverage"
        else ("road_km", "area_km2", "edge_km", measure)
    )
    table = Table(box=box.SQUARE, title=names.label(measure), title_justify="left")
    table.add_column("统计单元")
    for column in shown:
        known = names.registry()[column]
        head = f"{known.short or known.zh}\n{known.unit_zh}"
        table.add_column(head, justify="right", no_wrap=True)
    label = next(
        (name for name in ("town_name", "village_name", "zone_name") if name in result.table), None
    )
    for key, row in result.table.iterrows():
        cells = [
            percent(row[column], against=result.goals)
            if column == "park_coverage"
            else figure(row[column], against=result.goals if column == measure else ())
            for column in shown
        ]
        table.add_row(escape(str(row[label] if label else key)), *cells)
    total = [figure(result.table[column].sum()) for column in shown[:-1]]
    table.add_section()
    table.add_row("合计", *total, result.headline.split(" ")[0], style="bold")
    console.print(table)
    target = law.targets.get(measure)
    if target is not None:
        # The plan asks for the built-up zone: a figure of whole towns is no answer to it.
        apart = "" if is_zone(result.table) else f"({names.word('notice.of_zone')})"
        console.print(f"规划目标: {escape(str(target))}{apart}", soft_wrap=True)
    console.print(f"口径: {escape(result.definition.line)}", soft_wrap=True)
    for notice in result.notices:
        console.print(f"注意: {escape(notice)}", style="red", soft_wrap=True)


def show_types(console: Console, types: VillageTypes) -> None:
    """Print how many villages are of which type.

    Parameters
    ----------
    console : Console
        Of `console`.
    types : VillageTypes
        The types.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names
    from deqing_geo.text import percent
    from deqing_geo.villages.kinds import called

    table = Table(box=box.SQUARE, title=names.label("village_type"), title_justify="left")
    for head in ("类型", "村庄数", "占比"):
        table.add_column(head, justify="left" if head == "类型" else "right", no_wrap=True)
    counts = types.counts
    for kind, count in counts.items():
        share = percent(count / len(types.table)) if len(types.table) else "-"
        table.add_row(called(kind), str(count), share)
    table.add_section()
    table.add_row("合计", str(len(types.table)), "", style="bold")
    console.print(table)
    console.print(f"口径: {escape(types.line)}", soft_wrap=True)
    for notice in types.notices:
        console.print(f"注意: {escape(notice)}", style="red", soft_wrap=True)


def show_card(console: Console, card: Scorecard) -> None:
    """Print the targets that were measured.

    Parameters
    ----------
    console : Console
        Of `console`.
    card : Scorecard
        The targets.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names

    rows = card.table[card.table["measured"].notna()]
    if rows.empty:
        return
    title = f"{names.word('page.scorecard')}:{card.headline}"
    table = Table(box=box.SQUARE, title=title, title_justify="left")
    for column in ("indicator_zh", "asked", "shown", "verdict"):
        table.add_column(names.label(column), overflow="fold")
    words = names.vocabulary("verdict")
    for _, row in rows.iterrows():
        cells = (row["indicator_zh"], row["asked"], row["shown"], words[row["verdict"]])
        table.add_row(*(escape(str(cell)) for cell in cells))
    console.print(table)


def console() -> Console:
    """A console that colours nothing of its own accord.

    Returns
    -------
    Console
        Of rich.
    """
    from rich.console import Console

    return Console(highlight=False)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar that follows a run, on a terminal only.

    Yields
    ------
    callable
        To be told what is being done, how many steps are done, and of how many.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    # What a library is at may have brackets in its name: it is no markup.
    what_is_done = TextColumn("{task.description}", markup=False)
    columns = (what_is_done, BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    off = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=off) as progress:
        task = progress.add_task("", total=None)

        def tell(what: str, done: int, of: int) -> None:
            progress.update(task, description=called(what), completed=done, total=of)

        yield tell


@contextlib.contextmanager
def followed() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal; elsewhere a plain line now and then, also while nothing moves.

    Yields
    ------
    callable
        To be told what is being done, how many steps are done, and of how many.
    """
    if sys.stderr.isatty():
        with progress() as bar:
            yield bar
        return
    began = said = time.monotonic()
    now, over = ["", 0, 0], threading.Event()

    def say() -> None:
        nonlocal said
        said = time.monotonic()
        what, done, of = now
        print(f"{done}/{of} {called(str(what))}, {said - began:.0f} s", file=sys.stderr, flush=True)

    def tell(what: str, done: int, of: int) -> None:
        # The first line of a kind of steps at once, then one now and then.
        fresh = of != now[2]
        now[:] = what, done, of
        if fresh or time.monotonic() - said >= A_LINE_EACH_S:
            say()

    def wait() -> None:
        while not over.wait(A_LINE_EACH_S / 5):
            if now[2] and time.monotonic() - said >= A_LINE_EACH_S:
                say()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    try:
        yield tell
    finally:
        over.set()
        waiting.join()


def called(step: str) -> str:
    """A step in the reader's words.

    Parameters
    ----------
    step : str
        What a run says it is at.

    Returns
    -------
    str
        The same where there are no words for it.

    Examples
    --------
    >>> called("road_density"), called("each_town map")
    ('测算路网密度', 'each_town map')
    """
    from deqing_geo import columns as names

    return names.phrases("step").get(step, step) if step else DONE


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """A bar that moves while one long step lasts, on a terminal only.

    Parameters
    ----------
    what : str
        A step of the registry's, or any words.

    Yields
    ------
    None
        While it lasts.
    """
    with progress() as tell:
        tell(what, 0, 1)
        yield


def listed(arguments: argparse.Namespace, measures: Sequence[str]) -> bool:
    """Print the definitions there are, where ``--by list`` asks for them.

    Parameters
    ----------
    arguments : Namespace
        With ``by``.
    measures : sequence of str
        Whose definitions.

    Returns
    -------
    bool
        Whether they were asked for.
    """
    if arguments.by != "list":
        return False
    from deqing_geo import standards

    there = console()
    for way in (way for measure in measures for way in standards.load().ways(measure)):
        there.print(f"{way.key}: {way.line}", soft_wrap=True, markup=False)
    return True
