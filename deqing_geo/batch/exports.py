"""The layers of an earlier run, taken from its folder to be handed on in other formats.

Only GeoPackages of the library's own are read: what other offices send comes in through the
readers, which know what can be wrong with it. Nothing is measured again.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from deqing_geo.batch import parks as of_parks
from deqing_geo.batch import roads as of_roads
from deqing_geo.batch.quality import CORRECTIONS
from deqing_geo.columns import crosswalk, registry
from deqing_geo.errors import BoundaryFileError
from deqing_geo.export import save_results
from deqing_geo.files import KINDS, local_file
from deqing_geo.papers import Submission, save_submission

GEOPACKAGE = tuple(kind for kind in KINDS if kind.driver == "GPKG")
# Tables that tell of layers and are none.
ASIDE = ("sources", "layer_styles")
# Columns an export writes anew.
OWN = ("legend", "colour", "imprint")
SAID = ("definition", "notice")
# For the office's own desk: a figure goes out with one value and one line of 口径.
STAYING = frozenset({CORRECTIONS, of_roads.TABLES["band"], of_parks.TABLES["band"]})


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


def gather(
    paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    audience: str = "internal",
    review_number: str | None = None,
    made_by: str | None = None,
    **submitted: Any,
) -> Submission:
    """Hand in what earlier runs made: their maps, layers, tables and documents, with a list.

    Parameters
    ----------
    paths : sequence of path
        Folders of earlier runs. Pictures of an atlas, workbooks (or, where there are none, CSV)
        and Word files go along as they are, layers as a file geodatabase with its ``.lyrx``;
        pages (``.html``) and tables for the office's own desk (`staying`) do not. Files of one
        name in several runs are told apart by their folders' names, put before theirs.
    out : path
        The folder of the submission.
    audience, review_number, made_by : str, optional
        As `save_results` takes them.
    **submitted
        What `save_submission` takes beside: ``code``, ``name``, ``unit``, ``day``, ``cleared``.

    Returns
    -------
    Submission
        Its list, its files and what is missing.

    Raises
    ------
    DeqingGeoError
        If there is no layer, a file cannot be handed in, or the folder cannot be written.
    """
    layers = earlier_layers(paths)
    folders = [Path(path) for path in paths if Path(path).is_dir()]

    def found(*patterns: str) -> list[Path]:
        return [
            file
            for folder in folders
            for pattern in patterns
            for file in sorted(folder.glob(pattern))
            if file.name not in STAYING
        ]

    def vectors(to: Path) -> None:
        save_results(
            layers,
            to,
            formats=("gdb", "lyrx"),
            audience=audience,
            review_number=review_number,
            made_by=made_by,
        )

    return save_submission(
        out,
        maps=[*found("*.jpg"), *_pages(found("atlas/*.jpg"), submitted)],
        vectors=[vectors],
        tables=_told_apart(found("*.xlsx") or found("*.csv")),
        documents=_told_apart(found("*.docx")),
        audience=audience,
        review_number=review_number,
        **submitted,
    )


def staying(paths: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """Tables of earlier runs that are for the office's own desk and are not handed in (内部用).

    Parameters
    ----------
    paths : sequence of path
        Folders of earlier runs.

    Returns
    -------
    list of Path
        更正表 and 不同口径测算对比表, where there are any.

    Examples
    --------
    >>> staying([])
    []
    """
    folders = [Path(path) for path in paths if Path(path).is_dir()]
    return [file for folder in folders for file in sorted(folder.iterdir()) if file.name in STAYING]


def _told_apart(files: Sequence[Path]) -> list[Path | Callable[[Path], None]]:
    """Files of one name from several runs go along under the names of their folders."""
    counts = Counter(file.name.casefold() for file in files)

    return [
        _renamed(file, f"{file.resolve().parent.name}{file.name}")
        if counts[file.name.casefold()] > 1
        else file
        for file in files
    ]


def _pages(files: Sequence[Path], submitted: Mapping[str, Any]) -> list[Callable[[Path], None]]:
    """Pages of an atlas keep the number they bear (图号), whether or not they name the county."""
    code = str(submitted.get("code", ""))
    head = f"{code}{submitted.get('name') or crosswalk('county').get(code, '')}"
    return [_renamed(file, f"{head}{file.name.removeprefix(head)}") for file in files]


def _renamed(file: Path, name: str) -> Callable[[Path], None]:
    def copy(room: Path) -> None:
        shutil.copyfile(file, room / name)

    return copy


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
    if first != shape and (first in ("area_id", "row", "row_number") or first in registry()):
        name = None if first == "area_id" else first
        out = out.set_index(first).rename_axis(name)
    out.attrs.update(said)
    return out
