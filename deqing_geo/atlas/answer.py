"""What an atlas answers with: its pages, their files, and what did not fit on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deqing_geo import columns as names
from deqing_geo.text import card

if TYPE_CHECKING:
    import pandas as pd

SHOWN_IN_CARD = 20


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """Pages that were written (图集).

    Attributes
    ----------
    table : DataFrame
        One row a page, index ``page_number`` from 1: ``sheet_number`` (图号; 0 for the index),
        ``map_title``, ``page_area``, ``map_scale`` (50000 is 1:50 000), ``labels_placed``,
        ``labels_dropped`` (names that found no place; the page says how many) and
        ``map_files``, parted by ``;``.
    out : Path
        The folder.
    book : Path or None
        The PDF of all pages, where pages were written as PDF.
    files : tuple of str
        All files, in the order of the pages; the list of maps last.
    left_out : tuple of (str, str)
        图名 and area of pages that were not made, since the result says nothing about the area.
    """

    table: pd.DataFrame
    out: Path
    book: Path | None
    files: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def labels_dropped(self) -> int:
        """How many names found no place, on all pages."""
        return int(self.table["labels_dropped"].sum())

    def __repr__(self) -> str:
        return f"<Atlas of {len(self.table)} pages in {self.out.name}>"

    def _repr_html_(self) -> str:
        shown = self.table.head(SHOWN_IN_CARD)
        rows = [
            [str(page), str(title), "-" if scale == 0 else f"1:{scale:,}", str(dropped)]
            for page, title, scale, dropped in zip(
                shown.index, shown["map_title"], shown["map_scale"], shown["labels_dropped"],
                strict=True,
            )
        ]  # fmt: skip
        heads = [names.label(one) for one in ("page_number", "map_title", "map_scale")]
        return card(
            names.word("atlas.book"),
            f"{len(self.table)} 页",
            [(names.label("map_files"), self.book.name if self.book else self.out.name)],
            (),
            ([*heads, names.label("labels_dropped")], rows),
        )
