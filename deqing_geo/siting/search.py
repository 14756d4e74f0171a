"""The two questions: the most that so many parks serve, and the fewest that serve enough.

Both are answered in the model of `covering`, whose best is never below the real best, and
checked in the field: where a choice serves less than the model says, the pieces in question
are cut and the question is asked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deqing_geo.siting.covering import EQUAL, Choice, Clock, Instance, ceiling
from deqing_geo.siting.programs import best_choice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.siting.demand import Demand

    Floats = NDArray[np.float64]

# Rounds of cutting and asking again; each halves what cutting can still bring, or better.
ROUNDS = 8
# The curve goes on for so many parks after those proposed.
CURVE_MORE = 10
# One question of the search for the fewest may take this part of the time left.
PART_OF_TIME = 0.4
# Bounds for other numbers of parks are tightened at so many places of the curve.
CURVE_PLACES = 4
# A curve is looked at, not relied on: its bounds need not be the last word.
CURVE_MOVES = 150


class Search:
    """Demand that is cut finer as the search goes on, and the bounds found so far.

    Parameters
    ----------
    demand : Demand
        What is to be served.
    clock : Clock
        When to stop.
    exact_pairs : int
        The integer program is asked about at most so many pairs.
    widest : int
        Bounds are kept for up to so many parks.
    """

    def __init__(self, demand: Demand, clock: Clock, exact_pairs: int, widest: int) -> None:
        self.demand, self.clock, self.exact_pairs = demand, clock, exact_pairs
        self.instance = demand.instance()
        self.pairs = self.instance.pairs
        self.widest = min(widest, self.instance.count)
        # Before any search: so many parks serve at most what the largest serve alone.
        alone = np.sort(self.instance.gains(self.instance.covered(())))[::-1][: self.widest]
        self.most = np.minimum(np.concatenate([[0.0], np.cumsum(alone)]), self.instance.whole)
        self.price: Floats | None = None

    @property
    def equal(self) -> float:
        """What makes no difference."""
        return EQUAL * max(self.instance.whole, 1e-12)

    def real(self, chosen: tuple[int, ...]) -> float:
        """What a choice really serves; afterwards the model says the same of it."""
        finer, source = self.demand.split(chosen)
        if finer is not self.demand:
            before = self.instance.group
            price = None
            if self.price is not None:
                held = np.append(self.price, 1.0)[before]
                price = held[source]
            self.demand, self.instance = finer, finer.instance()
            if price is not None:
                group = self.instance.group
                there = group >= 0
                size = np.bincount(group[there], finer.worth[there], len(self.instance.worth))
                total = np.bincount(
                    group[there], (finer.worth * price)[there], len(self.instance.worth)
                )
                with np.errstate(divide="ignore", invalid="ignore"):
                    self.price = np.clip(np.where(size > 0, total / size, 0.0), 0.0, 1.0)
        return self.instance.value(self.instance.covered(chosen))

    def least(self, needed: float) -> int:
        """The smallest number of parks whose bound reaches what is needed."""
        reach = np.flatnonzero(self.most >= needed - self.equal)
        return int(reach[0]) if len(reach) else len(self.most)

    def learn(self, most: Floats) -> None:
        """Keep the lower of two bounds."""
        shared = min(len(most), len(self.most))
        np.minimum(self.most[:shared], most[:shared], out=self.most[:shared])
        # What more parks cannot, fewer cannot.
        self.most[:] = np.minimum.accumulate(self.most[::-1])[::-1]

    def best(
        self, count: int, clock: Clock, start: tuple[int, ...] = (), enough: float = np.inf
    ) -> tuple[tuple[int, ...], float]:
        """The best choice of so many found, and what it really serves."""
        chosen, value = tuple(start), self.real(start) if start else 0.0
        for _ in range(ROUNDS):
            found = best_choice(
                self.instance,
                count,
                clock,
                exact_pairs=self.exact_pairs,
                start=chosen,
                price=self.price,
                widest=self.widest,
                enough=enough,
            )
            self.price = found.known.price
            self.learn(found.known.most)
            served = self.real(found.chosen)
            if served > value + self.equal or not chosen:
                chosen, value = found.chosen, served
            limit = self.most[min(count, self.widest)]
            if (
                limit <= value + self.equal
                or value >= enough
                or limit < enough < np.inf
                or clock.left <= 0
                or served >= found.value - self.equal
            ):
                break
        return chosen, value


def most_with(search: Search, count: int) -> tuple[int, ...]:
    """The choice of `count` candidates that serves most, as far as time allows.

    Parameters
    ----------
    search : Search
        Of what; keeps the bounds.
    count : int
        How many.

    Returns
    -------
    tuple of int
        Candidates; fewer where no other adds anything.
    """
    return search.best(count, search.clock)[0]


def fewest_for(search: Search, needed: float, limit: int) -> tuple[tuple[int, ...] | None, int]:
    """The fewest candidates that serve `needed`, as far as time allows.

    Parameters
    ----------
    search : Search
        Of what; keeps the bounds.
    needed : float
        What is to be served.
    limit : int
        Not more than so many.

    Returns
    -------
    chosen : tuple of int or None
        None if no choice within the limit was found to serve enough.
    fewest : int
        Proved: fewer never do. Above `limit` where it is proved that the limit is too low.
    """
    chosen = _enough(search, needed, limit)
    if chosen is None:
        # Greedy fell short; a better choice of as many as allowed may still do.
        tried, served = search.best(limit, Clock(search.clock.left * PART_OF_TIME), enough=needed)
        if served < needed:
            return None, search.least(needed)
        chosen = tried
    high = len(chosen)
    low = _raised(search, needed, list(chosen))
    hope = low
    while hope < high and search.clock.left > 0:
        count = (hope + high) // 2
        clock = Clock(search.clock.left * PART_OF_TIME)
        start = Choice(search.instance).grow(count).chosen
        tried, served = search.best(count, clock, tuple(start), enough=needed)
        low = max(low, search.least(needed))
        if served >= needed:
            chosen, high = tried, len(tried)
        else:
            hope = count + 1
        hope = max(hope, low)
    # Of as many, those that serve more.
    if search.clock.left > 0:
        better = tuple(Choice(search.instance, chosen).exchange(search.clock).chosen)
        if search.real(better) > search.real(chosen) + search.equal:
            chosen = better
    return chosen, min(low, len(chosen))


def _raised(search: Search, needed: float, chosen: list[int]) -> int:
    """The lower bound on the number, by prices alone; asked again as long as it rises."""
    asked = -1
    low = min(search.least(needed), len(chosen))
    # The first question is asked where the last choice stands: its bounds tell of all others.
    count = len(chosen) - 1
    while asked < low < len(chosen) and search.clock.left > 0:
        asked = low
        known = ceiling(
            search.instance,
            count,
            chosen[:count],
            Clock(search.clock.left * PART_OF_TIME),
            price=search.price,
            widest=search.widest,
            below=needed,
        )
        search.price = known.price
        search.learn(known.most)
        low = min(search.least(needed), len(chosen))
        count = low
    return low


def _enough(search: Search, needed: float, limit: int) -> tuple[int, ...] | None:
    """One after the other until enough is really served."""
    chosen: tuple[int, ...] = ()
    for _ in range(ROUNDS):
        choice = Choice(search.instance, chosen).grow(limit, needed)
        chosen = tuple(choice.chosen)
        if choice.value < needed:
            return None
        if search.real(chosen) >= needed:
            return chosen
    return None


def in_order(instance: Instance, chosen: tuple[int, ...]) -> list[int]:
    """The chosen, the one that serves most first, then what adds most to it.

    Parameters
    ----------
    instance : Instance
        What is chosen from.
    chosen : tuple of int
        Candidates.

    Returns
    -------
    list of int
        The same, in order; of equals the first given.
    """
    left, out = sorted(chosen), []
    cover = instance.covered(())
    while left:
        gain = instance.gains(cover, np.asarray(left))
        best = left[int(np.argmax(gain >= gain.max() - EQUAL * instance.whole))]
        left.remove(best)
        out.append(best)
        cover += instance.covered([best])
    return out


def curve(search: Search, upto: int) -> list[int]:
    """Candidates one at a time without looking ahead; bounds along the way are tightened.

    Parameters
    ----------
    search : Search
        Keeps the bounds.
    upto : int
        How many.

    Returns
    -------
    list of int
        In the order taken; fewer where no other adds anything.
    """
    upto = min(upto, search.widest)
    chosen = Choice(search.instance).grow(upto).chosen
    for count in np.unique(np.linspace(1, max(upto, 1), CURVE_PLACES).astype(int)).tolist():
        if search.clock.left <= 0 or not chosen:
            break
        clock = Clock(search.clock.left / CURVE_PLACES)
        known = ceiling(
            search.instance,
            count,
            chosen[:count],
            clock,
            price=search.price,
            widest=upto,
            moves=CURVE_MOVES,
        )
        search.learn(known.most)
    return chosen
