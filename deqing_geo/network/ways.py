"""Shortest ways from places on stretches, by the minute: the search behind every question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deqing_geo.errors import InputError
from deqing_geo.network.edges import Feet, Pieces, cut_at, feet
from deqing_geo.network.graph import matrix_of
from deqing_geo.network.joining import MINUTES_PER_HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.network.arrays import RoadNetwork

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

# So many distances are held at once.
BATCH = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """Minutes from places (rows) to groups of goals (columns), and who is on the network."""

    minutes: Floats  # (S, G), NaN where there is no way
    here: Flags  # (S,)
    there: Flags  # (G,): one goal of the group at least


def minutes_between(
    net: RoadNetwork,
    starts: Floats,
    goals: Floats,
    group: Ints,
    walk_kmh: float,
    within_m: float,
) -> Minutes:
    """Minutes from each start to the nearest goal of each group (0 to G - 1)."""
    pace = pace_of(walk_kmh)
    if not within_m >= 0:
        raise InputError(f"within_m={within_m!r} is no distance in metres, 0 or more.")
    count = int(group.max()) + 1 if len(group) else 0
    usable = np.isfinite(net.minutes)
    here, there = (feet(net, places, within_m, usable) for places in (starts, goals))
    pieces = cut_at(net, there)
    on = there.edge >= 0
    holds = np.bincount(group[on], minlength=count) > 0
    out = np.full((len(starts), count), np.nan)
    at = np.flatnonzero(here.edge >= 0)
    if len(at) and on.any():
        found = _searched(net, pieces, there, group, count, pace)
        mine = Feet(here.edge[at], here.at[at], here.away[at])
        for columns, way in found:
            out[np.ix_(at, columns)] = _from_edges(net, pieces, mine, way)
        out[at] += (here.away[at] * pace)[:, None]
    out = np.where(np.isfinite(out), np.round(out, 6), np.nan)
    return Minutes(out, here.edge >= 0, holds)


def pace_of(kmh: float) -> float:
    """Minutes a metre."""
    if not (np.isfinite(kmh) and kmh > 0):
        raise InputError(f"walk_kmh={kmh!r} is no speed above 0.")
    return MINUTES_PER_HOUR / 1000 / kmh


def _searched(
    net: RoadNetwork, pieces: Pieces, there: Feet, group: Ints, count: int, pace: float
) -> Iterator[tuple[Ints, Floats]]:
    """For a batch of groups at a time, the minutes from every node to the group's nearest goal."""
    from scipy.sparse.csgraph import dijkstra

    cost = pieces.share(net) * net.minutes[pieces.edge]
    used = np.flatnonzero(np.isfinite(cost))
    both = used[~net.oneway[pieces.edge[used]]]
    # Searched from the goals, against the traffic. One more node stands for each group.
    on = np.flatnonzero(there.edge >= 0)
    size = pieces.size + count
    graph = matrix_of(
        np.concatenate([pieces.head[used], pieces.tail[both], pieces.size + group[on]]),
        np.concatenate([pieces.tail[used], pieces.head[both], pieces.node[on]]),
        np.concatenate([cost[used], cost[both], there.away[on] * pace]),
        size,
    )
    each = max(1, BATCH // size)
    for first in range(0, count, each):
        columns = np.arange(first, min(first + each, count))
        yield columns, dijkstra(graph, directed=True, indices=pieces.size + columns)


def _from_edges(net: RoadNetwork, pieces: Pieces, here: Feet, way: Floats) -> Floats:
    """Minutes from places on stretches, by the nearer of the two ends traffic allows."""
    piece = pieces.holding(here)
    pace = net.minutes[here.edge] / net.metres[here.edge]
    onward = (pieces.high[piece] - here.at) * pace
    back = (here.at - pieces.low[piece]) * pace
    # Who stands at the first end of a one-way street is at a crossing already.
    back[net.oneway[here.edge] & (here.at > pieces.low[piece])] = np.inf
    return np.minimum(way[:, pieces.head[piece]] + onward, way[:, pieces.tail[piece]] + back).T
