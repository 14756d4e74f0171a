"""Papers to sign, notes and exports as products of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deqing_geo.batch import parks as of_parks
from deqing_geo.batch import roads as of_roads
from deqing_geo.batch import villages as of_villages
from deqing_geo.batch.options import EXPORT
from deqing_geo.export import save_results
from deqing_geo.looks.imprint import imprint_in_use
from deqing_geo.papers import (
    save_hand_check,
    save_method_note,
    save_park_papers,
    save_road_papers,
    save_village_papers,
)

if TYPE_CHECKING:
    from deqing_geo.batch.making import Made

FORMATS = ("gpkg", "xlsx")


def villages(made: Made, folder: Path) -> None:
    """村庄分类情况统计表, 分镇(街道)汇总表, 调整建议表 and 台账.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    office = imprint_in_use()
    save_village_papers(
        made.types, folder, unit=office.made_by, day=made.job.as_of, review_stage=office.stage
    )


def roads(made: Made, folder: Path) -> None:
    """道路计入明细表.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    office, density = imprint_in_use(), made.results.density
    if density is not None:
        day = density.as_of or made.job.as_of
        save_road_papers(density, folder, unit=office.made_by, day=day, review_stage=office.stage)


def parks(made: Made, folder: Path) -> None:
    """公园计入明细表, 公园绿地服务盲区清单 and 口袋公园建议选址清单.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    office, coverage, job = imprint_in_use(), made.results.coverage, made.job
    if coverage is None:
        return
    towns, roads = job.around.get("town"), job.roads
    villages = job.villages
    save_park_papers(
        coverage,
        folder,
        siting=made.results.siting,
        towns=towns if towns is not None and "town_name" in towns else None,
        villages=villages if villages is not None and "village_name" in villages else None,
        roads=roads if roads is not None and "road_name" in roads else None,
        unit=office.made_by,
        day=coverage.as_of or job.as_of,
        review_stage=office.stage,
    )


def method(made: Made, folder: Path) -> None:
    """测算方法说明 of each figure.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    found, unit, day = made.results, imprint_in_use().made_by, made.job.as_of
    if found.types is not None:
        save_method_note(found.types, folder / of_villages.NOTE, unit=unit, day=day)
    if found.density is not None:
        until = found.density.as_of or day
        save_method_note(found.density, folder / of_roads.NOTE, unit=unit, day=until)
    if found.coverage is not None:
        until = found.coverage.as_of or day
        save_method_note(found.coverage, folder / of_parks.NOTE, unit=unit, day=until)


def by_hand(made: Made, folder: Path) -> None:
    """手工核对: five steps in ArcGIS for each figure.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    unit = imprint_in_use().made_by
    if made.results.density is not None:
        save_hand_check(made.results.density, folder / of_roads.BY_HAND, unit=unit)
    if made.results.coverage is not None:
        save_hand_check(made.results.coverage, folder / of_parks.BY_HAND, unit=unit)


def export(made: Made, folder: Path) -> None:
    """Layers and tables in the formats an office asks for.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    asked, found = made.job.options.get(EXPORT, {}), made.results
    shown = [one for one in (found.types, found.density, found.coverage) if one is not None]
    save_results(
        shown,
        folder,
        formats=tuple(asked.get("formats", FORMATS)),
        audience=asked.get("audience", "internal"),
        review_number=asked.get("review_number"),
        made_by=imprint_in_use().made_by or None,
        name=asked.get("name", "results"),
    )
