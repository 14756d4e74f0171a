"""A recipe (任务配置): which layers, counted how. Every mistake is found before anything runs.

Nothing here opens a layer.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deqing_geo import columns, standards
from deqing_geo.batch.lines import Lines, Places
from deqing_geo.batch.options import MONTHLY, OF_PRODUCTS, kept_in, mistaken, no_run
from deqing_geo.batch.products import OF_VILLAGES, SCOPES, faults
from deqing_geo.errors import CRSError, DeqingGeoError, RecipeError, StandardsError
from deqing_geo.inputs import LAYER_NAMES
from deqing_geo.looks.imprint import Imprint, imprint_of
from deqing_geo.looks.palette import Palette, read_palette

_READ = {"layer": str, "columns": dict, "assume_crs": (str, int)}
_FIELDS: dict[str, dict[str, Any]] = {
    "county": {**_READ, "file": str, "datum": str, "admin_level": int},
    "towns": {**_READ, "file": str, "datum": str, "reference": str, "admin_level": int},
    "zone": {**_READ, "file": str, "source": str, "as_of": (str, date)},
    "roads": {
        **_READ,
        "file": str,
        "datum": str,
        "also": str,
        "classes": str,
        "centre_lines": bool,
    },
    "parks": {**_READ, "file": str, "datum": str, "landuse": str},
    "homes": {**_READ, "file": str, "datum": str, "landuse": str},
    "planned_roads": {**_READ, "file": str, "datum": str},
    "villages": {
        **_READ,
        "file": str,
        "datum": str,
        "reference": str,
        "skip": list,
        "scheme": str,
        "overrides": str,
        "weights": str,
        "fit": str,
    },
    "village_table": {"file": str, "sheet": str, "columns": dict},
    **{name: {**_READ, "file": str, "datum": str} for name in LAYER_NAMES},
    "cropland": {**_READ, "file": str, "datum": str, "landuse": str},
    "facilities": {**_READ, "file": str, "datum": str, "facility_class": str, "words": dict},
    "terrain": {"file": str, "band": int, "assume_crs": (str, int)},
    "population": {"file": str, "band": int, "assume_crs": (str, int)},
    "speeds": dict.fromkeys((*columns.vocabulary("road_class"), "walk"), (int, float)),
    "measures": {"road_density": str, "park_coverage": str},
    "map": {"palette": str, "stage": str, "made_by": str, "made_on": (str, date)},
    "products": dict.fromkeys(SCOPES, list),
    "atlas": {"paper": str, "formats": list, "dpi": int, "code": str, "name": str},
    "export": {"formats": list, "audience": str, "review_number": str, "name": str},
    "before": {
        "run": str,
        "roads": str,
        "roads_layer": str,
        "parks": str,
        "parks_layer": str,
    },
}
_KINDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    dict: "a table",
    list: "a list",
    bool: "true or false",
    (int, float): "a number",
}
_FILES = (
    "file", "reference", "overrides", "scheme", "fit", "also", "classes", "palette", "run", *MONTHLY
)  # fmt: skip
# Options of [villages] that say how they are judged.
JUDGING = ("scheme", "overrides", "skip", "weights", "fit")
# Sections that name no file of their own.
_WORDS = ("measures", "speeds", "map", "products", *OF_PRODUCTS)
_NEEDED: dict[str, tuple[str, ...]] = {"zone": ("file", "source", "as_of"), "before": ()}
_TOP: dict[str, Any] = {"title": str, "standard": str, "as_of": (str, date)}


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
        ``towns``, ``zone`` and ``villages``, ``roads``, ``parks``, ``homes`` and all the
        others: options of the reader; ``file`` is resolved.
    files : mapping of str to Path
        Every file it reads, by the name the recipe gives it.
    measures : mapping of str to str
        For each measure the key of its definition.
    speeds : mapping of str to float
        Kilometres an hour by road class, where they are not the standard's.
    lines : mapping of str to int
        The line each section begins on.
    imprint : Imprint or None
        At what stage maps are, and who made them and when.
    palette : Palette or None
        The bureau's own colours.
    products : mapping of str to tuple of str
        For ``county``, ``each_town`` and ``each_village`` the products asked for; empty for the
        report in one piece.
    options : mapping of str to mapping
        What was written, section by section, files as the recipe names them.
    beyond : tuple of str
        Sections whose layers hold what lies around the county too, and belongs to others.
    as_of : date or None
        The day the data reach to (数据截止日期); None where that is the day of the zone.
    """

    path: Path
    title: str
    standard: str
    layers: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, Path]
    measures: Mapping[str, str]
    speeds: Mapping[str, float]
    lines: Mapping[str, int]
    imprint: Imprint | None = None
    palette: Palette | None = None
    products: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    beyond: tuple[str, ...] = ()
    as_of: date | None = None


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
      line 1: give [towns], [zone] or [villages]
      line 1: [homes] needs [parks] to be measured with
      line 2: [homes] has no option `fil`; it knows layer, columns, ...
    """
    file = Path(path)
    content, text = read_toml(file)
    return recipe_of(content, file, Places(text).recipe())


def read_toml(file: Path) -> tuple[dict[str, Any], str]:
    """What a TOML file says, and its text.

    Parameters
    ----------
    file : Path
        In UTF-8, with or without a byte-order mark.

    Returns
    -------
    dict and str
        The content, and the text, in which lines are looked up.

    Raises
    ------
    RecipeError
        If it cannot be read, or is not TOML.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{file}: not UTF-8. Save it as UTF-8 (另存为 UTF-8).") from error
    except (OSError, ValueError) as error:
        raise RecipeError(f"{file}: cannot be read ({error}).") from error
    try:
        return tomllib.loads(text), text
    except (ValueError, RecursionError) as error:
        raise RecipeError(
            f"{file}: not TOML: {error}. Quotes are the plain ones, and in paths write / instead "
            "of a backslash."
        ) from error


def check(content: Mapping[str, Any], file: Path, lines: Lines) -> Mistakes:
    """What is wrong with a recipe.

    Parameters
    ----------
    content : mapping
        As TOML gives it.
    file : Path
        Files in it are relative to this one's folder.
    lines : mapping
        The line of every section and option, by (section, option); what lacks one is told on
        that of ``("", "")``.

    Returns
    -------
    Mistakes
        Empty where it is sound.
    """
    mistakes = Mistakes(lines)
    for key, value in content.items():
        if key in _FIELDS:
            if isinstance(value, dict):
                check_section(key, value, file, mistakes)
            else:
                mistakes.add(f"`{key}` is a section: write [{key}]", "", key)
        elif key not in _TOP:
            known = ", ".join([*_TOP, *(f"[{name}]" for name in _FIELDS)])
            mistakes.add(f"`{key}` is not known; a recipe has {known}", "", key)
        elif not isinstance(value, _TOP[key]):
            kind = "a date like 2025-12-31" if key == "as_of" else "text"
            mistakes.add(f"`{key}` must be {kind}", "", key)
        elif (said := _odd_value(key, value)) is not None:
            mistakes.add(f"`{key}` {said}", "", key)
    _check_whole(content, file, mistakes)
    return mistakes


def recipe_of(content: Mapping[str, Any], file: Path, lines: Lines) -> Recipe:
    """A recipe from what was written.

    Parameters
    ----------
    content, file, lines
        As for `check`.

    Returns
    -------
    Recipe
        Checked.

    Raises
    ------
    RecipeError
        Listing every mistake with its line.
    """
    mistakes = check(content, file, lines)
    if mistakes.found:
        count = len(mistakes.found)
        raise RecipeError(f"{file}: {count} mistake{'s' * (count > 1)}", mistakes.sentences())
    layers = {
        name: MappingProxyType(
            {
                key: _resolved(file, key, value) if key in _FILES else value
                for key, value in options.items()
            }
        )
        for name, options in content.items()
        if name in _FIELDS and name not in _WORDS
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
    looks = dict(content.get("map", {}))
    palette = _resolve(file, looks.pop("palette")) if "palette" in looks else None
    colours = {} if palette is None else {str(content["map"]["palette"]): palette}
    return Recipe(
        path=file,
        title=str(content.get("title", "")),
        standard=law.name,
        layers=MappingProxyType(layers),
        files=MappingProxyType(
            {
                str(content[name][key]): options[key]
                for name, options in layers.items()
                for key in _FILES
                if key in options
            }
            | colours
        ),
        measures=MappingProxyType(measures),
        speeds=MappingProxyType({key: float(v) for key, v in content.get("speeds", {}).items()}),
        lines=MappingProxyType({name: mistakes.lines.get((name, ""), 1) for name in layers}),
        imprint=imprint_of(**looks) if looks else None,
        palette=None if palette is None else read_palette(palette),
        products=MappingProxyType(
            {scope: tuple(asked) for scope, asked in content.get("products", {}).items() if asked}
        ),
        options=MappingProxyType(content),
        as_of=None if (day := content.get("as_of")) is None else date.fromisoformat(str(day)),
    )


def _resolve(recipe: Path, named: str) -> Path:
    return recipe.parent / named


def _resolved(recipe: Path, key: str, named: str) -> Path:
    """A file; of an earlier run the folder in which it kept what it counted."""
    found = _resolve(recipe, named)
    return kept_in(found) or found if key == "run" else found


def _there(file: Path) -> bool:
    try:
        return file.is_file() or (file.is_dir() and file.suffix.lower() == ".gdb")
    except (OSError, ValueError):
        return False


def check_section(section: str, options: dict[str, Any], recipe: Path, mistakes: Mistakes) -> None:
    """Add what is wrong with one section that names layers or words.

    Parameters
    ----------
    section, options
        Its name, and what it says.
    recipe : Path
        Files are relative to this one's folder.
    mistakes : Mistakes
        What is wrong is added.
    """
    fields = _FIELDS[section]
    for needed in _NEEDED.get(section, () if section in _WORDS else ("file",)):
        if needed not in options:
            mistakes.add(f"[{section}] needs `{needed}`", section)
    for key, value in options.items():
        if key not in fields:
            known = ", ".join(fields)
            mistakes.add(f"[{section}] has no option `{key}`; it knows {known}", section, key)
        elif not isinstance(value, fields[key]) or isinstance(value, bool) > (fields[key] is bool):
            kind = _KINDS.get(fields[key], "text")
            mistakes.add(f"[{section}] `{key}` must be {kind}", section, key)
        elif key == "run":
            if (odd := no_run(_resolve(recipe, value), value)) is not None:
                mistakes.add(f"[{section}] {odd}", section, key)
        elif key in _FILES and not _there(_resolve(recipe, value)):
            mistakes.add(f"[{section}] no such file: {value!r}", section, key, absent=True)
        elif key == "palette":
            try:
                read_palette(_resolve(recipe, value))
            except DeqingGeoError as error:
                mistakes.add(f"[{section}] `{key}` {error}", section, key)
        elif key == "fit":
            from deqing_geo.villages import Fit

            try:
                Fit.load(_resolve(recipe, value))
            except DeqingGeoError as error:
                mistakes.add(f"[{section}] `{key}` {error}", section, key)
        elif (said := _odd_value(key, value)) is not None:
            mistakes.add(f"[{section}] `{key}` {said}", section, key)


def _odd_value(key: str, value: Any) -> str | None:
    """What is wrong with a value that has the right type.

    What only some recipes ask for is loaded for them: to find that nothing changed is quick.
    """
    if key in ("formats", "paper", "dpi", "code", "audience", "review_number"):
        return None  # by `mistaken`, which knows for what
    if key == "datum":
        from deqing_geo.crs import DATUMS

        if value not in DATUMS:
            return f"must be one of {', '.join(DATUMS)}"
    if key == "landuse":
        from deqing_geo.landuse import SYSTEMS

        if value not in SYSTEMS:
            return f"must be one of {', '.join(SYSTEMS)}"
    if key == "facility_class" and value not in (known := columns.vocabulary(key)):
        return f"must be one of {', '.join(known)}"
    if key == "source" and not value.strip():
        return "must say whose outline it is"
    if key in ("as_of", "made_on") and isinstance(value, str):
        try:
            date.fromisoformat(value)
        except ValueError:
            return "must be a date like 2025-12-31"
    if key in ("as_of", "made_on") and isinstance(value, datetime):
        return "must be a day without an hour"
    if key == "stage" and value not in (stages := [*columns.phrases("map_stage").values()]):
        return f"must be one of {', '.join(stages)}"
    if key == "weights":
        from deqing_geo.villages.potential import NAMED

        if value not in NAMED:
            return f"must be one of {', '.join(NAMED)}"
    if key == "columns" and not all(isinstance(field, str) for field in value.values()):
        return "must give a field's name, as text, for each column"
    if isinstance(value, int | float) and key in _FIELDS["speeds"] and not value > 0:
        return "must be above 0 km/h"
    if key == "assume_crs":
        from deqing_geo.crs import identify

        try:
            identify(value)
        except CRSError:
            return "must be a coordinate system like 4549"
    return None


def _check_judging(
    options: dict[str, Any], recipe: Path, law: standards.Standard, mistakes: Mistakes
) -> None:
    """The scheme of village types, and conditions of it to leave out."""
    from deqing_geo.villages.scheme import DEFAULT, load_scheme

    own, skip = options.get("scheme"), options.get("skip", ())
    if "weights" in options and "fit" in options:
        mistakes.add(
            "[villages] `fit` holds weights of its own: leave out it or `weights`",
            "villages",
            "weights",
        )
    if own is not None and not (isinstance(own, str) and _there(_resolve(recipe, own))):
        return
    try:
        ids = load_scheme(DEFAULT if own is None else _resolve(recipe, own), law).ids
    except RecipeError as error:
        for said in error.mistakes or (str(error),):
            mistakes.add(f"[villages] scheme: {said}", "villages", "scheme")
        return
    odd = [rung for rung in skip if rung not in ids] if isinstance(skip, list) else []
    if odd:
        mistakes.add(
            f"[villages] `skip` knows no condition {odd[0]!r}; there are {', '.join(ids)}",
            "villages",
            "skip",
        )


def _check_whole(content: Mapping[str, Any], recipe: Path, mistakes: Mistakes) -> None:
    if not {"towns", "zone", "villages"} & set(content):
        mistakes.add("give [towns], [zone] or [villages]", "")
    if ("parks" in content) != ("homes" in content) and not (
        "homes" in content and "villages" in content
    ):
        there = "parks" if "parks" in content else "homes"
        other = "homes" if there == "parks" else "parks"
        mistakes.add(f"[{there}] needs [{other}] to be measured with", there)
    elif not {"roads", "parks", "villages"} & set(content):
        mistakes.add("nothing to measure: give [roads], or [parks] and [homes], or [villages]", "")
    for section in OF_VILLAGES:
        if section in content and "villages" not in content:
            mistakes.add(f"[{section}] tells of villages: give [villages]", section)
    if "facilities" in content and not {"villages", "zone"} & set(content):
        mistakes.add("[facilities] are counted by village or zone: give [villages]", "facilities")
    for section, other in (("seats", "roads"), ("speeds", "seats"), ("planned_roads", "roads")):
        if section in content and other not in content:
            mistakes.add(f"[{section}] needs [{other}]", section)
    products = content.get("products")
    if isinstance(products, dict):
        if not any(products.values()):
            mistakes.add("[products] names nothing to make", "products")
        for scope, said in faults(products, content):
            mistakes.add(f"[products] {said}", "products", scope)
    for section, key, said in mistaken(content):
        mistakes.add(f"[{section}] {said}", section, key)
    name = content.get("standard", standards.DEFAULT)
    if not isinstance(name, str):
        return
    try:
        law = standards.load(name)
    except StandardsError as error:
        mistakes.add(str(error), "", "standard")
        return
    if isinstance(content.get("villages"), dict):
        _check_judging(content["villages"], recipe, law, mistakes)
    asked = content.get("measures", {})
    wanted = {"road_density": "roads", "park_coverage": "parks"}
    for measure, layer in wanted.items():
        given = isinstance(asked, dict) and measure in asked
        if layer in content and not given and measure not in law.defaults:
            ways = ", ".join(way.key for way in law.ways(measure))
            mistakes.add(
                f"`{name}` has no default: say {measure} under [measures], one of {ways}", ""
            )
    for measure, key in asked.items() if isinstance(asked, dict) else ():
        if measure not in _FIELDS["measures"] or not isinstance(key, str):
            continue
        try:
            law.definition(measure, key)
        except StandardsError as error:
            mistakes.add(str(error), "measures", measure)


class Mistakes:
    """Mistakes with the line they stand on; tomllib keeps no lines, so they are looked up.

    Parameters
    ----------
    lines : mapping
        The line of every section and option, by (section, option).
    """

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.found: list[tuple[int, str]] = []
        self.absent: list[tuple[int, str]] = []

    def add(self, said: str, section: str, key: str = "", *, absent: bool = False) -> None:
        """Add one.

        Parameters
        ----------
        said : str
            A sentence.
        section, key : str
            Where it stands.
        absent : bool
            Whether it is that a file is not there.
        """
        places = ((section, key), (key, ""), (section, ""), ("", section), ("", ""))
        line = next((self.lines[place] for place in places if place in self.lines), 1)
        self.found.append((line, said))
        if absent:
            self.absent.append((line, said))

    def sentences(self) -> list[str]:
        """All of them, by line.

        Returns
        -------
        list of str
            Each begins with its line.
        """
        return [f"line {line}: {said}" for line, said in sorted(self.found, key=lambda one: one[0])]
