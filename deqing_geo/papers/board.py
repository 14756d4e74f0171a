"""The scorecard as a page to open, to show and to print: complete in itself, without a script."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.errors import ExportError
from deqing_geo.files import whole_file
from deqing_geo.looks.palette import style
from deqing_geo.papers.blocks import plain
from deqing_geo.papers.page import POLICY
from deqing_geo.progress.judging import shown_change
from deqing_geo.progress.months import in_chinese
from deqing_geo.text import escape, percent

if TYPE_CHECKING:
    from deqing_geo.progress import Scorecard

# What stands first on the page, and is counted in its tiles.
TILES = ("met", "on_track", "behind", "missed", "no_baseline", "not_measured")


def save_scorecard(card: Scorecard, path: str | os.PathLike[str], *, place: str = "德清县") -> Path:
    """The scorecard as one HTML page (核心指标完成情况).

    Counts of verdicts, every target with a figure (asked, figure, change, completion as a bar,
    verdict, warning, why, who leads, 口径), departments, and the targets without a figure by how
    they could be come by. It asks for nothing over a network and runs nothing.

    Parameters
    ----------
    card : Scorecard
        Of `deqing_geo.scorecard`.
    path : path
        Where; ``.html``.
    place : str
        Before the title.

    Returns
    -------
    Path
        The file: the same bytes for the same card, A4 across when printed.

    Raises
    ------
    ExportError
        If the name has another ending, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample, scorecard, standards
    >>> card = scorecard(road_density(sample.zone(), sample.roads()), law=standards.load())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "建成区路网密度" in save_scorecard(card, f"{folder}/a.html").read_text("utf-8")
    True
    """
    if Path(path).suffix.lower() != ".html":
        raise ExportError(f"{path}: name a file that ends in .html.")
    with whole_file(path) as draft:
        draft.write_bytes(_page(card, place).encode("utf-8"))
    return Path(path)


def _page(card: Scorecard, place: str) -> str:
    rows = card.table.reset_index().to_dict("records")
    measured = [row for row in rows if row["measured"] == row["measured"]]
    title = f"{place}{word('page.scorecard')}"
    schematic = word("notice.schematic")
    made_up = any(schematic in one for one in card.notices)
    sub = [in_chinese(card.month)]
    body = [
        f'<div class="marks">{_text(word("map.internal"))}</div>',
        f"<h1>{_text(title)}</h1>",
        f'<div class="sub">{_text(" ".join(one for one in [*sub, card.headline] if one))}</div>',
        f'<p class="warn">{_text(schematic)}</p>' if made_up else "",
        _tiles(rows),
        _measured(measured),
        _warned(measured),
        _departments(card),
        _without([row for row in rows if row["measured"] != row["measured"]]),
        _rests(card, measured),
    ]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="zh-CN"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{_text(title)}</title><style>{_style()}</style></head><body>",
            *(part for part in body if part),
            "</body></html>",
            "",
        ]
    )


@functools.cache
def _style() -> str:
    return resources.files("deqing_geo.papers").joinpath("board.css").read_text("utf-8")


def _text(value: object) -> str:
    return escape(plain(str(value)))


def _tiles(rows: Sequence[Mapping[Any, Any]]) -> str:
    words = names.vocabulary("verdict")
    looks = style()["verdict"]
    tiles = []
    for verdict in words:
        count = sum(row["verdict"] == verdict for row in rows)
        if count or verdict in TILES[:3]:
            tiles.append(
                f'<div class="tile" style="--c:{looks[verdict]}"><b>{count}</b>'
                f"{_text(words[verdict])}</div>"
            )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _chip(word_: str, colour: str) -> str:
    return f'<span class="chip" style="--c:{colour}">{_text(word_)}</span>'


def _measured(rows: Sequence[Mapping[Any, Any]]) -> str:
    if not rows:
        return ""
    heads = (
        "id", "indicator_zh", "asked", "shown", "last_change", "completion", "verdict", "lead_unit",
        "value_how",
    )  # fmt: skip
    verdicts, hows = names.vocabulary("verdict"), names.vocabulary("value_how")
    looks = style()["verdict"]
    body = []
    for row in rows:
        colour = looks[str(row["verdict"])]
        note = ";".join(
            str(row[one]) for one in ("compared", "month_why", "problem", "next_step") if row[one]
        )
        rate = row["completion"]
        wide = 0.0 if rate != rate else min(rate, 1.0) * 100
        bar = f'<div class="bar" style="--c:{colour}"><i style="width:{wide:.1f}%"></i></div>'
        small = f'<div class="small">{_text(note)}</div>' if note else ""
        body.append(
            "<tr>"
            f"<td>{_text(row['id'])}</td><td>{_text(row['indicator_zh'])}{small}</td>"
            f"<td>{_text(row['asked'])}</td><td class=n>{_text(row['shown'])}</td>"
            f"<td class=n>{_text(shown_change(row, 'last_change'))}</td>"
            f"<td class=n>{_text(percent(rate, against=[1.0]))}{bar if rate == rate else ''}</td>"
            f"<td>{_chip(verdicts[str(row['verdict'])], colour)}</td>"
            f"<td>{_text(row['lead_unit'])}</td><td>{_text(hows[str(row['value_how'])])}</td></tr>"
        )
    return _table([names.label(one) for one in heads], body, word("progress_paper.figures"))


def _warned(rows: Sequence[Mapping[Any, Any]]) -> str:
    ranks = {"red": 0, "yellow": 1, "green": 2}
    own = sorted((row for row in rows if row["warning"] in ranks),
                 key=lambda row: ranks[str(row["warning"])])  # fmt: skip
    if not own:
        return ""
    words, looks = names.vocabulary("warning"), style()["warning"]
    body = [
        f"<tr><td>{_chip(words[str(row['warning'])], looks[str(row['warning'])])}</td>"
        f"<td>{_text(row['indicator_zh'])}</td><td class=n>{_text(row['shown'])}</td>"
        f"<td>{_text(row['lead_unit'])}</td><td>{_text(row['problem'])}</td>"
        f"<td>{_text(row['next_step'])}</td></tr>"
        for row in own
    ]
    heads = ("warning", "indicator_zh", "shown", "lead_unit", "problem", "next_step")
    return _table([names.label(one) for one in heads], body, names.label("warning"))


def _departments(card: Scorecard) -> str:
    table = card.by_department
    verdicts = names.vocabulary("verdict")
    there = [one for one in verdicts if table[f"verdict_{one}"].any()]
    parts = {one: names.label(one) for one in ("lead_unit", "joint_units")}
    body = []
    for row in table.to_dict("records"):
        cells = "".join(f"<td class=n>{row[f'verdict_{one}'] or ''}</td>" for one in there)
        body.append(
            f"<tr><td>{_text(row['departments'])}</td><td>{_text(parts[str(row['part'])])}</td>"
            f"<td class=n>{row['target_count']}</td>{cells}</tr>"
        )
    heads = [names.label("departments"), "", names.label("target_count")]
    heads += [verdicts[one] for one in there]
    inner = _table(heads, body, "")
    return f"<details><summary>{_text(names.label('departments'))}</summary>{inner}</details>"


def _without(rows: Sequence[Mapping[Any, Any]]) -> str:
    hows, verdicts = names.vocabulary("value_how"), names.vocabulary("verdict")
    body = [
        f"<tr><td>{_text(row['id'])}</td><td>{_text(row['clause'])}</td>"
        f"<td>{_text(row['indicator_zh'])}</td><td>{_text(row['asked'])}</td>"
        f"<td>{_text(hows[str(row['value_how'])])}</td>"
        f"<td>{_text(verdicts[str(row['verdict'])])}</td><td>{_text(row['lead_unit'])}</td></tr>"
        for row in rows
    ]
    heads = ("id", "clause", "indicator_zh", "asked", "value_how", "verdict", "lead_unit")
    inner = _table([names.label(one) for one in heads], body, "")
    head = f"{verdicts['not_measured']}、{verdicts['qualitative']}({len(rows)})"
    return f"<details><summary>{_text(head)}</summary>{inner}</details>"


def _rests(card: Scorecard, rows: Sequence[Mapping[Any, Any]]) -> str:
    said = [word(f"progress_paper.{one}") for one in ("pace", "rounding", "rate", "lead")]
    said += [f"{row['indicator_zh']}:{row['definition']}" for row in rows]
    said += [text for text in card.notices if text != word("notice.schematic")]
    lines = "".join(f'<div class="small">{_text(one)}</div>' for one in dict.fromkeys(said))
    return f"<h2>{_text(word('progress_paper.rests'))}</h2>{lines}"


def _table(heads: Sequence[str], body: Sequence[str], title: str) -> str:
    cells = "".join(f"<th>{_text(one)}</th>" for one in heads)
    head = f"<h2>{_text(title)}</h2>" if title else ""
    return f"{head}<table><thead><tr>{cells}</tr></thead><tbody>{''.join(body)}</tbody></table>"
