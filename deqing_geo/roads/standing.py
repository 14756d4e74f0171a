"""How each road stands: counted, or why not, by its class, its status and the day it opened.

No geometry is looked at here. A blank status counts as open; a day later than the one asked
for does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.checks import require_words
from deqing_geo.columns import UNKNOWN
from deqing_geo.opened import opened_by

if TYPE_CHECKING:
    from datetime import date

    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.standards import Definition

    Flags = NDArray[np.bool_]
    Words = NDArray[Any]

COUNTED = ""
# Where a road that opened after the day stood on it, nobody wrote down: not open is all we know,
# and under construction the nearest word.
NOT_YET_OPEN = "building"


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What is known of every road, one entry a row.

    Attributes
    ----------
    classes, status : array of str
        In the library's words; the status is that of the day asked for.
    why : array of str
        Why a road does not count, a word of ``not_counted``; empty where it does.
    open, of_class : array of bool
        Whether it is open on that day, and whether its class counts.
    undated, contradictory : array of bool
        Open by its status alone, where a day was asked for; not open by its status, and opened
        before that day by its date.
    """

    classes: Words
    status: Words
    why: Words
    open: Flags
    of_class: Flags
    undated: Flags
    contradictory: Flags

    @property
    def counted(self) -> Flags:
        """Whether a road counts."""
        return self.open & self.of_class


def standing(
    roads: gpd.GeoDataFrame, definition: Definition, day: date | None, name: str = "roads"
) -> Standing:
    """How every road stands by a definition, on a day.

    Parameters
    ----------
    roads : GeoDataFrame
        With ``road_class``; ``road_status`` and ``opened_on`` where known.
    definition : Definition
        Which classes count.
    day : date or None
        The last day on which a road may have opened; None asks for no dates.
    name : str
        The caller's name for the layer.

    Returns
    -------
    Standing
        One entry a row.

    Raises
    ------
    ColumnError
        If ``road_class`` is absent, a class or status is not in the vocabulary, or, where a day
        is asked for, ``opened_on`` holds something that is no day.

    Examples
    --------
    >>> from deqing_geo import sample, standards
    >>> standing(sample.roads(), standards.load()["road.core"], None).why.tolist()
    ['', '', 'class', 'class', 'planned', 'class']
    """
    count = len(roads)
    classes = require_words(roads, name, "road_class", made_by="read_roads")
    stood = opened_by(roads, name, "road_status", day)
    status = stood.status.copy()
    status[stood.late] = NOT_YET_OPEN
    of_class = pd.Index(classes).isin(definition.counts["roads"])
    why = np.full(count, COUNTED, dtype=object)
    why[~stood.built] = status[~stood.built]
    why[stood.late] = "not_yet"
    why[stood.contradictory] = "contradictory"
    why[~of_class] = "class"
    why[pd.isna(classes) | (classes == UNKNOWN)] = UNKNOWN
    return Standing(classes, status, why, stood.open, of_class, stood.undated, stood.contradictory)
