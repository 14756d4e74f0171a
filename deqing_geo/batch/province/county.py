"""One county's job, wherever it runs: paths come in, a folder stands, a few words go out.

It can be run again at any time: what stands is not made again. So nothing is lost where a process
is killed, and nothing is made twice.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deqing_geo.errors import DeqingGeoError, DeqingGeoWarning, InputError

if TYPE_CHECKING:
    from deqing_geo.batch.pressing import Pressed
    from deqing_geo.batch.province.listing import County

# A process that is believed dead may still be at work in a county's folder: so long it is
# waited for, in steps.
WAIT_S, STEP_S = 900.0, 1.0
# Libraries keep one record of warnings for a whole process: one county at a time.
_alone = threading.Lock()


@dataclass(frozen=True, slots=True)
class Task:
    """One county to be made.

    Attributes
    ----------
    county : County
        Its recipe, as it was written.
    out : str
        The folder of all.
    halo_m : float
        How far around it the layers for all are read.
    prints : mapping of str to str
        The layers for all by their bytes.
    program : str
        The library by its bytes.
    resume : bool
        Whether what a run that was cut off has left is taken up.
    """

    county: County
    out: str
    halo_m: float
    prints: Mapping[str, str]
    program: str
    resume: bool = False

    @property
    def folder(self) -> Path:
        """Where its products stand."""
        return Path(self.out) / "counties" / self.county.stem


@dataclass(frozen=True, slots=True)
class Done:
    """How a county's job ended.

    Attributes
    ----------
    code : str
        Of the county.
    fault : str
        Why it does not arrive; empty where all stands.
    made, kept : int
        Products made now, and those that stood.
    seconds, peak_mb : float
        How long it took, and the most memory its process ever held; NaN where not known.
    said : tuple of str
        Warnings of the readers and measures.
    lost : bool
        Whether its process was ended from outside.
    """

    code: str
    fault: str = ""
    made: int = 0
    kept: int = 0
    seconds: float = 0.0
    peak_mb: float = math.nan
    said: tuple[str, ...] = ()
    lost: bool = False


def program() -> str:
    """What makes the products here: the library by its bytes, and the libraries under it.

    Returns
    -------
    str
        The same on machines that make the same.
    """
    from deqing_geo.batch import depending

    together = json.dumps([depending.program(), depending.versions()], sort_keys=True)
    return hashlib.sha256(together.encode()).hexdigest()


def run_county(task: Task) -> Done:
    """Make a county's products where they are not there yet.

    Parameters
    ----------
    task : Task
        Which.

    Returns
    -------
    Done
        Also where something failed.
    """
    from deqing_geo.batch.trouble import said

    started = time.monotonic()
    fault, made, kept = "", 0, 0
    with _alone, warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            pressed = _pressed(task)
            made, kept = len(pressed.made), len(pressed.kept)
            fault = "; ".join(f"{name}: {why}" for name, why in sorted(pressed.failed.items()))
        except DeqingGeoError as error:
            fault = " ".join([str(error), *getattr(error, "__notes__", ())])
        except OSError as error:
            file = Path(error.filename) if isinstance(error.filename, str) else None
            where = "" if file is None else f" [{file}]"
            fault = (
                f"its folder or a file of it cannot be read or written: {said(error, file)}{where}"
            )
        except Exception as error:
            # Whatever is wrong with one county, the others arrive.
            fault = f"{type(error).__name__}: {error}"
        words = [str(one.message) for one in heard if issubclass(one.category, DeqingGeoWarning)]
    fault = " | ".join(line.strip() for line in fault.splitlines() if line.strip())
    seconds = time.monotonic() - started
    heard_words = tuple(dict.fromkeys(words))
    return Done(task.county.code, fault, made, kept, seconds, peak_mb(), heard_words)


def _pressed(task: Task) -> Pressed:
    from deqing_geo.batch import ledger
    from deqing_geo.batch.pressing import press
    from deqing_geo.batch.province.around import with_cut_outs

    if program() != task.program:
        raise InputError(
            "this machine has another deqing_geo, or other libraries, than the one that asks: "
            "install the same on all."
        )
    recipe = with_cut_outs(
        task.county.recipe(), task.county.shared, task.halo_m, task.prints, task.folder,
        task.program,
    )  # fmt: skip
    asked = dict(recipe.products)
    names = asked.get("county", ())
    asked["county"] = names if "tables" in names else (*names, "tables")
    recipe = replace(recipe, products=MappingProxyType(asked))
    until = time.monotonic() + WAIT_S
    while True:
        try:
            return press(recipe, task.folder, resume=task.resume)
        except ledger.HeldError:
            if time.monotonic() > until:
                raise
            time.sleep(STEP_S)


def peak_mb() -> float:
    """The most memory this process ever held.

    Returns
    -------
    float
        Megabytes; NaN where the system does not say.
    """
    try:
        import resource
    except ImportError:
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / (1024 * 1024 if sys.platform == "darwin" else 1024))


def plain(done: Done) -> dict[str, Any]:
    """What is kept of how a county ended, hours apart from all else.

    Parameters
    ----------
    done : Done
        Of `run_county`.

    Returns
    -------
    dict
        ``seconds`` and ``peak_mb``.
    """
    peak = None if math.isnan(done.peak_mb) else round(done.peak_mb)
    return {"seconds": round(done.seconds, 3), "peak_mb": peak}
