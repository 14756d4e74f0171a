"""What a document can say: a number (`Rule`), a way of counting (`Definition`), a `Target`.

Nothing here reads a file or measures anything.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from deqing_geo.columns import word
from deqing_geo.errors import StandardsError, UnitError
from deqing_geo.text import MISSING, figure, percent

EVIDENCE = ("printed", "seen", "secondary", "remembered", "ours", "local", "confirmed")
UNREAD = ("secondary", "remembered")
UNITS = {
    "km/km2": "公里/平方公里",
    "km/100km2": "公里/百平方公里",
    "km": "公里",
    "ratio": "",
    "m": "米",
    "m2": "平方米",
    "km/h": "公里/小时",
    "min": "分钟",
    "deg": "度",
    "intensity": "度",
    "household": "户",
    "village": "个",
    "person": "人",
    "person/household": "人/户",
    "kind": "类",
    "site": "处",
    "ha": "公顷",
    "mu": "亩",
    "10000 yuan": "万元",
    "%": "%",
    "score": "",
    "dpi": "点/英寸",
}
OPERATORS = ("ge", "gt", "le", "eq", "about", "all", "achieve", "none", "all_ge", "each_gt")
# How much of a road on the outer edge of all areas counts.
BORDERS = {"shared": 1.0, "half": 0.5, "none": 0.0}
WATERS = ("in", "out")
PERCENT = 100.0
# Targets that ask a number of each: a share put to them is that of those who reach it.
OF_EACH = ("all_ge", "each_gt")
ALL = 1.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One number and the sentence it comes from.

    Attributes
    ----------
    key : str
        Its name in a `Standard`.
    value : float
        The number, in `unit`.
    unit : str
        One of `UNITS`: ``km/km2``, ``ratio``, ``m``, ``m2``, ``km/h``, ``min``, ``deg`` and
        others.
    document, clause : str
        Where it stands.
    label : str
        What it is, in Chinese.
    says : str
        The wording where it was seen, its sense otherwise.
    evidence : str
        ``printed``, ``seen``, ``secondary``, ``remembered``, ``ours``, ``local`` or
        ``confirmed``.
    in_force : date or None
        First day; None where it is not known.
    replaced : date or None
        First day of its successor.
    measure : str
        The measure it judges, if any.
    note : str
        A remark.
    """

    key: str
    value: float
    unit: str
    document: str
    clause: str = ""
    label: str = ""
    says: str = ""
    evidence: str = "remembered"
    in_force: date | None = None
    replaced: date | None = None
    measure: str = ""
    note: str = ""

    @classmethod
    def local(cls, value: float, unit: str, *, reason: str) -> Rule:
        """A planner's own number, which stays visible as such.

        Parameters
        ----------
        value : float
            The number.
        unit : str
            One of the units of `Rule`.
        reason : str
            Why; printed with every result built on it.

        Returns
        -------
        Rule
            With the evidence mark ``local``.

        Raises
        ------
        StandardsError
            If the reason is empty, the unit unknown or the number not positive.

        Examples
        --------
        >>> str(Rule.local(400, "m", reason="镇区现状"))
        '400 米(本单位自定:镇区现状)'
        """
        if not reason.strip():
            raise StandardsError("A local number needs a reason: Rule.local(…, reason='镇区现状').")
        _check_unit(unit)
        if not (math.isfinite(value) and value > 0):
            raise StandardsError(f"A local number is positive and finite, not {value}.")
        return cls("local", float(value), unit, "本单位自定", reason.strip(), evidence="local")

    @property
    def unread(self) -> bool:
        """Whether the wording was never seen: results built on it say 未核对原文."""
        return self.evidence in UNREAD

    def __str__(self) -> str:
        shown = _number(self.value * PERCENT) + "%" if self.unit == "ratio" else _number(self.value)
        unit = f" {UNITS[self.unit]}" if UNITS[self.unit] else ""
        where = f"{self.document}{':' if self.evidence == 'local' else ' '}{self.clause}".strip()
        return f"{shown}{unit}({where}{_mark(self)})"


@dataclass(frozen=True, slots=True)
class Band:
    """A service radius for parks from a size upwards.

    Attributes
    ----------
    from_m2 : float
        Smallest area of the band, in square metres.
    radius_m : float
        Service radius, in metres.
    """

    from_m2: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Definition:
    """One published way of counting, complete enough to compute by.

    Attributes
    ----------
    key : str
        Its name in a `Standard`.
    measure : str
        ``road_density``, ``highway_density``, ``park_coverage`` or ``service_coverage``.
    label : str
        One line for maps and tables, in Chinese.
    document, clause, says, evidence : str
        As for `Rule`.
    unit : str
        Unit of the figure it gives.
    metric : str
        How lengths or distances are taken.
    counts : mapping of str to tuple of str
        The classes that count, per layer (``roads``, ``parks``, ``facilities``, ``homes``);
        of a layer that is not named, everything.
    bands : tuple of Band
        Service radii by size, smallest first; empty for roads.
    merge : bool
        Whether divided carriageways must be merged to one centre line.
    border : str
        Areas of one layer share a border road equally. A road on the outer edge of the
        layer counts whole (``shared``), by ``half``, or not at all (``none``).
    water : str
        Whether water is ``in`` the area or taken ``out`` of it.
    parks_outside_areas : bool
        Whether a park's or facility's part outside the areas serves homes inside.
    join_m : float
        Parks no farther apart than this count as one park of their size together; NaN where
        every park counts by itself.
    options : tuple of str
        What was chosen beside the document: ``homestead``, ``outside``, ``joined``.
    rules : tuple of Rule
        Planner's own numbers put in the place of published ones.
    in_force, replaced : date or None
        As for `Rule`.
    note : str
        A remark.
    """

    key: str
    measure: str
    label: str
    document: str
    unit: str
    metric: str
    counts: Mapping[str, tuple[str, ...]]
    clause: str = ""
    says: str = ""
    evidence: str = "remembered"
    bands: tuple[Band, ...] = ()
    merge: bool = False
    border: str = "shared"
    water: str = "in"
    parks_outside_areas: bool = False
    join_m: float = math.nan
    options: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    in_force: date | None = None
    replaced: date | None = None
    note: str = ""

    @property
    def unread(self) -> bool:
        """Whether the wording was never seen: results built on it say 未核对原文."""
        return self.evidence in UNREAD or any(rule.unread for rule in self.rules)

    @property
    def line(self) -> str:
        """The definition in one line, with its document and evidence mark, for footers."""
        local = "".join(f";{rule}" for rule in self.rules)
        where = " ".join(part for part in (self.document, self.clause) if part)
        options = "" if self.border == "shared" else f";{word(f'border.{self.border}')}"
        options += f";{word('water.out')}" if self.water == "out" else ""
        options += "".join(f";{word(f'option.{one}')}" for one in self.options)
        return f"{self.label}({where}{_mark(self)}){options}{local}"

    @property
    def edge_weight(self) -> float:
        """How much of a road on the outer edge counts: 1, 0.5 or 0."""
        return BORDERS[self.border]

    def with_border(self, border: str) -> Definition:
        """The same way of counting with another rule for roads on the outer edge.

        Parameters
        ----------
        border : str
            ``shared`` (whole), ``half`` or ``none``. Borders between areas stay shared.

        Returns
        -------
        Definition
            Its key ends in ``+half`` or ``+none``, and its line says so.

        Raises
        ------
        StandardsError
            If the rule is unknown, or this is no way of counting roads.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> half = standards.load()["road.core"].with_border("half")
        >>> half.key, half.edge_weight, half.line.split(";")[-1]
        ('road.core+half', 0.5, '外边界上的道路按一半计')
        """
        self._require_roads()
        if border not in BORDERS:
            raise StandardsError(f"border={border!r} is not one of {', '.join(BORDERS)}.")
        return dataclasses.replace(self, border=border, key=_suffixed(self.key, border, BORDERS))

    def without_water(self) -> Definition:
        """The same way of counting on the area without its water.

        Returns
        -------
        Definition
            Its key ends in ``+net``, and its line says so. Roads over water still count.

        Raises
        ------
        StandardsError
            If this is no way of counting roads.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> standards.load()["road.core"].without_water().key
        'road.core+net'
        """
        self._require_roads()
        return dataclasses.replace(self, water="out", key=_suffixed(self.key, "net", ("net",)))

    def _require_roads(self) -> None:
        if "roads" not in self.counts:
            raise StandardsError(f"`{self.key}` does not count roads.")

    def with_homesteads(self) -> Definition:
        """The same way of counting, with homesteads among the residential land (含宅基地).

        Returns
        -------
        Definition
            Its key ends in ``+homestead``, and its line says so.

        Raises
        ------
        StandardsError
            If this is no way of counting homes.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> standards.load()["park.health_check_2021"].with_homesteads().key
        'park.health_check_2021+homestead'
        """
        if "homes" not in self.counts:
            raise StandardsError(f"`{self.key}` does not count homes.")
        homes = tuple(dict.fromkeys((*self.counts["homes"], "homestead")))
        return self._chosen("homestead", counts=MappingProxyType({**self.counts, "homes": homes}))

    def with_parks_outside(self) -> Definition:
        """The same way of counting, with parks outside the areas that reach into them.

        Returns
        -------
        Definition
            Its key ends in ``+outside``, and its line says so.

        Raises
        ------
        StandardsError
            If this has no service radius.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> standards.load()["park.health_check_2021"].with_parks_outside().parks_outside_areas
        True
        """
        return self._chosen("outside", parks_outside_areas=True)

    def with_joined_parks(self, rule: Rule) -> Definition:
        """The same way of counting, with parks that touch or lie across a path as one park.

        Parameters
        ----------
        rule : Rule
            How far apart they may lie, in metres.

        Returns
        -------
        Definition
            Its key ends in ``+joined``, and its line names the rule. Size and radius are those
            of the parks together.

        Raises
        ------
        UnitError
            If the rule is not in metres.
        StandardsError
            If this has no service radius.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> law = standards.load()
        >>> joined = law["park.health_check_2021"].with_joined_parks(law.rule("park.join_gap"))
        >>> joined.key, joined.join_m
        ('park.health_check_2021+joined', 10.0)
        """
        if rule.unit != "m":
            raise UnitError(f"Parks lie some metres apart, and the rule is in {rule.unit}.")
        rules = tuple(dict.fromkeys((*self.rules, rule)))
        return self._chosen("joined", join_m=rule.value, rules=rules)

    def _chosen(self, option: str, **changed: Any) -> Definition:
        """The same definition with an option in its key and its line."""
        if not self.bands:
            raise StandardsError(f"`{self.key}` has no service radius.")
        return dataclasses.replace(
            self,
            key=_suffixed(self.key, option, (option,)),
            options=tuple(dict.fromkeys((*self.options, option))),
            **changed,
        )

    def with_radius(self, rule: Rule) -> Definition:
        """The same way of counting with the planner's own service radius.

        Parameters
        ----------
        rule : Rule
            In metres; takes the place of the radius of every band.

        Returns
        -------
        Definition
            Its key ends in ``+local`` and its line names the rule.

        Raises
        ------
        UnitError
            If the rule is not in metres or this definition has no radius.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> park = standards.load("deqing")["park.health_check_2021"]
        >>> own = park.with_radius(Rule.local(400, "m", reason="镇区现状"))
        >>> [band.radius_m for band in own.bands], own.key
        ([400.0, 400.0], 'park.health_check_2021+local')
        """
        if rule.unit != "m" or not self.bands:
            raise UnitError(
                f"`{self.key}` takes a service radius in m, and the rule is in {rule.unit}."
                if self.bands
                else f"`{self.key}` has no service radius."
            )
        bands = tuple(Band(band.from_m2, rule.value) for band in self.bands)
        return dataclasses.replace(
            self, key=f"{self.key}+local", bands=bands, rules=(*self.rules, rule)
        )

    def __str__(self) -> str:
        return self.line


@dataclass(frozen=True, slots=True)
class Target:
    """One target of the plan.

    Attributes
    ----------
    key, id : str
        Its name in code and its number in the list of targets (``T04``).
    clause, section : str
        Where it stands in the plan.
    indicator_zh, indicator_en : str
        What it asks for.
    operator : str
        ``ge``, ``gt``, ``le``, ``eq``, ``about``, ``all``, ``achieve``, ``all_ge``,
        ``each_gt`` or ``none`` (no number).
    value : float or None
        The number as the plan writes it: 91 for 91 %.
    unit : str
        The plan's unit.
    year : str
        ``2027``, ``2023-2027`` (no year of its own) or ``annual``.
    kind : str
        number, ratio, annual, all, binary, qualitative, process or classification.
    computable : str
        From geodata: ``yes``, ``partly`` or ``no``.
    soft : str
        The plan's own softening word (力争, 积极), if any.
    departments : tuple of str
        Who answers for it, those who lead first.
    quote : str
        The plan's words.
    note : str
        A remark.
    leads : tuple of str
        Who of them leads: whom the plan calls 牵头, else the first it names.
    """

    key: str
    id: str
    clause: str
    section: str
    indicator_zh: str
    indicator_en: str
    operator: str
    value: float | None
    unit: str
    year: str
    kind: str
    computable: str
    soft: str
    departments: tuple[str, ...]
    quote: str
    note: str = ""
    leads: tuple[str, ...] = ()

    def is_met(self, measured: float, unit: str) -> bool | None:
        """Whether an unrounded measured value reaches the target.

        Parameters
        ----------
        measured : float
            One value, never rounded; NaN means not measured.
        unit : str
            Its unit. ``ratio`` is put to a target in ``%``; put to one that asks a number of
            each (全部不低于), it is the share of those that reach it.

        Returns
        -------
        bool or None
            None where the plan gives no number, says 左右, or nothing was measured.

        Raises
        ------
        UnitError
            If the value is in another unit than the target.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> goal = standards.load("deqing").targets["park_coverage"]
        >>> goal.is_met(0.9099, "ratio"), goal.is_met(0.91, "ratio")
        (False, True)
        """
        if unit == "ratio" and self.operator in OF_EACH:
            return bool(measured >= ALL) if measured == measured else None
        if unit == "ratio" and self.unit == "%":
            # 0.91 * 100 is 91.0 and 0.07 * 100 is 7.000000000000001.
            measured = round(measured * PERCENT, 12)
        elif unit != self.unit:
            raise UnitError(f"{self.key} is in {self.unit or 'no unit'}, the value in {unit}.")
        if self.value is None or measured != measured or self.operator in ("none", "about"):
            return None
        if self.operator in ("gt", "each_gt"):
            return bool(measured > self.value)
        if self.operator == "le":
            return bool(measured <= self.value)
        # `eq` on a count is met from the value upwards: 21 parks do not miss a target of 20.
        return bool(measured >= self.value)

    @property
    def goal(self) -> float | None:
        """The number as frames hold it: 0.91 where the plan writes 91 %."""
        if self.value is None:
            return None
        return round(self.value / PERCENT, 12) if self.unit == "%" else self.value

    def goal_in(self, unit: str) -> float | None:
        """The number in the unit of a measured value.

        Parameters
        ----------
        unit : str
            As for `is_met`.

        Returns
        -------
        float or None
            For a share put to a target that asks a number of each, 1: all of them.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> goal = standards.load("deqing").targets["village_operating_income"]
        >>> goal.goal_in("ratio"), goal.goal_in("万元/村")
        (1.0, 100.0)
        """
        return ALL if unit == "ratio" and self.operator in OF_EACH else self.goal

    def show(self, measured: float, unit: str, *, against: Iterable[float] = ()) -> str:
        """A measured value as readers see it, never rounded across the target.

        Parameters
        ----------
        measured : float
            Unrounded; NaN shows as ``-``.
        unit : str
            As for `is_met`.
        against : iterable of float
            Other figures it is judged by, in the same unit; NaN is none.

        Returns
        -------
        str
            With its unit; whole numbers without decimals.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> targets = standards.load("deqing").targets
        >>> targets["park_coverage"].show(0.90999, "ratio")
        '90.999%'
        >>> targets["village_clinics"].show(4.0, "个/年")
        '4 个/年'
        """
        goal = self.goal_in(unit)
        lines = [*(() if goal is None else (goal,)), *(one for one in against if one == one)]
        if measured != measured:
            return MISSING
        if unit == "ratio":
            return percent(measured, against=lines)
        # Lengths and densities keep their decimals where they happen to be whole.
        whole = float(measured).is_integer() and not unit.startswith("km")
        shown = figure(measured, 0 if whole else 2, against=lines)
        return f"{shown} {UNITS.get(unit, unit)}".rstrip()

    @property
    def asked(self) -> str:
        """What is asked, without the indicator and the year: 不低于 91%."""
        said = word(f"op.{self.operator}")
        unit = UNITS.get(self.unit, self.unit)
        if self.operator in ("all", "achieve", "none") or self.value is None:
            return said
        number = _number(self.value)
        if self.operator == "about":
            return f"{number}{unit}{said}"
        gap = "" if unit == "%" else " "
        return f"{said} {number}{gap}{unit}"

    def __str__(self) -> str:
        return f"{self.indicator_zh} {self.asked}({self.year})"


def _suffixed(key: str, option: str, instead_of: Iterable[str]) -> str:
    """A key with an option at its end, in place of those it excludes."""
    base, *options = key.split("+")
    kept = [one for one in options if one not in instead_of]
    return "+".join([base, *kept, *([] if option == "shared" else [option])])


def _check_unit(unit: str) -> None:
    if unit not in UNITS:
        raise StandardsError(f"`{unit}` is not one of the units {', '.join(UNITS)}.")


def _number(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e6 else figure(value, 0)


def _mark(entry: Rule | Definition) -> str:
    marks = []
    if entry.unread:
        marks.append(word("notice.unread"))
    if entry.evidence == "confirmed":
        marks.append(word("evidence.confirmed"))
    elif entry.evidence == "ours":
        marks.append(word("evidence.ours"))
    return "".join(f";{mark}" for mark in marks)
