"""A report: layers in, a folder out, with a map, tables, layers, a summary and a manifest.

Everything is made in a folder beside the target and arrives together, the manifest last;
a failure leaves the target as it was.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyogrio
import pyproj
import shapely

import deqing_geo
from deqing_geo import columns as names
from deqing_geo import sample, standards
from deqing_geo.batch.recipe import Recipe
from deqing_geo.boundaries import read_towns, read_zone
from deqing_geo.coverage import Coverage, park_coverage
from deqing_geo.errors import ExportError
from deqing_geo.export import save_layers, save_table
from deqing_geo.files import parts, sha256, whole_folder
from deqing_geo.layers import read_homes, read_parks, read_roads
from deqing_geo.maps import (
    NAME_COLUMNS,
    add_coverage,
    add_density,
    add_layer,
    add_roads,
    add_terrain,
    area_map,
    save_map,
)
from deqing_geo.roads import RoadDensity, road_density

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.rasters import Raster

MANIFEST = "manifest.json"
# Borders lie on top of everything; of what lies below, this is switched on at first.
OUTLINES = ("village", "town", "county")
SHOWN = ("water", "park", "home")
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Layers ready to be measured.

    Attributes
    ----------
    title : str
        Title of the map.
    standard : str
        Whose definitions.
    areas : GeoDataFrame
        What is reported on.
    roads, parks, homes : GeoDataFrame or None
        The layers there are.
    measures : mapping of str to str
        For each measure the key of its definition.
    inputs : mapping of str to Path
        The files behind the layers, by the name the recipe gives them.
    around : mapping of str to GeoDataFrame
        What the map shows beside the results, by its look (`maps.add_layer`).
    terrain : Raster or None
        The ground under the map.
    """

    title: str
    standard: str
    areas: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame | None = None
    parks: gpd.GeoDataFrame | None = None
    homes: gpd.GeoDataFrame | None = None
    measures: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    around: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    terrain: Raster | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What was made.

    Attributes
    ----------
    out : Path
        The folder.
    density : RoadDensity or None
        If roads were given.
    coverage : Coverage or None
        If parks and homes were given.
    files : tuple of str
        What stands in the folder.
    standard : Standard
        The law it was counted by.
    """

    out: Path
    density: RoadDensity | None
    coverage: Coverage | None
    files: tuple[str, ...]
    standard: standards.Standard


def _silent(_what: str, _done: int, _of: int) -> None:
    """Tell nobody."""


def open_recipe(recipe: Recipe, tell: Tell = _silent) -> Job:
    """Read the layers a recipe names.

    Parameters
    ----------
    recipe : Recipe
        Checked.
    tell : callable
        Is told what is being done, how many steps are done, and of how many.

    Returns
    -------
    Job
        Every layer in the CRS of the areas.

    Raises
    ------
    DeqingGeoError
        Of the readers.
    """
    layers = {name: dict(options) for name, options in recipe.layers.items()}
    total = len(layers)
    kind = "towns" if "towns" in layers else "zone"
    tell(kind, 0, total)
    options = layers[kind]
    file = options.pop("file")
    if "reference" in options:
        options["reference"] = read_towns(options["reference"])
    areas = read_towns(file, **options) if kind == "towns" else read_zone(file, **options)
    found: dict[str, gpd.GeoDataFrame] = {}
    readers: dict[str, Callable[..., gpd.GeoDataFrame]] = {
        "roads": read_roads,
        "parks": read_parks,
        "homes": read_homes,
    }
    for done, (name, read) in enumerate(
        ((name, read) for name, read in readers.items() if name in layers), start=1
    ):
        tell(name, done, total)
        options = layers[name]
        found[name] = read(options.pop("file"), like=areas, **options)
    tell("", total, total)
    return Job(
        title=recipe.title,
        standard=recipe.standard,
        areas=areas,
        measures=recipe.measures,
        inputs=recipe.files,
        **found,
    )


def paper_town() -> Job:
    """The made-up town, as a job.

    Returns
    -------
    Job
        Four villages, six roads, three parks, three strips of homes; everything made from
        it says that it is no real place.

    Examples
    --------
    >>> len(paper_town().areas)
    4
    """
    return Job(
        title="纸上镇道路与公园(示意)",
        standard=standards.DEFAULT,
        areas=sample.villages(),
        roads=sample.roads(),
        parks=sample.parks(),
        homes=sample.homes(),
    )


def schematic_county(seed: int = 0) -> Job:
    """The schematic county, as a job: the county seat's roads and parks by 组团.

    Parameters
    ----------
    seed : int
        Of `sample.county`.

    Returns
    -------
    Job
        The map shows towns, villages, law, land, homes and the ground around them;
        everything made from it says that it is no real place.

    Raises
    ------
    InputError
        If `seed` is no whole number from 0 upwards.

    Examples
    --------
    >>> job = schematic_county(seed=1)
    >>> len(job.areas), "village" in job.around
    (3, True)
    """
    made = sample.county(seed)
    return Job(
        title="德清县城道路与公园(示意)",
        standard=standards.DEFAULT,
        areas=made.zone,
        roads=made.roads,
        parks=made.parks,
        homes=made.homes,
        around={
            "farmland": made.farmland,
            "redline": made.redline,
            "water_source": made.water_source,
            "park": made.parks,
            "home": made.homes,
            "water": made.water,
            "boundary": made.development_boundaries,
            "hazard": made.hazards,
            "facility": made.facilities,
            "village": made.villages,
            "town": made.towns,
            "county": made.outline,
        },
        terrain=made.terrain,
    )


def run(job: Job, out: str | os.PathLike[str], tell: Tell = _silent) -> Report:
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

    Returns
    -------
    Report
        The results and the files: ``map.html``, a table for readers and a layer for
        machines of every result, ``summary.json`` and ``manifest.json``.

    Raises
    ------
    DeqingGeoError
        If a layer cannot carry its measure, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = run(paper_town(), folder + "/out")
    ...     "map.html" in report.files and (report.out / "manifest.json").exists()
    True
    """
    law = standards.load(job.standard)
    steps = 4
    tell("road_density", 0, steps)
    density = coverage = None
    if job.roads is not None:
        by = law.definition("road_density", job.measures.get("road_density"))
        density = road_density(job.areas, job.roads, by=by)
    tell("park_coverage", 1, steps)
    if job.parks is not None and job.homes is not None:
        by = law.definition("park_coverage", job.measures.get("park_coverage"))
        coverage = park_coverage(job.areas, job.parks, job.homes, by=by)
    tell("map", 2, steps)
    target = Path(out)
    _refuse_own_inputs(job, target)
    earlier = _made_earlier(target)
    with whole_folder(target, last=MANIFEST) as draft:
        _save_map(job, density, coverage, draft)
        tell("tables", 3, steps)
        _save_tables(density, coverage, draft)
        _write_json(draft / "summary.json", _summary(job, law, density, coverage))
        made = sorted(file.name for file in draft.iterdir())
        _write_json(draft / MANIFEST, _manifest(job, density, coverage, draft, made))
    for name in earlier - set(made):
        # A table of last month's parks beside this month's roads would be taken for new.
        (target / name).unlink(missing_ok=True)
    tell("", steps, steps)
    return Report(target, density, coverage, (*made, MANIFEST), law)


def _save_map(
    job: Job, density: RoadDensity | None, coverage: Coverage | None, folder: Path
) -> None:
    bare = job.terrain is None and not job.around
    m = area_map(job.areas, title=job.title, fill=bare, view=job.around.get("county"))
    if job.terrain is not None:
        add_terrain(m, job.terrain)
    for look, frame in job.around.items():
        if look not in OUTLINES:
            add_layer(m, frame, look, show=look in SHOWN)
    if density is not None:
        add_density(m, density)
    if density is not None and job.roads is not None:
        add_roads(m, job.roads, by=density.definition)
    if coverage is not None:
        # On top of the roads: at the scale of a county blocks of homes are smaller than they.
        add_coverage(m, coverage)
    for look in OUTLINES:
        if look in job.around:
            add_layer(m, job.around[look], look, labels=look == "town")
    save_map(m, folder / "map.html")


def _save_tables(density: RoadDensity | None, coverage: Coverage | None, folder: Path) -> None:
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
    layers = {name: frame for name, frame in layers.items() if len(frame)}
    if layers:
        save_layers(folder / "results.gpkg", layers, sources=sources)


def _named(density: RoadDensity) -> pd.DataFrame:
    """Kilometres by class with the areas' names before them."""
    known = [column for column in NAME_COLUMNS if column in density.table]
    out = pd.concat([pd.DataFrame(density.table[known]), density.by_class], axis=1)
    out.attrs.update(density.by_class.attrs)
    return out


def _summary(
    job: Job, law: standards.Standard, density: RoadDensity | None, coverage: Coverage | None
) -> dict[str, Any]:
    said: dict[str, Any] = {"title": job.title, "standard": job.standard, "measures": {}}
    for measure, result in (("road_density", density), ("park_coverage", coverage)):
        if result is None:
            continue
        unit = names.registry()[measure].unit
        target = law.targets.get(measure)
        said["measures"][measure] = {
            "label": names.label(measure),
            "overall": _number(result.overall),
            "unit": unit,
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
    if density is not None:
        said["measures"]["road_density"]["merged"] = density.merged
    return said


def _definition(definition: standards.Definition) -> dict[str, str]:
    return {
        "key": definition.key,
        "line": definition.line,
        "document": definition.document,
        "clause": definition.clause,
        "evidence": definition.evidence,
    }


def _manifest(
    job: Job,
    density: RoadDensity | None,
    coverage: Coverage | None,
    folder: Path,
    made: list[str],
) -> dict[str, Any]:
    results = [result for result in (density, coverage) if result is not None]
    inputs = [
        {"file": Path(named).with_suffix(extra.suffix).as_posix(), **_print(extra)}
        for named, file in job.inputs.items()
        for extra in parts(file)
    ]
    return {
        "made_by": f"deqing_geo {deqing_geo.__version__}",
        "versions": _versions(),
        "inputs": inputs,
        "outputs": [{"file": name, **_print(folder / name)} for name in made],
        "definitions": [_definition(result.definition) for result in results],
        "notices": list(dict.fromkeys(text for result in results for text in result.notices)),
    }


PRODUCTS = (
    "map.html",
    "park_coverage.csv",
    "parks.csv",
    "results.gpkg",
    "road_density.csv",
    "road_km_by_class.csv",
    "summary.json",
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


def _made_earlier(out: Path) -> set[str]:
    """The products of an earlier report in this folder, by its own manifest."""
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        named = {str(entry["file"]) for entry in manifest["outputs"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {name for name in named if Path(name).name == name}


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
