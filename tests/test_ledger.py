"""The list of roads behind a density: every road, counted or not, and why."""

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from pytest import approx
from shapely import MultiLineString

from deqing_geo import columns, errors, road_density, road_ledger, sample, save_table
from tests.test_roads import EAST, KM, WEST, areas, roads


def named(lines, names, **columns_):
    return roads(*lines, **columns_).assign(road_name=names)


def ledger(lines, zone=None, per="line", **options):
    density = road_density(areas(KM) if zone is None else zone, lines, **options)
    return road_ledger(density, per=per, outside=True)


def test_a_line_says_what_it_meets_at_its_ends():
    lines = named(
        [
            [(0, 500), (500, 500)],
            [(0, 0), (0, 1000)],
            [(500, 0), (500, 1000)],
            [(400, 900), (600, 900)],
        ],
        ["横路", "西路", "东路", None],
    )
    found = ledger(lines)

    assert found.loc[0, ["begins_at", "ends_at"]].to_list() == ["西路", "东路"]
    assert found.loc[1, ["begins_at", "ends_at"]].to_list() == ["", ""]
    assert found.index.name == "road" and found["road_name"].to_list() == [
        "横路",
        "西路",
        "东路",
        "",
    ]


def test_of_several_roads_at_an_end_the_open_and_the_larger_is_named():
    lines = named(
        [
            [(0, 500), (500, 500)],
            [(500, 500), (500, 900)],
            [(500, 500), (900, 500)],
            [(500, 500), (500, 100)],
        ],
        ["横路", "巷", "大道", "规划大道"],
        road_status=["built", "built", "built", "planned"],
    )
    lines["road_class"] = ["branch", "branch", "arterial", "expressway"]

    assert ledger(lines).loc[0, "ends_at"] == "大道"


def test_why_a_road_does_not_count_is_told_with_kilometres_where_there_are_several_reasons():
    lines = named(
        [
            [(-500, 500), (500, 500)],
            [(100, 100), (600, 100)],
            [(5000, 0), (6000, 0)],
            [(100, 200), (600, 200)],
            [(0, 0), (1000, 0)],
            [(500, 500), (500, 500)],
        ],
        list("甲乙丙丁戊己"),
        road_status=["built", "planned", "built", "built", "built", "built"],
    )
    lines["road_class"] = ["branch", "branch", "branch", "estate", "branch", "branch"]
    found = ledger(lines, by="road.core+half")

    assert found["not_counted_reason"].to_list() == [
        "统计范围外0.500公里",
        "规划",
        "统计范围外",
        "等级不在口径内",
        "外边界道路按口径不计的部分0.500公里",
        "没有长度",
    ]
    assert found["road_counted"].to_list() == ["part", "none", "none", "none", "part", "none"]
    assert found["counted_km"].to_list() == approx([0.5, 0, 0, 0, 0.5, 0])


def test_a_road_of_several_lines_is_one_row():
    """Two lines end to end, a third of the same name apart, one of another status."""
    lines = named(
        [
            [(600, 500), (300, 500)],
            [(0, 500), (300, 500)],
            [(0, 800), (300, 800)],
            [(600, 500), (900, 500)],
            [(0, 0), (0, 1000)],
        ],
        ["横路", "横路", "横路", "横路", "西路"],
        road_status=["built", "built", "built", "planned", "built"],
        road_width_m=[10.0, 20.0, np.nan, 9.0, 12.0],
        opened_on=["2001-01-01", "2003-05-01", None, None, "1999-01-01"],
    )
    found = ledger(lines, per="road")

    assert found["road_name"].to_list() == ["横路", "横路", "横路", "西路"]
    assert found["length_km"].to_list() == approx([0.6, 0.3, 0.3, 1.0])
    assert found["begins_at"].to_list() == ["西路", "西路", "", ""]
    assert found["road_width_m"].to_list() == approx([15.0, np.nan, 9.0, 12.0], nan_ok=True)
    assert found["opened_on"].to_list() == ["2001-01-01至2003-05-01", "", "", "1999-01-01"]
    assert found.index.to_list() == [1, 2, 3, 4]


def test_a_ring_has_no_ends_and_a_steep_road_runs_from_south_to_north():
    lines = named(
        [
            [(400, 400), (600, 400), (600, 600)],
            [(600, 600), (400, 600), (400, 400)],
            [(100, 900), (110, 500)],
            [(110, 500), (100, 100)],
            [(0, 900), (200, 900)],
            [(0, 100), (200, 100)],
            [(400, 400), (300, 300)],
        ],
        ["环路", "环路", "竖路", "竖路", "北路", "南路", "支巷"],
    )
    found = ledger(lines, per="road").set_index("road_name")

    assert found.loc["环路", ["begins_at", "ends_at"]].to_list() == ["", ""]
    assert found.loc["竖路", ["begins_at", "ends_at"]].to_list() == ["南路", "北路"]


def test_lines_without_a_name_are_never_one_road():
    lines = named([[(0, 500), (300, 500)], [(300, 500), (600, 500)]], [None, " "])

    assert len(ledger(lines, per="road")) == 2


def test_a_line_of_several_parts_and_one_of_none():
    shape = MultiLineString([[(0, 500), (300, 500)], [(400, 500), (600, 500)]])
    lines = named([shape, [(600, 0), (600, 1000)], MultiLineString()], ["横路", "东路", "空路"])

    found = ledger(lines)
    assert found.loc[0, ["begins_at", "ends_at"]].to_list() == ["", "东路"]
    assert found["length_km"].to_list() == approx([0.5, 1.0, 0.0])
    assert len(ledger(lines, per="road")) == 3


@pytest.mark.parametrize("per", ["line", "road"])
def test_the_sums_are_the_densitys(per):
    county = sample.county(1)
    for by in ("road.core", "road.broad+half"):
        density = road_density(county.zone, county.roads, by=by, as_of="2025-12-31")
        found = road_ledger(density, per=per, outside=True)

        total = float(density.table["road_km"].sum())
        assert found["counted_km"].sum() == approx(total, abs=1e-9)
        assert found["length_km"].sum() == approx(county.roads.length.sum() / 1000, abs=1e-9)
        full = found[found["road_counted"] == "whole"]
        assert (full["counted_km"] - full["length_km"]).abs().max() < 1e-9
        assert (found.loc[found["road_counted"] != "whole", "not_counted_reason"] != "").all()


def test_the_order_of_lines_does_not_matter():
    county = sample.county(1)
    shuffled = county.roads.sample(frac=1, random_state=3)
    one, two = (
        road_ledger(road_density(county.zone, lines), per="road")
        .round(9)
        .pipe(lambda frame: frame.sort_values(list(frame.columns)))
        .reset_index(drop=True)
        for lines in (county.roads, shuffled)
    )

    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("per", ["line", "road"])
def test_no_roads_are_an_empty_list(per):
    none = gpd.GeoDataFrame({"road_class": []}, geometry=[], crs=sample.CRS)

    assert len(ledger(none, per=per)) == 0


def test_what_is_asked_by_another_word_is_refused():
    with pytest.raises(errors.InputError, match="per='street'"):
        ledger(sample.roads(), per="street")


def test_it_is_written_in_chinese(tmp_path):
    density = road_density(sample.zone(), sample.roads())
    found = road_ledger(density)
    text = save_table(found, tmp_path / "道路计入明细表.csv").read_text("utf-8-sig")

    head, first, *_ = text.splitlines()
    assert head.startswith("道路编号,道路名称,起点,止点,道路等级,长度(公里),路面宽度(米),建设状态")
    assert "是否计入,计入长度(公里),不计入原因,口径,说明" in head
    assert first.startswith("1,纸上大道,,,主干路,3.0,,现状,,计入,3.0,,")
    assert set(found.columns) <= set(columns.registry())
    text.encode("gbk")
    found.to_excel(tmp_path / "ledger.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "ledger.xlsx").active
    assert sheet.max_row == 1 + len(found)


def test_areas_side_by_side_count_a_road_once():
    found = ledger(named([[(0, 500), (2000, 500)]], ["路"]), zone=areas(WEST, EAST))

    assert (
        found["counted_km"].to_list() == approx([2.0]) and found.loc[0, "road_counted"] == "whole"
    )


def test_roads_that_lie_wholly_outside_are_listed_only_where_asked():
    density = road_density(sample.zone(), sample.roads())
    own, every = road_ledger(density), road_ledger(density, outside=True)

    assert every.index.difference(own.index).to_list() == [4, 5]
    assert set(every.loc[[4, 5], "not_counted_reason"]) == {"统计范围外"}
    assert own["counted_km"].sum() == every["counted_km"].sum() == density.table["road_km"].sum()
