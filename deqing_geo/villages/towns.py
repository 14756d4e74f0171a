"""Which town a village is of, by the towns' layer: filled in where it is not said, else checked.

Moves no border and mends no code; `check_boundaries` lists what does not fit.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo.checks import require_areas
from deqing_geo.cutting import cut_blocks
from deqing_geo.divisions import TOWN_DIGITS
from deqing_geo.errors import ColumnError, DeqingGeoWarning, InputError
from deqing_geo.villages.told import MEASURED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.villages.told import Told

    Shapes = NDArray[Any]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

SHOWN = 5
NOWHERE = -1


def place_in_towns(
    out: gpd.GeoDataFrame, told: Told, towns: gpd.GeoDataFrame, shapes: Shapes
) -> None:
    """Give villages the town they lie in, where nothing says it.

    A village whose code begins with a town's is of that town; any other of the one that holds
    most of it.

    Parameters
    ----------
    out : GeoDataFrame
        The facts; ``town_name`` and ``town_code`` are filled in.
    told : Told
        Where they came from; changed.
    towns : GeoDataFrame of Polygon
        ``town_name``, and ``town_code`` or an index of that name.
    shapes : array of Polygon
        The villages.

    Raises
    ------
    ColumnError
        If the towns have neither name nor code.
    InputError
        If two towns have one name or code.

    Warns
    -----
    DeqingGeoWarning
        If villages lie for the most part in another town than they say, or in none.
    """
    labels = _labels(towns)
    most, share = _most_of(shapes, require_areas(towns=towns))
    own = most
    if "town_code" in labels and out.index.name == "village_code":
        codes = out.index.astype(str).str.slice(0, TOWN_DIGITS)
        by_code = pd.Index(labels["town_code"]).get_indexer(codes)
        own = np.where(by_code >= 0, by_code, most)
        _warn(out.index[(by_code >= 0) & (most >= 0) & (by_code != most)], "their code says")
    for column, values in labels.items():
        held = values[own]
        held[own < 0] = None
        found = pd.Series(held, index=out.index, name=column).astype(object)
        if column not in out:
            out[column] = found
        else:
            said = out[column].astype(object).where(out[column].notna(), None)
            other = said.notna() & found.notna() & (said != found)
            _warn(out.index[other], f"`{column}` says")
            if not said.isna().any():
                continue
            out[column] = said.where(said.notna(), found)
        told.say(column, MEASURED, "towns", "villages")
    if (share == 0).any():
        rows = out.index[share == 0]
        warnings.warn(
            f"{len(rows)} villages lie in no town of the layer: "
            f"{', '.join(map(str, rows[:SHOWN]))} (不在任何镇(街道)界内).",
            DeqingGeoWarning,
            stacklevel=3,
        )


def _labels(towns: gpd.GeoDataFrame) -> dict[str, Shapes]:
    found: dict[str, Shapes] = {}
    if "town_code" in towns:
        found["town_code"] = towns["town_code"].to_numpy(dtype=object)
    elif towns.index.name == "town_code":
        found["town_code"] = towns.index.to_numpy(dtype=object)
    if "town_name" in towns:
        found["town_name"] = towns["town_name"].to_numpy(dtype=object)
    if not found:
        raise ColumnError("`towns` needs `town_name` or `town_code`; read them with read_towns.")
    for column, values in found.items():
        twice = pd.Index(values).duplicated(keep=False) & pd.notna(values)
        if twice.any():
            raise InputError(f"`towns` repeats a `{column}`.", towns.index[twice])
    return found


def _most_of(shapes: Shapes, towns: Shapes) -> tuple[Ints, Floats]:
    """The town that holds most of each village, -1 where none does, and how much it holds."""
    village, town, pieces = cut_blocks(shapes, towns)
    area = shapely.area(pieces)
    # The largest last, of equal ones the first town; every village then keeps its last.
    order = np.lexsort((-town, area, village))
    village, town, area = village[order], town[order], area[order]
    keep = area > 0
    most = np.full(len(shapes), NOWHERE)
    held = np.zeros(len(shapes))
    most[village[keep]] = town[keep]
    held[village[keep]] = area[keep]
    return most, held / shapely.area(shapes)


def _warn(rows: pd.Index[Any], what: str) -> None:
    if len(rows):
        warnings.warn(
            f"{len(rows)} villages lie for the most part in another town than {what}: "
            f"{', '.join(map(str, rows[:SHOWN]))}. 请核对代码、镇(街道)名称与界线.",
            DeqingGeoWarning,
            stacklevel=4,
        )
