"""Weights from judgements in pairs (层次分析法): how much one thing matters beside another.

The matrix is only as good as who filled it in. What can be seen from the numbers is whether
the judgements contradict each other; a matrix that does is refused, and the pair to ask
again is named.

References
----------
Saaty, T. L. (1980). The Analytic Hierarchy Process. McGraw-Hill, New York.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.columns import fold, word
from deqing_geo.errors import ROWS_SHOWN, InputError
from deqing_geo.text import figure
from deqing_geo.weights.answers import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

METHODS = ("eigenvector", "root")
# Mean consistency index of random reciprocal matrices of 1 to 15 things: Saaty 1980. Later
# simulations give other figures, .52 instead of .58 for three things, so that a ratio of .10 there
# is .11 by those; the older table is the one in planning texts, and the result carries its RI.
RANDOM_INDEX = (
    0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
)  # fmt: skip
# Saaty 1980: from this ratio on, judgements are to be made again.
LARGEST_RATIO = 0.10
# Saaty's scale: nine times as important is the most there is.
SCALE = 9.0
# A third is written .33, an eighth .13: half a hundredth, and a little for the binary digits.
AS_WRITTEN = 0.005 + 1e-9
# An index smaller than this is arithmetic, not contradiction.
NOTHING = 1e-12


def ahp(
    judgements: pd.DataFrame | Sequence[Sequence[Any]] | NDArray[Any],
    *,
    names: Sequence[Any] | None = None,
    method: str = "eigenvector",
    force: bool = False,
) -> Weights:
    """Weights from a judgement matrix (判断矩阵), and whether its judgements agree.

    Row over column: 3 in row 人口, column 收入 says that people matter three times as much as
    income. One half of the matrix is enough: a blank stands for the reciprocal of the cell across
    the diagonal. ``1/3`` may be written as text, and .33 across from 3 is read as the third
    it was meant to be.

    Parameters
    ----------
    judgements : DataFrame or square array, n rows by n columns, n up to 15
        Positive numbers; the same names along both sides.
    names : sequence, length n, optional
        Of the rows and columns of an array.
    method : {"eigenvector", "root"}
        The principal eigenvector (特征向量法), or the geometric means of the rows (方根法). They
        are equal where judgements are consistent and where there are three things or fewer.
    force : bool
        Whether to take judgements that contradict each other all the same; the result says so.

    Returns
    -------
    Weights
        With ``lambda_max``, ``ci``, ``cr`` and the ``ri`` it was divided by.

    Raises
    ------
    InputError
        If the matrix is not square, has more than 15 rows, a cell is not positive or cannot
        be read, both cells of a pair are blank or do not fit, the diagonal is not 1; or if the
        consistency ratio is 0.10 or more, naming the pair that fits least.

    Notes
    -----
    Saaty (1980): A w = lambda_max w; CI = (lambda_max - n) / (n - 1); CR = CI / RI, with the
    random indices of the same book. With ``root`` lambda_max is the mean of (A w)_i / w_i.
    Tables of RI differ between authors, and so do ratios near 0.10.

    A ratio below 0.10 says that the judgements agree with each other. It does not say that
    they are right.

    Examples
    --------
    Three over one, and two over one; then the first is 1.5 times the second:

    >>> found = ahp([[1, 1.5, 3], ["", 1, 2], ["", "", 1]], names=["people", "income", "services"])
    >>> found
    <Weights (ahp, eigenvector, CR 0.000): people 0.500, income 0.333, services 0.167>

    Judgements that nearly agree; with three things lambda_max is 1 + c + 1/c, where c is the cube
    root of 3 * 3 / 5:

    >>> close = ahp([[1, 3, 5], ["1/3", 1, 3], [0.2, 0.33, 1]], names=["a", "b", "c"])
    >>> close.series.round(3).to_dict(), round(close.lambda_max, 4), round(close.cr, 3)
    ({'a': 0.637, 'b': 0.258, 'c': 0.105}, 3.0385, 0.033)
    """
    if method not in METHODS:
        raise InputError(f"method={method!r} is not one of {', '.join(METHODS)}.")
    cells, called = _cells(judgements, names)
    matrix = _read(cells, called)
    size = len(called)
    if method == "eigenvector":
        values, vectors = np.linalg.eig(matrix)
        first = int(values.real.argmax())
        # Perron: of a positive matrix the first eigenvector has one sign.
        weights = np.abs(vectors[:, first].real)
        weights /= weights.sum()
        largest = float(values[first].real)
    else:
        weights = np.exp(np.log(matrix).mean(axis=1))
        weights /= weights.sum()
        largest = float(np.mean(matrix @ weights / weights))
    index = (largest - size) / (size - 1) if size > 1 else 0.0
    index = index if index > NOTHING else 0.0
    random = RANDOM_INDEX[size - 1]
    ratio = index / random if random > 0 else 0.0
    said = []
    if ratio >= LARGEST_RATIO:
        if not force:
            raise InputError(_at_odds(matrix, weights, called, ratio))
        said.append(word("weights.inconsistent").format(cr=figure(ratio, against=[LARGEST_RATIO])))
    if matrix.max() > SCALE * (1 + NOTHING):
        said.append(word("weights.beyond_scale"))
    table = pd.DataFrame({"weight": weights, "note": ""}, index=pd.Index(called, name="indicator"))
    return Weights(
        table,
        method="ahp",
        variant=method,
        notices=tuple(said),
        lambda_max=largest if index > 0 else float(size),
        ci=index,
        cr=ratio,
        ri=random,
    )


def _cells(judgements: Any, names: Sequence[Any] | None) -> tuple[NDArray[Any], list[Any]]:
    """The cells as given, rows in the order of the columns."""
    if isinstance(judgements, pd.DataFrame):
        if names is not None:
            raise InputError("`names` goes with an array; the table has names of its own.")
        columns, rows = list(judgements.columns), list(judgements.index)
        for one, labels in (("columns", judgements.columns), ("rows", judgements.index)):
            if not labels.is_unique:
                raise InputError(
                    f"The {one} of `judgements` repeat a name.", labels[labels.duplicated()]
                )
        numbered = isinstance(judgements.index, pd.RangeIndex) and len(rows) == len(columns)
        if not numbered and set(rows) != set(columns):
            apart = [str(one) for one in {*rows} ^ {*columns}]
            raise InputError(
                "Rows and columns of `judgements` are to bear the same names; on one side only: "
                f"{', '.join(sorted(apart)[:ROWS_SHOWN])}. Read a sheet with index_col=0."
            )
        table = judgements if numbered else judgements.loc[columns]
        cells, called = table.to_numpy(dtype=object), columns
    else:
        cells = _square(judgements)
        if names is None:
            raise InputError("Say what the rows of the array are: ahp(judgements, names=[...]).")
        called = list(names)
        if len(set(called)) != len(called):
            raise InputError("`names` repeats a name.")
        if len(called) != len(cells):
            raise InputError(f"`names` has {len(called)} names for {len(cells)} rows.")
    if not called:
        raise InputError("`judgements` is empty; give a row and a column per thing.")
    if len(called) > len(RANDOM_INDEX):
        raise InputError(
            f"`judgements` compares {len(called)} things; random indices are known up to "
            f"{len(RANDOM_INDEX)}. Group them and weigh the groups first."
        )
    return cells, called


def _square(judgements: Any) -> NDArray[Any]:
    if isinstance(judgements, str) or not hasattr(judgements, "__len__"):
        raise InputError(
            f"`judgements` is a {type(judgements).__name__}; give a DataFrame or rows of numbers."
        )
    rows = [list(row) if hasattr(row, "__len__") else [row] for row in judgements]
    if any(len(row) != len(rows) for row in rows):
        lengths = ", ".join(str(len(row)) for row in rows[:ROWS_SHOWN])
        raise InputError(
            f"`judgements` is to be square: {len(rows)} rows with {lengths} cells came."
        )
    cells = np.empty((len(rows), len(rows)), dtype=object)
    for at, row in enumerate(rows):
        cells[at] = row
    return cells


def _read(cells: NDArray[Any], names: list[Any]) -> Floats:
    """A positive reciprocal matrix, or every fault of it at once."""
    size = len(names)
    held = np.full((size, size), np.nan)
    faults: list[str] = []
    for row in range(size):
        for column in range(size):
            number = _number(cells[row, column])
            if number is None or number <= 0 or math.isinf(number):
                faults.append(
                    f"{names[row]} over {names[column]} is {cells[row, column]!r}, not a "
                    "positive number"
                )
                continue
            held[row, column] = number
    if not faults:
        faults = _made_whole(held, names)
    if faults:
        more = f"; and {len(faults) - ROWS_SHOWN} more" if len(faults) > ROWS_SHOWN else ""
        raise InputError(f"`judgements`: {'; '.join(faults[:ROWS_SHOWN])}{more}.")
    return held


def _made_whole(held: Floats, names: list[Any]) -> list[str]:
    """Blanks and roundings become exact reciprocals, in place; what cannot is told."""
    faults = []
    for row, name in enumerate(names):
        if math.isnan(held[row, row]):
            held[row, row] = 1.0
        elif abs(held[row, row] - 1) > NOTHING:
            faults.append(f"{name} over itself is {held[row, row]:g}, not 1")
        for column in range(row + 1, len(names)):
            there, across = held[row, column], held[column, row]
            pair = f"{name} over {names[column]}"
            if math.isnan(there) and math.isnan(across):
                faults.append(f"{pair} is blank on both sides of the diagonal")
                continue
            # What people write in full is the number of times; its reciprocal is what they round.
            least, times = min(there, across), max(there, across)
            blank = math.isnan(there) or math.isnan(across)
            if not blank and abs(least - 1 / times) > AS_WRITTEN:
                faults.append(
                    f"{pair} is {there:g} and the other way round {across:g}, "
                    f"not {_told(1 / there)}"
                )
                continue
            if math.isnan(across) or there >= across:
                held[column, row] = 1 / there
            else:
                held[row, column] = 1 / across
    return faults


def _number(cell: Any) -> float | None:
    """NaN for a blank, None for what is no number."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return math.nan
    if isinstance(cell, bool | np.bool_):
        return None
    if isinstance(cell, str):
        text = fold(cell)
        if not text:
            return math.nan
        try:
            return float(Fraction(text))
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def _at_odds(matrix: Floats, weights: Floats, names: list[Any], ratio: float) -> str:
    fitting = weights[:, None] / weights[None, :]
    apart = np.triu(np.abs(np.log(matrix / fitting)), 1)
    row, column = np.unravel_index(int(apart.argmax()), apart.shape)
    if matrix[row, column] < 1:
        row, column = column, row
    shown = figure(ratio, against=[LARGEST_RATIO])
    return (
        f"`judgements` contradict each other: the consistency ratio CR is {shown}, and less than "
        f"{LARGEST_RATIO:.2f} is asked. Most at odds: {names[row]} over {names[column]} is "
        f"{_told(matrix[row, column])}, where all judgements together say about "
        f"{_told(fitting[row, column])}. Ask for that pair again, or take them as they are with "
        "force=True."
    )


def _told(times: float) -> str:
    """As people say it: 3, or 1/3."""
    return f"{times:.2g}" if times >= 1 else f"1/{1 / times:.2g}"
