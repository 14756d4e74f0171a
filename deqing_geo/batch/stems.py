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
_UNWRITABLE = re.compile(r'[\\/:*?"<>|\s.\x00-\x1f\x7f]+')
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
    out: list[str] = []
    taken: set[str] = set()
    for name in names:
        stem, number = _writable(name), 1
        one = stem
        while one.casefold() in taken:
            number += 1
            one = f"{stem}-{number}"
        taken.add(one.casefold())
        out.append(one)
    return out


def _writable(name: str) -> str:
    stem = _UNWRITABLE.sub("_", name) or "_"
    if stem.casefold() in _DEVICES:
        return f"{stem}_"
    if len(stem.encode()) <= MOST_BYTES:
        return stem
    # Cut between characters, and told apart by the whole name.
    kept = stem.encode()[:MOST_BYTES].decode(errors="ignore")
    return f"{kept}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
