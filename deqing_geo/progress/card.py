"""The scorecard as a result: its table, its views, and how it shows itself."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.text import card


@dataclass(frozen=True, slots=True, eq=False)
class Scorecard:
    """Targets of the plan, what was measured for them, and what is still to go.

    Attributes
    ----------
    table : DataFrame
        One row per target, in the plan's order; index ``target_key``. ``target``,
        ``measured`` (never rounded) and ``gap`` (0 where the target is reached) are in
        ``unit``, shares as 0 to 1; ``asked`` and ``shown`` are what readers see.
        ``reached`` is True, False, or None where nothing can be said. ``verdict`` holds a word of
        the registry.
    notices : tuple of str
        Sentences the figures must not travel without.
    """

    table: pd.DataFrame
    notices: tuple[str, ...]

    @property
    def behind(self) -> pd.DataFrame:
        """Rows with a figure that does not reach the target yet."""
        return self.table[self.table["reached"].eq(False)]

    @property
    def measured(self) -> int:
        """How many of the targets that geodata can answer have a figure."""
        return int((self._computable & self.table["measured"].notna()).sum())

    @property
    def headline(self) -> str:
        """How many targets have a figure, and how many are reached."""
        found = int(self.table["measured"].notna().sum())
        met = int((self.table["verdict"] == "met").sum())
        return f"{found} 项有测算值,其中 {met} 项{names.vocabulary('verdict')['met']}"

    @property
    def _computable(self) -> pd.Series[bool]:
        return self.table["computable"] == "yes"

    def __repr__(self) -> str:
        found = int(self.table["measured"].notna().sum())
        met = int((self.table["verdict"] == "met").sum())
        return (
            f"<Scorecard of {len(self.table)} targets: {found} with a figure, {met} met, "
            f"{len(self.behind)} not yet>"
        )

    def _repr_html_(self) -> str:
        words = names.vocabulary("verdict")
        shown = ("indicator_zh", "asked", "shown", "verdict", "definition")
        rows = self.table.loc[self.table["measured"].notna(), list(shown)]
        body = rows.assign(verdict=rows["verdict"].map(words)).to_numpy(dtype=object).tolist()
        return card(
            names.word("page.scorecard"),
            self.headline,
            [],
            self.notices,
            ([names.label(column) for column in shown], body),
        )
