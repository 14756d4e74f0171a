"""Drawings (DXF, of CASS and other CAD): lines with a layer, and no rows with fields.

Text, blocks and dimensions are counted and left out; closed lines become areas where areas
are asked for. A drawing names no coordinate system and no row, so what it can carry is
little, and it says so.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from deqing_geo.errors import BoundaryFileError, DeqingGeoWarning
from deqing_geo.files import Source, text_encoding
from deqing_geo.grades import read_classes
from deqing_geo.reading.choosing import Kind, edges_named, name_score
from deqing_geo.reading.shapes import LINES, PLACES, POLYGONS

LAYER, ENTITIES = "Layer", "entities"
# Layers called `road`, `path` or by a number are not called by a class of roads.
NO_CLASS = ("osm", "route", "technical", "sandiao", "guide")
# Blocks stay blocks, to be counted; names come byte by byte, since drawings of CASS say one
# encoding in their head and hold another.
_OPTIONS = {"DXF_INLINE_BLOCKS": False, "DXF_ENCODING": "ISO-8859-1"}
# How older drawings write what their code page does not have.
_ESCAPED = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
# GDAL's classes of what is no shape of the ground: writing, blocks, dimensions.
_WRITING = "Text|BlockReference|Dimension|Attribute|Insert"


def open_drawing(
    source: Source, what: str, kind: Kind, layer: str | None, told: dict[str, Any]
) -> gpd.GeoDataFrame:
    """The shapes of one layer of a drawing.

    Parameters
    ----------
    source : Source
        A DXF.
    what : str
        What is read: ``towns``, ``roads`` …
    kind : tuple of GeometryType
        The shapes it needs.
    layer : str or None
        The drawing's layer.
    told : dict
        The notes; what is decided here is added.

    Returns
    -------
    GeoDataFrame
        Column ``Layer``; no CRS.

    Raises
    ------
    BoundaryFileError
        If it cannot be read, its layer must be named, or it holds the sides of roads.
    """
    before = {option: pyogrio.get_gdal_config_option(option) for option in _OPTIONS}
    pyogrio.set_gdal_config_options(_OPTIONS)
    try:
        info = pyogrio.read_info(source.gdal, layer=ENTITIES)
        if info.get("driver") != "DXF":
            raise BoundaryFileError(f"{source.label}: opens as {info.get('driver')}, not as DXF.")
        frame = pyogrio.read_dataframe(source.gdal, layer=ENTITIES, force_2d=True)
    except BoundaryFileError:
        raise
    except Exception as error:
        raise BoundaryFileError(
            f"{source.label}: cannot be read ({error}). 在 CAD/CASS 中另存为 DXF(ASCII)."
        ) from error
    finally:
        pyogrio.set_gdal_config_options(before)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise BoundaryFileError(f"{source.label}: a drawing without shapes.")
    classes = frame["SubClasses"].astype(object).where(frame["SubClasses"].notna(), "")
    writing = classes.astype(str).str.contains(_WRITING).to_numpy(dtype=bool)
    if "Text" in frame:
        writing = writing | frame["Text"].notna().to_numpy(dtype=bool)
    told["writing_left_out"] = int(writing.sum())
    drawn = frame[~writing].assign(**{LAYER: _layer_names(frame, source, told)[~writing]})
    chosen, told["layer_why"] = _choose(drawn, what, kind, layer, source)
    told["layer"] = "、".join(chosen)
    rows = drawn[drawn[LAYER].isin(chosen)]
    shapes, left = _of_kind(np.asarray(rows.geometry.array, dtype=object), kind)
    if left.any():
        told["left_out_kind"] = int(left.sum())
        warnings.warn(
            f"`{what}`: {int(left.sum())} entities of layer {told['layer']!r} of {source.label} "
            "are not what is read (lines that are not closed, points), and were left out.",
            DeqingGeoWarning,
            stacklevel=5,
        )
    out = gpd.GeoDataFrame({LAYER: rows[LAYER].to_numpy(dtype=object)}, geometry=shapes)
    return out[~left].reset_index(drop=True)


def _layer_names(frame: gpd.GeoDataFrame, source: Source, told: dict[str, Any]) -> Any:
    raw = frame[LAYER].astype(object).where(frame[LAYER].notna(), "").astype(str)
    texts = {text.encode("latin-1") for text in raw.unique() if not text.isascii()}
    told["encoding"], told["encoding_why"] = text_encoding(texts, source.label)
    true = {
        text: _ESCAPED.sub(
            lambda found: chr(int(found[1], 16)),
            text.encode("latin-1").decode(told["encoding"], "replace"),
        )
        for text in raw.unique()
    }
    return raw.map(true).to_numpy(dtype=object)


def _choose(
    drawn: gpd.GeoDataFrame, what: str, kind: Kind, layer: str | None, source: Source
) -> tuple[list[str], str]:
    """The layers of a drawing to take, and why."""
    _, left = _of_kind(np.asarray(drawn.geometry.array, dtype=object), kind)
    usable = drawn[~left]
    counts = usable[LAYER].astype(str).value_counts()
    shown = ", ".join(f"{name} ({count})" for name, count in counts.head(20).items()) or "none"
    if layer is not None:
        if layer not in counts:
            raise BoundaryFileError(
                f"{source.label}: no layer {layer!r} with such shapes. It has: {shown}."
            )
        if edges_named(what, layer):
            warnings.warn(
                f"`{what}`: layer {layer!r} is where CASS draws both sides of a road (路边线); "
                "lengths from it count twice. Give the layer of centre lines.",
                DeqingGeoWarning,
                stacklevel=6,
            )
        return [layer], "named by the caller"
    if what in ("roads", "planned_roads"):
        words = pd.Series(list(counts.index), dtype=object)
        classes = read_classes(words, leave_out=NO_CLASS)
        if classes.notna().any():
            return words[classes.notna()].tolist(), "called by classes of roads"
    scores = {str(name): name_score(what, str(name)) for name in counts.index}
    best = max(scores.values(), default=0)
    winners = [one for one, score in scores.items() if score == best]
    if best > 0 and len(winners) == 1:
        return winners, f"its name, of {len(counts)} layers"
    if len(counts) == 1 and not edges_named(what, str(counts.index[0])):
        return [str(counts.index[0])], "the only layer of its kind"
    sides = [one for one in scores if edges_named(what, one)]
    twice = f" {sides[0]} holds both sides of roads, not their middle." if sides else ""
    raise BoundaryFileError(
        f"{source.label}: which layer of the drawing? Pass layer=, one of: {shown}.{twice}"
    )


def _of_kind(shapes: Any, kind: Kind) -> tuple[Any, Any]:
    """Shapes of the kind asked for, and which rows are none: closed lines may pass for areas."""
    types = shapely.get_type_id(shapes)
    out = shapes.copy()
    if kind in (POLYGONS, PLACES):
        lines = np.isin(types, [int(one) for one in LINES])
        rings = lines & shapely.is_closed(shapes) & (shapely.get_num_coordinates(shapes) >= 4)
        coords, owner = shapely.get_coordinates(shapes[rings], return_index=True)
        if len(coords):
            out[rings] = shapely.polygons(shapely.linearrings(coords, indices=owner))
        types = shapely.get_type_id(out)
    return out, ~np.isin(types, [int(one) for one in kind])
