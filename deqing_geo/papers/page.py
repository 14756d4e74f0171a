"""A paper as one HTML file: complete in itself, asking for nothing, ready for a printer."""

from __future__ import annotations

import functools
from importlib import resources

from deqing_geo.papers.blocks import Facts, Paper, Section, Table, Text, plain
from deqing_geo.text import escape

# No script, no request: a name that slipped through could still do nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def html(paper: Paper) -> str:
    """A paper as HTML.

    Parameters
    ----------
    paper : Paper
        What it says.

    Returns
    -------
    str
        The page, the same on every run; every text in it is escaped.
    """
    sections = [_section(section) for section in paper.sections if not section.wide]
    annexes = [_section(section) for section in paper.sections if section.wide]
    marks = " | ".join(paper.marks)
    body = [
        _element("header", _text(marks)),
        _element("h1", _text(paper.title)),
        *(_element("p", _text(text), "warning") for text in paper.warnings),
        _pairs("head", paper.head),
        *sections,
        _pairs("sign", paper.sign) if paper.sign else "",
        *annexes,
        _element("footer", _text(marks)),
    ]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="zh-CN">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            _element("title", _text(paper.title)),
            f"<style>{_style()}\n{_every_sheet(marks)}</style>",
            "</head>",
            "<body>",
            *(part for part in body if part),
            "</body>",
            "</html>",
            "",
        ]
    )


def _every_sheet(marks: str) -> str:
    """The marks at the head of every printed sheet, as a string of CSS that ends nowhere."""
    said = "".join(f"\\{ord(char):06x}" for char in plain(marks))
    return f'@page {{ @top-right {{ content: "{said}"; font-size: 9pt; }} }}'


def _section(section: Section) -> str:
    blocks = []
    for block in section.blocks:
        if isinstance(block, Table):
            blocks.append(_table(block))
        elif isinstance(block, Facts):
            rows = "".join(
                f"<dt>{_text(label)}</dt><dd>{_text(value)}</dd>" for label, value in block.rows
            )
            blocks.append(f"<dl>{rows}</dl>")
        elif isinstance(block, Text):
            blocks.append(_element("p", _text(block.text), "warning" if block.warning else ""))
    heading = _element("h2", _text(section.heading))
    return _element("section", "\n".join([heading, *blocks]), "wide" if section.wide else "")


def _table(table: Table) -> str:
    whole = sum(table.widths)
    widths = "".join(f'<col style="width:{100 * one / whole:.2f}%">' for one in table.widths)
    heads = "".join(f"<th>{_text(text)}</th>" for text in table.head)
    body = []
    for at, row in enumerate(table.rows):
        last = table.total and at == len(table.rows) - 1
        cells = "".join(
            _element("td", _lines(cell), "figure" if column in table.figures else "")
            for column, cell in enumerate(row)
        )
        body.append(f'<tr class="total">{cells}</tr>' if last else f"<tr>{cells}</tr>")
    caption = f"<caption>{_text(table.caption)}</caption>" if table.caption else ""
    rows = "\n".join(body)
    return (
        f"<table>{caption}<colgroup>{widths}</colgroup><thead><tr>{heads}</tr></thead>"
        f"<tbody>\n{rows}\n</tbody></table>"
    )


def _pairs(kind: str, rows: tuple[tuple[str, str], ...]) -> str:
    parts = "".join(f"<span>{_text(label)}:<u>{_text(value)}</u></span>" for label, value in rows)
    return f'<div class="{kind}">{parts}</div>'


def _element(tag: str, inner: str, kind: str = "") -> str:
    return f'<{tag} class="{kind}">{inner}</{tag}>' if kind else f"<{tag}>{inner}</{tag}>"


def _lines(text: str) -> str:
    return "<br>".join(_text(line) for line in text.split("\n"))


def _text(text: str) -> str:
    return escape(plain(text))


@functools.cache
def _style() -> str:
    return resources.files(__package__).joinpath("paper.css").read_text(encoding="utf-8").strip()
