"""Roads of OpenStreetMap, kept outside the repository: what they say of traffic and height."""

import numpy as np
import pytest
import shapely

import deqing_geo as dg

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def andorra(real_data):
    return dg.read_roads(real_data / "osm" / "andorra.osm.pbf")


def test_openstreetmap_says_which_way_and_on_which_level(andorra):
    assert andorra["oneway"].value_counts().to_dict() == {"yes": 259, "no": 105, "-1": 24}
    assert andorra["road_level"].value_counts().to_dict() == {0: 1471, 1: 118, -1: 16, 2: 7, 3: 2}
    assert andorra["bridge"].sum() == 144 and andorra["tunnel"].sum() == 15
    assert (andorra["route_code"] == "CG-2").sum() == 117


def test_the_ends_of_a_country_s_roads_have_one_kind_each(andorra):
    graph = dg.road_graph(andorra)
    found = dg.dead_ends(graph, andorra)

    legs = dict(graph.to_undirected(reciprocal=False).degree()) if graph.is_directed() else {}
    ends = found[~found["end_loop"]]
    assert set(found["end_kind"]) == {"suspected_dead_end", "cul_de_sac"}
    assert len(ends) == len(ends.geometry.drop_duplicates()) > 500
    assert all(legs[node] <= 2 for node in ends["node"])
    assert (
        found.loc[found["end_kind"] == "suspected_dead_end", "road_class"]
        .isin(["expressway", "arterial", "subarterial", "branch"])
        .all()
    )


def test_links_of_a_country_cross_no_road(andorra):
    found = dg.suggest_links(dg.road_graph(andorra), andorra)

    lines = shapely.STRtree(andorra.geometry.to_numpy())
    inner = shapely.line_interpolate_point(
        found.geometry.to_numpy()[:, None], np.linspace(0.05, 0.95, 19), normalized=True
    )
    assert len(found) > 200 and found["link_m"].max() <= 300
    assert (
        lines.query(
            shapely.linestrings(shapely.get_coordinates(inner).reshape(-1, 19, 2)),
            predicate="crosses",
        ).shape[1]
        == 0
    )
    assert (found["before_m"].isna() == found["joins_parts"]).all()
    assert (found["before_m"].dropna() >= 2 * found["link_m"][found["before_m"].notna()]).all()
