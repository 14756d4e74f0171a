"""Whether a figure is in pace (序时进度), by what the bureau laid down and nothing else.

The plan has an end and no way there. So a pace needs the bureau's base value and its goal for the
year; how the year's work lies over its months is the bureau's word too: evenly (按月均匀), by steps
(按节点), or at the end of the year. Where none of that is said, nothing is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deqing_geo.progress.months import DECEMBER, number_of, year_of

if TYPE_CHECKING:
    from deqing_geo.progress.figures import Figure
    from deqing_geo.progress.told import Progress, Stood
    from deqing_geo.standards import Target

NOTHING = float("nan")
# A sum of twelfths ends in a rounding; what differs by less is the same.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Pace:
    """How a figure stands to what the bureau laid down.

    Attributes
    ----------
    base, goal, due, start : float
        Base value, goal of the year, what is due by the month, value at the year's beginning.
    verdict : str
        A word of ``verdict``; empty where the bureau laid down too little.
    warning : str
        ``green``, ``yellow``, ``red``, or empty without the bureau's thresholds.
    started : Stood or None
        What was reported at the end of the year before.
    """

    base: float = NOTHING
    goal: float = NOTHING
    due: float = NOTHING
    start: float = NOTHING
    verdict: str = ""
    warning: str = ""
    started: Stood | None = None


def pace_of(target: Target, one: Figure | None, progress: Progress, month: str) -> Pace:
    """How a figure stands in a month.

    Parameters
    ----------
    target : Target
        Of the plan.
    one : Figure or None
        What was measured or filled in.
    progress : Progress
        What the bureau laid down.
    month : str
        Like ``2026-03``.

    Returns
    -------
    Pace
        Without a figure: what was laid down.
    """
    base = progress.of_year(target.key, "base_value")
    goal = progress.goal(target.key, month)
    began = progress.of_year(target.key, "base_year")
    held = Pace(
        base=NOTHING if base is None else float(base), goal=NOTHING if goal is None else goal
    )
    if one is None or one.value != one.value:
        return held
    stood = progress.stood(
        target.key, f"{year_of(month) - 1}-12", one.unit, one.definition, one.outline
    )
    start = NOTHING
    if stood is not None:
        start = stood.value
    elif base is not None and began is not None and int(began) == year_of(month) - 1:
        start = float(base)
    if base is None or goal is None:
        return Pace(held.base, held.goal, NOTHING, start, "", "", stood)
    due, lost = _due(progress, target.key, month, goal, start, stood)
    if due != due and not lost and progress.of_year(target.key, "pace_way") == "even":
        # Evenly from a beginning nobody gave: the base value is of another year.
        return Pace(held.base, goal, NOTHING, start, "", "", stood)
    falls = target.operator == "le"
    verdict = _verdict(one.value, goal, due, lost, falls=falls)
    warning = "" if lost else _warning(progress, target.key, one.value, goal, due, falls=falls)
    return Pace(held.base, goal, due, start, verdict, warning, stood)


def _due(
    progress: Progress, key: str, month: str, goal: float, start: float, stood: Stood | None
) -> tuple[float, bool]:
    """What is due, and whether it hangs on a beginning of the year nobody can compare."""
    own = progress.filled(key, month).get("due_value")
    if own is not None:
        return float(own), False
    way = progress.of_year(key, "pace_way")
    if way == "even":
        if stood is not None and not stood.comparable:
            return NOTHING, True
        return start + (goal - start) * number_of(month) / DECEMBER, False
    if number_of(month) == DECEMBER:
        return goal, False
    if way == "steps" and (step := progress.due_steps(key, month)) is not None:
        return step, False
    return NOTHING, False


def _verdict(value: float, goal: float, due: float, lost: bool, *, falls: bool) -> str:
    if _reaches(value, goal, falls=falls):
        return "on_track"
    if lost:
        return "not_comparable"
    if due != due:
        return "no_pace"
    return "on_track" if _reaches(value, due, falls=falls) else "behind"


def _warning(
    progress: Progress, key: str, value: float, goal: float, due: float, *, falls: bool
) -> str:
    """Red, yellow or green, only where the bureau drew a line."""
    lines = {colour: progress.of_year(key, f"{colour}_lag") for colour in ("red", "yellow")}
    if lines["red"] is None and lines["yellow"] is None:
        return ""
    if _reaches(value, goal, falls=falls):
        return "green"
    if due != due:
        return ""
    behind = value - due if falls else due - value
    if behind <= ROUNDING:
        return "green"
    for colour, line in lines.items():
        if line is not None and behind >= float(line) - ROUNDING:
            return colour
    return "green"


def _reaches(value: float, line: float, *, falls: bool) -> bool:
    return value <= line + ROUNDING if falls else value >= line - ROUNDING
