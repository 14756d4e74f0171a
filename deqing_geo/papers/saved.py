"""One paper to one file: Word or a page, by the name's ending, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deqing_geo.errors import ExportError
from deqing_geo.files import whole_file

if TYPE_CHECKING:
    from deqing_geo.papers.blocks import Paper

ENDINGS = (".html", ".docx")


def require_ending(path: str | os.PathLike[str]) -> str:
    """The ending of a paper's name, once it is one that can be written.

    Parameters
    ----------
    path : path
        Where the paper shall stand.

    Returns
    -------
    str
        ``.html`` or ``.docx``.

    Raises
    ------
    ExportError
        If it is another.

    Examples
    --------
    >>> require_ending("质量检查报告.DOCX")
    '.docx'
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise ExportError(f"{path}: name a file that ends in .html or .docx.")
    return ending


def save_paper(paper: Paper, path: str | os.PathLike[str]) -> Path:
    """Write a paper.

    Parameters
    ----------
    paper : Paper
        What it says.
    path : path
        Where; ``.html`` or ``.docx``.

    Returns
    -------
    Path
        The file: the same bytes for the same paper.

    Raises
    ------
    ExportError
        If the name has another ending, or the file cannot be written.
    """
    if require_ending(path) == ".html":
        from deqing_geo.papers.page import html

        content = html(paper).encode("utf-8")
    else:
        from deqing_geo.papers.word import docx

        content = docx(paper)
    with whole_file(path) as draft:
        draft.write_bytes(content)
    return Path(path)
