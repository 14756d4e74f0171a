"""One run at a time in a folder: the system holds the lock, and lets go however a run ends.

A run's own processes hold a second lock together, so that a folder whose run was killed is
free only when the last of them has gone. No clock and no number of a process decides.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from deqing_geo.errors import ExportError

# Beside the products: the lock, and the folder of a run that has not ended.
LOCK, STATE, ALIVE = ".report.lock", ".report", "alive"
# What a system says of a file somebody else has locked; anything else is no answer.
_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, getattr(errno, "EDEADLOCK", errno.EDEADLK)}
# A lock file may go with the run that made it while another one opens it; so often it is opened.
_TRIES = 100
# So long the processes of a killed run may take to see it (they do within milliseconds).
_PATIENCE_S, _LOOK_S = 20.0, 0.02
_EVERY_BYTE = 0x7FFFFFFF


class HeldError(ExportError):
    """Another run is at work in the folder."""


class GoneError(ExportError):
    """The folder was taken away while a run was at work in it."""


class Hold:
    """A folder that is held.

    Parameters
    ----------
    out : Path
        The folder.
    handle : int
        An open file of it.
    path : Path
        Where that lies.
    """

    def __init__(self, out: Path, handle: int, path: Path) -> None:
        self.out, self._handle, self._path = out, handle, path

    def require(self) -> None:
        """Refuse to go on in a folder that was taken away.

        Raises
        ------
        GoneError
            If it is not the folder any more that was held.
        """
        if not _is_at(self._handle, self._path):
            raise GoneError(
                f"{self.out}: the folder was removed, renamed or emptied while the run was at work "
                "in it. Put it back where it was and go on with --resume, or run again."
            )


@contextlib.contextmanager
def held(out: Path) -> Iterator[Hold]:
    """A folder for this run alone.

    Parameters
    ----------
    out : Path
        The folder; made if absent, and gone again if nothing was put into it.

    Yields
    ------
    Hold
        While it is held.

    Raises
    ------
    HeldError
        If another run holds it, or a killed run's processes have not ended.
    ExportError
        If it cannot be written, or its disk knows no locks.
    """
    made: list[Path] = []
    try:
        above = out.absolute()
        while not above.exists():
            made.append(above)
            above = above.parent
        out.mkdir(parents=True, exist_ok=True)
        handle = _taken(out)
    except ExportError:
        _sweep(made)
        raise
    except OSError as error:
        _sweep(made)
        raise ExportError(f"{out}: cannot be written ({error.strerror or error}).") from error
    try:
        _await_processes(out)
        yield Hold(out, handle, out / LOCK)
    finally:
        _let_go(out, handle)
        _sweep(made)


def _taken(out: Path) -> int:
    for _ in range(_TRIES):
        try:
            handle = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            # Another run put nothing into the folder it had made, and took it along.
            out.mkdir(parents=True, exist_ok=True)
            continue
        try:
            _lock(handle)
            if _is_at(handle, out / LOCK):
                return handle
        except OSError as error:
            os.close(handle)
            if error.errno not in _TAKEN:
                with contextlib.suppress(OSError):
                    (out / LOCK).unlink()
                raise ExportError(
                    f"{out}: the disk knows no locks ({error.strerror or error}), so that two "
                    "runs could write there at once. Choose a folder on a disk of this machine."
                ) from error
            raise _held(out) from error
        os.close(handle)
    raise _held(out)


def _held(out: Path) -> HeldError:
    return HeldError(
        f"{out}: another run is at work in this folder. Wait for its end, or choose another "
        "folder with --out."
    )


def _let_go(out: Path, handle: int) -> None:
    """The lock's file goes first, so that nobody locks a file that is no longer there."""
    with contextlib.suppress(OSError):
        if os.name != "nt" and _is_at(handle, out / LOCK):
            (out / LOCK).unlink()
    os.close(handle)
    if os.name == "nt":
        # An open file is not removed there; if another run has opened it by now, it stays.
        with contextlib.suppress(OSError):
            (out / LOCK).unlink()


def _sweep(folders: list[Path]) -> None:
    """Folders made for nothing go again; one that holds something stays."""
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False


# ---------------------------------------------------------------- a run's own processes


def working_in(out: Path, state: Path) -> Hold:
    """Say that this process writes into a folder; the system takes it back when it ends.

    Parameters
    ----------
    out : Path
        The folder.
    state : Path
        Its folder of what a run that has not ended keeps.

    Returns
    -------
    Hold
        Until the process ends.

    Raises
    ------
    OSError
        If the folder is not there, or somebody else waits for it.
    """
    handle = os.open(state / ALIVE, os.O_RDWR | os.O_CREAT, 0o644)
    _lock(handle, together=True)
    return Hold(out, handle, state / ALIVE)


def _await_processes(out: Path) -> None:
    """A killed run's processes end by themselves; until then nothing is read or written."""
    for _ in range(round(_PATIENCE_S / _LOOK_S)):
        try:
            handle = os.open(out / STATE / ALIVE, os.O_RDWR)
        except OSError:
            return
        try:
            _lock(handle, every=True)
        except OSError as error:
            if error.errno not in _TAKEN:
                return
            time.sleep(_LOOK_S)
        else:
            return
        finally:
            os.close(handle)
    raise HeldError(
        f"{out}: processes of a run that was ended are still at work in this folder. End them, "
        "or choose another folder with --out."
    )


def _lock(handle: int, *, together: bool = False, every: bool = False) -> None:
    """Lock a file at once or not at all; `together` with others that lock it so."""
    if os.name == "nt":
        import msvcrt

        # Windows locks bytes: each process one of its own, and who waits for all, all of them.
        os.lseek(handle, 1 + os.getpid() % (_EVERY_BYTE - 1) if together else 0, os.SEEK_SET)
        count = _EVERY_BYTE if every else 1
        getattr(msvcrt, "locking")(handle, getattr(msvcrt, "LK_NBLCK"), count)  # noqa: B009
    else:
        import fcntl

        fcntl.flock(handle, (fcntl.LOCK_SH if together else fcntl.LOCK_EX) | fcntl.LOCK_NB)
