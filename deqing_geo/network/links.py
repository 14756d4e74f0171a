"""Short links that are missing between roads that end and what lies before them.

They are straight lines over the map, and suggestions: nothing here knows the ground, the
owners or the plan of land use.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import standards
from deqing_geo.alongside import along
from deqing_geo.checks import require_areas, require_lines
from deqing_geo.columns import phrases, word
from deqing_geo.crs import ellipsoidal_area, require_metres
from deqing_geo.ellipsoid import M2_PER_KM2, M_PER_KM
from deqing_geo.errors import GeometryError, InputError
from deqing_geo.network.edges import Feet, cut_at, matrix_of
from deqing_geo.network.ends import MEETS_M, cut_ends, ends_of, names_of
from deqing_geo.network.graph import LEAST, as_network
from deqing_geo.network.joining import MILLIMETRE, parts_of
from deqing_geo.opened import open_rows
from deqing_geo.provenance import notices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.network.arrays import RoadNetwork
    from deqing_geo.network.edges import Pieces
    from deqing_geo.network.graph import Graph

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Shapes = NDArray[Any]

MAX_M = 300.0
# Ours: a link that does not at least halve the way between its two ends is not worth a line.
WORTH = 2.0
# Ours: nobody may join a lane to a motorway or to a ramp.
CLOSED = ("motorway", "link")
# The way before is first looked for within so many lengths of the longest link, which most are;
# only where it is longer is the whole network searched.
NEAR_LENGTHS = 10.0
# So many distances are held at once.
BATCH = 20_000_000
# How much of a link is left out at each end when asking what it crosses: there it meets roads.
FREE_M = 0.5
# Ours: a gap no wider than a carriageway is more likely one of the drawing than of the ground.
GAP_M = 10.0
# Ours: the last metres of a street, as wide as a street is, are its end.
LAST_M = 15.0
# Half of a link along a planned road: the plan has it.
ON_PLAN = 0.5


def suggest_links(
    graph: RoadNetwork | Graph,
    roads: gpd.GeoDataFrame | None = None,
    *,
    max_m: float = MAX_M,
    areas: gpd.GeoDataFrame | None = None,
    barriers: Mapping[str, gpd.GeoDataFrame] | None = None,
    over_barriers: Literal["last", "drop"] = "last",
    planned: gpd.GeoDataFrame | None = None,
    limit: int | None = None,
) -> gpd.GeoDataFrame:
    """Short missing links from where roads end, ranked by what they save (建议连通道路).

    A link leads straight from an end to another end, or to the nearest place of another street, no
    farther than `max_m`, and crosses no road and no better link on its way. It must at least
    halve the way between its two ends, also when all better links are there. Every end has one
    link at most: the best that is left when better ones have taken theirs. Ends that cutting the
    layer made have none, and none leads to a motorway, a ramp, a bridge, a tunnel or another
    level.

    Ranked first are links that join two parts of the network of which the smaller has more road
    than a link may be long; then those that spare the longest ways round; then those that join a
    scrap of road; of equal ones the shorter. Links over a barrier come after all others.

    Parameters
    ----------
    graph : networkx.MultiGraph or RoadNetwork
        As `road_graph` makes it. Streets count as open both ways here.
    roads : GeoDataFrame of LineString, optional
        The layer the graph was made of, for names.
    max_m : float
        Longest link, in metres.
    areas : GeoDataFrame of Polygon, optional
        Only ends within them; each link then says by how much it raises the density of the area
        it mostly lies in.
    barriers : mapping of str to GeoDataFrame, optional
        Lines or polygons a link should not cross, by name: ``{"water": rivers}``. ``water``,
        ``railway``, ``farmland`` and ``redline`` are shown by their Chinese names.
    over_barriers : {"last", "drop"}
        Whether links that cross a barrier come last, and are told, or are left out.
    planned : GeoDataFrame of LineString, optional
        The planned network: a link that runs along one of its roads not yet built, or begins
        where one leads on, is told.
    limit : int, optional
        How many links at most.

    Returns
    -------
    GeoDataFrame of LineString
        In order of rank, from 1: ``road``, ``road_name`` (where the link begins), ``to_road``,
        ``to_name``, ``link_m``, ``before_m`` (the way there was, NaN where there was none),
        ``saved_m`` (that less the link's own length), ``joins_parts``, ``joins_km`` (length of the
        smaller of the two parts), ``barriers`` (those it crosses, joined by 、), ``on_plan``,
        ``plan_leads_on`` and ``planned_name``, ``link_effect`` (in words), ``node`` and
        ``to_node`` (None where the link meets the middle of a street); with areas ``in_area``,
        ``area_added_km`` and ``density_gain`` (km/km²). ``attrs["notice"]`` says that they are
        suggestions.

    Raises
    ------
    CRSError
        If a layer has no CRS or is in degrees, or they disagree.
    GeometryError
        If a road or planned road is not a line, an area not a valid polygon, or a barrier a
        point.
    ColumnError
        If a status is not in the vocabulary.
    InputError
        If the graph is none, or `max_m`, `limit`, `barriers` or `over_barriers` is none.

    See Also
    --------
    dead_ends : the ends, and what each is.

    Examples
    --------
    A street bent like a U: the link between its ends spares a way round of 1.9 km.

    >>> import geopandas as gpd, shapely
    >>> from deqing_geo import road_graph, sample
    >>> bent = [(500_000, 3_380_000), (500_900, 3_380_000), (500_900, 3_380_100)]
    >>> street = gpd.GeoDataFrame(
    ...     {"road_class": ["branch"]},
    ...     geometry=[shapely.LineString([*bent, (500_000, 3_380_100)])],
    ...     crs=sample.CRS,
    ... )
    >>> links = suggest_links(road_graph(street))
    >>> links[["link_m", "before_m", "saved_m"]].values.tolist()
    [[100.0, 1900.0, 1800.0]]
    """
    net = as_network(graph)
    blocks = _barriers(barriers)
    layers = {
        name: frame
        for name, frame in (("roads", roads), ("areas", areas), ("planned", planned))
        if frame is not None
    }
    own = gpd.GeoDataFrame(geometry=shapely.points(net.nodes[:1]), crs=net.crs)
    require_metres(graph=own, **layers, **blocks)
    if isinstance(max_m, bool) or not (math.isfinite(max_m) and max_m > 0):
        raise InputError(f"max_m={max_m!r} is no distance above 0.")
    if over_barriers not in ("last", "drop"):
        raise InputError(f"over_barriers={over_barriers!r}; it may be 'last' or 'drop'.")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InputError(f"limit={limit!r} is no number of links.")
    lines = net.lines
    land = None if areas is None else shapely.union_all(require_areas(areas=areas))
    found = _worthy(net, _uncrossed(_candidates(net, lines, land, max_m), lines))
    if land is not None:
        # One that only begins on the outline and leads away is not the areas' own.
        within = shapely.length(shapely.intersection(found.shapes, land))
        found = found.at(within > 1 / MILLIMETRE)
    shapes = found.shapes
    crosses = _crossed(shapes, blocks)
    if over_barriers == "drop":
        free = crosses == ""
        found, shapes, crosses = found.at(free), shapes[free], crosses[free]
    order = _ranked(found, crosses, shapes, max_m)
    order = order[_in_turn(net, found.at(order), limit)]
    found, shapes, crosses = found.at(order), shapes[order], crosses[order]
    table = {
        "road": net.road[found.stretch],
        "road_name": _named(net.road[found.stretch], roads),
        "to_road": net.road[found.onto],
        "to_name": _named(net.road[found.onto], roads),
        "link_m": shapely.length(shapes),
        "before_m": found.before,
        "saved_m": found.before - shapely.length(shapes),
        "joins_parts": np.isnan(found.before),
        "joins_km": found.joins,
        "barriers": crosses,
        **_on_plan(found, shapes, planned),
        **_gains(shapes, areas),
        "link_effect": _effect(found, shapes),
        "node": net.labels[found.tail],
        "to_node": _node_labels(net, found.head),
    }
    rank = pd.RangeIndex(1, len(shapes) + 1, name="link_rank")
    out = gpd.GeoDataFrame(table, geometry=shapes, index=rank, crs=net.crs)
    said = (word("notice.suggested"), *net.notices, *notices(None, **layers, **blocks))
    out.attrs["definition"] = word("definition.links")
    out.attrs["notice"] = ";".join(dict.fromkeys(said))
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Straight lines from ends to what lies before them."""

    tail: Ints  # node it begins at
    stretch: Ints  # that ends there
    goal: Floats  # (n, 2), where it leads
    onto: Ints  # stretch it leads to
    along: Floats  # metres from that one's first end
    head: Ints  # node it leads to, -1 in the middle of a stretch
    end: Ints  # the same where that node is an end too, else -1
    start: Floats  # (n, 2)
    before: Floats  # metres of the way there was; NaN where there was none
    joins: Floats  # km of the smaller part joined

    @property
    def shapes(self) -> Shapes:
        pairs = np.stack([self.start, self.goal], axis=1)
        return np.asarray(shapely.linestrings(pairs), dtype=object).reshape(len(pairs))

    def at(self, rows: Any) -> _Links:
        return _Links(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def _candidates(net: RoadNetwork, lines: Shapes, land: Any, max_m: float) -> _Links:
    """From every end to the nearest place of every stretch that is near."""
    node, stretch, loop = ends_of(net)
    node, stretch = node[~loop], stretch[~loop]
    is_end = np.zeros(len(net.nodes), dtype=bool)
    is_end[node] = True
    places = np.asarray(shapely.points(net.nodes[node]), dtype=object)
    there = ~cut_ends(places, lines, land, MEETS_M)
    if land is not None:
        shapely.prepare(land)
        there &= shapely.covers(land, places)
    node, stretch, places = node[there], stretch[there], places[there]
    starts = np.zeros(len(net.nodes), dtype=bool)
    starts[node] = True
    open_to = ~np.isin(net.road_class.astype(str), CLOSED)
    targets = np.flatnonzero(open_to)
    end, hit = shapely.STRtree(lines[targets]).query(places, predicate="dwithin", distance=max_m)
    onto = targets[hit]
    other = (onto != stretch[end]) & (net.level[onto] == net.level[stretch[end]])
    end, onto = end[other], onto[other]
    away = shapely.line_locate_point(lines[onto], places[end])
    near = 1 / MILLIMETRE
    first, last = away <= near, away >= net.metres[onto] - near
    head = np.where(first, net.ends[onto, 0], np.where(last, net.ends[onto, 1], -1))
    goal = shapely.get_coordinates(shapely.line_interpolate_point(lines[onto], away))
    goal = goal.reshape(-1, 2)
    goal[head >= 0] = net.nodes[head[head >= 0]]
    # Beside the end of a street it is the end that is to be linked.
    beside = np.zeros(len(onto), dtype=bool)
    for side, far in ((0, away), (1, net.metres[onto] - away)):
        beside |= is_end[net.ends[onto, side]] & (far <= LAST_M)
    kept = (head >= 0) | ~beside
    end, onto, away, head, goal = (each[kept] for each in (end, onto, away, head, goal))
    first, last = first[kept], last[kept]
    away = np.where(first, 0.0, np.where(last, net.metres[onto], away))
    tail, stem = node[end], stretch[end]
    # The nearest place of a street is seldom its end, and two ends are better than one.
    one, two = _pairs(net, node, stretch, max_m)
    other_end = net.ends[stretch[two], 1] == node[two]
    tail, stem = np.concatenate([tail, node[one]]), np.concatenate([stem, stretch[one]])
    onto = np.concatenate([onto, stretch[two]])
    goal = np.concatenate([goal, net.nodes[node[two]]])
    away = np.concatenate([away, np.where(other_end, net.metres[stretch[two]], 0.0)])
    head = np.concatenate([head, node[two]])
    reached = np.where((head >= 0) & is_end[np.maximum(head, 0)], head, -1)
    # On a bridge or in a tunnel a road is met at its ends only.
    kept = (tail != head) & ((head >= 0) | (net.level[onto] == 0))
    empty = np.full(len(tail), np.nan)
    found = _Links(tail, stem, goal, onto, away, head, reached, net.nodes[tail], empty, empty).at(
        kept
    )
    return _once(net, found, starts)


def _pairs(net: RoadNetwork, node: Ints, stretch: Ints, max_m: float) -> tuple[Ints, Ints]:
    """Ends near one another, on one level, each pair once."""
    from scipy.spatial import KDTree

    if len(node) < 2:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    near = KDTree(net.nodes[node]).query_pairs(max_m, output_type="ndarray").reshape(-1, 2)
    open_to = ~np.isin(net.road_class[stretch].astype(str), CLOSED)
    level = net.level[stretch]
    kept = open_to[near].all(axis=1) & (level[near[:, 0]] == level[near[:, 1]])
    x, y = net.nodes[node].T
    one, two = near[kept].T
    west = (x[one] < x[two]) | ((x[one] == x[two]) & (y[one] < y[two]))
    return np.where(west, one, two), np.where(west, two, one)


def _once(net: RoadNetwork, found: _Links, starts: Flags) -> _Links:
    """Each link once: from the western end of two, and to a crossing by one of its streets."""
    x, y = net.nodes.T
    head = np.maximum(found.end, 0)
    twice = (found.end >= 0) & starts[head]
    west = (x[found.tail] < x[head]) | ((x[found.tail] == x[head]) & (y[found.tail] < y[head]))
    # An end sees the other as the end of a stretch, and is seen by it, too.
    found = found.at(~twice | west)
    goal = np.round(found.goal * MILLIMETRE).astype(np.int64)
    # Of streets that meet in the goal the one with the western middle.
    middle = net.vertices[(net.starts[found.onto] + net.starts[found.onto + 1]) // 2]
    order = np.lexsort((middle[:, 1], middle[:, 0], goal[:, 1], goal[:, 0], found.tail))
    keys = np.column_stack([found.tail, goal])[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(keys, axis=0) != 0).any(axis=1)
    return found.at(order[first])


def _uncrossed(found: _Links, lines: Shapes) -> _Links:
    """Without those that cross or touch a road on their way."""
    hit = np.zeros(len(found.tail), dtype=bool)
    if len(hit):
        hit[shapely.STRtree(lines).query(_inner(found), predicate="intersects")[0]] = True
    length = np.hypot(*(found.goal - found.start).T)
    return found.at(~hit & (length > 1 / MILLIMETRE))


def _inner(found: _Links) -> Shapes:
    """The links without their ends, where they meet roads."""
    way = found.goal - found.start
    length = np.hypot(*way.T)
    free = np.minimum(FREE_M, length / 4)
    step = way * (free / np.maximum(length, 1 / MILLIMETRE))[:, None]
    inner = shapely.linestrings(np.stack([found.start + step, found.goal - step], axis=1))
    return np.asarray(inner, dtype=object).reshape(len(length))


def _worthy(net: RoadNetwork, found: _Links) -> _Links:
    """With the way there was before, and without those that spare too little of it."""
    length = np.hypot(*(found.goal - found.start).T)
    part = parts_of(net.ends, len(net.nodes))
    km = np.bincount(part[net.ends[:, 0]], net.metres, minlength=int(part.max(initial=0)) + 1)
    mine, theirs = part[found.tail], part[net.ends[found.onto, 0]]
    apart = mine != theirs
    joins = np.where(apart, np.minimum(km[mine], km[theirs]) / M_PER_KM, np.nan)
    before = np.full(len(length), np.nan)
    rows = np.flatnonzero(~apart)
    if len(rows):
        near = NEAR_LENGTHS * float(length[rows].max())
        before[rows] = _ways(net, found.at(rows), near)
        far = rows[~np.isfinite(before[rows])]
        if len(far):
            before[far] = _ways(net, found.at(far), np.inf)
    kept = apart | (before >= WORTH * length)
    return replace(found, before=before, joins=joins).at(kept)


def _ways(net: RoadNetwork, found: _Links, limit: float) -> Floats:
    """Metres along the network from each link's start to its goal; infinite beyond the limit."""
    from scipy.sparse.csgraph import dijkstra

    size = len(net.nodes)
    a, b = net.ends.T
    matrix = matrix_of(np.concatenate([a, b]), np.concatenate([b, a]), np.tile(net.metres, 2), size)
    source, back = np.unique(found.tail, return_inverse=True)
    out = np.full(len(found.tail), np.inf)
    each = max(1, BATCH // size)
    first, last = net.ends[found.onto].T
    for begin in range(0, len(source), each):
        chunk = source[begin : begin + each]
        way = dijkstra(matrix, directed=True, indices=chunk, limit=limit)
        rows = np.flatnonzero((back >= begin) & (back < begin + len(chunk)))
        at = back[rows] - begin
        one = way[at, first[rows]] + found.along[rows]
        two = way[at, last[rows]] + net.metres[found.onto[rows]] - found.along[rows]
        out[rows] = np.minimum(one, two)
    return out


def _ranked(found: _Links, crosses: NDArray[Any], shapes: Shapes, max_m: float) -> Ints:
    """The best first; of equal ones the shorter, then the western."""
    length = np.round(shapely.length(shapes), 6)
    saved = np.round(np.nan_to_num(found.before - length, nan=0.0), 6)
    apart = np.isnan(found.before)
    large = apart & (found.joins * M_PER_KM > max_m)
    kind = np.where(large, 0, np.where(apart, 2, 1))
    worth = np.where(apart, np.round(np.nan_to_num(found.joins), 9), saved)
    x, y = found.start.T
    return np.lexsort(
        (found.goal[:, 1], found.goal[:, 0], y, x, length, -worth, kind, crosses != "")
    )


def _in_turn(net: RoadNetwork, found: _Links, limit: int | None) -> Ints:
    """The links to take of a ranking, each judged as if the better ones were there already.

    One by one, since each changes what the next is worth; a search goes no farther than to see
    that a link still halves a way.
    """
    from scipy.sparse.csgraph import dijkstra

    count = len(found.tail)
    between = found.head < 0
    pieces = cut_at(net, Feet(np.where(between, found.onto, -1), found.along, np.zeros(count)))
    goal = np.where(between, pieces.node, found.head)
    length = np.hypot(*(found.goal - found.start).T)
    matrix, entry = _with_links(pieces, found.tail, goal)
    part = parts_of(net.ends, len(net.nodes))
    joined = np.arange(int(part.max(initial=0)) + 1)
    used = np.zeros(len(net.nodes), dtype=bool)
    inner = _inner(found)
    one, two = shapely.STRtree(inner).query(inner, predicate="intersects")
    order = np.argsort(one, kind="stable")
    bounds = np.searchsorted(one[order], np.arange(count + 1))
    crossed = np.zeros(count, dtype=bool)
    taken: list[int] = []
    for at in range(count):
        tail, end = found.tail[at], found.end[at]
        if crossed[at] or used[tail] or (end >= 0 and used[end]):
            continue
        mine, theirs = joined[part[tail]], joined[part[net.ends[found.onto[at], 0]]]
        if np.isnan(found.before[at]):
            if mine == theirs:
                continue
            joined[joined == theirs] = mine
        else:
            far = WORTH * length[at]
            way = dijkstra(matrix, directed=True, indices=tail, limit=far)[goal[at]]
            # A way exactly as long as that is worth the link.
            if way < far - 1 / MILLIMETRE:
                continue
        matrix.data[entry[:, at]] = length[at]
        crossed[two[order[bounds[at] : bounds[at + 1]]]] = True
        used[tail] = True
        if end >= 0:
            used[end] = True
        taken.append(at)
        if len(taken) == limit:
            break
    return np.array(taken, dtype=np.intp)


def _with_links(pieces: Pieces, tail: Ints, goal: Ints) -> tuple[Any, Ints]:
    """The network as a matrix with every link at a price nobody would pay, and where they are."""
    from scipy import sparse

    start = np.concatenate([pieces.tail, pieces.head, tail, goal])
    stop = np.concatenate([pieces.head, pieces.tail, goal, tail])
    metres = np.maximum(pieces.high - pieces.low, LEAST)
    cost = np.concatenate([metres, metres, np.full(2 * len(tail), np.finfo(float).max)])
    loose = sparse.coo_matrix(
        (np.arange(len(start), dtype=float), (start, stop)), shape=(pieces.size, pieces.size)
    )
    # Else scipy adds parallel ways up.
    loose.has_canonical_format = True
    matrix = loose.tocsr()
    number = matrix.data.astype(np.intp)
    matrix.data = cost[number]
    where = np.empty(len(number), dtype=np.intp)
    where[number] = np.arange(len(number))
    links = 2 * len(pieces.tail) + np.arange(2 * len(tail))
    return matrix, where[links].reshape(2, -1)


def _barriers(given: Mapping[str, gpd.GeoDataFrame] | None) -> dict[str, gpd.GeoDataFrame]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError("barriers= is a mapping from names to layers: {'water': rivers}.")
    return {str(name): frame for name, frame in given.items()}


def _crossed(shapes: Shapes, blocks: Mapping[str, gpd.GeoDataFrame]) -> NDArray[Any]:
    """The barriers each link crosses, by their Chinese names where they have one."""
    known = phrases("layer")
    names: list[list[str]] = [[] for _ in shapes]
    for name, frame in blocks.items():
        theirs = np.asarray(frame.geometry.array, dtype=object)
        theirs = theirs[~(shapely.is_missing(theirs) | shapely.is_empty(theirs))]
        flat = shapely.get_dimensions(theirs) == 0
        if flat.any():
            raise GeometryError(f"`{name}` needs lines or polygons, and has points.")
        hit = np.unique(shapely.STRtree(theirs).query(shapes, predicate="intersects")[0])
        for at in hit:
            names[at].append(known.get(name, name))
    out = np.empty(len(shapes), dtype=object)
    out[:] = ["、".join(one) for one in names]
    return out


def _on_plan(found: _Links, shapes: Shapes, planned: gpd.GeoDataFrame | None) -> dict[str, Any]:
    """Whether the plan has a link already, or leads on from its end, and by which road."""
    on, leads = np.zeros(len(shapes), dtype=bool), np.zeros(len(shapes), dtype=bool)
    name = np.full(len(shapes), None, dtype=object)
    if planned is not None:
        ahead = ~open_rows(planned, "planned", "road_status", "")
        theirs = require_lines(planned=planned)[ahead]
        labels = names_of(planned)[ahead]
        start = np.asarray(shapely.points(found.start), dtype=object)
        tree = shapely.STRtree(theirs)
        link, road = tree.query(start, predicate="dwithin", distance=MEETS_M)
        leads[link] = True
        # Of several the one with the western middle, whatever the order of rows.
        middle = shapely.line_interpolate_point(theirs[road], 0.5, normalized=True)
        x, y = shapely.get_coordinates(middle).reshape(-1, 2).T
        order = np.lexsort((-y, -x, link))
        name[link[order]] = labels[road[order]]
        law = standards.load()
        within, turn = law.rule("road.together").value, law.rule("road.together_turn").value
        beside = along(shapes, theirs, within, turn)
        metres = np.bincount(beside.dropped_of, shapely.length(beside.dropped), len(shapes))
        on = metres > ON_PLAN * shapely.length(shapes)
        if on.any():
            name[on] = labels[_alike(shapes[on], theirs, within)]
    return {"on_plan": on, "plan_leads_on": leads, "planned_name": name}


def _alike(shapes: Shapes, others: Shapes, within_m: float) -> Ints:
    """Of several lines near the middle of each shape the one that keeps nearest to it."""
    first, middle, last = (
        np.asarray(shapely.line_interpolate_point(shapes, share, normalized=True), dtype=object)
        for share in (0.25, 0.5, 0.75)
    )
    out = np.asarray(shapely.STRtree(others).nearest(middle), dtype=np.intp)
    shape, other = shapely.STRtree(others).query(middle, predicate="dwithin", distance=within_m)
    away = sum(shapely.distance(spots[shape], others[other]) for spots in (first, middle, last))
    order = np.lexsort((other, np.round(away, 6), shape))
    best = order[np.diff(shape[order], prepend=-1) != 0]
    out[shape[best]] = other[best]
    return out


def _gains(shapes: Shapes, areas: gpd.GeoDataFrame | None) -> dict[str, Any]:
    """By how much each link raises the density of the area it mostly lies in."""
    if areas is None:
        return {}
    land = np.asarray(areas.geometry.array, dtype=object)
    link, area = shapely.STRtree(land).query(shapes, predicate="intersects")
    metres = shapely.length(shapely.intersection(shapes[link], land[area]))
    order = np.lexsort((area, -np.round(metres, 6), link))
    first = order[np.diff(link[order], prepend=-1) != 0]
    label = np.full(len(shapes), None, dtype=object)
    added = np.zeros(len(shapes))
    gain = np.zeros(len(shapes))
    label[link[first]] = areas.index.to_numpy(dtype=object)[area[first]]
    added[link[first]] = metres[first] / M_PER_KM
    km2 = ellipsoidal_area(land, areas.crs) / M2_PER_KM2
    gain[link[first]] = added[link[first]] / km2[area[first]]
    return {"in_area": label, "area_added_km": added, "density_gain": gain}


def _effect(found: _Links, shapes: Shapes) -> list[str]:
    """What each link does, in words."""
    out = []
    for before, metres, joins in zip(
        found.before, shapely.length(shapes), found.joins, strict=True
    ):
        said = f"两端绕行由{before:,.0f}米减为{metres:,.0f}米"
        if math.isnan(before):
            said = f"连通互不相连的两片路网(较小一片{joins:.2f}公里)"
        if metres < GAP_M:
            said += f";不足{GAP_M:g}米,疑似图形断点,请先核对"
        out.append(said)
    return out


def _named(labels: NDArray[Any], roads: gpd.GeoDataFrame | None) -> NDArray[Any]:
    out = np.full(len(labels), None, dtype=object)
    if roads is None or "road_name" not in roads:
        return out
    named = dict(zip(roads.index, names_of(roads), strict=True))
    out[:] = [named.get(label) for label in labels]
    return out


def _node_labels(net: RoadNetwork, at: Ints) -> NDArray[Any]:
    out = np.full(len(at), None, dtype=object)
    out[at >= 0] = net.labels[at[at >= 0]]
    return out
