"""Parks and homes of the schematic county: whole blocks, quarters of blocks, hamlets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo.sample import CRS
from deqing_geo.sample.settlements import FIRST, GROUPS, SECOND, Lattice, uses, zone_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.sample.nature import Nature
    from deqing_geo.sample.network import Country
    from deqing_geo.sample.tiling import Tiling

EDGE = 0.16  # from the middle of a street to the plots beside it, in steps of the lattice
# Areas of pocket parks, m2: on both sides of every size a published definition names.
POCKETS = (320, 390, 410, 800, 1_400, 1_950, 2_050, 3_200, 4_900, 5_100, 9_600)
# People on a hectare of homes, and to a household: of this made-up county.
PEOPLE_PER_HA = {"urban_residential": 330.0, "homestead": 72.0, "community_service": 0.0}
HOUSEHOLD = 2.9
CODES = {
    "G11": ("0810", "1401"),
    "G12": ("0810", "1401"),
    "G13": ("0810", "1401"),
    "G14": ("0810", "1401"),
    "G2": ("0810", "1402"),
    "G3": ("0810", "1403"),
    "XG": ("0701", "070102"),
    "EG": ("0301", "0301"),
}
HOME_CODES = {
    "urban_residential": ("0701", "070102"),
    "community_service": ("08H2", "0702"),
    "homestead": ("0702", "070301"),
}
ENDS = {"G11": "公园", "G12": "社区公园", "G13": "植物园", "G14": "游园", "G2": "防护林带",
        "G3": "广场", "XG": "小区绿地", "EG": "郊野公园"}  # fmt: skip
BUILDING, PLANNED = 5, 6  # parks not yet open
TODAY_PARK = "2025-12-18"  # the day the park finished this month opened


def large_parks(random: np.random.Generator, lattices: list[Lattice]) -> list[list[list[int]]]:
    """Blocks given whole to parks, before streets are drawn.

    Parameters
    ----------
    random : Generator
        The source of chance.
    lattices : list of Lattice
        The towns.

    Returns
    -------
    list of list of [i, j, across, along]
        For each lattice its rectangles of blocks, all within the town.
    """
    out: list[list[list[int]]] = []
    for lattice in lattices:
        rank = lattice.site.rank
        sizes = {"county": [(2, 2), (1, 2), (2, 1), (1, 1), (1, 1)], "large": [(1, 2), (1, 1)]}
        if lattice.site.name == "武康":
            sizes["county"] = [(3, 3), (2, 3), (2, 2), (2, 1), (1, 2), *[(1, 1)] * 5]
        free = lattice.built.copy()
        found: list[list[int]] = []
        for across, along in sizes.get(rank, [(1, 1)]):
            able = []
            for i, j in np.argwhere(free).tolist():
                if i + across > free.shape[0] or j + along > free.shape[1]:
                    continue
                if free[i : i + across, j : j + along].all():
                    able.append((i, j))
            if not able:
                continue
            i, j = able[int(random.integers(len(able)))]
            # Neither side by side nor across the arterial that parts two 组团.
            free[max(0, i - 1) : i + across + 1, max(0, j - 1) : j + along + 1] = False
            found.append([i, j, across, along])
        out.append(found)
    return out


def closed(lattices: list[Lattice], large: list[list[list[int]]]) -> list[NDArray[np.bool_]]:
    """Blocks of large parks, as `settlements.streets` takes them.

    Parameters
    ----------
    lattices : list of Lattice
        The towns.
    large : list of list
        Of `large_parks`.

    Returns
    -------
    list of ndarray of bool, shape (across, along)
        True for blocks of a large park.
    """
    out = []
    for lattice, found in zip(lattices, large, strict=True):
        shut = np.zeros_like(lattice.built)
        for i, j, across, along in found:
            shut[i : i + across, j : j + along] = True
        out.append(shut)
    return out


class _Plots:
    """Rows of parks and homes as they are laid out."""

    def __init__(self) -> None:
        self.parks: list[tuple[Any, str, str]] = []
        self.homes: list[tuple[Any, str]] = []

    def park(self, shape: Any, word: str, state: str = "built") -> None:
        self.parks.append((shape, word, state))

    def home(self, shape: Any, word: str) -> None:
        self.homes.append((shape, word))


def plots(
    random: np.random.Generator,
    made: Tiling,
    nature: Nature,
    lattices: list[Lattice],
    large: list[list[list[int]]],
    country: Country,
    roads: gpd.GeoDataFrame,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Parks and homes that overlap neither each other nor water.

    Parameters
    ----------
    random : Generator
        The source of chance.
    made : Tiling
        Villages and the outline.
    nature : Nature
        Water.
    lattices : list of Lattice
        Towns.
    large : list of list
        Of `large_parks`.
    country : Country
        Hamlets.
    roads : GeoDataFrame
        Along which hamlets grow.

    Returns
    -------
    parks : GeoDataFrame of Polygon
        ``park_name``, ``park_class``, ``park_status``, ``opened_on``, ``sandiao_code``,
        ``guide_code``.
    homes : GeoDataFrame of Polygon
        ``home_class``, ``sandiao_code``, ``guide_code``, ``village_code``, ``people``,
        ``households``.
    """
    laid = _Plots()
    for lattice, found in zip(lattices, large, strict=True):
        _town(random, laid, lattice, found)
    _wetland(laid, nature)
    _hamlets(random, laid, made, lattices, country, roads)
    parks = _parks(random, laid, made, nature)
    return parks, _homes(random, laid, made, nature, parks)


def zones(lattices: list[Lattice]) -> gpd.GeoDataFrame:
    """The built-up zone of the county seat by 组团: whole blocks, out to the streets' middle.

    Parameters
    ----------
    lattices : list of Lattice
        The towns.

    Returns
    -------
    GeoDataFrame of Polygon
        ``zone_name``, ``source``, ``as_of``.
    """
    seat = [lattice for lattice in lattices if lattice.site.rank == "county"]
    blocks = np.concatenate([lattice.blocks() for lattice in seat])
    group = np.concatenate([zone_of(lattice) for lattice in seat])
    shapes = [shapely.coverage_union_all(blocks[group == at]) for at in range(len(GROUPS))]
    return gpd.GeoDataFrame(
        {"zone_name": list(GROUPS), "source": "示意", "as_of": "2025-12-31"},
        geometry=shapes,
        crs=CRS,
    )


def _town(
    random: np.random.Generator, laid: _Plots, lattice: Lattice, found: list[list[int]]
) -> None:
    use = uses(random, lattice)
    for rank, (i, j, across, along) in enumerate(found):
        edges = (2 * i + EDGE, 2 * j + EDGE, 2 * (i + across) - EDGE, 2 * (j + along) - EDGE)
        use[i : i + across, j : j + along] = "park"
        size = across * along
        word = "G11" if size > 1 else "G13" if rank == 3 else "G12"
        state = "planned" if rank == 8 else "built"
        laid.park(lattice.patch(*edges)[0], word, state)
    rim = _rim(lattice)
    pockets = list(POCKETS) * (2 if lattice.site.rank == "county" else 0)
    crossing = lattice.site.rank == "county"
    blocks = np.argwhere(lattice.built)
    quarters = _quarters(lattice, blocks)
    for (i, j), quarter in zip(blocks.tolist(), quarters, strict=True):
        kind = use[i, j]
        draw = np.round(random.random(5), 6)
        if kind == "residential":
            for at, shape in enumerate(quarter):
                if draw[at] < 0.84:
                    laid.home(shape, "urban_residential")
                elif draw[at] < 0.89:
                    laid.home(shape, "community_service")
                elif draw[at] < 0.91:
                    laid.park(shape, "G14")
                else:
                    laid.park(shape, "XG")
        elif kind == "village":
            for at in (0, 1):
                p0, p1 = (2 * i + EDGE, 2 * i + 0.96) if at == 0 else (2 * i + 1.04, 2 * i + 1.84)
                laid.home(lattice.patch(p0, 2 * j + EDGE, p1, 2 * j + 2 - EDGE)[0], "homestead")
        elif kind in ("commercial", "public") and pockets and draw[0] < 0.75:
            laid.park(_pocket(lattice, i, j, pockets.pop(0)), "G14")
            if kind == "public" and draw[1] < 0.4:
                laid.park(_square(lattice, i, j), "G3")
        elif kind == "vacant":
            side = rim[i, j]
            if crossing and side >= 0:
                # Half of it lies beyond the edge of the built-up zone.
                laid.park(_across(lattice, i, j, side), "G12")
                crossing = False
            elif draw[0] < 0.2:
                # Two parks side by side, one wall between them.
                p0, q0, q1 = 2 * i + EDGE, 2 * j + EDGE, 2 * j + 2 - EDGE
                laid.park(lattice.patch(p0, q0, 2 * i + 0.9, q1)[0], "G12")
                laid.park(lattice.patch(2 * i + 0.9, q0, 2 * i + 1.3, q1)[0], "G14")
    if lattice.site.name == "武康":
        _belts(laid, lattice, use)


def _quarters(lattice: Lattice, blocks: NDArray[np.intp]) -> NDArray[Any]:
    """Four plots to a block, a lane's breadth between them."""
    i, j = 2 * blocks.T
    low, high = (EDGE, 0.96), (1.04, 2 - EDGE)
    four = [
        lattice.patch(i + p[0], j + q[0], i + p[1], j + q[1])
        for p in (low, high)
        for q in (low, high)
    ]
    return np.stack(four, axis=1)


def _pocket(lattice: Lattice, i: int, j: int, goal: float) -> Any:
    """A park of a stated area in the corner of a block."""
    side = np.sqrt(goal) / 125
    shape = None
    for _ in range(6):
        p0, q0 = 2 * i + EDGE, 2 * j + EDGE
        shape = lattice.patch(p0, q0, p0 + side, q0 + side)[0]
        side *= float(np.sqrt(goal / shapely.area(shape)))
    return shape


def _square(lattice: Lattice, i: int, j: int) -> Any:
    return lattice.patch(2 * i + 1.2, 2 * j + 1.2, 2 * i + 1.7, 2 * j + 1.7)[0]


def _rim(lattice: Lattice) -> NDArray[np.int_]:
    """For each block the side on which the town ends, or -1: 0 low p, 1 high p, 2 low q, 3 high."""
    framed = np.pad(lattice.built, 1)
    beside = (framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:])
    out = np.full(lattice.built.shape, -1)
    for side, there in enumerate(beside):
        out[lattice.built & ~there] = side
    return out


def _across(lattice: Lattice, i: int, j: int, side: int) -> Any:
    p0, p1, q0, q1 = 2 * i + 0.5, 2 * i + 1.5, 2 * j + 0.5, 2 * j + 1.5
    if side == 0:
        p0, p1 = 2 * i - 0.9, 2 * i + 0.9
    elif side == 1:
        p0, p1 = 2 * i + 1.1, 2 * i + 2.9
    elif side == 2:
        q0, q1 = 2 * j - 0.9, 2 * j + 0.9
    else:
        q0, q1 = 2 * j + 1.1, 2 * j + 2.9
    return lattice.patch(p0, q0, p1, q1)[0]


def _belts(laid: _Plots, lattice: Lattice, use: NDArray[Any]) -> None:
    """Shelter belts between the expressway's frontage and the works beside it."""
    column = lattice.site.across // 2 - 4
    for row in np.flatnonzero(lattice.built[column]).tolist():
        if use[column, row] in ("industrial", "vacant"):
            p = 2 * column + 0.4
            shape = lattice.patch(p, 2 * row + EDGE, p + 0.2, 2 * row + 2 - EDGE)[0]
            laid.park(shape, "G2")


def _wetland(laid: _Plots, nature: Nature) -> None:
    """A country park around the lake."""
    for kind, shape in zip(nature.classes, nature.waters, strict=True):
        if kind == "lake":
            laid.park(shapely.buffer(shape, 160, quad_segs=3), "EG")


def _hamlets(
    random: np.random.Generator,
    laid: _Plots,
    made: Tiling,
    lattices: list[Lattice],
    country: Country,
    roads: gpd.GeoDataFrame,
) -> None:
    """Homesteads along the roads at each hamlet, in the fields' irregular shapes."""
    lines = roads.geometry.to_numpy()[
        roads["road_class"].isin(["township_road", "village_road"]).to_numpy()
    ]
    tree = shapely.STRtree(lines)
    towns = shapely.union_all(np.concatenate([one.blocks() for one in lattices])).buffer(30)
    shapely.prepare(towns)
    places: Any = shapely.points(country.hamlets)
    seat = country.seat.astype(float)
    reach: Any = 70 + 130 * np.round(random.random(len(places)) ** 2, 4) + 45 * seat
    width: Any = 24 + 26 * np.round(random.random(len(places)), 4) + 10 * seat
    around = shapely.buffer(places, reach, quad_segs=3)
    hamlet, line = tree.query(around, predicate="intersects")
    near = shapely.intersection(around[hamlet], lines[line])
    along = np.array([shapely.union_all(near[hamlet == at]) for at in range(len(places))])
    alone = shapely.is_empty(along)
    along[alone] = shapely.buffer(places[alone], 20, quad_segs=16)
    # The second buffer rounds hollows out; a hamlet is no ribbon.
    strips = shapely.buffer(shapely.buffer(along, width * 1.6, quad_segs=2), -width * 0.6)
    inner = shapely.buffer(made.villages.geometry.to_numpy(), -3)
    strips = shapely.intersection(strips, inner[country.hamlet_of])
    strips = shapely.simplify(shapely.difference(strips, towns), 1.5)
    parts = shapely.get_parts(strips)
    for part in parts[shapely.area(parts) > 900]:
        laid.home(part, "homestead")


def _parks(
    random: np.random.Generator, laid: _Plots, made: Tiling, nature: Nature
) -> gpd.GeoDataFrame:
    water = shapely.union_all(nature.waters)
    shapes = np.array([row[0] for row in laid.parks], dtype=object)
    words = np.array([row[1] for row in laid.parks], dtype=object)
    states = np.array([row[2] for row in laid.parks], dtype=object)
    outline = made.outline.geometry.iloc[0]
    dry = words != "EG"
    # A country park has its lake; a town's park ends at the bank.
    shapes[dry] = shapely.difference(shapes[dry], water)
    shapes = _largest(shapely.intersection(shapes, outline))
    waiting = random.permutation(np.flatnonzero(np.isin(words, ("G12", "G14"))))
    states[waiting[:BUILDING]] = "building"
    states[waiting[BUILDING : BUILDING + PLANNED]] = "planned"
    days = np.datetime64("1998-01-01") + random.integers(0, 10_150, len(shapes))
    text = days.astype("datetime64[D]").astype(str).astype(object)
    text[states != "built"] = None
    # One park was finished this month: of those that count, and in the county seat.
    able = np.flatnonzero((words == "G14") & (states == "built") & (shapely.area(shapes) > 5_500))
    text[able[int(random.integers(len(able)))]] = TODAY_PARK
    pairs = [a + b for a in FIRST for b in SECOND]
    order = random.permutation(len(pairs))
    labels = [f"{pairs[order[at % len(order)]]}{ENDS[word]}" for at, word in enumerate(words)]
    return gpd.GeoDataFrame(
        {
            "park_name": labels,
            "park_class": words,
            "park_status": states,
            "opened_on": pd.Series(text, dtype=object),
            "sandiao_code": [CODES[word][0] for word in words],
            "guide_code": [CODES[word][1] for word in words],
        },
        geometry=shapes,
        crs=CRS,
    )


def _homes(
    random: np.random.Generator,
    laid: _Plots,
    made: Tiling,
    nature: Nature,
    parks: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    shapes = np.array([row[0] for row in laid.homes], dtype=object)
    words = np.array([row[1] for row in laid.homes], dtype=object)
    taken = np.concatenate([nature.waters, parks.geometry.to_numpy()])
    tree = shapely.STRtree(taken)
    home, other = tree.query(shapes, predicate="intersects")
    cut = np.unique(home)
    for at in cut.tolist():
        rest = shapely.difference(shapes[at], shapely.union_all(taken[other[home == at]]))
        shapes[at] = rest
    # Hamlets that grew into one another: the later one gives way.
    first, second = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    for at in np.unique(second[first < second]).tolist():
        earlier = np.unique(first[(second == at) & (first < second)])
        shapes[at] = shapely.difference(shapes[at], shapely.union_all(shapes[earlier]))
    # Over a border between villages: each has its own part.
    villages = made.villages.geometry.to_numpy()
    home, village = shapely.STRtree(villages).query(shapes, predicate="intersects")
    parts = shapely.intersection(shapes[home], villages[village])
    parts = _largest(shapely.set_precision(parts, 0.001))
    kept = shapely.area(parts) > 300
    parts, words = parts[kept], words[home[kept]]
    whose = made.villages.index.to_numpy()[village[kept]]
    place = np.lexsort((np.round(shapely.get_coordinates(shapely.centroid(parts)), 2).T[0], whose))
    parts, words, whose = parts[place], words[place], whose[place]
    dense = np.array([PEOPLE_PER_HA[word] for word in words])
    noise = 0.7 + 0.6 * np.round(random.random(len(parts)), 4)
    people = np.round(np.round(shapely.area(parts), 1) / 1e4 * dense * noise).astype(int)
    size = HOUSEHOLD + 0.8 * np.round(random.random(len(parts)) - 0.5, 4)
    return gpd.GeoDataFrame(
        {
            "home_class": words,
            "sandiao_code": [HOME_CODES[word][0] for word in words],
            "guide_code": [HOME_CODES[word][1] for word in words],
            "village_code": whose,
            "people": people,
            "households": np.round(people / size).astype(int),
        },
        geometry=parts,
        crs=CRS,
    )


def _largest(shapes: NDArray[Any]) -> NDArray[Any]:
    """The largest polygon of each shape."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    flat = shapely.get_dimensions(parts) == 2
    parts, of = parts[flat], of[flat]
    order = np.lexsort((-np.round(shapely.area(parts), 3), of))
    first = order[np.flatnonzero(np.diff(of[order], prepend=-1) != 0)]
    out = np.full(len(shapes), shapely.Polygon(), dtype=object)
    out[of[first]] = parts[first]
    return out
