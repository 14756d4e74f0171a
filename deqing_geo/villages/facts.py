"""What is known of each village: measured on layers, declared in a table, or not known.

Nothing here judges. A fact no layer or table gives is an absent column; a fact that is not
known of one village is empty there, never 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from deqing_geo import standards
from deqing_geo.checks import require_areas
from deqing_geo.crs import require_metres
from deqing_geo.errors import InputError
from deqing_geo.opened import as_day
from deqing_geo.provenance import origins
from deqing_geo.villages import measured
from deqing_geo.villages.cells import read_cells
from deqing_geo.villages.declared import declare
from deqing_geo.villages.known import asked
from deqing_geo.villages.lived import Lived, lived_on
from deqing_geo.villages.told import DECLARED_BY, MEASURED, MISSING, Told
from deqing_geo.villages.towns import place_in_towns

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from deqing_geo.network import RoadNetwork
    from deqing_geo.network.graph import Graph
    from deqing_geo.rasters import Raster
    from deqing_geo.standards import Standard

    Shapes = NDArray[Any]

# What is taken over from the villages themselves.
IDENTITY = ("village_name", "town_name", "town_code", "unit_kind")


def village_facts(
    villages: gpd.GeoDataFrame,
    *,
    table: pd.DataFrame | None = None,
    homes: gpd.GeoDataFrame | None = None,
    network: RoadNetwork | Graph | None = None,
    seats: gpd.GeoDataFrame | None = None,
    terrain: Raster | None = None,
    population: Raster | None = None,
    boundaries: gpd.GeoDataFrame | None = None,
    redline: gpd.GeoDataFrame | None = None,
    water_source: gpd.GeoDataFrame | None = None,
    farmland: gpd.GeoDataFrame | None = None,
    cropland: gpd.GeoDataFrame | None = None,
    hazards: gpd.GeoDataFrame | None = None,
    fault_lines: gpd.GeoDataFrame | None = None,
    facilities: gpd.GeoDataFrame | None = None,
    zone: gpd.GeoDataFrame | None = None,
    towns: gpd.GeoDataFrame | None = None,
    as_of: date | str | None = None,
    law: Standard | None = None,
    walk_kmh: float | None = None,
) -> gpd.GeoDataFrame:
    """The facts the development type of a village is judged by (村庄指标).

    Every layer may be left out: what it would tell is then an absent column, and
    `classify_villages` says which conditions were switched off for want of it.

    Parameters
    ----------
    villages : GeoDataFrame of Polygon, N rows
        Index ``village_code``; columns ``village_name``, ``town_name``, and ``town_code`` where
        the codes are not national. Metric CRS.
    table : DataFrame, optional
        What is declared, indexed by ``village_code``: any registered columns of the village
        table. What is blank is not known; a column without a single value counts as not given.
        People, land a head, hazards and services declared
        here are not measured again; minutes, ground and shares of law are taken from here only
        where no layer tells them.
    homes : GeoDataFrame of Polygon, optional
        Residential land. Shares and slopes are taken over a village's part of it; villages
        without any, or all of them without this layer, are taken whole, and say so.
    network : RoadNetwork or networkx.MultiGraph, optional
        With `seats`: minutes by road, as `travel_minutes` counts them. With `facilities`:
        metres to them by road.
    seats : GeoDataFrame of Point, optional
        With ``seat_kind`` (``county_seat``, ``subcentre`` or ``town``) and ``town_code`` (or
        ``town_name``): seats of government. Each is also the seat of its own town.
    terrain : Raster, optional
        Heights, metres.
    population : Raster, optional
        People per cell. Where no resident population is declared at all it stands in as a
        proxy.
    boundaries : GeoDataFrame of Polygon, optional
        城镇开发边界; with ``boundary_kind``, only ``county_seat`` counts: other towns' boundaries
        never make a village 城郊融合.
    redline, farmland, cropland : GeoDataFrame of Polygon, optional
        生态保护红线, 永久基本农田, 耕地.
    water_source : GeoDataFrame of Polygon, optional
        饮用水水源保护区; with ``protection_level``, only ``level1`` counts.
    hazards : GeoDataFrame of Point or Polygon, optional
        With ``hazard_class``: 隐患点 or 易发区. The worst that lies in a village's area (points)
        or on its residential land (polygons); none where none lies.
    fault_lines : GeoDataFrame of LineString, optional
        断裂带: metres from the residential land to the nearest.
    facilities : GeoDataFrame of Point, optional
        公共服务设施 with ``facility_class``: of eight kinds, those that stand in the village or
        within ``village.facility_distance`` of its homes, by road where there is a network;
        in a straight line otherwise, which is a proxy and says so.
    zone : GeoDataFrame of Polygon, optional
        建成区: the share of residential land inside it.
    towns : GeoDataFrame of Polygon, optional
        With ``town_name`` and ``town_code``, for villages that do not say theirs; villages that
        lie elsewhere than they say are told.
    as_of : date or str, optional
        Facilities with a later ``opened_on`` do not count; those without a day do.
    law : Standard, optional
        Whose speed on foot and distances; by default Deqing's.
    walk_kmh : float, optional
        A speed on foot in its place.

    Returns
    -------
    GeoDataFrame
        Index and CRS of `villages`; facts as named in the registry of columns.
        ``attrs["facts"]`` says of each column ``measured``, ``declared`` or ``proxy``, and
        ``missing`` of those a condition or score could read and nobody gave;
        ``attrs["fact_sources"]`` says which layer or table. `fact_sources` shows both.
        ``doubted``, where there is something to doubt, names declared figures that can hardly
        be in the unit of their column.

    Raises
    ------
    CRSError
        If a layer has no CRS, is in degrees or feet, or they disagree.
    GeometryError
        If a shape is not a valid polygon, or a seat no point.
    ColumnError
        If a needed column is absent or holds what it may not, or a declared column cannot be
        in its unit; every column at fault and its rows are named.
    CodeError
        If `table` repeats a code or knows no code of `villages`, or names a village that is
        not there.
    InputError
        If the index of `villages` repeats a label, `seats` or `network` is given alone,
        `boundaries` has no row of the county seat, or `fault_lines` no line.

    Warns
    -----
    DeqingGeoWarning
        If declared figures are doubted, or villages lie in another town than they say.

    Notes
    -----
    Of two declared figures come ``hollow_rate`` (idle homesteads over all), ``pop_chg5_pct``
    (residents now and five years ago) and ``tt_centre_min``, where nobody declared them;
    ``heritage_list`` also names the lists with a column of their own.

    A village's place for travel is inside its largest piece of residential land: a mean
    would fall into a river. Slope is Horn's, the mean over all cells by the part of them
    on residential land. ``relief_m`` is the highest ground there less the lowest.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> facts = village_facts(sample.villages(), homes=sample.homes())
    >>> facts["residential_ha"].round(1).to_dict()
    {'A': 8.0, 'B': 3.3, 'C': 4.2, 'D': 0.0}
    """
    law = standards.load() if law is None else law
    given = {
        "homes": homes,
        "seats": seats,
        "boundaries": boundaries,
        "redline": redline,
        "water_source": water_source,
        "farmland": farmland,
        "cropland": cropland,
        "hazards": hazards,
        "fault_lines": fault_lines,
        "facilities": facilities,
        "zone": zone,
        "towns": towns,
    }
    layers = {name: frame for name, frame in given.items() if frame is not None}
    require_metres(villages=villages, **layers)
    shapes = require_areas(villages=villages)
    if seats is not None and network is None:
        raise InputError("`seats` alone gives no minutes: pass seats= and network= together.")
    if network is not None and seats is None and facilities is None:
        raise InputError(
            "`network` alone gives no minutes: pass seats= and network= together, or facilities=."
        )
    day = None if as_of is None else as_day(as_of, "as_of")
    out = villages[[name for name in IDENTITY if name in villages] + ["geometry"]].copy()
    if "unit_kind" in out:
        out["unit_kind"] = read_cells(out["unit_kind"], "unit_kind")
    everything = {"villages": villages, **given, "table": table, "network": network}
    told = Told({**everything, "terrain": terrain, "population": population})
    for column in ("unit_kind", "town_code"):
        if column in out:
            told.say(column, DECLARED_BY, "villages")
    if table is not None:
        declare(out, told, table, law)
    if towns is not None:
        place_in_towns(out, told, towns, shapes)
    lived = lived_on(out, shapes, homes)
    if homes is not None:
        told.say("residential_ha", MEASURED, "homes")
    if network is not None and seats is not None:
        on_foot = law.rule("speed.walk").value if walk_kmh is None else walk_kmh
        measured.minutes(out, told, network, seats, lived.place, on_foot)
    if terrain is not None or population is not None:
        merged = lived.merged()
        if terrain is not None:
            measured.ground(out, told, terrain, merged)
        if population is not None:
            measured.people(out, told, population, merged)
    _by_law(out, told, lived, boundaries, redline, water_source, zone)
    if farmland is not None:
        out["pbf_share"] = measured.share_of(shapes, measured.parts_of(farmland, "farmland"))
        told.say("pbf_share", MEASURED, "farmland")
    if cropland is not None:
        measured.arable(out, told, cropland, shapes)
    measured.density(out, told, shapes)
    if hazards is not None and not told.settled("hazard_class"):
        measured.hazardous(out, told, hazards, shapes, lived)
    if fault_lines is not None:
        measured.faulted(out, told, fault_lines, lived)
    if facilities is not None:
        within_m = law.rule("village.facility_distance").value
        measured.services(out, told, facilities, shapes, lived.place, network, within_m, day)
    out["whole_area"] = lived.whole
    missing = [one for one in (*told.blank, *asked()) if one not in told]
    out.attrs["facts"] = told.how | dict.fromkeys(missing, MISSING)
    out.attrs["fact_sources"] = dict(told.source)
    out.attrs["facts_computed"] = tuple(one for one in told.counted if one in told.how)
    frames = {"villages": villages, **layers, **({} if table is None else {"table": table})}
    out.attrs["origins"] = origins(**frames)
    said = [str(frame.attrs["notice"]) for frame in frames.values() if frame.attrs.get("notice")]
    if said:
        out.attrs["notice"] = ";".join(dict.fromkeys(said))
    return out


def _by_law(
    out: gpd.GeoDataFrame,
    told: Told,
    lived: Lived,
    boundaries: gpd.GeoDataFrame | None,
    redline: gpd.GeoDataFrame | None,
    water_source: gpd.GeoDataFrame | None,
    zone: gpd.GeoDataFrame | None,
) -> None:
    """Shares of residential land in what is drawn by law, and the way to the town."""
    if boundaries is not None:
        seat = measured.rows_of(boundaries, "boundaries", "boundary_kind", "county_seat")
        if len(seat) == 0:
            raise InputError(
                "`boundaries` has no row of the county seat (boundary_kind county_seat, 县城), and "
                "only its 城镇开发边界 makes 城郊融合. Add it, or leave boundaries= out."
            )
        parts = measured.parts_of(seat, "boundaries")
        out["udb_res_share"] = lived.share_in(parts)
        out["dist_udb_m"] = lived.metres_to(parts)
        for column in ("udb_res_share", "dist_udb_m"):
            told.say(column, MEASURED, "boundaries", "homes")
    for column, name, layer, wanted in (
        ("redline_res_share", "redline", redline, None),
        ("water1_res_share", "water_source", water_source, ("protection_level", "level1")),
        ("builtup_res_share", "zone", zone, None),
    ):
        if layer is not None:
            rows = layer if wanted is None else measured.rows_of(layer, name, *wanted)
            out[column] = lived.share_in(measured.parts_of(rows, name))
            told.say(column, MEASURED, name, "homes")
