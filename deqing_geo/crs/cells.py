"""Square cells over areas, aligned to the whole metres of their coordinate system."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.crs.demands import require_metres
from deqing_geo.errors import GeometryError, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Shapes = NDArray[Any]

# Ours: a frame of a million cells takes some gigabytes, and no map shows them.
MOST_CELLS = 1_000_000
# Slivers that an overlay leaves beside a cell's edge are no land: a square millimetre.
SLIVER_M2 = 1e-6
# What a cell inherits of the areas where all of them say the same.
SAID = ("source", "as_of", "notice")
_POLYGONS = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))


def grid(areas: gpd.GeoDataFrame, size_m: float, *, clip: bool = True) -> gpd.GeoDataFrame:
    """Square cells over the areas (格网), to be measured like any areas.

    Cells begin at whole multiples of their size, so that two grids of one size over different
    areas, or of two years, lie on each other.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        Metric CRS. Where they overlap, land is covered once.
    size_m : float
        Length of a side, a whole number of metres.
    clip : bool
        Whether cells at the edge are cut to the areas, so that a figure per square kilometre is
        one of land that is there; else every cell the areas reach into is a whole square.

    Returns
    -------
    GeoDataFrame of Polygon and MultiPolygon
        One row a cell, from south to north and west to east, whatever the order of the areas.
        The index is called after the south-western corner in whole metres, ``E496000N3380000``;
        ``cell_x`` and ``cell_y`` are the same as numbers.

    Raises
    ------
    CRSError
        If the areas have no CRS or are in degrees.
    GeometryError
        If a row is empty, not a polygon, or crosses itself.
    InputError
        If there is no area, the size is not a whole number of metres above 0, or there would be
        more than a million cells.

    Examples
    --------
    Paper Town is 2 km by 2 km:

    >>> from deqing_geo import sample
    >>> cells = grid(sample.villages(), 500)
    >>> len(cells), float(cells.area.sum())
    (16, 4000000.0)
    >>> cells.index[0]
    'E500000N3380000'
    """
    import geopandas as gpd

    require_metres(areas=areas)
    shapes = _polygons(areas)
    if isinstance(size_m, bool) or not isinstance(size_m, (int, float, np.integer, np.floating)):
        raise InputError(f"size_m={size_m!r} is no number of metres.")
    if not (math.isfinite(size_m) and size_m >= 1 and size_m == round(size_m)):
        raise InputError(
            f"size_m={size_m!r}: cells are called after their corner in whole metres, so a side is "
            "a whole number of metres, 1 or more."
        )
    if len(shapes) == 0:
        raise InputError("`areas` is empty: a grid over what?")
    size = int(size_m)
    land = shapely.union_all(shapes)
    low_x, low_y, high_x, high_y = shapely.bounds(land)
    west, south = math.floor(low_x / size), math.floor(low_y / size)
    columns, rows = math.ceil(high_x / size) - west, math.ceil(high_y / size) - south
    if columns * rows > MOST_CELLS:
        least = math.ceil(math.sqrt((high_x - low_x) * (high_y - low_y) / MOST_CELLS))
        raise InputError(
            f"size_m={size_m:g} makes {columns * rows:,} cells over the areas' bounds, more than "
            f"{MOST_CELLS:,}. Try size_m={max(least, size + 1)} or more, or fewer areas."
        )
    x, y, cells = _cells(land, west, south, columns, rows, size, clip)
    table: dict[str, Any] = {"cell_x": x, "cell_y": y}
    for column in SAID:
        if column in areas and areas[column].nunique(dropna=False) == 1:
            table[column] = areas[column].iloc[0]
    names = [f"E{east}N{north}" for east, north in zip(x.tolist(), y.tolist(), strict=True)]
    out = gpd.GeoDataFrame(table, index=names, geometry=cells, crs=areas.crs)
    out.index.name = "cell"
    out.attrs.update(areas.attrs)
    return out


def _polygons(areas: gpd.GeoDataFrame) -> Shapes:
    """Valid polygons; `checks` stands beside this room, so it is asked here."""
    shapes = np.asarray(areas.geometry.array, dtype=object)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        raise GeometryError("`areas` has rows without a shape.", areas.index[empty])
    wrong = ~np.isin(shapely.get_type_id(shapes), _POLYGONS)
    if wrong.any():
        came = ", ".join(sorted({shape.geom_type for shape in shapes[wrong]}))
        raise GeometryError(f"`areas` needs polygons, and has {came}.", areas.index[wrong])
    bad = ~(shapely.is_valid(shapes) & np.isfinite(shapely.bounds(shapes)).all(axis=1))
    if bad.any():
        raise GeometryError(
            "`areas` has shapes that are not valid. Try areas.make_valid().", areas.index[bad]
        )
    return shapes


def _cells(
    land: Any, west: int, south: int, columns: int, rows: int, size: int, clip: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], Shapes]:
    """The south-western corners of the cells that hold land, and their shapes."""
    # Strips first: a cell at the edge is then cut by what lies in its row, not by the whole
    # outline of a county.
    bottom = (south + np.arange(rows)) * size
    left, right = np.full(rows, west * size), np.full(rows, (west + columns) * size)
    strips = shapely.box(left, bottom, right, bottom + size)
    parts, row = shapely.get_parts(shapely.intersection(strips, land), return_index=True)
    flat = shapely.get_type_id(parts) == _POLYGONS[0]
    parts, row = parts[flat], row[flat]
    # Every part meets the cells between its western and its eastern end.
    low = np.floor(shapely.bounds(parts)[:, 0] / size).astype(np.int64)
    high = np.ceil(shapely.bounds(parts)[:, 2] / size).astype(np.int64)
    count = np.maximum(high - low, 1)
    part = np.repeat(np.arange(len(parts)), count)
    within = np.arange(len(part)) - np.repeat(np.cumsum(count) - count, count)
    x, y = (low[part] + within) * size, bottom[row[part]]
    squares = shapely.box(x, y, x + size, y + size)
    shapely.prepare(parts)
    inside = shapely.contains(parts[part], squares)
    pieces = squares.copy()
    pieces[~inside] = shapely.intersection(parts[part[~inside]], squares[~inside])
    # Points and edges that a cell shares with the land outside it are no land.
    piece, of = shapely.get_parts(pieces, return_index=True)
    real = (shapely.get_type_id(piece) == _POLYGONS[0]) & (shapely.area(piece) > SLIVER_M2)
    piece, x, y = piece[real], x[of[real]], y[of[real]]
    cell = (y // size - south) * columns + (x // size - west)
    order = np.argsort(cell, kind="stable")
    cell, first = np.unique(cell[order], return_index=True)
    x, y = x[order][first], y[order][first]
    if not clip:
        return x, y, np.asarray(shapely.box(x, y, x + size, y + size))
    several = np.diff(np.append(first, len(order)))
    shapes = piece[order][first]
    many = np.repeat(several > 1, several)
    if many.any():
        owner = np.repeat(np.cumsum(several > 1) - 1, several)[many]
        shapes[several > 1] = shapely.multipolygons(piece[order][many], indices=owner)
    return x, y, shapes
