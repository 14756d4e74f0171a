"""How a fact, a number of the law and a reason read, in sentences; nothing is decided here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.standards.model import UNITS
from deqing_geo.text import figure, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Rule, Standard
    from deqing_geo.villages.scheme import Rung

FILLED = re.compile(r"\{([\w.]+)\}")
# How many decimals a reader needs of each unit.
DECIMALS = {"m": 0, "min": 1, "deg": 1, "household": 0, "intensity": 0, "village": 0}
_CUTS = ("potential_cut",)
_CUT_DECIMALS = 4
_PERCENT = 100.0


def sentences(rung: Rung, facts: pd.DataFrame, law: Standard, *, lang: str = "zh") -> list[str]:
    """The reason of every row, with its values and the numbers they were compared with.

    Parameters
    ----------
    rung : Rung
        What decided.
    facts : DataFrame
        The rows it decided.
    law : Standard
        Where the numbers stand.
    lang : str
        ``zh`` or ``en``; without an English sentence the Chinese one stands.

    Returns
    -------
    list of str
        One sentence a row.
    """
    limits = [law.rule(key).value for key in rung.rules]
    english = lang == "en" and bool(rung.says_en)
    show = "en" if english else "zh"
    parts = FILLED.split(rung.says_en if english else rung.says)
    cut = None
    if "potential_cut" in facts:
        cut = facts["potential_cut"].to_numpy(dtype=float, na_value=np.nan)
    out = [""] * len(facts)
    for at, part in enumerate(parts):
        if at % 2 == 0:
            filled = [part] * len(facts)
        elif "." in part:
            filled = [shown_rule(law.rule(part), lang=show)] * len(facts)
        else:
            filled = shown_values(part, facts[part], limits, cut, lang=show)
        out = [before + here for before, here in zip(out, filled, strict=True)]
    return out


def shown_values(
    column: str,
    values: pd.Series[Any],
    against: Sequence[float] = (),
    cut: NDArray[np.float64] | None = None,
    *,
    lang: str = "zh",
) -> list[str]:
    """A column of facts as a reader sees it: `shown_value` of many.

    Parameters
    ----------
    column : str
        Which fact.
    values : Series
        As frames hold it.
    against : sequence of float
        Numbers all are compared with.
    cut : ndarray of float, optional
        One more number for each.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    list of str
        One a row.
    """
    known = names.registry().get(column)
    counted = known is not None and known.dtype in ("float", "int")
    cuts = [()] * len(values) if cut is None else [(one,) for one in cut]
    if not counted or known is None:
        held = values.astype(object)
        several = zip(held, cuts, strict=True)
        return [shown_value(column, one, (*against, *more), lang=lang) for one, more in several]
    number = values.to_numpy(dtype=float, na_value=np.nan)
    ratio, decimals = known.unit == "ratio", _decimals(column)
    shown = np.round(number * _PERCENT, 12) if ratio else number
    texts = [f"{one:.{decimals}f}" for one in shown]
    # Rounded across a number it is compared with: those few are written with more places.
    rounded = np.array(texts, dtype=float)
    odd = np.isnan(number)
    limits: list[Any] = [np.float64(one) for one in against]
    if cut is not None and column not in _CUTS:
        limits.append(cut)
    for limit in limits:
        goal = np.round(limit * _PERCENT, 12) if ratio else limit
        with np.errstate(invalid="ignore"):
            odd |= np.sign(rounded - goal) != np.sign(shown - goal)
    unit = _unit(column, lang)
    out = [f"{one}{unit}" for one in texts]
    for at in np.flatnonzero(odd):
        out[at] = shown_value(column, number[at], (*against, *cuts[at]), lang=lang)
    return out


def shown_value(
    column: str,
    value: Any,
    against: Sequence[float] = (),
    *,
    lang: str = "zh",
) -> str:
    """A fact as a reader sees it, never rounded across a number it was compared with.

    Parameters
    ----------
    column : str
        Which fact.
    value : object
        As frames hold it.
    against : sequence of float
        Numbers it is compared with.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        With its unit; ``-`` where it is not known.

    Examples
    --------
    >>> shown_value("udb_res_share", 0.499999, [0.5]), shown_value("tt_county_min", 14.96, [15])
    ('49.9999%', '14.96分钟')
    >>> shown_value("hh_resident", 19, lang="en"), shown_value("is_town_seat", True, lang="en")
    ('19 households', 'yes')
    """
    if value is None or value is pd.NA or value != value:
        return "-" if lang == "zh" else "not known"
    if column in _CUTS:
        return figure(float(value), _CUT_DECIMALS)
    known = names.registry().get(column)
    if isinstance(value, bool | np.bool_):
        return _YES_NO[lang][bool(value)]
    if isinstance(value, str):
        if lang == "en":
            return names.english(column).get(value, value)
        return (
            names.vocabulary(column).get(value, value) if column in names.vocabularies() else value
        )
    if known is not None and known.unit == "ratio":
        return percent(float(value), against=against)
    return f"{figure(float(value), _decimals(column), against=against)}{_unit(column, lang)}"


_YES_NO = {"zh": {True: "是", False: "否"}, "en": {True: "yes", False: "no"}}


def _decimals(column: str) -> int:
    known = names.registry().get(column)
    if column in _CUTS:
        return _CUT_DECIMALS
    if known is not None and known.dtype == "int":
        return 0
    return DECIMALS.get("" if known is None else known.unit, 2)


def _unit(column: str, lang: str) -> str:
    """The unit behind a figure; English ones stand apart from it, but for the per cent sign."""
    known = names.registry().get(column)
    if known is None or lang == "zh":
        return "" if known is None else known.unit_zh
    unit = names.english("unit").get(known.unit, known.unit)
    return unit if unit in ("", "%") else f" {unit}"


def shown_rule(rule: Rule, *, lang: str = "zh") -> str:
    """A number of the law without its document: ``50%``, ``15分钟``, ``15 min``.

    Parameters
    ----------
    rule : Rule
        The number.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        With its unit.
    """
    if rule.unit == "ratio":
        return f"{round(rule.value * 100, 12):.15g}%"
    if lang == "en":
        unit = names.english("unit").get(rule.unit, "" if not UNITS[rule.unit] else rule.unit)
        return f"{rule.value:g} {unit}".strip()
    return f"{rule.value:g}{UNITS[rule.unit]}"
