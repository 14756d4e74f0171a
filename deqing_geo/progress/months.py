"""Months as offices write them, and which two months can be compared."""

from __future__ import annotations

import re
from datetime import date

from deqing_geo.errors import InputError

_MONTH = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*月?")
# What of a sentence changes by itself from month to month: days, years, and how many villages
# or parks there are. Thresholds (米、平方米、万元) are no such thing and stay.
_OF_THE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|\d{4}年|\d+个")
DECEMBER = 12
# Years of this century; whoever writes another one has mistyped it.
YEARS = (2000, 2100)


def read_month(text: object) -> str | None:
    """A month as people write it, or None where it is none.

    Parameters
    ----------
    text : object
        ``2026-03``, ``2026/3``, ``2026年3月``, ``202603``, or a day.

    Returns
    -------
    str or None
        Like ``2026-03``.

    Examples
    --------
    >>> read_month("2026年3月"), read_month("202603"), read_month("2026-13"), read_month("三月")
    ('2026-03', '2026-03', None, None)
    """
    if isinstance(text, date):
        return f"{text:%Y-%m}"
    found = _MONTH.fullmatch(str(text).strip())
    if found is None:
        return None
    year, month = int(found[1]), int(found[2])
    fits = YEARS[0] <= year <= YEARS[1] and 1 <= month <= DECEMBER
    return f"{year}-{month:02d}" if fits else None


def as_month(value: object, name: str) -> str:
    """A month, or a refusal.

    Parameters
    ----------
    value : object
        As of `read_month`.
    name : str
        The caller's name for it.

    Returns
    -------
    str
        Like ``2026-03``.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> as_month("2026年3月", "month")
    '2026-03'
    """
    month = read_month(value)
    if month is None:
        raise InputError(f"{name}={value!r} is no month, such as 2026-03 (请填写月份,如 2026-03).")
    return month


def month_before(month: str) -> str:
    """The month before.

    Parameters
    ----------
    month : str
        Like ``2026-03``.

    Returns
    -------
    str
        The same way.

    Examples
    --------
    >>> month_before("2026-03"), month_before("2026-01")
    ('2026-02', '2025-12')
    """
    year, number = year_of(month), number_of(month)
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02d}"


def year_of(month: str) -> int:
    """The year of a month.

    Parameters
    ----------
    month : str
        Like ``2026-03``.

    Returns
    -------
    int
        Its year.
    """
    return int(month[:4])


def number_of(month: str) -> int:
    """Which month of its year it is.

    Parameters
    ----------
    month : str
        Like ``2026-03``.

    Returns
    -------
    int
        1 to 12.
    """
    return int(month[5:7])


def in_chinese(month: str) -> str:
    """A month as papers say it.

    Parameters
    ----------
    month : str
        Like ``2026-03``; empty stays empty.

    Returns
    -------
    str
        Like ``2026年3月``.

    Examples
    --------
    >>> in_chinese("2026-03")
    '2026年3月'
    """
    return f"{year_of(month)}年{number_of(month)}月" if month else ""


def same_way(definition: str, other: str) -> bool:
    """Whether two figures were counted in the same way (口径).

    Parameters
    ----------
    definition, other : str
        As their results say it. Days, years and numbers of villages in them are of the month and
        not of the way of counting.

    Returns
    -------
    bool
        Blank is a way of its own: what was filled in is not what was measured.

    Examples
    --------
    >>> same_way("2023-01-01至2026-02-28通车的农村公路", "2023-01-01至2026-03-31通车的农村公路")
    True
    >>> same_way("服务半径500米", "服务半径300米")
    False
    """
    return _OF_THE_DAY.sub("", definition).strip() == _OF_THE_DAY.sub("", other).strip()


def same_outline(outline: str, other: str) -> bool:
    """Whether two figures are of the same area.

    Parameters
    ----------
    outline, other : str
        Of `deqing_geo.tallies.model.outline_of`; empty where a figure is of the whole county.

    Returns
    -------
    bool
        True where one of them does not say.

    Examples
    --------
    >>> same_outline("7.3 平方公里 #ab", "7.4 平方公里 #cd"), same_outline("", "7.4 平方公里 #cd")
    (False, True)
    """
    return not outline or not other or outline == other
