"""The button: the products a recipe names, made where they are not there yet.

A product is known by what it depends on: the sections of the recipe, the bytes of their
files, the program and its libraries. Nothing is decided by a clock or a file's date.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import deqing_geo
from deqing_geo.batch import ledger
from deqing_geo.batch.options import BEFORE
from deqing_geo.batch.pace import Pace
from deqing_geo.batch.products import COUNTED, COUNTY, Product, counted, expanded
from deqing_geo.errors import DeqingGeoError, ExportError, InputError
from deqing_geo.files import parts
from deqing_geo.looks.imprint import imprint_in_use
from deqing_geo.looks.palette import in_use

if TYPE_CHECKING:
    from collections.abc import Callable

    from deqing_geo.batch.job import Job
    from deqing_geo.batch.recipe import Recipe
    from deqing_geo.batch.results import Results
    from deqing_geo.batch.workers import Order, Outcome, Shop

    Tell = Callable[[str, int, int], None]

LIBRARIES = ("geopandas", "shapely", "pyproj", "pyogrio", "folium", "pandas", "numpy")
# How it ended.
WHOLE, PARTLY = "whole", "partly"


@dataclass(frozen=True, slots=True)
class Pressed:
    """How a run ended.

    Attributes
    ----------
    out : Path
        The folder.
    made, kept : tuple of str
        Products made now, and those that stood already.
    failed : mapping of str to str
        Products that could not be made, and why.
    files : int
        How many files stand in the folder by its manifest.
    """

    out: Path
    made: tuple[str, ...]
    kept: tuple[str, ...]
    failed: Mapping[str, str]
    files: int

    @property
    def ended(self) -> str:
        """``whole``, or ``partly`` where something failed."""
        return PARTLY if self.failed else WHOLE


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What is asked, and by what each is known."""

    recipe: Recipe
    keys: Mapping[Product, str]
    inputs: tuple[dict[str, Any], ...]
    # What is made for the next run and was not asked for by name.
    aside: frozenset[str]

    def told(self, units: Iterable[ledger.Unit]) -> tuple[str, ...]:
        """What was asked for, as messages call it."""
        return tuple(_called(one) for one in units if one[1] not in self.aside)


def press(
    recipe: Recipe,
    out: str | os.PathLike[str],
    tell: Tell | None = None,
    *,
    jobs: int = 1,
    resume: bool = False,
) -> Pressed:
    """Make the products a recipe names, where they are not there yet.

    Parameters
    ----------
    recipe : Recipe
        With ``[products]``.
    out : path
        The folder; made if absent. What an earlier run made and this does not goes; other
        files stay.
    tell : callable, optional
        Is told what is being done with rate and time left, how much is done, and of how much.
    jobs : int
        How many processes make products.
    resume : bool
        Whether what a run that was cut off has left is taken up; otherwise all that its
        manifest did not yet vouch for is made again.

    Returns
    -------
    Pressed
        What was made, what stood, what failed.

    Raises
    ------
    InputError
        If the recipe names no products, or `jobs` is below 1.
    ExportError
        If another run holds the folder, it cannot be written, or a layer was replaced while it
        was read.
    """
    if not recipe.products:
        raise InputError("The recipe has no [products]: it is made in one piece by `run`.")
    if jobs < 1:
        raise InputError(f"jobs={jobs}: at least one process is needed.")
    folder = Path(out)
    _refuse_itself(recipe, folder)
    says = tell or (lambda _what, _done, _of: None)
    with ledger.held(folder):
        plan = _planned(recipe)
        book = ledger.Ledger(folder)
        if resume:
            book.resume()
        stood = _all_stand(plan, book)
        if stood is not None and _manifest(plan, stood, {}) == book.manifest:
            return Pressed(folder, (), plan.told(stood), {}, _count(stood))
        log = ledger.Log(folder / ledger.LOG)
        started = time.monotonic()
        log.say(f"begin: {recipe.path.name}, {jobs} process{'es' * (jobs > 1)}")
        records, outcomes, failed = _made(plan, book, stood, says, jobs, log)
        manifest = _manifest(plan, records, failed)
        seconds = {_called(one.order.id): round(one.seconds, 3) for one in outcomes}
        taken = round(time.monotonic() - started, 3)
        try:
            book.end(manifest, {"seconds": seconds, "whole_seconds": taken})
        except ExportError as error:
            log.say(f"FAILED: {error}")
            raise
        made = plan.told(one.order.id for one in outcomes if one.record is not None)
        kept = tuple(name for name in plan.told(records) if name not in {*made})
        log.say(
            f"end after {taken:.1f} s: {len(made)} made, {len(kept)} stood, {len(failed)} failed"
        )
        return Pressed(
            folder,
            made,
            kept,
            MappingProxyType({_called(one): said for one, said in failed.items()}),
            _count(records),
        )


def _refuse_itself(recipe: Recipe, out: Path) -> None:
    """A month is not compared with the folder it is about to be written into."""
    run = recipe.layers.get(BEFORE, {}).get("run")
    if run is not None and Path(run).resolve() in (out.resolve(), (out / COUNTED).resolve()):
        raise InputError(
            f"{recipe.path.name}, line {recipe.lines[BEFORE]}: [before] `run` is the folder these "
            "products go to, so what they are compared with would be written over. Choose another "
            "folder with --out, or copy the earlier run and name the copy."
        )


def _called(unit: ledger.Unit) -> str:
    scope, name, of = unit
    return f"{scope} {name}{f' {of}' if of else ''}"


def _count(records: Mapping[ledger.Unit, Any]) -> int:
    return sum(len(record["files"]) for record in records.values())


# ---------------------------------------------------------------- what each depends on


def _planned(recipe: Recipe) -> _Plan:
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
            by_section.setdefault(section, []).append([entry["file"], entry["sha256"]])
    keys = {}
    for each in asked:
        depends = {
            name: [recipe.options[name], by_section.get(name, [])]
            for name in each.depends_on(recipe.options)
        }
        colours = in_use()
        said = [
            each.scope, each.name, each.make, each.version, recipe.title, recipe.standard,
            sorted(recipe.layers) if each.numbered else [], depends, _program(), _versions(),
            repr(imprint_in_use()),
            None if colours is None else [colours.source, repr(sorted(colours.colours.items()))],
        ]  # fmt: skip
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, default=str)
        keys[each] = hashlib.sha256(text.encode()).hexdigest()
    return _Plan(recipe, keys, inputs, frozenset(one.name for one in aside))


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
                entry = ledger.printed(part, shown.as_posix())
                yield {**entry, "for": list(dict.fromkeys(wanting))}
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror or error}).") from error


@functools.cache
def _program() -> str:
    """The library by its bytes: a mended one makes everything anew."""
    digest = hashlib.sha256()
    room = Path(deqing_geo.__file__).parent
    for file in sorted(room.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":
            digest.update(file.relative_to(room).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


@functools.cache
def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in LIBRARIES}


def _all_stand(plan: _Plan, book: ledger.Ledger) -> dict[ledger.Unit, dict[str, Any]] | None:
    """The records of everything asked; None where anything is to be made."""
    if not book.manifest or book.manifest.get("failed"):
        return None
    units = {
        (one.get("for"), one.get("product")): [each.get("unit") for each in one.get("units", ())]
        for one in book.manifest.get("products", ())
    }
    found = {}
    for each, key in plan.keys.items():
        if (each.scope, each.name) not in units:
            return None
        for unit in units[each.scope, each.name]:
            record = book.stands((each.scope, each.name, unit), key)
            if record is None:
                return None
            found[each.scope, each.name, unit] = record
    return found


# ---------------------------------------------------------------- making


def _made(
    plan: _Plan,
    book: ledger.Ledger,
    stood: dict[ledger.Unit, dict[str, Any]] | None,
    tell: Tell,
    jobs: int,
    log: ledger.Log,
) -> tuple[dict[ledger.Unit, dict[str, Any]], list[Outcome], dict[ledger.Unit, str]]:
    if stood is not None:
        book.begin()
        return stood, [], {}
    from deqing_geo.batch import workers

    pending = _to_measure(plan, book)
    shop, bad = _measured(plan, pending, book.out, tell, log)
    failed: dict[ledger.Unit, str] = {}
    orders: list[Order] = []
    records: dict[ledger.Unit, dict[str, Any]] = {}
    order_of: list[ledger.Unit] = []
    for each, key in plan.keys.items():
        known = _units_known(book, each, key)
        if each not in pending and known is not None:
            wanted: dict[str, str] = dict.fromkeys(known, "")
        else:
            wrong = [bad[part] for part in each.parts(plan.recipe.options) if part in bad]
            if (wrong or shop is None) and each.name in plan.aside:
                continue  # whatever takes it says so
            if wrong or shop is None:
                said = wrong[0] if wrong else next(iter(bad.values()))
                failed[each.scope, each.name, ""] = said
                log.say(f"FAILED {each.scope} {each.name}: {said}")
                continue
            try:
                wanted = _units(each, shop)
            except DeqingGeoError as error:
                failed[each.scope, each.name, ""] = str(error)
                continue
        for unit, stem in wanted.items():
            one = (each.scope, each.name, unit)
            order_of.append(one)
            record = book.stands(one, key)
            if record is None:
                orders.append(workers.Order(each, unit, stem, key))
            else:
                records[one] = record
    if orders and tuple(_printed(plan.recipe, {s for e in plan.inputs for s in e["for"]})) != (
        plan.inputs
    ):
        raise ExportError(
            "A layer was replaced while it was read; nothing was made from it. Run it again."
        )
    book.begin()
    outcomes: list[Outcome] = []
    pace = Pace(len(orders))
    if shop is not None:
        for outcome in workers.make_all(orders, shop, jobs):
            outcomes.append(outcome)
            name = _called(outcome.order.id)
            said = pace.step()
            tell(f"{name} ({said})", len(outcomes), len(orders))
            if outcome.record is None:
                failed[outcome.order.id] = outcome.error
                log.say(f"FAILED {name}: {outcome.error}")
            else:
                records[outcome.order.id] = outcome.record
                log.say(f"made {name} in {outcome.seconds:.1f} s ({said})")
    return {one: records[one] for one in order_of if one in records}, outcomes, failed


def _units(each: Product, shop: Shop) -> dict[str, str]:
    if each.scope == COUNTY:
        return {"": ""}
    from deqing_geo.batch.making import units

    if shop.results.types is None:
        raise InputError(f"{each.scope} {each.name}: no villages were measured.")
    return units(each.scope, shop.results.types)


def _units_known(book: ledger.Ledger, each: Product, key: str) -> list[str] | None:
    """The units of a product that was whole; a county is one."""
    if each.scope == COUNTY:
        return [""] if book.stands((each.scope, each.name, ""), key) else None
    if not book.manifest or any(
        one.get("for") == each.scope and one.get("product") == each.name
        for one in book.manifest.get("failed", ())
    ):
        return None
    units = [
        unit for (scope, name, unit), record in book.records.items()
        if (scope, name) == (each.scope, each.name) and record["key"] == key
    ]  # fmt: skip
    whole = all(book.stands((each.scope, each.name, unit), key) for unit in units)
    return units if units and whole else None


def _to_measure(plan: _Plan, book: ledger.Ledger) -> list[Product]:
    return [each for each, key in plan.keys.items() if _units_known(book, each, key) is None]


def _measured(
    plan: _Plan, wanted: Sequence[Product], out: Path, tell: Tell, log: ledger.Log
) -> tuple[Shop | None, dict[str, str]]:
    """What the products need; a part that cannot be measured does not stop the others."""
    from deqing_geo.batch.workers import Shop

    options = plan.recipe.options
    needed = list(dict.fromkeys(part for each in wanted for part in each.parts(options)))
    bad: dict[str, str] = {}

    def attempt(some: Sequence[str]) -> tuple[Job, Results] | None:
        takes = [each for each in wanted if {*each.parts(options)} <= {*some}]
        sections = {name for each in takes for name in each.depends_on(options)}
        if not takes:
            one = Product("", COUNTY, "", "", needs=tuple(some))
            sections = {*one.depends_on(options)}
        try:
            return _opened(plan.recipe, sections, some, tell)
        except Exception as error:
            notes = " ".join(getattr(error, "__notes__", ()))
            kind = "" if isinstance(error, DeqingGeoError) else f"{type(error).__name__}: "
            bad["+".join(some) or "areas"] = f"{kind}{error} {notes}".strip()
            return None

    found = attempt(needed)
    if found is None:
        first = bad.popitem()[1]
        for part in needed:
            attempt([part])
        good = [part for part in needed if part not in bad]
        log.say(f"cannot be measured: {', '.join(bad) or 'all together'}")
        found = attempt(good) if good else None
        if found is None:
            return None, {**dict.fromkeys(needed, first), "areas": first, **bad}
    job, results = found
    imprint = plan.recipe.imprint or imprint_in_use()
    palette = plan.recipe.palette or in_use()
    return Shop(out, job, results, imprint, palette), bad


def _opened(
    recipe: Recipe, sections: set[str], some: Sequence[str], tell: Tell
) -> tuple[Job, Results]:
    from deqing_geo.batch.job import open_recipe
    from deqing_geo.batch.results import measure

    layers = {name: given for name, given in recipe.layers.items() if name in sections}
    if "zone" in recipe.layers and "roads" in layers:
        layers["roads"] = {"centre_lines": True, **layers["roads"]}
    job = open_recipe(replace(recipe, layers=MappingProxyType(layers)), tell)
    return job, measure(job, tell, parts=some)


# ---------------------------------------------------------------- manifest


def _manifest(
    plan: _Plan, records: Mapping[ledger.Unit, Mapping[str, Any]], failed: Mapping[Any, str]
) -> dict[str, Any]:
    products: list[dict[str, Any]] = []
    for each, key in plan.keys.items():
        mine = [
            record
            for (scope, name, _), record in records.items()
            if (scope, name) == (each.scope, each.name)
        ]
        # All units of a product are counted by the same.
        said = {name: mine[0][name] for name in ledger.SAID} if mine else {}
        units = [{"unit": one["unit"], "files": one["files"]} for one in mine]
        products.append(
            {"for": each.scope, "product": each.name, "key": key, **said, "units": units}
        )
    every = list(records.values())
    seeds = [one["seed"] for one in every if one["seed"] is not None]
    outputs = sorted((entry for one in every for entry in one["files"]), key=lambda e: e["file"])
    definitions = {one["key"]: one for record in every for one in record["definitions"]}
    rules = {key: said for record in every for key, said in record["rules"].items()}
    return {
        "made_by": f"deqing_geo {deqing_geo.__version__}",
        "program": _program(),
        "versions": _versions(),
        "seed": seeds[0] if seeds else None,
        "inputs": list(plan.inputs),
        "outputs": outputs,
        "definitions": [definitions[key] for key in sorted(definitions)],
        "rules": {key: rules[key] for key in sorted(rules)},
        "notices": list(dict.fromkeys(text for one in every for text in one["notices"])),
        "products": products,
        "failed": [
            {"for": scope, "product": name, "unit": unit, "error": said}
            for (scope, name, unit), said in sorted(failed.items())
        ],
    }
