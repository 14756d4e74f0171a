"""Layers, village tables and decisions from files: what reads, and what is refused and why."""

import itertools

import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame

from deqing_geo import errors, sample
from deqing_geo.boundaries import read_villages
from deqing_geo.columns import vocabulary
from deqing_geo.inputs import LAYER_NAMES, LAYERS, read_layer, read_overrides, read_village_table
from deqing_geo.villages import classify_villages, village_facts

X, Y = sample.X0, sample.Y0
POINT, BOX = shapely.Point(X, Y), shapely.box(X, Y, X + 100, Y + 100)
# A column that is needed, what it may hold, and the shape of the layer.
KINDS = {
    "seats": ("seat_kind", "county_seat", POINT),
    "boundaries": ("boundary_kind", "county_seat", BOX),
    "water_source": ("protection_level", "level1", BOX),
    "hazards": ("hazard_class", "high", POINT),
    "facilities": ("facility_class", "bus_stop", POINT),
}
HEADS = {
    "seats": "驻地类别",
    "boundaries": "边界类别",
    "water_source": "保护区级别",
    "hazards": "易发程度",
    "facilities": "设施类别",
}
CODES = ["330521001901", "330521001902", "330521100903"]


@pytest.fixture
def save(tmp_path):
    number = itertools.count()

    def save(frame=None, shapes=(BOX,), **columns):
        file = tmp_path / f"{next(number)}.gpkg"
        if frame is None:
            held = {name: pd.Series(values, dtype=object) for name, values in columns.items()}
            frame = GeoDataFrame(held, geometry=list(shapes), crs=sample.CRS)
        frame.to_file(file)
        return file

    return save


@pytest.fixture
def write(tmp_path):
    number = itertools.count()

    def write(text, encoding="utf-8", ending=".csv"):
        file = tmp_path / f"{next(number)}{ending}"
        file.write_bytes(text.encode(encoding))
        return file

    return write


# ---------------------------------------------------------------- layers


# No fault runs through the practice county.
@pytest.mark.parametrize("what", [one for one in LAYERS if one != "fault_lines"])
def test_every_layer_the_practice_county_writes_is_read_back(what, save):
    made = sample.county(1)
    held = {"boundaries": made.development_boundaries, "cropland": made.land_use}
    frame = held.get(what)
    frame = getattr(made, what) if frame is None else frame
    read = read_layer(save(frame), what)

    assert read.crs.to_epsg() == 4549
    kept = frame if what != "cropland" else frame[frame["sandiao_code"].str.startswith("01")]
    assert len(read) == len(kept) > 0
    for column in LAYERS[what][2]:
        assert read[column].tolist() == kept[column].tolist()


@pytest.mark.parametrize("what", KINDS)
def test_classes_are_understood_in_our_words_and_in_chinese(what, save):
    column, word, shape = KINDS[what]
    ours = read_layer(save(shapes=[shape], **{column: [word]}), what)
    theirs = read_layer(save(shapes=[shape], **{HEADS[what]: [vocabulary(column)[word]]}), what)

    assert ours[column].tolist() == theirs[column].tolist() == [word]


@pytest.mark.parametrize("what", KINDS)
def test_an_unknown_word_and_an_empty_cell_are_refused_with_their_rows(what, save):
    column, word, shape = KINDS[what]
    for cell, says in (("别的", "it may hold"), (None, "empty in some rows"), (" ", "empty")):
        with pytest.raises(errors.ColumnError, match=says) as caught:
            read_layer(save(shapes=[shape, shape], **{column: [word, cell]}), what)
        assert caught.value.rows == (1,)


@pytest.mark.parametrize("what", ["seats", "hazards", "facilities"])
def test_a_layer_without_its_class_is_refused_with_the_fields_it_has(what, save):
    with pytest.raises(errors.ColumnError, match=r"Its fields: 别名.*Pass columns="):
        read_layer(save(shapes=[KINDS[what][2]], 别名=["甲"]), what)


def test_columns_names_the_field_where_the_table_of_names_does_not(save):
    file = save(shapes=[POINT], 什么=["县城"])

    read = read_layer(file, "seats", columns={"seat_kind": "什么"})
    assert read["seat_kind"].tolist() == ["county_seat"]


def test_a_kind_of_hazard_without_a_word_of_ours_stays_as_written(save):
    read = read_layer(
        save(
            shapes=[POINT] * 3,
            hazard_kind=["滑坡", "地面塌陷", None],
            hazard_class=["低易发", "high", "不易发"],
        ),
        "hazards",
    )

    assert read["hazard_kind"].tolist()[:2] == ["landslide", "地面塌陷"]
    assert read["hazard_kind"].isna().tolist() == [False, False, True]


def test_points_kept_as_many_of_one_are_points_and_many_are_no_place(save):
    single = shapely.MultiPoint([POINT])
    read = read_layer(save(shapes=[single], seat_kind=["town"]), "seats")
    assert read.geom_type.tolist() == ["Point"]

    crowd = shapely.MultiPoint([POINT, shapely.Point(X + 9, Y)])
    with pytest.raises(errors.GeometryError, match="one row a point") as caught:
        read_layer(save(shapes=[single, crowd], seat_kind=["town", "town"]), "seats")
    assert caught.value.rows == (1,)


def test_shapes_of_the_wrong_kind_and_unknown_layers_are_refused(save):
    with pytest.raises(errors.GeometryError, match="needs points"):
        read_layer(save(seat_kind=["town"]), "seats")
    with pytest.raises(errors.InputError, match="it knows seats"):
        read_layer("x.gpkg", "rivers")


def test_hazards_may_be_points_or_patches(save):
    assert len(read_layer(save(hazard_class=["high"]), "hazards")) == 1
    assert len(read_layer(save(shapes=[POINT], hazard_class=["high"]), "hazards")) == 1


def test_fault_lines_are_lines_with_a_name_or_without(save):
    line = shapely.LineString([(X, Y), (X + 100, Y)])
    read = read_layer(save(shapes=[line], 断裂名称=["某断裂"]), "fault_lines")

    assert read["fault_name"].tolist() == ["某断裂"]
    assert len(read_layer(save(shapes=[line], 备注=["a"]), "fault_lines")) == 1
    with pytest.raises(errors.GeometryError, match="needs lines"):
        read_layer(save(备注=["a"]), "fault_lines")


@pytest.mark.parametrize("head", ["DLBM", "YDYHFLDM", "sandiao_code"])
def test_of_land_use_only_arable_land_is_cropland(head, save):
    codes = ["0101", "0103", "01", "0301", None, "1001"]
    read = read_layer(save(shapes=[BOX] * 6, **{head: codes}), "cropland")

    assert len(read) == 3 and read.index.tolist() == [0, 1, 2]
    assert read.attrs["reading"]["kept"] == 3


def test_a_layer_without_codes_is_cropland_as_it_is(save):
    assert len(read_layer(save(shapes=[BOX] * 2, note=["a", "b"]), "cropland")) == 2


def test_town_codes_are_nine_digits_of_text_whatever_they_were(save):
    codes = [330521100, 330521101]
    frame = GeoDataFrame(
        {"town_code": pd.Series([*codes, None], dtype=float), "seat_kind": ["town"] * 3},
        geometry=[POINT] * 3,
        crs=sample.CRS,
    )
    long = save(shapes=[POINT], town_code=["330521100000"], seat_kind=["town"])
    read = read_layer(save(frame), "seats")

    assert read["town_code"].tolist()[:2] == ["330521100", "330521101"]
    assert read["town_code"].isna().tolist() == [False, False, True]
    assert read_layer(long, "seats")["town_code"].tolist() == ["330521100"]


def test_a_layer_of_law_may_be_empty_beside_the_villages(save):
    nothing = GeoDataFrame({"redline_name": []}, geometry=[], crs=sample.CRS)

    assert len(read_layer(save(nothing), "redline", like=sample.villages())) == 0
    with pytest.raises(errors.BoundaryFileError, match="no rows"):
        read_layer(save(nothing), "redline")


# ---------------------------------------------------------------- the village table

TABLE = "行政区划代码,常住人口,宅基地闲置率(%),镇(街道)驻地村\n330521001901,1203,12.5,是\n"


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_as_excel_and_wps_save_it(encoding, write):
    read = read_village_table(write(TABLE, encoding))

    assert read.index.tolist() == ["330521001901"] and read.index.name == "village_code"
    assert read.loc["330521001901"].tolist() == [1203, 0.125, "是"]


@pytest.mark.parametrize(
    ("head", "cell", "column", "value"),
    [
        ("宅基地闲置率(%)", "12.5", "hollow_rate", 0.125),
        ("宅基地闲置率（％）", "12.5", "hollow_rate", 0.125),
        ("宅基地闲置率(%)", "12.5%", "hollow_rate", 0.125),
        ("宅基地闲置率", "0.125", "hollow_rate", 0.125),
        ("宅基地闲置率", "12.5%", "hollow_rate", 0.125),
        ("hollow_rate", "0.125", "hollow_rate", 0.125),
        ("近五年常住人口变化率(%)", "-3.2", "pop_chg5_pct", -3.2),
        ("近五年常住人口变化率(%)", "-3.2%", "pop_chg5_pct", -3.2),
        ("常住人口(人)", '"1,203"', "pop_resident", 1203),
        ("常住人口", "１２０３", "pop_resident", 1203),
        (" pop_resident ", " 1203 ", "pop_resident", 1203),
        ("保护名录", " 中国传统村落 ", "heritage_list", "中国传统村落"),
    ],
)
def test_headings_and_cells_are_read_as_people_write_them(head, cell, column, value, write):
    read = read_village_table(write(f"行政区划代码,{head}\n330521001901,{cell}\n"))

    assert read[column].tolist() == [value]


def test_blanks_are_not_known_and_other_headings_are_named(write):
    text = "行政区划代码,常住人口,保护名录,谁填的\n330521001901,,,张三\n330521001902, ,,李四\n"
    read = read_village_table(write(text))

    assert read["pop_resident"].isna().all() and read["heritage_list"].isna().all()
    assert read.attrs["reading"]["not_understood"] == ("谁填的",)


def test_empty_rows_and_columns_beside_the_table_are_left_out(write):
    text = "行政区划代码,常住人口,,\n330521001901,5,,\n,,,\n330521001902,6,,\n ,,,\n"
    read = read_village_table(write(text))

    assert read["pop_resident"].to_dict() == {"330521001901": 5, "330521001902": 6}
    assert read.attrs["reading"]["not_understood"] == ()


@pytest.mark.parametrize("code", ["'330521001901", "330521001901.0", "３３０５２１００１９０１"])
def test_codes_keep_their_digits_through_a_spreadsheet(code, write):
    read = read_village_table(write(f"行政区划代码,常住人口\n{code},5\n"))

    assert read.index.tolist() == ["330521001901"]


@pytest.mark.parametrize("code", ["3.3E+11", "330521", "", "x", "33052100190", "3305210019011"])
def test_damaged_codes_are_refused_with_the_row_of_the_sheet(code, write):
    with pytest.raises(errors.CodeError, match="as text") as caught:
        read_village_table(write(f"行政区划代码,常住人口\n330521001901,5\n{code},6\n"))

    assert caught.value.rows == (3,)


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("代号,常住人口\n1,2\n", errors.ColumnError, "no heading is `village_code`"),
        ("行政区划代码,常住人口,常住人口\n330521001901,1,2\n", errors.ColumnError, "twice"),
        ("行政区划代码,常住人口,pop_resident\n330521001901,1,2\n", errors.ColumnError, "two head"),
        ("行政区划代码,常住人口\n330521001901,很多\n", errors.ColumnError, "is a number"),
        ("行政区划代码,常住人口\n330521001901,5%\n", errors.ColumnError, "is a number"),
        ("行政区划代码\n330521001901\n330521001901\n", errors.CodeError, "several rows"),
        ("行政区划代码,常住人口\n330521001901,1,2,3\n", errors.ColumnError, "not a table"),
        ("", errors.ColumnError, "not a table"),
        ("从前有座山", errors.ColumnError, "no heading"),
    ],
)
def test_tables_that_cannot_be_meant_are_refused(text, kind, says, write):
    with pytest.raises(kind, match=says):
        read_village_table(write(text))


def test_other_programs_tables_are_refused_with_the_cure(write):
    for ending in (".et", ".wps", ".ods"):
        with pytest.raises(errors.BoundaryFileError, match=r"另存为 \.xlsx"):
            read_village_table(write("PK", ending=ending))
    for ending in (".xlsx", ".xls"):
        with pytest.raises(errors.BoundaryFileError, match="not a workbook, whatever"):
            read_village_table(write("行政区划代码,常住人口\n", ending=ending))
    with pytest.raises(errors.BoundaryFileError, match="not a table"):
        read_village_table(write("PK\0\0"))


def test_the_planners_own_heading_stands_before_the_table_of_names(write):
    text = "行政区划代码,常住人口,常住人口2025\n330521001901,1,2\n"
    read = read_village_table(write(text), columns={"pop_resident": "常住人口2025"})

    assert read["pop_resident"].tolist() == [2]
    with pytest.raises(errors.ColumnError, match="does not have"):
        read_village_table(write(text), columns={"pop_resident": "人口"})
    with pytest.raises(errors.ColumnError, match="no registered column"):
        read_village_table(write(text), columns={"people_living": "常住人口2025"})


def test_what_was_read_becomes_facts(write):
    text = (
        "行政区划代码,村(社区)名称,镇(街道)驻地村,宅基地闲置率(%),村民会议意见,村民会议日期,保护名录\n"
        "330521001901,甲村委会,是,12.5,同意,2025/6/1,无\n"
        "330521001902,乙村,,,,,\n"
    )
    villages = sample.villages().iloc[:2].set_axis(pd.Index(CODES[:2], name="village_code"))
    facts = village_facts(villages, table=read_village_table(write(text)))

    first, second = facts[
        ["is_town_seat", "hollow_rate", "villager_consent", "consent_on", "heritage_list"]
    ].to_numpy(dtype=object)
    assert first[:4].tolist() == [True, 0.125, "agreed", "2025-06-01"]
    assert pd.isna(first[4]) and pd.isna(second).all()


# ---------------------------------------------------------------- decisions

HEAD = "village_code,type,reason,authority,document_no,author,date,valid_until"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_log_of_decisions_comes_as_text_and_blanks_as_nothing(encoding, write):
    read = read_overrides(
        write(f"{HEAD}\nA,特色保护类, 古桥群 ,镇政府,,张三,2026-05-01,\n", encoding)
    )

    assert read.loc[0].tolist() == [
        "A", "特色保护类", "古桥群", "镇政府", None, "张三", "2026-05-01", None,
    ]  # fmt: skip


def test_a_row_cut_short_is_blank_and_not_a_word(write):
    read = read_overrides(
        write(f"{HEAD}\nA,cluster,r,a,d,b,2026-05-01,\nB,cluster,r,a,d,b,2026-05-01")
    )

    assert read["valid_until"].isna().all()


def test_decisions_that_were_read_decide(write):
    log = read_overrides(write(f"{HEAD}\n,,,,,,,\nB,特色保护类,古桥群,镇政府,,张三,2026/5/1,\n"))
    facts = sample.villages().assign(is_central_village=True)
    types = classify_villages(facts, overrides=log)

    assert types.series.to_dict() == {
        "A": "cluster", "B": "heritage", "C": "cluster", "D": "cluster",
    }  # fmt: skip
    with pytest.raises(errors.ColumnError, match="no heading is `village_code` and `type`"):
        read_overrides(write("从前有座山\n庙\n"))
    with pytest.raises(errors.ColumnError, match="lacks the columns reason"):
        classify_villages(facts, overrides=read_overrides(write("代码,拟定类型\nA,特色保护类\n")))


# ---------------------------------------------------------------- villages

BOXES = [shapely.box(X + 100 * at, Y, X + 100 * at + 100, Y + 100) for at in range(3)]


@pytest.mark.parametrize("tail", ["", "0000000"])
def test_villages_go_by_twelve_digits_and_their_towns_by_nine(tail, save):
    file = save(
        shapes=BOXES, ZLDWDM=[code + tail for code in CODES], ZLDWMC=["甲村", "乙村", "丙村"]
    )
    read = read_villages(file)

    assert read.index.tolist() == CODES and read.index.name == "village_code"
    assert read["town_code"].tolist() == ["330521001", "330521001", "330521100"]
    assert read["village_name"].tolist() == ["甲村", "乙村", "丙村"]


def test_towns_lend_their_names(save):
    towns = GeoDataFrame(
        {"town_name": ["甲街道", "乙镇"]},
        geometry=[shapely.box(X, Y, X + 200, Y + 100), BOXES[2]],
        index=pd.Index(["330521001", "330521100"], name="town_code"),
        crs=sample.CRS,
    )
    bare = save(shapes=BOXES, village_code=CODES)
    named = save(shapes=BOXES, village_code=CODES, town_name=["本名"] * 3)

    assert read_villages(bare, towns=towns)["town_name"].tolist() == ["甲街道", "甲街道", "乙镇"]
    assert read_villages(named, towns=towns)["town_name"].tolist() == ["本名"] * 3


def test_kinds_of_unit_come_in_words_or_not_at_all(save):
    file = save(shapes=BOXES, village_code=CODES, 单位类别=["村委会", "hamlet", None])
    read = read_villages(file)

    assert read["unit_kind"].tolist()[:2] == ["village_committee", "hamlet"]
    assert read["unit_kind"].isna().tolist() == [False, False, True]
    odd = save(shapes=BOXES, village_code=CODES, unit_kind=["村委会", "公社", None])
    with pytest.raises(errors.ColumnError, match="公社") as caught:
        read_villages(odd)
    assert caught.value.rows == (1,)


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        (["330521001", "330521002", "330521100"], "read_towns"),
        ([CODES[0], CODES[0], CODES[2]], "repeats codes"),
        ([CODES[0], None, CODES[2]], "damaged or missing"),
        ([CODES[0], "3.3E+11", CODES[2]], "scientific"),
    ],
)
def test_codes_that_are_no_villages_are_refused(codes, says, save):
    with pytest.raises(errors.CodeError, match=says):
        read_villages(save(shapes=BOXES, village_code=codes))


def test_villages_without_national_codes_go_by_their_names(save):
    read = read_villages(save(shapes=BOXES, 村名=["甲村", "乙村", "丙村"]))

    assert read.index.tolist() == ["甲村", "乙村", "丙村"]
    assert read.attrs["code_system"] == "none" and "town_code" not in read
    with pytest.raises(errors.ColumnError, match="neither a name nor a code"):
        read_villages(save(shapes=BOXES, 备注=["a", "b", "c"]))


def test_the_names_of_layers_are_those_that_can_be_read():
    """Recipes know the names without loading what reads."""
    assert tuple(LAYERS) == LAYER_NAMES
