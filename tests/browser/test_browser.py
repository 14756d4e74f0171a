"""Saved maps in a browser: they ask for nothing, run no name as code, and show what was measured.

Pages are opened from the disk in a context without a network. Figures are compared with the
results they were drawn from, texts with the texts that were put in.
"""

import os
import shutil
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import folium
import geopandas as gpd
import numpy as np
import pytest
import shapely
from playwright.sync_api import sync_playwright

import deqing_geo as dg
from deqing_geo import columns, sample
from deqing_geo.rasters import Raster

pytestmark = pytest.mark.browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
MAP = "window[Object.keys(window).find(name => /^map_[0-9a-f]+$/.test(name))]"
# Everything a reader can make appear on the map, opened one by one.
OPEN_ALL = f"""() => {{
    const map = {MAP}, seen = [];
    map.options.fadeAnimation = false;
    map.eachLayer(layer => {{
        if (!(layer instanceof L.Polyline)) {{ return; }}
        const found = {{area: layer instanceof L.Polygon, tip: null, popup: null}};
        if (layer.getTooltip()) {{
            layer.openTooltip();
            found.tip = [...layer.getTooltip().getElement().children[0].children]
                .map(node => node.textContent);
            layer.closeTooltip();
        }}
        if (layer.getPopup()) {{
            layer.openPopup();
            const heading = layer.getPopup().getElement().querySelector("h3");
            found.popup = heading && heading.textContent;
            layer.closePopup();
        }}
        seen.push(found);
    }});
    return seen;
}}"""

RUN = "window.pwned=1"
MKDIR = '{{ cycler.__init__.__globals__.os.mkdir("pwned") }}'
HOSTILE = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</SCRIPT ><script>{RUN}//",
    f"<!--<script>{RUN}</script>-->",
    f"--><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</div></div><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'"><img src=x onerror="{RUN}">',
    f"'><img src=x onerror='{RUN}'>",
    f"<svg onload={RUN}>",
    f"<svg/onload={RUN}//",
    f"<svg><script>{RUN}</script></svg>",
    f"<math><mi xlink:href='javascript:{RUN}'>x</mi></math>",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f'<iframe srcdoc="<script>parent.{RUN[7:]}</script>"></iframe>',
    f'<iframe src="javascript:parent.{RUN[7:]}"></iframe>',
    f'<a href="javascript:{RUN}">二都村</a>',
    '<object data="https://map.example/a"></object>',
    '<link rel="stylesheet" href="https://map.example/a.css"/>',
    '<script src="https://map.example/a.js"></script>',
    '<img src="https://map.example/a.png">',
    '<meta http-equiv="refresh" content="0;url=https://map.example">',
    '<base href="https://map.example/">',
    "@import 'https://map.example/a.css';",
    f"javascript:{RUN}",
    f"${{{RUN}}}",
    f"`${{{RUN}}}`",
    f"`;{RUN};`",
    f"';{RUN};'",
    f'";{RUN};"',
    f"\\';{RUN};//",
    f'\\";{RUN};//',
    f"*/{RUN}/*",
    f"\n{RUN}\n//",
    f"\u2028{RUN}\u2029",
    f"'-({RUN})-'",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    MKDIR,
    f"{{% set a = {MKDIR[3:-3]} %}}",
    "{% for a in (1, 2) %}二都村",
    "{#备注",
    "{{村}}",
    "{% raw %}",
    "#{7*7} <%= 7*7 %> ${7*7}",
    "&lt;b&gt;&#60;&amp;&nbsp;&quot;",
    "&#x3c;script&#x3e;",
    "C:\\new\\u0041\\x41\\",
    "\"'`\\/<>&${}",
    "\u202e村都二\u202c",
    "\u200b\u200d\ufeff零宽",
    "\U0001f3d8️𠮷村",
    "constructor",
    "<!--asset 0-->",
    "0123456789abcdef0123456789abcdef",
    "很长的名字" * 400,
]
# One of Paper Town's parks is too small to count.
COVERAGE_ENTRIES = [
    ["服务半径覆盖范围"],
    ["已覆盖居住用地"],
    ["公园绿地服务盲区"],
    ["公园绿地", "公园绿地(不计入)"],
]


def chromium():
    """The browser of this machine; a machine that builds must have one."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    if os.environ.get("CI"):
        pytest.fail(f"none of {', '.join(NAMES)} is installed")
    return pytest.skip(f"none of {', '.join(NAMES)} is installed")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield opened
        opened.close()


class Visits:
    """Opens files from the disk without a network and writes down all that happens."""

    def __init__(self, browser):
        self.browser = browser
        self.usual = None

    def __call__(self, file, **options):
        """A page with the file, in the usual window or in one of its own."""
        if options:
            page = self._window(**options)
        else:
            page = self.usual = self.usual or self._window(viewport={"width": 1280, "height": 860})
        self.seen = SimpleNamespace(requests=[], failed=[], said=[], errors=[], dialogs=[])
        page.goto(Path(file).as_uri())
        return page, self.seen

    def _window(self, **options):
        page = self.browser.new_context(offline=True, **options).new_page()
        page.on("request", lambda request: self.seen.requests.append(request.url))
        page.on("requestfailed", lambda request: self.seen.failed.append(request.url))
        page.on("console", lambda said: self.seen.said.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: self.seen.errors.append(str(error)))
        page.on("dialog", self._dismiss)
        return page

    def _dismiss(self, dialog):
        self.seen.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture(scope="module")
def visit(browser):
    return Visits(browser)


def assert_quiet(seen, *files):
    """Nothing asked for but the files, nothing failed, nothing said."""
    assert seen.requests == [Path(file).as_uri() for file in files]
    assert (seen.failed, seen.said, seen.errors, seen.dialogs) == ([], [], [], [])


@pytest.fixture(scope="module")
def results():
    villages, roads = sample.villages(), sample.roads()
    return SimpleNamespace(
        villages=villages,
        roads=roads,
        density=dg.road_density(villages, roads),
        coverage=dg.park_coverage(villages, sample.parks(), sample.homes()),
    )


@pytest.fixture(scope="module")
def paper_town(results, tmp_path_factory):
    """A map with everything on it, as a file."""
    m = dg.area_map(results.villages, title="纸上镇")
    m = dg.add_density(m, results.density)
    m = dg.add_roads(m, results.roads, by=results.density.definition)
    m = dg.add_coverage(m, results.coverage)
    return dg.save_map(m, tmp_path_factory.mktemp("maps") / "paper town.html")


def pixel(page, x, y):
    """Where on the screen a place of Paper Town is, in metres from its south-west corner."""
    place = gpd.GeoSeries([shapely.Point(sample.X0 + x, sample.Y0 + y)], crs=sample.CRS).to_crs(
        4490
    )[0]
    found = page.evaluate(
        f"([lat, lng]) => {MAP}.latLngToContainerPoint([lat, lng])", [place.y, place.x]
    )
    return found["x"], found["y"]


def legend(page):
    """The sections of the legend that can be seen: heading and entries."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".dg-legend section")]
            .filter(section => section.offsetHeight > 0)
            .map(section => [section.querySelector("h2").textContent,
                [...section.querySelectorAll(".dg-key span")].map(node => node.textContent)])"""
    )


# ---------------------------------------------------------------- asking for nothing


def test_an_opened_map_asks_for_nothing_but_itself_and_says_nothing(visit, paper_town):
    page, seen = visit(paper_town)
    page.wait_for_load_state("networkidle")

    assert_quiet(seen, paper_town)
    assert page.locator("canvas").count() == 1


def test_using_a_map_asks_for_nothing_either(visit, paper_town):
    page, seen = visit(paper_town)
    page.evaluate(OPEN_ALL)
    page.locator(".leaflet-control-zoom-in").click()
    page.mouse.move(640, 430)
    page.mouse.wheel(0, 300)
    page.mouse.dblclick(700, 400)
    page.wait_for_load_state("networkidle")

    assert_quiet(seen, paper_town)


def test_a_marker_with_its_picture_and_popup_opens_offline(visit, results, tmp_path):
    m = dg.area_map(results.villages)
    folium.Marker([30.545, 120.02], popup="<b>镇政府</b>", tooltip="此处").add_to(m)
    file = dg.save_map(m, tmp_path / "marker.html")

    page, seen = visit(file)
    page.locator("img.leaflet-marker-icon").click()
    page.wait_for_selector(".leaflet-popup-content b")

    assert page.text_content(".leaflet-popup-content b") == "镇政府"
    pictures = page.evaluate("[...document.images].map(one => [one.naturalWidth, one.src])")
    assert len(pictures) == 2  # the pin and its shadow
    assert all(width > 0 and src.startswith("data:image/png") for width, src in pictures)
    assert_quiet(seen, file)


# ---------------------------------------------------------------- hostile text


def hostile_map(text, tmp_path):
    """A map with one text in every place where a text can stand."""
    villages, roads, parks, homes = (
        sample.villages(),
        sample.roads(),
        sample.parks(),
        sample.homes(),
    )
    villages["village_name"] = [text, None, "丙村", "丁村"]
    villages.index = ["A", text, "C", "D"]
    villages["source"], villages["as_of"] = text, "2025-12-31"
    villages.attrs["notice"] = text
    roads["road_name"] = text
    parks["park_name"] = text
    m = dg.area_map(villages, title=text)
    m = dg.add_density(m, dg.road_density(villages, roads))
    m = dg.add_roads(m, roads)
    m = dg.add_coverage(m, dg.park_coverage(villages, parks, homes))
    folium.FeatureGroup(name=text).add_to(m)
    return dg.save_map(m, tmp_path / "hostile.html")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_is_shown_as_it_was_written_and_does_nothing(visit, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = hostile_map(text, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["hostile.html"]

    page, seen = visit(file)
    found = page.evaluate(OPEN_ALL)
    shown = page.evaluate(
        """() => ({
            title: document.querySelector(".dg-title h1").textContent,
            labels: [...document.querySelectorAll(".dg-label")].map(node => node.textContent),
            layer: [...document.querySelectorAll(".leaflet-control-layers-overlays label")]
                .at(-1).textContent,
            footer: [...document.querySelectorAll(".dg-footer p")].map(node => node.textContent),
            pwned: window.pwned,
            foreign: [...document.body.querySelectorAll(
                "script, style, iframe, object, embed, link, base, meta, svg, math, img, "
                + "details, textarea, title, "
                + "input:not(.leaflet-control-layers-selector):not([type=search])")]
                .map(node => node.tagName),
        })"""
    )

    assert shown["title"] == text
    assert shown["labels"] == [text, text, "丙村", "丁村"]
    assert shown["layer"] == f" {text}"
    assert f"{columns.word('map.sources')}:{text},2025-12-31" in shown["footer"]
    assert any(text in line and "路网密度:" in line for line in shown["footer"])
    heads = [one["popup"] for one in found if one["popup"] is not None]
    assert heads.count(text) >= 2 * 2  # A and the one without a name, in two layers
    assert set(heads) == {text, "丙村", "丁村"}
    roads = [one["tip"][0] for one in found if not one["area"]]
    assert roads == [text] * 6
    assert sum(bool(one["tip"]) and one["tip"][0] == text for one in found if one["area"]) >= 7
    assert shown["foreign"] == ["SCRIPT"]  # the page's own
    assert shown["pwned"] is None
    assert_quiet(seen, file)


def test_a_handler_in_a_popup_of_the_users_own_does_not_run(visit, results, tmp_path):
    m = dg.area_map(results.villages)
    trap = f'<img src=x onerror="{RUN}"><b>陷阱</b>'
    folium.CircleMarker([30.545, 120.02], popup=folium.Popup(trap)).add_to(m)
    file = dg.save_map(m, tmp_path / "trap.html")
    html = file.read_text(encoding="utf-8")
    policy = html[html.index("<meta http-equiv") : html.index("/>", html.index("<meta")) + 2]
    unguarded = tmp_path / "unguarded.html"
    unguarded.write_text(html.replace(policy, ""), encoding="utf-8")
    spring = f"() => {MAP}.eachLayer(one => one instanceof L.CircleMarker && one.openPopup())"

    page, seen = visit(unguarded)
    page.evaluate(spring)
    page.wait_for_function("window.pwned === 1")  # without the policy the trap snaps

    page, seen = visit(file)
    page.evaluate(spring)
    page.wait_for_selector(".leaflet-popup-content b")
    page.wait_for_timeout(300)
    assert page.locator(".leaflet-popup-content img").count() == 1
    assert page.evaluate("window.pwned") is None
    assert seen.errors == []


# ---------------------------------------------------------------- what is shown


def test_the_title_headlines_and_warning_stand_on_the_map(visit, paper_town, results):
    page, _ = visit(paper_town)
    card = page.locator(".dg-title")

    assert page.title() == "纸上镇"
    assert card.locator("h1").inner_text() == "纸上镇"
    assert card.locator("p").all_inner_texts() == [
        f"路网密度 {results.density.headline}",
        f"公园绿地服务半径覆盖率 {results.coverage.headline}",
        columns.word("notice.schematic"),
    ]
    assert card.is_visible()


def test_the_footer_carries_definitions_notices_and_marks(visit, paper_town, results):
    page, _ = visit(paper_town)
    footer = page.locator(".dg-footer")
    text = footer.inner_text()

    assert footer.is_visible()
    assert results.density.definition.line in text
    assert results.coverage.definition.line in text
    assert "未合并双线,偏高" in text
    for mark in ("internal", "not_public", "boundary"):
        assert columns.word(f"map.{mark}") in text


def test_the_legend_shows_the_classes_of_the_data(visit, paper_town, results):
    page, _ = visit(paper_town)
    words = columns.vocabulary("road_class")
    counts = results.density.definition.counts["roads"]
    present = set(results.roads["road_class"])
    classes = [
        f"{label}{'' if word in counts else '(不计入)'}"
        for word, label in words.items()
        if word in present
    ]

    sections = legend(page)
    assert sections[0] == ["路网密度", ["0 - 0.5", "0.5 - 1", "1 - 1.5", "1.5 - 2"]]
    assert sections[1] == [
        columns.word("layer.roads"),
        [*classes, "在建、规划(虚线,不计入)"],
    ]
    assert sections[2:] == [["", entries] for entries in COVERAGE_ENTRIES]


def test_the_scale_is_metric(visit, paper_town):
    page, _ = visit(paper_town)
    lines = page.locator(".leaflet-control-scale-line").all_inner_texts()

    assert len(lines) == 1
    assert lines[0].split()[-1] in ("m", "km")


def test_the_map_shows_the_whole_town(visit, paper_town):
    page, _ = visit(paper_town)
    footer = page.locator(".dg-footer").bounding_box()
    beside = page.locator(".dg-legend").bounding_box()
    west, south = pixel(page, 0, 0)
    east, north = pixel(page, 4000, 1000)

    assert beside["x"] + beside["width"] < west < east < 1280
    assert 0 < north < south < footer["y"]


def test_a_layer_switched_off_takes_its_legend_with_it(visit, paper_town):
    page, seen = visit(paper_town)
    switches = page.locator(".leaflet-control-layers-overlays label")
    names = [text.strip() for text in switches.all_inner_texts()]
    before = legend(page)
    assert names == [
        columns.word(f"layer.{one}")
        for one in ("density", "roads", "service_area", "served", "gaps", "parks", "areas")
    ]

    for at, name in enumerate(names[:-1]):
        switch = switches.nth(at).locator("input")
        switch.uncheck()
        assert legend(page) == before[:at] + before[at + 1 :], name
        switch.check()
        assert legend(page) == before, name
    for at in range(len(names)):
        switches.nth(at).locator("input").uncheck()
    assert legend(page) == []
    assert not page.locator(".dg-legend").is_visible()
    assert_quiet(seen, paper_town)


@pytest.mark.parametrize(
    ("label", "name", "place"),
    [("A", "甲村", (900, 930)), ("B", "乙村", (1300, 60)), ("D", "丁村", (3600, 500))],
)
def test_a_click_on_an_area_tells_the_figures_of_the_result(
    visit, paper_town, results, label, name, place
):
    page, _ = visit(paper_town)
    page.mouse.click(*pixel(page, *place))
    page.wait_for_selector(".dg-story")
    story = page.locator(".dg-story")
    rows = [
        [cell.strip() for cell in line.split("\t")]
        for line in "\n".join(story.locator("table").all_inner_texts()).splitlines()
    ]
    told = dict(rows)
    density = results.density.table.loc[label]
    coverage = results.coverage.table.loc[label]

    assert story.locator("h3").inner_text() == name
    assert story.locator("h4").all_inner_texts() == ["路网密度", "公园绿地服务半径覆盖率"]
    assert told["路网密度"] == f"{density['road_density']:.2f} 公里/平方公里"
    assert told["道路长度"] == f"{density['road_km']:.2f} 公里"
    assert told["土地面积"] == f"{density['area_km2']:.2f} 平方公里"
    share = coverage["park_coverage"]
    assert told["公园绿地服务半径覆盖率"] == ("无居住用地" if label == "D" else f"{share:.2%}")
    for column in ("demand_ha", "served_ha", "gap_ha"):
        assert told[columns.label(column)] == f"{coverage[column]:.2f} 公顷"


def test_a_hover_names_the_road(visit, paper_town):
    page, _ = visit(paper_town)
    page.mouse.move(*pixel(page, 2700, 510))
    page.mouse.move(*pixel(page, 2700, 500))
    page.wait_for_selector(".leaflet-tooltip:not(.dg-label)")

    tip = page.locator(".leaflet-tooltip:not(.dg-label)")
    assert tip.inner_text().splitlines() == ["纸上大道", "主干路", "现状"]


def test_labels_that_would_cover_each_other_give_way(visit, tmp_path):
    squares = [shapely.box(x, 0, x + 10, 10) for x in range(0, 400, 10)]
    many = gpd.GeoDataFrame(
        {"village_name": [f"第{at}村民小组" for at in range(40)]},
        geometry=[shapely.affinity.translate(one, sample.X0, sample.Y0) for one in squares],
        crs=sample.CRS,
    )
    page, _ = visit(dg.save_map(dg.area_map(many), tmp_path / "many.html"))
    boxes = page.evaluate(
        """() => [...document.querySelectorAll(".dg-label:not(.dg-hidden)")]
            .map(node => node.getBoundingClientRect()).map(box => [box.left, box.right])"""
    )

    assert 1 < len(boxes) < 40
    boxes.sort()
    assert all(left[1] <= right[0] for left, right in pairwise(boxes))


# ---------------------------------------------------------------- other ways to look


def test_printing_keeps_the_footer(visit, paper_town):
    page, _ = visit(paper_town, viewport={"width": 1100, "height": 780})
    page.emulate_media(media="print")

    box = page.locator(".dg-footer").bounding_box()
    assert page.locator(".dg-footer").is_visible()
    assert box["height"] > 20 and box["y"] + box["height"] <= 780
    assert page.locator(".dg-title h1").is_visible()
    assert page.locator(".dg-legend").is_visible()
    assert not page.locator(".leaflet-control-layers").is_visible()
    assert not page.locator(".leaflet-control-zoom").is_visible()


def test_a_narrow_screen_keeps_title_and_footer(visit, paper_town):
    page, seen = visit(paper_town, viewport={"width": 400, "height": 740})

    for part in (".dg-title h1", ".dg-footer"):
        box = page.locator(part).bounding_box()
        assert page.locator(part).is_visible()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 400
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    west, _ = pixel(page, 0, 0)
    east, _ = pixel(page, 4000, 1000)
    assert 0 <= west < east <= 400
    # The switches fold away and open on demand.
    switches = page.locator(".leaflet-control-layers-overlays")
    assert not switches.is_visible()
    folded = page.locator(".leaflet-control-layers-toggle").bounding_box()
    page.mouse.move(folded["x"] + 10, folded["y"] + 10)
    assert switches.is_visible()
    assert_quiet(seen, paper_town)


def test_a_notebook_shows_the_map_in_its_frame(visit, results, tmp_path):
    m = dg.add_density(dg.area_map(results.villages, title="纸上镇"), results.density)
    cell = tmp_path / "notebook.html"
    cell.write_text(
        f'<!doctype html><meta charset="utf-8"><body>{m._repr_html_()}</body>', encoding="utf-8"
    )

    page, seen = visit(cell)
    page.wait_for_load_state("networkidle")
    frame = page.frames[1]
    assert frame.text_content(".dg-title h1") == "纸上镇"
    assert frame.locator(".dg-footer").is_visible()
    assert frame.locator("canvas").count() == 1
    assert_quiet(seen, cell)


def test_an_empty_layer_says_so_and_breaks_nothing(visit, results, tmp_path):
    coverage = dg.park_coverage(results.villages, sample.parks().iloc[:0], sample.homes())
    m = dg.add_coverage(dg.area_map(results.villages), coverage)
    page, seen = visit(file := dg.save_map(m, tmp_path / "empty.html"))
    nothing = columns.word("map.nothing")

    assert [entries for _, entries in legend(page)] == [
        [f"{columns.word('layer.service_area')}({nothing})"],
        [f"{columns.word('layer.served')}({nothing})"],
        [columns.word("layer.gaps")],
        [f"{columns.word('layer.parks')}({nothing})"],
    ]
    assert_quiet(seen, file)


def test_a_layer_added_after_a_rendering_is_on_the_map(visit, results, tmp_path):
    m = dg.area_map(results.villages, title="纸上镇")
    m.get_root().render()
    dg.add_coverage(m, results.coverage)
    page, seen = visit(file := dg.save_map(m, tmp_path / "late.html"))

    assert [entries for _, entries in legend(page)] == COVERAGE_ENTRIES
    assert page.locator(".leaflet-control-layers-overlays label").count() == 5
    assert_quiet(seen, file)


# ---------------------------------------------------------------- what stands around a result


@pytest.fixture(scope="module")
def page_of_all(tmp_path_factory):
    """Paper Town on a plane that covers just its outline, with points in it."""
    plane = np.add.outer(np.arange(10.0), np.arange(40.0))
    terrain = Raster(plane, sample.X0, sample.Y0 + 1000, 100, sample.CRS)
    points = gpd.GeoDataFrame(
        {"facility_class": ["clinic"] * len(HOSTILE), "facility_name": HOSTILE},
        geometry=shapely.points(sample.X0 + 100.0 + np.arange(len(HOSTILE)), sample.Y0 + 500.0),
        crs=sample.CRS,
    )
    m = dg.area_map(sample.villages(), fill=False)
    m = dg.add_terrain(m, terrain)
    m = dg.add_layer(m, sample.homes(), "home")
    m = dg.add_layer(m, points, "facility", name=HOSTILE[0])
    m = dg.add_layer(m, sample.town(), "town", labels=True)
    return dg.save_map(m, tmp_path_factory.mktemp("maps") / "ground.html")


def test_it_asks_for_nothing_and_runs_no_name(visit, page_of_all):
    page, seen = visit(page_of_all)
    opened = page.evaluate(OPEN_ALL.replace("L.Polyline", "L.Path"))
    page.wait_for_load_state("networkidle")

    assert_quiet(seen, page_of_all)
    assert page.evaluate("window.pwned") is None
    told = [one["tip"][0] for one in opened if one["tip"] and len(one["tip"]) == 2]
    assert sorted(told[: len(HOSTILE)]) == sorted(HOSTILE)


def test_the_ground_lies_under_the_shapes_and_where_its_cells_are(visit, page_of_all):
    page, _ = visit(page_of_all)
    image = page.locator(".leaflet-image-layer").bounding_box()
    edges = sample.town().to_crs(4490).total_bounds
    left, bottom = page.evaluate(
        f"([x, y]) => {{ const p = {MAP}.latLngToContainerPoint([y, x]); return [p.x, p.y]; }}",
        [float(edges[0]), float(edges[1])],
    )
    right, top = page.evaluate(
        f"([x, y]) => {{ const p = {MAP}.latLngToContainerPoint([y, x]); return [p.x, p.y]; }}",
        [float(edges[2]), float(edges[3])],
    )

    assert image["x"] == pytest.approx(left, abs=2)
    assert image["y"] == pytest.approx(top, abs=2)
    assert image["width"] == pytest.approx(right - left, abs=2)
    assert image["height"] == pytest.approx(bottom - top, abs=2)
    order = page.evaluate(
        f"['dgGround', 'overlayPane'].map(n => Number(getComputedStyle({MAP}.getPane(n)).zIndex))"
    )
    assert order[0] < order[1]


def test_the_ground_can_be_switched_off_and_its_legend_goes_with_it(visit, page_of_all):
    page, _ = visit(page_of_all)
    assert "地形" in [heading for heading, _ in legend(page)]

    page.locator(".leaflet-control-layers label", has_text="地形").click()

    assert page.locator(".leaflet-image-layer").count() == 0
    assert "地形" not in [heading for heading, _ in legend(page)]


# ---------------------------------------------------------------- village types


def test_a_village_is_found_by_name_and_tells_its_story(visit, tmp_path):
    from tests.test_village_map import facts

    with pytest.warns(dg.errors.DeqingGeoWarning):
        types = dg.classify_villages(facts())
    file = dg.save_map(dg.village_map(types, title="九村"), tmp_path / "types.html")
    page, seen = visit(file, viewport={"width": 1280, "height": 860})
    field = page.locator(".dg-find input")
    field.fill("己村")
    field.press("Enter")
    page.wait_for_selector(".dg-story h3")

    assert page.text_content(".dg-story h3") == "己村"
    assert types.table.loc["F", "reason"] in page.text_content(".dg-story")
    box = page.locator(".leaflet-popup-content").bounding_box()
    foot = page.locator(".dg-footer").bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= foot["y"]
    field.fill("无此村")
    field.press("Enter")
    assert page.evaluate("document.querySelector('.dg-find input').validationMessage") == "没有找到"
    ((head, entries),) = legend(page)
    assert head == "村庄类型" and entries[0] == "城郊融合类 1"
    assert_quiet(seen, file)


def test_a_relocation_is_hatched_and_what_waits_is_dotted(visit, tmp_path):
    """Without its pattern an area is of one colour; with it, of two or more."""
    from tests.test_village_map import facts

    with pytest.warns(dg.errors.DeqingGeoWarning):
        types = dg.classify_villages(facts())
    file = dg.save_map(dg.village_map(types), tmp_path / "types.html")
    page, _ = visit(file, viewport={"width": 1280, "height": 860})

    def colours(x):
        left, top = pixel(page, x, 620)
        return page.evaluate(
            """([left, top]) => {
                const canvas = document.querySelector("canvas");
                const box = canvas.getBoundingClientRect();
                const scale = canvas.width / box.width;
                const data = canvas.getContext("2d").getImageData(
                    (left - box.left) * scale, (top - box.top) * scale, 24, 24).data;
                const seen = new Set();
                for (let i = 0; i < data.length; i += 4) {
                    seen.add([data[i] >> 4, data[i + 1] >> 4, data[i + 2] >> 4].join());
                }
                return seen.size;
            }""",
            [left, top],
        )

    plain, hatched, dotted = (colours(900 * at + 150) for at in (2, 4, 6))
    assert plain == 1 and hatched > 1 and dotted > 1


# ---------------------------------------------------------------- faults


@pytest.fixture(scope="module")
def fault_page(tmp_path_factory):
    from tests.test_fault_map import received

    villages = received()
    # As in a county: 60 km from edge to edge.
    edge = shapely.Point(sample.X0, sample.Y0).buffer(30_000)
    view = gpd.GeoDataFrame(geometry=[edge], crs=sample.CRS)
    m = dg.fault_map(dg.check_boundaries(villages), villages, view=view)
    return dg.save_map(m, tmp_path_factory.mktemp("maps") / "faults.html")


def items(page):
    """The list of faults: what each line says."""
    return page.locator(".dg-list li b").all_text_contents()


def test_a_strip_too_thin_to_see_has_a_circle_that_becomes_a_ring_when_near(visit, fault_page):
    """0.3 m of gap are less than a hundredth of a pixel at the scale of the county."""
    page, _ = visit(fault_page)
    look = f"""() => {{
        const map = {MAP};
        const [mark] = map.dgMarks.find(([mark]) => mark.options.ring === "#1f6fd0");
        const at = map.latLngToContainerPoint(mark.getLatLng());
        const drawn = map.getContainer().querySelector("canvas");
        const box = drawn.getBoundingClientRect(), scale = drawn.width / box.width;
        const pixel = drawn.getContext("2d").getImageData(
            (at.x - box.left) * scale, (at.y - box.top) * scale, 1, 1).data;
        return [mark.options.radius, mark.options.fillOpacity, [...pixel].slice(0, 3)];
    }}"""
    radius, opacity, pixel_of = page.evaluate(look)
    assert radius == 7 and opacity == 1 and pixel_of == [31, 111, 208]

    page.locator(".dg-list li button", has_text="面缝隙").click()
    radius, opacity, *_ = page.evaluate(look)
    assert radius == 7 and opacity < 0.1


def test_the_list_leads_to_a_fault_and_opens_its_story(visit, fault_page):
    page, _ = visit(fault_page)
    zoom = page.evaluate(f"{MAP}.getZoom()")
    page.locator(".dg-list li button", has_text="面重叠").click()
    page.wait_for_selector(".dg-story h3")

    told = page.text_content(".dg-story")
    assert "面重叠" in page.text_content(".dg-story h3")
    for text in ("甲村", "乙村", "2000.00 平方米", "错误"):
        assert text in told
    assert zoom + 1 < page.evaluate(f"{MAP}.getZoom()") <= 18
    box = page.locator(".leaflet-popup-content").bounding_box()
    foot = page.locator(".dg-footer").bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= foot["y"]


def test_a_click_on_the_circle_tells_the_fault_and_not_the_village_below(visit, fault_page):
    page, _ = visit(fault_page)
    page.evaluate(f"{MAP}.setZoom(13, {{animate: false}})")
    x, y = pixel(page, 999, 500)
    page.mouse.click(x, y)
    page.wait_for_selector(".dg-story h3")

    assert "面重叠" in page.text_content(".dg-story h3")


def test_a_fault_that_is_nowhere_tells_so_where_one_is(visit, fault_page):
    page, seen = visit(fault_page)
    before = page.evaluate(f"{MAP}.getZoom()")
    page.locator(".dg-list li button", has_text="空图形").click()
    page.wait_for_selector(".dg-story h3")

    assert "图上没有位置" in page.text_content(".dg-story")
    assert not page.locator(".leaflet-popup-tip-container").is_visible()
    assert page.evaluate(f"{MAP}.getZoom()") == before
    assert_quiet(seen, fault_page)


def test_a_fault_is_found_by_its_number_and_a_switched_off_kind_comes_back(visit, fault_page):
    page, _ = visit(fault_page)
    page.evaluate(
        f"() => {{ for (const [, group] of {MAP}.dgShapes.values()) {{ group.remove(); }} }}"
    )
    first = items(page)[0]
    field = page.locator(".dg-find input")
    field.fill(first.split(" ")[0])
    field.press("Enter")
    page.wait_for_selector(".dg-story h3")

    assert page.text_content(".dg-story h3") == first
    field.fill("庚村")
    field.press("Enter")
    page.wait_for_timeout(300)  # the earlier story fades
    assert page.locator(".dg-story h3").all_text_contents()[-1] == "庚村"
    assert "空图形" in page.locator(".dg-story").last.text_content()


def test_the_list_stays_clear_of_the_map_and_folds_on_a_narrow_screen(visit, fault_page):
    page, _ = visit(fault_page)
    right = pixel(page, 30_000, 0)[0]
    assert right < page.locator(".dg-list").bounding_box()["x"]
    heads = [section[0] for section in legend(page) if section[0]]
    assert [head.split(" ")[0] for head in heads] == ["错误", "提示"]

    page, seen = visit(fault_page, viewport={"width": 400, "height": 740})
    assert not page.locator(".dg-list ol").is_visible()
    page.locator(".dg-fold").click()
    assert page.locator(".dg-list ol").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert_quiet(seen, fault_page)


def test_hostile_texts_in_every_slot_of_a_fault_stay_texts(visit, tmp_path, monkeypatch):
    from tests.test_fault_map import made_of

    monkeypatch.chdir(tmp_path)
    square = shapely.box(sample.X0, sample.Y0, sample.X0 + 10, sample.Y0 + 10)
    rows = [("overlap", "error", [text], 1.0, "m2", square) for text in HOSTILE]
    report = made_of(rows, notices=tuple(HOSTILE), origins=tuple(HOSTILE))
    for column in ("town_name", "fault_names", "says_zh"):
        report.table[column] = HOSTILE
    report.table.index = HOSTILE
    villages = gpd.GeoDataFrame(
        {"village_name": HOSTILE, "town_name": HOSTILE},
        geometry=shapely.box(sample.X0 + np.arange(len(HOSTILE)) * 100.0, sample.Y0,
                             sample.X0 + np.arange(len(HOSTILE)) * 100.0 + 100, sample.Y0 + 100),
        index=HOSTILE,
        crs=sample.CRS,
    )  # fmt: skip
    file = dg.save_map(dg.fault_map(report, villages, title=HOSTILE[0]), tmp_path / "hostile.html")
    page, seen = visit(file)
    found = page.evaluate(OPEN_ALL.replace("L.Polyline", "L.Path"))
    for text in HOSTILE[:3]:
        page.locator(".dg-list li button").nth(HOSTILE.index(text)).click()

    assert page.evaluate("window.pwned") is None
    foreign = page.evaluate(
        """() => [...document.body.querySelectorAll(
            "script, style, iframe, object, embed, link, base, meta, svg, math, img, details, "
            + "textarea, title, input:not(.leaflet-control-layers-selector):not([type=search])")]
            .map(node => node.tagName)"""
    )
    assert foreign == ["SCRIPT"] * foreign.count("SCRIPT")
    assert page.text_content(".dg-title h1") == HOSTILE[0]
    heads = [one["popup"] for one in found if one["popup"] is not None]
    assert sorted(set(heads)) == sorted(set(HOSTILE) | {f"#{text} 面重叠" for text in HOSTILE})
    assert page.locator(".dg-list li b").all_text_contents() == [
        f"#{text} 面重叠" for text in HOSTILE
    ]
    assert [one.name for one in tmp_path.iterdir()] == ["hostile.html"]
    assert_quiet(seen, file)


# ---------------------------------------------------------------- numbers of sites


def test_the_number_of_a_site_stands_in_its_circle_and_the_list_leads_there(
    visit, results, tmp_path
):
    siting = dg.suggest_parks(results.coverage, target=0.9, grid_m=100)
    m = dg.add_sites(
        dg.add_coverage(dg.area_map(results.villages, title="选址"), results.coverage), siting
    )
    page, seen = visit(dg.save_map(m, tmp_path / "sites.html"))
    page.wait_for_load_state("networkidle")
    numbers = page.evaluate(
        """() => [...document.querySelectorAll(".dg-number")].map(node => {
            const box = node.getBoundingClientRect();
            return [node.textContent, (box.left + box.right) / 2, (box.top + box.bottom) / 2];
        })"""
    )

    assert [text for text, *_ in numbers] == [str(rank) for rank in siting.sites.index]
    for (_, x, y), site in zip(numbers, siting.sites.itertuples(), strict=True):
        place = pixel(page, site.easting - sample.X0, site.northing - sample.Y0)
        assert abs(place[0] - x) < 3 and abs(place[1] - y) < 3
    page.locator(".dg-list li button").first.click()
    assert "新增覆盖居住用地" in page.locator(".dg-story").inner_text()
    assert seen.errors == []
