"""Tables for readers: CSV and Excel, in Chinese, with nothing a spreadsheet would run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ExportError
from deqing_geo.export.workbook import require_sheet, write_workbook
from deqing_geo.files import whole_file
from deqing_geo.provenance import marks
from deqing_geo.sheets import harmless

if TYPE_CHECKING:
    pass

DECIMALS = 6


def save_table(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """A table as CSV or a workbook that opens in Excel and WPS with its Chinese whole.

    Parameters
    ----------
    table : DataFrame or GeoDataFrame
        Of a result; shapes are left out, the index becomes the first column.
    path : path
        Where; ``.csv``, in UTF-8 with a byte-order mark, or ``.xlsx``.

    Returns
    -------
    Path
        The file. Registered columns carry their Chinese label and unit; ratios are
        written as percentages; numbers keep six decimals. In a CSV the definition and the
        notices stand in every row, since a row is what gets copied; in a workbook above the
        headings, on every page: A4 across, as wide as the paper, pages numbered.

    Raises
    ------
    ExportError
        If the name ends in neither, the file cannot be written, or the table is larger than
        a sheet.

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
    ending = Path(path).suffix.lower()
    if ending not in (".csv", ".xlsx"):
        raise ExportError(f"{path}: name a file that ends in .csv or .xlsx.")
    if ending == ".xlsx":
        require_sheet(_without_shapes(table), str(path))
    out, said = for_readers(table), marks(table)
    if ending == ".csv":
        out = out.assign(**{heading(key): text for key, text in said.items()})
    with whole_file(path) as draft:
        if ending == ".csv":
            write_csv(out, draft)
        else:
            above = [f"{names.label(key)}:{text}" for key, text in said.items()]
            write_workbook(out, draft, above, called=str(path))
    return Path(path)


def write_csv(table: pd.DataFrame, draft: Path) -> None:
    """A table of plain cells as CSV: a byte-order mark, and nothing a spreadsheet would run.

    Parameters
    ----------
    table : DataFrame
        Column names are the headings; the index is left out.
    draft : Path
        Where.
    """
    out = table.map(harmless, na_action="ignore")
    out.columns = pd.Index([harmless(column) for column in out.columns])
    out.to_csv(draft, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def for_readers(table: pd.DataFrame) -> pd.DataFrame:
    """A table as people read it: Chinese headings and words, percentages, six decimals.

    Parameters
    ----------
    table : DataFrame or GeoDataFrame
        Of a result; it is left as it is.

    Returns
    -------
    DataFrame
        Without shapes; the index is the first column.

    Examples
    --------
    >>> import pandas as pd
    >>> for_readers(pd.DataFrame({"park_coverage": [0.5]}, index=["甲"])).iloc[0, 1].item()
    50.0
    """
    out = _without_shapes(table)
    for column in out.columns:
        known = names.registry().get(str(column))
        if known is not None and known.unit == "ratio":
            out[column] = out[column] * 100
        if pd.api.types.is_float_dtype(out[column]):
            out[column] = out[column].round(DECIMALS)
        elif pd.api.types.infer_dtype(out[column], skipna=True) == "boolean":
            # Also where some are not known, which pandas then holds as objects.
            words = ("计入", "不计入") if column == "counted" else ("是", "否")
            out[column] = out[column].map({True: words[0], False: words[1]})
        else:
            out[column] = in_chinese(out[column])
    out.columns = pd.Index(headings([str(column) for column in out.columns]))
    return out


def headings(columns: Sequence[str]) -> list[str]:
    """What stands over the columns of one table.

    Parameters
    ----------
    columns : sequence of str
        All of them: ``other`` among classes of roads is one of them, and no weight.

    Returns
    -------
    list of str
        One a column.

    Examples
    --------
    >>> headings(["arterial", "branch", "other"])
    ['主干路(公里)', '支路(公里)', '其他道路(公里)']
    """
    classes = names.vocabulary("road_class")
    of_roads = sum(one in classes and one not in names.registry() for one in columns) > 0
    return [
        f"{classes[one]}(公里)" if of_roads and one in classes else heading(one) for one in columns
    ]


def in_chinese(values: pd.Series[Any]) -> pd.Series[Any]:
    """A column of words of a vocabulary by their labels; any other column as it is.

    Parameters
    ----------
    values : Series
        Named as the column.

    Returns
    -------
    Series
        Words that are not in the vocabulary stay.
    """
    if str(values.name) == "evidence":
        labels = names.phrases("evidence")
    elif str(values.name) in names.vocabularies():
        labels = names.vocabulary(str(values.name))
    else:
        return values
    return values.map(lambda word: labels.get(word, word))


def _without_shapes(table: pd.DataFrame) -> pd.DataFrame:
    out = pd.DataFrame(table).copy()
    if isinstance(table, gpd.GeoDataFrame):
        out = out.drop(columns=table.select_dtypes("geometry").columns)
    index = out.index
    out.insert(0, index_name(index, out.columns), index.to_numpy(), allow_duplicates=False)
    return out.reset_index(drop=True)


def index_name(index: pd.Index[Any], taken: pd.Index[Any]) -> str:
    """What the column of an index is called, so that no other has the name.

    Parameters
    ----------
    index : Index
        Of a table.
    taken : Index
        The table's columns.

    Returns
    -------
    str
        The index's own name, or ``area_id``.
    """
    name = str(index.name or "area_id")
    while name in taken:
        name = f"{name}_"
    return name


def heading(column: str) -> str:
    """What stands over a column.

    Parameters
    ----------
    column : str
        Registered or not.

    Returns
    -------
    str
        Its label with the unit; another name as it is.

    Examples
    --------
    >>> heading("park_coverage"), heading("备注栏")
    ('公园绿地服务半径覆盖率(%)', '备注栏')
    """
    if column in names.registry():
        return names.label(column, unit=True)
    if column == "area_id":
        return "编号"
    for vocabulary in ("road_class", "road_status"):
        if column in names.vocabulary(vocabulary):
            return f"{names.vocabulary(vocabulary)[column]}(公里)"
    return column
