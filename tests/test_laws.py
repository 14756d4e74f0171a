"""What must be true of any figure: it adds up, grows, and does not mind how it is drawn."""

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx

from deqing_geo import park_coverage, road_density, sample

X, Y = sample.X0, sample.Y0
SEEDS = range(12)
WORDS = ["arterial", "branch", "estate"]


def tiling(rng, count=14):
    """Villages without gaps or overlaps, bordered by straight lines."""
    places = shapely.MultiPoint(
        np.column_stack([rng.uniform(0, 3000, count), rng.uniform(0, 2000, count)])
    )
    cells = shapely.get_parts(shapely.voronoi_polygons(places))
    shapes = shapely.intersection(cells, shapely.box(0, 0, 3000, 2000))
    return frame(shapes[shapely.area(shapes) > 1])


def frame(shapes, **columns):
    moved = shapely.transform(np.asarray(shapes, dtype=object), lambda c: c + [X, Y])
    return gpd.GeoDataFrame(geometry=moved, crs=sample.CRS).assign(**columns)


def random_roads(rng, villages, count=40):
    """Roads across country, roads along borders, roads that are both."""
    lines = [rng.uniform((0, 0), (3000, 2000), (rng.integers(2, 6), 2)) for _ in range(count)]
    free = [shapely.transform(shapely.LineString(line), lambda c: c + [X, Y]) for line in lines]
    rings = [shapely.LineString(shape.exterior.coords) for shape in villages.geometry]
    stretches = [
        shapely.LineString(ring.coords[:-2]) for ring in rings[::3] if len(ring.coords) > 4
    ]
    joined = [
        shapely.LineString([*ring.coords[:2], *free[n].coords]) for n, ring in enumerate(rings[:5])
    ]
    shapes = np.array([*free, *rings[::4], *stretches, *joined], dtype=object)
    return gpd.GeoDataFrame(
        {"road_class": rng.choice(WORDS, len(shapes))}, geometry=shapes, crs=sample.CRS
    )


def town(rng):
    villages = tiling(rng)
    boxes = shapely.box(*rng.uniform((0, 0), (2800, 1800), (30, 2)).T, 0, 0)
    corner = shapely.get_coordinates(boxes)[::5]
    size = rng.uniform(20, 180, (30, 2))
    shapes = shapely.box(corner[:, 0], corner[:, 1], *(corner + size).T)
    return (
        villages,
        frame(shapes[:8], park_class="G11"),
        frame(shapes[8:], home_class="urban_residential"),
    )


@pytest.fixture(params=SEEDS)
def rng(request):
    return np.random.default_rng(request.param)


def test_what_the_villages_have_adds_up_to_what_is_on_the_ground(rng):
    villages = tiling(rng)
    roads = random_roads(rng, villages)
    density = road_density(villages, roads, by="road.broad")

    whole = shapely.intersection(
        roads.geometry.to_numpy(), shapely.coverage_union_all(villages.geometry.to_numpy())
    )
    assert density.table["road_km"].sum() == approx(shapely.length(whole).sum() / 1000, rel=1e-9)
    assert density.by_class.sum(axis=1).to_list() == approx(density.table["road_km"].to_list())


def test_the_order_of_rows_does_not_matter(rng):
    villages, parks, homes = town(rng)
    roads = random_roads(rng, villages)
    mixed = [layer.sample(frac=1, random_state=1) for layer in (villages, parks, homes, roads)]

    first, second = road_density(villages, roads).series, road_density(mixed[0], mixed[3]).series
    assert second.loc[first.index].to_list() == approx(first.to_list(), rel=1e-12)
    first = park_coverage(villages, parks, homes).series
    second = park_coverage(*mixed[:3]).series
    assert second.loc[first.index].to_list() == approx(first.to_list(), rel=1e-9, nan_ok=True)


def test_the_way_roads_are_cut_does_not_matter(rng):
    villages = tiling(rng)
    roads = random_roads(rng, villages)
    starts, ends = [], []
    for line in roads.geometry:
        coords = shapely.get_coordinates(line)
        starts.append(coords[:-1])
        ends.append(coords[1:])
    pieces = shapely.linestrings(np.stack([np.vstack(starts), np.vstack(ends)], axis=1))
    owner = np.repeat(np.arange(len(roads)), [len(part) for part in starts])
    split = gpd.GeoDataFrame(
        {"road_class": roads["road_class"].to_numpy()[owner]}, geometry=pieces, crs=sample.CRS
    )

    assert road_density(villages, split).table["road_km"].to_list() == approx(
        road_density(villages, roads).table["road_km"].to_list(), rel=1e-9
    )


def test_dividing_a_village_leaves_the_sums(rng):
    villages, parks, homes = town(rng)
    roads = random_roads(rng, villages)
    x = villages.geometry.iloc[0].centroid.x
    halves = [
        villages.geometry.iloc[0].intersection(shapely.box(*side))
        for side in ((0, 0, x, 1e8), (x, 0, 1e8, 1e8))
    ]
    divided = gpd.GeoDataFrame(geometry=[*halves, *villages.geometry.iloc[1:]], crs=sample.CRS)

    assert road_density(divided, roads).table["road_km"].sum() == approx(
        road_density(villages, roads).table["road_km"].sum(), rel=1e-9
    )
    assert park_coverage(divided, parks, homes).table["served_ha"].sum() == approx(
        park_coverage(villages, parks, homes).table["served_ha"].sum(), rel=1e-6
    )


def test_moving_the_town_leaves_the_figures(rng):
    """A kilometre east in the same zone: the ellipsoid changes by less than a millionth."""
    villages, parks, homes = town(rng)
    roads = random_roads(rng, villages)

    def moved(layer):
        return layer.set_geometry(layer.translate(1000, 500))

    assert road_density(moved(villages), moved(roads)).table["road_km"].to_list() == approx(
        road_density(villages, roads).table["road_km"].to_list(), rel=1e-9, abs=1e-9
    )
    assert park_coverage(moved(villages), moved(parks), moved(homes)).series.to_list() == approx(
        park_coverage(villages, parks, homes).series.to_list(), abs=1e-6, nan_ok=True
    )


def test_coverage_grows_with_parks_and_with_the_radius(rng):
    from deqing_geo import standards

    villages, parks, homes = town(rng)
    law = standards.load()
    shares = [park_coverage(villages, parks.iloc[:n], homes).overall for n in range(9)]
    assert all(more >= less - 1e-9 for less, more in itertools.pairwise(shares))
    base = law["park.health_check_2021"]
    wider = [
        park_coverage(
            villages, parks, homes, by=base.with_radius(standards.Rule.local(r, "m", reason="x"))
        ).overall
        for r in (50, 100, 200, 400, 800)
    ]
    assert all(more >= less - 1e-9 for less, more in itertools.pairwise(wider))
    assert shares[0] >= 0 and wider[-1] <= 1 + 1e-12


def test_coverage_adds_up_over_the_areas(rng):
    villages, parks, homes = town(rng)
    whole = gpd.GeoDataFrame(geometry=[villages.union_all()], crs=sample.CRS)
    parts = park_coverage(villages, parks, homes)
    together = park_coverage(whole, parks, homes)

    for column in ("demand_ha", "served_ha", "gap_ha"):
        assert parts.table[column].sum() == approx(together.table[column].sum(), rel=1e-6)


def test_what_is_given_is_left_as_it_was(rng):
    villages, parks, homes = town(rng)
    roads = random_roads(rng, villages)
    layers = (villages, parks, homes, roads)
    before = [(layer.to_wkb(), dict(layer.attrs)) for layer in layers]
    road_density(villages, roads)
    park_coverage(villages, parks, homes)

    for layer, (table, attrs) in zip(layers, before, strict=True):
        assert layer.to_wkb().equals(table)
        assert layer.attrs == attrs
