"""Roads from several files: what both draw is taken once, and nothing else is lost."""

import geopandas as gpd
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import errors, notes, provenance, sample

X, Y = sample.X0, sample.Y0
ALONG = "run within 15 m along roads of a file named before"


def layer(folder, name, *rows, **columns):
    lines = [shapely.LineString([(x + X, y + Y) for x, y in row]) for row in rows]
    classes = columns.pop("road_class", ["支路"] * len(rows))
    frame = gpd.GeoDataFrame({"道路等级": classes, **columns}, geometry=lines, crs=sample.CRS)
    frame.to_file(folder / name)
    return folder / name


@pytest.fixture
def municipal(tmp_path):
    return layer(tmp_path, "municipal.gpkg", [(0, 0), (600, 0)], [(0, 0), (0, 500)])


@pytest.fixture
def highways(tmp_path):
    """A highway drawn 6 m beside the first street that begins 500 m before it and ends with it."""
    return layer(
        tmp_path,
        "highways.gpkg",
        [(-500, 6), (600, 6)],
        [(300, -400), (300, 400)],
        road_class=["县道", "村道"],
        编号=["X1", "C1"],
    )


def test_what_both_draw_is_taken_from_the_first(municipal, highways):
    with pytest.warns(errors.DeqingGeoWarning, match=rf"`roads`: 0.60 km {ALONG}.*县道 0.60"):
        roads = dg.read_roads([municipal, highways])

    assert roads["road_class"].to_list() == ["branch", "branch", "county_road", "village_road"]
    assert roads.length.to_list() == approx([600, 500, 500, 800])
    assert roads["source_file"].to_list() == ["municipal.gpkg"] * 2 + ["highways.gpkg"] * 2
    assert roads["编号"].to_list()[2:] == ["X1", "C1"]
    assert roads.index.to_list() == [0, 1, 2, 3]
    assert roads.crs == sample.CRS


def test_the_other_way_round_the_highway_stays_whole(municipal, highways):
    with pytest.warns(errors.DeqingGeoWarning, match="支路 0.60"):
        roads = dg.read_roads([highways, municipal])

    assert roads.length.to_list() == approx([1100, 800, 500])


def test_what_was_left_out_is_told_wherever_the_roads_go(municipal, highways):
    with pytest.warns(errors.DeqingGeoWarning, match=ALONG):
        roads = dg.read_roads([municipal, highways])

    assert roads.attrs["reading"]["together_km"] == approx({"county_road": 0.6})
    said = "highways.gpkg有0.60公里与前面的图层并行(15米以内),未重复采用(公里):县道0.60"
    assert said in provenance.notices(None, roads=roads)
    lines = notes.reading_notes(roads).lines
    assert lines[0] == ("文件", "municipal.gpkg、highways.gpkg")
    assert ("并行路段", said) in lines
    assert lines.count(("文件", "highways.gpkg")) == 1
    assert provenance.origins(roads=roads) == ("municipal.gpkg", "highways.gpkg")


def test_nothing_is_told_where_nothing_runs_together(tmp_path, municipal):
    away = layer(tmp_path, "away.gpkg", [(0, 900), (500, 900)])

    roads = dg.read_roads([municipal, away])
    assert len(roads) == 3
    assert "together" not in roads.attrs["reading"]


def test_a_row_cut_in_the_middle_keeps_both_ends_and_its_fields(tmp_path, municipal):
    long = layer(tmp_path, "long.gpkg", [(-200, 5), (900, 5)], road_class=["乡道"], 路名=["甲线"])

    with pytest.warns(errors.DeqingGeoWarning, match="乡道 0.60"):
        roads = dg.read_roads([municipal, long])
    last = roads.iloc[2]
    assert last.geometry.geom_type == "MultiLineString"
    assert last.geometry.length == approx(500) and last["road_name"] == "甲线"


def test_an_open_road_is_never_left_out_beside_a_planned_one(tmp_path):
    planned = layer(tmp_path, "a.gpkg", [(0, 0), (600, 0)], 建设状态=["规划"])
    both = layer(
        tmp_path, "b.gpkg", [(0, 5), (600, 5)], [(0, -5), (600, -5)], 建设状态=["现状", "规划"]
    )

    with pytest.warns(errors.DeqingGeoWarning, match=r"0\.60 km"):
        roads = dg.read_roads([planned, both])
    assert roads["road_status"].to_list() == ["planned", "built"]
    # The other way round what is open hides what is planned.
    with pytest.warns(errors.DeqingGeoWarning, match=r"0\.60 km"):
        assert len(dg.read_roads([both, planned])) == 2


def test_three_files_are_put_to_all_before_them(tmp_path, municipal, highways):
    third = layer(tmp_path, "third.gpkg", [(-500, 12), (-20, 12)], [(5, 20), (5, 480)])

    with pytest.warns(errors.DeqingGeoWarning, match=ALONG):
        roads = dg.read_roads([municipal, highways, third])
    assert roads.attrs["reading"]["together_km"] == approx({"county_road": 0.6, "branch": 0.94})
    assert len(roads) == 4


def test_others_come_into_the_system_of_the_first(tmp_path, municipal):
    far = tmp_path / "degrees.geojson"
    frame = gpd.read_file(layer(tmp_path, "b.gpkg", [(0, 900), (500, 900)])).to_crs(4490)
    frame.to_crs(4326).to_file(far)

    roads = dg.read_roads([municipal, far])
    assert roads.crs == sample.CRS
    assert roads.length.to_list() == approx([600, 500, 500], abs=0.01)


def test_an_option_is_for_all_or_one_for_each(tmp_path, municipal):
    other = tmp_path / "two.gpkg"
    frame = gpd.read_file(layer(tmp_path, "b.gpkg", [(0, 900), (500, 900)]))
    frame.rename(columns={"道路等级": "等级2"}).to_file(other, layer="one")
    frame.to_file(other, layer="two")

    roads = dg.read_roads(
        [municipal, other], layer=[None, "one"], columns=[None, {"road_class": "等级2"}]
    )
    assert roads["road_class"].to_list() == ["branch"] * 3
    with pytest.raises(errors.InputError, match="layer= has 1 entries for 2 files"):
        dg.read_roads([municipal, other], layer=["one"])
    with pytest.raises(errors.InputError, match="no file"):
        dg.read_roads([])


def test_one_file_in_a_list_is_that_file(municipal):
    alone, listed = dg.read_roads(municipal), dg.read_roads([municipal])

    assert alone.geometry.to_list() == listed.geometry.to_list()


def test_the_county_split_and_put_together_again_has_its_length(tmp_path):
    """The streets of the municipal layer and the whole layer of highways are all roads again."""
    made = sample.county(1)
    rural = ["motorway", "highway", "county_road", "township_road", "village_road"]
    streets = made.roads[~made.roads["road_class"].isin(rural)]
    streets.assign(notice=made.roads.attrs["notice"]).to_file(tmp_path / "streets.gpkg")
    made.highways.to_file(tmp_path / "highways.gpkg")

    with pytest.warns(errors.DeqingGeoWarning, match=ALONG):
        roads = dg.read_roads([tmp_path / "streets.gpkg", tmp_path / "highways.gpkg"])
    assert roads.length.sum() == approx(made.roads.length.sum(), rel=2e-4)
    assert made.roads.length.sum() < streets.length.sum() + made.highways.length.sum() - 20_000
    assert roads.attrs["notice"] == dg.columns.word("notice.schematic")
