"""The form in which towns fill in what is known of their villages: empty, or with what there is.

What layers tell stands there in grey, not to be written in; what is not known stays empty, never
0. It reads back with `read_village_table`.
"""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.divisions import TOWN_DIGITS
from deqing_geo.errors import ColumnError, ExportError, InputError
from deqing_geo.files import stands_other, whole_file, whole_folder
from deqing_geo.files.naming import UNWRITABLE, numbered
from deqing_geo.inputs import village_codes
from deqing_geo.sheets import Field, Sheet, workbook
from deqing_geo.villages.cells import (
    BELOW_ZERO,
    DAYS,
    DECLARED,
    HERITAGE,
    KINDS_OF,
    LEAST,
    WORDS,
    YES_OR_NO,
    read_cells,
)
from deqing_geo.villages.known import asked
from deqing_geo.villages.told import DECLARED_BY, MEASURED, PROXY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.columns import Column
    from deqing_geo.villages.scheme import Scheme

PERCENT = 100.0
# A share times a hundred ends in a rounding; ten decimals are more than anybody writes.
DECIMALS = 10
# Whoever fills in a year means one of these.
YEARS = (1949.0, 2100.0)
ENDING = ".xlsx"
# So many columns on a page can be read and written in, on A4 across.
PAGE_COLUMNS = 12
IDENTITY = ("town_name", "village_code", "village_name")
OWN = ("unit_kind", "urban_rural_code")


@functools.cache
def wording() -> Mapping[str, Any]:
    """What the form says, from ``form.toml``."""
    text = resources.files("deqing_geo.villages").joinpath("form.toml").read_text("utf-8")
    return tomllib.loads(text)


def facts_form(
    villages: gpd.GeoDataFrame | pd.DataFrame,
    out: str | os.PathLike[str],
    *,
    facts: pd.DataFrame | None = None,
    columns: Sequence[str] | None = None,
    scheme: Scheme | None = None,
) -> list[Path]:
    """The form towns fill in: what each village declares, as Excel workbooks (村庄基本情况填报表).

    Codes and names are filled in and protected; what is asked is open, with its unit in the
    heading, drop-downs for words and bounds for numbers. A second sheet says what each column
    means, who usually holds the figure, and which condition reads it. Shares are asked in per
    cent, as the heading says.

    Parameters
    ----------
    villages : DataFrame or GeoDataFrame, N rows
        Index ``village_code`` of twelve digits; ``village_name`` and ``town_name`` where known.
    out : path
        A name ending in ``.xlsx`` for one workbook; else a folder, for one to each town.
    facts : DataFrame, optional
        Of `village_facts`, for the same villages: what was declared stands there to be looked
        through, what layers told in grey. A proxy is no answer: those columns are asked.
    columns : sequence of str, optional
        Which declared columns to ask for; by default all of them.
    scheme : Scheme, optional
        Whose conditions are named on the second sheet; by default those that ship.

    Returns
    -------
    list of Path
        The workbooks, by town; the same bytes for the same facts.

    Raises
    ------
    CodeError
        If a code has not twelve digits: the form is read back by it.
    ColumnError
        If `columns` names a column nobody declares, or a fact is nonsense.
    InputError
        If the index repeats a label, there is no village, or `facts` are of others.
    ExportError
        If another form stands there already, perhaps filled in, or it cannot be written.

    See Also
    --------
    read_village_table : reads a form, or a folder of them.
    fact_sources : what is blank, and who reads it.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import read_village_table, sample
    >>> villages = sample.county(1).villages
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = facts_form(villages, folder)
    ...     table = read_village_table(folder, villages=villages)
    >>> len(files), len(table) == len(villages), int(table["pop_resident"].count())
    (13, True, 0)
    """
    known = _checked(villages, facts, columns)
    readers = asked(scheme)
    if facts is None:
        # What the boundaries say of a village need not be asked for.
        facts = pd.DataFrame(villages[[one for one in OWN if one in villages]])
    grey = _measured(facts, readers)
    wanted = [one for one in (columns or wording()["column"]) if one not in grey]
    _refuse_unasked(wanted)
    towns = _towns(known)
    if str(out).lower().endswith(ENDING):
        book = _book(known, facts, wanted, grey, readers, "", Path(out).name)
        _refuse_filled({Path(out): book})
        with whole_file(out) as draft:
            draft.write_bytes(book)
        return [Path(out)]
    stems = numbered(
        f"{_town_code(known.iloc[rows])}{''.join(UNWRITABLE.sub('', town).split())}"
        f"{wording()['file']}"
        for town, rows in towns.items()
    )
    made: dict[str, bytes] = {}
    for (town, rows), stem in zip(towns.items(), stems, strict=True):
        part, name = known.iloc[rows], f"{stem}{ENDING}"
        made[name] = _book(part, facts.loc[part.index], wanted, grey, readers, town, name)
    _refuse_filled({Path(out) / name: book for name, book in made.items()})
    with whole_folder(out, last="") as folder:
        for name, book in made.items():
            (folder / name).write_bytes(book)
    return [Path(out) / name for name in made]


# ---------------------------------------------------------------- what is asked


def _checked(
    villages: pd.DataFrame, facts: pd.DataFrame | None, columns: Sequence[str] | None
) -> pd.DataFrame:
    """The villages without their shapes, coded and once each."""
    if not isinstance(villages, pd.DataFrame) or len(villages) == 0:
        raise InputError("`villages` has no village to ask about; see read_villages.")
    if not villages.index.is_unique:
        twice = villages.index[villages.index.duplicated()].unique()
        raise InputError("`villages` repeats labels in its index.", twice)
    codes = pd.Series(villages.index.astype(str), index=villages.index)
    village_codes(codes, "`villages`")
    if facts is not None and not facts.index.sort_values().equals(villages.index.sort_values()):
        others = villages.index.symmetric_difference(facts.index)
        raise InputError("`facts` are not of these villages.", others)
    if columns is not None and isinstance(columns, str):
        raise ColumnError("`columns` is a list of names, such as ['pop_resident'].")
    out = pd.DataFrame(villages[[one for one in IDENTITY if one in villages]]).copy()
    out["village_code"] = codes
    if "town_name" in out:
        out["town_name"] = out["town_name"].astype(object).where(out["town_name"].notna(), None)
    out.attrs = {key: held for key, held in villages.attrs.items() if key == "notice"}
    return out


def _refuse_unasked(wanted: Sequence[str]) -> None:
    known = wording()["column"]
    odd = [one for one in wanted if one not in known]
    if odd:
        raise ColumnError(
            f"columns= names {odd[0]}, which no town declares; there are {', '.join(known)}."
        )


def _measured(facts: pd.DataFrame, readers: Mapping[str, tuple[str, ...]]) -> list[str]:
    """What layers told and a condition or score reads."""
    how: Mapping[str, str] = facts.attrs.get("facts", {})
    return [one for one in readers if one in facts and how.get(one) == MEASURED]


def _towns(known: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Rows by town, towns in the order of the villages."""
    if "town_name" in known:
        towns = known["town_name"].map(lambda one: "" if one is None else str(one))
    else:
        towns = known["village_code"].str.slice(0, TOWN_DIGITS)
    return {
        str(town): np.flatnonzero((towns == town).to_numpy(dtype=bool))
        for town in dict.fromkeys(towns)
    }


def _town_code(part: pd.DataFrame) -> str:
    codes = part["village_code"].str.slice(0, TOWN_DIGITS).unique()
    return str(codes[0]) if len(codes) == 1 else ""


def _refuse_filled(made: Mapping[Path, bytes]) -> None:
    """A form that came back filled in is worth more than a new one."""
    kept = [file.name for file, book in made.items() if stands_other(file, book)]
    if kept:
        raise ExportError(
            f"Other forms stand there already, perhaps filled in: {', '.join(kept[:5])}. Name "
            "another place (请另选位置,以免覆盖已填写的表)."
        )


# ---------------------------------------------------------------- the workbook


def _book(
    known: pd.DataFrame,
    facts: pd.DataFrame,
    wanted: Sequence[str],
    grey: Sequence[str],
    readers: Mapping[str, tuple[str, ...]],
    town: str,
    called: str,
) -> bytes:
    said = wording()
    fields = [
        Field(names.label(one), known[one].tolist(), middle=one == "village_code")
        for one in IDENTITY
        if one in known
    ]
    rows = facts.loc[known.index]
    fields += [_open(column, _declared(rows, column)) for column in wanted]
    fields += [_shut(column, shown_cells(rows[column], column)) for column in grey]
    notice = str(known.attrs.get("notice") or "")
    above = [(f"{said['above']}{town}",), *([(notice,)] if notice else [])]
    form = Sheet(
        said["sheet"],
        tuple(fields),
        title=f"{town}{said['title']}",
        above=tuple(above),
        below=(tuple(said["below"]),),
        protected=True,
        mark=notice,
        held=sum(one in known for one in IDENTITY),
        pages_across=-(-len(fields) // PAGE_COLUMNS),
    )
    return workbook([form, _help(wanted, grey, readers)], called=called)


def _declared(facts: pd.DataFrame, column: str) -> list[Any]:
    """What stands in the cells to be filled in: only what somebody declared in so many words."""
    how = facts.attrs.get("facts", {}).get(column, DECLARED_BY)
    computed = column in facts.attrs.get("facts_computed", ())
    if column not in facts or how == PROXY or computed:
        return [None] * len(facts)
    return shown_cells(facts[column], column)


def shown_cells(values: pd.Series[Any], column: str) -> list[Any]:
    """Cells as people read them: shares in per cent, words in Chinese, days as days.

    Parameters
    ----------
    values : Series
        A column of facts.
    column : str
        Its name, registered.

    Returns
    -------
    list
        One cell a village; None where it is not known.

    Examples
    --------
    >>> shown_cells(pd.Series([0.125, None]), "hollow_rate")
    [12.5, None]
    """
    known = names.registry()[column]
    tidy = read_cells(values, column) if column in (*DECLARED, "unit_kind") else values
    out: list[Any] = []
    for one in tidy.astype(object):
        if one is None or one is pd.NA or one != one:
            out.append(None)
        elif known.unit == "ratio":
            out.append(round(float(one) * PERCENT, DECIMALS))
        elif isinstance(one, str) and column in names.vocabularies():
            out.append(names.vocabulary(column).get(one, one))
        elif column in DAYS:
            out.append(date.fromisoformat(str(one)))
        else:
            out.append(one)
    return out


def _open(column: str, values: list[Any]) -> Field:
    known = names.registry()[column]
    words: tuple[str, ...] = ("是", "否") if column in YES_OR_NO else ()
    if column in WORDS:
        words = tuple(names.vocabulary(column).values())
    kind = "text"
    least = most = None
    if known.dtype in ("float", "int"):
        kind, (least, most) = "number", _bounds(known)
    elif column in DAYS:
        kind = "day"
    return Field(
        names.label(column, unit=True),
        values,
        width=14.0 if column not in HERITAGE else 12.0,
        kind=kind,
        open=True,
        words=words,
        least=least,
        most=most,
        prompt=wording()["column"][column]["says"],
    )


def _bounds(known: Column) -> tuple[float | None, float | None]:
    if known.name in KINDS_OF:
        return 0.0, float(len(names.vocabulary(KINDS_OF[known.name])))
    if known.unit == "ratio":
        return 0.0, PERCENT
    if known.name.endswith("_year"):
        return YEARS
    if known.name in BELOW_ZERO:
        return LEAST.get(known.name), None
    return 0.0, None


def _shut(column: str, values: list[Any]) -> Field:
    number = names.registry()[column].dtype == "float"
    return Field(
        names.word("facts.measured_before") + names.label(column, unit=True),
        values,
        width=14.0,
        format="0.00" if number else "",
        shaded=True,
    )


def _help(
    wanted: Sequence[str], grey: Sequence[str], readers: Mapping[str, tuple[str, ...]]
) -> Sheet:
    """What each column means; without a heading of codes, so that it is never read as the form."""
    said = wording()
    rows = []
    for column in wanted:
        entry = said["column"][column]
        rows.append((column, entry["says"], entry["holder"]))
    rows += [(column, said["measured"], "") for column in grey]
    cells = [
        (
            names.label(column),
            names.registry()[column].unit_zh,
            says,
            holder,
            "、".join(readers.get(column, ())),
        )
        for column, says, holder in rows
    ]
    widths = (26.0, 12.0, 60.0, 30.0, 24.0)
    fields = [
        Field(heading, [cell[at] or None for cell in cells], width=widths[at])
        for at, heading in enumerate(said["headings"])
    ]
    above = tuple((line,) for line in said["general"])
    return Sheet(said["help"], tuple(fields), title=said["help"], above=above, protected=True)
