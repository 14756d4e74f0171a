"""Results on a map: plain `folium.Map` objects that open without a network.

Maps show and decide nothing: no length, ratio or threshold is computed here. Colours are
in ``style.toml``; labels come from `columns`; definitions and notices come with the results
and stay on the page. This is the only part of the library that knows folium.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import numpy as np

from deqing_geo import columns as names
from deqing_geo.checks import require_words
from deqing_geo.files import whole_file
from deqing_geo.maps import parts
from deqing_geo.maps.backdrop import add_layer, add_terrain
from deqing_geo.maps.faults import fault_map
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of
from deqing_geo.maps.villages import village_map
from deqing_geo.provenance import origins
from deqing_geo.text import figure, percent

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.coverage import Coverage
    from deqing_geo.roads import RoadDensity
    from deqing_geo.standards import Definition

__all__ = [
    "add_coverage",
    "add_density",
    "add_layer",
    "add_roads",
    "add_terrain",
    "area_map",
    "fault_map",
    "save_map",
    "village_map",
]

NAME_COLUMNS = parts.NAME_COLUMNS


def area_map(
    areas: gpd.GeoDataFrame,
    *,
    title: str = "",
    fill: bool = True,
    view: gpd.GeoDataFrame | None = None,
) -> folium.Map:
    """A map of areas with their names, ready for results.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        With any CRS; named by ``village_name``, ``town_name``, ``zone_name`` or the index.
    title : str
        Shown on the map and as the page's title.
    fill : bool
        Whether areas are filled with white; without, what is drawn under them shows.
    view : GeoDataFrame, optional
        What the map opens on; by default the areas.

    Returns
    -------
    folium.Map
        Without a background map; whoever wants more may go on with folium.

    Raises
    ------
    CRSError
        If `areas` or `view` has no CRS or cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> m = area_map(sample.villages(), title="纸上镇")
    >>> "甲村" in m.get_root().render()
    True
    """
    shapes = parts.degrees(areas, "areas")
    m = parts.blank(title, shapes if view is None else parts.degrees(view, "view"))
    contents = page_of(m).contents
    labels = parts.labels(areas)
    keys = parts.keys(areas)
    contents.name(keys, labels)
    look = parts.style()["area"]
    style = {
        "color": look["color"],
        "weight": look["weight"],
        "fillColor": look["fill"],
        "fillOpacity": 0.85,
        "fill": fill,
    }
    places = parts.places(shapes)
    payload = {
        "area": True,
        "unit": UNIT,
        "shapes": encode(shapes),
        "styles": [style],
        "use": [0] * len(shapes),
        "tips": [[label] for label in labels],
        "keys": keys,
        "labels": [[*place, label] for place, label in zip(places, labels, strict=True) if place],
    }
    m.add_child(ShapeLayer(names.word("layer.areas"), payload))
    parts.notice(contents, [str(areas.attrs["notice"])] if areas.attrs.get("notice") else [])
    parts.credit(contents, origins(areas=areas))
    return m


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
    >>> from deqing_geo import road_density, sample
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
    >>> from deqing_geo import sample
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


def add_coverage(m: folium.Map, coverage: Coverage, *, show: bool = True) -> folium.Map:
    """Draw parks, what they serve and what they leave out (服务盲区).

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any.
    coverage : Coverage
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
    >>> from deqing_geo import park_coverage, sample
    >>> villages = sample.villages()
    >>> coverage = park_coverage(villages, sample.parks(), sample.homes())
    >>> m = add_coverage(area_map(villages), coverage)
    >>> "袖珍园" in m.get_root().render()
    True
    """
    contents = page_of(m).contents
    style = parts.style()
    title = names.label("park_coverage")
    keys = parts.keys(coverage.table)
    contents.name(keys, parts.labels(coverage.table))
    key_of = dict(zip(coverage.table.index, keys, strict=True))
    if contents.bounds is None:
        parts.look_at(m, parts.degrees(coverage.table, "coverage"))

    def draw(
        key: str,
        frame: gpd.GeoDataFrame,
        tips: list[list[str]],
        faint: NDArray[np.bool_] | None = None,
        **options: Any,
    ) -> None:
        look = {**style[key], **options}
        path = {
            "color": look["color"],
            "weight": look.get("weight", 1),
            "fillColor": look["fill"],
            "fillOpacity": look.get("opacity", 0.75),
            **({"dashArray": look["dash"]} if "dash" in look else {}),
            # A click on what merely covers an area is meant for the area.
            "interactive": key != "service_area",
        }
        layer = names.word(f"layer.{key}s" if key in ("park", "gap") else f"layer.{key}")
        payload = {
            "area": True,
            "unit": UNIT,
            "shapes": encode(parts.degrees(frame, key)),
            "styles": [path, {**path, "fillOpacity": 0.15, "dashArray": "3 3"}],
            "use": [0] * len(frame) if faint is None else faint.astype(int).tolist(),
            "tips": tips,
            "keys": [key_of[one] for one in frame["area"]] if "area" in frame else None,
        }
        m.add_child(ShapeLayer(layer, payload, show=show))
        entry = {
            "fill": look["legend"] if "legend" in look else look["fill"],
            "color": look["color"],
            "dash": "dash" in look,
            "label": layer if len(frame) else f"{layer}({names.word('map.nothing')})",
        }
        entries = [entry]
        if faint is not None and faint.any():
            entries.append({**entry, "fill": "#ffffff", "dash": True, "label": f"{layer}(不计入)"})
        contents.legends.append({"layer": layer, "title": "", "unit": "", "entries": entries})

    near = names.word("layer.service_area")
    draw(
        "service_area",
        coverage.service_area,
        [[near]] * len(coverage.service_area),
        opacity=0.10,
        dash="5 4",
    )
    for key, frame in (("served", coverage.served), ("gap", coverage.gaps)):
        word = names.word("layer.gaps" if key == "gap" else "layer.served")
        draw(key, frame, [[word, f"{figure(ha)} 公顷"] for ha in frame[f"{key}_ha"]])
    parks = coverage.parks
    tips = []
    for name, word, size, radius, why in zip(
        parts.texts(parks, "park_name"),
        parks["park_class"],
        parks["park_area_m2"],
        parks["service_radius"],
        parks["not_counted_reason"],
        strict=True,
    ):
        kind = names.vocabulary("park_class").get(str(word), str(word))
        verdict = (
            f"服务半径 {radius:g} 米" if isinstance(why, float) or why is None else f"不计入:{why}"
        )
        tips.append([line for line in (name, kind, f"{figure(size, 0)} 平方米", verdict) if line])
    draw("park", parks, tips, ~parks["counted"].to_numpy(dtype=bool), opacity=0.9)
    for at, key in enumerate(keys):
        row = coverage.table.iloc[at]
        share = row["park_coverage"]
        told = percent(share, against=coverage.goals)
        rows = [(title, told if not math.isnan(share) else "无居住用地")]
        rows += [
            (names.label(column), f"{figure(row[column])} 公顷")
            for column in ("demand_ha", "served_ha", "gap_ha")
        ]
        contents.tell(key, title, rows)
    contents.headlines.append((title, coverage.headline))
    parts.carry(contents, title, coverage)
    return m


def save_map(m: folium.Map, path: str | os.PathLike[str], *, offline: bool = True) -> Path:
    """Write a map to one HTML file, whole or not at all, the same bytes on every run.

    Parameters
    ----------
    m : folium.Map
        Any map.
    path : path
        Where; ``.html``.
    offline : bool
        Whether scripts and styles are written into the file, which then asks for nothing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OfflineAssetError
        If the map asks for something that is not installed, naming it.
    ExportError
        If the file cannot be written.

    Notes
    -----
    Every text that came in through this library is data, not code. Texts of folium's own
    elements (a Marker's popup, a Tooltip) are folium's: it runs them as templates when a map
    is saved, so do not put names there that others wrote.

    See Also
    --------
    folium.Map.save : asks ten addresses when opened, and runs names as code when saved.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import sample
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_map(area_map(sample.town()), f"{folder}/map.html")
    ...     file.stat().st_size < 250_000
    True
    """
    page = page_of(m)
    root = page.get_root()
    html = root.render(offline=offline)
    with whole_file(path) as draft:
        draft.write_text(html, encoding="utf-8", newline="\n")
    return Path(path)
