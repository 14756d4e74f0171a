"""What a finished file says of who may read it, found in its bytes.

A workbook's header, a map's footer and a word in a layer are all looked for the same way. This
finds what products say of themselves and no more: text drawn as curves, or packed by a PDF, stays
unseen, so what says nothing is unknown and never public.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from deqing_geo.columns import word
from deqing_geo.errors import ExportError
from deqing_geo.villages.kinds import CANDIDATE, REFUSED, worded

INTERNAL, PUBLIC, UNKNOWN, MADE_UP = "internal", "public", "unknown", "made_up"
# How files hold Chinese text: pages and packages, workbooks of old, properties of a PDF, tables of
# offices.
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
ASCII = 127
# What is read at a time, and how much of it again, so that no word is cut in two.
CHUNK, AGAIN = 1 << 24, 1 << 10


def marks_of(path: Path) -> frozenset[str]:
    """What a file says of itself.

    Parameters
    ----------
    path : Path
        A file, or a folder that is one (a geodatabase).

    Returns
    -------
    frozenset of str
        ``internal`` where it, its name or a part of it says so or tells of candidates; ``public``
        where it says that it is meant for the public; ``made_up`` where it holds sample data.

    Raises
    ------
    ExportError
        If it is a damaged package.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "说明.txt"
    ...     _ = file.write_text("内部资料 注意保存", "gb18030")
    ...     sorted(marks_of(file))
    ['internal']
    """
    found: set[str] = set()
    for name, content in _parts(path):
        text = f"{path.name}/{name}".encode()
        for mark, pattern in _patterns().items():
            if mark not in found and (pattern.search(text) or pattern.search(content)):
                found.add(mark)
    return frozenset(found)


def audience_of(marks: frozenset[str]) -> str:
    """For whom a file is, by its marks.

    Parameters
    ----------
    marks : frozenset of str
        Of `marks_of`.

    Returns
    -------
    str
        ``internal`` before ``public`` where it says both; ``unknown`` where it says neither.

    Examples
    --------
    >>> audience_of(frozenset()), audience_of(frozenset({"public", "internal"}))
    ('unknown', 'internal')
    """
    return next((one for one in (INTERNAL, PUBLIC) if one in marks), UNKNOWN)


@cache
def _patterns() -> dict[str, re.Pattern[bytes]]:
    phrases = {
        INTERNAL: [
            word("map.internal").split()[0],
            word("map.no_internet"),
            word("submission.for_the_house"),
            worded("status", CANDIDATE),
            worded("status", REFUSED),
        ],
        PUBLIC: [
            word("village_paper.public"),
            word("map.for_review"),
            f"{word('map.review_number')}:",
        ],
        MADE_UP: [word("paper.sample"), word("notice.schematic")],
    }
    return {
        mark: re.compile(b"|".join(re.escape(form) for one in some for form in _forms(one)))
        for mark, some in phrases.items()
    }


def _forms(text: str) -> Iterator[bytes]:
    """A phrase in every way a file may hold it."""
    for encoding in ENCODINGS:
        yield text.encode(encoding)
    # JSON, CSS and XML may keep letters that are not ASCII as numbers; workbooks of openpyxl do.
    yield "".join(f"&#{ord(one)};" if ord(one) > ASCII else one for one in text).encode()
    yield "".join(f"\\u{ord(one):04x}" if ord(one) > ASCII else one for one in text).encode()
    yield "".join(f"\\{ord(one):06x}" for one in text).encode()


def _parts(path: Path) -> Iterator[tuple[str, bytes]]:
    """All bytes of a file, packages opened, in pieces."""
    if path.is_dir():
        for file in sorted(one for one in path.rglob("*") if one.is_file()):
            yield from _parts(file)
        return
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as package:
                for entry in package.infolist():
                    with package.open(entry) as part:
                        yield from ((entry.filename, piece) for piece in _pieces(part))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise ExportError(f"{path}: the package cannot be opened ({error}).") from error
        return
    with path.open("rb") as handle:
        yield from (("", piece) for piece in _pieces(handle))


def _pieces(handle: object) -> Iterator[bytes]:
    kept = b""
    while True:
        read = handle.read(CHUNK)  # type: ignore[attr-defined]
        yield kept + read
        if len(read) < CHUNK:
            return
        kept = read[-AGAIN:]
