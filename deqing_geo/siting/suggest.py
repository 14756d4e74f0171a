"""Where the next parks belong: `suggest_parks`, from a coverage to a list of places."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.errors import ColumnError, InputError
from deqing_geo.provenance import notices, origins
from deqing_geo.siting.answer import MEASURE, Siting
from deqing_geo.siting.candidates import given, on_grid
from deqing_geo.siting.covering import Choice, Clock
from deqing_geo.siting.demand import CELL_SHARE, demand_of
from deqing_geo.siting.drawing_up import Chosen, drawn_up
from deqing_geo.siting.search import CURVE_MORE, Search, curve, fewest_for, in_order, most_with
from deqing_geo.standards import Rule, Target

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.coverage import Coverage
    from deqing_geo.siting.candidates import Candidates
    from deqing_geo.siting.covering import Instance

    Floats = NDArray[np.float64]

# A park that adds less than this is not proposed where the target is out of reach anyway.
LEAST_GAIN_HA = 0.01
# A target counts as met from this share of all homes above it: areas on the ellipsoid are good to
# a ten-millionth, and who counts again with the new parks must not find it missed.
ABOVE = 1e-7
# However long the overlays before it took, the search has this part of the time allowed.
SEARCH_SHARE = 0.5
# How the three layers a park must keep off are called in a planner's office.
LAND_LAWS = ("farmland", "redline", "granted")


def suggest_parks(
    coverage: Coverage,
    *,
    target: Target | Rule | float | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    allowed: gpd.GeoDataFrame | None = None,
    forbidden: Mapping[str, gpd.GeoDataFrame] | None = None,
    keep_forbidden: bool = False,
    size_m2: float | None = None,
    grid_m: float | None = None,
    max_sites: int | None = None,
    weight: str | None = None,
    near: Mapping[str, gpd.GeoDataFrame] | None = None,
    exact_pairs: int = 200_000,
    seconds: float = 60.0,
) -> Siting:
    """The fewest new parks that reach a target, and where (口袋公园建议选址).

    With `max_sites` alone the question is the other one: how high that many parks can bring
    the coverage. The list is a proposal (建议), never a plan.

    Parameters
    ----------
    coverage : Coverage
        Of `park_coverage`: what is served today, what is not, and by which definition.
    target : Target, Rule or float, optional
        The share aimed at; a number is 0-1. By default the plan's 91 %.
    candidates : GeoDataFrame of Polygon or Point, any number of rows
        Idle plots, each a park as large as it is; or places, where a park of `size_m2` would
        stand. CRS of the coverage. By default places on a grid.
    allowed : GeoDataFrame of Polygon, optional
        Land a park on the grid may stand on, for example rows of a land-use layer. Without
        it: everywhere in the areas but on homes and parks, and the answer says that the
        use of land was not checked. Not with `candidates`.
    forbidden : mapping of str to GeoDataFrame of Polygon, optional
        Land no park may stand on, by its name: ``{"永久基本农田": farmland}``. What has
        more than 1 m2 of it is refused, and the reason listed.
    keep_forbidden : bool
        Keep such candidates and say so in ``remarks``.
    size_m2 : float, optional
        Size of a park where only its place is known, in square metres; it decides the
        service radius by the coverage's own definition. By default the smallest that counts.
    grid_m : float, optional
        Step of the grid in metres; by default a third of the service radius.
    max_sites : int, optional
        With a target: not more than so many. Alone: the best choice of so many.
    weight : str, optional
        A column of ``coverage.gaps`` (people, dwellings) that says what each gap counts for
        instead of its area; only with `max_sites` alone. A gap served in part counts by area.
    near : mapping of str to GeoDataFrame, optional
        Layers that say where a site lies, by the column to take the name from:
        ``{"road_name": roads, "town_name": towns}``. The row on the spot, else the nearest.
    exact_pairs : int
        The integer program is asked about at most so many pairs of candidate and homes.
    seconds : float
        Time allowed. Overlays are not stopped by it, and the search after them always has
        half of it; a program already running may need some seconds more.

    Returns
    -------
    Siting
        ``.sites`` in order, ``.reached``, ``.headline``; ``.proof`` and ``.gap`` say how far
        from the best the answer is at most.

    Raises
    ------
    InputError
        If a number makes no sense, there is no candidate, or there are too many.
    CRSError
        If a layer is not in the CRS of the coverage.
    GeometryError
        If a shape is not valid, or of the wrong kind.
    ColumnError
        If `weight` or a column of `near` is absent.

    Notes
    -----
    Every figure is an area of overlaid polygons, counted as `park_coverage` counts: with the
    sites added to its parks it gives the same. The search sees homes in pieces, and for each
    the share within reach of each candidate; where several sites reach a part of one piece,
    it counts at most their sum, which is never too little. So its bounds hold for the land
    itself, and pieces on which the sum is too high are cut until it is not.

    A greedy choice is improved by exchanges; prices on the pieces (Lagrangian relaxation)
    prove a bound; candidates that no better choice can have fall out; HiGHS solves what is
    left if it has at most `exact_pairs` pairs. Equal gains go to the western candidate, then
    to the southern: the same rows in another order give the same answer, unless time runs out.

    A place without an outline is drawn as a round park. Of all shapes of a size it has the
    least land within a distance, so a real plot there serves no less land.

    References
    ----------
    Church, R. and ReVelle, C. (1974). The maximal covering location problem. Papers of the
    Regional Science Association 32, 101-118.
    Toregas, C., Swain, R., ReVelle, C. and Bergman, L. (1971). The location of emergency
    service facilities. Operations Research 19, 1363-1373.

    Examples
    --------
    In Paper Town 41.94 % of the homes are within reach. One pocket park of 2,000 m2 in the
    right place brings it above 60 %:

    >>> from deqing_geo import park_coverage, sample
    >>> coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
    >>> siting = suggest_parks(coverage, target=0.6, grid_m=100)
    >>> siting.reached, siting.fewest, siting.exact
    (1, 1, True)
    >>> bool(siting.sites["coverage_after"].iloc[0] > 0.6)
    True
    """
    allowed_s = _number("seconds", seconds)
    clock = Clock(allowed_s)
    goal, aim = _goal(target)
    limit = _count(max_sites)
    budget = limit is not None and target is None
    if weight is not None and not budget:
        raise InputError("`weight` goes with max_sites alone: a target is a share of land.")
    laws, around = dict(forbidden or {}), dict(near or {})
    layers = {f"forbidden {name}": frame for name, frame in laws.items()}
    layers |= {f"near {name}": frame for name, frame in around.items()}
    layers |= {
        name: frame
        for name, frame in (("candidates", candidates), ("allowed", allowed))
        if frame is not None
    }
    if candidates is None:
        chosen_from = on_grid(coverage, size_m2, grid_m, allowed, laws, keep_forbidden)
    elif allowed is not None:
        raise InputError("Give `candidates` or `allowed`: land is looked for only on a grid.")
    else:
        chosen_from = given(candidates, coverage, size_m2, laws, keep_forbidden)
    rate = _rate(coverage, weight)
    gaps = np.asarray(coverage.gaps.geometry.array, dtype=object)
    demand, served = (float(coverage.table[key].sum()) for key in ("demand_ha", "served_ha"))
    before = coverage.overall
    done = not budget and _met(aim, before)
    idle = done or len(gaps) == 0 or len(chosen_from.table) == 0
    needed = goal * demand - served
    needed += ABOVE * demand if goal < 1 else -ABOVE * demand
    order: list[int] = []
    greedy: list[int] = []
    fewest: int | None = 0 if done else None
    most, pairs = np.zeros(1), 0
    if not idle:
        cell = CELL_SHARE * float(chosen_from.table["service_radius"].min())
        land = demand_of(gaps, rate, chosen_from.reach, cell, coverage.table.crs)
        widest = len(chosen_from.table) if limit is None else limit + CURVE_MORE
        clock = Clock(max(clock.left, allowed_s * SEARCH_SHARE))
        search = Search(land, clock, int(_number("exact_pairs", exact_pairs)), widest)
        picked: tuple[int, ...] | None
        if budget:
            assert limit is not None
            picked = most_with(search, limit)
        else:
            picked, least = fewest_for(search, needed, limit or len(chosen_from.table))
            fewest = None if picked is None else least
            if picked is None and limit is not None:
                picked = most_with(search, limit)
            elif picked is None:
                picked = tuple(
                    Choice(search.instance).grow(search.widest, least=LEAST_GAIN_HA).chosen
                )
                search.real(picked)
        order = in_order(search.instance, picked)
        if fewest is not None:
            order = order[: _first(search.instance, order, needed)]
        greedy = curve(search, len(order) + CURVE_MORE)
        most, pairs = search.most, search.pairs
        if fewest is not None:
            # The curve may have taught more.
            fewest = min(max(fewest, search.least(needed)), len(order))
    return drawn_up(
        coverage,
        chosen_from,
        Chosen(order, greedy, most, fewest, pairs),
        goal=goal,
        met=lambda share: _met(aim, share),
        rate=None if weight is None else rate,
        limit=limit,
        near=around,
        aim=aim if isinstance(aim, Rule) else None,
        said=_said(coverage, chosen_from, tuple(laws), layers, weight),
        credits=tuple(dict.fromkeys([*coverage.origins, *origins(**layers)])),
    )


def _goal(target: Target | Rule | float | None) -> tuple[float, Target | Rule | float]:
    """The share aimed at, and what says whether it is met."""
    if target is None:
        target = standards.load().targets[MEASURE]
    if isinstance(target, Target):
        if target.unit != "%" or target.goal is None or target.operator not in ("ge", "gt", "eq"):
            raise InputError(
                f"{target.key} asks for no share that a coverage could reach: {target}."
            )
        goal = target.goal
    elif isinstance(target, Rule):
        if target.unit != "ratio":
            raise InputError(
                f"`{target.key}` is in {target.unit}, and a coverage is a ratio (0-1)."
            )
        goal = target.value
    else:
        goal = _number("target", target)
    if goal > 1:
        raise InputError(f"target={goal:g} is above 1, which is all homes. Write 0.91 for 91 %.")
    return float(goal), target


def _met(aim: Target | Rule | float, share: float) -> bool:
    if isinstance(aim, Target):
        return bool(aim.is_met(share, "ratio"))
    return share >= (aim.value if isinstance(aim, Rule) else float(aim))


def _first(instance: Instance, order: list[int], needed: float) -> int:
    """After how many of the order enough is served."""
    for count in range(1, len(order)):
        if instance.value(instance.covered(order[:count])) >= needed:
            return count
    return len(order)


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not (math.isfinite(number) and number > 0):
        raise InputError(f"{name}={value!r} is no number above 0.")
    return number


def _count(value: int | None) -> int | None:
    if value is None:
        return None
    number = _number("max_sites", value)
    if number != int(number):
        raise InputError(f"max_sites={value!r} is no whole number.")
    return int(number)


def _rate(coverage: Coverage, weight: str | None) -> Floats:
    """What a hectare of each gap counts for."""
    gaps = coverage.gaps
    if weight is None:
        return np.ones(len(gaps))
    if weight not in gaps:
        raise ColumnError(
            f"`coverage.gaps` has no column `{weight}`. It has `households` and `people` where the "
            "homes that were measured have them."
        )
    counts = pd.to_numeric(gaps[weight], errors="coerce").to_numpy(dtype=float)
    bad = ~(np.isfinite(counts) & (counts >= 0))
    if bad.any():
        raise InputError(
            f"`{weight}` of `coverage.gaps` holds blanks or what is no number from 0 up.",
            gaps.index[bad],
        )
    out: Floats = counts / gaps["gap_ha"].to_numpy(dtype=float)
    return out


def _said(
    coverage: Coverage,
    chosen_from: Candidates,
    laws: tuple[str, ...],
    layers: Mapping[str, gpd.GeoDataFrame],
    weight: str | None,
) -> tuple[str, ...]:
    """The sentences the list must not travel without."""
    said = [names.word("siting.proposal")]
    unseen = [name for key in LAND_LAWS if (name := names.word(f"siting.{key}")) not in laws]
    if "candidates" not in layers and "allowed" not in layers:
        unseen.append(names.word("siting.land_use"))
    if laws:
        said.append(names.word("siting.checked").format(names="、".join(laws)))
    if unseen:
        said.append(names.word("siting.unchecked").format(names="、".join(unseen)))
    said += chosen_from.said
    waiting = int((coverage.parks["not_counted_reason"] == names.word("reason.status")).sum())
    if waiting:
        said.append(names.word("siting.waiting").format(count=waiting))
    if weight is not None:
        known = names.registry()
        label = known[weight].zh if weight in known else weight
        said.append(names.word("siting.by_weight").format(name=label))
    said += notices(None, **layers)
    return tuple(dict.fromkeys([*coverage.notices, *said]))
