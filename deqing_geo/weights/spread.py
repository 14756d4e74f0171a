"""Weights from the figures themselves: by entropy (熵权法) and by CRITIC.

Both look only at how the figures lie. A column weighs much because few rows stand out in it,
or because it goes its own way, never because it matters.

References
----------
Shannon, C. E. (1948). A mathematical theory of communication. Bell System Technical Journal
27, 379-423.
Hwang, C. L. and Yoon, K. (1981). Multiple Attribute Decision Making. Springer, Berlin.
Diakoulaki, D., Mavrotas, G. and Papayannakis, L. (1995). Determining objective weights in
multiple criteria problems: the CRITIC method. Computers & Operations Research 22, 763-770.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.columns import word
from deqing_geo.errors import InputError
from deqing_geo.weights.answers import Weights
from deqing_geo.weights.given import read_table, require_some, stretched

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

VARIANTS = ("min-max", "sum")
# Two columns that agree this well are the same one in another unit.
SAME_COURSE = 1e-12


def entropy(table: pd.DataFrame, *, cost: Iterable[Any] = (), variant: str = "min-max") -> Weights:
    """Weights by how unevenly each column is spread over the rows (熵权法).

    Two formulas share the name and give different weights. Chinese planning texts stretch every
    column to 0-1 first (极差标准化) and then take shares; Western textbooks take shares of the
    figures as they are. The result names which it was.

    Parameters
    ----------
    table : DataFrame, N rows by k columns
        Numbers without gaps, N at least 2.
    cost : iterable of column names
        Where less is better. It matters for ``min-max`` only.
    variant : {"min-max", "sum"}
        Whether columns are stretched to 0-1 before shares are taken.

    Returns
    -------
    Weights
        ``table`` holds ``entropy`` and ``divergence`` (1 - entropy). A column that is the same
        in all rows weighs 0, and ``note`` says so.

    Raises
    ------
    InputError
        If the variant is unknown, a value is missing or not finite, ``sum`` meets a negative
        number, or no column differs.
    ColumnError
        If a column is no number or repeats, or `cost` names one that is not there.

    Notes
    -----
    With shares p of a column over N rows: e = -sum(p ln p) / ln N, weight = (1 - e) / sum(1 - e)
    (Shannon 1948; ``sum`` as in Hwang and Yoon 1981). 0 ln 0 is 0: nothing is added to
    the figures to keep away from it.

    Entropy weighs skew, not importance: the column in which three villages of two hundred stand
    out gets most, whatever it means. Combine it with what experts say (`combine`).

    Examples
    --------
    One village has everything in the first column; in the second they have a fair share each:

    >>> table = pd.DataFrame({"a": [1.0, 0, 0, 0], "b": [3.0, 2, 2, 1]}, index=list("PQRS"))
    >>> entropy(table).series.round(3).to_dict()
    {'a': 0.8, 'b': 0.2}
    >>> entropy(table, variant="sum")
    <Weights (entropy, sum): a 0.955, b 0.045>
    """
    if variant not in VARIANTS:
        raise InputError(f"variant={variant!r} is not one of {', '.join(VARIANTS)}.")
    values, names, less, flat = read_table(table, cost)
    require_some(flat)
    said: tuple[str, ...] = ()
    if variant == "min-max":
        z = stretched(values, less, flat)
    else:
        below = values < 0
        if below.any():
            raise InputError(
                "variant='sum' takes shares, which negative numbers have not; "
                "variant='min-max' takes them.",
                [(table.index[row], names[at]) for row, at in np.argwhere(below)],
            )
        z = values
        said = (word("weights.no_direction"),) if less.any() else ()
    total = z.sum(axis=0)
    share = z / np.where(flat, 1, total)
    # Where nothing is, nothing is added: the logarithm of 1 is 0.
    held = -(share * np.log(np.where(share > 0, share, 1))).sum(axis=0) / np.log(len(z))
    held = np.where(flat, np.nan, held)
    divergence = np.where(flat, np.nan, np.maximum(1 - held, 0))
    weight = np.where(flat, 0, divergence)
    table = _table(names, flat, weight, {"entropy": held, "divergence": divergence})
    return Weights(table, method="entropy", variant=variant, notices=said)


def critic(table: pd.DataFrame, *, cost: Iterable[Any] = ()) -> Weights:
    """Weights by how far each column is spread and how little it agrees with the others (CRITIC).

    Parameters
    ----------
    table : DataFrame, N rows by k columns
        Numbers without gaps, N at least 2.
    cost : iterable of column names
        Where less is better: turned first, which changes who agrees with whom and so the weights.

    Returns
    -------
    Weights
        ``table`` holds ``contrast`` (standard deviation of the column on 0-1, N - 1 below),
        ``conflict`` (sum of 1 - correlation with each column) and their product,
        ``information``. A column that is the same in all rows weighs 0 and takes no part.

    Raises
    ------
    InputError
        If a value is missing or not finite, no column differs, or all columns that do
        rise and fall together.
    ColumnError
        If a column is no number or repeats, or `cost` names one that is not there.

    Notes
    -----
    Diakoulaki et al. (1995): columns stretched to 0-1, information = contrast x conflict with
    Pearson's correlation, weight = information / sum of it. Dividing by N or by N - 1
    gives the same weights.

    A column of pure noise goes its own way and is weighed for it. Two columns that say the same
    share what one of them would have.

    Examples
    --------
    The second column says what the first says; the third goes its own way and gets more
    than half:

    >>> table = pd.DataFrame({"a": [0, 1, 2, 3], "b": [0, 10, 20, 30], "c": [1, 0, 0, 1]})
    >>> critic(table).series.round(3).to_dict()
    {'a': 0.214, 'b': 0.214, 'c': 0.573}
    """
    values, names, less, flat = read_table(table, cost)
    require_some(flat)
    z = stretched(values, less, flat)
    contrast = np.where(flat, np.nan, z.std(axis=0, ddof=1))
    moved = z - z.mean(axis=0)
    length = np.where(flat, 1, np.sqrt((moved**2).sum(axis=0)))
    apart = 1 - (moved.T @ moved) / np.outer(length, length)
    apart[apart < SAME_COURSE] = 0
    conflict = np.where(flat, np.nan, apart[:, ~flat].sum(axis=1))
    information = contrast * conflict
    weight = np.where(flat, 0, information)
    if (~flat).sum() == 1:
        # A column that is alone conflicts with nobody and has all there is.
        weight = (~flat).astype(float)
    elif weight.sum() <= 0:
        raise InputError(
            f"The columns {', '.join(str(name) for name in names)} rise and fall together, so "
            "CRITIC has no conflict to weigh by. Keep one of them, or use entropy."
        )
    made = {"contrast": contrast, "conflict": conflict, "information": information}
    return Weights(_table(names, flat, weight, made), method="critic")


def _table(names: list[Any], flat: Bools, weight: Floats, made: dict[str, Floats]) -> pd.DataFrame:
    note = np.where(flat, word("weights.constant"), "")
    return pd.DataFrame(
        {"weight": weight / weight.sum(), "note": note.astype(object), **made},
        index=pd.Index(names, name="indicator"),
    )
