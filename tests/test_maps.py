"""Maps as files: the same bytes, complete in themselves, and nothing in them but what was given."""

import base64
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import columns, errors, sample
from deqing_geo.maps.packing import unpacked
from deqing_geo.maps.page import UNIT, encode
from deqing_geo.provenance import OSM_CREDIT

RING = [(119.9, 30.5), (120.1, 30.5), (120.1, 30.7), (119.9, 30.7)]


@pytest.fixture
def density(villages, roads):
    return dg.road_density(villages, roads)


@pytest.fixture
def coverage(villages, parks, homes):
    return dg.park_coverage(villages, parks, homes)


@pytest.fixture
def full(villages, roads, density, coverage):
    """A map with everything on it."""
    m = dg.add_density(dg.area_map(villages, title="纸上镇"), density)
    return dg.add_coverage(dg.add_roads(m, roads, by=density.definition), coverage)


def html_of(m, **options):
    return m.get_root().render(**options)


def pin(**options):
    return folium.Marker([30.545, 120.02], **options)


class Tags(HTMLParser):
    """Every element with its attributes, and the text of every script and style."""

    def __init__(self, html):
        super().__init__(convert_charrefs=False)
        self.found, self.texts = [], {"script": [], "style": []}
        self.inside = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.inside = tag if tag in self.texts else None
        if self.inside:
            self.texts[tag].append("")

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside][-1] += data


def json_after(html, mark):
    """What stands as data behind each call of the page's script."""
    decoder = json.JSONDecoder()
    places = [found.end() for found in re.finditer(mark, html)]
    return [
        unpacked(html[at : html.index(")", at) + 1])
        if html.startswith("DeqingShapes", at)
        else decoder.raw_decode(html, at)[0]
        for at in places
    ]


def drawn(html):
    """The layers of a page, in the order they were added."""
    return json_after(html, r"DeqingMap\.layer\(map_\w+, (?=[{D])")


def told(html):
    """What the page says beside the map."""
    (page,) = json_after(html, r"DeqingMap\.page\(map_\w+, (?={)")
    more = re.search(r'\], (DeqingShapes\.unpack\("[^"]*"\))\);', html)
    return SimpleNamespace(**page, **(unpacked(more[1]) if more else {}))


def footer(html):
    return [line for _, line in told(html).footer]


def decode(shape, unit=UNIT):
    """A polygon's rings or a line's parts, back in degrees."""
    if isinstance(shape[0], list):
        return [decode(part, unit) for part in shape]
    return np.cumsum(np.array(shape).reshape(-1, 2), axis=0) / unit


def polygon(shape):
    parts = [shapely.Polygon(rings[0], rings[1:]) for rings in decode(shape)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


# ---------------------------------------------------------------- the same bytes


def test_two_renderings_of_one_map_are_the_same_bytes(villages, roads, density, coverage):
    def make():
        m = dg.add_density(dg.area_map(villages, title="纸上镇"), density)
        m = dg.add_coverage(dg.add_roads(m, roads), coverage)
        group = folium.FeatureGroup(name="备注").add_to(m)
        folium.CircleMarker([30.5, 120.0], tooltip="此处").add_to(group)
        return m

    assert html_of(make()) == html_of(make())


def test_the_bytes_do_not_hang_on_the_seed_of_hashes(tmp_path, other_hashes):
    code = (
        "import deqing_geo as dg; s = dg.sample; v = s.villages();"
        "m = dg.add_density(dg.area_map(v, title='纸上镇'), dg.road_density(v, s.roads()));"
        "m = dg.add_roads(m, s.roads());"
        "m = dg.add_coverage(m, dg.park_coverage(v, s.parks(), s.homes()));"
        "dg.save_map(m, {!r})"
    )
    here, there = tmp_path / "here.html", tmp_path / "there.html"
    exec(code.format(str(here)))
    command = [sys.executable, "-c", code.format(str(there))]
    subprocess.run(command, check=True, env=other_hashes)

    assert here.read_bytes() == there.read_bytes()
    assert "纸上镇".encode() in here.read_bytes()


def test_a_layer_added_after_a_rendering_stands_before_the_page_script(villages, coverage):
    m = dg.area_map(villages)
    early = html_of(m)
    late = html_of(dg.add_coverage(m, coverage))

    assert late.count("DeqingMap.page(map_") == 1
    assert late.rindex("DeqingMap.layer(map_") < late.index("DeqingMap.page(map_")
    assert (len(drawn(early)), len(drawn(late))) == (1, 5)
    assert [one["layer"] for one in told(late).legends] == told(late).layers[1:]


def test_folium_s_random_ids_do_not_reach_the_page(full):
    html = html_of(full)

    assert re.findall(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", html) == []
    assert "var map_0001 = L.map(" in html


def test_a_text_that_looks_like_an_id_stays_as_it_is(villages, roads):
    digest = hashlib.md5("甲村".encode(), usedforsecurity=False).hexdigest()
    villages["village_name"] = digest
    roads["road_name"] = digest
    html = html_of(dg.add_roads(dg.area_map(villages, title=digest), roads))

    assert told(html).title == digest
    assert [label[2] for label in drawn(html)[0]["labels"]] == [digest] * 4
    assert {tip[0] for tip in drawn(html)[1]["tips"]} == {digest}
    assert f"<title>{digest}</title>" in html


def test_drawing_leaves_its_input_alone(villages, roads, density):
    before = villages.to_wkb().to_string(), roads.to_wkb().to_string(), dict(villages.attrs)
    html_of(dg.add_roads(dg.add_density(dg.area_map(villages), density), roads))

    after = villages.to_wkb().to_string(), roads.to_wkb().to_string(), dict(villages.attrs)
    assert after == before


# ---------------------------------------------------------------- asking for nothing


def test_an_offline_page_links_to_nothing(full):
    html = html_of(full)
    tags = Tags(html)
    links = [
        (tag, name, value)
        for tag, attrs in tags.found
        for name, value in attrs.items()
        if name in ("src", "href", "srcset", "data", "action", "poster", "srcdoc")
    ]
    urls = re.findall(r"url\(([^)]{0,30})", "".join(tags.texts["style"]))

    assert links == []
    assert urls and all(url.startswith(("data:", "#")) for url in urls)
    # Addresses that remain are the name of SVG, and Leaflet's own credit and comments.
    hosts = set(re.findall(r"https?://([\w.-]+)", html))
    assert hosts <= {"www.w3.org", "leafletjs.com", "bugzilla.mozilla.org"}


def test_an_online_page_asks_the_usual_addresses(full):
    tags = Tags(html_of(full, offline=False))
    links = [attrs.get("src") or attrs.get("href") for _, attrs in tags.found]

    assert any(link and link.endswith("/leaflet.js") for link in links)
    assert not any(attrs.get("http-equiv") == "Content-Security-Policy" for _, attrs in tags.found)


@pytest.mark.parametrize(
    ("element", "link"),
    [
        (lambda: folium.TileLayer("OpenStreetMap"), "https://tile.openstreetmap.org/"),
        (lambda: folium.TileLayer("//t.example/{z}/{x}/{y}", attr="x"), "//t.example/"),
        (lambda: pin(icon=folium.Icon(color="red")), "leaflet.awesome-markers.js"),
        (folium.plugins.Fullscreen, "Control.FullScreen"),
        (folium.plugins.MarkerCluster, "leaflet.markercluster"),
        (
            lambda: folium.WmsTileLayer("https://wms.example/ows", layers="a"),
            "https://wms.example/ows",
        ),
        (
            lambda: folium.raster_layers.ImageOverlay("https://i.example/a.png", [[0, 0], [1, 1]]),
            "https://i.example/a.png",
        ),
        (lambda: pin(popup='<img src="https://i.example/b.png">'), "https://i.example/b.png"),
    ],
    ids=["tiles", "bare tiles", "icon", "fullscreen", "cluster", "wms", "overlay", "picture"],
)
def test_what_would_ask_the_network_is_refused_by_name(villages, element, link):
    m = dg.area_map(villages)
    element().add_to(m)

    with pytest.raises(errors.OfflineAssetError, match=re.escape(link)) as caught:
        html_of(m)
    assert "offline=False" in str(caught.value)
    assert link in html_of(m, offline=False)


def test_a_plain_marker_with_a_popup_works_offline_and_brings_jquery(villages):
    bare = dg.area_map(villages)
    marked = dg.area_map(villages)
    pin(popup="镇政府", tooltip="此处").add_to(marked)
    without, with_popup = html_of(bare), html_of(marked)

    assert "镇政府" in with_popup
    assert "jQuery" in with_popup and "jQuery" not in without
    assert len(with_popup) > len(without) + 60_000
    assert 'iconUrl:"data:image/png;base64,' in with_popup


def test_a_plain_folium_map_carries_results_online(density, coverage, roads, tmp_path):
    m = folium.Map(location=[30.5, 120.0])
    assert dg.add_roads(dg.add_coverage(dg.add_density(m, density), coverage), roads) is m

    with pytest.raises(errors.OfflineAssetError, match="openstreetmap"):
        dg.save_map(m, tmp_path / "tiles.html")
    html = dg.save_map(m, tmp_path / "tiles.html", offline=False).read_text(encoding="utf-8")
    assert "https://tile.openstreetmap.org" in html
    assert len(drawn(html)) == 6
    assert density.definition.line in "\n".join(footer(html))


def test_a_plain_folium_map_without_tiles_carries_results_offline(density, tmp_path):
    m = dg.add_density(folium.Map(tiles=None), density)
    html = dg.save_map(m, tmp_path / "plain.html").read_text(encoding="utf-8")

    assert len(drawn(html)) == 1
    assert told(html).headlines == [[columns.label("road_density"), density.headline]]


# ---------------------------------------------------------------- the policy


def policy_of(html):
    (policy,) = [
        attrs["content"]
        for tag, attrs in Tags(html).found
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    return {part.split()[0]: part.split()[1:] for part in policy.split("; ")}


def test_the_policy_allows_the_page_s_own_scripts_by_hash_and_no_request(full):
    pin(popup="镇政府").add_to(full)
    full.get_root().html.add_child(folium.Element("<script>var mine = 1;</script>"))
    html = html_of(full)
    policy = policy_of(html)
    scripts = Tags(html).texts["script"]
    digests = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in scripts
    ]

    assert len(scripts) >= 5
    assert sorted(set(digests)) == sorted(policy["script-src"])
    assert policy["default-src"] == ["'none'"]
    assert policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert "connect-src" not in policy
    for sources in ("img-src", "font-src", "frame-src"):
        assert set(policy[sources]) <= {"data:", "blob:"}


def test_the_policy_stands_before_everything_it_governs(full):
    tags = [tag for tag, _ in Tags(html_of(full)).found]

    assert tags[:3] == ["html", "head", "meta"]
    assert "http-equiv" in Tags(html_of(full)).found[2][1]


def test_the_page_has_no_handlers_in_its_elements(full):
    handlers = [
        name for _, attrs in Tags(html_of(full)).found for name in attrs if name.startswith("on")
    ]

    assert handlers == []


# ---------------------------------------------------------------- names that are code


SLOTS = ("area", "index", "road", "park", "title", "source", "notice", "layer")


def map_with(text, slot):
    villages, roads, parks = sample.villages(), sample.roads(), sample.parks()
    if slot == "area":
        villages["village_name"] = text
    elif slot == "index":
        villages = villages.drop(columns="village_name").set_axis([text, "B", "C", "D"])
    elif slot == "source":
        villages = villages.assign(source=text, as_of="2025-12-31")
    elif slot == "notice":
        villages.attrs["notice"] = text
    elif slot == "road":
        roads["road_name"] = text
    elif slot == "park":
        parks["park_name"] = text
    m = dg.area_map(villages, title=text if slot == "title" else "")
    m = dg.add_roads(dg.add_density(m, dg.road_density(villages, roads)), roads)
    m = dg.add_coverage(m, dg.park_coverage(villages, parks, sample.homes()))
    if slot == "layer":
        folium.FeatureGroup(name=text).add_to(m)
    return m


def strings(value):
    """Every string in a piece of JSON, keys too."""
    if isinstance(value, dict):
        return {*value, *(text for one in value.values() for text in strings(one))}
    if isinstance(value, list):
        return {text for one in value for text in strings(one)}
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize(
    "attack",
    [
        "{{ cycler.__init__.__globals__.os.mkdir(PLACE) }}",
        "{% if cycler.__init__.__globals__.os.mkdir(PLACE) %}{% endif %}",
    ],
    ids=["expression", "statement"],
)
def test_a_name_is_not_run_as_code_when_a_map_is_saved(attack, slot, tmp_path):
    made = tmp_path / "made"
    for quote in ('"', "'"):
        text = attack.replace("PLACE", f"{quote}{made.as_posix()}{quote}")
        html = dg.save_map(map_with(text, slot), tmp_path / "map.html").read_text(encoding="utf-8")

        assert not made.exists()
        found = strings([*drawn(html), vars(told(html))])
        assert any(text in one for one in found)


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize(
    "text", ["{% 村", "{#备注", "{{村}}", "{% raw %}", "#}{{", "{", "\\", "`${a}`", "</script>"]
)
def test_odd_names_are_ordinary_names(text, slot):
    html = html_of(map_with(text, slot))

    assert any(text in one for one in strings([*drawn(html), vars(told(html))]))


# ---------------------------------------------------------------- saving


def test_a_map_is_saved_where_it_was_asked_and_makes_the_folder(full, tmp_path):
    file = tmp_path / "年报" / "2025" / "图.html"

    assert dg.save_map(full, file) == file
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [one.name for one in file.parent.iterdir()] == ["图.html"]


def test_a_map_that_cannot_be_rendered_leaves_the_old_file_alone(villages, tmp_path):
    file = tmp_path / "map.html"
    file.write_text("旧图", encoding="utf-8")
    m = dg.area_map(villages)
    folium.TileLayer("OpenStreetMap").add_to(m)

    with pytest.raises(errors.OfflineAssetError):
        dg.save_map(m, file)
    assert file.read_text(encoding="utf-8") == "旧图"
    assert list(tmp_path.iterdir()) == [file]


def test_a_full_disk_leaves_the_old_file_alone(full, tmp_path, monkeypatch):
    file = tmp_path / "map.html"
    file.write_text("旧图", encoding="utf-8")

    def no_space(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(errors.ExportError, match="No space left"):
        dg.save_map(full, file)
    assert file.read_text(encoding="utf-8") == "旧图"
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_an_export_error(full, tmp_path, monkeypatch):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(errors.ExportError, match=re.escape("folder.html")):
        dg.save_map(full, tmp_path / "folder.html")

    def refuse(self, *args, **options):
        raise PermissionError(13, "Permission denied")

    # Permissions themselves would not stop the tests where they run as root.
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(errors.ExportError, match="Permission denied"):
        dg.save_map(full, tmp_path / "map.html")
    assert [one.name for one in tmp_path.iterdir()] == ["folder.html"]


# ---------------------------------------------------------------- what is on it


def test_the_page_decodes_to_the_places_of_the_data(full, villages, roads, coverage):
    html = html_of(full, simplify_m=0)
    layers = dict(zip(told(html).layers, drawn(html), strict=True))
    frames = {
        "areas": villages,
        "density": villages,
        "service_area": coverage.service_area,
        "served": coverage.served,
        "gaps": coverage.gaps,
        "parks": coverage.parks,
    }

    for name, frame in frames.items():
        layer = layers[columns.word(f"layer.{name}")]
        assert layer["unit"] == UNIT
        expected = frame.to_crs(4490).geometry
        assert len(layer["shapes"]) == len(expected) > 0
        for shape, want in zip(layer["shapes"], expected, strict=True):
            found = shapely.get_coordinates(polygon(shape))
            assert found == approx(shapely.get_coordinates(want), abs=1e-6, rel=0)

    layer = layers[columns.word("layer.roads")]
    want = roads.set_index("road_name").to_crs(4490).geometry
    for shape, tip in zip(layer["shapes"], layer["tips"], strict=True):
        (found,) = decode(shape)
        assert found == approx(shapely.get_coordinates(want[tip[0]]), abs=1e-6, rel=0)


def test_labels_stand_inside_their_areas(villages):
    (layer,) = drawn(html_of(dg.area_map(villages)))
    shapes = villages.set_index("village_name").to_crs(4490).geometry

    for x, y, label in layer["labels"]:
        assert shapes[label].contains(shapely.Point(x / UNIT, y / UNIT))
    assert [label for _, _, label in layer["labels"]] == ["甲村", "乙村", "丙村", "丁村"]


def test_polygons_with_holes_and_several_parts_come_back_as_they_went():
    hole = [(119.95, 30.55), (119.95, 30.6), (120.0, 30.6), (120.0, 30.55)]
    second = [(120.01, 30.51), (120.02, 30.51), (120.02, 30.52)]
    holed = shapely.Polygon(RING, [hole, second])
    island = shapely.Polygon([(-0.5, -0.25), (0.5, -0.25), (0.000001, 0.75)])
    shapes = [holed, shapely.MultiPolygon([island, holed]), shapely.Polygon(RING), island]

    back = [polygon(shape) for shape in encode(np.array(shapes))]
    assert [shapely.get_num_interior_rings(one) for one in back] == [2, 0, 0, 0]
    for one, want in zip(back, shapes, strict=True):
        assert one.geom_type == want.geom_type
        assert shapely.equals_exact(one, want, tolerance=0.6 / UNIT)
    assert shapely.get_num_interior_rings(back[1].geoms[1]) == 2


def test_lines_of_several_parts_come_back_as_they_went():
    rng = np.random.default_rng(330521)
    parts = [rng.uniform((-180, -90), (180, 90), (size, 2)) for size in (2, 3, 50)]
    shapes = [shapely.LineString(parts[0]), shapely.MultiLineString(parts), shapely.LineString()]

    encoded = encode(np.array(shapes))
    assert [one and len(one) for one in encoded] == [1, 3, None]
    for found, want in zip(decode(encoded[1]), parts, strict=True):
        # Steps are whole numbers: errors do not add up along the line.
        assert np.abs(found - want).max() <= 0.5 / UNIT + 1e-12
    assert all(isinstance(number, int) for part in encoded[1] for number in part)


def test_the_classes_of_density_in_the_legend_are_those_drawn(full, density):
    layer = drawn(html_of(full))[1]
    legend = next(one for one in told(html_of(full)).legends if one["layer"] == "路网密度")
    limits = {
        entry["fill"]: [float(limit) for limit in entry["label"].split(" - ")]
        for entry in legend["entries"]
    }

    assert legend["unit"].startswith("公里/平方公里")
    assert len(limits) == len(legend["entries"])
    assert all(low[1] == high[0] for low, high in pairwise(limits.values()))
    styles = [style["fillColor"] for style in layer["styles"]]
    assert styles[: len(limits)] == list(limits)
    for value, use in zip(density.series, layer["use"], strict=True):
        low, high = limits[styles[use]]
        assert low <= value < high
    assert len({styles[use] for use in layer["use"]}) == 3


def test_an_area_without_a_figure_has_a_class_of_its_own(villages, density):
    blank = density.table.copy()
    blank.loc["D", "road_density"] = np.nan
    m = dg.add_density(dg.area_map(villages), dataclasses.replace(density, table=blank))
    layer, page = drawn(html_of(m))[1], told(html_of(m))
    entry = page.legends[0]["entries"][-1]

    assert entry["label"] == columns.word("map.no_data")
    assert [layer["styles"][use]["fillColor"] == entry["fill"] for use in layer["use"]] == [
        False,
        False,
        False,
        True,
    ]
    assert list(page.stories.values())[3]["parts"][0]["rows"][0][1] == "- 公里/平方公里"


def test_every_road_is_drawn_as_the_legend_says(villages, roads, density):
    words = columns.vocabulary("road_class")
    roads = roads.drop(columns="road_status")
    html = html_of(dg.add_roads(dg.area_map(villages), roads, by=density.definition))
    layer, (legend,) = drawn(html)[1], told(html).legends
    key = {entry["label"]: (entry["color"], entry["weight"]) for entry in legend["entries"]}
    counts = density.definition.counts["roads"]
    said = {
        words[word]: words[word] if word in counts else f"{words[word]}(不计入)"
        for word in set(roads["road_class"])
    }

    assert set(key) == set(said.values())
    for tip, use in zip(layer["tips"], layer["use"], strict=True):
        style = layer["styles"][use]
        assert "dashArray" not in style
        assert (style["color"], style["weight"]) == key[said[tip[1]]]
    # What does not count is grey, what counts is not.
    greys = {key[label][0] for label in said.values() if "不计入" in label}
    assert len(greys) == 1
    assert greys.isdisjoint(key[label][0] for label in said.values() if "不计入" not in label)


def test_a_road_that_is_not_open_is_dashed_and_said_so(villages, roads):
    html = html_of(dg.add_roads(dg.area_map(villages), roads))
    layer, (legend,) = drawn(html)[1], told(html).legends
    dashed = [
        tip[0]
        for tip, use in zip(layer["tips"], layer["use"], strict=True)
        if "dashArray" in layer["styles"][use]
    ]

    assert dashed == ["规划支路"]
    assert "虚线" in legend["entries"][-1]["label"]
    assert ["规划支路", "支路", "规划"] in layer["tips"]


def test_larger_roads_lie_on_top(villages, roads):
    layer = drawn(html_of(dg.add_roads(dg.area_map(villages), roads)))[1]
    order = list(columns.vocabulary("road_class").values())
    places = [order.index(tip[1]) for tip in layer["tips"]]

    assert places == sorted(places, reverse=True)
    assert layer["tips"][-1][0] == "纸上大道"


def test_parks_say_what_they_serve_or_why_not(full):
    layer = drawn(html_of(full))[-1]
    tips = {tip[0]: tip[1:] for tip in layer["tips"]}

    assert tips == {
        "大公园": ["综合公园", "10000 平方米", "服务半径 500 米"],
        "小公园": ["游园", "2000 平方米", "服务半径 300 米"],
        "袖珍园": ["游园", "1999 平方米", f"不计入:{columns.word('reason.too_small')}"],
    }


def test_every_layer_of_coverage_has_its_colour_in_the_legend(full):
    html = html_of(full)
    styles = {
        name: layer["styles"][0] for name, layer in zip(told(html).layers, drawn(html), strict=True)
    }
    legends = {one["layer"]: one["entries"] for one in told(html).legends}

    for name in ("served", "gaps", "parks"):
        layer = columns.word(f"layer.{name}")
        entry, *faint = legends[layer]
        assert entry["label"] == layer
        assert [one["label"] for one in faint] == (["公园绿地(不计入)"] if name == "parks" else [])
        assert (entry["fill"], entry["color"]) == (
            styles[layer]["fillColor"],
            styles[layer]["color"],
        )
    (entry,) = legends[columns.word("layer.service_area")]
    assert entry["dash"] and "dashArray" in styles[columns.word("layer.service_area")]


def test_a_story_tells_the_figures_of_the_result(full, density, coverage):
    stories = told(html_of(full)).stories

    names = [story["name"] for story in stories.values()]
    assert names == ["甲村", "乙村", "丙村", "丁村", "大公园", "小公园", "袖珍园"]
    for label, story in zip("ABCD", stories.values(), strict=False):
        first, second = (dict(part["rows"]) for part in story["parts"])
        assert first["路网密度"] == f"{density.series[label]:.2f} 公里/平方公里"
        share = coverage.series[label]
        expected = "无居住用地" if np.isnan(share) else f"{share:.2%}"
        assert second[columns.label("park_coverage")] == expected


def test_figures_on_a_map_do_not_cross_a_goal(villages, density):
    goal = density.goals[0]
    table = density.table.assign(road_density=goal - 0.004)
    m = dg.add_density(dg.area_map(villages), dataclasses.replace(density, table=table))
    html = html_of(m)

    story = next(iter(told(html).stories.values()))
    assert story["parts"][0]["rows"][0][1].startswith(f"{goal - 0.004:.3f} ")
    assert drawn(html)[1]["tips"][0][1].split()[1] == f"{goal - 0.004:.3f}"


# ---------------------------------------------------------------- what must stay on it


def test_the_footer_carries_definitions_and_notices(full, density, coverage):
    lines = footer(html_of(full))

    assert f"路网密度口径:{density.definition.line}" in lines
    assert f"公园绿地服务半径覆盖率口径:{coverage.definition.line}" in lines
    assert "路网密度:未合并双线,偏高" in lines
    marks = [columns.word(f"map.{key}") for key in ("internal", "not_public", "boundary")]
    assert all(mark in lines[0] for mark in marks)
    assert len(lines) == len(set(lines))


def test_invented_data_is_said_to_be_invented_in_red_and_once(full):
    assert told(html_of(full)).warnings == [columns.word("notice.schematic")]


def test_a_notice_of_the_data_is_repeated(villages, roads):
    villages.attrs["notice"] = "界线为2019年旧界"
    m = dg.add_density(dg.area_map(villages), dg.road_density(villages, roads))

    assert ["dg-notice", "路网密度:界线为2019年旧界;未合并双线,偏高"] in told(html_of(m)).footer


def test_figures_from_openstreetmap_give_it_credit(villages, roads, density):
    roads.attrs["reading"] = {"driver": "OSM", "file": "roads.osm.pbf"}
    html = html_of(dg.add_density(dg.area_map(villages), dg.road_density(villages, roads)))

    assert any(OSM_CREDIT in line and "roads.osm.pbf" in line for line in footer(html))
    assert "© OpenStreetMap" in OSM_CREDIT
    assert "OpenStreetMap" not in html_of(dg.add_density(dg.area_map(villages), density))


def test_a_zone_says_where_it_came_from_and_when(roads):
    zone = sample.zone()
    m = dg.add_density(dg.area_map(zone), dg.road_density(zone, roads))

    assert f"{columns.word('map.sources')}:示意,2025-12-31" in footer(html_of(m))


def test_a_map_without_a_shape_says_so(villages):
    blank = villages.set_geometry(gpd.GeoSeries([None] * 4, index=villages.index, crs=sample.CRS))
    html = html_of(dg.area_map(blank))

    assert columns.word("map.nothing") == "没有可显示的要素"
    assert "没有可显示的要素" in told(html).warnings
    assert told(html).bounds is None
    assert drawn(html)[0]["labels"] == []


def test_an_area_without_a_shape_leaves_the_others_on_the_map(villages):
    villages.loc["B", "geometry"] = None
    (layer,) = drawn(html_of(dg.area_map(villages)))

    assert [shape and len(shape) for shape in layer["shapes"]] == [1, None, 1, 1]
    assert [label for _, _, label in layer["labels"]] == ["甲村", "丙村", "丁村"]
    assert told(html_of(dg.area_map(villages))).warnings == [columns.word("notice.schematic")]


def test_empty_layers_are_named_as_empty(villages, parks, homes, roads):
    nothing = columns.word("map.nothing")
    coverage = dg.park_coverage(villages, parks.iloc[:0], homes.iloc[:0])
    m = dg.add_roads(dg.add_coverage(dg.area_map(villages), coverage), roads.iloc[:0])
    legends = told(html_of(m)).legends

    labels = [entry["label"] for one in legends for entry in one["entries"]]
    assert len(labels) == 5
    assert all(label.endswith(f"({nothing})") for label in labels)
    assert [one["shapes"] for one in drawn(html_of(m))[1:]] == [[]] * 5


def test_what_cannot_be_drawn_is_refused(villages, roads):
    with pytest.raises(errors.CRSError, match="`areas` has no coordinate system"):
        dg.area_map(villages.set_crs(None, allow_override=True))
    with pytest.raises(errors.ColumnError, match="road_class"):
        dg.add_roads(dg.area_map(villages), roads.drop(columns="road_class"))
    with pytest.raises(errors.CRSError, match="`roads` has no coordinate system"):
        dg.add_roads(dg.area_map(villages), roads.set_crs(None, allow_override=True))


def test_areas_are_named_by_their_column_or_their_index(villages, parks):
    def names(frame):
        return [tip[0] for tip in drawn(html_of(dg.area_map(frame)))[0]["tips"]]

    assert names(villages) == ["甲村", "乙村", "丙村", "丁村"]
    assert names(villages.assign(village_name=["甲村", None, np.nan, "丁村"])) == [
        "甲村",
        "B",
        "C",
        "丁村",
    ]
    assert names(villages.drop(columns="village_name")) == ["A", "B", "C", "D"]
    assert names(sample.town()) == ["纸上镇"]
    assert names(sample.zone()) == ["纸上镇建成区"]
    assert names(parks[["geometry"]]) == ["1", "2", "3"]


# ---------------------------------------------------------------- what broke once


def test_a_map_of_no_rows_and_of_an_empty_shape_says_so(villages):
    assert columns.word("map.nothing") in html_of(dg.area_map(villages.iloc[:0]))
    villages.loc["B", "geometry"] = shapely.Polygon()
    html = html_of(dg.area_map(villages))
    assert [name for *_, name in drawn(html)[0]["labels"]] == ["甲村", "丙村", "丁村"]


def test_rendering_a_map_again_gives_the_same_bytes(full):
    first = html_of(full)

    assert html_of(full) == first
    assert first.count(".addTo(map_") == html_of(full).count(".addTo(map_")


def test_a_folium_popup_has_no_random_id_left(villages):
    def made():
        m = dg.area_map(villages)
        folium.CircleMarker([30.54, 120.0], popup="x").add_to(m)
        return html_of(m)

    assert made() == made()


def test_two_layers_of_one_name_have_a_switch_each(villages, roads):
    m = dg.add_roads(dg.add_roads(dg.area_map(villages), roads), roads)

    assert html_of(m).count('["道路(按等级)", shape_layer_') == 2


def test_the_credit_of_openstreetmap_comes_with_its_roads(villages, roads):
    roads.attrs["reading"] = {"driver": "OSM", "file": "x.osm.pbf"}

    assert "OpenStreetMap contributors" in html_of(dg.add_roads(dg.area_map(villages), roads))


def test_frames_numbered_alike_do_not_tell_each_others_stories(villages, roads):
    zone = dg.road_density(sample.zone().reset_index(drop=True), roads)
    m = dg.add_density(dg.area_map(villages.reset_index(drop=True)), zone)
    stories = list(told(html_of(m)).stories.values())

    assert [story["name"] for story in stories][0::4] == ["甲村", "纸上镇建成区"]
    assert stories[0]["parts"] == [] and len(stories[4]["parts"]) == 1


def test_a_repeated_label_keeps_its_name(villages):
    m = dg.area_map(villages.set_axis(["A", "A", "B", "C"]))

    assert [story["name"] for story in told(html_of(m)).stories.values()] == [
        "甲村",
        "乙村",
        "丙村",
        "丁村",
    ]


def test_a_plain_map_gets_names_and_looks_at_the_data(density):
    m = dg.add_density(folium.Map(tiles=None), density)
    page = told(html_of(m))

    assert page.bounds is not None
    assert next(iter(page.stories.values()))["name"] == "甲村"


def test_what_the_caller_wrote_beside_a_plain_map_stays(density):
    from branca.element import Element

    m = folium.Map(tiles=None)
    m.get_root().html.add_child(Element("<h3>mine</h3>"))

    assert "<h3>mine</h3>" in html_of(dg.add_density(m, density))


@pytest.mark.parametrize("name", ["L.AwesomeMarkers", "jQuery(", "$(", "url(http://x.example/a)"])
def test_a_name_decides_about_no_asset(villages, name):
    plain = len(html_of(dg.area_map(villages, title="x")))
    villages["village_name"] = name
    html = html_of(dg.area_map(villages, title=name))

    assert len(html) < plain + 5000


def test_an_icon_from_elsewhere_is_refused(villages):
    m = dg.area_map(villages)
    icon = folium.CustomIcon("https://x.example/a.png")
    folium.Marker([30.54, 120.0], icon=icon).add_to(m)

    with pytest.raises(errors.OfflineAssetError, match=r"x\.example"):
        html_of(m)


def test_a_file_in_the_place_of_a_folder_is_our_error(villages, tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(errors.ExportError):
        dg.save_map(dg.area_map(villages), tmp_path / "file" / "m.html")


def test_a_road_of_no_known_class_is_our_error(villages, roads):
    with pytest.raises(errors.ColumnError, match="`road_class` holds '高速'"):
        dg.add_roads(dg.area_map(villages), roads.assign(road_class="高速"))
