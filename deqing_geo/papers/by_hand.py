"""How an officer finds the same figure in ArcGIS in five steps (手工核对), with the run's numbers.

Nothing is judged here. The words of the steps are data (``by_hand.toml``), every number in them is
the result's, and what the officer finds she writes beside it.
"""

from __future__ import annotations

import os
import tomllib
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.coverage import Coverage
from deqing_geo.coverage.basis import LAND
from deqing_geo.crs import called as system_of
from deqing_geo.ellipsoid import M2_PER_HA, M2_PER_KM2, M_PER_KM
from deqing_geo.errors import InputError
from deqing_geo.papers.blocks import Block, Facts, Paper, Section, Table, Text
from deqing_geo.papers.filing import area_names, filing, in_words
from deqing_geo.papers.saved import save_paper
from deqing_geo.radii import LOST_OF_DISC, land_within, union_parts
from deqing_geo.roads import RoadDensity
from deqing_geo.text import figure, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deqing_geo.papers.filing import Filing

NUMERALS = "一二三四"
# Segments of a quarter circle: of QGIS, of shapely, and of nearly a circle.
QUARTERS = (5, 16, 64)
PER_MILLE = 1000.0


def save_hand_check(
    result: RoadDensity | Coverage,
    path: str | os.PathLike[str],
    *,
    unit: str = "",
    place: str = "",
) -> Path:
    """A page to check a figure by hand in ArcGIS, in five steps (手工核对).

    Each step says what to do and what should come out of it in this run: which classes, which
    day, how many lines or parks, kilometres, hectares. An empty column takes what the officer
    finds. Below stand the areas (and the classes of roads) one by one, and by how much the two ways
    may honestly differ: planar and geodesic land, discs drawn by chords.

    Parameters
    ----------
    result : RoadDensity or Coverage
        Of `road_density`, or of `park_coverage` by land.
    path : path
        Where; ``.docx`` for Word and WPS, or ``.html``.
    unit : str
        Whose page it is (编制单位).
    place : str
        Stands before the title, such as 德清县.

    Returns
    -------
    Path
        The file: the same bytes for the same result.

    Raises
    ------
    InputError
        If the result is another, or a coverage of people or places or of other facilities.
    ExportError
        If the name has another ending, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample
    >>> density = road_density(sample.zone(), sample.roads())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = save_hand_check(density, f"{folder}/手工核对.html").read_text("utf-8")
    >>> "4.000 公里;3.0000 平方公里" in page
    True
    """
    made = filing(
        getattr(result, "notices", ()),
        unit=unit,
        day=None,
        audience="internal",
        review_stage="",
        place=place,
    )
    return save_paper(hand_check(result, made), path)


def hand_check(result: RoadDensity | Coverage, made: Filing) -> Paper:
    """What the page says.

    Parameters
    ----------
    result : RoadDensity or Coverage
        By land.
    made : Filing
        Whose page it is.

    Returns
    -------
    Paper
        The same for the same result.

    Raises
    ------
    InputError
        If the result is another, or a coverage of people or places or of other facilities.
    """
    if isinstance(result, RoadDensity):
        key, values, facts = "density", _density(result), _density_tables(result)
    elif isinstance(result, Coverage):
        if result.unit != LAND or result.basis.called.head != "park":
            raise InputError(
                "The five steps are those of parks and residential land; this coverage is of "
                f"{result.basis.called.layer} by {result.unit}."
            )
        key, values, facts = "coverage", _coverage(result), _coverage_tables(result)
    else:
        raise InputError(
            f"The five steps are those of a road density or a park coverage, not of "
            f"{type(result).__name__}."
        )
    said, tell = _said()[key], _said()["table"]
    rows = [
        (str(at), step["name"], step["do"].format(**values), step["should"].format(**values), "")
        for at, step in enumerate(said["step"], start=1)
    ]
    head = (tell["step"], "", tell["do"], tell["should"], tell["found"])
    origins = "、".join(result.origins) or word("paper.made_in_code")
    run = [
        (word("method.figure"), result.headline),
        (word("map.definition"), result.definition.line),
        (word("map.sources"), origins),
    ]
    blocks: list[tuple[str, list[Block]]] = [
        (tell["run"], [Facts(tuple(run))]),
        (tell["steps"], [Table("", head, tuple(rows), (4, 9, 51, 22, 14))]),
        *facts,
    ]
    schematic = word("notice.schematic")
    mark = f"({word('paper.sample')})" if made.sample else ""
    return Paper(
        title=f"{made.place}{said['title']}{mark}",
        head=((word("map.made_by"), made.unit), (tell["checked"], ""),
              (tell["on"], word("paper.blank_day"))),
        warnings=(schematic,) if made.sample else (),
        marks=(word("map.internal"), *((schematic,) if made.sample else ())),
        sections=tuple(
            Section(f"{NUMERALS[at]}、{heading}", tuple(some))
            for at, (heading, some) in enumerate(blocks)
        ),
    )  # fmt: skip


@cache
def _said() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("by_hand.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _opened(words: Mapping[str, str], day: date | None) -> str:
    return words["undated"] if day is None else words["dated"].format(day=day.isoformat())


# ---------------------------------------------------------------- roads


def _density(density: RoadDensity) -> dict[str, str]:
    words = _said()["density"]["words"]
    definition, basis, table = density.definition, density.basis, density.table
    counted = basis.standing.counted
    lines = np.asarray(basis.roads.geometry.array, dtype=object)[counted]
    classes = definition.counts.get("roads")
    inside = shapely.intersects(lines, shapely.union_all(np.asarray(table.geometry.array)))
    return {
        "crs": _system(table.crs),
        "classes": "、".join(in_words("road_class", classes)) if classes else "任意",
        "opened": _opened(words, density.as_of),
        "rows": str(int(counted.sum())),
        "whole_km": figure(float(shapely.length(lines).sum()) / M_PER_KM, 3),
        "cut": words["one" if len(table) == 1 else "several"],
        "edge": words[definition.border],
        "water": words[f"water_{definition.water}"],
        "lines": str(int(inside.sum())),
        "road_km": figure(float(table["road_km"].sum()), 3),
        "area_km2": figure(float(table["area_km2"].sum()), 4),
        "figure": density.headline,
    }


def _density_tables(density: RoadDensity) -> list[tuple[str, list[Block]]]:
    tell, words = _said()["table"], _said()["density"]["words"]
    table, measure = density.table, density.definition.measure
    found = tell["found"]
    areas = [
        (name, figure(km, 3), "", figure(land, 4), "",
         figure(share, against=density.goals), "")
        for name, km, land, share in zip(
            area_names(table), table["road_km"], table["area_km2"], density.series, strict=True
        )
    ]  # fmt: skip
    head = (tell["area"], tell["km"], found, tell["km2"], found,
            names.label(measure, unit=True), found)  # fmt: skip
    shown = [one for one in density.by_class if density.by_class[one].sum() > 0]
    counts = density.definition.counts.get("roads", tuple(shown))
    classes = [
        (name, figure(float(density.by_class[one].sum()), 3),
         word(f"measured_paper.{'counts' if one in counts else 'not'}"), "")
        for one, name in zip(shown, in_words("road_class", shown), strict=True)
    ]  # fmt: skip
    land = float(table["area_km2"].sum()) + float(table.get("water_km2", np.zeros(1)).sum())
    planar = float(shapely.area(np.asarray(table.geometry.array, dtype=object)).sum()) / M2_PER_KM2
    said = []
    if land > 0:
        said.append(
            words["planar"].format(
                planar=figure(planar, 4),
                geodesic=figure(land, 4),
                apart=figure((planar / land - 1) * PER_MILLE, 3),
            )
        )
    if density.definition.merge:
        said.append(words["merged" if density.merged else "unmerged"])
    said.append(words["edge"].format(km=figure(float(table["edge_km"].sum()), 3)))
    said.append(words["at_five"])
    return [
        (
            tell["areas"],
            [
                Table("", head, tuple(areas), (20, 14, 12, 14, 12, 16, 12), figures=(1, 3, 5)),
                Table(
                    tell["classes"],
                    (word("measured_paper.class"), tell["km"],
                     word("measured_paper.park_counted"), found),
                    tuple(classes),
                    (34, 22, 22, 22),
                    figures=(1,),
                ),
            ],
        ),
        (tell["differences"], [Text(one) for one in said]),
    ]  # fmt: skip


# ---------------------------------------------------------------- parks


def _coverage(coverage: Coverage) -> dict[str, str]:
    words = _said()["coverage"]["words"]
    definition, standing = coverage.definition, coverage.basis.standing
    table, parks = coverage.table, coverage.parks
    classes = {
        layer: "、".join(in_words(column, definition.counts[layer]))
        if layer in definition.counts
        else "任意"
        for layer, column in (("parks", "park_class"), ("homes", "home_class"))
    }
    radii = parks.loc[parks["counted"], "service_radius"].value_counts().sort_index()
    joined = definition.join_m == definition.join_m
    reach = standing.parts
    if len(reach):
        reach = union_parts(land_within(standing.parts, standing.reach))
    sums = {one: float(table[f"{one}_ha"].sum()) for one in ("demand", "served", "gap")}
    return {
        "crs": _system(table.crs),
        "classes": classes["parks"],
        "homes": classes["homes"],
        "opened": _opened(words, coverage.as_of),
        "counted": str(int(parks["counted"].sum())),
        "parks": str(len(parks)),
        "bands": ",".join(
            words["band"].format(size=f"{one.from_m2:,.0f}", radius=f"{one.radius_m:g}")
            for one in reversed(definition.bands)
        ),
        "joined": words["joined"].format(metres=f"{definition.join_m:g}") if joined else "",
        "by_band": ";".join(
            words["at_band"].format(radius=f"{radius:g}", count=count)
            for radius, count in radii.items()
        )
        or "0 处",
        "clip": words["outside" if definition.parks_outside_areas else "inside"],
        "reach_ha": figure(float(np.sum(shapely.area(reach))) / M2_PER_HA, 4),
        **{f"{one}_ha": figure(value, 4) for one, value in sums.items()},
        "figure": coverage.headline,
    }


def _coverage_tables(coverage: Coverage) -> list[tuple[str, list[Block]]]:
    tell, words = _said()["table"], _said()["coverage"]["words"]
    table, found = coverage.table, tell["found"]
    rows = [
        (name, figure(demand, 4), "", figure(served, 4), "",
         percent(share, against=coverage.goals), "")
        for name, demand, served, share in zip(
            area_names(table), table["demand_ha"], table["served_ha"], coverage.series, strict=True
        )
    ]  # fmt: skip
    demand, served = (names.label(one, unit=True) for one in ("demand_ha", "served_ha"))
    head = (tell["area"], demand, found, served, found, names.label(coverage.measure), found)
    standing = coverage.basis.standing
    said = [words["rounded"].format(own=f"{LOST_OF_DISC * PER_MILLE:g}")]
    if len(standing.parts):
        whole = float(shapely.area(land_within(standing.parts, standing.reach)).sum())
        apart = [
            words["disc"].format(
                sides=sides,
                apart=figure(
                    (1 - float(shapely.area(
                        shapely.buffer(standing.parts, standing.reach, quad_segs=sides)
                    ).sum()) / whole) * PER_MILLE, 2),
            )
            for sides in QUARTERS
        ]  # fmt: skip
        said.append(words["discs"].format(parts=len(standing.parts), said=",".join(apart)))
    said.append(words["less"])
    return [
        (
            tell["areas"],
            [Table("", head, tuple(rows), (20, 15, 12, 15, 12, 14, 12), figures=(1, 3, 5))],
        ),
        (tell["differences"], [Text(one) for one in said]),
    ]


def _system(crs: Any) -> str:
    """A system by its name and its number: the one stands in ArcGIS's list, the other finds it."""
    number = system_of(crs)
    return number if number == crs.name else f"{crs.name}({number})"
