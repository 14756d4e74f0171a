"""Several layers of roads as one: of stretches that run together the first layer's is kept."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.alongside import along
from deqing_geo.ellipsoid import M_PER_KM
from deqing_geo.errors import DeqingGeoWarning
from deqing_geo.opened import open_rows
from deqing_geo.text import figure

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Shapes = NDArray[Any]


def one_after_another(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Layers of roads put together, the first whole, the others where they run along nothing.

    Parameters
    ----------
    frames : sequence of GeoDataFrame
        As read, in one system; at least one.

    Returns
    -------
    GeoDataFrame
        Numbered anew, with ``source_file``; what was left out stands in ``attrs["reading"]``.

    Warns
    -----
    DeqingGeoWarning
        If anything was left out: how much, by class.
    """
    law = standards.load()
    within, turn = law.rule("road.together").value, law.rule("road.together_turn").value
    kept: list[gpd.GeoDataFrame] = []
    told: list[str] = []
    km_by_class: dict[str, float] = {}
    for frame in frames:
        part = frame.assign(source_file=str(frame.attrs["reading"]["file"]))
        if kept:
            shapes, metres = _beside_none(part, kept, within, turn)
            km = pd.Series(metres / M_PER_KM).groupby(part["road_class"].to_numpy()).sum()
            km = km[km > 0].sort_values(ascending=False, kind="stable")
            if len(km):
                told.append(_sentence(part, km, within))
                for word, length in km.items():
                    km_by_class[str(word)] = km_by_class.get(str(word), 0.0) + float(length)
            part = part.set_geometry(shapes, crs=part.crs)[~shapely.is_missing(shapes)]
        kept.append(part)
    out = _stacked(kept)
    out.attrs["reading"] = _reading(frames, len(out), told, km_by_class)
    said = [str(frame.attrs["notice"]) for frame in frames if frame.attrs.get("notice")]
    if said:
        out.attrs["notice"] = ";".join(dict.fromkeys(said))
    if km_by_class:
        labels = names.vocabulary("road_class")
        shown = ", ".join(f"{labels[word]} {figure(km)}" for word, km in km_by_class.items())
        warnings.warn(
            f"`roads`: {figure(sum(km_by_class.values()))} km run within {within:g} m along roads "
            f"of a file named before and were left out: {shown}. See dg.reading_notes(roads).",
            DeqingGeoWarning,
            stacklevel=3,
        )
    return out


def _beside_none(
    part: gpd.GeoDataFrame, kept: Sequence[gpd.GeoDataFrame], within: float, turn: float
) -> tuple[Shapes, NDArray[np.float64]]:
    """What is left of every row, None where nothing is, and the metres left out."""
    shapes = np.array(part.geometry.array, dtype=object)
    others = np.concatenate([np.asarray(frame.geometry.array, dtype=object) for frame in kept])
    theirs = np.concatenate([open_rows(frame, "roads", "road_status") for frame in kept])
    is_open = open_rows(part, "roads", "road_status")
    metres = np.zeros(len(shapes))
    # What is only planned in the first layer must not hide what is open in the second.
    for rows, beside in (
        (np.flatnonzero(is_open), others[theirs]),
        (np.flatnonzero(~is_open), others),
    ):
        found = along(shapes[rows], beside, within, turn)
        gone = np.bincount(found.dropped_of, shapely.length(found.dropped), len(rows))
        metres[rows] = gone
        pieces = np.bincount(found.kept_of, minlength=len(rows))
        changed = gone > 0
        shapes[rows[changed]] = None
        one = (changed & (pieces == 1))[found.kept_of]
        shapes[rows[found.kept_of[one]]] = found.kept[one]
        many = (changed & (pieces > 1))[found.kept_of]
        owner, first = np.unique(found.kept_of[many], return_inverse=True)
        if len(owner):
            shapes[rows[owner]] = shapely.multilinestrings(found.kept[many], indices=first)
    return shapes, metres


def _sentence(part: gpd.GeoDataFrame, km: pd.Series[Any], within: float) -> str:
    labels = names.vocabulary("road_class")
    classes = "、".join(f"{labels[str(word)]}{figure(float(one))}" for word, one in km.items())
    return (
        f"{part.attrs['reading']['file']}有{figure(float(km.sum()))}公里与前面的图层并行"
        f"({within:g}米以内),未重复采用(公里):{classes}"
    )


def _stacked(kept: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Rows of all, numbered anew, with the columns of all."""
    bare = []
    for frame in kept:
        frame = frame.copy()
        # Attributes that differ stop pandas from putting frames together.
        frame.attrs = {}
        bare.append(frame)
    out: Any = pd.concat(bare, ignore_index=True)
    return out


def _reading(
    frames: Sequence[gpd.GeoDataFrame], rows: int, told: list[str], km: dict[str, float]
) -> dict[str, Any]:
    every = [dict(frame.attrs["reading"]) for frame in frames]
    out: dict[str, Any] = {
        "file": "、".join(str(one["file"]) for one in every),
        "driver": "、".join(dict.fromkeys(str(one["driver"]) for one in every)),
        "working_crs": every[0]["working_crs"],
        "renamed": {field: ours for one in every for field, ours in one["renamed"].items()},
        "rows": rows,
        "files": tuple(every),
        "together": ";".join(told),
        "together_km": km,
    }
    for key in ("proxy", "credit"):
        found = [one[key] for one in every if one.get(key)]
        if found:
            out[key] = found[0]
    return {key: value for key, value in out.items() if value not in ("", {})}
