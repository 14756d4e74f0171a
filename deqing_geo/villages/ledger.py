"""The way of every village from the type in force to the approval (村庄分类台账).

It repeats the log and the types and decides nothing; a stage nobody wrote down is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.text import card
from deqing_geo.villages.decisions import STAGES, Decision, decisions, ways
from deqing_geo.villages.forms import initial, towns_of
from deqing_geo.villages.kinds import worded

if TYPE_CHECKING:
    from deqing_geo.villages.types import VillageTypes

GIVEN = ("village_name", "town_name", "current_type", "current_type_document", "current_type_year")
NOT_YET = "initial"


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """Where every village and every town stands on the way to the approval.

    Attributes
    ----------
    table : DataFrame
        One row per village: the type in force with its document and year, what the rules say
        (``type_initial``), and of each stage (``town``, ``review``, ``notice``, ``approved``) the
        type that stood there, the day, the document and the authority; ``type_final``, and the
        stage it has reached.
    towns : DataFrame
        One row per town: its villages, how many have come to each stage, and the stage that all
        of those taking part have reached.
    """

    table: pd.DataFrame
    towns: pd.DataFrame

    @property
    def headline(self) -> str:
        """How many villages have come to each stage, in one line."""
        parts = [
            f"{worded('stage', stage)} {int(self.towns[f'reached_{stage}'].sum())}"
            for stage in STAGES
        ]
        return f"{len(self.table)} 个单元:{'、'.join(parts)}"

    def __repr__(self) -> str:
        counts = self.table["stage_reached"].value_counts()
        said = ", ".join(f"{counts[one]} {one}" for one in (NOT_YET, *STAGES) if one in counts)
        return f"<Ledger of {len(self.table)} villages: {said}>"

    def _repr_html_(self) -> str:
        columns = list(self.towns.columns)
        head = [names.label("town_name"), *(names.label(one) for one in columns)]
        rows = [
            [str(town), *(worded("stage_reached", one) for one in own)]
            for town, own in zip(self.towns.index, self.towns.itertuples(index=False), strict=True)
        ]
        return card("村庄分类台账", self.headline, [], (), (head, rows))


def ledger(types: VillageTypes) -> Ledger:
    """The ledger; see `VillageTypes.ledger`.

    Parameters
    ----------
    types : VillageTypes
        With the log they were judged with.

    Returns
    -------
    Ledger
        In the order of the types.

    Raises
    ------
    ColumnError
        If the villages carry no town.
    """
    table = types.table
    first = initial(types)
    passed = list(ways(own_log(types), first))
    out: dict[str, list[Any]] = {
        column: list(table[column].astype(object)) for column in GIVEN if column in table
    }
    out["type_initial"] = [*first]
    for stage in STAGES:
        held = [way.get(stage) for way in passed]
        out[f"{stage}_type"] = [None if row is None else row[0] for row in held]
        for column in ("date", "document", "authority"):
            name = f"{stage}_{'on' if column == 'date' else column}"
            out[name] = [None if row is None else getattr(row[1], column) or None for row in held]
    out["type_final"] = list(table["type_final"])
    # The last that was written down, whatever was left out before it.
    reached = [next((one for one in reversed(STAGES) if one in way), NOT_YET) for way in passed]
    out["stage_reached"] = [*reached]
    whole = pd.DataFrame(out, index=table.index, dtype=object)
    whole = whole.where(whole.notna(), None)
    rank = pd.Series([(NOT_YET, *STAGES).index(one) for one in reached])
    part = pd.Series([one != "urban" for one in first])
    towns = {}
    for town, rows in towns_of(types).items():
        own, taking = rank.iloc[rows], part.iloc[rows]
        least = int(own[taking].min()) if taking.any() else int(own.min())
        towns[town] = (
            len(rows),
            *(int((own > at).sum()) for at in range(len(STAGES))),
            (NOT_YET, *STAGES)[least],
        )
    counts = pd.DataFrame.from_dict(
        towns,
        orient="index",
        columns=["village_count", *(f"reached_{stage}" for stage in STAGES), "stage_reached"],
    )
    counts.index.name = "town_name"
    return Ledger(whole, counts)


def own_log(types: VillageTypes) -> tuple[Decision, ...]:
    """The decisions on these villages, of the log they were judged with.

    Parameters
    ----------
    types : VillageTypes
        Perhaps of some villages only.

    Returns
    -------
    tuple of Decision
        In the order of the log.
    """
    log = types.asked["overrides"]
    if log is None or len(log) == 0:
        return ()
    mine = pd.Index(log.get("village_code", log.index)).isin(types.table.index)
    return decisions(log[mine], types.table.index, types.asked["as_of"])
