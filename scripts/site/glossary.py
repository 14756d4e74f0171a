"""The glossary: every column and word of the library, from columns.toml."""

from __future__ import annotations

import re
from importlib import resources

from deqing_geo import columns

_CHAPTER = re.compile(r"^# -{4,} (?P<title>.+)$|^\[column\.(?P<name>\w+)\]$", re.MULTILINE)


def chapters() -> dict[str, list[str]]:
    """Columns under the headings of columns.toml, in its order."""
    text = resources.files("deqing_geo").joinpath("columns.toml").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    title = ""
    for line in _CHAPTER.finditer(text):
        title = line["title"] or title
        if line["name"]:
            found.setdefault(title, []).append(line["name"])
    return found


def page() -> str:
    """The page in Markdown."""
    lines = [
        "# 术语与字段 Glossary\n",
        "由 `deqing_geo/columns.toml` 生成。第一张表是每一个字段:程序里的英文名、表格和图上的"
        "中文名、单位、说明,以及读入时认得的别名。下面是各字段可取的词。\n",
        "Written from `deqing_geo/columns.toml` when the site is built: what each column is called "
        "in frames and on paper, its unit, its aliases in offices' files; below, the words it may "
        "hold.\n",
    ]
    for title, names in chapters().items():
        lines += [
            f"## 字段 Columns: {title}\n",
            "| 中文 | English name | 单位 unit | 说明 note | 读入时的别名 read as |",
            "|---|---|---|---|---|",
        ]
        for name in names:
            column = columns.registry()[name]
            unit = " / ".join(dict.fromkeys(u for u in (column.unit_zh, column.unit) if u))
            aliases = "、".join(column.aliases[:6]) + (" …" if len(column.aliases) > 6 else "")
            shown = [column.zh, unit, column.note, aliases]
            zh, unit, note, aliases = (cell(text) for text in shown)
            lines.append(f"| {zh} | `{name}` | {unit} | {note} | {aliases} |")
        lines.append("")
    lines += ["\n## 取值 Words a column may hold\n"]
    for group in sorted(columns.vocabularies()):
        heading = columns.registry()[group].zh if group in columns.registry() else ""
        lines += [f"### `{group}` {heading}\n", "| 中文 | word |", "|---|---|"]
        lines += [f"| {cell(zh)} | `{word}` |" for word, zh in columns.vocabulary(group).items()]
        lines.append("")
    return "\n".join(lines) + "\n"


def cell(text: object) -> str:
    """Text that stays in its cell of a table."""
    shown = str(text or "").replace("|", "\\|").replace("\n", " ")
    return shown.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
