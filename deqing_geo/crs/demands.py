"""What a measure demands of coordinates: metres, little distortion, agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS

from deqing_geo.crs.numbers import data_zone
from deqing_geo.crs.systems import called, identify
from deqing_geo.ellipsoid import areal_scale
from deqing_geo.errors import CRSError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

# How far a projection may stretch land before figures from it mislead: 0.5 %.
AREA_SCALE_LIMIT = 0.005
# Places a side of the grid by which a whole layer is judged before its rows are.
GRID = 9


def require_metres(**layers: gpd.GeoDataFrame) -> None:
    """Refuse layers a measure cannot use: no CRS, degrees, feet, distortion, disagreement.

    Parameters
    ----------
    **layers : GeoDataFrame
        By the names the caller gave them.

    Raises
    ------
    CRSError
        With what came, what was needed and what to type.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> require_metres(roads=sample.roads().to_crs(4490))
    Traceback (most recent call last):
    ...
    deqing_geo.errors.CRSError: `roads` is in EPSG:4490, measured in degrees; this measure needs
    metres. Try roads.to_crs(4549).
    """
    first: tuple[str, CRS] | None = None
    for name, frame in layers.items():
        if not hasattr(frame, "geometry"):
            raise CRSError(f"`{name}` is a {type(frame).__name__}, not a GeoDataFrame.")
        if frame.crs is None:
            raise CRSError(
                f"`{name}` has no coordinate system. "
                f"Try {name}.set_crs(…) with the one it was made in."
            )
        crs = CRS.from_user_input(frame.crs)
        said = called(crs)
        if crs.is_geographic:
            raise CRSError(
                f"`{name}` is in {said}, measured in degrees; this measure needs metres."
                f" Try {name}.to_crs({_suggestion(frame)})."
            )
        units = {axis.unit_name for axis in crs.axis_info[:2]}
        if units != {"metre"}:
            raise CRSError(
                f"`{name}` is in {said}, measured in {' and '.join(sorted(units))}; this measure"
                f" needs metres. Try {name}.to_crs({_suggestion(frame)})."
            )
        if first is None:
            first = (name, crs)
            _refuse_distortion(name, frame, crs)
        elif crs != first[1] and identify(crs) != identify(first[1]):
            raise CRSError(
                f"`{name}` is in {said}, `{first[0]}` in {called(first[1])}; this measure needs "
                f"them alike. Try {name}.to_crs({first[0]}.crs)."
            )


def _surely_within(bounds: NDArray[np.float64], crs: CRS) -> bool:
    """Whether a coarse grid over the layer proves that every place in it is within the limit.

    Between two places of the grid the scale can hardly change by more than it does from one to
    the other; where that much on top of the worst place would pass the limit, rows are asked.
    """
    if not np.isfinite(bounds).all():
        return False
    x, y = np.meshgrid(*(np.linspace(bounds[at], bounds[at + 2], GRID) for at in (0, 1)))
    stretch = np.asarray(areal_scale(crs, x, y))
    if not np.isfinite(stretch).all():
        return False
    step = max(np.abs(np.diff(stretch, axis=axis)).max() for axis in (0, 1))
    return bool(np.abs(stretch - 1).max() + step <= AREA_SCALE_LIMIT)


def _refuse_distortion(name: str, frame: gpd.GeoDataFrame, crs: CRS) -> None:
    shapes = np.asarray(frame.geometry.array, dtype=object)
    if len(shapes) > GRID**2 and _surely_within(shapely.total_bounds(shapes), crs):
        return
    box = shapely.bounds(shapes)
    there = np.isfinite(box).all(axis=1)
    if not there.any():
        return
    stretch = np.ones(len(box))
    centre = (box[there, :2] + box[there, 2:]) / 2
    stretch[there] = areal_scale(crs, centre[:, 0], centre[:, 1])
    far = ~(np.abs(stretch - 1) <= AREA_SCALE_LIMIT)
    if far.any():
        worst = stretch[far][np.argmax(np.abs(np.nan_to_num(stretch[far], nan=np.inf) - 1))]
        amount = "an unknown amount" if np.isnan(worst) else f"{worst - 1:+.1%}"
        code = _suggestion(frame)
        cure = (
            "Leave the rows out that lie far away, or measure them apart."
            if code == str(crs.to_epsg())
            else f"Try {name}.to_crs({code})."
        )
        raise CRSError(
            f"`{name}` is in {called(crs)}, which stretches land by {amount} there; "
            f"figures from it would mislead. {cure}",
            frame.index[far],
        )


def _suggestion(frame: gpd.GeoDataFrame) -> str:
    try:
        geometry = np.asarray(frame.geometry.array, dtype=object)
        zone = data_zone(geometry, identify(frame.crs), "layer")
    except CRSError:
        return "…"
    return str(zone.to_epsg())
