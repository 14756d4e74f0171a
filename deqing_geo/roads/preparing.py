"""Roads made ready for merging: cleaned, cut where they meet, sorted by level, open ends closed.

neatnet looks at faces, the pieces of land that lines enclose. It needs lines that are cut at
every junction and nothing else, and it knows nothing of bridges. Nothing here merges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deqing_geo.roads.partners import company, segments, stations

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.roads.partners import Floats, Ints, Shapes, Stations

    Flags = NDArray[np.bool_]

# Two vertices are one place when they agree to a millimetre, as in `network`.
PLACES_PER_M = 1000
# A bridge or tunnel this long or longer is a road of its own level; a shorter one carries its
# street across something and is merged with it. Ours: longer than the bridges of a crossing.
LONG_STRUCTURE_M = 300.0
# Two carriageways that end side by side, at the edge of a layer or where a road stops, are
# closed there, or no face lies between them. Ours: twice the widest median seen, cut aslant.
CLOSE_M = 60.0
CLOSE_DEGREES = 20.0
HEADING_M = 50.0
# Longer than what neatnet cuts off as a sliver (20 m).
STUB_M = 25.0
# Beside each other: from 4 m, less is one road drawn twice, to 30 m, within 15 degrees, and
# not one behind the other. Ours; on layers tried, centre lines have 0-0.3 % of it, surveys
# and raw OpenStreetMap 4-60 %.
TWIN_M = (4.0, 30.0)
TWIN_DEGREES = 15.0
TWIN_ALONG = 0.35
STEP_M = 10.0
# Lanes, tracks and courts run close to one another and are never divided.
UNDIVIDED = ("village_road", "farm_track", "estate", "frontage", "other")
# A drawing without nodes: most of its crossings have none.
MOSTLY = 0.5
# So many ends at one place are a crossing that was drawn as one.
CROSSING_ENDS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Lines of the open roads, cut where they meet; `row` is the position of their row."""

    lines: Shapes
    row: Ints
    level: Ints
    closers: Flags
    duplicates: int
    unnoded: int
    noded: int


def cleaned(shapes: Shapes) -> tuple[Shapes, Ints, int]:
    """Single lines with some length, each once; the positions of their rows; how many repeated."""
    lines, row = shapely.get_parts(shapely.force_2d(shapes), return_index=True)
    rings = shapely.get_type_id(lines) == shapely.GeometryType.LINEARRING
    if rings.any():
        lines[rings] = [shapely.LineString(ring.coords) for ring in lines[rings]]
    lines = shapely.remove_repeated_points(lines)
    kept = shapely.length(lines) > 0
    lines, row = lines[kept], row[kept]
    twice = pd.Series(shapely.to_wkb(shapely.normalize(lines))).duplicated().to_numpy()
    return lines[~twice], row[~twice], int(twice.sum())


def levels(frame: gpd.GeoDataFrame) -> tuple[Ints, bool]:
    """The level of every row, 0 on the ground, and whether the layer knows of levels at all."""
    level = np.zeros(len(frame))
    known = False
    for column, high in (("tunnel", -1), ("bridge", 1)):
        if column in frame:
            known = True
            text = frame[column].astype(str).str.strip().str.lower()
            level[(frame[column].notna() & ~text.isin(_NO)).to_numpy(dtype=bool)] = high
    for column in ("road_level", "layer"):
        if column in frame:
            known = True
            said = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float)
            level = np.where(np.isfinite(said) & (said != 0), said, level)
    return np.clip(np.rint(level), -9, 9).astype(np.intp), known


_NO = ("", "no", "n", "f", "false", "0", "0.0", "none", "nan", "否")


def prepare(frame: gpd.GeoDataFrame) -> Prepared:
    """Open roads cut where they meet, long bridges on their own level, open ends closed."""
    lines, row, duplicates = cleaned(np.asarray(frame.geometry.array, dtype=object))
    of_row, known = levels(frame)
    lines, cut = cut_at_vertices(lines)
    row = row[cut]
    level = of_row[row]
    lines, cut, unnoded, noded = _cut_at_crossings(lines, level, known)
    row, level = row[cut], level[cut]
    level = _long_structures(lines, level)
    # In an order of their own, whatever the order of the rows.
    place = shapely.bounds(lines)
    order = np.lexsort((shapely.length(lines), *place.T))
    lines, row, level = lines[order], row[order], level[order]
    word = frame["road_class"].astype(str).to_numpy(dtype=object)[row]
    closing, closing_level = open_ends_closed(lines, level, word)
    return Prepared(
        np.concatenate([lines, closing]),
        np.concatenate([row, np.full(len(closing), -1, dtype=np.intp)]),
        np.concatenate([level, closing_level]),
        np.arange(len(lines) + len(closing)) >= len(lines),
        duplicates,
        unnoded,
        noded,
    )


def twin_metres(lines: Shapes, word: NDArray[Any]) -> tuple[float, float]:
    """Length with a line of the same class beside it, and length of all, of divisible classes."""
    able = ~np.isin(word.astype(str), UNDIVIDED)
    lines, word = lines[able], word[able]
    at = stations(lines, STEP_M)
    return float(at.metres[twins(at, lines, word)].sum()), float(at.metres.sum())


def twins(at: Stations, lines: Shapes, word: NDArray[Any]) -> Flags:
    """Places with a line of the same, divisible class to their left or right."""
    beside = company(at, segments(lines), TWIN_M[1], TWIN_DEGREES)
    own = at.line[beside.station]
    off = beside.foot - shapely.get_coordinates(at.points)[beside.station]
    along = np.abs((off * at.heading[beside.station]).sum(axis=1))
    twin = (own != beside.line) & (word[own] == word[beside.line])
    twin &= ~np.isin(word[own].astype(str), UNDIVIDED)
    twin &= (beside.metres >= TWIN_M[0]) & (along <= TWIN_ALONG * beside.metres)
    has = np.zeros(len(at), dtype=bool)
    has[beside.station[twin]] = True
    return has


def place_keys(coords: Floats) -> Ints:
    """One number per place, the same for vertices that agree to a millimetre."""
    whole = np.rint(coords * PLACES_PER_M).astype(np.int64)
    pairs = np.ascontiguousarray(whole).view([("x", np.int64), ("y", np.int64)]).ravel()
    keys: Ints = np.unique(pairs, return_inverse=True)[1].ravel()
    return keys


def ends(lines: Shapes) -> Floats:
    """First and last place of every line, shape (n, 2, 2)."""
    pairs = np.stack([shapely.get_point(lines, 0), shapely.get_point(lines, -1)], axis=1)
    return shapely.get_coordinates(pairs.ravel()).reshape(-1, 2, 2)


def cut_at(lines: Shapes, which: Ints, place: Floats, at: Floats) -> tuple[Shapes, Ints]:
    """Lines cut at distances along them; `at` are the coordinates of the cuts."""
    if not len(which):
        return lines, np.arange(len(lines))
    hit = np.unique(which)
    number = np.full(len(lines), -1, dtype=np.intp)
    number[hit] = np.arange(len(hit))
    coords, owner = shapely.get_coordinates(lines[hit], return_index=True)
    step = np.hypot(*np.diff(coords, axis=0, prepend=coords[:1]).T)
    step[np.flatnonzero(np.diff(owner, prepend=-1))] = 0
    far = np.cumsum(step)
    far -= far[np.searchsorted(owner, owner)]
    # A cut stands twice: it ends one piece and begins the next.
    owners = np.concatenate([owner, np.repeat(number[which], 2)])
    places = np.concatenate([far, np.repeat(place, 2)])
    begins = np.concatenate([np.zeros(len(owner)), np.tile([1.0, 2.0], len(which))])
    order = np.lexsort((begins, places, owners))
    # Two cuts at one place: all their ends come before all their beginnings.
    points = np.concatenate([coords, np.repeat(at, 2, axis=0)])[order]
    begin = (begins[order] == 2) | (np.diff(owners[order], prepend=-1) != 0)
    piece = np.cumsum(begin) - 1
    size = np.bincount(piece)
    good = (size > 1)[piece]
    source = hit[owners[order]][good]
    _, number_of = np.unique(piece[good], return_inverse=True)
    made = shapely.remove_repeated_points(shapely.linestrings(points[good], indices=number_of))
    of = source[np.searchsorted(number_of, np.arange(len(made)))]
    long = shapely.length(made) > 0
    rest = np.flatnonzero(number < 0)
    return np.concatenate([lines[rest], made[long]]), np.concatenate([rest, of[long]])


def cut_at_vertices(lines: Shapes) -> tuple[Shapes, Ints]:
    """Lines cut at every vertex that another line has too, as OpenStreetMap's ways meet."""
    coords, owner = shapely.get_coordinates(lines, return_index=True)
    if not len(coords):
        return lines, np.arange(len(lines))
    key = place_keys(coords)
    first = np.ones(len(owner), dtype=bool)
    first[1:] = owner[1:] != owner[:-1]
    last = np.roll(first, -1)
    inner = ~(first | last)
    # A closed ring has one place where it begins and ends; another line may hang there.
    pair = np.unique(np.stack([key, owner], axis=1), axis=0)
    shared = np.bincount(pair[:, 0], minlength=key.max() + 1)[key] > 1
    again = np.bincount(key[inner], minlength=key.max() + 1)[key] > 1
    cut = np.flatnonzero(inner & (shared | again))
    step = np.hypot(*np.diff(coords, axis=0, prepend=coords[:1]).T)
    step[first] = 0
    far = np.cumsum(step)
    far -= far[np.flatnonzero(first)][owner]
    return cut_at(lines, owner[cut], far[cut], coords[cut])


def _cut_at_crossings(lines: Shapes, level: Ints, known: bool) -> tuple[Shapes, Ints, int, int]:
    """Lines cut where they cross on one level; how many crossings have no node, and got one.

    Where a layer says nothing of levels, a crossing without a vertex is a bridge, as
    OpenStreetMap draws it, unless most crossings are so: then nobody drew nodes at all.
    """
    tree = shapely.STRtree(lines)
    a, b = tree.query(lines, predicate="crosses")
    a, b = a[a < b], b[a < b]
    if not len(a):
        return lines, np.arange(len(lines)), 0, 0
    bare = len(a)
    if known:
        same = level[a] == level[b]
    else:
        degree = np.bincount(place_keys(ends(lines).reshape(-1, 2)))
        same = np.full(len(a), bare > MOSTLY * (bare + int((degree >= CROSSING_ENDS).sum())))
    a, b = a[same], b[same]
    if not len(a):
        return lines, np.arange(len(lines)), bare, 0
    points, pair = shapely.get_parts(shapely.intersection(lines[a], lines[b]), return_index=True)
    dots = shapely.get_type_id(points) == shapely.GeometryType.POINT
    points, pair = points[dots], pair[dots]
    at = shapely.get_coordinates(points)
    which = np.concatenate([a[pair], b[pair]])
    place = shapely.line_locate_point(lines[which], np.tile(points, 2))
    made, of = cut_at(lines, which, place, np.tile(at, (2, 1)))
    return made, of, bare, len(a)


def _long_structures(lines: Shapes, level: Ints) -> Ints:
    """Levels as merging takes them: short bridges and tunnels belong to the ground."""
    if not (level != 0).any():
        return level
    key = place_keys(ends(lines).reshape(-1, 2)).reshape(-1, 2)
    out = np.zeros_like(level)
    for one in np.unique(level[level != 0]):
        own = np.flatnonzero(level == one)
        size = int(key.max()) + 1
        tie = sparse.coo_array((np.ones(len(own)), (key[own, 0], key[own, 1])), (size, size))
        part = connected_components(tie, directed=False)[1][key[own, 0]]
        metres = np.bincount(part, shapely.length(lines[own]))[part]
        out[own[metres >= LONG_STRUCTURE_M]] = one
    return out


def open_ends_closed(lines: Shapes, level: Ints, word: NDArray[Any]) -> tuple[Shapes, Ints]:
    """Short lines that join two parallel lines of one class which stop side by side."""
    none = np.empty(0, dtype=object), np.empty(0, dtype=np.intp)
    if len(lines) < 2:
        return none
    tips = ends(lines)
    # By the last stretch, not the last vertex: merged lines often end in a little bend.
    length = shapely.length(lines)
    reach = np.minimum(HEADING_M, length / 2)
    back = shapely.line_interpolate_point(lines, length - reach)
    inner = np.stack([shapely.line_interpolate_point(lines, reach), back], axis=1)
    away = (tips - shapely.get_coordinates(inner.ravel()).reshape(-1, 2, 2)).reshape(-1, 2)
    away /= np.maximum(np.hypot(*away.T), 1e-12)[:, None]
    flat = tips.reshape(-1, 2)
    line = np.repeat(np.arange(len(lines)), 2)
    # The ground ends where a bridge begins: each level has its own open ends.
    key = place_keys(np.column_stack([flat[:, 0], flat[:, 1] + level[line] * 1e7]))
    open_ends = np.flatnonzero(np.bincount(key)[key] == 1)
    open_ends = open_ends[~np.isin(word[line[open_ends]].astype(str), UNDIVIDED)]
    if len(open_ends) < 2:
        return none
    pairs = cKDTree(flat[open_ends]).query_pairs(CLOSE_M, output_type="ndarray")
    a, b = open_ends[pairs[:, 0]], open_ends[pairs[:, 1]]
    gap = flat[b] - flat[a]
    metres = np.hypot(*gap.T)
    # A layer's edge may cut a road aslant: what counts is how far apart the two ways run.
    apart = np.abs(gap[:, 0] * away[a, 1] - gap[:, 1] * away[a, 0])
    side = (apart >= TWIN_M[0]) & (apart <= TWIN_M[1])
    fit = (line[a] != line[b]) & (word[line[a]] == word[line[b]]) & side & (metres > 0)
    fit &= level[line[a]] == level[line[b]]
    fit &= (away[a] * away[b]).sum(axis=1) >= np.cos(np.radians(CLOSE_DEGREES))
    a, b, metres = a[fit], b[fit], metres[fit]
    used: set[int] = set()
    chosen = []
    for one in np.lexsort((flat[a, 1], flat[a, 0], metres)).tolist():
        if not used & {int(a[one]), int(b[one])}:
            used |= {int(a[one]), int(b[one])}
            chosen.append(one)
    if not chosen:
        return none
    first, second = flat[a[chosen]], flat[b[chosen]]
    return closed_off(first, second, away[a[chosen]] + away[b[chosen]], level[line[a[chosen]]])


def closed_off(first: Floats, second: Floats, out: Floats, level: Ints) -> tuple[Shapes, Ints]:
    """Pairs of ends joined, and a stub that leads out: neatnet keeps only what leads somewhere."""
    middle = (first + second) / 2
    stub = middle + STUB_M * out / np.maximum(np.hypot(*out.T), 1e-12)[:, None]
    start = np.concatenate([first, middle, middle])
    stop = np.concatenate([middle, second, stub])
    made: Shapes = np.asarray(shapely.linestrings(np.stack([start, stop], axis=1)), dtype=object)
    return made, np.tile(level, 3)
