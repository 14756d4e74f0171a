"""What a run has counted, kept beside its products so that the next can be compared with it.

Layers stand there as they were counted (roads by centre lines, where that was asked), with the
figure that was reported and its definition; villages with all they were judged by.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from deqing_geo import columns as names
from deqing_geo.batch.options import PARKS, ROADS, VILLAGES, kept_in, no_run
from deqing_geo.batch.villages import judged_before, keep_judged
from deqing_geo.errors import DeqingGeoError, InputError
from deqing_geo.export.layers import fixed_date
from deqing_geo.files import write_json

if TYPE_CHECKING:
    from deqing_geo.batch.making import Made
    from deqing_geo.coverage import Coverage
    from deqing_geo.roads import RoadDensity
    from deqing_geo.villages import VillageTypes

ROAD_LAYERS, PARK_LAYERS = "roads.gpkg", "parks.gpkg"
LABEL = "row_label"
# What a layer says of itself and a figure hangs on, or must not travel without.
SAID = ("notice", "centre_lines")


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """A figure of an earlier month, and the layers behind it.

    Attributes
    ----------
    value : float
        As it was reported; NaN where only layers of then are known.
    line : str
        The definition it was counted by; empty where only layers are known.
    as_of : date or None
        What was open on this day.
    until : str
        The day the layers describe, like 2025-11-30; may be empty.
    merged : bool
        Whether divided carriageways were merged.
    areas : GeoDataFrame or None
        What it was reported on.
    layers : mapping of str to GeoDataFrame
        ``roads``, or ``parks`` and ``homes``.
    """

    value: float
    line: str
    as_of: date | None
    until: str
    merged: bool
    areas: gpd.GeoDataFrame | None
    layers: Mapping[str, gpd.GeoDataFrame]


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """What a month is compared with.

    Attributes
    ----------
    roads, parks : Counted or None
        Road density and park coverage.
    types : VillageTypes or None
        Types of villages, judged again by what they were judged by.
    """

    roads: Counted | None = None
    parks: Counted | None = None
    types: VillageTypes | None = None


# ---------------------------------------------------------------- kept


def keep_roads(made: Made, folder: Path) -> None:
    """The road density of a run.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    density = made.results.density
    if density is None:
        raise InputError("No roads were measured.")
    layers = {"areas": density.basis.areas, "roads": density.basis.roads}
    _keep(density, layers, folder / ROAD_LAYERS, folder / ROADS, _until(made))


def keep_parks(made: Made, folder: Path) -> None:
    """The park coverage of a run.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    coverage = made.results.coverage
    if coverage is None:
        raise InputError("No parks were measured.")
    basis = coverage.basis
    layers = {"areas": basis.areas, "parks": basis.facilities, "homes": basis.demand_frame}
    _keep(coverage, layers, folder / PARK_LAYERS, folder / PARKS, _until(made))


def keep_villages(made: Made, folder: Path) -> None:
    """The types of a run, with what they were judged by.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    keep_judged(made.types, folder, made.job.judged_by)


def _until(made: Made) -> str:
    return "" if made.job.as_of is None else made.job.as_of.isoformat()


def _keep(
    result: RoadDensity | Coverage,
    layers: Mapping[str, gpd.GeoDataFrame],
    file: Path,
    sheet: Path,
    until: str,
) -> None:
    value = result.overall
    known = names.registry()
    with fixed_date():
        for name, frame in layers.items():
            shape = frame.geometry.name
            # What people wrote into columns of their own counts for nothing.
            plain = [one for one in frame.columns if one != shape and one in known]
            shown = frame[[*plain, shape]].copy()
            for column in plain:
                if shown[column].dtype == object:
                    # Days, and words of several kinds, as they read.
                    gone = shown[column].isna()
                    shown[column] = shown[column].astype(str).astype(object).mask(gone, None)
            shown.insert(0, LABEL, frame.index.to_numpy())
            pyogrio.write_dataframe(
                shown.reset_index(drop=True),
                file,
                layer=name,
                driver="GPKG",
                append=file.exists(),
                geometry_type="Unknown",
            )
    said = {
        "value": value,
        "shown": result.headline,
        "definition": result.definition.key,
        "line": result.definition.line,
        "as_of": None if result.as_of is None else result.as_of.isoformat(),
        "until": until,
        "merged": bool(getattr(result, "merged", False)),
        "says": {
            name: {one: frame.attrs[one] for one in SAID if one in frame.attrs}
            for name, frame in layers.items()
        },
    }
    write_json(sheet, said)


# ---------------------------------------------------------------- read again


def read_run(folder: str | os.PathLike[str]) -> Earlier:
    """What an earlier run counted, from its folder.

    Parameters
    ----------
    folder : path
        Of a report with ``[products]``.

    Returns
    -------
    Earlier
        As far as it kept something.

    Raises
    ------
    InputError
        If the folder is none of such a run, or what it kept cannot be read.

    Examples
    --------
    >>> read_run("no/such/run")
    Traceback (most recent call last):
    ...
    deqing_geo.errors.InputError: no such folder: 'no/such/run'
    """
    named = os.fspath(folder)
    odd = no_run(Path(folder), named)
    place = kept_in(Path(folder))
    if odd is not None or place is None:
        raise InputError(odd or named)
    there = {one: (place / one).is_file() for one in (ROADS, PARKS, VILLAGES)}
    try:
        return Earlier(
            _again(place / ROADS, place / ROAD_LAYERS) if there[ROADS] else None,
            _again(place / PARKS, place / PARK_LAYERS) if there[PARKS] else None,
            judged_before(place) if there[VILLAGES] else None,
        )
    except DeqingGeoError:
        raise
    except (OSError, ValueError, KeyError, TypeError, DataSourceError, DataLayerError) as error:
        raise InputError(
            f"{named}: what this run kept cannot be read ({error}). Run its recipe once more "
            "into the same folder."
        ) from error


def _again(sheet: Path, file: Path) -> Counted:
    said = json.loads(sheet.read_text(encoding="utf-8"))
    layers: dict[str, gpd.GeoDataFrame] = {}
    for name, attrs in said["says"].items():
        frame = pyogrio.read_dataframe(file, layer=name).set_index(LABEL).rename_axis(None)
        frame.attrs.update(attrs)
        layers[name] = frame
    areas = layers.pop("areas")
    return Counted(
        value=float("nan") if said["value"] is None else float(said["value"]),
        line=str(said["line"]),
        as_of=None if said["as_of"] is None else date.fromisoformat(said["as_of"]),
        until=str(said["until"]),
        merged=bool(said["merged"]),
        areas=areas,
        layers=layers,
    )
