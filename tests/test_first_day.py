"""A county office's first day, as docs/first-day.md tells it: each command, each quoted line."""

import os
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from docx import Document

from deqing_geo.cli import main

PAGE = Path(__file__).resolve().parent.parent / "docs" / "first-day.md"
BLOCK = re.compile(r"^```(console|python|toml)\n(.*?)^```", re.S | re.M)
STATUS = re.compile(r"\[(\d+)\]")


def steps(text):
    """The page's blocks in order: commands with the lines quoted under them, scripts, files."""
    for kind, body in BLOCK.findall(text):
        if kind != "console":
            yield kind, body, []
            continue
        for one in re.split(r"^\$ ", body, flags=re.M)[1:]:
            command, *quoted = one.splitlines()
            yield kind, command, quoted


def unsaid(printed, quoted):
    """The first quoted piece that was not printed after those before it."""
    at = 0
    for line in quoted:
        for piece in line.strip().split("..."):
            found = printed.find(piece, at)
            if found < 0:
                return piece
            at = found + len(piece)
    return None


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The whole day in an empty folder: what each command printed, and what scripts left."""
    told, names = [], {}
    here = os.getcwd()
    folder = tmp_path_factory.mktemp("第一天")
    os.chdir(folder)
    try:
        for kind, body, quoted in steps(PAGE.read_text("utf-8")):
            if kind == "python":
                exec(compile(body, str(PAGE), "exec"), names)  # the page's own code
            elif kind == "toml":
                Path(re.match(r"# (\S+)", body)[1]).write_text(body, "utf-8")
            else:
                capture = pytest.MonkeyPatch()
                said = _run(capture, shlex.split(body)[1:])
                told.append(SimpleNamespace(command=body, quoted=quoted, **said))
        yield SimpleNamespace(told=told, names=names, folder=folder)
    finally:
        os.chdir(here)


def _run(patch, arguments):
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        patch.setenv("COLUMNS", "80")
        try:
            status = main(arguments)
        finally:
            patch.undo()
    return {"status": status, "printed": out.getvalue()}


def test_every_command_ends_and_prints_as_the_page_says(day):
    assert len(day.told) > 12
    for one in day.told:
        asked = [STATUS.fullmatch(line) for line in one.quoted]
        status = next((int(found[1]) for found in asked if found), 0)
        quoted = [line for line, found in zip(one.quoted, asked, strict=True) if not found]

        assert one.status == status, f"{one.command}\n{one.printed[-2000:]}"
        assert unsaid(one.printed, quoted) is None, f"{one.command}\n{one.printed[-6000:]}"


def test_what_is_printed_fits_a_console_of_gbk(day):
    for one in day.told:
        one.printed.encode("gbk")


def test_a_piece_that_was_not_printed_is_found():
    assert unsaid("a 1 b 2\nc 3\n", ["a...b 2", "...", "c 3"]) is None
    assert unsaid("a 1 b 2\n", ["b 2", "a 1"]) == "a 1"


def test_the_working_copy_is_the_county_without_its_mistakes(day):
    """A second road: the layer before the mistakes were planted."""
    copy = gpd.read_file(day.folder / "检查" / "工作副本.gpkg")
    true = gpd.read_file(day.folder / "practice" / "county.gpkg", layer="villages")
    names = dict(zip(true["village_code"], true["village_name"], strict=True))

    assert dict(zip(copy["ZLDWDM"].str[:12], copy["ZLDWMC"], strict=True)) == names
    there = copy.set_index(copy["ZLDWDM"].str[:12]).geometry
    apart = there.symmetric_difference(
        true.set_index("village_code").geometry.reindex(there.index)
    ).area
    # Overlaps go whole to one side: 2,188 m2 at most, as the repair was allowed.
    assert apart.max() <= 2188


def test_a_relocation_needs_its_meeting_and_an_override_keeps_the_rules_word(day):
    table = pd.read_csv(day.folder / "分类2" / "villages.csv").set_index("村(社区)名称")
    log = pd.read_csv(day.folder / "人工调整记录.csv")

    assert table.loc["柏坪村", ["初判类型", "拟定类型"]].tolist() == ["搬迁撤并类"] * 2
    assert table.loc["泉垄村", "拟定类型"] == "整治提升类"
    assert table.loc["泉垄村", "初判类型"] == "搬迁撤并类"
    assert (table["拟定类型"] == "搬迁撤并类").sum() == 1
    kept = table[table["判定理由"].str.contains("清代古桥群")]
    assert kept["镇(街道)"].tolist() == ["乾元镇"] and kept["拟定类型"].tolist() == ["特色保护类"]
    assert len(log) >= 2


def test_the_recipe_gives_the_types_the_papers_have(day):
    """Meetings stand in the facts, decisions in the log: with both, map and papers agree."""
    papers, maps = (
        pd.read_csv(day.folder / run / "villages.csv", dtype=str)
        .set_index("行政区划代码")["拟定类型"]
        .fillna("")
        for run in ("分类2", "成果")
    )

    assert maps.to_dict() == papers.to_dict()


def test_the_months_difference_is_the_two_roads(day):
    """By pencil: their length over the zone."""
    book = openpyxl.load_workbook(day.folder / "月报" / "2026-01" / "路网增减明细表.xlsx")
    cells = [cell for row in book.active.iter_rows(values_only=True) for cell in row]
    changed = pd.read_csv(day.folder / "月报" / "2026-01" / "路网增减明细表.csv")
    opened = day.names["opened_km"]

    said = "".join(
        one.text
        for one in Document(day.folder / "月报" / "2026-01" / "月度变化通报.docx").paragraphs
    )
    quoted = re.search(r"“(截至2026年.*?)”", PAGE.read_text("utf-8"))[1]
    assert quoted in said and "霞台路、兰台路" in said
    assert set(changed["道路名称"]) == {"霞台路", "兰台路"} <= set(cells)
    assert changed["增减长度(公里)"].sum() == pytest.approx(opened, abs=1e-3)


def test_what_is_handed_in_is_listed_with_its_sum(day):
    sums = (day.folder / "报送" / "sha256.txt").read_text("utf-8")
    sheets = list((day.folder / "报送" / "表格").glob("*.xlsx"))

    assert len(sheets) > 12 and all(sheet.name in sums for sheet in sheets)
    assert not [sheet for sheet in sheets if "更正表" in sheet.name]
