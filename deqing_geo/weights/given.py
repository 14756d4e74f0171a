"""What was given, read and refused: tables of indicators, and weights by name.

All faults of a table are gathered before it is refused. Nothing is filled in or left out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.columns import word
from deqing_geo.errors import ROWS_SHOWN, ColumnError, InputError
from deqing_geo.text import figure
from deqing_geo.weights.answers import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

# Two rows are the least that can differ.
LEAST_ROWS = 2
# A column whose values lie this near to one another, as a share of the largest, is the same
# everywhere: what is left is the last bits of somebody's arithmetic.
FLAT = 1e-12
# No indicator of a place is as large; squares of much larger numbers overflow.
LARGEST = 1e100
# Weights as people write them (.33, .33, .33) need not add up to 1 to the last digit.
SUM_AS_WRITTEN = 1e-9


def read_table(
    table: pd.DataFrame, cost: Iterable[Any] = ()
) -> tuple[Floats, list[Any], Bools, Bools]:
    """The numbers of a table, whose columns are indicators.

    Parameters
    ----------
    table : DataFrame, N rows by k columns
        Numbers without gaps.
    cost : iterable of column names
        Those where less is better.

    Returns
    -------
    values : ndarray of shape (N, k)
        As float.
    names : list, length k
        The columns.
    less : ndarray of bool, shape (k,)
        Where less is better.
    flat : ndarray of bool, shape (k,)
        Where all rows are the same.

    Raises
    ------
    ColumnError
        If a column repeats, is no number, or `cost` names one that is not there.
    InputError
        If there are no two rows, or a number is missing or not finite.

    Examples
    --------
    >>> values, names, less, flat = read_table(pd.DataFrame({"a": [1, 2], "b": [3, 3]}), ["a"])
    >>> names, less.tolist(), flat.tolist()
    (['a', 'b'], [True, False], [False, True])
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"`table` is a {type(table).__name__}; give a DataFrame, a row per unit and a column "
            "per indicator."
        )
    if not table.columns.is_unique:
        again = dict.fromkeys(table.columns[table.columns.duplicated()])
        raise ColumnError(f"`table` repeats the columns {_listed(again)}. Rename or drop them.")
    if table.shape[1] == 0:
        raise ColumnError("`table` has no columns; give one per indicator.")
    if len(table) < LEAST_ROWS:
        raise InputError(f"`table` has {len(table)} rows; weighing compares at least two.")
    names = list(table.columns)
    less = _less(cost, names)
    values = np.empty(table.shape)
    words: list[str] = []
    cells: list[tuple[Any, Any]] = []
    for at, name in enumerate(names):
        column = table.iloc[:, at]
        numbers = _numbers(column)
        if numbers is None:
            words.append(f"{name} ({column.dtype})")
            continue
        values[:, at] = numbers
    if words:
        raise ColumnError(
            f"`table` has columns that are no numbers: {_listed(words)}. Drop them "
            "(table.drop(columns=...)) or turn them into numbers (pd.to_numeric)."
        )
    gone = np.isnan(values)
    wild = ~gone & ~(np.abs(values) <= LARGEST)
    said = []
    if gone.any():
        said.append(
            f"lacks {int(gone.sum())} values; fill them (by the town's median, say) or drop"
        )
    if wild.any():
        said.append(f"has {int(wild.sum())} values that are not finite; mend or drop")
    if said:
        cells = [(table.index[row], names[at]) for row, at in np.argwhere(gone | wild)]
        raise InputError(f"`table` {', and it '.join(said)} their rows or columns.", cells)
    largest = np.abs(values).max(axis=0)
    flat = (values.max(axis=0) - values.min(axis=0)) <= FLAT * largest
    return values, names, less, flat


def require_some(flat: Bools) -> None:
    """Refuse a table in which no column tells any row from another.

    Parameters
    ----------
    flat : ndarray of bool
        Columns that are the same everywhere.

    Raises
    ------
    InputError
        If all are.

    Examples
    --------
    >>> require_some(np.array([True, False]))
    """
    if flat.all():
        raise InputError(
            "Every column of `table` is the same in all rows, so there is nothing to weigh by. "
            "Give a column that differs, or weights of your own."
        )


def stretched(values: Floats, less: Bools, flat: Bools) -> Floats:
    """Every column on 0-1, the least and the most of its rows at the ends; 1 is always better.

    Parameters
    ----------
    values : ndarray of shape (N, k)
        Numbers.
    less, flat : ndarray of bool, shape (k,)
        Where less is better; what is the same everywhere, which becomes 0.

    Returns
    -------
    ndarray of shape (N, k)
        0 to 1.

    Examples
    --------
    >>> stretched(np.array([[1.0], [2], [5]]), np.array([True]), np.array([False])).ravel().tolist()
    [1.0, 0.75, 0.0]
    """
    least, most = values.min(axis=0), values.max(axis=0)
    z = np.where(less, most - values, values - least) / np.where(flat, 1, most - least)
    return np.where(flat, 0.0, z)


def read_weights(
    weights: Weights | pd.Series[Any] | Mapping[Any, Any], called: str = "weights"
) -> tuple[pd.Series[float], tuple[str, ...]]:
    """Weights by name, adding up to 1.

    Parameters
    ----------
    weights : Weights, Series or mapping
        From name to weight.
    called : str
        What the caller knows them by.

    Returns
    -------
    series : Series of float
        Adding up to 1, in the order given.
    notices : tuple of str
        Those of a `Weights`, and that the sum was another, where it was.

    Raises
    ------
    InputError
        If they are of another kind, repeat a name, are no numbers, negative, not finite, or
        all 0.

    Examples
    --------
    >>> series, notices = read_weights({"a": 3, "b": 1})
    >>> series.to_dict(), notices
    ({'a': 0.75, 'b': 0.25}, ('权重之和为4.0000,已按比例归一',))
    """
    if isinstance(weights, Weights):
        return weights.series.astype(float), weights.notices
    if not isinstance(weights, pd.Series | Mapping):
        raise InputError(
            f"`{called}` is a {type(weights).__name__}; give a mapping from column to weight, "
            "a Series, or what ahp, entropy, critic or combine answered."
        )
    given = weights if isinstance(weights, pd.Series) else pd.Series(dict(weights), dtype=object)
    if given.empty:
        raise InputError(f"`{called}` is empty; give a weight per column.")
    if not given.index.is_unique:
        raise InputError(f"`{called}` names a column twice.", given.index[given.index.duplicated()])
    numbers = _numbers(given)
    if numbers is None:
        raise InputError(f"`{called}` holds something that is no number: {given.to_dict()}.")
    odd = ~((numbers >= 0) & (numbers <= LARGEST))
    if odd.any():
        raise InputError(
            f"`{called}` are numbers from 0 upwards; a column where less is better goes into "
            "`cost`, not under a negative weight.",
            [
                f"{name}: {value:g}"
                for name, value in zip(given.index[odd], numbers[odd], strict=True)
            ],
        )
    total = float(numbers.sum())
    if total <= 0:
        raise InputError(f"`{called}` are all 0, so nothing is weighed. Give at least one.")
    said: tuple[str, ...] = ()
    if abs(total - 1) > SUM_AS_WRITTEN:
        said = (word("weights.rescaled").format(total=figure(total, 4)),)
    return pd.Series(numbers / total, index=given.index, name="weight", dtype=float), said


def require_same(weights: pd.Series[float], names: Iterable[Any], called: str = "weights") -> None:
    """Refuse weights that name other columns than the table has.

    Parameters
    ----------
    weights : Series
        By name.
    names : iterable
        The columns.
    called : str
        What the caller knows the weights by.

    Raises
    ------
    ColumnError
        If a name is on one side only.

    Examples
    --------
    >>> require_same(pd.Series({"a": 1.0}), ["a"])
    """
    columns = list(names)
    strange = [name for name in weights.index if name not in columns]
    without = [name for name in columns if name not in weights.index]
    said = []
    if strange:
        said.append(f"`{called}` names {_listed(strange)}, not among {_listed(columns)}")
    if without:
        said.append(f"`{called}` has none for {_listed(without)} (0 leaves a column out)")
    if said:
        raise ColumnError("; ".join(said) + ".")


def _less(cost: Iterable[Any], names: list[Any]) -> Bools:
    # One name is not a list of letters.
    wanted = [cost] if isinstance(cost, str) else list(cost)
    strange = [name for name in wanted if name not in names]
    if strange:
        raise ColumnError(f"`cost` names {_listed(strange)}; the table has {_listed(names)}.")
    return np.array([name in wanted for name in names], dtype=bool)


def _numbers(column: pd.Series[Any]) -> Floats | None:
    """The column as float with NaN for gaps, or None where it holds anything but numbers."""
    kind = column.dtype
    if pd.api.types.is_complex_dtype(kind):
        return None
    if pd.api.types.is_numeric_dtype(kind):
        return np.asarray(column.to_numpy(dtype=float, na_value=np.nan), dtype=float)
    if not pd.api.types.is_object_dtype(kind):
        return None
    held = column[column.notna()]
    # Text that looks like a number is text: 3.5 and 3,5 and １５ are for the caller to read.
    if not all(isinstance(one, int | float | np.number) for one in held):
        return None
    return np.asarray(column.astype(object).to_numpy(dtype=float, na_value=np.nan), dtype=float)


def _listed(names: Iterable[Any]) -> str:
    shown = [str(name) for name in names]
    more = f" and {len(shown) - ROWS_SHOWN} more" if len(shown) > ROWS_SHOWN else ""
    return ", ".join(shown[:ROWS_SHOWN]) + more
