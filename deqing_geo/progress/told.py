"""What the bureau has told of its targets: base values, yearly goals, months, and the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from deqing_geo.progress.months import as_month, same_outline, same_way, year_of

# What is filled in once a year for each target, with the columns of a month's sheet.
OF_YEAR = (
    "base_value", "base_year", "pace_way", "yellow_lag", "red_lag", "lead_unit", "joint_units",
)  # fmt: skip
OF_MONTH = ("measured", "due_value", "problem", "next_step", "month_note")
STANDING = ("reported", "corrected")


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """The bureau's own table of progress, and what has been reported so far.

    Attributes
    ----------
    year : int
        Of the table (填报年度).
    plan : DataFrame
        Index ``target_key``: ``base_value``, ``base_year``, ``pace_way``, ``yellow_lag``,
        ``red_lag``, ``lead_unit``, ``joint_units``; values as frames hold them, shares 0 to 1.
    goals : DataFrame
        Index ``target_key``, a column for every year: what is to be reached by its end.
    months : DataFrame
        One row for every target and month somebody filled in: ``target_key``, ``month``,
        ``measured``, ``due_value``, ``problem``, ``next_step``, ``month_note``.
    log : DataFrame
        What was reported, corrected and recomputed, in the order it was written; of
        `deqing_geo.progress.read_log`.
    notices : tuple of str
        What was taken on trust.
    """

    year: int
    plan: pd.DataFrame
    goals: pd.DataFrame
    months: pd.DataFrame
    log: pd.DataFrame
    notices: tuple[str, ...] = field(default=())

    @classmethod
    def of_log(cls, log: pd.DataFrame) -> Progress:
        """What was reported, where the bureau has no table of progress yet.

        Parameters
        ----------
        log : DataFrame
            Of `deqing_geo.progress.read_log`.

        Returns
        -------
        Progress
            Without base values and goals, so that nothing is judged by them.
        """
        months = pd.DataFrame(columns=["target_key", "month", *OF_MONTH])
        return cls(0, pd.DataFrame(columns=[*OF_YEAR]), pd.DataFrame(), months, log)

    def __repr__(self) -> str:
        filled = int(self.goals.notna().any(axis=1).sum())
        kept = "、".join(self.reported) or "-"
        return f"<Progress of {self.year}: {filled} targets with yearly goals, reported {kept}>"

    @property
    def reported(self) -> tuple[str, ...]:
        """Months that were reported, and are locked."""
        return tuple(sorted(set(self.log["month"]))) if len(self.log) else ()

    @property
    def last_month(self) -> str | None:
        """The latest month somebody filled in."""
        months = self.months.loc[self.months["measured"].notna(), "month"]
        return None if months.empty else str(months.max())

    def of_year(self, key: str, column: str) -> Any:
        """What stands in the yearly table.

        Parameters
        ----------
        key : str
            The target.
        column : str
            One of `OF_YEAR`.

        Returns
        -------
        object
            None where nothing was filled in.
        """
        if key not in self.plan.index:
            return None
        value: Any = self.plan.at[key, column]
        if value is None or value != value:
            return None
        return value if isinstance(value, str) else float(value)

    def goal(self, key: str, month: str) -> float | None:
        """What is to be reached by the end of a month's year.

        Parameters
        ----------
        key : str
            The target.
        month : str
            Like ``2026-03``.

        Returns
        -------
        float or None
            None where the bureau set none.
        """
        year = year_of(month)
        if key not in self.goals.index or year not in self.goals:
            return None
        held: Any = self.goals.at[key, year]
        value = float(held)
        return None if value != value else value

    def filled(self, key: str, month: str) -> dict[str, Any]:
        """What somebody filled in for a month.

        Parameters
        ----------
        key : str
            The target.
        month : str
            Like ``2026-03``.

        Returns
        -------
        dict
            Of `OF_MONTH`, those there are.
        """
        rows = self.months[(self.months["target_key"] == key) & (self.months["month"] == month)]
        if rows.empty:
            return {}
        row = rows.iloc[-1]
        return {
            name: row[name] for name in OF_MONTH if row[name] is not None and row[name] == row[name]
        }

    def due_steps(self, key: str, month: str) -> float | None:
        """The latest step (节点) of the year up to a month.

        Parameters
        ----------
        key : str
            The target.
        month : str
            Like ``2026-05``.

        Returns
        -------
        float or None
            None before the first.
        """
        own = self.months
        rows = own[
            (own["target_key"] == key)
            & (own["month"] <= month)
            & (own["month"] >= f"{year_of(month)}-01")
            & own["due_value"].notna()
        ]
        return None if rows.empty else float(rows.sort_values("month")["due_value"].iloc[-1])

    def stood(self, key: str, month: str, unit: str, definition: str, outline: str) -> Stood | None:
        """What was reported of a month, and whether it compares with a figure of another.

        Parameters
        ----------
        key : str
            The target.
        month : str
            Of the earlier figure.
        unit, definition, outline : str
            Of the later figure.

        Returns
        -------
        Stood or None
            None where nothing was reported. Where the way of counting or the outline is another
            and the month was recomputed by the new one, the recomputed value stands.
        """
        own = self.log
        rows = own[(own["target_key"] == key) & (own["month"] == as_month(month, "month"))]
        kept = rows[rows["log_kind"].isin(STANDING)]
        if kept.empty:
            return None
        last = kept.iloc[-1]
        value = float(last["measured"])
        if value != value:
            return None
        if _alike(last, unit, definition, outline):
            return Stood(value, value, True, False)
        again = rows[rows["log_kind"] == "recomputed"]
        for _, row in again.iloc[::-1].iterrows():
            if _alike(row, unit, definition, outline) and row["measured"] == row["measured"]:
                return Stood(float(row["measured"]), value, True, True)
        return Stood(value, value, False, False)


@dataclass(frozen=True, slots=True)
class Stood:
    """A figure of an earlier month beside a later one.

    Attributes
    ----------
    value : float
        To be compared with: as reported, or recomputed by the later way of counting.
    reported : float
        As it was reported.
    comparable : bool
        Whether the two can be subtracted.
    recomputed : bool
        Whether `value` is not what was reported.
    """

    value: float
    reported: float
    comparable: bool
    recomputed: bool


def _alike(row: Any, unit: str, definition: str, outline: str) -> bool:
    return (
        row["unit"] == unit
        and same_way(str(row["definition"]), definition)
        and same_outline(str(row["outline_mark"]), outline)
    )
