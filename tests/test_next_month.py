"""A month against the one before: what a run keeps, and what the next says is other."""

import json
import shutil
from dataclasses import replace
from datetime import date

import docx
import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from deqing_geo import batch, errors, sample, standards
from deqing_geo.batch import counted, months
from deqing_geo.batch.results import streets
from deqing_geo.batch.villages import judged_before, keep_judged
from deqing_geo.cli import main
from deqing_geo.progress.judging import contradicted, shown_change
from deqing_geo.villages import classify_villages

RECIPE = """\
title = "练习"
[zone]
file = "zone.gpkg"
source = "示意"
as_of = 2025-11-30
[roads]
file = "roads.gpkg"
[parks]
file = "parks.gpkg"
[homes]
file = "homes.gpkg"
"""
MADE = """\
[products]
county = ["roads", "parks", "summary"]
"""
NEXT = """\
[products]
county = ["roads", "parks", "summary", "changes"]
[before]
run = "../november"
"""
VILLAGES = """\
[villages]
file = "villages.gpkg"
[products]
county = ["villages"]
"""
LANE = "界巷"
LAW = standards.load()


def write(frame, file):
    pyogrio.write_dataframe(frame, file)


@pytest.fixture(scope="module")
def november(tmp_path_factory):
    """A run in which 界巷, a kilometre in three square ones, is not open yet."""
    place = tmp_path_factory.mktemp("month")
    folder = place / "in"
    folder.mkdir()
    towns = ["甲镇", "甲镇", "乙镇", "乙镇"]
    villages = sample.villages().assign(town_name=towns, is_town_seat=False)
    write(villages.reset_index(), folder / "villages.gpkg")
    for name in ("zone", "parks", "homes"):
        write(getattr(sample, name)(), folder / f"{name}.gpkg")
    roads = sample.roads()
    write(
        roads.assign(road_status=roads["road_status"].mask(roads["road_name"] == LANE, "planned")),
        folder / "roads.gpkg",
    )
    (folder / "r.toml").write_text(RECIPE + MADE, encoding="utf-8")
    batch.press(batch.load_recipe(folder / "r.toml"), place / "november")
    (folder / "v.toml").write_text(VILLAGES, encoding="utf-8")
    batch.press(batch.load_recipe(folder / "v.toml"), place / "types")
    return place


@pytest.fixture
def place(november, tmp_path):
    """The same, and 界巷 opens."""
    shutil.copytree(november, tmp_path / "m")
    write(sample.roads(), tmp_path / "m" / "in" / "roads.gpkg")
    return tmp_path / "m"


def pressed(place, text=RECIPE + NEXT, out="december", **changed):
    for old, new in changed.pop("swap", {}).items():
        assert old in text
        text = text.replace(old, new)
    (place / "in" / "r.toml").write_text(text, encoding="utf-8")
    return batch.press(batch.load_recipe(place / "in" / "r.toml"), place / out)


def told(place, out="december"):
    return json.loads((place / out / "changes.json").read_text("utf-8"))


def bulletin(place, out="december"):
    page = docx.Document(place / out / "月度变化通报.docx")
    cells = [cell.text for table in page.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in page.paragraphs), *cells])


def test_a_lane_of_a_kilometre_is_the_whole_difference(place):
    done = pressed(place, swap={"2025-11-30": "2025-12-31"})
    roads = told(place)["road_density"]

    assert not done.failed and roads["comparable"] and roads["recounted"] == roads["before"]
    assert roads["before"] == pytest.approx(3 / 3) and roads["now"] == pytest.approx(4 / 3)
    assert roads["difference"] == pytest.approx(1 / 3, rel=1e-6)
    assert roads["causes"] == ["新通车(此前未通车)1条,+1.000公里(界巷)"]
    table = pd.read_csv(place / "december" / "路网增减明细表.csv")
    assert table["本期计入长度(公里)"].to_list() == [1] and table["道路名称"].to_list() == [LANE]
    assert (place / "december" / "路网增减明细表.xlsx").exists()
    said = bulletin(place)
    assert "截至2025年12月31日,建成区路网密度1.33公里/平方公里" in said
    assert "上期(2025年11月30日)1.00公里/平方公里,较上期增加0.33公里/平方公里" in said
    assert "41.94%,较上期持平。未见增减。" in said


def test_parks_add_up_without_residue(place):
    parks = sample.parks()
    write(parks.iloc[1:], place / "in" / "parks.gpkg")
    pressed(place)
    found = batch.open_recipe(batch.load_recipe(place / "in" / "r.toml"))
    results = batch.measure(found, parts=["coverage"])
    month = months.changes_of(results, months.earlier_of(found, results))
    figure = month.figures["park_coverage"]

    # By another road: homes within the radius of the park that went, and of no other.
    homes = sample.homes().geometry.union_all().intersection(sample.zone().union_all())
    reach = {name: park.buffer(500, quad_segs=64) for name, park in parks.geometry.items()}
    assert figure.comparable and figure.difference < 0
    assert figure.changes.table["coverage_effect"].sum() == pytest.approx(
        figure.difference, abs=1e-9
    )
    lost = -figure.changes.table["delta_ha"].sum()
    assert 0 < lost <= reach[parks.index[0]].intersection(homes).area / 1e4 + 0.01
    assert month.causes["park_coverage"][0].startswith("数据删除1处,-")
    assert "大公园" in month.causes["park_coverage"][0]


def test_in_the_same_folder_only_what_hangs_on_roads_is_made_again(place):
    shutil.copytree(place / "november", place / "same")
    again = pressed(place, RECIPE + MADE, "same")
    assert set(again.made) == {"county roads", "county summary"}

    with_changes = pressed(place, out="same")
    assert set(with_changes.made) == {"county changes"}
    assert pressed(place, out="same").made == ()
    fresh = pressed(place)
    names = sorted(one.name for one in (place / "same").rglob("*") if one.is_file())
    assert names == sorted(one.name for one in fresh.out.rglob("*") if one.is_file())
    for file in ("changes.json", "月度变化通报.docx", "路网增减明细表.xlsx", "counted/roads.gpkg"):
        assert (place / "same" / file).read_bytes() == (fresh.out / file).read_bytes()


def test_another_run_before_makes_the_changes_anew(place):
    pressed(place)
    shutil.copytree(place / "december", place / "in" / "later")
    done = pressed(place, swap={"../november": "later"})

    assert done.made == ("county changes",)
    assert told(place)["road_density"]["difference"] == 0
    assert told(place)["road_density"]["causes"] == []


@pytest.mark.parametrize(
    ("swap", "apart"),
    [
        ({"[products]": '[measures]\nroad_density = "road.broad"\n[products]'}, ["definition"]),
        ({'"roads.gpkg"': '"roads.gpkg"\ncentre_lines = false'}, ["merging"]),
    ],
)
def test_months_that_do_not_compare_are_not_subtracted(place, swap, apart):
    pressed(place, swap=swap)
    roads = told(place)["road_density"]

    assert not roads["comparable"] and roads["apart"] == apart and roads["difference"] is None
    said = bulletin(place)
    assert "不可比" in said and "不作增减" in said and "上期(2025年11月30日)报1.00" in said
    assert (roads["recounted"] is None) == (apart == ["merging"])
    # Of the lines of then nothing is known that could be told as a cause.
    assert ("未见增减。\n" in said.split("三、")[0]) is False


def test_another_outline_is_counted_again_beside_what_was_reported(place):
    wider = gpd.GeoDataFrame(
        {"zone_name": ["城区"]}, geometry=[shapely.box(500000, 3380000, 504000, 3381000)], crs=4549
    )
    write(wider, place / "in" / "zone.gpkg")
    pressed(place)
    roads = told(place)["road_density"]

    assert roads["apart"] == ["outline"] and roads["before"] == pytest.approx(1)
    assert roads["recounted"] == pytest.approx(3 / 4) and roads["now"] == pytest.approx(1)
    assert "上期数据按本期范围和口径重算为0.75公里/平方公里,按此较上期增加0.25" in bulletin(place)
    # The table itself is that of the count made anew, and says so.
    assert "重算" in (place / "december" / "路网增减明细表.csv").read_text("utf-8-sig")
    assert told(place)["park_coverage"]["apart"] == ["outline"]


def test_a_figure_the_kept_layers_do_not_give_is_not_taken_for_the_reported_one(place):
    sheet = place / "november" / "counted" / "roads.json"
    said = json.loads(sheet.read_text("utf-8"))
    sheet.write_text(json.dumps(said | {"value": 1.25}), encoding="utf-8")
    pressed(place)

    assert told(place)["road_density"]["apart"] == ["counting"]
    assert "上期数据重算与原报数不一致" in bulletin(place)


def test_layers_of_then_do_as_well_as_a_run(place, november):
    shutil.copy(november / "in" / "roads.gpkg", place / "in" / "then.gpkg")
    pressed(place)
    by_run = told(place)["road_density"]
    pressed(place, swap={'run = "../november"': 'roads = "then.gpkg"\nroads_layer = "then"'})
    # The copy's only layer still bears the name it was written under.
    pressed(place, swap={'run = "../november"': 'roads = "then.gpkg"'})
    alone = told(place)

    assert {**by_run, "since": ""} == alone["road_density"] and "park_coverage" not in alone


def test_a_village_whose_facts_changed_is_told_with_its_cause(tmp_path):
    facts = gpd.GeoDataFrame(
        {"dist_udb_m": [400.0, 800.0], "tt_county_min": [16.0, 18.0]},
        index=pd.Index(["330521001901", "330521001902"], name="village_code"),
        geometry=[shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000)],
        crs=4549,
    )
    old = classify_villages(facts, as_of=date(2025, 11, 30), skip=("SI-1",))
    (tmp_path / "counted").mkdir()
    keep_judged(old, tmp_path / "counted", {})
    new = classify_villages(
        facts.assign(tt_county_min=[14.8, 9.0]), as_of=date(2025, 12, 31), skip=("SI-1",)
    )
    results = batch.Results(standards.load(), None, None, new, (), None)
    month = months.changes_of(results, counted.read_run(tmp_path))

    assert month.types.table["type_before"].to_list() == ["improve"] * 2
    assert month.causes == {"village_type": ("数据变化2个",)}
    assert month.types.table["held"].to_list() == [True, False]


def test_what_a_run_keeps_serves_classify_too(november):
    kept = counted.read_run(november / "november")
    types = judged_before(november / "types" / "counted")
    assert types.table["town_name"].to_list() == ["甲镇", "甲镇", "乙镇", "乙镇"]
    assert kept.roads.until == "2025-11-30" and kept.roads.merged
    assert list(kept.parks.layers) == ["parks", "homes"]


def test_every_mistake_about_a_month_has_its_line(place):
    text = RECIPE + NEXT.replace("../november", "../in") + 'roads = "nowhere.gpkg"\n'
    (place / "in" / "r.toml").write_text(text, encoding="utf-8")
    with pytest.raises(errors.RecipeError) as caught:
        batch.load_recipe(place / "in" / "r.toml")
    said = "\n".join(caught.value.mistakes)

    assert "line 15: [before] `run` '../in' keeps nothing to compare with" in said
    assert "line 16: [before] no such file: 'nowhere.gpkg'" in said
    assert "line 16: [before] `run` holds the roads too" in said
    (place / "in" / "r.toml").write_text(RECIPE + NEXT.replace(', "changes"', ""), "utf-8")
    with pytest.raises(errors.RecipeError) as caught:
        batch.load_recipe(place / "in" / "r.toml")
    assert "line 14: [before] is for `changes`" in caught.value.mistakes[0]
    (place / "in" / "r.toml").write_text((RECIPE + NEXT).split("[before]")[0], "utf-8")
    with pytest.raises(errors.RecipeError, match=r"line 13: .* 'changes' needs \[before\]"):
        batch.load_recipe(place / "in" / "r.toml")


def test_a_run_is_never_compared_with_the_folder_it_writes(place, capsys):
    (place / "in" / "r.toml").write_text(RECIPE + NEXT, encoding="utf-8")
    status = main(["report", str(place / "in" / "r.toml"), "--out", str(place / "november")])

    assert status == 1 and "would be written over" in capsys.readouterr().err
    assert not (place / "november" / "changes.json").exists()


def test_a_run_that_was_cut_off_is_not_compared_with(place):
    (place / "november" / ".report").mkdir()
    with pytest.raises(errors.RecipeError, match=r"was not finished.*--resume"):
        pressed(place)
    with pytest.raises(errors.RecipeError, match="was not finished"):
        pressed(place, swap={"../november": "../november/counted"})
    (place / "november" / ".report").rmdir()
    assert not pressed(place).failed


@pytest.mark.parametrize("overlap", [0.0, 1e-4])
def test_a_run_of_another_place_is_not_taken_for_the_month_before(place, overlap):
    zone = sample.zone()
    west, _, east, _ = zone.total_bounds
    beside = zone.set_geometry(zone.geometry.translate(east - west - overlap, 0))
    write(beside, place / "in" / "zone.gpkg")
    done = pressed(place)

    (failed,) = done.failed.values()
    assert "another place" in failed and "the same county" in failed
    assert not (place / "december" / "changes.json").exists()


def test_a_later_month_is_not_the_month_before(place):
    done = pressed(place, swap={"2025-11-30": "2025-10-31"})

    (failed,) = done.failed.values()
    assert "describes 2025-11-30" in failed and "later than this recipe's 2025-10-31" in failed


def test_roads_of_then_are_merged_as_a_part_of_a_larger_layer_if_those_of_now_are(
    place, monkeypatch
):
    asked = []

    def heard(areas, roads, **how):
        asked.append(how["beyond"])
        return streets(areas, roads, **how)

    monkeypatch.setattr(months, "streets", heard)
    (place / "in" / "r.toml").write_text(
        (RECIPE + NEXT).replace('run = "../november"', 'roads = "roads.gpkg"'), encoding="utf-8"
    )
    recipe = batch.load_recipe(place / "in" / "r.toml")
    for out, beyond in (("whole", ()), ("part", ("roads",))):
        batch.press(replace(recipe, beyond=beyond), place / out)
    assert asked == [False, True]


def test_a_kept_file_that_is_broken_fails_the_changes_alone(place):
    (place / "november" / "counted" / "roads.gpkg").write_bytes(b"broken")
    done = pressed(place)

    assert set(done.failed) == {"county changes"}
    assert "cannot be read" in done.failed["county changes"]


def test_figures_and_their_difference_do_not_contradict_each_other():
    one = months.MonthFigure(
        "road_density", 7.0713, 7.0561, 7.0561, (), "2025-12-31", "2026-01-31", None, (8.0,)
    )
    told = months._told(one, zone=True)

    # 7.07 less 7.06 is .01 to a reader, and .0152 is .02 when it is rounded by itself.
    assert (told.before, told.now, told.step) == ("7.06", "7.07", "+0.015") and told.exact
    assert "较上期增加0.015公里/平方公里(增减按未舍入的数值计算)。" in told.paragraph
    even = months._told(replace(one, now=7.0661), zone=True)
    assert even.step == "+0.01" and not even.exact and "未舍入" not in even.paragraph


def test_the_day_of_the_data_moves_and_the_outline_keeps_its_own(place):
    lane = sample.roads()
    lane["opened_on"] = ["2025-12-15" if name == LANE else None for name in lane["road_name"]]
    write(lane, place / "in" / "roads.gpkg")
    dated = RECIPE.replace("[zone]", "as_of = 2025-12-14\n[zone]", 1) + NEXT
    assert not pressed(place, text=dated).failed
    early = told(place)["road_density"]
    # The lane opens a day later.
    assert (early["until"], early["since"]) == ("2025-12-14", "2025-11-30")
    assert early["now"] == pytest.approx(1)
    assert early["comparable"]
    done = pressed(place, text=dated, swap={"2025-12-14": "2025-12-15"})
    late = told(place)["road_density"]
    assert not done.failed and done.made
    assert late["until"] == "2025-12-15" and late["now"] == pytest.approx(4 / 3)
    assert "截至2025年12月15日" in bulletin(place)


def test_a_day_before_that_of_the_outline_is_said_and_one_that_is_none_refused(place, capsys):
    file = place / "in" / "r.toml"
    file.write_text(f"as_of = '2025-06-30'\n{RECIPE}{MADE}", encoding="utf-8")
    assert main(["report", str(file), "--out", str(place / "early")]) == 0
    said = "数据截止日期 2025-06-30 早于建成区界线的日期 2025-11-30"
    assert said in capsys.readouterr().err
    assert said in json.loads((place / "early" / "manifest.json").read_text("utf-8"))["notices"]
    for wrong in ("'一月底'", "20260131", "2026-01-31T10:00:00", "true", "'2026-13-01'"):
        file.write_text(f"title = '甲'\nas_of = {wrong}\n{RECIPE[RECIPE.index('[') :]}", "utf-8")
        with pytest.raises(errors.RecipeError, match="line 2: `as_of` must be a da"):
            batch.load_recipe(file)


def test_a_figure_of_towns_does_not_stand_beside_the_target_of_the_zone(place, capsys):
    towns = sample.villages().rename(columns={"village_name": "town_name"})
    write(towns.reset_index(drop=True), place / "in" / "towns.gpkg")
    file = place / "in" / "t.toml"
    file.write_text(
        '[towns]\nfile = "towns.gpkg"\n[roads]\nfile = "roads.gpkg"\n'
        "[measures]\nroad_density = 'road.core'\n", encoding="utf-8",
    )  # fmt: skip
    assert main(["report", str(file), "--out", str(place / "t")]) == 0
    assert "目标针对建成区" in capsys.readouterr().out
    one = json.loads((place / "t" / "summary.json").read_text("utf-8"))["measures"]["road_density"]
    assert one["target"] is None


def test_bulletin_and_scorecard_tell_the_same_difference_of_the_same_month():
    seed = np.random.default_rng(3)
    for before, now in zip(seed.uniform(7.9, 8.1, 300), seed.uniform(7.9, 8.1, 300), strict=True):
        one = months.MonthFigure("road_density", now, before, before, (), "", "", None, (8.0,))
        told = months._told(one, zone=True)
        row = {"unit": "km/km2", "target": 8.0, "measured": now, "last_value": before,
               "last_change": now - before}  # fmt: skip
        assert shown_change(row, "last_change") == told.step
        assert contradicted(row, "last_change") == told.exact
        assert LAW.targets["road_density"].show(now, "km/km2").split()[0] == told.now
