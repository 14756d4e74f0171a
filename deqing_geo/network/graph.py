"""The network as a graph of networkx, and back: one converter for all that works on either."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from deqing_geo.columns import UNKNOWN
from deqing_geo.errors import InputError
from deqing_geo.network.arrays import Joining, RoadNetwork, road_network
from deqing_geo.network.joining import SNAP_M

if TYPE_CHECKING:
    import networkx
    from numpy.typing import NDArray
    from scipy import sparse

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Graph = networkx.MultiGraph[Any]

# Shortest ways take a stretch of no length for no stretch at all.
LEAST = 1e-9


def road_graph(
    roads: gpd.GeoDataFrame,
    *,
    speeds: Mapping[str, float] | None = None,
    snap_m: float = SNAP_M,
    crossings: Joining = "auto",
    one_way_streets: bool = True,
) -> Graph:
    """The network of the roads that are open, as a graph of networkx (路网图).

    Parameters
    ----------
    roads : GeoDataFrame of LineString
        As for `road_network`.
    speeds, snap_m, crossings, one_way_streets
        As for `road_network`, which says how lines are joined.

    Returns
    -------
    networkx.MultiGraph
        Nodes are numbered from 0 and carry ``x`` and ``y``, metres. Edges carry ``metres``,
        ``minutes``, ``road_class``, ``road`` (the label of the row), ``level``, ``stretch`` (a
        number of its own) and ``geometry`` (LineString). Where a street is one-way, a
        MultiDiGraph: a stretch open both ways is then two edges with one ``stretch``, each drawn
        as it is driven. ``graph.graph`` holds ``crs``, ``joined``, ``snapped`` (ends that were
        moved, how far and onto which road), ``crossed`` (places where lines cross without a
        common vertex, and whether they were joined), ``components`` (length of each part that
        hangs together), ``notices`` and ``origins``.

    Raises
    ------
    InputError, ColumnError, GeometryError, CRSError
        As `road_network`.

    Warns
    -----
    DeqingGeoWarning
        Where lines were joined at crossings they have no vertex at.

    See Also
    --------
    momepy.gdf_to_nx : joins equal ends only, and keeps the frame's columns.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> graph = road_graph(sample.roads())
    >>> graph.number_of_nodes(), graph.number_of_edges()
    (10, 5)
    >>> graph.graph["components"]["road_km"].head(3).tolist()
    [3.0, 1.0, 1.0]
    """
    net = road_network(
        roads,
        speeds=speeds,
        snap_m=snap_m,
        crossings=crossings,
        one_way_streets=one_way_streets,
    )
    graph: Graph = graph_of(net)
    return graph


def graph_of(net: RoadNetwork) -> Any:
    """A network as a graph, its dictionaries filled by hand: networkx does it edge by edge.

    Parameters
    ----------
    net : RoadNetwork
        As `road_network` makes it.

    Returns
    -------
    networkx.MultiGraph
        As of `road_graph`.
    """
    import networkx

    directed = bool(net.oneway.any())
    graph: Any = networkx.MultiDiGraph() if directed else networkx.MultiGraph()
    graph.graph.update(
        crs=net.crs,
        joined=net.joined,
        snapped=net.snapped,
        crossed=net.crossed,
        components=net.components,
        notices=net.notices,
        origins=net.origins,
    )
    with _no_collector():
        _filled(graph, net, directed)
    return graph


@contextmanager
def _no_collector() -> Iterator[None]:
    """Python looks for garbage each time so many objects are made, and here all of them stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _filled(graph: Any, net: RoadNetwork, directed: bool) -> None:
    names = net.labels.tolist()
    for name, (x, y) in zip(names, net.nodes.tolist(), strict=True):
        graph._node[name] = {"x": x, "y": y}
        graph._adj[name] = {}
    if directed:
        graph._pred.update((name, {}) for name in names)
    lines = net.lines
    ends = net.labels[net.ends]
    number = np.arange(len(ends))
    facts = (net.metres, net.minutes, net.road_class, net.road, net.level, number)
    columns = [each.tolist() for each in facts]
    if not directed:
        _fill(graph._adj, graph._adj, ends, lines, columns)
        return
    back = np.flatnonzero(~net.oneway)
    twice = np.concatenate([number, back])
    _fill(
        graph._adj,
        graph._pred,
        np.concatenate([ends, ends[back, ::-1]]),
        np.concatenate([lines, shapely.reverse(lines[back])]),
        [each[twice].tolist() for each in facts],
    )


def _fill(
    onward: Any, back: Any, ends: NDArray[Any], lines: NDArray[Any], columns: list[list[Any]]
) -> None:
    """Edges into the dictionaries of a graph; parallel ones are numbered from 0."""
    rows = zip(ends[:, 0].tolist(), ends[:, 1].tolist(), lines.tolist(), *columns, strict=True)
    for tail, head, line, metres, minutes, word, road, level, number in rows:
        facts = {
            "metres": metres,
            "minutes": minutes,
            "road_class": word,
            "road": road,
            "level": level,
            "stretch": number,
            "geometry": line,
        }
        beside = onward[tail]
        if head in beside:
            beside[head][len(beside[head])] = facts
        else:
            beside[head] = back[head][tail] = {0: facts}


def as_network(graph: RoadNetwork | Graph) -> RoadNetwork:
    """A graph of `road_graph` as arrays again, also after edges were removed or added.

    Parameters
    ----------
    graph : RoadNetwork or networkx.MultiGraph or MultiDiGraph
        Nodes with ``x`` and ``y``; edges with ``metres``, and what else `road_graph` gives
        them. An edge without ``geometry`` is straight, one without ``minutes`` carries nobody
        who counts them. ``graph.graph["crs"]`` says where it lies.

    Returns
    -------
    RoadNetwork
        A network is given back as it is. Two edges of a MultiDiGraph with one ``stretch`` are
        one stretch open both ways; any other edge of it is one-way.

    Raises
    ------
    InputError
        If it is no graph, or a node or an edge lacks what it needs, or has no length.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> graph = road_graph(sample.roads())
    >>> graph.remove_edge(0, 1)
    >>> as_network(graph)
    <RoadNetwork of 10 crossings and ends, 2.5 km, 40% of it connected>
    """
    if isinstance(graph, RoadNetwork):
        return graph
    if not (hasattr(graph, "is_directed") and hasattr(graph, "nodes")):
        raise InputError(
            f"A {type(graph).__name__} is no network; make one with road_graph(roads)."
        )
    names = np.empty(graph.number_of_nodes(), dtype=object)
    names[:] = list(graph)
    places = [(facts.get("x"), facts.get("y")) for _, facts in graph.nodes(data=True)]
    nodes = np.array(places, dtype=float).reshape(-1, 2)
    lost = ~np.isfinite(nodes).all(axis=1)
    if lost.any():
        raise InputError("Nodes of the graph have no place (`x`, `y`).", names[lost])
    number = {name: at for at, name in enumerate(names.tolist())}
    pairs, facts = [], []
    for tail, head, each in graph.edges(data=True):
        pairs.append((number[tail], number[head]))
        facts.append(each)
    ends = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    metres = np.array([each.get("metres", np.nan) for each in facts], dtype=float)
    odd = ~(np.isfinite(metres) & (metres > 0))
    if odd.any():
        rows = [(names[a], names[b]) for a, b in ends[odd]]
        raise InputError("Edges of the graph have no length above 0 (`metres`).", rows)
    oneway = np.full(len(ends), graph.is_directed())
    if graph.is_directed():
        kept, oneway = _paired([each.get("stretch") for each in facts], ends)
        facts, ends, metres = [facts[at] for at in kept], ends[kept], metres[kept]
    vertices, starts = _vertices([each.get("geometry") for each in facts], nodes, ends)
    told = graph.graph
    none = gpd.GeoDataFrame({"road": [], "other_road": []}, geometry=[], crs=told.get("crs"))
    crossed = told.get("crossed", none.assign(joined=False))
    return RoadNetwork(
        nodes=nodes,
        ends=ends,
        metres=metres,
        minutes=np.array([each.get("minutes", np.nan) for each in facts], dtype=float),
        road=_column(facts, "road", None),
        road_class=_column(facts, "road_class", UNKNOWN),
        oneway=oneway,
        level=np.array([each.get("level", 0) for each in facts], dtype=np.intp),
        vertices=vertices,
        starts=starts,
        crs=told.get("crs"),
        labels=names,
        joined=told.get("joined", "vertices"),
        snapped=told.get("snapped", none),
        met=crossed[crossed["joined"].astype(bool)].drop(columns="joined"),
        notices=tuple(told.get("notices", ())),
        origins=tuple(told.get("origins", ())),
    )


def _column(facts: list[dict[str, Any]], name: str, blank: Any) -> NDArray[Any]:
    out = np.empty(len(facts), dtype=object)
    out[:] = [each.get(name, blank) for each in facts]
    return out


def _paired(stretch: list[Any], ends: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """The edges to keep, and whether each is one-way: two of one stretch are open both ways."""
    seen: dict[Any, int] = {}
    kept: list[int] = []
    only: list[bool] = []
    for at, (name, (tail, head)) in enumerate(zip(stretch, ends.tolist(), strict=True)):
        held = seen.get(name) if name is not None else None
        if held is not None and only[held] and ends[kept[held]].tolist() == [head, tail]:
            only[held] = False
            continue
        if name is not None:
            seen[name] = len(kept)
        kept.append(at)
        only.append(True)
    return np.array(kept, dtype=np.intp), np.array(only, dtype=bool)


def _vertices(lines: list[Any], nodes: Floats, ends: Ints) -> tuple[Floats, Ints]:
    """Vertices of all edges, each from its first end to its second."""
    given = np.array([line is not None for line in lines], dtype=bool)
    shapes = np.empty(len(lines), dtype=object)
    shapes[:] = lines
    straight = nodes[ends[~given]]
    shapes[~given] = shapely.linestrings(straight) if len(straight) else []
    first = shapely.get_coordinates(shapely.get_point(shapes, 0))
    last = shapely.get_coordinates(shapely.get_point(shapes, -1))
    tail, head = nodes[ends[:, 0]], nodes[ends[:, 1]]
    # An undirected edge comes from whichever end it was asked by.
    onward = np.hypot(*(first - tail).T) + np.hypot(*(last - head).T)
    against = np.hypot(*(first - head).T) + np.hypot(*(last - tail).T)
    shapes[against < onward] = shapely.reverse(shapes[against < onward])
    held = shapely.get_num_coordinates(shapes)
    return shapely.get_coordinates(shapes), np.concatenate([[0], np.cumsum(held)])


def to_csr(
    graph: RoadNetwork | Graph, weight: str = "metres"
) -> tuple[sparse.csr_matrix[Any], NDArray[Any]]:
    """A network as the sparse matrix that scipy's shortest ways take.

    Parameters
    ----------
    graph : RoadNetwork or networkx.MultiGraph or MultiDiGraph
        As `road_network` or `road_graph` makes it.
    weight : {"metres", "minutes"}
        What a stretch costs. One that has no minutes is left out of a matrix of minutes.

    Returns
    -------
    matrix : scipy.sparse.csr_matrix of shape (N, N)
        From node to node, both ways unless one-way; of parallel stretches the least. To be
        used with ``directed=True``, which is the quicker way also where it is symmetric.
    labels : ndarray of shape (N,)
        What the nodes are called.

    Raises
    ------
    InputError
        If `weight` is another word, or the graph is none (see `as_network`).

    Examples
    --------
    >>> from deqing_geo import sample
    >>> matrix, labels = to_csr(road_network(sample.roads()))
    >>> float(matrix[0, 1]), len(labels)
    (3000.0, 10)
    """
    net = as_network(graph)
    if weight not in ("metres", "minutes"):
        raise InputError(f"weight={weight!r}; it may be 'metres' or 'minutes'.")
    matrix = matrix_of(*_arcs(net, weight), len(net.nodes))
    matrix.sort_indices()
    return _least(matrix), net.labels


def matrix_of(tail: Ints, head: Ints, cost: Floats, size: int) -> sparse.csr_matrix[Any]:
    """Ways as a sparse matrix; parallel ones stand side by side, and a search takes the least.

    Parameters
    ----------
    tail, head : ndarray of int
        From which node to which.
    cost : ndarray of float
        Of each way.
    size : int
        Number of nodes.

    Returns
    -------
    scipy.sparse.csr_matrix
        Not in canonical form: scipy would add parallel ways up.
    """
    from scipy import sparse

    loose = sparse.coo_matrix((np.maximum(cost, LEAST), (tail, head)), shape=(size, size))
    loose.has_canonical_format = True
    return loose.tocsr()


def _least(matrix: sparse.csr_matrix[Any]) -> sparse.csr_matrix[Any]:
    """Of entries in one place the least."""
    from scipy import sparse

    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    new = np.ones(matrix.nnz, dtype=bool)
    new[1:] = (np.diff(matrix.indices) != 0) | (np.diff(row) != 0)
    if not new.all():
        first = np.flatnonzero(new)
        least = np.minimum.reduceat(matrix.data, first)
        return sparse.csr_matrix((least, (row[first], matrix.indices[first])), shape=matrix.shape)
    matrix.has_canonical_format = True
    return matrix


def _arcs(net: RoadNetwork, weight: str) -> tuple[Ints, Ints, Floats]:
    """Every way along a stretch: from, to, cost."""
    cost = np.maximum(net.metres if weight == "metres" else net.minutes, LEAST)
    used = np.flatnonzero(np.isfinite(cost))
    back = used[~net.oneway[used]]
    return (
        np.concatenate([net.ends[used, 0], net.ends[back, 1]]),
        np.concatenate([net.ends[used, 1], net.ends[back, 0]]),
        np.concatenate([cost[used], cost[back]]),
    )
