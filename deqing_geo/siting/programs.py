"""The best choice, proved: bounds first, whole numbers last.

Greedy and exchange find a good choice, prices prove how good (`covering`), and candidates
that no better choice can have fall out; the integer program (HiGHS) is asked only about the
few that are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack

from deqing_geo.siting.covering import (
    EQUAL,
    Ceiling,
    Choice,
    Clock,
    Instance,
    ceiling,
    reduced,
    sure,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

# The integer program is first asked about the most promising: so many times the number
# wanted, and not more pairs than it settles in a second or two.
PROMISING, PROMISING_MORE, PROMISING_PAIRS = 4, 40, 20_000
# Not more branches than these there, so that the answer does not hang on how fast a machine is.
PROMISING_NODES = 200
# Of the time left, how much one such program may take at most.
PROMISING_SHARE = 0.25
# The last one may overrun what it is given while a linear program is under way.
LAST_SHARE = 0.8
# HiGHS calls a tenth of a thousandth proved; we ask for more.
MIP_GAP = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A choice, what it is worth, and what none exceeds.

    Attributes
    ----------
    chosen : tuple of int
        Positions of candidates.
    value : float
        What they cover.
    known : Ceiling
        Bounds for this and other numbers; ``known.most[count]`` holds for this one.
    bound : float
        What no choice of so many candidates exceeds.
    """

    chosen: tuple[int, ...]
    value: float
    known: Ceiling
    bound: float


def best_choice(
    instance: Instance,
    count: int,
    clock: Clock,
    *,
    exact_pairs: int,
    start: tuple[int, ...] = (),
    price: Floats | None = None,
    widest: int | None = None,
    enough: float = np.inf,
) -> Found:
    """The most that `count` candidates cover, and how sure that is.

    Parameters
    ----------
    instance : Instance
        What is chosen from.
    count : int
        How many.
    clock : Clock
        When to stop.
    exact_pairs : int
        The integer program is asked about at most so many pairs.
    start : tuple of int
        A choice to begin with; it is filled up.
    price : array of float, optional
        Prices to begin with.
    widest : int, optional
        Bounds are given for up to so many.
    enough : float
        A choice worth this will do, and a proof that there is none.

    Returns
    -------
    Found
        The choice has fewer than `count` where no other adds anything.

    Examples
    --------
    The largest first would leave one of the other two; together they cover more:

    >>> from deqing_geo.siting.covering import instance_of
    >>> instance = instance_of(
    ...     np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 2, 1, 3]), np.ones(6),
    ...     np.array([3.0, 3.0, 2.0, 2.0]), 3,
    ... )
    >>> best_choice(instance, 2, Clock(5), exact_pairs=100).chosen
    (1, 2)
    """
    equal = EQUAL * instance.whole
    count = min(count, instance.count)
    choice = Choice(instance, start[:count]).grow(count)
    best = list(choice.exchange(clock, enough).chosen)
    wanted = enough if np.isfinite(enough) else -np.inf
    known = ceiling(instance, count, best, clock, price=price, widest=widest, below=wanted)
    bound = float(known.most[count])

    def improved(other: list[int]) -> list[int]:
        """The other choice, after exchanges, if it is the better one."""
        if _value(instance, other) <= _value(instance, best) + equal:
            return best
        return list(Choice(instance, other).exchange(clock, enough).chosen)

    def settled() -> bool:
        value = _value(instance, best)
        return bound <= value + equal or value >= enough or bound < wanted or clock.left <= 0

    best = improved(known.chosen)
    if not settled():
        best = improved(_promising(instance, known, count, _value(instance, best), clock))
    if not settled():
        value = _value(instance, best)
        out, into = sure(known, count, value)
        kept = np.flatnonzero(~out)
        if len(kept) <= count:
            best = improved(kept.tolist())
            bound = min(bound, _value(instance, best))
        else:
            share, worth = reduced(instance, kept)
            if share.nnz <= exact_pairs:
                seconds = clock.left * LAST_SHARE
                found, limit = _program(share, worth, count, into[kept], value, seconds)
                best = improved(kept[found].tolist())
                bound = min(bound, max(limit, value))
    value = _value(instance, best)
    bound = max(bound, value)
    known.most[count] = bound
    return Found(tuple(sorted(best)), value, known, bound)


def _value(instance: Instance, chosen: list[int]) -> float:
    return instance.value(instance.covered(chosen))


def _promising(
    instance: Instance, known: Ceiling, count: int, value: float, clock: Clock
) -> list[int]:
    """The best of those dearest at the prices known: seldom far from the best of all."""
    order = np.argsort(-known.dear, kind="stable")
    most = PROMISING * count + PROMISING_MORE
    pairs = np.cumsum(np.diff(instance.share.indptr)[order])
    some = max(count, min(most, int(np.searchsorted(pairs, PROMISING_PAIRS, side="right"))))
    kept = np.sort(order[:some])
    share, worth = reduced(instance, kept)
    seconds = clock.left * PROMISING_SHARE
    none = np.zeros(len(kept), dtype=bool)
    found, _ = _program(share, worth, count, none, value, seconds, nodes=PROMISING_NODES)
    out: list[int] = kept[found].tolist()
    return out


def _program(
    share: csr_array,
    worth: Floats,
    count: int,
    into: Bools,
    value: float,
    seconds: float,
    nodes: int | None = None,
) -> tuple[Ints, float]:
    """Ask HiGHS for a choice worth more than `value`; with what it proved in the time.

    No choice at all where it found none.
    """
    # A second to load, and many questions are answered without it.
    from scipy.optimize import Bounds, LinearConstraint, milp

    pieces, candidates = share.shape
    both = candidates + pieces
    covers = hstack([-share, eye_array(pieces)], format="csr")
    number = csr_array(np.concatenate([np.ones(candidates), np.zeros(pieces)])[None, :])
    gain = csr_array(np.concatenate([np.zeros(candidates), worth])[None, :])
    least = np.zeros(both)
    least[:candidates] = into
    done = milp(
        -np.concatenate([np.zeros(candidates), worth]),
        integrality=np.concatenate([np.ones(candidates), np.zeros(pieces)]),
        bounds=Bounds(least, 1.0),
        constraints=[
            LinearConstraint(covers, -np.inf, 0.0),
            LinearConstraint(number, -np.inf, count),
            LinearConstraint(gain, value, np.inf),
        ],
        options={
            "time_limit": max(seconds, 0.01),
            "mip_rel_gap": MIP_GAP,
            **({"node_limit": nodes} if nodes else {}),
        },
    )
    # 2: nothing covers more than what we have.
    proved = value if done.status == 2 else np.inf
    if done.mip_dual_bound is not None and np.isfinite(done.mip_dual_bound):
        proved = -float(done.mip_dual_bound)
    if done.x is None:
        return np.zeros(0, dtype=np.int64), proved
    return np.flatnonzero(np.round(done.x[:candidates]) == 1), proved
