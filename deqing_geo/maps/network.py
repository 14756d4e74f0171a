"""What a network shows on a map: where streets end, links that would help, how far one gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.looks import named
from deqing_geo.maps import parts
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of
from deqing_geo.text import figure

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from deqing_geo.network import Reach

# A planner looks at the first; the table has all.
MOST_LISTED = 60


def add_dead_ends(m: folium.Map, ends: gpd.GeoDataFrame, *, show: bool = True) -> folium.Map:
    """Draw where streets end (断头路、疑似断头路、尽端路), each kind as a layer of its own.

    Parameters
    ----------
    m : folium.Map
        Of `road_map`, or any.
    ends : GeoDataFrame of Point
        Of `dead_ends`.
    show : bool
        Whether dead ends and suspected ones are switched on at first; cul-de-sacs and ends that
        a cut made are not.

    Returns
    -------
    folium.Map
        The same map.

    Raises
    ------
    CRSError
        If the ends have no CRS or cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import area_map, dead_ends, road_graph, sample
    >>> ends = dead_ends(road_graph(sample.roads()), sample.roads())
    >>> m = add_dead_ends(area_map(sample.villages()), ends)
    >>> "疑似断头路" in m.get_root().render()
    True
    """
    contents = page_of(m).contents
    places = _whole(parts.degrees(ends, "ends"))
    kinds = named.texts(ends, "end_kind")
    looks = parts.style()["end"]
    keys = [f"end#{label}" for label in ends.index]
    for word, called in names.vocabulary("end_kind").items():
        at = [row for row, kind in enumerate(kinds) if kind == word]
        if not at:
            continue
        look = looks[word]
        rows = ends.iloc[at]
        own = [keys[row] for row in at]
        heads = [f"{called} {label}" for label in rows.index]
        contents.name(own, heads)
        stories = _end_stories(rows)
        for key, said in zip(own, stories, strict=True):
            contents.tell(key, "", said)
        layer = f"{called}({len(at)})"
        tips = [[head, said[0][1]] for head, said in zip(heads, stories, strict=True)]
        payload = _marked([places[row] for row in at], look, tips, own)
        m.add_child(ShapeLayer(layer, payload, show=show and look["show"]))
        entry = {"round": True, "fill": look["fill"], "color": look["color"], "weight": 1.5}
        legend = {"layer": layer, "title": "", "unit": "", "close": True}
        contents.legends.append({**legend, "entries": [{**entry, "label": layer}]})
    if len(ends) == 0:
        look = next(iter(looks.values()))
        label = f"{names.word('roads.ends')}({names.word('map.nothing')})"
        entry = {"round": True, "fill": look["fill"], "color": look["color"], "weight": 1.5}
        contents.legends.append(
            {"layer": "", "title": "", "unit": "", "entries": [{**entry, "label": label}]}
        )
    _carry(contents, ends)
    return m


def add_links(m: folium.Map, links: gpd.GeoDataFrame, *, show: bool = True) -> folium.Map:
    """Draw suggested links (建议打通路段) in their order, with a list that leads to each.

    Parameters
    ----------
    m : folium.Map
        Of `road_map`, or any.
    links : GeoDataFrame of LineString
        Of `suggest_links`.
    show : bool
        Whether they are switched on at first.

    Returns
    -------
    folium.Map
        The same map. The links are suggestions, no plan, and the page says so.

    Raises
    ------
    CRSError
        If the links have no CRS or cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import area_map, road_graph, sample, suggest_links
    >>> links = suggest_links(road_graph(sample.roads()), sample.roads())
    >>> m = add_links(area_map(sample.villages()), links)
    >>> "建议连通道路" in m.get_root().render()
    True
    """
    contents = page_of(m).contents
    shapes = parts.degrees(links, "links")
    look = parts.style()["link"]
    layer = names.word("layer.links")
    keys = [f"link#{label}" for label in links.index]
    stories = _link_stories(links)
    heads = [f"{layer} {rank}" for rank in range(1, len(links) + 1)]
    contents.name(keys, heads)
    for key, said in zip(keys, stories, strict=True):
        contents.tell(key, "", said)
    tips = [
        [head, *(f"{label} {value}".strip() for label, value in said[:3])]
        for head, said in zip(heads, stories, strict=True)
    ]
    payload = {
        "area": False,
        "unit": UNIT,
        "shapes": encode(shapes),
        "styles": [{"color": look["color"], "weight": look["weight"], "dashArray": look["dash"]}],
        "use": [0] * len(links),
        "marks": _whole(shapely.line_interpolate_point(shapes, 0.5, normalized=True)),
        "markStyles": [_mark(look)],
        "tips": tips,
        "keys": keys,
    }
    m.add_child(ShapeLayer(layer, payload, show=show))
    entry = {"line": True, "dash": True, "color": look["color"], "weight": look["weight"]}
    legend = {"layer": layer, "title": "", "unit": ""}
    label = layer if len(links) else f"{layer}({names.word('map.nothing')})"
    contents.legends.append({**legend, "entries": [{**entry, "label": label}]})
    if contents.listing is None and len(links):
        items = [
            {"key": key, "entry": {"round": True, **_dot(look)}, "texts": tip}
            for key, tip in zip(keys[:MOST_LISTED], tips, strict=False)
        ]
        contents.listing = {"title": f"{layer}({len(links)})", "items": items}
    _carry(contents, links)
    return m


def add_reach(m: folium.Map, reach: Reach, *, show: bool = True) -> folium.Map:
    """Draw how far one gets along the roads (路网可达范围).

    Parameters
    ----------
    m : folium.Map
        Of `road_map`, or any.
    reach : Reach
        Of `reach`; of several sources each by itself, all are drawn together.
    show : bool
        Whether it is switched on at first.

    Returns
    -------
    folium.Map
        The same map: roads from near to far, in five steps.

    Raises
    ------
    CRSError
        If the lines have no CRS or cannot be brought to degrees.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from deqing_geo import area_map, reach, road_graph, sample
    >>> west = shapely.points([[sample.X0, sample.Y0 + 500]])
    >>> gate = gpd.GeoDataFrame(geometry=west, crs=sample.CRS)
    >>> near = reach(road_graph(sample.roads()), gate, 800)
    >>> m = add_reach(area_map(sample.villages()), near)
    >>> "640 - 800 米" in m.get_root().render()
    True
    """
    contents = page_of(m).contents
    lines = reach.lines
    column, unit = ("to_m", "米") if reach.unit == "m" else ("to_min", "分钟")
    ramp, weight = parts.style()["reach"]["ramp"], parts.style()["reach"]["weight"]
    steps = np.linspace(0, reach.limit, len(ramp) + 1)
    far = lines[[column.replace("to", "from"), column]].to_numpy(dtype=float).max(axis=1)
    use = np.clip(np.searchsorted(steps, far, "left") - 1, 0, len(ramp) - 1)
    order = np.argsort(-far, kind="stable")
    layer = names.word("layer.reach")
    payload = {
        "area": False,
        "unit": UNIT,
        "shapes": encode(parts.degrees(lines.iloc[order], "reach")),
        "styles": [{"color": colour, "weight": weight, "opacity": 0.9} for colour in ramp],
        "use": use[order].tolist(),
        "tips": [[layer, f"{figure(one, 0)} {unit}"] for one in far[order].tolist()],
    }
    m.add_child(ShapeLayer(layer, payload, show=show))
    entries = [
        {"line": True, "color": colour, "weight": weight, "label": f"{low:g} - {high:g} {unit}"}
        for colour, low, high in zip(ramp, steps[:-1].tolist(), steps[1:].tolist(), strict=True)
    ]
    empty = "" if len(lines) else names.word("map.nothing")
    contents.legends.append({"layer": layer, "title": layer, "unit": empty, "entries": entries})
    parts.notice(contents, reach.notices)
    parts.credit(contents, reach.origins)
    return m


def _end_stories(rows: pd.DataFrame) -> list[list[tuple[str, str]]]:
    """Of each end: its street, and what would lead on."""
    kinds = names.vocabulary("road_class")
    out = []
    columns = ("road_name", "road_class", "planned_name", "planned_m")
    told = [named.texts(rows, column) for column in columns]
    for called, word, planned, metres in zip(*told, strict=True):
        street = [text for text in (called, kinds.get(word, word)) if text]
        said = [(names.label("road_name"), " ".join(street))]
        if planned or metres:
            far = f"{figure(float(metres), 1)} 米" if metres else ""
            said.append(
                (names.label("planned_name"), " ".join(one for one in (planned, far) if one))
            )
        out.append(said)
    return out


def _link_stories(links: pd.DataFrame) -> list[list[tuple[str, str]]]:
    """Of each link: from where to where, how long, and what it saves."""
    out = []
    for _, row in links.iterrows():
        ends = [_called(row[name], row[label]) for name, label in
                (("road_name", "road"), ("to_name", "to_road"))]  # fmt: skip
        said = [
            ("", " - ".join(ends)),
            (names.label("link_m"), f"{figure(row['link_m'], 0)} 米"),
            (names.label("link_effect"), str(row["link_effect"])),
        ]
        if row["barriers"]:
            said.append((names.label("barriers"), str(row["barriers"])))
        for column in ("on_plan", "plan_leads_on"):
            if row[column]:
                said.append((names.label(column), _called(row["planned_name"], "是")))
        if "density_gain" in links:
            gain = figure(row["density_gain"], 4)
            said.append((names.label("density_gain"), f"{gain} 公里/平方公里"))
        out.append(said)
    return out


def _called(name: Any, otherwise: Any) -> str:
    if name is None or name != name or not str(name):
        return str(otherwise) if isinstance(otherwise, str) else f"#{otherwise}"
    return str(name)


def _marked(
    places: list[Any], look: dict[str, Any], tips: list[list[str]], keys: list[str]
) -> dict[str, Any]:
    return {
        "area": False,
        "unit": UNIT,
        "shapes": [None] * len(places),
        "styles": [{}],
        "use": [0] * len(places),
        "marks": places,
        "markStyles": [_mark(look)],
        "tips": tips,
        "keys": keys,
    }


def _mark(look: dict[str, Any]) -> dict[str, Any]:
    return {
        "radius": look["radius"],
        "color": look["color"],
        "weight": 1.5,
        "fillColor": look["fill"],
        "fillOpacity": 1,
        "ring": look["color"],
    }


def _dot(look: dict[str, Any]) -> dict[str, Any]:
    return {"fill": look["fill"], "color": look["color"], "weight": 1.5}


def _whole(points: NDArray[Any]) -> list[list[int]]:
    whole: list[list[int]] = np.round(shapely.get_coordinates(points) * UNIT).astype(int).tolist()
    return whole


def _carry(contents: Any, frame: gpd.GeoDataFrame) -> None:
    """What the frame says of itself stands at the foot."""
    said = [text for text in str(frame.attrs.get("notice", "")).split(";") if text]
    parts.notice(contents, said)
    if frame.attrs.get("definition"):
        contents.foot(str(frame.attrs["definition"]))
    for text in said:
        if text != names.word("notice.schematic"):
            contents.foot(text, "dg-notice")
