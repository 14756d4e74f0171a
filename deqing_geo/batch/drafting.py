"""A recipe to begin with, from the files a person has; what each is, is read from its names.

Nothing is measured, and what cannot be told is left as a comment for the person to decide.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyogrio
from pyogrio.errors import DataSourceError

from deqing_geo import standards
from deqing_geo.batch.products import (
    COUNTY,
    GROUPS,
    SCOPES,
    TOWN,
    VILLAGE,
    faults,
    names,
    says,
)
from deqing_geo.errors import ExportError, InputError
from deqing_geo.export.formats import FORMATS
from deqing_geo.files import RASTERS, TABLES, kind_of, whole_file
from deqing_geo.inputs import LAYERS
from deqing_geo.reading.choosing import name_score

_SECTIONS = (
    "county",
    "towns",
    "villages",
    "zone",
    "roads",
    "parks",
    "homes",
    "planned_roads",
    *LAYERS,
)
# What a layer of it is called is known under another word.
_CALLED = {"county": "counties"}
# What an outline must say of itself.
ZONE_LINES = (
    'source = ""                        # whose outline it is: fill it in',
    'as_of = ""                         # the day it describes, like 2025-12-31',
)
MEASURED = {"road_density": "roads", "park_coverage": "parks"}
_RASTER_SIGNS = {
    "terrain": re.compile(r"dem|terrain|高程|地形", re.IGNORECASE),
    "population": re.compile(r"pop|人口", re.IGNORECASE),
}


def write_recipe(files: Sequence[str | os.PathLike[str]], path: str | os.PathLike[str]) -> Path:
    """Write a commented recipe for some files.

    Parameters
    ----------
    files : sequence of path
        Layers, rasters and tables.
    path : path
        The recipe; it is never written over.

    Returns
    -------
    Path
        The recipe; its files are named as seen from its folder.

    Raises
    ------
    InputError
        If a file is not there.
    ExportError
        If something stands at `path`, or it cannot be written.
    """
    target = new_file(path)
    absent = [os.fspath(file) for file in files if not os.path.exists(file)]
    if absent:
        raise InputError(f"No such file, or none that may be read: {', '.join(absent)}.")
    text = draft_recipe(files, target.absolute().parent)
    with whole_file(target) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
    return target


def new_file(path: str | os.PathLike[str]) -> Path:
    """A file to begin with, which nobody has begun.

    Parameters
    ----------
    path : path
        Where it shall stand.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    ExportError
        If something stands there.
    """
    target = Path(path)
    if os.path.exists(target):
        raise ExportError(f"{target}: stands already and may hold your changes. Name another file.")
    return target


def draft_recipe(files: Sequence[str | os.PathLike[str]], folder: Path) -> str:
    """The text of a commented recipe for some files.

    Parameters
    ----------
    files : sequence of path
        Layers, rasters and tables.
    folder : Path
        Where the recipe will stand.

    Returns
    -------
    str
        TOML.
    """
    found: dict[str, tuple[str, str | None]] = {}
    unknown: list[str] = []
    for file in map(Path, files):
        named = seen_from(folder, file)
        for layer, sections in signs(file):
            taken = [one for one in sections if one not in found]
            for section in taken:
                found[section] = (named, layer)
            if not taken:
                unknown.append(f"{named}{f' layer {layer}' if layer else ''}")
    return "\n".join(_lines(found, unknown))


def seen_from(folder: Path, file: Path) -> str:
    """A file as a recipe in a folder names it.

    Parameters
    ----------
    folder, file : Path
        Where the recipe stands, and the file.

    Returns
    -------
    str
        With slashes; whole where it lies on another drive.
    """
    try:
        return Path(os.path.relpath(file.absolute(), folder)).as_posix()
    except ValueError:  # another drive
        return file.absolute().as_posix()


def source_lines(file: str, layer: str | None) -> Iterator[str]:
    """The lines that say which layer of which file a section has.

    Parameters
    ----------
    file : str
        As of `seen_from`.
    layer : str or None
        Where the file has several.

    Yields
    ------
    str
        TOML.

    Examples
    --------
    >>> [*source_lines("roads.gpkg", "道路")]
    ['file = "roads.gpkg"', 'layer = "道路"']
    """
    yield f"file = {json.dumps(file, ensure_ascii=False)}"
    if layer is not None:
        yield f"layer = {json.dumps(layer, ensure_ascii=False)}"


def signs(file: Path) -> Iterator[tuple[str | None, list[str]]]:
    """Each layer of a file, with the section its name speaks for.

    Parameters
    ----------
    file : Path
        A layer, a raster or a table; its rows are not read.

    Yields
    ------
    tuple of str or None and list of str
        The layer, None where there is but one, and the sections.
    """
    if kind_of(file.name, RASTERS) is not None:
        yield None, [name for name, sign in _RASTER_SIGNS.items() if sign.search(file.stem)]
    elif kind_of(file.name, TABLES) is not None:
        yield None, ["village_table"]
    else:
        try:
            listed = [str(name) for name, _ in pyogrio.list_layers(file)]
        except (DataSourceError, ValueError):
            listed = [file.stem]
        for layer in listed:
            several = len(listed) > 1
            called = [layer] if several else [layer, file.stem]
            scores = {
                one: max(name_score(_CALLED.get(one, one), name) for name in called)
                for one in _SECTIONS
            }
            best = max(scores.values())
            wins = [one for one, score in scores.items() if score == best and best > 0]
            if len(wins) > 1:
                # An outline of the county is rarely meant by a word that means others too.
                wins = [one for one in wins if one != "county"]
            yield (layer if several else None), wins


def _lines(found: dict[str, tuple[str, str | None]], unknown: list[str]) -> Iterator[str]:
    yield "# A recipe to begin with: what each file is was told by its name only. Read it through,"
    yield "# then run: deqing-geo report RECIPE.toml --out DIR"
    yield ""
    yield 'title = ""                         # of the map'
    yield '# as_of = "2026-01-31"             # 数据截止日期: the day the data reach to; without it'
    yield "#                                  # that of [zone], whose outline stands for a year"
    yield ""
    for section in (*_SECTIONS, "village_table", "terrain", "population"):
        if section in found:
            file, layer = found[section]
            yield f"[{section}]"
            yield from source_lines(file, layer)
            if section == "zone":
                yield from ZONE_LINES
            yield ""
    for one in unknown:
        yield f"# not told by its name, or told twice: {one}"
    yield from _measures(found)
    yield from _products(found)


def _measures(found: Mapping[str, Any]) -> Iterator[str]:
    """How each figure is counted by default, and how else it could be."""
    law = standards.load()
    wanted = [name for name, section in MEASURED.items() if section in found]
    if wanted:
        yield "[measures]                         # counted how; these are the defaults"
        for name in wanted:
            here = law.definition(name)
            for one in law.ways(name):
                yield f"#   {one.key}: {one.line}"
            yield f'{name} = "{here.key}"'
        yield ""


def _products(found: Mapping[str, Any]) -> list[str]:
    """What is made for whom, and how: for the county all that can be, the rest as comments."""
    lines = ["[products]                         # what is made, and for whom"]
    for scope in SCOPES:
        can = [
            name for name in names(scope) if not [*faults({scope: [name]}, {**found, "before": {}})]
        ]
        lines += [f"#   {scope} {name}: {says(scope, name)}" for name in can]
        grouped = {one for name in can for one in GROUPS.get((scope, name), ())}
        whole = [name for name in can if name not in grouped and name != "changes"]
        mark = "# " if scope in (TOWN, VILLAGE) or not can else ""
        if can or scope == COUNTY:
            lines.append(f"{mark}{scope} = {json.dumps(whole)}")
    lines += [""]
    if any(name in found for name in ("villages", "roads", "parks")):
        lines += [
            '# [atlas]                          # how "atlas", "book" and "page" are printed',
            '# paper = "A3"                     # A4 to A0',
            '# formats = ["pdf", "jpg"]         # and png',
            "# dpi = 300",
            '# code = "330521"                  # before names of files, where [county] is absent',
            '# name = "德清县"',
            "",
            '# [export]                         # goes with "export"',
            '# formats = ["gpkg", "xlsx"]       # of ' + ", ".join(FORMATS),
            '# audience = "internal"            # or "public": only what may leave the house',
            "",
            '# [before]                         # what "changes" compares this month with',
            '# run = "out/2025-11"              # the folder of an earlier report with [products],',
            '# roads = "roads-2025-11.gpkg"     # or the layers as they stood then',
            '# parks = "parks-2025-11.gpkg"',
            "",
        ]
    return lines
