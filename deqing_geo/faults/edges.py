"""Edges that have no partner: the only places where a tiling can be wrong.

In a clean tiling every edge belongs to two units, one on either side, or lies on the outside. Edges
are compared by their end points, bit for bit; no geometry is built for those that have a partner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Places = NDArray[np.intp]

TWO = 2


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """How the edges of a layer meet.

    Attributes
    ----------
    lines : array of shapely lines
        Runs of edges without a partner.
    owner : array of int
        The unit each run belongs to.
    beside : array of int, shape (N, 2)
        Units that share an edge, one on either side, each pair once.
    """

    lines: Shapes
    owner: Places
    beside: Places


def edges_of(units: Shapes) -> Edges:
    """Find the edges without a partner.

    Parameters
    ----------
    units : array of shapely polygons
        Valid.

    Returns
    -------
    Edges
        An edge has a partner where exactly one other edge has the same ends and its land on the
        other side.
    """
    parts, unit_of_part = shapely.get_parts(units, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    point = _points(coords)
    first = np.flatnonzero((ring[1:] == ring[:-1]) & (point[1:] != point[:-1]))
    start, end, ring = point[first], point[first + 1], ring[first]
    unit = unit_of_part[part_of_ring[ring]]
    shell = np.diff(part_of_ring, prepend=-1) != 0
    # Land lies to the left of a shell drawn counter-clockwise and of a hole drawn clockwise.
    left = (shapely.is_ccw(rings) == shell)[ring]
    onward = start < end
    key = np.minimum(start, end) * (point.max(initial=0) + 1) + np.maximum(start, end)
    edge = pd.factorize(key)[0]
    side = np.where(left == onward, 1, -1)
    paired = (np.bincount(edge) == TWO) & (np.bincount(edge, side) == 0)
    alone = np.flatnonzero(~paired[edge])
    # Edges that follow one another in a ring are one run.
    begins = (np.diff(first[alone], prepend=-2) != 1) | (np.diff(ring[alone], prepend=-1) != 0)
    run = np.cumsum(begins) - 1
    ends = np.flatnonzero(np.append(begins[1:], True)) if len(alone) else alone
    places = np.concatenate([first[alone], first[alone[ends]] + 1])
    order = np.lexsort([places, np.concatenate([run, run[ends]])])
    chain = np.concatenate([run, run[ends]])[order]
    lines = (
        shapely.linestrings(coords[places[order]], indices=chain)
        if len(alone)
        else np.zeros(0, dtype=object)
    )
    met = np.flatnonzero(paired[edge])
    order = met[np.argsort(edge[met], kind="stable")]
    pairs = np.sort(unit[order].reshape(-1, 2), axis=1)
    different = pd.factorize(pairs[:, 0] * len(units) + pairs[:, 1])[1]
    beside = np.column_stack([different // max(len(units), 1), different % max(len(units), 1)])
    return Edges(
        np.asarray(lines, dtype=object),
        np.asarray(unit[alone[begins]], dtype=np.intp),
        np.asarray(beside, dtype=np.intp),
    )


def _points(coords: NDArray[np.float64]) -> Places:
    """A number for each place, the same for the same coordinates."""
    x = pd.factorize(coords[:, 0])[0]
    y, different = pd.factorize(coords[:, 1])
    return np.asarray(pd.factorize(x * (len(different) + 1) + y)[0], dtype=np.intp)
