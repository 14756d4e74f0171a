"""What is known of each village: measured on layers, declared in a table, or not known.

Nothing here judges. A fact no layer or table gives is an absent column; a fact that is not
known of one village is empty there, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import require_areas, require_points, require_polygons
from deqing_geo.crs import require_metres
from deqing_geo.cutting import SLIVER_M2, areas_in, metres_to, once, pieces_in
from deqing_geo.divisions import name_forms
from deqing_geo.ellipsoid import M2_PER_HA, ellipsoidal_area
from deqing_geo.errors import CodeError, ColumnError, InputError
from deqing_geo.network import travel_minutes
from deqing_geo.network.times import own_towns
from deqing_geo.provenance import origins
from deqing_geo.terrain import slope, zonal
from deqing_geo.villages.cells import DECLARED, read_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.network import RoadNetwork
    from deqing_geo.network.graph import Graph
    from deqing_geo.rasters import Raster
    from deqing_geo.standards import Standard

    Shapes = NDArray[Any]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

M2_PER_MU = 2000 / 3
GRADES = ("none", "low", "medium", "high")
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
        table. What is blank is not known. A number declared here is not measured again.
    homes : GeoDataFrame of Polygon, optional
        Residential land. Shares and slopes are taken over a village's part of it; villages
        without any, or all of them without this layer, are taken whole, and say so.
    network : RoadNetwork or networkx.MultiGraph, optional
        With `seats`: minutes by road, as `travel_minutes` counts them.
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
    law : Standard, optional
        Whose speed on foot; by default Deqing's.
    walk_kmh : float, optional
        A speed on foot in its place.

    Returns
    -------
    GeoDataFrame
        Index and CRS of `villages`; facts as named in the registry of columns.
        ``attrs["facts"]`` says of each column ``measured``, ``declared`` or ``proxy``.

    Raises
    ------
    CRSError
        If a layer has no CRS, is in degrees or feet, or they disagree.
    GeometryError
        If a shape is not a valid polygon, or a seat no point.
    ColumnError
        If a needed column is absent or holds what it may not; the rows are named.
    CodeError
        If `table` repeats a code or knows no code of `villages`, or names a village that is
        not there.
    InputError
        If the index of `villages` repeats a label, `seats` or `network` is given alone, or
        `boundaries` has no row of the county seat.

    Notes
    -----
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
    }
    layers = {name: frame for name, frame in given.items() if frame is not None}
    require_metres(villages=villages, **layers)
    shapes = require_areas(villages=villages)
    for left, right, name in ((seats, network, "seats"), (network, seats, "network")):
        if left is not None and right is None:
            raise InputError(f"`{name}` alone gives no minutes: pass seats= and network= together.")
    out = villages[[name for name in IDENTITY if name in villages] + ["geometry"]].copy()
    if "unit_kind" in out:
        out["unit_kind"] = read_cells(out["unit_kind"], "unit_kind")
    told: dict[str, str] = {}
    if table is not None:
        _declare(out, told, table)
    lived = _lived_on(out, shapes, homes)
    if homes is not None:
        told["residential_ha"] = "measured"
    if network is not None and seats is not None:
        on_foot = law.rule("speed.walk").value if walk_kmh is None else walk_kmh
        _minutes(out, told, network, seats, lived.place, on_foot)
    if terrain is not None or population is not None:
        merged = lived.merged()
        if terrain is not None:
            _ground(out, told, terrain, merged)
        if population is not None:
            _people(out, told, population, merged)
    if boundaries is not None:
        seat = _rows_of(boundaries, "boundaries", "boundary_kind", "county_seat")
        if len(seat) == 0:
            raise InputError(
                "`boundaries` has no row of the county seat (boundary_kind county_seat, 县城), and "
                "only its 城镇开发边界 makes 城郊融合. Add it, or leave boundaries= out."
            )
        parts = _parts(seat, "boundaries")
        out["udb_res_share"] = lived.share_in(parts)
        out["dist_udb_m"] = lived.metres_to(parts)
        told["udb_res_share"] = told["dist_udb_m"] = "measured"
    for column, layer, rows in (
        ("redline_res_share", redline, None),
        ("water1_res_share", water_source, ("protection_level", "level1")),
    ):
        if layer is not None:
            name = column.removesuffix("_res_share").replace("water1", "water_source")
            out[column] = lived.share_in(_parts(_rows_of(layer, name, *(rows or ("", ""))), name))
            told[column] = "measured"
    if farmland is not None:
        out["pbf_share"] = _share(shapes, _parts(farmland, "farmland"))
        told["pbf_share"] = "measured"
    if cropland is not None and "farmland_pc" not in out and "pop_resident" in out:
        area = _share(shapes, _parts(cropland, "cropland")) * ellipsoidal_area(shapes, out.crs)
        people = out["pop_resident"].to_numpy(dtype=float, na_value=np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            out["farmland_pc"] = np.where(people > 0, area / M2_PER_MU / people, np.nan)
        told["farmland_pc"] = "measured"
    if hazards is not None and "hazard_class" not in out:
        _hazards(out, told, hazards, shapes, lived)
    out["whole_area"] = lived.whole
    out.attrs["facts"] = told
    frames = {"villages": villages, **layers, **({} if table is None else {"table": table})}
    out.attrs["origins"] = origins(**frames)
    said = [str(frame.attrs["notice"]) for frame in frames.values() if frame.attrs.get("notice")]
    if said:
        out.attrs["notice"] = ";".join(dict.fromkeys(said))
    return out


# ---------------------------------------------------------------- what is declared


def _declare(out: gpd.GeoDataFrame, told: dict[str, str], table: pd.DataFrame) -> None:
    if "village_code" in table:
        table = table.set_index("village_code")
    twice = table.index[table.index.duplicated()].unique()
    if len(twice):
        raise CodeError("`table` has several rows for one village.", twice)
    strangers = table.index.difference(out.index, sort=False)
    if len(strangers) == len(table) and len(table):
        raise CodeError(
            "`table` names no village of the boundaries: are both indexed by village_code?",
            strangers,
        )
    if len(strangers):
        raise CodeError(
            "`table` has rows for villages that are not in the boundaries. Mend the codes, or "
            "leave these rows out.",
            strangers,
        )
    _same_names(out, table)
    rows = table.reindex(out.index)
    for column in ("town_name", "unit_kind", *DECLARED):
        if column not in table or column in out:
            continue
        out[column] = read_cells(rows[column], column)
        told[column] = "declared"


def _same_names(out: gpd.GeoDataFrame, table: pd.DataFrame) -> None:
    """A row shifted by one would give every village its neighbour's facts."""
    if "village_name" not in out or "village_name" not in table:
        return
    here = names.clean_text(out.loc[table.index, "village_name"])
    there = names.clean_text(table["village_name"])
    # 某村 and 某村村民委员会 are one village under its two names.
    other = np.array(
        [
            a is not None and b is not None and name_forms(a).isdisjoint(name_forms(b))
            for a, b in zip(here, there, strict=True)
        ],
        dtype=bool,
    )
    if other.any():
        pairs = [
            f"{code} {a}/{b}"
            for code, a, b in zip(table.index[other], here[other], there[other], strict=True)
        ]
        raise CodeError(
            "`table` calls villages otherwise than the boundaries do (名称不一致): "
            f"{'; '.join(pairs[:3])}. Has a column been sorted by itself?",
            table.index[other],
        )


# ---------------------------------------------------------------- what is measured


@dataclass(frozen=True, slots=True, eq=False)
class _Lived:
    """Residential land of the villages, as single pieces; all of a village without any."""

    at: Ints  # whose piece
    pieces: Shapes
    whole: NDArray[np.bool_]
    place: Shapes  # inside each village's largest piece

    def merged(self) -> Shapes:
        """One shape a village: pieces side by side are no valid multi-polygon."""
        held = np.asarray(shapely.geometrycollections(self.pieces, indices=self.at))
        merged: Shapes = np.asarray(shapely.union_all(held[:, None], axis=1))
        return merged

    def share_in(self, parts: Shapes) -> Floats:
        """The part of each village's pieces that lies in any of the parts."""
        count = len(self.whole)
        inside = np.bincount(self.at, areas_in(parts, self.pieces), count)
        # Rounding must not make more than the whole of it.
        return np.clip(inside / np.bincount(self.at, shapely.area(self.pieces), count), 0, 1)

    def metres_to(self, parts: Shapes) -> Floats:
        """Metres from each village's pieces to the nearest part; 0 where they meet."""
        out = np.where(self.share_in(parts) > 0, 0.0, np.inf)
        away = np.flatnonzero(out[self.at] > 0)
        np.minimum.at(out, self.at[away], metres_to(parts, self.pieces[away]))
        return np.where(np.isinf(out), np.nan, out)


def _lived_on(out: gpd.GeoDataFrame, shapes: Shapes, homes: gpd.GeoDataFrame | None) -> _Lived:
    count = len(shapes)
    parts, at = np.zeros(0, dtype=object), np.zeros(0, dtype=np.int64)
    if homes is not None:
        at, cut = pieces_in(shapes, once(require_polygons(homes=homes)))
        parts, part_of = shapely.get_parts(cut, return_index=True)
        at = at[part_of]
        # A neighbour's homes drawn along the border leave slivers, which nobody lives on.
        solid = shapely.area(parts) > SLIVER_M2
        parts, at = parts[solid], at[solid]
        out["residential_ha"] = np.bincount(at, ellipsoidal_area(parts, out.crs), count) / M2_PER_HA
    whole = np.bincount(at, minlength=count) == 0
    own, own_of = shapely.get_parts(shapes[whole], return_index=True)
    parts = np.concatenate([parts, own])
    at = np.concatenate([at, np.flatnonzero(whole)[own_of]])
    # Of equal pieces always the same first, however the rows lie.
    west, south = shapely.bounds(parts).reshape(-1, 4)[:, :2].T
    order = np.lexsort((south, west, -np.round(shapely.area(parts), 3), at))
    at, parts = at[order], parts[order]
    largest = np.flatnonzero(np.diff(at, prepend=-1))
    return _Lived(at, parts, whole, shapely.point_on_surface(parts[largest]))


def _minutes(
    out: gpd.GeoDataFrame,
    told: dict[str, str],
    network: RoadNetwork | Graph,
    seats: gpd.GeoDataFrame,
    place: Shapes,
    walk_kmh: float,
) -> None:
    kinds = _needed(seats, "seats", "seat_kind")
    known = list(names.vocabulary("seat_kind"))
    odd = ~np.isin(kinds, known)
    if odd.any():
        raise ColumnError(f"`seat_kind` may hold {', '.join(known)}.", seats.index[odd])
    if not (kinds == "county_seat").any():
        raise ColumnError("`seats` names no county_seat (县城), to which minutes are asked.")
    towns = own_towns(out, seats)
    if towns is None:
        raise ColumnError("`seats` needs `town_code`, or `town_name` as the villages have it.")
    own, theirs = towns
    without = ~np.isin(own, theirs) | pd.isna(own)
    if without.any():
        missing = sorted({str(name) for name in own[without]})
        raise ColumnError(
            f"`seats` has no seat for {', '.join(missing[:5])}; each town needs one.",
            out.index[without],
        )
    starts = out.drop(columns="geometry").set_geometry(gpd.GeoSeries(place, out.index, out.crs))
    found = travel_minutes(seats.reset_index(drop=True), starts, network, walk_kmh=walk_kmh)
    for column in ("tt_county_min", "tt_subcentre_min", "tt_centre_min", "tt_town_min"):
        if column in found:
            out[column] = found[column]
            told[column] = "measured"


def _ground(out: gpd.GeoDataFrame, told: dict[str, str], terrain: Raster, lived: Shapes) -> None:
    frame = gpd.GeoDataFrame(geometry=lived, index=out.index, crs=out.crs)
    heights = zonal(frame, terrain, ["mean", "min", "max"])
    steep = zonal(frame, slope(terrain), ["mean", "p90"])
    out["slope_res_mean_deg"], out["slope_res_p90"] = steep["mean"], steep["p90"]
    out["elev_mean_m"] = heights["mean"]
    out["relief_m"] = heights["max"] - heights["min"]
    for column in ("slope_res_mean_deg", "slope_res_p90", "elev_mean_m", "relief_m"):
        told[column] = "measured"


def _people(out: gpd.GeoDataFrame, told: dict[str, str], population: Raster, lived: Shapes) -> None:
    frame = gpd.GeoDataFrame(geometry=lived, index=out.index, crs=out.crs)
    out["pop_grid"] = zonal(frame, population, ["sum"])["sum"]
    told["pop_grid"] = "proxy"
    if "pop_resident" not in out:
        out["pop_resident"] = out["pop_grid"].round()
        told["pop_resident"] = "proxy"


def _hazards(
    out: gpd.GeoDataFrame,
    told: dict[str, str],
    hazards: gpd.GeoDataFrame,
    shapes: Shapes,
    lived: _Lived,
) -> None:
    words = _needed(hazards, "hazards", "hazard_class")
    odd = ~np.isin(words, GRADES)
    if odd.any():
        raise ColumnError(f"`hazard_class` may hold {', '.join(GRADES)}.", hazards.index[odd])
    grade = np.array([GRADES.index(str(one)) for one in words], dtype=np.intp)
    places = np.asarray(hazards.geometry.array, dtype=object)
    area = shapely.get_dimensions(places) == 2
    home, patch = _patches(hazards[area], lived)
    sites = require_points(hazards=hazards[~area])
    village, site = shapely.STRtree(sites).query(shapes, predicate="intersects")
    worst = np.zeros(len(out), dtype=np.intp)
    np.maximum.at(worst, village, grade[~area][site])
    np.maximum.at(worst, home, grade[area][patch])
    out["hazard_class"] = pd.Series([GRADES[at] for at in worst], index=out.index, dtype=object)
    told["hazard_class"] = "measured"
    if not area.any():
        out["hazard_points_n"] = np.bincount(village, minlength=len(out))
        told["hazard_points_n"] = "measured"


def _patches(hazards: gpd.GeoDataFrame, lived: _Lived) -> tuple[Ints, Ints]:
    """Which area has land in which patch: zones border one another, and a border is no land."""
    patches = require_polygons(hazards=hazards)
    piece, patch = shapely.STRtree(patches).query(lived.pieces, predicate="intersects")
    common = shapely.intersection(lived.pieces[piece], patches[patch])
    shared = shapely.area(common) > SLIVER_M2
    return lived.at[piece[shared]], patch[shared]


# ---------------------------------------------------------------- layers


def _needed(frame: gpd.GeoDataFrame, name: str, column: str) -> Shapes:
    if column not in frame:
        fields = ", ".join(str(field) for field in frame.columns if field != "geometry")
        raise ColumnError(f"`{name}` needs a column `{column}`; it has {fields or 'none'}.")
    values: Shapes = frame[column].to_numpy(dtype=object)
    return values


def _rows_of(frame: gpd.GeoDataFrame, name: str, column: str, wanted: str) -> gpd.GeoDataFrame:
    """The rows of one kind, where the layer says which is which."""
    if column not in frame:
        return frame
    known = names.vocabulary(column)
    kinds = frame[column].to_numpy(dtype=object)
    odd = ~np.isin(kinds, list(known))
    if odd.any():
        raise ColumnError(f"`{column}` of `{name}` may hold {', '.join(known)}.", frame.index[odd])
    return frame[kinds == wanted]


def _parts(frame: gpd.GeoDataFrame, name: str) -> Shapes:
    """Single polygons without overlaps."""
    parts: Shapes = shapely.get_parts(once(require_polygons(**{name: frame})))
    return parts


def _share(areas: Shapes, parts: Shapes) -> Floats:
    """The part of each area that lies in any of the parts."""
    if len(parts) == 0:
        return np.zeros(len(areas))
    at, pieces = pieces_in(areas, parts)
    # Rounding must not make more than the whole of it.
    inside = np.bincount(at, shapely.area(pieces), len(areas)) / shapely.area(areas)
    return np.clip(inside, 0, 1)
