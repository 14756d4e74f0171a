"""For whom a product is, and what it must therefore say.

No number is made up here: what has no review number says that it has none.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from deqing_geo import columns as names
from deqing_geo.errors import InputError

AUDIENCES = ("internal", "public")
# A number still to be filled in: crosses, dots, blanks in brackets, 待定 and the like.
_BLANK = re.compile(r"[xX×*?_]{2,}|[○□…]|[((\[〔【]\s*[))\]〕】]|待|暂|某")


@dataclass(frozen=True, slots=True)
class Imprint:
    """For whom a map is, at what stage, and who made it.

    Attributes
    ----------
    audience : {"internal", "public"}
        Who may see it.
    stage : str
        征求意见稿, 会审稿, 报批稿 or nothing.
    review_number : str
        The map's 审图号 as it was given, or nothing.
    made_by, made_on : str
        编制单位 and 制图日期, or nothing.
    """

    audience: str = "internal"
    stage: str = ""
    review_number: str = ""
    made_by: str = ""
    made_on: str = ""

    @property
    def marks(self) -> list[str]:
        """The first line of the footer, in pieces."""
        said = []
        if self.audience == "internal":
            said += [names.word("map.internal"), names.word("map.no_internet")]
        if self.review_number:
            said.append(f"{names.word('map.review_number')}:{self.review_number}")
        else:
            if self.audience == "public":
                said.append(names.word("map.for_review"))
            said.append(names.word("map.not_public"))
        said.append(names.word("map.boundary"))
        for key in ("made_by", "made_on"):
            if value := getattr(self, key):
                said.append(f"{names.word(f'map.{key}')}:{value}")
        return said


def imprint(
    audience: str = "internal",
    *,
    stage: str | None = None,
    review_number: str | None = None,
    made_by: str | None = None,
    made_on: dt.date | str | None = None,
) -> Imprint:
    """The imprint of a product, once it is sure that it can stand.

    Parameters
    ----------
    audience : {"internal", "public"}
        Who may see it.
    stage : str, optional
        征求意见稿, 会审稿 or 报批稿.
    review_number : str, optional
        The 审图号 it was given, word for word. It is never made up or left to fill in.
    made_by : str, optional
        编制单位.
    made_on : date or str, optional
        制图日期; as a text, ``2025-12-31``.

    Returns
    -------
    Imprint
        With the line that belongs on every page.

    Raises
    ------
    InputError
        If there is no such audience or stage, the number is a blank to fill in, or the date
        is none; all of it at once.

    Examples
    --------
    >>> imprint("public").marks[0]
    '送审稿'
    """
    stages = tuple(names.phrases("map_stage").values())
    wrong = []
    if audience not in AUDIENCES:
        wrong.append(f"audience={audience!r}: there are {' and '.join(AUDIENCES)}")
    if stage is not None and stage not in stages:
        wrong.append(f"stage={stage!r}: there are {', '.join(stages)}")
    number = "" if review_number is None else str(review_number).strip()
    if review_number is not None and (_BLANK.search(number) or not re.search(r"\d", number)):
        wrong.append(
            f"review_number={review_number!r}: no number to leave open; without one, leave it out"
        )
    day = made_on.isoformat() if isinstance(made_on, dt.date) else (made_on or "")
    try:
        day = dt.date.fromisoformat(day[:10]).isoformat() if day else ""
    except ValueError:
        wrong.append(f"made_on={made_on!r}: give a date, such as 2025-12-31")
    if wrong:
        raise InputError("The imprint cannot stand:\n  " + "\n  ".join(wrong))
    return Imprint(audience, stage or "", number, (made_by or "").strip(), day)
