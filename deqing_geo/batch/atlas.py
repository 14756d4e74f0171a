"""The atlas of a job: every result there is, on paper, beside the report."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo.atlas import Atlas, export_atlas
from deqing_geo.atlas.book import MOST_JOBS
from deqing_geo.atlas.frame import paper_size
from deqing_geo.batch.job import Job, Tell, silent
from deqing_geo.batch.results import sites
from deqing_geo.errors import InputError
from deqing_geo.looks.imprint import use_imprint
from deqing_geo.looks.palette import use_palette

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.batch.results import Results

FOLDER = "atlas"
# Of what stands around a job, this lies under maps on paper; the rest would crowd them.
UNDER = ("water",)


def check_atlas(paper: str, jobs: int = 1) -> None:
    """Refuse an atlas that cannot be made, before anything is measured.

    Parameters
    ----------
    paper : str
        ``A4`` to ``A0``.
    jobs : int
        In how many processes.

    Raises
    ------
    InputError
        If there is no such paper, or no such number.

    Examples
    --------
    >>> check_atlas("A3")
    """
    paper_size(paper)
    if not 1 <= jobs <= MOST_JOBS:
        raise InputError(f"jobs={jobs}: a whole number from 1 to {MOST_JOBS}.")


def require_towns(job: Job, only: Sequence[str]) -> None:
    """Refuse towns a job does not have, before anything is measured.

    Parameters
    ----------
    job : Job
        The layers.
    only : sequence of str
        Names of towns (镇、街道).

    Raises
    ------
    InputError
        If there are no villages to show, no layer of towns, or none of a name.

    Examples
    --------
    >>> from deqing_geo.batch import schematic_county
    >>> require_towns(schematic_county(), ["乾元镇"])
    """
    towns = job.around.get("town")
    if job.villages is None or towns is None or "town_name" not in towns:
        raise InputError("Pages of single towns need [villages] and [towns] with their names.")
    names = towns["town_name"].tolist()
    unknown = [name for name in only if name not in names]
    if unknown:
        raise InputError(
            f"There is no town {'、'.join(unknown)}. There are: {'、'.join(map(str, names))}."
        )


def write_atlas(
    job: Job,
    results: Results,
    out: str | os.PathLike[str],
    *,
    paper: str = "A3",
    formats: Iterable[str] = ("pdf", "jpg"),
    dpi: int = 300,
    jobs: int = 1,
    only: Sequence[str] = (),
    tell: Tell = silent,
) -> Atlas:
    """Print the results of a job: types of the county and of each town, roads, parks, sites.

    Parameters
    ----------
    job : Job
        The layers.
    results : Results
        Of `measure`.
    out : path
        The folder of the report; the atlas stands in ``atlas`` in it.
    paper, formats, dpi, jobs
        As of `export_atlas`.
    only : sequence of str
        Names of towns: village types of these alone, a page each, and no page of the whole.
    tell : callable
        Is told what is being done.

    Returns
    -------
    Atlas
        What was written.

    Raises
    ------
    DeqingGeoError
        If there is nothing to print, or it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo.batch import measure, paper_town
    >>> job = paper_town()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     atlas = write_atlas(job, measure(job), folder, paper="A4", formats=["pdf"])
    >>> len(atlas.table)
    5
    """
    if only:
        require_towns(job, only)
    measures = () if only else (results.density, results.coverage)
    shown: list[Any] = [one for one in (results.types, *measures) if one is not None]
    if not shown:
        raise InputError("There is nothing to print: no villages, no roads, no parks with homes.")
    towns, county = job.around.get("town"), job.around.get("county")
    if results.coverage is not None and not only:
        tell("sites", 0, 1)
        siting = results.siting or sites(job, results.coverage)
        shown += [siting] if siting is not None else []
    with contextlib.ExitStack() as stack:
        if job.imprint is not None:
            stack.enter_context(use_imprint(job.imprint))
        if job.palette is not None:
            stack.enter_context(use_palette(job.palette))
        return export_atlas(
            shown,
            _pages(towns, only) if results.types is not None else None,
            Path(out) / FOLDER,
            paper=paper,
            formats=tuple(formats),
            dpi=dpi,
            each=["types"],
            whole=not only,
            data_as_of=job.as_of,
            county=county,
            towns=towns,
            around={look: job.around[look] for look in UNDER if look in job.around},
            jobs=jobs,
            tell=tell,
        )


def _pages(towns: gpd.GeoDataFrame | None, only: Sequence[str]) -> gpd.GeoDataFrame | None:
    """The towns that have a page, in the order they were named."""
    if towns is None or not only:
        return towns
    places = {name: at for at, name in enumerate(towns["town_name"])}
    out: gpd.GeoDataFrame = towns.iloc[[places[name] for name in dict.fromkeys(only)]]
    return out
