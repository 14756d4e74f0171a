"""Parts written in the formats offices and machines read: one function for each.

Every function writes into a folder nobody sees yet. Machines get the library's names and words;
geodatabases and shapefiles, which people open in ArcGIS, have the words in Chinese. The same
parts are the same bytes, whatever the day.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from deqing_geo.crs import to_working
from deqing_geo.errors import ExportError
from deqing_geo.export.content import holds_texts
from deqing_geo.export.dxf import Drawing, dxf
from deqing_geo.export.layers import fixed_date, with_index, write_geopackage
from deqing_geo.export.lyrx import lyrx
from deqing_geo.export.short import short_names
from deqing_geo.export.symbols import Look, look_of
from deqing_geo.export.tables import headings, in_chinese

if TYPE_CHECKING:
    from deqing_geo.export.content import Part
    from deqing_geo.standards import Definition, Rule

FORMATS = ("gpkg", "gdb", "lyrx", "shp", "fgb", "parquet", "csv", "dxf", "xlsx")
# A .dbf gives a text no more, in bytes.
MOST_BYTES = 254
MOST_WHOLE = 2**31 - 1
# The day a .dbf says it was changed; any fixed one will do.
DBF_DAY = "2000-01-01"
SUFFIX = {0: "_points", 1: "_lines", 2: "_areas"}
# What GDAL's door says of a layer without a system of coordinates.
NO_CRS = "'crs' was not provided"
# Names ArcGIS keeps for itself.
RESERVED = {"objectid", "shape", "shape_length", "shape_area"}


def by_dimension(part: Part) -> list[Part]:
    """A layer as layers of one kind of shape each; what is of one kind stays as it is.

    Parameters
    ----------
    part : Part
        Of a result.

    Returns
    -------
    list of Part
        Areas under the layer's own key where it is mixed, lines and points beside it.
    """
    if not part.has_shapes:
        return [part]
    frame: Any = part.frame
    shapes = frame.geometry.to_numpy()
    kinds = shapely.get_dimensions(shapes)
    known = np.unique(kinds[kinds >= 0])
    told = dict(frame.attrs)
    if (shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        frame = frame.set_geometry(
            gpd.GeoSeries(_of_one_kind(shapes), index=frame.index, crs=frame.crs)
        )
        frame.attrs = told
        part = replace(part, frame=frame)
    if len(known) <= 1:
        return [part]
    out = []
    for kind in reversed(known.tolist()):
        # Rows without a shape stay with the first.
        chosen = (kinds == kind) | ((kinds < 0) & (kind == known[-1]))
        some = frame[chosen]
        some.attrs = told
        suffix = "" if kind == known[-1] else SUFFIX[int(kind)]
        out.append(replace(part, key=f"{part.key}{suffix}", frame=some))
    return out


def _of_one_kind(shapes: Any) -> Any:
    """Of a collection, the pieces of its highest dimension."""
    out = shapes.copy()
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    several: dict[int, Any] = {
        0: shapely.multipoints,
        1: shapely.multilinestrings,
        2: shapely.multipolygons,
    }
    for at in np.flatnonzero(mixed).tolist():
        pieces = shapely.get_parts(shapely.get_parts(shapes[at]))
        kinds = shapely.get_dimensions(pieces)
        top = int(kinds.max(initial=-1))
        out[at] = several[top](pieces[kinds == top]) if top >= 0 else None
    return out


def flat(part: Part, imprint: str, *, office: bool = False) -> pd.DataFrame:
    """A part as a file holds it: its index a column, its legend, what it rests on, for whom.

    Parameters
    ----------
    part : Part
        Of one kind of shape.
    imprint : str
        For whom it is, and whether it was reviewed.
    office : bool
        Whether words are written in Chinese, and yes and no as 是 and 否.

    Returns
    -------
    DataFrame or GeoDataFrame
        Plain columns.
    """
    frame = part.frame.copy(deep=False)
    frame.attrs = dict(part.frame.attrs)
    look = look_of_part(part)
    if look is not None:
        frame["legend"], frame["colour"] = look.legend, look.colours
    frame["imprint"] = imprint
    out = with_index(frame)
    shape = out.geometry.name if isinstance(out, gpd.GeoDataFrame) else None
    for column in out.columns:
        if column != shape:
            out[column] = _cells(out[column], office)
    if isinstance(out, gpd.GeoDataFrame):
        told = shapely.force_2d(out.geometry.to_numpy())
        out = out.set_geometry(gpd.GeoSeries(told, index=out.index, crs=out.crs))
        if out.geometry.name != "geometry":
            out = out.rename_geometry("geometry")
    out.attrs = {}
    return out


def _cells(values: pd.Series[Any], office: bool) -> pd.Series[Any]:
    if pd.api.types.is_bool_dtype(values):
        if office:
            return values.astype(object).map({True: "是", False: "否"}, na_action="ignore")
        return values.astype("boolean").astype("Int8")
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.map(_day, na_action="ignore").astype(object)
    if pd.api.types.is_integer_dtype(values) and office:
        # Neither a shapefile nor a geodatabase of ArcGIS 10 holds larger whole numbers.
        known = values.dropna()
        if len(known) == 0 or known.abs().max() <= MOST_WHOLE:
            return values.astype("Int32")
        return values.astype(object).map(str, na_action="ignore")
    if holds_texts(values):
        if pd.api.types.infer_dtype(values, skipna=True) in ("date", "datetime"):
            return values.map(_day, na_action="ignore")
        return in_chinese(values) if office else values
    return values


def _day(moment: Any) -> str:
    text: str = moment.isoformat()
    return text.removesuffix("T00:00:00")


def look_of_part(part: Part) -> Look | None:
    """The legend of a layer.

    Parameters
    ----------
    part : Part
        Any.

    Returns
    -------
    Look or None
        None for a table and for a layer no map has colours for.
    """
    key = part.key
    for suffix in SUFFIX.values():
        key = key.removesuffix(suffix)
    return look_of(key, part.frame) if isinstance(part.frame, gpd.GeoDataFrame) else None


def dimension_of(part: Part) -> int:
    """The kind of shape of a layer.

    Parameters
    ----------
    part : Part
        Of one kind.

    Returns
    -------
    int
        0 points, 1 lines, 2 areas; areas where nothing is in it.
    """
    frame: Any = part.frame
    found = int(shapely.get_dimensions(frame.geometry.to_numpy()).max(initial=-1))
    return found if found >= 0 else 2


# ---------------------------------------------------------------- one function a format


def write_gpkg(
    parts: Sequence[Part], file: Path, imprint: str, sources: Sequence[Definition | Rule]
) -> None:
    """All parts in one GeoPackage, with styles QGIS finds by itself.

    Parameters
    ----------
    parts : sequence of Part
        Of one kind of shape each.
    file : Path
        The draft.
    imprint : str
        For whom.
    sources : sequence of Definition and Rule
        Written as a table.
    """
    with translated(file.name), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=NO_CRS)
        write_geopackage(
            file,
            {part.key: flat(part, imprint) for part in parts},
            sources=tuple(sources),
            looks={part.key: look for part in parts if (look := look_of_part(part)) is not None},
        )


def write_gdb(parts: Sequence[Part], folder: Path, imprint: str) -> None:
    """All parts in one file geodatabase of ArcGIS.

    Parameters
    ----------
    parts : sequence of Part
        Of one kind of shape each.
    folder : Path
        The draft, ending in ``.gdb``.
    imprint : str
        For whom.
    """
    before = pyogrio.get_gdal_config_option("OPENFILEGDB_REPRODUCIBLE_UUID")
    # Otherwise every table is given a number by chance.
    pyogrio.set_gdal_config_options({"OPENFILEGDB_REPRODUCIBLE_UUID": "YES"})
    try:
        with translated(folder.name):
            for at, part in enumerate(parts):
                frame = flat(part, imprint, office=True)
                frame = frame.rename(
                    columns={one: f"{one}_" for one in frame.columns if one.lower() in RESERVED}
                )
                _write(frame, folder, "OpenFileGDB", part.key, at > 0, LAYER_ALIAS=part.title)
    finally:
        pyogrio.set_gdal_config_options({"OPENFILEGDB_REPRODUCIBLE_UUID": before})


def write_shp(part: Part, file: Path, imprint: str) -> tuple[dict[str, str], int]:
    """A layer as a shapefile, in UTF-8, which its .cpg says.

    Parameters
    ----------
    part : Part
        Of one kind of shape.
    file : Path
        The draft.
    imprint : str
        For whom.

    Returns
    -------
    dict of str to str, int
        The short name of every column; how many texts were too long for a .dbf.
    """
    frame = flat(part, imprint, office=True)
    columns = [str(one) for one in frame.columns if one != "geometry"]
    short = short_names(columns)
    cut = 0
    for column in columns:
        if holds_texts(frame[column]):
            told = frame[column].map(_shortened, na_action="ignore")
            cut += int((told.notna() & (told != frame[column])).sum())
            frame[column] = told
    frame = frame.rename(columns=short)
    with translated(file.name):
        _write(
            frame, file, "ESRI Shapefile", None, False,
            encoding="UTF-8", DBF_DATE_LAST_UPDATE=DBF_DAY,
        )  # fmt: skip
    return short, cut


def write_fgb(part: Part, file: Path, imprint: str) -> None:
    """A layer as FlatGeobuf.

    Parameters
    ----------
    part : Part
        Of one kind of shape.
    file : Path
        The draft.
    imprint : str
        For whom.
    """
    frame: Any = flat(part, imprint)
    shapes = frame.geometry.to_numpy()
    # Its index cannot hold a row without a shape.
    whole = bool((~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)).all()) and len(frame)
    with translated(file.name):
        _write(frame, file, "FlatGeobuf", None, False, SPATIAL_INDEX="YES" if whole else "NO")


def write_parquet(part: Part, file: Path, imprint: str) -> None:
    """A layer as GeoParquet, a table as Parquet.

    Parameters
    ----------
    part : Part
        Any.
    file : Path
        The draft.
    imprint : str
        For whom.
    """
    with translated(file.name):
        flat(part, imprint).to_parquet(file, index=False)


def write_dxf(parts: Sequence[Part], file: Path) -> None:
    """The shapes of all layers as a drawing, in metres.

    Parameters
    ----------
    parts : sequence of Part
        Layers.
    file : Path
        The draft.
    """
    drawings: list[Drawing] = []
    like: gpd.GeoDataFrame | None = None
    for part in parts:
        frame: Any = part.frame
        if frame.crs is not None and len(frame):
            frame = to_working(frame, like=like, name=part.key)
            like = frame if like is None else like
        drawings.append(Drawing(part.title, frame, look_of_part(part)))
    file.write_bytes(dxf(drawings))


def write_lyrx(part: Part, file: Path, workspace: str, imprint: str) -> bool:
    """A layer's symbols for ArcGIS Pro, beside the geodatabase.

    Parameters
    ----------
    part : Part
        Of one kind of shape.
    file : Path
        The draft.
    workspace : str
        The geodatabase's name.
    imprint : str
        For whom.

    Returns
    -------
    bool
        False where a layer has no symbols of its own; nothing is written then.
    """
    look = look_of_part(part)
    if look is None:
        return False
    columns = [str(one) for one in flat(part, imprint, office=True).columns if one != "geometry"]
    text = lyrx(
        look,
        dimension_of(part),
        title=part.title,
        dataset=part.key,
        workspace=f".\\{workspace}",
        columns=columns,
    )
    file.write_text(text, encoding="utf-8", newline="\n")
    return True


# ---------------------------------------------------------------- GDAL


def _write(
    frame: pd.DataFrame, file: Path, driver: str, layer: str | None, append: bool, **options: Any
) -> None:
    shapes = isinstance(frame, gpd.GeoDataFrame)
    about: dict[str, Any] = dict(options)
    if shapes:
        about |= {"promote_to_multi": True}
        if frame.geometry.isna().all():
            about |= {"geometry_type": "MultiPolygon"}
    with fixed_date(), warnings.catch_warnings():
        # A layer without a system of coordinates is the caller's to know.
        warnings.filterwarnings("ignore", message=NO_CRS)
        pyogrio.write_dataframe(frame, file, layer=layer, driver=driver, append=append, **about)
    # A full disk is not always told of.
    info = pyogrio.read_info(file, layer=layer, force_feature_count=True)
    if info["features"] != len(frame):
        raise RuntimeError(f"{info['features']} of {len(frame)} rows arrived")


def _shortened(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    return text.encode("utf-8")[:MOST_BYTES].decode("utf-8", errors="ignore")


@contextlib.contextmanager
def translated(called: str) -> Iterator[None]:
    """What writers refuse, in our words.

    Parameters
    ----------
    called : str
        The file.

    Yields
    ------
    None
        To write in.

    Raises
    ------
    ExportError
        For whatever GDAL or Arrow will not write.
    """
    try:
        yield
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        AttributeError,
        ArithmeticError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        if isinstance(error, ExportError):
            raise
        raise ExportError(
            f"{called}: cannot be written ({error}). Drop the column it names, or see the disk. "
            "What was there is unchanged."
        ) from error


def dictionary(
    parts: Sequence[Part], imprint: str, short: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    """What every field is called, and called in a shapefile.

    Parameters
    ----------
    parts : sequence of Part
        As they were written.
    imprint : str
        For whom.
    short : mapping
        Short names by layer, where a shapefile was written.

    Returns
    -------
    DataFrame
        One row per layer and field.
    """
    from deqing_geo import columns as names

    known = names.registry()
    classes = names.vocabulary("road_class")
    rows = []
    for part in parts:
        columns = [str(one) for one in flat(part, imprint).columns if one != "geometry"]
        for column, told in zip(columns, headings(columns), strict=True):
            of_road = column in classes and told == f"{classes[column]}(公里)"
            about = None if of_road else known.get(column)
            label = about.zh if about is not None else classes[column] if of_road else told
            rows.append(
                {
                    "layer_name": part.key,
                    "layer_title": part.title,
                    "field_name": column,
                    "short_field": short.get(part.key, {}).get(column, ""),
                    "field_label": "" if label == column else label,
                    "field_unit": about.unit if about is not None else "km" if of_road else "",
                }
            )
    return pd.DataFrame(rows)
