"""The cause of a change as a sentence: what it was, what it is now."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.standards import Rule
from deqing_geo.text import percent
from deqing_geo.villages.again import law_of
from deqing_geo.villages.causes import alike
from deqing_geo.villages.kinds import BY_HAND, CONSENT, called, labelled
from deqing_geo.villages.wording import shown_rule, shown_value

if TYPE_CHECKING:
    from deqing_geo.villages.causes import Causes
    from deqing_geo.villages.types import VillageTypes

APART = ";"
CONSTRAINT, POTENTIAL, CUT = "constraint", "potential", "potential_cut"


class Telling:
    """What is said of the rows of changes between two runs.

    Parameters
    ----------
    later, earlier : VillageTypes
        The runs.
    found : Causes
        Of the villages in both.
    """

    def __init__(self, later: VillageTypes, earlier: VillageTypes, found: Causes) -> None:
        self.later, self.earlier, self.found = later, earlier, found
        self.place = {label: at for at, label in enumerate(found.by_factor.index)}
        self.rules = "、".join(_rules(later, earlier))

    def of(self, rows: pd.DataFrame) -> list[str]:
        """A sentence for each row.

        Parameters
        ----------
        rows : DataFrame
            With ``causes``, ``decided_before``, ``decided_after``, ``moved_share``, ``held`` and
            ``waited``.

        Returns
        -------
        list of str
            Parts joined by a semicolon.
        """
        words = names.vocabulary("causes")
        out = []
        for label, row in rows.iterrows():
            said = []
            for cause in row["causes"].split(APART):
                what = self._what(str(cause), label, row)
                said.append(f"{words[cause]}:{what}" if what else words[cause])
            if row["held"]:
                said.append(names.word("type_changes.held"))
            if row["waited"]:
                said.append(names.word("type_changes.again"))
            out.append(APART.join(said))
        return out

    def _what(self, cause: str, label: Any, row: pd.Series[Any]) -> str:
        if cause == "facts":
            # What was measured within an outline that moved is told of the outline.
            moved = self.found.moved[self.place[label]]
            apart = self.found.measured if moved else frozenset()
            return "、".join(self._facts(label, row, self.found.differs.keys() - apart))
        if cause == "outline":
            head = f"{names.word('type_changes.moved')}{percent(row['moved_share'])}"
            return "、".join([head, *self._facts(label, row, self.found.measured)])
        if cause == "rules":
            return self.rules
        if cause == "decision":
            return "、".join(self._decision(label))
        return "、".join([names.word("type_changes.others"), *self._scores(label, POTENTIAL, CUT)])

    def _facts(self, label: Any, row: pd.Series[Any], among: Set[str]) -> list[str]:
        """What the deciding conditions read and is another; all that is, where nothing of it."""
        at = self.place[label]
        differs = self.found.differs
        changed = [column for column in differs if column in among and differs[column][at]]
        read: set[str] = set()
        for types, rung in (
            (self.earlier, row["decided_before"]),
            (self.later, row["decided_after"]),
        ):
            read |= _read_by(types, str(rung))
        decisive = [column for column in changed if column in read]
        told = [
            f"{labelled(column)}{_value(self.earlier, column, label)}→"
            f"{_value(self.later, column, label)}"
            for column in (decisive or changed)
        ]
        scored = {one.column for one in self.later.scheme.indicators} & {*decisive}
        # The cut is nobody's own.
        return told + (self._scores(label, POTENTIAL) if scored else [])

    def _scores(self, label: Any, *columns: str) -> list[str]:
        """Scores and cuts, as far as they are others."""
        out = []
        for column in columns:
            word = "score" if column == POTENTIAL else "cut"
            sides = [_value(types, column, label) for types in (self.earlier, self.later)]
            if sides[0] != sides[1]:
                out.append(f"{names.word(f'type_changes.{word}')}{sides[0]}→{sides[1]}")
        return out

    def _decision(self, label: Any) -> list[str]:
        out = []
        for column in CONSENT:
            sides = [_value(types, column, label) for types in (self.earlier, self.later)]
            if sides[0] != sides[1]:
                out.append(f"{names.label(column)}{sides[0]}→{sides[1]}")
        sides = [_by_hand(types, label) for types in (self.earlier, self.later)]
        if sides[0] != sides[1]:
            out.append(f"{names.word('type_changes.override')}{sides[0]}→{sides[1]}")
        if not out:
            days = [str(types.asked["as_of"]) for types in (self.earlier, self.later)]
            out.append(f"{names.word('type_changes.day')}{days[0]}→{days[1]}")
        return out


def _rules(later: VillageTypes, earlier: VillageTypes) -> list[str]:
    """What is otherwise in law, scheme, skipped conditions, weights and other options."""
    laws = [law_of(types) for types in (earlier, later)]
    out = []
    for key, old in laws[0].items():
        new = laws[1].get(key)
        if not (isinstance(old, Rule) and isinstance(new, Rule)):
            continue
        if key.startswith("village.") and old.value != new.value:
            out.append(f"{old.label}{shown_rule(old)}→{shown_rule(new)}")
    if earlier.scheme.digest != later.scheme.digest:
        sides = ["、".join(types.scheme.changed) or types.scheme.name for types in (earlier, later)]
        out.append(f"{names.word('type_changes.scheme')}{sides[0]}→{sides[1]}")
    none = names.word("scenario.none")
    skips = ["、".join(types.asked["skip"]) or none for types in (earlier, later)]
    if skips[0] != skips[1]:
        out.append(f"{names.word('type_changes.skipped')}{skips[0]}→{skips[1]}")
    if not alike(later.asked.get("weights"), earlier.asked.get("weights")):
        out.append(names.word("type_changes.weights"))
    return out or [names.word("type_changes.option")]


def _read_by(types: VillageTypes, name: str) -> set[str]:
    """The facts behind a condition, those of its scores among them."""
    scheme = types.scheme
    read = {column for rung in scheme.rungs if rung.id == name for column in rung.columns}
    if CONSTRAINT in read:
        read |= {one.column for one in scheme.scores}
    if POTENTIAL in read:
        read |= {one.column for one in scheme.indicators}
    return read


def _by_hand(types: VillageTypes, label: Any) -> str:
    row = types.table.loc[label]
    if row["decided_by"] != BY_HAND:
        return names.word("scenario.none")
    return called(row["type_final"])


def _value(types: VillageTypes, column: str, label: Any) -> str:
    if column not in types.table:
        return names.word("type_changes.absent")
    value = types.table.at[label, column]
    if value is None or (not isinstance(value, str) and bool(pd.isna(value))):
        return names.word("type_changes.blank")
    if isinstance(value, str) and column not in names.vocabularies():
        return value.replace(APART, ",")
    return shown_value(column, value)
