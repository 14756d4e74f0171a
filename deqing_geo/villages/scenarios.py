"""What if: a threshold, a weight, a condition or a fact is another, and who moves.

A scenario is no typing. It says so in its notices, which travel with its map and its tables.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import CodeError, ColumnError, InputError
from deqing_geo.standards import Rule
from deqing_geo.text import card
from deqing_geo.villages.again import CENTRES, identity, judged, matrix, read_columns, same_cells
from deqing_geo.villages.cells import read_cells
from deqing_geo.villages.judge import MADE
from deqing_geo.villages.kinds import COMPUTED, called, labelled
from deqing_geo.villages.wording import shown_rule, shown_value

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.standards import Standard
    from deqing_geo.villages.scheme import Scheme
    from deqing_geo.villages.types import VillageTypes

# Notices are kept apart by this sign, so none may hold it.
APART = ";"
# How alike a mistyped key must be to be offered.
ALIKE = 0.5
# What a scenario may not be given: it is what classification makes.
NO_FACTS = (*MADE, *COMPUTED, "geometry")
# Numbers of the law behind the scores.
SCORED = frozenset({"village.score_spread", "village.fence", "village.fill_share"})


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Who would be of another type if something were otherwise (情景推演).

    Attributes
    ----------
    table : DataFrame
        The villages that move, in their order: name, town, ``type_before``, ``type_after``,
        ``decided_before``, ``decided_after`` and the ``reason`` of the new type.
    matrix : DataFrame of int
        All villages, types before down and after across.
    counts : DataFrame of int
        ``before``, ``after`` and ``difference`` of every type.
    types : VillageTypes
        All villages under the scenario, with its notice; for a map beside the other.
    lines : tuple of str
        What was changed, in Chinese.
    notices : tuple of str
        Sentences the scenario must not travel without; the first says that it is one.
    sources : tuple of Rule
        Every number a village was compared with; what was changed is marked 本单位自定.
    """

    table: pd.DataFrame
    matrix: pd.DataFrame
    counts: pd.DataFrame
    types: VillageTypes
    lines: tuple[str, ...]
    notices: tuple[str, ...]
    sources: tuple[Rule, ...]

    @property
    def headline(self) -> str:
        """How many villages move, and because of what."""
        return f"{len(self.table)} {names.word('scenario.moved')}({'、'.join(self.lines)})"

    def __repr__(self) -> str:
        return f"<Scenario of {len(self.types.table)} villages: {len(self.table)} move>"

    def _repr_html_(self) -> str:
        rows = [
            [called(kind), str(row["before"]), str(row["after"]), f"{row['difference']:+d}"]
            for kind, row in self.counts.iterrows()
            if row["before"] or row["after"]
        ]
        head = (names.label("type_after"), "原", "情景", "增减")
        return card(names.word("scenario.title"), self.headline, [], self.notices, (head, rows))


def scenario(types: VillageTypes, changes: Mapping[Any, Any]) -> Scenario:
    """Change a threshold, a weight, a condition or a fact, and see which villages move.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`; it stays as it is.
    changes : mapping
        Any number of changes at once, by key:

        - ``"village.centre_minutes": 20``: a number of the law;
        - ``"skip": ["SI-2"]`` or another option of `classify_villages`, in place of what it was;
        - ``("330521001801", "tt_county_min"): 14``: a fact of one village; None for not known;
        - ``"tt_county_min": lambda minutes: minutes * 0.8``: a fact of all, by a function of
          the column; a Series by village or one value for all are understood as well.

    Returns
    -------
    Scenario
        Who moves, from and to which type, by which condition and for what reason.

    Raises
    ------
    InputError
        If nothing is changed, a key is not known (near ones are named), or a function of a
        column does not give one value a village.
    CodeError
        If a village is not there.
    ColumnError
        If a fact is no column of the villages, or a value is none that it may hold.
    StandardsError
        If a number of the law is not positive and finite.

    See Also
    --------
    sweep : one key over several values.

    Notes
    -----
    Scores are judged anew among all villages, unless ``fit`` is among the options. Minutes to the
    nearest centre follow those to the county seat and to the subcentre.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from deqing_geo.villages import classify_villages
    >>> facts = gpd.GeoDataFrame(
    ...     {"dist_udb_m": [400.0, 800.0], "tt_county_min": [12.0, 16.0]},
    ...     index=["A", "B"],
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)],
    ... )
    >>> found = scenario(classify_villages(facts), {"village.centre_minutes": 20})
    >>> found.table[["type_before", "type_after", "decided_after"]].to_dict("index")
    {'B': {'type_before': 'improve', 'type_after': 'suburban', 'decided_after': 'SI-2'}}
    >>> found.notices[0]
    '情景推演,不是分类结果:至县城车程15分钟→20分钟'
    """
    if not isinstance(changes, Mapping) or not changes:
        raise InputError(
            "changes= is a mapping of what is to be otherwise: {'village.centre_minutes': 20}."
        )
    return _scenario(types, changes)


def _scenario(types: VillageTypes, changes: Mapping[Any, Any], *, closely: bool = True) -> Scenario:
    work = _Work(types)
    for key, value in changes.items():
        work.change(key, value)
    after = judged(work.facts(), work.asked, closely=closely)
    notice = f"{names.word('scenario.notice')}:{'、'.join(work.lines)}".replace(APART, ",")
    after = _said(after, notice)
    return _answer(types, after, tuple(work.lines))


def sweep(types: VillageTypes, key: Any, values: Iterable[Any]) -> pd.DataFrame:
    """How the number of villages of each type hangs on one threshold, option or fact.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`.
    key : str or (str, str)
        As a key of `scenario`.
    values : iterable
        What to put in its place, one after the other.

    Returns
    -------
    DataFrame of int
        One row a value: the types in the plan's order, what has none, and ``moved_count``,
        how many villages are of another type than in `types`.

    Raises
    ------
    InputError
        If there is no value, or the key is not known.
    CodeError
        If a village is not there.
    ColumnError
        If a fact is no column of the villages, or a value is none that it may hold.
    StandardsError
        If a number of the law is not positive and finite.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from deqing_geo.villages import classify_villages
    >>> facts = gpd.GeoDataFrame(
    ...     {"dist_udb_m": [400.0, 800.0], "tt_county_min": [12.0, 16.0]},
    ...     index=["A", "B"],
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)],
    ... )
    >>> found = sweep(classify_villages(facts), "village.centre_minutes", [10, 15, 20])
    >>> found["suburban"].to_dict(), found["moved_count"].to_dict()
    ({10: 0, 15: 1, 20: 2}, {10: 1, 15: 0, 20: 1})
    """
    asked = list(values)
    if not asked:
        raise InputError("sweep needs at least one value to put in.")
    # Counts hang on neither draws nor nearest changes, which would cost most of the time.
    found = [_scenario(types, {key: value}, closely=False) for value in asked]
    labels = [value if isinstance(value, str | int | float) else str(value) for value in asked]
    table = pd.DataFrame([one.types.counts for one in found])
    table.index = pd.Index(labels, name=key if isinstance(key, str) else "、".join(key))
    table["moved_count"] = [len(one.table) for one in found]
    table.attrs["notice"] = names.word("scenario.notice")
    return table


# ---------------------------------------------------------------- what is changed


class _Work:
    """The facts and options of a run, changed one by one."""

    def __init__(self, types: VillageTypes) -> None:
        self.types = types
        self.asked: dict[str, Any] = dict(types.asked)
        self.lines: list[str] = []
        # Single cells come after whole columns, whatever order they are given in.
        self.columns: dict[str, pd.Series[Any]] = {}
        self.cells: list[tuple[str, str, Any]] = []

    def change(self, key: Any, value: Any) -> None:
        if isinstance(key, tuple):
            self._one(key, value)
        elif key in self._numbers():
            self._number(str(key), value)
        elif key in self.asked:
            self.lines.append(_option(str(key), self.asked[key], value))
            self.asked[str(key)] = value
        elif isinstance(key, str) and (key in self.types.table or _registered(key)):
            self._all(key, value)
        else:
            raise InputError(f"{key!r} is no number, option or fact to change.{self._near(key)}")

    @property
    def scheme(self) -> Scheme:
        found: Scheme = self.asked["scheme"]
        return found

    def _numbers(self) -> dict[str, Rule]:
        law: Standard = self.scheme.law(self.asked["law"])
        return {key: entry for key, entry in law.items() if isinstance(entry, Rule)}

    def _number(self, key: str, value: Any) -> None:
        old, reason = self._numbers()[key], names.word("scenario.reason")
        if key in self.scheme.numbers:
            # A scheme's own number stands before the law's.
            own = {**self.scheme.numbers, key: Rule.local(value, old.unit, reason=reason)}
            self.asked["scheme"] = dataclasses.replace(self.scheme, numbers=MappingProxyType(own))
        else:
            self.asked["law"] = self.asked["law"].with_rule(key, value, reason=reason)
        # Minutes and shares were measured before: the law's other numbers change nothing here.
        read = {one for rung in self.scheme.rungs for one in rung.rules} | SCORED
        unread = "" if key in read else f"({names.word('scenario.unread')})"
        new = shown_rule(self._numbers()[key])
        self.lines.append(f"{old.label}{shown_rule(old)}→{new}{unread}")

    def _near(self, key: Any) -> str:
        numbers = [one for one in self._numbers() if one.startswith("village.")]
        facts = [column for column in self.types.table.columns if column not in NO_FACTS]
        known = [*numbers, *self.asked, *map(str, facts)]
        near = difflib.get_close_matches(str(key), known, n=5, cutoff=ALIKE)
        if near:
            return f" Near: {', '.join(near)}."
        return f" Numbers: {', '.join(numbers)}. Options: {', '.join(self.asked)}. Or a column."

    def _one(self, key: tuple[Any, ...], value: Any) -> None:
        if len(key) != len(("village", "column")):
            raise InputError(f"{key!r} is no village and column, ('330521001801', 'pop_resident').")
        code, column = key
        table = self.types.table
        if code not in table.index:
            near = difflib.get_close_matches(str(code), list(map(str, table.index)), n=3)
            hint = f" Near: {', '.join(near)}." if near else ""
            raise CodeError(f"No village {code!r} here.{hint}", [code])
        if column not in table or column in NO_FACTS:
            # One value alone would leave the column unknown everywhere else.
            facts = [str(one) for one in table.columns if one not in NO_FACTS]
            near = difflib.get_close_matches(str(column), facts, n=5, cutoff=ALIKE)
            hint = f" Near: {', '.join(near)}." if near else ""
            raise ColumnError(f"`{column}` is no fact of these villages.{hint}")
        self.cells.append((code, column, value))
        named = table.loc[code].get("village_name")
        said = named if isinstance(named, str) else str(code)
        old, new = (_shown(column, one) for one in (table.at[code, column], value))
        self.lines.append(f"{said}{labelled(column)}{old}→{new}{self._unread(column)}")

    def _all(self, column: str, value: Any) -> None:
        table = self.types.table
        if column in NO_FACTS:
            raise ColumnError(f"`{column}` is what classification makes, and no fact.")
        if callable(value):
            if column not in table:
                raise ColumnError(f"`{column}` is no column of these villages to compute with.")
            made = _computed(table[column].copy(), value, column)
        else:
            made = _given(table, column, value)
        self.columns[column] = made
        before = table[column] if column in table else pd.Series(None, table.index, dtype=object)
        differs = ~same_cells(before, made)
        self.lines.append(
            f"{labelled(column)}{names.word('scenario.all_of')}({int(differs.sum())}"
            f"{names.word('scenario.few')}){self._unread(column)}"
        )

    def _unread(self, column: str) -> str:
        read = column in read_columns(self.scheme)
        return "" if read else f"({names.word('scenario.unread')})"

    def facts(self) -> gpd.GeoDataFrame:
        """The table with every change in it."""
        table = self.types.table.copy()
        touched = {**self.columns}
        for code, column, value in self.cells:
            held = touched.get(column, table[column]).astype(object).copy()
            held[code] = value
            touched[column] = held
        for column, values in touched.items():
            readable = column in names.registry()
            table[column] = read_cells(values, column) if readable else values
        if touched.keys() & set(CENTRES) and "tt_centre_min" not in touched:
            _follow(table, self.types.table)
        return table


def _computed(
    values: pd.Series[Any], function: Callable[[Any], Any], column: str
) -> pd.Series[Any]:
    made = function(values)
    if not isinstance(made, pd.Series):
        made = np.asarray(made, dtype=object)
        if made.shape != (len(values),):
            raise InputError(
                f"The function of `{column}` gives {made.size} values for {len(values)} villages."
            )
        made = pd.Series(made, index=values.index)
    if not (len(made) == len(values) and made.index.equals(values.index)):
        raise InputError(f"The function of `{column}` does not give one value a village.")
    return made


def _given(table: pd.DataFrame, column: str, value: Any) -> pd.Series[Any]:
    """One value for all, or a Series of some or all villages."""
    if not isinstance(value, pd.Series):
        if isinstance(value, Iterable) and not isinstance(value, str):
            raise InputError(
                f"`{column}` of all villages is a function, one value, or a Series by village."
            )
        return pd.Series([value] * len(table), index=table.index, dtype=object)
    strangers = value.index.difference(table.index)
    if len(strangers):
        raise CodeError(f"The values of `{column}` name villages that are not there.", strangers)
    if not value.index.is_unique:
        raise CodeError(f"The values of `{column}` name a village twice.", value.index)
    if column not in table:
        return value.reindex(table.index)
    held = table[column].astype(object).copy()
    held[value.index] = value.astype(object)
    return held


def _follow(table: pd.DataFrame, before: pd.DataFrame) -> None:
    """The nearest centre, where it was the nearer of the two before."""
    there = [column for column in CENTRES if column in table]
    if "tt_centre_min" not in table:
        return
    old, new = (
        np.fmin.reduce([frame[one].to_numpy(dtype=float, na_value=np.nan) for one in there])
        for frame in (before, table)
    )
    centre = table["tt_centre_min"].to_numpy(dtype=float, na_value=np.nan)
    follows = (centre == old) | (np.isnan(centre) & np.isnan(old))
    table["tt_centre_min"] = np.where(follows, new, centre)


def _option(key: str, old: Any, new: Any) -> str:
    if key == "skip":
        sides = ["、".join(one) or names.word("scenario.none") for one in (old, new)]
        return f"{names.word('type_changes.skipped')}{sides[0]}→{sides[1]}"
    if key == "weights":
        return names.word("type_changes.weights")
    return f"{names.word('scenario.option')}{key}"


def _registered(column: str) -> bool:
    return column in names.registry()


def _shown(column: str, value: Any) -> str:
    if value is None or (not isinstance(value, str) and bool(pd.isna(value))):
        return names.word("type_changes.blank")
    if column in names.registry() and not isinstance(value, str):
        return shown_value(column, value)
    words = names.vocabulary(column) if column in names.vocabularies() else {}
    return str(words.get(value, value))


# ---------------------------------------------------------------- what comes of it


def _said(types: VillageTypes, notice: str) -> VillageTypes:
    """The same types with a sentence in front of all others, on their table as well."""
    notices = tuple(dict.fromkeys((notice, *types.notices)))
    table = types.table.copy()
    table.attrs.update(types.table.attrs)
    table.attrs["notice"] = APART.join(notices)
    # Judged again, the facts are still those of a scenario.
    told = str(table.attrs.get("facts_notice") or "")
    table.attrs["facts_notice"] = APART.join(one for one in (notice, told) if one)
    return dataclasses.replace(types, table=table, notices=notices)


def _answer(before: VillageTypes, after: VillageTypes, lines: tuple[str, ...]) -> Scenario:
    was, is_now = before.shown, after.shown
    moved = (was != is_now).to_numpy(dtype=bool)
    old, new = before.table[moved], after.table[moved]
    table = identity(new).assign(
        type_before=was[moved],
        type_after=is_now[moved],
        decided_before=old["decided_by"],
        decided_after=new["decided_by"],
        reason=new["reason"],
    )
    counts = pd.DataFrame({"before": before.counts, "after": after.counts})
    counts["difference"] = counts["after"] - counts["before"]
    moves = matrix(was, is_now)
    for frame in (table, counts, moves):
        frame.attrs["notice"] = APART.join(after.notices)
    return Scenario(
        table=table,
        matrix=moves,
        counts=counts,
        types=after,
        lines=lines,
        notices=after.notices,
        sources=after.sources,
    )
