"""Which piece of demand is reached by which park, and how much of it.

The one table behind all questions of single parks: what a park serves, what it alone serves, and
what changes when parks come and go one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.cutting import SLIVER_M2
from deqing_geo.radii import land_within, union_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.coverage.basis import Demand

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Shapes = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pieces of demand and the parts that reach them, in the order of pieces.

    Attributes
    ----------
    demand : Demand
        The pieces.
    piece, part : array of int
        Positions of a piece and of a part that reaches it.
    whole : array of bool
        Whether it reaches all of the piece.
    clip : array of shapely geometries
        What of the piece it reaches.
    """

    demand: Demand
    piece: Ints
    part: Ints
    whole: Flags
    clip: Shapes

    def served(self, active: Flags, pieces: Ints) -> Floats:
        """How much of some pieces is in reach of the parts that are active.

        Parameters
        ----------
        active : array of bool
            One a part.
        pieces : array of int
            Positions, ascending.

        Returns
        -------
        array of float
            One a piece asked for.
        """
        out = np.zeros(len(pieces))
        at, of = self._of(pieces)
        used = active[self.part[at]]
        at, of = at[used], of[used]
        whole = np.zeros(len(pieces), dtype=bool)
        whole[of[self.whole[at]]] = True
        out[whole] = self.demand.needs[pieces[whole]]
        rest = ~whole[of]
        owner, union = union_by(self.clip[at[rest]], of[rest])
        out[owner] = self.demand.amounts(union, pieces[owner])
        return out

    def touched(self, parts: Ints) -> Ints:
        """The pieces that any of these parts reach, ascending.

        Parameters
        ----------
        parts : array of int
            Positions.

        Returns
        -------
        array of int
            Positions, each once.
        """
        return np.unique(self.piece[np.isin(self.part, parts)])

    def _of(self, pieces: Ints) -> tuple[Ints, Ints]:
        """The rows of this table that hold these pieces, and which of them each holds."""
        begin = np.searchsorted(self.piece, pieces)
        count = np.searchsorted(self.piece, pieces, side="right") - begin
        of = np.repeat(np.arange(len(pieces)), count)
        step = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
        return begin[of] + step, of


def pairs_of(demand: Demand, parts: Shapes, reach: Floats) -> Pairs:
    """Which piece of demand is reached by which part, and how much of it.

    Parameters
    ----------
    demand : Demand
        Pieces of land, or points.
    parts : array of shapely geometries
        What serves.
    reach : array of float
        How far, metres.

    Returns
    -------
    Pairs
        In the order of pieces, then parts.
    """
    pieces = demand.pieces
    tree = shapely.STRtree(pieces)
    if len(pieces) == 0 or len(parts) == 0:
        part = piece = np.zeros(0, dtype=np.int64)
        whole, clip = np.zeros(0, dtype=bool), np.zeros(0, dtype=object)
    elif demand.as_points:
        part, piece = tree.query(parts, predicate="dwithin", distance=reach)
        whole, clip = np.ones(len(part), dtype=bool), pieces[piece]
    else:
        discs = land_within(parts, reach)
        shapely.prepare(discs)
        part, piece = tree.query(discs)
        whole = shapely.covers(discs[part], pieces[piece])
        clip = pieces[piece]
        clip[~whole] = shapely.intersection(clip[~whole], discs[part[~whole]])
        kept = whole | (shapely.area(clip) > SLIVER_M2)
        part, piece, whole, clip = part[kept], piece[kept], whole[kept], clip[kept]
    order = np.lexsort((part, piece))
    return Pairs(demand, piece[order], part[order], whole[order], clip[order])


def alone(pairs: Pairs) -> tuple[Ints, Ints, Shapes]:
    """What only one part reaches.

    Parameters
    ----------
    pairs : Pairs
        Of all parts that serve.

    Returns
    -------
    piece, part : array of int
        Positions.
    shapes : array of shapely geometries
        What of the piece no other part reaches; some are empty.
    """
    count = len(pairs.demand.needs)
    covered = np.bincount(pairs.piece[pairs.whole], minlength=count)
    # What two reach whole, nobody reaches alone; where one does, it alone can.
    asked = (covered[pairs.piece] == 0) | ((covered[pairs.piece] == 1) & pairs.whole)
    at = np.flatnonzero(asked)
    mine = pairs.clip[at]
    begin = np.searchsorted(pairs.piece, pairs.piece[at])
    others = np.searchsorted(pairs.piece, pairs.piece[at], side="right") - begin - 1
    for size in np.unique(others[others > 0]):
        some = np.flatnonzero(others == size)
        # All rows of the piece but one's own: from one's own place on, the next.
        step = np.arange(size)[None, :] + begin[some][:, None]
        step += step >= at[some][:, None]
        rest = shapely.union_all(pairs.clip[step], axis=1)
        mine[some] = shapely.difference(mine[some], rest)
    return pairs.piece[at], pairs.part[at], mine
