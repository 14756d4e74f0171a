"""A least figure, whoever asks for it: the planner, a document, or the plan."""

from __future__ import annotations

import math

from deqing_geo.errors import InputError, UnitError
from deqing_geo.standards.model import Rule, Target

# What asks for so much or more.
LEAST = ("ge", "gt", "eq")
WHOLE = 1.0


def goal_of(target: float | Rule | Target, unit: str) -> float:
    """The number behind a target, in the unit of a figure.

    Parameters
    ----------
    target : float, Rule or Target
        A number in `unit`, a rule of a standard, or a target of the plan.
    unit : str
        ``km/km2``, ``km/100km2`` or ``ratio`` (to which a target in ``%`` is brought).

    Returns
    -------
    float
        Positive.

    Raises
    ------
    UnitError
        If a rule or target is in another unit.
    InputError
        If there is no positive number, a ratio is more than 1, or the target does not ask for a
        least figure.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> targets = standards.load().targets
    >>> goal_of(targets["road_density"], "km/km2"), goal_of(targets["park_coverage"], "ratio")
    (8.0, 0.91)
    """
    if isinstance(target, Rule | Target):
        same = target.unit == unit or (
            isinstance(target, Target) and (target.unit, unit) == ("%", "ratio")
        )
        if not same:
            raise UnitError(f"{target} is in {target.unit}, and the figure in {unit}.")
        if isinstance(target, Target) and (target.value is None or target.operator not in LEAST):
            raise InputError(f"{target} does not ask for a least figure.")
        value: object = target.goal if isinstance(target, Target) else target.value
    else:
        value = target
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"target={target!r} is no number, Rule or Target.")
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"A target is positive and finite, not {value}.")
    if unit == "ratio" and value > WHOLE:
        raise InputError(f"A target of coverage is a ratio, 0.91 and not {value}.")
    return float(value)
