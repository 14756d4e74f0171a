"""The schematic county as files: clean, and as offices would send it.

A folder to practise in: every layer, a recipe that runs as it stands, and the same county with
the mistakes real files have, each of them listed.
"""

from __future__ import annotations

import contextlib
import csv
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.columns import word
from deqing_geo.errors import ExportError
from deqing_geo.export import save_layers, save_table
from deqing_geo.files import sha256, whole_folder
from deqing_geo.sample import CRS, received
from deqing_geo.sample.schematic import LAST_MONTH, LAYERS, MONTH_BEFORE, TODAY, county

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.rasters import Raster

Tell = Callable[[str, int, int], None]

COUNTY, EARLIER, RECIPE, RECEIVED_RECIPE = (
    "county.gpkg",
    "earlier.gpkg",
    "recipe.toml",
    "recipe_received.toml",
)
CSV, SHEET, README, SUMS = "villages.csv", "村庄基本情况.xlsx", "README.md", "sha256.txt"
RASTERS = ("terrain", "population", "land_cover")
AS_RECEIVED = "as_received"
SURVEY = f"{AS_RECEIVED}/{received.SURVEY}"
FILES = (
    COUNTY,
    *(f"{name}.tif" for name in RASTERS),
    CSV,
    SHEET,
    EARLIER,
    RECIPE,
    RECEIVED_RECIPE,
    README,
    SUMS,
    *(f"{AS_RECEIVED}/{name}" for name in received.FILES),
)
ABOUT = {
    "outline": "the county (县界)",
    "towns": "towns (镇、街道), under their real names and codes",
    "villages": "villages and communities (村、社区), all invented; they tile the towns",
    "water": "rivers, streams, reservoirs and lakes",
    "development_boundaries": "urban development boundaries (城镇开发边界)",
    "redline": "ecological protection redline (生态保护红线)",
    "water_source": "drinking-water protection zones (饮用水水源保护区)",
    "farmland": "permanent basic farmland (永久基本农田)",
    "hazards": "places of geological hazard (地质灾害隐患点)",
    "zone": "the built-up zone (建成区) by 组团",
    "seats": "seats of the towns (镇、街道驻地), the county's and the subcentre's among them",
    "roads": "centre lines of all roads, each once, in three statuses",
    "carriageways": "built roads as a survey draws them: divided roads as two lines, roundabouts",
    "highways": "the 公路 layer of another bureau: a few metres off, and on through the towns",
    "planned_roads": "the planned network of the zone, what is there included",
    "parks": "parks and green spaces (公园绿地) of every class",
    "homes": "residential land (居住用地), towns' blocks and hamlets",
    "land_use": "all land by both land-use systems; the parcels of a village tile it",
    "facilities": "bus stops, clinics, schools and other services",
    "terrain": "heights in metres",
    "population": "people in each cell",
    "land_cover": "classes of land cover",
}


def _silent(_what: str, _done: int, _of: int) -> None:
    """Tell nobody."""


def write(folder: str | os.PathLike[str], *, seed: int = 0, tell: Tell = _silent) -> Path:
    """The schematic county (示意) as a folder of files to practise with.

    Parameters
    ----------
    folder : path
        Where; made if absent. A county written there before is replaced, all of it or
        nothing; other files stay.
    seed : int
        Which county.
    tell : callable
        Is told what is being done, how many steps are done, and of how many.

    Returns
    -------
    Path
        The folder: ``county.gpkg`` with every layer, three rasters, the village table as
        ``villages.csv`` and ``村庄基本情况.xlsx``, ``earlier.gpkg`` with roads and parks of the
        month before, two recipes for ``deqing-geo report``, ``README.md``, ``sha256.txt``, and
        in ``as_received`` the same county with the formats and mistakes of real files, listed
        in ``planted_mistakes.csv``. The same seed gives the same bytes on the same libraries.

    Raises
    ------
    InputError
        If `seed` is no whole number from 0 upwards.
    ExportError
        If the folder cannot be written, or holds a file of that name which no county left
        there, or which was changed since.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> folder = sample.write("practice", seed=1)  # doctest: +SKIP
    """
    return _write(county(seed), folder, tell)


def _write(made: Any, folder: str | os.PathLike[str], tell: Tell = _silent) -> Path:
    target = Path(folder)
    try:
        before = _refuse_others(target)
    except OSError as error:
        raise ExportError(f"{target}: cannot be read ({error.strerror or error}).") from error
    layers = [name for name in LAYERS if not name.startswith(("earlier_", "earliest_"))]
    steps = len(layers) + 4
    with contextlib.ExitStack() as parts:
        # Three folders, since each is exchanged file by file: what others put there stays.
        draft = parts.enter_context(whole_folder(target, last=SUMS))
        office = parts.enter_context(whole_folder(target / AS_RECEIVED, last=received.MISTAKES))
        survey = parts.enter_context(whole_folder(target / SURVEY, last="gdb"))
        frames = {}
        for done, name in enumerate(layers):
            tell("county", done, steps)
            frames[name] = getattr(made, name)
        tell("layers", len(layers), steps)
        save_layers(draft / COUNTY, frames)
        save_layers(
            draft / EARLIER,
            {
                f"{what}_{day.replace('-', '')}": getattr(made, f"{when}_{what}")
                for when, day in (("earlier", LAST_MONTH), ("earliest", MONTH_BEFORE))
                for what in ("roads", "parks")
            },
        )
        tell("rasters", len(layers) + 1, steps)
        rasters = {name: getattr(made, name) for name in RASTERS}
        for name, raster in rasters.items():
            _save_raster(raster, draft / f"{name}.tif")
        tell("tables", len(layers) + 2, steps)
        _save_village_table(made.village_table, draft)
        tell("as_received", len(layers) + 3, steps)
        random = np.random.Generator(np.random.PCG64([made.seed, 100]))
        raw = survey / received.SURVEY
        mistakes = received.as_received(random, made, office, raw)
        for file in sorted(raw.iterdir()):
            file.rename(survey / file.name)
        raw.rmdir()
        _save_text(draft / RECIPE, _recipe(made.seed))
        _save_text(draft / RECEIVED_RECIPE, _received_recipe(made.seed))
        readme = _readme(made, frames, rasters, mistakes)
        _save_text(draft / README, readme)
        sums = _sums({"": draft, f"{AS_RECEIVED}/": office, f"{SURVEY}/": survey})
        _save_text(draft / SUMS, "".join(f"{sha}  {name}\n" for name, sha in sums.items()))
    for name in set(before) - set(sums) - {SUMS}:
        # A table of another GDAL's FileGDB beside these would be taken for one of theirs.
        (target / name).unlink(missing_ok=True)
    tell("", steps, steps)
    return target


# ---------------------------------------------------------------- what stands there already


def _refuse_others(target: Path) -> dict[str, str]:
    """What a county left in the folder before, all of it unchanged; anything else is refused."""
    listed = _listed(target / SUMS)
    survey = target / SURVEY
    wanted = {*FILES} - {SUMS}
    if survey.is_dir():
        wanted |= {f"{SURVEY}/{file.name}" for file in survey.iterdir()}
    for name in sorted(wanted):
        file = target / name
        if file.exists() and (not file.is_file() or sha256(file) != listed.get(name)):
            raise ExportError(
                f"{file} is not, or no longer, what a schematic county left there, and would be "
                "overwritten. Choose another folder, or move it away."
            )
    return listed


def _listed(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError:
        lines = [""]
    pairs = [line.split("  ", 1) for line in lines]
    known = {pair[1]: pair[0] for pair in pairs if len(pair) == 2 and len(pair[0]) == 64}
    if len(known) != len(lines):
        raise ExportError(f"{file}: is no list of a schematic county. Choose another folder.")
    # A list may name its own folder's files only, whoever has edited it.
    return {name: sha for name, sha in known.items() if name in FILES or _of_survey(name)}


def _of_survey(name: str) -> bool:
    return name.startswith(f"{SURVEY}/") and Path(name).name == name.removeprefix(f"{SURVEY}/")


def _sums(folders: Mapping[str, Path]) -> dict[str, str]:
    return {
        f"{prefix}{file.name}": sha256(file)
        for prefix, folder in folders.items()
        for file in sorted(folder.iterdir())
    }


# ---------------------------------------------------------------- rasters and tables


def _save_raster(raster: Raster, file: Path) -> None:
    import rasterio

    rows, columns = raster.values.shape
    floats = raster.values.dtype.kind == "f"
    tags = {key: value for key, value in raster.attrs.items() if isinstance(value, str)}
    classes = raster.attrs.get("classes", {})
    tags |= {f"class_{code}": label for code, label in sorted(classes.items())}
    with rasterio.open(
        file,
        "w",
        driver="GTiff",
        width=columns,
        height=rows,
        count=1,
        dtype=raster.values.dtype,
        crs=raster.crs,
        transform=raster.transform,
        nodata=raster.nodata,
        compress="deflate",
        predictor=3 if floats else 2,
        tiled=True,
        blockxsize=256,
        blockysize=256,
    ) as out:
        out.write(raster.values, 1)
        out.update_tags(**tags)


def _save_village_table(table: pd.DataFrame, folder: Path) -> None:
    """The same cells twice: as text for machines and other programs, as a sheet for people."""
    said = table.copy()
    for column in said.columns:
        if received.is_yes_no(said[column]):
            said[column] = said[column].astype("boolean")
    if "current_type" in said:
        said["current_type"] = said["current_type"].map(
            lambda one: names.vocabulary("village_type").get(one, one)
        )
    said.attrs["notice"] = word("notice.schematic")
    file = save_table(said, folder / CSV)
    with file.open(encoding="utf-8-sig", newline="") as handle:
        head, *body = csv.reader(handle)
    number = [False, *(_is_number(said[column]) for column in said.columns)]
    number += [False] * (len(head) - len(number))
    rows = [
        [_cell(text, as_number) for text, as_number in zip(row, number, strict=True)]
        for row in body
    ]
    received.save_workbook(folder / SHEET, [head, *rows])


def _is_number(column: pd.Series[Any]) -> bool:
    kind = pd.api.types
    return bool(kind.is_numeric_dtype(column) and not kind.is_bool_dtype(column))


def _cell(text: str, as_number: bool) -> Any:
    if not as_number or not text:
        return text or None
    value = float(text)
    return int(value) if value.is_integer() else value


# ---------------------------------------------------------------- recipes and the page about it


def _save_text(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="\n")


def _head(seed: int, name: str) -> str:
    return f"""\
# The schematic county of seed {seed} (示意): everything in it is invented. Run it with
#     deqing-geo report {name} --out report
# Files are relative to this recipe. For your own county, put your own files in their place.
"""


def _measures() -> str:
    law = standards.load()
    roads, parks = (law.definition(measure) for measure in ("road_density", "park_coverage"))
    return f"""\
[measures]                         # leave out for the defaults, which these are
road_density  = "{roads.key}"
park_coverage = "{parks.key}"
"""


def _zone_and_roads() -> str:
    return f"""\
[zone]                             # what is reported on: the built-up zone (建成区) by 组团
file   = "{COUNTY}"
layer  = "zone"                    # a file with several layers needs the name of one
source = "{word("notice.schematic")}"
as_of  = "{TODAY}"              # the day the outline describes

[roads]                            # centre lines; only what is open is counted
file  = "{COUNTY}"
layer = "roads"
"""


def _village_sections() -> str:
    layers = {
        "seats": ("seats", "seats of government: minutes by road to them"),
        "boundaries": (
            "development_boundaries",
            "城镇开发边界; only the county seat's makes 城郊融合",
        ),
        "redline": ("redline", "生态保护红线"),
        "water_source": ("water_source", "饮用水水源保护区; only 一级 counts"),
        "farmland": ("farmland", "永久基本农田"),
        "cropland": ("land_use", "耕地: of a land-use layer the codes that begin with 01"),
        "hazards": ("hazards", "地质灾害隐患点"),
        "facilities": ("facilities", "for the plan's counts of services"),
    }
    parts = [
        f'[{name}]{" " * (33 - len(name))}# {what}\nfile  = "{COUNTY}"\nlayer = "{layer}"\n'
        for name, (layer, what) in layers.items()
    ]
    return "\n".join(parts)


def _recipe(seed: int) -> str:
    return f"""\
{_head(seed, RECIPE)}
title = "示意县村庄分类与建成区道路、公园(示意数据)"

[county]                           # its outline on maps; code and name of pages
file  = "{COUNTY}"
layer = "outline"

[towns]                            # names and borders of towns
file  = "{COUNTY}"
layer = "towns"

[villages]                         # what is sorted into the five types
file  = "{COUNTY}"
layer = "villages"
# skip      = ["SI-2"]             # conditions of the ladder to leave out
# overrides = "decided.csv"        # decisions of people, which stand before the rules

[village_table]                    # what towns and departments declare
file = "{CSV}"

{_village_sections()}
[terrain]                          # heights, metres
file = "terrain.tif"

[population]                       # people per cell
file = "population.tif"

[planned_roads]                    # what makes a dead end a 断头路
file  = "{COUNTY}"
layer = "planned_roads"

{_zone_and_roads()}
[parks]
file  = "{COUNTY}"
layer = "parks"

[homes]                            # residential land, of which parks serve a part
file  = "{COUNTY}"
layer = "homes"

{_measures()}
# [map]                            # on every map, in the first line of its footer
# stage   = "征求意见稿"
# made_by = "编制单位"
# made_on = 2026-01-05
# palette = "colours.toml"         # the bureau's own colours; it names their source

{_products()}"""


def _products() -> str:
    """What is made, and in comments what else could be."""
    roads, parks = (f"{name}_{LAST_MONTH.replace('-', '')}" for name in ("roads", "parks"))
    return f"""\
[products]                         # what is made, and for whom
county = ["map", "roads", "parks", "layers", "villages", "scorecard", "summary"]
# county = ["map", "atlas", "book", "papers", "export", "changes"]     # pages, papers, the month
# each_town = ["map", "table", "page"]                                 # 分镇图、分镇表
# each_village = ["map", "reasons"]

# [atlas]                          # how "atlas", "book" and "page" are printed
# paper = "A4"

# [export]                         # what "export" writes
# formats = ["gpkg", "shp", "xlsx"]

# [before]                         # what "changes" compares this month with
# roads = "{EARLIER}"
# roads_layer = "{roads}"
# parks = "{EARLIER}"
# parks_layer = "{parks}"
# run = "report-last-month"        # or, in their place, the folder of an earlier report
"""


def _received_recipe(seed: int) -> str:
    plan = f"{AS_RECEIVED}/{received.PLAN}"
    return f"""\
{_head(seed, RECEIVED_RECIPE)}\
# Parks and homes come out of the land-use layer as received, by its codes of 2023 (用地用海).
# Land use does not know the class of a park nor the blocks of a plan, so the figure differs.
# For 三调 name {SURVEY} itself and write landuse = "sandiao": its layer DLTB is found.

title = "示意县建成区道路与公园(示意数据,按收到的用地现状)"

{_zone_and_roads()}
[parks]
file    = "{plan}"
landuse = "guide"                  # whose codes: guide (用地用海) or sandiao (三调)

[homes]
file    = "{plan}"
landuse = "guide"

{_measures()}"""


def _readme(
    made: Any,
    frames: Mapping[str, gpd.GeoDataFrame],
    rasters: Mapping[str, Raster],
    mistakes: pd.DataFrame,
) -> str:
    return "\n".join(_readme_lines(made, frames, rasters, mistakes)) + "\n"


def _readme_lines(
    made: Any,
    frames: Mapping[str, gpd.GeoDataFrame],
    rasters: Mapping[str, Raster],
    mistakes: pd.DataFrame,
) -> Iterator[str]:
    yield f"""\
# The schematic county, seed {made.seed} (示意)

**{word("notice.schematic")}。**

The 13 towns have their real names and codes; their borders and everything inside them are
invented by a program. Nothing here describes a real village, and no figure here may be quoted.

- Made by `deqing-geo sample --out DIR --seed {made.seed}`; the same command makes the same files.
- Coordinate system: {CRS}, metres (CGCS2000 / 3-degree Gauss-Kruger CM 120E).
- Dates: everything stands at {TODAY}; `{EARLIER}` at {LAST_MONTH} and {MONTH_BEFORE}.
- Try it: `deqing-geo report {RECIPE} --out report`, then open `report/map.html`. The same with
  parks and homes out of land use as received: `{RECEIVED_RECIPE}`.
- `{SUMS}` lists every file with its checksum. Files you have changed are never overwritten.

## {COUNTY}

| layer | what it is | rows | columns |
|---|---|---:|---|"""
    for name, frame in frames.items():
        yield f"| `{name}` | {ABOUT[name]} | {len(frame)} | {_columns(frame)} |"
    yield f"""
## {EARLIER}

`roads` and `parks` as they stood at {LAST_MONTH} and at {MONTH_BEFORE}, one layer each: compare
them month by month.

## Rasters

| file | what it is | cells | no value |
|---|---|---|---|"""
    for name, raster in rasters.items():
        rows, columns = raster.values.shape
        size = f"{rows} x {columns} of {raster.cell:g} m"
        yield f"| `{name}.tif` | {ABOUT[name]} | {size} | {raster.nodata:g} |"
    yield f"""
## {CSV}, {SHEET}

The village table, the same cells in both: {len(made.village_table)} rows. Empty cells are gaps in
what was declared, not zeros. Codes are text; Excel shows those of the .csv as 3.3E+11, so open the
.xlsx to read them.

## {AS_RECEIVED}/

The same county as offices would send it. The files above are untouched by these mistakes.

- `{received.VILLAGES}`: villages, in GBK without a .cpg, so that most programs show nonsense.
- `{received.SURVEY}`: a FileGDB with XZQ, CJDCQ and DLTB of the third survey. No mistakes, but
  traps: some parcels lie in one village (ZLDWDM) and belong to another (QSDWDM); FRDBS is 1 on
  the enclave; TBDLMJ is TBMJ less field ridges (KCMJ). Areas are ellipsoidal. Give the folder
  itself as the file; villages, towns and homes each find their layer in it.
- `{received.PLAN}`: the same parcels in the codes of the 用地用海 guide of 2023: 0702 is
  community service here and a homestead in 三调. Both tables, and the codes of elements (YSDM),
  are partly from memory (待查证).
- `{received.TABLE}`: the village table as an office fills it in.
- `{received.MISTAKES}`: every planted mistake, with its row. Rows of shapes count from 0, as QGIS
  numbers them; rows of the sheet are those Excel shows.

| file | mistake | kind | how many |
|---|---|---|---:|"""
    count = Counter(mistakes[["file", "mistake", "kind"]].itertuples(index=False, name=None))
    for (file, mistake, kind), many in count.items():
        yield f"| `{file}` | {mistake} | {kind} | {many} |"
    yield """
Each by its row:

| file | row | field | mistake | found | should be |
|---|---:|---|---|---|---|"""
    shown = mistakes[["file", "row", "field", "mistake", "found", "should_be"]].astype(object)
    for cells in shown.where(shown.notna(), "").itertuples(index=False, name=None):
        yield f"| {' | '.join(map(str, cells))} |"


def _columns(frame: gpd.GeoDataFrame) -> str:
    known = names.registry()
    fields = [frame.index.name, *frame.columns.drop(frame.geometry.name)]
    return ", ".join(
        f"{field} ({known[field].zh})" if field in known else str(field)
        for field in fields
        if field is not None
    )
