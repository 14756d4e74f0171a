"""A county's figures as tables for machines, in one system: what a province merges.

Nothing is measured here; places go to degrees of CGCS2000, figures stay as they were measured.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo.batch.villages import plain
from deqing_geo.crs import to_degrees
from deqing_geo.crs.systems import CGCS2000
from deqing_geo.export.layers import with_index
from deqing_geo.files import write_json

if TYPE_CHECKING:
    from deqing_geo.batch.job import Job
    from deqing_geo.batch.making import Made
    from deqing_geo.batch.results import Results

FIGURES = "county_figures.json"
# Tables a county can have, by their files' stems, in the order a list of them has.
TABLES = ("road_density", "park_coverage", "gaps", "villages", "scorecard")


def county_tables(made: Made, folder: Path) -> None:
    """Each table of a county as GeoParquet, and its figures.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    results = made.results
    found: dict[str, pd.DataFrame] = {}
    if results.density is not None:
        found["road_density"] = results.density.table
    if results.coverage is not None:
        found |= {"park_coverage": results.coverage.table, "gaps": results.coverage.gaps}
    if results.types is not None:
        found["villages"] = plain(results.types.table)
    if results.card is not None:
        found["scorecard"] = results.card.table
    for name, table in found.items():
        _write(table, folder / f"{name}.parquet")
    write_json(folder / FIGURES, figures(made.job, results))


def _write(table: pd.DataFrame, file: Path) -> None:
    out = with_index(table)
    shape = out.geometry.name if isinstance(out, gpd.GeoDataFrame) else None
    for column in out.columns:
        if column != shape and out[column].dtype == object:
            out[column] = _one_kind(out[column])
    if shape is None:
        pd.DataFrame(out).to_parquet(file, index=False, compression="zstd")
        return
    degrees = to_degrees(np.asarray(out.geometry.array, dtype=object), out.crs)
    plain_cells = pd.DataFrame(out.drop(columns=[shape]))
    whole = gpd.GeoDataFrame(plain_cells, geometry=degrees, crs=CGCS2000)
    whole.to_parquet(file, index=False, compression="zstd")


def _one_kind(values: pd.Series[Any]) -> pd.Series[Any]:
    """Cells of one kind: Parquet has no column of texts and numbers."""
    kinds = {type(value) for value in values if not _blank(value)}
    if kinds and kinds <= {bool, np.bool_}:
        return values.astype("boolean")
    if kinds <= {str}:
        return values.where(~values.map(_blank), None)
    return values.map(lambda value: None if _blank(value) else str(value))


def _blank(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def figures(job: Job, results: Results) -> dict[str, Any]:
    """What a county comes to, in one row.

    Parameters
    ----------
    job, results : Job and Results
        Of the county.

    Returns
    -------
    dict
        Plain values by the names of columns; ``by`` has the key of each measure's definition.
    """
    on = "zone" if job.is_zone else "villages" if job.areas is job.villages else "towns"
    out: dict[str, Any] = {"reported_on": on}
    by: dict[str, str] = {}
    density, coverage = results.density, results.coverage
    if density is not None:
        by["road_density"] = density.definition.key
        for column in ("road_km", "area_km2"):
            out[column] = _number(density.table[column].sum())
        out["road_density"] = _number(density.overall)
    if coverage is not None:
        by["park_coverage"] = coverage.definition.key
        for column in ("demand_ha", "served_ha", "gap_ha"):
            out[column] = _number(coverage.table[column].sum())
        out["park_coverage"] = _number(coverage.overall)
    if results.types is not None:
        out["village_count"] = len(results.types.table)
        out["village_types"] = results.types.headline
    return {
        "figures": out, "by": by, "notices": list(results.notices), "nothing_of": nothing_of(job),
    }  # fmt: skip


def nothing_of(job: Job) -> list[str]:
    """Layers for all that have no row in a county: its figures are then 0, or none.

    Parameters
    ----------
    job : Job
        Of the county.

    Returns
    -------
    list of str
        Their names, in the job's order.
    """
    land = shapely.STRtree(np.asarray(job.areas.geometry.array, dtype=object))

    def absent(frame: gpd.GeoDataFrame | None) -> bool:
        if frame is None:
            return False
        shapes = np.asarray(frame.geometry.array, dtype=object)
        return not land.query(shapes, predicate="intersects").size

    return [name for name in job.beyond if absent(getattr(job, name))]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
