"""What classification answers with: the type of every village, its reason, what is in doubt.

A relocation that the villagers' meeting has not agreed to is a candidate and no type:
it never reaches `type_final`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo.columns import word
from deqing_geo.errors import ColumnError
from deqing_geo.tallies import Tally
from deqing_geo.text import card, percent
from deqing_geo.villages import reasons
from deqing_geo.villages.forms import save_forms
from deqing_geo.villages.kinds import (
    CANDIDATE,
    FIVE,
    OUTSIDE,
    REFUSED,
    called,
    labelled,
)
from deqing_geo.villages.ledger import Ledger, ledger
from deqing_geo.villages.wording import shown_rule

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.standards import Rule
    from deqing_geo.villages.agreement import Agreement
    from deqing_geo.villages.changes import TypeChanges
    from deqing_geo.villages.fitting import Fit
    from deqing_geo.villages.patches import Patches
    from deqing_geo.villages.scheme import Scheme


@dataclass(frozen=True, slots=True, eq=False)
class VillageTypes:
    """The development type of every village, why, and what is in doubt.

    Attributes
    ----------
    table : GeoDataFrame
        One row per village, with its facts. ``type_model`` is what the rules say;
        ``type_final`` (and ``village_type``, the same) what may be published: empty for a
        candidate for relocation. ``status``, ``decided_by`` (the rung), ``decided_how``,
        ``reason`` (a Chinese sentence), ``missing_fields``, ``flags`` and ``remarks``,
        ``type_changed`` against ``current_type``, ``potential`` and ``constraint``.
    off : dict of str to tuple of str
        Rungs that were switched off, and the columns nobody gave (or 本次停用).
    weights : DataFrame
        Indicators of the potential with the weights used, and why some were left out.
    sources : tuple of Rule
        Every number a village was compared with, with its document.
    notices : tuple of str
        Sentences the types must not travel without.
    origins : tuple of str
        The files behind them.
    asked : mapping of str to object
        The options of `classify_villages` behind them: ``classify_villages(types.table,
        **types.asked)`` gives the same types again.
    fit : Fit or None
        Bounds, weights and cuts of the scores, for ``classify_villages(fit=...)`` of a later
        year; None where there were no scores.
    """

    table: gpd.GeoDataFrame
    off: dict[str, tuple[str, ...]]
    weights: pd.DataFrame
    sources: tuple[Rule, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]
    asked: Mapping[str, Any]
    fit: Fit | None = None

    @property
    def series(self) -> pd.Series[Any]:
        """``village_type`` by village."""
        series: pd.Series[Any] = self.table["village_type"]
        return series

    @property
    def counts(self) -> pd.Series[Any]:
        """How many villages of each type, in the plan's order; then those without one, by why."""
        found = self.shown.value_counts()
        kinds = (*FIVE, CANDIDATE, REFUSED, *OUTSIDE)
        out = {kind: int(found.get(kind, 0)) for kind in kinds}
        return pd.Series(out, name="village_count", dtype=int)

    @property
    def shown(self) -> pd.Series[Any]:
        """What legends and tables say of each village: its type, or the status of one without."""
        kind = self.series.astype(object)
        return kind.where(kind.notna(), self.table["status"])

    @property
    def candidates(self) -> gpd.GeoDataFrame:
        """Villages that a rule would relocate and whose meeting has not decided: internal."""
        return self.table[self.table["status"] == CANDIDATE]

    @property
    def refused(self) -> gpd.GeoDataFrame:
        """Villages that a rule would relocate and whose meeting said no: a person looks again."""
        return self.table[self.shown == REFUSED]

    @property
    def doubtful(self) -> gpd.GeoDataFrame:
        """Villages whose call is close (建议复核), the closest first; internal."""
        table = self.table
        asked = table[table["flags"].str.split(";").map(lambda codes: "DOUBT" in codes)]
        near = "stability" in asked
        return asked.sort_values("stability", kind="stable") if near else asked

    @property
    def adjustments(self) -> gpd.GeoDataFrame:
        """Villages whose type in force is another than the one proposed (调整建议表)."""
        return self.table[self.table["type_changed"] == True]  # noqa: E712

    @property
    def by_town(self) -> pd.DataFrame:
        """Towns by types and by what has none: counts, in the order of the villages."""
        if "town_name" not in self.table:
            raise ColumnError("The villages carry no `town_name`, so there is no table by town.")
        out = pd.crosstab(self.table["town_name"], self.shown)
        order = pd.unique(self.table["town_name"].dropna())
        return out.reindex(index=order, columns=[*self.counts.index], fill_value=0)

    @property
    def headline(self) -> str:
        """The counts in one line."""
        counts = self.counts
        parts = [f"{called(kind)} {count}" for kind, count in counts.items() if count]
        return f"{len(self.table)} 个单元:" + "、".join(parts)

    @property
    def line(self) -> str:
        """How the types came about, in one line for footers."""
        off = f";停用条件 {'、'.join(self.off)}" if self.off else ""
        where = f"deqing_geo docs/village_types.md;{word('evidence.ours')}"
        scheme = self.scheme
        own = list(scheme.changed)
        own += [
            f"{rule.label}取{shown_rule(rule)}({rule.clause})"
            for rule in self.sources
            if rule.evidence == "local" and rule.key not in scheme.numbers
        ]
        by = f"依据{scheme.document}" if scheme.document else "本单位"
        said = f";{by}调整:{'、'.join(own)}" if own else ""
        weighed = ""
        if self.fit is not None and self.fit.method != "expert":
            weighed = f";发展潜力按{self.fit.line}"
        if self.asked.get("fit") is not None and self.fit is not None:
            weighed += f";沿用{self.fit.called}的上下限和阈值"
        first, last = scheme.ids[0], scheme.ids[-1]
        return f"村庄分类判定条件 {first} 至 {last}({where}){said}{off}{weighed}"

    @property
    def scheme(self) -> Scheme:
        """The conditions they were judged by."""
        scheme: Scheme = self.asked["scheme"]
        return scheme

    @property
    def tally(self) -> Tally:
        """How many of the plan's five types are in use: its target asks for all five."""
        target = "village_types"
        used = [kind for kind in FIVE if self.counts[kind]]
        part = int((self.series != "urban").sum())
        typed = int(self.series.isin(FIVE).sum())
        refused = f"、{len(self.refused)}个村民会议不同意" if len(self.refused) else ""
        return Tally(
            key=target,
            value=float(len(used)),
            unit="类",
            counted=typed,
            total=part,
            definition=(
                f"拟定类型中已使用的类数;{part}个参与分类单元中{typed}个已有拟定类型,"
                f"{len(self.candidates)}个拟列入搬迁撤并待征求意见{refused}不计入"
            ),
            notices=self.notices,
            origins=self.origins,
        )

    @property
    def summary(self) -> pd.DataFrame:
        """Villages, land and people of each type and of what has none; adds up to ``total``.

        Columns and notes as of `deqing_geo.villages.summary.summary_of`.
        """
        from deqing_geo.villages.summary import summary_of

        return summary_of(self)

    def agreement(
        self, official: pd.Series[Any] | str | None = None, *, seed: int = 0, draws: int = 1000
    ) -> Agreement:
        """How far the types agree with published ones (与公布类型的一致性).

        Parameters
        ----------
        official, seed, draws
            As of `deqing_geo.villages.agreement.agreement_of`.

        Returns
        -------
        Agreement
            Confusion matrix, precision, recall and Cohen's kappa, with and without the
            villages whose type copies a list.

        Raises
        ------
        ColumnError
            If there is no such column, or a word is no type.
        InputError
            If the published types are of other villages, or an option is no number.
        """
        from deqing_geo.villages.agreement import agreement_of

        return agreement_of(self, official, seed=seed, draws=draws)

    def changes(
        self, previous: VillageTypes, *, before: VillageTypes | TypeChanges | None = None
    ) -> TypeChanges:
        """Which villages are of another type than in an earlier run, and because of what.

        Parameters
        ----------
        previous, before
            As of `deqing_geo.villages.changes.type_changes`.

        Returns
        -------
        TypeChanges
            Every village that changed, appeared or vanished, each with its cause.

        Raises
        ------
        InputError
            If a run cannot be repeated from its own table.
        CRSError
            If the outlines of the two runs cannot be laid on each other.
        """
        from deqing_geo.villages.changes import type_changes

        return type_changes(self, previous, before=before)

    def patches(self, *, border_m: float | None = None) -> Patches:
        """Where villages of one type lie together, and where one lies alone (连片与孤立).

        Parameters
        ----------
        border_m
            As of `deqing_geo.villages.patches.find_patches`.

        Returns
        -------
        Patches
            Suggestions only; nothing is smoothed.

        Raises
        ------
        CRSError
            If the villages are in no metric CRS.
        GeometryError
            If an outline is no valid polygon.
        InputError
            If `border_m` is no number from 0.
        """
        from deqing_geo.villages.patches import find_patches

        return find_patches(self, border_m=border_m)

    def of(self, rows: pd.Series[bool]) -> VillageTypes:
        """The same types of some villages only, such as those of one town.

        Parameters
        ----------
        rows : Series of bool
            Which, by the index of ``table``.

        Returns
        -------
        VillageTypes
            Nothing is judged anew: scores stay those among all villages.
        """
        table = self.table[rows]
        table.attrs.update(self.table.attrs)
        return replace(self, table=table)

    def opinion_forms(
        self, out: str | os.PathLike[str], *, unit: str = "", day: date | str | None = None
    ) -> list[Path]:
        """Write the forms that ask the towns (村庄分类意见征询表), one workbook a town.

        Code, name, type in force, what the rules say and why are filled in and locked (without a
        password); the town's opinion, its reason and document, the villagers' meeting, who
        filled in and when are open. `read_opinions` reads them back.

        Parameters
        ----------
        out : path
            The folder; forms in it that are not as they are sent are never overwritten.
        unit : str
            Who asks (征询单位).
        day : date or str, optional
            To which the data reach (数据截止日期), like 2026-06-30; blank for a pen by default.

        Returns
        -------
        list of Path
            ``.xlsx`` files named by the town's code and name, the same bytes for the same types.

        Raises
        ------
        ColumnError
            If the villages carry no town, or `day` is no date.
        ExportError
            If a form stands there that is not as it is sent, or the folder cannot be written.
        """
        return save_forms(self, out, unit=unit, day=day)

    @property
    def ledger(self) -> Ledger:
        """Every village from the type in force to the approval (村庄分类台账), by the log."""
        return ledger(self)

    def why(self, code: str, lang: str = "zh") -> str:
        """What was decided of a village and why.

        Parameters
        ----------
        code : str
            Its label in the index.
        lang : str
            ``zh`` or ``en``.

        Returns
        -------
        str
            Lines; the first is the verdict. What follows: see `villages.reasons.why`.

        Raises
        ------
        CodeError
            If there is no such village.
        InputError
            If `lang` is another language.
        """
        return reasons.why(self, code, lang)

    def reasons(self, code: str) -> pd.DataFrame:
        """The conditions a village was asked, down to the one that decided, part by part.

        Parameters
        ----------
        code : str
            Its label in the index.

        Returns
        -------
        DataFrame
            A row a comparison: see `villages.reasons.reasons`.

        Raises
        ------
        CodeError
            If there is no such village.
        """
        return reasons.reasons(self, code)

    def __repr__(self) -> str:
        counts = self.counts
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        return f"<VillageTypes of {len(self.table)} villages: {said}>"

    def _repr_html_(self) -> str:
        counts = self.counts
        rows = [
            [called(kind), str(count), percent(count / max(len(self.table), 1))]
            for kind, count in counts.items()
            if count or kind in FIVE
        ]
        off = [
            (f"停用 {rung}", "、".join(labelled(column) for column in columns))
            for rung, columns in self.off.items()
        ]
        return card(
            "村庄分类(规则初判)",
            self.headline,
            [("判定条件", self.line), *off],
            self.notices,
            (("类型", "村庄数", "占比"), rows),
        )
