"""Tilings to damage: squares for the pencil, quadrilaterals and Voronoi cells for the laws."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import Voronoi

CRS = "EPSG:4549"
X0, Y0 = 500_000.0, 3_380_000.0


def box(x0, y0, x1, y1):
    """A rectangle in metres from the corner of Paper Town."""
    return shapely.box(X0 + x0, Y0 + y0, X0 + x1, Y0 + y1)


def polygon(*points):
    return shapely.Polygon([(X0 + x, Y0 + y) for x, y in points])


def frame(shapes, index=None, **columns):
    shapes = np.array([*shapes, None], dtype=object)[:-1]
    return gpd.GeoDataFrame(columns, geometry=shapes, index=index, crs=CRS)


def row(*widths, index=None, **columns):
    """Rectangles 100 m high side by side."""
    edges = np.cumsum([0, *widths])
    shapes = [box(a, 0, b, 100) for a, b in itertools.pairwise(edges)]
    return frame(shapes, index if index is not None else list("ABCDEFGH"[: len(widths)]), **columns)


def quads(seed, wide=4, high=4, side=200.0):
    """Quadrilaterals on a lattice whose crossings were moved; neighbours share their vertices."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : high + 1, 0 : wide + 1] * side
    corners = np.stack([x, y], axis=-1) + rng.uniform(-0.3, 0.3, (*x.shape, 2)) * side
    corners = np.round(corners + (X0, Y0), 3)
    rings = [
        [corners[r, c], corners[r, c + 1], corners[r + 1, c + 1], corners[r + 1, c]]
        for r in range(high)
        for c in range(wide)
    ]
    return frame(
        [shapely.Polygon(ring) for ring in rings], [f"Q{at:02d}" for at in range(len(rings))]
    )


def voronoi(seed, count=40, side=2_000.0):
    """The closed cells of random points; neighbours share their vertices."""
    rng = np.random.default_rng(seed)
    cells = Voronoi(rng.uniform(0, side, (count, 2)))
    corners = np.round(cells.vertices + (X0, Y0), 3)
    near = np.abs(cells.vertices - side / 2).max(axis=1) < side
    shapes = [
        shapely.Polygon(corners[region])
        for region in cells.regions
        if region and -1 not in region and near[region].all()
    ]
    return frame(shapes, [f"V{at:02d}" for at in range(len(shapes))])


def damaged(seed, make=quads):
    """A tiling, some of whose units have a vertex of their own elsewhere, by up to 4 m."""
    rng = np.random.default_rng(seed)
    tiles = make(seed)
    shapes = tiles.geometry.to_numpy().copy()
    for at in rng.choice(len(shapes), 3, replace=False):
        points = shapely.get_coordinates(shapes[at])[:-1]
        points[rng.integers(len(points))] += np.round(rng.uniform(-4, 4, 2), 3)
        shapes[at] = shapely.Polygon(points)
    return tiles.set_geometry(gpd.GeoSeries(shapes, index=tiles.index, crs=CRS))


def overlapping_pairs(shapes, labels, least=1e-3):
    """By brute force: every pair, intersected."""
    found = {}
    for at in range(len(shapes)):
        for other in range(at + 1, len(shapes)):
            shared = shapely.intersection(shapes[at], shapes[other])
            parts = [
                part
                for part in shapely.get_parts(shared)
                if part.geom_type == "Polygon" and part.area / max(part.length / 2, 1e-9) >= least
            ]
            if parts:
                found[f"{labels[at]}、{labels[other]}"] = sum(part.area for part in parts)
    return found
