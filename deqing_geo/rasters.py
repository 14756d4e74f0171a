"""Rasters: numbers on cells, and where the cells lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from pyproj import CRS

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A grid of cells, north up.

    Attributes
    ----------
    values : ndarray of shape (rows, columns)
        The first row is the northernmost.
    west, north : float
        The outer corner of the first cell, in units of the CRS.
    cell : float
        Breadth of a cell, in units of the CRS.
    crs : str
        Projected or geographic.
    nodata : float or int or None
        What a cell without a value holds; None where every cell has one.
    attrs : dict
        What the raster says of itself, as a frame's ``attrs`` do: ``notice``, ``unit``.
    cell_height : float, optional
        Where cells are not square, how high they are.

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
    nodata: float | None = -9999.0
    attrs: dict[str, Any] = field(default_factory=dict)
    cell_height: float | None = None

    def __repr__(self) -> str:
        rows, columns = self.values.shape
        unit = "m" if CRS.from_user_input(self.crs).is_projected else "degrees"
        return f"<Raster of {rows} x {columns} cells of {self.cell:g} {unit}, {self.crs}>"

    @property
    def high(self) -> float:
        """How high a cell is, in units of the CRS."""
        return self.cell if self.cell_height is None else self.cell_height

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which cells have a value."""
        there = ~np.isnan(self.values) if self.values.dtype.kind == "f" else np.True_
        if self.nodata is not None:
            there = there & (self.values != self.nodata)
        return np.broadcast_to(there, self.values.shape).copy()

    @property
    def transform(self) -> Affine:
        """Cell to place, as rasterio writes it."""
        return Affine(self.cell, 0.0, self.west, 0.0, -self.high, self.north)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in units of the CRS."""
        rows, columns = self.values.shape
        south, east = self.north - rows * self.high, self.west + columns * self.cell
        return self.west, south, east, self.north

    def at(self, places: NDArray[Any]) -> NDArray[np.float64]:
        """The value of the cell each place lies in.

        Parameters
        ----------
        places : ndarray of shape (N, 2)
            x and y, in units of the CRS.

        Returns
        -------
        ndarray of shape (N,)
            NaN outside and where there is no value.
        """
        where = np.asarray(places, dtype=float).reshape(-1, 2)
        columns = np.floor((where[:, 0] - self.west) / self.cell).astype(np.int64)
        rows = np.floor((self.north - where[:, 1]) / self.high).astype(np.int64)
        height, width = self.values.shape
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        out = np.full(len(where), np.nan)
        cells = (rows[inside], columns[inside])
        out[inside] = np.where(self.known[cells], self.values[cells].astype(float), np.nan)
        return out
