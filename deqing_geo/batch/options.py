"""How single products are made, as a recipe says it: [atlas], [export] and [before].

Every mistake in these sections is found here, and nothing is loaded for a recipe without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deqing_geo.batch.holding import STATE
from deqing_geo.batch.products import (
    COUNTED,
    COUNTY,
    GROUPS,
    SCOPES,
    expanded,
    names,
)
from deqing_geo.errors import DeqingGeoError

ATLAS, EXPORT, BEFORE = "atlas", "export", "before"
# Sections that read no layer.
OF_PRODUCTS = (ATLAS, EXPORT)
# Layers of which [before] may name those of an earlier month.
MONTHLY = ("roads", "parks")
# By these a folder is known that keeps what a run has counted (`deqing_geo.batch.counted`).
ROADS, PARKS, VILLAGES = "roads.json", "parks.json", "summary.json"
# For which products each section is, and what a message calls them.
_FOR = {
    ATLAS: ({*GROUPS[COUNTY, "atlas"], "book", "page"}, "`atlas`, `book` or `page`"),
    EXPORT: ({"export"}, "`export`"),
    BEFORE: ({"changes"}, "`changes`"),
}
CODE_DIGITS = 6


def kept_in(folder: Path) -> Path | None:
    """Where an earlier run kept what it counted.

    Parameters
    ----------
    folder : Path
        The run's, or that place itself.

    Returns
    -------
    Path or None
        None where no run kept anything.

    Examples
    --------
    >>> kept_in(Path("no/such/run"))
    """
    for place in (folder / COUNTED, folder):
        try:
            if any((place / name).is_file() for name in (ROADS, PARKS)) or (
                place.name == COUNTED and (place / VILLAGES).is_file()
            ):
                return place
        except (OSError, ValueError):
            return None
    return None


def no_run(folder: Path, named: str) -> str | None:
    """Why a folder is none of an earlier run.

    Parameters
    ----------
    folder : Path
        The folder.
    named : str
        As the recipe names it.

    Returns
    -------
    str or None
        A sentence; None where it is one.
    """
    place = kept_in(folder)
    if place is not None:
        run = place.parent if place.name == COUNTED else place
        if not (run / STATE).exists():
            return None
        return (
            f"`run` {named!r} was not finished, so what it keeps may be of two months. Let its "
            "recipe end first, with --resume where it was cut off."
        )
    if not folder.exists():
        return f"no such folder: {named!r}"
    return (
        f"`run` {named!r} keeps nothing to compare with. Name the folder of an earlier report with "
        f"[products], in which there is a folder `{COUNTED}`; or name the layers of then: "
        'roads = "...", parks = "..."'
    )


def mistaken(content: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the sections that say how single products are made.

    Parameters
    ----------
    content : mapping
        The whole recipe, by section.

    Yields
    ------
    tuple of str
        The section, the option (empty for the section), and a sentence.
    """
    made = {*_made(content)}
    for section, (several, said) in _FOR.items():
        if section in content and not made & several:
            yield section, "", f"is for {said}, and [products] does not ask for it"
    before = content.get(BEFORE)
    if isinstance(before, dict):
        yield from ((BEFORE, key, said) for key, said in _before(before, content))
    for section, check in ((ATLAS, _atlas), (EXPORT, _export)):
        options = content.get(section)
        if isinstance(options, dict):
            yield from ((section, key, f"`{key}` {said}") for key, said in check(options))


def _made(content: Mapping[str, Any]) -> Iterator[str]:
    """The products that are asked for, groups taken apart."""
    products = content.get("products")
    wanted = products if isinstance(products, dict) else {}
    for scope in SCOPES:
        asked = wanted.get(scope)
        for name in asked if isinstance(asked, list) else ():
            if isinstance(name, str) and name in names(scope):
                yield from (one.name for one in expanded(scope, name, content))


def _before(given: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not {"run", *MONTHLY} & {*given}:
        yield "", "names nothing: give `run`, or `roads` and `parks`"
    for name in MONTHLY:
        if name in given and "run" in given:
            yield name, f"`run` holds the {name} too: leave out one of them"
        elif name in given and name not in content:
            yield name, f"`{name}` needs [{name}] of this month"
        if f"{name}_layer" in given and name not in given:
            yield f"{name}_layer", f"`{name}_layer` needs `{name}`"


def _formats(options: Mapping[str, Any], kinds: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    formats = options.get("formats")
    if not isinstance(formats, list):
        return
    odd = [one for one in formats if one not in kinds]
    if odd:
        yield "formats", f"knows no {odd[0]!r}; it knows {', '.join(kinds)}"
    elif not formats or len({*formats}) < len(formats):
        yield "formats", "must name at least one format, and each once"
    elif "lyrx" in formats and "gdb" not in formats:
        yield "formats", "'lyrx' goes with 'gdb', whose layers it colours"


def _atlas(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    from deqing_geo.atlas.book import DPI
    from deqing_geo.atlas.frame import PAPERS
    from deqing_geo.atlas.render import FORMATS

    yield from _formats(options, FORMATS)
    paper, dpi, code = (options.get(key) for key in ("paper", "dpi", "code"))
    if isinstance(paper, str) and paper not in PAPERS:
        yield "paper", f"must be one of {', '.join(PAPERS)}"
    if isinstance(dpi, int) and not isinstance(dpi, bool) and not DPI[0] <= dpi <= DPI[1]:
        yield "dpi", f"must be from {DPI[0]} to {DPI[1]}"
    if isinstance(code, str) and not (len(code) == CODE_DIGITS and code.isdecimal()):
        yield "code", "must be the six digits of a county, like 330521"


def _export(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    from deqing_geo.export.formats import FORMATS
    from deqing_geo.looks.imprint import AUDIENCES, imprint_of

    yield from _formats(options, FORMATS)
    audience, number = options.get("audience", AUDIENCES[0]), options.get("review_number")
    if not isinstance(audience, str):
        return
    if audience not in AUDIENCES:
        yield "audience", f"must be one of {', '.join(AUDIENCES)}"
    elif isinstance(number, str):
        try:
            imprint_of(audience=audience, review_number=number)
        except DeqingGeoError as error:
            yield "review_number", str(error)
