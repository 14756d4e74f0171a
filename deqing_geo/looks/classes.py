"""Limits of classes for a choropleth: round ones, or by a scheme that is asked for.

Only colours hang on these; no figure is judged by them.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deqing_geo import columns as names
from deqing_geo.errors import InputError

CLASSES = 5
# Of the land; what lies above shares the last class.
NEARLY_ALL = 0.98
OURS = ("quantiles", "jenks")
# The search for natural breaks grows with the square of the values; of more a sample in order
# of size, with both ends, gives the same limits to the eye.
MOST_VALUES = 1500
# Of the largest value: what lies nearer than that is one figure in every legend and table.
DIGITS = 4

Breaks = str | Sequence[float] | None


def limits(values: NDArray[Any], sizes: Any, breaks: Breaks) -> tuple[list[float], str]:
    """Limits of classes, from below the least to above the largest, and how they were found.

    Parameters
    ----------
    values : array, shape (N,)
        NaN where there is nothing to measure.
    sizes : array, shape (N,), optional
        Land of each.
    breaks : None, "quantiles", "jenks", another scheme or limits
        What was asked for.

    Returns
    -------
    list of float, str
        Limits, at most one more than there are classes; the words for a legend.

    Raises
    ------
    InputError
        If there is no such scheme, or the limits do not rise.

    Notes
    -----
    Natural breaks are exact: W. D. Fisher, "On grouping for maximum homogeneity" (1958), the
    method G. F. Jenks's classes aim at. Other schemes are those of mapclassify, where installed.

    Examples
    --------
    >>> limits(np.array([1.0, 1.1, 5.0, 5.2, 9.0]), None, [0, 5, 10])
    ([0.0, 5.0, 10.0], '分级:自定界限')
    """
    known = np.sort(values[~np.isnan(values)])
    if breaks is None:
        return rounded(values, sizes), names.word("map.classes")
    if not isinstance(breaks, str):
        return _given(breaks, known), names.word("map.classes_given")
    if breaks not in OURS:
        return _peer(breaks, known), f"{names.word('map.classes_by')}{breaks}"
    if len(known) == 0:
        return [0.0, 1.0], names.word(f"map.classes_{breaks}")
    told = _alike(known)
    if breaks == "quantiles":
        inner = np.quantile(told, np.arange(1, CLASSES) / CLASSES, method="inverted_cdf")
        inner = _halfway(told, inner)
    else:
        inner = _natural(told)
    return _bounded(known, inner), names.word(f"map.classes_{breaks}")


def rounded(values: Any, sizes: Any = None) -> list[float]:
    """Round class limits from 0, all of one width; the last class is open upwards.

    Up to just past the largest value, or, with sizes, past what nearly all land keeps below: a
    sliver of an area with a road along it would else leave one colour to all the others.

    Parameters
    ----------
    values : array, shape (N,)
        NaN where there is nothing to measure.
    sizes : array, shape (N,), optional
        Land of each.

    Returns
    -------
    list of float
        Limits, one more than there are classes.

    Examples
    --------
    >>> rounded(np.array([0.3, 1.9]))
    [0.0, 0.5, 1.0, 1.5, 2.0]
    """
    known: Any = np.flatnonzero(~np.isnan(values)) if len(values) else []
    top = float(np.max(values[known])) if len(known) else 0.0
    if top > 0 and sizes is not None:
        order = known[np.argsort(values[known], kind="stable")]
        share = np.cumsum(sizes[order]) / np.sum(sizes[order])
        top = float(values[order][np.searchsorted(share, NEARLY_ALL)]) or top
    if top <= 0:
        return [0.0, 1.0]
    rough = top / CLASSES
    power = 10 ** math.floor(math.log10(rough))
    width = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-9))
    count = math.ceil(top / width - 1e-9)
    return [round(width * at, 10) for at in range(count + 1)]


def _given(breaks: Sequence[float], known: NDArray[Any]) -> list[float]:
    try:
        out = [float(one) for one in breaks]
    except (TypeError, ValueError):
        raise InputError(f"breaks={breaks!r}: give limits as numbers, such as [0, 4, 8].") from None
    rising = all(low < high for low, high in itertools.pairwise(out))
    if not 2 <= len(out) <= CLASSES + 1 or not rising or not all(map(math.isfinite, out)):
        raise InputError(
            f"breaks={out}: limits rise from one to the next, 2 to {CLASSES + 1} of them."
        )
    if len(known) and known[0] < out[0]:
        raise InputError(
            f"breaks={out}: {known[0]:g} lies below the first limit and would have no colour. "
            f"Begin with {math.floor(known[0]):g}; the last class is open upwards."
        )
    return out


def _peer(scheme: str, known: NDArray[Any]) -> list[float]:
    """A scheme of mapclassify, by its name in any spelling."""
    there = f"without it there are {', '.join(OURS)} and limits of your own"
    try:
        peer: Any = importlib.import_module("mapclassify")
    except ImportError:
        raise InputError(
            f"breaks={scheme!r} is a scheme of mapclassify, which is not installed; {there}."
        ) from None
    found = {one.lower(): one for one in peer.CLASSIFIERS}
    name = found.get(scheme.lower().replace("_", ""))
    if name is None:
        raise InputError(f"breaks={scheme!r}: mapclassify has no such scheme; {there}.")
    made = getattr(peer, name)
    # Some schemes choose the number of classes themselves.
    takes = "k" in made.__init__.__code__.co_varnames
    inner = (made(known, k=CLASSES) if takes else made(known)).bins
    return _bounded(known, np.asarray(inner, dtype=float)[:-1])[: CLASSES + 1]


def _alike(known: NDArray[Any]) -> NDArray[Any]:
    """Values as a reader tells them apart: two that differ by rounding share a class."""
    top = float(np.abs(known).max())
    if top == 0:
        return known
    told: NDArray[Any] = np.round(known, DIGITS - 1 - math.floor(math.log10(top)))
    return told


def _halfway(known: NDArray[Any], inner: NDArray[Any]) -> NDArray[Any]:
    """A limit between two values rather than on one, so that the lower keeps its class."""
    above = np.searchsorted(known, inner, "right")
    there = above < len(known)
    between: NDArray[Any] = (inner[there] + known[above[there]]) / 2
    return between


def _natural(values: NDArray[Any]) -> NDArray[Any]:
    """Limits of the classes whose squared differences from their means are least."""
    if len(values) > MOST_VALUES:
        values = values[np.linspace(0, len(values) - 1, MOST_VALUES).astype(int)]
    distinct, many = np.unique(values, return_counts=True)
    classes = min(CLASSES, len(distinct))
    count = np.concatenate([[0.0], np.cumsum(many)])
    total = np.concatenate([[0.0], np.cumsum(many * distinct)])
    square = np.concatenate([[0.0], np.cumsum(many * distinct**2)])
    best = np.full(len(distinct) + 1, np.inf)
    best[0] = 0.0
    cuts = []
    for _ in range(classes):
        after, chosen = np.full_like(best, np.inf), np.zeros(len(best), dtype=int)
        for end in range(1, len(best)):
            n, s = count[end] - count[:end], total[end] - total[:end]
            cost = best[:end] + (square[end] - square[:end]) - s * s / n
            chosen[end] = int(np.argmin(cost))
            after[end] = cost[chosen[end]]
        best = after
        cuts.append(chosen)
    out, end = [], len(distinct)
    for chosen in reversed(cuts):
        end = int(chosen[end])
        if end:
            out.append((distinct[end - 1] + distinct[end]) / 2)
    return np.array(out[::-1])


def _bounded(known: NDArray[Any], inner: NDArray[Any]) -> list[float]:
    """Limits with as few decimals as keep them apart and every value in its class."""
    edges = np.unique(inner)
    low, high = float(known[0]), float(known[-1])
    for decimals in range(7):
        step = 10.0**-decimals
        ends = [math.floor(low / step) * step, math.ceil(high / step) * step]
        ends[1] += step if ends[1] <= ends[0] else 0
        out = np.round([ends[0], *edges, ends[1]], decimals)
        same = np.searchsorted(out[1:-1], known, "right") == np.searchsorted(edges, known, "right")
        if (np.diff(out) > 0).all() and same.all():
            break
    else:
        out = np.array([low, *edges[(edges > low) & (edges < high)], max(high, low + 1e-6)])
    return [float(one) + 0.0 for one in out]
