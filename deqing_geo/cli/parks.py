"""``deqing-geo parks``: the coverage of a zone from every side, and where the next parks belong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo.cli import areas as options
from deqing_geo.cli import layers, looks, shown

if TYPE_CHECKING:
    import argparse

    import geopandas as gpd
    from rich.console import Console

    from deqing_geo.batch.parks import ParkJob, ParkResults

# What messages call an option, and how it is given here.
FLAGS = {
    "layer": layers.FLAG,
    "as_of": "--on YYYY-MM-DD",
    "max_sites": "--most N",
    "landuse": "a recipe",
}
MOST_SHOWN = 12
# Options whose files may have several layers; so may the land of --forbid.
WITH_LAYERS = ("parks", "zone", "areas", "homes", "roads", "entrances", "blocks", "towns",
               "projects", "candidates", "allowed", "before")  # fmt: skip
FILES = ("homes", "roads", "entrances", "blocks", "towns", "before", "projects", "candidates",
         "allowed")  # fmt: skip


def add(commands: Any) -> None:
    """Add the command to the parser's commands.

    Parameters
    ----------
    commands : argparse action
        Of ``add_subparsers``.
    """
    parks = commands.add_parser(
        "parks",
        help="park coverage from every side, gaps, ledger, sites for new parks (公园覆盖测算)",
        description="Measures how much residential land of a zone lies within reach of a park, by "
        "its definition and by every other, park by park; what nobody reaches, and where the next "
        "parks belong. No FILE is changed.",
    )
    parks.add_argument("parks", metavar="FILE", help="parks (公园绿地)")
    parks.add_argument("--homes", required=True, metavar="FILE", help="residential land (居住用地)")
    options.add_areas(parks)
    layers.add_layer(parks, "homes=DLTB or before=PARKS_2025")
    parks.add_argument("--by", metavar="KEY", help="definition; --by list shows them all")
    parks.add_argument("--on", metavar="YYYY-MM-DD", help="count what was open on this day")
    parks.add_argument("--roads", metavar="FILE", help="roads and paths: also on foot")
    parks.add_argument("--entrances", metavar="FILE", help="entrances, for the way on foot")
    parks.add_argument("--blocks", metavar="FILE", help="小区 or 地块 to list the gaps by")
    parks.add_argument("--towns", metavar="FILE", help="towns, to say where a park lies")
    parks.add_argument("--before", metavar="FILE", help="the parks of the report before")
    parks.add_argument("--projects", metavar="FILE", help="parks to come, with opened_on")
    parks.add_argument(
        "--sites", action="store_true", help="suggest places for new parks (口袋公园建议选址)"
    )
    parks.add_argument("--most", type=int, metavar="N", help="so many new parks at most")
    parks.add_argument("--candidates", metavar="FILE", help="idle plots a park could take")
    parks.add_argument("--allowed", metavar="FILE", help="land on which places are tried")
    parks.add_argument(
        "--forbid",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="land no park may take, such as 永久基本农田=farmland.gpkg; again for more",
    )
    parks.add_argument("--out", metavar="DIR", help="folder for maps, tables and layers")
    looks.add_looks(parks)
    parks.set_defaults(run=run, flags=FLAGS)


def run(arguments: argparse.Namespace) -> None:
    """Measure, show, and write where it was asked.

    Parameters
    ----------
    arguments : Namespace
        Of the parser.

    Raises
    ------
    DeqingGeoError
        If a file is refused, options contradict each other, or the folder cannot be written.
    """
    from deqing_geo import standards
    from deqing_geo.batch import parks as room
    from deqing_geo.batch import require_folder
    from deqing_geo.errors import InputError

    if shown.listed(arguments, ["park_coverage"]):
        return
    siting = ("most", "candidates", "allowed", "forbid")
    if not arguments.sites and any(getattr(arguments, name) for name in siting):
        raise InputError("--most, --candidates, --allowed and --forbid go with --sites.")
    if arguments.entrances and not arguments.roads:
        raise InputError("--entrances go with --roads: the way on foot needs both.")
    if arguments.out:
        require_folder(arguments.out)
    with shown.progress() as tell:
        tell("parks", 0, len(room.STEPS))
        job = _job(arguments)
        results = room.measure_parks(job, tell)
        written: tuple[Path, ...] = ()
        if arguments.out:
            named = [arguments.parks, arguments.zone, arguments.areas]
            named += [getattr(arguments, name) for name in FILES]
            named += [file for _, file in _forbidden(arguments)]
            inputs = [file for file in named if file]
            written = room.write_parks(job, results, arguments.out, inputs, tell)
    console = shown.console()
    shown.show(console, results.coverage, standards.load())
    _show(console, results)
    for file in written:
        console.print(f"  {file}", markup=False, soft_wrap=True)


def _forbidden(arguments: argparse.Namespace) -> list[tuple[str, str]]:
    from deqing_geo.errors import InputError

    pairs = []
    for given in arguments.forbid:
        name, mark, file = given.partition("=")
        if not (name and mark and file):
            raise InputError(f"--forbid {given} is not NAME=FILE, as 永久基本农田=farmland.gpkg.")
        pairs.append((name, file))
    return pairs


def _job(arguments: argparse.Namespace) -> ParkJob:
    from deqing_geo.batch.parks import ParkJob
    from deqing_geo.boundaries import read_towns
    from deqing_geo.layers import read_homes, read_parks, read_roads
    from deqing_geo.reading import PLACES, POINTS, POLYGONS, known_as, read

    no_park = _forbidden(arguments)
    chosen = layers.layers_of(
        arguments.layer, (*WITH_LAYERS[:-1], *(name for name, _ in no_park), WITH_LAYERS[-1])
    )
    areas = options.open_areas(arguments, chosen)

    def layer(file: str | None, name: str, kind: Any) -> gpd.GeoDataFrame | None:
        if file is None:
            return None
        wanted = ("block_name", "village_name", "households", "people", "park_name")
        with layers.of(name):
            return read(
                file, name=name, kind=kind, wanted=wanted, layer=chosen.get(name), like=areas
            )

    def opened(option: str, read_one: Callable[..., gpd.GeoDataFrame]) -> gpd.GeoDataFrame | None:
        file = getattr(arguments, option)
        if file is None:
            return None
        with layers.of(option):
            return read_one(file, layer=chosen.get(option), like=areas)

    towns = None
    if arguments.towns is not None:
        with layers.of("towns"):
            towns = read_towns(arguments.towns, layer=chosen.get("towns")).to_crs(areas.crs)
    forbidden = {}
    for name, file in no_park:
        # 永久基本农田 is what other commands call farmland; its fields say nothing of it.
        what = known_as(name) or name
        with layers.of(name):
            forbidden[name] = read(
                file, name=what, kind=POLYGONS, wanted=(), layer=chosen.get(name), like=areas
            )
    parks, homes = opened("parks", read_parks), opened("homes", read_homes)
    assert parks is not None and homes is not None  # the parser asks for both
    return ParkJob(
        areas=areas,
        parks=parks,
        homes=homes,
        by=arguments.by,
        as_of=arguments.on,
        roads=opened("roads", read_roads),
        entrances=layer(arguments.entrances, "entrances", POINTS),
        blocks=layer(arguments.blocks, "blocks", POLYGONS),
        towns=towns,
        previous=opened("before", read_parks),
        projects=opened("projects", read_parks),
        site=arguments.sites,
        candidates=layer(arguments.candidates, "candidates", PLACES),
        allowed=layer(arguments.allowed, "allowed", POLYGONS),
        forbidden=forbidden,
        most=arguments.most,
    )


def _show(console: Console, results: ParkResults) -> None:
    """What the figure hangs on, and which places come first."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names
    from deqing_geo.text import figure, percent

    coverage, siting = results.coverage, results.siting
    if coverage.walking is not None:
        console.print(coverage.walking.headline, soft_wrap=True)
    console.print(f"{names.word('roads.band')}: {results.band.headline}", soft_wrap=True)
    for one in (results.changes, results.forecast):
        if one is not None:
            console.print(one.headline, soft_wrap=True)
    if siting is None:
        return
    console.print(siting.headline, soft_wrap=True)
    console.print(siting.proof, soft_wrap=True)
    sites = siting.sites.iloc[:MOST_SHOWN]
    if len(sites):
        table = Table(box=box.SQUARE, title=names.word("parks.sites"), title_justify="left")
        table.add_column("#", justify="right", no_wrap=True)
        near = [column for column in ("town_name", "road_name") if column in sites]
        for column in near:
            table.add_column(names.label(column), overflow="fold")
        table.add_column(names.label("gain_ha", unit=True), justify="right")
        table.add_column(names.label("coverage_after"), justify="right")
        for rank, row in zip(sites.index, sites.to_dict("records"), strict=True):
            cells = ["" if row[one] is None else escape(str(row[one])) for one in near]
            after = percent(row["coverage_after"], against=coverage.goals)
            table.add_row(str(rank), *cells, figure(row["gain_ha"]), after)
        console.print(table)
    for notice in siting.notices:
        if notice not in coverage.notices:
            console.print(f"注意: {escape(notice)}", style="red", soft_wrap=True)
