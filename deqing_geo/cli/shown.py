"""What a person sees on a console: results as tables, their notices, and how far a run is."""

from __future__ import annotations

import contextlib
import re
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


# What a person reads while a step lasts.
DOING = {
    "county": "生成示意县",
    "layers": "写出图层",
    "rasters": "写出栅格",
    "as_received": "写出待整理的数据",
    "towns": "读取镇(街道)界",
    "zone": "读取建成区",
    "villages": "村庄分类",
    "village_table": "读取村庄基本情况",
    "roads": "读取道路",
    "parks": "读取公园绿地",
    "homes": "读取居住用地",
    "planned_roads": "读取规划路网",
    "seats": "读取驻地",
    "boundaries": "读取城镇开发边界",
    "redline": "读取生态保护红线",
    "water_source": "读取饮用水水源保护区",
    "farmland": "读取永久基本农田",
    "cropland": "读取耕地",
    "hazards": "读取地质灾害",
    "fault_lines": "读取断裂带",
    "facilities": "读取公共服务设施",
    "terrain": "读取高程",
    "population": "读取人口格网",
    "facts": "计算村庄指标",
    "opinions": "读取镇(街道)意见",
    "centre_lines": "归并双线",
    "road_density": "测算路网密度",
    "density_band": "比较不同口径",
    "network": "建立路网",
    "park_coverage": "测算公园绿地服务半径覆盖率",
    "coverage_band": "比较不同口径",
    "siting": "口袋公园选址",
    "sites": "口袋公园选址",
    "tallies": "统计其他指标",
    "checking": "检查边界",
    "mending": "修复工作副本",
    "export": "写出成果",
    "submission": "整理报送材料",
    "map": "绘制地图",
    "tables": "写出表格",
    "atlas": "绘制图集",
    "book": "合并图集",
    "": "完成",
}

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
        console.print(f"规划目标: {escape(str(target))}", soft_wrap=True)
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

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    off = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=off) as progress:
        task = progress.add_task("", total=None)

        def tell(what: str, done: int, of: int) -> None:
            progress.update(task, description=DOING.get(what, what), completed=done, total=of)

        yield tell


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """A bar that moves while one long step lasts, on a terminal only.

    Parameters
    ----------
    what : str
        A word of `DOING`, or any.

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
