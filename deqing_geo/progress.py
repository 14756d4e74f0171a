"""The scorecard (核心指标完成情况): every target of the plan beside what was measured.

It measures nothing. A result is taken by what it offers, so a new measure needs no change
here. No pace is assumed: the plan gives neither base values nor yearly targets, so a figure
short of its target is not called behind: that would be a straight line nobody drew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.text import card

if TYPE_CHECKING:
    from deqing_geo.standards import Standard, Target

__all__ = ["Scorecard", "scorecard"]

# The plan says 6亿元 twice, of income and of assets: one of the two is probably a slip.
DISPUTED = ("village_collective_income", "village_collective_assets")
NOTHING = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Scorecard:
    """Targets of the plan, what was measured for them, and what is still to go.

    Attributes
    ----------
    table : DataFrame
        One row per target, in the plan's order; index ``target_key``. ``target``,
        ``measured`` (never rounded) and ``gap`` (0 where the target is reached) are in
        ``unit``, shares as 0 to 1; ``asked`` and ``shown`` are what readers see.
        ``reached`` is True, False, or None where nothing can be said. ``verdict`` holds a word of
        the registry.
    notices : tuple of str
        Sentences the figures must not travel without.
    """

    table: pd.DataFrame
    notices: tuple[str, ...]

    @property
    def behind(self) -> pd.DataFrame:
        """Rows with a figure that does not reach the target yet."""
        return self.table[self.table["reached"].eq(False)]

    @property
    def measured(self) -> int:
        """How many of the targets that geodata can answer have a figure."""
        return int((self._computable & self.table["measured"].notna()).sum())

    @property
    def headline(self) -> str:
        """How many targets have a figure, and how many are reached."""
        found = int(self.table["measured"].notna().sum())
        met = int((self.table["verdict"] == "met").sum())
        return f"{found} 项有测算值,其中 {met} 项{names.vocabulary('verdict')['met']}"

    @property
    def _computable(self) -> pd.Series[bool]:
        return self.table["computable"] == "yes"

    def __repr__(self) -> str:
        found = int(self.table["measured"].notna().sum())
        met = int((self.table["verdict"] == "met").sum())
        return (
            f"<Scorecard of {len(self.table)} targets: {found} with a figure, {met} met, "
            f"{len(self.behind)} not yet>"
        )

    def _repr_html_(self) -> str:
        words = names.vocabulary("verdict")
        shown = ("indicator_zh", "asked", "shown", "verdict", "definition")
        rows = self.table.loc[self.table["measured"].notna(), list(shown)]
        body = rows.assign(verdict=rows["verdict"].map(words)).to_numpy(dtype=object).tolist()
        return card(
            names.word("page.scorecard"),
            self.headline,
            [],
            self.notices,
            ([names.label(column) for column in shown], body),
        )


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
    found: dict[str, _Figure] = {}
    for result in results:
        one = _figure(result)
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


@dataclass(frozen=True, slots=True)
class _Figure:
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


def _figure(result: Any) -> _Figure:
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
        return _Figure(
            key, float(value), unit, line, tuple(one.notices), tuple(one.origins), said, **counts
        )
    except (AttributeError, TypeError, ValueError):
        raise InputError(
            f"{said} is no result for a scorecard: it needs a `tally`, or key, value, unit, "
            "definition, notices and origins, as the tallies and measures have them."
        ) from None


def _row(target: Target, one: _Figure | None, on: date | None) -> dict[str, Any]:
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


def _verdict(target: Target, one: _Figure | None, met: bool | None, on: date | None) -> str:
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


def _hangs_on_gaps(target: Target, one: _Figure) -> bool:
    """Whether a share would miss the target if every row without data missed it."""
    if one.unit != "ratio" or not one.unknown:
        return False
    return target.is_met(one.counted / (one.total + one.unknown), one.unit) is False


def _over(target: Target, one: _Figure, on: date) -> bool:
    last = one.year if target.year == "annual" else int(target.year[-4:])
    return last is not None and on.year > last
