"""Facts of places that were not made for them, each by a second, slower road."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import errors
from deqing_geo.columns import crosswalk
from deqing_geo.villages import fact_sources, village_facts

pytestmark = pytest.mark.real
quiet = pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning")


# ---------------------------------------------------------------- São Miguel


@pytest.fixture(scope="module")
def island(real_data):
    folder = real_data / "raster"
    areas = gpd.read_file(folder / "sao_miguel_concelhos.gpkg").set_index("name")
    areas = areas.to_crs(areas.estimate_utm_crs()).rename_axis("village_code")
    terrain = dg.read_raster(folder / "sao_miguel_eudem_dem.tif")
    people = dg.read_raster(folder / "sao_miguel_gpw2020_count.tif")
    return areas, terrain, people


def parts_of_cells(raster, area):
    """Of every cell the part that lies in the area, cell by cell."""
    rows, columns = np.indices(raster.values.shape)
    west = raster.west + raster.cell * columns.ravel()
    north = raster.north - raster.high * rows.ravel()
    cells = shapely.box(west, north - raster.high, west + raster.cell, north)
    near = np.flatnonzero(shapely.intersects(cells, shapely.box(*area.bounds)))
    part = np.zeros(len(cells))
    common = shapely.area(shapely.intersection(cells[near], area))
    part[near] = common / shapely.area(cells[near])
    return part.reshape(raster.values.shape)


@quiet
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # rasterio's own, of affine
@pytest.mark.parametrize("name", ["Nordeste", "Lagoa"])
def test_relief_slope_and_people_of_a_municipality_are_those_of_its_cells(island, name):
    areas, terrain, people = island
    facts = village_facts(areas.loc[[name]], terrain=terrain, population=people)
    area = areas.loc[[name]].to_crs(4326).geometry.iloc[0]

    part = parts_of_cells(terrain, area)
    heights = np.where(terrain.known, terrain.values, np.nan).astype(float)
    on = (part > 0) & np.isfinite(heights)
    assert facts["elev_mean_m"].iloc[0] == approx(
        np.average(heights[on], weights=part[on]), rel=1e-3
    )
    assert facts["relief_m"].iloc[0] == approx(np.ptp(heights[on]), abs=1)
    steep = dg.slope(terrain)
    known = (part > 0) & steep.known
    mean = np.average(steep.values[known], weights=part[known])
    assert facts["slope_res_mean_deg"].iloc[0] == approx(mean, rel=2e-3)
    heads = parts_of_cells(people, area)
    counted = np.where(people.known, people.values, 0)
    assert facts["pop_grid"].iloc[0] == approx(float((heads * counted).sum()), rel=1e-3)
    assert facts.attrs["facts"]["pop_resident"] == "proxy"


# ---------------------------------------------------------------- Hsinchu


@pytest.fixture(scope="module")
def hsinchu(real_data):
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    fields = {"village_code": "VILLCODE", "village_name": "VILLNAME", "town_name": "TOWNNAME"}
    with pytest.warns(errors.DeqingGeoWarning, match="1 rows"):
        villages = dg.read_villages(file, layer="villages_10004", columns=fields)
    towns = dg.read_towns(
        file, layer="towns_fullres_10004", columns={"town_name": "TOWNNAME"}
    ).to_crs(villages.crs)
    return villages, towns


def declared(villages):
    """Invented figures, with gaps, under the names of columns."""
    rng = np.random.Generator(np.random.PCG64(8))
    count = len(villages)
    every = rng.integers(40, 400, count)
    table = pd.DataFrame(
        {
            "pop_resident": rng.integers(150, 4000, count).astype(float),
            "homesteads_all": every,
            "homesteads_idle": (every * rng.uniform(0, 0.5, count)).astype(int),
            "is_town_seat": rng.choice(["是", "否"], count, p=[0.07, 0.93]),
            "collective_op_income": rng.uniform(5, 400, count).round(1),
        },
        index=villages.index,
    )
    table["pop_5_years_ago"] = (table["pop_resident"] * rng.uniform(0.8, 1.2, count)).round()
    table.loc[villages.index[::9], "pop_resident"] = np.nan
    return table


@quiet
def test_villages_lie_in_the_towns_they_say_although_the_lines_do_not_match(hsinchu):
    villages, towns = hsinchu
    bare = villages.drop(columns="town_name")
    facts = village_facts(bare, towns=towns)

    assert len(facts) == 191
    assert (facts["town_name"] == villages["town_name"]).all()


@quiet
def test_invented_figures_give_facts_with_their_gaps_whatever_the_order(hsinchu):
    villages, _ = hsinchu
    table = declared(villages)
    facts = village_facts(villages, table=table)
    mixed = village_facts(villages.iloc[::-1], table=table.sample(frac=1, random_state=3))
    sources = fact_sources(facts).table.set_index("fact")

    assert sources.loc["pop_resident", "blank_count"] == len(villages.index[::9])
    assert facts["pop_chg5_pct"].isna().sum() == len(villages.index[::9])
    share = table["homesteads_idle"] / table["homesteads_all"]
    assert facts["hollow_rate"].to_numpy() == approx(share.to_numpy())
    pd.testing.assert_frame_equal(
        pd.DataFrame(mixed.loc[facts.index].drop(columns="geometry")),
        pd.DataFrame(facts.drop(columns="geometry")),
    )


# ---------------------------------------------------------------- Andorra


@quiet
def test_services_of_a_country_are_fewer_by_road_than_straight_and_all_in_their_parish(real_data):
    file = real_data / "osm" / "andorra.osm.pbf"
    towns = dg.read_towns(file, admin_level=7)
    roads = dg.read_roads(file, like=towns)
    places = dg.read_facilities(file, like=towns)
    network = dg.road_network(roads, speeds=dg.standards.load().speeds)
    by_road = village_facts(towns, facilities=places, network=network)
    straight = village_facts(towns, facilities=places)

    assert (by_road["fac_count"] <= straight["fac_count"]).all() and by_road["fac_count"].max() > 1
    meant = crosswalk("facility_kind")
    for row, shape in towns.geometry.items():
        inside = {
            meant[word]
            for word, point in zip(places["facility_class"], places.geometry, strict=True)
            if word in meant and shape.intersects(point)
        }
        assert by_road.loc[row, "fac_count"] >= len(inside)
