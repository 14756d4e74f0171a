"""What one pass leaves double, and how levels hang together again.

neatnet does not touch a gap that another street passes over or under: both carriageways of
such a stretch stay. Alone, without what crosses them, they merge. Afterwards their ends, and
the ends of long bridges, are led back to the lines they met before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from deqing_geo.roads.partners import stations
from deqing_geo.roads.preparing import (
    PLACES_PER_M,
    STEP_M,
    STUB_M,
    cut_at,
    cut_at_vertices,
    ends,
    open_ends_closed,
    place_keys,
    twins,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.roads.partners import Floats, Shapes

    Flags = NDArray[np.bool_]

# Most of a line has its twin beside it.
MOSTLY = 0.6
# An end is led back to the line it met over this distance at most: from the middle of a
# divided road to its outer carriageway. Ours.
LEAD_M = 30.0


def still_double(lines: Shapes, word: NDArray[Any]) -> Flags:
    """Lines most of which run beside another of their class."""
    at = stations(lines, STEP_M)
    twin = twins(at, lines, word)
    length = np.bincount(at.line, at.metres, len(lines))
    double: Flags = np.bincount(at.line, at.metres * twin, len(lines)) > MOSTLY * length
    return double


def alone(lines: Shapes, word: NDArray[Any]) -> tuple[Shapes, Shapes]:
    """The lines and what closes their open ends, as a layer of their own."""
    # Ends are open where no line of the same class goes on, whatever else is double there.
    apart = pd.factorize(word)[0].astype(np.intp)
    closing, _ = open_ends_closed(lines, apart, word)
    key = place_keys(ends(lines).reshape(-1, 2)).reshape(-1, 2)
    size = int(key.max()) + 1
    tie = sparse.coo_array((np.ones(len(lines)), (key[:, 0], key[:, 1])), (size, size))
    part = connected_components(tie, directed=False)[1][key[:, 0]]
    # Where nothing leads out of a net of gaps, neatnet leaves all of it, and where one way
    # does, it cuts arms off: two ways out each, west and east.
    coords, owner = shapely.get_coordinates(lines, return_index=True)
    order = np.lexsort((coords[:, 1], coords[:, 0], part[owner]))
    new = np.flatnonzero(np.diff(part[owner][order], prepend=-1))
    west, east = coords[order[new]], coords[order[np.append(new[1:], len(order)) - 1]]
    way = np.array([STUB_M, 0.0])
    start, stop = np.vstack([west, east]), np.vstack([west - way, east + way])
    closing = np.concatenate([closing, shapely.linestrings(np.stack([start, stop], axis=1))])
    both, _ = cut_at_vertices(np.concatenate([lines, closing]))
    return both, closing


def met(lines: Shapes, others: Shapes) -> Floats:
    """Places where ends of the lines were ends of the others too."""
    if not len(lines) or not len(others):
        return np.empty((0, 2))
    tips = np.concatenate([ends(lines).reshape(-1, 2), ends(others).reshape(-1, 2)])
    key = place_keys(tips)
    own = np.arange(len(tips)) < 2 * len(lines)
    both = np.intersect1d(key[own], key[~own])
    places: Floats = np.unique(np.round(tips[own & np.isin(key, both)] * PLACES_PER_M), axis=0)
    return places / PLACES_PER_M


def led_back(lines: Shapes, others: Shapes, places: Floats) -> tuple[Shapes, Shapes]:
    """Loose ends near places where they met other lines, drawn on to the nearest of those."""
    if not len(places) or not len(lines) or not len(others):
        return lines, others
    tips = ends(lines).reshape(-1, 2)
    key = place_keys(tips)
    loose = np.flatnonzero(np.bincount(key)[key] == 1)
    dots = shapely.points(tips[loose])
    known: Shapes = np.atleast_1d(np.asarray(shapely.points(places), dtype=object))
    near = shapely.STRtree(known).query(dots, "dwithin", distance=LEAD_M)[0]
    loose = loose[np.unique(near)]
    pair = shapely.STRtree(others).query_nearest(
        shapely.points(tips[loose]), max_distance=LEAD_M, all_matches=False
    )
    loose, target = loose[pair[0]], pair[1]
    far = shapely.line_locate_point(others[target], shapely.points(tips[loose]))
    foot = shapely.get_coordinates(shapely.line_interpolate_point(others[target], far))
    lines = lines.copy()
    for tip, place in zip(loose.tolist(), foot, strict=True):
        coords = shapely.get_coordinates(lines[tip // 2])
        both = [coords, place[None]] if tip % 2 else [place[None], coords]
        lines[tip // 2] = shapely.LineString(np.concatenate(both))
    inner = (far > 1 / PLACES_PER_M) & (far < shapely.length(others[target]) - 1 / PLACES_PER_M)
    cut, _ = cut_at(others, target[inner], far[inner], foot[inner])
    return lines, cut
