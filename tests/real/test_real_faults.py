"""Boundaries of others, checked and mended: no figure here is a statement on a place."""

import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import errors
from tests.tilings import overlapping_pairs

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def hsinchu(real_data):
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    towns = dg.read_towns(file, layer="towns_fullres_10004")
    with pytest.warns(errors.DeqingGeoWarning):
        villages = dg.read_villages(file, layer="villages_10004", towns=towns)
    return villages, towns


def test_hsinchus_villages_are_told_as_brute_force_tells_them(hsinchu):
    villages, _ = hsinchu
    found = dg.check_boundaries(villages)
    shapes = villages.geometry.to_numpy()

    expected = overlapping_pairs(shapes, villages.index.to_list())
    pairs = found.of("overlap").set_index("fault_rows")["fault_size"]
    assert set(pairs.index) == set(expected) and len(expected) == 6
    assert pairs.to_dict() == {rows: approx(area, abs=1e-3) for rows, area in expected.items()}
    holes = [
        shapely.Polygon(ring)
        for part in shapely.get_parts(shapely.union_all(shapes))
        for ring in part.interiors
    ]
    assert found.of("gap")["fault_size"].sum() == approx(sum(hole.area for hole in holes), rel=1e-6)
    # 東平里, 東興里 and 福興村 are each in two towns; codes of Taiwan are not judged.
    assert len(found.of("homonym")) == 3 and "bad_code" not in found.kinds


def test_hsinchus_villages_and_towns_are_two_drawings(hsinchu):
    villages, towns = hsinchu
    found = dg.check_boundaries(villages, towns=towns)

    assert dg.columns.word("check.not_alike") in found.notices
    outside = found.of("outside_town")
    own_town = villages.loc[outside["fault_rows"], "town_name"]
    home = towns.set_index("town_name").geometry[own_town]
    own = villages.loc[outside["fault_rows"]].geometry.to_numpy()
    beyond = shapely.area(shapely.difference(own, home.to_numpy()))
    assert outside["fault_size"].to_numpy() == approx(beyond, rel=1e-3, abs=1.0)
    # Every village along the line has its gap and its strip, each once.
    assert outside["fault_rows"].is_unique and not (outside["severity"] == "error").any()
    whole = shapely.union_all(villages.geometry.to_numpy())
    open_land = shapely.difference(shapely.union_all(towns.geometry.to_numpy()), whole).area
    told = found.table.loc[found.table["fault_kind"].isin(["open_gap", "gap"]), "fault_size"].sum()
    assert told == approx(open_land, rel=1e-3)


def test_hsinchus_overlaps_are_mended_only_past_the_limit(hsinchu):
    villages, _ = hsinchu

    with pytest.raises(errors.GeometryError, match="152316"):
        dg.repair_boundaries(villages)
    mended, changes = dg.repair_boundaries(villages, max_change_m2=200_000)
    found = dg.check_boundaries(mended)
    assert len(found.of("overlap")) == 0 and not (found.of("gap")["severity"] == "error").any()
    assert (changes["gained_m2"] - changes["lost_m2"]).to_numpy() == approx(
        changes["area_change_m2"].to_numpy(), abs=1e-3
    )
    union = shapely.union_all(villages.geometry.to_numpy()).area
    assert mended.geometry.area.sum() == approx(union, abs=1.0)


def test_wannians_townships_are_those_of_its_register(real_data):
    file = real_data / "boundaries" / "wannian_361129.gpkg"
    towns = dg.read_towns(file, layer="townships", datum="gcj02")
    listed = pd.read_csv(real_data / "register" / "wannian_towns_2016.csv", dtype=str)
    register = pd.DataFrame(
        {
            "division_name": listed["town_name"],
            "division_level": "town",
            "town_code": listed["town_code"],
            "town_name": listed["town_name"],
        }
    ).set_index(pd.Index(listed["town_code"], name="division_code"))
    found = dg.check_boundaries(towns, register=register)
    fewer = dg.check_boundaries(towns.iloc[1:], register=register)

    assert found.is_clean and found.checked == 12 and "missing" in found.kinds
    assert fewer.of("missing")["fault_names"].tolist() == [towns.index[0]]


def test_zhejiangs_counties_have_islands_and_no_faults(real_data):
    counties = dg.read_towns(
        real_data / "boundaries" / "zhejiang_counties_tianditu_cgcs2000.gpkg",
        columns={"town_code": "district_adcode", "town_name": "district_name"},
    )
    found = dg.check_boundaries(counties)

    assert found.checked == 90 and found.is_clean and "bad_code" in found.kinds
    assert set(found.table["fault_kind"]) == {"multipart"}
    mended, changes = dg.repair_boundaries(counties, max_change_m2=0)
    assert mended.geometry.geom_equals_exact(counties.geometry, 0).all()
    assert np.allclose(changes["moved_m"], 0)
