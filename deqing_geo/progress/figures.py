"""What a result offers a scorecard, whatever the result is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deqing_geo.errors import InputError

NOTHING = float("nan")


@dataclass(frozen=True, slots=True)
class Figure:
    """What a result offers, whatever it is."""

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
        counts: dict[str, Any]
        if hasattr(one, "overall"):
            way = one.definition
            key, value, unit, line = way.measure, one.overall, way.unit, way.line
            counts = {}
        else:
            key, value, unit, line = one.key, one.value, one.unit, one.definition
            counts = {
                name: getattr(one, name)
                for name in ("counted", "total", "unknown", "year")
                if hasattr(one, name)
            }
        return Figure(
            key, float(value), unit, line, tuple(one.notices), tuple(one.origins), said, **counts
        )
    except (AttributeError, TypeError, ValueError):
        raise InputError(
            f"{said} is no result for a scorecard: it needs a `tally`, or key, value, unit, "
            "definition, notices and origins, as the tallies and measures have them."
        ) from None
