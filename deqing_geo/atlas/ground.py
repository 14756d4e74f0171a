"""What all pages of an atlas share, found once and cut for each: borders, backgrounds, system."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from deqing_geo import columns as names
from deqing_geo.atlas.drawing import Box
from deqing_geo.atlas.frame import MM_PER_M
from deqing_geo.atlas.subjects import Look, look_of, shapes_of
from deqing_geo.crs import moved, to_working
from deqing_geo.crs.systems import ZONES, called, identify
from deqing_geo.looks.named import labels
from deqing_geo.looks.palette import style

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

Shapes = NDArray[Any]
# In the order of their rank: where two run together only the higher is drawn.
RANKS = ("county", "town", "village")
# What of a line nobody sees on paper.
FINE_MM = 0.04
# So far beyond the frame shapes are kept, so that their edges there are not drawn.
BEYOND_MM = 3


@dataclass(slots=True, eq=False)
class Spread:
    """Shapes that many pages draw a part of.

    Attributes
    ----------
    shapes : array of shapely geometries
        In metres, valid.
    """

    shapes: Shapes
    _tree: Any = None

    def cut(self, window: Box, scale: int) -> Shapes:
        """What lies in a window, as fine as paper shows it."""
        if not len(self.shapes):
            return self.shapes
        if self._tree is None:
            self._tree = shapely.STRtree(self.shapes)
        step = BEYOND_MM * scale / MM_PER_M
        wide = (window[0] - step, window[1] - step, window[2] + step, window[3] + step)
        found = np.sort(self._tree.query(shapely.box(*wide)))
        return trimmed(self.shapes[found], wide, scale)


def trimmed(shapes: Shapes, wide: Box, scale: int) -> Shapes:
    """Shapes cut to a window, without corners nobody sees.

    Parameters
    ----------
    shapes : array of shapely geometries
        In metres.
    wide : Box
        The window and what lies beyond it, metres.
    scale : int
        Of the map.

    Returns
    -------
    array of shapely geometries
        As many at most.
    """
    if not len(shapes):
        return shapes
    box = shapely.bounds(shapes)
    outside = (
        (box[:, 0] < wide[0])
        | (box[:, 1] < wide[1])
        | (box[:, 2] > wide[2])
        | (box[:, 3] > wide[3])
    )
    out = shapes.copy()
    out[outside] = shapely.clip_by_rect(shapes[outside], *wide)
    out = shapely.simplify(out, FINE_MM * scale / MM_PER_M)
    found: Shapes = out[~(shapely.is_missing(out) | shapely.is_empty(out))]
    return found


@dataclass(slots=True, eq=False)
class Ground:
    """What lies under and over every page.

    Attributes
    ----------
    crs : CRS
        Of all shapes, metres.
    borders : dict of str to Spread
        Lines by rank, each drawn once.
    county, towns : array of Polygon
        For insets and names.
    town_names : list of str
        Of the towns.
    around : list of (str, Look, Spread)
        Backgrounds: what the legend says, and how they look.
    """

    crs: CRS
    borders: dict[str, Spread]
    county: Shapes
    towns: Shapes
    town_names: list[str]
    around: list[tuple[str, Look, Spread]] = field(default_factory=list)

    @property
    def system(self) -> str:
        """The system as maps name it."""
        crs = identify(self.crs)
        code = crs.to_epsg()
        operation = crs.coordinate_operation
        if code in ZONES and operation is not None:
            values = {one.name: one.value for one in operation.params}
            meridian = values["Longitude of natural origin"]
            return names.word("atlas.cgcs2000").format(meridian=f"{meridian:g}")
        return f"{crs.name}({called(crs)})"


def in_metres(frame: gpd.GeoDataFrame, name: str, crs: Any = None) -> gpd.GeoDataFrame:
    """A frame in the atlas's system.

    Parameters
    ----------
    frame : GeoDataFrame
        With a CRS.
    name : str
        What messages call it.
    crs : CRS, optional
        Of the atlas; by default the frame's own, or its zone where it is in degrees.

    Returns
    -------
    GeoDataFrame
        The same rows.

    Raises
    ------
    CRSError
        If it has none, or cannot be brought there.
    """
    if crs is None:
        if frame.crs is not None and CRS.from_user_input(frame.crs).is_projected:
            return frame
        return to_working(frame, name=name)
    if frame.crs == crs:
        return frame
    shapes = np.asarray(frame.geometry.array, dtype=object)
    if frame.crs is None:
        # The one error for this.
        return to_working(frame, name=name)
    return frame.set_geometry(
        frame.geometry.__class__(moved(shapes, frame.crs, crs, name), index=frame.index, crs=crs)
    )


def sound(frame: gpd.GeoDataFrame) -> Shapes:
    """A frame's shapes, each valid: what crosses itself is drawn by what it encloses.

    Parameters
    ----------
    frame : GeoDataFrame
        Any.

    Returns
    -------
    array of shapely geometries
        Without those that are missing.
    """
    shapes = shapes_of(frame)
    bad = ~shapely.is_valid(shapes)
    if bad.any():
        shapes = shapes.copy()
        shapes[bad] = shapely.make_valid(shapes[bad])
    return shapes


def ground_of(
    crs: Any,
    *,
    county: gpd.GeoDataFrame | None,
    towns: gpd.GeoDataFrame | None,
    villages: gpd.GeoDataFrame | None,
    around: Mapping[str, gpd.GeoDataFrame],
) -> Ground:
    """Borders and backgrounds, brought into one system.

    Parameters
    ----------
    crs : CRS
        Of the atlas.
    county, towns, villages : GeoDataFrame of Polygon, optional
        Whose borders are drawn.
    around : mapping of str to GeoDataFrame
        Backgrounds, by a look of ``style.toml``.

    Returns
    -------
    Ground
        For all pages.

    Raises
    ------
    CRSError
        If a layer cannot be brought there.
    """
    frames = {"county": county, "towns": towns, "villages": villages}
    held = {
        rank: sound(in_metres(frame, name, crs))
        for rank, (name, frame) in zip(RANKS, frames.items(), strict=True)
        if frame is not None and len(frame)
    }
    borders: dict[str, Spread] = {}
    higher: Any = None
    for rank in RANKS:
        if rank not in held:
            continue
        # Neighbours share a line: drawn twice its dashes would fill each other's gaps.
        lines = shapely.union_all(shapely.boundary(held[rank]))
        own = lines if higher is None else shapely.difference(lines, higher)
        parts = shapely.get_parts(shapely.line_merge(own))
        borders[rank] = Spread(parts[shapely.get_dimensions(parts) == 1])
        higher = lines if higher is None else shapely.union(higher, lines)
    looks = style()["layer"]
    backgrounds = []
    for name, frame in around.items():
        look = look_of(looks[name], opacity=looks[name].get("opacity", 1.0))
        spread = Spread(sound(in_metres(frame, name, crs)))
        backgrounds.append((names.word(f"layer.{name}"), look, spread))
    outline = held.get("county", held.get("town", held.get("village", np.array([], dtype=object))))
    if "county" not in held and len(outline):
        outline = np.array([shapely.union_all(outline)], dtype=object)
    named: list[str] = []
    shapes = held.get("town", np.array([], dtype=object))
    if towns is not None and len(towns):
        own_shapes = np.asarray(towns.geometry.array, dtype=object)
        there = ~(shapely.is_missing(own_shapes) | shapely.is_empty(own_shapes))
        named = [name for name, one in zip(labels(towns), there, strict=True) if one]
    return Ground(CRS.from_user_input(crs), borders, outline, shapes, named, backgrounds)


def border_look(rank: str) -> Look:
    """How a border of a rank is drawn.

    Parameters
    ----------
    rank : str
        Of `RANKS`.

    Returns
    -------
    Look
        Of lines.
    """
    return look_of(style()["layer"][rank], fill=None, swatch="line")
