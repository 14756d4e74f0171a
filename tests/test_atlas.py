"""Pages on paper: true to scale, readable, whole, the same every time."""

import csv
import re
import shutil
import subprocess
import zlib
from dataclasses import replace

import geopandas as gpd
import matplotlib
import numpy as np
import pyogrio
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import cli, errors, sample
from deqing_geo.atlas import export_atlas
from deqing_geo.atlas import fonts as typing
from deqing_geo.atlas import frame as frames
from deqing_geo.atlas import labels as naming
from deqing_geo.atlas import pdf as joining
from deqing_geo.atlas.drawing import Drawing, Pen, Shape, Words, outline
from deqing_geo.atlas.ground import ground_of
from deqing_geo.atlas.sheet import Setting, Sheet, compose
from deqing_geo.atlas.told import of_density, of_types
from deqing_geo.columns import word
from deqing_geo.looks.imprint import Imprint, imprint_of, use_imprint
from deqing_geo.looks.palette import style
from deqing_geo.villages.kinds import FIVE
from tests.test_village_map import facts

HOSTILE = [
    "$\\frac{1}{2}$村",
    "<b>{{7*7}}</b>",
    "=1+1",
    "𠮷䶮村",
    "甲\n乙\t丙",
    "\u202e倒村\u200b",
    "很长" * 60,
    "a_b^c~d\\n",
    "",
]


@pytest.fixture(scope="module")
def density():
    return dg.road_density(sample.villages(), sample.roads())


@pytest.fixture(scope="module")
def coverage():
    return dg.park_coverage(sample.villages(), sample.parks(), sample.homes())


@pytest.fixture(scope="module")
def made():
    """The schematic county's borders, and types by a share that was made up here."""
    county = sample.county(0)
    villages = county.villages
    villages["udb_res_share"] = np.where(np.arange(len(villages)) % 9 == 0, 0.8, 0.1)
    villages.loc[villages.index[::20], "udb_res_share"] = np.nan
    types = dg.classify_villages(villages, draws=0)
    return county, types


def setting(paper="A4", orientation="auto", **imprint):
    return Setting(frames.paper_size(paper), orientation, Imprint(**imprint), "", "", "degrees", 9)


def page(subject, *, area=None, towns=None, villages=None, county=None, **options):
    ground = ground_of(subject.areas.crs, county=county, towns=towns, villages=villages, around={})
    sheet = Sheet(subject, "试图", 1, 2, area)
    return compose(sheet, ground, setting(**options), typing.find_typeface())


def every(frame):
    return np.ones(len(frame), dtype=bool)


def read(path):
    return path.read_bytes()


# ---------------------------------------------------------------- scale


def test_a_kilometre_of_land_is_as_many_millimetres_as_the_scale_says(density):
    made = page(of_density(density, every(density.table)))
    west, south, east, _ = density.table.total_bounds

    corners = made.view.paper([(west, south), (east, south)])
    assert corners[1, 0] - corners[0, 0] == approx((east - west) * 1000 / made.scale)
    assert made.scale in frames.SCALES
    # Village A's square is found among the shapes on the page, at that size.
    square = (1000 * 1000 / made.scale) ** 2
    areas = [
        shapely.area(shapely.polygons(item.points[:5]))
        for item in made.drawing.items
        if isinstance(item, Shape) and item.fill in style()["density"]["ramp"]
        and len(item.points) >= 5 and item.inside
    ]  # fmt: skip
    assert any(area == approx(square, rel=1e-6) for area in areas)


def test_the_scale_bar_is_as_long_as_the_land_it_names(density):
    made = page(of_density(density, every(density.table)))
    words = made.drawing.texts
    at = words.index(frames.called_scale(made.scale))
    zero, half, full, unit = words[at - 4 : at]
    items = [item for item in made.drawing.items if isinstance(item, Words)]
    middles = [
        one.x + typing.find_typeface().width(one.text, one.size) / 2 for one in items[at - 4 : at]
    ]
    metres = float(full) * {"米": 1, "公里": 1000}[unit]

    assert zero == "0" and float(half) == float(full) / 2
    assert middles[2] - middles[0] == approx(metres * 1000 / made.scale, abs=1e-6)


@pytest.mark.parametrize("paper", ["A4", "A3", "A1", (200, 300)])
@pytest.mark.parametrize("across", [True, False])
def test_nothing_on_a_sheet_overlaps_or_leaves_it(paper, across):
    sheet = frames.divided(frames.paper_size(paper), across=across, foot_mm=15)
    boxes = [shapely.box(*one) for one in (sheet.frame, *sheet.columns, sheet.foot)]

    assert shapely.box(0, 0, sheet.width, sheet.height).contains(shapely.union_all(boxes))
    for at, one in enumerate(boxes):
        assert all(one.intersection(other).area == 0 for other in boxes[at + 1 :])


@pytest.mark.parametrize("metres", [37.0, 900, 4_400, 61_000, 480_000])
def test_the_scale_is_the_largest_that_fits(metres):
    frame = (10, 10, 210, 160)
    scale = frames.scale_for((0, 0, metres, metres / 2), frame)
    larger = [one for one in frames.SCALES if one < scale]

    assert metres * 1000 / scale <= 200 * (1 - 2 * frames.MARGIN) + 1e-9
    if larger:
        assert metres * 1000 / larger[-1] > 200 * (1 - 2 * frames.MARGIN)


def test_the_grid_is_where_the_degrees_are(density):
    made = page(of_density(density, every(density.table)))
    said = [text for text in made.drawing.texts if re.fullmatch(r"\d+°.*[EN]", text)]
    lon = next(text for text in said if text.endswith("E"))
    degrees, minutes, seconds = (int(one) for one in re.findall(r"\d+", lon + "00")[:3])
    place = next(
        item for item in made.drawing.items if isinstance(item, Words) and item.text == lon
    )
    middle = place.x + typing.find_typeface().width(lon, place.size) / 2
    there = gpd.GeoSeries(
        gpd.points_from_xy([degrees + minutes / 60 + seconds / 3600], [30.54]), crs=4490
    ).to_crs(density.table.crs)

    assert middle == approx(made.view.paper([(there.x[0], there.y[0])])[0, 0], abs=0.2)


# ---------------------------------------------------------------- names


def test_no_name_covers_another_and_towns_are_all_there(made):
    county, types = made
    whole = page(
        of_types(types, every(types.table), audience="internal"),
        towns=county.towns, villages=county.villages, county=county.outline,
    )  # fmt: skip
    boxes = shapely.box(*np.array(whole.placed.boxes).T)
    pairs = shapely.STRtree(boxes).query(boxes, predicate="intersects").T
    frame = shapely.box(*whole.drawing.frame)

    assert all(one == other for one, other in pairs)
    assert set(county.towns["town_name"]) <= set(whole.placed.texts)
    assert len(whole.placed.texts) + whole.dropped == 13 + 181
    assert shapely.contains(frame, boxes).all()
    said = word("atlas.dropped").format(count=whole.dropped)
    assert any(said in text for text in whole.drawing.texts) == (whole.dropped > 0)


def test_names_that_must_stand_find_a_place_however_full_it_is():
    drawing = Drawing(100, 100, (0, 0, 100, 100), "")
    pen = Pen(drawing, typing.find_typeface())
    towns = [naming.Label(f"镇{at}", 50, 50, 9, must=True) for at in range(40)]
    villages = [naming.Label("村庄", 50, 50, 9) for _ in range(40)]
    placed = naming.place(pen, [*villages, *towns], [], (0, 0, 100, 100))
    boxes = shapely.box(*np.array(placed.boxes).T)

    assert placed.texts[:40] == [town.text for town in towns]
    assert len(placed.dropped) > 0
    assert len(shapely.STRtree(boxes).query(boxes, predicate="intersects").T) == len(boxes)


def test_hostile_names_stand_on_paper_as_they_were_written(density, tmp_path):
    names = [f"{one}" for one in HOSTILE]
    rows = [sample.villages().iloc[[0]].translate(x) for x in np.arange(len(names)) * 1000.0]
    villages = gpd.GeoDataFrame(
        {"village_name": names}, geometry=[row.iloc[0] for row in rows], crs=sample.CRS
    )
    found = dg.road_density(villages, sample.roads())
    atlas = export_atlas(
        found, villages, tmp_path, paper="A4", formats=["jpg"], dpi=50, each=["density"]
    )

    assert len(atlas.table) == 3 + len(names)
    assert len(set(atlas.files)) == len(atlas.files)
    listed = (tmp_path / "图件目录.csv").read_text("utf-8-sig")
    cells = [cell for row in csv.reader(listed.splitlines()) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+@" and cell]
    made = page(of_density(found, every(found.table)))
    assert "$\\frac{1}{2}$村" in made.placed.texts


# ---------------------------------------------------------------- fonts


def test_a_character_no_font_has_is_refused_by_name_and_nothing_is_written(tmp_path):
    villages = sample.villages()
    villages["village_name"] = ["甲村", "乙村", "丙\ue123村", "丁村"]
    found = dg.road_density(villages, sample.roads())
    out = tmp_path / "out"

    with pytest.raises(errors.FontError, match=r"U\+E123, in '丙.+村'.*empty boxes.*fonts"):
        export_atlas(found, None, out)
    assert not out.exists()


def test_a_machine_without_a_chinese_font_says_what_to_install(monkeypatch):
    monkeypatch.setattr(typing, "_listed", dict)
    monkeypatch.setattr(typing, "_of_the_wheel", lambda: None)
    typing.find_typeface.cache_clear()
    with pytest.raises(errors.FontError, match=r"pip install deqing_geo\[fonts\]"):
        typing.find_typeface()
    latin = f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf"
    with pytest.raises(errors.FontError, match="has no Chinese characters"):
        typing.find_typeface(latin)
    with pytest.raises(errors.FontError, match="no font file"):
        typing.find_typeface(__file__)
    typing.find_typeface.cache_clear()


def test_a_font_that_lacks_a_rare_character_leaves_it_to_another(monkeypatch):
    face = typing.find_typeface()
    first = face.faces[0]
    without = {code: at for code, at in first.characters.items() if code != ord("龙")}
    two = replace(face, faces=(replace(first, characters=without), first))

    assert [piece for _, piece, _ in two.runs("乌龙村")] == ["乌", "龙", "村"]
    assert two.width("乌龙村", 10) == approx(face.width("乌龙村", 10))
    assert [run[0] for run in two.runs("乌龙村")] == [0, 1, 0]


def test_a_long_sentence_is_broken_and_none_of_it_is_lost():
    face = typing.find_typeface()
    said = "城市道路口径(2021年),road.core 4.50 公里/平方公里;" * 5
    lines = face.wrap(said, 8, 60)

    assert "".join(lines).replace(" ", "") == said.replace(" ", "")
    assert max(face.width(line, 8) for line in lines) <= 60


# ---------------------------------------------------------------- types


def test_fills_are_of_settled_types_and_candidates_are_outlines_on_internal_maps_only():
    with pytest.warns(errors.DeqingGeoWarning, match="各村相同"):
        types = dg.classify_villages(facts(), draws=0)
    assert len(types.candidates) > 0
    inside = of_types(types, every(types.table), audience="internal")
    outside = of_types(types, every(types.table), audience="public")
    edge = style()["village_type"]["candidate"]["color"]

    outlines = [layer for layer in inside.over if layer.look.edge == edge]
    assert sum(len(layer.shapes) for layer in outlines) == len(types.candidates)
    assert all(layer.look.fill is None for layer in outlines)
    filled = sum(len(layer.shapes) for layer in inside.layers)
    assert filled == len(types.table) - len(types.candidates) - len(types.refused)
    said = [entry.label for part in outside.legend for entry in part.entries]
    assert not any("拟列入" in text for text in said) and not any(
        layer.look.edge == edge and len(layer.shapes) for layer in outside.over
    )
    assert word("village_paper.unsettled") in said


def test_the_legend_keeps_the_plans_order_and_adds_up(made):
    _, types = made
    subject = of_types(types, every(types.table), audience="internal")
    entries = subject.legend[0].entries
    counts = [int(entry.amount.split()[0]) for entry in entries]

    assert [entry.label for entry in entries[:5]] == [
        "城郊融合类", "集聚建设类", "整治提升类", "特色保护类", "搬迁撤并类",
    ]  # fmt: skip
    assert counts[:5] == [types.counts[kind] for kind in FIVE]
    assert sum(counts) == len(types.table)
    total = subject.figures.total
    assert [int(one) for one in total[1:6]] == counts[:5] and int(total[-1]) == 181


def test_a_towns_page_shows_its_villages_and_greys_the_rest(made, tmp_path):
    county, types = made
    atlas = export_atlas(
        types, county.towns.iloc[:3], tmp_path, paper="A4", formats=["png"], dpi=50, whole=False,
        county=county.outline,
    )  # fmt: skip
    towns = atlas.table[atlas.table["sheet_number"] > 0]

    assert towns["page_area"].to_list() == county.towns["town_name"].to_list()[:3]
    assert atlas.files[1] == "330521德清县01武康街道村庄分类图.png"
    assert (atlas.out / "330521德清县图件目录.csv").exists() and atlas.book is None
    assert towns["labels_dropped"].sum() == 0


# ---------------------------------------------------------------- files


def test_two_runs_write_the_same_bytes_whatever_the_settings(coverage, tmp_path):
    results = [coverage]
    options = {"paper": "A4", "dpi": 60, "stage": "会审稿", "made_by": "某局"}
    first = export_atlas(results, None, tmp_path / "a", **options)
    with matplotlib.rc_context({"pdf.fonttype": 42, "text.hinting": "force_autohint"}):
        second = export_atlas(results, None, tmp_path / "b", jobs=2, **options)
        assert matplotlib.rcParams["pdf.fonttype"] == 42

    assert first.files == second.files
    for name in first.files:
        assert read(tmp_path / "a" / name) == read(tmp_path / "b" / name), name


def test_what_goes_in_is_left_as_it_was(density, tmp_path):
    before = density.table.copy()
    areas = sample.villages()
    export_atlas(density, areas, tmp_path, paper="A4", formats=["jpg"], dpi=50)

    assert density.table.equals(before) and areas.equals(sample.villages())


@pytest.fixture(scope="module")
def book(density, coverage, tmp_path_factory):
    out = tmp_path_factory.mktemp("book")
    return export_atlas(
        [density, coverage], sample.villages(), out, paper="A4", formats=["pdf"],
        each=["density"], stage="征求意见稿", made_by="德清县(示意)",
    )  # fmt: skip


def test_the_book_has_every_page_and_bookmarks_that_lead_there(book):
    content = read(book.book)
    pages = re.search(rb"/Kids \[ (.*?) \] /Count (\d+)", content)
    kids = [int(one) for one in re.findall(rb"(\d+) 0 R", pages[1])]
    marks = re.findall(rb"/Title <FEFF([0-9A-F]+)> /Dest \[(\d+) 0 R /Fit\] /Parent (\d+)", content)
    said = [bytes.fromhex(one.decode()).decode("utf-16-be") for one, *_ in marks]

    assert int(pages[2]) == len(kids) == len(book.table) == 8
    assert said == book.table["map_title"].to_list()
    assert [int(to) for _, to, _ in marks] == kids
    # The four villages stand under the map of the whole.
    assert len({parent for *_, parent in marks[3:7]}) == 1
    assert marks[3][2] != marks[2][2] == marks[7][2]


def test_a_joined_page_refers_only_to_what_is_there(book):
    content = read(book.book)
    start = int(re.search(rb"startxref\n(\d+)", content)[1])
    size = int(re.search(rb"/Size (\d+)", content)[1])
    lines = content[start:].split(b"\n")[3 : 2 + size]

    for number, line in enumerate(lines, start=1):
        assert content[int(line[:10]) :].startswith(b"%d 0 obj" % number)
    for stream in re.finditer(rb"/Length (\d+) /Filter /FlateDecode >>\nstream\n", content):
        zlib.decompress(content[stream.end() : stream.end() + int(stream[1])])
    alone = sum((book.out / name).stat().st_size for name in book.files if name != book.book.name)
    assert len(content) < 0.9 * alone  # glyphs are kept once


def test_what_is_no_plain_pdf_is_not_joined(tmp_path):
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.5 something else")
    with (
        (tmp_path / "out.pdf").open("wb") as out,
        pytest.raises(errors.ExportError, match=r"x\.pdf: is no PDF of the plain kind"),
    ):
        joining.Joined(out).add(tmp_path / "x.pdf")


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not here")
def test_another_reader_finds_pages_and_names_as_text(book):
    said = subprocess.run(
        ["pdftotext", book.book, "-"], capture_output=True, encoding="utf-8", check=True
    )
    pages = said.stdout.split("\f")

    assert said.stderr == ""
    assert len(pages) - 1 == 8
    for name in sample.villages()["village_name"]:
        assert name in pages[2]
    assert "征求意见稿" in pages[1] and "内部资料" in pages[1] and "界线仅供参考" in pages[1]


def test_a_page_says_all_that_must_stand_on_it(density, tmp_path):
    subject = of_density(density, every(density.table))
    made = page(
        subject, villages=density.table, stage="报批稿", made_by="编制者", made_on="2026-01-02"
    )
    said = "\n".join(made.drawing.texts)

    for text in (
        "试图(报批稿)", "图例", "北", "公里", "位置图", "村界", "CGCS2000", "中央经线120°",
        "高程基准:图上无高程", "数据时点", "编制单位:编制者", "制图日期:2026-01-02", "图号 01",
        "内部资料 注意保存", "界线仅供参考", "未经地图审核(无审图号),不得公开", "第 2 页,共 9 页",
        word("notice.schematic"), frames.called_scale(made.scale), density.definition.line[:12],
    ):  # fmt: skip
        assert text in said, text


def test_a_public_page_has_its_number_or_is_for_review(density):
    subject = of_density(density, every(density.table))
    with_number = page(subject, audience="public", review_number="浙S(2026)12号").drawing.texts
    without = page(subject, audience="public").drawing.texts

    assert any("审图号:浙S(2026)12号" in text for text in with_number)
    assert not any("送审稿" in text for text in with_number)
    assert any("送审稿" in text for text in without)
    assert not any("内部" in text for text in [*with_number, *without])


def test_an_offices_own_line_stands_on_every_page(density, tmp_path):
    with use_imprint(imprint_of(made_by="某某规划局", stage="报批稿")):
        atlas = export_atlas(density, None, tmp_path, paper="A4", formats=["pdf"])
    content = read(atlas.book)

    assert b"/Author " + joining.text("某某规划局") in content


def test_all_that_is_wrong_with_an_order_is_said_at_once(density, tmp_path):
    with pytest.raises(errors.InputError) as caught:
        export_atlas(
            density, None, tmp_path, orientation="up", formats=["tiff"], dpi=3, jobs=0,
            names="{x}", each=["hills"], around={"moon": sample.villages()}, grid="inch",
            data_as_of="gestern",
        )  # fmt: skip
    said = str(caught.value)

    for option in ("orientation", "formats", "dpi", "jobs", "names", "each", "around", "grid",
                   "data_as_of"):  # fmt: skip
        assert f"{option}=" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": "{title[}"}, "names="),
        ({"names": "图"}, "more than once"),
        ({"paper": "B5"}, "paper='B5'"),
        ({"audience": "all"}, "audience="),
        ({"review_number": "浙S(XXXX)"}, "review_number="),
    ],
)
def test_a_slip_is_told_before_anything_is_written(density, tmp_path, change, said):
    with pytest.raises(errors.InputError, match=re.escape(said)):
        export_atlas(density, None, tmp_path / "out", **change)
    assert not (tmp_path / "out").exists()


def test_what_is_no_result_and_what_has_no_rows_is_refused(density, tmp_path):
    with pytest.raises(errors.InputError, match="holds GeoDataFrame"):
        export_atlas(sample.villages(), None, tmp_path)
    with pytest.raises(errors.InputError, match="no rows"):
        export_atlas(density, sample.villages().iloc[:0], tmp_path)
    with pytest.raises(errors.InputError, match="must be polygons"):
        export_atlas(density, sample.roads(), tmp_path)
    with pytest.raises(errors.CRSError):
        export_atlas(density, sample.villages().set_crs(None, allow_override=True), tmp_path)


def test_areas_a_result_says_nothing_of_have_no_page_and_are_told(density, tmp_path):
    far = sample.villages().iloc[[0]].copy()
    far["village_name"] = "远村"
    far["geometry"] = far.translate(90_000, 0)
    areas = gpd.GeoDataFrame(
        {"village_name": ["甲村", "远村"]},
        geometry=[*sample.villages().geometry[:1], *far.geometry], crs=sample.CRS,
    )  # fmt: skip
    atlas = export_atlas(
        density, areas, tmp_path, paper="A4", formats=["jpg"], dpi=50, each="density"
    )

    assert atlas.left_out == (("远村路网密度分区图", "远村"),)
    assert "<Atlas of 4 pages in" in repr(atlas)
    assert "路网密度分区图" in atlas._repr_html_()


def test_a_failure_leaves_the_old_atlas_whole(density, tmp_path, monkeypatch):
    export_atlas(density, None, tmp_path, paper="A4", formats=["pdf"])
    before = {file.name: read(file) for file in tmp_path.iterdir()}

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(joining.Joined, "finish", fail)
    with pytest.raises(errors.ExportError, match="No space left"):
        export_atlas(density, None, tmp_path, paper="A3", formats=["pdf"])
    assert {file.name: read(file) for file in tmp_path.iterdir()} == before


def test_holes_stay_holes_on_paper():
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    points, codes = outline(np.array([ring]))
    turned = [shapely.is_ccw(shapely.linearrings(points[at : at + 5])) for at in (0, 5)]

    assert codes.tolist() == [1, 2, 2, 2, 79] * 2
    assert turned[0] != turned[1]


def test_a_dashed_border_is_drawn_once(density):
    villages = sample.villages()
    ground = ground_of(villages.crs, county=None, towns=sample.town(), villages=villages, around={})
    drawn = sum(shapely.length(spread.shapes).sum() for spread in ground.borders.values())
    whole = shapely.length(shapely.union_all(shapely.boundary(villages.geometry.to_numpy())))
    town = shapely.length(shapely.boundary(sample.town().geometry.to_numpy())).sum()

    assert drawn == approx(whole)
    assert shapely.length(ground.borders["town"].shapes).sum() == approx(town)


# ---------------------------------------------------------------- the command line


def test_a_report_prints_its_atlas_when_asked(tmp_path, capsys):
    lines = ['title = "练习"']
    for name in ("zone", "roads", "parks", "homes"):
        pyogrio.write_dataframe(getattr(sample, name)(), tmp_path / f"{name}.gpkg")
        lines += [f"[{name}]", f'file = "{name}.gpkg"']
    lines.insert(3, 'source = "示意"\nas_of = 2025-12-31')
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("\n".join(lines), encoding="utf-8")

    assert cli.main(["report", str(recipe), "--out", str(tmp_path / "out"), "--atlas", "A4"]) == 0
    files = {file.name for file in (tmp_path / "out" / "atlas").iterdir()}
    assert {"图集.pdf", "01建成区路网图(按等级).jpg", "04口袋公园建议选址图.pdf"} <= files
    assert "atlas: 5 pages" in capsys.readouterr().out


@pytest.mark.parametrize("slip", [["--atlas", "B5"], ["--atlas", "--jobs", "0"]])
def test_a_slip_in_an_atlas_is_told_before_anything_is_measured(tmp_path, capsys, slip):
    assert cli.main(["demo", "--out", str(tmp_path / "out"), *slip]) == 1
    assert "InputError" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
