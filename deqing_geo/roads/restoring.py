"""Classes given back to merged lines, from the rows that run along them.

neatnet keeps lines and loses what they are. Every stretch of an output line asks which
source lines lie beside it and nowhere nearer to another output line; the highest class among
them is its own. Nothing here merges or reads.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from deqing_geo.roads.partners import company, segments, stations
from deqing_geo.roads.preparing import cut_at

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.roads.partners import Floats, Ints, Shapes, Stations

STEP_M = 10.0
# A source runs along an output line within this distance and angle. Ours: half of the widest
# gap neatnet closes at usual thresholds, and the bend of a carriageway around a crossing.
WITHIN_M = 40.0
DEGREES = 30.0
# A source belongs to the output line nearest to it; this much farther still counts.
SLACK_M = 2.0
# A source this near is the line itself, not a neighbour that was merged into it.
SAME_M = 0.5
# Ours: a line most of which has a row on either side is no longer one-way, and one of which a
# thousandth lies elsewhere than the rows has been moved.
TWO_WAY_SHARE, UNMOVED_SHARE = 0.5, 0.999
# Shorter changes of class along a line are the corners of crossings.
RUN_M = 30.0
# From the highest: motorways stand last in the vocabulary, and are not the least.
RANK = (
    "motorway", "expressway", "arterial", "highway", "subarterial", "county_road", "branch",
    "township_road", "village_road", "estate", "frontage", "link", "farm_track", "other",
    "unknown",
)  # fmt: skip
# What a line keeps of its leading row, where the input has it.
CARRIED = (
    "road_class", "road_name", "road_status", "opened_on", "road_width_m", "road_level",
    "layer", "bridge", "tunnel", "oneway", "access", "source", "as_of",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Restored:
    """Output lines cut where their leading row changes, and what stands behind each."""

    lines: Shapes
    leader: Ints
    sources: list[tuple[int, ...]]
    share: Floats
    merged: NDArray[np.bool_]
    doubled: NDArray[np.bool_]


def restore(lines: Shapes, sources: Shapes, row: Ints, frame: gpd.GeoDataFrame) -> Restored:
    """Every output line with the row that leads it.

    `sources` are the lines that went in, `row` the position of the row of each.
    """
    order = _canonical(lines)
    lines = lines[order]
    key, rank = _keys(frame)
    at = stations(lines, STEP_M)
    pair_station, pair_row, pair_metres = _backing(at, lines, sources, row)
    # Lines that lie under the output are it; only where there is none do neighbours speak.
    exact = pair_metres <= SAME_M
    has_exact = np.zeros(len(at), dtype=bool)
    has_exact[pair_station[exact]] = True
    speaks = exact | ~has_exact[pair_station]
    leader = _leaders(at, pair_station[speaks], pair_row[speaks], pair_metres[speaks], rank)
    group = np.where(leader >= 0, key[np.maximum(leader, 0)], -1)
    group = _filled(at.line, group)
    group = _smoothed(at, group)
    # Cut where the group changes.
    change = np.flatnonzero((at.line[1:] == at.line[:-1]) & (group[1:] != group[:-1])) + 1
    place = at.place[change] - at.metres[change] / 2
    cuts = shapely.get_coordinates(shapely.line_interpolate_point(lines[at.line[change]], place))
    made, _ = cut_at(lines, at.line[change], place, cuts)
    order = _canonical(made)
    made = made[order]
    return _summed(made, sources, row, key, rank)


def _summed(lines: Shapes, sources: Shapes, row: Ints, key: Ints, rank: Ints) -> Restored:
    """The rows behind each finished line, weighed by the length they run along it."""
    at = stations(lines, STEP_M)
    station, own, metres = _backing(at, lines, sources, row)
    exact = metres <= SAME_M
    has_exact = np.zeros(len(at), dtype=bool)
    has_exact[station[exact]] = True
    speaks = exact | ~has_exact[station]
    told = pd.DataFrame(
        {
            "line": at.line[station],
            "row": own,
            "metres": at.metres[station],
            "speaks": speaks,
            "far": metres,
        }
    )
    length = np.bincount(at.line, at.metres, len(lines))
    ranks = rank[own]
    told["rank"] = ranks
    spoken = told[told["speaks"]]
    # The highest class that runs along half of the line; failing that, along most of it.
    best = np.full(len(at), len(RANK), dtype=np.intp)
    np.minimum.at(best, station[speaks], ranks[speaks])
    winner = _winning(at, best, len(lines))
    by_row = (
        spoken[spoken["rank"].to_numpy() == winner[spoken["line"].to_numpy()]]
        .groupby(["line", "row"], sort=True)["metres"]
        .sum()
        .reset_index()
        .sort_values(["line", "metres", "row"], ascending=[True, False, True], kind="stable")
    )
    first = by_row.drop_duplicates("line")
    leader = np.full(len(lines), -1, dtype=np.intp)
    leader[first["line"].to_numpy()] = first["row"].to_numpy()
    any_right = np.zeros(len(at), dtype=bool)
    any_right[station[speaks & (ranks == winner[at.line[station]])]] = True
    share = np.bincount(at.line, at.metres * any_right, len(lines)) / length
    kept = np.bincount(at.line, at.metres * has_exact, len(lines)) / length
    pair = told[["line", "row"]].drop_duplicates().sort_values(["line", "row"])
    edge = np.searchsorted(pair["line"].to_numpy(), np.arange(len(lines) + 1))
    rows = pair["row"].tolist()
    lists = [tuple(rows[a:b]) for a, b in itertools.pairwise(edge.tolist())]
    # Two rows at one place on either side: no longer one way.
    two = np.zeros(len(at), dtype=bool)
    count = np.bincount(station[speaks & ~exact], minlength=len(at))
    two |= count >= 2
    double = np.bincount(at.line, at.metres * two, len(lines)) / length > TWO_WAY_SHARE
    leader, share = _orphans(lines, leader, share, sources, row)
    return Restored(lines, leader, lists, share, kept < UNMOVED_SHARE, double)


def _winning(at: Stations, best: Ints, size: int) -> Ints:
    """The class of each line: the highest at most of its places, by length."""
    width = len(RANK) + 1
    metres = np.bincount(at.line * width + best, at.metres, size * width).reshape(size, width)
    metres[:, -1] = 0
    # `argmax` takes the first of equals, which is the higher class.
    winner: Ints = np.where(metres.any(axis=1), np.round(metres, 6).argmax(axis=1), width)
    return winner


def _orphans(
    lines: Shapes, leader: Ints, share: Floats, sources: Shapes, row: Ints
) -> tuple[Ints, Floats]:
    """Lines that no source runs along take the nearest row, and claim no backing."""
    lost = np.flatnonzero(leader < 0)
    if len(lost):
        middle = shapely.line_interpolate_point(lines[lost], 0.5, normalized=True)
        found, near = shapely.STRtree(sources).query_nearest(middle, all_matches=True)
        first = np.flatnonzero(np.diff(found, prepend=-1))
        leader[lost[found[first]]] = np.minimum.reduceat(row[near], first)
        share[lost] = 0.0
    return leader, share


def _backing(at: Stations, lines: Shapes, sources: Shapes, row: Ints) -> tuple[Ints, Ints, Floats]:
    """Pairs of a place on an output line and a row beside it that is nearest to that line."""
    beside = company(at, segments(sources), WITHIN_M, DEGREES)
    # Not what lies before or behind the end of the line.
    off = beside.foot - shapely.get_coordinates(at.points)[beside.station]
    along = np.abs((off * at.heading[beside.station]).sum(axis=1))
    kept = along <= np.maximum(STEP_M / 2, 0.5 * beside.metres)
    station, line, metres = beside.station[kept], beside.line[kept], beside.metres[kept]
    foot = shapely.points(beside.foot[kept])
    tree = shapely.STRtree(lines)
    nearest = np.full(len(foot), np.inf)
    for start in range(0, len(foot), 200_000):
        part = slice(start, start + 200_000)
        (found, _), far = tree.query_nearest(foot[part], return_distance=True, all_matches=False)
        nearest[start + found] = far
    own = metres <= nearest + SLACK_M
    return station[own], row[line[own]], metres[own]


def _leaders(at: Stations, station: Ints, row: Ints, metres: Floats, rank: Ints) -> Ints:
    """The row of the highest class at each place, the nearest of several; -1 where none is."""
    order = np.lexsort((row, metres, rank[row], station))
    station, row = station[order], row[order]
    first = np.flatnonzero(np.diff(station, prepend=-1))
    leader = np.full(len(at), -1, dtype=np.intp)
    leader[station[first]] = row[first]
    return leader


def _filled(line: Ints, group: Ints) -> Ints:
    """Places without a source take that of the nearest place along the same line."""
    index = np.arange(len(group))
    known = group >= 0
    if known.all() or not known.any():
        return group
    at = np.flatnonzero(known)
    right = np.searchsorted(at, index).clip(0, len(at) - 1)
    left = (np.searchsorted(at, index, side="right") - 1).clip(0)
    a, b = at[left], at[right]
    far_a = np.where(line[a] == line, np.abs(index - a), len(index) + 1)
    far_b = np.where(line[b] == line, np.abs(index - b), len(index) + 1)
    nearest = np.where(far_a <= far_b, a, b)
    reachable = np.minimum(far_a, far_b) <= len(index)
    filled: Ints = np.where(reachable, group[nearest], -1)
    return filled


def _smoothed(at: Stations, group: Ints) -> Ints:
    """Runs shorter than `RUN_M` give way to the longer of their neighbours, shortest first."""
    group = group.copy()
    for _ in range(8):
        new = np.ones(len(group), dtype=bool)
        new[1:] = (at.line[1:] != at.line[:-1]) | (group[1:] != group[:-1])
        run = np.cumsum(new) - 1
        length = np.bincount(run, at.metres)
        first = np.flatnonzero(new)
        line, value = at.line[first], group[first]
        before = np.where(np.roll(line, 1) == line, np.roll(length, 1), 0)
        after = np.where(np.roll(line, -1) == line, np.roll(length, -1), 0)
        before[0] = after[-1] = 0
        # Only a run shorter than its neighbours gives way, so that two never swap.
        give = (length < RUN_M) & (np.maximum(before, after) > length)
        if not give.any():
            return group
        take = np.where(before >= after, np.roll(value, 1), np.roll(value, -1))
        value = np.where(give, take, value)
        group = value[run]
    return group


def _keys(frame: gpd.GeoDataFrame) -> tuple[Ints, Ints]:
    """Rows that are alike in all that is carried, as numbers; and the rank of their class."""
    carried = [column for column in CARRIED if column in frame]
    number = np.zeros(len(frame), dtype=np.int64)
    for column in carried:
        code = pd.factorize(frame[column])[0].astype(np.int64) + 1
        number = pd.factorize(number * (code.max(initial=0) + 1) + code)[0].astype(np.int64)
    word = frame["road_class"].astype(object).where(frame["road_class"].notna(), "unknown")
    rank = pd.Index(RANK).get_indexer(pd.Index(word.astype(str)))
    rank = np.where(rank < 0, len(RANK) - 1, rank)
    return number.astype(np.intp), rank.astype(np.intp)


def _canonical(lines: Shapes) -> Ints:
    """An order that depends on where lines lie and on nothing else."""
    order: Ints = np.lexsort((shapely.length(lines), *shapely.bounds(lines).T))
    return order
