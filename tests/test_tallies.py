"""The plan's small counts: by pencil, by laws, and by a second, slower road."""

import math
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx

from deqing_geo import errors, sample, standards, tallies
from deqing_geo.columns import word
from deqing_geo.tallies.streets import MEETS_M

X, Y = sample.X0, sample.Y0
TARGETS = standards.load().targets


def places(*spots, **columns):
    xs, ys = zip(*spots, strict=True)
    shapes = gpd.points_from_xy(np.add(xs, X), np.add(ys, Y), crs=sample.CRS)
    return gpd.GeoDataFrame(columns, geometry=shapes)


def stops(*spots, what="bus_stop"):
    return places(*spots, facility_class=[what] * len(spots))


def lines(*coords, **columns):
    shapes = [shapely.LineString(np.add(one, (X, Y))) for one in coords]
    made = gpd.GeoDataFrame(columns, geometry=shapes, crs=sample.CRS)
    return made if "road_class" in made else made.assign(road_class="branch")


def squares(*sides):
    """Parks of these sides, 200 m apart along the first kilometre."""
    shapes = [shapely.box(X + 200 * at, Y, X + 200 * at + side, Y + side) for at, side in sides]
    return gpd.GeoDataFrame(geometry=shapes, crs=sample.CRS).assign(park_class="G14")


def with_kinds():
    kinds = ["village_committee", "village_committee", "village_committee", "residents_committee"]
    return sample.villages().assign(unit_kind=kinds)


# ---------------------------------------------------------------- villages with a service


def test_two_of_three_villages_have_a_stop_and_the_community_is_no_village():
    found = tallies.villages_with(
        with_kinds(), stops((500, 500), (510, 500), (1500, 1)), "bus_stop"
    )

    assert (found.counted, found.total, found.value) == (2, 3, 2 / 3)
    assert (found.key, found.unit) == ("bus_integration_rate", "ratio")
    assert "村委会" in found.definition and "代用" in found.definition
    assert any("代用" in notice for notice in found.notices)


def test_without_kinds_all_rows_are_villages_and_it_says_so():
    found = tallies.villages_with(sample.villages(), stops((3500, 500)), "bus_stop")

    assert (found.counted, found.total) == (1, 4)
    assert "村委会" not in found.definition and "村(社区)" in found.definition
    assert word("notice.schematic") in found.notices


def test_a_stop_on_a_border_serves_both_sides_and_one_outside_nobody():
    on_border = tallies.villages_with(sample.villages(), stops((1000, 500)), "bus_stop")
    outside = tallies.villages_with(sample.villages(), stops((500, 1000.001)), "bus_stop")

    assert (on_border.counted, outside.counted) == (2, 0)


def test_another_class_does_not_count_and_a_unit_of_no_kind_is_told():
    villages = with_kinds()
    villages.loc["A", "unit_kind"] = None
    mixed = pd.concat([stops((500, 500), (1500, 500)), stops((2500, 500), what="parcel")])
    found = tallies.villages_with(villages, mixed, "parcel")

    assert (found.key, found.counted, found.total) == ("parcel_stations", 1, 2)
    assert "单位类别不明的 1 个单元未计入" in found.notices


def test_without_villages_there_is_no_share():
    none = with_kinds().assign(unit_kind="residents_committee")

    assert math.isnan(tallies.villages_with(none, stops((500, 500)), "bus_stop").value)
    assert tallies.villages_with(none, stops((500, 500)), "bus_stop").headline == "-"


def test_no_stops_at_all_is_nobody_and_not_unknown():
    nothing = stops((500, 500)).iloc[:0]

    assert tallies.villages_with(sample.villages(), nothing, "bus_stop").value == 0.0


def test_a_class_the_plan_does_not_ask_for_needs_the_target_named():
    with pytest.raises(errors.InputError, match="No target of the plan asks for `shop`"):
        tallies.villages_with(sample.villages(), stops((1, 1), what="shop"), "shop")
    with pytest.raises(errors.StandardsError, match="no target"):
        tallies.villages_with(sample.villages(), stops((1, 1)), "bus_stop", key="road_densty")

    named = tallies.villages_with(
        sample.villages(), stops((1, 1), what="shop"), "shop", key="parcel_stations"
    )
    assert (named.key, named.counted) == ("parcel_stations", 1)


def test_a_community_is_of_the_zone_where_its_inner_point_lies():
    zone = gpd.GeoDataFrame(
        geometry=[shapely.box(X, Y, X + 1600, Y + 1000), shapely.box(X + 1600, Y, X + 1700, Y + 9)],
        crs=sample.CRS,
    )
    found = tallies.communities_with(
        with_kinds(), stops((500, 500), (3500, 500), what="charging"), "charging", zone
    )

    assert (found.key, found.counted, found.total) == ("ev_charging_coverage", 1, 2)
    assert "无文件规定服务半径" in found.definition


def test_shares_are_those_of_a_slower_road():
    made = sample.county(0)
    villages = made.villages[made.villages["unit_kind"] == "village_committee"]
    points = made.facilities[made.facilities["facility_class"] == "parcel"]
    joined = gpd.sjoin(villages, points[["geometry"]], predicate="intersects")

    found = tallies.villages_with(made.villages, made.facilities, "parcel")
    assert found.counted == joined.index.nunique() and found.total == len(villages)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter_and_more_stops_serve_more(seed):
    rng = np.random.default_rng(seed)
    some = stops(*rng.uniform((0, 0), (4000, 1000), (6, 2)))
    before = (sample.villages().to_wkb(), some.to_wkb())
    shares = [
        tallies.villages_with(sample.villages(), some[:n], "bus_stop").value for n in range(7)
    ]
    mixed = tallies.villages_with(
        sample.villages().sample(frac=1, random_state=seed),
        some.sample(frac=1, random_state=seed),
        "bus_stop",
    )

    assert shares == sorted(shares) and mixed.value == shares[-1]
    assert some.to_wkb().equals(before[1]) and some.attrs == {}


# ---------------------------------------------------------------- roads opened


def rural(**columns):
    return lines(
        [(0, 0), (1000, 0)],
        [(0, 10), (2000, 10)],
        [(0, 20), (500, 20)],
        [(0, 30), (4000, 30)],
        [(0, 40), (8000, 40)],
        **{
            "road_class": [
                "county_road",
                "township_road",
                "village_road",
                "highway",
                "village_road",
            ],
            "road_status": ["built", None, "built", "built", "planned"],
            "opened_on": ["2023-01-01", "2024-06-30", None, "2024-01-01", "2024-01-01"],
            **columns,
        },
    )


def test_kilometres_of_rural_road_opened_since_a_day():
    found = tallies.rural_roads_opened(rural(), "2023-01-01")

    assert found.value == approx(3.0) and found.total == approx(3.0)
    assert (found.key, found.unit, found.headline) == ("rural_highways_built", "km", "3.00 公里")
    assert "农村公路无通车日期的 0.50 公里未计入" in found.notices
    assert tallies.rural_roads_opened(rural(), date(2023, 1, 2)).value == approx(2.0)
    assert tallies.rural_roads_opened(rural(), "2023-01-01", "2024-06-29").value == approx(1.0)
    assert tallies.rural_roads_opened(rural(), "2023-01-01", "2024-06-30").value == approx(3.0)


def test_dates_may_be_text_days_or_moments_and_a_bare_year_is_a_year():
    days = [date(2023, 1, 1), pd.Timestamp("2024-06-30 12:00"), None, "2024-01-01", "2024-01-01"]
    mixed = rural(opened_on=pd.Series(days, dtype=object))
    year = rural(opened_on=pd.Series([2023, 2024, None, 2024, 2024], dtype=object))

    assert tallies.rural_roads_opened(
        mixed, pd.Timestamp("2023-01-01"), "2024-06-30"
    ).value == approx(3)
    assert tallies.rural_roads_opened(year, "2023-01-01").value == approx(3.0)
    assert tallies.rural_roads_opened(
        rural(opened_on=pd.to_datetime(pd.Series([*days[:2], None, *days[3:]]))), "2023-01-01"
    ).value == approx(3.0)


def test_without_any_date_there_is_no_figure():
    found = tallies.rural_roads_opened(rural(opened_on=None), "2023-01-01")

    assert math.isnan(found.value) and found.unknown == 3
    assert math.isnan(tallies.rural_roads_opened(rural().iloc[:0], "2023-01-01").value)


def test_what_opened_in_parts_of_a_period_adds_up():
    roads = sample.county(0).roads
    whole = tallies.rural_roads_opened(roads, "2021-01-01", "2025-12-31").value
    parts = [
        tallies.rural_roads_opened(roads, f"{year}-01-01", f"{year}-12-31").value
        for year in range(2021, 2026)
    ]

    assert sum(parts) == approx(whole) and min(parts) > 0
    own = roads[roads["road_class"].isin(["county_road", "township_road", "village_road"])]
    by_hand = own.length[(own["opened_on"] >= "2021") & (own["road_status"] == "built")].sum()
    assert whole == approx(by_hand / 1000)


def test_a_date_that_is_none_is_refused_with_its_row():
    odd = rural(opened_on=["2023-01-01", "去年", None, "2024-01-01", None])

    with pytest.raises(errors.ColumnError, match="'去年'; write days as") as caught:
        tallies.rural_roads_opened(odd, "2023-01-01")
    assert caught.value.rows == (1,)
    with pytest.raises(errors.ColumnError, match="no column `opened_on`"):
        tallies.rural_roads_opened(rural().drop(columns="opened_on"), "2023-01-01")


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2023", None, "since='2023'"),
        (2023, None, "since=2023"),
        ("2024-01-02", "2024-01-01", "before"),
    ],
)
def test_a_day_that_is_none_is_refused(since, until, said):
    with pytest.raises(errors.InputError, match=said):
        tallies.rural_roads_opened(rural(), since, until)


# ---------------------------------------------------------------- clinics


def clinics():
    return pd.DataFrame(
        {
            "facility_class": ["clinic", "clinic", "clinic", "clinic", "shop"],
            "opened_on": ["2025-01-01", "2025-12-31", "2024-12-31", None, "2025-05-05"],
        }
    )


def test_clinics_of_a_year():
    found = tallies.clinics_opened(clinics(), 2025)

    assert (found.value, found.counted, found.total, found.unknown) == (2.0, 2, 3, 1)
    assert (found.year, found.headline) == (2025, "2 个/年")
    assert "卫生室(站)无开放日期的 1 个未计入" in found.notices
    assert tallies.clinics_opened(clinics(), 2023).value == 0.0


def test_a_layer_without_clinics_says_nothing_of_them():
    assert math.isnan(tallies.clinics_opened(clinics().iloc[4:], 2025).value)
    for year in ("2025", True, -1):
        with pytest.raises(errors.InputError, match="no year"):
            tallies.clinics_opened(clinics(), year)


# ---------------------------------------------------------------- dead ends


def cross(last="planned"):
    """A street that stops at 1500, one that goes on there, and a side street."""
    return lines(
        [(200, 500), (1000, 500)],
        [(1000, 500), (1500, 500)],
        [(1500, 500), (2500, 500)],
        [(1000, 500), (1000, 900)],
        road_status=["built", "built", last, "built"],
    )


def test_a_street_ends_dead_where_a_planned_one_goes_on():
    found = tallies.dead_ends(cross(), sample.zone())

    assert (found.value, found.total, found.headline) == (1.0, 3, "1 条")
    assert found.definition.startswith("断头路(规划贯通未实施)")
    assert tallies.dead_ends(cross("building"), sample.zone()).value == 1.0


def test_without_a_planned_road_they_are_only_suspected():
    found = tallies.dead_ends(cross("built"), sample.zone())

    assert found.value == 3.0 and found.definition.startswith("疑似断头路")
    assert any("疑似断头路" in notice for notice in found.notices)


def test_the_planned_network_may_come_apart_and_holds_what_is_there_already():
    streets, network = cross().drop(index=2), cross()

    assert tallies.dead_ends(streets, sample.zone(), planned=network).value == 1.0
    bare = network.drop(columns="road_status")
    assert tallies.dead_ends(streets, sample.zone(), planned=bare).value == 1.0
    done = network.assign(road_status="built")
    assert tallies.dead_ends(streets, sample.zone(), planned=done).definition.startswith("疑似")


def test_two_drawings_may_disagree_by_some_centimetres():
    for off, count in ((0.9 * MEETS_M, 1.0), (1.5 * MEETS_M, 0.0)):
        network = lines([(1500 + off, 500), (2500, 500)], road_status=["planned"])
        found = tallies.dead_ends(cross().drop(index=2), sample.zone(), planned=network)
        assert found.value == count and found.definition.startswith("断头路")


def test_an_end_on_another_street_is_none_nor_is_that_of_an_estate_or_a_ring():
    streets = lines(
        [(200, 500), (1000, 500)],
        [(600, 500), (600, 800)],  # meets the first in its middle, without a vertex
        [(1000, 500), (1000, 900)],
        [(2000, 200), (2100, 200), (2100, 300), (2000, 200)],
        road_class=["branch", "branch", "estate", "branch"],
    )
    found = tallies.dead_ends(streets, sample.zone())

    assert found.value == 2.0  # the west end of the first, the north end of the second


def test_ends_made_by_cutting_the_layer_at_the_zone_are_nobody_s():
    cut = lines([(0, 500), (1000, 500)], [(2000, 500), (3000, 500)])
    whole = lines([(0, 500), (1000, 500)], [(2000, 500), (3500, 500)])

    assert tallies.dead_ends(cut, sample.zone()).value == 2.0
    assert tallies.dead_ends(whole, sample.zone()).value == 3.0
    far = lines([(3500, 500), (3600, 500)])
    assert math.isnan(tallies.dead_ends(far, sample.zone()).value)


def test_dead_ends_by_counting_legs():
    """A county is noded to a millimetre: an end with one leg, and no other road at it."""
    made = sample.county(0)
    roads, zone = made.roads, made.zone.union_all()
    is_open = (roads["road_status"] == "built").to_numpy()
    shapes = roads.geometry.to_numpy()
    tips = [[shape.coords[0], shape.coords[-1]] for shape in shapes]
    city = roads["road_class"].isin(["expressway", "arterial", "subarterial", "branch"]).to_numpy()
    legs, coming = {}, set()
    for at, pair in enumerate(tips):
        for tip in pair:
            if is_open[at]:
                legs.setdefault(tip, []).append(at)
            else:
                coming.add(tip)
    single = [tip for tip, whose in legs.items() if len(whose) == 1 and city[whose[0]]]
    expected = sum(tip in coming and zone.covers(shapely.Point(tip)) for tip in single)

    found = tallies.dead_ends(roads, made.zone)
    assert found.value == expected > 0
    mixed = roads.sample(frac=1, random_state=2)
    assert tallies.dead_ends(mixed, made.zone).value == expected
    suspected = tallies.dead_ends(roads[is_open], made.zone)
    assert suspected.value == suspected.total == found.total
    with_network = tallies.dead_ends(roads, made.zone, planned=made.planned_roads)
    assert with_network.value >= expected and with_network.total == found.total


# ---------------------------------------------------------------- pocket parks


def test_a_pocket_park_is_from_400_to_10000_square_metres_both_within():
    parks = squares((0, 20.0), (1, 19.98), (2, 100.0), (3, 100.02), (4, 50.0))
    found = tallies.pocket_parks(parks)

    assert (found.value, found.total, found.unit) == (3.0, 5, "个")
    assert "400至10000平方米" in found.definition and "口袋公园建设指南" in found.definition
    assert "未核对原文" not in found.notices


def test_only_open_parks_of_the_zone_that_count_anyway():
    parks = squares((0, 50), (1, 50), (2, 50), (3, 50)).assign(
        park_status=["built", "planned", None, "built"], park_class=["G14", "G14", "G14", "XG"]
    )
    zone = gpd.GeoDataFrame(geometry=[shapely.box(X - 9, Y - 9, X + 100, Y + 99)], crs=sample.CRS)

    assert tallies.pocket_parks(parks).value == 2.0
    assert tallies.pocket_parks(parks, zone).value == 1.0
    assert "建成区内" in tallies.pocket_parks(parks, zone).definition
    assert math.isnan(tallies.pocket_parks(parks.iloc[:0]).value)


# ---------------------------------------------------------------- what villages declare


def declared():
    return pd.DataFrame(
        {
            "unit_kind": ["village_committee"] * 4 + ["residents_committee"],
            "sewage_served": pd.Series([True, False, True, None, True], dtype=object),
            "homesteads_revived": pd.array([10, 0, 5, None, 99], dtype="Int64"),
            "collective_op_income": [100.0, 99.999, 250.0, None, 500.0],
            "heritage_list": pd.Series(
                ["中国传统村落 第五批", "县级传统村落", None, "省历史文化村落", "省级传统村落"],
                dtype=object,
            ),
        }
    )


def test_what_villages_declare_by_pencil():
    table = declared()
    served = tallies.villages_where(table, "sewage_served")
    reach = tallies.villages_reaching(table, "collective_op_income")
    revived = tallies.villages_sum(table, "homesteads_revived")
    listed = tallies.villages_listed(table)

    assert (served.value, served.counted, served.total, served.unknown) == (2 / 3, 2, 3, 1)
    assert (reach.value, reach.unit, reach.unknown) == (2 / 3, "ratio", 1)
    assert (revived.value, revived.counted, revived.total) == (15.0, 2, 3)
    assert (listed.value, listed.total, listed.unknown) == (1.0, 4, 0)
    for one in (served, reach, revived):
        assert any(notice.endswith("未填报的 1 个村未计入") for notice in one.notices)
    assert tallies.villages_listed(table, mentions="传统村落").value == 2.0
    pd.testing.assert_frame_equal(table, declared())


def test_the_number_each_village_shall_reach_is_the_plan_s():
    assert TARGETS["village_operating_income"].value == 100
    assert "不低于 100 万元/村" in (
        tallies.villages_reaching(declared(), "collective_op_income").definition
    )
    with pytest.raises(errors.InputError, match="asks no number of each"):
        tallies.villages_reaching(declared(), "collective_op_income", "road_density")


def test_blanks_alone_are_no_figure():
    blank = declared().assign(
        sewage_served=None, homesteads_revived=None, collective_op_income=np.nan
    )

    assert math.isnan(tallies.villages_where(blank, "sewage_served").value)
    assert math.isnan(tallies.villages_sum(blank, "homesteads_revived").value)
    assert math.isnan(tallies.villages_reaching(blank, "collective_op_income").value)
    assert math.isnan(tallies.villages_listed(blank.iloc[:0]).value)


@pytest.mark.parametrize(
    ("measure", "column", "values", "rows"),
    [
        (tallies.villages_where, "sewage_served", ["是", True, None, True, True], (0,)),
        (tallies.villages_sum, "homesteads_revived", [1, "约3", 2, None, 5], (1,)),
        (tallies.villages_sum, "homesteads_revived", [True, False, True, True, True], (0, 1, 2, 3)),
        (tallies.villages_reaching, "collective_op_income", ["高", 1.0, 2.0, 3.0, 4.0], (0,)),
    ],
)
def test_a_column_that_holds_something_else_is_refused_with_its_rows(measure, column, values, rows):
    table = declared().assign(**{column: pd.Series(values, dtype=object)})

    with pytest.raises(errors.ColumnError) as caught:
        measure(table, column)
    assert caught.value.rows == rows


@pytest.mark.parametrize("measure", [tallies.villages_where, tallies.villages_sum])
def test_a_missing_column_a_missing_target_and_no_table_are_refused(measure):
    with pytest.raises(errors.ColumnError, match="no column `sewage_served`"):
        measure(declared().drop(columns="sewage_served"), "sewage_served")
    with pytest.raises(errors.InputError, match="No target"):
        measure(declared(), "pop_resident")
    with pytest.raises(errors.InputError, match="not a table"):
        measure([1], "sewage_served")
    with pytest.raises(errors.InputError, match="names no list"):
        tallies.villages_listed(declared(), mentions=())


# ---------------------------------------------------------------- what all have in common


def every():
    villages, zone = sample.villages(), sample.zone()
    return [
        tallies.villages_with(villages, stops((1, 1)), "bus_stop"),
        tallies.communities_with(villages, stops((1, 1), what="charging"), "charging", zone),
        tallies.rural_roads_opened(rural(), "2023-01-01"),
        tallies.clinics_opened(clinics(), 2025),
        tallies.dead_ends(cross(), zone),
        tallies.pocket_parks(sample.parks(), zone),
        tallies.villages_where(declared(), "sewage_served"),
        tallies.villages_reaching(declared(), "collective_op_income"),
        tallies.villages_sum(declared(), "homesteads_revived"),
        tallies.villages_listed(declared()),
    ]


@pytest.mark.parametrize("one", every(), ids=lambda one: one.key)
def test_every_tally_answers_a_target_and_shows_itself(one):
    target = TARGETS[one.key]

    assert one.unit in (target.unit, "ratio") and isinstance(one.value, float)
    assert (one.unit == "ratio") or target.unit != "%"
    assert "\n" not in repr(one) and repr(one).startswith(f"<Tally of {one.key}: ")
    for text in (repr(one), one.definition, *one.notices, *one.origins):
        text.encode("gbk")
    assert one.definition in one._repr_html_()
    assert all(notice in one._repr_html_() for notice in one.notices)
    with pytest.raises(AttributeError):
        one.value = 1.0


SPATIAL = {
    "villages_with": (
        lambda v, f, z: tallies.villages_with(v, f, "bus_stop"),
        ("villages", "facilities"),
    ),
    "communities_with": (
        lambda v, f, z: tallies.communities_with(v, f, "charging", z),
        ("villages", "facilities", "zone"),
    ),
}


CHANGES = {
    "no CRS": lambda frame: frame.set_crs(None, allow_override=True),
    "degrees": lambda frame: frame.to_crs(4490),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_layer_in_the_wrong_system_is_refused_by_its_name(change):
    spots = stops((1, 1))
    for call, layers in SPATIAL.values():
        for at in range(len(layers)):
            given = [sample.villages(), spots, sample.zone()]
            given[at] = change(given[at])
            with pytest.raises(errors.CRSError, match=f"`{layers[at]}`"):
                call(*given)
    for call in (
        lambda: tallies.rural_roads_opened(change(rural()), "2023-01-01"),
        lambda: tallies.dead_ends(change(cross()), sample.zone()),
        lambda: tallies.dead_ends(cross(), sample.zone(), planned=change(cross())),
        lambda: tallies.pocket_parks(change(sample.parks())),
    ):
        with pytest.raises(errors.CRSError):
            call()


def test_shapes_of_another_kind_and_words_of_another_list_are_refused():
    villages = sample.villages()
    with pytest.raises(errors.GeometryError, match="`facilities` needs points, and has Polygon"):
        tallies.villages_with(villages, villages.assign(facility_class="bus_stop"), "bus_stop")
    with pytest.raises(errors.GeometryError, match="without a place"):
        nowhere = gpd.GeoDataFrame(
            {"facility_class": ["bus_stop"]}, geometry=[shapely.Point()], crs=sample.CRS
        )
        tallies.villages_with(villages, nowhere, "bus_stop")
    with pytest.raises(errors.InputError, match="`bus` is no class"):
        tallies.villages_with(villages, stops((1, 1)), "bus", key="bus_integration_rate")
    with pytest.raises(errors.ColumnError, match="no column `facility_class`"):
        tallies.villages_with(villages, stops((1, 1)).drop(columns="facility_class"), "bus_stop")
    with pytest.raises(errors.ColumnError, match="holds 'busstop'"):
        tallies.villages_with(villages, stops((1, 1), what="busstop"), "bus_stop")
    with pytest.raises(errors.ColumnError, match="no column `road_class`"):
        tallies.dead_ends(cross().drop(columns="road_class"), sample.zone())
    with pytest.raises(errors.ColumnError, match="no column `park_class`"):
        tallies.pocket_parks(sample.parks().drop(columns="park_class"))


def test_a_layer_of_another_place_is_told():
    with pytest.warns(errors.DeqingGeoWarning, match="`facilities` lies"):
        tallies.villages_with(sample.villages(), stops((50_000, 0)), "bus_stop")


# ---------------------------------------------------------------- land and lines by their size


def parcels(*boxes):
    shapes = [shapely.box(X + a, Y + b, X + c, Y + d) for a, b, c, d in boxes]
    return gpd.GeoDataFrame(geometry=shapes, crs=sample.CRS)


def test_sponge_land_counts_once_and_only_in_the_zone():
    """The zone is 3 km by 1; two plots of 0.5 km2 overlap by half, one lies half outside."""
    plots = parcels((0, 0, 1000, 500), (500, 0, 1500, 500), (2500, 0, 3500, 1000))
    found = tallies.share_of_zone(plots, sample.zone())

    assert (found.key, found.unit) == ("sponge_area_share", "ratio")
    assert found.value == approx((0.75 + 0.5) / 3, rel=1e-6)
    assert found.outline.startswith("3.0000") and len(found.places) == 3
    assert tallies.share_of_zone(plots.iloc[:0], sample.zone()).value == 0


def test_grain_zones_are_summed_in_ten_thousand_mu():
    """200 hectares, 100 of them drawn twice: 3,000 mu."""
    found = tallies.land_of(parcels((0, 0, 1000, 2000), (0, 0, 1000, 1000)))

    assert found.value == approx(0.3, rel=1e-3) and found.unit == "万亩"
    assert math.isnan(tallies.land_of(parcels((0, 0, 1, 1)).iloc[:0]).value)


def test_a_block_is_what_hangs_together_and_has_a_thousand_mu():
    """1,000 mu are 666,667 m2: 600 m and 70 m side by side make it, a corner does not."""
    joined = parcels((0, 0, 600, 1000), (600, 0, 670, 1000))
    corner = parcels((0, 0, 600, 1000), (600, 1000, 670, 2000))
    apart = parcels((0, 0, 600, 1000), (601, 0, 671, 1000))

    assert (tallies.blocks_of(joined).value, tallies.blocks_of(joined).total) == (1, 1)
    assert (tallies.blocks_of(corner).value, tallies.blocks_of(corner).total) == (0, 2)
    assert tallies.blocks_of(apart).value == 0
    assert "1000亩" in tallies.blocks_of(joined).definition


def test_a_greenway_drawn_twice_counts_once():
    way = lines([(0, 500), (2000, 500)], [(1000, 500), (4000, 500)])
    found = tallies.length_in(way, sample.zone())

    assert (found.value, found.total) == (approx(3.0), approx(4.0)) and found.unit == "km"
