"""Basemaps and rasters: what is refused and why, and that no key leaves the house unasked."""

import base64
import json
import re

import folium
import numpy as np
import pytest
import rasterio
from affine import Affine
from pytest import approx

import deqing_geo as dg
from deqing_geo import maps, sample
from deqing_geo.errors import CRSError, ExportError, InputError, OfflineAssetError
from deqing_geo.maps import basemaps
from deqing_geo.maps.asking import refuse_keys, refuse_shifted
from deqing_geo.maps.page import page_of
from deqing_geo.rasters import Raster
from deqing_geo.shifts import wgs84_to_gcj02
from tests.test_maps import html_of

KEY = "0123456789abcdef0123456789abcdef"
OWN = "http://10.1.2.3/tiles/{z}/{x}/{y}.png"
GAODE = "https://webrd01.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}"


def plain():
    return dg.area_map(sample.villages())


# ---------------------------------------------------------------- services


def test_no_map_has_a_basemap_unless_one_is_asked_for():
    html = html_of(plain())

    assert "img-src data: blob:;" in html and "DeqingBackdrop" not in html


def test_every_service_says_its_datum_its_credit_and_what_its_licence_asks():
    for name, service in maps.basemaps.services().items():
        assert service.datum in basemaps.DATUMS, name
        assert service.attribution and service.licence and service.max_zoom >= 14
        assert service.url.startswith("https://") and all(
            host.startswith("https://") for host in service.hosts
        )
        assert service.datum == basemaps.known_datum(service.url)
        assert service.needs_key == bool(service.key_from) == ("tianditu" in name)


def test_the_page_may_ask_those_hosts_and_the_foot_says_whose_map_it_is():
    html = html_of(maps.add_basemap(plain(), "gaode_img"))

    hosts = " ".join(f"https://webst0{at}.is.autonavi.com" for at in (1, 2, 3, 4))
    assert f"img-src data: blob: {hosts};" in html
    assert "default-src 'none'" in html and "connect-src" not in html
    said = [text for _, text in page_of(maps.add_basemap(plain(), "gaode_vec")).contents.footer]
    assert said[0] == "底图:高德地图(瓦片按 GCJ-02 偏移量移位显示,成果坐标不变)"


def test_tiles_drawn_in_gcj02_are_shifted_whoever_names_them():
    m = maps.add_basemap(plain(), GAODE, attribution="高德地图")
    assert '"shifted": true' in html_of(m) or '"shifted":true' in html_of(m)
    own = maps.add_basemap(plain(), OWN, datum="cgcs2000", attribution="县影像")
    assert '"shifted": false' in html_of(own) or '"shifted":false' in html_of(own)


@pytest.mark.parametrize(
    ("service", "options", "message"),
    [
        ("baidu", {}, "BD-09"),
        ("https://maponline0.bdimg.com/tile/?x={x}&y={y}&z={z}", {"datum": "wgs84"}, "BD-09"),
        (OWN, {"datum": "bd09", "attribution": "x"}, "BD-09"),
        ("tianditu", {}, "there are tianditu_vec"),
        (OWN, {"attribution": "县影像"}, "datum= must say"),
        (OWN, {"datum": "cgcs2000"}, "attribution= must say"),
        (GAODE, {"datum": "wgs84", "attribution": "x"}, "draws in gcj02, not wgs84"),
        ("gaode_vec", {"datum": "cgcs2000"}, "drawn in gcj02, not cgcs2000"),
        ("//10.1.2.3/{z}/{x}/{y}", {"datum": "wgs84", "attribution": "x"}, "begin with https"),
        ("http://10.1.2.3/tiles.png", {"datum": "wgs84", "attribution": "x"}, "needs {z}, {x}"),
        ("http://a b/{z}/{x}/{y}", {"datum": "wgs84", "attribution": "x"}, "no plain name"),
        ("http://me:pw@h/{z}/{x}/{y}", {"datum": "wgs84", "attribution": "x"}, "no plain name"),
        ("http://h/{z}/{x}/{y}?{w}", {"datum": "wgs84", "attribution": "x"}, "stands for nothing"),
        ("gaode_vec", {"key": "0123"}, "takes no key"),
        ("gaode_vec", {"max_zoom": 30}, "from 1 to 22"),
        (
            "https://t0.tianditu.gov.cn/vec_c/wmts?x={x}&y={y}&z={z}",
            {"datum": "cgcs2000", "attribution": "x"},
            "_c tiles are in degrees",
        ),
    ],
)
def test_a_service_that_cannot_be_laid_true_is_refused_with_the_reason(service, options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        maps.add_basemap(plain(), service, **options)


def test_all_faults_of_an_address_are_named_at_once():
    with pytest.raises(InputError) as said:
        maps.add_basemap(plain(), "ftp://10.1.2.3/tiles")
    assert all(one in str(said.value) for one in ("{z}", "https://", "datum=", "attribution="))


# ---------------------------------------------------------------- keys


def test_a_service_without_its_key_is_refused_and_says_where_it_belongs(monkeypatch):
    monkeypatch.delenv("DEQING_GEO_TIANDITU_KEY", raising=False)
    with pytest.raises(InputError, match="set the environment variable DEQING_GEO_TIANDITU_KEY"):
        maps.add_basemap(plain(), "tianditu_vec")
    with pytest.raises(InputError, match="only letters, digits") as said:
        maps.add_basemap(plain(), "tianditu_vec", key="'geheim';alert(1)")
    assert "geheim" not in str(said.value)


def test_a_file_with_a_key_is_refused_unless_asked_for_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("DEQING_GEO_TIANDITU_KEY", KEY)
    m = maps.add_basemap(plain(), "tianditu_img")
    with pytest.raises(ExportError, match="allow_key=True") as said:
        dg.save_map(m, tmp_path / "key.html")
    assert KEY not in str(said.value) and not (tmp_path / "key.html").exists()
    file = dg.save_map(m, tmp_path / "key.html", allow_key=True)
    assert KEY in file.read_text(encoding="utf-8")


def test_a_notebook_never_carries_a_key_and_says_so(monkeypatch):
    monkeypatch.setenv("DEQING_GEO_TIANDITU_KEY", KEY)
    m = maps.add_basemap(plain(), "tianditu_vec")
    shown = m._repr_html_()

    assert KEY not in shown and "其密钥不写入笔记本" in shown
    # Only the frame does without: the map itself keeps its service.
    with pytest.raises(ExportError, match="allow_key=True"):
        html_of(m)
    assert KEY in html_of(m, allow_key=True)


def tiles(url, **options):
    return folium.TileLayer(url, attr="x", **options)


@pytest.mark.parametrize(
    "layer",
    [
        tiles(f"https://t0.tianditu.gov.cn/DataServer?T=vec_w&x={{x}}&y={{y}}&l={{z}}&tk={KEY}"),
        tiles(f"//t0.tianditu.gov.cn/vec_w?x={{x}}&y={{y}}&z={{z}}&amp;tk={KEY}"),
        tiles(f"https://tile.example/{{z}}/{{x}}/{{y}}.png?access_token={KEY}"),
        tiles(f"https://tile.example/{{z}}/{{x}}/{{y}}.png?apikey={KEY}"),
        tiles("https://tile.example/{z}/{x}/{y}.png?key={accessToken}", accessToken=KEY),
        tiles("https://tile.example/{z}/{x}/{y}.png?tk={k}", k=KEY),
        folium.WmsTileLayer("https://wms.example/?", layers="a", token=KEY),
        folium.WmsTileLayer(f"https://wms.example/?ak={KEY}", layers="a"),
    ],
    ids=["tk", "relative", "token", "apikey", "beside", "named", "wms option", "wms address"],
)
def test_a_key_in_a_layer_of_ones_own_is_found_too(layer, tmp_path):
    m = plain()
    layer.add_to(m)
    with pytest.raises(ExportError, match="allow_key=True") as said:
        dg.save_map(m, tmp_path / "own.html", offline=False)
    assert KEY not in str(said.value)
    assert KEY in html_of(m, offline=False, allow_key=True)
    # Without a network it cannot be had at all, and the message holds no key either.
    with pytest.raises(OfflineAssetError) as said:
        html_of(m, allow_key=True)
    assert KEY not in str(said.value)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (GAODE, "GCJ02, half a kilometre off"),
        ("//webst02.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}", "GCJ02"),
        ("https://maponline0.bdimg.com/tile/?x={x}&y={y}&z={z}", "BD-09"),
    ],
)
def test_true_coordinates_are_not_laid_on_a_shifted_service(address, message):
    m = plain()
    tiles(address).add_to(m)

    for options in ({"offline": False}, {"offline": True}, {"offline": False, "allow_key": True}):
        with pytest.raises(ExportError, match=message):
            html_of(m, **options)


def test_a_layer_of_ones_own_without_a_key_is_left_alone():
    m = plain()
    tiles("https://tile.openstreetmap.org/{z}/{x}/{y}.png").add_to(m)

    assert "tile.openstreetmap.org" in html_of(m, offline=False)


def test_a_village_called_like_a_key_is_no_key():
    villages = sample.villages()
    villages["village_name"] = ["tk=1234", "?key=abcd村", "&ak=abcd", "api_token:abcd"]

    assert "tk=1234" in html_of(dg.area_map(villages))


def test_a_key_beside_megabytes_of_pictures_is_found():
    """Base64 is full of double slashes, and none of them begins an address."""
    pictures = f'"{"AbC1//" * 200_000}"'
    refuse_keys(f"<script>x({pictures})</script>", folium.Figure())
    refuse_shifted(f"<script>x({pictures})</script>")
    with pytest.raises(ExportError, match="would carry the key"):
        refuse_keys(f'x({pictures}, "//h/?tk={KEY}")', folium.Figure())


# ---------------------------------------------------------------- areas that are off


def test_areas_read_from_a_map_service_are_said_to_be_off_beside_a_true_outline():
    villages = sample.villages().to_crs(4490)
    villages.geometry = villages.geometry.transform(
        lambda at: np.column_stack(wgs84_to_gcj02(at[:, 0], at[:, 1]))
    )
    off = page_of(dg.area_map(villages, reference=sample.town())).contents
    true = page_of(dg.area_map(sample.villages(), reference=sample.town())).contents

    said = [text for text in off.warnings if text.startswith("疑似坐标偏移")]
    metres = int(re.search(r"相差约 (\d+) 米", said[0])[1])
    assert 480 < metres < 560 and 'datum="gcj02"' in said[0]
    assert not any("疑似坐标偏移" in text for text in true.warnings)
    # The outline is drawn either way.
    assert [part["layer"] for part in true.legends] == ["参照轮廓"]


def test_an_outline_of_other_land_is_no_reference():
    away = sample.town()
    away.geometry = away.translate(9_000)
    with pytest.raises(CRSError, match="0% of their land in common"):
        dg.area_map(sample.villages(), reference=away)


# ---------------------------------------------------------------- rasters


def cells(values, **options):
    place = {"west": sample.X0, "north": sample.Y0 + 1000, "cell": 100, "crs": sample.CRS}
    return Raster(np.asarray(values), **{**place, **options})


BOARD = np.add.outer(np.arange(10.0), np.arange(40.0))


def written(path, bands, crs=sample.CRS, **options):
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(bands),
        height=bands[0].shape[0],
        width=bands[0].shape[1],
        dtype=bands[0].dtype,
        crs=crs,
        transform=Affine(100, 0, sample.X0, 0, -100, sample.Y0 + 1000),
        **options,
    ) as out:
        for at, band in enumerate(bands, 1):
            out.write(band, at)
    return path


@pytest.mark.parametrize(
    ("raster", "options", "message"),
    [
        (cells(BOARD), {"look": "map"}, "There is no look 'map'"),
        (cells(BOARD), {"look": "photo"}, "A photograph has three or four bands"),
        (cells(BOARD), {"opacity": 2}, "a number from 0 to 1"),
        (cells(BOARD), {"opacity": True}, "a number from 0 to 1"),
        (cells(BOARD), {"classes": [5, 5]}, "limits that rise"),
        (cells(BOARD), {"classes": {}}, "names 0 kinds"),
        (cells(BOARD), {"classes": dict.fromkeys(range(9), "a")}, "names 9 kinds"),
        (cells(BOARD), {"name": ""}, "what the layer is called"),
        (cells(BOARD), {"assume_crs": 4549}, "assume_crs= is for a file"),
        (cells(np.full((3, 3), np.nan)), {}, "every cell is without a value"),
        ([[1]], {}, "no Raster and no path"),
    ],
)
def test_a_raster_that_cannot_be_drawn_is_refused_with_the_reason(raster, options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        maps.add_raster(plain(), raster, **{"name": "栅格", **options})


def test_heights_in_degrees_are_no_relief():
    there = cells(BOARD, west=120.0, north=30.5, cell=0.001, crs="EPSG:4490")
    with pytest.raises(CRSError, match="as relief give it in a projected system"):
        maps.add_raster(plain(), there, name="地形", look="relief")
    maps.add_raster(plain(), there, name="坡度")


def test_a_raster_elsewhere_than_the_areas_is_refused():
    away = cells(BOARD, west=sample.X0 + 90_000)
    with pytest.raises(InputError, match="does not cover `within`"):
        maps.add_raster(plain(), away, name="栅格", within=sample.villages())


def test_the_legend_names_the_kinds_and_the_steps_of_amounts():
    kinds = cells(np.tile([1, 2, 3, 3], (4, 10)).astype(np.int16))
    m = maps.add_raster(plain(), kinds, name="地类", classes={1: "耕地", 2: "林地"})
    m = maps.add_raster(m, cells(BOARD), name="坡度", classes=[5, 15, 25])
    legends = [
        [entry["label"] for entry in part["entries"]] for part in page_of(m).contents.legends
    ]

    assert legends == [["耕地", "林地", "其他"], ["5 以下", "5 - 15", "15 - 25", "25 以上"]]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_photograph_keeps_its_colours_and_its_edge_is_clear(tmp_path):
    red, green, blue = (np.full((10, 40), value, dtype=np.uint8) for value in (200, 120, 40))
    mask = np.zeros((10, 40), dtype=np.uint8)
    mask[:, 20:] = 255
    file = written(tmp_path / "photo.tif", [red, green, blue, mask], photometric="RGB", alpha="yes")
    m = maps.add_raster(plain(), file, name="影像")
    payload = next(one for one in m._children.values() if one.get_name().startswith("picture"))
    address = json.loads(payload.payload)["picture"]
    kind, body = re.fullmatch(r"data:image/(\w+);base64,(.*)", address).groups()
    with rasterio.io.MemoryFile(base64.b64decode(body)) as memory, memory.open() as picture:
        image = picture.read()
    high, wide = image.shape[1:]

    assert kind in ("webp", "png") and image.shape[0] == 4
    assert image[3, high // 2, wide // 4] == 0 and image[3, high // 2, 3 * wide // 4] == 255
    assert image[:3, high // 2, 3 * wide // 4].tolist() == approx([200, 120, 40], abs=8)
    assert ("dg-mark", "数据来源:photo.tif") in page_of(m).contents.footer


def test_a_photograph_that_does_not_say_where_it_lies_is_refused(tmp_path):
    band = np.full((10, 40), 9, dtype=np.uint8)
    file = written(tmp_path / "nowhere.tif", [band] * 3, crs=None)
    with pytest.raises(CRSError, match="does not say its coordinate system"):
        maps.add_raster(plain(), file, name="影像")
    maps.add_raster(plain(), file, name="影像", assume_crs=sample.CRS)
    deep = written(tmp_path / "deep.tif", [band.astype(np.uint16)] * 3)
    with pytest.raises(InputError, match="bands of 8 bits"):
        maps.add_raster(plain(), deep, name="影像")


def test_a_map_of_a_raster_alone_opens_on_it():
    m = maps.add_raster(folium.Map(tiles=None), cells(BOARD), name="坡度")
    (south, west), (north, east) = page_of(m).contents.bounds

    assert 119.9 < west < east < 120.1 and 30.4 < south < north < 30.7
