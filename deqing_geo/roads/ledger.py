"""The list of roads behind a density (道路计入明细表): counted or not, and why.

It is made of the density's own pieces, so its sums are the density's figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from deqing_geo import columns as names
from deqing_geo.ellipsoid import M_PER_KM
from deqing_geo.errors import InputError
from deqing_geo.provenance import mark
from deqing_geo.roads.basis import OUTSIDE, names_of, road_rows
from deqing_geo.roads.standing import COUNTED
from deqing_geo.text import figure

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.roads.result import RoadDensity

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]
    Words = NDArray[Any]

ROWS = ("line", "road")
# Lines of one drawing meet to some centimetres at best; the tally of dead ends asks no more.
MEETS_M = 0.1


def road_ledger(density: RoadDensity, *, per: str = "line", outside: bool = False) -> pd.DataFrame:
    """Every road of a density: how long, counted or not, and why (道路计入明细表).

    Parameters
    ----------
    density : RoadDensity
        Of `road_density`.
    per : str
        ``line``: one row for every line of the layer. ``road``: lines of one name, class and
        status that meet end to end are one row; lines without a name stay by themselves.
    outside : bool
        Whether roads that lie wholly outside the areas are listed too.

    Returns
    -------
    DataFrame
        ``road_name``; ``begins_at`` and ``ends_at``, the roads of another name met at its two
        ends (the largest, blank where there is none); ``road_class``; ``length_km`` of the
        whole line; ``road_width_m`` (of several lines the mean by length); ``road_status`` on
        the day asked for; ``opened_on``; ``road_counted`` (``whole``, ``part``, ``none``);
        ``counted_km``, which adds up to the density's length; ``not_counted_reason`` in Chinese,
        with kilometres where there are several parts. What of a listed road lies outside the
        areas is one of the reasons. Index ``road``: the layer's labels, or a running number.

    Raises
    ------
    InputError
        If `per` is neither.

    Examples
    --------
    >>> from deqing_geo import road_density, sample
    >>> density = road_density(sample.zone(), sample.roads())
    >>> road_ledger(density)[["road_name", "counted_km", "not_counted_reason"]]
         road_name  counted_km not_counted_reason
    road
    1         纸上大道         3.0
    2           界巷         1.0
    3          小区路         0.0           等级不在口径内
    6           匝道         0.0           等级不在口径内
    """
    if per not in ROWS:
        raise InputError(f"per={per!r} is not one of {', '.join(ROWS)}.")
    basis = density.basis
    roads, standing = basis.roads, basis.standing
    lines = np.asarray(roads.geometry.array, dtype=object)
    called = names_of(roads)
    ends = _ends(lines)
    if per == "line":
        group = np.arange(len(roads))
        loose = np.ones((len(roads), 2), dtype=bool)
    else:
        group, loose = _joined(lines, ends, _kinds(called, standing.classes, standing.status))
    count = int(group.max()) + 1 if len(group) else 0
    first = np.unique(group, return_index=True)[1]
    length = shapely.length(lines) / M_PER_KM
    rows = road_rows(basis)
    counts = (rows["not_counted"] == COUNTED).to_numpy()
    counted = rows[counts]
    counted_km = _summed(group[counted["row"]], counted["road_km"].to_numpy(), count)
    reasons, missing = _reasons(rows[~counts], group, counted_km)
    met = _met(ends, lines, called, standing.classes, standing.open)
    start, end = _from_to(group, loose, ends, met, per)
    total = _summed(group, length, count)
    reasons[total == 0] = names.word("ledger.no_length")
    table = pd.DataFrame(
        {
            "road_name": called[first],
            "begins_at": start,
            "ends_at": end,
            "road_class": standing.classes[first],
            "length_km": total,
            "road_width_m": _widths(roads, group, length, total),
            "road_status": standing.status[first],
            "opened_on": _days(roads, group, count),
            "road_counted": np.where(counted_km > 0, np.where(missing, "part", "whole"), "none"),
            "counted_km": counted_km,
            "not_counted_reason": reasons,
        },
        index=roads.index if per == "line" else pd.RangeIndex(1, count + 1),
    )
    table.index.name = "road"
    if not outside:
        here = np.zeros(count, dtype=bool)
        here[group[rows["row"][(rows["area"] != OUTSIDE).to_numpy()]]] = True
        table = table[here]
        table.index = table.index if per == "line" else pd.RangeIndex(1, len(table) + 1)
        table.index.name = "road"
    mark(table, density.definition, density.notices)
    return table


# ---------------------------------------------------------------- which lines are one road


def _ends(lines: Shapes) -> Shapes:
    """First and last point of every line, of several parts those of the first and last."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    ends = np.full((len(lines), 2), None, dtype=object)
    # The last to write stands: the first part is written last.
    ends[owner[::-1], 0] = shapely.get_point(parts[::-1], 0)
    ends[owner, 1] = shapely.get_point(parts, -1)
    return ends


def _kinds(called: Words, classes: Words, status: Words) -> Ints:
    """A number for every name, class and status; -1 without a name."""
    key = pd.MultiIndex.from_arrays([called, classes, status])
    kind = np.asarray(pd.factorize(key)[0], dtype=np.int64)
    kind[called == ""] = -1
    return kind


def _joined(lines: Shapes, ends: Shapes, kind: Ints) -> tuple[Ints, Flags]:
    """The group of every line, in order of appearance, and which of its ends are loose."""
    count = len(lines)
    own = kind.copy()
    # Lines without a name are each of a kind of their own.
    own[kind < 0] = kind.max(initial=0) + 1 + np.arange(int((kind < 0).sum()))
    first, same = _once(lines, own)
    point, line = _touching(ends[first].T.ravel(), lines[first])
    owner = point % max(len(first), 1)
    met = (owner != line) & (own[first[owner]] == own[first[line]])
    links = coo_array((np.ones(met.sum(), dtype=bool), (owner[met], line[met])), (len(first),) * 2)
    raw = connected_components(links, directed=False)[1] if count else np.zeros(0, dtype=int)
    loose = np.ones(2 * len(first), dtype=bool)
    loose[point[met]] = False
    group = np.asarray(pd.factorize(raw[same])[0], dtype=np.int64)
    return group, loose.reshape(2, len(first)).T[same]


def _once(lines: Shapes, kind: Ints) -> tuple[Ints, Ints]:
    """Lines of one shape and kind once: where each first stands, and which one every line is."""
    shape = pd.factorize(np.array(shapely.to_wkb(lines), dtype=object))[0]
    which = pd.factorize(pd.MultiIndex.from_arrays([shape, kind]))[0]
    return np.unique(which, return_index=True)[1], np.asarray(which, dtype=np.int64)


def _touching(points: Shapes, lines: Shapes) -> tuple[Ints, Ints]:
    """Which point lies on which line."""
    tree = shapely.STRtree(lines)
    point, line = tree.query(points, predicate="dwithin", distance=MEETS_M)
    return point, line


def _met(ends: Shapes, lines: Shapes, called: Words, classes: Words, is_open: Flags) -> Words:
    """The name of the road met at every end: open before planned, large before small."""
    count = len(lines)
    by_name = np.asarray(pd.factorize(called, sort=True)[0], dtype=np.int64)
    size = pd.Index(list(names.vocabulary("road_class"))).get_indexer(pd.Index(classes))
    named = np.flatnonzero(called != "")
    found = np.full(2 * count, "", dtype=object)
    if len(named) == 0:
        return found.reshape(2, count).T
    # Ends of many lines lie at one place, and lines drawn twice are looked at once.
    told = (by_name * (size.max(initial=0) + 1) + size) * 2 + is_open
    line_of = named[_once(lines[named], told[named])[0]]
    place = ends.T.ravel()
    there = ~shapely.is_missing(place)
    at = np.full((2 * count, 2), np.nan)
    at[there] = shapely.get_coordinates(place[there])
    spot = pd.MultiIndex.from_arrays([at[:, 0], at[:, 1], np.tile(by_name, 2)])
    which = np.asarray(pd.factorize(spot)[0], dtype=np.int64)
    first = np.unique(which, return_index=True)[1]
    point, line = _touching(place[first], lines[line_of])
    line = line_of[line]
    other = called[first[point] % count] != called[line]
    point, line = point[other], line[other]
    order = np.lexsort((by_name[line], size[line], ~is_open[line], point))
    point, line = point[order], line[order]
    best = np.flatnonzero(np.diff(point, prepend=-1))
    word = np.full(len(first), "", dtype=object)
    word[point[best]] = called[line[best]]
    found[:] = word[which]
    return found.reshape(2, count).T


def _from_to(group: Ints, loose: Flags, ends: Shapes, met: Words, per: str) -> tuple[Words, Words]:
    """The roads met where a road begins and where it ends.

    A line begins where it was drawn from. Of several lines the loose ends that lie farthest
    apart count, from west to east, or from south to north where the road is rather steep.
    """
    if per == "line":
        return met[:, 0], met[:, 1]
    count = int(group.max()) + 1 if len(group) else 0
    out = np.full((2, count), "", dtype=object)
    line, side = np.nonzero(loose & ~shapely.is_missing(ends))
    if len(line) == 0:
        return out[0], out[1]
    x, y = shapely.get_x(ends[line, side]), shapely.get_y(ends[line, side])
    frame = pd.DataFrame({"group": group[line], "x": x, "y": y})
    by_group = frame.groupby("group")[["x", "y"]]
    wide = (by_group.max() - by_group.min()).reindex(range(count))
    flat = (wide["x"] >= wide["y"]).to_numpy()[frame["group"]]
    along, beside = np.where(flat, x, y), np.where(flat, y, x)
    order = np.lexsort((beside, along, frame["group"]))
    owner = frame["group"].to_numpy()[order]
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    last = np.append(begins[1:], len(owner)) - 1
    # One loose end alone is a ring with a tail: where it begins nobody can say.
    whole = begins < last
    word = met[line, side][order]
    out[0, owner[begins[whole]]], out[1, owner[begins[whole]]] = (
        word[begins[whole]],
        word[last[whole]],
    )
    return out[0], out[1]


# ---------------------------------------------------------------- what stands in the cells


def _summed(group: Ints, km: Floats, count: int) -> Floats:
    """Kilometres by group; numpy gives whole numbers where there is nothing to add."""
    return np.asarray(np.bincount(group, km, count), dtype=float)


def _reasons(rows: pd.DataFrame, group: Ints, counted_km: Floats) -> tuple[Words, Flags]:
    """Why a road does not count, in words, and whether there is something to say."""
    label = names.vocabulary("not_counted")
    count = len(counted_km)
    km = rows.groupby([group[rows["row"]], "not_counted"])["road_km"].sum()
    owner = np.asarray(km.index.get_level_values(0), dtype=np.int64)
    why = km.index.get_level_values(1).map(label).to_numpy(dtype=object)
    parts = np.bincount(owner, minlength=count)
    out = np.full(count, "", dtype=object)
    alone = ((parts == 1) & (counted_km == 0))[owner]
    out[owner[alone]] = why[alone]
    # Few roads have several reasons.
    for at, text, one in zip(owner[~alone], why[~alone], km.to_numpy()[~alone], strict=True):
        out[at] += f"{';' if out[at] else ''}{text}{figure(float(one), 3)}公里"
    return out, parts > 0


def _widths(roads: gpd.GeoDataFrame, group: Ints, length: Floats, total: Floats) -> Floats:
    """Surface width of each road, by length over the lines that have one."""
    if "road_width_m" not in roads:
        return np.full(len(total), np.nan)
    width = pd.to_numeric(roads["road_width_m"], errors="coerce").to_numpy(dtype=float)
    known = ~np.isnan(width)
    # A line without a length has its width too.
    weight = np.where(known, np.maximum(length, np.finfo(float).tiny), 0.0)
    over = np.bincount(group, weight, len(total))
    summed = np.bincount(group, np.where(known, width, 0.0) * weight, len(total))
    with np.errstate(invalid="ignore"):
        return np.where(over > 0, summed / over, np.nan)


def _days(roads: gpd.GeoDataFrame, group: Ints, count: int) -> Words:
    """The day each road opened, or the first and the last of its lines."""
    out = np.full(count, "", dtype=object)
    if "opened_on" not in roads:
        return out
    raw = roads["opened_on"]
    text = raw.astype(object).where(raw.notna(), "").map(lambda day: str(day).split(" 00:00")[0])
    known = (text != "").to_numpy()
    by_group = text[known].groupby(group[known])
    low, high = by_group.min(), by_group.max()
    out[low.index] = np.where(low == high, low, low + "至" + high)
    return out
