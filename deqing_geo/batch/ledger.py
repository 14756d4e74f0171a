"""What stands in a folder of products, known again by its bytes: lock, records, manifest, log.

Nothing is decided by a clock: hours stand in the log and in ``times.json`` alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from deqing_geo.errors import ExportError
from deqing_geo.files import sha256, whole_file

MANIFEST, TIMES, LOG = "manifest.json", "times.json", "report.log"
# What a run that has not ended keeps, and what two runs contend for.
STATE, LOCK, BEFORE, DONE, DRAFTS = ".report", ".report.lock", "before.json", "done", "drafts"
# What a record says of how its product was counted.
SAID = ("definitions", "rules", "notices", "seed")
_CLOCK = "%Y-%m-%d %H:%M:%S"

Unit = tuple[str, str, str]


class HeldError(ExportError):
    """Another run is at work in the folder."""


@contextlib.contextmanager
def held(out: Path) -> Iterator[None]:
    """A folder for this run alone; the system lets go of it however the run ends.

    Parameters
    ----------
    out : Path
        The folder; made if absent.

    Yields
    ------
    None
        While it is held.

    Raises
    ------
    HeldError
        If another run holds it.
    ExportError
        If it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ExportError(f"{out}: cannot be written ({error.strerror or error}).") from error
    try:
        try:
            _lock(handle)
        except OSError as error:
            raise HeldError(
                f"{out}: another run is at work in this folder. Wait for its end, or choose "
                "another folder with --out."
            ) from error
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        getattr(msvcrt, "locking")(handle, getattr(msvcrt, "LK_NBLCK"), 1)  # noqa: B009
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Ledger:
    """What a folder's manifest, and a run that was cut off, say of its files.

    Parameters
    ----------
    out : Path
        The folder.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.state = out / STATE
        self.manifest = _read(out / MANIFEST)
        self.unfinished = not self.manifest and self.state.exists()
        before = self.manifest or _read(self.state / BEFORE)
        self.earlier = _named(before)
        self.records: dict[Unit, dict[str, Any]] = {}
        for product in before.get("products", ()):
            with contextlib.suppress(KeyError, TypeError):
                for one in product["units"]:
                    key: Unit = (product["for"], product["product"], one["unit"])
                    said = {name: product[name] for name in SAID}
                    self.records[key] = {**one, **said, "key": product["key"]}

    def resume(self) -> int:
        """Take up what a run that was cut off has left.

        Returns
        -------
        int
            How many records.
        """
        found = 0
        for record in self._left():
            with contextlib.suppress(KeyError, TypeError):
                self.records[record["for"], record["product"], record["unit"]] = record
                found += 1
        return found

    def _left(self) -> Iterator[dict[str, Any]]:
        if self.unfinished and (self.state / DONE).is_dir():
            for file in sorted((self.state / DONE).glob("*.json")):
                if record := _read(file):
                    yield record

    def stands(self, unit: Unit, key: str) -> dict[str, Any] | None:
        """The record of a product that need not be made again.

        Parameters
        ----------
        unit : tuple of str
            For whom, which, and of what.
        key : str
            What it depends on.

        Returns
        -------
        dict or None
            None where there is none, it was made from something else, or a file is not as it
            was written.
        """
        record = self.records.get(unit)
        try:
            if record is None or record["key"] != key:
                return None
            for entry in record["files"]:
                file = self.out / _inside(entry["file"])
                if file.stat().st_size != entry["bytes"] or sha256(file) != entry["sha256"]:
                    return None
        except (OSError, KeyError, TypeError, ValueError):
            return None
        return record

    def begin(self) -> None:
        """The manifest goes before anything is made: a folder without one is not finished."""
        left = [name for record in self._left() for name in _named({"outputs": record["files"]})]
        self.earlier |= {*left}
        try:
            (self.state / DONE).mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.state / DRAFTS, ignore_errors=True)
            (self.state / DRAFTS).mkdir(exist_ok=True)
            if self.manifest:
                for file in (self.state / DONE).iterdir():
                    file.unlink()
                os.replace(self.out / MANIFEST, self.state / BEFORE)
        except OSError as error:
            raise ExportError(
                f"{self.out}: cannot be written ({error.strerror or error})."
            ) from error

    def end(self, manifest: Mapping[str, Any], times: Mapping[str, Any]) -> None:
        """What is not of this run goes, the manifest comes.

        Parameters
        ----------
        manifest, times : mapping
            What is written.

        Raises
        ------
        ExportError
            If the folder cannot be written.
        """
        now = _named(manifest)
        for name in self.earlier - now:
            with contextlib.suppress(OSError):
                (self.out / name).unlink(missing_ok=True)
        left = {one for name in self.earlier - now for one in (self.out / name).parents}
        # The deepest first: a geodatabase lies in a folder of its own.
        for folder in sorted(left, key=lambda one: -len(one.parts)):
            if self.out not in folder.parents:
                continue
            with contextlib.suppress(OSError):
                folder.rmdir()
        write_json(self.out / TIMES, times)
        write_json(self.out / MANIFEST, manifest)
        shutil.rmtree(self.state, ignore_errors=True)


def record_name(unit: Unit) -> str:
    """What the record of a product is called.

    Parameters
    ----------
    unit : tuple of str
        For whom, which, and of what.

    Returns
    -------
    str
        The same for the same, and fit for every disk.

    Examples
    --------
    >>> len(record_name(("county", "map", "")))
    20
    """
    return hashlib.sha256("\n".join(unit).encode()).hexdigest()[:20]


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Plain values, whole or not at all.

    Parameters
    ----------
    file : Path
        Where.
    content : mapping
        What.
    """
    with whole_file(file) as draft:
        text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
        draft.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def printed(file: Path, name: str) -> dict[str, Any]:
    """A file by its bytes.

    Parameters
    ----------
    file : Path
        The file.
    name : str
        What it is called in the manifest.

    Returns
    -------
    dict
        ``file``, ``sha256`` and ``bytes``.
    """
    return {"file": name, "sha256": sha256(file), "bytes": file.stat().st_size}


class Log:
    """What happened and when, for a person; a disk that is full does not end a run.

    Parameters
    ----------
    file : Path
        Lines are added to it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def say(self, text: str) -> None:
        """Add a line.

        Parameters
        ----------
        text : str
            What happened.
        """
        line = " | ".join(part.strip() for part in text.splitlines() if part.strip())
        with (
            contextlib.suppress(OSError),
            self.file.open("a", encoding="utf-8", newline="\n") as handle,
        ):
            handle.write(f"{datetime.now().astimezone().strftime(_CLOCK)}  {line}\n")


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _named(manifest: Mapping[str, Any]) -> set[str]:
    """The files a manifest speaks of, none of them outside its folder."""
    out = set()
    with contextlib.suppress(KeyError, TypeError):
        for entry in manifest["outputs"]:
            with contextlib.suppress(ValueError):
                out.add(_inside(entry["file"]))
    return out


def _inside(name: str) -> str:
    """A manifest somebody changed leads nowhere else."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts:
        raise ValueError(name)
    return name
