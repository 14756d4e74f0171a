"""The types of all villages added up: how many, how much land, how many people.

Shares that are far from what others found give a note and change nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.ellipsoid import M2_PER_KM2, ellipsoidal_area
from deqing_geo.text import percent
from deqing_geo.villages.again import law_of
from deqing_geo.villages.kinds import CANDIDATE, SHOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Rule
    from deqing_geo.villages.types import VillageTypes

    Floats = NDArray[np.float64]

TOTAL = "total"
URBAN = "urban"
COUNTED = {"pop_resident": "pop_gaps", "hh_resident": "hh_gaps"}


def summary_of(types: VillageTypes) -> pd.DataFrame:
    """Types and what has none, with their villages, land and people; see `VillageTypes.summary`.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`.

    Returns
    -------
    DataFrame
        Index: the five types in the plan's order, ``candidate``, ``refused``, ``undecided``,
        ``missing``, ``urban`` and ``total``, the sum of all. ``village_count``; ``type_share``
        of those that take part (NaN for ``urban``); ``area_km2`` on the ellipsoid (NaN without
        a coordinate system); ``pop_resident`` and ``hh_resident`` of the villages of which they
        are known, and ``pop_gaps`` and ``hh_gaps``, of how many they are not. Where they are
        known of none of a row's villages they are NaN. ``attrs["notice"]`` has the notes.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from deqing_geo.villages import classify_villages
    >>> facts = gpd.GeoDataFrame(
    ...     {"udb_res_share": [0.8, 0.1], "hh_resident": [300, None]},
    ...     geometry=[shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000)],
    ... )
    >>> found = summary_of(classify_villages(facts))
    >>> found.loc[["suburban", "improve", "total"], ["village_count", "hh_resident"]].T.to_dict()
    ... # doctest: +NORMALIZE_WHITESPACE
    {'suburban': {'village_count': 1.0, 'hh_resident': 300.0},
     'improve': {'village_count': 1.0, 'hh_resident': nan},
     'total': {'village_count': 2.0, 'hh_resident': 300.0}}
    """
    table, kinds = types.table, types.shown
    order = [*SHOWN, TOTAL]
    counts = types.counts
    out = pd.DataFrame({"village_count": counts.reindex(order)})
    out.loc[TOTAL, "village_count"] = len(table)
    out["village_count"] = out["village_count"].astype(int)
    part = len(table) - int(counts[URBAN])
    share = out["village_count"] / part if part else out["village_count"] * np.nan
    out["type_share"] = share.astype(float)
    out.loc[URBAN, "type_share"] = np.nan
    out.loc[TOTAL, "type_share"] = 1.0 if part else np.nan
    out["area_km2"] = _added(kinds, pd.Series(_areas(table), index=table.index))
    for column, gaps in COUNTED.items():
        values = _numbers(table, column)
        out[column] = _added(kinds, values)
        lacking = values.isna().astype(float)
        out[gaps] = _added(kinds, lacking).astype(int)
    out.index.name = "village_type"
    # An empty text after splitting is no notice.
    out.attrs["notice"] = ";".join((*types.notices, *_notes(out, types)))
    return out


def plausibility(types: VillageTypes) -> tuple[str, ...]:
    """What is far from the shares that others published, said for a person to look at.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`.

    Returns
    -------
    tuple of str
        Chinese sentences; none where fewer villages take part than a share says anything of.
    """
    law = law_of(types)
    counts = types.counts
    part = int(counts.sum() - counts[URBAN])
    if part < law.rule("village.least_units").value:
        return ()
    cluster = counts["cluster"] / part
    away = (counts["relocate"] + counts[CANDIDATE]) / part
    low, high, most = (
        law.rule(f"village.{key}")
        for key in ("cluster_share_low", "cluster_share_high", "relocate_share")
    )
    said = []
    if not low.value <= cluster <= high.value:
        share = percent(float(cluster), against=[low.value, high.value])
        said.append(
            names.word("summary.cluster").format(share=share, low=_whole(low), high=_whole(high))
        )
    if away > most.value:
        share = percent(float(away), against=[most.value])
        said.append(names.word("summary.relocate").format(share=share, high=_whole(most)))
    return tuple(said)


def _notes(out: pd.DataFrame, types: VillageTypes) -> tuple[str, ...]:
    gaps = bool(out.loc[TOTAL, [*COUNTED.values()]].to_numpy(dtype=float).any())
    partly = (names.word("summary.gaps"),) if gaps else ()
    return (*plausibility(types), *partly)


def _added(kinds: pd.Series[Any], values: pd.Series[Any]) -> pd.Series[Any]:
    """Sums by what is shown, then of all; of no village it is 0, of none known it is NaN."""
    known = values.notna()
    sums = values.groupby(kinds.to_numpy(dtype=object)).sum(min_count=1)
    there = kinds.value_counts()
    out = sums.reindex([*SHOWN]).astype(float)
    out[[kind for kind in SHOWN if there.get(kind, 0) == 0]] = 0.0
    out[TOTAL] = values.sum() if known.any() or not len(values) else np.nan
    return out


def _numbers(table: pd.DataFrame, column: str) -> pd.Series[Any]:
    if column not in table:
        return pd.Series(np.nan, index=table.index)
    return pd.Series(table[column].to_numpy(dtype=float, na_value=np.nan), index=table.index)


def _areas(table: Any) -> Floats:
    if table.crs is None:
        return np.full(len(table), np.nan)
    return ellipsoidal_area(table.geometry.to_numpy(), table.crs) / M2_PER_KM2


def _whole(rule: Rule) -> str:
    return f"{round(rule.value * 100, 12):g}%"
