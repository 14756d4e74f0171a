"""A recipe (任务配置): which layers, counted how. Every mistake is found before anything runs.

Nothing here opens a layer.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deqing_geo import standards
from deqing_geo.errors import RecipeError, StandardsError

_READ = {"layer": str, "columns": dict, "assume_crs": (str, int)}
_FIELDS: dict[str, dict[str, Any]] = {
    "towns": {**_READ, "file": str, "datum": str, "admin_level": int},
    "zone": {**_READ, "file": str, "source": str, "as_of": (str, date)},
    "roads": {**_READ, "file": str, "datum": str},
    "parks": {**_READ, "file": str, "datum": str, "landuse": str},
    "homes": {**_READ, "file": str, "datum": str, "landuse": str},
    "measures": {"road_density": str, "park_coverage": str},
}
_NEEDED = {"zone": ("file", "source", "as_of")}
_TOP = {"title": str, "standard": str}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a report is asked to be.

    Attributes
    ----------
    path : Path
        The recipe's own file.
    title : str
        Title of the map.
    standard : str
        Whose definitions.
    layers : mapping of str to mapping
        ``towns`` or ``zone``, and ``roads``, ``parks``, ``homes``: options of the reader;
        ``file`` is resolved.
    named : mapping of str to str
        The files as the recipe names them.
    measures : mapping of str to str
        For each measure the key of its definition.
    """

    path: Path
    title: str
    standard: str
    layers: Mapping[str, Mapping[str, Any]]
    named: Mapping[str, str]
    measures: Mapping[str, str]


def load_recipe(path: str | os.PathLike[str]) -> Recipe:
    r"""Read and check a recipe.

    Parameters
    ----------
    path : path
        A TOML file; files in it are relative to its folder.

    Returns
    -------
    Recipe
        Checked: every name is known and every file is there.

    Raises
    ------
    RecipeError
        Listing every mistake with its line.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "r.toml"
    ...     _ = file.write_text("[homes]\nfil = 'a.gpkg'\n")
    ...     load_recipe(file)
    Traceback (most recent call last):
    ...
    deqing_geo.errors.RecipeError: ...r.toml: 4 mistakes
      line 1: [homes] needs `file`
      line 1: give [towns] or [zone]
      line 1: nothing to measure: give [roads], or [parks] and [homes]
      line 2: [homes] has no option `fil`; it knows layer, columns, ...
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{file}: cannot be read ({error}).") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file}: not TOML: {error}.") from error
    mistakes = _Mistakes(text)
    for key, value in content.items():
        if key in _FIELDS:
            if isinstance(value, dict):
                _check_section(key, value, file, mistakes)
            else:
                mistakes.add(f"`{key}` is a section: write [{key}]", "", key)
        elif key not in _TOP:
            known = ", ".join([*_TOP, *(f"[{name}]" for name in _FIELDS)])
            mistakes.add(f"`{key}` is not known; a recipe has {known}", "", key)
        elif not isinstance(value, _TOP[key]):
            mistakes.add(f"`{key}` must be text", "", key)
    _check_whole(content, mistakes)
    if mistakes.found:
        count = len(mistakes.found)
        raise RecipeError(f"{file}: {count} mistake{'s' * (count > 1)}", mistakes.sentences())
    layers = {
        name: MappingProxyType({**options, "file": _resolve(file, options["file"])})
        for name, options in content.items()
        if name in _FIELDS and name != "measures"
    }
    law = standards.load(content.get("standard", standards.DEFAULT))
    asked = dict(content.get("measures", {}))
    wanted = {
        "road_density": "roads" in layers,
        "park_coverage": "parks" in layers,
    }
    measures = {
        measure: law.definition(measure, asked.get(measure)).key
        for measure, there in wanted.items()
        if there
    }
    return Recipe(
        path=file,
        title=str(content.get("title", "")),
        standard=law.name,
        layers=MappingProxyType(layers),
        named=MappingProxyType(
            {name: str(content[name]["file"]) for name in layers},
        ),
        measures=MappingProxyType(measures),
    )


def _resolve(recipe: Path, named: str) -> Path:
    return recipe.parent / Path(named).expanduser()


def _check_section(
    section: str, options: dict[str, Any], recipe: Path, mistakes: _Mistakes
) -> None:
    fields = _FIELDS[section]
    for needed in _NEEDED.get(section, () if section == "measures" else ("file",)):
        if needed not in options:
            mistakes.add(f"[{section}] needs `{needed}`", section)
    for key, value in options.items():
        if key not in fields:
            known = ", ".join(fields)
            mistakes.add(f"[{section}] has no option `{key}`; it knows {known}", section, key)
        elif not isinstance(value, fields[key]) or isinstance(value, bool):
            kind = {str: "text", int: "a whole number", dict: "a table"}.get(fields[key], "text")
            mistakes.add(f"[{section}] `{key}` must be {kind}", section, key)
        elif key == "file" and not _resolve(recipe, value).is_file():
            mistakes.add(f"[{section}] no such file: {value}", section, key)


def _check_whole(content: dict[str, Any], mistakes: _Mistakes) -> None:
    areas = [name for name in ("towns", "zone") if name in content]
    if len(areas) != 1:
        said = "give either [towns] or [zone], not both" if areas else "give [towns] or [zone]"
        mistakes.add(said, areas[-1] if areas else "")
    if "roads" not in content and not {"parks", "homes"} <= set(content):
        mistakes.add("nothing to measure: give [roads], or [parks] and [homes]", "")
    elif ("parks" in content) != ("homes" in content):
        there = "parks" if "parks" in content else "homes"
        other = "homes" if there == "parks" else "parks"
        mistakes.add(f"[{there}] needs [{other}] to be measured with", there)
    name = content.get("standard", standards.DEFAULT)
    if not isinstance(name, str):
        return
    try:
        law = standards.load(name)
    except StandardsError as error:
        mistakes.add(str(error), "", "standard")
        return
    asked = content.get("measures", {})
    for measure, key in asked.items() if isinstance(asked, dict) else ():
        if measure not in _FIELDS["measures"] or not isinstance(key, str):
            continue
        try:
            law.definition(measure, key)
        except StandardsError as error:
            mistakes.add(str(error), "measures", measure)


class _Mistakes:
    """Mistakes with the line they stand on; tomllib keeps no lines, so they are looked up."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.found: list[tuple[int, str]] = []

    def add(self, said: str, section: str, key: str = "") -> None:
        self.found.append((self._line(section, key), said))

    def sentences(self) -> list[str]:
        return [f"line {line}: {said}" for line, said in sorted(self.found, key=lambda one: one[0])]

    def _line(self, section: str, key: str) -> int:
        at = 0
        if section:
            header = re.compile(rf"^\s*\[\s*[\"']?{re.escape(section)}[\"']?\s*\]")
            at = next((n for n, line in enumerate(self.lines) if header.match(line)), 0)
        if key:
            option = re.compile(
                rf"^\s*(\[\s*)?(?:{re.escape(section)}\s*\.\s*)?[\"']?{re.escape(key)}[\"']?\s*[=\].]"
            )
            at = next((n for n in range(at, len(self.lines)) if option.match(self.lines[n])), at)
        return at + 1
