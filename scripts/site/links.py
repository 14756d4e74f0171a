"""Names of the library in running text lead to their page of the reference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

_NAME = re.compile(r"^(?:deqing_geo\.)?(?P<name>[A-Za-z_][\w.]*?)(?P<called>\(.*\))?$", re.DOTALL)
# A link inside a link, or in what becomes the table of contents, would be no help.
_CLOSED = {"a", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "autoref"}


class KnownNames(Extension):
    """Code spans such as ``dg.road_density(...)`` become links."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__()
        self.known = known

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Look at the finished tree, after inline code is found."""
        md.treeprocessors.register(_Linked(md, self.known), "known_names", 15)


class _Linked(Treeprocessor):
    def __init__(self, md: Markdown, known: Mapping[str, str]) -> None:
        super().__init__(md)
        self.known = known

    def run(self, root: Element) -> None:
        self._walk(root)

    def _walk(self, parent: Element) -> None:
        for place, child in enumerate(list(parent)):
            if child.tag in _CLOSED:
                continue
            if child.tag == "code":
                target = target_of(str(child.text or ""), self.known)
                if target:
                    parent[place] = _reference(child, target)
                continue
            self._walk(child)


def target_of(text: str, known: Mapping[str, str]) -> str | None:
    """The path a piece of code names, if the reference has it."""
    found = _NAME.match(text)
    if not found:
        return None
    called = known.get(f"{found['name']}()") if found["called"] else None
    return called or known.get(found["name"])


def _reference(code: Element, target: str) -> Element:
    around = Element("autoref", {"identifier": target, "optional": ""})
    around.tail, code.tail = code.tail, None
    around.append(code)
    return around


def makeExtension(**options: Any) -> Extension:  # noqa: N802
    """As Markdown asks for."""
    return KnownNames(**options)
