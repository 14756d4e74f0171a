"""Villages judged once more, with something else than the first time, and what moved.

Nothing here decides a type: `classify_villages` does, each time anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.errors import DeqingGeoWarning
from deqing_geo.villages.conditions import columns_of
from deqing_geo.villages.judge import judge
from deqing_geo.villages.kinds import COMPUTED, CONSENT, SHOWN

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.standards import Standard
    from deqing_geo.villages.scheme import Scheme
    from deqing_geo.villages.types import VillageTypes

# The minutes to the nearest centre are the fewer of these two.
CENTRES = ("tt_county_min", "tt_subcentre_min")


def judged(
    table: gpd.GeoDataFrame, asked: Mapping[str, Any], *, closely: bool = True
) -> VillageTypes:
    """The types of a table by the options of an earlier run.

    Parameters
    ----------
    table : GeoDataFrame
        Facts, or the table of an earlier result.
    asked : mapping of str to object
        Options of `classify_villages`. Decisions of people on villages that are not in
        `table` are left out.
    closely : bool
        False where only types are asked for: without draws and nearest changes.

    Returns
    -------
    VillageTypes
        Without warnings: whoever judged first has seen them.
    """
    options = dict(asked)
    if options.get("overrides") is not None:
        options["overrides"] = _of(options["overrides"], table.index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeqingGeoWarning)
        return judge(table, **options, closely=closely)


def law_of(types: VillageTypes) -> Standard:
    """The law a run was judged by, with its scheme's own numbers in it.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`.

    Returns
    -------
    Standard
        As the conditions were held against.
    """
    return types.scheme.law(types.asked["law"])


def matrix(before: pd.Series[Any], after: pd.Series[Any]) -> pd.DataFrame:
    """How many villages went from which type to which.

    Parameters
    ----------
    before, after : Series of str
        What is shown of each village, on one index.

    Returns
    -------
    DataFrame of int
        Before down, after across, both in the plan's order.

    Examples
    --------
    >>> found = matrix(pd.Series(["improve", "improve"]), pd.Series(["cluster", "improve"]))
    >>> int(found.loc["improve", "cluster"]), int(found.to_numpy().sum())
    (1, 2)
    """
    found = pd.crosstab(before.to_numpy(dtype=object), after.to_numpy(dtype=object))
    out = found.reindex(index=[*SHOWN], columns=[*SHOWN], fill_value=0)
    return out.rename_axis(index="type_before", columns="type_after")


def identity(table: pd.DataFrame) -> pd.DataFrame:
    """Name and town of every village, as far as the table has them.

    Parameters
    ----------
    table : DataFrame
        Facts or types.

    Returns
    -------
    DataFrame
        On the same index.
    """
    kept = [column for column in ("village_name", "town_name") if column in table]
    return pd.DataFrame(table[kept])


def read_columns(scheme: Scheme) -> frozenset[str]:
    """Every fact that a type may hang on: of a condition, a score, or the meeting's say.

    Parameters
    ----------
    scheme : Scheme
        Conditions and indicators.

    Returns
    -------
    frozenset of str
        Scores themselves are no facts.

    Examples
    --------
    >>> from deqing_geo.villages.scheme import shipped
    >>> {"tt_county_min", "slope_res_mean_deg", "consent_on"} <= read_columns(shipped())
    True
    """
    read = {one for rung in scheme.rungs for one in columns_of(rung.when, needed=True)}
    read |= {one for rung in scheme.rungs for one in columns_of(rung.when, needed=False)}
    read |= {one.column for one in scheme.indicators} | {one.column for one in scheme.scores}
    # Levels and towns are compared each by itself; the nearest centre is the nearer of two.
    read |= {*CONSENT, *CENTRES, "unit_kind", "town_code", "town_name"}
    return frozenset(read - set(COMPUTED))


def same_cells(one: pd.Series[Any], other: pd.Series[Any]) -> NDArray[np.bool_]:
    """Row by row, whether two columns hold the same; two blanks do.

    Parameters
    ----------
    one, other : Series
        Of one length.

    Returns
    -------
    ndarray of bool

    Examples
    --------
    >>> same_cells(pd.Series([1, None, 2]), pd.Series([1.0, float("nan"), None])).tolist()
    [True, True, False]
    """
    a, b = (side.astype(object).to_numpy(dtype=object) for side in (one, other))
    known_a, known_b = pd.notna(a), pd.notna(b)
    both = known_a & known_b
    equal = np.zeros(len(a), dtype=bool)
    equal[both] = [bool(x == y) for x, y in zip(a[both], b[both], strict=True)]
    return np.asarray(equal | ~(known_a | known_b), dtype=bool)


def _of(overrides: pd.DataFrame, labels: pd.Index[Any]) -> pd.DataFrame:
    """The rows of a log that name one of these villages."""
    codes = pd.Index(overrides.get("village_code", overrides.index))
    kept: pd.DataFrame = overrides[codes.isin(labels)]
    return kept
