"""Roads of OpenStreetMap, kept outside the repository: what they say of traffic and height."""

import pytest

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
