"""Forms that came back from the towns (镇(街道)意见), checked and put together.

Everything is read before anything is said or written: one error names all that is wrong, file by
file and row by row, and the log is added to only when nothing is. What a town says is passed on,
never judged.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.errors import InputError
from deqing_geo.text import card
from deqing_geo.villages.decisions import AGREE, TOWN
from deqing_geo.villages.forms import shown_cells, towns_of
from deqing_geo.villages.kinds import worded
from deqing_geo.villages.log import SAME, append_log, comparable, read_log
from deqing_geo.villages.returned import Found, Sent, read_form, workbooks

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.villages.types import VillageTypes

COLUMNS = (
    "town_name", "village_name", "current_type", "type_initial", "opinion", "opinion_reason",
    "document_no", "villager_consent", "consent_on", "author", "filled_on", "form_file", "form_row",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """What the towns said of their villages.

    Attributes
    ----------
    table : DataFrame
        One row per village with an answer or a meeting, in the order of the types: what was sent,
        ``opinion`` (``agree``, one of the five, ``undecided``, or None), ``opinion_reason``,
        ``document_no``, ``villager_consent``, ``consent_on``, ``author``, ``filled_on``, and the
        file and row it stands in.
    missing : DataFrame
        What has not come: towns without a form, villages without a row or without an answer
        (``form_gap``).
    consents : DataFrame
        Index ``village_code``: ``villager_consent`` and ``consent_on`` of meetings that decided,
        for the table of facts.
    overrides : DataFrame
        The answers as rows of the log of decisions, stage ``town``; for
        ``classify_villages(overrides=)`` as they are.
    appended : int
        How many of them were new to the log.
    notices : tuple of str
        What was left out or taken on trust.
    """

    table: pd.DataFrame
    missing: pd.DataFrame
    consents: pd.DataFrame
    overrides: pd.DataFrame
    appended: int
    notices: tuple[str, ...]

    @property
    def agreed(self) -> pd.DataFrame:
        """Villages whose town agrees with what the rules say."""
        return self.table[self.table["opinion"] == AGREE]

    @property
    def differing(self) -> pd.DataFrame:
        """Villages whose town says another type, or none this time (暂不分类)."""
        return self.table[self.table["opinion"].notna() & (self.table["opinion"] != AGREE)]

    @property
    def headline(self) -> str:
        """How many agree, differ and are missing, in one line."""
        counts = self.missing["form_gap"].value_counts()
        gaps = [
            f"{words} {counts[gap]}"
            for gap, words in names.vocabulary("form_gap").items()
            if counts.get(gap, 0)
        ]
        said = [f"同意 {len(self.agreed)}", f"不同意见 {len(self.differing)}", *gaps]
        return "、".join(said)

    def into(self, facts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """The facts with what the meetings decided; the given frame stays as it was.

        Parameters
        ----------
        facts : GeoDataFrame
            Of `village_facts`, or the table of the types.

        Returns
        -------
        GeoDataFrame
            ``villager_consent`` and ``consent_on`` filled in where a form said so, all else kept.

        Raises
        ------
        InputError
            If a village that has met is not among them.
        """
        strangers = self.consents.index.difference(facts.index)
        if len(strangers):
            raise InputError("`facts` lacks villages whose meeting is known.", strangers)
        out = facts.copy()
        for column in self.consents:
            held = [None] * len(out) if column not in out else list(out[column].astype(object))
            own = pd.Series(held, index=out.index, dtype=object)
            own.loc[self.consents.index] = self.consents[column]
            out[column] = own
        if len(self.consents):
            how = dict.fromkeys(self.consents.columns, "declared")
            out.attrs["facts"] = {**facts.attrs.get("facts", {}), **how}
        return out

    def __repr__(self) -> str:
        return (
            f"<Opinions on {len(self.table)} villages: {len(self.agreed)} agree, "
            f"{len(self.differing)} differ, {len(self.missing)} missing>"
        )

    def _repr_html_(self) -> str:
        head = [names.label(one) for one in ("town_name", "village_name", "type_initial", "opinion",
                                             "opinion_reason")]  # fmt: skip
        rows = [
            [
                str(row["town_name"] or ""),
                str(row["village_name"] or ""),
                worded("type_initial", row["type_initial"]),
                worded("opinion", row["opinion"]),
                str(row["opinion_reason"] or ""),
            ]
            for row in self.differing.to_dict("records")
        ]
        return card(word("opinion.title"), self.headline, [], self.notices, (head, rows))


def read_opinions(
    folder: str | os.PathLike[str],
    types: VillageTypes,
    *,
    log: str | os.PathLike[str] | None = None,
    as_of: date | None = None,
) -> Opinions:
    """Read the forms the towns have filled in, and add what they say to the log of decisions.

    Parameters
    ----------
    folder : path
        Where the forms of `VillageTypes.opinion_forms` lie, filled in: ``.xlsx``, ``.xlsm`` or
        ``.xls``, columns found by their headings in whatever order. Files of another year,
        workbooks that are no form, and files an open program leaves are left out and told.
    types : VillageTypes
        Those the forms were made of.
    log : path, optional
        The log (``.csv``), made where there is none: every answer becomes a row at its end. Rows
        that stand there are neither changed nor removed, and the same answer is added once.
    as_of : date, optional
        Days after it are in the future; by default today.

    Returns
    -------
    Opinions
        What was said, what has not come, and the rows for the log and for the facts.

    Raises
    ------
    BoundaryFileError
        If there is no such folder.
    InputError
        If no form lies there, or anything is wrong in one: a code or a word nobody knows, a code
        beside another village's name, a row twice or of another town, a locked cell that is not
        as it was sent, another opinion without a reason, a meeting without its day or with a
        day to come, a relocation without a document, an answer nobody signed, an answer older
        than what the log holds. All of it is listed, nothing is written.
    ExportError
        If the log's name does not end in ``.csv``, or it cannot be written.
    ColumnError
        If the villages carry no town, or the log is none.

    Examples
    --------
    >>> import tempfile, geopandas as gpd, openpyxl, shapely
    >>> from deqing_geo import classify_villages
    >>> facts = gpd.GeoDataFrame(
    ...     {"village_name": ["甲村"], "town_name": "某镇", "is_central_village": True},
    ...     index=["A"], geometry=[shapely.box(0, 0, 1, 1)],
    ... )
    >>> types = classify_villages(facts)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [form] = types.opinion_forms(folder)
    ...     book = openpyxl.load_workbook(form)
    ...     for column, said in (("H", "同意"), ("M", "张三"), ("N", "2026-05-01")):
    ...         book.active[f"{column}5"] = said
    ...     book.save(form)
    ...     read_opinions(folder, types)
    <Opinions on 1 villages: 1 agree, 0 differ, 0 missing>
    """
    day = as_of or datetime.now().astimezone().date()
    sent = Sent(types)
    found = Found()
    for file in workbooks(Path(folder), found):
        read_form(file, sent, day, found)
    answers = _once(found)
    table = _table(answers, sent)
    rows = _rows(table)
    known = read_log(log) if log is not None else None
    fresh = _fresh(rows, known, table, found)
    found.refuse(str(folder))
    if log is not None:
        append_log(log, rows[fresh])
    # Not asked yet is no decision, and takes nothing back that is known.
    met = table["villager_consent"].isin(["agreed", "refused"])
    consents = table.loc[met, ["villager_consent", "consent_on"]]
    consents.index.name = "village_code"
    return Opinions(
        table=table,
        missing=_missing(types, found, table),
        consents=consents,
        overrides=rows.reset_index(drop=True),
        appended=int(fresh.sum()) if log is not None else 0,
        notices=tuple(dict.fromkeys(found.notices)),
    )


# ---------------------------------------------------------------- all forms


def _once(found: Found) -> dict[str, dict[str, Any]]:
    """Each village's one answer; a copy of a form says nothing new, two answers are a mistake."""
    out: dict[str, dict[str, Any]] = {}
    for answer in found.answers:
        first = out.setdefault(answer["code"], answer)
        if first is answer:
            continue
        same = all(first[key] == answer[key] for key in first if key not in ("file", "row"))
        if same and first["file"] != answer["file"]:
            found.notices.append(f"{answer['file']}:与{first['file']}中同一村庄的意见相同,只计一次")
            continue
        where = "" if first["file"] == answer["file"] else f" there and in {first['file']}"
        found.fault(
            answer["file"], f"villages that stand twice{where} (同一村庄重复)", answer["row"]
        )
    return out


def _table(answers: dict[str, dict[str, Any]], sent: Sent) -> pd.DataFrame:
    kept = sorted(
        (
            (sent.at[code], answer)
            for code, answer in answers.items()
            if answer["opinion"] is not None or answer["consent"] is not None
        ),
        key=lambda pair: pair[0],
    )
    rows = [
        (
            sent.town[at], sent.cells["village_name"][at], sent.current[at], sent.initial[at],
            one["opinion"], one["reason"], one["document"], one["consent"], one["met"],
            one["author"], one["filled"], one["file"], one["row"],
        )
        for at, one in kept
    ]  # fmt: skip
    index = pd.Index(
        [sent.label[one["code"]] for _, one in kept], name="village_code", dtype=object
    )
    table = pd.DataFrame(rows, columns=[*COLUMNS], index=index, dtype=object)
    return table.where(table.notna(), None)


def _rows(table: pd.DataFrame) -> pd.DataFrame:
    """Answers as rows of the log."""
    said = table[table["opinion"].notna()]
    agreed = said["opinion"] == AGREE
    reasons = said["opinion_reason"].where(
        said["opinion_reason"].notna() | ~agreed,
        [f"同意初判类型:{worded('type_initial', one)}" for one in said["type_initial"]],
    )
    return pd.DataFrame(
        {
            "village_code": said.index,
            "village_name": said["village_name"],
            "stage": TOWN,
            "type_model": said["type_initial"],
            "type": said["opinion"],
            "reason": reasons,
            "authority": said["town_name"],
            "document_no": said["document_no"],
            "author": said["author"],
            "date": said["filled_on"],
        },
        index=said.index,
        dtype=object,
    )


def _fresh(
    rows: pd.DataFrame, known: pd.DataFrame | None, table: pd.DataFrame, found: Found
) -> pd.Series[bool]:
    """Which rows the log does not have yet; one older than what it has would undo the later."""
    if known is None or len(known) == 0 or len(rows) == 0:
        return pd.Series(True, index=rows.index)
    own = comparable(rows)
    there = set(known[[*SAME]].itertuples(index=False, name=None))
    fresh = pd.Series(
        [one not in there for one in own[[*SAME]].itertuples(index=False, name=None)],
        index=rows.index,
    )
    last = known.groupby("village_code")["date"].last()
    before = own["village_code"].map(last)
    for code in rows.index[fresh & before.notna() & (own["date"] < before)]:
        found.fault(
            str(table.at[code, "form_file"]),
            "answers older than the last decision in the log (填表日期早于台账中该村最近一次记录)",
            int(str(table.at[code, "form_row"])),
        )
    return fresh


def _missing(types: VillageTypes, found: Found, table: pd.DataFrame) -> pd.DataFrame:
    answered = {str(code) for code in table.index[table["opinion"].notna()]}
    called = shown_cells(types, "village_name")
    out: list[tuple[Any, ...]] = []
    for town, rows in towns_of(types).items():
        if town not in found.towns:
            out.append((town, None, None, "no_form"))
            continue
        for at in rows:
            code = str(types.table.index[at])
            if code not in answered:
                gap = "no_answer" if code in found.seen else "no_row"
                out.append((town, types.table.index[at], called[at], gap))
    return pd.DataFrame(
        out, columns=["town_name", "village_code", "village_name", "form_gap"], dtype=object
    )
