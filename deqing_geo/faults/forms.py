"""Each shape by itself: is it a valid polygon, of one piece, and is there another just like it.

Also the polygons that the other finders compare: what of each row can be compared at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo.faults.found import Found
from deqing_geo.text import figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

# What is narrower is one line drawn twice and not a piece of land: 1.0 mm on a map of 1:5000 is
# what the survey allows where a border shows on no photograph (TD/T 1055-2019, from memory,
# 待查证).
NARROW_M = 5.0
# Coordinates are whole millimetres at best: what is narrower is the rounding of a vertex that lies
# on another's edge, and no fault of anybody.
DUST_M = 0.001
_POLYGONS = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))
_LINES = (int(shapely.GeometryType.LINESTRING), int(shapely.GeometryType.MULTILINESTRING))
_COLLECTION = int(shapely.GeometryType.GEOMETRYCOLLECTION)
_PLACE = re.compile(r"\[(\S+) (\S+)\]$")
REASONS = {
    "Self-intersection": "边线自相交",
    "Ring Self-intersection": "边线自接触",
    "Hole lies outside shell": "内环在外环之外",
    "Holes are nested": "内环相套",
    "Nested shells": "外环相套",
    "Duplicate Rings": "环重复",
    "Interior is disconnected": "内部不连通",
    "Too few points in geometry component": "点数不足",
}
KIND_WORDS = {
    "Point": "点",
    "MultiPoint": "点",
    "LineString": "线",
    "LinearRing": "线",
    "MultiLineString": "线",
    "GeometryCollection": "几何集合",
}


def widths(shapes: Shapes) -> Floats:
    """How wide each shape is: the shorter side of the rectangle of its area and perimeter.

    Parameters
    ----------
    shapes : array of shapely polygons
        Any number.

    Returns
    -------
    array of float
        Metres; exact for rectangles, a quarter of the perimeter for what is rounder than a square,
        0 where there is no area.

    Notes
    -----
    With sides w and l, area w l and perimeter 2 (w + l), w is the smaller root of
    w^2 - (perimeter / 2) w + area = 0.

    Examples
    --------
    >>> widths(np.array([shapely.box(0, 0, 100, 0.3), shapely.box(0, 0, 2, 2)])).tolist()
    [0.3, 2.0]
    """
    quarter, area = shapely.length(shapes) / 4, shapely.area(shapes)
    root = np.sqrt(np.maximum(quarter**2 - area, 0))
    # area / the larger root loses no digits where the shape is a thread.
    return np.asarray(area / np.maximum(quarter + root, 1e-300), dtype=float)


def narrow(shapes: Shapes, width: float = NARROW_M) -> Flags:
    """Which shapes are nowhere as wide as that.

    Parameters
    ----------
    shapes : array of shapely polygons
        Any number.
    width : float
        Metres.

    Returns
    -------
    array of bool
        True where nothing is left when half of the width is taken off all around. A pond with a
        long thin creek is not narrow, though its area over its perimeter is small.

    Examples
    --------
    >>> pond = shapely.union(shapely.box(0, 0, 50, 50), shapely.box(50, 0, 9_000, 0.1))
    >>> narrow(np.array([pond, shapely.box(0, 0, 900, 4.9), shapely.box(0, 0, 9, 9)])).tolist()
    [False, True, False]
    """
    out = widths(shapes) < 2 * width
    out[out] = shapely.is_empty(shapely.buffer(shapes[out], -width / 2, join_style="mitre"))
    return np.asarray(out, dtype=bool)


def gathered(parts: Shapes, start: NDArray[np.intp]) -> Shapes:
    """Multi-polygons of runs of polygons.

    Parameters
    ----------
    parts : array of shapely polygons
        One run after the other.
    start : array of int
        Where each run begins.

    Returns
    -------
    array of shapely multi-polygons
        One a run.
    """
    if len(start) == 0:
        return np.zeros(0, dtype=object)
    run = np.repeat(np.arange(len(start)), np.diff([*start.tolist(), len(parts)]))
    return np.asarray(shapely.multipolygons(parts, indices=run), dtype=object)


def comparable(shapes: Shapes) -> Shapes:
    """The polygons to compare with one another: plane, valid, of area; None where there is none.

    Parameters
    ----------
    shapes : array of shapely geometries
        As they came.

    Returns
    -------
    array of shapely geometries
        One a row; what crosses itself as `shapely.make_valid` mends it (``structure``, which keeps
        overlapping parts where ``linework`` would make them holes).
    """
    out = shapely.force_2d(shapes)
    kinds = shapely.get_type_id(out)
    lost = ~np.isin(kinds, [*_POLYGONS, _COLLECTION]) | shapely.is_empty(out) | ~finite(shapes)
    out[lost] = None
    for at in np.flatnonzero((kinds == _COLLECTION) & ~lost).tolist():
        parts = shapely.get_parts(shapely.get_parts(out[at]))
        parts = parts[shapely.get_type_id(parts) == _POLYGONS[0]]
        out[at] = shapely.multipolygons(parts) if len(parts) else None
    bad = ~shapely.is_valid(out) & ~shapely.is_missing(out)
    out[bad] = shapely.make_valid(out[bad], method="structure", keep_collapsed=False)
    out[shapely.is_empty(out)] = None
    return out


def finite(shapes: Shapes) -> Flags:
    """Whether all coordinates of each shape are finite numbers.

    Parameters
    ----------
    shapes : array of shapely geometries
        Any.

    Returns
    -------
    array of bool
        True where there are no coordinates.
    """
    coords, owner = shapely.get_coordinates(shapes, return_index=True)
    good = np.ones(len(shapes), dtype=bool)
    good[owner[~np.isfinite(coords).all(axis=1)]] = False
    return good


def twins(shapes: Shapes) -> list[NDArray[np.intp]]:
    """Groups of rows that have one and the same shape, wherever its rings begin.

    Parameters
    ----------
    shapes : array of shapely geometries
        As `comparable` gives them.

    Returns
    -------
    list of array of int
        Positions, two or more a group, in order.
    """
    box = pd.DataFrame(shapely.bounds(shapes))
    able = box.duplicated(keep=False).to_numpy() & ~shapely.is_missing(shapes)
    rows = np.flatnonzero(able)
    # Only shapes of one box are written out: a whole county as bytes is no small thing.
    keys = pd.Series(shapely.to_wkb(shapely.normalize(shapes[rows])), dtype=object)
    groups = pd.Series(rows).groupby(keys.to_numpy(), sort=False)
    return [group.to_numpy(dtype=np.intp) for _, group in groups if len(group) > 1]


def shape_faults(raw: Shapes, sound: Shapes, same: list[NDArray[np.intp]]) -> list[Found]:
    """Faults a shape has by itself, and twins.

    Parameters
    ----------
    raw : array of shapely geometries
        As they came.
    sound : array of shapely geometries
        The same rows by `comparable`.
    same : list of array of int
        By `twins`.

    Returns
    -------
    list of Found
        ``empty``, ``wrong_kind``, ``unclosed``, ``invalid``, ``duplicate_geometry``, ``sliver``
        and ``multipart``.
    """
    missing = shapely.is_missing(raw) | shapely.is_empty(raw)
    kinds = shapely.get_type_id(raw)
    line = np.isin(kinds, _LINES) & ~missing
    polygon = np.isin(kinds, _POLYGONS)
    loose = np.zeros(len(raw), dtype=bool)
    loose[line] = ~shapely.is_closed(raw[line])
    wrong = ~missing & ~polygon & ~loose
    out = [_alone("empty", np.flatnonzero(missing), np.full(int(missing.sum()), None))]
    rows = np.flatnonzero(wrong)
    words = [shape.geom_type for shape in raw[rows]]
    out.append(
        _alone(
            "wrong_kind",
            rows,
            _where_finite(raw[rows]),
            kind_zh=[KIND_WORDS.get(word, word) for word in words],
            kind_en=words,
        )
    )
    rows = np.flatnonzero(loose)
    out.append(_alone("unclosed", rows, raw[rows], distance=[_opening(raw[at]) for at in rows]))
    out.append(_invalid(raw, np.flatnonzero(polygon & ~missing & ~shapely.is_valid(raw))))
    firsts = np.array([group[0] for group in same], dtype=np.intp)
    out.append(
        Found(
            "duplicate_geometry",
            [group.tolist() for group in same],
            sound[firsts],
            shapely.area(sound[firsts]),
        )
    )
    # How a shape that crosses itself falls to pieces is the mending's doing.
    return [*out, *_parts(np.where(shapely.is_valid(raw), sound, np.array(None)))]


def _where_finite(shapes: Shapes) -> Shapes:
    out = shapes.copy()
    out[~finite(shapes)] = None
    return out


def _alone(kind: str, rows: NDArray[np.intp], places: Shapes, **facts: list[str]) -> Found:
    """Faults of single rows, without a size."""
    return Found(
        kind,
        [[at] for at in rows.tolist()],
        places,
        np.full(len(rows), np.nan),
        facts=facts,
    )


def _opening(line: Any) -> str:
    """How far the ends of a line are apart, the widest of its parts."""
    parts = shapely.get_parts(line)
    ends = shapely.distance(shapely.get_point(parts, 0), shapely.get_point(parts, -1))
    return figure(float(np.nanmax(ends)))


def _invalid(raw: Shapes, rows: NDArray[np.intp]) -> Found:
    reasons = [str(text) for text in shapely.is_valid_reason(raw[rows])]
    plain = [_PLACE.sub("", text) for text in reasons]
    places = np.full(len(rows), None, dtype=object)
    for at, text in enumerate(reasons):
        found = _PLACE.search(text)
        spot = [float(number) for number in found.groups()] if found else []
        if spot and np.isfinite(spot).all():
            places[at] = shapely.Point(spot)
    return _alone(
        "invalid",
        rows,
        places,
        why_zh=[
            REASONS.get(text, "坐标不是有效数值" if "oordinate" in text else text) for text in plain
        ],
        why_en=plain,
    )


def _parts(sound: Shapes) -> list[Found]:
    """Units in several pieces, and pieces too narrow to be land."""
    parts, owner = shapely.get_parts(sound, return_index=True)
    area, wide = shapely.area(parts), widths(parts)
    thin = np.flatnonzero(narrow(parts) & (area > 0))
    slivers = Found(
        "sliver",
        [[at] for at in owner[thin].tolist()],
        parts[thin],
        area[thin],
        facts={"width": [figure(float(width)) for width in wide[thin]]},
    )
    count = np.bincount(owner, minlength=len(sound))
    several = np.flatnonzero(count > 1)
    # The largest piece of each row is the unit; the others are what is told.
    order = np.lexsort([-area, owner])
    rest = order[np.diff(owner[order], prepend=-1) == 0]
    rest = np.sort(rest)
    start = np.flatnonzero(np.diff(owner[rest], prepend=-1))
    places = gathered(parts[rest], start)
    sizes = np.asarray(shapely.area(places), dtype=float)
    many = Found(
        "multipart",
        [[at] for at in several.tolist()],
        places,
        sizes,
        facts={"parts": [str(number) for number in count[several]]},
    )
    return [slivers, many]
