"""``deqing-geo roads``: the density of a zone from every side, its papers and maps on request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo.cli import areas as options
from deqing_geo.cli import layers, looks, shown

if TYPE_CHECKING:
    import argparse

    import geopandas as gpd
    from rich.console import Console

    from deqing_geo.batch.roads import RoadResults

# What messages call an option, and how it is given here.
FLAGS = {"layer": layers.FLAG, "classes": "--classes FILE", "as_of": "--on YYYY-MM-DD"}
MOST_SHOWN = 12
# Options whose files may have several layers.
WITH_LAYERS = ("roads", "zone", "areas", "water", "road-area", "planned", "projects", "before")


def add(commands: Any) -> None:
    """Add the command to the parser's commands.

    Parameters
    ----------
    commands : argparse action
        Of ``add_subparsers``.
    """
    roads = commands.add_parser(
        "roads",
        help="road density from every side, ledger, dead ends, links (路网测算)",
        description="Measures the roads of a zone: by its definition and by every other, road by "
        "road, with what would change the figure; where streets end and which short links would "
        "help. Divided carriageways are merged to centre lines first. No FILE is changed.",
    )
    roads.add_argument(
        "files", nargs="+", metavar="FILE", help="roads; of a road in several, the first counts"
    )
    options.add_areas(roads)
    layers.add_layer(roads, "道路 (of FILE), or before=ROADS_2025")
    roads.add_argument("--classes", metavar="FILE", help="your own table of classes (等级对照表)")
    roads.add_argument("--by", metavar="KEY", help="definition; --by list shows them all")
    roads.add_argument(
        "--border",
        choices=["shared", "half", "none"],
        default="shared",
        help="roads on the outer edge: whole, half or not at all; default: shared, which is whole",
    )
    roads.add_argument("--on", metavar="YYYY-MM-DD", help="count what was open on this day")
    roads.add_argument(
        "--as-drawn", action="store_true", help="merge no carriageways: count lines as drawn"
    )
    roads.add_argument("--water", metavar="FILE", help="water to take out of the land")
    roads.add_argument("--road-area", metavar="FILE", help="road surface, for its mean width")
    roads.add_argument("--planned", metavar="FILE", help="the planned network (规划路网)")
    roads.add_argument("--before", metavar="FILE", help="the roads of the report before")
    roads.add_argument("--projects", metavar="FILE", help="roads to come, with opened_on")
    roads.add_argument("--cells", type=float, metavar="M", help="density of square cells as well")
    roads.add_argument("--out", metavar="DIR", help="folder for maps, tables and layers")
    looks.add_looks(roads)
    roads.set_defaults(run=run, flags=FLAGS)


def run(arguments: argparse.Namespace) -> None:
    """Measure, show, and write where it was asked.

    Parameters
    ----------
    arguments : Namespace
        Of the parser.

    Raises
    ------
    DeqingGeoError
        If a file is refused, or the folder cannot be written.
    """
    from deqing_geo import standards
    from deqing_geo.batch import require_folder
    from deqing_geo.batch import roads as room

    if shown.listed(arguments, ("road_density", "highway_density")):
        return
    if arguments.out:
        require_folder(arguments.out)
    law = standards.load()
    by = law.definition(("road_density", "highway_density"), arguments.by)
    with shown.progress() as tell:
        tell("roads", 0, len(room.STEPS))
        job = _job(arguments, by.with_border(arguments.border))
        results = room.measure_roads(job, tell)
        written: tuple[Path, ...] = ()
        if arguments.out:
            inputs = [one for one in (*arguments.files, *_others(arguments)) if one]
            written = room.write_roads(job, results, arguments.out, inputs, tell)
    console = shown.console()
    shown.show(console, results.density, law)
    _show(console, results)
    for file in written:
        console.print(f"  {file}", markup=False, soft_wrap=True)


def _others(arguments: argparse.Namespace) -> tuple[str | None, ...]:
    names = ("zone", "areas", "water", "road_area", "planned", "before", "projects", "classes")
    return tuple(getattr(arguments, name) for name in names)


def _job(arguments: argparse.Namespace, by: Any) -> Any:
    from deqing_geo.batch.roads import RoadJob
    from deqing_geo.layers import read_roads
    from deqing_geo.reading import POLYGONS, read

    layer = layers.layers_of(arguments.layer, WITH_LAYERS, main="roads")
    areas = options.open_areas(arguments, layer)

    def lines(option: str) -> gpd.GeoDataFrame | None:
        file = getattr(arguments, option)
        if file is None:
            return None
        with layers.of(option):
            return read_roads(
                file, layer=layer.get(option), like=areas, classes=arguments.classes,
                planned=option == "planned",
            )  # fmt: skip

    def land(option: str) -> gpd.GeoDataFrame | None:
        file = getattr(arguments, option)
        if file is None:
            return None
        with layers.of(option.replace("_", "-")):
            return read(
                file, name=option, kind=POLYGONS, wanted=(), layer=layer.get(option), like=areas
            )

    files = arguments.files if len(arguments.files) > 1 else arguments.files[0]
    with layers.of("roads"):
        roads = read_roads(files, layer=layer.get("roads"), like=areas, classes=arguments.classes)
    return RoadJob(
        areas=areas,
        roads=roads,
        by=by,
        as_of=arguments.on,
        merge=not arguments.as_drawn,
        water=land("water"),
        road_area=land("road_area"),
        planned=lines("planned"),
        previous=lines("before"),
        projects=lines("projects"),
        cell_m=arguments.cells,
    )


def _show(console: Console, results: RoadResults) -> None:
    """What the figure hangs on, where streets end, and which links come first."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from deqing_geo import columns as names
    from deqing_geo.text import figure

    if results.merged is not None:
        console.print(f"{names.word('roads.merged')}: {results.merged.headline}", soft_wrap=True)
    console.print(f"{names.word('roads.band')}: {results.band.headline}", soft_wrap=True)
    if results.changes is not None:
        console.print(results.changes.headline, soft_wrap=True)
    if results.forecast is not None:
        console.print(results.forecast.headline, soft_wrap=True)
    kinds = results.ends["end_kind"].value_counts()
    told = [f"{word} {kinds[kind]}" for kind, word in names.vocabulary("end_kind").items()
            if kind in kinds]  # fmt: skip
    if told:
        console.print(f"{names.word('roads.ends')}: {'、'.join(told)}", soft_wrap=True)
    links = results.links.iloc[:MOST_SHOWN]
    if links.empty:
        return
    title = f"{names.word('layer.links')} {len(links)} / {len(results.links)}"
    table = Table(box=box.SQUARE, title=title, title_justify="left")
    table.add_column("#", justify="right", no_wrap=True)
    for column in ("road_name", "to_name", "link_effect", "barriers"):
        table.add_column(names.label(column), overflow="fold")
    table.add_column(names.label("link_m", unit=True), justify="right")
    for rank, row in enumerate(links.to_dict("records"), start=1):
        texts = [row[one] for one in ("road_name", "to_name", "link_effect", "barriers")]
        cells = ["" if one is None or one != one else escape(str(one)) for one in texts]
        table.add_row(str(rank), *cells, figure(row["link_m"], 0))
    console.print(table)
    console.print(names.word("notice.suggested"), style="red", soft_wrap=True)
