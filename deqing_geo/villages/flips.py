"""What would change a village's type: the nearest single number, and what is still possible.

One fact at a time is put just across a limit and the whole ladder asked again. All other
facts, the other villages, and the bounds and the cut of the potential stay as they are; so do
minutes to the nearest centre where those to the county seat are moved.
Nothing here says that a number should change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.text import figure
from deqing_geo.villages.cells import BELOW_ZERO
from deqing_geo.villages.conditions import (
    BOUNDS,
    NO,
    UNKNOWN,
    YES,
    Given,
    compare,
    leaves,
    truth,
)
from deqing_geo.villages.grounds import ANSWERS, MISSING
from deqing_geo.villages.kinds import COMPUTED, called
from deqing_geo.villages.potential import TOPSIS, scored
from deqing_geo.villages.wording import DECIMALS, shown_rule, shown_value, shown_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.villages.grounds import Grounds
    from deqing_geo.villages.scheme import Rung

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

COLUMNS = ("nearest_flip", "flip_margin", "flip_fact", "flip_to", "flip_type")
CUT = "potential_cut"
# So much farther than the sum says, so that a score that is to reach a cut does reach it.
BEYOND = 1e-9
# A billionth of the way, which is less than any figure shown.
HALVINGS = 40
SCORE_DECIMALS = RATIO_DECIMALS = 4
HOLDS_FROM = ("at_least", "above")
# A reached limit is named as it is; one to be passed, with these words. 以上 and 以下 would
# include it.
PAST = {True: "超过", False: "不足"}
WAY = {True: "增至", False: "降至"}


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """One column put across one limit, in every village at once.

    Attributes
    ----------
    column : str
        The fact that changes.
    to : ndarray of float, shape (N,)
        Its new value; NaN where it cannot change so.
    margin : ndarray of float, shape (N,)
        How far that is, by the limit.
    limit : float, str or ndarray
        What is crossed: the key of a rule, or numbers.
    bound : str
        How it is compared.
    score : bool
        Whether it is the potential that crosses its cut by this.
    """

    column: str
    to: Floats
    margin: Floats
    limit: Any
    bound: str
    score: bool = False


def flips(grounds: Grounds, agreed: Bools, *, among: Bools | None = None) -> pd.DataFrame:
    """The nearest flip of each village: the single number by which it would be another type.

    Parameters
    ----------
    grounds : Grounds
        What the judgement rested on.
    agreed : ndarray of bool, shape (N,)
        Whose meeting has agreed to a relocation; elsewhere one is a candidate and named so.
    among : ndarray of bool, shape (N,), optional
        Villages to ask; by default all. Those that wait for data or take no part have none.

    Returns
    -------
    DataFrame
        One row per village: ``nearest_flip`` (a Chinese sentence, empty where nothing within
        ``village.flip_reach`` of a limit flips),
        ``flip_margin`` (distance to the limit over the limit), and for machines ``flip_fact``,
        ``flip_to`` (a value that does it) and ``flip_type``.

    Notes
    -----
    The potential is on a scale of its own: its margin is the distance of the score to the cut
    over the cut. The sentence names the indicator that would close it by the least change of
    its own value, or says that none can alone.
    """
    facts = grounds.given
    limits = grounds.limits
    answer, place = (one[:, 0] for one in grounds.answers(facts, limits))
    count = len(answer)
    asked = (answer != MISSING) & (answer != ANSWERS.index("urban"))
    asked &= True if among is None else among
    # A village none of whose homes lie in a protection zone is not near one.
    reach = grounds.law.rule("village.flip_reach").value
    best = np.full(count, np.inf)
    # The least change of its own value settles which indicator is named.
    effort = np.full(count, np.inf)
    which = np.full(count, -1)
    becomes = place.copy()
    moves: list[Move] = []
    for move in _moves(grounds, facts):
        known = asked & ~np.isnan(move.to)
        if not known.any():
            continue
        given = _given(grounds, facts, move, known)
        other, rung = (one[:, 0] for one in grounds.answers(given, limits))
        flipped = known & (other != answer) & (other != MISSING)
        cost = _effort(grounds, move)
        nearer = (move.margin < best) | ((move.margin == best) & (cost < effort))
        here = flipped & nearer & (move.margin <= reach)
        best[here], effort[here] = move.margin[here], cost[here]
        which[here], becomes[here] = len(moves), rung[here]
        moves.append(move)
    return _table(grounds, moves, which, best, becomes, agreed)


def possible_types(grounds: Grounds, agreed: Bools) -> list[str]:
    """What a village that waits for data could still come to, in words.

    Parameters
    ----------
    grounds : Grounds
        What the judgement rested on.
    agreed : ndarray of bool, shape (N,)
        Whose meeting has agreed to a relocation.

    Returns
    -------
    list of str
        One a village, such as ``城郊融合类或整治提升类``; empty where nothing is waited for.

    Notes
    -----
    Every rung that is not surely no, from the one that could not be told down to the first that
    surely holds. Gaps are taken one by one, so some combination may be impossible after all.
    """
    given, limits = grounds.given, grounds.limits
    answer = grounds.answers(given, limits)[0][:, 0]
    out = np.full(len(answer), "", dtype=object)
    rows = np.flatnonzero(answer == MISSING)
    if not len(rows):
        return out.tolist()
    if grounds.nothing:
        # Every condition is as open as every other.
        rungs = tuple(rung for rung in grounds.scheme.rungs if rung.type != "urban")
        out[rows] = _words(rungs, [UNKNOWN] * len(rungs), False)
        return out.tolist()
    held = np.hstack([truth(rung.when, given, limits)[rows] for rung in grounds.rungs])
    key = np.column_stack([held, agreed[rows]])
    patterns, at = np.unique(key, axis=0, return_inverse=True)
    words = [_words(grounds.rungs, one[:-1], bool(one[-1])) for one in patterns]
    out[rows] = np.array(words, dtype=object)[at.ravel()]
    return out.tolist()


def said_of(rung: Rung, agreed: bool) -> str:
    """What a rung makes of a village, as a reader knows it.

    Parameters
    ----------
    rung : Rung
        Of the ladder.
    agreed : bool
        Whether the village's meeting has agreed to a relocation.

    Returns
    -------
    str
        A candidate is never said to be relocated.
    """
    if rung.candidate and not agreed:
        return f"拟列入{called(rung.type)}(须征求村民意见)"
    return called(rung.type)


def _words(rungs: tuple[Rung, ...], held: Any, agreed: bool) -> str:
    out: dict[str, None] = {}
    for rung, one in zip(rungs, held, strict=True):
        if one != NO:
            out[said_of(rung, agreed)] = None
        if one == YES:
            break
    *before, last = out
    return f"{'、'.join(before)}或{last}" if before else last


# ---------------------------------------------------------------- what can move


def _moves(grounds: Grounds, given: Given) -> Iterator[Move]:
    """Every column with every limit, each once."""
    seen: set[tuple[Any, ...]] = set()
    for rung in grounds.rungs:
        for leaf in leaves(rung.when):
            bound = next((one for one in (*BOUNDS, "at_least_column") if one in leaf), None)
            if bound is None or leaf["column"] not in given:
                continue
            key = (leaf["column"], bound, leaf[bound])
            if key not in seen:
                seen.add(key)
                yield from _of_leaf(grounds, given, leaf["column"], bound, leaf[bound])


def _of_leaf(
    grounds: Grounds, given: Given, column: str, bound: str, against: str
) -> Iterator[Move]:
    if column == "potential":
        if bound != "at_least_column":
            yield from _of_potential(grounds, _rule(grounds, against), against)
        elif against == CUT:
            yield from _of_potential(grounds, given.number(CUT)[:, 0], against)
    elif column == "constraint":
        for score in grounds.scheme.scores:
            if score.column not in grounds.facts or score.words:
                continue
            values = _numbers(grounds, score.column)
            for step in score.steps[1:]:
                yield _across(score.column, values, "at_least", step, step)
            if not score.steps:
                yield _across(score.column, values, bound, _rule(grounds, against), against)
    # Of what is computed only the parts can change: they are asked instead.
    elif column not in COMPUTED:
        values = given.number(column)[:, 0]
        if bound == "at_least_column":
            other = given.number(against)[:, 0]
            yield _across(column, values, "at_least", other, other)
        else:
            yield _across(column, values, bound, _rule(grounds, against), against)


def _rule(grounds: Grounds, key: str) -> float:
    return grounds.law.rule(key).value


def _numbers(grounds: Grounds, column: str) -> Floats:
    return np.asarray(grounds.facts[column].to_numpy(dtype=float, na_value=np.nan))


def _across(column: str, values: Floats, bound: str, limit: Any, named: Any) -> Move:
    """To the other side of a limit: on it where that is enough, else just past it."""
    with np.errstate(invalid="ignore", divide="ignore"):
        upward = compare(values, bound, limit) != (bound in HOLDS_FROM)
        to = np.where(upward, *_targets(column, bound, limit))
        margin = np.abs(values - limit) / np.abs(limit)
    known = names.registry()[column]
    odd = np.isnan(values) | ((to < 0) & (column not in BELOW_ZERO))
    odd |= (to > 1) & (known.unit == "ratio")
    return Move(column, np.where(odd, np.nan, to), margin, named, bound)


def _targets(column: str, bound: str, limit: Any) -> tuple[Any, Any]:
    """Where to go, upward and downward, for the comparison to come out otherwise."""
    on_when_up = bound in ("at_least", "below")
    on_when_down = bound in ("at_most", "above")
    if names.registry()[column].dtype == "int":
        up = np.ceil(limit) if on_when_up else np.floor(limit) + 1
        down = np.floor(limit) if on_when_down else np.ceil(limit) - 1
        return up, down
    up = limit if on_when_up else np.nextafter(limit, np.inf)
    down = limit if on_when_down else np.nextafter(limit, -np.inf)
    return up, down


def _of_potential(grounds: Grounds, cut: Any, named: str) -> Iterator[Move]:
    """The score across its cut, by each indicator alone, or by several together."""
    scores = grounds.scores
    if scores is None:
        return
    gap = cut - scores.score
    with np.errstate(invalid="ignore", divide="ignore"):
        margin = np.abs(gap) / np.abs(cut)
        up = gap > 0
        beyond = gap + np.where(up, BEYOND, -BEYOND)
    for at, column in enumerate(scores.columns):
        if column not in grounds.facts or not scores.base[:, at].any():
            continue
        values, to = _numbers(grounds, column), np.full(len(gap), np.nan)
        for level in range(len(scores.levels)):
            weight = scores.base[level, at]
            rows = (scores.level == level) & ~np.isnan(values)
            if not weight or not rows.any():
                continue
            bound = grounds.bound(level, column)
            if scores.fit.method == TOPSIS:
                z = _by_halves(scores.z[rows], at, scores.base[level], (cut + beyond - gap)[rows])
            else:
                z = scores.z[rows, at] + beyond[rows] / weight
            place = 1 - z if bound.less else z
            wanted = bound.least + place * (bound.most - bound.least)
            to[rows] = np.where((z >= 0) & (z <= 1), wanted, np.nan)
        to = _outward(column, to, up=to > values)
        if column not in BELOW_ZERO:
            to = np.where(to < 0, np.nan, to)
        yield Move(column, to, margin, named, "at_least", score=True)
    yield Move("potential", scores.score + beyond, margin, named, "at_least", score=True)


def _by_halves(z: Floats, at: int, weights: Floats, goal: Floats) -> Floats:
    """Where one indicator has to be for the closeness to come to a goal; beyond 0-1 if nowhere.

    The closeness grows with every indicator, so halving what is left finds it.
    """

    def close(place: Floats) -> Floats:
        moved = z.copy()
        moved[:, at] = place
        return scored(moved, weights, TOPSIS)

    low, high = np.zeros(len(z)), np.ones(len(z))
    never = (close(low) > goal) | (close(high) < goal)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = close(middle) < goal
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.where(never, np.nan, np.where(goal > close(z[:, at]), high, low))


def _given(grounds: Grounds, given: Given, move: Move, rows: Bools) -> Given:
    if move.column == "potential":
        return given.having(potential=move.to[:, None])
    values = np.where(rows, move.to, _numbers(grounds, move.column))
    return grounds.moved(given, move.column, values)


def _effort(grounds: Grounds, move: Move) -> Floats:
    if not move.score:
        return np.zeros(len(move.to))
    if move.column == "potential":
        # Only where no indicator can alone.
        return np.full(len(move.to), np.finfo(float).max)
    values = _numbers(grounds, move.column)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.maximum(np.abs(values), np.abs(move.to))
        found = np.where(size > 0, np.abs(move.to - values) / size, 0)
    return np.nan_to_num(found, nan=np.inf)


# ---------------------------------------------------------------- sentences


def _table(
    grounds: Grounds,
    moves: list[Move],
    which: NDArray[np.int64],
    best: Floats,
    becomes: Any,
    agreed: Bools,
) -> pd.DataFrame:
    count = len(which)
    out: dict[str, Any] = {
        "nearest_flip": np.full(count, "", dtype=object),
        "flip_margin": np.where(which >= 0, best, np.nan),
        "flip_fact": np.full(count, None, dtype=object),
        "flip_to": np.full(count, np.nan),
        "flip_type": np.full(count, None, dtype=object),
    }
    for at, move in enumerate(moves):
        rows = np.flatnonzero(which == at)
        if not len(rows):
            continue
        out["flip_fact"][rows] = move.column
        out["flip_to"][rows] = move.to[rows]
        out["flip_type"][rows] = [grounds.rungs[one].type for one in becomes[rows]]
        kinds = [
            said_of(grounds.rungs[one], bool(yes))
            for one, yes in zip(becomes[rows], agreed[rows], strict=True)
        ]
        changes = _by_score(grounds, move, rows) if move.score else _by_fact(grounds, move, rows)
        out["nearest_flip"][rows] = [
            f"若{change}则{'' if kind.startswith('拟') else '为'}{kind}"
            for change, kind in zip(changes, kinds, strict=True)
        ]
    index = grounds.facts.index
    # As objects: pandas would make texts with gaps into another kind of column.
    series = {name: pd.Series(one, index=index, dtype=one.dtype) for name, one in out.items()}
    return pd.DataFrame(series, index=index)


def _by_fact(grounds: Grounds, move: Move, rows: NDArray[np.int64]) -> list[str]:
    values, to = _numbers(grounds, move.column)[rows], move.to[rows]
    label = names.label(move.column)
    if isinstance(move.limit, str):
        rule = grounds.law.rule(move.limit)
        limits = np.full(len(rows), rule.value)
        # A number of the constraint is put to one of its parts, which has a unit of its own.
        one = shown_rule(rule) if rule.unit != "score" else shown_value(move.column, rule.value)
        shown = [one] * len(rows)
    else:
        limits = np.broadcast_to(move.limit, (len(move.to),))[rows].astype(float)
        shown = shown_values(move.column, pd.Series(limits))
        known = names.registry()[move.column]
        if np.ndim(move.limit) == 0 and known.unit != "ratio":
            # A step of a table is written as the table has it.
            shown = [f"{move.limit:g}{known.unit_zh}"] * len(rows)
    before = shown_values(move.column, pd.Series(values), (), limits)
    on = compare(limits, move.bound, limits) == compare(to, move.bound, limits)
    up = to > values
    return [
        f"{label}由{was}{WAY[rises]}{'' if reached else PAST[rises]}{limit}"
        for was, limit, rises, reached in zip(before, shown, up.tolist(), on.tolist(), strict=True)
    ]


def _by_score(grounds: Grounds, move: Move, rows: NDArray[np.int64]) -> list[str]:
    scores = grounds.scores
    assert scores is not None
    cut = scores.cut if move.limit == CUT else np.full(len(move.to), _rule(grounds, move.limit))
    passed = [
        f"由{figure(score, SCORE_DECIMALS, against=[limit])}"
        f"{WAY[score < limit]}{'' if score < limit else PAST[False]}{figure(limit, SCORE_DECIMALS)}"
        for score, limit in zip(scores.score[rows].tolist(), cut[rows].tolist(), strict=True)
    ]
    score = names.label("potential")
    if move.column == "potential":
        return [f"{score}{one}(任一单项指标均不足以达到)" for one in passed]
    values, to = _numbers(grounds, move.column)[rows], move.to[rows]
    before = shown_values(move.column, pd.Series(values), (), to)
    after = shown_values(move.column, pd.Series(to))
    label = names.label(move.column)
    return [
        f"{label}由{was}{WAY[rises]}{becomes}({score}{one})"
        for was, becomes, rises, one in zip(
            before, after, (to > values).tolist(), passed, strict=True
        )
    ]


def _outward(column: str, values: Floats, *, up: Bools) -> Floats:
    """Rounded away from where they came from: what a reader is promised is then enough."""
    known = names.registry()[column]
    if known.dtype == "int":
        return np.where(up, np.ceil(values), np.floor(values))
    # Ratios are read as per cent with two decimals.
    decimals = RATIO_DECIMALS if known.unit == "ratio" else DECIMALS.get(known.unit, 2)
    scale = 10.0**decimals
    return np.round(
        np.where(up, np.ceil(values * scale), np.floor(values * scale)) / scale, decimals
    )
