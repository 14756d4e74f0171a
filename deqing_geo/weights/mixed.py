"""Two sets of weights made one: what experts say, and what the figures show (组合赋权)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from deqing_geo.errors import InputError
from deqing_geo.weights.answers import Weights
from deqing_geo.weights.given import read_weights, require_same

HOWS = ("mean", "product")


def combine(
    expert: Weights | pd.Series[Any] | Mapping[Any, Any],
    other: Weights | pd.Series[Any] | Mapping[Any, Any],
    *,
    how: str = "mean",
) -> Weights:
    """One set of weights from two (主客观组合赋权).

    Parameters
    ----------
    expert, other : Weights, Series or mapping
        From the same names to weights; each is scaled to add up to 1 first.
    how : {"mean", "product"}
        The arithmetic mean of the two, or their product scaled to add up to 1 (乘法归一). The
        product favours what both find heavy, and what weighs nothing in one weighs nothing.

    Returns
    -------
    Weights
        ``table`` holds the two sides, ``expert`` and ``other``; notices and notes of both stay.

    Raises
    ------
    InputError
        If `how` is unknown, weights are negative, not finite or all 0, or no name weighs
        anything on both sides of a product.
    ColumnError
        If the two name different columns.

    Notes
    -----
    The mean is (a + b) / 2, the product a b / sum(a b). Half and half is a convention: no
    formula knows how much experts are to count beside figures.

    Examples
    --------
    >>> experts, figures = {"people": 0.8, "income": 0.2}, {"people": 0.4, "income": 0.6}
    >>> combine(experts, figures)
    <Weights (combined, mean): people 0.600, income 0.400>
    >>> combine(experts, figures, how="product").series.round(3).to_dict()  # .32 and .12, scaled
    {'people': 0.727, 'income': 0.273}
    """
    if how not in HOWS:
        raise InputError(f"how={how!r} is not one of {', '.join(HOWS)}.")
    first, said = read_weights(expert, "expert")
    second, more = read_weights(other, "other")
    require_same(second, first.index, "other")
    second = second.reindex(first.index)
    weight = (first + second) / 2 if how == "mean" else first * second
    if not float(weight.sum()) > 0:
        raise InputError(
            "No column weighs anything on both sides, so their product is 0 everywhere. "
            "Use how='mean'."
        )
    table = pd.DataFrame(
        {
            "weight": weight / weight.sum(),
            "note": _notes(expert, other, first.index),
            "expert": first,
            "other": second,
        }
    ).rename_axis("indicator")
    return Weights(
        table, method="combined", variant=how, notices=tuple(dict.fromkeys((*said, *more)))
    )


def _notes(expert: Any, other: Any, index: pd.Index[Any]) -> pd.Series[Any]:
    out = pd.Series("", index=index, dtype=object)
    for side in (expert, other):
        if isinstance(side, Weights):
            told = side.table["note"].reindex(index)
            out = out.where((out != "") | (told == ""), told)
    return out
