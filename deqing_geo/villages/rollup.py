"""Administrative villages typed from their hamlets (自然村类型上推行政村).

An administrative village is relocated only where at least half of its people live in hamlets
that are, and never against a condition that it meets itself. What is not known stays so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import CodeError, ColumnError, InputError
from deqing_geo.text import card, percent
from deqing_geo.villages.again import identity, law_of
from deqing_geo.villages.kinds import (
    BY_HAND,
    CANDIDATE,
    FIVE,
    OUTSIDE,
    REFUSED,
    SHOWN,
    called,
)
from deqing_geo.villages.wording import shown_rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Rule
    from deqing_geo.villages.types import VillageTypes

    Floats = NDArray[np.float64]
    Words = NDArray[Any]

HAMLET = "hamlet"
RELOCATE = "relocate"
# An administrative village that meets one of their conditions itself keeps its type.
KEPT = ("suburban", "cluster", "heritage", "relocate")
# What may lead where an administrative village has no type of its own.
LEADING = ("suburban", "cluster", "improve", "heritage", "undecided")


@dataclass(frozen=True, slots=True, eq=False)
class RollUp:
    """The types of administrative villages, from those of their hamlets.

    Attributes
    ----------
    table : DataFrame
        One row per administrative village: name and town where it has a row of its own,
        ``village_type`` (None for a candidate), ``type_after`` (the same, and what readers are
        shown of one without a type), ``hamlet_count``, ``pop_resident`` of the hamlets,
        ``relocate_share``, ``candidate_share``, ``leading_type``, ``own_type``,
        ``own_decided``, ``reason``, ``missing_fields``.
    shares : DataFrame
        Of the people of each administrative village, how many live in hamlets of which type;
        NaN where not all are counted.
    sources : tuple of Rule
        The share that is asked for.
    notices : tuple of str
        Sentences the types must not travel without.
    """

    table: pd.DataFrame
    shares: pd.DataFrame
    sources: tuple[Rule, ...]
    notices: tuple[str, ...]

    @property
    def series(self) -> pd.Series[Any]:
        """``village_type`` by administrative village."""
        series: pd.Series[Any] = self.table["village_type"]
        return series

    @property
    def counts(self) -> pd.Series[Any]:
        """How many of each type, in the plan's order, and of what has none."""
        found = self.table["type_after"].value_counts()
        out = {kind: int(found.get(kind, 0)) for kind in SHOWN}
        return pd.Series(out, name="village_count", dtype=int)

    @property
    def ties(self) -> pd.DataFrame:
        """Administrative villages of which as many people live in one type as in another."""
        return self.table[self.table["type_after"].isna()]

    @property
    def headline(self) -> str:
        """The counts in one line."""
        counts = self.counts
        parts = [f"{called(kind)} {count}" for kind, count in counts.items() if count]
        if len(self.ties):
            parts.append(f"{names.word('roll_up.tied')} {len(self.ties)}")
        return f"{len(self.table)} 个行政村:" + "、".join(parts)

    def __repr__(self) -> str:
        said = ", ".join(f"{count} {kind}" for kind, count in self.counts.items() if count)
        return f"<RollUp of {len(self.table)} administrative villages: {said}>"

    def _repr_html_(self) -> str:
        rows = [
            [called(kind), str(count)]
            for kind, count in self.counts.items()
            if count or kind in FIVE
        ]
        head = (names.label("village_type"), names.label("village_count"))
        rules = [(rule.label, str(rule)) for rule in self.sources]
        return card(names.word("roll_up.title"), self.headline, rules, self.notices, (head, rows))


def roll_up(
    types: VillageTypes,
    *,
    own: VillageTypes | None = None,
    parent: str = "parent_code",
    people: str = "pop_resident",
) -> RollUp:
    """Type administrative villages by where the people of their hamlets live.

    Parameters
    ----------
    types : VillageTypes
        Of hamlets (自然村), or of hamlets and administrative villages in one table: with
        ``unit_kind`` a row is a hamlet where that is ``hamlet``, without where it has a parent.
    own : VillageTypes, optional
        The types of the administrative villages by their own facts, where they are another
        table. Rows of `types` that are no hamlets stand for them otherwise.
    parent : str
        The column with the code of each hamlet's administrative village.
    people : str
        The column that weighs hamlets.

    Returns
    -------
    RollUp
        In the order of codes. 城郊融合, 集聚建设, 特色保护 and 搬迁撤并 that an administrative
        village has by its own facts stand, and so does what a person decided. Otherwise 搬迁撤并
        where at least ``village.roll_up_share`` of the people live in hamlets of that type, a
        candidate where it takes candidates among the hamlets to reach that share; otherwise
        its own type, and where it has none that in which most people live. Where two share the
        lead there is no type (`RollUp.ties`).

    Raises
    ------
    ColumnError
        If there is no such column, or people are no numbers from 0.
    CodeError
        If a hamlet is its own parent, or a parent is a hamlet itself.
    InputError
        If no row is a hamlet with a parent, or a village stands in both tables.

    Notes
    -----
    Following the two levels of 现代城市研究 2024(6) (乃东), hamlets first. A hamlet without a
    count of people, or waiting for data, leaves its administrative village ``missing`` where
    the type hangs on it.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from deqing_geo.villages import classify_villages
    >>> hamlets = gpd.GeoDataFrame(
    ...     {"udb_res_share": [0.9, 0.1, 0.1], "parent_code": ["甲", "甲", "乙"],
    ...      "pop_resident": [300, 100, 80]},
    ...     geometry=[shapely.box(at, 0, at + 1, 1) for at in range(3)],
    ... )
    >>> roll_up(classify_villages(hamlets)).series.to_dict()
    {'乙': 'improve', '甲': 'suburban'}
    """
    table = types.table
    for column in (parent, people):
        if column not in table:
            raise ColumnError(f"The villages carry no `{column}`.")
    rule = law_of(types).rule("village.roll_up_share")
    parents = _parents(table[parent])
    hamlet = (
        (table["unit_kind"] == HAMLET).to_numpy(dtype=bool)
        if "unit_kind" in table
        else np.array([one is not None for one in parents], dtype=bool)
    )
    used = hamlet & np.array([one is not None for one in parents], dtype=bool)
    if not used.any():
        raise InputError(
            f"No hamlet (unit_kind 自然村) names its administrative village in `{parent}`."
        )
    _refuse_circles(table.index, parents, hamlet, used)
    selves = _selves(types, own, hamlet)
    weight = _people(table[people], used)
    kinds = types.shown.to_numpy(dtype=object)
    codes = sorted({*map(str, parents[used]), *map(str, selves.index)})
    at = pd.Index(codes).get_indexer(pd.Index(parents[used].astype(str)))
    worked = _Worked(len(codes), at, kinds[used], weight[used])
    rows = _rows(codes, worked, selves, rule)
    out = pd.DataFrame(rows, index=pd.Index(codes, name="village_code"))
    named = identity(selves).reindex(out.index)
    out = pd.concat([named, out], axis="columns")
    shares = pd.DataFrame(worked.shares, index=out.index, columns=pd.Index([*SHOWN]))
    notices = [*types.notices]
    homeless = int((hamlet & ~used).sum())
    if homeless:
        notices.append(f"{names.word('roll_up.homeless')}:{homeless}")
    for frame in (out, shares):
        frame.attrs["notice"] = ";".join(notices)
    return RollUp(out, shares, (rule,), tuple(notices))


# ---------------------------------------------------------------- who belongs to whom


def _parents(values: pd.Series[Any]) -> Words:
    """Codes as text; a code that a spreadsheet took for a number is its digits."""
    plain = [f"{one:.0f}" if isinstance(one, float) and one.is_integer() else one for one in values]
    text = names.clean_text(pd.Series(plain, index=values.index, dtype=object))
    blank = values.isna().to_numpy(dtype=bool)
    out = np.array(text, dtype=object)
    out[blank] = None
    return out


def _refuse_circles(
    labels: pd.Index[Any], parents: Words, hamlet: NDArray[np.bool_], used: NDArray[np.bool_]
) -> None:
    own = np.array([str(one) for one in labels], dtype=object)
    alone = used & (own == parents)
    if alone.any():
        raise CodeError("A hamlet is its own administrative village.", labels[alone])
    below = used & np.isin(parents.astype(str), own[hamlet].astype(str))
    if below.any():
        raise CodeError(
            "A hamlet's administrative village is a hamlet itself (unit_kind).", labels[below]
        )


def _selves(
    types: VillageTypes, own: VillageTypes | None, hamlet: NDArray[np.bool_]
) -> pd.DataFrame:
    """What administrative villages are by their own facts, by code."""
    parts = []
    for one, rows in ((types, ~hamlet), (own, None)):
        if one is None:
            continue
        table = one.table if rows is None else one.table[rows]
        shown = one.shown if rows is None else one.shown[rows]
        kept = identity(table).assign(own_type=shown, own_decided=table["decided_by"])
        kept.index = kept.index.map(str)
        parts.append(kept)
    out = pd.concat(parts)
    twice = out.index[out.index.duplicated()].unique()
    if len(twice):
        raise InputError("Administrative villages stand in `types` and in `own`.", twice)
    return out


def _people(values: pd.Series[Any], used: NDArray[np.bool_]) -> Floats:
    try:
        found = values.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise ColumnError(f"`{values.name}` holds what is no number of people.") from None
    odd = used & ((found < 0) | np.isinf(found))
    if odd.any():
        raise ColumnError(f"`{values.name}` is a number of people from 0.", values.index[odd])
    return np.asarray(found, dtype=float)


# ---------------------------------------------------------------- where people live


class _Worked:
    """People by administrative village and type of hamlet."""

    def __init__(self, count: int, at: NDArray[np.int64], kinds: Words, people: Floats) -> None:
        place = {kind: one for one, kind in enumerate(SHOWN)}
        column = np.array([place[kind] for kind in kinds], dtype=int)
        # 城镇社区 takes no part here either.
        urban = kinds == "urban"
        self.hamlets = np.bincount(at, minlength=count)
        self.taking = np.bincount(at[~urban], minlength=count)
        self.gaps = np.bincount(at[~urban & np.isnan(people)], minlength=count)
        self.there = np.zeros((count, len(SHOWN)), dtype=bool)
        self.there[at, column] = True
        self.there[:, place["urban"]] = False
        held = np.zeros((count, len(SHOWN)))
        here = ~urban & ~np.isnan(people)
        np.add.at(held, (at[here], column[here]), people[here])
        total = held.sum(axis=1)
        self.people = np.where(self.gaps == 0, total, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = held / self.people[:, None]
        # All of one type: then nobody has to be counted.
        single = self.there.sum(axis=1) == 1
        shares[single] = self.there[single]
        self.shares = shares


def _rows(
    codes: list[str], worked: _Worked, selves: pd.DataFrame, rule: Rule
) -> dict[str, list[Any]]:
    owns, decided = (
        np.array(selves[column].reindex(codes), dtype=object)
        for column in ("own_type", "own_decided")
    )
    owns[pd.isna(owns)], decided[pd.isna(decided)] = None, None
    out: dict[str, list[Any]] = {
        name: []
        for name in ("village_type", "type_after", "leading_type", "reason", "missing_fields")
    }
    for at in range(len(codes)):
        shares = dict(zip(SHOWN, worked.shares[at].tolist(), strict=True))
        kind, reason, fields = _judged(at, worked, shares, owns[at], decided[at], rule)
        out["type_after"].append(kind)
        out["village_type"].append(None if kind in (CANDIDATE, REFUSED) else kind)
        out["leading_type"].append(_leading(shares, SHOWN)[0])
        out["reason"].append(reason)
        out["missing_fields"].append(fields)
    place = {kind: one for one, kind in enumerate(SHOWN)}
    return {
        **{name: out[name] for name in ("village_type", "type_after")},
        "hamlet_count": worked.hamlets.tolist(),
        "pop_resident": worked.people.tolist(),
        "relocate_share": worked.shares[:, place[RELOCATE]].tolist(),
        "candidate_share": worked.shares[:, place[CANDIDATE]].tolist(),
        "leading_type": out["leading_type"],
        "own_type": owns.tolist(),
        "own_decided": decided.tolist(),
        "reason": out["reason"],
        "missing_fields": out["missing_fields"],
    }


def _judged(
    at: int,
    worked: _Worked,
    shares: dict[str, float],
    own: str | None,
    decided: str | None,
    rule: Rule,
) -> tuple[str | None, str, str]:
    """Type, reason and missing fields of one administrative village."""
    limit, asked = rule.value, shown_rule(rule)
    stands = own in KEPT or decided == BY_HAND or not worked.taking[at]
    if own is not None and stands:
        return own, _say("own", kind=called(own), rung=decided), ""
    if not worked.taking[at]:
        return "urban", names.word("roll_up.outside"), ""
    if own in (*OUTSIDE, REFUSED):
        # Whether it meets a condition of its own is not known, not decided, or not asked.
        return own, _say("own", kind=called(own), rung=decided), ""
    known = not np.isnan(worked.shares[at]).any()
    if not known:
        field = "pop_resident"
        if worked.gaps[at]:
            return "missing", _say("gaps", count=worked.gaps[at]), field
        return "missing", names.word("roll_up.nobody"), field
    agreed, waiting, open_still = shares[RELOCATE], shares[CANDIDATE], shares["missing"]
    against = [limit]
    if agreed >= limit:
        return RELOCATE, _say("relocate", share=percent(agreed, against=against), limit=asked), ""
    unsure = ("missing", _say("waiting", share=percent(open_still)), "village_type")
    if agreed + waiting + open_still >= limit and open_still > 0:
        return unsure
    if agreed + waiting >= limit:
        share, part = percent(agreed + waiting, against=against), percent(waiting)
        return CANDIDATE, _say("candidate", share=share, part=part, limit=asked), ""
    if own is not None:
        return own, _say("own_rest", share=percent(agreed, against=against), limit=asked), ""
    best, ahead, ties = _leading(shares, LEADING)
    if ahead <= open_still and open_still > 0:
        return unsure
    if best is None:
        return None, _say("tie", kinds="、".join(called(one) for one in ties)), ""
    if best == "undecided":
        return best, _say("undecided", share=percent(shares[best])), ""
    return best, _say("leading", share=percent(shares[best]), kind=called(best)), ""


def _leading(
    shares: dict[str, float], kinds: tuple[str, ...]
) -> tuple[str | None, float, list[str]]:
    """The type of most people, how far it is ahead of the next, and who shares the lead."""
    held = [shares[kind] for kind in kinds]
    if any(share != share for share in held) or max(held) <= 0:
        return None, 0.0, []
    most = max(held)
    first = [kind for kind in kinds if shares[kind] == most]
    if len(first) > 1:
        return None, 0.0, first
    return first[0], most - max(share for share in held if share != most), first


def _say(key: str, **said: Any) -> str:
    return names.word(f"roll_up.{key}").format(**said)
