"""The notebooks as pages: executed once, by the tests or here, then shown with what came out.

A copy that was executed with the same notebook and the same library is taken as it is
(``out/notebooks``, where the tests leave theirs); any other is executed anew.
"""

from __future__ import annotations

import hashlib
import html
import os
import re
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BOOKS = ROOT / "notebooks"
KEPT = ROOT / "out" / "notebooks"
# An inline map is a whole page; it becomes a file of its own, fetched when it is scrolled to.
_MAP = re.compile(r'<iframe srcdoc="(?P<page>[^"]*)"', re.DOTALL)
_HEADING = re.compile(r"^#\s+(?P<title>.+)$", re.MULTILINE)


@cache
def _library() -> str:
    """What the library is made of, as one hash."""
    total = hashlib.sha256()
    for file in sorted((ROOT / "deqing_geo").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            total.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return total.hexdigest()


def key(book: Path) -> str:
    """Changes with the notebook and with the library."""
    return hashlib.sha256(book.read_bytes() + _library().encode()).hexdigest()


def keep(made: Any, book: Path, folder: Path = KEPT) -> Path:
    """Leave an executed copy where the site looks for it."""
    import nbformat

    made.metadata["made_of"] = key(book)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{book.name}.{os.getpid()}"
    nbformat.write(made, draft)
    return draft.replace(folder / book.name)


def executed(book: Path) -> Any:
    """The notebook with its outputs; run here only if nobody has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nbformat

        copy = KEPT / book.name
        if copy.is_file():
            made = nbformat.read(copy, as_version=4)
            if made.metadata.get("made_of") == key(book):
                return made
        made = nbformat.read(book, as_version=4)
        _run(made, book)
        keep(made, book)
        return made


def _run(made: Any, book: Path) -> None:
    import nbclient

    print(f"running {book.name}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "JUPYTER_DATA_DIR": folder,
            "IPYTHONDIR": folder,
        }
        client = nbclient.NotebookClient(
            made,
            timeout=240,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(book.parent)}},
        )
        client.execute(env=env)


def notebooks() -> list[Path]:
    """In the order of their numbers."""
    return sorted(BOOKS.glob("*.ipynb"))


def titles() -> dict[str, str]:
    """Page and title of every notebook."""
    import nbformat

    found = {}
    for book in notebooks():
        text = "\n".join(cell.source for cell in nbformat.read(book, as_version=4).cells)
        heading = _HEADING.search(text)
        found[f"notebooks/{book.stem}.md"] = heading["title"] if heading else book.stem
    return found


def texts() -> dict[str, str]:
    """Pages in Markdown and the maps they show, by where they lie in the site."""
    made: dict[str, str] = {"notebooks/index.md": index()}
    for book in notebooks():
        made |= page(book.stem, executed(book))
    return made


def index() -> str:
    """What the folder says of itself, with a link to every page."""
    text = (BOOKS / "README.md").read_text(encoding="utf-8")
    return re.sub(r"`(\w+)\.ipynb`", r"[`\1`](\1.md)", text)


def page(stem: str, made: Any) -> dict[str, str]:
    """One notebook as a page, and a file for every map in it."""
    blocks: list[str] = []
    files: dict[str, str] = {}
    for cell in made.cells:
        if cell.cell_type == "markdown":
            blocks.append(_linked(cell.source))
        elif cell.cell_type == "code":
            blocks.append(f"```python\n{cell.source}\n```")
            for output in cell.get("outputs", []):
                shown, maps = _shown(output, f"{stem}-{len(files) + 1}")
                files |= {f"notebooks/{name}": text for name, text in maps.items()}
                blocks.append(shown)
    return {f"notebooks/{stem}.md": "\n\n".join(blocks) + "\n", **files}


def _shown(output: Any, name: str) -> tuple[str, dict[str, str]]:
    data = output.get("data", {})
    if "text/html" in data:
        found = _MAP.search(data["text/html"])
        if found:
            frame = f'<iframe class="map" loading="lazy" title="{name}" src="{name}.html"></iframe>'
            return frame, {f"{name}.html": html.unescape(found["page"])}
        # A blank line would end the block of HTML in the middle of a table.
        lines = [line for line in data["text/html"].splitlines() if line.strip()]
        return '<div class="output">\n' + "\n".join(lines) + "\n</div>", {}
    if "image/png" in data:
        return f'<img alt="" src="data:image/png;base64,{data["image/png"].strip()}">', {}
    text = data.get("text/plain", output.get("text", ""))
    return (f"```text\n{text.rstrip()}\n```" if text.strip() else ""), {}


def _linked(text: str) -> str:
    """Links of the repository's folders as links of the site."""
    text = text.replace("](../docs/", "](../")
    return re.sub(r"\]\((\w+)\.ipynb", r"](\1.md", text)
