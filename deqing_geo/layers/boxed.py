"""A county's part of a layer that many counties share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deqing_geo.errors import InputError
from deqing_geo.layers import land, roads
from deqing_geo.layers.signs import SIGNS
from deqing_geo.reading import LINES, POLYGONS, OsmQuery
from deqing_geo.reading.boxed import Box, read_box

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.reading.choosing import Kind


@dataclass(frozen=True, slots=True)
class _Asked:
    kind: Kind
    wanted: tuple[str, ...]
    osm: OsmQuery


_ASKED = {
    "roads": _Asked(LINES, (*roads.WANTED, *SIGNS), roads.OSM),
    "parks": _Asked(POLYGONS, land.WANTED_OF_PARKS, land.OSM_PARKS),
    "homes": _Asked(POLYGONS, land.WANTED_OF_HOMES, land.OSM_HOMES),
}
# Layers that can be taken in part.
SHARED = tuple(_ASKED)


def cut_out(
    path: str | os.PathLike[str],
    name: str,
    box: Box,
    crs: Any,
    *,
    layer: str | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
) -> gpd.GeoDataFrame:
    """The rows of a large layer that meet a box, as the file has them.

    Parameters
    ----------
    path : path
        As for `reading.boxed.read_box`.
    name : {"roads", "parks", "homes"}
        What it is.
    box : tuple of float
        West, south, east and north in `crs`.
    crs : CRS
        Of the box; metres.
    layer, assume_crs, datum
        As for `read_roads`.

    Returns
    -------
    GeoDataFrame
        Rows in the file's order, fields and coordinates as the file has them: what a reader
        makes of the whole file, it makes of these rows.

    Raises
    ------
    InputError
        If no such layer can be taken in part.
    BoundaryFileError
        If the file cannot be read, or its rows cannot be found by place.
    CRSError
        If nothing says where it lies.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> town = sample.villages().iloc[[0]]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "roads.gpkg"
    ...     sample.roads().to_crs(4490).to_file(file)
    ...     part = cut_out(file, "roads", tuple(town.total_bounds), town.crs)
    >>> len(sample.roads()), len(part), part.crs.to_epsg()
    (6, 3, 4490)
    """
    if name not in _ASKED:
        raise InputError(f"no {name!r} can be taken in part; {', '.join(SHARED)} can.")
    asked = _ASKED[name]
    return read_box(
        path, box, crs, name=name, kind=asked.kind, wanted=asked.wanted, osm=asked.osm,
        layer=layer, assume_crs=assume_crs, datum=datum,
    )  # fmt: skip
