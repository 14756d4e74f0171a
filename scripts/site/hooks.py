"""What the site shows beside the pages of docs/: made at build time from the code itself."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
for folder in (str(ROOT), str(HERE)):
    if folder not in sys.path:
        sys.path.insert(0, folder)

import books  # noqa: E402
import commands  # noqa: E402
import floors  # noqa: E402
import formats  # noqa: E402
import glossary  # noqa: E402
import links  # noqa: E402
import reference  # noqa: E402
from mkdocs.structure.files import File, Files  # noqa: E402

# What pages may name beyond docs/, and where the site has it.
OUTSIDE = {
    "README.md": "index.md",
    "README.zh.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "notebooks/README.md": "notebooks/index.md",
}

# A line that ends in Chinese goes on in Chinese: a browser would put a space between.
_BROKEN = re.compile(
    "(?:(?<=[\u3001-\u3002\u4e00-\u9fff])|(?<=[\u4e00-\u9fff][,;:)]))\n(?=[\u300a-\u300d\u4e00-\u9fff])"
)
_AS_TYPED = re.compile("(<pre.*?</pre>)", re.DOTALL)

logging.getLogger("jieba").setLevel(logging.ERROR)


def on_config(config: Any) -> Any:
    """Rooms of the reference take their places, and names in the text become links."""
    for index, pages in (
        ("reference/index.md", reference.pages()),
        ("notebooks/index.md", books.titles()),
    ):
        section(config.nav, index).extend({title: page} for page, title in pages.items())
    config.markdown_extensions.append(links.KnownNames(reference.known()))
    return config


def on_files(files: Files, config: Any) -> Files:
    """Pages that are written by the code they describe."""
    made = {
        "glossary.md": glossary.page(),
        "commands.md": commands.page(),
        "formats.md": formats.page(),
        "files.md": floors.page(),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        **reference.texts(),
        **books.texts(),
    }
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(text: str, page: Any, config: Any, files: Files) -> str:
    """The drawing of the floors, and links of the repository that lead out of docs/."""
    if floors.MARK in text:
        linked = {room: f"reference/{room}.html" for room in reference.rooms()}
        text = text.replace(floors.MARK, floors.drawing(linked))
    above = "../" * page.file.src_uri.count("/")
    for outside, inside in OUTSIDE.items():
        text = text.replace(f"]({above}../{outside}", f"]({above}{inside}")
    return text


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Chinese text without the gaps its lines in the file would leave."""
    pieces = _AS_TYPED.split(html)
    pieces[::2] = [_BROKEN.sub("", piece) for piece in pieces[::2]]
    return "".join(pieces)


def section(nav: list[Any], page: str) -> list[Any]:
    """The list of the navigation that begins with `page`."""
    for entry in nav:
        if isinstance(entry, dict):
            for below in entry.values():
                if isinstance(below, list):
                    if page in below:
                        return below
                    found = section(below, page)
                    if found:
                        return found
    return []
