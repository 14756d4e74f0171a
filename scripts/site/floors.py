"""The floors of the house as a drawing: rooms from the floor test, sizes from the code."""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTED = ROOT / "tests" / "test_floors.py"
MARK = "<!-- floors -->"
WIDTH, ROW, GAP, LEFT = 960, 46, 8, 56


def floors() -> dict[int, tuple[str, ...]]:
    """Rooms by floor, as the test of imports holds them to it."""
    for node in ast.parse(LISTED.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FLOORS":
            return dict(ast.literal_eval(node.value))
    raise LookupError(f"{LISTED.name} has no list FLOORS")


def size(room: str) -> tuple[int, int]:
    """How many files a room has, and how many lines."""
    house = ROOT / "deqing_geo"
    files = [house / f"{room}.py"] if (house / f"{room}.py").is_file() else []
    files += sorted((house / room).rglob("*.py"))
    return len(files), sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


def drawing(linked: dict[str, str]) -> str:
    """The house as SVG, highest floor first; rooms with a page in `linked` lead to it."""
    shapes: list[str] = []
    y = GAP
    for floor in sorted(floors(), reverse=True):
        top, x = y, LEFT
        for room in floors()[floor]:
            files, lines = size(room)
            told = f"{files} files, {lines}" if files > 1 else f"{lines} lines"
            wide = 22 + 8.2 * max(len(room), 0.78 * len(told))
            if x + wide > WIDTH - GAP:
                x, y = LEFT, y + ROW + GAP
            shapes.append(_room(room, told, x, y, wide, linked.get(room)))
            x += wide + GAP
        y += ROW + GAP
        shapes.insert(
            0,
            f'<rect class="floor" x="0" y="{top - GAP / 2}" width="{WIDTH}" height="{y - top}"/>',
        )
        shapes.append(f'<text class="number" x="26" y="{(top + y - GAP) / 2 + 6}">{floor}</text>')
    return (
        f'<div class="floors"><svg viewBox="0 0 {WIDTH} {y}" role="img" '
        f'aria-label="Floors and rooms; a room imports only from floors below">'
        + "".join(shapes)
        + "</svg></div>"
    )


def _room(room: str, told: str, x: float, y: float, wide: float, page: str | None) -> str:
    middle = x + wide / 2
    drawn = (
        f'<rect class="room" x="{x:.0f}" y="{y}" width="{wide:.0f}" height="{ROW}" rx="4"/>'
        f'<text class="name" x="{middle:.0f}" y="{y + 20}">{escape(room)}</text>'
        f'<text class="told" x="{middle:.0f}" y="{y + 36}">{escape(told)}</text>'
    )
    return f'<a href="{escape(page)}">{drawn}</a>' if page else drawn


def page() -> str:
    """Every file of the library with the question it answers, in Markdown."""
    lines = [
        "# 每个文件回答什么 Every file and its question\n",
        "由各文件的第一句话生成,自上而下。The first sentence of each file, from the highest floor "
        "down; a file imports only from floors below.\n",
    ]
    for floor in sorted(floors(), reverse=True):
        lines.append(f"## Floor {floor}\n")
        for room in floors()[floor]:
            lines += [
                f"### {room}\n".replace("__", "\\_\\_"),
                "| file | what it says |",
                "|---|---|",
            ]
            lines += [f"| `{name}` | {said} |" for name, said in _questions(room)]
            lines.append("")
    return "\n".join(lines) + "\n"


def _questions(room: str) -> list[tuple[str, str]]:
    house = ROOT / "deqing_geo"
    alone = house / f"{room}.py"
    found = []
    for file in [alone] if alone.is_file() else sorted((house / room).rglob("*.py")):
        said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        first = " ".join(said.partition("\n\n")[0].split()).replace("|", "\\|")
        found.append((file.relative_to(house).as_posix(), first))
    return found
