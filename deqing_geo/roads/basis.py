"""What a density was counted from: every road and area, and how much of the one lies in the other.

Kept with the result, so that ledgers, changes and forecasts are made of the same pieces and add
up to the same figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo.cutting import Shares, once, pieces_in, share_lengths
from deqing_geo.ellipsoid import M2_PER_KM2, M_PER_KM, ellipsoidal_area
from deqing_geo.roads.standing import COUNTED, Standing

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from deqing_geo.standards import Definition

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]
    Words = NDArray[Any]

# What of a road is worth keeping for the papers made of a density.
KEPT = (
    "road_name",
    "road_class",
    "road_status",
    "opened_on",
    "road_width_m",
    "road_id",
    "osm_id",
)
# Less than this of a road is the rounding of its coordinates.
NOTHING_M = 1e-6
# Land whose water leaves less than this share is water: cutting leaves slivers along its shore.
ALL_WATER = 1e-6
OUTSIDE = -1
# What the kilometres of one square kilometre are multiplied by.
PER = {"km/km2": 1.0, "km/100km2": 100.0}


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """The layers of a density, and their pieces.

    Attributes
    ----------
    areas, roads : GeoDataFrame
        As given, with the columns that papers need.
    definition : Definition
        What counts.
    as_of : date or None
        On which day.
    standing : Standing
        How each road stands.
    pieces : Shares
        With roads on the outer edge whole, whatever the definition counts of them.
    area_km2, water_km2 : array of float
        Land of each area, and the water taken out of it.
    """

    areas: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    definition: Definition
    as_of: date | None
    standing: Standing
    pieces: Shares
    area_km2: Floats
    water_km2: Floats

    def counted_km(self, rows: Flags | None = None) -> Floats:
        """Counted kilometres of each piece; of chosen roads, or of those that count."""
        rows = self.standing.counted if rows is None else rows
        weighed = self.pieces.weighed(self.definition.edge_weight)
        return np.where(rows[self.pieces.line], weighed.metres, 0.0) / M_PER_KM

    def per_area(self, km: Floats) -> Floats:
        """Kilometres of pieces summed by area."""
        return np.asarray(np.bincount(self.pieces.area, km, len(self.areas)), dtype=float)


def kept(frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> gpd.GeoDataFrame:
    """A copy of a layer with its shapes and some columns, and what it says of itself.

    Parameters
    ----------
    frame : GeoDataFrame
        Any layer.
    columns : tuple of str
        Kept where the layer has them.

    Returns
    -------
    GeoDataFrame
        Whoever changes the layer later does not change the copy.
    """
    shape = frame.geometry.name
    columns = tuple(dict.fromkeys(one for one in columns if one in frame and one != shape))
    out = frame[[*columns, shape]].copy()
    out.attrs = dict(frame.attrs)
    return out


def names_of(roads: gpd.GeoDataFrame) -> Words:
    """The name of every road, empty where it has none.

    Parameters
    ----------
    roads : GeoDataFrame
        With ``road_name`` or without.

    Returns
    -------
    array of str
        One a row.
    """
    if "road_name" not in roads:
        return np.full(len(roads), "", dtype=object)
    raw = roads["road_name"]
    text = raw.astype(object).where(raw.notna(), "").map(lambda one: str(one).strip())
    return np.asarray(text, dtype=object)


def land(shapes: Shapes, crs: Any, water: Shapes | None) -> tuple[Floats, Floats]:
    """Land and water of each area in km2, on the ellipsoid.

    Parameters
    ----------
    shapes : array of Polygon
        Areas.
    crs : CRS
        Theirs, in metres.
    water : array of Polygon or None
        Water to take out; drawn twice it is taken out once.

    Returns
    -------
    area_km2, water_km2 : array of float
        Land without the water, and the water; all of the area and 0 where there is none.
    """
    gross = ellipsoidal_area(shapes, crs) / M2_PER_KM2
    wet = np.zeros(len(shapes))
    if water is not None and len(shapes):
        at, pieces = pieces_in(shapes, once(water))
        found = np.bincount(at, ellipsoidal_area(pieces, crs) / M2_PER_KM2, len(shapes))
        wet = np.where(found >= gross * (1 - ALL_WATER), gross, found)
    return gross - wet, wet


def rest(basis: Basis, lines: Shapes) -> tuple[Floats, Floats]:
    """What of each road lies in no area, and what areas that overlap count again.

    Parameters
    ----------
    basis : Basis
        Areas and pieces.
    lines : array of LineString
        The roads.

    Returns
    -------
    outside, again : array of float
        Kilometres. The second is not positive; with both, the pieces of a road add up to its
        length.
    """
    total = shapely.length(lines)
    pieces = basis.pieces
    left = total - np.bincount(pieces.line, pieces.metres, len(lines))
    outside = np.maximum(left, 0.0)
    shapes = np.asarray(basis.areas.geometry.array, dtype=object)
    if len(shapes):
        whole = shapely.union_all(shapes)
        doubled = float(shapely.area(shapes).sum()) - shapely.area(whole)
        if doubled > ALL_WATER * shapely.area(whole):
            there = share_lengths(np.array([whole]), lines, 0.0)
            outside = np.maximum(total - np.bincount(there.line, there.metres, len(lines)), 0.0)
    outside[outside < NOTHING_M] = 0.0
    again = np.minimum(left - outside, 0.0)
    again[again > -NOTHING_M] = 0.0
    return outside / M_PER_KM, again / M_PER_KM


def road_rows(basis: Basis) -> pd.DataFrame:
    """One row for every road, area and reason; kilometres that add up to the road's length.

    Parameters
    ----------
    basis : Basis
        Of a density.

    Returns
    -------
    DataFrame
        ``row`` and ``area`` (positions; -1 is outside), ``road_km``, ``not_counted`` (a word
        of the vocabulary, empty where the kilometres count).
    """
    pieces, standing = basis.pieces, basis.standing
    km = pieces.metres / M_PER_KM
    weight = np.where(pieces.on_edge, basis.definition.edge_weight, 1.0)
    counts = standing.counted[pieces.line]
    why = standing.why[pieces.line]
    on_rim = counts & (weight < 1)
    outside, again = rest(basis, np.asarray(basis.roads.geometry.array, dtype=object))
    beside, doubled = np.flatnonzero(outside), np.flatnonzero(again)
    parts = [
        (pieces.line, pieces.area, np.where(counts, km * weight, km), why),
        (pieces.line[on_rim], pieces.area[on_rim], (km * (1 - weight))[on_rim], "edge"),
        (beside, OUTSIDE, outside[beside], "outside"),
        (doubled, OUTSIDE, again[doubled], _or(standing.why[doubled], "overlap")),
    ]
    frame = pd.concat(
        [
            pd.DataFrame({"row": row, "area": area, "road_km": length, "not_counted": reason})
            for row, area, length, reason in parts
        ],
        ignore_index=True,
    )
    by = ["row", "area", "not_counted"]
    out = frame.groupby(by, sort=True)["road_km"].sum().reset_index()
    return pd.DataFrame(out[out["road_km"] != 0].reset_index(drop=True))


def _or(why: Shapes, otherwise: str) -> Shapes:
    """The road's own reason, or the other where it has none."""
    return np.where(why == COUNTED, otherwise, why).astype(object)
