"""Patches, islands and join counts: against brute force and against every arrangement."""

import itertools
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx

from deqing_geo import errors, read_towns, read_villages, standards
from deqing_geo.columns import registry
from deqing_geo.villages import FIVE
from deqing_geo.villages.patches import join_counts
from tests.compared import CRS, SIDE_M, county, judge

LAW = standards.load()
SUBURB, PLAIN = 0.9, 0.0


def lattice(rows):
    """Squares of a kilometre; s 城郊融合, i 整治提升, h 特色保护, . not known."""
    wide = len(rows[0])
    letters = "".join(rows)
    x = np.arange(len(letters)) % wide * SIDE_M + 480_000
    y = np.arange(len(letters)) // wide * SIDE_M + 3_370_000
    return gpd.GeoDataFrame(
        {
            "udb_res_share": [{"s": SUBURB, ".": None}.get(one, PLAIN) for one in letters],
            "heritage_list": ["中国传统村落" if one == "h" else None for one in letters],
        },
        geometry=shapely.box(x, y, x + SIDE_M, y + SIDE_M),
        index=[f"V{at}" for at in range(len(letters))],
        crs=CRS,
    )


def patches(*rows, **options):
    return judge(lattice(rows)).patches(**options)


# ---------------------------------------------------------------- patches and islands


def test_squares_in_a_row_are_patches_as_the_eye_sees_them():
    found = patches("ssis", "iiih")

    assert found.table[["village_type", "village_count", "members"]].to_numpy().tolist() == [
        ["suburban", 2, "V0、V1"],
        ["suburban", 1, "V3"],
        ["improve", 4, "V2、V4、V5、V6"],
        ["heritage", 1, "V7"],
    ]
    assert found.table["area_km2"].to_numpy() == approx([2, 1, 4, 1], rel=1e-3)
    assert found.villages.loc[["V0", "V3", "V7"], "patch_size"].tolist() == [2, 1, 1]
    assert list(found.islands.index) == ["V3", "V7"]


def test_corners_are_no_border():
    found = patches("si", "is")

    assert len(found.table) == 4 and len(found.pairs) == 4
    assert found.villages["neighbour_count"].tolist() == [2, 2, 2, 2]


def test_a_border_must_be_longer_than_the_rule_says():
    rows = lattice(["ss", "ii"])
    # The upper ones moved until only 15 metres are common with the lower right one.
    rows.loc["V2", "geometry"] = shapely.box(480_000, 3_371_000, 481_015, 3_372_000)
    rows.loc["V3", "geometry"] = shapely.box(481_015, 3_371_000, 482_000, 3_372_000)
    types = judge(rows)

    def pairs(found):
        return {frozenset(pair) for pair in found.pairs[["area_id", "neighbour"]].to_numpy()}

    assert frozenset(("V1", "V2")) not in pairs(types.patches())
    assert frozenset(("V1", "V2")) in pairs(types.patches(border_m=10))
    law = LAW.with_rule("village.border_m", 10, reason="会审意见")
    local = judge(rows, law=law).patches()
    assert frozenset(("V1", "V2")) in pairs(local) and "会审意见" in str(local.sources[0])
    assert types.patches(border_m=10).sources == () and local.border_m == 10


def test_a_gap_that_two_drawings_leave_is_a_border_and_a_river_is_none():
    def apart(metres):
        rows = lattice(["ss"])
        rows.loc["V1", "geometry"] = shapely.box(481_000 + metres, 3_370_000, 482_000, 3_371_000)
        return len(judge(rows).patches().pairs)

    assert [apart(metres) for metres in (0, 0.3, 5)] == [1, 1, 0]


def test_only_a_village_of_the_three_types_among_their_like_gets_a_suggestion():
    said = patches("iii", "isi", "iii").villages["suggestion"]
    heritage = patches("iii", "ihi", "iii").villages
    beside = patches("isi", "ihi").villages["suggestion"]

    assert said["V4"] == "周围均为整治提升类,类型孤立,建议核对"
    assert said.drop("V4").eq("").all()
    # A list is a list, wherever the village lies.
    assert heritage.loc["V4", "island"] and heritage["suggestion"].eq("").all()
    assert beside.eq("").all()


def test_a_village_without_a_type_or_without_neighbours_is_no_island():
    found = patches("i.i")

    assert found.villages["island"].sum() == 0 and len(found.pairs) == 0
    assert found.villages["patch"].isna().tolist() == [False, True, False]
    assert found.joins[["joins_expected", "joins_z"]].isna().all(axis=None)


def test_nothing_of_the_types_is_changed():
    types = judge(lattice(["isi", "iii"]))
    before = types.table.copy()
    types.patches()

    pd.testing.assert_frame_equal(pd.DataFrame(types.table), pd.DataFrame(before))


def test_the_order_of_rows_says_nothing():
    rows = lattice(["ssis", "iihs", "sish"])
    one, other = judge(rows).patches(), judge(rows.sample(frac=1, random_state=6)).patches()

    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.joins, other.joins)
    pd.testing.assert_frame_equal(one.villages, other.villages.loc[one.villages.index])


# ---------------------------------------------------------------- join counts


def test_joins_of_a_chessboard_are_none_and_far_below_chance():
    found = patches("sisi", "isis", "sisi", "isis").joins

    assert found.loc["all", "joins"] == 0 and found.loc["all", "joins_z"] < -4
    # 24 borders, 8 of 16 of a type: 24 * 8*7 / (16*15) each.
    assert found.loc["suburban", "joins_expected"] == approx(24 * 56 / 240)


def test_expectation_and_variance_are_those_of_every_arrangement():
    """Two, three and two of three types on a graph of seven, all 210 ways."""
    left = np.array([0, 0, 1, 2, 2, 3, 4, 5])
    right = np.array([1, 2, 2, 3, 4, 5, 5, 6])
    ways = set(itertools.permutations([0, 0, 1, 1, 1, 2, 2]))
    assert len(ways) == 210
    kinds = np.array(sorted(ways))
    same = kinds[:, left] == kinds[:, right]
    counts = np.array([(same & (kinds[:, left] == kind)).sum(axis=1) for kind in range(3)])
    found = join_counts(kinds[17], left, right)

    assert found["joins"].iloc[:3].tolist() == counts[:, 17].tolist()
    assert found["joins_expected"].iloc[:3].to_numpy() == approx(counts.mean(axis=1))
    assert found["joins_variance"].iloc[:3].to_numpy() == approx(counts.var(axis=1))
    whole = counts.sum(axis=0)
    assert found.loc["all", ["joins_expected", "joins_variance"]].tolist() == approx(
        [whole.mean(), whole.var()]
    )
    deviation = (whole[17] - whole.mean()) / whole.std()
    assert found.loc["all", "joins_z"] == approx(deviation)


@pytest.mark.parametrize("rows", [("ss",), ("si",), ("sss",), ("sis",)])
def test_of_a_few_villages_the_counts_are_still_those_of_every_arrangement(rows):
    found = patches(*rows).joins
    letters = np.array([*rows[0]])
    ways = [np.array(one) for one in itertools.permutations(letters)]
    same = [((one[1:] == one[:-1]) & (one[1:] == "s")).sum() for one in ways]

    assert found.loc["suburban", "joins_expected"] == approx(np.mean(same))
    assert found.loc["suburban", "joins_variance"] == approx(np.var(same), abs=1e-9)


# ---------------------------------------------------------------- by brute force


def neighbours(shapes, least):
    """Every pair with a common border, asked pair by pair."""
    lines = shapely.boundary(shapes)
    near = shapely.buffer(shapes, 0.5, join_style="mitre")
    out = set()
    for one in range(len(shapes)):
        length = shapely.length(shapely.intersection(lines, near[one]))
        back = shapely.length(shapely.intersection(lines[one], near))
        out |= {(one, int(at)) for at in np.flatnonzero((length + back) / 2 > least) if at > one}
    return out


def same_parts(table, found, least):
    """Patches by walking from neighbour to neighbour."""
    typed = np.flatnonzero(found.villages["village_type"].isin(FIVE))
    kinds = found.villages["village_type"].to_numpy()
    pairs = neighbours(table.geometry.to_numpy(), least)
    part = {int(at): {int(at)} for at in typed}
    for one, other in pairs:
        if one in part and other in part and kinds[one] == kinds[other]:
            joined = part[one] | part[other]
            for at in joined:
                part[at] = joined
    return {frozenset(one) for one in part.values()}


def test_patches_of_the_practice_county_are_those_of_walking_pair_by_pair():
    types = county()
    found = types.patches()
    numbers = found.villages["patch"]
    groups = numbers.reset_index(drop=True).groupby(numbers.to_numpy(dtype=object)).indices

    assert {frozenset(map(int, one)) for one in groups.values()} == same_parts(
        types.table, found, 20
    )
    assert found.table["village_count"].sum() == types.series.isin(FIVE).sum()
    assert found.notices[0].startswith("示意数据")


@pytest.mark.real
def test_patches_of_hsinchu_hold_on_borders_drawn_by_others(real_data):
    """192 real outlines with overlaps and gaps; their types are invented by their place."""
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    towns = read_towns(file, layer="towns_fullres_10004")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DeqingGeoWarning)
        villages = read_villages(file, layer="villages_10004", towns=towns)
    villages = villages[~villages.geometry.is_empty & villages.geometry.notna()]
    villages = villages[villages.is_valid][["village_name", "geometry"]]
    rank = villages.geometry.centroid.x.rank().to_numpy()
    types = judge(villages.assign(udb_res_share=np.where(rank % 40 < 15, SUBURB, PLAIN)))
    found = types.patches()
    numbers = found.villages["patch"]
    groups = numbers.reset_index(drop=True).groupby(numbers.to_numpy(dtype=object)).indices

    expected = same_parts(types.table, found, 20)
    assert {frozenset(map(int, one)) for one in groups.values()} == expected
    assert len(expected) > 1 and found.villages["neighbour_count"].max() > 3


# ---------------------------------------------------------------- bad input


def test_what_has_no_metres_or_no_area_is_refused():
    rows = lattice(["si"])
    with pytest.raises(errors.CRSError):
        judge(rows.set_crs(None, allow_override=True)).patches()
    with pytest.raises(errors.CRSError):
        judge(rows.to_crs(4490)).patches()
    points = rows.set_geometry(rows.geometry.centroid)
    with pytest.raises(errors.GeometryError):
        judge(points).patches()


@pytest.mark.parametrize("metres", [-1, float("nan"), "20", True, float("inf")])
def test_a_length_that_is_none_is_refused(metres):
    with pytest.raises(errors.InputError, match="metres from 0"):
        patches("si", border_m=metres)


def test_it_shows_itself_and_names_its_method():
    found = patches("ssis", "iiih")

    assert repr(found) == "<Patches of 8 villages: 4 patches, 2 islands>"
    assert "非自由抽样" in found._repr_html_()
    columns = {*found.table, *found.villages, *found.pairs, *found.joins, "patch"} - {"area_id"}
    assert columns <= set(registry())
