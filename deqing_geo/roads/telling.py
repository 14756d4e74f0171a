"""What merging did, in tables: gaps closed, stretches lost, kilometres by class and kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.ellipsoid import M_PER_KM
from deqing_geo.opened import opening_days
from deqing_geo.roads.gaps import KINDS
from deqing_geo.roads.partners import stations
from deqing_geo.roads.preparing import cleaned
from deqing_geo.roads.restoring import SAME_M, STEP_M, Restored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.roads.partners import Floats, Shapes

# A street farther than this from every line that came out was lost.
LOST_M = 25.0


def closed_gaps(
    faces: Shapes, kind: NDArray[Any], sources: Shapes, restored: Restored, crs: Any
) -> gpd.GeoDataFrame:
    """Gaps with the kilometres that vanished around them and came in their place."""
    size = len(faces)
    km = []
    tree = shapely.STRtree(faces)
    for lines, others in ((sources, restored.lines), (restored.lines, sources)):
        if not size:
            continue
        at = stations(lines, STEP_M)
        same = np.zeros(len(at), dtype=bool)
        same[shapely.STRtree(others).query(at.points, predicate="dwithin", distance=SAME_M)[0]] = 1
        moved = np.flatnonzero(~same)
        pair = tree.query_nearest(at.points[moved], max_distance=STEP_M, all_matches=False)
        km.append(np.bincount(pair[1], at.metres[moved[pair[0]]], size) / M_PER_KM)
    return gpd.GeoDataFrame(
        {
            "merge_kind": kind,
            "before_km": km[0] if size else [],
            "after_km": km[1] if size else [],
        },
        geometry=faces,
        crs=crs,
    )


def lost_stretches(frame: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, crs: Any) -> gpd.GeoDataFrame:
    """Stretches of road with no line near them any more."""
    sources, row, _ = cleaned(np.asarray(frame.geometry.array, dtype=object))
    at = stations(sources, STEP_M)
    made = np.asarray(lines.geometry.array, dtype=object)
    near = np.zeros(len(at), dtype=bool)
    near[shapely.STRtree(made).query(at.points, predicate="dwithin", distance=LOST_M)[0]] = True
    gone = np.flatnonzero(~near)
    start = shapely.line_interpolate_point(
        sources[at.line[gone]], at.place[gone] - at.metres[gone] / 2
    )
    stop = shapely.line_interpolate_point(
        sources[at.line[gone]], at.place[gone] + at.metres[gone] / 2
    )
    ends = np.stack([shapely.get_coordinates(start), shapely.get_coordinates(stop)], axis=1)
    shapes = shapely.linestrings(ends) if len(gone) else np.empty(0, dtype=object)
    words = frame["road_class"].to_numpy(dtype=object)[row[at.line[gone]]]
    return gpd.GeoDataFrame({"road_class": words}, geometry=shapes, crs=crs)


def earliest(
    frame: gpd.GeoDataFrame, made: pd.DataFrame, sources: list[tuple[int, ...]]
) -> pd.Series[Any]:
    """The first day any row of the line's class was open; blank where one of them has no day.

    A second carriageway added later makes a street wider and the network no longer.
    """
    line = np.repeat(np.arange(len(sources)), [len(rows) for rows in sources])
    row = np.array([at for rows in sources for at in rows], dtype=np.intp)
    word = made["road_class"].astype(str).to_numpy(dtype=object)
    own = frame["road_class"].astype(str).to_numpy(dtype=object)[row] == word[line]
    line, row = line[own], row[own]
    days = opening_days(frame, "roads").to_numpy()
    # A blank was always open: before every day.
    order = np.lexsort((days[row], ~np.isnat(days[row]), line))
    line, row = line[order], row[order]
    first = np.flatnonzero(np.diff(line, prepend=-1))
    out = made["opened_on"].astype(object).to_numpy(copy=True)
    out[line[first]] = frame["opened_on"].astype(object).to_numpy()[row[first]]
    return pd.Series(out, index=made.index, dtype=object)


def by_class_of(
    words: Shapes, before: Floats, made: Shapes, after: Floats, share: Floats
) -> pd.DataFrame:
    """Kilometres of each class before and after, and how well the class is backed."""
    order = [word for word in names.vocabulary("road_class") if word in {*words, *made}]
    first = pd.Series(before).groupby(np.asarray(words, dtype=object)).sum()
    told = pd.DataFrame({"km": after, "backed": after * share})
    last = told.groupby(np.asarray(made, dtype=object)).sum()
    out = pd.DataFrame(index=pd.Index(order, name="road_class", dtype=object))
    out["before_km"] = first.reindex(order).fillna(0.0).to_numpy(dtype=float)
    out["after_km"] = last["km"].reindex(order).fillna(0.0).to_numpy(dtype=float)
    backed = last["backed"].reindex(order).to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        out["class_share"] = np.where(out["after_km"] > 0, backed / out["after_km"], np.nan)
    return out


def by_kind_of(table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Gaps and kilometres of each kind."""
    kind = table["merge_kind"].astype(object)
    out = pd.DataFrame(index=pd.Index(KINDS, name="merge_kind", dtype=object))
    out["gaps"] = kind.value_counts().reindex(KINDS).fillna(0).astype(int)
    for column in ("before_km", "after_km"):
        summed = table[column].astype(float).groupby(kind).sum()
        out[column] = summed.reindex(KINDS).fillna(0.0)
    return out


def places_of(places: list[tuple[float, float]]) -> str:
    """How many, and where the first of them lie."""
    shown = "、".join(f"({x:.0f}, {y:.0f})" for x, y in places[:3])
    return f"{len(places)} 处,如 {shown}"
