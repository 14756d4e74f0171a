"""How close the call was: every village judged a thousand times under numbers a little other.

Weights, thresholds and the cut of the potential are drawn; declared facts stay as declared.
What comes out is internal: a planner sees one flag (建议复核). No draw changes a type.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.errors import InputError
from deqing_geo.villages.conditions import Given
from deqing_geo.villages.grounds import ANSWERS
from deqing_geo.villages.potential import TOPSIS, open_links, scored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.villages.grounds import Grounds
    from deqing_geo.villages.potential import Potential

    Floats = NDArray[np.float64]

DRAWS = 1000
# Villages are taken so many at a time that villages by draws are no more than this: an array
# of numbers is then 8 MB, and stays in the processor's cache for the most part.
CELLS = 1_000_000
# A count of villages and a grade on a scale of whole degrees are no measurement: a tenth more
# of either means nothing.
FIXED_UNITS = ("village", "intensity")
SPREAD = "village.score_spread"
CONSTRAINT = "village.constraint"
RULES = ("village.doubt_limits", "village.doubt_weights", "village.doubt_spread",
         "village.stability")  # fmt: skip
COLUMNS = (*(f"p_{answer}" for answer in ANSWERS), "stability", "second_type")


def doubt(grounds: Grounds, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """How often each village comes to each type when the numbers are a little other.

    In every draw the weights of the potential come from a Dirichlet distribution around those
    in force, every threshold from a uniform one around its own, and so does the multiple of the
    standard deviation in the cut. Facts stay. Each number has a source of chance of its
    own, named after it: neither the order nor the number of villages, nor any other number of
    the scheme, changes what is drawn of it.

    Parameters
    ----------
    grounds : Grounds
        What the judgement rested on.
    draws : int
        How many, 1 or more.
    seed : int
        The same seed draws the same.

    Returns
    -------
    DataFrame
        One row per village: ``p_suburban`` … ``p_relocate``, ``p_missing`` and ``p_urban``
        (shares of the draws, which add up to 1), ``stability`` (the share of what the rules
        say) and ``second_type`` (what comes next; empty where nothing else came).

    Notes
    -----
    With 1000 draws the standard error of a share is at most 0.016. Mean and standard
    deviation of the scores in a draw need no score: they are ``m.w`` and ``sqrt(w.C.w)`` with
    the mean m and the covariance C of the indicators among the villages compared. A cut that
    was not fitted in this run (a frozen one) moves by as much as the fitted one would.
    """
    limits = drawn_limits(grounds, draws, seed)
    facts, scores = grounds.facts, grounds.scores
    weights = cuts = None
    if scores is not None and scores.levels:
        weights = drawn_weights(grounds, draws, seed)
        cuts = drawn_cuts(grounds, weights, drawn_spread(grounds, draws, seed))
    count = len(facts)
    found = np.zeros((count, len(ANSWERS)))
    step = max(1, CELLS // draws)
    for first in range(0, count, step):
        rows = slice(first, first + step)
        given = Given(facts.iloc[rows], deep=True)
        replaced = _links(grounds, rows, limits)
        if scores is not None and weights is not None and cuts is not None:
            level = scores.level[rows]
            replaced["potential"] = _scored(scores, rows, weights)
            # Who takes no part has no cut; the row added at the end says so.
            replaced["potential_cut"] = np.vstack([cuts, np.full((1, draws), np.nan)])[level]
        answer, _ = grounds.answers(given.having(**replaced), limits)
        answer = np.broadcast_to(answer, (answer.shape[0], draws))
        for at in range(len(ANSWERS)):
            found[rows, at] = (answer == at).sum(axis=1)
    base = grounds.answers(grounds.given, grounds.limits)[0][:, 0].astype(int)
    return _table(found / draws, base, grounds.facts.index)


def check_draws(draws: int, seed: int) -> None:
    """Refuse what cannot be drawn.

    Parameters
    ----------
    draws : int
        0 or more.
    seed : int
        0 or more.

    Raises
    ------
    InputError
        If either is no whole number, or too small.
    """
    for name, value in (("draws", draws), ("seed", seed)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < 0:
            raise InputError(f"`{name}` is a whole number from 0 on, not {value!r}.")


def drawn_limits(grounds: Grounds, draws: int, seed: int) -> dict[str, Any]:
    """The thresholds of every draw.

    Parameters
    ----------
    grounds : Grounds
        Whose rungs are in force.
    draws, seed : int
        As for `doubt`.

    Returns
    -------
    dict of str to ndarray of shape (1, draws)
        By key; one number where it stays as it is.
    """
    width = grounds.law.rule("village.doubt_limits").value
    out: dict[str, Any] = {}
    for key, value in grounds.limits.items():
        unit = grounds.law.rule(key).unit
        if unit in FIXED_UNITS:
            out[key] = value
            continue
        factor = _chance(seed, f"limit {key}").uniform(1 - width, 1 + width, draws)
        drawn = value * factor
        out[key] = (np.clip(drawn, 0, 1) if unit == "ratio" else drawn)[None, :]
    return out


def drawn_weights(grounds: Grounds, draws: int, seed: int) -> Floats:
    """The weights of every draw, level by level.

    Parameters
    ----------
    grounds : Grounds
        With scores.
    draws, seed : int
        As for `doubt`.

    Returns
    -------
    ndarray of shape (L, k, draws)
        Each column of a level adds up to 1; 0 where an indicator is left out.

    Notes
    -----
    Dirichlet(50 w), as gamma variates over their sum.
    """
    scores = grounds.scores
    assert scores is not None
    tight = grounds.law.rule("village.doubt_weights").value
    out = np.zeros((*scores.base.shape, draws))
    for level, name in enumerate(scores.levels):
        for at, column in enumerate(scores.columns):
            weight = scores.base[level, at]
            if weight > 0:
                chance = _chance(seed, f"weight {name} {column}")
                out[level, at] = chance.gamma(tight * weight, size=draws)
    whole = out.sum(axis=1, keepdims=True)
    # Gamma variates of a tiny weight may all be 0 in a draw: then the weights in force stand.
    return np.where(whole > 0, out / np.where(whole > 0, whole, 1), scores.base[:, :, None])


def drawn_spread(grounds: Grounds, draws: int, seed: int) -> Floats:
    """By how many standard deviations a score has to pass the mean, in every draw.

    Parameters
    ----------
    grounds : Grounds
        Whose law has the number in force, which stays in the middle.
    draws, seed : int
        As for `doubt`.

    Returns
    -------
    ndarray of shape (draws,)
        0.25 to 0.75 around 0.5.
    """
    middle = grounds.law.rule(SPREAD).value
    reach = grounds.law.rule("village.doubt_spread").value
    return _chance(seed, f"limit {SPREAD}").uniform(middle - reach, middle + reach, draws)


def drawn_cuts(grounds: Grounds, weights: Floats, spread: Floats) -> Floats:
    """The cut of every level in every draw, without scoring a village.

    Parameters
    ----------
    grounds : Grounds
        With scores.
    weights : ndarray of shape (L, k, draws)
        Of `drawn_weights`.
    spread : ndarray of shape (draws,)
        Of `drawn_spread`.

    Returns
    -------
    ndarray of shape (L, draws)
        Mean and so many standard deviations of the scores.
    """
    scores = grounds.scores
    assert scores is not None
    out = np.empty((len(scores.levels), weights.shape[2]))
    middle_spread = grounds.law.rule(SPREAD).value
    for level in range(len(scores.levels)):
        z = scores.z[scores.level == level]
        if scores.fit.method == TOPSIS:
            mean, sd = _of_closeness(z, weights[level])
            base = scored(z, scores.base[level], TOPSIS)
            fitted = base.mean() + middle_spread * base.std()
        else:
            mean, sd = moments(z, weights[level])
            base_mean, base_sd = moments(z, scores.base[level][:, None])
            fitted = float(base_mean[0] + middle_spread * base_sd[0])
        # A frozen cut is as far from that of this year's villages as it was.
        held = float(scores.cut[scores.level == level][0])
        out[level] = mean + spread * sd + (held - fitted)
    return out


def moments(z: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of weighted sums, without summing a row.

    Parameters
    ----------
    z : ndarray of shape (N, k)
        The indicators.
    weights : ndarray of shape (k, D)
        One column a draw.

    Returns
    -------
    mean, sd : ndarray of shape (D,)
        Of ``z @ weights`` over the rows: ``m.w`` and ``sqrt(w.C.w)``.
    """
    away = z - z.mean(axis=0)
    variance = np.einsum("kd,kd->d", weights, (away.T @ away / len(z)) @ weights)
    return z.mean(axis=0) @ weights, np.sqrt(np.maximum(variance, 0))


def _of_closeness(z: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The same of closeness, which has no closed form: summed some villages at a time."""
    draws = weights.shape[1]
    total, squares = np.zeros(draws), np.zeros(draws)
    step = max(1, CELLS // draws)
    for first in range(0, len(z), step):
        found = _closeness(z[first : first + step], weights)
        total += found.sum(axis=0)
        squares += (found**2).sum(axis=0)
    mean = total / len(z)
    return mean, np.sqrt(np.maximum(squares / len(z) - mean**2, 0))


def _closeness(z: Floats, weights: Floats) -> Floats:
    to_worst, to_best = np.sqrt(z**2 @ weights**2), np.sqrt((1 - z) ** 2 @ weights**2)
    return np.asarray(to_worst / (to_best + to_worst))


def _scored(scores: Potential, rows: slice, weights: Floats) -> Floats:
    z, level = scores.z[rows], scores.level[rows]
    out = np.full((len(z), weights.shape[2]), np.nan)
    for at in range(len(weights)):
        here = level == at
        if here.any():
            way = _closeness if scores.fit.method == TOPSIS else np.matmul
            out[here] = way(z[here], weights[at])
    return out


def _links(grounds: Grounds, rows: slice, limits: Mapping[str, Any]) -> dict[str, Floats]:
    """The constraint where a part of it is not known: whether that matters hangs on the limit."""
    if "constraint" not in grounds.facts or CONSTRAINT not in limits:
        return {}
    found = open_links(grounds.facts.iloc[rows], grounds.scheme.scores)
    if found is None or not found[1].any():
        return {}
    worst, unknown = (one[:, None] for one in found)
    with np.errstate(invalid="ignore"):
        return {"constraint": np.where(unknown & ~(worst >= limits[CONSTRAINT]), np.nan, worst)}


def _chance(seed: int, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))


def _table(shares: Floats, base: NDArray[np.int64], index: pd.Index[Any]) -> pd.DataFrame:
    table = pd.DataFrame(shares, columns=[f"p_{answer}" for answer in ANSWERS], index=index)
    every = np.arange(len(shares))
    table["stability"] = shares[every, base] if len(shares) else np.zeros(0)
    others = shares.copy()
    others[every, base] = 0
    second = others.argmax(axis=1) if len(others) else np.zeros(0, dtype=int)
    words = np.array(ANSWERS, dtype=object)[second]
    words[others[every, second] == 0] = None
    table["second_type"] = words
    return table
