"""The map of faults: every fault findable, what must be mended first, nothing told that is not."""

import dataclasses
import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import columns, errors, maps, sample
from deqing_geo.faults.report import table_of
from deqing_geo.maps import parts
from deqing_geo.maps.faults import MOST_LISTED
from deqing_geo.maps.page import UNIT
from tests.test_maps import decode, drawn, html_of, polygon, told

X, Y = sample.X0, sample.Y0


def box(x0, y0, x1, y1):
    return shapely.box(X + x0, Y + y0, X + x1, Y + y1)


def received():
    """Eight rows: 乙 reaches 2 m into 甲 and stops 0.3 m before 丙, 己 crosses itself …"""
    cross = [(4000, 0), (5000, 1000), (5000, 0), (4000, 1000)]
    shapes = {
        "A": box(0, 0, 1000, 1000),
        "B": box(998, 0, 2000, 1000),
        "C": box(2000.3, 0, 3000, 1000),
        "D": box(0, 1000, 3000, 2000),
        "E": box(0, -1000, 3000, 0),
        "F": shapely.Polygon([(X + x, Y + y) for x, y in cross]),
        "G": None,
        "H": shapely.LineString([(X + 6000, Y), (X + 7000, Y), (X + 7000, Y + 500)]),
    }
    names = ["甲村", "乙村", "丙村", "丁村", "戊村", "己村", "庚村", "甲村"]
    towns = ["纸上镇"] * 7 + ["另镇"]
    return gpd.GeoDataFrame(
        {"village_name": names, "town_name": towns},
        geometry=list(shapes.values()),
        index=list(shapes),
        crs=sample.CRS,
    )


@pytest.fixture(scope="module")
def villages():
    return received()


@pytest.fixture(scope="module")
def report(villages):
    return dg.check_boundaries(villages)


@pytest.fixture(scope="module")
def html(report, villages):
    return html_of(dg.fault_map(report, villages))


def made_of(rows, crs=sample.CRS, **options):
    """A report of faults as they are given: kind, severity, rows, size, unit, shape."""
    kinds, severities, concerned, sizes, units, shapes = zip(*rows, strict=True)
    joined = ["、".join(str(one) for one in each) for each in concerned]
    place = np.empty(len(rows), dtype=object)
    place[:] = shapes
    table = table_of(
        {
            "fault_kind": kinds, "severity": severities, "fault_rows": joined,
            "fault_names": [f"{text}名" for text in joined], "town_name": ["纸上镇"] * len(rows),
            "fault_size": np.array(sizes, dtype=float), "fault_unit": units,
            "says_zh": [f"{text}有问题。" for text in joined], "says_en": joined, "geometry": place,
        },
        crs,
        {},
    )  # fmt: skip
    from deqing_geo.faults import BoundaryReport

    return BoundaryReport(
        table, tuple(map(tuple, concerned)), 9, tuple(dict.fromkeys(kinds)), **options
    )


def layers_of_faults(html):
    return [layer for layer in drawn(html) if "marks" in layer]


def test_the_planted_faults_are_all_in_the_legend_with_their_counts(html):
    """Pencil: one overlap, one gap, one crossing, one empty, one line; two of one name."""
    entries = [entry["label"] for part in told(html).legends for entry in part["entries"]]

    assert sorted(entries) == sorted(
        ["图形自相交 1", "空图形 1", "面未闭合 1", "面重叠 1", "面缝隙 1", "同名村(不同镇街) 1"]
    )


def test_the_legend_goes_from_errors_to_hints(html, report):
    heads = [part["title"] for part in told(html).legends if part["title"]]

    assert heads == [f"错误 {report.by_severity['error']}", f"提示 {report.by_severity['note']}"]
    assert dict(told(html).headlines)["检查结果"] == report.headline


def test_every_fault_with_a_place_has_a_mark_in_it(html, report):
    marks = [mark for layer in layers_of_faults(html) for mark in layer["marks"]]
    shapes = report.table.to_crs(4490).geometry

    assert len(marks) == len(report.table)
    there = [mark for mark in marks if mark is not None]
    assert len(there) == shapes.notna().sum() == len(marks) - 1  # 空图形 is nowhere
    for mark in there:
        place = shapely.Point(mark[0] / UNIT, mark[1] / UNIT)
        assert min(shape.distance(place) for shape in shapes if shape is not None) < 2 / UNIT


def test_a_mark_keeps_its_size_and_errors_are_larger_than_hints(html):
    radius = {}
    for layer in layers_of_faults(html):
        (mark,) = layer["markStyles"]
        radius.setdefault(mark["fillColor"] == "#ffffff", set()).add(mark["radius"])

    assert min(radius[False]) > max(radius[True]) >= 5


def test_errors_lie_on_top(html, report):
    severity = dict(zip(told(html).layers[1:], layers_of_faults(html), strict=True))
    order = [name.rsplit("(", 1)[1].rstrip(")") for name in severity]

    assert order == sorted(order, key=["提示", "疑似", "错误"].index)


def test_the_list_begins_with_what_must_be_mended(villages):
    rows = [
        ("homonym", "note", ["A"], np.nan, None, None),
        ("sliver", "warning", ["A"], 3.0, "m2", box(0, 0, 1, 3)),
        ("overlap", "error", ["A", "B"], 9.0, "m2", box(0, 0, 3, 3)),
        ("gap", "error", ["B"], 1.0, "m2", box(0, 0, 1, 1)),
    ]
    listing = told(html_of(dg.fault_map(made_of(rows), villages))).listing

    assert [item["texts"] for item in listing["items"]] == [
        ["#2 面重叠", "A、B名,9.00 平方米"],
        ["#3 面缝隙", "B名,1.00 平方米"],
        ["#1 狭长碎面", "A名,3.00 平方米"],
        ["#0 同名村(不同镇街)", "A名"],
    ]
    assert listing["title"] == "问题清单(4)"


def test_the_list_leads_to_a_story_with_kind_rows_names_size_and_sentence(html, report):
    page = told(html)
    for item in page.listing["items"]:
        story = page.stories[item["key"]]
        at = int(story["name"].split(" ")[0].removeprefix("#"))
        row = report.table.loc[at]
        shown = [part["text"] for part in story["parts"] if "text" in part]
        facts = {label: value for part in story["parts"] for label, value in part["rows"]}
        assert story["name"] == f"#{at} {columns.vocabulary('fault_kind')[row['fault_kind']]}"
        assert row["says_zh"] in shown and row["fault_rows"] in shown
        assert row["fault_names"] in shown
        assert facts["严重程度"] == columns.vocabulary("severity")[row["severity"]]
        assert ("问题面积或比例" in facts) == (row["fault_size"] == row["fault_size"])
    assert [story["name"] for story in page.stories.values()].count("#0 图形自相交") == 1


def test_a_size_is_told_in_its_unit(villages):
    rows = [
        ("overlap", "error", ["A"], 2000.0, "m2", box(0, 0, 3, 3)),
        ("area_mismatch", "warning", ["A"], 0.0321, "ratio", box(0, 0, 3, 3)),
        ("gap", "error", ["A"], 0.00031, "m2", box(0, 0, 3, 3)),
    ]
    items = told(html_of(dg.fault_map(made_of(rows), villages))).listing["items"]

    assert [item["texts"][1] for item in items] == [
        "A名,2000.00 平方米",
        "A名,0.00031 平方米",
        "A名,3.21%",
    ]


def test_what_has_no_place_is_listed_and_says_so(html, report):
    page = told(html)
    nowhere = report.table.index[report.table.geometry.isna()].to_list()
    silent = [
        story["name"]
        for story in page.stories.values()
        if any(part["title"] == "图上没有位置" for part in story["parts"])
    ]

    assert silent == [f"#{at} 空图形" for at in nowhere]
    assert len(page.listing["items"]) == len(report.table)


def test_a_village_tells_the_faults_it_is_in(html, report):
    told_of = {
        story["name"]: [
            row[0] for part in story["parts"] if part["title"] == "问题类型" for row in part["rows"]
        ]
        for key, story in told(html).stories.items()
        if key.endswith("#village")
    }
    overlap = int(report.of("overlap").index[0])
    gap = int(report.of("gap").index[0])

    assert told_of["乙村"] == [f"#{overlap} 面重叠", f"#{gap} 面缝隙"]
    assert told_of["丁村"] == told_of["戊村"] == [f"#{gap} 面缝隙"]  # at its ends


def test_faults_and_villages_can_be_searched(html, report):
    finds = dict(told(html).finds)

    assert finds["甲村(纸上镇)"] != finds["甲村(另镇)"]
    assert sum(text.startswith("#") for text in finds) == len(report.table)
    assert finds["乙村"].endswith("#village")
    assert told(html).seek == "查找问题编号、村(社区)、镇(街道)"


def test_areas_lines_and_points_are_drawn_as_what_they_are(villages):
    line = shapely.LineString([(X, Y), (X + 900, Y)])
    mixed = shapely.GeometryCollection([line, box(0, 0, 10, 10), shapely.Point(X, Y)])
    shapes = [box(0, 0, 500, 500), line, shapely.Point(X + 5, Y), mixed, None, shapely.Polygon()]
    rows = [("invalid", "error", ["A"], np.nan, None, shape) for shape in shapes]
    (layer,) = layers_of_faults(html_of(dg.fault_map(made_of(rows), villages)))
    # Of one severity the first fault lies on top.
    area, drawn_as, marks = layer["area"][::-1], layer["shapes"][::-1], layer["marks"][::-1]

    assert area == [True, False, False, True, False, False]
    assert [shape is None for shape in drawn_as] == [False, False, True, False, True, True]
    assert [mark is None for mark in marks] == [False, False, False, False, True, True]
    square = gpd.GeoSeries([shapes[0]], crs=sample.CRS).to_crs(4490)[0]
    assert polygon(drawn_as[0]).symmetric_difference(square).area < square.area / 1000
    assert len(decode(drawn_as[1][0])) == 2
    assert polygon(drawn_as[3]).area < square.area / 1000


def test_villages_of_any_shape_are_drawn_or_left_out(html, villages):
    ground = drawn(html)[0]

    assert [shape is None for shape in ground["shapes"]] == [
        one is None for one in villages.geometry
    ]
    assert ground["area"] == [True] * 6 + [False] * 2
    assert len(ground["labels"]) == 7


def test_two_renderings_are_the_same_bytes_and_nothing_given_is_changed(report, villages):
    before = villages.copy(), report.table.copy()
    first = html_of(dg.fault_map(report, villages))

    assert first == html_of(dg.fault_map(report, villages))
    assert villages.equals(before[0]) and report.table.equals(before[1])


def test_notices_and_files_stay_on_the_page(villages):
    made_up = columns.word("notice.schematic")
    rows = [("overlap", "error", ["A"], 1.0, "m2", box(0, 0, 1, 1))]
    found = made_of(rows, notices=(made_up, "另有说明"), origins=("村界.shp",))
    page = told(html_of(dg.fault_map(found, villages, title="检查(示意)")))

    assert page.warnings == [made_up] and page.title == "检查(示意)"
    foot = [line for _, line in page.footer]
    assert "内部资料 注意保存" in foot[0] and "界线仅供参考" in foot[0]
    assert "另有说明" in foot and "数据来源:村界.shp" in foot


def test_a_clean_layer_says_that_nothing_was_found():
    clean = sample.villages()
    html = html_of(dg.fault_map(dg.check_boundaries(clean), clean))

    assert dict(told(html).headlines) == {"检查单元数": "4", "检查结果": "未发现问题"}
    assert told(html).listing is None and len(drawn(html)) == 1


def test_a_long_list_is_cut_and_says_so(villages):
    rows = [
        ("gap", "error", ["A"], 1.0, "m2", box(at, 0, at + 1, 1)) for at in range(MOST_LISTED + 5)
    ]
    page = told(html_of(dg.fault_map(made_of(rows), villages)))

    assert len(page.listing["items"]) == MOST_LISTED
    assert page.listing["title"] == f"问题清单(前 {MOST_LISTED} / {MOST_LISTED + 5})"
    assert sum(text.startswith("#") for text, _ in page.finds) == MOST_LISTED + 5


def test_of_very_many_faults_the_gravest_are_drawn_and_all_are_counted(
    report, villages, monkeypatch
):
    monkeypatch.setattr("deqing_geo.maps.faults.MOST_DRAWN", 2)
    page = told(html := html_of(dg.fault_map(report, villages)))
    entries = [entry["label"] for part in page.legends for entry in part["entries"]]
    heads = [part["title"] for part in page.legends if part["title"]]

    assert sum(len(layer["marks"]) for layer in layers_of_faults(html)) == 2
    assert heads == [f"错误 {report.by_severity['error']}", f"提示 {report.by_severity['note']}"]
    assert "面重叠 1(图上 0)" in entries and "图形自相交 1" in entries
    assert page.listing["title"] == f"问题清单(前 2 / {len(report.table)})"


def test_of_very_many_units_those_that_faults_concern_are_drawn_each(report, villages, monkeypatch):
    monkeypatch.setattr("deqing_geo.maps.faults.MOST_UNITS", 4)
    clear = villages.iloc[[0] * 4].set_index(pd.Index(list("WXYZ")))
    clear = clear.assign(geometry=[box(0, 5000 + at, 1000, 5001 + at) for at in range(4)])
    html = html_of(dg.fault_map(report, pd.concat([villages, clear])))
    ground, own = drawn(html)[:2]
    units = [name for name, key in told(html).finds if key.endswith("#village")]

    assert len(ground["shapes"]) == 1 and "keys" not in ground
    assert units == ["甲村", "乙村", "丙村", "丁村"] and len(own["shapes"]) == 4
    assert any("只画概略轮廓" in line for _, line in told(html).footer)


def test_names_of_units_that_faults_concern_are_written_first(villages, monkeypatch):
    monkeypatch.setattr("deqing_geo.maps.faults.MOST_NAMED", 2)
    rows = [("overlap", "error", ["C", "E"], 9.0, "m2", box(0, 0, 3, 3))]
    ground = drawn(html_of(dg.fault_map(made_of(rows), villages)))[0]

    assert [label[2] for label in ground["labels"]] == ["丙村", "戊村"]


def test_a_layer_of_its_own_for_each_kind_can_be_switched(html, report):
    kinds = report.table.groupby(["fault_kind", "severity"]).ngroups

    assert len(told(html).layers) == 1 + kinds
    assert {part["layer"] for part in told(html).legends if part["layer"]} < set(told(html).layers)


def test_without_a_coordinate_system_there_is_no_map(report, villages):
    bare = villages.set_crs(None, allow_override=True)
    lost = dataclasses.replace(report, table=report.table.set_crs(None, allow_override=True))

    with pytest.raises(dg.errors.CRSError, match="villages"):
        dg.fault_map(report, bare)
    with pytest.raises(dg.errors.CRSError, match="report"):
        dg.fault_map(lost, villages)


def test_every_kind_and_every_severity_has_its_look():
    look = parts.style()["fault"]

    assert set(look["kind"]) == {*columns.vocabulary("fault_kind"), "other"}
    assert list(look["severity"]) == list(columns.vocabulary("severity"))
    radii = [one["radius"] for one in look["severity"].values()]
    assert all(large > small for large, small in itertools.pairwise(radii))


def test_faults_go_onto_any_map_once():
    villages = sample.villages()
    gap = villages.assign(geometry=villages.scale(1.02, 1.02))
    report = dg.check_boundaries(gap)
    m = maps.add_faults(dg.area_map(gap, title="村界"), report)
    page = told(html_of(m))

    assert len(report.table) and page.title == "村界"
    own = told(html_of(dg.fault_map(report, gap)))
    assert page.listing["items"] == own.listing["items"]
    with pytest.raises(errors.InputError, match="shows faults already"):
        maps.add_faults(m, report)
