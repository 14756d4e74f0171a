"""Coverage of real places: Amsterdam's thousand homes on foot, Andorra's parks one by one."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

import deqing_geo as dg

BY = "park.health_check_2021"


@pytest.fixture(scope="module")
def amsterdam(real_data):
    file = real_data / "parks" / "amsterdam_parks.gpkg"
    areas = dg.read_towns(
        file, layer="neighbourhoods_epsg4326", columns={"town_code": "CBS_Buurtcode"}
    )
    parks = dg.read_parks(file, layer="parks_epsg4326", like=areas)
    homes, ways = (
        gpd.read_file(file, layer=layer).to_crs(areas.crs)
        for layer in ("home_points_rd28992", "osm_network_rd28992")
    )
    return areas, parks, homes, ways.assign(road_class="other")


def test_amsterdams_homes_are_as_near_to_parks_as_distances_say(amsterdam):
    areas, parks, homes, _ = amsterdam
    made = dg.service_coverage(areas, parks, homes, by=BY)
    table = made.table

    # A second road: geopandas' own distances, home by park.
    standing = made.basis.standing
    inside = homes[homes.intersects(areas.union_all())]
    near = np.zeros(len(inside), dtype=bool)
    for part, radius in zip(standing.parts, standing.reach, strict=True):
        near |= (inside.distance(part) <= radius).to_numpy()
    assert table["demand_count"].sum() == len(inside) <= len(homes) == 1000
    assert table["served_count"].sum() == near.sum()
    assert made.measure == "service_coverage" and made.unit == "count"


def test_amsterdams_homes_are_farther_on_foot_every_one(amsterdam):
    areas, parks, homes, ways = amsterdam
    made = dg.service_coverage(areas, parks, homes, by=BY, network=dg.road_network(ways))
    walking, samples = made.walking, made.walking.samples

    assert walking.straight == pytest.approx(made.overall)
    assert 0 < walking.overall < walking.straight
    assert not (samples["walk_m"] < samples["straight_m"] - 1e-6).any()
    assert set(walking.entrances["entrance_kind"]) == {"path", "street"}
    # The network is that of the centre: parks elsewhere are told, not left out.
    assert len(walking.unreached) > 0
    assert len(walking.unreached) + walking.entrances["park"].nunique() == 118


def test_every_park_of_andorra_serves_what_is_lost_without_it(real_data):
    file = real_data / "osm" / "andorra.osm.pbf"
    towns = dg.read_towns(file, admin_level=7)
    parks, homes = dg.read_parks(file, like=towns), dg.read_homes(file, like=towns)
    made = dg.park_coverage(towns, parks, homes)
    alone = made.by_park["alone_ha"]

    for label in parks.index:
        without = dg.park_coverage(towns, parks.drop(index=label), homes)
        changes = made.changes(without)
        lost = made.table["served_ha"].sum() - without.table["served_ha"].sum()
        assert alone[label] == pytest.approx(lost, abs=1e-6)
        assert changes.table["delta_ha"].sum() == pytest.approx(lost, abs=1e-9)
    listed = dg.gap_list(made)
    assert listed["gap_ha"].sum() == pytest.approx(made.table["gap_ha"].sum(), abs=1e-9)
    assert shapely.union_all(listed.geometry.array).area == pytest.approx(listed.area.sum())
    ledger = dg.park_ledger(made, towns=towns)
    assert (ledger["town_name"] != "").sum() == 5 or ledger["counted"].sum() == 5
    band = dg.coverage_band(towns, parks, homes)
    assert band.lowest < made.overall <= band.highest
