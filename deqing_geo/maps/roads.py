"""Road maps: density by area, roads by class, and what counts of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.checks import require_words
from deqing_geo.looks import named
from deqing_geo.looks.classes import Breaks, limits
from deqing_geo.maps import parts
from deqing_geo.maps.areas import area_map
from deqing_geo.maps.finding import gathered
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of
from deqing_geo.provenance import origins
from deqing_geo.text import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import folium
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.roads import RoadDensity
    from deqing_geo.standards import Definition

# How far around the areas roads are drawn, as a part of their breadth.
AROUND = 0.1
# So many classes that do not count have a line each in the legend; more share one.
NAMED = 4


def add_density(
    m: folium.Map, density: RoadDensity, *, breaks: Breaks = None, show: bool = True
) -> folium.Map:
    """Colour the areas by their road density (路网密度).

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any.
    density : RoadDensity
        The result to show.
    breaks : "quantiles", "jenks", another scheme or list of float, optional
        Limits of the classes; by default round ones of equal width. "quantiles" puts about as
        many areas in each class, "jenks" keeps what is alike together, a list gives the limits
        themselves; any other name is looked up in mapclassify, if that is installed. The legend
        says which.
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
    InputError
        If there is no such scheme, or the limits do not rise or begin above a value.

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
    keys, labels = parts.keys(table), named.labels(table)
    contents.name(keys, labels)
    values = density.series.to_numpy(dtype=float)
    land = table["area_km2"].to_numpy(dtype=float)
    edges, scheme = limits(values, land, breaks)
    ramp, look = parts.style()["density"]["ramp"], parts.style()["area"]
    colours = [*ramp[: len(edges) - 1], parts.style()["density"]["no_data"]]
    use = np.where(
        np.isnan(values),
        len(colours) - 1,
        np.clip(np.searchsorted(edges, values, "right") - 1, 0, len(edges) - 2),
    )
    styles = [
        {"color": look["color"], "weight": look["weight"], "fillColor": colour, "fillOpacity": 0.85}
        for colour in colours
    ]
    measure = density.definition.measure
    unit = names.registry()[measure].unit_zh
    layer = names.label(measure) if measure != "road_density" else names.word("layer.density")
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
        for colour, low, high in zip(colours, edges, edges[1:], strict=False)
    ]
    if len(table) == 0:
        entries = [{**entries[0], "label": names.word("map.nothing")}]
    if np.nanmax(values, initial=0.0) > edges[-1]:
        entries[-1]["label"] = f"{edges[-2]:g} {names.word('map.and_more')}"
    if np.isnan(values).any():
        entries.append(
            {"fill": colours[-1], "color": look["color"], "label": names.word("map.no_data")}
        )
    for at, entry in enumerate(entries):
        entry["amount"] = named.amount(land[use == at], 100)
    contents.legends.append(
        {
            "layer": layer,
            "title": layer,
            "unit": f"{unit},{scheme}",
            "entries": entries,
        }
    )
    for at, key in enumerate(keys):
        row = table.iloc[at]
        contents.tell(
            key,
            layer,
            [
                (names.label(measure), f"{shown[at]} {unit}"),
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
    contents.headlines.append((names.label(measure), density.headline))
    parts.carry(contents, layer, density)
    return m


def add_roads(
    m: folium.Map,
    roads: gpd.GeoDataFrame,
    *,
    by: Definition | None = None,
    name: str | None = None,
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
    name : str, optional
        What the layer is called: two sets of roads on one map need two names.
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
    status = named.texts(roads, "road_status")
    late = np.array([word not in ("", "built") for word in status], dtype=bool)
    kinds, states = names.vocabulary("road_class"), names.vocabulary("road_status")
    tips = [
        [line for line in (called, kinds[word], states.get(state, state)) if line]
        for called, word, state in zip(named.texts(roads, "road_name"), words, status, strict=True)
    ]
    layer = name or names.word("layer.roads")
    contents = page_of(m).contents
    called = named.texts(roads, "road_name")
    # Two sets of roads on one map must not tell each other's stories.
    many = sum(one.kind == names.word("map.roads") for one in contents.places)
    keys = [f"road#{many}#{at}" if one else None for at, one in enumerate(called)]
    contents.places += gathered(called, [key or "" for key in keys], names.word("map.roads"))
    _draw(m, _Drawn(roads, words, late, tips, keys), by, layer, show=show)
    parts.notice(contents, [str(roads.attrs["notice"])] if roads.attrs.get("notice") else [])
    parts.credit(contents, origins(roads=roads))
    return m


def road_map(
    density: RoadDensity,
    *,
    title: str = "建成区路网图",
    view: gpd.GeoDataFrame | None = None,
) -> folium.Map:
    """The roads behind a density, each by its class, and at a click whether it counts.

    Parameters
    ----------
    density : RoadDensity
        Of `road_density`; the roads it was counted from are drawn around its areas.
    title : str
        Shown on the map and as the page's title.
    view : GeoDataFrame, optional
        What the map opens on; by default the areas.

    Returns
    -------
    folium.Map
        Roads by class, what does not count in grey, areas by density switched off at first;
        ready for `add_dead_ends`, `add_links`, `add_reach`, `add_layer` and `save_map`.

    Raises
    ------
    CRSError
        If the result cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import road_density, sample
    >>> m = road_map(road_density(sample.villages(), sample.roads()), title="纸上镇路网图")
    >>> "界巷" in m.get_root().render()
    True
    """
    m = area_map(density.table, title=title, fill=False, view=view)
    # Roads are the matter of this map; colours under them would drown the thin ones.
    add_density(m, density, show=False)
    contents = page_of(m).contents
    basis = density.basis
    roads = basis.roads
    box = shapely.bounds(np.asarray(roads.geometry.array, dtype=object))
    west, south, east, north = density.table.total_bounds
    margin = AROUND * max(east - west, north - south)
    near = (
        (box[:, 0] <= east + margin)
        & (box[:, 2] >= west - margin)
        & (box[:, 1] <= north + margin)
        & (box[:, 3] >= south - margin)
    )
    at = np.flatnonzero(near)
    frame, words = roads.iloc[at], basis.standing.classes[at]
    late = ~basis.standing.open[at]
    keys = [f"road#{row}" for row in at.tolist()]
    told = _told(density)
    stories = [told.get(row, []) for row in at.tolist()]
    kinds, states = names.vocabulary("road_class"), names.vocabulary("road_status")
    called = named.texts(frame, "road_name")
    status = basis.standing.status[at].tolist()
    tips = [
        [line for line in (one, kinds[word], states.get(state, state), *said[:1]) if line]
        for one, word, state, said in zip(called, words, status, stories, strict=True)
    ]
    contents.name(keys, [one or kinds[word] for one, word in zip(called, words, strict=True)])
    facts = [named.texts(frame, column) for column in ("opened_on", "road_width_m")]
    rows = zip(keys, words, status, *facts, stories, strict=True)
    for key, word, state, opened, width, said in rows:
        pairs = [
            (names.label("road_class"), kinds[word]),
            (names.label("road_status"), states.get(state, state)),
            (names.label("opened_on"), opened),
            (names.label("road_width_m"), f"{width} 米" if width else ""),
        ]
        contents.tell(key, "", [pair for pair in pairs if pair[1]], ";".join(said))
    contents.places += gathered(called, keys, names.word("map.roads"))
    contents.seek = names.word("map.seek_roads")
    layer = names.word("layer.roads")
    inside = np.isin(at, list(told))
    _draw(m, _Drawn(frame, words, late, tips, keys, inside), density.definition, layer)
    return m


def _told(density: RoadDensity) -> dict[int, list[str]]:
    """Of each road, by its row: what of it counts, and what does not and why."""
    rows = density.by_road
    rows = rows[rows["area"].notna()]
    km = rows.groupby(["road_row", "not_counted"], sort=True)["road_km"].sum()
    why = names.vocabulary("not_counted")
    out: dict[int, list[str]] = {}
    at, reasons = (km.index.get_level_values(level) for level in (0, 1))
    for row, reason, length in zip(at, reasons, km.to_list(), strict=True):
        said = f"不计入:{why[reason]}" if reason else "计入"
        out.setdefault(int(row), []).append(f"{said} {figure(length)} 公里")
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Roads to draw: class, whether not open yet, tooltips; keys and whether in the areas."""

    frame: gpd.GeoDataFrame
    words: NDArray[Any]
    late: NDArray[np.bool_]
    tips: list[list[str]]
    keys: Sequence[str | None] | None = None
    inside: NDArray[np.bool_] | None = None


def _draw(
    m: folium.Map, roads: _Drawn, by: Definition | None, layer: str, *, show: bool = True
) -> None:
    """Lines by class with their legend; what a definition does not count in grey."""
    order = {word: at for at, word in enumerate(names.vocabulary("road_class"))}
    inside = np.ones(len(roads.words), dtype=bool) if roads.inside is None else roads.inside
    # Big roads last, so that they lie on top; what lies outside the areas first.
    drawn = np.lexsort((np.array([-order[word] for word in roads.words], dtype=int), inside))
    words, late, inside = roads.words[drawn], roads.late[drawn], inside[drawn]
    present = [word for word in order if (words == word).any()]
    looks = parts.style()["road"]
    grey = parts.style()["not_counted"]["color"]
    counts = set(present) if by is None else set(by.counts["roads"])
    styles, entries = [], []
    rest = [word for word in present if word not in counts and (words[inside] == word).any()]
    for word in present:
        look = looks[word]
        colour = look["color"] if word in counts else grey
        styles.append({"color": colour, "weight": look["weight"], "opacity": 0.95})
        if not (words[inside] == word).any() or (len(rest) > NAMED and word in rest):
            continue
        suffix = "" if word in counts else "(不计入)"
        label = f"{names.vocabulary('road_class')[word]}{suffix}"
        entries.append({"line": True, "color": colour, "weight": look["weight"], "label": label})
    if len(rest) > NAMED:
        label = names.word("map.other_classes")
        entries.append({"line": True, "color": grey, "weight": 1.5, "label": label})
    # Not yet open: dashed in the colour of the class to be. Outside the areas: a trace.
    styles += [{**style, "dashArray": "6 5"} for style in styles]
    styles += [{**style, "color": grey, "weight": 1, "opacity": 0.5} for style in styles]
    if late[inside].any():
        label = "在建、规划(虚线,不计入)"
        entries.append({"line": True, "dash": True, "color": grey, "weight": 1.5, "label": label})
    if not inside.all():
        label = names.word("map.roads_outside")
        entries.append({"line": True, "color": "#cccccc", "weight": 1, "label": label})
    payload = {
        "area": False,
        "unit": UNIT,
        "shapes": encode(parts.degrees(roads.frame.iloc[drawn], "roads")),
        "styles": styles,
        "use": [
            present.index(word) + len(present) * (bool(wait) + 2 * (not here))
            for word, wait, here in zip(words, late, inside, strict=True)
        ],
        "tips": [roads.tips[at] for at in drawn.tolist()],
    }
    if roads.keys is not None:
        payload["keys"] = [roads.keys[at] for at in drawn.tolist()]
    m.add_child(ShapeLayer(layer, payload, show=show))
    if not len(words):
        label = f"{layer}({names.word('map.nothing')})"
        entries.append({"line": True, "color": grey, "weight": 1.5, "label": label})
    if entries:
        title = layer if len(words) else ""
        legend = {"layer": layer, "title": title, "unit": "", "entries": entries}
        page_of(m).contents.legends.append(legend)
