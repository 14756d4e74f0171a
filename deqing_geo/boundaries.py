"""Boundaries as files give them: towns, villages and the built-up zone.

Reads and indexes; measures nothing and repairs nothing beyond validity.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.crs import ZONES, data_zone, identify, refuse_shift
from deqing_geo.divisions import COUNTY_DIGITS, TOWN_DIGITS, VILLAGE_DIGITS
from deqing_geo.errors import (
    BoundaryFileError,
    CodeError,
    ColumnError,
    CRSError,
    DeqingGeoWarning,
)
from deqing_geo.files import KINDS, kind_of
from deqing_geo.reading import POLYGONS, OsmQuery, index_by, note, read

# The survey pads a county's or town's digits to 9, 12 or 19 with zeros, and writes a village's 12
# digits with 7 more.
SURVEY_CODE = r"[1-8]\d{18}"
SHOWN = 5
_ALL_VILLAGES = re.compile(r"(?:[1-8]\d{11}(?:0{7})?\|)+")
NATIONAL_CODE = r"[1-8]\d{5}(?:\d{3}){0,2}"


def read_towns(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    reference: gpd.GeoDataFrame | None = None,
    admin_level: int | None = None,
) -> gpd.GeoDataFrame:
    """Boundaries of towns (镇、街道), or of any administrative areas of one level.

    Parameters
    ----------
    path : path
        Any file `docs/reading.md` names: GeoPackage, Shapefile, FileGDB, GeoJSON, KML … or a
        zip with one of them, or an OpenStreetMap extract (``.osm.pbf``).
    layer : str, optional
        The layer of a file with several, or the file of a zip, where name and fields do not
        show which.
    columns : mapping, optional
        ``{"town_code": "field", "town_name": "field"}`` where the alias table is wrong.
    assume_crs : optional
        The system the file was made in, where it does not say.
    datum : {"gcj02", "bd09"}, optional
        The shift of the map service the boundaries come from, to be undone.
    reference : GeoDataFrame, optional
        An outline known to be true, of the same land. Boundaries that would fit it better
        with a service's shift undone are refused until `datum` is declared; a file that does
        not say its system is placed by it.
    admin_level : int, optional
        For an OpenStreetMap extract: which level. Towns in China are 8.

    Returns
    -------
    GeoDataFrame of Polygon, one row per town
        Metres, in the zone of the data; index ``town_code`` where the file has national
        codes (``attrs["code_system"] == "national"``) or other unique codes (``"other"``),
        else ``osm_id``, ``town_name`` or the row (``"none"``). Column ``town_name``.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable, or its layer or level must be named.
    CRSError
        If the coordinate system is absent, contradicted, or a shift is suspected.
    GeometryError
        If it holds anything but polygons.
    ColumnError
        If it has neither names nor codes, or `columns` is mistaken.
    CodeError
        If national codes are damaged or repeated.

    See Also
    --------
    geopandas.read_file : reads a GBK table without .cpg as nonsense, silently.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "towns.gpkg"
    ...     sample.town().to_file(file)
    ...     towns = read_towns(file)
    >>> towns.index.to_list(), towns.crs.to_epsg()
    (['纸上镇'], 4549)
    """
    return _administrative_areas(
        path,
        ("towns", "town_code", "town_name"),
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        reference=reference,
        admin_level=admin_level,
    )


def read_villages(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    reference: gpd.GeoDataFrame | None = None,
    towns: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Boundaries of villages and communities (行政村、社区).

    Parameters
    ----------
    path : path
        As for `read_towns`, without OpenStreetMap extracts.
    layer : str, optional
        As for `read_towns`.
    columns : mapping, optional
        ``{"village_code": "field", "village_name": "field", "town_name": "field"}`` where the
        alias table is wrong.
    assume_crs, datum, reference
        As for `read_towns`.
    towns : GeoDataFrame, optional
        Of `read_towns`: gives the CRS, and a town's name to villages whose file has none, by the
        first nine digits of the code.

    Returns
    -------
    GeoDataFrame of Polygon, one row per village
        Metres; index ``village_code`` where the file has national codes of twelve digits, else
        as for `read_towns`. Columns ``village_name``, ``town_code`` where the code holds it,
        ``town_name`` and ``unit_kind`` where they are known.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent, contradicted, or a shift is suspected.
    GeometryError
        If it holds anything but polygons.
    ColumnError
        If it has neither names nor codes, `columns` is mistaken, or a kind of unit is unknown.
    CodeError
        If national codes are damaged, repeated, or not those of villages.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "villages.gpkg"
    ...     sample.county(1).villages.to_file(file)
    ...     villages = read_villages(file)
    >>> len(villages), villages.index.name, villages["town_name"].nunique()
    (181, 'village_code', 13)
    """
    frame = read(
        path,
        name="villages",
        kind=POLYGONS,
        wanted=("village_code", "village_name", "town_name", "unit_kind"),
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=towns,
        reference=reference,
    )
    if reference is not None and datum is None:
        refuse_shift(frame, reference, "villages")
    for column in ("village_name", "town_name"):
        if column in frame:
            frame[column] = names.clean_text(frame[column])
    if "unit_kind" in frame:
        frame["unit_kind"] = _unit_kinds(frame["unit_kind"])
    out = _index(frame, "village_code", "village_name", "villages")
    if out.attrs["code_system"] != "national":
        return out
    short = out.index.str.len() != VILLAGE_DIGITS
    if short.any():
        raise CodeError(
            "`villages` has codes that are not a village's twelve digits. Is this a layer of "
            "towns? Then use read_towns.",
            out.index[short],
        )
    out["town_code"] = out.index.str.slice(0, TOWN_DIGITS).astype(object)
    if "town_name" not in out and towns is not None and "town_name" in towns:
        out["town_name"] = out["town_code"].map(towns["town_name"]).astype(object)
    return out


def _unit_kinds(values: pd.Series[Any]) -> pd.Series[Any]:
    raw = names.clean_text(values)
    words = names.read_values(raw, "unit_kind")
    odd = raw.notna() & words.isna()
    if odd.any():
        known = "、".join(names.vocabulary("unit_kind").values())
        raise ColumnError(
            f"`unit_kind` holds {raw[odd].iloc[0]!r}; it may hold {known} or nothing.",
            values.index[odd],
        )
    return words.astype(object).where(words.notna(), None)


def read_zone(
    path: str | os.PathLike[str],
    *,
    source: str,
    as_of: str | date,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    like: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """The built-up zone (建成区) the plan's own figures are asked for.

    The zone decides the figures and no document gives its outline, so a zone without a
    source and a date is not accepted.

    Parameters
    ----------
    path : path
        GeoPackage, GeoJSON or Shapefile; from an OpenStreetMap extract a zone cannot be
        read.
    source : str
        Whose outline it is, for example ``县建设局,2025年城市(县城)建设统计``.
    as_of : str or date
        The day it describes.
    layer, columns, assume_crs
        As for `read_towns`; the column is ``zone_name`` (组团).
    like : GeoDataFrame, optional
        Take the CRS of this frame.

    Returns
    -------
    GeoDataFrame of Polygon, one row per part (组团)
        Metres; columns ``source`` and ``as_of``; indexed by ``zone_name`` where unique.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable.
    CRSError
        If the coordinate system is absent or contradicted.
    GeometryError
        If it holds anything but polygons.
    ColumnError
        If `source` is empty, `as_of` is not a date, or `columns` is mistaken.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "zone.gpkg"
    ...     sample.zone()[["zone_name", "geometry"]].to_file(file)
    ...     zone = read_zone(file, source="县建设局", as_of="2025-12-31")
    >>> zone[["source", "as_of"]].to_numpy().tolist()
    [['县建设局', '2025-12-31']]
    """
    if _is_osm(path):
        # No OpenStreetMap tag means 建成区: landuse=residential is homes, place=town a name.
        raise BoundaryFileError(
            "OpenStreetMap has no built-up zone (建成区). Give the bureau's outline as a file."
        )
    if not source.strip():
        raise ColumnError("read_zone needs a source: whose outline of the built-up zone is it?")
    try:
        day = as_of if isinstance(as_of, date) else date.fromisoformat(as_of)
    except ValueError:
        raise ColumnError(f"as_of={as_of!r} is not a date like 2025-12-31.") from None
    frame = read(
        path,
        name="zone",
        kind=POLYGONS,
        wanted=("zone_name",),
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        like=like,
    )
    if "zone_name" in frame:
        frame["zone_name"] = names.clean_text(frame["zone_name"])
    frame["source"] = source.strip()
    frame["as_of"] = day.isoformat()
    return _index(frame, None, "zone_name")


def read_counties(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    reference: gpd.GeoDataFrame | None = None,
    admin_level: int | None = None,
) -> gpd.GeoDataFrame:
    """Boundaries of counties (县、市辖区), for an outline or a whole province.

    Parameters
    ----------
    path, layer, assume_crs, datum, reference
        As for `read_towns`.
    columns : mapping, optional
        ``{"county_code": "field", "county_name": "field"}`` where the alias table is wrong.
    admin_level : int, optional
        For an OpenStreetMap extract: which level. Counties in China are 6.

    Returns
    -------
    GeoDataFrame of Polygon, one row per county
        Metres, in the zone of the middle row; index ``county_code`` (6 digits) where the file
        has national codes, else as for `read_towns`. Column ``county_name``.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable, or its layer or level must be named.
    CRSError
        If the coordinate system is absent, contradicted, or a shift is suspected.
    GeometryError
        If it holds anything but polygons.
    ColumnError
        If it has neither names nor codes, or `columns` is mistaken.
    CodeError
        If national codes are damaged, repeated, or not those of counties.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "county.gpkg"
    ...     outline = sample.county(1).outline[["geometry"]]
    ...     outline.assign(XZQDM="330521", XZQMC="德清县").to_file(file)
    ...     counties = read_counties(file)
    >>> counties["county_name"].to_dict()
    {'330521': '德清县'}
    """
    out = _administrative_areas(
        path,
        ("counties", "county_code", "county_name"),
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        reference=reference,
        admin_level=admin_level,
    )
    long = out.index.str.len() != COUNTY_DIGITS if out.attrs["code_system"] == "national" else []
    if np.any(long):
        raise CodeError(
            "`counties` has codes that are not a county's six digits. Is this a layer of towns? "
            "Then use read_towns.",
            out.index[long],
        )
    return out


def _administrative_areas(
    path: str | os.PathLike[str],
    called: tuple[str, str, str],
    *,
    datum: str | None,
    reference: gpd.GeoDataFrame | None,
    admin_level: int | None,
    **options: Any,
) -> gpd.GeoDataFrame:
    """Areas of one level, by what they, their code and their name are called."""
    what, code, name = called
    if admin_level is not None and not _is_osm(path):
        raise BoundaryFileError(f"{path}: admin_level= is for OpenStreetMap extracts.")
    only = "" if admin_level is None else f" AND admin_level = '{int(admin_level)}'"
    frame = read(
        path,
        name=what,
        kind=POLYGONS,
        wanted=(code, name, "osm_id"),
        osm=OsmQuery("multipolygons", f"boundary = 'administrative'{only}", ("admin_level",)),
        datum=datum,
        reference=reference,
        **options,
    )
    if frame.attrs["reading"]["driver"] == "OSM":
        frame = _one_level(frame)
    if reference is not None and datum is None:
        refuse_shift(frame, reference, what)
    if name in frame:
        frame[name] = names.clean_text(frame[name])
    return _index(frame, code, name, what)


def _is_osm(path: str | os.PathLike[str]) -> bool:
    kind = kind_of(str(path), KINDS)
    return kind is not None and kind.driver == "OSM"


def _one_level(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    levels = frame["admin_level"].value_counts().sort_index()
    if len(levels) > 1:
        found = ", ".join(f"{level} ({count} areas)" for level, count in levels.items())
        raise BoundaryFileError(
            f"{frame.attrs['reading']['file']}: which level? Pass admin_level=, one of: {found}."
        )
    note(frame, admin_level=str(levels.index[0]))
    return frame.drop(columns="admin_level")


def _index(
    frame: gpd.GeoDataFrame, code: str | None, name: str, what: str = "towns"
) -> gpd.GeoDataFrame:
    """Index by national code, other code, OpenStreetMap id, unique name or row."""
    system = "none"
    if code is not None and code in frame:
        frame[code], system = _codes(frame, code)
    if system == "national" and code is not None:
        _refuse_abroad(frame, what)
        frame = _joined(frame, code, name, what)
    if code is not None and system != "none":
        out = index_by(frame.drop(columns=code), frame[code], code)
    elif "osm_id" in frame and frame["osm_id"].is_unique and frame["osm_id"].notna().all():
        out = index_by(frame.drop(columns="osm_id"), frame["osm_id"], "osm_id")
    elif name in frame and frame[name].notna().all() and frame[name].is_unique:
        out = index_by(frame, frame[name], name)
    elif name in frame or code is None or code in frame:
        out = frame
    else:
        fields = ", ".join(str(field) for field in frame.columns if field != "geometry")
        raise ColumnError(
            f"`{what}` has neither a name nor a code. Its fields: {fields or 'none'}. "
            f"Pass columns={{'{name}': '…'}}."
        )
    out.attrs["code_system"] = system
    note(out, code_system=system)
    return out


def _row(texts: pd.Series[Any]) -> str:
    return "".join(f"{text}|" for text in texts)


def _joined(frame: gpd.GeoDataFrame, code: str, name: str, what: str) -> gpd.GeoDataFrame:
    """One row a code: the parts of a village with an enclave are drawn as rows of one name."""
    twice = frame[code].duplicated(keep=False).to_numpy(dtype=bool)
    if not twice.any():
        return frame
    parts = frame[twice]
    called = parts[name] if name in parts else parts[code]
    alike = called.groupby(parts[code]).nunique(dropna=False) == 1
    if not alike.all():
        at_fault = parts[~parts[code].map(alike).astype(bool)]
        raise CodeError(
            f"`{code}` repeats codes under several names: {_who_shares(at_fault, code, name)}. "
            "Mend them in the table they come from, or in the one that deqing-geo check lays out "
            "(check FILE --out DIR, 更正表.xlsx).",
            at_fault[code].tolist(),
        )
    if name not in parts:
        raise CodeError(f"`{code}` repeats codes.", parts[code].tolist())
    shapes = parts.geometry.groupby(parts[code]).agg(lambda one: shapely.union_all(one.to_numpy()))
    out = frame[~frame[code].duplicated()].reset_index(drop=True)
    whole = out[code].map(shapes)
    merged = np.where(whole.notna(), whole, np.asarray(out.geometry.array, dtype=object))
    out = out.set_geometry(gpd.GeoSeries(merged, index=out.index, crs=frame.crs))
    out.attrs.update(frame.attrs)
    labels = tuple(dict.fromkeys(parts[code]))
    note(out, joined=labels, rows=len(out))
    warnings.warn(
        f"`{what}`: {len(parts)} rows share their code and name with another and were joined to "
        f"{len(labels)} (飞地等多个图斑): {', '.join(labels[:5])}{' ...' * (len(labels) > 5)}.",
        DeqingGeoWarning,
        stacklevel=4,
    )
    return out


def _who_shares(parts: gpd.GeoDataFrame, code: str, name: str) -> str:
    """Whose each repeated code is, by town, name and row of the file (from 1)."""
    said = []
    for value, rows in list(parts.groupby(code, sort=False))[:SHOWN]:
        towns = rows["town_name"] if "town_name" in rows else pd.Series("", index=rows.index)
        who = [
            f"{town or ''}{called or '-'} (row {row + 1 if isinstance(row, int) else row})"
            for row, town, called in zip(
                rows.index.tolist(), towns.tolist(), rows[name].tolist(), strict=True
            )
        ]
        more = f" and {len(who) - SHOWN} more" if len(who) > SHOWN else ""
        said.append(f"{value} is that of {', '.join(who[:SHOWN])}{more}")
    return "; ".join(said)


def _refuse_abroad(frame: gpd.GeoDataFrame, what: str) -> None:
    """Chinese codes outside China: a system or an order of axes that only seems to fit."""
    geometry = np.asarray(frame.geometry.array, dtype=object)
    zone = data_zone(geometry, identify(frame.crs), what)
    if zone.to_epsg() not in ZONES:
        raise CRSError(
            f"`{what}` has Chinese codes and lies outside China ({zone.name}). Is its coordinate "
            "system wrong, or are x and y swapped? Pass assume_crs= with the true one."
        )


def _village_part(frame: gpd.GeoDataFrame, text: pd.Series[Any]) -> pd.Series[Any]:
    """Twelve digits of the survey's nineteen; the rest are zeros, or a place inside a village."""
    survey = text.str.fullmatch(SURVEY_CODE).fillna(False).astype(bool)
    tails = survey & (text.str.slice(VILLAGE_DIGITS) != "0" * 7)
    if tails.any():
        rows = tuple(frame.index[tails].tolist())
        note(frame, code_tails=rows)
        warnings.warn(
            f"`villages`: {len(rows)} codes of nineteen digits do not end in seven zeros; their "
            "first twelve are taken as the village (座落单位代码后7位不为0).",
            DeqingGeoWarning,
            stacklevel=5,
        )
    return text.where(~survey, text.str.slice(0, VILLAGE_DIGITS))


def _codes(frame: gpd.GeoDataFrame, column: str) -> tuple[pd.Series[Any], str]:
    """Codes as text, and whose they are; damaged national codes are refused."""
    raw = frame[column]
    text = raw
    if raw.dtype.kind == "f":
        # A blank turns a whole column of codes into floats; below 2**53 no digit is lost.
        whole = raw.notna() & (raw == np.floor(raw)) & (raw.abs() < 2**53)
        if not whole[raw.notna()].all():
            raise CodeError(
                f"`{column}` holds numbers that have lost digits. Save it as text.",
                frame.index[~whole & raw.notna()],
            )
        text = raw.map(lambda value: None if value != value else f"{value:.0f}")
    clean = names.clean_text(text)
    if column == "village_code" and clean.notna().all() and _ALL_VILLAGES.fullmatch(_row(clean)):
        # Nearly always every code is whole: one look at all of them says so.
        return clean.str.slice(0, VILLAGE_DIGITS).astype(object), "national"
    text = clean.astype("string").str.removeprefix("'").str.removesuffix(".0")
    scientific = text.str.fullmatch(r"[\d.]+[eE]\+?\d+").fillna(False).astype(bool)
    if scientific.any():
        raise CodeError(
            f"`{column}` holds scientific notation: the last digits are gone. "
            "Save the column as text in the table it comes from.",
            frame.index[scientific],
        )
    if column == "village_code":
        text = _village_part(frame, text)
    national = text.str.fullmatch(NATIONAL_CODE).fillna(False).astype(bool)
    digits = {"town_code": TOWN_DIGITS, "county_code": COUNTY_DIGITS}.get(column)
    if digits is not None:
        padded = text.str.fullmatch(rf"\d{{{digits}}}0{{3}}(0{{3}})?(0{{7}})?").fillna(False)
        text = text.where(~padded.astype(bool), text.str.slice(0, digits))
    out = text.astype(object).where(text.notna(), None)
    if national.all() and len(frame):
        return out, "national"
    if national.any():
        raise CodeError(
            f"`{column}` holds national codes and others that are damaged or missing: "
            f"{', '.join(str(code) for code in out[~national].tolist()[:5])}. "
            "Mend them in the table they come from, as text.",
            frame.index[~national],
        )
    if out.notna().all() and out.is_unique and len(frame):
        return out, "other"
    return out, "none"


def is_zone(areas: pd.DataFrame) -> bool:
    """Whether areas are the built-up zone (建成区), for which the plan's own figures are asked.

    Parameters
    ----------
    areas : DataFrame
        Of `read_zone` or another reader, or a result's table of them.

    Returns
    -------
    bool
        By its columns: ``zone_name``, or an outline's source and day without towns or villages.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> is_zone(sample.zone()), is_zone(sample.villages())
    (True, False)
    """
    columns = {*areas.columns}
    return "zone_name" in columns or (
        {"source", "as_of"} <= columns and not {"town_name", "village_name"} & columns
    )
