"""The colours of all maps and layers: ours, or a bureau's own from a file.

A colour means the same on every map, so a palette is put to use once and not handed to each
map. Nothing here decides what is drawn.
"""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from deqing_geo import columns as names
from deqing_geo.errors import BoundaryFileError, InputError
from deqing_geo.looks.used import Used

COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
FIVE = ("suburban", "cluster", "improve", "heritage", "relocate")


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """Colours of a bureau's own, and who set them.

    Attributes
    ----------
    source : str
        The document they come from, as the file names it; shown on every map.
    colours : mapping of tuple to str or list
        By their place among all colours: ``("village_type", "fill", "suburban")``.
    """

    source: str
    colours: Mapping[tuple[str, ...], Any]

    @property
    def of_types(self) -> bool:
        """Whether it sets the colours of the village types."""
        return any(place[:2] == ("village_type", "fill") for place in self.colours)

    def __repr__(self) -> str:
        return f"<Palette of {len(self.colours)} colours: {self.source}>"


_current: ContextVar[Palette | None] = ContextVar("palette", default=None)


def read_palette(path: str | os.PathLike[str]) -> Palette:
    r"""A bureau's own colours from a TOML file.

    Parameters
    ----------
    path : path
        With ``source``, the document that sets the colours, and any of the tables of
        ``style.toml``: ``[village_type]`` by type, ``[road]`` and ``[layer]`` by class,
        ``[density]`` with a ``ramp`` from low to high, ``[park]``, ``[served]``, ``[gap]`` and
        others with ``fill`` and ``color``.
        Types and classes may stand in Chinese, in quotes: ``"城郊融合类" = "#f4b127"``.

    Returns
    -------
    Palette
        For `use_palette`.

    Raises
    ------
    BoundaryFileError
        If the file cannot be read.
    InputError
        If it is no TOML, names no source or holds anything but colours of ours; every mistake
        is named.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> text = 'source = "示意"\n[park]\nfill = "#00ff00"\n'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "colours.toml")
    ...     _ = file.write_text(text, encoding="utf-8")
    ...     read_palette(file)
    <Palette of 1 colours: 示意>
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BoundaryFileError(f"{file.name} cannot be read as a UTF-8 text: {error}") from error
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{file.name} is no TOML: {error}. Chinese names stand in quotes on both sides of "
            '`=`, such as "城郊融合类" = "#f4b127".'
        ) from error
    source = given.pop("source", None)
    wrong = []
    if not isinstance(source, str) or not source.strip():
        wrong.append('source: missing; name the document that sets the colours, source = "…"')
    found: dict[tuple[str, ...], Any] = {}
    for path_of, value in _leaves(given):
        place, fault = _placed(path_of, value)
        if fault:
            wrong.append(f"{'.'.join(path_of)}: {fault}")
        elif place in found and found[place] != value:
            wrong.append(f"{'.'.join(path_of)}: given twice, as {found[place]} and as {value}")
        else:
            found[place] = value
    if not found and not wrong:
        wrong.append("it holds no colour")
    wrong += _of_types(found)
    if wrong:
        raise InputError(f"{file.name} is no palette:\n  " + "\n  ".join(wrong))
    return Palette(str(source).strip(), found)


def use_palette(palette: Palette | str | os.PathLike[str] | None) -> Used[Palette | None]:
    """Let all maps drawn from now on have a bureau's own colours.

    The page then names the palette's source where 非规范色 stood.

    Parameters
    ----------
    palette : Palette, path or None
        Of `read_palette`, or its file; None for ours again.

    Returns
    -------
    Used
        As a context (``with use_palette(file):``) the colours before it come back at its end.

    Raises
    ------
    BoundaryFileError
        If the file cannot be read.
    InputError
        If it is no palette; every mistake is named.

    Examples
    --------
    >>> green = Palette("示意", {("park", "fill"): "#00ff00"})
    >>> with use_palette(green):
    ...     style()["park"]["fill"]
    '#00ff00'
    >>> style()["park"]["fill"]
    '#4dac5c'
    """
    if palette is not None and not isinstance(palette, Palette):
        palette = read_palette(palette)
    return Used(_current, palette)


def in_use() -> Palette | None:
    """The palette that maps are drawn with.

    Returns
    -------
    Palette or None
        None for ours.

    Examples
    --------
    >>> in_use() is None
    True
    """
    return _current.get()


def style() -> dict[str, Any]:
    """Colours and widths, from ``style.toml`` and the palette in use.

    Returns
    -------
    dict
        By table and key; not to be changed.

    Examples
    --------
    >>> style()["density"]["no_data"]
    '#ffffff'
    """
    palette = _current.get()
    if palette is None:
        return ours()
    return _mixed(palette)


@functools.cache
def ours() -> dict[str, Any]:
    """Colours and widths of ``style.toml``, whatever palette is in use.

    Returns
    -------
    dict
        By table and key; not to be changed.

    Examples
    --------
    >>> ours()["park"]["fill"]
    '#4dac5c'
    """
    return _copy()


@functools.lru_cache(maxsize=8)
def _mixed(palette: Palette) -> dict[str, Any]:
    out = _copy()
    for place, value in palette.colours.items():
        table = out
        for key in place[:-1]:
            table = table[key]
        table[place[-1]] = value
    return out


def _copy() -> dict[str, Any]:
    text = resources.files("deqing_geo.looks").joinpath("style.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _leaves(
    table: Mapping[str, Any], above: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], Any]]:
    out: list[tuple[tuple[str, ...], Any]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            out += _leaves(value, (*above, key))
        else:
            out.append(((*above, key), value))
    return out


def _placed(path: tuple[str, ...], value: Any) -> tuple[tuple[str, ...], str]:
    """Where a colour of a file belongs among ours, and what is wrong with it."""
    here: Any = ours()
    place: tuple[str, ...] = ()
    for key in path:
        at = _known(here, place, key)
        if at is None:
            known = [one for one in here if one not in ("weight", "opacity")]
            return (), f"not known; there are {', '.join(known)}"
        for one in at:
            here = here[one]
        place += at
    if isinstance(here, dict):
        # A class given by one colour: its fill, or the line where it has none.
        last = "fill" if "fill" in here else "color"
        if not isinstance(here.get(last), str):
            return (), "give its classes a colour each"
        here, place = here[last], (*place, last)
    if isinstance(here, list):
        many = len(here)
        if not isinstance(value, list) or len(value) != many or not all(map(_is_colour, value)):
            return (), f"needs {many} colours in a list, such as #f1f5e8"
    elif not _is_colour(here):
        return (), "is no colour, and only colours are a palette's to set"
    elif not _is_colour(value):
        return (), f"{value!r} is no colour such as #f4b127"
    return place, ""


def _known(here: Any, place: tuple[str, ...], key: str) -> tuple[str, ...] | None:
    """The keys a word of a file stands for, None where it is not ours."""
    if not isinstance(here, dict):
        return None
    if not place:
        words = {
            names.label("village_type"): "village_type",
            names.label("road_class"): "road",
            names.word("layer.density"): "density",
            names.word("map.layers"): "layer",
        }
        key = words.get(key, key)
    elif place == ("village_type",):
        words = {label: word for word, label in names.vocabulary("type_final").items()}
        words |= {label.removesuffix("类"): word for label, word in words.items()}
        key = words.get(key, key)
        if key in here["fill"]:
            return ("fill", key)
    elif place == ("road",):
        key = {label: word for word, label in names.vocabulary("road_class").items()}.get(key, key)
    elif place == ("layer",):
        key = {names.word(f"layer.{look}"): look for look in here}.get(key, key)
    return (key,) if key in here else None


def _is_colour(value: Any) -> bool:
    return isinstance(value, str) and COLOUR.fullmatch(value) is not None


def _of_types(found: Mapping[tuple[str, ...], Any]) -> list[str]:
    """The five types have one source or ours, and five colours."""
    given = {one: found[at] for one in FIVE if (at := ("village_type", "fill", one)) in found}
    words = names.vocabulary("type_final")
    if not given:
        return []
    wrong = []
    if late := [words[one] for one in FIVE if one not in given]:
        wrong.append(f"village_type: {', '.join(late)} missing; all five from one source")
    seen: dict[str, str] = {}
    for one, colour in given.items():
        if (before := seen.setdefault(colour.lower(), one)) != one:
            wrong.append(
                f"village_type: {words[before]} and {words[one]} have one colour, {colour}"
            )
    return wrong
