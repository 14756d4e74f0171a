"""A recipe to begin with, from the files a person has; what each is, is read from its names.

Nothing is measured, and what cannot be told is left as a comment for the person to decide.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyogrio
from pyogrio.errors import DataSourceError

from deqing_geo.batch.products import COUNTY, SCOPES, TOWN, VILLAGE, faults, names, product
from deqing_geo.errors import ExportError, InputError
from deqing_geo.files import RASTERS, TABLES, kind_of, whole_file
from deqing_geo.inputs import LAYERS
from deqing_geo.reading.choosing import name_score

_SECTIONS = ("towns", "villages", "zone", "roads", "parks", "homes", "planned_roads", *LAYERS)
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
    target = Path(path)
    if os.path.exists(target):
        raise ExportError(f"{target}: stands already and may hold your changes. Name another file.")
    absent = [os.fspath(file) for file in files if not os.path.exists(file)]
    if absent:
        raise InputError(f"No such file, or none that may be read: {', '.join(absent)}.")
    text = draft_recipe(files, target.absolute().parent)
    with whole_file(target) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
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
        try:
            named = Path(os.path.relpath(file.absolute(), folder)).as_posix()
        except ValueError:  # another drive
            named = file.absolute().as_posix()
        for layer, sections in _signs(file):
            taken = [one for one in sections if one not in found]
            for section in taken:
                found[section] = (named, layer)
            if not taken:
                unknown.append(f"{named}{f' layer {layer}' if layer else ''}")
    return "\n".join(_lines(found, unknown))


def _signs(file: Path) -> Iterator[tuple[str | None, list[str]]]:
    """Each layer of a file, with the section its name speaks for."""
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
            scores = {one: max(name_score(one, name) for name in called) for one in _SECTIONS}
            best = max(scores.values())
            wins = [one for one, score in scores.items() if score == best and best > 0]
            yield (layer if several else None), wins


def _lines(found: dict[str, tuple[str, str | None]], unknown: list[str]) -> Iterator[str]:
    yield "# A recipe to begin with: what each file is was told by its name only. Read it through,"
    yield "# then run: deqing-geo report RECIPE.toml --out DIR"
    yield ""
    yield 'title = ""                         # of the map'
    yield ""
    for section in (*_SECTIONS, "village_table", "terrain", "population"):
        if section in found:
            file, layer = found[section]
            yield f"[{section}]"
            yield f"file = {json.dumps(file, ensure_ascii=False)}"
            if layer is not None:
                yield f"layer = {json.dumps(layer, ensure_ascii=False)}"
            if section == "zone":
                yield 'source = ""                        # whose outline it is: fill it in'
                yield 'as_of = ""                         # the day it describes, like 2025-12-31'
            yield ""
    for one in unknown:
        yield f"# not told by its name, or told twice: {one}"
    yield "[products]                         # what is made, and for whom"
    for scope in SCOPES:
        can = [name for name in names(scope) if not [*faults({scope: [name]}, found)]]
        for name in can:
            yield f"#   {scope} {name}: {product(scope, name).says}"
        mark = "# " if scope in (TOWN, VILLAGE) or not can else ""
        if can or scope == COUNTY:
            yield f"{mark}{scope} = {json.dumps(can)}"
    yield ""
