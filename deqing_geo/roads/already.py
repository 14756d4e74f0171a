"""Which stretches of new lines run where a line already is.

Pure geometry: straight pieces, distances and directions. What counts is decided elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.tracing import segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]

# Lines are judged in pieces of this length, so a stretch may begin so much early or late.
STEP_M = 10.0


def not_there_yet(
    lines: Shapes, there: Shapes, within_m: float, max_turn_deg: float
) -> tuple[Shapes, Ints]:
    """What of each line does not run along what is there, nor along an earlier line.

    A piece is there already where a line near it runs in its direction and beside it, not behind
    its end: a street that goes on from a dead end is new from there. `alongside.along` cuts exactly
    and does not know an earlier line from a later.

    Parameters
    ----------
    lines : array of LineString and MultiLineString
        In the order in which they come; metres.
    there : array of LineString and MultiLineString
        What stands already.
    within_m, max_turn_deg : float
        How near is near, and how far directions may differ.

    Returns
    -------
    stretches : array of LineString and MultiLineString
        What is new; a line of which all is new comes back as it was.
    owner : array of int
        The line of each stretch.

    Examples
    --------
    >>> old, new = shapely.LineString([(0, 0), (100, 0)]), shapely.LineString([(40, 5), (160, 5)])
    >>> stretches, owner = not_there_yet(np.array([new]), np.array([old]), 15, 20)
    >>> shapely.length(stretches).tolist(), owner.tolist()
    ([60.0], [0])
    """
    start, end, owner = segments(shapely.segmentize(lines, STEP_M))
    doubled = _doubled(
        start, end, owner, np.concatenate([there, lines]), len(there), within_m, max_turn_deg
    )
    steps = np.bincount(owner, minlength=len(lines))
    fresh = np.bincount(owner[~doubled], minlength=len(lines))
    whole = np.flatnonzero(fresh == steps)
    partly = ~doubled & (fresh < steps)[owner]
    runs, of_run = _runs(start[partly], end[partly], owner[partly])
    order = np.argsort(np.concatenate([whole, of_run]), kind="stable")
    return np.concatenate([lines[whole], runs])[order], np.concatenate([whole, of_run])[order]


def _doubled(
    start: Floats,
    end: Floats,
    owner: Ints,
    lines: Shapes,
    standing: int,
    within_m: float,
    max_turn_deg: float,
) -> Flags:
    """Which steps of the lines have a line beside them that was there before."""
    out = np.zeros(len(owner), dtype=bool)
    parts, rank = shapely.get_parts(lines, return_index=True)
    from_, to, part = segments(parts)
    if len(owner) == 0 or len(part) == 0:
        return out
    # What is there comes before every line, and a line before those that follow it.
    order = rank[part] - standing
    begins = np.diff(part, prepend=-1) != 0
    ends = np.diff(part, append=-1) != 0
    straight = np.asarray(shapely.linestrings(np.stack([from_, to], axis=1)), dtype=object)
    middle = (start + end) / 2
    places = np.asarray(shapely.points(middle), dtype=object)
    step, beside = shapely.STRtree(straight).query(places, predicate="dwithin", distance=within_m)
    earlier = order[beside] < owner[step]
    step, beside = step[earlier], beside[earlier]
    own, other = (end - start)[step], (to - from_)[beside]
    turn = np.abs(own[:, 0] * other[:, 1] - own[:, 1] * other[:, 0])
    size = np.hypot(*own.T) * np.hypot(*other.T)
    along = ((middle[step] - from_[beside]) * other).sum(axis=1) / (other * other).sum(axis=1)
    parallel = turn <= size * np.sin(np.radians(max_turn_deg))
    # Inside a bend the foot may lie beyond a piece; beyond the end of a line it lies nowhere.
    behind = (begins[beside] & (along < 0)) | (ends[beside] & (along > 1))
    out[step[parallel & ~behind]] = True
    return out


def _runs(start: Floats, end: Floats, owner: Ints) -> tuple[Shapes, Ints]:
    """Steps that follow each other, as lines."""
    if len(owner) == 0:
        return np.zeros(0, dtype=object), owner
    follows = (np.diff(owner) == 0) & (start[1:] == end[:-1]).all(axis=1)
    run = np.concatenate([[0], np.cumsum(~follows)])
    last = np.append(np.flatnonzero(np.diff(run)), len(run) - 1)
    coords = np.concatenate([start, end[last]])
    order = np.argsort(np.concatenate([run, run[last]]), kind="stable")
    lines = shapely.linestrings(coords[order], indices=np.concatenate([run, run[last]])[order])
    return np.asarray(lines, dtype=object), owner[last]
