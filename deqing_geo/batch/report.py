"""A report: layers in, a folder out, with a map, tables, layers, a summary and a manifest.

Everything is made in a folder beside the target and arrives together, the manifest last;
a failure leaves the target as it was.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyogrio
import pyproj
import shapely

import deqing_geo
from deqing_geo import standards
from deqing_geo.batch import ledger, showing
from deqing_geo.batch.job import Job, Tell, silent
from deqing_geo.batch.making import units
from deqing_geo.batch.products import TOWN
from deqing_geo.batch.results import STEPS, Results, measure
from deqing_geo.batch.villages import readable
from deqing_geo.errors import ExportError, InputError
from deqing_geo.export import save_table
from deqing_geo.files import parts, sha256, whole_folder, write_json
from deqing_geo.looks.imprint import use_imprint
from deqing_geo.looks.palette import use_palette
from deqing_geo.maps import save_map

if TYPE_CHECKING:
    from deqing_geo.batch.holding import Hold
    from deqing_geo.coverage import Coverage
    from deqing_geo.roads import RoadDensity
    from deqing_geo.villages import VillageTypes

MANIFEST = "manifest.json"
TOWNS = "towns"


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What was made.

    Attributes
    ----------
    out : Path
        The folder.
    files : tuple of str
        What stands in the folder.
    results : Results
        What was measured.
    """

    out: Path
    files: tuple[str, ...]
    results: Results

    @property
    def density(self) -> RoadDensity | None:
        """If roads were given."""
        return self.results.density

    @property
    def coverage(self) -> Coverage | None:
        """If parks and homes were given."""
        return self.results.coverage

    @property
    def types(self) -> VillageTypes | None:
        """If villages were given."""
        return self.results.types

    @property
    def standard(self) -> standards.Standard:
        """The law it was counted by."""
        return self.results.law


def run(
    job: Job, out: str | os.PathLike[str], tell: Tell = silent, *, each: str | None = None
) -> Report:
    """Measure a job and write its folder.

    Parameters
    ----------
    job : Job
        The layers.
    out : path
        The folder; made if absent. Files of an earlier report are replaced, all or none;
        those this report does not make are removed, other files stay.
    tell : callable
        Is told what is being done, how many steps are done, and of how many.
    each : {"town"}, optional
        Also make the folder ``towns``: a map and a table of the villages of every town, with a
        manifest of their own.

    Returns
    -------
    Report
        The results and the files: ``map.html``, a table for readers and a layer for
        machines of every result (``villages.csv`` and ``villages.gpkg`` of the types),
        ``scorecard.csv``, ``summary.json`` and ``manifest.json``.

    Raises
    ------
    DeqingGeoError
        If a layer cannot carry its measure, another run is at work in the folder, or it cannot
        be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo.batch import paper_town
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = run(paper_town(), folder + "/out")
    ...     "map.html" in report.files and (report.out / "manifest.json").exists()
    True
    """
    if each not in (None, "town"):
        raise InputError(f"each={each!r} is not known; it may be 'town'.")
    if each and (job.villages is None or "town_name" not in job.villages):
        raise InputError(
            "A map for each town needs villages that carry `town_name`: give [villages], and "
            "[towns] where their file has no names of towns."
        )
    target = Path(out)
    require_folder(target)
    _refuse_own_inputs(job, target)
    with ledger.held(target) as hold:
        return _run(job, ledger.Ledger(target), hold, tell, each)


def _run(job: Job, book: ledger.Ledger, hold: Hold, tell: Tell, each: str | None) -> Report:
    target = book.out
    steps = len(STEPS) + 2 + bool(each)
    results = measure(job, tell, steps)
    done = len(STEPS)
    tell("map", done, steps)
    towns: list[str] = []
    # The towns' folder arrives with the other, or the maps of two months would lie together.
    arrived: list[str] = []
    with contextlib.ExitStack() as beside:
        beside.enter_context(_undone(book, arrived))
        draft = beside.enter_context(whole_folder(target, last=MANIFEST))
        if job.imprint is not None:
            beside.enter_context(use_imprint(job.imprint))
        if job.palette is not None:
            beside.enter_context(use_palette(job.palette))
        save_map(showing.county_map(job, results), draft / "map.html")
        tell("tables", done + 1, steps)
        _save_tables(results, draft)
        write_json(draft / showing.SUMMARY, showing.summary(job, results))
        made = sorted(file.name for file in draft.iterdir())
        write_json(draft / MANIFEST, _manifest(job, results, draft, made))
        if each and results.types is not None:
            tell("towns", done + 2, steps)
            beside.push(lambda kind, *_: None if kind else arrived.append(TOWNS))
            folder = beside.enter_context(whole_folder(target / TOWNS, last=MANIFEST))
            towns = _each_town(job, results, results.types, folder)
        files = (*made, MANIFEST, *(f"{TOWNS}/{name}" for name in towns))
        coming = [name for name in files if not name.endswith(MANIFEST)]
        ledger.refuse_foreign(target, coming, book.earlier)
        # From here on until all has arrived the folder has no manifest: it is not finished.
        hold.require()
        book.begin(files)
    # A table of last month's parks beside this month's roads would be taken for new.
    book.earlier.add(ledger.TIMES)
    left = book.sweep(files, [part for file in job.inputs.values() for part in parts(file)])
    if left:
        raise ExportError(
            f"{target}: the report is whole, but files of an earlier run could not be removed and "
            f"must not be taken for new: {'; '.join(left.values())}"
        )
    book.tidy()
    tell("", steps, steps)
    return Report(target, files, results)


@contextlib.contextmanager
def _undone(book: ledger.Ledger, arrived: list[str]) -> Iterator[None]:
    """Where the new files do not arrive, the folder is finished as it was before."""
    try:
        yield
    except BaseException:
        if not arrived:
            book.undo()
        raise


def require_folder(out: str | os.PathLike[str]) -> None:
    """Refuse at the door a folder that cannot be written, not after all has been measured.

    Parameters
    ----------
    out : path
        The folder of a report; it need not be there yet.

    Raises
    ------
    ExportError
        If a file stands where it or a folder above it shall be, or nothing may be written.

    Examples
    --------
    >>> require_folder("out/of/nothing")
    >>> require_folder(f"{__file__}/report")
    Traceback (most recent call last):
    ...
    deqing_geo.errors.ExportError: ...report.py/report: cannot be written (report.py is no folder).
    """
    there = Path(out)
    # Of what lies in a folder one may not enter, os.path says no, where Path raises.
    while not os.path.exists(there) and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise ExportError(f"{os.fspath(out)}: cannot be written ({there.name} is no folder).")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ExportError(
            f"{os.fspath(out)}: cannot be written (no permission to write in {there})."
        )


# ---------------------------------------------------------------- what stands in the folder


def _each_town(job: Job, results: Results, types: VillageTypes, folder: Path) -> list[str]:
    """One map and one table a town, under names a person can file."""
    table = types.table
    for town, stem in units(TOWN, types).items():
        one = types.of(table["town_name"] == town)
        file = folder / f"{stem}村庄分类图.html"
        showing.save_villages_map(job, one, f"{town}村庄分类图", file)
        save_table(readable(one), folder / f"{stem}村庄分类表.csv")
    made = sorted(file.name for file in folder.iterdir())
    write_json(folder / MANIFEST, _manifest(job, results, folder, made))
    return [*made, MANIFEST]


def _save_tables(results: Results, folder: Path) -> None:
    if results.density is not None:
        showing.save_road_tables(results.density, folder)
    if results.coverage is not None:
        showing.save_park_tables(results.coverage, folder)
    if results.types is not None:
        showing.save_village_tables(results.types, folder)
    if results.card is not None:
        showing.save_scorecard(results.card, folder)
    showing.save_measured_layers(results, folder)


# ---------------------------------------------------------------- manifest


def _manifest(job: Job, results: Results, folder: Path, made: Sequence[str]) -> dict[str, Any]:
    inputs = [
        {"file": _part_name(Path(named), file, extra), **_print(extra)}
        for named, file in job.inputs.items()
        for extra in parts(file)
    ]
    return {
        "made_by": f"deqing_geo {deqing_geo.__version__}",
        "versions": _versions(),
        "inputs": inputs,
        "outputs": [{"file": name, **_print(folder / name)} for name in made],
        "definitions": [showing.definition_of(result.definition) for result in results.measures],
        "notices": list(results.notices),
    }


def _part_name(named: Path, file: Path, part: Path) -> str:
    """A part of an input, by the name the recipe gives the input."""
    inside = part.parent == file
    return (named / part.name if inside else named.with_suffix(part.suffix)).as_posix()


PRODUCTS = (
    "map.html",
    "park_coverage.csv",
    "parks.csv",
    "results.gpkg",
    "road_density.csv",
    "road_km_by_class.csv",
    "scorecard.csv",
    "summary.json",
    "villages.csv",
    "villages.gpkg",
    "villages_by_town.csv",
    MANIFEST,
)


def _refuse_own_inputs(job: Job, out: Path) -> None:
    """A report never writes over what it was made from."""
    products = {(out / name).resolve() for name in PRODUCTS}
    for named, file in job.inputs.items():
        if file.resolve() in products:
            raise ExportError(
                f"{named} is an input of this report and would be overwritten. "
                "Choose another folder with --out."
            )


def _print(file: Path) -> dict[str, Any]:
    return {"sha256": sha256(file), "bytes": file.stat().st_size}


def _versions() -> dict[str, str]:
    packages = ("geopandas", "shapely", "pyproj", "pyogrio", "folium", "pandas", "numpy")
    return {
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in packages},
        "GEOS": ".".join(str(part) for part in shapely.geos_version),
        "PROJ": str(pyproj.proj_version_str),
        "GDAL": ".".join(str(part) for part in pyogrio.__gdal_version__),
    }
