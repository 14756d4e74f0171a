"""One zone by every definition: what the figure hangs on."""

from types import SimpleNamespace

import pandas as pd
import pytest
from pytest import approx
from shapely import box

from deqing_geo import columns, density_band, errors, road_density, sample, save_table, standards
from tests.test_density import lattice, merged, wet
from tests.test_roads import EAST, KM, WEST, areas, roads

LAW = standards.load()


def test_the_lattice_crosses_eight_by_its_edge_alone():
    band = density_band(areas(box(0, 0, 6000, 3000)), lattice(6000, 3000, 250))

    assert band.lowest == approx(7.5, rel=1e-6) and band.highest == approx(8.5, rel=1e-6)
    assert band.crosses() and band.crosses(8) and band.crosses(LAW.targets["road_density"])
    assert not band.crosses(7.4) and not band.crosses(9)
    assert band.separates.to_dict() == approx(
        {"definition": 0.0, "border": 1.0, "water": 0.0}, rel=1e-5
    )
    assert band.headline == "7.50 - 8.50 公里/平方公里,是否达到 8 取决于口径"
    reached = band.table.set_index("border_rule")["reached"]
    assert not reached["none"].any() and reached["shared"].all()


def test_every_definition_is_one_line_and_the_lines_are_the_measures_own():
    lines = roads([(0, 500), (2000, 500)], [(0, 0), (2000, 0)], [(0, 100), (900, 100)])
    lines["road_class"] = ["arterial", "branch", "estate"]
    zone, lake = areas(WEST, EAST), wet(box(0, 600, 500, 1000))
    band = density_band(zone, lines, water=lake)

    assert len(band.table) == 18 and band.table.index.is_unique
    assert band.table["road_density"].is_monotonic_increasing
    for key, row in band.table.iterrows():
        by = LAW.definition("road_density", key)
        own = road_density(zone, lines, by=by, water=lake if by.water == "out" else None)
        assert row["road_density"] == approx(own.overall, rel=1e-12)
        assert row["definition"] == own.definition.line
    assert band.separates.sum() == approx(band.highest - band.lowest, abs=1e-12)


def test_definitions_of_centre_lines_take_the_merged_ones_and_raw_takes_the_drawn():
    drawn = roads([(0, 500), (1000, 500)], [(0, 512), (1000, 512)])
    centre = merged(roads([(0, 506), (1000, 506)]))
    for given in (centre, SimpleNamespace(lines=centre)):
        band = density_band(areas(KM), drawn, merged=given)

        assert band.table["road_km"].to_dict() == approx(
            {key: 2.0 if "raw" in key else 1.0 for key in band.table.index}
        )
        assert band.table["merged"].to_dict() == {key: "raw" not in key for key in band.table.index}
        assert columns.word("notice.unmerged") not in band.notices
        assert band.separates["definition"] == approx(1.0, rel=1e-6)


def test_without_merged_lines_it_is_marked():
    band = density_band(areas(KM), roads([(0, 500), (1000, 500)]))

    assert not band.table["merged"].any() and columns.word("notice.unmerged") in band.notices


def test_lines_that_were_not_merged_are_refused_as_merged():
    drawn = roads([(0, 500), (1000, 500)])
    with pytest.raises(errors.InputError, match="does not say"):
        density_band(areas(KM), drawn, merged=drawn)
    with pytest.raises(errors.InputError, match="not what centre_lines gives"):
        density_band(areas(KM), drawn, merged=True)


def test_the_table_says_that_it_is_internal(tmp_path):
    band = density_band(sample.zone(), sample.roads(), water=wet(box(0, 0, 100, 100)))
    made = band._repr_html_()

    assert band.notices[0] == "内部资料 注意保存" and "内部" in made
    assert all(notice in made for notice in band.notices)
    text = save_table(band.table, tmp_path / "口径.csv").read_text("utf-8-sig")
    assert "扣除水面" in text and "按一半计" in text and "仅供内部比较口径" in text
    assert set(band.table.columns) <= set(columns.registry())
    repr(band).encode("gbk")
    band.headline.encode("gbk")


@pytest.mark.parametrize(("width", "flagged"), [(20, False), (40, True), (10, True)])
def test_a_mean_width_far_from_the_yearbooks_is_flagged_and_not_refused(width, flagged):
    """A strip along the road, drawn twice, and one outside the zone that nobody counts."""
    line = roads([(0, 500), (1000, 500)])
    strip = box(0, 500 - width / 2, 1000, 500 + width / 2)
    surface = wet(strip, strip, box(3000, 0, 4000, 900))
    band = density_band(areas(KM), line, road_area=surface)

    assert band.table["mean_width_m"].to_list() == approx([width] * 9)
    assert band.table["width_flagged"].eq(flagged).all()
    assert any("平均宽度" in one for one in band.notices) is flagged
    assert band.width_range == (14.1, 35.1)


def test_the_published_widths_carry_their_document():
    rules = [LAW.rule(key) for key in LAW if key.startswith("road.mean_width.")]

    assert sorted(rule.value for rule in rules) == [14.1, 22.8, 28.4, 35.1]
    assert {(rule.document, rule.clause, rule.evidence) for rule in rules} == {
        ("湖州统计年鉴2008", "表11-1", "seen")
    }


def test_a_day_holds_for_every_line():
    lines = roads([(0, 500), (1000, 500)], [(0, 700), (1000, 700)]).assign(
        opened_on=["2020-01-01", "2026-01-01"]
    )
    band = density_band(areas(KM), lines, as_of="2025-12-31")

    assert band.table["road_km"].to_list() == approx([1.0] * 9)
    assert "统计时点 2025-12-31" in band.notices


def test_no_land_is_refused_and_no_road_is_not():
    with pytest.raises(errors.InputError, match="no land"):
        density_band(areas(), roads([(0, 500), (1000, 500)]))
    none = roads([(0, 1500), (1000, 1500)])
    empty = density_band(areas(KM), none, road_area=wet(KM))
    assert empty.table["mean_width_m"].isna().all() and not empty.table["width_flagged"].any()


def test_the_order_of_rows_does_not_matter():
    county = sample.county(1)
    one, two = (
        density_band(county.zone.sample(frac=1, random_state=at), lines).table
        for at, lines in ((1, county.roads), (2, county.roads.sample(frac=1, random_state=3)))
    )

    pd.testing.assert_frame_equal(one, two, rtol=1e-9)
