"""Part of a large layer: the rows of a box, as the file has them; the whole is never read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyproj import CRS

from deqing_geo.crs import identify, moved
from deqing_geo.crs.numbers import FITS, fit
from deqing_geo.crs.systems import WGS84
from deqing_geo.errors import BoundaryFileError, CRSError
from deqing_geo.files import KINDS, kind_of, sources
from deqing_geo.reading.choosing import Choice, Kind, OsmQuery, choose
from deqing_geo.reading.opening import open_layer
from deqing_geo.shifts import wgs84_to_bd09, wgs84_to_gcj02

Box = tuple[float, float, float, float]

# Kinds of files whose rows are found by place.
BY_PLACE = ("GPKG", "FlatGeobuf", "ESRI Shapefile", "OpenFileGDB", "Parquet")
# So many places along each side of a box: a straight side is curved in another system.
SIDE = 21
_SHIFTS = {"gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}


def readable_by_place(path: str | os.PathLike[str]) -> bool:
    """Whether a file's rows can be found by place, judged by its name.

    Parameters
    ----------
    path : path
        A layer.

    Returns
    -------
    bool

    Examples
    --------
    >>> readable_by_place("roads.gpkg"), readable_by_place("roads.geojson")
    (True, False)
    """
    kind = kind_of(os.path.basename(os.fspath(path)), KINDS)
    return kind is not None and kind.driver in BY_PLACE


def read_box(
    path: str | os.PathLike[str],
    box: Box,
    crs: Any,
    *,
    name: str,
    kind: Kind,
    wanted: Sequence[str],
    osm: OsmQuery | None = None,
    layer: str | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
) -> gpd.GeoDataFrame:
    """The rows of a layer that meet a box, for a file to be read later.

    Parameters
    ----------
    path : path
        GeoPackage, FlatGeobuf, Shapefile, geodatabase, or GeoParquet with a box for every row.
    box : tuple of float
        West, south, east and north in `crs`.
    crs : CRS
        Of the box; metres.
    name, kind, wanted, osm, layer, assume_crs
        As for `read`.
    datum : {"gcj02", "bd09"}, optional
        The shift of the layer's coordinates: the box is shifted along with them.

    Returns
    -------
    GeoDataFrame
        Rows in the file's order with its fields, its coordinates and its system (or the one
        assumed); whoever reads it next finds what the whole file would have shown.

    Raises
    ------
    BoundaryFileError
        If the file cannot be read, or its rows cannot be found by place.
    CRSError
        If nothing says where it lies, or its numbers are not in the system it names.
    """
    choice = choose(sources(path), name, kind, wanted, layer, osm)
    source = choice.source
    if source.kind.driver not in BY_PLACE or source.member:
        raise BoundaryFileError(
            f"{source.label}: its rows cannot be found by place. Save it as GeoPackage, outside "
            "any zip."
        )
    said, bounds = _told(choice)
    if assume_crs is None and said is None:
        raise CRSError(
            f"`{name}`: {source.label} has no coordinate system, so no part of it can be found. "
            "If you know it, write assume_crs, for example assume_crs = 4549."
        )
    own = identify(said if assume_crs is None else assume_crs)
    corners = np.array([shapely.box(*bounds)], dtype=object)
    if np.isfinite(bounds).all() and fit(corners, own) != FITS:
        raise CRSError(
            f"`{name}`: the numbers of {source.label} are not in {own.name}, which it names, so "
            "no part of it can be found. Put its system or its axes right first."
        )
    there = _there(box, identify(crs), own, datum, name)
    frame = open_layer(choice, name, osm, {"file": source.label, "layer": choice.layer}, there)
    if frame.crs is None or assume_crs is not None:
        frame = frame.set_crs(own, allow_override=True)
    return frame


def _told(choice: Choice) -> tuple[Any, Box]:
    """The system a file names and the box it says it fills; nothing of its rows is read."""
    source = choice.source
    if source.kind.driver == "Parquet":
        import json

        import pyarrow.parquet as pq

        try:
            text = (pq.read_schema(source.file).metadata or {})[b"geo"]
            geo = json.loads(text)
            shape = geo["columns"][geo["primary_column"]]
        except Exception as error:
            raise BoundaryFileError(f"{source.label}: is no GeoParquet ({error}).") from error
        # GeoParquet without a system is in longitude and latitude of WGS 84.
        crs = (
            shape["crs"] if shape.get("crs") else (None if "crs" in shape else CRS.from_epsg(WGS84))
        )
        west, south, east, north = shape.get("bbox") or [np.nan] * 4
        return crs, (west, south, east, north)
    try:
        info = pyogrio.read_info(source.gdal, layer=choice.inner, force_total_bounds=True)
    except Exception as error:
        raise BoundaryFileError(f"{source.label}: cannot be read ({error}).") from error
    west, south, east, north = info["total_bounds"] or [np.nan] * 4
    return info["crs"], (west, south, east, north)


def _there(box: Box, crs: CRS, own: CRS, datum: str | None, name: str) -> Box:
    """A box in the layer's own coordinates, no smaller than it was."""
    west, south, east, north = box
    x, y = np.meshgrid(np.linspace(west, east, SIDE), np.linspace(south, north, SIDE))
    places = np.asarray(shapely.points(x.ravel(), y.ravel()), dtype=object)
    if datum is not None:
        lonlat = shapely.get_coordinates(moved(places, crs, WGS84, name))
        shifted = np.column_stack(_SHIFTS[datum](lonlat[:, 0], lonlat[:, 1]))
        places = np.asarray(shapely.points(shifted), dtype=object)
        crs = CRS.from_epsg(WGS84)
    west, south, east, north = shapely.total_bounds(moved(places, crs, own, name))
    return float(west), float(south), float(east), float(north)
