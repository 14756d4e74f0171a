"""What stands in a folder of products, known again by its bytes: records, manifest, log.

Both ways of making a folder keep it so: the manifest goes before anything is changed and comes
last, so that a folder without one is not finished. Nothing is decided by a clock: hours stand
in the log and in ``times.json`` alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from deqing_geo import files
from deqing_geo.batch import trouble
from deqing_geo.batch.holding import LOCK, STATE, HeldError, held
from deqing_geo.errors import ExportError
from deqing_geo.files import sha256, whole_file

__all__ = [
    "LOCK", "STATE", "HeldError", "Ledger", "Log", "Unit", "held", "printed", "record_name",
    "write_json",
]  # fmt: skip

MANIFEST, TIMES, LOG = "manifest.json", "times.json", "report.log"
# What a run that has not ended keeps.
BEFORE, KNOWN, DONE, DRAFTS = "before.json", "known.json", "done", "drafts"
# What a record says of how its product was counted.
SAID = ("definitions", "rules", "notices", "seed")
# Folders of products below; towns of a report in one piece have a manifest of their own.
BELOW = ("towns", "villages")
# Where a county of a province keeps its parts of the layers for all.
CUT_OUTS = "layers"
# What a report that was killed leaves beside its files.
_DEBRIS = re.compile(r"\.(?:[0-9a-f]{8}\.part|.*\.[0-9a-f]{8}\.part(?:\.\w+)?)")
_CLOCK = "%Y-%m-%d %H:%M:%S"

Unit = tuple[str, str, str]


class Ledger:
    """What a folder's manifest, and a run that was cut off, say of its files.

    Parameters
    ----------
    out : Path
        The folder, which is held.

    Attributes
    ----------
    manifest : dict
        Empty where the folder is not finished.
    earlier : set of str
        Every file that an earlier run made, or was about to make.
    records : dict
        What is known of products, by unit.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.state = out / STATE
        self.manifest = _read(out / MANIFEST)
        self.unfinished = not self.manifest and self.state.exists()
        left = _read(self.state / BEFORE)
        before = self.manifest or left
        self.earlier = _named(before) | _named(left) | _named(_read(self.state / KNOWN))
        self.earlier |= {*_below(out)}
        for record in self._left():
            self.earlier |= _named({"outputs": record.get("files", ())})
        self.records: dict[Unit, dict[str, Any]] = {}
        self._units: dict[tuple[str, str], list[str]] = {}
        self._seen: dict[tuple[Unit, str], dict[str, Any] | None] = {}
        broken = {(one.get("for"), one.get("product")) for one in _listed(before, "failed")}
        for product in _listed(before, "products"):
            with contextlib.suppress(KeyError, TypeError):
                scope, name = product["for"], product["product"]
                for one in product["units"]:
                    said = {each: product[each] for each in SAID}
                    self.records[scope, name, one["unit"]] = {**one, **said, "key": product["key"]}
                if (scope, name) not in broken:
                    self._units[scope, name] = [one["unit"] for one in product["units"]]

    def resume(self) -> int:
        """Take up what a run that was cut off has left.

        Returns
        -------
        int
            How many records.
        """
        found = 0
        for record in self._left() if self.unfinished else ():
            with contextlib.suppress(KeyError, TypeError):
                self.records[record["for"], record["product"], record["unit"]] = record
                found += 1
        return found

    def _left(self) -> Iterator[dict[str, Any]]:
        if (self.state / DONE).is_dir():
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
        if (unit, key) not in self._seen:
            record = self.records.get(unit)
            good = record is not None and record.get("key") == key and self.is_whole(record)
            self._seen[unit, key] = record if good else None
        return self._seen[unit, key]

    def same_part(self, unit: Unit, part: str) -> dict[str, Any] | None:
        """The record of a product made from the same part of the county, whatever else changed.

        Parameters
        ----------
        unit : tuple of str
            For whom, which, and of what.
        part : str
            Its part by content; empty for none.

        Returns
        -------
        dict or None
            None where there is none, or a file is not as it was written.
        """
        record = self.records.get(unit)
        if not part or record is None or record.get("part") != part:
            return None
        return record if self.is_whole(record) else None

    def is_whole(self, record: Mapping[str, Any]) -> bool:
        """Whether all files of a record are there, byte for byte.

        Parameters
        ----------
        record : mapping
            Of a product.

        Returns
        -------
        bool
            Read from the disk each time.
        """
        try:
            for entry in record["files"]:
                file = self.out / _inside(entry["file"])
                if file.stat().st_size != entry["bytes"] or sha256(file) != entry["sha256"]:
                    return False
        except (OSError, KeyError, TypeError, ValueError):
            return False
        return True

    def complete(self, scope: str, name: str, key: str, *, one: bool) -> list[str] | None:
        """The units of a product that is whole, known without measuring anything.

        Parameters
        ----------
        scope, name : str
            For whom, and which.
        key : str
            What it depends on.
        one : bool
            Whether it has one unit only, the county.

        Returns
        -------
        list of str or None
            None where something is to be made, or it is not known for whom: what a run that
            was cut off has left need not be all.
        """
        units = [""] if one else self._units.get((scope, name), [])
        whole = all(self.stands((scope, name, unit), key) is not None for unit in units)
        return units if units and whole else None

    def begin(self, coming: Iterable[str] = ()) -> None:
        """The manifest goes before anything is made: a folder without one is not finished.

        Parameters
        ----------
        coming : iterable of str
            Files that are about to be put into the folder, where they have no records.

        Raises
        ------
        ExportError
            If the folder cannot be written.
        """
        self.earlier |= {*coming}
        try:
            (self.state / DONE).mkdir(parents=True, exist_ok=True)
            _clear(self.state / DRAFTS)
            (self.state / DRAFTS).mkdir(exist_ok=True)
            outputs = [{"file": name} for name in sorted(self.earlier)]
            write_json(self.state / KNOWN, {"outputs": outputs})
            if self.manifest:
                for file in (self.state / DONE).iterdir():
                    file.unlink()
                os.replace(self.out / MANIFEST, self.state / BEFORE)
        except OSError as error:
            if isinstance(error, ExportError):
                raise
            said = trouble.said(error, self.out / MANIFEST)
            raise ExportError(f"{self.out}: cannot be written. {said}") from error

    def drop_drafts(self) -> None:
        """What is half-written goes; what a killed run leaves, the next one's `begin` clears."""
        _clear(self.state / DRAFTS)

    def undo(self) -> None:
        """Put the manifest back: nothing was changed after all."""
        with contextlib.suppress(OSError):
            if self.manifest and not (self.out / MANIFEST).exists():
                os.replace(self.state / BEFORE, self.out / MANIFEST)
        if not self.unfinished:
            self.tidy()

    def sweep(self, now: Collection[str], spare: Collection[Path] = ()) -> dict[str, str]:
        """What earlier runs made and this one does not goes.

        Parameters
        ----------
        now : collection of str
            Files of this run.
        spare : collection of Path
            Files that stay whoever made them: somebody's layers by now.

        Returns
        -------
        dict of str to str
            Files that could not be removed, and why.
        """
        spared = {file.resolve() for file in spare}
        kept = {name.casefold() for name in now}
        left: dict[str, str] = {}
        folders = set()
        for name in sorted(self.earlier):
            # Where capitals make no difference the old name may be the new file's.
            if name in now or (self.out / name).resolve() in spared:
                continue
            if name.casefold() in kept and _same(self.out, name, now):
                continue
            try:
                (self.out / name).unlink(missing_ok=True)
            except OSError as error:
                left[name] = trouble.said(error, self.out / name)
            folders |= {self.out / one for one in PurePosixPath(name).parents} - {self.out}
        for folder in sorted(folders, key=lambda one: len(one.parts), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        return left

    def end(self, manifest: Mapping[str, Any], times: Mapping[str, Any]) -> None:
        """The manifest comes: the folder is finished.

        Parameters
        ----------
        manifest, times : mapping
            What is written.

        Raises
        ------
        ExportError
            If the folder cannot be written.
        """
        write_json(self.out / TIMES, times)
        write_json(self.out / MANIFEST, manifest)
        self.tidy()

    def tidy(self) -> None:
        """What runs that were killed have left beside the products goes."""
        _clear(self.state)
        for room in (self.out, *(self.out / name for name in (*BELOW, CUT_OUTS))):
            with contextlib.suppress(OSError):
                for debris in room.iterdir():
                    if _DEBRIS.fullmatch(debris.name):
                        _clear(debris)


def files_of(record: Path) -> set[str]:
    """The files a record of `Ledger` speaks of.

    Parameters
    ----------
    record : Path
        Where it may be.

    Returns
    -------
    set of str
        Below the folder; empty where there is no record.

    Examples
    --------
    >>> files_of(Path("nowhere.json"))
    set()
    """
    return _named({"outputs": _read(record).get("files", ())})


def refuse_foreign(out: Path, names: Iterable[str], known: Collection[str]) -> None:
    """Somebody's own file is not written over because it has the name of a product.

    Parameters
    ----------
    out : Path
        The folder.
    names : iterable of str
        What is about to be put into it.
    known : collection of str
        What earlier runs have put there.

    Raises
    ------
    ExportError
        If one of `names` stands there and is not of `known`.

    Examples
    --------
    >>> refuse_foreign(Path("."), ["none such.csv"], ())
    """
    own = [name for name in names if name not in known and (out / name).exists()]
    if own:
        more = f" and {len(own) - 1} more" if len(own) > 1 else ""
        raise ExportError(
            f"{own[0]}{more}: stands in {out} and was not made by an earlier run; it would be "
            "written over. Move it away, or choose another folder with --out "
            "(该文件不是以前的成果,请移走或另选目录)."
        )


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
    """Plain values into a folder that is in use: whole or not at all.

    Parameters
    ----------
    file : Path
        Where.
    content : mapping
        What.
    """
    with whole_file(file) as draft:
        files.write_json(draft, content)


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
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _listed(manifest: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = manifest.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _named(manifest: Mapping[str, Any]) -> set[str]:
    """The files a manifest speaks of, none of them outside its folder."""
    out = set()
    for entry in (*_listed(manifest, "outputs"), *_listed(manifest, "left")):
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            out.add(_inside(entry["file"]))
    return out


def _below(out: Path) -> Iterator[str]:
    """What manifests of folders below speak of, and those manifests."""
    for name in BELOW:
        if found := _read(out / name / MANIFEST):
            yield f"{name}/{MANIFEST}"
            yield from (f"{name}/{file}" for file in _named(found) if "/" not in file)


def _inside(name: str) -> str:
    """A manifest somebody changed leads nowhere else."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts:
        raise ValueError(name)
    return name


def _same(out: Path, name: str, now: Collection[str]) -> bool:
    """Whether a name means a file of this run, on a disk that does not heed capitals."""
    with contextlib.suppress(OSError):
        for other in now:
            if other.casefold() == name.casefold() and (out / other).samefile(out / name):
                return True
    return False


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
