"""Tables and layers written whole, for the people who open them next.

A table for readers has Chinese headings with units, percentages where frames hold ratios,
and no cell a spreadsheet would run as a formula. A layer for machines keeps the names and
the ratios of the frames.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.errors import ExportError
from deqing_geo.files import whole_file
from deqing_geo.provenance import marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deqing_geo.standards import Definition, Rule

# A spreadsheet runs what begins like this, whatever the column was meant to be.
_FORMULA = re.compile(r"^[\s\ufeff]*[=+\-@|%\t\r]")
_PLAIN_NUMBER = re.compile(r"^\s*[+-]?\d+(\.\d+)?%?\s*$")
DECIMALS = 6
# GDAL writes the hour into a GeoPackage unless told another; any fixed one will do.
FIXED_DATE = "2000-01-01T00:00:00Z"


def save_table(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """A table as CSV that opens in Excel and WPS with its Chinese whole.

    Parameters
    ----------
    table : DataFrame or GeoDataFrame
        Of a result; shapes are left out, the index becomes the first column.
    path : path
        Where; ``.csv``, in UTF-8 with a byte-order mark.

    Returns
    -------
    Path
        The file. Registered columns carry their Chinese label and unit; ratios are
        written as percentages; numbers keep six decimals; the definition and the notices
        stand in every row, since a row is what gets copied.

    Raises
    ------
    ExportError
        If the name does not end in ``.csv`` or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample
    >>> density = road_density(sample.villages(), sample.roads())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     text = save_table(density.table, f"{folder}/density.csv").read_text("utf-8-sig")
    >>> print(text.splitlines()[0])
    编号,村(社区)名称,道路长度(公里),土地面积(平方公里),路网密度(公里/平方公里),...,口径,说明
    """
    _require_ending(path, ".csv")
    out = _without_shapes(table)
    for column in out.columns:
        known = names.registry().get(str(column))
        if known is not None and known.unit == "ratio":
            out[column] = out[column] * 100
        if pd.api.types.is_float_dtype(out[column]):
            out[column] = out[column].round(DECIMALS)
        elif pd.api.types.is_bool_dtype(out[column]):
            words = ("计入", "不计入") if column == "counted" else ("是", "否")
            out[column] = out[column].map({True: words[0], False: words[1]})
        elif str(column) == "evidence":
            marks_of = names.phrases("evidence")
            out[column] = out[column].map(lambda mark, said=marks_of: said.get(mark, mark))
        elif str(column) in names.vocabularies():
            labels = names.vocabulary(str(column))
            out[column] = out[column].map(lambda word, labels=labels: labels.get(word, word))
        else:
            out[column] = out[column].map(_harmless, na_action="ignore")
    out = out.assign(**marks(table))
    out.columns = pd.Index([_harmless(_heading(str(column))) for column in out.columns])
    with whole_file(path) as draft:
        out.to_csv(draft, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return Path(path)


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
    _require_ending(path, ".gpkg")
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


def _require_ending(path: str | os.PathLike[str], ending: str) -> None:
    if Path(path).suffix.lower() != ending:
        raise ExportError(f"{path}: name a file that ends in {ending}.")


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


def _without_shapes(table: pd.DataFrame) -> pd.DataFrame:
    out = pd.DataFrame(table).copy()
    if isinstance(table, gpd.GeoDataFrame):
        out = out.drop(columns=table.select_dtypes("geometry").columns)
    index = out.index
    out.insert(0, _index_name(index, out.columns), index.to_numpy(), allow_duplicates=False)
    return out.reset_index(drop=True)


def _with_index(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    out = frame.assign(**marks(frame))
    out.insert(0, _index_name(frame.index, frame.columns), frame.index.to_numpy())
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


def _index_name(index: pd.Index[Any], taken: pd.Index[Any]) -> str:
    name = str(index.name or "area_id")
    while name in taken:
        name = f"{name}_"
    return name


def _heading(column: str) -> str:
    if column in names.registry():
        return names.label(column, unit=True)
    if column == "area_id":
        return "编号"
    for vocabulary in ("road_class", "road_status"):
        if column in names.vocabulary(vocabulary):
            return f"{names.vocabulary(vocabulary)[column]}(公里)"
    return column


def _harmless(value: object) -> object:
    if not isinstance(value, str) or _PLAIN_NUMBER.match(value) or not _FORMULA.match(value):
        return value
    return f"'{value}"
