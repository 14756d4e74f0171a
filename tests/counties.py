"""Schematic counties made once in a run of the tests, whichever worker makes them."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import pickle

import numpy as np
import shapely
from geopandas.array import GeometryArray

from deqing_geo.sample import schematic

# Counties that several modules look at; of the others only the borders are used twice.
SHARED_SEEDS = (0, 1, 2)
PARTS = ("_body", "_plots", "_terrain", "_law", "_facilities")
LAYERS = ("carriageways", "highways", "land_use", "land_cover", "population", "village_table")


def share(patch, folder):
    """What one worker has made of a county the others read from a folder.

    Made by the county's own functions and kept whole. Who wants something made anew calls the
    rooms behind the county, or another process.
    """
    tiling = _once(folder, "tiling", schematic.tiling.__wrapped__, None)
    patch.setattr(schematic, "tiling", tiling)
    for name in PARTS:
        make = getattr(schematic, name).__wrapped__
        patch.setattr(schematic, name, _once(folder, name.strip("_"), make))
    for name in LAYERS:
        patch.setitem(schematic.MAKERS, name, _once(folder, name, schematic.MAKERS[name]))


def _once(folder, name, make, seeds=SHARED_SEEDS):
    @functools.lru_cache(maxsize=2)
    def made(seed):
        file = folder / f"{name}_{seed}.pickle"
        if file.exists():
            return pickle.loads(file.read_bytes())
        part = make(seed)
        if seeds is None or seed in seeds:
            whole = file.with_suffix(f".{os.getpid()}")
            whole.write_bytes(kept(part))
            # Windows replaces nothing that another worker is reading.
            with contextlib.suppress(PermissionError):
                whole.replace(file)
        return part

    return made


def kept(part):
    """A part as bytes, its shapes with the grid they were rounded to.

    Overlays of a shape go by its grid, and neither WKB nor geopandas keeps it.
    """
    out = io.BytesIO()
    _Pickler(out, protocol=5).dump(part)
    return out.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value):
        if isinstance(value, GeometryArray):
            return _array, (*_plain(np.asarray(value)), value.crs)
        if isinstance(value, shapely.Geometry):
            return _shape, _plain(value)
        return NotImplemented


def _plain(shapes):
    return shapely.to_wkb(shapes), shapely.get_precision(shapes)


def _shape(wkb, grid):
    shape = shapely.from_wkb(wkb)
    # Already on its grid: only the grid comes back, no place moves.
    return shapely.set_precision(shape, grid, mode="pointwise") if np.any(grid > 0) else shape


def _array(wkb, grid, crs):
    shapes = shapely.from_wkb(wkb)
    on_grid = grid > 0
    shapes[on_grid] = shapely.set_precision(shapes[on_grid], grid[on_grid], mode="pointwise")
    return GeometryArray(shapes, crs=crs)
