"""What a recipe can ask for under ``[products]``, for whom, and what each depends on.

Nothing is drawn or written here, and nothing that draws is loaded: `making` does that.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deqing_geo.errors import InputError

COUNTY, TOWN, VILLAGE = "county", "each_town", "each_village"
SCOPES = (COUNTY, TOWN, VILLAGE)
# What everything is reported on; a change of these redoes all.
AREAS = ("towns", "zone", "villages")
# What only villages are judged by.
OF_VILLAGES = ("village_table", "seats", "boundaries", "redline", "water_source", "farmland",
               "cropland", "hazards", "fault_lines", "terrain", "population")  # fmt: skip
_JUDGED_BY = (*OF_VILLAGES, "roads", "homes", "facilities", "speeds")
# Each part of the results, and the sections of a recipe it is measured from.
PARTS: dict[str, tuple[str, ...]] = {
    "density": ("roads", "measures"),
    "coverage": ("parks", "homes", "measures"),
    "types": _JUDGED_BY,
    "card": (*_JUDGED_BY, "parks", "planned_roads", "measures"),
}
# Without which sections a part is nothing.
_NEEDED = {
    "density": ("roads",),
    "coverage": ("parks", "homes"),
    "types": ("villages",),
    "card": (),
}
_GROUND = ("farmland", "redline", "water_source", "boundaries", "hazards", "facilities", "terrain")


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that can be made.

    Attributes
    ----------
    name : str
        What the recipe calls it.
    scope : {"county", "each_town", "each_village"}
        For whom it is made.
    says : str
        What it is, in a few words.
    make : str
        The function that writes it, as ``module:function``: it is loaded in the process that
        needs it. It takes a `making.Made` and an empty folder, and leaves its files there, none
        of them in a folder.
    needs : tuple of str
        Parts of the results it cannot be without: ``density``, ``coverage``, ``types``, ``card``.
    shows : tuple of str
        Parts it shows where the recipe has layers for them.
    sections : tuple of str
        Sections of the recipe it depends on beside those.
    version : str
        Of what writes it; another one makes it anew.
    """

    name: str
    scope: str
    says: str
    make: str
    needs: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    version: str = ""

    def parts(self, there: Mapping[str, Any]) -> tuple[str, ...]:
        """The parts of the results it takes.

        Parameters
        ----------
        there : mapping
            The recipe, by section.

        Returns
        -------
        tuple of str
            In the order of `PARTS`.
        """
        shown = {part for part in self.shows if all(name in there for name in _NEEDED[part])}
        return tuple(part for part in PARTS if part in {*self.needs, *shown})

    def depends_on(self, there: Mapping[str, Any]) -> tuple[str, ...]:
        """The sections of a recipe whose change makes it anew.

        Parameters
        ----------
        there : mapping
            The recipe, by section.

        Returns
        -------
        tuple of str
            Of those there are, in the recipe's order.
        """
        asked = {*AREAS, "map", *self.sections}
        for part in self.parts(there):
            asked |= {*PARTS[part]}
        if not {"density", "card"} & {*self.parts(there)} and not {"seats", "facilities"} & {
            *there
        }:
            # Villages meet the roads only on the way to somewhere.
            asked -= {"roads"}
        return tuple(name for name in there if name in asked)

    def loaded(self) -> Callable[..., None]:
        """The function that writes it.

        Returns
        -------
        callable
            Of `make`.

        Raises
        ------
        InputError
            If there is none.
        """
        module, _, function = self.make.partition(":")
        try:
            found: Callable[..., None] = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError) as error:
            raise InputError(f"product {self.name!r} has no {self.make!r}.") from error
        return found


_MAKING = "deqing_geo.batch.making"
_known: dict[tuple[str, str], Product] = {}


def add_product(product: Product) -> Product:
    """Let recipes ask for one product more.

    Parameters
    ----------
    product : Product
        In the place of one of the same name and scope.

    Returns
    -------
    Product
        The same.

    Raises
    ------
    InputError
        If its scope, or a part it needs, is not known.

    Examples
    --------
    >>> add_product(Product("map", "street", "a map", "here:draw"))
    Traceback (most recent call last):
    ...
    deqing_geo.errors.InputError: product 'map': no scope 'street'; county, each_town, each_village.
    """
    if product.scope not in SCOPES:
        raise InputError(
            f"product {product.name!r}: no scope {product.scope!r}; {', '.join(SCOPES)}."
        )
    odd = [part for part in (*product.needs, *product.shows) if part not in PARTS]
    if odd:
        raise InputError(f"product {product.name!r}: no part {odd[0]!r}; {', '.join(PARTS)}.")
    _known[product.scope, product.name] = product
    return product


def product(scope: str, name: str) -> Product:
    """A product by its name.

    Parameters
    ----------
    scope, name : str
        For whom, and which.

    Returns
    -------
    Product
        Of `add_product`.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> product("each_town", "map").needs
    ('types',)
    """
    if (scope, name) not in _known:
        raise InputError(f"{scope} has no product {name!r}; it has {', '.join(names(scope))}.")
    return _known[scope, name]


def names(scope: str) -> tuple[str, ...]:
    """What there is for a scope.

    Parameters
    ----------
    scope : str
        For whom.

    Returns
    -------
    tuple of str
        In the order they were added.

    Examples
    --------
    >>> names("each_village")
    ('map', 'reasons')
    """
    return tuple(name for there, name in _known if there == scope)


def faults(asked: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the products a recipe asks for.

    Parameters
    ----------
    asked : mapping
        Its section ``[products]``.
    there : mapping
        The whole recipe, by section.

    Yields
    ------
    tuple of str
        The option, and a sentence.
    """
    for scope, wanted in asked.items():
        if scope not in SCOPES or not isinstance(wanted, list):
            continue
        seen: set[str] = set()
        for name in wanted:
            if not isinstance(name, str) or (scope, name) not in _known:
                yield scope, f"`{scope}` knows no {name!r}; it knows {', '.join(names(scope))}"
                continue
            if name in seen:
                yield scope, f"`{scope}` asks for {name!r} twice"
            seen.add(name)
            needs = _known[scope, name].needs
            lacking = [one for part in needs for one in _NEEDED[part] if one not in there]
            if scope != COUNTY and "villages" not in there:
                lacking = ["villages"]
            if lacking:
                sections = ", ".join(f"[{one}]" for one in dict.fromkeys(lacking))
                yield scope, f"`{scope}` {name!r} needs {sections}"


for _one in (
    Product("map", COUNTY, "map.html: all that was measured on one map", f"{_MAKING}:county_map",
            shows=("density", "coverage", "types"), sections=_GROUND),
    Product("roads", COUNTY, "road density: tables", f"{_MAKING}:roads", needs=("density",)),
    Product("parks", COUNTY, "park coverage: tables", f"{_MAKING}:parks", needs=("coverage",)),
    Product("layers", COUNTY, "results.gpkg: density, coverage and gaps", f"{_MAKING}:layers",
            shows=("density", "coverage")),
    Product("villages", COUNTY, "types of villages: tables and layer", f"{_MAKING}:villages",
            needs=("types",)),
    Product("scorecard", COUNTY, "the plan's targets (核心指标)", f"{_MAKING}:scorecard",
            needs=("card",), shows=("density", "coverage", "types")),
    Product("summary", COUNTY, "summary.json for machines", f"{_MAKING}:summary",
            needs=("card",), shows=("density", "coverage", "types")),
    Product("tables", COUNTY, "tables for machines (GeoParquet), as a province merges them",
            "deqing_geo.batch.tables:county_tables",
            shows=("density", "coverage", "types", "card")),
    Product("map", TOWN, "a map of each town's villages (分镇图)", f"{_MAKING}:town_map",
            needs=("types",)),
    Product("table", TOWN, "a table of each town's villages (分镇表)", f"{_MAKING}:town_table",
            needs=("types",)),
    Product("map", VILLAGE, "a map of each village", f"{_MAKING}:village_page",
            needs=("types",)),
    Product("reasons", VILLAGE, "why each village is of its type (判定理由)",
            f"{_MAKING}:reasons", needs=("types",)),
):  # fmt: skip
    add_product(_one)
