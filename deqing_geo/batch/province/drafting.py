"""A list of counties to begin with, from a folder that has one folder for each county.

Nothing is measured; what each file is, is told by its name, as in `batch.drafting`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from deqing_geo.batch.drafting import ZONE_LINES, new_file, seen_from, signs, source_lines
from deqing_geo.batch.province.listing import SHARED
from deqing_geo.errors import InputError
from deqing_geo.files import KINDS, RASTERS, TABLES, kind_of, whole_file

_COUNTY = re.compile(r"([1-9][0-9]{5})[\s_-]*(.*)")


def write_counties(folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> Path:
    """Write a commented list of counties.

    Parameters
    ----------
    folder : path
        Its folders whose names begin with six digits are counties (``330521德清县``), files
        beside them are layers for all.
    path : path
        The list; it is never written over.

    Returns
    -------
    Path
        The list; files are named as seen from its folder.

    Raises
    ------
    InputError
        If there is no such folder, or no county in it.
    ExportError
        If something stands at `path`, or it cannot be written.
    """
    target, home = new_file(path), Path(folder)
    if not home.is_dir():
        raise InputError(f"{home}: no such folder.")
    counties = [
        (found[1], found[2].strip(), one)
        for one in sorted(home.iterdir())
        if one.is_dir() and (found := _COUNTY.fullmatch(one.name)) and not one.suffix
    ]
    if not counties:
        raise InputError(
            f"{home}: no folder in it begins with a county's six digits, like 330521德清县."
        )
    text = "\n".join(_lines(home, counties, target.absolute().parent))
    with whole_file(target) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
    return target


def _lines(home: Path, counties: list[tuple[str, str, Path]], base: Path) -> Iterator[str]:
    yield "# A list of counties to begin with: what each file is was told by its name only."
    yield "# Read it through, then run: deqing-geo province THIS.toml --out DIR"
    yield ""
    yield 'title = ""                         # of the whole'
    yield "# halo_m = 5000                    # how far around a county the layers for all are read"
    yield ""
    for code, name, one in counties:
        yield "[[county]]"
        yield f'code = "{code}"'
        comment = "" if name else "                          # fill it in"
        yield f"name = {_quoted(name)}{comment}"
        own = sorted(one.glob("*.toml"))
        if len(own) == 1:
            yield f"recipe = {_quoted(seen_from(base, own[0]))}"
        yield ""
    yield "# The recipe of every county that has none of its own; {code} and {name} are put in."
    code, name, first = counties[0]
    taken: set[str] = set()
    for file in _files(first):
        within = file.relative_to(first).as_posix()
        pattern = f"{seen_from(base, first)}/{within}"
        pattern = pattern.replace(code, "{code}")
        pattern = pattern.replace(name, "{name}") if name else pattern
        for layer, sections in signs(file):
            for section in (one for one in sections if one not in taken):
                taken.add(section)
                yield f"[recipe.{section}]"
                yield from source_lines(pattern, layer)
                lacking = [
                    other for other, called, _ in counties
                    if not (base / pattern.replace("{code}", other)
                            .replace("{name}", called)).exists()
                ]  # fmt: skip
                if lacking:
                    yield f"# not there for {', '.join(lacking)}"
                if section == "zone":
                    yield from ZONE_LINES
                yield ""
    yield "# Layers for all: of these, every county is given its own box and what lies around it."
    for file in _files(home):
        for layer, sections in signs(file):
            for section in (one for one in sections if one in SHARED and one not in taken):
                taken.add(section)
                yield f"[shared.{section}]"
                yield from source_lines(seen_from(base, file), layer)
                yield ""


def _files(folder: Path) -> list[Path]:
    return [
        file for file in sorted(folder.iterdir())
        if kind_of(file.name, (*KINDS, *RASTERS, *TABLES)) is not None
    ]  # fmt: skip


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
