"""One way in: a file on disk becomes a frame with known columns, in metres, told how.

Every `read_*` of the library comes through `read`. What was found and decided stays with
the frame in ``attrs["reading"]``. What the rows mean is for the callers to say.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyproj import CRS

from deqing_geo import columns as names
from deqing_geo.crs import identify, to_working
from deqing_geo.errors import (
    BoundaryFileError,
    ColumnError,
    DeqingGeoWarning,
    GeometryError,
    RepairWarning,
)
from deqing_geo.files import FileKind, dbf_encoding, local_file

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
LINES = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.MULTILINESTRING,
    shapely.GeometryType.LINEARRING,
)
_KIND_WORDS = {POLYGONS: "polygons", LINES: "lines"}


@dataclass(frozen=True, slots=True)
class OsmQuery:
    """What to take from an OpenStreetMap extract.

    Attributes
    ----------
    layer : str
        GDAL's layer: ``lines`` or ``multipolygons``.
    where : str
        Which features.
    fields : tuple of str
        Tags that GDAL has as fields and the caller needs.
    tags : tuple of str
        Further tags to bring out of the heap GDAL leaves them in.
    """

    layer: str
    where: str
    fields: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def read(
    path: str | os.PathLike[str],
    *,
    name: str,
    kind: tuple[shapely.GeometryType, ...],
    wanted: Sequence[str],
    osm: OsmQuery | None = None,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Read one layer of one file.

    Parameters
    ----------
    path : path
        A local file of a known kind.
    name : str
        What to call the layer in messages.
    kind : tuple of GeometryType
        `POLYGONS` or `LINES`.
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
    file, file_kind = local_file(path)
    told: dict[str, Any] = {"file": file.name, "driver": file_kind.driver}
    options: dict[str, Any] = {"use_arrow": True, "force_2d": True}
    if file_kind.driver == "OSM" and osm is not None:
        options["layer"], options["where"] = osm.layer, osm.where
    else:
        options["layer"] = _choose_layer(file, file_kind, layer, kind)
    told["layer"] = options["layer"]
    if file_kind.driver == "ESRI Shapefile":
        options["encoding"], told["encoding_why"] = dbf_encoding(file)
        told["encoding"] = options["encoding"]
    frame = _open(file, file_kind, options, told)
    if assume_crs is not None:
        assumed = identify(assume_crs)
        told["crs_from"] = f"assume_crs={assume_crs}"
        if frame.crs is not None and identify(frame.crs) != assumed:
            told["crs_overruled"] = str(frame.crs.name)
        frame = frame.set_crs(assumed, allow_override=True)
    elif frame.crs is not None:
        told["crs_from"] = "the file"
    if frame.crs is not None:
        told["crs"] = _crs_name(frame.crs)
    if file_kind.driver == "OSM" and osm is not None:
        frame = _osm_columns(frame, osm)
    fields = [field for field in frame.columns if field != frame.geometry.name]
    renamed = names.find(fields, wanted, columns)
    told["renamed"] = {field: ours for field, ours in renamed.items() if field != ours}
    frame = frame.rename(columns=renamed)
    if frame.geometry.name != "geometry":
        frame = frame.rename_geometry("geometry")
    frame = _sound_geometry(frame, kind, name, told)
    if len(frame) == 0 and like is None:
        sought = f" where {options['where']}" if "where" in options else ""
        raise BoundaryFileError(
            f"{file}: the layer {options['layer']!r} has no rows{sought}, so it has no place. "
            "Pass like= another layer if that is as it should be."
        )
    frame = to_working(frame, like=like, datum=datum, name=name)
    told["working_crs"] = _crs_name(frame.crs)
    if datum is not None:
        told["datum_undone"] = datum
    told["rows"] = len(frame)
    frame.attrs["reading"] = told
    return frame


def _crs_name(crs: Any) -> str:
    code = CRS.from_user_input(crs).to_epsg()
    return f"EPSG:{code}" if code else str(CRS.from_user_input(crs).name)


def _choose_layer(
    file: Path, kind: FileKind, layer: str | None, geometry: tuple[shapely.GeometryType, ...]
) -> str:
    try:
        found = pyogrio.list_layers(file)
    except (pyogrio.errors.DataSourceError, UnicodeError) as error:
        raise BoundaryFileError(f"{file}: cannot be opened ({error}).") from error
    layers = {str(layer_name): str(shape) for layer_name, shape in found}
    if layer is not None:
        if layer not in layers:
            raise BoundaryFileError(f"{file}: no layer {layer!r}. It has: {', '.join(layers)}.")
        return layer
    word = "Polygon" if geometry is POLYGONS else "LineString"
    fitting = [one for one, shape in layers.items() if word in shape or shape == "Unknown"]
    if len(layers) == 1:
        return next(iter(layers))
    if len(fitting) == 1:
        return fitting[0]
    raise BoundaryFileError(
        f"{file}: which layer? Pass layer=, one of: {', '.join(fitting or layers)}."
    )


def _open(
    file: Path, kind: FileKind, options: dict[str, Any], told: dict[str, Any]
) -> gpd.GeoDataFrame:
    # GDAL's remarks come as warnings of pyogrio; they belong to the notes of this file.
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            info = pyogrio.read_info(file, layer=options["layer"], encoding=options.get("encoding"))
            if info.get("driver", kind.driver) != kind.driver:
                raise BoundaryFileError(
                    f"{file}: opens as {info['driver']}, not as the {kind.name} its name says."
                )
            if info.get("geometry_type") is None:
                raise GeometryError(
                    f"{file}: the layer {options['layer']!r} is a table without shapes."
                )
            frame = pyogrio.read_dataframe(file, **options)
        except (
            pyogrio.errors.DataSourceError,
            pyogrio.errors.DataLayerError,
            pyogrio.errors.FieldError,
            pyogrio.errors.FeatureError,
            pyogrio.errors.GeometryError,
            shapely.errors.ShapelyError,
            UnicodeError,
            OverflowError,
        ) as error:
            raise BoundaryFileError(f"{file}: cannot be read ({error}).") from error
        except (RuntimeError, ValueError, OSError) as error:
            # Arrow passes GDAL's failures through as its own; a BoundaryFileError is an
            # OSError and a GeometryError a ValueError, and both are already said well.
            if isinstance(error, BoundaryFileError | GeometryError):
                raise
            raise BoundaryFileError(f"{file}: cannot be read ({error}).") from error
    told["gdal"] = tuple(dict.fromkeys(str(remark.message) for remark in remarks))
    if not isinstance(frame, gpd.GeoDataFrame):
        raise GeometryError(f"{file}: the layer {options['layer']!r} is a table without shapes.")
    return frame


def _osm_columns(frame: gpd.GeoDataFrame, osm: OsmQuery) -> gpd.GeoDataFrame:
    """Ids that say way or relation, and the wanted tags as columns."""
    # As plain objects: an all-empty column arrives as float and would not take text.
    ids = frame["osm_id"].astype(object)
    if "osm_way_id" in frame:
        ways = frame["osm_way_id"].astype(object)
        frame["osm_id"] = np.where(ids.notna(), "r" + ids.astype(str), "w" + ways.astype(str))
    else:
        frame["osm_id"] = "w" + ids.astype(str)
    heap = frame["other_tags"].astype(object)
    heap = heap.where(heap.notna(), "").astype(str)
    for tag in osm.tags:
        frame[tag] = heap.str.extract(rf'"{tag}"=>"((?:[^"\\]|\\.)*)"', expand=False)
    return frame[["osm_id", "name", *osm.fields, *osm.tags, frame.geometry.name]]


def _sound_geometry(
    frame: gpd.GeoDataFrame,
    kind: tuple[shapely.GeometryType, ...],
    name: str,
    told: dict[str, Any],
) -> gpd.GeoDataFrame:
    geometry = np.asarray(frame.geometry.array, dtype=object)
    empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    if empty.any():
        rows = tuple(frame.index[empty].tolist())
        told["dropped"] = rows
        warnings.warn(
            f"`{name}`: {len(rows)} rows of {told['file']} have no shape and were left out"
            f" (rows {_first(rows)}).",
            DeqingGeoWarning,
            stacklevel=4,
        )
        frame = frame[~empty].reset_index(drop=True)
        geometry = geometry[~empty]
    wrong = ~np.isin(shapely.get_type_id(geometry), [int(one) for one in kind])
    if wrong.any():
        came = sorted({shape.geom_type for shape in geometry[wrong]})
        raise GeometryError(
            f"`{name}` needs {_KIND_WORDS[kind]} and {told['file']} holds {', '.join(came)}. "
            "Give the layer of the right kind, or leave these rows out.",
            frame.index[wrong],
        )
    if kind is POLYGONS:
        bad = ~shapely.is_valid(geometry)
        if bad.any():
            mended = geometry.copy()
            # `structure` keeps overlapping parts where `linework` would make them holes.
            mended[bad] = shapely.make_valid(
                geometry[bad], method="structure", keep_collapsed=False
            )
            change = shapely.area(mended[bad]) - shapely.area(geometry[bad])
            rows = tuple(frame.index[bad].tolist())
            told["mended"] = rows
            lost = shapely.is_empty(mended) | ~np.isin(
                shapely.get_type_id(mended), [int(one) for one in kind]
            )
            if lost.any():
                raise GeometryError(
                    f"`{name}`: shapes of {told['file']} collapse to nothing when mended.",
                    frame.index[lost],
                )
            warnings.warn(
                f"`{name}`: {len(rows)} shapes of {told['file']} crossed themselves and were mended"
                f" on reading (rows {_first(rows)}; largest change of area"
                f" {np.max(np.abs(change)):.3g} square units).",
                RepairWarning,
                stacklevel=4,
            )
            frame = frame.set_geometry(gpd.GeoSeries(mended, index=frame.index, crs=frame.crs))
    return frame


def _first(rows: Sequence[object]) -> str:
    shown = ", ".join(str(row) for row in rows[:5])
    return f"{shown}, …" if len(rows) > 5 else shown


def read_status(frame: gpd.GeoDataFrame, column: str) -> gpd.GeoDataFrame:
    """Status words of a layer in the library's vocabulary; blanks stay blank.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    column : str
        ``road_status`` or ``park_status``.

    Returns
    -------
    GeoDataFrame
        With the column translated where it was there.

    Raises
    ------
    ColumnError
        If a word is not understood: counting it as built would be a guess.
    """
    if column not in frame:
        return frame
    raw = names.clean_text(frame[column])
    words = names.read_values(raw, column, extra=names.crosswalk("status"))
    odd = raw.notna() & words.isna()
    if odd.any():
        seen = ", ".join(sorted({str(text) for text in raw[odd]})[:5])
        known = "、".join(names.vocabulary(column).values())
        raise ColumnError(
            f"`{column}` holds {seen}; it may hold {known} or nothing.", frame.index[odd]
        )
    return frame.assign(**{column: words})


def note(frame: gpd.GeoDataFrame, **told: Any) -> None:
    """Add to the reading notes of a frame.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    **told
        What was decided.
    """
    frame.attrs["reading"] = {**frame.attrs.get("reading", {}), **told}


def index_by(frame: gpd.GeoDataFrame, labels: pd.Series[Any], name: str) -> gpd.GeoDataFrame:
    """A frame under a new index of plain labels.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    labels : Series
        One label a row.
    name : str
        The index's name.

    Returns
    -------
    GeoDataFrame
        The same rows, notes kept.
    """
    import pandas as pd

    out = frame.set_axis(pd.Index(labels.to_numpy(dtype=object), name=name), axis="index")
    out.attrs.update(frame.attrs)
    return out
