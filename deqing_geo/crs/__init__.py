"""The only judge of coordinate systems: metres, agreement, the zone of the data, true areas.

Every layer is brought to one working system when it is read, every measure asks
`require_metres` first, and only maps go back to degrees. GCJ-02 and BD-09 are ways some
services shift coordinates; they are undone on request and never guessed.
"""

from __future__ import annotations

from deqing_geo.crs.cells import grid
from deqing_geo.crs.demands import require_metres
from deqing_geo.crs.moving import DATUMS, moved, to_degrees, to_working
from deqing_geo.crs.numbers import ELSEWHERE, FITS, SWAPPED, data_zone, fit
from deqing_geo.crs.reference import identify_by, refuse_shift, suspect_datum, turn
from deqing_geo.crs.systems import CGCS2000, ZONES, called, identify, zone_crs
from deqing_geo.ellipsoid import areal_scale, ellipsoidal_area
from deqing_geo.shifts import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

__all__ = [
    "CGCS2000",
    "DATUMS",
    "ELSEWHERE",
    "FITS",
    "SWAPPED",
    "ZONES",
    "areal_scale",
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "called",
    "data_zone",
    "ellipsoidal_area",
    "fit",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "grid",
    "identify",
    "identify_by",
    "moved",
    "refuse_shift",
    "require_metres",
    "suspect_datum",
    "to_degrees",
    "to_working",
    "turn",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
    "zone_crs",
]
