"""Boundaries mended on request: a working copy, and every change in a table."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.checks import require_areas
from deqing_geo.crs import require_metres
from deqing_geo.errors import GeometryError, InputError
from deqing_geo.faults.arrange import Plan, arranged
from deqing_geo.faults.forms import DUST_M, NARROW_M, comparable, finite, narrow, twins, widths
from deqing_geo.faults.identity import identity
from deqing_geo.faults.outlines import open_gaps, outside
from deqing_geo.faults.topology import Tiling, faces, neighbours, overlaps, tiling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Places = NDArray[np.intp]

# An overlap of 2 m along a village's border is up to 905 m2 (measured on 2,000 synthetic
# villages); what moves more land than that is a question for people and no repair.
MAX_CHANGE_M2 = 1_000.0
# 330521XZQ and CJDCQ_2020 too, but not XZQH, which anybody may call a layer.
SURVEY_LAYER = re.compile(r"[\d_\W]*(xzq|cjdcq)[\d_\W]*")
# Only survey databases have these; XZQDM and XZQMC are in everybody's tables.
SURVEY_FIELDS = ("bsm", "ysdm", "zldwdm")
MENDED = ("invalid", "overlap", "gap", "open_gap", "outside_county")


def repair_boundaries(
    villages: gpd.GeoDataFrame,
    *,
    max_change_m2: float = MAX_CHANGE_M2,
    gap_width_m: float = NARROW_M,
    county: gpd.GeoDataFrame | None = None,
    allow_survey_lines: bool = False,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Boundaries without overlaps and narrow gaps, as a working copy (工作副本).

    Shapes that cross themselves are mended first; then the land is cut into faces along every
    border, and each face goes to one unit. A face two units claim goes to the one that has the
    longer border with it, the smaller unit where they are equal; a unit that was drawn on top of
    a larger one keeps its land, so an enclave is cut out and never swallowed. A gap narrower than
    `gap_width_m` goes to the unit with the longest border along it, cut across where more than
    two units meet in it; wider ones may be lakes and stay. A thread that this cuts
    off from its unit goes to the unit beside it. No other line is drawn that was not a border
    before.

    Parameters
    ----------
    villages : GeoDataFrame of Polygon, N rows
        Metres. Rows without a shape stay without one.
    max_change_m2 : float
        The most land, in m2 of the plane, that any unit may gain or lose.
    gap_width_m : float
        A gap is filled where it is nowhere as wide as that, in metres.
    county : GeoDataFrame of Polygon, optional
        The outline the units should fill, same CRS: gaps along it and strips beyond it, narrower
        than `gap_width_m`, are mended too.
    allow_survey_lines : bool
        Whether the lines of a land-survey layer (三调 XZQ, CJDCQ) may be changed in a copy: they
        change by the yearly survey (年度变更调查) alone.

    Returns
    -------
    repaired : GeoDataFrame
        The same rows, columns and index. A layer without these faults comes back as it was, to the
        last coordinate; any other says in ``attrs["notice"]`` that it is a working copy and not to
        be written back.
    changes : DataFrame, N rows
        On the same index: ``village_name``, ``area_before_m2`` (of the shape as mended where it
        crossed itself), ``area_after_m2``, ``area_change_m2``, ``gained_m2``, ``lost_m2``,
        ``moved_m`` (the largest distance between the old border and the new) and ``repairs``
        (the kinds of fault mended, in Chinese).

    Raises
    ------
    CRSError
        If a layer has no CRS, is not in metres, or the two disagree.
    GeometryError
        If a row is no polygon or has no land, two rows have the same shape, a unit would lose all
        its land, or one would change by more than `max_change_m2`; then nothing is changed. Also
        where `county` has rows that are empty, invalid or no polygons.
    InputError
        If a limit is no number of 0 or more, or a survey layer is given without
        `allow_survey_lines`; what `max_change_m2` would refuse as well is told with it.

    See Also
    --------
    check_boundaries : says what is wrong first.
    shapely.coverage_clean : merges an enclave drawn on top of its host into it, and moves rows
        where one has no shape.

    Examples
    --------
    乙村 reaches 0.5 m into 甲村; both have the same border with the strip and 甲村 is the smaller:

    >>> import shapely
    >>> from deqing_geo import check_boundaries, sample
    >>> villages = sample.villages()
    >>> villages.loc["B", "geometry"] = shapely.box(500999.5, 3380000, 502000, 3381000)
    >>> mended, changes = repair_boundaries(villages)
    >>> changes.loc[["A", "B"], ["gained_m2", "lost_m2", "moved_m"]].round(3).to_numpy().tolist()
    [[0.0, 0.0, 0.0], [0.0, 500.0, 0.5]]
    >>> check_boundaries(mended).is_clean, mended.attrs["notice"].split(";")[-1]
    (True, '工作副本,不得回写调查成果')
    """
    _require_limit("max_change_m2", max_change_m2)
    _require_limit("gap_width_m", gap_width_m)
    layers = {"villages": villages} if county is None else {"villages": villages, "county": county}
    require_metres(**layers)
    raw = np.asarray(villages.geometry.array, dtype=object)
    before = _require_land(villages, raw)
    crossed = ~shapely.is_valid(raw) & ~shapely.is_missing(raw)
    outline = None if county is None else shapely.union_all(require_areas(county=county))
    tiles = tiling(before)
    plan, told = _plan(tiles, outline, gap_width_m)
    after = before.copy()
    if told:
        after[tiles.rows] = _done(villages, tiles, plan, outline, gap_width_m)
    changes = _changes(villages, before, after, crossed, told)
    few = _too_many(changes, max_change_m2)
    _require_consent(villages, allow_survey_lines, also=few)
    if few is not None:
        raise few
    out = villages.copy()
    if not crossed.any() and not told:
        return out, changes
    final = np.where(crossed | (after != before), after, raw)
    out = out.set_geometry(
        gpd.GeoSeries(final, index=villages.index, crs=villages.crs, name=villages.geometry.name)
    )
    out.attrs = dict(villages.attrs)
    said = str(out.attrs.get("notice") or "")
    working = names.word("notice.repaired")
    if working not in said:
        out.attrs["notice"] = f"{said};{working}" if said else working
    changes.attrs["notice"] = out.attrs["notice"]
    return out, changes


# ---------------------------------------------------------------- at the door


def _require_limit(name: str, value: float) -> None:
    if not isinstance(value, int | float) or not value >= 0:
        raise InputError(f"`{name}` is {value!r}; give a number of 0 or more.")


def is_survey_layer(villages: gpd.GeoDataFrame) -> bool:
    """Whether a layer is one of the land survey (三调 XZQ, CJDCQ).

    Parameters
    ----------
    villages : GeoDataFrame
        As read, or made by the user.

    Returns
    -------
    bool
        By the layer's name or its fields, as read or as they are now.
    """
    reading = villages.attrs.get("reading", {})
    fields = {str(field).strip().casefold() for field in villages.columns}
    fields |= {str(field).strip().casefold() for field in reading.get("renamed", {})}
    layer = str(reading.get("layer", "")).strip().casefold()
    return bool(SURVEY_LAYER.fullmatch(layer)) or bool(fields & set(SURVEY_FIELDS))


def _require_consent(villages: gpd.GeoDataFrame, allowed: bool, also: InputError | None) -> None:
    """A survey's lines are not mended unasked; what else stands in the way is said at once."""
    if not allowed and is_survey_layer(villages):
        says = (
            "`villages` is a layer of the land survey (三调), whose lines change by the yearly "
            "survey alone. To mend a working copy that is never written back, pass "
            "allow_survey_lines=True."
        )
        error = InputError(says if also is None else f"{says} {also}")
        error.rows = () if also is None else also.rows
        raise error


def _require_land(villages: gpd.GeoDataFrame, raw: Shapes) -> Shapes:
    """The polygons to mend, None where a row has no shape."""
    sound = comparable(raw)
    blank = shapely.is_missing(raw) | shapely.is_empty(raw)
    kinds = shapely.get_type_id(raw)
    areas = np.isin(kinds, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    odd = ~blank & (~areas | shapely.is_missing(sound) | ~finite(raw))
    if odd.any():
        raise GeometryError(
            "`villages` has rows that are no polygons with land; a repair would have to guess "
            "them. Draw them again or leave them out.",
            villages.index[odd],
        )
    same = twins(sound)
    if same:
        raise GeometryError(
            "`villages` has rows with the same shape; which of them is true only their owner "
            "knows. Drop the others first.",
            [villages.index[at] for group in same for at in group],
        )
    return sound


# ---------------------------------------------------------------- the repair


def _plan(tiles: Tiling, outline: Any, gap_width_m: float) -> tuple[Plan, dict[str, Places]]:
    """What is to be done, and which units each kind of fault concerns."""
    pairs, patches = overlaps(tiles)
    cut, covered = faces(tiles)
    holes = cut[~covered]
    thin = holes[narrow(holes, gap_width_m)]
    told: dict[str, Places] = {}
    if len(pairs):
        told["overlap"] = np.unique(pairs)
    _tell(told, "gap", thin, tiles)
    drop = fill = np.zeros(0, dtype=object)
    if outline is not None:
        home = np.zeros(len(tiles.units), dtype=np.intp)
        beyond, _ = outside(tiles.units, np.array([outline]), home)
        strips = shapely.get_parts(beyond)
        strips = strips[shapely.get_dimensions(strips) == 2]
        drop = strips[narrow(strips, gap_width_m)]
        left, _ = open_gaps(shapely.coverage_union_all(cut[covered]), outline, holes)
        fill = left[narrow(left, gap_width_m)]
        _tell(told, "outside_county", drop, tiles)
        _tell(told, "open_gap", fill, tiles)
    return Plan(pairs, patches, np.concatenate([thin, fill]), drop, gap_width_m), told


def _tell(told: dict[str, Places], kind: str, patches: Shapes, tiles: Tiling) -> None:
    """Note the units along patches that are more than rounding."""
    real = patches[widths(patches) >= DUST_M]
    if len(real):
        beside, _ = neighbours(real, tiles.units)
        told[kind] = np.unique(np.concatenate(beside))


def _done(
    villages: gpd.GeoDataFrame, tiles: Tiling, plan: Plan, outline: Any, gap_width_m: float
) -> Shapes:
    """The units after the plan, which must leave nothing of the kind to do."""
    made = arranged(tiles, plan)
    lost = shapely.is_missing(made)
    if lost.any():
        raise GeometryError(
            "`villages` has units that would lose all their land to others that lie on them. "
            "Decide by hand.",
            villages.index[tiles.rows[lost]],
        )
    again, left = _plan(tiling(made), outline, gap_width_m)
    if left:
        rows = np.unique(np.concatenate(list(left.values())))
        raise GeometryError(
            f"`villages` could not be mended: {len(again.pairs)} overlaps and "
            f"{len(again.fill)} gaps are left. Mend these rows by hand.",
            villages.index[tiles.rows[rows]],
        )
    return made


def _changes(
    villages: gpd.GeoDataFrame,
    before: Shapes,
    after: Shapes,
    crossed: Flags,
    told: dict[str, Places],
) -> pd.DataFrame:
    """What each row has gained and lost, and why."""
    who = identity(villages)
    rows = np.flatnonzero(~shapely.is_missing(before))
    moved = np.flatnonzero(after != before)
    gained, lost, far = np.zeros((3, len(before)))
    gained[moved] = shapely.area(shapely.difference(after[moved], before[moved]))
    lost[moved] = shapely.area(shapely.difference(before[moved], after[moved]))
    far[moved] = shapely.hausdorff_distance(
        shapely.boundary(before[moved]), shapely.boundary(after[moved])
    )
    kinds: list[list[str]] = [[] for _ in before]
    words = names.vocabulary("fault_kind")
    for at in np.flatnonzero(crossed).tolist():
        kinds[at].append(words["invalid"])
    for kind in MENDED:
        for at in rows[told.get(kind, np.zeros(0, dtype=np.intp))].tolist():
            kinds[at].append(words[kind])
    return pd.DataFrame(
        {
            "village_name": np.full(len(before), None) if who.names is None else who.names,
            "area_before_m2": shapely.area(before),
            "area_after_m2": shapely.area(after),
            "area_change_m2": shapely.area(after) - shapely.area(before),
            "gained_m2": gained,
            "lost_m2": lost,
            "moved_m": far,
            "repairs": ["、".join(one) for one in kinds],
        },
        index=villages.index,
    )


def _too_many(changes: pd.DataFrame, max_change_m2: float) -> GeometryError | None:
    """What is to be said where a unit would change by more than is allowed."""
    most = changes[["gained_m2", "lost_m2"]].max(axis=1).to_numpy(dtype=float)
    over = np.flatnonzero(most > max_change_m2)
    if not len(over):
        return None
    over = over[np.argsort(-most[over], kind="stable")]
    named = [
        repr(label) if name is None else f"{name} {label!r}"
        for name, label in zip(
            changes["village_name"].iloc[over[:5]], changes.index[over[:5]], strict=True
        )
    ]
    shown = _shown(named, most[over[:5]].tolist())
    error = GeometryError(
        f"The repair would move more than {max_change_m2:.10g} m2 of land to or from "
        f"{len(over)} units ({shown}). Nothing was changed. Look at these places first; mend them "
        f"by hand, or pass max_change_m2={math.ceil(most[over[0]])}, by which all of it passes."
    )
    error.rows = tuple(changes.index[over])
    return error


def _shown(labels: Sequence[object], amounts: Sequence[float]) -> str:
    return ", ".join(
        f"{label}: {amount:.1f} m2" for label, amount in zip(labels, amounts, strict=True)
    )
