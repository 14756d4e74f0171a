"""The roads of the schematic county, put together: streets, country roads, motorways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra

from deqing_geo import columns as names
from deqing_geo.sample import CRS, borders, network
from deqing_geo.sample.ground import CELL, rough, unlike, web
from deqing_geo.sample.settlements import SITES, Lattice, Streets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.sample.nature import Nature
    from deqing_geo.sample.tiling import Tiling

# Metres from kerb to kerb: usual ones, of this made-up county alone.
WIDTHS = {
    "expressway": 40.0,
    "arterial": 32.0,
    "subarterial": 20.0,
    "branch": 12.0,
    "motorway": 26.0,
    "highway": 15.0,
    "county_road": 9.0,
    "township_road": 6.5,
    "village_road": 4.5,
    "farm_track": 3.0,
    "estate": 6.0,
    "link": 7.5,
    "frontage": 8.0,
    "other": 3.0,
}
DIVIDED = ("motorway", "expressway", "arterial")
TODAY, LAST_MONTH, MONTH_BEFORE = "2025-12-31", "2025-11-30", "2025-10-31"
OPENED_THIS_MONTH, OPENED_LAST_MONTH = 7, 5
BORDER_ROADS = 14
# Motorways: share of the breadth where one begins and ends, or of the height.
MOTORWAYS = (("示意高速一线", "north", 0.40, 0.52), ("示意高速二线", "east", 0.42, 0.62))
INTERCHANGES = 2
FRONTAGE_STEPS = 0.34  # from the middle of the expressway, in steps of the lattice


def roads(
    random: np.random.Generator,
    made: Tiling,
    nature: Nature,
    lattices: list[Lattice],
    large: list[list[list[int]]],
    streets: Streets,
) -> tuple[gpd.GeoDataFrame, network.Country]:
    """Every road once, by its centre line.

    Parameters
    ----------
    random : Generator
        The source of chance.
    made : Tiling
        Borders and grid.
    nature : Nature
        Ground and water.
    lattices : list of Lattice
        Towns.
    large : list of list
        Large parks, of `plots.large_parks`: paths lead through them.
    streets : Streets
        Their streets.

    Returns
    -------
    roads : GeoDataFrame of LineString
        ``road_name``, ``road_class``, ``road_status``, ``opened_on``, ``road_width_m``,
        ``carriageway_count``, ``road_level``; lines on the ground meet end to end.
    country : Country
        Where the hamlets lie.
    """
    grid = made.grid
    xs, ys = grid.centres()
    blocks = shapely.union_all(np.concatenate([one.blocks() for one in lattices]))
    towns = shapely.buffer(blocks, 90)
    shapely.prepare(towns)
    shut = shapely.contains_xy(towns, xs, ys)
    wet = np.zeros(grid.shape, dtype=bool)
    for kind, shape in zip(nature.classes, nature.waters, strict=True):
        here = shapely.buffer(shape, CELL / 2 if kind != "stream" else 0)
        shapely.prepare(here)
        cells = shapely.contains_xy(here, xs, ys)
        if kind in ("lake", "reservoir"):
            shut |= cells
        elif kind == "river":
            wet |= cells
    gates, gate_of = _gates(streets, shapely.boundary(blocks))
    country = network.connect(random, made, nature.heights, shut, wet, gates, gate_of)
    parts = _Parts()
    for line, word, state, name in zip(
        streets.lines, streets.classes, streets.states, streets.names, strict=True
    ):
        parts.add(line, word, state, name)
    for points, word, state in zip(country.lines, country.classes, country.states, strict=True):
        parts.add(shapely.linestrings(points), word, state)
    ends = _class_at_ends(country)
    for at, door in country.gates:
        word = ends.get((float(door[0]), float(door[1])), "village_road")
        parts.add(shapely.linestrings(np.stack([gates[at], door])), word)
    _add_frontage(parts, lattices[0])
    for lattice, found in zip(lattices, large, strict=True):
        for i, j, _across, along in found:
            path = lattice.at([2 * i + 1, 2 * i + 1], [2 * j, 2 * (j + along)])
            parts.add(shapely.linestrings(path), "other")
    _add_border_roads(random, parts, made, nature, towns)
    motorways = _motorways(random, made, nature, towns)
    _add_interchanges(parts, motorways)
    frame = _noded(parts)
    above = gpd.GeoDataFrame(
        {"road_class": "motorway", "road_status": "built", "road_name": [m[0] for m in motorways]},
        geometry=[m[1] for m in motorways],
    )
    lines = np.concatenate([frame.geometry.to_numpy(), above.geometry.to_numpy()])
    kinds = np.concatenate([frame["road_class"], above["road_class"]])
    out = gpd.GeoDataFrame(
        {
            "road_name": np.concatenate([frame["road_name"], above["road_name"]]),
            "road_class": kinds,
            "road_status": np.concatenate([frame["road_status"], above["road_status"]]),
            "opened_on": None,
            "road_width_m": [WIDTHS[word] for word in kinds],
            "carriageway_count": np.where(np.isin(kinds, DIVIDED), 2, 1),
            "road_level": np.where(kinds == "motorway", 1, 0),
        },
        geometry=lines,
        crs=CRS,
    )
    return _dated(random, out, lattices), country


class _Parts:
    """Lines on the ground before they are joined."""

    def __init__(self) -> None:
        self.lines: list[Any] = []
        self.rows: list[tuple[str, str, str | None]] = []

    def add(self, line: Any, word: str, state: str = "built", name: str | None = None) -> None:
        self.lines.append(line)
        self.rows.append((word, state, name))


def _gates(streets: Streets, rim: Any) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Where main streets reach the rim of their town, and whose they are."""
    main = np.isin(streets.classes, ("expressway", "arterial", "subarterial"))
    main &= streets.states == "built"
    places, owner = [], []
    for group in range(len(SITES)):
        own = np.flatnonzero(main & (streets.groups == group))
        for name in dict.fromkeys(streets.names[own].tolist()):
            lines = streets.lines[own[streets.names[own] == name]]
            ends = shapely.get_coordinates(
                np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
            )
            tips, count = np.unique(ends, axis=0, return_counts=True)
            tips = tips[count == 1]
            tips = tips[shapely.distance(rim, shapely.points(tips)) < 1]
            places.append(tips)
            owner += [group] * len(tips)
    return np.concatenate(places), np.array(owner)


def _class_at_ends(country: network.Country) -> dict[tuple[float, float], str]:
    """The highest class of the roads that end at a place."""
    out: dict[tuple[float, float], str] = {}
    rank = network.RANKS.index
    for word, line in zip(country.classes, country.lines, strict=True):
        for x, y in line[[0, -1]].tolist():
            out[x, y] = min(out.get((x, y), word), word, key=rank)
    return out


def _add_frontage(parts: _Parts, lattice: Lattice) -> None:
    """Frontage roads beside the expressway, from cross street to cross street."""
    column = lattice.site.across // 2 - 4
    rows = np.flatnonzero(lattice.built[column] & lattice.built[column - 1])
    for side in (-1, 1):
        for row in rows.tolist():
            if row % 3 == 2:
                continue
            q = np.array([2 * row, 2 * row + 1, 2 * row + 2])
            p = np.full(3, 2 * column + side * FRONTAGE_STEPS)
            parts.add(shapely.linestrings(lattice.at(p, q)), "frontage")


def _add_border_roads(
    random: np.random.Generator, parts: _Parts, made: Tiling, nature: Nature, towns: Any
) -> None:
    """Village roads that run exactly on the border of two villages and meet other roads."""
    edges = shapely.boundary(made.villages.geometry.to_numpy())
    arcs = shapely.get_parts(shapely.line_merge(shapely.union_all(edges)))
    rim = shapely.boundary(made.outline.geometry.iloc[0])
    middle = shapely.line_interpolate_point(arcs, 0.5, normalized=True)
    tree = shapely.STRtree(np.array(parts.lines, dtype=object))
    crossed = np.zeros(len(arcs), dtype=bool)
    crossed[np.unique(tree.query(arcs, predicate="crosses")[0])] = True
    water = shapely.union_all(nature.waters)
    shapely.prepare(water)
    fit = crossed & (shapely.distance(rim, arcs) > 300) & ~shapely.intersects(towns, arcs)
    fit &= ~shapely.intersects(water, middle) & (shapely.length(arcs) > 700)
    order = np.lexsort(np.round(shapely.get_coordinates(middle), 3).T)
    able = order[fit[order]]
    for at in np.sort(random.permutation(len(able))[:BORDER_ROADS]):
        # Borders meet water and one another at their ends; the road keeps to the middle.
        parts.add(_between(arcs[able[at]], 0.06, 0.94), "village_road")


def _between(line: Any, first: float, last: float) -> Any:
    """A part of a line, by shares of its length; its vertices stay."""
    points = shapely.get_coordinates(line)
    far = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    kept = (far >= far[-1] * first) & (far <= far[-1] * last)
    return shapely.linestrings(points[kept])


def _motorways(
    random: np.random.Generator, made: Tiling, nature: Nature, towns: Any
) -> list[tuple[str, Any]]:
    """Motorways across the county, clear of towns and above everything else."""
    grid = made.grid
    xs, ys = grid.centres()
    free = ndimage.binary_erosion(made.inside, iterations=3)
    wide = shapely.buffer(towns, 350)
    shapely.prepare(wide)
    slope = ndimage.gaussian_gradient_magnitude(nature.heights, 1.0) / CELL
    bends = np.clip(rough(random, grid, 6000, 1), -0.9, 1.5)
    near = shapely.contains_xy(wide, xs, ys)
    cost = np.round(100 * (1 + 40 * slope + 0.5 * (1 + bends) + 12 * near))
    graph, number = web(cost, free)
    graph = unlike(graph)
    cells = np.argwhere(free)
    x0, y0, x1, y1 = made.outline.total_bounds
    out = []
    for name, heading, low, high in MOTORWAYS:
        if heading == "north":
            share = (xs - x0) / (x1 - x0)
            rim = free & ~ndimage.binary_erosion(free) & (share > low) & (share < high)
            starts, ends = rim & (ys < (y0 + y1) / 2), rim & (ys > (y0 + y1) / 2)
        else:
            share = (ys - y0) / (y1 - y0)
            rim = free & ~ndimage.binary_erosion(free) & (share > low) & (share < high)
            starts, ends = rim & (xs < (x0 + x1) / 2), rim & (xs > (x0 + x1) / 2)
            # From the foot of the hills, not across them.
            starts = free & (np.abs(xs - (x0 + 0.47 * (x1 - x0))) < CELL) & (share > 0.3)
            starts &= (share < 0.7) & ~near
        way, before, _ = dijkstra(
            graph, directed=False, indices=number[starts], return_predecessors=True, min_only=True
        )
        goal = number[ends]
        at = int(goal[np.argmin(way[goal])])
        steps = [at]
        while before[steps[-1]] >= 0:
            steps.append(int(before[steps[-1]]))
        middles = cells[np.array(steps)][:, ::-1] + 0.5
        smooth = borders.smooth(middles.astype(float), 7.0) * CELL + (grid.x0, grid.y0)
        out.append((name, shapely.linestrings(np.round(smooth, 3))))
    return out


def _add_interchanges(parts: _Parts, motorways: list[tuple[str, Any]]) -> None:
    """Slip roads where a motorway crosses main roads; the motorway is cut where they leave it."""
    rows = np.array([row[0] for row in parts.rows], dtype=object)
    lines = np.array(parts.lines, dtype=object)
    main = lines[np.isin(rows, ("highway", "county_road"))]
    # As whole roads: a slip road may join beyond the next crossing.
    lines = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(main.tolist())))
    for name, motorway in list(motorways):
        length = shapely.length(motorway)
        cuts: list[float] = []
        crossings = []
        for at in np.flatnonzero(shapely.crosses(lines, motorway)).tolist():
            for place in shapely.get_parts(shapely.intersection(lines[at], motorway)):
                crossings.append((float(shapely.line_locate_point(motorway, place)), at, place))
        taken: list[float] = []
        for far, at, place in sorted(crossings, key=lambda one: one[:2]):
            along = float(shapely.line_locate_point(lines[at], place))
            room = min(along, shapely.length(lines[at]) - along) > 330
            if not room or not 900 < far < length - 900 or len(taken) == INTERCHANGES:
                continue
            if any(abs(far - other) < 4000 for other in taken):
                continue
            taken.append(far)
            for side in (-1, 1):
                leave = shapely.line_interpolate_point(motorway, far + side * 420)
                join = shapely.line_interpolate_point(lines[at], along + side * 300)
                ends = np.round(shapely.get_coordinates([leave, join]), 3)
                middle = shapely.get_coordinates(place)[0] + 0.45 * (ends - place.coords[0]).sum(0)
                share = np.linspace(0, 1, 12)[:, None]
                curve = (1 - share) ** 2 * ends[0] + 2 * share * (1 - share) * middle
                curve = curve + share**2 * ends[1]
                parts.add(shapely.linestrings(np.round(curve, 3)), "link")
                cuts.append(far + side * 420)
        motorways.remove((name, motorway))
        motorways += [(name, part) for part in _cut(motorway, sorted(cuts))]


def _cut(line: Any, cuts: list[float]) -> list[Any]:
    """A line cut at distances along it; the cuts are the rounded places there."""
    points = shapely.get_coordinates(line)
    far = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    out, first = [], points[:1]
    start = -1.0
    for cut in [*cuts, np.inf]:
        between = points[(far > start) & (far < cut)]
        here = np.round(shapely.get_coordinates(shapely.line_interpolate_point(line, cut)), 3)
        tail = here if np.isfinite(cut) else points[:0]
        run = np.concatenate([first if start > 0 else points[:0], between, tail])
        out.append(shapely.linestrings(run))
        first, start = here, cut
    return out


def _noded(parts: _Parts) -> gpd.GeoDataFrame:
    """Lines cut wherever they meet, each once, with the class of the highest that lies there."""
    source = np.array(parts.lines, dtype=object)
    order = list(names.vocabulary("road_class"))
    rank = np.array([order.index(row[0]) for row in parts.rows])
    pieces = shapely.get_parts(shapely.union_all(source, grid_size=0.001))
    pieces = pieces[shapely.length(pieces) > 0]
    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    piece, line = shapely.STRtree(source).query(middle, predicate="dwithin", distance=0.02)
    best = np.lexsort((line, rank[line], piece))
    piece, line = piece[best], line[best]
    first = np.flatnonzero(np.diff(piece, prepend=-1) != 0)
    of = line[first]
    assert len(of) == len(pieces), "a piece of road lost its source"
    place = np.lexsort(np.round(shapely.get_coordinates(middle), 3).T)
    return gpd.GeoDataFrame(
        {
            "road_class": np.array([parts.rows[at][0] for at in of], dtype=object)[place],
            "road_status": np.array([parts.rows[at][1] for at in of], dtype=object)[place],
            "road_name": np.array([parts.rows[at][2] for at in of], dtype=object)[place],
        },
        geometry=pieces[place],
    )


def _dated(
    random: np.random.Generator, frame: gpd.GeoDataFrame, lattices: list[Lattice]
) -> gpd.GeoDataFrame:
    """Days of opening; some streets of the county seat opened in the last two months."""
    built = (frame["road_status"] == "built").to_numpy()
    days = np.datetime64("1996-01-01") + random.integers(0, 10_900, len(frame))
    days = np.minimum(days, np.datetime64("2025-10-20"))
    seat = shapely.union_all(np.concatenate([one.blocks() for one in lattices[:2]]))
    shapely.prepare(seat)
    lines = frame.geometry.to_numpy()
    word = frame["road_class"].to_numpy()
    able = built & np.isin(word, ("branch", "subarterial")) & shapely.intersects(seat, lines)
    able &= shapely.length(lines) > 100
    order = random.permutation(np.flatnonzero(able))
    new, recent = np.split(order[: OPENED_THIS_MONTH + OPENED_LAST_MONTH], [OPENED_THIS_MONTH])
    days[new] = np.datetime64("2025-12-03") + np.arange(len(new)) * 4
    days[recent] = np.datetime64("2025-11-04") + np.arange(len(recent)) * 5
    text = days.astype("datetime64[D]").astype(str).astype(object)
    text[~built] = None
    return frame.assign(opened_on=pd.Series(text, index=frame.index, dtype=object))


def earlier(frame: gpd.GeoDataFrame, status: str, day: str) -> gpd.GeoDataFrame:
    """A layer as it stood on a day of the last two months: what opened since was being built.

    Parameters
    ----------
    frame : GeoDataFrame
        With ``opened_on`` and a status.
    status : str
        The status column.
    day : str
        YYYY-MM-DD.

    Returns
    -------
    GeoDataFrame
        The same rows.
    """
    days = frame["opened_on"].to_numpy(dtype=object).copy()
    new = np.array([isinstance(opened, str) and opened > day for opened in days])
    days[new] = None
    states = np.where(new, "building", frame[status].to_numpy(dtype=object))
    return frame.assign(
        **{status: states, "opened_on": pd.Series(days, index=frame.index, dtype=object)}
    )
