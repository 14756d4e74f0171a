"""Writing whole or not at all, and knowing a file again by its bytes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from deqing_geo.errors import BoundaryFileError, ExportError
from deqing_geo.files.kinds import KINDS, kind_of, sibling

HASH_CHUNK = 1 << 20
# No zip goes without a date; any fixed one will do.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def parts(path: Path) -> list[Path]:
    """All files that make up a layer: a shapefile is several, a geodatabase a folder.

    Parameters
    ----------
    path : Path
        The file that was named.

    Returns
    -------
    list of Path
        The file first, then its companions; the files of a geodatabase in order.
    """
    if path.is_dir():
        return sorted(part for part in path.iterdir() if part.is_file())
    kind = kind_of(path.name, KINDS)
    found = [sibling(path, ending) for ending in (kind.companions if kind else ())]
    return [path, *(file for file in found if file is not None)]


def stands_other(file: Path, content: bytes) -> bool:
    """Whether something else stands where a form shall go, perhaps filled in.

    Parameters
    ----------
    file : Path
        Where.
    content : bytes
        Of the form; the same form may be written again.

    Returns
    -------
    bool
        A form that came back filled in is worth more than a new one.

    Raises
    ------
    ExportError
        If it cannot be looked at.
    """
    try:
        return file.is_dir() or file.read_bytes() != content
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ExportError(f"{file}: cannot be looked at ({error.strerror or error}).") from error


def write_json(file: Path, content: Any) -> None:
    """Plain values for machines, the same bytes on every system.

    Parameters
    ----------
    file : Path
        Where: in the draft of a folder or of a file, which arrives whole.
    content : mapping or list
        What; a figure that is not known (NaN) is written as null, which JSON has a word for.

    Raises
    ------
    ValueError
        If a figure is infinite.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "summary.json"
    ...     write_json(file, {"overall": float("nan"), "km": [1.5]})
    ...     json.loads(file.read_text("utf-8"))
    {'overall': None, 'km': [1.5]}
    """
    text = json.dumps(_known(content), ensure_ascii=False, indent=2, allow_nan=False)
    file.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def _known(content: Any) -> Any:
    """The same with None for NaN, however deep."""
    if isinstance(content, Mapping):
        return {key: _known(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_known(value) for value in content]
    return None if isinstance(content, float) and content != content else content


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Where the file shall stand. What stood there before survives a failure.

    Yields
    ------
    Path
        A temporary name in the same folder, with the same ending, to write to.

    Raises
    ------
    ExportError
        If the folder is missing or cannot be written, or the disk is full.
    """
    target = Path(path).absolute()
    # Of a folder one may not enter, os.path says no, where Path raises.
    if not target.name or os.path.isdir(target):
        raise ExportError(f"{path}: a folder stands there. Name a file.")
    draft = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.part{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        _flush(draft)
        os.replace(draft, target)
    except OSError as error:
        if isinstance(error, BoundaryFileError):
            raise
        raise ExportError(
            f"{target}: cannot be written ({error.strerror or error}). Nothing was changed there."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(out: str | os.PathLike[str], *, last: str) -> Iterator[Path]:
    """Write several files together: they arrive when all are whole, or none does.

    Parameters
    ----------
    out : str or path-like
        The folder they shall stand in; other files in it are left alone.
    last : str
        The file that is moved last, the one that says the others are there.

    Yields
    ------
    Path
        An empty temporary folder inside `out` to write to. Folders in it, such as a
        geodatabase, arrive as one: the whole folder takes the place of the old one.

    Raises
    ------
    ExportError
        If the folder cannot be written or the disk is full.
    """
    target = Path(out).absolute()
    # Inside the target, so that both are on one disk: a report may go to a stick or a share.
    draft = target / f".{secrets.token_hex(4)}.part"
    was_there = os.path.exists(target)
    try:
        draft.mkdir(parents=True)
        yield draft
        files = sorted(draft.iterdir(), key=lambda file: (file.name == last, file.name))
        for file in files:
            for one in sorted(_files(file)):
                _flush(one)
        _exchange(files, target)
    except OSError as error:
        if isinstance(error, BoundaryFileError):
            raise
        raise ExportError(
            f"{out}: cannot be written ({error.strerror or error}). What was there is unchanged."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if not was_there:
            with contextlib.suppress(OSError):
                target.rmdir()


def undated(packed: bytes, change: Callable[[str, bytes], bytes] | None = None) -> bytes:
    """An archive again without the hour it was made: the same content is the same bytes.

    Parameters
    ----------
    packed : bytes
        A zip, as documents and workbooks are.
    change : callable, optional
        Is given each part's name and content, and gives what is written.

    Returns
    -------
    bytes
        The archive, its parts in their order.
    """
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            content = before.read(name)
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            after.writestr(entry, content if change is None else change(name, content))
    return out.getvalue()


def _exchange(files: list[Path], target: Path) -> None:
    """New files in, old files aside; back again if one of them cannot be moved."""
    aside = files[0].parent / "before" if files else target
    moved: list[Path] = []
    try:
        aside.mkdir(exist_ok=True)
        for file in files:
            there = target / file.name
            if there.exists():
                os.replace(there, aside / file.name)
            moved.append(there)
            os.replace(file, there)
    except OSError:
        for there in moved:
            old = aside / there.name
            if old.exists():
                if there.is_dir():
                    # A folder is not replaced by another one.
                    shutil.rmtree(there, ignore_errors=True)
                os.replace(old, there)
            elif there.is_dir():
                shutil.rmtree(there, ignore_errors=True)
            else:
                there.unlink(missing_ok=True)
        raise


def _flush(file: Path) -> None:
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


def _files(path: Path) -> list[Path]:
    return [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
