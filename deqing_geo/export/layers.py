"""Layers for machines: one GeoPackage, the same bytes every time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from deqing_geo.columns import word
from deqing_geo.errors import ExportError
from deqing_geo.export.qml import qml
from deqing_geo.export.symbols import look_of
from deqing_geo.export.tables import index_name
from deqing_geo.files import whole_file
from deqing_geo.provenance import marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deqing_geo.export.symbols import Look
    from deqing_geo.standards import Definition, Rule

# GDAL writes the hour into a GeoPackage unless told another; any fixed one will do.
# Where QGIS looks for styles.
STYLES = "layer_styles"
FIXED_DATE = "2000-01-01T00:00:00Z"


def save_layers(
    path: str | os.PathLike[str],
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    sources: tuple[Definition | Rule, ...] = (),
    styled: bool = False,
) -> Path:
    """Layers in one GeoPackage, with the documents behind them, the same bytes every time.

    Parameters
    ----------
    path : path
        Where; ``.gpkg``.
    layers : mapping of str to GeoDataFrame
        By layer name; the index becomes a column. Ratios stay ratios.
    sources : tuple of Definition and Rule
        Written as a table ``sources``: the definitions the figures rest on.
    styled : bool
        Whether QGIS shall open the layers in the colours of the maps; each then has its entry
        of the legend and its colour in ``legend`` and ``colour``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ExportError
        If there is no layer, a layer cannot be written, or the file cannot.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample
    >>> density = road_density(sample.villages(), sample.roads())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_layers(f"{folder}/r.gpkg", {"density": density.table})
    ...     float(gpd.read_file(file)["road_density"].round(3).max())
    1.5
    """
    if Path(path).suffix.lower() != ".gpkg":
        raise ExportError(f"{path}: name a file that ends in .gpkg.")
    if not layers:
        raise ExportError(f"{path}: no layer to write.")
    with whole_file(path) as draft:
        try:
            looks = {
                name: look
                for name, frame in layers.items()
                if styled and (look := look_of(name, frame)) is not None
            }
            named = {
                name: with_index(_in_colour(frame, looks.get(name)))
                for name, frame in layers.items()
            }
            write_geopackage(draft, named, sources=sources, looks=looks)
        except (
            pyogrio.errors.DataSourceError,
            AttributeError,
            RuntimeError,
            TypeError,
            ValueError,
            OverflowError,
        ) as error:
            raise ExportError(
                f"{path}: cannot be written ({error}). Drop the column it names, or see the disk."
            ) from error
    return Path(path)


def _in_colour(frame: gpd.GeoDataFrame, look: Look | None) -> gpd.GeoDataFrame:
    if look is None:
        return frame
    return frame.assign(legend=look.legend, colour=look.colours)


def write_geopackage(
    file: Path,
    layers: Mapping[str, pd.DataFrame],
    *,
    sources: tuple[Definition | Rule, ...] = (),
    looks: Mapping[str, Look] | None = None,
) -> None:
    """Layers, tables, the documents behind them and the styles of QGIS in a GeoPackage.

    Parameters
    ----------
    file : Path
        That is not there yet.
    layers : mapping of str to DataFrame or GeoDataFrame
        Of plain columns; a frame without shapes becomes a table.
    sources : tuple of Definition and Rule
        Written as a table ``sources``.
    looks : mapping of str to Look, optional
        The symbols of layers, which hold the entries of their legend in ``legend``.
    """
    with fixed_date():
        for name, frame in layers.items():
            shaped = isinstance(frame, gpd.GeoDataFrame)
            pyogrio.write_dataframe(
                frame,
                file,
                layer=name,
                driver="GPKG",
                append=file.exists(),
                **({"promote_to_multi": True} if shaped else {}),
            )
        if sources:
            rows = pd.DataFrame([source_row(source) for source in sources])
            pyogrio.write_dataframe(
                rows.drop_duplicates(), file, layer="sources", driver="GPKG", append=True
            )
        if looks:
            rows = pd.DataFrame([_style_row(name, layers[name], looks[name]) for name in looks])
            pyogrio.write_dataframe(rows, file, layer=STYLES, driver="GPKG", append=True, FID="id")


def _style_row(name: str, frame: Any, look: Look) -> dict[str, Any]:
    shapes = shapely.get_dimensions(frame.geometry.to_numpy())
    dimension = int(shapes.max(initial=-1))
    fields = [str(one) for one in frame.columns if one != frame.geometry.name]
    # Names, and empty texts, as QGIS asks for them.
    return {
        "f_table_catalog": "",
        "f_table_schema": "",
        "f_table_name": name,
        "f_geometry_column": "geom",
        "styleName": name,
        "styleQML": qml(look, dimension if dimension >= 0 else 2, ["fid", *fields]),
        "styleSLD": "",
        "useAsDefault": True,
        "description": "",
        "owner": "",
        "ui": "",
        "update_time": pd.Timestamp(FIXED_DATE),
    }


def source_row(source: Definition | Rule) -> dict[str, str]:
    """A document as a row of the table ``sources``.

    Parameters
    ----------
    source : Definition or Rule
        Of a result.

    Returns
    -------
    dict of str to str
        ``key``, ``label``, ``document``, ``clause``, ``says`` and ``evidence`` in words.
    """
    return {
        "key": source.key,
        "label": source.label,
        "document": source.document,
        "clause": source.clause,
        "says": source.says,
        "evidence": word(f"evidence.{source.evidence}"),
    }


@contextlib.contextmanager
def fixed_date() -> Iterator[None]:
    """Let GDAL write no hour of its own into a file.

    Yields
    ------
    None
        To write in.
    """
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame as a layer holds it: its index and its marks are columns of their own.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        Of a result.

    Returns
    -------
    DataFrame or GeoDataFrame
        A copy in which no name stands twice, whatever its case.
    """
    out = frame.assign(**marks(frame))
    out.insert(0, index_name(frame.index, frame.columns), frame.index.to_numpy())
    shape = out.geometry.name if isinstance(out, gpd.GeoDataFrame) else None
    # A GeoPackage has a `fid` and a `geom` of its own and does not tell ROAD_KM from road_km.
    taken = {"fid", "geom", "ogc_fid"}
    fields = []
    for column in out.columns:
        field = str(column)
        while column != shape and field.casefold() in taken:
            field = f"{field}_"
        taken.add(field.casefold())
        fields.append(field)
    spare = [one for one in out.columns if one != shape and out[one].dtype.name == "geometry"]
    return out.set_axis(fields, axis="columns").drop(columns=spare).reset_index(drop=True)
