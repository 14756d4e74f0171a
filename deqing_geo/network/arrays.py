"""Roads as arrays: crossings, stretches between them, and what was done to join them.

Roads meet where they share a vertex, to a millimetre, as surveys and OpenStreetMap draw them,
and where an end lies a hand's breadth from another line. A line that merely crosses another,
with no vertex in common, passes over it, unless the whole layer was drawn that way.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import standards
from deqing_geo.checks import require_lines, require_words
from deqing_geo.columns import UNKNOWN
from deqing_geo.crs import require_metres
from deqing_geo.errors import DeqingGeoWarning, InputError
from deqing_geo.network.joining import (
    MINUTES_PER_HOUR,
    NO_CROSSINGS,
    SNAP_M,
    Crossings,
    Moves,
    Paths,
    crossings_of,
    joined_at,
    nodes_of,
    parts_of,
    paths_of,
    snapped,
)
from deqing_geo.network.signs import levels, one_way, raised, says_level
from deqing_geo.opened import open_rows
from deqing_geo.provenance import notices, origins
from deqing_geo.tracing import single_lines

if TYPE_CHECKING:
    import networkx
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

Joining = Literal["auto", "vertices", "level"]
# Ours: where less than half of the length hangs together, lines were never given common vertices.
COLLAPSED_SHARE = 0.5
RAMP = "link"  # 匝道


@dataclass(frozen=True, slots=True, eq=False)
class RoadNetwork:
    """Crossings and the stretches of road between them.

    Attributes
    ----------
    nodes : ndarray of shape (N, 2)
        Crossings and ends, metres.
    ends : ndarray of shape (M, 2)
        The two nodes of every stretch, in the order its vertices run.
    metres, minutes : ndarray of shape (M,)
        Length of every stretch, and what it takes to drive.
    road : ndarray of shape (M,)
        The label of the road a stretch belongs to.
    road_class : ndarray of shape (M,)
        Its class.
    oneway : ndarray of bool, shape (M,)
        Traffic goes from the first end to the second only.
    level : ndarray of int, shape (M,)
        0 on the ground, 1 above it, -1 below.
    vertices : ndarray of shape (V, 2)
        The vertices of all stretches, one stretch after another.
    starts : ndarray of shape (M + 1,)
        Where in `vertices` each stretch begins; the last is V.
    crs : CRS
        Of the nodes.
    labels : ndarray of shape (N,)
        What the nodes are called; 0 to N - 1 in a network made from a layer.
    joined : str
        ``vertices``: lines meet at common vertices only; ``level``: wherever they cross on one
        level.
    snapped : GeoDataFrame of Point
        Ends that were moved to what lay near: ``road`` (label), ``shift_m``, ``onto`` (label of
        the road joined); the point is the place it was moved to.
    met : GeoDataFrame of Point
        Where lines were joined that cross without a common vertex: ``road`` and ``other_road``.
    notices, origins : tuple of str
        What must not be forgotten about the layer, and its file.
    """

    nodes: Floats
    ends: Ints
    metres: Floats
    minutes: Floats
    road: NDArray[Any]
    road_class: NDArray[Any]
    oneway: Flags
    level: Ints
    vertices: Floats
    starts: Ints
    crs: Any
    labels: NDArray[Any]
    joined: str
    snapped: gpd.GeoDataFrame
    met: gpd.GeoDataFrame
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<RoadNetwork of {len(self.nodes):,} crossings and ends, "
            f"{self.metres.sum() / 1000:,.1f} km, {self.connected_share:.0%} of it connected>"
        )

    @property
    def lines(self) -> NDArray[Any]:
        """Every stretch as a LineString, from its first end to its second."""
        owner = np.repeat(np.arange(len(self.ends)), np.diff(self.starts))
        return np.asarray(shapely.linestrings(self.vertices, indices=owner))

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
        if len(self.ends) == 0:
            return float("nan")
        held = np.bincount(parts_of(self.ends, len(self.nodes))[self.ends[:, 0]], self.metres)
        return float(held.max() / held.sum())

    @property
    def components(self) -> gpd.GeoDataFrame:
        """The parts that hang together, the longest first.

        Returns
        -------
        GeoDataFrame of Point
            ``stretch_count``, ``road_km``, ``road_share`` (of the whole length); the point is
            the western end of the part.

        Examples
        --------
        >>> from deqing_geo import sample
        >>> net = road_network(sample.roads().iloc[:2])
        >>> net.components[["stretch_count", "road_km", "road_share"]].values.tolist()
        [[1.0, 3.0, 0.75], [1.0, 1.0, 0.25]]
        """
        part = parts_of(self.ends, len(self.nodes))
        count = int(part.max()) + 1 if len(part) else 0
        of = part[self.ends[:, 0]]
        km = np.bincount(of, self.metres, count) / 1000
        west = np.lexsort((self.nodes[:, 1], self.nodes[:, 0], part))
        place = self.nodes[west[np.diff(part[west], prepend=-1) != 0]]
        order = np.lexsort((*place.T[::-1], -np.round(km, 6)))
        table = {
            "stretch_count": np.bincount(of, minlength=count)[order],
            "road_km": km[order],
            "road_share": km[order] / max(km.sum(), 1e-12),
        }
        return gpd.GeoDataFrame(table, geometry=shapely.points(place[order]), crs=self.crs)

    @property
    def crossed(self) -> gpd.GeoDataFrame:
        """Places where lines cross, or touch, and have no vertex in common in the layer.

        Returns
        -------
        GeoDataFrame of Point
            ``road``, ``other_road`` (labels of the rows) and ``joined``: whether they meet there in
            this network.

        Examples
        --------
        >>> from deqing_geo import sample
        >>> road_network(sample.roads().iloc[:2]).crossed[["road", "other_road", "joined"]]
           road  other_road  joined
        0     1           2   False
        """
        owner = np.repeat(np.arange(len(self.ends)), np.diff(self.starts))
        never = np.zeros(len(self.ends), dtype=bool)
        apart = crossings_of(paths_of(self.vertices, owner, self.level, never, never))
        table = pd.DataFrame(
            {
                "road": np.concatenate([self.met["road"], self.road[apart.line]]),
                "other_road": np.concatenate([self.met["other_road"], self.road[apart.other]]),
                "joined": np.arange(len(self.met) + len(apart.line)) < len(self.met),
            }
        )
        places = np.concatenate([self.met.geometry.array, shapely.points(apart.place)])
        return gpd.GeoDataFrame(table, geometry=places, crs=self.crs)

    def travel_minutes(
        self,
        starts: NDArray[Any],
        goals: NDArray[Any],
        *,
        walk_kmh: float,
        within_m: float = np.inf,
    ) -> Floats:
        """Minutes from each place to the goal that is nearest in time.

        Parameters
        ----------
        starts : ndarray of shape (S, 2)
            Metres, in the network's system.
        goals : ndarray of shape (G, 2)
            Metres; the nearest counts.
        walk_kmh : float
            The way between a place and the nearest road, straight, at this speed.
        within_m : float
            No place farther from any road than this is on the network.

        Returns
        -------
        ndarray of shape (S,)
            NaN where no road leads, or the place is not on the network.

        Raises
        ------
        InputError
            If there is no goal, a coordinate is no number, or the speed is not above 0.

        See Also
        --------
        deqing_geo.travel_minutes : the same for layers, with the reason where there is no way.

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
        from deqing_geo.network.ways import minutes_between

        here, there = (_places(one, name) for one, name in ((starts, "starts"), (goals, "goals")))
        if len(there) == 0:
            raise InputError("`goals` is empty: minutes to where?")
        group = np.zeros(len(there), dtype=np.intp)
        return minutes_between(self, here, there, group, walk_kmh, within_m).minutes[:, 0]

    def to_networkx(self) -> networkx.MultiGraph[Any]:
        """The same as a graph anyone can go on with.

        Returns
        -------
        networkx.MultiGraph
            As `road_graph` makes it; a MultiDiGraph where a stretch is one-way.

        Examples
        --------
        >>> from deqing_geo import sample
        >>> net = road_network(sample.roads().iloc[:2], speeds={"arterial": 60, "branch": 30})
        >>> net.to_networkx().number_of_edges()
        2
        """
        from deqing_geo.network.graph import graph_of

        graph: networkx.MultiGraph[Any] = graph_of(self)
        return graph


def road_network(
    roads: gpd.GeoDataFrame,
    *,
    speeds: Mapping[str, float] | None = None,
    snap_m: float = SNAP_M,
    crossings: Joining = "auto",
    one_way_streets: bool = True,
) -> RoadNetwork:
    """The network of the roads that are open, as arrays.

    Parameters
    ----------
    roads : GeoDataFrame of LineString
        Metres, with ``road_class``; rows whose ``road_status`` is not built stay out, rows
        without a status count as built. Read where they are there: ``oneway`` (yes, no and -1,
        单行 and 双向, or 1 and 0), ``road_level`` (0 on the ground), ``bridge``, ``tunnel``.
    speeds : mapping of str to float, optional
        Kilometres an hour by road class; classes that are not named stay out. By default the
        standard's, and a road of no known class goes as slowly as ``other``.
    snap_m : float
        A free end as near as this to a crossing, to another free end, or to the middle of a
        line of its own level is put there, in this order of preference; 0 to leave ends alone.
        Ours: half a metre (see `SNAP_M`).
    crossings : {"auto", "vertices", "level"}
        Whether lines that cross without a common vertex meet. ``vertices``: never. ``level``:
        where both are on one level, and none on a bridge or in a tunnel. ``auto``: as
        ``level``, with a warning, where the layer says nothing of levels, is not
        OpenStreetMap's, and less than half of its length hangs together otherwise.
    one_way_streets : bool
        False where everybody may go both ways, as people on foot do.

    Returns
    -------
    RoadNetwork
        Lines are cut at every vertex they share with another line or with themselves. Look at
        ``connected_share``: a layer whose lines cross without a common vertex falls apart.

    Raises
    ------
    InputError
        If a speed is not above 0, `snap_m` is negative, or no road has a class that is named.
    ColumnError
        If ``road_class`` is absent, or a column holds a word it may not.
    GeometryError
        If the layer holds anything but lines.
    CRSError
        If it is not in metres.

    Warns
    -----
    DeqingGeoWarning
        Where lines were joined at crossings they have no vertex at.

    Notes
    -----
    At a common vertex of several levels, what passes through meets only its own level, and a
    line that ends there joins its own level. Where nothing passes through on its own level, a
    ramp (``link``) joins the nearest level that does; other ends join one another, as a bridge
    joins its approach. A bridge left alone comes down to the street at its foot; a road on the
    ground left alone ends below what passes above it.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> road_network(sample.roads(), speeds={"arterial": 60, "branch": 30})
    <RoadNetwork of 4 crossings and ends, 4.0 km, 75% of it connected>
    """
    require_metres(roads=roads)
    lines = require_lines(roads=roads)
    words = require_words(roads, "roads", "road_class", made_by="read_roads")
    fast = _speeds(speeds)
    if not (np.isfinite(snap_m) and snap_m >= 0):
        raise InputError(f"snap_m={snap_m!r} is no distance in metres, 0 or more.")
    if crossings not in ("auto", "vertices", "level"):
        raise InputError(f"crossings={crossings!r}; it may be 'auto', 'vertices' or 'level'.")
    kind, kinds = pd.factorize(words)
    kmh = np.array([fast.get(word, np.nan) for word in kinds], dtype=float)[kind]
    used = np.isfinite(kmh) & open_rows(roads, "roads", "road_status")
    if not used.any():
        there = ", ".join(sorted(set(words))) or "no road at all"
        raise InputError(f"No open road is of a class with a speed; there are {there}.")
    rows = np.flatnonzero(used)
    parts, part_of = single_lines(lines[rows])
    row_of = rows[part_of]
    level, lifted = levels(roads), raised(roads) != 0
    way = one_way(roads) if one_way_streets else np.zeros(len(roads), dtype=np.intp)
    places, line_of = shapely.get_coordinates(parts, return_index=True)
    ramp = words[row_of] == RAMP
    paths = paths_of(places, line_of, level[row_of], lifted[row_of], ramp)
    paths, moves = snapped(paths, snap_m)
    facts = _Facts(row_of, kmh, way, level, roads.index.to_numpy(), words)
    joined, said = crossings, notices(None, roads=roads)
    if crossings != "level":
        joined, arrays = "vertices", _stretches(paths, facts)
        if crossings == "auto" and not says_level(roads) and _falls_apart(arrays):
            joined = "level"
    met = _crossed(None, facts, roads.crs)
    if joined == "level":
        found = crossings_of(paths)
        met = _crossed(found, facts, roads.crs)
        arrays = _stretches(joined_at(paths, found), facts)
        if crossings == "auto" and len(met):
            said = (*said, f"道路交叉处无公共节点,已在{len(met)}处按平交连通")
            warnings.warn(
                "Less than half of `roads` hangs together: its lines cross without common "
                f"vertices. They were joined at {len(met)} crossings, as if all were at grade. "
                "Pass "
                "crossings='level' if that is right, 'vertices' if not.",
                DeqingGeoWarning,
                stacklevel=2,
            )
    return RoadNetwork(
        **arrays,
        crs=roads.crs,
        labels=np.arange(len(arrays["nodes"])),
        joined=joined,
        snapped=_moved(moves, facts, roads.crs),
        met=met,
        notices=said,
        origins=origins(roads=roads),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """What rows say, and which row each single line comes from."""

    row_of: Ints
    kmh: Floats
    way: Ints
    level: Ints
    labels: NDArray[Any]
    words: NDArray[Any]


def _stretches(paths: Paths, facts: _Facts) -> dict[str, Any]:
    """The arrays of a network: lines cut from one crossing to the next."""
    code, places = nodes_of(paths), paths.places
    first, last = paths.first, paths.last
    step = np.zeros(len(places))
    step[1:] = np.hypot(*np.diff(places, axis=0).T)
    step[first] = 0
    along = np.cumsum(step)
    at = np.flatnonzero(first | last | (np.bincount(code)[code] > 1))
    # From one cut to the next of the same line.
    onward = ~last[at[:-1]]
    tail, head = at[:-1][onward], at[1:][onward]
    metres = along[head] - along[tail]
    real = metres > 0
    if not real.all():
        tail, head, metres = tail[real], head[real], metres[real]
    is_node = np.zeros(int(code.max()) + 1 if len(code) else 0, dtype=bool)
    is_node[code[tail]] = is_node[code[head]] = True
    number = np.cumsum(is_node) - 1
    ends = np.stack([number[code[tail]], number[code[head]]], axis=1)
    where = np.zeros((len(is_node), 2))
    where[code[at[::-1]]] = places[at[::-1]]
    nodes = where[is_node]
    row = facts.row_of[paths.line_of[tail]]
    held = head - tail + 1
    starts = np.concatenate([[0], np.cumsum(held)])
    back = facts.way[row] < 0
    # Traffic runs from the first end to the second.
    ends[back] = ends[back, ::-1]
    origin, turn = np.where(back, head, tail), np.where(back, -1, 1)
    within = np.arange(starts[-1]) - np.repeat(starts[:-1], held)
    vertices = places[np.repeat(origin, held) + np.repeat(turn, held) * within]
    vertices[starts[:-1]], vertices[starts[1:] - 1] = nodes[ends[:, 0]], nodes[ends[:, 1]]
    return {
        "nodes": nodes,
        "ends": ends,
        "metres": metres,
        "minutes": metres / 1000 / facts.kmh[row] * MINUTES_PER_HOUR,
        "road": facts.labels[row],
        "road_class": facts.words[row],
        "oneway": facts.way[row] != 0,
        "level": facts.level[row],
        "vertices": vertices,
        "starts": starts,
    }


def _falls_apart(arrays: dict[str, Any]) -> bool:
    part = parts_of(arrays["ends"], len(arrays["nodes"]))
    held = np.bincount(part[arrays["ends"][:, 0]], arrays["metres"])
    return len(held) > 0 and bool(held.max() < COLLAPSED_SHARE * held.sum())


def _moved(moves: Moves, facts: _Facts, crs: Any) -> gpd.GeoDataFrame:
    table = {
        "road": facts.labels[facts.row_of[moves.line]],
        "onto": facts.labels[facts.row_of[moves.onto]],
        "shift_m": moves.metres,
    }
    return gpd.GeoDataFrame(table, geometry=shapely.points(moves.goal), crs=crs)


def _crossed(found: Crossings | None, facts: _Facts, crs: Any) -> gpd.GeoDataFrame:
    if found is None:
        found = NO_CROSSINGS
    line, other = (facts.row_of[of[found.joins]] for of in (found.line, found.other))
    table = {"road": facts.labels[line], "other_road": facts.labels[other]}
    return gpd.GeoDataFrame(table, geometry=shapely.points(found.place[found.joins]), crs=crs)


def _speeds(speeds: Mapping[str, float] | None) -> dict[str, float]:
    """Kilometres an hour by class, all above 0."""
    if speeds is None:
        law = standards.load().speeds
        return {UNKNOWN: law["other"], **law}
    for word, speed in speeds.items():
        if not (np.isfinite(speed) and speed > 0):
            raise InputError(f"speeds[{word!r}] = {speed!r} is no speed above 0.")
    return dict(speeds)


def _places(given: NDArray[Any], name: str) -> Floats:
    places = np.asarray(given, dtype=float)
    if places.ndim != 2 or places.shape[1:] != (2,):
        raise InputError(f"`{name}` must be x and y of every place, an array of shape (n, 2).")
    if not np.isfinite(places).all():
        raise InputError(f"`{name}` holds coordinates that are no numbers.")
    return places
