"""A layer of boundaries asked for every fault it may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo import columns as names
from deqing_geo.checks import require_areas
from deqing_geo.crs import require_metres
from deqing_geo.errors import InputError
from deqing_geo.faults.attributes import (
    area_faults,
    code_faults,
    declared_fields,
    name_faults,
    town_names,
)
from deqing_geo.faults.forms import DUST_M, comparable, shape_faults, twins, widths
from deqing_geo.faults.found import Found, Units, report
from deqing_geo.faults.identity import VILLAGE, Identity, identity
from deqing_geo.faults.listed import listed_faults, require_register
from deqing_geo.faults.outlines import NOWHERE, open_gap_faults, outside_faults
from deqing_geo.faults.topology import Tiling, coverage_faults, faces, tiling
from deqing_geo.provenance import notices, origins

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from deqing_geo.faults.report import BoundaryReport

    Shapes = NDArray[Any]

SHAPE_KINDS = (
    "invalid",
    "empty",
    "wrong_kind",
    "unclosed",
    "duplicate_geometry",
    "overlap",
    "gap",
    "sliver",
    "enclave",
    "multipart",
)
NAME_KINDS = ("unnamed", "damaged_name", "homonym")
REGISTER_KINDS = ("name_mismatch", "not_in_register", "missing")
COUNTY_WORDS = ("县界", "the county")
TOWN_WORDS = ("镇(街道)界", "the towns")


def check_boundaries(
    villages: gpd.GeoDataFrame,
    *,
    towns: gpd.GeoDataFrame | None = None,
    county: gpd.GeoDataFrame | None = None,
    register: pd.DataFrame | None = None,
) -> BoundaryReport:
    """Every fault of a layer of boundaries, one row each; nothing is changed (边界质量检查).

    What is empty, invalid, no polygon or twice there is reported, not refused, and what can be
    compared of it is compared: a shape that crosses itself takes part as it would be mended.
    Overlaps and gaps narrower than a millimetre are the rounding of coordinates and no faults.

    Parameters
    ----------
    villages : GeoDataFrame, N rows
        Villages, towns, counties or any areas that should tile a place, in metres. Codes, names,
        towns and declared areas (JSMJ, DCMJ, in m2) are found by our names or those of survey and
        statistics; the index may repeat labels.
    towns : GeoDataFrame of Polygon, optional
        The towns (镇、街道) the units belong to, as of `read_towns`, in the same CRS. A unit is of
        the town its ``town_code`` or ``town_name`` says, else to that of its code.
    county : GeoDataFrame of Polygon, optional
        The outline the units should fill, in any number of rows, in the same CRS. Without it
        the towns together are that outline.
    register : DataFrame, optional
        Names and codes as published, in the form of `register`.

    Returns
    -------
    BoundaryReport
        ``.table`` in the CRS of `villages`: sizes in m2 of the plane, or as ratios. ``.kinds``
        tells what was looked for: what needs codes, names, towns or a register is looked for
        where they are.

    Raises
    ------
    CRSError
        If a layer has no CRS, is not in metres, or two disagree.
    GeometryError
        If `towns` or `county` have rows that are empty, invalid or no polygons.
    InputError
        If `towns` or `county` repeat labels, or `register` lacks a column, repeats codes or lists
        no unit of the layer's level.

    See Also
    --------
    repair_boundaries : mends overlaps and narrow gaps on request.
    geopandas.GeoSeries.is_valid_coverage : says whether there is a fault, not which.

    Notes
    -----
    Only units that meet an edge without a partner are intersected, and units beside them; see
    `deqing_geo.faults.topology.overlaps` for why no pair is missed.

    Examples
    --------
    Paper Town is clean. Its villages are squares of 1 km; here 乙村 reaches 2 m into 甲村:

    >>> import shapely
    >>> from deqing_geo import sample
    >>> check_boundaries(sample.villages())
    <BoundaryReport of 4 units: nothing found>
    >>> villages = sample.villages()
    >>> villages.loc["B", "geometry"] = shapely.box(500998, 3380000, 502000, 3381000)
    >>> found = check_boundaries(villages)
    >>> found
    <BoundaryReport of 4 units: 1 error>
    >>> found.table[["fault_rows", "fault_size"]].to_numpy().tolist()
    [['A、B', 2000.0]]
    >>> print(found.table.loc[0, "says_zh"])
    甲村(A)、乙村(B)重叠2000.00平方米(1处)。
    """
    layers = {"villages": villages, "towns": towns, "county": county}
    given = {name: layer for name, layer in layers.items() if layer is not None}
    require_metres(**given)
    raw = np.asarray(villages.geometry.array, dtype=object)
    who = identity(villages)
    sound = comparable(raw)
    same = twins(sound)
    spots = np.asarray(shapely.point_on_surface(sound), dtype=object)
    found = shape_faults(raw, sound, same)
    asked = [*SHAPE_KINDS]
    first = sound.copy()
    for group in same:
        # Two hundred times the same shape would be twenty thousand overlaps.
        first[group[1:]] = None
    tiles = tiling(first)
    outlines, outline_kinds, alike = _against_outlines(tiles, who, towns, county)
    named = town_names(who, towns, register)
    coded = towns is not None and towns.index.name == "town_code"
    all_towns = set(towns.index.astype(str)) if coded and towns is not None else None
    found += outlines + code_faults(who, spots, named, all_towns) + name_faults(who, spots)
    asked += outline_kinds
    if who.codes is not None:
        asked.append("duplicate_code")
        asked += ["bad_code"] if who.national else []
        asked += ["code_town", "old_code"] if who.national and who.level == VILLAGE else []
    asked += NAME_KINDS if who.names is not None else ()
    fields = declared_fields(villages)
    if fields:
        found += area_faults(villages, fields, sound, spots)
        asked.append("area_mismatch")
    if register is not None:
        found += listed_faults(who, spots, require_register(register, who.level))
        asked += REGISTER_KINDS
    said = notices(None, **given)
    if not alike:
        said = (*said, names.word("check.not_alike"))
    homeless = 0 if towns is None else int((_homes(who, towns)[0] == NOWHERE).sum())
    if homeless:
        said = (*said, f"{homeless}{names.word('check.homeless')}")
    return report(
        found,
        _units(who, named),
        crs=villages.crs,
        asked=asked,
        notices=said,
        origins=origins(**given),
    )


def _units(who: Identity, towns: dict[str, str]) -> Units:
    blank = np.full(len(who.labels), None, dtype=object)
    by_code = blank.copy()
    by_code[:] = [towns.get(prefix) if prefix else None for prefix in who.prefixes]
    said = by_code if who.towns is None else np.where(who.towns == None, by_code, who.towns)  # noqa: E711
    return Units(who.labels, blank if who.names is None else who.names, said)


def _against_outlines(
    tiles: Tiling,
    who: Identity,
    towns: gpd.GeoDataFrame | None,
    county: gpd.GeoDataFrame | None,
) -> tuple[list[Found], list[str], bool]:
    """Overlaps, gaps, enclaves, and what lies outside or open.

    With the kinds looked for, and whether units and outlines are one drawing.
    """
    cut, covered = faces(tiles)
    holes = cut[~covered]
    holes = holes[widths(holes) >= DUST_M]
    found: list[Found] = []
    asked: list[str] = []
    edge: Any = None
    words = COUNTY_WORDS
    alike: list[bool] = []
    if county is not None:
        edge = shapely.union_all(require_areas(county=county))
        home = np.zeros(len(tiles.units), dtype=np.intp)
        beyond, same = outside_faults(
            "outside_county", tiles, np.array([edge]), home, [COUNTY_WORDS[0]]
        )
        found += beyond
        alike.append(same)
        asked.append("outside_county")
    if towns is not None:
        shapes = require_areas(towns=towns)
        home, called = _homes(who, towns)
        if (home != NOWHERE).any():
            beyond, same = outside_faults("outside_town", tiles, shapes, home[tiles.rows], called)
            found += beyond
            alike.append(same)
            asked.append("outside_town")
        if edge is None:
            edge, words = shapely.union_all(shapes), TOWN_WORDS
    if edge is not None and not shapely.is_empty(edge):
        # What the county does not hold either is no gap in it.
        inside = shapely.contains(edge, shapely.point_on_surface(holes))
        whole = shapely.coverage_union_all(cut[covered])
        left, same = open_gap_faults(tiles, whole, edge, holes, zh=words[0], en=words[1])
        found += left
        alike.append(same)
        holes = holes[inside]
        asked.append("open_gap")
    return [*coverage_faults(tiles, holes), *found], asked, all(alike)


def _homes(who: Identity, towns: gpd.GeoDataFrame) -> tuple[NDArray[np.intp], list[str]]:
    """Which town each row says it belongs to, and what the towns are called."""
    own = identity(towns)
    codes = own.sound_codes if own.level != VILLAGE else own.prefixes
    titles = own.names if own.names is not None else own.towns
    if titles is None:
        titles = codes
    called = [
        str(label) if title is None else str(title)
        for label, title in zip(own.labels, titles, strict=True)
    ]
    by_code = {code: at for at, code in enumerate(codes) if code is not None}
    by_name = {name: at for at, name in enumerate(titles) if name is not None}
    if len(by_name) < sum(title is not None for title in titles):
        raise InputError("`towns` repeats names, so a unit would have two towns. Dissolve them.")
    home = np.full(len(who.labels), NOWHERE, dtype=np.intp)
    nothing = np.full(len(who.labels), None, dtype=object)
    for values, places in (
        (who.prefixes, by_code),
        (nothing if who.towns is None else who.towns, by_name),
        (nothing if who.town_codes is None else who.town_codes, by_code),
    ):
        for at, value in enumerate(values):
            if value in places:
                home[at] = places[value]
    return home, called
