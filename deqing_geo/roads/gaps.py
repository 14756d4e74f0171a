"""Gaps between lines: which belong to the drawing of one street, of what kind, and which stay.

A gap is a face neatnet would close. What lies on its sides says whether it may: two streets
of different names, or a street and its frontage road, are two streets however near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo.roads.partners import stations

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.roads.partners import Floats, Ints, Shapes

STEP_M = 10.0
# neatnet moves nodes by up to 2 m before it looks for gaps.
NEAR_M = 2.5
# Each of two streets holds this much of the rim of a gap between them; ours.
SIDE_SHARE = 0.35
# A frontage road holds one side of the gap to its street, at least this share; ours.
FRONTAGE_SHARE = 0.25
# Round: neatnet calls a face of up to 5 ha a circle from 0.9; rings drawn with few vertices
# reach 0.8. Ours.
ROUND = 0.8
ROUND_M2 = 50_000.0
# Long: at least this many times as long as broad, and no broader than carriageways stand.
LONG = 4.0
BROAD_M = 45.0
LINK_SHARE = 0.15
# Where a circle of this width fits in, there is land between streets and no median: the red
# lines of a main street stand 60 m apart at most. Roundabouts and loops of slip roads are
# closed whatever they hold. Ours; neatnet also closes blocks of up to 5 ha among gaps.
WIDE_M = 60.0
LOOP_SHARE = 0.5
LARGEST_M2 = 100_000.0
KINDS = ("divided", "roundabout", "slip_road", "other")


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """For every gap its kind, and whether it stays open because two streets lie beside it."""

    kind: NDArray[Any]
    kept_open: NDArray[np.bool_]


def narrow(faces: Shapes) -> NDArray[np.bool_]:
    """Long gaps no broader than carriageways stand apart."""
    rim = shapely.length(faces)
    broad = 2 * shapely.area(faces) / np.where(rim > 0, rim, 1.0)
    long: NDArray[np.bool_] = (broad <= BROAD_M) & (rim / 2 >= LONG * broad)
    return long


def blocks(lines: Shapes, closing: Shapes) -> Floats:
    """Places in land that must stay open: wide faces, but for those that are to be closed.

    neatnet looks twice, and after its first look a block among merged streets may seem
    another gap.
    """
    land = shapely.get_parts(shapely.polygonize([shapely.union_all(lines)]))
    # It closes nothing larger.
    land = land[shapely.area(land) <= LARGEST_M2]
    land = land[_width(land) > WIDE_M]
    dots = shapely.point_on_surface(land)
    shut = np.zeros(len(land), dtype=bool)
    shut[shapely.STRtree(closing).query(dots, predicate="intersects")[0]] = True
    return shapely.get_coordinates(dots[~shut])


def _width(faces: Shapes) -> Floats:
    """Across the largest circle that fits in."""
    if not len(faces):
        return np.empty(0)
    width: Floats = 2 * shapely.length(shapely.maximum_inscribed_circle(faces, tolerance=1.0))
    return width


def judge(faces: Shapes, lines: Shapes, row: Ints, frame: gpd.GeoDataFrame) -> Judged:
    """Kinds of gaps and those that are not closed."""
    size = len(faces)
    if not size:
        return Judged(np.empty(0, dtype=object), np.zeros(0, dtype=bool))
    area, rim = shapely.area(faces), shapely.length(faces)
    at = stations(shapely.get_exterior_ring(faces), STEP_M)
    near, line = shapely.STRtree(lines).query_nearest(
        at.points, max_distance=NEAR_M, all_matches=False
    )
    face, own = at.line[near], row[line]
    metres = at.metres[near]
    word = frame["road_class"].astype(str).to_numpy(dtype=object)[own]
    share = {
        kind: np.bincount(face, metres * (word == kind), size) / rim
        for kind in ("frontage", "link")
    }
    ring = np.zeros(size)
    if "junction" in frame:
        circle = frame["junction"].astype(str).isin(["roundabout", "circular"]).to_numpy()
        ring = np.bincount(face, metres * circle[own], size) / rim
    round_ = (4 * np.pi * area / rim**2 >= ROUND) & (area <= ROUND_M2)
    long = narrow(faces)
    kind = np.full(size, "other", dtype=object)
    kind[long] = "divided"
    kind[share["link"] >= LINK_SHARE] = "slip_road"
    kind[round_ | (ring >= 0.5)] = "roundabout"
    one_side = (share["frontage"] >= FRONTAGE_SHARE) & (share["frontage"] <= 1 - FRONTAGE_SHARE)
    two = long & (one_side | _two_names(frame, own, face, metres, rim))
    wide = _width(faces) > WIDE_M
    wide &= (kind != "roundabout") & (share["link"] < LOOP_SHARE)
    return Judged(kind, two | wide)


def _two_names(frame: gpd.GeoDataFrame, own: Ints, face: Ints, metres: Any, rim: Any) -> Any:
    """Gaps with two streets of different names along their sides."""
    size = len(rim)
    if "road_name" not in frame:
        return np.zeros(size, dtype=bool)
    name = frame["road_name"].astype(object).to_numpy()[own]
    told = pd.DataFrame({"face": face, "name": name, "metres": metres})
    told = told[told["name"].notna() & (told["name"].astype(str).str.strip() != "")]
    held = told.groupby(["face", "name"])["metres"].sum().reset_index()
    side = held[held["metres"].to_numpy() >= SIDE_SHARE * rim[held["face"].to_numpy()]]
    return np.bincount(side["face"].to_numpy(dtype=np.intp), minlength=size) >= 2
