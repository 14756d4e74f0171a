"""What a judgement rested on, kept so that it can be asked again under other numbers or facts.

Nothing here has an opinion: it repeats the ladder's own question, for all villages at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.villages.conditions import Given, columns_of, decided, limits_of
from deqing_geo.villages.kinds import FIVE
from deqing_geo.villages.potential import constraint, scored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Standard
    from deqing_geo.villages.conditions import Limits
    from deqing_geo.villages.fitting import Bound
    from deqing_geo.villages.potential import Potential
    from deqing_geo.villages.scheme import Rung, Scheme

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Places = NDArray[np.int8]

# What a village can come to, in the order of the columns ``p_*``.
ANSWERS = (*FIVE, "missing", "urban")
MISSING = ANSWERS.index("missing")


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """The rungs in force with the facts and numbers they were asked of.

    Attributes
    ----------
    facts : DataFrame
        Those the ladder and its scores read, and the computed columns: one row per village.
    rungs : tuple of Rung
        Those that were asked, in order; the last always holds.
    law : Standard
        Where the numbers stand, with the scheme's own.
    scheme : Scheme
        Whose scores are asked again when a fact moves.
    scores : Potential or None
        As computed in this run.
    given : Given
        The facts as arrays of shape (N, 1).
    nothing : bool
        Whether no condition on a fact could be asked, so that what is left waits too.
    """

    facts: pd.DataFrame
    rungs: tuple[Rung, ...]
    law: Standard
    scheme: Scheme
    scores: Potential | None
    given: Given
    nothing: bool = False

    @classmethod
    def of(
        cls,
        facts: pd.DataFrame,
        rungs: Sequence[Rung],
        law: Standard,
        scheme: Scheme,
        scores: Potential | None,
        *,
        nothing: bool = False,
    ) -> Grounds:
        """What a judgement rested on.

        Parameters
        ----------
        facts : DataFrame
            As read, with the computed columns.
        rungs : sequence of Rung
            The rungs that were asked.
        law : Standard
            With the scheme's own numbers.
        scheme : Scheme
            The ladder.
        scores : Potential or None
            Of this run.
        nothing : bool
            Whether no condition on a fact could be asked.

        Returns
        -------
        Grounds
            To ask again.
        """
        read = dict.fromkeys(
            column
            for rung in rungs
            for needed in (True, False)
            for column in columns_of(rung.when, needed=needed)
        )
        read |= dict.fromkeys(score.column for score in scheme.scores)
        read |= dict.fromkeys(one.column for one in scheme.indicators)
        kept = pd.DataFrame({one: facts[one] for one in read if one in facts}, index=facts.index)
        return cls(kept, tuple(rungs), law, scheme, scores, Given(kept, deep=True), nothing)

    def __repr__(self) -> str:
        return f"<Grounds of {len(self.facts)} villages on {len(self.rungs)} rungs>"

    @property
    def limits(self) -> dict[str, float]:
        """The numbers compared with, by key."""
        return limits_of(self.rungs, self.law)

    def answers(self, given: Given, limits: Limits) -> tuple[Places, Places]:
        """What every village comes to, and by which rung.

        Parameters
        ----------
        given : Given
            Facts, in force or moved; deep.
        limits : mapping of str to float or ndarray of shape (1, D)
            The numbers compared with.

        Returns
        -------
        answer : ndarray of int8, shape (N, D)
            Place in `ANSWERS`.
        rung : ndarray of int8, shape (N, D)
            Place in `rungs`.
        """
        place, stopped = decided(self.rungs, given, limits)
        if self.nothing:
            stopped = stopped | (place == len(self.rungs) - 1)
        kinds = np.array([ANSWERS.index(rung.type) for rung in self.rungs], dtype=np.int8)
        return np.where(stopped, np.int8(MISSING), kinds[place]), place

    def moved(self, given: Given, column: str, values: Floats) -> Given:
        """The same facts with other values in one column, and what is computed from it.

        Parameters
        ----------
        given : Given
            The facts in force; deep.
        column : str
            Which one.
        values : ndarray of float, shape (N,)
            Its values.

        Returns
        -------
        Given
            With constraint and potential as they would be. Bounds, weights and the cut of
            the potential stay as they are: they are those of the county, not of one village.
        """
        replaced: dict[str, Any] = {column: values[:, None]}
        parts = [score.column for score in self.scheme.scores if score.column in self.facts]
        if column in parts and "constraint" in self.facts:
            facts = pd.DataFrame({one: self.facts[one] for one in parts} | {column: values})
            found = constraint(facts, self.law, self.scheme.scores)
            if found is not None:
                replaced["constraint"] = found[:, None]
        if self.scores is not None and column in self.scores.columns:
            replaced["potential"] = self.scored(column, values)[:, None]
        return given.having(**replaced)

    def scored(self, column: str, values: Floats) -> Floats:
        """The potential with other values of one indicator.

        Parameters
        ----------
        column : str
            An indicator.
        values : ndarray of float, shape (N,)
            Its values.

        Returns
        -------
        ndarray of float, shape (N,)
            As it stands where the indicator does not count.
        """
        scores = self.scores
        assert scores is not None
        at = scores.columns.index(column)
        out = scores.score.copy()
        for level in range(len(scores.levels)):
            rows = (scores.level == level) & ~np.isnan(values)
            if scores.base[level, at] > 0:
                z = scores.z[rows].copy()
                z[:, at] = self.bound(level, column).stretched(values[rows])
                out[rows] = scored(z, scores.base[level], scores.fit.method)
        return out

    def bound(self, level: int, column: str) -> Bound:
        """What an indicator was measured by.

        Parameters
        ----------
        level : int
            Place among the levels of the scores.
        column : str
            An indicator.

        Returns
        -------
        Bound
            Its ends and weight.
        """
        scores = self.scores
        assert scores is not None
        found = scores.fit.level(scores.levels[level])
        assert found is not None
        return found.bounds[scores.columns.index(column)]
