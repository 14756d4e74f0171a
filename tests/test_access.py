"""Park land people can share in: by hand, by law and by loops."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx
from shapely import Point, box

from deqing_geo import columns, errors, park_coverage, sample, service_coverage

X, Y = sample.X0, sample.Y0
BY = "park.health_check_2021"
ZONE = box(-5000, -5000, 5000, 5000)


def frame(*shapes, **columns_):
    moved = [shapely.transform(shape, lambda coords: coords + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(geometry=moved, crs=sample.CRS).assign(**columns_)


def parks(*shapes):
    return frame(*shapes, park_class="G11")


def access(park, homes, **options):
    return service_coverage(frame(ZONE), park, homes, by=BY).access(**options)


HECTARE = box(-100, 0, 0, 100)


def test_all_who_live_at_the_gate_share_the_park():
    made = access(parks(HECTARE), frame(Point(0, 50), Point(0, 60), people=[30, 70]))

    assert made.table["access_m2"].to_list() == approx([100, 100], rel=1e-5)
    assert (made.mean, made.gini) == (approx(100, rel=1e-5), approx(0))
    assert made.by_area["park_m2_per_person"].iloc[0] == approx(100, rel=1e-5)


def test_reach_ends_at_the_limit_and_is_gaussian_before_it():
    """At half the limit G is (exp(-1/8) - exp(-1/2)) / (1 - exp(-1/2)) = 0.7013."""
    homes = frame(Point(0, 50), Point(250, 50), Point(500.1, 50), people=[10, 10, 10])
    held = access(parks(HECTARE), homes).table["access_m2"]

    assert held.iloc[1] / held.iloc[0] == approx(0.70135, rel=1e-4)
    assert held.iloc[2] == 0.0


def test_half_without_anything_is_a_gini_of_a_half():
    homes = frame(Point(0, 50), Point(3000, 50), people=[50, 50])
    made = access(parks(HECTARE), homes)

    assert made.gini == approx(0.5)
    assert made.lorenz["access_share"].to_list() == approx([0, 0, 1])


@pytest.mark.parametrize("seed", [1, 2])
def test_loops_and_mean_differences_give_the_same(seed):
    """A second road: the formulas as they are written, and Gini as a mean difference."""
    rng = np.random.default_rng(seed)
    spot, size = rng.uniform(-900, 900, (8, 2)), rng.uniform(75, 150, 8)
    some = parks(*(box(x, y, x + s, y + s) for (x, y), s in zip(spot, size, strict=True)))
    homes = frame(*(Point(at) for at in rng.uniform(-1200, 1200, (60, 2))))
    homes["people"] = rng.integers(0, 100, 60)
    made = access(some, homes, limit_m=600)

    def g(d):
        return (np.exp(-0.5 * (d / 600) ** 2) - np.exp(-0.5)) / (1 - np.exp(-0.5)) * (d <= 600)

    d = np.array([homes.distance(park).to_numpy() for park in some.geometry])
    land = some.area.to_numpy()
    r = np.array([s / (g(row) * homes["people"]).sum() for s, row in zip(land, d, strict=True)])
    a = (g(d) * r[:, None]).sum(axis=0)
    p = homes["people"].to_numpy()
    apart = np.abs(a[:, None] - a[None, :]) * p[:, None] * p[None, :]
    gini = apart.sum() / (2 * p.sum() ** 2 * np.average(a, weights=p))
    assert made.table.set_index("demand_row")["access_m2"].to_numpy() == approx(a, rel=1e-4)
    assert made.gini == approx(gini, rel=1e-4)
    # What people have adds up to the land of the parks.
    assert (p * a).sum() == approx(land.sum(), rel=1e-9)
    assert made.mean * p.sum() == approx(land.sum(), rel=1e-4)


def test_people_of_land_are_spread_over_it_and_columns_are_known():
    homes = frame(box(0, 0, 200, 100), home_class="urban_residential", people=100)
    zone = frame(box(-200, 0, 100, 100), box(100, 0, 300, 100))
    made = park_coverage(zone, parks(HECTARE), homes).access()

    assert made.by_area["people"].to_list() == approx([50, 50])
    assert set(made.by_area.columns) <= set(columns.registry())
    assert columns.word("coverage.research") in made.notices
    repr(made).encode("gbk")
    with pytest.raises(errors.InputError, match="no column `heads`"):
        park_coverage(zone, parks(HECTARE), homes).access(people="heads")
    with pytest.raises(errors.InputError, match="limit_m=0"):
        park_coverage(zone, parks(HECTARE), homes).access(limit_m=0)


def test_without_parks_nobody_has_anything():
    made = access(parks(HECTARE).iloc[:0], frame(Point(0, 0), people=[5]))

    assert made.mean == 0.0 and np.isnan(made.gini)
