"""Roads as files give them, from one layer or from several that draw the same roads."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, DeqingGeoWarning, InputError
from deqing_geo.grades import read_classes, system_of, why_unknown
from deqing_geo.layers.classes import own_classes
from deqing_geo.layers.saying import no_column, seen
from deqing_geo.layers.several import one_after_another
from deqing_geo.layers.signs import SIGNS, read_signs
from deqing_geo.reading import LINES, OsmQuery, note, read, read_status

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.layers.classes import Classes

PRIVATE = ("private", "no")
WANTED = (
    "road_name",
    "road_class",
    "route_code",
    "road_status",
    "opened_on",
    "access",
    "osm_id",
)
TAGS = (
    "access",
    "construction",
    "proposed",
    "ref",
    "oneway",
    "layer",
    "bridge",
    "tunnel",
    "noexit",
)

OSM = OsmQuery("lines", "highway IS NOT NULL", ("highway",), TAGS)


def read_roads(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    layer: str | Sequence[str | None] | None = None,
    columns: Mapping[str, str] | Sequence[Mapping[str, str] | None] | None = None,
    assume_crs: Any = None,
    datum: str | Sequence[str | None] | None = None,
    like: gpd.GeoDataFrame | None = None,
    classes: Classes | None = None,
    planned: bool = False,
) -> gpd.GeoDataFrame:
    """Roads with their class (道路等级) in the library's vocabulary.

    The library's own words, government grades, route numbers, codes of land use and
    OpenStreetMap's ``highway`` are understood as `road_classes` says; the translation from
    OpenStreetMap is this library's proposal, since its tags are not Chinese grades. A layer
    without a class column takes the class from its route numbers. Roads under construction or
    proposed keep that status.

    Of several files that draw the same roads, as the municipal and the transport bureau do, the
    first is taken whole, and the others where they run along nothing that was taken: farther
    than 15 m from it, or in another direction (`standards.load()["road.together"]`). A road that
    is open is only left out beside one that is open. What was left out is told, in kilometres by
    class. Lines are cut where they part, so the pieces end up to 15 m beside the line that is
    kept; a network joins them with ``snap_m=15``.

    Parameters
    ----------
    path : path or sequence of path
        GeoPackage, GeoJSON, Shapefile or OpenStreetMap extract (``.osm.pbf``).
    layer : str, optional
        The layer of a file with several. For several files this and the next three are the same
        for all, or a list of one for each.
    columns : mapping, optional
        ``{"road_class": "field"}`` where the alias table is wrong.
    assume_crs : optional
        The system the file was made in, where it does not say.
    datum : {"gcj02", "bd09"}, optional
        The shift of the map service the roads come from, to be undone.
    like : GeoDataFrame, optional
        Take the CRS of this frame, so that both can be measured together.
    classes : path, DataFrame or mapping, optional
        The office's own words for classes: a table as `road_classes` gives it and `save_table`
        writes it, or ``{"residential": "支路"}``. They win over the library's table, which holds
        for all words that are not in it.
    planned : bool
        Whether the planned network is meant (规划路网): of a file with several layers it is found
        by other names.

    Returns
    -------
    GeoDataFrame of LineString, one row per line
        Metres; columns ``road_class`` (``unknown`` where blank or not understood), and where
        the file has them ``road_name``, ``road_status``, ``opened_on``, ``route_code``, ``oneway``
        (yes, no, -1), ``road_level`` (0 on the ground), ``bridge``, ``tunnel`` and ``noexit``
        (bool); other fields kept. Of several files ``source_file`` says which, and a row that was
        cut may hold several lines.

    Raises
    ------
    InputError
        If no file is given, or a list of options has another length than that of files.
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent or contradicted.
    GeometryError
        If it holds anything but lines.
    ColumnError
        If there is no class column, not one class is understood, a status is unknown, or the
        table of `classes` is mistaken.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "roads.geojson"
    ...     sample.roads().to_file(file)
    ...     roads = read_roads(file)
    >>> roads["road_class"].to_list()
    ['arterial', 'branch', 'estate', 'farm_track', 'branch', 'link']
    """
    own = own_classes(classes)
    name = "planned_roads" if planned else "roads"
    if isinstance(path, (str, os.PathLike)):
        options = {"layer": layer, "columns": columns, "assume_crs": assume_crs, "datum": datum}
        return _read_one(path, name=name, like=like, own=own, **options)
    paths = list(path)
    if not paths:
        raise InputError("read_roads: no file is given.")
    each = {
        option: _for_each(given, len(paths), option)
        for option, given in (
            ("layer", layer),
            ("columns", columns),
            ("assume_crs", assume_crs),
            ("datum", datum),
        )
    }
    frames: list[gpd.GeoDataFrame] = []
    for at, one in enumerate(paths):
        options = {option: given[at] for option, given in each.items()}
        # All others come into the first one's system.
        first = frames[0] if frames and like is None else like
        frames.append(_read_one(one, name=name, like=first, own=own, **options))
    return one_after_another(frames)


def _for_each(given: Any, count: int, name: str) -> list[Any]:
    """An option for every file: a list gives each its own."""
    if not isinstance(given, (list, tuple)):
        return [given] * count
    if len(given) != count:
        raise InputError(f"{name}= has {len(given)} entries for {count} files.")
    return list(given)


def _read_one(
    path: str | os.PathLike[str],
    *,
    name: str,
    layer: str | None,
    columns: Mapping[str, str] | None,
    assume_crs: Any,
    datum: str | None,
    like: gpd.GeoDataFrame | None,
    own: Mapping[str, str],
) -> gpd.GeoDataFrame:
    frame = read(
        path,
        name=name,
        kind=LINES,
        wanted=(*WANTED, *SIGNS),
        osm=OSM,
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=like,
    )
    if "road_class" not in frame and "route_code" in frame:
        frame = frame.assign(road_class=frame["route_code"])
        note(frame, classes_by="the letters and digits of route numbers")
    if "road_class" not in frame:
        raise no_column(frame, "roads", "road_class")
    frame = read_status(frame, "road_status")
    raw, frame = _unbuilt(names.clean_text(frame["road_class"]), frame)
    classes = read_classes(raw, own=own)
    several = classes.isna() & raw.notna()
    classes[several] = raw[several].map(lambda text: _highest(text, own))
    classes = classes.where(classes.notna(), None)
    if len(frame) and classes.isna().all():
        raise ColumnError(
            f"Not one value of `road_class` is understood: {seen(raw)}. It may hold "
            f"{'、'.join(names.vocabulary('road_class').values())}, or a word of "
            f"dg.road_classes().{_reasons(raw)} Pass classes= to say what your words mean."
        )
    unread = raw[classes.isna() & raw.notna()]
    _tell_words(frame, raw, classes, own)
    if "access" in frame:
        # A gate with a guard is no street of the town, whatever its class.
        closed = names.clean_text(frame["access"]).isin(PRIVATE)
        classes = classes.mask(closed.to_numpy(dtype=bool), "other")
    note(
        frame,
        classes_not_understood=tuple(sorted(set(unread.astype(str)))[:20]),
        classes_of_several=int((several & classes.notna()).sum()),
    )
    if len(unread):
        warnings.warn(
            f"`roads`: the class of {len(unread)} rows is not understood: {seen(unread)}. They "
            f"are {names.vocabulary('road_class')[names.UNKNOWN]} and count in no definition."
            f"{_reasons(unread)}",
            DeqingGeoWarning,
            stacklevel=3,
        )
    frame["road_class"] = classes.where(classes.notna(), names.UNKNOWN)
    if "road_name" in frame:
        frame["road_name"] = names.clean_text(frame["road_name"])
    return read_signs(frame)


def _unbuilt(
    raw: pd.Series[Any], frame: gpd.GeoDataFrame
) -> tuple[pd.Series[Any], gpd.GeoDataFrame]:
    """OpenStreetMap's roads under construction or proposed: their class to be, and the status."""
    status = np.full(len(frame), None, dtype=object)
    for tag, word in (("construction", "building"), ("proposed", "planned")):
        rows = (raw == tag).to_numpy(dtype=bool)
        status[rows] = word
        # Without the tag, what it will be is not said; that it is not open is.
        raw = raw.mask(rows, names.clean_text(frame[tag]) if tag in frame else None)
    if "road_status" in frame:
        given = frame["road_status"].to_numpy(dtype=object)
        status = np.where([word is None for word in status], given, status)
    elif all(word is None for word in status):
        return raw, frame
    return raw, frame.assign(road_status=pd.Series(status, index=frame.index, dtype=object))


def _tell_words(
    frame: gpd.GeoDataFrame, raw: pd.Series[Any], classes: pd.Series[Any], own: Mapping[str, str]
) -> None:
    """Note whose words the classes were, where a figure hangs on it."""
    words = [str(word) for word in raw.dropna().unique()]
    # A motorway is one in both vocabularies; that word alone proves nothing.
    if any(system_of(word) == "osm" for word in words):
        note(frame, proxy="road_class", credit="OpenStreetMap")
    if own:
        labels = names.vocabulary("road_class")
        usual = read_classes(raw)
        other = (usual != classes) & classes.notna()
        pairs = pd.DataFrame({"word": raw[other], "class": classes[other]}).drop_duplicates()
        changed = [
            f"{word}→{labels[one]}" for word, one in zip(pairs["word"], pairs["class"], strict=True)
        ]
        if changed:
            note(frame, own_classes=tuple(sorted(changed)))


def _reasons(words: pd.Series[Any]) -> str:
    found = why_unknown(list(words.dropna().unique()))
    return f" {';'.join(found)}." if found else ""


def _highest(text: object, own: Mapping[str, str]) -> str | None:
    """The highest class of a cell that holds several, as merged lines have them."""
    words = pd.Series(re.findall(r"[^\s,;'\"\[\]()|/]+", str(text)), dtype=object)
    if len(words) < 2 and not str(text).startswith("["):
        return None
    found = set(read_classes(words, own=own))
    return next((word for word in names.vocabulary("road_class") if word in found), None)
