"""Roads as a graph: crossings, stretches, and minutes between places.

Roads meet where they share a vertex, to a millimetre, as surveys and OpenStreetMap draw them. A
line that merely crosses another, with no vertex in common, passes over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo.checks import require_lines, require_words
from deqing_geo.crs import require_metres
from deqing_geo.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import networkx
    from numpy.typing import NDArray

MILLIMETRE = 1_000.0


@dataclass(frozen=True, slots=True, eq=False)
class RoadNetwork:
    """Crossings and the stretches of road between them.

    Attributes
    ----------
    nodes : ndarray of shape (N, 2)
        Crossings and ends, metres.
    ends : ndarray of shape (M, 2)
        The two nodes of every stretch.
    metres, minutes : ndarray of shape (M,)
        Length of every stretch, and what it takes to drive.
    road : ndarray of shape (M,)
        The label of the road a stretch belongs to.
    crs : CRS
        Of the nodes.
    """

    nodes: NDArray[np.float64]
    ends: NDArray[np.intp]
    metres: NDArray[np.float64]
    minutes: NDArray[np.float64]
    road: NDArray[Any]
    crs: Any

    def __repr__(self) -> str:
        return (
            f"<RoadNetwork of {len(self.nodes):,} crossings and ends, "
            f"{self.metres.sum() / 1000:,.1f} km, {self.connected_share:.0%} of it connected>"
        )

    @property
    def connected_share(self) -> float:
        """How much of the length hangs together, 0 to 1: little, where lines were never noded.

        Examples
        --------
        Paper Town's two streets cross, but have no vertex in common:

        >>> from deqing_geo import sample
        >>> road_network(sample.roads().iloc[:2], speeds={"arterial": 60, "branch": 30})
        <RoadNetwork of 4 crossings and ends, 4.0 km, 75% of it connected>
        """
        from scipy import sparse
        from scipy.sparse.csgraph import connected_components

        if len(self.ends) == 0:
            return float("nan")
        size = len(self.nodes)
        ones = np.ones(len(self.ends))
        graph = sparse.csr_matrix((ones, (self.ends[:, 0], self.ends[:, 1])), shape=(size, size))
        _, part = connected_components(graph, directed=False)
        held = np.bincount(part[self.ends[:, 0]], self.metres)
        return float(held.max() / held.sum())

    def travel_minutes(
        self,
        starts: NDArray[Any],
        goals: NDArray[Any],
        *,
        walk_kmh: float,
        within_m: float = np.inf,
    ) -> NDArray[np.float64]:
        """Minutes from each place to the goal that is nearest in time.

        Parameters
        ----------
        starts : ndarray of shape (S, 2)
            Metres, in the network's system.
        goals : ndarray of shape (G, 2)
            Metres; the nearest counts.
        walk_kmh : float
            The way between a place and the nearest crossing, straight, at this speed.
        within_m : float
            No place farther from any crossing than this is on the network.

        Returns
        -------
        ndarray of shape (S,)
            NaN where no road leads, or the place is not on the network.

        Raises
        ------
        InputError
            If there is no goal, a coordinate is no number, or the speed is not above 0.

        Examples
        --------
        >>> from deqing_geo import sample
        >>> roads = sample.roads().iloc[:2]
        >>> speeds = {"arterial": 60, "branch": 30}
        >>> net = road_network(roads, speeds=speeds)
        >>> west = np.array([[sample.X0, sample.Y0 + 500]])
        >>> east = np.array([[sample.X0 + 3000, sample.Y0 + 500]])
        >>> net.travel_minutes(west, east, walk_kmh=5).tolist()
        [3.0]
        """
        from scipy import sparse
        from scipy.sparse.csgraph import dijkstra
        from scipy.spatial import KDTree

        here, there = (_places(one, name) for one, name in ((starts, "starts"), (goals, "goals")))
        if len(there) == 0:
            raise InputError("`goals` is empty: minutes to where?")
        if not walk_kmh > 0:
            raise InputError(f"walk_kmh={walk_kmh!r} is no speed above 0.")
        if len(here) == 0 or len(self.nodes) == 0:
            return np.full(len(here), np.nan)
        tree = KDTree(self.nodes)
        away, near = zip(*(tree.query(one) for one in (here, there)), strict=True)
        foot = [np.where(far <= within_m, far / 1000 / walk_kmh * 60, np.inf) for far in away]
        # One more node stands for all goals, so that one search serves them together.
        size = len(self.nodes) + 1
        last = np.full(len(there), size - 1)
        on = np.isfinite(foot[1])
        tails = np.concatenate([self.ends[:, 0], near[1][on]])
        heads = np.concatenate([self.ends[:, 1], last[on]])
        cost = np.concatenate([self.minutes, foot[1][on]])
        # Zero would mean no road at all.
        cost = np.maximum(cost, 1e-9)
        pairs = np.concatenate([tails * size + heads, heads * size + tails])
        order = np.argsort(pairs, kind="stable")
        pairs = pairs[order]
        first = np.flatnonzero(np.diff(pairs, prepend=-1) != 0)
        # Of several stretches between the same two the fastest; sums would be nonsense.
        fastest = np.minimum.reduceat(np.tile(cost, 2)[order], first)
        graph: Any = sparse.csr_matrix(
            (fastest, (pairs[first] // size, pairs[first] % size)), shape=(size, size)
        )
        way = dijkstra(graph, directed=True, indices=np.array([size - 1]))[0]
        total = way[near[0]] + foot[0]
        return np.where(np.isfinite(total), np.round(total, 6), np.nan)

    def to_networkx(self) -> networkx.MultiGraph[int]:
        """The same as a graph anyone can go on with.

        Returns
        -------
        networkx.MultiGraph
            Nodes are numbered and carry ``x`` and ``y``; edges carry ``metres``, ``minutes`` and
            ``road``.

        Examples
        --------
        >>> from deqing_geo import sample
        >>> net = road_network(sample.roads().iloc[:2], speeds={"arterial": 60, "branch": 30})
        >>> net.to_networkx().number_of_edges()
        2
        """
        import networkx

        graph: networkx.MultiGraph[int] = networkx.MultiGraph(crs=self.crs)
        graph.add_nodes_from(
            (at, {"x": x, "y": y}) for at, (x, y) in enumerate(self.nodes.tolist())
        )
        graph.add_edges_from(
            (a, b, {"metres": metres, "minutes": minutes, "road": road})
            for (a, b), metres, minutes, road in zip(
                self.ends.tolist(),
                self.metres.tolist(),
                self.minutes.tolist(),
                self.road.tolist(),
                strict=True,
            )
        )
        return graph


def road_network(roads: gpd.GeoDataFrame, *, speeds: Mapping[str, float]) -> RoadNetwork:
    """The network of the roads that are open.

    Parameters
    ----------
    roads : GeoDataFrame of LineString
        Metres, with ``road_class``; rows whose ``road_status`` is not built stay out, rows
        without a status count as built. Roads are taken as open in both directions.
    speeds : mapping of str to float
        Kilometres an hour by road class. Classes that are not named stay out.

    Returns
    -------
    RoadNetwork
        Lines are cut at every vertex they share with another line or with themselves. Look at
        ``connected_share``: a layer whose lines cross without a common vertex falls apart.

    Raises
    ------
    InputError
        If a speed is not above 0, or no road has a class that is named.
    ColumnError
        If ``road_class`` is absent or holds a word it may not.
    GeometryError
        If the layer holds anything but lines.
    CRSError
        If it is not in metres.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> road_network(sample.roads(), speeds={"arterial": 60, "branch": 30})
    <RoadNetwork of 4 crossings and ends, 4.0 km, 75% of it connected>
    """
    require_metres(roads=roads)
    lines = require_lines(roads=roads)
    words = require_words(roads, "roads", "road_class", made_by="read_roads")
    for word, speed in speeds.items():
        if not speed > 0:
            raise InputError(f"speeds[{word!r}] = {speed!r} is no speed above 0.")
    used = np.isin(words, list(speeds))
    if "road_status" in roads:
        status = roads["road_status"]
        used &= (status.isna() | (status == "built")).to_numpy(dtype=bool)
    if not used.any():
        raise InputError(
            f"No open road is of a class with a speed; there are {', '.join(sorted(set(words)))}."
        )
    rows = np.flatnonzero(used)
    parts, part_of = shapely.get_parts(lines[rows], return_index=True)
    places, line_of = shapely.get_coordinates(parts, return_index=True)
    keys = np.round(places * MILLIMETRE).astype(np.int64)
    # Two vertices in one place are one crossing; a line's own repeated vertex is not.
    same = (np.diff(line_of, prepend=-1) == 0) & (np.diff(keys, axis=0, prepend=0) == 0).all(axis=1)
    places, line_of, keys = places[~same], line_of[~same], keys[~same]
    code, _ = pd.factorize(_mixed(keys))
    first = np.diff(line_of, prepend=-1) != 0
    last = np.append(first[1:], True) if len(first) else first
    shared = np.bincount(code)[code] > 1
    cut = first | last | shared
    step = np.hypot(*np.diff(places, axis=0, prepend=places[:1]).T)
    step[first] = 0
    along = np.cumsum(step)
    at = np.flatnonzero(cut)
    # From one cut to the next of the same line.
    onward = line_of[at[:-1]] == line_of[at[1:]]
    tail, head = at[:-1][onward], at[1:][onward]
    metres = along[head] - along[tail]
    real = metres > 0
    tail, head, metres = tail[real], head[real], metres[real]
    seen, ends = np.unique(np.stack([code[tail], code[head]], axis=1), return_inverse=True)
    where = np.zeros((int(code.max()) + 1 if len(code) else 0, 2))
    where[code[::-1]] = places[::-1]
    row = rows[part_of[line_of[tail]]]
    kmh = np.array([speeds[word] for word in words[row]], dtype=float)
    return RoadNetwork(
        nodes=where[seen],
        ends=ends.reshape(-1, 2),
        metres=metres,
        minutes=metres / 1000 / kmh * 60,
        road=roads.index.to_numpy()[row],
        crs=roads.crs,
    )


def _mixed(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Two whole numbers as one: millimetres of a county or a province fit in 63 bits."""
    low = keys.min(axis=0) if len(keys) else np.zeros(2, dtype=np.int64)
    x, y = (keys - low).T
    breadth = int(y.max()) + 1 if len(y) else 1
    if len(x) and int(x.max()) * breadth >= 2**62:
        raise InputError("The roads reach too far apart for one network; cut them to a region.")
    return np.asarray(x * breadth + y)


def _places(given: NDArray[Any], name: str) -> NDArray[np.float64]:
    places = np.asarray(given, dtype=float)
    if places.ndim != 2 or places.shape[1:] != (2,):
        raise InputError(f"`{name}` must be x and y of every place, an array of shape (n, 2).")
    if not np.isfinite(places).all():
        raise InputError(f"`{name}` holds coordinates that are no numbers.")
    return places
