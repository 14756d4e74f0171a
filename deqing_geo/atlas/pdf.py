"""Single pages joined to one PDF with bookmarks, piece by piece and the same bytes every time.

Reads only the plain PDF that matplotlib writes (classic cross-reference table, one page a file)
and says so of anything else. A glyph that many pages use is kept once.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from deqing_geo.errors import ExportError

# Strings first, so that what looks like a reference in a text stays text.
_TOKEN = re.compile(rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>(?!>)|\b(\d+) 0 R\b", re.DOTALL)
_STREAM = b"\nstream\n"
# Written before anything else, and filled last.
CATALOG, PAGES, INFO = 1, 2, 3


class Joined:
    """A PDF that grows by one page after another.

    Parameters
    ----------
    out : binary file
        Empty, open for writing.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._offsets: dict[int, int] = {}
        self._next = INFO + 1
        self._same: dict[bytes, int] = {}
        self.pages: list[int] = []
        # The mark behind the head tells mail programs that this is no text.
        out.write(b"%PDF-1.4\n%\xac\xdc \xab\xba\n")

    def add(self, file: Path) -> None:
        """Take in a file of one page.

        Parameters
        ----------
        file : Path
            As matplotlib writes it.

        Raises
        ------
        ExportError
            If it is not such a file.
        """
        found = _objects(file.read_bytes(), file.name)
        page = next((n for n, body in found.items() if b"/Type /Page\n" in body or
                     b"/Type /Page " in body[:200]), None)  # fmt: skip
        if page is None:
            raise ExportError(f"{file.name}: no page was found in it.")
        held: dict[int, int] = {}
        skipped = {n for n, body in found.items()
                   if b"/Type /Catalog" in body[:60] or b"/Type /Pages" in body[:60]}  # fmt: skip
        for number in sorted(found):
            body = found[number]
            # What refers to nothing may be the same on every page: mostly glyphs.
            alone = _STREAM in body and not any(
                one[1] for one in _TOKEN.finditer(body.split(_STREAM, 1)[0])
            )
            if alone:
                mark = hashlib.sha256(body).digest()
                if mark in self._same:
                    held[number] = self._same[mark]
                    skipped.add(number)
                    continue
                self._same[mark] = self._next
            if number not in skipped:
                held[number] = self._next
                self._next += 1
        parents = {n for n in skipped if b"/Type /Pages" in found[n][:60]}
        held |= dict.fromkeys(parents, PAGES)
        for number in sorted(found):
            if number not in skipped:
                self._write(held[number], _renumbered(found[number], held))
        self.pages.append(held[page])

    def finish(self, bookmarks: Sequence[tuple[str, int, int]], *, title: str, author: str) -> None:
        """Write what holds the pages together.

        Parameters
        ----------
        bookmarks : sequence of (str, int, int)
            What each says, the page it leads to, from 0, and how deep it stands, 0 or 1.
        title, author : str
            Of the document.
        """
        first = self._next
        count = len(bookmarks)
        root = first + count
        above = [_above(bookmarks, at) for at in range(count)]
        for at, (said, page, _) in enumerate(bookmarks):
            beside = [n for n in range(count) if above[n] == above[at]]
            below = [n for n in range(count) if above[n] == at]
            place = beside.index(at)
            parts = [b"/Title %s" % text(said), b"/Dest [%d 0 R /Fit]" % self.pages[page]]
            parent = root if above[at] is None else first + int(above[at] or 0)
            parts.append(b"/Parent %d 0 R" % parent)
            if place:
                parts.append(b"/Prev %d 0 R" % (first + beside[place - 1]))
            if place + 1 < len(beside):
                parts.append(b"/Next %d 0 R" % (first + beside[place + 1]))
            if below:
                parts.append(b"/First %d 0 R /Last %d 0 R" % (first + below[0], first + below[-1]))
                parts.append(b"/Count %d" % len(below))
            self._write(first + at, b"<< " + b" ".join(parts) + b" >>")
        top = [n for n in range(count) if above[n] is None]
        ends = (first + top[0], first + top[-1], count) if top else (root, root, 0)
        self._write(root, b"<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count %d >>" % ends)
        kids = b" ".join(b"%d 0 R" % page for page in self.pages)
        pages = b"<< /Type /Pages /Kids [ %s ] /Count %d >>" % (kids, len(self.pages))
        self._write(PAGES, pages)
        outlines = b"/Outlines %d 0 R /PageMode /UseOutlines" % root if count else b""
        self._write(CATALOG, b"<< /Type /Catalog /Pages %d 0 R %s >>" % (PAGES, outlines))
        self._write(INFO, b"<< /Title %s /Author %s >>" % (text(title), text(author)))
        start = self._out.tell()
        size = max(self._offsets) + 1
        lines = [b"xref\n0 %d\n0000000000 65535 f \n" % size]
        lines += [b"%010d 00000 n \n" % self._offsets[number] for number in range(1, size)]
        self._out.write(b"".join(lines))
        tail = b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        self._out.write(tail % (size, CATALOG, INFO, start))

    def _write(self, number: int, body: bytes) -> None:
        self._next = max(self._next, number + 1)
        self._offsets[number] = self._out.tell()
        self._out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))


def text(said: str) -> bytes:
    """A text string of a PDF, in any script.

    Parameters
    ----------
    said : str
        Any.

    Returns
    -------
    bytes
        In hexadecimal, so that nothing in it is read as anything else.

    Examples
    --------
    >>> text("村")
    b'<FEFF6751>'
    """
    return b"<FEFF%s>" % said.encode("utf-16-be", "replace").hex().upper().encode()


def _above(bookmarks: Sequence[tuple[str, int, int]], at: int) -> int | None:
    """Under which bookmark one stands."""
    if bookmarks[at][2] == 0:
        return None
    return next((n for n in range(at - 1, -1, -1) if bookmarks[n][2] == 0), None)


def _objects(content: bytes, name: str) -> dict[int, bytes]:
    """The objects of a file, by number."""
    tail = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", content)
    start = int(tail[1]) if tail else -1
    head = re.compile(rb"xref\n0 (\d+)\n").match(content, start) if tail else None
    if head is None:
        raise ExportError(f"{name}: is no PDF of the plain kind that pages are joined from.")
    size = int(head[1])
    table = content[head.end() : head.end() + 20 * size]
    offsets = {
        number: int(table[20 * number : 20 * number + 10])
        for number in range(1, size)
        if table[20 * number + 17 : 20 * number + 18] == b"n"
    }
    bounds = sorted([*offsets.values(), start])
    ends = dict(itertools.pairwise(bounds))
    out = {}
    for number, offset in offsets.items():
        body = content[offset : ends[offset]]
        begin = body.index(b"obj\n") + 4
        out[number] = body[begin : body.rindex(b"endobj")].rstrip(b"\n")
    return out


def _renumbered(body: bytes, held: dict[int, int]) -> bytes:
    """An object with its references as they are called in the whole."""
    head, mark, stream = body.partition(_STREAM)

    def called(found: re.Match[bytes]) -> bytes:
        return found[0] if found[1] is None else b"%d 0 R" % held[int(found[1])]

    return _TOKEN.sub(called, head) + mark + stream
