"""The papers on village types a bureau signs (村庄分类): one workbook a paper, to print on A4.

They repeat the types and the log and decide nothing. Internal papers say all there is; public ones
leave out people, income, doubts and candidates. Made from sample data they cannot be signed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.files import whole_folder
from deqing_geo.papers.filing import Filing, filing
from deqing_geo.sheets import Field, Sheet, workbook
from deqing_geo.text import figure
from deqing_geo.villages import FIVE, published
from deqing_geo.villages.decisions import AGREE, STAGES, TOWN, Decision, standing, ways
from deqing_geo.villages.forms import (
    initial,
    shown_cells,
    towns_of,
)
from deqing_geo.villages.kinds import BY_HAND, CANDIDATE, REFUSED, called, worded
from deqing_geo.villages.ledger import own_log

if TYPE_CHECKING:
    from deqing_geo.villages import VillageTypes

M2_PER_KM2 = 1_000_000
KM2 = "0.0000"
SHARE = "0.00"
PERCENT = 100.0
TWELVE = 12
COUNTY_DIGITS = 6


def save_village_papers(
    types: VillageTypes,
    folder: str | os.PathLike[str],
    *,
    unit: str = "",
    day: date | str | None = None,
    audience: str = "internal",
    review_stage: str = "",
) -> list[Path]:
    """The four papers on village types that a bureau files, one Excel workbook each.

    村庄分类情况统计表, 分镇(街道)汇总表, 村庄分类调整建议表 and 村庄分类台账, on A4 across:
    title, 填报单位(盖章), 数据截止日期 and 计量单位 above, the heading on every page, pages
    numbered, a line to sign on below, a last sheet with what the figures rest on. From sample
    data they come as 示意样张, without stamp or signature.

    Parameters
    ----------
    types : VillageTypes
        With ``town_name``; the log they were judged with fills the opinions and the ledger.
    folder : path
        Where; files of the same names are replaced together.
    unit : str
        Who files them (填报单位).
    day : date or str, optional
        To which the data reach (数据截止日期); blank for a pen by default.
    audience : str
        ``internal``, or ``public``: without people and income, also inside reasons, without
        doubts, and with every village whose type is not settled as 尚未拟定.
    review_stage : str
        Such as 征求意见稿, 会审稿 or 报批稿; stands behind the titles.

    Returns
    -------
    list of Path
        Four ``.xlsx`` files, the same bytes for the same types.

    Raises
    ------
    InputError
        If `audience` is neither.
    ColumnError
        If the villages carry no town, or `day` is no date.
    ExportError
        If the folder cannot be written, or a paper is larger than a sheet.

    Examples
    --------
    >>> import tempfile, geopandas as gpd, shapely
    >>> from deqing_geo.villages import classify_villages
    >>> facts = gpd.GeoDataFrame(
    ...     {"village_name": ["甲村"], "town_name": ["某镇"], "is_town_seat": [True]},
    ...     index=["A"], geometry=[shapely.box(0, 0, 1000, 1000)], crs=4549,
    ... )
    >>> with tempfile.TemporaryDirectory() as out:
    ...     files = save_village_papers(classify_villages(facts), out, unit="某局")
    ...     print(*(file.stem for file in files))
    村庄分类情况统计表 村庄分类分镇(街道)汇总表 村庄分类调整建议表 村庄分类台账
    """
    made = _Made(
        types,
        filing(
            types.notices,
            unit=unit,
            day=day,
            audience=audience,
            review_stage=review_stage,
            place=_county(types),
        ),
    )
    papers = {
        "list": [made.sheet("list", _list(made), total=True)],
        "towns": [made.sheet("towns", _towns(made), total=True)],
        "changes": [made.sheet("changes", _changes(made))],
        "ledger": [made.sheet("ledger", _ledger(made)), made.progress()],
    }
    files = {
        made.filing.file(word(f"village_paper.{key}")): [*sheets, made.notes()]
        for key, sheets in papers.items()
    }
    with whole_folder(folder, last=list(files)[-1]) as draft:
        for name, sheets in files.items():
            (draft / name).write_bytes(workbook(sheets, called=name))
    return [Path(folder) / name for name in files]


# ---------------------------------------------------------------- what all papers share


@dataclass(frozen=True, slots=True)
class _Made:
    """The types with what is asked of them once for all papers."""

    types: VillageTypes
    filing: Filing
    log: tuple[Decision, ...] = field(init=False)
    first: list[str] = field(init=False)
    way: list[dict[str, tuple[str, Decision]]] = field(init=False)
    decided: dict[int, Decision] = field(init=False)
    order: list[int] = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "log", own_log(self.types))
        put(self, "first", initial(self.types))
        put(self, "way", list(ways(self.log, self.first)))
        put(self, "decided", standing(self.log))
        put(self, "order", [int(at) for rows in towns_of(self.types).values() for at in rows])

    @property
    def public(self) -> bool:
        return self.filing.public

    @property
    def finals(self) -> list[Any]:
        return list(self.types.table["type_final"])

    def cells(self, column: str) -> list[Any]:
        return shown_cells(self.types, column)

    def towns(self) -> list[str]:
        out = [""] * len(self.types.table)
        for town, rows in towns_of(self.types).items():
            for at in rows:
                out[at] = town
        return out

    def head(self, rows: Sequence[int]) -> list[Field]:
        """Who each row is of."""
        towns, called_ = self.towns(), self.cells("village_name")
        return [
            Field("序号", list(range(1, len(rows) + 1)), width=6, middle=True),
            Field(names.label("town_name"), [towns[at] for at in rows], width=12, middle=True),
            Field(
                names.label("village_code"),
                [str(self.types.table.index[at]) for at in rows],
                width=15,
                middle=True,
            ),
            Field("村(社区)", [called_[at] for at in rows], width=12, middle=True),
        ]

    def sheet(self, key: str, fields: Sequence[Field], *, total: bool = False) -> Sheet:
        name = word(f"village_paper.{key}")
        units = word(f"village_paper.{key}_unit{'_public' if self.public else ''}")
        return self.filing.framed(name, fields, units, total=total)

    def notes(self) -> Sheet:
        """What the figures rest on."""
        first = "first_public" if self.public else "first_only"
        said = [word(f"village_paper.{first}"), self.types.line]
        if self.public:
            kept = (word("notice.schematic"), word("notice.unread"))
            said += [one for one in self.types.notices if one in kept]
            said.append(word("village_paper.left_out"))
        else:
            said += self.types.notices
        documents = dict.fromkeys(_document(rule) for rule in self.types.sources)
        said += [f"{word('village_paper.documents')}:{'、'.join(documents)}"] if documents else []
        return Sheet("说明", (Field("说明", list(dict.fromkeys(said)), width=110),))

    def progress(self) -> Sheet:
        """How far each town has come."""
        table = self.types.ledger.towns
        shown = [worded("stage_reached", one) for one in table["stage_reached"]]
        return self.sheet(
            "progress",
            [
                Field("序号", list(range(1, len(table) + 1)), width=6, middle=True),
                Field(names.label("town_name"), [str(one) for one in table.index], width=14),
                *(
                    Field(names.label(column), table[column].tolist(), kind="number", width=16)
                    for column in table.columns[:-1]
                ),
                Field(names.label("stage_reached"), shown, width=16, middle=True),
            ],
        )


def _county(types: VillageTypes) -> str:
    """The county's name, where all villages are of one that is known."""
    table = types.table
    if "county_name" in table and table["county_name"].nunique() == 1:
        return str(table["county_name"].dropna().iloc[0])
    codes = {str(one)[:COUNTY_DIGITS] for one in table.index if len(str(one)) == TWELVE}
    whole = all(len(str(one)) == TWELVE for one in table.index)
    return names.crosswalk("county").get(codes.pop(), "") if len(codes) == 1 and whole else ""


def _said(entry: tuple[str, Decision] | None, *, words: bool) -> str | None:
    """What a stage said: that it agrees, or to what it changed the type, and why."""
    if entry is None:
        return None
    kind, row = entry
    if row.kind == AGREE:
        return worded("opinion", AGREE)
    why = f":{row.reason}" if words and row.reason else ""
    return f"调整为{called(kind)}{why}"


def _meeting(made: _Made) -> list[str | None]:
    consent, days = made.cells("villager_consent"), made.cells("consent_on")
    return [
        None
        if one is None or (made.public and made.finals[at] != "relocate")
        else f"{one} {days[at] or ''}".strip()
        for at, one in enumerate(consent)
    ]


# ---------------------------------------------------------------- the papers


def _list(made: _Made) -> list[Field]:
    """村庄分类情况统计表: every unit with its type."""
    table, rows = made.types.table, made.order
    public = made.public
    kinds = [published.called(one) for one in made.finals] if public else [
        worded("type_final", one) if one is not None and one == one else None
        for one in made.finals
    ]  # fmt: skip
    may = published.settled(made.types)
    why = published.reasons(made.types, made.decided) if public else list(table["reason"])
    by = [
        f"{rung} {worded('decided_how', how)}" if may[at] or not public else None
        for at, (rung, how) in enumerate(
            zip(table["decided_by"], table["decided_how"], strict=True)
        )
    ]
    changed = {True: "是", False: "否"}
    town = [made.way[at].get(TOWN) for at in range(len(table))]
    review = [made.way[at].get("review") for at in range(len(table))]
    if public:
        town, review = (
            [one if published.stage_shown(one, made.finals[at]) else None
             for at, one in enumerate(entries)]
            for entries in (town, review)
        )  # fmt: skip
    approved = [made.way[at].get("approved") for at in range(len(table))]
    number = [
        entry[1].document if entry and (not public or may[at]) else None
        for at, entry in enumerate(approved)
    ]
    people = [] if public else [
        ("pop_resident", "常住人口", "0"), ("hh_resident", "户数", "0"),
    ]  # fmt: skip
    measured = {column: _numbers(table, column) for column, _, _ in people}
    area = _areas(made.types)
    notes = _remarks(made)
    columns: list[tuple[str, list[Any], float, str]] = [
        *((head, measured[column], 9.0, form) for column, head, form in people),
        (names.label("area_km2"), area, 10, KM2),
        (names.label("current_type"), made.cells("current_type"), 11, ""),
        (names.label("type_final"), kinds, 12, ""),
        ("判定依据", by, 13, ""),
        (names.label("reason"), why, 34, ""),
        (names.label("type_changed"), [changed.get(one) for one in table["type_changed"]], 7, ""),
        (names.label("opinion"), [_said(one, words=not public) for one in town], 16, ""),
        ("村民会议意见及日期", _meeting(made), 12, ""),
        ("会审意见", [_said(one, words=not public) for one in review], 16, ""),
        (names.label("approved_document"), number, 16, ""),
        ("备注", notes, 18, ""),
    ]
    body = [
        Field(head, [cells[at] for at in rows], width=width, format=form,
              kind="number" if form else "text", middle=not form and width <= 13)
        for head, cells, width, form in columns
    ]  # fmt: skip
    return _with_total(made, [*made.head(rows), *body])


def _with_total(made: _Made, fields: list[Field]) -> list[Field]:
    """A last row that sums what is known of all; a sum with gaps would be taken for the whole."""
    out = []
    gaps = []
    for at, one in enumerate(fields):
        last: Any = None
        if at == 1:
            last = word("paper.total")
        elif at == 3:
            last = f"{len(one.values)}个单元"
        elif one.format:
            known = [value for value in one.values if value is not None and value == value]
            if len(known) == len(one.values):
                last = float(np.sum(known))
            elif known:
                gaps.append(f"{one.heading}缺{len(one.values) - len(known)}个,不合计")
        elif at == len(fields) - 1 and gaps and not made.public:
            last = ";".join(gaps)
        out.append(replace(one, values=[*one.values, last]))
    return out


def _remarks(made: _Made) -> list[str | None]:
    if made.public:
        return [None] * len(made.types.table)
    table = made.types.table
    waiting = [
        worded("status", status) if status in (CANDIDATE, REFUSED) else ""
        for status in table["status"]
    ]
    return [
        ";".join(one for one in (wait, str(remark or "")) if one) or None
        for wait, remark in zip(waiting, table["remarks"], strict=True)
    ]


def _towns(made: _Made) -> list[Field]:
    """分镇(街道)汇总表: towns by types, with a row that adds up."""
    shown = list(made.types.shown)
    if made.public:
        kinds: list[str] = [*FIVE, "undecided", "unsettled"]
        shown = [one if one in published.SETTLED else "unsettled" for one in shown]
        heads = {"unsettled": word("village_paper.unsettled")}
    else:
        kinds = [*FIVE, CANDIDATE, REFUSED, "undecided", "missing"]
        heads = {CANDIDATE: "拟列入", REFUSED: "村民会议不同意"}
    towns = towns_of(made.types)
    counts = np.array(
        [[sum(shown[at] == kind for at in rows) for kind in (*kinds, "urban")]
         for rows in towns.values()], dtype=int,
    )  # fmt: skip
    counts = np.vstack([counts, counts.sum(axis=0)])
    taking = counts[:, :-1].sum(axis=1)
    fields = [
        Field("序号", [*range(1, len(towns) + 1), None], width=6, middle=True),
        Field(names.label("town_name"), [*towns, word("paper.total")], width=14),
        Field("参与分类单元数", taking.tolist(), width=9, kind="number"),
    ]
    for at, kind in enumerate(kinds):
        head = heads.get(kind, called(kind))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = PERCENT * counts[:, at] / taking
        fields += [
            Field(head, counts[:, at].tolist(), width=9, kind="number"),
            Field(f"{head}占比(%)", share.tolist(), width=9, kind="number", format=SHARE),
        ]
    fields.append(Field("不纳入分类", counts[:, -1].tolist(), width=9, kind="number"))
    return fields


def _changes(made: _Made) -> list[Field]:
    """村庄分类调整建议表: where the rules or the proposal differ from the type in force."""
    table = made.types.table
    current = list(table["current_type"]) if "current_type" in table else [None] * len(table)
    changed = [one is True or one is np.True_ for one in table["type_changed"]]
    if not made.public:
        # Whoever is to be relocated is no change for a candidate.
        first = ["relocate" if one == CANDIDATE else one for one in made.first]
        changed = [
            one or (current[at] in FIVE and first[at] in FIVE and first[at] != current[at])
            for at, one in enumerate(changed)
        ]
    rows = [at for at in made.order if changed[at]]
    finals = [
        worded("type_final", one) if one is not None and one == one else None for one in made.finals
    ]
    document = made.cells("current_type_document")
    evidence = _evidence(made)
    if made.public:
        columns: list[tuple[str, Sequence[Any], float]] = [
            (names.label("current_type"), made.cells("current_type"), 12),
            (names.label("type_final"), finals, 12),
            (names.label("reason"), published.reasons(made.types, made.decided), 50),
            ("依据", evidence, 40),
        ]
    else:
        said = [_said(way.get(TOWN), words=True) for way in made.way]
        columns = [
            (names.label("current_type"), made.cells("current_type"), 12),
            ("现行类型文号", document, 16),
            ("初判类型", made.cells("type_initial"), 13),
            (names.label("type_final"), finals, 12),
            (names.label("reason"), list(table["reason"]), 34),
            ("依据", evidence, 30),
            (names.label("opinion"), said, 18),
            ("备注", _remarks(made), 20),
        ]
    return [
        *made.head(rows),
        *(Field(head, [cells[at] for at in rows], width=width, middle=width <= 13)
          for head, cells, width in columns),
    ]  # fmt: skip


def _evidence(made: _Made) -> list[str | None]:
    """The documents behind each village's type: of the decision, or of the numbers compared."""
    table, scheme = made.types.table, made.types.asked["scheme"]
    rules = {rule.key: rule for rule in made.types.sources}
    behind: dict[str, dict[str, None]] = {}
    for rung in scheme.rungs:
        for key in rung.rules:
            if key in rules:
                behind.setdefault(rung.id, {})[_document(rules[key])] = None
    lists = made.cells("heritage_list")
    plans = made.cells("relocation_document")
    out: list[str | None] = []
    for at, (by, how) in enumerate(zip(table["decided_by"], table["decided_how"], strict=True)):
        row = made.decided.get(at)
        if by == BY_HAND and row is not None:
            out.append(row.source)
        elif how == "list" and lists[at]:
            out.append(str(lists[at]))
        elif plans[at] and made.finals[at] == "relocate":
            out.append(str(plans[at]))
        else:
            out.append("、".join(behind.get(by, ())) or worded("decided_how", how))
    return out


def _document(rule: Any) -> str:
    return word("evidence.ours") if rule.evidence == "ours" else f"{rule.document}{rule.clause}"


def _ledger(made: _Made) -> list[Field]:
    """村庄分类台账: from the type in force to the approval."""
    types, rows = made.types, made.order
    first: Sequence[str | None] = made.cells("type_initial")
    if made.public:
        first = published.initially(made.first, made.finals)
    document, year = made.cells("current_type_document"), made.cells("current_type_year")
    since = [
        " ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in pair if one) or None
        for pair in zip(document, year, strict=True)
    ]
    finals = [
        published.called(one)
        if made.public
        else (worded("type_final", one) if one is not None and one == one else None)
        for one in made.finals
    ]
    columns: list[tuple[str, Sequence[Any], float]] = [
        (names.label("current_type"), made.cells("current_type"), 12),
        ("现行类型文号(年份)", since, 15),
        ("初判类型", first, 13),
    ]
    for stage in STAGES:
        entries = [way.get(stage) for way in made.way]
        if made.public:
            entries = [
                one if published.stage_shown(one, made.finals[at]) else None
                for at, one in enumerate(entries)
            ]
        said = worded("stage", stage)
        columns += [
            (said, [None if one is None else called(one[0]) for one in entries], 12),
            (
                f"{said}日期、单位、文号",
                [None if one is None else one[1].traced for one in entries],
                17,
            ),
        ]
    columns.append((names.label("type_final"), finals, 12))
    reached: list[str | None] = [
        worded("stage_reached", one) for one in types.ledger.table["stage_reached"]
    ]
    if made.public:
        reached = [
            one if may else None for one, may in zip(reached, published.settled(types), strict=True)
        ]
    columns.append((names.label("stage_reached"), reached, 12))
    return [
        *made.head(rows),
        *(Field(head, [cells[at] for at in rows], width=width, middle=width <= 13)
          for head, cells, width in columns),
    ]  # fmt: skip


# ---------------------------------------------------------------- figures


def _numbers(table: Any, column: str) -> list[float | None]:
    if column not in table:
        return [None] * len(table)
    held = table[column].to_numpy(dtype=float, na_value=np.nan)
    return [None if np.isnan(one) else float(one) for one in held]


def _areas(types: VillageTypes) -> list[float | None]:
    """Square kilometres of land, on the ellipsoid where the layer says where it lies."""
    table = types.table
    if table.crs is None:
        return [None] * len(table)
    square = ellipsoidal_area(table.geometry.to_numpy(), table.crs) / M2_PER_KM2
    return [None if not one > 0 else float(figure(float(one), 4)) for one in square]
