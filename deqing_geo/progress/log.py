"""The log of reported months (月报台账): a plain file in which rows are added and never changed.

A month that was reported is locked. What changes later is a correction (更正) with its reason, and
the old value stays; a month counted again by another definition or outline is 重算, beside what was
reported. Every row carries a mark made of itself and of the row before, so that a row somebody
changed or took out is noticed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, InputError
from deqing_geo.progress.card import Scorecard
from deqing_geo.progress.judging import SAME
from deqing_geo.progress.months import as_month, read_month, same_outline, same_way
from deqing_geo.progress.told import STANDING
from deqing_geo.standards import UNITS, load
from deqing_geo.tables import ended, log_cells, log_file, log_line, log_text, write_log

if TYPE_CHECKING:
    from deqing_geo.standards import Standard, Target

CALLED = "the log of reported months (月报台账)"
PERCENT, PLACES = 100.0, 12
# Columns of the frame, in the order of the file; the last is the mark.
LOG = (
    "month", "log_kind", "id", "indicator_zh", "measured", "unit", "value_how", "definition",
    "outline_mark", "due_value", "verdict", "warning", "month_why", "problem", "next_step",
    "month_note", "former_value", "log_reason", "recorded_by", "recorded_on",
)  # fmt: skip
NUMBERS = ("measured", "due_value", "former_value")
WORDS = ("log_kind", "value_how", "verdict", "warning")
HEADED = {"measured": "值"}
MARK = "校验码"
# A sign alone would be run by a spreadsheet.
SHARE = "百分比"
# What a later run may not say otherwise without a correction.
TEXTS = ("problem", "next_step", "month_note")
MOST_SAID = 12


@dataclass(frozen=True, slots=True, eq=False)
class Reported:
    """What was added to the log.

    Attributes
    ----------
    path : Path
        The log.
    month : str
        That was reported.
    added : DataFrame
        The new rows, with the columns of the log; none where the month stood there already.
    """

    path: Path
    month: str
    added: pd.DataFrame

    @property
    def headline(self) -> str:
        """How many rows of which kind, in one line."""
        counts = self.added["log_kind"].value_counts()
        words = names.vocabulary("log_kind")
        said = [f"{words[kind]} {counts[kind]}" for kind in words if counts.get(kind)]
        return "、".join(said) or names.word("progress.nothing_new")

    def __repr__(self) -> str:
        return f"<Reported {self.month}: {len(self.added)} rows added to {self.path.name}>"


def read_log(path: str | os.PathLike[str], law: Standard | None = None) -> pd.DataFrame:
    """The log of reported months.

    Parameters
    ----------
    path : path
        A ``.csv``; where none stands the log is empty.
    law : Standard, optional
        With the plan's targets; by default Deqing's.

    Returns
    -------
    DataFrame
        One row for every record, in the order it was written: ``target_key``, ``month``,
        ``log_kind``, ``measured`` (as frames hold it, shares 0 to 1), ``unit``,
        ``definition``, ``outline_mark``, ``former_value``, ``log_reason`` and the others.

    Raises
    ------
    ExportError
        If the name does not end in ``.csv``.
    ColumnError
        If it is no such log, or lines of it are not as they were written, by their numbers.
    BoundaryFileError
        If it cannot be read.

    Examples
    --------
    >>> read_log("out/none.csv").empty
    True
    """
    file = log_file(path, CALLED)
    if not file.exists():
        return pd.DataFrame(columns=["target_key", *LOG], dtype=object)
    return _frame(log_cells(log_text(file)), file.name, _targets(law))


def report_month(
    card: Scorecard,
    path: str | os.PathLike[str],
    *,
    correct: str = "",
    by: str = "",
    on: date | None = None,
    recomputed: Mapping[str, Scorecard] | None = None,
    law: Standard | None = None,
) -> Reported:
    """Report a month: its figures are added to the log, and are locked from then on.

    Parameters
    ----------
    card : Scorecard
        Of that month (`scorecard(..., month=...)`). Targets with a figure or a text are
        written.
    path : path
        The log (``.csv``), made where there is none.
    correct : str
        Why what was reported changes (更正原因). Without it nothing that stands in the log can
        be said otherwise.
    by : str
        Who records it.
    on : date, optional
        The day of the record; by default today.
    recomputed : mapping of str to Scorecard, optional
        Earlier months, counted again by today's definitions and outline. They stand beside
        what was reported, which stays.
    law : Standard, optional
        With the plan's targets; by default Deqing's.

    Returns
    -------
    Reported
        What was added; nothing where the same stands there already.

    Raises
    ------
    InputError
        If the card is of no month; if a reported month would change, or a month before the
        last reported one would be added, without a reason; if a recomputed month was never
        reported, or differs though it was counted in the same way. All of it is listed and
        nothing is written.
    ColumnError, ExportError, BoundaryFileError
        As of `read_log`, or if the log cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample, scorecard, standards
    >>> density = road_density(sample.zone(), sample.roads())
    >>> card = scorecard(density, law=standards.load(), month="2026-03")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report_month(card, f"{folder}/log.csv"), report_month(card, f"{folder}/log.csv")
    (<Reported 2026-03: 1 rows added to log.csv>, <Reported 2026-03: 0 rows added to log.csv>)
    """
    if not card.month:
        raise InputError("The scorecard is of no month: scorecard(..., month='2026-03').")
    file = log_file(path, CALLED)
    known = read_log(file, law)
    targets = _targets(law)
    day = on or datetime.now().astimezone().date()
    said: list[str] = []
    rows = _fresh(card, known, correct.strip(), targets, said)
    for month, one in (recomputed or {}).items():
        rows += _again(one, as_month(month, "recomputed"), card, known, said)
    if said:
        more = f"\n  and {len(said) - MOST_SAID} more" if len(said) > MOST_SAID else ""
        raise InputError(
            f"{file.name}: nothing was written. A reported month is locked; a change is a "
            f"correction with its reason: correct='...' (已上报月份锁定,如需更正请写明原因).\n  "
            + "\n  ".join(said[:MOST_SAID])
            + more
        )
    made_up = names.word("notice.schematic")
    sample = any(made_up in one for one in card.notices)
    for row in rows:
        row |= {"recorded_by": by.strip(), "recorded_on": day.isoformat()}
        if sample:
            # A log of invented figures must never be taken for a bureau's own.
            row["month_note"] = ";".join(one for one in (made_up, row["month_note"]) if one)
    added = pd.DataFrame(rows, columns=["target_key", *LOG], dtype=object)
    if rows:
        _append(file, rows)
    return Reported(file, card.month, added)


# ---------------------------------------------------------------- what is new


def _fresh(
    card: Scorecard,
    known: pd.DataFrame,
    why: str,
    targets: Mapping[str, Target],
    said: list[str],
) -> list[dict[str, Any]]:
    table = card.table
    texts = (table[[*TEXTS]] != "").any(axis=1)
    wanted = table[table["measured"].notna() | texts]
    own = known[(known["month"] == card.month) & known["log_kind"].isin(STANDING)]
    later = sorted({one for one in known["month"] if one > card.month})
    stands = {str(row["target_key"]): row for row in own.to_dict("records")}
    rows = []
    for key, row in _rows(wanted):
        before = stands.get(key)
        kind = "reported"
        if before is not None:
            if _same(row, before):
                continue
            kind = "corrected"
        elif len(own) or later:
            # The month is locked as a whole: what comes late is a change of it, too.
            kind = "corrected"
        if kind == "corrected" and not why:
            said.append(_locked(card.month, row, before, later, targets[key]))
            continue
        rows.append(_row(key, row, card.month, kind, why if kind == "corrected" else "",
                         None if before is None else before["measured"]))  # fmt: skip
    return rows


def _rows(table: pd.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    cells = table.to_dict("records")
    return [
        (str(key), {str(name): one for name, one in row.items()})
        for key, row in zip(table.index, cells, strict=True)
    ]


def _same(row: Mapping[Any, Any], before: Mapping[Any, Any]) -> bool:
    # What was measured and is not this time is not taken back: a run may have fewer layers.
    return (
        (_equal(row["measured"], before["measured"]) or row["measured"] != row["measured"])
        and row["unit"] == before["unit"]
        and same_way(str(row["definition"]), str(before["definition"]))
        and same_outline(str(row["outline_mark"]), str(before["outline_mark"]))
        and all(_flat(row[one]) in ("", _flat(before[one])) for one in TEXTS)
    )


def _flat(text: Any) -> str:
    """A text as it was given, on one line: without what the file puts before it."""
    made_up = names.word("notice.schematic")
    return " ".join(str(text).split()).removeprefix("'").removeprefix(made_up).removeprefix(";")


def _equal(one: float, other: float) -> bool:
    if one == one and other == other:
        # A spreadsheet that saves a log keeps ten digits.
        return abs(one - other) <= SAME * max(1.0, abs(one))
    return one != one and other != other


def _locked(
    month: str,
    row: Mapping[Any, Any],
    before: Mapping[Any, Any] | None,
    later: list[str],
    target: Target,
) -> str:
    now = f"{row['id']} {row['indicator_zh']}"
    if before is None:
        when = f"{later[-1]} is reported already" if later else "the month is reported already"
        return f"{month} {now}: new, {row['shown']}; {when}"
    was = target.show(float(before["measured"]), str(before["unit"]))
    if not _equal(row["measured"], before["measured"]):
        return f"{month} {now}: reported {was}, now {row['shown']}"
    return f"{month} {now}: another definition, outline or text than was reported"


def _again(
    one: Scorecard, month: str, card: Scorecard, known: pd.DataFrame, said: list[str]
) -> list[dict[str, Any]]:
    own = known[known["month"] == month]
    kept = own[own["log_kind"].isin(STANDING)]
    if month >= card.month or kept.empty:
        said.append(f"{month}: recomputed, and it is no reported month before {card.month}")
        return []
    stands = {str(row["target_key"]): row for row in kept.to_dict("records")}
    rows = []
    for key, row in _rows(one.table[one.table["measured"].notna()]):
        before = stands.get(key)
        if before is None or before["measured"] != before["measured"]:
            continue
        if _alike(row, before):
            if not _equal(row["measured"], before["measured"]):
                said.append(
                    f"{month} {row['id']} {row['indicator_zh']}: counted in the same way and "
                    "of the same outline, and yet another value; that is a correction of that month"
                )
            continue
        done = own[(own["log_kind"] == "recomputed") & (own["target_key"] == key)]
        if any(_alike(row, old) and _equal(row["measured"], old["measured"])
               for old in done.to_dict("records")):  # fmt: skip
            continue
        reason = names.word("progress.by_new_way")
        rows.append(_row(key, row, month, "recomputed", reason, before["measured"]))
    return rows


def _alike(row: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    return (
        row["unit"] == other["unit"]
        and same_way(str(row["definition"]), str(other["definition"]))
        and same_outline(str(row["outline_mark"]), str(other["outline_mark"]))
    )


def _row(
    key: str, row: Mapping[Any, Any], month: str, kind: str, why: str, before: float | None
) -> dict[str, Any]:
    own = {name: row[name] for name in LOG if name in row}
    return {
        "target_key": key,
        **own,
        "month": month,
        "log_kind": kind,
        "log_reason": why,
        "former_value": np.nan if before is None else before,
    }


# ---------------------------------------------------------------- the file


def _heading(column: str) -> str:
    return HEADED.get(column, names.label(column))


def _append(file: Path, rows: list[dict[str, Any]]) -> None:
    if file.exists():
        text = ended(log_text(file))
        cells = log_cells(text)
        head = _columns(cells[0])
        last = cells[-1][head[MARK]].strip() if len(cells) > 1 else ""
    else:
        text = log_line([*(_heading(column) for column in LOG), MARK])
        last = ""
        head = {column: at for at, column in enumerate([*LOG, MARK])}
    for row in rows:
        shown = {column: _cell(row, column) for column in LOG}
        last = _mark(last, {column: str(one) for column, one in shown.items()})
        line = [""] * (max(head.values()) + 1)
        for column, one in {**shown, MARK: last}.items():
            if column in head:
                line[head[column]] = one
        text += log_line(line)
    write_log(file, text)


def _cell(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column, "")
    if value is None or value != value:
        return ""
    if column in NUMBERS:
        share = row["unit"] == "ratio"
        return repr(round(float(value) * PERCENT, PLACES) if share else float(value))
    if column == "month":
        year, number = str(value).split("-")
        return f"{year}年{number}月"
    if column == "unit":
        return SHARE if value == "ratio" else UNITS.get(str(value), str(value))
    if column in WORDS:
        return names.vocabulary(column).get(str(value), str(value))
    return " ".join(str(value).split())


def _columns(head: list[str]) -> dict[str, int]:
    known = {names.fold(_heading(column)): column for column in LOG} | {names.fold(MARK): MARK}
    return {
        known[names.fold(cell)]: at for at, cell in enumerate(head) if names.fold(cell) in known
    }


def _frame(cells: list[list[str]], called: str, targets: Mapping[str, Target]) -> pd.DataFrame:
    head = _columns(cells[0]) if cells else {}
    lacking = [_heading(one) for one in LOG if one not in head] + ([] if MARK in head else [MARK])
    if lacking:
        raise ColumnError(
            f"{called}: not a log of reported months: its first row has no {'、'.join(lacking)}."
        )
    wrong: list[str] = []
    rows = []
    last = ""
    by_number = {one.id: one for one in targets.values()}
    for number, line in enumerate(cells[1:], start=2):
        own = {one: line[at].strip() if at < len(line) else "" for one, at in head.items()}
        # An apostrophe keeps a spreadsheet from running a text, and is none of its letters.
        own = {one: text.removeprefix("'") for one, text in own.items()}
        if _mark(last, own) != own[MARK]:
            wrong.append(f"line {number} ({own['month']} {own['id']} {own['indicator_zh']})")
        last = own[MARK]
        row = _read(own, by_number)
        if row is None:
            if not wrong or not wrong[-1].startswith(f"line {number} "):
                wrong.append(f"line {number} ({own['month']} {own['id']})")
            continue
        rows.append(row)
    if wrong:
        more = f" and {len(wrong) - MOST_SAID} more" if len(wrong) > MOST_SAID else ""
        raise ColumnError(
            f"{called}: lines that are not as they were written, or after a line that is gone: "
            f"{'; '.join(wrong[:MOST_SAID])}{more}. Put the file back as it was (台账只增不改,"
            "请恢复原文件;更正请用更正功能)."
        )
    return pd.DataFrame(rows, columns=["target_key", *LOG]).astype(dict.fromkeys(NUMBERS, float))


def _read(own: Mapping[str, str], by_number: Mapping[str, Target]) -> dict[str, Any] | None:
    target = by_number.get(own["id"])
    month = read_month(own["month"])
    if target is None or month is None:
        return None
    key, unit = target.key, _unit(target, own["unit"])
    row: dict[str, Any] = {**{one: own[one] for one in LOG}, "target_key": key, "month": month}
    row["unit"] = unit
    for column in NUMBERS:
        try:
            value = float(own[column]) if own[column] else np.nan
        except ValueError:
            return None
        row[column] = value / PERCENT if unit == "ratio" else value
    for column in WORDS:
        words = {zh: word for word, zh in names.vocabulary(column).items()}
        if own[column] and own[column] not in words:
            return None
        row[column] = words.get(own[column], "")
    return row if row["log_kind"] else None


def _targets(law: Standard | None) -> Mapping[str, Target]:
    return (load() if law is None else law).targets


def _unit(target: Target, shown: str) -> str:
    if shown == SHARE:
        return "ratio"
    return target.unit if shown == UNITS.get(target.unit, target.unit) else shown


def _mark(before: str, row: Mapping[str, str]) -> str:
    """A mark of a row and of all before it; figures to ten digits, which spreadsheets keep."""
    parts = [before]
    for column in LOG:
        text = row[column].removeprefix("'")
        if column in NUMBERS and text:
            with contextlib.suppress(ValueError):
                text = f"{float(text):.10g}"
        elif column == "month":
            text = read_month(text) or text
        elif column == "recorded_on":
            # Spreadsheets write a day in their own way.
            text = "-".join(part.zfill(2) for part in text.replace("/", "-").split("-"))
        parts.append(" ".join(text.split()))
    # A letter in front: 00e5316277 alone is a number to a spreadsheet, and it would write 0.
    return f"k{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:10]}"
