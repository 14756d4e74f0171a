"""Each target put beside what was measured for it, and judged.

It measures nothing. A result is taken by what it offers, so a new measure needs no change
here. No pace is assumed: the plan gives neither base values nor yearly targets, so a figure
short of its target is not called behind until the bureau has laid both down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo.columns import word
from deqing_geo.errors import InputError
from deqing_geo.progress.card import COLUMNS, Scorecard
from deqing_geo.progress.figures import NOTHING, Figure, figure_of
from deqing_geo.progress.months import as_month, month_before, number_of, year_of
from deqing_geo.progress.pace import Pace, pace_of
from deqing_geo.progress.told import Progress, Stood
from deqing_geo.progress.why import why_of
from deqing_geo.standards import UNITS
from deqing_geo.standards.model import OF_EACH
from deqing_geo.text import change, figure, percent, subtracts

if TYPE_CHECKING:
    from deqing_geo.standards import Standard, Target

# The plan says 6亿元 twice, of income and of assets: one of the two is probably a slip.
DISPUTED = ("village_collective_income", "village_collective_assets")
# How a figure could be come by, where there is none yet.
HOW = {"yes": "computed", "partly": "joined", "no": "recorded"}
# What was filled in and what was measured are told apart from here on.
SAME = 1e-9


class _Once:
    """Asked once, and kept; unlike a cache of functools it travels to other processes."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self.find = find
        self.held: list[Any] = []

    def __call__(self) -> Any:
        if not self.held:
            self.held.append(self.find())
        return self.held[0]


def scorecard(
    *results: Any,
    law: Standard,
    computed_only: bool = False,
    on: date | None = None,
    progress: Progress | None = None,
    month: str | None = None,
    changes: Sequence[Any] = (),
) -> Scorecard:
    """The plan's targets with target, measured figure, gap and verdict (核心指标完成情况).

    A target is reached or not on the unrounded figure. One not reached is 达序时进度 or
    滞后序时进度 where the bureau's table of progress has its base value and its goal for the
    year; else 缺基期值或年度目标,不作判定, as long as its year is not over. One that asks for no
    number is 定性任务. A share that reaches its target only while rows without data are left out
    is 待补数据,不作判定.

    Parameters
    ----------
    results : RoadDensity, Coverage, Tally or alike
        Measures (`road_density`, `park_coverage`), counts of `deqing_geo.tallies`, and
        whatever has a ``tally``; one per target, in any order.
    law : Standard
        Of `standards.load`, with the plan's targets.
    computed_only : bool
        Whether to leave out targets without a figure.
    on : date, optional
        The day the figures stand at. From the year after a target's own, a figure short of
        it is 未达标. Without a day or a month no year is taken to be over.
    progress : Progress, optional
        Of `deqing_geo.progress.read_progress`: base values, yearly goals, thresholds, what
        departments filled in, and what was reported in earlier months. What was measured on
        layers goes before what was filled in, and a difference is told.
    month : str, optional
        The month the figures are of, such as ``2026-03``; by default that of `on`, else the
        latest that was filled in.
    changes : sequence of RoadChanges, CoverageChanges, TypeChanges
        Against last month's: they say why a figure moved.

    Returns
    -------
    Scorecard
        One row per target.

    Raises
    ------
    InputError
        If two results answer one target, a result answers none, the standard has no plan, or
        `month` is none.
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
    if progress is not None and not isinstance(progress, Progress):
        raise InputError("progress= is what read_progress('targets.xlsx') gives, not a file.")
    own = _month_of(month, on, progress)
    found = _found(results, targets)
    why = dict(why_of(one) for one in changes)
    # Of a month alone, its first day: a target's year is over from the next January on.
    day = date(year_of(own), number_of(own), 1) if on is None and own else on
    asked = _Asked(day, progress, own, why)
    rows: dict[str, dict[str, Any]] = {}
    for key, target in targets.items():
        row = _row(target, found.get(key), asked)
        if not computed_only or row["measured"] == row["measured"]:
            rows[key] = row
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    table.index = pd.Index(table.index, name="target_key")
    said = [notice for one in found.values() for notice in one.notices]
    said += [] if progress is None else [*progress.notices, *_of_other_year(progress, own)]
    return Scorecard(
        table=table.astype(COLUMNS),
        notices=tuple(dict.fromkeys(said)),
        month=own or "",
        # Shapes are found once, when somebody first asks.
        finders={key: _Once(one.places) for key, one in found.items() if one.places is not None},
    )


def _of_other_year(progress: Progress, month: str | None) -> list[str]:
    """A table of one year holds nothing of another's months."""
    if not month or not progress.year or year_of(month) == progress.year:
        return []
    return [word("progress.other_year").format(year=progress.year, month=month)]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every row is judged by."""

    on: date | None
    progress: Progress | None
    month: str | None
    why: Mapping[str, str]


def _month_of(month: str | None, on: date | None, progress: Progress | None) -> str | None:
    if month is not None:
        return as_month(month, "month")
    if on is not None:
        return f"{on:%Y-%m}"
    return None if progress is None else progress.last_month


def _found(results: Sequence[Any], targets: Mapping[str, Target]) -> dict[str, Figure]:
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
    return found


# ---------------------------------------------------------------- one target


def unit_of(target: Target) -> str:
    """The unit in which people fill in a target's figure.

    Parameters
    ----------
    target : Target
        Of the plan.

    Returns
    -------
    str
        ``ratio`` for shares, and for what asks a number of each: the share of those that reach
        it.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> targets = standards.load().targets
    >>> unit_of(targets["village_operating_income"]), unit_of(targets["road_density"])
    ('ratio', 'km/km2')
    """
    return "ratio" if target.unit == "%" or target.operator in OF_EACH else target.unit


def _row(target: Target, measured: Figure | None, asked: _Asked) -> dict[str, Any]:
    progress, month = asked.progress, asked.month
    filled = progress.filled(target.key, month) if progress is not None and month else {}
    one, beside = _one(target, measured, filled.get("measured"))
    value = NOTHING if one is None else one.value
    unit = _plan_unit(target) if one is None else one.unit
    asks = target.value is not None and target.operator != "none"
    goal = target.goal_in(unit) if asks else None
    met = target.is_met(value, unit) if one is not None and asks else None
    pace = pace_of(target, one, progress, month) if progress is not None and month else Pace()
    last = None
    if progress is not None and month and one is not None:
        last = progress.stood(target.key, month_before(month), unit, one.definition, one.outline)
    lead, joint = _units(target, progress)
    notices = [] if one is None else [*one.notices, *beside]
    verdict = _verdict(target, one, met, asked.on, pace)
    return {
        "id": target.id,
        "clause": target.clause,
        "indicator_zh": target.indicator_zh,
        "operator": target.operator,
        "asked": target.asked,
        "target": NOTHING if goal is None else goal,
        "unit": unit,
        "year": target.year,
        "measured": value,
        "shown": target.show(value, unit, against=(pace.goal, pace.due)),
        "gap": _gap(target, value, goal, met),
        "completion": _completion(target, value, goal),
        "reached": met,
        "verdict": verdict,
        "value_how": HOW[target.computable] if one is None else one.how,
        "definition": "" if one is None else one.definition,
        "notice": ";".join(notices),
        "source": "" if one is None else ";".join(one.origins),
        "departments": ";".join(target.departments),
        "computable": target.computable,
        "lead_unit": lead,
        "joint_units": joint,
        "quote": target.quote,
        "plan_note": target.note,
        "base_value": pace.base,
        "base_year": _text(None if progress is None else progress.of_year(target.key, "base_year")),
        "year_goal": pace.goal,
        "due_value": pace.due,
        "last_value": NOTHING if last is None else last.value,
        "last_change": _change(value, last),
        "start_value": pace.start,
        "year_change": _since_start(value, pace),
        "compared": _compared(target, last, pace, unit),
        "warning": "" if verdict in ("qualitative", "disputed", "not_measured") else pace.warning,
        "month_why": asked.why.get(target.key, ""),
        "problem": str(filled.get("problem", "")),
        "next_step": str(filled.get("next_step", "")),
        "month_note": str(filled.get("month_note", "")),
        "outline_mark": "" if one is None else one.outline,
    }


def _one(
    target: Target, measured: Figure | None, filled: float | None
) -> tuple[Figure | None, list[str]]:
    """What was measured goes before what was filled in, and a difference between them is told."""
    if measured is not None and measured.value == measured.value:
        if filled is None or abs(filled - measured.value) <= SAME:
            return measured, []
        own = target.show(filled, unit_of(target)) if unit_of(target) == measured.unit else filled
        return measured, [f"{word('progress.other_filled')} {own}"]
    if filled is None:
        return measured, []
    return Figure(
        key=target.key,
        value=float(filled),
        unit=unit_of(target),
        definition=word("progress.recorded"),
        notices=(),
        origins=(),
        said=f"{target.key}={filled!r} of the table of progress",
        how="recorded",
    ), []


def _units(target: Target, progress: Progress | None) -> tuple[str, str]:
    """Who leads and who helps: the bureau's word, else the order of the plan."""
    lead = None if progress is None else progress.of_year(target.key, "lead_unit")
    joint = None if progress is None else progress.of_year(target.key, "joint_units")
    first = target.leads
    others = tuple(one for one in target.departments if one not in first)
    if lead is not None and joint is None:
        others = tuple(one for one in target.departments if one != lead)
    return str(lead or ";".join(first)), str(joint or ";".join(others))


def _text(value: Any) -> str:
    return "" if value is None else f"{int(value)}"


def _plan_unit(target: Target) -> str:
    return "ratio" if target.unit == "%" else target.unit


def _gap(target: Target, measured: float, goal: float | None, met: bool | None) -> float:
    if met is None or goal is None:
        return NOTHING
    if met:
        return 0.0
    short = measured - goal if target.operator == "le" else goal - measured
    return max(short, 0.0)


def _completion(target: Target, measured: float, goal: float | None) -> float:
    """Figure by target; of what may not be exceeded, target by figure."""
    if goal is None or measured != measured:
        return NOTHING
    above, below = (goal, measured) if target.operator == "le" else (measured, goal)
    return above / below if below > 0 else NOTHING


def _change(value: float, stood: Stood | None) -> float:
    if stood is None or not stood.comparable:
        return NOTHING
    return _tidy(value - stood.value, value)


def _since_start(value: float, pace: Pace) -> float:
    if pace.started is not None and not pace.started.comparable:
        return NOTHING
    return _tidy(value - pace.start, value)


def _tidy(change: float, value: float) -> float:
    """What a figure written and read again leaves is no change."""
    return 0.0 if abs(change) <= SAME * max(1.0, abs(value)) else change


def _compared(target: Target, last: Stood | None, pace: Pace, unit: str) -> str:
    said = []
    for stood, when in ((last, "last"), (pace.started, "start")):
        if stood is None or (stood.comparable and not stood.recomputed):
            continue
        called = word(f"progress.{when}")
        was = target.show(stood.reported, unit)
        if stood.recomputed:
            again = target.show(stood.value, unit)
            said.append(f"{called}{word('progress.again')} {again},{word('progress.was')} {was}")
        else:
            said.append(f"{called} {was}:{word('progress.not_comparable')}")
    return ";".join(said)


def _verdict(
    target: Target, one: Figure | None, met: bool | None, on: date | None, pace: Pace
) -> str:
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
    return pace.verdict or "no_baseline"


def _hangs_on_gaps(target: Target, one: Figure) -> bool:
    """Whether a share would miss the target if every row without data missed it."""
    if one.unit != "ratio" or not one.unknown:
        return False
    return target.is_met(one.counted / (one.total + one.unknown), one.unit) is False


def _over(target: Target, one: Figure, on: date) -> bool:
    last = one.year if target.year == "annual" else int(target.year[-4:])
    return last is not None and on.year > last


def shown_change(row: Mapping[Any, Any], column: str) -> str:
    """A difference of a scorecard's row, never at odds with the figures it stands beside.

    Parameters
    ----------
    row : mapping
        Of a scorecard's table.
    column : str
        ``last_change``, ``year_change`` or ``gap``.

    Returns
    -------
    str
        With its sign, shares in percentage points; empty where there is none. By the rule of
        `deqing_geo.text.change`.

    Examples
    --------
    >>> row = {"unit": "km/km2", "target": 8.0, "last_value": 7.0561, "measured": 7.0713}
    >>> shown_change({**row, "last_change": 0.0152}, "last_change")
    '+0.015'
    >>> shown_change({"unit": "个", "last_value": 3.0, "measured": 5.0, "last_change": 2.0},
    ...              "last_change")
    '+2'
    """
    value = float(row[column])
    if value != value:
        return ""
    share = row["unit"] == "ratio"
    number = round(value * 100, 12) if share else value
    return change(number, _places(value, str(row["unit"])), between=_between(row, column))


def contradicted(row: Mapping[Any, Any], column: str) -> bool:
    """Whether the figures as shown subtract to another difference than the one shown.

    Parameters
    ----------
    row, column
        As for `shown_change`.

    Returns
    -------
    bool
        Then it is to be said that the difference is of unrounded figures.
    """
    shown = shown_change(row, column)
    return bool(shown) and not subtracts(shown, _between(row, column))


# The figure before each difference; a gap is from the figure to its target.
BEFORE = {"last_change": "last_value", "year_change": "start_value", "gap": "measured"}


def _between(row: Mapping[Any, Any], column: str) -> tuple[str, ...]:
    """Both figures of a difference, as they are shown."""
    goals = [float(row.get(one, NOTHING)) for one in ("target", "year_goal", "due_value")]
    ends = (BEFORE[column], "target" if column == "gap" else "measured")
    values = [float(row.get(one, NOTHING)) for one in ends]
    if any(one != one for one in values):
        return ()
    unit = str(row["unit"])
    if column == "gap":
        # What may not be exceeded is short by what it exceeds.
        values.sort()
    against = [one for one in goals if one == one]
    return tuple(_digits(one, unit, against) for one in values)


def shown_figure(value: float, unit: str, *, against: Sequence[float] = ()) -> str:
    """A figure of no target's own as readers see it, such as what is due.

    Parameters
    ----------
    value : float
        Unrounded; NaN shows as nothing.
    unit : str
        Of the value.
    against : sequence of float
        Figures it is read beside and not rounded across; NaN is none.

    Returns
    -------
    str
        With its unit.

    Examples
    --------
    >>> shown_figure(0.8267, "ratio"), shown_figure(6.725, "km/km2"), shown_figure(8000.0, "个")
    ('82.67%', '6.72 公里/平方公里', '8000 个')
    """
    if value != value:
        return ""
    shown = _digits(value, unit, [one for one in against if one == one])
    return f"{shown}%" if unit == "ratio" else f"{shown} {UNITS.get(unit, unit)}".rstrip()


def _digits(value: float, unit: str, against: Sequence[float] = ()) -> str:
    if unit == "ratio":
        return percent(value, against=against).rstrip("%")
    return figure(value, _places(value, unit), against=against)


def _places(value: float, unit: str) -> int:
    """Lengths, densities and shares keep their decimals where they happen to be whole."""
    return 0 if float(value).is_integer() and not unit.startswith(("km", "ratio")) else 2
