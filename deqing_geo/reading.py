"""One way in: a file on disk becomes a frame with known columns, in metres, told how.

Every `read_*` of the library comes through `read`. What was found and decided stays with
the frame in ``attrs["reading"]``. What the rows mean is for the callers to say.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
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
from deqing_geo.files import BY_ELIMINATION, FileKind, dbf_encoding, local_file, parts

if TYPE_CHECKING:
    import pandas as pd

POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
LINES = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.MULTILINESTRING,
    shapely.GeometryType.LINEARRING,
)
POINTS = (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT)
PLACES = (*POINTS, *POLYGONS)
_KIND_WORDS = {
    POLYGONS: "polygons",
    LINES: "lines",
    POINTS: "points",
    PLACES: "points or polygons",
}
_LAYER_WORDS = {POLYGONS: "Polygon", LINES: "LineString", POINTS: "Point", PLACES: ""}


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
    as_is: bool = False,
) -> gpd.GeoDataFrame:
    """Read one layer of one file.

    Parameters
    ----------
    path : path
        A local file of a known kind.
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
    file, file_kind = local_file(path)
    told: dict[str, Any] = {"file": file.name, "driver": file_kind.driver}
    # GDAL follows a VRT by its content, whatever the ending; named so, it reads GeoJSON or nothing.
    source = f"GeoJSON:{file}" if file_kind.driver == "GeoJSON" else str(file)
    options: dict[str, Any] = {}
    if file_kind.driver == "OSM" and osm is not None:
        if layer is not None:
            raise BoundaryFileError(f"{file}: an OpenStreetMap extract is read without layer=.")
        options["layer"], options["where"] = osm.layer, osm.where
    elif file_kind.driver == "ESRI Shapefile":
        encoding, told["encoding_why"] = dbf_encoding(file)
        told["encoding"] = encoding
        if told["encoding_why"] == BY_ELIMINATION:
            warnings.warn(
                f"`{name}`: the text of {file.name} is read as {encoding}: {BY_ELIMINATION}.",
                DeqingGeoWarning,
                stacklevel=3,
            )
        if layer not in (None, file.stem):
            raise BoundaryFileError(f"{file}: a shapefile has one layer, {file.stem!r}.")
        options["layer"] = file.stem
        # Latin-1 keeps every byte; a value cut inside a character would stop GDAL's own decoding.
        options["encoding"] = "ISO-8859-1"
    else:
        options["layer"] = _choose_layer(source, file_kind, layer, kind)
    told["layer"] = options["layer"]
    with _readable(file, file_kind) as (opened, crs):
        frame = _open(opened or source, file, file_kind, options, told)
    if crs is not None and assume_crs is None:
        frame = frame.set_crs(identify(crs), allow_override=True)
    if file_kind.driver == "ESRI Shapefile":
        frame = _decoded(frame, encoding)
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
    frame = frame.rename(columns=_given_names(fields, renamed)).rename(columns=renamed)
    if frame.geometry.name != "geometry":
        frame = frame.rename_geometry("geometry")
    frame = frame if as_is else _sound_geometry(frame, kind, name, told)
    if len(frame) == 0 and like is None:
        sought = f" where {options['where']}" if "where" in options else ""
        raise BoundaryFileError(
            f"{file}: the layer {options['layer']!r} has no rows{sought}, so it has no place. "
            "Where there may be none of roads, parks or homes, read them with like= the areas."
        )
    frame = to_working(frame, like=like, datum=datum, name=name)
    told["working_crs"] = _crs_name(frame.crs)
    if datum is not None:
        told["datum_undone"] = datum
    told["rows"] = len(frame)
    frame.attrs["reading"] = told
    _keep_notice(frame)
    return frame


def _keep_notice(frame: gpd.GeoDataFrame) -> None:
    """What our own files say of every row is said of the frame, and of all made from it."""
    made_up = names.word("notice.schematic")
    if "notice" in frame and frame["notice"].astype(str).str.contains(made_up, regex=False).any():
        frame.attrs["notice"] = made_up


def _crs_name(crs: Any) -> str:
    code = CRS.from_user_input(crs).to_epsg()
    return f"EPSG:{code}" if code else str(CRS.from_user_input(crs).name)


def _given_names(fields: Sequence[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """New names for fields that would pass for ours: figures of others, and beaten namesakes."""
    out = {}
    for field in fields:
        known = names.registry().get(field)
        taken = field in renamed.values() and field not in renamed
        if field not in renamed and (taken or (known is not None and known.unit)):
            out[field] = f"{field}_given"
    return out


@contextlib.contextmanager
def _readable(file: Path, kind: FileKind) -> Iterator[tuple[str | None, str | None]]:
    """A place to read a shapefile from, and its CRS, where its .prj cannot be read as it is.

    A .prj with a Chinese name in GBK is common, and stops the reader.
    """
    prj = next((part for part in parts(file) if part.suffix.lower() == ".prj"), None)
    text = prj.read_bytes() if prj is not None and kind.driver == "ESRI Shapefile" else b""
    if text.isascii():
        yield None, None
        return
    try:
        crs = text.decode("utf-8")
    except UnicodeDecodeError:
        crs = text.decode("gb18030", "replace")
    with tempfile.TemporaryDirectory() as folder:
        for part in parts(file):
            if part != prj:
                shutil.copy(part, Path(folder) / f"{file.stem}{part.suffix.lower()}")
        yield str(Path(folder) / f"{file.stem}.shp"), crs


def _decoded(frame: gpd.GeoDataFrame, encoding: str) -> gpd.GeoDataFrame:
    """Field names and texts of a shapefile, read byte by byte, in their true encoding."""

    def decode(value: object) -> object:
        if not isinstance(value, str) or value.isascii():
            return value
        # The last character may have been cut at the field's end.
        return value.encode("latin-1").decode(encoding, "ignore")

    shape = frame.geometry.name
    out = frame.rename(columns={field: decode(field) for field in frame.columns if field != shape})
    for field in out.columns:
        if field != shape and out[field].dtype.kind not in "biufcmM":
            out[field] = out[field].astype(object).map(decode, na_action="ignore")
    return out


def _choose_layer(
    file: str, kind: FileKind, layer: str | None, geometry: tuple[shapely.GeometryType, ...]
) -> str:
    try:
        found = pyogrio.list_layers(file)
    except (pyogrio.errors.DataSourceError, UnicodeError) as error:
        raise BoundaryFileError(
            f"{file}: cannot be opened as {kind.name}. Open and save it again in QGIS or ArcGIS, "
            f"as GeoPackage ({error})."
        ) from error
    layers = {str(layer_name): str(shape) for layer_name, shape in found}
    if layer is not None:
        if layer not in layers:
            raise BoundaryFileError(f"{file}: no layer {layer!r}. It has: {', '.join(layers)}.")
        return layer
    word = _LAYER_WORDS[geometry]
    fitting = [one for one, shape in layers.items() if word in shape or shape == "Unknown"]
    if len(layers) == 1:
        return next(iter(layers))
    if len(fitting) == 1:
        return fitting[0]
    raise BoundaryFileError(
        f"{file}: which layer? Pass layer=, one of: {', '.join(fitting or layers)}."
    )


def _open(
    source: str, file: Path, kind: FileKind, options: dict[str, Any], told: dict[str, Any]
) -> gpd.GeoDataFrame:
    # GDAL's remarks come as warnings of pyogrio; they belong to the notes of this file.
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            told_encoding = options.get("encoding")
            info = pyogrio.read_info(source, layer=options["layer"], encoding=told_encoding)
            if info.get("driver", kind.driver) != kind.driver:
                raise BoundaryFileError(
                    f"{file}: opens as {info['driver']}, not as the {kind.name} its name says."
                )
            if info.get("geometry_type") is None:
                raise GeometryError(
                    f"{file}: the layer {options['layer']!r} is a table without shapes."
                )
            flat = " Z" not in str(info["geometry_type"]) and info["geometry_type"] != "Unknown"
            frame = _frame(source, {**options, "force_2d": not flat})
        except (BoundaryFileError, GeometryError):
            raise
        except Exception as error:
            # GDAL, Arrow, pyogrio and shapely each fail with classes of their own; whatever a
            # damaged file makes of them, its reader gets one sentence.
            raise BoundaryFileError(
                f"{file}: cannot be read ({error}). If it opens elsewhere, save it as GeoPackage "
                "in UTF-8 and give that."
            ) from error
    told["gdal"] = tuple(dict.fromkeys(str(remark.message) for remark in remarks))
    if not isinstance(frame, gpd.GeoDataFrame):
        raise GeometryError(f"{file}: the layer {options['layer']!r} is a table without shapes.")
    return frame


def _frame(source: str, options: dict[str, Any]) -> gpd.GeoDataFrame:
    try:
        return pyogrio.read_dataframe(source, use_arrow=True, **options)
    except Exception:
        # Arrow refuses curves, which the slower way straightens.
        return pyogrio.read_dataframe(source, use_arrow=False, **options)


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
    wrong = ~np.isin(shapely.get_type_id(geometry), [int(one) for one in kind])
    wrong &= ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    if wrong.any():
        came = sorted({shape.geom_type for shape in geometry[wrong]})
        raise GeometryError(
            f"`{name}` needs {_KIND_WORDS[kind]} and {told['file']} holds {', '.join(came)}. "
            "Give the layer of the right kind, or leave these rows out.",
            frame.index[wrong],
        )
    bad = ~(shapely.is_valid(geometry) | shapely.is_missing(geometry))
    if kind in (POLYGONS, PLACES) and bad.any():
        mended = geometry.copy()
        # `structure` keeps overlapping parts where `linework` would make them holes.
        mended[bad] = shapely.make_valid(geometry[bad], method="structure", keep_collapsed=False)
        before, after = shapely.area(geometry[bad]), shapely.area(mended[bad])
        rows = tuple(frame.index[bad].tolist())
        told["mended"] = rows
        change = np.max(np.abs(after - before) / np.maximum(np.maximum(after, before), 1e-300))
        warnings.warn(
            f"`{name}`: {len(rows)} shapes of {told['file']} crossed themselves and were mended"
            f" on reading (rows {_first(rows)}; area changed by at most {change:.3%}).",
            RepairWarning,
            stacklevel=4,
        )
        frame = frame.set_geometry(gpd.GeoSeries(mended, index=frame.index, crs=frame.crs))
        geometry = mended
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
