"""The list of counties (县区名单): who, by which recipe, with which layers for all.

Every mistake of the list is found before anything runs, and refuses it whole. What is wrong with
one county alone is told of that county, and the others run.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deqing_geo import standards
from deqing_geo.batch.lines import Lines, Places
from deqing_geo.batch.recipe import Mistakes, Recipe, check, check_section, read_toml, recipe_of
from deqing_geo.errors import RecipeError
from deqing_geo.files.naming import stem_of

HALO = "province.halo"
# Layers that one file can hold for all counties.
SHARED = ("roads", "parks", "homes")
_TOP = ("title", "halo_m", "county", "recipe", "shared")
_OF_COUNTY = ("code", "name", "recipe")
_CODE = re.compile(r"[1-9][0-9]{5}")
_FILLED = ("code", "name")
_BLANK = re.compile(r"\{([^{}]*)\}")
# Characters nobody sees: controls, marks of direction, halves, ends of lines.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class County:
    """One county of the list.

    Attributes
    ----------
    code, name : str
        Six digits, and what it is called.
    file : Path
        Its recipe, or the list where the recipe for all is taken; files are named from there.
    content : mapping of str to object
        The recipe as it was written, with the shared layers put in.
    lines : mapping
        The line of every section and option of it.
    shared : tuple of str
        Sections that come from the layers for all.
    fault : str
        Why it cannot run; empty where it can.
    """

    code: str
    name: str
    file: Path
    content: Mapping[str, Any]
    lines: Lines
    shared: tuple[str, ...] = ()
    fault: str = ""

    @property
    def stem(self) -> str:
        """What its folder is called."""
        return stem_of(f"{self.code}{self.name}")

    def recipe(self) -> Recipe:
        """Its recipe, checked where its files are to be read.

        Returns
        -------
        Recipe
            With the shared layers as they lie.

        Raises
        ------
        RecipeError
            If something is wrong with it here.
        """
        return recipe_of(self.content, self.file, self.lines)


@dataclass(frozen=True, slots=True)
class Listing:
    """The list of counties.

    Attributes
    ----------
    path : Path
        Its file.
    title : str
        What the whole is called.
    halo_m : float
        How far around a county the shared layers are read.
    counties : tuple of County
        By their codes.
    shared : mapping of str to mapping
        The layers for all: options of their readers, ``file`` resolved.
    """

    path: Path
    title: str
    halo_m: float
    counties: tuple[County, ...]
    shared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def load_counties(path: str | os.PathLike[str]) -> Listing:
    r"""Read and check a list of counties.

    Parameters
    ----------
    path : path
        A TOML file: ``[[county]]`` with ``code``, ``name`` and, where it has its own, ``recipe``;
        ``[recipe.roads]`` and so on for all others, in which ``{code}`` and ``{name}`` stand for
        the county's; ``[shared.roads]``, ``[shared.parks]``, ``[shared.homes]`` for layers of
        the whole province. Files are relative to the list.

    Returns
    -------
    Listing
        Checked; a county whose own recipe or files are at fault carries its ``fault``.

    Raises
    ------
    RecipeError
        Listing every mistake of the list with its line.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "counties.toml"
    ...     _ = file.write_text("[[county]]\ncode = '330521'\n")
    ...     load_counties(file)
    Traceback (most recent call last):
    ...
    deqing_geo.errors.RecipeError: ...counties.toml: 2 mistakes
      line 1: [[county]] 330521 has no recipe: give it `recipe`, or a [recipe] for all
      line 1: [[county]] needs `name`
    """
    file = Path(path).absolute()
    content, text = read_toml(file)
    places = Places(text)
    wrong: set[tuple[int, str]] = set()
    halo = _check_top(content, file, places, wrong)
    entries = content.get("county")
    shared = _shared(content, file, places, wrong)
    counties: list[County] = []
    for at, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            made = _county(entry, at, content, file, shared, places, wrong)
            counties += [made] if made is not None else []
    wrong |= _of_all(counties, file)
    counties = [_judged(one) for one in counties]
    if wrong:
        count = len(wrong)
        said = [f"line {line}: {one}" for line, one in sorted(wrong)]
        raise RecipeError(f"{file}: {count} mistake{'s' * (count > 1)}", said)
    return Listing(
        path=file,
        title=str(content.get("title", "")),
        halo_m=halo,
        counties=tuple(sorted(counties, key=lambda one: one.code)),
        shared={
            name: {
                key: file.parent / value if key in ("file", "also", "classes") else value
                for key, value in options.items()
            }
            for name, options in shared.items()
        },
    )


# ---------------------------------------------------------------- the list itself


def _check_top(
    content: Mapping[str, Any], file: Path, places: Places, wrong: set[tuple[int, str]]
) -> float:
    from deqing_geo.batch.results import AROUND_M

    for key in content:
        if key not in _TOP:
            known = "title, halo_m, [[county]], [recipe], [shared]"
            wrong.add((places.line(key), f"`{key}` is not known; a list of counties has {known}"))
    if not isinstance(content.get("title", ""), str):
        wrong.add((places.line("title"), "`title` must be text"))
    halo = content.get("halo_m", standards.load().rule(HALO).value)
    if isinstance(halo, bool) or not isinstance(halo, int | float) or not AROUND_M <= halo < 1e6:
        said = f"`halo_m` must be a number of metres, at least {AROUND_M:g}: so far around a county"
        wrong.add((places.line("halo_m"), f"{said} its streets are merged"))
        halo = 0.0
    entries = content.get("county")
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        wrong.add((places.line("county"), "counties are written as [[county]], one after another"))
        return float(halo)
    if not entries:
        wrong.add((places.line("county"), "the list names no county; write [[county]] for each"))
    codes: dict[str, int] = {}
    for at, entry in enumerate(entries):
        line = places.line("county", at)
        for key in entry:
            if key not in _OF_COUNTY:
                said = f"[[county]] has no option `{key}`; it knows {', '.join(_OF_COUNTY)}"
                wrong.add((places.line("county", at, key), said))
        for key in ("code", "name"):
            if key not in entry:
                wrong.add((line, f"[[county]] needs `{key}`"))
            elif not isinstance(entry[key], str) or not entry[key].strip():
                wrong.add((places.line("county", at, key), f"[[county]] `{key}` must be text"))
            elif {unicodedata.category(one) for one in entry[key]} & _UNSEEN:
                said = f"[[county]] `{key}` {entry[key]!r} has characters that cannot be printed"
                wrong.add((places.line("county", at, key), said))
        code = entry.get("code")
        if isinstance(code, str) and not _CODE.fullmatch(code):
            wrong.add((places.line("county", at, "code"), f"`code` {code!r} is not six digits"))
        elif isinstance(code, str) and code in codes:
            said = f"county {code} stands twice, first on line {codes[code]}"
            wrong.add((places.line("county", at, "code"), said))
        elif isinstance(code, str):
            codes[code] = line
    return float(halo)


def _shared(
    content: Mapping[str, Any], file: Path, places: Places, wrong: set[tuple[int, str]]
) -> dict[str, dict[str, Any]]:
    from deqing_geo.reading.boxed import readable_by_place

    given = content.get("shared", {})
    if not isinstance(given, dict):
        wrong.add((places.line("shared"), "layers for all are written as [shared.roads]"))
        return {}
    out: dict[str, dict[str, Any]] = {}
    for name, options in given.items():
        line = places.line("shared", name)
        if name not in SHARED or not isinstance(options, dict):
            known = ", ".join(f"[shared.{one}]" for one in SHARED)
            wrong.add((line, f"`shared.{name}` is not known; layers for all are {known}"))
            continue
        mistakes = Mistakes(places.of("shared"))
        check_section(name, options, file, mistakes)
        wrong |= {
            (at, said.replace(f"[{name}]", f"[shared.{name}]")) for at, said in mistakes.found
        }
        for key in ("file", "also"):
            if isinstance(options.get(key), str) and not readable_by_place(options[key]):
                said = (
                    f"[shared.{name}] the rows of {options[key]!r} cannot be found by place: save "
                    "it as GeoPackage"
                )
                wrong.add((places.line("shared", name, key), said))
        out[name] = options
    return out


def _county(
    entry: dict[str, Any],
    at: int,
    content: Mapping[str, Any],
    file: Path,
    shared: Mapping[str, Mapping[str, Any]],
    places: Places,
    wrong: set[tuple[int, str]],
) -> County | None:
    code, name, own = (entry.get(key) for key in _OF_COUNTY)
    line = places.line("county", at)
    common = content.get("recipe")
    if own is not None and not isinstance(own, str):
        wrong.add((places.line("county", at, "recipe"), "[[county]] `recipe` must be text"))
        return None
    if common is not None and not isinstance(common, dict):
        wrong.add((places.line("recipe"), "the recipe for all is written as [recipe.roads]"))
        return None
    if own is None and common is None:
        said = f"[[county]] {code or at + 1} has no recipe: give it `recipe`, or a [recipe] for all"
        wrong.add((line, said))
        return None
    if not isinstance(code, str) or not isinstance(name, str):
        return None
    lines: Lines
    if own is None:
        for where, blank in _blanks(common, ()):
            known = ", ".join(f"{{{one}}}" for one in _FILLED)
            wrong.add(
                (places.line("recipe", *where), f"{{{blank}}} stands for nothing; {known} do")
            )
        base, lines, written = file, places.of("recipe"), _filled(common, code, name)
        lines = {**places.of("shared"), **lines, ("", ""): places.line("recipe")}
    else:
        base = file.parent / own
        try:
            written, text = read_toml(base)
        except RecipeError as error:
            return County(code, name, base, {}, {}, fault=str(error))
        lines = Places(text).recipe()
    put_in = {one: options for one, options in shared.items() if one not in written}
    for one, options in put_in.items():
        written = {
            **written,
            one: {
                key: str(file.parent / value) if key in ("file", "also", "classes") else value
                for key, value in options.items()
                if not (key in ("file", "also", "classes") and not isinstance(value, str))
            },
        }
    return County(code, name, base, written, lines, shared=tuple(put_in))


def _of_all(counties: list[County], file: Path) -> set[tuple[int, str]]:
    """Mistakes of the recipe for all: those every county that takes it has."""
    taking = [one for one in counties if one.file == file]
    found: list[set[tuple[int, str]]] = []
    for one in taking:
        mistakes = check(one.content, one.file, one.lines)
        lone = {*mistakes.absent} if len(taking) == 1 else set()
        found.append({*mistakes.found} - lone)
    every = set.intersection(*found) if found else set()
    # What is wrong with a shared layer was said where it stands.
    put_in = [f"[{name}]" for one in taking for name in one.shared]
    return {(line, said) for line, said in every if not said.startswith(tuple(put_in))}


def _judged(one: County) -> County:
    """A county with what is wrong with it alone."""
    if one.fault:
        return one
    mistakes = check(one.content, one.file, one.lines)
    if not mistakes.found:
        return one
    said = "; ".join(f"{one.file.name} {text}" for text in mistakes.sentences())
    return County(one.code, one.name, one.file, one.content, one.lines, one.shared, said)


def _filled(given: Any, code: str, name: str) -> Any:
    if isinstance(given, dict):
        return {key: _filled(value, code, name) for key, value in given.items()}
    if isinstance(given, str):
        return given.replace("{code}", code).replace("{name}", name)
    return given


def _blanks(given: Any, where: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    """Words in braces that stand for nothing, by where they stand."""
    if isinstance(given, dict):
        return [found for key, value in given.items() for found in _blanks(value, (*where, key))]
    words = _BLANK.findall(given) if isinstance(given, str) else []
    return [(where, word) for word in words if word not in _FILLED]
