"""Papers of real layers run through, add up, and carry the credit their licence asks for."""

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

import deqing_geo as dg
from deqing_geo.papers import (
    save_hand_check,
    save_method_note,
    save_park_papers,
    save_road_papers,
    save_submission,
)
from deqing_geo.villages import classify_villages
from tests.test_measure_papers import said, table
from tests.test_method_papers import words

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning"),
]


@pytest.fixture(scope="module")
def andorra(real_data):
    file = real_data / "osm" / "andorra.osm.pbf"
    towns = dg.read_towns(file, admin_level=7)
    return (
        towns,
        dg.road_density(towns, dg.read_roads(file, like=towns)),
        dg.park_coverage(towns, dg.read_parks(file, like=towns), dg.read_homes(file, like=towns)),
    )


def sheet(file, name):
    made = openpyxl.load_workbook(file)[name]
    return [list(row) for row in made.iter_rows(values_only=True)]


def test_andorras_papers_add_up_and_credit_openstreetmap(andorra, tmp_path):
    towns, density, coverage = andorra
    siting = dg.suggest_parks(coverage, max_sites=3)
    roads = density.basis.roads
    files = [
        *save_road_papers(density, tmp_path, place="安道尔"),
        *save_park_papers(coverage, tmp_path, siting=siting, towns=towns, roads=roads,
                          place="安道尔"),
    ]  # fmt: skip
    _, listed = table(sheet(files[0], "道路计入明细表"))
    _, gaps = table(sheet(files[2], "公园绿地服务盲区清单"))
    heads, sites = table(sheet(files[3], "口袋公园建议选址清单"))

    assert listed[-1]["计入长度(公里)"] == pytest.approx(density.table["road_km"].sum())
    assert len(listed) - 1 == len(dg.road_ledger(density, per="road")) > 400
    assert gaps[-1]["未覆盖居住用地面积(公顷)"] == pytest.approx(coverage.table["gap_ha"].sum())
    assert len(sites) == 4 and {"镇(街道)", "四至"} <= set(heads)
    for file in files:
        assert any("OpenStreetMap contributors, ODbL" in one for one in said(sheet(file, "说明")))


def test_who_follows_the_five_steps_in_andorra_finds_the_figures(andorra, tmp_path):
    """The second road, with geopandas alone."""
    towns, density, coverage = andorra
    page = words(save_hand_check(density, tmp_path / "r.docx"))
    roads = density.basis.roads[density.basis.standing.counted]
    parts = gpd.overlay(roads[["geometry"]], towns[["geometry"]], keep_geom_type=True)
    km = parts.length.sum() / 1000
    told = float(page.split(" 公里;")[0].split("\n")[-1].split(" ")[-1])
    parks = words(save_hand_check(coverage, tmp_path / "p.docx"))
    standing = coverage.basis.standing
    reach = shapely.area(
        shapely.union_all(shapely.buffer(standing.parts, standing.reach, quad_segs=64))
    )

    # What lies on a border of two parishes is in both, and halved on the page.
    assert told == pytest.approx(km, rel=2e-3) and told <= km + 1e-3
    assert float(parks.split("融合后面积 ")[1].split(" ")[0]) == pytest.approx(
        reach / 1e4, rel=1e-3
    )


def test_hsinchus_papers_and_a_submission_run_through(real_data, andorra, tmp_path):
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    towns = dg.read_towns(file, layer="towns_fullres_10004")
    villages = dg.read_villages(file, layer="villages_10004", towns=towns)
    report = dg.check_boundaries(villages, towns=towns)
    drawn = villages[~villages.geometry.is_empty & villages.geometry.notna()]
    drawn = drawn.assign(geometry=shapely.make_valid(np.asarray(drawn.geometry.array)))
    types = classify_villages(drawn.assign(is_town_seat=False))
    _, density, _ = andorra
    made = save_submission(
        tmp_path / "报送",
        code="999999",
        name="试验区",
        tables=[lambda to: dg.save_village_papers(types, to),
                lambda to: save_road_papers(density, to)],
        documents=[lambda to: dg.save_quality_report(report, to / "质量检查报告.docx"),
                   lambda to: save_method_note([types, density], to / "测算方法说明.docx")],
    )  # fmt: skip

    assert len(made.table) == 7 and made.missing == ("图件", "矢量")
    assert set(made.table["audience"]) == {"internal"}
