"""Layers for machines: one GeoPackage, the same bytes every time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyogrio

from deqing_geo.columns import word
from deqing_geo.errors import ExportError
from deqing_geo.export.tables import index_name
from deqing_geo.files import whole_file
from deqing_geo.provenance import marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deqing_geo.standards import Definition, Rule

# GDAL writes the hour into a GeoPackage unless told another; any fixed one will do.
FIXED_DATE = "2000-01-01T00:00:00Z"


def save_layers(
    path: str | os.PathLike[str],
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    sources: tuple[Definition | Rule, ...] = (),
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
    with whole_file(path) as draft, _fixed_date():
        try:
            for name, frame in layers.items():
                pyogrio.write_dataframe(
                    _with_index(frame),
                    draft,
                    layer=name,
                    driver="GPKG",
                    promote_to_multi=True,
                    append=draft.exists(),
                )
            if sources:
                rows = pd.DataFrame([_source_row(source) for source in sources])
                pyogrio.write_dataframe(
                    rows.drop_duplicates(), draft, layer="sources", driver="GPKG", append=True
                )
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


def _source_row(source: Definition | Rule) -> dict[str, str]:
    return {
        "key": source.key,
        "label": source.label,
        "document": source.document,
        "clause": source.clause,
        "says": source.says,
        "evidence": word(f"evidence.{source.evidence}"),
    }


@contextlib.contextmanager
def _fixed_date() -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _with_index(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    out = frame.assign(**marks(frame))
    out.insert(0, index_name(frame.index, frame.columns), frame.index.to_numpy())
    shape = out.geometry.name
    # A GeoPackage has a `fid` and a `geom` of its own and does not tell ROAD_KM from road_km.
    taken = {"fid", "geom", "ogc_fid"}
    fields = []
    for column in out.columns:
        field = str(column)
        while column != shape and field.casefold() in taken:
            field = f"{field}_"
        taken.add(field.casefold())
        fields.append(field)
    spare = [column for column in out.select_dtypes("geometry").columns if column != shape]
    return out.set_axis(fields, axis="columns").drop(columns=spare).reset_index(drop=True)
