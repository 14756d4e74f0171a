"""The ladder applied to all villages at once: type, reason, flags; people's decisions above it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.columns import word
from deqing_geo.errors import InputError
from deqing_geo.villages import doubt as doubt_
from deqing_geo.villages import flips as flips_
from deqing_geo.villages.cells import DECLARED, read_cells
from deqing_geo.villages.conditions import (
    UNKNOWN,
    YES,
    Given,
    not_known,
    truth,
)
from deqing_geo.villages.decisions import AGREE, decisions, standing
from deqing_geo.villages.flags import column_of, flags_of
from deqing_geo.villages.grounds import Grounds
from deqing_geo.villages.kinds import BY_HAND, CANDIDATE, COMPUTED, FIVE, labelled
from deqing_geo.villages.potential import Potential, constraint, potential
from deqing_geo.villages.scheme import DEFAULT, Rung, Scheme, load_scheme
from deqing_geo.villages.told import MISSING
from deqing_geo.villages.types import VillageTypes
from deqing_geo.villages.wording import sentences

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.standards import Rule, Standard
    from deqing_geo.villages.fitting import Fit
    from deqing_geo.villages.potential import Weighing

    Bools = NDArray[np.bool_]

ORDERED = (
    "village_name", "town_name", "unit_kind", "village_type", "type_model", "type_final", "status",
    "decided_by", "decided_how", "reason", "model_by", "model_status", "model_reason",
    "missing_fields", "current_type", "type_changed",
    "flags", "remarks", "nearest_flip", "flip_margin", "possible_types",
    "potential", "potential_cut", "constraint", "units_counted",
    *doubt_.COLUMNS, *flips_.COLUMNS[2:],
)  # fmt: skip
SKIPPED = ("本次停用",)
GIVEN = ("village_name", "town_name", "unit_kind", "current_type")
MADE = tuple(column for column in ORDERED if column not in GIVEN)


def classify_villages(
    facts: gpd.GeoDataFrame,
    law: Standard | None = None,
    *,
    scheme: str | os.PathLike[str] | Scheme = DEFAULT,
    overrides: pd.DataFrame | None = None,
    skip: Sequence[str] = (),
    weights: Weighing = None,
    fit: Fit | None = None,
    as_of: date | None = None,
    draws: int = doubt_.DRAWS,
    seed: int = 0,
) -> VillageTypes:
    """Sort villages into the plan's five development types, by the first condition that holds.

    Conditions are tried from the top of the ladder: who takes part, plans and lists, ground
    people cannot stay on, seats and suburbs, then the scores. A condition on a column that
    the whole table lacks is switched off and said so. A blank in a column that is there is
    not known: if a village's type hangs on it, the village waits as ``missing`` (待补数据) with the
    fields named, instead of falling to a lower rung.

    Parameters
    ----------
    facts : GeoDataFrame, N rows
        Of `village_facts`, or any frame with columns of those names.
    law : Standard, optional
        Where the numbers stand; by default Deqing's.
    scheme : str, path or Scheme
        The conditions and their order: ``deqing`` ships with the library; a TOML file says what a
        bureau wants otherwise (docs/village_types.md). What is other is told by ``line``.
    overrides : DataFrame, optional
        Decisions of people, which stand before the rules: ``village_code`` (or the index),
        ``type`` (one of the five, or ``undecided``), ``reason``, ``authority``, ``document_no``,
        ``author``, ``date``, and ``valid_until`` where they end. The last of a village counts.
        ``stage`` (镇(街道)意见、会审、公示、批复) says on which stage; there ``type`` may also be
        同意: a town's confirms what the rules say and ends an earlier decision, that of a later
        stage leaves what stands.
    skip : sequence of str
        Rungs to leave out, such as ``["SI-2"]`` where only villages inside the boundary are
        城郊融合.
    weights : str, Weights, Series or mapping, optional
        Of the potential, in place of the scheme's: by indicator (those not named weigh nothing),
        what `weights.ahp` or `weights.combine` answered, or ``entropy``, ``critic``,
        ``expert+entropy`` or ``topsis`` (docs/weights.md). ``fit``, ``line`` and notices say so.
    fit : Fit, optional
        Of an earlier run (``types.fit``, or a file of it by ``Fit.load``): scores by its
        bounds, weights and cut, so that the two runs compare.
    as_of : date, optional
        The day by which meetings have been held and on which overrides have to be valid; by
        default today.
    draws : int
        In how many draws every village is judged again under numbers a little other
        (`doubt`), to see how close the call was; 0 leaves it out.
    seed : int
        The same seed draws the same.

    Returns
    -------
    VillageTypes
        In the order of `facts`, which stays as it was.

    Raises
    ------
    RecipeError
        If there is no such scheme, or its file is mistaken: every mistake is listed.
    InputError
        If the index repeats a label, a rung to skip is not there, a relocation is
        decided without a document, weights are not understood or come together with a fit,
        the fit was made for other indicators or levels, or `draws` or `seed` is no whole number
        from 0 on.
    ColumnError
        If an override lacks a column, or its type, stage or a date is not understood; or if the
        facts lack an indicator that the fit weighs.
    CodeError
        If an override names a village that is not there, or gives no reason.

    Warns
    -----
    DeqingGeoWarning
        If an indicator of the potential had to be left out, or most villages lie beyond the
        bounds of the fit.

    Notes
    -----
    RM-1 to RM-4, RM-6 and RM-5 without a document only make a candidate (拟列入): ``type_final``
    stays empty until ``villager_consent`` is ``agreed`` with a date in ``consent_on``.

    ``nearest_flip`` says which single number would make a village another type (`flips`);
    where the type hangs on the draws, the flag DOUBT (建议复核) stands among ``flags``. The
    shares of the draws (``p_*``, ``stability``, ``second_type``) are internal.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> facts = gpd.GeoDataFrame(
    ...     {"village_name": ["甲村", "乙村"], "udb_res_share": [0.8, 0.1]},
    ...     index=["A", "B"],
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)],
    ... )
    >>> types = classify_villages(facts)
    >>> types.series.to_dict()
    {'A': 'suburban', 'B': 'improve'}
    >>> types.table.loc["A", "reason"]
    '80.00%的村庄居住用地位于县城(中心城区)城镇开发边界内(≥50%)'
    """
    return judge(
        facts,
        standards.load() if law is None else law,
        scheme=scheme,
        overrides=overrides,
        skip=skip,
        weights=weights,
        fit=fit,
        as_of=as_of,
        draws=draws,
        seed=seed,
    )


def judge(
    facts: gpd.GeoDataFrame,
    law: Standard,
    *,
    scheme: str | os.PathLike[str] | Scheme,
    overrides: pd.DataFrame | None,
    skip: Sequence[str],
    weights: Weighing,
    fit: Fit | None,
    as_of: date | None,
    draws: int,
    seed: int,
    closely: bool = True,
) -> VillageTypes:
    """What `classify_villages` does; for judging many times over, without how close it was.

    Parameters
    ----------
    facts, law, scheme, overrides, skip, weights, fit, as_of, draws, seed
        As of `classify_villages`.
    closely : bool
        False leaves out the draws and the nearest change, on which no type hangs.

    Returns
    -------
    VillageTypes
        As of `classify_villages`.

    Raises
    ------
    DeqingGeoError
        As of `classify_villages`.
    """
    doubt_.check_draws(draws, seed)
    if not facts.index.is_unique:
        raise InputError(
            "`facts` repeats labels in its index.", facts.index[facts.index.duplicated()].unique()
        )
    scheme = load_scheme(scheme, law)
    given_law, law = law, scheme.law(law)
    odd = [rung for rung in skip if rung not in scheme.ids]
    if odd:
        raise InputError(f"No rung {odd[0]!r} to skip; there are {', '.join(sorted(scheme.ids))}.")
    if scheme.rungs[-1].id in skip:
        raise InputError(f"{scheme.rungs[-1].id} takes what is left and cannot be skipped.")
    # What an earlier run wrote is no fact.
    table = facts.drop(columns=[*_unfilled(facts), *(set(MADE) & set(facts))])
    # pandas copies what a frame says of itself whenever it touches a column.
    said, table.attrs = table.attrs, {}
    table = _read(table, scheme)
    given = Given(table)
    count = len(table)
    off: dict[str, tuple[str, ...]] = {}
    state = State(count)
    first, rest = _split(scheme, skip)
    asked = [rung for rung in first if _climb(rung, given, state, off, scheme, law)]
    taking = ~((state.decided_by != "") & (state.model == "urban"))
    day = as_of or datetime.now().astimezone().date()
    scores = _score(table, taking, law, scheme, weights, fit, day)
    _apply_overrides(state, table, overrides, day)
    nothing = _nothing_tried(rest, table)
    for rung in rest:
        if rung.how == "residual" and nothing:
            _wait_for_all(state, rung, off)
        if _climb(rung, given, state, off, scheme, law):
            asked.append(rung)
    # A number with several rungs is off when all of them are.
    tried = {rung.id for rung in (*first, *rest) if all(name in table for name in rung.columns)}
    off = {name: columns for name, columns in off.items() if name not in tried}
    off |= dict.fromkeys(skip, SKIPPED)
    _settle(state, table, day)
    if closely:
        grounds = Grounds.of(table, asked, law, scheme, scores, nothing=nothing)
        _ask_again(grounds, state, table, draws, seed)
    out = _written(state, table, law, scores, said.get("facts", {}))
    out.attrs = said
    used = [rung for rung in (*first, *rest) if rung.id not in off]
    keys = dict.fromkeys(key for rung in used for key in rung.rules)
    if scores is not None:
        measured = () if fit is not None else ("village.score_spread", "village.fence")
        keys |= dict.fromkeys((*measured, "village.fill_share"))
    if closely:
        keys |= dict.fromkeys(("village.flip_reach", *(doubt_.RULES if draws else ())))
    sources = tuple(law.rule(key) for key in keys)
    result = VillageTypes(
        table=out,
        off=off,
        weights=pd.DataFrame(columns=["weight", "note"]) if scores is None else scores.weights,
        sources=sources,
        notices=_notices(facts, sources, off, () if scores is None else scores.notices),
        origins=tuple(facts.attrs.get("origins", ())),
        asked=MappingProxyType(
            {
                "law": given_law,
                "scheme": scheme,
                "overrides": overrides,
                "skip": tuple(skip),
                "weights": dict(weights) if isinstance(weights, Mapping) else weights,
                "fit": fit,
                "as_of": day,
                "draws": draws,
                "seed": seed,
            }
        ),
        fit=None if scores is None else scores.fit,
    )
    # Types are facts again when they are judged anew, and what this run says of itself is not.
    out.attrs["facts_notice"] = _told_before(facts)
    out.attrs["notice"] = ";".join(result.notices)
    out.attrs["definition"] = result.line
    return result


# ---------------------------------------------------------------- the climb


def _unfilled(facts: pd.DataFrame) -> list[str]:
    """Columns that are there and that nobody filled in, as forms have them: nobody gave them."""
    told = facts.attrs.get("facts", {})
    return [
        str(column)
        for column in facts.columns
        if told.get(column) == MISSING and column not in MADE and facts[column].isna().all()
    ]


def _read(table: gpd.GeoDataFrame, scheme: Scheme) -> gpd.GeoDataFrame:
    """The facts the ladder reads, each cell as what it is: facts need not come from a table."""
    asked = {column for rung in scheme.rungs for column in not_known(rung, table)}
    asked |= {one.column for one in scheme.indicators} | {one.column for one in scheme.scores}
    for column in table.columns:
        if column in DECLARED or column == "unit_kind" or column in asked:
            table[column] = read_cells(table[column], str(column))
    return table


class State:
    """What has been decided so far, row by row."""

    def __init__(self, count: int) -> None:
        self.model = np.full(count, None, dtype=object)
        self.final = np.full(count, None, dtype=object)
        self.decided_by = np.full(count, "", dtype=object)
        self.how = np.full(count, "", dtype=object)
        self.reason = np.full(count, "", dtype=object)
        self.missing = np.full(count, "", dtype=object)
        self.candidate = np.zeros(count, dtype=bool)
        self.agreed = np.zeros(count, dtype=bool)
        self.override = np.full(count, None, dtype=object)
        self.override_reason = np.full(count, "", dtype=object)
        self.expired = np.zeros(count, dtype=bool)
        self.agreed_to = np.full(count, "", dtype=object)
        self.doubtful = np.zeros(count, dtype=bool)

    @property
    def open(self) -> Bools:
        """Where nothing has decided yet."""
        return np.asarray(self.decided_by == "", dtype=bool)

    @property
    def by_hand(self) -> Bools:
        """Where people have decided."""
        return np.array([one is not None for one in self.override], dtype=bool)


def _split(scheme: Scheme, skip: Sequence[str]) -> tuple[list[Rung], list[Rung]]:
    """Who takes part is settled first: only those are compared with each other."""
    wanted = [rung for rung in scheme.rungs if rung.id not in skip]
    first = [rung for rung in wanted if rung.type == "urban"]
    return first, [rung for rung in wanted if rung.type != "urban"]


def _climb(
    rung: Rung,
    given: Given,
    state: State,
    off: dict[str, tuple[str, ...]],
    scheme: Scheme,
    law: Standard,
) -> bool:
    """Ask one rung of all villages still open; whether it could be asked at all."""
    table = given.facts
    absent = tuple(column for column in rung.columns if column not in table)
    if absent:
        off[rung.id] = tuple(dict.fromkeys((*off.get(rung.id, ()), *absent)))
        return False
    held = truth(rung.when, given, law)
    here = state.open & (held == YES)
    if here.any():
        rows = np.flatnonzero(here)
        state.model[rows] = rung.type
        state.decided_by[rows] = rung.id
        state.how[rows] = rung.how
        state.reason[rows] = sentences(rung, pd.DataFrame(table.iloc[rows]), law)
        state.candidate[rows] = rung.candidate
    stopped = state.open & (held == UNKNOWN)
    if stopped.any():
        gaps = _behind(not_known(rung, table), table, scheme)
        rows = np.flatnonzero(stopped)
        state.model[rows] = "missing"
        state.decided_by[rows] = rung.id
        state.how[rows] = "missing"
        for at in rows:
            fields = [column for column, unknown in gaps.items() if unknown[at]]
            state.missing[at] = ";".join(fields)
            labels = "、".join(names.label(column) for column in fields)
            state.reason[at] = f"缺少{labels},暂不判定"
    return True


def _ask_again(
    grounds: Grounds, state: State, table: gpd.GeoDataFrame, draws: int, seed: int
) -> None:
    """How close each call was and what would change it; what is in doubt is marked."""
    # Where people have decided, no number changes anything any more.
    by_hand = state.by_hand
    flips = flips_.flips(grounds, state.agreed, among=~by_hand)
    for column in flips_.COLUMNS:
        table[column] = flips[column]
    possible = flips_.possible_types(grounds, state.agreed)
    table["possible_types"] = pd.Series(possible, index=table.index, dtype=object)
    if not draws:
        return
    found = doubt_.doubt(grounds, draws=draws, seed=seed)
    for column in doubt_.COLUMNS:
        table[column] = found[column]
    shaky = found["stability"].to_numpy() < grounds.law.rule("village.stability").value
    state.doubtful = shaky & np.isin(state.model.astype(str), FIVE) & ~by_hand


def _nothing_tried(rest: Sequence[Rung], table: gpd.GeoDataFrame) -> bool:
    """Whether no condition on a fact could be asked: then the last rung says nothing either.

    Scores compare villages with one another; they are no fact of any of them.
    """
    return not any(
        rung.how not in ("residual", "score") and all(name in table for name in rung.columns)
        for rung in rest
    )


def _wait_for_all(state: State, rung: Rung, off: dict[str, tuple[str, ...]]) -> None:
    rows = np.flatnonzero(state.open)
    state.model[rows] = "missing"
    state.decided_by[rows] = rung.id
    state.how[rows] = "missing"
    state.missing[rows] = ";".join(
        dict.fromkeys(name for names_ in off.values() for name in names_)
    )
    state.reason[rows] = "未提供任何判定指标,暂不判定"


def _behind(gaps: dict[str, Bools], table: pd.DataFrame, scheme: Scheme) -> dict[str, Bools]:
    """For a computed column that is not known, the facts it was to be computed from."""
    if "constraint" not in gaps:
        return gaps
    unknown = gaps.pop("constraint")
    for column in (score.column for score in scheme.scores):
        if column in table:
            gaps[column] = unknown & table[column].isna().to_numpy(dtype=bool)
    return gaps


def _score(
    table: gpd.GeoDataFrame,
    taking: Bools,
    law: Standard,
    scheme: Scheme,
    weights: Weighing,
    fit: Fit | None,
    day: date,
) -> Potential | None:
    """Write the computed columns; without a single indicator there are none."""
    held = constraint(table, law, scheme.scores)
    if held is not None:
        table["constraint"] = held
    found = potential(table, taking, law, scheme.indicators, weights=weights, fit=fit, day=day)
    if not (found.units > 0).any():
        return None
    table["potential"] = found.score
    table["potential_cut"] = found.cut
    table["units_counted"] = found.units.astype(int)
    return found


def _settle(state: State, table: pd.DataFrame, day: date) -> None:
    """From what the rules say to what may be published."""
    consent, dates = column_of(table, "villager_consent"), column_of(table, "consent_on")
    # A meeting that is still to come has agreed to nothing.
    held = [one is not None and date.fromisoformat(str(one)[:10]) <= day for one in dates]
    agreed = state.agreed = (consent == "agreed") & np.array(held, dtype=bool)
    state.final[:] = state.model
    waiting = state.candidate & ~agreed
    state.final[waiting] = None
    chosen = state.by_hand
    state.final[chosen] = state.override[chosen]
    for at in np.flatnonzero(waiting):
        state.reason[at] += (
            ";村民会议不同意,不列入搬迁撤并类"
            if consent[at] == "refused"
            else ";符合上述条件仅为拟列入,须征求村民意见并经村民会议同意"
        )
    for at in np.flatnonzero(state.candidate & agreed):
        state.reason[at] += f";村民会议已于{dates[at]}同意"


def _written(
    state: State,
    table: gpd.GeoDataFrame,
    law: Standard,
    scores: Potential | None,
    told: Mapping[str, str],
) -> gpd.GeoDataFrame:
    consent = column_of(table, "villager_consent")
    chosen = state.by_hand
    status = np.full(len(table), "initial", dtype=object)
    status[state.model == "urban"] = "excluded"
    status[state.model == "missing"] = "missing_data"
    status[state.candidate] = "candidate"
    status[state.candidate & state.agreed] = "consented"
    status[state.candidate & (consent == "refused")] = "refused"
    model_status = status.copy()
    status[chosen] = "override"
    status[chosen & (state.final == "undecided")] = "undecided"
    current = column_of(table, "current_type")
    # What waits for data or for a meeting proposes nothing, so nothing changes.
    proposed, in_force = (pd.Series(one).isin(FIVE).to_numpy() for one in (state.final, current))
    changed = np.full(len(table), None, dtype=object)
    both = proposed & in_force
    changed[both] = (current != state.final)[both]
    filled = () if scores is None else tuple(scores.filled.values())
    flags, remarks = flags_of(state, table, law, told, filled)
    columns = {
        "village_type": state.final,
        "type_model": state.model,
        "type_final": state.final,
        "status": status,
        "decided_by": np.where(chosen, BY_HAND, state.decided_by),
        "decided_how": np.where(chosen, "override", state.how),
        "reason": np.where(chosen, state.override_reason, state.reason),
        "model_by": state.decided_by,
        "model_status": model_status,
        "model_reason": state.reason,
        "missing_fields": state.missing,
        "type_changed": changed,
        "flags": flags,
        "remarks": remarks,
    }
    for column, values in columns.items():
        table[column] = pd.Series(values, index=table.index, dtype=object)
    order = [column for column in ORDERED if column in table]
    others = [column for column in table.columns if column not in order]
    return table[[*order, *others]]


# ---------------------------------------------------------------- overrides


def _apply_overrides(
    state: State, table: gpd.GeoDataFrame, overrides: pd.DataFrame | None, day: date
) -> None:
    for row, last in standing(decisions(overrides, table.index, day)).items():
        if last.kind == AGREE:
            shown = last.agreed_to
            state.agreed_to[row] = "relocate" if shown == CANDIDATE else shown
            continue
        state.expired[row] = last.over
        state.override[row] = None if last.over else last.kind
        state.override_reason[row] = last.sentence


# ---------------------------------------------------------------- words


def _notices(
    facts: gpd.GeoDataFrame,
    sources: tuple[Rule, ...],
    off: dict[str, tuple[str, ...]],
    scored: tuple[str, ...],
) -> tuple[str, ...]:
    said = [one for one in _told_before(facts).split(";") if one]
    told = facts.attrs.get("facts", {})
    said += [
        f"{names.label(column)}:{word('notice.proxy')}"
        for column, how in told.items()
        if how == "proxy" and column != "pop_grid"
    ]
    if "whole_area" in facts and "residential_ha" not in facts:
        said.append("无居住用地图层,按全村范围计算")
    if any(rule.unread for rule in sources):
        said.append(word("notice.unread"))
    unasked = [rung for rung, columns in off.items() if columns != SKIPPED]
    if unasked:
        fields = dict.fromkeys(one for rung in unasked for one in off[rung])
        # Scores have no field of their own: they are absent where every indicator is.
        labels = "、".join(labelled(field) for field in fields if field not in COMPUTED[1:])
        said.append(
            f"缺{labels},未按条件{'、'.join(unasked)}判定,其余类型中可能有应属这些条件的村庄"
        )
    return tuple(dict.fromkeys((*said, *scored)))


def _told_before(facts: gpd.GeoDataFrame) -> str:
    return str(facts.attrs.get("facts_notice", facts.attrs.get("notice")) or "")
