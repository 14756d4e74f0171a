"""The papers behind a park coverage: parks that count, gaps, and sites, to print and sign.

They repeat the coverage, its lists and the siting, and decide nothing; a site is a proposal
(建议) and never a plan, so it is in no public paper.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.checks import require_polygons
from deqing_geo.columns import word
from deqing_geo.coverage import gap_list, lying_in, park_ledger
from deqing_geo.coverage.basis import LAND
from deqing_geo.crs import require_metres
from deqing_geo.errors import ColumnError, InputError
from deqing_geo.files import whole_folder
from deqing_geo.papers.filing import (
    Filing,
    area_names,
    documents,
    filing,
    in_words,
    numbers,
    percents,
    serial,
    shown_by,
    summed,
    texts,
)
from deqing_geo.sheets import Field, Sheet, workbook

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from deqing_geo.coverage import Coverage
    from deqing_geo.siting import Siting

M2, HA, M, ONE = "0", "0.0000", "0", "0"
# 15 mu are a hectare.
M2_PER_MU = 10_000 / 15
# Farther off than a block is long, a street bounds no plot (ours).
BESIDE_M = 200.0
# The sides of a plot in the order a deed names them.
SIDES = ("东", "南", "西", "北")


def save_park_papers(
    coverage: Coverage,
    folder: str | os.PathLike[str],
    *,
    siting: Siting | None = None,
    gaps: gpd.GeoDataFrame | None = None,
    towns: gpd.GeoDataFrame | None = None,
    villages: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
    unit: str = "",
    day: date | str | None = None,
    audience: str = "internal",
    review_stage: str = "",
    place: str = "",
) -> list[Path]:
    """The papers on parks that a bureau files, one Excel workbook each.

    公园计入明细表, 公园绿地服务盲区清单 and, with a siting, 口袋公园建议选址清单; on A4 across:
    title, 填报单位(盖章), 数据截止日期 and 计量单位 above, the heading on every page, pages
    numbered, a line to sign on below and a last sheet with what the figures rest on. From sample
    data they come as 示意样张, without stamp or signature.

    Parameters
    ----------
    coverage : Coverage
        Of `park_coverage`.
    folder : path
        Where; files of the same names are replaced together.
    siting : Siting, optional
        Of `suggest_parks`.
    gaps : GeoDataFrame, optional
        Of `gap_list` with the planner's own 小区; by default by rows of the homes.
    towns, villages : GeoDataFrame of Polygon, optional
        With ``town_name`` and ``village_name``: where parks, gaps and sites lie. What lies across
        several is named after the one that holds most of it. Metric CRS.
    roads : GeoDataFrame of LineString, optional
        With ``road_name``: between which streets a site lies (四至). Metric CRS.
    unit : str
        Who files them (填报单位).
    day : date or str, optional
        To which the data reach (数据截止日期); by default the day the coverage was measured for,
        and without one a blank for a pen.
    audience : str
        ``internal``, or ``public``: only parks that count, gaps without people and households,
        and no sites.
    review_stage : str
        Such as 征求意见稿, 会审稿 or 报批稿; stands behind the titles.
    place : str
        Stands before the titles and the files' names, such as 德清县.

    Returns
    -------
    list of Path
        Two or three ``.xlsx`` files, the same bytes for the same results.

    Raises
    ------
    InputError
        If `audience` is neither, sites are to be made public, or the coverage is one of other
        facilities than parks.
    ColumnError
        If `day` is no date, or a layer lacks its names.
    CRSError
        If a layer is in another system than the coverage.
    GeometryError
        If a town or village is not a valid polygon.
    ExportError
        If the folder cannot be written, or a paper is larger than a sheet.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import park_coverage, sample
    >>> coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
    >>> with tempfile.TemporaryDirectory() as out:
    ...     print(*(file.stem for file in save_park_papers(coverage, out, place="纸上镇")))
    纸上镇公园计入明细表 纸上镇公园绿地服务盲区清单
    """
    made = filing(
        coverage.notices,
        unit=unit,
        day=coverage.as_of if day is None or day == "" else day,
        audience=audience,
        review_stage=review_stage,
        place=place,
    )
    if made.public and siting is not None:
        raise InputError(
            "audience='public' and siting=: suggested sites are a proposal for the house. Leave "
            "siting= out, or file it with audience='internal'."
        )
    if coverage.basis.called.head != "park":
        raise InputError(
            f"These papers are on parks, and the coverage is one of {coverage.basis.called.layer}. "
            "Write its tables with save_table."
        )
    where = _Where(coverage.table, towns, villages)
    papers = {
        "parks": [_parks(made, coverage, towns), _areas(made, coverage)],
        "gaps": [_gaps(made, coverage, gap_list(coverage) if gaps is None else gaps, where)],
    }
    if siting is not None:
        if roads is not None:
            require_metres(sites=siting.sites, roads=roads)
            _require(roads, "road_name", "roads")
        papers["sites"] = [_sites(made, siting, where, roads)]
    files = {}
    for key, sheets in papers.items():
        files[made.file(word(f"measured_paper.{key}"))] = [
            *sheets,
            _notes(made, coverage, key, siting=siting, roads=roads),
        ]
    with whole_folder(folder, last=list(files)[-1]) as draft:
        for name, sheets in files.items():
            (draft / name).write_bytes(workbook(sheets, called=name))
    return [Path(folder) / name for name in files]


def _parks(made: Filing, coverage: Coverage, towns: gpd.GeoDataFrame | None) -> Sheet:
    """公园计入明细表: in the layer's order."""
    table = park_ledger(coverage, towns=towns)
    if made.public:
        table = table[table["counted"]]
    called = coverage.basis.called
    counted = [word(f"measured_paper.{'whole' if one else 'none'}") for one in table["counted"]]
    fields = [
        serial(len(table)),
        texts(word("measured_paper.name"), table[called.name], 18),
        texts(word("measured_paper.kind"), _classes(called.klass, table[called.klass]), 14,
              middle=True),
        numbers(word("measured_paper.park_size"), table[called.size], 14, M2),
        texts(names.label("town_name"), table["town_name"], 12, middle=True),
        texts(word("measured_paper.park_opened"), table["opened_on"], 12, middle=True),
        numbers(names.label("service_radius", unit=True), table["service_radius"], 14, M),
    ]  # fmt: skip
    total: dict[int, Any] = {3: summed(table[called.size])}
    if not made.public:
        alone = f"alone_{coverage.unit}"
        form = HA if coverage.unit == LAND else ONE
        fields += [
            texts(word("measured_paper.park_counted"), counted, 10, middle=True),
            texts(word("measured_paper.why"), table["not_counted_reason"], 20, middle=True),
            # What does not count serves nobody: there is nothing to measure.
            numbers(names.label(alone, unit=True), table[alone].where(table["counted"]), 16, form),
        ]
        total[7] = f"{word('measured_paper.whole')}{int(table['counted'].sum())}"
    head = f"{names.label(coverage.measure)}:{coverage.headline}"
    bare = made.public or coverage.unit != LAND
    units = word(f"measured_paper.parks_unit{'_public' if bare else ''}")
    return made.sheet(word("measured_paper.parks"), fields, units, said=(head,), total=total)


def _areas(made: Filing, coverage: Coverage) -> Sheet:
    """The coverage of every area, and of all together."""
    table, goals = coverage.table, [goal * 100 for goal in coverage.goals]
    shares = percents([*coverage.series, coverage.overall])
    land = coverage.unit == LAND
    columns = [f"{one}_{coverage.unit}" for one in ("demand", "served", "gap")]
    fields: list[Field] = [
        serial(len(table)),
        texts(word("measured_paper.area"), area_names(table), 18),
        *(numbers(names.label(one, unit=True), table[one], 18, HA if land else ONE)
          for one in columns),
        numbers(names.label(coverage.measure, unit=True), shares[:-1], 18,
                shown_by(shares, goals=goals)),
    ]  # fmt: skip
    total: dict[int, Any] = {2 + at: summed(table[one]) for at, one in enumerate(columns)}
    total[2 + len(columns)] = shares[-1]
    units = word(f"measured_paper.coverage_unit{'' if land else '_count'}")
    return made.sheet(word("measured_paper.coverage"), fields, units, total=total)


def _gaps(made: Filing, coverage: Coverage, gaps: gpd.GeoDataFrame, where: _Where) -> Sheet:
    """公园绿地服务盲区清单: the largest first, as `gap_list` has them."""
    unit = coverage.unit
    form = HA if unit == LAND else ONE
    living = [] if made.public else [one for one in ("households", "people") if one in gaps]
    areas = dict(zip(coverage.table.index, area_names(coverage.table), strict=True))
    named = bool((gaps["block_name"] != "").any())
    columns = [
        serial(len(gaps)),
        texts(names.label("block"), gaps["block"], 12, middle=True),
        *([texts(names.label("block_name"), gaps["block_name"], 18)] if named else []),
        *where.fields(gaps),
        texts(word("measured_paper.area"), gaps["area"].map(areas), 14, middle=True),
        numbers(names.label(f"gap_{unit}", unit=True), gaps[f"gap_{unit}"], 18, form),
        numbers(names.label(f"block_{unit}", unit=True), gaps[f"block_{unit}"], 18, form),
        *(numbers(word(f"measured_paper.{one}"), gaps[one], 12, ONE) for one in living),
        texts(word("measured_paper.nearest"), gaps["nearest_name"], 18, middle=True),
        numbers(word("measured_paper.nearest_m"), gaps["nearest_m"], 11, M),
    ]
    at = next(at for at, one in enumerate(columns) if one.heading.startswith(
        names.label(f"gap_{unit}")))  # fmt: skip
    total: dict[int, Any] = {at: summed(gaps[f"gap_{unit}"])}
    total |= {at + 2 + place: summed(gaps[one]) for place, one in enumerate(living)}
    key = "_count" if unit != LAND else "_public" if made.public else ""
    head = f"{names.label(coverage.measure)}:{coverage.headline}"
    return made.sheet(
        word("measured_paper.gaps"),
        columns,
        word(f"measured_paper.gaps_unit{key}"),
        said=(head,),
        total=total,
    )


def _sites(made: Filing, siting: Siting, where: _Where, roads: gpd.GeoDataFrame | None) -> Sheet:
    """口袋公园建议选址清单: in the order of building."""
    table = siting.sites
    after = percents(table["coverage_after"])
    form = shown_by(after, goals=[goal * 100 for goal in siting.goals])
    areas = dict(zip(siting.table.index, area_names(siting.table), strict=True))
    fields = [
        Field(names.label("rank"), [int(one) for one in table.index], width=6, middle=True),
        texts(names.label("candidate"), table["candidate"], 16, middle=True),
        *where.fields(table),
        texts(word("measured_paper.area"), table["area"].map(areas), 12, middle=True),
        texts(word("measured_paper.around"), _around(table, roads), 34),
        numbers(names.label("site_area_m2", unit=True), table["site_area_m2"], 17, M2),
        numbers(word("measured_paper.mu"), table["site_area_m2"] / M2_PER_MU, 13, "0.00"),
        numbers(names.label("service_radius", unit=True), table["service_radius"], 14, M),
        numbers(names.label("gain_ha", unit=True), table["gain_ha"], 16, HA),
        numbers(names.label("coverage_after", unit=True), after, 18, form),
        texts(word("measured_paper.remarks"), table["remarks"], 20, middle=True),
    ]
    at = len(fields) - 6
    total = {
        at: summed(table["site_area_m2"]),
        at + 1: summed(table["site_area_m2"] / M2_PER_MU),
        at + 3: summed(table["gain_ha"]),
    }
    return made.sheet(
        word("measured_paper.sites"),
        fields,
        word("measured_paper.sites_unit"),
        said=(siting.headline, word("siting.proposal")),
        total=total,
    )


def _notes(
    made: Filing,
    coverage: Coverage,
    key: str,
    *,
    siting: Siting | None,
    roads: gpd.GeoDataFrame | None,
) -> Sheet:
    own: list[str] = []
    if key == "parks":
        if made.public or coverage.unit == LAND:
            own.append(word(f"measured_paper.{'parks_public' if made.public else 'overlaps'}"))
    elif key == "gaps":
        own += [word(f"measured_paper.{'gaps_public' if made.public else 'shared_out'}"),
                word("measured_paper.straight")]  # fmt: skip
    elif siting is not None:
        sides = "four_sides_bare" if roads is None else "four_sides"
        own += [
            word("siting.proposal"),
            f"{word('siting.proof')}:{siting.proof}",
            word("measured_paper.in_order"),
            word(f"measured_paper.{sides}").format(metres=f"{BESIDE_M:g}"),
            *siting.notices,
        ]
    origins, sources = coverage.origins, coverage.sources
    if key == "sites" and siting is not None:
        origins, sources = siting.origins, siting.sources
    return made.notes(
        [
            f"{word('map.definition')}:{coverage.definition.line}",
            coverage.definition.note,
            *own,
            *coverage.notices,
            f"{word('map.sources')}:{'、'.join(origins)}" if origins else "",
            documents(sources),
        ]
    )


# ---------------------------------------------------------------- where things lie


class _Where:
    """In which town and village shapes lie, where somebody gave the layers."""

    def __init__(
        self,
        areas: gpd.GeoDataFrame,
        towns: gpd.GeoDataFrame | None,
        villages: gpd.GeoDataFrame | None,
    ) -> None:
        self.layers: list[tuple[str, str, gpd.GeoDataFrame]] = []
        for column, layer, called, heading in (
            ("town_name", towns, "towns", names.label("town_name")),
            ("village_name", villages, "villages", word("measured_paper.community")),
        ):
            if layer is not None:
                require_metres(**{"areas": areas, called: layer})
                require_polygons(**{called: layer})
                _require(layer, column, called)
                self.layers.append((column, heading, layer))

    def fields(self, frame: gpd.GeoDataFrame) -> list[Field]:
        """A column for each layer; what the frame says itself goes before."""
        out = []
        for column, heading, layer in self.layers:
            found = lying_in(np.asarray(frame.geometry.array, dtype=object), layer, column)
            out.append(texts(heading, found, 12, middle=True))
        if not any(column == "town_name" for column, _, _ in self.layers) and "town_name" in frame:
            out.insert(0, texts(names.label("town_name"), frame["town_name"], 12, middle=True))
        return out


def _require(layer: gpd.GeoDataFrame, column: str, called: str) -> None:
    if column not in layer:
        raise ColumnError(f"`{called}` has no column `{column}`.")


def _classes(column: str, values: pd.Series[Any]) -> list[str]:
    known = column in names.vocabularies()
    return in_words(column, values) if known else [str(one) for one in values]


def _around(sites: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None) -> list[str]:
    """四至: the named street on each side, or where the side lies.

    A street bounds a side when it runs through the strip beside the plot, as broad as the plot is
    there and `BESIDE_M` deep; of several the nearest.
    """
    shapes = np.asarray(sites.geometry.array, dtype=object)
    west, south, east, north = shapely.bounds(shapes).T
    strips = {
        "东": shapely.box(east, south, east + BESIDE_M, north),
        "南": shapely.box(west, south - BESIDE_M, east, south),
        "西": shapely.box(west - BESIDE_M, south, west, north),
        "北": shapely.box(west, north, east, north + BESIDE_M),
    }
    bare = {"东": east, "南": south, "西": west, "北": north}
    axis = {"东": "X", "西": "X", "南": "Y", "北": "Y"}
    said = {side: [f"{axis[side]}={one:.0f}" for one in bare[side]] for side in SIDES}
    if roads is not None:
        named = roads[roads["road_name"].notna() & (roads["road_name"].astype(str) != "")]
        lines = np.asarray(named.geometry.array, dtype=object)
        called = named["road_name"].astype(str).to_numpy()
        tree = shapely.STRtree(lines)
        for side in SIDES:
            site, line = tree.query(strips[side], predicate="intersects")
            within = shapely.intersection(lines[line], strips[side][site])
            away = shapely.distance(within, shapes[site])
            order = np.lexsort((called[line], away, site))
            first = order[np.flatnonzero(np.diff(site[order], prepend=-1))]
            for at, name in zip(site[first], called[line[first]], strict=True):
                said[side][at] = name
    return [",".join(f"{side}至{said[side][at]}" for side in SIDES) for at in range(len(sites))]
