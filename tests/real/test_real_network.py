"""Networks of layers made by others: as long as the layer, and as far as they hang together."""

from dataclasses import replace

import geopandas as gpd
import networkx
import numpy as np
import pytest
import shapely

import deqing_geo as dg

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def andorra(real_data):
    return dg.read_roads(real_data / "osm" / "andorra.osm.pbf")


def layer(real_data, file, name):
    frame = gpd.read_file(real_data / file, layer=name)
    keep = [column for column in ("osm_id", "geometry") if column in frame]
    return frame[keep].assign(road_class="branch")


def test_a_country_hangs_together_in_its_valleys(andorra):
    graph = dg.road_graph(andorra)
    told = graph.graph
    status = andorra.get("road_status")
    is_open = (status.isna() | (status == "built")).to_numpy()
    km = andorra.length[is_open].sum() / 1000

    assert told["joined"] == "vertices"
    assert told["components"]["road_km"].sum() == pytest.approx(km, abs=0.005)
    assert told["components"]["road_share"].iloc[0] > 0.95
    assert 0 < len(told["snapped"]) < 30 and told["snapped"]["shift_m"].max() <= 0.5
    # Most of these cross on a bridge or in a tunnel, the rest are mistakes of the map.
    assert 0 < len(told["crossed"]) < 200 and not told["crossed"]["joined"].any()


def test_andorra_is_as_long_as_osmnx_finds_its_graph(andorra):
    osmnx = pytest.importorskip("osmnx")
    main = andorra[andorra["road_class"].isin(["arterial", "subarterial"])]
    net = dg.road_network(main, one_way_streets=False)
    graph = net.to_networkx()
    theirs = networkx.MultiDiGraph(crs=graph.graph["crs"])
    theirs.add_nodes_from(graph.nodes(data=True))
    theirs.add_edges_from(
        (*ends, {"length": facts["metres"], "osmid": facts["stretch"], "reversed": back})
        for a, b, facts in graph.edges(data=True)
        for ends, back in (((a, b), False), ((b, a), True))
        if a != b or not back
    )
    streets = osmnx.convert.to_undirected(theirs)
    counts = osmnx.stats.count_streets_per_node(theirs)
    networkx.set_node_attributes(theirs, counts, "street_count")
    found = osmnx.stats.basic_stats(theirs)

    km = net.metres.sum() / 1000
    assert osmnx.stats.street_length_total(streets) / 1000 == pytest.approx(km, rel=1e-9)
    assert found["street_length_total"] / 1000 == pytest.approx(km, rel=1e-9)
    assert found["n"] == len(net.nodes) and found["street_segment_count"] == len(net.ends)


@pytest.mark.parametrize(
    ("file", "name", "km", "parts"),
    [
        ("roads/wuhan_clip_dev.gpkg", "original", 296.19, 10),
        ("roads/wuhan_clip_dev.gpkg", "simplified", 185.45, 10),
        ("parks/amsterdam_parks.gpkg", "osm_network_rd28992", 356.27, 400),
    ],
)
def test_a_city_is_as_long_as_its_layer_however_it_is_joined(real_data, file, name, km, parts):
    frame = layer(real_data, file, name)
    shares = []
    for options in ({"snap_m": 0}, {}, {"crossings": "level"}):
        net = dg.road_network(frame, **options)
        shares.append(net.connected_share)

        assert net.metres.sum() / 1000 == pytest.approx(km, abs=0.01)
        assert frame.length.sum() == pytest.approx(net.metres.sum(), abs=5)
        assert len(net.components) <= parts and net.joined == options.get("crossings", "vertices")
    assert shares == sorted(shares) and shares[-1] > 0.95


def test_amsterdams_centre_on_foot_is_never_farther_than_asked(real_data):
    frame = layer(real_data, "parks/amsterdam_parks.gpkg", "osm_network_rd28992")
    net = dg.road_network(frame, crossings="level", one_way_streets=False)
    parks = gpd.read_file(real_data / "parks/amsterdam_parks.gpkg", layer="parks_epsg4326")
    parks = parks.to_crs(frame.crs).representative_point()
    inside = parks[parks.within(shapely.box(*frame.total_bounds))].iloc[:6]
    sources = gpd.GeoDataFrame(geometry=inside)
    found = dg.reach(net, sources, 300)
    land = found.polygon(width_m=40, error_m=10).geometry.iloc[0]

    rng = np.random.default_rng(0)
    west, south, east, north = land.bounds
    spots = np.column_stack([rng.uniform(west, east, 4000), rng.uniform(south, north, 4000)])
    spots = spots[shapely.contains_xy(land, *spots.T)]
    # The second road: on a network where a metre takes a minute, each place goes to its source.
    slow = replace(net, minutes=net.metres)
    ways = slow.travel_minutes(spots, shapely.get_coordinates(sources.geometry), walk_kmh=0.06)

    assert len(spots) > 50 and ways.max() <= 300 + 1e-6
