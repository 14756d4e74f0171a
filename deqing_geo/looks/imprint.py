"""For whom a map is, at what stage, by whom: the line it cannot leave the house without.

No number is made up here: a map without a review number says that it has none.
"""

from __future__ import annotations

import datetime as dt
import re
from contextvars import ContextVar
from dataclasses import dataclass

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.looks.used import Used

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
    def duties(self) -> list[str]:
        """What the map is and is not, in pieces: for whom, reviewed or not, borders."""
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
        return said

    @property
    def marks(self) -> list[str]:
        """The first line of a footer, in pieces: duties, then who made it and when."""
        said = self.duties
        for key in ("made_by", "made_on"):
            if value := getattr(self, key):
                said.append(f"{names.word(f'map.{key}')}:{value}")
        return said


def imprint_of(
    *,
    audience: str = "internal",
    stage: str | None = None,
    review_number: str | None = None,
    made_by: str | None = None,
    made_on: dt.date | str | None = None,
) -> Imprint:
    """An imprint that may stand on a map; what may not is refused, all of it at once.

    Parameters
    ----------
    audience : {"internal", "public"}
        Who may see it.
    stage : str, optional
        征求意见稿, 会审稿 or 报批稿.
    review_number : str, optional
        The 审图号 the map was given, word for word. It is never made up or left to fill in.
    made_by : str, optional
        编制单位.
    made_on : date or str, optional
        制图日期; as a text, ``2025-12-31``.

    Returns
    -------
    Imprint
        What was given, tidied.

    Raises
    ------
    InputError
        If there is no such audience or stage, the number is a blank to fill in, or the date
        is none.

    Examples
    --------
    >>> imprint_of(stage="会审稿", made_on="2025-12-31").marks[-1]
    '制图日期:2025-12-31'
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
        raise InputError("The imprint cannot stand on a map:\n  " + "\n  ".join(wrong))
    return Imprint(audience, stage or "", number, (made_by or "").strip(), day)


_current: ContextVar[Imprint | None] = ContextVar("imprint", default=None)


def use_imprint(imprint: Imprint | None) -> Used[Imprint | None]:
    """Let all maps drawn from now on begin with this imprint, as those of one office do.

    Parameters
    ----------
    imprint : Imprint or None
        Of `imprint_of`; None for the plain one of internal maps again.

    Returns
    -------
    Used
        As a context (``with use_imprint(...):``) the one before it comes back at its end.

    Examples
    --------
    >>> with use_imprint(imprint_of(made_by="自然资源局")):
    ...     imprint_in_use().made_by
    '自然资源局'
    >>> imprint_in_use()
    Imprint(audience='internal', stage='', review_number='', made_by='', made_on='')
    """
    return Used(_current, imprint)


def imprint_in_use() -> Imprint:
    """The imprint a map begins with.

    Returns
    -------
    Imprint
        The plain one of internal maps where none was put to use.
    """
    return _current.get() or Imprint()
