"""Maps put together: what is refused, what stays as it was, and the same bytes every time."""

import hashlib

import folium
import geopandas as gpd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import columns, maps, sample
from deqing_geo.errors import ExportError, InputError
from deqing_geo.maps.page import page_of
from tests.test_maps import html_of


def plain(title=""):
    return dg.area_map(sample.villages(), title=title)


def dense(breaks=None):
    density = dg.road_density(sample.villages(), sample.roads())
    return maps.add_density(plain(), density, breaks=breaks)


def digest(m):
    return hashlib.sha256(html_of(m).encode()).hexdigest()


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("上月",), "tell 2 maps apart"),
        (("本月", "本月"), "tell 2 maps apart"),
        (("上月", " "), "tell 2 maps apart"),
        (("上月", "本月", "下月"), "tell 2 maps apart"),
    ],
)
def test_labels_that_do_not_tell_two_maps_apart_are_refused(labels, message):
    with pytest.raises(InputError, match=message):
        maps.compare_maps(plain(), plain(), labels=labels)


def test_what_is_no_map_or_stands_there_twice_is_refused():
    m = plain()
    with pytest.raises(InputError, match="'本月' is no map but GeoDataFrame"):
        maps.compare_maps(m, sample.villages())
    with pytest.raises(InputError, match="One map stands there twice"):
        maps.compare_maps(m, m)
    with pytest.raises(InputError, match="'上月' is made of several maps"):
        maps.compare_maps(maps.compare_maps(plain(), plain()), plain())
    with pytest.raises(InputError, match="two at least; there are 1"):
        maps.timeline_map({"2025": m})
    with pytest.raises(InputError, match="maps labels to maps or results"):
        maps.timeline_map([m, plain()])
    with pytest.raises(InputError, match="'2024' is neither a map nor a result"):
        maps.timeline_map({"2024": sample.villages(), "2025": m})


def test_a_layer_belongs_to_one_of_the_maps():
    m = maps.compare_maps(plain(), plain())
    with pytest.raises(InputError, match="Add the layer to one of them"):
        maps.add_layer(m, sample.homes(), "home")
    with pytest.raises(InputError, match="Add the layer to one of them"):
        folium.Marker([30.5, 120]).add_to(m)


# ---------------------------------------------------------------- what stays


def test_the_maps_are_as_they_were_before_and_the_page_the_same_every_time():
    a, b = dense(), dense([0, 1, 2])
    before = digest(a), digest(b)
    m = maps.compare_maps(a, b)
    once, again = digest(m), digest(m)

    assert once == again
    assert (digest(a), digest(b)) == before
    assert digest(maps.compare_maps(dense(), dense([0, 1, 2]))) == once
    assert a.get_root() is not m.get_root()


def test_a_layer_added_later_is_on_the_page_drawn_later():
    a, b = plain(), plain()
    m = maps.compare_maps(a, b)
    assert "城镇住宅用地" not in html_of(m)
    maps.add_layer(b, sample.homes(), "home")

    assert "城镇住宅用地" in html_of(m)


def test_a_plain_folium_map_can_stand_beside_one_of_ours():
    own = folium.Map([30.5, 120], tiles=None)
    folium.CircleMarker([30.5, 120]).add_to(own)

    html = html_of(maps.compare_maps(own, plain()))
    assert "DeqingTogether.swipe(" in html and "L.circleMarker" in html


def test_borders_of_both_are_thinned_together_and_told_once():
    """A bend of 4 m is left out on both; what the second has of the first is not told again."""
    x = [at * 50.0 for at in range(61)]
    rings = []
    for row in range(210):
        low = [(one, row * 60.0 + (4 if at % 2 else 0)) for at, one in enumerate(x)]
        high = [(one, y + 60.0) for one, y in low]
        rings.append(shapely.Polygon([*low, *reversed(high)]))
    areas = gpd.GeoDataFrame({"village_name": [f"第{at}村" for at in range(210)]}, geometry=rings)
    areas = areas.set_geometry(areas.translate(sample.X0, sample.Y0)).set_crs(sample.CRS)
    one = html_of(dg.area_map(areas))
    two = html_of(maps.compare_maps(dg.area_map(areas), dg.area_map(areas)))
    exact = html_of(maps.compare_maps(dg.area_map(areas), dg.area_map(areas)), simplify_m=0)

    assert two.count('"like": 0') + two.count('"like":0') == 1
    assert len(two) - len(one) < 0.35 * len(one)
    assert two.count("相差不超过 10 米") == 2 and "相差不超过" not in exact


def test_the_page_says_where_one_colour_means_two_amounts():
    said = "各图分级不同,颜色不可直接对比"
    assert said in html_of(maps.compare_maps(dense([0, 1, 2]), dense([0, 2, 4])))
    assert said not in html_of(maps.compare_maps(dense([0, 1, 2]), dense([0, 1, 2])))
    # The last class is open upwards on one of them only.
    assert said not in html_of(maps.compare_maps(dense([0, 0.5, 1]), dense([0, 0.5])))


def test_the_title_both_have_is_the_pages():
    same = maps.compare_maps(plain("路网"), plain("路网"))
    other = maps.compare_maps(plain("路网"), plain("公园"))

    assert page_of(same).contents.title == "路网" and page_of(other).contents.title == ""
    assert (
        page_of(maps.timeline_map({1: plain(), 2: plain()}, title="两年")).contents.title == "两年"
    )


def test_results_are_drawn_in_classes_they_share():
    villages, roads = sample.villages(), sample.roads()
    few, many = roads.iloc[:1], roads
    m = maps.timeline_map(
        {"2024": dg.road_density(villages, few), "2025": dg.road_density(villages, many)}
    )
    legends = [page_of(one).contents.legends[-1] for one in m.together]

    assert [entry["fill"] for entry in legends[0]["entries"]] == [
        entry["fill"] for entry in legends[1]["entries"]
    ]
    assert legends[0]["unit"] == "公里/平方公里,分级:等间距,各期一致"
    assert [page_of(one).contents.title for one in m.together] == ["路网密度", "路网密度"]


def test_every_kind_of_result_makes_a_series():
    villages, homes = sample.villages(), sample.homes()
    coverage = dg.park_coverage(villages, sample.parks(), homes)
    types = dg.classify_villages(dg.village_facts(villages, homes=homes))
    for result in (coverage, types):
        m = maps.timeline_map({"2024": result, "2025": result})
        assert "DeqingTogether.timeline(" in html_of(m)


# ---------------------------------------------------------------- for whom, and with what


def test_a_page_for_the_public_is_so_on_both_sides_and_its_maps_stay_internal():
    villages = sample.villages()
    facts = dg.village_facts(villages, homes=sample.homes())
    types = dg.classify_villages(facts)
    m = maps.compare_maps(maps.village_map(types), maps.village_map(types))
    public = maps.add_imprint(m, audience="public", review_number="浙S(2025)12号")
    html = html_of(public)

    assert html.count("审图号:浙S(2025)12号") == 2 and "内部资料" not in html
    assert "内部资料" in html_of(m.together[0])


def test_after_a_refusal_the_maps_are_as_they_were(tmp_path):
    """A candidate for relocation may not be shown to the public."""
    a, b = plain(), plain()
    before = digest(a), digest(b)
    part = {"title": "村庄类型", "layer": "统计单元", "unit": ""}
    label = columns.vocabulary("status")["candidate"]
    entries = [{"fill": "#fff", "color": "#000", "label": label}]
    page_of(b).contents.legends.append({**part, "entries": entries})
    m = maps.add_imprint(maps.compare_maps(a, b), audience="public")
    with pytest.raises(ExportError, match="may not show"):
        dg.save_map(m, tmp_path / "public.html")
    page_of(b).contents.legends.pop()

    assert (digest(a), digest(b)) == before
    assert not (tmp_path / "public.html").exists()


def test_a_key_on_one_of_the_maps_is_found_on_the_page_of_both(tmp_path, monkeypatch):
    monkeypatch.setenv("DEQING_GEO_TIANDITU_KEY", "0123456789abcdef0123")
    b = maps.add_basemap(plain(), "tianditu_vec")
    m = maps.compare_maps(plain(), b)

    with pytest.raises(ExportError, match="allow_key=True"):
        dg.save_map(m, tmp_path / "key.html")
    html = dg.save_map(m, tmp_path / "key.html", allow_key=True).read_text(encoding="utf-8")
    assert "0123456789abcdef0123" in html
    assert "img-src data: blob: https://t0.tianditu.gov.cn" in html
    assert "0123456789abcdef0123" not in m._repr_html_()
