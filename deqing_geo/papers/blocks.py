"""What a paper consists of, whichever program opens it: texts, tables, a line to sign on.

A paper is described once and then written as a page or as a Word document, so that the two
never say different things. Nothing here knows what a paper is about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# What XML 1.0 cannot hold, and line breaks nobody meant.
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Facts:
    """Label and value, one below the other."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a warning stands out."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with one heading row, which is repeated on every sheet.

    Attributes
    ----------
    caption : str
        Above the table; empty for none.
    head : tuple of str
        The headings.
    rows : tuple of tuple of str
        Cells, as many as headings; a line break begins a new line in the cell.
    widths : tuple of int
        Shares of the sheet's width, one a column.
    figures : tuple of int
        Columns that hold figures, set to the right.
    total : bool
        Whether the last row is a sum.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    figures: tuple[int, ...] = ()
    total: bool = False


Block = Facts | Text | Table


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading; a wide section lies on sheets turned to landscape."""

    heading: str
    blocks: tuple[Block, ...]
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper to be filed, on A4.

    Attributes
    ----------
    title : str
        In large type.
    head : tuple of (str, str)
        Label and value, beside each other under the title.
    warnings : tuple of str
        In red under the title.
    marks : tuple of str
        At the head of every sheet.
    sections : tuple of Section
        In their order.
    sign : tuple of (str, str)
        Labels of the line to sign on, with what is known already; after the last section that
        is not wide.
    """

    title: str
    head: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    marks: tuple[str, ...]
    sections: tuple[Section, ...]
    sign: tuple[tuple[str, str], ...] = field(default=())


def plain(text: str) -> str:
    r"""Text a paper can hold: a control character or half a character becomes a blank.

    Parameters
    ----------
    text : str
        Whatever a file said.

    Returns
    -------
    str
        The same otherwise.

    Examples
    --------
    >>> plain("二都\x00村")
    '二都 村'
    """
    return _UNWRITABLE.sub(" ", text)
