"""What stands beside a map: for whom it is, what can be looked for, classes and amounts."""

import datetime as dt
import re
import sys
from itertools import pairwise
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import columns, errors, maps, sample
from deqing_geo.looks import named
from deqing_geo.looks.classes import limits, rounded
from deqing_geo.maps import parts
from deqing_geo.maps.finding import places_of
from deqing_geo.maps.page import page_of
from tests.test_maps import drawn, footer, html_of, told
from tests.test_village_map import ROWS, facts


@pytest.fixture(scope="module")
def types():
    with pytest.warns(errors.DeqingGeoWarning):
        return dg.classify_villages(facts())


@pytest.fixture(scope="module")
def agreed():
    """Without the one that waits for its meeting."""
    with pytest.warns(errors.DeqingGeoWarning):
        return dg.classify_villages(facts({code: ROWS[code] for code in ROWS if code != "F"}))


def first(m):
    return footer(html_of(m))[0].split(" | ")


# ---------------------------------------------------------------- for whom


def test_every_map_begins_as_an_internal_one():
    want = ["内部资料 注意保存", "请勿通过互联网传输", "未经地图审核(无审图号),不得公开",
            "界线仅供参考,不作为划界依据"]  # fmt: skip
    import folium

    density = dg.road_density(sample.villages(), sample.roads())
    assert first(dg.area_map(sample.villages())) == want
    assert first(maps.add_density(folium.Map(tiles=None), density)) == want


def test_a_map_for_the_public_without_a_number_is_sent_for_review():
    said = first(maps.add_imprint(dg.area_map(sample.villages()), audience="public"))

    assert said[:2] == ["送审稿", "未经地图审核(无审图号),不得公开"]
    assert "内部资料 注意保存" not in said and "请勿通过互联网传输" not in said


def test_a_number_that_was_given_stands_word_for_word_and_no_other_is_made():
    m = maps.add_imprint(
        dg.area_map(sample.villages()), audience="public", review_number="浙湖S(2025)12号"
    )
    html = html_of(m)

    assert first(m)[0] == "审图号:浙湖S(2025)12号"
    assert "无审图号" not in footer(html)[0] and "送审稿" not in footer(html)[0]
    # Made-up data stays made-up, whatever is printed beside it.
    assert told(html).warnings == [columns.word("notice.schematic")]


def test_stage_maker_and_date_are_shown():
    m = maps.add_imprint(
        dg.area_map(sample.villages()),
        stage="会审稿",
        made_by="县自然资源和规划局",
        made_on=dt.date(2025, 12, 31),
    )

    assert told(html_of(m)).stage == "会审稿"
    assert first(m)[-2:] == ["编制单位:县自然资源和规划局", "制图日期:2025-12-31"]


OPEN = (
    "", " ", "无", "待定1", "××号", "浙S(2025)XX号", "GS()号1", "GS( )1号", "GS(2025)___号",
    "某S(2025)1号", "GS(2025)…1",
)  # fmt: skip


@pytest.mark.parametrize("number", OPEN)
def test_a_number_left_open_is_refused(number):
    m = dg.area_map(sample.villages())

    with pytest.raises(errors.InputError, match="no number to leave open"):
        maps.add_imprint(m, review_number=number)
    assert "审图号:" not in footer(html_of(m))[0]


def test_all_that_is_wrong_with_an_imprint_is_said_at_once():
    with pytest.raises(errors.InputError) as caught:
        maps.add_imprint(
            dg.area_map(sample.villages()),
            audience="all",
            stage="终稿",
            review_number="待定",
            made_on="明年",
        )
    for said in (
        "audience='all'",
        "stage='终稿'",
        "征求意见稿, 会审稿, 报批稿",
        "'待定'",
        "'明年'",
    ):
        assert said in str(caught.value)


def test_what_nobody_agreed_to_is_not_for_the_public(types):
    m = maps.add_imprint(dg.village_map(types), audience="public")

    with pytest.raises(errors.ExportError, match=re.escape("拟列入(待征求村民意见) 1")):
        html_of(m)
    assert html_of(maps.add_imprint(m))  # internal again


def test_the_public_reads_town_and_type_and_no_reason(agreed):
    m = dg.village_map(agreed)
    density = dg.road_density(agreed.table[["village_name", "geometry"]], sample.roads())
    m = maps.add_density(m, density)
    inside, outside = (
        told(html_of(maps.add_imprint(m, audience=audience))) for audience in ("internal", "public")
    )

    for key, story in outside.stories.items():
        head, *rest = story["parts"]
        assert [row[0] for row in head["rows"]] == ["镇(街道)", "村庄类型"]
        assert [part["title"] for part in rest] == ["路网密度"]
        assert story["name"] == inside.stories[key]["name"]
    text = str(outside.stories)
    for reason in agreed.table["reason"]:
        assert reason not in text and reason in str(inside.stories)


# ---------------------------------------------------------------- what can be looked for


def test_a_town_is_found_with_the_villages_it_has_of_each_type(types):
    page = told(html_of(dg.village_map(types)))
    towns = {one["name"]: one for one in page.places}

    assert list(towns) == ["纸上镇", "另镇"]
    assert len(towns["纸上镇"]["keys"]) == 8 and towns["另镇"]["kind"] == "镇(街道)"
    rows = dict(map(tuple, towns["纸上镇"]["rows"]))
    assert rows["村庄数"] == "8" and rows["集聚建设类"] == "1"
    kinds = set(columns.vocabulary("type_final").values()) | set(
        columns.vocabulary("status").values()
    )
    assert sum(int(count) for kind, count in rows.items() if kind in kinds) == 8
    # The plan's order, what has no type last.
    order = [one for one in rows if one in columns.vocabulary("type_final").values()]
    known = list(columns.vocabulary("type_final").values())
    assert order == sorted(order, key=known.index)
    assert page.seek == "查找村(社区)、镇(街道)"


def test_a_town_tells_its_land_its_people_and_of_how_many_villages_they_are_unknown():
    table = facts()
    table["pop_resident"] = table["pop_resident"].where(table.index != table.index[0])
    with pytest.warns(dg.errors.DeqingGeoWarning):
        types = dg.classify_villages(table)
    m = dg.village_map(types)
    rows = {one["name"]: dict(map(tuple, one["rows"])) for one in told(html_of(m)).places}
    kept = table["pop_resident"][table["town_name"] == "纸上镇"]

    assert rows["纸上镇"]["土地面积"] == "6.48 平方公里"
    people = f"{kept.sum():.0f} 人"
    assert rows["纸上镇"]["常住人口"] == f"{people}(缺常住人口的村庄数 1)"
    # The public reads how many villages there are, and no people.
    public = types.of(~types.shown.isin(["candidate", "refused"]))
    shown = told(html_of(maps.add_imprint(dg.village_map(public), audience="public")))
    assert not any(row[0] == "常住人口" for one in shown.places for row in one["rows"])


def test_the_legend_adds_up_to_the_land_of_all_villages(types):
    page = told(html_of(dg.village_map(types)))
    (section,) = [one for one in page.legends if one["layer"] == "村庄类型"]
    amounts = [one.get("amount", "0 平方公里").split() for one in section["entries"]]
    total = sum(float(size) / {"公顷": 100, "平方公里": 1}[unit] for size, unit in amounts)

    assert total == pytest.approx(types.summary.at["total", "area_km2"], abs=0.05)


def test_a_road_in_three_pieces_is_one_find_with_all_of_them():
    roads = sample.roads()
    m = maps.add_roads(dg.area_map(sample.villages()), roads)
    m = maps.add_roads(m, roads, name="另一套道路")
    page = told(html_of(m))
    _, one, other = drawn(html_of(m))
    found = [place for place in page.places if place["kind"] == "道路"]

    assert [place["name"] for place in found] == 2 * list(
        dict.fromkeys(roads["road_name"].dropna())
    )
    keys = [key for place in found for key in place["keys"]]
    assert len(keys) == len(set(keys)) == 2 * roads["road_name"].notna().sum()
    assert set(keys) == {key for key in [*one["keys"], *other["keys"]] if key is not None}
    assert "道路" in page.seek


def test_parks_are_found_by_name():
    coverage = dg.park_coverage(sample.villages(), sample.parks(), sample.homes())
    page = told(html_of(maps.coverage_map(coverage)))

    found = {one["name"]: one["keys"] for one in page.places}
    assert set(found) == set(sample.parks()["park_name"])
    assert all(key in page.stories for keys in found.values() for key in keys)


def test_homonyms_of_an_area_map_come_with_their_town():
    areas = sample.villages().assign(village_name="甲村", town_name=["东镇", "西镇", None, "东镇"])
    page = told(html_of(dg.area_map(areas)))

    assert [one[0] for one in page.finds] == ["甲村(东镇)", "甲村(西镇)", "甲村", "甲村(东镇)"]
    assert page.seek == "查找村(社区)"
    zone = told(html_of(dg.area_map(sample.zone())))
    assert zone.seek == f"查找{columns.label('zone_name').removesuffix('名称')}"


def test_a_school_is_found_by_its_name_and_two_layers_keep_theirs_apart():
    frame = gpd.GeoDataFrame(
        {"facility_name": ["一小", None, "二小"], "facility_class": ["school"] * 3},
        geometry=shapely.points(sample.X0 + np.array([100.0, 200, 300]), sample.Y0 + 100.0),
        crs=sample.CRS,
    )
    m = maps.area_map(sample.villages())
    for name in ("学校", "学校"):
        m = maps.add_layer(m, frame, "facility", name=name)
    page = told(html_of(m))
    found = [(one["name"], one["kind"], one["keys"]) for one in page.places]

    assert [one[:2] for one in found] == [("一小", "学校"), ("二小", "学校")] * 2
    keys = [key for *_, of in found for key in of]
    assert len(set(keys)) == 4
    assert page.seek == "查找村(社区)、学校"


def test_a_suggested_site_is_kept_from_the_public():
    coverage = dg.park_coverage(sample.villages(), sample.parks(), sample.homes())
    siting = dg.suggest_parks(coverage, target=0.9, grid_m=100)
    m = maps.add_sites(maps.coverage_map(coverage), siting)

    with pytest.raises(errors.ExportError, match="may not show 口袋公园建议选址"):
        html_of(maps.add_imprint(m, audience="public"))


def test_stories_without_a_town_make_no_town():
    assert places_of({}) == []
    assert places_of({"a": {"name": "甲", "parts": []}}) == []
    fault = {"name": "#1", "parts": [{"title": "", "rows": [["镇(街道)", "东镇"]]}]}
    assert places_of({"a": fault}) == []


# ---------------------------------------------------------------- switches, amounts, the whole


def test_layers_stand_under_their_headings():
    import folium

    m = dg.area_map(sample.villages())
    m = maps.add_roads(m, sample.roads())
    m = maps.add_layer(m, sample.homes(), "home")
    m = maps.add_layer(m, sample.villages(), "redline")
    folium.FeatureGroup(name="我的图层").add_to(m)
    page = told(html_of(m))

    assert dict(zip(page.layers, page.groups, strict=True)) == {
        "统计单元": "界线",
        "道路(按等级)": "结果",
        columns.word("layer.home"): "底图与背景",
        columns.word("layer.redline"): "规划与限制",
        "我的图层": "其他图层",
    }
    assert page.group_order[:4] == ["结果", "底图与背景", "规划与限制", "界线"]
    groups = set(columns.phrases("layer_group"))
    assert all(look["group"] in groups for look in parts.style()["layer"].values())


def test_the_legend_says_how_many_and_how_much_land():
    """Paper Town: A and B at 1.5, C at 1 and D at 0 km/km2, a square kilometre each."""
    villages = sample.villages()
    m = maps.add_density(dg.area_map(villages), dg.road_density(villages, sample.roads()))
    (density,) = told(html_of(m)).legends

    said = {entry["label"]: entry["amount"] for entry in density["entries"]}
    assert said["1.5 - 2"] in ("2 个,2.00 平方公里", "2 个,1.99 平方公里")
    assert said["0.5 - 1"] == "0 个"
    assert named.amount([0.5, 0.25]) == "2 个,0.75 公顷"
    assert named.amount([np.nan, 0.25]) == "2 个,0.25 公顷"
    assert named.amount([]) == "0 个"


def test_what_is_served_and_what_is_not_have_their_hectares_in_the_legend():
    coverage = dg.park_coverage(sample.villages(), sample.parks(), sample.homes())
    page = told(html_of(maps.coverage_map(coverage)))
    said = {
        entry["label"]: entry.get("amount") for part in page.legends for entry in part["entries"]
    }

    served = float(coverage.served["served_ha"].sum())
    assert said["已覆盖居住用地"] == f"{len(coverage.served)} 个,{served:.2f} 公顷"
    assert said["公园绿地(不计入)"].startswith("1 个,")
    assert said["服务半径覆盖范围"] is None  # discs overlap: their areas do not add up


def test_the_inset_shows_the_whole_in_few_corners():
    made = dg.area_map(sample.villages())
    outline = told(html_of(made)).outline
    flat = np.array(outline[0])[:, ::-1]
    whole = sample.villages().to_crs(4490).union_all()

    assert len(outline) == 1 and len(flat) <= 12
    assert shapely.Polygon(flat).symmetric_difference(whole).area < 0.02 * whole.area
    lines = gpd.GeoDataFrame(geometry=sample.roads().geometry, crs=sample.CRS)
    contents = page_of(dg.area_map(lines)).contents
    assert contents.outline == [] and contents.bounds is not None


# ---------------------------------------------------------------- classes


VALUES = np.array([1.0, 1.2, 1.4, 4.0, 4.2, 7.0, 7.2, 9.0, 12.0, 12.5])


def use(values, edges):
    return np.clip(np.searchsorted(edges, values, "right") - 1, 0, len(edges) - 2)


def test_quantiles_put_as_many_in_each_class():
    edges, words = limits(VALUES, None, "quantiles")

    assert np.bincount(use(VALUES, edges)).tolist() == [2, 2, 2, 2, 2]
    assert words == "分级:分位数(各级单元数相近)"


def test_natural_breaks_are_the_best_of_all_by_brute_force():
    """Five classes of ten values can be cut in 126 ways."""
    from itertools import combinations

    def spread(cuts):
        groups = np.split(VALUES, cuts)
        return sum(((one - one.mean()) ** 2).sum() for one in groups)

    least = min(spread(list(cuts)) for cuts in combinations(range(1, 10), 4))
    edges, words = limits(VALUES, None, "jenks")
    found = np.flatnonzero(np.diff(use(VALUES, edges))) + 1

    assert spread(found) == approx(least)
    assert len(edges) == 6 and "自然断点" in words


@pytest.mark.parametrize("scheme", ["quantiles", "jenks"])
@pytest.mark.parametrize(
    "values", [[3.0], [2.0] * 7, [0.0, 0.0, 5.0], [np.nan, 1.0, 2.0], [1e-9, 2e-9, 3e-9], [],
               [np.nan]]
)  # fmt: skip
def test_few_or_equal_values_get_limits_that_hold_them(scheme, values):
    values = np.array(values, dtype=float)
    edges, _ = limits(values, None, scheme)
    known = values[~np.isnan(values)]

    assert (np.diff(edges) > 0).all() and 2 <= len(edges) <= 6
    assert all(edges[0] <= one <= edges[-1] for one in known)


@pytest.mark.parametrize("scheme", ["quantiles", "jenks"])
def test_values_that_differ_by_rounding_share_a_class(scheme):
    """Two villages of 1.5 km/km2 each, one of them 1.4999999."""
    values = np.array([0.0, 1.0, 1.4999999, 1.5])
    edges, _ = limits(values, None, scheme)

    assert use(values, edges)[2] == use(values, edges)[3]
    labels = [f"{low:g} - {high:g}" for low, high in pairwise(edges)]
    assert len(set(labels)) == len(labels) == 3


def test_natural_breaks_of_many_values_come_from_a_sample_with_both_ends():
    values = np.random.default_rng(0).gamma(2, 3, 20_000)
    edges, _ = limits(values, None, "jenks")

    assert edges[0] <= values.min() and edges[-1] >= values.max() and len(edges) == 6


def test_limits_of_ones_own_are_kept_and_said_in_the_legend():
    villages = sample.villages()
    density = dg.road_density(villages, sample.roads())
    (part,) = told(
        html_of(maps.add_density(dg.area_map(villages), density, breaks=[0, 1.2]))
    ).legends

    assert part["unit"] == "公里/平方公里,分级:自定界限"
    assert [entry["label"] for entry in part["entries"]] == ["0 及以上"]


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        ([2, 1], "rise"),
        ([1], "rise"),
        ([0, 1, 2, 3, 4, 5, 6], "rise"),
        ([0, float("inf")], "rise"),
        (["a", "b"], "as numbers"),
        ([5, 20], "1 lies below the first limit"),
        ("headtailbreaks", "mapclassify, which is not installed"),
    ],
)
def test_limits_that_will_not_do_are_refused(breaks, said, monkeypatch):
    monkeypatch.setitem(sys.modules, "mapclassify", None)

    with pytest.raises(errors.InputError, match=re.escape(said)):
        limits(VALUES, None, breaks)


def test_other_schemes_are_those_of_mapclassify_where_it_is_installed(monkeypatch):
    class EqualInterval:
        def __init__(self, y, k=5):
            self.bins = np.linspace(y.min(), y.max(), k + 1)[1:]

    class HeadTailBreaks:
        def __init__(self, y):
            self.bins = np.array([5.95, y.max()])

    fake = SimpleNamespace(
        CLASSIFIERS=("EqualInterval", "HeadTailBreaks"),
        EqualInterval=EqualInterval,
        HeadTailBreaks=HeadTailBreaks,
    )
    monkeypatch.setitem(sys.modules, "mapclassify", fake)

    edges, words = limits(VALUES, None, "equal_interval")
    assert len(edges) == 6 and words == "分级方法:equal_interval"
    edges, _ = limits(VALUES, None, "HeadTailBreaks")
    assert np.bincount(use(VALUES, edges)).tolist() == [5, 5]
    with pytest.raises(errors.InputError, match="no such scheme"):
        limits(VALUES, None, "beautiful")


def test_without_a_scheme_limits_are_round():
    assert limits(VALUES, None, None) == (rounded(VALUES), "分级:等间距")
