"""``deqing-geo classify`` on files: facts to papers, out to the towns and back, next year."""

import json
import shutil

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from deqing_geo import columns, sample
from deqing_geo.batch import villages as room
from deqing_geo.cli import main

CODES = [f"33052110190{at}" for at in range(1, 7)]
TABLE = {
    columns.label("village_code"): CODES,
    columns.label("unit_kind"): ["村委会"] * 6,
    columns.label("is_town_seat"): ["是", "否", "否", "否", "否", "否"],
    columns.label("is_central_village"): ["否", "是", "否", "否", "否", "否"],
    columns.label("in_relocation_plan"): ["否", "否", "是", "否", "否", "否"],
    columns.label("major_project"): ["否"] * 6,
    columns.label("heritage_list"): [None, None, None, "中国传统村落", None, None],
    columns.label("pop_resident"): [900, 800, 40, 700, 300, 200],
    columns.label("current_type"): [
        "集聚建设类",
        "整治提升类",
        None,
        "特色保护类",
        "整治提升类",
        "城郊融合类",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("villages")
    x, y = sample.X0, sample.Y0
    shapes = [shapely.box(x + 1000 * at, y, x + 1000 * at + 1000, y + 1000) for at in range(6)]
    villages = gpd.GeoDataFrame(
        {"village_code": CODES, "village_name": [f"{one}村" for one in "甲乙丙丁戊己"],
         "town_name": ["纸上镇"] * 4 + ["墨上镇"] * 2},
        geometry=shapes, crs=sample.CRS,
    )  # fmt: skip
    villages.to_file(folder / "villages.gpkg")
    # The last village's homes lie inside the county seat's boundary.
    gpd.GeoDataFrame({"boundary_kind": ["county_seat"]}, geometry=[shapes[5]],
                     crs=sample.CRS).to_file(folder / "boundaries.gpkg")  # fmt: skip
    homes = [one.centroid.buffer(200) for one in shapes]
    gpd.GeoDataFrame({"home_class": ["homestead"] * 6}, geometry=homes, crs=sample.CRS).to_file(
        folder / "homes.gpkg"
    )
    pd.DataFrame(TABLE).to_excel(folder / "table.xlsx", index=False)
    return folder


def run(files, *arguments):
    given = ["classify", files / "villages.gpkg", "--table", files / "table.xlsx",
             "--homes", files / "homes.gpkg", "--boundaries", files / "boundaries.gpkg",
             "--draws", "50", *arguments]  # fmt: skip
    with np.errstate(all="ignore"):
        return main([str(one) for one in given])


def kinds(folder):
    table = gpd.read_file(folder / room.LAYERS, layer=room.LAYER).set_index("village_code")
    return table["type_final"].replace({np.nan: None}).tolist()


@pytest.fixture(scope="module")
def first(files, tmp_path_factory):
    """A first run, with the forms that ask the towns."""
    out = tmp_path_factory.mktemp("out") / "first"
    assert run(files, "--on", "2026-03-01", "--unit", "县自规局", "--forms", "--out", out) == 0
    return out


def test_each_village_comes_to_the_type_its_facts_say(first):
    assert kinds(first) == ["cluster", "cluster", None, "heritage", "improve", "suburban"]


def test_the_command_prints_counts_and_what_was_not_asked(files, capsys):
    assert run(files) == 0
    said = capsys.readouterr().out

    assert "集聚建设类" in said and "拟列入(待征求村民意见)" in said
    assert "停用条件" in said
    said.encode("gbk")


def test_why_prints_the_reasons_in_either_language(files, capsys):
    assert run(files, "--why", CODES[0], CODES[2]) == 0
    zh = capsys.readouterr().out
    assert run(files, "--why", CODES[0], "--english") == 0
    en = capsys.readouterr().out

    assert zh.startswith("集聚建设类(AC-1") and "须征求村民意见" in zh
    assert "seat" in en and "AC-1" in en


def test_the_folder_holds_map_layer_facts_and_papers(first):
    names = {file.name for file in first.iterdir()}
    papers = {name for name in names if name.endswith(".xlsx")}

    assert {room.MAP, room.TABLE, room.LAYERS, room.FACTS, room.SUMMARY, room.FORMS} <= names
    assert len(papers) == 5
    assert len(list((first / room.FORMS).iterdir())) == 2


def test_a_folder_of_a_run_is_the_same_bytes_again(files, first, tmp_path):
    out = tmp_path / "again"
    assert run(files, "--on", "2026-03-01", "--unit", "县自规局", "--forms", "--out", out) == 0

    for file in first.rglob("*"):
        if file.is_file():
            other = out / file.relative_to(first)
            assert other.read_bytes() == file.read_bytes(), file.name


def answer(form, code, **said):
    """Fill in one village's row of a form, by its headings."""
    book = openpyxl.load_workbook(form)
    sheet = book.active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    label = columns.label
    head = next(at for at, row in enumerate(rows) if label("village_code") in row)
    line = next(at for at, row in enumerate(rows) if code in row)
    for name, value in said.items():
        place = rows[head].index(name)
        sheet.cell(line + 1, place + 1).value = value
    book.save(form)


def headings(form):
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(form).active.iter_rows()]
    return next(row for row in rows if columns.label("village_code") in row)


@pytest.fixture(scope="module")
def answered(first, tmp_path_factory):
    """The town disagrees on 乙村 and its villagers agree to move 丙村."""
    folder = tmp_path_factory.mktemp("back") / "forms"
    shutil.copytree(first / room.FORMS, folder)
    form = next(file for file in folder.iterdir() if "纸上镇" in file.name)
    head = headings(form)
    opinion, reason, document, consent, day, author, filled = head[7:14]
    signed = {author: "张三", filled: "2026-03-20"}
    answer(form, CODES[1], **{opinion: "整治提升类", reason: "无建设用地指标"}, **signed)
    answer(form, CODES[2], **{opinion: "同意", document: "镇政发〔2026〕3号", consent: "同意",
                              day: "2026-03-15"}, **signed)  # fmt: skip
    return folder


def test_what_the_towns_say_comes_back_into_the_types(files, answered, tmp_path, capsys):
    out, log = tmp_path / "second", tmp_path / "log.csv"
    asked = ["--on", "2026-04-01", "--opinions", answered, "--log", log, "--out", out]
    assert run(files, *asked) == 0
    once = log.read_bytes()

    assert kinds(out) == ["cluster", "improve", "relocate", "heritage", "improve", "suburban"]
    table = gpd.read_file(out / room.LAYERS, layer=room.LAYER).set_index("village_code")
    # What the rules had said stands beside it.
    assert table.loc[CODES[1], "type_model"] == "cluster"
    assert "无建设用地指标" in table.loc[CODES[1], "reason"]
    assert "纸上镇" in table.loc[CODES[1], "reason"] or "镇" in table.loc[CODES[1], "reason"]
    # The same forms read twice add nothing.
    assert run(files, *asked) == 0
    assert log.read_bytes() == once
    assert (out / room.LOG).read_bytes() == once


def test_next_year_says_who_changed_and_why(files, first, tmp_path, capsys):
    other = tmp_path / "files"
    shutil.copytree(files, other)
    table = {**TABLE, columns.label("is_central_village"): ["否"] * 5 + ["是"]}
    pd.DataFrame(table).to_excel(other / "table.xlsx", index=False)
    out = tmp_path / "next"

    assert run(other, "--on", "2027-03-01", "--before", first, "--out", out) == 0
    said = capsys.readouterr().out
    summary = json.loads((out / room.SUMMARY).read_text("utf-8"))
    sheet = openpyxl.load_workbook(out / room.CHANGES).active
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]

    assert "1 个村庄类型变化" in said and summary["changes"].startswith("1 个村庄类型变化")
    assert CODES[1] in cells and any("数据变化" in cell for cell in cells)
    # Nothing changed where nothing changed.
    assert run(files, "--on", "2026-03-01", "--before", first) == 0
    assert "0 个村庄类型变化" in capsys.readouterr().out


def test_a_scheme_of_the_bureau_is_kept_with_the_run(files, tmp_path, capsys):
    own = tmp_path / "own.toml"
    own.write_text('base = "deqing"\ndocument = "纪要"\nskip = ["AC-2"]\n', encoding="utf-8")
    out = tmp_path / "own"

    assert run(files, "--on", "2026-03-01", "--scheme", own, "--out", out) == 0
    capsys.readouterr()
    assert kinds(out)[1] == "improve"
    assert (out / room.SCHEME).read_bytes() == own.read_bytes()
    # Judged again from its folder, it is the same.
    again = room.judged_before(out)
    assert list(again.table["type_final"]) == kinds(out)
    assert "停用条件AC-2" in again.line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--opinions", "nowhere"], "go with --log"),
        (["--forms"], "go with --out"),
        (["--on", "下周"], "no day like"),
        (["--scheme", "nowhere.toml"], "nowhere.toml"),
        (["--scheme", "national"], "No scheme of village types"),
        (["--weights", "feeling"], "feeling"),
        (["--skip", "SI-9"], "SI-9"),
        (["--fit", "nowhere.toml"], "nowhere.toml"),
        (["--before", "nowhere"], "no folder of an earlier run"),
        (["--why", "330000000000"], "330000000000"),
        (["--draws", "-1"], "draws"),
        (["--official", "官方"], "官方"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(files, tmp_path, capsys, arguments, said):
    out = tmp_path / "out"
    extra = [] if arguments == ["--forms"] else ["--out", out]

    assert run(files, *arguments, *extra) == 1
    assert said in capsys.readouterr().err
    assert not out.exists() or not any(out.iterdir()) or "--why" in arguments


def test_no_file_that_was_read_is_written_over(files, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    shutil.copy(files / "villages.gpkg", out / "villages.gpkg")
    before = (out / "villages.gpkg").read_bytes()

    assert main(["classify", str(out / "villages.gpkg"), "--out", str(out)]) == 1
    assert "villages.gpkg" in capsys.readouterr().err
    assert (out / "villages.gpkg").read_bytes() == before
