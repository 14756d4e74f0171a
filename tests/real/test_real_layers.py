"""Layers made by others, kept outside the repository: no figure here is a statement on a place."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.mask

import deqing_geo as dg
from deqing_geo import batch, errors

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def andorra(real_data):
    file = real_data / "osm" / "andorra.osm.pbf"
    towns = dg.read_towns(file, admin_level=7)
    return (
        towns,
        dg.read_roads(file, like=towns),
        dg.read_parks(file, like=towns),
        dg.read_homes(file, like=towns),
    )


def test_andorra_is_read_from_one_extract(andorra):
    towns, roads, parks, homes = andorra

    assert sorted(towns["town_name"]) == [
        "Andorra la Vella",
        "Encamp",
        "Escaldes-Engordany",
        "La Massana",
        "Ordino",
        "Sant Julià de Lòria",
    ]
    assert towns.index.name == "osm_id" and towns.crs.to_epsg() == 32631
    assert (len(roads), len(parks), len(homes)) == (1614, 6, 26)
    assert (roads["road_status"] == "building").sum() == 2
    assert set(roads["road_class"]) <= set(dg.columns.vocabulary("road_class"))
    for layer in (roads, parks, homes):
        assert layer.crs == towns.crs and layer.attrs["reading"]["proxy"]


def test_andorras_parishes_sum_to_the_whole(andorra):
    towns, roads, *_ = andorra
    density = dg.road_density(towns, roads)
    core = roads[roads["road_class"].isin(density.definition.counts["roads"])]
    core = core[core["road_status"].isna()]
    whole = core.clip(towns.union_all()).length.sum() / 1000

    assert density.table["road_km"].sum() == pytest.approx(whole, rel=1e-9)
    assert density.overall == pytest.approx(0.68, abs=0.01)
    assert "道路等级:代用数据" in density.notices
    assert "OpenStreetMap contributors" in density.origins[0]


def test_andorras_coverage_is_divided_land(andorra):
    towns, _, parks, homes = andorra
    coverage = dg.park_coverage(towns, parks, homes)
    table = coverage.table

    assert table["demand_ha"].to_list() == pytest.approx(
        (table["served_ha"] + table["gap_ha"]).to_list()
    )
    inside = homes.clip(towns.union_all())
    assert table["demand_ha"].sum() == pytest.approx(inside.union_all().area / 1e4, rel=1e-3)
    assert coverage.parks["counted"].sum() == 5


def test_an_extract_with_several_levels_asks_which(real_data, tmp_path):
    with pytest.raises(errors.BoundaryFileError, match="admin_level = '4'"):
        dg.read_towns(real_data / "osm" / "andorra.osm.pbf", admin_level=4)
    with pytest.raises(errors.BoundaryFileError, match="no built-up zone"):
        dg.read_zone(real_data / "osm" / "andorra.osm.pbf", source="x", as_of="2020-01-01")


def test_andorras_report_is_whole_and_light(real_data, tmp_path):
    file = real_data / "osm" / "andorra.osm.pbf"
    recipe = tmp_path / "andorra.toml"
    layers = "".join(f"[{name}]\nfile = '{file}'\n" for name in ("roads", "parks", "homes"))
    recipe.write_text(f"[towns]\nfile = '{file}'\nadmin_level = 7\n{layers}", encoding="utf-8")
    report = batch.run(batch.open_recipe(batch.load_recipe(recipe)), tmp_path / "out")

    assert {"map.html", "manifest.json", "results.gpkg"} <= set(report.files)
    assert (report.out / "map.html").stat().st_size < 2_000_000


def test_the_shipped_recipe_is_whole(real_data):
    from tests.conftest import ROOT

    recipe = batch.load_recipe(ROOT / "scripts" / "recipes" / "andorra.toml")
    assert recipe.measures == {
        "road_density": "road.core",
        "park_coverage": "park.health_check_2021",
    }


@pytest.mark.parametrize("name", ["XZQ_330500_zone40", "XZQ_330500_cm120"])
def test_gbk_shapefiles_of_two_zones_are_the_same_land(real_data, name):
    towns = dg.read_towns(real_data / "readers" / "derived_gbk" / f"{name}.shp")

    assert towns.loc["330521", "town_name"] == "德清县"
    assert towns.crs.to_epsg() == 4549 and towns.attrs["code_system"] == "national"
    area = dg.crs.ellipsoidal_area(towns.geometry, towns.crs)[list(towns.index).index("330521")]
    assert 935e6 < area < 941e6


def test_deqings_outlines_of_map_services_are_found_out(real_data):
    file = real_data / "boundaries" / "deqing_county_boundaries.gpkg"
    true = dg.read_towns(file, layer="deqing_tianditu_cgcs2000")

    for layer in ("deqing_datav_gcj02", "deqing_cnmaps_amap_gcj02", "deqing_vonng_amap_gcj02"):
        with pytest.raises(errors.CRSError, match="as GCJ02 does"):
            dg.read_towns(file, layer=layer, reference=true)
        undone = dg.read_towns(file, layer=layer, datum="gcj02")
        assert true.union_all().symmetric_difference(undone.union_all()).area < 31e6
    assert len(dg.read_towns(file, layer="deqing_tianditu_cgcs2000", reference=true)) == 1


def test_wannians_townships_are_found_out(real_data):
    file = real_data / "boundaries" / "wannian_361129.gpkg"
    county = dg.read_towns(file, layer="county_tianditu_cgcs2000")

    with pytest.raises(errors.CRSError, match=r"lie 6\d\d m off"):
        dg.read_towns(file, layer="townships", reference=county)
    towns = dg.read_towns(file, layer="townships", reference=county, datum="gcj02")
    assert len(towns) == 12 and towns.crs.to_epsg() == 4548


def test_hsinchus_empty_village_is_told(real_data):
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    with pytest.warns(errors.DeqingGeoWarning, match="1 rows"):
        villages = dg.read_towns(
            file, layer="villages_10004", columns={"town_code": "VILLCODE", "town_name": "VILLNAME"}
        )

    assert len(villages) == 191 and villages.attrs["code_system"] == "other"
    assert len(dg.read_towns(file, layer="towns_fullres_10004")) == 13


def test_the_provinces_counties_stand_in_one_zone(real_data):
    counties = dg.read_towns(real_data / "boundaries" / "zhejiang_counties_tianditu_cgcs2000.gpkg")

    assert len(counties) == 90 and counties.attrs["code_system"] == "national"
    assert counties.crs.to_epsg() == 4549


def test_a_citys_raw_lines_are_far_above_its_centre_lines(real_data):
    """Why a result says 未合并双线: the same cut, raw and simplified by another algorithm."""
    file = real_data / "roads" / "wuhan_clip_dev.gpkg"
    extent = dg.read_towns(file, layer="extent")
    lengths = {
        layer: dg.road_density(
            extent, dg.read_roads(file, layer=layer, like=extent), by="road.broad"
        ).by_class.to_numpy().sum()
        for layer in ("original", "simplified")
    }  # fmt: skip

    assert lengths["original"] / lengths["simplified"] == pytest.approx(11.85 / 7.42, rel=0.02)


def test_amsterdams_parks_are_taken_at_their_word(real_data):
    file = real_data / "parks" / "amsterdam_parks.gpkg"
    parks = dg.read_parks(file, layer="parks_epsg4326")
    areas = dg.read_towns(
        file, layer="neighbourhoods_epsg4326", columns={"town_code": "CBS_Buurtcode"}
    )

    assert set(parks["park_class"]) == {"park_unspecified"} and parks.crs.to_epsg() == 32631
    official = areas["Oppervlakte_m2"]
    measured = dg.crs.ellipsoidal_area(areas.geometry, areas.crs)
    known = official > 0
    assert measured[known].sum() == pytest.approx(official[known].sum(), rel=5e-3)


def test_amsterdams_neighbourhoods_lie_as_near_their_parks_as_buffers_say(real_data):
    file = real_data / "parks" / "amsterdam_parks.gpkg"
    areas = dg.read_towns(
        file, layer="neighbourhoods_epsg4326", columns={"town_code": "CBS_Buurtcode"}
    )
    parks = dg.read_parks(file, layer="parks_epsg4326", like=areas)
    # The layer has homes as points only: all land stands in, and the result says so.
    land = gpd.GeoDataFrame(
        {"home_class": ["residential_proxy"] * len(areas)},
        geometry=areas.geometry.array,
        crs=areas.crs,
    )
    coverage = dg.park_coverage(areas, parks, land)

    # A second road: circles of shapely's own around each park's part inside, then one union.
    whole = areas.union_all()
    meets = parks[parks.intersects(whole)]
    size = np.round(dg.crs.ellipsoidal_area(meets.geometry, meets.crs))
    radius = np.zeros(len(meets))
    for band in coverage.definition.bands:
        radius[size >= band.from_m2] = band.radius_m
    counted = meets[radius > 0].geometry.intersection(whole)
    reach = counted.buffer(radius[radius > 0], quad_segs=64).union_all()
    served = areas.geometry.intersection(reach).area / areas.area
    assert coverage.series.to_numpy() == pytest.approx(served.to_numpy(), abs=2e-3)
    assert coverage.headline == "46.60%" and len(coverage.table) == 518
    assert coverage.parks["counted"].sum() == 118


# ---------------------------------------------------------------- São Miguel: ground and people


@pytest.fixture(scope="module")
def sao_miguel(real_data):
    concelhos = gpd.read_file(real_data / "raster" / "sao_miguel_concelhos.gpkg")
    return concelhos.set_index("name"), real_data / "raster"


@pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning")
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # rasterio's own, of affine
def test_heights_of_an_island_are_those_of_its_cells(sao_miguel):
    areas, folder = sao_miguel
    terrain = dg.read_raster(folder / "sao_miguel_eudem_dem.tif", within=areas)
    found = dg.zonal(areas, terrain, ["mean", "min", "max"])

    with rasterio.open(folder / "sao_miguel_eudem_dem.tif") as opened:
        for name, area in areas.geometry.items():
            cells, _ = rasterio.mask.mask(opened, [area], crop=True, filled=False)
            # Cells by their middles there, by their parts here.
            assert found["mean"][name] == pytest.approx(float(cells.mean()), rel=0.03)
    assert 1_000 < found["max"].max() < 1_110
    assert (found["known_share"] > 0.9).all()


@pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning")
def test_slopes_of_an_island_agree_with_central_differences(sao_miguel):
    areas, folder = sao_miguel
    terrain = dg.read_raster(folder / "sao_miguel_eudem_dem.tif")
    steep = dg.slope(terrain)

    # A second road: central differences on metric cells, which differ by smoothing alone.
    rows = terrain.values.shape[0]
    latitude = np.radians(terrain.north - (np.arange(rows) + 0.5) * terrain.high)
    wide = 111_320 * np.cos(latitude)[:, None] * terrain.cell
    high = 110_990 * terrain.high
    heights = np.where(terrain.known, terrain.values.astype(float), np.nan)
    north, east = np.gradient(heights)
    other = np.degrees(np.arctan(np.hypot(east / wide, north / high)))
    both = steep.known & np.isfinite(other)
    assert steep.values[both].mean() == pytest.approx(other[both].mean(), rel=0.08)
    assert np.corrcoef(steep.values[both], other[both])[0, 1] > 0.94
    found = dg.zonal(areas, steep, ["mean", "p90"])
    assert ((found["p90"] > found["mean"]) & (found["mean"] > 2)).all()


@pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning")
def test_people_of_an_island_add_up(sao_miguel):
    areas, folder = sao_miguel
    people = dg.read_raster(folder / "sao_miguel_gpw2020_count.tif")

    parts = dg.zonal(areas, people, ["sum"])["sum"]
    whole = dg.zonal(areas.dissolve(), people, ["sum"])["sum"].iloc[0]

    assert parts.sum() == pytest.approx(whole, rel=1e-4)
    assert 100_000 < whole < 160_000


def test_andorra_hangs_together_and_its_valleys_are_as_far_as_they_are(andorra):
    towns, roads, _, _ = andorra
    speeds = {"expressway": 60, "arterial": 60, "subarterial": 45, "branch": 40, "estate": 20}
    # Open both ways, so that there and back are one way.
    net = dg.road_network(roads, speeds=speeds, one_way_streets=False)
    # The capital, and Soldeu: 19 km up the valley by the road.
    places = gpd.GeoSeries.from_xy([1.5218, 1.6536], [42.5063, 42.5779], crs=4326).to_crs(towns.crs)
    capital, soldeu = np.column_stack([places.x, places.y])[:, None]

    assert net.connected_share > 0.9
    assert 15 < net.travel_minutes(soldeu, capital, walk_kmh=5)[0] < 35
    assert net.travel_minutes(capital, soldeu, walk_kmh=5) == pytest.approx(
        net.travel_minutes(soldeu, capital, walk_kmh=5)
    )


# ---------------------------------------------------------------- villages and their facts


def test_hsinchus_villages_are_given_no_type_by_their_names_alone(real_data):
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    fields = {"village_code": "VILLCODE", "village_name": "VILLNAME", "town_name": "TOWNNAME"}
    with pytest.warns(errors.DeqingGeoWarning, match="1 rows"):
        villages = dg.read_villages(file, layer="villages_10004", columns=fields)
    types = dg.classify_villages(dg.village_facts(villages))

    assert len(villages) == 191 and villages.index.name == "village_code"
    assert villages.attrs["code_system"] == "other" and villages["town_name"].nunique() == 13
    assert (types.series == "missing").all() and len(types.candidates) == 0
    assert set(types.off) >= {"CP-1", "RM-1", "SI-1", "SI-2", "AC-3"}
    assert any("可能有应属这些条件的村庄" in text for text in types.notices)


@pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning")
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # rasterio's own, of affine
def test_an_islands_municipalities_have_the_relief_and_people_of_their_cells(sao_miguel):
    areas, folder = sao_miguel
    areas = areas.to_crs(areas.estimate_utm_crs()).rename_axis("village_code")
    terrain = dg.read_raster(folder / "sao_miguel_eudem_dem.tif")
    people = dg.read_raster(folder / "sao_miguel_gpw2020_count.tif")
    facts = dg.village_facts(areas, terrain=terrain, population=people)
    types = dg.classify_villages(facts)

    with rasterio.open(folder / "sao_miguel_eudem_dem.tif") as opened:
        for name, area in areas.to_crs(4326).geometry.items():
            cells, _ = rasterio.mask.mask(opened, [area], crop=True, filled=False, all_touched=True)
            relief = float(cells.max()) - float(cells.min())
            assert facts["relief_m"][name] == pytest.approx(relief, rel=0.02)
    assert facts["relief_m"].idxmax() == "Nordeste" and facts["relief_m"].max() == 1061
    assert facts["slope_res_mean_deg"].round(1)["Nordeste"] == 10.8
    assert facts["pop_resident"].sum() == pytest.approx(131_866, rel=1e-3)
    assert "常住人口:代用数据" in types.notices and facts["whole_area"].all()
    # Ground and people alone make no type.
    assert (types.series == "missing").all()


def test_andorras_parishes_are_as_far_as_their_roads(andorra):
    towns, roads, _, homes = andorra
    names = ["Andorra la Vella", "Encamp", "Escaldes-Engordany", "La Massana", "Ordino"]
    names.append("Sant Julià de Lòria")
    lon = [1.5218, 1.5801, 1.5410, 1.5148, 1.5332, 1.4913]
    lat = [42.5063, 42.5361, 42.5087, 42.5450, 42.5562, 42.4637]
    seats = gpd.GeoDataFrame(
        {"town_name": names, "seat_kind": ["county_seat", *["town"] * 5]},
        geometry=gpd.points_from_xy(lon, lat, crs=4326),
    ).to_crs(towns.crs)
    network = dg.road_network(roads, speeds=dg.standards.load().speeds)
    facts = dg.village_facts(towns, homes=homes, network=network, seats=seats)
    minutes = facts.set_index("town_name")["tt_county_min"]

    assert minutes["Andorra la Vella"] < minutes["Escaldes-Engordany"] < minutes["Ordino"] < 20
    # One parish's homes lie by a stretch that is tied to nothing: not known, never 0.
    assert np.isnan(minutes["Encamp"]) and minutes.notna().sum() == 5
    assert "slope_res_mean_deg" not in facts and "relief_m" not in facts
    # Each parish has a seat of its name, and the way to it is known but there.
    assert facts.set_index("town_name")["tt_town_min"].isna().to_list() == [
        name == "Encamp" for name in facts["town_name"]
    ]
    types = dg.classify_villages(facts)
    assert {"RM-1", "SI-1", "SI-2", "CP-1"} <= set(types.off)
