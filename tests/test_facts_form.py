"""The form of facts: out to the towns, filled in, and back without loss."""

import datetime as dt
import shutil
import subprocess

import pandas as pd
import pytest
from openpyxl import load_workbook
from pytest import approx

from deqing_geo import errors, sample
from deqing_geo.columns import label, registry, vocabulary, word
from deqing_geo.inputs import read_village_table
from deqing_geo.notes import reading_notes
from deqing_geo.villages import (
    classify_villages,
    fact_sources,
    facts_form,
    save_facts,
    village_facts,
)
from deqing_geo.villages.cells import DECLARED
from deqing_geo.villages.fact_forms import wording
from tests.test_village_facts import land, spots

CODES = ["330521001901", "330521001902", "330521100903", "330521100904"]
SOFFICE = shutil.which("soffice")


def villages(names=("甲村", "乙村", "丙村", "丁村")):
    out = sample.villages().set_axis(pd.Index(CODES, name="village_code"))
    out["village_name"] = list(names)
    return out.assign(town_name=["前镇", "前镇", "后街道", "后街道"])


@pytest.fixture(scope="module")
def facts():
    """Some columns declared, some measured, one a proxy, with gaps."""
    table = pd.DataFrame(
        {
            "pop_resident": [1203, None, 0, 55],
            "hollow_rate": [0.125, 1 / 3, None, 0.0],
            "collective_op_income": [120.5, None, 0.1 + 0.2, 3],
            "is_town_seat": [True, False, None, False],
            "villager_consent": ["agreed", "not_asked", None, "refused"],
            "consent_on": ["2025-06-01", None, None, None],
            "current_type": ["heritage", None, "improve", None],
            "current_type_year": [2021, None, None, 2019],
            "heritage_traditional": ["2019", "否", None, "是"],
            "relocation_document": [None, "=1+1", "𠮷政发〔2021〕1号", None],
            "pop_chg5_pct": [-3.25, None, 0, 12],
        },
        index=CODES,
    )
    layers = {
        "homes": land((100, 100, 300, 200), (1100, 100, 1200, 200)),
        "boundaries": land((0, 0, 233, 1000)),
        "hazards": spots((500, 500), hazard_class=["high"]),
        "facilities": spots((500, 500), facility_class=["shop"]),
    }
    return village_facts(villages(), table=table, **layers), layers


def page_of(file):
    page = load_workbook(file)[wording()["sheet"]]
    head = next(row for row in page.iter_rows() if row[1].value == label("village_code"))
    return page, {cell.value: cell.column for cell in head if cell.value}, head[0].row


def filled(file, **columns):
    """Fill in cells by heading, as a town does; one value a village of the file."""
    book = load_workbook(file)
    page = book[wording()["sheet"]]
    _, places, head = page_of(file)
    for column, values in columns.items():
        for at, value in enumerate(values, start=1):
            if value is not None:
                page.cell(head + at, places[label(column, unit=True)]).value = value
    book.save(file)


def same(one, other):
    """The same facts, whatever stands in their attributes."""
    assert list(one.columns) == list(other.columns)
    pd.testing.assert_frame_equal(
        pd.DataFrame(one.drop(columns="geometry")),
        pd.DataFrame(other.drop(columns="geometry")),
        check_dtype=False,
        rtol=1e-12,
    )


# ---------------------------------------------------------------- out


def test_each_town_gets_its_workbook_and_one_name_gives_one_for_all(tmp_path):
    files = facts_form(villages(), tmp_path / "forms")
    (one,) = facts_form(villages(), tmp_path / "all.xlsx")

    assert [file.name for file in files] == [
        "330521001前镇村庄基本情况表.xlsx", "330521100后街道村庄基本情况表.xlsx",
    ]  # fmt: skip
    assert len(read_village_table(files[0])) == 2 and len(read_village_table(one)) == 4


def test_codes_and_names_are_locked_and_what_is_asked_is_open_with_its_unit(tmp_path):
    (file,) = facts_form(villages(), tmp_path / "a.xlsx")
    page, places, head = page_of(file)

    assert page.protection.sheet and not page.protection.password
    assert list(places)[:3] == ["镇(街道)", "行政区划代码", "村(社区)名称"]
    assert page.cell(head + 1, places["行政区划代码"]).value == CODES[0]
    for heading, place in places.items():
        locked = page.cell(head + 1, place).protection.locked
        assert locked == (heading in list(places)[:3]), heading
    assert "宅基地闲置率(%)" in places and "村集体经济年经营性收入(万元)" in places
    assert page.freeze_panes == f"D{head + 1}"


def test_words_have_drop_downs_and_numbers_bounds(tmp_path):
    (file,) = facts_form(villages(), tmp_path / "a.xlsx")
    page, places, _ = page_of(file)
    rules = {}
    for rule in page.data_validations.dataValidation:
        for cells in rule.sqref.ranges:
            rules[cells.min_col] = rule

    def of(column):
        return rules[places[label(column, unit=True)]]

    assert of("takes_part").formula1 == '"是,否"'
    words = ",".join(vocabulary("villager_consent").values())
    assert of("villager_consent").formula1 == f'"{words}"'
    assert (of("hollow_rate").formula1, of("hollow_rate").formula2) == ("0", "100")
    assert (of("fac_count").formula1, of("fac_count").formula2) == ("0", "8")
    assert of("pop_resident").operator == "greaterThanOrEqual"
    assert of("pop_chg5_pct").formula1 == "-100"
    assert of("consent_on").type == "date"


def test_a_second_sheet_says_what_each_column_means_who_holds_it_and_who_reads_it(tmp_path):
    (file,) = facts_form(villages(), tmp_path / "a.xlsx")
    _, places, _ = page_of(file)
    rows = list(load_workbook(file)["填写说明"].iter_rows(values_only=True))
    told = {row[0]: row for row in rows if row[0]}

    asked = [heading for heading in places if heading not in list(places)[:3]]
    assert all(heading.split("(")[0] in "".join(told) for heading in asked)
    assert told["村集体经济年经营性收入"][3] == "农业农村局"
    assert told["宅基地闲置率"][4] == "RM-6、发展潜力"


def test_every_column_of_the_form_is_one_villages_declare_and_printable_in_gbk():
    said = wording()
    assert set(said["column"]) <= {"unit_kind", *DECLARED}
    for entry in said["column"].values():
        (entry["says"] + entry["holder"]).encode("gbk")
        assert len(entry["says"]) <= 255
    "".join([said["title"], *said["general"], *said["headings"]]).encode("gbk")


def test_only_the_columns_asked_for_are_asked(tmp_path):
    (file,) = facts_form(villages(), tmp_path / "a.xlsx", columns=["pop_resident"])

    assert list(page_of(file)[1])[3:] == ["常住人口(人)"]


# ---------------------------------------------------------------- and back


def test_an_empty_form_comes_back_empty_and_nothing_is_nought(tmp_path):
    facts_form(villages(), tmp_path)
    table = read_village_table(tmp_path, villages=villages())

    asked = table.drop(columns=["village_name", "town_name"])
    assert asked.isna().all().all() and len(asked.columns) > 30
    assert table.index.tolist() == CODES
    assert village_facts(villages(), table=table)["pop_resident"].isna().all()


def test_facts_go_out_and_come_back_without_loss(facts, tmp_path):
    known, layers = facts
    facts_form(villages(), tmp_path / "forms", facts=known)
    table = read_village_table(tmp_path / "forms")
    again = village_facts(villages(), table=table, **layers)

    same(known, again[known.columns])
    told = known.attrs["facts"]
    asked = fact_sources(known).table
    for column in asked.loc[asked["read_by"].notna(), "fact"]:
        # What nobody gave is a blank column of the form now, and still not known.
        if told[column] != "missing":
            assert again.attrs["facts"][column] == told[column], column


def test_what_was_measured_stands_grey_and_locked_and_does_not_come_back_as_declared(
    facts, tmp_path
):
    known, _ = facts
    (file,) = facts_form(villages(), tmp_path / "a.xlsx", facts=known)
    page, places, head = page_of(file)
    place = places["已测算:地质灾害易发程度"]
    again = village_facts(villages(), table=read_village_table(file))

    assert page.cell(head + 1, place).value == "高易发"
    assert page.cell(head + 1, place).protection.locked
    assert page.cell(head + 1, place).fill.fgColor.rgb.endswith("EEF1F4")
    assert again.attrs["facts"]["hazard_class"] == "measured"
    assert again["udb_res_share"].tolist() == approx(known["udb_res_share"].tolist(), rel=1e-12)


def test_a_proxy_is_no_answer_and_is_asked_again(facts, tmp_path):
    known, _ = facts
    assert known.attrs["facts"]["fac_count"] == "proxy"
    (file,) = facts_form(villages(), tmp_path / "a.xlsx", facts=known)

    assert read_village_table(file)["fac_count"].isna().all()


def test_what_a_town_fills_in_is_read_as_it_was_meant(tmp_path):
    first, second = facts_form(villages(), tmp_path / "forms")
    filled(
        first,
        pop_resident=[1203, None],
        hollow_rate=[12.5, 0],
        villager_consent=["同意", "未征求"],
        consent_on=[dt.date(2025, 6, 1), None],
        takes_part=["是", "否"],
        heritage_traditional=[2019, "否"],
        homesteads_idle=[None, 5],
        homesteads_all=[None, 20],
    )
    table = read_village_table(first.parent, villages=villages())
    facts = village_facts(villages(), table=table)

    assert facts["hollow_rate"].tolist()[:2] == approx([0.125, 0])
    assert facts["villager_consent"].tolist()[:2] == ["agreed", "not_asked"]
    assert facts["consent_on"].tolist()[:2] == ["2025-06-01", None]
    assert facts["takes_part"].tolist()[:2] == [True, False]
    assert facts["heritage_list"].tolist()[:2] == ["中国传统村落(2019)", None]
    assert facts["pop_resident"].isna().tolist() == [False, True, True, True]
    assert second.exists()


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
def test_a_form_saved_by_libreoffice_reads_the_same(facts, tmp_path):
    known, layers = facts
    (file,) = facts_form(villages(), tmp_path / "a.xlsx", facts=known)
    command = [SOFFICE, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    command += ["--convert-to", "xlsx", "--outdir", str(tmp_path / "saved"), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    saved = read_village_table(tmp_path / "saved" / "a.xlsx")

    pd.testing.assert_frame_equal(saved, read_village_table(file), check_dtype=False, rtol=1e-12)
    again = village_facts(villages(), table=saved, **layers)
    same(known, again[known.columns])


# ---------------------------------------------------------------- folders


def test_a_folder_reads_as_one_table_and_missing_towns_are_told(tmp_path):
    first, second = facts_form(villages(), tmp_path)
    second.rename(tmp_path / "~$后街道.xlsx")
    with pytest.warns(errors.DeqingGeoWarning, match="后街道"):
        table = read_village_table(tmp_path, villages=villages())

    assert table.index.tolist() == CODES[:2]
    told = table.attrs["reading"]
    assert told["towns_missing"] == ("后街道",) and told["villages_missing"] == tuple(CODES[2:])
    assert [one["file"] for one in told["files"]] == [first.name]
    assert "未报送的镇(街道): 后街道" in str(reading_notes(table))


def test_columns_of_one_towns_table_are_blank_for_the_others(tmp_path):
    (tmp_path / "a.csv").write_text(f"行政区划代码,常住人口\n{CODES[0]},5\n", "gbk")
    (tmp_path / "b.csv").write_text(f"行政区划代码,常住户数\n{CODES[2]},2\n", "utf-8")
    table = read_village_table(tmp_path)

    assert table["pop_resident"].tolist()[0] == 5 and table["pop_resident"].isna().tolist()[1]
    assert village_facts(villages(), table=table)["hh_resident"].tolist()[2] == 2


def test_one_village_in_two_files_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(errors.BoundaryFileError, match="no table of villages"):
        read_village_table(tmp_path)
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"行政区划代码,常住人口\n{CODES[0]},5\n", "utf-8")
    with pytest.raises(errors.CodeError, match=r"a\.csv, b\.csv"):
        read_village_table(tmp_path)


def test_faults_of_all_files_are_told_at_once(tmp_path):
    (tmp_path / "a.csv").write_text(f"行政区划代码,常住人口\n{CODES[0]},多\n", "utf-8")
    (tmp_path / "b.csv").write_text("谁,常住人口\n1,5\n", "utf-8")
    (tmp_path / "c.csv").write_text(f"行政区划代码,常住人口\n{CODES[1]},5\n", "utf-8")
    with pytest.raises(errors.ColumnError, match="2 of 3 tables") as caught:
        read_village_table(tmp_path)

    assert "is a number" in str(caught.value) and "no heading" in str(caught.value)


# ---------------------------------------------------------------- hands off


def test_names_that_look_like_formulas_stay_texts_and_file_names_stay_names(tmp_path):
    odd = villages(names=("=1+1", "@甲", "𠮷村", "-乙"))
    odd["town_name"] = ["a/b:镇", "a/b:镇", None, None]
    files = facts_form(odd, tmp_path / "forms")
    table = read_village_table(tmp_path / "forms")

    assert [file.name for file in files] == [
        "330521001ab镇村庄基本情况表.xlsx", "330521100村庄基本情况表.xlsx",
    ]  # fmt: skip
    assert table["village_name"].tolist() == ["=1+1", "@甲", "𠮷村", "-乙"]
    page, places, head = page_of(files[0])
    assert page.cell(head + 1, places["村(社区)名称"]).data_type == "s"


def test_two_towns_a_disk_would_take_for_one_have_two_files(tmp_path):
    frame = villages().set_axis(pd.Index([f"3305210012{at:02d}" for at in range(4)]))
    frame.index.name = "village_code"
    frame["town_name"] = ["Mo", "Mo", "MO", "MO"]
    files = facts_form(frame, tmp_path / "forms")

    assert [file.name for file in files] == [
        "330521001Mo村庄基本情况表.xlsx", "330521001MO村庄基本情况表2.xlsx",
    ]  # fmt: skip
    assert sorted(read_village_table(tmp_path / "forms")["town_name"]) == ["MO", "MO", "Mo", "Mo"]


def test_the_same_facts_are_the_same_bytes_and_another_form_is_never_overwritten(facts, tmp_path):
    known, _ = facts
    (file,) = facts_form(villages(), tmp_path / "a.xlsx", facts=known)
    before = file.read_bytes()
    facts_form(villages(), tmp_path / "a.xlsx", facts=known)
    assert file.read_bytes() == before

    filled(file, takes_part=["是", None, None, None])
    with pytest.raises(errors.ExportError, match=r"perhaps filled in: a\.xlsx"):
        facts_form(villages(), tmp_path / "a.xlsx", facts=known)
    facts_form(villages(), tmp_path / "forms")
    with pytest.raises(errors.ExportError, match="perhaps filled in"):
        facts_form(villages(), tmp_path / "forms", columns=["pop_resident"])


def test_what_cannot_be_asked_is_refused(facts, tmp_path):
    known, _ = facts
    out = tmp_path / "a.xlsx"
    with pytest.raises(errors.CodeError, match="twelve digits"):
        facts_form(sample.villages(), out)
    with pytest.raises(errors.ColumnError, match="no town declares"):
        facts_form(villages(), out, columns=["tt_county_min"])
    with pytest.raises(errors.ColumnError, match="list of names"):
        facts_form(villages(), out, columns="pop_resident")
    with pytest.raises(errors.InputError, match="not of these villages") as caught:
        facts_form(villages().iloc[:3], out, facts=known)
    assert caught.value.rows == (CODES[3],)
    with pytest.raises(errors.InputError, match="no village"):
        facts_form(villages().iloc[:0], out)
    with pytest.raises(errors.InputError, match="repeats labels"):
        facts_form(pd.concat([villages(), villages()]), out)
    assert not out.exists()


def test_a_made_up_county_says_so_on_its_forms(tmp_path):
    made = sample.county(1)
    (file,) = facts_form(made.villages, tmp_path / "a.xlsx")
    table = read_village_table(file)

    assert table.attrs["notice"] == word("notice.schematic")
    assert len(table) == len(made.villages)


# ---------------------------------------------------------------- the facts as a workbook


def test_saved_facts_tell_their_sources_and_read_back_as_what_they_were(facts, tmp_path):
    known, _ = facts
    file = save_facts(known, tmp_path / "facts.xlsx")
    again = village_facts(villages(), table=read_village_table(file))
    told = {row["fact"]: row["fact_how"] for row in fact_sources(again).table.to_dict("records")}

    assert told["fac_count"] == "proxy" and told["udb_res_share"] == "measured"
    assert told["hollow_rate"] == "declared"
    assert again["hollow_rate"].tolist()[:2] == approx([0.125, 1 / 3])
    assert load_workbook(file).sheetnames == ["村庄指标表", "村庄指标来源表"]
    before = file.read_bytes()
    assert save_facts(known, file).read_bytes() == before
    with pytest.raises(errors.ExportError, match="ends in"):
        save_facts(known, tmp_path / "facts.csv")


def test_registered_words_of_sources_are_labelled():
    table = fact_sources(village_facts(villages())).table
    assert set(table.columns) <= set(registry())
    assert set(table["fact_how"]) <= set(vocabulary("fact_how"))


def test_a_column_nobody_filled_in_was_given_by_nobody_and_stops_no_village(tmp_path):
    (file,) = facts_form(villages(), tmp_path / "a.xlsx")
    filled(file, hazard_major=["否", None, "否", "否"], is_town_seat=["是", "否", "否", "否"])
    facts = village_facts(villages(), table=read_village_table(file))
    types = classify_villages(facts)

    # One column has a gap, and the village waits for it; another is all gaps, and is off.
    assert types.table["type_model"].tolist().count("missing") == 1
    assert types.table.loc[CODES[1], "missing_fields"] == "hazard_major"
    assert "RM-4" in types.off and facts.attrs["facts"]["seismic_intensity"] == "missing"
    assert facts.attrs["fact_sources"]["seismic_intensity"] == "村庄表(a.xlsx);整列空缺"


def test_a_column_left_blank_does_not_keep_layers_from_telling_it():
    table = pd.DataFrame({"pop_resident": [None] * 4, "hazard_class": [None] * 4}, index=CODES)
    spot = spots((500, 500), hazard_class=["high"])
    facts = village_facts(villages(), table=table, hazards=spot)

    assert facts["hazard_class"].tolist() == ["high", "none", "none", "none"]
    assert facts["pop_resident"].isna().all() and "pop_density" not in facts
    assert facts.attrs["facts"]["pop_resident"] == "missing"
