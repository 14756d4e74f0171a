"""What is declared of villages, put beside them: checked, gathered, counted from two figures.

Nothing here measures or judges. A figure that can hardly be in its column's unit is told, and
one that cannot be is refused; none is ever turned into another.
"""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.divisions import name_forms
from deqing_geo.errors import CodeError, ColumnError, DeqingGeoWarning
from deqing_geo.villages.cells import DECLARED, FROM_LAYERS, HERITAGE, NAMED, read_cells
from deqing_geo.villages.told import DECLARED_BY
from deqing_geo.villages.units import judge_units

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.standards import Standard
    from deqing_geo.villages.told import Told

PERCENT = 100.0
# So many columns in a row that cannot be read are one that slipped aside.
SLIPPED = 2
NOT_LISTED = "否"
LISTED = "是"


def declare(out: gpd.GeoDataFrame, told: Told, table: pd.DataFrame, law: Standard) -> None:
    """Write what a table declares into the facts.

    Parameters
    ----------
    out : GeoDataFrame
        The facts, by village; changed.
    told : Told
        Where they came from; changed.
    table : DataFrame
        Indexed by ``village_code``, or with that column.
    law : Standard
        From where on a figure is doubted.

    Raises
    ------
    CodeError
        If it repeats a code, names another village, or calls one otherwise.
    ColumnError
        If it has no column of facts, or a cell is nonsense; every column at fault is named.

    Warns
    -----
    DeqingGeoWarning
        If figures can hardly be in the unit of their column; ``doubted`` names them by village.
    """
    table = _by_code(out, table)
    _same_names(out, table)
    known = [one for one in ("town_name", "unit_kind", *DECLARED, *FROM_LAYERS) if one in table]
    if not known and len(table.columns) and not set(table.columns) <= {"village_name"}:
        has = ", ".join(str(one) for one in table.columns[:8])
        raise ColumnError(
            f"`table` has no column that is a fact of villages; it has {has}. Read a file with "
            "read_village_table, or name the columns as facts_form does."
        )
    rows = table.reindex(out.index)
    faults: dict[str, ColumnError] = {}
    held: dict[str, pd.Series[Any]] = {}
    for column in known:
        if column in out:
            continue
        try:
            held[column] = read_cells(rows[column], column)
        except ColumnError as fault:
            faults[column] = fault
    faults |= _counts_that_do_not_fit(held)
    _refuse_all(faults, list(table.columns))
    doubted = judge_units(pd.DataFrame(held, index=out.index), law)
    for column, values in held.items():
        out[column] = values
        if column not in NAMED and not values.notna().any():
            # A form has every column; one that nobody filled in was given by nobody.
            told.left_blank(column)
            continue
        how = table.attrs.get("told", {}).get(column, DECLARED_BY)
        if how == DECLARED_BY:
            told.say(column, DECLARED_BY, "table")
        else:
            told.say(column, how, "table", also=names.word("facts.earlier"))
            told.earlier.add(column)
    _computed(out, told)
    if doubted:
        _tell(out, doubted)


def _by_code(out: gpd.GeoDataFrame, table: pd.DataFrame) -> pd.DataFrame:
    if "village_code" in table:
        attrs = table.attrs
        table = table.set_index("village_code")
        table.attrs = attrs
    twice = table.index[table.index.duplicated()].unique()
    if len(twice):
        raise CodeError("`table` has several rows for one village.", twice)
    strangers = table.index.difference(out.index, sort=False)
    if len(strangers) == len(table) and len(table):
        raise CodeError(
            "`table` names no village of the boundaries: are both indexed by village_code?",
            strangers,
        )
    if len(strangers):
        raise CodeError(
            "`table` has rows for villages that are not in the boundaries. Mend the codes, or "
            "leave these rows out.",
            strangers,
        )
    return table


def _same_names(out: gpd.GeoDataFrame, table: pd.DataFrame) -> None:
    """A row shifted by one would give every village its neighbour's facts."""
    if "village_name" not in out or "village_name" not in table:
        return
    here = names.clean_text(out.loc[table.index, "village_name"])
    there = names.clean_text(table["village_name"])
    # 某村 and 某村村民委员会 are one village under its two names.
    other = np.array(
        [
            a is not None and b is not None and name_forms(a).isdisjoint(name_forms(b))
            for a, b in zip(here, there, strict=True)
        ],
        dtype=bool,
    )
    if other.any():
        pairs = [
            f"{code} {a}/{b}"
            for code, a, b in zip(table.index[other], here[other], there[other], strict=True)
        ]
        raise CodeError(
            "`table` calls villages otherwise than the boundaries do (名称不一致): "
            f"{'; '.join(pairs[:3])}. Has a column been sorted by itself?",
            table.index[other],
        )


def _counts_that_do_not_fit(held: dict[str, pd.Series[Any]]) -> dict[str, ColumnError]:
    if not {"homesteads_idle", "homesteads_all"} <= set(held):
        return {}
    idle, every = _number(held["homesteads_idle"]), _number(held["homesteads_all"])
    over = idle > every
    if not over.any():
        return {}
    fault = ColumnError(
        "`homesteads_idle` (闲置宅基地宗数) is more than `homesteads_all` (宅基地总宗数): have the "
        "columns been exchanged?",
        held["homesteads_idle"].index[over],
    )
    return {"homesteads_idle": fault}


def _refuse_all(faults: dict[str, ColumnError], order: list[Any]) -> None:
    """One error for a table, whatever the number of its faults."""
    if not faults:
        return
    if len(faults) == 1:
        raise next(iter(faults.values()))
    places = sorted(order.index(column) for column in faults if column in order)
    run = longest = 1
    for one, following in itertools.pairwise(places):
        run = run + 1 if following == one + 1 else 1
        longest = max(longest, run)
    hint = (
        " Columns side by side cannot be read: has the table slipped by one (是否整体错列)?"
        if longest >= SLIPPED
        else ""
    )
    said = "\n  ".join(str(fault) for fault in faults.values())
    rows = dict.fromkeys(row for fault in faults.values() for row in fault.rows)
    raise ColumnError(f"`table` has faults in {len(faults)} columns.{hint}\n  {said}\n ", rows)


# ---------------------------------------------------------------- counted from two figures


def _computed(out: gpd.GeoDataFrame, told: Told) -> None:
    """What two declared figures say together, where nobody declared it itself."""
    if "hollow_rate" not in told and {"homesteads_idle", "homesteads_all"} <= set(told.how):
        out["hollow_rate"] = _ratio(out["homesteads_idle"], out["homesteads_all"])
        told.computed("hollow_rate", DECLARED_BY, "homesteads_idle", "homesteads_all")
    if "pop_chg5_pct" not in told and {"pop_resident", "pop_5_years_ago"} <= set(told.how):
        now, then = _number(out["pop_resident"]), _number(out["pop_5_years_ago"])
        out["pop_chg5_pct"] = PERCENT * _ratio(now - then, then)
        told.computed("pop_chg5_pct", DECLARED_BY, "pop_resident", "pop_5_years_ago")
    centres = [one for one in ("tt_county_min", "tt_subcentre_min") if one in told]
    if "tt_centre_min" not in told and centres:
        out["tt_centre_min"] = out[centres].astype(float).min(axis=1)
        told.computed("tt_centre_min", DECLARED_BY, *centres)
    lists = [one for one in HERITAGE if one in told]
    if lists:
        out["heritage_list"] = _lists(out, lists)
        if "heritage_list" in told:
            lists = ["heritage_list", *lists]
        told.computed("heritage_list", DECLARED_BY, *lists)


def _lists(out: gpd.GeoDataFrame, lists: list[str]) -> pd.Series[Any]:
    """The lists a village is on, with their years; None where it is on none."""
    said = out["heritage_list"] if "heritage_list" in out else pd.Series(None, index=out.index)
    parts = [[] if one is None or one != one else [str(one)] for one in said]
    for column in lists:
        label = names.label(column)
        for held, cell in zip(parts, out[column], strict=True):
            on = cell is not None and cell == cell and cell != NOT_LISTED
            # Who wrote the list out in words has named it already.
            if on and not any(label in one for one in held):
                held.append(label if cell == LISTED else f"{label}({cell})")
    texts = ["、".join(held) or None for held in parts]
    return pd.Series(texts, index=out.index, dtype=object)


def _number(values: pd.Series[Any]) -> pd.Series[Any]:
    return pd.Series(values.to_numpy(dtype=float, na_value=np.nan), index=values.index)


def _ratio(part: pd.Series[Any], whole: pd.Series[Any]) -> pd.Series[Any]:
    """Of nothing there is no part: NaN."""
    of = _number(whole)
    return _number(part) / of.where(of > 0)


def _tell(out: gpd.GeoDataFrame, doubted: dict[str, tuple[str, pd.Series[Any]]]) -> None:
    """Name what is doubted in a warning, and by village."""
    held: list[list[str]] = [[] for _ in range(len(out))]
    said = []
    for column, (says, rows) in doubted.items():
        for at in np.flatnonzero(rows.to_numpy(dtype=bool)):
            held[at].append(names.label(column))
        first = [str(one) for one in out.index[rows.to_numpy(dtype=bool)][:5]]
        said.append(f"`{column}` ({names.label(column)}): {says} Rows: {', '.join(first)}.")
    texts = ["、".join(one) or None for one in held]
    out["doubted"] = pd.Series(texts, index=out.index, dtype=object)
    warnings.warn(
        "Figures of `table` that can hardly be in the unit of their column (请核对单位): "
        + " ".join(said),
        DeqingGeoWarning,
        stacklevel=4,
    )
