"""What layers say of traffic and height is read in one way of writing it."""

import geopandas as gpd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import sample


def read(folder, **fields):
    count = len(next(iter(fields.values())))
    lines = [
        shapely.LineString([(sample.X0, sample.Y0 + n), (sample.X0 + 500, sample.Y0 + n)])
        for n in range(count)
    ]
    frame = gpd.GeoDataFrame({"道路等级": ["支路"] * count, **fields}, geometry=lines)
    frame.set_crs(sample.CRS).to_file(folder / "roads.gpkg")
    return dg.read_roads(folder / "roads.gpkg")


@pytest.mark.parametrize(
    ("field", "given", "read_as"),
    [
        ("单行线", ["单行", "双向", None, "逆向", "否"], ["yes", "no", None, "-1", "no"]),
        ("是否单行", ["是", "否", ""], ["yes", "no", None]),
        ("oneway", ["yes", "-1", "no", "reversible"], ["yes", "-1", "no", "no"]),
        ("oneway", [1, 0, -1], ["yes", "no", "-1"]),
        ("oneway", [1.0, 0.0, None], ["yes", "no", None]),
        ("oneway", [True, False], ["yes", "no"]),
        ("oneway", ["F", "T", "B"], ["yes", "-1", "no"]),
        # Without a B these may as well be no and yes; nobody guesses.
        ("oneway", ["F", "T"], ["F", "T"]),
        ("oneway", ["sometimes"], ["sometimes"]),
    ],
)
def test_one_way_streets(tmp_path, field, given, read_as):
    found = read(tmp_path, **{field: given})["oneway"]

    assert [None if one != one else one for one in found] == read_as


@pytest.mark.parametrize(
    ("column", "field"), [("bridge", "桥梁"), ("tunnel", "隧道"), ("noexit", "noexit")]
)
def test_a_bridge_is_any_word_but_a_no(tmp_path, column, field):
    given = ["yes", "viaduct", "是", "示意大桥", "no", "否", "0", "F", "", None]

    assert read(tmp_path, **{field: given})[column].to_list() == [True] * 4 + [False] * 6


def test_numbers_and_truth_values_are_read_as_well(tmp_path):
    roads = read(tmp_path, bridge=[1, 0], tunnel=[True, False])

    assert roads["bridge"].to_list() == roads["tunnel"].to_list() == [True, False]


@pytest.mark.parametrize("field", ["层级", "layer", "road_level"])
def test_levels_are_whole_numbers_and_blank_is_the_ground(tmp_path, field):
    roads = read(tmp_path, **{field: ["1", "-1", None, "0"]})

    assert roads["road_level"].to_list() == [1, -1, 0, 0]
    assert roads["road_level"].dtype.kind == "i"


def test_a_field_called_layer_that_holds_no_levels_keeps_its_name(tmp_path):
    """QGIS writes the name of the layer a row came from into `layer`, CAD the drawing's."""
    roads = read(tmp_path, layer=["道路中心线", "道路中心线"])

    assert "road_level" not in roads
    assert roads["layer"].to_list() == ["道路中心线"] * 2
    assert roads.attrs["reading"]["renamed"] == {"道路等级": "road_class"}


def test_the_network_takes_what_was_read(tmp_path):
    roads = read(tmp_path, 单行线=["单行", "双向"], 层级=[0, 1], 桥梁=["否", "是"])

    graph = dg.road_graph(roads)
    assert graph.is_directed() and graph.number_of_edges() == 3
