"""What every kind of map needs: names and keys of areas, class limits, notices, the view."""

from __future__ import annotations

import functools
import hashlib
import math
import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.crs import CGCS2000, to_degrees
from deqing_geo.errors import CRSError
from deqing_geo.maps.figure import OfflineFigure
from deqing_geo.maps.page import UNIT, Contents, page_of
from deqing_geo.text import escape

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from deqing_geo.coverage import Coverage
    from deqing_geo.roads import RoadDensity
    from deqing_geo.siting import Siting

NAME_COLUMNS = ("village_name", "town_name", "zone_name")
CLASSES = 5
# Of the land; what lies above shares the last class.
NEARLY_ALL = 0.98


@functools.cache
def style() -> dict[str, Any]:
    """Colours and widths, from ``style.toml``."""
    text = resources.files("deqing_geo.maps").joinpath("style.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def blank(title: str, shapes: Any) -> folium.Map:
    """A map with nothing on it yet, that looks at these shapes and says what it may not be."""
    m = folium.Map(
        location=[30.54, 119.97],
        tiles=None,
        zoom_snap=0.25,
        zoom_delta=0.5,
        attribution_control=False,
        prefer_canvas=True,
    )
    OfflineFigure(title=escape(title).replace("/", "&#47;") or None).add_child(m)
    contents = page_of(m).contents
    contents.title = title
    if not look_at(m, shapes):
        contents.warn(names.word("map.nothing"))
    contents.marks = [names.word(f"map.{key}") for key in ("internal", "not_public", "boundary")]
    return m


def degrees(frame: gpd.GeoDataFrame, name: str) -> Any:
    """The frame's shapes in degrees."""
    if frame.crs is None:
        raise CRSError(f"`{name}` has no coordinate system, so it has no place on a map.")
    return to_degrees(np.asarray(frame.geometry.array, dtype=object), frame.crs, CGCS2000)


def labels(frame: gpd.GeoDataFrame) -> list[str]:
    """What areas are called: by the first column of names there is, else by the index."""
    for column in NAME_COLUMNS:
        if column in frame:
            return [
                str(key) if name is None or name != name else str(name)
                for key, name in zip(frame.index, frame[column], strict=True)
            ]
    return [str(key) for key in frame.index]


def texts(frame: pd.DataFrame, column: str) -> list[str]:
    """A column as text, empty where nothing stands."""
    if column not in frame:
        return [""] * len(frame)
    return ["" if text is None or text != text else str(text) for text in frame[column]]


def breaks(values: Any, sizes: Any = None) -> list[float]:
    """Round class limits from 0, all of one width; the last class is open upwards.

    Up to just past the largest value, or, with sizes, past what nearly all land keeps below: a
    sliver of an area with a road along it would else leave one colour to all the others.
    """
    known: Any = np.flatnonzero(~np.isnan(values)) if len(values) else []
    top = float(np.max(values[known])) if len(known) else 0.0
    if top > 0 and sizes is not None:
        order = known[np.argsort(values[known], kind="stable")]
        share = np.cumsum(sizes[order]) / np.sum(sizes[order])
        top = float(values[order][np.searchsorted(share, NEARLY_ALL)]) or top
    if top <= 0:
        return [0.0, 1.0]
    rough = top / CLASSES
    power = 10 ** math.floor(math.log10(rough))
    width = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-9))
    count = math.ceil(top / width - 1e-9)
    return [round(width * at, 10) for at in range(count + 1)]


def notice(contents: Contents, said: Iterable[str]) -> None:
    """Notices about data that is not real stand under the title, in red."""
    for text in said:
        if text == names.word("notice.schematic"):
            contents.warn(text)


def carry(contents: Contents, what: str, result: RoadDensity | Coverage | Siting) -> None:
    """A figure never travels without its definition, its notices and its data."""
    notice(contents, result.notices)
    contents.foot(f"{what}{names.word('map.definition')}:{result.definition.line}")
    rest = [text for text in result.notices if text != names.word("notice.schematic")]
    if rest:
        contents.foot(f"{what}:{';'.join(rest)}", "dg-notice")
    credit(contents, result.origins)


def credit(contents: Contents, said: Iterable[str]) -> None:
    """Files and their credits stand at the foot."""
    for text in said:
        contents.foot(f"{names.word('map.sources')}:{text}", "dg-mark")


def look_at(m: folium.Map, shapes: Any) -> bool:
    """Let the map open on these shapes; False where there is nothing to look at."""
    box = shapely.bounds(shapes)
    box = box[np.isfinite(box).all(axis=1)]
    if len(box) == 0:
        return False
    (west, south), (east, north) = box[:, :2].min(axis=0), box[:, 2:].max(axis=0)
    m.location = [float(south + north) / 2, float(west + east) / 2]
    page_of(m).contents.bounds = [[float(south), float(west)], [float(north), float(east)]]
    return True


def places(shapes: Any) -> list[tuple[int, int] | None]:
    """Where a label stands, in whole units; None for what has no place."""
    out: list[tuple[int, int] | None] = [None] * len(shapes)
    there = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    if len(there):
        where = shapely.get_coordinates(shapely.point_on_surface(shapes[there]))
        for at, (x, y) in zip(there, np.round(where * UNIT).astype(int).tolist(), strict=True):
            out[at] = (x, y)
    return out


def keys(frame: gpd.GeoDataFrame) -> list[str]:
    """What tells one area from another in the page: its label and its shape.

    Labels alone will not do: two frames numbered from 0 would tell each other's stories.
    """
    digests = [
        hashlib.md5(wkb or b"", usedforsecurity=False).hexdigest()[:8]
        for wkb in shapely.to_wkb(np.asarray(frame.geometry.array, dtype=object))
    ]
    return [f"{label}#{digest}" for label, digest in zip(frame.index, digests, strict=True)]
