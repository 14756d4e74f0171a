"""Which park of one month is which of another. Nothing here knows what counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo.coverage.steps import NONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.coverage.basis import Basis

    Ints = NDArray[np.int64]
    Shapes = NDArray[Any]
    Words = NDArray[Any]

IDS = ("park_id", "facility_id", "osm_id")
DECIMALS = 3  # of a metre: survey coordinates are kept to the millimetre
# A park drawn anew lies mostly where it lay.
SAME_PLACE = 0.5


def matched(old: Basis, new: Basis) -> tuple[Ints, Ints]:
    """Which parks of two layers are one, as a number for each.

    By a number of their own where both layers have one, else by their shape to the millimetre,
    else by lying for the greater part of the smaller where the other lies.

    Parameters
    ----------
    old, new : Basis
        Of the two coverages.

    Returns
    -------
    of_old, of_new : array of int
        One a row; a number of one layer alone has no partner in the other.
    """
    shapes = [np.asarray(one.facilities.geometry.array, dtype=object) for one in (old, new)]
    of_old = np.arange(len(shapes[0]))
    of_new = np.full(len(shapes[1]), NONE)
    free_old, free_new = np.ones(len(of_old), dtype=bool), np.ones(len(of_new), dtype=bool)

    def pair(left: Ints, right: Ints) -> None:
        for one, two in zip(left.tolist(), right.tolist(), strict=True):
            if free_old[one] and free_new[two]:
                of_new[two] = one
                free_old[one] = free_new[two] = False

    for keys in _keys(old, new, shapes):
        at = [np.flatnonzero(free) for free in (free_old, free_new)]
        found = pd.merge(
            pd.DataFrame({"key": keys[0][at[0]], "old": at[0]}),
            pd.DataFrame({"key": keys[1][at[1]], "new": at[1]}),
            on="key",
        )
        found = found[found["key"] != ""]
        pair(found["old"].to_numpy(), found["new"].to_numpy())
    left, right = np.flatnonzero(free_old), np.flatnonzero(free_new)
    if len(left) and len(right):
        one, two = shapely.STRtree(shapes[1][right]).query(shapes[0][left], predicate="intersects")
        one, two = left[one], right[two]
        common = shapely.area(shapely.intersection(shapes[0][one], shapes[1][two]))
        small = np.minimum(shapely.area(shapes[0][one]), shapely.area(shapes[1][two]))
        close = (common > SAME_PLACE * small) & (small > 0)
        order = np.argsort(-common[close], kind="stable")
        pair(one[close][order], two[close][order])
    alone = np.flatnonzero(free_new)
    of_new[alone] = len(of_old) + np.arange(len(alone))
    return of_old, of_new


def _keys(old: Basis, new: Basis, shapes: list[Shapes]) -> list[tuple[Words, Words]]:
    """What parks may be known by, the surest first."""
    out: list[tuple[Words, Words]] = []
    for column in IDS:
        both = [one.facilities[column] for one in (old, new) if column in one.facilities]
        if len(both) == 2 and all(one.dropna().is_unique for one in both):
            one, two = (values.astype(object).where(values.notna(), "").map(str) for values in both)
            out.append((one.to_numpy(dtype=object), two.to_numpy(dtype=object)))
            break
    wkb = []
    for one in shapes:
        rounded = shapely.set_precision(one, 10.0**-DECIMALS, mode="pointwise")
        text = shapely.to_wkb(shapely.normalize(rounded), hex=True)
        wkb.append(np.where(shapely.is_missing(one) | shapely.is_empty(one), "", text))
    out.append((wkb[0].astype(object), wkb[1].astype(object)))
    return out
