"""Where villages of one type lie together, and where one lies alone (类型连片情况).

Suggestions only: nothing is smoothed, and nothing is said against a list or a relocation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from deqing_geo import columns as names
from deqing_geo.checks import require_areas
from deqing_geo.crs import require_metres
from deqing_geo.ellipsoid import M2_PER_KM2, ellipsoidal_area
from deqing_geo.errors import InputError
from deqing_geo.text import card, figure
from deqing_geo.villages.again import identity, law_of
from deqing_geo.villages.kinds import FIVE, called

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.standards import Rule
    from deqing_geo.villages.types import VillageTypes

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

# Outlines of neighbours drawn by different hands part by less than this.
TOUCH_M = 0.5
# Types that come from where a village lies and how it does, so that neighbours say something.
SUGGESTED = ("suburban", "cluster", "improve")
ALL = "all"


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Villages of one type that lie together, and those that lie alone.

    Attributes
    ----------
    table : DataFrame
        One row per patch, numbered from 1 (``patch``), in the plan's order of types and the
        largest first: ``village_type``, ``village_count``, ``area_km2``, ``members``.
    villages : DataFrame
        One row per village: ``village_type``, ``patch`` and ``patch_size`` (missing where it
        has no type), ``neighbour_count``, ``same_count``, ``island``, and a ``suggestion``
        where one of 城郊融合, 集聚建设 or 整治提升 is an island among such villages.
    pairs : DataFrame
        The borders: ``area_id``, ``neighbour`` and ``border_m``, each pair once.
    joins : DataFrame
        Of each type and of ``all``: ``joins``, pairs of neighbours of the same type;
        ``joins_expected``, ``joins_variance`` if the same types lay at random;
        ``joins_z``. NaN where there is nothing to compare.
    border_m : float
        How long a common border makes neighbours, in metres.
    sources : tuple of Rule
        Where that stands, unless it was given.
    notices : tuple of str
        Sentences the patches must not travel without.
    """

    table: pd.DataFrame
    villages: pd.DataFrame
    pairs: pd.DataFrame
    joins: pd.DataFrame
    border_m: float
    sources: tuple[Rule, ...]
    notices: tuple[str, ...]

    @property
    def islands(self) -> pd.DataFrame:
        """Villages that no neighbour of their type adjoins."""
        return self.villages[self.villages["island"]]

    @property
    def headline(self) -> str:
        """How many patches, and how many islands."""
        return (
            f"{len(self.table)} {names.label('patch').removesuffix('编号')}、"
            f"{len(self.islands)} {names.label('island')}"
        )

    def __repr__(self) -> str:
        return (
            f"<Patches of {len(self.villages)} villages: {len(self.table)} patches, "
            f"{len(self.islands)} islands>"
        )

    def _repr_html_(self) -> str:
        rows = [
            [
                names.word("patches.all") if kind == ALL else called(kind),
                str(int(row["joins"])),
                figure(row["joins_expected"], 1),
                figure(row["joins_z"]),
            ]
            for kind, row in self.joins.iterrows()
        ]
        head = [names.label("village_type")]
        head += [names.label(one) for one in ("joins", "joins_expected", "joins_z")]
        return card(names.word("patches.title"), self.headline, [], self.notices, (head, rows))


def find_patches(types: VillageTypes, *, border_m: float | None = None) -> Patches:
    """Contiguous patches of each type, islands and join counts; see `VillageTypes.patches`.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`, with outlines in a metric CRS.
    border_m : float, optional
        How long a common border makes two villages neighbours, in metres; by default the rule
        ``village.border_m``. Lines nearer than half a metre are common; a border's ends may add
        that much to it.

    Returns
    -------
    Patches
        Villages without one of the five types belong to no patch and are no neighbours.

    Raises
    ------
    CRSError
        If the villages have no CRS, or one that is not in metres.
    GeometryError
        If an outline is no valid polygon.
    InputError
        If `border_m` is no number from 0.

    Notes
    -----
    Join counts are compared with what the same number of villages of each type would give if
    types were dealt out at random: non-free sampling, with its exact expectation and variance
    (Cliff and Ord 1981, chapter 2). A value of ``joins_z`` far above 0 means that the type lies
    together.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion.

    Examples
    --------
    >>> from deqing_geo import classify_villages, sample
    >>> towns = sample.villages().assign(udb_res_share=[0.9, 0.8, 0.1, 0.2])
    >>> found = find_patches(classify_villages(towns))
    >>> found
    <Patches of 4 villages: 2 patches, 0 islands>
    """
    table = types.table
    rule = law_of(types).rule("village.border_m")
    least = rule.value if border_m is None else _metres(border_m)
    require_metres(types=table)
    shapes = require_areas(types=table)
    kinds = types.series.astype(object).to_numpy(dtype=object)
    place = {kind: at for at, kind in enumerate(FIVE)}
    kind = np.array([place.get(one, -1) for one in kinds])
    left, right, length = _borders(shapes, kind >= 0, least)
    same = kind[left] == kind[right]
    patch, rows = _patches(types, kind, left[same], right[same], shapes)
    villages = _villages(types, kind, patch, (left, right, same))
    labels = table.index.to_numpy(dtype=object)
    pairs = pd.DataFrame({"area_id": labels[left], "neighbour": labels[right], "border_m": length})
    notices = (
        *types.notices,
        names.word("patches.method"),
        names.word("patches.only"),
    )
    found = Patches(
        table=rows,
        villages=villages,
        pairs=pairs,
        joins=join_counts(kind, left, right),
        border_m=least,
        sources=(rule,) if border_m is None else (),
        notices=notices,
    )
    for frame in (found.table, found.villages, found.pairs, found.joins):
        frame.attrs["notice"] = ";".join(notices)
    return found


def join_counts(kind: Ints, left: Ints, right: Ints) -> pd.DataFrame:
    """Pairs of neighbours of the same type, beside what chance would give.

    Parameters
    ----------
    kind : ndarray of int, shape (N,)
        Positions in the plan's order of types; -1 where a village has none.
    left, right : ndarray of int, shape (J,)
        The pairs of neighbours, each once, among those that have a type.

    Returns
    -------
    DataFrame
        A row for each type and ``all``; columns as of `Patches`.

    Notes
    -----
    With n villages, J joins and D pairs of joins that share a village, a join is of the type
    k in n_k(n_k-1) of n(n-1) cases, two that share a village in n_k(n_k-1)(n_k-2) of
    n(n-1)(n-2), two apart in n_k...(n_k-3) of n...(n-3). J, 2D and J(J-1)-2D of each make the
    second moment.

    Examples
    --------
    >>> found = join_counts(np.array([0, 0, 1, 1]), np.array([0, 1, 2]), np.array([1, 2, 3]))
    >>> found.loc["suburban", ["joins", "joins_expected"]].tolist()  # a row of four
    [1.0, 0.5]
    """
    sizes = np.bincount(kind[kind >= 0], minlength=len(FIVE)).astype(float)
    total, joins = float(sizes.sum()), float(len(left))
    degree = np.bincount(np.concatenate([left, right]), minlength=len(kind)).astype(float)
    sharing = (degree * (degree - 1)).sum()
    apart = joins * (joins - 1) - sharing

    def chance(counts: Any, order: int) -> Any:
        return _falling(counts, order) / _falling(total, order) if total >= order else counts * 0

    observed = np.bincount(kind[left[kind[left] == kind[right]]], minlength=len(FIVE)).astype(float)
    expected = joins * chance(sizes, 2)
    second = expected + sharing * chance(sizes, 3) + apart * chance(sizes, 4)
    variance = second - expected**2
    # Joins of two types cannot share a village, so only those apart go together.
    twos = _falling(sizes, 2)
    together = apart * np.outer(twos, twos) / _falling(total, 4) if apart else np.zeros((5, 5))
    between = together - np.outer(expected, expected)
    whole = variance.sum() + between.sum() - np.trace(between)
    rows = [*zip(observed, expected, variance, strict=True)]
    rows.append((observed.sum(), expected.sum(), whole))
    table = pd.DataFrame(
        rows,
        index=pd.Index([*FIVE, ALL], name="village_type"),
        columns=["joins", "joins_expected", "joins_variance"],
    )
    table["joins"] = table["joins"].astype(int)
    # Rounding leaves a trace of variance where there is none.
    spread = np.sqrt(table["joins_variance"].where(table["joins_variance"] > ROUNDING))
    table["joins_z"] = (table["joins"] - table["joins_expected"]) / spread
    if joins == 0:
        table[["joins_expected", "joins_variance", "joins_z"]] = np.nan
    return table


ROUNDING = 1e-9


def _falling(counts: Any, order: int) -> Any:
    out = counts * 1.0
    for step in range(1, order):
        out = out * np.maximum(counts - step, 0)
    return out


def _metres(value: Any) -> float:
    number = isinstance(value, int | float | np.integer | np.floating)
    if not number or isinstance(value, bool) or not math.isfinite(value) or value < 0:
        raise InputError(f"border_m= is a number of metres from 0, not {value!r}.")
    return float(value)


def _borders(shapes: NDArray[Any], typed: Bools, least: float) -> tuple[Ints, Ints, Floats]:
    """Pairs with a type each that share a border longer than `least`, and how long it is."""
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH_M)
    once = (left < right) & typed[left] & typed[right]
    left, right = left[once], right[once]
    lines = shapely.boundary(shapes)
    near = shapely.buffer(shapes, TOUCH_M, quad_segs=1, join_style="mitre")
    # Both ways, so that the order of rows says nothing.
    length = np.zeros(len(left))
    for one, other in ((left, right), (right, left)):
        length += shapely.length(shapely.intersection(lines[one], near[other])) / 2
    kept = length > least
    return left[kept], right[kept], length[kept]


def _patches(
    types: VillageTypes, kind: Ints, left: Ints, right: Ints, shapes: NDArray[Any]
) -> tuple[Ints, pd.DataFrame]:
    """The patch of every village, 0 where it has none, and what the patches are."""
    count = len(kind)
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(count, count))
    _, part = connected_components(graph, directed=False)
    rows = pd.DataFrame(
        {
            "part": part,
            "kind": kind,
            "label": types.table.index.map(str),
            "area_km2": ellipsoidal_area(shapes, types.table.crs) / M2_PER_KM2,
        }
    )[kind >= 0]
    # In the order of codes, whatever the order of rows.
    rows = rows.sort_values("label", kind="stable")
    grouped = rows.groupby("part")
    found = pd.DataFrame(
        {
            "kind": grouped["kind"].first(),
            "village_count": grouped.size(),
            "area_km2": grouped["area_km2"].sum(),
            "members": grouped["label"].agg("、".join),
        }
    )
    found = found.sort_values(
        ["kind", "village_count", "members"], ascending=[True, False, True], kind="stable"
    )
    number = pd.Series(np.arange(1, len(found) + 1), index=found.index)
    patch = np.where(kind >= 0, number.reindex(part).fillna(0).to_numpy(), 0).astype(int)
    found.insert(0, "village_type", [FIVE[at] for at in found["kind"]])
    found.index = pd.Index(number.to_numpy(), name="patch")
    return patch, found.drop(columns="kind")


def _villages(
    types: VillageTypes, kind: Ints, patch: Ints, borders: tuple[Ints, Ints, Bools]
) -> pd.DataFrame:
    left, right, same = borders
    count = len(kind)
    size = np.bincount(patch, minlength=patch.max(initial=0) + 1)[patch]
    neighbours = np.bincount(np.concatenate([left, right]), minlength=count)
    alike = np.bincount(np.concatenate([left[same], right[same]]), minlength=count)
    island = (kind >= 0) & (alike == 0) & (neighbours > 0)
    # Which types adjoin each village.
    around = np.zeros((count, len(FIVE)), dtype=bool)
    around[left, kind[right]] = True
    around[right, kind[left]] = True
    plain = np.array([one in SUGGESTED for one in FIVE])
    asked = island & np.append(plain, False)[kind] & around[:, plain].any(axis=1)
    asked &= ~around[:, ~plain].any(axis=1)
    said = np.full(count, "", dtype=object)
    word = names.word("patches.suggests")
    for at in np.flatnonzero(asked):
        kinds = "、".join(called(FIVE[one]) for one in np.flatnonzero(around[at]))
        said[at] = word.format(kinds=kinds)
    typed = kind >= 0
    number = pd.array(patch, dtype="Int64")
    number[~typed] = pd.NA
    sizes = pd.array(size, dtype="Int64")
    sizes[~typed] = pd.NA
    return identity(types.table).assign(
        village_type=types.series,
        patch=number,
        patch_size=sizes,
        neighbour_count=neighbours,
        same_count=alike,
        island=island,
        suggestion=said,
    )
