"""``deqing-geo facts`` on files, from the command line to the workbook and the forms."""

import pandas as pd
import pytest
from openpyxl import load_workbook

from deqing_geo import sample
from deqing_geo.cli import main
from deqing_geo.inputs import read_village_table
from tests.test_village_facts import land, seats, spots, street, streets  # noqa: F401

CODES = ["330521001901", "330521001902", "330521100903", "330521100904"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    import shapely

    from tests.test_village_facts import X, Y

    folder = tmp_path_factory.mktemp("facts")
    villages = sample.villages().reset_index(drop=True).assign(village_code=CODES)
    villages["town_name"] = ["前镇", "后镇", "后镇", "前镇"]
    villages.to_file(folder / "villages.gpkg")
    line = [shapely.LineString([(X, Y + 500), (X + 4000, Y + 500)])]
    streets(line).to_file(folder / "roads.gpkg")
    seats().to_file(folder / "seats.gpkg")
    land((0, 0, 250, 1000)).to_file(folder / "redline.gpkg")
    spots((500, 500), facility_class=["shop"]).to_file(folder / "places.gpkg")
    sample.zone().to_file(folder / "zone.gpkg")
    text = f"行政区划代码,常住人口,宅基地闲置率(%)\n{CODES[0]},1203,12.5\n{CODES[1]},,\n"
    (folder / "declared.csv").write_text(text, "gbk")
    return folder


def run(files, *arguments):
    given = [files / one if isinstance(one, str) and "." in one else one for one in arguments]
    return main([str(one) for one in ["facts", files / "villages.gpkg", *given]])


def test_facts_are_measured_written_and_their_sources_shown(files, tmp_path, capsys):
    out = tmp_path / "facts.xlsx"
    layers = ["--table", "declared.csv", "--redline", "redline.gpkg", "--roads", "roads.gpkg"]
    layers += ["--seats", "seats.gpkg", "--facilities", "places.gpkg"]
    zone = ["--zone", "zone.gpkg", "--source", "建设局", "--as-of", "2025-12-31"]
    assert run(files, *layers, *zone, "--out", out) == 0
    said = capsys.readouterr().out
    book = load_workbook(out)
    read = read_village_table(out)

    said.encode("gbk")
    assert "图层测算" in said and "未提供" in said and "宅基地闲置率" in said
    assert book.sheetnames == ["村庄指标表", "村庄指标来源表"]
    assert read.loc[CODES[0], ["pop_resident", "hollow_rate"]].tolist() == [1203, 0.125]
    assert read["redline_res_share"].tolist() == pytest.approx([0.25, 0, 0, 0])
    assert read["tt_county_min"].notna().all()
    assert read.attrs["told"]["fac_count"] == "measured"


def test_an_empty_form_and_a_folder_of_forms_are_written(files, tmp_path, capsys):
    assert run(files, "--template", "--out", tmp_path / "form.xlsx") == 0
    assert run(files, "--template", "--out", tmp_path / "forms") == 0
    said = capsys.readouterr().out

    assert len(read_village_table(tmp_path / "form.xlsx")) == 4
    assert read_village_table(tmp_path / "forms")["pop_resident"].isna().all()
    assert said.count("村庄基本情况表.xlsx") == 2


def test_a_form_carries_what_is_known_already_and_a_folder_goes_in_again(files, tmp_path, capsys):
    forms = tmp_path / "forms"
    known = ["--table", "declared.csv", "--redline", "redline.gpkg"]
    assert run(files, *known, "--template", "--out", forms) == 0
    assert main(
        ["facts", str(files / "villages.gpkg"), "--table", str(forms), "--out",
         str(tmp_path / "facts.xlsx")]
    ) == 0  # fmt: skip
    read = read_village_table(tmp_path / "facts.xlsx")

    assert read.loc[CODES[0], "pop_resident"] == 1203
    assert read.attrs["told"]["redline_res_share"] == "measured"
    assert "pop_resident" not in read.attrs["told"]
    assert pd.isna(read.loc[CODES[1], "pop_resident"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--out", "facts"], "a folder goes with --template"),
        (["--roads", "roads.gpkg", "--out", "a.xlsx"], "--roads go with --seats"),
        (["--seats", "seats.gpkg", "--out", "a.xlsx"], "--seats go with --roads"),
        (["--zone", "zone.gpkg", "--out", "a.xlsx"], "--zone needs --source"),
        (["--layer", "parks=a", "--out", "a.xlsx"], "OPTION=NAME"),
        (["--layer", "villages=b", "--out", "a.xlsx"], "no layer 'b'|has no layer|b"),
        (["--homes", "gone.gpkg", "--out", "a.xlsx"], "no such file"),
    ],
)
def test_options_that_do_not_go_together_are_refused(files, options, says, capsys):
    import re

    assert run(files, *options) == 1
    assert re.search(says, capsys.readouterr().err)
