"""Places put on the network: on the nearest point of a stretch, and not on the nearest crossing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.network.graph import LEAST
from deqing_geo.network.graph import matrix_of as matrix_of
from deqing_geo.network.joining import MILLIMETRE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.network.arrays import RoadNetwork

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

NEAR = 1 / MILLIMETRE


@dataclass(frozen=True, slots=True, eq=False)
class Feet:
    """Where places come to the network; -1 and infinity for those that do not."""

    edge: Ints  # stretch
    at: Floats  # metres from its first end
    away: Floats  # metres straight from the place


def feet(net: RoadNetwork, places: Floats, within_m: float, usable: Flags | None = None) -> Feet:
    """The nearest point of a stretch for each place; of equally near ones the lower, the faster."""
    edge = np.full(len(places), -1, dtype=np.intp)
    at, away = np.zeros(len(places)), np.full(len(places), np.inf)
    lines = net.lines
    of = np.arange(len(lines)) if usable is None else np.flatnonzero(usable)
    if len(of) == 0 or len(places) == 0:
        return Feet(edge, at, away)
    points: Any = shapely.points(places)
    (place, hit), gap = shapely.STRtree(lines[of]).query_nearest(
        points,
        max_distance=None if np.isinf(within_m) else max(within_m, NEAR),
        return_distance=True,
        all_matches=True,
    )
    hit = of[hit]
    if len(place) > len(np.unique(place)):
        spot = shapely.get_coordinates(
            shapely.line_interpolate_point(
                lines[hit], shapely.line_locate_point(lines[hit], points[place])
            )
        )
        spot = np.round(spot * MILLIMETRE)
        pace = net.minutes[hit] / net.metres[hit]
        order = np.lexsort((pace, spot[:, 1], spot[:, 0], np.abs(net.level[hit]), place))
        best = order[np.diff(place[order], prepend=-1) != 0]
        place, hit, gap = place[best], hit[best], gap[best]
    drawn = shapely.length(lines[hit])
    along = shapely.line_locate_point(lines[hit], points[place]) / np.maximum(drawn, LEAST)
    along = np.clip(along, 0, 1) * net.metres[hit]
    # A crossing is a crossing, to a millimetre, also where one may only drive away from it.
    along = np.where(along < NEAR, 0.0, along)
    along = np.where(net.metres[hit] - along < NEAR, net.metres[hit], along)
    edge[place], at[place], away[place] = hit, along, gap
    return Feet(edge, at, away)


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Stretches cut where places come to them: from `low` to `high` metres of stretch `edge`."""

    edge: Ints
    low: Floats
    high: Floats
    tail: Ints
    head: Ints
    size: int  # nodes
    node: Ints  # of each place; -1 for those not on the network

    def share(self, net: RoadNetwork) -> Floats:
        """What part of its stretch a piece is."""
        return (self.high - self.low) / net.metres[self.edge]

    def holding(self, feet: Feet) -> Ints:
        """The piece each place lies on; any for those not on the network."""
        cut = np.flatnonzero(self.low > 0)
        # One number for stretch and metres: none is longer than the longest.
        long = float(self.high.max(initial=0)) + 1
        keys = self.edge[cut] * long + self.low[cut]
        before = np.searchsorted(keys, feet.edge * long + feet.at, side="right")
        return np.maximum(feet.edge, 0) + np.where(feet.edge >= 0, before, 0)


def cut_at(net: RoadNetwork, feet: Feet) -> Pieces:
    """The stretches of a network cut at places on them."""
    on = feet.edge >= 0
    inside = on & (feet.at > 0)
    inside[on] &= feet.at[on] < net.metres[feet.edge[on]]
    cuts = np.stack([feet.edge[inside], np.round(feet.at[inside] * MILLIMETRE)], axis=1)
    _, first, of = np.unique(cuts.astype(np.int64), axis=0, return_index=True, return_inverse=True)
    where = np.flatnonzero(inside)[first]
    count, more = len(net.ends), len(where)
    size = len(net.nodes)
    every = np.arange(count)
    edge = np.concatenate([every, feet.edge[where], every])
    at = np.concatenate([np.zeros(count), feet.at[where], net.metres])
    node = np.concatenate([net.ends[:, 0], size + np.arange(more), net.ends[:, 1]])
    order = np.lexsort((at, edge)) if more else np.arange(2 * count).reshape(2, -1).T.ravel()
    edge, at, node = edge[order], at[order], node[order]
    same = edge[1:] == edge[:-1]
    low, high = np.flatnonzero(same), np.flatnonzero(same) + 1
    place = np.full(len(feet.edge), -1, dtype=np.intp)
    place[on] = np.where(feet.at[on] <= 0, net.ends[feet.edge[on], 0], net.ends[feet.edge[on], 1])
    place[inside] = size + of.ravel()
    return Pieces(edge[low], at[low], at[high], node[low], node[high], size + more, place)


def sections(net: RoadNetwork, edge: Ints, low: Floats, high: Floats) -> NDArray[Any]:
    """Parts of stretches, from `low` to `high` metres, as lines; backwards where high is less."""
    if len(edge) == 0:
        return np.zeros(0, dtype=object)
    way = np.zeros_like(net.vertices)
    way[1:] = np.diff(net.vertices, axis=0)
    step = np.hypot(way[:, 0], way[:, 1])
    # A metre between stretches keeps the ends of neighbours apart.
    step[net.starts[:-1]] = 1.0
    run = np.cumsum(step)
    begin, end = net.starts[:-1][edge], net.starts[1:][edge] - 1
    scale = (run[end] - run[begin]) / net.metres[edge]
    least = run[begin] + np.minimum(low, high) * scale
    most = np.minimum(run[begin] + np.maximum(low, high) * scale, run[end])
    first = np.clip(np.searchsorted(run, least, side="right"), begin + 1, end)
    last = np.clip(np.searchsorted(run, most, side="left"), first, end)
    held = last - first + 2
    start = np.cumsum(held) - held
    within = np.arange(int(held.sum())) - np.repeat(start, held)
    places = net.vertices[np.minimum(np.repeat(first - 1, held) + within, len(run) - 1)]
    for at, value, vertex in ((start, least, first), (start + held - 1, most, last)):
        share = (value - run[vertex - 1]) / np.maximum(step[vertex], LEAST)
        places[at] = net.vertices[vertex - 1] + share[:, None] * way[vertex]
    lines: NDArray[Any] = np.asarray(
        shapely.linestrings(places, indices=np.repeat(np.arange(len(edge)), held))
    )
    lines[high < low] = shapely.reverse(lines[high < low])
    return lines
