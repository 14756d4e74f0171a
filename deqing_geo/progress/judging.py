"""Each target put beside what was measured for it, and judged.

It measures nothing. A result is taken by what it offers, so a new measure needs no change
here. No pace is assumed: the plan gives neither base values nor yearly targets, so a figure
short of its target is not called behind: that would be a straight line nobody drew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo.errors import InputError
from deqing_geo.progress.card import Scorecard
from deqing_geo.progress.figures import NOTHING, Figure, figure_of

if TYPE_CHECKING:
    from deqing_geo.standards import Standard, Target

# The plan says 6亿元 twice, of income and of assets: one of the two is probably a slip.
DISPUTED = ("village_collective_income", "village_collective_assets")


def scorecard(
    *results: Any, law: Standard, computed_only: bool = False, on: date | None = None
) -> Scorecard:
    """The plan's targets with target, measured figure, gap and verdict (核心指标完成情况).

    A target is reached or not on the unrounded figure. One not reached is
    缺基期值或年度目标,不作判定 as long as its year is not over; one that asks for no number is
    定性任务. A share that reaches its target only while rows without data are left out is
    待补数据,不作判定.

    Parameters
    ----------
    results : RoadDensity, Coverage, Tally or alike
        Measures (`road_density`, `park_coverage`), counts of `deqing_geo.tallies`, and
        whatever has a ``tally``; one per target, in any order.
    law : Standard
        Of `standards.load`, with the plan's targets.
    computed_only : bool
        Whether to leave out targets without a result.
    on : date, optional
        The day the figures stand at. From the year after a target's own, a figure short of
        it is 未达标. Without a day no year is taken to be over.

    Returns
    -------
    Scorecard
        One row per target.

    Raises
    ------
    InputError
        If two results answer one target, a result answers none, or the standard has no plan.
    UnitError
        If a result is in another unit than its target.

    Examples
    --------
    >>> from deqing_geo import park_coverage, road_density, sample, standards
    >>> zone = sample.zone()
    >>> made = scorecard(
    ...     road_density(zone, sample.roads()),
    ...     park_coverage(zone, sample.parks(), sample.homes()),
    ...     law=standards.load(),
    ... )
    >>> made
    <Scorecard of 103 targets: 2 with a figure, 0 met, 2 not yet>
    >>> made.table.loc["park_coverage", ["asked", "shown", "verdict"]].to_list()
    ['不低于 91%', '41.94%', 'no_baseline']
    """
    targets: Mapping[str, Target] = getattr(law, "targets", {})
    if not targets:
        raise InputError("`law` has no plan with targets. Try law=standards.load('deqing').")
    if on is not None and not isinstance(on, date):
        raise InputError(f"on={on!r} is no date: datetime.date(2026, 1, 1).")
    found: dict[str, Figure] = {}
    for result in results:
        one = figure_of(result)
        if one.key not in targets:
            raise InputError(f"{result!r} answers `{one.key}`, which is no target of the plan.")
        if one.key in found:
            raise InputError(
                f"Two results answer `{one.key}` ({targets[one.key].indicator_zh}): "
                f"{found[one.key].said} and {one.said}. Leave one out."
            )
        found[one.key] = one
    rows = {
        key: _row(target, found.get(key), on)
        for key, target in targets.items()
        if key in found or not computed_only
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    table.index = pd.Index(table.index, name="target_key")
    said = [notice for one in found.values() for notice in one.notices]
    return Scorecard(table=table.astype(COLUMNS), notices=tuple(dict.fromkeys(said)))


# In the order readers want them.
COLUMNS: dict[str, Any] = {
    "id": object,
    "clause": object,
    "indicator_zh": object,
    "operator": object,
    "asked": object,
    "target": float,
    "unit": object,
    "year": object,
    "measured": float,
    "shown": object,
    "gap": float,
    "reached": object,
    "verdict": object,
    "definition": object,
    "notice": object,
    "source": object,
    "departments": object,
    "computable": object,
}


def _row(target: Target, one: Figure | None, on: date | None) -> dict[str, Any]:
    measured = NOTHING if one is None else one.value
    unit = _unit(target) if one is None else one.unit
    asks = target.value is not None and target.operator != "none"
    goal = target.goal_in(unit) if asks else None
    met = target.is_met(measured, unit) if one is not None and asks else None
    return {
        "id": target.id,
        "clause": target.clause,
        "indicator_zh": target.indicator_zh,
        "operator": target.operator,
        "asked": target.asked,
        "target": NOTHING if goal is None else goal,
        "unit": unit,
        "year": target.year,
        "measured": measured,
        "shown": target.show(measured, unit),
        "gap": _gap(target, measured, goal, met),
        "reached": met,
        "verdict": _verdict(target, one, met, on),
        "definition": "" if one is None else one.definition,
        "notice": "" if one is None else ";".join(one.notices),
        "source": "" if one is None else ";".join(one.origins),
        "departments": ";".join(target.departments),
        "computable": target.computable,
    }


def _unit(target: Target) -> str:
    return "ratio" if target.unit == "%" else target.unit


def _gap(target: Target, measured: float, goal: float | None, met: bool | None) -> float:
    if met is None or goal is None:
        return NOTHING
    if met:
        return 0.0
    short = measured - goal if target.operator == "le" else goal - measured
    return max(short, 0.0)


def _verdict(target: Target, one: Figure | None, met: bool | None, on: date | None) -> str:
    if target.value is None or target.operator == "none":
        return "qualitative"
    if one is None or one.value != one.value:
        return "not_measured"
    if target.key in DISPUTED:
        return "disputed"
    if met:
        return "incomplete" if _hangs_on_gaps(target, one) else "met"
    if met is False and on is not None and _over(target, one, on):
        return "missed"
    return "no_baseline"


def _hangs_on_gaps(target: Target, one: Figure) -> bool:
    """Whether a share would miss the target if every row without data missed it."""
    if one.unit != "ratio" or not one.unknown:
        return False
    return target.is_met(one.counted / (one.total + one.unknown), one.unit) is False


def _over(target: Target, one: Figure, on: date) -> bool:
    last = one.year if target.year == "annual" else int(target.year[-4:])
    return last is not None and on.year > last
