"""Products made one by one, here or in other processes, each put in its place whole.

A product that fails is told of and the next is made; what is measured was measured before.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import pickle
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deqing_geo.batch import ledger
from deqing_geo.batch.making import Made
from deqing_geo.errors import DeqingGeoError, ExportError
from deqing_geo.files import parts
from deqing_geo.looks.imprint import Imprint, use_imprint
from deqing_geo.looks.palette import Palette, use_palette

if TYPE_CHECKING:
    from deqing_geo.batch.job import Job
    from deqing_geo.batch.products import Product
    from deqing_geo.batch.results import Results

# A process ends after so many products: whatever a library keeps of them goes with it.
PRODUCTS_A_PROCESS = 200
# So many orders wait for each process; what is not yet asked for takes no memory.
AHEAD = 2


@dataclass(frozen=True, slots=True)
class Order:
    """One product for one unit.

    Attributes
    ----------
    product : Product
        Which.
    unit, stem : str
        Of what, and with what its files' names begin.
    key : str
        What it depends on.
    """

    product: Product
    unit: str
    stem: str
    key: str

    @property
    def id(self) -> ledger.Unit:
        """For whom, which, and of what."""
        return (self.product.scope, self.product.name, self.unit)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an order ended.

    Attributes
    ----------
    order : Order
        Which.
    record : dict or None
        Its files; None where it failed.
    error : str
        Why.
    seconds : float
        How long it took.
    """

    order: Order
    record: dict[str, Any] | None
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Shop:
    """What every order is made from.

    Attributes
    ----------
    out : Path
        The folder.
    job : Job
        The layers.
    results : Results
        What was measured.
    imprint : Imprint
        Of every map.
    palette : Palette or None
        The bureau's own colours.
    """

    out: Path
    job: Job
    results: Results
    imprint: Imprint
    palette: Palette | None


def make_all(orders: Sequence[Order], shop: Shop, jobs: int = 1) -> Iterator[Outcome]:
    """Make products, in this process or in several.

    Parameters
    ----------
    orders : sequence of Order
        What is wanted.
    shop : Shop
        What it is made from.
    jobs : int
        How many processes; one is this one.

    Yields
    ------
    Outcome
        Of every order once, as they end.
    """
    jobs = min(jobs, len(orders))
    if jobs <= 1:
        for order in orders:
            yield make_one(order, shop)
        return
    packed = _packed(shop)
    left = list(orders)
    try:
        for outcome in _in_processes(orders, packed, jobs):
            left.remove(outcome.order)
            yield outcome
    except BrokenProcessPool:
        # A process was killed, perhaps for want of memory: what was in hand is not known, so
        # every order that is left gets a process of its own, one at a time.
        for order in left:
            try:
                yield next(_in_processes([order], packed, 1))
            except BrokenProcessPool:
                yield Outcome(order, None, "its process was ended by the system (memory?)")


def _in_processes(orders: Sequence[Order], packed: bytes, jobs: int) -> Iterator[Outcome]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        jobs,
        mp_context=context,
        initializer=_move_in,
        initargs=(packed,),
        max_tasks_per_child=PRODUCTS_A_PROCESS,
    )
    try:
        waiting, running = list(reversed(orders)), set[Future[Outcome]]()
        while waiting or running:
            while waiting and len(running) < jobs * AHEAD:
                running.add(pool.submit(_make_here, waiting.pop()))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for one in done:
                yield one.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_here: list[Shop] = []


def _move_in(packed: bytes) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A process whose run was killed must not write on into a folder another run holds.
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _here[:] = [pickle.loads(packed)]


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _make_here(order: Order) -> Outcome:
    return make_one(order, _here[0])


def make_one(order: Order, shop: Shop) -> Outcome:
    """Make one product and put its files in their place.

    Parameters
    ----------
    order : Order
        Which.
    shop : Shop
        What it is made from.

    Returns
    -------
    Outcome
        Also where it failed.
    """
    started = time.perf_counter()
    state = shop.out / ledger.STATE
    name = ledger.record_name(order.id)
    draft = state / ledger.DRAFTS / name
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with use_imprint(shop.imprint), use_palette(shop.palette):
            made = Made(shop.job, shop.results, order.unit, order.stem)
            order.product.loaded()(made, draft)
        record = _placed(order, shop, draft, state / ledger.DONE / f"{name}.json")
    except OSError as error:
        said = str(error) if isinstance(error, DeqingGeoError) else (error.strerror or str(error))
        return Outcome(order, None, said, time.perf_counter() - started)
    except Exception as error:
        # Whatever is wrong with one product, the others are made.
        said = (
            str(error) if isinstance(error, DeqingGeoError) else f"{type(error).__name__}: {error}"
        )
        return Outcome(order, None, said, time.perf_counter() - started)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Outcome(order, record, "", time.perf_counter() - started)


def _placed(order: Order, shop: Shop, draft: Path, kept: Path) -> dict[str, Any]:
    """The record first: a run that is cut off between the two knows the files by their bytes."""
    folder = order.product.place
    # A geodatabase is a folder of files.
    files = {one.relative_to(draft).as_posix(): one for one in sorted(draft.rglob("*"))
             if one.is_file()}  # fmt: skip
    mine = {part.resolve() for file in shop.job.inputs.values() for part in parts(file)}
    for name, file in files.items():
        if (shop.out / folder / name).resolve() in mine:
            raise ExportError(f"{name} is an input and would be overwritten.")
        with file.open("rb+") as handle:
            os.fsync(handle.fileno())
    scope, product, unit = order.id
    record = {
        "for": scope,
        "product": product,
        "unit": unit,
        "key": order.key,
        "files": [ledger.printed(file, f"{folder}{name}") for name, file in files.items()],
        **said_of(order.product, shop.results),
    }
    ledger.write_json(kept, record)
    for name, file in files.items():
        target = shop.out / folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, target)
    return record


def said_of(product: Product, results: Results) -> dict[str, Any]:
    """What the manifest says a product was counted by.

    Parameters
    ----------
    product : Product
        Which.
    results : Results
        What it was made from.

    Returns
    -------
    dict
        ``definitions``, ``rules``, ``notices`` and ``seed``.
    """
    takes = {*product.needs, *product.shows}
    if "siting" in takes:
        takes.add("coverage")
    found = [
        one
        for part, one in (("density", results.density), ("coverage", results.coverage))
        if part in takes and one is not None
    ]
    types = results.types if takes & {"types", "card"} else None
    notices = [text for one in (*found, *([types] if types else [])) for text in one.notices]
    return {
        "definitions": [{"key": one.definition.key, "line": one.definition.line} for one in found],
        "rules": {} if types is None else {rule.key: str(rule) for rule in types.sources},
        "notices": list(dict.fromkeys(notices)),
        "seed": None if types is None else types.asked["seed"],
    }


# ---------------------------------------------------------------- what travels


def _mapping(plain: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(plain)


class _Packer(pickle.Pickler):
    """Read-only mappings travel too."""

    def reducer_override(self, one: Any) -> Any:
        if type(one) is MappingProxyType:
            return _mapping, (dict(one),)
        return NotImplemented


def _packed(shop: Shop) -> bytes:
    with contextlib.closing(io.BytesIO()) as buffer:
        _Packer(buffer, pickle.HIGHEST_PROTOCOL).dump(shop)
        return buffer.getvalue()
