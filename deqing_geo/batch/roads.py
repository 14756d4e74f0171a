"""The roads of a zone from every side: density, how it hangs on 口径, ledger, dead ends, links.

The command line prints what `measure_roads` finds; `write_roads` puts it into a folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo.batch.job import Tell, silent
from deqing_geo.batch.quality import refuse_overwriting
from deqing_geo.batch.results import merged_around, streets
from deqing_geo.crs import grid
from deqing_geo.export import save_layers, save_table
from deqing_geo.files import whole_folder, write_json
from deqing_geo.looks.imprint import imprint_in_use
from deqing_geo.looks.named import NAME_COLUMNS
from deqing_geo.maps import (
    add_dead_ends,
    add_density,
    add_layer,
    add_links,
    add_roads,
    area_map,
    road_map,
    save_map,
)
from deqing_geo.network import dead_ends, road_graph, suggest_links
from deqing_geo.papers import save_hand_check, save_method_note, save_road_papers
from deqing_geo.roads import (
    CentreLines,
    DensityBand,
    RoadChanges,
    RoadDensity,
    RoadForecast,
    density_band,
    road_density,
)

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

    from deqing_geo.standards import Definition

MAP, CELLS_MAP = "建成区路网图.html", "路网密度分区图.html"
LAYERS, SUMMARY = "roads.gpkg", "summary.json"
NOTE, BY_HAND = "路网密度测算方法说明.docx", "路网密度手工核对.docx"
# Tables by what they hold; each a workbook, to be filed.
TABLES = {
    "density": "路网密度.xlsx",
    "by_class": "分等级道路长度.xlsx",
    "ledger": "道路计入明细表.xlsx",
    "band": "不同口径测算对比表.xlsx",
    "merged": "双线归并清单.xlsx",
    "changes": "路网增减明细表.xlsx",
    "forecast": "项目建成后路网密度测算表.xlsx",
    "projects": "项目计入明细表.xlsx",
    "dead_ends": "断头路清单.xlsx",
    "links": "建议打通路段清单.xlsx",
}
# A list a meeting can go through; the best come first.
LINKS = 40
STEPS = ("centre_lines", "road_density", "density_band", "network", "map", "tables")


@dataclass(frozen=True, slots=True, eq=False)
class RoadJob:
    """What is measured, and with what.

    Attributes
    ----------
    areas : GeoDataFrame
        The built-up zone, or towns.
    roads : GeoDataFrame
        As they were read.
    title : str
        Of the map.
    by : Definition, str or None
        What counts; None is the standard's own choice.
    as_of : date, str or None
        What was open on this day.
    merge : bool
        Whether divided carriageways are merged first, where there are any.
    water, road_area, planned, previous, projects : GeoDataFrame or None
        Water to leave out of the land; road surface; the planned network; the roads of the
        report before; roads to come.
    cell_m : float or None
        Side of the cells of a density grid.
    barriers : mapping of str to GeoDataFrame
        What a suggested link had better not cross, by name.
    links : int
        How many links at most.
    """

    areas: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    title: str = ""
    by: Definition | str | None = None
    as_of: date | str | None = None
    merge: bool = True
    water: gpd.GeoDataFrame | None = None
    road_area: gpd.GeoDataFrame | None = None
    planned: gpd.GeoDataFrame | None = None
    previous: gpd.GeoDataFrame | None = None
    projects: gpd.GeoDataFrame | None = None
    cell_m: float | None = None
    barriers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    links: int = LINKS


@dataclass(frozen=True, slots=True, eq=False)
class RoadResults:
    """What was found of the roads.

    Attributes
    ----------
    density : RoadDensity
        The figure.
    band : DensityBand
        The same zone by every definition.
    merged : CentreLines or None
        What was merged, where it was asked.
    cells : RoadDensity or None
        Of the cells of a grid.
    changes : RoadChanges or None
        Against the report before.
    forecast : RoadForecast or None
        With the projects, by year.
    ends, links : GeoDataFrame
        Where streets end, and short links that would help.
    """

    density: RoadDensity
    band: DensityBand
    merged: CentreLines | None
    cells: RoadDensity | None
    changes: RoadChanges | None
    forecast: RoadForecast | None
    ends: gpd.GeoDataFrame
    links: gpd.GeoDataFrame


def measure_roads(job: RoadJob, tell: Tell = silent) -> RoadResults:
    """Measure all that a job has layers for.

    Parameters
    ----------
    job : RoadJob
        The layers.
    tell : callable
        Is told what is being done, how many steps are done, and of how many.

    Returns
    -------
    RoadResults
        Nothing is written.

    Raises
    ------
    DeqingGeoError
        If a layer cannot carry its measure.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> found = measure_roads(RoadJob(sample.zone(), sample.roads()))
    >>> found.density, len(found.links)
    (<RoadDensity of 1 areas: 1.33 km/km2 overall, carriageways merged>, 3)
    """
    steps = len(STEPS)
    tell(STEPS[0], 0, steps)
    merged = merged_around(job.areas, job.roads) if job.merge else None
    roads = job.roads if merged is None else merged.lines
    tell(STEPS[1], 1, steps)
    how: dict[str, Any] = {"as_of": job.as_of, "water": job.water}
    density = road_density(job.areas, roads, by=job.by, **how)
    cells = None
    if job.cell_m is not None:
        cells = road_density(grid(job.areas, job.cell_m), roads, by=job.by, **how)
    changes = forecast = None
    if job.previous is not None:
        before = streets(job.areas, job.previous, merge=job.merge)
        changes = density.changes(road_density(job.areas, before, by=job.by, water=job.water))
    if job.projects is not None:
        forecast = density.forecast(job.projects)
    tell(STEPS[2], 2, steps)
    band = density_band(job.areas, job.roads, merged=merged, road_area=job.road_area, **how)
    tell(STEPS[3], 3, steps)
    # The network is that of the lines as they were drawn: merging leaves no one-way streets.
    graph = road_graph(job.roads)
    ends = dead_ends(graph, job.roads, planned=job.planned, areas=job.areas)
    links = suggest_links(
        graph,
        job.roads,
        areas=job.areas,
        barriers=dict(job.barriers),
        planned=job.planned,
        limit=job.links,
    )
    return RoadResults(
        density=density,
        band=band,
        merged=merged,
        cells=cells,
        changes=changes,
        forecast=forecast,
        ends=ends,
        links=links,
    )


def write_roads(
    job: RoadJob,
    results: RoadResults,
    out: str | os.PathLike[str],
    inputs: Sequence[str] = (),
    tell: Tell = silent,
) -> tuple[Path, ...]:
    """What was found, in a folder; all of it or nothing.

    Parameters
    ----------
    job, results
        Of `measure_roads`.
    out : path
        The folder; files of an earlier run are replaced, others stay.
    inputs : sequence of str
        Files that were read: none of them is written over.
    tell : callable
        Is told what is being done.

    Returns
    -------
    tuple of Path
        The files: maps, tables as workbooks, 道路计入明细表 to sign, the method note and the page
        to check by hand, ``roads.gpkg``, and ``summary.json``.

    Raises
    ------
    ExportError
        If a file that was read would be overwritten, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import sample
    >>> job = RoadJob(sample.zone(), sample.roads())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_roads(job, measure_roads(job), folder)
    >>> MAP in [file.name for file in files]
    True
    """
    folder = Path(out)
    for name in (MAP, CELLS_MAP, LAYERS, SUMMARY, NOTE, BY_HAND, *TABLES.values()):
        refuse_overwriting(folder / name, inputs)
    with whole_folder(folder, last=SUMMARY) as draft:
        tell(STEPS[4], 4, len(STEPS))
        save_map(_map(job, results), draft / MAP)
        if results.cells is not None:
            cells = results.cells
            m = area_map(job.areas, title=CELLS_MAP.removesuffix(".html"), fill=False)
            lines = results.density.basis.roads
            add_roads(add_density(m, cells), lines, by=cells.definition, show=False)
            save_map(m, draft / CELLS_MAP)
        tell(STEPS[5], 5, len(STEPS))
        for name, table in _tables(results).items():
            save_table(table, draft / TABLES[name])
        office = imprint_in_use()
        unit = office.made_by
        save_road_papers(results.density, draft, unit=unit, review_stage=office.stage)
        save_method_note(results.density, draft / NOTE, unit=unit, day=results.density.as_of)
        save_hand_check(results.density, draft / BY_HAND, unit=unit)
        layers = {"density": results.density.table, "dead_ends": results.ends}
        layers |= {"links": results.links}
        if results.merged is not None:
            layers["centre_lines"] = results.merged.lines.drop(columns="source_rows")
        if results.cells is not None:
            layers["cells"] = results.cells.table
        layers = {name: frame for name, frame in layers.items() if len(frame)}
        save_layers(draft / LAYERS, layers, sources=results.density.sources, styled=True)
        write_json(draft / SUMMARY, _summary(results))
        made = sorted(file.name for file in draft.iterdir())
    return tuple(folder / name for name in made)


def _map(job: RoadJob, results: RoadResults) -> folium.Map:
    """Roads by class; the lines as drawn, dead ends and links to be switched on."""
    m = road_map(results.density, title=job.title or "建成区路网图")
    if results.merged is not None and results.merged.changed:
        add_roads(m, job.roads, name="归并前的线条", show=False)
    if job.water is not None:
        add_layer(m, job.water, "water")
    add_dead_ends(m, results.ends)
    return add_links(m, results.links)


def _tables(results: RoadResults) -> dict[str, pd.DataFrame]:
    """What is filed, by the name of its table; without what was not asked."""
    density = results.density
    named = [column for column in NAME_COLUMNS if column in density.table]
    by_class = pd.concat([pd.DataFrame(density.table[named]), density.by_class], axis=1)
    by_class.attrs.update(density.by_class.attrs)
    out = {
        "density": density.table,
        "by_class": by_class,
        "band": results.band.table,
        "dead_ends": results.ends.drop(columns=["node", "end_loop"]),
        "links": results.links.drop(columns=["node", "to_node", "joins_parts", "joins_km"]),
    }
    if results.merged is not None and results.merged.changed:
        out["merged"] = results.merged.table
    if results.changes is not None:
        out["changes"] = results.changes.table
    if results.forecast is not None:
        out["forecast"] = results.forecast.table
        out["projects"] = results.forecast.projects
    return out


def _summary(results: RoadResults) -> dict[str, Any]:
    density, band = results.density, results.band
    counts = results.ends["end_kind"].value_counts()
    ends = {str(kind): int(count) for kind, count in counts.items()}
    said: dict[str, Any] = {
        "overall": density.overall,
        "unit": density.unit,
        "shown": density.headline,
        "definition": density.definition.line,
        "notices": list(density.notices),
        "data": list(density.origins),
        "lowest": band.lowest,
        "highest": band.highest,
        "dead_ends": ends,
        "links": len(results.links),
    }
    if results.merged is not None:
        said["merged"] = results.merged.headline
    if results.changes is not None:
        said["changed_by"] = results.changes.difference
    return said
