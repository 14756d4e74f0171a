"""What a road layer says of traffic and height, in one way of writing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.reading import note

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

FLAGS = ("bridge", "tunnel", "noexit")
SIGNS = ("oneway", "road_level", *FLAGS)
# Any other word in such a field means yes: viaduct, culvert, or the bridge's name.
NOT = ("", "no", "none", "false", "0", "f", "n", "否", "无", "不是")
# Shapefiles made from OpenStreetMap by Geofabrik: as the line is drawn, against it, both ways.
# Where no B stands beside them, F and T may as well be no and yes.
GEOFABRIK = {"F": "yes", "T": "-1", "B": "no"}


def read_signs(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One-way streets, levels, bridges, tunnels and ends as the library writes them.

    Parameters
    ----------
    frame : GeoDataFrame
        Roads as read.

    Returns
    -------
    GeoDataFrame
        ``oneway`` as yes, no or -1 (against the line as drawn), None where nothing stands and
        another word as it is; ``bridge``, ``tunnel`` and ``noexit`` as bool; ``road_level`` as
        int, 0 where nothing stands. A field of levels that holds anything but whole numbers is
        another thing called `layer`, and gets its own name back.
    """
    if "oneway" in frame:
        frame = frame.assign(oneway=_one_way(frame["oneway"]))
    for column in FLAGS:
        if column in frame:
            words = _words(frame[column])
            folded = words.map(lambda word: "" if word is None else names.fold(word))
            frame = frame.assign(**{column: ~folded.isin(NOT).to_numpy(dtype=bool)})
    if "road_level" in frame:
        levels = _levels(frame["road_level"])
        frame = _given_back(frame) if levels is None else frame.assign(road_level=levels)
    return frame


def _words(column: pd.Series[Any]) -> pd.Series[Any]:
    """Text; numbers that are whole without their point."""
    raw = column
    if pd.api.types.is_float_dtype(raw.dtype):
        whole = raw.notna() & (raw % 1 == 0)
        raw = raw.astype(object).where(~whole, raw.where(whole, 0).astype("int64").astype(object))
    return names.clean_text(raw.astype(object).where(column.notna(), None))


def _one_way(column: pd.Series[Any]) -> pd.Series[Any]:
    words = _words(column)
    known = {names.fold(word): ours for word, ours in names.crosswalk("oneway").items()}
    if (words == "B").any():
        known |= {names.fold(word): ours for word, ours in GEOFABRIK.items()}
    return words.map(lambda word: None if word is None else known.get(names.fold(word), word))


def _levels(column: pd.Series[Any]) -> NDArray[np.int64] | None:
    words = _words(column)
    numbers = pd.to_numeric(words, errors="coerce")
    if (words.notna() & (numbers.isna() | (numbers % 1 != 0) | np.isinf(numbers))).any():
        return None
    return np.asarray(numbers.fillna(0).to_numpy(dtype=np.int64))


def _given_back(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    renamed = dict(frame.attrs["reading"]["renamed"])
    field = next((one for one, ours in renamed.items() if ours == "road_level"), "road_level_given")
    renamed.pop(field, None)
    out = frame.rename(columns={"road_level": field})
    out.attrs = dict(frame.attrs)
    note(out, renamed=renamed)
    return out
