"""Of every fact where it came from: the layer or table, and whether it stands for itself.

Measures nothing; keeps the book that `village_facts` writes and `fact_sources` reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deqing_geo import columns as names

MEASURED, DECLARED_BY, PROXY, MISSING = "measured", "declared", "proxy", "missing"


class Told:
    """How each fact came about, and from what.

    Parameters
    ----------
    frames : mapping of str to object
        Layers and the table, by the names of `village_facts`; None where there is none.

    Attributes
    ----------
    how : dict of str to str
        By column: ``measured``, ``declared`` or ``proxy``.
    source : dict of str to str
        By column, in Chinese, with the file where there is one.
    counted : list of str
        Columns computed from others.
    blank : list of str
        Columns of the table without a single value.
    earlier : set of str
        Columns that stand as an earlier run measured them, until a layer tells anew.
    """

    def __init__(self, frames: Mapping[str, Any]) -> None:
        self.how: dict[str, str] = {}
        self.source: dict[str, str] = {}
        self.counted: list[str] = []
        self.earlier: set[str] = set()
        self.blank: list[str] = []
        self._frames = frames

    def __contains__(self, column: object) -> bool:
        return column in self.how

    def settled(self, column: str) -> bool:
        """Whether somebody declared a column, so that no layer tells it.

        Parameters
        ----------
        column : str
            A registered column.

        Returns
        -------
        bool
            False, too, where an earlier run measured it.
        """
        return column in self.how and column not in self.earlier

    def say(self, column: str, how: str, *layers: str, also: str = "") -> None:
        """Write a column down.

        Parameters
        ----------
        column : str
            A registered column.
        how : str
            ``measured``, ``declared`` or ``proxy``.
        *layers : str
            Names of the layers behind it; those that were not given are passed over.
        also : str
            What else there is to say, in Chinese.
        """
        said = [self._called(one) for one in layers if self._frames.get(one) is not None]
        self.how[column] = how
        self.earlier.discard(column)
        self.source[column] = ";".join(
            [*(["、".join(said)] if said else []), *filter(None, [also])]
        )

    def left_blank(self, column: str) -> None:
        """Write down a column of the table that holds nothing at all.

        Parameters
        ----------
        column : str
            A registered column; it counts as not given.
        """
        self.blank.append(column)
        self.source[column] = f"{self._called('table')};{names.word('facts.all_blank')}"

    def computed(self, column: str, how: str, *of: str) -> None:
        """Write down a column computed from others.

        Parameters
        ----------
        column : str
            A registered column.
        how : str
            ``measured`` or ``declared``; what is computed from a proxy is one.
        *of : str
            The columns.
        """
        stands_in = any(self.how.get(one) == PROXY for one in of)
        labels = "、".join(names.label(one) for one in of)
        self.how[column] = PROXY if stands_in else how
        self.earlier.discard(column)
        self.source[column] = names.word("facts.computed").format(labels)
        if column not in of:
            self.counted.append(column)

    def _called(self, layer: str) -> str:
        file = _file(self._frames[layer])
        word = names.word(f"facts.{layer}")
        return f"{word}({file})" if file else word


def _file(given: Any) -> str:
    """The file of a frame, a raster or a network, where it says so."""
    attrs = getattr(given, "attrs", None)
    if attrs:
        reading: Mapping[str, Any] = attrs.get("reading", {})
        return str(reading.get("file") or attrs.get("file") or "")
    return "、".join(getattr(given, "origins", ()) or ())
