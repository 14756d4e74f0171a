"""A report: layers in, a folder out, with a map, tables, layers, a summary and a manifest.

Everything is made in a folder beside the target and arrives together, the manifest last;
a failure leaves the target as it was.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import math
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyogrio
import pyproj
import shapely

import deqing_geo
from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.batch import ledger
from deqing_geo.batch.job import Job, Tell, silent
from deqing_geo.batch.results import STEPS, Results, measure
from deqing_geo.batch.villages import plain, readable, typed
from deqing_geo.errors import ExportError, InputError
from deqing_geo.export import save_layers, save_table
from deqing_geo.files import parts, sha256, whole_folder
from deqing_geo.looks.imprint import use_imprint
from deqing_geo.looks.named import NAME_COLUMNS
from deqing_geo.looks.palette import use_palette
from deqing_geo.maps import (
    add_coverage,
    add_density,
    add_layer,
    add_roads,
    add_terrain,
    area_map,
    save_map,
    village_map,
)

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

    from deqing_geo.batch.holding import Hold
    from deqing_geo.coverage import Coverage
    from deqing_geo.progress import Scorecard
    from deqing_geo.roads import RoadDensity
    from deqing_geo.villages import VillageTypes

MANIFEST = "manifest.json"
TOWNS = "towns"
# Borders lie on top of everything; of what lies below, this is switched on at first.
OUTLINES = ("zone", "village", "town", "county")
SHOWN = ("water",)
# A file's name holds what every system can write.
_UNWRITABLE = re.compile(r'[\\/:*?"<>|\s.]+')


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
        save_map(_map(job, results), draft / "map.html")
        tell("tables", done + 1, steps)
        _save_tables(results, draft)
        _write_json(draft / "summary.json", _summary(job, results))
        made = sorted(file.name for file in draft.iterdir())
        _write_json(draft / MANIFEST, _manifest(job, results, draft, made))
        if each and results.types is not None:
            tell("towns", done + 2, steps)
            beside.push(lambda kind, *_: None if kind else arrived.append(TOWNS))
            folder = beside.enter_context(whole_folder(target / TOWNS, last=MANIFEST))
            towns = _each_town(job, results, results.types, folder)
        files = (*made, MANIFEST, *(f"{TOWNS}/{name}" for name in towns))
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
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise ExportError(f"{os.fspath(out)}: cannot be written ({there.name} is no folder).")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ExportError(
            f"{os.fspath(out)}: cannot be written (no permission to write in {there})."
        )


# ---------------------------------------------------------------- maps


def _map(job: Job, results: Results) -> folium.Map:
    """Types below, figures above and at first out of sight, borders on top."""
    typed = results.types is not None
    view = job.around.get("county")
    if results.types is not None:
        m = village_map(results.types, title=job.title, view=view)
    else:
        m = area_map(job.areas, title=job.title, fill=job.terrain is None, view=view)
    if job.terrain is not None:
        add_terrain(m, job.terrain, show=not typed)
    for look, frame in job.around.items():
        if look not in OUTLINES:
            add_layer(m, frame, look, show=look in SHOWN)
    density, coverage = results.density, results.coverage
    if density is not None:
        add_density(m, density, show=not typed)
    if density is not None and job.roads is not None:
        add_roads(m, job.roads, by=density.definition, show=not typed)
    if coverage is not None:
        # On top of the roads: at the scale of a county blocks of homes are smaller than they.
        add_coverage(m, coverage, show=not typed)
    for look in OUTLINES:
        if look in job.around:
            add_layer(m, job.around[look], look, labels=look == "town")
    return m


def _each_town(job: Job, results: Results, types: VillageTypes, folder: Path) -> list[str]:
    """One map and one table a town, under names a person can file."""
    table = types.table
    towns = [str(town) for town in pd.unique(table["town_name"].dropna())]
    for number, town in enumerate(towns, start=1):
        one = types.of(table["town_name"] == town)
        stem = _file_stem(f"{_code_of(one)}{town}{number:02d}")
        m = village_map(one, title=f"{town}村庄分类图")
        for look in ("water", "zone", "town"):
            if look in job.around:
                add_layer(m, job.around[look], look)
        save_map(m, folder / f"{stem}村庄分类图.html")
        save_table(readable(one), folder / f"{stem}村庄分类表.csv")
    made = sorted(file.name for file in folder.iterdir())
    _write_json(folder / MANIFEST, _manifest(job, results, folder, made))
    return [*made, MANIFEST]


def _file_stem(text: str) -> str:
    return _UNWRITABLE.sub("_", text)


def _code_of(types: VillageTypes) -> str:
    """The town's code, where its villages' codes hold it."""
    codes = types.table["town_code"].dropna().unique() if "town_code" in types.table else []
    return str(codes[0]) if len(codes) == 1 else ""


# ---------------------------------------------------------------- tables


def _save_tables(results: Results, folder: Path) -> None:
    density, coverage, types = results.density, results.coverage, results.types
    layers: dict[str, gpd.GeoDataFrame] = {}
    sources: tuple[standards.Definition | standards.Rule, ...] = ()
    if density is not None:
        save_table(density.table, folder / "road_density.csv")
        save_table(_named(density), folder / "road_km_by_class.csv")
        layers["road_density"] = density.table
        sources += density.sources
    if coverage is not None:
        save_table(coverage.table, folder / "park_coverage.csv")
        save_table(coverage.parks, folder / "parks.csv")
        layers["park_coverage"] = coverage.table
        layers["served"] = coverage.served
        layers["gaps"] = coverage.gaps
        sources += coverage.sources
    if types is not None:
        save_table(readable(types), folder / "villages.csv")
        save_layers(
            folder / "villages.gpkg",
            {"villages": plain(types.table)},
            sources=types.sources,
            styled=True,
        )
        if "town_name" in types.table:
            save_table(_by_town(types), folder / "villages_by_town.csv")
    if results.card is not None:
        save_table(_scored(results.card), folder / "scorecard.csv")
    layers = {name: frame for name, frame in layers.items() if len(frame)}
    if layers:
        save_layers(folder / "results.gpkg", layers, sources=sources, styled=True)


def _named(density: RoadDensity) -> pd.DataFrame:
    """Kilometres by class with the areas' names before them."""
    known = [column for column in NAME_COLUMNS if column in density.table]
    out = pd.concat([pd.DataFrame(density.table[known]), density.by_class], axis=1)
    out.attrs.update(density.by_class.attrs)
    return out


def _by_town(types: VillageTypes) -> pd.DataFrame:
    """Towns by types (分镇汇总), with a row of sums, under Chinese headings."""
    counts = types.by_town
    counts.loc["合计"] = counts.sum()
    counts.columns = pd.Index(
        [
            names.vocabulary("type_final").get(kind, names.vocabulary("status").get(kind, kind))
            for kind in counts.columns
        ]
    )
    counts.index.name = "town_name"
    counts.attrs.update(types.table.attrs)
    return counts


def _scored(card: Scorecard) -> pd.DataFrame:
    """What a reader needs of the scorecard; targets nobody measured stand at the end."""
    shown = (
        "id", "clause", "indicator_zh", "asked", "shown", "verdict", "definition", "notice",
        "source", "departments", "computable",
    )  # fmt: skip
    order = card.table["measured"].isna().sort_values(kind="stable").index
    table = pd.DataFrame(card.table.loc[order, [name for name in shown if name in card.table]])
    return table.set_index("id")


# ---------------------------------------------------------------- summary and manifest


def _summary(job: Job, results: Results) -> dict[str, Any]:
    law = results.law
    said: dict[str, Any] = {"title": job.title, "standard": job.standard, "measures": {}}
    for result in results.measures:
        name = result.definition.measure
        target = law.targets.get(name)
        said["measures"][name] = {
            "label": names.label(name),
            "overall": _number(result.overall),
            "unit": names.registry()[name].unit,
            "shown": result.headline,
            "definition": _definition(result.definition),
            "notices": list(result.notices),
            "data": list(result.origins),
            "target": None if target is None else {"says": str(target), "value": target.goal},
            "areas": {
                str(key): _number(value)
                for key, value in zip(result.table.index, result.series, strict=True)
            },
        }
    if results.density is not None:
        said["measures"]["road_density"]["merged"] = results.density.merged
    if results.types is not None:
        said["villages"] = typed(results.types)
    if results.card is not None:
        said["targets"] = _targets(results.card)
    return said


def _targets(card: Scorecard) -> dict[str, Any]:
    rows = card.table[card.table["measured"].notna()]
    return {
        "computable_and_measured": card.measured,
        "computable": int((card.table["computable"] == "yes").sum()),
        "figures": {
            str(key): {
                "id": row["id"],
                "label": row["indicator_zh"],
                "asked": row["asked"],
                "measured": _number(row["measured"]),
                "unit": row["unit"],
                "shown": row["shown"],
                "verdict": row["verdict"],
                "definition": row["definition"],
                "computable": row["computable"],
            }
            for key, row in rows.iterrows()
        },
    }


def _definition(definition: standards.Definition) -> dict[str, str]:
    return {
        "key": definition.key,
        "line": definition.line,
        "document": definition.document,
        "clause": definition.clause,
        "evidence": definition.evidence,
    }


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
        "definitions": [_definition(result.definition) for result in results.measures],
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


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    file.write_text(f"{text}\n", encoding="utf-8", newline="\n")
