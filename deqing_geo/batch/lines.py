"""On which line of a TOML text something stands; tomllib keeps no lines, so they are looked up."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORD = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_WORD}(?:\s*\.\s*{_WORD})*)\s*\]")
_OPTION = re.compile(rf"\s*({_WORD}(?:\s*\.\s*{_WORD})*)\s*=")
_INLINE = re.compile(rf"[{{,]\s*({_WORD})\s*=")

# A section's name and an option's; one of them empty where the other stands alone.
Lines = Mapping[tuple[str, str], int]


class Places:
    r"""First line of everything in a TOML text, by its path; entries of a list are numbered.

    Parameters
    ----------
    text : str
        TOML that can be read.

    Attributes
    ----------
    known : dict of tuple to int
        ``("county", 1, "name")`` is the name of the second county.

    Examples
    --------
    >>> Places("a = 1\n[[b]]\nc = 2\n[[b]]\nc = 3").line("b", 1, "c")
    5
    """

    def __init__(self, text: str) -> None:
        self.known: dict[tuple[str | int, ...], int] = {}
        path: tuple[str | int, ...] = ()
        quote, counted = "", dict[tuple[str | int, ...], int]()
        for number, line in enumerate(text.split("\n"), start=1):
            if quote:
                quote = "" if quote in line else quote
                continue
            if header := _HEADER.match(line):
                path = _words(header[2])
                if header[1] == "[[":
                    self._add(path, number)
                    at = counted[path] = counted.get(path, -1) + 1
                    path = (*path, at)
                self._add(path, number)
            elif option := _OPTION.match(line):
                whole = (*path, *_words(option[1]))
                self._add(whole, number)
                for inner in _INLINE.finditer(line, option.end()):
                    self._add((*whole, *_words(inner[1])), number)
                for mark in ('"""', "'''"):
                    if line.count(mark) % 2:
                        quote = mark

    def _add(self, path: tuple[str | int, ...], number: int) -> None:
        for length in range(1, len(path) + 1):
            self.known.setdefault(path[:length], number)

    def line(self, *path: str | int) -> int:
        """The line of the nearest thing around a path.

        Parameters
        ----------
        *path : str or int
            Section by section.

        Returns
        -------
        int
            From 1.
        """
        for length in range(len(path), 0, -1):
            if path[:length] in self.known:
                return self.known[path[:length]]
        return 1

    def of(self, top: str) -> dict[tuple[str, str], int]:
        """The lines under one heading, as those of a recipe.

        Parameters
        ----------
        top : str
            The heading.

        Returns
        -------
        dict
            By section and option.
        """
        under = {path[1:]: line for path, line in self.known.items() if path[0] == top}
        return _as_recipe(under)

    def recipe(self) -> dict[tuple[str, str], int]:
        """The lines of a recipe.

        Returns
        -------
        dict
            By section and option.
        """
        return _as_recipe(self.known)


def _as_recipe(known: Mapping[tuple[str | int, ...], int]) -> dict[tuple[str, str], int]:
    out: dict[tuple[str, str], int] = {}
    for path, line in known.items():
        if len(path) == 1:
            out.setdefault(("", str(path[0])), line)
            out.setdefault((str(path[0]), ""), line)
        elif len(path) > 1:
            out.setdefault((str(path[0]), str(path[-1])), line)
    return out


def _words(dotted: str) -> tuple[str, ...]:
    return tuple(word.strip().strip("\"'") for word in re.findall(_WORD, dotted))
