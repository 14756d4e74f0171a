"""Maps of roads: what counts stands out, where streets end, links that would help."""

import json
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors, sample
from deqing_geo.looks.classes import rounded
from deqing_geo.maps import parts


def page(m):
    return m.get_root().render()


def layers(m):
    """What each layer was given, by its name."""
    from deqing_geo.maps.page import ShapeLayer

    found = [one for one in m._children.values() if isinstance(one, ShapeLayer)]
    return {one.layer_name: json.loads(one.payload) for one in found}


def density(**options):
    return dg.road_density(sample.villages(), sample.roads(), **options)


def test_a_road_that_does_not_count_is_grey_and_says_why_at_a_click():
    m = dg.road_map(density())
    roads = layers(m)["道路(按等级)"]
    grey = parts.style()["not_counted"]["color"]
    colour = {
        tip[0]: roads["styles"][use]["color"]
        for tip, use in zip(roads["tips"], roads["use"], strict=True)
    }

    assert colour["纸上大道"] != grey and colour["界巷"] != grey
    assert colour["小区路"] == colour["匝道"] == colour["机耕路"] == grey
    html = page(m)
    assert "不计入:等级不在口径内 0.40 公里" in html and "计入 3.00 公里" in html


def test_what_a_road_map_tells_adds_up_to_the_figure():
    found = dg.road_density(sample.zone(), sample.roads())
    told = re.findall(r'"计入 ([\d.]+) 公里', page(dg.road_map(found)))

    # Once in the tooltip, once in the story.
    assert sum(map(float, told)) in (4.0, 8.0)


def test_roads_outside_the_areas_are_a_trace_however_large_their_class():
    far = sample.roads().iloc[:1].translate(0, 600)
    both = gpd.GeoDataFrame(
        {"road_class": ["expressway"]}, geometry=[far.iloc[0]], crs=sample.CRS, index=[9]
    )
    roads = layers(dg.road_map(dg.road_density(sample.villages(), both)))["道路(按等级)"]

    assert roads["styles"][roads["use"][0]]["opacity"] == 0.5
    assert "统计范围外(不计入)" in page(dg.road_map(dg.road_density(sample.villages(), both)))


def test_a_planned_road_is_dashed_also_where_the_day_alone_says_so():
    roads = sample.roads()
    roads["opened_on"] = "2020-01-01"
    roads.loc[2, "opened_on"] = "2026-05-01"
    drawn = layers(dg.road_map(dg.road_density(
        sample.villages(), roads, as_of="2025-12-31"
    )))["道路(按等级)"]  # fmt: skip
    dashed = {
        tip[0]
        for tip, use in zip(drawn["tips"], drawn["use"], strict=True)
        if "dashArray" in drawn["styles"][use]
    }

    assert dashed == {"界巷", "规划支路"}


def test_density_of_highways_has_its_own_name_and_unit():
    roads = sample.roads().assign(road_class="county_road")
    found = dg.road_density(sample.villages(), roads, by="road.rural")
    html = page(dg.add_density(dg.area_map(sample.villages()), found))

    assert "百平方公里" in html


@pytest.mark.parametrize("sliver", [None, 1e-4])
def test_a_sliver_with_a_road_does_not_take_the_colours_of_all_others(sliver):
    values = np.array([2.0, 4.0, 6.0, 8.0, *([] if sliver is None else [900.0])])
    sizes = np.array([1.0, 1.0, 1.0, 1.0, *([] if sliver is None else [sliver])])

    assert rounded(values, sizes) == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert rounded(values[:4]) == [0.0, 2.0, 4.0, 6.0, 8.0]


def test_a_class_that_is_open_upwards_says_so():
    cells = gpd.GeoDataFrame(
        geometry=[shapely.box(500_000, 3_380_000, 501_000, 3_381_000),
                  shapely.box(501_000, 3_380_000, 501_001, 3_380_001)],
        crs=sample.CRS,
    )  # fmt: skip
    road = shapely.linestrings(
        [
            [(500_000, 3_380_500), (501_000, 3_380_500)],
            [(501_000.5, 3_380_000), (501_000.5, 3_380_001)],
        ]
    )
    roads = gpd.GeoDataFrame({"road_class": ["branch"] * 2}, geometry=road, crs=sample.CRS)
    html = page(dg.add_density(dg.area_map(cells), dg.road_density(cells, roads)))

    assert "及以上" in html


# ---------------------------------------------------------------- ends and links


def ladder():
    """A ladder with one rung missing."""
    x, y = sample.X0, sample.Y0
    lines = [[(x, y), (x + 300, y)], [(x, y + 100), (x + 300, y + 100)], [(x, y), (x, y + 100)],
             [(x + 300, y), (x + 300, y + 40)]]  # fmt: skip
    return gpd.GeoDataFrame(
        {"road_class": ["branch"] * 4, "road_name": ["<b>一路</b>", "{{二路}}", "横街", "断街"]},
        geometry=shapely.linestrings(lines),
        crs=sample.CRS,
    )


def test_ends_and_links_are_layers_of_their_own_with_a_list_that_leads_to_each():
    roads = ladder()
    graph = dg.road_graph(roads)
    m = dg.add_links(
        dg.add_dead_ends(dg.area_map(sample.villages()), dg.dead_ends(graph, roads)),
        dg.suggest_links(graph, roads),
    )
    drawn = layers(m)

    assert "疑似断头路(2)" in drawn
    link = drawn["建议连通道路"]
    assert len(link["keys"]) == len(link["marks"]) == 1
    html = page(m)
    assert "非规划" in html and "<b>一路" not in html and "{{二路}}" not in html


def test_no_end_and_no_link_make_a_map_too():
    ring = gpd.GeoDataFrame(
        {"road_class": ["branch"]},
        geometry=[shapely.box(500_000, 3_380_000, 500_300, 3_380_300).exterior],
        crs=sample.CRS,
    )
    graph = dg.road_graph(ring)
    m = dg.add_dead_ends(dg.area_map(sample.villages()), dg.dead_ends(graph, ring))

    assert "没有可显示的要素" in page(dg.add_links(m, dg.suggest_links(graph, ring)))


def test_reach_is_drawn_from_near_to_far():
    gate = gpd.GeoDataFrame(geometry=shapely.points([[sample.X0, sample.Y0 + 500]]), crs=sample.CRS)
    near = dg.reach(dg.road_graph(sample.roads()), gate, 1000)
    drawn = layers(dg.add_reach(dg.area_map(sample.villages()), near))["路网可达范围"]

    assert drawn["use"] and max(drawn["use"]) < len(drawn["styles"])
    assert [tip[1] for tip in drawn["tips"]] == sorted(
        (tip[1] for tip in drawn["tips"]), key=lambda text: -float(text.split()[0].replace(",", ""))
    )


def test_a_result_without_a_place_on_earth_is_refused():
    roads = ladder()
    ends = dg.dead_ends(dg.road_graph(roads), roads).set_crs(None, allow_override=True)

    with pytest.raises(errors.CRSError, match="no coordinate system"):
        dg.add_dead_ends(dg.area_map(sample.villages()), ends)
