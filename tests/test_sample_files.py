"""The schematic county on disk: whole, always the same, and each mistake where it is listed."""

import csv
import re
import shutil
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely

from deqing_geo import batch, errors, sample
from deqing_geo.boundaries import read_towns, read_villages
from deqing_geo.cli import main
from deqing_geo.columns import word
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.files import sha256
from deqing_geo.inputs import read_village_table
from deqing_geo.layers import read_homes, read_parks
from deqing_geo.sample import received, writing
from deqing_geo.sample.schematic import LAYERS

NOTICE = word("notice.schematic")
CLEAN = [name for name in LAYERS if not name.startswith(("earlier_", "earliest_"))]


@pytest.fixture(scope="module")
def made():
    return sample.county(0)


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    return writing._write(made, tmp_path_factory.mktemp("county") / "new" / "out")


@pytest.fixture(scope="module")
def again(made, tmp_path_factory):
    """The same county in another folder, and what was told of it meanwhile."""
    told = []
    layers = {name: getattr(made, name) for name in (*LAYERS, *writing.RASTERS, "village_table")}
    plain = SimpleNamespace(seed=made.seed, **layers)
    out = writing._write(plain, tmp_path_factory.mktemp("again"), lambda *step: told.append(step))
    return SimpleNamespace(out=out, told=told)


@pytest.fixture(scope="module")
def office(folder):
    return folder / "as_received"


@pytest.fixture(scope="module")
def mistakes(office):
    return pd.read_csv(office / "planted_mistakes.csv", dtype={"found": str, "should_be": str})


@pytest.fixture(scope="module")
def borders(office):
    return pyogrio.read_dataframe(office / "村界.shp", encoding="GBK")


@pytest.fixture(scope="module")
def sheet(office):
    return openpyxl.load_workbook(office / "村庄基本情况表.xlsx").active


@pytest.fixture(scope="module")
def dltb(office):
    return pyogrio.read_dataframe(office / "三调.gdb", layer="DLTB")


def everything(folder):
    return {
        file.relative_to(folder).as_posix(): sha256(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def same(read, drawn):
    """Rows, columns and shapes of a layer as they were, but for multi-part types."""
    index = drawn.index.name or "area_id"
    assert read.crs == drawn.crs
    assert read[index].to_list() == drawn.index.to_list()
    assert set(read.columns) == {index, "notice", *drawn.columns}
    for column in drawn.columns.drop("geometry"):
        one, other = read[column].astype(object), drawn[column].astype(object)
        assert one.where(one.notna(), None).to_list() == other.where(other.notna(), None).to_list()
    one, other = read.geometry.to_numpy(), drawn.geometry.to_numpy()
    assert (shapely.get_coordinates(one) == shapely.get_coordinates(other)).all()
    assert (shapely.get_num_coordinates(one) == shapely.get_num_coordinates(other)).all()
    return True


def listed(mistakes, kind):
    rows = mistakes[mistakes["kind"] == kind]
    assert len(rows)
    return rows


# ---------------------------------------------------------------- the clean county


@pytest.mark.parametrize("layer", CLEAN)
def test_every_layer_comes_back_as_it_was_drawn(made, folder, layer):
    assert same(gpd.read_file(folder / "county.gpkg", layer=layer), getattr(made, layer))


def test_the_months_before_stand_in_a_file_of_their_own(made, folder):
    layers = [str(name) for name, _ in pyogrio.list_layers(folder / "earlier.gpkg")]
    days = {"20251130": "earlier", "20251031": "earliest"}

    assert layers == [f"{what}_{day}" for day in days for what in ("roads", "parks")]
    for layer in layers:
        what, day = layer.split("_")
        drawn = getattr(made, f"{days[day]}_{what}")
        assert same(gpd.read_file(folder / "earlier.gpkg", layer=layer), drawn)


@pytest.mark.parametrize("name", writing.RASTERS)
def test_rasters_come_back_cell_by_cell(made, folder, name):
    raster = getattr(made, name)
    with rasterio.open(folder / f"{name}.tif") as file:
        assert (file.read(1) == raster.values).all()
        assert file.dtypes[0] == raster.values.dtype.name and file.nodata == raster.nodata
        assert file.transform == raster.transform and file.crs.to_epsg() == 4549
        assert file.profile["tiled"] and file.profile["compress"] == "deflate"
        assert file.tags()["notice"] == NOTICE


def test_classes_of_land_cover_travel_with_the_raster(made, folder):
    with rasterio.open(folder / "land_cover.tif") as file:
        tags = file.tags()
    for code, label in made.land_cover.attrs["classes"].items():
        assert tags[f"class_{code}"] == label


def test_the_village_table_is_the_same_as_text_and_as_a_sheet(made, folder):
    with (folder / "villages.csv").open(encoding="utf-8-sig", newline="") as handle:
        head, *text = csv.reader(handle)
    rows = list(openpyxl.load_workbook(folder / "村庄基本情况.xlsx").active.values)
    table = made.village_table
    place = head.index("常住人口(人)")

    assert head == list(rows[0]) and head[0] == "行政区划代码" and "宅基地闲置率(%)" in head
    assert [row[0] for row in text] == table.index.to_list() == [row[0] for row in rows[1:]]
    given = table["pop_resident"].astype(object)
    assert [row[place] for row in rows[1:]] == given.where(given.notna(), None).to_list()
    for line, row in zip(text, rows[1:], strict=True):
        for cell, value in zip(line, row, strict=True):
            if value is None or isinstance(value, str):
                assert cell == (value or "")
            else:
                assert float(cell) == value
    assert {value for row in rows for value in row} & {"suburban", "village_committee"} == set()
    assert not any(value in ("True", "False") for row in text for value in row)


def test_the_page_names_every_layer_with_its_rows(made, folder):
    page = (folder / "README.md").read_text(encoding="utf-8")

    assert NOTICE in page and "EPSG:4549" in page and "2025-11-30" in page
    for layer in CLEAN:
        assert f"| `{layer}` | {writing.ABOUT[layer]} | {len(getattr(made, layer))} |" in page
    for name in {*writing.FILES} - {"README.md"}:
        assert name.removeprefix("as_received/").split(".")[0] in page


def test_everything_says_that_it_is_schematic(folder, office, borders, sheet, dltb):
    for file in (folder / "county.gpkg", folder / "earlier.gpkg", office / "用地用海现状.gpkg"):
        for layer, _ in pyogrio.list_layers(file):
            said = pyogrio.read_dataframe(file, layer=layer, columns=["notice"], max_features=3)
            assert (said["notice"] == NOTICE).all()
    assert (borders["BZ"] == "示意").all() and (dltb["BZ"] == "示意").all()
    assert "示意" in sheet.cell(1, 1).value and NOTICE in sheet.cell(2, 1).value
    for name in ("villages.csv", "recipe.toml", "recipe_received.toml"):
        assert NOTICE in (folder / name).read_text(encoding="utf-8-sig")


def test_the_list_of_checksums_is_the_folder(folder):
    lines = (folder / "sha256.txt").read_text(encoding="utf-8").splitlines()
    sums = {line[66:]: line[:64] for line in lines}
    there = everything(folder)
    del there["sha256.txt"]

    assert sums == there
    assert set(writing.FILES) - set(there) == {"sha256.txt"}


# ---------------------------------------------------------------- recipes


@pytest.fixture(scope="module")
def job(folder):
    return batch.open_recipe(batch.load_recipe(folder / "recipe.toml"))


def test_the_recipe_runs_as_it_stands(job, tmp_path):
    report = batch.run(job, tmp_path / "report")

    assert report.density.table.index.to_list() == ["武康组团", "高新区组团", "乾元组团"]
    assert 2 < report.density.overall < 15 and 0.5 < report.coverage.overall <= 1
    assert "示意" in (tmp_path / "report" / "map.html").read_text(encoding="utf-8")


def test_the_recipe_reads_what_was_drawn(made, job):
    assert job.roads["road_class"].to_list() == made.roads["road_class"].to_list()
    assert job.roads.length.sum() == pytest.approx(made.roads.length.sum())
    assert job.homes.area.sum() == pytest.approx(made.homes.area.sum())
    assert job.parks["park_class"].to_list() == made.parks["park_class"].to_list()


def test_the_recipe_for_land_use_as_received_runs_too(folder, office, tmp_path):
    job = batch.open_recipe(batch.load_recipe(folder / "recipe_received.toml"))
    land = gpd.read_file(office / "用地用海现状.gpkg")
    parks = land["YDYHFLDM"].str.startswith("14")

    assert len(job.parks) == parks.sum() and set(job.homes["home_class"]) == {
        "urban_residential",
        "community_service",
        "homestead",
    }
    assert 0.3 < batch.run(job, tmp_path / "report").coverage.overall <= 1


# ---------------------------------------------------------------- villages as received


def test_the_villages_shapefile_does_not_say_that_it_is_gbk(made, office):
    true = made.villages["village_name"].to_list()
    table = (office / "村界.dbf").read_bytes()
    prj = (office / "村界.prj").read_text(encoding="ascii")

    assert not (office / "村界.cpg").exists() and table[29] == 0
    assert prj.startswith('PROJCS["CGCS2000_3_Degree_GK_CM_120E"') and "AUTHORITY" not in prj
    nonsense = gpd.read_file(office / "村界.shp")["ZLDWMC"]
    assert not set(nonsense) & set(true)
    with pytest.warns(errors.RepairWarning, match="1 shapes"):
        read = read_towns(
            office / "村界.shp", columns={"town_code": "ZLDWDM", "town_name": "ZLDWMC"}
        )
    assert sum(name == other for name, other in zip(read["town_name"], true, strict=True)) == 180
    assert set(read["XZQMC"]) == set(made.towns["town_name"])
    assert read.crs.to_epsg() == 4549


def surfaces(shape):
    parts = shapely.get_parts(shape)
    return parts[shapely.area(parts) > 1]


def overlaps(shapes):
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    return one, other, shapely.area(shapely.intersection(shapes[one], shapes[other]))


def test_overlaps_and_gaps_are_where_they_are_listed_and_nowhere_else(made, borders, mistakes):
    shapes = borders.geometry.to_numpy().copy()
    (crossed,) = listed(mistakes, "bowtie")["row"].astype(int)
    sound = np.arange(len(shapes)) != crossed
    shapes[crossed] = made.villages.geometry.iloc[crossed]

    one, other, area = overlaps(shapes)
    found = sorted(one[area > 1].tolist())
    assert found == sorted(listed(mistakes, "overlap")["row"]) and len(found) == 6
    for at, beside in zip(one[area > 1], other[area > 1], strict=True):
        (band,) = surfaces(shapely.intersection(shapes[at], shapes[beside]))
        # A band of 2 m: its area is half its outline times 2.
        assert 2 * shapely.area(band) / shapely.length(band) == pytest.approx(2, rel=0.03)
        said = mistakes[(mistakes["kind"] == "overlap") & (mistakes["row"] == at)]["found"].iloc[0]
        assert made.villages.index[beside] in said

    covered = shapely.union_all(shapes, grid_size=0.001)
    holes = surfaces(shapely.difference(made.outline.geometry.iloc[0], covered))
    assert len(holes) == 6
    clean = made.villages.geometry.to_numpy()
    owners = [int(np.argmax(shapely.area(shapely.intersection(clean, hole)))) for hole in holes]
    assert sorted(owners) == sorted(listed(mistakes, "gap")["row"])
    for hole in holes:
        assert 2 * shapely.area(hole) / shapely.length(hole) == pytest.approx(0.3, rel=0.03)
    changed = ~shapely.equals_exact(shapes, clean, 0) & sound
    assert set(np.flatnonzero(changed)) == set(
        mistakes[mistakes["kind"].isin(["overlap", "gap"])]["row"].astype(int)
    )


def test_one_village_crosses_itself(borders, mistakes):
    (row,) = listed(mistakes, "bowtie")["row"].astype(int)
    bad = ~shapely.is_valid(borders.geometry.to_numpy())

    assert np.flatnonzero(bad).tolist() == [row]


def test_wrong_codes_and_names_are_where_they_are_listed(made, borders, mistakes):
    true = pd.Series(made.villages.index + "0000000")
    names = made.villages["village_name"].reset_index(drop=True)
    rows = {
        kind: listed(mistakes, kind).iloc[0]
        for kind in ("duplicate_code", "old_town_code", "damaged_name")
    }

    wrong = set(np.flatnonzero(borders["ZLDWDM"] != true))
    assert wrong == {rows["duplicate_code"]["row"], rows["old_town_code"]["row"]}
    twice = borders.index[borders["ZLDWDM"].duplicated(keep=False)]
    assert len(twice) == 2 and rows["duplicate_code"]["row"] in twice
    old = borders.index[borders["ZLDWDM"].str.startswith("330521100")]
    assert old.to_list() == [rows["old_town_code"]["row"]]
    assert np.flatnonzero(borders["ZLDWMC"] != names).tolist() == [rows["damaged_name"]["row"]]
    for kind, column, right in (
        ("duplicate_code", "ZLDWDM", true),
        ("old_town_code", "ZLDWDM", true),
        ("damaged_name", "ZLDWMC", names),
    ):
        row = rows[kind]
        assert borders[column][row["row"]] == row["found"] != row["should_be"]
        assert right[row["row"]] == row["should_be"]


# ---------------------------------------------------------------- the survey and the plan


def test_the_survey_has_its_three_layers_and_fields(made, office, dltb):
    layers = {
        str(name): pyogrio.read_info(office / "三调.gdb", layer=name)
        for name, _ in pyogrio.list_layers(office / "三调.gdb")
    }

    assert {name: info["layer_metadata"]["ALIAS_NAME"] for name, info in layers.items()} == {
        "XZQ": "行政区",
        "CJDCQ": "村级调查区",
        "DLTB": "地类图斑",
    }
    assert layers["XZQ"]["features"] == 13 and layers["CJDCQ"]["features"] == 181
    assert list(layers["CJDCQ"]["fields"]) == [
        "BSM", "YSDM", "ZLDWDM", "ZLDWMC", "DCMJ", "JSMJ", "MSSM", "HDMC", "BZ",
    ]  # fmt: skip
    assert {"BSM", "TBBH", "DLBM", "QSDWDM", "ZLDWDM", "TBMJ", "KCMJ", "TBDLMJ", "FRDBS"} <= set(
        layers["DLTB"]["fields"]
    )
    assert dltb["ZLDWDM"].str.fullmatch(r"330521\d{6}0{7}").all()
    assert dltb["BSM"].is_unique and dltb["BSM"].str.len().eq(18).all()
    assert dltb["DLBM"].to_list() == made.land_use["sandiao_code"].to_list()


def test_areas_of_the_survey_are_ellipsoidal_and_add_up(made, office, dltb):
    villages = pyogrio.read_dataframe(office / "三调.gdb", layer="CJDCQ")
    true = ellipsoidal_area(made.villages.geometry, 4549)

    assert villages["JSMJ"].to_numpy() == pytest.approx(true, abs=0.006)
    total = dltb.groupby("ZLDWDM")["TBMJ"].sum()[villages["ZLDWDM"]].to_numpy()
    assert total == pytest.approx(true, rel=2e-4)
    assert (dltb["TBMJ"] - dltb["KCMJ"]).to_numpy() == pytest.approx(dltb["TBDLMJ"], abs=0.006)
    fields = dltb["DLBM"].str.startswith("01")
    assert (dltb["KCMJ"] > 0).any() and fields[dltb["KCMJ"] > 0].all()
    assert fields.eq(dltb["GDPDJB"].isin(list("12345"))).all()
    roads = dltb["DLBM"].isin(["1003", "1004", "1006"])
    assert (dltb.loc[roads, "XZDWKD"] > 0).all() and (dltb.loc[~roads, "XZDWKD"] == 0).all()


def test_some_land_belongs_elsewhere_and_an_enclave_is_flagged(made, dltb):
    (code,) = made.villages.index[made.villages.geom_type == "MultiPolygon"]
    pieces = shapely.get_parts(made.villages.geometry[code])
    small = pieces[shapely.area(pieces).argmin()]
    flagged = dltb[dltb["FRDBS"] == "1"]
    elsewhere = dltb["QSDWDM"] != dltb["ZLDWDM"]

    assert 20 < elsewhere.sum() < len(dltb) / 10
    assert (dltb.loc[elsewhere, "QSXZ"] == "30").all()
    assert len(flagged) and set(flagged["ZLDWDM"]) == {f"{code}0000000"}
    assert flagged.area.sum() == pytest.approx(small.area, rel=1e-3)


def test_the_plan_holds_the_same_parcels_in_the_guides_codes(made, office, dltb):
    plan = gpd.read_file(office / "用地用海现状.gpkg")

    assert plan["YDYHFLDM"].to_list() == made.land_use["guide_code"].to_list()
    assert plan["MJ"].to_list() == dltb["TBMJ"].to_list()
    assert plan["ZLDWDM"].to_list() == dltb["ZLDWDM"].to_list()


def test_each_reader_finds_its_layer_in_the_geodatabase(made, office):
    homes = read_homes(office / "三调.gdb")
    parks = read_parks(office / "三调.gdb")
    villages = read_villages(office / "三调.gdb")
    towns = read_towns(office / "三调.gdb")

    found = [frame.attrs["reading"]["layer"] for frame in (homes, parks, villages, towns)]
    assert found == ["DLTB", "DLTB", "CJDCQ", "XZQ"]
    assert sorted(villages.index) == sorted(made.villages.index)
    assert sorted(towns.index) == sorted(made.towns.index)
    codes = made.land_use["sandiao_code"]
    assert homes.attrs["reading"]["landuse_system"] == "sandiao"
    assert len(homes) == codes.isin(["0701", "0702"]).sum()
    assert len(parks) == codes.str.startswith("0810").sum()


# ---------------------------------------------------------------- the office's sheet


def cells(sheet):
    """Rows of the sheet by their number, as dicts under its own header."""
    rows = list(sheet.values)
    header = next(at for at, row in enumerate(rows) if "行政区划代码" in row)
    return header + 1, {
        at + 1: dict(zip(rows[header], row, strict=True))
        for at, row in enumerate(rows)
        if at > header
    }


def test_the_sheet_has_a_title_and_units_above_its_header(sheet, mistakes):
    header, rows = cells(sheet)

    assert header == 3 and "1:" not in str(sheet.freeze_panes)
    for kind in ("title_above", "units_above"):
        row = listed(mistakes, kind).iloc[0]
        assert row["row"] < header and row["should_be"] == "表头在第3行"
    assert max(rows) == listed(mistakes, "total_row")["row"].iloc[0]
    assert rows[max(rows)]["所属乡镇"] == "合计"


@pytest.mark.parametrize(
    ("kind", "looks"),
    [
        ("scientific_code", lambda value: bool(re.fullmatch(r"3\.\d+E\+11", str(value)))),
        ("numeric_code", lambda value: isinstance(value, int) and value > 10**11),
        ("about", lambda value: str(value).startswith("约")),
        ("full_width", lambda value: bool(re.fullmatch("[\uff10-\uff19]+", str(value)))),
        ("committee_name", lambda value: str(value).endswith("委会") or "委员会" in str(value)),
    ],
)
def test_each_kind_of_wrong_cell_is_listed_by_row_and_field(sheet, mistakes, kind, looks):
    _, rows = cells(sheet)
    found = {
        (at, field) for at, row in rows.items() for field, value in row.items() if looks(value)
    }
    said = listed(mistakes, kind)

    assert found == set(zip(said["row"].astype(int), said["field"], strict=True))
    for row in said.itertuples():
        assert str(rows[int(row.row)][row.field]) == row.found


def test_what_the_cells_should_be_is_in_the_clean_table(made, sheet, mistakes):
    _, rows = cells(sheet)
    column_of = {said: column for column, said in received.HEADINGS.items()}
    by_place = made.village_table.assign(
        village_code=made.village_table.index,
        village_name=made.villages["village_name"],
        town_name=made.villages["town_name"],
    ).set_index(["town_name", "village_name"], drop=False)
    wrong = mistakes[(mistakes["file"] == "村庄基本情况表.xlsx") & mistakes["field"].notna()]

    assert len(wrong) == 40
    for row in wrong.itertuples():
        line = rows[int(row.row)]
        name = row.should_be if row.kind == "committee_name" else line["村(社区)"]
        true = by_place.loc[[(line["所属乡镇"], name)]].iloc[0]
        assert str(true[column_of[row.field]]) == row.should_be
        if row.kind == "blank":
            assert line[row.field] is None


def test_one_village_is_missing_and_one_stands_twice(made, sheet, mistakes):
    _, rows = cells(sheet)
    of = made.villages.reset_index().set_index(["town_name", "village_name"])["village_code"]
    short = {
        **{name: name for name in made.villages["village_name"]},
        **dict(listed(mistakes, "committee_name")[["found", "should_be"]].to_numpy()),
    }
    codes = [
        of[row["所属乡镇"], short[row["村(社区)"]]] for at, row in rows.items() if at != max(rows)
    ]
    (gone,) = set(made.villages.index) - set(codes)
    (twice,) = {code for code in codes if codes.count(code) == 2}

    assert listed(mistakes, "missing_village")["should_be"].iloc[0].startswith(gone)
    again = listed(mistakes, "repeated_village").iloc[0]
    assert again["found"].startswith(twice) and again["row"] == max(rows) - 1
    assert f"第{4 + codes.index(twice)}行" in again["should_be"]


def test_another_seed_plants_its_mistakes_elsewhere_and_none_in_the_county(made, tmp_path):
    before = made.villages.geometry.to_wkb().to_list(), made.village_table.copy()
    planted = [received._Planted() for _ in range(2)]
    for seed, one in enumerate(planted):
        random = np.random.Generator(np.random.PCG64([seed, 100]))
        received._borders(random, made, tmp_path / f"{seed}.shp", one)
        received._sheet(random, made, tmp_path / f"{seed}.xlsx", one)

    assert planted[0].table()["row"].to_list() != planted[1].table()["row"].to_list()
    assert made.villages.geometry.to_wkb().to_list() == before[0]
    assert made.village_table.equals(before[1])


def test_the_clean_sheet_and_the_clean_csv_read_back_as_the_village_table(made, folder):
    sheet = read_village_table(folder / "村庄基本情况.xlsx")
    plain = read_village_table(folder / "villages.csv")

    assert sheet.index.tolist() == made.village_table.index.tolist()
    for column in ("pop_resident", "hollow_rate", "collective_op_income"):
        true = made.village_table[column].astype(float)
        assert np.allclose(sheet[column].astype(float), true, atol=1e-8, equal_nan=True)
        assert np.allclose(plain[column].astype(float), true, atol=1e-8, equal_nan=True)


def test_the_sheet_as_received_is_refused_with_all_that_is_wrong_at_once(made, office, mistakes):
    with pytest.raises(errors.CodeError, match="lost their last digits") as caught:
        read_village_table(office / "村庄基本情况表.xlsx")

    lost = listed(mistakes, "scientific_code")
    told = {*lost["row"].astype(int), *listed(mistakes, "about")["row"].astype(int)}
    assert told <= set(caught.value.rows) and "330521001805" in caught.value.rows  # filled in twice
    assert "空置宅基地占比(%)" in str(caught.value) and "老龄化率" not in str(caught.value)
    called = made.villages["village_name"]
    for row, code in zip(lost["row"], lost["should_be"], strict=True):
        assert f"{row:g} " in str(caught.value) and called[code] in str(caught.value)


# ---------------------------------------------------------------- whole or not at all


def test_the_same_county_is_the_same_bytes(again, folder):
    assert everything(again.out) == everything(folder)


def test_a_county_replaces_a_county_and_leaves_other_files(made, folder, tmp_path):
    out = shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    notes, stale = out / "notes.txt", out / "as_received" / "三调.gdb" / "a0000000f.gdbtable"
    notes.write_text("mine")
    stale.write_bytes(b"of another GDAL")
    with (out / "sha256.txt").open("a", encoding="utf-8") as sums:
        sums.write(f"{sha256(stale)}  as_received/三调.gdb/{stale.name}\n")
    writing._write(made, out)
    assert notes.read_text() == "mine" and not stale.exists()
    there = everything(out)
    del there["notes.txt"]
    assert there == everything(folder)


@pytest.mark.parametrize(
    "name", ["county.gpkg", "村庄基本情况.xlsx", "as_received/三调.gdb/a00000001.gdbtable"]
)
def test_what_a_planner_has_changed_is_not_overwritten(made, folder, tmp_path, name):
    for file in everything(folder):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    with (tmp_path / name).open("ab") as file:
        file.write(b"my work")
    before = everything(tmp_path)

    with pytest.raises(errors.ExportError, match="no longer"):
        writing._write(made, tmp_path)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", ["villages.csv", "as_received/村界.shp", "sha256.txt"])
def test_a_file_of_somebody_elses_is_not_overwritten(made, tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\xb5\xc2\xc7\xe5")

    with pytest.raises(errors.ExportError, match="another folder"):
        writing._write(made, tmp_path)
    assert list(everything(tmp_path)) == [name]


@pytest.mark.parametrize(
    ("room", "name"),
    [(received, "_sheet"), (received, "_survey"), (writing, "_save_raster"), (writing, "_readme")],
)
def test_a_failing_write_leaves_nothing_behind(made, tmp_path, monkeypatch, room, name):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, name, full)
    with pytest.raises(errors.ExportError, match="No space"):
        writing._write(made, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_gdals_failures_are_ours(made, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise pyogrio.errors.DataSourceError("no")

    monkeypatch.setattr(received.pyogrio, "write_dataframe", fail)
    with pytest.raises(errors.ExportError):
        writing._write(made, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_no_generator_or_setting_outlives_the_writing(folder):
    for option in ("OPENFILEGDB_REPRODUCIBLE_UUID", "OGR_CURRENT_DATE"):
        assert pyogrio.get_gdal_config_option(option) is None


# ---------------------------------------------------------------- the command


def test_the_command_says_what_it_wrote_and_what_comes_next(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(writing, "county", lambda seed: made)

    assert main(["sample", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    printed.encode("gbk")
    for name in writing.FILES:
        assert name in printed
    assert "三调.gdb" in printed and NOTICE in printed
    recipe = re.search('deqing-geo report "(.+?)" --out "(.+?)"', printed)
    assert main(["report", recipe[1], "--out", recipe[2]]) == 0
    assert (tmp_path / "out" / "report" / "map.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", "-1", "--out", "x"], "InputError: seed=-1"),
        (["--out", "file.txt"], "cannot be written"),
        (["--out", "file.txt/below"], "cannot be written"),
    ],
)
def test_a_mistaken_command_is_one_sentence(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("x")

    assert main(["sample", *arguments]) == 1
    printed = capsys.readouterr()
    assert said in printed.err and "Traceback" not in printed.err
    assert [file.name for file in tmp_path.iterdir()] == ["file.txt"]


def test_progress_is_told_from_first_to_last(again):
    told = again.told

    assert told[0][0] == "county" and told[-1] == ("", told[-1][2], told[-1][2])
    done = [step[1] for step in told]
    assert done == sorted(done) and {step[2] for step in told} == {told[-1][2]}
