"""How near a village is to the threshold of a condition on scores or minutes (临界幅度)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.villages.again import law_of
from deqing_geo.villages.conditions import BOUNDS, JOINED, NO, Given, leaves, truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Standard
    from deqing_geo.villages.scheme import Rung
    from deqing_geo.villages.types import VillageTypes

    Floats = NDArray[np.float64]

MINUTES = "min"
SCORE = "score"
# How many villages there are is no value of one of them, and never near a threshold.
COUNTED = ("units_counted",)
LOW = ("at_most", "below")


def soft(rung: Rung) -> bool:
    """Whether a condition is on scores or minutes, which waver from run to run.

    Parameters
    ----------
    rung : Rung
        Of a scheme.

    Returns
    -------
    bool

    Examples
    --------
    >>> from deqing_geo.villages.scheme import shipped
    >>> [rung.id for rung in shipped().rungs if soft(rung)]
    ['SI-2', 'AC-3', 'IM-C']
    """
    known = names.registry()
    units = (known[leaf["column"]].unit for leaf in leaves(rung.when) if leaf["column"] in known)
    return rung.how == SCORE or MINUTES in units


def margins(types: VillageTypes) -> dict[str, pd.Series[Any]]:
    """By how much every village meets or misses each soft condition, relative to its thresholds.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`.

    Returns
    -------
    dict of str to Series of float
        By the condition's number: the part of a threshold by which a value would have to move
        until the condition says otherwise; NaN where that is not known, infinite where no
        number could change it.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from deqing_geo.villages import classify_villages
    >>> facts = gpd.GeoDataFrame(
    ...     {"dist_udb_m": [900.0, 990.0], "tt_county_min": [12.0, 30.0]},
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)],
    ... )
    >>> margins(classify_villages(facts))["SI-2"].round(2).tolist()
    [0.1, 1.0]
    """
    law = law_of(types)
    given = Given(types.table)
    out: dict[str, pd.Series[Any]] = {}
    for rung in types.scheme.rungs:
        if not soft(rung) or any(column not in types.table for column in rung.columns):
            continue
        away = np.abs(_away(rung.when, given, law))
        held = out.get(rung.id)
        # Of several conditions under one number the nearest could change it.
        away = away if held is None else np.fmin(held.to_numpy(), away)
        out[rung.id] = pd.Series(away, index=types.table.index)
    return out


def _away(when: Mapping[str, Any], given: Given, law: Standard) -> Floats:
    """Above 0 where a condition holds, below where not; how far, in parts of its threshold."""
    for joined in JOINED:
        if joined not in when:
            continue
        if joined == "not":
            return -_away(when["not"], given, law)
        parts = [_away(part, given, law) for part in when[joined]]
        join = np.minimum if joined == "all" else np.maximum
        out = parts[0]
        for part in parts[1:]:
            out = join(out, part)
        return out
    if not when:
        return np.full(len(given), np.inf)
    return _leaf(when, given, law)


def _leaf(leaf: Mapping[str, Any], given: Given, law: Standard) -> Floats:
    column = leaf["column"]
    bound = next((one for one in BOUNDS if one in leaf), None)
    if column not in given or column in COUNTED or not (bound or "at_least_column" in leaf):
        held = truth(leaf, given, law) != NO
        return np.where(held, np.inf, -np.inf)
    number = given.number(column)
    if bound is None:
        limit = given.number(leaf["at_least_column"])
    else:
        limit = np.full(len(given), law.rule(leaf[bound]).value)
    away = limit - number if bound in LOW else number - limit
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(limit != 0, away / np.abs(limit), away), dtype=float)
