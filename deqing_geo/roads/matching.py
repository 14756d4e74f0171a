"""Which road of one month is which of another.

By a number of its own where both layers have one, else by its shape to the millimetre, drawn
from either end, else by running where the other ran. Nothing here knows what counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from deqing_geo.roads.basis import names_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]
    Words = NDArray[Any]

IDS = ("road_id", "osm_id")
DECIMALS = 3  # of a metre: survey coordinates are kept to the millimetre
# A street drawn anew lies within its own surface of where it was drawn before; the two
# carriageways of one street lie farther apart.
REDRAWN_M = 5.0
# How much of the shorter of two lines must run beside the other for them to be one street;
# a crossing shares less.
RUNS_ALONG = 0.5


def matched(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> tuple[Ints, Ints, Flags]:
    """Which rows of two layers are one road, as a number for each group of rows.

    Parameters
    ----------
    before, after : GeoDataFrame of LineString
        The two layers, in one CRS.

    Returns
    -------
    of_before, of_after : array of int
        The group of every row; a group of one layer alone has no partner in the other.
    same_shape : array of bool
        For each group, whether it is one line that was not drawn anew.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> matched(sample.roads().iloc[:3], sample.roads().iloc[1:])[:2]
    (array([0, 1, 2]), array([1, 2, 3, 4, 5]))
    """
    old, new = (np.asarray(one.geometry.array, dtype=object) for one in (before, after))
    shape = [_shapes(one) for one in (old, new)]
    told = [_told(one) for one in (before, after)]
    exact = [keys + "|" + words for keys, words in zip(shape, told, strict=True)]
    ways = [exact, shape]
    numbers = _numbers(before, after)
    if numbers is not None:
        ways.insert(0, numbers)
    # Of lines drawn twice those belong together that also say the same of themselves.
    order = [np.argsort(words.astype(str), kind="stable") for words in told]
    free = [np.ones(len(one), dtype=bool) for one in (old, new)]
    pairs: list[tuple[Ints, Ints]] = []
    for keys in ways:
        left = [one[free[at][one]] for at, one in enumerate(order)]
        first, second = _equal(keys[0][left[0]], keys[1][left[1]])
        pairs.append((left[0][first], left[1][second]))
        for at in (0, 1):
            free[at][pairs[-1][at]] = False
    pairs.append(_along(old, new, np.flatnonzero(free[0]), np.flatnonzero(free[1])))
    first, second = (np.concatenate([pair[at] for pair in pairs]) for at in (0, 1))
    group, count = _groups(first, second, len(old), len(new))
    of_old, of_new = group[: len(old)], group[len(old) :]
    redrawn = np.zeros(count, dtype=bool)
    redrawn[of_old[pairs[-1][0]]] = True
    changed = shape[0][first] != shape[1][second]
    redrawn[of_old[first[changed]]] = True
    return of_old, of_new, ~redrawn


def _numbers(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> list[Words] | None:
    """The column of numbers that both layers have, each number once."""
    for column in IDS:
        if column in before and column in after:
            both = [frame[column] for frame in (before, after)]
            if all(bool(one.notna().all()) and one.is_unique for one in both):
                return [one.astype(str).to_numpy(dtype=object) for one in both]
    return None


def _told(frame: gpd.GeoDataFrame) -> Words:
    """What a row says of its road, in one text."""
    text = names_of(frame)
    for column in ("road_class", "road_status"):
        if column in frame:
            words = frame[column].astype(object).where(frame[column].notna(), "")
            text = text + "|" + words.astype(str).to_numpy(dtype=object)
    return text


def _shapes(lines: Shapes) -> Words:
    """A text for every shape, the same to a millimetre and from either end."""
    rounded = shapely.normalize(
        shapely.transform(lines, lambda coords: np.round(coords, DECIMALS) + 0.0)
    )
    return np.asarray(shapely.to_wkb(rounded, hex=True, output_dimension=2), dtype=object)


def _equal(first: Words, second: Words) -> tuple[Ints, Ints]:
    """Positions with the same key, each used once."""
    frames = []
    for keys in (first, second):
        frame = pd.DataFrame({"key": pd.Series(keys, dtype=object)})
        frame["turn"] = frame.groupby("key").cumcount()
        frames.append(frame.reset_index(names="at"))
    both = frames[0].merge(frames[1], on=["key", "turn"])
    return both["at_x"].to_numpy(dtype=np.int64), both["at_y"].to_numpy(dtype=np.int64)


def _along(old: Shapes, new: Shapes, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Lines of the one layer that run where lines of the other ran."""
    if len(left) == 0 or len(right) == 0:
        return left[:0], right[:0]
    at_new, at_old = shapely.STRtree(old[left]).query(
        new[right], predicate="dwithin", distance=REDRAWN_M
    )
    first, second = left[at_old], right[at_new]
    shorter = np.minimum(shapely.length(old[first]), shapely.length(new[second]))
    beside = shapely.buffer(old[left], REDRAWN_M)[at_old]
    shared = shapely.length(shapely.intersection(new[second], beside))
    found = (shared > RUNS_ALONG * shorter) & (shorter > 0)
    return first[found], second[found]


def _groups(first: Ints, second: Ints, olds: int, news: int) -> tuple[Ints, int]:
    """A number for every row of both layers, the old ones before the new ones."""
    total = olds + news
    if total == 0:
        return np.zeros(0, dtype=np.int64), 0
    links = coo_array(
        (np.ones(len(first), dtype=bool), (first, second + olds)), shape=(total, total)
    )
    count, group = connected_components(links, directed=False)
    return np.asarray(pd.factorize(group)[0], dtype=np.int64), int(count)
