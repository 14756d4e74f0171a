"""Coverage on foot: along the network from entrances, beside the straight-line figure.

Demand is sampled on a grid; each sample walks straight to the nearest stretch, along the network,
and from there to an entrance. No sample is nearer on foot than straight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.checks import require_points
from deqing_geo.coverage.basis import Basis
from deqing_geo.coverage.result import ratio
from deqing_geo.crs import require_metres
from deqing_geo.errors import CRSError, InputError
from deqing_geo.network import RoadNetwork, as_network
from deqing_geo.network.edges import Feet, Pieces, cut_at, feet, matrix_of
from deqing_geo.provenance import mark
from deqing_geo.text import card, percent
from deqing_geo.tracing import TOLERANCE_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.coverage.result import Coverage

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]

# Ours: half the depth of an ordinary block of flats with its yard; a residential block of 70 m
# then has nine samples, and one of a hectare sixteen.
GRID_M = 25.0
# Ours: half a main street and its verge. A park that no path enters is taken to open to the nearest
# street, if it is no farther than this.
BESIDE_M = 50.0
# Ours: entrances are drawn at a gate, beside the outline rather than on it.
GATE_M = 20.0
# Cells of a grid looked at in one go, to keep memory flat.
CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Walking:
    """What is covered on foot, beside what is covered in a straight line (步行与直线对照).

    Attributes
    ----------
    table : GeoDataFrame
        The areas with ``straight_coverage`` and ``walking_coverage`` (0-1), both from the same
        samples, so that their difference is the way and not the sampling.
    samples : GeoDataFrame of Point
        ``area``, ``demand_row``, ``demand_ha`` (or ``demand_count``: what it stands for),
        ``straight_m`` and ``walk_m`` (to the nearest park that counts; NaN where no way leads
        within the largest radius), ``served_straight`` and ``served_walking``.
    entrances : GeoDataFrame of Point
        ``park`` (label), ``entrance_kind`` (``given``; ``path``: assumed where a path meets the
        edge; ``street``: assumed at the nearest street) and ``gap_m`` from the network.
    unreached : list
        Labels of parks that count and that no entrance joins to the network.
    grid_m : float
        Distance between samples.
    unit : str
        What a sample stands for: ``ha`` or ``count``.
    notices : tuple of str
        Sentences the figures must not travel without.
    """

    table: gpd.GeoDataFrame
    samples: gpd.GeoDataFrame
    entrances: gpd.GeoDataFrame
    unreached: list[Any]
    grid_m: float
    unit: str
    notices: tuple[str, ...]

    @property
    def overall(self) -> float:
        """Coverage on foot of all areas together, 0-1."""
        return self._share("served_walking")

    @property
    def straight(self) -> float:
        """Coverage in a straight line of all areas together, from the same samples."""
        return self._share("served_straight")

    @property
    def disagreements(self) -> gpd.GeoDataFrame:
        """Samples within the radius in a straight line and not on foot."""
        at = self.samples["served_straight"] & ~self.samples["served_walking"]
        return gpd.GeoDataFrame(self.samples[at])

    @property
    def headline(self) -> str:
        """Both figures, as readers see them."""
        straight, walking = (names.word(f"coverage.{one}") for one in ("straight", "walking"))
        return f"{straight} {percent(self.straight)},{walking} {percent(self.overall)}"

    def _share(self, column: str) -> float:
        weight = self.samples[f"demand_{self.unit}"].to_numpy(dtype=float)
        total = float(weight.sum())
        return float(weight[self.samples[column]].sum()) / total if total > 0 else float("nan")

    def __repr__(self) -> str:
        return (
            f"<Walking of {len(self.samples):,} samples at {self.grid_m:g} m: "
            f"{percent(self.straight)} straight, {percent(self.overall)} on foot>"
        )

    def _repr_html_(self) -> str:
        kinds = names.vocabulary("entrance_kind")
        count = self.entrances["entrance_kind"].value_counts()
        return card(
            names.label("walking_coverage"),
            self.headline,
            [(kinds[str(kind)], f"{number} 处") for kind, number in count.items()],
            self.notices,
        )


def on_foot(
    coverage: Coverage,
    network: Any,
    *,
    entrances: gpd.GeoDataFrame | None = None,
    grid_m: float = GRID_M,
) -> Walking:
    """What of a coverage is reached on foot; see `Coverage.on_foot`.

    Parameters
    ----------
    coverage : Coverage
        In a straight line.
    network : RoadNetwork or networkx.MultiGraph
        Ways to walk.
    entrances : GeoDataFrame of Point, optional
        Of the parks.
    grid_m : float
        Distance between samples.

    Returns
    -------
    Walking
        Both figures from the same samples.

    Raises
    ------
    CRSError
        If the network or the entrances lie in another system.
    GeometryError
        If an entrance is not a point.
    InputError
        If the grid is no distance above 0, the network no network, or an entrance at no park.
    """
    if not (np.isfinite(grid_m) and grid_m > 0):
        raise InputError(f"grid_m={grid_m!r} is no distance in metres above 0.")
    basis = coverage.basis
    net = as_network(network)
    if net.crs != basis.areas.crs:
        raise CRSError("The network lies in another system than the areas; make it from to_crs().")
    piece, places, weight = samples_of(basis, grid_m)
    points: Shapes = np.asarray(shapely.points(places), dtype=object)
    reach = basis.standing.reach
    most = float(reach.max(initial=0.0))
    lines = net.lines
    gates, part, kind = _entrances(basis, lines, entrances)
    there = feet(net, gates, np.inf)
    here = feet(net, places, most)
    straight = _straight(basis, points)
    near: Flags = np.zeros(len(points), dtype=bool)
    if len(points) and len(reach):
        tree = shapely.STRtree(points)
        within = tree.query(basis.standing.parts, predicate="dwithin", distance=reach + TOLERANCE_M)
        near[within[1]] = True
    walk = np.full(len(points), np.inf)
    served: Flags = np.zeros(len(points), dtype=bool)
    pieces = cut_at(net, there)
    joined = there.edge >= 0
    for radius in np.unique(reach):
        mine = joined & (reach[part] == radius)
        if not mine.any():
            continue
        metres = _metres(net, pieces, there, here, mine, most)
        served = served | (metres <= radius + TOLERANCE_M)
        walk = np.minimum(walk, metres)
    frame = gpd.GeoDataFrame(
        {
            "area": basis.labels[basis.demand.area[piece]],
            "demand_row": basis.demand.row[piece],
            f"demand_{coverage.unit}": weight,
            "straight_m": straight,
            "walk_m": np.where(np.isfinite(walk), walk, np.nan),
            "served_straight": near,
            "served_walking": served,
        },
        geometry=points,
        crs=basis.areas.crs,
    )
    facility = basis.facilities.index.to_numpy()
    doors = gpd.GeoDataFrame(
        {
            "park": facility[basis.standing.of[part]],
            "entrance_kind": kind,
            "gap_m": np.where(joined, there.away, np.nan),
        },
        geometry=shapely.points(gates),
        crs=basis.areas.crs,
    )
    lost = np.setdiff1d(np.arange(len(reach)), part[joined])
    area = basis.demand.area[piece]
    table = basis.areas.copy()
    need = np.bincount(area, weight, len(table)).astype(float)
    for column, flags in (("straight_coverage", near), ("walking_coverage", served)):
        held = np.bincount(area, np.where(flags, weight, 0.0), len(table)).astype(float)
        table[column] = ratio(held, need)
    said = [*coverage.notices, names.word("coverage.sampled").format(metres=f"{grid_m:g}")]
    assumed = int((kind != "given").sum())
    said += [f"{names.word('coverage.assumed')}:{assumed}"] if assumed else []
    said += [f"{names.word('coverage.unreached')}:{len(lost)}"] if len(lost) else []
    said += [one for one in net.notices if one not in said]
    for made in (table, frame, doors):
        mark(made, coverage.definition, tuple(said))
    return Walking(
        table=table,
        samples=frame,
        entrances=doors,
        unreached=list(facility[basis.standing.of[lost]]),
        grid_m=float(grid_m),
        unit=coverage.unit,
        notices=tuple(said),
    )


def samples_of(basis: Basis, grid_m: float) -> tuple[Ints, Floats, Floats]:
    """Places that stand for demand: the middles of grid cells in each piece.

    Parameters
    ----------
    basis : Basis
        Pieces of demand.
    grid_m : float
        Size of a cell; the grid lies on whole multiples of it.

    Returns
    -------
    piece : array of int
        Of which piece each is.
    places : array of float, shape (S, 2)
        Metres. A piece in which no middle lies has one sample, a point on it.
    weight : array of float
        What a piece needs, in equal shares to its samples.
    """
    demand = basis.demand
    count = len(demand.pieces)
    if demand.as_points or count == 0:
        places = shapely.get_coordinates(demand.pieces)
        return np.arange(count), places, demand.needs
    shapely.prepare(demand.pieces)
    low = np.floor(shapely.bounds(demand.pieces) / grid_m).astype(np.int64)
    wide, high = (low[:, 2:] - low[:, :2] + 1).T
    cells = wide * high
    found_piece, found_place = [], []
    runs = np.searchsorted(np.cumsum(cells), np.arange(0, cells.sum(), CELLS_AT_ONCE))
    for first, last in zip(runs, [*runs[1:], count], strict=True):
        some = np.arange(first, last)
        piece = np.repeat(some, cells[some])
        at = np.arange(len(piece)) - np.repeat(np.cumsum(cells[some]) - cells[some], cells[some])
        column, row = at % wide[piece], at // wide[piece]
        place = (low[piece, :2] + np.column_stack([column, row]) + 0.5) * grid_m
        inside = shapely.contains_xy(demand.pieces[piece], place[:, 0], place[:, 1])
        found_piece.append(piece[inside])
        found_place.append(place[inside])
    bare = np.setdiff1d(np.arange(count), np.concatenate(found_piece))
    bare = bare[demand.needs[bare] > 0]
    piece = np.concatenate([*found_piece, bare])
    place = np.concatenate(
        [*found_place, shapely.get_coordinates(shapely.point_on_surface(demand.pieces[bare]))]
    )
    order = np.argsort(piece, kind="stable")
    piece, place = piece[order], place[order]
    return piece, place, (demand.needs / np.maximum(np.bincount(piece, minlength=count), 1))[piece]


def _straight(basis: Basis, points: Shapes) -> Floats:
    """Straight metres from each sample to the nearest part that serves."""
    out = np.full(len(points), np.nan)
    if len(points) and len(basis.standing.parts):
        (at, _), away = shapely.STRtree(basis.standing.parts).query_nearest(
            points, return_distance=True, all_matches=False
        )
        out[at] = away
    return out


def _metres(
    net: RoadNetwork, pieces: Pieces, there: Feet, here: Feet, mine: Flags, most: float
) -> Floats:
    """Metres on foot from each sample to the nearest of some entrances; infinite beyond `most`."""
    from scipy.sparse.csgraph import dijkstra

    # People walk both ways, whatever the traffic does. One more node stands for all entrances.
    cost = pieces.high - pieces.low
    last = np.full(int(mine.sum()), pieces.size)
    graph = matrix_of(
        np.concatenate([pieces.head, pieces.tail, last]),
        np.concatenate([pieces.tail, pieces.head, pieces.node[mine]]),
        np.concatenate([cost, cost, there.away[mine]]),
        pieces.size + 1,
    )
    way = dijkstra(graph, directed=True, indices=np.array([pieces.size]), limit=most)[0]
    on = here.edge >= 0
    piece = pieces.holding(here)
    onward = way[pieces.head[piece]] + pieces.high[piece] - here.at
    back = way[pieces.tail[piece]] + here.at - pieces.low[piece]
    return np.where(on, np.minimum(onward, back) + here.away, np.inf)


# ---------------------------------------------------------------- entrances


def _entrances(
    basis: Basis, lines: Shapes, given: gpd.GeoDataFrame | None
) -> tuple[Floats, Ints, Shapes]:
    """Places of entrances, of which part each is, and how it is known."""
    parts = basis.standing.parts
    if given is not None:
        return _given(basis, given)
    nothing = np.zeros((0, 2)), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object)
    if len(parts) == 0 or len(lines) == 0:
        return nothing
    solid = shapely.get_dimensions(parts) == 2
    edges = np.where(solid, shapely.boundary(parts), parts)
    part, line = shapely.STRtree(lines).query(edges, predicate="intersects")
    met = shapely.intersection(edges[part], lines[line])
    # Where a path runs along the edge, both ends of the stretch are entrances.
    coords, at = shapely.get_coordinates(met, return_index=True)
    of = part[at]
    bare = np.setdiff1d(np.arange(len(parts)), of)
    kind = np.full(len(of), "path", dtype=object)
    if len(bare):
        near, street = shapely.STRtree(lines).query_nearest(
            edges[bare], max_distance=BESIDE_M, all_matches=False
        )
        ways = shapely.shortest_line(edges[bare[near]], lines[street])
        coords = np.concatenate([coords, shapely.get_coordinates(shapely.get_point(ways, 0))])
        of = np.concatenate([of, bare[near]])
        kind = np.concatenate([kind, np.full(len(near), "street", dtype=object)])
    kept = np.unique(np.column_stack([of, np.round(coords, 3)]), axis=0, return_index=True)[1]
    kept = kept[np.lexsort((coords[kept, 1], coords[kept, 0], of[kept]))]
    return coords[kept], of[kept], kind[kept]


def _given(basis: Basis, given: gpd.GeoDataFrame) -> tuple[Floats, Ints, Shapes]:
    """Entrances of a layer, each put to the park at whose edge it stands."""
    require_metres(areas=basis.areas, entrances=given)
    points = require_points(entrances=given)
    parts = basis.standing.parts
    all_shapes = np.asarray(basis.facilities.geometry.array, dtype=object)
    lost = np.ones(len(points), dtype=bool)
    near = shapely.STRtree(all_shapes).query(points, predicate="dwithin", distance=GATE_M)[0]
    lost[near] = False
    if lost.any():
        raise InputError(
            f"`entrances` has points farther than {GATE_M:g} m from every one of "
            f"`{basis.called.layer}`.",
            given.index[lost],
        )
    at, part = shapely.STRtree(parts).query(points, predicate="dwithin", distance=GATE_M)
    # To the edge of the park: who stands at the gate is not yet in it.
    spot = shapely.get_point(shapely.shortest_line(parts[part], points[at]), 0)
    order = np.lexsort((at, part))
    return (
        shapely.get_coordinates(spot[order]),
        part[order],
        np.full(len(order), "given", dtype=object),
    )
