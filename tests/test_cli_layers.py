"""Which layer of its file an option means, and messages in the words of the command line."""

from dataclasses import replace

import geopandas as gpd
import pyogrio
import pytest
from PIL import Image

from deqing_geo import errors, sample
from deqing_geo.batch.atlas import require_towns
from deqing_geo.batch.exports import gather, staying
from deqing_geo.batch.job import paper_town
from deqing_geo.cli import main
from deqing_geo.cli.layers import layers_of
from deqing_geo.cli.shown import in_flags
from deqing_geo.layers import read_roads
from deqing_geo.reading import known_as

ZONE = ("--zone", "zone.gpkg", "--source", "局", "--as-of", "2025-12-31")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Paper Town; the roads of two months in one file, and built and planned ones in another."""
    monkeypatch.chdir(tmp_path)
    sample.zone().to_file("zone.gpkg")
    roads = sample.roads()
    roads.to_file("roads.gpkg", layer="roads")
    roads.iloc[1:].to_file("months.gpkg", layer="roads_november")
    roads.iloc[2:].to_file("months.gpkg", layer="roads_october")
    roads.to_file("both.gpkg", layer="roads")
    roads.iloc[:1].to_file("both.gpkg", layer="planned_roads")
    return tmp_path


def roads_of(*arguments):
    return main(["roads", "roads.gpkg", *ZONE, *arguments])


def test_a_month_comes_out_of_one_file_by_its_layer(files, capsys):
    assert roads_of("--before", "months.gpkg") == 1
    said = capsys.readouterr().err
    assert "which layer is meant for `roads`" in said and "roads_november" in said
    assert "write --layer before=NAME" in said and "Pass layer=" not in said

    assert roads_of("--before", "months.gpkg", "--layer", "before=roads_november") == 0
    november = capsys.readouterr().out
    assert roads_of("--before", "months.gpkg", "--layer", "before=roads_october") == 0
    assert november != capsys.readouterr().out
    assert roads_of("--before", "months.gpkg", "--layer", "before=roads_may") == 1


def test_the_planned_network_is_found_beside_the_roads(files):
    assert len(read_roads("both.gpkg")) == len(sample.roads())
    assert len(read_roads("both.gpkg", planned=True)) == 1


def test_land_no_park_may_take_is_found_by_its_name_and_not_by_fields_of_homes(files, capsys):
    """Both layers are polygons; only the homes have the fields of people."""
    sample.homes().to_file("land.gpkg", layer="homes")
    sample.villages()[["geometry"]].to_file("land.gpkg", layer="farmland")
    sample.parks().to_file("parks.gpkg")
    sample.homes().to_file("homes.gpkg")
    sites = ("--homes", "homes.gpkg", *ZONE, "--sites", "--most", "1")

    assert known_as("永久基本农田") == "farmland"
    # The villages cover all of it, so that no place is left.
    main(["parks", "parks.gpkg", *sites, "--forbid", "永久基本农田=land.gpkg"])
    farmland = capsys.readouterr()
    main(["parks", "parks.gpkg", *sites, "--forbid", "已供地=land.gpkg"])
    unknown = capsys.readouterr()
    assert "which layer is meant for `已供地`" in unknown.err
    assert "--layer 已供地=NAME" in unknown.err
    assert "which layer" not in farmland.err
    main(
        [
            "parks",
            "parks.gpkg",
            *sites,
            "--forbid",
            "已供地=land.gpkg",
            "--layer",
            "已供地=farmland",
        ]
    )
    named = capsys.readouterr()
    assert named.err == farmland.err.replace("永久基本农田", "已供地")


@pytest.mark.parametrize("given", ["parks=a", "=a", "before=", "before"])
def test_a_pair_that_is_none_is_refused(given):
    with pytest.raises(errors.InputError, match="OPTION=NAME"):
        layers_of([given], ("roads", "before"))


def test_a_name_alone_is_of_the_commands_own_file():
    assert layers_of(["道路", "road-area=a"], ("roads", "road-area"), main="roads") == {
        "roads": "道路",
        "road_area": "a",
    }


# ---------------------------------------------------------------- messages


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        ("pass max_change_m2=2188, by which", "pass --max-change 2188, by which"),
        ("pass allow_survey_lines=True.", "pass --allow-survey-lines."),
        ("Pass assume_crs=4549 (or 4490).", "Pass --assume-crs 4549 (or 4490)."),
        ("datum='gcj02' undoes it", "--datum gcj02 undoes it"),
        ("Pass layer=, one of: a, b.", "Pass --layer OPTION=NAME, one of: a, b."),
        ("columns={'as_of': 'x'}", "columns={'as_of': 'x'}"),
        ("max_change_m2 is no option here", "max_change_m2 is no option here"),
        ("my_assume_crs=1", "my_assume_crs=1"),
    ],
)
def test_options_of_python_become_flags_in_the_sentence(says, shown):
    flags = {
        "max_change_m2": "--max-change M2",
        "allow_survey_lines": "--allow-survey-lines",
        "assume_crs": "--assume-crs EPSG",
        "datum": "--datum NAME",
        "layer": "--layer OPTION=NAME",
        "as_of": "--on YYYY-MM-DD",
    }

    assert in_flags(says, flags) == shown


# ---------------------------------------------------------------- single towns, several runs


def test_towns_that_are_not_there_are_told_with_those_that_are():
    villages = sample.villages().assign(town_name="纸上镇")
    towns = sample.town().assign(town_name="纸上镇")
    job = replace(paper_town(), villages=villages, around={"town": towns})

    require_towns(job, ["纸上镇"])
    with pytest.raises(errors.InputError, match=r"no town 纸下镇\. There are: 纸上镇"):
        require_towns(job, ["纸上镇", "纸下镇"])
    with pytest.raises(errors.InputError, match=r"\[villages\] and \[towns\]"):
        require_towns(paper_town(), ["纸上镇"])


def test_only_goes_with_an_atlas(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path / "d"), "--only", "乾元镇"]) == 1
    assert "--only goes with --atlas" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_runs_with_files_of_one_name_are_handed_in_together(tmp_path):
    for run, layer in (("路网", "roads"), ("公园", "parks")):
        folder = tmp_path / run
        folder.mkdir()
        frame = gpd.GeoDataFrame(
            {"village_name": ["甲"]},
            geometry=sample.villages().geometry.iloc[:1].to_list(),
            crs=sample.CRS,
        )
        pyogrio.write_dataframe(frame, folder / f"{layer}.gpkg", layer=layer)
        main_table = sample.villages()[["village_name"]]
        main_table.to_excel(folder / "对比表.xlsx")
        main_table.to_excel(folder / f"{layer}.xlsx")
        (folder / "更正表.xlsx").write_bytes(b"a person's work")
        (folder / "不同口径测算对比表.xlsx").write_bytes(b"for the office's own desk")
    (tmp_path / "路网" / "atlas").mkdir()
    picture = Image.new("RGB", (3000, 2000), "white")
    picture.save(tmp_path / "路网" / "atlas" / "07路网密度分区图.jpg", dpi=(300, 300))
    made = gather([tmp_path / "路网", tmp_path / "公园"], tmp_path / "报送", code="330521")
    names = {file.name for file in made.files}

    assert {"330521德清县路网对比表.xlsx", "330521德清县公园对比表.xlsx"} <= names
    assert {"330521德清县roads.xlsx", "330521德清县07路网密度分区图.jpg"} <= names
    assert not any("更正表" in name or "不同口径" in name for name in names)
    stayed = {file.name for file in staying([tmp_path / "路网", tmp_path / "公园"])}
    assert stayed == {"更正表.xlsx", "不同口径测算对比表.xlsx"}
