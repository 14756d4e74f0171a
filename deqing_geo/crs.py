"""The only judge of coordinate systems: metres, agreement, the zone of the data, true areas.

Every layer is brought to one working system when it is read, every measure asks
`require_metres` first, and only maps go back to degrees. GCJ-02 and BD-09 are ways some
services shift coordinates; they are undone on request and never guessed.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.crs import CompoundCRS
from pyproj.exceptions import CRSError as ProjCRSError
from pyproj.exceptions import ProjError
from pyproj.transformer import TransformerGroup

from deqing_geo.ellipsoid import areal_scale, ellipsoidal_area
from deqing_geo.errors import CRSError, GeometryError
from deqing_geo.shifts import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "areal_scale",
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "ellipsoidal_area",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "identify",
    "require_metres",
    "suspect_datum",
    "to_degrees",
    "to_working",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
    "zone_crs",
]

CGCS2000 = 4490
WGS84 = 4326
GLOBAL = "WGS 84 or CGCS2000"
# CGCS2000 / 3-degree Gauss-Krueger with 500 km false easting: EPSG:4534 (75 E) to 4554 (135 E).
FIRST_ZONE_EPSG = 4534
FIRST_ZONE_CM = 75.0
ZONE_WIDTH = 3.0
ZONES_WEST, ZONES_EAST = 73.5, 136.5
# The same zones with the zone number before the easting: EPSG:4513 (zone 25) to 4533 (45).
FIRST_PREFIXED_EPSG = 4513
FIRST_PREFIX = 25
FALSE_EASTING = 500_000.0
PREFIX_STEP = 1_000_000.0
# pyproj's own scale of 0-100. Below 70 it finds systems 18 degrees away (measured).
EPSG_CONFIDENCE = 70
# How far a projection may stretch land before figures from it mislead: 0.5 %.
AREA_SCALE_LIMIT = 0.005
# Two true outlines of one place differ by their generalisation alone. Undoing a service's shift
# left 0.34 to 0.51 of the misfit on five real outlines in GCJ-02, and raised it on true ones.
MISFIT_SHARE = 0.75
# A town of 4 x 1 km shifted by half a kilometre still has half its land under its outline.
ALIKE = 0.4
DATUMS = ("gcj02", "bd09")


# ---------------------------------------------------------------- the door


def zone_crs(lon: float, lat: float) -> CRS:
    """The working coordinate system at a place.

    Parameters
    ----------
    lon, lat : float
        Degrees east and north.

    Returns
    -------
    CRS
        CGCS2000 / 3-degree Gauss-Krueger with its own central meridian between 73.5 and
        136.5 degrees east in the northern hemisphere, the WGS 84 UTM zone elsewhere.

    Raises
    ------
    CRSError
        If the place is not on the Earth.

    Examples
    --------
    >>> zone_crs(119.967662, 30.534927).to_epsg()  # Wukang, Deqing
    4549
    >>> zone_crs(1.52, 42.5).to_epsg()  # Andorra
    32631
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise CRSError(f"({lon}, {lat}) is not a longitude and a latitude in degrees.")
    if ZONES_WEST <= lon < ZONES_EAST and lat >= 0:
        zone = math.floor((lon - ZONES_WEST) / ZONE_WIDTH)
        return CRS.from_epsg(FIRST_ZONE_EPSG + zone)
    utm = min(int((lon + 180) // 6) + 1, 60)
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + utm)


def identify(crs: Any) -> CRS:
    """The registered system behind a file's own spelling of it.

    Survey offices write the CGCS2000 zones in many ways: ESRI names, custom strings, with
    a vertical system attached. A system is recognised by its registry code or by its exact
    parameters, never by likeness.

    Parameters
    ----------
    crs : CRS or anything pyproj understands
        As read.

    Returns
    -------
    CRS
        By EPSG code where it is recognised, otherwise as it came.

    Raises
    ------
    CRSError
        If it is not a coordinate system, or has no place on the Earth.

    Examples
    --------
    >>> text = "+proj=tmerc +lat_0=0 +lon_0=120 +k=1 +x_0=40500000 +y_0=0 +ellps=GRS80 +units=m"
    >>> identify(text).to_epsg()
    4528
    """
    try:
        found = CRS.from_user_input(crs)
    except ProjCRSError as error:
        raise CRSError(f"{crs!r} is not a coordinate system: {error}.") from error
    if found.is_compound:
        flat = [
            part for part in CompoundCRS.from_user_input(found).sub_crs_list if not part.is_vertical
        ]
        found = flat[0] if flat else found
    elif len(found.axis_info) > 2 and not found.is_geocentric:
        found = found.to_2d()
    code = found.to_epsg(EPSG_CONFIDENCE)
    if code is not None:
        return CRS.from_epsg(code)
    code = _cgcs2000_zone(found)
    if code is not None:
        return CRS.from_epsg(code)
    if found.geodetic_crs is None:
        raise CRSError(
            f"{found.name!r} has no place on the Earth (a local grid). "
            "Ask for the layer in CGCS2000."
        )
    return found


def _cgcs2000_zone(crs: CRS) -> int | None:
    """EPSG code of a CGCS2000 3-degree zone by its exact parameters."""
    operation, ellipsoid, base = crs.coordinate_operation, crs.ellipsoid, crs.geodetic_crs
    if not crs.is_projected or operation is None or ellipsoid is None or base is None:
        return None
    if _family(base) != GLOBAL or [axis.direction for axis in crs.axis_info] != ["east", "north"]:
        return None
    if operation.method_name not in ("Transverse Mercator", "Gauss-Kruger"):
        return None
    if (
        abs(ellipsoid.semi_major_metre - 6378137) > 0.01
        or abs(ellipsoid.inverse_flattening - 298.257222101) > 1e-6
        or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info)
    ):
        return None
    values = {param.name: float(param.value) for param in operation.params}
    cm = values.get("Longitude of natural origin", math.nan)
    easting = values.get("False easting", math.nan)
    plain = (
        values.get("Latitude of natural origin"),
        values.get("Scale factor at natural origin"),
        values.get("False northing"),
    ) == (0.0, 1.0, 0.0)
    zone = (cm - FIRST_ZONE_CM) / ZONE_WIDTH
    if not plain or not math.isfinite(zone) or zone != round(zone) or not 0 <= zone <= 20:
        return None
    if easting == FALSE_EASTING:
        return FIRST_ZONE_EPSG + round(zone)
    if easting == (FIRST_PREFIX + zone) * PREFIX_STEP + FALSE_EASTING:
        return FIRST_PREFIXED_EPSG + round(zone)
    return None


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
            f"{_crs_hint(frame)}"
        )
    source = identify(frame.crs)
    geometry = np.asarray(frame.geometry.array, dtype=object)
    _check_plausible(geometry, source, name, frame.index)
    if datum is not None:
        geometry = _undo_datum(geometry, source, datum, name)
        source = CRS.from_epsg(WGS84)
    if like is not None:
        if like.crs is None:
            raise CRSError("`like` has no coordinate system.")
        target = identify(like.crs)
    else:
        target = _data_zone(geometry, source, name)
    out = frame.copy()
    moved = _transform(geometry, source, target, name)
    return out.set_geometry(_as_series(frame, moved, target))


def _as_series(frame: gpd.GeoDataFrame, geometry: NDArray[Any], crs: CRS) -> gpd.GeoSeries:
    import geopandas as gpd

    return gpd.GeoSeries(geometry, index=frame.index, crs=crs, name=frame.geometry.name)


def _bounds(geometry: NDArray[Any]) -> tuple[float, float, float, float]:
    xmin, ymin, xmax, ymax = shapely.total_bounds(geometry)
    return float(xmin), float(ymin), float(xmax), float(ymax)


def _check_plausible(geometry: NDArray[Any], crs: CRS, name: str, index: pd.Index[Any]) -> None:
    box = shapely.bounds(geometry)
    present = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    odd = present & ~np.isfinite(box).all(axis=1)
    if odd.any():
        raise GeometryError(f"`{name}` has coordinates that are not finite numbers.", index[odd])
    if not present.any():
        return
    xmin, ymin, xmax, ymax = _bounds(geometry)
    where = f"x {xmin:.6g} to {xmax:.6g}, y {ymin:.6g} to {ymax:.6g}"
    if crs.is_geographic:
        if max(abs(xmin), abs(xmax)) <= 180 and max(abs(ymin), abs(ymax)) <= 90:
            return
        if max(abs(xmin), abs(xmax)) <= 90 and max(abs(ymin), abs(ymax)) <= 180:
            raise CRSError(
                f"`{name}` says it is in degrees ({crs.name}) and has {where}: latitude and "
                "longitude are swapped. Exchange x and y where the file was made."
            )
        raise CRSError(
            f"`{name}` says it is in degrees ({crs.name}) and has {where}: these are not degrees."
            " Pass assume_crs= with the system it was made in."
            f"{_crs_hint_box(xmin, ymin, xmax, ymax)}"
        )
    here = _lonlat(crs, xmin, ymin, xmax, ymax)
    if _inside(here, crs):
        return
    if _inside(_lonlat(crs, ymin, xmin, ymax, xmax), crs):
        raise CRSError(
            f"`{name}` has {where}, which {crs.name} takes elsewhere: x and y are swapped "
            "(Chinese survey files often put north first). Exchange them where the file was made."
        )
    raise CRSError(
        f"`{name}` has {where}, far outside where {crs.name} is used. "
        f"Pass assume_crs= with the system it was made in.{_crs_hint_box(xmin, ymin, xmax, ymax)}"
    )


def _lonlat(crs: CRS, xmin: float, ymin: float, xmax: float, ymax: float) -> Floats:
    base = crs.geodetic_crs
    if base is None:
        return np.full((2, 2), np.nan)
    to_degrees = Transformer.from_crs(crs, base, always_xy=True)
    lon, lat = to_degrees.transform([xmin, xmax], [ymin, ymax])
    return np.array([lon, lat], dtype=float)


def _inside(lonlat: Floats, crs: CRS) -> bool:
    """Whether a place lies where the system is used, with room for neighbours."""
    if not np.isfinite(lonlat).all() or (abs(lonlat[1]) > 90).any():
        return False
    area = crs.area_of_use
    if area is None:
        return True
    west, east = area.west - 6, area.east + 6
    if west > east:
        east += 360
    south, north = area.south - 6, area.north + 6
    lon, lat = lonlat
    around = lon + 360 * (lon < west)
    return bool(((around >= west) & (around <= east) & (lat >= south) & (lat <= north)).all())


def _crs_hint(frame: gpd.GeoDataFrame) -> str:
    geometry = np.asarray(frame.geometry.array, dtype=object)
    if shapely.is_empty(geometry).all() or not np.isfinite(shapely.total_bounds(geometry)).all():
        return ""
    return _crs_hint_box(*_bounds(geometry))


def _crs_hint_box(xmin: float, ymin: float, xmax: float, ymax: float) -> str:
    """What the magnitude of coordinates in China suggests; it never tells the datum."""
    china_north = ymin > 0 and ymax < 6_000_000
    prefix = xmin // PREFIX_STEP
    if xmin >= ZONES_WEST and xmax <= ZONES_EAST and ymin >= 0 and ymax <= 60:
        return f" The numbers look like degrees: perhaps {CGCS2000}."
    if china_north and ymin > 60 and FIRST_PREFIX <= prefix <= 45 and xmax // PREFIX_STEP == prefix:
        code = FIRST_PREFIXED_EPSG + int(prefix) - FIRST_PREFIX
        return f" The numbers look like 3-degree zone {int(prefix)}: perhaps {code}."
    if china_north and ymin > 100_000 and xmin >= 300_000 and xmax <= 700_000:
        return (
            " The numbers look like a 3-degree zone without its number: "
            "which meridian, only the sender knows."
        )
    return ""


def _data_zone(geometry: NDArray[Any], source: CRS, name: str) -> CRS:
    if len(geometry) == 0 or not np.isfinite(shapely.total_bounds(geometry)).all():
        if source.is_projected:
            return source
        raise CRSError(f"`{name}` is empty, so its zone is unknown. Pass like= another layer.")
    # The middle row, not the middle of the bounds: one stray row far away must not choose.
    box = shapely.bounds(geometry)
    box = box[np.isfinite(box).all(axis=1)]
    x, y = np.median((box[:, 0] + box[:, 2]) / 2), np.median((box[:, 1] + box[:, 3]) / 2)
    (lon, _), (lat, _) = _lonlat(source, float(x), float(y), float(x), float(y))
    return zone_crs(float(lon), float(lat))


def _family(crs: CRS) -> str:
    """WGS 84 and CGCS2000 are one family; anything else is itself.

    Files spell both in many ways, so the datum's name and the ellipsoid decide. A datum
    without a name on the same ellipsoid is taken for one of them.
    """
    base = crs.geodetic_crs
    if base is None or base.datum is None or base.ellipsoid is None:
        return crs.name
    if base.to_epsg(EPSG_CONFIDENCE) in (WGS84, CGCS2000):
        return GLOBAL
    datum = "".join(char for char in base.datum.name.casefold() if char.isalnum())
    known = (
        datum in ("wgs84", "dwgs84", "dwgs1984", "wgs1984")
        or datum in ("china2000", "dchina2000", "chinageodeticcoordinatesystem2000")
        or datum.startswith(("worldgeodeticsystem1984", "unknown"))
        or "cgcs2000" in datum
    )
    prime = base.prime_meridian
    same_shape = (
        abs(base.ellipsoid.semi_major_metre - 6378137) < 0.01
        and abs(base.ellipsoid.inverse_flattening - 298.2572) < 1e-4
        and (prime is None or prime.longitude == 0)
    )
    return GLOBAL if known and same_shape else base.name


def _transform(geometry: NDArray[Any], source: CRS, target: CRS, name: str) -> NDArray[Any]:
    if source == target or len(shapely.get_coordinates(geometry)) == 0:
        return geometry.copy()
    steps: list[Transformer] = []
    try:
        if _family(source) == _family(target) == GLOBAL:
            # Relabelled between the two steps: degrees of WGS 84 are degrees of CGCS2000.
            for crs, direction in ((source, "out"), (target, "in")):
                if crs.is_geographic:
                    continue
                ends = (crs, crs.geodetic_crs) if direction == "out" else (crs.geodetic_crs, crs)
                steps.append(Transformer.from_crs(ends[0], ends[1], always_xy=True))
        else:
            to = target
            if _family(target) == GLOBAL:
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
    (west, east), (south, north) = _lonlat(source, *_bounds(geometry))
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
    return _transform(geometry, identify(crs), CRS.from_epsg(target), "layer")


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
    return _transform(geometry, identify(source), identify(target), name)


# ---------------------------------------------------------------- demands of a measure


def require_metres(**layers: gpd.GeoDataFrame) -> None:
    """Refuse layers a measure cannot use: no CRS, degrees, feet, distortion, disagreement.

    Parameters
    ----------
    **layers : GeoDataFrame
        By the names the caller gave them.

    Raises
    ------
    CRSError
        With what came, what was needed and what to type.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> require_metres(roads=sample.roads().to_crs(4490))
    Traceback (most recent call last):
    ...
    deqing_geo.errors.CRSError: `roads` is in EPSG:4490, measured in degrees; this measure needs
    metres. Try roads.to_crs(4549).
    """
    first: tuple[str, CRS] | None = None
    for name, frame in layers.items():
        if not hasattr(frame, "geometry"):
            raise CRSError(f"`{name}` is a {type(frame).__name__}, not a GeoDataFrame.")
        if frame.crs is None:
            raise CRSError(
                f"`{name}` has no coordinate system. "
                f"Try {name}.set_crs(…) with the one it was made in."
            )
        crs = CRS.from_user_input(frame.crs)
        said = _called(crs)
        if crs.is_geographic:
            raise CRSError(
                f"`{name}` is in {said}, measured in degrees; this measure needs metres."
                f" Try {name}.to_crs({_suggestion(frame)})."
            )
        units = {axis.unit_name for axis in crs.axis_info[:2]}
        if units != {"metre"}:
            raise CRSError(
                f"`{name}` is in {said}, measured in {' and '.join(sorted(units))}; this measure"
                f" needs metres. Try {name}.to_crs({_suggestion(frame)})."
            )
        if first is None:
            first = (name, crs)
            _refuse_distortion(name, frame, crs)
        elif crs != first[1] and identify(crs) != identify(first[1]):
            raise CRSError(
                f"`{name}` is in {said}, `{first[0]}` in {_called(first[1])}; this measure needs "
                f"them alike. Try {name}.to_crs({first[0]}.crs)."
            )


def _refuse_distortion(name: str, frame: gpd.GeoDataFrame, crs: CRS) -> None:
    box = shapely.bounds(np.asarray(frame.geometry.array, dtype=object))
    there = np.isfinite(box).all(axis=1)
    if not there.any():
        return
    stretch = np.ones(len(box))
    centre = (box[there, :2] + box[there, 2:]) / 2
    stretch[there] = areal_scale(crs, centre[:, 0], centre[:, 1])
    far = ~(np.abs(stretch - 1) <= AREA_SCALE_LIMIT)
    if far.any():
        worst = stretch[far][np.argmax(np.abs(np.nan_to_num(stretch[far], nan=np.inf) - 1))]
        amount = "an unknown amount" if np.isnan(worst) else f"{worst - 1:+.1%}"
        code = _suggestion(frame)
        cure = (
            "Leave the rows out that lie far away, or measure them apart."
            if code == str(crs.to_epsg())
            else f"Try {name}.to_crs({code})."
        )
        raise CRSError(
            f"`{name}` is in {_called(crs)}, which stretches land by {amount} there; "
            f"figures from it would mislead. {cure}",
            frame.index[far],
        )


def _called(crs: CRS) -> str:
    code = crs.to_epsg(EPSG_CONFIDENCE)
    return f"EPSG:{code}" if code else crs.name


def _suggestion(frame: gpd.GeoDataFrame) -> str:
    try:
        geometry = np.asarray(frame.geometry.array, dtype=object)
        zone = _data_zone(geometry, identify(frame.crs), "layer")
    except CRSError:
        return "…"
    return str(zone.to_epsg())


# ---------------------------------------------------------------- shifts of map services


def _undo_datum(geometry: NDArray[Any], source: CRS, datum: str, name: str) -> NDArray[Any]:
    if datum not in DATUMS:
        raise CRSError(f"datum={datum!r} is not one of {', '.join(DATUMS)}.")
    if not source.is_geographic:
        raise CRSError(
            f"`{name}` is in {_called(source)}; datum={datum!r} is undone in degrees only. "
            "Ask for the layer as the service gives it."
        )
    undo = gcj02_to_wgs84 if datum == "gcj02" else bd09_to_wgs84
    moved: NDArray[Any] = shapely.transform(
        geometry, lambda coords: np.column_stack(undo(coords[:, 0], coords[:, 1]))
    )
    return moved


def suspect_datum(
    outline: Iterable[Any], reference: gpd.GeoDataFrame, crs: Any
) -> tuple[str, float] | None:
    """Whether an outline fits a reference better once a service's shift is undone.

    Parameters
    ----------
    outline : iterable of shapely polygons
        In `crs`; together they should cover the same land as `reference`.
    reference : GeoDataFrame
        An outline known to be true, in any CRS.
    crs : CRS
        System of `outline`; projected.

    Returns
    -------
    (str, float) or None
        The suspected shift and how far it moves the outline, in metres; None where the
        outline fits best as it is.

    Raises
    ------
    CRSError
        If the reference is empty or an outline of other land.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> town = sample.town()
    >>> suspect_datum(town.geometry, town, town.crs) is None
    True
    """
    target = identify(crs)
    base = target.geodetic_crs
    if len(reference) == 0:
        raise CRSError("`reference` is empty: it says nothing about the layer.")
    shapes = shapely.union_all(np.asarray(list(outline), dtype=object))
    true = to_working(reference, name="reference")
    truth = shapely.union_all(
        _transform(
            np.asarray(true.geometry.array, dtype=object), identify(true.crs), target, "reference"
        )
    )
    if shapes.is_empty or truth.is_empty or base is None:
        return None
    common = shapely.area(shapely.intersection(shapes, truth))
    alike = common / max(shapely.area(shapes), shapely.area(truth))
    if alike < ALIKE:
        raise CRSError(
            f"`reference` and the layer have {alike:.0%} of their land in common. "
            "Give an outline of the same land, or leave reference= out."
        )
    degrees = _transform(np.array([shapes], dtype=object), target, base, "layer")
    misfit = {"": shapely.area(shapely.symmetric_difference(shapes, truth))}
    moved: dict[str, float] = {}
    for datum in DATUMS:
        undone = _undo_datum(degrees, base, datum, "layer")
        there = _transform(undone, base, target, "layer")[0]
        misfit[datum] = shapely.area(shapely.symmetric_difference(there, truth))
        moved[datum] = float(shapely.distance(shapely.centroid(shapes), shapely.centroid(there)))
    best = min(misfit, key=lambda datum: misfit[datum])
    return (best, moved[best]) if best and misfit[best] < MISFIT_SHARE * misfit[""] else None
