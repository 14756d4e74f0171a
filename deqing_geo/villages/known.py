"""What is known of villages and where it came from: the first half of doubt is about inputs.

Reads facts as they are; fills nothing in and judges nothing. Missing is never zero.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.text import card
from deqing_geo.villages.cells import NAMED
from deqing_geo.villages.conditions import columns_of, leaves
from deqing_geo.villages.kinds import CONSENT
from deqing_geo.villages.scheme import shipped
from deqing_geo.villages.told import MISSING

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.villages.scheme import Scheme

# What the conditions compute themselves, or what stands beside the facts.
NO_FACTS = (
    "potential", "potential_cut", "units_counted", "constraint", "village_name", "town_name",
    "town_code", "whole_area", "doubted", "area_km2",
)  # fmt: skip


@functools.cache
def asked(scheme: Scheme | None = None) -> Mapping[str, tuple[str, ...]]:
    """By fact, which conditions and scores read it.

    Parameters
    ----------
    scheme : Scheme, optional
        Whose; by default the one that ships.

    Returns
    -------
    mapping of str to tuple of str
        In the order of the ladder: numbers of conditions, then 发展潜力 and 约束程度.

    Examples
    --------
    >>> asked()["tt_county_min"], asked()["slope_res_mean_deg"]
    (('SI-2',), ('约束程度',))
    """
    used = shipped() if scheme is None else scheme
    out: dict[str, dict[str, None]] = {}
    for rung in used.rungs:
        for leaf in leaves(rung.when):
            for key in ("column", "at_least_column"):
                if key in leaf:
                    out.setdefault(str(leaf[key]), {})[rung.id] = None
    for word, columns in (
        ("potential", [part.column for part in used.indicators]),
        ("constraint", [part.column for part in used.scores]),
    ):
        for column in columns:
            out.setdefault(column, {})[names.word(f"facts.{word}")] = None
    for column in CONSENT:
        out.setdefault(column, {})[names.word("facts.consent")] = None
    return MappingProxyType(
        {column: tuple(readers) for column, readers in out.items() if column not in NO_FACTS}
    )


@dataclass(frozen=True, slots=True, eq=False)
class FactSources:
    """Where each fact came from, what is blank, and who reads it (指标来源表).

    Attributes
    ----------
    table : DataFrame
        One row per fact, those that conditions and scores read first, by their order:
        ``fact`` (the column), ``fact_label``, ``fact_unit``, ``fact_how`` (``measured``,
        ``declared``, ``proxy``, or ``missing`` where nobody gave it), ``fact_source``,
        ``known_count`` and ``blank_count`` (villages), ``read_by``.
    villages : DataFrame
        Indexed like the facts: ``village_name`` and ``town_name`` where known, ``facts_blank``
        (how many facts that a condition or score reads are there for others and blank here),
        ``blank_facts`` (which, in Chinese), and ``doubted``.
    notices : tuple of str
        Sentences the table must not travel without.
    """

    table: pd.DataFrame
    villages: pd.DataFrame
    notices: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of the facts that are read came about in which way."""
        read = self.table[self.table["read_by"].notna()]
        found = read["fact_how"].value_counts()
        return {how: int(found.get(how, 0)) for how in names.vocabulary("fact_how")}

    @property
    def missing(self) -> tuple[str, ...]:
        """Facts that a condition or score reads and nobody gave."""
        return tuple(self.table.loc[self.table["fact_how"] == MISSING, "fact"])

    @property
    def gaps(self) -> pd.DataFrame:
        """Facts that are read, given, and blank of some villages, most blanks first.

        Lists and documents that are blank are none, and a meeting is held where one is asked.
        """
        table = self.table
        open_still = (table["blank_count"] > 0) & table["read_by"].notna()
        open_still &= (table["fact_how"] != MISSING) & ~table["fact"].isin([*NAMED, *CONSENT])
        return table[open_still].sort_values("blank_count", ascending=False, kind="stable")

    def __repr__(self) -> str:
        told = ", ".join(f"{count} {how}" for how, count in self.counts.items())
        return f"<FactSources of {len(self.villages)} villages: {told}>"

    def _repr_html_(self) -> str:
        words = names.vocabulary("fact_how")
        said = "、".join(f"{words[how]} {count}" for how, count in self.counts.items())
        shown = ["fact_label", "fact_how", "fact_source", "blank_count", "read_by"]
        body = [
            [
                "" if cell is None or cell != cell else str(words.get(str(cell), cell))
                for cell in row
            ]
            for row in self.table[shown].itertuples(index=False, name=None)
        ]
        rows = [("村庄数", str(len(self.villages)))]
        title = names.word("facts.title")
        return card(title, said, rows, self.notices, ([names.label(one) for one in shown], body))


def fact_sources(
    facts: gpd.GeoDataFrame | pd.DataFrame, *, scheme: Scheme | None = None
) -> FactSources:
    """Where each fact of villages came from, and which villages lack it (指标来源).

    Parameters
    ----------
    facts : DataFrame or GeoDataFrame, N rows
        Of `village_facts`; of a frame of your own every column counts as declared.
    scheme : Scheme, optional
        Whose conditions and scores read them; by default those that ship.

    Returns
    -------
    FactSources
        A sheet for planners, and by village what is blank.

    Raises
    ------
    InputError
        If `facts` is no table.

    See Also
    --------
    facts_form : the form that asks the towns for what is blank.

    Notes
    -----
    A protection list and the document of a relocation plan that are blank say that there is
    none; they do not count as blank of a village.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> from deqing_geo.villages import village_facts
    >>> sources = fact_sources(village_facts(sample.villages(), homes=sample.homes()))
    >>> sources.table.set_index("fact").loc["residential_ha", "fact_how"]
    'measured'
    >>> sources.missing[:3]
    ('takes_part', 'unit_kind', 'urban_rural_code')
    """
    if not isinstance(facts, pd.DataFrame):
        raise InputError(f"`facts` is a {type(facts).__name__}, not a table; see village_facts.")
    readers = asked(scheme)
    how: Mapping[str, str] = facts.attrs.get("facts", {})
    source: Mapping[str, str] = facts.attrs.get("fact_sources", {})
    known = names.registry()
    others = [
        str(one) for one in facts.columns if one in known and one not in (*readers, *NO_FACTS)
    ]
    rows = [_row(column, facts, how, source, readers) for column in (*readers, *others)]
    table = pd.DataFrame(rows)
    out = table.astype({"known_count": int, "blank_count": int})
    said = str(facts.attrs.get("notice") or "")
    if said:
        out.attrs["notice"] = said
    villages = _by_village(facts, shipped() if scheme is None else scheme)
    villages.attrs.update(out.attrs)
    return FactSources(out, villages, tuple(said.split(";")) if said else ())


def _row(
    column: str,
    facts: pd.DataFrame,
    how: Mapping[str, str],
    source: Mapping[str, str],
    readers: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    there = column in facts
    count = int(facts[column].notna().sum()) if there else 0
    came = how.get(column, "declared") if there else MISSING
    known = names.registry().get(column)
    return {
        "fact": column,
        "fact_label": column if known is None else known.zh,
        "fact_unit": None if known is None else known.unit_zh or None,
        "fact_how": came,
        "fact_source": source.get(column) or None,
        "known_count": count,
        "blank_count": len(facts) - count,
        "read_by": "、".join(readers.get(column, ())) or None,
    }


def _by_village(facts: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """What is blank of each village, among facts that are there for others."""
    # A name or nothing is no gap; whose consent is asked, nobody knows before.
    wanted = {column for rung in scheme.rungs for column in columns_of(rung.when, needed=False)}
    wanted |= {part.column for part in scheme.indicators}
    wanted |= {part.column for part in scheme.scores}
    looked = [
        one for one in asked(scheme) if one in wanted and one in facts and facts[one].notna().any()
    ]
    given = [one for one in ("village_name", "town_name") if one in facts]
    out = pd.DataFrame(facts)[given].copy()
    blank = np.array([facts[one].isna().to_numpy(dtype=bool) for one in looked], dtype=bool)
    blank = blank.reshape(len(looked), len(facts)).T
    labels = np.array([names.label(one) for one in looked], dtype=object)
    out["facts_blank"] = blank.sum(axis=1)
    texts = ["、".join(labels[row]) or None for row in blank]
    out["blank_facts"] = pd.Series(texts, index=out.index, dtype=object)
    if "doubted" in facts:
        out["doubted"] = facts["doubted"]
    return out
