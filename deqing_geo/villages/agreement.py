"""How far the types agree with types that somebody else published (与公布类型的一致性).

Agreement is no accuracy: it says how well the rules imitate the list, and where rules copy
lists it says nothing at all. So each figure comes twice, the second time without the villages
that a list, a plan, a declaration or a person decided.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, InputError
from deqing_geo.text import MISSING, card, figure, percent
from deqing_geo.villages.again import identity
from deqing_geo.villages.kinds import CANDIDATE, FIVE

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from deqing_geo.villages.types import VillageTypes

    Floats = NDArray[np.float64]

# Where nobody names a column, the published types are here, the first that is there.
OFFICIAL = ("official_type", "current_type")
# By what a type is copied rather than found.
COPIED = ("list", "plan", "declared", "override")
SIDES = {"model": "type_model", "final": "type_final"}
UNLISTED = "_unlisted"
# The interval holds the middle 95 of a hundred draws, as kappa is usually reported.
TAILS = (0.025, 0.975)


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Two typings of the same villages, side by side.

    Attributes
    ----------
    matrix : DataFrame of int
        The five types: as published down, as judged across.
    kappa : float
        Cohen's; NaN where it is not defined.
    interval : (float, float)
        Of kappa: the middle 95 % of the draws; NaN where there is none.
    by_type : DataFrame
        ``official_count``, ``judged_count``, ``agreeing_count``, ``precision``, ``recall`` and
        ``f_score`` of each type; NaN where there is nothing to divide by.
    apart : Series of int
        Villages that are not compared, by why.
    notes : tuple of str
        What is to be known of these figures.
    """

    matrix: pd.DataFrame
    kappa: float
    interval: tuple[float, float]
    by_type: pd.DataFrame
    apart: pd.Series[Any]
    notes: tuple[str, ...]

    @property
    def compared(self) -> int:
        """How many villages have one of the five types on both sides."""
        return int(self.matrix.to_numpy().sum())

    @property
    def agreeing(self) -> int:
        """How many of them have the same."""
        return int(np.trace(self.matrix.to_numpy()))

    @property
    def overall(self) -> float:
        """The share that agrees; NaN where nothing is compared."""
        return self.agreeing / self.compared if self.compared else math.nan

    def __repr__(self) -> str:
        said = f"{self.agreeing} of {self.compared} agree"
        return f"<Match: {said}, kappa {figure(self.kappa, 3)}>"


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How far the types agree with published ones.

    Attributes
    ----------
    table : DataFrame
        One row per village: ``official_type``, ``type_model``, ``type_final``, ``decided_by``,
        ``decided_how``, ``agrees`` (None where it is not compared) and ``set_apart``, both for
        ``type_final``.
    model, final : Match
        Of ``type_model`` and of ``type_final``.
    model_unlisted, final_unlisted : Match
        The same without villages decided by a list, a plan, a declaration or a person.
    official : str
        Where the published types are from: a column, or the name of the Series given.
    seed, draws : int
        Of the intervals.
    notices : tuple of str
        Sentences the figures must not travel without.
    """

    table: pd.DataFrame
    model: Match
    final: Match
    model_unlisted: Match
    final_unlisted: Match
    official: str
    seed: int
    draws: int
    notices: tuple[str, ...]

    @property
    def figures(self) -> pd.DataFrame:
        """The four comparisons, a row each: villages, share that agrees, kappa with interval."""
        rows = {}
        for name in _ways():
            match: Match = getattr(self, name)
            rows[name] = {
                "compared_count": match.compared,
                "agreeing_count": match.agreeing,
                "agreement_share": match.overall,
                "kappa": match.kappa,
                "kappa_low": match.interval[0],
                "kappa_high": match.interval[1],
            }
        out = pd.DataFrame.from_dict(rows, orient="index")
        out.attrs["notice"] = ";".join(self.notices)
        return out

    @property
    def headline(self) -> str:
        """The share that agrees and kappa, with and without the copied lists."""
        own = self.final_unlisted
        return (
            f"{percent(self.final.overall)}(Kappa {figure(self.final.kappa)};"
            f"{names.word('agreement.final_unlisted')} {figure(own.kappa)})"
        )

    def __repr__(self) -> str:
        return (
            f"<Agreement of {self.final.compared} villages: {percent(self.final.overall)}, "
            f"kappa {figure(self.final.kappa, 3)}, "
            f"{figure(self.final_unlisted.kappa, 3)} without lists>"
        )

    def _repr_html_(self) -> str:
        rows = []
        for name in _ways():
            match: Match = getattr(self, name)
            low, high = (figure(one) for one in match.interval)
            rows.append(
                [
                    names.word(f"agreement.{name}"),
                    str(match.compared),
                    percent(match.overall),
                    figure(match.kappa),
                    MISSING if low == MISSING else f"{low}~{high}",
                    "、".join(match.notes),
                ]
            )
        head = ["", *(names.label(one) for one in ("compared_count", "agreement_share", "kappa"))]
        head += ["95%区间", names.label("notice")]
        return card(names.word("agreement.title"), self.headline, [], self.notices, (head, rows))


def cohen_kappa(counts: Any) -> Any:
    """Agreement beyond what chance would give (Cohen's kappa).

    Parameters
    ----------
    counts : array of shape (..., k, k)
        How many are in each pair of classes.

    Returns
    -------
    float, or ndarray of shape (...)
        (observed - expected) / (1 - expected), where expected is the sum of the products of
        the margins' shares; NaN where nothing was counted or both sides know one class only.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and
    Psychological Measurement 20(1), 37-46.

    Examples
    --------
    >>> round(cohen_kappa([[20, 5], [10, 15]]), 6)  # .70 observed, .50 by chance
    0.4
    """
    table = np.asarray(counts, dtype=float)
    total = table.sum(axis=(-2, -1))
    same = np.trace(table, axis1=-2, axis2=-1)
    products = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1)
    # In whole numbers: rounded shares of one class alone would not quite cancel.
    beyond, possible = same * total - products, total * total - products
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.where(possible > 0, beyond / possible, np.nan)
    return float(out) if out.ndim == 0 else out


def agreement_of(
    types: VillageTypes,
    official: pd.Series[Any] | str | None = None,
    *,
    seed: int = 0,
    draws: int = 1000,
) -> Agreement:
    """Compare types with published ones; see `VillageTypes.agreement`.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`.
    official : Series or str, optional
        Types by village code, in the words of ``village_type`` or in Chinese, with or without
        类; or a column of the villages. By default ``official_type``, else ``current_type``.
    seed : int
        Of the draws.
    draws : int
        How many resamples an interval rests on; 0 for none.

    Returns
    -------
    Agreement
        Over villages with one of the five types on both sides; the others are counted apart.

    Raises
    ------
    ColumnError
        If there is no such column, or a word is no type; the rows are named.
    InputError
        If the published types name a village twice or none of these, or `draws` or `seed` is
        no whole number from 0.

    Notes
    -----
    The interval is the percentile interval of a bootstrap over villages; with the villages
    drawn alike, the cells of the matrix are drawn from one multinomial.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from deqing_geo.villages import classify_villages
    >>> facts = gpd.GeoDataFrame(
    ...     {"udb_res_share": [0.8, 0.1, 0.9, 0.0]}, index=list("ABCD"),
    ...     geometry=[shapely.box(at, 0, at + 1, 1) for at in range(4)],
    ... )
    >>> published = pd.Series(["城郊融合", "整治提升类", "整治提升类", "improve"], list("ABCD"))
    >>> agreement_of(classify_villages(facts), published, draws=0).final
    <Match: 3 of 4 agree, kappa 0.500>
    """
    _whole_number("seed", seed)
    _whole_number("draws", draws)
    table = types.table
    given, called, strangers = _official(types, official)
    status = table["status"].to_numpy(dtype=object)
    unlisted = ~table["decided_how"].isin(COPIED).to_numpy(dtype=bool)
    rng = np.random.default_rng(seed)
    found: dict[str, Match] = {}
    rows: dict[str, Any] = {}
    for side, column in SIDES.items():
        judged = table[column].astype(object).to_numpy(dtype=object)
        apart = _apart(given, judged, status)
        for ending, chosen in (("", np.ones(len(table), dtype=bool)), (UNLISTED, unlisted)):
            found[f"{side}{ending}"] = _matched(
                given[chosen], judged[chosen], apart[chosen], draws, rng
            )
        none = np.array([why is None for why in apart], dtype=bool)
        rows["agrees"] = np.where(none, given == judged, None)
        rows["set_apart"] = apart
    kept = ["type_model", "type_final", "decided_by", "decided_how"]
    out = identity(table).assign(official_type=given, **{one: table[one] for one in kept}, **rows)
    notices = [*types.notices, names.word("agreement.lists")]
    if strangers:
        notices.append(f"{names.word('agreement.strangers')}:{strangers}")
    uncovered = int(pd.isna(given).sum())
    if uncovered:
        notices.append(f"{names.word('agreement.uncovered')}:{uncovered}")
    if (status == CANDIDATE).any():
        notices.append(names.word("agreement.candidates"))
    out.attrs["notice"] = ";".join(notices)
    return Agreement(
        table=out,
        official=called,
        seed=int(seed),
        draws=int(draws),
        notices=tuple(dict.fromkeys(notices)),
        **found,
    )


# ---------------------------------------------------------------- what is published


def _official(
    types: VillageTypes, official: pd.Series[Any] | str | None
) -> tuple[NDArray[Any], str, int]:
    """Published types in our words by the rows of the table, whose they are, and the surplus."""
    table = types.table
    if official is None:
        there = [column for column in OFFICIAL if column in table]
        if not there:
            raise ColumnError(
                "The villages carry neither `official_type` nor `current_type`: pass the "
                "published types as a Series by village code."
            )
        official = there[0]
    if isinstance(official, str):
        if official not in table:
            near = [str(column) for column in table.columns if str(column).endswith("type")]
            raise ColumnError(f"`{official}` is no column. There are: {', '.join(near)}.")
        given, called = table[official], official
    elif isinstance(official, pd.Series):
        given, called = official, str(official.name or "official")
    else:
        raise InputError("official= is a Series of types by village code, or a column's name.")
    if not given.index.is_unique:
        twice = given.index[given.index.duplicated()].unique()
        raise InputError("`official` has several types for one village.", twice)
    place = given.index.get_indexer(table.index)
    strangers = len(given.index.difference(table.index))
    if len(table) and len(given) and not (place >= 0).any():
        raise InputError(
            f"`official` names none of these villages: it has {_first(given.index)}, the types "
            f"have {_first(table.index)}. Index it by village_code, as text."
        )
    words = _read(given)
    held = np.full(len(table), None, dtype=object)
    held[place >= 0] = words[place[place >= 0]]
    return held, called, strangers


def _read(given: pd.Series[Any]) -> NDArray[Any]:
    labels = names.vocabulary("official_type")
    short = {zh.removesuffix("类"): key for key, zh in labels.items()}
    words = names.read_values(given, "official_type", extra=short)
    blank = names.clean_text(given.where(given.notna(), "")).isna()
    odd = words.isna().to_numpy(dtype=bool) & ~blank.to_numpy(dtype=bool)
    if odd.any():
        raise ColumnError(
            f"{given[odd].iloc[0]!r} is no type. There are: {'、'.join(labels.values())}.",
            given.index[odd],
        )
    out = np.array(words, dtype=object)
    out[pd.isna(out)] = None
    return out


def _first(index: pd.Index[Any]) -> str:
    return repr(index[:1].tolist()[0])


def _whole_number(name: str, value: Any) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < 0:
        raise InputError(f"{name}= is a whole number from 0, not {value!r}.")


def _ways() -> Sequence[str]:
    return [f"{side}{ending}" for ending in ("", UNLISTED) for side in SIDES]


# ---------------------------------------------------------------- the comparison


def _apart(given: NDArray[Any], judged: NDArray[Any], status: NDArray[Any]) -> NDArray[Any]:
    """Why a village is not compared; None where it is."""
    published = pd.isna(given)
    in_five = np.isin(given.astype(str), FIVE)
    typed = np.isin(judged.astype(str), FIVE)
    # A village without a final type is told by its status: 拟列入 or 不同意.
    instead = np.where(pd.isna(judged), status, judged)
    out = np.full(len(given), None, dtype=object)
    out[~typed] = instead[~typed]
    out[~published & ~in_five] = "official_outside"
    out[published] = "no_official"
    return out


def _matched(
    given: NDArray[Any],
    judged: NDArray[Any],
    apart: NDArray[Any],
    draws: int,
    rng: np.random.Generator,
) -> Match:
    here = np.array([why is None for why in apart], dtype=bool)
    place = {kind: at for at, kind in enumerate(FIVE)}
    cells = np.zeros((len(FIVE), len(FIVE)), dtype=int)
    rows = [place[one] for one in given[here]]
    columns = [place[one] for one in judged[here]]
    np.add.at(cells, (rows, columns), 1)
    kappa = cohen_kappa(cells)
    notes = []
    if not cells.sum():
        notes.append(names.word("agreement.none"))
    elif math.isnan(kappa):
        notes.append(names.word("agreement.one_class"))
    interval = (math.nan, math.nan)
    if draws and not math.isnan(kappa):
        drawn = _drawn(cells, draws, rng)
        known = drawn[~np.isnan(drawn)]
        if len(known):
            low, high = np.quantile(known, TAILS)
            interval = (float(low), float(high))
        if len(known) < len(drawn):
            notes.append(names.word("agreement.resampled"))
    kinds: list[Hashable] = [*FIVE]
    matrix = pd.DataFrame(cells, index=pd.Index(kinds), columns=pd.Index(kinds))
    whys = [one for one in names.vocabulary("set_apart") if one in set(apart[~here])]
    counts = pd.Series(apart[~here], dtype=object).value_counts().reindex(whys)
    return Match(
        matrix=matrix.rename_axis(index="official_type", columns="village_type"),
        kappa=kappa,
        interval=interval,
        by_type=_by_type(cells),
        apart=counts.astype(int).rename("village_count"),
        notes=tuple(notes),
    )


def _drawn(cells: NDArray[np.int64], draws: int, rng: np.random.Generator) -> Floats:
    total = int(cells.sum())
    drawn = rng.multinomial(total, cells.ravel() / total, size=draws)
    out: Floats = cohen_kappa(drawn.reshape(draws, *cells.shape))
    return out


def _by_type(cells: NDArray[np.int64]) -> pd.DataFrame:
    published, judged = cells.sum(axis=1), cells.sum(axis=0)
    agreeing = np.diagonal(cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        table = {
            "official_count": published,
            "judged_count": judged,
            "agreeing_count": agreeing,
            "precision": np.where(judged > 0, agreeing / judged, np.nan),
            "recall": np.where(published > 0, agreeing / published, np.nan),
            # 2pr/(p+r) in counts, so that it is 0 where nothing agrees.
            "f_score": np.where(
                published + judged > 0, 2 * agreeing / (published + judged), np.nan
            ),
        }
    return pd.DataFrame(table, index=pd.Index([*FIVE], name="village_type"))
