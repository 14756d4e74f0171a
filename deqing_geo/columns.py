"""One registry of names: columns, their units and Chinese labels, and the words they may hold.

Legends, tooltips, tables and the glossary read `columns.toml` through this module; so
does every reader that turns a government or OpenStreetMap field name into ours.
Nothing here touches a geometry.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deqing_geo.errors import ColumnError

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "unknown"
SHAPEFILE_NAME = 10
# Words that do not say whose name or code they are.
_GENERAL = frozenset({"name", "名称", "代码"})
_WIDE = re.compile("[\u3000\uff10-\uff5a]")
# A blank at either end of a text, or none at all, between the bars of `_is_tidy`.
_UNTIDY = re.compile(r"\|[\s|]|\s\|")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the library's tables.

    Attributes
    ----------
    name : str
        The name in code.
    zh : str
        The label in tables, legends and tooltips.
    unit : str
        The unit the frames hold; empty for text.
    unit_zh : str
        The unit readers see. Ratios are held as 0–1 and shown as ``%``.
    short : str
        A shorter label for narrow tables; empty where `zh` is short enough.
    dtype : str
        ``str``, ``float``, ``int`` or ``date``.
    aliases : tuple of str
        Field names of real files that mean this column, the most specific first.
    note : str
        What to know before using it.
    en : str
        The label for an English reader; empty where none is needed yet.
    internal : bool
        Whether it is for the office alone and stands on no product.
    """

    name: str
    zh: str
    unit: str = ""
    unit_zh: str = ""
    short: str = ""
    dtype: str = "str"
    aliases: tuple[str, ...] = ()
    note: str = ""
    en: str = ""
    internal: bool = False


@functools.cache
def _registry() -> dict[str, Any]:
    text = resources.files("deqing_geo").joinpath("columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@functools.cache
def registry() -> Mapping[str, Column]:
    """Every registered column, by its name in code.

    Returns
    -------
    Mapping of str to Column
        In the order of ``columns.toml``.

    Examples
    --------
    >>> registry()["road_density"].zh
    '路网密度'
    """
    columns = {
        name: Column(
            name=name,
            **{**entry, "aliases": tuple(entry.get("aliases", ()))},
        )
        for name, entry in _registry()["column"].items()
    }
    return MappingProxyType(columns)


def label(name: str, *, unit: bool = False) -> str:
    """The Chinese label of a column.

    Parameters
    ----------
    name : str
        A registered column.
    unit : bool
        Whether to add the unit readers see.

    Returns
    -------
    str
        For example ``路网密度(公里/平方公里)``.

    Raises
    ------
    ColumnError
        If the column is not registered.

    Examples
    --------
    >>> label("road_density", unit=True)
    '路网密度(公里/平方公里)'
    """
    column = registry().get(name)
    if column is None:
        raise ColumnError(f"`{name}` is not in the registry of columns (columns.toml).")
    return f"{column.zh}({column.unit_zh})" if unit and column.unit_zh else column.zh


def phrases(group: str) -> Mapping[str, str]:
    """All fixed Chinese phrases of a group, in the order of ``columns.toml``.

    Parameters
    ----------
    group : str
        For example ``"reading"``.

    Returns
    -------
    Mapping of str to str
        By their key.

    Raises
    ------
    ColumnError
        If there is no such group.

    Examples
    --------
    >>> phrases("reading")["encoding"]
    '文字编码'
    """
    try:
        found: Mapping[str, str] = _registry()["word"][group]
    except KeyError:
        raise ColumnError(f"There is no group of phrases {group!r}.") from None
    return found


def word(key: str) -> str:
    """A fixed Chinese phrase of pages and tables.

    Parameters
    ----------
    key : str
        For example ``"layer.gaps"``.

    Returns
    -------
    str
        The phrase, for example ``公园绿地服务盲区``.

    Raises
    ------
    ColumnError
        If there is no such phrase.

    Examples
    --------
    >>> word("layer.gaps")
    '公园绿地服务盲区'
    """
    group, _, name = key.partition(".")
    try:
        return str(_registry()["word"][group][name])
    except KeyError:
        raise ColumnError(f"`{key}` is not in the registry of words (columns.toml).") from None


def vocabulary(name: str) -> Mapping[str, str]:
    """The values a column may hold, each with its Chinese label.

    Parameters
    ----------
    name : str
        ``road_class``, ``park_class``, ``road_status`` …

    Returns
    -------
    Mapping of str to str
        In the order legends show them.

    Raises
    ------
    ColumnError
        If the column has no vocabulary.

    Examples
    --------
    >>> vocabulary("road_class")["branch"]
    '支路'
    """
    try:
        words = _registry()["values"][name]
        # Several columns may hold the same words, which stand in the registry once.
        words = _registry()["values"][words["same_as"]] if "same_as" in words else words
        return MappingProxyType(dict(words))
    except KeyError:
        raise ColumnError(f"`{name}` has no vocabulary in columns.toml.") from None


def english(name: str) -> Mapping[str, str]:
    """The words of a vocabulary for an English reader, where it has any.

    Parameters
    ----------
    name : str
        As for `vocabulary`; ``unit`` gives the units.

    Returns
    -------
    Mapping of str to str
        Empty where a vocabulary has no English words.

    Examples
    --------
    >>> english("type_final")["cluster"]
    'clustered development'
    """
    return MappingProxyType(dict(_registry()["english"].get(name, {})))


def vocabularies() -> frozenset[str]:
    """The columns that have a vocabulary.

    Returns
    -------
    frozenset of str
        Names for `vocabulary`.

    Examples
    --------
    >>> "park_class" in vocabularies()
    True
    """
    return frozenset(_registry()["values"])


def crosswalk(name: str) -> Mapping[str, str]:
    """A table that turns somebody else's values into ours.

    Parameters
    ----------
    name : str
        ``osm_park``, ``osm_facility``, ``sandiao_park`` …

    Returns
    -------
    Mapping of str to str
        From the foreign value to the value of the library's vocabulary.

    Raises
    ------
    ColumnError
        If there is no such table.

    Examples
    --------
    >>> crosswalk("osm_facility")["amenity=clinic"]
    'clinic'
    """
    try:
        return MappingProxyType(dict(_registry()["crosswalk"][name]))
    except KeyError:
        raise ColumnError(f"`{name}` is not a crosswalk of columns.toml.") from None


def find(
    fields: Iterable[str], wanted: Iterable[str], given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Which field of a file is which column of the library.

    Matching ignores case, full-width forms and blanks. A field that already carries the library's
    name, or its Chinese label, wins over an alias; earlier aliases win over later ones.

    Parameters
    ----------
    fields : iterable of str
        Field names as the file has them.
    wanted : iterable of str
        Registered columns to look for.
    given : mapping of str to str, optional
        The planner's own word, ``{"road_class": "等级2"}``: from our column to her field.

    Returns
    -------
    dict of str to str
        From the field's name to ours; columns that were not found are left out.

    Raises
    ------
    ColumnError
        If `given` names a column we do not look for or a field the file does not have.

    Examples
    --------
    >>> find(["XZQDM", "xzqmc", "geometry"], ["town_code", "town_name"])
    {'XZQDM': 'town_code', 'xzqmc': 'town_name'}
    """
    names = list(fields)
    wanted = list(wanted)
    if given is not None and not (
        isinstance(given, Mapping) and all(isinstance(field, str) for field in given.values())
    ):
        raise ColumnError("columns= is a mapping from our columns to fields of the file.")
    given = dict(given or {})
    unknown = [column for column in given if column not in wanted]
    absent = [field for field in given.values() if field not in names]
    if unknown:
        raise ColumnError(
            f"columns= names {', '.join(unknown)}; this layer knows {', '.join(wanted)}."
        )
    if absent:
        raise ColumnError(
            f"columns= names fields the file does not have: {', '.join(absent)}. "
            f"It has: {', '.join(names)}."
        )
    found = {field: column for column, field in given.items()}
    folded: dict[str, str] = {}
    for one in names:
        folded.setdefault(fold(one), one)
    taken: set[str] = set()
    for column in wanted:
        known = registry()[column]
        aliases = [fold(alias) for alias in (known.zh, *known.aliases)]
        if column in given:
            taken.update(_GENERAL.intersection(aliases))
            continue
        # A shapefile keeps ten letters of a name, of ours too.
        for alias in (fold(column), fold(column[:SHAPEFILE_NAME]), *aliases):
            field = folded.get(alias)
            # `name` in a layer of villages is the village's, even where another field says it
            # better, and never its town's.
            if field is not None and field not in found and alias not in taken:
                found[field] = column
                break
        taken.update(_GENERAL.intersection(aliases))
    return found


def clean_text(series: pd.Series[Any]) -> pd.Series[Any]:
    """Text without full-width forms, surrounding blanks and empty strings.

    Parameters
    ----------
    series : Series
        Values of any kind.

    Returns
    -------
    Series of object
        Strings, and None where nothing stood.

    Examples
    --------
    >>> import pandas as pd
    >>> clean_text(pd.Series([" 支路 ", "", None, "3"])).tolist()
    ['支路', None, None, '3']
    """
    return _by_value(series, _tidy)


def read_values(
    series: pd.Series[Any], name: str, *, extra: Mapping[str, str] | None = None
) -> pd.Series[Any]:
    """Values of a file in the words of one vocabulary.

    Parameters
    ----------
    series : Series
        Values as the file has them: our words, Chinese labels or `extra`'s keys.
    name : str
        The vocabulary.
    extra : mapping, optional
        A crosswalk from foreign values.

    Returns
    -------
    Series of object
        Words of the vocabulary; None where the file says nothing or something unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> read_values(pd.Series(["主干路", "branch", "?"]), "road_class").tolist()
    ['arterial', 'branch', None]
    """
    known = vocabulary(name)
    table = {fold(key): value for key, value in (extra or {}).items()}
    table.update({fold(zh): key for key, zh in known.items()})
    table.update({fold(key): key for key in known})

    def look_up(value: object) -> str | None:
        text = _tidy(value)
        return None if text is None else table.get(fold(text))

    return _by_value(series, look_up)


def _by_value(series: pd.Series[Any], change: Callable[[object], str | None]) -> pd.Series[Any]:
    """Each different value changed once: a county's roads repeat a dozen words 20,000 times."""
    import numpy as np
    import pandas as pd

    raw = series.astype(object).to_numpy()
    several = (list, tuple, dict, np.ndarray)
    plain = pd.api.types.infer_dtype(raw, skipna=True) == "string"
    if not plain and any(isinstance(value, several) for value in raw):
        # Some exports put several values in one cell; as text they can at least be read.
        text = [str(value) if isinstance(value, several) else value for value in raw]
        raw = np.empty(len(text), dtype=object)
        raw[:] = text
    places, different = pd.factorize(raw)
    if plain and change is _tidy and _is_tidy(different):
        # All in one look: names of 20,000 villages are all different and nearly always clean.
        change = str
    changed = np.empty(len(different) + 1, dtype=object)
    # factorize marks what is missing with -1, which here finds the None at the end.
    changed[:-1] = [change(value) for value in different]
    return pd.Series(changed[places], index=series.index, dtype=object, name=series.name)


def _is_tidy(texts: Iterable[str]) -> bool:
    """Whether `_tidy` would change nothing; a bar inside a text only makes it look untidy."""
    together = "|".join(texts)
    return (
        together.isprintable()
        and not _WIDE.search(together)
        and not _UNTIDY.search(f"|{together}|")
    )


def _tidy(value: object) -> str | None:
    text = str(value)
    if _WIDE.search(text):
        text = _narrow(text)
    if not text.isprintable():
        # An escape sequence in a name would reach the console as a command.
        text = "".join(char if char.isprintable() else " " for char in text)
    return text.strip() or None


def _narrow(text: str) -> str:
    return "".join(
        unicodedata.normalize("NFKC", char)
        if char == "\u3000" or ("\uff10" <= char <= "\uff5a" and char.isalnum())
        else char
        for char in text
    )


def fold(text: str) -> str:
    """A heading or a word without what does not matter: case, width, blanks, line breaks.

    Parameters
    ----------
    text : str
        As somebody wrote it.

    Returns
    -------
    str
        For comparing only.

    Examples
    --------
    >>> fold(" 宅基地 闲置率（％）") == fold("宅基地闲置率(%)")
    True
    """
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
