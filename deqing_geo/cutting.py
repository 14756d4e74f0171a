"""Shapes cut by areas: how many metres of each line, and what of each block, lie in each.

The geometry behind the measures, and nothing of its meaning: no class, no rule of what
counts. Arrays in, arrays out, in metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.tracing import TOLERANCE_M, Band, Crossings, along, segments, single_lines, trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

# How far beside a border road to look for the area it borders: past any misfit of that kind.
BESIDE_M = 0.01
# Any four numbers that are no simple multiples of one another.
UNEVEN = np.sqrt([2.0, 3.0, 5.0, 7.0])
# Slivers that an overlay leaves between equal edges are no land.
SLIVER_M2 = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Which area has how many metres of which line; one entry per pair and piece.

    Attributes
    ----------
    area, line : array of int
        Positions in what was given.
    metres : array of float
        Length of the piece, divided where a border shares it.
    edge_metres : array of float
        How much of it lies within the band along the outer edge.
    on_edge : array of bool
        Whether the piece runs along an area's border with no area across from it.
    """

    area: Ints
    line: Ints
    metres: Floats
    edge_metres: Floats
    on_edge: Bools

    def weighed(self, edge_weight: float) -> Shares:
        """The same pieces, those on the edge by a part of their length.

        Parameters
        ----------
        edge_weight : float
            0 to 1, of pieces that count whole so far.

        Returns
        -------
        Shares
            The same entries in the same order.
        """
        weight = np.where(self.on_edge, edge_weight, 1.0)
        return Shares(
            self.area, self.line, self.metres * weight, self.edge_metres * weight, self.on_edge
        )


def share_lengths(
    areas: Shapes, lines: Shapes, band_m: float, *, edge_weight: float = 1.0
) -> Shares:
    """Share the length of every line among the areas.

    Three cases. A line that comes near no border lies in an area or in none. A line that
    only crosses borders is measured from crossing to crossing: what it has in an area is the
    sum of where it leaves less the sum of where it enters. A line with a vertex on a
    border, or a border's vertex on it, may run along it: it is cut together with the borders,
    and each piece is judged by its middle. Matching pieces between neighbours instead would
    count twice where three areas meet, since the neighbours cut the line at different points.

    Parameters
    ----------
    areas : array of Polygon and MultiPolygon
        Valid, none empty.
    lines : array of LineString and MultiLineString
        In the same coordinates, in metres.
    band_m : float
        Width of the band along the outer edge of all areas together; 0 where nobody asks.
    edge_weight : float
        How much of a line along the outer edge counts: 1, a half, or 0.

    Returns
    -------
    Shares
        Along a border half to each side; along the outer edge the whole by that weight.
        Areas that overlap do not take from each other.

    Examples
    --------
    >>> west, east = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
    >>> line = shapely.LineString([(5, 5), (18, 5)])
    >>> shares = share_lengths(np.array([west, east]), np.array([line]), 1.0)
    >>> shares.metres.tolist()
    [5.0, 8.0]
    """
    single, row = single_lines(lines)
    kept, first, copies = _drawn_once(single)
    area, line, metres, edge, on_edge = _shares(areas, single[kept], band_m)
    # What was drawn again has the same shares again.
    count = np.diff(first)[line]
    entry = np.repeat(np.arange(len(line)), count)
    turn = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count)
    line = copies[first[line[entry]] + turn]
    order = np.lexsort((line, area[entry]))
    entry, line = entry[order], line[order]
    shares = Shares(area[entry], row[line], metres[entry], edge[entry], on_edge[entry])
    return shares if edge_weight == 1 else shares.weighed(edge_weight)


def _drawn_once(single: Shapes) -> tuple[Ints, Ints, Ints]:
    """Lines without those that are the same, where each one's copies begin, and the copies."""
    count = len(single)
    # Alike in length and box, with weights that no two drawings share: copies at most.
    alike = shapely.length(single) + shapely.bounds(single) @ UNEVEN
    if count == 0 or len(np.unique(alike)) > count / 2:
        # Few copies cost less than looking for them.
        every = np.arange(count)
        return every, np.arange(count + 1), every
    keys = np.array(shapely.to_wkb(single), dtype=object)
    _, kept, which = np.unique(keys, return_index=True, return_inverse=True)
    copies = np.argsort(which, kind="stable")
    return kept, np.searchsorted(which[copies], np.arange(len(kept) + 1)), copies


def _shares(
    areas: Shapes, single: Shapes, band_m: float
) -> tuple[Ints, Ints, Floats, Floats, Bools]:
    """The fields of `Shares`, of lines that have one part each."""
    found = trace(areas, single, band_m)
    near, tied, band = found.near, found.tied.copy(), found.band
    length = shapely.length(single)
    area_in, line_in = shapely.STRtree(single).query(areas, predicate="contains_properly")
    whole = ~near[line_in]
    area_in, line_in = area_in[whole], line_in[whole]
    crossing = np.flatnonzero(near & ~tied)
    area_cut, line_cut, metres_cut, edge_cut, unsure = _between(
        areas, single, length, crossing, found.crossings, band
    )
    tied[unsure] = True
    area_tied, line_tied, first, last, share, rim = _shared(areas, single, np.flatnonzero(tied))

    area = np.concatenate([area_in, area_cut, area_tied])
    line = np.concatenate([line_in, line_cut, line_tied])
    metres = np.concatenate([length[line_in], metres_cut, (last - first) * share])
    on_edge = np.concatenate([np.zeros(len(area) - len(rim), dtype=bool), rim])
    edge = np.zeros(len(area))
    if band is not None:
        edge_tied = (band.metres(line_tied, last) - band.metres(line_tied, first)) * share
        edge = np.concatenate([band.metres(line_in, length[line_in]), edge_cut, edge_tied])
    return area, line, metres, edge, on_edge


def pieces_in(areas: Shapes, blocks: Shapes) -> tuple[Ints, Shapes]:
    """The part of every block in every area, in the order of areas, then blocks.

    Parameters
    ----------
    areas, blocks : array of Polygon and MultiPolygon
        Valid, in the same coordinates.

    Returns
    -------
    area : array of int
        Position of the area of each piece.
    pieces : array of shapely geometries
        What of a block lies there; where they only touch, a line or a point.

    Examples
    --------
    >>> area, pieces = pieces_in(
    ...     np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]),
    ...     np.array([shapely.box(8, 0, 15, 2)]),
    ... )
    >>> area.tolist(), shapely.area(pieces).tolist()
    ([0, 1], [4.0, 10.0])
    """
    area_at, _, pieces = cut_blocks(areas, blocks)
    return area_at, pieces


def cut_blocks(areas: Shapes, blocks: Shapes) -> tuple[Ints, Ints, Shapes]:
    """As `pieces_in`, and of which block each piece is.

    Parameters
    ----------
    areas, blocks : array of Polygon and MultiPolygon
        Valid, in the same coordinates.

    Returns
    -------
    area, block : array of int
        Positions of the area and the block of each piece.
    pieces : array of shapely geometries
        What of a block lies there; where they only touch, a line or a point.

    Examples
    --------
    >>> land = np.array([shapely.box(0, 0, 10, 10)])
    >>> _, block, pieces = cut_blocks(land, np.array([shapely.box(8, 0, 15, 2)]))
    >>> block.tolist(), shapely.area(pieces).tolist()
    ([0], [4.0])
    """
    area_at, block_at = shapely.STRtree(blocks).query(areas, predicate="intersects")
    order = np.lexsort((block_at, area_at))
    area_at, block_at = area_at[order], block_at[order]
    pieces = blocks[block_at]
    # Prepared, an area answers for its thousands of blocks at once.
    shapely.prepare(areas)
    cut = ~shapely.covers(areas[area_at], pieces)
    pieces[cut] = shapely.intersection(pieces[cut], areas[area_at[cut]])
    return area_at, block_at, pieces


def areas_in(parts: Shapes, blocks: Shapes) -> Floats:
    """How much of each block lies in any of the parts.

    Parameters
    ----------
    parts : array of Polygon
        Without overlaps (`once`); few and large.
    blocks : array of Polygon
        Many and small: what lies wholly in a part is not cut.

    Returns
    -------
    array of float
        Square metres, one for each block.

    Examples
    --------
    >>> areas_in(np.array([shapely.box(0, 0, 4, 4)]), np.array([shapely.box(3, 0, 5, 1)])).tolist()
    [1.0]
    """
    inside = np.zeros(len(blocks))
    if len(parts) == 0 or len(blocks) == 0:
        return inside
    shapely.prepare(parts)
    block_at, part_at = shapely.STRtree(parts).query(blocks, predicate="intersects")
    whole = shapely.covers(parts[part_at], blocks[block_at])
    area = shapely.area(blocks[block_at])
    cut = ~whole
    area[cut] = shapely.area(shapely.intersection(blocks[block_at[cut]], parts[part_at[cut]]))
    return np.asarray(np.bincount(block_at, area, len(blocks)), dtype=float)


def metres_to(parts: Shapes, blocks: Shapes) -> Floats:
    """How far each block is from the nearest edge of the parts.

    Parameters
    ----------
    parts, blocks : array of Polygon
        None of the blocks lies within a part.

    Returns
    -------
    array of float
        NaN where there is no part.

    Examples
    --------
    >>> metres_to(np.array([shapely.box(0, 0, 4, 4)]), np.array([shapely.box(7, 0, 9, 1)])).tolist()
    [3.0]
    """
    out = np.full(len(blocks), np.nan)
    if len(parts) == 0 or len(blocks) == 0:
        return out
    # Single segments keep the search short where an outline has thousands of them.
    start, end, _ = segments(shapely.boundary(parts))
    pairs, metres = shapely.STRtree(_lines(start, end)).query_nearest(
        blocks, return_distance=True, all_matches=False
    )
    out[pairs[0]] = metres
    return out


def once(blocks: Shapes) -> Shapes:
    """Blocks without overlaps: land drawn twice is there once.

    Parameters
    ----------
    blocks : array of Polygon and MultiPolygon
        Valid; missing and empty ones are left out.

    Returns
    -------
    array of shapely geometries
        Blocks that share more than a sliver are joined; the others stay as they are, and in
        order before the joined ones.

    Examples
    --------
    >>> shapely.area(once(np.array([shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)]))).tolist()
    [3.0]
    """
    return once_rows(blocks)[0]


def once_rows(blocks: Shapes) -> tuple[Shapes, Ints]:
    """As `once`, and of which block each shape is.

    Parameters
    ----------
    blocks : array of Polygon and MultiPolygon
        Valid; missing and empty ones are left out.

    Returns
    -------
    shapes : array of shapely geometries
        Without overlaps.
    row : array of int
        Position of the block; of blocks that were joined, of the first.

    Examples
    --------
    >>> shapes, row = once_rows(np.array([None, shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)]))
    >>> shapely.area(shapes).tolist(), row.tolist()
    ([3.0], [1])
    """
    row = np.flatnonzero(~(shapely.is_missing(blocks) | shapely.is_empty(blocks)))
    blocks = blocks[row]
    if len(blocks) == 0:
        return blocks, row
    tree = shapely.STRtree(blocks)
    left, right = tree.query(blocks, predicate="intersects")
    pair = left < right
    left, right = left[pair], right[pair]
    doubled = shapely.area(shapely.intersection(blocks[left], blocks[right])) > SLIVER_M2
    if not doubled.any():
        return blocks, row
    involved = np.union1d(left[doubled], right[doubled])
    joined = shapely.get_parts(shapely.disjoint_subset_union_all(blocks[involved]))
    held = shapely.point_on_surface(blocks[involved])
    block, part = shapely.STRtree(joined).query(held, predicate="dwithin", distance=SLIVER_M2)
    first = np.full(len(joined), len(row))
    np.minimum.at(first, part, involved[block])
    order = np.argsort(first, kind="stable")
    shapes = np.concatenate([np.delete(blocks, involved), joined[order]])
    return shapes, np.concatenate([np.delete(row, involved), row[first[order]]])


# ---------------------------------------------------------------- lines and borders


def _between(
    areas: Shapes,
    single: Shapes,
    length: Floats,
    chosen: Ints,
    crossings: Crossings,
    band: Band | None,
) -> tuple[Ints, Ints, Floats, Floats, Ints]:
    """Metres of the chosen lines in each area, by where they leave and enter.

    Returns areas, lines, metres, metres in the band, and the lines whose comings and goings do
    not agree with where they begin: those are left to the slower way.
    """
    width = len(single)
    ours = np.zeros(width, dtype=bool)
    ours[chosen] = True
    coords, owner = shapely.get_coordinates(single[chosen], return_index=True)
    begins = coords[np.flatnonzero(np.diff(owner, prepend=-1))]
    if len(begins) == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros(0), np.zeros(0), nothing
    area, at = shapely.STRtree(_points(begins)).query(areas, predicate="contains_properly")
    inside = area * width + chosen[np.unique(owner)][at]
    taken = ours[crossings.line]
    events = crossings.area[taken] * width + crossings.line[taken]
    enters, position = crossings.enters[taken], crossings.position[taken]
    keys, group = np.unique(np.concatenate([inside, events]), return_inverse=True)
    starts, moves = group[: len(inside)], group[len(inside) :]
    count = len(keys)
    ends_inside = (
        np.bincount(starts, minlength=count)
        + np.bincount(moves[enters], minlength=count)
        - np.bincount(moves[~enters], minlength=count)
    )
    line = keys % width

    def between(begin: Floats, whole: Floats) -> Floats:
        """Out less in, and the rest of the line where it ends inside."""
        out = np.bincount(moves[~enters], begin[~enters], count)
        return out - np.bincount(moves[enters], begin[enters], count) + ends_inside * whole

    metres = between(position, length[line])
    edge = np.zeros(count)
    if band is not None:
        edge = between(band.metres(line[moves], position), band.metres(line, length[line]))
    wrong = ~np.isin(ends_inside, (0, 1)) | (metres < 0)
    unsure = np.unique(line[wrong])
    sure = ~np.isin(line, unsure) & (metres > 0)
    return keys[sure] // width, line[sure], metres[sure], edge[sure], unsure


def _shared(
    areas: Shapes, single: Shapes, tied: Ints
) -> tuple[Ints, Ints, Floats, Floats, Floats, Bools]:
    """Cut the tied lines wherever they could leave a border, and share the pieces.

    Returns areas, lines, from where to where on the line each piece goes, its share, and whether
    it lies on the outer edge.

    Straight segments are cut, not whole lines: a line that passes a place twice has two
    positions there, and only one would be found.
    """
    start, end, line = segments(single, tied)
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
    length = np.hypot(*(end - start).T)
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
    share, rim = _border_share(areas, edge_area, edge_piece, centre, across)
    area = np.concatenate([edge_area, full_area])
    piece = np.concatenate([edge_piece, full_piece])
    share = np.concatenate([share, np.ones(len(full_piece))])
    rim = np.concatenate([rim, np.zeros(len(full_piece), dtype=bool)])
    begin = along(length, line)[owner]
    on_line = begin + share_from * length[owner], begin + share_to * length[owner]
    return area, line[owner[piece]], on_line[0][piece], on_line[1][piece], share, rim


def _border_share(
    areas: Shapes, area: Ints, piece: Ints, centre: Floats, across: Floats
) -> tuple[Floats, Bools]:
    """Half to an area that has another across the road, the whole to one that has none.

    Returns the shares, and whether the piece is on the outer edge: nobody across.

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
    # An area on both sides of the road has it inside, whatever thin slit lies between.
    return out, ~opposite & ~(left & right) & ~sliver


def _without(pairs: NDArray[np.int64], known: tuple[Ints, Ints], width: int) -> tuple[Ints, Ints]:
    """The pairs that are not among the known ones, in a fixed order."""
    key = np.setdiff1d(pairs[0] * width + pairs[1], known[0] * width + known[1])
    return key // max(width, 1), key % max(width, 1)


def _points(coords: Floats) -> Shapes:
    return np.atleast_1d(np.asarray(shapely.points(coords), dtype=object))


def _lines(start: Floats, end: Floats) -> Shapes:
    return np.atleast_1d(np.asarray(shapely.linestrings(np.stack([start, end], axis=1))))
