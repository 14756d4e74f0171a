"""The towns of the schematic county: a warped grid of streets each, blocks between them.

A settlement is a lattice of square blocks, turned, bent by slow waves and cut to an uneven
shape. Streets run on its lines, so they meet by construction; blocks hold homes and parks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from deqing_geo.sample.ground import Grid

BLOCK = 250.0  # metres from street to street: 8 km of streets on a square kilometre
STEP = BLOCK / 2
BEND = 20.0  # metres a line leaves its straight course
# How far above its seat a town climbs, metres.
CLIMB = 40.0

# What a street becomes: built, under construction, only planned, none at all.
CHANCES = {
    "expressway": (1.0, 1.0, 1.0),
    "arterial": (0.985, 1.0, 1.0),
    "subarterial": (0.93, 0.96, 1.0),
    "branch": (0.76, 0.82, 0.93),
    "edge": (0.55, 0.58, 0.70),
}
USES = ("residential", "village", "commercial", "public", "industrial", "vacant")
SHARES = {
    "centre": (0.52, 0.06, 0.14, 0.12, 0.06, 0.10),
    "works": (0.20, 0.04, 0.08, 0.08, 0.46, 0.14),
    "town": (0.36, 0.22, 0.10, 0.10, 0.08, 0.14),
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a settlement is planned.

    Attributes
    ----------
    name : str
        Of the settlement.
    x, y : float
        Its middle, metres.
    turn : float
        Degrees from east to its first axis.
    across, along : int
        Blocks.
    rank : str
        ``county``, ``large`` or ``town``.
    towns : tuple of str
        Codes of the towns whose seats it holds.
    """

    name: str
    x: float
    y: float
    turn: float
    across: int
    along: int
    rank: str
    towns: tuple[str, ...]


# The county seat reaches over two towns: its southern blocks are one 组团, its northern
# blocks another, with an arterial road between them.
SITES = (
    Site("武康", 497_500, 3_383_300, -18.0, 14, 34, "county", ("330521001", "330521003")),
    Site("乾元", 508_200, 3_381_300, 9.0, 12, 10, "county", ("330521101",)),
    Site("新市", 526_400, 3_388_700, 24.0, 9, 8, "large", ("330521102",)),
    Site("舞阳", 492_800, 3_376_100, -31.0, 6, 5, "town", ("330521002",)),
    Site("下渚湖", 502_900, 3_373_900, 14.0, 5, 5, "town", ("330521004",)),
    Site("康乾", 503_400, 3_381_100, -12.0, 5, 5, "town", ("330521005",)),
    Site("洛舍", 508_000, 3_390_700, 38.0, 4, 5, "town", ("330521103",)),
    Site("钟管", 516_800, 3_391_100, -7.0, 6, 5, "town", ("330521104",)),
    Site("雷甸", 513_400, 3_378_000, 19.0, 6, 6, "town", ("330521110",)),
    Site("禹越", 525_100, 3_377_500, -26.0, 5, 4, "town", ("330521113",)),
    Site("新安", 520_300, 3_380_000, 33.0, 5, 4, "town", ("330521114",)),
    Site("莫干山", 487_500, 3_385_500, -40.0, 4, 3, "town", ("330521115",)),
)
SPLIT = 17  # rows of blocks south of the border between the two 组团 of 武康
GROUPS = ("武康组团", "高新区组团", "乾元组团")


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """The nodes of one settlement, two steps to a block.

    Attributes
    ----------
    site : Site
        Where.
    nodes : ndarray of shape (2 across + 1, 2 along + 1, 2)
        Metres, whole millimetres.
    built : ndarray of bool, shape (across, along)
        The blocks of the town.
    """

    site: Site
    nodes: NDArray[np.float64]
    built: NDArray[np.bool_]

    def at(self, p: Any, q: Any) -> NDArray[np.float64]:
        """Places between the nodes, counted in steps; outside they go on straight.

        Parameters
        ----------
        p, q : array-like
            Steps across and along.

        Returns
        -------
        ndarray of shape (N, 2)
            Metres, whole millimetres.
        """
        p, q = (np.atleast_1d(np.asarray(one, dtype=float)) for one in (p, q))
        i = np.clip(np.floor(p).astype(int), 0, self.nodes.shape[0] - 2)
        j = np.clip(np.floor(q).astype(int), 0, self.nodes.shape[1] - 2)
        s, t = (p - i)[:, None], (q - j)[:, None]
        near = self.nodes[i, j] * (1 - s) + self.nodes[i + 1, j] * s
        far = self.nodes[i, j + 1] * (1 - s) + self.nodes[i + 1, j + 1] * s
        return np.asarray(np.round(near * (1 - t) + far * t, 3))

    def patch(self, p0: Any, q0: Any, p1: Any, q1: Any) -> NDArray[Any]:
        """Polygons between two lines across and two along, bent with the streets.

        Parameters
        ----------
        p0, q0, p1, q1 : array-like of shape (N,)
            Steps.

        Returns
        -------
        ndarray of shape (N,)
            Polygons of eight corners.
        """
        p0, q0, p1, q1 = (np.atleast_1d(np.asarray(one, dtype=float)) for one in (p0, q0, p1, q1))
        pm, qm = (p0 + p1) / 2, (q0 + q1) / 2
        ring = [(p0, q0), (pm, q0), (p1, q0), (p1, qm), (p1, q1), (pm, q1), (p0, q1), (p0, qm)]
        across, along = np.broadcast_arrays(
            np.stack([p for p, _ in ring], axis=1), np.stack([q for _, q in ring], axis=1)
        )
        corners = self.at(across.ravel(), along.ravel()).reshape(*across.shape, 2)
        return np.asarray(shapely.polygons(corners))

    def blocks(self) -> NDArray[Any]:
        """The blocks of the town with their half streets; neighbours share their vertices."""
        i, j = np.nonzero(self.built)
        return self.patch(2 * i, 2 * j, 2 * i + 2, 2 * j + 2)


def lay_out(
    random: np.random.Generator,
    grid: Grid,
    inside: NDArray[np.bool_],
    heights: NDArray[np.float64],
) -> list[Lattice]:
    """The lattices of all settlements, cut to what the ground allows.

    Parameters
    ----------
    random : Generator
        The source of chance.
    grid : Grid
        Of the county.
    inside : ndarray of bool, shape of the grid
        The county.
    heights : ndarray, shape of the grid
        Metres.

    Returns
    -------
    list of Lattice
        One for every entry of `SITES`; their blocks do not overlap.
    """
    room = ndimage.binary_erosion(inside, iterations=3)
    out: list[Lattice] = []
    for site in SITES:
        nodes = _nodes(random, site)
        middle = nodes[1::2, 1::2]
        column = ((middle[..., 0] - grid.x0) // 150).astype(int)
        row = ((middle[..., 1] - grid.y0) // 150).astype(int)
        high = heights[row, column]
        low_ground = high <= heights[grid.cell(site.x, site.y)] + CLIMB
        if site.rank == "county":
            # The largest towns stand where there is room; the ground is levelled to them.
            low_ground = np.ones_like(low_ground)
        wanted = _blob(random, site) & room[row, column]
        built = wanted & low_ground
        pieces, count = ndimage.label(built)
        if count == 0:
            # A valley too narrow: a town stands there all the same.
            pieces, _ = ndimage.label(wanted)
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        built = ndimage.binary_fill_holes(pieces == sizes.argmax()) & room[row, column]
        lattice = Lattice(site, nodes, built)
        if out:
            towns = [shapely.coverage_union_all(one.blocks()) for one in out]
            taken = shapely.buffer(shapely.union_all(towns), 300)
            shapely.prepare(taken)
            i, j = np.nonzero(built)
            built[i, j] = ~shapely.intersects(taken, lattice.blocks())
        out.append(lattice)
    return out


def _nodes(random: np.random.Generator, site: Site) -> NDArray[np.float64]:
    p, q = np.meshgrid(
        np.arange(2 * site.across + 1.0) - site.across,
        np.arange(2 * site.along + 1.0) - site.along,
        indexing="ij",
    )
    x, y = p * STEP, q * STEP
    bent_x, bent_y = x.copy(), y.copy()
    for wave in (1400.0, 2300.0, 3700.0):
        heading, phase, other = random.random(3) * 2 * np.pi
        along = (x * np.cos(heading) + y * np.sin(heading)) * 2 * np.pi / wave
        bent_x += BEND * wave / 2300 * np.sin(along + phase)
        bent_y += BEND * wave / 2300 * np.sin(along + other)
    turn = np.radians(site.turn)
    east = site.x + bent_x * np.cos(turn) - bent_y * np.sin(turn)
    north = site.y + bent_x * np.sin(turn) + bent_y * np.cos(turn)
    return np.round(np.stack([east, north], axis=-1), 3)


def _blob(random: np.random.Generator, site: Site) -> NDArray[np.bool_]:
    """Blocks within an uneven oval."""
    a = (np.arange(site.across) + 0.5) / site.across * 2 - 1
    b = (np.arange(site.along) + 0.5) / site.along * 2 - 1
    noise = ndimage.gaussian_filter(random.random((site.across + 8, site.along + 8)) - 0.5, 1.2)
    noise = noise[4:-4, 4:-4] / 0.12
    far = (np.abs(a[:, None]) ** 3 + np.abs(b[None]) ** 3) ** (1 / 3)
    return np.asarray(np.round(far + 0.16 * noise, 6) < 0.95)


# ---------------------------------------------------------------- streets


@dataclass(frozen=True, slots=True, eq=False)
class Streets:
    """Street by street, from crossing to crossing.

    Attributes
    ----------
    lines : ndarray of shape (N,)
        LineStrings, metres.
    classes, states, names : ndarray of shape (N,)
        Words of ``road_class`` and ``road_status``; a name or None.
    groups : ndarray of shape (N,)
        Index of the settlement in `SITES`.
    """

    lines: NDArray[Any]
    classes: NDArray[Any]
    states: NDArray[Any]
    names: NDArray[Any]
    groups: NDArray[np.intp]


def class_of_line(site: Site, direction: int, at: int) -> str:
    """The class of a street by its place in the lattice.

    Parameters
    ----------
    site : Site
        The settlement.
    direction : int
        0 for lines that run along, 1 for lines that run across.
    at : int
        Which line, in blocks.

    Returns
    -------
    str
        A word of ``road_class``.
    """
    middle = (site.across, site.along)[direction] // 2
    away = at - middle
    if site.rank == "county":
        if site.name == "武康" and direction == 0 and away == -4:
            return "expressway"
        if direction == 1 and site.name == "武康" and at == SPLIT:
            return "arterial"
        if away % 4 == 0:
            return "arterial"
        return "subarterial" if away % 2 == 0 else "branch"
    if site.rank == "large":
        return "arterial" if away == 0 else "subarterial" if away % 3 == 0 else "branch"
    return "subarterial" if away == 0 else "branch"


FIRST, SECOND = "云锦松兰梅桂枫柏荷莲苇萍鹭鹤霞晴岚溪汀芦", "山泉湖林亭桥台圃洲涧岭原塘屿"


def streets(
    random: np.random.Generator, lattices: list[Lattice], closed: list[NDArray[np.bool_]]
) -> Streets:
    """The streets between the blocks, and the lanes into them.

    Parameters
    ----------
    random : Generator
        The source of chance.
    lattices : list of Lattice
        Of `lay_out`.
    closed : list of ndarray of bool, shape (across, along)
        For each lattice the blocks that belong to large parks: no street runs between two
        of them and no lane into them.

    Returns
    -------
    Streets
        Lines that meet end to end.
    """
    lines: list[Any] = []
    rows: list[tuple[str, str, str | None, int]] = []
    names = _names(random)
    for group, (lattice, shut) in enumerate(zip(lattices, closed, strict=True)):
        sides = _sides(random, lattice, shut, names)
        lanes = _lanes(random, lattice.built & ~shut)
        places = np.array(list(sides))
        depths = [
            lanes.get(side, 0.0) if state == "built" else 0.0
            for side, (_, state, _) in sides.items()
        ]
        ends = _beside(lattice, places, np.zeros(3), np.arange(3))
        # A lane leaves its street in the middle, towards one of the blocks beside it.
        deep = np.stack([np.zeros(len(depths)), depths], axis=1)
        ways = _beside(lattice, places, deep, np.ones(2))
        for side, way, depth, (word, state, name) in zip(
            ends, ways, depths, sides.values(), strict=True
        ):
            for part in (side[:2], side[1:]) if depth else (side,):
                lines.append(shapely.linestrings(part))
                rows.append((word, state, name, group))
            if depth:
                lines.append(shapely.linestrings(way))
                rows.append(("estate", "built", None, group))
    return Streets(
        lines=np.array(lines, dtype=object),
        classes=np.array([row[0] for row in rows], dtype=object),
        states=np.array([row[1] for row in rows], dtype=object),
        names=np.array([row[2] for row in rows], dtype=object),
        groups=np.array([row[3] for row in rows]),
    )


def _sides(
    random: np.random.Generator, lattice: Lattice, shut: NDArray[np.bool_], names: Iterator[str]
) -> dict[tuple[int, int, int], tuple[str, str, str]]:
    """Streets by direction, line and stretch: class, state and name."""
    site = lattice.site
    framed, parks = np.pad(lattice.built, 1), np.pad(shut, 1)
    out: dict[tuple[int, int, int], tuple[str, str, str]] = {}
    for direction in (0, 1):
        count, other = (site.across, site.along)[:: 1 - 2 * direction]
        for at in range(count + 1):
            word = class_of_line(site, direction, at)
            name = next(names) + ("大道" if word in ("expressway", "arterial") else "路")
            chance = np.round(random.random(other), 6)
            for along in range(other):
                # The blocks on both sides of this stretch, counted from the frame.
                before, after = (at, along + 1), (at + 1, along + 1)
                if direction == 1:
                    before, after = before[::-1], after[::-1]
                if not (framed[before] or framed[after]) or (parks[before] and parks[after]):
                    continue
                outer = word == "branch" and not (framed[before] and framed[after])
                state = _state(chance[along], "edge" if outer else word)
                if state is not None:
                    out[direction, at, along] = word, state, name
    return out


def _state(chance: float, word: str) -> str | None:
    built, building, planned = CHANCES[word]
    if chance < built:
        return "built"
    if chance < building:
        return "building"
    return "planned" if chance < planned else None


def _lanes(
    random: np.random.Generator, built: NDArray[np.bool_]
) -> dict[tuple[int, int, int], float]:
    """Lanes into blocks: the side they start from, and how many steps they go.

    Two of a block meet in its middle and make a way through; one alone is a cul-de-sac.
    """
    out: dict[tuple[int, int, int], float] = {}
    for i, j in np.argwhere(built).tolist():
        kind = random.random()
        first = int(random.integers(4))
        sides = {0: (0, i, j), 1: (0, i + 1, j), 2: (1, j, i), 3: (1, j + 1, i)}
        chosen = [] if kind < 0.25 else [first] if kind < 0.6 else [first, first ^ 1]
        for side in chosen:
            key = sides[side]
            # Negative: towards the smaller index.
            if key not in out:
                out[key] = 1.0 if side in (0, 2) else -1.0
    return out


def _beside(
    lattice: Lattice, sides: NDArray[np.intp], across: Any, along: Any
) -> NDArray[np.float64]:
    """Places by steps across and along each side of a block, shape (sides, steps, 2)."""
    p, q = np.broadcast_arrays(2 * sides[:, 1:2] + across, 2 * sides[:, 2:] + along)
    turned = sides[:, :1] == 1
    places = lattice.at(np.where(turned, q, p).ravel(), np.where(turned, p, q).ravel())
    return places.reshape(*p.shape, 2)


def _names(random: np.random.Generator) -> Iterator[str]:
    pairs = [a + b for a in FIRST for b in SECOND]
    order = random.permutation(len(pairs))
    while True:
        for at in order:
            yield pairs[at]


# ---------------------------------------------------------------- blocks


def uses(random: np.random.Generator, lattice: Lattice) -> NDArray[Any]:
    """What each block is used for.

    Parameters
    ----------
    random : Generator
        The source of chance.
    lattice : Lattice
        The settlement.

    Returns
    -------
    ndarray of str, shape (across, along)
        Words of `USES`, empty outside the town.
    """
    chance = np.round(random.random(lattice.built.shape), 6)
    out = np.full(lattice.built.shape, "", dtype=object)
    for i, j in np.argwhere(lattice.built).tolist():
        kind = "centre" if lattice.site.rank == "county" else "town"
        if lattice.site.name == "武康" and j >= SPLIT:
            kind = "works"
        limits = np.cumsum(SHARES[kind])
        out[i, j] = USES[min(int(np.searchsorted(limits, chance[i, j])), len(USES) - 1)]
    return out


def zone_of(lattice: Lattice) -> NDArray[Any]:
    """To which 组团 the blocks of the county seat belong.

    Parameters
    ----------
    lattice : Lattice
        Of the county seat.

    Returns
    -------
    ndarray of shape (blocks,)
        Index in `GROUPS`, in the order of `Lattice.blocks`.
    """
    _, j = np.nonzero(lattice.built)
    if lattice.site.name == "武康":
        return np.where(j < SPLIT, 0, 1)
    return np.full(len(j), 2)
