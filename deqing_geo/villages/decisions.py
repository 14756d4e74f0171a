"""The log of people's decisions: what each row says, what stands of each village, on which way.

The log is in order of time and only grows. A row may say on which stage of the way it was
written: the town's opinion (镇(街道)意见), the joint review (会审), the public notice (公示), the
approval (批复). Nothing here knows a rule or a fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import CodeError, ColumnError, InputError
from deqing_geo.villages.cells import NONE, read_day
from deqing_geo.villages.kinds import CANDIDATE, FIVE, REFUSED, worded

AGREE = "agree"
TOWN = "town"
# In the order of the way.
STAGES = (TOWN, "review", "notice", "approved")
NEEDED = ("type", "reason", "authority", "document_no", "author", "date")
# What a person may say of a village.
SAID = (AGREE, *FIVE, "undecided")


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the log.

    Attributes
    ----------
    place : int
        The village's row.
    kind : str
        ``agree``, one of the five, or ``undecided``.
    stage : str
        One of `STAGES`, or empty.
    reason, authority, document, author, date : str
        As written; the document may be empty, and so the reason of an agreement.
    over : bool
        Whether it has ended.
    agreed_to : str
        What an agreement was shown, where the log says it: a type, or ``candidate``.
    """

    place: int
    kind: str
    stage: str
    reason: str
    authority: str
    document: str
    author: str
    date: str
    over: bool
    agreed_to: str

    @property
    def source(self) -> str:
        """The document, the stage, who decided and when."""
        stage = f"{worded('stage', self.stage)}," if self.stage else ""
        return f"{self.document or '无文号'}({stage}{self.authority},{self.date})"

    @property
    def sentence(self) -> str:
        """The reason of a type that people decided."""
        return f"依据{self.source}人工调整:{self.reason}"

    @property
    def traced(self) -> str:
        """When, by whom and with which document, in one line."""
        return " ".join(one for one in (self.date, self.authority, self.document) if one)


def decisions(
    overrides: pd.DataFrame | None, villages: pd.Index[Any], day: date
) -> tuple[Decision, ...]:
    """The log row by row, checked.

    Parameters
    ----------
    overrides : DataFrame or None
        As `classify_villages` takes it.
    villages : Index
        Labels of the villages.
    day : date
        On which decisions have to be valid.

    Returns
    -------
    tuple of Decision
        In the order of the log.

    Raises
    ------
    ColumnError
        If a column is lacking, or a type, a stage or a day is not understood.
    CodeError
        If a village is not there, or a reason, an authority, an author or a date is empty.
    InputError
        If a relocation is decided without a document.
    """
    if overrides is None or len(overrides) == 0:
        return ()
    log = overrides.reset_index() if "village_code" not in overrides else overrides
    log = log.rename(columns={"index": "village_code"})
    codes = log["village_code"]
    lacking = [column for column in ("village_code", *NEEDED) if column not in log]
    if lacking:
        raise ColumnError(f"`overrides` lacks the columns {', '.join(lacking)}.")
    place = villages.get_indexer(pd.Index(codes))
    if (place < 0).any():
        raise CodeError("`overrides` names villages that are not there.", codes[place < 0])
    stages = _words(log, "stage", "stage")
    kinds = names.read_values(log["type"], "opinion").to_numpy(dtype=object)
    agreed = kinds == AGREE
    odd = ~np.isin(kinds, SAID) | (agreed & (stages == ""))
    if odd.any():
        allowed = "、".join(names.vocabulary("opinion")[one] for one in SAID[1:])
        raise ColumnError(
            f"`type` of an override is one of {allowed}, and on a stage also "
            f"{worded('opinion', AGREE)}.",
            codes[odd],
        )
    clean = {column: names.clean_text(log[column]) for column in NEEDED[1:]}
    for column in ("reason", "authority", "author", "date"):
        empty = clean[column].isna().to_numpy(dtype=bool)
        if column == "reason":
            # Who agrees owes no reason.
            empty = empty & ~agreed
        if empty.any():
            raise CodeError(f"`overrides` gives no {column}.", codes[empty])
    text = {column: values.where(values.notna(), "").tolist() for column, values in clean.items()}
    # Who writes that there is none has none.
    text["document_no"] = ["" if one in NONE else one for one in text["document_no"]]
    bare = (kinds == "relocate") & np.array([not one for one in text["document_no"]], dtype=bool)
    if bare.any():
        raise InputError("搬迁撤并 is decided by a document: `document_no` is empty.", codes[bare])
    _days(clean["date"], "date", codes)
    ends = (
        _days(names.clean_text(log["valid_until"]), "valid_until", codes)
        if ("valid_until" in log)
        else [None] * len(log)
    )
    shown = _shown(log)
    return tuple(
        Decision(
            int(place[at]), str(kinds[at]), str(stages[at]), text["reason"][at],
            text["authority"][at], text["document_no"][at], text["author"][at],
            text["date"][at], (end := ends[at]) is not None and end < day, shown[at],
        )
        for at in range(len(log))
    )  # fmt: skip


def standing(log: tuple[Decision, ...]) -> dict[int, Decision]:
    """What stands of each village: its last decision, as far as people have decided.

    Parameters
    ----------
    log : tuple of Decision
        Of `decisions`.

    Returns
    -------
    dict of int to Decision
        By the village's row. A town that agrees confirms what the rules say, so its agreement
        stands in the place of any earlier decision; an agreement of a later stage leaves what
        stood.
    """
    out: dict[int, Decision] = {}
    for row in log:
        if row.kind != AGREE or row.stage == TOWN:
            out[row.place] = row
    return out


def _words(log: pd.DataFrame, column: str, vocabulary: str) -> np.ndarray[Any, np.dtype[Any]]:
    if column not in log:
        return np.full(len(log), "", dtype=object)
    text = names.clean_text(log[column])
    read = names.read_values(text, vocabulary)
    odd = (read.isna() & text.notna()).to_numpy(dtype=bool)
    if odd.any():
        allowed = "、".join(names.vocabulary(vocabulary).values())
        raise ColumnError(
            f"`{column}` of an override is one of {allowed}, not {text[odd].iloc[0]!r}.",
            log["village_code"][odd],
        )
    return read.where(read.notna(), "").to_numpy(dtype=object)


def _shown(log: pd.DataFrame) -> list[str]:
    """What an agreement was shown; a word we do not know is no reason to stop."""
    if "type_model" not in log:
        return [""] * len(log)
    read = names.read_values(log["type_model"], "type_initial")
    return [one if isinstance(one, str) else "" for one in read]


def _days(texts: pd.Series[Any], column: str, codes: pd.Series[Any]) -> list[date | None]:
    out = [None if text is None else read_day(text) for text in texts]
    odd = np.array([day is None for day in out], dtype=bool) & texts.notna().to_numpy(dtype=bool)
    if odd.any():
        raise ColumnError(
            f"`{column}` of an override is a day like 2025-12-31, not {texts[odd].iloc[0]!r}.",
            codes[odd],
        )
    return out


# ---------------------------------------------------------------- the way


def ways(
    log: tuple[Decision, ...], initial: list[str]
) -> Iterator[dict[str, tuple[str, Decision]]]:
    """Each village's way: for every stage it has passed, the type there and the row that says it.

    Parameters
    ----------
    log : tuple of Decision
        Of `decisions`.
    initial : list of str
        What the rules say of each village: a type, or ``candidate``.

    Yields
    ------
    dict of str to (str, Decision)
        By stage, in the order of the way. A row of an earlier stage opens the way anew: what
        later stages had said before it no longer shows, though the log keeps it.
    """
    passed: list[dict[str, tuple[str, Decision]]] = [{} for _ in initial]
    now = list(initial)
    for row in log:
        own = passed[row.place]
        if row.kind != AGREE:
            now[row.place] = row.kind
        elif row.stage == TOWN:
            now[row.place] = row.agreed_to or initial[row.place]
        if row.stage:
            for later in STAGES[STAGES.index(row.stage) + 1 :]:
                own.pop(later, None)
            own[row.stage] = (now[row.place], row)
    yield from passed


def initially(model: object, status: object) -> str:
    """What the rules say, where a relocation nobody agreed to is only a candidate.

    Parameters
    ----------
    model : object
        Of ``type_model``.
    status : object
        Of ``model_status``.

    Returns
    -------
    str
        A word of ``type_initial``: consent does not change what the rules say.

    Examples
    --------
    >>> initially("relocate", "consented"), initially("relocate", "initial")
    ('candidate', 'relocate')
    """
    return CANDIDATE if status in (CANDIDATE, "consented", REFUSED) else str(model)
