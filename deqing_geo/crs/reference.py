"""Where a layer lies, judged by an outline that is known to be true."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS
from shapely.affinity import translate

from deqing_geo.crs.moving import DATUMS, to_working, transform, undo_datum
from deqing_geo.crs.numbers import bounds, candidates, lonlat
from deqing_geo.crs.systems import called, identify
from deqing_geo.errors import CRSError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

# Land in common with the reference, of the larger of both, that shows where a layer lies. The
# next best place (another zone, swapped axes) is hundreds of kilometres away.
SAME_LAND = 0.8
# Xian 80 or Beijing 54 taken for CGCS2000 lie 76 to 119 and 29 to 85 m off; outlines of one
# place are generalised by less. Shifts from 25 to 150 m are tried, 25 m apart.
DATUM_STEPS_M = tuple(range(-150, 151, 25))
DATUM_FROM_M = 20.0
# Far less than any shift looked for.
SIMPLER_M = 5.0
# Two true outlines of one place differ by their generalisation alone. Undoing a service's shift
# left 0.34 to 0.51 of the misfit on five real outlines in GCJ-02, and raised it on true ones.
MISFIT_SHARE = 0.75
# A town of 4 x 1 km shifted by half a kilometre still has half its land under its outline.
ALIKE = 0.4


def suspect_datum(
    outline: Iterable[Any], reference: gpd.GeoDataFrame, crs: Any
) -> tuple[str, float] | None:
    """Whether an outline fits a reference better once a service's shift is undone.

    Parameters
    ----------
    outline : iterable of shapely polygons
        In `crs`; together they should cover the same land as `reference`.
    reference : GeoDataFrame
        An outline known to be true, in any CRS.
    crs : CRS
        System of `outline`; projected.

    Returns
    -------
    (str, float) or None
        The suspected shift and how far it moves the outline, in metres; None where the
        outline fits best as it is.

    Raises
    ------
    CRSError
        If the reference is empty or an outline of other land.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> town = sample.town()
    >>> suspect_datum(town.geometry, town, town.crs) is None
    True
    """
    target = identify(crs)
    base = target.geodetic_crs
    if len(reference) == 0:
        raise CRSError("`reference` is empty: it says nothing about the layer.")
    shapes = _land(np.asarray(list(outline), dtype=object))
    true = to_working(reference, name="reference")
    truth = shapely.union_all(
        transform(
            np.asarray(true.geometry.array, dtype=object), identify(true.crs), target, "reference"
        )
    )
    if shapes.is_empty or truth.is_empty or base is None:
        return None
    common = shapely.area(shapely.intersection(shapes, truth))
    alike = common / max(shapely.area(shapes), shapely.area(truth))
    if alike < ALIKE:
        raise CRSError(
            f"`reference` and the layer have {alike:.0%} of their land in common. "
            "Give an outline of the same land, or leave reference= out."
        )
    degrees = transform(np.array([shapes], dtype=object), target, base, "layer")
    misfit = {"": shapely.area(shapely.symmetric_difference(shapes, truth))}
    moved: dict[str, float] = {}
    for datum in DATUMS:
        undone = undo_datum(degrees, base, datum, "layer")
        there = transform(undone, base, target, "layer")[0]
        misfit[datum] = shapely.area(shapely.symmetric_difference(there, truth))
        moved[datum] = float(shapely.distance(shapely.centroid(shapes), shapely.centroid(there)))
    best = min(misfit, key=lambda datum: misfit[datum])
    return (best, moved[best]) if best and misfit[best] < MISFIT_SHARE * misfit[""] else None


def refuse_shift(frame: gpd.GeoDataFrame, reference: gpd.GeoDataFrame, name: str) -> None:
    """Refuse a layer that fits a reference better with a map service's shift undone.

    Parameters
    ----------
    frame : GeoDataFrame
        Projected.
    reference : GeoDataFrame
        An outline known to be true, in any CRS.
    name : str
        What the caller calls the layer.

    Raises
    ------
    CRSError
        If it does, or the reference is an outline of other land.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> refuse_shift(sample.villages(), sample.town(), "villages")
    """
    suspected = suspect_datum(frame.geometry, reference, frame.crs)
    if suspected is not None:
        datum, metres = suspected
        raise CRSError(
            f"`{name}` lie {metres:.0f} m off the reference, as {datum.upper()} does: they seem to "
            f"come from a map service (疑似坐标偏移). Pass datum={datum!r}."
        )


def identify_by(
    geometry: NDArray[Any], reference: gpd.GeoDataFrame, name: str, datum: str | None = None
) -> tuple[CRS, bool]:
    """The system of a layer that does not say, found by an outline known to be true.

    Parameters
    ----------
    geometry : array of shapely polygons
        Together they should cover the same land as `reference`.
    reference : GeoDataFrame
        An outline known to be true, in any CRS.
    name : str
        What the caller calls the layer.
    datum : str, optional
        A service's shift that is declared; then the layer may lie aside by as much.

    Returns
    -------
    crs : CRS
        The one system in which the layer covers the reference.
    swapped : bool
        Whether its axes are swapped.

    Raises
    ------
    CRSError
        If no system brings it there, or the datum is in doubt.

    Notes
    -----
    Magnitude never tells the datum, so the outline must also not fit better a little
    aside, as one in Xian 80 or Beijing 54 does.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import numpy as np
    >>> town = sample.town()
    >>> crs, swapped = identify_by(np.asarray(town.geometry), town.to_crs(4490), "towns")
    >>> crs.to_epsg(), swapped
    (4549, False)
    """
    true = to_working(reference, name="reference")
    target = identify(true.crs)
    truth = _land(np.asarray(true.geometry.array, dtype=object))
    there = lonlat(target, *shapely.bounds(truth))
    outline = _land(geometry)
    best, best_share, best_shape = None, 0.0, None
    for crs, swapped in candidates(geometry):
        box = bounds(geometry)
        corners = (box[1], box[0], box[3], box[2]) if swapped else box
        here = lonlat(crs, *corners)
        if (here[:, 1] < there[:, 0]).any() or (here[:, 0] > there[:, 1]).any():
            continue
        single: NDArray[Any] = np.array([outline], dtype=object)
        placed = transform(turn(single) if swapped else single, crs, target, name)[0]
        common = shapely.area(shapely.intersection(placed, truth))
        share = float(common / max(shapely.area(placed), shapely.area(truth)))
        if share > best_share:
            best, best_share, best_shape = (crs, swapped), share, placed
    if best is None or best_share < SAME_LAND:
        raise CRSError(
            f"`{name}` has no coordinate system, and in none that its numbers allow does it cover "
            "the reference. Pass assume_crs= with the system it was made in."
        )
    off = _offset(best_shape, truth) if datum is None else 0.0
    if off > DATUM_FROM_M:
        raise CRSError(
            f"`{name}` would be in {called(best[0])} and lies {off:.0f} m or more off the "
            "reference. From a map service? Then pass assume_crs= and datum='gcj02'. In Xian 80 or "
            "Beijing 54? Then ask for the layer in CGCS2000 (2000国家大地坐标系)."
        )
    return best


def turn(geometry: NDArray[Any]) -> NDArray[Any]:
    """Shapes with x and y exchanged.

    Parameters
    ----------
    geometry : array of shapely geometries

    Returns
    -------
    array of shapely geometries
        Without heights.
    """
    out: NDArray[Any] = shapely.transform(geometry, lambda coords: coords[:, ::-1])
    return out


def _land(shapes: NDArray[Any]) -> Any:
    """All shapes together, those that cross themselves mended: only where they lie is asked."""
    return shapely.union_all(shapely.make_valid(shapes[~shapely.is_missing(shapes)]))


def _offset(outline: Any, truth: Any) -> float:
    """How far, in metres, an outline fits better than where it lies; 0 where it fits best."""
    shapes = shapely.simplify(np.array([outline, truth], dtype=object), SIMPLER_M)
    moves = np.array([(east, north) for east in DATUM_STEPS_M for north in DATUM_STEPS_M], float)
    moved = np.repeat(shapes[:1], len(moves))
    for at, (east, north) in enumerate(moves):
        moved[at] = translate(shapes[0], east, north)
    misfit = shapely.area(shapely.symmetric_difference(moved, shapes[1]))
    still = misfit[np.flatnonzero((moves == 0).all(axis=1))[0]]
    best = int(np.argmin(misfit))
    return float(np.hypot(*moves[best])) if misfit[best] < MISFIT_SHARE * still else 0.0
