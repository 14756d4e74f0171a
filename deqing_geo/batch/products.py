"""What a recipe can ask for under ``[products]``, for whom, and what each depends on.

Nothing is drawn or written here, and nothing that draws is loaded: `making` does that.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deqing_geo.errors import InputError

COUNTY, TOWN, VILLAGE = "county", "each_town", "each_village"
SCOPES = (COUNTY, TOWN, VILLAGE)
# What everything is reported on; a change of these redoes all.
AREAS = ("county", "towns", "zone", "villages")
# What only villages are judged by.
OF_VILLAGES = ("village_table", "seats", "boundaries", "redline", "water_source", "farmland",
               "cropland", "hazards", "fault_lines", "terrain", "population")  # fmt: skip
_JUDGED_BY = (*OF_VILLAGES, "roads", "homes", "facilities", "speeds")
# Each part of the results, and the sections of a recipe it is measured from.
PARTS: dict[str, tuple[str, ...]] = {
    "density": ("roads", "measures"),
    "coverage": ("parks", "homes", "measures"),
    "types": _JUDGED_BY,
    "siting": ("parks", "homes", "measures"),
    "card": (*_JUDGED_BY, "parks", "planned_roads", "measures"),
}
# Without which sections a part is nothing.
_NEEDED = {
    "density": ("roads",),
    "coverage": ("parks", "homes"),
    "types": ("villages",),
    "siting": ("parks", "homes"),
    "card": (),
}
# Where files of a product stand, unless it has a folder of its own.
FOLDERS = {COUNTY: "", TOWN: "towns/", VILLAGE: "villages/"}
# What the next run is compared with (`deqing_geo.batch.counted`), and pages of the atlas.
COUNTED, ATLAS, EXPORT = "counted", "atlas", "export"
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
        needs it. It takes a `making.Made` and an empty folder, and leaves its files there.
    needs : tuple of str
        Parts of the results it cannot be without: words of `PARTS`.
    shows : tuple of str
        Parts it shows where the recipe has layers for them.
    sections : tuple of str
        Sections of the recipe it depends on beside those.
    asks : tuple of str
        Those of them it cannot be without.
    any_of : bool
        Whether it cannot be without at least one of the parts it shows.
    folder : str
        Where its files stand, in the place of the scope's own folder.
    numbered : bool
        Whether it bears a number that hangs on what else there is to measure.
    version : str
        Of what writes it; another one makes it anew.
    sliced : bool
        Whether it is made from the types of its own unit and the frame around it alone
        (`slicing.own_part`): then it is made anew only where these changed.
    """

    name: str
    scope: str
    says: str
    make: str
    needs: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    any_of: bool = False
    folder: str = ""
    numbered: bool = False
    version: str = ""
    sliced: bool = False

    @property
    def place(self) -> str:
        """Where its files stand: a folder with ``/``, or nothing."""
        return f"{self.folder}/" if self.folder else FOLDERS[self.scope]

    def lacks(self, there: Mapping[str, Any]) -> list[str]:
        """The sections it cannot be without and that are not there.

        Parameters
        ----------
        there : mapping
            The recipe, by section.

        Returns
        -------
        list of str
            Each once; empty where it can be made.
        """
        needed = [one for part in self.needs for one in _NEEDED[part]]
        lacking = [one for one in (*needed, *self.asks) if one not in there]
        if self.scope != COUNTY and "villages" not in there:
            lacking = ["villages"]
        if self.any_of and not lacking and not self.parts(there):
            lacking = [*_NEEDED[self.shows[0]]]
        return list(dict.fromkeys(lacking))

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
        asked = {*AREAS, "map", "as_of"}
        for part in self.parts(there):
            asked |= {*PARTS[part]}
        if not {"density", "card"} & {*self.parts(there)} and not {"seats", "facilities"} & {
            *there
        }:
            # Villages meet the roads only on the way to somewhere.
            asked -= {"roads"}
        asked |= {*self.sections, *self.asks}
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
_PAGES, _FILED = "deqing_geo.batch.pages", "deqing_geo.batch.filed"
_MONTHS, _KEPT = "deqing_geo.batch.months", "deqing_geo.batch.counted"
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


def expanded(scope: str, name: str, there: Mapping[str, Any]) -> tuple[Product, ...]:
    """The products a name stands for: itself, or those of a group that can be made.

    Parameters
    ----------
    scope, name : str
        For whom, and which.
    there : mapping
        The recipe, by section.

    Returns
    -------
    tuple of Product
        In the group's order.

    Raises
    ------
    InputError
        If there is none of that name.

    Examples
    --------
    >>> [one.name for one in expanded("county", "atlas", {"roads": {}})]
    ['page_roads', 'page_density']
    """
    if (scope, name) not in GROUPS:
        return (product(scope, name),)
    several = [product(scope, one) for one in GROUPS[scope, name]]
    return tuple(one for one in several if not one.lacks(there))


def counted(several: Iterable[Product], there: Mapping[str, Any]) -> tuple[Product, ...]:
    """What a run keeps beside its products, so that the next can be compared with it.

    Parameters
    ----------
    several : iterable of Product
        What is made.
    there : mapping
        The recipe, by section.

    Returns
    -------
    tuple of Product
        One for each part that a product takes and months are compared by.
    """
    taken = {part for one in several for part in one.parts(there)}
    return tuple(one for part, one in _COUNTED.items() if part in taken)


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
    return tuple(name for there, name in (*_known, *GROUPS) if there == scope)


def says(scope: str, name: str) -> str:
    """What a product, or a group of them, is.

    Parameters
    ----------
    scope, name : str
        For whom, and which.

    Returns
    -------
    str
        A few words.

    Examples
    --------
    >>> says("county", "papers")
    'papers_villages, papers_roads, papers_parks, method, by_hand'
    """
    group = GROUPS.get((scope, name))
    return ", ".join(group) if group else product(scope, name).says


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
            if not isinstance(name, str) or name not in names(scope):
                yield scope, f"`{scope}` knows no {name!r}; it knows {', '.join(names(scope))}"
                continue
            if name in seen:
                yield scope, f"`{scope}` asks for {name!r} twice"
            seen.add(name)
            if (scope, name) in GROUPS:
                if not expanded(scope, name, there):
                    yield scope, f"`{scope}` {name!r}: none of {says(scope, name)} can be made"
            elif lacking := _known[scope, name].lacks(there):
                sections = ", ".join(f"[{one}]" for one in lacking)
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
            needs=("types",), sliced=True),
    Product("table", TOWN, "a table of each town's villages (分镇表)", f"{_MAKING}:town_table",
            needs=("types",), sliced=True),
    Product("map", VILLAGE, "a map of each village", f"{_MAKING}:village_page",
            needs=("types",), sliced=True),
    Product("page_types", COUNTY, "printed page: 县域村庄分类图", f"{_PAGES}:types",
            needs=("types",), sections=("atlas",), folder=ATLAS, numbered=True),
    Product("page_roads", COUNTY, "printed page: 建成区路网图", f"{_PAGES}:roads",
            needs=("density",), sections=("atlas",), folder=ATLAS, numbered=True),
    Product("page_density", COUNTY, "printed page: 路网密度分区图", f"{_PAGES}:density",
            needs=("density",), sections=("atlas",), folder=ATLAS, numbered=True),
    Product("page_coverage", COUNTY, "printed page: 公园绿地服务半径覆盖图(含盲区)",
            f"{_PAGES}:coverage", needs=("coverage",), sections=("atlas",), folder=ATLAS,
            numbered=True),
    Product("page_sites", COUNTY, "printed page: 口袋公园建议选址图", f"{_PAGES}:sites",
            needs=("coverage", "siting"), sections=("atlas",), folder=ATLAS, numbered=True),
    Product("book", COUNTY, "all printed pages in one PDF with bookmarks and a list (图集)",
            f"{_PAGES}:book", shows=("density", "coverage", "types", "siting"), any_of=True,
            sections=("atlas",), folder=ATLAS),
    Product("papers_villages", COUNTY, "papers to sign: 村庄分类情况统计表, 分镇汇总表, "
            "调整建议表, 台账", f"{_FILED}:villages", needs=("types",)),
    Product("papers_roads", COUNTY, "paper to sign: 道路计入明细表", f"{_FILED}:roads",
            needs=("density",)),
    Product("papers_parks", COUNTY, "papers to sign: 公园计入明细表, 服务盲区清单, 建议选址清单",
            f"{_FILED}:parks", needs=("coverage", "siting"), sections=("roads",)),
    Product("method", COUNTY, "测算方法说明 of each figure (Word)", f"{_FILED}:method",
            shows=("density", "coverage", "types"), any_of=True),
    Product("by_hand", COUNTY, "手工核对: five steps in ArcGIS for each figure (Word)",
            f"{_FILED}:by_hand", shows=("density", "coverage"), any_of=True),
    Product("export", COUNTY, "layers and tables in the formats of [export]",
            f"{_FILED}:export", shows=("density", "coverage", "types"), any_of=True,
            sections=("export",), folder=EXPORT),
    Product("changes", COUNTY, "what is other than in the run [before] names: tables, and the "
            "month's bulletin (月度变化通报)", f"{_MONTHS}:changes",
            shows=("density", "coverage", "types"), any_of=True, asks=("before",)),
    Product("page", TOWN, "a printed page of each town (分镇图)", f"{_PAGES}:town",
            needs=("types",), sections=("atlas",), folder=ATLAS),
    Product("reasons", VILLAGE, "why each village is of its type (判定理由)",
            f"{_MAKING}:reasons", needs=("types",), sliced=True),
):  # fmt: skip
    add_product(_one)

# Names that stand for several products; of these those are made that can be.
GROUPS: dict[tuple[str, str], tuple[str, ...]] = {
    (COUNTY, "atlas"): ("page_types", "page_roads", "page_density", "page_coverage", "page_sites"),
    (COUNTY, "papers"): ("papers_villages", "papers_roads", "papers_parks", "method", "by_hand"),
}
_COUNTED = {
    part: Product(f"counted_{name}", COUNTY, f"{name} as they were counted, for the next run",
                  f"{_KEPT}:keep_{name}", needs=(part,), folder=COUNTED)
    for part, name in (("density", "roads"), ("coverage", "parks"), ("types", "villages"))
}  # fmt: skip
