"""What each product of a recipe depends on: sections, bytes of files, the program, libraries.

Two products with one key are the same bytes. No clock and no file's date is asked.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import deqing_geo
from deqing_geo.batch.layered import layer_digest
from deqing_geo.batch.ledger import printed
from deqing_geo.batch.products import Product, counted, expanded
from deqing_geo.errors import ExportError, InputError
from deqing_geo.files import parts
from deqing_geo.looks.imprint import imprint_in_use
from deqing_geo.looks.palette import in_use

if TYPE_CHECKING:
    from deqing_geo.batch.recipe import Recipe

# Whoever installs another one of these makes everything anew.
LIBRARIES = (
    "geopandas", "shapely", "pyproj", "pyogrio", "rasterio", "folium", "pandas", "numpy", "scipy",
    "networkx", "neatnet", "exactextract", "matplotlib", "openpyxl", "pyarrow",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is asked, and by what each is known.

    Attributes
    ----------
    recipe : Recipe
        With products.
    keys : mapping of Product to str
        In the recipe's order.
    how : mapping of Product to str
        By what the making of each is known, whatever it is made from.
    inputs : tuple of dict
        Every file by its bytes, with the sections that name it.
    aside : frozenset of str
        What is made for the next run and was not asked for by name.
    """

    recipe: Recipe
    keys: Mapping[Product, str]
    how: Mapping[Product, str]
    inputs: tuple[dict[str, Any], ...]
    aside: frozenset[str] = frozenset()

    def require_same(self) -> None:
        """Refuse layers that are no longer what they were when the run began.

        Raises
        ------
        ExportError
            If a file was replaced, or is gone.
        """
        try:
            now = tuple(_printed(self.recipe, {name for one in self.inputs for name in one["for"]}))
        except InputError as error:
            raise ExportError(f"A layer went while it was read: {error}") from error
        if now != self.inputs:
            before = {one["file"]: one for one in self.inputs}
            after = {one["file"]: one for one in now}
            changed = [
                name for name in before | after if before.get(name) != after.get(name)
            ]  # fmt: skip
            raise ExportError(
                f"{', '.join(changed)}: replaced while it was read (读取时文件被替换); nothing was "
                "made from it, and the folder is as it was. Run again."
            )


def planned(recipe: Recipe) -> Plan:
    """Read what the products of a recipe depend on.

    Parameters
    ----------
    recipe : Recipe
        With products.

    Returns
    -------
    Plan
        With a key for each.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    named = [
        one
        for scope, names in recipe.products.items()
        for name in names
        for one in expanded(scope, name, recipe.options)
    ]
    asked = list(dict.fromkeys(named))
    aside = counted(asked, recipe.options)
    asked += aside
    wanted = {one for each in asked for one in each.depends_on(recipe.options)}
    inputs = tuple(_printed(recipe, wanted))
    by_section: dict[str, list[Any]] = {}
    for entry in inputs:
        for section in entry["for"]:
            known = _of_layer(recipe, section, entry["file"]) or entry["sha256"]
            by_section.setdefault(section, []).append([entry["file"], known])
    keys, how = {}, {}
    imprint, colours = recipe.imprint or imprint_in_use(), recipe.palette or in_use()
    for each in asked:
        depends = {
            name: [recipe.options[name], by_section.get(name, [])]
            for name in each.depends_on(recipe.options)
        }
        made_by = [
            each.scope, each.name, each.make, each.version, program(), versions(), repr(imprint),
            None if colours is None else [colours.source, repr(sorted(colours.colours.items()))],
        ]  # fmt: skip
        how[each] = _digest(made_by)
        numbered = sorted(recipe.layers) if each.numbered else []
        keys[each] = _digest([made_by, recipe.title, recipe.standard, numbered, depends])
    return Plan(recipe, keys, how, inputs, frozenset(one.name for one in aside))


def _digest(said: list[Any]) -> str:
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _of_layer(recipe: Recipe, section: str, name: str) -> str | None:
    """The one layer a section takes, where its file holds several and the recipe names it."""
    options = recipe.options[section]
    if "layer" not in options or options.get("file") != name:
        return None
    return layer_digest(recipe.files[name], options["layer"])


def _printed(recipe: Recipe, sections: set[str]) -> Iterator[dict[str, Any]]:
    """Every file once, with the sections that name it."""
    named: dict[str, list[str]] = {}
    for section, options in recipe.options.items():
        if section in sections and isinstance(options, dict):
            for value in options.values():
                if isinstance(value, str) and value in recipe.files:
                    named.setdefault(value, []).append(section)
    for name, wanting in named.items():
        file = recipe.files[name]
        try:
            for part in parts(file):
                base = recipe.path.parent / name
                inside = Path(name) / part.relative_to(base) if base in part.parents else None
                shown = inside or Path(name).with_name(part.name)
                entry = printed(part, shown.as_posix())
                yield {**entry, "for": list(dict.fromkeys(wanting))}
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror or error}).") from error


@functools.cache
def program() -> str:
    """The library by its bytes: a mended one makes everything anew.

    Returns
    -------
    str
        SHA-256 of its files.
    """
    digest = hashlib.sha256()
    room = Path(deqing_geo.__file__).parent
    for file in sorted(room.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":
            digest.update(file.relative_to(room).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """What the products are made with.

    Returns
    -------
    dict of str to str
        Python and libraries.
    """
    found = {name: metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **found}
