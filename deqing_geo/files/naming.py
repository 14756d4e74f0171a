"""Names of files that every disk takes, and that no two units share.

Windows takes no colon, no name of a device and no dot at the end, and does not tell capitals
from small letters; most disks take 255 bytes, which is 85 Chinese characters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

# So much of a name is kept; what is added to it (村庄分类图.html) has room beside it.
MOST_BYTES = 160
# What no name of a file may hold on one system or another.
UNWRITABLE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
# Nor what makes a name unhandy to type, or vanishes at its end.
_UNHANDY = re.compile(r'[\\/:*?"<>|\s.\x00-\x1f\x7f]+')
_PORTS = {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
_DEVICES = {"con", "prn", "aux", "nul"} | _PORTS


def stems(names: Iterable[str]) -> list[str]:
    """What files of units are called, one by one.

    Parameters
    ----------
    names : iterable of str
        What people call the units, with their codes.

    Returns
    -------
    list of str
        In their order; the same for the same names.

    Examples
    --------
    >>> stems(["330521001 a/b", "A.b", "a b", "CON"])
    ['330521001_a_b', 'A_b', 'a_b-2', 'CON_']
    """
    return numbered(map(stem_of, names), "-")


def numbered(names: Iterable[str], mark: str = "") -> list[str]:
    """Names told apart by a number, where a disk would take two for one.

    Parameters
    ----------
    names : iterable of str
        Fit for files, without endings.
    mark : str
        What stands before the number.

    Returns
    -------
    list of str
        In their order; the first of its kind stays as it is.

    Examples
    --------
    >>> numbered(["town", "Town", "town"])
    ['town', 'Town2', 'town3']
    """
    out: list[str] = []
    taken: set[str] = set()
    for name in names:
        one, number = name, 1
        while one.casefold() in taken:
            number += 1
            one = f"{name}{mark}{number}"
        taken.add(one.casefold())
        out.append(one)
    return out


def stem_of(name: str) -> str:
    """What a file or folder of one unit is called, if no other is called so.

    Parameters
    ----------
    name : str
        What people call the unit, with its code.

    Returns
    -------
    str
        Without blanks and dots; a long one is cut, and told apart by the whole name.

    Examples
    --------
    >>> stem_of("330521 德清县")
    '330521_德清县'
    """
    stem = _UNHANDY.sub("_", name) or "_"
    if stem.casefold() in _DEVICES:
        return f"{stem}_"
    if len(stem.encode()) <= MOST_BYTES:
        return stem
    # Between characters.
    kept = stem.encode()[:MOST_BYTES].decode(errors="ignore")
    return f"{kept}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
