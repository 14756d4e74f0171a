"""A month of the plan's targets: figures from a recipe or an earlier run, judged, kept, written.

The command line prints what `month_card` finds; `write_month` puts it into a folder.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo import standards
from deqing_geo.atlas import print_scorecard
from deqing_geo.batch.earlier import Since, earlier_figures, since
from deqing_geo.batch.job import Job, Tell, open_recipe, silent
from deqing_geo.batch.quality import refuse_overwriting
from deqing_geo.batch.recipe import load_recipe
from deqing_geo.batch.results import measure
from deqing_geo.columns import word
from deqing_geo.errors import DeqingGeoWarning, FontError, InputError
from deqing_geo.export import save_layers, save_table
from deqing_geo.files import whole_folder
from deqing_geo.maps import add_layer, add_targets, area_map, save_map
from deqing_geo.papers import save_progress_papers, save_scorecard
from deqing_geo.progress import (
    Progress,
    Reported,
    Scorecard,
    read_log,
    read_progress,
    report_month,
    scorecard,
)
from deqing_geo.progress.months import as_month, month_before
from deqing_geo.progress.projects import read_projects

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

PAGE, TABLE, SHEET, MAP, LAYERS, PAPER, TOWNS = (
    "scorecard.html", "scorecard.csv", "scorecard.xlsx", "scorecard_map.html",
    "scorecard_places.gpkg", "核心指标完成情况.pdf", "scorecard_by_town.csv",
)  # fmt: skip
STEPS = ("layers", "measures", "before", "tables")
# Figures of the card that stand in the unit of their target.
FIGURES = (
    "base_value", "year_goal", "due_value", "last_value", "last_change", "start_value",
    "year_change",
)  # fmt: skip
PERCENT, PLACES = 100.0, 10
PLACE = "德清县"


@dataclass(frozen=True, slots=True, eq=False)
class MonthJob:
    """What is asked of a month.

    Attributes
    ----------
    source : path or None
        A recipe (``.toml``), the folder of an earlier run, or nothing but the table of progress.
    targets, log, projects : path or None
        The bureau's table of progress, the log of reported months, the great projects.
    month : str or None
        By default that of the recipe's day, else the latest that was filled in.
    before : path or None
        The month before, its recipe or the folder of its run (with ``[products]``): says why
        figures moved, and counts that month again where the way of counting or the outline is
        another. By default what the recipe's ``[before]`` names.
    report : bool
        Whether the month is written to the log, and locked.
    correct : str
        Why a reported month changes.
    unit, by, day : str
        Who files, who records, to which day the data reach.
    public : bool
        Whether the papers are for anybody.
    """

    source: str | os.PathLike[str] | None = None
    targets: str | os.PathLike[str] | None = None
    log: str | os.PathLike[str] | None = None
    projects: str | os.PathLike[str] | None = None
    month: str | None = None
    before: str | os.PathLike[str] | None = None
    report: bool = False
    correct: str = ""
    unit: str = ""
    by: str = ""
    day: str | None = None
    public: bool = False

    @property
    def inputs(self) -> list[str]:
        """Files that are read, and are not to be written over."""
        own = (self.source, self.targets, self.log, self.projects, self.before)
        return [os.fspath(one) for one in own if one is not None and not Path(one).is_dir()]


@dataclass(frozen=True, slots=True, eq=False)
class Month:
    """A month, judged.

    Attributes
    ----------
    card : Scorecard
        Of the month.
    progress : Progress or None
        What the bureau told.
    projects : DataFrame or None
        The great projects.
    job : Job or None
        The layers, where a recipe was given.
    reported : Reported or None
        What was added to the log.
    notices : tuple of str
        Beside those of the card.
    """

    card: Scorecard
    progress: Progress | None
    projects: pd.DataFrame | None
    job: Job | None
    reported: Reported | None = None
    notices: tuple[str, ...] = field(default=())


def month_card(job: MonthJob, tell: Tell = silent) -> Month:
    """Measure or take over, judge by what the bureau laid down, and report where it is asked.

    Parameters
    ----------
    job : MonthJob
        What is asked.
    tell : callable
        Is told what is being done, how many steps are done, and of how many.

    Returns
    -------
    Month
        The card and what it was made of.

    Raises
    ------
    InputError
        If there is neither a source nor a table of progress, a month cannot be told, or the
        log holds another figure of a reported month and no reason is given.
    DeqingGeoError
        If a file is refused.
    """
    if job.source is None and job.targets is None:
        raise InputError("Nothing to judge: give a recipe, an earlier run's folder, or targets=.")
    if (job.report or job.correct) and job.log is None:
        raise InputError("A month is reported into its log: log='月报台账.csv'.")
    tell(STEPS[0], 0, len(STEPS))
    layers, answers = _answers(job.source)
    law = standards.load(layers.standard if layers is not None else standards.DEFAULT)
    if not law.targets:
        raise InputError(
            f"{job.source}: `{law.name}` has no plan, and so no targets (没有规划指标). For a "
            f'scorecard write standard = "{standards.DEFAULT}" in the recipe, or leave that out.'
        )
    told = _progress(job, law)
    projects = None if job.projects is None else read_projects(job.projects)
    day = None if layers is None else layers.as_of
    month = None if job.month is None else as_month(job.month, "month")
    tell(STEPS[1], 1, len(STEPS))
    results = None if layers is None else measure(layers)
    answers = answers if results is None else list(results.answers)
    tell(STEPS[2], 2, len(STEPS))
    earlier = since(job.before, layers, results)

    def judged(progress: Progress | None) -> Scorecard:
        return scorecard(
            *answers, law=law, on=day, month=month, progress=progress, changes=earlier.changes
        )

    card = judged(told)
    notices = []
    if day is not None and card.month and f"{day:%Y-%m}" != card.month:
        said = f"{word('progress.other_day')} {day},{word('progress.of_month')} {card.month}"
        notices.append(said)
    reported = None
    if job.log is not None and (job.report or job.correct):
        if not card.month:
            raise InputError("Of which month? month='2026-03' (请注明月份).")
        again = _recounted(card, told, earlier, law)
        reported = report_month(
            card, job.log, correct=job.correct, by=job.by, recomputed=again, law=law
        )
        # What was counted again stands beside the figures from now on.
        told = _progress(job, law)
        card = judged(told)
    return Month(card, told, projects, layers, reported, tuple(notices))


def write_month(
    job: MonthJob, made: Month, out: str | os.PathLike[str], tell: Tell = silent
) -> tuple[Path, ...]:
    """Write a month's folder: papers, page, table, and where there are places map and layer.

    Parameters
    ----------
    job : MonthJob
        What was asked.
    made : Month
        Of `month_card`.
    out : path
        The folder; files of the same names are replaced, all or none.
    tell : callable
        As of `month_card`.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    DeqingGeoError
        If the folder cannot be written, or a file that was read would be written over.
    """
    tell(STEPS[3], 3, len(STEPS))
    target = Path(out)
    for name in (PAGE, TABLE, SHEET, MAP, LAYERS, PAPER, TOWNS):
        refuse_overwriting(target / name, job.inputs)
    card = made.card
    day = job.day or ("" if made.job is None or made.job.as_of is None
                      else made.job.as_of.isoformat())  # fmt: skip
    with whole_folder(out, last=PAGE) as draft:
        save_progress_papers(
            card, draft, projects=made.projects, unit=job.unit, day=day, place=PLACE,
            log=None if made.progress is None else made.progress.log,
            audience="public" if job.public else "internal",
        )  # fmt: skip
        if not job.public:
            table = _table(card)
            save_table(table, draft / TABLE)
            # In a workbook they stand once above the headings, in a CSV in the rows they are of.
            table.attrs["notice"] = ";".join(card.notices)
            save_table(table, draft / SHEET)
            save_scorecard(card, draft / PAGE, place=PLACE)
            if card.table["measured"].notna().any():
                _print(card, draft)
            _placed(card, made.job, draft)
        files = sorted(file.name for file in draft.iterdir())
    tell("", len(STEPS), len(STEPS))
    return tuple(target / name for name in files)


# ---------------------------------------------------------------- steps


def _answers(source: str | os.PathLike[str] | None) -> tuple[Job | None, list[Any]]:
    if source is None:
        return None, []
    if Path(source).is_dir():
        return None, list(earlier_figures(source))
    return open_recipe(load_recipe(source)), []


def _progress(job: MonthJob, law: standards.Standard) -> Progress | None:
    if job.targets is not None:
        return read_progress(job.targets, law, log=job.log)
    if job.log is None:
        return None
    # Earlier months can be looked back on without a table.
    return Progress.of_log(read_log(job.log, law))


def _recounted(
    card: Scorecard, told: Progress | None, earlier: Since, law: standards.Standard
) -> dict[str, Scorecard]:
    """The month before, counted as this one is, where the two cannot be compared."""
    if told is None or earlier.again is None:
        return {}
    month = month_before(card.month)
    if month not in told.reported or not (card.table["compared"] != "").any():
        return {}
    return {month: scorecard(*earlier.again(), law=law, month=month)}


def _table(card: Scorecard) -> pd.DataFrame:
    """What a reader needs, shares in per cent; targets nobody measured stand at the end."""
    left = ("operator", "target", "unit", "measured", "gap", "reached", "year")
    order = card.table["measured"].isna().sort_values(kind="stable").index
    table = card.table.loc[order].copy()
    share = table["unit"] == "ratio"
    for column in FIGURES:
        table.loc[share, column] = (table.loc[share, column] * PERCENT).round(PLACES)
    return table.drop(columns=list(left)).set_index("id")


def _print(card: Scorecard, draft: Path) -> None:
    """The printed page, where there is a font to print with; the papers need none."""
    try:
        print_scorecard(card, draft, name=Path(PAPER).stem, place=PLACE)
    except FontError as error:
        warnings.warn(f"{PAPER}: {error}", DeqingGeoWarning, stacklevel=2)


def _towns(job: Job, places: Mapping[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame | None:
    """The towns in the places' own system, where the recipe has them."""
    towns = job.around.get("town")
    if towns is None or "town_name" not in towns:
        return None
    crs = next(iter(places.values())).crs
    return towns if towns.crs == crs else towns.to_crs(crs)


def _placed(card: Scorecard, job: Job | None, draft: Path) -> None:
    places = card.places
    if not places or job is None:
        return
    save_layers(draft / LAYERS, places)
    towns = card.by_town(_towns(job, places))
    if len(towns):
        save_table(towns.set_index("id"), draft / TOWNS)
    m = area_map(job.areas, title=word("layer.targets"), fill=False, view=job.around.get("county"))
    for look in ("zone", "town", "county"):
        if look in job.around:
            add_layer(m, job.around[look], look, labels=look == "town")
    save_map(add_targets(m, card), draft / MAP)
