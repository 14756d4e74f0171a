"""Two maps under a divider, a series under a slider, in a browser, by pointer and by keyboard."""

import io

import geopandas as gpd
import numpy as np
import pytest
import shapely
from PIL import Image

import deqing_geo as dg
from deqing_geo import maps, sample
from tests.browser.test_browser import HOSTILE, assert_quiet, browser, chromium, results, visit

pytestmark = pytest.mark.browser
__all__ = ["browser", "chromium", "results", "visit"]

MAPS = (
    "Object.keys(window).filter(name => /^map_[0-9a-f]+$/.test(name)).sort()"
    ".map(name => window[name])"
)
ONE_STORY = "() => document.querySelectorAll('.dg-story').length === 1"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 420, "height": 800}
DIVIDER, SLIDER = ".dg-divider", ".dg-strip input"


def road_to(village):
    """The main road, from the west through so many villages; one kilometre lies in each."""
    roads = sample.roads().iloc[[0]].copy()
    x = sample.X0, sample.X0 + 1000 * village
    roads.geometry = [shapely.LineString([(one, sample.Y0 + 500) for one in x])]
    return roads


def density_map(results, village):
    density = dg.road_density(results.villages, road_to(village))
    m = dg.area_map(results.villages, title="路网密度")
    return maps.add_density(m, density, breaks=[0, 0.5, 1, 1.5, 2])


@pytest.fixture(scope="module")
def swiped(results, tmp_path_factory):
    """丙村 got its road this month."""
    a, b = density_map(results, 2), density_map(results, 3)
    maps.add_roads(b, road_to(3))
    return dg.save_map(maps.compare_maps(a, b), tmp_path_factory.mktemp("maps") / "swipe.html")


@pytest.fixture(scope="module")
def series(results, tmp_path_factory):
    years = {str(2022 + count): density_map(results, count) for count in (1, 2, 3)}
    m = maps.timeline_map(years, title="三年路网")
    return dg.save_map(m, tmp_path_factory.mktemp("maps") / "series.html")


def spot(page, which, x, y):
    """Where in the window a place of Paper Town is on one of the maps, in metres from a corner."""
    there = gpd.GeoSeries([shapely.Point(sample.X0 + x, sample.Y0 + y)], crs=sample.CRS)
    one = there.to_crs(4490)[0]
    return page.evaluate(
        f"""([which, lat, lng]) => {{
            const map = {MAPS}[which], p = map.latLngToContainerPoint([lat, lng]);
            const box = map.getContainer().getBoundingClientRect();
            return [box.left + p.x, box.top + p.y];
        }}""",
        [which, one.y, one.x],
    )


def tint(page, at):
    """The colour there, as the legend writes it."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return picture.getpixel((round(at[0]), round(at[1])))


def visible(page, selector):
    return [node.inner_text() for node in page.locator(selector).all() if node.is_visible()]


def sections(page):
    """What the legends show: the map's name, the section, its entries."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".dg-legend")].filter(card => card.offsetHeight
            && getComputedStyle(card).visibility === "visible").map(card => [
            card.querySelector(".dg-of") ? card.querySelector(".dg-of").textContent : "",
            [...card.querySelectorAll("section")].filter(one => one.offsetHeight)
                .map(one => one.querySelector("h2").textContent)])"""
    )


# ---------------------------------------------------------------- two maps


def test_a_comparison_asks_for_nothing_and_says_nothing(visit, swiped):
    page, seen = visit(swiped)
    page.locator(DIVIDER).press("ArrowLeft")
    page.mouse.move(900, 440)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)

    assert_quiet(seen, swiped)


def test_each_side_shows_its_map_and_the_divider_moves_by_keyboard(visit, swiped):
    page, _ = visit(swiped)
    here = spot(page, 0, 2500, 750)  # in 丙村, away from its name
    page.locator(DIVIDER).focus()
    page.keyboard.press("End")
    before = tint(page, here)
    assert page.locator(DIVIDER).get_attribute("aria-valuenow") == "100"
    page.keyboard.press("Home")
    after = tint(page, here)
    assert before != after
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.locator(DIVIDER).get_attribute("aria-valuetext") == "上月 28%,本月 72%"
    assert tint(page, here) == after
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    assert tint(page, here) == before


def test_the_divider_follows_the_pointer_and_stays_on_the_page(visit, swiped):
    page, _ = visit(swiped, viewport=WIDE)
    page.mouse.move(640, 470)
    page.mouse.down()
    page.mouse.move(900, 500, steps=3)
    assert page.locator(DIVIDER).get_attribute("aria-valuenow") == "70"
    page.mouse.move(2000, 500)
    page.mouse.up()
    page.mouse.move(300, 500)
    assert page.locator(DIVIDER).get_attribute("aria-valuenow") == "100"
    page.context.close()


def together(page):
    """How far apart the two maps look, in pixels, and by how much their scales differ."""
    return page.evaluate(
        f"""() => {{
            const [a, b] = {MAPS}, p = a.latLngToContainerPoint(b.getCenter());
            return [p.distanceTo(a.getSize().divideBy(2)), a.getZoom() - b.getZoom()];
        }}"""
    )


def test_both_look_at_the_same_place_whichever_is_moved(visit, swiped):
    page, _ = visit(swiped, viewport=WIDE)
    assert together(page)[0] < 1
    start = spot(page, 0, 2000, 500)
    for x in (400, 900):  # the left one, the right one
        page.mouse.move(x, 560)
        page.mouse.down()
        page.mouse.move(x + 60, 600, steps=4)
        # While the hand still holds it, too.
        assert together(page) == [pytest.approx(0, abs=1.5), 0]
        page.mouse.up()
        page.wait_for_timeout(350)
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(200)
        assert together(page) == [pytest.approx(0, abs=1.5), 0]
    end = spot(page, 1, 2000, 500)
    assert np.hypot(end[0] - start[0], end[1] - start[1]) > 60
    # One place is at one spot on both.
    there = spot(page, 0, 2000, 500)
    assert np.hypot(end[0] - there[0], end[1] - there[1]) < 1.5
    page.context.close()


def test_a_click_tells_the_story_of_the_map_that_is_seen_there(visit, swiped):
    page, _ = visit(swiped)
    for key, figure in (("End", "0.00"), ("Home", "1.00")):
        page.locator(DIVIDER).press(key)
        page.mouse.click(*spot(page, 0, 2500, 750))
        page.wait_for_function(ONE_STORY)
        told = page.locator(".dg-story").inner_text()
        assert "丙村" in told and figure in told


def test_the_divider_steps_aside_for_a_story_and_nothing_covers_it(visit, swiped):
    page, _ = visit(swiped)
    for which in (0, 1):
        page.evaluate(f"which => [...{MAPS}[which].dgShapes.values()][1][0].openPopup()", which)
        page.wait_for_selector(".dg-story")
        page.wait_for_timeout(250)
        box = page.locator(".leaflet-popup-content-wrapper").bounding_box()
        covered = page.evaluate(
            """box => [[.05, .1], [.95, .1], [.05, .9], [.95, .9], [.5, .5]].filter(([x, y]) => {
                const at = [box.x + x * box.width, box.y + y * box.height];
                const node = document.elementFromPoint(...at);
                return !node.closest(".leaflet-popup");
            }).length""",
            box,
        )
        assert covered == 0, which
        line = page.locator(DIVIDER).bounding_box()
        middle = line["x"] + line["width"] / 2
        assert middle <= box["x"] if which else middle >= box["x"] + box["width"]


def test_each_legend_says_whose_it_is_and_follows_its_own_layers(visit, swiped):
    page, _ = visit(swiped)
    both = [["上月", ["路网密度"]], ["本月", ["路网密度", "道路(按等级)"]]]
    assert sections(page) == both
    switches = page.locator(".leaflet-control-layers")
    assert switches.count() == 2
    switches.nth(1).hover()
    switches.nth(1).locator("label", has_text="道路").click()
    assert sections(page) == [both[0], ["本月", ["路网密度"]]]
    page.mouse.move(640, 800)
    switches.nth(0).hover()
    switches.nth(0).locator("label", has_text="路网密度").click()
    # A map that shows nothing has no legend.
    assert sections(page) == [["本月", ["路网密度"]]]


def overlapping(page):
    """Cards that lie over each other."""
    return page.evaluate(
        """() => {
            const all = [...document.querySelectorAll(".dg-title, .dg-legend, .dg-bar, .dg-strip,"
                + " .leaflet-control-layers, .leaflet-control-scale, .dg-footer")]
                .filter(one => one.offsetHeight && getComputedStyle(one).visibility === "visible")
                .map(one => [one.className, one.getBoundingClientRect()]);
            return all.flatMap(([name, a], at) => all.slice(at + 1).filter(([, b]) =>
                a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1
                && b.top < a.bottom - 1).map(([other]) => [name, other]));
        }"""
    )


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("which", ["swiped", "series"])
def test_no_card_lies_over_another(visit, request, which, size):
    page, _ = visit(request.getfixturevalue(which), viewport=size)

    assert overlapping(page) == []
    page.context.close()


def test_the_foot_says_once_what_both_say_and_of_which_what_one_says(visit, tmp_path):
    villages, roads = sample.villages(), sample.roads()
    a = maps.add_density(dg.area_map(villages), dg.road_density(villages, roads))
    b = maps.coverage_map(dg.park_coverage(villages, sample.parks(), sample.homes()))
    file = dg.save_map(maps.compare_maps(a, b, labels=("道路", "公园")), tmp_path / "foot.html")
    page, _ = visit(file)
    said = visible(page, ".dg-footer p")

    assert said[0].startswith("内部资料 注意保存 | 请勿通过互联网传输")
    assert [line[:7] for line in said[1:3]] == ["道路:路网密度", "道路:路网密度"]
    assert any(line.startswith("公园:公园绿地服务半径覆盖率口径") for line in said)
    assert len(said) == len(set(said))


def test_the_right_maps_search_leads_to_its_village(visit, swiped):
    page, _ = visit(swiped)
    fields = page.locator(".dg-find input")
    assert fields.count() == 2
    fields.nth(1).fill("丙村")
    fields.nth(1).press("Enter")
    page.wait_for_selector(".dg-story h3")

    assert page.locator(".dg-story h3").inner_text() == "丙村"
    assert "1.00" in page.locator(".dg-story").inner_text()
    assert together(page) == [pytest.approx(0, abs=1.5), 0]


def test_the_tab_key_passes_the_divider_and_both_maps(visit, swiped):
    page, _ = visit(swiped, viewport=WIDE)
    passed = []
    for _ in range(40):
        page.keyboard.press("Tab")
        passed.append(
            page.evaluate(
                f"""() => {{
                    const node = document.activeElement;
                    const of = {MAPS}.findIndex(map => map.getContainer().contains(node));
                    return node.className.split(" ")[0] + (of < 0 ? "" : of);
                }}"""
            )
        )

    # Before anything else the divider; then the maps, each with its areas to walk through.
    assert passed[0] == "dg-divider"
    assert passed.index("dg-walk0") < passed.index("dg-walk1")
    page.context.close()


def test_what_is_said_of_the_whole_is_said_on_both(visit, results, tmp_path):
    villages, roads = sample.villages(), sample.roads()
    a, b = (
        maps.add_density(dg.area_map(villages), dg.road_density(villages, roads), breaks=breaks)
        for breaks in ([0, 1, 2], [0, 2, 4])
    )
    m = maps.compare_maps(a, b)
    maps.add_imprint(m, audience="public", stage="报批稿", review_number="浙S(2025)12号")
    page, _ = visit(dg.save_map(m, tmp_path / "imprint.html"))

    warned = visible(page, ".dg-title .dg-notice")
    assert warned.count("各图分级不同,颜色不可直接对比") == 2
    assert visible(page, ".dg-stage") == ["报批稿", "报批稿"]
    assert visible(page, ".dg-footer p")[0].startswith("审图号:浙S(2025)12号")
    # The maps themselves stay as they were.
    assert maps.page_of(a).contents.imprint.audience == "internal"
    assert "各图分级不同,颜色不可直接对比" not in maps.page_of(a).contents.warnings


def test_paper_shows_both_sides_with_both_legends_on_one_page(visit, swiped, tmp_path):
    page, _ = visit(swiped, viewport=WIDE)
    page.pdf(path=tmp_path / "paper.pdf", prefer_css_page_size=True)
    assert (tmp_path / "paper.pdf").read_bytes().count(b"/Type /Page\n") == 1
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert together(page) == [pytest.approx(0, abs=1.5), 0]
    assert [of for of, _ in sections(page)] == ["上月", "本月"]
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert together(page) == [pytest.approx(0, abs=1.5), 0]
    assert page.locator(DIVIDER).is_visible()
    page.context.close()


def test_shapes_that_both_have_are_in_the_file_once_and_on_both_maps(visit, tmp_path):
    y, x = np.divmod(np.arange(600), 30)
    boxes = shapely.box(
        5e5 + x * 300, 3.38e6 + y * 300, 5e5 + x * 300 + 300, 3.38e6 + y * 300 + 300
    )
    villages = gpd.GeoDataFrame(
        {"village_name": [f"第{at}村" for at in range(600)]}, geometry=boxes, crs=sample.CRS
    )
    road = gpd.GeoDataFrame(
        {"road_name": ["长街"], "road_class": ["arterial"]},
        geometry=[shapely.LineString([(5e5, 3.38e6 + 150), (5.09e5, 3.38e6 + 150)])],
        crs=sample.CRS,
    )
    density = dg.road_density(villages, road)
    a, b = (maps.add_density(dg.area_map(villages), density) for _ in "ab")
    file = dg.save_map(maps.compare_maps(a, b), tmp_path / "many.html")
    page, seen = visit(file)
    drawn = page.evaluate(
        f"""() => {MAPS}.map(map => {{
            const rings = [];
            map.eachLayer(one => {{
                if (one instanceof L.Polygon) {{ rings.push(JSON.stringify(one.getLatLngs())); }}
            }});
            return rings.sort();
        }})"""
    )

    # Four layers of 600 villages: the shapes of the first stand in the file, the others say so.
    assert file.read_text(encoding="utf-8").count('"like"') == 3
    assert len(drawn[0]) == 1200 and drawn[0] == drawn[1]
    assert_quiet(seen, file)


def test_a_basemap_of_one_map_lies_under_that_one_alone(browser, results, tmp_path):
    tile = io.BytesIO()
    Image.new("RGB", (256, 256), (10, 200, 90)).save(tile, "PNG")
    url = "http://10.1.2.3/tiles?x={x}&y={y}&z={z}"
    b = density_map(results, 3)
    maps.add_basemap(b, url, datum="cgcs2000", attribution="县影像")
    m = maps.compare_maps(density_map(results, 3), b)
    file = dg.save_map(m, tmp_path / "under.html")
    page = browser.new_context(viewport=WIDE, offline=True).new_page()
    page.route(
        "http://10.1.2.3/**",
        lambda route: route.fulfill(body=tile.getvalue(), content_type="image/png"),
    )
    page.goto(file.as_uri())
    page.wait_for_selector(".leaflet-tile-loaded")
    page.wait_for_timeout(400)
    left, right = tint(page, (500, 250)), tint(page, (800, 250))
    page.locator(DIVIDER).press("Home")
    moved = tint(page, (500, 250))
    # Without an answer the notice stands on the map that has the basemap.
    page.unroute("http://10.1.2.3/**")
    page.reload()
    page.wait_for_selector(".dg-right .dg-offline")

    assert left == (238, 241, 244) and right == moved == (10, 200, 90)
    assert page.locator(".dg-left .dg-offline").count() == 0
    said = visible(page, ".dg-footer p")
    assert "本月:底图:县影像" in said
    page.context.close()


# ---------------------------------------------------------------- a series


def test_a_series_shows_its_last_map_and_the_arrows_lead_back(visit, series):
    page, seen = visit(series)
    here = spot(page, 2, 2500, 750)
    assert visible(page, ".dg-strip b") == ["2025"]
    slider = page.locator(SLIDER)
    slider.focus()
    last = tint(page, here)
    page.keyboard.press("Home")
    assert visible(page, ".dg-strip b") == ["2023"]
    assert slider.get_attribute("aria-valuetext") == "2023"
    first = tint(page, here)
    assert first != last and sections(page) == [["", ["路网密度"]]]
    page.keyboard.press("End")
    assert tint(page, here) == last
    assert_quiet(seen, series)


def test_place_layers_and_story_are_carried_along(visit, series):
    page, _ = visit(series)
    page.mouse.click(*spot(page, 2, 2500, 750))
    page.wait_for_selector(".dg-story")
    assert "丙村" in page.locator(".dg-story").inner_text()
    page.evaluate(f"{MAPS}[2].setZoom({MAPS}[2].getZoom() + 1, {{animate: false}})")
    box = [node for node in page.locator(".leaflet-control-layers").all() if node.is_visible()]
    box[0].locator("label", has_text="统计单元").click()
    page.locator(SLIDER).press("ArrowLeft")

    page.wait_for_function(ONE_STORY)
    told = page.locator(".dg-story")
    assert "丙村" in told.inner_text() and told.is_visible()
    assert page.evaluate(f"{MAPS}[1].getZoom() === {MAPS}[2].getZoom()")
    apart = page.evaluate(f"{MAPS}[1].getCenter().distanceTo({MAPS}[2].getCenter())")
    assert apart < 200  # metres: the story may have moved the map clear of a card
    box = [node for node in page.locator(".leaflet-control-layers").all() if node.is_visible()]
    assert not box[0].locator("label", has_text="统计单元").locator("input").is_checked()


def test_a_series_plays_to_its_end_and_stops_by_key(visit, series):
    page, _ = visit(series)
    page.clock.install()
    page.reload()
    button = page.locator(".dg-strip button")
    assert button.inner_text() == "播放"
    page.locator(SLIDER).focus()
    page.keyboard.press(" ")
    assert visible(page, ".dg-strip b") == ["2023"] and button.inner_text() == "暂停"
    page.clock.run_for(1300)
    assert visible(page, ".dg-strip b") == ["2024"]
    page.keyboard.press(" ")
    page.clock.run_for(5000)
    assert visible(page, ".dg-strip b") == ["2024"] and button.inner_text() == "播放"
    page.keyboard.press(" ")
    page.clock.run_for(5000)
    assert visible(page, ".dg-strip b") == ["2025"] and button.inner_text() == "播放"


def test_a_hidden_map_is_neither_clicked_nor_reached_by_tab(visit, series):
    page, _ = visit(series, viewport=WIDE)
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                f"{MAPS}.findIndex(map => map.getContainer().contains(document.activeElement))"
            )
        )
    page.context.close()

    assert reached == {-1, 2}


def test_results_make_a_series_of_their_own_in_colours_that_mean_the_same(visit, tmp_path):
    villages = sample.villages()
    years = {
        year: dg.road_density(villages, road_to(count)) for year, count in ((2024, 1), (2025, 3))
    }
    file = dg.save_map(maps.timeline_map(years), tmp_path / "years.html")
    page, seen = visit(file)
    entries = "nodes => nodes.map(node => node.querySelector('span').textContent)"
    legends = [
        page.locator(".dg-legend").nth(at).locator(".dg-key").evaluate_all(entries) for at in (0, 1)
    ]

    assert legends[0] == legends[1]
    assert "分级:等间距,各期一致" in page.locator(".dg-unit").first.text_content()
    assert "颜色不可直接对比" not in page.locator("body").inner_text()
    assert_quiet(seen, file)


@pytest.mark.parametrize("how", ["swipe", "timeline"])
def test_hostile_labels_and_titles_are_text(visit, tmp_path, how):
    """All of them at once, each on a map of its own; of a comparison the worst two."""
    villages = sample.villages()
    if how == "swipe":
        labels = [HOSTILE[1], HOSTILE[32]]
        m = maps.compare_maps(
            dg.area_map(villages), dg.area_map(villages), labels=labels, title=HOSTILE[0]
        )
    else:
        labels = [text for text in HOSTILE if text.strip()]
        series = {text: dg.area_map(villages, title=text) for text in labels}
        m = maps.timeline_map(series, title=HOSTILE[0])
    file = dg.save_map(m, tmp_path / "hostile.html")
    page, seen = visit(file)

    assert page.locator(".dg-strip h1").text_content() == HOSTILE[0]
    if how == "swipe":
        assert page.locator(".dg-strip b").all_text_contents() == labels
        assert page.locator(".dg-of").count() == 0  # nothing to tell, no legend
    else:
        page.locator(SLIDER).focus()
        for text in reversed(labels):
            assert page.locator(".dg-strip b").text_content() == text
            page.keyboard.press("ArrowLeft")
    assert page.evaluate("window.pwned") is None
    assert_quiet(seen, file)
