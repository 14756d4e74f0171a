"""One way in: a file on disk becomes a frame with known columns, in metres, told how.

Every `read_*` of the library comes through `read`: `choosing` finds the layer, `opening`
(or `dxf`) its rows and their text, `placing` its coordinate system, `shapes` judges the
shapes. What was found and decided stays with the frame in ``attrs["reading"]``. What the
rows mean is for the callers to say.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd

from deqing_geo import columns as names
from deqing_geo.crs import called, to_working
from deqing_geo.errors import BoundaryFileError, DeqingGeoWarning
from deqing_geo.files import sources
from deqing_geo.reading.choosing import Kind, OsmQuery, choose, known_as
from deqing_geo.reading.dxf import LAYER, open_drawing
from deqing_geo.reading.frames import index_by, note, read_status
from deqing_geo.reading.opening import open_layer
from deqing_geo.reading.placing import place
from deqing_geo.reading.shapes import (
    LINES,
    PLACES,
    POINTS,
    POLYGONS,
    of_kind,
    sound_geometry,
)

__all__ = [
    "LINES",
    "PLACES",
    "POINTS",
    "POLYGONS",
    "OsmQuery",
    "index_by",
    "known_as",
    "note",
    "read",
    "read_status",
]
# In these, writing and shapes of every kind lie together by nature.
_MIXED = ("LIBKML",)


def read(
    path: str | os.PathLike[str],
    *,
    name: str,
    kind: Kind,
    wanted: Sequence[str],
    osm: OsmQuery | None = None,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
    reference: gpd.GeoDataFrame | None = None,
    as_is: bool = False,
) -> gpd.GeoDataFrame:
    """Read one layer of one file.

    Parameters
    ----------
    path : path
        A local file of a known kind, or a zip with such files.
    name : str
        What to call the layer in messages.
    kind : tuple of GeometryType
        `POLYGONS`, `LINES`, `POINTS` or `PLACES`.
    wanted : sequence of str
        Registered columns to look for.
    osm : OsmQuery, optional
        What to take where the file is an OpenStreetMap extract.
    layer : str, optional
        The layer of a file with several.
    columns : mapping, optional
        From our columns to the file's fields, where the alias table is wrong.
    assume_crs : optional
        The system the file was made in, where it does not say, or says wrongly.
    datum : str, optional
        As for `crs.to_working`.
    like : GeoDataFrame, optional
        As for `crs.to_working`.
    reference : GeoDataFrame, optional
        An outline known to be true, for a layer that covers the same land: shows the system
        of a file that does not say it.
    as_is : bool
        Whether shapes stay as they are, for checking: none mended, left out or refused.

    Returns
    -------
    GeoDataFrame
        The file's rows in the file's order, index 0 to n-1; known fields renamed, the
        others kept; ``attrs["reading"]`` tells what was decided.

    Raises
    ------
    BoundaryFileError
        If the file is refused, unreadable, or its layer must be named.
    CRSError
        If its coordinate system is absent, contradicted or cannot be changed exactly.
    GeometryError
        If it holds the wrong kind of geometry.
    ColumnError
        If `columns` is mistaken.
    """
    found = sources(path)
    choice = choose(found, name, kind, wanted, layer, osm)
    source = choice.source
    told: dict[str, Any] = {"file": source.label, "driver": source.kind.driver}
    told["layer"] = choice.layer
    if choice.why:
        told["layer_why"] = choice.why
    if source.kind.driver == "DXF":
        frame = open_drawing(source, name, kind, layer, told)
        if "road_class" in wanted:
            # A drawing says what a line is by its layer alone.
            columns = {"road_class": LAYER, **(columns or {})}
    else:
        frame = open_layer(choice, name, osm, told)
    frame = place(frame, name, told, assume_crs=assume_crs, datum=datum, reference=reference)
    fields = [field for field in frame.columns if field != frame.geometry.name]
    renamed = names.find(fields, wanted, columns)
    told["renamed"] = {field: ours for field, ours in renamed.items() if field != ours}
    frame = frame.rename(columns=_given_names(fields, renamed)).rename(columns=renamed)
    if frame.geometry.name != "geometry":
        frame = frame.rename_geometry("geometry")
    if source.kind.driver in _MIXED and not as_is:
        frame = _without_others(frame, kind, name, told)
    if not as_is:
        frame = sound_geometry(frame, kind, name, told)
    if len(frame) == 0 and like is None:
        sought = f" where {osm.where}" if source.kind.driver == "OSM" and osm is not None else ""
        raise BoundaryFileError(
            f"{source.label}: the layer {told['layer']!r} has no rows{sought}, so it has no place. "
            "Where there may be none of roads, parks or homes, read them with like= the areas."
        )
    frame = to_working(frame, like=like, datum=datum, name=name)
    told["working_crs"] = called(frame.crs)
    if datum is not None:
        told["datum_undone"] = datum
    told["rows"] = len(frame)
    frame.attrs["reading"] = told
    _keep_notice(frame)
    return frame


def _without_others(
    frame: gpd.GeoDataFrame, kind: Kind, name: str, told: dict[str, Any]
) -> gpd.GeoDataFrame:
    """Only the shapes asked for, where a file holds every kind: a pin beside an outline."""
    other = ~of_kind(frame, kind)
    if not other.any() or other.all():
        return frame
    told["left_out_kind"] = int(other.sum())
    warnings.warn(
        f"`{name}`: {int(other.sum())} rows of {told['file']} are of another kind of shape, and "
        "were left out.",
        DeqingGeoWarning,
        stacklevel=4,
    )
    return frame[~other].reset_index(drop=True)


def _keep_notice(frame: gpd.GeoDataFrame) -> None:
    """What our own files say of every row is said of the frame, and of all made from it."""
    made_up = names.word("notice.schematic")
    if "notice" in frame and frame["notice"].astype(str).str.contains(made_up, regex=False).any():
        frame.attrs["notice"] = made_up


def _given_names(fields: Sequence[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """New names for fields that would pass for ours: figures of others, and beaten namesakes."""
    out = {}
    for field in fields:
        known = names.registry().get(field)
        taken = field in renamed.values() and field not in renamed
        if field not in renamed and (taken or (known is not None and known.unit)):
            out[field] = f"{field}_given"
    return out
