"""Every kind of fault by hand, and the laws a check keeps whatever it is given."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx
from scipy import ndimage

import deqing_geo as dg
from deqing_geo import columns, errors
from deqing_geo.faults import report as reports
from deqing_geo.faults.forms import widths
from deqing_geo.faults.identity import identity
from tests.tilings import (
    CRS,
    X0,
    Y0,
    box,
    damaged,
    frame,
    overlapping_pairs,
    polygon,
    quads,
    row,
    voronoi,
)

FEW = settings(max_examples=12)


def told(report, *kinds):
    """Kind, severity, rows and rounded size of each fault, of some kinds or of all."""
    table = report.table if not kinds else report.table[report.table["fault_kind"].isin(kinds)]
    return [
        (kind, severity, rows, None if np.isnan(size) else round(size, 3))
        for kind, severity, rows, size in zip(
            table["fault_kind"],
            table["severity"],
            table["fault_rows"],
            table["fault_size"],
            strict=True,
        )
    ]


# ---------------------------------------------------------------- shapes


def test_squares_side_by_side_are_clean():
    found = dg.check_boundaries(row(100, 100, 100))

    assert found.is_clean and len(found.table) == 0 and found.checked == 3
    assert repr(found) == "<BoundaryReport of 3 units: nothing found>"


def test_a_shape_that_crosses_itself_is_told_where_it_crosses():
    bow = polygon((0, 0), (100, 100), (100, 0), (0, 100))
    found = dg.check_boundaries(frame([bow], ["A"]))

    assert told(found) == [("invalid", "error", "A", None)]
    assert found.table.geometry[0].equals(shapely.Point(X0 + 50, Y0 + 50))
    assert "边线自相交" in found.table["says_zh"][0]


def test_missing_and_empty_shapes_are_told_and_no_other_row_is_moved():
    found = dg.check_boundaries(
        frame([box(0, 0, 100, 100), None, shapely.Polygon(), box(98, 0, 200, 100)], list("ABCD"))
    )

    assert told(found) == [
        ("empty", "error", "B", None),
        ("empty", "error", "C", None),
        ("overlap", "error", "A、D", 200.0),
    ]
    assert found.rows == (("B",), ("C",), ("A", "D"))


def test_lines_and_points_are_no_areas_and_an_open_line_says_how_far():
    shapes = [
        shapely.LineString([(X0, Y0), (X0 + 30, Y0), (X0 + 30, Y0 + 40)]),
        shapely.LineString([(X0, Y0), (X0 + 30, Y0), (X0 + 30, Y0 + 40), (X0, Y0)]),
        shapely.Point(X0, Y0),
    ]
    found = dg.check_boundaries(frame(shapes, list("LRP")))

    assert told(found) == [
        ("wrong_kind", "error", "P", None),
        ("wrong_kind", "error", "R", None),
        ("unclosed", "error", "L", None),
    ]
    assert "首尾相距50.00米" in found.of("unclosed")["says_zh"].iloc[0]


def test_coordinates_that_are_no_numbers_are_invalid():
    with np.errstate(invalid="ignore"):
        shape = shapely.Polygon([(X0, Y0), (X0 + 100, np.nan), (X0 + 100, Y0 + 100)])
    found = dg.check_boundaries(frame([shape, box(0, 0, 100, 100)], list("AB")))

    assert told(found) == [("invalid", "error", "A", None)]
    assert found.table.geometry[0] is None


def test_one_shape_three_times_is_one_fault_wherever_its_ring_begins():
    turned = polygon((100, 0), (100, 100), (0, 100), (0, 0))
    found = dg.check_boundaries(
        frame(
            [box(0, 0, 100, 100), turned, box(0, 0, 100, 100), box(90, 0, 200, 100)], list("ABCD")
        )
    )

    assert told(found) == [
        ("duplicate_geometry", "error", "A、B、C", 10_000.0),
        ("overlap", "error", "A、D", 1_000.0),
    ]


def test_a_piece_narrower_than_five_metres_is_a_sliver_and_pieces_are_a_note():
    parts = shapely.MultiPolygon([box(0, 0, 100, 100), box(200, 0, 203, 100), box(300, 0, 310, 10)])
    found = dg.check_boundaries(frame([parts], ["A"]))

    assert told(found) == [("sliver", "warning", "A", 300.0), ("multipart", "note", "A", 400.0)]
    assert "宽约3.00米" in found.table["says_zh"][0]


@given(st.floats(0.01, 500), st.floats(0.01, 500))
@FEW
def test_the_width_of_a_rectangle_is_its_shorter_side(one, other):
    assert widths(np.array([shapely.box(0, 0, one, other)]))[0] == approx(min(one, other), rel=1e-6)


# ---------------------------------------------------------------- neighbours


def test_an_overlap_has_its_pair_its_area_and_its_place():
    found = dg.check_boundaries(
        frame(
            [box(0, 0, 102, 100), box(100, 0, 200, 100)], ["A", "B"], village_name=["甲村", "乙村"]
        )
    )

    assert told(found) == [("overlap", "error", "A、B", 200.0)]
    assert found.table["fault_names"][0] == "甲村、乙村"
    assert found.table.geometry[0].equals(box(100, 0, 102, 100))
    assert found.table["says_zh"][0] == "甲村(A)、乙村(B)重叠200.00平方米(1处)。"


def test_a_unit_drawn_on_top_of_another_is_an_overlap_that_says_so():
    found = dg.check_boundaries(frame([box(0, 0, 100, 100), box(40, 40, 60, 60)], ["A", "B"]))

    assert told(found) == [("overlap", "error", "A、B", 400.0)]
    assert "整个落在另一个之内" in found.table["says_zh"][0]


def test_a_narrow_gap_is_an_error_and_a_wide_one_may_be_a_lake():
    ring = [box(0, 0, 100, 40), box(0, 60, 100, 100), box(0, 40, 40, 60), box(60, 40, 100, 60)]
    lake = dg.check_boundaries(frame(ring, list("ABCD")))
    ring[2], ring[3] = box(0, 40, 49.7, 60), box(50, 40, 100, 60)
    gap = dg.check_boundaries(frame(ring, list("ABCD")))

    assert told(lake) == [("gap", "warning", "A、B、C、D", 400.0)]
    assert told(gap) == [("gap", "error", "A、B、C、D", 6.0)]
    assert "最宽约0.30米" in gap.table["says_zh"][0] and gap.table.geometry[0].area == approx(6)


def test_gaps_between_the_same_two_are_one_fault_in_two_places():
    holed = shapely.difference(
        box(0, 0, 100, 100), shapely.union_all([box(99, 10, 100, 20), box(99, 50, 100, 70)])
    )
    found = dg.check_boundaries(frame([holed, box(100, 0, 200, 100)], ["A", "B"]))

    assert told(found) == [("gap", "error", "A、B", 30.0)]
    assert "(2处)" in found.table["says_zh"][0]


def test_a_hole_inside_one_unit_belongs_to_nobody():
    holed = shapely.difference(box(0, 0, 100, 100), box(40, 40, 42, 90))
    found = dg.check_boundaries(frame([holed], ["A"]))

    assert told(found) == [("gap", "error", "A", 100.0)]
    assert "内有无归属的空洞" in found.table["says_zh"][0]


def test_four_squares_that_touch_at_corners_enclose_a_gap():
    """Their union is four polygons without a hole."""
    cross = [
        box(100, 0, 200, 100),
        box(0, 100, 100, 200),
        box(200, 100, 300, 200),
        box(100, 200, 200, 300),
    ]
    found = dg.check_boundaries(frame(cross, list("ABCD")))

    assert told(found) == [("gap", "warning", "A、B、C、D", 10_000.0)]


def test_an_island_in_a_lake_is_no_gap_and_the_lake_around_it_is():
    lake = shapely.difference(box(0, 0, 100, 100), box(20, 20, 80, 80))
    found = dg.check_boundaries(frame([lake, box(40, 40, 60, 60)], ["A", "B"]))

    assert told(found) == [("gap", "warning", "A、B", 3_200.0), ("enclave", "note", "B、A", 400.0)]


def test_an_enclave_names_its_nearest_host():
    outer = shapely.difference(box(0, 0, 100, 100), box(20, 20, 80, 80))
    middle = shapely.difference(box(20, 20, 80, 80), box(40, 40, 60, 60))
    found = dg.check_boundaries(frame([outer, middle, box(40, 40, 60, 60)], list("ABC")))

    assert told(found) == [("enclave", "note", "B、A", 3_200.0), ("enclave", "note", "C、B", 400.0)]
    assert found.is_clean


def test_what_is_narrower_than_a_millimetre_is_the_rounding_of_a_vertex():
    """A vertex on another's edge, rounded to the millimetre, stands half of one beside it."""
    left = box(0, 0, 100, 100)
    right = polygon((100, 0), (200, 0), (200, 100), (100, 100), (100.0004, 50))
    found = dg.check_boundaries(frame([left, right], ["A", "B"]))

    assert len(found.table) == 0


def test_a_vertex_a_centimetre_off_is_a_fault():
    left = polygon((0, 0), (100, 0), (100.01, 50), (100, 100), (0, 100))
    found = dg.check_boundaries(frame([left, box(100, 0, 200, 100)], ["A", "B"]))

    assert told(found) == [("overlap", "error", "A、B", 0.5)]


# ---------------------------------------------------------------- outlines

TOWNS = frame(
    [box(0, 0, 200, 100), box(200, 0, 400, 100)], ["t1", "t2"], town_name=["东镇", "西镇"]
)


def test_a_village_across_its_towns_border_says_how_much_of_it():
    villages = row(100, 110, 90, 100, town_name=["东镇", "东镇", "西镇", "西镇"])
    found = dg.check_boundaries(villages, towns=TOWNS)

    assert told(found) == [("outside_town", "warning", "B", 1_000.0)]
    assert "占9.09%" in found.table["says_zh"][0] and "在东镇界外" in found.table["says_zh"][0]
    assert found.table["town_name"][0] == "东镇"


def test_a_village_mostly_in_another_town_is_an_error():
    villages = row(100, 100, 100, 100, town_name=["东镇", "东镇", "东镇", "西镇"])
    found = dg.check_boundaries(villages, towns=TOWNS)

    assert told(found) == [("outside_town", "error", "C", 10_000.0)]


def test_what_the_outline_holds_and_no_village_is_an_open_gap():
    villages = row(100, 100, 100, 99.7)
    found = dg.check_boundaries(villages, county=TOWNS)
    by_towns = dg.check_boundaries(villages, towns=TOWNS)

    assert told(found) == [("open_gap", "warning", "D", 30.0)] == told(by_towns)
    assert "与县界之间" in found.table["says_zh"][0]
    assert "与镇(街道)界之间" in by_towns.table["says_zh"][0]
    assert dg.check_boundaries(row(100, 100, 100, 99.7)).is_clean


def test_land_beyond_the_county_is_told_and_an_island_of_it_without_villages():
    county = frame([shapely.MultiPolygon([box(0, 0, 200, 100), box(500, 0, 600, 100)])], ["c"])
    found = dg.check_boundaries(row(100, 110), county=county)

    assert told(found) == [
        ("outside_county", "warning", "B", 1_000.0),
        ("open_gap", "warning", "", 10_000.0),
    ]


def test_a_hole_of_the_county_is_no_gap_of_the_villages():
    hole = box(40, 40, 60, 60)
    villages = frame([shapely.difference(box(0, 0, 100, 100), hole)], ["A"])

    assert dg.check_boundaries(villages, county=villages).is_clean
    assert told(dg.check_boundaries(villages, county=frame([box(0, 0, 100, 100)], ["c"]))) == [
        ("gap", "warning", "A", 400.0)
    ]


def test_strips_along_an_outline_of_another_drawing_are_notes():
    villages = row(100, 100)
    outline = frame([box(-2, -2, 202, 98)], ["c"])
    found = dg.check_boundaries(villages, county=outline)

    assert found.by_severity.to_dict() == {"error": 0, "warning": 0, "note": 3}
    assert columns.word("check.not_alike") in found.notices
    assert found.is_clean


# ---------------------------------------------------------------- codes


def coded(codes, **fields):
    return row(*[100] * len(codes), index=range(len(codes)), village_code=codes, **fields)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (None, "没有代码"),
        ("3.30521E+11", "科学计数"),
        ("33052100120l", "数字以外"),
        ("33052100120", "是11位,应为12位"),
        ("930521001201", "省级代码"),
    ],
)
def test_a_damaged_code_says_what_is_wrong_with_it(code, says):
    found = dg.check_boundaries(coded(["330521001201", "330521001202", code]))

    assert told(found) == [("bad_code", "error", "2", None)]
    assert says in found.table["says_zh"][0]


def test_nineteen_digits_are_a_village_and_its_zeros():
    found = dg.check_boundaries(coded(["3305210012010000000", "3305210012020000000"]))
    tail = dg.check_boundaries(coded(["3305210012010000000", "3305210012020000001"]))

    assert found.is_clean
    assert told(tail) == [("bad_code", "warning", "1", None)]


def test_a_code_of_two_units_is_told_once():
    found = dg.check_boundaries(coded(["330521001201", "330521001202", "330521001201"]))

    assert told(found) == [("duplicate_code", "error", "0、2", None)]
    assert "330521001201" in found.table["says_zh"][0]


def test_codes_that_are_not_the_nations_are_only_asked_whether_they_repeat():
    found = dg.check_boundaries(coded(["10018-1", "10018-2", "10018-2"]))

    assert told(found) == [("duplicate_code", "error", "1、2", None)]
    assert "bad_code" not in found.kinds and "code_town" not in found.kinds


def test_a_float_that_cannot_hold_a_code_is_told():
    villages = coded(np.array([330521001201.0, 330521001202.5, 330521001203.0]))
    found = dg.check_boundaries(villages)

    assert told(found) == [("bad_code", "error", "1", None)]


def test_nineteen_digits_in_a_float_are_lost_and_not_read_as_another_unit():
    """pandas keeps 3305210012010000000 as 3305210012009999872, which begins like unit 200."""
    found = dg.check_boundaries(coded(np.array([3305210012010000000.0, 3305210012020000000.0])))

    assert told(found) == [("bad_code", "error", "0", None), ("bad_code", "error", "1", None)]
    assert "存不下全部位数" in found.table["says_zh"][0]


def test_a_code_of_another_town_is_told_by_the_towns_by_the_field_and_by_the_majority():
    codes = ["330521101201", "330521101202", "330521101203", "330521102201"]
    names = ["乾元镇", "乾元镇", "新市镇", "新市镇"]
    towns = frame([box(0, 0, 200, 100), box(200, 0, 400, 100)],
                  pd.Index(["330521101", "330521102"], name="town_code"),
                  town_name=["乾元镇", "新市镇"])  # fmt: skip
    by_towns = dg.check_boundaries(coded(codes, town_name=names), towns=towns)
    by_field = dg.check_boundaries(
        coded(codes, town_code=["330521101", "330521101", "330521102", "330521102"])
    )
    by_majority = dg.check_boundaries(coded(codes, town_name=names))

    for found in (by_towns, by_field, by_majority):
        assert told(found, "code_town") == [("code_town", "error", "2", None)]
    assert "属于乾元镇,图层中注明的是新市镇" in by_towns.table["says_zh"][0]
    stray = dg.check_boundaries(coded(["330521999201"]), towns=towns)
    assert told(stray, "code_town") == [("code_town", "error", "0", None)]


def test_wukangs_old_code_is_no_wrong_town_but_an_old_code():
    """330521100 became four streets in 2016."""
    found = dg.check_boundaries(
        coded(["330521100201", "330521100202"], town_name=["武康街道", "新市镇"])
    )

    assert told(found) == [
        ("code_town", "error", "1", None),
        ("old_code", "warning", "0", None),
        ("old_code", "warning", "1", None),
    ]
    assert "武康镇" in found.of("old_code")["says_zh"].iloc[0]
    assert "武康街道、舞阳街道、阜溪街道、下渚湖街道" in found.of("old_code")["says_zh"].iloc[0]


# ---------------------------------------------------------------- names


def test_names_that_are_blank_damaged_or_shared_are_told():
    found = dg.check_boundaries(
        row(
            *[100] * 6,
            village_name=["城西村", " ", "西?圩村", "城西村委会", "东村", "东村"],
            town_name=["乾元镇", "乾元镇", "乾元镇", "新市镇", "新市镇", "新市镇"],
        )
    )

    assert told(found) == [
        ("homonym", "warning", "E、F", None),
        ("unnamed", "warning", "B", None),
        ("damaged_name", "warning", "C", None),
        ("homonym", "note", "A、D", None),
    ]


def test_names_that_differ_by_their_kind_are_no_homonyms():
    found = dg.check_boundaries(
        row(100, 100, village_name=["士林村", "士林居委会"], town_name=["新市镇", "新市镇"])
    )

    assert found.is_clean and len(found.table) == 0


@pytest.mark.parametrize("name", ["ÎäÔ¨´å", "�村", "锟斤拷村", "五?村"])
def test_text_in_the_wrong_encoding_is_a_damaged_name(name):
    found = dg.check_boundaries(row(100, village_name=[name]))

    assert told(found) == [("damaged_name", "warning", "A", None)]


# ---------------------------------------------------------------- areas and the register


def test_a_declared_area_a_thousandth_off_is_told_with_the_unit_it_would_fit():
    areas = [10_000.0, 10_020.0, 1.0, 15.0, np.nan]
    found = dg.check_boundaries(row(*[100] * 5, JSMJ=areas))

    assert told(found) == [
        ("area_mismatch", "warning", "C", 1.0),
        ("area_mismatch", "warning", "D", approx(0.9985, abs=1e-3)),
        ("area_mismatch", "warning", "B", 0.002),
    ]
    assert "(似以公顷计)" in found.table["says_zh"][0] and "(似以亩计)" in found.table["says_zh"][1]
    assert "登记为10020.00平方米" in found.table["says_zh"][2]
    assert (found.table["fault_unit"] == "ratio").all()


def listed():
    register = dg.register(2016)
    return register[register["town_name"] == "洛舍镇"]


def test_a_layer_that_is_the_register_is_clean():
    units = listed().query("division_level == 'village'")
    villages = coded(units.index.tolist(), village_name=units["division_name"].tolist())

    assert dg.check_boundaries(villages, register=listed()).is_clean


def test_unknown_missing_and_renamed_units_are_told_against_the_register():
    units = listed().query("division_level == 'village'")
    codes = units.index.tolist()
    names = [name.removesuffix("委会") for name in units["division_name"]]
    names[0] = "新名村"
    codes[1] = "330521103299"  # another code, the same town and name
    codes[2], names[2] = "330521103298", "外来村"
    villages = coded(codes[:-1], village_name=names[:-1], town_name=["洛舍镇"] * (len(codes) - 1))
    found = dg.check_boundaries(villages, register=listed())

    assert told(found, "name_mismatch", "not_in_register", "missing") == [
        ("name_mismatch", "warning", "0", None),
        ("not_in_register", "warning", "1", None),
        ("not_in_register", "warning", "2", None),
        ("missing", "warning", units.index[2], None),
        ("missing", "warning", units.index[-1], None),
    ]
    assert units.index[1] in found.of("not_in_register")["says_zh"].iloc[0]
    assert (
        found.rows[-1] == ()
        and found.table["fault_names"].iloc[-1] == units["division_name"].iloc[-1]
    )


def test_a_town_of_which_nothing_is_there_is_missing_once():
    units = listed().query("division_level == 'village'")
    villages = coded(units.index.tolist(), village_name=units["division_name"].tolist())
    found = dg.check_boundaries(villages, register=dg.register(2016))

    assert len(found.of("missing")) == 11 and len(found.table) == 11
    assert "29个单元在图层中一个也没有" in " ".join(found.of("missing")["says_zh"])


def test_towns_are_held_against_the_towns_of_a_register():
    register = dg.register(2023)
    names = register["town_name"].tolist()
    towns = row(*[100] * 4, index=pd.Index(names[:4], name="town_name"), town_name=names[:4])
    found = dg.check_boundaries(towns, register=register)

    assert sorted(found.of("missing")["fault_names"]) == sorted(names[4:])
    assert len(found.of("not_in_register")) == 0


@pytest.mark.parametrize(
    ("register", "says"),
    [
        (pd.DataFrame({"name": ["a"]}), "has no division_name"),
        (dg.register(2023), "lists no village"),
        (pd.concat([listed(), listed()]), "repeats codes"),
    ],
)
def test_a_register_that_cannot_be_asked_is_refused(register, says):
    with pytest.raises(errors.InputError, match=says):
        dg.check_boundaries(coded(["330521001201"]), register=register)


# ---------------------------------------------------------------- whose fields


def test_fields_are_found_by_the_names_of_survey_and_reader():
    survey = row(
        100,
        XZQDM=["330521001"],
        XZQMC=["武康街道"],
        ZLDWDM=["3305210012010000000"],
        ZLDWMC=["甲村"],
    )
    who = identity(survey)
    assert (who.codes[0], who.names[0], who.towns[0], who.town_codes[0]) == (
        "3305210012010000000", "甲村", "武康街道", "330521001",
    )  # fmt: skip
    assert who.sound_codes[0] == "330521001201" and who.prefixes[0] == "330521001"
    towns = identity(row(100, XZQDM=["330521001000"], XZQMC=["武康街道"]))
    assert towns.level == "town" and towns.sound_codes[0] == "330521001"
    assert identity(row(100, village_name=["甲村"], name=["Jia"])).towns is None
    counties = identity(
        row(100, index=pd.Index(["330521"], name="county_code"), county_name=["德清县"])
    )
    assert (counties.level, counties.names[0]) == ("county", "德清县")
    assert identity(row(100, index=["330521001201"])).codes[0] == "330521001201"


# ---------------------------------------------------------------- the report


def test_errors_come_first_and_the_largest_of_a_kind():
    found = dg.check_boundaries(
        frame(
            [box(0, 0, 101, 100), box(100, 0, 205, 100), box(200, 0, 300, 100), None],
            list("ABCD"),
            village_name=["同村", "同村", "丙村", None],
        )
    )

    assert told(found) == [
        ("empty", "error", "D", None),
        ("overlap", "error", "B、C", 500.0),
        ("overlap", "error", "A、B", 100.0),
        ("unnamed", "warning", "D", None),
        ("homonym", "note", "A、B", None),
    ]
    assert found.counts[["overlap", "homonym", "gap"]].tolist() == [2, 1, 0]
    assert found.by_severity.to_dict() == {"error": 3, "warning": 1, "note": 1}
    assert found.headline == "错误3处,疑似1处,提示1处"
    assert list(found.table.columns) == list(reports.COLUMNS)
    assert found.table.index.name == "fault_id" and found.faults is found.table


def test_the_report_shows_itself_and_is_saved(tmp_path):
    villages = frame(
        [box(0, 0, 101, 100), box(100, 0, 200, 100), None],
        list("ABC"),
        village_name=["<b>", "乙村", None],
    )
    villages.attrs["notice"] = "示意数据"
    found = dg.check_boundaries(villages)
    page = found._repr_html_()
    dg.save_table(found.table, tmp_path / "faults.csv")
    dg.save_layers(tmp_path / "faults.gpkg", {"faults": found.table})

    repr(found).encode("gbk")
    assert (
        "示意数据" in page and "<b>" not in page and "面重叠" in page and "名录有、图层无" in page
    )
    lines = (tmp_path / "faults.csv").read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("问题编号,问题类型,严重程度,涉及单元,涉及单元名称")
    assert "面重叠,错误,A、B" in lines[2]
    again = gpd.read_file(tmp_path / "faults.gpkg")
    assert again["fault_kind"].tolist() == found.table["fault_kind"].tolist()
    assert (again["notice"] == "示意数据").all()


def test_every_column_of_the_report_and_the_repair_is_registered():
    found = dg.check_boundaries(row(100, 100))
    _, changes = dg.repair_boundaries(row(100, 100))
    known = set(columns.registry())

    assert set(found.table.columns) - {"geometry"} <= known and found.table.index.name in known
    assert set(changes.columns) <= known and "fault_change" in known


def test_every_kind_of_fault_has_sentences_that_a_gbk_console_prints():
    known = reports.kinds()

    assert list(known) == list(columns.vocabulary("fault_kind"))
    for entry in known.values():
        for way in (entry, *entry.get("ways", {}).values()):
            assert {"zh", "en"} <= set(way)
            way["zh"].encode("gbk")
            way["en"].encode("ascii")
        assert entry["severity"] in columns.vocabulary("severity")


def test_the_page_on_checking_names_every_kind_with_its_severity():
    page = (Path(__file__).parent.parent / "docs" / "checking.md").read_text("utf-8")

    for kind, zh in columns.vocabulary("fault_kind").items():
        assert f"| `{kind}` | {zh} | {reports.kinds()[kind]['severity']} |" in page


def test_a_difference_tells_what_is_new_gone_and_unchanged():
    before = dg.check_boundaries(
        frame([box(0, 0, 101, 100), box(100, 0, 202, 100), box(200, 0, 300, 100)], list("ABC"))
    )
    after = dg.check_boundaries(
        frame(
            [box(0, 0, 101, 100), box(100, 0, 200, 100), box(200, 0, 300, 100), None], list("ABCD")
        )
    )
    change = after.diff(before)

    assert change[["fault_change", "fault_kind", "fault_rows"]].to_numpy().tolist() == [
        ["new", "empty", "D"],
        ["gone", "overlap", "B、C"],
        ["unchanged", "overlap", "A、B"],
    ]
    assert (after.diff(after)["fault_change"] == "unchanged").all()
    clean = dg.check_boundaries(row(100))
    assert len(clean.diff(clean)) == 0 and "fault_change" in clean.diff(clean)
    assert (clean.diff(before)["fault_change"] == "gone").all()


def test_the_same_pair_overlapping_elsewhere_is_another_fault():
    def at(y):
        bump = shapely.union(box(0, 0, 100, 100), box(100, y, 102, y + 10))
        return dg.check_boundaries(frame([bump, box(100, 0, 200, 100)], ["A", "B"]))

    assert at(80).diff(at(10))["fault_change"].tolist() == ["new", "gone"]
    assert at(10.5).diff(at(10))["fault_change"].tolist() == ["unchanged"]


def test_an_unknown_kind_and_reports_of_two_systems_are_refused():
    found = dg.check_boundaries(row(100))
    elsewhere = dg.check_boundaries(row(100).to_crs(4528))

    with pytest.raises(errors.InputError, match="no kind of fault"):
        found.of("crack")
    with pytest.raises(errors.InputError, match="different coordinate systems"):
        found.diff(elsewhere)


# ---------------------------------------------------------------- at the door


def test_a_unit_whose_town_the_layer_does_not_have_is_counted_not_judged():
    villages = row(100, 100, village_name=["甲", "乙"], town_name=["东镇", "某镇"])
    found = dg.check_boundaries(villages, towns=TOWNS)

    assert any(notice.startswith("1个单元所属镇(街道)不明") for notice in found.notices)
    assert len(found.of("outside_town")) == 0


def test_fields_of_one_name_and_figures_as_text_are_read():
    villages = gpd.GeoDataFrame(
        pd.DataFrame([["甲村", "x", "12000"]], columns=["village_name", "village_name", "JSMJ"]),
        geometry=[box(0, 0, 100, 100)],
        crs=CRS,
    )
    found = dg.check_boundaries(villages)

    assert told(found) == [("area_mismatch", "warning", "0", 0.167)]
    assert found.table["fault_names"][0] == "甲村"


def test_degrees_bad_towns_and_repeated_towns_are_refused():
    with pytest.raises(errors.CRSError, match="degrees"):
        dg.check_boundaries(row(100).to_crs(4490))
    with pytest.raises(errors.GeometryError, match="towns"):
        dg.check_boundaries(row(100), towns=frame([None], ["t"], town_name=["东镇"]))
    twice = frame([box(0, 0, 100, 100), box(100, 0, 200, 100)], list("ab"), town_name=["东镇"] * 2)
    with pytest.raises(errors.InputError, match="repeats names"):
        dg.check_boundaries(row(100, town_name=["东镇"]), towns=twice)


def test_labels_may_repeat():
    found = dg.check_boundaries(
        frame([box(0, 0, 101, 100), box(100, 0, 200, 100)], ["A", "A"], village_name=["甲", "乙"])
    )

    assert told(found) == [("overlap", "error", "A、A", 100.0)]
    assert found.rows == (("A", "A"),)


def test_nothing_one_and_twenty_times_the_same():
    assert len(dg.check_boundaries(row(100).iloc[:0]).table) == 0
    assert dg.check_boundaries(row(100)).is_clean
    same = dg.check_boundaries(frame([box(0, 0, 100, 100)] * 20))
    assert told(same)[0][0] == "duplicate_geometry" and len(same.table) == 1
    assert "等20个单元" in same.table["says_zh"][0]
    nowhere = dg.check_boundaries(frame([None, None], list("AB")))
    assert [kind for kind, *_ in told(nowhere)] == ["empty", "empty"]


def test_the_frame_given_is_left_as_it_was():
    villages = frame(
        [polygon((0, 0), (100, 100), (100, 0), (0, 100)), box(90, 0, 200, 100)],
        list("AB"),
        JSMJ=[1.0, 2.0],
    )
    before = villages.copy(deep=True)
    dg.check_boundaries(villages, towns=TOWNS, county=TOWNS)

    pd.testing.assert_frame_equal(pd.DataFrame(villages), pd.DataFrame(before))


# ---------------------------------------------------------------- laws


@given(st.integers(0, 10_000), st.sampled_from([quads, voronoi]))
@FEW
def test_nothing_is_invented_on_a_clean_tiling(seed, make):
    tiles = make(seed)
    whole = gpd.GeoDataFrame(geometry=[shapely.coverage_union_all(tiles.geometry.array)], crs=CRS)
    found = dg.check_boundaries(tiles, county=whole)

    assert (
        not found.table["fault_kind"]
        .isin(["overlap", "gap", "open_gap", "outside_county", "invalid"])
        .any()
    )


@given(st.integers(0, 10_000), st.sampled_from([quads, voronoi]))
@FEW
def test_overlaps_and_gaps_are_those_of_brute_force(seed, make):
    tiles = damaged(seed, make)
    found = dg.check_boundaries(tiles)
    shapes, labels = tiles.geometry.to_numpy(), tiles.index.to_list()
    sound = np.where(
        shapely.is_valid(shapes),
        shapes,
        shapely.make_valid(shapes, method="structure", keep_collapsed=False),
    )

    pairs = found.of("overlap").set_index("fault_rows")["fault_size"]
    expected = overlapping_pairs(sound, labels)
    assert set(pairs.index) == set(expected)
    assert pairs.to_dict() == {rows: approx(area, abs=1e-6) for rows, area in expected.items()}
    # A hair's breadth wider, so that pieces that touch at a point enclose what they enclose.
    whole = shapely.union_all(sound).buffer(1e-5, join_style="mitre")
    holes = [shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors]
    assert found.of("gap")["fault_size"].sum() == approx(sum(hole.area for hole in holes), abs=0.1)


def test_heights_take_no_part():
    flat = row(100, 100)
    high = flat.set_geometry(shapely.force_3d(flat.geometry.array, 7.0))
    high = gpd.GeoDataFrame(geometry=high.geometry, crs=CRS)

    assert dg.check_boundaries(high).is_clean
    mended, _ = dg.repair_boundaries(high)
    assert shapely.has_z(mended.geometry.to_numpy()).all()


@given(st.integers(0, 10_000))
@FEW
def test_two_whole_tilings_in_one_layer_are_told_pair_by_pair(seed):
    """Inside, every edge has its partner; the pairs are found from the rim inwards."""
    one, other = quads(seed, wide=4, high=3), voronoi(seed, count=25, side=700.0)
    both = gpd.GeoDataFrame(geometry=[*one.geometry, *other.geometry], crs=CRS)
    found = dg.check_boundaries(both).of("overlap").set_index("fault_rows")["fault_size"]

    expected = overlapping_pairs(both.geometry.to_numpy(), both.index.to_list())
    assert found.to_dict() == {rows: approx(area, abs=1e-6) for rows, area in expected.items()}


def test_units_that_together_are_drawn_over_one_more_are_each_told():
    """The edges of the one all have partners, and those between the parts too."""
    parts = [box(x, y, x + 10, y + 10) for x in range(0, 50, 10) for y in range(0, 50, 10)]
    around = [box(-10, -10, 60, 0), box(-10, 50, 60, 60), box(-10, 0, 0, 50), box(50, 0, 60, 50)]
    whole = shapely.union_all(parts)
    found = dg.check_boundaries(frame([*parts, *around, whole]))

    assert sorted(size for *_, size in told(found, "overlap")) == [100.0] * 25


def test_rings_may_run_either_way_and_repeat_a_point():
    villages = row(100, 100, 100)
    turned = villages.geometry.to_numpy().copy()
    turned[1] = shapely.reverse(turned[1])
    points = shapely.get_coordinates(turned[2])
    turned[2] = shapely.Polygon(np.insert(points, 2, points[2], axis=0))

    assert len(dg.check_boundaries(frame(turned)).table) == 0


@given(
    st.lists(
        st.tuples(*[st.integers(0, 9)] * 2, *[st.integers(1, 6)] * 2),
        min_size=1,
        max_size=7,
        unique=True,
    )
)
@settings(max_examples=30)
def test_rectangles_on_a_grid_are_counted_cell_by_cell(corners):
    """Overlaps and gaps of whole metres, counted on the 1 m cells they consist of."""
    cells = np.zeros((len(corners), 18, 18), dtype=bool)
    for at, (x, y, wide, high) in enumerate(corners):
        cells[at, y + 1 : y + 1 + high, x + 1 : x + 1 + wide] = True
    found = dg.check_boundaries(frame([box(x, y, x + w, y + h) for x, y, w, h in corners]))

    expected = {
        f"{one}、{other}": float((cells[one] & cells[other]).sum())
        for one in range(len(corners))
        for other in range(one + 1, len(corners))
        if (cells[one] & cells[other]).any()
    }
    overlaps = found.of("overlap").set_index("fault_rows")["fault_size"]
    assert overlaps.round(6).to_dict() == expected
    holes, count = ndimage.label(~cells.any(axis=0))
    inside = sum(int((holes == at).sum()) for at in range(1, count + 1) if at != holes[0, 0])
    assert found.of("gap")["fault_size"].sum() == approx(inside)


@given(st.integers(0, 10_000))
@FEW
def test_the_order_of_rows_changes_nothing(seed):
    tiles = damaged(seed)
    order = np.random.default_rng(seed).permutation(len(tiles))
    one, other = dg.check_boundaries(tiles), dg.check_boundaries(tiles.iloc[order])

    def as_set(found):
        return {
            (
                kind,
                severity,
                frozenset(rows.split("、")),
                None if np.isnan(size) else round(size, 5),
            )
            for kind, severity, rows, size in told(found)
            for size in [np.nan if size is None else size]
        }

    assert as_set(one) == as_set(other)


@given(st.integers(0, 10_000), st.integers(-900, 900), st.integers(-900, 900))
@FEW
def test_a_layer_moved_by_whole_metres_has_the_same_faults(seed, x, y):
    tiles = damaged(seed)
    one, other = (
        dg.check_boundaries(tiles),
        dg.check_boundaries(tiles.set_geometry(tiles.translate(x, y))),
    )

    assert [(k, s, r) for k, s, r, _ in told(one)] == [(k, s, r) for k, s, r, _ in told(other)]
    assert other.table["fault_size"].to_numpy() == approx(
        one.table["fault_size"].to_numpy(), abs=1e-4, nan_ok=True
    )
