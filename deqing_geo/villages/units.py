"""Whether declared figures can be in the unit of their column: told or refused, never turned.

A column of incomes in 元 reads as villages richer than towns. What no village could have is
refused; what few could have is doubted, and a person looks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.errors import ColumnError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Standard

    Floats = NDArray[np.float64]
    Doubts = dict[str, tuple[str, pd.Series[Any]]]

MINUTES = ("tt_county_min", "tt_subcentre_min", "tt_centre_min", "tt_town_min")


def judge_units(table: pd.DataFrame, law: Standard) -> Doubts:
    """Figures that can hardly be in the unit of their column.

    Parameters
    ----------
    table : DataFrame
        Declared facts, each cell as `read_cells` leaves it.
    law : Standard
        From where on a figure is doubted (``village.unit.…``, this library's proposals).

    Returns
    -------
    dict of str to (str, Series of bool)
        By column what is odd, and of which villages.

    Raises
    ------
    ColumnError
        If a whole column cannot be in its unit: incomes in 元, arable land in square metres.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> table = pd.DataFrame({"farmland_pc": [0.05, 0.08, 0.04]}, index=["A", "B", "C"])
    >>> says, rows = judge_units(table, standards.load())["farmland_pc"]
    >>> says, rows.all().item()
    ('no village has 0.15 亩 a head. Is the column in 公顷?', True)
    """
    limit = {key: law.rule(f"village.unit.{key}").value for key in _KEYS}
    enough = int(limit["rows"])
    doubts: Doubts = {}

    def doubt(column: str, rows: pd.Series[Any], says: str) -> None:
        if rows.any():
            doubts[column] = (says, rows)

    for column, key, unit, other in _TOO_MUCH:
        values = _known(table, column)
        if values is None:
            continue
        over = values > limit[key]
        held = values.notna()
        if other and held.sum() >= enough and (over == held).all():
            raise ColumnError(
                f"`{column}`: every village has more than {limit[key]:,g} {unit}. Is the column in "
                f"{other}? Write its unit in the heading, as ({other}), and it is converted.",
                values.index[over],
            )
        doubt(column, over, f"more than {limit[key]:,g} {unit}.")
    for columns, key, unit, other, says in _TOO_LITTLE:
        for column in columns:
            values = _known(table, column)
            if values is None:
                continue
            held = values.notna()
            little = values.abs() < limit[key]
            if held.sum() >= enough and (little == held).all() and (values != 0).any():
                shown = says.format(f"{limit[key]:g} {unit}")
                doubt(column, held & (values != 0), f"{shown} Is the column in {other}?")
    people, households = _known(table, "pop_resident"), _known(table, "hh_resident")
    if people is not None and households is not None:
        each = people / households.where(households > 0)
        odd = (each > limit["most_persons"]) | (each < limit["least_persons"])
        doubt(
            "hh_resident",
            odd,
            f"fewer than {limit['least_persons']:g} or more than {limit['most_persons']:g} people "
            "a household. Has a column slipped?",
        )
    return doubts


_KEYS = (
    "income", "minutes", "least_farmland", "most_farmland", "change", "most_persons",
    "least_persons", "people", "rows",
)  # fmt: skip
# Column, rule, its unit, and the unit it is then taken to be in; without one it is only doubted.
_TOO_MUCH = (
    ("collective_op_income", "income", "万元", "元"),
    ("farmland_pc", "most_farmland", "亩", "平方米"),
    ("pop_resident", "people", "人", ""),
)
# Columns, rule, unit, the unit they are then taken to be in, and what is odd.
_TOO_LITTLE: tuple[tuple[tuple[str, ...], str, str, str, str], ...] = (
    (("farmland_pc",), "least_farmland", "亩", "公顷", "no village has {} a head."),
    (MINUTES, "minutes", "分钟", "小时", "no village is {} away."),
    (("pop_chg5_pct",), "change", "%", "a ratio", "no village changed by {}."),
)


def _known(table: pd.DataFrame, column: str) -> pd.Series[Any] | None:
    if column not in table:
        return None
    return pd.Series(table[column].to_numpy(dtype=float, na_value=np.nan), index=table.index)
