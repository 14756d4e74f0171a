"""Whose land-use codes: by the field's name, by codes with their names, by codes of one system."""

import csv
from importlib import resources

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import columns, errors, landuse, sample
from deqing_geo.inputs import read_layer
from deqing_geo.sample.cover import PARCELS

# The colliding codes as they were computed from published lists, before this table was written.
COLLIDING = {
    "0203", "0204", "0303", "0304", "0402", "0403", "0601", "0602", "0702", "1001", "1002",
    "1003", "1101", "1102", "1201", "1202", "1203", "1204", "1205", "1206", "1207",
}  # fmt: skip
# 盐田, a code of the guide's trial version; and four marks of the survey, 1301 临时用地 and so on.
COLLIDING_BESIDES = {"0603", "1301", "1302", "1303", "1304"}


def frame(field, codes, names=None, beside=None):
    held = {field: pd.Series(codes, dtype=object)}
    if names is not None:
        held[beside or columns.crosswalk("landuse_name")[field]] = pd.Series(names, dtype=object)
    return pd.DataFrame(held)


def decided(*layer, **options):
    return landuse.decide(frame(*layer), "layer", **options)


# ---------------------------------------------------------------- the table


def test_the_codes_that_mean_two_things_are_the_twenty_one_known_and_few_besides():
    assert set(landuse.colliding()) == COLLIDING | COLLIDING_BESIDES


def test_every_code_of_the_table_has_its_evidence_and_is_printable_on_a_gbk_console():
    text = resources.files("deqing_geo").joinpath("landuse.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))

    assert {row["evidence"] for row in rows} == {"seen", "remembered"}
    assert {row["system"] for row in rows} == set(landuse.SYSTEMS)
    assert len({(row["system"], row["code"], row["name"]) for row in rows}) == len(rows)
    assert text.encode("gbk")


def test_the_made_up_county_uses_no_code_the_table_does_not_know():
    for sandiao, called, guide, _ in PARCELS.values():
        assert called in landuse.table()["sandiao"][sandiao]
        assert guide[:4] in landuse.table()["guide"]


def test_codes_of_parks_and_homes_are_codes_of_their_own_system():
    for system in landuse.SYSTEMS:
        for what in ("park", "home"):
            assert {code[:4] for code in columns.crosswalk(f"{system}_{what}")} <= set(
                landuse.table()[system]
            )


# ---------------------------------------------------------------- what decides


@pytest.mark.parametrize(
    ("layer", "system", "why"),
    [
        (("DLBM", ["0702", "1003"]), "sandiao", "the field DLBM"),
        (("dlbm", ["0702"]), "sandiao", "the field dlbm"),
        (("ＤＬＢＭ", ["0702"]), "sandiao", "the field"),
        (("YDYHFLDM", ["0702"]), "guide", "the field YDYHFLDM"),
        (("GHDLBM", ["0702"]), "guide", "the field GHDLBM"),
        (("用地用海分类代码", ["0702"]), "guide", "the field"),
        # Both systems have 0702 and 1207; the name says which.
        (("JQDLBM", ["0702"], ["农村宅基地"]), "sandiao", "0702 农村宅基地"),
        (("JQDLBM", ["0702"], ["城镇社区服务设施用地"]), "guide", "code and name"),
        (("用地代码", ["1207"], [" 裸岩 石砾地"]), "sandiao", "code and name"),
        (("地类编码", ["1207"], ["城镇村道路用地"]), "guide", "code and name"),
        (("地类编码", ["1207"], ["城镇道路用地"]), "guide", "code and name"),
        # One system alone has these.
        (("JQDLBM", ["0702", "0703"]), "guide", "codes that only 用地用海 has: 0703"),
        (("JQDLBM", ["0702", "070102"]), "guide", "070102"),
        (("JQDLBM", ["0702", "16"]), "guide", "16"),
        (("JQDLBM", ["0702", "1401"]), "guide", "1401"),
        (("JQDLBM", ["0702", "1701"]), "guide", "1701"),
        (("JQDLBM", ["0702", "05H1"]), "sandiao", "05H1"),
        (("JQDLBM", ["0702", "08h2"]), "sandiao", "08H2"),
        (("JQDLBM", ["0702", "0810"]), "sandiao", "0810"),
        (("JQDLBM", ["0702", "1107A"]), "sandiao", "1107A"),
        (("JQDLBM", ["0702", "1006"]), "sandiao", "1006"),
        # A name nobody knows leaves the code to speak.
        (("JQDLBM", ["0703"], ["宅基地"]), "guide", "0703 宅基地"),
    ],
)
def test_field_names_pairs_and_single_codes_decide(layer, system, why):
    found = decided(*layer)

    assert found.system == system
    assert why in found.why


@pytest.mark.parametrize(
    "layer",
    [
        ("JQDLBM", ["0702", "1003", "0601"]),
        ("用地代码", ["0701", "0101", "0301"]),
        ("JQDLBM", ["0701"], ["城镇住宅用地"]),
        ("JQDLBM", ["0702"], ["宅基地"]),
        ("JQDLBM", ["0702"], [None]),
        # GB/T 21010 has these under the same field names, with other meanings.
        ("JQDLBM", ["0801", "0904", "0501"]),
        # 光伏板区 in surveys, 排水用地 in plans.
        ("JQDLBM", ["1302"]),
        ("JQDLBM", [None, None]),
    ],
)
def test_where_nothing_decides_the_layer_is_refused_until_the_planner_says(layer):
    with pytest.raises(errors.ColumnError, match=r"either system, and 26 .*landuse='sandiao'"):
        decided(*layer)
    for system in landuse.SYSTEMS:
        found = decided(*layer, landuse=system)
        assert found.system == system and "landuse=" in found.why


@pytest.mark.parametrize(
    ("layer", "rows"),
    [
        (("DLBM", ["0702", "0703", "1003", "1401"]), (1, 3)),
        (("DLBM", ["0702", "070102"]), (1,)),
        (("YDYHFLDM", ["0703", "05H1"]), (1,)),
        (("YDYHFLDM", ["0702", "0702"], ["农村宅基地", "城镇社区服务设施用地"]), (0,)),
        (("DLBM", ["1207", "1207"], ["裸岩石砾地", "城镇村道路用地"]), (1,)),
        (("JQDLBM", ["0810", "0810", "1401"]), (2,)),
    ],
)
def test_what_contradicts_is_refused_with_its_rows(layer, rows):
    with pytest.raises(errors.ColumnError, match="Mend these rows") as caught:
        decided(*layer)

    assert caught.value.rows == rows


def test_the_planners_word_stands_before_the_fields_name_and_not_before_the_codes():
    assert decided("DLBM", ["0702"], landuse="guide").system == "guide"
    with pytest.raises(errors.ColumnError, match="三调's alone: 05H1") as caught:
        decided("DLBM", ["0702", "05H1"], landuse="guide")
    assert caught.value.rows == (1,)
    with pytest.raises(errors.ColumnError, match="not one of sandiao, guide"):
        decided("DLBM", ["0702"], landuse="2023")


def test_a_mark_of_the_survey_that_has_a_code_of_the_guide_is_no_contradiction():
    found = decided("DLBM", ["0702", "1302"], ["农村宅基地", "光伏板区"])

    assert found.system == "sandiao"
    assert decided("DLBM", ["0702", "1302"]).system == "sandiao"


def test_the_trial_names_of_2020_speak_against_nobody():
    found = decided("YDYHFLDM", ["0204", "0203"], ["其他园地", "橡胶园"])

    assert found.system == "guide"


def test_codes_of_the_second_survey_are_refused_with_the_cure():
    with pytest.raises(errors.ColumnError, match=r"second survey's \(二调\).*DLTB") as caught:
        decided("DLBM", ["0702", "072", "102"])
    assert caught.value.rows == (1, 2)
    with pytest.raises(errors.ColumnError, match="dropped the leading 0"):
        decided("DLBM", ["701", "1003"])


def test_suffixes_stay_and_undivided_classes_may_stand():
    codes = ["0810A", "1107a", "05H1", "070301", "09", None, " ０８１０ "]

    assert decided("DLBM", [*codes[:3], *codes[4:]]).codes.tolist() == [
        "0810A", "1107A", "05H1", "09", None, "0810",
    ]  # fmt: skip
    assert decided("YDYHFLDM", ["070301", "16", "24"]).codes.tolist() == ["070301", "16", "24"]
    with pytest.raises(errors.ColumnError, match="no codes of four digits"):
        decided("DLBM", ["0701", "07"])
    assert decided("DLBM", ["0701", "07"], first_level=True).system == "sandiao"


def test_of_several_fields_the_land_as_it_is_goes_before_the_land_as_planned():
    both = frame("GHDLBM", ["0701"]).assign(JQDLBM=["0702"], JQDLMC=["农村宅基地"])
    found = landuse.decide(both, "homes")

    assert (found.field, found.system) == ("JQDLBM", "sandiao")
    assert "not read: GHDLBM" in found.why
    two = frame("DLBM", ["0702"]).assign(YDYHFLDM=["0703"])
    assert landuse.decide(two, "homes").field == "DLBM"
    assert landuse.decide(two, "homes", "guide").field == "YDYHFLDM"


def test_rows_in_another_order_are_decided_alike():
    layer = frame("JQDLBM", ["0702", "1003", "05H1", None], ["a", None, "b", "c"])
    there, back = landuse.decide(layer, "x"), landuse.decide(layer.iloc[::-1], "x")

    assert there.system == back.system == "sandiao"
    assert back.codes.loc[layer.index].tolist() == there.codes.tolist()


# ---------------------------------------------------------------- in the readers


def saved(path, held):
    shapes = sample.homes()[["geometry"]]
    pyogrio.write_dataframe(shapes.assign(**held), path)
    return path


def test_homes_tell_what_decided(tmp_path):
    held = {
        "JQDLBM": ["0701", "0702", "1003"],
        "JQDLMC": ["城镇住宅用地", "农村宅基地", "公路用地"],
    }
    homes = dg.read_homes(saved(tmp_path / "a.gpkg", held))
    told = homes.attrs["reading"]

    assert homes["home_class"].tolist() == ["urban_residential", "homestead"]
    assert told["landuse_system"] == "sandiao" and told["landuse_field"] == "JQDLBM"
    assert "0702 农村宅基地" in told["landuse_why"]


def test_columns_names_the_field_of_codes_and_what_it_was_called_is_evidence(tmp_path):
    held = {"性质": ["0701", "0702", "0703"], "YDYHFLDM": ["0703", "0703", "0703"]}
    file = saved(tmp_path / "a.gpkg", held)
    homes = dg.read_homes(file, columns={"landuse_code": "性质"})

    assert homes["home_class"].tolist() == ["urban_residential", "community_service", "homestead"]
    odd = saved(tmp_path / "b.gpkg", {"DLBM": ["0701", "0702", "1003"], "x": ["1", "2", "3"]})
    said = dg.read_homes(odd, columns={"landuse_code": "DLBM"}).attrs["reading"]
    assert said["landuse_system"] == "sandiao"


def test_cropland_goes_the_same_way_and_01_is_arable_in_both(tmp_path):
    open_ = saved(tmp_path / "a.gpkg", {"JQDLBM": ["0101", "0103", "1003"]})
    read = read_layer(open_, "cropland")
    mixed = saved(tmp_path / "b.gpkg", {"DLBM": ["0101", "1401", "1003"]})
    old = saved(tmp_path / "c.gpkg", {"DLBM": ["011", "013", "102"]})

    assert len(read) == 2 and read.attrs["reading"]["landuse_system"] == "either"
    with pytest.raises(errors.ColumnError, match="用地用海's alone") as caught:
        read_layer(mixed, "cropland")
    assert caught.value.rows == (1,)
    with pytest.raises(errors.ColumnError, match="二调"):
        read_layer(old, "cropland")
    assert len(read_layer(open_, "cropland", landuse="guide")) == 2


def test_one_land_in_the_codes_of_both_systems_has_the_same_homesteads(tmp_path):
    """Every kind of parcel of the made-up county, as the survey and as a plan would write it."""
    parcels = list(PARCELS.values())
    shapes = shapely.box(range(len(parcels)), 0, range(1, len(parcels) + 1), 1)
    counts = {}
    for system, code in (("sandiao", 0), ("guide", 2)):
        held = {
            "JQDLBM": [one[code] for one in parcels],
            "JQDLMC": [one[code + 1] for one in parcels],
        }
        file = tmp_path / f"{system}.gpkg"
        frame = gpd.GeoDataFrame(held, geometry=shapely.transform(shapes, moved), crs=4549)
        pyogrio.write_dataframe(frame, file)
        homes = dg.read_homes(file)
        assert homes.attrs["reading"]["landuse_system"] == system
        counts[system] = homes["home_class"].value_counts().to_dict()

    assert counts["sandiao"] == {"urban_residential": 1, "homestead": 1}
    assert counts["guide"] == {"urban_residential": 1, "homestead": 1, "community_service": 1}


def moved(corners):
    return corners * 100 + (sample.X0, sample.Y0)
