"""Land of the schematic county that plans and law speak of, as ground and homes place it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from scipy import ndimage

from deqing_geo.sample import CRS, borders
from deqing_geo.sample.ground import CELL, rough

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.rasters import Raster
    from deqing_geo.sample.nature import Nature
    from deqing_geo.sample.tiling import Tiling

# Shares and distances of this made-up county; none is a rule of any real one.
REDLINE_SHARE = 0.14
FARMLAND_SHARE = 0.30  # of which homes, water and roads take a part
FARM_PATCHES = 620
LEVEL1_M, LEVEL2_M = 200.0, 1_500.0
HAZARD_SLOPE = 15.0  # degrees
HAZARD_REACH_M = 250.0
HAZARDS = 45
HAZARDS_APART_M = 350.0
SPARED = 0.75  # of the villages lie in gaps of the redline, hamlet by hamlet


def water_source(made: Tiling, nature: Nature) -> gpd.GeoDataFrame:
    """Protection zones of the drinking water (饮用水水源保护区).

    Parameters
    ----------
    made : Tiling
        The county.
    nature : Nature
        Its reservoir and heights.

    Returns
    -------
    GeoDataFrame of Polygon, 2 rows
        ``protection_level``: the reservoir and 200 m around it; the slopes above it within
        1,500 m, without the first.
    """
    outline = made.outline.geometry.iloc[0]
    reservoir = nature.waters[nature.classes.index("reservoir")]
    first = shapely.intersection(shapely.buffer(reservoir, LEVEL1_M), outline)
    xs, ys = made.grid.centres()
    shapely.prepare(reservoir)
    wet = shapely.contains_xy(reservoir, xs, ys)
    level = float(np.median(nature.heights[wet]))
    near = ndimage.distance_transform_edt(~wet) * CELL <= LEVEL2_M
    pieces, _count = ndimage.label((near & (nature.heights >= level - 5) & made.inside) | wet)
    row, column = np.argwhere(wet)[0]
    above = borders.polygons(np.where(pieces == pieces[row, column], 0, -1), made.grid, 1)[0]
    second = shapely.difference(shapely.intersection(above, outline), first)
    return _frame({"protection_level": ["level1", "level2"]}, [first, second])


def development_boundaries(
    made: Tiling, seat: Any, towns: gpd.GeoDataFrame, kept: Any
) -> gpd.GeoDataFrame:
    """Urban development boundaries (城镇开发边界) of the county seat and of the towns.

    Parameters
    ----------
    made : Tiling
        The county.
    seat : Polygon or MultiPolygon
        The built-up zone of the county seat.
    towns : GeoDataFrame of Polygon
        Built-up land of the other towns; index ``town_code``.
    kept : Polygon or MultiPolygon
        Where no town may grow.

    Returns
    -------
    GeoDataFrame of Polygon
        ``boundary_name``, ``boundary_kind``; they do not overlap.
    """
    outline = shapely.buffer(made.outline.geometry.iloc[0], -20)
    names = made.towns["town_name"]
    rows = [("县城(中心城区)", "county_seat", shapely.buffer(shapely.buffer(seat, 950), -350))]
    for code, shape in towns.geometry.items():
        kind = "subcentre" if code == "330521102" else "town"
        grown = shapely.buffer(shapely.buffer(shape, 420), -170)
        rows.append((str(names[code]), kind, grown))
    taken, shapes = kept, []
    for _, _, shape in rows:
        left = shapely.difference(shapely.intersection(shape, outline), taken)
        shapes.append(left)
        taken = shapely.union_all([taken, left])
    return _frame(
        {"boundary_name": [row[0] for row in rows], "boundary_kind": [row[1] for row in rows]},
        shapes,
    )


def redline(
    random: np.random.Generator,
    made: Tiling,
    nature: Nature,
    boundaries: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """The ecological redline (生态保护红线): the high forest and the banks of the lake.

    Parameters
    ----------
    random : Generator
        The source of chance.
    made : Tiling
        The county.
    nature : Nature
        Heights and the lake.
    boundaries : GeoDataFrame
        Of `development_boundaries`: none lies within.
    homes : GeoDataFrame
        Those of most villages are spared; some lie inside, as they do in real counties.

    Returns
    -------
    GeoDataFrame of Polygon
        ``redline_name``; about a seventh of the county.
    """
    field = ndimage.gaussian_filter(nature.heights, 1.5) + 45 * rough(random, made.grid, 3000, 3)
    field = np.where(made.inside, np.round(field, 2), -1e9)
    high = field > np.sort(field[made.inside])[-int(REDLINE_SHARE * made.inside.sum())]
    pieces, count = ndimage.label(ndimage.binary_opening(high))
    sizes = np.bincount(pieces.ravel())
    large = [piece for piece in range(1, count + 1) if sizes[piece] * CELL**2 > 400_000]
    labels = np.full(pieces.shape, -1)
    for at, piece in enumerate(large):
        labels[pieces == piece] = at
    shapes = list(borders.polygons(labels, made.grid, len(large)))
    lake = nature.waters[nature.classes.index("lake")]
    shapes.append(shapely.buffer(lake, 350))
    chance = np.round(random.random(len(made.villages)), 6)
    whose = made.villages.index.get_indexer(homes["village_code"])
    hamlets = homes.geometry.to_numpy()[chance[whose] < SPARED]
    gaps = shapely.union_all(shapely.buffer(hamlets, 70, quad_segs=3))
    outline = made.outline.geometry.iloc[0]
    free = shapely.difference(outline, shapely.union_all([gaps, *boundaries.geometry]))
    cut = shapely.intersection(np.array(shapes, dtype=object), free)
    parts = [
        shapely.multipolygons(kept) if len(kept) > 1 else kept[0]
        for kept in (_parts(shape, 30_000) for shape in cut)
        if len(kept)
    ]
    out = shapely.set_precision(np.array(parts, dtype=object), 0.001)
    # The lake's banks may reach the hills.
    for at in range(1, len(out)):
        out[at] = shapely.difference(out[at], shapely.union_all(out[:at]))
    kinds = ["湿地" if at == len(out) - 1 else "水源涵养" for at in range(len(out))]
    return _frame({"redline_name": [f"示意{kind}{at + 1}" for at, kind in enumerate(kinds)]}, out)


def farmland(
    random: np.random.Generator,
    made: Tiling,
    nature: Nature,
    kept: NDArray[Any],
) -> gpd.GeoDataFrame:
    """Permanent basic farmland (永久基本农田): fields on gentle ground.

    Parameters
    ----------
    random : Generator
        The source of chance.
    made : Tiling
        The county.
    nature : Nature
        Heights.
    kept : ndarray of Polygon
        Homes, parks, water, development boundaries, redline: no field lies there.

    Returns
    -------
    GeoDataFrame of Polygon
        No columns but the shape; a fifth to a quarter of the county.
    """
    grid = made.grid
    slope = ndimage.gaussian_gradient_magnitude(nature.heights, 1.0) / CELL
    gentle = ndimage.binary_erosion(made.inside, iterations=1) & (np.round(slope, 4) < 0.07)
    field = rough(random, grid, 2200, 2) - nature.heights / 160
    cells = np.argwhere(gentle)
    starts = np.sort(random.permutation(len(cells))[:FARM_PATCHES])
    # Each field reaches as far as the middle between it and the next.
    seeds = np.ones(grid.shape, dtype=bool)
    seeds[tuple(cells[starts].T)] = False
    _, (row, column) = ndimage.distance_transform_edt(seeds, return_indices=True)
    number = np.full(grid.shape, -1)
    number[tuple(cells[starts].T)] = np.arange(len(starts))
    nearest = number[row, column]
    worth = np.round(
        np.bincount(nearest[gentle], field[gentle], len(starts))
        / np.maximum(np.bincount(nearest[gentle], minlength=len(starts)), 1),
        6,
    )
    size = np.bincount(nearest[gentle], minlength=len(starts))
    order = np.argsort(-worth, kind="stable")
    goal = FARMLAND_SHARE * made.inside.sum()
    chosen = order[np.cumsum(size[order]) <= goal]
    relabel = np.full(len(starts), -1)
    relabel[np.sort(chosen)] = np.arange(len(chosen))
    labels = np.where(gentle, relabel[nearest], -1)
    shapes = borders.polygons(labels, grid, len(chosen))
    shapes = shapely.intersection(shapes, made.outline.geometry.iloc[0])
    left = _without(shapes, kept)
    parts = np.concatenate([_parts(shape, 8_000) for shape in left])
    return _frame({}, shapely.set_precision(parts, 0.001))


def hazards(
    random: np.random.Generator, terrain: Raster, steep: Raster, homes: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Points of geological hazard (地质灾害隐患点), on steep ground above homes.

    Parameters
    ----------
    random : Generator
        The source of chance.
    terrain, steep : Raster
        Heights, and their slope in degrees.
    homes : GeoDataFrame
        With ``people``.

    Returns
    -------
    GeoDataFrame of Point
        ``hazard_kind``, ``hazard_class``, ``threatened_people``: people of the homes, or of
        the part of a home's land, within 250 m and below the point.
    """
    lived = homes[homes["people"] > 0]
    middles = shapely.get_coordinates(shapely.centroid(lived.geometry.to_numpy()))
    high = terrain.at(middles) > 30
    middles = middles[high]
    # Of some places around each home, the steepest.
    turn = random.random((len(middles), 24)) * 2 * np.pi
    away = 60 + 200 * random.random((len(middles), 24))
    around = np.stack([np.cos(turn) * away, np.sin(turn) * away], axis=-1) + middles[:, None]
    around = np.round(around, 2)
    tilt = np.nan_to_num(np.round(steep.at(around.reshape(-1, 2)), 3).reshape(turn.shape))
    higher = terrain.at(around.reshape(-1, 2)).reshape(turn.shape) > terrain.at(middles)[:, None]
    tilt = np.where(higher, tilt, 0.0)
    best = tilt.argmax(axis=1)
    places, tilt = around[np.arange(len(best)), best], tilt[np.arange(len(best)), best]
    chosen: list[int] = []
    for at in np.argsort(-tilt, kind="stable").tolist():
        if tilt[at] < HAZARD_SLOPE or len(chosen) == HAZARDS:
            break
        if all(np.hypot(*(places[at] - places[one])) > HAZARDS_APART_M for one in chosen):
            chosen.append(at)
    places, tilt = places[chosen], tilt[chosen]
    points: Any = shapely.points(places)
    disc, home = shapely.STRtree(lived.geometry.to_numpy()).query(
        points, predicate="dwithin", distance=HAZARD_REACH_M
    )[[0, 1]]
    land = lived.geometry.to_numpy()[home]
    within = shapely.intersection(land, shapely.buffer(points[disc], HAZARD_REACH_M, quad_segs=8))
    below = terrain.at(shapely.get_coordinates(shapely.centroid(land))) < terrain.at(places[disc])
    share = np.round(shapely.area(within) / shapely.area(land), 4) * below
    people = np.bincount(disc, share * lived["people"].to_numpy()[home], len(points))
    kinds = np.array(["landslide", "collapse", "debris_flow"], dtype=object)
    kind = np.where(tilt > 30, 1, np.where(np.arange(len(tilt)) % 5 == 4, 2, 0))
    classes = np.array(["low", "medium", "high"], dtype=object)
    return _frame(
        {
            "hazard_kind": kinds[kind],
            "hazard_class": classes[np.searchsorted([20.0, 28.0], tilt)],
            "threatened_people": np.round(people).astype(int),
        },
        points,
    )


def _without(shapes: NDArray[Any], kept: NDArray[Any]) -> NDArray[Any]:
    """Shapes less all that others hold, each asked for its own neighbours only."""
    out = shapes.copy()
    one, other = shapely.STRtree(kept).query(shapes, predicate="intersects")
    starts = np.searchsorted(one, np.arange(len(shapes) + 1))
    for at in np.unique(one).tolist():
        # Of a shape as large as a mountain range only what lies nearby.
        box = shapely.bounds(shapes[at]) + np.array([-1, -1, 1, 1])
        near = shapely.clip_by_rect(kept[other[starts[at] : starts[at + 1]]], *box)
        out[at] = shapely.difference(shapes[at], shapely.union_all(near))
    return out


def _parts(shape: Any, least_m2: float) -> NDArray[Any]:
    """The polygons of a shape that are large enough to speak of."""
    parts = shapely.get_parts(shape)
    flat = shapely.get_dimensions(parts) == 2
    return np.asarray(parts[flat & (shapely.area(parts) > least_m2)])


def _frame(columns: dict[str, Any], shapes: Any) -> gpd.GeoDataFrame:
    rounded = shapely.set_precision(np.asarray(shapes, dtype=object), 0.001)
    return gpd.GeoDataFrame(columns, geometry=rounded, crs=CRS)
