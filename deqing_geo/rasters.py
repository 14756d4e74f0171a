"""Rasters: numbers on square cells, and where the cells lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A grid of square cells, north up, in metres.

    Attributes
    ----------
    values : ndarray of shape (rows, columns)
        The first row is the northernmost.
    west, north : float
        The outer corner of the first cell, metres.
    cell : float
        Side of a cell, metres.
    crs : str
        A projected system.
    nodata : float or int
        What a cell without a value holds.
    attrs : dict
        What the raster says of itself, as a frame's ``attrs`` do: ``notice``, ``unit``.

    Examples
    --------
    >>> metres = np.array([[1.0, 2.0], [3.0, -9999.0]])
    >>> heights = Raster(metres, west=500_000, north=3_380_060, cell=30, crs="EPSG:4549")
    >>> heights
    <Raster of 2 x 2 cells of 30 m, EPSG:4549>
    >>> heights.at(np.array([[500_045, 3_380_050]])).tolist()
    [2.0]
    """

    values: NDArray[Any]
    west: float
    north: float
    cell: float
    crs: str
    nodata: float = -9999.0
    attrs: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        rows, columns = self.values.shape
        return f"<Raster of {rows} x {columns} cells of {self.cell:g} m, {self.crs}>"

    @property
    def transform(self) -> Affine:
        """Cell to metres, as rasterio writes it."""
        return Affine(self.cell, 0.0, self.west, 0.0, -self.cell, self.north)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres."""
        rows, columns = self.values.shape
        south, east = self.north - rows * self.cell, self.west + columns * self.cell
        return self.west, south, east, self.north

    def at(self, places: NDArray[Any]) -> NDArray[np.float64]:
        """The value of the cell each place lies in.

        Parameters
        ----------
        places : ndarray of shape (N, 2)
            x and y, metres.

        Returns
        -------
        ndarray of shape (N,)
            NaN outside and where there is no value.
        """
        where = np.asarray(places, dtype=float).reshape(-1, 2)
        columns = np.floor((where[:, 0] - self.west) / self.cell).astype(np.int64)
        rows = np.floor((self.north - where[:, 1]) / self.cell).astype(np.int64)
        height, width = self.values.shape
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        out = np.full(len(where), np.nan)
        got = self.values[rows[inside], columns[inside]].astype(float)
        out[inside] = np.where(got == self.nodata, np.nan, got)
        return out
