"""What others call the classes of roads, and which of ours each word means.

The words are data (`road_classes.csv`), each with how it was met. A word that says something
else than a class, such as a technical grade, stands there too, with the reason.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Collection, Mapping
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ("class_system", "class_word", "road_class", "evidence", "class_note")
# A digit of a route number, in the table.
DIGIT = "#"
# A section of a route carries the county's six digits behind its number: G104330521.
_ROUTE = re.compile(r"([A-Z])(\d{1,4})(?:\d{6})?")


@functools.cache
def _rows() -> tuple[Mapping[str, str], ...]:
    text = resources.files("deqing_geo").joinpath("road_classes.csv").read_text(encoding="utf-8")
    return tuple(MappingProxyType(row) for row in csv.DictReader(text.splitlines()))


@functools.cache
def _known() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType({names.fold(row["class_word"]): row for row in _rows()})


def road_classes() -> pd.DataFrame:
    """Which words mean which class of road (道路等级对照表), with the evidence of each.

    Write it with `save_table`, change the classes or add rows, and give the file to
    ``read_roads(classes=)``. Our own words and their Chinese labels are always understood and do
    not stand in it.

    Returns
    -------
    DataFrame
        One row a word: ``class_system`` (whose word it is: government grades, route numbers by
        GB/T 917, technical grades, codes of 三调 and of the 用地用海 guide, OpenStreetMap's
        ``highway``), ``class_word`` (in a route number ``#`` is a digit), ``road_class``
        (``unknown`` where the word does not tell the class), ``evidence`` and ``class_note``.

    Raises
    ------
    ColumnError
        Never: the table is the library's own.

    Examples
    --------
    >>> table = road_classes().set_index("class_word")
    >>> table.loc[["国道", "X###", "1006", "二级公路", "primary"], "road_class"].to_list()
    ['highway', 'county_road', 'farm_track', 'unknown', 'arterial']
    """
    import pandas as pd

    return pd.DataFrame([dict(row) for row in _rows()], columns=list(FIELDS), dtype=object)


def read_classes(
    series: pd.Series[Any],
    *,
    own: Mapping[str, str] | None = None,
    leave_out: Collection[str] = (),
) -> pd.Series[Any]:
    """Values of a file as classes of roads.

    Parameters
    ----------
    series : Series
        As the file has them.
    own : mapping of str to str, optional
        The office's words, folded, to our classes: they win.
    leave_out : collection of str
        Systems whose words are not looked up.

    Returns
    -------
    Series of object
        Words of the vocabulary; None where the file says nothing, something unknown, or a word that
        does not tell the class.

    Examples
    --------
    >>> import pandas as pd
    >>> read_classes(pd.Series(["支路", "G104", "X001330521", "trunk", "三级公路"])).tolist()
    ['branch', 'highway', 'county_road', 'expressway', None]
    """
    import pandas as pd

    raw = names.clean_text(series)
    vocabulary = names.vocabulary("road_class")
    ours = {names.fold(key): key for key in vocabulary}
    ours.update({names.fold(zh): key for key, zh in vocabulary.items()})

    def look_up(text: object) -> str | None:
        if text is None:
            return None
        folded = names.fold(str(text))
        for table in (own or {}, ours):
            if folded in table:
                return table[folded]
        row = _row(folded)
        if row is None or row["class_system"] in leave_out or row["road_class"] == names.UNKNOWN:
            return None
        return row["road_class"]

    # Each different value once: a county's roads repeat a dozen words 20,000 times.
    found = {text: look_up(text) for text in raw.unique()}
    return pd.Series(
        [found[text] for text in raw], index=series.index, dtype=object, name=series.name
    )


def system_of(word: str) -> str:
    """Whose word it is.

    Parameters
    ----------
    word : str
        As a layer has it.

    Returns
    -------
    str
        A ``class_system``; empty for our own words and those that are not in the table.

    Examples
    --------
    >>> system_of("trunk"), system_of("G104"), system_of("支路")
    ('osm', 'route', '')
    """
    folded = names.fold(word)
    vocabulary = names.vocabulary("road_class")
    if folded in vocabulary or folded in {names.fold(zh) for zh in vocabulary.values()}:
        return ""
    row = _row(folded)
    return "" if row is None else row["class_system"]


def why_unknown(words: Collection[str]) -> tuple[str, ...]:
    """Why words of the table tell no class.

    Parameters
    ----------
    words : collection of str
        As a layer has them.

    Returns
    -------
    tuple of str
        One reason each, in Chinese, in order of the table; empty for words that are not in it.

    Examples
    --------
    >>> why_unknown(["二级公路", "?"])[0][:12]
    '技术等级(JTG B01'
    """
    found = [_row(names.fold(str(word))) for word in words]
    reasons = [
        row["class_note"]
        for row in found
        if row is not None and row["road_class"] == names.UNKNOWN and row["class_note"]
    ]
    return tuple(dict.fromkeys(reasons))


def _row(folded: str) -> Mapping[str, str] | None:
    """The row of a folded word: its own, or that of its kind of route number."""
    row = _known().get(folded)
    if row is None:
        route = _ROUTE.fullmatch(folded.upper())
        if route is not None:
            row = _known().get(names.fold(route[1] + DIGIT * len(route[2])))
    return row
