"""Where the plan's targets lie on the ground: what counts, what is lacking, what to solve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.looks import named
from deqing_geo.maps import parts
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import folium
    import geopandas as gpd

    from deqing_geo.progress import Scorecard

POINTS, LINES = 0, 1
# What a planner looks for first is what is not there yet.
FIRST = ("to_solve", "lacking", "unknown", "counted")
TOLD = (
    "town_name", "facility_class", "road_class", "park_class", "planned_name", "opened_on",
)  # fmt: skip
NAMES = ("village_name", "facility_name", "park_name", "road_name")


def add_targets(
    m: folium.Map,
    card: Scorecard,
    *,
    targets: Sequence[str] | None = None,
    show: Sequence[str] | None = None,
) -> folium.Map:
    """Draw where targets of the plan lie (核心指标落图): villages without a stop, dead ends, gaps.

    Each target is a layer for each state, with its count in the legend: 缺 and 待解决 strong,
    计入 pale. At a click a place says which target it belongs to and how that stands.

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any.
    card : Scorecard
        Of `deqing_geo.scorecard`, made of results that have shapes; what was only filled in has
        no place.
    targets : sequence of str, optional
        Keys of the targets to draw; by default all that have places.
    show : sequence of str, optional
        Keys of those that are switched on at first; by default the first one with something
        lacking, or else the first.

    Returns
    -------
    folium.Map
        The same map.

    Raises
    ------
    InputError
        If a target is not on the scorecard, or has no places.
    CRSError
        If places cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import area_map, park_coverage, sample, scorecard, standards
    >>> zone = sample.zone()
    >>> coverage = park_coverage(zone, sample.parks(), sample.homes())
    >>> card = scorecard(coverage, law=standards.load())
    >>> m = add_targets(area_map(zone), card)
    >>> "公园绿地服务半径覆盖率:缺" in m.get_root().render()
    True
    """
    places = card.places
    for given in (targets or (), show or ()):
        if strange := [key for key in given if key not in places]:
            raise InputError(
                f"No places are known of {', '.join(strange)}; there are {', '.join(places)}."
            )
    wanted = [key for key in places if targets is None or key in targets]
    contents = page_of(m).contents
    on = set(_first(places, wanted) if show is None else show)
    drawn: list[str] = []
    for key in wanted:
        drawn += _draw(m, card.table.loc[key], key, places[key], on=key in on)
    if not drawn:
        label = f"{names.word('layer.targets')}({names.word('map.nothing')})"
        contents.legends.append(
            {"layer": "", "title": "", "unit": "", "entries": [{"line": True, "color": "#888888",
                                                                "label": label}]}
        )  # fmt: skip
    contents.headlines.append((names.word("page.scorecard"), card.headline))
    parts.notice(contents, card.notices)
    for key in wanted:
        row = card.table.loc[key]
        contents.foot(f"{row['indicator_zh']}{names.word('map.definition')}:{row['definition']}")
    rest = [text for text in card.notices if text != names.word("notice.schematic")]
    if rest:
        contents.foot(";".join(rest), "dg-notice")
    return m


def _first(places: dict[str, gpd.GeoDataFrame], wanted: Sequence[str]) -> list[str]:
    for state in FIRST:
        for key in wanted:
            if (places[key]["place_state"] == state).any():
                return [key]
    return list(wanted[:1])


def _draw(m: folium.Map, row: Any, key: str, frame: gpd.GeoDataFrame, *, on: bool) -> list[str]:
    """A layer for each state of one target."""
    contents = page_of(m).contents
    shapes = parts.degrees(frame, key)
    states = frame["place_state"].to_numpy(dtype=object)
    labels, stories = _labels(frame), _stories(frame, row)
    keys = [f"{key}#{at}" for at in range(len(frame))]
    looks = parts.style()["target"]
    words = names.vocabulary("place_state")
    made = []
    for state in FIRST:
        at = np.flatnonzero(states == state)
        if not len(at):
            continue
        look = looks[state]
        head = f"{row['indicator_zh']}:{words[state]}"
        layer = f"{head}({len(at)})"
        own = [keys[one] for one in at]
        contents.name(own, [labels[one] or head for one in at])
        for one in at:
            contents.tell(keys[one], head, stories[one])
        payload = _payload(shapes[at], look)
        payload |= {"tips": [[text for text in (labels[one], head) if text] for one in at],
                    "keys": own}  # fmt: skip
        # What counts already is there to be switched on.
        m.add_child(ShapeLayer(layer, payload, show=on and state != "counted"))
        contents.legends.append(
            {"layer": layer, "title": "", "unit": "", "entries": [_entry(shapes[at], look, layer)]}
        )
        made.append(layer)
    return made


def _payload(shapes: Any, look: dict[str, Any]) -> dict[str, Any]:
    kinds = shapely.get_dimensions(shapes)
    path = {
        "color": look["color"],
        "weight": look["weight"],
        "fillColor": look["fill"],
        "fillOpacity": look["opacity"],
    }
    if (kinds == POINTS).all():
        at = np.round(shapely.get_coordinates(shapely.centroid(shapes)) * UNIT).astype(int)
        mark = {"radius": look["radius"], "color": look["color"], "weight": 1.5,
                "fillColor": look["fill"], "fillOpacity": 1, "ring": look["color"]}  # fmt: skip
        return {
            "area": False, "unit": UNIT, "shapes": [None] * len(shapes), "styles": [{}],
            "use": [0] * len(shapes), "marks": at.tolist(), "markStyles": [mark],
        }  # fmt: skip
    if (kinds == LINES).all():
        path = {"color": look["fill"], "weight": 2 * look["weight"] + 1}
    return {
        "area": bool((kinds > LINES).all()),
        "unit": UNIT,
        "shapes": encode(shapes),
        "styles": [path],
        "use": [0] * len(shapes),
    }


def _entry(shapes: Any, look: dict[str, Any], label: str) -> dict[str, Any]:
    kinds = shapely.get_dimensions(shapes)
    if (kinds == LINES).all():
        weight = 2 * look["weight"] + 1
        return {"line": True, "color": look["fill"], "weight": weight, "label": label}
    return {
        "round": bool((kinds == POINTS).all()), "fill": look["fill"], "color": look["color"],
        "weight": look["weight"], "label": label,
    }  # fmt: skip


def _labels(frame: gpd.GeoDataFrame) -> list[str]:
    column = next((one for one in NAMES if one in frame), None)
    return [""] * len(frame) if column is None else named.texts(frame, column)


def _stories(frame: gpd.GeoDataFrame, row: Any) -> list[list[tuple[str, str]]]:
    """What a click tells: the place, then how its target stands."""
    told = []
    for column in TOLD:
        if column not in frame:
            continue
        known = names.vocabulary(column) if column in names.vocabularies() else {}
        told.append(
            (names.label(column), [known.get(one, one) for one in named.texts(frame, column)])
        )
    stands = [
        (names.label("asked"), str(row["asked"])),
        (names.label("shown"), str(row["shown"])),
        (names.label("verdict"), names.vocabulary("verdict")[str(row["verdict"])]),
        (names.label("lead_unit"), str(row["lead_unit"])),
    ]
    return [
        [*((label, cells[at]) for label, cells in told if cells[at]), *stands]
        for at in range(len(frame))
    ]
