"""Forms that ask the towns what they think of their villages' types (村庄分类意见征询表).

One workbook a town: what the rules say and why is filled in and locked, what the town says is
open. Nothing here decides a type; a relocation nobody agreed to is asked about as 拟列入, never as
a type.
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.errors import ColumnError, ExportError
from deqing_geo.files import stands_other, whole_folder
from deqing_geo.files.naming import UNWRITABLE, numbered
from deqing_geo.sheets import Field, Sheet, workbook
from deqing_geo.villages.cells import read_day
from deqing_geo.villages.decisions import initially
from deqing_geo.villages.kinds import worded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.villages.types import VillageTypes

# The headings of a form by the column they are read into, with their widths in letters.
HEADINGS = {
    "serial": ("序号", 6),
    "village_code": ("行政区划代码", 15),
    "village_name": ("村(社区)名称", 14),
    "current_type": ("现行类型", 12),
    "type_initial": ("初判类型", 13),
    "model_reason": ("判定理由", 34),
    "remarks": ("复核提示", 18),
    "opinion": ("镇(街道)意见", 13),
    "opinion_reason": ("理由", 24),
    "document_no": ("依据文号", 16),
    "villager_consent": ("村民会议意见", 10),
    "consent_on": ("村民会议日期", 12),
    "author": ("填表人", 10),
    "filled_on": ("填表日期", 12),
}
OPEN = ("opinion", "opinion_reason", "document_no", "villager_consent", "consent_on", "author",
        "filled_on")  # fmt: skip
PROMPTS = {
    "opinion": "同意初判类型选“同意”;否则选应为的类型并填写理由。",
    "opinion_reason": "与初判类型不同时必填。",
    "document_no": "选“搬迁撤并类”时必填。",
    "villager_consent": "填写后须同时填写会议日期。",
}
TWELVE = re.compile(r"\d{12}")
# Where the year of asking stands in a form: forms of another year are not read.
YEAR = re.compile(r"征询年度:(\d{4})年")


def save_forms(
    types: VillageTypes,
    out: str | os.PathLike[str],
    *,
    unit: str = "",
    day: date | str | None = None,
) -> list[Path]:
    """Write the forms; see `VillageTypes.opinion_forms`.

    Parameters
    ----------
    types : VillageTypes
        What is asked about.
    out : path
        The folder.
    unit : str
        Who asks (征询单位).
    day : date or str, optional
        To which the data reach (数据截止日期).

    Returns
    -------
    list of Path
        In the order of the towns.

    Raises
    ------
    ColumnError
        If the villages carry no town, or `day` is no date.
    ExportError
        If a form stands there that is not as it was sent, or the folder cannot be written.
    """
    said = chinese_day(day, "day") or word("paper.blank_day")
    towns = towns_of(types)
    stems = numbered(
        f"{_town_code(types.table, rows)}{UNWRITABLE.sub('', town).lstrip('.~ ')}"
        f"{word('opinion.title')}"
        for town, rows in towns.items()
    )
    made: dict[str, bytes] = {}
    for (town, rows), stem in zip(towns.items(), stems, strict=True):
        name = f"{stem}.xlsx"
        made[name] = workbook(_sheets(types, rows, town, unit.strip(), said), called=name)
    # A form that came back filled in is worth more than a new one.
    kept = [name for name, content in made.items() if stands_other(Path(out) / name, content)]
    if kept:
        raise ExportError(
            f"{out}: forms stand there that are not as they are sent, perhaps filled in: "
            f"{', '.join(kept[:5])}. Name another folder (请另选文件夹,以免覆盖已填写的征询表)."
        )
    with whole_folder(out, last="") as draft:
        for name, content in made.items():
            (draft / name).write_bytes(content)
    return [Path(out) / name for name in made]


def towns_of(types: VillageTypes) -> dict[str, NDArray[Any]]:
    """The rows of each town, towns in the order of the villages.

    Parameters
    ----------
    types : VillageTypes
        With ``town_name``.

    Returns
    -------
    dict of str to array of int
        Positions in ``types.table``; villages without a town come last.

    Raises
    ------
    ColumnError
        If there is no ``town_name``.
    """
    if "town_name" not in types.table:
        raise ColumnError("The villages carry no `town_name`, so there is no town to ask.")
    towns = types.table["town_name"].reset_index(drop=True)
    found = {
        str(town): rows.to_numpy() for town, rows in towns.groupby(towns, sort=False).groups.items()
    }
    lost = towns.index[towns.isna()].to_numpy()
    return {**found, word("paper.unnamed_town"): lost} if len(lost) else found


def initial(types: VillageTypes) -> list[str]:
    """What the rules say of each village, as a word of ``type_initial``.

    Parameters
    ----------
    types : VillageTypes
        Of any kind.

    Returns
    -------
    list of str
        By row; neither people's decisions nor a meeting change it.
    """
    table = types.table
    return [
        initially(model, status)
        for model, status in zip(table["type_model"], table["model_status"], strict=True)
    ]


def is_sample(types: VillageTypes) -> bool:
    """Whether the villages are made up.

    Parameters
    ----------
    types : VillageTypes
        Of any kind.

    Returns
    -------
    bool
        By their notices.
    """
    made_up = word("notice.schematic")
    return any(made_up in notice for notice in types.notices)


def chinese_day(value: date | str | None, called: str) -> str:
    """A day as papers say it.

    Parameters
    ----------
    value : date or str or None
        Like ``2026-03-31``.
    called : str
        The argument's name for messages.

    Returns
    -------
    str
        Empty for none.

    Raises
    ------
    ColumnError
        If it is no day.

    Examples
    --------
    >>> chinese_day("2026-03-31", "day")
    '2026年3月31日'
    """
    if value is None or value == "":
        return ""
    day = read_day(value)
    if day is None:
        raise ColumnError(f"{called}={value!r} is not a date like 2026-03-31.")
    return f"{day.year}年{day.month}月{day.day}日"


def shown_cells(types: VillageTypes, column: str) -> list[Any]:
    """A column of the table as a form shows it.

    Parameters
    ----------
    types : VillageTypes
        Of any kind.
    column : str
        Words become Chinese; a column that is not there is blank.

    Returns
    -------
    list of object
        By row; None where nothing stands.
    """
    table = types.table
    if column == "type_initial":
        return [worded("type_initial", kind) for kind in initial(types)]
    if column not in table:
        return [None] * len(table)
    held = table[column].astype(object)
    cells = [None if one is None or one == "" else one for one in held.where(held.notna(), None)]
    if column in names.vocabularies() and column not in ("flags",):
        return [None if one is None else worded(column, one) for one in cells]
    return cells


# ---------------------------------------------------------------- one form


def _sheets(types: VillageTypes, rows: NDArray[Any], town: str, unit: str, day: str) -> list[Sheet]:
    sample = is_sample(types)
    title = word("opinion.title")
    by = word("paper.unit_sample" if sample else "paper.unit")
    above = [
        (
            f"{by}:{town}",
            *((f"{word('opinion.asker')}:{unit}",) if unit else ()),
            f"{word('paper.data_until')}:{day}",
            f"征询年度:{types.asked['as_of'].year}年",
        ),
        (word("opinion.first_only"),),
    ]
    if sample:
        above.append((word("notice.schematic"), word("paper.not_filed")))
    cells: dict[str, list[Any]] = {
        "serial": list(range(1, len(rows) + 1)),
        "village_code": [str(types.table.index[at]) for at in rows],
    }
    for column in HEADINGS:
        if column not in cells:
            whole = [None] * len(types.table) if column in OPEN else shown_cells(types, column)
            cells[column] = [whole[at] for at in rows]
    fields = tuple(
        Field(
            heading,
            cells[column],
            width=width,
            open=column in OPEN,
            kind="day" if column in ("consent_on", "filled_on") else "text",
            words=tuple(names.vocabulary(column).values())
            if column in ("opinion", "villager_consent")
            else (),
            prompt=PROMPTS.get(column, ""),
            middle=column not in ("model_reason", "remarks", "opinion_reason"),
        )
        for column, (heading, width) in HEADINGS.items()
    )
    asked = Sheet(
        title,
        fields,
        title=f"{title}({word('paper.sample')})" if sample else title,
        above=tuple(above),
        below=() if sample else ((), signatures()),
        protected=True,
        mark=word("map.internal"),
    )
    guide = names.phrases("opinion_guide")
    # Nobody signs a sample.
    lines = [text for key, text in guide.items() if not (sample and key == "sign")]
    return [asked, Sheet("填写说明", (Field("填写说明", lines, width=110),), protected=True)]


def signatures() -> tuple[str, ...]:
    """The line to sign on.

    Returns
    -------
    tuple of str
        单位负责人, 审核人, 填表人, 联系电话, 填报日期.
    """
    people = (f"{word(f'paper.{one}')}:" for one in ("head", "reviewer", "writer", "phone"))
    return (*people, f"{word('paper.filed')}:{word('paper.blank_day')}")


def _town_code(table: pd.DataFrame, rows: Sequence[int] | NDArray[Any]) -> str:
    """Nine digits that all villages of the town share, or nothing."""
    own = table.iloc[list(rows)]
    codes: list[Hashable] = list(own["town_code"]) if "town_code" in own else list(own.index)
    short = {str(code)[:9] for code in codes if code == code}
    twelve = "town_code" in own or all(TWELVE.fullmatch(str(code)) for code in codes)
    return short.pop() if len(short) == 1 and twelve else ""
