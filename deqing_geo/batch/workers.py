"""Products made one by one, here or in other processes, each put in its place whole.

A product that fails is told of and the next is made; what is measured was measured before.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo.batch import ledger, slicing, trouble
from deqing_geo.batch.holding import GoneError, Hold, working_in
from deqing_geo.batch.making import Made
from deqing_geo.errors import ExportError, InputError
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
    part : str
        What of the county it is made from, by content; empty where that is all of it.
    """

    product: Product
    unit: str
    stem: str
    key: str
    part: str = ""

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
    ends : str
        Why nothing more can be made; empty where the others can.
    """

    order: Order
    record: dict[str, Any] | None
    error: str = ""
    seconds: float = 0.0
    ends: str = ""


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
    spared : frozenset of Path
        The files it was made from: never written over.
    known : frozenset of str
        What earlier runs have written into the folder; another file there is somebody's own.
    """

    out: Path
    job: Job
    results: Results
    imprint: Imprint
    palette: Palette | None
    spared: frozenset[Path] = frozenset()
    known: frozenset[str] = frozenset()


def make_all(orders: Sequence[Order], shop: Shop, hold: Hold, jobs: int = 1) -> Iterator[Outcome]:
    """Make products, in this process or in several.

    Parameters
    ----------
    orders : sequence of Order
        What is wanted.
    shop : Shop
        What it is made from.
    hold : Hold
        The folder, which is held.
    jobs : int
        How many processes; one is this one.

    Yields
    ------
    Outcome
        Of every order once, as they end.

    Raises
    ------
    InputError
        If processes cannot be started.
    """
    jobs = min(jobs, len(orders))
    if jobs <= 1:
        for order in orders:
            yield make_one(order, shop, hold)
        return
    packed = slicing.packed(shop)
    left = list(orders)
    while left:
        pool = _Pool(packed, jobs)
        try:
            for outcome in pool.make(left):
                left.remove(outcome.order)
                yield outcome
        except BrokenProcessPool:
            # A process was killed, perhaps for want of memory. What was in hand is tried once
            # more, one at a time; then the rest goes on, with one process less.
            for outcome in _one_by_one(pool.in_hand, packed):
                left.remove(outcome.order)
                yield outcome
            jobs = max(1, jobs - 1)


def _one_by_one(orders: Sequence[Order], packed: bytes) -> Iterator[Outcome]:
    left = list(orders)
    while left:
        pool = _Pool(packed, 1, ahead=1)
        try:
            for outcome in pool.make(left):
                left.remove(outcome.order)
                yield outcome
        except BrokenProcessPool:
            # Only one was in hand: it is the one.
            (order,) = pool.in_hand
            left.remove(order)
            yield Outcome(order, None, "its process was ended by the system (memory? 内存不足?)")


class _Pool:
    """Processes of this run; they end with it, however it ends."""

    def __init__(self, packed: bytes, jobs: int, ahead: int = AHEAD) -> None:
        self.packed, self.jobs, self.ahead = packed, jobs, ahead
        self.in_hand: list[Order] = []

    def make(self, orders: Sequence[Order]) -> Iterator[Outcome]:
        others = {*multiprocessing.active_children()}
        pool = ProcessPoolExecutor(
            self.jobs,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_move_in,
            initargs=(self.packed,),
            max_tasks_per_child=PRODUCTS_A_PROCESS,
        )
        waiting, running = deque(orders), dict[Future[Outcome], Order]()
        try:
            try:
                pool.submit(_is_here).result()
            except BrokenProcessPool as error:
                raise InputError(
                    f"jobs={self.jobs}: no process could be started. A script that asks for "
                    "several does so under `if __name__ == '__main__':`; or leave jobs at 1."
                ) from error
            while waiting or running:
                while waiting and len(running) < self.jobs * self.ahead:
                    order = waiting.popleft()
                    # In hand from before it is handed over: the pool may break on the way.
                    self.in_hand.append(order)
                    running[pool.submit(_make_here, order)] = order
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for one in done:
                    outcome = one.result()
                    self.in_hand.remove(running.pop(one))
                    yield outcome
        except BaseException:
            # Nobody waits for what is in hand: it leaves nothing half-written.
            for child in {*multiprocessing.active_children()} - others:
                child.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_here: list[tuple[Shop, Hold]] = []


def _move_in(packed: bytes) -> None:
    # Whoever presses Ctrl-C ends the run, and the run its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    shop: Shop = pickle.loads(packed)
    hold = working_in(shop.out, shop.out / ledger.STATE)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A process whose run was killed must not write on into a folder another run holds.
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        if not parent.is_alive():
            os._exit(1)
    _here[:] = [(shop, hold)]


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _is_here() -> bool:
    return bool(_here)


def _make_here(order: Order) -> Outcome:
    shop, hold = _here[0]
    return make_one(order, shop, hold)


def make_one(order: Order, shop: Shop, hold: Hold) -> Outcome:
    """Make one product and put its files in their place.

    Parameters
    ----------
    order : Order
        Which.
    shop : Shop
        What it is made from.
    hold : Hold
        The folder, which is held.

    Returns
    -------
    Outcome
        Also where it failed.
    """
    started = time.perf_counter()
    name = ledger.record_name(order.id)
    state = shop.out / ledger.STATE
    draft = state / ledger.DRAFTS / name
    record, error, ends = None, "", ""
    at: list[Path] = []
    try:
        hold.require()
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        with use_imprint(shop.imprint), use_palette(shop.palette):
            made = Made(shop.job, shop.results, order.unit, order.stem)
            if order.product.sliced:
                made = slicing.own_part(made, order.product.scope)
            order.product.loaded()(made, draft)
        hold.require()
        record = _placed(order, shop, draft, state / ledger.DONE / f"{name}.json", at)
    except Exception as trouble_:
        # Whatever is wrong with one product, the others are made.
        error = trouble.said(trouble_, at[-1] if at else None)
        try:
            hold.require()
            ends = trouble.ends_the_run(trouble_, shop.out)
        except GoneError as gone:
            ends = str(gone)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Outcome(order, record, error, time.perf_counter() - started, ends)


def _placed(order: Order, shop: Shop, draft: Path, kept: Path, at: list[Path]) -> dict[str, Any]:
    """The record first: a run that is cut off between the two knows the files by their bytes.

    `at` is told what is being written.
    """
    folder = order.product.place
    # A geodatabase is a folder of files.
    files = {one.relative_to(draft).as_posix(): one for one in sorted(draft.rglob("*"))
             if one.is_file()}  # fmt: skip
    for name in files:
        if (shop.out / folder / name).resolve() in shop.spared:
            raise ExportError(f"{name} is an input and would be overwritten.")
    # A product whose process was killed is made again over what of it has arrived.
    known = shop.known | ledger.files_of(kept)
    ledger.refuse_foreign(shop.out, [f"{folder}{name}" for name in files], known)
    for file in files.values():
        with file.open("rb+") as handle:
            os.fsync(handle.fileno())
    scope, product, unit = order.id
    record = {
        "for": scope,
        "product": product,
        "unit": unit,
        "key": order.key,
        "part": order.part,
        "files": [ledger.printed(file, f"{folder}{name}") for name, file in files.items()],
        **said_of(order.product, shop.results),
    }
    ledger.write_json(kept, record)
    placed: list[Path] = []
    try:
        for name, file in files.items():
            at.append(shop.out / folder / name)
            at[-1].parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, at[-1])
            placed.append(at[-1])
    except OSError:
        # Half a product is none: what of it has arrived goes again.
        for there in (*placed, kept):
            with contextlib.suppress(OSError):
                there.unlink()
        raise
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
