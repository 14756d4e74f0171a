"""What every result has in common, by convention."""

import math

import geopandas as gpd
import pytest

from deqing_geo import park_coverage, road_density, sample
from deqing_geo.columns import word


def results():
    areas = sample.villages()
    return [
        road_density(areas, sample.roads()),
        park_coverage(areas, sample.parks(), sample.homes()),
    ]


@pytest.mark.parametrize("result", results(), ids=lambda result: type(result).__name__)
class TestEveryResult:
    def test_keeps_the_index_and_the_crs_of_the_areas(self, result):
        areas = sample.villages()

        assert isinstance(result.table, gpd.GeoDataFrame)
        assert result.table.index.equals(areas.index) and result.series.index.equals(areas.index)
        assert result.table.crs == areas.crs
        assert result.table["village_name"].equals(areas["village_name"])

    def test_shows_itself_in_one_line_that_a_gbk_console_prints(self, result):
        assert "\n" not in repr(result) and repr(result).startswith(
            f"<{type(result).__name__} of 4"
        )
        repr(result).encode("gbk")

    def test_shows_itself_as_a_card_with_definition_and_notices(self, result):
        made = result._repr_html_()

        assert result.definition.label in made
        assert all(notice in made for notice in result.notices)

    def test_never_travels_without_its_definition(self, result):
        assert result.definition in result.sources
        assert result.table.attrs["definition"] == result.definition.line

    def test_says_that_paper_town_is_no_real_place(self, result):
        assert word("notice.schematic") in result.notices
        assert word("notice.schematic") in result.table.attrs["notice"]

    def test_cannot_be_changed(self, result):
        with pytest.raises(AttributeError):
            result.goals = ()

    def test_overall_is_sum_over_sum(self, result):
        table = result.table
        ratio = {
            "road_density": ("road_km", "area_km2"),
            "park_coverage": ("served_ha", "demand_ha"),
        }[result.definition.measure]

        assert result.overall == pytest.approx(table[ratio[0]].sum() / table[ratio[1]].sum())
        assert result.overall != pytest.approx(result.series.mean(), rel=1e-3) or math.isclose(
            result.overall, 1.0, rel_tol=1e-3
        )


def test_a_density_from_double_lines_says_so():
    density = road_density(sample.villages(), sample.roads())

    assert density.merged is False
    assert "未合并双线,偏高" in density.notices


def test_the_raw_definition_asks_for_no_merging_and_does_not_claim_it():
    raw = road_density(sample.villages(), sample.roads(), by="road.raw")

    assert "未合并双线,偏高" not in raw.notices
    assert "双线未归并" in raw.definition.label


def test_an_unread_clause_looks_unread():
    broad = road_density(sample.villages(), sample.roads(), by="road.broad")

    assert "未核对原文" in broad.notices and "未核对原文" in broad.definition.line
