"""From a choice to a list with figures: every one measured on the ground, not in the search."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo.crs import require_metres
from deqing_geo.ellipsoid import M2_PER_HA, ellipsoidal_area
from deqing_geo.errors import ColumnError
from deqing_geo.provenance import mark
from deqing_geo.radii import only_land, split_by, union_parts
from deqing_geo.siting.answer import MEASURE, Siting
from deqing_geo.siting.demand import served_in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from deqing_geo.coverage import Coverage
    from deqing_geo.siting.candidates import Candidates
    from deqing_geo.standards import Rule

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

# Names of areas that a site is given too.
NAMES = ("town_name", "village_name", "zone_name")


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What the search found.

    Attributes
    ----------
    order : list of int
        Candidates in the order to build them.
    greedy : list of int
        One at a time without looking ahead, for the curve.
    most : array of float
        For 0, 1, 2 ... parks, what no choice exceeds.
    fewest : int or None
        No fewer reach the target.
    pairs : int
        Pairs of a candidate and a piece searched.
    """

    order: list[int]
    greedy: list[int]
    most: Floats
    fewest: int | None
    pairs: int


def drawn_up(
    coverage: Coverage,
    candidates: Candidates,
    chosen: Chosen,
    *,
    goal: float,
    met: Callable[[float], bool],
    rate: Floats | None,
    limit: int | None,
    near: Mapping[str, gpd.GeoDataFrame],
    aim: Rule | None,
    said: tuple[str, ...],
    credits: tuple[str, ...],
) -> Siting:
    """The answer with its figures.

    Parameters
    ----------
    coverage : Coverage
        As it is today.
    candidates : Candidates
        What was chosen from.
    chosen : Chosen
        What the search found.
    goal : float
        The share aimed at.
    met : callable
        Whether a share meets it.
    rate : array of float or None
        What a hectare of each gap counts for, where it is not its area.
    limit : int or None
        How many were asked for at most.
    near : mapping of str to GeoDataFrame
        Layers that name places, by the column of the name.
    aim : Rule or None
        The planner's own target, for the sources.
    said : tuple of str
        Notices.
    credits : tuple of str
        Files behind it.

    Returns
    -------
    Siting
        Complete.

    Raises
    ------
    CRSError
        If a layer of `near` is not in the CRS of the coverage.
    ColumnError
        If a column of `near` is absent.
    """
    crs, gaps = coverage.table.crs, np.asarray(coverage.gaps.geometry.array, dtype=object)
    area_of = coverage.gaps["area"].to_numpy(dtype=object)
    turns, left = served_in_turn(gaps, candidates.reach[chosen.order])
    gains = [ellipsoidal_area(shapes, crs) / M2_PER_HA for _, shapes in turns]
    gap_at, gap_shapes = only_land(np.arange(len(gaps)), left)
    gap_ha = ellipsoidal_area(gap_shapes, crs) / M2_PER_HA
    table = _after(coverage, area_of, turns, gains, area_of[gap_at], gap_ha)
    demand, today = (float(coverage.table[key].sum()) for key in ("demand_ha", "served_ha"))
    total = np.array([float(gain.sum()) for gain in gains])
    run = np.cumsum(total)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.minimum(1.0, (today + run) / demand)
    if len(shares):
        # To the last bit what the table says.
        shares[-1] = float(table["served_ha"].sum()) / float(table["demand_ha"].sum())
    before = coverage.overall
    reached = next((at for at, share in enumerate([before, *shares]) if met(share)), None)

    figures = {"gain_ha": total, "coverage_after": shares}
    if rate is not None:
        figures["gain_weight"] = np.array(
            [float((gain * rate[at]).sum()) for (at, _), gain in zip(turns, gains, strict=True)]
        )
    sites = _listed(candidates.table.iloc[chosen.order], coverage, figures, near)
    served = gpd.GeoDataFrame(
        {
            "rank": np.repeat(np.arange(1, len(turns) + 1), [len(at) for at, _ in turns]),
            "area": area_of[_joined([at for at, _ in turns], np.int64)],
            "gain_ha": _joined(gains, np.float64),
        },
        geometry=_joined([shapes for _, shapes in turns], object),
        crs=crs,
    )
    rest = gpd.GeoDataFrame(
        {"area": area_of[gap_at], "gap_ha": gap_ha}, geometry=gap_shapes, crs=crs
    )
    greedy_turns, _ = served_in_turn(gaps, candidates.reach[chosen.greedy])
    greedy = [float(ellipsoidal_area(got, crs).sum()) / M2_PER_HA for _, got in greedy_turns]
    curve = _curve(run, np.cumsum(greedy), chosen.most if rate is None else None, today, demand)
    ours = float(run[-1]) if len(run) else 0.0
    if chosen.fewest is not None:
        best = float(chosen.most[min(len(run), len(chosen.most) - 1)])
        gap = (len(run) - chosen.fewest) / len(run) if len(run) else 0.0
    else:
        best = (
            _all_built(gaps, candidates.reach, crs)
            if limit is None
            else float(chosen.most[min(limit, len(chosen.most) - 1)])
        )
        value = ours if rate is None else float(figures["gain_weight"].sum())
        gap = max(0.0, best - value) / value if value > 0 else (0.0 if best <= 0 else math.inf)
    highest = (
        min(1.0, (today + max(best, ours)) / demand) if rate is None and demand > 0 else math.nan
    )
    for frame in (sites, table, served, rest, curve, candidates.dropped):
        mark(frame, coverage.definition, said)
    return Siting(
        sites=sites,
        table=table,
        served=served,
        gaps=rest,
        curve=curve,
        dropped=candidates.dropped,
        target=goal,
        reached=reached,
        fewest=chosen.fewest,
        highest=highest,
        gap=gap,
        pairs=chosen.pairs,
        before=before,
        definition=coverage.definition,
        sources=(*coverage.sources, *((aim,) if aim is not None else ())),
        goals=tuple(sorted({*coverage.goals, goal})),
        notices=said,
        origins=credits,
    )


def _after(
    coverage: Coverage,
    area_of: Shapes,
    turns: list[tuple[Ints, Shapes]],
    gains: list[Floats],
    rest_of: Shapes,
    rest_ha: Floats,
) -> gpd.GeoDataFrame:
    """The areas once all is built, as `park_coverage` would count them."""
    table = coverage.table.copy()
    at = {label: row for row, label in enumerate(table.index)}
    n = len(table)
    served = table["served_ha"].to_numpy(dtype=float, copy=True)
    for (which, _), gain in zip(turns, gains, strict=True):
        served += np.bincount([at[label] for label in area_of[which]], gain, n)
    gap = np.bincount(np.array([at[label] for label in rest_of], dtype=np.int64), rest_ha, n)
    demand = served + gap
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(demand > 0, served / demand, np.nan)
    table["coverage_before"] = table[MEASURE]
    for column, values in (("demand_ha", demand), ("served_ha", served), ("gap_ha", gap)):
        table[column] = values
    table[MEASURE] = share
    return table


def _listed(
    sites: gpd.GeoDataFrame,
    coverage: Coverage,
    figures: Mapping[str, Floats],
    near: Mapping[str, gpd.GeoDataFrame],
) -> gpd.GeoDataFrame:
    """The list: rank, place, figures, remarks, then what the planner's own columns say."""
    shapes = np.asarray(sites.geometry.array, dtype=object)
    places = shapely.centroid(shapes)
    beside = ~shapely.intersects(shapes, places)
    places[beside] = shapely.point_on_surface(shapes[beside])
    xy = shapely.get_coordinates(places)
    areas = coverage.table
    area_at = _nearest(np.asarray(areas.geometry.array, dtype=object), places)
    out: dict[str, Any] = {
        "candidate": sites["candidate"].to_numpy(dtype=object),
        "area": areas.index.to_numpy(dtype=object)[area_at],
    }
    for column in NAMES:
        if column in areas:
            out[column] = areas[column].to_numpy(dtype=object)[area_at]
    for column, frame in near.items():
        require_metres(areas=areas, **{f"near[{column!r}]": frame})
        if column not in frame:
            raise ColumnError(f"`near[{column!r}]` has no column `{column}`.")
        called = frame[frame[column].notna()].sort_values(column, key=lambda said: said.astype(str))
        at = _nearest(np.asarray(called.geometry.array, dtype=object), places)
        out[column] = called[column].to_numpy(dtype=object)[at] if len(called) else None
    for column in ("site_area_m2", "least_area_m2", "service_radius"):
        out[column] = sites[column].to_numpy()
    out |= figures
    out |= {"easting": xy[:, 0], "northing": xy[:, 1], "remarks": sites["remarks"].to_numpy()}
    own = sites.drop(columns=[column for column in sites if column in out or column == "geometry"])
    out |= {column: own[column].to_numpy() for column in own}
    index = pd.RangeIndex(1, len(sites) + 1, name="rank")
    return gpd.GeoDataFrame(out, index=index, geometry=shapes, crs=sites.crs)


def _nearest(shapes: Shapes, places: Shapes) -> Ints:
    """For each place the shape it is in, else the nearest; of several the first."""
    if len(shapes) == 0 or len(places) == 0:
        return np.zeros(len(places) if len(shapes) else 0, dtype=np.int64)
    place, shape = shapely.STRtree(shapes).query_nearest(places, all_matches=True)
    order = np.lexsort((shape, place))
    _, first = np.unique(place[order], return_index=True)
    out: Ints = shape[order][first]
    return out


def _curve(
    ours: Floats, greedy: Floats, most: Floats | None, today: float, demand: float
) -> pd.DataFrame:
    """For every number of parks the highest coverage found and what none exceeds."""
    count = max(len(ours), len(greedy))
    best = np.zeros(count + 1)
    for run in (ours, greedy):
        best[1 : len(run) + 1] = np.maximum(best[1 : len(run) + 1], run)
    best = np.maximum.accumulate(best)
    bound = np.full(count + 1, np.nan)
    if most is not None:
        shown = min(len(most), count + 1)
        bound[:shown] = most[:shown]
        bound = np.maximum(bound, best)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "site_count": np.arange(count + 1),
                MEASURE: np.minimum(1.0, (today + best) / demand),
                "coverage_bound": np.minimum(1.0, (today + bound) / demand),
            }
        )


def _joined(arrays: list[Any], kind: Any) -> Any:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=kind)


def _all_built(gaps: Shapes, reach: Shapes, crs: Any) -> float:
    """Hectares that all candidates together would newly serve."""
    within, _ = split_by(gaps, union_parts(reach))
    _, land = only_land(np.arange(len(gaps)), within)
    return float(ellipsoidal_area(land, crs).sum()) / M2_PER_HA
