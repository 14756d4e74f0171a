"""The tools of a map page in a browser: measure, print, search, switches, keyboard, small screens.

Lengths and areas are compared with pyproj's. Three pages are compared with pictures kept beside
this file; see `tests/fixtures/README.md` for how they are made anew.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from matplotlib import image
from pyproj import Geod

import deqing_geo as dg
from deqing_geo import maps, sample
from tests.test_village_map import facts

from test_browser import (  # isort: skip
    HOSTILE,
    MAP,
    assert_quiet,
    browser,  # noqa: F401
    fault_page,  # noqa: F401
    legend,
    paper_town,  # noqa: F401
    pixel,
    results,  # noqa: F401
    visit,  # noqa: F401
)

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).resolve().parent.parent / "fixtures" / "pages"
GEOD = Geod(a=6378137, rf=298.257222101)
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 420, "height": 800}
# Cards that lie over the map. None may lie over another.
CARDS = (
    ".dg-title, .dg-legend, .dg-footer, .dg-bar, .dg-measure, .dg-inset, .dg-list,"
    " .leaflet-control-layers, .leaflet-control-scale"
)
BOXES = """cards => [...document.querySelectorAll(cards)].map(node => {
    const box = node.getBoundingClientRect();
    return [node.className, box.left, box.top, box.right, box.bottom];
}).filter(one => one[3] > one[1] && one[4] > one[2])"""


@pytest.fixture(scope="module")
def types():
    with pytest.warns(dg.errors.DeqingGeoWarning):
        return dg.classify_villages(facts())


@pytest.fixture(scope="module")
def typed(types, tmp_path_factory):
    """Nine villages of two towns, two of them called alike, with redline and borders."""
    m = dg.village_map(types, title="九村")
    m = maps.add_layer(m, sample.villages(), "redline", show=False)
    m = maps.add_layer(m, sample.villages(), "farmland", show=False)
    m = maps.add_layer(m, sample.town(), "town")
    return dg.save_map(m, tmp_path_factory.mktemp("maps") / "typed.html")


@pytest.fixture
def page(visit, typed):  # noqa: F811
    return visit(typed, viewport=WIDE)[0]


def overlapping(page):
    boxes = page.evaluate(BOXES, CARDS)
    out = []
    for at, (name, *a) in enumerate(boxes):
        for other, *b in boxes[:at]:
            if min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1:
                out.append((name, other))
    return out


def focused(page):
    return page.evaluate("document.activeElement.className || document.activeElement.tagName")


# ---------------------------------------------------------------- room for everything


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("which", ["typed", "paper_town", "fault_page"])
def test_nothing_lies_over_anything_else(visit, request, which, size):  # noqa: F811
    page, seen = visit(file := request.getfixturevalue(which), viewport=size)
    assert overlapping(page) == []

    page.evaluate(f"{MAP}.setZoom({MAP}.getZoom() + 2, {{animate: false}})")
    if size is NARROW:
        page.locator(".dg-more").click()
    page.locator(".dg-icon-measure").click()
    assert page.locator(".dg-measure").is_visible()
    assert overlapping(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert_quiet(seen, file)


def test_on_a_narrow_screen_tools_legend_and_definitions_fold(visit, typed):  # noqa: F811
    page, _ = visit(typed, viewport=NARROW)
    first, second = page.locator(".dg-footer p").nth(0), page.locator(".dg-footer p").nth(1)
    assert first.is_visible() and not second.is_visible()
    assert not page.locator(".dg-icon-print").is_visible() and legend(page) == []

    page.locator(".dg-more").click()
    page.locator(".dg-legend .dg-narrow").click()
    page.locator(".dg-footer .dg-narrow").click()
    assert page.locator(".dg-icon-print").is_visible()
    assert legend(page)[0][0] == "村庄类型" and second.is_visible()
    assert page.locator(".dg-more").get_attribute("aria-expanded") == "true"


def test_the_first_line_says_internal_on_every_screen(visit, typed):  # noqa: F811
    for size in (WIDE, NARROW):
        page, _ = visit(typed, viewport=size)
        line = page.locator(".dg-footer p").first
        assert line.is_visible()
        assert line.inner_text().startswith("内部资料 注意保存 | 请勿通过互联网传输 | 未经地图审核")


# ---------------------------------------------------------------- tools


def test_lengths_and_areas_are_those_of_the_ellipsoid(page):
    """Against geodesics: lengths to a millimetre, a ring of 10 km to a ten-thousandth."""
    rng = np.random.default_rng(0)
    ends = np.column_stack([rng.uniform(118, 122, 80), rng.uniform(28, 33, 80)]).reshape(40, 2, 2)
    lengths = page.evaluate(
        """pairs => pairs.map(([a, b]) => DeqingTools.distance(
            {lng: a[0], lat: a[1]}, {lng: b[0], lat: b[1]}))""",
        ends.tolist(),
    )
    want = GEOD.inv(*ends[:, 0].T, *ends[:, 1].T)[2]
    assert np.abs(np.array(lengths) - want).max() < 1e-3

    rings = [
        shapely.get_coordinates(shapely.Point(x, y).buffer(size, quad_segs=3))[:-1]
        for (x, y), size in zip(ends[:, 0], np.geomspace(0.001, 0.05, 40), strict=True)
    ]
    areas = page.evaluate(
        "rings => rings.map(r => DeqingTools.surface(r.map(([lng, lat]) => ({lng, lat}))))",
        [ring.tolist() for ring in rings],
    )
    want = [abs(GEOD.polygon_area_perimeter(*ring.T)[0]) for ring in rings]
    assert np.abs(np.array(areas) / want - 1).max() < 1e-4


def test_a_square_kilometre_is_measured_and_escape_ends_it(page):
    page.locator(".dg-icon-measure").click()
    corners = [(900, 100), (1900, 100), (1900, 1100), (900, 1100)]
    page.evaluate(f"{MAP}.setZoom({MAP}.getZoom() + 0.5, {{animate: false}})")
    for corner in corners:
        page.mouse.click(*pixel(page, *corner))
    said = page.locator(".dg-measure p").inner_text()
    length, area = said.replace("长度 ", "").replace("面积 ", "").split("\n")

    assert float(length.split()[0]) == pytest.approx(3, abs=0.06)
    size, unit = area.split()
    assert float(size) / {"平方公里": 1, "公顷": 100}[unit] == pytest.approx(1, abs=0.03)
    assert page.locator(".leaflet-popup").count() == 0  # a click measures and opens no story
    page.keyboard.press("Backspace")
    assert page.locator(".dg-measure p").inner_text().startswith("长度 2.")
    page.mouse.click(*pixel(page, *corners[2]))  # the last point again ends the line
    page.mouse.click(*pixel(page, *corners[0]))
    assert page.locator(".dg-measure p").inner_text() == "长度 0.0 米"
    page.keyboard.press("Escape")
    assert not page.locator(".dg-measure").is_visible()
    assert page.locator(".leaflet-dgMeasure-pane path").count() == 0
    assert "dg-icon-measure" in focused(page)
    page.mouse.click(*pixel(page, *corners[0]))
    page.wait_for_selector(".dg-story")


def test_by_keyboard_the_middle_of_the_map_is_a_point(page):
    page.locator(".dg-icon-measure").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    page.keyboard.press("Enter")

    assert page.locator(".dg-measure p").inner_text() != "长度 0.0 米"


def test_back_to_the_whole_and_where_one_is_on_it(page):
    look = f"() => {{ const c = {MAP}.getCenter(); return [c.lat, c.lng, {MAP}.getZoom()]; }}"
    before = page.evaluate(look)
    assert not page.locator(".dg-inset").is_visible()

    page.evaluate(f"{MAP}.setZoom({MAP}.getZoom() + 3, {{animate: false}})")
    inset = page.locator(".dg-inset")
    assert inset.is_visible()
    box = inset.locator("canvas").bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)
    assert page.evaluate(look)[1] < before[1] - 0.01  # westward
    page.locator(".dg-icon-home").click()

    assert page.evaluate(look) == pytest.approx(before, abs=1e-6)
    assert not inset.is_visible()


def test_north_is_up_and_the_scale_is_beside_it(page):
    north = page.locator(".dg-north").bounding_box()
    scale = page.locator(".leaflet-control-scale-line").bounding_box()

    assert page.locator(".dg-north").inner_text() == "北"
    assert north["x"] > scale["x"] + scale["width"]


def test_full_screen_and_back(page):
    page.locator(".dg-icon-full").click()
    page.locator(".dg-map:fullscreen").wait_for()
    assert page.locator(".dg-title h1").is_visible() and page.locator(".dg-footer").is_visible()
    page.locator(".dg-icon-full").click()
    page.locator(".dg-map:fullscreen").wait_for(state="detached")


def test_paper_has_title_legend_scale_and_all_of_the_footer_on_one_page(page, tmp_path):
    look = f"() => {{ const c = {MAP}.getCenter(); return [c.lat, c.lng, {MAP}.getZoom()]; }}"
    before, size = page.evaluate(look), page.evaluate(f"{MAP}.getSize()")
    page.evaluate(
        f"""() => addEventListener("beforeprint", () => {{
            const map = {MAP}, b = map.getBounds();
            window.onPaper = {{
                size: map.getSize(), canvas: document.querySelector("canvas").width,
                west: b.getWest(), east: b.getEast(),
                shown: [".dg-title h1", ".dg-legend", ".dg-footer p:last-child",
                    ".leaflet-control-scale", ".dg-north"].map(one =>
                    document.querySelector(one).offsetHeight > 0),
                hidden: [".dg-bar", ".dg-find", ".leaflet-control-layers"].map(one =>
                    document.querySelector(one).offsetHeight),
                footer: document.querySelector(".dg-footer").scrollHeight
                    - document.querySelector(".dg-footer").clientHeight,
            }};
        }})"""
    )
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    paper = page.evaluate("window.onPaper")

    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 1
    assert abs(paper["size"]["x"] - 281 / 25.4 * 96) <= 1
    assert paper["canvas"] > 1.9 * paper["size"]["x"]  # twice as fine as a screen
    assert all(paper["shown"]) and not any(paper["hidden"]) and paper["footer"] <= 1
    assert page.evaluate(look) == pytest.approx(before, abs=1e-9)
    assert page.evaluate(f"{MAP}.getSize()") == size


# ---------------------------------------------------------------- search


def options(page):
    return page.locator(".dg-find li").all_inner_texts()


def test_a_town_is_found_with_its_summary_and_its_homonyms_with_their_towns(page):
    field = page.locator(".dg-find input")
    field.fill("甲村")
    assert options(page) == ["甲村(纸上镇)", "甲村(另镇)"]

    field.fill("镇")
    assert [one.split("\n")[0] for one in options(page)] == [
        "甲村(纸上镇)",
        "甲村(另镇)",
        "纸上镇",
        "另镇",
    ]
    field.press("ArrowDown")
    field.press("ArrowUp")
    assert page.locator(".dg-find li[aria-selected=true]").inner_text().split("\n") == [
        "另镇", "镇(街道)",
    ]  # fmt: skip
    assert field.get_attribute("aria-activedescendant").endswith("-3")
    field.press("Enter")
    page.wait_for_selector(".dg-story h3")
    assert page.locator(".dg-story").inner_text().split() == [
        "另镇",
        "村庄数",
        "1",
        "整治提升类",
        "1",
        "土地面积", "0.81", "平方公里",
        "常住人口", "400", "人",
    ]  # fmt: skip
    assert not page.locator(".dg-find ul").is_visible()


def test_a_village_leads_to_the_summary_of_its_town(page):
    field = page.locator(".dg-find input")
    field.fill("甲村(纸上镇)")
    field.press("Enter")
    page.locator(".dg-story .dg-whole", has_text="纸上镇").click()

    page.wait_for_selector(".dg-nowhere .dg-story")
    assert page.locator(".dg-nowhere h3").inner_text() == "纸上镇"
    rows = page.locator(".dg-nowhere tr").all_inner_texts()
    assert rows[0].split() == ["村庄数", "8"]
    assert ["土地面积", "6.48", "平方公里"] in [row.split() for row in rows]


def test_escape_brings_the_reader_back_to_the_field_and_nothing_found_is_said(page):
    field = page.locator(".dg-find input")
    field.fill("己村")
    field.press("Enter")
    page.wait_for_selector(".dg-story h3")
    assert "leaflet-popup-content" in focused(page)
    page.keyboard.press("Escape")
    assert focused(page) == "INPUT"

    field.fill("无此村")
    assert options(page) == ["没有找到"]
    field.press("Escape")
    assert not page.locator(".dg-find ul").is_visible()


def test_a_choice_with_the_mouse_leads_there_too(page):
    page.locator(".dg-find input").fill("村")
    page.locator(".dg-find li").nth(2).click()
    page.wait_for_selector(".dg-story h3")

    assert page.locator(".dg-story h3").inner_text() == "丙村"


# Without the fade that leaves an old story on the page for a while, a test sees what a reader has.
HEARD = f"""() => {{
    const map = {MAP};
    map._fadeAnimated = false;
    window.heard = [];
    map.on("preclick click popupclose", event => window.heard.push(event.type));
}}"""


def test_a_find_chosen_with_the_mouse_stays_open_and_is_no_click_on_the_map(page):
    page.evaluate(HEARD)
    for at, name in ((2, "丙村"), (0, "甲村")):
        page.locator(".dg-find input").fill("村")
        page.locator(".dg-find li").nth(at).click()
        assert page.locator(".dg-story h3").inner_text().startswith(name)
        assert not page.locator(".dg-find ul").is_visible()
    assert page.evaluate("heard") == ["popupclose"]  # of the first, for the second


def test_a_find_chosen_while_measuring_is_no_point_of_the_line(page):
    page.locator(".dg-icon-measure").click()
    page.locator(".dg-find input").fill("村")
    page.locator(".dg-find li").nth(2).click()

    page.wait_for_selector(".dg-story h3")
    assert page.locator(".leaflet-dgMeasure-pane path").count() == 0


def test_roads_and_parks_are_found_on_a_map_that_has_them(visit, paper_town):  # noqa: F811
    page, seen = visit(paper_town, viewport=WIDE)
    field = page.locator(".dg-find input")
    field.fill("纸上大道")
    assert options(page) == ["纸上大道\n道路"]
    field.press("Enter")
    page.wait_for_selector(".leaflet-popup")
    west, east = page.evaluate(f"(b => [b.getWest(), b.getEast()])({MAP}.getBounds())")
    edges = sample.roads().query("road_name == '纸上大道'").to_crs(4490).total_bounds
    assert west <= edges[0] and edges[2] <= east

    field.fill("小公园")
    field.press("Enter")
    page.locator(".dg-story h4").first.wait_for()
    assert_quiet(seen, paper_town)


def test_hostile_names_are_offered_as_they_were_written(visit, tmp_path):  # noqa: F811
    rows = {
        str(at): {"village_name": f"村{text}", "town_name": f"镇{text}"}
        for at, text in enumerate(HOSTILE[:48])
    }
    with pytest.warns(dg.errors.DeqingGeoWarning):
        types = dg.classify_villages(facts(rows))
    m = maps.add_imprint(
        dg.village_map(types), stage="会审稿", made_by=HOSTILE[1], review_number=f"1{HOSTILE[2]}"
    )
    page, seen = visit(file := dg.save_map(m, tmp_path / "hostile.html"))
    field = page.locator(".dg-find input")
    found = set()
    for text in HOSTILE[:48]:
        field.fill(f"村{text}".strip())
        found |= set(page.locator(".dg-find li span").all_text_contents())
        field.fill(f"镇{text}".strip())
        field.press("Enter")

    assert found >= {f"村{text}" for text in HOSTILE[:48] if "\n" not in text}
    line = page.locator(".dg-footer p").first.text_content()
    assert HOSTILE[1] in line and HOSTILE[2] in line
    assert page.evaluate("window.pwned") is None
    assert page.locator(".dg-find img, .dg-find script, .dg-story img").count() == 0
    assert_quiet(seen, file)


# ---------------------------------------------------------------- switches


def test_switches_stand_in_groups_that_go_on_and_off_together(page):
    heads = page.locator(".dg-group b").all_inner_texts()
    shown = (
        "() => [...document.querySelectorAll('.leaflet-control-layers-overlays label')]"
        ".map(one => [one.textContent.trim(), one.querySelector('input').checked])"
    )
    assert heads == ["结果", "规划与限制", "界线"]
    assert page.evaluate(shown) == [
        ["村庄类型", True], ["生态保护红线", False], ["永久基本农田", False], ["镇(街道)界", True],
    ]  # fmt: skip
    assert len(legend(page)) == 2

    page.get_by_role("button", name="规划与限制:全选").click()
    assert [on for _, on in page.evaluate(shown)] == [True] * 4
    assert len(legend(page)) == 4
    page.get_by_role("button", name="规划与限制:全不选").click()
    assert [on for _, on in page.evaluate(shown)] == [True, False, False, True]
    assert page.locator(".dg-group button").count() == 2  # a layer alone needs none


def test_the_legend_shows_counts_and_areas(visit, paper_town, results):  # noqa: F811
    page, _ = visit(paper_town, viewport=WIDE)
    said = page.evaluate(
        """() => [...document.querySelectorAll(".dg-key")].map(one =>
            [one.querySelector("span").textContent, (one.querySelector("em") || {}).textContent])"""
    )
    gaps = results.coverage.gaps

    assert ["公园绿地服务盲区", f"{len(gaps)} 个,{gaps['gap_ha'].sum():.2f} 公顷"] in said


# ---------------------------------------------------------------- keyboard


def test_tab_leads_to_the_map_then_to_its_areas_and_then_to_the_tools(page):
    page.keyboard.press("Tab")
    assert page.evaluate(f"document.activeElement === {MAP}.getContainer()")
    page.keyboard.press("Tab")
    assert focused(page) == "dg-walk"
    assert page.evaluate("getComputedStyle(document.activeElement).boxShadow") != "none"
    seen = []
    for _ in range(9):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.title"
        ))  # fmt: skip
        if page.evaluate("document.activeElement.tagName") != "INPUT":
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert seen[0] == "查找村(社区)、镇(街道)"
    assert seen[3:7] == ["回到全图", "全屏", "测量", "打印"]


def test_arrows_walk_through_all_areas_in_reading_order_and_say_each(page, types):
    page.locator(".dg-walk").focus()
    said = []
    for _ in range(9):
        page.keyboard.press("ArrowRight")
        said.append(page.locator(".dg-live").inner_text())

    assert [one.split(",")[0] for one in said] == types.table["village_name"].to_list()
    assert said[5] == "己村,拟列入(待征求村民意见)(6/9)"
    assert page.locator(".dg-live").get_attribute("aria-live") == "polite"
    page.keyboard.press("ArrowRight")  # the last stays the last
    assert page.locator(".dg-live").inner_text() == said[-1]
    assert page.locator(".leaflet-dgFocus-pane path").count() == 2
    page.keyboard.press("Home")
    assert page.locator(".dg-live").inner_text() == said[0]


def test_enter_opens_the_story_escape_closes_it_and_focus_returns(page):
    page.locator(".dg-walk").focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector(".dg-story h3")
    assert page.locator(".dg-story h3").inner_text() == "乙村"
    dialog = page.locator("[role=dialog]")
    assert dialog.get_attribute("aria-label") == "乙村"
    assert "leaflet-popup-content" in focused(page)

    page.keyboard.press("Escape")
    page.locator(".leaflet-popup").wait_for(state="detached")
    assert focused(page) == "dg-walk"
    page.keyboard.press("ArrowDown")
    assert page.locator(".dg-live").inner_text().startswith("丙村")


def test_what_is_switched_off_is_not_walked_through(page):
    page.locator(".leaflet-control-layers-overlays input").first.uncheck()
    page.locator(".dg-walk").focus()
    page.keyboard.press("ArrowRight")

    assert page.locator(".dg-live").inner_text() == "图上没有可查看的区域"


# ---------------------------------------------------------------- stories


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_story_lies_under_title_legend_or_footer(visit, typed, size):  # noqa: F811
    page, _ = visit(typed, viewport=size)
    page.evaluate(f"{MAP}.options.fadeAnimation = false")
    for at in (0, 1, 2, 5, 8):
        page.locator(".dg-icon-home").evaluate("node => node.click()")
        if at < 3:  # near the left edge, where the title is
            page.evaluate(f"{MAP}.setZoom(14, {{animate: false}})")
            page.evaluate(f"{MAP}.panBy([400 - {150 * at}, 300], {{animate: false}})")
        page.evaluate(f"at => [...{MAP}.dgShapes.values()][at][0].openPopup()", at)
        box = page.locator(".leaflet-popup-content-wrapper").last.bounding_box()
        for card in (
            ".dg-title",
            ".dg-footer",
            *([".dg-legend", ".dg-bar"] if size is WIDE else []),
        ):
            other = page.locator(card).bounding_box()
            right, below = other["x"] + other["width"], other["y"] + other["height"]
            beside = box["x"] + box["width"] <= other["x"] or right <= box["x"]
            apart = beside or box["y"] + box["height"] <= other["y"] or below <= box["y"]
            assert apart, (at, card, box, other)
        assert box["x"] >= 0 and box["y"] >= 0


def test_texts_can_be_selected(page):
    page.mouse.click(*pixel(page, 1300, 450))
    page.wait_for_selector(".dg-story h3")
    for what in (".dg-title h1", ".dg-footer p", ".dg-legend h2", ".dg-story h3"):
        page.locator(what).first.click(click_count=3)
        chosen = page.evaluate("getSelection().toString()").strip()
        assert chosen and chosen == page.locator(what).first.inner_text().strip(), what


def test_all_text_on_the_page_has_a_contrast_of_four_and_a_half(page):
    """As the browser computes it: colour against the nearest ground, cards as over black."""
    from tests.colours import contrast

    page.locator(".dg-find input").fill("村")
    page.locator(".dg-icon-measure").click()
    page.evaluate(f"[...{MAP}.dgShapes.values()][1][0].openPopup()")
    found = page.evaluate(
        """() => {
            const out = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            for (let node; (node = walker.nextNode());) {
                const own = node.parentElement;
                if (!node.textContent.trim() || ["SCRIPT", "STYLE"].includes(own.tagName)
                    || own.closest(".dg-label") || !own.offsetHeight) { continue; }
                let at = own, ground = "";
                while (at && !ground) {
                    const one = getComputedStyle(at).backgroundColor;
                    if (!/, 0\\)$/.test(one) && one !== "transparent") { ground = one; }
                    at = at.parentElement;
                }
                out.push([node.textContent, getComputedStyle(own).color, ground]);
            }
            return out;
        }"""
    )

    def numbers(text):
        values = [float(one) for one in text[text.index("(") + 1 : -1].split(",")]
        share = values[3] if len(values) > 3 else 1
        return share * np.array(values[:3]) / 255

    assert len(found) > 30
    for text, colour, ground in found:
        assert contrast(numbers(colour), numbers(ground)) >= 4.5, (text, colour, ground)


# ---------------------------------------------------------------- pictures kept


BLOCK = 20


def blocks(file):
    """A page in blocks of 20 pixels: what is where, and not which font wrote it."""
    pixels = image.imread(file)[..., :3]
    rows, columns = (size // BLOCK for size in pixels.shape[:2])
    cut = pixels[: rows * BLOCK, : columns * BLOCK]
    return cut.reshape(rows, BLOCK, columns, BLOCK, 3).mean(axis=(1, 3))


def alike(now, then):
    if now.shape != then.shape:
        return False
    apart = np.abs(now - then).max(axis=2)
    return apart.mean() < 0.04 and (apart > 0.25).mean() < 0.05


@pytest.mark.parametrize(
    ("name", "which", "size"),
    [("types", "typed", WIDE), ("paper_town", "paper_town", WIDE), ("narrow", "typed", NARROW)],
)
def test_a_page_looks_as_it_did(visit, request, tmp_path, name, which, size):  # noqa: F811
    """Fonts differ from machine to machine, so blocks of a page are compared and few may differ."""
    page, _ = visit(request.getfixturevalue(which), viewport=size)
    page.wait_for_timeout(200)
    page.screenshot(path=tmp_path / "now.png")
    now = blocks(tmp_path / "now.png")
    kept = PICTURES / f"{name}.png"
    if os.environ.get("DEQING_GEO_NEW_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        image.imsave(kept, np.round(now * 255) / 255)
    then = image.imread(kept)[..., :3]

    assert alike(now, then)


def test_a_page_without_its_legend_would_not_look_as_it_did(page, tmp_path):
    page.locator(".dg-legend").evaluate("node => node.remove()")
    page.evaluate(f"{MAP}.eachLayer(one => one.setStyle && one.setStyle({{fillColor: '#c00'}}))")
    page.screenshot(path=tmp_path / "now.png")

    assert not alike(blocks(tmp_path / "now.png"), image.imread(PICTURES / "types.png")[..., :3])
