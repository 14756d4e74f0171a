"""Each park by itself: what it serves, and what is lost if it closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from deqing_geo.coverage.pairs import Pairs, alone, pairs_of
from deqing_geo.errors import InputError
from deqing_geo.provenance import mark
from deqing_geo.radii import only_land

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.coverage.basis import Basis
    from deqing_geo.coverage.result import Coverage

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]


def pairs_in(basis: Basis) -> Pairs:
    """The pairs of a coverage, worked out once.

    Parameters
    ----------
    basis : Basis
        Who serves, and whom.

    Returns
    -------
    Pairs
        Of all parts that serve.
    """
    if "pairs" not in basis.memo:
        standing = basis.standing
        basis.memo["pairs"] = pairs_of(basis.demand, standing.parts, standing.reach)
    pairs: Pairs = basis.memo["pairs"]
    return pairs


def _alone(basis: Basis) -> tuple[Ints, Ints, Shapes, Floats]:
    """What one park alone serves: piece, part, shape, how much; worked out once."""
    if "alone" not in basis.memo:
        piece, part, shapes = alone(pairs_in(basis))
        at = np.arange(len(piece))
        if not basis.demand.as_points:
            at, shapes = only_land(at, shapes)
        else:
            at = at[[not one.is_empty for one in shapes]]
            shapes = shapes[at]
        amount = basis.demand.amounts(shapes, piece[at])
        basis.memo["alone"] = piece[at], part[at], shapes, amount
    held: tuple[Ints, Ints, Shapes, Floats] = basis.memo["alone"]
    return held


def by_park(coverage: Coverage) -> pd.DataFrame:
    """What each park serves and what it alone serves; see `Coverage.by_park`.

    Parameters
    ----------
    coverage : Coverage
        Of parks or other facilities.

    Returns
    -------
    DataFrame
        One row a park, index of the layer given.
    """
    basis, unit = coverage.basis, coverage.unit
    pairs = pairs_in(basis)
    standing = basis.standing
    reached = basis.demand.needs[pairs.piece]
    cut = ~pairs.whole
    reached[cut] = basis.demand.amounts(pairs.clip[cut], pairs.piece[cut])
    _, part, _, only = _alone(basis)
    count = len(basis.facilities)
    table = pd.DataFrame(
        {
            basis.called.name: basis.names,
            "service_radius": standing.radius,
            f"served_{unit}": np.bincount(standing.of[pairs.part], reached, count).astype(float),
            f"alone_{unit}": np.bincount(standing.of[part], only, count).astype(float),
        },
        index=basis.facilities.index,
    )
    mark(table, coverage.definition, coverage.notices)
    return table


def reach_of(coverage: Coverage, park: object) -> gpd.GeoDataFrame:
    """What one park alone serves; see `Coverage.reach_of`.

    Parameters
    ----------
    coverage : Coverage
        Of parks or other facilities.
    park : label
        Of the layer's index.

    Returns
    -------
    GeoDataFrame
        Pieces of demand.

    Raises
    ------
    InputError
        If the layer has no such label, or several.
    """
    basis = coverage.basis
    found = np.flatnonzero(basis.facilities.index == park)
    if len(found) != 1:
        raise InputError(
            f"{park!r} is {'no label' if len(found) == 0 else 'the label of several rows'} of "
            f"`{basis.called.layer}`."
        )
    out = alone_pieces(coverage)
    return gpd.GeoDataFrame(out[out["park_row"] == found[0]].drop(columns="park_row"))


def alone_pieces(coverage: Coverage) -> gpd.GeoDataFrame:
    """What each park alone serves, of all parks; see `Coverage.alone`.

    Parameters
    ----------
    coverage : Coverage
        Of parks or other facilities.

    Returns
    -------
    GeoDataFrame
        Pieces of demand, each with the position of its park.
    """
    basis = coverage.basis
    piece, part, shapes, amount = _alone(basis)
    out = gpd.GeoDataFrame(
        {
            "park_row": basis.standing.of[part],
            "area": basis.labels[basis.demand.area[piece]],
            "demand_row": basis.demand.row[piece],
            f"alone_{coverage.unit}": amount,
        },
        geometry=shapes,
        crs=coverage.table.crs,
    )
    mark(out, coverage.definition, coverage.notices)
    return out
