"""What areas are called, and how many there are: the words of labels and legends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deqing_geo.text import figure

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

NAME_COLUMNS = ("village_name", "town_name", "zone_name")
HA_PER_KM2 = 100


def labels(frame: gpd.GeoDataFrame) -> list[str]:
    """What areas are called: by the first column of names there is, else by the index.

    Parameters
    ----------
    frame : GeoDataFrame
        Any.

    Returns
    -------
    list of str
        One a row.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> labels(sample.villages())
    ['甲村', '乙村', '丙村', '丁村']
    """
    for column in NAME_COLUMNS:
        if column in frame:
            return [
                str(key) if name is None or name != name else str(name)
                for key, name in zip(frame.index, frame[column], strict=True)
            ]
    return [str(key) for key in frame.index]


def texts(frame: pd.DataFrame, column: str) -> list[str]:
    """A column as text, empty where nothing stands.

    Parameters
    ----------
    frame : DataFrame
        Any.
    column : str
        It need not be there.

    Returns
    -------
    list of str
        One a row.
    """
    if column not in frame:
        return [""] * len(frame)
    return ["" if text is None or text != text else str(text) for text in frame[column]]


def amount(sizes: Any, hectares: float = 1) -> str:
    """How many there are and how much land, for the legend: 公顷 below a square kilometre.

    Parameters
    ----------
    sizes : array of float
        In hectares, or in units of so many. What has no size (NaN) is counted alone.
    hectares : float
        Of one unit.

    Returns
    -------
    str
        For readers.

    Examples
    --------
    >>> amount([0.5, 0.25]), amount([1.0], 100)
    ('2 个,0.75 公顷', '1 个,1.00 平方公里')
    """
    known = np.asarray(sizes, dtype=float) * hectares
    said = f"{len(known)} 个"
    total = float(np.nansum(known))
    return f"{said},{land(total)}" if total > 0 else said


def land(hectares: float) -> str:
    """So much land: 公顷 below a square kilometre.

    Parameters
    ----------
    hectares : float
        Its area.

    Returns
    -------
    str
        For readers.

    Examples
    --------
    >>> land(99.5), land(100)
    ('99.50 公顷', '1.00 平方公里')
    """
    if hectares < HA_PER_KM2:
        return f"{figure(hectares)} 公顷"
    return f"{figure(hectares / HA_PER_KM2)} 平方公里"
