"""Which layer of which file is meant: by its name and its fields, never by its place."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import pyogrio
import shapely

from deqing_geo import columns as names
from deqing_geo.errors import BoundaryFileError
from deqing_geo.files import Source
from deqing_geo.reading.shapes import LINES, PLACES, POINTS, POLYGONS

Kind = tuple[shapely.GeometryType, ...]
_WORDS: dict[Kind, tuple[str, ...]] = {
    POLYGONS: ("Polygon", "Surface"),
    LINES: ("LineString", "CompoundCurve", "MultiCurve"),
    POINTS: ("Point",),
    PLACES: ("Polygon", "Surface", "Point"),
}
_SINGLE = ("ESRI Shapefile", "GeoJSON", "FlatGeobuf", "Parquet", "MapInfo File")
# How well a name fits: it is the word, it holds it as a word, it holds it somewhere.
_SAME, _WORD, _PART = 3, 2, 1


@dataclass(frozen=True, slots=True)
class OsmQuery:
    """What to take from an OpenStreetMap extract.

    Attributes
    ----------
    layer : str
        GDAL's layer: ``lines`` or ``multipolygons``.
    where : str
        Which features.
    fields : tuple of str
        Tags that GDAL has as fields and the caller needs.
    tags : tuple of str
        Further tags to bring out of the heap GDAL leaves them in.
    """

    layer: str
    where: str
    fields: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A layer to open.

    Attributes
    ----------
    source : Source
        The file.
    layer : str
        The layer's name as people know it.
    inner : str or int
        As GDAL does.
    shape : str or None
        GDAL's word for what it holds; None for a table without shapes.
    why : str
        What decided; empty where there was nothing to decide.
    """

    source: Source
    layer: str
    inner: str | int
    shape: str | None
    why: str = ""


def choose(
    found: Sequence[Source],
    what: str,
    kind: Kind,
    wanted: Sequence[str],
    layer: str | None,
    osm: OsmQuery | None,
) -> Choice:
    """The layer to read of all there are.

    Parameters
    ----------
    found : sequence of Source
        Of `files.sources`.
    what : str
        What is read: ``villages``, ``roads`` …
    kind : tuple of GeometryType
        The shapes it needs.
    wanted : sequence of str
        Registered columns looked for.
    layer : str or None
        The caller's word for it: a layer, or a file inside a zip.
    osm : OsmQuery or None
        For an OpenStreetMap extract.

    Returns
    -------
    Choice

    Raises
    ------
    BoundaryFileError
        If a file cannot be opened, there is no such layer, or several fit equally well.
    """
    chosen = _choose(found, what, kind, wanted, layer, osm)
    if chosen.source.fault:
        raise BoundaryFileError(chosen.source.fault)
    return chosen


def _choose(
    found: Sequence[Source],
    what: str,
    kind: Kind,
    wanted: Sequence[str],
    layer: str | None,
    osm: OsmQuery | None,
) -> Choice:
    there = [one for source in found for one in _layers(source, osm, layer)]
    top = found[0].file
    if layer is not None:
        return _named(there, layer, top)
    if len(there) == 1:
        return there[0]
    words = _WORDS[kind]
    fitting = [one for one in there if _holds(one, words)]
    if len(fitting) == 1:
        return replace(fitting[0], why="the only layer of its kind")
    scored = [(_score(one, what, wanted), one) for one in fitting]
    best = max((score for score, _ in scored), default=(0, 0))
    winners = [one for score, one in scored if score == best]
    if len(winners) == 1 and best > (0, 0):
        reason = "its name" if best[0] > 0 else "its fields"
        return replace(winners[0], why=f"{reason}, of {len(fitting)} layers")
    shown = ", ".join(_called(one, fitting or there) for one in (winners or fitting or there))
    raise BoundaryFileError(
        f"{top}: which layer is meant for `{what}`? Pass layer=, one of: {shown}."
    )


def edges_named(what: str, layer: str) -> bool:
    """Whether a layer holds the sides of roads and not their middle.

    Parameters
    ----------
    what : str
        What is read.
    layer : str
        The layer's name.

    Returns
    -------
    bool
    """
    return _name_score(layer, _known().get(what, {}).get("edges", ())) > 0


def name_score(what: str, name: str) -> int:
    """How well a layer's name fits what is read; 0 where it does not.

    Parameters
    ----------
    what : str
        ``villages``, ``roads`` …
    name : str
        Of a layer.

    Returns
    -------
    int
        3 for the very word, 2 for a word among others, 1 for a part of one.
    """
    return _name_score(name, _known().get(what, {}).get("names", ()))


def known_as(name: str) -> str | None:
    """What the readers call a layer that people name so.

    Parameters
    ----------
    name : str
        In an office's words, such as 永久基本农田.

    Returns
    -------
    str or None
        None where no layer, or more than one, goes by the very word.

    Examples
    --------
    >>> known_as("永久基本农田"), known_as("已供地")
    ('farmland', None)
    """
    found = [what for what, known in _known().items() if _name_score(name, known["names"]) == _SAME]
    return found[0] if len(found) == 1 else None


def _layers(source: Source, osm: OsmQuery | None, layer: str | None) -> list[Choice]:
    driver = source.kind.driver
    if source.fault:
        # What it holds is not known; it may still be the one that is meant.
        return [Choice(source, source.stem, 0, "Unknown")]
    if driver == "OSM" and osm is not None:
        if layer is not None:
            raise BoundaryFileError(
                f"{source.file}: an OpenStreetMap extract is read without layer=."
            )
        return [Choice(source, osm.layer, osm.layer, "Unknown")]
    if driver == "Parquet":
        return [Choice(source, source.stem, source.stem, "Unknown")]
    if driver == "DXF":
        # Its layers are a column; who reads it chooses among them.
        return [Choice(source, source.stem, "entities", "Unknown")]
    try:
        listed = pyogrio.list_layers(source.gdal)
    except (pyogrio.errors.DataSourceError, UnicodeError) as error:
        raise BoundaryFileError(
            f"{source.label}: cannot be opened as {source.kind.name}. Open and save it again in "
            f"QGIS or ArcGIS, as GeoPackage ({error})."
        ) from error
    if driver in _SINGLE and len(listed) == 1:
        return [Choice(source, source.stem, 0, _text(listed[0][1]))]
    return [Choice(source, str(one), str(one), _text(shape)) for one, shape in listed]


def _text(shape: Any) -> str | None:
    return None if shape is None else str(shape)


def _holds(one: Choice, words: tuple[str, ...]) -> bool:
    return one.shape is not None and (
        one.shape in ("Unknown", "GeometryCollection") or any(word in one.shape for word in words)
    )


def _named(there: list[Choice], layer: str, top: Any) -> Choice:
    asked = _fold(layer)
    exact = [
        one
        for one in there
        if layer in (one.layer, one.source.member, f"{one.source.member}/{one.layer}")
    ]
    alike = [
        one
        for one in there
        if asked in (_fold(one.layer), _fold(one.source.member), _fold(one.source.stem))
    ]
    # Only where nothing else fits is every layer asked for its alias.
    hits = exact or alike or [one for one in there if asked == _fold(_alias(one))]
    if len(hits) == 1:
        return hits[0]
    if hits:
        shown = ", ".join(_called(one, there) for one in hits)
        raise BoundaryFileError(f"{top}: several layers are {layer!r}. One of: {shown}.")
    only = there[0]
    if only.source.kind.driver == "DXF" and len(there) == 1:
        return only
    if only.source.kind.driver in _SINGLE and len(there) == 1:
        article = f"a {only.source.kind.name.lower()} has one layer"
        raise BoundaryFileError(f"{top}: {article}, {only.layer!r}.")
    shown = ", ".join(_called(one, there) for one in there)
    raise BoundaryFileError(f"{top}: no layer {layer!r}. It has: {shown}.")


def _called(one: Choice, among: Sequence[Choice]) -> str:
    """A name that is one layer's alone."""
    if sum(other.layer == one.layer for other in among) == 1:
        return one.layer
    path = one.source.member
    return path if one.source.kind.driver in _SINGLE else f"{path}/{one.layer}"


def _score(one: Choice, what: str, wanted: Sequence[str]) -> tuple[int, int]:
    """How well a layer fits: by name first, then by how many of the columns it has."""
    known = _known().get(what, {})
    info = _info(one)
    fields = [str(field) for field in info.get("fields", ())]
    folded = {field.casefold() for field in fields}
    if folded & {field.casefold() for field in known.get("alien", ())}:
        return (-1, 0)
    called = (one.layer, _alias(one), *([one.source.stem] if one.source.member else []))
    best = max(_name_score(name, known.get("names", ())) for name in called)
    return best, len(names.find(fields, wanted, None))


def _name_score(name: str, known: Sequence[str]) -> int:
    folded = _fold(name)
    parts = set(re.split(r"[\W_\d]+", folded)) - {""}
    best = 0
    for word in known:
        asked = _fold(word)
        if folded == asked:
            return _SAME
        if asked in parts or asked in folded.split("_"):
            best = max(best, _WORD)
        elif not asked.isascii() and asked in folded:
            best = max(best, _PART)
    return best


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _alias(one: Choice) -> str:
    """The Chinese name of a layer in a geodatabase, often the only one that says anything."""
    found = (_info(one).get("layer_metadata") or {}).get("ALIAS_NAME")
    return str(found) if found else one.layer


def _info(one: Choice) -> dict[str, Any]:
    driver = one.source.kind.driver
    if one.source.fault or driver in ("Parquet", "DXF", "OSM"):
        return {}
    encoding = "ISO-8859-1" if driver in ("ESRI Shapefile", "MapInfo File") else None
    try:
        info: dict[str, Any] = pyogrio.read_info(
            one.source.gdal, layer=one.inner, encoding=encoding
        )
    except Exception:
        # A layer that cannot even be described does not win; another may.
        return {}
    return info


@functools.cache
def _known() -> dict[str, dict[str, list[str]]]:
    text = resources.files("deqing_geo.reading").joinpath("layers.toml").read_text("utf-8")
    return tomllib.loads(text)
