"""A layer of boundaries asked for every fault it may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deqing_geo.crs import require_metres
from deqing_geo.faults.forms import comparable, shape_faults, twins
from deqing_geo.faults.found import Units, report
from deqing_geo.faults.topology import coverage_faults, enclosed, tiling
from deqing_geo.provenance import notices, origins

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from deqing_geo.faults.report import BoundaryReport

SHAPE_KINDS = (
    "invalid",
    "empty",
    "wrong_kind",
    "unclosed",
    "duplicate_geometry",
    "overlap",
    "gap",
    "sliver",
    "enclave",
    "multipart",
)


def check_boundaries(
    villages: gpd.GeoDataFrame,
    *,
    towns: gpd.GeoDataFrame | None = None,
    county: gpd.GeoDataFrame | None = None,
    register: pd.DataFrame | None = None,
) -> BoundaryReport:
    """Every fault of a layer of areas, one row each; nothing is changed.

    Parameters
    ----------
    villages : GeoDataFrame, N rows
        Villages, towns or any areas that should tile a place. Metres. What is empty, invalid, no
        polygon or twice there is reported, not refused.
    towns : GeoDataFrame, optional
        The towns they belong to, as of `read_towns`.
    county : GeoDataFrame, optional
        The outline they should fill, in any number of rows.
    register : DataFrame, optional
        Names and codes as published, as of `register`.

    Returns
    -------
    BoundaryReport
        ``.table`` in the CRS of `villages`.

    Raises
    ------
    CRSError
        If a layer has no CRS, is in degrees, or two disagree.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> check_boundaries(sample.villages()).is_clean
    True
    """
    layers = {"villages": villages, "towns": towns, "county": county}
    given = {name: layer for name, layer in layers.items() if layer is not None}
    require_metres(**given)
    raw = np.asarray(villages.geometry.array, dtype=object)
    units = units_of(villages)
    sound = comparable(raw)
    same = twins(sound)
    found = shape_faults(raw, sound, same)
    first = sound.copy()
    for group in same:
        first[group[1:]] = None
    tiles = tiling(first)
    found += coverage_faults(tiles, enclosed(tiles.whole))
    return report(
        found,
        units,
        crs=villages.crs,
        asked=SHAPE_KINDS,
        notices=notices(None, **given),
        origins=origins(**given),
    )


def units_of(villages: gpd.GeoDataFrame) -> Units:
    """What sentences call the rows.

    Parameters
    ----------
    villages : GeoDataFrame
        Any fields.

    Returns
    -------
    Units
        Names by ``village_name`` or ``town_name``, or a field that means it.
    """
    blank: Any = np.full(len(villages), None, dtype=object)
    return Units(villages.index.to_numpy(dtype=object), blank, blank)
