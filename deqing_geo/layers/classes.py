"""An office's own table of words for classes of roads, checked before anything is read by it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError
from deqing_geo.tables import read_table

if TYPE_CHECKING:
    Classes = str | os.PathLike[str] | pd.DataFrame | Mapping[str, str]

WORD, CLASS = "class_word", "road_class"


def own_classes(given: Classes | None) -> dict[str, str]:
    """The office's words and the class each means.

    Parameters
    ----------
    given : path, DataFrame, mapping or None
        A table with ``class_word`` and ``road_class`` (原字段值, 道路等级), as a file or a frame;
        or from words to classes. Classes in our words or by their Chinese labels.

    Returns
    -------
    dict of str to str
        From folded words to classes of the vocabulary; empty for None.

    Raises
    ------
    BoundaryFileError
        If the file is refused, damaged, locked or too large.
    ColumnError
        If a column is absent, a class is not in the vocabulary, or a word is blank or stands
        there twice; with the rows.

    Examples
    --------
    >>> own_classes({"residential": "支路", "甲级": "arterial"})
    {'residential': 'branch', '甲级': 'arterial'}
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        labels = [str(word) for word in given]
        words = pd.Series(labels, index=labels, dtype=object)
        classes = pd.Series(list(given.values()), index=words.index, dtype=object)
        return _checked(words, classes, "classes=")
    if isinstance(given, pd.DataFrame):
        found = names.find([str(field) for field in given.columns], (WORD, CLASS))
        frame = given.set_axis([str(field) for field in given.columns], axis="columns")
        called = "classes="
    elif isinstance(given, (str, os.PathLike)):
        table = read_table(given, _headings(), ([WORD], [CLASS]), key=WORD)
        found, frame, called = table.found, table.frame, str(table.told["file"])
    else:
        raise ColumnError(
            f"classes= is a {type(given).__name__}: pass a file, a DataFrame as dg.road_classes() "
            "gives it, or a mapping from words to classes."
        )
    fields = {column: field for field, column in found.items()}
    absent = [column for column in (WORD, CLASS) if column not in fields]
    if absent:
        wanted = ", ".join(f"{column} ({names.label(column)})" for column in absent)
        raise ColumnError(
            f"{called}: there is no column {wanted}. It has: "
            f"{', '.join(str(field) for field in frame.columns)}."
        )
    return _checked(frame[fields[WORD]], frame[fields[CLASS]], called)


def _headings() -> dict[str, str]:
    known: dict[str, str] = {}
    for column in (WORD, CLASS):
        entry = names.registry()[column]
        for text in (column, entry.zh, *entry.aliases):
            known.setdefault(names.fold(text), column)
    return known


def _checked(words: pd.Series[Any], classes: pd.Series[Any], called: str) -> dict[str, str]:
    text = names.clean_text(words)
    blank = text.isna()
    if blank.any():
        raise ColumnError(
            f"{called}: rows without a word ({names.label(WORD)}).", words.index[blank]
        )
    meant = names.read_values(names.clean_text(classes), CLASS)
    odd = meant.isna()
    if odd.any():
        shown = classes[odd].astype(object).where(classes[odd].notna(), "a blank").astype(str)
        seen = ", ".join(sorted(set(shown))[:5])
        raise ColumnError(
            f"{called}: {seen} is no class of roads; it may be "
            f"{'、'.join(names.vocabulary(CLASS).values())}.",
            words.index[odd],
        )
    folded = text.map(lambda word: names.fold(str(word)))
    twice = folded.duplicated(keep=False)
    if twice.any():
        seen = ", ".join(dict.fromkeys(text[twice].astype(str)))
        raise ColumnError(f"{called}: several rows for one word ({seen}).", words.index[twice])
    return dict(zip(folded, meant.astype(str), strict=True))
