"""What a person should look at again; no flag changes a type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.standards import Standard
    from deqing_geo.villages.judge import State

    Bools = NDArray[np.bool_]
    Texts = NDArray[np.object_]


def flags_of(
    state: State,
    table: gpd.GeoDataFrame,
    law: Standard,
    told: Mapping[str, str],
    filled: Sequence[Bools],
) -> tuple[Texts, Texts]:
    """What a person should look at again, as codes and in words.

    Parameters
    ----------
    state : State
        What was decided of N villages.
    table : GeoDataFrame, N rows
        Facts and scores.
    law : Standard
        Where the numbers stand.
    told : mapping of str to str
        How each fact came about.
    filled : sequence of ndarray of bool
        For each indicator, where a median stands in.

    Returns
    -------
    codes, words : ndarray of str, shape (N,)
        Several are joined by a semicolon; empty where there is none.
    """
    count = len(table)

    def number(column: str) -> NDArray[np.float64]:
        if column not in table:
            return np.full(count, np.nan)
        return np.asarray(table[column].to_numpy(dtype=float, na_value=np.nan))

    def yes(column: str) -> Bools:
        return np.array([one is True or one is np.True_ for one in column_of(table, column)], bool)

    listed = pd.Series(column_of(table, "heritage_list")).notna().to_numpy(dtype=bool)
    consent = column_of(table, "villager_consent")
    steep = number("slope_res_mean_deg")
    code = column_of(table, "urban_rural_code")
    kind = column_of(table, "unit_kind")
    urban = np.array([isinstance(one, str) and one.startswith("1") for one in code], dtype=bool)
    rural = np.array([isinstance(one, str) and one.startswith("2") for one in code], dtype=bool)
    part = state.model != "urban"
    stands_in = [column for column, how in told.items() if how == "proxy" and column != "pop_grid"]
    proxy = np.full(count, bool(stands_in))
    whole = column_of(table, "whole_area") == True  # noqa: E712
    goal = law.targets.get("village_operating_income")
    low = np.zeros(count, dtype=bool)
    with np.errstate(invalid="ignore"):
        if goal is not None and goal.value is not None:
            low = number("collective_op_income") < goal.value
        found = {
            "HX": listed & yes("hazard_major"),
            "HP": listed & yes("in_relocation_plan"),
            "HR": listed & (number("redline_res_share") >= law.rule("village.redline_share").value),
            "LOWINC": low & part,
            "SL25": steep > law.rule("village.slope_limit").value,
            "SL15": (steep >= law.rule("village.slope_steep").value)
            & ~(steep > law.rule("village.slope_limit").value),
            "PROXY": proxy & part,
            "FILLED": np.logical_or.reduce([np.zeros(count, dtype=bool), *filled]),
            "UNREACHED": np.isnan(number("tt_county_min")) & ("tt_county_min" in table),
            "WHOLE": whole & ("residential_ha" in table),
            "URBAN": part
            & (((kind == "village_committee") & urban) | ((kind == "residents_committee") & rural)),
            "UNDATED": state.candidate & (consent == "agreed") & ~state.agreed,
            "REFUSED": (state.model == "relocate") & (consent == "refused"),
            "EXPIRED": state.expired,
            "UNITS": pd.Series(column_of(table, "doubted")).notna().to_numpy(dtype=bool),
            "OUTDATED": (state.agreed_to != "") & (state.agreed_to != state.model),
            "DOUBT": state.doubtful,
        }
    words = names.vocabulary("flags")
    order = [name for name in words if name in found]
    masks = np.array([found[name] for name in order], dtype=bool)
    # Villages are many and the ways to be flagged are few: each as a number with a bit a flag.
    keys = (1 << np.arange(len(order), dtype=np.int64)) @ masks.astype(np.int64)
    ways, first, way = np.unique(keys, return_index=True, return_inverse=True)
    codes = [[order[at] for at in np.flatnonzero(masks[:, one])] for one in first]
    said = [[";".join(row), ";".join(words[code] for code in row)] for row in codes]
    both = np.array(said, dtype=object).reshape(len(ways), 2)[way]
    return both[:, 0], both[:, 1]


def column_of(table: pd.DataFrame, column: str) -> NDArray[Any]:
    """A column as objects.

    Parameters
    ----------
    table : DataFrame, N rows
        Facts.
    column : str
        Perhaps not there.

    Returns
    -------
    ndarray of object, shape (N,)
        None where nothing is known.
    """
    if column not in table:
        return np.full(len(table), None, dtype=object)
    values = table[column]
    out = values.to_numpy(dtype=object).copy()
    out[values.isna().to_numpy(dtype=bool)] = None
    return out
