"""Everything a job can be asked: densities, coverage, village types, counts, the scorecard.

What a job has no layer for is not measured; nothing is written here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import shapely

from deqing_geo import standards, tallies
from deqing_geo.batch.job import Job, Tell, silent
from deqing_geo.columns import word
from deqing_geo.coverage import Coverage, park_coverage
from deqing_geo.crs import require_metres
from deqing_geo.network import road_network
from deqing_geo.progress import Scorecard, scorecard
from deqing_geo.roads import CentreLines, RoadDensity, centre_lines, road_density
from deqing_geo.siting import Siting, suggest_parks
from deqing_geo.tallies import Tally
from deqing_geo.villages import VillageTypes, classify_villages, village_facts

if TYPE_CHECKING:
    import geopandas as gpd

Measure = TypeVar("Measure", RoadDensity, Coverage)
WALK = "walk"
ROADS = ("road_density", "highway_density")
# What lies farther from an area than some blocks takes no part in merging its streets (ours).
AROUND_M = 1_000.0
# Of a layer that hardly goes farther, all is merged.
MOST = 0.8
STEPS = ("road_density", "park_coverage", "villages", "tallies")


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What was measured of a job.

    Attributes
    ----------
    law : Standard
        What it was counted by.
    density : RoadDensity or None
        If roads were given.
    coverage : Coverage or None
        If parks and homes were given.
    types : VillageTypes or None
        If villages were given.
    tallies : tuple of Tally
        The plan's small counts there are layers for.
    card : Scorecard or None
        The plan's targets, where the standard has a plan.
    siting : Siting or None
        Where the next parks belong, if that was asked.
    answers : tuple
        What answers targets of the plan: measures of the built-up zone, types, counts.
    """

    law: standards.Standard
    density: RoadDensity | None
    coverage: Coverage | None
    types: VillageTypes | None
    tallies: tuple[Tally, ...]
    card: Scorecard | None
    siting: Siting | None = None
    answers: tuple[Any, ...] = ()

    @property
    def measures(self) -> tuple[RoadDensity | Coverage, ...]:
        """Density and coverage, those there are."""
        return tuple(one for one in (self.density, self.coverage) if one is not None)

    @property
    def notices(self) -> tuple[str, ...]:
        """Every sentence the figures must not travel without, once."""
        made = (*self.measures, *([] if self.types is None else [self.types]), *self.tallies)
        return tuple(dict.fromkeys(text for one in made for text in one.notices))


def measure(
    job: Job,
    tell: Tell = silent,
    steps: int = len(STEPS),
    *,
    parts: Collection[str] = ("density", "coverage", "types", "card"),
) -> Results:
    """Measure all that a job has layers for.

    Parameters
    ----------
    job : Job
        The layers.
    tell : callable
        Is told what is being done, how many steps are done, and of how many.
    steps : int
        Of how many, where others follow.
    parts : collection of str
        What is wanted: ``density``, ``coverage``, ``types``, ``card`` (with the small counts),
        ``siting`` (with the coverage it begins from).

    Returns
    -------
    Results
        In the order of the plan.

    Raises
    ------
    DeqingGeoError
        If a layer cannot carry its measure.
    """
    law = standards.load(job.standard)
    tell(STEPS[0], 0, steps)
    density = coverage = types = facts = None
    if job.roads is not None and "density" in parts:
        by = law.definition(ROADS, job.measures.get("road_density"))
        beyond = "roads" in job.beyond
        lines = streets(job.areas, job.roads, merge=job.merge, beyond=beyond)
        density = _dated(job, road_density(job.areas, lines, by=by, as_of=job.open_by))
    tell(STEPS[1], 1, steps)
    if job.parks is not None and job.homes is not None and {"coverage", "siting"} & {*parts}:
        by = law.definition("park_coverage", job.measures.get("park_coverage"))
        made = park_coverage(job.areas, job.parks, job.homes, by=by, as_of=job.open_by)
        coverage = _dated(job, made)
    siting = sites(job, coverage) if coverage is not None and "siting" in parts else None
    tell(STEPS[2], 2, steps)
    if job.villages is not None and {"types", "card"} & {*parts}:
        facts = _facts(job, job.villages, law)
        types = classify_villages(facts, law, as_of=job.as_of, **job.judging)
    tell(STEPS[3], 3, steps)
    counts = tuple(_counts(job, facts)) if "card" in parts else ()
    # The plan asks for the built-up zone: a figure of whole towns is no answer to it.
    asked = [one for one in (density, coverage) if one is not None and job.is_zone]
    answers = (*asked, *([] if types is None else [types]), *counts)
    card = None
    if law.targets and "card" in parts:
        card = scorecard(*answers, law=law, on=job.as_of)
    return Results(law, density, coverage, types, counts, card, siting, answers)


def _dated(job: Job, made: Measure) -> Measure:
    """A measure that says so where its data end before the day of the outline."""
    if job.open_by is None or not job.is_zone:
        return made
    drawn = max(map(str, job.areas["as_of"]))
    if job.open_by.isoformat() >= drawn:
        return made
    said = word("notice.before_zone").format(day=job.open_by, zone=drawn)
    return dataclasses.replace(made, notices=(*made.notices, said))


def sites(job: Job, coverage: Coverage) -> Siting | None:
    """Where the next parks belong, to the plan's target, named by the town they lie in.

    Parameters
    ----------
    job : Job
        The layers.
    coverage : Coverage
        Of it.

    Returns
    -------
    Siting or None
        None where there is nothing to serve.
    """
    if coverage.overall != coverage.overall:
        return None
    towns = job.around.get("town")
    return suggest_parks(coverage, near={} if towns is None else {"town_name": towns})


def streets(
    areas: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, *, merge: bool, beyond: bool = False
) -> gpd.GeoDataFrame:
    """Roads as a density takes them: by centre lines where that is asked.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        What is measured.
    roads : GeoDataFrame of LineString
        As they were read.
    merge : bool
        Whether divided carriageways are merged: those in the areas and around them.
    beyond : bool
        As for `merged_around`.

    Returns
    -------
    GeoDataFrame
        The roads, or the lines of `centre_lines` without what lies far from the areas.
    """
    return merged_around(areas, roads, beyond=beyond).lines if merge else roads


def merged_around(
    areas: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, *, beyond: bool = False
) -> CentreLines:
    """Centre lines of the roads in the areas and so far around them that their edge is right.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        What is measured.
    roads : GeoDataFrame of LineString
        As they were read, in the areas' system.
    beyond : bool
        Whether they are part of a larger layer: what is merged is then the same, however large a
        part it is.

    Returns
    -------
    CentreLines
        Of the roads near the areas, where the layer goes much farther.

    Raises
    ------
    DeqingGeoError
        If the roads are no lines or not in metres.
    """
    require_metres(areas=areas, roads=roads)
    shapes = np.asarray(roads.geometry.array, dtype=object)
    land = np.asarray(areas.geometry.array, dtype=object)
    tree = shapely.STRtree(shapely.segmentize(shapely.boundary(land), AROUND_M))
    near = np.zeros(len(roads), dtype=bool)
    near[tree.query(shapes, predicate="dwithin", distance=AROUND_M)[0]] = True
    near[shapely.STRtree(land).query(shapes, predicate="intersects")[0]] = True
    return centre_lines(roads[near] if beyond or near.mean() <= MOST else roads)


def _facts(job: Job, villages: gpd.GeoDataFrame, law: standards.Standard) -> gpd.GeoDataFrame:
    given = dict(job.facts)
    network = None
    wanted = given.get("seats") is not None or job.facilities is not None
    if wanted and job.roads is not None:
        own = {name: speed for name, speed in job.speeds.items() if name != WALK}
        network = road_network(job.roads, speeds={**law.speeds, **own})
    else:
        given.pop("seats", None)
    return village_facts(
        villages,
        facilities=job.facilities,
        as_of=job.as_of,
        homes=job.homes,
        network=network,
        terrain=job.terrain,
        law=law,
        walk_kmh=job.speeds.get(WALK),
        **given,
    )


def _counts(job: Job, facts: gpd.GeoDataFrame | None) -> Iterator[Tally]:
    """The plan's small counts, each where its layers are there."""
    zone = job.areas if job.is_zone else None
    villages, facilities = job.villages, job.facilities
    if facilities is not None and villages is not None:
        there = set(facilities["facility_class"])
        if zone is not None and "charging" in there:
            yield tallies.communities_with(villages, facilities, "charging", zone)
        yield from (
            tallies.villages_with(villages, facilities, kind)
            for kind in ("bus_stop", "parcel")
            if kind in there
        )
    if facilities is not None and "opened_on" in facilities and job.as_of is not None:
        yield tallies.clinics_opened(facilities, job.as_of.year)
    if job.roads is not None:
        if zone is not None:
            yield tallies.dead_ends(job.roads, zone, job.planned_roads)
        if "opened_on" in job.roads and (own := _own_roads(job, job.roads)) is not None:
            yield tallies.rural_roads_opened(own, _plan_begins(), job.as_of)
    if job.parks is not None:
        yield tallies.pocket_parks(_own_parks(job, job.parks), zone)
    asked: dict[str, Callable[..., Any]] = {
        "sewage_served": tallies.villages_where,
        "homesteads_revived": tallies.villages_sum,
        "collective_op_income": tallies.villages_reaching,
        "heritage_list": tallies.villages_listed,
    }
    if facts is not None:
        yield from (
            count(facts, column) for column, count in asked.items() if column in facts.columns
        )


def _own_roads(job: Job, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """What of the roads lies on the county's land: a neighbour counts the rest."""
    if "roads" not in job.beyond:
        return roads
    if job.land is None:
        return None
    land = shapely.union_all(np.asarray(job.land.geometry.array, dtype=object))
    lines = roads.geometry.intersection(land)
    own = roads.set_geometry(lines)[lines.geom_type.isin(["LineString", "MultiLineString"])]
    own.attrs.update(roads.attrs)
    return own


def _own_parks(job: Job, parks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The parks that are the county's: one on the border is that of its inner point."""
    if "parks" not in job.beyond or job.land is None:
        return parks
    land = shapely.union_all(np.asarray(job.land.geometry.array, dtype=object))
    shapes = np.asarray(parks.geometry.array, dtype=object)
    return parks[shapely.intersects(land, shapely.point_on_surface(shapes))]


def _plan_begins() -> date:
    """The first day of the plan's years, as its targets name them."""
    years = [target.year for target in standards.load().targets.values()]
    return date(min(int(year[:4]) for year in years if year[:4].isdigit()), 1, 1)
