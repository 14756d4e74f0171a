"""Numbers and definitions that come from documents, with the documents.

`load` reads the files of one place, the most local first. Nothing here measures; a
threshold that is not in these files does not exist for the library.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import json
import os
import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deqing_geo.errors import StandardsError
from deqing_geo.files import whole_file
from deqing_geo.standards.model import (
    BORDERS,
    EVIDENCE,
    OPERATORS,
    UNITS,
    WATERS,
    Band,
    Definition,
    Rule,
    Target,
)
from deqing_geo.standards.place import Standard

__all__ = [
    "MEASURES",
    "UNITS",
    "Band",
    "Definition",
    "Rule",
    "Standard",
    "Target",
    "available",
    "confirm",
    "load",
    "plan_document",
    "plan_text",
]

# How the list of targets marks who leads.
LEADS = "牵头:"
DEFAULT = "deqing"
MEASURES = ("road_density", "highway_density", "park_coverage", "service_coverage")


def available() -> list[str]:
    """The places whose standards the library brings.

    Returns
    -------
    list of str
        Names for `load`.

    Examples
    --------
    >>> available()
    ['deqing', 'national', 'zhejiang']
    """
    folder = resources.files("deqing_geo.standards")
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )


def load(
    name: str = DEFAULT,
    *,
    on: date | None = None,
    local: str | os.PathLike[str] | None = None,
) -> Standard:
    """The standard of a place, as in force on a day.

    Parameters
    ----------
    name : str
        One of `available`: ``deqing`` reads Deqing, Zhejiang and national entries.
    on : date, optional
        The day; by default everything that has not been replaced.
    local : path, optional
        The bureau's own ``local.toml``: entries of its own and its confirmations, which
        stand before all others.

    Returns
    -------
    Standard
        Rules and definitions by key, targets, defaults.

    Raises
    ------
    StandardsError
        If there is no such standard, or a file is malformed.

    Examples
    --------
    >>> law = load("deqing")
    >>> law["park.health_check_2021"].bands[0].radius_m
    300.0
    >>> str(law.targets["road_density"])
    '建成区路网密度 不低于 8 公里/平方公里(2027)'
    """
    if on is not None and not isinstance(on, date):
        raise StandardsError(f"on={on!r} is not a date: datetime.date(2024, 1, 1).")
    if name not in available():
        raise StandardsError(f"No standard `{name}`. There are: {', '.join(available())}.")
    levels: list[tuple[str, dict[str, Any]]] = []
    if local is not None:
        levels.append((Path(local).name, _read_local(Path(local))))
    level: str | None = name
    while level is not None:
        content = _read(level)
        levels.append((level, content))
        level = content.get("extends")
    entries: dict[str, Rule | Definition] = {}
    shadowed: dict[str, tuple[Rule | Definition, ...]] = {}
    targets: dict[str, Target] = {}
    defaults: dict[str, str] = {}
    log: tuple[Mapping[str, str], ...] = ()
    for where, content in levels:
        for entry in _entries(content, where):
            if not _in_force(entry, on):
                continue
            if entry.key in entries:
                shadowed[entry.key] = (*shadowed.get(entry.key, ()), entry)
            else:
                entries[entry.key] = entry
        defaults = {**content.get("default", {}), **defaults}
        if "targets" in content and not targets:
            targets = dict(_targets(str(content["targets"])))
        log += tuple(content.get("confirmation", ()))
    for line in log:
        known = entries.get(line["key"])
        if known is None:
            raise StandardsError(f"{local}: confirms `{line['key']}`, which is not in `{name}`.")
        entries[line["key"]] = dataclasses.replace(known, evidence="confirmed")
    # A default that was not yet in force is no default of that day.
    defaults = {measure: key for measure, key in defaults.items() if key in entries}
    return Standard(
        name=name,
        chain=tuple(where for where, _ in levels),
        entries=MappingProxyType(entries),
        shadowed=MappingProxyType(shadowed),
        targets=MappingProxyType(targets),
        defaults=MappingProxyType(defaults),
        log=log,
    )


def confirm(
    key: str,
    *,
    by: str,
    document: str,
    date: date,
    local: str | os.PathLike[str],
    name: str = DEFAULT,
) -> Standard:
    """The bureau takes responsibility for an entry whose wording we could not check.

    The confirmation is appended to the bureau's ``local.toml``; products made with
    ``load(name, local=...)`` then say 本单位已确认 where they said 未核对原文.

    Parameters
    ----------
    key : str
        The entry.
    by : str
        Who confirms.
    document : str
        On the strength of what.
    date : date
        When.
    local : path
        The file to log in; made if absent.
    name : str
        The standard the entry is in.

    Returns
    -------
    Standard
        The standard with the confirmation in it.

    Raises
    ------
    StandardsError
        If there is no such entry, a field is empty or holds control characters, or the
        file is malformed.
    ExportError
        If the file cannot be written.
    """
    file = Path(local)
    load(name, local=file if file.exists() else None)[key]
    fields = {"key": key, "by": by.strip(), "document": document.strip(), "date": date.isoformat()}
    for label, text in fields.items():
        if not text or not text.isprintable():
            raise StandardsError(f"A confirmation needs a printable `{label}`.")
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    # A JSON string without control characters is also a TOML basic string.
    lines = [f"{label} = {json.dumps(text, ensure_ascii=False)}" for label, text in fields.items()]
    block = "\n".join(["[[confirmation]]", *lines, ""])
    with whole_file(file) as draft:
        draft.write_text(
            f"{before.rstrip()}\n\n{block}" if before.strip() else block, encoding="utf-8"
        )
    return load(name, local=file)


@functools.cache
def plan_text() -> str:
    """The text of the county's plan, 德政办发〔2023〕18号.

    Returns
    -------
    str
        As published on 2023-04-10.
    """
    folder = resources.files("deqing_geo.standards")
    return folder.joinpath("plan_2023.txt").read_text(encoding="utf-8")


@functools.cache
def plan_document() -> str:
    """The number of the document the county's plan was issued under.

    Returns
    -------
    str
        As offices quote it.

    Examples
    --------
    >>> plan_document()
    '德政办发〔2023〕18号'
    """
    return str(_read("deqing")["plan"]["document"])


@functools.cache
def _read(name: str) -> dict[str, Any]:
    text = resources.files("deqing_geo.standards").joinpath(f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def _read_local(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise StandardsError(f"{path}: cannot be read as a standards file ({error}).") from error
    for key, value in content.items():
        if key not in ("rule", "definition", "confirmation") or not (
            isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
        ):
            raise StandardsError(
                f"{path}: `{key}` is not [[rule]], [[definition]] or [[confirmation]]."
            )
    for line in content.get("confirmation", ()):
        missing = [label for label in ("key", "by", "document", "date") if not line.get(label)]
        if missing:
            raise StandardsError(f"{path}: a confirmation lacks {', '.join(missing)}.")
    return content


def _entries(content: Mapping[str, Any], where: str) -> list[Rule | Definition]:
    out: list[Rule | Definition] = []
    for kind, make in (("definition", _definition), ("rule", _rule)):
        for raw in content.get(kind, ()):
            try:
                out.append(make(dict(raw)))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                named = raw.get("key", "without a key")
                raise StandardsError(f"{where}: {kind} {named}: {error}.") from error
    return out


def _rule(raw: dict[str, Any]) -> Rule:
    _check(raw)
    raw["value"] = float(raw["value"])
    return Rule(**raw)


def _definition(raw: dict[str, Any]) -> Definition:
    _check(raw)
    if raw["measure"] not in MEASURES:
        raise ValueError(f"unknown measure {raw['measure']}")
    if raw.get("border", "shared") not in BORDERS:
        raise ValueError(f"unknown border rule {raw['border']}")
    if raw.get("water", "in") not in WATERS:
        raise ValueError(f"unknown water rule {raw['water']}")
    bands = tuple(
        Band(float(band["from_m2"]), float(band["radius_m"])) for band in raw.get("bands", ())
    )
    sizes = [band.from_m2 for band in bands]
    if sizes != sorted(set(sizes)) or any(band.radius_m <= 0 for band in bands):
        raise ValueError("bands must grow in size and have positive radii")
    if raw["measure"] in ("park_coverage", "service_coverage") and not bands:
        raise ValueError("a definition of coverage needs bands")
    raw["bands"] = bands
    raw["counts"] = MappingProxyType({name: tuple(held) for name, held in raw["counts"].items()})
    return Definition(**raw)


def _check(raw: dict[str, Any]) -> None:
    for required in ("key", "label", "document", "says", "evidence", "unit"):
        if not raw.get(required):
            raise ValueError(f"needs `{required}`")
    if raw["evidence"] not in EVIDENCE:
        raise ValueError(f"unknown evidence mark {raw['evidence']}")
    if raw["unit"] not in UNITS:
        raise ValueError(f"unknown unit {raw['unit']}")
    for moment in ("in_force", "replaced"):
        if moment in raw:
            raw[moment] = _day(raw[moment])


def _day(text: str) -> date:
    return date.fromisoformat(f"{text}-01-01" if len(text) == 4 else text)


def _in_force(entry: Rule | Definition, on: date | None) -> bool:
    if on is None:
        return entry.replaced is None
    started = entry.in_force is None or entry.in_force <= on
    return started and (entry.replaced is None or on < entry.replaced)


def _departments(said: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who leads and who helps: those the plan calls 牵头, else the first it names leads."""
    leads: list[str] = []
    others: list[str] = []
    for part in said.split(";"):
        if part.startswith(LEADS):
            leads += part.removeprefix(LEADS).split("、")
        else:
            others.append(part)
    if not leads:
        leads, others = others[:1], others[1:]
    return tuple(leads), tuple(others)


@functools.cache
def _targets(file: str) -> Mapping[str, Target]:
    text = resources.files("deqing_geo.standards").joinpath(file).read_text(encoding="utf-8")
    out = {}
    for raw in csv.DictReader(io.StringIO(text)):
        if raw["operator"] not in OPERATORS:
            raise StandardsError(f"{file}: {raw['key']}: unknown operator {raw['operator']}.")
        fields: dict[str, Any] = dict(raw)
        fields["value"] = float(raw["value"]) if raw["value"] else None
        leads, others = _departments(raw["departments"])
        fields["departments"], fields["leads"] = (*leads, *others), leads
        out[raw["key"]] = Target(**fields)
    return MappingProxyType(out)
