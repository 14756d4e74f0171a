"""The text of the month (月报): how each figure stands, why it moved, what is to be done.

Every sentence is put together from the scorecard's own cells; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.papers.blocks import Block, Paper, Section, Table, Text
from deqing_geo.papers.filing import Filing
from deqing_geo.progress.judging import DISPUTED, contradicted, shown_change, shown_figure
from deqing_geo.progress.months import in_chinese
from deqing_geo.standards import UNITS
from deqing_geo.text import figure, percent

if TYPE_CHECKING:
    import pandas as pd

    from deqing_geo.progress import Scorecard

NUMERALS = "一二三四五六七八九十"
SLOW = ("behind", "missed")


def month_paper(
    made: Filing,
    card: Scorecard,
    *,
    projects: pd.DataFrame | None = None,
    log: pd.DataFrame | None = None,
) -> Paper:
    """What the month's text says.

    Parameters
    ----------
    made : Filing
        Who files, for whom.
    card : Scorecard
        Of the month.
    projects : DataFrame, optional
        The great projects.
    log : DataFrame, optional
        Of reported months: its corrections of this month are told.

    Returns
    -------
    Paper
        The same for the same card.
    """
    rows = card.table.reset_index().to_dict("records")
    parts: list[tuple[str, list[Block]]] = [
        ("whole", _whole(made, card, rows)),
        ("figures", _figures(made, rows)),
    ]
    if not made.public:
        parts.append(("warned", _warned(rows)))
    parts.append(("compared", _compared(card, rows, log)))
    if not made.public and (tasks := _tasks(rows)):
        parts.append(("tasks", tasks))
    if projects is not None and len(projects):
        parts.append(("projects", _projects(made, projects)))
    parts.append(("rests", _rests(card, rows)))
    sections = tuple(
        Section(f"{NUMERALS[at]}、{word(f'progress_paper.{key}')}", tuple(blocks))
        for at, (key, blocks) in enumerate(parts)
    )
    schematic = word("notice.schematic")
    mark = f"({word('paper.sample')})" if made.sample else ""
    stage = f"({made.stage})" if made.stage else ""
    title = f"{made.place}{in_chinese(card.month)}{word('progress_paper.month')}{stage}{mark}"
    by = word("paper.unit_sample" if made.sample else "paper.unit")
    blank = word("paper.blank_day")
    return Paper(
        title=title,
        head=((by, made.unit), (word("paper.data_until"), made.day or blank)),
        warnings=(schematic, word("paper.not_filed")) if made.sample else (),
        marks=(word("village_paper.public" if made.public else "map.internal"),),
        sections=sections,
        sign=()
        if made.sample
        else (
            *((word(f"paper.{one}"), "") for one in ("head", "reviewer", "writer", "phone")),
            (word("paper.filed"), blank),
        ),
    )


def _whole(made: Filing, card: Scorecard, rows: Sequence[Any]) -> list[Block]:
    verdicts, hows = names.vocabulary("verdict"), names.vocabulary("value_how")
    measured = [row for row in rows if row["measured"] == row["measured"]]
    said = [
        f"{verdicts[word_]} {count} 项"
        for word_ in verdicts
        if (count := sum(row["verdict"] == word_ for row in rows))
    ]
    how = [
        f"{hows[word_]} {count} 项"
        for word_ in hows
        if (count := sum(row["value_how"] == word_ for row in measured))
    ]
    out: list[Block] = [
        Text(f"规划共 {len(rows)} 项指标,本月有数值的 {len(measured)} 项({'、'.join(how)})。"),
        Text(f"按进度判定:{'、'.join(said)}。"),
    ]
    colours = names.vocabulary("warning")
    warned = [
        f"{colours[one]} {count} 项"
        for one in ("red", "yellow", "green")
        if (count := sum(row["warning"] == one for row in rows))
    ]
    if warned and not made.public:
        out.append(Text(f"按主管部门设定的预警线:{'、'.join(warned)}。"))
    moved = [row for row in rows if row["last_change"] == row["last_change"]]
    up = sum(row["last_change"] > 0 for row in moved)
    down = sum(row["last_change"] < 0 for row in moved)
    if moved:
        same = len(moved) - up - down
        said = [f"上升 {up} 项", f"下降 {down} 项", f"持平 {same} 项"]
        out.append(Text(f"与上月可比的 {len(moved)} 项中,{'、'.join(said)}。"))
    return out


def _figures(made: Filing, rows: Sequence[Any]) -> list[Block]:
    measured = [row for row in rows if row["measured"] == row["measured"]]
    if not measured:
        return [Text(word("progress_paper.none"))]
    verdicts = names.vocabulary("verdict")
    table = Table(
        caption="",
        head=(
            names.label("id"), names.label("indicator_zh"), names.label("asked"),
            word("progress_paper.value"), names.label("last_change"), names.label("verdict"),
        ),
        rows=tuple(
            (
                str(row["id"]), str(row["indicator_zh"]), str(row["asked"]), str(row["shown"]),
                shown_change(row, "last_change") or "-",
                verdicts[str(row["verdict"])],
            )
            for row in measured
        ),
        widths=(8, 30, 19, 17, 11, 21),
        figures=(3, 4),
    )  # fmt: skip
    return [table, *(Text(f"{at}. {_sentence(made, row)}") for at, row in enumerate(measured, 1))]


def _sentence(made: Filing, row: Any) -> str:
    """One target: 本月值, 较上月, 目标与差距, 判定, 原因, 问题, 下步."""
    said = [f"{word('progress_paper.value')} {row['shown']}"]
    for column, called in (("last_change", "上月"), ("year_change", "年初")):
        if row[column] == row[column]:
            step = shown_change(row, column)
            moved = f"较{called} {_step(row, column, step)}"
            said.append(moved if step.strip("0.") else f"与{called}持平")
    if row["target"] == row["target"]:
        said.append(f"目标{row['asked']}")
    if row["gap"] == row["gap"] and row["gap"] > 0:
        said.append(f"差距 {_step(row, 'gap', shown_change(row, 'gap').lstrip('+'))}")
    said.append(names.vocabulary("verdict")[str(row["verdict"])])
    text = f"{row['indicator_zh']}({row['clause']}):{','.join(said)}。"
    if row["compared"]:
        text += f"{row['compared']}。"
    if row["target_key"] in DISPUTED:
        text += f"{word('progress_paper.plan_doubt')}:{row['plan_note']}。"
    if row["month_why"] and row["last_change"] != 0:
        text += f"原因:{row['month_why']}。"
    if not made.public:
        for column in ("problem", "next_step"):
            if row[column]:
                text += f"{names.label(column)}:{_ended(str(row[column]))}"
    return text


def _step(row: Any, column: str, shown: str) -> str:
    """A difference with its unit, and that it is exact where the figures shown say another."""
    unit = str(row["unit"])
    points = word("month.points") if unit == "ratio" else f" {UNITS.get(unit, unit)}".rstrip()
    exact = f"({word('month.exact')})" if contradicted(row, column) else ""
    return f"{shown}{points}{exact}"


def _ended(text: str) -> str:
    return text if text.endswith(("。", "!", "?", "！", "？")) else f"{text}。"


def _warned(rows: Sequence[Any]) -> list[Block]:
    ranks = {"red": 0, "yellow": 1}
    slow = [row for row in rows if row["warning"] in ranks or row["verdict"] in SLOW]
    slow.sort(key=lambda row: ranks.get(str(row["warning"]), len(ranks)))
    if not slow:
        return [Text(word("progress_paper.none"))]
    colours = names.vocabulary("warning")
    return [
        Table(
            caption="",
            head=(
                names.label("indicator_zh"), names.label("warning"), word("progress_paper.value"),
                names.label("due_value"), names.label("lead_unit"), names.label("problem"),
                names.label("next_step"),
            ),
            rows=tuple(
                (
                    str(row["indicator_zh"]), colours.get(str(row["warning"]), "-"),
                    str(row["shown"]), _due(row), str(row["lead_unit"]), str(row["problem"]),
                    str(row["next_step"]),
                )
                for row in slow
            ),
            widths=(22, 13, 14, 14, 14, 20, 20),
        )
    ]  # fmt: skip


def _due(row: Any) -> str:
    beside = (float(row["measured"]),)
    return shown_figure(float(row["due_value"]), str(row["unit"]), against=beside) or "-"


def _compared(card: Scorecard, rows: Sequence[Any], log: pd.DataFrame | None) -> list[Block]:
    out: list[Block] = [
        Text(f"{row['indicator_zh']}:{row['compared']}。") for row in rows if row["compared"]
    ]
    if log is not None and len(log):
        kinds = names.vocabulary("log_kind")
        own = log[(log["log_kind"] == "corrected") & (log["month"] <= (card.month or "9999"))]
        for one in own.to_dict("records"):
            unit = str(one["unit"])
            before, now = (
                shown_figure(float(one[name]), unit) or "-" for name in ("former_value", "measured")
            )
            out.append(
                Text(
                    f"{kinds['corrected']}:{in_chinese(str(one['month']))}{one['indicator_zh']} "
                    f"{before} 更正为 {now}({one['log_reason']})。"
                )
            )
    return out or [Text(word("progress_paper.none"))]


def _tasks(rows: Sequence[Any]) -> list[Block]:
    own = [
        row
        for row in rows
        if row["verdict"] == "qualitative" and (row["problem"] or row["next_step"])
    ]
    return [
        Text(
            f"{row['indicator_zh']}("
            f"{row['clause']}):"
            + "".join(
                f"{names.label(one)}:{_ended(str(row[one]))}"
                for one in ("problem", "next_step")
                if row[one]
            )
        )
        for row in own
    ]


def _projects(made: Filing, projects: pd.DataFrame) -> list[Block]:
    planned, done = projects["invest_year"].sum(), projects["invest_done"].sum()
    rate = f",完成率 {percent(done / planned, against=[1.0])}" if planned > 0 else ""
    month = projects["invest_month"].sum()
    out: list[Block] = [
        Text(
            f"重大项目 {len(projects)} 个,总投资 {figure(projects['invest_total'].sum())} 万元,"
            f"年度计划投资 {figure(planned)} 万元,本月完成 {figure(month)} 万元,"
            f"本年累计完成 {figure(done)} 万元{rate}。"
        )
    ]
    if not made.public:
        colours = names.vocabulary("project_warning")
        for colour in ("red", "yellow"):
            own = projects[projects["project_warning"] == colour]
            if len(own):
                called = "、".join(
                    f"{name}({problem})" if problem else name
                    for name, problem in zip(own["project_name"], own["problem"], strict=True)
                )
                out.append(Text(f"{colours[colour]}色预警 {len(own)} 个:{called}。"))
    return out


def _rests(card: Scorecard, rows: Sequence[Any]) -> list[Block]:
    said = [word("progress_paper.pace"), word("progress_paper.rounding")]
    for row in rows:
        if row["measured"] == row["measured"] and row["value_how"] != "recorded":
            source = f";{names.label('source')}:{row['source']}" if row["source"] else ""
            said.append(f"{row['indicator_zh']}:{row['definition']}{source}")
    return [Text(one) for one in dict.fromkeys([*said, *card.notices])]
