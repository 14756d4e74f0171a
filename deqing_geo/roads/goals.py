"""A least density, whoever asks for it: the planner, a document, or the plan."""

from __future__ import annotations

import math

from deqing_geo.errors import InputError, UnitError
from deqing_geo.standards import Rule, Target

# What asks for so much or more.
LEAST = ("ge", "gt", "eq")


def goal_of(target: float | Rule | Target, unit: str) -> float:
    """The number behind a target, in the unit of a density.

    Parameters
    ----------
    target : float, Rule or Target
        A number in `unit`, a rule of a standard, or a target of the plan.
    unit : str
        ``km/km2`` or ``km/100km2``.

    Returns
    -------
    float
        Positive.

    Raises
    ------
    UnitError
        If a rule or target is in another unit.
    InputError
        If there is no positive number, or the target does not ask for a least density.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> goal_of(standards.load().targets["road_density"], "km/km2")
    8.0
    """
    if isinstance(target, Rule | Target):
        if target.unit != unit:
            raise UnitError(f"{target} is in {target.unit}, and the density in {unit}.")
        if isinstance(target, Target) and (target.value is None or target.operator not in LEAST):
            raise InputError(f"{target} does not ask for a least density.")
        value: object = target.value
    else:
        value = target
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"target={target!r} is no number, Rule or Target.")
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"A target is positive and finite, not {value}.")
    return float(value)
