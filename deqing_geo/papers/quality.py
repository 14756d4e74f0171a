"""The paper on the quality of boundaries (质量检查报告): what was checked, found and mended.

It repeats the report and judges nothing beyond it. Made from sample data it cannot be signed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import deqing_geo
from deqing_geo import columns as names
from deqing_geo.errors import ColumnError
from deqing_geo.faults import attributes, forms
from deqing_geo.faults.found import size_shown
from deqing_geo.notes import reading_notes
from deqing_geo.papers.blocks import Block, Facts, Paper, Section, Table, Text, plain
from deqing_geo.text import figure

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from deqing_geo.faults import BoundaryReport

# Some thirty sheets: more is for the table that goes with the paper.
MOST_ROWS = 600
NUMERALS = "一二三四五六七八九"
JOINED_BY = ";"
# Columns of a table of repairs, where it has them.
REPAIRED = (
    "village_name", "town_name", "area_before_m2", "area_after_m2", "area_change_m2", "gained_m2",
    "lost_m2", "moved_m", "repairs", "corrections",
)  # fmt: skip
# What is not zero for a unit that was changed, beyond a square millimetre.
MOVED = ("area_change_m2", "gained_m2", "lost_m2")
ROUNDING = 1e-6
# Areas that add up over a layer.
SUMMED = ("area_before_m2", "area_after_m2", "area_change_m2", "gained_m2", "lost_m2")


def quality_paper(
    report: BoundaryReport,
    *,
    changes: pd.DataFrame | None = None,
    villages: gpd.GeoDataFrame | None = None,
    unit: str = "",
    checked_on: date | str | None = None,
) -> Paper:
    """What the paper says.

    Parameters
    ----------
    report : BoundaryReport
        Of `check_boundaries`.
    changes : DataFrame, optional
        Of `repair_boundaries`: one row a unit.
    villages : GeoDataFrame, optional
        The layer that was checked: what its reader decided is told.
    unit : str
        Who files it (填报单位).
    checked_on : date or str, optional
        The day of the check; left blank for a pen by default.

    Returns
    -------
    Paper
        The same for the same input.

    Raises
    ------
    ColumnError
        If `checked_on` is not a date.
    """
    made_up = names.word("notice.schematic")
    sample = any(made_up in notice for notice in report.notices)
    sections = [
        Section(names.word("quality.basics"), tuple(_basics(report, villages))),
        Section(names.word("quality.asked"), tuple(_asked(report))),
        Section(names.word("quality.summary"), tuple(_summary(report))),
    ]
    said = [notice for notice in report.notices if notice != made_up]
    if changes is not None:
        said.append(names.word("notice.repaired"))
    said.append(names.word("map.boundary"))
    sections.append(
        Section(names.word("paper.notes"), tuple(Text(text) for text in dict.fromkeys(said)))
    )
    sections = [
        Section(f"{NUMERALS[at]}、{one.heading}", one.blocks) for at, one in enumerate(sections)
    ]
    annexes = []
    if len(report.table):
        annexes.append((names.word("quality.details"), _details(report)))
    if changes is not None:
        annexes.append((names.word("quality.repairs"), _repairs(changes)))
    for number, (heading, blocks) in enumerate(annexes, start=1):
        title = f"{names.word('paper.annex')}{number} {heading}"
        sections.append(Section(title, tuple(blocks), wide=True))
    title = names.word("quality.title")
    blank = names.word("paper.blank_day")
    return Paper(
        title=f"{title}({names.word('paper.sample')})" if sample else title,
        head=(
            (names.word("paper.unit_sample" if sample else "paper.unit"), unit.strip()),
            (names.word("quality.day"), _day(checked_on) or blank),
        ),
        warnings=(made_up, names.word("paper.not_filed")) if sample else (),
        marks=(
            names.word("map.internal"),
            names.word("map.boundary"),
            *((made_up,) if sample else ()),
        ),
        sections=tuple(sections),
        sign=()
        if sample
        else (
            *((names.word(f"paper.{one}"), "") for one in ("head", "reviewer", "writer", "phone")),
            (names.word("paper.filed"), blank),
        ),
    )


def _day(checked_on: date | str | None) -> str:
    if checked_on is None or checked_on == "":
        return ""
    try:
        day = checked_on if isinstance(checked_on, date) else date.fromisoformat(checked_on)
    except (TypeError, ValueError):
        raise ColumnError(f"checked_on={checked_on!r} is not a date like 2026-03-31.") from None
    return f"{day.year}年{day.month}月{day.day}日"


# ---------------------------------------------------------------- what was checked


def _basics(report: BoundaryReport, villages: gpd.GeoDataFrame | None) -> Iterable[Block]:
    origins = JOINED_BY.join(report.origins) or names.word("paper.made_in_code")
    rows = [
        (names.word("quality.data"), origins),
        (names.word("check.units"), str(report.checked)),
        (names.word("quality.result"), report.headline),
        (names.word("quality.conclusion"), _conclusion(report)),
        (names.word("paper.made_by"), f"deqing_geo {deqing_geo.__version__}"),
    ]
    yield Facts(tuple(rows))
    if villages is not None and villages.attrs.get("reading"):
        yield Text(f"{names.word('quality.reading')}:")
        yield Facts(reading_notes(villages).lines)


def _conclusion(report: BoundaryReport) -> str:
    if report.is_clean:
        return names.word("quality.clean")
    faulty = bool((report.table["severity"] == "error").any())
    return names.word("quality.faulty" if faulty else "quality.doubtful")


@cache
def _standards() -> Mapping[str, str]:
    """What was looked for, with the numbers it was looked for by."""
    text = resources.files(__package__).joinpath("quality.toml").read_text(encoding="utf-8")
    by = {
        "narrow": f"{forms.NARROW_M:g}",
        "dust": f"{forms.DUST_M * 1000:g}",
        "area": f"{attributes.AREA_TOLERANCE * 1000:g}",
        "year": "",
    }
    return {kind: says.format(**by) for kind, says in tomllib.loads(text)["standard"].items()}


def _asked(report: BoundaryReport) -> Iterable[Block]:
    words = names.vocabulary("fault_kind")
    counts = report.counts
    standards = _standards()
    rows = [
        (str(at), words[kind], standards.get(kind, ""), str(int(counts.get(kind, 0))))
        for at, kind in enumerate(report.kinds, start=1)
    ]
    head = ("序号", names.label("fault_kind"), names.word("quality.standard"),
            names.word("quality.found"))  # fmt: skip
    yield Table("", head, tuple(rows), (7, 25, 57, 11), figures=(0, 3))
    unasked = [word for kind, word in words.items() if kind not in report.kinds]
    if unasked:
        yield Text(f"{names.word('quality.not_asked')}:{'、'.join(unasked)}")


# ---------------------------------------------------------------- what was found


def _summary(report: BoundaryReport) -> Iterable[Block]:
    table = report.table
    grave = names.vocabulary("severity")
    total = names.word("paper.total")
    head = (*grave.values(), total)
    words = names.vocabulary("fault_kind")
    by_kind = _crossed(table["fault_kind"], table["severity"], list(words), list(grave))
    square = table["fault_size"].where(table["fault_unit"] == "m2")
    area = square.groupby(table["fault_kind"]).sum(min_count=1)
    rows = [(words[kind], *counts, _number(area.get(kind))) for kind, counts in by_kind]
    sums = _sums([counts for _, counts in by_kind], len(head))
    yield Table(
        names.word("quality.by_kind"),
        (names.label("fault_kind"), *head, names.word("quality.area")),
        (*rows, (total, *sums, "")),
        (34, 11, 11, 11, 11, 22),
        figures=(1, 2, 3, 4, 5),
        total=True,
    )
    unnamed = names.word("paper.unnamed_town")
    towns = table["town_name"].astype(object).where(table["town_name"].notna(), unnamed)
    order = [town for town in dict.fromkeys(towns.tolist()) if town != unnamed]
    if not order:
        return
    by_town = _crossed(towns, table["severity"], [*sorted(order), unnamed], list(grave))
    yield Table(
        names.word("quality.by_town"),
        (names.label("town_name"), *head),
        (*((str(town), *counts) for town, counts in by_town), (total, *sums)),
        (40, 15, 15, 15, 15),
        figures=(1, 2, 3, 4),
        total=True,
    )


def _crossed(
    rows: pd.Series[Any], columns: pd.Series[Any], order: Sequence[Any], across: Sequence[str]
) -> list[tuple[Any, tuple[str, ...]]]:
    """Counts of each pair, rows that have any, with the sum at the end."""
    found = rows.to_frame("row").assign(column=columns).value_counts()
    out = []
    for one in order:
        counts = [int(found.get((one, word), 0)) for word in across]
        if sum(counts):
            out.append((one, tuple(str(count) for count in (*counts, sum(counts)))))
    return out


def _sums(rows: Sequence[Sequence[str]], width: int) -> tuple[str, ...]:
    return tuple(str(sum(int(row[at]) for row in rows)) for at in range(width))


def _details(report: BoundaryReport) -> Iterable[Block]:
    words, grave = names.vocabulary("fault_kind"), names.vocabulary("severity")
    table = report.table
    shown = table.iloc[:MOST_ROWS]
    rows = [
        (
            _blank(label),
            words.get(str(kind), str(kind)),
            grave.get(str(severity), str(severity)),
            _blank(town),
            "\n".join(plain(str(unit)) for unit in concerned) or _blank(units),
            _blank(called),
            _sized(size, unit),
            _blank(said),
            "",
        )
        for label, concerned, kind, severity, town, units, called, size, unit, said in zip(
            shown.index,
            report.rows[:MOST_ROWS],
            *(
                shown[column]
                for column in (
                    "fault_kind", "severity", "town_name", "fault_rows", "fault_names",
                    "fault_size", "fault_unit", "says_zh",
                )
            ),
            strict=True,
        )
    ]  # fmt: skip
    columns = ("fault_id", "fault_kind", "severity", "town_name", "fault_rows", "fault_names")
    head = (
        *(names.registry()[column].short or names.label(column) for column in columns),
        names.label("fault_size"),
        names.label("says_zh"),
        names.word("quality.mended"),
    )
    yield Table("", head, tuple(rows), (5, 11, 6, 8, 13, 12, 12, 25, 8), figures=(0, 6))
    if len(table) > len(shown):
        yield Text(
            f"{names.word('quality.first')}:{len(shown)} / {len(table)}。"
            f"{names.word('quality.rest')}。"
        )


def _repairs(changes: pd.DataFrame) -> Iterable[Block]:
    shown = [column for column in REPAIRED if column in changes]
    numbers = [column for column in shown if names.registry()[column].dtype == "float"]
    rows = changes[changed(changes)]
    body = [
        (_blank(label), *(_cell(column, value) for column, value in zip(shown, row, strict=True)))
        for label, row in zip(
            rows.index, rows[shown].itertuples(index=False, name=None), strict=True
        )
    ]
    sums = [figure(float(changes[column].sum())) if column in SUMMED else "" for column in shown]
    label = names.registry().get(str(changes.index.name))
    head = (
        label.zh if label is not None else names.label("fault_rows"),
        *(names.label(column, unit=True) for column in shown),
    )
    widths = {
        "area_before_m2": 13,
        "area_after_m2": 13,
        "moved_m": 7,
        "repairs": 18,
        "corrections": 22,
    }
    if body:
        yield Table(
            "",
            head,
            (*body, (names.word("paper.total"), *sums)),
            (14, *(widths.get(column, 9) for column in shown)),
            figures=tuple(at for at, column in enumerate(shown, start=1) if column in numbers),
            total=True,
        )
    yield Text(f"{names.word('quality.unchanged')}:{len(changes) - len(rows)}")
    yield Text(names.word("notice.repaired"), warning=True)


def changed(changes: pd.DataFrame) -> pd.Series[bool]:
    """Which units a repair changed.

    Parameters
    ----------
    changes : DataFrame
        Of `repair_boundaries`, one row a unit.

    Returns
    -------
    Series of bool
        On the same index; what is smaller than a square millimetre is the rounding of sums. A
        code or a name that was corrected is a change.
    """
    moved = changes[[column for column in MOVED if column in changes]]
    there = (moved.fillna(0.0).abs() > ROUNDING).any(axis=1)
    return there | (changes["corrections"] != "") if "corrections" in changes else there


# ---------------------------------------------------------------- cells


def _cell(column: str, value: Any) -> str:
    if names.registry()[column].dtype == "float":
        return _number(value)
    return _blank(value)


def _number(value: Any) -> str:
    return "" if value is None or value != value else figure(float(value))


def _sized(size: float, unit: object) -> str:
    if size != size:
        return ""
    if unit == "ratio":
        return size_shown(float(size), "ratio")
    word = names.vocabulary("fault_unit").get(str(unit), "")
    return f"{size_shown(float(size), str(unit))} {word}".strip()


def _blank(value: object) -> str:
    return "" if value is None or value != value else plain(str(value))
