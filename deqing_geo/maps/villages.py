"""The map of village types: every village by its type, and why, at a click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.ellipsoid import M2_PER_KM2, ellipsoidal_area
from deqing_geo.looks import named
from deqing_geo.maps import parts
from deqing_geo.maps.page import UNIT, ShapeLayer, encode, page_of
from deqing_geo.text import figure, percent
from deqing_geo.villages.kinds import CANDIDATE, REFUSED, called

if TYPE_CHECKING:
    from collections.abc import Sequence

    import folium
    import geopandas as gpd

    from deqing_geo.villages import VillageTypes

# People of a town, and of how many of its villages they are not known.
PEOPLE = {"pop_resident": "pop_gaps", "hh_resident": "hh_gaps"}
OUTLINED = (CANDIDATE, REFUSED)
# What a click tells of a village, in groups; what a village has not is left out.
TOLD = {
    "人口与产业": (
        "pop_resident", "hh_resident", "pop_chg5_pct", "aging60_share", "hollow_rate",
        "collective_op_income", "fac_count", "farmland_pc",
    ),
    "区位": ("tt_county_min", "tt_subcentre_min", "tt_town_min", "udb_res_share", "dist_udb_m"),
    "地形与限制": (
        "elev_mean_m", "slope_res_mean_deg", "relief_m", "hazard_class", "redline_res_share",
        "water1_res_share", "pbf_share",
    ),
    "名录与申报": ("heritage_list", "relocation_document", "villager_consent", "consent_on"),
}  # fmt: skip
DECIMALS = {"m": 0, "min": 1, "deg": 1, "%": 1, "km2": 2}


def village_map(
    types: VillageTypes,
    *,
    title: str = "村庄分类图",
    view: gpd.GeoDataFrame | None = None,
) -> folium.Map:
    """Villages by their proposed type (拟定类型), with the reason of each at a click.

    The legend keeps the plan's order and says how many villages and how much land each type has.
    A town's summary opens from the search and from its villages' stories. A candidate for
    relocation has no fill but an outline, since nobody has agreed to it, and so has a village
    whose meeting refused; the map is an internal product.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`.
    title : str
        Shown on the map and as the page's title.
    view : GeoDataFrame, optional
        What the map opens on; by default the villages.

    Returns
    -------
    folium.Map
        Ready for `add_density`, `add_coverage`, `add_layer` and `save_map`.

    Raises
    ------
    CRSError
        If the villages have no CRS or cannot be brought to degrees.

    Examples
    --------
    >>> from deqing_geo import classify_villages, sample, village_facts
    >>> types = classify_villages(village_facts(sample.villages(), homes=sample.homes()))
    >>> m = village_map(types, title="纸上镇村庄分类")
    >>> "待补数据 4" in m.get_root().render()
    True
    """
    table = types.table
    shapes = parts.degrees(table, "types")
    m = parts.blank(title, shapes if view is None else parts.degrees(view, "view"))
    contents = page_of(m).contents
    keys, labels = parts.keys(table), named.labels(table)
    contents.name(keys, labels)
    look = parts.style()["village_type"]
    counts = types.counts
    sizes = ellipsoidal_area(table.geometry.to_numpy(), table.crs) / M2_PER_KM2
    kinds = [str(kind) for kind in counts.index]
    kind_of = types.shown
    styles, entries = [], []
    for kind in kinds:
        drawn, entry = _look(kind, look, int(counts[kind]))
        if (land := float(sizes[(kind_of == kind).to_numpy()].sum())) > 0:
            entry["amount"] = named.land(land * named.HA_PER_KM2)
        styles.append(drawn)
        if counts[kind] or kind in types.counts.index[:5]:
            entries.append(entry)
    layer = names.label("village_type")
    order = np.argsort(kind_of.isin(OUTLINED).to_numpy(), kind="stable")
    payload = {
        "area": True,
        "unit": UNIT,
        "shapes": encode(shapes[order]),
        "styles": styles,
        "use": [kinds.index(str(kind_of.iloc[at])) for at in order],
        "tips": [[labels[at], called(str(kind_of.iloc[at]))] for at in order],
        "keys": [keys[at] for at in order],
        "labels": _placed(shapes, labels),
        "small": True,
    }
    m.add_child(ShapeLayer(layer, payload))
    contents.legends.append(
        {"layer": layer, "title": layer, "unit": "非规范色", "entries": entries}
    )
    for at, key in enumerate(keys):
        _tell(contents, key, table.iloc[at], layer, str(kind_of.iloc[at]))
    contents.finds += parts.finds(table, labels, keys)
    contents.sums.update(_towns(types, sizes))
    contents.headlines.append((names.label("village_count"), types.headline.split(":")[0]))
    parts.notice(contents, types.notices)
    contents.foot(f"{layer}{names.word('map.definition')}:{types.line}")
    rest = [text for text in types.notices if text != names.word("notice.schematic")]
    if rest:
        contents.foot(f"{layer}:{';'.join(rest)}", "dg-notice")
    parts.credit(contents, types.origins)
    return m


def _towns(types: VillageTypes, sizes: Any) -> dict[str, list[tuple[str, str]]]:
    """Land, people and close calls of each town, beside the types of its villages."""
    table = types.table
    if "town_name" not in table:
        return {}
    facts = pd.DataFrame({"area_km2": sizes}, index=table.index)
    for column in PEOPLE:
        if column in table:
            # A column of blanks alone would stay one of objects, and its sum None.
            facts[column] = pd.to_numeric(table[column]).astype(float)
    facts["close"] = table.index.isin(types.doubtful.index)
    by = facts.groupby(np.asarray(named.texts(table, "town_name")), sort=False)
    sums: dict[Any, dict[Any, Any]] = by.sum(min_count=1).to_dict("index")
    known: dict[Any, dict[Any, Any]] = by.count().to_dict("index")
    count: dict[Any, int] = by.size().to_dict()
    out: dict[str, list[tuple[str, str]]] = {}
    for town, total in sums.items():
        told, close = [], int(total.pop("close"))
        for column, value in total.items():
            if value > 0:
                gap = count[town] - known[town][column]
                said = f"({names.label(PEOPLE[column])} {gap})" if gap and column in PEOPLE else ""
                told.append((names.label(column), f"{_shown(column, value)}{said}"))
        out[town] = [*told, (names.word("map.close_calls"), f"{close} 个")] if close else told
    return out


def _look(kind: str, look: dict[str, Any], count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """How a type is drawn, and how the legend says so."""
    label = f"{called(kind)} {count}"
    if kind in OUTLINED:
        line = look[kind]
        drawn = {
            "color": line["color"],
            "weight": line["weight"],
            "dashArray": line["dash"],
            # Without a fill a click would find the border only.
            "fillColor": "#ffffff",
            "fillOpacity": 0.01,
        }
        swatch = {"fill": "#ffffff", "color": line["color"], "dash": True, "weight": 2}
        return drawn, {**swatch, "label": label}
    fill, pattern = look["fill"][kind], look["pattern"].get(kind)
    drawn = {
        "color": look["color"],
        "weight": look["weight"],
        "fillColor": fill,
        "fillOpacity": look["opacity"],
        **({"pattern": pattern} if pattern else {}),
    }
    entry = {"fill": fill, "color": look["color"], "label": label}
    return drawn, {**entry, "pattern": pattern} if pattern else entry


def _tell(contents: Any, key: str, row: pd.Series[Any], layer: str, kind: str) -> None:
    """The story of one village: what, why, what to look at again, and the facts behind it."""
    head = [(layer, called(kind))]
    if row["type_model"] != kind:
        head.append((names.label("type_model"), called(str(row["type_model"]))))
    head.append((names.label("status"), names.vocabulary("status")[row["status"]]))
    current = row.get("current_type")
    if isinstance(current, str):
        change = ",建议调整" if row["type_changed"] is True else ""
        head.append((names.label("current_type"), f"{called(current)}{change}"))
    town = row.get("town_name")
    if isinstance(town, str):
        head.insert(0, (names.label("town_name"), town))
    how = names.vocabulary("decided_how").get(str(row["decided_how"]), "")
    contents.tell(key, "", head)
    contents.tell(key, f"{names.label('reason')}({row['decided_by']},{how})", [], row["reason"])
    for column in ("nearest_flip", "possible_types"):
        if isinstance(said := row.get(column), str) and said:
            contents.tell(key, names.label(column), [], said)
    if row["remarks"]:
        contents.tell(key, names.label("remarks"), [], row["remarks"].replace(";", ";\u200b"))
    for group, columns in TOLD.items():
        rows = [
            (names.label(column), _shown(column, row[column]))
            for column in columns
            if column in row and not _blank(row[column])
        ]
        if rows:
            contents.tell(key, group, rows)
    scores = [
        (names.label(column), figure(float(row[column]), decimals))
        for column, decimals in (("potential", 2), ("potential_cut", 4), ("constraint", 2))
        if column in row and not _blank(row[column])
    ]
    if scores:
        contents.tell(key, "得分", scores)


def _shown(column: str, value: Any) -> str:
    known = names.registry()[column]
    if isinstance(value, str):
        words = names.vocabulary(column) if column in names.vocabularies() else {}
        return words.get(value, value)
    if isinstance(value, bool | np.bool_):
        return "是" if value else "否"
    if known.unit == "ratio":
        return percent(float(value))
    decimals = 0 if known.dtype == "int" else DECIMALS.get(known.unit, 2)
    return f"{figure(float(value), decimals)} {known.unit_zh}".strip()


def _blank(value: Any) -> bool:
    return bool(pd.isna(value))


def _placed(shapes: Any, labels: Sequence[str]) -> list[list[Any]]:
    places = parts.places(shapes)
    return [[*place, label] for place, label in zip(places, labels, strict=True) if place]
