"""Coverage on a map: nearest parks at gaps, what a park alone serves, services of other kinds."""

import json
import re

import geopandas as gpd
import pytest
import shapely
from shapely import LineString, Point, box

from deqing_geo import coverage_map, park_coverage, road_network, sample, service_coverage

X, Y = sample.X0, sample.Y0


def frame(*shapes, **columns):
    moved = [shapely.transform(shape, lambda coords: coords + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(geometry=moved, crs=sample.CRS).assign(**columns)


def payloads(m):
    """What each layer hands to the page."""
    found = re.findall(r"DeqingMap\.layer\(\w+, (\{.*?\})\);\n", m.get_root().render(), re.DOTALL)
    return [json.loads(text) for text in found]


def layer(m, tip):
    return next(one for one in payloads(m) if one["tips"] and tip in str(one["tips"]))


@pytest.fixture(scope="module")
def paper():
    homes = sample.homes().assign(households=[100, 50, 10])
    return park_coverage(sample.villages(), sample.parks(), homes)


def test_a_gap_names_its_nearest_park_and_who_lives_there(paper):
    tips = layer(coverage_map(paper), "公园绿地服务盲区")["tips"]

    assert any("最近:大公园 650 米" in tip for tip in tips)
    assert any(line == "户籍户数 30" or line.endswith(" 30") for tip in tips for line in tip)


def test_a_park_keeps_what_it_alone_serves_until_its_story_opens(paper):
    drawn = layer(coverage_map(paper), "服务半径 500 米")

    assert [len(one) for one in drawn["also"]["of"]] == [1, 2, 0]
    assert len(drawn["also"]["shapes"]) == 3 and len(set(drawn["keys"])) == 3
    html = coverage_map(paper).get_root().render()
    assert "仅由其覆盖的居住用地面积" in html and "popupopen popupclose" in html


def test_stops_and_places_are_dots_and_the_figure_has_its_name():
    stops = frame(Point(500, 500), Point(2500, 500), facility_class="bus_stop")
    homes = frame(Point(600, 500), Point(1500, 500), people=[3, 4])
    made = service_coverage(
        sample.villages(), stops, homes, by="service.bus_stop_500", weight="people"
    )
    m = coverage_map(made, title="公交站点覆盖")

    assert layer(m, "服务半径 500 米")["points"] is True
    assert "公交站" in str(layer(m, "服务半径 500 米")["tips"])
    assert "服务覆盖率" in m.get_root().render()


def test_facilities_of_several_shapes_are_drawn_all_the_same():
    ways = frame(LineString([(0, 500), (900, 500)]), Point(2500, 500), box(3000, 0, 3100, 100))
    made = service_coverage(sample.villages(), ways, sample.homes(), by="service.greenway_1000")

    assert len(layer(coverage_map(made), "服务半径 1000 米")["shapes"]) == 3


def test_both_figures_stand_under_the_title_where_people_walk():
    net = road_network(sample.roads())
    made = park_coverage(sample.villages(), sample.parks(), sample.homes(), network=net)
    html = coverage_map(made).get_root().render()

    assert "步行距离覆盖率" in html and "直线距离 42.24%" in html


def test_the_same_map_twice_is_the_same_page(paper):
    assert coverage_map(paper).get_root().render() == coverage_map(paper).get_root().render()
