"""Facts that layers tell besides shares and minutes: services, faults, towns, the built-up zone."""

import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx

from deqing_geo import errors, sample, standards
from deqing_geo.columns import crosswalk, vocabulary
from deqing_geo.network import road_network
from deqing_geo.rasters import Raster
from deqing_geo.villages import fact_sources, village_facts
from tests.test_village_facts import (
    SPEEDS,
    X,
    Y,
    land,
    seats,
    spots,
    street,
    streets,
    table_of,
    town_of,
)

KINDS = vocabulary("facility_kind")


@pytest.fixture
def beside():
    """Homes of 20 m in the middle of every village, on the road."""
    return land(*((x - 10, 490, x + 10, 510) for x in (500, 1500, 2500, 3500)))


def lines(*pairs, **columns):
    from geopandas import GeoDataFrame

    shapes = [shapely.LineString([(X + x, Y + y) for x, y in pair]) for pair in pairs]
    return GeoDataFrame(columns, geometry=shapes, crs=sample.CRS)


# ---------------------------------------------------------------- services


def test_kinds_are_counted_once_and_two_schools_for_the_small_are_one_kind(beside):
    words = ["kindergarten", "primary_school", "shop", "shop", "charging", "middle_school"]
    places = spots(*[(500 + at, 500) for at in range(6)], facility_class=words)
    facts = village_facts(sample.villages(), homes=beside, facilities=places)

    assert facts["fac_count"].tolist() == [2, 2, 0, 0]
    assert facts.loc["A", "fac_kinds"] == "幼儿园(小学)、商店"
    assert facts["fac_kinds"].isna().tolist() == [False, False, True, True]


def test_a_service_a_kilometre_from_the_homes_counts_and_one_a_metre_farther_does_not(beside):
    at = spots((1500 + 1000, 500), facility_class=["clinic"])
    past = spots((2500 + 1001, 500), facility_class=["shop"])

    near = village_facts(sample.villages(), homes=beside, facilities=at)
    far = village_facts(sample.villages(), homes=beside, facilities=past)
    # The clinic stands in C, 1,000 m from the middle of B's homes and of D's; the shop in D.
    assert near["fac_count"].tolist() == [0, 1, 1, 1]
    assert far["fac_count"].tolist() == [0, 0, 0, 1]


def test_by_road_the_way_counts_and_in_a_straight_line_it_is_a_proxy_and_says_so():
    # Homes and shop lie 400 m apart on two streets that join 700 m to the west.
    roads = road_network(
        streets(
            [
                shapely.LineString([(X + 100, Y + 300), (X + 1500, Y + 300)]),
                shapely.LineString([(X + 100, Y + 300), (X + 100, Y + 700)]),
                shapely.LineString([(X + 100, Y + 700), (X + 1500, Y + 700)]),
            ]
        ),
        speeds=SPEEDS,
    )
    homes = land((1190, 290, 1210, 310))
    shop = spots((990, 700), facility_class=["shop"])
    by_road = village_facts(sample.villages(), homes=homes, facilities=shop, network=roads)
    straight = village_facts(sample.villages(), homes=homes, facilities=shop)

    # 1,100 + 400 + 890 m by road, about 450 m straight.
    assert by_road["fac_count"].tolist() == [1, 0, 0, 0]
    assert straight["fac_count"].tolist()[:2] == [1, 1]
    assert by_road.attrs["facts"]["fac_count"] == "measured"
    assert straight.attrs["facts"]["fac_count"] == "proxy"
    assert "直线距离" in straight.attrs["fact_sources"]["fac_count"]


def test_people_walk_against_the_traffic():
    lane = streets([shapely.LineString([(X + 1100, Y + 500), (X + 1900, Y + 500)])])
    lane["oneway"] = "yes"
    network = road_network(lane, speeds=SPEEDS)
    homes = land((1890, 490, 1910, 510))
    shop = spots((1100, 500), facility_class=["shop"])
    shop.geometry = shop.translate(-110, 0)

    facts = village_facts(sample.villages(), homes=homes, facilities=shop, network=network)
    assert facts["fac_count"].tolist()[:2] == [1, 1]


def test_by_road_never_more_than_straight_and_a_loop_over_places_says_the_same():
    rng = np.random.Generator(np.random.PCG64(11))
    place = rng.uniform([0, 0], [4000, 1000], (60, 2))
    words = rng.choice(list(crosswalk("facility_kind")), 60)
    places = spots(*place, facility_class=words)
    grid = [shapely.LineString([(X + x, Y), (X + x, Y + 1000)]) for x in range(250, 4000, 500)]
    grid += [shapely.LineString([(X, Y + y), (X + 4000, Y + y)]) for y in (250, 750)]
    network = road_network(streets(grid), speeds=SPEEDS, crossings="level")
    homes = land(*((x, y, x + 40, y + 40) for x, y in rng.uniform([0, 0], [3900, 900], (9, 2))))
    by_road = village_facts(sample.villages(), homes=homes, facilities=places, network=network)
    straight = village_facts(sample.villages(), homes=homes, facilities=places)

    assert (by_road["fac_count"] <= straight["fac_count"]).all()
    meant = crosswalk("facility_kind")
    for code, shape in sample.villages().geometry.items():
        lived = shapely.intersection(shape, shapely.union_all(homes.geometry))
        parts = sorted(
            shapely.get_parts(lived) if not lived.is_empty else [shape],
            key=lambda part: (-round(part.area, 3), part.bounds[:2]),
        )
        spot = parts[0].point_on_surface()
        has = {
            meant[word]
            for word, point in zip(words, places.geometry, strict=True)
            if shape.intersects(point) or spot.distance(point) <= 1000
        }
        assert straight.loc[code, "fac_count"] == len(has)


def test_what_opens_later_does_not_count_yet_and_what_has_no_day_does(beside):
    places = spots(
        (500, 500), (510, 500), (520, 500),
        facility_class=["shop", "clinic", "sports"],
        opened_on=["2024-01-01", "2027-01-01", None],
    )  # fmt: skip
    today = village_facts(sample.villages(), homes=beside, facilities=places, as_of="2025-12-31")
    ever = village_facts(sample.villages(), homes=beside, facilities=places)

    assert today.loc["A", "fac_count"] == 2 and ever.loc["A", "fac_count"] == 3


def test_a_declared_count_stands_and_the_kinds_are_still_told(beside):
    places = spots((500, 500), facility_class=["shop"])
    table = table_of(fac_count=[7])
    facts = village_facts(sample.villages(), homes=beside, facilities=places, table=table)

    assert facts.loc["A", ["fac_count", "fac_kinds"]].tolist() == [7, "商店"]
    assert facts.attrs["facts"]["fac_count"] == "declared"


def test_no_place_at_all_is_no_service_and_not_unknown():
    none = spots(facility_class=[]).set_crs(sample.CRS)
    facts = village_facts(sample.villages(), facilities=none)

    assert facts["fac_count"].tolist() == [0, 0, 0, 0]
    odd = spots((1, 1), facility_class=["gym"])
    with pytest.raises(errors.ColumnError, match="facility_class"):
        village_facts(sample.villages(), facilities=odd)


def test_every_kind_is_meant_by_a_class_and_every_class_is_known():
    assert set(crosswalk("facility_kind").values()) == set(KINDS)
    assert set(crosswalk("facility_kind")) <= set(vocabulary("facility_class"))
    assert len(KINDS) == 8


# ---------------------------------------------------------------- faults, zone, land


def test_metres_to_a_fault_run_from_the_homes_and_are_nothing_where_one_crosses(beside):
    fault = lines([(700, 0), (700, 1000)])
    facts = village_facts(sample.villages(), homes=beside, fault_lines=fault)
    whole = village_facts(sample.villages(), fault_lines=fault)

    # From A's homes at 510 m and B's at 1,490 m.
    assert facts["fault_dist_m"].tolist()[:2] == approx([190, 790])
    assert whole["fault_dist_m"].tolist()[:2] == approx([0, 300])
    assert facts.attrs["facts"]["fault_dist_m"] == "measured"


def test_a_declared_distance_stands_and_a_layer_without_faults_is_refused():
    fault = lines([(700, 0), (700, 1000)])
    facts = village_facts(
        sample.villages(), fault_lines=fault, table=table_of(fault_dist_m=[5, None])
    )

    assert facts["fault_dist_m"].isna().tolist() == [False, True, True, True]
    with pytest.raises(errors.InputError, match="has no line"):
        village_facts(sample.villages(), fault_lines=fault.iloc[:0])
    with pytest.raises(errors.GeometryError, match="fault_lines"):
        village_facts(sample.villages(), fault_lines=spots((1, 1)))


def test_the_built_up_share_is_of_homes(beside):
    facts = village_facts(sample.villages(), homes=beside, zone=land((0, 0, 500, 1000)))

    assert facts["builtup_res_share"].tolist() == approx([0.5, 0, 0, 0])
    assert facts.attrs["fact_sources"]["builtup_res_share"] == "建成区、居住用地"


def test_arable_share_and_density_are_of_the_whole_village():
    facts = village_facts(
        sample.villages(),
        cropland=land((0, 0, 500, 500)),
        table=table_of(pop_resident=[250, None, 0]),
    )

    assert facts["farmland_share"].tolist() == approx([0.25, 0, 0, 0])
    # 250 people on a square kilometre, which is a little less on the ellipsoid.
    assert facts.loc["A", "pop_density"] == approx(250, rel=1e-2)
    assert facts["pop_density"].isna().tolist() == [False, True, False, True]


def test_what_is_computed_from_a_proxy_is_one():
    people = Raster(np.full((60, 220), 3.0), X - 200, Y + 1100, 20, sample.CRS)
    fields = land((0, 0, 500, 500))
    facts = village_facts(sample.villages(), population=people, cropland=fields)

    assert [facts.attrs["facts"][one] for one in ("pop_density", "farmland_pc")] == ["proxy"] * 2
    assert facts.attrs["facts"]["farmland_share"] == "measured"


# ---------------------------------------------------------------- towns


def test_villages_get_the_town_that_holds_most_of_them():
    village = sample.villages().drop(columns="town_name", errors="ignore")
    towns = land((0, 0, 1400, 1000), (1400, 0, 4000, 1000), town_name=["西镇", "东镇"])
    towns.index = pd.Index(["330521101", "330521102"], name="town_code")
    facts = village_facts(village, towns=towns)

    # B lies in the east by 600 of 1,000 m.
    assert facts["town_name"].tolist() == ["西镇", "东镇", "东镇", "东镇"]
    assert facts["town_code"].tolist() == ["330521101", *["330521102"] * 3]


def test_a_code_says_the_town_and_a_place_elsewhere_is_told():
    codes = ["330521101201", "330521101202", "330521102201", "330521102202"]
    village = sample.villages().set_axis(pd.Index(codes, name="village_code"))
    village = village.drop(columns="town_name", errors="ignore")
    towns = land((0, 0, 1000, 1000), (1000, 0, 4000, 1000), town_name=["西镇", "东镇"])
    towns["town_code"] = ["330521101", "330521102"]

    with pytest.warns(errors.DeqingGeoWarning, match="their code says: 330521101202"):
        facts = village_facts(village, towns=towns)
    assert facts["town_name"].tolist() == ["西镇", "西镇", "东镇", "东镇"]


def test_a_name_that_is_there_stays_blanks_are_filled_and_contradictions_told():
    village = town_of()
    village["town_name"] = pd.Series(["西镇", None, "西镇", "东镇"], village.index, dtype=object)
    towns = land((0, 0, 2000, 1000), (2000, 0, 4000, 1000), town_name=["西镇", "东镇"])

    with pytest.warns(errors.DeqingGeoWarning, match="`town_name` says: C"):
        facts = village_facts(village, towns=towns)
    assert facts["town_name"].tolist() == ["西镇", "西镇", "西镇", "东镇"]


def test_villages_in_no_town_are_told_and_towns_need_a_name_once():
    village = sample.villages().drop(columns="town_name", errors="ignore")
    towns = land((0, 0, 3000, 1000), town_name=["西镇"])
    with pytest.warns(errors.DeqingGeoWarning, match="in no town of the layer: D"):
        facts = village_facts(village, towns=towns)

    assert facts["town_name"].isna().tolist() == [False, False, False, True]
    with pytest.raises(errors.ColumnError, match="town_name"):
        village_facts(village, towns=land((0, 0, 1, 1)))
    twice = land((0, 0, 1, 1), (2, 0, 3, 1), town_name=["甲镇", "甲镇"])
    with pytest.raises(errors.InputError, match="repeats a `town_name`"):
        village_facts(village, towns=twice)


# ---------------------------------------------------------------- from two figures


def test_change_and_idle_rate_come_from_two_counts_where_nobody_declared_them():
    table = table_of(
        pop_resident=[90, 110, 50, None],
        pop_5_years_ago=[100, 100, 0, 100],
        homesteads_idle=[10, 0, None, 0],
        homesteads_all=[40, 50, 60, 0],
    )
    facts = village_facts(sample.villages(), table=table)

    assert facts["pop_chg5_pct"].tolist()[:2] == approx([-10, 10])
    assert facts["pop_chg5_pct"].isna().tolist() == [False, False, True, True]
    assert facts["hollow_rate"].tolist()[:2] == approx([0.25, 0])
    assert facts["hollow_rate"].isna().tolist() == [False, False, True, True]
    assert facts.attrs["fact_sources"]["hollow_rate"] == "由闲置宅基地宗数、宅基地总宗数计算"
    own = village_facts(sample.villages(), table=table.assign(hollow_rate=0.5, pop_chg5_pct=1.5))
    assert own["hollow_rate"].tolist() == [0.5] * 4 and own["pop_chg5_pct"].tolist() == [1.5] * 4


def test_lists_with_a_column_each_are_named_with_their_years():
    table = table_of(
        heritage_traditional=["是", 2019, "否", None],
        heritage_scenic=["第三批", None, "无", ""],
        heritage_list=[None, "中国传统村落(2019)、省级传统村落", None, None],
    )
    facts = village_facts(sample.villages(), table=table)

    assert facts["heritage_list"].tolist()[:2] == [
        "中国传统村落、特色景观旅游名村(第三批)",
        "中国传统村落(2019)、省级传统村落",
    ]
    assert facts["heritage_list"].isna().tolist() == [False, False, True, True]


def test_minutes_of_a_table_stand_until_a_layer_tells_them(beside):
    table = table_of(tt_county_min=[20, 30, None, 8], tt_subcentre_min=[25, 9, None, 8])
    told = village_facts(town_of(), table=table)
    measured = village_facts(town_of(), table=table, homes=beside, network=street(), seats=seats())

    assert told["tt_centre_min"].tolist()[:2] == [20, 9]
    assert told.attrs["facts"]["tt_county_min"] == "declared"
    assert measured["tt_county_min"].tolist() == approx([1, 3, 5, 7])
    assert measured.attrs["facts"]["tt_county_min"] == "measured"


# ---------------------------------------------------------------- the sheet of sources


def test_every_fact_that_is_read_is_measured_declared_stood_in_for_or_missing(beside):
    people = Raster(np.full((60, 220), 3.0), X - 200, Y + 1100, 20, sample.CRS)
    facts = village_facts(
        sample.villages(),
        homes=beside,
        population=people,
        redline=land((0, 0, 1, 1)),
        table=table_of(hollow_rate=[0.1, None, None, 0.3]),
    )
    sources = fact_sources(facts)
    rows = sources.table.set_index("fact")

    asked = rows.index[rows["read_by"].notna()]
    assert set(facts.attrs["facts"]) >= set(asked)
    assert rows.loc["redline_res_share", "fact_how"] == "measured"
    assert rows.loc["hollow_rate", ["fact_how", "known_count", "blank_count"]].tolist() == [
        "declared", 2, 2,
    ]  # fmt: skip
    assert rows.loc["pop_resident", "fact_how"] == "proxy"
    assert rows.loc["tt_county_min", ["fact_how", "known_count"]].tolist() == ["missing", 0]
    assert rows.loc["hollow_rate", "read_by"] == "RM-6、发展潜力"
    assert "tt_county_min" in sources.missing and "hollow_rate" not in sources.missing
    assert sources.villages["blank_facts"].tolist()[1:3] == ["宅基地闲置率"] * 2
    assert sources.villages["facts_blank"].tolist() == [0, 1, 1, 0]
    assert sum(sources.counts.values()) == len(asked)


def test_a_list_that_is_blank_is_none_and_no_gap():
    table = table_of(heritage_list=[None, "某名录"], relocation_document=[None, None])
    sources = fact_sources(village_facts(sample.villages(), table=table))

    assert (sources.villages["facts_blank"] == 0).all() and len(sources.gaps) == 0


def test_a_frame_of_ones_own_counts_as_declared_and_something_else_is_refused():
    sources = fact_sources(pd.DataFrame({"pop_resident": [1.0, None]}))

    assert sources.table.set_index("fact").loc["pop_resident", "fact_how"] == "declared"
    assert "missing" in repr(sources) and "常住人口" in sources._repr_html_()
    with pytest.raises(errors.InputError, match="not a table"):
        fact_sources([1])


def test_the_sheet_says_where_a_figure_came_from_by_file(tmp_path):
    from deqing_geo.inputs import read_layer, read_village_table

    land((0, 0, 400, 400)).to_file(tmp_path / "红线.gpkg")
    text = "行政区划代码,常住人口\n330521001901,5\n"
    (tmp_path / "申报.csv").write_text(text, "utf-8")
    village = sample.villages().iloc[:1].set_axis(pd.Index(["330521001901"], name="village_code"))
    facts = village_facts(
        village,
        redline=read_layer(tmp_path / "红线.gpkg", "redline", like=village),
        table=read_village_table(tmp_path / "申报.csv"),
    )

    assert facts.attrs["fact_sources"]["redline_res_share"] == "生态保护红线(红线.gpkg)"
    assert facts.attrs["fact_sources"]["pop_resident"] == "村庄表(申报.csv)"


def test_the_order_of_rows_changes_no_service_no_fault_and_no_town(beside):
    rng = np.random.Generator(np.random.PCG64(2))
    places = spots(
        *rng.uniform([0, 0], [4000, 1000], (30, 2)),
        facility_class=rng.choice(list(crosswalk("facility_kind")), 30),
    )
    fault = lines([(700, 0), (700, 1000)], [(3000, 0), (3900, 900)])
    towns = land((0, 0, 1400, 1000), (1400, 0, 4000, 1000), town_name=["西镇", "东镇"])
    village = sample.villages().drop(columns="town_name", errors="ignore")
    given = {"homes": beside, "facilities": places, "fault_lines": fault, "towns": towns}
    before = {name: frame.copy() for name, frame in given.items()}
    plain = village_facts(village, network=street(), **given)
    mixed = village_facts(
        village.iloc[::-1],
        network=street(),
        **{name: frame.iloc[::-1] for name, frame in given.items()},
    )

    pd.testing.assert_frame_equal(
        pd.DataFrame(mixed.loc[plain.index].drop(columns="geometry")),
        pd.DataFrame(plain.drop(columns="geometry")),
    )
    for name, frame in given.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before[name]))


def test_the_distance_of_services_is_the_laws():
    assert standards.load().rule("village.facility_distance").value == 1000
