"""Colours that every eye tells apart, texts one can read, and a bureau's own palette."""

import re
from itertools import pairwise

import numpy as np
import pytest
from pytest import approx

import deqing_geo as dg
from deqing_geo import columns, errors, maps, sample
from deqing_geo.looks import palette as palettes
from deqing_geo.maps import page as pages
from deqing_geo.maps import parts
from tests.colours import EYES, ciecam02, contrast, lightness, nearest, rgb
from tests.test_maps import drawn, html_of, told
from tests.test_village_map import facts

FIVE = palettes.FIVE
LABEL = "#111111"
AA = 4.5


def as_drawn(kinds=FIVE):
    look = parts.style()["village_type"]
    return [rgb(look["fill"][kind], look["opacity"]) for kind in kinds]


# ---------------------------------------------------------------- the instrument


def test_ciecam02_gives_the_published_examples():
    """The worked example of Fairchild's Color Appearance Models (case 1), and one more with dim
    light on a grey of 18 that public implementations agree on."""
    white = np.array([95.05, 100.0, 108.88])
    assert ciecam02([19.01, 20.00, 21.78], white, 318.31, 20.0) == approx(
        (41.73, 0.1088, 219.0), abs=0.05
    )
    white = np.array([98.88, 90.0, 32.03])
    assert ciecam02([19.31, 23.93, 10.14], white, 200.0, 18.0) == approx(
        (48.0314, 38.7789, 191.0452), abs=1e-3
    )


def test_black_on_white_is_twenty_one_to_one_and_grey_halves_the_lightness():
    assert contrast(rgb("#000000"), rgb("#ffffff")) == approx(21)
    assert lightness(rgb("#777777")) == approx(50, abs=0.1)
    assert lightness(rgb("#ffffff")) == approx(100)


def test_red_and_green_of_one_lightness_meet_in_a_deutan_eye():
    pair = [rgb("#d01c1c"), rgb("#6a7b00")]

    assert nearest(pair, "deutan") < 0.4 * nearest(pair, "normal")


# ---------------------------------------------------------------- the five types


@pytest.mark.parametrize("eye", EYES)
def test_any_two_types_are_far_apart_to_every_eye(eye):
    assert nearest(as_drawn(), eye) >= 21


def test_the_five_types_keep_their_order_on_a_photocopy():
    levels = sorted(lightness(one) for one in as_drawn())

    assert min(high - low for low, high in pairwise(levels)) >= 10.4


def test_a_name_can_be_read_on_every_type():
    kinds = [*FIVE, "undecided", "missing", "urban"]

    assert min(contrast(rgb(LABEL), one) for one in as_drawn(kinds)) >= AA


def test_relocation_is_the_palest_of_the_five_and_the_largest_is_clearly_a_colour():
    levels = dict(zip(FIVE, map(lightness, as_drawn()), strict=True))

    assert max(levels, key=levels.get) == "relocate"
    assert parts.style()["village_type"]["pattern"] == {"relocate": "hatch", "missing": "dots"}
    assert nearest([as_drawn(["improve"])[0], rgb("#eef1f4")]) > 24  # the page's ground


def test_density_and_reach_keep_their_order_in_grey():
    for ramp in (parts.style()["density"]["ramp"], parts.style()["reach"]["ramp"]):
        levels = [lightness(rgb(one, 0.85)) for one in ramp]
        steps = np.diff(levels)
        assert (np.sign(steps) == np.sign(steps[0])).all() and abs(steps).min() > 5


# ---------------------------------------------------------------- texts


def rules(css):
    """Selector and declarations of every rule, those inside of @media too."""
    css = re.sub(r"/\*.*?\*/|@media[^{]*\{", "", css, flags=re.DOTALL)
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        parsed = re.findall(r"([\w-]+)\s*:\s*([^;]+)", body)
        yield selector.strip(), {name: value.strip() for name, value in parsed}


def hexed(text):
    found = re.search(r"#([0-9a-f]{3,6})\b", text)
    if not found:
        return None
    digits = found[1]
    return "#" + ("".join(2 * one for one in digits) if len(digits) == 3 else digits)


def faint(css, ground="#ffffff"):
    """Rules whose text is too pale for its ground: a card may lie over anything."""
    card = rgb("#ffffff", 0.95, "#000000")
    out = []
    for selector, rule in rules(css):
        colour = hexed(rule.get("color", ""))
        if colour is None:
            continue
        halo = hexed(rule.get("text-shadow", ""))
        own = halo or hexed(rule.get("background", ""))
        if contrast(rgb(colour), rgb(own) if own else card) < AA:
            out.append(selector)
    return out


def test_all_text_of_the_page_has_a_contrast_of_four_and_a_half():
    assert faint(pages._text("map.css")) == []


def test_a_pale_text_would_be_found():
    assert faint(".a { color: #999; } .b { color: #fff; background: #08306b; }") == [".a"]
    assert faint("@media print { .c { color: #888; } }") == [".c"]


# ---------------------------------------------------------------- a bureau's own


OWN = """
source = "德清县国土空间规划制图规定(示意)"
["村庄类型"]
"城郊融合类" = "#ffd400"
"集聚建设" = "#2f7fd0"
improve = "#9fb58a"
heritage = "#a03060"
relocate = "#f4f4f4"
[road]
"主干路" = "#aa0000"
[density]
ramp = ["#ffffff", "#dddddd", "#bbbbbb", "#888888", "#444444"]
[layer.home.classes]
homestead = "#ffd380"
[park]
color = "#006400"
"""


@pytest.fixture
def own(tmp_path):
    file = tmp_path / "本局配色.toml"
    file.write_text(OWN, encoding="utf-8")
    return file


def test_a_palette_colours_all_maps_and_its_source_stands_where_the_disclaimer_stood(own):
    with pytest.warns(errors.DeqingGeoWarning):
        types = dg.classify_villages(facts())
    with maps.use_palette(own) as palette:
        typed = html_of(dg.village_map(types))
        m = dg.area_map(sample.villages())
        m = maps.add_density(m, dg.road_density(sample.villages(), sample.roads()))
        others = html_of(maps.add_layer(maps.add_roads(m, sample.roads()), sample.homes(), "home"))
    plain = html_of(dg.village_map(types))

    assert palette.source == "德清县国土空间规划制图规定(示意)"
    assert drawn(typed)[0]["styles"][0]["fillColor"] == "#ffd400"
    assert [one["fill"] for one in told(typed).legends[0]["entries"][:5]] == [
        "#ffd400", "#2f7fd0", "#9fb58a", "#a03060", "#f4f4f4",
    ]  # fmt: skip
    assert told(typed).legends[0]["unit"] == f"配色依据:{palette.source}"
    assert ["dg-mark", f"配色依据:{palette.source}"] in told(others).footer
    _, density, roads, homes = drawn(others)
    assert density["styles"][0]["fillColor"] == "#ffffff"
    assert "#aa0000" in {style["color"] for style in roads["styles"]}
    assert "非规范色" in told(plain).legends[0]["unit"]
    assert drawn(plain)[0]["styles"][0]["fillColor"] == "#f8c506"
    assert homes["styles"]


def test_a_palette_without_the_types_leaves_the_disclaimer(tmp_path):
    file = tmp_path / "parks.toml"
    file.write_text('source = "示意"\n[park]\nfill = "#00aa00"\n', encoding="utf-8")
    with pytest.warns(errors.DeqingGeoWarning):
        types = dg.classify_villages(facts())
    with maps.use_palette(file):
        assert told(html_of(dg.village_map(types))).legends[0]["unit"] == "非规范色"


def test_a_palette_stays_until_it_is_put_away(own):
    before = maps.use_palette(own)
    try:
        assert parts.style()["park"]["color"] == "#006400"
        with maps.use_palette(None):
            assert parts.style()["park"]["color"] == "#1b7837"
        assert parts.style()["park"]["color"] == "#006400"
    finally:
        before.__exit__()
    assert palettes.in_use() is None


def test_every_mistake_of_a_palette_is_named_at_once(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(
        """
        [village_type]
        suburban = "yellow"
        cluster = "#2f7fd0"
        heritage = "#2F7FD0"
        merged = "#112233"
        opacity = 0.5
        [density]
        ramp = ["#ffffff"]
        [roads]
        arterial = "#aa0000"
        """,
        encoding="utf-8",
    )
    with pytest.raises(errors.InputError) as caught:
        maps.read_palette(file)
    text = str(caught.value)

    for said in (
        "source: missing",
        "village_type.suburban: 'yellow' is no colour",
        "village_type.merged: not known",
        "village_type.opacity: is no colour",
        "density.ramp: needs 5 colours",
        "roads.arterial: not known",
        "城郊融合类, 整治提升类, 搬迁撤并类 missing",
        "集聚建设类 and 特色保护类 have one colour",
    ):
        assert said in text
    assert text.startswith("bad.toml is no palette")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('城郊融合类 = "#ffffff"', "in quotes"),
        ('source = "甲"', "holds no colour"),
        ('source = " "\n[park]\nfill = "#00aa00"', "source: missing"),
        ('source = "甲"\npark = "#00aa00"\n"park.fill" = "#00aa01"', "not known"),
        ('source = "甲"\n[road]\nfill = 3', "not known"),
        ('source = "甲"\n[road]\nbranch = 3', "3 is no colour"),
        ('source = "甲"\nfault = "#ffffff"', "a colour each"),
        ('source = "甲"\n[road]\nbranch = "#ffffff"\n"支路" = "#000000"', "given twice"),
        ('source = "甲"\n[park.fill]\nx = "#ffffff"', "not known"),
    ],
)
def test_a_palette_that_is_none_is_refused_in_its_own_words(text, said, tmp_path):
    file = tmp_path / "p.toml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(errors.InputError, match=re.escape(said)):
        maps.use_palette(file)
    assert palettes.in_use() is None


def test_a_palette_that_cannot_be_read_says_so(tmp_path):
    (tmp_path / "gbk.toml").write_bytes('source = "甲"'.encode("gbk"))

    for name in ("none.toml", "gbk.toml"):
        with pytest.raises(errors.BoundaryFileError, match="UTF-8"):
            maps.read_palette(tmp_path / name)


def test_a_hostile_source_is_text(tmp_path):
    nasty = "</script><script>alert(1)</script>{{ 7*7 }}`${1}`"
    file = tmp_path / "p.toml"
    file.write_text(f"source = '{nasty}'\n[park]\nfill = '#00aa00'\n", encoding="utf-8")
    with maps.use_palette(file):
        html = html_of(dg.area_map(sample.villages()))

    assert "<script>alert" not in html and "{{ 7*7" not in html
    assert ["dg-mark", f"{columns.word('map.palette')}:{nasty}"] in told(html).footer
