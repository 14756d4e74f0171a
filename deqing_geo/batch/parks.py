"""The parks of a zone from every side: coverage, its gaps, its papers, and where the next belong.

The command line prints what `measure_parks` finds; `write_parks` puts it into a folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo import standards
from deqing_geo.batch.job import Tell, silent
from deqing_geo.batch.quality import refuse_overwriting
from deqing_geo.coverage import (
    Coverage,
    CoverageBand,
    CoverageChanges,
    CoverageForecast,
    coverage_band,
    gap_list,
    park_coverage,
)
from deqing_geo.export import save_layers, save_table
from deqing_geo.files import whole_folder, write_json
from deqing_geo.looks.imprint import imprint_in_use
from deqing_geo.maps import add_layer, add_sites, coverage_map, save_map
from deqing_geo.network import road_network
from deqing_geo.papers import save_hand_check, save_method_note, save_park_papers
from deqing_geo.siting import Siting, suggest_parks

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    import pandas as pd

    from deqing_geo.standards import Definition

MAP, SITES_MAP = "公园绿地服务半径覆盖图.html", "口袋公园建议选址图.html"
LAYERS, SUMMARY = "parks.gpkg", "summary.json"
NOTE, BY_HAND = "公园绿地服务半径覆盖率测算方法说明.docx", "公园绿地服务半径覆盖率手工核对.docx"
# Tables by what they hold; each a workbook, to be filed.
TABLES = {
    "coverage": "公园绿地服务半径覆盖率.xlsx",
    "ledger": "公园计入明细表.xlsx",
    "gaps": "公园绿地服务盲区清单.xlsx",
    "band": "不同口径测算对比表.xlsx",
    "changes": "公园增减明细表.xlsx",
    "forecast": "项目建成后覆盖率测算表.xlsx",
    "sites": "口袋公园建议选址清单.xlsx",
}
STEPS = ("park_coverage", "coverage_band", "siting", "map", "tables")


@dataclass(frozen=True, slots=True, eq=False)
class ParkJob:
    """What is measured, and with what.

    Attributes
    ----------
    areas : GeoDataFrame
        The built-up zone, or towns.
    parks, homes : GeoDataFrame
        As they were read.
    title : str
        Of the map.
    by : Definition, str or None
        What counts; None is the standard's own choice.
    as_of : date, str or None
        What was open on this day.
    roads, entrances : GeoDataFrame or None
        With roads the figure on foot is measured as well, from these entrances.
    blocks, towns : GeoDataFrame or None
        小区 or 地块 to list gaps by; towns to say where a park lies.
    previous, projects : GeoDataFrame or None
        The parks of the report before; parks to come.
    site : bool
        Whether places for new parks are suggested, to the plan's target.
    candidates, allowed : GeoDataFrame or None
        Where a park could be: plots, or land on which places are tried.
    forbidden : mapping of str to GeoDataFrame
        Land no park may take, by name.
    most : int or None
        How many new parks at most.
    """

    areas: gpd.GeoDataFrame
    parks: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    title: str = ""
    by: Definition | str | None = None
    as_of: date | str | None = None
    roads: gpd.GeoDataFrame | None = None
    entrances: gpd.GeoDataFrame | None = None
    blocks: gpd.GeoDataFrame | None = None
    towns: gpd.GeoDataFrame | None = None
    previous: gpd.GeoDataFrame | None = None
    projects: gpd.GeoDataFrame | None = None
    site: bool = False
    candidates: gpd.GeoDataFrame | None = None
    allowed: gpd.GeoDataFrame | None = None
    forbidden: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    most: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ParkResults:
    """What was found of the parks.

    Attributes
    ----------
    coverage : Coverage
        The figure, also on foot where roads were given.
    band : CoverageBand
        The same zone by every definition.
    gaps : GeoDataFrame
        What nobody reaches, by block.
    changes : CoverageChanges or None
        Against the report before.
    forecast : CoverageForecast or None
        With the projects, by year.
    siting : Siting or None
        Where the next parks belong.
    """

    coverage: Coverage
    band: CoverageBand
    gaps: gpd.GeoDataFrame
    changes: CoverageChanges | None
    forecast: CoverageForecast | None
    siting: Siting | None


def measure_parks(job: ParkJob, tell: Tell = silent) -> ParkResults:
    """Measure all that a job has layers for.

    Parameters
    ----------
    job : ParkJob
        The layers.
    tell : callable
        Is told what is being done, how many steps are done, and of how many.

    Returns
    -------
    ParkResults
        Nothing is written.

    Raises
    ------
    DeqingGeoError
        If a layer cannot carry its measure.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> found = measure_parks(ParkJob(sample.zone(), sample.parks(), sample.homes()))
    >>> found.coverage.headline, len(found.gaps)
    ('41.94%', 3)
    """
    steps = len(STEPS)
    tell(STEPS[0], 0, steps)
    network = None
    if job.roads is not None:
        network = road_network(job.roads, speeds=standards.load().speeds)
    coverage = park_coverage(
        job.areas,
        job.parks,
        job.homes,
        by=job.by,
        as_of=job.as_of,
        network=network,
        entrances=job.entrances,
    )
    changes = forecast = None
    if job.previous is not None:
        changes = coverage.changes(park_coverage(job.areas, job.previous, job.homes, by=job.by))
    if job.projects is not None:
        forecast = coverage.forecast(job.projects)
    tell(STEPS[1], 1, steps)
    band = coverage_band(job.areas, job.parks, job.homes, as_of=job.as_of)
    tell(STEPS[2], 2, steps)
    siting = _sites(job, coverage) if job.site else None
    return ParkResults(
        coverage=coverage,
        band=band,
        gaps=gap_list(coverage, job.blocks),
        changes=changes,
        forecast=forecast,
        siting=siting,
    )


def _sites(job: ParkJob, coverage: Coverage) -> Siting:
    """Places for new parks, named by what lies near them."""
    named = {"town_name": job.towns, "road_name": job.roads}
    near = {column: frame for column, frame in named.items()
            if frame is not None and column in frame}  # fmt: skip
    return suggest_parks(
        coverage,
        candidates=job.candidates,
        allowed=job.allowed,
        forbidden=dict(job.forbidden) or None,
        max_sites=job.most,
        near=near or None,
    )


def write_parks(
    job: ParkJob,
    results: ParkResults,
    out: str | os.PathLike[str],
    inputs: Sequence[str] = (),
    tell: Tell = silent,
) -> tuple[Path, ...]:
    """What was found, in a folder; all of it or nothing.

    Parameters
    ----------
    job, results
        Of `measure_parks`.
    out : path
        The folder; files of an earlier run are replaced, others stay.
    inputs : sequence of str
        Files that were read: none of them is written over.
    tell : callable
        Is told what is being done.

    Returns
    -------
    tuple of Path
        The files: maps, tables as workbooks, the papers to sign (公园计入明细表, 服务盲区清单 and
        建议选址清单), the method note and the page to check by hand, ``parks.gpkg``, and
        ``summary.json``.

    Raises
    ------
    ExportError
        If a file that was read would be overwritten, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import sample
    >>> job = ParkJob(sample.zone(), sample.parks(), sample.homes())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_parks(job, measure_parks(job), folder)
    >>> MAP in [file.name for file in files]
    True
    """
    folder = Path(out)
    for name in (MAP, SITES_MAP, LAYERS, SUMMARY, NOTE, BY_HAND, *TABLES.values()):
        refuse_overwriting(folder / name, inputs)
    coverage, siting = results.coverage, results.siting
    with whole_folder(folder, last=SUMMARY) as draft:
        tell(STEPS[3], 3, len(STEPS))
        save_map(_map(job, results), draft / MAP)
        if siting is not None:
            m = coverage_map(coverage, title=SITES_MAP.removesuffix(".html"))
            save_map(add_sites(m, siting), draft / SITES_MAP)
        tell(STEPS[4], 4, len(STEPS))
        tables: dict[str, pd.DataFrame] = {
            "coverage": coverage.table,
            "band": results.band.table,
        }
        if results.changes is not None:
            tables["changes"] = results.changes.table
        if results.forecast is not None:
            tables["forecast"] = results.forecast.table
        layers = {"coverage": coverage.table, "gaps": results.gaps, "parks": coverage.parks}
        if siting is not None:
            layers |= {"sites": siting.sites}
        for name, table in tables.items():
            save_table(table, draft / TABLES[name])
        towns, roads = _named(job.towns, "town_name"), _named(job.roads, "road_name")
        office = imprint_in_use()
        save_park_papers(
            coverage,
            draft,
            siting=siting,
            gaps=results.gaps,
            towns=towns,
            roads=roads,
            unit=office.made_by,
            review_stage=office.stage,
        )
        save_method_note(coverage, draft / NOTE, unit=office.made_by, day=coverage.as_of)
        save_hand_check(coverage, draft / BY_HAND, unit=office.made_by)
        layers = {name: frame for name, frame in layers.items() if len(frame)}
        save_layers(draft / LAYERS, layers, sources=coverage.sources, styled=True)
        write_json(draft / SUMMARY, _summary(results))
        made = sorted(file.name for file in draft.iterdir())
    return tuple(folder / name for name in made)


def _named(layer: gpd.GeoDataFrame | None, column: str) -> gpd.GeoDataFrame | None:
    return layer if layer is not None and column in layer else None


def _map(job: ParkJob, results: ParkResults) -> folium.Map:
    m = coverage_map(results.coverage, title=job.title or MAP.removesuffix(".html"))
    return m if job.towns is None else add_layer(m, job.towns, "town", labels=True)


def _summary(results: ParkResults) -> dict[str, Any]:
    coverage, siting = results.coverage, results.siting
    said: dict[str, Any] = {
        "overall": coverage.overall,
        "shown": coverage.headline,
        "definition": coverage.definition.line,
        "notices": list(coverage.notices),
        "data": list(coverage.origins),
        "band": results.band.headline,
        "gaps": len(results.gaps),
    }
    if coverage.walking is not None:
        said["on_foot"] = coverage.walking.headline
    if siting is not None:
        said["siting"] = siting.headline
        said["proof"] = siting.proof
    return said
