"""What results look like in a folder: the map, tables, layers and the summary, each by itself.

The report in one piece and the products of a recipe both write by these; where files go, and what
makes them arrive whole, is theirs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.batch.villages import plain, readable, typed
from deqing_geo.export import save_layers, save_table
from deqing_geo.looks.named import NAME_COLUMNS
from deqing_geo.maps import (
    add_coverage,
    add_density,
    add_layer,
    add_roads,
    add_terrain,
    area_map,
    save_map,
    village_map,
)

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

    from deqing_geo import standards
    from deqing_geo.batch.job import Job
    from deqing_geo.batch.results import Results
    from deqing_geo.coverage import Coverage
    from deqing_geo.progress import Scorecard
    from deqing_geo.roads import RoadDensity
    from deqing_geo.villages import VillageTypes

SUMMARY = "summary.json"
# Borders lie on top of everything; of what lies below, this is switched on at first.
OUTLINES = ("zone", "village", "town", "county")
SHOWN = ("water",)
# What is drawn around the villages of one town.
AROUND_TOWN = ("water", "zone", "town")


def town_code(types: VillageTypes) -> str:
    """The town's code, where its villages' codes hold it.

    Parameters
    ----------
    types : VillageTypes
        Of one town.

    Returns
    -------
    str
        Empty where there is none, or several.
    """
    codes = types.table["town_code"].dropna().unique() if "town_code" in types.table else []
    return str(codes[0]) if len(codes) == 1 else ""


# ---------------------------------------------------------------- maps


def county_map(job: Job, results: Results) -> folium.Map:
    """All that was measured on one map: types below, figures out of sight at first, borders on top.

    Parameters
    ----------
    job : Job
        The layers.
    results : Results
        Of `measure`.

    Returns
    -------
    folium.Map
        Of everything there is.
    """
    typed = results.types is not None
    view = job.around.get("county")
    if results.types is not None:
        m = village_map(results.types, title=job.title, view=view)
    else:
        m = area_map(job.areas, title=job.title, fill=job.terrain is None, view=view)
    if job.terrain is not None:
        add_terrain(m, job.terrain, show=not typed)
    for look, frame in job.around.items():
        if look not in OUTLINES:
            add_layer(m, frame, look, show=look in SHOWN)
    density, coverage = results.density, results.coverage
    if density is not None:
        add_density(m, density, show=not typed)
    if density is not None and job.roads is not None:
        add_roads(m, job.roads, by=density.definition, show=not typed)
    if coverage is not None:
        # On top of the roads: at the scale of a county blocks of homes are smaller than they.
        add_coverage(m, coverage, show=not typed)
    for look in OUTLINES:
        if look in job.around:
            add_layer(m, job.around[look], look, labels=look == "town")
    return m


def save_villages_map(job: Job, types: VillageTypes, title: str, file: Path) -> None:
    """A map of some villages, with what lies around them.

    Parameters
    ----------
    job : Job
        The layers.
    types : VillageTypes
        Of the villages.
    title : str
        Of the map.
    file : Path
        Where.
    """
    m = village_map(types, title=title)
    for look in AROUND_TOWN:
        if look in job.around:
            add_layer(m, job.around[look], look)
    save_map(m, file)


# ---------------------------------------------------------------- tables and layers


def save_road_tables(density: RoadDensity, folder: Path) -> None:
    """Road density area by area, and kilometres by class.

    Parameters
    ----------
    density, folder
        What, and where.
    """
    save_table(density.table, folder / "road_density.csv")
    save_table(_with_names(density), folder / "road_km_by_class.csv")


def save_park_tables(coverage: Coverage, folder: Path) -> None:
    """Park coverage area by area, and the parks.

    Parameters
    ----------
    coverage, folder
        What, and where.
    """
    save_table(coverage.table, folder / "park_coverage.csv")
    save_table(coverage.parks, folder / "parks.csv")


def save_village_tables(types: VillageTypes, folder: Path) -> None:
    """Types of villages: a table for readers, a layer, and towns by types.

    Parameters
    ----------
    types, folder
        What, and where.
    """
    save_table(readable(types), folder / "villages.csv")
    save_layers(
        folder / "villages.gpkg",
        {"villages": plain(types.table)},
        sources=types.sources,
        styled=True,
    )
    if "town_name" in types.table:
        save_table(_by_town(types), folder / "villages_by_town.csv")


def save_measured_layers(results: Results, folder: Path) -> None:
    """Density, coverage and gaps as layers, where there are any.

    Parameters
    ----------
    results, folder
        What, and where.
    """
    density, coverage = results.density, results.coverage
    layers: dict[str, gpd.GeoDataFrame] = {}
    sources: tuple[standards.Definition | standards.Rule, ...] = ()
    if density is not None:
        layers["road_density"] = density.table
        sources += density.sources
    if coverage is not None:
        layers["park_coverage"] = coverage.table
        layers["served"] = coverage.served
        layers["gaps"] = coverage.gaps
        sources += coverage.sources
    layers = {name: frame for name, frame in layers.items() if len(frame)}
    if layers:
        save_layers(folder / "results.gpkg", layers, sources=sources, styled=True)


def save_scorecard(card: Scorecard, folder: Path) -> None:
    """The plan's targets, those that were measured first.

    Parameters
    ----------
    card, folder
        What, and where.
    """
    save_table(_scored(card), folder / "scorecard.csv")


def _with_names(density: RoadDensity) -> pd.DataFrame:
    """Kilometres by class with the areas' names before them."""
    known = [column for column in NAME_COLUMNS if column in density.table]
    out = pd.concat([pd.DataFrame(density.table[known]), density.by_class], axis=1)
    out.attrs.update(density.by_class.attrs)
    return out


def _by_town(types: VillageTypes) -> pd.DataFrame:
    """Towns by types (分镇汇总), with a row of sums, under Chinese headings."""
    counts = types.by_town
    counts.loc["合计"] = counts.sum()
    counts.columns = pd.Index(
        [
            names.vocabulary("type_final").get(kind, names.vocabulary("status").get(kind, kind))
            for kind in counts.columns
        ]
    )
    counts.index.name = "town_name"
    counts.attrs.update(types.table.attrs)
    return counts


def _scored(card: Scorecard) -> pd.DataFrame:
    """What a reader needs of the scorecard; targets nobody measured stand at the end."""
    shown = (
        "id", "clause", "indicator_zh", "asked", "shown", "verdict", "definition", "notice",
        "source", "departments", "computable",
    )  # fmt: skip
    order = card.table["measured"].isna().sort_values(kind="stable").index
    table = pd.DataFrame(card.table.loc[order, [name for name in shown if name in card.table]])
    return table.set_index("id")


# ---------------------------------------------------------------- summary


def summary(job: Job, results: Results) -> dict[str, Any]:
    """All figures for machines.

    Parameters
    ----------
    job : Job
        The layers.
    results : Results
        Of `measure`.

    Returns
    -------
    dict
        Plain values; NaN where there was nothing to measure.
    """
    law = results.law
    said: dict[str, Any] = {"title": job.title, "standard": job.standard, "measures": {}}
    for result in results.measures:
        name = result.definition.measure
        target = law.targets.get(name)
        said["measures"][name] = {
            "label": names.label(name),
            "overall": float(result.overall),
            "unit": names.registry()[name].unit,
            "shown": result.headline,
            "definition": definition_of(result.definition),
            "notices": list(result.notices),
            "data": list(result.origins),
            # The plan asks for the built-up zone: a figure of whole towns is no answer to it.
            "target": None
            if target is None or not job.is_zone
            else {"says": str(target), "value": target.goal},
            "areas": {
                str(key): float(value)
                for key, value in zip(result.table.index, result.series, strict=True)
            },
        }
    if results.density is not None:
        said["measures"]["road_density"]["merged"] = results.density.merged
    if results.types is not None:
        said["villages"] = typed(results.types)
    if results.card is not None:
        said["targets"] = _targets(results.card)
    return said


def _targets(card: Scorecard) -> dict[str, Any]:
    rows = card.table[card.table["measured"].notna()]
    return {
        "computable_and_measured": card.measured,
        "computable": int((card.table["computable"] == "yes").sum()),
        "figures": {
            str(key): {
                "id": row["id"],
                "label": row["indicator_zh"],
                "asked": row["asked"],
                "measured": float(row["measured"]),
                "unit": row["unit"],
                "shown": row["shown"],
                "verdict": row["verdict"],
                "definition": row["definition"],
                "computable": row["computable"],
                "value_how": row["value_how"],
                "outline": row["outline_mark"],
                "notices": [one for one in str(row["notice"]).split(";") if one],
                "data": [one for one in str(row["source"]).split(";") if one],
            }
            for key, row in rows.iterrows()
        },
    }


def definition_of(definition: standards.Definition) -> dict[str, str]:
    """What a summary or a manifest says of a definition.

    Parameters
    ----------
    definition : Definition
        What was counted by.

    Returns
    -------
    dict of str to str
        Its key, its line, and whose it is.
    """
    return {
        "key": definition.key,
        "line": definition.line,
        "document": definition.document,
        "clause": definition.clause,
        "evidence": definition.evidence,
    }
