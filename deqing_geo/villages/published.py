"""What of the villages' types may leave the house: no people, no income, no doubts, no candidates.

A village whose type is not settled is 尚未拟定 whatever the reason, so that nobody learns from a
public sheet which villages a rule would have relocated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deqing_geo.columns import word
from deqing_geo.villages.kinds import BY_HAND, FIVE, worded

if TYPE_CHECKING:
    from deqing_geo.villages import VillageTypes
    from deqing_geo.villages.decisions import Decision

# Facts about people and their income, whatever a scheme makes of them.
PRIVATE = ("pop_", "hh_", "aging60_", "collective_op_income", "threatened_", "hollow_rate")
# What a sentence of theirs looks like, should one come another way.
PRIVATE_WORDS = re.compile(r"人口|常住|户籍|户数|收入|闲置率|\d\s*(人|户|元|万元)")
SETTLED = (*FIVE, "undecided", "urban")
_NAMED = re.compile(r"\{(\w+)\}")


def settled(types: VillageTypes) -> list[bool]:
    """Whether each village's type may be shown.

    Parameters
    ----------
    types : VillageTypes
        Of any kind.

    Returns
    -------
    list of bool
        By row; not for candidates, refusals and gaps in the data.
    """
    return [kind in SETTLED for kind in types.table["type_final"]]


def reasons(types: VillageTypes, standing: dict[int, Decision]) -> list[str]:
    """The reason of each village as the public may read it.

    Parameters
    ----------
    types : VillageTypes
        Of any kind.
    standing : dict of int to Decision
        What people decided, by row.

    Returns
    -------
    list of str
        Of a person's decision its document, authority and day, and none of its words; of a
        condition on people or income only how it was decided; empty where no type is settled.
    """
    table = types.table
    personal = _personal(types)
    out = []
    for at, (may, by, how, said) in enumerate(
        zip(settled(types), table["decided_by"], table["decided_how"], table["reason"], strict=True)
    ):
        if not may:
            out.append("")
        elif by == BY_HAND:
            row = standing.get(at)
            out.append("" if row is None else f"依据{row.source}确定")
        elif by in personal or PRIVATE_WORDS.search(said):
            out.append(worded("decided_how", how))
        else:
            out.append(said)
    return out


def _personal(types: VillageTypes) -> set[str]:
    """Conditions that read, or say, something about people or income."""
    return {
        rung.id
        for rung in types.asked["scheme"].rungs
        if any(one.startswith(PRIVATE) for one in (*rung.columns, *_NAMED.findall(rung.says)))
    }


def stage_shown(entry: Any, final: object) -> bool:
    """Whether what a stage said of a village may be shown.

    Parameters
    ----------
    entry : tuple of (str, Decision) or None
        Of the way of a village.
    final : object
        Its ``type_final``.

    Returns
    -------
    bool
        Not where the village is unsettled, nor a relocation that did not come to pass.
    """
    if entry is None or final not in SETTLED:
        return False
    return entry[0] in SETTLED and (entry[0] != "relocate" or final == "relocate")


def initially(kinds: Sequence[str], finals: Sequence[object]) -> list[str | None]:
    """What the rules said, as the public may read it.

    Parameters
    ----------
    kinds : sequence of str
        Words of ``type_initial``.
    finals : sequence of object
        ``type_final`` of each.

    Returns
    -------
    list of str or None
        None for a relocation that did not come to pass, for candidates and for gaps.
    """
    return [
        worded("type_initial", kind)
        if final in SETTLED and kind in SETTLED and (kind != "relocate" or final == "relocate")
        else None
        for kind, final in zip(kinds, finals, strict=True)
    ]


def called(kind: object) -> str:
    """A type as the public reads it.

    Parameters
    ----------
    kind : object
        Of ``type_final``.

    Returns
    -------
    str
        尚未拟定 where there is none.
    """
    return worded("type_final", kind) if kind in SETTLED else word("village_paper.unsettled")
