"""The schematic county's ground, roads, parks, homes, land and people: whole, clean, derived."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import deqing_geo as dg
from deqing_geo import columns as names
from deqing_geo import sample
from deqing_geo.sample import land, people, plots, schematic, surveys, tiling, ways

SEEDS = range(30)


@pytest.fixture(scope="module")
def made():
    return sample.county(0)


def ends_of(lines):
    return np.stack([shapely.get_point(lines, 0), shapely.get_point(lines, -1)], axis=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_county_of_any_seed_is_whole_and_clean(seed):
    county = sample.county(seed)
    outline = county.outline.geometry.iloc[0]
    near = outline.buffer(0.002)
    shapely.prepare(near)
    roads = county.roads
    ground = roads.geometry.to_numpy()[(roads["road_level"] == 0).to_numpy()]

    for name in ("roads", "parks", "homes", "water", "zone", "redline", "water_source",
                 "development_boundaries", "farmland", "carriageways", "highways",
                 "hazards", "facilities"):  # fmt: skip
        frame = getattr(county, name)
        shapes = frame.geometry.to_numpy()
        assert len(frame) > 0, name
        assert shapely.is_valid(shapes).all(), name
        assert not shapely.is_empty(shapes).any(), name
        assert shapely.covers(near, shapes).all(), name
        assert frame.crs == "EPSG:4549"
        assert frame.attrs["notice"] == names.word("notice.schematic")
    # Noded: lines on the ground meet at their ends and nowhere else.
    tree = shapely.STRtree(ground)
    assert tree.query(ground, predicate="crosses").size == 0
    assert tree.query(ground, predicate="overlaps").size == 0
    tips = ends_of(ground).ravel()
    tip, line = tree.query(tips, predicate="dwithin", distance=1e-6)
    at = shapely.get_coordinates(tips[tip])
    first, last = (shapely.get_coordinates(end) for end in ends_of(ground[line]).T)
    assert ((at == first).all(axis=1) | (at == last).all(axis=1)).all()
    # Neighbours of different kinds do not share land.
    for one, other in (("homes", "parks"), ("homes", "water"), ("farmland", "homes"),
                       ("farmland", "redline"), ("farmland", "development_boundaries"),
                       ("redline", "development_boundaries")):  # fmt: skip
        left = getattr(county, one).geometry.to_numpy()
        right = getattr(county, other).geometry.to_numpy()
        a, b = shapely.STRtree(right).query(left, predicate="intersects")
        assert shapely.area(shapely.intersection(left[a], right[b])).sum() < 5, (one, other)
    # Nor do those of a kind: what is shared by two of them is at least what a union would lose.
    for name in ("homes", "water", "zone", "redline", "farmland", "development_boundaries"):
        shapes = getattr(county, name).geometry.to_numpy()
        a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        a, b = a[a < b], b[a < b]
        assert shapely.area(shapely.intersection(shapes[a], shapes[b])).sum() < 5, name
    homes = county.homes
    villages = county.villages.geometry.buffer(0.002)[homes["village_code"]].to_numpy()
    assert shapely.covered_by(homes.geometry.to_numpy(), villages).all()


def test_thirty_seeds_make_thirty_counties():
    lengths = {round(float(sample.county(seed).roads.length.sum()), 3) for seed in range(3)}

    assert len(lengths) == 3


def test_every_road_class_and_every_status_is_there(made):
    roads = made.roads
    vocabulary = set(names.vocabulary("road_class")) - {"unknown"}

    assert set(roads["road_class"]) == vocabulary
    assert set(roads["road_status"]) == set(names.vocabulary("road_status"))
    built = roads["road_status"] == "built"
    assert roads.loc[built & (roads["road_level"] == 0), "opened_on"].notna().all()
    assert roads.loc[~built, "opened_on"].isna().all()
    assert (roads["opened_on"].dropna() <= schematic.TODAY).all()


def test_almost_all_built_roads_hang_together_and_some_end_dead(made):
    roads = made.roads[made.roads["road_status"] == "built"]
    lines = roads.geometry.to_numpy()
    places = shapely.get_coordinates(ends_of(lines).ravel())
    nodes, which = np.unique(places, axis=0, return_inverse=True)
    which = which.reshape(-1, 2)
    graph = coo_array((np.ones(len(which)), which.T), shape=(len(nodes),) * 2)
    _, part = connected_components(graph, directed=False)
    share = np.bincount(part[which[:, 0]], shapely.length(lines)) / shapely.length(lines).sum()
    legs = np.bincount(which.ravel())

    assert share.max() > 0.96
    dead = legs[which].min(axis=1) == 1
    assert {"estate", "farm_track", "branch"} <= set(roads["road_class"][dead])


def test_some_roads_run_on_the_border_of_two_villages(made):
    edges = shapely.boundary(made.villages.geometry.to_numpy())
    arcs = shapely.union_all(edges)
    country = made.roads[made.roads["road_class"] == "village_road"]
    on = shapely.covered_by(country.geometry.to_numpy(), arcs.buffer(0.01))

    assert country.length.to_numpy()[on].sum() > 3000


def test_a_survey_draws_divided_roads_twice_and_roundabouts_as_rings(made):
    zone = made.zone
    once = dg.road_density(zone, made.roads)
    twice = dg.road_density(zone, made.carriageways)
    survey = made.carriageways

    assert 1.15 < twice.overall / once.overall < 1.5
    assert once.overall < 8 < twice.overall
    rings = survey[survey["junction"] == "roundabout"]
    merged = shapely.line_merge(shapely.multilinestrings(list(rings.geometry)))
    assert shapely.is_ring(shapely.get_parts(merged)).all()
    assert len(shapely.get_parts(merged)) == surveys.ROUNDABOUTS
    ring = shapely.get_parts(merged)[0]
    # A polygon of 24 corners around a circle: a hair shorter than it.
    assert shapely.length(ring) == pytest.approx(2 * np.pi * surveys.RING_M, rel=0.01)
    assert (survey["road_class"] == "link").sum() >= 4
    arterial = made.roads[
        (made.roads["road_class"] == "arterial") & (made.roads["road_status"] == "built")
    ]
    assert survey[survey["road_class"] == "arterial"].length.sum() == pytest.approx(
        2 * arterial.length.sum(), rel=0.05
    )


def test_the_transport_bureau_draws_its_roads_a_few_metres_off_and_through_the_towns(made):
    own = made.roads[made.roads["road_class"] == "county_road"].geometry.union_all()
    theirs = made.highways[made.highways["road_class"] == "county_road"].geometry.union_all()
    streets = made.roads[made.roads["road_class"] == "arterial"].geometry.union_all()
    high = made.highways[made.highways["road_class"] == "highway"].geometry.union_all()

    assert 1 < shapely.hausdorff_distance(theirs, own, densify=0.5) < 15
    assert shapely.intersection(high, streets.buffer(15)).length > 2000
    assert made.highways["route_code"].str.startswith("示意").all()


def test_a_month_explains_itself_road_by_road_and_park_by_park(made):
    new = made.roads["opened_on"] > schematic.LAST_MONTH
    parks = made.parks["opened_on"] > schematic.LAST_MONTH

    assert new.sum() == ways.OPENED_THIS_MONTH
    assert parks.sum() == 1
    assert (made.earlier_roads["road_status"][new] == "building").all()
    assert made.earlier_roads["opened_on"][new].isna().all()
    pd.testing.assert_frame_equal(made.earlier_roads[~new], made.roads[~new])
    assert dg.road_density(made.zone, made.earlier_roads).overall < (
        dg.road_density(made.zone, made.roads).overall
    )
    assert made.earlier_parks["park_status"][parks].to_list() == ["building"]
    recent = (made.roads["opened_on"] > schematic.MONTH_BEFORE) & ~new
    assert recent.sum() == ways.OPENED_LAST_MONTH
    assert (made.earliest_roads["road_status"][recent | new] == "building").all()
    pd.testing.assert_frame_equal(made.earliest_roads[~(recent | new)], made.roads[~(recent | new)])
    pd.testing.assert_frame_equal(made.earliest_parks, made.earlier_parks)


def test_the_planned_network_holds_what_is_there_and_what_shall_be(made):
    plan = made.planned_roads

    assert set(plan["road_status"]) == {"built", "building", "planned"}
    keys = {geometry.wkb for geometry in made.roads.geometry}
    assert all(geometry.wkb in keys for geometry in plan.geometry)


def test_parks_stand_on_both_sides_of_every_size_that_a_definition_names(made):
    parks = made.parks
    area = parks.area.round()
    counted = parks["park_class"].isin(["G11", "G12", "G13", "G14"])

    assert {"G11", "G12", "G13", "G14", "G2", "G3", "XG", "EG"} == set(parks["park_class"])
    assert set(parks["park_status"]) == set(names.vocabulary("park_status"))
    for size in (400, 2_000, 5_000, 10_000, 50_000, 100_000, 200_000):
        assert (counted & (area < size)).any(), size
        assert (counted & (area >= size)).any(), size
    for size in plots.POCKETS:
        assert (np.abs(parks.area - size) < 1).any(), size


def test_two_parks_touch_and_one_lies_across_the_edge_of_the_zone(made):
    shapes = made.parks.geometry.to_numpy()
    zone = shapely.union_all(made.zone.geometry.to_numpy())
    inside = shapely.area(shapely.intersection(shapes, zone)) / shapely.area(shapes)

    assert shapely.STRtree(shapes).query(shapes, predicate="touches").size > 0
    assert ((inside > 0.3) & (inside < 0.7)).any()


def test_the_default_figures_are_such_as_a_planner_has_to_explain(made):
    coverage = dg.park_coverage(made.zone, made.parks, made.homes)

    assert 0.6 < coverage.overall < 0.97
    assert len(set(coverage.series.round(3))) == 3


def test_homes_carry_the_codes_of_both_systems(made):
    pairs = set(
        made.homes[["home_class", "sandiao_code", "guide_code"]].itertuples(index=False, name=None)
    )

    assert pairs == {
        ("urban_residential", "0701", "070102"),
        ("community_service", "08H2", "0702"),
        ("homestead", "0702", "070301"),
    }
    homesteads = made.homes[made.homes["home_class"] == "homestead"]
    zone = shapely.union_all(made.zone.geometry.to_numpy())
    assert shapely.within(homesteads.geometry.to_numpy(), zone).any()


# ---------------------------------------------------------------- ground and land


def test_the_mountains_are_in_the_west_and_the_plain_in_the_east(made):
    terrain = made.terrain
    middle = terrain.values.shape[1] // 2
    known = np.where(terrain.values == terrain.nodata, np.nan, terrain.values)

    assert terrain.cell == 30
    assert np.nanmedian(known[:, :middle]) > 60
    assert np.nanmedian(known[:, middle:]) < 10
    assert 400 < np.nanmax(known) < 900
    assert np.isnan(known).any()


def test_water_is_level_and_low_and_hills_are_above_it(made):
    terrain = made.terrain
    for kind in ("reservoir", "lake"):
        shape = made.water.geometry[made.water["water_class"] == kind].iloc[0]
        inside = shapely.get_coordinates(shape.buffer(-60))
        around = shapely.get_coordinates(shape.buffer(500))
        assert np.ptp(terrain.at(inside)) <= 1.5, kind
        assert np.nanmean(terrain.at(around)) > np.nanmean(terrain.at(inside)), kind


def test_hazards_lie_on_steep_ground_and_threaten_people_below(made):
    slope = dg.slope(made.terrain)
    places = shapely.get_coordinates(made.hazards.geometry.to_numpy())

    assert (slope.at(places) >= land.HAZARD_SLOPE).all()
    assert (made.terrain.at(places) > 20).all()
    assert made.hazards["threatened_people"].max() > 0
    assert set(made.hazards["hazard_class"]) <= set(names.vocabulary("hazard_class"))


def test_shares_of_the_county_are_such_as_counties_have(made):
    county = made.outline.area.iloc[0]

    assert 0.08 < made.redline.area.sum() / county < 0.20
    assert 0.15 < made.farmland.area.sum() / county < 0.32
    assert 0.01 < made.water.area.sum() / county < 0.06
    kinds = made.development_boundaries["boundary_kind"].value_counts()
    assert kinds["county_seat"] == kinds["subcentre"] == 1


def test_parcels_tile_every_village_in_both_systems(made):
    parcels = made.land_use
    area = parcels.area.groupby(parcels["village_code"]).sum()
    shapes = parcels.geometry.to_numpy()

    assert np.abs(area - made.villages.area.loc[area.index]).max() < 1.5
    assert len(area) == len(made.villages)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    both = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    # Vertices are rounded to a millimetre; parcels of 938 km2 have long borders.
    assert both.sum() < 30
    own = parcels.groupby("sandiao_code")["guide_code"].nunique()
    assert own["0810"] == 3, "0810 holds parks, belts and squares"
    homes = parcels[parcels["sandiao_code"] == "0702"].area.sum()
    known = made.homes[made.homes["home_class"] == "homestead"].area.sum()
    assert homes == pytest.approx(known, rel=1e-6)


def test_people_on_cells_are_the_people_of_the_homes(made):
    raster = made.population
    known = raster.values[raster.values != raster.nodata]

    assert known.sum() == pytest.approx(made.homes["people"].sum(), rel=1e-3)
    assert (known >= 0).all()
    assert raster.attrs["unit"] == "person"


def test_cover_knows_its_classes_and_sees_the_lake(made):
    cover = made.land_cover
    lake = made.water.geometry[made.water["water_class"] == "lake"].iloc[0]

    assert set(np.unique(cover.values)) <= {0, *cover.attrs["classes"]}
    assert cover.at(shapely.get_coordinates(lake.point_on_surface())).tolist() == [80.0]


# ---------------------------------------------------------------- people


def test_the_table_counts_the_people_of_the_homes(made):
    table = made.village_table
    known = table["pop_resident"].notna()
    counted = made.homes.groupby("village_code")["people"].sum()

    assert (~known).sum() == 2
    expected = counted.reindex(table.index, fill_value=0)[known]
    assert table["pop_resident"][known].astype(int).to_list() == expected.to_list()


def test_the_table_has_the_gaps_and_the_words_such_tables_have(made):
    table = made.village_table
    committee = table["unit_kind"] == "village_committee"

    assert table.index.equals(made.villages.index)
    assert 0.02 < table.loc[committee, "hollow_rate"].isna().mean() < 0.25
    assert table.loc[~committee, "collective_op_income"].isna().all()
    assert table["fac_count"].between(0, 8).all()
    assert table["is_town_seat"].sum() == 13
    assert set(table["villager_consent"]) <= set(names.vocabulary("villager_consent"))
    types = set(table["current_type"].dropna())
    assert types <= set(names.vocabulary("village_type"))
    assert {"suburban", "cluster", "improve", "heritage"} <= types
    assert table["current_type_document"].dropna().str.contains("示意").all()
    assert table["heritage_list"].dropna().str.contains("示意").all()
    moving = table["in_relocation_plan"]
    assert (table.loc[table["current_type"] == "relocate", "in_relocation_plan"]).all()
    assert moving.sum() >= 1
    for column in table.columns:
        assert column in names.registry(), column


def test_no_fact_follows_from_a_type(made, monkeypatch):
    facts = made.village_table.drop(
        columns=["current_type", "current_type_document", "current_type_year"]
    )

    def other(random, table, facts, committee):
        random.random(len(table))
        table["current_type"] = "relocate"

    monkeypatch.setattr(people, "_type_in_force", other)
    again = schematic._village_table(0)

    pd.testing.assert_frame_equal(again[facts.columns], facts, check_flags=False)


def test_services_lie_in_their_village_and_stops_on_a_road(made):
    points = made.facilities
    villages = made.villages.geometry[points["village_code"]].to_numpy()
    stops = points[points["facility_class"] == "bus_stop"].geometry.to_numpy()
    roads = shapely.union_all(made.roads.geometry.to_numpy())

    made = set(names.vocabulary("facility_class")) - {"middle_school", "other"}
    assert set(points["facility_class"]) == made
    assert shapely.dwithin(points.geometry.to_numpy(), villages, 0.002).all()
    assert shapely.distance(stops, roads).max() < 0.01


# ---------------------------------------------------------------- the same for everyone


def test_a_layer_is_ones_own(made):
    changed = sample.county(0)
    changed.roads["road_class"] = "other"
    changed.terrain.values[:] = 0

    assert set(sample.county(0).roads["road_class"]) != {"other"}
    assert sample.county(0).terrain.values.max() > 100


def test_an_unknown_layer_is_an_attribute_error_that_lists_the_known():
    with pytest.raises(AttributeError, match=r"no 'rivers'; it has outline, towns"):
        _ = sample.county(0).rivers
    assert {"roads", "village_table"} <= set(dir(sample.county(0)))


def test_every_layer_is_named(made):
    frames = {name for name in schematic.MAKERS if hasattr(getattr(made, name), "geometry")}

    assert set(schematic.LAYERS) == frames


SCRIPT = """
import hashlib
from deqing_geo import sample
made = sample.county(2)
digest = hashlib.sha256()
for name in ("water", "roads", "parks", "homes", "redline", "farmland", "facilities", "hazards"):
    for wkb in getattr(made, name).to_wkb().geometry:
        digest.update(wkb)
digest.update(made.terrain.values.tobytes())
digest.update(made.village_table.to_csv().encode())
said = digest.hexdigest()
"""


def test_nothing_depends_on_the_hash_seed(other_hashes):
    here = {}
    exec(SCRIPT, here)
    there = subprocess.run(
        [sys.executable, "-c", f"{SCRIPT}print(said)"],
        env=other_hashes,
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.split() == [here["said"]]


def test_towns_that_stand_in_one_settlement_are_thirteen_in_all():
    from deqing_geo.sample.settlements import SITES

    held = sorted(code for site in SITES for code in site.towns)

    assert held == sorted(town.code for town in tiling.TOWNS if town.code in held)
    assert len(held) == 13


# Rows, and metres, square metres or the sum of coordinates: whatever the machine and the
# versions of GEOS, SciPy and NumPy. Who changes how the county is drawn writes them anew.
SEED_0 = {
    "water": (16, 10946105.2),
    "roads": (4721, 1597718.74),
    "carriageways": (5466, 1648308.08),
    "highways": (1052, 1094777.12),
    "parks": (206, 5953941.01),
    "homes": (1945, 27887033.59),
    "development_boundaries": (11, 80494964.69),
    "redline": (6, 126583573.41),
    "water_source": (2, 5721386.22),
    "farmland": (336, 245113745.43),
    "facilities": (1635, 6360447066.982),
    "hazards": (22, 85101885.4),
    "land_use": (6875, 937999993.16),
}


@pytest.mark.parametrize("name", SEED_0)
def test_the_county_of_seed_0_is_the_same_everywhere(made, name):
    frame = getattr(made, name)
    shapes = frame.geometry.to_numpy()
    kind = shapely.get_dimensions(shapes).max()
    size = (
        shapely.get_coordinates(shapes).sum()
        if kind == 0
        else (shapely.length if kind == 1 else shapely.area)(shapes).sum()
    )

    assert (len(frame), float(size)) == (SEED_0[name][0], pytest.approx(SEED_0[name][1], rel=1e-8))


def test_no_two_ways_cost_the_same():
    from deqing_geo.sample.ground import unlike, web

    graph, number = web(np.full((6, 6), 100.0), np.ones((6, 6), dtype=bool))
    other = unlike(graph)

    assert (np.floor(other.tocoo().data / 1000) == graph.tocoo().data).all()
    # Round a square either way: alike before, not after.
    a, b, c, d = number[0, 0], number[0, 1], number[1, 1], number[1, 0]
    costs = [
        [both[min(one, two), max(one, two)] for one, two in ((a, b), (b, c), (a, d), (d, c))]
        for both in (graph, other)
    ]
    assert costs[0][0] + costs[0][1] == costs[0][2] + costs[0][3]
    assert costs[1][0] + costs[1][1] != costs[1][2] + costs[1][3]
