"""What every kind of map needs: names and keys of areas, class limits, notices, the view."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.crs import CGCS2000, to_degrees
from deqing_geo.errors import CRSError
from deqing_geo.looks.named import NAME_COLUMNS, texts
from deqing_geo.looks.palette import in_use
from deqing_geo.looks.palette import style as style
from deqing_geo.maps.figure import OfflineFigure
from deqing_geo.maps.page import UNIT, Contents, page_of
from deqing_geo.text import escape

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.coverage import Coverage
    from deqing_geo.roads import RoadDensity
    from deqing_geo.siting import Siting

AREAS = 2
# Of the whole's breadth: half a pixel of the inset. More areas than that are shown as a box.
OUTLINE, MOST_OUTLINED = 1 / 250, 1500


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
    if (palette := in_use()) is not None:
        contents.palette = palette.source if palette.of_types else ""
        contents.foot(f"{names.word('map.palette')}:{palette.source}", "dg-mark")
    return m


def degrees(frame: gpd.GeoDataFrame, name: str) -> Any:
    """The frame's shapes in degrees."""
    if frame.crs is None:
        raise CRSError(f"`{name}` has no coordinate system, so it has no place on a map.")
    return to_degrees(np.asarray(frame.geometry.array, dtype=object), frame.crs, CGCS2000)


def finds(frame: gpd.GeoDataFrame, called: list[str], keys: list[str]) -> list[tuple[str, str]]:
    """What areas are found by: their names, and of homonyms with their town."""
    often, towns = Counter(called), texts(frame, "town_name")
    return [
        (f"{name}({town})" if often[name] > 1 and town else name, key)
        for name, town, key in zip(called, towns, keys, strict=True)
    ]


def asks(frame: gpd.GeoDataFrame) -> str:
    """What a search field asks for where these areas are found."""
    column = next((one for one in NAME_COLUMNS if one in frame), None)
    called = names.label(column).removesuffix("名称") if column else names.word("layer.areas")
    return names.word("map.seek") + called


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
    contents = page_of(m).contents
    contents.bounds = [[float(south), float(west)], [float(north), float(east)]]
    contents.outline = _outline(shapes, float(max(east - west, north - south)))
    return True


def _outline(shapes: Any, across: float) -> list[list[list[float]]]:
    """The whole in few corners, as the inset shows it; nothing where it is not of areas."""
    areas = shapes[shapely.get_dimensions(shapes) == AREAS]
    if not 0 < len(areas) <= MOST_OUTLINED or across <= 0:
        return []
    rough = across * OUTLINE
    small = shapely.simplify(areas, rough, preserve_topology=False)
    # A touch wider, so that what the simplifying parted grows together again.
    whole = shapely.union_all(shapely.buffer(shapely.make_valid(small), rough, quad_segs=1))
    polygons = shapely.get_parts(shapely.buffer(whole, -rough, quad_segs=1))
    shells = shapely.polygons(shapely.get_exterior_ring(polygons[~shapely.is_empty(polygons)]))
    plain: Any = shapely.simplify(shells, rough)
    rings = [shapely.get_coordinates(one) for one in plain]
    return [np.round(ring[:-1, ::-1], 5).tolist() for ring in rings]


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
