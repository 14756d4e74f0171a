"""Services and the village table: counted by hand, whatever the order of the rows."""

import functools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import columns as names
from deqing_geo import sample
from deqing_geo.sample import people, services, tiling

X, Y = sample.X0, sample.Y0
SEEDS = range(3)
SEATS = {town.code: np.array([town.x, town.y]) for town in tiling.TOWNS}
LAYERS = ("villages", "homes", "facilities", "roads", "water", "redline", "water_source", "hazards")
TYPE_COLUMNS = ["current_type", "current_type_document", "current_type_year"]


@pytest.fixture(scope="module")
def made():
    return sample.county(0)


@pytest.fixture(scope="module", params=SEEDS)
def county(request):
    """One seed after the other, so that no layer is made twice."""
    return sample.county(request.param)


@functools.cache
def slope_of(seed):
    return dg.slope(sample.county(seed).terrain)


@functools.cache
def facts_in_order(seed):
    county = sample.county(seed)
    return facts_of(county, inputs(county))


def inputs(county):
    return {name: getattr(county, name) for name in LAYERS}


def table_of(county, layers, chance=7):
    return people.village_table(
        np.random.Generator(np.random.PCG64(chance)),
        layers["villages"],
        layers["homes"],
        layers["facilities"],
        layers["roads"],
        county.terrain,
        slope_of(county.seed),
        layers["water"],
        layers["redline"],
        layers["water_source"],
        layers["hazards"],
        shapely.union_all(county.zone.geometry.to_numpy()),
        shapely.union_all(county.development_boundaries.geometry.to_numpy()),
        SEATS,
    )


def facts_of(county, layers):
    return people._measure(
        layers["villages"],
        layers["homes"],
        layers["roads"],
        county.terrain,
        slope_of(county.seed),
        layers["water"],
        layers["redline"],
        layers["water_source"],
        layers["hazards"],
        SEATS,
    )


def shuffled(frame):
    return frame.sample(frac=1, random_state=3)


# ---------------------------------------------------------------- minutes


def test_minutes_at_the_county_s_own_speeds():
    lines = [
        [(0, 0), (1500, 0)],
        [(1500, 0), (1500, 2500)],
        [(1500, 2500), (4500, 2500)],
        [(9000, 0), (9500, 0)],
    ]
    roads = gpd.GeoDataFrame(
        {
            "road_class": ["county_road", "village_road", "highway", "branch"],
            "road_status": ["built", "built", "planned", "built"],
        },
        geometry=[shapely.LineString([(X + x, Y + y) for x, y in line]) for line in lines],
        crs=sample.CRS,
    )
    net = dg.road_network(roads, speeds=people.SPEEDS)
    starts = np.array([[X, Y], [X - 250, Y], [X + 9000, Y]])
    goal = np.array([[X + 1500, Y + 2500]])

    found = net.travel_minutes(starts, goal, walk_kmh=people.WALK_KMH)

    # 1.5 km at 45 and 2.5 km at 25 km/h: 2 + 6 minutes; 250 m on foot at 5 km/h: 3 more.
    assert found[:2].tolist() == [8.0, 11.0]
    assert np.isnan(found[2])
    # The road to the east is only planned: its end is reached on foot.
    east = net.travel_minutes(starts[:1], goal + [[600, 0]], walk_kmh=people.WALK_KMH)
    assert east.tolist() == [pytest.approx(8 + 7.2)]


def test_every_road_class_has_a_speed():
    assert set(people.SPEEDS) == set(names.vocabulary("road_class")) - {"unknown"}


# ---------------------------------------------------------------- sums and order


def test_people_and_households_add_up_exactly(county):
    table = county.village_table
    counted = county.homes.groupby("village_code")[["people", "households"]].sum()
    counted = counted.reindex(table.index, fill_value=0)
    for column, source in (("pop_resident", "people"), ("hh_resident", "households")):
        known = table[column].notna()
        assert (~known).sum() == 2
        assert table.loc[known, column].astype(int).to_list() == counted[source][known].to_list()


def test_the_order_of_the_rows_of_a_layer_changes_nothing(made):
    layers = inputs(made)
    before = table_of(made, layers)
    others = {name: shuffled(frame) for name, frame in layers.items() if name != "villages"}

    after = table_of(made, {**layers, **others})

    pd.testing.assert_frame_equal(after, before)


def test_what_is_measured_of_a_village_goes_with_it_wherever_its_row_stands(made):
    """Chance is drawn row by row, so the whole table is of one order; its measures are not."""
    layers = inputs(made)
    mixed = {**layers, "villages": shuffled(layers["villages"])}
    at = mixed["villages"].index.get_indexer(layers["villages"].index)
    before, after = facts_of(made, layers), facts_of(made, mixed)

    for name in people._Facts.__slots__:
        np.testing.assert_allclose(
            getattr(after, name)[at], getattr(before, name), rtol=1e-9, err_msg=name
        )


def test_layers_stay_as_they_were_and_the_same_chance_says_the_same(made):
    layers = inputs(made)
    copies = {name: frame.copy() for name, frame in layers.items()}

    one, two = table_of(made, layers), table_of(made, layers)

    pd.testing.assert_frame_equal(one, two)
    for name, frame in layers.items():
        assert frame.equals(copies[name]), name
    assert not one.equals(table_of(made, layers, chance=8))


# ---------------------------------------------------------------- declared facts


def test_every_town_has_one_seat_and_it_lies_there(county):
    seats = county.village_table.index[county.village_table["is_town_seat"]]
    towns = county.villages["town_code"][seats]

    assert sorted(towns) == sorted(SEATS)
    for code, town in towns.items():
        assert county.villages.geometry[code].covers(shapely.Point(SEATS[town]))


def test_a_central_village_has_the_most_people_of_those_a_road_leads_to(county):
    facts = facts_in_order(county.seed)
    table, villages = county.village_table, county.villages
    able = (table["unit_kind"] == "village_committee") & ~table["is_town_seat"]
    counted = pd.Series(facts.people, index=table.index)[able & (facts.town < 25)]

    for town, of_town in counted.groupby(villages["town_code"]):
        central = of_town.index[table["is_central_village"][of_town.index]]
        assert len(central) == 1, town
        assert of_town[central[0]] == of_town.max()


def test_the_words_are_those_of_the_vocabularies(county):
    table = county.village_table
    urban_rural = {"111", "112", "121", "122", "220"}

    assert set(table["urban_rural_code"]) <= urban_rural
    for column, vocabulary in (
        ("unit_kind", "unit_kind"),
        ("villager_consent", "villager_consent"),
        ("current_type", "village_type"),
    ):
        assert set(table[column].dropna()) <= set(names.vocabulary(vocabulary)), column
    assert (table.loc[table["urban_rural_code"] == "220", "unit_kind"] == "village_committee").all()


def test_what_is_not_known_is_empty_and_keys_are_not(county):
    table = county.village_table
    committee = table["unit_kind"] == "village_committee"

    assert (
        table[["village_name", "town_name", "unit_kind", "urban_rural_code"]]
        .notna()
        .to_numpy()
        .all()
    )
    for column in ("hollow_rate", "collective_op_income", "hazard_major", "current_type"):
        assert table.loc[~committee, column].isna().all(), column
    assert (table["pop_resident"].dropna() > 0).all()
    assert (table["collective_op_income"].dropna() > 0).all()
    for column in ("aging60_share", "hollow_rate"):
        assert table[column].dropna().between(0, 1).all()
        assert table[column].isna().any()


def test_remote_villages_shrink_age_and_stand_empty(county):
    minutes = pd.Series(facts_in_order(county.seed).centre, index=county.villages.index)
    with_minutes = county.village_table[
        ["pop_chg5_pct", "aging60_share", "hollow_rate", "collective_op_income"]
    ].corrwith(minutes)

    assert with_minutes["pop_chg5_pct"] < -0.5 and with_minutes["collective_op_income"] < -0.1
    assert with_minutes["aging60_share"] > 0.5 and with_minutes["hollow_rate"] > 0.5


# ---------------------------------------------------------------- the type in force


def test_an_older_typing_knows_no_later_paper(county):
    table = county.village_table
    typed = table[table["current_type"].notna()]

    assert (typed["current_type_year"] == people.ASKED_IN).all()
    listed = typed.loc[typed["current_type"] == "heritage", "heritage_list"]
    assert (listed.str[-4:].astype(int) <= people.ASKED_IN).all()
    moving = typed[typed["current_type"] == "relocate"]
    assert moving["in_relocation_plan"].all()
    papers = table["relocation_document"].dropna()
    years = papers.str.extract("〔([0-9]{4})〕")[0].astype(int)
    assert papers.str.startswith("示意").all() and (years <= people.ASKED_IN).all()


def test_the_types_come_last_and_from_the_facts_alone(county, monkeypatch):
    seen = []
    rule = people._type_in_force

    def watched(random, table, facts, committee):
        seen.append(list(table.columns))
        rule(random, table, facts, committee)

    monkeypatch.setattr(people, "_type_in_force", watched)
    table = table_of(county, inputs(county))

    assert seen == [[name for name in table.columns if name not in TYPE_COLUMNS]]
    assert table.columns[-3:].to_list() == TYPE_COLUMNS


def test_each_rung_that_a_village_can_stand_on_has_its_villages():
    found = dict.fromkeys(("RM-5", "RM-5 candidate", "CP-1", "RM-3", "RM-1", "SI-1", "AC-1"), 0)
    for seed in SEEDS:
        county = sample.county(seed)
        table, bounds = county.village_table, county.development_boundaries
        homes, unit = county.homes, county.homes["village_code"]
        seat = bounds[bounds["boundary_kind"] == "county_seat"].geometry.union_all()

        def share(shape, homes=homes, unit=unit):
            return (
                homes.intersection(shape).area.groupby(unit).sum() / homes.area.groupby(unit).sum()
            )

        planned, papers = table["in_relocation_plan"], table["relocation_document"].notna()
        away = county.villages["town_code"] != "330521001"
        found["RM-5"] += (planned & papers).sum()
        found["RM-5 candidate"] += (planned & ~papers).sum()
        found["CP-1"] += (table["heritage_list"].notna() & ~planned).sum()
        found["RM-3"] += table["hazard_major"].eq(True).sum()
        found["RM-1"] += (share(county.redline.geometry.union_all()) >= 0.5).sum()
        found["SI-1"] += (share(seat) >= 0.5).sum()
        found["AC-1"] += (table["is_town_seat"] & away).sum()

    assert min(found.values()) > 0, found


# ---------------------------------------------------------------- services


def test_services_are_counted_in_the_village_and_a_kilometre_round_its_homes(county):
    table, points = county.village_table, county.facilities

    for code in table.index[::12]:
        homes = county.homes.geometry[county.homes["village_code"] == code].union_all()
        near = points.dwithin(homes, people.NEAR_M) | (points["village_code"] == code)
        there = set(points["facility_class"][near])
        assert table["fac_count"][code] == sum(bool(there & set(kinds)) for kinds in people.KINDS)
    assert table["fac_count"].nunique() >= 5


def test_services_are_named_after_their_village_and_stops_keep_apart(made):
    points = made.facilities
    kinds = names.vocabulary("facility_class")
    said = made.villages["village_name"][points["village_code"]].to_numpy()

    assert (said + points["facility_class"].map(kinds) == points["facility_name"]).all()
    # The county makes no middle schools, and nothing that is 其他.
    assert set(services.LIKELY) | {"bus_stop"} == set(kinds) - {"middle_school", "other"}
    stops = points.geometry[points["facility_class"] == "bus_stop"]
    near = stops.sindex.query(stops, predicate="dwithin", distance=services.STOPS_APART_M - 0.01)
    assert (near[0] == near[1]).all()


def test_villages_with_more_people_have_more_services(made):
    points = made.facilities[made.facilities["facility_class"] != "bus_stop"]
    count = points.groupby("village_code").size().reindex(made.villages.index, fill_value=0)
    living = made.homes.groupby("village_code")["people"].sum()

    assert count.corr(living.reindex(count.index), method="spearman") > 0.4


def test_services_leave_their_layers_alone_and_repeat_themselves(made):
    seats = np.array(list(SEATS.values()))
    villages, homes, roads = made.villages, made.homes, made.roads
    copies = villages.copy(), homes.copy(), roads.copy()

    one, two = (
        services.facilities(np.random.Generator(np.random.PCG64(5)), villages, homes, roads, seats)
        for _ in range(2)
    )

    assert one.equals(two)
    for frame, copy in zip((villages, homes, roads), copies, strict=True):
        assert frame.equals(copy)


# ---------------------------------------------------------------- dates and works


def test_services_opened_by_today_and_some_clinics_every_year_of_late(county):
    points = county.facilities
    days = points["opened_on"].dropna()
    clinics = points.loc[points["facility_class"] == "clinic", "opened_on"].dropna().str[:4]

    assert pd.to_datetime(days, format="%Y-%m-%d").notna().all()
    assert days.max() <= "2025-12-31" and 0 < points["opened_on"].isna().mean() < 0.1
    assert (clinics.value_counts()[[str(year) for year in services.RECENT]] >= 2).all()
    for word, first in services.SINCE.items():
        assert points.loc[points["facility_class"] == word, "opened_on"].dropna().min() >= first


def test_dates_move_no_service(made):
    bare = made.facilities.drop(columns="opened_on")
    again = services.dated(np.random.Generator(np.random.PCG64([9, 9])), bare)

    assert again.drop(columns="opened_on").equals(bare) and "opened_on" not in bare
    assert not again["opened_on"].equals(made.facilities["opened_on"])


def test_works_are_those_of_villages_and_change_nothing_else(county):
    table = county.village_table
    committee = table["unit_kind"] == "village_committee"
    works = ["sewage_served", "homesteads_revived"]
    bare = table.drop(columns=works)
    again = people.with_works(np.random.Generator(np.random.PCG64([9, 9])), bare)

    assert table.loc[~committee, works].isna().all(axis=None)
    assert table.loc[committee, "sewage_served"].isna().any()
    assert set(table["sewage_served"].dropna()) == {True, False}
    assert (table["homesteads_revived"].dropna() >= 0).all()
    assert again.drop(columns=works).equals(bare) and not set(works) & set(bare)
