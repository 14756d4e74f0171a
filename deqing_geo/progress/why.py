"""Why a figure is not what it was last month, in one sentence made of the changes themselves."""

from __future__ import annotations

from typing import Any

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.text import change

# A line in a table names so many roads, parks or villages, the weightiest first.
MOST_NAMED = 6
TYPES = "village_types"
GENERAL = ("rounding", "outline", "area", "water", "definition", "homes")


def why_of(changes: Any) -> tuple[str, str]:
    """Which target changes are of, and what they say.

    Parameters
    ----------
    changes : RoadChanges, CoverageChanges or TypeChanges
        Of a density, a coverage or village types against last month's.

    Returns
    -------
    (str, str)
        The target's key, and a sentence: the weightiest roads, parks or villages with what each
        brought, the others counted.

    Raises
    ------
    InputError
        If it is none of them.
    """
    table = getattr(changes, "table", None)
    if table is not None and "density_effect" in table:
        return changes.definition.measure, _listed(
            table, "road_name", "change_cause", "delta_km", "公里", 3
        )
    if table is not None and "coverage_effect" in table:
        delta = "delta_ha" if "delta_ha" in table else str(changes.by_cause.columns[1])
        unit = "公顷" if delta == "delta_ha" else ""
        name = next((one for one in ("park_name", "facility_name") if one in table), "")
        return changes.definition.measure, _listed(table, name, "park_change_cause", delta, unit, 2)
    if hasattr(changes, "matrix") and hasattr(changes, "settled"):
        return TYPES, _villages(changes)
    raise InputError(f"{changes!r} are no changes of a density, a coverage or village types.")


def _listed(table: Any, name: str, cause: str, delta: str, unit: str, places: int) -> str:
    rows = table[table[delta].abs() >= 0.5 * 10.0**-places]
    if rows.empty:
        return "无变化"
    words = names.vocabulary(cause)
    # What concerns no single road or park is told once for all of them.
    general = rows[cause].isin(GENERAL)
    rows = rows.loc[rows[delta].abs().sort_values(ascending=False, kind="stable").index]
    own = rows[~general.loc[rows.index]]
    parts = []
    for row in own.iloc[:MOST_NAMED].to_dict("records"):
        called = row.get(name)
        who = str(called) if isinstance(called, str) else ""
        parts.append(_item(f"{who}{_plain(words[str(row[cause])])}", row[delta], unit, places))
    if len(left := own.iloc[MOST_NAMED:]):
        parts.append(_item(f"其余 {len(left)} 项合计", left[delta].sum(), unit, places))
    for kind, some in rows[general.loc[rows.index]].groupby(cause, sort=False):
        parts.append(_item(_plain(words[str(kind)]), some[delta].sum(), unit, places))
    return f"{'、'.join(parts)};{_item('合计', table[delta].sum(), unit, places)}"


def _plain(said: str) -> str:
    return said.split("(")[0]


def _item(said: str, value: float, unit: str, places: int) -> str:
    return f"{said} {change(float(value), places)} {unit}".strip()


def _villages(changes: Any) -> str:
    table = changes.table
    if table.empty:
        return "无变化"
    words = names.vocabulary("causes")
    parts = []
    for row in table.iloc[:MOST_NAMED].to_dict("records"):
        why = "、".join(words.get(one, one) for one in str(row["causes"]).split(";"))
        parts.append(f"{row.get('village_name') or ''}({why})")
    more = len(table) - len(parts)
    rest = f"等,另 {more} 个" if more else ""
    return f"{changes.headline}:{'、'.join(parts)}{rest}"
