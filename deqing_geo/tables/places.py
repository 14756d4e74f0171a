"""Rows of a table as points: coordinates found, checked and brought into metres.

A table never says its coordinate system and seldom its datum. Degrees are taken for CGCS2000 with a
warning, since half of all tables of places come from a map service and lie half a kilometre off;
where the table says so itself, it is refused until the shift is declared.
"""

from __future__ import annotations

import itertools
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.crs import identify, to_working
from deqing_geo.errors import ColumnError, CRSError, DeqingGeoWarning
from deqing_geo.files import TABLES
from deqing_geo.tables.heading import Table, read_table

DEGREES, METRES = ("longitude", "latitude"), ("easting", "northing")
CGCS2000 = 4490
# Words that say whose coordinates they are; true ones are CGCS2000's or WGS 84's.
DATUM_WORDS = {
    "gcj02": ("gcj02", "gcj-02", "gcj_02", "gcj", "火星", "火星坐标", "高德", "腾讯", "amap"),
    "bd09": ("bd09", "bd-09", "bd_09", "百度", "百度坐标", "baidu"),
    "": ("wgs84", "wgs-84", "wgs_84", "wgs", "cgcs2000", "cgcs", "国家2000", "大地2000", "2000"),
}
# Fields that say so for every row, and what speaks for a service there or in a title.
_SOURCES = (
    "坐标系",
    "坐标系统",
    "坐标类型",
    "坐标系类型",
    "来源",
    "数据来源",
    "坐标来源",
    "coordtype",
)
_SPOKEN = {
    "gcj02": re.compile(r"gcj[-_]?02|火星|高德|腾讯|amap"),
    "bd09": re.compile(r"bd[-_]?09|百度|baidu"),
}
_MINUTES = re.compile(
    r"[东北]?[经纬]?([+-]?\d+(?:\.\d+)?)[°度](?:(\d+(?:\.\d+)?)['′分])?(?:(\d+(?:\.\d+)?)(?:[\"″秒]|''))?[ENen]?"
)
# The mainland's degrees: where both bounds are kept the wrong way round, the columns are swapped.
EAST, NORTH = (73.0, 136.0), (3.0, 54.0)


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether a file's name is that of a table.

    Parameters
    ----------
    path : path
        A file, there or not.

    Returns
    -------
    bool
        By its ending.

    Examples
    --------
    >>> is_table("卫生室.XLSX"), is_table("卫生室.gpkg")
    (True, False)
    """
    endings = tuple(ending for kind in TABLES for ending in kind.endings)
    return os.fspath(path).lower().endswith(endings)


def read_places(
    path: str | os.PathLike[str],
    *,
    name: str,
    wanted: Sequence[str],
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    r"""The rows of a table as points.

    Parameters
    ----------
    path : path
        ``.csv``, ``.xlsx``, ``.xlsm`` or ``.xls`` with columns of longitude and latitude, or of
        easting and northing.
    name : str
        What to call the layer in messages.
    wanted : sequence of str
        Registered columns to look for.
    sheet : str, optional
        The sheet, where several hold such a table.
    columns : mapping, optional
        From our columns to headings; ``longitude``, ``latitude``, ``easting`` and ``northing``
        among them.
    assume_crs : optional
        The system the coordinates are in; metres need it.
    datum : {"gcj02", "bd09"}, optional
        The shift of the map service they come from, to be undone.
    like : GeoDataFrame, optional
        Take the CRS of this frame.

    Returns
    -------
    GeoDataFrame of Point
        Metres; the index is the row of the sheet, from 1. Known headings renamed, others kept.

    Raises
    ------
    BoundaryFileError
        If the file is refused, damaged, locked or too large, or its sheet must be named.
    ColumnError
        If no sheet has coordinates, a heading stands twice, or a coordinate is no number.
    CRSError
        If metres come without a system, coordinates are swapped, or a map service's shift is
        spoken of and not declared.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "a.csv"
    ...     _ = file.write_text("名称,东经(2000),北纬(2000)\n甲,119.967662,30.534927\n", "gbk")
    ...     places = read_places(file, name="places", wanted=["facility_name"])
    >>> places.geometry.x.round(1).tolist(), places.crs.to_epsg()
    ([496896.7], 4549)
    """
    strange = [one for one in columns or {} if one not in (*wanted, *DEGREES, *METRES)]
    if strange:
        raise ColumnError(
            f"columns= names {', '.join(strange)}; this layer knows "
            f"{', '.join((*wanted, *DEGREES, *METRES))}."
        )
    table = read_table(
        path, _known(wanted), (DEGREES, METRES), key=None, sheet=sheet, columns=columns
    )
    file = str(table.told["file"])
    fields = {column: field for field, column in table.found.items()}
    crs = None if assume_crs is None else identify(assume_crs)
    # Where a table has both, degrees, which need no system to be named, unless metres were named.
    both = (DEGREES, METRES) if crs is None or crs.is_geographic else (METRES, DEGREES)
    pair = next(pair for pair in both if all(one in fields for one in pair))
    _refuse_twice(table, pair, wanted)
    raw = table.frame[[fields[one] for one in pair]]
    numbers = np.column_stack([_numbers(raw[field], field) for field in raw.columns])
    blank = np.isnan(numbers).any(axis=1) | (numbers == 0).all(axis=1)
    told = {**table.told, "renamed": {f: c for f, c in table.found.items() if c in wanted}}
    told["coordinates"] = tuple(raw.columns)
    rows = table.frame.index
    if blank.any():
        told["dropped"] = tuple(rows[blank].tolist())
        shown = ", ".join(str(row) for row in told["dropped"][:5])
        warnings.warn(
            f"`{name}`: {int(blank.sum())} rows of {file} have no coordinates and were left out "
            f"(rows {shown}{', …' * bool(blank.sum() > 5)} of the sheet).",
            DeqingGeoWarning,
            stacklevel=4,
        )
    kept = table.frame[~blank].map(lambda cell: str(cell).strip() or None)
    spoken = _spoken(table, list(raw.columns))
    said = _datum(file, name, spoken, datum, assume_crs, table)
    told["crs_from"] = said if crs is None else f"assume_crs={assume_crs}"
    if pair == DEGREES and (crs is None or crs.is_geographic):
        _refuse_swapped(numbers[~blank], kept.index, name, fields)
        crs = identify(CGCS2000) if crs is None else crs
    points = shapely.points(numbers[~blank])
    frame = gpd.GeoDataFrame(
        kept.rename(columns=told["renamed"]), geometry=points, crs=crs, index=kept.index
    )
    try:
        frame = to_working(frame, like=like, datum=datum, name=name)
    except CRSError as error:
        if "swapped" not in str(error):
            raise
        raise CRSError(f"{error} {_exchange(pair, fields)}") from error
    told["working_crs"] = f"EPSG:{frame.crs.to_epsg()}" if frame.crs.to_epsg() else frame.crs.name
    if datum is not None:
        told["datum_undone"] = datum
    told["rows"] = len(frame)
    frame.attrs["reading"] = told
    made_up = names.word("notice.schematic")
    notices = [*table.titles, *frame.get("说明", []), *frame.get("notice", [])]
    if any(made_up in str(one) for one in notices):
        frame.attrs["notice"] = made_up
    return frame


def _known(wanted: Sequence[str]) -> dict[str, str]:
    """Headings that are known, folded: the wanted columns', and coordinates' with their datum."""
    out: dict[str, str] = {}
    for column in (*wanted, *DEGREES, *METRES):
        entry = names.registry()[column]
        texts = (column, entry.zh, names.label(column, unit=True), *entry.aliases)
        for text in texts:
            out.setdefault(names.fold(text), column)
    words = [word for said in DATUM_WORDS.values() for word in said]
    for column in (*DEGREES, *METRES):
        own = [text for text, one in list(out.items()) if one == column]
        for text, word in itertools.product(own, words):
            for way in (word + text, text + word, f"{word}_{text}", f"{text}_{word}",
                        f"{text}({word})", f"{word}坐标{text}", f"{word}({text})"):  # fmt: skip
                out.setdefault(names.fold(way), column)
    return out


def _refuse_twice(table: Table, pair: Sequence[str], wanted: Sequence[str]) -> None:
    for column in (*pair, *wanted):
        alike = [field for field, one in table.found.items() if one == column]
        if len(alike) > 1:
            raise ColumnError(
                f"{table.told['file']}: several headings are `{column}`: {', '.join(alike)}. "
                f"Pass columns={{'{column}': '…'}} with the one that is meant."
            )


def _numbers(values: pd.Series[Any], field: str) -> Any:
    """Decimal numbers, or degrees with minutes and seconds."""
    text = names.clean_text(values)
    number = pd.to_numeric(text, errors="coerce").astype(float)
    odd = text.notna() & number.isna()
    for row in text.index[odd]:
        found = _MINUTES.fullmatch("".join(str(text[row]).split()))
        if found is not None:
            whole, minutes, seconds = (float(part or 0) for part in found.groups())
            number[row] = whole + minutes / 60 + seconds / 3600
    odd = (text.notna() & number.isna()) | np.isinf(number)
    if odd.any():
        raise ColumnError(
            f"{field} holds coordinates, and {text[odd].iloc[0]!r} is none.", text.index[odd]
        )
    return number.to_numpy(dtype=float)


def _spoken(table: Table, fields: Sequence[str]) -> dict[str, list[str]]:
    """What the table says of its datum: in the headings of the coordinates, else elsewhere."""
    out: dict[str, list[str]] = {}
    for field in fields:
        text = names.fold(field)
        for datum, words in DATUM_WORDS.items():
            if any(word in text for word in words):
                out.setdefault(datum, []).append(field)
    if out:
        return out
    others = [*table.titles]
    for label in table.frame:
        if names.fold(str(label)) in _SOURCES:
            others += table.frame[label].unique().tolist()
    for datum, pattern in _SPOKEN.items():
        found = [text for text in others if pattern.search(names.fold(str(text)))]
        if found:
            out[datum] = found
    return out


def _datum(
    file: str,
    name: str,
    spoken: Mapping[str, Sequence[str]],
    datum: str | None,
    assume_crs: Any,
    table: Table,
) -> str:
    """What is known of the datum, or a refusal."""
    shifted = [one for one in spoken if one]
    if datum is not None:
        if spoken and datum not in spoken:
            said = next(iter(spoken.values()))[0]
            raise CRSError(
                f"`{name}`: {file} says {said!r}, and datum={datum!r} is another. Which is it?"
            )
        return f"datum={datum!r}"
    in_headings = any(field in table.frame for said in spoken.values() for field in said)
    if shifted and (assume_crs is None or in_headings):
        said = spoken[shifted[0]][0]
        raise CRSError(
            f"`{name}`: {file} says {said!r}: the coordinates are a map service's and lie some "
            f"500 m off (疑似 {shifted[0].upper()} 坐标). Pass datum={shifted[0]!r}, or, where "
            "they have been put right already, mend the heading and pass assume_crs=4490."
        )
    if "" in spoken:
        return f"the heading {spoken[''][0]!r}"
    if assume_crs is None and any(column in DEGREES for column in table.found.values()):
        warnings.warn(
            f"`{name}`: {file} does not say whose its degrees are; they are taken for CGCS2000. "
            "From Gaode or Tencent pass datum='gcj02', from Baidu datum='bd09'; where they are "
            "true, assume_crs=4490 (坐标未注明坐标系,按 CGCS2000 处理).",
            DeqingGeoWarning,
            stacklevel=5,
        )
    return "assumed: degrees of an unnamed datum"


def _refuse_swapped(
    numbers: np.ndarray[Any, np.dtype[np.float64]],
    index: pd.Index[Any],
    name: str,
    fields: Mapping[str, str],
) -> None:
    lon, lat = numbers.T
    beyond = (np.abs(lat) > 90) & (np.abs(lon) <= 90)
    china = (lon >= NORTH[0]) & (lon <= NORTH[1]) & (lat >= EAST[0]) & (lat <= EAST[1])
    swapped = beyond | china
    if swapped.any():
        cure = (
            _exchange(DEGREES, fields)
            if swapped.all()
            else "Exchange the two cells in these rows (经纬度填反)."
        )
        raise CRSError(
            f"`{name}`: longitude and latitude are swapped in {int(swapped.sum())} of "
            f"{len(swapped)} rows. {cure}",
            index[swapped],
        )


def _exchange(pair: Sequence[str], fields: Mapping[str, str]) -> str:
    first, second = (fields[one] for one in pair)
    return f"Or pass columns={{'{pair[0]}': {second!r}, '{pair[1]}': {first!r}}} (两列对调)."
