"""Units against the outlines they should fill: what lies outside, what is left open.

An outline of another scale than the units gives strips along its whole length, which are
nobody's mistake; one that shares its vertices with most units gives strips only where somebody
moved a line. The first are notes, the second warnings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.faults.forms import DUST_M, gathered, narrow, widths
from deqing_geo.faults.found import Found
from deqing_geo.faults.topology import Tiling, neighbours, strips
from deqing_geo.text import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Places = NDArray[np.intp]

# A unit with more than half its land elsewhere belongs elsewhere, whatever its code says.
MOSTLY = 0.5
NOWHERE = -1


def outside_faults(
    kind: str, tiles: Tiling, outlines: Shapes, home: Places, called: Sequence[str]
) -> tuple[list[Found], bool]:
    """Units that reach beyond the outline they belong to.

    Parameters
    ----------
    kind : str
        ``outside_town`` or ``outside_county``.
    tiles : Tiling
        The units.
    outlines : array of shapely polygons
        Valid.
    home : array of int
        Which outline each unit belongs to; -1 for none.
    called : sequence of str
        Names of the outlines.

    Returns
    -------
    found : list of Found
        With the words ``share`` and ``town``.
    alike : bool
        Whether units and outlines are one drawing.
    """
    beyond, alike = outside(tiles.units, outlines, home)
    parts, owner = shapely.get_parts(beyond, return_index=True)
    land = (shapely.get_dimensions(parts) == 2) & (widths(parts) >= DUST_M)
    parts, owner = parts[land], owner[land]
    rows, start = np.unique(owner, return_index=True)
    places = gathered(parts, start)
    size = shapely.area(places)
    share = size / shapely.area(tiles.units[rows])
    wide = np.logical_or.reduceat(~narrow(parts), start) if len(start) else np.zeros(0, dtype=bool)
    severity = np.where(wide | alike, "warning", "note")
    severity[share > MOSTLY] = "error"
    found = Found(
        kind,
        [[at] for at in tiles.rows[rows].tolist()],
        places,
        size,
        severity=severity.tolist(),
        facts={
            "share": [percent(float(part)) for part in share],
            "town": [called[at] for at in home[rows].tolist()],
        },
    )
    return [found], alike


def outside(units: Shapes, outlines: Shapes, home: Places) -> tuple[Shapes, bool]:
    """The part of each unit outside its outline.

    Parameters
    ----------
    units, outlines : array of shapely polygons
        Valid.
    home : array of int
        Which outline each unit belongs to; -1 for none.

    Returns
    -------
    beyond : array of shapely geometries
        One a unit, None where nothing is outside.
    alike : bool
        Whether at least half the units along the outlines lie inside to the last vertex: then
        units and outlines are one drawing.
    """
    beyond = np.full(len(units), None, dtype=object)
    line, unit = shapely.STRtree(units).query(shapely.boundary(outlines), predicate="intersects")
    edge = np.zeros(len(units), dtype=bool)
    edge[unit[home[unit] == line]] = True
    # What does not meet the border of its outline lies all inside or all outside.
    clear = np.flatnonzero(~edge & (home != NOWHERE))
    shapely.prepare(outlines)
    corner = shapely.get_coordinates(shapely.get_point(_shells(units[clear]), 0))
    spots = shapely.points(corner)
    away = clear[~shapely.contains(outlines[home[clear]], spots)]
    beyond[away] = units[away]
    border = np.flatnonzero(edge)
    inside = shapely.covers(outlines[home[border]], units[border])
    rest = border[~inside]
    beyond[rest] = shapely.difference(units[rest], outlines[home[rest]])
    return beyond, bool(inside.mean() >= MOSTLY) if len(border) else True


def _shells(units: Shapes) -> Shapes:
    """The outer ring of the first part of each unit."""
    return np.asarray(shapely.get_exterior_ring(shapely.get_geometry(units, 0)), dtype=object)


def open_gaps(whole: Any, outline: Any, holes: Shapes) -> tuple[Shapes, bool]:
    """Land inside an outline and outside all units that no unit encloses.

    Parameters
    ----------
    whole : shapely geometry
        All units together.
    outline : shapely geometry
        What they should fill.
    holes : array of shapely polygons
        The gaps that are told already.

    Returns
    -------
    gaps : array of shapely polygons
        Wider than a millimetre.
    alike : bool
        Whether at least half the outline is to the last vertex the units' own.
    """
    left = shapely.get_parts(shapely.difference(outline, whole))
    left = left[(shapely.get_dimensions(left) == 2) & (widths(left) >= DUST_M)]
    if len(holes) and len(left):
        spots = shapely.STRtree(shapely.point_on_surface(left))
        told = np.unique(spots.query(holes, predicate="contains")[1])
        left = np.delete(left, told)
    line = shapely.boundary(outline)
    shared = shapely.length(shapely.intersection(line, shapely.boundary(whole)))
    return np.asarray(left, dtype=object), bool(shared >= MOSTLY * shapely.length(line))


def open_gap_faults(
    tiles: Tiling, whole: Any, outline: Any, holes: Shapes, *, zh: str, en: str
) -> tuple[list[Found], bool]:
    """Gaps between the units and the edge of an outline.

    Parameters
    ----------
    tiles : Tiling
        The units.
    whole : shapely geometry
        All units together.
    outline : shapely geometry
        What they should fill.
    holes : array of shapely polygons
        The gaps that are told already.
    zh, en : str
        What to call the outline.

    Returns
    -------
    found : list of Found
        ``open_gap``, narrow ones along the same units together.
    alike : bool
        Whether units and outline are one drawing.
    """
    gaps, alike = open_gaps(whole, outline, holes)
    beside, lengths = neighbours(gaps, tiles.units)
    if not alike:
        # Two drawings: every unit along the outline has its gaps, and they are one fault.
        longest = [int(along.argmax()) if len(along) else 0 for along in lengths]
        beside = [rows[at : at + 1] for rows, at in zip(beside, longest, strict=True)]
    sets = [tuple(tiles.rows[rows].tolist()) for rows in beside]
    thin = narrow(gaps)
    # Two drawings leave narrow gaps and wide ones along one unit; of one drawing the wide ones
    # are worth a line each.
    together = thin | (not alike)
    grave = None
    if not alike:
        wide = {rows for rows, is_thin in zip(sets, thin, strict=True) if not is_thin}
        grave = ["warning" if rows in wide else "note" for rows in sets]
    out = []
    for grouped in (True, False):
        for way in ("", "nobody"):
            chosen = [
                at
                for at, rows in enumerate(sets)
                if together[at] == grouped and (not rows) == (way == "nobody")
            ]
            facts = {"outline": zh, "outline_en": en}
            out.append(
                strips("open_gap", way, gaps, sets, chosen, together=grouped, grave=grave, **facts)
            )
    return out, alike
