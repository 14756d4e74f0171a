"""What every count answers with, and what several of them ask of a layer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import require_areas, require_words
from deqing_geo.crs import CGCS2000, to_degrees
from deqing_geo.ellipsoid import M2_PER_KM2, ellipsoidal_area
from deqing_geo.errors import InputError, StandardsError
from deqing_geo.provenance import notices, origins
from deqing_geo.text import card, figure

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from deqing_geo.standards import Target

    Flags = NDArray[np.bool_]

VILLAGE = "village_committee"
NOTHING = float("nan")
# What rows are called by on a map.
CALLED = (
    "village_name", "town_name", "facility_name", "facility_class", "park_name", "park_class",
    "road_name", "road_class", "planned_name", "opened_on",
)  # fmt: skip
# About a metre: a rounding of coordinates is no other outline.
OUTLINE_DEGREES = 1e-5
# Which target of the plan asks for a count of this class, or of this column.
ANSWERS = {
    "bus_stop": "bus_integration_rate",
    "parcel": "parcel_stations",
    "charging": "ev_charging_coverage",
    "clinic": "village_clinics",
    "sewage_served": "sewage_village_coverage",
    "homesteads_revived": "idle_homesteads_reused",
    "collective_op_income": "village_operating_income",
    "heritage_list": "traditional_villages",
}


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """One count for one target of the plan.

    Attributes
    ----------
    key : str
        The target it answers.
    value : float
        The figure, unrounded; NaN where there was nothing to measure.
    unit : str
        Of the value: the target's, or ``ratio`` for a share of 0 to 1.
    counted, total : float
        How many rows, ends or kilometres count, and out of how many.
    definition : str
        What was counted, out of what (口径).
    notices : tuple of str
        Sentences the figure must not travel without.
    origins : tuple of str
        The files behind it, with the credit their licences ask for.
    unknown : int
        Rows of which nothing is known; they are not in `total`.
    year : int or None
        The year a yearly count is of.
    how : str
        A word of ``value_how``: ``computed`` on layers, or ``joined`` from what villages declared.
    places : GeoDataFrame or None
        Where what counts lies, and what is lacking: one row each with its names and
        ``place_state``. None where no shapes were given.
    outline : str
        The area it was counted in, as `outline_of` knows it again; empty without a zone.
    """

    key: str
    value: float
    unit: str
    counted: float
    total: float
    definition: str
    notices: tuple[str, ...]
    origins: tuple[str, ...]
    unknown: int = 0
    year: int | None = None
    how: str = "computed"
    places: gpd.GeoDataFrame | None = None
    outline: str = ""

    def __post_init__(self) -> None:
        target_of(self.key)  # a count for no target is refused where it is made

    @property
    def headline(self) -> str:
        """The figure as readers see it."""
        return target_of(self.key).show(self.value, self.unit)

    def __repr__(self) -> str:
        of = f"{plain(self.counted)} of {plain(self.total)}"
        return f"<Tally of {self.key}: {self.headline} ({of})>"

    def _repr_html_(self) -> str:
        target = target_of(self.key)
        return card(
            target.indicator_zh,
            self.headline,
            [
                (names.word("map.target"), str(target)),
                (names.label("counted"), f"{plain(self.counted)} / {plain(self.total)}"),
                (names.word("map.definition"), self.definition),
            ],
            self.notices,
        )


def target_of(key: str) -> Target:
    """A target of the plan.

    Parameters
    ----------
    key : str
        Its key.

    Returns
    -------
    Target
        With what it asks.

    Raises
    ------
    StandardsError
        If there is none.
    """
    targets = standards.load().targets
    if key not in targets:
        raise StandardsError(f"`{key}` is no target of the plan; see standards.load().targets.")
    return targets[key]


def answer_to(asked: str, key: str | None) -> Target:
    """The target that a count of this class or column answers.

    Parameters
    ----------
    asked : str
        The class or column.
    key : str or None
        The caller's own word for it.

    Returns
    -------
    Target
        By `key`, else by what the plan asks for.

    Raises
    ------
    InputError
        If the plan asks for nothing of the kind.
    StandardsError
        If `key` is no target.
    """
    found = ANSWERS.get(asked) if key is None else key
    if found is None:
        raise InputError(
            f"No target of the plan asks for `{asked}`; it asks for {', '.join(ANSWERS)}. "
            "Or say which it answers: key=."
        )
    return target_of(found)


def plain(number: float) -> str:
    """A count as readers see it.

    Parameters
    ----------
    number : float
        Rows or kilometres.

    Returns
    -------
    str
        Whole where it is whole.
    """
    return f"{number:g}" if float(number).is_integer() else figure(number)


def label_of(column: str) -> str:
    """A column in Chinese, where it is registered.

    Parameters
    ----------
    column : str
        Its name.

    Returns
    -------
    str
        Its label, else its name.
    """
    return names.label(column) if column in names.registry() else column


def tally(
    target: Target,
    *,
    value: float,
    counted: float,
    total: float,
    definition: str,
    extra: tuple[str, ...] = (),
    unit: str | None = None,
    unknown: int = 0,
    year: int | None = None,
    how: str = "computed",
    places: gpd.GeoDataFrame | None = None,
    **frames: Any,
) -> Tally:
    """A count with all it must not travel without: what its layers say, and of which zone it is.

    Parameters
    ----------
    target : Target
        What it answers.
    value, counted, total : float
        As of `Tally`.
    definition : str
        What was counted.
    extra : tuple of str
        Notices of the count; those of the layers come first.
    unit : str, optional
        By default the target's.
    unknown, year, how, places
        As of `Tally`.
    **frames : DataFrame
        What it was counted from, by the layer's name; ``zone`` is its outline.

    Returns
    -------
    Tally
        Of these.
    """
    return Tally(
        key=target.key,
        value=value,
        unit=target.unit if unit is None else unit,
        counted=counted,
        total=total,
        definition=definition,
        notices=tuple(dict.fromkeys((*notices(None, **frames), *extra))),
        origins=origins(**frames),
        unknown=unknown,
        year=year,
        how=how,
        places=places,
        outline=outline_of(frames["zone"]) if "zone" in frames else "",
    )


def share_of(
    target: Target,
    has: Flags,
    definition: str,
    extra: tuple[str, ...],
    *,
    unknown: int = 0,
    how: str = "computed",
    places: gpd.GeoDataFrame | None = None,
    **frames: Any,
) -> Tally:
    """The share of rows that have it, as a tally.

    Parameters
    ----------
    target : Target
        What it answers.
    has : ndarray of bool
        One a row.
    definition : str
        What was counted.
    extra : tuple of str
        Notices of the count.
    unknown : int
        Rows of which nothing is known, not in `has`.
    how : str
        A word of ``value_how``.
    places : GeoDataFrame, optional
        Of `places_of`.
    **frames : DataFrame
        By the layer's name.

    Returns
    -------
    Tally
        NaN without rows.
    """
    return tally(
        target,
        value=float(has.mean()) if len(has) else NOTHING,
        counted=int(has.sum()),
        total=len(has),
        definition=definition,
        extra=extra,
        unit="ratio",
        unknown=unknown,
        how=how,
        places=places,
        **frames,
    )


def places_of(frame: pd.DataFrame, state: Any) -> gpd.GeoDataFrame | None:
    """Where what was counted lies, for maps.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        The rows.
    state : str, or sequence of str
        Words of ``place_state``, of all or one a row.

    Returns
    -------
    GeoDataFrame or None
        Names, ``place_state`` and shapes of the rows that have a shape; None for a table
        without shapes or without a place on the Earth.
    """
    if getattr(frame, "crs", None) is None:
        return None
    kept = [one for one in CALLED if one in frame]
    out = frame[[*kept, frame.geometry.name]].copy()
    out["place_state"] = state
    out.attrs = {"notice": frame.attrs["notice"]} if frame.attrs.get("notice") else {}
    shapes = out.geometry
    return out[(shapes.notna() & ~shapes.is_empty).to_numpy(dtype=bool)]


def outline_of(areas: gpd.GeoDataFrame) -> str:
    """What an area is known by from month to month: its size, and a mark of its outline.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon
        The zone, in however many parts, in any order.

    Returns
    -------
    str
        The same for the same outline to a metre or so, in whatever system it was drawn.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> zone = sample.zone()
    >>> outline_of(zone), outline_of(zone) == outline_of(zone.to_crs(4490))
    ('3.0000 平方公里 #8ef3d19c', True)
    """
    shape = shapely.union_all(np.asarray(areas.geometry.array, dtype=object))
    if areas.crs is None or shape.is_empty:
        return ""
    degrees = to_degrees(np.array([shape], dtype=object), areas.crs)
    grid = shapely.normalize(shapely.set_precision(degrees, OUTLINE_DEGREES))
    mark = hashlib.sha256(shapely.to_wkb(grid)[0]).hexdigest()[:8]
    km2 = float(ellipsoidal_area(degrees, CGCS2000)[0]) / M2_PER_KM2
    return f"{km2:.4f} 平方公里 #{mark}"


def own_villages(frame: pd.DataFrame, name: str) -> tuple[Flags, str, tuple[str, ...]]:
    """Which rows are villages, what to call them, and what was left out for want of a kind.

    Parameters
    ----------
    frame : DataFrame
        Units, with or without ``unit_kind``.
    name : str
        The caller's name for it.

    Returns
    -------
    (ndarray of bool, str, tuple of str)
        All rows where no kind is given.

    Raises
    ------
    ColumnError
        If a kind is not in the vocabulary.
    """
    if "unit_kind" not in frame:
        return np.ones(len(frame), dtype=bool), "村(社区)", ()
    kinds = require_words(frame, name, "unit_kind")
    blank = int((kinds == names.UNKNOWN).sum())
    told = (f"单位类别不明的 {blank} 个单元未计入",) if blank else ()
    return kinds == VILLAGE, "行政村(村委会)", told


def union_of(zone: gpd.GeoDataFrame) -> Any:
    """The zone as one shape, prepared.

    Parameters
    ----------
    zone : GeoDataFrame of Polygon
        In however many parts.

    Returns
    -------
    Polygon or MultiPolygon
        Their union.

    Raises
    ------
    GeometryError
        If a part is not a valid polygon.
    """
    shape = shapely.union_all(require_areas(zone=zone))
    shapely.prepare(shape)
    return shape
