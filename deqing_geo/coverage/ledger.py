"""The lists behind a coverage: its parks (公园计入明细表), and the gaps (服务盲区清单)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from deqing_geo.checks import require_polygons
from deqing_geo.coverage.basis import LIVING, Basis
from deqing_geo.coverage.result import nearest
from deqing_geo.crs import require_metres
from deqing_geo.cutting import SLIVER_M2
from deqing_geo.errors import ColumnError
from deqing_geo.provenance import mark, notices
from deqing_geo.radii import only_land

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deqing_geo.coverage.result import Coverage

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]
    Words = NDArray[Any]

TOWN = "town_name"
# A block that leaves less of a piece than this share leaves nothing of it.
ALL_OF_IT = 1e-9


def park_ledger(coverage: Coverage, *, towns: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """Every park of a coverage: its size, its reach, counted or not and why (公园计入明细表).

    Parameters
    ----------
    coverage : Coverage
        Of `park_coverage` or `service_coverage`.
    towns : GeoDataFrame of Polygon, optional
        With ``town_name``, to say in which 镇(街道) a park lies where its own layer does not: the
        one that holds most of it. Metric CRS.

    Returns
    -------
    DataFrame
        ``park_name``, ``park_class``, ``park_area_m2``, ``town_name``, ``opened_on``,
        ``service_radius``, ``counted``, ``not_counted_reason``, and ``alone_ha``, what nobody else
        serves; one row a park, index ``park``: the layer's labels. Columns that nobody can fill
        are blank.

    Raises
    ------
    CRSError
        If the towns are in another system.
    GeometryError
        If a town is not a valid polygon.
    ColumnError
        If the towns have no ``town_name``.

    Examples
    --------
    >>> from deqing_geo import park_coverage, sample
    >>> coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
    >>> park_ledger(coverage)[["park_name", "service_radius", "not_counted_reason"]]
         park_name  service_radius not_counted_reason
    park
    1          大公园           500.0
    2          小公园           300.0
    3          袖珍园             NaN          面积不足,不计入
    """
    basis, parks = coverage.basis, coverage.parks
    called = basis.called
    blank = np.full(len(parks), "", dtype=object)
    town = _texts(parks, TOWN)
    if towns is not None:
        if TOWN not in towns:
            raise ColumnError(f"`towns` has no column `{TOWN}`.")
        require_metres(parks=parks, towns=towns)
        require_polygons(towns=towns)
        found = lying_in(_shapes(parks), towns)
        town = np.where(town == "", found, town)
    table = pd.DataFrame(
        {
            called.name: _texts(parks, called.name),
            called.klass: parks.get(called.klass, blank),
            called.size: parks[called.size],
            TOWN: town,
            "opened_on": _texts(parks, "opened_on"),
            "service_radius": parks["service_radius"],
            "counted": parks["counted"],
            "not_counted_reason": parks["not_counted_reason"].fillna(""),
            f"alone_{coverage.unit}": coverage.by_park[f"alone_{coverage.unit}"],
        },
        index=parks.index,
    )
    if "joined_area_m2" in parks:
        table.insert(3, "joined_area_m2", parks["joined_area_m2"])
    table.index.name = "park"
    mark(table, coverage.definition, coverage.notices)
    return table


def gap_list(
    coverage: Coverage,
    blocks: gpd.GeoDataFrame | None = None,
    *,
    name: str | None = None,
    people: str | None = None,
) -> gpd.GeoDataFrame:
    """What is out of reach, by 小区 or block, the largest first (公园绿地服务盲区清单).

    Parameters
    ----------
    coverage : Coverage
        Of `park_coverage` or `service_coverage` by land.
    blocks : GeoDataFrame of Polygon, optional
        小区 or 地块, to gather gaps by; a gap in none of them stands in one row by itself for each
        area. By default each row of the homes is a block. Metric CRS.
    name : str, optional
        Column of the blocks' names. By default ``block_name``, ``home_name`` or ``village_name``,
        whichever is there.
    people : str, optional
        Column of the blocks to share out: who lives in a block is spread evenly over its land. By
        default ``households`` and ``people`` where the blocks have them.

    Returns
    -------
    GeoDataFrame of Polygon
        ``block`` (its label; blank where there is none), ``block_name``, ``area``, ``gap_ha``,
        ``block_ha`` (residential land of the block in that area, in reach or not),
        ``households`` and ``people`` out of reach where known, ``nearest_name`` and
        ``nearest_m``: the nearest park that counts and how far it is, straight, from the middle of
        the gap. The rows add up to the coverage's gap.

    Raises
    ------
    CRSError
        If the blocks are in another system.
    GeometryError
        If a block is not a valid polygon.
    ColumnError
        If a column asked for is absent or holds no numbers.

    Examples
    --------
    >>> from deqing_geo import park_coverage, sample
    >>> coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
    >>> listed = gap_list(coverage)
    >>> listed[["block", "area", "gap_ha", "nearest_name", "nearest_m"]].round(1)
      block area  gap_ha nearest_name  nearest_m
    1     2    C     3.5          小公园      650.0
    2     1    A     3.0          大公园      650.0
    3     1    B     2.0          小公园      813.9
    4     3    C     0.5          小公园      937.1
    """
    basis = coverage.basis
    homes = basis.demand_frame
    given = homes if blocks is None else blocks
    amount = [people] if people is not None else [one for one in LIVING if one in given]
    if blocks is not None:
        require_metres(areas=basis.areas, blocks=blocks)
        require_polygons(blocks=blocks)
    living = {one: _numbers(given, one) for one in amount}
    called = _called(given, name)
    gap_at, gap_shapes, gap_amount = basis.rows("gap")
    area = basis.demand.area
    if blocks is None:
        of_piece = basis.demand.row
        frame = pd.DataFrame(
            {
                "area": area[gap_at],
                "block": of_piece[gap_at],
                "gap": gap_amount,
                "shape": gap_shapes,
            }
        )
        whole = pd.DataFrame({"area": area, "block": of_piece, "need": basis.demand.needs})
    else:
        frame, whole = _by_block(basis, _shapes(blocks))
    frame = frame.sort_values(["area", "block"], kind="stable").reset_index(drop=True)
    by = ["area", "block"]
    gaps = frame.groupby(by, sort=True)["gap"].sum()
    shapes = [shapely.union_all(list(one)) for _, one in frame.groupby(by, sort=True)["shape"]]
    at = gaps.index.to_frame(index=False)
    needs = whole.groupby(by)["need"].sum().reindex(gaps.index).to_numpy(dtype=float)
    everywhere = whole.groupby("block")["need"].sum().reindex(at["block"]).to_numpy(dtype=float)
    block = at["block"].to_numpy(dtype=np.int64)
    there = block >= 0
    unit = coverage.unit
    data: dict[str, Any] = {
        "block": _taken(given.index.to_numpy(dtype=object), block, there),
        "block_name": _taken(called, block, there),
        "area": basis.labels[at["area"].to_numpy(dtype=np.int64)],
        f"gap_{unit}": gaps.to_numpy(dtype=float),
        f"block_{unit}": needs,
    }
    for column, values in living.items():
        if blocks is None:
            by_gap = basis.living(column, gap_at, gap_shapes)
            place = pd.MultiIndex.from_arrays([area[gap_at], of_piece[gap_at]])
            sums = pd.Series(by_gap, index=place).groupby(level=[0, 1]).sum(min_count=1)
            data[column] = sums.reindex(gaps.index).to_numpy(dtype=float)
            continue
        held = np.where(there, values[block], np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            data[column] = held * data[f"gap_{unit}"] / everywhere
    made = np.array(shapes, dtype=object)
    data["nearest_name"], data["nearest_m"] = nearest(basis, made)
    out = gpd.GeoDataFrame(data, geometry=made, crs=coverage.table.crs)
    order = np.lexsort((out["block"].map(str), -out[f"gap_{unit}"]))
    out = gpd.GeoDataFrame(out.iloc[order].reset_index(drop=True))
    out.index = pd.RangeIndex(1, len(out) + 1)
    said = coverage.notices
    if blocks is not None:
        said = tuple(dict.fromkeys((*said, *notices(None, blocks=blocks))))
    mark(out, coverage.definition, said)
    return out


def lying_in(shapes: Shapes, layer: gpd.GeoDataFrame, column: str = TOWN) -> Words:
    """What the area is called that holds most of each shape.

    Parameters
    ----------
    shapes : array of shapely geometries
        In the layer's system.
    layer : GeoDataFrame of Polygon
        Valid: towns, villages or the like.
    column : str
        Of their names.

    Returns
    -------
    array of str
        Blank where a shape lies in none; of areas that hold as much the first.

    Examples
    --------
    >>> towns = gpd.GeoDataFrame(
    ...     {"town_name": ["西镇", "东镇"]}, geometry=shapely.box([0, 10], 0, [10, 20], 10)
    ... )
    >>> lying_in(np.array([shapely.box(7, 0, 12, 2), shapely.Point(50, 50)]), towns).tolist()
    ['西镇', '']
    """
    called = _texts(layer, column)
    out = np.full(len(shapes), "", dtype=object)
    land = _shapes(layer)
    row, area = shapely.STRtree(land).query(shapes, predicate="intersects")
    if len(row) == 0:
        return out
    common = shapely.intersection(shapes[row], land[area])
    order = np.lexsort((area, -shapely.length(common), -shapely.area(common), row))
    first = order[np.flatnonzero(np.diff(row[order], prepend=-1))]
    out[row[first]] = called[area[first]]
    return out


def _by_block(basis: Basis, blocks: Shapes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gaps and demand cut by blocks; -1 is in none of them, and in several the first has it."""
    frames = []
    for word in ("gap", "all"):
        if word == "gap":
            at, shapes, amount = basis.rows("gap")
        else:
            shapes, amount = basis.demand.pieces, basis.demand.needs
            at = np.arange(len(shapes))
        piece, block = shapely.STRtree(blocks).query(shapes, predicate="intersects")
        order = np.lexsort((block, piece))
        piece, block = piece[order], block[order]
        part = shapely.intersection(shapes[piece], blocks[block])
        keep, part = only_land(np.arange(len(piece)), part)
        piece, block = piece[keep], block[keep]
        # Of blocks that overlap the first takes all, so that the parts add up.
        again = np.flatnonzero(np.diff(piece, prepend=-1) == 0)
        for one in again:
            same = np.flatnonzero(piece[:one] == piece[one])
            part[one] = shapely.difference(part[one], shapely.union_all(part[same]))
        held = basis.demand.amounts(part, at[piece])
        left = amount - np.bincount(piece, held, len(shapes))
        frame = pd.DataFrame(
            {"area": basis.demand.area[at[piece]], "block": block, "need": held, "shape": part}
        )
        total = shapely.area(shapes)
        inside = np.bincount(piece, shapely.area(part), len(shapes))
        rest = np.flatnonzero(total - inside > SLIVER_M2 + total * ALL_OF_IT)
        # What lies in blocks altogether is divided among them, to the last digit.
        scale = amount / np.where(amount == left, 1.0, amount - left)
        scale[rest] = 1.0
        frame["need"] *= scale[piece]
        if len(rest):
            taken = [part[piece == one] for one in rest]
            outside = [
                shapely.difference(shapes[one], shapely.union_all(list(some)))
                for one, some in zip(rest, taken, strict=True)
            ]
            beyond = pd.DataFrame(
                {
                    "area": basis.demand.area[at[rest]],
                    "block": -1,
                    "need": left[rest],
                    "shape": outside,
                }
            )
            frame = pd.concat([frame, beyond], ignore_index=True)
        frames.append(frame[frame["need"] > 0])
    return frames[0].rename(columns={"need": "gap"}), frames[1]


def _shapes(frame: gpd.GeoDataFrame) -> Shapes:
    return np.asarray(frame.geometry.array, dtype=object)


def _texts(frame: pd.DataFrame, column: str) -> Words:
    """A column as text; blank where there is nothing."""
    if column not in frame:
        return np.full(len(frame), "", dtype=object)
    raw = frame[column]
    text = raw.astype(object).where(raw.notna(), "")
    return np.asarray(text.map(lambda one: str(one).split(" 00:00")[0].strip()), dtype=object)


def _called(frame: gpd.GeoDataFrame, name: str | None) -> Words:
    """What blocks are called."""
    if name is not None and name not in frame:
        raise ColumnError(f"The blocks have no column `{name}`.")
    ways = [name] if name else ["block_name", "home_name", "village_name"]
    for column in ways:
        if column in frame:
            return _texts(frame, column)
    return np.full(len(frame), "", dtype=object)


def _numbers(frame: gpd.GeoDataFrame, column: str) -> Floats:
    if column not in frame:
        raise ColumnError(f"The blocks have no column `{column}`.")
    raw = frame[column]
    values = pd.to_numeric(raw, errors="coerce")
    odd = values.isna() & raw.notna()
    if odd.any():
        raise ColumnError(f"`{column}` of the blocks must hold numbers.", frame.index[odd])
    return np.asarray(values, dtype=float)


def _taken(values: Words, at: Ints, there: NDArray[np.bool_]) -> Words:
    out = np.full(len(at), "", dtype=object)
    out[there] = values[at[there]]
    return out
