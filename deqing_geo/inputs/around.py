"""Layers a run takes besides roads, parks and homes: law, seats, hazards, services.

Reads and translates; measures nothing.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, DeqingGeoWarning, GeometryError, InputError
from deqing_geo.landuse import decide
from deqing_geo.reading import LINES, PLACES, POINTS, POLYGONS, OsmQuery, note, read
from deqing_geo.tables import is_table, read_places

# For each layer: the shapes it holds, the columns looked for, and those it cannot do without.
LAYERS: dict[str, tuple[Any, tuple[str, ...], tuple[str, ...]]] = {
    "seats": (POINTS, ("seat_kind", "town_code", "town_name"), ("seat_kind",)),
    "boundaries": (POLYGONS, ("boundary_name", "boundary_kind"), ()),
    "redline": (POLYGONS, ("redline_name",), ()),
    "water_source": (POLYGONS, ("protection_level",), ()),
    "farmland": (POLYGONS, (), ()),
    "cropland": (POLYGONS, ("landuse_code", "landuse_name"), ()),
    "hazards": (PLACES, ("hazard_kind", "hazard_class", "threatened_people"), ("hazard_class",)),
    "fault_lines": (LINES, ("fault_name",), ()),
    "facilities": (POINTS, ("facility_class", "facility_name", "opened_on"), ("facility_class",)),
}
# Nothing is decided by these: 地面塌陷 and 不稳定斜坡 stay as they are written.
DESCRIPTIVE = ("hazard_kind",)
# 耕地 begins so in 三调 and in the guide of 2023 alike.
CROPLAND = "01"
# Layers whose fields say an area, and what units measure in square metres.
WITH_AREA = ("boundaries", "redline", "farmland", "cropland")
TO_M2 = {"m2": 1.0, "mu": 2000 / 3, "ha": 1e4, "km2": 1e6}
# A declared area and its shape differ by projection, generalisation and field ridges: a few per
# cent. Units differ by a factor of fifteen or more.
UNIT_FITS = 0.2


def read_layer(
    path: str | os.PathLike[str],
    what: str,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
    landuse: str | None = None,
) -> gpd.GeoDataFrame:
    """A layer the village types are judged by: law, seats, hazards, faults or services.

    Parameters
    ----------
    path : path
        GeoPackage, GeoJSON or Shapefile; of points also a table (``.csv``, ``.xlsx``, ``.xls``)
        with 经度 and 纬度, or 东坐标 and 北坐标.
    what : str
        ``seats`` (镇、街道驻地), ``boundaries`` (城镇开发边界), ``redline`` (生态保护红线),
        ``water_source`` (饮用水水源保护区), ``farmland`` (永久基本农田), ``cropland`` (耕地; of a
        layer with land-use codes the rows of 01),
        ``hazards`` (地质灾害隐患点或易发区), ``fault_lines`` (断裂带) or ``facilities``
        (公共服务设施).
    layer : str, optional
        The layer, or the sheet, of a file with several.
    columns : mapping, optional
        From our columns to the file's fields, where the alias table is wrong.
    assume_crs : optional
        The system the file was made in, where it does not say.
    datum : {"gcj02", "bd09"}, optional
        The shift of the map service the layer comes from, to be undone.
    like : GeoDataFrame, optional
        Take the CRS of this frame.
    landuse : {"sandiao", "guide"}, optional
        Whose land-use codes a layer of ``cropland`` holds, where it does not say.

    Returns
    -------
    GeoDataFrame
        Metres; classes in the library's words. A layer of law may be empty with `like`; where a
        field tells an area, ``declared_area_m2`` holds it (MJ is m2, QYMJ km2).

    Raises
    ------
    InputError
        If `what` is not known.
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent or contradicted.
    GeometryError
        If it holds the wrong kind of shapes.
    ColumnError
        If a column it needs is absent, or holds a word that is not understood.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "seats.gpkg"
    ...     sample.county(1).seats.to_file(file)
    ...     read_layer(file, "seats")["seat_kind"].value_counts().to_dict()
    {'town': 11, 'county_seat': 1, 'subcentre': 1}
    """
    if what not in LAYERS:
        raise InputError(f"read_layer knows no {what!r}; it knows {', '.join(LAYERS)}.")
    frame = _open(path, what, layer, columns, assume_crs, datum, like)
    _refuse_without(frame, what)
    frame = _translated(frame, what)
    if what == "cropland":
        frame = _arable(frame, landuse)
    if what in WITH_AREA:
        frame = _declared_area(frame, what)
    if "town_code" in frame:
        text = names.clean_text(frame["town_code"]).astype("string").str.removesuffix(".0")
        frame["town_code"] = text.str.slice(0, 9).astype(object).where(text.notna(), None)
    return _numbered(frame)


def read_facilities(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
    facility_class: str | None = None,
    words: Mapping[str, str | None] | None = None,
) -> gpd.GeoDataFrame:
    r"""Places of services (公共服务设施): schools, clinics, bus stops and the like.

    Of a layer of points, or of a table with coordinates. What offices call them is translated by
    the table ``crosswalk.facility_class_words`` of ``columns.toml``; a word that is not there is
    refused, since a facility that is not counted makes a village look without it.

    Parameters
    ----------
    path : path
        GeoPackage, GeoJSON, Shapefile, OpenStreetMap extract (``.osm.pbf``; its points), or a
        table (``.csv``, ``.xlsx``, ``.xlsm``, ``.xls``) with 经度 and 纬度, or 东坐标 and 北坐标.
    layer : str, optional
        The layer, or the sheet, of a file with several.
    columns : mapping, optional
        From our columns to the file's fields, where the alias table is wrong; ``longitude``,
        ``latitude``, ``easting`` and ``northing`` among them.
    assume_crs : optional
        The system of the coordinates, where the file does not say.
    datum : {"gcj02", "bd09"}, optional
        The shift of the map service the coordinates come from, to be undone.
    like : GeoDataFrame, optional
        Take the CRS of this frame.
    facility_class : str, optional
        What all of them are, where the file is a list of one kind: ``clinic``, ``bus_stop`` …
    words : mapping, optional
        The planner's own, which go before the table: ``{"卫生院": "clinic", "加油站": None}``;
        rows of a word that means None (in a recipe an empty text) are left out and told.

    Returns
    -------
    GeoDataFrame of Point, one row per place
        Metres; ``facility_class`` in the library's words, ``facility_name`` and ``opened_on``
        where the file has them; other fields kept.

    Raises
    ------
    InputError
        If `facility_class` or a meaning in `words` is no class of facilities.
    BoundaryFileError
        If the file is refused or unreadable, or its layer or sheet must be named.
    CRSError
        If the coordinate system is absent or contradicted, longitude and latitude are swapped, or
        a map service is spoken of and `datum` is not declared.
    GeometryError
        If it holds anything but points.
    ColumnError
        If there is no class, a word is not understood, or a coordinate is no number.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> lines = "名称,设施类别,经度(CGCS2000),纬度(CGCS2000)\n甲村卫生室,卫生室,119.97,30.53\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "facilities.csv"
    ...     _ = file.write_text(lines, "gbk")
    ...     read_facilities(file)["facility_class"].to_list()
    ['clinic']
    """
    known = names.vocabulary("facility_class")
    meant = {names.fold(said): own or None for said, own in (words or {}).items()}
    for one in (facility_class, *meant.values()):
        if one is not None and one not in known:
            raise InputError(f"{one!r} is no class of facilities: {', '.join(known)}.")
    frame = _open(path, "facilities", layer, columns, assume_crs, datum, like)
    if facility_class is not None:
        frame["facility_class"] = facility_class
        note(frame, taken_as=facility_class)
    _refuse_without(frame, "facilities")
    raw = names.clean_text(frame["facility_class"])
    said = ["" if word is None else names.fold(word) for word in raw]
    out = np.array([word in meant and meant[word] is None for word in said], dtype=bool)
    mine = pd.Series([meant.get(word) for word in said], index=frame.index, dtype=object)
    frame["facility_class"] = mine.where(mine.notna(), raw)
    if out.any():
        note(frame, left_out={"rows": int(out.sum()), "words": tuple(sorted(set(raw[out])))})
        kept = frame[~out]
        kept.attrs.update(frame.attrs)
        frame = kept
    return _numbered(_translated(frame, "facilities"))


def _open(
    path: str | os.PathLike[str],
    what: str,
    layer: str | None,
    columns: Mapping[str, str] | None,
    assume_crs: Any,
    datum: str | None,
    like: gpd.GeoDataFrame | None,
) -> gpd.GeoDataFrame:
    """A layer of a file, or the rows of a table as points."""
    kind, wanted, _ = LAYERS[what]
    if is_table(path) and kind in (POINTS, PLACES):
        return read_places(
            path,
            name=what,
            wanted=wanted,
            sheet=layer,
            columns=columns,
            assume_crs=assume_crs,
            datum=datum,
            like=like,
        )
    frame = read(
        path,
        name=what,
        kind=kind,
        wanted=wanted,
        osm=_osm_query() if what == "facilities" else None,
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=like,
    )
    if frame.attrs["reading"]["driver"] == "OSM" and what == "facilities":
        frame = _from_osm(frame)
    return _single_points(frame, what)


def _refuse_without(frame: gpd.GeoDataFrame, what: str) -> None:
    for column in LAYERS[what][2]:
        if column not in frame:
            fields = ", ".join(str(field) for field in frame.columns if field != "geometry")
            also = " or facility_class= with what all of them are" * (what == "facilities")
            raise ColumnError(
                f"`{what}` has no column that is `{column}`. Its fields: {fields or 'none'}. "
                f"Pass columns={{'{column}': '…'}}{also}."
            )


def _translated(frame: gpd.GeoDataFrame, what: str) -> gpd.GeoDataFrame:
    """Classes in the library's words, names without what does not belong to them."""
    for column in LAYERS[what][1]:
        if column in frame and column in DESCRIPTIVE:
            text = names.clean_text(frame[column])
            frame[column] = names.read_values(text, column).where(lambda one: one.notna(), text)
        elif column in frame and column in names.vocabularies():
            frame[column] = _words(frame[column], column, _extra(column))
        elif column in frame and column.endswith("_name"):
            frame[column] = names.clean_text(frame[column])
    return frame


def _extra(column: str) -> dict[str, str]:
    """Other words for the classes of a column: offices', and OpenStreetMap's of services."""
    try:
        said = dict(names.crosswalk(f"{column}_words"))
    except ColumnError:
        said = {}
    if column == "facility_class":
        said = {tag.partition("=")[2]: own for tag, own in _osm_tags().items()} | said
    return said


def _numbered(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rows from 0, once no message has to name those of a sheet."""
    out = frame.reset_index(drop=True)
    out.attrs.update(frame.attrs)
    return out


# ---------------------------------------------------------------- OpenStreetMap


def _osm_tags() -> Mapping[str, str]:
    return names.crosswalk("osm_facility")


def _osm_query() -> OsmQuery:
    """Points with one of the tags; GDAL has `highway` as a field and the others in a heap."""
    ways = [tag.partition("=")[::2] for tag in _osm_tags()]
    where = " OR ".join(
        f"highway = '{value}'" if key == "highway" else f'other_tags LIKE \'%"{key}"=>"{value}"%\''
        for key, value in ways
    )
    tags = tuple(dict.fromkeys(key for key, _ in ways if key != "highway"))
    return OsmQuery("points", where, ("highway",), tags)


def _from_osm(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    # `amenity` is one of the names of the class, so reading has called it so.
    held = frame.rename(columns={"facility_class": "amenity"})
    found = pd.Series(None, index=frame.index, dtype=object)
    for tag, own in _osm_tags().items():
        key, _, value = tag.partition("=")
        found = found.mask(found.isna() & (held[key] == value), own)
    out = held.drop(columns=["amenity", "shop", "leisure", "highway"]).assign(facility_class=found)
    out.attrs.update(frame.attrs)
    note(out, proxy="facility_class", credit="OpenStreetMap")
    return out


# ---------------------------------------------------------------- rows


def _single_points(frame: gpd.GeoDataFrame, what: str) -> gpd.GeoDataFrame:
    """GeoPackages hold points as multi-points of one; more than one is no place."""
    shapes = np.asarray(frame.geometry.array, dtype=object)
    several = shapely.get_type_id(shapes) == int(shapely.GeometryType.MULTIPOINT)
    crowd = several & (shapely.get_num_geometries(shapes) > 1)
    if crowd.any():
        raise GeometryError(
            f"`{what}` has rows of several points. Split them into one row a point.",
            frame.index[crowd],
        )
    if not several.any():
        return frame
    shapes[several] = shapely.get_geometry(shapes[several], 0)
    out = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    out.attrs.update(frame.attrs)
    return out


def _arable(frame: gpd.GeoDataFrame, landuse: str | None) -> gpd.GeoDataFrame:
    """The arable rows of a land-use layer; one without codes is taken at its word."""
    renamed = frame.attrs["reading"]["renamed"]
    found = decide(frame, "cropland", landuse, renamed=renamed, first_level=True, alike=(CROPLAND,))
    if found is None:
        return frame
    kept = found.codes.astype("string").str.startswith(CROPLAND).fillna(False).to_numpy(dtype=bool)
    note(
        frame,
        kept=int(kept.sum()),
        by=found.field,
        blank=int(found.codes.isna().sum()),
        landuse_system=found.system,
        landuse_field=found.field,
        landuse_why=found.why,
    )
    out = frame[kept].reset_index(drop=True)
    out.attrs.update(frame.attrs)
    return out


def _declared_area(frame: gpd.GeoDataFrame, what: str) -> gpd.GeoDataFrame:
    """What a field says of the area, in square metres, where its name tells the unit."""
    there = {names.fold(str(field)): str(field) for field in frame.columns}
    for said, unit in names.crosswalk("area_field").items():
        field = there.get(names.fold(said))
        if field is None:
            continue
        area = pd.to_numeric(frame[field], errors="coerce").astype(float) * TO_M2[unit]
        note(frame, area_field=field, area_unit=unit)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = (area / frame.geometry.area).replace([np.inf, 0], np.nan).dropna()
        other = _other_unit(float(part.median()), unit) if len(part) else None
        if other is not None:
            note(frame, area_unit=f"{unit} by its name, {other} by the shapes: not taken over")
            warnings.warn(
                f"`{what}`: {field} is in {unit} by its name, and fits the shapes in {other}. It "
                "is not used; ask which it is (面积单位存疑).",
                DeqingGeoWarning,
                stacklevel=3,
            )
            return frame
        out = frame.assign(declared_area_m2=area)
        out.attrs.update(frame.attrs)
        return out
    return frame


def _other_unit(part: float, unit: str) -> str | None:
    """The unit that would fit, where the field's own is off by as much as units differ."""
    for other, size in TO_M2.items():
        if other != unit and abs(part * size / TO_M2[unit] - 1) < UNIT_FITS:
            return other
    return None


def _words(values: pd.Series[Any], column: str, extra: Mapping[str, str]) -> pd.Series[Any]:
    raw = names.clean_text(values)
    words = names.read_values(raw, column, extra=extra)
    odd = raw.notna() & words.isna()
    known = "、".join(names.vocabulary(column).values())
    if odd.any():
        seen = raw[odd].value_counts()
        others = ", ".join(f"{word} ({count})" for word, count in seen.iloc[1:10].items())
        cure = " Or pass words= with what they are." if column == "facility_class" else ""
        raise ColumnError(
            f"`{column}` holds {seen.index[0]!r}{f' and {others}' if others else ''}; it may hold "
            f"{known}.{cure}",
            values.index[odd],
        )
    if raw.isna().any():
        raise ColumnError(
            f"`{column}` is empty in some rows; it may hold {known}.", values.index[raw.isna()]
        )
    return words.astype(object)
