"""Water and heights of the schematic county, once its borders and towns are known.

Rivers of the plain run along village borders, as they do where water parts the land; streams
run down from the hills by the lowest way; a valley is dammed for drinking water.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from rasterio import features
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra

from deqing_geo.rasters import Raster
from deqing_geo.sample import CRS, borders
from deqing_geo.sample.ground import CELL, Grid, rough, unlike, web

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import NDArray

    from deqing_geo.sample.tiling import Tiling

TERRAIN_CELL, NODATA = 30.0, -9999.0
# Of the heights that the county knows beyond its outline, metres.
TERRAIN_MARGIN = 300.0
PLAIN_M = 9.0  # what lies lower has rivers along its borders
STREAMS = 11
RESERVOIR_KM2 = 1.1
LAKE_KM2 = 1.3
WIDTHS = {"river": 90.0, "canal": 60.0, "channel": 22.0, "ditch": 12.0, "stream": 14.0}
NEAR_TOWN_M = 250.0
DAM_REACH = 7  # cells to either side of a stream that its dam may flood


@dataclass(frozen=True, slots=True, eq=False)
class Nature:
    """Ground and water.

    Attributes
    ----------
    heights : ndarray, shape of the county's grid
        Metres, with towns levelled and valleys cut.
    names, classes : list of str
        Of each water.
    waters : ndarray
        Polygons or MultiPolygons that do not overlap, inside the outline.
    """

    heights: NDArray[np.float64]
    names: list[str]
    classes: list[str]
    waters: NDArray[Any]


def shape_nature(random: np.random.Generator, made: Tiling, towns: NDArray[Any]) -> Nature:
    """Level the towns, cut the valleys, fill the rivers.

    Parameters
    ----------
    random : Generator
        The source of chance.
    made : Tiling
        Borders and heights.
    towns : ndarray of Polygon
        Blocks of all towns; no water runs through them but streams skirt them.

    Returns
    -------
    Nature
        Of the county.
    """
    grid = made.grid
    outline = made.outline.geometry.iloc[0]
    kept = shapely.union_all(shapely.buffer(towns, NEAR_TOWN_M, quad_segs=2))
    town_cells = _cells(grid, kept)
    heights = _levelled(made.heights, town_cells)
    arcs, ends, nodes = _arcs(made)
    height_of = heights[_rows(grid, nodes[:, 1]), _columns(grid, nodes[:, 0])]
    shapely.prepare(kept)
    free = ~shapely.intersects(kept, arcs) & (height_of[ends] < PLAIN_M * 1.6).all(axis=1)
    rivers = []
    for name, west, east, width in (
        ("示意河", 0.42, 0.62, WIDTHS["river"]),
        ("示意运河", 0.74, 0.86, WIDTHS["canal"]),
    ):
        course = _course(made, arcs, ends, nodes, free, west, east)
        rivers.append((name, "river", shapely.buffer(course, width / 2, quad_segs=4)))
    river = rivers[0][2]
    net = _net(random, grid, heights, arcs, ends, nodes, free)
    heights, streams, dammed = _streams(random, made, heights, town_cells, river)
    reservoir, level, held = dammed
    heights = np.where(held, level, heights)
    lake = _lake(random, made, heights, kept)
    layers = [
        ("示意水库", "reservoir", reservoir),
        *rivers,
        ("示意湖", "lake", lake),
        *((f"示意{at + 1}溪", "stream", stream) for at, stream in enumerate(streams)),
        ("水网", "river", net),
    ]
    names, classes, shapes = [], [], []
    taken = shapely.difference(shapely.box(*outline.bounds).buffer(1e4), outline)
    taken = shapely.union_all([taken, shapely.union_all(shapely.buffer(towns, 15, quad_segs=1))])
    for number, (name, kind, shape) in enumerate(layers, start=1):
        left = shapely.set_precision(shapely.difference(shape, taken), 0.001)
        parts = shapely.get_parts(left)
        left = shapely.union_all(parts[shapely.area(parts) > 400])
        if shapely.is_empty(left):
            continue
        names.append(name)
        classes.append(kind)
        shapes.append(left)
        if number < len(layers):
            taken = shapely.union_all([taken, left])
    return Nature(heights, names, classes, np.array(shapes, dtype=object))


def terrain(
    random: np.random.Generator, made: Tiling, nature: Nature, towns: NDArray[Any]
) -> Raster:
    """Heights on cells of 30 m.

    Parameters
    ----------
    random : Generator
        The source of chance.
    made : Tiling
        The county.
    nature : Nature
        Its ground.
    towns : ndarray of Polygon
        Levelled ground has no boulders.

    Returns
    -------
    Raster
        Metres, to a decimetre; ``nodata`` 300 m beyond the outline.
    """
    grid = made.grid
    fine = int(CELL // TERRAIN_CELL)
    rows, columns = grid.rows * fine, grid.columns * fine
    # Coarse cells' middles lie at 2, 7, 12 ... of the fine ones.
    places = np.meshgrid(
        (np.arange(rows) - (fine - 1) / 2) / fine,
        (np.arange(columns) - (fine - 1) / 2) / fine,
        indexing="ij",
    )
    values = ndimage.map_coordinates(nature.heights, places, order=1, mode="nearest")
    values = ndimage.gaussian_filter(values, 2.0)
    slope = ndimage.gaussian_gradient_magnitude(nature.heights, 1.0) / CELL
    steep = np.repeat(np.repeat(slope, fine, axis=0), fine, axis=1)
    knots = rough(random, Grid(0, 0, rows // 4 + 1, columns // 4 + 1), 480.0, 3)
    bumps = ndimage.zoom(knots, 4, order=1)[:rows, :columns]
    values = values + bumps * np.clip(280 * ndimage.gaussian_filter(steep, 3.0), 0, 75)
    # Raster rows run from the north.
    values = np.flipud(values)
    out = Raster(
        values, grid.x0, grid.y0 + rows * TERRAIN_CELL, TERRAIN_CELL, CRS, attrs={"unit": "m"}
    )
    for name, shape in zip(nature.classes, nature.waters, strict=True):
        wet = _burnt(shape, values.shape, out.transform)
        if name == "reservoir":
            values[wet] = np.median(values[wet])
        elif name in ("river", "lake"):
            values[wet] = np.minimum(values[wet], 2.0)
    near = shapely.buffer(made.outline.geometry.iloc[0], TERRAIN_MARGIN, quad_segs=4)
    known = _burnt(near, values.shape, out.transform)
    values = np.where(known, np.round(np.clip(values, 0.6, None), 1), NODATA)
    return Raster(
        values.astype(np.float32), out.west, out.north, out.cell, out.crs, NODATA, out.attrs
    )


def _burnt(shape: Any, size: tuple[int, ...], transform: Affine) -> NDArray[np.bool_]:
    return np.asarray(
        features.rasterize([(shape, 1)], out_shape=size, transform=transform, dtype="uint8") == 1
    )


def _cells(grid: Grid, shape: Any) -> NDArray[np.bool_]:
    """Cells whose middle lies in a shape."""
    xs, ys = grid.centres()
    shapely.prepare(shape)
    return np.asarray(shapely.contains_xy(shape, xs, ys))


def _rows(grid: Grid, y: Any) -> Any:
    return np.clip(((y - grid.y0) // CELL).astype(int), 0, grid.rows - 1)


def _columns(grid: Grid, x: Any) -> Any:
    return np.clip(((x - grid.x0) // CELL).astype(int), 0, grid.columns - 1)


def _levelled(heights: NDArray[np.float64], towns: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Ground under towns without its hills, and a slope back to them."""
    out = heights.copy()
    pieces, count = ndimage.label(towns)
    for piece in range(1, count + 1):
        own = pieces == piece
        base = float(np.percentile(heights[own], 20))
        gentle = base + 0.12 * (ndimage.gaussian_filter(heights, 6.0) - base)
        weight = np.clip(1 - (ndimage.distance_transform_edt(~own) / 5), 0, 1)
        weight = weight * weight * (3 - 2 * weight)
        out = out * (1 - weight) + np.minimum(gentle, out + 4) * weight
    return np.asarray(np.round(out, 2))


def _arcs(made: Tiling) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.float64]]:
    """Borders between villages, from where three meet to where three meet."""
    edges = shapely.boundary(made.villages.geometry.to_numpy())
    arcs = shapely.get_parts(shapely.line_merge(shapely.union_all(edges)))
    rim = shapely.boundary(made.outline.geometry.iloc[0])
    shapely.prepare(rim)
    arcs = arcs[~shapely.covers(rim, shapely.line_interpolate_point(arcs, 0.5, normalized=True))]
    arcs = arcs[~shapely.is_ring(arcs)]
    tips = np.stack([shapely.get_point(arcs, 0), shapely.get_point(arcs, -1)], axis=1)
    places = shapely.get_coordinates(tips.ravel())
    nodes, which = np.unique(places, axis=0, return_inverse=True)
    order = np.lexsort(nodes[which.reshape(-1, 2)[:, 0]].T)
    return arcs[order], which.reshape(-1, 2)[order], nodes


def _course(
    made: Tiling,
    arcs: NDArray[Any],
    ends: NDArray[np.intp],
    nodes: NDArray[np.float64],
    free: NDArray[np.bool_],
    west: float,
    east: float,
) -> Any:
    """A river along borders, from the southern edge of the county to the northern."""
    x0, y0, x1, y1 = made.outline.total_bounds
    rim = shapely.boundary(made.outline.geometry.iloc[0])
    at_rim = shapely.distance(rim, shapely.points(nodes)) < 1
    length = np.round(shapely.length(arcs) * np.where(free, 1, 60), 3)
    middle = (nodes[ends[:, 0], 0] + nodes[ends[:, 1], 0]) / 2
    away = np.abs((middle - x0) / (x1 - x0) - (west + east) / 2) / (east - west)
    length = np.round(length * (1 + 2 * np.clip(away - 0.5, 0, None)), 3)
    graph = sparse.csr_matrix((length, (ends[:, 0], ends[:, 1])), shape=(len(nodes),) * 2)
    share = (nodes[:, 0] - x0) / (x1 - x0)
    middle_y = (y0 + y1) / 2
    inside = at_rim & (share > west) & (share < east)
    south = np.flatnonzero(inside & (nodes[:, 1] < middle_y))
    north = np.flatnonzero(inside & (nodes[:, 1] > middle_y))
    ways, before = dijkstra(graph, directed=False, indices=south, return_predecessors=True)
    one, other = np.unravel_index(int(np.argmin(ways[:, north])), (len(south), len(north)))
    steps = [int(north[other])]
    while before[one, steps[-1]] >= 0:
        steps.append(int(before[one, steps[-1]]))
    pairs = {tuple(sorted(pair)) for pair in itertools.pairwise(steps)}
    used = [tuple(sorted(pair)) in pairs for pair in ends.tolist()]
    return shapely.union_all(arcs[np.array(used)])


def _net(
    random: np.random.Generator,
    grid: Grid,
    heights: NDArray[np.float64],
    arcs: NDArray[Any],
    ends: NDArray[np.intp],
    nodes: NDArray[np.float64],
    free: NDArray[np.bool_],
) -> Any:
    """The water net of the plain: some borders are channels, some ditches."""
    low = heights[_rows(grid, nodes[:, 1]), _columns(grid, nodes[:, 0])][ends] < PLAIN_M
    chance = np.round(random.random(len(arcs)), 6)
    wet = free & low.all(axis=1)
    broad = shapely.buffer(arcs[wet & (chance < 0.38)], WIDTHS["channel"] / 2, quad_segs=2)
    narrow = (chance >= 0.38) & (chance < 0.75)
    thin = shapely.buffer(arcs[wet & narrow], WIDTHS["ditch"] / 2, quad_segs=2)
    return shapely.union_all(np.concatenate([broad, thin]))


def _streams(
    random: np.random.Generator,
    made: Tiling,
    heights: NDArray[np.float64],
    towns: NDArray[np.bool_],
    river: Any,
) -> tuple[NDArray[np.float64], list[Any], tuple[Any, float, NDArray[np.bool_]]]:
    """Streams from the hills to the river, valleys cut along them, and a dammed one."""
    grid = made.grid
    inside = ndimage.binary_erosion(made.inside, iterations=2)
    bends = np.clip(1 + 0.7 * rough(random, grid, 1800, 2), 0.3, None)
    cost = np.round(100 * bends * (1 + (heights / 12) ** 1.5 + 60 * towns))
    graph, number = web(cost, inside)
    graph = unlike(graph)
    size = int(inside.sum())
    mouth = np.unique(number[_cells(grid, shapely.buffer(river, CELL)) & inside])
    way, before, _ = dijkstra(
        graph, directed=False, indices=mouth, return_predecessors=True, min_only=True
    )
    cells = np.argwhere(inside)
    high = heights[inside]
    chosen: list[int] = []
    candidates = np.flatnonzero((high > np.percentile(high, 72)) & np.isfinite(way))
    for cell in candidates[random.permutation(len(candidates))].tolist():
        apart = [np.hypot(*(cells[cell] - cells[one])) * CELL > 2600 for one in chosen]
        if all(apart):
            chosen.append(cell)
        if len(chosen) == STREAMS:
            break
    out = heights.copy()
    drawn = np.zeros(size, dtype=bool)
    lines: list[Any] = []
    courses: list[NDArray[np.intp]] = []
    # The longest first: the others run into it.
    for source in sorted(chosen, key=lambda cell: (-float(way[cell]), cell)):
        steps = [source]
        while before[steps[-1]] >= 0 and not drawn[steps[-1]]:
            steps.append(int(before[steps[-1]]))
        course = cells[np.array(steps)]
        drawn[np.array(steps)] = True
        if len(steps) < 8:
            continue
        courses.append(course)
        out = _valley(out, course)
        middles = (course[:, ::-1] + 0.5) * 1.0
        smooth = borders.smooth(middles) * CELL + (grid.x0, grid.y0)
        lines.append(shapely.linestrings(np.round(smooth, 3)))
    wide = [shapely.buffer(line, WIDTHS["stream"] / 2, quad_segs=2) for line in lines]
    return out, wide, _dam(made, out, courses, towns)


def _valley(heights: NDArray[np.float64], course: NDArray[np.intp]) -> NDArray[np.float64]:
    """Heights that fall along a stream, and rise from it to both sides."""
    falling = np.minimum.accumulate(heights[course[:, 0], course[:, 1]])
    bed = np.full(heights.shape, np.inf)
    bed[course[:, 0], course[:, 1]] = falling
    away, (row, column) = ndimage.distance_transform_edt(np.isinf(bed), return_indices=True)
    return np.asarray(np.round(np.minimum(heights, bed[row, column] + 13 * away**1.35), 2))


def _dam(
    made: Tiling,
    heights: NDArray[np.float64],
    courses: list[NDArray[np.intp]],
    towns: NDArray[np.bool_],
) -> tuple[Any, float, NDArray[np.bool_]]:
    """The valley that holds about `RESERVOIR_KM2` behind a dam: shape, level and cells."""
    grid = made.grid
    goal = RESERVOIR_KM2 * 1e6 / CELL**2
    able = made.inside & ~ndimage.binary_dilation(towns, iterations=3)
    best: tuple[float, float, NDArray[np.bool_]] | None = None
    for course in courses:
        for at in range(len(course) // 4, 3 * len(course) // 4, 4):
            foot = course[at]
            base = float(heights[foot[0], foot[1]])
            if not 25 <= base <= 160:
                continue
            # Only what lies upstream of the dam can be held; nothing beyond this window is asked.
            low = np.maximum(course[: at + 12].min(axis=0) - DAM_REACH, 0)
            high = course[: at + 12].max(axis=0) + DAM_REACH + 1
            window = slice(low[0], high[0]), slice(low[1], high[1])
            upstream = np.zeros(able[window].shape, dtype=bool)
            upstream[tuple((course[: at + 1] - low).T)] = True
            near = ndimage.binary_dilation(upstream, iterations=DAM_REACH)
            below = np.zeros(near.shape, dtype=bool)
            below[tuple((course[at + 1 : at + 12] - low).T)] = True
            near &= ~ndimage.binary_dilation(below, iterations=4) | upstream
            near &= able[window]
            for rise in (12.0, 18.0, 26.0, 36.0):
                pieces, _count = ndimage.label(near & (heights[window] <= base + rise))
                held = (pieces == pieces[tuple(foot - low)]) & (pieces > 0)
                # Drinking water is dammed in the mountains of the west.
                east = max(0.0, foot[1] / grid.columns - 0.25)
                miss = round(abs(float(held.sum()) / goal - 1) + rise / 200 + 4 * east, 6)
                if best is None or miss < best[0]:
                    whole = np.zeros(grid.shape, dtype=bool)
                    whole[window] = held
                    best = miss, round(base + rise, 1), whole
    assert best is not None, "no valley in these hills"
    _, level, held = best
    held = ndimage.binary_fill_holes(ndimage.binary_opening(held) | (held & _core(held)))
    pieces, _count = ndimage.label(held)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    held = pieces == sizes.argmax()
    shape = borders.polygons(np.where(held, 0, -1), grid, 1)[0]
    return shape, level, held


def _core(held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells with neighbours on at least three sides."""
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    return np.asarray(ndimage.convolve(held.astype(int), cross, mode="constant") >= 3)


def _lake(
    random: np.random.Generator, made: Tiling, heights: NDArray[np.float64], towns: Any
) -> Any:
    """A lake in the plain south of the middle, with bays and islands."""
    grid = made.grid
    xs, ys = grid.centres()
    away = ndimage.distance_transform_edt(made.inside & ~_cells(grid, towns)) * CELL
    x0, y0, x1, y1 = made.outline.total_bounds
    middle = (x0 + 0.47 * (x1 - x0), y0 + 0.3 * (y1 - y0))
    # Not in a corner and not on a hill.
    score = np.minimum(away, 2500) - 0.35 * np.hypot(xs - middle[0], ys - middle[1])
    score -= 400 * np.clip(heights - 6, 0, None)
    row, column = np.unravel_index(int(np.round(score, 3).argmax()), grid.shape)
    far = np.hypot(xs - xs[row, column], ys - ys[row, column])
    field = np.round(far + 420 * rough(random, grid, 1500, 3), 3)
    field[~made.inside | (heights > 14)] = 1e9
    limit = np.sort(field.ravel())[int(LAKE_KM2 * 1e6 / CELL**2)]
    wet = field < limit
    pieces, _count = ndimage.label(wet)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return borders.polygons(np.where(pieces == sizes.argmax(), 0, -1), grid, 1)[0]
