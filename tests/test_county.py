"""The schematic county: whole, clean, invented, and the same for everyone."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import shapely

from deqing_geo import area_map, columns, divisions, errors, park_coverage, road_density, sample
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.sample import borders, ground, tiling

SEEDS = range(30)


@pytest.fixture(scope="module")
def county():
    return sample.county(0)


def nobody_is_real(villages):
    """A real village must never carry an invented fact, so it is not even named."""
    real = divisions.register(2016)

    assert not set(villages.index) & set(real.index)
    assert (divisions.find_units(villages["village_name"])["match_state"] == "none").all()
    assert (villages.index.str[:9] == villages["town_code"]).all()
    assert villages.index.is_unique and villages.index.str.fullmatch(r"330521\d{6}").all()


@pytest.mark.parametrize("seed", SEEDS)
def test_thirty_counties_are_whole_and_clean(seed):
    made = sample.county(seed)
    villages = made.villages.geometry.to_numpy()
    towns = made.towns.geometry.to_numpy()
    asked = tiling._weights()

    assert shapely.is_valid(villages).all()
    assert shapely.coverage_is_valid(villages)
    assert shapely.coverage_is_valid(towns)
    assert {shape.geom_type for shape in towns} == {"Polygon"}
    assert made.outline.geometry.iloc[0].geom_type == "Polygon"
    assert not shapely.get_num_interior_rings(made.outline.geometry.iloc[0])
    assert np.abs(shapely.area(towns) / 1e6 / asked - 1).max() < 0.005
    assert shapely.area(villages).sum() == pytest.approx(938e6, rel=1e-6)
    nobody_is_real(made.villages)
    for code, rows in made.villages.groupby("town_code"):
        # The villages are the town, to the square millimetre.
        assert shapely.coverage_union_all(rows.geometry.to_numpy()).equals(
            made.towns.geometry[code]
        )


def test_each_seed_gives_another_county():
    shapes = {sample.county(seed).outline.geometry.iloc[0].wkb for seed in range(4)}

    assert len(shapes) == 4


def test_areas_hold_on_the_ellipsoid_too(county):
    assert ellipsoidal_area(county.towns.geometry, county.towns.crs).sum() / 1e6 == pytest.approx(
        938, abs=0.05
    )


def test_it_lies_where_deqing_lies(county):
    west, south, east, north = county.outline.to_crs(4490).total_bounds

    assert 119.74 < west < 119.9 and 120.25 < east < 120.36
    assert 30.42 < south < 30.5 and 30.65 < north < 30.71


def test_each_town_holds_its_seat_and_has_its_registered_name(county):
    for town in tiling.TOWNS:
        assert county.towns.geometry[town.code].contains(shapely.Point(town.x, town.y))
    names = divisions.register(2023)["division_name"]
    assert county.towns["town_name"].to_dict() == names.to_dict()


def test_one_name_stands_in_two_towns_and_none_twice_in_one(county):
    villages = county.villages
    twice = villages[villages["village_name"].duplicated(keep=False)]

    assert sorted(twice["town_code"]) == sorted(tiling.HOMONYM_TOWNS)
    assert not villages.duplicated(["town_code", "village_name"]).any()


def test_one_unit_has_a_piece_inside_another(county):
    villages = county.villages
    (code,) = villages.index[villages.geom_type == "MultiPolygon"]
    pieces = shapely.get_parts(villages.geometry[code])
    holes = villages.geometry[shapely.get_num_interior_rings(villages.geometry.to_numpy()) > 0]

    assert len(pieces) == 2 and len(holes) == 1
    hole = shapely.Polygon(holes.iloc[0].interiors[0])
    assert sum(hole.equals(piece) for piece in pieces) == 1
    assert code[:9] == holes.index[0][:9]


def test_communities_are_where_the_town_is(county):
    villages = county.villages
    for town in tiling.TOWNS:
        rows = villages[villages["town_code"] == town.code]
        away = rows.representative_point().distance(shapely.Point(town.x, town.y))
        inner = away[rows["unit_kind"] == "residents_committee"]
        assert len(inner) == town.communities
        assert inner.max() <= away[rows["unit_kind"] == "village_committee"].min() + 1


def test_borders_are_curved_and_made_of_whole_millimetres(county):
    points = shapely.get_coordinates(county.villages.geometry.to_numpy())
    turns = np.abs(np.diff(points, axis=0))

    assert np.abs(points * 1000 - np.round(points * 1000)).max() < 1e-3
    assert ((turns[:, 0] > 0) & (turns[:, 1] > 0)).mean() > 0.9


def test_every_frame_says_that_it_is_schematic_and_so_does_what_is_made_of_it(county):
    for frame in (county.outline, county.towns, county.villages):
        assert "示意" in frame.attrs["notice"]
        assert frame.crs.to_epsg() == 4549
        assert {str(name) for name in frame.columns} - {"geometry"} <= set(columns.registry())
    density = road_density(county.villages, sample.roads())
    coverage = park_coverage(county.villages, sample.parks(), sample.homes())
    assert any("示意" in notice for notice in density.notices)
    assert any("示意" in notice for notice in coverage.notices)
    assert "示意数据" in area_map(county.towns, title="县").get_root().render()


def test_a_frame_is_the_callers_own():
    made = sample.county(0)
    made.villages["village_name"] = "?"
    made.towns["town_name"] = "?"

    assert "?" not in set(sample.county(0).villages["village_name"])
    assert "?" not in set(sample.county(0).towns["town_name"])


def test_the_hash_seed_changes_nothing(county, other_hashes):
    code = (
        "import hashlib; from deqing_geo import sample; made = sample.county(0).villages;"
        "print(hashlib.sha256(b''.join(made.to_wkb()['geometry'])).hexdigest(),"
        " ''.join(made['village_name']).encode().hex())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": other_hashes["PYTHONHASHSEED"], "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    here = hashlib.sha256(b"".join(county.villages.to_wkb()["geometry"])).hexdigest()

    assert there.stdout.split() == [here, "".join(county.villages["village_name"]).encode().hex()]


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True])
def test_another_seed_is_refused(seed):
    with pytest.raises(errors.InputError, match="whole number"):
        sample.county(seed)


# ---------------------------------------------------------------- the rooms behind it


def test_cells_are_shared_as_asked():
    """Two holders on a level strip of 12 cells, one of whom shall have three times as much."""
    inside = np.ones((1, 12), dtype=bool)
    distance = ground.far(np.full((1, 12), 100.0), inside, [(0, 0), (0, 11)])
    holder, _ = ground.share(distance, np.array([9.0, 3.0]))

    assert holder.tolist() == [0] * 9 + [1] * 3


def test_a_cell_that_hangs_by_a_corner_changes_hands():
    holder = np.full((5, 5), -1)
    holder[1:4, 1:4] = 1
    holder[1:3, 1:3] = 0
    holder[3, 3] = 0

    mended = ground.whole(holder)

    assert mended[3, 3] == 1
    assert (np.delete(mended.ravel(), 18) == np.delete(holder.ravel(), 18)).all()


def test_two_holdings_share_every_vertex_of_their_border():
    holder = np.full((8, 12), -1)
    holder[1:7, 1:6] = 0
    holder[1:7, 6:11] = 1
    left, right = borders.polygons(holder, ground.Grid(0.0, 0.0, 8, 12), 2)

    assert shapely.coverage_is_valid([left, right])
    assert left.intersection(right).length == 6 * ground.CELL
