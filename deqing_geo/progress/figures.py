"""What a result offers a scorecard, whatever the result is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deqing_geo.errors import InputError
from deqing_geo.tallies.model import outline_of, places_of

if TYPE_CHECKING:
    import geopandas as gpd

NOTHING = float("nan")


@dataclass(frozen=True, slots=True)
class Figure:
    """What a result offers, whatever it is.

    Attributes
    ----------
    key : str
        The target it answers.
    value : float
        Unrounded, in `unit`; shares 0 to 1.
    unit, definition : str
        Of the value.
    notices, origins : tuple of str
        What it must not travel without, and the files behind it.
    said : str
        The result in one line.
    counted, total : float
        What counts, out of what; NaN where a result does not say.
    unknown : int
        Rows of which nothing is known.
    year : int or None
        The year a yearly count is of.
    how : str
        A word of ``value_how``.
    outline : str
        The area, as `deqing_geo.tallies.model.outline_of` knows it again.
    places : callable or None
        Gives where what counts lies, and what is lacking; found when somebody asks.
    """

    key: str
    value: float
    unit: str
    definition: str
    notices: tuple[str, ...]
    origins: tuple[str, ...]
    said: str
    counted: float = NOTHING
    total: float = NOTHING
    unknown: int = 0
    year: int | None = None
    how: str = "computed"
    outline: str = ""
    places: Callable[[], gpd.GeoDataFrame | None] | None = None


MORE = ("counted", "total", "unknown", "year", "how", "outline")


def figure_of(result: Any) -> Figure:
    """The figure of a result, by what the result offers.

    Parameters
    ----------
    result : RoadDensity, Coverage, Tally or alike
        Or whatever has a ``tally``.

    Returns
    -------
    Figure
        Unrounded.

    Raises
    ------
    InputError
        If it offers none.
    """
    said = repr(result)
    one = getattr(result, "tally", result)
    try:
        more: dict[str, Any]
        if hasattr(one, "overall"):
            way = one.definition
            key, value, unit, line = way.measure, one.overall, way.unit, way.line
            more = {"outline": outline_of(one.table), "places": _gaps(one)}
        else:
            key, value, unit, line = one.key, one.value, one.unit, one.definition
            more = {name: getattr(one, name) for name in MORE if hasattr(one, name)}
            if (places := getattr(one, "places", None)) is not None:
                more["places"] = functools.partial(_as_given, places)
        return Figure(
            key, float(value), unit, line, tuple(one.notices), tuple(one.origins), said, **more
        )
    except (AttributeError, TypeError, ValueError):
        raise InputError(
            f"{said} is no result for a scorecard: it needs a `tally`, or key, value, unit, "
            "definition, notices and origins, as the tallies and measures have them."
        ) from None


def _gaps(measure: Any) -> Callable[[], gpd.GeoDataFrame | None] | None:
    """Homes out of reach of a park, where the measure is of such."""
    if not hasattr(type(measure), "gaps"):
        return None
    # What goes to another process is no lambda.
    return functools.partial(_out_of_reach, measure)


def _out_of_reach(measure: Any) -> gpd.GeoDataFrame | None:
    return places_of(measure.gaps, "lacking")


def _as_given(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return places
