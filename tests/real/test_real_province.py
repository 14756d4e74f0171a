"""Real streets, taken by the box of a zone and its halo, against the whole layer."""

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from deqing_geo import batch
from deqing_geo.batch.province import county, whole
from deqing_geo.batch.province.listing import load_counties
from deqing_geo.batch.results import streets
from deqing_geo.boundaries import read_zone
from deqing_geo.layers import read_roads
from deqing_geo.roads import road_density
from tests.paper_province import Here

pytestmark = pytest.mark.real

LIST = """\
title = "t"
halo_m = 1000
[[county]]
code = "420102"
name = "W"
[recipe.zone]
file = "zone.gpkg"
source = "a square"
as_of = 2025-12-31
[shared.roads]
file = "roads.gpkg"
"""


def test_merged_streets_of_a_zone_are_those_of_the_whole_layer(real_data, tmp_path, monkeypatch):
    clip = real_data / "roads" / "wuhan_clip_dev.gpkg"
    roads = pyogrio.read_dataframe(clip, layer="original")
    # In a corner, since what is merged around it takes the time.
    west, south, _, _ = roads.total_bounds
    square = shapely.box(west + 100, south + 100, west + 500, south + 500)
    zone = gpd.GeoDataFrame({"zone_name": ["Z"]}, geometry=[square], crs=roads.crs)
    pyogrio.write_dataframe(zone, tmp_path / "zone.gpkg")
    pyogrio.write_dataframe(roads, tmp_path / "roads.gpkg")
    (tmp_path / "counties.toml").write_text(LIST, encoding="utf-8")
    monkeypatch.setattr(whole, "_lanes", lambda *_: Here(county.run_county))
    done = batch.run_province(load_counties(tmp_path / "counties.toml"), tmp_path / "out")
    assert not done.quarantined
    figure = pd.read_parquet(done.out / "counties.parquet").iloc[0]
    cut = gpd.read_parquet(done.out / "counties/420102W/layers/roads.parquet")
    own = read_zone(tmp_path / "zone.gpkg", source="a square", as_of="2025-12-31")
    alone = road_density(
        own, streets(own, read_roads(tmp_path / "roads.gpkg", like=own), merge=True)
    )

    assert 0 < len(cut) < 0.6 * len(roads)
    assert figure["road_km"] == pytest.approx(float(alone.table["road_km"].sum()), rel=1e-9)
