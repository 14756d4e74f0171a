"""What is left to serve, in pieces, and how much of each a candidate would serve.

Shares are areas of real overlays, not counts of sample points, so they hold for pieces of any
size. Where two chosen candidates each reach a part of one piece, the sum of shares may count
land twice; `split` then cuts that piece along their edges, and the sum is true for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.ellipsoid import M2_PER_HA, ellipsoidal_area
from deqing_geo.errors import InputError
from deqing_geo.radii import only_land, split_by
from deqing_geo.siting.covering import Instance, instance_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

# Large blocks are cut into cells of this share of the smallest radius: finer cells prove more
# with fewer rounds, coarser ones are quicker.
CELL_SHARE = 1 / 3
# Shares nearer to nothing and to the whole than this are rounding of an overlay.
ROUNDING = 1e-7
# More pairs than these would fill a small machine: 20 bytes each, several times over.
MOST_PAIRS = 6_000_000
# Overlays made in one go, to keep memory flat.
CUTS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """Pieces of land not served, and who would serve how much of them.

    Attributes
    ----------
    shapes : array of Polygon and MultiPolygon
        The pieces.
    worth : array of float
        What each counts for: hectares, or the planner's own weight.
    rate : array of float
        Worth per hectare.
    reach : array of Polygon and MultiPolygon
        The land within reach of each candidate.
    candidate, piece : array of int
        One entry per pair that meets.
    share : array of float
        How much of the piece is in reach, in (0, 1].
    crs : Any
        Of all shapes.
    """

    shapes: Shapes
    worth: Floats
    rate: Floats
    reach: Shapes
    candidate: Ints
    piece: Ints
    share: Floats
    crs: Any

    def instance(self) -> Instance:
        """The arithmetic of it, as small as can be."""
        return instance_of(self.candidate, self.piece, self.share, self.worth, len(self.reach))

    def split(self, chosen: Sequence[int]) -> tuple[Demand, Ints]:
        """Pieces of which several chosen candidates reach a part, cut along those edges.

        Parameters
        ----------
        chosen : sequence of int
            Candidates.

        Returns
        -------
        demand : Demand
            In which the sum of shares of the chosen is what they serve together.
        source : array of int
            The piece each piece was part of.
        """
        ours = np.isin(self.candidate, np.asarray(chosen, dtype=np.int64))
        whole = np.zeros(len(self.shapes), dtype=bool)
        whole[self.piece[ours & (self.share >= 1.0)]] = True
        partly = ours & ~whole[self.piece]
        several = np.bincount(self.piece[partly], minlength=len(self.shapes)) > 1
        source = np.arange(len(self.shapes))
        if not several.any():
            return self, source
        pair = np.flatnonzero(partly & several[self.piece])
        pair = pair[np.lexsort((self.candidate[pair], self.piece[pair]))]
        old = np.flatnonzero(several)
        shapes, owner = self.shapes[old], old
        # The first edge of every piece at once, then the second ...
        turn = np.arange(len(pair)) - np.searchsorted(self.piece[pair], self.piece[pair])
        for at in range(int(turn.max()) + 1):
            now = pair[turn == at]
            edge = dict(zip(self.piece[now].tolist(), self.candidate[now].tolist(), strict=True))
            cut = np.array([edge.get(one, -1) for one in owner.tolist()])
            hit = cut >= 0
            by = self.reach[cut[hit]]
            within = shapely.intersection(shapes[hit], by)
            beyond = shapely.difference(shapes[hit], by)
            owner, shapes = only_land(
                np.concatenate([owner[~hit], owner[hit], owner[hit]]),
                np.concatenate([shapes[~hit], within, beyond]),
            )
        stay = ~several
        kept = stay[self.piece]
        candidate, piece, share = pairs_of(shapes, self.reach)
        number = np.cumsum(stay) - 1
        source = np.concatenate([source[stay], owner])
        ha = ellipsoidal_area(shapes, self.crs) / M2_PER_HA
        return (
            replace(
                self,
                shapes=np.concatenate([self.shapes[stay], shapes]),
                worth=np.concatenate([self.worth[stay], ha * self.rate[owner]]),
                rate=self.rate[source],
                candidate=np.concatenate([self.candidate[kept], candidate]),
                piece=np.concatenate([number[self.piece[kept]], piece + int(stay.sum())]),
                share=np.concatenate([self.share[kept], share]),
            ),
            source,
        )


def demand_of(gaps: Shapes, rate: Floats, reach: Shapes, cell_m: float, crs: Any) -> Demand:
    """Gaps as pieces, and who would serve them.

    Parameters
    ----------
    gaps : array of Polygon and MultiPolygon
        Land not served.
    rate : array of float
        What a hectare of each counts for.
    reach : array of Polygon and MultiPolygon
        The land within reach of each candidate.
    cell_m : float
        Gaps wider or higher than this are cut along a grid of it.
    crs : Any
        Of all shapes.

    Returns
    -------
    Demand
        Without what no candidate reaches.

    Raises
    ------
    InputError
        If the pairs would not fit into memory.
    """
    near = np.unique(shapely.STRtree(gaps).query(reach, predicate="intersects")[1])
    owner, shapes = _cells(gaps[near], cell_m)
    owner = near[owner]
    # The same pieces in the same order, however the rows were shuffled.
    box = shapely.bounds(shapes).reshape(-1, 4)
    order = np.lexsort((shapely.area(shapes), box[:, 3], box[:, 2], box[:, 1], box[:, 0]))
    owner, shapes = owner[order], shapes[order]
    candidate, piece, share = pairs_of(shapes, reach)
    ha = ellipsoidal_area(shapes, crs) / M2_PER_HA
    return Demand(shapes, ha * rate[owner], rate[owner], reach, candidate, piece, share, crs)


def pairs_of(pieces: Shapes, reach: Shapes) -> tuple[Ints, Ints, Floats]:
    """Candidates and pieces that meet, and how much of the piece is in reach.

    Parameters
    ----------
    pieces, reach : array of Polygon and MultiPolygon
        In the same coordinates.

    Returns
    -------
    candidate, piece : array of int
        Pairs.
    share : array of float
        In (0, 1].

    Raises
    ------
    InputError
        If there are more than `MOST_PAIRS`.

    Examples
    --------
    >>> block = np.array([shapely.box(0, 0, 4, 1), shapely.box(9, 0, 10, 1)])
    >>> [found.tolist() for found in pairs_of(block, np.array([shapely.box(0, 0, 3, 3)]))]
    [[0], [0], [0.75]]
    """
    none = np.zeros(0, dtype=np.int64)
    if len(pieces) == 0 or len(reach) == 0:
        return none, none, np.zeros(0)
    tree = shapely.STRtree(pieces)
    candidate, piece = tree.query(reach, predicate="intersects")
    if len(candidate) > MOST_PAIRS:
        raise InputError(
            f"{len(reach)} candidates and {len(pieces)} pieces make {len(candidate)} pairs, "
            f"more than {MOST_PAIRS}. Give fewer candidates, a wider grid_m, or one town at a time."
        )
    inner = tree.query(reach, predicate="covers")
    wide = len(pieces)
    whole = np.isin(candidate * wide + piece, inner[0] * wide + inner[1])
    share = np.ones(len(candidate))
    cut = np.flatnonzero(~whole)
    for some in np.array_split(cut, len(cut) // CUTS_AT_ONCE + 1):
        common = shapely.intersection(pieces[piece[some]], reach[candidate[some]])
        share[some] = shapely.area(common) / shapely.area(pieces[piece[some]])
    share[share >= 1.0 - ROUNDING] = 1.0
    kept = share > ROUNDING
    candidate, piece, share = candidate[kept], piece[kept], share[kept]
    order = np.lexsort((piece, candidate))
    return candidate[order], piece[order], share[order]


def served_in_turn(gaps: Shapes, reach: Shapes) -> tuple[list[tuple[Ints, Shapes]], Shapes]:
    """What each of some candidates serves that those before it left.

    Parameters
    ----------
    gaps : array of Polygon and MultiPolygon
        Land not served.
    reach : array of Polygon and MultiPolygon
        In the order the parks would be built.

    Returns
    -------
    served : list of (array of int, array of shapely geometries)
        For each, the gaps it serves something of, and what.
    left : array of shapely geometries
        What remains of each gap; empty where nothing does.
    """
    left = gaps.copy()
    box = shapely.bounds(gaps).reshape(-1, 4)
    out = []
    for one in reach:
        west, south, east, north = shapely.bounds(one)
        near = np.flatnonzero(
            (box[:, 0] <= east) & (box[:, 2] >= west) & (box[:, 1] <= north) & (box[:, 3] >= south)
        )
        within, beyond = split_by(left[near], shapely.get_parts(one))
        left[near] = beyond
        out.append(only_land(near, within))
    return out, left


def _cells(blocks: Shapes, cell_m: float) -> tuple[Ints, Shapes]:
    """Blocks, the large ones cut along the lines of a grid that begins at 0."""
    owner = np.arange(len(blocks))
    if len(blocks) == 0:
        return owner, blocks
    box = shapely.bounds(blocks)
    low, high = np.floor(box[:, :2] / cell_m), np.ceil(box[:, 2:] / cell_m)
    large = np.asarray((box[:, 2:] - box[:, :2] > cell_m).any(axis=1))
    wide = np.where(large[:, None], np.maximum(high - low, 1), 1).astype(np.int64)
    count = wide.prod(axis=1)
    # Few blocks are large, but a large one has many cells.
    member = np.repeat(owner[large], count[large])
    first = np.cumsum(count[large]) - count[large]
    at = np.arange(len(member)) - np.repeat(first, count[large])
    column, row = at % wide[member, 0], at // wide[member, 0]
    x, y = (low[member, 0] + column) * cell_m, (low[member, 1] + row) * cell_m
    shapely.prepare(blocks[large])
    cell: Shapes = np.asarray(shapely.box(x, y, x + cell_m, y + cell_m), dtype=object)
    meets = np.flatnonzero(np.asarray(shapely.intersects(blocks[member], cell)))
    member, cell = member[meets], cell[meets]
    parts = shapely.intersection(blocks[member], cell)
    return only_land(
        np.concatenate([owner[~large], member]), np.concatenate([blocks[~large], parts])
    )
