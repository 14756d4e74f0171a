"""Roads as lines: how much of them, and how densely, in each area.

Everything here measures; nothing reads a file, judges a figure against a
standard, or draws. Layers arrive in a metric CRS (see `deqing_geo.crs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.checks import require_areas, require_lines, require_words
from deqing_geo.crs import M2_PER_KM2, M_PER_KM, ellipsoidal_area, require_metres
from deqing_geo.provenance import mark, notices, origins
from deqing_geo.standards import Definition, Rule
from deqing_geo.text import card, figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

MEASURE = "road_density"
BUILT = "built"
# Survey coordinates are kept to the millimetre; what is nearer than that is the same place.
TOLERANCE_M = 0.001
# How far beside a border road to look for the area it borders: past any misfit of that kind.
BESIDE_M = 0.01
# Pairs of border and road segments compared in one go, to keep memory flat.
PAIRS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class RoadDensity:
    """Road length and land area of each area, and their ratio (路网密度).

    Attributes
    ----------
    table : GeoDataFrame
        The areas with ``road_km``, ``area_km2``, ``road_density`` (km/km2) and ``edge_km``:
        how much of ``road_km`` lies within the edge band (15 m) of the layer's outer edge
        and so hangs on where the outline was drawn. Index and CRS of the areas given.
    by_class : DataFrame
        Kilometres of open road of every class in each area, counted or not.
    not_open : DataFrame
        Kilometres of road of the counted classes in each area that is under construction
        (``building``) or ``planned``, and so not counted.
    definition : Definition
        What counts, by which document.
    sources : tuple of Definition and Rule
        Everything the figures rest on.
    merged : bool
        Whether divided carriageways were merged to one line. Until they are, a density
        from double lines is too high.
    goals : tuple of float
        Figures this one may be judged by; it is never rounded across one of them.
    notices : tuple of str
        Sentences the figure must not travel without.
    origins : tuple of str
        The files behind it, with the credit their licences ask for.
    """

    table: gpd.GeoDataFrame
    by_class: pd.DataFrame
    not_open: pd.DataFrame
    definition: Definition
    sources: tuple[Definition | Rule, ...]
    merged: bool
    goals: tuple[float, ...]
    notices: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def series(self) -> pd.Series[float]:
        """Density of each area in km/km2; NaN where an area has no land."""
        series: pd.Series[float] = self.table["road_density"]
        return series

    @property
    def overall(self) -> float:
        """Density of all areas taken together, in km/km2; not the mean of `series`."""
        area = float(self.table["area_km2"].sum())
        return float(self.table["road_km"].sum()) / area if area > 0 else float("nan")

    @property
    def headline(self) -> str:
        """The overall figure as readers see it."""
        unit = names.registry()["road_density"].unit_zh
        return f"{figure(self.overall, against=self.goals)} {unit}"

    def __repr__(self) -> str:
        merged = "carriageways merged" if self.merged else "carriageways not merged"
        return (
            f"<RoadDensity of {len(self.table)} areas: "
            f"{figure(self.overall, against=self.goals)} km/km2 overall, {merged}>"
        )

    def _repr_html_(self) -> str:
        return card(
            names.label("road_density"),
            self.headline,
            [
                (names.label("road_km"), f"{figure(self.table['road_km'].sum())} 公里"),
                (names.label("area_km2"), f"{figure(self.table['area_km2'].sum())} 平方公里"),
                (names.label("edge_km"), f"{figure(self.table['edge_km'].sum())} 公里"),
                (names.word("map.definition"), self.definition.line),
            ],
            self.notices,
        )


def road_density(
    areas: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    *,
    by: Definition | str | None = None,
) -> RoadDensity:
    """Length of road per square kilometre of land in each area (路网密度).

    Roads are cut at the areas' borders. A road that runs along a border is shared
    equally by the areas it divides, so the lengths of neighbouring areas add up to the
    length of road on the ground; along the outer edge of the layer, where one area only
    touches it, it counts whole. Where areas overlap, each is measured by itself.

    Only open road counts: rows whose ``road_status`` is ``building`` or ``planned`` are
    reported apart, rows without a status count as open.

    Parameters
    ----------
    areas : GeoDataFrame of Polygon, N rows
        The areas reported on; the index comes back unchanged. Metric CRS.
    roads : GeoDataFrame of LineString, any number of rows
        With ``road_class``; centre lines, drawn once per road whatever its lanes, give
        the density documents mean. Same CRS.
    by : Definition or str, optional
        What counts. By default Deqing's own choice, ``road.core``.

    Returns
    -------
    RoadDensity
        ``.series`` is float, shape (N,), km/km2; 0.0 where there is no road. Land area is
        ellipsoidal; lengths are those of the projection (14 ppm at most in a CGCS2000
        3-degree zone at Deqing, 0.04 % in a UTM zone).

    Raises
    ------
    CRSError
        If either layer has no CRS, is in degrees or feet, or they disagree.
    GeometryError
        If an area is not a valid polygon, or a road is not a line.
    ColumnError
        If ``road_class`` is absent, or a class or status is not in the vocabulary.
    InputError
        If the areas' index repeats a label.
    StandardsError
        If `by` does not define road density.

    See Also
    --------
    osmnx.stats.basic_stats : gives metres per km2, counted on a graph.
    geopandas.overlay : counts a road lying on a border in both areas.

    Examples
    --------
    Paper Town's villages are squares of 1 km2. A 3 km road crosses A, B and C, and a 1 km
    lane lies on the border of A and B, half of it to each:

    >>> from deqing_geo import sample
    >>> density = road_density(sample.villages(), sample.roads())
    >>> density.series.round(3).to_dict()
    {'A': 1.5, 'B': 1.5, 'C': 1.0, 'D': 0.0}
    >>> round(density.overall, 3)  # 4 km of road on 4 km2 of land
    1.0
    >>> float(density.not_open.loc["D", "planned"])
    1.0
    """
    require_metres(areas=areas, roads=roads)
    law = standards.load()
    definition = law.definition(MEASURE, by)
    band = law.rule("road.edge_band")
    shapes = require_areas(areas=areas)
    lines = require_lines(roads=roads)
    classes = require_words(roads, "roads", "road_class", made_by="read_roads")
    status = (
        require_words(roads, "roads", "road_status", blank=BUILT)
        if "road_status" in roads
        else np.full(len(roads), BUILT, dtype=object)
    )
    pieces = _cut(shapes, lines, band.value)
    counted = np.isin(classes, definition.counts["roads"])
    is_open = status == BUILT
    by_class = _tally(areas.index, pieces, classes, is_open, list(names.vocabulary("road_class")))
    waiting = [word for word in names.vocabulary("road_status") if word != BUILT]
    not_open = _tally(areas.index, pieces, status, counted & ~is_open, waiting)

    taken = (counted & is_open)[pieces.line]
    n = len(areas)
    road_km = np.bincount(pieces.area[taken], pieces.metres[taken], n) / M_PER_KM
    edge_km = np.bincount(pieces.area[taken], pieces.edge_metres[taken], n) / M_PER_KM
    area_km2 = ellipsoidal_area(shapes, areas.crs) / M2_PER_KM2
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.where(area_km2 > 0, road_km / area_km2, np.nan)
    table = areas.copy()
    figures = {
        "road_km": road_km,
        "area_km2": area_km2,
        MEASURE: density,
        "edge_km": edge_km,
    }
    for column, values in figures.items():
        table[column] = values
    said = notices(definition, areas=areas, roads=roads)
    if definition.merge:
        said += (names.word("notice.unmerged"),)
    unclassified = float(by_class[names.UNKNOWN].sum())
    if unclassified > 0:
        said += (f"{names.word('notice.unclassified')}:{figure(unclassified)} 公里",)
    for frame in (table, by_class, not_open):
        mark(frame, definition, said)
    return RoadDensity(
        table=table,
        by_class=by_class,
        not_open=not_open,
        definition=definition,
        sources=(definition, band),
        merged=False,
        goals=law.goals(MEASURE),
        notices=said,
        origins=origins(areas=areas, roads=roads),
    )


def _tally(
    index: pd.Index[Any],
    pieces: _Pieces,
    words: Shapes,
    rows: NDArray[np.bool_],
    vocabulary: list[str],
) -> pd.DataFrame:
    """Kilometres per area and word, over the roads in `rows`."""
    code = pd.Index(vocabulary).get_indexer(pd.Index(words))[pieces.line]
    taken = rows[pieces.line] & (code >= 0)
    width = len(vocabulary)
    flat = np.bincount(
        pieces.area[taken] * width + code[taken], pieces.metres[taken], len(index) * width
    )
    return pd.DataFrame(flat.reshape(len(index), width) / M_PER_KM, index=index, columns=vocabulary)


# ---------------------------------------------------------------- cutting roads at borders


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Which area has how many metres of which road; one entry per pair and piece."""

    area: Ints
    line: Ints
    metres: Floats
    edge_metres: Floats


def _cut(areas: Shapes, lines: Shapes, band_m: float) -> _Pieces:
    """Share the length of every line among the areas.

    Three cases, the cheap ones first. A line that comes near no border lies in an area or
    in none. A line that meets borders without running along them is cut by GEOS. A line with
    a vertex on a border, or a border's vertex on it, may run along it: it is cut together with
    the borders, and each piece is judged by its middle. Matching pieces between neighbours
    instead would count twice where three areas meet, since the neighbours cut the line at
    different points.
    """
    single, row = shapely.get_parts(lines, return_index=True)
    tree = shapely.STRtree(single)
    near, tied = _by_borders(shapely.boundary(areas), single, tree)
    area_in, line_in = tree.query(areas, predicate="contains_properly")
    whole = ~near[line_in]
    area_in, line_in = area_in[whole], line_in[whole]
    area_cut, line_cut = tree.query(areas, predicate="intersects")
    crossing = near[line_cut] & ~tied[line_cut]
    area_cut, line_cut = area_cut[crossing], line_cut[crossing]
    cut = shapely.intersection(single[line_cut], areas[area_cut])
    area_tied, line_tied, pieces, share = _shared(areas, single, np.flatnonzero(tied))

    area = np.concatenate([area_in, area_cut, area_tied])
    line = np.concatenate([line_in, line_cut, line_tied])
    shapes = np.concatenate([single[line_in], cut, pieces])
    weight = np.concatenate([np.ones(len(area_in) + len(area_cut)), share])
    order = np.lexsort((line, area))
    return _Pieces(
        area=area[order],
        line=row[line[order]],
        metres=(shapely.length(shapes) * weight)[order],
        edge_metres=(_near_edge(areas, shapes, band_m) * weight)[order],
    )


def _by_borders(
    borders: Shapes, single: Shapes, tree: shapely.STRtree
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which lines come near a border, and which of them may run along it.

    Two lines that run together for a while part at a vertex of the one or the other, so a
    line may be tied to a border only where an end of a segment of one lies on the other.
    """
    near, tied = np.zeros(len(single), dtype=bool), np.zeros(len(single), dtype=bool)
    from_, to = _distinct(*_segments(borders)[:2])
    border, line = tree.query(_lines(from_, to), predicate="dwithin", distance=TOLERANCE_M)
    near[line] = True
    start, end, owner = _segments(single, np.flatnonzero(near))
    first = np.searchsorted(owner, np.arange(len(single) + 1))
    for rows in np.array_split(np.arange(len(line)), len(line) // PAIRS_AT_ONCE + 1):
        count = np.diff(first)[line[rows]]
        pair = np.repeat(rows, count)
        # Every segment of the line against the one segment of the border.
        segment = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
        segment += first[line[pair]]
        a, b, c, d = start[segment], end[segment], from_[border[pair]], to[border[pair]]
        close = (
            (np.minimum(a, b) <= np.maximum(c, d) + TOLERANCE_M)
            & (np.maximum(a, b) >= np.minimum(c, d) - TOLERANCE_M)
        ).all(axis=1)
        a, b, c, d = a[close], b[close], c[close], d[close]
        reach = np.minimum(
            np.minimum(_distance(a, c, d), _distance(b, c, d)),
            np.minimum(_distance(c, a, b), _distance(d, a, b)),
        )
        tied[line[pair[close]][reach <= TOLERANCE_M]] = True
    return near, tied


def _shared(areas: Shapes, single: Shapes, tied: Ints) -> tuple[Ints, Ints, Shapes, Floats]:
    """Cut the tied lines wherever they could leave a border, and share the pieces.

    Straight segments are cut, not whole lines: a line that passes a place twice has two
    positions there, and only one would be found.
    """
    start, end, line = _segments(single, tied)
    straight = _lines(start, end)
    borders = shapely.boundary(areas)
    at_segment, at_area = shapely.STRtree(borders).query(
        straight, predicate="dwithin", distance=TOLERANCE_M
    )
    involved = np.unique(at_area)
    # Where could a segment leave a border: at the border's vertices on it, and where they cross.
    corner = _points(shapely.get_coordinates(borders[involved]))
    of_corner, found = shapely.STRtree(corner).query(
        straight, predicate="dwithin", distance=TOLERANCE_M
    )
    crossing, pair = shapely.get_coordinates(
        shapely.intersection(straight[at_segment], borders[at_area]), return_index=True
    )
    segment = np.concatenate([of_corner, at_segment[pair]])
    place = np.concatenate([corner[found], _points(crossing)])
    ends = np.arange(len(line))
    length = shapely.length(straight)
    cut_of = np.concatenate([ends, ends, segment])
    cut_at = np.concatenate(
        [np.zeros(len(ends)), length, shapely.line_locate_point(straight[segment], place)]
    )
    order = np.lexsort((cut_at, cut_of))
    cut_of, cut_at = cut_of[order], cut_at[order]
    real = (np.diff(cut_of) == 0) & (np.diff(cut_at) > 0)
    owner = cut_of[:-1][real]
    share_from, share_to = cut_at[:-1][real] / length[owner], cut_at[1:][real] / length[owner]
    step = (end - start)[owner]
    first = start[owner] + step * share_from[:, None]
    last = start[owner] + step * share_to[:, None]

    centre = (first + last) / 2
    middle = shapely.STRtree(_points(centre))
    edge_area, edge_piece = middle.query(
        borders[involved], predicate="dwithin", distance=TOLERANCE_M
    )
    edge_area = involved[edge_area]
    full_area, full_piece = _without(
        middle.query(areas, predicate="contains_properly"), (edge_area, edge_piece), len(owner)
    )
    across = np.column_stack([-step[:, 1], step[:, 0]]) / length[owner][:, None] * BESIDE_M
    share = _border_share(areas, edge_area, edge_piece, centre, across)
    area = np.concatenate([edge_area, full_area])
    piece = np.concatenate([edge_piece, full_piece])
    share = np.concatenate([share, np.ones(len(full_piece))])
    return area, line[owner[piece]], _lines(first, last)[piece], share


def _border_share(areas: Shapes, area: Ints, piece: Ints, centre: Floats, across: Floats) -> Floats:
    """Half to an area that has another across the road, the whole to one that has none.

    Areas that overlap lie on the same side and do not take from each other.
    """
    shapely.prepare(areas[area])
    left, right = (
        shapely.intersects_xy(areas[area], *(centre + side * across)[piece].T) for side in (1, -1)
    )
    count = len(centre)
    any_left = np.bincount(piece[left], minlength=count)[piece] > 0
    any_right = np.bincount(piece[right], minlength=count)[piece] > 0
    opposite = (left & any_right) | (right & any_left)
    out: Floats = np.where(opposite & ~(left & right), 0.5, 1.0)
    # Slivers thinner than we look to the side share with whoever has the border.
    sliver = ~(left | right)
    out[sliver] = 1 / np.bincount(piece, minlength=count)[piece[sliver]]
    return out


def _without(pairs: NDArray[np.int64], known: tuple[Ints, Ints], width: int) -> tuple[Ints, Ints]:
    """The pairs that are not among the known ones, in a fixed order."""
    key = np.setdiff1d(pairs[0] * width + pairs[1], known[0] * width + known[1])
    return key // max(width, 1), key % max(width, 1)


def _segments(lines: Shapes, chosen: Ints | None = None) -> tuple[Floats, Floats, Ints]:
    """Start, end and line of every straight segment that has a length, in order."""
    chosen = np.arange(len(lines)) if chosen is None else chosen
    runs, run_of = shapely.get_parts(lines[chosen], return_index=True)
    coords, owner = shapely.get_coordinates(runs, return_index=True)
    real = (np.diff(owner) == 0) & (np.diff(coords, axis=0) != 0).any(axis=1)
    return coords[:-1][real], coords[1:][real], chosen[run_of[owner[:-1][real]]]


def _distinct(start: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Segments without those that neighbours draw again the other way round."""
    turned = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    ends = np.column_stack([start, end])
    ends[turned] = np.column_stack([end, start])[turned]
    _, kept = np.unique(ends.view(np.dtype((np.void, ends.itemsize * 4))), return_index=True)
    return start[kept], end[kept]


def _distance(point: Floats, start: Floats, end: Floats) -> Floats:
    """Distance of each point to its segment."""
    along = end - start
    share = ((point - start) * along).sum(axis=1) / (along * along).sum(axis=1)
    foot = start + along * np.clip(share, 0, 1)[:, None]
    out: Floats = np.hypot(*(point - foot).T)
    return out


def _points(coords: Floats) -> Shapes:
    return np.atleast_1d(np.asarray(shapely.points(coords), dtype=object))


def _lines(start: Floats, end: Floats) -> Shapes:
    return np.atleast_1d(np.asarray(shapely.linestrings(np.stack([start, end], axis=1))))


def _near_edge(areas: Shapes, pieces: Shapes, band_m: float) -> Floats:
    """Metres of each piece within the band along the outer edge of all areas together."""
    out = np.zeros(len(pieces))
    if len(pieces) == 0:
        return out
    # On a clean coverage the shared borders cancel, thirty times faster than a general union.
    clean = bool(shapely.coverage_is_valid(areas))
    whole = shapely.coverage_union_all(areas) if clean else shapely.union_all(areas)
    edge = shapely.get_parts(shapely.boundary(whole))
    start, end, _ = _segments(edge)
    # Short segments, not the whole edge: the tree then looks at neighbours only.
    near = np.unique(
        shapely.STRtree(pieces).query(_lines(start, end), predicate="dwithin", distance=band_m)[1]
    )
    if len(near):
        band = shapely.union_all(shapely.buffer(edge, band_m))
        out[near] = shapely.length(shapely.intersection(pieces[near], band))
    return out
