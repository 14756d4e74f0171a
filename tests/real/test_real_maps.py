"""Layers of others on a map that is opened: it asks for nothing and says what is off."""

import pandas as pd
import pytest

import deqing_geo as dg
from deqing_geo import maps
from deqing_geo.maps.page import page_of
from tests.browser.test_browser import MAP, assert_quiet, browser, chromium, visit

pytestmark = [pytest.mark.real, pytest.mark.browser]
__all__ = ["browser", "chromium", "visit"]


def wannian(real_data, **options):
    file = real_data / "boundaries" / "wannian_361129.gpkg"
    county = dg.read_towns(file, layer="county_tianditu_cgcs2000")
    return dg.read_towns(file, layer="townships", **options), county


def test_wannian_with_its_datum_forgotten_is_said_to_be_off(real_data, visit, tmp_path):
    towns, county = wannian(real_data)
    m = dg.area_map(towns, title="乡镇", reference=county)
    page, seen = visit(file := dg.save_map(m, tmp_path / "off.html"))

    said = page.locator(".dg-title .dg-notice")
    assert said.inner_text().startswith("疑似坐标偏移:图上区域与参照轮廓相差约 6")
    assert 'datum="gcj02"' in said.inner_text()
    assert said.evaluate("node => getComputedStyle(node).color") == "rgb(170, 17, 17)"
    assert "参照轮廓" in page.locator(".dg-legend").inner_text()
    assert_quiet(seen, file)


def test_wannian_with_its_datum_declared_fits_and_nothing_is_said(real_data, visit, tmp_path):
    towns, county = wannian(real_data, datum="gcj02")
    m = dg.area_map(towns, title="乡镇", reference=county)
    page, seen = visit(file := dg.save_map(m, tmp_path / "true.html"))

    assert page.locator(".dg-notice").count() == 0
    assert page.locator(".dg-label").count() == 12
    assert_quiet(seen, file)


def test_another_countys_outline_is_no_reference(real_data):
    towns, _ = wannian(real_data)
    other = real_data / "boundaries" / "deqing_county_boundaries.gpkg"
    deqing = dg.read_towns(other, layer="deqing_tianditu_cgcs2000")
    with pytest.raises(dg.errors.CRSError, match="0% of their land in common"):
        dg.area_map(towns, reference=deqing)


def test_andorra_before_and_after_on_one_page(real_data, visit, tmp_path):
    file = real_data / "osm" / "andorra.osm.pbf"
    towns = dg.read_towns(file, admin_level=7)
    roads = dg.read_roads(file, like=towns)
    results = [
        dg.road_density(towns, part, by="road.broad+none") for part in (roads.iloc[::2], roads)
    ]
    a, b = (maps.add_density(dg.area_map(towns), one, breaks=[0, 1, 2, 4]) for one in results)
    maps.add_roads(b, roads, by=results[1].definition)
    m = maps.compare_maps(a, b, labels=("半数道路", "全部道路"), title="安道尔")
    page, seen = visit(file := dg.save_map(m, tmp_path / "andorra.html"))
    page.locator(".dg-divider").press("Home")

    names = page.locator(".dg-label").all_inner_texts()
    assert sorted(names) == sorted([*towns["town_name"]] * 2)
    said = page.locator(".dg-footer p").all_inner_texts()
    assert any("OpenStreetMap" in line for line in said)
    assert file.stat().st_size < 3_000_000
    assert_quiet(seen, file)


def test_every_village_of_hsinchu_is_found_by_its_name(real_data, visit, tmp_path):
    layers = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    towns = dg.read_towns(layers, layer="towns_fullres_10004")
    with pytest.warns(dg.errors.DeqingGeoWarning):
        villages = dg.read_villages(layers, layer="villages_10004", towns=towns)
    m = dg.add_layer(dg.area_map(villages, title="新竹"), towns, "town")
    page, seen = visit(file := dg.save_map(m, tmp_path / "hsinchu.html"))
    led = page.evaluate(
        f"""() => {{
            const map = {MAP};
            map.options.fadeAnimation = false;
            return map.dgPage.finds.map(([text, key]) => {{
                const found = DeqingMap.find(map, key);
                const inside = found && found[0].getBounds().isValid();
                return [text, map.dgPage.stories[key].name, !!inside];
            }});
        }}"""
    )
    finds = page_of(m).contents.finds

    named = villages["village_name"].fillna(pd.Series(villages.index.astype(str), villages.index))
    assert len(led) == len(villages) == len(finds)
    assert [name for _, name, _ in led] == named.tolist()
    # All but those without a shape are led to; each by a text of its own.
    there = ~(villages.geometry.is_empty | villages.geometry.isna())
    assert [there for *_, there in led] == there.tolist()
    field = page.locator(".dg-find input")
    for text, name, _ in (led[0], led[95], led[-1]):
        field.fill(text)
        field.press("Enter")
        page.wait_for_selector(".dg-story h3")
        page.wait_for_function(
            "name => [...document.querySelectorAll('.dg-story h3')].pop().textContent === name",
            arg=name,
        )
    assert_quiet(seen, file)
