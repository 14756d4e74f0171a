"""The products of `products`, each written into an empty folder from what was measured.

Nothing is measured here, and nothing is put in its place: `workers` does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from deqing_geo.batch import showing
from deqing_geo.batch.products import TOWN, VILLAGE
from deqing_geo.batch.villages import readable
from deqing_geo.errors import InputError
from deqing_geo.export import save_table
from deqing_geo.files import write_json
from deqing_geo.files.naming import stems
from deqing_geo.maps import save_map

if TYPE_CHECKING:
    from deqing_geo.batch.job import Job
    from deqing_geo.batch.results import Results
    from deqing_geo.villages import VillageTypes


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a product is written from.

    Attributes
    ----------
    job : Job
        The layers.
    results : Results
        The parts it needs, at least.
    unit : str
        The town's name or the village's code; empty for the county.
    stem : str
        With what its files' names begin.
    """

    job: Job
    results: Results
    unit: str = ""
    stem: str = ""

    @property
    def types(self) -> VillageTypes:
        """Types of all villages."""
        if self.results.types is None:
            raise InputError("No villages were measured.")
        return self.results.types

    @property
    def of_town(self) -> VillageTypes:
        """Types of the villages of the town."""
        return self.types.of(self.types.table["town_name"] == self.unit)


def units(scope: str, types: VillageTypes) -> dict[str, str]:
    """For whom a product is made, with what the names of its files begin.

    Parameters
    ----------
    scope : str
        ``county``, ``each_town`` or ``each_village``.
    types : VillageTypes
        Of the county.

    Returns
    -------
    dict of str to str
        Towns by name or villages by code, in their order.

    Raises
    ------
    InputError
        If towns are asked for and villages have none.
    """
    table = types.table
    if scope == TOWN:
        if "town_name" not in table:
            raise InputError(
                "Products for each town need villages that carry `town_name`: give [towns] "
                "where their file has no names of towns."
            )
        towns = [str(town) for town in pd.unique(table["town_name"].dropna())]
        codes = [showing.town_code(types.of(table["town_name"] == town)) for town in towns]
        called = [
            f"{code}{town}{number:02d}"
            for number, (code, town) in enumerate(zip(codes, towns, strict=True), start=1)
        ]
        return dict(zip(towns, stems(called), strict=True))
    if scope == VILLAGE:
        names = table["village_name"] if "village_name" in table else pd.Series("", table.index)
        called = [
            f"{code}{name if isinstance(name, str) and name != code else ''}"
            for code, name in names.items()
        ]
        return dict(zip((str(code) for code in names.index), stems(called), strict=True))
    return {"": ""}


def county_map(made: Made, folder: Path) -> None:
    """All that was measured on one map.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    save_map(showing.county_map(made.job, made.results), folder / "map.html")


def roads(made: Made, folder: Path) -> None:
    """Road density area by area, and kilometres by class.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    if made.results.density is not None:
        showing.save_road_tables(made.results.density, folder)


def parks(made: Made, folder: Path) -> None:
    """Park coverage area by area, and the parks.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    if made.results.coverage is not None:
        showing.save_park_tables(made.results.coverage, folder)


def layers(made: Made, folder: Path) -> None:
    """Density, coverage and gaps as layers.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    showing.save_measured_layers(made.results, folder)


def villages(made: Made, folder: Path) -> None:
    """Types of villages: a table for readers, a layer, and towns by types.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    showing.save_village_tables(made.types, folder)


def scorecard(made: Made, folder: Path) -> None:
    """The plan's targets.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    if made.results.card is not None:
        showing.save_scorecard(made.results.card, folder)


def summary(made: Made, folder: Path) -> None:
    """All figures for machines.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    write_json(folder / showing.SUMMARY, showing.summary(made.job, made.results))


def town_map(made: Made, folder: Path) -> None:
    """A map of a town's villages.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    file = folder / f"{made.stem}村庄分类图.html"
    showing.save_villages_map(made.job, made.of_town, f"{made.unit}村庄分类图", file)


def town_table(made: Made, folder: Path) -> None:
    """A table of a town's villages.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    save_table(readable(made.of_town), folder / f"{made.stem}村庄分类表.csv")


def village_page(made: Made, folder: Path) -> None:
    """A map of one village.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    table = made.types.table
    one = made.types.of(pd.Series(table.index.astype(str) == made.unit, table.index))
    name = str(one.table["village_name"].iloc[0]) if "village_name" in table else made.unit
    file = folder / f"{made.stem}村庄分类图.html"
    showing.save_villages_map(made.job, one, f"{name}村庄分类图", file)


def reasons(made: Made, folder: Path) -> None:
    """Why a village is of its type, as text.

    Parameters
    ----------
    made, folder
        From what, and where.
    """
    said = [made.types.why(made.unit), "", *made.types.notices]
    text = "\n".join(said) + "\n"
    file = folder / f"{made.stem}判定理由.txt"
    file.write_text(text, encoding="utf-8-sig", newline="\n")
