"""The whole province: every county made or told why not, the tables merged, the manifest last."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import deqing_geo
from deqing_geo.batch import ledger
from deqing_geo.batch.pace import Pace
from deqing_geo.batch.province.around import FOLDER, RECORD, prints
from deqing_geo.batch.province.county import Done, Task, plain, program
from deqing_geo.batch.province.going import Ended, through
from deqing_geo.batch.province.listing import County, Listing
from deqing_geo.errors import InputError, RecipeError
from deqing_geo.files import parts, sha256, whole_folder

if TYPE_CHECKING:
    from deqing_geo.batch.province.lanes import Lanes

    Tell = Callable[[str, int, int], None]

LOG, QUARANTINE, COUNTIES = "province.log", "quarantine.json", "counties"
_DRAFT = re.compile(r"\.[0-9a-f]{8}\.part")
ARRIVED, QUARANTINED = "arrived", "quarantined"
# How often a county that failed is tried again, unless told otherwise.
RETRIES = 1


@dataclass(frozen=True, slots=True)
class Province:
    """How a run over many counties ended.

    Attributes
    ----------
    out : Path
        The folder.
    arrived : tuple of str
        Codes of the counties that are in the merged tables.
    quarantined : mapping of str to str
        Codes of the others, and why.
    made : int
        Products made now, in all counties.
    tables : mapping of str to int
        The merged tables, and how many rows each has.
    merged : bool
        Whether anything was written; otherwise all stood already.
    """

    out: Path
    arrived: tuple[str, ...]
    quarantined: Mapping[str, str]
    made: int
    tables: Mapping[str, int]
    merged: bool


@dataclass(slots=True)
class State:
    """What is known of one county.

    Attributes
    ----------
    county : County
        Of the list.
    fault : str
        Why it does not arrive.
    done : Done or None
        How its job ended; None where it was never begun.
    tries : int
        How often it was begun.
    print : str
        Its manifest, by its bytes.
    files : dict of str to dict
        Its tables, as its manifest has them.
    row : dict
        Its figures.
    """

    county: County
    fault: str = ""
    done: Done | None = None
    tries: int = 0
    print: str = ""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    row: dict[str, Any] = field(default_factory=dict)


def run_province(
    listing: Listing,
    out: str | os.PathLike[str],
    tell: Tell | None = None,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    resume: bool = False,
    retries: int = RETRIES,
) -> Province:
    """Make every county of a list, and one table of all.

    Parameters
    ----------
    listing : Listing
        Of `load_counties`.
    out : path
        The folder; made if absent. Counties stand in ``counties/<code><name>``.
    tell : callable, optional
        Is told what ended with rate and time left, how many counties are done, and of how many.
    jobs : int
        How many processes of this machine make counties, where no scheduler does.
    scheduler : str, optional
        ``tcp://host:port`` of a `dask.distributed` scheduler whose workers make them instead.
    resume : bool
        As for `press`, in every county.
    retries : int
        How often a county that failed is tried again.

    Returns
    -------
    Province
        Who arrived, who did not and why.

    Raises
    ------
    InputError
        If `jobs` or `retries` is too small, a layer for all cannot be read or was replaced while
        it was read, or nobody answers at `scheduler`.
    ExportError
        If another run holds the folder, or it cannot be written.

    Notes
    -----
    Processes begin as fresh ones (spawn): a script that calls this does so under
    ``if __name__ == "__main__":``. A county whose products do not all stand is kept out of the
    tables of all whole, so that these are always over the same counties.
    """
    if jobs < 1:
        raise InputError(f"jobs={jobs}: at least one process is needed.")
    if retries < 0:
        raise InputError(f"retries={retries}: none, or some.")
    folder = Path(out).absolute()
    says = tell or (lambda _what, _done, _of: None)
    with ledger.held(folder):
        log = ledger.Log(folder / LOG)
        started = time.monotonic()
        try:
            for left in folder.glob(".*.part"):
                # Of a run that was killed while it put its files in their place.
                shutil.rmtree(left, ignore_errors=True)
            tasks = _tasks(listing, folder, resume)
            lanes = _lanes(jobs, scheduler, len(tasks))
            log.say(
                f"begin: {listing.path.name}, {len(listing.counties)} counties, "
                f"{scheduler or f'{jobs} at a time'}"
            )
            _tell_before(listing, folder, log)
            together = scheduler is not None or jobs > 1
            pace = Pace(len(tasks), together=together)
            states = _made(listing, tasks, lanes, retries, says, log, pace)
            _still_there(listing, tasks, states)
            province = _whole(listing, folder, states)
            if province.merged:
                taken = round(time.monotonic() - started, 3)
                ledger.write_json(folder / ledger.TIMES, _times(states, taken))
        except BaseException as error:
            log.say(f"STOPPED by {type(error).__name__}: {error}")
            raise
        log.say(
            f"end after {time.monotonic() - started:.1f} s: {len(province.arrived)} arrived, "
            f"{len(province.quarantined)} quarantined, {province.made} products made, "
            f"{'tables merged' if province.merged else 'tables stood'}"
        )
        return province


def _tell_before(listing: Listing, folder: Path, log: ledger.Log) -> None:
    """Who cannot be begun, and what stands here of others."""
    listed = {one.stem for one in listing.counties}
    for other in sorted((folder / COUNTIES).glob("*")):
        if other.name not in listed:
            log.say(f"{COUNTIES}/{other.name} is of no county of the list and was left alone")
    for one in listing.counties:
        if one.fault:
            log.say(f"QUARANTINED {one.code} {one.name}: {one.fault}")


def _made(
    listing: Listing,
    tasks: Sequence[Task],
    lanes: Lanes,
    retries: int,
    says: Tell,
    log: ledger.Log,
    pace: Pace,
) -> dict[str, State]:
    """Every county brought to its end, in the order of the list."""
    states = {one.code: State(one, one.fault) for one in listing.counties}
    try:
        for number, ended in enumerate(through(tasks, lanes, retries, log.say), start=1):
            said = pace.step()
            _heard(ended, states[ended.task.county.code], said, log)
            says(f"{ended.task.county.name} ({said})", number, len(tasks))
    finally:
        lanes.close()
    return states


def _lanes(jobs: int, scheduler: str | None, count: int) -> Lanes:
    if scheduler is not None:
        from deqing_geo.batch.province.cluster import Cluster

        return Cluster(scheduler)
    from deqing_geo.batch.province.lanes import Processes

    return Processes(max(1, min(jobs, count)))


def _tasks(listing: Listing, folder: Path, resume: bool) -> list[Task]:
    """The counties that can run, the biggest first: the last to end shall not be a long one."""
    able = [one for one in listing.counties if not one.fault]
    try:
        known = prints(listing.shared)
    except OSError as error:
        raise InputError(f"a layer for all cannot be read ({error}).") from error
    made_by = program()
    tasks = [Task(one, str(folder), listing.halo_m, known, made_by, resume) for one in able]
    return sorted(tasks, key=lambda task: (-_size(task), task.county.code))


def _still_there(listing: Listing, tasks: Sequence[Task], states: Mapping[str, State]) -> None:
    """Counties cut from two versions of a layer for all are no province."""
    done = [state.done for state in states.values() if state.done is not None]
    if not listing.shared or not any(one.made for one in done):
        return
    try:
        now = prints(listing.shared)
    except OSError:
        now = {}
    odd = sorted(name for name, sha in tasks[0].prints.items() if now.get(name) != sha)
    if odd:
        for task in tasks:
            # What was cut may be of either version.
            (task.folder / FOLDER / RECORD).unlink(missing_ok=True)
        names = ", ".join(Path(one).name for one in odd)
        raise InputError(
            f"{names}: replaced while it was read, so counties may be of two versions. The tables "
            "of all are as they were: give the same command again once the file is in its place."
        )


def _size(task: Task) -> int:
    """Bytes of a county's own files, and of its parts of the layers for all where cut already."""
    try:
        recipe = task.county.recipe()
    except RecipeError:
        # Its files have gone since: it will be told when it is made.
        return 0
    shared = {
        value for one in task.county.shared for value in recipe.layers[one].values()
        if isinstance(value, Path)
    }  # fmt: skip
    own = [part for file in recipe.files.values() if file not in shared for part in parts(file)]
    return sum(part.stat().st_size for part in [*own, *(task.folder / FOLDER).glob("*.parquet")])


def _heard(ended: Ended, state: State, said: str, log: ledger.Log) -> None:
    county, done = ended.task.county, ended.done
    state.done, state.tries, state.fault = done, ended.tries, done.fault
    for text in done.said:
        log.say(f"{county.code} {county.name}: {text}")
    if done.fault:
        log.say(f"QUARANTINED {county.code} {county.name}: {done.fault} ({said})")
        return
    peak = "" if done.peak_mb != done.peak_mb else f", {done.peak_mb:.0f} MB"
    log.say(
        f"arrived {county.code} {county.name}: {done.made} made, {done.kept} stood, "
        f"{done.seconds:.1f} s{peak} ({said})"
    )


# ---------------------------------------------------------------- what stands in the counties


def _collected(state: State, folder: Path) -> None:
    """What a county's manifest vouches for; a county whose files are not so does not arrive."""
    from deqing_geo.batch.tables import FIGURES, TABLES

    if state.fault:
        return
    mine = folder / COUNTIES / state.county.stem
    try:
        text = (mine / ledger.MANIFEST).read_bytes()
        outputs = {one["file"]: one for one in json.loads(text)["outputs"]}
        wanted = [FIGURES, *(f"{name}.parquet" for name in TABLES)]
        for name in wanted:
            if name in outputs:
                if sha256(mine / name) != outputs[name]["sha256"]:
                    state.fault = f"{name} is not as it was made: run it again"
                    return
                state.files[name] = outputs[name]
        state.row = json.loads((mine / FIGURES).read_text(encoding="utf-8"))
        state.print = sha256(mine / ledger.MANIFEST)
    except (OSError, ValueError, KeyError, TypeError) as error:
        state.fault = f"its folder cannot be read here ({error})"


def _entry(state: State, out: Path, home: Path) -> dict[str, Any]:
    """Why a county is missing; places on this disk are told as seen from the list."""
    from deqing_geo.columns import word

    lost = state.done is not None and state.done.lost
    reason = state.fault.replace(str(out), out.name).replace(f"{home}{os.sep}", "")
    # A draft's name is another one each time, and a reason is not.
    reason = _DRAFT.sub(".part", reason)
    return {
        "county_code": state.county.code,
        "county_name": state.county.name,
        "reason": reason,
        "cure": word("province.killed" if lost else "province.mend"),
    }


def _whole(listing: Listing, folder: Path, states: Mapping[str, State]) -> Province:
    from deqing_geo.batch.province.summing import write_tables

    for state in states.values():
        _collected(state, folder)
    missing = [
        _entry(state, folder, listing.path.parent) for state in states.values() if state.fault
    ]
    arrived = [state for state in states.values() if not state.fault]
    notices = _notices(arrived, missing)
    content: dict[str, Any] = {
        "made_by": f"deqing_geo {deqing_geo.__version__}",
        "program": program(),
        "title": listing.title,
        "list": {"file": listing.path.name, "sha256": sha256(listing.path)},
        "halo_m": listing.halo_m,
        "counties": [
            {
                "county_code": state.county.code,
                "county_name": state.county.name,
                "state": QUARANTINED if state.fault else ARRIVED,
                "manifest": state.print,
            }
            for state in states.values()
        ],
        "missing": missing,
        "notices": notices,
    }
    made = sum(state.done.made for state in states.values() if state.done is not None)
    before = _before(folder)
    if _stand(folder, before, content):
        rows = {one["table"]: one["rows"] for one in before["tables"]}
        merged = False
    else:
        rows, merged = {}, True
        with whole_folder(folder, last=ledger.MANIFEST) as draft:
            tables = write_tables(listing, arrived, missing, notices, folder, draft)
            rows = {one["table"]: one["rows"] for one in tables}
            ledger.write_json(draft / QUARANTINE, {"title": listing.title, "counties": missing})
            outputs = [ledger.printed(file, file.name) for file in sorted(draft.iterdir())]
            whole = {**content, "tables": tables, "outputs": outputs}
            ledger.write_json(draft / ledger.MANIFEST, whole)
        now = {one["file"] for one in outputs}
        for one in before.get("outputs", ()):
            if one["file"] not in now and "/" not in one["file"] and "\\" not in one["file"]:
                (folder / one["file"]).unlink(missing_ok=True)
    return Province(
        folder,
        tuple(state.county.code for state in arrived),
        {one["county_code"]: one["reason"] for one in missing},
        made,
        rows,
        merged,
    )


def _notices(arrived: Sequence[State], missing: Sequence[Mapping[str, Any]]) -> list[str]:
    from deqing_geo.columns import word

    said = [text for state in arrived for text in state.row["notices"]]
    if missing:
        names = "、".join(one["county_name"] for one in missing)
        said.insert(0, word("province.missing").format(count=len(missing), names=names))
    nothing: dict[str, list[str]] = {}
    for state in arrived:
        for layer in state.row["nothing_of"]:
            nothing.setdefault(layer, []).append(state.county.name)
    for layer, counties in nothing.items():
        names = "、".join(counties)
        said.insert(0, word("province.nothing").format(layer=layer, names=names))
    by: dict[str, set[str]] = {}
    for state in arrived:
        for measure, key in state.row["by"].items():
            by.setdefault(measure, set()).add(key)
        by.setdefault("reported_on", set()).add(state.row["figures"]["reported_on"])
    if any(len(keys) > 1 for keys in by.values()):
        said.insert(0, word("province.several"))
    return list(dict.fromkeys(said))


def _before(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / ledger.MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _stand(folder: Path, before: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    """Whether the merged tables are already those of these counties."""
    try:
        if {key: before[key] for key in content} != content:
            return False
        return all(sha256(folder / one["file"]) == one["sha256"] for one in before["outputs"])
    except (KeyError, TypeError, OSError):
        return False


def _times(states: Mapping[str, State], taken: float) -> dict[str, Any]:
    return {
        "whole_seconds": taken,
        "counties": {
            code: {**plain(state.done), "tries": state.tries}
            for code, state in states.items()
            if state.done is not None
        },
    }
