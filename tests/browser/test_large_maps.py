"""Large pages in a browser: they inflate what was deflated, write names where there is room, and
tell of every shape what a small page would."""

import base64
import json
import zlib
from itertools import combinations

import geopandas as gpd
import numpy as np
import pytest
import shapely

import deqing_geo as dg
from deqing_geo.maps import packing
from deqing_geo.maps import page as page_module
from deqing_geo.maps.packing import packed
from deqing_geo.maps.page import _text
from tests import tilings
from tests.browser.test_browser import HOSTILE, MAP, OPEN_ALL, assert_quiet, browser, visit
from tests.test_maps import drawn, html_of, told

pytestmark = pytest.mark.browser
__all__ = ["browser", "visit"]

WIDE, HIGH, SIDE = 60, 42, 300.0


@pytest.fixture(scope="module")
def page_of_many(tmp_path_factory):
    """2,520 villages with their density, and a few streets that are not shown at first."""
    y, x = np.mgrid[: 2 * HIGH + 1, : 2 * WIDE + 1] / 2 * SIDE
    # Every second point of a border bends it a little: too little to be drawn.
    bend = np.where((np.arange(2 * WIDE + 1) % 2)[None, :] == 1, 4.0, 0.0)
    points = np.stack([x, y + bend], axis=-1) + (tilings.X0, tilings.Y0)
    row, column = np.divmod(np.arange(WIDE * HIGH), WIDE)
    rows = np.array([0, 0, 0, 1, 2, 2, 2, 1])
    columns = np.array([0, 1, 2, 2, 2, 1, 0, 0])
    rings = points[2 * row[:, None] + rows, 2 * column[:, None] + columns]
    villages = gpd.GeoDataFrame(
        {"village_name": [f"第{at}村" for at in range(len(rings))]},
        geometry=shapely.polygons(rings),
        crs=tilings.CRS,
    )
    street = shapely.LineString(
        [(tilings.X0, tilings.Y0 + 150), (tilings.X0 + 18_000, tilings.Y0 + 150)]
    )
    roads = gpd.GeoDataFrame(
        {"road_name": ["长街"], "road_class": ["arterial"]}, geometry=[street], crs=tilings.CRS
    )
    m = dg.add_density(dg.area_map(villages, title="大图"), dg.road_density(villages, roads))
    m = dg.add_roads(m, roads, show=False)
    html = html_of(m)
    assert html.count('DeqingShapes.unpack("') == 3
    file = dg.save_map(m, tmp_path_factory.mktemp("large") / "large.html")
    return file, html


def place(page, x, y):
    """Where on the screen a place is, in metres from the corner."""
    there = gpd.GeoSeries([shapely.Point(tilings.X0 + x, tilings.Y0 + y)], crs=tilings.CRS)
    one = there.to_crs(4490)[0]
    found = page.evaluate(f"at => {MAP}.latLngToContainerPoint(at)", [one.y, one.x])
    return found["x"], found["y"]


def test_every_kind_of_block_inflates_to_what_it_was(visit, tmp_path):
    random = np.random.default_rng(1)
    texts = {
        "nothing": b"",
        "one": b"a",
        "repeats": b"abc" * 40_000,
        "noise": random.integers(0, 256, 70_000, dtype=np.uint8).tobytes(),
        "words": json.dumps([f"第{at % 97}村" for at in range(30_000)]).encode(),
    }
    cases = {}
    for name, text in texts.items():
        for level in (0, 1, 9):
            for way in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY):
                deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 9, way)
                body = deflate.compress(text) + deflate.flush()
                cases[f"{name} {level} {way}"] = (base64.b64encode(body).decode(), text)
    blank = tmp_path / "blank.html"
    blank.write_text("<html></html>", encoding="utf-8")
    page, _ = visit(blank, viewport={"width": 300, "height": 300})
    page.evaluate("() => { window.L = { Layer: { extend: () => null } }; }")
    # The page's policy forbids it, a bare page does not.
    page.add_script_tag(content=_text("shapes.js"))
    found = page.evaluate(
        """cases => Object.entries(cases).map(([name, body]) => {
            const raw = Uint8Array.from(atob(body), one => one.charCodeAt(0));
            const out = DeqingShapes.inflate(raw);
            let text = "";
            for (let at = 0; at < out.length; at += 5000) {
                text += String.fromCharCode(...out.subarray(at, at + 5000));
            }
            return [name, btoa(text)];
        })""",
        {name: body for name, (body, _) in cases.items()},
    )

    assert len(found) == 45
    for name, body in found:
        assert base64.b64decode(body) == cases[name][1], name
    value = {"村": ["\u2028</script>", None, 1.5] * 30_000}
    text = packed(value)
    assert page.evaluate(text) == value


def test_a_large_page_opens_and_tells_of_a_shape_what_is_to_be_told(visit, page_of_many):
    file, html = page_of_many
    page, seen = visit(file, viewport={"width": 1280, "height": 860})
    x, y = place(page, 150, 150)
    page.mouse.move(x + 1, y)
    page.mouse.move(x, y)
    tip = page.locator(".leaflet-tooltip:not(.dg-label)")
    tip.wait_for()

    assert tip.inner_text().splitlines() == ["第0村", "路网密度 3.33 公里/平方公里"]
    page.mouse.click(x, y)
    story = page.locator(".dg-story")
    story.wait_for()
    lines = story.inner_text().splitlines()
    assert lines[0] == "第0村" and "路网密度" in lines
    assert "3.33 公里/平方公里" in " ".join(lines)
    forms = told(html).stories
    assert len(forms["told"]) == WIDE * HIGH and len(forms["forms"]) == 2
    assert_quiet(seen, file)


def test_a_touch_opens_a_story_that_nobody_pointed_at_before(visit, page_of_many):
    page, _ = visit(page_of_many[0], viewport={"width": 800, "height": 700}, has_touch=True)
    page.touchscreen.tap(*place(page, 9_150, 9_150))

    page.locator(".dg-story h3").wait_for()
    assert page.locator(".dg-story h3").inner_text() == f"第{30 * WIDE + 30}村"


def test_every_shape_is_on_the_map_once_in_each_layer_that_shows(visit, page_of_many):
    file, html = page_of_many
    page, _ = visit(file, viewport={"width": 1280, "height": 860})
    count = (
        f"() => {{ let n = 0; {MAP}.eachLayer(one => n += one instanceof L.Polyline); return n; }}"
    )

    assert page.evaluate(count) == 2 * WIDE * HIGH
    assert [one.get("shapes", 0) is None for one in drawn(html)] == [False, True, False]
    page.locator(".leaflet-control-layers-overlays label", has_text="道路").click()
    assert page.evaluate(count) == 2 * WIDE * HIGH + 1


def test_of_very_many_names_those_are_written_that_have_room(visit, page_of_many):
    page, _ = visit(page_of_many[0], viewport={"width": 1280, "height": 860})
    written = """() => [...document.querySelectorAll(".dg-label")].map(node => {
        const box = node.getBoundingClientRect();
        return [node.textContent, box.left, box.top, box.right, box.bottom];
    })"""
    far = page.evaluate(written)
    page.evaluate(f"() => {{ {MAP}.setZoom({MAP}.getZoom() + 3, {{animate: false}}); }}")
    near = page.evaluate(written)

    assert 30 < len(far) < 600 and 30 < len(near) < 600
    assert len({name for name, *_ in near}) > len(
        {name for name, *_ in near} & {n for n, *_ in far}
    )
    for names in (far, near):
        for (_, a, b, c, d), (_, e, f, g, h) in combinations(names, 2):
            assert c <= e or g <= a or d <= f or h <= b
    name, *box = near[len(near) // 2]
    row, column = divmod(int(name[1:-1]), WIDE)
    x, y = place(page, SIDE * (column + 0.5), SIDE * (row + 0.5))
    # A name stands at a point within its village, which need not be the middle.
    half = (place(page, SIDE, 0)[0] - place(page, 0, 0)[0]) / 2
    assert abs((box[0] + box[2]) / 2 - x) < half and abs((box[1] + box[3]) / 2 - y) < half


def test_a_layer_that_was_never_shown_is_found_in(visit, page_of_many, tmp_path):
    squares = tilings.row(300, 300, village_name=["甲村", "乙村"])
    ends = gpd.GeoDataFrame(
        {"end_kind": ["cul_de_sac"], "road_name": ["短巷"], "road_class": ["branch"]},
        geometry=[shapely.Point(tilings.X0 + 50, tilings.Y0 + 50)],
        crs=tilings.CRS,
    )
    m = dg.add_dead_ends(dg.area_map(squares), ends, show=False)
    m.get_root()
    page, _ = visit(dg.save_map(m, tmp_path / "ends.html"), viewport={"width": 900, "height": 700})

    assert page.evaluate(f"() => DeqingShapes.find({MAP}, 'end#0') !== undefined")


def test_texts_that_were_deflated_are_texts(visit, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "PACK_FROM", 0)
    monkeypatch.setattr(page_module, "STORIES_FROM", 0)
    villages = tilings.row(*[50] * len(HOSTILE), village_name=HOSTILE, index=range(len(HOSTILE)))
    street = shapely.LineString(
        [(tilings.X0, tilings.Y0 + 50), (tilings.X0 + 900, tilings.Y0 + 50)]
    )
    roads = gpd.GeoDataFrame(
        {"road_name": [HOSTILE[0]], "road_class": ["branch"]}, geometry=[street], crs=tilings.CRS
    )
    m = dg.add_density(dg.area_map(villages), dg.road_density(villages, roads))
    file = dg.save_map(m, tmp_path / "hostile.html")
    assert file.read_text(encoding="utf-8").count("DeqingShapes.unpack(") == 3
    page, seen = visit(file, viewport={"width": 1000, "height": 700})
    found = page.evaluate(OPEN_ALL)

    assert [one["tip"][0] for one in found] == HOSTILE * 2
    assert [one["popup"] for one in found] == HOSTILE * 2
    assert page.evaluate("() => window.pwned") is None
    assert_quiet(seen, file)
