"""Outlines of two runs laid on each other: which moved, and what became of which (界线变动).

Villages are never matched by where they lie: overlaps are told, with their shares, and a
person decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo.ellipsoid import M2_PER_KM2
from deqing_geo.errors import CRSError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

WHOLE = 1.0


def shapes_of(later: gpd.GeoDataFrame, earlier: gpd.GeoDataFrame) -> tuple[Shapes, Shapes]:
    """The outlines of both runs in the system of the later one.

    Parameters
    ----------
    later, earlier : GeoDataFrame
        Two tables of types.

    Returns
    -------
    later, earlier : array of shapely geometries
        Valid.

    Raises
    ------
    CRSError
        If only one of them has a coordinate system.
    """
    if (later.crs is None) != (earlier.crs is None):
        raise CRSError(
            "One of the two runs has no coordinate system, so their outlines cannot be compared. "
            "Set it with types.table.set_crs(…) before classifying."
        )
    same = later.crs is None or later.crs == earlier.crs
    old = earlier.geometry if same else earlier.geometry.to_crs(later.crs)
    return _valid(later.geometry), _valid(old)


def moved_share(new: Shapes, old: Shapes) -> Floats:
    """How much of each outline moved: symmetric difference over the larger of both.

    Parameters
    ----------
    new, old : array of shapely geometries, shape (N,)
        Of the same villages.

    Returns
    -------
    ndarray of float, shape (N,)
        0 where nothing moved; 1 where the one is missing, or nothing overlaps.

    Examples
    --------
    >>> one, other = shapely.box(0, 0, 10, 10), shapely.box(0, 0, 10, 9)
    >>> moved_share(np.array([one, one]), np.array([one, other])).tolist()
    [0.0, 0.1]
    """
    out = np.zeros(len(new))
    none_new, none_old = (shapely.is_missing(one) | shapely.is_empty(one) for one in (new, old))
    out[none_new != none_old] = WHOLE
    there = np.flatnonzero(~(none_new | none_old))
    # Most outlines are the same to the last digit, and overlays of them would cost the most.
    there = there[~shapely.equals_exact(new[there], old[there])]
    if len(there):
        a, b = new[there], old[there]
        largest = np.maximum(shapely.area(a), shapely.area(b))
        apart = shapely.area(shapely.symmetric_difference(a, b))
        out[there] = np.where(largest > 0, apart / np.where(largest > 0, largest, 1), WHOLE)
    return out


def lineage(
    later: pd.Index[Any], new: Shapes, earlier: pd.Index[Any], old: Shapes, least: float
) -> pd.DataFrame:
    """What lies where a village vanished or appeared: overlaps of outlines with their shares.

    Parameters
    ----------
    later, earlier : Index
        Codes of the two runs.
    new, old : array of shapely geometries
        Their outlines, in one plane.
    least : float
        Smallest share of either village that is told.

    Returns
    -------
    DataFrame
        ``code_before``, ``code_after``, ``overlap_km2`` in the plane, ``share_before``,
        ``share_after``; only pairs with a code that the other run does not have.

    Examples
    --------
    >>> whole = np.array([shapely.box(0, 0, 2000, 1000)])
    >>> halves = np.array([shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000)])
    >>> told = lineage(pd.Index(["B", "C"]), halves, pd.Index(["A"]), whole, 0.001)
    >>> told[["code_after", "share_before", "share_after"]].to_numpy().tolist()
    [['B', 0.5, 1.0], ['C', 0.5, 1.0]]
    """
    columns = ["code_before", "code_after", "overlap_km2", "share_before", "share_after"]
    appeared, vanished = ~later.isin(earlier), ~earlier.isin(later)
    if not (appeared.any() or vanished.any()):
        return pd.DataFrame(columns=columns)
    before, after = shapely.STRtree(new).query(old, predicate="intersects")
    asked = vanished[before] | appeared[after]
    before, after = before[asked], after[asked]
    overlap = shapely.area(shapely.intersection(old[before], new[after]))
    with np.errstate(divide="ignore", invalid="ignore"):
        of_old, of_new = overlap / shapely.area(old[before]), overlap / shapely.area(new[after])
    kept = (of_old > least) | (of_new > least)
    before, after = before[kept], after[kept]
    out = pd.DataFrame(
        {
            "code_before": earlier.to_numpy(dtype=object)[before],
            "code_after": later.to_numpy(dtype=object)[after],
            "overlap_km2": overlap[kept] / M2_PER_KM2,
            "share_before": of_old[kept],
            "share_after": of_new[kept],
        }
    )
    order = out[["code_before", "code_after"]].astype(str).sort_values(columns[:2]).index
    return out.loc[order].reset_index(drop=True)


def _valid(geometry: gpd.GeoSeries) -> Shapes:
    shapes = np.array(geometry.array, dtype=object)
    odd = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    shapes[odd] = shapely.make_valid(shapes[odd])
    return shapes
