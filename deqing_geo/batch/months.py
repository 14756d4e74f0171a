"""What is other than in the month before, road by road, park by park, village by village.

The earlier layers are counted once more as this month's are: in today's outline, by today's
definition. Where that gives the figure that was reported, the months compare; where not, nothing
is subtracted from what was reported (不可比), and the figure counted anew stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.batch import parks as of_parks
from deqing_geo.batch import roads as of_roads
from deqing_geo.batch import villages as of_villages
from deqing_geo.batch.counted import Counted, Earlier, read_run
from deqing_geo.batch.results import streets
from deqing_geo.columns import word
from deqing_geo.coverage import park_coverage
from deqing_geo.errors import InputError
from deqing_geo.export import save_table
from deqing_geo.files import write_json
from deqing_geo.looks.imprint import imprint_in_use
from deqing_geo.papers.bulletin import Told, save_bulletin
from deqing_geo.roads import road_density
from deqing_geo.text import change, figure, percent

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.batch.job import Job
    from deqing_geo.batch.making import Made
    from deqing_geo.batch.results import Results
    from deqing_geo.coverage import Coverage, CoverageChanges
    from deqing_geo.roads import RoadChanges, RoadDensity
    from deqing_geo.villages.changes import TypeChanges

BULLETIN, MACHINES = "月度变化通报.docx", "changes.json"
# Two sums of the same lengths may differ by the order they were summed in.
SAME = 1e-9
# So many names stand behind a cause; the tables have them all.
NAMED = 3
# Less than a millimetre is rounding of files, not another outline.
SAME_M = 0.001
# Borders of neighbours drawn by two hands overlap; less land than this is no land (ours).
NO_LAND_M2 = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class MonthFigure:
    """One figure of two months.

    Attributes
    ----------
    measure : str
        ``road_density`` or ``park_coverage``.
    now, before : float
        This month's, and the one before as it was reported, in the unit of the definition
        (coverage as a ratio).
    again : float
        The one before, its layers counted as this month's are; NaN where that cannot be.
    apart : tuple of str
        Why the reported figures do not compare (不可比): ``outline``, ``definition``,
        ``merging``, ``counting``; empty where they do.
    since, until : str
        The days the two describe, like 2025-11-30; may be empty.
    changes : RoadChanges, CoverageChanges or None
        From `again` to `now`; None where the layers of then cannot be counted as today's.
    goals : tuple of float
        What the figure is judged by.
    """

    measure: str
    now: float
    before: float
    again: float
    apart: tuple[str, ...]
    since: str
    until: str
    changes: RoadChanges | CoverageChanges | None
    goals: tuple[float, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether the one may be subtracted from the other."""
        return not self.apart

    @property
    def difference(self) -> float:
        """What lies between the two; NaN where they do not compare."""
        return self.now - self.before if self.comparable else float("nan")

    @property
    def causes(self) -> tuple[str, ...]:
        """Why it is not what it was, a sentence for each cause with roads or parks by name."""
        return tuple(_causes(self.measure, self.changes))


@dataclass(frozen=True, slots=True, eq=False)
class MonthChanges:
    """A month against the one before.

    Attributes
    ----------
    figures : mapping of str to MonthFigure
        By measure, those both months have.
    types : TypeChanges or None
        Of villages.
    """

    figures: Mapping[str, MonthFigure] = field(default_factory=dict)
    types: TypeChanges | None = None

    @property
    def causes(self) -> dict[str, tuple[str, ...]]:
        """For each measure, and ``village_type``, why it is other than before."""
        told = {name: one.causes for name, one in self.figures.items()}
        return told | ({} if self.types is None else {"village_type": _of_types(self.types)})


def earlier_of(job: Job, results: Results) -> Earlier:
    """What the recipe's ``[before]`` compares a job with.

    Parameters
    ----------
    job : Job
        With ``before``.
    results : Results
        Of the job: layers of then are counted in its areas, with its homes.

    Returns
    -------
    Earlier
        Of an earlier run, or of layers alone.

    Raises
    ------
    InputError
        If the earlier run's folder is not one.
    """
    if "run" in job.before:
        return read_run(job.before["run"])
    roads, parks = job.before.get("roads"), job.before.get("parks")

    def alone(**layers: gpd.GeoDataFrame) -> Counted:
        return Counted(float("nan"), "", None, "", False, None, layers)

    return Earlier(
        None if roads is None or results.density is None else alone(roads=roads),
        None
        if parks is None or results.coverage is None
        else alone(parks=parks, homes=results.coverage.basis.demand_frame),
    )


def changes_of(
    results: Results, earlier: Earlier, *, until: str = "", beyond: bool = False
) -> MonthChanges:
    """What differs between a month's results and an earlier month, and because of what.

    Parameters
    ----------
    results : Results
        Of this month.
    earlier : Earlier
        Of `read_run` or `earlier_of`.
    until : str
        The day this month's layers describe, like 2025-12-31.
    beyond : bool
        Whether this month's roads are a part of a larger layer, as for `streets`: those of then
        are merged as they were.

    Returns
    -------
    MonthChanges
        Of what both have; what only one month has is not compared.

    Raises
    ------
    InputError
        If the two are of different places, or the earlier one is of a later day.
    DeqingGeoError
        If layers of then cannot be counted.

    Examples
    --------
    >>> from deqing_geo.batch import measure, paper_town
    >>> from deqing_geo.batch.counted import Counted, Earlier
    >>> job = paper_town()
    >>> then = Counted(float("nan"), "", None, "", False, None, {"roads": job.roads.iloc[1:]})
    >>> found = changes_of(measure(job, parts=["density"]), Earlier(roads=then))
    >>> found.causes["road_density"]
    ('数据新增1条,+3.000公里(纸上大道)',)
    """
    for then in (earlier.roads, earlier.parks):
        # Days as they are written, so that words compare as days do.
        if then is not None and until and then.until > until:
            raise InputError(
                f"[before]: what is named there describes {then.until}, which is later than this "
                f"recipe's {until}. Name an earlier run, or mend `as_of` in [zone]."
            )
    figures: dict[str, MonthFigure] = {}
    if results.density is not None and earlier.roads is not None:
        figures["road_density"] = _roads(results.density, earlier.roads, until, beyond=beyond)
    if results.coverage is not None and earlier.parks is not None:
        figures["park_coverage"] = _parks(results.coverage, earlier.parks, until)
    types = None
    if results.types is not None and earlier.types is not None:
        types = results.types.changes(earlier.types)
    return MonthChanges(figures, types)


def _roads(now: RoadDensity, then: Counted, until: str, *, beyond: bool) -> MonthFigure:
    areas = now.basis.areas
    _same_place(areas, then.areas)
    roads = _brought(then.layers["roads"], areas)
    again = changes = None
    if now.merged or not then.merged:
        # Lines that were merged once cannot be parted again.
        lines = roads if then.merged else streets(areas, roads, merge=now.merged, beyond=beyond)
        again = road_density(areas, lines, by=now.definition, as_of=then.as_of)
        changes = now.changes(again)
    redrawn = ("merging",) if now.merged != then.merged else ()
    apart = () if then.areas is None else (*_apart(now, then), *redrawn)
    return _figure("road_density", now, then, again, changes, apart, until)


def _parks(now: Coverage, then: Counted, until: str) -> MonthFigure:
    areas = now.basis.areas
    _same_place(areas, then.areas)
    parks, homes = (_brought(then.layers[name], areas) for name in ("parks", "homes"))
    again = park_coverage(areas, parks, homes, by=now.definition, as_of=then.as_of)
    apart = () if then.areas is None else _apart(now, then)
    return _figure("park_coverage", now, then, again, now.changes(again), apart, until)


def _brought(frame: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if frame.crs is None or areas.crs is None or frame.crs == areas.crs:
        return frame
    return frame.to_crs(areas.crs)


def _same_place(now: gpd.GeoDataFrame, then: gpd.GeoDataFrame | None) -> None:
    """Two outlines that share no land are no two months of one place."""
    if then is None:
        return
    old, new = (np.asarray(one.geometry.array, dtype=object) for one in (_brought(then, now), now))
    near, far = shapely.STRtree(old).query(new, predicate="intersects")
    if not (shapely.area(shapely.intersection(new[near], old[far])) > NO_LAND_M2).any():
        raise InputError(
            "[before]: what is named there was counted in another place, which shares no land "
            "with this one. Name the earlier run of the same county."
        )


def _apart(now: RoadDensity | Coverage, then: Counted) -> tuple[str, ...]:
    """Whether outline and definition are those of then."""
    assert then.areas is not None
    old = _brought(then.areas, now.basis.areas)
    shapes = [
        shapely.normalize(np.asarray(one.geometry.array, dtype=object))
        for one in (old, now.basis.areas)
    ]
    # In whatever order: areas are known by where they lie.
    order = [np.lexsort(shapely.bounds(one).round(3).T) for one in shapes]
    same = len(shapes[0]) == len(shapes[1]) and bool(
        shapely.equals_exact(shapes[0][order[0]], shapes[1][order[1]], SAME_M).all()
    )
    redefined = then.line != now.definition.line
    return (*([] if same else ["outline"]), *(["definition"] if redefined else []))


def _figure(
    measure: str,
    now: RoadDensity | Coverage,
    then: Counted,
    again: RoadDensity | Coverage | None,
    changes: Any,
    apart: tuple[str, ...],
    until: str,
) -> MonthFigure:
    anew = float("nan") if again is None else again.overall
    reported = anew if then.areas is None else then.value
    same = (anew != anew and reported != reported) or abs(anew - reported) <= SAME * max(
        1.0, abs(reported)
    )
    if not apart and not same:
        apart = ("counting",)
    return MonthFigure(
        measure=measure,
        now=now.overall,
        before=reported,
        again=anew,
        apart=apart,
        since=then.until,
        until=until,
        changes=changes,
        goals=tuple(now.goals),
    )


# ---------------------------------------------------------------- causes


def _causes(measure: str, changes: Any) -> Iterator[str]:
    if changes is None:
        return
    table: pd.DataFrame = changes.table
    roads = measure == "road_density"
    cause = "change_cause" if roads else "park_change_cause"
    thing, name = ("road", "road_name") if roads else ("park", "park_name")
    delta = (
        "delta_km" if roads else next(str(one) for one in table if str(one).startswith("delta_"))
    )
    words = names.vocabulary(cause)
    for key in (one for one in words if (table[cause] == one).any()):
        rows = table[table[cause] == key]
        amount = float(rows[delta].sum())
        count = int(rows[thing].notna().sum())
        said = words[key]
        if count:
            said += f"{count}{'条' if roads else '处'}"
        if roads and abs(amount) > 0:
            said += f",{change(amount, 3)}公里"
        elif not roads:
            points = float(rows["coverage_effect"].sum()) * 100
            said += f",{change(amount)}{_unit(delta)},{change(points)}个百分点"
        elif roads and "density_effect" in rows:
            said += f",{change(float(rows['density_effect'].sum()))}{_of_density(changes)}"
        yield f"{said}{_called(rows, name, delta)}"


def _unit(delta: str) -> str:
    return {"delta_ha": "公顷"}.get(delta, "")


def _of_density(changes: RoadChanges) -> str:
    return standards.UNITS[changes.definition.unit]


def _called(rows: pd.DataFrame, name: str, delta: str) -> str:
    """The names behind a cause, the largest first."""
    if name not in rows:
        return ""
    order = rows[delta].abs().sort_values(ascending=False, kind="stable").index
    told = [str(one) for one in rows.loc[order, name] if isinstance(one, str) and one.strip()]
    told = list(dict.fromkeys(told))
    if not told:
        return ""
    more = "等" if len(told) > NAMED else ""
    return f"({'、'.join(told[:NAMED])}{more})"


def _of_types(changes: TypeChanges) -> tuple[str, ...]:
    words = names.vocabulary("causes")
    return tuple(
        f"{words[str(cause)]}{int(count)}个" for cause, count in changes.by_cause.items() if count
    )


# ---------------------------------------------------------------- the product


def changes(made: Made, folder: Path) -> None:
    """The month's differences as tables, for machines, and as a bulletin.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    job, results = made.job, made.results
    until = "" if job.as_of is None else job.as_of.isoformat()
    found = changes_of(results, earlier_of(job, results), until=until, beyond="roads" in job.beyond)
    if not found.figures and found.types is None:
        raise InputError(
            "[before]: the run named there keeps nothing that this recipe measures, so there is "
            "nothing to compare."
        )
    tables = {
        of_roads.TABLES["changes"]: found.figures.get("road_density"),
        of_parks.TABLES["changes"]: found.figures.get("park_coverage"),
    }
    for name, one in tables.items():
        if one is not None and one.changes is not None:
            table = one.changes.table.copy()
            table.attrs.update(one.changes.table.attrs)
            if said := _beside(one):
                held = table.attrs.get("notice", "")
                table.attrs["notice"] = f"{said};{held}" if held else said
            _both(table, folder / name)
    if found.types is not None:
        _both(found.types.table, folder / of_villages.CHANGES)
    office = imprint_in_use()
    save_bulletin(
        [_told(one, zone=job.is_zone) for one in found.figures.values()],
        folder / BULLETIN,
        types=None if found.types is None else (found.types.headline, _of_types(found.types)),
        notices=results.notices,
        unit=office.made_by,
        day=job.as_of,
        review_stage=office.stage,
    )
    write_json(folder / MACHINES, _plain(found))


def _both(table: pd.DataFrame, file: Path) -> None:
    for ending in (".xlsx", ".csv"):
        save_table(table, file.with_suffix(ending))


def _beside(one: MonthFigure) -> str:
    """What must be said of figures that do not compare."""
    if one.comparable:
        return ""
    why = "、".join(word(f"month.{key}") for key in one.apart)
    return f"{why},{word('month.apart')};{word('month.recounted')}"


def _told(one: MonthFigure, *, zone: bool) -> Told:
    roads = one.measure == "road_density"
    of_zone = word("month.zone") if zone and roads else ""

    def shown(value: float) -> str:
        return (figure if roads else percent)(value, against=one.goals)

    apart = one.difference if one.comparable else one.now - one.again
    now, before, again = (
        shown(each).removesuffix("%") for each in (one.now, one.before, one.again)
    )
    step = change(
        apart * (1.0 if roads else 100.0), between=(before if one.comparable else again, now)
    )
    return Told(
        label=f"{of_zone}{names.label(one.measure)}",
        unit=standards.UNITS["km/km2"] if roads else "%",
        now=now,
        before=before,
        again="" if one.comparable else again,
        step=step,
        step_unit=standards.UNITS["km/km2"] if roads else word("month.points"),
        since=one.since,
        until=one.until,
        apart="" if one.comparable else "、".join(word(f"month.{key}") for key in one.apart),
        causes=one.causes,
    )


def _plain(found: MonthChanges) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return value if value == value else None

    said: dict[str, Any] = {
        name: {
            "label": names.label(name),
            "now": number(one.now),
            "before": number(one.before),
            "recounted": number(one.again),
            "difference": number(one.difference),
            "comparable": one.comparable,
            "apart": list(one.apart),
            "since": one.since,
            "until": one.until,
            "causes": list(one.causes),
        }
        for name, one in found.figures.items()
    }
    if found.types is not None:
        said["village_type"] = {
            "shown": found.types.headline,
            "causes": {str(key): int(count) for key, count in found.types.by_cause.items()},
            "held": len(found.types.held),
        }
    return said
