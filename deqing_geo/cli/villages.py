"""The villages a command judges: options that name them and their layers, and the files behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deqing_geo.cli.layers import FLAG, add_layer, layers_of, of

if TYPE_CHECKING:
    import argparse

    import geopandas as gpd

# What messages call an option, and how it is given here.
FLAGS = {
    "layer": FLAG,
    "source": "--source TEXT",
    "as_of": "--as-of YYYY-MM-DD",
    "sheet": "--sheet NAME",
    "table": "--table FILE",
    "homes": "--homes FILE",
    "seats": "--seats FILE",
    "network": "--roads FILE",
    "towns": "--towns FILE",
    "boundaries": "--boundaries FILE",
    "water_source": "--water-source FILE",
    "fault_lines": "--fault-lines FILE",
}
# Layers of `read_layer`, by their option, and what they are.
LAYERS = {
    "seats": "seats of government with seat_kind (县城、县域副中心、镇街驻地)",
    "boundaries": "城镇开发边界; only the county seat's counts",
    "redline": "生态保护红线",
    "water-source": "饮用水水源保护区; only level 1 counts",
    "farmland": "永久基本农田",
    "cropland": "耕地, or land use with its codes",
    "hazards": "地质灾害隐患点 or 易发区, with hazard_class",
    "fault-lines": "geological faults (断裂带)",
    "facilities": "services with facility_class (公共服务设施)",
}
RASTERS = {"terrain": "heights, .tif", "population": "people per cell, .tif; a proxy"}


def add_layers(command: argparse.ArgumentParser) -> None:
    """Add the villages, and the options that name what is known of them.

    Parameters
    ----------
    command : ArgumentParser
        Of the command.
    """
    command.add_argument("villages", metavar="VILLAGES", help="boundaries of villages (村界)")
    add_layer(command, "boundaries=CZKFBJ or villages=村界")
    command.add_argument("--towns", metavar="FILE", help="towns: names and codes villages lack")
    command.add_argument(
        "--table",
        "--facts",
        metavar="FILE|DIR",
        help="what is declared (村庄基本情况), or a folder of forms",
    )
    command.add_argument("--sheet", metavar="NAME", help="the sheet of --table, if several fit")
    command.add_argument("--homes", metavar="FILE", help="residential land (居住用地)")
    command.add_argument("--roads", nargs="+", metavar="FILE", help="roads, for minutes to --seats")
    for name, what in LAYERS.items():
        command.add_argument(f"--{name}", metavar="FILE", help=what)
    for name, what in RASTERS.items():
        command.add_argument(f"--{name}", metavar="FILE", help=what)
    command.add_argument("--zone", metavar="FILE", help="built-up zone; needs --source, --as-of")
    command.add_argument("--source", metavar="TEXT", help="whose outline the zone is")
    command.add_argument("--as-of", metavar="YYYY-MM-DD", help="the day the zone describes")


def open_villages(
    arguments: argparse.Namespace,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Read the villages that were named, and their towns.

    Parameters
    ----------
    arguments : Namespace
        With the options of `add_layers`.

    Returns
    -------
    villages : GeoDataFrame
        Of `read_villages`, towns' names where the file lacks them.
    towns : GeoDataFrame or None
        In the CRS of the villages.

    Raises
    ------
    DeqingGeoError
        If a file is refused.
    """
    from deqing_geo.boundaries import read_towns, read_villages

    layer = _layers(arguments)
    towns = None
    if arguments.towns is not None:
        with of("towns"):
            towns = read_towns(arguments.towns, layer=layer.get("towns"))
    with of("villages"):
        villages = read_villages(arguments.villages, layer=layer.get("villages"), towns=towns)
    return villages, None if towns is None else towns.to_crs(villages.crs)


def _layers(arguments: argparse.Namespace) -> dict[str, str]:
    """Which layer of its file each option means."""
    return layers_of(arguments.layer, ("villages", "towns", "homes", "roads", "zone", *LAYERS))


def open_layers(
    arguments: argparse.Namespace, villages: gpd.GeoDataFrame, towns: gpd.GeoDataFrame | None
) -> dict[str, Any]:
    """Read the layers that were named.

    Parameters
    ----------
    arguments : Namespace
        With the options of `add_layers`.
    villages, towns : GeoDataFrame
        Of `open_villages`; every layer comes in the CRS of the villages.

    Returns
    -------
    dict of str to object
        What ``village_facts(villages, **layers)`` takes; what was not named is not in it.

    Raises
    ------
    DeqingGeoError
        If a file is refused, or options do not go together.
    """
    from deqing_geo.boundaries import read_zone
    from deqing_geo.errors import ColumnError, InputError
    from deqing_geo.inputs import read_facilities, read_layer, read_village_table
    from deqing_geo.layers import read_homes
    from deqing_geo.terrain import read_raster

    given: dict[str, Any] = {}
    layer = _layers(arguments)
    if arguments.roads and not (arguments.seats or arguments.facilities):
        raise InputError("--roads go with --seats (minutes) or --facilities (metres by road).")
    if arguments.seats and not arguments.roads:
        raise InputError("--seats go with --roads: minutes need both.")
    if towns is not None:
        given["towns"] = towns
    if arguments.table is not None:
        given["table"] = read_village_table(arguments.table, sheet=arguments.sheet)
    if arguments.homes is not None:
        with of("homes"):
            given["homes"] = read_homes(arguments.homes, layer=layer.get("homes"), like=villages)
    for option in LAYERS:
        name = option.replace("-", "_")
        file = getattr(arguments, name)
        if file is None:
            continue
        with of(option):
            if name == "facilities":
                given[name] = read_facilities(file, layer=layer.get(name), like=villages)
            else:
                given[name] = read_layer(file, name, layer=layer.get(name), like=villages)
    for name in RASTERS:
        file = getattr(arguments, name)
        if file is not None:
            given[name] = read_raster(file, within=villages)
    if arguments.zone is not None:
        if not arguments.source or not arguments.as_of:
            raise ColumnError("--zone needs --source and --as-of: whose outline, of which day?")
        with of("zone"):
            given["zone"] = read_zone(
                arguments.zone,
                layer=layer.get("zone"),
                source=arguments.source,
                as_of=arguments.as_of,
                like=villages,
            )
    if arguments.roads:
        with of("roads"):
            given["network"] = _network(arguments.roads, layer.get("roads"), villages)
    return given


def _network(files: list[str], layer: str | None, villages: gpd.GeoDataFrame) -> Any:
    from deqing_geo import standards
    from deqing_geo.layers import read_roads
    from deqing_geo.network import road_network

    roads = read_roads(files if len(files) > 1 else files[0], layer=layer, like=villages)
    return road_network(roads, speeds=standards.load().speeds)


def files_of(arguments: argparse.Namespace) -> list[str]:
    """The files the options name, in order.

    Parameters
    ----------
    arguments : Namespace
        With the options of `add_layers`.

    Returns
    -------
    list of str
        As they were written.
    """
    one = ["villages", "towns", "table", "homes", "zone", *RASTERS]
    one += [name.replace("-", "_") for name in LAYERS]
    named = [getattr(arguments, name) for name in one]
    return [file for file in [*named, *(arguments.roads or [])] if file]
