"""Repairs: what they mend, what they leave, what they tell and what they refuse."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx

import deqing_geo as dg
from deqing_geo import errors
from deqing_geo.columns import word
from deqing_geo.faults.repair import is_survey_layer
from tests.tilings import CRS, box, damaged, frame, polygon, quads, row, voronoi

FEW = settings(max_examples=12)
WORKING = word("notice.repaired")
REPAIRED = ("invalid", "overlap")


def narrow_gaps(found):
    return found.of("gap").query("severity == 'error'")


def changed(changes):
    """Rounded gains and losses of the rows that changed."""
    moved = changes[(changes["gained_m2"] > 1e-6) | (changes["lost_m2"] > 1e-6)]
    return {
        label: (round(gained, 3), round(lost, 3))
        for label, gained, lost in zip(
            moved.index, moved["gained_m2"], moved["lost_m2"], strict=True
        )
    }


# ---------------------------------------------------------------- what is mended


def test_a_strip_of_both_goes_to_the_smaller_where_the_borders_are_equal():
    villages = frame([box(0, 0, 102, 100), box(100, 0, 300, 100)], ["A", "B"])
    mended, changes = dg.repair_boundaries(villages)

    assert changed(changes) == {"B": (0, 200.0)}
    assert changes.loc["B", ["area_before_m2", "area_after_m2"]].tolist() == [20_000.0, 19_800.0]
    assert changes.loc["B", "moved_m"] == 2.0 and changes.loc["B", "repairs"] == "面重叠"
    assert mended.geometry["A"].equals(box(0, 0, 102, 100))
    assert mended.geometry["B"].equals(box(102, 0, 300, 100))


def test_a_gap_goes_to_the_longest_border():
    left = polygon((0, 0), (100, 0), (96, 1), (96, 9), (100, 10), (100, 100), (0, 100))
    mended, changes = dg.repair_boundaries(frame([left, box(100, 0, 200, 100)], list("LR")))

    assert changed(changes) == {"L": (36.0, 0)}  # 16.25 m of its border against 10 m
    assert mended.geometry["L"].equals(box(0, 0, 100, 100))
    assert changes["repairs"].tolist() == ["面缝隙", "面缝隙"]


def test_a_gap_along_many_borders_is_shared_where_units_meet():
    """Given away whole, it would reach 300 m between others."""
    top = [box(100 * at, 101, 100 * at + 100, 200) for at in range(4)]
    bottom = [box(100 * at + 50, 0, 100 * at + 150, 100) for at in range(3)]
    ends = [box(-10, 0, 50, 100), box(350, 0, 410, 100)]
    sides = [box(-10, 100, 0, 200), box(400, 100, 410, 200)]
    villages = frame([*top, *bottom, *ends, *sides])
    mended, changes = dg.repair_boundaries(villages)

    assert mended.geometry.area.sum() == approx(villages.geometry.area.sum() + 400)
    assert changes["gained_m2"].max() <= 101 and changes["moved_m"].max() <= 1.5
    assert len(narrow_gaps(dg.check_boundaries(mended))) == 0
    assert shapely.coverage_is_valid(mended.geometry.to_numpy())


def test_a_shape_that_crosses_itself_is_mended():
    bow = polygon((0, 0), (100, 100), (100, 0), (0, 100))
    mended, changes = dg.repair_boundaries(frame([bow, box(100, 0, 200, 100)], ["A", "B"]))

    assert mended.geometry.is_valid.all() and mended.geometry["A"].area == approx(5_000)
    assert changes.loc["A", "repairs"] == "图形自相交"
    assert dg.check_boundaries(mended).counts[["invalid", "overlap"]].tolist() == [0, 0]


def test_an_enclave_drawn_on_top_is_cut_out_and_keeps_its_land():
    """shapely.coverage_clean merges it into its host by default."""
    villages = frame([box(0, 0, 100, 100), box(40, 40, 50, 50)], ["host", "guest"])
    mended, changes = dg.repair_boundaries(villages)

    assert changed(changes) == {"host": (0, 100.0)}
    assert mended.geometry["guest"].area == 100 and mended.geometry["host"].area == 9_900
    assert [len(part.interiors) for part in shapely.get_parts(mended.geometry["host"])] == [1]


def test_nested_enclaves_are_each_cut_out_of_all_around_them():
    villages = frame([box(0, 0, 100, 100), box(20, 20, 60, 60), box(30, 30, 40, 40)], list("ABC"))
    mended, _ = dg.repair_boundaries(villages, max_change_m2=2_000)

    assert mended.geometry.area.tolist() == [8_400.0, 1_500.0, 100.0]
    found = dg.check_boundaries(mended)
    assert found.is_clean and found.of("enclave")["fault_rows"].tolist() == ["B、A", "C、B"]


def test_an_enclave_in_its_hole_is_left_alone():
    villages = frame(
        [shapely.difference(box(0, 0, 100, 100), box(40, 40, 50, 50)), box(40, 40, 50, 50)]
    )
    mended, changes = dg.repair_boundaries(villages)

    assert changed(changes) == {} and mended.geometry.geom_equals_exact(villages.geometry, 0).all()


def test_a_wide_gap_is_a_lake_unless_the_width_says_otherwise():
    ring = [box(0, 0, 100, 40), box(0, 60, 100, 100), box(0, 40, 40, 60), box(60, 40, 100, 60)]
    villages = frame(ring, list("ABCD"))
    left, _ = dg.repair_boundaries(villages)
    filled, changes = dg.repair_boundaries(villages, gap_width_m=21)

    assert left.geometry.area.sum() == 9_600 and WORKING not in left.attrs.get("notice", "")
    assert filled.geometry.area.sum() == approx(10_000)
    assert changed(changes) == {"C": (400.0, 0)}  # of four equal borders, the smaller unit's


def test_land_along_the_county_is_mended_only_with_the_county():
    county = frame([box(0, 0, 300, 100)], ["c"])
    villages = frame([box(0, 0, 100, 100), box(100, 0, 200, 102), box(200, 0, 299.5, 100)])
    alone, _ = dg.repair_boundaries(villages)
    mended, changes = dg.repair_boundaries(villages, county=county)

    assert alone.geometry.area.sum() == villages.geometry.area.sum()
    assert changed(changes) == {1: (0, 200.0), 2: (50.0, 0)}
    assert changes["repairs"].tolist() == ["", "超出县界", "与县界之间缺漏"]
    assert shapely.union_all(mended.geometry.array).equals(box(0, 0, 300, 100))
    assert dg.check_boundaries(mended, county=county).is_clean


def test_three_that_claim_one_corner_are_parted_without_a_rest():
    villages = frame(
        [box(0, 0, 103, 100), box(100, 0, 200, 103), box(98, 98, 200, 200)], list("ABC")
    )
    mended, _ = dg.repair_boundaries(villages)

    found = dg.check_boundaries(mended)
    assert len(found.of("overlap")) == 0 and len(narrow_gaps(found)) == 0
    assert mended.geometry.area.sum() == approx(villages.geometry.union_all().area, abs=1e-6)


def test_a_thread_cut_off_from_its_unit_goes_to_its_neighbour_and_an_island_stays():
    """A reaches 103 m along a tongue 2 m wide, half of which B claims with a broad arm."""
    tongue = shapely.union(box(0, 0, 100, 100), box(100, 98, 200, 100))
    below = shapely.union(box(100, 0, 200, 98), box(120, 90, 140, 100))
    mended, changes = dg.repair_boundaries(frame([tongue, below], ["A", "B"]))

    assert shapely.get_num_geometries(mended.geometry["A"]) == 1
    assert mended.geometry.area.sum() == approx(20_000)
    assert changed(changes)["A"] == (0, 160.0)  # 20 m claimed and 60 m cut off, 2 m wide
    island = shapely.MultiPolygon([box(0, 0, 102, 100), box(500, 0, 502, 50)])
    kept, _ = dg.repair_boundaries(frame([island, box(100, 0, 300, 100)], ["A", "B"]))
    assert shapely.get_num_geometries(kept.geometry["A"]) == 2


# ---------------------------------------------------------------- what is left


def test_a_clean_layer_comes_back_to_the_last_coordinate():
    villages = quads(1)
    villages.attrs["notice"] = "示意数据"
    mended, changes = dg.repair_boundaries(villages)

    assert mended.geometry.geom_equals_exact(villages.geometry, 0).all()
    assert all(a is b for a, b in zip(mended.geometry, villages.geometry, strict=True))
    assert mended.attrs == villages.attrs and changed(changes) == {}
    assert changes.index.equals(villages.index) and (changes["repairs"] == "").all()


def test_rows_without_a_shape_stay_and_nobody_is_moved():
    """shapely.coverage_clean gives [A, None, B, C] back as [A, B, C, None]."""
    villages = frame(
        [box(0, 0, 100, 100), None, box(98, 0, 200, 100), box(200, 0, 300, 100)],
        list("ANBC"),
        village_name=["甲", "无", "乙", "丙"],
    )
    mended, changes = dg.repair_boundaries(villages)

    assert mended["village_name"].tolist() == ["甲", "无", "乙", "丙"]
    assert mended.geometry["N"] is None
    assert mended.geometry["A"].equals(box(0, 0, 100, 100))
    assert mended.geometry["C"].equals(box(200, 0, 300, 100))
    assert changes["village_name"].tolist() == ["甲", "无", "乙", "丙"]


def test_the_frame_given_is_left_as_it_was_and_fields_and_index_come_back():
    villages = frame([box(0, 0, 102, 100), box(100, 0, 200, 100)], ["A", "A"], JSMJ=[1.0, 2.0])
    villages = villages.rename_geometry("shape")
    before = villages.copy(deep=True)
    mended, _ = dg.repair_boundaries(villages)

    pd.testing.assert_frame_equal(pd.DataFrame(villages), pd.DataFrame(before))
    assert mended.index.equals(villages.index) and mended.columns.equals(villages.columns)
    assert mended.geometry.name == "shape" and mended.crs == villages.crs


# ---------------------------------------------------------------- what is told


def test_a_repaired_layer_says_that_it_is_a_working_copy_once_and_keeps_what_it_said():
    villages = frame([box(0, 0, 102, 100), box(100, 0, 200, 100)], ["A", "B"])
    villages.attrs.update(notice="示意数据", reading={"file": "村界.shp"})
    mended, changes = dg.repair_boundaries(villages)
    again, _ = dg.repair_boundaries(mended)

    assert mended.attrs["notice"] == f"示意数据;{WORKING}" == changes.attrs["notice"]
    assert mended.attrs["reading"] == {"file": "村界.shp"}
    assert again.attrs["notice"] == mended.attrs["notice"]
    assert WORKING in dg.check_boundaries(mended).notices[0]


# ---------------------------------------------------------------- what is refused


def test_more_than_the_limit_is_refused_with_the_units_and_amounts():
    villages = frame([box(0, 0, 115, 100), box(100, 0, 200, 100)], ["A", "B"])

    with pytest.raises(errors.GeometryError, match=r"more than 1000 m2 .*'A': 1500.0 m2") as caught:
        dg.repair_boundaries(villages)
    assert caught.value.rows == ("A",)
    assert changed(dg.repair_boundaries(villages, max_change_m2=1500)[1]) == {"A": (0, 1500.0)}


def test_twins_lines_and_what_is_no_land_are_refused_by_their_rows():
    square = box(0, 0, 100, 100)

    with pytest.raises(errors.GeometryError, match="same shape") as caught:
        dg.repair_boundaries(frame([square, box(200, 0, 300, 100), square], list("ABC")))
    assert caught.value.rows == ("A", "C")
    with pytest.raises(errors.GeometryError, match="no polygons") as caught:
        dg.repair_boundaries(frame([square, square.boundary], list("AB")))
    assert caught.value.rows == ("B",)
    with pytest.raises(errors.GeometryError, match="no polygons"):
        dg.repair_boundaries(frame([polygon((0, 0), (100, 0), (50, 0))]))


def test_a_limit_that_is_no_number_is_refused():
    for limits in ({"max_change_m2": -1}, {"gap_width_m": float("nan")}, {"max_change_m2": "1"}):
        with pytest.raises(errors.InputError, match="number of 0 or more"):
            dg.repair_boundaries(row(100), **limits)


@pytest.mark.parametrize(
    ("fields", "reading", "survey"),
    [
        ({"BSM": ["1"]}, {}, True),
        ({"ysdm": ["1"]}, {}, True),
        ({"ZLDWDM": ["330521001201"]}, {}, True),
        ({}, {"renamed": {"ZLDWDM": "village_code"}}, True),
        ({}, {"layer": "CJDCQ"}, True),
        ({}, {"layer": "330521XZQ_2020"}, True),
        ({}, {"layer": "XZQH"}, False),
        ({"XZQDM": ["330521001"], "XZQMC": ["武康街道"]}, {"layer": "村界"}, False),
    ],
)
def test_lines_of_the_land_survey_are_changed_with_consent_only(fields, reading, survey):
    """They change by the yearly survey alone."""
    villages = row(100, **fields)
    villages.attrs["reading"] = reading

    assert is_survey_layer(villages) is survey
    if survey:
        with pytest.raises(errors.InputError, match="allow_survey_lines=True"):
            dg.repair_boundaries(villages)
    dg.repair_boundaries(villages, allow_survey_lines=True)


# ---------------------------------------------------------------- laws


@given(st.integers(0, 10_000), st.sampled_from([quads, voronoi]))
@FEW
def test_a_repaired_layer_checks_clean_and_land_is_conserved(seed, make):
    tiles = damaged(seed, make)
    mended, changes = dg.repair_boundaries(tiles, max_change_m2=1e9)
    found = dg.check_boundaries(mended)

    assert not found.table["fault_kind"].isin(REPAIRED).any() and len(narrow_gaps(found)) == 0
    assert mended.geometry.area.to_numpy() == approx(changes["area_after_m2"].to_numpy())
    assert (
        changes["area_before_m2"] + changes["gained_m2"] - changes["lost_m2"]
    ).to_numpy() == approx(changes["area_after_m2"].to_numpy(), abs=1e-5)
    sound = shapely.make_valid(tiles.geometry.to_numpy(), method="structure", keep_collapsed=False)
    filled = narrow_gaps(dg.check_boundaries(tiles))["fault_size"].sum()
    assert mended.geometry.area.sum() == approx(shapely.union_all(sound).area + filled, abs=1e-3)


@given(st.integers(0, 10_000))
@FEW
def test_a_second_repair_changes_nothing(seed):
    mended, _ = dg.repair_boundaries(damaged(seed), max_change_m2=1e9)
    again, changes = dg.repair_boundaries(mended, max_change_m2=0)

    assert again.geometry.geom_equals_exact(mended.geometry, 0).all() and changed(changes) == {}


@given(st.integers(0, 10_000))
@FEW
def test_the_order_of_rows_does_not_decide_who_gets_land(seed):
    tiles = damaged(seed)
    order = np.random.default_rng(seed).permutation(len(tiles))
    one, _ = dg.repair_boundaries(tiles, max_change_m2=1e9)
    other, _ = dg.repair_boundaries(tiles.iloc[order], max_change_m2=1e9)

    apart = shapely.symmetric_difference(
        one.geometry.to_numpy(), other.loc[one.index].geometry.to_numpy()
    )
    assert shapely.area(apart).max() < 1e-5


def test_soup_of_rectangles_is_parted_whatever_lies_on_what():
    rng = np.random.default_rng(7)
    for _ in range(20):
        x, y = rng.integers(0, 60, (2, 12))
        wide, high = rng.integers(5, 40, (2, 12))
        soup = frame([box(*one) for one in np.column_stack([x, y, x + wide, y + high]).tolist()])
        soup = soup[~soup.geometry.to_wkt().duplicated()]
        mended, _ = dg.repair_boundaries(soup, max_change_m2=1e9)
        found = dg.check_boundaries(mended)
        assert len(found.of("overlap")) == 0 and len(narrow_gaps(found)) == 0
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())


def test_a_damaged_corner_of_a_large_tiling_leaves_the_rest_untouched():
    tiles = quads(3, wide=12, high=12)
    shapes = tiles.geometry.to_numpy().copy()
    shapes[0] = shapely.buffer(shapes[0], 0.5, join_style="mitre")
    mended, changes = dg.repair_boundaries(
        tiles.set_geometry(gpd.GeoSeries(shapes, index=tiles.index, crs=CRS))
    )

    kept = [a is b for a, b in zip(mended.geometry, shapes, strict=True)]
    assert sum(kept) >= len(tiles) - 4
    assert set(changed(changes)) <= {"Q00", "Q01", "Q12", "Q13"}
