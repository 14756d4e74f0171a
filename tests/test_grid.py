"""Cells lie where they always lie, hold the land once, and carry what roads there are."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import errors, road_density, sample
from deqing_geo.crs import cells

X, Y = sample.X0, sample.Y0


def areas(*shapes, **columns):
    moved = [shapely.transform(shape, lambda c: c + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(columns, geometry=moved, crs=sample.CRS)


def test_a_square_of_two_kilometres_has_sixteen_cells_of_five_hundred_metres():
    found = dg.grid(areas(shapely.box(0, 0, 2000, 2000)), 500)

    assert found.area.to_list() == [250_000.0] * 16
    assert found.index[:5].to_list() == [
        "E500000N3380000",
        "E500500N3380000",
        "E501000N3380000",
        "E501500N3380000",
        "E500000N3380500",
    ]
    assert found["cell_x"].to_list()[:2] == [500_000, 500_500]
    assert found["cell_y"].iloc[-1] == 3_381_500
    assert found.crs == sample.CRS and found.index.name == "cell"


def test_cells_begin_at_multiples_of_their_size_and_are_cut_to_the_land():
    """Land from 100 m to 700 m: 400 m of the first cell and 200 m of the second, both ways."""
    found = dg.grid(areas(shapely.box(100, 100, 700, 700)), 500)

    assert found.index[0] == "E500000N3380000"
    assert found.area.to_list() == approx([160_000, 80_000, 80_000, 40_000])
    whole = dg.grid(areas(shapely.box(100, 100, 700, 700)), 500, clip=False)
    assert whole.area.to_list() == [250_000.0] * 4
    assert whole.index.equals(found.index)


def test_land_that_only_touches_a_cell_makes_none():
    corner = shapely.box(0, 0, 500, 500).union(shapely.Point(0, 0).buffer(0))

    assert len(dg.grid(areas(corner), 500)) == 1
    assert len(dg.grid(areas(corner), 500, clip=False)) == 1


def test_a_hole_and_a_cell_in_two_pieces():
    ring = shapely.box(0, 0, 1500, 1500).difference(shapely.box(500, 500, 1000, 1000))
    slit = shapely.box(0, 0, 500, 500).difference(shapely.box(200, -1, 300, 501))

    assert len(dg.grid(areas(ring), 500)) == 8
    (piece,) = dg.grid(areas(slit), 500).geometry
    assert piece.geom_type == "MultiPolygon" and piece.area == approx(200_000)


def test_land_in_two_areas_is_covered_once():
    both = areas(shapely.box(0, 0, 600, 500), shapely.box(300, 0, 1000, 500))

    assert dg.grid(both, 250).area.sum() == approx(500_000)


def test_cells_west_of_the_origin_are_called_so():
    west = gpd.GeoDataFrame(geometry=[shapely.box(-300, -300, 300, 300)], crs=sample.CRS)

    with pytest.raises(errors.CRSError):
        dg.grid(west, 500)
    x, y, _ = cells._cells(west.geometry.iloc[0], -1, -1, 2, 2, 500, True)
    assert x.tolist() == [-500, 0, -500, 0] and y.tolist() == [-500, -500, 0, 0]


def test_what_the_areas_say_of_themselves_goes_on():
    made = sample.county(1)
    found = dg.grid(made.zone, 1000)

    assert found.attrs["notice"] == made.zone.attrs["notice"]
    told = dg.grid(areas(shapely.box(0, 0, 9, 9), source=["图"], as_of=["2025-12-31"]), 5)
    assert set(told["source"]) == {"图"} and set(told["as_of"]) == {"2025-12-31"}


# ---------------------------------------------------------------- density on cells
def roads(*lines, word="arterial"):
    shapes = [shapely.LineString([(x + X, y + Y) for x, y in line]) for line in lines]
    return gpd.GeoDataFrame({"road_class": [word] * len(lines)}, geometry=shapes, crs=sample.CRS)


def test_density_on_cells_by_hand():
    """A street along the middle of the southern cells, and one on the line between all four."""
    four = dg.grid(areas(shapely.box(0, 0, 1000, 1000)), 500)
    streets = roads([(0, 250), (1000, 250)], [(500, 0), (500, 1000)])

    density = road_density(four, streets)
    # 0.5 km and half of 0.5 km in the south, half of 0.5 km in the north, on 0.25 km2.
    assert density.series.to_list() == approx([3.0, 3.0, 1.0, 1.0], rel=1e-3)
    assert density.table["road_km"].sum() == approx(2.0, rel=1e-9)


@pytest.mark.parametrize("size", [97, 250, 1000])
def test_cells_together_have_the_length_on_the_ground(size):
    rng = np.random.default_rng(size)
    lines = rng.uniform((-200, -200), (2200, 2200), (60, 4, 2))
    # Some lie on the lines between cells, which is where lengths are lost or doubled.
    lines[:10, :, 0] = np.round((X + lines[:10, :1, 0]) / size) * size - X
    lines[:10, :, 1].sort(axis=1)
    streets = roads(*lines)
    land = areas(shapely.Polygon([(0, 0), (2000, 100), (1700, 1900), (300, 2000)]))

    density = road_density(dg.grid(land, size), streets)
    ground = shapely.length(shapely.intersection(streets.geometry.to_numpy(), land.geometry[0]))
    assert density.table["road_km"].sum() == approx(ground.sum() / 1000, rel=1e-9)
    # Land is measured on the ellipsoid, each shape within 0.1 ppm of the truth.
    whole = road_density(land, streets).table["area_km2"].sum()
    assert density.table["area_km2"].sum() == approx(whole, rel=1e-7)


def test_the_county_on_cells_is_the_county():
    made = sample.county(1)

    found = road_density(dg.grid(made.zone, 250), made.roads)
    whole = road_density(made.zone, made.roads)
    assert found.table["road_km"].sum() == approx(whole.table["road_km"].sum(), rel=1e-9)
    assert found.overall == approx(whole.overall, rel=1e-7)


# ---------------------------------------------------------------- laws
def test_the_order_of_areas_does_not_matter_and_they_stay_as_they_are():
    villages = sample.county(1).villages
    before = villages.copy()
    first = dg.grid(villages, 1000)

    mixed = dg.grid(villages.sample(frac=1, random_state=1), 1000)
    assert mixed.index.equals(first.index)
    assert mixed.area.to_list() == approx(first.area.to_list(), rel=1e-12)
    assert first.area.sum() == approx(villages.union_all().area, rel=1e-12)
    assert first.is_valid.all() and first.index.is_unique
    assert villages.equals(before)


def test_two_areas_share_the_cells_between_them():
    west, east = shapely.box(0, 0, 730, 400), shapely.box(730, 0, 1300, 400)

    a, b = dg.grid(areas(west), 250), dg.grid(areas(east), 250)
    both = dg.grid(areas(west, east), 250)
    assert set(both.index) == set(a.index) | set(b.index)
    assert a.area.add(b.area, fill_value=0).loc[both.index].to_list() == approx(both.area.to_list())


# ---------------------------------------------------------------- refusals
@pytest.mark.parametrize("size", [0, -250, 0.5, 333.3, np.nan, np.inf, "250", True, None])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(errors.InputError, match="size_m="):
        dg.grid(sample.villages(), size)


def test_too_many_cells_are_refused_with_a_size_that_works():
    with pytest.raises(errors.InputError, match=r"4,000,000 cells .* Try size_m=2 or more"):
        dg.grid(sample.villages(), 1)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda frame: frame.to_crs(4490), errors.CRSError, "degrees"),
        (lambda frame: frame.set_crs(None, allow_override=True), errors.CRSError, "no coordinate"),
        (lambda frame: frame.iloc[:0], errors.InputError, "is empty"),
        (
            lambda frame: frame.set_geometry(frame.centroid),
            errors.GeometryError,
            "needs polygons, and has Point",
        ),
        (
            lambda frame: frame.set_geometry([shapely.Polygon()] * len(frame), crs=frame.crs),
            errors.GeometryError,
            "without a shape",
        ),
        (
            lambda frame: frame.set_geometry(
                [shapely.Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)])] * len(frame),
                crs=frame.crs,
            ),
            errors.GeometryError,
            "not valid",
        ),
    ],
    ids=["degrees", "no CRS", "no rows", "points", "empty", "bowtie"],
)
def test_areas_that_cannot_be_covered_are_refused(change, error, said):
    with pytest.raises(error, match=said):
        dg.grid(change(sample.villages()), 500)
