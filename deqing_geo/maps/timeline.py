"""Maps of one place through the years or months, one at a time under a slider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import folium
import numpy as np

from deqing_geo import columns as names
from deqing_geo.coverage import Coverage
from deqing_geo.errors import InputError
from deqing_geo.looks.classes import rounded
from deqing_geo.maps.areas import area_map
from deqing_geo.maps.compare import Together, require_maps
from deqing_geo.maps.page import page_of
from deqing_geo.maps.parks import coverage_map
from deqing_geo.maps.roads import add_density
from deqing_geo.maps.villages import village_map
from deqing_geo.roads import RoadDensity
from deqing_geo.villages import VillageTypes


def timeline_map(series: Mapping[Any, Any], *, title: str = "") -> folium.Map:
    """Maps or results of several years or months on one page, under a slider (时间轴).

    Parameters
    ----------
    series : mapping of label to folium.Map, RoadDensity, Coverage or VillageTypes
        In the order they are shown, such as ``{"2024": ..., "2025": ...}``; two at least.
    title : str
        Of the page; by default the title all have.

    Returns
    -------
    folium.Map
        For `save_map`. The last map is seen first.

    Raises
    ------
    InputError
        If there are fewer than two, one is neither map nor result, or stands there twice.
    CRSError
        If a result cannot be brought to degrees.

    Notes
    -----
    Arrow keys move the slider, space plays and pauses. Each map keeps its legend, figures and
    definition; place, open story and switched layers are carried along. If one colour means
    different amounts on two of them, the page says so; road densities are classed alike.

    Examples
    --------
    >>> from deqing_geo import road_density, sample
    >>> villages, roads = sample.villages(), sample.roads()
    >>> years = {"2024": road_density(villages, roads.iloc[:1]),
    ...          "2025": road_density(villages, roads)}
    >>> m = timeline_map(years, title="路网密度")
    >>> "DeqingTogether.timeline(" in m.get_root().render()
    True
    """
    if not isinstance(series, Mapping):
        raise InputError("`series` maps labels to maps or results, such as {'2024': ..., ...}.")
    breaks = _shared([one for one in series.values() if isinstance(one, RoadDensity)])
    maps = [_drawn(what, str(label), breaks) for label, what in series.items()]
    return Together(maps, require_maps(maps, list(series)), "timeline", title)


def _shared(densities: list[RoadDensity]) -> list[float] | None:
    """Limits that hold for all: else a colour would mean another amount each year."""
    if len({one.definition.measure for one in densities}) != 1:
        return None
    values = np.concatenate([one.series.to_numpy(dtype=float) for one in densities])
    land = np.concatenate([one.table["area_km2"].to_numpy(dtype=float) for one in densities])
    return rounded(values, land)


def _drawn(what: Any, label: str, breaks: list[float] | None) -> folium.Map:
    if isinstance(what, folium.Map):
        return what
    if isinstance(what, RoadDensity):
        measure = names.label(what.definition.measure)
        m = add_density(area_map(what.table, title=measure), what, breaks=breaks)
        if breaks is not None:
            said = page_of(m).contents.legends[-1]
            given, shared = (names.word(f"map.classes_{one}") for one in ("given", "shared"))
            said["unit"] = said["unit"].replace(given, shared)
        return m
    if isinstance(what, Coverage):
        return coverage_map(what)
    if isinstance(what, VillageTypes):
        return village_map(what)
    raise InputError(
        f"{label!r} is neither a map nor a result that has one, but {type(what).__name__}."
    )
