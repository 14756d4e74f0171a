"""Parks that come, go or change, one after the other, and what each step does.

What one park adds hangs on which others are there, so the order is part of the answer: first
what is lost, then what changed, then what came, each by the day it opened and by its label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deqing_geo.coverage.pairs import Pairs, pairs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.coverage.basis import Demand

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]

NONE = -1
# What the arithmetic itself leaves: a hundredth of a square metre, or of a person a millionth.
NOTHING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What each step does to each area, and where it begins.

    Attributes
    ----------
    delta : array of float, shape (steps, areas)
        How much more is served after a step than before.
    before : array of float
        Served in each area before the first.
    """

    delta: Floats
    before: Floats


def taken(
    demand: Demand,
    states: tuple[Shapes, Floats],
    first: Ints,
    moves: list[tuple[Ints, Ints]],
    areas: int,
) -> Steps:
    """Take steps one after the other.

    Parameters
    ----------
    demand : Demand
        Who is served.
    states : tuple of arrays
        Shape and reach of everything that serves at some time.
    first : array of int
        Which of them serve before the first step.
    moves : list of (array of int, array of int)
        For each step which of them cease and which begin to serve.
    areas : int
        How many areas there are.

    Returns
    -------
    Steps
        They add up to what is served after the last less what is served before the first.
    """
    pairs: Pairs = pairs_of(demand, *states)
    active = np.zeros(len(states[0]), dtype=bool)
    active[first] = True
    everything = np.arange(len(demand.pieces))
    now = pairs.served(active, everything)
    before = np.bincount(demand.area, now, areas).astype(float)
    delta = np.zeros((len(moves), areas))
    for at, (ceases, begins) in enumerate(moves):
        active[ceases], active[begins] = False, True
        pieces = pairs.touched(np.concatenate([ceases, begins]))
        then = pairs.served(active, pieces)
        delta[at] = np.bincount(demand.area[pieces], then - now[pieces], areas)
        now[pieces] = then
    return Steps(delta, before)
