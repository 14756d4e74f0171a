"""What papers on measured figures share: who files them, for whom, to which day, and their sheets.

It knows how a sheet to be signed is laid out and nothing of what stands on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.errors import InputError
from deqing_geo.looks.imprint import AUDIENCES
from deqing_geo.sheets import Field, Sheet
from deqing_geo.text import figure
from deqing_geo.villages.forms import chinese_day, signatures

if TYPE_CHECKING:
    import pandas as pd

    from deqing_geo.standards import Definition, Rule

PERCENT = 100.0
# Twelve places keep a product of 100 honest: 0.07 * 100 is 7.000000000000001.
PLACES = 12
# What an area is called by, whichever it has; the smallest kind first.
CALLED = ("zone_name", "village_name", "town_name", "county_name")


@dataclass(frozen=True, slots=True)
class Filing:
    """Who files, for whom, to which day.

    Attributes
    ----------
    unit : str
        填报单位.
    day : str
        数据截止日期 as papers say it; empty for a pen.
    public : bool
        Whether anybody may read it.
    stage : str
        Such as 会审稿, or nothing.
    place : str
        Before the titles, such as 德清县.
    sample : bool
        Whether it was made from made-up data, and so cannot be signed.
    """

    unit: str
    day: str
    public: bool
    stage: str
    place: str
    sample: bool

    def file(self, name: str) -> str:
        """The workbook's name.

        Parameters
        ----------
        name : str
            Of the paper.

        Returns
        -------
        str
            With the place before it, and 公开版 behind it where anybody may read it.
        """
        public = f"({word('village_paper.public')})" if self.public else ""
        return f"{self.place}{name}{public}.xlsx"

    def sheet(
        self,
        name: str,
        fields: Sequence[Field],
        units: str,
        *,
        said: Sequence[str] = (),
        total: Mapping[int, Any] | None = None,
    ) -> Sheet:
        """A sheet to sign: title, who and to which day above; the line to sign on below.

        Parameters
        ----------
        name : str
            On the tab, and in the title behind the place.
        fields : sequence of Field
            The table.
        units : str
            计量单位.
        said : sequence of str
            One more line above, such as the figure the table adds up to.
        total : mapping of int to object, optional
            Cells of a last row by the position of their column; 合计 stands in the second.

        Returns
        -------
        Sheet
            Of sample data without a line to sign on.
        """
        if total is not None:
            cells = {1: word("paper.total"), **total}
            fields = [
                replace(one, values=[*one.values, cells.get(at)]) for at, one in enumerate(fields)
            ]
        return self.framed(name, fields, units, said=said, total=total is not None)

    def framed(
        self,
        name: str,
        fields: Sequence[Field],
        units: str,
        *,
        said: Sequence[str] = (),
        total: bool = False,
    ) -> Sheet:
        """The frame of a sheet to sign around a table that is whole already.

        Parameters
        ----------
        name, fields, units, said
            As of `sheet`.
        total : bool
            Whether the last row of the table is a sum.

        Returns
        -------
        Sheet
            Of sample data without a line to sign on.
        """
        marks = [one for one in (self.stage, word("paper.sample") if self.sample else "") if one]
        by = word("paper.unit_sample" if self.sample else "paper.unit")
        above: list[tuple[str, ...]] = [
            (
                f"{by}:{self.unit}",
                f"{word('paper.data_until')}:{self.day or word('paper.blank_day')}",
                f"{word('village_paper.unit')}:{units}",
            )
        ]
        if said:
            above.append(tuple(said))
        if self.sample:
            above.append((word("notice.schematic"), word("paper.not_filed")))
        return Sheet(
            name,
            tuple(fields),
            title=f"{self.place}{name}{''.join(f'({one})' for one in marks)}",
            above=tuple(above),
            below=() if self.sample else ((), signatures()),
            total=total,
            mark="" if self.public else word("map.internal"),
        )

    def notes(self, said: Iterable[str]) -> Sheet:
        """The last sheet: what the figures rest on.

        Parameters
        ----------
        said : iterable of str
            Sentences; each stands once.

        Returns
        -------
        Sheet
            Without a line to sign on.
        """
        name = word("paper.notes")
        lines = [one for one in dict.fromkeys(said) if one]
        return Sheet(name, (Field(name, lines, width=110),))


def filing(
    notices: Iterable[str],
    *,
    unit: str,
    day: date | str | None,
    audience: str,
    review_stage: str,
    place: str,
) -> Filing:
    """Who files, once it is sure that it can stand.

    Parameters
    ----------
    notices : iterable of str
        Of the result: whether it was made from sample data.
    unit, review_stage, place : str
        填报单位; such as 会审稿; such as 德清县.
    day : date or str or None
        数据截止日期.
    audience : str
        ``internal`` or ``public``.

    Returns
    -------
    Filing
        For the sheets.

    Raises
    ------
    InputError
        If `audience` is neither.
    ColumnError
        If `day` is no date.

    Examples
    --------
    >>> made = filing((), unit="某局", day="2026-03-31", audience="public", review_stage="",
    ...               place="某县")
    >>> made.file("道路计入明细表"), made.day
    ('某县道路计入明细表(公开版).xlsx', '2026年3月31日')
    """
    if audience not in AUDIENCES:
        raise InputError(f"audience={audience!r} is neither internal nor public.")
    sample = any(word("notice.schematic") in one for one in notices)
    return Filing(
        unit.strip(),
        chinese_day(day, "day"),
        audience == "public",
        review_stage.strip(),
        place.strip(),
        sample,
    )


def shown_by(values: Iterable[Any], *, goals: Iterable[float] = (), least: int = 2) -> str:
    """The number format of a column that rounds none of its figures across a goal.

    Parameters
    ----------
    values : iterable of float
        As they stand in the cells.
    goals : iterable of float
        In the same unit.
    least : int
        Decimals at least.

    Returns
    -------
    str
        Such as ``0.00``.

    Examples
    --------
    >>> shown_by([7.996, 9.5]), shown_by([7.996, 9.5], goals=[8])
    ('0.00', '0.000')
    """
    against = list(goals)
    places = [
        len(figure(float(one), least, against=against).partition(".")[2])
        for one in values
        if one is not None and one == one
    ]
    most = max([least, *places])
    return "0." + "0" * most if most else "0"


def percents(values: Iterable[Any]) -> list[float]:
    """Ratios as the percentages a cell holds.

    Parameters
    ----------
    values : iterable of float
        0 to 1.

    Returns
    -------
    list of float
        0 to 100.

    Examples
    --------
    >>> percents([0.07, 0.91])
    [7.0, 91.0]
    """
    return [round(float(one) * PERCENT, PLACES) for one in values]


def numbers(heading: str, values: Iterable[Any], width: float, form: str) -> Field:
    """A column of figures.

    Parameters
    ----------
    heading : str
        With its unit.
    values : iterable of float
        NaN is an empty cell.
    width : float
        In letters.
    form : str
        Its number format.

    Returns
    -------
    Field
        Figures stand to the right.
    """
    return Field(heading, [float(one) for one in values], width=width, kind="number", format=form)


def texts(heading: str, values: Iterable[Any], width: float, *, middle: bool = False) -> Field:
    """A column of words.

    Parameters
    ----------
    heading : str
        Over it.
    values : iterable of object
        Missing ones and blanks are empty cells.
    width : float
        In letters.
    middle : bool
        Whether they stand in the middle.

    Returns
    -------
    Field
        Whatever looks like a number stays a text.
    """
    cells = [None if one is None or one != one or one == "" else str(one) for one in values]
    return Field(heading, cells, width=width, middle=middle)


def in_words(vocabulary: str, values: Iterable[Any]) -> list[str]:
    """Words of a vocabulary as readers know them; what it does not hold stays as it is.

    Parameters
    ----------
    vocabulary : str
        Such as ``road_class``.
    values : iterable of object
        As tables hold them.

    Returns
    -------
    list of str
        Missing ones are empty.

    Examples
    --------
    >>> in_words("road_class", ["branch", None])
    ['支路', '']
    """
    known = names.vocabulary(vocabulary)
    return ["" if one is None or one != one else known.get(str(one), str(one)) for one in values]


def serial(count: int) -> Field:
    """The column 序号.

    Parameters
    ----------
    count : int
        Of rows.

    Returns
    -------
    Field
        From 1.
    """
    return Field(word("measured_paper.serial"), list(range(1, count + 1)), width=6, middle=True)


def area_names(table: pd.DataFrame) -> list[str]:
    """What each area is called.

    Parameters
    ----------
    table : DataFrame
        Of a result.

    Returns
    -------
    list of str
        By `CALLED`, else the index.

    Examples
    --------
    >>> import pandas as pd
    >>> area_names(pd.DataFrame({"town_name": ["某镇", None]}, index=["A", "B"]))
    ['某镇', 'B']
    """
    labels = [str(one) for one in table.index]
    for column in CALLED:
        if column in table:
            said = table[column].to_numpy(dtype=object)
            return [
                label if one is None or one != one or not str(one).strip() else str(one)
                for one, label in zip(said, labels, strict=True)
            ]
    return labels


def summed(values: Iterable[Any]) -> float | None:
    """A sum of figures, or nothing where one of them is unknown.

    Parameters
    ----------
    values : iterable of float
        A sum with gaps would be taken for the whole.

    Returns
    -------
    float or None
        Of all.

    Examples
    --------
    >>> summed([1.0, 2.0]), summed([1.0, float("nan")])
    (3.0, None)
    """
    held = np.asarray(list(values), dtype=float)
    return None if np.isnan(held).any() else float(held.sum())


def documents(sources: Iterable[Definition | Rule]) -> str:
    """The documents a figure rests on, in one line.

    Parameters
    ----------
    sources : iterable of Definition and Rule
        Of a result.

    Returns
    -------
    str
        Empty without any.
    """
    said = []
    for one in sources:
        where = f"{one.document} {one.clause}".strip()
        said.append(f"{where}({word(f'evidence.{one.evidence}')})")
    listed = "、".join(dict.fromkeys(said))
    return f"{word('map.source')}:{listed}" if listed else ""
