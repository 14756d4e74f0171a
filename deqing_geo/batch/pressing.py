"""The button: the products a recipe names, made where they are not there yet.

A product is known by what it depends on (`depending`); what stands is known by its bytes
(`ledger`). Nothing is decided by a clock or a file's date.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import deqing_geo
from deqing_geo.batch import ledger
from deqing_geo.batch.depending import Plan, planned, program, versions
from deqing_geo.batch.options import BEFORE
from deqing_geo.batch.pace import Pace
from deqing_geo.batch.products import COUNTED, COUNTY, Product
from deqing_geo.errors import DeqingGeoError, ExportError, InputError
from deqing_geo.files import parts
from deqing_geo.looks.imprint import imprint_in_use
from deqing_geo.looks.palette import in_use

if TYPE_CHECKING:
    from collections.abc import Callable

    from deqing_geo.batch.holding import Hold
    from deqing_geo.batch.job import Job
    from deqing_geo.batch.recipe import Recipe
    from deqing_geo.batch.results import Results
    from deqing_geo.batch.workers import Order, Outcome, Shop

    Tell = Callable[[str, int, int], None]

# How it ended.
WHOLE, PARTLY = "whole", "partly"
# Of a file of an earlier run that could not be removed.
_LEFT = ("", "file of an earlier run")


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
    with ledger.held(folder) as hold:
        plan = planned(recipe)
        book = ledger.Ledger(folder)
        if resume:
            book.resume()
        stood = _all_stand(plan, book)
        if stood is not None and _manifest(plan, stood, {}, {}) == book.manifest:
            book.tidy()
            return Pressed(folder, (), _told(plan, stood), {}, _count(stood))
        run = _Run(plan, book, hold, ledger.Log(folder / ledger.LOG), says, jobs)
        run.log.say(f"begin 开始: {recipe.path.name}, jobs={jobs}{', --resume' * resume}")
        try:
            return run.press(stood)
        except (DeqingGeoError, OSError) as error:
            run.log.say(f"ENDED 中止: {error}")
            book.drop_drafts()
            raise
        except KeyboardInterrupt:
            run.log.say("INTERRUPTED 中断; go on with --resume")
            book.drop_drafts()
            raise


def _refuse_itself(recipe: Recipe, out: Path) -> None:
    """A month is not compared with the folder it is about to be written into."""
    run = recipe.layers.get(BEFORE, {}).get("run")
    if run is not None and Path(run).resolve() in (out.resolve(), (out / COUNTED).resolve()):
        raise InputError(
            f"{recipe.path.name}, line {recipe.lines[BEFORE]}: [before] `run` is the folder these "
            "products go to, so what they are compared with would be written over. Choose another "
            "folder with --out, or copy the earlier run and name the copy."
        )


def _told(plan: Plan, units: Iterable[ledger.Unit]) -> tuple[str, ...]:
    """What was asked for, as messages call it."""
    return tuple(_called(one) for one in units if one[1] not in plan.aside)


def _called(unit: ledger.Unit) -> str:
    scope, name, of = unit
    return " ".join(part for part in (scope, name, of) if part)


def _count(records: Mapping[ledger.Unit, Any]) -> int:
    return sum(len(record["files"]) for record in records.values())


def _all_stand(plan: Plan, book: ledger.Ledger) -> dict[ledger.Unit, dict[str, Any]] | None:
    """The records of everything asked; None where anything is to be made."""
    found = {}
    for each, key in plan.keys.items():
        units = book.complete(each.scope, each.name, key, one=each.scope == COUNTY)
        if units is None:
            return None
        for unit in units:
            one = (each.scope, each.name, unit)
            found[one] = book.records[one]
    return found


# ---------------------------------------------------------------- a run


@dataclass(slots=True, eq=False)
class _Run:
    """One run, from what stands to the manifest."""

    plan: Plan
    book: ledger.Ledger
    hold: Hold
    log: ledger.Log
    tell: Tell
    jobs: int

    def press(self, stood: dict[ledger.Unit, dict[str, Any]] | None) -> Pressed:
        started = time.monotonic()
        failed: dict[ledger.Unit, str] = {}
        outcomes: list[Outcome] = []
        if stood is None:
            records = self.make(outcomes, failed)
        else:
            self.book.begin()
            records = stood
        for one in [one for one, record in records.items() if not self.book.is_whole(record)]:
            self.hold.require()
            self.fail(failed, one, "changed or removed while the run was at work; run again")
            self.book.earlier |= {entry["file"] for entry in records.pop(one)["files"]}
        now = {entry["file"] for record in records.values() for entry in record["files"]}
        spare = [part for file in self.plan.recipe.files.values() for part in parts(file)]
        left = self.book.sweep(now, spare)
        for name, said in left.items():
            self.log.say(f"LEFT 未能删除 {name}: {said}")
        seconds = {_called(one.order.id): round(one.seconds, 3) for one in outcomes}
        taken = round(time.monotonic() - started, 3)
        self.book.end(
            _manifest(self.plan, records, failed, left),
            {"seconds": seconds, "whole_seconds": taken},
        )
        told = _told(self.plan, records)
        new = {_called(one.order.id) for one in outcomes if one.record is not None}
        made = tuple(name for name in told if name in new)
        kept = tuple(name for name in told if name not in new)
        failed |= {(*_LEFT, name): said for name, said in left.items()}
        self.log.say(
            f"end 结束: {len(made)} made, {len(kept)} stood, {len(failed)} failed "
            f"(成 {len(made)}, 原有 {len(kept)}, 未成 {len(failed)}), {taken:.1f} s"
        )
        return Pressed(
            self.book.out,
            made,
            kept,
            MappingProxyType({_called(one): said for one, said in failed.items()}),
            _count(records),
        )

    def make(
        self, outcomes: list[Outcome], failed: dict[ledger.Unit, str]
    ) -> dict[ledger.Unit, dict[str, Any]]:
        """The records of what stands in the end, in the recipe's order."""
        from deqing_geo.batch import workers
        from deqing_geo.batch.slicing import Slices

        known = {
            each: self.book.complete(each.scope, each.name, key, one=each.scope == COUNTY)
            for each, key in self.plan.keys.items()
        }
        began = time.monotonic()
        shop, bad = self.measured([each for each, units in known.items() if units is None])
        # Before anything is written: what was replaced meanwhile leaves the folder as it was.
        self.plan.require_same()
        self.log.say(f"measured 已测算: {time.monotonic() - began:.1f} s")
        slices = None if shop is None else Slices(shop, self.plan.how)
        orders: list[Order] = []
        records: dict[ledger.Unit, dict[str, Any]] = {}
        order_of: list[ledger.Unit] = []
        for each, key in self.plan.keys.items():
            wanted = dict.fromkeys(known[each] or (), "")
            if not wanted:
                wrong = [bad[part] for part in each.parts(self.plan.recipe.options) if part in bad]
                if (wrong or shop is None) and each.name in self.plan.aside:
                    continue  # whatever takes it says so
                if wrong or shop is None:
                    said = wrong[0] if wrong else next(iter(bad.values()))
                    self.fail(failed, (each.scope, each.name, ""), said)
                    continue
                try:
                    wanted = _units(each, shop)
                except DeqingGeoError as error:
                    self.fail(failed, (each.scope, each.name, ""), str(error))
                    continue
            for unit, stem in wanted.items():
                one = (each.scope, each.name, unit)
                order_of.append(one)
                record = self.book.stands(one, key)
                part = "" if record or slices is None else slices.key(each, unit, stem)
                if record is None and shop is not None:
                    record = self.book.same_part(one, part)
                    if record is not None:
                        # The same bytes from other layers: it is known by those from now on.
                        record = {**record, "key": key, **workers.said_of(each, shop.results)}
                if record is None:
                    orders.append(workers.Order(each, unit, stem, key, part))
                else:
                    records[one] = record
        self.book.begin()
        if shop is not None:
            self.work(orders, shop, outcomes, failed)
        records |= {one.order.id: one.record for one in outcomes if one.record is not None}
        self.hold.require()
        return {one: records[one] for one in order_of if one in records}

    def work(
        self,
        orders: Sequence[Order],
        shop: Shop,
        outcomes: list[Outcome],
        failed: dict[ledger.Unit, str],
    ) -> None:
        from deqing_geo.batch import workers

        pace = Pace(len(orders), together=self.jobs > 1)
        if self.jobs > 1:
            self.tell("processes", 0, len(orders))
        for outcome in workers.make_all(orders, shop, self.hold, self.jobs):
            outcomes.append(outcome)
            name = _called(outcome.order.id)
            said = pace.step()
            if outcome.ends:
                raise ExportError(outcome.ends)
            self.tell(f"{name} ({said})", len(outcomes), len(orders))
            if outcome.record is None:
                self.fail(failed, outcome.order.id, outcome.error)
            else:
                files = {entry["file"] for entry in outcome.record["files"]}
                self.book.earlier |= files
                self.log.say(f"made 做成 {name} {outcome.seconds:.1f} s ({said})")

    def fail(self, failed: dict[ledger.Unit, str], one: ledger.Unit, said: str) -> None:
        failed[one] = said
        self.log.say(f"FAILED 未成 {_called(one)}: {said}")

    def measured(self, wanted: Sequence[Product]) -> tuple[Shop | None, dict[str, str]]:
        """What the products need; a part that cannot be measured does not stop the others."""
        from deqing_geo.batch.workers import Shop

        recipe = self.plan.recipe
        needed = list(dict.fromkeys(part for each in wanted for part in each.parts(recipe.options)))
        bad: dict[str, str] = {}

        def attempt(some: Sequence[str]) -> tuple[Job, Results] | None:
            takes = [each for each in wanted if {*each.parts(recipe.options)} <= {*some}]
            if not takes:
                takes = [Product("", COUNTY, "", "", needs=tuple(some))]
            sections = {name for each in takes for name in each.depends_on(recipe.options)}
            try:
                return _opened(recipe, sections, some, self.tell)
            except Exception as error:
                notes = " ".join(getattr(error, "__notes__", ()))
                kind = "" if isinstance(error, DeqingGeoError) else f"{type(error).__name__}: "
                bad["+".join(some) or "areas"] = f"{kind}{error} {notes}".strip()
                return None

        found = attempt(needed)
        if found is None:
            self.plan.require_same()
            first = bad.popitem()[1]
            for part in needed:
                attempt([part])
            good = [part for part in needed if part not in bad]
            self.log.say(
                f"cannot be measured 未能测算: {', '.join(bad) or 'all together'}: {first}"
            )
            found = attempt(good) if good else None
            if found is None:
                return None, {**dict.fromkeys(needed, first), "areas": first, **bad}
        job, results = found
        imprint = recipe.imprint or imprint_in_use()
        palette = recipe.palette or in_use()
        spared = {part.resolve() for file in recipe.files.values() for part in parts(file)}
        known = frozenset(self.book.earlier)
        return Shop(self.book.out, job, results, imprint, palette, frozenset(spared), known), bad


def _units(each: Product, shop: Shop) -> dict[str, str]:
    if each.scope == COUNTY:
        return {"": ""}
    from deqing_geo.batch.making import units

    if shop.results.types is None:
        raise InputError(f"{each.scope} {each.name}: no villages were measured.")
    return units(each.scope, shop.results.types)


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
    plan: Plan,
    records: Mapping[ledger.Unit, Mapping[str, Any]],
    failed: Mapping[ledger.Unit, str],
    left: Mapping[str, str],
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
        units = [{name: one[name] for name in ("unit", "part", "files")} for one in mine]
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
        "program": program(),
        "versions": versions(),
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
        # Of an earlier run, and not to be trusted: it could not be removed.
        "left": [{"file": name, "error": said} for name, said in left.items()],
    }
