"""Printed pages as products of a recipe, one at a time, and the book of them all.

Every page has the number (图号) and the name it has in the book: types of the county, its towns,
roads, density, coverage, sites, as far as the recipe names layers for them.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from deqing_geo.atlas.book import Order, make_atlas, make_page
from deqing_geo.atlas.ground import Ground, ground_of, in_metres
from deqing_geo.batch.atlas import UNDER
from deqing_geo.batch.options import ATLAS, CODE_DIGITS
from deqing_geo.errors import InputError

if TYPE_CHECKING:
    from deqing_geo.batch.job import Job
    from deqing_geo.batch.making import Made

PAPER, FORMATS, DPI = "A3", ("pdf", "jpg"), 300
NAMES = "{county}{seq:02d}{title}"
PARKS = ("coverage", "sites")


def towns_of(job: Job) -> list[str]:
    """The towns that have a page, in order.

    Parameters
    ----------
    job : Job
        With villages.

    Returns
    -------
    list of str
        Those its villages name; none where they name none.
    """
    if job.villages is None or "town_name" not in job.villages:
        return []
    return [str(town) for town in pd.unique(job.villages["town_name"].dropna())]


def numbers(job: Job) -> dict[str, int]:
    """The number of every page of a job, whichever of them are made.

    Parameters
    ----------
    job : Job
        The layers; of what was not read its recipe's sections tell.

    Returns
    -------
    dict of str to int
        By kind of map, from 1; after ``types`` one is left for each town.

    Examples
    --------
    >>> from deqing_geo.batch import paper_town
    >>> numbers(paper_town())
    {'roads': 1, 'density': 2, 'coverage': 3, 'sites': 4}
    """
    there = {*job.named} | {
        name for name in ("villages", "roads", "parks", "homes") if getattr(job, name) is not None
    }
    found: dict[str, int] = {}
    at = 1
    if "villages" in there:
        found["types"] = at
        at += 1 + len(towns_of(job))
    for layers, kinds in (({"roads"}, ("roads", "density")), ({"parks", "homes"}, PARKS)):
        if layers <= there:
            found |= {kind: at + step for step, kind in enumerate(kinds)}
            at += len(kinds)
    return found


def types(made: Made, folder: Path) -> None:
    """县域村庄分类图.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    _page(made, folder, "types", [made.types])


def roads(made: Made, folder: Path) -> None:
    """建成区路网图(按等级).

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    _page(made, folder, "roads", [made.results.density])


def density(made: Made, folder: Path) -> None:
    """路网密度分区图.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    _page(made, folder, "density", [made.results.density])


def coverage(made: Made, folder: Path) -> None:
    """公园绿地服务半径覆盖图(含盲区).

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    _page(made, folder, "coverage", [made.results.coverage])


def sites(made: Made, folder: Path) -> None:
    """口袋公园建议选址图, on what is there today.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    if made.results.siting is None:
        raise InputError("No sites were looked for: there are no homes that a park could serve.")
    _page(made, folder, "sites", [made.results.siting, made.results.coverage])


def town(made: Made, folder: Path) -> None:
    """分镇图: the villages of one town.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    number = numbers(made.job)["types"] + 1 + towns_of(made.job).index(made.unit)
    one = _towns(made.job, [made.unit])
    order, ground = _order(made.job), _ground(made.job)
    make_page([made.types], one, folder, order, kind="types", number=number, ground=ground)


def book(made: Made, folder: Path) -> None:
    """All pages in one PDF, with bookmarks and a list of them in front.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    found = made.results
    shown = [
        one for one in (found.types, found.density, found.coverage, found.siting) if one is not None
    ]
    areas = _towns(made.job, towns_of(made.job)) if found.types is not None else None
    order = _order(made.job, formats=("pdf",), each=("types",))
    atlas = make_atlas(shown, areas, folder, order, None)
    for name in atlas.files:
        # Pages by themselves are products of their own, and so is what tells of their files.
        if atlas.book is None or name != atlas.book.name:
            (folder / name).unlink()


def _page(made: Made, folder: Path, kind: str, results: list[Any]) -> None:
    order, ground, number = _order(made.job), _ground(made.job), numbers(made.job)[kind]
    make_page(results, None, folder, order, kind=kind, number=number, ground=ground)


@functools.lru_cache(maxsize=1)
def _ground(job: Job) -> Ground:
    """Borders and backgrounds, once for all pages of a job that this process draws."""
    order = _order(job)
    return ground_of(
        in_metres(job.areas, "areas").crs,
        county=order.county,
        towns=order.towns,
        villages=order.villages,
        around=order.around,
    )


def _order(
    job: Job, *, formats: tuple[str, ...] | None = None, each: tuple[str, ...] | None = None
) -> Order:
    asked = job.options.get(ATLAS, {})
    return Order(
        paper=asked.get("paper", PAPER),
        orientation="auto",
        formats=formats or tuple(asked.get("formats", FORMATS)),
        dpi=asked.get("dpi", DPI),
        names=NAMES,
        each=each,
        whole=True,
        titles={},
        audience=None,
        stage=None,
        review_number=None,
        made_by=None,
        made_on=None,
        data_as_of=job.as_of,
        height_datum="",
        county=job.around.get("county"),
        towns=job.around.get("town"),
        villages=job.villages,
        around={look: job.around[look] for look in UNDER if look in job.around},
        grid="degrees",
        font=None,
        jobs=1,
        called=_called(job),
    )


def _called(job: Job) -> str:
    """Code and name of the county, as the recipe says them, or as codes of villages begin."""
    asked = job.options.get(ATLAS, {})
    code, name = asked.get("code", ""), asked.get("name", "")
    if (code and name) or (job.around.get("county") is not None and not code + name):
        return f"{code}{name}"
    if not code and job.villages is not None and job.villages.index.name == "village_code":
        begun = {str(one)[:CODE_DIGITS] for one in job.villages.index}
        code = begun.pop() if len(begun) == 1 else ""
    return f"{code}{name}"


def _towns(job: Job, wanted: list[str]) -> gpd.GeoDataFrame:
    """The land of towns: their own borders, or that of their villages together."""
    villages, outlines = job.villages, job.around.get("town")
    if villages is None:
        raise InputError("No villages were read.")
    known = [one for one in (outlines, villages) if one is not None and "town_name" in one]
    shapes: list[Any] = []
    for called in wanted:
        rows = [one.loc[(one["town_name"] == called).to_numpy(dtype=bool)] for one in known]
        shapes.append(next(one for one in rows if len(one)).geometry.union_all())
    return gpd.GeoDataFrame({"town_name": wanted}, geometry=shapes, crs=villages.crs)
