"""Merging by tiles: neatnet on a piece of the layer at a time, and the pieces joined again.

The only module that calls neatnet, which is loaded when it is used. Nothing it warns of or
raises leaves this module: a tile it cannot do stays as drawn, and that is said.
"""

from __future__ import annotations

import multiprocessing
import re
import warnings
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deqing_geo.roads.preparing import closed_off, ends

if TYPE_CHECKING:
    from deqing_geo.roads.partners import Floats, Ints, Shapes

# What neatnet itself falls back on where a layer is too small to tell blocks from gaps.
FALLBACK = 7.0
# An estimate outside is no gap between carriageways: 5 is a square of 15 m, 9 one of 113 m.
# Ours; at 11 (307 m) neatnet took 40 % of the streets of central Wuhan for artefacts.
PLAUSIBLE = (5.0, 9.0)
# Around each tile, so that what decides at its edge is seen: a block or two.
MARGIN_M = 500.0
# Lines of neighbouring tiles meet at the seam to this; nearer ends are joined.
SEAM_M = 3.0
# Three squares so far away and so large that they touch nothing: neatnet draws a density of
# the sizes of all faces even when it is told the threshold, and fails where there is one.
BALLAST_M = (3_000.0, 4_000.0, 5_500.0)
BALLAST_AWAY_M = 200_000.0
NODE_M = 2.1  # neatnet joins nodes nearer than twice its step, and a bit
_UNDONE = re.compile(r"location POINT \((-?[\d.]+) (-?[\d.]+)\)")


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Pieces of land between lines that neatnet takes for gaps in the drawing of one street."""

    shapes: Shapes
    threshold: float
    estimated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """What one call of neatnet is given; plain arrays, so that it goes to another process."""

    core: tuple[float, float, float, float]
    lines: Any
    threshold: float
    protected: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What came back: lines within the core, where it failed, and what neatnet left undone."""

    lines: Any
    failed: bool
    undone: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """The tiles put together again."""

    lines: Shapes
    tiles: int
    failed: tuple[tuple[float, float], ...]
    undone: tuple[tuple[float, float], ...]
    loose: int


def find_faces(lines: Shapes, threshold: float | None) -> Faces:
    """Gaps between carriageways in the whole layer, by the threshold given or estimated."""
    import geopandas as gpd
    import neatnet

    given = threshold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = gpd.GeoDataFrame(geometry=lines)
        try:
            frame = neatnet.fix_topology(frame)
            frame = neatnet.consolidate_nodes(frame, tolerance=NODE_M)
        except Exception:  # whatever it trips over, faces can be found without
            frame = gpd.GeoDataFrame(geometry=lines)
        if given is None:
            try:
                given = neatnet.FaceArtifacts(frame).threshold
            except Exception:  # no faces, one face, or all of one size
                given = None
        estimated = threshold is None and given is not None
        if given is None or (estimated and not PLAUSIBLE[0] <= given <= PLAUSIBLE[1]):
            given, estimated = FALLBACK, False
        try:
            found, _ = neatnet.get_artifacts(_weighted(frame), threshold=given)
            shapes = np.asarray(found.geometry.array, dtype=object)
        except Exception:  # lines that enclose nothing
            shapes = np.empty(0, dtype=object)
    return Faces(shapes, float(given), estimated)


def lay(lines: Shapes, faces: Faces, protected: Floats, tile_m: float) -> tuple[list[Tile], Shapes]:
    """The tiles, and the lines of tiles in which there is nothing to merge."""
    cores = _cores(lines, tile_m)
    tree, gaps = shapely.STRtree(lines), shapely.STRtree(faces.shapes)
    tiles, untouched = [], []
    for core in cores:
        box = shapely.box(*core)
        wide = shapely.box(
            core[0] - MARGIN_M, core[1] - MARGIN_M, core[2] + MARGIN_M, core[3] + MARGIN_M
        )
        near = np.sort(tree.query(wide, predicate="intersects"))
        if not len(near):
            continue
        if not len(gaps.query(box, predicate="dwithin", distance=NODE_M)):
            untouched.append(_clipped(lines[near], core))
            continue
        inside = _clipped(lines[near], wide.bounds)
        across = faces.shapes[np.sort(gaps.query(shapely.boundary(wide), predicate="intersects"))]
        closed = np.concatenate([inside, _rim(inside, across, wide)])
        low, high = np.array(wide.bounds[:2]), np.array(wide.bounds[2:])
        here = ((protected >= low) & (protected <= high)).all(axis=1)
        tiles.append(Tile(core, shapely.to_wkb(closed), faces.threshold, protected[here]))
    return tiles, np.concatenate(untouched) if untouched else np.empty(0, dtype=object)


def _rim(lines: Shapes, across: Shapes, wide: Any) -> Shapes:
    """Where the rim of a tile cuts a gap open, the gap closed along the rim.

    A gap may be as long as a motorway; cut and closed outside the core, it costs no more
    than the tile.
    """
    none = np.empty(0, dtype=object)
    if not len(across):
        return none
    ring = shapely.LineString(wide.exterior.coords)
    tips = np.unique(ends(lines).reshape(-1, 2), axis=0)
    on = shapely.dwithin(shapely.points(tips), ring, 1e-6)
    tips = tips[on]
    place = np.asarray(shapely.line_locate_point(ring, shapely.points(tips)))
    order = np.argsort(place, kind="stable")
    tips, place = tips[order], place[order]
    if len(tips) < 2:
        return none
    middle = shapely.line_interpolate_point(ring, (place[1:] + place[:-1]) / 2)
    chosen = np.unique(shapely.STRtree(across).query(middle, predicate="intersects")[0])
    first, second = tips[chosen], tips[chosen + 1]
    out = (first + second) / 2 - shapely.get_coordinates(shapely.centroid(wide))
    half = np.array([wide.bounds[2] - wide.bounds[0], wide.bounds[3] - wide.bounds[1]]) / 2
    # Straight out of the side it lies on.
    side = np.abs(out / half).argmax(axis=1)
    straight = np.zeros_like(out)
    straight[np.arange(len(out)), side] = np.sign(out[np.arange(len(out)), side])
    return closed_off(first, second, straight, np.zeros(len(chosen), dtype=np.intp))[0]


def merge_tile(tile: Tile) -> Done:
    """Merge one tile; on any failure the lines as they were."""
    lines = shapely.from_wkb(tile.lines)
    try:
        merged, undone = _neat(lines, tile)
    except Exception:  # whatever it was, the tile stays as drawn and that is said
        return Done(shapely.to_wkb(_clipped(lines, tile.core)), True, ())
    return Done(shapely.to_wkb(_clipped(merged, tile.core)), False, undone)


def merge(lines: Shapes, faces: Faces, protected: Floats, tile_m: float, workers: int) -> Joined:
    """The layer merged tile by tile and put together again."""
    tiles, untouched = lay(lines, faces, protected, tile_m)
    done = list(_run(tiles, workers))
    pieces = [untouched, *(shapely.from_wkb(one.lines) for one in done)]
    middles = [
        ((tile.core[0] + tile.core[2]) / 2, (tile.core[1] + tile.core[3]) / 2) for tile in tiles
    ]
    parts = np.concatenate(pieces)
    seams = _cores(lines, tile_m)
    joined, loose = _weld(parts, seams)
    return Joined(
        joined,
        len(tiles),
        tuple(place for place, one in zip(middles, done, strict=True) if one.failed),
        tuple(sorted({place for one in done for place in one.undone})),
        loose,
    )


def _run(tiles: list[Tile], workers: int) -> Iterable[Done]:
    """All tiles, here or in processes of their own; the answer is the same."""
    if workers <= 1 or len(tiles) <= 1:
        return [merge_tile(tile) for tile in tiles]
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(min(workers, len(tiles)), mp_context=context) as pool:
            return list(pool.map(merge_tile, tiles))
    except (BrokenProcessPool, OSError):
        # A script without `if __name__ == "__main__"` cannot start others of its kind.
        return [merge_tile(tile) for tile in tiles]


def _neat(lines: Shapes, tile: Tile) -> tuple[Shapes, tuple[tuple[float, float], ...]]:
    """The answer of neatnet for these lines, and the places it says it could not do."""
    import geopandas as gpd
    import neatnet

    # neatnet knows no levels and warns without a CRS; any in metres will do.
    frame = _weighted(gpd.GeoDataFrame(geometry=lines, crs=32650))
    mask = None
    if len(tile.protected):
        mask = gpd.GeoSeries(shapely.points(tile.protected), crs=frame.crs)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        made = neatnet.neatify(frame, artifact_threshold=tile.threshold, exclusion_mask=mask)
    shapes = np.asarray(made.geometry.array, dtype=object)
    far = shapely.bounds(lines)[:, 2].max() + BALLAST_AWAY_M / 2
    shapes = shapely.get_parts(shapes[shapely.bounds(shapes)[:, 0] < far])
    box = tile.core
    places = {
        (float(found[1]), float(found[2]))
        for one in said
        if "not been simplified" in str(one.message)
        for found in [_UNDONE.search(str(one.message))]
        if found
    }
    here = [p for p in places if box[0] <= p[0] < box[2] and box[1] <= p[1] < box[3]]
    return shapes, tuple(sorted(here))


def _weighted(frame: Any) -> Any:
    """The lines and the ballast."""
    import geopandas as gpd

    box = frame.total_bounds
    x, y = box[2] + BALLAST_AWAY_M, box[1]
    squares = []
    for side in BALLAST_M:
        squares.append(shapely.box(x, y, x + side, y + side).exterior)
        x += 10 * side
    rings = [shapely.LineString(square.coords) for square in squares]
    both = np.concatenate([np.asarray(frame.geometry.array, dtype=object), rings])
    return gpd.GeoDataFrame(geometry=both, crs=frame.crs)


def _cores(lines: Shapes, tile_m: float) -> list[tuple[float, float, float, float]]:
    """Tiles of one size over the layer, laid so that seams fall on no round number."""
    x0, y0, x1, y1 = shapely.total_bounds(lines)
    across, up = (max(int(np.ceil(size / tile_m)), 1) for size in (x1 - x0 + 2, y1 - y0 + 2))
    xs = x0 - 1 + np.arange(across + 1) * (x1 - x0 + 2) / across + _odd(across)
    ys = y0 - 1 + np.arange(up + 1) * (y1 - y0 + 2) / up + _odd(up)
    return [
        (float(xs[i]), float(ys[j]), float(xs[i + 1]), float(ys[j + 1]))
        for j in range(up)
        for i in range(across)
    ]


def _odd(count: int) -> Floats:
    """Some centimetres and a bit for every seam within; none for the outer edges."""
    shift: Floats = np.full(count + 1, 0.0317)
    shift[[0, -1]] = 0
    return shift


def _clipped(lines: Shapes, core: tuple[float, float, float, float]) -> Shapes:
    """Lines cut at the tile's edge; what lies outside is left to the neighbour."""
    box = shapely.box(*core)
    shapely.prepare(box)
    whole = shapely.contains_properly(box, lines)
    cut = shapely.get_parts(shapely.intersection(lines[~whole], box))
    cut = shapely.get_parts(cut)
    cut = cut[shapely.get_type_id(cut) == shapely.GeometryType.LINESTRING]
    return np.concatenate([lines[whole], cut[shapely.length(cut) > 0]])


def _weld(parts: Shapes, cores: list[tuple[float, float, float, float]]) -> tuple[Shapes, int]:
    """Pieces joined across the seams; how many ends at a seam found no partner."""
    if len(cores) == 1 or not len(parts):
        return parts, 0
    edges = np.array(cores)
    x_low, x_high = edges[:, 0].min(), edges[:, 2].max()
    y_low, y_high = edges[:, 1].min(), edges[:, 3].max()
    xs = np.setdiff1d(edges[:, [0, 2]], [x_low, x_high])
    ys = np.setdiff1d(edges[:, [1, 3]], [y_low, y_high])
    tips = ends(parts).reshape(-1, 2)
    at = np.zeros(len(tips), dtype=bool)
    for axis, seams in ((0, xs), (1, ys)):
        if len(seams):
            at |= np.abs(tips[:, [axis]] - seams[None, :]).min(axis=1) < 1e-6
    seam_tips = np.flatnonzero(at)
    if not len(seam_tips):
        return parts, 0
    middle = shapely.get_coordinates(shapely.line_interpolate_point(parts, 0.5, normalized=True))
    tile = _tile_of(parts, middle, edges)
    pairs = cKDTree(tips[seam_tips]).query_pairs(SEAM_M, output_type="ndarray")
    a, b = seam_tips[pairs[:, 0]], seam_tips[pairs[:, 1]]
    other = tile[a // 2] != tile[b // 2]
    a, b = a[other], b[other]
    gap = np.hypot(*(tips[a] - tips[b]).T)
    used = np.zeros(len(tips), dtype=bool)
    left, right = [], []
    for one in np.lexsort((tips[a, 1], tips[a, 0], gap)).tolist():
        if not (used[a[one]] or used[b[one]]):
            used[[a[one], b[one]]] = True
            left.append(int(a[one]))
            right.append(int(b[one]))
    coords, owner = shapely.get_coordinates(parts, return_index=True)
    start = np.searchsorted(owner, np.arange(len(parts)))
    stop = np.searchsorted(owner, np.arange(len(parts)), side="right") - 1
    vertex = np.stack([start, stop], axis=1).ravel()
    coords[vertex[right]] = coords[vertex[left]]
    moved: Shapes = np.asarray(shapely.linestrings(coords, indices=owner), dtype=object)
    size = len(parts)
    tie = sparse.coo_array(
        (np.ones(len(left)), (np.array(left) // 2, np.array(right) // 2)), (size, size)
    )
    group = connected_components(tie, directed=False)[1]
    alone = np.bincount(group)[group] == 1
    joined: list[Shapes] = [moved[alone]]
    together = np.flatnonzero(~alone)
    if len(together):
        order = together[np.argsort(group[together], kind="stable")]
        number = np.unique(group[order], return_inverse=True)[1]
        many = shapely.multilinestrings(moved[order], indices=number)
        joined.append(shapely.get_parts(shapely.line_merge(many)))
    return np.concatenate(joined), int(at.sum()) - 2 * len(left)


def _tile_of(parts: Shapes, middle: Floats, edges: Floats) -> Ints:
    """Which tile each piece lies in."""
    xs, ys = np.unique(edges[:, 0]), np.unique(edges[:, 1])
    column = np.searchsorted(xs, middle[:, 0], side="right") - 1
    row = np.searchsorted(ys, middle[:, 1], side="right") - 1
    tile: Ints = row * len(xs) + column
    return tile
