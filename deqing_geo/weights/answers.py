"""What weighing and ranking answer with: the figures, the formula behind them, what is in doubt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deqing_geo.columns import label, registry, word
from deqing_geo.text import card, figure, percent

if TYPE_CHECKING:
    import pandas as pd

PLACES = 4
SHOWN_IN_CARD = 10


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Weights of indicators that add up to 1, and how they came about.

    Attributes
    ----------
    table : DataFrame
        Index: the indicators. ``weight`` (0-1), ``note`` (why one weighs nothing), and what the
        formula went through: ``entropy`` and ``divergence``, or ``contrast``, ``conflict`` and
        ``information``, or the two sides that were combined.
    method : str
        ``ahp``, ``entropy``, ``critic``, ``combined`` or ``given``.
    variant : str
        Which of the formulas of that name: ``eigenvector``, ``root``, ``min-max``, ``sum``,
        ``mean`` or ``product``; empty where there is one only.
    notices : tuple of str
        Sentences the weights must not travel without.
    lambda_max, ci, cr, ri : float
        Of a judgement matrix: greatest eigenvalue, consistency index, consistency ratio and the
        random index it was divided by. NaN for weights that come from no judgements.
    """

    table: pd.DataFrame
    method: str
    variant: str = ""
    notices: tuple[str, ...] = ()
    lambda_max: float = math.nan
    ci: float = math.nan
    cr: float = math.nan
    ri: float = math.nan

    @property
    def series(self) -> pd.Series[float]:
        """The weights by indicator; they add up to 1."""
        series: pd.Series[float] = self.table["weight"]
        return series

    @property
    def line(self) -> str:
        """Method and variant in one line, for footers."""
        variant = f"({word(f'weights.{self.variant}')})" if self.variant else ""
        return f"{word(f'weights.{self.method}')}{variant}"

    def __repr__(self) -> str:
        said = ", ".join(f"{name} {figure(value, 3)}" for name, value in self.series.items())
        how = f"{self.method}, {self.variant}" if self.variant else self.method
        ratio = "" if math.isnan(self.cr) else f", CR {figure(self.cr, 3)}"
        return f"<Weights ({how}{ratio}): {said}>"

    def _repr_html_(self) -> str:
        rows = [
            [named(name), percent(value), str(note)]
            for name, value, note in zip(
                self.table.index, self.series, self.table["note"], strict=True
            )
        ]
        facts = []
        if not math.isnan(self.cr):
            facts = [
                (word("weights.lambda_max"), figure(self.lambda_max, PLACES)),
                (word("weights.ratio"), f"{figure(self.cr, PLACES)}(RI {figure(self.ri)})"),
            ]
        header = (word("weights.indicator"), label("weight"), label("note"))
        return card(word("weights.title"), self.line, facts, self.notices, (header, rows))


@dataclass(frozen=True, slots=True, eq=False)
class Closeness:
    """How near each row comes to the best there is in every column (TOPSIS).

    Attributes
    ----------
    table : DataFrame
        Index: the rows as given. ``to_best`` and ``to_worst`` (distances in weighted units
        of the normalisation), ``closeness`` (0-1) and ``rank`` (1 is nearest; equals share one).
    weights : DataFrame
        Index: the columns. ``weight`` as used, adding up to 1, and ``note``.
    variant : str
        The normalisation: ``min-max`` or ``vector``. They may rank otherwise.
    notices : tuple of str
        Sentences the figures must not travel without.
    """

    table: pd.DataFrame
    weights: pd.DataFrame
    variant: str
    notices: tuple[str, ...] = ()

    @property
    def series(self) -> pd.Series[float]:
        """Closeness by row, 0-1."""
        series: pd.Series[float] = self.table["closeness"]
        return series

    @property
    def line(self) -> str:
        """Method and variant in one line, for footers."""
        return f"{word('weights.topsis')}({word(f'weights.{self.variant}')})"

    def __repr__(self) -> str:
        first = self.table["rank"].eq(1)
        ahead = ", ".join(str(name) for name in self.table.index[first][:3])
        return f"<Closeness of {len(self.table)} rows ({self.variant}): first {ahead}>"

    def _repr_html_(self) -> str:
        top = self.table.sort_values("rank", kind="stable").head(SHOWN_IN_CARD)
        rows = [
            [str(name), str(rank), figure(value, PLACES)]
            for name, rank, value in zip(top.index, top["rank"], top["closeness"], strict=True)
        ]
        used = "、".join(
            f"{named(name)} {percent(w)}" for name, w in self.weights["weight"].items()
        )
        header = (word("weights.row"), label("rank"), label("closeness"))
        facts = [(label("weight"), used)]
        return card(word("weights.topsis"), self.line, facts, self.notices, (header, rows))


def named(column: Any) -> str:
    """What readers call an indicator: its label where the library knows it, else itself.

    Parameters
    ----------
    column : object
        A name of a column.

    Returns
    -------
    str
        For example ``常住人口``.

    Examples
    --------
    >>> named("pop_resident"), named("x")
    ('常住人口', 'x')
    """
    return label(column) if isinstance(column, str) and column in registry() else str(column)
