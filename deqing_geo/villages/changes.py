"""What is of another type than in an earlier run, and because of what (村庄类型变化).

A change by a hair is held back until the next run says the same; what is listed, decided or
ruled otherwise counts at once. Nothing here judges: see `deqing_geo.villages.causes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.text import card
from deqing_geo.villages.again import identity, law_of, matrix
from deqing_geo.villages.causes import FACTORS, Causes, causes_of
from deqing_geo.villages.held import margins
from deqing_geo.villages.kinds import CANDIDATE, REFUSED, SHOWN
from deqing_geo.villages.outlines import lineage, moved_share, shapes_of
from deqing_geo.villages.telling import Telling
from deqing_geo.villages.types import VillageTypes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Rule

    Bools = NDArray[np.bool_]
    Words = NDArray[Any]

APPEARED, VANISHED = "appeared", "vanished"
# A change for no other reasons than these may be held back.
SLOW = ("facts", "outline", "relative")


@dataclass(frozen=True, slots=True, eq=False)
class TypeChanges:
    """Villages that are of another type than before, each with its cause.

    Attributes
    ----------
    table : DataFrame
        One row per village that changed, then those that appeared, then those that vanished:
        name and town, ``type_before``, ``type_after``, ``decided_before``, ``decided_after``,
        ``causes`` (words of the vocabulary, joined by ``;``), ``cause_says`` (what changed, old
        → new), ``moved_share`` of the outline, ``margin`` to the threshold that was crossed,
        ``held`` and ``type_settled``.
    matrix : DataFrame of int
        Types before down and after across, with a row ``appeared`` and a column ``vanished``.
    lineage : DataFrame
        Where codes appeared or vanished: ``code_before``, ``code_after``, ``overlap_km2``,
        ``share_before``, ``share_after``. Told, never used to match.
    stands : Series of str
        What is shown of every village of the later run once held changes are held.
    sources : tuple of Rule
        How narrow a change is held, and from where on an outline has moved.
    notices : tuple of str
        Sentences the changes must not travel without.
    """

    table: pd.DataFrame
    matrix: pd.DataFrame
    lineage: pd.DataFrame
    stands: pd.Series[Any]
    sources: tuple[Rule, ...]
    notices: tuple[str, ...]

    @property
    def settled(self) -> pd.Series[Any]:
        """The types to publish: as before where a change is held; None for a candidate."""
        out = self.stands.where(~self.stands.isin((CANDIDATE, REFUSED)), None)
        return out.rename("village_type")

    @property
    def held(self) -> pd.DataFrame:
        """Changes that wait for the next run."""
        return self.table[self.table["held"]]

    @property
    def by_cause(self) -> pd.Series[Any]:
        """Villages by cause; one with several counts in each."""
        told = self.table["causes"].str.split(";").explode().value_counts()
        order = [*names.vocabulary("causes")]
        return told.reindex(order, fill_value=0).astype(int).rename("village_count")

    @property
    def headline(self) -> str:
        """How many changed, appeared and vanished, and how many are held."""
        kinds = self.table["causes"]
        came, went = int((kinds == APPEARED).sum()), int((kinds == VANISHED).sum())
        words = names.vocabulary("causes")
        parts = [f"{len(self.table) - came - went} 个村庄类型变化"]
        parts += [f"{words[APPEARED]} {came}"] if came else []
        parts += [f"{words[VANISHED]} {went}"] if went else []
        parts += [f"暂缓 {len(self.held)}"] if len(self.held) else []
        return "、".join(parts)

    def __repr__(self) -> str:
        return f"<TypeChanges of {len(self.stands)} villages: {len(self.table)} rows, " + (
            f"{len(self.held)} held>"
        )

    def _repr_html_(self) -> str:
        words = names.vocabulary("causes")
        rows = [[words[str(one)], str(count)] for one, count in self.by_cause.items() if count]
        head = (names.label("cause_says"), names.label("village_count"))
        rules = [(rule.label, str(rule)) for rule in self.sources]
        return card(
            names.word("type_changes.title"), self.headline, rules, self.notices, (head, rows)
        )


def type_changes(
    later: VillageTypes,
    previous: VillageTypes,
    *,
    before: VillageTypes | TypeChanges | None = None,
) -> TypeChanges:
    """Compare two runs village by village; see `VillageTypes.changes`.

    Parameters
    ----------
    later, previous : VillageTypes
        Of `classify_villages`; villages are matched by their labels, the codes.
    before : VillageTypes or TypeChanges, optional
        The run before `previous`, or the changes from there to `previous`: what was held then
        and is still so changes now.

    Returns
    -------
    TypeChanges
        Compared with what stood after `previous`.

    Raises
    ------
    InputError
        If `previous` or `before` is no run, a run cannot be repeated from its own table, or the
        codes of one are numbers and of the other text.
    CRSError
        If only one of the runs has a coordinate system.

    Notes
    -----
    Causes are found by judging again: earlier facts under the later rules, later facts under
    the earlier rules, and so on for facts, outlines, rules, decisions of people and the other
    villages. The factors of every smallest set that leads from the earlier type to the later
    one are the causes. Facts taken from an outline that has moved count as the outline.

    A change between conditions on scores or minutes (and what is left), for no other cause than
    facts, outlines and other villages, is held where the condition that tells the two types
    apart is met or missed by at most ``village.hold_margin``.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from deqing_geo.villages import classify_villages
    >>> facts = gpd.GeoDataFrame(
    ...     {"dist_udb_m": [400.0, 800.0], "tt_county_min": [16.0, 18.0]},
    ...     index=["A", "B"],
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)],
    ... )
    >>> old = classify_villages(facts)
    >>> new = classify_villages(facts.assign(tt_county_min=[14.8, 9.0]))
    >>> found = type_changes(new, old)
    >>> found.table[["type_before", "type_after", "causes", "held"]].to_numpy().tolist()
    [['improve', 'suburban', 'facts', True], ['improve', 'suburban', 'facts', False]]
    >>> found.table.loc["A", "cause_says"]
    '数据变化:至县城车程16.0分钟→14.8分钟;距阈值不超过规定幅度,暂缓调整,下期仍一致再调整'
    """
    if not isinstance(previous, VillageTypes):
        raise InputError(f"changes needs the types of an earlier run, not {previous!r}.")
    prior = _prior(previous, before)
    here, there = later.table.index, previous.table.index
    _refuse_other_codes(here, there)
    labels = here[here.isin(there)]
    law = law_of(later)
    sliver, slim = law.rule("village.outline_share"), law.rule("village.hold_margin")
    new, old = shapes_of(later.table, previous.table)
    at_new, at_old = here.get_indexer(labels), there.get_indexer(labels)
    share = moved_share(new[at_new], old[at_old])
    found = causes_of(later, previous, labels, share > sliver.value)
    shown = later.shown
    stood = previous.shown if prior is None else _stood(previous, prior)
    rows = _rows(later, previous, labels, found, stood, prior)
    rows["moved_share"] = pd.Series(share, index=labels).reindex(rows.index)
    rows["margin"] = _margins(later, rows)
    rows["held"] = _holds(rows, slim.value)
    rows["type_settled"] = rows["type_after"].where(~rows["held"], rows["type_before"])
    telling = Telling(later, previous, found)
    rows["cause_says"] = telling.of(rows)
    table = _arranged(rows, later, previous)
    stands = shown.copy()
    held = rows.index[rows["held"]]
    stands[held] = rows.loc[held, "type_before"]
    notices = tuple(
        dict.fromkeys(
            (
                *later.notices,
                *(f"{names.word('type_changes.old')}:{one}" for one in previous.notices),
            )
        )
    )
    moves = _matrix(shown, stood, labels)
    told = lineage(here, new, there, old, sliver.value)
    for frame in (table, moves, told):
        frame.attrs["notice"] = ";".join(notices)
    return TypeChanges(
        table=table,
        matrix=moves,
        lineage=told,
        stands=stands.rename("type_settled"),
        sources=(slim, sliver),
        notices=notices,
    )


# ---------------------------------------------------------------- what stood before


def _prior(previous: VillageTypes, before: Any) -> TypeChanges | None:
    if before is None or isinstance(before, TypeChanges):
        if before is not None and not before.stands.index.equals(previous.table.index):
            raise InputError("before= are changes of another run than `previous`.")
        return before
    if not isinstance(before, VillageTypes):
        raise InputError(f"before= is an older run, or the changes from it, not {before!r}.")
    return type_changes(previous, before)


def _stood(previous: VillageTypes, prior: TypeChanges) -> pd.Series[Any]:
    stood: pd.Series[Any] = prior.stands.reindex(previous.table.index)
    return stood


def _refuse_other_codes(here: pd.Index[Any], there: pd.Index[Any]) -> None:
    if not (len(here) and len(there)) or here.isin(there).any():
        return
    one, other = here[:1].tolist()[0], there[:1].tolist()[0]
    if isinstance(one, str) != isinstance(other, str):
        raise InputError(
            f"The codes of the two runs are of two kinds, {one!r} and {other!r}: index "
            "both by village_code, as text."
        )


# ---------------------------------------------------------------- the rows


def _rows(
    later: VillageTypes,
    previous: VillageTypes,
    labels: pd.Index[Any],
    found: Causes,
    stood: pd.Series[Any],
    prior: TypeChanges | None,
) -> pd.DataFrame:
    """Villages of both runs whose type is another than what stood."""
    changed = labels[(later.shown[labels] != stood[labels]).to_numpy(dtype=bool)]
    factors = found.by_factor.loc[changed]
    out = pd.DataFrame(
        {
            "type_before": stood[changed].astype(object),
            "type_after": later.shown[changed].astype(object),
            "decided_before": previous.table.loc[changed, "decided_by"].astype(object),
            "decided_after": later.table.loc[changed, "decided_by"].astype(object),
            "how_before": previous.table.loc[changed, "decided_how"].astype(object),
            "how_after": later.table.loc[changed, "decided_how"].astype(object),
            "waited": False,
        },
        index=changed,
    )
    if prior is not None:
        waited = changed[changed.isin(prior.held.index)]
        earlier = prior.table.loc[waited]
        out.loc[waited, "decided_before"] = earlier["decided_before"]
        # Held is only what both ends of are conditions on numbers.
        out.loc[waited, "how_before"] = "score"
        same = later.shown[waited] == previous.shown[waited]
        out.loc[waited[same.to_numpy(dtype=bool)], "waited"] = True
        factors = factors.copy()
        for factor in FACTORS:
            told = earlier["causes"].str.split(";").map(lambda held, one=factor: one in held)
            factors.loc[waited, factor] |= told.astype(bool)
    joined = factors.to_numpy(dtype=bool)
    out["causes"] = [";".join(FACTORS[at] for at in np.flatnonzero(row)) for row in joined]
    return out


def _margins(later: VillageTypes, rows: pd.DataFrame) -> pd.Series[Any]:
    """How far each village is from the threshold between its two types; NaN where there is none."""
    ids = [*later.scheme.ids]
    place = {name: at for at, name in enumerate(ids)}
    last = ids[-1]
    found = margins(later)
    out = np.full(len(rows), np.nan)
    quick = ("missing", "override")
    for at, (label, row) in enumerate(rows.iterrows()):
        ends = row["decided_before"], row["decided_after"]
        if row["how_before"] in quick or row["how_after"] in quick:
            continue
        if not all(end == last or end in found for end in ends) or ends[0] == ends[1]:
            continue
        # The higher condition decides as soon as it holds, so it tells the two types apart.
        higher = min(ends, key=lambda end: place.get(end, len(place)))
        out[at] = found[higher].at[label]
    return pd.Series(out, index=rows.index)


def _holds(rows: pd.DataFrame, slim: float) -> Bools:
    slow = np.array([set(causes.split(";")) <= set(SLOW) for causes in rows["causes"]], dtype=bool)
    near = (rows["margin"] <= slim).to_numpy(dtype=bool)
    return np.asarray(slow & near & ~rows["waited"].to_numpy(dtype=bool), dtype=bool)


def _arranged(rows: pd.DataFrame, later: VillageTypes, previous: VillageTypes) -> pd.DataFrame:
    """The rows with who is meant, then those that appeared and vanished."""
    here, there = later.table.index, previous.table.index
    came, went = here[~here.isin(there)], there[~there.isin(here)]
    ends = []
    for labels, types, side, cause in (
        (came, later, "after", APPEARED),
        (went, previous, "before", VANISHED),
    ):
        part = pd.DataFrame(index=labels)
        part[f"type_{side}"] = types.shown[labels].astype(object)
        part[f"decided_{side}"] = types.table.loc[labels, "decided_by"].astype(object)
        part["causes"] = cause
        part["cause_says"] = names.word(f"type_changes.{cause}")
        part["held"] = False
        if side == "after":
            part["type_settled"] = part["type_after"]
        ends.append(part)
    order = [
        "type_before", "type_after", "decided_before", "decided_after", "causes", "cause_says",
        "moved_share", "margin", "held", "type_settled",
    ]  # fmt: skip
    kinds = dict.fromkeys(order, object) | {"moved_share": float, "margin": float, "held": bool}
    parts = [one.reindex(columns=order) for one in (rows, *ends) if len(one)]
    out = pd.concat(parts) if parts else pd.DataFrame(columns=order, index=here[:0])
    for column in order:
        values = out[column].astype(object)
        if kinds[column] is object:
            out[column] = values.where(values.notna(), None)
        else:
            out[column] = values.astype(kinds[column])
    who = identity(later.table).reindex(out.index)
    old = identity(previous.table).reindex(out.index)
    who = who.reindex(columns=[*dict.fromkeys([*who.columns, *old.columns])])
    for column in old.columns:
        who[column] = who[column].where(who[column].notna(), old[column])
    return pd.concat([who, out], axis="columns")


def _matrix(shown: pd.Series[Any], stood: pd.Series[Any], labels: pd.Index[Any]) -> pd.DataFrame:
    moves = matrix(stood[labels], shown[labels])
    came = shown[~shown.index.isin(labels)].value_counts()
    went = stood[~stood.index.isin(labels)].value_counts()
    moves.loc[APPEARED] = came.reindex([*SHOWN], fill_value=0)
    moves[VANISHED] = went.reindex([*SHOWN, APPEARED], fill_value=0)
    return moves.astype(int)
