"""Where people of a village live: its residential land, or all of it where there is none.

Shares and distances of the village types are taken over this; nothing here judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from deqing_geo.checks import require_polygons
from deqing_geo.cutting import SLIVER_M2, areas_in, metres_to, once, pieces_in
from deqing_geo.ellipsoid import M2_PER_HA, ellipsoidal_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """Residential land of the villages, as single pieces; all of a village without any.

    Attributes
    ----------
    at : ndarray of int
        Whose piece.
    pieces : ndarray of Polygon
        The pieces.
    whole : ndarray of bool, shape (N,)
        Villages taken whole.
    place : ndarray of Point, shape (N,)
        Inside each village's largest piece.
    """

    at: Ints
    pieces: Shapes
    whole: NDArray[np.bool_]
    place: Shapes

    def merged(self) -> Shapes:
        """One shape a village: pieces side by side are no valid multi-polygon.

        Returns
        -------
        array of shapely geometries, shape (N,)
            In the order of the villages.
        """
        held = np.asarray(shapely.geometrycollections(self.pieces, indices=self.at))
        merged: Shapes = np.asarray(shapely.union_all(held[:, None], axis=1))
        return merged

    def share_in(self, parts: Shapes) -> Floats:
        """The part of each village's pieces that lies in any of the parts.

        Parameters
        ----------
        parts : array of Polygon
            Without overlaps.

        Returns
        -------
        array of float, shape (N,)
            0 to 1.
        """
        count = len(self.whole)
        inside = np.bincount(self.at, areas_in(parts, self.pieces), count)
        # Rounding must not make more than the whole of it.
        return np.clip(inside / np.bincount(self.at, shapely.area(self.pieces), count), 0, 1)

    def metres_to(self, parts: Shapes) -> Floats:
        """Metres from each village's pieces to the nearest part; 0 where they meet.

        Parameters
        ----------
        parts : array of Polygon
            Without overlaps.

        Returns
        -------
        array of float, shape (N,)
            NaN where there is no part.
        """
        out = np.where(self.share_in(parts) > 0, 0.0, np.inf)
        away = np.flatnonzero(out[self.at] > 0)
        np.minimum.at(out, self.at[away], metres_to(parts, self.pieces[away]))
        return np.where(np.isinf(out), np.nan, out)

    def metres_to_lines(self, lines: Shapes) -> Floats:
        """Metres from each village's pieces to the nearest line; 0 where one crosses them.

        Parameters
        ----------
        lines : array of LineString
            One at least.

        Returns
        -------
        array of float, shape (N,)
            In the order of the villages.
        """
        pairs, metres = shapely.STRtree(lines).query_nearest(
            self.pieces, return_distance=True, all_matches=False
        )
        out = np.full(len(self.whole), np.inf)
        np.minimum.at(out, self.at[pairs[0]], metres)
        return out


def lived_on(out: gpd.GeoDataFrame, shapes: Shapes, homes: gpd.GeoDataFrame | None) -> Lived:
    """The residential land of every village; writes ``residential_ha`` where there is a layer.

    Parameters
    ----------
    out : GeoDataFrame
        The facts; changed.
    shapes : array of Polygon, shape (N,)
        The villages.
    homes : GeoDataFrame or None
        Residential land.

    Returns
    -------
    Lived
        Its pieces, by village.
    """
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
    return Lived(at, parts, whole, shapely.point_on_surface(parts[largest]))
