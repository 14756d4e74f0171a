"""Road maps: density by area, roads by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deqing_geo import columns as names
from deqing_geo.checks import require_words
from deqing_geo.maps import parts
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of
from deqing_geo.provenance import origins
from deqing_geo.text import figure

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

    from deqing_geo.roads import RoadDensity
    from deqing_geo.standards import Definition


def add_density(m: folium.Map, density: RoadDensity, *, show: bool = True) -> folium.Map:
    """Colour the areas by their road density (路网密度).

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any.
    density : RoadDensity
        The result to show.
    show : bool
        Whether it is switched on at first.

    Returns
    -------
    folium.Map
        The same map.

    Raises
    ------
    CRSError
        If the result cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import area_map, road_density, sample
    >>> villages = sample.villages()
    >>> density = road_density(villages, sample.roads())
    >>> m = add_density(area_map(villages), density)
    >>> "1.00 公里" in m.get_root().render()
    True
    """
    contents = page_of(m).contents
    table = density.table
    shapes = parts.degrees(table, "density")
    if contents.bounds is None:
        parts.look_at(m, shapes)
    keys, labels = parts.keys(table), parts.labels(table)
    contents.name(keys, labels)
    values = density.series.to_numpy(dtype=float)
    breaks = parts.breaks(values)
    ramp, look = parts.style()["density"]["ramp"], parts.style()["area"]
    colours = [*ramp[: len(breaks) - 1], parts.style()["density"]["no_data"]]
    use = np.where(
        np.isnan(values),
        len(colours) - 1,
        np.clip(np.searchsorted(breaks, values, "right") - 1, 0, len(breaks) - 2),
    )
    styles = [
        {"color": look["color"], "weight": look["weight"], "fillColor": colour, "fillOpacity": 0.85}
        for colour in colours
    ]
    unit = names.registry()["road_density"].unit_zh
    layer = names.word("layer.density")
    shown = [figure(value, against=density.goals) for value in values.tolist()]
    payload = {
        "area": True,
        "unit": UNIT,
        "shapes": encode(shapes),
        "styles": styles,
        "use": use.tolist(),
        "tips": [
            [label, f"{layer} {one} {unit}"] for label, one in zip(labels, shown, strict=True)
        ],
        "keys": keys,
    }
    m.add_child(ShapeLayer(layer, payload, show=show))
    entries = [
        {"fill": colour, "color": look["color"], "label": f"{low:g} - {high:g}"}
        for colour, low, high in zip(colours, breaks, breaks[1:], strict=False)
    ]
    if np.isnan(values).any():
        entries.append(
            {"fill": colours[-1], "color": look["color"], "label": names.word("map.no_data")}
        )
    contents.legends.append(
        {
            "layer": layer,
            "title": layer,
            "unit": f"{unit},{names.word('map.classes')}",
            "entries": entries,
        }
    )
    for at, key in enumerate(keys):
        row = table.iloc[at]
        contents.tell(
            key,
            layer,
            [
                (names.label("road_density"), f"{shown[at]} {unit}"),
                (names.label("road_km"), f"{figure(row['road_km'])} 公里"),
                *(
                    (f"- {names.vocabulary('road_class')[word]}", f"{figure(km)} 公里")
                    for word, km in density.by_class.iloc[at].items()
                    if word in density.definition.counts["roads"] and km > 0
                ),
                (names.label("area_km2"), f"{figure(row['area_km2'])} 平方公里"),
                (names.label("edge_km"), f"{figure(row['edge_km'])} 公里"),
            ],
        )
    contents.headlines.append((names.label("road_density"), density.headline))
    parts.carry(contents, layer, density)
    return m


def add_roads(
    m: folium.Map,
    roads: gpd.GeoDataFrame,
    *,
    by: Definition | None = None,
    show: bool = True,
) -> folium.Map:
    """Draw roads by class (道路等级).

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any.
    roads : GeoDataFrame of LineString
        With ``road_class``; ``road_name`` and ``road_status`` are shown where there.
    by : Definition, optional
        Classes it does not count are drawn in grey and said so.
    show : bool
        Whether it is switched on at first.

    Returns
    -------
    folium.Map
        The same map.

    Raises
    ------
    ColumnError
        If ``road_class`` is absent or holds a word it may not.
    CRSError
        If the roads cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import area_map, sample
    >>> m = add_roads(area_map(sample.villages()), sample.roads())
    >>> "纸上大道" in m.get_root().render()
    True
    """
    words = require_words(roads, "roads", "road_class", made_by="read_roads")
    contents = page_of(m).contents
    order = {word: at for at, word in enumerate(names.vocabulary("road_class"))}
    # Big roads last, so that they lie on top.
    drawn = np.argsort([-order[word] for word in words], kind="stable")
    frame, words = roads.iloc[drawn], words[drawn]
    present = [word for word in order if (words == word).any()]
    looks = parts.style()["road"]
    grey = parts.style()["not_counted"]["color"]
    counts = set(present) if by is None else set(by.counts["roads"])
    styles, entries = [], []
    for word in present:
        look = looks[word]
        colour = look["color"] if word in counts else grey
        styles.append({"color": colour, "weight": look["weight"], "opacity": 0.95})
        suffix = "" if word in counts else "(不计入)"
        label = f"{names.vocabulary('road_class')[word]}{suffix}"
        entries.append({"line": True, "color": colour, "weight": look["weight"], "label": label})
    # Not yet open: dashed in the colour of the class to be.
    styles += [{**style, "dashArray": "6 5"} for style in styles]
    waiting = np.zeros(len(frame), dtype=bool)
    states = [""] * len(frame)
    if "road_status" in frame:
        status = parts.texts(frame, "road_status")
        waiting = np.array([word not in ("", "built") for word in status], dtype=bool)
        states = [names.vocabulary("road_status").get(word, word) for word in status]
    if waiting.any():
        entries.append(
            {
                "line": True,
                "dash": True,
                "color": grey,
                "weight": 1.5,
                "label": "在建、规划(虚线,不计入)",
            }
        )
    use = [
        present.index(word) + len(present) * bool(late)
        for word, late in zip(words, waiting, strict=True)
    ]
    road_names = parts.texts(frame, "road_name")
    tips = []
    for name, word, state in zip(road_names, words, states, strict=True):
        kind = names.vocabulary("road_class")[word]
        tips.append([line for line in (name, kind, state) if line])
    layer = names.word("layer.roads")
    payload = {
        "area": False,
        "unit": UNIT,
        "shapes": encode(parts.degrees(frame, "roads")),
        "styles": styles,
        "use": use,
        "tips": tips,
    }
    m.add_child(ShapeLayer(layer, payload, show=show))
    if entries:
        contents.legends.append({"layer": layer, "title": layer, "unit": "", "entries": entries})
    parts.notice(contents, [str(roads.attrs["notice"])] if roads.attrs.get("notice") else [])
    parts.credit(contents, origins(roads=roads))
    return m
