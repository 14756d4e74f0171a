"""GCJ-02 and BD-09: how Chinese map services shift coordinates, and the exact way back.

A shift is for display and for reading what a service gave; it is never a coordinate system
to measure in. Nothing here knows a layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_RADIANS = math.pi / 180.0
# The published obfuscation of Chinese map services; constants as in the public-domain
# reimplementations, which agree with one another to 1e-6 m.
_GCJ_A = 6378245.0
_GCJ_EE = 0.00669342162296594323
_BD_PI = math.pi * 3000.0 / 180.0
_BD_SHIFT = (0.0065, 0.006)
# Outside this box services show true coordinates.
_GCJ_BOX = (72.004, 0.8293, 137.8347, 55.8271)
# Fixed-point steps: 5 leave 2 nm (measured); the cap only guards against input outside the box.
_INVERSE_STEPS = 10
_INVERSE_TOLERANCE = 1e-12


def wgs84_to_gcj02(lon: Any, lat: Any) -> tuple[Floats, Floats]:
    """True coordinates to GCJ-02, the shift of Gaode and Tencent.

    Parameters
    ----------
    lon, lat : float or array
        Degrees, WGS 84 or CGCS2000.

    Returns
    -------
    lon, lat : array of float
        Degrees in GCJ-02; unchanged outside 72.004-137.8347 E, 0.8293-55.8271 N.

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02(121.5272106, 31.1774276)
    >>> round(float(lon), 6), round(float(lat), 6)
    (121.531542, 31.175304)
    """
    lon, lat = np.broadcast_arrays(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = (20 * np.sin(6 * x * math.pi) + 20 * np.sin(2 * x * math.pi)) * 2 / 3
    dlat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    dlat = dlat + (20 * np.sin(y * math.pi) + 40 * np.sin(y / 3 * math.pi)) * 2 / 3
    dlat = dlat + (160 * np.sin(y / 12 * math.pi) + 320 * np.sin(y * math.pi / 30)) * 2 / 3
    dlon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    dlon = dlon + (20 * np.sin(x * math.pi) + 40 * np.sin(x / 3 * math.pi)) * 2 / 3
    dlon = dlon + (150 * np.sin(x / 12 * math.pi) + 300 * np.sin(x / 30 * math.pi)) * 2 / 3
    phi = lat * _RADIANS
    magic = 1 - _GCJ_EE * np.sin(phi) ** 2
    north = dlat / ((_GCJ_A * (1 - _GCJ_EE)) / (magic * np.sqrt(magic)) * _RADIANS)
    east = dlon / (_GCJ_A / np.sqrt(magic) * np.cos(phi) * _RADIANS)
    west_edge, south_edge, east_edge, north_edge = _GCJ_BOX
    shifted = (lon >= west_edge) & (lon <= east_edge) & (lat >= south_edge) & (lat <= north_edge)
    return np.where(shifted, lon + east, lon), np.where(shifted, lat + north, lat)


def gcj02_to_wgs84(lon: Any, lat: Any) -> tuple[Floats, Floats]:
    """GCJ-02 to true coordinates, by the exact inverse.

    Parameters
    ----------
    lon, lat : float or array
        Degrees in GCJ-02.

    Returns
    -------
    lon, lat : array of float
        Degrees, WGS 84; the forward shift gives back the input within 1e-12 degrees.

    Examples
    --------
    >>> lon, lat = gcj02_to_wgs84(*wgs84_to_gcj02(119.967662, 30.534927))
    >>> round(float(lon), 9), round(float(lat), 9)
    (119.967662, 30.534927)
    """
    return _inverse(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: Any, lat: Any) -> tuple[Floats, Floats]:
    """GCJ-02 to BD-09, the further shift of Baidu.

    Parameters
    ----------
    lon, lat : float or array
        Degrees in GCJ-02.

    Returns
    -------
    lon, lat : array of float
        Degrees in BD-09.

    Examples
    --------
    >>> lon, lat = gcj02_to_bd09(116.404, 39.915)
    >>> round(float(lon), 6), round(float(lat), 6)
    (116.410369, 39.921337)
    """
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_PI)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_PI)
    return radius * np.cos(angle) + _BD_SHIFT[0], radius * np.sin(angle) + _BD_SHIFT[1]


def bd09_to_gcj02(lon: Any, lat: Any) -> tuple[Floats, Floats]:
    """BD-09 to GCJ-02, by the exact inverse.

    Parameters
    ----------
    lon, lat : float or array
        Degrees in BD-09.

    Returns
    -------
    lon, lat : array of float
        Degrees in GCJ-02.

    Examples
    --------
    >>> lon, lat = bd09_to_gcj02(*gcj02_to_bd09(116.404, 39.915))
    >>> round(float(lon), 9), round(float(lat), 9)
    (116.404, 39.915)
    """
    return _inverse(gcj02_to_bd09, lon, lat)


def wgs84_to_bd09(lon: Any, lat: Any) -> tuple[Floats, Floats]:
    """True coordinates to BD-09.

    Parameters
    ----------
    lon, lat : float or array
        Degrees, WGS 84 or CGCS2000.

    Returns
    -------
    lon, lat : array of float
        Degrees in BD-09.

    Examples
    --------
    >>> lon, lat = wgs84_to_bd09(119.967662, 30.534927)
    >>> back = bd09_to_wgs84(lon, lat)
    >>> round(float(back[0]), 9), round(float(back[1]), 9)
    (119.967662, 30.534927)
    """
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: Any, lat: Any) -> tuple[Floats, Floats]:
    """BD-09 to true coordinates, by the exact inverses.

    Parameters
    ----------
    lon, lat : float or array
        Degrees in BD-09.

    Returns
    -------
    lon, lat : array of float
        Degrees, WGS 84.

    Examples
    --------
    >>> lon, lat = bd09_to_wgs84(119.978625, 30.538557)
    >>> round(float(lon), 3), round(float(lat), 3)
    (119.968, 30.535)
    """
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _inverse(
    forward: Callable[[Any, Any], tuple[Floats, Floats]], lon: Any, lat: Any
) -> tuple[Floats, Floats]:
    goal_lon, goal_lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    guess_lon, guess_lat = goal_lon, goal_lat
    for _ in range(_INVERSE_STEPS):
        at_lon, at_lat = forward(guess_lon, guess_lat)
        off_lon, off_lat = at_lon - goal_lon, at_lat - goal_lat
        guess_lon, guess_lat = guess_lon - off_lon, guess_lat - off_lat
        if (
            max(np.max(np.abs(off_lon), initial=0), np.max(np.abs(off_lat), initial=0))
            < _INVERSE_TOLERANCE
        ):
            break
    return guess_lon, guess_lat
