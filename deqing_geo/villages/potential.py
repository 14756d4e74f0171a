"""How far a village can grow, and what holds it back: two scores from 0 to 1.

The potential is relative: it compares the villages of one level with each other, so a score
says nothing beside another year's or another county's.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import DeqingGeoWarning
from deqing_geo.villages.scheme import Indicator, Score, shipped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Standard

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

HUNDRED = 100.0
HAMLETS = "自然村"


@dataclass(frozen=True, slots=True, eq=False)
class Potential:
    """The scores of all villages, and how they came about.

    Attributes
    ----------
    score, cut, units : ndarray of shape (N,)
        Score, the cut of its level (mean and half a standard deviation), and how many
        villages of its level were compared. NaN and 0 where a village takes no part.
    weights : DataFrame
        Index: the indicators; ``weight`` as used (0 where left out) and ``note`` why.
    filled : dict of str to ndarray of bool
        For each indicator the rows where its town's median stands in.
    z : ndarray of shape (N, k)
        Every village by every indicator on 0-1: capped, stretched, turned so that more is
        better. NaN in rows that take no part; 0 where an indicator is left out of a level.
    columns : tuple of str, length k
        The indicators of `z`, in order.
    base : ndarray of shape (L, k)
        The weights of each level, which add up to 1; 0 where an indicator is left out.
    levels : tuple of str, length L
        What the levels are called: ``""`` for 行政村, ``自然村`` for hamlets.
    level : ndarray of int, shape (N,)
        The row of `base` of each village; -1 where it takes no part.

    Notes
    -----
    Under weights w of one level the score of its villages is ``z @ w``.
    """

    score: Floats
    cut: Floats
    units: Floats
    weights: pd.DataFrame
    filled: dict[str, Bools]
    z: Floats
    columns: tuple[str, ...]
    base: Floats
    levels: tuple[str, ...]
    level: NDArray[np.int64]


def potential(
    facts: pd.DataFrame,
    taking: Bools,
    law: Standard,
    indicators: Sequence[Indicator] | None = None,
) -> Potential:
    """The potential of every village that takes part, by the weights of experts.

    Per level (行政村, 自然村): values are capped at the box plot's fences, stretched to 0-1 and
    turned where less is better; gaps are filled with the median of the village's town as long
    as few are missing; the score is the weighted sum.

    Parameters
    ----------
    facts : DataFrame
        Of `village_facts`.
    taking : ndarray of bool
        Who is compared.
    law : Standard
        Fences, shares and the cut.
    indicators : sequence of Indicator, optional
        With their weights; by default those of the scheme that ships.

    Returns
    -------
    Potential
        With every indicator that was left out, and why.

    Warns
    -----
    DeqingGeoWarning
        If an indicator is the same everywhere, or missing too often, and so left out.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> facts = pd.DataFrame({"pop_resident": [100.0, 200, 300], "tt_town_min": [30.0, 20, 10]})
    >>> found = potential(facts, np.ones(3, dtype=bool), standards.load())
    >>> found.score.tolist(), found.weights["weight"].sum().round(9).item()
    ([0.0, 0.5, 1.0], 1.0)
    """
    count = len(facts)
    score, cut, units = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count)
    fence, limit = law.rule("village.fence").value, law.rule("village.fill_share").value
    spread = law.rule("village.score_spread").value
    hamlet = np.zeros(count, dtype=bool)
    if "unit_kind" in facts:
        hamlet = (facts["unit_kind"] == "hamlet").to_numpy(dtype=bool)
    town = _towns(facts)
    entries = shipped().indicators if indicators is None else indicators
    columns = tuple(entry.column for entry in entries)
    z = np.full((count, len(columns)), np.nan)
    of = np.full(count, -1)
    base: list[Floats] = []
    levels: list[str] = []
    filled: dict[str, Bools] = {}
    rows: list[dict[str, Any]] = []
    for name, level in (("", taking & ~hamlet), (HAMLETS, taking & hamlet)):
        if not level.any():
            continue
        share = np.zeros(len(columns))
        held = np.zeros((int(level.sum()), len(columns)))
        for at, entry in enumerate(entries):
            column = entry.column
            values, gaps, why = _indicator(facts, column, level, town, fence, limit)
            if values is None:
                rows.append({"level": name, "column": column, "weight": 0.0, "note": why})
                continue
            rows.append({"level": name, "column": column, "weight": entry.weight, "note": ""})
            share[at] = entry.weight
            held[:, at] = 1 - values if entry.less else values
            filled[column] = filled.get(column, np.zeros(count, dtype=bool)) | gaps
        if not share.any():
            continue
        share /= share.sum()
        value = _weighted(held, share)
        z[level], of[level] = held, len(base)
        base.append(share)
        levels.append(name)
        score[level] = value
        cut[level] = _cut(value, spread)
        units[level] = level.sum()
    weights = _weights(rows)
    odd = weights.index[~weights["note"].isin(["", "无此列"])]
    if len(odd):
        told = "、".join(f"{names.label(one)}({weights.loc[one, 'note']})" for one in odd)
        warnings.warn(
            f"Left out of the potential (发展潜力): {told}. The other weights share its part.",
            DeqingGeoWarning,
            stacklevel=3,
        )
    shares = np.array(base).reshape(len(base), len(columns))
    return Potential(
        score, cut, units, weights, filled, z, columns, shares, tuple(levels), of.astype(np.int64)
    )


def _weighted(z: Floats, weights: Floats) -> Floats:
    """Indicator by indicator, so that no row's sum hangs on its place in the table."""
    total = np.zeros(len(z))
    for column, weight in zip(z.T, weights, strict=True):
        total += weight * column
    return total


def _cut(value: Floats, spread: float) -> float:
    """Mean and so many standard deviations; sorted first, so that the order of rows is nothing."""
    ordered = np.sort(value)
    return float(ordered.mean() + spread * ordered.std())


def _weights(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The weights as used, of the first level that is there; notes name the other where it differs.

    An indicator may tell villages apart and be the same in all their hamlets.
    """
    out: dict[str, dict[str, Any]] = {}
    for row in rows:
        held = out.setdefault(row["column"], {"weight": row["weight"], "note": row["note"]})
        if row["note"] and row["note"] != held["note"]:
            held["note"] = f"{held['note']};{row['level']}{row['note']}".lstrip(";")
    table = pd.DataFrame.from_dict(out, orient="index", columns=["weight", "note"])
    share = table["weight"].sum()
    table["weight"] = table["weight"] / share if share > 0 else table["weight"]
    return table.rename_axis("column")


def _indicator(
    facts: pd.DataFrame,
    column: str,
    level: Bools,
    town: NDArray[Any],
    fence: float,
    limit: float,
) -> tuple[Floats | None, Bools, str]:
    """One indicator of one level on 0-1, where it was filled in, or why it is left out."""
    gaps = np.zeros(len(facts), dtype=bool)
    if column not in facts:
        return None, gaps, "无此列"
    values = facts[column].to_numpy(dtype=float, na_value=np.nan)[level]
    missing = np.isnan(values)
    if missing.all() or missing.mean() > limit:
        return None, gaps, "缺失过多"
    if missing.any():
        series = pd.Series(values)
        median = series.groupby(pd.Series(town[level])).transform("median")
        values = series.fillna(median).fillna(series.median()).to_numpy()
        gaps[np.flatnonzero(level)[missing]] = True
    if values.min() == values.max():
        return None, np.zeros(len(facts), dtype=bool), "各村相同"
    low, high = np.quantile(values, [0.25, 0.75])
    reach = fence * (high - low)
    values = np.clip(values, low - reach, high + reach)
    least, most = values.min(), values.max()
    if least == most:
        # Where half of them and more are the same, the fences leave nothing else.
        return None, np.zeros(len(facts), dtype=bool), "过半村庄相同"
    return (values - least) / (most - least), gaps, ""


def _towns(facts: pd.DataFrame) -> NDArray[Any]:
    for column in ("town_code", "town_name"):
        if column in facts:
            return facts[column].astype(object).where(facts[column].notna(), "").to_numpy()
    return np.full(len(facts), "", dtype=object)


def constraint(
    facts: pd.DataFrame, law: Standard, scores: Sequence[Score] | None = None
) -> Floats | None:
    """What holds a village back, by the weakest link: steep or threatened ground, law.

    Parameters
    ----------
    facts : DataFrame
        Of `village_facts`.
    law : Standard
        From where on it matters.
    scores : sequence of Score, optional
        What it is made of; by default as in the scheme that ships.

    Returns
    -------
    ndarray of shape (N,) or None
        0 to 1; NaN where a fact is not known that could decide; None where the table has
        not one of the facts.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> facts = pd.DataFrame({"slope_res_mean_deg": [1.9, 2.0, 15.0, np.nan]})
    >>> constraint(facts, standards.load()).round(2).tolist()
    [0.0, 0.2, 0.6, nan]
    """
    parts = []
    for entry in shipped().scores if scores is None else scores:
        if entry.column not in facts:
            continue
        values = facts[entry.column]
        if entry.words:
            points = dict(zip(entry.words, entry.points, strict=True))
            parts.append(1 - values.map(points).to_numpy(dtype=float, na_value=np.nan) / HUNDRED)
            continue
        number = values.to_numpy(dtype=float, na_value=np.nan)
        if entry.steps:
            at = np.searchsorted(entry.steps, number, side="right") - 1
            score = np.array(entry.points)[np.clip(at, 0, None)]
            number = np.where(np.isnan(number), np.nan, 1 - score / HUNDRED)
        parts.append(number)
    if not parts:
        return None
    held = np.array(parts)
    worst = np.fmax.reduce(held)
    # What is not known could only raise it, which is no matter once it is high.
    open_still = np.isnan(held).any(axis=0) & ~(worst >= law.rule("village.constraint").value)
    return np.where(open_still, np.nan, worst)
