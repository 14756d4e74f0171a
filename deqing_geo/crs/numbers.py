"""What the numbers of a layer say of where it lies; they never tell the datum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Transformer

from deqing_geo.crs.systems import (
    CGCS2000,
    FIRST_PREFIX,
    FIRST_PREFIXED_EPSG,
    FIRST_ZONE_EPSG,
    PREFIX_STEP,
    ZONES_EAST,
    ZONES_WEST,
    zone_crs,
)
from deqing_geo.errors import CRSError, GeometryError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Box = tuple[float, float, float, float]

FITS, SWAPPED, ELSEWHERE = "fits", "swapped", "elsewhere"
# CGCS2000 / 6-degree Gauss-Krueger: EPSG:4491 (zone 13) to 4501 with the zone's number
# before the easting, 4502 (75 E) to 4512 without.
SIX_DEGREES = (*range(4491, 4502), *range(4502, 4513))
WEB_MERCATOR = 3857


def bounds(geometry: NDArray[Any]) -> Box:
    """The box around all shapes.

    Parameters
    ----------
    geometry : array of shapely geometries

    Returns
    -------
    xmin, ymin, xmax, ymax : float
        NaN where there is nothing.
    """
    if len(geometry) == 0:
        return np.nan, np.nan, np.nan, np.nan
    xmin, ymin, xmax, ymax = shapely.total_bounds(geometry)
    return float(xmin), float(ymin), float(xmax), float(ymax)


def fit(geometry: NDArray[Any], crs: CRS) -> str:
    """Whether numbers can be what their system says.

    Parameters
    ----------
    geometry : array of shapely geometries
        Finite.
    crs : CRS
        What the file says.

    Returns
    -------
    str
        ``fits``; ``swapped`` where only north before east makes sense of them; ``elsewhere``.
    """
    xmin, ymin, xmax, ymax = bounds(geometry)
    if not np.isfinite([xmin, ymin, xmax, ymax]).all():
        return FITS
    if crs.is_geographic:
        if max(abs(xmin), abs(xmax)) <= 180 and max(abs(ymin), abs(ymax)) <= 90:
            return FITS
        turned = max(abs(xmin), abs(xmax)) <= 90 and max(abs(ymin), abs(ymax)) <= 180
        return SWAPPED if turned else ELSEWHERE
    if _inside(lonlat(crs, xmin, ymin, xmax, ymax), crs):
        return FITS
    return SWAPPED if _inside(lonlat(crs, ymin, xmin, ymax, xmax), crs) else ELSEWHERE


def check_plausible(geometry: NDArray[Any], crs: CRS, name: str, index: pd.Index[Any]) -> None:
    """Refuse numbers that cannot be what their system says.

    Parameters
    ----------
    geometry : array of shapely geometries
    crs : CRS
        What the file says.
    name : str
        What the caller calls the layer.
    index : Index
        Labels of the rows, for the message.

    Raises
    ------
    GeometryError
        If a coordinate is not finite.
    CRSError
        If they lie elsewhere, or only with their axes swapped where they should.
    """
    box = shapely.bounds(geometry)
    present = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    odd = present & ~np.isfinite(box).all(axis=1)
    if odd.any():
        raise GeometryError(f"`{name}` has coordinates that are not finite numbers.", index[odd])
    found = fit(geometry, crs)
    if found == FITS:
        return
    xmin, ymin, xmax, ymax = bounds(geometry)
    where = f"x {xmin:.6g} to {xmax:.6g}, y {ymin:.6g} to {ymax:.6g}"
    if found == SWAPPED and crs.is_geographic:
        raise CRSError(
            f"`{name}` says it is in degrees ({crs.name}) and has {where}: latitude and "
            "longitude are swapped. Exchange x and y where the file was made."
        )
    if found == SWAPPED:
        raise CRSError(
            f"`{name}` has {where}, which {crs.name} takes elsewhere: x and y are swapped "
            "(Chinese survey files often put north first). Exchange them where the file was made."
        )
    said = (
        f"`{name}` says it is in degrees ({crs.name}) and has {where}: these are not degrees."
        if crs.is_geographic
        else f"`{name}` has {where}, far outside where {crs.name} is used."
    )
    raise CRSError(
        f"{said} Pass assume_crs= with the system it was made in.{_hint(xmin, ymin, xmax, ymax)}"
    )


def lonlat(crs: CRS, xmin: float, ymin: float, xmax: float, ymax: float) -> Floats:
    """Two corners of a box in degrees of the system's own datum.

    Parameters
    ----------
    crs : CRS
    xmin, ymin, xmax, ymax : float
        In `crs`.

    Returns
    -------
    array of float, shape (2, 2)
        Longitudes, then latitudes; not finite where `crs` has no such place.
    """
    base = crs.geodetic_crs
    if base is None:
        return np.full((2, 2), np.nan)
    to_degrees = Transformer.from_crs(crs, base, always_xy=True)
    lon, lat = to_degrees.transform([xmin, xmax], [ymin, ymax])
    return np.array([lon, lat], dtype=float)


def _inside(lonlat: Floats, crs: CRS) -> bool:
    """Whether a place lies where the system is used, with room for neighbours."""
    if not np.isfinite(lonlat).all() or (abs(lonlat[1]) > 90).any():
        return False
    area = crs.area_of_use
    if area is None:
        return True
    west, east = area.west - 6, area.east + 6
    if west > east:
        east += 360
    south, north = area.south - 6, area.north + 6
    lon, lat = lonlat
    around = lon + 360 * (lon < west)
    return bool(((around >= west) & (around <= east) & (lat >= south) & (lat <= north)).all())


def crs_hint(frame: gpd.GeoDataFrame) -> str:
    """What a layer's numbers look like, as the end of a message.

    Parameters
    ----------
    frame : GeoDataFrame
        Without a CRS.

    Returns
    -------
    str
        Empty where they look like nothing in particular.
    """
    box = bounds(np.asarray(frame.geometry.array, dtype=object))
    return _hint(*box) if np.isfinite(box).all() else ""


def _hint(xmin: float, ymin: float, xmax: float, ymax: float) -> str:
    """What the magnitude of coordinates in China suggests."""
    china_north = ymin > 0 and ymax < 6_000_000
    if xmin >= ZONES_WEST and xmax <= ZONES_EAST and ymin >= 0 and ymax <= 60:
        return f" The numbers look like degrees: perhaps {CGCS2000}."
    code = _prefixed(xmin, xmax)
    if china_north and ymin > 60 and code is not None:
        zone = code - FIRST_PREFIXED_EPSG + FIRST_PREFIX
        return f" The numbers look like 3-degree zone {zone}: perhaps {code}."
    if china_north and ymin > 100_000 and xmin >= 300_000 and xmax <= 700_000:
        return (
            " The numbers look like a 3-degree zone without its number: "
            "which meridian, only the sender knows."
        )
    return ""


def _prefixed(xmin: float, xmax: float) -> int | None:
    """EPSG code of the 3-degree zone whose number stands before the easting."""
    zone = xmin // PREFIX_STEP
    alike = xmax // PREFIX_STEP == zone and FIRST_PREFIX <= zone <= FIRST_PREFIX + 20
    return FIRST_PREFIXED_EPSG + int(zone) - FIRST_PREFIX if alike else None


def candidates(geometry: NDArray[Any]) -> list[tuple[CRS, bool]]:
    """The systems these numbers could be in, and whether with their axes swapped.

    Parameters
    ----------
    geometry : array of shapely geometries
        Finite.

    Returns
    -------
    list of (CRS, bool)
        CGCS2000 in degrees, its 3-degree and 6-degree zones with and without their number,
        UTM and Web Mercator, as far as the numbers allow. The same numbers in Xian 80 or
        Beijing 54 lie up to 130 m beside them: which datum it is, they do not tell.
    """
    box = bounds(geometry)
    turned = (box[1], box[0], box[3], box[2])
    codes = [CGCS2000, *range(FIRST_PREFIXED_EPSG, FIRST_PREFIXED_EPSG + 21)]
    codes += [*range(FIRST_ZONE_EPSG, FIRST_ZONE_EPSG + 21), *SIX_DEGREES]
    codes += [*range(32643, 32654), WEB_MERCATOR]
    out = []
    for code in codes:
        crs = CRS.from_epsg(code)
        for swapped, (xmin, ymin, xmax, ymax) in ((False, box), (True, turned)):
            if code == CGCS2000:
                fits = ZONES_WEST <= xmin <= xmax <= ZONES_EAST and 0 <= ymin <= ymax <= 60
            else:
                fits = _inside(lonlat(crs, xmin, ymin, xmax, ymax), crs)
            if fits:
                out.append((crs, swapped))
    return out


def data_zone(geometry: NDArray[Any], source: CRS, name: str) -> CRS:
    """The working system of a layer, by where its middle row lies.

    Parameters
    ----------
    geometry : array of shapely geometries
        In `source`.
    source : CRS
    name : str
        What the caller calls the layer.

    Returns
    -------
    CRS
        As of `zone_crs`; `source` itself where it is projected and there is nothing in it.

    Raises
    ------
    CRSError
        If an empty layer in degrees leaves its zone open.
    """
    if len(geometry) == 0 or not np.isfinite(shapely.total_bounds(geometry)).all():
        if source.is_projected:
            return source
        raise CRSError(f"`{name}` is empty, so its zone is unknown. Pass like= another layer.")
    # The middle row, not the middle of the bounds: one stray row far away must not choose.
    box = shapely.bounds(geometry)
    box = box[np.isfinite(box).all(axis=1)]
    x, y = np.median((box[:, 0] + box[:, 2]) / 2), np.median((box[:, 1] + box[:, 3]) / 2)
    (lon, _), (lat, _) = lonlat(source, float(x), float(y), float(x), float(y))
    return zone_crs(float(lon), float(lat))
