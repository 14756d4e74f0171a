"""The report of a check: one row per fault, where it is, and one sentence for it.

It shows and compares; finding is done elsewhere.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.text import card

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SEVERITIES = ("error", "warning", "note")
COLUMNS = (
    "fault_kind",
    "severity",
    "fault_rows",
    "fault_names",
    "town_name",
    "fault_size",
    "fault_unit",
    "says_zh",
    "says_en",
    "geometry",
)
JOINED_BY = "、"
# Two surveys of one fault seldom draw it alike; a patch within a metre of the old one is the same.
SAME_PLACE_M = 1.0


@functools.cache
def kinds() -> Mapping[str, Any]:
    """What is known of every kind of fault: severity, unit, sentences.

    Returns
    -------
    Mapping of str to dict
        By kind, in the order of the vocabulary ``fault_kind``.

    Examples
    --------
    >>> kinds()["overlap"]["severity"]
    'error'
    """
    text = resources.files(__package__).joinpath("kinds.toml").read_text(encoding="utf-8")
    said = tomllib.loads(text)
    return {kind: said[kind] for kind in names.vocabulary("fault_kind") if kind in said}


@dataclass(frozen=True, slots=True, eq=False)
class BoundaryReport:
    """Every fault of a layer of boundaries, one row each.

    Attributes
    ----------
    table : GeoDataFrame
        One row per fault, in the CRS of the layer checked; index ``fault_id`` from 0. Errors
        first, then by kind and size. ``fault_kind`` and ``severity`` are words of their
        vocabularies; ``fault_rows`` are the labels of the rows concerned, joined by 、 in the
        order of the layer, ``fault_names`` their names; ``town_name`` is that of the first
        row, or None; ``fault_size`` is in ``fault_unit`` (``m2``, ``ratio`` 0 to 1, or None),
        NaN where a fault has no size; ``says_zh`` and ``says_en`` are one sentence each;
        ``geometry`` is where it is, None where it is nowhere.
    rows : tuple of tuple
        The labels of the rows concerned, per fault, as the layer has them.
    checked : int
        How many units were checked.
    kinds : tuple of str
        The kinds of fault looked for; the others need a layer, a column or a register that was
        not given.
    notices : tuple of str
        Sentences the report must not travel without.
    origins : tuple of str
        The files behind it.
    """

    table: gpd.GeoDataFrame
    rows: tuple[tuple[object, ...], ...]
    checked: int
    kinds: tuple[str, ...]
    notices: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    @property
    def faults(self) -> gpd.GeoDataFrame:
        """The table, by the name people ask for."""
        return self.table

    @property
    def is_clean(self) -> bool:
        """Whether there is neither an error nor a warning; notes may be there."""
        return bool((self.table["severity"] == "note").all())

    @property
    def counts(self) -> pd.Series[int]:
        """Faults of each kind looked for, 0 where none was found; in the vocabulary's order."""
        return _counted(self.table["fault_kind"], self.kinds)

    @property
    def by_severity(self) -> pd.Series[int]:
        """Faults by severity: errors, warnings, notes."""
        return _counted(self.table["severity"], SEVERITIES)

    @property
    def headline(self) -> str:
        """One line for readers."""
        return ",".join(
            f"{names.vocabulary('severity')[str(severity)]}{count}处"
            for severity, count in self.by_severity.items()
        )

    def of(self, kind: str) -> gpd.GeoDataFrame:
        """The faults of one kind.

        Parameters
        ----------
        kind : str
            A word of the vocabulary ``fault_kind``.

        Returns
        -------
        GeoDataFrame
            These rows of the table, with their numbers.

        Raises
        ------
        InputError
            If there is no such kind of fault.
        """
        if kind not in names.vocabulary("fault_kind"):
            known = ", ".join(names.vocabulary("fault_kind"))
            raise InputError(f"`{kind}` is no kind of fault. There are {known}.")
        return self.table[self.table["fault_kind"] == kind]

    def diff(self, previous: BoundaryReport) -> gpd.GeoDataFrame:
        """What has changed since an earlier report of the same layer.

        A fault is the same one if its kind and the rows concerned are the same and the two
        places are not more than 1 m apart.

        Parameters
        ----------
        previous : BoundaryReport
            In the same CRS; rows are compared by their labels.

        Returns
        -------
        GeoDataFrame
            The columns of `table` after ``fault_change``: ``new``, ``gone`` or ``unchanged``.
            New faults first, then those that are gone, as they stood in `previous`.

        Raises
        ------
        InputError
            If the two reports are in different coordinate systems.
        """
        if self.table.crs != previous.table.crs:
            raise InputError(
                "The two reports are in different coordinate systems; check both layers in one."
            )
        here, there = _pair(self.table, previous.table)
        kept = np.zeros(len(self.table), dtype=bool)
        kept[here] = True
        gone = np.ones(len(previous.table), dtype=bool)
        gone[there] = False
        parts = [
            self.table[~kept].assign(fault_change="new"),
            previous.table[gone].assign(fault_change="gone"),
            self.table[kept].assign(fault_change="unchanged"),
        ]
        columns = ["fault_change", *COLUMNS]
        parts = [part[columns] for part in parts if len(part)]
        if not parts:
            return self.table.assign(fault_change=pd.Series(dtype=object))[columns]
        # Taken as plain objects, so that an all-empty column of one part is no other type.
        merged = {
            column: np.concatenate([part[column].to_numpy(dtype=object) for part in parts])
            for column in columns
        }
        merged["fault_size"] = merged["fault_size"].astype(float)
        return table_of(merged, self.table.crs, self.table.attrs)

    def __repr__(self) -> str:
        said = [
            f"{count} {word}{'' if count == 1 else 's'}"
            for word, count in self.by_severity.items()
            if count
        ]
        units = f"{self.checked} unit{'' if self.checked == 1 else 's'}"
        return f"<BoundaryReport of {units}: {', '.join(said) or 'nothing found'}>"

    def _repr_html_(self) -> str:
        words, grave = names.vocabulary("fault_kind"), names.vocabulary("severity")
        counted = self.table.groupby(["fault_kind", "severity"], sort=False).size()
        body = [
            [words[kind], grave[severity], str(count)]
            for (kind, severity), count in counted.items()
        ]
        head = [names.label("fault_kind"), names.label("severity"), names.label("fault_count")]
        unasked = [words[kind] for kind in words if kind not in self.kinds]
        rows = [(names.word("check.units"), str(self.checked))]
        if unasked:
            rows.append((names.word("check.not_asked"), JOINED_BY.join(unasked)))
        if self.origins:
            rows.append((names.word("map.sources"), ";".join(self.origins)))
        return card(
            names.word("check.title"),
            self.headline,
            rows,
            self.notices,
            (head, body) if body else None,
        )


def _counted(words: pd.Series[Any], order: Sequence[str]) -> pd.Series[int]:
    found = words.value_counts()
    counts = [int(found.get(word, 0)) for word in order]
    return pd.Series(counts, index=list(order), dtype=int, name="fault_count")


def table_of(columns: Mapping[str, Any], crs: Any, attrs: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """A table of faults from its columns, numbered.

    Parameters
    ----------
    columns : mapping of str to array
        Those of `COLUMNS`, and others; all of one length.
    crs : CRS
        Of the shapes.
    attrs : mapping
        What the table says of itself.

    Returns
    -------
    GeoDataFrame
        Index ``fault_id`` from 0; text as plain objects, None where there is none.
    """
    index = pd.RangeIndex(len(columns["fault_kind"]), name="fault_id")
    shapes = gpd.GeoSeries(columns["geometry"], index=index, crs=crs)
    plain = {
        name: pd.Series(values, index=index, dtype=np.float64 if name == "fault_size" else object)
        for name, values in columns.items()
        if name != "geometry"
    }
    out = gpd.GeoDataFrame(pd.DataFrame(plain, index=index), geometry=shapes, crs=crs)
    out.attrs.update(attrs)
    return out


def _pair(new: pd.DataFrame, old: pd.DataFrame) -> tuple[list[int], list[int]]:
    """Positions of the same faults in two tables, each used once."""
    key = ["fault_kind", "fault_rows", "fault_names"]
    waiting: dict[tuple[str, ...], list[int]] = {}
    for at, one in enumerate(old[key].itertuples(index=False, name=None)):
        waiting.setdefault(one, []).append(at)
    here, there = [], []
    shapes, before = new["geometry"].to_numpy(), old["geometry"].to_numpy()
    for at, one in enumerate(new[key].itertuples(index=False, name=None)):
        choice = waiting.get(one, [])
        if not choice:
            continue
        found = _same_place(shapes[at], before[choice])
        if found is not None:
            here.append(at)
            there.append(choice.pop(found))
    return here, there


def _same_place(shape: Any, others: Any) -> int | None:
    """Which of the places is this one: the nearest, if it is near enough."""
    if shape is None:
        nowhere = np.flatnonzero(shapely.is_missing(others))
        return int(nowhere[0]) if len(nowhere) else None
    away = shapely.distance(shape, others)
    if np.isnan(away).all():
        return None
    nearest = int(np.nanargmin(away))
    return nearest if away[nearest] <= SAME_PLACE_M else None
