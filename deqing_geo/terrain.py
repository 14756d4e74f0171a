"""Rasters read and summed: heights, slopes and people per area.

Areas are brought to the raster, never the raster to the areas: resampling would change
every value. Cells count by the part of them that lies in an area.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from deqing_geo.checks import require_areas
from deqing_geo.crs import identify, moved
from deqing_geo.errors import BoundaryFileError, CRSError, DeqingGeoWarning, InputError
from deqing_geo.files import RASTERS, local_file
from deqing_geo.rasters import Raster

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

# What is asked, and what it is called where it is computed.
STATS = {
    "mean": "mean",
    "min": "min",
    "max": "max",
    "median": "median",
    "sum": "sum",
    "p10": "quantile(q=0.1)",
    "p90": "quantile(q=0.9)",
}
# Less of an area than this under known cells, and the caller is told.
WHOLE = 0.99
FILL = -9999.0


def read_raster(
    path: str | os.PathLike[str],
    *,
    band: int | None = None,
    within: gpd.GeoDataFrame | None = None,
    assume_crs: Any = None,
) -> Raster:
    """A GeoTIFF as cells in memory: heights, people, land cover.

    Parameters
    ----------
    path : path
        ``.tif`` on this machine.
    band : int, optional
        Which band, from 1; needed where there are several.
    within : GeoDataFrame, optional
        Read only the cells around these areas; a national raster need not fit in memory.
    assume_crs : optional
        The system the file was made in, where it does not say.

    Returns
    -------
    Raster
        Cells as the file has them, scale and offset applied; ``attrs`` holds ``file`` and,
        where the file names it, ``unit``.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable.
    CRSError
        If it does not say its coordinate system.
    InputError
        If the band must be named, the cells are turned or hold no plain numbers, or `within`
        lies elsewhere.

    Examples
    --------
    >>> import tempfile, rasterio
    >>> made = Raster(np.arange(6.0).reshape(2, 3), 500_000, 3_380_060, 30, "EPSG:4549")
    >>> options = {"crs": made.crs, "transform": made.transform, "nodata": -9999}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with rasterio.open(f"{folder}/h.tif", "w", driver="GTiff", width=3, height=2,
    ...                        count=1, dtype="float64", **options) as out:
    ...         out.write(made.values, 1)
    ...     read_raster(f"{folder}/h.tif")
    <Raster of 2 x 3 cells of 30 m, EPSG:4549>
    """
    import rasterio

    file, kind = local_file(path, RASTERS)
    try:
        with rasterio.open(file, driver=kind.driver) as opened:
            return _read(opened, file.name, band, within, assume_crs)
    except rasterio.errors.RasterioError as error:
        raise BoundaryFileError(f"{file}: cannot be read ({error}). Ask for it again.") from error


def _read(
    opened: Any, name: str, band: int | None, within: gpd.GeoDataFrame | None, assume_crs: Any
) -> Raster:
    from rasterio.windows import Window

    if band is None and opened.count > 1:
        raise InputError(f"{name} has {opened.count} bands. Pass band=, from 1.")
    band = 1 if band is None else band
    if not 1 <= band <= opened.count:
        raise InputError(f"{name} has no band {band}; it has {opened.count}.")
    if opened.crs is None and assume_crs is None:
        raise CRSError(
            f"{name} does not say its coordinate system. Pass assume_crs= with the one it was "
            "made in."
        )
    crs = identify(opened.crs.to_wkt() if assume_crs is None else assume_crs)
    place = opened.transform
    if place.b or place.d or place.a <= 0 or place.e >= 0:
        raise InputError(f"{name}: its cells are turned or upside down. Warp it to north up first.")
    if np.dtype(opened.dtypes[band - 1]).kind not in "iuf":
        raise InputError(f"{name}: band {band} holds {opened.dtypes[band - 1]}, no plain numbers.")
    window = Window(0, 0, opened.width, opened.height)
    if within is not None:
        areas = moved(np.asarray(within.geometry.array, dtype=object), within.crs, crs, "within")
        if (shapely.is_missing(areas) | shapely.is_empty(areas)).all():
            raise InputError("`within` has no shape in it.")
        box = shapely.total_bounds(areas)
        # A cell more on every side, so that slopes are known to the edge.
        first = max(0, math.floor((box[0] - place.c) / place.a) - 1)
        last = min(opened.width, math.ceil((box[2] - place.c) / place.a) + 1)
        top = max(0, math.floor((box[3] - place.f) / place.e) - 1)
        bottom = min(opened.height, math.ceil((box[1] - place.f) / place.e) + 1)
        if last <= first or bottom <= top:
            raise InputError(f"{name} does not cover `within`: it lies elsewhere.")
        window = Window(first, top, last - first, bottom - top)
    values = opened.read(band, window=window)
    unknown = opened.read_masks(band, window=window) == 0
    scale, offset = opened.scales[band - 1], opened.offsets[band - 1]
    if (scale, offset) != (1.0, 0.0):
        values = values * scale + offset
    if values.dtype.kind == "f":
        unknown |= ~np.isfinite(values)
    nodata: float | None = None
    if unknown.any():
        nodata = FILL if values.dtype.kind == "f" else _free(values, opened.nodatavals[band - 1])
        values = np.where(unknown, np.array(nodata, dtype=values.dtype), values)
    code = crs.to_epsg()
    attrs = {"file": name}
    if opened.units[band - 1]:
        attrs["unit"] = opened.units[band - 1]
    return Raster(
        values,
        float(place.c + window.col_off * place.a),
        float(place.f + window.row_off * place.e),
        float(place.a),
        f"EPSG:{code}" if code else crs.to_wkt(),
        nodata,
        attrs,
        None if place.a == -place.e else float(-place.e),
    )


def _free(values: NDArray[Any], given: float | None) -> int:
    """A whole number that stands for no value."""
    if given is not None and np.isfinite(given):
        return int(given)
    limits = np.iinfo(values.dtype)
    return int(limits.min if limits.min < 0 else limits.max)


def slope(terrain: Raster) -> Raster:
    """How steep the ground is, by Horn's eight neighbours.

    Parameters
    ----------
    terrain : Raster
        Heights in metres; in degrees or in metres north up. In degrees every row has cells of
        its own size, by the radii of the ellipsoid at its latitude.

    Returns
    -------
    Raster
        Degrees, 0 to 90. Without a value where one of the nine cells has none, and along
        the outer edge: read a cell more than you need (`read_raster` does, with ``within=``).

    Raises
    ------
    CRSError
        If the raster's system is neither geographic nor in metres, or is Web Mercator, in
        which a metre is none.
    InputError
        If the raster is smaller than three cells by three.

    Notes
    -----
    Horn, B.K.P. (1981), Hill shading and the reflectance map, Proc. IEEE 69(1): the weights
    1, 2, 1 over eight cell breadths.

    Examples
    --------
    A plane that rises one metre in one:

    >>> plane = np.add.outer(np.zeros(4), np.arange(5.0) * 30)
    >>> steep = slope(Raster(plane, 500_000, 3_380_120, 30, "EPSG:4549"))
    >>> steep.values[1:3, 1:4].round(9).tolist()
    [[45.0, 45.0, 45.0], [45.0, 45.0, 45.0]]
    """
    rows, columns = terrain.values.shape
    if rows < 3 or columns < 3:
        raise InputError(f"`terrain` has {rows} x {columns} cells; a slope needs three by three.")
    east_m, north_m = _cell_metres(terrain)
    heights = np.where(terrain.known, terrain.values.astype(float), np.nan)
    up, level, down = heights[:-2], heights[1:-1], heights[2:]
    right = up[:, 2:] + 2 * level[:, 2:] + down[:, 2:]
    left = up[:, :-2] + 2 * level[:, :-2] + down[:, :-2]
    above = up[:, :-2] + 2 * up[:, 1:-1] + up[:, 2:]
    below = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    rise = np.hypot((right - left) / (8 * east_m[1:-1]), (above - below) / (8 * north_m[1:-1]))
    out = np.full(terrain.values.shape, FILL)
    # The middle of a hole would come out level without this: its own value is not asked.
    inner = np.where(np.isnan(level[:, 1:-1]), np.nan, np.degrees(np.arctan(rise)))
    out[1:-1, 1:-1] = np.where(np.isnan(inner), FILL, inner)
    attrs = {**terrain.attrs, "unit": "degree"}
    return replace(terrain, values=out, nodata=FILL, attrs=attrs)


def _cell_metres(terrain: Raster) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Breadth and height of the cells of each row, metres, as columns."""
    crs = CRS.from_user_input(terrain.crs)
    rows = terrain.values.shape[0]
    if not crs.is_geographic:
        metres = {axis.unit_name for axis in crs.axis_info[:2]} == {"metre"}
        if not crs.is_projected or not metres or crs.to_epsg() == 3857:
            raise CRSError(
                f"`terrain` is in {crs.name}, in which a cell's metres are none. Warp it to "
                "EPSG:4549, or give it in degrees."
            )
        ones = np.ones((rows, 1))
        return ones * terrain.cell, ones * terrain.high
    ellipsoid = crs.get_geod()
    if ellipsoid is None:
        raise CRSError(f"`terrain` is in {crs.name}, which names no ellipsoid.")
    a, f = ellipsoid.a, ellipsoid.f
    latitude = np.radians(terrain.north - (np.arange(rows)[:, None] + 0.5) * terrain.high)
    # Radii of curvature along the parallel's normal and along the meridian.
    e2 = f * (2 - f)
    w2 = 1 - e2 * np.sin(latitude) ** 2
    across, along = a / np.sqrt(w2), a * (1 - e2) / w2**1.5
    return (
        across * np.cos(latitude) * np.radians(terrain.cell),
        along * np.radians(terrain.high),
    )


def zonal(
    areas: gpd.GeoDataFrame, raster: Raster, stats: Sequence[str] = ("mean",)
) -> pd.DataFrame:
    """What a raster says of each area: mean height, steepest slope, people.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        In any CRS with a known way to the raster's.
    raster : Raster
        Values.
    stats : sequence of str
        Of ``mean``, ``min``, ``max``, ``median``, ``sum``, ``p10``, ``p90``. Cells count by the
        part of them that lies in the area, so sums of a whole add up.

    Returns
    -------
    DataFrame
        Index of `areas`; a column for each statistic, and ``known_share``: how much of the area
        lies under cells with a value. Where none does, all are NaN, never 0.

    Raises
    ------
    InputError
        If a statistic is not known.
    GeometryError
        If an area is no valid polygon.
    CRSError
        If there is no exact way from the areas' system to the raster's.

    Warns
    -----
    DeqingGeoWarning
        If less than 99 % of an area lies under known cells: the rows are named.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> heights = np.add.outer(np.zeros(10), np.repeat([5.0, 7.0, 9.0, 11.0], 10))
    >>> terrain = Raster(heights, sample.X0, sample.Y0 + 1000, 100, sample.CRS)
    >>> zonal(sample.villages(), terrain, ["mean", "max"])
       mean   max  known_share
    A   5.0   5.0          1.0
    B   7.0   7.0          1.0
    C   9.0   9.0          1.0
    D  11.0  11.0          1.0
    """
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    stats = list(dict.fromkeys(stats))
    odd = [stat for stat in stats if stat not in STATS]
    if odd:
        raise InputError(f"zonal knows no {odd[0]!r}; it knows {', '.join(STATS)}.")
    import geopandas as gpd

    shapes = moved(require_areas(areas=areas), areas.crs, raster.crs, "areas")
    known = raster.known
    values = np.where(known, raster.values.astype(float), FILL)
    source = NumPyRasterSource(
        values, *raster.bounds, nodata=FILL, srs_wkt=CRS.from_user_input(raster.crs).to_wkt()
    )
    frame = gpd.GeoDataFrame(geometry=shapes, crs=raster.crs)
    found = exact_extract(
        source,
        frame,
        [STATS[key] for key in stats] + ["count"],
        output="pandas",
        strategy="raster-sequential",
    )
    # A quantile comes back under a name of its own; the order is as asked.
    found.columns = pd.Index([*stats, "cells"])
    cells = found.pop("cells").to_numpy(dtype=float)
    share = cells * raster.cell * raster.high / shapely.area(shapes)
    out = found.astype(float).set_axis(areas.index, axis="index")
    # Somewhat more than the whole is a matter of rounding.
    out["known_share"] = np.clip(share, 0, 1)
    out.loc[cells == 0, list(stats)] = np.nan
    partly = areas.index[share < WHOLE]
    if len(partly):
        shown = ", ".join(map(str, partly[:5]))
        warnings.warn(
            f"{len(partly)} areas lie partly outside the raster's known cells ({shown}): "
            "known_share says how much is measured.",
            DeqingGeoWarning,
            stacklevel=2,
        )
    return pd.DataFrame(out[[*stats, "known_share"]])
