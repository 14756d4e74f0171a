"""The law of a place on a day: every rule, definition and target, the most local first.

Nothing here reads a file or measures anything.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from deqing_geo.columns import word
from deqing_geo.errors import StandardsError, UnitError
from deqing_geo.standards.model import BORDERS, Definition, Rule, Target
from deqing_geo.text import escape


@dataclass(frozen=True, slots=True, eq=False)
class Standard(Mapping[str, "Rule | Definition"]):
    """The law of a place on a day: rules and definitions, the most local first.

    Attributes
    ----------
    name : str
        For example ``deqing``.
    chain : tuple of str
        The issuing levels read, most local first.
    entries : mapping of str to Rule or Definition
        What counts.
    shadowed : mapping of str to tuple of Rule or Definition
        What a more local entry overrode.
    targets : mapping of str to Target
        The plan's targets by key; empty where the place has no plan.
    defaults : mapping of str to str
        For each measure the key of the definition that ``by=None`` means.
    log : tuple of mapping
        Confirmations by the bureau, oldest first.
    """

    name: str
    chain: tuple[str, ...]
    entries: Mapping[str, Rule | Definition]
    shadowed: Mapping[str, tuple[Rule | Definition, ...]]
    targets: Mapping[str, Target]
    defaults: Mapping[str, str]
    log: tuple[Mapping[str, str], ...] = field(default=())

    def __getitem__(self, key: str) -> Rule | Definition:
        try:
            return self.entries[key]
        except KeyError:
            near = ", ".join(name for name in self.entries if name.split(".")[0] in str(key))
            raise StandardsError(
                f"`{key}` is not in the standard `{self.name}` as in force."
                f" It has: {near or ', '.join(self.entries)}."
            ) from None

    def __iter__(self) -> Iterable[str]:  # type: ignore[override]
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def definition(
        self, measure: str | tuple[str, ...], by: str | Definition | None = None
    ) -> Definition:
        """The definition a measure shall count by.

        Parameters
        ----------
        measure : str or tuple of str
            ``road_density`` or ``park_coverage``; of several the first has the default.
        by : str, Definition or None
            A key, also one with options (``road.core+half+net``,
            ``park.health_check_2021+homestead``), a definition, or None for the standard's
            default.

        Returns
        -------
        Definition
            Never a definition of another measure.

        Raises
        ------
        StandardsError
            If there is none, or it defines another measure.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> standards.load("deqing").definition("road_density").key
        'road.core'
        """
        measures = (measure,) if isinstance(measure, str) else measure
        if by is None:
            if measures[0] not in self.defaults:
                raise StandardsError(f"`{self.name}` has no default for {measures[0]}. Pass by=.")
            by = self.defaults[measures[0]]
        found = self._optioned(by) if isinstance(by, str) else by
        if not isinstance(found, Definition) or found.measure not in measures:
            ways = ", ".join(way.key for one in measures for way in self.ways(one))
            named = found.key if isinstance(found, Rule | Definition) else repr(found)
            raise StandardsError(f"`{named}` does not define {measures[0]}. Try one of: {ways}.")
        return found

    def _optioned(self, key: str) -> Rule | Definition:
        """The entry of a key, with the options that follow it."""
        base, *options = key.split("+")
        known = {*BORDERS, "net", "homestead", "outside", "joined"} - {"shared"}
        if key in self.entries or not options or not known.issuperset(options):
            return self[key]
        found = self[base]
        if not isinstance(found, Definition):
            return found
        for option in options:
            if option == "joined":
                found = found.with_joined_parks(self.rule("park.join_gap"))
            elif option in BORDERS:
                found = found.with_border(option)
            elif option == "net":
                found = found.without_water()
            else:
                homes = option == "homestead"
                found = found.with_homesteads() if homes else found.with_parks_outside()
        return found

    def ways(self, prefix: str) -> list[Definition]:
        """All definitions in force of one measure.

        Parameters
        ----------
        prefix : str
            The measure (``road_density``) or the beginning of the keys (``road``).

        Returns
        -------
        list of Definition
            The default first.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> [way.key for way in standards.load("deqing").ways("road_density")]
        ['road.core', 'road.broad', 'road.raw']
        >>> [way.key for way in standards.load("deqing").ways("road")][3:]
        ['road.highway', 'road.rural']
        """
        found = [
            entry
            for entry in self.entries.values()
            if isinstance(entry, Definition)
            and (entry.measure == prefix or entry.key.startswith(f"{prefix}."))
        ]
        return sorted(found, key=lambda way: way.key != self.defaults.get(way.measure))

    def goals(self, measure: str) -> tuple[float, ...]:
        """Every figure a result of this measure may be judged by, for honest rounding.

        Parameters
        ----------
        measure : str
            ``road_density`` or ``park_coverage``.

        Returns
        -------
        tuple of float
            Thresholds of documents and the plan's target as frames hold them, ascending.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> standards.load("deqing").goals("park_coverage")
        (0.8, 0.85, 0.9, 0.91)
        """
        found = {
            entry.value
            for entry in self.entries.values()
            if isinstance(entry, Rule) and entry.measure == measure
        }
        target = self.targets.get(measure)
        if target is not None and target.goal is not None:
            found.add(target.goal)
        return tuple(sorted(found))

    @property
    def speeds(self) -> dict[str, float]:
        """Kilometres an hour by road class, for `road_network`.

        Returns
        -------
        dict of str to float
            From the rules ``speed.<class>``; the speed on foot is ``rule("speed.walk")``.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> standards.load().speeds["arterial"]
        40.0
        """
        head = "speed."
        return {
            key.removeprefix(head): entry.value
            for key, entry in self.entries.items()
            if isinstance(entry, Rule) and key.startswith(head) and key != f"{head}walk"
        }

    def rule(self, key: str) -> Rule:
        """A number of the standard.

        Parameters
        ----------
        key : str
            Its key.

        Returns
        -------
        Rule
            The number with its document.

        Raises
        ------
        StandardsError
            If there is none, or the key names a definition.
        """
        found = self[key]
        if not isinstance(found, Rule):
            raise StandardsError(f"`{key}` is a definition, not a number.")
        return found

    def with_rule(
        self, key: str, value: float | Rule, *, reason: str = "", unit: str | None = None
    ) -> Standard:
        """The same law with a planner's own number, in the place of one or beside them (自定).

        Parameters
        ----------
        key : str
            Of a number of this standard, or a new one where a unit is given.
        value : float or Rule
            Above 0; or `Rule.local`, which has its own unit and reason.
        reason : str
            Why; printed with every result built on it.
        unit : str, optional
            By default that of the number it replaces.

        Returns
        -------
        Standard
            A copy; the number that stood before is the first of ``shadowed[key]``.

        Raises
        ------
        StandardsError
            If there is no such number (near ones are named) and no unit, the unit is not known,
            the reason is empty, or the value is not positive and finite.
        UnitError
            If the unit is another than that of the number it replaces.

        Examples
        --------
        >>> from deqing_geo import standards
        >>> law = standards.load().with_rule("village.udb_distance", 800, reason="征求意见")
        >>> str(law["village.udb_distance"])
        '800 米(本单位自定:征求意见)'
        >>> law.shadowed["village.udb_distance"][0].value
        1000.0
        """
        given = value if isinstance(value, Rule) else None
        unit = given.unit if given is not None else unit
        old = self.rule(key) if key in self.entries else None
        if old is None and unit is None:
            numbers = [one for one, entry in self.entries.items() if isinstance(entry, Rule)]
            near = difflib.get_close_matches(str(key), numbers, n=3, cutoff=0.5)
            hint = f" Near: {', '.join(near)}." if near else ""
            raise StandardsError(f"`{key}` is no number of the standard `{self.name}`.{hint}")
        if old is not None and unit not in (None, old.unit):
            raise UnitError(f"`{key}` is in {old.unit}, and the number given is in {unit}.")
        if given is None:
            number = float(value) if isinstance(value, int | float) else math.nan
            given = Rule.local(number, str(unit) if old is None else old.unit, reason=reason)
        own = dataclasses.replace(
            given,
            key=key,
            label=key if old is None else old.label,
            measure="" if old is None else old.measure,
            says=given.says or (given.clause if old is None else f"{given.clause},原为{old}"),
        )
        before = {} if old is None else {key: (old, *self.shadowed.get(key, ()))}
        return dataclasses.replace(
            self,
            entries=MappingProxyType({**self.entries, key: own}),
            shadowed=MappingProxyType({**self.shadowed, **before}),
        )

    def confirm(
        self, key: str, *, by: str, document: str, date: date, local: str | os.PathLike[str]
    ) -> Standard:
        """The bureau takes responsibility for an entry; see `deqing_geo.standards.confirm`.

        Parameters
        ----------
        key, by, document, date, local
            As there.

        Returns
        -------
        Standard
            This standard with the confirmation in it.

        Raises
        ------
        StandardsError
            As there.
        ExportError
            If the file cannot be written.
        """
        from deqing_geo import standards

        return standards.confirm(
            key, by=by, document=document, date=date, local=local, name=self.name
        )

    def __repr__(self) -> str:
        return (
            f"<Standard {' < '.join(self.chain)}: {len(self)} entries, {len(self.targets)} targets>"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(entry.key)}</td><td>{escape(entry.label)}</td>"
            f"<td>{escape(entry.document)} {escape(entry.clause)}</td>"
            f"<td>{escape(entry.says)}</td><td>{escape(word(f'evidence.{entry.evidence}'))}</td></tr>"
            for entry in self.entries.values()
        )
        head = "".join(f"<th>{name}</th>" for name in ("key", "口径/指标", "文件", "条文", "核对"))
        return f"<table><tr>{head}</tr>{rows}</table>"
