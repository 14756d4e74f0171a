"""A job: layers ready to be measured, from a recipe's files or made up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo import sample, standards
from deqing_geo.batch.options import MONTHLY, OF_PRODUCTS
from deqing_geo.batch.recipe import JUDGING, Recipe
from deqing_geo.boundaries import read_counties, read_towns, read_villages, read_zone
from deqing_geo.errors import DeqingGeoError
from deqing_geo.inputs import (
    CROPLAND,
    LAYERS,
    read_facilities,
    read_layer,
    read_overrides,
    read_village_table,
)
from deqing_geo.layers import read_homes, read_parks, read_roads
from deqing_geo.sample.schematic import TODAY
from deqing_geo.terrain import read_raster
from deqing_geo.villages import Fit

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.looks.imprint import Imprint
    from deqing_geo.looks.palette import Palette
    from deqing_geo.rasters import Raster

Tell = Callable[[str, int, int], None]
# Which file and layer are this month's alone.
_OWN = ("file", "layer", "also")
# Layers of a recipe that the map shows around the results, by their look.
LOOKS = {
    "farmland": "farmland",
    "redline": "redline",
    "water_source": "water_source",
    "boundaries": "boundary",
    "hazards": "hazard",
    "facilities": "facility",
}


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
        What roads and parks are reported on.
    is_zone : bool
        Whether those are the built-up zone (建成区), which the plan's own figures ask for.
    roads, parks, homes : GeoDataFrame or None
        The layers there are.
    merge : bool
        Whether divided carriageways are merged before the density is measured.
    villages : GeoDataFrame or None
        What is sorted into types.
    facts : mapping of str to object
        What `village_facts` takes beside villages, homes, roads and terrain: ``table``,
        ``seats``, ``population``, ``boundaries``, ``redline`` and so on.
    facilities, planned_roads : GeoDataFrame or None
        For the plan's small counts.
    judging : mapping of str to object
        What `classify_villages` takes beside facts, law and day: ``scheme``, ``overrides``,
        ``skip``, ``weights``, ``fit``.
    speeds : mapping of str to float
        In the place of the standard's; ``walk`` on foot.
    measures : mapping of str to str
        For each measure the key of its definition.
    inputs : mapping of str to Path
        The files behind the layers, by the name the recipe gives them.
    around : mapping of str to GeoDataFrame
        What the map shows beside the results, by its look (`maps.add_layer`).
    terrain : Raster or None
        The ground under the map, and under the villages.
    as_of : date or None
        The day the layers stand at; counts by year are of this year.
    open_by : date or None
        The day by which what counts was open; None where no day was named for that, and what
        the layers call open counts.
    imprint : Imprint or None
        At what stage its maps are, and who made them and when.
    palette : Palette or None
        The bureau's own colours.
    beyond : tuple of str
        Layers that hold what lies around the county too, and belongs to others.
    options : mapping of str to mapping
        Of products, as a recipe says them under ``[atlas]`` and ``[export]``.
    named : tuple of str
        The sections its recipe has, also those whose layers were not read.
    judged_by : mapping of str to Path
        The files behind `judging`: ``scheme``, ``overrides``.
    before : mapping of str to object
        What a month is compared with: ``run``, the folder in which an earlier run kept what it
        counted, or the layers ``roads`` and ``parks`` as they stood then.
    """

    title: str
    standard: str
    areas: gpd.GeoDataFrame
    is_zone: bool = False
    roads: gpd.GeoDataFrame | None = None
    parks: gpd.GeoDataFrame | None = None
    homes: gpd.GeoDataFrame | None = None
    merge: bool = False
    villages: gpd.GeoDataFrame | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    facilities: gpd.GeoDataFrame | None = None
    planned_roads: gpd.GeoDataFrame | None = None
    judging: Mapping[str, Any] = field(default_factory=dict)
    speeds: Mapping[str, float] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    around: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    terrain: Raster | None = None
    as_of: date | None = None
    open_by: date | None = None
    imprint: Imprint | None = None
    palette: Palette | None = None
    beyond: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    named: tuple[str, ...] = ()
    judged_by: Mapping[str, Path] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)

    @property
    def land(self) -> gpd.GeoDataFrame | None:
        """The county's own land: its villages or towns; None where only a zone is known."""
        if self.villages is not None:
            return self.villages
        return None if self.is_zone else self.areas


def silent(_what: str, _done: int, _of: int) -> None:
    """Tell nobody.

    Parameters
    ----------
    _what, _done, _of
        What nobody is told.
    """


def open_recipe(recipe: Recipe, tell: Tell = silent) -> Job:
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
        Of the readers; a note says in which section of the recipe, and on which line.
    """
    reading = [""]

    def telling(what: str, done: int, of: int) -> None:
        reading[0] = what
        tell(what, done, of)

    try:
        return _opened(recipe, telling)
    except DeqingGeoError as error:
        if reading[0]:
            section = reading[0]
            error.add_note(f"in {recipe.path.name}, line {recipe.lines[section]}: [{section}]")
        raise


def _opened(recipe: Recipe, tell: Tell) -> Job:
    layers = {name: dict(options) for name, options in recipe.layers.items()}
    total, done = len(layers), 0
    found: dict[str, Any] = {}
    first: gpd.GeoDataFrame | None = None

    def take(name: str) -> dict[str, Any]:
        nonlocal done
        tell(name, done, total)
        done += 1
        options = layers[name]
        if "reference" in options:
            options["reference"] = read_towns(options["reference"])
        return options

    judging: dict[str, Any] = {}
    judged_by: dict[str, Path] = {}
    # The plan's own figure is that of the zone, and documents mean centre lines.
    merge = bool(layers.get("roads", {}).pop("centre_lines", "zone" in layers))
    if "towns" in layers:
        options = take("towns")
        first = found["towns"] = read_towns(options.pop("file"), **options)
    if "zone" in layers:
        options = take("zone")
        found["zone"] = read_zone(options.pop("file"), like=first, **options)
        first = found["zone"] if first is None else first
    if "villages" in layers:
        options = take("villages")
        judging = {name: options.pop(name) for name in JUDGING if name in options}
        judged_by = {name: judging[name] for name in ("scheme", "overrides") if name in judging}
        if "overrides" in judging:
            judging["overrides"] = read_overrides(judging["overrides"])
        if "fit" in judging:
            judging["fit"] = Fit.load(judging["fit"])
        towns = found.get("towns")
        found["villages"] = read_villages(options.pop("file"), towns=towns, **options)
        first = found["villages"] if first is None else first
    areas = next(found[name] for name in ("zone", "towns", "villages") if name in found)
    readers: dict[str, Callable[..., gpd.GeoDataFrame]] = {
        "roads": read_roads,
        "parks": read_parks,
        "homes": read_homes,
        "planned_roads": functools.partial(read_roads, planned=True),
    }
    as_now = {name: dict(layers[name]) for name in readers if name in layers}
    for name, read in readers.items():
        if name in layers:
            options = take(name)
            file, also = options.pop("file"), options.pop("also", None)
            found[name] = read(file if also is None else [file, also], like=first, **options)
    if "county" in layers:
        options = take("county")
        border = read_counties(options.pop("file"), **options)
        found["county"] = border if areas.crs is None else border.to_crs(areas.crs)
    before: dict[str, Any] = {}
    if "before" in layers:
        then = take("before")
        before = {"run": then["run"]} if "run" in then else {}
        for name in (one for one in MONTHLY if one in then and one in as_now):
            # As this month's are read, but for the file.
            options = {key: value for key, value in as_now[name].items() if key not in _OWN}
            layer = {"layer": then[f"{name}_layer"]} if f"{name}_layer" in then else {}
            before[name] = readers[name](then[name], like=first, **{**options, **layer})
    for name in LAYERS:
        if name in layers:
            options = take(name)
            if name == "facilities":
                found[name] = read_facilities(options.pop("file"), like=first, **options)
            else:
                found[name] = read_layer(options.pop("file"), name, like=first, **options)
    for name in ("terrain", "population"):
        if name in layers:
            options = take(name)
            within = found.get("villages", areas)
            found[name] = read_raster(options.pop("file"), within=within, **options)
    if "village_table" in layers:
        options = take("village_table")
        found["table"] = read_village_table(options.pop("file"), **options)
    tell("", total, total)
    given = ("table", "population", *(name for name in LAYERS if name != "facilities"))
    around = {look: found[name] for name, look in LOOKS.items() if name in found}
    if "villages" in found:
        around |= {name: found[name] for name in ("zone",) if name in found}
        around |= {"town": found["towns"]} if "towns" in found else {}
    outline = {"county": found["county"]} if "county" in found else {}
    return Job(
        title=recipe.title,
        standard=recipe.standard,
        areas=areas,
        is_zone="zone" in found,
        roads=found.get("roads"),
        parks=found.get("parks"),
        homes=found.get("homes"),
        merge=merge,
        villages=found.get("villages"),
        facts={name: found[name] for name in given if name in found},
        facilities=found.get("facilities"),
        planned_roads=found.get("planned_roads"),
        judging=judging,
        speeds=recipe.speeds,
        measures=recipe.measures,
        imprint=recipe.imprint,
        palette=recipe.palette,
        inputs=recipe.files,
        around=outline | (around if "villages" in found else {}),
        terrain=found.get("terrain"),
        as_of=recipe.as_of or _day(found.get("zone")),
        open_by=recipe.as_of,
        beyond=recipe.beyond,
        options={name: recipe.options[name] for name in OF_PRODUCTS if name in recipe.options},
        named=tuple(recipe.options),
        judged_by=judged_by,
        before=before,
    )


def _day(zone: gpd.GeoDataFrame | None) -> date | None:
    return None if zone is None or not len(zone) else date.fromisoformat(str(zone["as_of"].iloc[0]))


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
    """The schematic county, as a job: its villages' types, the seat's roads and parks.

    Parameters
    ----------
    seed : int
        Of `sample.county`.

    Returns
    -------
    Job
        Every layer there is; everything made from it says that it is no real place.

    Raises
    ------
    InputError
        If `seed` is no whole number from 0 upwards.

    Examples
    --------
    >>> job = schematic_county(seed=1)
    >>> len(job.areas), len(job.villages), "town" in job.around
    (3, 181, True)
    """
    made = sample.county(seed)
    land = made.land_use
    return Job(
        title="德清县村庄分类与县城道路、公园(示意)",
        standard=standards.DEFAULT,
        areas=made.zone,
        is_zone=True,
        roads=made.roads,
        parks=made.parks,
        homes=made.homes,
        merge=True,
        villages=made.villages,
        facts={
            "table": made.village_table,
            "seats": made.seats,
            "population": made.population,
            "boundaries": made.development_boundaries,
            "redline": made.redline,
            "water_source": made.water_source,
            "farmland": made.farmland,
            "cropland": land[land["sandiao_code"].str.startswith(CROPLAND)],
            "hazards": made.hazards,
        },
        facilities=made.facilities,
        planned_roads=made.planned_roads,
        around={
            "farmland": made.farmland,
            "redline": made.redline,
            "water_source": made.water_source,
            "water": made.water,
            "boundary": made.development_boundaries,
            "hazard": made.hazards,
            "facility": made.facilities,
            "zone": made.zone,
            "town": made.towns,
            "county": made.outline,
        },
        terrain=made.terrain,
        as_of=date.fromisoformat(TODAY),
    )
