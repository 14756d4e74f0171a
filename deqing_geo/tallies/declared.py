"""What villages declare of themselves, put to the plan's targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.errors import ColumnError, InputError
from deqing_geo.standards.model import OF_EACH
from deqing_geo.tallies.model import (
    NOTHING,
    Tally,
    answer_to,
    label_of,
    own_villages,
    places_of,
    share_of,
    tally,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]

JOINED = "joined"
TRADITIONAL = ("中国传统村落", "国家级传统村落", "省级传统村落", "省传统村落")


def villages_where(table: pd.DataFrame, column: str, key: str | None = None) -> Tally:
    """Share of villages of which a declared fact is true (污水处理设施行政村覆盖率).

    Parameters
    ----------
    table : DataFrame
        One row per unit; of a table with ``unit_kind`` only 村委会 are villages.
    column : str
        Of True, False and blanks, for example ``sewage_served``.
    key : str, optional
        The target it answers. Known for ``sewage_served``.

    Returns
    -------
    Tally
        A ratio of the villages that answered; blanks are told. NaN where none did.

    Raises
    ------
    ColumnError
        If the column is absent or holds something else.
    InputError
        If no target asks for the column and `key` is not given.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    >>> table = pd.DataFrame({"sewage_served": [True, True, False, None]})
    >>> villages_where(table, "sewage_served")
    <Tally of sewage_village_coverage: 66.67% (2 of 3)>
    """
    target = answer_to(column, key)
    own, said, missed = _declared(table, column)
    known = own.dropna()
    if len(known) and pd.api.types.infer_dtype(known, skipna=True) != "boolean":
        odd = known.index[~known.isin([True, False]).to_numpy()]
        raise ColumnError(f"`table`: `{column}` holds True, False or nothing.", odd)
    definition = f"{label_of(column)}为“是”的{said}占已填报{said}的比例"
    return share_of(
        target,
        known.to_numpy(dtype=bool),
        definition,
        (*missed, *_blanks(own, column)),
        unknown=int(own.isna().sum()),
        how=JOINED,
        places=_places(table, own, known.to_numpy(dtype=bool)),
        table=table,
    )


def villages_reaching(table: pd.DataFrame, column: str, key: str | None = None) -> Tally:
    """Share of villages that reach the number a target asks of every one of them.

    Parameters
    ----------
    table : DataFrame
        One row per unit; of a table with ``unit_kind`` only 村委会 are villages.
    column : str
        Of numbers in the target's unit, for example ``collective_op_income`` (万元).
    key : str, optional
        The target it answers. Known for ``collective_op_income`` (全部达到100万元以上).

    Returns
    -------
    Tally
        A ratio of the villages that answered; blanks are told. NaN where none did.

    Raises
    ------
    ColumnError
        If the column is absent or holds no numbers.
    InputError
        If no target asks for the column, or the target asks no number of each.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    >>> table = pd.DataFrame({"collective_op_income": [100.0, 250.0, 99.9, None]})
    >>> villages_reaching(table, "collective_op_income")
    <Tally of village_operating_income: 66.67% (2 of 3)>
    """
    target = answer_to(column, key)
    if target.operator not in OF_EACH or target.value is None:
        raise InputError(f"`{target.key}` asks no number of each village: {target}.")
    own, said, missed = _declared(table, column)
    known = _numbers(own, column).dropna()
    above = known > target.value if target.operator == "each_gt" else known >= target.value
    definition = f"{label_of(column)}{target.asked}的{said}占已填报{said}的比例,全部达到为达标"
    return share_of(
        target,
        above.to_numpy(dtype=bool),
        definition,
        (*missed, *_blanks(own, column)),
        unknown=int(own.isna().sum()),
        how=JOINED,
        places=_places(table, own, above.to_numpy(dtype=bool)),
        table=table,
    )


def villages_sum(table: pd.DataFrame, column: str, key: str | None = None) -> Tally:
    """Sum over all villages of a declared number (累计盘活利用闲置宅基地和农房).

    Parameters
    ----------
    table : DataFrame
        One row per unit; of a table with ``unit_kind`` only 村委会 are villages.
    column : str
        Of numbers in the target's unit, for example ``homesteads_revived``.
    key : str, optional
        The target it answers. Known for ``homesteads_revived``.

    Returns
    -------
    Tally
        ``counted`` of ``total`` are the villages that answered with a number above nothing
        and all that answered; blanks are told. NaN where none did.

    Raises
    ------
    ColumnError
        If the column is absent or holds no numbers.
    InputError
        If no target asks for the column and `key` is not given.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    >>> table = pd.DataFrame({"homesteads_revived": [30, 0, 12, None]})
    >>> villages_sum(table, "homesteads_revived")
    <Tally of idle_homesteads_reused: 42 宗(套) (2 of 3)>
    """
    target = answer_to(column, key)
    own, said, missed = _declared(table, column)
    known = _numbers(own, column).dropna()
    return tally(
        target,
        value=float(known.sum()) if len(known) else NOTHING,
        counted=int((known > 0).sum()),
        total=len(known),
        definition=f"已填报{said}的{label_of(column)}之和",
        extra=(*missed, *_blanks(own, column)),
        unknown=int(own.isna().sum()),
        how=JOINED,
        places=_some(_places(table, own, (known > 0).to_numpy(dtype=bool))),
        table=table,
    )


def villages_listed(
    table: pd.DataFrame,
    column: str = "heritage_list",
    mentions: Iterable[str] = TRADITIONAL,
    key: str | None = None,
) -> Tally:
    """How many villages a list names (列入省级以上名录的传统村落).

    Parameters
    ----------
    table : DataFrame
        One row per unit; of a table with ``unit_kind`` only 村委会 are villages.
    column : str
        Of text that names lists; a blank means on none.
    mentions : iterable of str
        Any of these in the text counts: by default the national and provincial lists of
        传统村落, so that a county's own does not.
    key : str, optional
        The target it answers. Known for ``heritage_list``.

    Returns
    -------
    Tally
        A count out of all villages; NaN without villages.

    Raises
    ------
    ColumnError
        If the column is absent.
    InputError
        If `mentions` is empty, or no target asks for the column and `key` is not given.
    StandardsError
        If `key` is no target of the plan.

    Examples
    --------
    >>> table = pd.DataFrame({"heritage_list": ["中国传统村落 第五批", "县级传统村落", None]})
    >>> villages_listed(table)
    <Tally of traditional_villages: 1 个 (1 of 3)>
    """
    words = (mentions,) if isinstance(mentions, str) else tuple(mentions)
    if not words or not all(words):
        raise InputError("`mentions` names no list: which words shall count?")
    target = answer_to(column, key)
    own, said, missed = _declared(table, column)
    text = own.astype(object).where(own.notna(), "").astype(str)
    found = np.zeros(len(own), dtype=bool)
    for one in words:
        found |= text.str.contains(one, regex=False).to_numpy(dtype=bool)
    return tally(
        target,
        value=float(found.sum()) if len(own) else NOTHING,
        counted=int(found.sum()),
        total=len(own),
        definition=f"{label_of(column)}中有“{'”或“'.join(words)}”字样的{said}个数",
        extra=missed,
        how=JOINED,
        places=places_of(table[own_villages(table, "table")[0]][found], "counted"),
        table=table,
    )


def _declared(table: pd.DataFrame, column: str) -> tuple[pd.Series[Any], str, tuple[str, ...]]:
    """A column of the village table, of villages only."""
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"`table` is a {type(table).__name__}, not a table.")
    if column not in table:
        raise ColumnError(f"`table` has no column `{column}` ({label_of(column)}).")
    own, said, missed = own_villages(table, "table")
    return table[column][own], said, missed


def _places(table: pd.DataFrame, own: pd.Series[Any], has: Flags) -> gpd.GeoDataFrame | None:
    """The villages that were asked, and what each said; `has` is of those that answered."""
    answered = own.notna().to_numpy(dtype=bool)
    state = np.full(len(own), "unknown", dtype=object)
    state[answered] = np.where(has, "counted", "lacking")
    return places_of(table[own_villages(table, "table")[0]], state)


def _some(places: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Villages that add to a sum, or said nothing; nobody lacks anything there."""
    return None if places is None else places[places["place_state"] != "lacking"]


def _blanks(own: pd.Series[Any], column: str) -> tuple[str, ...]:
    blank = int(own.isna().sum())
    return (f"{label_of(column)}未填报的 {blank} 个村未计入",) if blank else ()


def _numbers(own: pd.Series[Any], column: str) -> pd.Series[Any]:
    kind = pd.api.types.infer_dtype(own.dropna(), skipna=True)
    if kind not in ("integer", "floating", "mixed-integer-float", "decimal", "empty"):
        bad = own.dropna()
        bad = bad[pd.to_numeric(bad, errors="coerce").isna()] if kind != "boolean" else bad
        raise ColumnError(f"`table`: `{column}` holds something else than numbers.", bad.index)
    return pd.Series(own.to_numpy(dtype=float, na_value=np.nan), index=own.index)
