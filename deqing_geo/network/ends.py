"""Where roads end: dead ends the plan would lead on, suspected ones, cul-de-sacs, and cuts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import standards
from deqing_geo.checks import require_areas, require_lines, require_words
from deqing_geo.columns import word
from deqing_geo.crs import require_metres
from deqing_geo.errors import InputError
from deqing_geo.network.graph import as_network
from deqing_geo.opened import open_rows
from deqing_geo.provenance import notices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.network.arrays import RoadNetwork
    from deqing_geo.network.graph import Graph

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Shapes = NDArray[Any]

# Built and planned roads come from two drawings, whose ends agree to some centimetres at best.
MEETS_M = 0.1
# Ours: so many ends on one side of the box round a layer were made by cutting it there.
ENDS_OF_A_CUT = 3
# Where along a planned line it is asked whether an open road lies there.
BUILT_AT = (0.25, 0.5, 0.75)
DEAD, SUSPECTED, CUL_DE_SAC, CUT = "dead_end", "suspected_dead_end", "cul_de_sac", "cut"


def dead_ends(
    graph: RoadNetwork | Graph,
    roads: gpd.GeoDataFrame,
    planned: gpd.GeoDataFrame | None = None,
    *,
    areas: gpd.GeoDataFrame | None = None,
    meets_m: float = MEETS_M,
) -> gpd.GeoDataFrame:
    """Where roads end, and what each end is (断头路、疑似断头路、尽端路).

    An end is a place of the network that one stretch alone leads to; a line that ends under or
    over others is joined or not as the network says. It is a dead end (断头路) where a road that
    is not open yet meets it. Of the others, ends of city streets are suspected dead ends only
    (疑似断头路) as long as `planned` says nothing, and cul-de-sacs (尽端路) where it is known that
    nothing will lead on; ends of other roads are cul-de-sacs, and so is an end marked ``noexit``
    or a loop at the end of a street. An end that cutting the layer made is neither (裁切端点).

    Parameters
    ----------
    graph : networkx.MultiGraph or RoadNetwork
        As `road_graph` makes it from `roads`.
    roads : GeoDataFrame of LineString
        The layer the graph was made of: ``road_class``, and where they are there ``road_name``,
        ``road_status`` and ``noexit``. Its rows that are not open count as planned.
    planned : GeoDataFrame of LineString, optional
        The planned network. Rows with ``road_status`` ``built``, and those that lie where there
        is an open road, are no plan any more. Same CRS.
    areas : GeoDataFrame of Polygon, optional
        Only ends within them. Where no open road reaches out of them, the layer was cut at
        their outline; without areas, it was cut at the sides of its box on which three ends lie.
    meets_m : float
        How near a planned road meets an end, 10 cm by default (ours): two drawings of one
        place agree to some centimetres at best.

    Returns
    -------
    GeoDataFrame of Point
        From west to east: ``end_kind``, ``road`` (label in `roads`), ``road_name``,
        ``road_class``, ``planned_road`` (label of the nearest road that leads on: in `planned`,
        or in `roads` where it is not open there), ``planned_name``, ``planned_m`` (metres to it),
        ``end_loop`` (whether it is a loop) and ``node`` of the graph. ``attrs`` hold ``definition``
        and ``notice``, and ``lines_to_come``, how many lines are not open yet.

    Raises
    ------
    CRSError
        If a layer has no CRS or is in degrees, or they disagree.
    GeometryError
        If a row is not a line, or an area not a valid polygon.
    ColumnError
        If ``road_class`` is absent, or a class or status is not in the vocabulary.
    InputError
        If the graph is none or was not made from `roads`, labels repeat, or `meets_m` is no
        distance.

    See Also
    --------
    suggest_links : short links that would open such ends.

    Examples
    --------
    A planned street leads on from where the first ends; whether one will lead on from its west
    end, the layer of roads does not say:

    >>> import geopandas as gpd, shapely
    >>> from deqing_geo import road_graph, sample
    >>> streets = gpd.GeoDataFrame(
    ...     {"road_class": "branch", "road_status": ["built", "planned"]},
    ...     geometry=shapely.linestrings(
    ...         [[(500_000, 3_380_500), (500_900, 3_380_500)],
    ...          [(500_900, 3_380_500), (502_000, 3_380_500)]]
    ...     ),
    ...     crs=sample.CRS,
    ... )
    >>> dead_ends(road_graph(streets), streets)["end_kind"].to_list()
    ['suspected_dead_end', 'dead_end']
    """
    layers = {"roads": roads}
    layers |= {} if planned is None else {"planned": planned}
    layers |= {} if areas is None else {"areas": areas}
    require_metres(**layers)
    if not (math.isfinite(meets_m) and meets_m > 0):
        raise InputError(f"meets_m={meets_m!r} is no distance above 0.")
    net = as_network(graph)
    lines = require_lines(roads=roads)
    classes = require_words(roads, "roads", "road_class", made_by="read_roads")
    row_of = _rows_of(net, roads)
    land = None if areas is None else shapely.union_all(require_areas(areas=areas))
    is_open = open_rows(roads, "roads", "road_status")
    opened = shapely.get_parts(lines[is_open])
    plan = _plan(roads, lines, is_open, planned, opened, land, meets_m)

    node, stretch, loop = ends_of(net)
    if land is not None:
        shapely.prepare(land)
        inside = shapely.covers(land, shapely.points(net.nodes[node]))
        node, stretch, loop = node[inside], stretch[inside], loop[inside]
    places = np.asarray(shapely.points(net.nodes[node]), dtype=object)
    row = row_of[stretch]
    cut = cut_ends(places, opened, land, meets_m) & ~loop
    at, away = plan.nearest(places, meets_m)
    city = np.isin(classes[row], standards.load().definition("road_density").counts["roads"])
    marked = _marked(roads)[row]
    kind = np.full(len(node), CUL_DE_SAC, dtype=object)
    if not plan.known:
        kind[city & ~marked & ~loop] = SUSPECTED
    kind[cut] = CUT
    kind[(at >= 0) & ~loop] = DEAD
    shown = np.where(kind == DEAD, at, -1)
    order = np.lexsort((loop, *net.nodes[node].T[::-1]))
    table = {
        "end_kind": kind,
        "road": net.road[stretch],
        "road_name": names_of(roads)[row],
        "road_class": classes[row],
        "planned_road": _taken(plan.label, shown),
        "planned_name": _taken(plan.name, shown),
        "planned_m": np.where(shown >= 0, away, np.nan),
        "end_loop": loop,
        "node": net.labels[node],
    }
    out = gpd.GeoDataFrame(table, geometry=places, crs=roads.crs).iloc[order]
    out = out.reset_index(drop=True)
    said = [*notices(None, **layers)]
    if not plan.known:
        said.append(word("notice.no_plan"))
    out.attrs["definition"] = word("definition.dead_ends")
    out.attrs["notice"] = ";".join(dict.fromkeys(said))
    out.attrs["lines_to_come"] = len(plan.lines)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Single lines that are to be built, and whose they are."""

    lines: Shapes
    label: NDArray[Any]
    name: NDArray[Any]
    after: Flags  # of the layer of roads, not of the plan
    known: bool  # the planned network itself says where roads will lead on

    def nearest(self, places: Shapes, within_m: float) -> tuple[Ints, Floats]:
        """The line nearest to each place, -1 where none is near, and how far it is."""
        at = np.full(len(places), -1, dtype=np.intp)
        away = np.full(len(places), np.nan)
        if len(self.lines) == 0 or len(places) == 0:
            return at, away
        place, line = shapely.STRtree(self.lines).query(
            places, predicate="dwithin", distance=within_m
        )
        far = shapely.distance(places[place], self.lines[line])
        middle = shapely.get_coordinates(
            shapely.line_interpolate_point(self.lines[line], 0.5, normalized=True)
        ).reshape(-1, 2)
        # Of equally near ones that with the western middle, whatever the order of rows; of one
        # drawn in both layers that of the plan.
        same = (line, self.after[line], *np.round(middle[:, ::-1].T, 6), np.round(far, 6), place)
        order = np.lexsort(same)
        first = order[np.diff(place[order], prepend=-1) != 0]
        at[place[first]], away[place[first]] = line[first], far[first]
        return at, away


def _plan(
    roads: gpd.GeoDataFrame,
    lines: Shapes,
    is_open: Flags,
    planned: gpd.GeoDataFrame | None,
    opened: Shapes,
    land: Any,
    meets_m: float,
) -> _Plan:
    """What is to be built and is not there yet."""
    labels, names = roads.index.to_numpy(dtype=object), names_of(roads)
    drawn = [(lines[~is_open], labels[~is_open], names[~is_open])]
    if planned is not None:
        ahead = ~open_rows(planned, "planned", "road_status", "")
        shapes = require_lines(planned=planned)
        drawn.insert(
            0,
            (
                shapes[ahead],
                planned.index.to_numpy(dtype=object)[ahead],
                names_of(planned)[ahead],
            ),
        )
    parts, of = shapely.get_parts(np.concatenate([one[0] for one in drawn]), return_index=True)
    coming = shapely.length(parts) > 0
    if land is not None:
        coming &= shapely.dwithin(parts, land, meets_m)
    # At a quarter, the middle and three quarters: a road that only crosses another, or begins at
    # its end, is not there already.
    there = np.ones(len(parts), dtype=bool)
    for share in BUILT_AT:
        spots = shapely.line_interpolate_point(parts, share, normalized=True)
        there &= _near(spots, opened, meets_m)
    coming &= ~there
    label, name = (np.concatenate([one[k] for one in drawn]) for k in (1, 2))
    # Rows of the layer itself that are under construction are not the whole plan.
    of, parts = of[coming], parts[coming]
    own = of >= (len(drawn[0][0]) if planned is not None else 0)
    return _Plan(parts, label[of], name[of], own, known=bool((~own).any()))


def _near(places: Shapes, lines: Shapes, within_m: float) -> Flags:
    """Which places lie within a distance of any of some lines."""
    out = np.zeros(len(places), dtype=bool)
    if len(lines) and len(places):
        hit = shapely.STRtree(lines).query(places, predicate="dwithin", distance=within_m)
        out[hit[0]] = True
    return out


def ends_of(net: RoadNetwork) -> tuple[Ints, Ints, Flags]:
    """Where roads end.

    Parameters
    ----------
    net : RoadNetwork
        Any.

    Returns
    -------
    node, stretch : ndarray of int
        The nodes, and the stretch that leads to each.
    loop : ndarray of bool
        Whether a road ends there in a loop.
    """
    single = _without_copies(net)
    a, b = net.ends[single].T
    degree = np.bincount(np.concatenate([a, b]), minlength=len(net.nodes))
    ring = a == b
    tips = np.concatenate([single[~ring], single[~ring]])
    node = np.concatenate([a[~ring], b[~ring]])
    last = degree[node] == 1
    # A loop that hangs on one other stretch: the turning circle at the end of a lane.
    rings = np.bincount(a[ring], minlength=len(net.nodes))
    hung = ring & (degree[a] == 3) & (rings[a] == 1)
    # The same circle drawn in two halves: both lead from one node to another that has no more.
    low, high = np.minimum(a, b), np.maximum(a, b)
    pair, count = np.unique(low * len(net.nodes) + high, return_counts=True)
    twice = pair[count > 1]
    halves = (low[~ring] * len(net.nodes) + high[~ring])[:, None]
    both = np.isin(halves.ravel(), twice)
    far = np.where(degree[low[~ring]] == 2, low[~ring], high[~ring])
    base = low[~ring] + high[~ring] - far
    circle = both & (degree[far] == 2) & (degree[base] == 3)
    first = np.zeros(len(circle), dtype=bool)
    first[np.unique(np.where(circle, far, -1), return_index=True)[1]] = True
    circle &= first
    return (
        np.concatenate([node[last], a[hung], base[circle]]),
        np.concatenate([tips[last], single[hung], single[~ring][circle]]),
        np.concatenate(
            [np.zeros(int(last.sum()), bool), np.ones(int(hung.sum() + circle.sum()), bool)]
        ),
    )


def _without_copies(net: RoadNetwork) -> Ints:
    """Stretches drawn several times in one place, once: of a million copies the first."""
    a, b = net.ends.min(axis=1), net.ends.max(axis=1)
    pair = a * max(len(net.nodes), 1) + b
    _, back, count = np.unique(pair, return_inverse=True, return_counts=True)
    beside = np.flatnonzero(count[back] > 1)
    kept = np.ones(len(pair), dtype=bool)
    if len(beside):
        lines = net.lines[beside]
        middle = shapely.get_coordinates(
            shapely.line_interpolate_point(lines, 0.5, normalized=True)
        )
        # To a decimetre, as two drawings of one line agree.
        keys = np.column_stack([pair[beside], np.round(middle / MEETS_M).astype(np.int64)])
        _, first = np.unique(keys, axis=0, return_index=True)
        kept[beside] = False
        kept[beside[first]] = True
    return np.flatnonzero(kept)


def cut_ends(places: Shapes, opened: Shapes, land: Any, meets_m: float) -> Flags:
    """Ends that were made by cutting the layer: at the areas' outline, or at a side of its box.

    Parameters
    ----------
    places : array of Point
        The ends.
    opened : array of LineString
        All roads that are open.
    land : Polygon, MultiPolygon or None
        The areas, if any.
    meets_m : float
        How near is on the line.

    Returns
    -------
    ndarray of bool
        One an end.
    """
    out = np.zeros(len(places), dtype=bool)
    if len(places) == 0:
        return out
    if land is not None:
        if not shapely.covers(shapely.buffer(land, meets_m), opened).all():
            return out
        return np.asarray(shapely.dwithin(places, shapely.boundary(land), meets_m))
    xy = shapely.get_coordinates(places)
    bounds = shapely.total_bounds(opened)
    wide = bounds[2:] - bounds[:2] > meets_m
    for side, value in enumerate(bounds):
        if not wide[side % 2]:
            continue
        on = np.abs(xy[:, side % 2] - value) <= meets_m
        if on.sum() >= ENDS_OF_A_CUT:
            out |= on
    return out


def _rows_of(net: RoadNetwork, roads: gpd.GeoDataFrame) -> Ints:
    """The row of each stretch."""
    if not roads.index.is_unique:
        twice = roads.index[roads.index.duplicated()].unique()
        raise InputError(
            "`roads` repeats labels in its index, so an end would have two roads. "
            "Try roads.reset_index(drop=True) and make the graph anew.",
            twice,
        )
    row = roads.index.get_indexer(pd.Index(net.road))
    if (row < 0).any():
        raise InputError(
            "The graph has roads that are not in `roads`; give the layer it was made of.",
            list(dict.fromkeys(net.road[row < 0])),
        )
    return np.asarray(row, dtype=np.intp)


def names_of(frame: gpd.GeoDataFrame) -> NDArray[Any]:
    """The name of every road, None where it has none.

    Parameters
    ----------
    frame : GeoDataFrame
        With ``road_name`` or without.

    Returns
    -------
    array of str or None
        One a row.
    """
    if "road_name" not in frame:
        return np.full(len(frame), None, dtype=object)
    raw = frame["road_name"]
    return np.asarray(raw.astype(object).where(raw.notna(), None).to_numpy(dtype=object))


def _marked(roads: gpd.GeoDataFrame) -> Flags:
    """Which roads say themselves that they lead no farther."""
    if "noexit" not in roads:
        return np.zeros(len(roads), dtype=bool)
    raw = roads["noexit"].astype(object).astype(str).str.strip().str.casefold()
    return np.asarray(raw.isin(["true", "yes", "1", "1.0", "是"]), dtype=bool)


def _taken(values: NDArray[Any], at: Ints) -> NDArray[Any]:
    out = np.full(len(at), None, dtype=object)
    out[at >= 0] = values[at[at >= 0]]
    return out
