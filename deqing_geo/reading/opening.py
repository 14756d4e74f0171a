"""A chosen layer becomes a frame: by GDAL, by pyarrow, with its text decoded from the bytes."""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from deqing_geo.crs import identify
from deqing_geo.errors import BoundaryFileError, DeqingGeoWarning, GeometryError
from deqing_geo.files import BY_ELIMINATION, FileKind, Source, dbf_encoding, text_encoding
from deqing_geo.reading.choosing import Choice, OsmQuery

if TYPE_CHECKING:
    pass

# Latin-1 keeps every byte; a value cut inside a character would stop GDAL's own decoding.
BYTE_BY_BYTE = "ISO-8859-1"
# What LIBKML adds to every placemark, whatever the file says.
_KML_EXTRAS = ("id", "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude",
               "visibility", "drawOrder", "icon", "snippet")  # fmt: skip


def open_layer(
    choice: Choice,
    name: str,
    osm: OsmQuery | None,
    told: dict[str, Any],
    box: tuple[float, float, float, float] | None = None,
) -> gpd.GeoDataFrame:
    """The rows of a layer as the file has them, in its own system and fields.

    Parameters
    ----------
    choice : Choice
        Of `choose`.
    name : str
        What to call the layer in messages.
    osm : OsmQuery or None
        What to take of an OpenStreetMap extract.
    told : dict
        The notes; what is decided here is added.
    box : tuple of float, optional
        Only rows that meet it: west, south, east and north as the file's numbers are.

    Returns
    -------
    GeoDataFrame
        With the CRS the file claims, or None; rows in the file's order.

    Raises
    ------
    BoundaryFileError
        If it cannot be read.
    GeometryError
        If the layer is a table without shapes.
    """
    source, driver = choice.source, choice.source.kind.driver
    if driver == "Parquet":
        return _parquet(source, told, box)
    options: dict[str, Any] = {"layer": choice.inner}
    if box is not None:
        options |= {"bbox": box, "fid_as_index": True}
    if driver == "OSM" and osm is not None:
        options["where"] = osm.where
    if driver == "ESRI Shapefile":
        encoding, why = dbf_encoding(source)
        opened, crs = _without_odd_prj(source)
        frame = _open(opened, source, {**options, "encoding": BYTE_BY_BYTE}, told)
        frame = _decoded(frame, encoding, source)
        if crs is not None:
            frame = frame.set_crs(identify(crs), allow_override=True)
        _tell_encoding(told, encoding, why, name)
    elif driver == "MapInfo File":
        frame = _open(source.gdal, source, {**options, "encoding": BYTE_BY_BYTE}, told)
        encoding, why = text_encoding(_texts(frame), source.label)
        frame = _decoded(frame, encoding, source)
        _tell_encoding(told, encoding, why, name)
    else:
        frame = _open(source.gdal, source, options, told)
    if driver == "OSM" and osm is not None:
        frame = _osm_columns(frame, osm)
    if driver == "LIBKML":
        frame = frame.drop(columns=[field for field in _KML_EXTRAS if field in frame])
    # An index of places gives rows in an order of its own.
    return frame if box is None else frame.sort_index().reset_index(drop=True)


def _tell_encoding(told: dict[str, Any], encoding: str, why: str, name: str) -> None:
    told["encoding"], told["encoding_why"] = encoding, why
    if why == BY_ELIMINATION:
        warnings.warn(
            f"`{name}`: the text of {told['file']} is read as {encoding}: {BY_ELIMINATION}.",
            DeqingGeoWarning,
            stacklevel=5,
        )


def _without_odd_prj(source: Source) -> tuple[str | bytes, str | None]:
    """What to open, and the CRS where the .prj cannot be read as it is.

    A .prj with a Chinese name in GBK is common, and stops the reader; the other parts are
    then handed over together, in memory.
    """
    text = source.content(".prj") or b""
    if text.isascii():
        return source.gdal, None
    try:
        crs = text.decode("utf-8")
    except UnicodeDecodeError:
        crs = text.decode("gb18030", "replace")
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_STORED) as together:
        for ending in (".shp", ".shx", ".dbf"):
            together.writestr(f"layer{ending}", source.content(ending) or b"")
    return bundle.getvalue(), crs


def _texts(frame: gpd.GeoDataFrame) -> set[bytes]:
    """The different texts of a frame read byte by byte that are not plain ASCII."""
    found = {str(field) for field in frame.columns}
    for field in frame.columns:
        if field != frame.geometry.name and frame[field].dtype.kind not in "biufcmM":
            found |= {value for value in frame[field].unique() if isinstance(value, str)}
    return {text.encode("latin-1") for text in found if not text.isascii()}


def _decoded(frame: gpd.GeoDataFrame, encoding: str, source: Source) -> gpd.GeoDataFrame:
    """Field names and texts of a shapefile, read byte by byte, in their true encoding."""

    def decode(value: object) -> object:
        if not isinstance(value, str) or value.isascii():
            return value
        # The last character may have been cut at the field's end.
        return value.encode("latin-1").decode(encoding, "ignore")

    shape = frame.geometry.name
    out = frame.rename(columns={field: decode(field) for field in frame.columns if field != shape})
    if not out.columns.is_unique:
        twice = ", ".join(dict.fromkeys(map(str, out.columns[out.columns.duplicated()])))
        raise BoundaryFileError(
            f"{source.label}: several fields are called {twice}. Rename them where it was made."
        )
    for field in out.columns:
        if field != shape and out[field].dtype.kind not in "biufcmM":
            # Each different text once: a county's roads repeat a dozen words 20,000 times.
            places, different = pd.factorize(out[field].astype(object))
            texts = np.array([*map(decode, different), None], dtype=object)
            out[field] = texts[places]
    return out


def _parquet(
    source: Source, told: dict[str, Any], box: tuple[float, float, float, float] | None
) -> gpd.GeoDataFrame:
    content = source.content(source.kind.endings[0]) if source.member else None
    try:
        opened = source.file if content is None else io.BytesIO(content)
        frame = gpd.read_parquet(opened, bbox=box)
    except ValueError as error:
        if box is not None:
            raise BoundaryFileError(
                f"{source.label}: has no box for every row, so its rows cannot be found by place. "
                "Write it with write_covering_bbox=True, or save it as GeoPackage."
            ) from error
        raise GeometryError(
            f"{source.label}: a table without shapes, or not GeoParquet ({error})."
        ) from error
    except Exception as error:
        raise _unreadable(source, error) from error
    told["gdal"] = ()
    return frame.reset_index(drop=True)


def _unreadable(source: Source, error: Exception) -> BoundaryFileError:
    return BoundaryFileError(
        f"{source.label}: cannot be read ({error}). If it opens elsewhere, save it as GeoPackage "
        "in UTF-8 and give that."
    )


def _open(
    opened: str | bytes, source: Source, options: dict[str, Any], told: dict[str, Any]
) -> gpd.GeoDataFrame:
    kind = source.kind
    # GDAL's remarks come as warnings of pyogrio; they belong to the notes of this file.
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            told_encoding = options.get("encoding")
            info = pyogrio.read_info(opened, layer=options["layer"], encoding=told_encoding)
            if info.get("driver", kind.driver) not in (kind.driver, *kind.also):
                raise BoundaryFileError(
                    f"{source.label}: opens as {info['driver']}, not as the {kind.name} its name "
                    "says."
                )
            if info.get("geometry_type") is None:
                raise GeometryError(
                    f"{source.label}: the layer {told['layer']!r} is a table without shapes."
                )
            flat = " Z" not in str(info["geometry_type"]) and info["geometry_type"] != "Unknown"
            frame = _frame(opened, kind, {**options, "force_2d": not flat})
        except (BoundaryFileError, GeometryError):
            raise
        except Exception as error:
            # GDAL, Arrow, pyogrio and shapely each fail with classes of their own; whatever a
            # damaged file makes of them, its reader gets one sentence.
            raise _unreadable(source, error) from error
    told["gdal"] = tuple(dict.fromkeys(str(remark.message) for remark in remarks))
    if not isinstance(frame, gpd.GeoDataFrame):
        raise GeometryError(
            f"{source.label}: the layer {told['layer']!r} is a table without shapes."
        )
    return frame


def _frame(opened: str | bytes, kind: FileKind, options: dict[str, Any]) -> gpd.GeoDataFrame:
    if kind.driver == "FlatGeobuf":
        # A damaged FlatGeobuf, handed on through Arrow, ends the whole process.
        return pyogrio.read_dataframe(opened, use_arrow=False, **options)
    try:
        frame = pyogrio.read_dataframe(opened, use_arrow=True, **options)
        for field in frame.columns:
            if isinstance(frame[field].dtype, pd.StringDtype):
                # Arrow hands damaged text on unread, and stops whoever looks at it later.
                frame[field].array.__arrow_array__().validate(full=True)
        return frame
    except Exception:
        # Arrow refuses curves, which the slower way straightens.
        return pyogrio.read_dataframe(opened, use_arrow=False, **options)


def _osm_columns(frame: gpd.GeoDataFrame, osm: OsmQuery) -> gpd.GeoDataFrame:
    """Ids that say node, way or relation, and the wanted tags as columns."""
    # As plain objects: an all-empty column arrives as float and would not take text.
    ids = frame["osm_id"].astype(object)
    if "osm_way_id" in frame:
        ways = frame["osm_way_id"].astype(object)
        frame["osm_id"] = np.where(ids.notna(), "r" + ids.astype(str), "w" + ways.astype(str))
    else:
        frame["osm_id"] = ("n" if osm.layer == "points" else "w") + ids.astype(str)
    heap = frame["other_tags"].astype(object)
    heap = heap.where(heap.notna(), "").astype(str)
    for tag in osm.tags:
        frame[tag] = heap.str.extract(rf'"{tag}"=>"((?:[^"\\]|\\.)*)"', expand=False)
    return frame[["osm_id", "name", *osm.fields, *osm.tags, frame.geometry.name]]
