"""The paper behind a road density (道路计入明细表): every road, counted or not, to print and sign.

It repeats the density and its ledger and decides nothing: its sums are the density's figures.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.files import whole_folder
from deqing_geo.papers.filing import (
    Filing,
    area_names,
    documents,
    filing,
    in_words,
    numbers,
    serial,
    shown_by,
    summed,
    texts,
)
from deqing_geo.roads import road_ledger
from deqing_geo.sheets import Field, Sheet, workbook
from deqing_geo.standards import UNITS

if TYPE_CHECKING:
    from deqing_geo.roads import RoadDensity

# A metre of road, and a hundredth of a hectare of land.
KM, KM2, WIDTH = "0.000", "0.0000", "0.0"


def save_road_papers(
    density: RoadDensity,
    folder: str | os.PathLike[str],
    *,
    unit: str = "",
    day: date | str | None = None,
    audience: str = "internal",
    review_stage: str = "",
    place: str = "",
) -> list[Path]:
    """The paper on the roads behind a density, an Excel workbook (道路计入明细表).

    On A4 across: title, 填报单位(盖章), 数据截止日期 and 计量单位 above, the heading on every
    page, pages numbered, a line to sign on below. Its sheets: every road with what of it counts
    and why not; the density of every area; kilometres of every class; what the figures rest on.
    From sample data it comes as 示意样张, without stamp or signature.

    Parameters
    ----------
    density : RoadDensity
        Of `road_density`.
    folder : path
        Where; a file of the same name is replaced.
    unit : str
        Who files it (填报单位).
    day : date or str, optional
        To which the data reach (数据截止日期); by default the day the density was counted for,
        and without one a blank for a pen.
    audience : str
        ``internal``, or ``public``: only roads that count, and of those only what counts, so
        that nothing is told of roads that are planned or under construction.
    review_stage : str
        Such as 征求意见稿, 会审稿 or 报批稿; stands behind the titles.
    place : str
        Stands before the titles and the file's name, such as 德清县.

    Returns
    -------
    list of Path
        The one ``.xlsx``, the same bytes for the same density.

    Raises
    ------
    InputError
        If `audience` is neither.
    ColumnError
        If `day` is no date.
    ExportError
        If the folder cannot be written, or the paper is larger than a sheet.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample
    >>> density = road_density(sample.zone(), sample.roads())
    >>> with tempfile.TemporaryDirectory() as out:
    ...     print(*(file.name for file in save_road_papers(density, out, place="纸上镇")))
    纸上镇道路计入明细表.xlsx
    """
    made = filing(
        density.notices,
        unit=unit,
        day=density.as_of if day is None or day == "" else day,
        audience=audience,
        review_stage=review_stage,
        place=place,
    )
    file = made.file(word("measured_paper.roads"))
    sheets = [_list(made, density), _areas(made, density), _classes(made, density),
              _notes(made, density)]  # fmt: skip
    with whole_folder(folder, last=file) as draft:
        (draft / file).write_bytes(workbook(sheets, called=file))
    return [Path(folder) / file]


def _list(made: Filing, density: RoadDensity) -> Sheet:
    """道路计入明细表: large classes first, then by name."""
    table = road_ledger(density, per="road")
    if made.public:
        table = table[table["counted_km"] > 0]
    ranks = {one: at for at, one in enumerate(names.vocabulary("road_class"))}
    rank = table["road_class"].map(lambda one: ranks.get(one, len(ranks))).to_numpy()
    nameless = (table["road_name"] == "").to_numpy()
    order = np.lexsort((table["road_name"].to_numpy(dtype=str), rank, nameless))
    # By class before all else; a road without a name stands behind those that have one.
    order = order[np.argsort(rank[order], kind="stable")]
    table = table.iloc[order]
    status = in_words("road_status", table["road_status"])
    classes = in_words("road_class", table["road_class"])
    counted_km = numbers(names.label("counted_km", unit=True), table["counted_km"], 15, KM)
    fields = [
        serial(len(table)),
        texts(word("measured_paper.road"), table["road_name"], 16),
        texts(names.label("begins_at"), table["begins_at"], 13),
        texts(names.label("ends_at"), table["ends_at"], 13),
        texts(word("measured_paper.class"), classes, 20, middle=True),
    ]
    total: dict[int, object]
    if made.public:
        fields += [texts(names.label("road_status"), status, 10, middle=True), counted_km]
        total = {6: summed(table["counted_km"])}
    else:
        said = in_words("road_counted", table["road_counted"])
        fields += [
            numbers(names.label("length_km", unit=True), table["length_km"], 12, KM),
            numbers(word("measured_paper.width"), table["road_width_m"], 12, WIDTH),
            texts(names.label("road_status"), status, 10, middle=True),
            texts(word("measured_paper.road_opened"), table["opened_on"], 12, middle=True),
            texts(names.label("road_counted"), said, 10, middle=True),
            counted_km,
            texts(names.label("not_counted_reason"), table["not_counted_reason"], 20, middle=True),
        ]
        total = {5: summed(table["length_km"]), 10: summed(table["counted_km"])}
    head = f"{names.label(density.definition.measure)}:{density.headline}"
    return made.sheet(
        word("measured_paper.roads"),
        fields,
        word(f"measured_paper.roads_unit{'_public' if made.public else ''}"),
        said=(head,),
        total=total,
    )


def _areas(made: Filing, density: RoadDensity) -> Sheet:
    """The density of every area, and of all together."""
    table, measure = density.table, density.definition.measure
    per_area = [*density.series, density.overall]
    form = shown_by(per_area, goals=density.goals)
    columns = [
        ("area_km2", KM2),
        *((("water_km2", KM2),) if "water_km2" in table else ()),
        ("road_km", KM),
        ("edge_km", KM),
    ]
    fields: list[Field] = [
        serial(len(table)),
        texts(word("measured_paper.area"), area_names(table), 18),
        *(numbers(names.label(one, unit=True), table[one], 16, form_) for one, form_ in columns),
        numbers(names.label(measure, unit=True), density.series, 18, form),
    ]
    total = {2 + at: summed(table[one]) for at, (one, _) in enumerate(columns)}
    total[2 + len(columns)] = density.overall
    units = f"{word('measured_paper.areas_unit')}、{UNITS[density.unit]}"
    return made.sheet(word("measured_paper.density"), fields, units, total=total)


def _classes(made: Filing, density: RoadDensity) -> Sheet:
    """Kilometres of open road of every class, counted or not; classes nobody drew are left out."""
    table = density.by_class
    counts = density.definition.counts.get("roads", tuple(table.columns))
    shown = [one for one in table if one in counts or (not made.public and table[one].sum() > 0)]
    heads = [
        f"{label}({word('measured_paper.counts' if one in counts else 'measured_paper.not')})"
        for one, label in zip(shown, in_words("road_class", shown), strict=True)
    ]
    fields = [
        serial(len(table)),
        texts(word("measured_paper.area"), area_names(density.table), 18),
        *(numbers(head, table[one], 12, KM) for head, one in zip(heads, shown, strict=True)),
    ]
    total = {2 + at: summed(table[one]) for at, one in enumerate(shown)}
    return made.sheet(
        word("measured_paper.classes"), fields, word("measured_paper.km"), total=total
    )


def _notes(made: Filing, density: RoadDensity) -> Sheet:
    said = [
        f"{word('map.definition')}:{density.definition.line}",
        density.definition.note,
        *density.notices,
        word("measured_paper.ends"),
        word("measured_paper.nameless"),
        word("measured_paper.roads_public") if made.public else word("measured_paper.whole_lines"),
        f"{word('map.sources')}:{'、'.join(density.origins)}" if density.origins else "",
        documents(density.sources),
    ]
    return made.notes(said)
