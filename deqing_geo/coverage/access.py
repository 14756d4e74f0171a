"""Park land a person can share in: the Gaussian two-step floating catchment, and how evenly.

For research, beside the legal figure. Distances run straight, from the edge of what serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.errors import InputError
from deqing_geo.provenance import mark
from deqing_geo.text import card, figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.coverage.result import Coverage

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

# G falls from 1 at the edge of the park to 0 at the limit: exp(-1/2) is what a Gaussian of one
# standard deviation has left there.
AT_LIMIT = float(np.exp(-0.5))


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """Park land within a person's reach, and how evenly it is shared (高斯两步移动搜索法).

    Attributes
    ----------
    table : GeoDataFrame of Point
        One row a piece of demand: ``area``, ``demand_row``, ``people`` and ``access_m2`` (square
        metres of park a person, competition counted).
    by_area : DataFrame
        Of each area ``people``, ``access_m2`` (mean by people), ``park_m2`` (land of counted
        parks inside) and ``park_m2_per_person``.
    lorenz : DataFrame
        The Lorenz curve: ``people_share`` and ``access_share``, both from 0 to 1, those with
        least first.
    limit_m : float
        Where reach ends.
    notices : tuple of str
        Sentences the figures must not travel without.
    """

    table: gpd.GeoDataFrame
    by_area: pd.DataFrame
    lorenz: pd.DataFrame
    limit_m: float
    notices: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Square metres of park a person, over all of them."""
        people = self.table["people"]
        total = float(people.sum())
        held = float((people * self.table["access_m2"]).sum())
        return held / total if total > 0 else float("nan")

    @property
    def gini(self) -> float:
        """0 where all have the same, towards 1 where few have all; NaN where nobody has any."""
        x, y = (self.lorenz[one].to_numpy() for one in ("people_share", "access_share"))
        if not np.isfinite(y).all():
            return float("nan")
        return float(1 - np.sum(np.diff(x) * (y[1:] + y[:-1])))

    def __repr__(self) -> str:
        return (
            f"<Access of {self.table['people'].sum():,.0f} people within {self.limit_m:g} m: "
            f"{figure(self.mean)} m2 each, Gini {figure(self.gini)}>"
        )

    def _repr_html_(self) -> str:
        return card(
            names.label("access_m2"),
            f"{figure(self.mean)} 平方米/人",
            [(names.word("coverage.gini"), figure(self.gini, 3))],
            self.notices,
        )


def access_of(coverage: Coverage, *, people: str = "people", limit_m: float = 500.0) -> Access:
    """Park land within people's reach, by the two-step catchment; see `Coverage.access`.

    Parameters
    ----------
    coverage : Coverage
        Of parks; its demand may be land or places.
    people : str
        Column of the demand.
    limit_m : float
        Where reach ends.

    Returns
    -------
    Access
        By piece of demand, by area, and as a curve.

    Raises
    ------
    InputError
        If the demand has no such column, or the limit is not above 0.
    """
    basis = coverage.basis
    if not (np.isfinite(limit_m) and limit_m > 0):
        raise InputError(f"limit_m={limit_m!r} is no distance in metres above 0.")
    at = np.arange(len(basis.demand.pieces))
    if people not in basis.demand_frame:
        raise InputError(f"The demand has no column `{people}` of who needs parks.")
    count = basis.living(people, at, basis.demand.pieces)
    count = np.nan_to_num(count)
    points = shapely.point_on_surface(basis.demand.pieces)
    parts = basis.standing.parts
    size = ellipsoidal_area(parts, basis.areas.crs)
    part, piece = np.zeros((2, 0), dtype=np.int64)
    if len(parts) and len(points):
        part, piece = shapely.STRtree(points).query(parts, predicate="dwithin", distance=limit_m)
    away = shapely.distance(parts[part], points[piece])
    weight = (np.exp(-0.5 * (away / limit_m) ** 2) - AT_LIMIT) / (1 - AT_LIMIT)
    crowd = np.bincount(part, weight * count[piece], len(parts))
    with np.errstate(divide="ignore", invalid="ignore"):
        supply = np.where(crowd > 0, size / crowd, 0.0)
    held = np.bincount(piece, weight * supply[part], len(points)).astype(float)
    table = gpd.GeoDataFrame(
        {
            "area": basis.labels[basis.demand.area],
            "demand_row": basis.demand.row,
            "people": count,
            "access_m2": held,
        },
        geometry=points,
        crs=basis.areas.crs,
    )
    by_area = _by_area(coverage, count, held)
    lorenz = _lorenz(count, held)
    said = (*coverage.notices, names.word("coverage.research"))
    for frame in (table, by_area, lorenz):
        mark(frame, coverage.definition, said)
    return Access(table, by_area, lorenz, float(limit_m), said)


def _by_area(coverage: Coverage, people: Floats, held: Floats) -> pd.DataFrame:
    """People, what they share in, and park land of each area."""
    basis = coverage.basis
    area, count = basis.demand.area, len(basis.areas)
    living = np.bincount(area, people, count).astype(float)
    shapes = np.asarray(basis.areas.geometry.array, dtype=object)
    parts = basis.standing.parts
    where, part = shapely.STRtree(parts).query(shapes, predicate="intersects")
    land = ellipsoidal_area(shapely.intersection(parts[part], shapes[where]), basis.areas.crs)
    parks = np.bincount(where, land, count).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "people": living,
                "access_m2": np.bincount(area, people * held, count) / living,
                "park_m2": parks,
                "park_m2_per_person": parks / living,
            },
            index=basis.areas.index,
        )


def _lorenz(people: Floats, held: Floats) -> pd.DataFrame:
    """Shares of people and of what they have, those with least first."""
    order = np.argsort(held, kind="stable")
    x = np.concatenate([[0.0], np.cumsum(people[order])])
    y = np.concatenate([[0.0], np.cumsum((people * held)[order])])
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame({"people_share": x / x[-1], "access_share": y / y[-1]})
