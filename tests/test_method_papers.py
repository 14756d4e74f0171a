"""Method notes and pages of five steps say what was run, and their numbers can be found again."""

import dataclasses
import re

import docx
import geopandas as gpd
import pandas as pd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors
from deqing_geo.papers import save_hand_check, save_method_note
from deqing_geo.villages import classify_villages
from tests.test_village_papers import DAY, LOG, facts

pytestmark = pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning")


@pytest.fixture(scope="module")
def density():
    return dataclasses.replace(
        dg.road_density(dg.sample.villages(), dg.sample.roads(), as_of="2026-06-30"), notices=()
    )


@pytest.fixture(scope="module")
def coverage():
    found = dg.park_coverage(dg.sample.villages(), dg.sample.parks(), dg.sample.homes())
    return dataclasses.replace(found, notices=())


@pytest.fixture(scope="module")
def types():
    log = pd.DataFrame(LOG, dtype=object)
    return classify_villages(facts(), overrides=log, as_of=DAY)


def words(file):
    """All text of a document, cells of tables behind their paragraphs."""
    made = docx.Document(str(file))
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in made.paragraphs), *cells])


def test_the_note_of_a_density_says_its_words_and_its_limits(density, tmp_path):
    said = words(save_method_note(density, tmp_path / "n.docx", unit="县局", place="某县"))

    for one in (
        "某县路网密度测算方法说明",
        f"测算结果: {density.headline}",
        "道路长度 4.000 公里 / 土地面积 4.0000 平方公里(统计区 4)",
        density.definition.line,
        density.definition.says,
        "快速路、主干路、次干路、支路",
        "统计时点: 2026年6月30日",
        "外边界上的道路全部计入;面积含水面",
        "德政办发〔2023〕18号 一(三)",
        "不低于 8 公里/平方公里",
        "外边界带宽",
        "15米",
        "结果随统计范围而定",
    ):
        assert one in said, one


def test_every_rule_behind_a_result_stands_in_its_note_with_its_document(types, tmp_path):
    said = words(save_method_note(types, tmp_path / "n.docx"))

    for rule in types.sources:
        assert rule.label in said and rule.document in said, rule.key
        assert dg.columns.word(f"evidence.{rule.evidence}") in said
    assert types.line in said and types.headline in said


def test_the_note_of_a_coverage_tells_bands_classes_and_what_was_left_out(coverage, tmp_path):
    said = words(save_method_note(coverage, tmp_path / "n.docx"))

    for one in ("测算结果: 41.94%", "公园面积 5,000 平方米及以上的服务半径", "500米", "300米",
                "综合公园、社区公园", "未计入的公园(处):面积不足,不计入 1。", "不低于 91%",
                "按自公园边界的直线距离计"):  # fmt: skip
        assert one in said, one


def test_the_public_note_of_types_gives_no_candidate_away(types, tmp_path):
    said = words(save_method_note(types, tmp_path / "n.docx", audience="public"))
    internal = words(save_method_note(types, tmp_path / "i.docx"))

    assert "尚未拟定" in said and "拟列入" in internal and "待补数据" in internal
    for one in ("拟列入", "不同意", "待补数据", "建议复核", "内部资料"):
        assert one not in said, one


def test_a_public_note_of_a_density_tells_of_no_road_to_come(density, tmp_path):
    roads = dg.sample.roads()
    roads.loc[roads.index[0], "road_status"] = "planned"
    later = dataclasses.replace(dg.road_density(dg.sample.villages(), roads), notices=())
    internal, public = (
        words(save_method_note(later, tmp_path / f"{one}.docx", audience=one))
        for one in ("internal", "public")
    )

    assert "未通车,未计入" in internal and "未通车" not in public


def test_several_results_stand_in_one_note_and_the_page_says_the_same(
    density, coverage, types, tmp_path
):
    said = words(save_method_note([density, coverage, types], tmp_path / "n.docx"))
    page = save_method_note([density, coverage, types], tmp_path / "n.html").read_text("utf-8")

    for one in (density.headline, coverage.headline, types.headline, "一、路网密度"):
        assert one in said and one in page
    assert "http" not in re.sub(r"<[^>]*>", "", page)


def test_the_note_of_sample_data_is_a_sample(tmp_path):
    made = dg.road_density(dg.sample.zone(), dg.sample.roads())
    said = words(save_method_note(made, tmp_path / "n.docx"))

    assert "(示意样张)" in said and "不得报送" in said


def test_the_same_result_is_the_same_bytes(density, coverage, tmp_path):
    for name in ("a.docx", "a.html"):
        for save in (save_method_note, save_hand_check):
            for one in (density, coverage):
                first = save(one, tmp_path / name).read_bytes()
                assert first == save(one, tmp_path / name).read_bytes()


def test_who_follows_the_five_steps_on_roads_finds_the_figure_of_the_page(density, tmp_path):
    """The second road: select, intersect, halve what two areas share, sum, divide."""
    said = words(save_hand_check(density, tmp_path / "h.docx"))
    areas, roads = dg.sample.villages(), dg.sample.roads()
    chosen = roads[
        roads["road_class"].isin(["expressway", "arterial", "subarterial", "branch"])
        & (roads["road_status"].isna() | (roads["road_status"] == "built"))
    ]
    parts = gpd.overlay(chosen[["geometry"]], areas[["geometry"]], keep_geom_type=True)
    border = shapely.union_all(
        [shapely.intersection(a, b) for i, a in enumerate(areas.geometry)
         for b in areas.geometry.iloc[i + 1:]]
    )  # fmt: skip
    shared = parts.geometry.intersection(border).length.sum()
    km = (parts.length.sum() - shared / 2) / 1000

    assert f"{len(chosen)} 条,全长 {chosen.length.sum() / 1000:.3f} 公里" in said
    assert f"{km:.3f} 公里;4.0000 平方公里" in said
    assert "减半" in said and "通车日期不晚于 2026-06-30 或空白" in said


def test_who_follows_the_five_steps_on_parks_finds_the_figure_of_the_page(coverage, tmp_path):
    said = words(save_hand_check(coverage, tmp_path / "h.docx"))
    zone = dg.sample.villages().union_all()
    parks, homes = dg.sample.parks(), dg.sample.homes()
    size = parks.area.round()
    radius = size.map(lambda one: 500 if one >= 5000 else 300 if one >= 2000 else None)
    kept = parks[radius.notna()]
    clipped = kept.geometry.intersection(zone)
    reach = shapely.union_all(clipped.buffer(radius[radius.notna()], quad_segs=64).to_numpy())
    land = homes.geometry.intersection(zone).union_all()
    served = land.intersection(reach).area / 1e4
    told = [float(one) for one in re.findall(
        r"([\d.]+) 公顷;盲区 ([\d.]+) 公顷;([\d.]+)%", said)[0]]  # fmt: skip

    assert told[0] == pytest.approx(served, rel=1e-3)
    assert told[1] == pytest.approx(land.area / 1e4 - served, rel=1e-3)
    assert told[2] == pytest.approx(served / land.area * 1e6, abs=0.01)
    assert float(re.search(r"融合后面积 ([\d.]+) 公顷", said)[1]) == pytest.approx(
        reach.area / 1e4, rel=1e-3
    )
    assert f"计入公园 {len(kept)} 处(共 3 处)" in said
    assert "半径 300 米 1 处;半径 500 米 1 处" in said


def test_discs_drawn_by_few_chords_are_told_to_be_small(coverage, tmp_path):
    """A disc of 20 sides has sin(18 degrees) / (pi/10) of a circle's area: 16.4 per mille less."""
    said = words(save_hand_check(coverage, tmp_path / "h.docx"))
    less = {int(n): float(share) for n, share in re.findall(r"一圆 (\d+) 段的小 ([\d.]+)‰", said)}

    assert 16.4 > less[5] > less[16] > less[64] >= 0
    assert less[5] == pytest.approx(less[16] * 10.2, rel=0.1)


def test_what_has_no_note_is_refused(coverage, tmp_path):
    with pytest.raises(errors.InputError, match="nothing is none of them"):
        save_method_note([], tmp_path / "n.docx")
    with pytest.raises(errors.InputError, match="int is none of them"):
        save_method_note(3, tmp_path / "n.docx")
    with pytest.raises(errors.ExportError, match=r"\.html or \.docx"):
        save_method_note(coverage, tmp_path / "n.pdf")
    with pytest.raises(errors.InputError, match="not of int"):
        save_hand_check(3, tmp_path / "n.docx")
    places = dg.sample.homes().assign(people=[10, 10, 10])
    people = dg.service_coverage(
        dg.sample.villages(), dg.sample.parks(), places, by=coverage.definition, weight="people"
    )
    with pytest.raises(errors.InputError, match="by count"):
        save_hand_check(people, tmp_path / "n.docx")
    assert list(tmp_path.iterdir()) == []


def test_hostile_words_of_a_result_stay_words(density, tmp_path):
    odd = "<script>alert(1)</script>{{7*7}}${x}`\\ 𠮷\x00"
    rule = dg.standards.Rule.local(400, "m", reason=odd)
    made = dataclasses.replace(
        density, notices=(odd,), origins=(odd,), sources=(*density.sources, rule)
    )
    for save in (save_method_note, save_hand_check):
        page = save(made, tmp_path / "n.html", unit=odd, place=odd).read_text("utf-8")
        said = words(save(made, tmp_path / "n.docx", unit=odd, place=odd))

        assert "<script" not in page and "{{" not in page and "${" not in page
        assert "<script>alert(1)</script>{{7*7}}${x}`\\ 𠮷 " in said
