"""Facts of villages as a workbook: the figures, and the sheet that says where each came from.

Reads back with `read_village_table`: what was measured or stands for something else says so in
its heading and does not come back as declared.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ExportError
from deqing_geo.files import whole_file
from deqing_geo.sheets import Field, Sheet, workbook
from deqing_geo.villages.fact_forms import ENDING, shown_cells
from deqing_geo.villages.known import fact_sources
from deqing_geo.villages.told import DECLARED_BY, MEASURED, MISSING, PROXY

if TYPE_CHECKING:
    from deqing_geo.villages.scheme import Scheme

IDENTITY = ("town_name", "village_name", "unit_kind")
BESIDE = ("facts_blank", "blank_facts", "doubted")
PAGE_COLUMNS = 14


def save_facts(
    facts: pd.DataFrame, path: str | os.PathLike[str], *, scheme: Scheme | None = None
) -> Path:
    """Facts as a workbook of two sheets: the figures, and where each came from.

    Parameters
    ----------
    facts : DataFrame or GeoDataFrame
        Of `village_facts`.
    path : path
        Ending in ``.xlsx``.
    scheme : Scheme, optional
        Whose conditions are named; by default those that ship.

    Returns
    -------
    Path
        The workbook, the same bytes for the same facts.

    Raises
    ------
    ExportError
        If the name does not end in .xlsx, or it cannot be written.
    InputError
        If `facts` is no table.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import sample
    >>> from deqing_geo.villages import village_facts
    >>> facts = village_facts(sample.villages(), homes=sample.homes())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_facts(facts, f"{folder}/facts.xlsx").name
    'facts.xlsx'
    """
    if not str(path).lower().endswith(ENDING):
        raise ExportError(f"{path}: name a file that ends in {ENDING}.")
    sources = fact_sources(facts, scheme=scheme)
    notice = str(facts.attrs.get("notice") or "")
    above = tuple((text,) for text in (notice,) if text)
    how = {row["fact"]: row["fact_how"] for row in sources.table.to_dict("records")}
    shown = [one for one in IDENTITY if one in facts]
    shown += [one for one, came in how.items() if came != MISSING and one not in IDENTITY]
    code = Field(names.label("village_code"), [str(one) for one in facts.index], middle=True)
    fields = [code, *(_field(facts, column, how) for column in shown)]
    beside = [one for one in BESIDE if one in sources.villages]
    fields += [Field(names.label(one), sources.villages[one].tolist()) for one in beside]
    values = Sheet(
        names.word("facts.values"),
        tuple(fields),
        title=names.word("facts.values"),
        above=above,
        mark=notice,
        held=1 + sum(one in facts for one in IDENTITY[:2]),
        pages_across=-(-len(fields) // PAGE_COLUMNS),
    )
    words = names.vocabulary("fact_how")
    table = sources.table.assign(fact_how=sources.table["fact_how"].map(words))
    title = names.word("facts.title")
    columns = tuple(Field(names.label(str(one)), table[one].tolist()) for one in table)
    book = workbook(
        [values, Sheet(title, columns, title=title, above=above, mark=notice)],
        called=Path(path).name,
    )
    with whole_file(path) as draft:
        draft.write_bytes(book)
    return Path(path)


def _field(facts: pd.DataFrame, column: str, how: dict[Any, Any]) -> Field:
    came = how.get(column, DECLARED_BY)
    before = names.word(f"facts.{came}_before") if came in (MEASURED, PROXY) else ""
    number = names.registry()[column].dtype == "float"
    return Field(
        f"{before}{names.label(column, unit=True)}",
        shown_cells(facts[column], column),
        format="0.00" if number else "",
        shaded=came == MEASURED,
    )
