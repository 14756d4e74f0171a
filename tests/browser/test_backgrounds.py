"""What lies under a map, in a browser: where it should be, and asked for only where it may.

No tile comes from a service: requests are answered here, by tiles painted in the datum the
service draws in, with marks at places known in true coordinates.
"""

import io
import math
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from PIL import Image

import deqing_geo as dg
from deqing_geo import maps, sample
from deqing_geo.shifts import wgs84_to_gcj02
from tests.browser.test_browser import HOSTILE, MAP, QUIET, assert_quiet, browser, chromium, visit

pytestmark = pytest.mark.browser
__all__ = ["QUIET", "browser", "chromium", "visit"]

# The county of Deqing and somewhat more: degrees.
COUNTY = (119.70, 30.40, 120.40, 30.72)
MIDDLE = (120.02, 30.56)
WINDOW = {"width": 1280, "height": 900}
BARE = ".leaflet-control-container, .dg-footer, .leaflet-overlay-pane { display: none !important }"
LOADED = f"""() => {{
    let seen = 0, busy = 0;
    {MAP}.eachLayer(layer => {{
        if (layer instanceof L.GridLayer) {{ seen += 1; busy += layer.isLoading() ? 1 : 0; }}
    }});
    return seen > 0 && busy === 0;
}}"""


def mercator(lon, lat, zoom):
    """Pixels of the world at a zoom."""
    size = 256 * 2**zoom
    x = (np.asarray(lon) + 180) / 360 * size
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / math.pi) / 2 * size
    return x, y


def marks(zoom, around=MIDDLE, pixels=90, across=21):
    """Places around one, in true degrees, so far apart on the screen, and a colour for each."""
    step = 360 / (256 * 2**zoom) * pixels
    at = (np.arange(across) - across // 2) * step
    lon, lat = np.meshgrid(around[0] + at, around[1] + at * math.cos(math.radians(around[1])))
    colours = [(40 + i % 40 * 5, 40 + i // 40 * 5, 200) for i in range(lon.size)]
    return lon.ravel(), lat.ravel(), colours


def packed(tile):
    out = io.BytesIO()
    Image.fromarray(tile).save(out, "PNG", compress_level=1)
    return out.getvalue()


EMPTY = packed(np.zeros((256, 256, 4), dtype=np.uint8))


class Painter:
    """Answers requests for tiles, drawn in GCJ-02 or true, with the marks it is given."""

    def __init__(self, shift):
        self.shift = shift
        self.asked = []
        self.marks = {}
        self.pixels = {}

    def mark(self, zoom, lon, lat, colours):
        self.marks[zoom] = (lon, lat, colours)
        there = wgs84_to_gcj02(lon, lat) if self.shift else (lon, lat)
        self.pixels[zoom] = np.round(np.column_stack(mercator(*there, zoom))).astype(int)
        return lon, lat, colours

    def __call__(self, route):
        self.asked.append(route.request.url)
        x, y, z = (
            int(re.search(rf"[?&]{name}=(\d+)", route.request.url)[1]) for name in ("x", "y", "z")
        )
        tile = np.zeros((256, 256, 4), dtype=np.uint8)
        at = self.pixels.get(z, np.empty((0, 2), int)) - (x * 256, y * 256)
        for which in np.flatnonzero(((at > -3) & (at < 259)).all(axis=1)):
            left, top = at[which]
            colour = (*self.marks[z][2][which], 255)
            tile[max(0, top - 2) : top + 3, max(0, left - 2) : left + 3] = colour
        route.fulfill(body=packed(tile) if tile.any() else EMPTY, content_type="image/png")


def off(page, lon, lat, colours):
    """How far, in pixels, each mark that can be seen lies from where its place is."""
    picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
    places = page.evaluate(
        f"places => places.map(([lon, lat]) => {{"
        f"const p = {MAP}.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }})",
        np.column_stack([lon, lat]).tolist(),
    )
    flat = (picture[..., 0] * 65536 + picture[..., 1] * 256 + picture[..., 2]).ravel()
    codes = np.array([red * 65536 + green * 256 + blue for red, green, blue in colours])
    order = np.argsort(codes)
    at = np.flatnonzero(np.isin(flat, codes))
    which = order[np.searchsorted(codes, flat[at], sorter=order)]
    count = np.bincount(which, minlength=len(codes))
    high, wide = picture.shape[:2]
    with np.errstate(invalid="ignore"):
        x = np.bincount(which, at % wide, len(codes)) / count + 0.5
        y = np.bincount(which, at // wide, len(codes)) / count + 0.5
    there = np.array(places)
    whole = ((there > 10) & (there < (wide - 10, high - 10))).all(axis=1) & (count > 0)
    return np.hypot(x - there[:, 0], y - there[:, 1])[whole]


def county_map():
    outline = gpd.GeoDataFrame(geometry=[shapely.box(*COUNTY)], crs=4490).to_crs(sample.CRS)
    return dg.area_map(outline.assign(zone_name="德清"), title="底图", fill=False)


def opened(browser, file, painter, hosts="**/*.is.autonavi.com/**", **options):
    """A page whose requests for tiles are answered by the painter; all others are counted."""
    context = browser.new_context(**{"viewport": WINDOW, "offline": True, **options})
    page = context.new_page()
    page.other = []
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.other.append(request.url))
    page.stopped = []
    page.on("requestfailed", lambda one: page.stopped.append((one.url, one.failure)))
    context.route("http*://**", lambda route: route.abort())
    if painter is not None:
        context.route(hosts, painter)
    page.goto(file.as_uri(), wait_until="domcontentloaded")
    # A tile that is still fading in has other colours.
    page.evaluate(f"{MAP}._fadeAnimated = false")
    return page


@pytest.fixture(scope="module")
def gaode(tmp_path_factory):
    m = maps.add_basemap(county_map(), "gaode_vec")
    return dg.save_map(m, tmp_path_factory.mktemp("maps") / "gaode.html")


def test_the_pages_shift_is_the_librarys(visit, gaode):
    page, _ = visit(gaode)
    chance = np.random.default_rng(0)
    west, south, east, north = COUNTY
    lon, lat = chance.uniform(west, east, 2000), chance.uniform(south, north, 2000)
    # Also over China and outside it.
    lon, lat = (
        np.append(lon, chance.uniform(60, 150, 500)),
        np.append(lat, chance.uniform(-5, 60, 500)),
    )
    theirs = np.array(
        page.evaluate(
            "places => places.map(([lon, lat]) => DeqingBackdrop.gcj(lon, lat))",
            np.column_stack([lon, lat]).tolist(),
        )
    )

    assert np.abs(theirs - np.column_stack(wgs84_to_gcj02(lon, lat))).max() < 1e-9


def test_shifted_tiles_lie_within_three_pixels_of_the_truth_at_every_scale(browser, gaode):
    """On a large screen, at either end of the county: at its corners a shift of one size fails."""
    painter = Painter(shift=True)
    ends = [(120.30, 30.50), (119.80, 30.62)]
    drawn = {zoom: painter.mark(zoom, *marks(zoom, ends[zoom % 2])) for zoom in range(11, 17)}
    page = opened(browser, gaode, painter, viewport={"width": 1920, "height": 1080})
    page.add_style_tag(content=BARE)
    worst = {}
    for zoom, (lon, lat, colours) in drawn.items():
        east, north = ends[zoom % 2]
        page.evaluate(f"{MAP}.setView([{north}, {east}], {zoom}, {{animate: false}})")
        page.wait_for_function(LOADED)
        found = off(page, lon, lat, colours)
        assert len(found) > 150
        worst[zoom] = float(found.max())
    page.context.close()

    assert max(worst.values()) < 3, worst
    assert page.errors == []
    assert all(url.startswith("https://webrd0") for url in painter.asked)


def test_a_map_dragged_over_the_county_takes_its_shift_along(browser, gaode):
    """One shift for the whole county would leave 47 m: at zoom 15 about ten pixels."""
    painter, zoom = Painter(shift=True), 15
    page = opened(browser, gaode, painter)
    page.add_style_tag(content=BARE)
    page.evaluate(f"{MAP}.setView([30.50, 119.80], {zoom}, {{animate: false}})")
    page.wait_for_function(LOADED)
    goal = (120.25, 30.62)
    lon, lat, colours = painter.mark(zoom, *marks(zoom, goal))
    for _ in range(60):
        left = page.evaluate(
            f"""([lon, lat]) => {{
                const map = {MAP}, at = map.latLngToContainerPoint([lat, lon]);
                const by = at.subtract(map.getSize().divideBy(2)), far = Math.hypot(by.x, by.y);
                map.panBy(by.multiplyBy(Math.min(1, 600 / far)), {{animate: false}});
                return far;
            }}""",
            list(goal),
        )
        if left < 2:
            break
    page.wait_for_function(LOADED)
    found = off(page, lon, lat, colours)
    page.context.close()

    assert len(found) > 60 and found.max() < 3


def test_tiles_of_a_true_service_are_not_shifted(browser, tmp_path):
    url = "http://10.1.2.3/tiles?x={x}&y={y}&z={z}"
    m = maps.add_basemap(county_map(), url, datum="cgcs2000", attribution="县影像")
    painter, zoom = Painter(shift=False), 13
    lon, lat, colours = painter.mark(zoom, *marks(zoom))
    page = opened(browser, dg.save_map(m, tmp_path / "own.html"), painter, "http://10.1.2.3/**")
    page.add_style_tag(content=BARE)
    page.evaluate(f"{MAP}.setView([{MIDDLE[1]}, {MIDDLE[0]}], {zoom}, {{animate: false}})")
    page.wait_for_function(LOADED)
    found = off(page, lon, lat, colours)
    page.context.close()

    assert len(found) > 60 and found.max() < 1.5


def test_without_an_answer_the_page_says_so_and_works(browser, gaode):
    page = opened(browser, gaode, None)
    page.wait_for_selector(".dg-offline")

    assert page.text_content(".dg-offline") == "底图不可用(离线):高德地图"
    # One tile was tried, and only one.
    assert len([url for url in page.other if url.startswith("http")]) == 1
    assert page.locator(".leaflet-tile").count() == 0
    assert "高德地图" in page.text_content(".dg-footer")
    # Results keep their full strength over nothing.
    assert page.evaluate(f"{MAP}.getPane('overlayPane').style.mixBlendMode") == ""
    page.locator(".leaflet-control-layers label", has_text="高德地图").click()
    assert page.locator(".dg-offline").count() == 0
    # Switched on again it is tried again, and now it answers.
    page.context.route("**/*.is.autonavi.com/**", Painter(shift=True))
    page.locator(".leaflet-control-layers label", has_text="高德地图").click()
    page.wait_for_selector(".leaflet-tile")
    assert page.locator(".dg-offline").count() == 0
    assert page.evaluate(f"{MAP}.getPane('overlayPane').style.mixBlendMode") == "multiply"
    assert page.errors == []
    page.context.close()


def test_a_service_that_never_answers_is_given_four_seconds(browser, gaode):
    page = opened(browser, gaode, lambda route: None)
    page.wait_for_timeout(2000)
    assert page.locator(".dg-offline").count() == 0

    page.wait_for_selector(".dg-offline", timeout=5000)
    page.context.close()


def test_the_page_may_ask_its_basemap_for_pictures_and_nobody_else(browser, gaode):
    page = opened(browser, gaode, Painter(shift=True))
    page.wait_for_selector(".leaflet-tile")
    before = len(page.other)
    page.evaluate(
        """() => {
            new Image().src = "https://map.example/a.png";
            new Image().src = "http://webrd01.is.autonavi.com/a.png";
            new Image().src = "https://webrd09.is.autonavi.com/a.png";
            fetch("https://webrd01.is.autonavi.com/a").catch(() => {});
        }"""
    )
    page.wait_for_timeout(300)
    asked = [url for url in page.other[before:] if "appmaptile" not in url]
    page.context.close()

    # The browser stops each before it leaves.
    assert sorted(page.stopped) == sorted((url, "csp") for url in asked)
    assert len(asked) >= 3


def test_hostile_words_of_a_basemap_stay_words(browser, tmp_path):
    m = county_map()
    url = "http://10.1.2.3/tiles?x={x}&y={y}&z={z}"
    for text in HOSTILE:
        maps.add_basemap(m, url, datum="wgs84", attribution=text, name=text)
    page = opened(browser, dg.save_map(m, tmp_path / "hostile.html"), None)
    page.wait_for_selector(".dg-offline")
    page.wait_for_function(f"document.querySelectorAll('.dg-offline').length === {len(HOSTILE)}")

    assert page.evaluate("window.pwned") is None
    said = page.locator(".dg-offline").all_text_contents()
    assert sorted(said) == sorted(f"底图不可用(离线):{text}" for text in HOSTILE)
    faded = page.locator(".dg-fade label span").all_text_contents()
    assert faded == ["专题图层", *HOSTILE]
    assert page.errors == []
    page.context.close()


# ---------------------------------------------------------------- rasters


def test_each_cell_of_a_raster_is_drawn_where_it_lies(visit, tmp_path):
    """A checkerboard of 40 km, in the colours of its cells on all sides of its crossings."""
    side, cell = 40, 1000
    board = (np.add.outer(np.arange(side), np.arange(side)) % 2 + 1).astype(np.int16)
    board[5, 7] = 3
    raster = dg.rasters.Raster(board, 480_000, 3_400_000, cell, "EPSG:4549", nodata=0)
    m = maps.add_raster(county_map(), raster, name="棋盘", classes={1: "黑", 2: "白", 3: "红"})
    page, seen = visit(file := dg.save_map(m, tmp_path / "board.html"), viewport=WINDOW)
    page.add_style_tag(content=BARE)
    page.evaluate(f"{MAP}.fitBounds([[30.36, 119.79], [30.72, 120.21]], {{animate: false}})")
    # Crossings of four cells, by the colours around them.
    rows, columns = (one.ravel() for one in np.meshgrid(range(6, side, 6), range(4, side, 6)))
    corners = gpd.GeoSeries(
        shapely.points(480_000 + columns * cell, 3_400_000 - rows * cell), crs=4549
    ).to_crs(4490)
    pixels = np.array(
        page.evaluate(
            f"places => places.map(([lon, lat]) => {{"
            f"const p = {MAP}.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }})",
            np.column_stack([corners.x, corners.y]).tolist(),
        )
    )
    picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
    wrong = 0
    for (x, y), row, column in zip(pixels, rows, columns, strict=True):
        for down, right in ((-1, -1), (-1, 0), (0, -1), (0, 0)):
            at = picture[round(y + (down + 0.5) * 12), round(x + (right + 0.5) * 12)]
            expected = "白" if board[row + down, column + right] == 2 else "黑"
            tint = {"黑": (0xF2, 0xE3, 0x94), "白": (0x9F, 0xCE, 0x8F)}[expected]
            wrong += bool(np.abs(at - tint).max() > 6)

    assert len(pixels) == 36 and wrong == 0
    assert_quiet(seen, file)


def test_the_reader_sets_how_strong_the_ground_and_the_results_are(visit, tmp_path):
    values = np.add.outer(np.arange(10.0), np.arange(40.0))
    raster = dg.rasters.Raster(values, sample.X0, sample.Y0 + 1000, 100, sample.CRS)
    m = maps.add_raster(dg.area_map(sample.villages()), raster, name="坡度", opacity=0.5)
    page, seen = visit(file := dg.save_map(m, tmp_path / "fade.html"))
    page.wait_for_selector(".dg-fade")
    assert page.locator(".leaflet-image-layer").evaluate("node => node.style.opacity") == "0.5"
    # White areas would hide it: they multiply.
    blend = f"{MAP}.getPane('overlayPane').style.mixBlendMode"
    assert page.evaluate(blend) == "multiply"

    page.locator(".dg-fade summary").click()
    page.locator(".dg-fade input").nth(1).fill("0.9")
    page.locator(".dg-fade input").nth(0).fill("0.4")

    assert page.locator(".leaflet-image-layer").evaluate("node => node.style.opacity") == "0.9"
    assert page.evaluate(f"{MAP}.getPane('overlayPane').style.opacity") == "0.4"
    page.locator(".leaflet-control-layers label", has_text="坡度").click()
    assert page.evaluate(blend) == ""
    assert_quiet(seen, file)
