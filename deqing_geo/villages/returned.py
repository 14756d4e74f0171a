"""One form as it came back from a town: what it says, and all that is wrong with it.

Every mistake is kept with its file and its rows, and none of them stops the reading; whether there
are any is asked at the end. A cell is read as it stands or named as a mistake, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import BoundaryFileError, ColumnError, InputError
from deqing_geo.tables import Table, read_table
from deqing_geo.villages.cells import NONE, read_day
from deqing_geo.villages.decisions import AGREE
from deqing_geo.villages.forms import HEADINGS, OPEN, YEAR, initial, shown_cells, towns_of
from deqing_geo.villages.kinds import CANDIDATE, FIVE

if TYPE_CHECKING:
    from deqing_geo.villages.types import VillageTypes

ENDINGS = (".xlsx", ".xlsm", ".xls")
# What WPS writes beside those, and nobody else reads.
OF_WPS = (".et", ".ett")
# While a workbook is open, Excel, WPS and LibreOffice leave a file of such a name beside it.
LOCKS = ("~$", ".~", ".")
# Days of a spreadsheet are counted from here; those of this century have five digits.
FIRST_DAY = date(1899, 12, 30)
COUNTED = re.compile(r"[3-7]\d{4}")
WRITTEN = re.compile(r"(\d{4})(\d{2})(\d{2})")
CHECKED = ("village_name", "current_type", "type_initial")
NEEDED = (*OPEN, *CHECKED, "village_code")
# Kinds of mistake an error lists before it only counts them.
MOST_SAID = 40


# ---------------------------------------------------------------- what was sent, what is found


class Sent:
    """What the forms said when they went out.

    Parameters
    ----------
    types : VillageTypes
        Those they were made of.
    """

    def __init__(self, types: VillageTypes) -> None:
        table = types.table
        self.year = types.asked["as_of"].year
        self.label = {str(one): one for one in table.index}
        self.at = {str(one): at for at, one in enumerate(table.index)}
        self.town = [""] * len(table)
        for town, rows in towns_of(types).items():
            for at in rows:
                self.town[at] = town
        self.initial = initial(types)
        self.cells = {column: shown_cells(types, column) for column in CHECKED}
        self.codes = list(self.label)
        self.current = (
            list(table["current_type"]) if "current_type" in table else [None] * len(table)
        )


class Found:
    """What the forms hold: answers, mistakes by file and kind, notices."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.faults: dict[tuple[str, str], list[int]] = {}
        self.notices: list[str] = []
        self.forms = 0
        self.other_years: list[str] = []
        self.towns: set[str] = set()
        self.seen: set[str] = set()

    def fault(self, file: str, says: str, row: int | None = None) -> None:
        """Keep a mistake.

        Parameters
        ----------
        file : str
            Where.
        says : str
            What; rows with the same mistake are told together.
        row : int, optional
            Of the sheet.
        """
        rows = self.faults.setdefault((file, says), [])
        if row is not None:
            rows.append(row)

    def refuse(self, folder: str) -> None:
        """Say all that is wrong at once.

        Parameters
        ----------
        folder : str
            For the message.

        Raises
        ------
        InputError
            If there is a mistake, or no form.
        """
        if self.faults:
            said = []
            for (file, says), rows in self.faults.items():
                more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
                where = f" (rows {', '.join(map(str, rows[:5]))}{more})" if rows else ""
                said.append(f"{file}: {says}{where}")
            left = len(said) - MOST_SAID
            raise InputError(
                f"{folder}: {len(said)} kind{'s' * (len(said) > 1)} of mistake in the forms; nothing was written.\n  "
                + "\n  ".join(said[:MOST_SAID])
                + (f"\n  and {left} more" if left > 0 else "")
            )
        if not self.forms:
            years = (
                f" Of another year: {', '.join(self.other_years[:5])}." if self.other_years else ""
            )
            raise InputError(
                f"{folder}: not one form of these types lies here.{years} "
                "请将收回的征询表放入此文件夹."
            )


def workbooks(folder: Path, found: Found) -> list[Path]:
    """The workbooks of a folder, without what open programs leave there.

    Parameters
    ----------
    folder : Path
        Only itself is looked through.
    found : Found
        Is told of files nobody can read.

    Returns
    -------
    list of Path
        In the order of their names.

    Raises
    ------
    BoundaryFileError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise BoundaryFileError(f"{folder}: no such folder.")
    out = []
    for file in sorted(folder.iterdir()):
        ending = file.suffix.lower()
        if file.name.startswith(LOCKS) or not file.is_file():
            continue
        if ending in ENDINGS:
            out.append(file)
        elif ending in OF_WPS:
            found.fault(file.name, "a file of WPS alone. 请在 WPS 中另存为 .xlsx.")
    return out


# ---------------------------------------------------------------- one form


def read_form(file: Path, sent: Sent, day: date, found: Found) -> None:
    """Read one workbook.

    Parameters
    ----------
    file : Path
        Perhaps no form at all, or one of another year: told, and left out.
    sent : Sent
        What went out.
    day : date
        Days after it are in the future.
    found : Found
        Gets the answers, the mistakes and the notices.
    """
    known = {names.fold(heading): column for column, (heading, _) in HEADINGS.items()}
    try:
        form = read_table(file, known, (("village_code", "opinion"),), key="village_code")
    except ColumnError:
        found.notices.append(f"{file.name}:不是征询表,未读")
        return
    except BoundaryFileError as error:
        found.fault(file.name, str(error).removeprefix(f"{file}: ").removeprefix(f"{file.name}: "))
        return
    said = YEAR.search(" ".join(form.titles))
    if said and int(said[1]) != sent.year:
        found.other_years.append(file.name)
        found.notices.append(f"{file.name}:征询年度为{said[1]}年,本次为{sent.year}年,未读")
        return
    found.forms += 1
    lacking = [
        HEADINGS[one][0] for one in HEADINGS if one in NEEDED and one not in form.found.values()
    ]
    twice = [one for one in set(form.found.values()) if list(form.found.values()).count(one) > 1]
    if lacking or twice:
        for heading in lacking:
            found.fault(file.name, f"the column {heading} is gone (缺少该列)")
        for column in twice:
            found.fault(file.name, f"two columns are headed {HEADINGS[column][0]}")
        return
    cells = _cells(form)
    _sign_for_all(cells, file.name, found)
    towns = pd.Series(
        [sent.town[sent.at[code]] for code in cells["village_code"] if code in sent.at],
        dtype=object,
    )
    # The town most rows are of; a form holds one town.
    town = str(towns.value_counts().index[0]) if len(towns) else ""
    found.towns.add(town)
    for row in cells.to_dict("index").items():
        _read_row(file.name, int(str(row[0])), row[1], town, sent, day, found)


def _cells(form: Table) -> pd.DataFrame:
    frame = form.frame.rename(columns=form.found)[[*dict.fromkeys(form.found.values())]]
    frame = frame.apply(names.clean_text).astype(object)
    frame = frame.where(frame.notna(), None)
    codes = frame["village_code"].str.removeprefix("'").astype(object)
    frame["village_code"] = codes.where(codes.notna(), None)
    # A row of which only the running number is left is no row.
    held = frame.drop(columns="serial", errors="ignore").notna().any(axis=1)
    return frame[held]


def _sign_for_all(cells: pd.DataFrame, file: str, found: Found) -> None:
    """Who filled in and when may stand in one row for those beneath."""
    for column in ("author", "filled_on"):
        own = cells[column]
        blank = own.isna() & cells["opinion"].notna()
        if own.notna().any() and blank.any():
            filled = own.ffill()
            cells[column] = filled.fillna(own.dropna().iloc[0]) if own.nunique() == 1 else filled
            found.notices.append(f"{file}:{HEADINGS[column][0]}留空的行按上一行计")
        cells[column] = cells[column].where(cells[column].notna(), None)


def _read_row(
    file: str, row: int, cells: Mapping[Any, Any], town: str, sent: Sent, day: date, found: Found
) -> None:
    code = cells["village_code"]
    if code is None:
        found.fault(file, "rows without 行政区划代码", row)
        return
    at = sent.at.get(code)
    if at is None:
        lost = " with lost digits (请将代码列设为文本)" if "E+" in code.upper() else ""
        found.fault(file, f"codes{lost} that are no village of these types (代码不在本次范围)", row)
        return
    found.seen.add(code)
    for column, says in (
        ("village_name", "names that are not those of the codes beside them (代码与村名对不上,"
                         "是否单独排序)"),
        ("current_type", "现行类型 is not as it was sent (锁定单元格被改动)"),
        ("type_initial", "初判类型 is not as it was sent (锁定单元格被改动,或初判已变须重新征询)"),
    ):  # fmt: skip
        was = sent.cells[column][at]
        if names.fold(str(cells[column] or "")) != names.fold(str(_tidy(was))):
            found.fault(file, says, row)
            if column == "village_name":
                # Whose answer this is, nobody knows.
                return
    if sent.town[at] != town:
        found.fault(file, f"rows of another town than {town} (不属于本镇(街道))", row)
    answer = {
        "code": code, "file": file, "row": row,
        **_answer(file, row, cells, sent.initial[at], day, found),
    }  # fmt: skip
    found.answers.append(answer)


def _tidy(value: Any) -> str:
    """A cell as it comes back from a workbook."""
    text = names.clean_text(pd.Series([value], dtype=object)).iloc[0] if value is not None else None
    return text or ""


def _answer(
    file: str, row: int, cells: Mapping[Any, Any], initially: str, day: date, found: Found
) -> dict[str, Any]:
    opinion = _word(cells["opinion"], "opinion")
    consent = _word(cells["villager_consent"], "villager_consent")
    for column, read in (("opinion", opinion), ("villager_consent", consent)):
        if cells[column] is not None and read is None:
            allowed = "、".join(names.vocabulary(column).values())
            heading = HEADINGS[column][0]
            found.fault(file, f"{heading} holds {cells[column]!r}; it may hold {allowed}", row)
    if opinion == initially and opinion in FIVE:
        # To say the same type is to agree.
        opinion = AGREE
    reason, document = (
        None if cells[column] in NONE else cells[column]
        for column in ("opinion_reason", "document_no")
    )
    met, filled = (
        _day(cells[column], file, row, column, day, found) for column in ("consent_on", "filled_on")
    )
    decided = consent in ("agreed", "refused")
    if decided and cells["consent_on"] is None:
        found.fault(file, "村民会议意见 without 村民会议日期 (请填写会议日期)", row)
    if (
        cells["consent_on"] is not None
        and not decided
        and cells["villager_consent"] in (None, "未征求")
    ):
        found.fault(file, "村民会议日期 without what the meeting said (请填写村民会议意见)", row)
    if opinion is None:
        if cells["opinion"] is None and (reason or document):
            found.fault(file, "理由 or 依据文号 without 镇(街道)意见 (请选择镇(街道)意见)", row)
        # Who signed and when belongs to an answer.
        return {"opinion": None, "reason": None, "document": None, "consent": consent,
                "met": met, "author": None, "filled": None}  # fmt: skip
    if opinion != AGREE and reason is None:
        found.fault(file, "an opinion other than 初判类型 without 理由 (请填写理由)", row)
    if opinion == "relocate" and document is None:
        found.fault(file, "搬迁撤并类 without 依据文号 (请填写批准文件文号)", row)
    if opinion == AGREE and initially == "missing":
        found.notices.append(f"{file}:第{row}行对“待补数据”填了“同意”,仍无类型,请补报资料")
    if opinion == AGREE and initially == CANDIDATE and consent == "refused":
        found.notices.append(f"{file}:第{row}行镇(街道)同意拟列入而村民会议不同意,请复核")
    for column in ("author", "filled_on"):
        if cells[column] is None:
            found.fault(file, f"an answer without {HEADINGS[column][0]} (请填写)", row)
    return {
        "opinion": opinion,
        "reason": reason,
        "document": document,
        "consent": consent,
        "met": met,
        "author": cells["author"],
        "filled": filled,
    }


def _word(text: str | None, vocabulary: str) -> str | None:
    if text is None:
        return None
    known = names.vocabulary(vocabulary)
    short = {zh.removesuffix("类"): key for key, zh in known.items()}
    read = names.read_values(pd.Series([text]), vocabulary, extra=short).iloc[0]
    return read if isinstance(read, str) else None


def _day(
    text: str | None, file: str, row: int, column: str, today: date, found: Found
) -> str | None:
    if text is None:
        return None
    if COUNTED.fullmatch(text):
        day: date | None = FIRST_DAY + timedelta(days=int(text))
    else:
        written = WRITTEN.fullmatch(text)
        day = read_day("-".join(written.groups()) if written else text)
    heading = HEADINGS[column][0]
    if day is None:
        found.fault(file, f"{heading} holds {text!r}, which is no day like 2026-05-01", row)
        return None
    if day > today:
        found.fault(file, f"{heading} lies in the future, after {today} (日期晚于今天)", row)
    return day.isoformat()
