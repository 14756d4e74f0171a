"""What is open: by the status of a row, and by the day it was opened."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """How each row of a layer stood on a day.

    Attributes
    ----------
    status : array of str
        As the layer says.
    built : array of bool
        Open by its status.
    late : array of bool
        Open by its status, and opened after that day.
    undated : array of bool
        Open by its status alone, where a day was asked for.
    contradictory : array of bool
        Not open by its status, and opened by that day by its date.
    """

    status: NDArray[Any]
    built: Flags
    late: Flags
    undated: Flags
    contradictory: Flags

    @property
    def open(self) -> Flags:
        """Whether a row was open."""
        return self.built & ~self.late


def opened_by(frame: gpd.GeoDataFrame, name: str, column: str, day: date | None) -> Opened:
    """How each row stood on a day, by its status and the day it opened.

    Parameters
    ----------
    frame : GeoDataFrame
        Roads, parks or facilities; ``opened_on`` where known.
    name : str
        The caller's name for it.
    column : str
        Of the status; where it is missing, and where it is blank, a row counts as built.
    day : date or None
        The last day on which a row may have opened; None asks for no dates.

    Returns
    -------
    Opened
        One entry a row.

    Raises
    ------
    ColumnError
        If a status is not in the vocabulary, or, where a day is asked for, ``opened_on`` holds
        something that is no day.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> stood = opened_by(sample.roads(), "roads", "road_status", None)
    >>> stood.open.tolist()
    [True, True, True, True, False, True]
    """
    count = len(frame)
    status = (
        require_words(frame, name, column, blank=BUILT).copy()
        if column in frame
        else np.full(count, BUILT, dtype=object)
    )
    built = np.asarray(status == BUILT, dtype=bool)
    late = undated = contradictory = np.zeros(count, dtype=bool)
    if day is not None:
        days = np.full(count, np.datetime64("NaT"), dtype="datetime64[ns]")
        if "opened_on" in frame:
            days = opening_days(frame, name).to_numpy(dtype="datetime64[ns]")
        # A day with an hour is still that day; NaT is neither before nor after.
        morrow = np.datetime64(day) + np.timedelta64(1, "D")
        late, contradictory = built & (days >= morrow), ~built & (days < morrow)
        undated = built & np.isnat(days)
    return Opened(status, built, late, undated, contradictory)


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


def expected_days(projects: pd.DataFrame, name: str) -> pd.Series[Any]:
    """The day each project is expected to open: the last one of a bare year or month.

    Parameters
    ----------
    projects : DataFrame
        With ``opened_on`` as text, dates or years.
    name : str
        The caller's name for it.

    Returns
    -------
    Series of datetime64
        One a row; NaT where nothing stands.

    Raises
    ------
    ColumnError
        If the column is absent or holds something that is no day.

    Examples
    --------
    >>> import pandas as pd
    >>> listed = pd.DataFrame({"opened_on": ["2026", "2026-05", 2027.0, "2026-03-01"]})
    >>> expected_days(listed, "projects").dt.strftime("%Y-%m-%d").to_list()
    ['2026-12-31', '2026-05-31', '2027-12-31', '2026-03-01']
    """
    if "opened_on" not in projects:
        return opening_days(projects, name)
    raw = projects["opened_on"]
    # A spreadsheet makes 2026.0 of a year as soon as one cell below it is empty.
    text = raw.astype(object).map(
        lambda one: f"{one:g}" if isinstance(one, float) else str(one).strip(), na_action="ignore"
    )
    days = opening_days(pd.DataFrame({"opened_on": text}), name)
    size = text.str.len().fillna(0)
    days = days.mask(size == len("2026"), days + pd.offsets.YearEnd(0))
    days = days.mask(size == len("2026-05"), days + pd.offsets.MonthEnd(0))
    return pd.Series(days.to_numpy(dtype="datetime64[ns]"), index=projects.index)


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
