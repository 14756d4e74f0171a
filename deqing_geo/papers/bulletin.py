"""The month's bulletin (月度变化通报): figures of two months, what lies between, and why.

It repeats what was compared and subtracts nothing itself. Figures that do not compare are told
side by side and marked 不可比.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from deqing_geo.columns import word
from deqing_geo.papers.blocks import Block, Paper, Section, Table, Text
from deqing_geo.papers.filing import filing
from deqing_geo.papers.saved import save_paper
from deqing_geo.text import subtracts
from deqing_geo.villages.forms import chinese_day

NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Told:
    """One figure of two months, as readers see it.

    Attributes
    ----------
    label, unit : str
        What it is, and in what.
    now, before : str
        This month's, and the one before as it was reported.
    again : str
        The one before counted as this month's is; empty where the two compare.
    step, step_unit : str
        The difference with its sign: to `before`, or to `again` where that stands.
    since, until : str
        The days of the two, like 2025-11-30; may be empty.
    apart : str
        Why the two do not compare; empty where they do.
    causes : tuple of str
        A sentence each.
    """

    label: str
    unit: str
    now: str
    before: str
    again: str
    step: str
    step_unit: str
    since: str
    until: str
    apart: str
    causes: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether the step is of unrounded figures and those shown subtract to another."""
        return not subtracts(self.step, (self.again if self.apart else self.before, self.now))

    @property
    def paragraph(self) -> str:
        """The words of a bulletin."""
        step = f"{_moved(self.step)}{self.step_unit if self.step.strip('0.') else ''}"
        asked = {
            "label": self.label,
            "now": f"{self.now}{self.unit}",
            "before": f"{self.before}{self.unit}",
            "again": f"{self.again}{self.unit}",
            "step": f"{step}({word('month.exact')})" if self.exact else step,
            "until": f"截至{chinese_day(self.until, 'until')}," if self.until else "",
            "since": f"({chinese_day(self.since, 'since')})" if self.since else "",
            "apart": self.apart,
        }
        said = word("month.said_apart" if self.apart else "month.said").format(**asked)
        if self.apart and self.again != "-":
            said += word("month.said_again").format(**asked)
        # Where nothing of then can be counted as today's, nothing is known of causes.
        return said if self.apart and self.again == "-" else said + self.why

    @property
    def why(self) -> str:
        """The causes in one sentence."""
        if not self.causes:
            return word("month.no_causes")
        return word("month.because").format(causes=";".join(self.causes))


def save_bulletin(
    told: Sequence[Told],
    path: str | os.PathLike[str],
    *,
    types: tuple[str, Sequence[str]] | None = None,
    notices: Iterable[str] = (),
    unit: str = "",
    day: date | str | None = None,
    review_stage: str = "",
    place: str = "",
) -> Path:
    """The month's bulletin, a page for Word and WPS.

    Parameters
    ----------
    told : sequence of Told
        The figures.
    path : path
        Where; ``.docx`` or ``.html``.
    types : (str, sequence of str), optional
        What changed among village types in one line, and how many by which cause.
    notices : iterable of str
        Sentences the figures must not travel without.
    unit : str
        Who files it (填报单位).
    day : date or str, optional
        To which the data reach (数据截止日期).
    review_stage, place : str
        Behind the title, such as 会审稿; before it, such as 德清县.

    Returns
    -------
    Path
        The file, the same bytes for the same figures. It is for the house: it tells of villages
        whose type is not settled.

    Raises
    ------
    ColumnError
        If `day` is no date.
    ExportError
        If the name has another ending, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> one = Told("建成区路网密度", "公里/平方公里", "8.10", "8.00", "", "+0.10",
    ...            "公里/平方公里", "2025-11-30", "2025-12-31", "", ("新通车1条,+0.500公里(某路)",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_bulletin([one], f"{folder}/通报.html")
    ...     one.paragraph in file.read_text("utf-8")
    True
    """
    notes = list(dict.fromkeys(notices))
    made = filing(
        notes, unit=unit, day=day, audience="internal", review_stage=review_stage, place=place
    )
    sections: list[Section] = []

    def add(heading: str, *blocks: Block) -> None:
        number = NUMERALS[len(sections) % len(NUMERALS)]
        sections.append(Section(f"{number}、{heading}", blocks))

    if told:
        note = [Text(f"{word('month.exact')}。")] if any(one.exact for one in told) else []
        add(word("month.figures"), _table(told), *note)
    for one in told:
        add(one.label, Text(one.paragraph, warning=False))
    if types is not None:
        line, causes = types
        why = word("month.because").format(causes=";".join(causes)) if causes else ""
        add(word("month.types"), Text(f"{line}。{why}"))
    if notes:
        add(word("paper.notes"), *(Text(text) for text in notes))
    marks = [one for one in (made.stage, word("paper.sample") if made.sample else "") if one]
    paper = Paper(
        title=f"{made.place}{word('month.title')}{''.join(f'({one})' for one in marks)}",
        head=(
            (word("map.made_by"), made.unit),
            (word("paper.data_until"), made.day or word("paper.blank_day")),
        ),
        warnings=(word("notice.schematic"), word("paper.not_filed")) if made.sample else (),
        marks=(word("map.internal"), *((word("notice.schematic"),) if made.sample else ())),
        sections=tuple(sections),
    )
    return save_paper(paper, path)


def _moved(step: str) -> str:
    """A difference in words: 增加0.04, 减少0.04, 持平."""
    for sign, moved in (("+", "more"), ("-", "less")):
        if step.startswith(sign) and len(step) > 1:
            return f"{word(f'month.{moved}')}{step[1:]}"
    return word("month.as_before")


def _table(told: Sequence[Told]) -> Table:
    heads = ("name", "unit", "now", "before", "step", "compares")
    rows = tuple(
        (
            one.label,
            one.unit,
            one.now,
            one.before,
            "-" if one.apart else one.step,
            f"{word('month.apart')}({one.apart})" if one.apart else word("month.together"),
        )
        for one in told
    )
    return Table(
        "", tuple(word(f"month.{one}") for one in heads), rows, (26, 18, 12, 12, 14, 30), (2, 3, 4)
    )
