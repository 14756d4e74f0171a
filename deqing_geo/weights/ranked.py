"""How near each row comes to the best there is (TOPSIS): a ranking, not a measure.

References
----------
Hwang, C. L. and Yoon, K. (1981). Multiple Attribute Decision Making. Springer, Berlin.
Opricovic, S. and Tzeng, G.-H. (2004). Compromise solution by MCDM methods: a comparative
analysis of VIKOR and TOPSIS. European Journal of Operational Research 156, 445-455.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.columns import word
from deqing_geo.errors import InputError
from deqing_geo.weights.answers import Closeness, Weights
from deqing_geo.weights.given import (
    read_table,
    read_weights,
    require_same,
    require_some,
    stretched,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NORMALISATIONS = ("min-max", "vector")
# Closenesses equal to so many decimals share a rank.
SAME_RANK = 12


def topsis(
    table: pd.DataFrame,
    weights: Weights | pd.Series[Any] | Mapping[Any, Any],
    *,
    cost: Iterable[Any] = (),
    normalise: str = "min-max",
) -> Closeness:
    """How near each row comes to the best of every column, and how far it is from the worst.

    Parameters
    ----------
    table : DataFrame, N rows by k columns
        Numbers without gaps, N at least 2.
    weights : Weights, Series or mapping
        From each column to its weight, 0 or more; scaled to add up to 1, which is said.
    cost : iterable of column names
        Where less is better.
    normalise : {"min-max", "vector"}
        Columns stretched to 0-1, or divided by the root of the sum of their squares.

    Returns
    -------
    Closeness
        ``series`` 0-1, 1 where a row is the best in everything that weighs; ``table`` with the
        two distances and the rank.

    Raises
    ------
    InputError
        If the normalisation is unknown, a value or weight is missing, negative or not
        finite where it must not be, or nothing that weighs tells the rows apart.
    ColumnError
        If a column is no number or repeats, or `weights` or `cost` names other columns.

    Notes
    -----
    Hwang and Yoon (1981), with ``vector``: with normalised and weighted v, best v+ and worst v-
    of each column, closeness = d- / (d+ + d-), d the Euclidean distance of a row to either.
    ``min-max`` is the variant of Chinese planning texts and does not change with units that shift,
    such as degrees Celsius; ``vector`` does not change with units that only scale. The two may
    rank otherwise, and taking a row away may turn the order of the others.

    Examples
    --------
    The example of Opricovic and Tzeng (2004): a road high up costs little and is hard to climb.
    By one normalisation the middle way is best, by the other the first:

    >>> paths = pd.DataFrame({"height": [3000, 3750, 4500], "risk": [1, 2, 5]}, index=list("ABC"))
    >>> even = {"height": 0.5, "risk": 0.5}
    >>> topsis(paths, even, cost=["risk"]).series.round(3).to_list()
    [0.5, 0.617, 0.5]
    >>> topsis(paths, even, cost=["risk"], normalise="vector").series.round(3).to_list()
    [0.762, 0.722, 0.238]
    """
    if normalise not in NORMALISATIONS:
        raise InputError(f"normalise={normalise!r} is not one of {', '.join(NORMALISATIONS)}.")
    values, names, less, flat = read_table(table, cost)
    series, said = read_weights(weights)
    require_same(series, names)
    require_some(flat)
    weight = series.reindex(names).to_numpy(dtype=float)
    if not (weight[~flat] > 0).any():
        raise InputError(
            "Only columns that are the same in all rows have a weight, so no row is nearer than "
            "another. Weigh a column that differs."
        )
    if normalise == "min-max":
        better, worse = distances(stretched(values, less, flat), np.where(flat, 0, weight))
    else:
        length = np.sqrt((values**2).sum(axis=0))
        scaled = values / np.where(length > 0, length, 1) * np.where(flat, 0, weight)
        scaled = np.where(less, -scaled, scaled)
        better = np.sqrt(((scaled.max(axis=0) - scaled) ** 2).sum(axis=1))
        worse = np.sqrt(((scaled - scaled.min(axis=0)) ** 2).sum(axis=1))
    near = worse / (better + worse)
    rank = pd.Series(near).round(SAME_RANK).rank(method="min", ascending=False).astype(int)
    return Closeness(
        pd.DataFrame(
            {
                "to_best": better,
                "to_worst": worse,
                "closeness": near,
                "rank": rank.to_numpy(),
            },
            index=table.index,
        ),
        pd.DataFrame(
            {"weight": weight, "note": np.where(flat, word("weights.constant"), "").astype(object)},
            index=pd.Index(names, name="indicator"),
        ),
        variant=normalise,
        notices=said,
    )


def distances(z: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """How far each row is from 1 in every column, and how far from 0.

    Parameters
    ----------
    z : ndarray of shape (N, k)
        0 to 1; 1 is better.
    weights : ndarray of shape (k,)
        Adding up to 1.

    Returns
    -------
    to_best, to_worst : ndarray of shape (N,)
        Weighted Euclidean distances.

    Examples
    --------
    >>> to_best, to_worst = distances(np.array([[1.0, 0.0]]), np.array([0.6, 0.4]))
    >>> to_best.tolist(), to_worst.tolist()
    ([0.4], [0.6])
    """
    better, worse = np.zeros(len(z)), np.zeros(len(z))
    # Column by column, so that no row's sum hangs on its place in the table.
    for column, weight in zip(z.T, weights, strict=True):
        better += (weight * (1 - column)) ** 2
        worse += (weight * column) ** 2
    return np.sqrt(better), np.sqrt(worse)
