"""Parks on a map, what they serve and leave out, and where the next ones are proposed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.coverage.basis import LIVING
from deqing_geo.looks import named
from deqing_geo.maps import parts
from deqing_geo.maps.areas import area_map
from deqing_geo.maps.finding import gathered
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of
from deqing_geo.text import figure, percent

# Columns a site's story does not repeat: its heading has them, or the map shows them.
M2_PER_HA = 10_000
UNTOLD = ("candidate", "area", "easting", "northing", "remarks", "geometry")
# Where a site lies, the nearest first, as far as known.
WHERE = ("town_name", "village_name", "zone_name", "road_name")

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from deqing_geo.coverage import Coverage
    from deqing_geo.siting import Siting


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
    >>> from deqing_geo import area_map, park_coverage, sample
    >>> villages = sample.villages()
    >>> coverage = park_coverage(villages, sample.parks(), sample.homes())
    >>> m = add_coverage(area_map(villages), coverage)
    >>> "袖珍园" in m.get_root().render()
    True
    """
    contents = page_of(m).contents
    style = parts.style()
    title, unit = names.label(coverage.measure), "公顷" if coverage.unit == "ha" else ""
    keys = parts.keys(coverage.table)
    contents.name(keys, named.labels(coverage.table))
    key_of = dict(zip(coverage.table.index, keys, strict=True))
    if contents.bounds is None:
        parts.look_at(m, parts.degrees(coverage.table, "coverage"))

    sized = {
        "served": f"served_{coverage.unit}",
        "gap": f"gap_{coverage.unit}",
        "park": coverage.basis.called.size,
    }

    def draw(
        key: str,
        frame: gpd.GeoDataFrame,
        tips: list[list[str]],
        faint: NDArray[np.bool_] | None = None,
        of: list[str] | None = None,
        **options: Any,
    ) -> None:
        also = options.pop("also", None)
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
        shapes = parts.degrees(frame, key)
        kinds = shapely.get_dimensions(shapes)
        round_: dict[str, Any] = {"radius": style["layer"]["facility"]["radius"]}
        # Facilities of several kinds of shapes, and places, are drawn as dots.
        dots = len(np.unique(kinds[kinds >= 0])) > 1 or bool((kinds == 0).any())
        drawn: Any
        if dots:
            drawn = [None if place is None else list(place) for place in parts.places(shapes)]
        else:
            drawn = encode(shapes)
        payload = {
            "area": (kinds == 2).tolist(),
            "unit": UNIT,
            "shapes": drawn,
            "styles": [path | round_, {**path, **round_, "fillOpacity": 0.15, "dashArray": "3 3"}],
            "use": [0] * len(frame) if faint is None else faint.astype(int).tolist(),
            "tips": tips,
            "keys": of
            if of is not None
            else [key_of[one] for one in frame["area"]]
            if "area" in frame
            else None,
            **({"points": True} if dots else {}),
            **({"also": also} if also is not None else {}),
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
        column = sized.get(key)
        if column in frame and unit and len(frame):
            size = frame[column].to_numpy(dtype=float) / (M2_PER_HA if key == "park" else 1)
            entry["amount"] = named.amount(size if faint is None else size[~faint])
            if faint is not None and faint.any():
                entries[1]["amount"] = named.amount(size[faint])
        contents.legends.append({"layer": layer, "title": "", "unit": "", "entries": entries})

    near = names.word("layer.service_area")
    around = coverage.service_area
    draw("service_area", around, [[near]] * len(around), opacity=0.10, dash="5 4")
    served, gaps = coverage.served, coverage.gaps
    draw(
        "served", served, _tips(served, names.word("layer.served"), f"served_{coverage.unit}", unit)
    )
    draw("gap", gaps, _tips(gaps, names.word("layer.gaps"), f"gap_{coverage.unit}", unit))
    parks, called = coverage.parks, coverage.basis.called
    reach = coverage.by_park
    park_keys = parts.keys(parks)
    contents.name(park_keys, [str(one) for one in reach[called.name]])
    tips = []
    for at, (name, size, radius, why) in enumerate(
        zip(
            named.texts(parks, called.name),
            parks[called.size],
            parks["service_radius"],
            parks["not_counted_reason"],
            strict=True,
        )
    ):
        kind = ""
        if called.klass in parks:
            word = str(parks[called.klass].iloc[at])
            kind = names.vocabulary(called.klass).get(word, word)
        counts = isinstance(why, float) or why is None
        verdict = f"服务半径 {radius:g} 米" if counts else f"不计入:{why}"
        area = f"{figure(size, 0)} 平方米" if size > 0 else ""
        tips.append([line for line in (name, kind, area, verdict) if line])
        rows = [(names.label("service_radius"), verdict)]
        for column in (f"served_{coverage.unit}", f"alone_{coverage.unit}"):
            rows.append((names.label(column), f"{figure(reach[column].iloc[at])} {unit}".strip()))
        contents.tell(park_keys[at], names.label(called.name), rows if counts else rows[:1])
    faint = ~parks["counted"].to_numpy(dtype=bool)
    contents.places += gathered(named.texts(parks, called.name), park_keys, names.word("map.parks"))
    draw("park", parks, tips, faint, park_keys, opacity=0.9, also=_also(coverage, style["gap"]))
    for at, key in enumerate(keys):
        row = coverage.table.iloc[at]
        share = row[coverage.measure]
        told = percent(share, against=coverage.goals)
        rows = [(title, told if not math.isnan(share) else "无居住用地")]
        rows += [
            (names.label(column), f"{figure(row[column])} {unit}".strip())
            for column in (f"{one}_{coverage.unit}" for one in ("demand", "served", "gap"))
        ]
        if coverage.walking is not None:
            rows.append((names.label("walking_coverage"), percent(row["walking_coverage"])))
        contents.tell(key, title, rows)
    contents.headlines.append((title, coverage.headline))
    if coverage.walking is not None:
        contents.headlines.append((names.label("walking_coverage"), coverage.walking.headline))
    parts.carry(contents, title, coverage)
    return m


def coverage_map(
    coverage: Coverage, *, title: str = "", areas: gpd.GeoDataFrame | None = None
) -> folium.Map:
    """A coverage on a map of its own: parks, what they serve, and the gaps (服务半径覆盖图).

    A click on a park shows what it alone serves, a click on a gap its area's figures; pointing at
    a gap names the nearest park.

    Parameters
    ----------
    coverage : Coverage
        The result to show.
    title : str
        Shown on the map; by default the name of the figure.
    areas : GeoDataFrame of Polygon, optional
        Drawn under it; by default the areas of the coverage.

    Returns
    -------
    folium.Map
        Whoever wants more may go on with `add_sites`, `add_layer` or folium.

    Raises
    ------
    CRSError
        If the result or the areas cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import park_coverage, sample
    >>> coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
    >>> m = coverage_map(coverage)
    >>> "最近:小公园" in m.get_root().render()
    True
    """
    under = coverage.table if areas is None else areas
    m = area_map(under, title=title or names.label(coverage.measure))
    return add_coverage(m, coverage)


def _tips(frame: gpd.GeoDataFrame, word: str, column: str, unit: str) -> list[list[str]]:
    """What pointing at a piece says: how much it is, who lives there, and the nearest park."""
    tips = [[word, f"{figure(amount)} {unit}".strip()] for amount in frame[column]]
    for column in LIVING:
        if column in frame:
            for tip, count in zip(tips, frame[column], strict=True):
                if count == count:
                    tip.append(f"{names.label(column)} {figure(count, 0)}")
    if "nearest_name" in frame:
        for tip, name, metres in zip(tips, frame["nearest_name"], frame["nearest_m"], strict=True):
            if name:
                tip.append(f"最近:{name} {figure(metres, 0)} 米")
    return tips


def _also(coverage: Coverage, look: dict[str, Any]) -> dict[str, Any] | None:
    """What each park alone serves, drawn while its story is open."""
    if coverage.basis.demand.as_points:
        return None
    alone = coverage.alone
    rows = alone["park_row"].to_numpy()
    mine = [np.flatnonzero(rows == park).tolist() for park in range(len(coverage.parks))]
    order = [at for one in mine for at in one]
    place = {at: number for number, at in enumerate(order)}
    of = [[place[at] for at in one] for one in mine]
    shapes = encode(parts.degrees(alone, "alone")[order])
    style = {"color": look["color"], "weight": 2, "fillColor": look["fill"], "fillOpacity": 0.35}
    return {"shapes": shapes, "of": of, "style": style}


def add_sites(m: folium.Map, siting: Siting, *, show: bool = True) -> folium.Map:
    """Draw the proposed sites as numbered circles, with the homes each newly serves.

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any; `add_coverage` before it shows what they add to.
    siting : Siting
        Of `suggest_parks`.
    show : bool
        Whether it is switched on at first.

    Returns
    -------
    folium.Map
        The same map, with the sites listed in order beside it unless something else is.

    Raises
    ------
    CRSError
        If the result cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import area_map, park_coverage, sample, suggest_parks
    >>> villages = sample.villages()
    >>> coverage = park_coverage(villages, sample.parks(), sample.homes())
    >>> siting = suggest_parks(coverage, target=0.9, grid_m=100)
    >>> m = add_sites(area_map(villages), siting)
    >>> "建议选址,不是规划" in m.get_root().render()
    True
    """
    contents = page_of(m).contents
    style = parts.style()
    sites, served = siting.sites, siting.served
    layer, gained = names.word("layer.sites"), names.word("layer.newly_served")
    if contents.bounds is None:
        parts.look_at(m, parts.degrees(siting.table, "siting"))
    look = style["newly_served"]
    payload = {
        "area": True,
        "unit": UNIT,
        "shapes": encode(parts.degrees(served, "served")),
        "styles": [_path(look)],
        "use": [0] * len(served),
        "tips": [
            [gained, f"{names.label('rank')} {rank}", f"{figure(ha)} 公顷"]
            for rank, ha in zip(served["rank"], served["gain_ha"], strict=True)
        ],
    }
    m.add_child(ShapeLayer(gained, payload, show=show))
    contents.legends.append(_legend(gained, look, len(served)))

    look, mark = style["site"], style["site"]["mark"]
    shapes = parts.degrees(sites, "sites")
    places, keys = parts.places(shapes), parts.keys(sites)
    heads = [_head(rank, row) for rank, row in sites.iterrows()]
    brings = [
        f"{names.label('gain_ha')} {figure(row.gain_ha)} 公顷,"
        f"{names.label('coverage_after')} {percent(row.coverage_after, against=siting.goals)}"
        for row in sites.itertuples()
    ]
    payload = {
        "area": True,
        "unit": UNIT,
        "shapes": encode(shapes),
        "styles": [_path(look)],
        "use": [0] * len(sites),
        "tips": [[head, bring] for head, bring in zip(heads, brings, strict=True)],
        "keys": keys,
        "marks": places,
        "markStyles": [
            {
                "radius": mark["radius"],
                "color": mark["color"],
                "weight": mark["weight"],
                "fillColor": mark["fill"],
                "fillOpacity": 1,
                "ring": mark["fill"],
            }
        ],
        "labels": [
            [*place, str(rank)]
            for place, rank in zip(places, sites.index, strict=True)
            if place is not None
        ],
        "numbers": True,
    }
    m.add_child(ShapeLayer(layer, payload, show=show))
    dot = {"round": True, "fill": mark["fill"], "color": mark["fill"], "weight": 1}
    contents.legends.append(_legend(layer, dot, len(sites)))
    contents.name(keys, heads)
    for key, (_, row) in zip(keys, sites.iterrows(), strict=True):
        contents.tell(key, layer, _told(row, siting.goals))
        if row["remarks"]:
            contents.tell(key, names.label("remarks"), [], str(row["remarks"]))
    if contents.listing is None and len(sites):
        contents.listing = {
            "title": layer,
            "items": [
                {"entry": dot, "texts": [head, bring], "key": key}
                for head, bring, key in zip(heads, brings, keys, strict=True)
            ],
        }
    contents.headlines.append((layer, siting.headline))
    contents.foot(f"{names.word('siting.proof')}:{siting.proof}")
    parts.carry(contents, layer, siting)
    return m


def _path(look: dict[str, Any]) -> dict[str, Any]:
    """A style of ours as Leaflet calls it."""
    return {
        "color": look["color"],
        "weight": look["weight"],
        "fillColor": look["fill"],
        "fillOpacity": look["opacity"],
    }


def _legend(layer: str, look: dict[str, Any], count: int) -> dict[str, Any]:
    """A section of one entry, which says so where nothing is drawn."""
    entry = {
        "fill": look["fill"],
        "color": look["color"],
        "round": bool(look.get("round")),
        "label": layer if count else f"{layer}({names.word('map.nothing')})",
    }
    return {"layer": layer, "title": "", "unit": "", "entries": [entry]}


def _head(rank: object, row: pd.Series[Any]) -> str:
    """Number and place of a site, in one line."""
    where = [str(row[name]) for name in WHERE if isinstance(row.get(name), str)]
    return " ".join([f"{rank}.", *(where or [str(row["candidate"])])])


def _told(row: pd.Series[Any], goals: tuple[float, ...]) -> list[tuple[str, str]]:
    """What is known of a site, by the labels of its columns."""
    out = [(names.label("candidate"), str(row["candidate"]))]
    for name, value in row.items():
        column = names.registry().get(str(name))
        if column is None or name in UNTOLD or value is None or value != value:
            continue
        if isinstance(value, str):
            shown = value
        elif column.unit == "ratio":
            shown = percent(float(value), against=goals)
        else:
            decimals = 2 if column.unit == "ha" else 0
            shown = f"{figure(float(value), decimals)} {column.unit_zh}".rstrip()
        out.append((column.zh, shown))
    return out
