"""Pages, papers, notes and exports as products of a recipe, each made by itself."""

import shutil

import openpyxl
import pyogrio
import pytest

from deqing_geo import batch, errors, export_atlas, sample
from deqing_geo.batch import depending, options, pages, products

ZONE = """\
[zone]
file = "zone.gpkg"
source = "示意"
as_of = 2025-12-31
"""
RECIPE = f"""\
title = "练习"
[villages]
file = "villages.gpkg"
{ZONE}[roads]
file = "roads.gpkg"
[parks]
file = "parks.gpkg"
[homes]
file = "homes.gpkg"
[map]
stage = "会审稿"
made_by = "某局"
"""
PRINTED = """\
[atlas]
paper = "A4"
formats = ["jpg"]
dpi = 60
code = "330521"
name = "某县"
[products]
county = ["atlas", "book"]
each_town = ["page"]
"""
FILED = """\
[export]
formats = ["gpkg", "shp", "xlsx", "gdb", "lyrx"]
name = "成果"
[products]
county = ["papers", "export"]
"""


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    towns = ["甲镇", "甲镇", "乙镇", "乙镇"]
    villages = sample.villages().assign(town_name=towns, is_town_seat=False)
    pyogrio.write_dataframe(villages.reset_index(), folder / "villages.gpkg")
    for name in ("zone", "roads", "parks", "homes"):
        pyogrio.write_dataframe(getattr(sample, name)(), folder / f"{name}.gpkg")
    return folder


@pytest.fixture
def folder(layers, tmp_path):
    shutil.copytree(layers, tmp_path / "in")
    return tmp_path / "in"


def recipe(folder, text):
    (folder / "r.toml").write_text(text, encoding="utf-8")
    return batch.load_recipe(folder / "r.toml")


def mistakes(folder, text):
    with pytest.raises(errors.RecipeError) as caught:
        recipe(folder, text)
    return "\n".join(caught.value.mistakes)


# ---------------------------------------------------------------- printed pages


@pytest.fixture(scope="module")
def printed(layers, tmp_path_factory):
    place = tmp_path_factory.mktemp("printed")
    shutil.copytree(layers, place / "in")
    done = batch.press(recipe(place / "in", RECIPE + PRINTED), place / "out")
    assert not done.failed
    return place


def test_pages_have_the_numbers_and_names_of_one_atlas(printed, tmp_path):
    job = batch.open_recipe(batch.load_recipe(printed / "in" / "r.toml"))
    results = batch.measure(job, parts=("density", "coverage", "types", "siting"))
    towns = job.villages.dissolve("town_name").loc[["甲镇", "乙镇"]].reset_index()
    atlas = export_atlas(
        [results.types, results.density, results.coverage, results.siting],
        towns[["town_name", "geometry"]],
        tmp_path / "whole",
        paper="A4",
        formats=["png"],
        dpi=50,
        each=["types"],
        names="330521某县{seq:02d}{title}",
    )
    whole = {name.removesuffix(".png") for name in atlas.files if name.endswith(".png")}
    made = {one.stem for one in (printed / "out" / "atlas").glob("*.jpg")}

    assert made == {name for name in whole if "图件目录" not in name}
    assert "330521某县02甲镇村庄分类图" in made and "330521某县07口袋公园建议选址图" in made
    both = {one.name for one in (printed / "out" / "atlas").iterdir()}
    assert both == {f"{one}.jpg" for one in made} | {"330521某县图集.pdf"}


def test_a_picture_has_the_dots_that_are_asked_of_it(printed):
    from PIL import Image

    with Image.open(printed / "out" / "atlas" / "330521某县04建成区路网图(按等级).jpg") as picture:
        assert picture.info["dpi"] == (60, 60)
        assert max(picture.size) == pytest.approx(297 / 25.4 * 60, abs=1)
    assert pages.DPI == 300


def test_the_book_has_a_page_for_every_one_and_a_list_before(printed):
    book = (printed / "out" / "atlas" / "330521某县图集.pdf").read_bytes()
    assert b"/Count 8" in book


def test_a_park_less_leaves_pages_of_types_and_roads_as_they_are(printed, tmp_path):
    shutil.copytree(printed, tmp_path / "p")
    place = tmp_path / "p"
    pyogrio.write_dataframe(sample.parks().iloc[1:], place / "in" / "parks.gpkg")
    done = batch.press(batch.load_recipe(place / "in" / "r.toml"), place / "out")
    assert set(done.made) == {"county page_coverage", "county page_sites", "county book"}

    # Without roads what comes after them has other numbers, and towns keep theirs.
    text = (RECIPE + PRINTED).replace('[roads]\nfile = "roads.gpkg"\n', "")
    done = batch.press(recipe(place / "in", text.replace('"atlas", "book"', '"atlas"')),
                       place / "out")  # fmt: skip
    names = sorted(one.name for one in (place / "out" / "atlas").glob("*.jpg"))
    assert [name[8:10] for name in names] == ["01", "02", "03", "04", "05"]
    assert not {*done.made} & {"each_town page 甲镇", "each_town page 乙镇"}


def test_numbers_do_not_hang_on_what_was_read(folder):
    read = batch.open_recipe(recipe(folder, RECIPE + PRINTED))
    assert pages.numbers(read) == {"types": 1, "roads": 4, "density": 5, "coverage": 6, "sites": 7}
    alone = batch.open_recipe(recipe(folder, ZONE + '[roads]\nfile = "roads.gpkg"\n'))
    assert pages.numbers(alone) == {"roads": 1, "density": 2}


def test_a_town_is_its_own_outline_or_its_villages_together(folder):
    # Towns without codes are known by their names, which stand as index and as a column.
    towns = (
        sample.villages().dissolve([0, 0, 0, 1])[["geometry"]].assign(town_name=["甲镇", "乙镇"])
    )
    pyogrio.write_dataframe(towns, folder / "towns.gpkg")
    text = RECIPE.replace("[zone]", '[towns]\nfile = "towns.gpkg"\n[zone]', 1)
    own = batch.open_recipe(recipe(folder, text + PRINTED))
    none = batch.open_recipe(recipe(folder, RECIPE + PRINTED))

    assert own.around["town"].index.name == "town_name"
    for job, first in ((own, 3.0), (none, 2.0)):
        shown = pages._towns(job, pages.towns_of(job))
        assert shown["town_name"].to_list() == ["甲镇", "乙镇"]
        assert shown.area.to_list() == pytest.approx([first * 1e6, (4 - first) * 1e6])


# ---------------------------------------------------------------- papers and exports


@pytest.fixture(scope="module")
def filed(layers, tmp_path_factory):
    place = tmp_path_factory.mktemp("filed")
    shutil.copytree(layers, place / "in")
    done = batch.press(recipe(place / "in", RECIPE + FILED), place / "out")
    assert not done.failed
    return place / "out"


def test_papers_carry_the_office_and_the_day(filed):
    made = {one.stem for one in filed.glob("*.xlsx")}
    assert made >= {"村庄分类情况统计表", "村庄分类分镇(街道)汇总表", "村庄分类调整建议表",
                    "村庄分类台账", "道路计入明细表", "公园计入明细表", "公园绿地服务盲区清单",
                    "口袋公园建议选址清单"}  # fmt: skip
    notes = {one.stem for one in filed.glob("*.docx")}
    parks = "公园绿地服务半径覆盖率"
    assert notes == {
        *("村庄分类测算方法说明", "路网密度测算方法说明", "路网密度手工核对"),
        *(f"{parks}测算方法说明", f"{parks}手工核对"),
    }
    sheet = openpyxl.load_workbook(filed / "道路计入明细表.xlsx").worksheets[0]
    said = "\n".join(str(one.value) for row in sheet["A1:H6"] for one in row if one.value)
    assert "会审稿" in said and "某局" in said and "2025年12月31日" in said
    # The paper's sum is the length behind the density.
    total = next(row for row in sheet.iter_rows(values_only=True) if "合计" in row)
    assert 4.0 in total


def test_an_export_may_hold_a_geodatabase_and_goes_as_it_came(filed, folder):
    export = filed / "export"
    assert {"成果.gpkg", "成果.xlsx", "成果.gdb", "road_density.shp", "文件清单.csv"} <= {
        one.name for one in export.iterdir()
    }
    layers = {name for name, _ in pyogrio.list_layers(export / "成果.gdb")}
    assert {"road_density", "park_coverage"} <= layers

    shutil.copytree(filed, folder.parent / "out")
    text = (RECIPE + FILED).replace('"gpkg", "shp", "xlsx", "gdb", "lyrx"', '"csv"')
    done = batch.press(recipe(folder, text), folder.parent / "out")
    assert done.made == ("county export",)
    left = [*(folder.parent / "out" / "export").iterdir()]
    assert left and all(one.is_file() and one.suffix == ".csv" for one in left)


def test_a_public_export_says_that_it_awaits_review(folder):
    text = f'{ZONE}[roads]\nfile = "roads.gpkg"\n[export]\naudience = "public"\n'
    asked = recipe(folder, text + '[products]\ncounty = ["export"]\n')
    done = batch.press(asked, folder.parent / "out")
    made = [one.name for one in (done.out / "export").iterdir()]

    assert not done.failed and all("送审稿" in name for name in made)


# ---------------------------------------------------------------- groups and mistakes


def test_a_group_is_what_can_be_made_of_it():
    made = [one.name for one in products.expanded("county", "papers", {"roads": {}})]
    assert made == ["papers_roads", "method", "by_hand"]
    assert products.expanded("county", "map", {}) == (products.product("county", "map"),)


def test_asking_for_a_group_and_a_part_of_it_makes_it_once(folder):
    asked = recipe(folder, RECIPE + '[products]\ncounty = ["papers", "method"]\n')
    made = [one.name for one in depending.planned(asked).keys]

    assert made.count("method") == 1
    assert made[-3:] == ["counted_roads", "counted_parks", "counted_villages"]


def test_every_mistake_about_how_products_are_made_has_its_line(folder):
    text = RECIPE + (
        '[atlas]\npaper = "A7"\nformats = ["pdf", "gif"]\ndpi = 20\ncode = "33"\n'
        '[export]\nformats = ["lyrx"]\naudience = "all"\n'
        '[products]\ncounty = ["page_type", "roads"]\neach_town = ["book"]\n'
    )
    said = mistakes(folder, text)

    for one in (
        "line 17: [atlas] is for `atlas`, `book` or `page`",
        "line 18: [atlas] `paper` must be one of A0",
        "line 19: [atlas] `formats` knows no 'gif'; it knows pdf, jpg, png",
        "line 20: [atlas] `dpi` must be from 50 to 1200",
        "line 21: [atlas] `code` must be the six digits",
        "line 22: [export] is for `export`",
        "line 23: [export] `formats` 'lyrx' goes with 'gdb'",
        "line 24: [export] `audience` must be one of internal, public",
        "line 26: [products] `county` knows no 'page_type'",
        "line 27: [products] `each_town` knows no 'book'",
    ):
        assert one in said
    bare = '[zone]\nfile = "zone.gpkg"\nsource = "x"\nas_of = 2025-12-31\n'
    said = mistakes(folder, bare + '[products]\ncounty = ["atlas", "book"]\n')
    assert "line 6: [products] `county` 'atlas': none of page_types" in said
    blank = RECIPE + '[export]\naudience = "public"\nreview_number = "GS(2025)xxxx号"\n'
    assert "line 19: [export] `review_number`" in mistakes(
        folder, blank + '[products]\ncounty = ["export"]\n'
    )


def test_a_recipe_without_these_sections_loads_nothing_that_draws():
    assert [*options.mistaken({"roads": {}, "products": {"county": ["roads"]}})] == []
