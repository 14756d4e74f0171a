"""The areas a command measures: options that name them, and the files behind the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deqing_geo.cli.layers import of

if TYPE_CHECKING:
    import argparse

    import geopandas as gpd


def add_areas(command: argparse.ArgumentParser) -> None:
    """Add the options that name areas.

    Parameters
    ----------
    command : ArgumentParser
        Of the command.
    """
    areas = command.add_mutually_exclusive_group(required=True)
    areas.add_argument("--areas", metavar="FILE", help="towns or other administrative areas")
    areas.add_argument(
        "--zone", metavar="FILE", help="built-up zone (建成区); needs --source, --as-of"
    )
    command.add_argument("--areas-layer", metavar="NAME")
    command.add_argument(
        "--reference", metavar="FILE", help="true outline, against shifts (GCJ-02)"
    )
    command.add_argument("--admin-level", type=int, metavar="N", help="for an .osm.pbf")
    command.add_argument("--source", metavar="TEXT", help="whose outline the zone is")
    command.add_argument("--as-of", metavar="YYYY-MM-DD", help="the day the zone describes")


def open_areas(
    arguments: argparse.Namespace, layer: Mapping[str, str] | None = None
) -> gpd.GeoDataFrame:
    """Read the areas that were named.

    Parameters
    ----------
    arguments : Namespace
        With the options of `add_areas`.
    layer : mapping of str to str, optional
        Layers of ``--layer``, where the command has it.

    Returns
    -------
    GeoDataFrame
        Towns, or a built-up zone.

    Raises
    ------
    DeqingGeoError
        If the file is refused, or a zone comes without its source and day.
    """
    from deqing_geo.boundaries import read_towns, read_zone
    from deqing_geo.errors import ColumnError

    named = layer or {}
    if arguments.zone is None:
        reference = None if arguments.reference is None else read_towns(arguments.reference)
        with of("areas"):
            return read_towns(
                arguments.areas,
                layer=named.get("areas", arguments.areas_layer),
                admin_level=arguments.admin_level,
                reference=reference,
            )
    if not arguments.source or not arguments.as_of:
        raise ColumnError("--zone needs --source and --as-of: whose outline, of which day?")
    with of("zone"):
        return read_zone(
            arguments.zone,
            layer=named.get("zone", arguments.areas_layer),
            source=arguments.source,
            as_of=arguments.as_of,
        )
