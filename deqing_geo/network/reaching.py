"""How far one gets along the roads within so many metres or minutes: as lines, and as land.

The land claims no place that is farther than asked. A place belongs to the road nearest to it:
what lies across a river from a road that is reached is not reached for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import standards
from deqing_geo.crs import moved, require_metres
from deqing_geo.errors import InputError
from deqing_geo.network.arrays import RoadNetwork
from deqing_geo.network.edges import Pieces, cut_at, feet, sections
from deqing_geo.network.graph import as_network, matrix_of
from deqing_geo.network.land import Legs, land_of
from deqing_geo.network.times import WITHIN_M, single_points
from deqing_geo.network.ways import pace_of
from deqing_geo.provenance import origins
from deqing_geo.text import card, figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.network.graph import Graph

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

# Ours: as far beside a road as its houses stand; and how exactly the land's outline is known.
WIDTH_M = 50.0
ERROR_M = 10.0
# A piece of road shorter than this is a rounding.
LEAST_M = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One search: the cost of getting to the ends of each piece, and from which source."""

    label: Any
    tail: Floats
    head: Floats
    first: Ints  # source that is nearest to the tail
    last: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """The part of a network within a distance of some places.

    Attributes
    ----------
    lines : GeoDataFrame of LineString
        Reached road, cut where the limit runs out, each piece drawn away from its source:
        ``place`` (label of the nearest source, or of the only one asked), ``from_m`` and
        ``to_m`` (the way to its first and last vertex; ``from_min`` and ``to_min`` where the
        limit is in minutes), ``road`` and ``road_class``.
    limit : float
        How far, in metres or minutes.
    unit : str
        ``m`` or ``min``.
    each : bool
        Whether every source was asked for by itself.
    lost : tuple
        Labels of sources that no road is near to.
    notices, origins : tuple of str
        What must not be forgotten about the layers, and their files.
    """

    lines: gpd.GeoDataFrame
    limit: float
    unit: str
    each: bool
    lost: tuple[Any, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]
    _net: RoadNetwork
    _pieces: Pieces
    _runs: tuple[_Run, ...]

    def __repr__(self) -> str:
        return f"<Reach of {len(self.lines)} pieces of road, {self.km:.2f} km within {self._limit}>"

    @property
    def _limit(self) -> str:
        return f"{self.limit:g} {self.unit}"

    @property
    def km(self) -> float:
        """Length of reached road; where sources were asked for by themselves, once for each."""
        return float(self.lines.length.sum()) / 1000

    def _repr_html_(self) -> str:
        unit = {"m": "米", "min": "分钟"}[self.unit]
        rows = [("范围", f"{self.limit:g} {unit}"), ("路段数", str(len(self.lines)))]
        return card("路网可达范围", f"{figure(self.km)} 公里", rows, self.notices)

    def polygon(self, *, width_m: float = WIDTH_M, error_m: float = ERROR_M) -> gpd.GeoDataFrame:
        """The land no farther than the limit: along the roads, then straight from the nearest.

        Parameters
        ----------
        width_m : float
            How far beside a road at most.
        error_m : float
            How exactly. No place in the polygon is farther than the limit. Every place left out
            is beyond ``limit - error_m`` or `width_m` less an eighth of `error_m`, or within
            `error_m` of a place whose nearest road is farther than asked.

        Returns
        -------
        GeoDataFrame of Polygon or MultiPolygon
            One row; one for each source, by its label, where they were asked for by themselves.

        Raises
        ------
        InputError
            If a width or an error is not above 0, or the limit is in minutes.

        Notes
        -----
        A place belongs to the nearest point of the whole network. Land across a river, nearest
        to a road that is not reached, is left out, also where a reached road is near.

        Examples
        --------
        >>> from deqing_geo import sample
        >>> from deqing_geo.network import reach, road_network
        >>> net = road_network(sample.roads().iloc[:1])
        >>> zone = sample.zone()
        >>> found = reach(net, zone.set_geometry(zone.representative_point()), 300)
        >>> bool(found.polygon(width_m=20).area.iloc[0] < 2 * 300 * 40 + 20**2 * 3.15)
        True
        """
        for name, value in (("width_m", width_m), ("error_m", error_m)):
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"{name}={value!r} is no distance in metres above 0.")
        if self.unit != "m":
            raise InputError("Minutes by car say nothing of the land beside a road; ask limit_m=.")
        shapes = [
            land_of(*_split(self._net, self._pieces, run, self.limit), width_m, error_m)
            for run in self._runs
        ]
        labels = [run.label for run in self._runs] if self.each else [0]
        out = gpd.GeoDataFrame(geometry=shapes, index=pd.Index(labels), crs=self.lines.crs)
        if self.notices:
            out.attrs["notice"] = ";".join(self.notices)
        return out


def reach(
    graph: RoadNetwork | Graph,
    sources: gpd.GeoDataFrame,
    limit_m: float | None = None,
    *,
    limit_min: float | None = None,
    each: bool = False,
    within_m: float = WITHIN_M,
    walk_kmh: float | None = None,
) -> Reach:
    """The part of a network within a distance of some places (路网可达范围).

    The way from a source to the nearest point of a road counts. Streets are followed as traffic
    goes from the source; for people on foot make the network with ``one_way_streets=False``.

    Parameters
    ----------
    graph : RoadNetwork or networkx.MultiGraph or MultiDiGraph
        As `road_network` or `road_graph` makes it, also after edges were taken away.
    sources : GeoDataFrame of Point
        Where from, one label each. Metric CRS.
    limit_m : float, optional
        Metres along the roads, and from the source to the road.
    limit_min : float, optional
        Minutes in place of metres, at the speeds of the roads, and on foot to the road.
    each : bool
        Every source by itself; by default road counts once, with the source nearest to it.
    within_m : float
        A source farther than this from every road reaches none.
    walk_kmh : float, optional
        Speed on foot where minutes are asked; the standard's by default.

    Returns
    -------
    Reach
        ``lines``, and ``polygon()`` for people who ask for land.

    Raises
    ------
    InputError
        If not one limit above 0 is given, a label is given twice, or the graph is none.
    GeometryError
        If a source is no single point.
    CRSError
        If the sources are not in metres.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from deqing_geo import sample
    >>> from deqing_geo.network import road_network
    >>> net = road_network(sample.roads().iloc[:1])
    >>> door = gpd.points_from_xy([sample.X0 + 1000], [sample.Y0 + 530], crs=sample.CRS)
    >>> reach(net, gpd.GeoDataFrame(geometry=door), 400).lines[["from_m", "to_m"]].values.tolist()
    [[30.0, 400.0], [30.0, 400.0]]
    """
    require_metres(sources=sources)
    net = as_network(graph)
    points = single_points("sources", sources)
    if not sources.index.is_unique:
        twice = sources.index[sources.index.duplicated()].unique()
        raise InputError(
            "`sources` repeats labels in its index. Try sources.reset_index(drop=True).", twice
        )
    if (limit_m is None) == (limit_min is None):
        raise InputError("Give one limit: limit_m= in metres, or limit_min= in minutes.")
    limit = float(limit_m if limit_min is None else limit_min)  # type: ignore[arg-type]
    if not (np.isfinite(limit) and limit > 0):
        raise InputError(f"A limit of {limit!r} is no distance or time above 0.")
    by_time = limit_min is not None
    pace = 1.0
    if by_time:
        on_foot = standards.load().rule("speed.walk").value if walk_kmh is None else walk_kmh
        pace = pace_of(on_foot)
    if net.crs is not None:
        points = moved(points, sources.crs, net.crs, "sources")
    usable = np.isfinite(net.minutes) if by_time else None
    there = feet(net, shapely.get_coordinates(points), within_m, usable)
    pieces = cut_at(net, there)
    cost = pieces.share(net) * (net.minutes if by_time else net.metres)[pieces.edge]
    on = np.flatnonzero(there.edge >= 0)
    labels = sources.index.to_numpy(dtype=object)
    asked = [on[[at]] for at in range(len(on))] if each else [on]
    runs, rows = [], []
    for members in asked:
        first = Start(members, pieces.node[members], there.away[members] * pace)
        run = _searched(net, pieces, cost, first, labels, limit)
        runs.append(run)
        rows.append(_reached(net, pieces, run, cost, limit))
    told = [str(sources.attrs["notice"])] if sources.attrs.get("notice") else []
    return Reach(
        lines=_lines(net, rows, labels, "min" if by_time else "m"),
        limit=limit,
        unit="min" if by_time else "m",
        each=each,
        lost=tuple(labels[there.edge < 0]),
        notices=tuple(dict.fromkeys([*told, *net.notices])),
        origins=tuple(dict.fromkeys([*origins(sources=sources), *net.origins])),
        _net=net,
        _pieces=pieces,
        _runs=tuple(runs),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where a search begins: sources, the nodes they come to, and what that costs."""

    source: Ints
    node: Ints
    cost: Floats


def _searched(
    net: RoadNetwork, pieces: Pieces, cost: Floats, start: Start, labels: Any, limit: float
) -> _Run:
    from scipy.sparse.csgraph import dijkstra

    if len(start.source) == 0:
        none = np.full(len(pieces.edge), np.inf)
        nobody = np.full(len(pieces.edge), -1, dtype=np.intp)
        return _Run(None, none, none, nobody, nobody)
    used = np.flatnonzero(np.isfinite(cost))
    both = used[~net.oneway[pieces.edge[used]]]
    own = pieces.size + np.arange(len(start.source))
    graph = matrix_of(
        np.concatenate([pieces.tail[used], pieces.head[both], own]),
        np.concatenate([pieces.head[used], pieces.tail[both], start.node]),
        np.concatenate([cost[used], cost[both], start.cost]),
        pieces.size + len(own),
    )
    far, _, of = dijkstra(
        graph, directed=True, indices=own, min_only=True, limit=limit, return_predecessors=True
    )
    source = np.where(of >= pieces.size, start.source[np.maximum(of - pieces.size, 0)], -1)
    label = labels[start.source[0]] if len(start.source) == 1 else None
    return _Run(label, far[pieces.tail], far[pieces.head], source[pieces.tail], source[pieces.head])


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """Reached parts of stretches, drawn away from the source, and what is left out of each."""

    edge: Ints
    low: Floats  # metres along the stretch; above `high` where drawn backwards
    high: Floats
    start: Floats  # cost at the first and the last vertex
    stop: Floats
    source: Ints


def _fronts(
    net: RoadNetwork, pieces: Pieces, run: _Run, cost: Floats, limit: float
) -> tuple[Floats, Floats]:
    """How far along each piece one gets from its tail, and from its head, in cost."""
    two_way = ~net.oneway[pieces.edge]
    with np.errstate(invalid="ignore"):
        meet = np.where(two_way, (cost + run.head - run.tail) / 2, cost)
    # One front alone takes all; with none there is nothing to divide.
    meet = np.where(np.isnan(meet), 0.0, np.clip(meet, 0, cost))
    onward = np.where(np.isfinite(run.tail), np.minimum(meet, limit - run.tail), 0.0)
    back = np.where(np.isfinite(run.head) & two_way, np.minimum(cost - meet, limit - run.head), 0.0)
    return np.maximum(onward, 0), np.maximum(back, 0)


def _reached(net: RoadNetwork, pieces: Pieces, run: _Run, cost: Floats, limit: float) -> _Row:
    onward, back = _fronts(net, pieces, run, cost, limit)
    metres = (pieces.high - pieces.low) / np.where(cost > 0, cost, 1)
    a, b = np.flatnonzero(onward * metres > LEAST_M), np.flatnonzero(back * metres > LEAST_M)
    return _Row(
        np.concatenate([pieces.edge[a], pieces.edge[b]]),
        np.concatenate([pieces.low[a], pieces.high[b]]),
        np.concatenate(
            [pieces.low[a] + onward[a] * metres[a], pieces.high[b] - back[b] * metres[b]]
        ),
        np.concatenate([run.tail[a], run.head[b]]),
        np.concatenate([run.tail[a] + onward[a], run.head[b] + back[b]]),
        np.concatenate([run.first[a], run.last[b]]),
    )


def _lines(net: RoadNetwork, rows: list[_Row], labels: Any, unit: str) -> gpd.GeoDataFrame:
    edge, low, high, start, stop, source = (
        np.concatenate([getattr(row, name) for row in rows] or [np.zeros(0)])
        for name in ("edge", "low", "high", "start", "stop", "source")
    )
    edge, source = edge.astype(np.intp), source.astype(np.intp)
    table = {
        "place": labels[source] if len(labels) else np.zeros(0, dtype=object),
        f"from_{unit}": np.round(start, 6),
        f"to_{unit}": np.round(stop, 6),
        "road": net.road[edge],
        "road_class": net.road_class[edge],
    }
    return gpd.GeoDataFrame(table, geometry=sections(net, edge, low, high), crs=net.crs)


def _split(net: RoadNetwork, pieces: Pieces, run: _Run, limit: float) -> tuple[Legs, Any]:
    """Reached road with the metres left along it, and all other road."""
    cost = pieces.high - pieces.low
    row = _reached(net, pieces, run, cost, limit)
    legs = Legs(sections(net, row.edge, row.low, row.high), limit - row.start, limit - row.stop)
    onward, back = _fronts(net, pieces, run, cost, limit)
    low, high = pieces.low + onward, pieces.high - back
    rest = np.flatnonzero(high - low > LEAST_M)
    return legs, sections(net, pieces.edge[rest], low[rest], high[rest])
