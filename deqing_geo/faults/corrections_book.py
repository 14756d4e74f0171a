"""The table of corrections as a workbook: out to be filled in, and back (更正表)."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, ExportError
from deqing_geo.faults.corrections import COLUMNS, NEEDED
from deqing_geo.files import whole_file
from deqing_geo.sheets import Field, Sheet, workbook
from deqing_geo.tables import read_table

OPEN = ("corrected_value", "correction_basis")
# In letters; sentences wrap.
WIDTHS = {"says_zh": 36, "correction_hint": 28, "corrected_value": 16, "correction_basis": 24}
ENDING = ".xlsx"


def save_corrections(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """The table of corrections as a sheet to fill in.

    Parameters
    ----------
    table : DataFrame
        Of `propose_corrections`.
    path : path
        Ending in ``.xlsx``.

    Returns
    -------
    Path
        The workbook: what was found is locked without a password, what is filled in is open
        and kept as text, so that no code becomes a number.

    Raises
    ------
    ExportError
        If the name does not end in .xlsx, or it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import check_boundaries, sample
    >>> from deqing_geo.faults import propose_corrections
    >>> villages = sample.villages().reset_index(drop=True)
    >>> villages.loc[2, "village_name"] = None
    >>> table = propose_corrections(villages, check_boundaries(villages))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     back = read_corrections(save_corrections(table, f"{folder}/a.xlsx"))
    >>> back[["file_row", "corrected_field", "corrected_value"]].to_numpy().tolist()
    [['3', '村(社区)名称', None]]
    """
    if not str(path).lower().endswith(ENDING):
        raise ExportError(f"{path}: name a file that ends in {ENDING}.")
    title, notice = names.word("correction.title"), str(table.attrs.get("notice") or "")
    fields = tuple(
        Field(
            names.label(column),
            table[column].tolist(),
            width=WIDTHS.get(column, 0.0),
            open=column in OPEN,
            shaded=column not in OPEN,
        )
        for column in COLUMNS
    )
    above = [(names.word("correction.how"),), (names.word("correction.then"),)]
    above += [(notice,)] if notice else []
    sheet = Sheet(title, fields, title=title, above=tuple(above), protected=True, mark=notice)
    book = workbook([sheet], called=Path(path).name)
    with whole_file(path) as draft:
        draft.write_bytes(book)
    return Path(path)


def read_corrections(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A table of corrections as it came back.

    Parameters
    ----------
    path : path
        ``.xlsx``, ``.xlsm``, ``.xls`` or ``.csv`` with the headings of `save_corrections`.

    Returns
    -------
    DataFrame of str
        The columns of `propose_corrections` that are there, None where a cell is blank; the
        index is the row of the sheet.

    Raises
    ------
    BoundaryFileError
        If the file is refused.
    ColumnError
        If it is not such a table.
    """
    known = {names.fold(names.label(one)): one for one in COLUMNS}
    known |= {names.fold(one): one for one in COLUMNS}
    try:
        found = read_table(path, known, [NEEDED], key="file_row")
    except ColumnError as error:
        raise ColumnError(
            f"{Path(path).name}: no table of corrections (不是更正表): it has no headings "
            f"{'、'.join(names.label(one) for one in NEEDED)}. Fill in the one that a check with "
            "--out lays out."
        ) from error
    fields = {column: field for field, column in found.found.items()}
    if len(fields) < len(found.found):
        raise ColumnError(f"{Path(path).name}: a heading stands there twice. Leave one out.")
    return pd.DataFrame(
        {column: names.clean_text(found.frame[field]) for column, field in fields.items()},
        index=found.frame.index,
    )
