"""The map of faults: where boundaries are wrong, what kind it is, and what to look at first."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.faults.found import size_shown
from deqing_geo.looks import named
from deqing_geo.maps import parts
from deqing_geo.maps.page import UNIT, ShapeLayer, Shapes, encode, page_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import folium
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.faults import BoundaryReport

# A page of some megabytes that opens in seconds: so many faults are drawn, the gravest first, and
# of larger layers only the units these concern; what lies around them is one pale shape.
MOST_DRAWN, MOST_UNITS = 2000, 3000
# Leaflet lays the page out anew for every name it writes: 3,000 names took 22 s, 500 take one.
MOST_NAMED = 500
GROUND_DEGREES = 0.0003  # some 30 m: less than a pixel where so many units are seen at once
# The list at the side is for choosing where to begin; the tables have them all.
MOST_LISTED = 300
# A village's own story names so many of its faults.
MOST_TOLD = 12
AREAS, LINES = 2, 1


def fault_map(
    report: BoundaryReport,
    villages: gpd.GeoDataFrame,
    *,
    title: str | None = None,
    view: gpd.GeoDataFrame | None = None,
) -> folium.Map:
    """Faults of boundaries on a map (边界问题), each with a circle that shows at every scale.

    Villages are grey. Every kind of fault is a layer with its count in the legend; what must be
    mended has a full circle, what is doubtful a pale one, what is only to be known an empty one.
    Where a fault itself is large enough to be seen, its circle becomes a ring. The list at the
    side begins with what must be mended and leads to the place.

    Parameters
    ----------
    report : BoundaryReport
        Of `check_boundaries`.
    villages : GeoDataFrame, N rows
        The boundaries that were checked, as they were; any CRS, shapes of any kind.
    title : str, optional
        Shown on the map and as the page's title; by default 边界质量检查图.
    view : GeoDataFrame, optional
        What the map opens on; by default the villages.

    Returns
    -------
    folium.Map
        Ready for `add_layer` and `save_map`.

    Raises
    ------
    CRSError
        If villages, faults or `view` have no CRS or cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import check_boundaries, sample
    >>> villages = sample.villages()
    >>> m = fault_map(check_boundaries(villages), villages)
    >>> "边界质量检查图" in m.get_root().render()
    True
    """
    shapes = parts.degrees(villages, "villages")
    title = names.word("fault_map.title") if title is None else title
    m = parts.blank(title, shapes if view is None else parts.degrees(view, "view"))
    contents = page_of(m).contents
    chosen = np.sort(_order(report.table)[:MOST_DRAWN])
    table = report.table.iloc[chosen]
    of_village = _involved(villages, table, [report.rows[at] for at in chosen.tolist()])
    if len(villages) <= MOST_UNITS:
        _draw_villages(m, villages, shapes, of_village, table)
    else:
        own = np.array(sorted(of_village)[:MOST_UNITS], dtype=np.intp)
        _draw_ground(m, np.delete(shapes, own))
        faults = {at: of_village[one] for at, one in enumerate(own.tolist())}
        _draw_villages(m, villages.iloc[own], shapes[own], faults, table)
        contents.foot(names.word("fault_map.ground"))
    contents.headlines.append((names.word("check.units"), str(report.checked)))
    return add_faults(m, report)


def add_faults(m: folium.Map, report: BoundaryReport) -> folium.Map:
    """Faults (边界问题) on any map: a layer of each kind, and a list in the order of weight.

    Parameters
    ----------
    m : folium.Map
        Such as `area_map` of what was checked, or `village_map`.
    report : BoundaryReport
        Of `check_boundaries`; the thousand weightiest faults are drawn.

    Returns
    -------
    folium.Map
        The same map.

    Raises
    ------
    CRSError
        If faults have no CRS or cannot be brought to degrees.
    InputError
        If the map shows faults already.

    Examples
    --------
    >>> from deqing_geo import area_map, check_boundaries, sample
    >>> villages = sample.villages()
    >>> m = add_faults(area_map(villages), check_boundaries(villages))
    >>> "未发现问题" in m.get_root().render()
    True
    """
    contents = page_of(m).contents
    result = names.word("fault_map.result")
    if any(label == result for label, _ in contents.headlines):
        raise InputError(
            "This map shows faults already; draw those of another report on a new one."
        )
    chosen = np.sort(_order(report.table)[:MOST_DRAWN])
    table = report.table.iloc[chosen]
    if len(table):
        keys = [f"{at}#fault" for at in chosen.tolist()]
        counts = report.table.groupby(["fault_kind", "severity"]).size().to_dict()
        shapes = parts.degrees(table, "report")
        if contents.bounds is None:
            parts.look_at(m, shapes)
        _draw_faults(m, table, shapes, keys, counts)
        _list_faults(contents, table, keys, len(report.table))
        contents.headlines.append((result, report.headline))
    else:
        contents.headlines.append((result, names.word("fault_map.none")))
    parts.notice(contents, report.notices)
    rest = [text for text in report.notices if text != names.word("notice.schematic")]
    if rest:
        contents.foot(";".join(rest), "dg-notice")
    parts.credit(contents, report.origins)
    return m


def _draw_ground(m: folium.Map, shapes: NDArray[Any]) -> None:
    """Units that no fault drawn here concerns, as one shape to look at."""
    look = parts.style()["fault"]["village"]
    rough = shapely.simplify(_plain(shapes, AREAS), GROUND_DEGREES, preserve_topology=False)
    polygons = shapely.get_parts(rough)
    polygons = polygons[~shapely.is_empty(polygons)]
    path = {"color": look["color"], "weight": look["weight"], "fillColor": look["fill"]}
    payload = {
        "area": True,
        "unit": UNIT,
        "shapes": encode(np.array([shapely.multipolygons(polygons)], dtype=object)),
        "styles": [{**path, "fillOpacity": look["opacity"], "interactive": False}],
        "use": [0],
    }
    m.add_child(ShapeLayer(names.word("fault_map.other"), payload))


def _draw_villages(
    m: folium.Map,
    villages: gpd.GeoDataFrame,
    shapes: NDArray[Any],
    of_village: dict[int, list[int]],
    table: pd.DataFrame,
) -> None:
    """The ground: grey villages that tell what is wrong with them."""
    contents = page_of(m).contents
    look = parts.style()["fault"]["village"]
    labels, towns = named.labels(villages), named.texts(villages, "town_name")
    keys = [f"{at}#village" for at in range(len(villages))]
    # A fault is a matter of centimetres: what it concerns is drawn as it is.
    finest = np.where(np.isin(np.arange(len(villages)), list(of_village)), 0, np.inf)
    drawn, areas = _encoded(shapes, finest)
    payload = {
        "area": areas,
        "unit": UNIT,
        "shapes": drawn,
        "styles": [
            {
                "color": look["color"],
                "weight": look["weight"],
                "fillColor": look["fill"],
                "fillOpacity": look["opacity"],
            }
        ],
        "use": [0] * len(villages),
        "tips": [
            [text for text in (label, town) if text]
            for label, town in zip(labels, towns, strict=True)
        ],
        "keys": keys,
        "labels": _names(shapes, labels, of_village),
        "small": True,
    }
    m.add_child(ShapeLayer(names.word("layer.village"), payload))
    contents.name(keys, labels)
    kinds, severities = _kinds(table), _severities(table)
    ids = [str(label) for label in table.index]
    for at, key in enumerate(keys):
        rows = [
            (names.label("town_name"), towns[at]),
            (names.label("village_code"), str(villages.index[at])),
        ]
        contents.tell(key, "", [row for row in rows if row[1]])
        mine = of_village.get(at, [])
        if mine:
            told = [(f"#{ids[one]} {kinds[one]}", severities[one]) for one in mine[:MOST_TOLD]]
            if len(mine) > MOST_TOLD:
                told.append((f"…({len(mine)})", ""))
            contents.tell(key, names.label("fault_kind"), told)
    contents.finds += parts.finds(villages, labels, keys)


def _names(
    shapes: NDArray[Any], labels: Sequence[str], of_village: dict[int, list[int]]
) -> list[list[Any]]:
    """Names to write on the map: of many units, those that faults concern come first."""
    places = _places(shapes)
    there = [at for at, place in enumerate(places) if place is not None]
    # A fault's number is its weight: the gravest come first in a report.
    first = sorted(there, key=lambda at: of_village.get(at, [len(labels) + MOST_DRAWN])[0])
    kept = set(first[:MOST_NAMED])
    return [[*(places[at] or ()), labels[at]] for at in there if at in kept]


def _draw_faults(
    m: folium.Map,
    table: gpd.GeoDataFrame,
    shapes: NDArray[Any],
    keys: Sequence[str],
    counts: dict[tuple[str, str], int],
) -> None:
    """A layer of each kind, the weightiest on top, and the story of each fault."""
    contents = page_of(m).contents
    kind_of, severity_of = table["fault_kind"].astype(str), table["severity"].astype(str)
    stories, tips = _stories(table), _tips(table)
    nowhere = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    for key, (head, said, rows, texts) in zip(keys, stories, strict=True):
        contents.name([key], [head])
        contents.tell(key, "", [], said)
        contents.tell(key, "", rows)
        for label, text in texts:
            contents.tell(key, label, [], text)
    for at in np.flatnonzero(nowhere).tolist():
        contents.tell(keys[at], names.word("fault_map.nowhere"), [])
    legend: dict[str, list[dict[str, Any]]] = defaultdict(list)
    order = _order(table)
    words = names.vocabulary("fault_kind")
    for severity in reversed(list(names.vocabulary("severity"))):
        for kind in reversed([kind for kind in words if (kind, severity) in counts]):
            rows = order[((kind_of == kind) & (severity_of == severity)).to_numpy()[order]][::-1]
            drawn, areas = _encoded(shapes[rows])
            path, mark, entry = _look(kind, severity)
            count = counts[kind, severity]
            label = f"{words[kind]} {count}"
            if count > len(rows):
                label += f"({names.word('fault_map.drawn')} {len(rows)})"
            layer = f"{words[kind]}({names.vocabulary('severity')[severity]})"
            payload = {
                "area": areas,
                "unit": UNIT,
                "shapes": drawn,
                "styles": [path],
                "use": [0] * len(rows),
                "marks": _places(shapes[rows]),
                "markStyles": [mark],
                "tips": [tips[at] for at in rows],
                "keys": [keys[at] for at in rows],
            }
            if len(rows):
                m.add_child(ShapeLayer(layer, payload))
            legend[severity].insert(
                0,
                {"layer": layer if len(rows) else "", "title": "", "unit": "", "close": True,
                 "entries": [{**entry, "label": label}]},
            )  # fmt: skip
    for severity, word in names.vocabulary("severity").items():
        if legend[severity]:
            count = sum(many for (_, one), many in counts.items() if one == severity)
            heading: dict[str, Any] = {
                "layer": "",
                "title": f"{word} {count}",
                "unit": "",
                "entries": [],
            }
            contents.legends += [heading, *legend[severity]]


def _list_faults(contents: Any, table: gpd.GeoDataFrame, keys: Sequence[str], total: int) -> None:
    """All faults drawn to search for, and the first of them to choose from."""
    tips = _tips(table)
    order = _order(table).tolist()
    items: list[dict[str, Any]] = []
    for at in order[:MOST_LISTED]:
        row = table.iloc[at]
        entry = _look(str(row["fault_kind"]), str(row["severity"]))[2]
        items.append({"key": keys[at], "entry": entry, "texts": tips[at]})
    first = f"{names.word('fault_map.first')} {len(items)} / " if total > len(items) else ""
    title = f"{names.word('fault_map.list')}({first}{total})"
    contents.listing = {"title": title, "items": items}
    contents.seek = names.word("fault_map.seek")
    contents.finds = [
        *((" ".join(tips[at]), keys[at]) for at in order),
        *contents.finds,
    ]


def _tips(table: gpd.GeoDataFrame) -> list[list[str]]:
    """Of each fault: its number and kind; which units, and how large it is."""
    kinds, sizes = _kinds(table), _sizes(table)
    called, rows = named.texts(table, "fault_names"), named.texts(table, "fault_rows")
    out = []
    for at, label in enumerate(table.index):
        below = ",".join(text for text in (called[at] or rows[at], sizes[at]) if text)
        out.append([text for text in (f"#{label} {kinds[at]}", below) if text])
    return out


def _stories(
    table: gpd.GeoDataFrame,
) -> list[tuple[str, str, list[tuple[str, str]], list[tuple[str, str]]]]:
    """Of each fault: its heading, its sentence, short facts and long ones."""
    kinds, severities, sizes = _kinds(table), _severities(table), _sizes(table)
    towns, said = named.texts(table, "town_name"), named.texts(table, "says_zh")
    called, rows = named.texts(table, "fault_names"), named.texts(table, "fault_rows")
    out = []
    for at, label in enumerate(table.index):
        facts = [
            (names.label("severity"), severities[at]),
            (names.label("fault_size"), sizes[at]),
            (names.label("town_name"), towns[at]),
        ]
        texts = [(names.label("fault_names"), called[at]), (names.label("fault_rows"), rows[at])]
        out.append(
            (
                f"#{label} {kinds[at]}",
                said[at],
                [fact for fact in facts if fact[1]],
                [text for text in texts if text[1]],
            )
        )
    return out


def _kinds(table: pd.DataFrame) -> list[str]:
    words = names.vocabulary("fault_kind")
    return [words.get(kind, kind) for kind in named.texts(table, "fault_kind")]


def _severities(table: pd.DataFrame) -> list[str]:
    words = names.vocabulary("severity")
    return [words.get(word, word) for word in named.texts(table, "severity")]


def _sizes(table: pd.DataFrame) -> list[str]:
    return [
        _size(size, unit)
        for size, unit in zip(table["fault_size"], named.texts(table, "fault_unit"), strict=True)
    ]


def _size(size: float, unit: str) -> str:
    if size != size:
        return ""
    word = "" if unit == "ratio" else names.vocabulary("fault_unit").get(unit, "")
    return f"{size_shown(float(size), unit)} {word}".strip()


def _order(table: pd.DataFrame) -> NDArray[np.intp]:
    """What must be mended first; within a weight, as the report has them."""
    rank = {word: at for at, word in enumerate(names.vocabulary("severity"))}
    weight = [rank.get(word, len(rank)) for word in table["severity"].astype(str)]
    return np.argsort(weight, kind="stable")


def _look(kind: str, severity: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """How a fault's shape and its mark are drawn, and how the legend says so."""
    style = parts.style()["fault"]
    hue = style["kind"].get(kind, style["kind"]["other"])
    look = style["severity"][severity]
    path = {
        "color": hue,
        "weight": look["weight"],
        "fillColor": hue,
        "fillOpacity": look["opacity"],
        **({"dashArray": look["dash"]} if "dash" in look else {}),
    }
    fill = {"error": hue, "warning": _pale(hue), "note": "#ffffff"}[severity]
    rim = "#ffffff" if severity == "error" else hue
    mark = {
        "radius": look["radius"],
        "color": rim,
        "weight": 1.5,
        "fillColor": fill,
        "fillOpacity": 1,
        "ring": hue,
    }
    return path, mark, {"round": True, "fill": fill, "color": hue, "weight": 1.5}


def _pale(colour: str) -> str:
    """Half-way to white and a little further."""
    return "#" + "".join(
        f"{round(255 - 0.4 * (255 - int(colour[at : at + 2], 16))):02x}" for at in (1, 3, 5)
    )


def _involved(
    villages: gpd.GeoDataFrame, table: pd.DataFrame, concerned: Sequence[tuple[object, ...]]
) -> dict[int, list[int]]:
    """The faults of each village, by place: first what must be mended."""
    of_label: dict[object, list[int]] = defaultdict(list)
    for at in _order(table).tolist():
        for label in dict.fromkeys(concerned[at]):
            of_label[label].append(at)
    return {at: of_label[label] for at, label in enumerate(villages.index) if label in of_label}


# ---------------------------------------------------------------- shapes of any kind


def _plain(shapes: NDArray[Any], dimension: int) -> NDArray[Any]:
    """What of each shape is an area, or a line, as one; None where nothing is."""
    out = np.full(len(shapes), None, dtype=object)
    pieces, owner = np.asarray(shapes, dtype=object), np.arange(len(shapes))
    while (shapely.get_type_id(pieces) > shapely.GeometryType.POLYGON).any():
        pieces, inner = shapely.get_parts(pieces, return_index=True)
        owner = owner[inner]
    keep = (shapely.get_dimensions(pieces) == dimension) & ~shapely.is_empty(pieces)
    keep &= np.isfinite(shapely.bounds(pieces)).all(axis=1)
    pieces, owner = pieces[keep], owner[keep]
    if len(pieces):
        together = shapely.multipolygons if dimension == AREAS else shapely.multilinestrings
        there = np.unique(owner)
        out[there] = together(pieces, indices=np.searchsorted(there, owner))
    return out


def _encoded(shapes: NDArray[Any], finest: Any = 0.0) -> tuple[Shapes, list[bool]]:
    """Shapes as the page takes them, and whether each is an area; None for what is neither."""
    areas, lines = _plain(shapes, AREAS), _plain(shapes, LINES)
    is_area = ~shapely.is_missing(areas)
    return encode(np.where(is_area, areas, lines), finest=finest), is_area.tolist()


def _places(shapes: NDArray[Any]) -> list[list[int] | None]:
    """A place in each shape, in whole units; None for what has none."""
    out: list[list[int] | None] = [None] * len(shapes)
    finite = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    at = np.flatnonzero(finite)
    inside = shapely.point_on_surface(shapes[at])
    found = np.isfinite(shapely.bounds(inside)).all(axis=1)
    xy = np.round(shapely.get_coordinates(inside[found]) * UNIT).astype(int)
    for one, place in zip(at[found].tolist(), xy.tolist(), strict=True):
        out[one] = place
    return out
