"""The layers of an earlier run, taken from its folder to be handed on in other formats.

Only GeoPackages of the library's own are read: what other offices send comes in through the
readers, which know what can be wrong with it. Nothing is measured again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from deqing_geo.columns import registry
from deqing_geo.errors import BoundaryFileError
from deqing_geo.files import KINDS, local_file

GEOPACKAGE = tuple(kind for kind in KINDS if kind.driver == "GPKG")
# Tables that tell of layers and are none.
ASIDE = ("sources", "layer_styles")
# Columns an export writes anew.
OWN = ("legend", "colour", "imprint")
SAID = ("definition", "notice")


def earlier_layers(paths: Sequence[str | os.PathLike[str]]) -> dict[str, pd.DataFrame]:
    """The layers of folders and files an earlier run wrote, by their names.

    Parameters
    ----------
    paths : sequence of path
        Folders of ``classify``, ``parks``, ``roads``, ``report`` and their like, or GeoPackages.

    Returns
    -------
    dict of str to DataFrame or GeoDataFrame
        As `deqing_geo.export.save_results` takes them; a name that stands twice gets the file's.

    Raises
    ------
    BoundaryFileError
        If there is no GeoPackage, or one cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import sample, save_layers
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_layers(f"{folder}/county.gpkg", {"roads": sample.roads()})
    ...     list(earlier_layers([folder]))
    ['roads']
    """
    out: dict[str, pd.DataFrame] = {}
    for file in _files(paths):
        found, _ = local_file(file, GEOPACKAGE)
        try:
            names = [str(name) for name, _ in pyogrio.list_layers(found)]
            for name in (one for one in names if one not in ASIDE):
                key = name if name not in out else f"{file.stem}_{name}"
                out[key] = _as_result(pyogrio.read_dataframe(found, layer=name))
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise BoundaryFileError(f"{file.name} cannot be read: {error}") from error
    if not out:
        raise BoundaryFileError("There is no layer in what was given.")
    return out


def _files(paths: Sequence[str | os.PathLike[str]]) -> list[Path]:
    out: list[Path] = []
    for path in (Path(one) for one in paths):
        if not path.is_dir() or path.suffix == ".gdb":
            out.append(path)
            continue
        found = sorted(one for one in path.glob("*.gpkg") if not one.name.startswith("."))
        if not found:
            raise BoundaryFileError(
                f"{path}: no GeoPackage in it. Name the folder of an earlier run (--out of "
                "classify, parks, roads, report), or a .gpkg."
            )
        out += found
    return out


def _as_result(frame: pd.DataFrame) -> pd.DataFrame:
    """A layer as the result held it: its index an index, its sentences its own."""
    said = {
        column: str(frame[column].iloc[0])
        for column in SAID
        if column in frame and len(frame) and frame[column].nunique(dropna=False) == 1
    }
    out = frame.drop(columns=[*said, *(one for one in OWN if one in frame)])
    first = str(out.columns[0])
    shape = out.geometry.name if isinstance(out, gpd.GeoDataFrame) else ""
    if first != shape and (first in ("area_id", "row") or first in registry()):
        name = None if first == "area_id" else first
        out = out.set_index(first).rename_axis(name)
    out.attrs.update(said)
    return out
