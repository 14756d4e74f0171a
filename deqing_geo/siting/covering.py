"""Which few of many cover the most: the arithmetic of choosing, without any geometry.

Candidates cover shares of pieces; a piece is worth what it is worth, once. With shares of
0 and 1 this is the maximal covering location problem. With shares between them, a piece
counts as covered by the sum of its shares, at most 1: no less than the union really covers,
so the best of this model is never below the best in the field, and a proof here holds there.

References
----------
Church, R. and ReVelle, C. (1974). The maximal covering location problem. Papers of the
Regional Science Association 32, 101-118.
Nemhauser, G., Wolsey, L. and Fisher, M. (1978). An analysis of approximations for maximizing
submodular set functions I. Mathematical Programming 14, 265-294.
Fisher, M. (1981). The Lagrangian relaxation method for solving integer programming problems.
Management Science 27, 1-18.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

# Gains closer than this share of everything are equal: the last bits of a sum, and of the
# overlays behind it, choose nothing. The first in the order given is taken.
EQUAL = 1e-9
# Prices are moved at most so often, and the step shrinks after so many moves in vain.
MOVES, PATIENCE, SHRINK = 1_500, 15, 0.7
# A step this small moves nothing any more.
LEAST_STEP = 1e-3
FIRST_STEP = 1.5
# A bound that falls by less than this share has not moved.
FINE = 1e-7
# Of the chance numbers by which equal sets are known; any seed will do.
HASH_SEED = 330521


class Clock:
    """How much of the time allowed is left.

    Parameters
    ----------
    seconds : float
        Allowed, from now on.
    """

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; not below 0."""
        return max(0.0, self.end - time.monotonic())


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """Candidates, pieces, and how much of which piece each candidate covers.

    Attributes
    ----------
    share : sparse array, candidates by pieces
        In (0, 1]; what is not stored is 0.
    by_piece : sparse array, pieces by candidates
        The same the other way round.
    worth : array of float
        What each piece is worth.
    group : array of int
        For every piece given, the piece it became a part of; -1 where nobody covers it.
    """

    share: csr_array
    by_piece: csr_array
    worth: Floats
    group: Ints

    @property
    def count(self) -> int:
        """How many candidates there are."""
        return int(self.share.shape[0])

    @property
    def pairs(self) -> int:
        """How many pairs of a candidate and a piece it covers, all or in part."""
        return int(self.share.nnz)

    @property
    def whole(self) -> float:
        """What all pieces that somebody covers are worth."""
        return float(self.worth.sum())

    def covered(self, chosen: Iterable[int]) -> Floats:
        """The sum of shares of each piece, of those chosen."""
        out = np.zeros(len(self.worth))
        for one in chosen:
            at = slice(self.share.indptr[one], self.share.indptr[one + 1])
            # A candidate has a piece once, so no index repeats.
            out[self.share.indices[at]] += self.share.data[at]
        return out

    def value(self, cover: Floats) -> float:
        """What is covered is worth, each piece at most whole."""
        return total(self.worth, np.minimum(cover, 1.0))

    def gains(self, cover: Floats, rows: Ints | None = None) -> Floats:
        """What each candidate, or each of some, would add."""
        left = np.maximum(0.0, 1.0 - cover)
        share = self.share if rows is None else self.share[rows]
        each = np.minimum(share.data, left[share.indices]) * self.worth[share.indices]
        run = np.concatenate([[0.0], np.cumsum(each)])
        out: Floats = run[share.indptr[1:]] - run[share.indptr[:-1]]
        return out


def instance_of(
    candidate: Ints, piece: Ints, share: Floats, worth: Floats, candidates: int
) -> Instance:
    """The smallest instance with the same answers.

    Pieces that the same candidates cover wholly become one; what one candidate alone covers
    becomes one piece of that candidate; what nobody covers goes.

    Parameters
    ----------
    candidate, piece : array of int
        One entry per pair.
    share : array of float
        How much of the piece the candidate covers, in (0, 1].
    worth : array of float
        One per piece.
    candidates : int
        How many there are.

    Returns
    -------
    Instance
        Candidates as they were; pieces fewer.

    Examples
    --------
    Two pieces in reach of both candidates, one in reach of the second alone, one of nobody:

    >>> small = instance_of(
    ...     np.array([0, 1, 0, 1, 1]), np.array([0, 0, 1, 1, 2]), np.array([1, 1, 1, 1, 0.5]),
    ...     np.array([2.0, 3.0, 4.0, 9.0]), 2,
    ... )
    >>> small.worth.tolist(), small.group.tolist()
    ([5.0, 2.0], [0, 0, 1, -1])
    """
    pieces = len(worth)
    covers = np.bincount(piece, minlength=pieces)
    whole = np.bincount(piece, share >= 1.0, pieces) == covers
    solo = covers == 1
    worth = worth.copy()
    alone = solo[piece]
    worth[piece[alone]] *= share[alone]
    share = np.where(alone, 1.0, share)
    # Equal sets of candidates have equal sums of chance numbers; two sums are never both equal
    # by accident.
    chance = np.random.Generator(np.random.PCG64(HASH_SEED)).random((2, candidates))
    table = csr_array((share, (piece, candidate)), shape=(pieces, candidates))
    key = np.column_stack([table @ chance[0], table @ chance[1], np.zeros(pieces)])
    partly = ~(whole | solo)
    # Partly covered pieces stay apart: the same share need not be the same land.
    key[partly] = np.column_stack([np.zeros((partly.sum(), 2)), np.flatnonzero(partly)])
    there = np.flatnonzero(covers > 0)
    _, first, back = np.unique(key[there], axis=0, return_index=True, return_inverse=True)
    # In the order of the pieces given, not of chance.
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    group = np.full(pieces, -1, dtype=np.int64)
    group[there] = rank[back.ravel()]
    kept = np.sort(there[first])
    by_piece = csr_array(table[kept])
    by_piece.sort_indices()
    by_candidate = csr_array(by_piece.T)
    by_candidate.sort_indices()
    summed = np.bincount(group[there], worth[there], len(kept))
    return Instance(by_candidate, by_piece, np.asarray(summed, dtype=float), group)


def total(worth: Floats, share: Floats) -> float:
    """The sum of products.

    BLAS would add in an order that hangs on its threads, and wait for them where a machine is
    busy: twenty milliseconds for what takes ten microseconds.

    Parameters
    ----------
    worth, share : array of float
        Of one length.

    Returns
    -------
    float
        Always the same to the last bit.
    """
    return float((worth * share).sum())


def first_of_best(gain: Floats, equal: float) -> int:
    """The first candidate whose gain is the highest, or as good as.

    Parameters
    ----------
    gain : array of float
        One per candidate.
    equal : float
        What makes no difference.

    Returns
    -------
    int
        Its position.
    """
    return int(np.argmax(gain >= gain.max() - equal))


class Choice:
    """A set of candidates that grows, shrinks and knows what each would add.

    Parameters
    ----------
    instance : Instance
        What is chosen from.
    chosen : iterable of int
        To begin with.
    """

    def __init__(self, instance: Instance, chosen: Iterable[int] = ()) -> None:
        self.instance = instance
        self.chosen = list(chosen)
        self.cover = instance.covered(self.chosen)
        self.gain = instance.gains(self.cover)
        self.equal = EQUAL * instance.whole

    @property
    def value(self) -> float:
        """What the chosen cover."""
        return self.instance.value(self.cover)

    def _touched(self, one: int) -> Ints:
        share, by_piece = self.instance.share, self.instance.by_piece
        pieces = share.indices[share.indptr[one] : share.indptr[one + 1]]
        seen = np.zeros(self.instance.count, dtype=bool)
        seen[by_piece[pieces].indices] = True
        found: Ints = np.flatnonzero(seen)
        return found

    def _move(self, one: int, sign: int) -> None:
        share = self.instance.share
        at = slice(share.indptr[one], share.indptr[one + 1])
        self.cover[share.indices[at]] += sign * share.data[at]
        touched = self._touched(one)
        self.gain[touched] = self.instance.gains(self.cover, touched)

    def grow(self, count: int, enough: float = np.inf, least: float = 0.0) -> Choice:
        """Add the best, one at a time, until there are `count`, or `enough` is covered.

        The well-known greedy choice: never below 1 - 1/e of the best (Nemhauser et al. 1978).
        """
        while len(self.chosen) < count and self.value < enough and len(self.gain):
            one = first_of_best(self.gain, self.equal)
            if self.gain[one] <= max(least, self.equal):
                break
            self.chosen.append(one)
            self._move(one, 1)
        return self

    def exchange(self, clock: Clock, enough: float = np.inf) -> Choice:
        """Put a better candidate in the place of a chosen one as long as there is any."""
        if not len(self.gain):
            return self
        at, since = 0, 0
        while since < len(self.chosen) and clock.left > 0 and self.value < enough:
            at %= len(self.chosen)
            out = self.chosen[at]
            before = self.value
            self._move(out, -1)
            lost = before - self.value
            one = first_of_best(self.gain, self.equal)
            # Rounding may not send two equal candidates round and round.
            better = self.gain[one] > lost + 2 * self.equal
            self.chosen[at] = one if better else out
            self._move(self.chosen[at], 1)
            since = 0 if better else since + 1
            at += 1
        return self


@dataclass(slots=True, eq=False)
class Ceiling:
    """What no choice of so many candidates can exceed, and the prices that prove it.

    A piece has a price between nothing and its worth. Whatever is chosen, it covers at most
    what all pieces are worth above their prices, and the prices of what it covers: so the
    dearest `k` candidates give a bound for every `k` (Fisher 1981). The best prices give the
    bound of the linear relaxation, no worse and a good deal sooner than a linear program.

    Attributes
    ----------
    most : array of float
        For 0, 1, 2 ... candidates, the lowest bound found.
    price : array of float
        As a share of the worth, those that gave the lowest bound for the number asked.
    dear : array of float
        What each candidate covers, at these prices.
    bound : float
        For the number asked, by these prices.
    chosen : list of int
        The best choice met on the way.
    """

    most: Floats
    price: Floats
    dear: Floats
    bound: float = np.inf
    chosen: list[int] = field(default_factory=list)


def ceiling(
    instance: Instance,
    count: int,
    chosen: list[int],
    clock: Clock,
    *,
    price: Floats | None = None,
    widest: int | None = None,
    below: float = -np.inf,
    moves: int = MOVES,
) -> Ceiling:
    """Bounds from prices, moved along their subgradient.

    Parameters
    ----------
    instance : Instance
        What is chosen from.
    count : int
        How many may be chosen.
    chosen : list of int
        The best choice known.
    clock : Clock
        When to stop.
    price : array of float, optional
        To begin with.
    widest : int, optional
        Bounds are given for up to so many.
    below : float
        Stop once the bound lies under this.
    moves : int
        Stop after so many.

    Returns
    -------
    Ceiling
        Every bound holds, however early the time ran out.

    Examples
    --------
    Three pieces, each of two candidates' reach: one candidate covers two of three.

    >>> ring = instance_of(
    ...     np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 2, 0]), np.ones(6), np.ones(3), 3
    ... )
    >>> ceiling(ring, 1, [0], Clock(5)).most.round(3).tolist()
    [0.0, 2.0]
    """
    n, worth, whole = instance.count, instance.worth, instance.whole
    count = min(count, n)
    widest = min(max(count, widest or 0), n)
    priced = csr_array(instance.share * worth[None, :])
    most = np.full(widest + 1, whole)
    most[0] = 0.0
    cover = instance.covered(chosen)
    best_value, best_chosen = instance.value(cover), list(chosen)
    if price is None:
        # What is left over is worth its whole price, what is covered several times little.
        price = np.where(cover < 1.0, 1.0, 0.5 / np.maximum(cover, 1.0))
    out = Ceiling(most, price.copy(), np.asarray(priced @ price), chosen=best_chosen)
    if count == 0 or whole <= 0:
        return out
    best, step, vain = np.inf, FIRST_STEP, 0
    equal = EQUAL * whole
    for _ in range(moves):
        dear = np.asarray(priced @ price)
        top = np.argsort(-dear, kind="stable")[: widest + 1]
        above = total(worth, 1.0 - price)
        np.minimum(most[1:], above + np.cumsum(dear[top[:widest]]), out=most[1:])
        bound = above + float(dear[top[:count]].sum())
        vain = 0 if bound < best * (1 - FINE) else vain + 1
        if bound < best:
            best, out.price, out.dear, out.bound = bound, price.copy(), dear, bound
        pick = top[:count].tolist()
        cover = instance.covered(pick)
        value = instance.value(cover)
        if value > best_value + equal:
            best_value, best_chosen = value, pick
        if best <= best_value + equal or best < below or clock.left <= 0:
            break
        if vain >= PATIENCE:
            step, vain, price = step * SHRINK, 0, out.price.copy()
            if step < LEAST_STEP:
                break
        slope = cover - 1.0
        held = ((price <= 0) & (slope > 0)) | ((price >= 1) & (slope < 0))
        free = np.where(held, 0.0, slope)
        norm = total(worth, free * free)
        if norm <= 0:
            break
        price = np.clip(price - step * (bound - best_value) / norm * free, 0.0, 1.0)
    out.chosen = best_chosen
    return out


def sure(known: Ceiling, count: int, threshold: float) -> tuple[Bools, Bools]:
    """Which candidates no choice worth more than a threshold has, and which all have.

    Parameters
    ----------
    known : Ceiling
        Prices and what candidates cover at them.
    count : int
        How many may be chosen, at least 1.
    threshold : float
        What must be exceeded.

    Returns
    -------
    out, into : array of bool
        One per candidate.
    """
    dear = known.dear
    order = np.argsort(-dear, kind="stable")
    top = np.zeros(len(dear), dtype=bool)
    top[order[:count]] = True
    bound = known.bound
    last = dear[order[count - 1]]
    next_ = dear[order[count]] if count < len(dear) else 0.0
    out: Bools = ~top & (bound - last + dear <= threshold)
    into: Bools = top & (bound - dear + next_ <= threshold)
    return out, into


def reduced(instance: Instance, kept: Ints) -> tuple[Any, Floats]:
    """The part of an instance that some candidates see, equal pieces as one.

    Parameters
    ----------
    instance : Instance
        The whole.
    kept : array of int
        The candidates.

    Returns
    -------
    share : sparse array, pieces by the candidates kept
        One row per piece of its own.
    worth : array of float
        What each is worth.
    """
    table = csr_array(csr_array(instance.share[kept]).T)
    table.sort_indices()
    seen = np.diff(table.indptr) > 0
    table, worth = csr_array(table[seen]), instance.worth[seen]
    chance = np.random.Generator(np.random.PCG64(HASH_SEED)).random((2, len(kept)))
    pattern = csr_array((np.ones(table.nnz), table.indices, table.indptr), shape=table.shape)
    key = np.column_stack([pattern @ chance[0], table @ chance[1]])
    _, first, back = np.unique(key, axis=0, return_index=True, return_inverse=True)
    summed = np.bincount(back.ravel(), worth, len(first))
    return csr_array(table[first]), np.asarray(summed, dtype=float)
