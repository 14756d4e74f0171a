"""Cells to shapes whose common borders are one line each.

Borders are taken from the grid once, as lines between the places where three holdings
meet, smoothed with those places held fast, rounded to a millimetre and closed to
polygons. Neighbours therefore share every vertex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy import ndimage

from deqing_geo.sample.ground import CELL, Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMOOTHING = 1.8  # cells


def polygons(holder: NDArray[Any], grid: Grid, count: int) -> NDArray[Any]:
    """The shape of every holding.

    Parameters
    ----------
    holder : ndarray, shape of the grid
        Whose each cell is, 0 to count - 1; -1 outside.
    grid : Grid
        Of the cells.
    count : int
        How many holders.

    Returns
    -------
    ndarray of shape (count,)
        Polygons, or MultiPolygons for holdings in several pieces; metres, whole
        millimetres. Together they are a valid coverage.
    """
    lines = [smooth(shapely.get_coordinates(arc)) for arc in _arcs(holder)]
    shapes: list[Any] = [
        shapely.linestrings(np.round(line * CELL + (grid.x0, grid.y0), 3)) for line in lines
    ]
    faces = shapely.get_parts(shapely.polygonize(shapes))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    rows = ((inner[:, 1] - grid.y0) // CELL).astype(int)
    columns = ((inner[:, 0] - grid.x0) // CELL).astype(int)
    whose = holder[rows, columns]
    out = np.empty(count, dtype=object)
    for one in range(count):
        parts = faces[whose == one]
        out[one] = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return out


def _arcs(holder: NDArray[Any]) -> NDArray[Any]:
    """Borders between cells of different holders, merged up to where three meet."""
    upright = np.argwhere(holder[:, 1:] != holder[:, :-1])
    level = np.argwhere(holder[1:] != holder[:-1])
    column, row = upright[:, 1] + 1, upright[:, 0]
    first = np.stack([np.stack([column, row], 1), np.stack([column, row + 1], 1)], 1)
    column, row = level[:, 1], level[:, 0] + 1
    second = np.stack([np.stack([column, row], 1), np.stack([column + 1, row], 1)], 1)
    edges: Any = shapely.linestrings(np.concatenate([first, second]).astype(float))
    return np.asarray(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(edges))))


def smooth(points: NDArray[np.float64], cells: float = SMOOTHING) -> NDArray[np.float64]:
    """A line without its steps; its ends stay, and a ring stays closed.

    Parameters
    ----------
    points : ndarray of shape (N, 2)
        In cells.
    cells : float
        How far a step's influence reaches.

    Returns
    -------
    ndarray of shape (N, 2)
        In cells.
    """
    last = len(points) - 1
    if last < 3:
        return points
    if (points[0] == points[-1]).all():
        ring = ndimage.gaussian_filter1d(points[:-1], min(cells, last / 8), axis=0, mode="wrap")
        return np.vstack([ring, ring[:1]])
    # Mirrored through its ends, so that they do not move.
    longer = np.concatenate(
        [2 * points[:1] - points[:0:-1], points, 2 * points[-1:] - points[-2::-1]]
    )
    out = ndimage.gaussian_filter1d(longer, min(cells, (last + 1) / 6), axis=0)
    out = np.asarray(out[last : 2 * last + 1])
    out[0], out[-1] = points[0], points[-1]
    return out
