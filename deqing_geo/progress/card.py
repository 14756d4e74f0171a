"""The scorecard as a result: its table, its views, and how it shows itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo.progress.months import in_chinese
from deqing_geo.progress.views import by_department, by_town, of_department
from deqing_geo.text import card, percent

if TYPE_CHECKING:
    import geopandas as gpd


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
    month : str
        Of which the figures are, such as ``2026-03``; empty where nobody said.
    finders : mapping of str to callable
        Give the shapes behind a target; see `places`.
    """

    table: pd.DataFrame
    notices: tuple[str, ...]
    month: str = ""
    finders: Mapping[str, Callable[[], gpd.GeoDataFrame | None]] = field(default_factory=dict)

    @property
    def places(self) -> dict[str, gpd.GeoDataFrame]:
        """Where what counts lies and what is lacking, by target.

        One row each with its names and ``place_state``: villages with and without a bus stop,
        dead ends, homes out of reach of a park. Targets whose results have no shapes, or whose
        list is empty, are not among them.
        """
        found = {key: find() for key, find in self.finders.items()}
        return {key: one for key, one in found.items() if one is not None and len(one)}

    @property
    def by_department(self) -> pd.DataFrame:
        """How the targets of each department stand, as leading and as cooperating one.

        One row for every department and part (``lead_unit`` or ``joint_units``):
        ``target_count`` and a count for every verdict and every warning.
        """
        return by_department(self.table)

    def of_department(self, name: str) -> pd.DataFrame:
        """The rows a department answers for.

        Parameters
        ----------
        name : str
            As the plan or the bureau writes it, such as ``县建设局``.

        Returns
        -------
        DataFrame
            Those it leads first, then those it helps with.

        Raises
        ------
        InputError
            If it answers for none.
        """
        return of_department(self.table, name)

    def by_town(self, towns: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
        """Where in the county the places of the targets lie, town by town.

        Parameters
        ----------
        towns : GeoDataFrame of Polygon, optional
            With ``town_name``, for places that do not carry it; in the places' own system.

        Returns
        -------
        DataFrame
            One row for every target, town and ``place_state``, with ``place_count``.

        Raises
        ------
        ColumnError
            If `towns` has no ``town_name``.
        CRSError
            If `towns` lie in another system than the places.
        """
        return by_town(self.table, self.places, towns)

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

    @property
    def warned(self) -> pd.DataFrame:
        """Rows the bureau's own thresholds make red or yellow, red ones first."""
        rows = self.table[self.table["warning"].isin(["red", "yellow"])]
        return rows.sort_values("warning", kind="stable")

    def _repr_html_(self) -> str:
        shown = ["indicator_zh", "asked", "shown", "completion", "verdict", "definition"]
        rows = self.table[self.table["measured"].notna()]
        if (rows["warning"] != "").any():
            shown.insert(5, "warning")
        cells = [[shown_cell(row, column) for column in shown] for row in rows.to_dict("records")]
        said = [(names.label("month"), in_chinese(self.month))] if self.month else []
        return card(
            names.word("page.scorecard"),
            self.headline,
            said,
            self.notices,
            ([names.label(column) for column in shown], cells),
        )


def shown_cell(row: Mapping[Any, Any], column: str) -> str:
    """A cell of the scorecard as readers see it.

    Parameters
    ----------
    row : mapping
        Of ``table``.
    column : str
        Which.

    Returns
    -------
    str
        Words in Chinese; a completion never rounded to the whole.
    """
    value = row[column]
    if column == "completion":
        return percent(value, against=[1.0])
    if column in names.vocabularies():
        return names.vocabulary(column).get(str(value), str(value or ""))
    return "" if value is None or value != value else str(value)


# In the order readers want them.
COLUMNS: dict[str, Any] = {
    "id": object,
    "clause": object,
    "indicator_zh": object,
    "operator": object,
    "asked": object,
    "target": float,
    "unit": object,
    "year": object,
    "measured": float,
    "shown": object,
    "gap": float,
    "completion": float,
    "reached": object,
    "verdict": object,
    "warning": object,
    "value_how": object,
    "definition": object,
    "notice": object,
    "source": object,
    "departments": object,
    "lead_unit": object,
    "joint_units": object,
    "computable": object,
    "quote": object,
    "plan_note": object,
    "base_value": float,
    "base_year": object,
    "year_goal": float,
    "due_value": float,
    "last_value": float,
    "last_change": float,
    "start_value": float,
    "year_change": float,
    "compared": object,
    "month_why": object,
    "problem": object,
    "next_step": object,
    "month_note": object,
    "outline_mark": object,
}
