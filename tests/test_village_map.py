"""The map of village types: the plan's order, counts, candidates without a fill, a reason each."""

from itertools import pairwise

import geopandas as gpd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import columns
from deqing_geo.maps import parts
from deqing_geo.villages import FIVE
from tests.test_maps import drawn, html_of, told

X, Y = dg.sample.X0, dg.sample.Y0
# One village for every entry of the legend but 暂不分类.
ROWS = {
    "A": {"village_name": "甲村", "udb_res_share": 0.9},
    "B": {"village_name": "乙村", "is_central_village": True},
    "C": {"village_name": "丙村"},
    "D": {"village_name": "丁村", "heritage_list": "中国传统村落 第五批 2019"},
    "E": {"village_name": "戊村", "in_relocation_plan": True, "relocation_document": "示〔1〕号"},
    "F": {"village_name": "己村", "hazard_major": True},
    "G": {"village_name": "庚村", "hazard_major": None},
    "H": {"village_name": "辛社区", "unit_kind": "residents_committee", "urban_rural_code": "111"},
    "I": {"village_name": "甲村", "town_name": "另镇"},
}
USUAL = {
    "town_name": "纸上镇",
    "unit_kind": "village_committee",
    "urban_rural_code": "220",
    "udb_res_share": 0.0,
    "is_central_village": False,
    "heritage_list": None,
    "in_relocation_plan": False,
    "relocation_document": None,
    "hazard_major": False,
    "pop_resident": 400.0,
}


def facts(rows=None):
    rows = {code: {**USUAL, **row} for code, row in (rows or ROWS).items()}
    columns_of = {name: [row[name] for row in rows.values()] for name in ["village_name", *USUAL]}
    shapes = [shapely.box(X + 900 * at, Y, X + 900 * at + 900, Y + 900) for at in range(len(rows))]
    frame = gpd.GeoDataFrame(columns_of, geometry=shapes, index=list(rows), crs=dg.sample.CRS)
    for name in ("heritage_list", "relocation_document", "hazard_major"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


@pytest.fixture(scope="module")
def types():
    with pytest.warns(dg.errors.DeqingGeoWarning, match="各村相同"):
        return dg.classify_villages(facts())


@pytest.fixture(scope="module")
def html(types):
    return html_of(dg.village_map(types, title="九村"))


def test_the_legend_keeps_the_plans_order_and_counts(html, types):
    (section,) = told(html).legends

    assert [entry["label"] for entry in section["entries"]] == [
        "城郊融合类 1",
        "集聚建设类 1",
        "整治提升类 2",
        "特色保护类 1",
        "搬迁撤并类 1",
        "拟列入(待征求村民意见) 1",
        "待补数据 1",
        "不纳入分类(城镇社区) 1",
    ]
    assert section["unit"] == "非规范色"
    assert types.counts.sum() == len(ROWS)


def test_a_candidate_is_an_outline_and_a_relocation_is_hatched(html):
    (layer,) = drawn(html)
    look = {
        name[0]: layer["styles"][use] for name, use in zip(layer["tips"], layer["use"], strict=True)
    }

    assert look["己村"]["fillOpacity"] < 0.05 and look["己村"]["dashArray"]
    assert look["戊村"]["pattern"] == "hatch" and look["庚村"]["pattern"] == "dots"
    assert "pattern" not in look["丙村"]
    fills = [look[name]["fillColor"] for name in ("乙村", "丙村", "丁村", "戊村")]
    assert len(set(fills)) == len(fills)
    # Outlines drawn last, so that no neighbour's border covers them.
    assert layer["tips"][-1] == ["己村", "拟列入(待征求村民意见)"]


def test_a_village_whose_meeting_refused_waits_for_nobody():
    asked = facts().assign(villager_consent=None).astype({"villager_consent": object})
    asked.loc["F", "villager_consent"] = "refused"
    with pytest.warns(dg.errors.DeqingGeoWarning):
        types = dg.classify_villages(asked)
    html = html_of(dg.village_map(types))
    labels = [entry["label"] for entry in told(html).legends[0]["entries"]]
    (layer,) = drawn(html)

    assert "村民会议不同意,建议复核 1" in labels
    assert not [label for label in labels if label.startswith("拟列入")]
    assert layer["tips"][-1] == ["己村", "村民会议不同意,建议复核"]
    assert layer["styles"][layer["use"][-1]]["fillOpacity"] < 0.05


def test_a_click_tells_what_and_why(html, types):
    page = told(html)
    story = {one["name"]: one["parts"] for one in page.stories.values() if one["name"] != "甲村"}
    for code, row in types.table.iterrows():
        if row["village_name"] == "甲村":
            continue
        texts = [part.get("text", "") for part in story[row["village_name"]]]
        assert row["reason"] in texts, code
    head = dict(story["己村"][0]["rows"])
    assert head["村庄类型"] == "拟列入(待征求村民意见)" and head["初判类型"] == "搬迁撤并类"
    assert "(RM-3,镇(街道)申报)" in story["己村"][1]["title"]


def test_names_can_be_found_and_homonyms_told_apart(html):
    found = dict(told(html).finds)

    assert {"甲村(纸上镇)", "甲村(另镇)", "丙村"} <= set(found) and "甲村" not in found
    assert set(found.values()) == set(told(html).stories)


def test_the_page_says_by_what_it_was_judged_and_what_was_off(html, types):
    lines = [text for _, text in told(html).footer]

    assert f"村庄类型口径:{types.line}" in lines and "停用条件" in types.line
    assert columns.word("map.not_public") in lines[0]


def test_names_and_lists_are_data_on_the_map():
    nasty = "</script><script>alert(1)</script>{{ 7*7 }}`${1}`"
    rows = {code: dict(row) for code, row in ROWS.items()}
    rows["D"] |= {"village_name": nasty, "town_name": nasty, "heritage_list": nasty}
    with pytest.warns(dg.errors.DeqingGeoWarning):
        types = dg.classify_villages(facts(rows))
    made = html_of(dg.village_map(types))
    page = told(made)

    assert "<script>alert" not in made and "{{ 7*7" not in made
    assert [nasty, True] in [[one[0], one[1] in page.stories] for one in page.finds]
    assert [one["name"] for one in page.stories.values()].count(nasty) == 1


def test_the_colours_are_told_apart_in_grey():
    """Lightness (CIE L*) of any two fills as drawn, at .85 on white, differs by 10 or more."""
    fills = parts.style()["village_type"]["fill"]

    def lightness(colour):
        rgb = [0.85 * int(colour[at : at + 2], 16) / 255 + 0.15 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        return 116 * y ** (1 / 3) - 16

    levels = sorted(lightness(fills[kind]) for kind in FIVE)
    assert min(b - a for a, b in pairwise(levels)) > 10


def test_a_map_leaves_its_types_alone(types):
    before = types.table.copy()
    dg.village_map(types)

    assert types.table.equals(before)


def test_a_map_of_villages_without_a_count_of_people_is_drawn():
    villages = dg.sample.villages().assign(**{**USUAL, "pop_resident": None})
    types = dg.classify_villages(dg.village_facts(villages))
    one = types.of(types.table.index == "A")

    assert "甲" in html_of(dg.village_map(one))
