"""Layers as files give them: roads, parks and homes, in the library's own words.

Reads and translates; measures nothing. What a class means for a figure is for the
definition to say.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, DeqingGeoWarning
from deqing_geo.landuse import LandUse, decide
from deqing_geo.reading import LINES, POLYGONS, OsmQuery, note, read, read_status

if TYPE_CHECKING:
    import geopandas as gpd

PRIVATE = ("private", "no")
CODE_AND_NAME = ("landuse_code", "landuse_name")


def read_roads(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Roads with their class (道路等级) in the library's vocabulary.

    Government grades in Chinese, the library's own words and OpenStreetMap's ``highway``
    are understood; the translation from OpenStreetMap is this library's proposal, since
    its tags are not Chinese grades. Roads under construction or proposed keep that status.

    Parameters
    ----------
    path : path
        GeoPackage, GeoJSON, Shapefile or OpenStreetMap extract (``.osm.pbf``).
    layer : str, optional
        The layer of a file with several.
    columns : mapping, optional
        ``{"road_class": "field"}`` where the alias table is wrong.
    assume_crs : optional
        The system the file was made in, where it does not say.
    datum : {"gcj02", "bd09"}, optional
        The shift of the map service the roads come from, to be undone.
    like : GeoDataFrame, optional
        Take the CRS of this frame, so that both can be measured together.

    Returns
    -------
    GeoDataFrame of LineString, one row per line
        Metres; columns ``road_class`` (``unknown`` where blank or not understood),
        ``road_name`` and ``road_status`` where the file has them; other fields kept.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent or contradicted.
    GeometryError
        If it holds anything but lines.
    ColumnError
        If there is no class column, not one class is understood, or a status is unknown.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "roads.geojson"
    ...     sample.roads().to_file(file)
    ...     roads = read_roads(file)
    >>> roads["road_class"].to_list()
    ['arterial', 'branch', 'estate', 'farm_track', 'branch', 'link']
    """
    frame = read(
        path,
        name="roads",
        kind=LINES,
        wanted=("road_name", "road_class", "road_status", "opened_on", "access", "osm_id"),
        osm=OsmQuery(
            "lines", "highway IS NOT NULL", ("highway",), ("access", "construction", "proposed")
        ),
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=like,
    )
    if "road_class" not in frame:
        raise _no_column(frame, "roads", "road_class")
    frame = read_status(frame, "road_status")
    raw, frame = _unbuilt(names.clean_text(frame["road_class"]), frame)
    osm = names.crosswalk("osm_highway")
    classes = names.read_values(raw, "road_class", extra=_known_classes())
    several = classes.isna() & raw.notna()
    classes[several] = raw[several].map(_highest)
    classes = classes.where(classes.notna(), None)
    if len(frame) and classes.isna().all():
        raise ColumnError(
            f"Not one value of `road_class` is understood: {_seen(raw)}. It may hold "
            f"{'、'.join(names.vocabulary('road_class').values())}, or OpenStreetMap's highway."
        )
    unread = raw[classes.isna() & raw.notna()]
    if "access" in frame:
        # A gate with a guard is no street of the town, whatever its class.
        closed = names.clean_text(frame["access"]).isin(PRIVATE)
        classes = classes.mask(closed.to_numpy(dtype=bool), "other")
    # A motorway is one in both vocabularies; that word alone proves nothing.
    theirs = [tag for tag in osm if tag not in names.vocabulary("road_class")]
    if raw.isin(theirs).any():
        note(frame, proxy="road_class", credit="OpenStreetMap")
    note(
        frame,
        classes_not_understood=tuple(sorted(set(unread.astype(str)))[:20]),
        classes_of_several=int((several & classes.notna()).sum()),
    )
    if len(unread):
        warnings.warn(
            f"`roads`: the class of {len(unread)} rows is not understood: {_seen(unread)}. They "
            f"are {names.vocabulary('road_class')[names.UNKNOWN]} and count in no definition.",
            DeqingGeoWarning,
            stacklevel=2,
        )
    frame["road_class"] = classes.where(classes.notna(), names.UNKNOWN)
    if "road_name" in frame:
        frame["road_name"] = names.clean_text(frame["road_name"])
    return frame


def read_parks(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
    landuse: str | None = None,
) -> gpd.GeoDataFrame:
    """Parks (公园绿地) with their class in the library's vocabulary.

    A land-use layer is reduced to its park codes (三调 0810, 用地用海 1401 and what lies
    beside it); OpenStreetMap's ``leisure=park`` is a proxy and says so. A layer without
    any class is taken at its word: parks, of no known class.

    Parameters
    ----------
    path, layer, columns, assume_crs, datum, like
        As for `read_roads`; the class column is ``park_class``.
    landuse : {"sandiao", "guide"}, optional
        Whose land-use codes the layer holds (第三次国土调查, or the 用地用海 guide of 2023),
        where the field's name does not say.

    Returns
    -------
    GeoDataFrame of Polygon, one row per park
        Metres; columns ``park_class``, and ``park_name`` and ``park_status`` where the
        file has them.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent or contradicted.
    GeometryError
        If it holds anything but polygons.
    ColumnError
        If classes are not understood, codes are damaged, or their system is undecided.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "parks.gpkg"
    ...     sample.parks().to_file(file)
    ...     parks = read_parks(file)
    >>> parks["park_class"].to_list()
    ['G11', 'G14', 'G14']
    """
    frame = read(
        path,
        name="parks",
        kind=POLYGONS,
        wanted=("park_name", "park_class", "park_status", "opened_on", "osm_id", *CODE_AND_NAME),
        osm=OsmQuery("multipolygons", "leisure = 'park'", ("leisure",)),
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=like,
    )
    frame = read_status(_classed(frame, "park", "parks", landuse), "park_status")
    if "park_name" in frame:
        frame["park_name"] = names.clean_text(frame["park_name"])
    return frame


def read_homes(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
    landuse: str | None = None,
) -> gpd.GeoDataFrame:
    """Residential land (居住用地), the denominator of park coverage.

    A land-use layer is reduced to its residential codes (三调 0701 and 0702, 用地用海 0701,
    0702 and 0703); which of them count is for the definition to say. OpenStreetMap's
    ``landuse=residential`` is a proxy and says so. A layer without any class is taken at
    its word: residential land.

    Parameters
    ----------
    path, layer, columns, assume_crs, datum, like, landuse
        As for `read_parks`; the class column is ``home_class``.

    Returns
    -------
    GeoDataFrame of Polygon, one row per block
        Metres; column ``home_class``.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent or contradicted.
    GeometryError
        If it holds anything but polygons.
    ColumnError
        If classes are not understood, codes are damaged, or their system is undecided.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "DLTB.gpkg"
    ...     sample.homes()[["geometry"]].assign(DLBM=["0701", "0702", "1003"]).to_file(file)
    ...     homes = read_homes(file)
    >>> homes["home_class"].to_list()  # 0702 is a homestead here, and shops in the other system
    ['urban_residential', 'homestead']
    """
    frame = read(
        path,
        name="homes",
        kind=POLYGONS,
        wanted=("home_class", "osm_id", *CODE_AND_NAME),
        osm=OsmQuery("multipolygons", "landuse = 'residential'", ("landuse",)),
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=like,
    )
    return _classed(frame, "home", "homes", landuse)


def _classed(
    frame: gpd.GeoDataFrame, what: str, name: str, landuse: str | None
) -> gpd.GeoDataFrame:
    """Parks or homes with a class: by land-use code, by class column, by the layer's word."""
    column = f"{what}_class"
    codes = decide(frame, name, landuse, renamed=frame.attrs["reading"]["renamed"])
    if codes is None and (landuse is not None or (column not in frame and _named_landuse(frame))):
        known = ", ".join(names.crosswalk("landuse_field"))
        fields = ", ".join(str(field) for field in frame.columns if field != "geometry")
        raise ColumnError(
            f"`{name}` is a land-use layer without a field of codes: {known}. Its fields: "
            f"{fields}. Pass columns={{'landuse_code': '…'}}, and landuse='sandiao' (三调) or "
            "landuse='guide' (用地用海) if the field's name does not say."
        )
    if codes is not None and column not in frame:
        return _by_code(frame, what, name, codes)
    if column not in frame:
        unspecified = {"park": "park_unspecified", "home": "residential_proxy"}[what]
        note(frame, proxy=column, taken_as=unspecified)
        return frame.assign(**{column: unspecified})
    raw = names.clean_text(frame[column])
    osm = names.crosswalk(f"osm_{what}")
    classes = names.read_values(raw, column, extra=osm)
    if len(frame) and classes.isna().all():
        raise ColumnError(
            f"Not one value of `{column}` is understood: {_seen(raw)}. "
            f"It may hold {'、'.join(names.vocabulary(column).values())}."
        )
    if raw.isin(list(osm)).any():
        note(frame, proxy=column, credit="OpenStreetMap")
    odd = classes.isna()
    if what == "home":
        # What is not residential is not the denominator; a land-use layer is mostly that.
        note(frame, left_out=int(odd.sum()))
        return frame.assign(**{column: classes})[~odd].reset_index(drop=True)
    note(frame, classes_not_understood=tuple(sorted(set(raw[odd & raw.notna()].astype(str)))[:20]))
    return frame.assign(**{column: classes.where(~odd, names.UNKNOWN)})


def _by_code(frame: gpd.GeoDataFrame, what: str, name: str, found: LandUse) -> gpd.GeoDataFrame:
    blank = int(found.codes.isna().sum())
    if blank:
        warnings.warn(
            f"`{name}`: {found.field} is blank in {blank} rows, which were left out.",
            DeqingGeoWarning,
            stacklevel=3,
        )
    table = names.crosswalk(f"{found.system}_{what}")
    # 0810A or 070101: a subclass belongs to its class unless it is listed itself.
    classes = found.codes.map(
        lambda code: None if code is None else table.get(code, table.get(str(code)[:4]))
    )
    kept = classes.notna().to_numpy(dtype=bool)
    note(
        frame,
        landuse_system=found.system,
        landuse_field=found.field,
        landuse_why=found.why,
        left_out=int((~kept).sum()),
    )
    out = frame.assign(**{f"{what}_class": classes})[kept].reset_index(drop=True)
    if len(frame) and not len(out):
        warnings.warn(
            f"`{name}`: not one of {len(frame)} rows has a code of {what}s in {found.field}.",
            DeqingGeoWarning,
            stacklevel=3,
        )
    return out


def _unbuilt(
    raw: pd.Series[Any], frame: gpd.GeoDataFrame
) -> tuple[pd.Series[Any], gpd.GeoDataFrame]:
    """OpenStreetMap's roads under construction or proposed: their class to be, and the status."""
    status = np.full(len(frame), None, dtype=object)
    for tag, word in (("construction", "building"), ("proposed", "planned")):
        rows = (raw == tag).to_numpy(dtype=bool)
        status[rows] = word
        # Without the tag, what it will be is not said; that it is not open is.
        raw = raw.mask(rows, names.clean_text(frame[tag]) if tag in frame else None)
    if "road_status" in frame:
        given = frame["road_status"].to_numpy(dtype=object)
        status = np.where([word is None for word in status], given, status)
    elif all(word is None for word in status):
        return raw, frame
    return raw, frame.assign(road_status=pd.Series(status, index=frame.index, dtype=object))


def _highest(text: object) -> str | None:
    """The highest class of a cell that holds several, as merged lines have them."""
    words = pd.Series(re.findall(r"[^\s,;'\"\[\]()|/]+", str(text)), dtype=object)
    if len(words) < 2 and not str(text).startswith("["):
        return None
    found = set(names.read_values(words, "road_class", extra=_known_classes()))
    return next((word for word in names.vocabulary("road_class") if word in found), None)


def _known_classes() -> dict[str, str]:
    return {**names.crosswalk("osm_highway"), **names.crosswalk("road_words")}


def _named_landuse(frame: gpd.GeoDataFrame) -> bool:
    """Whether a layer gives land use by name only: its roads would pass for homes."""
    known = {names.fold(said) for said in names.crosswalk("landuse_name").values()}
    return any(names.fold(str(field)) in known for field in frame.columns)


def _no_column(frame: gpd.GeoDataFrame, name: str, column: str) -> ColumnError:
    fields = ", ".join(str(field) for field in frame.columns if field != "geometry")
    return ColumnError(
        f"`{name}` has no `{column}` ({names.label(column)}). Its fields: {fields or 'none'}. "
        f"Pass columns={{'{column}': '…'}}."
    )


def _seen(series: pd.Series[Any]) -> str:
    found = series.dropna().astype(str).value_counts()
    return ", ".join(f"{value} ({count})" for value, count in found.head(5).items()) or "nothing"
