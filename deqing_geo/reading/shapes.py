"""Which shapes a layer may hold, and what is done with those that are empty or cross themselves."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from deqing_geo.errors import DeqingGeoWarning, GeometryError, RepairWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray

POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
LINES = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.MULTILINESTRING,
    shapely.GeometryType.LINEARRING,
)
POINTS = (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT)
PLACES = (*POINTS, *POLYGONS)
KIND_WORDS = {
    POLYGONS: "polygons",
    LINES: "lines",
    POINTS: "points",
    PLACES: "points or polygons",
}


def of_kind(frame: gpd.GeoDataFrame, kind: tuple[shapely.GeometryType, ...]) -> NDArray[np.bool_]:
    """Which rows are of a kind of shape, or of none.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    kind : tuple of GeometryType
        `POLYGONS`, `LINES`, `POINTS` or `PLACES`.

    Returns
    -------
    array of bool
    """
    geometry = np.asarray(frame.geometry.array, dtype=object)
    right = np.isin(shapely.get_type_id(geometry), [int(one) for one in kind])
    out: NDArray[np.bool_] = right | shapely.is_missing(geometry) | shapely.is_empty(geometry)
    return out


def sound_geometry(
    frame: gpd.GeoDataFrame,
    kind: tuple[shapely.GeometryType, ...],
    name: str,
    told: dict[str, Any],
) -> gpd.GeoDataFrame:
    """Shapes of the kind asked for, valid, none empty; what was mended or left out is told.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    kind : tuple of GeometryType
        What it may hold.
    name : str
        What the caller calls the layer.
    told : dict
        The notes; what is decided here is added.

    Returns
    -------
    GeoDataFrame
        Index 0 to n-1 where rows were left out.

    Raises
    ------
    GeometryError
        If rows are of another kind.

    Warns
    -----
    RepairWarning
        If shapes crossed themselves and were mended.
    DeqingGeoWarning
        If rows had no shape and were left out.
    """
    geometry = np.asarray(frame.geometry.array, dtype=object)
    wrong = ~of_kind(frame, kind)
    if wrong.any():
        came = sorted({shape.geom_type for shape in geometry[wrong]})
        raise GeometryError(
            f"`{name}` needs {KIND_WORDS[kind]} and {told['file']} holds {', '.join(came)}. "
            "Give the layer of the right kind, or leave these rows out.",
            frame.index[wrong],
        )
    areas = kind in (POLYGONS, PLACES)
    bad = ~(shapely.is_valid(geometry) | shapely.is_missing(geometry)) if areas else wrong
    if bad.any():
        mended = geometry.copy()
        try:
            # `structure` keeps overlapping parts where `linework` would make them holes.
            whole = shapely.make_valid(geometry[bad], method="structure", keep_collapsed=False)
        except shapely.errors.GEOSException as error:
            raise GeometryError(
                f"`{name}`: shapes of {told['file']} cannot be mended ({error}). "
                "Draw them again, or leave these rows out.",
                frame.index[bad],
            ) from error
        mended[bad] = whole
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
