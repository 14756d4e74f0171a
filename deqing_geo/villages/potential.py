"""How far a village can grow, and what holds it back: two scores from 0 to 1.

The potential is relative: it compares the villages of one level with each other, so a score
says nothing beside another county's, nor beside another year's unless both were measured by the
bounds of one `Fit`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.columns import word
from deqing_geo.errors import ColumnError, DeqingGeoWarning, InputError
from deqing_geo.villages.fitting import HAMLETS, VILLAGES, Bound, Fit, Level
from deqing_geo.villages.scheme import Indicator, Score, shipped
from deqing_geo.weights import Weights, combine, critic, entropy
from deqing_geo.weights.given import read_weights
from deqing_geo.weights.ranked import distances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Standard

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Weighing = str | Weights | pd.Series[Any] | Mapping[Any, Any] | None

HUNDRED = 100.0
EXPERT = "expert"
TOPSIS = "topsis"
# Ways of weighing that can be asked for by name.
NAMED = (EXPERT, "entropy", "critic", "expert+entropy", TOPSIS)


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
    fit : Fit
        The bounds, weights and cuts used; the one given where they were frozen.
    notices : tuple of str
        What is other than experts' weights fitted to these villages.

    Notes
    -----
    Under weights w of one level the score of its villages is ``z @ w``; with ``fit.method``
    ``topsis`` it is the closeness by w (`scored`).
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
    fit: Fit
    notices: tuple[str, ...] = ()


def potential(
    facts: pd.DataFrame,
    taking: Bools,
    law: Standard,
    indicators: Sequence[Indicator] | None = None,
    *,
    weights: Weighing = None,
    fit: Fit | None = None,
    day: date | None = None,
) -> Potential:
    """The potential of every village that takes part.

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
        With the weights of experts; by default those of the scheme that ships.
    weights : str, Weights, Series or mapping, optional
        Other weights: by indicator (those not named weigh nothing), or by name: ``entropy``,
        ``critic``, ``expert+entropy`` (their mean), computed on the stretched columns of each
        level, or ``topsis``, the closeness by experts' weights in place of the sum.
    fit : Fit, optional
        Of an earlier run: its bounds, weights and cuts instead of new ones.
    day : date, optional
        Written into the new fit.

    Returns
    -------
    Potential
        With every indicator that was left out, and why.

    Raises
    ------
    InputError
        If both `weights` and `fit` are given, weights are unknown, negative or all 0, the
        fit lacks a level that is there or was made for other indicators, or no conflict is
        left to weigh by.
    ColumnError
        If the table lacks an indicator that the fit weighs, or every one that `weights` does.

    Warns
    -----
    DeqingGeoWarning
        If an indicator is the same everywhere, or missing too often, and so left out; or if
        most villages lie beyond the bounds of the fit.

    Examples
    --------
    >>> from deqing_geo import standards
    >>> facts = pd.DataFrame({"pop_resident": [100.0, 200, 300], "tt_town_min": [30.0, 10, 10]})
    >>> everybody, law = np.ones(3, dtype=bool), standards.load()
    >>> found = potential(facts, everybody, law)
    >>> found.score.tolist(), found.weights["weight"].sum().round(9).item()
    ([0.0, 0.75, 1.0], 1.0)

    People alone, and next year's people by this year's bounds:

    >>> potential(facts, everybody, law, weights={"pop_resident": 1}).score.tolist()
    [0.0, 0.5, 1.0]
    >>> later = facts.assign(pop_resident=[250.0, 200, 400])
    >>> potential(later, everybody, law, fit=found.fit).score.tolist()
    [0.375, 0.75, 1.0]
    """
    entries = tuple(shipped().indicators if indicators is None else indicators)
    asked = _asked(weights, fit, entries)
    count, columns = len(facts), tuple(entry.column for entry in entries)
    score, cut, units = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count)
    hamlet = np.zeros(count, dtype=bool)
    if "unit_kind" in facts:
        hamlet = (facts["unit_kind"] == "hamlet").to_numpy(dtype=bool)
    town = _towns(facts)
    z = np.full((count, len(columns)), np.nan)
    of = np.full(count, -1, dtype=np.int64)
    levels: list[Level] = []
    filled: dict[str, Bools] = {}
    notes: dict[str, list[str]] = {}
    beyond = dict.fromkeys(columns, 0)
    lacking: dict[str, str] = {}
    for name, level in (("", taking & ~hamlet), (HAMLETS, taking & hamlet)):
        if not level.any():
            continue
        rows = np.flatnonzero(level)
        frozen = None if fit is None else _frozen(fit, name)
        held = np.zeros((len(rows), len(columns)))
        bounds: list[Bound] = []
        for at, entry in enumerate(entries):
            known = None if frozen is None else frozen.bounds[at]
            values, gaps, why = None, rows[:0], ""
            if known is not None and known.weight == 0:
                why = known.note or word("potential.unweighed")
            elif asked.of[at] == 0:
                why = word("potential.unweighed")
            else:
                values, gaps, why = _filled(facts, entry.column, rows, town, law)
            if known is not None and known.weight > 0 and values is None:
                lacking[entry.column] = f"{entry.column} ({why})"
            bound = _bound(entry, values, why, law) if known is None else known
            bounds.append(bound)
            if values is None or bound.note:
                continue
            held[:, at] = bound.stretched(values)
            gone = filled.setdefault(entry.column, np.zeros(count, dtype=bool))
            gone[gaps] = True
            beyond[entry.column] += int(((values < bound.least) | (values > bound.most)).sum())
        notes[name] = [bound.note for bound in bounds]
        if frozen is None:
            made = _fitted(name, entries, bounds, held, asked, law)
            if made is None:
                continue
            frozen = made
        share = np.array([bound.weight for bound in frozen.bounds])
        z[rows], of[rows] = held, len(levels)
        score[rows] = scored(held, share, asked.method)
        cut[rows], units[rows] = frozen.cut, frozen.units
        levels.append(frozen)
    if lacking:
        raise ColumnError(
            f"`fit` weighs {', '.join(lacking.values())}, without which no score compares with its "
            "cut. Give them, or leave out `fit` to measure anew."
        )
    if not levels and asked.own:
        raise ColumnError(
            "Not one of the indicators that `weights` names is in the table and tells villages "
            f"apart: {', '.join(one for one, w in zip(columns, asked.of, strict=True) if w > 0)}."
        )
    table = _weights(columns, levels, notes)
    if fit is None:
        _warn_left_out(table)
        fit = Fit(tuple(levels), asked.method, asked.variant, day)
        said = _said(fit, asked)
    else:
        said = _said_frozen(fit, entries, beyond, facts, of)
    base = np.array([[bound.weight for bound in level.bounds] for level in levels])
    return Potential(
        score=score,
        cut=cut,
        units=units,
        weights=table,
        filled=filled,
        z=z,
        columns=columns,
        base=base.reshape(len(levels), len(columns)),
        levels=tuple(level.name for level in levels),
        level=of,
        fit=fit,
        notices=said,
    )


def scored(z: Floats, weights: Floats, method: str = EXPERT) -> Floats:
    """The score of every row: the weighted sum, or the closeness where the method is ``topsis``.

    Parameters
    ----------
    z : ndarray of shape (N, k)
        0 to 1; 1 is better.
    weights : ndarray of shape (k,)
        Adding up to 1.
    method : str
        That of a `Fit`.

    Returns
    -------
    ndarray of shape (N,)
        0 to 1.

    Examples
    --------
    >>> z, weights = np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0.6, 0.4])
    >>> scored(z, weights).tolist(), scored(z, weights, "topsis").tolist()
    ([0.6, 0.5], [0.6, 0.5])
    """
    if method == TOPSIS:
        to_best, to_worst = distances(z, weights)
        return np.asarray(to_worst / (to_best + to_worst))
    # Indicator by indicator, so that no row's sum hangs on its place in the table.
    total = np.zeros(len(z))
    for column, weight in zip(z.T, weights, strict=True):
        total += weight * column
    return total


# ---------------------------------------------------------------- weights


@dataclass(frozen=True, slots=True)
class _Asked:
    """Weights as asked for: of each indicator, by which way, and whether somebody gave them."""

    method: str
    of: tuple[float, ...]
    variant: str = ""
    notices: tuple[str, ...] = ()
    own: bool = False


def _asked(weights: Weighing, fit: Fit | None, entries: tuple[Indicator, ...]) -> _Asked:
    columns = [entry.column for entry in entries]
    expert = tuple(entry.weight for entry in entries)
    if fit is not None:
        if weights is not None:
            raise InputError(
                "`fit` holds weights of its own, so `weights` cannot be given with it. Leave out "
                "one: `fit` to weigh anew, `weights` to compare with the earlier run."
            )
        if not isinstance(fit, Fit):
            raise InputError(
                f"`fit` is a {type(fit).__name__}; give the `fit` of an earlier result, or "
                "Fit.load(path)."
            )
        _require_same(fit, entries)
        return _Asked(fit.method, tuple(1.0 for _ in entries), fit.variant)
    if weights is None:
        return _Asked(EXPERT, expert)
    if isinstance(weights, str):
        if weights not in NAMED:
            raise InputError(
                f"weights={weights!r} is not one of {', '.join(NAMED)}; or give a mapping from "
                "indicator to weight."
            )
        variant = "min-max" if weights in ("entropy", TOPSIS) else ""
        return _Asked(weights, expert, variant)
    series, said = read_weights(weights)
    strange = [str(one) for one in series.index if one not in columns]
    if strange:
        raise InputError(
            f"`weights` names {', '.join(strange)}; the scheme's indicators are "
            f"{', '.join(columns)}."
        )
    given = series.reindex(columns).fillna(0.0)
    if isinstance(weights, Weights):
        return _Asked(weights.method, tuple(given), weights.variant, said, own=True)
    return _Asked("given", tuple(given), "", said, own=True)


def _require_same(fit: Fit, entries: tuple[Indicator, ...]) -> None:
    """A fit speaks of the indicators it was made for, in their order."""
    wanted = [(entry.column, entry.less) for entry in entries]
    for level in fit.levels:
        held = [(bound.column, bound.less) for bound in level.bounds]
        if held != wanted:
            apart = sorted({column for column, _ in {*held} ^ {*wanted}})
            raise InputError(
                "`fit` was made for other indicators than the scheme has: "
                f"{', '.join(apart) or 'they stand in another order'}. Use the scheme of that "
                "run, or leave out `fit` to measure anew."
            )


def _frozen(fit: Fit, name: str) -> Level:
    level = fit.level(name)
    if level is None:
        there = "、".join(one.name or VILLAGES for one in fit.levels)
        raise InputError(
            f"`fit` has bounds for {there} only, and the table holds {name or VILLAGES}. Leave "
            "those out, or leave out `fit` to measure anew."
        )
    return level


def _bound(entry: Indicator, values: Floats | None, why: str, law: Standard) -> Bound:
    """Fences and ends of one indicator, or why it is left out; its weight comes later."""
    out = Bound(entry.column, entry.less, 0.0, entry.weight, note=why)
    if values is None:
        return out
    if values.min() == values.max():
        return replace(out, note="各村相同")
    low, high = np.quantile(values, [0.25, 0.75])
    reach = law.rule("village.fence").value * (high - low)
    held = np.clip(values, low - reach, high + reach)
    least, most = float(held.min()), float(held.max())
    if least == most:
        # Where half of them and more are the same, the fences leave nothing else.
        return replace(out, note="过半村庄相同")
    return replace(out, low=float(low - reach), high=float(high + reach), least=least, most=most)


def _fitted(
    name: str,
    entries: tuple[Indicator, ...],
    bounds: list[Bound],
    held: Floats,
    asked: _Asked,
    law: Standard,
) -> Level | None:
    """Weights and cut of one level; None where no indicator is left."""
    used = np.array([not bound.note for bound in bounds], dtype=bool)
    share = np.where(used, asked.of, 0.0)
    if not share.any():
        return None
    share = share / share.sum()
    if not asked.own and asked.method in ("entropy", "critic", "expert+entropy"):
        columns = [entry.column for entry, there in zip(entries, used, strict=True) if there]
        # In an order of their own, so that weights do not hang on that of the rows.
        ordered = held[np.lexsort(held.T)][:, used]
        table = pd.DataFrame(ordered, columns=columns)
        found = critic(table) if asked.method == "critic" else entropy(table)
        if asked.method == "expert+entropy":
            found = combine(pd.Series(share[used], index=columns), found)
        share[used] = found.series.to_numpy()
    value = np.sort(scored(held, share, asked.method))
    spread = law.rule("village.score_spread").value
    return Level(
        name,
        len(held),
        float(value.mean() + spread * value.std()),
        tuple(
            replace(bound, weight=float(weight))
            for bound, weight in zip(bounds, share, strict=True)
        ),
    )


# ---------------------------------------------------------------- what is told


def _weights(
    columns: tuple[str, ...], levels: list[Level], notes: dict[str, list[str]]
) -> pd.DataFrame:
    """The weights as used, of the first level that has any; notes name the other where it differs.

    An indicator may tell villages apart and be the same in all their hamlets.
    """
    if levels:
        first, used = levels[0].name, [bound.weight for bound in levels[0].bounds]
    else:
        first, used = next(iter(notes), ""), [0.0 for _ in columns]
    said = list(notes.get(first, [""] * len(columns)))
    for name, told in notes.items():
        if name == first:
            continue
        for at, note in enumerate(told):
            if note and note != said[at]:
                said[at] = f"{said[at]};{name or VILLAGES}{note}".lstrip(";")
    table = pd.DataFrame({"weight": used, "note": said}, index=pd.Index(columns, name="column"))
    return table.astype({"weight": float, "note": object})


def _warn_left_out(weights: pd.DataFrame) -> None:
    known = ["", "无此列", word("potential.unweighed")]
    odd = weights.index[~weights["note"].isin(known)]
    if len(odd):
        told = "、".join(f"{names.label(one)}({weights.loc[one, 'note']})" for one in odd)
        warnings.warn(
            f"Left out of the potential (发展潜力): {told}. The other weights share its part.",
            DeqingGeoWarning,
            stacklevel=4,
        )


def _said(fit: Fit, asked: _Asked) -> tuple[str, ...]:
    if asked.method == EXPERT:
        return ()
    given = word("potential.given") if asked.own and fit.method != "given" else ""
    return (word("potential.weighed").format(line=fit.line + given), *asked.notices)


def _said_frozen(
    fit: Fit,
    entries: tuple[Indicator, ...],
    beyond: dict[str, int],
    facts: pd.DataFrame,
    of: NDArray[np.int64],
) -> tuple[str, ...]:
    said = [word("potential.frozen").format(called=fit.called)]
    if fit.method != EXPERT:
        said.append(word("potential.weighed").format(line=fit.line))
    out = {column: number for column, number in beyond.items() if number}
    if out:
        told = "、".join(f"{names.label(column)}{number}个" for column, number in out.items())
        said.append(word("potential.beyond").format(told=told))
    now = [entry.weight for entry in entries]
    if any([bound.expert for bound in level.bounds] != now for level in fit.levels):
        said.append(word("potential.other_weights"))
    taking = int((of >= 0).sum())
    # More of them beyond the ends than between: a unit is the likeliest reason.
    strange = [column for column, number in out.items() if number > taking - number]
    if strange:
        told = "、".join(names.label(column, unit=True) for column in strange)
        warnings.warn(
            f"Most villages lie beyond the frozen bounds of {told}: is the unit that of the "
            "earlier run? Their scores are at the ends, 0 or 1.",
            DeqingGeoWarning,
            stacklevel=4,
        )
    return tuple(said)


# ---------------------------------------------------------------- values


def _filled(
    facts: pd.DataFrame,
    column: str,
    rows: NDArray[np.int64],
    town: NDArray[Any],
    law: Standard,
) -> tuple[Floats | None, NDArray[np.int64], str]:
    """The values of one level without gaps and the rows that had one, or why there are none."""
    none = rows[:0]
    if column not in facts:
        return None, none, "无此列"
    values = facts[column].to_numpy(dtype=float, na_value=np.nan)[rows]
    missing = np.isnan(values)
    if missing.all() or missing.mean() > law.rule("village.fill_share").value:
        return None, none, "缺失过多"
    if missing.any():
        series = pd.Series(values)
        median = series.groupby(pd.Series(town[rows])).transform("median")
        values = series.fillna(median).fillna(series.median()).to_numpy()
    return values, rows[missing], ""


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
    found = open_links(facts, shipped().scores if scores is None else scores)
    if found is None:
        return None
    worst, unknown = found
    with np.errstate(invalid="ignore"):
        # What is not known could only raise it, which is no matter once it is high.
        return np.where(unknown & ~(worst >= law.rule("village.constraint").value), np.nan, worst)


def open_links(facts: pd.DataFrame, scores: Sequence[Score]) -> tuple[Floats, Bools] | None:
    """The worst of the known parts of the constraint, and where a part is not known.

    Parameters
    ----------
    facts : DataFrame
        Of `village_facts`.
    scores : sequence of Score
        What it is made of.

    Returns
    -------
    worst : ndarray of shape (N,)
        NaN where no part is known.
    unknown : ndarray of bool, shape (N,)
        Where the true value may be higher.
    """
    held = links(facts, scores)
    if not held:
        return None
    parts = np.array(list(held.values()))
    return np.fmax.reduce(parts), np.isnan(parts).any(axis=0)


def links(facts: pd.DataFrame, scores: Sequence[Score]) -> dict[str, Floats]:
    """Each part of the constraint by itself.

    Parameters
    ----------
    facts : DataFrame
        Of `village_facts`.
    scores : sequence of Score
        What it is made of.

    Returns
    -------
    dict of str to ndarray of shape (N,)
        By column, 0 to 1, NaN where it is not known; without columns nobody gave.
    """
    out: dict[str, Floats] = {}
    for entry in scores:
        if entry.column not in facts:
            continue
        values = facts[entry.column]
        if entry.words:
            points = dict(zip(entry.words, entry.points, strict=True))
            found = values.map(points).to_numpy(dtype=float, na_value=np.nan)
            out[entry.column] = np.asarray(1 - found / HUNDRED)
            continue
        number = values.to_numpy(dtype=float, na_value=np.nan)
        if entry.steps:
            at = np.searchsorted(entry.steps, number, side="right") - 1
            score = np.array(entry.points)[np.clip(at, 0, None)]
            number = np.where(np.isnan(number), np.nan, 1 - score / HUNDRED)
        out[entry.column] = np.asarray(number)
    return out
