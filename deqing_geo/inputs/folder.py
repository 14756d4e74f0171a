"""The forms of all towns as one table: a folder of workbooks, and which towns are missing.

Reads each as `read_village_table` does; nothing is filled in for a town that sent none.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from deqing_geo.divisions import TOWN_DIGITS
from deqing_geo.errors import (
    BoundaryFileError,
    CodeError,
    ColumnError,
    DeqingGeoError,
    DeqingGeoWarning,
    InputError,
)
from deqing_geo.inputs.declared import read_one_table

ENDINGS = (".xlsx", ".xlsm", ".xls", ".csv")
# What a program leaves beside a workbook while it is open.
ASIDE = ("~$", ".~", ".")
SHOWN = 5


def read_village_table(
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
    villages: gpd.GeoDataFrame | pd.DataFrame | None = None,
) -> pd.DataFrame:
    r"""What is declared of each village (村庄基本情况), from a table as Excel or WPS save it.

    Parameters
    ----------
    path : path
        ``.xlsx``, ``.xlsm``, ``.xls``, or ``.csv`` in UTF-8 or GBK; or a folder with one for
        each town, as `facts_form` writes them. The heading, in the library's Chinese labels
        (``宅基地闲置率(%)``), its column names (``hollow_rate``) or words offices use for them,
        is looked for: titles may stand above it, totals and signatures below.
    sheet : str, optional
        The sheet of a workbook where several hold such a table.
    columns : mapping, optional
        ``{"pop_resident": "常住人口2025"}`` where a heading is another.
    villages : DataFrame or GeoDataFrame, optional
        Indexed by ``village_code``: who should be in the table. Towns and villages that are not
        are told, and towns of which no village is, in a warning.

    Returns
    -------
    DataFrame
        Index ``village_code``; registered columns only, ratios 0-1 where the heading or the cell
        said %, other units brought to the column's, blanks as None. ``attrs["told"]`` names
        the columns a form brought along as measured or a proxy; ``attrs["reading"]`` tells the
        sheet, the row of the heading, the rows left out and the headings not understood, and of
        a folder those of each file in ``files``.

    Raises
    ------
    BoundaryFileError
        If a file is refused, damaged, locked with a password or too large, its sheet must be
        named, or a folder holds no table.
    ColumnError
        If no sheet has a column of codes, two headings are one column, numbers are none or in
        another unit, one cell gives several villages one number, or `columns` is mistaken. Rows
        are those of the sheet. All columns at fault are named together, and all files.
    CodeError
        If a code is damaged, missing or repeated, also in another file.

    Warns
    -----
    DeqingGeoWarning
        If towns of `villages` are not in the table.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "villages.csv"
    ...     _ = file.write_text("行政区划代码,宅基地闲置率(%)\n330521001901,12.5\n", "gbk")
    ...     read_village_table(file)["hollow_rate"].to_dict()
    {'330521001901': 0.125}
    """
    if isinstance(path, str | os.PathLike) and os.path.isdir(path):
        table = _read_folder(Path(path), sheet, columns)
    else:
        table = read_one_table(path, sheet=sheet, columns=columns)
    if villages is not None:
        _tell_missing(table, villages)
    return table


def _read_folder(
    folder: Path, sheet: str | None, columns: Mapping[str, str] | None
) -> pd.DataFrame:
    files = sorted(
        one
        for one in folder.iterdir()
        if one.suffix.lower() in ENDINGS and not one.name.startswith(ASIDE)
    )
    if not files:
        raise BoundaryFileError(
            f"{folder}: no table of villages in it ({', '.join(ENDINGS)}). "
            "请将各镇(街道)填报表放入该文件夹."
        )
    tables: list[pd.DataFrame] = []
    faults: list[DeqingGeoError] = []
    for file in files:
        try:
            tables.append(read_one_table(file, sheet=sheet, columns=columns))
        except DeqingGeoError as fault:
            faults.append(fault)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        said = "\n  ".join(str(fault) for fault in faults)
        raise ColumnError(f"{folder}: {len(faults)} of {len(files)} tables are refused.\n  {said}")
    _refuse_twice(files, tables)
    # Stacked as objects: a column one town left blank is blank for its villages only.
    together = pd.concat([table.astype(object) for table in tables])
    out = together.where(together.notna(), None)
    for column in out.columns:
        kinds = {table[column].dtype for table in tables if column in table}
        if len(kinds) == 1 and all(column in table for table in tables):
            out[column] = together[column].astype(kinds.pop())
        elif all(pd.api.types.is_numeric_dtype(kind) for kind in kinds):
            out[column] = pd.to_numeric(together[column])
    out.index.name = "village_code"
    out.attrs["reading"] = {
        "file": folder.name,
        "driver": "、".join(dict.fromkeys(table.attrs["reading"]["driver"] for table in tables)),
        "rows": len(out),
        "files": tuple(table.attrs["reading"] for table in tables),
    }
    told = {name: how for table in tables for name, how in table.attrs.get("told", {}).items()}
    if told:
        out.attrs["told"] = told
    notices = [str(table.attrs["notice"]) for table in tables if table.attrs.get("notice")]
    if notices:
        out.attrs["notice"] = ";".join(dict.fromkeys(notices))
    return out


def _refuse_twice(files: list[Path], tables: list[pd.DataFrame]) -> None:
    where: dict[object, str] = {}
    twice: dict[object, str] = {}
    for file, table in zip(files, tables, strict=True):
        for code in table.index:
            if code in where:
                twice[code] = f"{code}: {where[code]}, {file.name}"
            where.setdefault(code, file.name)
    if twice:
        shown = "; ".join(list(twice.values())[:SHOWN])
        raise CodeError(f"Two files tell of one village ({shown}). Leave one out.", twice)


def _tell_missing(table: pd.DataFrame, villages: pd.DataFrame) -> None:
    if not isinstance(villages, pd.DataFrame):
        raise InputError("`villages` is no table indexed by village_code; see read_villages.")
    absent = villages.index.difference(table.index, sort=False)
    towns = _towns(villages)
    sent = set(towns[villages.index.isin(table.index)])
    lacking = tuple(town for town in dict.fromkeys(towns) if town not in sent)
    told = table.attrs["reading"]
    told["villages_missing"] = tuple(absent)
    told["towns_missing"] = lacking
    if lacking:
        warnings.warn(
            f"{told['file']}: nothing from {len(lacking)} towns (未报送): "
            f"{'、'.join(map(str, lacking))}.",
            DeqingGeoWarning,
            stacklevel=3,
        )


def _towns(villages: pd.DataFrame) -> pd.Series[Any]:
    for column in ("town_name", "town_code"):
        if column in villages and villages[column].notna().all():
            return villages[column]
    codes = villages.index.astype(str).str.slice(0, TOWN_DIGITS)
    return pd.Series(codes, index=villages.index)
