"""Sentences the readers of layers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

SHOWN = 5


def no_column(frame: gpd.GeoDataFrame, name: str, column: str) -> ColumnError:
    """The error for a layer without a column it cannot do without.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    name : str
        What to call the layer.
    column : str
        The registered column.

    Returns
    -------
    ColumnError
        To be raised; it lists the fields there are.
    """
    fields = ", ".join(str(field) for field in frame.columns if field != "geometry")
    return ColumnError(
        f"`{name}` has no `{column}` ({names.label(column)}). Its fields: {fields or 'none'}. "
        f"Pass columns={{'{column}': '…'}}."
    )


def seen(series: pd.Series[Any]) -> str:
    """The commonest values of a column and how often each stands there.

    Parameters
    ----------
    series : Series
        Of a file.

    Returns
    -------
    str
        At most five.
    """
    found = series.dropna().astype(str).value_counts()
    shown = ", ".join(f"{value} ({count})" for value, count in found.head(SHOWN).items())
    return shown or "nothing"
