"""Which system a layer is in: by its code or its exact parameters, never by likeness."""

from __future__ import annotations

import functools
import math
from typing import Any

from pyproj import CRS
from pyproj.crs import CompoundCRS
from pyproj.exceptions import CRSError as ProjCRSError

from deqing_geo.errors import CRSError

CGCS2000 = 4490
WGS84 = 4326
GLOBAL = "WGS 84 or CGCS2000"
# CGCS2000 / 3-degree Gauss-Krueger with 500 km false easting: EPSG:4534 (75 E) to 4554 (135 E).
FIRST_ZONE_EPSG = 4534
FIRST_ZONE_CM = 75.0
ZONE_WIDTH = 3.0
ZONES_WEST, ZONES_EAST = 73.5, 136.5
# Their EPSG codes, from 75 E to 135 E.
ZONES = range(FIRST_ZONE_EPSG, FIRST_ZONE_EPSG + 21)
# The same zones with the zone number before the easting: EPSG:4513 (zone 25) to 4533 (45).
FIRST_PREFIXED_EPSG = 4513
FIRST_PREFIX = 25
FALSE_EASTING = 500_000.0
PREFIX_STEP = 1_000_000.0
# pyproj's own scale of 0-100. Below 70 it finds systems 18 degrees away (measured).
EPSG_CONFIDENCE = 70


def zone_crs(lon: float, lat: float) -> CRS:
    """The working coordinate system at a place.

    Parameters
    ----------
    lon, lat : float
        Degrees east and north.

    Returns
    -------
    CRS
        CGCS2000 / 3-degree Gauss-Krueger with its own central meridian between 73.5 and
        136.5 degrees east in the northern hemisphere, the WGS 84 UTM zone elsewhere.

    Raises
    ------
    CRSError
        If the place is not on the Earth.

    Examples
    --------
    >>> zone_crs(119.967662, 30.534927).to_epsg()  # Wukang, Deqing
    4549
    >>> zone_crs(1.52, 42.5).to_epsg()  # Andorra
    32631
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise CRSError(f"({lon}, {lat}) is not a longitude and a latitude in degrees.")
    if ZONES_WEST <= lon < ZONES_EAST and lat >= 0:
        zone = math.floor((lon - ZONES_WEST) / ZONE_WIDTH)
        return CRS.from_epsg(FIRST_ZONE_EPSG + zone)
    utm = min(int((lon + 180) // 6) + 1, 60)
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + utm)


def identify(crs: Any) -> CRS:
    """The registered system behind a file's own spelling of it.

    Survey offices write the CGCS2000 zones in many ways: ESRI names, custom strings, with
    a vertical system attached. A system is recognised by its registry code or by its exact
    parameters, never by likeness.

    Parameters
    ----------
    crs : CRS or anything pyproj understands
        As read.

    Returns
    -------
    CRS
        By EPSG code where it is recognised, otherwise as it came.

    Raises
    ------
    CRSError
        If it is not a coordinate system, or has no place on the Earth.

    Examples
    --------
    >>> text = "+proj=tmerc +lat_0=0 +lon_0=120 +k=1 +x_0=40500000 +y_0=0 +ellps=GRS80 +units=m"
    >>> identify(text).to_epsg()
    4528
    """
    try:
        found = CRS.from_user_input(crs)
    except ProjCRSError as error:
        raise CRSError(f"{crs!r} is not a coordinate system: {error}.") from error
    return _identified(found.to_wkt())


@functools.lru_cache(maxsize=64)
def _identified(wkt: str) -> CRS:
    """What `identify` finds; asking the registry takes milliseconds, and layers ask often."""
    found = CRS.from_wkt(wkt)
    if found.is_compound:
        flat = [
            part for part in CompoundCRS.from_user_input(found).sub_crs_list if not part.is_vertical
        ]
        found = flat[0] if flat else found
    elif len(found.axis_info) > 2 and not found.is_geocentric:
        found = found.to_2d()
    code = found.to_epsg(EPSG_CONFIDENCE)
    if code is not None:
        return CRS.from_epsg(code)
    code = _cgcs2000_zone(found)
    if code is not None:
        return CRS.from_epsg(code)
    if found.geodetic_crs is None:
        raise CRSError(
            f"{found.name!r} has no place on the Earth (a local grid). "
            "Ask for the layer in CGCS2000."
        )
    return found


def _cgcs2000_zone(crs: CRS) -> int | None:
    """EPSG code of a CGCS2000 3-degree zone by its exact parameters."""
    operation, ellipsoid, base = crs.coordinate_operation, crs.ellipsoid, crs.geodetic_crs
    if not crs.is_projected or operation is None or ellipsoid is None or base is None:
        return None
    if family(base) != GLOBAL or [axis.direction for axis in crs.axis_info] != ["east", "north"]:
        return None
    if operation.method_name not in ("Transverse Mercator", "Gauss-Kruger"):
        return None
    if (
        abs(ellipsoid.semi_major_metre - 6378137) > 0.01
        or abs(ellipsoid.inverse_flattening - 298.257222101) > 1e-6
        or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info)
    ):
        return None
    values = {param.name: float(param.value) for param in operation.params}
    cm = values.get("Longitude of natural origin", math.nan)
    easting = values.get("False easting", math.nan)
    plain = (
        values.get("Latitude of natural origin"),
        values.get("Scale factor at natural origin"),
        values.get("False northing"),
    ) == (0.0, 1.0, 0.0)
    zone = (cm - FIRST_ZONE_CM) / ZONE_WIDTH
    if not plain or not math.isfinite(zone) or zone != round(zone) or not 0 <= zone <= 20:
        return None
    if easting == FALSE_EASTING:
        return FIRST_ZONE_EPSG + round(zone)
    if easting == (FIRST_PREFIX + zone) * PREFIX_STEP + FALSE_EASTING:
        return FIRST_PREFIXED_EPSG + round(zone)
    return None


def family(crs: CRS) -> str:
    """WGS 84 and CGCS2000 are one family; anything else is itself.

    Files spell both in many ways, so the datum's name and the ellipsoid decide. A datum
    without a name on the same ellipsoid is taken for one of them.
    """
    base = crs.geodetic_crs
    if base is None or base.datum is None or base.ellipsoid is None:
        return crs.name
    if base.to_epsg(EPSG_CONFIDENCE) in (WGS84, CGCS2000):
        return GLOBAL
    datum = "".join(char for char in base.datum.name.casefold() if char.isalnum())
    known = (
        datum in ("wgs84", "dwgs84", "dwgs1984", "wgs1984")
        or datum in ("china2000", "dchina2000", "chinageodeticcoordinatesystem2000")
        or datum.startswith(("worldgeodeticsystem1984", "unknown"))
        or "cgcs2000" in datum
    )
    prime = base.prime_meridian
    same_shape = (
        abs(base.ellipsoid.semi_major_metre - 6378137) < 0.01
        and abs(base.ellipsoid.inverse_flattening - 298.2572) < 1e-4
        and (prime is None or prime.longitude == 0)
    )
    return GLOBAL if known and same_shape else base.name


def called(crs: CRS) -> str:
    """A system as messages name it.

    Parameters
    ----------
    crs : CRS

    Returns
    -------
    str
        Its EPSG code where it has one, else its name.
    """
    code = crs.to_epsg(EPSG_CONFIDENCE)
    return f"EPSG:{code}" if code else crs.name
