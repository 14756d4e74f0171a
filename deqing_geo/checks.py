"""What every measure demands of a frame before it counts: shapes, labels, words.

Coordinate systems are judged in `deqing_geo.crs`; here a layer is asked whether its rows
can be measured at all. All faults of a layer are gathered before one error is raised.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, DeqingGeoWarning, GeometryError, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Shapes = NDArray[Any]

_POLYGONS = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))
_LINES = (
    int(shapely.GeometryType.LINESTRING),
    int(shapely.GeometryType.MULTILINESTRING),
    int(shapely.GeometryType.LINEARRING),
)


_POINTS = (int(shapely.GeometryType.POINT), int(shapely.GeometryType.MULTIPOINT))


def require_areas(**layers: gpd.GeoDataFrame) -> Shapes:
    """Polygons to report on: valid, none empty, each with a label of its own.

    Parameters
    ----------
    **layers : GeoDataFrame
        One layer, by the caller's name for it.

    Returns
    -------
    array of shapely geometries
        The shapes, in order.

    Raises
    ------
    GeometryError
        If a row is empty, not a polygon, or crosses itself.
    InputError
        If the index repeats a label.
    """
    (name, frame), *_ = layers.items()
    shapes = require_polygons(**{name: frame})
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        raise GeometryError(f"`{name}` has rows without a shape.", frame.index[empty])
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()].unique()
        raise InputError(
            f"`{name}` repeats labels in its index, so a figure would have two owners. "
            f"Try {name}.reset_index(drop=True).",
            twice,
        )
    return shapes


def require_polygons(**layers: gpd.GeoDataFrame) -> Shapes:
    """Polygons: valid where there is one.

    Parameters
    ----------
    **layers : GeoDataFrame
        One layer, by the caller's name for it.

    Returns
    -------
    array of shapely geometries
        The shapes, in order; missing ones stay missing.

    Raises
    ------
    GeometryError
        If a row is not a polygon or crosses itself.
    """
    (name, frame), *_ = layers.items()
    shapes = _of_kind(name, frame, _POLYGONS, "polygons")
    bad = ~(shapely.is_valid(shapes) | shapely.is_missing(shapes))
    if bad.any():
        why = shapely.is_valid_reason(shapes[bad][0])
        raise GeometryError(
            f"`{name}` has shapes that are not valid ({why}). Read them with the library, which "
            f"mends them and says so, or try {name}.make_valid().",
            frame.index[bad],
        )
    return shapes


def require_lines(**layers: gpd.GeoDataFrame) -> Shapes:
    """Lines with finite coordinates.

    Parameters
    ----------
    **layers : GeoDataFrame
        One layer, by the caller's name for it.

    Returns
    -------
    array of shapely geometries
        The shapes, in order.

    Raises
    ------
    GeometryError
        If a row is missing, not a line, or not finite.
    """
    (name, frame), *_ = layers.items()
    shapes = _of_kind(name, frame, _LINES, "lines")
    missing = shapely.is_missing(shapes)
    if missing.any():
        raise GeometryError(f"`{name}` has rows without a shape.", frame.index[missing])
    return shapes


def require_points(**layers: gpd.GeoDataFrame) -> Shapes:
    """Places: points with finite coordinates.

    Parameters
    ----------
    **layers : GeoDataFrame
        One layer, by the caller's name for it.

    Returns
    -------
    array of shapely geometries
        The shapes, in order.

    Raises
    ------
    GeometryError
        If a row is missing, empty, not a point, or not finite.
    """
    (name, frame), *_ = layers.items()
    shapes = _of_kind(name, frame, _POINTS, "points")
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        raise GeometryError(f"`{name}` has rows without a place.", frame.index[empty])
    return shapes


def require_shapes(**layers: gpd.GeoDataFrame) -> Shapes:
    """Points, lines or polygons: valid where there is one, with finite coordinates.

    Parameters
    ----------
    **layers : GeoDataFrame
        One layer, by the caller's name for it.

    Returns
    -------
    array of shapely geometries
        The shapes, in order; missing ones stay missing.

    Raises
    ------
    GeometryError
        If a row is a collection, a polygon that crosses itself, or not finite.
    """
    (name, frame), *_ = layers.items()
    shapes = _of_kind(name, frame, (*_POINTS, *_LINES, *_POLYGONS), "points, lines or polygons")
    bad = ~(shapely.is_valid(shapes) | shapely.is_missing(shapes))
    bad &= np.isin(shapely.get_type_id(shapes), _POLYGONS)
    if bad.any():
        why = shapely.is_valid_reason(shapes[bad][0])
        raise GeometryError(
            f"`{name}` has shapes that are not valid ({why}). Read them with the library, which "
            f"mends them and says so, or try {name}.make_valid().",
            frame.index[bad],
        )
    return shapes


def warn_if_apart(areas: Shapes, **layers: Shapes) -> None:
    """Say aloud that a layer lies farther from the areas than they are wide.

    It is probably another place's, and a figure of 0 would look like an answer.

    Parameters
    ----------
    areas : array of shapely geometries
        What is reported on.
    **layers : array of shapely geometries
        By the caller's names for them.

    Warns
    -----
    DeqingGeoWarning
        For each such layer.
    """
    for name, shapes in layers.items():
        if len(areas) == 0 or len(shapes) == 0:
            continue
        here, there = shapely.total_bounds(areas), shapely.total_bounds(shapes)
        gap = np.hypot(*np.maximum(np.maximum(there[:2] - here[2:], here[:2] - there[2:]), 0))
        if gap > np.hypot(*(here[2:] - here[:2])):
            warnings.warn(
                f"`{name}` lies {gap / 1000:.1f} km beside the areas, so nothing of it counts. "
                "Is it the layer of another place?",
                DeqingGeoWarning,
                stacklevel=3,
            )


def _of_kind(name: str, frame: gpd.GeoDataFrame, kinds: tuple[int, ...], word: str) -> Shapes:
    shapes = np.asarray(frame.geometry.array, dtype=object)
    missing = shapely.is_missing(shapes)
    wrong = ~np.isin(shapely.get_type_id(shapes), kinds) & ~missing
    if wrong.any():
        came = ", ".join(sorted({shape.geom_type for shape in shapes[wrong]}))
        raise GeometryError(f"`{name}` needs {word}, and has {came}.", frame.index[wrong])
    present = ~(missing | shapely.is_empty(shapes))
    endless = present & ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    if not endless.any() and present.any():
        # Bounds pass over a NaN in the middle of a line; coordinates do not.
        coords, owner = shapely.get_coordinates(shapes, return_index=True)
        endless[owner[~np.isfinite(coords).all(axis=1)]] = True
    if endless.any():
        raise GeometryError(
            f"`{name}` has coordinates that are not finite numbers.", frame.index[endless]
        )
    return shapes


def require_words(
    frame: gpd.GeoDataFrame,
    name: str,
    column: str,
    *,
    blank: str = names.UNKNOWN,
    made_by: str = "",
) -> Shapes:
    """A column whose every value is in the library's vocabulary.

    Parameters
    ----------
    frame : GeoDataFrame
        The layer.
    name : str
        The caller's name for it.
    column : str
        The column.
    blank : str
        What a blank means.
    made_by : str
        The function that makes the column, for the message.

    Returns
    -------
    array of str
        One word a row.

    Raises
    ------
    ColumnError
        If the column is absent or holds another word.
    """
    known = names.vocabulary(column)
    if column not in frame:
        cure = f" {made_by} makes it; or" if made_by else ""
        raise ColumnError(
            f"`{name}` has no column `{column}` ({names.label(column)}).{cure} "
            f"add one with the words {', '.join(known)}."
        )
    raw = frame[column]
    words: Shapes = raw.astype(object).where(raw.notna(), blank).to_numpy(dtype=object)
    odd = ~np.isin(words.astype(str), list(known)) if len(words) else np.zeros(0, dtype=bool)
    odd &= words != blank
    if odd.any():
        seen = ", ".join(sorted({repr(word) for word in words[odd]})[:5])
        raise ColumnError(
            f"`{name}`: `{column}` holds {seen}; it may hold {', '.join(known)}.",
            frame.index[odd],
        )
    return words
