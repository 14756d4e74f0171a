"""What disks do to a run, in a person's words: full, protected, open elsewhere, too long.

A product that meets one of them fails and the others go on; where none could be written any
more, the run ends.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from deqing_geo.batch.holding import GoneError
from deqing_geo.errors import DeqingGeoError

WINDOWS = os.name == "nt"
# The longest path a program of Windows may use, unless somebody changed the system.
WINDOWS_PATH = 259
# With less than this no further product fits; some libraries do not say why they cannot write.
LEAST_BYTES = 1 << 20
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_PROTECTED = {errno.EACCES, errno.EPERM, errno.EBUSY, getattr(errno, "ETXTBSY", errno.EBUSY)}
_LONG = {errno.ENAMETOOLONG}


def said(error: BaseException, file: Path | None = None) -> str:
    """Why something could not be written, and what cures it.

    Parameters
    ----------
    error : exception
        What came.
    file : Path, optional
        What was being written, where that is known.

    Returns
    -------
    str
        One sentence or two.

    Examples
    --------
    >>> said(ValueError("no ink"))
    'ValueError: no ink'
    >>> said(PermissionError(13, "Permission denied"), Path("a.xlsx"))
    'a.xlsx is open in another program or write-protected: close it in Excel or WPS, ...'
    """
    number = _number(error)
    name = "" if file is None else file.name
    if number in _LONG or _too_long(file):
        length = "" if file is None else f" ({len(os.fspath(file.absolute()))} characters)"
        return (
            f"{name}: its path is too long{length} (路径过长): choose a folder with a shorter "
            "path with --out."
        )
    if number in _PROTECTED:
        return (
            f"{name or 'a file'} is open in another program or write-protected: close it in Excel "
            "or WPS, or take the protection off, and run again (文件被占用或只读,请关闭后重新运行)."
        )
    if isinstance(error, DeqingGeoError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}" if name else error.strerror
    return f"{type(error).__name__}: {error}"


def ends_the_run(error: BaseException, out: Path) -> str:
    """Why nothing more can be written into a folder.

    Parameters
    ----------
    error : exception
        What came.
    out : Path
        The folder.

    Returns
    -------
    str
        Empty where other products may still be made.
    """
    if isinstance(error, GoneError):
        return str(error)
    number = _number(error)
    if number == errno.EROFS:
        return f"{out}: the disk is read-only (磁盘只读)."
    if number in _FULL or _free(out) < LEAST_BYTES:
        return f"{out}: the disk is full (磁盘已满). Free space, then go on with --resume."
    return ""


def _number(error: BaseException | None) -> int | None:
    """What the system said first; libraries and we ourselves wrap it."""
    found = None
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno is not None:
            found = error.errno
        error = error.__cause__ or error.__context__
    return found


def _too_long(file: Path | None) -> bool:
    return WINDOWS and file is not None and len(os.fspath(file.absolute())) > WINDOWS_PATH


def _free(out: Path) -> int:
    try:
        return shutil.disk_usage(out).free
    except OSError:
        return LEAST_BYTES
