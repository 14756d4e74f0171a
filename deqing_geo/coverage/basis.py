"""What a coverage was measured from: who needs, who serves, and what of the one the other reaches.

Kept with the result, so that ledgers, changes and forecasts are made of the same pieces and add
up to the same figure.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo.checks import require_words
from deqing_geo.coverage.standing import Names, Standing
from deqing_geo.cutting import cut_blocks, once_rows
from deqing_geo.ellipsoid import M2_PER_HA, ellipsoidal_area
from deqing_geo.errors import ColumnError
from deqing_geo.radii import land_within, only_land, split_by, union_parts

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from deqing_geo.standards import Definition

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]

LAND = "ha"
COUNT = "count"
HOMES = "homes"
# What a row of homes may say of who lives there, in the order a reader wants it.
LIVING = ("households", "people")


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What needs to be served, cut by the areas.

    Attributes
    ----------
    area, row : array of int
        Positions of the area each piece lies in and of the demand's row it is of.
    pieces : array of shapely geometries
        Polygons, or points.
    amount : array of float
        How much each row needs: hectares where land counts, else people or the like.
    whole_m2 : array of float
        Land of each row, over which its amount is spread; NaN where the demand is points, or land
        itself counts.
    unit : str
        ``ha`` or ``count``.
    unknown : int
        Rows without an amount.
    crs : CRS
        Of the pieces.
    needs : array of float
        How much each piece needs.
    """

    area: Ints
    row: Ints
    pieces: Shapes
    amount: Floats
    whole_m2: Floats
    unit: str
    unknown: int
    crs: Any
    needs: Floats

    @property
    def as_points(self) -> bool:
        """Whether demand is places and not land."""
        return len(self.pieces) > 0 and bool(shapely.get_dimensions(self.pieces[0]) == 0)

    def amounts(self, shapes: Shapes, piece: Ints) -> Floats:
        """How much parts of pieces need.

        Parameters
        ----------
        shapes : array of shapely geometries
            Parts of the pieces.
        piece : array of int
            Of which piece each is.

        Returns
        -------
        array of float
            Hectares, or the row's amount by its share of land.
        """
        row = self.row[piece]
        if self.as_points:
            return np.where(shapely.is_empty(shapes), 0.0, self.amount[row])
        land = ellipsoidal_area(shapes, self.crs)
        if self.unit == LAND:
            return land / M2_PER_HA
        return land / self.whole_m2[row] * self.amount[row]


def demand_of(
    area_shapes: Shapes,
    frame: gpd.GeoDataFrame,
    shapes: Shapes,
    definition: Definition,
    *,
    name: str,
    weight: str | None,
    classed: bool,
) -> Demand:
    """What of a layer needs to be served, cut by the areas.

    Parameters
    ----------
    area_shapes : array of Polygon
        The areas reported on.
    frame : GeoDataFrame
        Homes, or anything that needs.
    shapes : array of shapely geometries
        Its shapes: polygons, or points.
    definition : Definition
        Which classes of homes count.
    name : str
        The caller's name for the layer.
    weight : str or None
        Column of people, households or the like.
    classed : bool
        Whether the layer must say of which class its rows are.

    Returns
    -------
    Demand
        Pieces in the order of areas, then rows.

    Raises
    ------
    ColumnError
        If a class or a weight cannot be read.
    """
    counts = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if HOMES in definition.counts and (classed or "home_class" in frame):
        words = require_words(frame, name, "home_class", made_by="read_homes")
        counts &= np.isin(words, definition.counts[HOMES])
    rows = np.flatnonzero(counts)
    points = bool(len(rows)) and bool((shapely.get_dimensions(shapes[rows]) == 0).all())
    unknown = 0
    amount = np.full(len(frame), np.nan)
    if weight is not None:
        amount, blank = _weights(frame, name, weight)
        unknown = int(blank[rows].sum())
    elif points:
        amount = np.ones(len(frame))
    unit = LAND if weight is None and not points else COUNT
    whole = np.full(len(frame), np.nan)
    if points:
        area_at, row = _first_area(area_shapes, shapes, rows)
        pieces = shapes[row]
    else:
        if unit == LAND:
            blocks, of = once_rows(shapes[rows])
            rows = rows[of]
        else:
            # People are there twice where their land is drawn twice: they are not merged.
            blocks = shapes[rows]
            whole[rows] = ellipsoidal_area(blocks, frame.crs)
        area_at, block, pieces = cut_blocks(area_shapes, blocks)
        row = rows[block]
    made = Demand(
        area_at, row, pieces, amount, whole, unit, unknown, frame.crs, np.zeros(len(pieces))
    )
    return dataclasses.replace(made, needs=made.amounts(pieces, np.arange(len(pieces))))


def _weights(frame: gpd.GeoDataFrame, name: str, weight: str) -> tuple[Floats, Flags]:
    """A column of amounts, 0 where it is blank, and where it is."""
    if weight not in frame:
        raise ColumnError(
            f"`{name}` has no column `{weight}`; it has "
            f"{', '.join(str(one) for one in frame.columns if one != frame.geometry.name)}."
        )
    raw = frame[weight]
    values = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    blank = raw.isna().to_numpy()
    odd = (np.isnan(values) & ~blank) | (values < 0) | np.isinf(values)
    if odd.any():
        raise ColumnError(f"`{name}`: `{weight}` must hold numbers of 0 or more.", frame.index[odd])
    return np.nan_to_num(values), blank


def _first_area(areas: Shapes, shapes: Shapes, rows: Ints) -> tuple[Ints, Ints]:
    """The first area every point lies in or on, so that a point on a border counts once."""
    area, at = shapely.STRtree(shapes[rows]).query(areas, predicate="intersects")
    order = np.lexsort((area, at))
    area, at = area[order], at[order]
    first = np.diff(at, prepend=-1) != 0
    area, at = area[first], at[first]
    order = np.lexsort((at, area))
    return area[order], rows[at[order]]


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """The layers of a coverage and what of the demand is served.

    Attributes
    ----------
    areas, facilities, demand_frame : GeoDataFrame
        As given.
    called : Names
        What the facilities' columns are called.
    definition : Definition
        What counts.
    as_of : date or None
        On which day.
    weight : str or None
        Column of people or the like.
    standing : Standing
        How each facility stands.
    demand : Demand
        Pieces of demand.
    parted : Parted
        What of each piece is in reach and what is not.
    memo : dict
        What was worked out before.
    """

    areas: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    demand_frame: gpd.GeoDataFrame
    called: Names
    definition: Definition
    as_of: date | None
    weight: str | None
    standing: Standing
    demand: Demand
    parted: Parted
    memo: dict[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> NDArray[Any]:
        """The labels of the areas."""
        return np.asarray(self.areas.index, dtype=object)

    @property
    def names(self) -> NDArray[Any]:
        """What each facility is called; where it has no name, its label."""
        labels = self.facilities.index.astype(str).to_numpy(dtype=object)
        if self.called.name not in self.facilities:
            return np.asarray(labels)
        raw = self.facilities[self.called.name]
        text = raw.astype(object).where(raw.notna(), "").map(str)
        words = text.to_numpy(dtype=object)
        return np.asarray(np.where(text.str.strip() == "", labels, words), dtype=object)

    def living(self, column: str, at: Ints, shapes: Shapes) -> Floats:
        """Of how many people or households a column of the homes says that they live there.

        Parameters
        ----------
        column : str
            Of the layer of demand; NaN where it says nothing.
        at : array of int
            Pieces.
        shapes : array of shapely geometries
            Parts of them: who lives in a row is spread evenly over its land.

        Returns
        -------
        array of float
            One a part.
        """
        row = self.demand.row[at]
        values = pd.to_numeric(self.demand_frame[column], errors="coerce").to_numpy(dtype=float)
        if self.demand.as_points:
            return np.asarray(values[row])
        whole = np.asarray(self.demand_frame.geometry.array, dtype=object)
        return np.asarray(values[row] * shapely.area(shapes) / shapely.area(whole[row]))

    def sums(self) -> tuple[Floats, Floats]:
        """Served and needed of each area."""
        at, count = self.demand.area, len(self.areas)
        served = np.bincount(at, self.parted.amount, count).astype(float)
        return served, np.bincount(at, self.demand.needs, count).astype(float)

    def rows(self, word: str) -> tuple[Ints, Shapes, Floats]:
        """Pieces of ``served`` or ``gap`` that hold something: which, shapes, how much."""
        shapes = self.parted.served if word == "served" else self.parted.gaps
        at = np.arange(len(shapes))
        if self.demand.as_points:
            at = np.flatnonzero(~shapely.is_empty(shapes))
            kept = shapes[at]
        else:
            at, kept = only_land(at, shapes)
        amount = self.parted.amount
        if word != "served":
            amount = np.maximum(self.demand.needs - amount, 0.0)
        return at, kept, amount[at]


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """Demand parted by what is in reach.

    Attributes
    ----------
    reach : array of Polygon or None
        The land in reach, as connected parts; None where demand is points, whose distances need
        no discs.
    served, gaps : array of shapely geometries
        What of each piece is in reach and what is not; empty where there is nothing.
    amount : array of float
        How much of each piece is in reach.
    """

    reach: Shapes | None
    served: Shapes
    gaps: Shapes
    amount: Floats


def divided(standing: Standing, demand: Demand) -> Parted:
    """What of each piece is in reach and what is not.

    Parameters
    ----------
    standing : Standing
        Who serves, and how far.
    demand : Demand
        Pieces of land, or points.

    Returns
    -------
    Parted
        One entry a piece.
    """
    if not demand.as_points:
        reach = union_parts(land_within(standing.parts, standing.reach))
        served, gaps = split_by(demand.pieces, reach)
        # What is served whole was measured already, and what is not at all is nothing.
        amount = np.where(shapely.is_empty(gaps), demand.needs, 0.0)
        cut = np.flatnonzero(~(shapely.is_empty(gaps) | shapely.is_empty(served)))
        amount[cut] = demand.amounts(served[cut], cut)
        return Parted(reach, served, gaps, amount)
    near = np.zeros(len(demand.pieces), dtype=bool)
    if len(standing.parts):
        tree = shapely.STRtree(demand.pieces)
        near[tree.query(standing.parts, predicate="dwithin", distance=standing.reach)[1]] = True
    nowhere = np.full(len(near), shapely.Point(), dtype=object)
    return Parted(
        None,
        np.where(near, demand.pieces, nowhere),
        np.where(near, nowhere, demand.pieces),
        np.where(near, demand.needs, 0.0),
    )
