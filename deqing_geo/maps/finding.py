"""What can be looked for on a map besides single shapes: towns, roads and parks by name.

Nothing here draws or measures; a town's summary counts what the map already tells of its villages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deqing_geo import columns as names

# A story of a village has one of these beside its town; a story of a fault has not.
OF_A_VILLAGE = ("village_type", "village_code")


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Something with a name, in one piece or several.

    Attributes
    ----------
    name : str
        Any text.
    kind : str
        What it is, in Chinese: 镇(街道), 道路, 公园.
    keys : tuple of str
        Of the shapes that bear the name.
    rows : tuple of (str, str)
        What there is to say of it as a whole.
    """

    name: str
    kind: str
    keys: tuple[str, ...]
    rows: tuple[tuple[str, str], ...] = ()

    @property
    def told(self) -> dict[str, Any]:
        """As the page takes it."""
        rows = [list(row) for row in self.rows]
        return {"name": self.name, "kind": self.kind, "keys": list(self.keys), "rows": rows}


def gathered(called: Iterable[str], keys: Iterable[str], kind: str) -> list[Place]:
    """Places of one kind, each name once with all the pieces that bear it.

    Parameters
    ----------
    called : iterable of str
        A name per shape, empty where there is none.
    keys : iterable of str
        A key per shape.
    kind : str
        What they are.

    Returns
    -------
    list of Place
        In the order names first appear.

    Examples
    --------
    >>> gathered(["长虹街", "", "长虹街"], ["a", "b", "c"], "道路")
    [Place(name='长虹街', kind='道路', keys=('a', 'c'), rows=())]
    """
    found: dict[str, list[str]] = {}
    for name, key in zip(called, keys, strict=True):
        if name:
            found.setdefault(name, []).append(key)
    return [Place(name, kind, tuple(of)) for name, of in found.items()]


def places_of(
    stories: Mapping[str, Mapping[str, Any]],
    sums: Mapping[str, list[tuple[str, str]]] | None = None,
) -> list[Place]:
    """Towns, from what villages tell of themselves, with how many villages of each type.

    Parameters
    ----------
    stories : mapping
        Of a page, by key.
    sums : mapping, optional
        What else there is to say of a town, by its name.

    Returns
    -------
    list of Place
        In the order towns first appear; none where stories name no town.
    """
    town, types = names.label("town_name"), names.label("village_type")
    marks = {names.label(one) for one in OF_A_VILLAGE}
    keys: dict[str, list[str]] = {}
    counts: dict[str, Counter[str]] = {}
    for key, story in stories.items():
        told = {row[0]: row[1] for part in story["parts"][:1] for row in part["rows"]}
        if told.get(town) and marks & set(told):
            keys.setdefault(told[town], []).append(key)
            if types in told:
                counts.setdefault(told[town], Counter())[told[types]] += 1
    order = list(names.vocabulary("type_final").values())
    out = []
    for name, of in keys.items():
        kinds = counts.get(name, Counter())
        ranked = sorted(
            kinds, key=lambda one: (one not in order, *map(order.index, {one} & {*order}))
        )
        rows = [(names.label("village_count"), str(len(of)))]
        rows += [(one, str(kinds[one])) for one in ranked]
        rows += (sums or {}).get(name, [])
        out.append(Place(name, town, tuple(of), tuple(rows)))
    return out
