"""What may stand in a cell of the village table: yes or no, numbers, words, days, text.

Blank is not known, whatever a blank looks like. What cannot be read is refused with its
rows; nothing is guessed.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Protection lists with a column each; `heritage_list` names those a village is on.
HERITAGE = (
    "heritage_traditional", "heritage_national", "heritage_provincial", "heritage_key_village",
    "heritage_minority", "heritage_scenic",
)  # fmt: skip
# What layers tell; where no layer does, a table may.
FROM_LAYERS = (
    "tt_county_min", "tt_subcentre_min", "tt_centre_min", "tt_town_min", "udb_res_share",
    "dist_udb_m", "builtup_res_share", "slope_res_mean_deg", "slope_res_p90", "elev_mean_m",
    "relief_m", "redline_res_share", "water1_res_share", "pbf_share", "farmland_share",
    "pop_density", "hazard_points_n", "fac_kinds",
)  # fmt: skip
# What is declared of a village.
DECLARED = (
    "urban_rural_code", "takes_part", "pop_resident", "hh_resident", "pop_hukou", "pop_chg5_pct",
    "pop_5_years_ago", "aging60_share", "hollow_rate", "homesteads_idle", "homesteads_all",
    "collective_op_income", "fac_count", "heritage_list", *HERITAGE, "hazard_class",
    "hazard_major", "threatened_people", "seismic_intensity", "fault_dist_m",
    "farmland_pc", "is_town_seat", "is_central_village", "in_relocation_plan",
    "relocation_document", "major_project", "retention_value", "villager_consent", "consent_on",
    "current_type", "current_type_document", "current_type_year", "sewage_served",
    "homesteads_revived", "parent_code", "official_type",
)  # fmt: skip
YES_OR_NO = (
    "takes_part", "hazard_major", "is_town_seat", "is_central_village", "in_relocation_plan",
    "major_project", "retention_value", "sewage_served",
)  # fmt: skip
WORDS = ("unit_kind", "hazard_class", "villager_consent", "current_type", "official_type")
DAYS = ("consent_on",)
# Filled in means yes here, so a word for "none" must not stand, nor a yes without the name.
NAMED = ("heritage_list", "relocation_document")
NONE = ("无", "否", "没有", "未列入", "-", "--", "—", "/", "0", "False")
MERELY_YES = ("是", "有", "1", "1.0", "True")
BELOW_ZERO = ("pop_chg5_pct", "elev_mean_m")
# Nobody loses more than all.
LEAST = {"pop_chg5_pct": -100.0}
# A column of kinds counts no more of them than there are.
KINDS_OF = {"fac_count": "facility_kind"}
# Shares of areas may end a rounding above the whole.
ROUNDING = 1e-6
# Counts converted from another unit may end a rounding beside a whole number.
PART = 1e-6
# Of a year, a number alone says enough; of a batch, the words do.
_LISTED = re.compile(r"(?:19|20)\d\d年?|.*(?:批|(?:19|20)\d\d).*")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T][\d:.]+)?")


def read_cells(values: pd.Series[Any], column: str) -> pd.Series[Any]:
    """A column of the village table as the ladder reads it.

    Parameters
    ----------
    values : Series
        As somebody filled them in.
    column : str
        A registered column.

    Returns
    -------
    Series
        True, False and None; numbers and NaN; words of the vocabulary, days like 2025-12-31
        or text, and None. Of a protection list 是, 否, or its year or batch. Read again, they
        stay as they are.

    Raises
    ------
    ColumnError
        If a cell is none of these, below 0, a ratio above 1, or part of a person.

    Examples
    --------
    >>> read_cells(pd.Series(["是", " ", "否"]), "is_town_seat").tolist()
    [True, None, False]
    >>> read_cells(pd.Series(["2025/6/1", None]), "consent_on").tolist()
    ['2025-06-01', None]
    >>> read_cells(pd.Series(["是", 2019, "无"]), "heritage_traditional").tolist()
    ['是', '2019', '否']
    """
    counted = names.registry()[column].dtype in ("float", "int")
    if counted and isinstance(values.dtype, np.dtype) and values.dtype.kind in "fiu":
        # Numbers already: most columns are, and nothing in them needs a second look.
        return _number(values, values.astype(float), column)
    tidy = _tidy(values)
    if column in YES_OR_NO:
        return _yes_or_no(tidy, column)
    if counted:
        found = pd.to_numeric(tidy, errors="coerce").astype("Float64").astype(float)
        return _number(tidy, found, column)
    if column in WORDS:
        return _worded(tidy, column)
    if column in DAYS:
        return _days(tidy, column)
    if column in NAMED:
        return _named(tidy, column)
    if column in HERITAGE:
        return _listed(tidy, column)
    return _series([_text(one) for one in tidy], values)


def read_day(text: object) -> date | None:
    """A day as people write it, or None where it is none.

    Parameters
    ----------
    text : object
        ``2025-12-31``, ``2025/12/31``, ``2025年12月31日``, or a date.

    Returns
    -------
    date or None
        None, too, for a day the calendar does not have.

    Examples
    --------
    >>> read_day("2025年6月1日"), read_day("2025-02-30"), read_day("待定")
    (datetime.date(2025, 6, 1), None, None)
    """
    found = _DAY.fullmatch(str(text).strip())
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None


def _series(values: list[Any], like: pd.Series[Any]) -> pd.Series[Any]:
    held: NDArray[Any] = np.empty(len(values), dtype=object)
    held[:] = values
    return pd.Series(held, index=like.index, name=like.name, dtype=object)


def _tidy(values: pd.Series[Any]) -> pd.Series[Any]:
    """Text without blanks around it, and None for everything that is missing."""
    known = values.notna().to_numpy(dtype=bool)
    raw = [one if there else None for one, there in zip(values, known, strict=True)]
    text = [at for at, one in enumerate(raw) if isinstance(one, str)]
    if text:
        clean = names.clean_text(pd.Series([raw[at] for at in text], dtype=object))
        for at, one in zip(text, clean, strict=True):
            raw[at] = one
    return _series(raw, values)


def _text(value: object) -> str | None:
    """A code that a spreadsheet took for a number is its digits."""
    if value is None or isinstance(value, str):
        return value
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return f"{value:.0f}" if whole else str(value)


def _yes_or_no(values: pd.Series[Any], column: str) -> pd.Series[Any]:
    # 1 and 0 are the same keys as True and False.
    words = {True: True, False: False, "是": True, "否": False}
    out = _series([None if one is None else words.get(one) for one in values], values)
    _refuse(values, out, f"`{column}` is yes or no (是/否), and {{}} is neither.")
    return out


def _number(values: pd.Series[Any], found: pd.Series[Any], column: str) -> pd.Series[Any]:
    finite = found.where(~np.isinf(found))
    _refuse(values, finite, f"`{column}` is a number, and {{}} is none.")
    known = names.registry()[column]
    called = f"`{column}` ({known.zh})"
    least = LEAST.get(column, -np.inf if column in BELOW_ZERO else 0.0)
    below = found < least
    if below.any():
        raise ColumnError(
            f"{called} cannot be below {least:g}. Not known is an empty cell.",
            values.index[below],
        )
    if known.unit == "ratio":
        _refuse_percent(found, called)
    if column in KINDS_OF:
        most = len(names.vocabulary(KINDS_OF[column]))
        if (found > most).any():
            raise ColumnError(
                f"{called} counts kinds, of which there are {most}: {found.max():g} is more. "
                "Give kinds, not places (填种类数,不是个数).",
                values.index[found > most],
            )
    if known.dtype != "int":
        return found
    whole = found.round()
    part = (found - whole).abs() > PART
    if part.any():
        raise ColumnError(
            f"{called} is counted in whole {known.unit_zh or 'numbers'}, and "
            f"{found[part].iloc[0]:g} is none. A column in another unit says so in its heading, "
            f"as {known.zh}(万{known.unit_zh}).",
            values.index[part],
        )
    return whole.astype("Int64")


def _refuse_percent(found: pd.Series[Any], called: str) -> None:
    over = found > 1 + ROUNDING
    if not over.any():
        return
    cure = (
        "Divide percentages by 100, or write the heading of the table with (%) "
        "(填百分数的,表头须写明%)."
    )
    known = found.dropna()
    all_of_it = "Every value but 0 is: " if (known[known != 0] > 1 + ROUNDING).all() else ""
    raise ColumnError(
        f"{called} is a ratio from 0 to 1, and {found.max():g} is not. {all_of_it}{cure}",
        found.index[over],
    )


def _worded(values: pd.Series[Any], column: str) -> pd.Series[Any]:
    out = names.read_values(values, column)
    known = "、".join(names.vocabulary(column).values())
    _refuse(values, out, f"`{column}` holds {{}}; it may hold {known}.")
    return _series([None if one != one else one for one in out], values)


def _days(values: pd.Series[Any], column: str) -> pd.Series[Any]:
    days = [None if one is None else read_day(one) for one in values]
    out = _series([None if day is None else day.isoformat() for day in days], values)
    _refuse(values, out, f"`{column}` is a day like 2025-12-31, not {{}}.")
    return out


def _named(values: pd.Series[Any], column: str) -> pd.Series[Any]:
    texts = [None if one is None or str(one) in NONE else one for one in values]
    bare = np.array([one is not None and str(one) in MERELY_YES for one in texts], dtype=bool)
    if bare.any():
        raise ColumnError(
            f"`{column}` ({names.label(column)}) names the list or document, and "
            f"{values[bare].iloc[0]!r} is no name. Leave it empty where there is none.",
            values.index[bare],
        )
    return _series(texts, values)


def _listed(values: pd.Series[Any], column: str) -> pd.Series[Any]:
    """是, 否, or what the list says of itself: its year, its batch."""
    out: list[str | None] = []
    for one in values:
        text = None if one is None else str(_text(one))
        if text is None:
            out.append(None)
        elif text in NONE or text in ("0", "0.0"):
            out.append("否")
        elif text in MERELY_YES:
            out.append("是")
        else:
            out.append(text.removesuffix("年") if _LISTED.fullmatch(text) else None)
    found = _series(out, values)
    _refuse(
        values,
        found,
        f"`{column}` ({names.label(column)}) is 是, 否, or the year or batch of the list "
        "(如 2019、第五批), and {} is none.",
    )
    return found


def _refuse(values: pd.Series[Any], found: pd.Series[Any], says: str) -> None:
    odd = found.isna().to_numpy(dtype=bool) & values.notna().to_numpy(dtype=bool)
    if odd.any():
        raise ColumnError(says.format(repr(values[odd].iloc[0])), values.index[odd])
