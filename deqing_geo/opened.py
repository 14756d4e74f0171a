"""What is open: by the status of a row, and by the day it was opened."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.checks import require_words
from deqing_geo.errors import ColumnError, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

BUILT = "built"


def open_rows(frame: gpd.GeoDataFrame, name: str, column: str, absent: str = BUILT) -> Flags:
    """Which rows are open; a blank counts as open, as in every measure.

    Parameters
    ----------
    frame : GeoDataFrame
        Roads or parks.
    name : str
        The caller's name for it.
    column : str
        Of the status.
    absent : str
        What a blank, or a missing column, means.

    Returns
    -------
    ndarray of bool
        One a row.

    Raises
    ------
    ColumnError
        If a status is not in the vocabulary.
    """
    if column not in frame:
        return np.full(len(frame), absent == BUILT)
    return np.asarray(require_words(frame, name, column, blank=absent) == BUILT, dtype=bool)


def opening_days(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """``opened_on`` as days; NaT where nothing stands.

    Parameters
    ----------
    frame : DataFrame
        With ``opened_on`` as text or dates.
    name : str
        The caller's name for it.

    Returns
    -------
    Series of datetime64
        One a row.

    Raises
    ------
    ColumnError
        If the column is absent or holds something that is no day.
    """
    if "opened_on" not in frame:
        raise ColumnError(f"`{name}` has no column `opened_on` ({names.label('opened_on')}).")
    raw = frame["opened_on"]
    # As text, so that a bare 2024 is a year and not nanoseconds since 1970.
    text = raw.astype(object).where(raw.notna(), None).map(str, na_action="ignore")
    days = pd.to_datetime(text, errors="coerce", format="ISO8601")
    odd = raw.notna() & days.isna()
    if odd.any():
        seen = ", ".join(sorted({repr(one) for one in raw[odd]})[:5])
        raise ColumnError(
            f"`{name}`: `opened_on` holds {seen}; write days as 2024-05-01.", frame.index[odd]
        )
    return pd.Series(days.to_numpy(dtype="datetime64[ns]"), index=frame.index)


def as_day(value: date | str, name: str) -> date:
    """A day as planners write it.

    Parameters
    ----------
    value : date or str
        A date, a moment of a day, or text like 2024-05-01.
    name : str
        The caller's name for it.

    Returns
    -------
    date
        The day.

    Raises
    ------
    InputError
        If it is no day.

    Examples
    --------
    >>> as_day("2024-05-01", "as_of")
    datetime.date(2024, 5, 1)
    """
    if isinstance(value, datetime):
        # The missing moment of pandas is a datetime too.
        value = str(value) if value != value else value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(f"{name}={value!r} is no day, such as '2023-01-01'.") from None
