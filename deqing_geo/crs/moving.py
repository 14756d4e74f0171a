"""From one system to another, exactly or not at all."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from pyproj.transformer import TransformerGroup

from deqing_geo.crs.numbers import bounds, check_plausible, crs_hint, data_zone, lonlat
from deqing_geo.crs.systems import CGCS2000, GLOBAL, WGS84, called, family, identify
from deqing_geo.errors import CRSError
from deqing_geo.shifts import bd09_to_wgs84, gcj02_to_wgs84

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DATUMS = ("gcj02", "bd09")


def to_working(
    frame: gpd.GeoDataFrame,
    *,
    like: gpd.GeoDataFrame | None = None,
    datum: str | None = None,
    name: str = "layer",
) -> gpd.GeoDataFrame:
    """A layer in the working system: metres, in the zone of the data.

    Coordinates are checked against what the system says of itself, WGS 84 and CGCS2000
    are taken for one another (they differ by less than a metre here), and any other
    change of datum needs a published transformation: an unknown one moves Xian 80 or
    Beijing 54 by 100 m too little, silently, and is refused.

    Parameters
    ----------
    frame : GeoDataFrame
        With a CRS; left as it is.
    like : GeoDataFrame, optional
        Take the CRS of this frame instead of the data's own zone.
    datum : {"gcj02", "bd09"}, optional
        The service's shift to undo; `frame` must then be in degrees.
    name : str
        What to call the layer in messages.

    Returns
    -------
    GeoDataFrame
        The same rows and columns.

    Raises
    ------
    CRSError
        If the layer has no CRS, its coordinates contradict it, the datum cannot be
        changed exactly, or `datum` is unknown or meets projected coordinates.
    GeometryError
        If a coordinate is not finite.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> degrees = sample.villages().to_crs(4490)
    >>> to_working(degrees).crs.to_epsg()
    4549
    """
    if frame.crs is None:
        raise CRSError(
            f"`{name}` has no coordinate system. If you know it, pass assume_crs=, "
            "for example assume_crs=4549 (CGCS2000, central meridian 120 E)."
            f"{crs_hint(frame)}"
        )
    source = identify(frame.crs)
    geometry = np.asarray(frame.geometry.array, dtype=object)
    check_plausible(geometry, source, name, frame.index)
    if datum is not None:
        geometry = undo_datum(geometry, source, datum, name)
        source = CRS.from_epsg(WGS84)
    if like is not None:
        if like.crs is None:
            raise CRSError("`like` has no coordinate system.")
        target = identify(like.crs)
    else:
        target = data_zone(geometry, source, name)
    out = frame.copy()
    moved = transform(geometry, source, target, name)
    return out.set_geometry(_as_series(frame, moved, target))


def _as_series(frame: gpd.GeoDataFrame, geometry: NDArray[Any], crs: CRS) -> gpd.GeoSeries:
    import geopandas as gpd

    return gpd.GeoSeries(geometry, index=frame.index, crs=crs, name=frame.geometry.name)


def transform(geometry: NDArray[Any], source: CRS, target: CRS, name: str) -> NDArray[Any]:
    """Shapes brought from one identified system to another, exactly or not at all.

    Parameters
    ----------
    geometry : array of shapely geometries
        In `source`.
    source, target : CRS
        As of `identify`.
    name : str
        What the caller calls the layer.

    Returns
    -------
    array of shapely geometries
        In `target`, x before y.

    Raises
    ------
    CRSError
        If no exact way leads there, or `target` cannot hold them.
    """
    if source == target or len(shapely.get_coordinates(geometry)) == 0:
        return geometry.copy()
    steps: list[Transformer] = []
    try:
        if family(source) == family(target) == GLOBAL:
            # Relabelled between the two steps: degrees of WGS 84 are degrees of CGCS2000.
            for crs, direction in ((source, "out"), (target, "in")):
                if crs.is_geographic:
                    continue
                ends = (crs, crs.geodetic_crs) if direction == "out" else (crs.geodetic_crs, crs)
                steps.append(Transformer.from_crs(ends[0], ends[1], always_xy=True))
        else:
            to = target
            if family(target) == GLOBAL:
                # The registry's shifts lead to WGS 84; from there the degrees are relabelled.
                to = CRS.from_epsg(WGS84)
            steps.append(_published(source, to, geometry))
            if to != target and not target.is_geographic:
                steps.append(Transformer.from_crs(target.geodetic_crs, target, always_xy=True))
    except ProjError as error:
        raise CRSError(
            f"`{name}` is in {source.name}, and no exact way from there to {target.name} is known. "
            "Ask for the layer in CGCS2000; the parameters are not public and are not guessed."
        ) from error

    def move(coords: Floats) -> Floats:
        x, y = coords[:, 0], coords[:, 1]
        for step in steps:
            x, y = step.transform(x, y)
        return np.column_stack([x, y])

    moved: NDArray[Any] = shapely.transform(geometry, move)
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise CRSError(f"`{name}` has coordinates that {target.name} cannot hold.")
    return moved


def _published(source: CRS, target: CRS, geometry: NDArray[Any]) -> Transformer:
    """The best registered change of datum that was made for the place of the data.

    PROJ would take any: for Beijing 1954 at Deqing it offers the one of the Yellow Sea.
    """
    (west, east), (south, north) = lonlat(source, *bounds(geometry))
    with warnings.catch_warnings():
        # It warns where a finer grid exists that is not installed; the next best is taken.
        warnings.simplefilter("ignore", UserWarning)
        ways = TransformerGroup(source, target, always_xy=True, allow_ballpark=False).transformers
    for way in ways:
        area = way.area_of_use
        if area is not None and (
            area.west <= west and east <= area.east and area.south <= south and north <= area.north
        ):
            return way
    raise ProjError(f"none of {len(ways)} registered ways was made for this place")


def to_degrees(geometry: NDArray[Any], crs: Any, target: int = CGCS2000) -> NDArray[Any]:
    """Shapes in longitude and latitude, for maps and exchange.

    Parameters
    ----------
    geometry : array of shapely geometries
        In `crs`.
    crs : CRS
        Their system.
    target : int
        EPSG code of the geographic system: 4490 or 4326.

    Returns
    -------
    array of shapely geometries
        In degrees, longitude first.

    Raises
    ------
    CRSError
        If no exact way leads there.

    Examples
    --------
    >>> import shapely
    >>> place = shapely.points([[496896.696, 3379414.227]])  # Wukang
    >>> shapely.get_coordinates(to_degrees(place, 4549)).round(6).tolist()
    [[119.967662, 30.534927]]
    """
    return transform(geometry, identify(crs), CRS.from_epsg(target), "layer")


def moved(geometry: NDArray[Any], source: Any, target: Any, name: str) -> NDArray[Any]:
    """Shapes brought from one system to another, exactly or not at all.

    Parameters
    ----------
    geometry : array of shapely geometries
        In `source`.
    source, target : CRS
    name : str
        What the caller calls the layer.

    Returns
    -------
    array of shapely geometries
        In `target`, x before y.

    Raises
    ------
    CRSError
        If no exact way leads there.
    """
    return transform(geometry, identify(source), identify(target), name)


def undo_datum(geometry: NDArray[Any], source: CRS, datum: str, name: str) -> NDArray[Any]:
    """Shapes with a map service's shift undone.

    Parameters
    ----------
    geometry : array of shapely geometries
        In degrees.
    source : CRS
        Their system; geographic.
    datum : {"gcj02", "bd09"}
        The shift.
    name : str
        What the caller calls the layer.

    Returns
    -------
    array of shapely geometries
        In true degrees.

    Raises
    ------
    CRSError
        If `datum` is unknown or `source` is projected.
    """
    if datum not in DATUMS:
        raise CRSError(f"datum={datum!r} is not one of {', '.join(DATUMS)}.")
    if not source.is_geographic:
        raise CRSError(
            f"`{name}` is in {called(source)}; datum={datum!r} is undone in degrees only. "
            "Ask for the layer as the service gives it."
        )
    undo = gcj02_to_wgs84 if datum == "gcj02" else bd09_to_wgs84
    moved: NDArray[Any] = shapely.transform(
        geometry, lambda coords: np.column_stack(undo(coords[:, 0], coords[:, 1]))
    )
    return moved
