"""What of a part may leave the house, and how coarsely.

Only columns named here go out: an owner's name, an id or a doubt in a column nobody thought of
stays in. Ledgers, doubts, proposals and candidates are no part of a public file at all. This is a
tool's care and no legal advice: whether a file may be shown is for the bureau to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.crs import CGCS2000, to_degrees
from deqing_geo.errors import CRSError
from deqing_geo.export.content import OFFICE, Part
from deqing_geo.export.symbols import UNSETTLED, shown_types
from deqing_geo.looks.simplify import thinned
from deqing_geo.villages.published import SETTLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Columns the public may read, whatever part they stand in.
PUBLIC = (
    "county_code", "county_name", "town_code", "town_name", "village_code", "village_name",
    "zone_name", "area_km2", "village_type",
    "road_name", "road_class", "road_status", "road_km", "road_density", "highway_density",
    "park_name", "park_class", "park_status", "park_area_m2", "service_radius",
    "demand_ha", "served_ha", "gap_ha", "park_coverage",
    "demand_count", "served_count", "gap_count", "service_coverage",
    "facility_class", "facility_name", "source", "as_of",
)  # fmt: skip
# Columns that only lists for the office have: who counted what, what is doubted, who said what.
OF_THE_OFFICE = (
    "counted_km", "road_counted", "candidate", "least_area_m2", "refused_reason", "fault_kind",
    "opinion", "stage_reached", "flip_margin", "repairs", "type_before", "change_cause",
    "park_change_cause", "form_file",
)  # fmt: skip
CODE_DIGITS = 12
CODES = ("county_code", "town_code", "village_code")
# A degree's ten-thousandth is some ten metres.
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something a public file does not hold, and why.

    Attributes
    ----------
    layer : str
        The part's title.
    column : str
        Empty for the whole part.
    reason : str
        In Chinese.
    """

    layer: str
    column: str
    reason: str


def for_the_public(
    parts: Sequence[Part], metres: float
) -> tuple[list[Part], list[LeftOut], list[str]]:
    """Parts as the public may have them.

    Parameters
    ----------
    parts : sequence of Part
        Of `parts_of`.
    metres : float
        How far borders may move when they are simplified, all layers together.

    Returns
    -------
    list of Part, list of LeftOut, list of str
        Layers in degrees of CGCS2000; what was left out; what was done to the shapes.

    Raises
    ------
    CRSError
        If a layer has no CRS, or no exact way leads to degrees.
    """
    kept: list[Part] = []
    left: list[LeftOut] = []
    for part in parts:
        # What a result is known by its class; a frame somebody gives, by its columns.
        listed = part.kind == "frame" and not _typed(part)
        if part.kind == OFFICE or (
            listed and any(column in part.frame for column in OF_THE_OFFICE)
        ):
            left.append(LeftOut(part.title, "", names.word("export.internal_only")))
            continue
        frame, dropped = _public_columns(part)
        left += [LeftOut(part.title, one, names.word("export.not_public")) for one in dropped]
        shape = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
        if not any(str(column) != shape for column in frame.columns) and part.kind == "frame":
            left.append(LeftOut(part.title, "", names.word("export.nothing_public")))
            continue
        kept.append(replace(part, frame=frame))
    kept, said = _coarser(kept, metres)
    return kept, left, said


def _typed(part: Part) -> bool:
    return "type_final" in part.frame or "village_type" in part.frame


def _public_columns(part: Part) -> tuple[pd.DataFrame, list[str]]:
    frame = part.frame
    shape = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    allowed = {*PUBLIC, *names.vocabulary("road_class")}
    keep = [str(one) for one in frame.columns if one in allowed or one == shape]
    dropped = [str(one) for one in frame.columns if str(one) not in keep]
    out = frame[keep].copy(deep=False)
    out.attrs = dict(frame.attrs)
    if _typed(part):
        kinds = shown_types(frame)
        words = [kind if kind in SETTLED else None for kind in kinds]
        # What conditions were left out says which villages might be others: a doubt.
        kept = (names.word("notice.schematic"), names.word("notice.unread"))
        said = str(out.attrs.get("notice", "")).split(";")
        out.attrs["notice"] = ";".join(one for one in said if one in kept)
        out["village_type"] = pd.Series(words, index=out.index, dtype=object)
        dropped = [one for one in dropped if one not in ("village_type", UNSETTLED)]
    for column in CODES:
        if column in out:
            out[column] = [_code(one) for one in out[column]]
    index = out.index
    if index.name in CODES:
        out.index = pd.Index([_code(one) for one in index], name=index.name)
    elif index.name not in allowed:
        # An index of another name is an id of the source: rows are numbered anew.
        if index.name is not None:
            dropped.append(str(index.name))
        out.index = pd.RangeIndex(1, len(out) + 1, name="row")
    return out, dropped


def _code(code: Any) -> Any:
    return code[:CODE_DIGITS] if isinstance(code, str) else code


def _coarser(parts: list[Part], metres: float) -> tuple[list[Part], list[str]]:
    at = [place for place, part in enumerate(parts) if part.has_shapes]
    shapes: list[NDArray[Any]] = []
    for place in at:
        frame: Any = parts[place].frame
        if frame.crs is None:
            raise CRSError(
                f"{parts[place].key}: no coordinate system, and a public file is in CGCS2000. "
                "Set it with frame.set_crs(4549)."
            )
        flat = shapely.force_2d(frame.geometry.to_numpy())
        shapes.append(to_degrees(flat, frame.crs))
    thin = thinned(shapes, metres, 10**DECIMALS)
    out = list(parts)
    for place, found in zip(at, thin.shapes, strict=True):
        frame = parts[place].frame
        told = dict(frame.attrs)
        new = frame.set_geometry(gpd.GeoSeries(found, index=frame.index, crs=CGCS2000))
        new.attrs = told
        out[place] = replace(parts[place], frame=new)
    finer = [
        f"{parts[place].title} {len(str(unit)) - 1}"
        for place, unit in zip(at, thin.units, strict=True)
        if unit != 10**DECIMALS
    ]
    said = []
    if at:
        said.append(names.word("export.coarser").format(metres=f"{metres:g}", decimals=DECIMALS))
    if finer:
        said.append(names.word("export.finer").format(layers="、".join(finer)))
    return out, said
