"""The land of a layer cut into faces along every border, and each face given to one unit.

Faces share their edges to the last bit, so units put together from them fit without a gap. The
only lines that were nobody's border before are short cuts across gaps where units meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.faults.forms import narrow
from deqing_geo.faults.parting import cuts
from deqing_geo.faults.topology import Tiling, neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

NOBODY = -1
# A unit of which more than this part lies in a larger one was drawn on top of it.
MOSTLY = 0.5
ALIKE_M = 0.01  # borders that differ by less are equally long


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is to be done to a layer.

    Attributes
    ----------
    pairs : array of int, shape (N, 2)
        Units that overlap.
    patches : array of shapely polygons, N
        Where.
    fill : array of shapely polygons
        Land of nobody that is to be given away.
    drop : array of shapely polygons
        Land that is to be taken from whoever has it.
    width : float
        Metres; what is narrower is no piece of land.
    """

    pairs: Places
    patches: Shapes
    fill: Shapes
    drop: Shapes
    width: float


def arranged(tiles: Tiling, plan: Plan) -> Shapes:
    """The units after the plan: no overlap, no gap that was to be filled.

    Parameters
    ----------
    tiles : Tiling
        The units.
    plan : Plan
        What to do.

    Returns
    -------
    array of shapely polygons
        One a unit, in order. Units the plan does not touch are the same objects.
    """
    units = tiles.units
    chosen = _concerned(tiles, plan)
    some = units[chosen]
    patches = np.concatenate([plan.fill, plan.drop])
    lines = [*shapely.boundary(some), *shapely.boundary(patches), *cuts(plan.fill, some)]
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(lines))))
    spots = shapely.STRtree(shapely.point_on_surface(faces))
    unit, face = spots.query(some, predicate="contains")
    count = np.bincount(face, minlength=len(faces))
    owner = np.full(len(faces), NOBODY, dtype=np.intp)
    alone = count[face] == 1
    owner[face[alone]] = unit[alone]
    order = np.argsort(face[~alone], kind="stable")
    shared, start = np.unique(face[~alone][order], return_index=True)
    holders = np.split(unit[~alone][order], start[1:])
    size = shapely.area(some)
    # What a face borders on is judged by the land that is in no doubt.
    beside, along = neighbours(faces[shared], put_together(faces, owner, len(some)))
    on_top = _on_top(plan, chosen, size)
    for at, who in enumerate(holders[: len(shared)]):
        owner[shared[at]] = _choose(who, beside[at], along[at], size, on_top)
    empty = np.unique(spots.query(plan.fill, predicate="contains")[1])
    empty = empty[count[empty] == 0]
    _give_away(faces, owner, empty, some)
    crumbs = _crumbs(put_together(faces, owner, len(some)), some, plan.width)
    loose = np.unique(spots.query(crumbs, predicate="contains")[1])
    kept = owner[loose]
    owner[loose] = NOBODY
    _give_away(faces, owner, loose, some)
    # One that has nobody beside it stays where it was.
    owner[loose] = np.where(owner[loose] == NOBODY, kept, owner[loose])
    owner[spots.query(plan.drop, predicate="contains")[1]] = NOBODY
    made = put_together(faces, owner, len(some))
    out = units.copy()
    # A unit that came out as it went in keeps its own vertices, first to last.
    same = shapely.equals_identical(shapely.normalize(made), shapely.normalize(some))
    out[chosen[~same]] = made[~same]
    return out


def _give_away(faces: Shapes, owner: Places, free: Places, units: Shapes) -> None:
    """Give faces of nobody to the units with the longest borders; `owner` is changed."""
    size = shapely.area(units)
    while len(free):
        beside, along = neighbours(faces[free], put_together(faces, owner, len(units)))
        held = np.array([len(who) > 0 for who in beside], dtype=bool)
        if not held.any():
            return
        for at in np.flatnonzero(held).tolist():
            owner[free[at]] = _choose(beside[at], beside[at], along[at], size, {})
        # Where branches of a gap meet, a piece may have none but other pieces around it.
        free = free[~held]


def _crumbs(made: Shapes, before: Shapes, width: float) -> Shapes:
    """Threads that the repair has cut off from their units."""
    parts, unit = shapely.get_parts(made, return_index=True)
    order = np.lexsort([-shapely.area(parts), unit])
    # The largest piece of each stays, however thin.
    rest = order[np.diff(unit[order], prepend=-1) == 0]
    parts, unit = parts[rest], unit[rest]
    thin = narrow(parts, width)
    parts, unit = parts[thin], unit[thin]
    if len(parts) == 0:
        return np.zeros(0, dtype=object)
    # What lies in a broad piece of the unit as it was hung together with it.
    old, of = shapely.get_parts(before[np.unique(unit)], return_index=True)
    broad = ~narrow(old, width)
    old, of = old[broad], np.unique(unit)[of[broad]]
    spot, piece = shapely.STRtree(old).query(shapely.point_on_surface(parts), predicate="within")
    return np.asarray(parts[spot[of[piece] == unit[spot]]], dtype=object)


def _concerned(tiles: Tiling, plan: Plan) -> Places:
    """Units with faulty edges or beside a patch, and all that touch them.

    The touching ones get the vertices that arise on a border of theirs.
    """
    tree = shapely.STRtree(tiles.units)
    patches = np.concatenate([plan.fill, plan.drop])
    beside = tree.query(patches, predicate="dwithin", distance=ALIKE_M)[1]
    core = np.unique(np.concatenate([plan.pairs.ravel(), beside]))
    around = tree.query(tiles.units[core], predicate="intersects")[1]
    return np.asarray(np.unique(around), dtype=np.intp)


def put_together(faces: Shapes, owner: Places, count: int) -> Shapes:
    """Units from the faces they own.

    Parameters
    ----------
    faces : array of shapely polygons
        That share their edges.
    owner : array of int
        Whose each is; -1 for nobody's.
    count : int
        How many units there are.

    Returns
    -------
    array of shapely polygons
        One a unit, None for a unit without a face.
    """
    out = np.full(count, None, dtype=object)
    held = np.flatnonzero(owner != NOBODY)
    order = held[np.argsort(owner[held], kind="stable")]
    units, start = np.unique(owner[order], return_index=True)
    for unit, members in zip(units.tolist(), np.split(order, start[1:]), strict=False):
        whole = faces[members[0]]
        if len(members) > 1:
            parts = shapely.get_parts(shapely.coverage_union_all(faces[members]))
            whole = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
        out[unit] = whole
    return out


def _on_top(plan: Plan, chosen: Places, size: Floats) -> dict[int, set[int]]:
    """Which units were drawn on top of which larger ones."""
    out: dict[int, set[int]] = {}
    pairs = np.searchsorted(chosen, plan.pairs)
    for (one, other), area in zip(pairs.tolist(), shapely.area(plan.patches).tolist(), strict=True):
        small, large = sorted((one, other), key=lambda unit: (size[unit], unit))
        if area > MOSTLY * size[small]:
            out.setdefault(small, set()).add(large)
    return out


def _choose(
    holders: Places,
    beside: Places,
    along: Floats,
    size: Floats,
    on_top: dict[int, set[int]],
) -> int:
    """Who gets a face: an enclave its own land, else who has the longest border with it.

    Of equal borders the smaller unit gets it, so that no order of rows decides.
    """
    crowd: set[int] = set(holders.tolist())
    drawn = [unit for unit in crowd if on_top.get(unit, set()) & crowd]
    if drawn:
        return min(drawn, key=lambda unit: (size[unit], unit))
    borders: dict[int, float] = dict(zip(beside.tolist(), along.tolist(), strict=True))
    longest = max(borders.get(unit, 0.0) for unit in crowd)
    equal = [unit for unit in crowd if borders.get(unit, 0.0) >= longest - ALIKE_M]
    return min(equal, key=lambda unit: (size[unit], unit))
