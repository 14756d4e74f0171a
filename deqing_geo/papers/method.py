"""The note on how a figure came about (测算方法说明): 口径, data, thresholds, limits.

It is made of what results say of themselves, and judges nothing. A figure without its note is a
number nobody can defend; a note typed by hand says what was meant and not what was run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import deqing_geo
from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.boundaries import is_zone
from deqing_geo.columns import word
from deqing_geo.coverage import Coverage
from deqing_geo.coverage.basis import LAND
from deqing_geo.errors import InputError
from deqing_geo.papers.blocks import Block, Facts, Paper, Section, Table, Text
from deqing_geo.papers.filing import Filing, filing, in_words
from deqing_geo.papers.saved import save_paper
from deqing_geo.roads import RoadDensity
from deqing_geo.standards import UNITS, Rule
from deqing_geo.text import figure, percent
from deqing_geo.villages import VillageTypes
from deqing_geo.villages.kinds import called
from deqing_geo.villages.published import SETTLED
from deqing_geo.villages.wording import shown_rule

if TYPE_CHECKING:
    from deqing_geo.standards import Definition

Result = RoadDensity | Coverage | VillageTypes
NUMERALS = "一二三四五六七八九十"
# What layers a definition may count the classes of, in the order a reader wants them.
LAYERS = {"roads": "road_class", "parks": "park_class", "homes": "home_class"}
# A hundredth of a kilometre, and of a per cent: less is not worth a sentence.
NOTHING = 0.005


def save_method_note(
    results: Result | Sequence[Result],
    path: str | os.PathLike[str],
    *,
    unit: str = "",
    day: date | str | None = None,
    audience: str = "internal",
    place: str = "",
) -> Path:
    """How a figure came about, on a page (测算方法说明): 口径, data, thresholds, limits.

    Everything in it is what the result says of itself, so that the note is of this run and no
    other: its definition with the document's words, the classes that count, the layers and their
    dates, every number that judged something with document, clause and whether its wording was
    read, and what the figure cannot know.

    Parameters
    ----------
    results : RoadDensity, Coverage or VillageTypes, or several of them
        A page each; several stand one after the other.
    path : path
        Where; ``.docx`` for Word and WPS, or ``.html``.
    unit : str
        Who files it (编制单位).
    day : date or str, optional
        To which the data reach (数据截止日期); blank for a pen by default.
    audience : str
        ``internal``, or ``public``: of villages without a settled type only that they have none,
        and nothing of doubts and candidates.
    place : str
        Stands before the title, such as 德清县.

    Returns
    -------
    Path
        The file: the same bytes for the same results.

    Raises
    ------
    InputError
        If there is no result, one is of another kind, or `audience` is neither.
    ColumnError
        If `day` is no date.
    ExportError
        If the name has another ending, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample
    >>> density = road_density(sample.zone(), sample.roads())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_method_note(density, f"{folder}/路网密度测算说明.html")
    ...     density.definition.line in file.read_text("utf-8")
    True
    """
    several: list[Any] = list(results) if isinstance(results, list | tuple) else [results]
    if not several or not all(isinstance(one, Result) for one in several):
        raise InputError(
            "A method note is on a road density, a park coverage or village types: "
            f"{', '.join(type(one).__name__ for one in several) or 'nothing'} is none of them."
        )
    notices = [notice for one in several for notice in one.notices]
    made = filing(notices, unit=unit, day=day, audience=audience, review_stage="", place=place)
    return save_paper(method_paper(several, made), path)


def method_paper(results: Sequence[Result], made: Filing) -> Paper:
    """What the note says.

    Parameters
    ----------
    results : sequence of RoadDensity, Coverage and VillageTypes
        At least one.
    made : Filing
        Who files, and for whom.

    Returns
    -------
    Paper
        The same for the same results.
    """
    alone = len(results) == 1
    sections: list[Section] = []
    for at, one in enumerate(results):
        parts = _parts(one, made)
        if alone:
            sections += [
                Section(f"{NUMERALS[number]}、{word(f'method.{key}')}", tuple(blocks))
                for number, (key, blocks) in enumerate(parts)
            ]
        else:
            blocks = [block for _, some in parts for block in some]
            sections.append(Section(f"{NUMERALS[at % 10]}、{_title(one)}", tuple(blocks)))
    title = word("method.title")
    subject = _title(results[0]) if alone else ""
    mark = f"({word('paper.sample')})" if made.sample else ""
    schematic = word("notice.schematic")
    return Paper(
        title=f"{made.place}{subject}{title}{mark}",
        head=(
            (word("map.made_by"), made.unit),
            (word("paper.data_until"), made.day or word("paper.blank_day")),
        ),
        warnings=(schematic, word("paper.not_filed")) if made.sample else (),
        marks=tuple(
            one
            for one in (word("village_paper.public" if made.public else "map.internal"),
                        schematic if made.sample else "",
                        f"{word('method.made_by')}:deqing_geo {deqing_geo.__version__}")
            if one
        ),
        sections=tuple(sections),
    )  # fmt: skip


def _title(result: Result) -> str:
    if isinstance(result, VillageTypes):
        return names.label("village_type")
    measure = result.measure if isinstance(result, Coverage) else result.definition.measure
    return names.label(measure)


def _parts(result: Result, made: Filing) -> list[tuple[str, list[Block]]]:
    """The four parts of a note, each by its key."""
    if isinstance(result, VillageTypes):
        figures, counting = _of_types(result, made)
    elif isinstance(result, Coverage):
        figures, counting = _of_coverage(result), _counting(result.definition)
    else:
        figures, counting = _of_density(result), _counting(result.definition)
    origins = "、".join(result.origins) or word("paper.made_in_code")
    data = [(word("map.sources"), origins)]
    if not isinstance(result, VillageTypes):
        data.append((word("density.as_of"), _day(result.as_of)))
    limits: list[Block] = [
        Text(f"{at}. {one}") for at, one in enumerate(dict.fromkeys(_limits(result, made)), start=1)
    ]
    return [
        ("counting", [Facts(tuple(figures + counting))]),
        ("data", [Facts(tuple(data))]),
        ("thresholds", [_thresholds(result)]),
        ("limits", limits or [Text(word("method.no_limits"))]),
    ]


def _day(day: date | None) -> str:
    return word("method.undated") if day is None else f"{day.year}年{day.month}月{day.day}日"


# ---------------------------------------------------------------- what was counted, and how


def _of_density(density: RoadDensity) -> list[tuple[str, str]]:
    table = density.table
    return [
        (word("method.figure"), density.headline),
        (
            word("method.by"),
            f"{names.label('road_km')} {figure(float(table['road_km'].sum()), 3)} 公里 / "
            f"{names.label('area_km2')} {figure(float(table['area_km2'].sum()), 4)} 平方公里"
            f"({word('method.areas')} {len(table)})",
        ),
    ]


def _of_coverage(coverage: Coverage) -> list[tuple[str, str]]:
    table, unit = coverage.table, coverage.unit
    zh = "公顷" if unit == LAND else ""
    places = 4 if unit == LAND else 0
    served, demand = (float(table[f"{one}_{unit}"].sum()) for one in ("served", "demand"))
    said = [
        (word("method.figure"), coverage.headline),
        (
            word("method.by"),
            f"{names.label(f'served_{unit}')} {figure(served, places)} {zh} / "
            f"{names.label(f'demand_{unit}')} {figure(demand, places)} {zh}"
            f"({word('method.areas')} {len(table)})",
        ),
        (
            word("method.counted"),
            f"{int(coverage.parks['counted'].sum())} / {len(coverage.parks)}",
        ),
    ]
    if coverage.homesteads is not None:
        other = percent(coverage.homesteads, against=coverage.goals)
        said.append((word("coverage.homesteads"), other))
    return said


def _of_types(
    types: VillageTypes, made: Filing
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    if made.public:
        shown = [one if one in SETTLED else "" for one in types.shown]
        counts = [(called(kind), shown.count(kind)) for kind in SETTLED]
        counts.append((word("village_paper.unsettled"), shown.count("")))
        said = "、".join(f"{name} {count}" for name, count in counts if count)
        headline = f"{len(shown)} 个单元:{said}"
    else:
        headline = types.headline
    rungs = types.scheme.ids
    counting = [
        (word("map.definition"), types.line),
        (word("method.rungs"), "、".join(one for one in rungs if one not in types.off)),
    ]
    return [(word("method.figure"), headline)], counting


def _counting(definition: Definition) -> list[tuple[str, str]]:
    """The definition in the document's words, with what counts by it."""
    said = [(word("map.definition"), definition.line)]
    for layer, column in LAYERS.items():
        classes = definition.counts.get(layer)
        if classes and column in names.vocabularies():
            said.append((names.label(column), "、".join(in_words(column, classes))))
    if definition.says:
        mark = word(f"evidence.{definition.evidence}")
        said.append((word("method.says"), f"{definition.says}({mark})"))
    if "roads" in definition.counts:
        border, water = word(f"border.{definition.border}"), word(f"water.{definition.water}")
        said.append((word("method.edge"), f"{border};{water}"))
    if definition.note:
        said.append((word("paper.notes"), definition.note))
    return said


# ---------------------------------------------------------------- by which numbers


def _thresholds(result: Result) -> Table:
    """Every number that judged something, with its document and whether its wording was read."""
    rows: list[tuple[str, str, str, str]] = []
    if not isinstance(result, VillageTypes):
        measure = result.measure if isinstance(result, Coverage) else result.definition.measure
        target = standards.load().targets.get(measure)
        if target is not None and target.goal in result.goals:
            plan = f"{standards.plan_document()} {target.clause}".strip()
            apart = "" if is_zone(result.table) else f"({word('notice.of_zone')})"
            asked = f"{target.asked}{apart}"
            rows.append((word("map.target"), asked, plan, word("evidence.printed")))
        rows += _bands(result.definition)
    for rule in result.sources:
        if isinstance(rule, Rule):
            where = f"{rule.document} {rule.clause}".strip()
            shown = shown_rule(rule)
            rows.append((rule.label, shown, where, word(f"evidence.{rule.evidence}")))
    head = tuple(word(f"method.{one}") for one in ("name", "number", "document", "read"))
    return Table("", head, tuple(dict.fromkeys(rows)), (34, 14, 36, 16))


def _bands(definition: Definition) -> list[tuple[str, str, str, str]]:
    where = f"{definition.document} {definition.clause}".strip()
    read = word(f"evidence.{definition.evidence}")
    return [
        (
            word("method.band").format(size=f"{band.from_m2:,.0f}"),
            f"{band.radius_m:g}{UNITS['m']}",
            where,
            read,
        )
        for band in definition.bands
    ]


# ---------------------------------------------------------------- what it cannot know


def _limits(result: Result, made: Filing) -> Iterable[str]:
    if isinstance(result, VillageTypes):
        yield from _type_limits(result, made)
        return
    yield from (one for one in result.notices if one != word("notice.schematic"))
    if isinstance(result, Coverage):
        yield from _coverage_limits(result)
    else:
        yield from _density_limits(result, made)


def _density_limits(density: RoadDensity, made: Filing) -> Iterable[str]:
    table = density.table
    road, edge = float(table["road_km"].sum()), float(table["edge_km"].sum())
    if edge > NOTHING:
        yield word("method.edge_share").format(km=figure(edge, 3), share=percent(edge / road))
    known = density.completeness
    for one in ("nameless", "classless"):
        share = float(known[f"{one}_share"])
        if share * 100 > NOTHING:
            km = figure(float(known[f"{one}_km"]), 3)
            yield word(f"method.{one}").format(km=km, share=percent(share))
    still = {one: float(density.not_open[one].sum()) for one in density.not_open}
    shown = [
        f"{name} {figure(km, 3)} 公里"
        for name, km in zip(in_words("road_status", still), still.values(), strict=True)
        if km > NOTHING
    ]
    # Of roads to come the public learns when they are announced.
    if shown and not made.public:
        yield word("method.not_open").format(roads="、".join(shown))
    yield word("method.outline")


def _coverage_limits(coverage: Coverage) -> Iterable[str]:
    if coverage.walking is None:
        yield word("method.straight")
    else:
        yield f"{names.label('walking_coverage')}:{coverage.walking.headline}"
    if coverage.homesteads is not None:
        apart = abs(coverage.homesteads - coverage.overall) * 100
        yield word("method.homesteads").format(points=figure(apart))
    reasons = coverage.parks["not_counted_reason"]
    out = reasons[reasons.fillna("") != ""].value_counts(sort=False)
    if len(out):
        yield word("method.left_out").format(
            why="、".join(f"{reason} {count}" for reason, count in sorted(out.items()))
        )
    yield word("method.outline")


def _type_limits(types: VillageTypes, made: Filing) -> Iterable[str]:
    if made.public:
        kept = (word("notice.unread"),)
        yield from (one for one in types.notices if one in kept)
        yield word("village_paper.first_public")
        yield word("village_paper.left_out")
        return
    yield from (one for one in types.notices if one != word("notice.schematic"))
    yield word("village_paper.first_only")
    counts = types.counts
    if counts["missing"]:
        yield word("method.missing").format(count=int(counts["missing"]))
    if len(types.doubtful):
        yield word("method.doubtful").format(count=len(types.doubtful))
    if types.fit is not None:
        scored = int(types.table["potential"].notna().sum())
        yield word("method.relative").format(count=scored)
