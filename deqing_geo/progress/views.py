"""The scorecard seen by department and by town."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, CRSError, InputError

if TYPE_CHECKING:
    import geopandas as gpd

PARTS = ("lead_unit", "joint_units")
# How people part the names of departments.
_PARTED = r"[;；、,，]"


def by_department(table: pd.DataFrame) -> pd.DataFrame:
    """How the targets of each department stand; see `Scorecard.by_department`.

    Parameters
    ----------
    table : DataFrame
        Of a scorecard.

    Returns
    -------
    DataFrame
        In the order in which the plan first names a department.
    """
    long = _long(table)
    verdicts, warnings = names.vocabulary("verdict"), names.vocabulary("warning")
    order = list(dict.fromkeys(long["departments"]))
    rows = []
    for name in order:
        for part in PARTS:
            own = long[(long["departments"] == name) & (long["part"] == part)]
            if own.empty:
                continue
            counts = {f"verdict_{one}": int((own["verdict"] == one).sum()) for one in verdicts}
            counts |= {f"warning_{one}": int((own["warning"] == one).sum()) for one in warnings}
            rows.append({"departments": name, "part": part, "target_count": len(own), **counts})
    columns = ["departments", "part", "target_count"]
    columns += [f"verdict_{one}" for one in verdicts] + [f"warning_{one}" for one in warnings]
    return pd.DataFrame(rows, columns=columns)


def of_department(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows a department answers for; see `Scorecard.of_department`.

    Parameters
    ----------
    table : DataFrame
        Of a scorecard.
    name : str
        The department.

    Returns
    -------
    DataFrame
        Those it leads first.

    Raises
    ------
    InputError
        If it answers for none.
    """
    long = _long(table)
    own = long[long["departments"] == name]
    if own.empty:
        known = "、".join(dict.fromkeys(long["departments"]))
        raise InputError(f"{name!r} answers for no target; there are {known}.")
    keys = [key for part in PARTS for key in own.loc[own["part"] == part, "target_key"]]
    return table.loc[list(dict.fromkeys(keys))]


def by_town(
    table: pd.DataFrame,
    places: Mapping[str, gpd.GeoDataFrame],
    towns: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Where the places of the targets lie; see `Scorecard.by_town`.

    Parameters
    ----------
    table : DataFrame
        Of a scorecard.
    places : mapping of str to GeoDataFrame
        By target.
    towns : GeoDataFrame of Polygon, optional
        For places without a town of their own.

    Returns
    -------
    DataFrame
        Targets in the plan's order; places in no town stand under an empty name.

    Raises
    ------
    ColumnError
        If `towns` has no ``town_name``.
    CRSError
        If `towns` lie in another system.
    """
    if towns is not None and "town_name" not in towns:
        raise ColumnError("`towns` has no column `town_name`.")
    out = []
    for key in table.index:
        if key not in places:
            continue
        own = places[str(key)]
        called = own["town_name"].to_numpy(dtype=object) if "town_name" in own else None
        if called is None:
            if towns is None:
                continue
            called = _within(own, towns)
        towns_of = ["" if one is None or one != one else str(one) for one in called]
        counts = Counter(zip(towns_of, own["place_state"].astype(str), strict=True))
        out += [
            (table.at[key, "id"], table.at[key, "indicator_zh"], town, state, count)
            for (town, state), count in counts.items()
        ]
    columns = ["id", "indicator_zh", "town_name", "place_state", "place_count"]
    return pd.DataFrame(out, columns=columns)


def _within(own: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> Any:
    if own.crs != towns.crs:
        raise CRSError("`towns` and the places lie in different systems: bring towns with to_crs.")
    inner = shapely.point_on_surface(np.asarray(own.geometry.array, dtype=object))
    tree = shapely.STRtree(np.asarray(towns.geometry.array, dtype=object))
    point, town = tree.query(inner, predicate="intersects")
    called = np.full(len(own), None, dtype=object)
    # A place on a border belongs to the first town, once.
    called[point[::-1]] = towns["town_name"].to_numpy(dtype=object)[town[::-1]]
    return called


def _long(table: pd.DataFrame) -> pd.DataFrame:
    """One row for every target and department."""
    rows = []
    for part in PARTS:
        split = table[part].str.split(_PARTED, regex=True)
        for key, several, verdict, warning in zip(
            table.index, split, table["verdict"], table["warning"], strict=True
        ):
            rows += [(key, one.strip(), part, verdict, warning) for one in several if one.strip()]
    return pd.DataFrame(rows, columns=["target_key", "departments", "part", "verdict", "warning"])
