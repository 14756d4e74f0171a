"""What was found and decided when a layer was read, for a person to read.

Every reader writes it on its frame (``attrs["reading"]``); here it is only shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deqing_geo.columns import label, phrases, vocabularies, vocabulary, word
from deqing_geo.errors import InputError
from deqing_geo.text import card

if TYPE_CHECKING:
    import pandas as pd

# Rows shown of what may be long.
SHOWN = 5
# Told in other words, or for machines only.
_UNTOLD = ("crs_from", "gdal", "files", "together_km")


@dataclass(frozen=True, slots=True, eq=False)
class ReadingNotes:
    """How a layer was read, line by line (读入说明).

    Attributes
    ----------
    lines : tuple of (str, str)
        What, and what was found or decided, in Chinese.
    notices : tuple of str
        Sentences every product made from the layer repeats.
    """

    lines: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*(f"{what}: {found}" for what, found in self.lines), *self.notices])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return card(word("page.reading"), self.lines[0][1], self.lines[1:], self.notices)


def reading_notes(frame: pd.DataFrame) -> ReadingNotes:
    """What a reader found and decided: file, layer, encoding, place, fields, rows.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        Of any ``read_*`` of the library.

    Returns
    -------
    ReadingNotes
        Printed, it is one line a decision; a notebook shows it as a card.

    Raises
    ------
    InputError
        If the frame does not come from a reader, or has lost its notes on the way.

    Examples
    --------
    >>> from deqing_geo import read_towns, sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "towns.gpkg"
    ...     sample.town().to_file(file)
    ...     print(reading_notes(read_towns(file)))
    文件: towns.gpkg
    格式: GPKG
    图层: towns
    坐标系: EPSG:4549(文件自带)
    换算到: EPSG:4549
    字段对应: 无
    记录数: 1
    代码体系: 无代码
    """
    told = dict(frame.attrs.get("reading", {}))
    if not told:
        raise InputError(
            "The frame has no reading notes: it was not read by this library, or lost them in a "
            "pandas operation. Read the file with dg.read_*."
        )
    lines = list(_lines(told))
    notice = str(frame.attrs.get("notice") or "")
    return ReadingNotes(tuple(lines), (notice,) if notice else ())


def _lines(told: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    known = phrases("reading")
    for key, what in known.items():
        value = told.get(key)
        # A reason stands behind what it explains.
        if value is None or value == () or (value == 0 and not isinstance(value, bool)):
            continue
        shown = _shown(key, value)
        why = told.get(f"{key}_why") or (told.get("crs_from") if key == "crs" else None)
        yield what, f"{shown}({_translated(str(why))})" if why else shown
    for key, value in told.items():
        # What a reader of its own kind adds is told too, under its own name.
        if key not in known and not key.endswith("_why") and key not in _UNTOLD:
            yield key, _shown(key, value)
    # Of a layer put together from several files each is told after what is said of all.
    for one in told.get("files", ()):
        yield from _lines(one)


def _shown(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = [f"{field}→{label(ours)}" for field, ours in value.items()]
        return "、".join(pairs) or word("reading.none")
    if isinstance(value, (tuple, list)):
        more = f" 等{len(value)}项" if len(value) > SHOWN else ""
        return "、".join(str(one) for one in value[:SHOWN]) + more
    if key == "proxy":
        return label(str(value))
    if key in vocabularies():
        return str(vocabulary(key).get(value, value))
    return _translated(str(value))


def _translated(text: str) -> str:
    """Reasons are kept in English, as the messages are, and shown in the planner's words."""
    for english, chinese in phrases("reading_reason").items():
        if text.startswith(english):
            return str(chinese) + text[len(english) :]
    return text
