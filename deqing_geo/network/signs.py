"""What a road layer says of traffic and height: one-way, level, bridge, tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.intp]
    Words = NDArray[np.object_]

# As OpenStreetMap, shapefiles made from it, and offices write it. 1: as the line is drawn.
ONE_WAY = {"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1, "no": 0, "false": 0, "0": 0}
ONE_WAY |= {"": 0, "单行": 1, "单行线": 1, "单向": 1, "是": 1, "双向": 0, "双行": 0, "否": 0}
ONE_WAY |= {"正向单行": 1, "逆向单行": -1, "反向单行": -1, "正向": 1, "反向": -1, "逆向": -1}
# Geofabrik's shapefiles: forward, towards the start, both. Without a B they might be yes and no.
GEOFABRIK = {"f": 1, "t": -1, "b": 0}
NOT = frozenset({"", "no", "none", "false", "0", "f", "n", "否", "无", "不是"})


def one_way(roads: gpd.GeoDataFrame) -> Ints:
    """1 where traffic goes only as the line is drawn, -1 where only against it, else 0."""
    if "oneway" not in roads:
        return np.zeros(len(roads), dtype=np.intp)
    words = _words(roads["oneway"])
    known = ONE_WAY | (GEOFABRIK if "b" in set(words) else {})
    found = pd.Series(words, dtype=object).map(known)
    odd = found.isna().to_numpy()
    if odd.any():
        seen = ", ".join(sorted({repr(word) for word in words[odd]})[:5])
        raise ColumnError(
            f"`roads`: `oneway` ({names.label('oneway')}) holds {seen}; it may hold yes, "
            "no and -1, 单行 and 双向, or 1 and 0. Write no where traffic changes its way.",
            roads.index[odd],
        )
    return np.asarray(found, dtype=np.intp)


def raised(roads: gpd.GeoDataFrame) -> Ints:
    """1 on a bridge, -1 in a tunnel, else 0."""
    out = np.zeros(len(roads), dtype=np.intp)
    for column, value in (("bridge", 1), ("tunnel", -1)):
        if column in roads:
            # Any word but a no means yes: viaduct, culvert, or the bridge's name.
            out[~np.isin(_words(roads[column]), list(NOT))] = value
    return out


def levels(roads: gpd.GeoDataFrame) -> Ints:
    """The level of each road, 0 on the ground; a bridge of unsaid level is 1, a tunnel -1."""
    out = np.zeros(len(roads), dtype=np.intp)
    if "road_level" in roads:
        raw = roads["road_level"]
        blank = raw.isna() | (_words(raw) == "")
        said = pd.to_numeric(raw.astype(object).where(~blank, 0), errors="coerce")
        odd = ~np.isfinite(said.to_numpy(dtype=float)) | (said % 1 != 0).to_numpy()
        if odd.any():
            seen = ", ".join(sorted({repr(one) for one in raw[odd]})[:5])
            raise ColumnError(
                f"`roads`: `road_level` ({names.label('road_level')}) holds {seen}; it may hold "
                "whole numbers, 0 on the ground.",
                roads.index[odd],
            )
        out = said.to_numpy(dtype=np.intp)
    return np.where(out == 0, raised(roads), out)


def says_level(roads: gpd.GeoDataFrame) -> bool:
    """Whether the layer itself tells what crosses above, so that its vertices can be trusted."""
    reading = roads.attrs.get("reading", {})
    return (
        bool({"road_level", "bridge", "tunnel", "osm_id"} & set(roads.columns))
        or reading.get("driver") == "OSM"
        or bool(reading.get("credit"))
    )


def _words(column: pd.Series[Any]) -> Words:
    """Lower-case text; blanks as empty text, 1.0 as 1."""
    raw = column.to_numpy(dtype=object)
    kinds, back = np.unique(pd.factorize(raw)[0], return_inverse=True)
    first = np.zeros(len(kinds), dtype=np.intp)
    first[back[::-1]] = np.arange(len(raw))[::-1]
    return np.array([_word(raw[at]) for at in first], dtype=object)[back]


def _word(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold()
