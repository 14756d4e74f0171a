"""Faults as finders hand them over, and the report made of them.

A finder says which rows, where and how large; here the rows get their labels and names and
every fault its two sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.faults.report import (
    COLUMNS,
    JOINED_BY,
    SEVERITIES,
    BoundaryReport,
    kinds,
    table_of,
)
from deqing_geo.text import figure, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Floats = NDArray[np.float64]

NAMED = 6  # units a sentence names before it counts the rest
LEAST_SHOWN = 0.01


@dataclass(frozen=True, slots=True)
class Units:
    """What sentences call the rows of the layer.

    Attributes
    ----------
    labels : array of object
        Of the index.
    names : array of object
        Names, None where there is none.
    towns : array of object
        Names of towns, None where unknown.
    """

    labels: NDArray[Any]
    names: NDArray[Any]
    towns: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Faults of one kind, told in one way.

    Attributes
    ----------
    kind : str
        A word of the vocabulary ``fault_kind``.
    rows : sequence of sequence of int
        Positions of the rows concerned, per fault.
    places : array of shapely geometries
        Where each is; None where it is nowhere.
    sizes : array of float
        In the unit of the kind; NaN where it has none.
    way : str
        Which sentences to use; empty for the usual ones.
    severity : sequence of str or None
        Per fault; None, of one or of all, for that of the sentences.
    facts : mapping of str to sequence of str
        What else the sentences say, per fault.
    outsiders : sequence of (label, name, town) or None
        For units that are in no row: what to call them.
    """

    kind: str
    rows: Sequence[Sequence[int]]
    places: Shapes
    sizes: Floats
    way: str = ""
    severity: Sequence[str | None] | None = None
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    outsiders: Sequence[tuple[str, str, str | None]] | None = None


def single(kind: str, rows: Sequence[int], spots: Shapes, way: str = "", **facts: Any) -> Found:
    """Faults of single rows that have no size.

    Parameters
    ----------
    kind : str
        A word of the vocabulary.
    rows : sequence of int
        Positions.
    spots : array of shapely geometries
        A place in each row of the layer.
    way : str
        Which sentences to use.
    **facts : sequence of str
        What else they say, per fault.

    Returns
    -------
    Found
        One fault a row.
    """
    chosen = np.array(rows, dtype=np.intp)
    return Found(
        kind, [[at] for at in rows], spots[chosen], np.full(len(rows), np.nan), way, facts=facts
    )


def report(
    found: Sequence[Found],
    units: Units,
    *,
    crs: Any,
    asked: Sequence[str],
    notices: tuple[str, ...],
    origins: tuple[str, ...],
) -> BoundaryReport:
    """One report of all that was found.

    Parameters
    ----------
    found : sequence of Found
        In any order.
    units : Units
        Of the layer.
    crs : CRS
        Of the places.
    asked : sequence of str
        The kinds looked for.
    notices, origins : tuple of str
        Of the layers.

    Returns
    -------
    BoundaryReport
        Errors first, then by kind, size (largest first) and labels.
    """
    called = _called(units)
    parts: dict[str, list[Any]] = {column: [] for column in COLUMNS}
    rows: list[tuple[int, ...]] = []
    for one in found:
        _tell(one, units, called, parts)
        rows += [tuple(each) for each in one.rows]
    sizes = np.array(parts["fault_size"], dtype=float)
    order = _order(parts, sizes)
    shapes = np.empty(len(order), dtype=object)
    shapes[:] = parts["geometry"]
    columns: dict[str, Any] = {
        name: np.array([*values, None], dtype=object)[:-1][order]
        for name, values in parts.items()
        if name not in ("geometry", "fault_size")
    }
    columns["fault_size"], columns["geometry"] = sizes[order], shapes[order]
    attrs = {"notice": ";".join(notices)} if notices else {}
    return BoundaryReport(
        table=table_of({name: columns[name] for name in COLUMNS}, crs, attrs),
        rows=tuple(tuple(units.labels[at] for at in rows[where]) for where in order.tolist()),
        checked=len(units.labels),
        kinds=tuple(kind for kind in kinds() if kind in set(asked)),
        notices=notices,
        origins=origins,
    )


def _order(parts: Mapping[str, list[Any]], sizes: Floats) -> NDArray[np.intp]:
    grave = {word: at for at, word in enumerate(SEVERITIES)}
    order = {kind: at for at, kind in enumerate(kinds())}
    keys = pd.DataFrame(
        {
            "severity": [grave[word] for word in parts["severity"]],
            "kind": [order[kind] for kind in parts["fault_kind"]],
            "size": -np.nan_to_num(sizes, nan=-1.0),
            "rows": pd.Series(parts["fault_rows"], dtype=object),
        }
    )
    return keys.sort_values(list(keys.columns), kind="stable").index.to_numpy(dtype=np.intp)


def _called(units: Units) -> list[tuple[str, str]]:
    """What each row is called in Chinese and in English: by name and label, or label alone."""
    out = []
    for label, name in zip(units.labels, units.names, strict=True):
        if name is None:
            out.append((f"单元{label}", f"unit {label}"))
        else:
            said = name if name == str(label) else f"{name}({label})"
            out.append((said, said))
    return out


def _tell(
    one: Found, units: Units, called: list[tuple[str, str]], parts: dict[str, list[Any]]
) -> None:
    known = kinds()[one.kind]
    usual = {key: text for key, text in known.items() if isinstance(text, str)}
    way = {**usual, **(known["ways"][one.way] if one.way else {})}
    unit = usual.get("unit")
    for at, rows in enumerate(one.rows):
        size = float(one.sizes[at])
        facts = {key: values[at] for key, values in one.facts.items()}
        if one.outsiders is not None:
            label, name, town = one.outsiders[at]
            facts.update(label=label, name=name, town=town or "")
            shown = {"fault_rows": label, "fault_names": name, "town_name": town}
        else:
            shown = {
                "fault_rows": JOINED_BY.join(str(units.labels[row]) for row in rows),
                "fault_names": JOINED_BY.join(
                    units.names[row] for row in rows if units.names[row] is not None
                ),
                "town_name": units.towns[rows[0]] if len(rows) else None,
            }
        facts["size"] = size_shown(size, unit)
        said = [called[row] for row in rows[:NAMED]]
        more = len(rows) - len(said)
        parts["fault_kind"].append(one.kind)
        own = None if one.severity is None else one.severity[at]
        parts["severity"].append(own or way["severity"])
        for key, value in shown.items():
            parts[key].append(value)
        parts["fault_size"].append(size)
        parts["fault_unit"].append(None if np.isnan(size) else unit)
        zh = "、".join(one for one, _ in said) + (f"等{len(rows)}个单元" if more else "")
        en = ", ".join(one for _, one in said) + (f" and {more} more" if more else "")
        parts["says_zh"].append(way["zh"].format(**facts, units=zh))
        parts["says_en"].append(way["en"].format(**facts, units=en))
        parts["geometry"].append(one.places[at])


def size_shown(size: float, unit: str | None) -> str:
    """A size as sentences give it.

    Parameters
    ----------
    size : float
        In `unit`.
    unit : str or None
        ``m2``, ``ratio`` or None.

    Returns
    -------
    str
        For example ``12.50`` or ``3.20%``.

    Examples
    --------
    >>> size_shown(12.5, "m2"), size_shown(0.032, "ratio"), size_shown(0.00012, "m2")
    ('12.50', '3.20%', '0.00012')
    """
    if unit == "ratio":
        return percent(size)
    if 0 < abs(size) < LEAST_SHOWN:
        return f"{size:.2g}" if abs(size) >= 1e-5 else f"{size:.1e}"
    return figure(size)
