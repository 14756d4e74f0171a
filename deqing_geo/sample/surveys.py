"""The same roads as other hands would hold them.

A survey draws a divided road as two lines, a roundabout as a ring and a slip road as a line of
its own. The transport bureau draws its highways itself, a few metres off, and right through
the towns. The plan draws what shall be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from deqing_geo.sample import CRS

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Metres from the centre line to the middle of each carriageway.
APART = {"expressway": 13.0, "motorway": 9.0, "arterial": 10.0}
ROUNDABOUTS = 6
RING_M = 24.0
SLIP_M = 62.0
SLIPS = 14
DIGITISED_M = 3.5  # how far the transport bureau's lines lie off, metres
HIGHWAYS = ("motorway", "highway", "county_road", "township_road", "village_road")


def carriageways(random: np.random.Generator, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Built roads as a survey draws them, noded like `ways.roads`.

    Parameters
    ----------
    random : Generator
        The source of chance.
    roads : GeoDataFrame of LineString
        Centre lines.

    Returns
    -------
    GeoDataFrame of LineString
        Columns of `roads` and ``junction``; where carriageways are divided, two lines in
        place of one.
    """
    frame = roads[roads["road_status"] == "built"].reset_index(drop=True)
    ground = (frame["road_level"] == 0).to_numpy()
    lines = frame.geometry.to_numpy()
    words = frame["road_class"].to_numpy()
    double = (frame["carriageway_count"] == 2).to_numpy()
    nodes, legs = _crossings(lines, ground)
    source: list[Any] = lines[ground & ~double].tolist()
    origin: list[int] = np.flatnonzero(ground & ~double).tolist()
    for row, line in _twins(frame, double & ground):
        source.append(line)
        origin.append(row)
    # Slip lanes where two divided roads cross, before anything is cut.
    divided = np.isin(words, ("arterial", "expressway"))
    grand = nodes[(legs == 4) & (_count(lines, divided & ground, nodes) == 4)]
    pairs = np.array(source, dtype=object)
    slips = [
        slip for node in grand[:SLIPS] for slip in _slips(node, pairs, np.array(origin), words)
    ]
    # Roundabouts where two roads of one line cross.
    plain = np.isin(words, ("subarterial", "branch")) & ground
    able = nodes[(legs == 4) & (_count(lines, plain, nodes) == 4)]
    sub = able[_count(lines, (words == "subarterial") & ground, able) >= 2]
    chosen = np.sort(random.permutation(len(sub))[:ROUNDABOUTS])
    discs = shapely.buffer(shapely.points(sub[chosen]), RING_M, quad_segs=6)
    rings = shapely.get_exterior_ring(discs)
    cut = shapely.union_all(discs) if len(discs) else shapely.Polygon()
    outside = shapely.difference(np.array(source, dtype=object), cut)
    kinds = [*origin, *[-1] * len(slips), *[-2] * len(rings)]
    everything = np.concatenate([outside, np.array(slips, dtype=object), rings])
    pieces = shapely.get_parts(shapely.union_all(everything, grid_size=0.001))
    pieces = pieces[shapely.length(pieces) > 0.5]
    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    piece, line = shapely.STRtree(everything).query(middle, predicate="dwithin", distance=0.05)
    first = np.flatnonzero(np.diff(piece, prepend=-1) != 0)
    piece, of = piece[first], np.array(kinds)[line[first]]
    pieces, middle = pieces[piece], middle[piece]
    place = np.lexsort(np.round(shapely.get_coordinates(middle), 3).T)
    pieces, of = pieces[place], of[place]
    out = frame.iloc[np.clip(of, 0, None)].reset_index(drop=True).set_geometry(pieces)
    out.loc[of == -1, ["road_class", "road_width_m"]] = ["link", 7.5]
    out.loc[of == -2, ["road_class", "road_width_m"]] = ["subarterial", 9.0]
    out.loc[of < 0, "road_name"] = None
    out["junction"] = np.array([None, "roundabout"], dtype=object)[(of == -2).astype(int)]
    above = frame[~ground]
    both = [
        shapely.offset_curve(above.geometry.to_numpy(), side * APART["motorway"])
        for side in (1, -1)
    ]
    twin = gpd.GeoDataFrame(
        {column: np.tile(above[column].to_numpy(), 2) for column in above.columns[:-1]},
        geometry=shapely.transform(np.concatenate(both), lambda at: np.round(at, 3)),
        crs=CRS,
    ).assign(junction=None)
    made = gpd.GeoDataFrame(
        {
            column: np.concatenate([out[column].to_numpy(), twin[column].to_numpy()])
            for column in [*frame.columns.drop("geometry"), "junction"]
        },
        geometry=np.concatenate([out.geometry.to_numpy(), twin.geometry.to_numpy()]),
        crs=CRS,
    )
    made["carriageway_count"] = 1
    return made


def _crossings(
    lines: NDArray[Any], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Ends of lines, and how many lines end there."""
    own = lines[chosen]
    tips = np.concatenate([shapely.get_point(own, 0), shapely.get_point(own, -1)])
    nodes, legs = np.unique(shapely.get_coordinates(tips), axis=0, return_counts=True)
    return nodes, legs


def _count(
    lines: NDArray[Any], chosen: NDArray[np.bool_], nodes: NDArray[np.float64]
) -> NDArray[np.intp]:
    """How many of the chosen lines end at each node."""
    known, legs = _crossings(lines, chosen)
    found = {(x, y): int(leg) for (x, y), leg in zip(known.tolist(), legs, strict=True)}
    return np.array([found.get((x, y), 0) for x, y in nodes.tolist()], dtype=np.intp)


def _twins(frame: gpd.GeoDataFrame, double: NDArray[np.bool_]) -> list[tuple[int, Any]]:
    """Both carriageways of every divided road, and how they come together at its ends."""
    out: list[tuple[int, Any]] = []
    rows = np.flatnonzero(double)
    lines = frame.geometry.to_numpy()
    label = frame["road_class"].astype(str) + "/" + frame["road_name"].astype(str)
    for name in dict.fromkeys(label.to_numpy()[rows].tolist()):
        own = rows[label.to_numpy()[rows] == name]
        word = str(frame["road_class"].iloc[own[0]])
        whole = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines[own].tolist())))
        for line in whole:
            ends = shapely.get_coordinates(line)[[0, -1]]
            for side in (1, -1):
                beside = shapely.offset_curve(line, side * APART[word], join_style="mitre")
                points = np.round(shapely.get_coordinates(beside), 3)
                # One line from end to end: the carriageways part and meet again there.
                out.append(
                    (int(own[0]), shapely.linestrings(np.vstack([ends[:1], points, ends[1:]])))
                )
    return out


def _slips(
    node: NDArray[np.float64], lines: NDArray[Any], origin: NDArray[np.intp], words: NDArray[Any]
) -> list[Any]:
    """Four lanes that cut the corners of a large crossing."""
    circle = shapely.get_exterior_ring(shapely.buffer(shapely.points(node), SLIP_M, quad_segs=16))
    at = np.flatnonzero(np.isin(words[origin], ("arterial", "expressway")))
    near = at[shapely.dwithin(lines[at], shapely.points(node), SLIP_M)]
    meets = shapely.get_coordinates(shapely.intersection(lines[near], circle))
    if len(meets) != 8:
        return []
    turn = np.arctan2(meets[:, 1] - node[1], meets[:, 0] - node[0])
    ring = meets[np.argsort(np.round(turn, 6), kind="stable")]
    gap = np.hypot(*(ring - np.roll(ring, -1, axis=0)).T)
    # Of the arcs around the circle, the long ones lie between two different roads.
    out = []
    for one in np.flatnonzero(gap > SLIP_M * 0.6).tolist():
        ends = np.round(ring[[one, (one + 1) % 8]], 3)
        bend = np.round(ends.mean(axis=0) * 0.8 + node * 0.2, 3)
        out.append(shapely.linestrings(np.vstack([ends[:1], bend[None], ends[1:]])))
    return out


def highways(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The 公路 layer: drawn by other hands, and on through the towns.

    Parameters
    ----------
    roads : GeoDataFrame of LineString
        Centre lines.

    Returns
    -------
    GeoDataFrame of LineString
        ``road_name``, ``road_class``, ``route_code``, ``road_status``, ``opened_on``; the
        lines are not noded with those of the streets.
    """
    words = roads["road_class"].to_numpy()
    own = np.isin(words, HIGHWAYS)
    through = _through(roads)
    rows = np.concatenate([np.flatnonzero(own), through])
    kinds = np.where(own, words, "highway")[rows]
    states = roads["road_status"].to_numpy()[rows]
    lines = roads.geometry.to_numpy()[rows]
    shapes, classes, status, dates = [], [], [], []
    for word in HIGHWAYS:
        for state in ("built", "building"):
            here = (kinds == word) & (states == state)
            if not here.any():
                continue
            merged = shapely.line_merge(shapely.multilinestrings(lines[here].tolist()))
            parts = shapely.get_parts(merged)
            shapes.append(_redrawn(parts))
            classes += [word] * len(parts)
            status += [state] * len(parts)
            day = sorted(one for one in roads["opened_on"].to_numpy()[rows[here]] if one)
            # A line merged of many stretches: the day of the middle one of its class.
            dates += [day[len(day) // 2] if day else None] * len(parts)
    letters = {"motorway": "G", "highway": "S", "county_road": "X", "township_road": "Y"}
    numbers: dict[str, int] = {}
    codes = []
    for word in classes:
        numbers[word] = numbers.get(word, 0) + 1
        codes.append(f"示意{letters.get(word, 'C')}{numbers[word]:03d}")
    return gpd.GeoDataFrame(
        {
            "road_name": [f"{code}线" for code in codes],
            "road_class": classes,
            "route_code": codes,
            "road_status": status,
            "opened_on": dates,
        },
        geometry=np.concatenate(shapes),
        crs=CRS,
    )


def _through(roads: gpd.GeoDataFrame) -> NDArray[np.intp]:
    """Main streets that carry a highway from one end of a town to the other."""
    words = roads["road_class"].to_numpy()
    built = (roads["road_status"] == "built").to_numpy()
    lines = roads.geometry.to_numpy()
    street = np.isin(words, ("expressway", "arterial", "subarterial", "branch")) & built
    rows = np.flatnonzero(street)
    tips = np.stack([shapely.get_point(lines[rows], 0), shapely.get_point(lines[rows], -1)], 1)
    nodes, which = np.unique(shapely.get_coordinates(tips.ravel()), axis=0, return_inverse=True)
    ends = which.reshape(-1, 2)
    dear = np.where(words[rows] == "branch", 4, np.where(words[rows] == "subarterial", 1.5, 1))
    cost = np.round(shapely.length(lines[rows]) * dear, 3)
    size = len(nodes)
    graph = sparse.csr_matrix((cost, (ends[:, 0], ends[:, 1])), shape=(size, size))
    main = np.isin(words, ("highway",)) & built
    places, _ = _crossings(lines, main)
    index = {(x, y): at for at, (x, y) in enumerate(nodes.tolist())}
    doors = [index[x, y] for x, y in places.tolist() if (x, y) in index]
    if not doors:
        return np.array([], dtype=np.intp)
    way, before = dijkstra(graph, directed=False, indices=doors, return_predecessors=True)
    used: set[tuple[int, int]] = set()
    for one, door in enumerate(doors):
        for other in doors:
            if other == door or not np.isfinite(way[one, other]) or way[one, other] > 12_000:
                continue
            at = other
            while before[one, at] >= 0:
                used.add((min(at, int(before[one, at])), max(at, int(before[one, at]))))
                at = int(before[one, at])
    pairs = [(min(a, b), max(a, b)) in used for a, b in ends.tolist()]
    return np.asarray(rows[np.array(pairs, dtype=bool)])


def _redrawn(lines: NDArray[Any]) -> NDArray[Any]:
    """Lines as another hand draws them: fewer vertices, a few metres off."""
    thin = shapely.simplify(lines, 2.0)

    def off(at: NDArray[np.float64]) -> NDArray[np.float64]:
        waves = np.stack(
            [np.sin(at[:, 1] / 310.0) + 0.6 * np.cos(at[:, 0] / 170.0),
             np.cos(at[:, 0] / 290.0) - 0.6 * np.sin(at[:, 1] / 190.0)], axis=1
        )  # fmt: skip
        return np.asarray(np.round(at + DIGITISED_M * waves, 3))

    return np.asarray(shapely.transform(thin, off))


def planned(roads: gpd.GeoDataFrame, zone: Any) -> gpd.GeoDataFrame:
    """The planned network of the built-up zone: what is there and what shall be, as one.

    Parameters
    ----------
    roads : GeoDataFrame of LineString
        Centre lines of all statuses.
    zone : Polygon
        The built-up zone.

    Returns
    -------
    GeoDataFrame of LineString
        ``road_name``, ``road_class``, ``road_status``.
    """
    street = roads["road_class"].isin(["expressway", "arterial", "subarterial", "branch"])
    near = shapely.dwithin(roads.geometry.to_numpy(), zone, 1.0)
    kept = roads[street.to_numpy() & near]
    return kept[["road_name", "road_class", "road_status", "geometry"]].reset_index(drop=True)
