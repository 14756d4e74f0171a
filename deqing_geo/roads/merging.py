"""Roads drawn as two carriageways, rings and slip roads, merged into centre lines (道路中心线).

What merges is neatnet's method, on the whole layer or tile by tile; what a merged line is
comes from the rows that run along it. Nothing here measures density, reads a file or draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.checks import require_lines, require_words
from deqing_geo.crs import require_metres
from deqing_geo.ellipsoid import M_PER_KM
from deqing_geo.errors import InputError
from deqing_geo.opened import open_rows, opening_days
from deqing_geo.provenance import notices, origins
from deqing_geo.roads.gaps import blocks, judge, narrow
from deqing_geo.roads.leftover import alone, led_back, met, still_double
from deqing_geo.roads.preparing import Prepared, cleaned, levels, prepare, twin_metres
from deqing_geo.roads.restoring import CARRIED, SAME_M, Restored, restore
from deqing_geo.roads.telling import (
    by_class_of,
    by_kind_of,
    closed_gaps,
    earliest,
    lost_stretches,
    places_of,
)
from deqing_geo.roads.tiles import MARGIN_M, Faces, Joined, find_faces, merge
from deqing_geo.text import card, figure, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.roads.partners import Ints, Shapes

# A layer with less of its length side by side than this is drawn by centre lines. Ours: of the
# layers tried, centre lines have 0-0.3 %, everything else 4 % and more (`preparing.TWIN_M`).
TWIN_SHARE = 0.005
# Wide enough for a town in one piece, small enough for memory: about 0.7 GB.
TILE_M = 6_000.0
# neatnet's threshold is the logarithm of a size in m2; beyond this it is another unit.
THRESHOLD_LIMITS = (0.0, 15.0)
# Less than this is the corner of a crossing.
WORTH_SAYING_KM = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class CentreLines:
    """Roads by their centre lines (道路中心线), what was merged to get them, and how sure it is.

    Attributes
    ----------
    lines : GeoDataFrame of LineString
        CRS of the input. ``road_class``, ``road_name``, ``road_status``, ``opened_on``,
        ``road_width_m``, levels and one-way where the input has them, of the row that runs
        along most of the line; ``source_rows`` (labels of all rows behind it),
        ``class_share`` (0-1, how much of its length a row of its class runs along) and
        ``merged`` (whether it lies where no line lay before). ``opened_on`` is the
        first of all rows of its class. Where nothing was to be
        merged, the input itself with these three.
    table : GeoDataFrame of Polygon
        Every gap that was closed: ``merge_kind``, ``before_km`` and ``after_km`` of the lines
        around it.
    by_kind : DataFrame
        The same summed by kind: ``gaps``, ``before_km``, ``after_km``.
    by_class : DataFrame
        Open road by ``road_class``: ``before_km``, ``after_km``, ``class_share``.
    lost : GeoDataFrame of LineString
        Stretches of open road farther than 25 m from every line that came out.
    threshold : float or None
        By which gaps were told from blocks; None where the layer was left as it is.
    estimated : bool
        Whether the threshold comes from the layer; else it was given or is the fallback, 7.
    changed : bool
        False where the layer already is centre lines.
    notices : tuple of str
        Sentences the lines must not travel without.
    origins : tuple of str
        The files behind them, with the credit their licences ask for.
    """

    lines: gpd.GeoDataFrame
    table: gpd.GeoDataFrame
    by_kind: pd.DataFrame
    by_class: pd.DataFrame
    lost: gpd.GeoDataFrame
    threshold: float | None
    estimated: bool
    changed: bool
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def before_km(self) -> float:
        """Open road before, in km."""
        return float(self.by_class["before_km"].sum())

    @property
    def after_km(self) -> float:
        """Open road after, in km."""
        return float(self.by_class["after_km"].sum())

    @property
    def sure(self) -> float:
        """Share of the open length that bears a class some row along it has, 0-1."""
        km = self.by_class["after_km"]
        total = float(km.sum())
        backed = float((km * self.by_class["class_share"].fillna(0)).sum())
        return backed / total if total > 0 else float("nan")

    @property
    def headline(self) -> str:
        """What happened, in one sentence, as readers see it."""
        return str(self.lines.attrs["centre_lines"]["line"])

    def __repr__(self) -> str:
        if not self.changed:
            return f"<CentreLines of {len(self.lines)} lines: centre lines already, unchanged>"
        how = "estimated" if self.estimated else "not estimated"
        return (
            f"<CentreLines of {len(self.lines)} lines: {self.before_km:.1f} km merged to "
            f"{self.after_km:.1f} km, threshold {self.threshold:.2f} ({how}), "
            f"class backed on {self.sure:.1%}>"
        )

    def _repr_html_(self) -> str:
        kinds = names.vocabulary("merge_kind")
        body = [
            [
                kinds[str(kind)],
                str(int(row["gaps"])),
                figure(row["before_km"]),
                figure(row["after_km"]),
            ]
            for kind, row in self.by_kind.iterrows()
        ]
        rows = [
            (names.label("before_km"), f"{figure(self.before_km)} 公里"),
            (names.label("after_km"), f"{figure(self.after_km)} 公里"),
            (names.label("class_share"), percent(self.sure)),
        ]
        heading = [
            names.label("merge_kind"),
            "处数",
            names.label("before_km"),
            names.label("after_km"),
        ]
        return card(
            "道路中心线",
            self.headline,
            rows,
            self.notices,
            (heading, body) if self.changed else None,
        )


def centre_lines(
    roads: gpd.GeoDataFrame,
    *,
    threshold: float | None = None,
    tile_m: float = TILE_M,
    workers: int = 1,
) -> CentreLines:
    """Divided carriageways, roundabouts and slip roads merged into centre lines (道路中心线).

    Densities in documents are lengths of centre lines; surveys and OpenStreetMap draw a
    divided road twice. The pieces of land that lines enclose are looked at: small or narrow
    ones are gaps in the drawing of one street and are closed, the others are blocks. Where
    the line between them lies is estimated once for the whole layer. All open roads take
    part, whatever their class, since leaving some out would open the gaps; roads that are
    being built or planned pass through as they are.

    Every line that comes out gets the highest class among the rows that run along it, at
    most 40 m away and nearest to it, and is cut where that changes. Kept apart: a frontage
    road (辅路) and its street, two streets of different names side by side, and bridges or
    tunnels of 300 m and more (by ``road_level``, ``layer``, ``bridge``, ``tunnel``), which
    are merged among themselves only. Where two carriageways end side by side, as at the
    edge of a layer, they are closed there first.

    A layer that already is centre lines, with less than 0.5 % of the length of its through
    roads side by side with another of the same class (4 to 30 m), comes back as it is.

    Parameters
    ----------
    roads : GeoDataFrame of LineString, any number of rows
        With ``road_class``; index labels need not be unique. Metric CRS.
    threshold : float, optional
        The face artifact index below which land is a gap: the logarithm of its area in m2
        times its compactness. By default estimated from the layer; where that fails, or
        gives less than 5 or more than 9 (a square of 15 or 113 m), it is 7 (a square of
        41 m), and a notice says so.
    tile_m : float
        Side of the tiles in which the work is done, in metres, at least 1000. Memory
        depends on it; the answer hardly (central Wuhan whole and by 3 km tiles: 0.1 % of
        the length, 1 % of one class).
    workers : int
        Processes. More than one needs ``if __name__ == "__main__":`` in a script; the
        answer is the same.

    Returns
    -------
    CentreLines
        ``.lines`` go into `road_density`; ``.table`` says what was merged where, ``.sure``
        how much of the length bears a class with a row behind it.

    Raises
    ------
    CRSError
        If the layer has no CRS, is in degrees or feet, or too distorted.
    GeometryError
        If a road is not a line, or not finite.
    ColumnError
        If ``road_class`` is absent, a class or status is not in the vocabulary, or
        ``opened_on`` is no day.
    InputError
        If `threshold`, `tile_m` or `workers` is no sensible number.

    See Also
    --------
    neatnet.neatify : does the merging; it keeps neither classes nor levels.

    References
    ----------
    Fleischmann M, Vybornova A, Gaboardi J D, Brázdová A, Dančejová D (2026). Adaptive
    continuity-preserving simplification of street networks. (Method.)

    Fleischmann M, Vybornova A (2024). A shape-based heuristic for the detection of urban
    block artifacts in street networks. Journal of Spatial Information Science 28. (Threshold.)

    Examples
    --------
    Paper Town is drawn by centre lines, and stays as it is:

    >>> from deqing_geo import sample
    >>> centre_lines(sample.roads()).changed
    False

    A street of 1 km drawn twice, 12 m apart, with three cross streets:

    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> x, y = 500_000, 3_380_000
    >>> ways = [[(x + i * 500, y + j), (x + i * 500 + 500, y + j)] for i in (0, 1) for j in (0, 12)]
    >>> ways += [[(x + i * 500, y - 300), (x + i * 500, y)] for i in range(3)]
    >>> ways += [[(x + i * 500, y), (x + i * 500, y + 12)] for i in range(3)]
    >>> ways += [[(x + i * 500, y + 12), (x + i * 500, y + 312)] for i in range(3)]
    >>> streets = gpd.GeoDataFrame(
    ...     {"road_class": ["arterial"] * 4 + ["branch"] * 9},
    ...     geometry=[LineString(way) for way in ways], crs=sample.CRS,
    ... )
    >>> merged = centre_lines(streets)
    >>> merged.by_class.loc["arterial", ["before_km", "after_km"]].round(2).to_list()
    [2.0, 1.0]
    """
    require_metres(roads=roads)
    require_lines(roads=roads)
    words = require_words(roads, "roads", "road_class", made_by="read_roads")
    is_open = open_rows(roads, "roads", "road_status")
    if "opened_on" in roads:
        opening_days(roads, "roads")
    threshold, tile_m, workers = _sensible(threshold, tile_m, workers)
    own = roads.loc[is_open] if is_open.all() else roads[is_open]
    frame = own.reset_index(drop=True)
    frame["road_class"] = words[is_open]
    lines, row, _ = cleaned(np.asarray(frame.geometry.array, dtype=object))
    total = float(shapely.length(lines).sum()) / M_PER_KM
    if _flagged(roads, total) or _centred(lines, words[is_open][row]):
        return _unchanged(roads, words, is_open)
    ready = prepare(frame)
    return _merged(roads, frame, own.index, is_open, ready, threshold, tile_m, workers)


def _sensible(threshold: Any, tile_m: Any, workers: Any) -> tuple[float | None, float, int]:
    """The options as numbers, or what is wrong with them."""
    try:
        limit = None if threshold is None else float(threshold)
        tile, count = float(tile_m), int(workers)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"threshold={threshold!r}, tile_m={tile_m!r} and workers={workers!r} must be numbers."
        ) from None
    low, high = THRESHOLD_LIMITS
    if limit is not None and not low < limit < high:
        raise InputError(
            f"threshold={threshold!r} is no logarithm of a size in m2; usual are 6 to 9, and "
            f"{low:g} to {high:g} is possible. Leave it out to have it estimated."
        )
    if not (math.isfinite(tile) and tile >= 2 * MARGIN_M):
        raise InputError(f"tile_m={tile_m!r} must be {2 * MARGIN_M:g} m or more.")
    if count < 1 or count != workers:
        raise InputError(f"workers={workers!r} must be a whole number from 1 upwards.")
    return limit, tile, count


def _flagged(roads: gpd.GeoDataFrame, km: float) -> bool:
    """Whether these lines came from here, and nothing was added since."""
    said = roads.attrs.get("centre_lines", {})
    return bool(said.get("merged")) and km <= float(said.get("km", -1.0)) * (1 + 1e-9) + 1e-9


def _centred(lines: Shapes, words: Shapes) -> bool:
    """Whether the layer already is centre lines."""
    twin, of = twin_metres(lines, words)
    return twin <= TWIN_SHARE * of


def _unchanged(roads: gpd.GeoDataFrame, words: Shapes, is_open: NDArray[np.bool_]) -> CentreLines:
    """The layer as it came, with a word on why."""
    lines = roads.copy()
    if "source_rows" not in lines:
        lines["source_rows"] = pd.Series([(label,) for label in roads.index], index=roads.index)
        lines["class_share"] = 1.0
        lines["merged"] = False
    km = roads.geometry.length.to_numpy() / M_PER_KM
    share = lines["class_share"].to_numpy(dtype=float)
    by_class = by_class_of(words[is_open], km[is_open], words[is_open], km[is_open], share[is_open])
    lines.attrs = dict(roads.attrs)
    said = notices(None, roads=roads)
    lines.attrs["centre_lines"] = {
        "merged": True,
        "line": names.word("centre_lines.already"),
        "km": float(km[is_open].sum()),
    }
    none = gpd.GeoDataFrame(
        {"merge_kind": [], "before_km": [], "after_km": []}, geometry=[], crs=roads.crs
    )
    return CentreLines(
        lines=lines,
        table=none,
        by_kind=by_kind_of(none),
        by_class=by_class,
        lost=gpd.GeoDataFrame({"road_class": []}, geometry=[], crs=roads.crs),
        threshold=None,
        estimated=False,
        changed=False,
        notices=said,
        origins=origins(roads=roads),
    )


def _merged(
    roads: gpd.GeoDataFrame,
    frame: gpd.GeoDataFrame,
    labels: pd.Index[Any],
    is_open: NDArray[np.bool_],
    ready: Prepared,
    threshold: float | None,
    tile_m: float,
    workers: int,
) -> CentreLines:
    """Every level merged by itself, ground first: its threshold is that of all."""
    parts: list[Restored] = []
    tables, joins = [], []
    found: Faces | None = None
    flat: Shapes = np.empty(0, dtype=object)
    raised: list[tuple[Shapes, Shapes, Ints]] = []
    for level in sorted(np.unique(ready.level).tolist(), key=lambda one: (one != 0, one)):
        here = ready.level == level
        real = here & ~ready.closers
        sources, row = ready.lines[real], ready.row[real]
        faces = find_faces(ready.lines[here], threshold if found is None else found.threshold)
        found = faces if found is None else found
        judged = judge(faces.shapes, sources, row, frame)
        closing = Faces(faces.shapes[~judged.kept_open], faces.threshold, faces.estimated)
        dots = shapely.point_on_surface(faces.shapes[judged.kept_open])
        stay = [shapely.get_coordinates(dots), blocks(ready.lines[here], closing.shapes)]
        joined = merge(ready.lines[here], closing, np.concatenate(stay), tile_m, workers)
        joins.append(joined)
        made = _without_closers(joined.lines, ready.lines[here & ready.closers])
        made, extra = _second_pass(made, sources, row, frame, found, tile_m)
        gaps, kind = np.concatenate([closing.shapes, extra]), judged.kind[~judged.kept_open]
        kind = np.concatenate([kind, np.full(len(extra), "divided", dtype=object)])
        if level:
            places = met(sources, ready.lines[(ready.level == 0) & ~ready.closers])
            made, flat = led_back(made, flat, places)
        else:
            flat = made
        raised.append((made, sources, row))
        tables.append((gaps, kind, sources))
    raised[0] = (flat, *raised[0][1:])
    for made, sources, row in raised:
        parts.append(restore(made, sources, row, frame))
    frames = [
        closed_gaps(gaps, kind, sources, part, roads.crs)
        for (gaps, kind, sources), part in zip(tables, parts, strict=True)
    ]
    assert found is not None
    lines = _framed(roads, frame, labels, is_open, parts)
    table = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=roads.crs)
    lost = lost_stretches(frame, lines, roads.crs)
    own = _crossings(frame, ready)
    return _told(roads, frame, is_open, lines, table, lost, found, threshold, joins, own)


def _second_pass(
    made: Shapes, sources: Shapes, row: Ints, frame: gpd.GeoDataFrame, faces: Faces, tile_m: float
) -> tuple[Shapes, Shapes]:
    """Lines that are still double merged by themselves; the gaps closed so."""
    none = np.empty(0, dtype=object)
    first = restore(made, sources, row, frame)
    word = frame["road_class"].to_numpy(dtype=object)[first.leader]
    double = still_double(first.lines, word)
    if double.sum() < 2:
        return made, none
    rest = first.lines[~double]
    lines, closers = alone(first.lines[double], word[double])
    found = find_faces(lines, faces.threshold)
    judged = judge(found.shapes, first.lines[double], first.leader[double], frame)
    thin = narrow(found.shapes) & ~judged.kept_open
    closing = Faces(found.shapes[thin], found.threshold, False)
    if not thin.any():
        return made, none
    dots = shapely.point_on_surface(found.shapes[~thin])
    joined = merge(lines, closing, shapely.get_coordinates(dots), tile_m, 1)
    once = _without_closers(joined.lines, closers)
    once, rest = led_back(once, rest, met(first.lines[double], rest))
    return np.concatenate([rest, once]), closing.shapes


def _without_closers(lines: Shapes, closers: Shapes) -> Shapes:
    """Lines without what was added to close open ends."""
    if not len(closers):
        return lines
    near = np.unique(shapely.STRtree(lines).query(closers, predicate="dwithin", distance=SAME_M)[1])
    if not len(near):
        return lines
    added = shapely.union_all(shapely.buffer(closers, SAME_M, cap_style="flat"))
    rest = shapely.get_parts(shapely.difference(lines[near], added))
    rest = rest[shapely.length(rest) > SAME_M]
    return np.concatenate([np.delete(lines, near), rest])


def _framed(
    roads: gpd.GeoDataFrame,
    frame: gpd.GeoDataFrame,
    labels: pd.Index[Any],
    is_open: NDArray[np.bool_],
    parts: list[Restored],
) -> gpd.GeoDataFrame:
    """All lines with what their leading rows say, and after them what is not open yet."""
    carried = [column for column in CARRIED if column in frame]
    leader = np.concatenate([part.leader for part in parts])
    made = frame[carried].iloc[leader].reset_index(drop=True)
    two = np.concatenate([part.doubled for part in parts])
    if "oneway" in made:
        made["oneway"] = made["oneway"].astype(object).mask(two, None)
    if "opened_on" in made:
        made["opened_on"] = earliest(frame, made, [at for part in parts for at in part.sources])
    known = list(labels)
    made["source_rows"] = pd.Series(
        [tuple(known[at] for at in rows) for part in parts for rows in part.sources], dtype=object
    )
    made["class_share"] = np.concatenate([part.share for part in parts])
    made["merged"] = np.concatenate([part.merged for part in parts])
    shapes = np.concatenate([part.lines for part in parts])
    waiting = roads[~is_open]
    if len(waiting):
        later = pd.DataFrame(waiting[carried]).reset_index(drop=True)
        later["source_rows"] = pd.Series([(label,) for label in waiting.index], dtype=object)
        later["class_share"], later["merged"] = 1.0, False
        made = pd.concat([made, later], ignore_index=True)
        shapes = np.concatenate([shapes, np.asarray(waiting.geometry.array, dtype=object)])
    return gpd.GeoDataFrame(made, geometry=shapes, crs=roads.crs)


def _crossings(frame: gpd.GeoDataFrame, ready: Prepared) -> list[str]:
    """What was made of crossings without a node, in sentences."""
    said = []
    if ready.noded:
        said.append(f"{names.word('notice.crossings_noded')}:{ready.noded} 处")
    passing = ready.unnoded - ready.noded
    if passing and not levels(frame)[1]:
        said.append(f"{names.word('notice.crossings_passing')}:{passing} 处")
    return said


def _told(
    roads: gpd.GeoDataFrame,
    frame: gpd.GeoDataFrame,
    is_open: NDArray[np.bool_],
    lines: gpd.GeoDataFrame,
    table: gpd.GeoDataFrame,
    lost: gpd.GeoDataFrame,
    faces: Faces,
    threshold: float | None,
    joins: list[Joined],
    own: list[str],
) -> CentreLines:
    """The result, with every sentence it must not travel without."""
    before = frame.geometry.length.to_numpy() / M_PER_KM
    done = np.arange(len(lines)) < len(lines) - int((~is_open).sum())
    after = lines.geometry.length.to_numpy()[done] / M_PER_KM
    words = lines["road_class"].astype(object).to_numpy()[done]
    share = lines["class_share"].to_numpy(dtype=float)[done]
    by_class = by_class_of(frame["road_class"].to_numpy(object), before, words, after, share)
    said = list(notices(None, roads=roads))
    if threshold is None and not faces.estimated:
        own.append(names.word("notice.threshold_fallback"))
    failed = [place for joined in joins for place in joined.failed]
    if failed:
        own.append(f"{names.word('notice.tiles_failed')}:{places_of(failed)}")
    undone = [place for joined in joins for place in joined.undone]
    if undone:
        own.append(f"{names.word('notice.gaps_undone')}:{places_of(undone)}")
    loose = sum(joined.loose for joined in joins)
    if loose:
        own.append(f"{names.word('notice.seams_loose')}:{loose} 处")
    shapes = np.asarray(lines.geometry.array, dtype=object)[done]
    twin, _ = twin_metres(shapes, words)
    if twin / M_PER_KM > WORTH_SAYING_KM and twin > TWIN_SHARE * after.sum() * M_PER_KM:
        own.append(f"{names.word('notice.still_double')}:{figure(twin / M_PER_KM)} 公里")
    gone = float(lost.geometry.length.sum()) / M_PER_KM
    if gone > WORTH_SAYING_KM:
        own.append(f"{names.word('notice.lost_in_merging')}:{figure(gone)} 公里")
    side = math.sqrt(math.exp(faces.threshold) * math.pi / 2)
    line = (
        f"双线、环岛和匝道合并为中心线(neatnet,阈值 {faces.threshold:.2f},"
        f"相当于边长 {side:.0f} 米的方块),合并前 {figure(before.sum())} 公里,"
        f"合并后 {figure(after.sum())} 公里"
    )
    lines.attrs = dict(roads.attrs)
    lines.attrs["centre_lines"] = {"merged": True, "line": line, "km": float(after.sum())}
    if own:
        lines.attrs["notice"] = ";".join([*filter(None, [roads.attrs.get("notice")]), *own])
    return CentreLines(
        lines=lines,
        table=table,
        by_kind=by_kind_of(table),
        by_class=by_class,
        lost=lost,
        threshold=faces.threshold,
        estimated=faces.estimated,
        changed=True,
        notices=tuple(dict.fromkeys([*said, *own])),
        origins=origins(roads=roads),
    )
