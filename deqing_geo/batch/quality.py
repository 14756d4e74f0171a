"""One file of boundaries checked, and what goes into its folder: faults, map, paper.

The command line prints what `check_file` finds; nothing is measured here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo.boundaries import read_towns
from deqing_geo.columns import label, word
from deqing_geo.divisions import TOWN_DIGITS
from deqing_geo.divisions import register as published
from deqing_geo.errors import ColumnError, ExportError
from deqing_geo.export import save_layers, save_table
from deqing_geo.faults import (
    BoundaryReport,
    check_boundaries,
    correct,
    propose_corrections,
    read_corrections,
    repair_boundaries,
    save_corrections,
)
from deqing_geo.files import parts, whole_folder
from deqing_geo.inputs import read_village_table
from deqing_geo.maps import add_layer, fault_map, save_map
from deqing_geo.papers import changed, save_quality_report
from deqing_geo.reading import POLYGONS, read
from deqing_geo.received import read_received, row_labels

if TYPE_CHECKING:
    import geopandas as gpd

LAYER, TABLE, MAP = "faults.gpkg", "faults.csv", "fault_map.html"
PAPERS = ("质量检查报告.docx", "质量检查报告.html")
REPAIRS, WORKING_COPY, CORRECTIONS = "repairs.csv", "工作副本.gpkg", "更正表.xlsx"
# How a working copy is called beside the file it was made from.
COPY = "_工作副本.gpkg"


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A layer of boundaries and what is wrong with it.

    Attributes
    ----------
    villages : GeoDataFrame
        The layer as it was read, nothing mended.
    report : BoundaryReport
        Its faults.
    towns, county : GeoDataFrame or None
        What it was held against.
    register : DataFrame or None
        The published names and codes it was held against.
    """

    villages: gpd.GeoDataFrame
    report: BoundaryReport
    towns: gpd.GeoDataFrame | None = None
    county: gpd.GeoDataFrame | None = None
    register: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Against:
    """What boundaries are held against, and how they are to be read.

    Attributes
    ----------
    towns, county, reference : path or None
        Files of the towns, of the county's outline, and of an outline known to be true.
    towns_layer, county_layer : str or None
        Their layers, where a file has several.
    register : int, path or None
        The year of a published register, or an office's own table of codes and names.
    assume_crs, datum : str or None
        As for `read_received`.
    """

    towns: str | None = None
    towns_layer: str | None = None
    county: str | None = None
    county_layer: str | None = None
    reference: str | None = None
    register: int | str | None = None
    assume_crs: str | None = None
    datum: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files it names."""
        table = self.register if isinstance(self.register, str) else None
        named = (self.towns, self.county, self.reference, table)
        return tuple(file for file in named if file is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Mended:
    """A working copy of a layer, what was changed in it, and what is still wrong.

    Attributes
    ----------
    frame : GeoDataFrame
        The copy.
    changes : DataFrame
        One row a unit.
    report : BoundaryReport
        The check of the copy.
    layer : str
        What the layer is called in its file.
    """

    frame: gpd.GeoDataFrame
    changes: pd.DataFrame
    report: BoundaryReport
    layer: str

    @property
    def touched(self) -> pd.DataFrame:
        """The units whose shape was changed."""
        return self.changes[changed(self.changes)]


def check_file(
    path: str | os.PathLike[str], against: Against | None = None, *, layer: str | None = None
) -> Checked:
    """Read one file of boundaries as it is and check it.

    Parameters
    ----------
    path : path
        The file.
    against : Against, optional
        What it is held against; by default nothing but itself.
    layer : str, optional
        The layer of a file with several.

    Returns
    -------
    Checked
        The layer and its report.

    Raises
    ------
    DeqingGeoError
        If a file is refused; faults are no refusal.
    """
    by = against or Against()
    towns = None if by.towns is None else read_towns(by.towns, layer=by.towns_layer)
    reference = None if by.reference is None else read_towns(by.reference)
    villages = read_received(
        path,
        layer=layer,
        assume_crs=by.assume_crs,
        datum=by.datum,
        reference=reference,
        like=towns,
    )
    county = None
    if by.county is not None:
        # An outline needs neither a name nor a code.
        county = read(
            by.county,
            name="county",
            kind=POLYGONS,
            wanted=("county_name",),
            layer=by.county_layer,
            like=villages,
        )
    listed = None if by.register is None else _listed(by.register, towns)
    report = check_boundaries(villages, towns=towns, county=county, register=listed)
    return Checked(villages, report, towns, county, listed)


def _listed(register: int | str, towns: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Published names and codes, or those of an office's table in the same form."""
    if isinstance(register, int):
        return published(register)
    table = read_village_table(register)
    if "village_name" not in table:
        raise ColumnError(
            f"{register}: a register needs names beside its codes ({label('village_name')})."
        )
    named = table[table["village_name"].notna()]
    codes = named.index.str.slice(0, TOWN_DIGITS)
    called = named.get("town_name")
    if called is None and towns is not None and towns.index.name == "town_code":
        called = pd.Series(codes, index=named.index).map(towns["town_name"])
    out = pd.DataFrame(
        {
            "division_name": named["village_name"],
            "division_level": "village",
            "town_code": codes,
            "town_name": codes if called is None else called.fillna(pd.Series(codes, named.index)),
        },
        index=named.index,
    )
    out.attrs["year"] = Path(register).stem
    return out


def mend(
    checked: Checked,
    *,
    max_change_m2: float | None = None,
    allow_survey_lines: bool = False,
    corrections: str | os.PathLike[str] | None = None,
) -> Mended:
    """A mended working copy of a layer, checked again.

    Parameters
    ----------
    checked : Checked
        Of `check_file`.
    max_change_m2 : float, optional
        The most a unit's area may change, in m2; by default that of `repair_boundaries`.
    allow_survey_lines : bool
        Whether layers of the land survey may be mended.
    corrections : path, optional
        The table of codes and names to correct, as it was filled in (更正表).

    Returns
    -------
    Mended
        The copy; the layer that was checked is left as it was.

    Raises
    ------
    DeqingGeoError
        If the repair is refused.
    """
    options: dict[str, Any] = {} if max_change_m2 is None else {"max_change_m2": max_change_m2}
    frame = checked.villages
    told: pd.Series[Any] | None = None
    if corrections is not None:
        filled = read_corrections(corrections)
        frame, told = correct(frame, filled, called=Path(corrections).name)
        attrs = dict(frame.attrs)
        # A row is called by the code it has now.
        frame = frame.set_axis(row_labels(frame), axis="index")
        frame.attrs.update(attrs)
    frame, changes = repair_boundaries(
        frame,
        county=checked.county,
        allow_survey_lines=allow_survey_lines,
        **options,
    )
    if told is not None:
        changes["corrections"] = told.to_numpy()
        changes.attrs["notice"] = frame.attrs["notice"]
    report = check_boundaries(
        frame, towns=checked.towns, county=checked.county, register=checked.register
    )
    layer = str(checked.villages.attrs.get("reading", {}).get("layer", "villages"))
    return Mended(frame, changes, report, layer)


def write_check(
    checked: Checked,
    out: str | os.PathLike[str],
    inputs: Sequence[str] = (),
    *,
    mended: Mended | None = None,
    with_copy: bool = False,
    unit: str = "",
    checked_on: date | str | None = None,
    corrected: bool = False,
) -> tuple[Path, ...]:
    """What a check leaves in a folder; all of it or nothing.

    Parameters
    ----------
    checked : Checked
        Of `check_file`.
    out : path
        The folder; files of an earlier check are replaced, others stay.
    inputs : sequence of str
        Files that were read: none of them is written over.
    mended : Mended, optional
        Adds what was mended to the paper, and as a table.
    with_copy : bool
        Whether the working copy itself goes into the folder.
    unit, checked_on
        As for `save_quality_report`.
    corrected : bool
        Whether a table of corrections was applied: then no new one is laid out.

    Returns
    -------
    tuple of Path
        The files: faults as layers and as a table, their map, the paper in both forms, and,
        where codes or names are at fault, a table to correct them in (更正表).

    Raises
    ------
    ExportError
        If a file that was read, or a table somebody filled in, would be overwritten, or the
        folder cannot be written.
    """
    folder = Path(out)
    table = None
    if not corrected:
        table = propose_corrections(checked.villages, checked.report, register=checked.register)
        _refuse_filled(folder / CORRECTIONS)
    for name in (LAYER, TABLE, MAP, *PAPERS, REPAIRS, WORKING_COPY):
        refuse_overwriting(folder / name, inputs)
    with whole_folder(folder, last=LAYER) as draft:
        save_layers(draft / LAYER, fault_layers(checked.report))
        save_table(checked.report.table, draft / TABLE)
        if table is not None and len(table):
            save_corrections(table, draft / CORRECTIONS)
        m = fault_map(checked.report, checked.villages)
        for look, frame in (("town", checked.towns), ("county", checked.county)):
            if frame is not None:
                add_layer(m, frame, look, labels=look == "town")
        save_map(m, draft / MAP)
        for name in PAPERS:
            save_quality_report(
                checked.report,
                draft / name,
                changes=None if mended is None else mended.changes,
                villages=checked.villages,
                unit=unit,
                checked_on=checked_on,
            )
        if mended is not None:
            save_table(mended.changes, draft / REPAIRS)
        if mended is not None and with_copy:
            write_copy(mended, draft / WORKING_COPY)
        made = sorted(file.name for file in draft.iterdir())
    return tuple(folder / name for name in made)


def _refuse_filled(path: Path) -> None:
    """A table in which somebody has written is worth more than a new one."""
    if not path.exists():
        return
    there = read_corrections(path)
    ours = word("correction.register")
    basis = there.get("correction_basis", pd.Series(None, index=there.index, dtype=object))
    own = there["corrected_value"].notna() & ~basis.fillna("").str.startswith(f"{ours}(")
    if own.any() or (basis.notna() & there["corrected_value"].isna()).any():
        raise ExportError(
            f"{path}: somebody has filled in this table (更正表已填写). Apply it with --fix "
            "--corrections, or name another folder for a new check."
        )


def write_copy(mended: Mended, path: str | os.PathLike[str]) -> Path:
    """A working copy as a GeoPackage, its fields called as in the file it was made from.

    Parameters
    ----------
    mended : Mended
        Of `mend`.
    path : path
        Where; ``.gpkg``.

    Returns
    -------
    Path
        The file; what it is stands in every row of it (说明).

    Raises
    ------
    ExportError
        If it cannot be written.
    """
    frame = mended.frame
    given = frame.attrs.get("reading", {}).get("renamed", {})
    before = {ours: field for field, ours in given.items() if field not in frame}
    out = frame.rename(columns=before)
    out.attrs.update(frame.attrs)
    return save_layers(path, {mended.layer: out})


def fault_layers(report: BoundaryReport) -> Mapping[str, gpd.GeoDataFrame]:
    """Faults as layers of one kind of shape each, which every program opens.

    Parameters
    ----------
    report : BoundaryReport
        Of `check_boundaries`.

    Returns
    -------
    Mapping of str to GeoDataFrame
        ``faults``: a point for every fault, none where it is nowhere; ``fault_areas`` and
        ``fault_lines``: the faults that are areas or lines, where there are any.

    Examples
    --------
    >>> from deqing_geo import check_boundaries, sample
    >>> layers = fault_layers(check_boundaries(sample.villages()))
    >>> {name: len(rows) for name, rows in layers.items()}
    {'faults': 0}
    """
    table = report.table
    shapes = np.asarray(table.geometry.array, dtype=object)
    out = {"faults": table.set_geometry(_as_points(table, shapes))}
    for name, dimension in (("fault_areas", 2), ("fault_lines", 1)):
        rows = shapely.get_dimensions(shapes) == dimension
        if rows.any():
            out[name] = table[rows]
    for frame in out.values():
        frame.attrs.update(table.attrs)
    return out


def _as_points(table: gpd.GeoDataFrame, shapes: Any) -> gpd.GeoSeries:
    import geopandas as gpd

    spots = shapely.point_on_surface(shapes)
    spots[shapely.is_empty(spots)] = None
    return gpd.GeoSeries(spots, index=table.index, crs=table.crs)


def refuse_overwriting(target: str | os.PathLike[str], inputs: Sequence[str]) -> None:
    """A product never stands where one of the files it was made from stands.

    Parameters
    ----------
    target : path
        Where something is to be written.
    inputs : sequence of str
        Files that were read.

    Raises
    ------
    ExportError
        If it is one of them.
    """
    place = Path(target).resolve()
    for one in inputs:
        if place in [file.resolve() for file in parts(Path(one))]:
            raise ExportError(
                f"{one} was checked and would be overwritten. Name another file for the copy."
            )
