"""How each park or facility stands: counted and how far it reaches, or why not.

By its class, its status, the day it opened, its size and where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.checks import require_words
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.opened import opened_by
from deqing_geo.radii import parts_inside, radius_of

if TYPE_CHECKING:
    from datetime import date

    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.standards import Definition

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]

COUNTED = ""


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """What the columns of a layer of facilities are called.

    Attributes
    ----------
    layer : str
        The caller's name for it; the classes that count stand under it in a definition.
    head : str
        What its columns begin with: ``park`` or ``facility``.
    made_by : str
        The function that reads such a layer.
    """

    layer: str
    head: str
    made_by: str

    @property
    def klass(self) -> str:
        """Column of the class."""
        return f"{self.head}_class"

    @property
    def status(self) -> str:
        """Column of the status."""
        return f"{self.head}_status"

    @property
    def name(self) -> str:
        """Column of the name."""
        return f"{self.head}_name"

    @property
    def size(self) -> str:
        """Column of the size a result gives."""
        return f"{self.head}_area_m2"


PARKS = Names("parks", "park", "read_parks")
FACILITIES = Names("facilities", "facility", "read_facilities")


def names_for(definition: Definition) -> Names:
    """What the columns of the layer are called that a definition counts.

    Parameters
    ----------
    definition : Definition
        Of parks or of other facilities.

    Returns
    -------
    Names
        Those of parks where it counts parks.
    """
    return PARKS if PARKS.layer in definition.counts else FACILITIES


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What is known of every park or facility, and what of it serves.

    Attributes
    ----------
    why : array of str
        Why a row does not count, a word of ``word.reason``; empty where it does.
    size, joined, radius : array of float
        Its own size and that of the parks it counts as one with (m2), and how far it reaches
        (m; NaN where it does not count).
    undated, contradictory : array of bool
        As `deqing_geo.opened.Opened` says.
    of : array of int
        The row of each serving part; one part a row.
    parts : array of shapely geometries
        What serves of it: what lies inside the areas, or all of it.
    reach : array of float
        How far each part reaches, metres.
    """

    why: Shapes
    size: Floats
    joined: Floats
    radius: Floats
    undated: Flags
    contradictory: Flags
    of: Ints
    parts: Shapes
    reach: Floats

    @property
    def counted(self) -> Flags:
        """Whether a row counts."""
        return np.asarray(self.why == COUNTED, dtype=bool)


def standing(
    area_shapes: Shapes,
    frame: gpd.GeoDataFrame,
    shapes: Shapes,
    definition: Definition,
    day: date | None,
) -> Standing:
    """How every park or facility stands by a definition, on a day.

    Parameters
    ----------
    area_shapes : array of Polygon
        The areas reported on.
    frame : GeoDataFrame
        With the class, and the status and ``opened_on`` where known.
    shapes : array of shapely geometries
        Its shapes.
    definition : Definition
        Which classes count, from which size, how far, and whether outside the areas.
    day : date or None
        The last day on which a row may have opened; None asks for no dates.

    Returns
    -------
    Standing
        One entry a row, one part for each that serves.

    Raises
    ------
    ColumnError
        If the class is absent, or a word is not in the vocabulary or is no day.
    """
    called = names_for(definition)
    count = len(frame)
    of_class = np.ones(count, dtype=bool)
    if called.layer in definition.counts:
        classes = require_words(frame, called.layer, called.klass, made_by=called.made_by)
        of_class = np.isin(classes, definition.counts[called.layer])
    stood = opened_by(frame, called.layer, called.status, day)
    size = np.nan_to_num(ellipsoidal_area(shapes, frame.crs))
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    joined = size.copy()
    if definition.join_m == definition.join_m:
        candidates = np.flatnonzero(of_class & stood.open & there)
        joined[candidates] = _together(shapes[candidates], size[candidates], definition.join_m)
    radius = radius_of(joined, definition.bands)
    parts, of = _serving(area_shapes, shapes, there, outside=definition.parks_outside_areas)
    meets = np.full(count, definition.parks_outside_areas)
    meets[of] = True
    why = np.full(count, COUNTED, dtype=object)
    # The last to be written is the first thing a reader wants to know.
    for word, at_fault in (
        ("outside", ~meets),
        ("too_small", np.isnan(radius) | ~there),
        ("status", ~stood.built),
        ("not_yet", stood.late),
        ("contradictory", stood.contradictory),
        ("class", ~of_class),
    ):
        why[at_fault] = word
    counted = why == COUNTED
    kept = counted[of]
    return Standing(
        why=why,
        size=size,
        joined=joined,
        radius=np.where(counted, radius, np.nan),
        undated=stood.undated & counted,
        contradictory=stood.contradictory & of_class,
        of=of[kept],
        parts=parts[kept],
        reach=radius[of[kept]],
    )


def _together(shapes: Shapes, size: Floats, gap_m: float) -> Floats:
    """For each park the size of all it counts as one with."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    count = len(shapes)
    if count == 0:
        return size
    near = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=gap_m)
    links = sparse.coo_array((np.ones(near.shape[1]), near), shape=(count, count))
    _, group = connected_components(links, directed=False)
    return np.asarray(np.bincount(group, size)[group], dtype=float)


def _serving(areas: Shapes, shapes: Shapes, there: Flags, *, outside: bool) -> tuple[Shapes, Ints]:
    """What of each row serves, and which row it is of."""
    rows = np.flatnonzero(there)
    if outside:
        return shapes[rows], rows
    land = shapely.get_dimensions(shapes[rows]) == 2
    parts, at = parts_inside(areas, shapes[rows[land]])
    thin = rows[~land]
    if len(thin) == 0:
        return parts, rows[land][at]
    # A point or a line has no land to lie inside; on the border it is there.
    whole = shapely.union_all(areas)
    cut = shapely.intersection(shapes[thin], whole)
    kept = ~shapely.is_empty(cut)
    all_parts = np.concatenate([parts, cut[kept]])
    of = np.concatenate([rows[land][at], thin[kept]])
    order = np.argsort(of, kind="stable")
    return all_parts[order], of[order]
