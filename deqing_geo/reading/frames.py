"""What every reader does to a frame afterwards: words of a state, notes, the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError

if TYPE_CHECKING:
    import pandas as pd


def read_status(frame: gpd.GeoDataFrame, column: str) -> gpd.GeoDataFrame:
    """Status words of a layer in the library's vocabulary; blanks stay blank.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    column : str
        ``road_status`` or ``park_status``.

    Returns
    -------
    GeoDataFrame
        With the column translated where it was there.

    Raises
    ------
    ColumnError
        If a word is not understood: counting it as built would be a guess.
    """
    if column not in frame:
        return frame
    raw = names.clean_text(frame[column])
    words = names.read_values(raw, column, extra=names.crosswalk("status"))
    odd = raw.notna() & words.isna()
    if odd.any():
        seen = ", ".join(sorted({str(text) for text in raw[odd]})[:5])
        known = "、".join(names.vocabulary(column).values())
        raise ColumnError(
            f"`{column}` holds {seen}; it may hold {known} or nothing.", frame.index[odd]
        )
    return frame.assign(**{column: words})


def note(frame: gpd.GeoDataFrame, **told: Any) -> None:
    """Add to the reading notes of a frame.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    **told
        What was decided.
    """
    frame.attrs["reading"] = {**frame.attrs.get("reading", {}), **told}


def index_by(frame: gpd.GeoDataFrame, labels: pd.Series[Any], name: str) -> gpd.GeoDataFrame:
    """A frame under a new index of plain labels.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    labels : Series
        One label a row.
    name : str
        The index's name.

    Returns
    -------
    GeoDataFrame
        The same rows, notes kept.
    """
    import pandas as pd

    out = frame.set_axis(pd.Index(labels.to_numpy(dtype=object), name=name), axis="index")
    out.attrs.update(frame.attrs)
    return out
