"""Parks on a map, what they serve and what they leave out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names
from deqing_geo.maps import parts
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of
from deqing_geo.text import figure, percent

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

    from deqing_geo.coverage import Coverage


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
