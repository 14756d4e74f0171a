"""Boundaries as an office sends them, for checking: nothing mended, left out or refused.

`read_towns` and `read_villages` refuse a layer whose codes are damaged and mend what crosses
itself, since what they give is measured. A check must see the faults themselves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.crs import refuse_shift
from deqing_geo.divisions import VILLAGE_DIGITS
from deqing_geo.reading import POLYGONS, read

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

# What tells units apart, and what their towns are called.
WANTED = ("village_code", "village_name", "town_name", "town_code")
MADE_UP = "示意"
PADDED_VILLAGE = r"\d{12}0{7}"


def read_received(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    reference: gpd.GeoDataFrame | None = None,
    like: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Boundaries with all their faults, for `check_boundaries` (收到的边界,原样读入).

    Parameters
    ----------
    path : path
        Any file `read_villages` opens.
    layer : str, optional
        The layer of a file with several.
    columns : mapping, optional
        ``{"village_code": "field", "village_name": "field", "town_name": "field"}`` where the
        alias table is wrong.
    assume_crs, datum
        As for `read_villages`.
    reference : GeoDataFrame, optional
        An outline of the same land known to be true, against shifts of map services (GCJ-02,
        BD-09), and to tell the coordinate system of a file that does not say.
    like : GeoDataFrame, optional
        Take the CRS of this frame.

    Returns
    -------
    GeoDataFrame, one row per row of the file
        Metres; shapes of any kind, valid or not, or none; fields that mean codes and names under
        our names, as they stand. The index is what a person calls a row: its code where no other
        row has it, else code and row, or the row alone (counted from 1). Where every row of a
        field says 示意, so does ``attrs["notice"]``.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent, contradicted, or a shift is suspected.
    GeometryError
        If it is a table without shapes.
    ColumnError
        If `columns` is mistaken.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from deqing_geo import sample
    >>> made = sample.villages().assign(village_code=["330521001901", "330521001901", "x", None])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "received.gpkg"
    ...     made.to_file(file)
    ...     read_received(file).index.to_list()
    ['330521001901 第1行', '330521001901 第2行', 'x', '第4行']
    """
    frame = read(
        path,
        name="villages",
        kind=POLYGONS,
        wanted=WANTED,
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=like,
        reference=reference,
        as_is=True,
    )
    if reference is not None and datum is None:
        refuse_shift(frame, reference, "villages")
    attrs = dict(frame.attrs)
    if _says_made_up(frame):
        attrs["notice"] = names.word("notice.schematic")
    out = frame.set_axis(row_labels(frame), axis="index")
    out.attrs.update(attrs)
    return out


def _areas(frame: gpd.GeoDataFrame) -> NDArray[Any]:
    """What of the shapes is land, as it would be mended: an outline is made of valid shapes."""
    shapes = np.asarray(frame.geometry.array, dtype=object)
    areas = shapes[np.isin(shapely.get_type_id(shapes), [int(one) for one in POLYGONS])]
    return np.asarray(shapely.make_valid(areas, method="structure", keep_collapsed=False))


def _says_made_up(frame: gpd.GeoDataFrame) -> bool:
    """Whether every row says 示意, as our own practice files do where a field has few letters."""
    texts = frame.drop(columns=frame.geometry.name).select_dtypes(exclude="number")
    return bool(len(frame)) and any((texts[column] == MADE_UP).all() for column in texts)


def row_labels(frame: gpd.GeoDataFrame) -> pd.Index[Any]:
    """What a person calls each row of boundaries as they were received.

    Parameters
    ----------
    frame : GeoDataFrame
        Rows in the order of the file.

    Returns
    -------
    Index of str
        The code where no other row has it, else code and row, or the row alone (from 1).
    """
    row = [f"第{at}行" for at in range(1, len(frame) + 1)]
    column = next((one for one in ("village_code", "town_code") if one in frame), None)
    if column is None:
        return pd.Index(row, dtype=object)
    raw = frame[column]
    if raw.dtype.kind == "f":
        raw = raw.map(lambda value: None if value != value else f"{value:.15g}")
    text = names.clean_text(raw)
    padded = text.astype("string").str.fullmatch(PADDED_VILLAGE).fillna(False).to_numpy(dtype=bool)
    short = text.where(~padded, text.str.slice(0, VILLAGE_DIGITS)) if padded.any() else text
    twice = short.duplicated(keep=False)
    return pd.Index(
        [
            at if code is None else f"{code} {at}" if again else str(code)
            for code, again, at in zip(short.tolist(), twice.tolist(), row, strict=True)
        ],
        dtype=object,
    )
