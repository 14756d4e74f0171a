"""How a fact, a number of the law and a reason read, in sentences; nothing is decided here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.standards.model import UNITS
from deqing_geo.text import figure, percent

if TYPE_CHECKING:
    from deqing_geo.standards import Rule, Standard
    from deqing_geo.villages.scheme import Rung

FILLED = re.compile(r"\{([\w.]+)\}")
# How many decimals a reader needs of each unit.
_CUTS = ("potential_cut",)
_DECIMALS = {"m": 0, "min": 1, "deg": 1, "household": 0, "intensity": 0, "village": 0}


def sentences(rung: Rung, facts: pd.DataFrame, law: Standard) -> list[str]:
    """The reason of every row, with its values and the numbers they were compared with.

    Parameters
    ----------
    rung : Rung
        What decided.
    facts : DataFrame
        The rows it decided.
    law : Standard
        Where the numbers stand.

    Returns
    -------
    list of str
        Chinese, one sentence a row.
    """
    limits = [law.rule(key).value for key in rung.rules]
    parts = FILLED.split(rung.says)
    out = []
    for row in facts.to_dict("records"):
        against = limits + ([row["potential_cut"]] if "potential_cut" in row else [])
        filled = [
            part
            if at % 2 == 0
            else shown_rule(law.rule(part))
            if "." in part
            else shown_value(part, row[part], against)
            for at, part in enumerate(parts)
        ]
        out.append("".join(filled))
    return out


def shown_value(column: str, value: Any, against: list[float] | tuple[float, ...] = ()) -> str:
    """A fact as a reader sees it, never rounded across a number it was compared with.

    Parameters
    ----------
    column : str
        Which fact.
    value : object
        As frames hold it.
    against : sequence of float
        Numbers it is compared with.

    Returns
    -------
    str
        With its unit; ``-`` where it is not known.

    Examples
    --------
    >>> shown_value("udb_res_share", 0.499999, [0.5]), shown_value("tt_county_min", 14.96, [15])
    ('49.9999%', '14.96分钟')
    """
    if value is None or value != value or value is pd.NA:
        return "-"
    if column in _CUTS:
        return figure(float(value), 4)
    known = names.registry().get(column)
    if isinstance(value, bool | np.bool_):
        return "是" if value else "否"
    if isinstance(value, str):
        return (
            names.vocabulary(column).get(value, value) if column in names.vocabularies() else value
        )
    unit = "" if known is None else known.unit
    if unit == "ratio":
        return percent(float(value), against=against)
    whole = known is not None and known.dtype == "int"
    shown = figure(float(value), 0 if whole else _DECIMALS.get(unit, 2), against=against)
    return f"{shown}{'' if known is None else known.unit_zh}"


def shown_rule(rule: Rule) -> str:
    """A number of the law without its document: ``50%``, ``15分钟``.

    Parameters
    ----------
    rule : Rule
        The number.

    Returns
    -------
    str
        With its unit.
    """
    if rule.unit == "ratio":
        return f"{round(rule.value * 100, 12):.15g}%"
    return f"{rule.value:g}{UNITS[rule.unit]}"
