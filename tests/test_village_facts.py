"""Facts of villages: by pencil on four squares, by laws, and by a second, slower road."""

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from pytest import approx

from deqing_geo import errors, sample
from deqing_geo.columns import registry
from deqing_geo.network import road_network
from deqing_geo.rasters import Raster
from deqing_geo.terrain import slope
from deqing_geo.villages import village_facts
from deqing_geo.villages.cells import DECLARED, YES_OR_NO, read_cells, read_day

X, Y = sample.X0, sample.Y0
SPEEDS = {"branch": 30.0}


def box(x0, y0, x1, y1):
    return shapely.box(X + x0, Y + y0, X + x1, Y + y1)


def land(*boxes, crs=sample.CRS, **columns):
    return GeoDataFrame(columns, geometry=[box(*one) for one in boxes], crs=crs)


def spots(*places, **columns):
    shapes = [shapely.Point(X + x, Y + y) for x, y in places]
    return GeoDataFrame(columns, geometry=shapes, crs=sample.CRS)


def table_of(**columns):
    """A table of the villages A, B, … as long as its columns are."""
    count = len(next(iter(columns.values())))
    held = {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    return pd.DataFrame(held).set_axis(list("ABCD")[:count], axis="index")


def town_of(names="前后后前"):
    return sample.villages().assign(town_name=[f"{name}镇" for name in names])


def streets(lines):
    return GeoDataFrame({"road_class": ["branch"] * len(lines)}, geometry=lines, crs=sample.CRS)


def street():
    """A road of 4 km through the middle of all four, with a vertex every 500 m."""
    line = shapely.LineString([(X + x, Y + 500) for x in range(0, 4001, 500)])
    pieces = [shapely.LineString(line.coords[at : at + 2]) for at in range(len(line.coords) - 1)]
    roads = streets(pieces)
    return road_network(roads, speeds=SPEEDS)


def seats():
    """County seat at the west end, which is 前镇's too; the subcentre at the east end."""
    return spots(
        (0, 500), (4000, 500), seat_kind=["county_seat", "subcentre"], town_name=["前镇", "后镇"]
    )


# ---------------------------------------------------------------- shares and distances


@pytest.fixture
def two_homes():
    """A has a strip of 200 by 100 m, B one of 100 by 100 m, C and D none."""
    return land((100, 100, 300, 200), (1100, 100, 1200, 200))


def test_half_the_homes_in_the_boundary_are_half_and_the_way_to_it_is_nothing(two_homes):
    facts = village_facts(sample.villages(), homes=two_homes, boundaries=land((0, 0, 200, 1000)))

    assert facts.loc["A", "udb_res_share"] == approx(0.5)
    assert facts.loc["A", "dist_udb_m"] == 0
    # From the boundary's east side at 200 m to B's homes at 1,100 m.
    assert facts.loc["B", "dist_udb_m"] == approx(900)
    assert facts.loc["B", "udb_res_share"] == 0


def test_villages_without_homes_are_taken_whole_and_say_so(two_homes):
    facts = village_facts(
        sample.villages(), homes=two_homes, boundaries=land((2000, 0, 2250, 1000))
    )

    assert facts["whole_area"].to_dict() == {"A": False, "B": False, "C": True, "D": True}
    assert facts.loc["C", "udb_res_share"] == approx(0.25)
    assert facts["residential_ha"].round(6).tolist() == [2.0, 1.0, 0.0, 0.0]


def test_without_a_layer_of_homes_all_are_whole_and_nothing_is_said_of_hectares():
    facts = village_facts(sample.villages(), redline=land((0, 0, 4000, 250)))

    assert facts["whole_area"].all() and "residential_ha" not in facts
    assert facts["redline_res_share"].tolist() == approx([0.25] * 4)


def test_villages_without_homes_may_come_first_and_slivers_are_no_homes():
    # One nanometre of C's homes lies in D.
    facts = village_facts(sample.villages(), homes=land((2900, 0, 3000 + 1e-9, 100)))

    assert facts["whole_area"].tolist() == [True, True, False, True]
    assert facts["residential_ha"].round(6).tolist() == [0, 0, 1, 0]
    nobody = village_facts(sample.villages(), homes=land().set_crs(sample.CRS))
    assert nobody["whole_area"].all() and (nobody["residential_ha"] == 0).all()


def test_homes_drawn_twice_are_there_once():
    homes = land((100, 100, 300, 200), (200, 100, 300, 200))
    facts = village_facts(
        sample.villages(), homes=homes, redline=land((200, 0, 400, 400), (250, 0, 400, 400))
    )

    assert facts.loc["A", "residential_ha"] == approx(2.0, abs=1e-6)
    assert facts.loc["A", "redline_res_share"] == approx(0.5)


def test_of_water_zones_only_the_first_level_counts(two_homes):
    zones = land((100, 100, 150, 200), (0, 0, 4000, 1000), protection_level=["level1", "level2"])
    facts = village_facts(sample.villages(), homes=two_homes, water_source=zones)

    assert facts["water1_res_share"].tolist() == approx([0.25, 0, 0, 0])
    bare = village_facts(
        sample.villages(), homes=two_homes, water_source=zones.drop(columns="protection_level")
    )
    assert bare["water1_res_share"].tolist() == approx([1, 1, 1, 1])


def test_other_towns_boundaries_make_nobody_suburban(two_homes):
    drawn = land((0, 0, 4000, 1000), (2000, 0, 2500, 1000), boundary_kind=["town", "county_seat"])
    facts = village_facts(sample.villages(), homes=two_homes, boundaries=drawn)

    assert facts["udb_res_share"].tolist() == approx([0, 0, 0.5, 0])
    assert facts.loc["A", "dist_udb_m"] == approx(1700)
    # D, taken whole, begins where C ends.
    assert facts.loc["D", "dist_udb_m"] == approx(500)


def test_a_layer_of_law_without_rows_says_none_but_the_county_seat_has_a_boundary():
    nothing = land().set_crs(sample.CRS)
    facts = village_facts(sample.villages(), redline=nothing)

    assert facts["redline_res_share"].tolist() == [0, 0, 0, 0]
    with pytest.raises(errors.InputError, match="no row of the county seat"):
        village_facts(sample.villages(), boundaries=nothing)


def test_farmland_is_of_the_whole_village_and_arable_land_per_head_in_mu():
    # 200 by 100 m are 20,000 m2, thirty mu; among 60 people half a mu each.
    fields = land((0, 0, 200, 100))
    facts = village_facts(
        sample.villages(),
        homes=land((900, 900, 1000, 1000)),
        farmland=fields,
        cropland=fields,
        table=table_of(pop_resident=[60, 0, None]),
    )

    assert facts["pbf_share"].tolist() == approx([0.02, 0, 0, 0])
    assert facts.loc["A", "farmland_pc"] == approx(0.5, rel=1e-6)
    assert facts["farmland_pc"].isna().tolist() == [False, True, True, True]


def test_what_is_declared_is_not_measured_again():
    facts = village_facts(
        sample.villages(),
        cropland=land((0, 0, 200, 100)),
        hazards=spots((500, 500), hazard_class=["high"]),
        table=table_of(pop_resident=[60], farmland_pc=[9.5], hazard_class=["低易发"]),
    )

    assert facts.loc["A", ["farmland_pc", "hazard_class"]].tolist() == [9.5, "low"]
    assert facts.attrs["facts"]["farmland_pc"] == "declared"
    assert facts.attrs["fact_sources"]["farmland_pc"] == "村庄表"
    assert "hazard_points_n" not in facts


# ---------------------------------------------------------------- hazards


def test_points_count_in_the_village_and_the_worst_stands():
    sites = spots((500, 500), (600, 500), (1500, 1), hazard_class=["low", "high", "medium"])
    facts = village_facts(sample.villages(), homes=land((0, 0, 10, 10)), hazards=sites)

    assert facts["hazard_class"].tolist() == ["high", "medium", "none", "none"]
    assert facts["hazard_points_n"].tolist() == [2, 1, 0, 0]


def test_zones_count_on_homes_only_and_a_shared_border_is_no_land(two_homes):
    zones = land(
        (0, 0, 100, 1000), (100, 0, 1150, 1000), (2000, 0, 3000, 1000),
        hazard_class=["high", "low", "medium"],
    )  # fmt: skip
    facts = village_facts(sample.villages(), homes=two_homes, hazards=zones)

    # The high zone ends where A's homes begin; D borders C's zone and is taken whole.
    assert facts["hazard_class"].tolist() == ["low", "low", "medium", "none"]
    assert "hazard_points_n" not in facts


def test_points_and_zones_in_one_layer_both_count(two_homes):
    zones = land((1100, 100, 1200, 200), hazard_class=["medium"])
    both = pd.concat([zones, spots((500, 900), hazard_class=["high"])], ignore_index=True)
    facts = village_facts(sample.villages(), homes=two_homes, hazards=both)

    assert facts["hazard_class"].tolist() == ["high", "medium", "none", "none"]


# ---------------------------------------------------------------- ground and people


def plane(rise=0.1):
    """Ground that rises to the east, `rise` metres a metre, in cells of 20 m, well around all."""
    columns = np.arange(240) * 20.0 + 10 - 400
    return Raster(np.tile(rise * columns, (90, 1)), X - 400, Y + 1400, 20, sample.CRS)


def test_an_inclined_plane_has_its_slope_everywhere_and_its_relief(two_homes):
    facts = village_facts(sample.villages(), homes=two_homes, terrain=plane())
    angle = float(np.degrees(np.arctan(0.1)))

    assert facts["slope_res_mean_deg"].tolist() == approx([angle] * 4, abs=1e-6)
    assert facts["slope_res_p90"].tolist() == approx([angle] * 4, abs=1e-6)
    # A's homes reach from 100 to 300 m: mean height 20 m, cell centres 11 to 29 m.
    assert facts.loc["A", "elev_mean_m"] == approx(20)
    assert facts.loc["A", "relief_m"] == approx(18)
    assert facts.loc["D", "elev_mean_m"] == approx(350)


def test_people_of_the_cells_stand_in_where_nobody_declared_them(two_homes):
    people = Raster(np.full((60, 220), 3.0), X - 200, Y + 1100, 20, sample.CRS)
    facts = village_facts(sample.villages(), homes=two_homes, population=people)

    # A's homes are 5 by 10 cells of 3 people each; C is 50 by 50 cells.
    assert facts["pop_grid"].tolist() == approx([150, 75, 7500, 7500])
    assert facts["pop_resident"].tolist() == [150, 75, 7500, 7500]
    assert facts.attrs["facts"]["pop_resident"] == "proxy"
    told = village_facts(
        sample.villages(), population=people, table=table_of(pop_resident=[12, None])
    )
    assert told["pop_resident"].isna().tolist() == [False, True, True, True]
    assert told.attrs["facts"]["pop_resident"] == "declared"


def test_homes_outside_the_raster_are_not_known_and_said():
    small = Raster(np.zeros((20, 20)), X, Y + 1000, 50, sample.CRS)
    with pytest.warns(errors.DeqingGeoWarning, match="known_share"):
        facts = village_facts(sample.villages(), terrain=small)

    assert facts["elev_mean_m"].isna().tolist() == [False, True, True, True]


# ---------------------------------------------------------------- minutes


@pytest.fixture
def beside():
    """Homes of 20 m around a vertex of the road, in the middle of every village."""
    return land(*((x - 10, 490, x + 10, 510) for x in (500, 1500, 2500, 3500)))


def test_minutes_run_along_the_road_at_its_speed(beside):
    facts = village_facts(town_of(), homes=beside, network=street(), seats=seats())

    # 30 km/h are 500 m a minute.
    assert facts["tt_county_min"].tolist() == approx([1, 3, 5, 7])
    assert facts["tt_subcentre_min"].tolist() == approx([7, 5, 3, 1])
    assert facts["tt_centre_min"].tolist() == approx([1, 3, 3, 1])
    assert facts["tt_town_min"].tolist() == approx([1, 5, 3, 7])


def test_towns_go_by_code_where_there_is_one(beside):
    coded = seats().assign(town_code=["330521100", "330521101"]).drop(columns="town_name")
    codes = ["330521100201", "330521101201", "330521101202", "330521100202"]
    village = sample.villages().set_axis(pd.Index(codes, name="village_code"), axis="index")
    by_index = village_facts(village, homes=beside, network=street(), seats=coded)
    own = sample.villages().assign(town_code=[code[:9] for code in codes])
    by_column = village_facts(own, homes=beside, network=street(), seats=coded)

    assert by_index["tt_town_min"].tolist() == approx([1, 5, 3, 7])
    assert by_column["tt_town_min"].tolist() == approx([1, 5, 3, 7])


def test_the_way_on_foot_to_the_road_counts_at_the_pace_given():
    homes = land((490, 740, 510, 760))
    slow = village_facts(town_of(), homes=homes, network=street(), seats=seats(), walk_kmh=5.0)
    fast = village_facts(town_of(), homes=homes, network=street(), seats=seats(), walk_kmh=15.0)

    # 250 m on foot are three minutes at 5 km/h and one at 15.
    assert slow.loc["A", "tt_county_min"] == approx(4)
    assert fast.loc["A", "tt_county_min"] == approx(2)


def test_no_road_means_not_known_and_the_other_centre_still_counts(beside):
    pieces = [[(X, Y + 500), (X + 2000, Y + 500)], [(X + 2600, Y + 500), (X + 4000, Y + 500)]]
    broken = streets([*map(shapely.LineString, pieces)])
    network = road_network(broken, speeds=SPEEDS)
    facts = village_facts(town_of(), homes=beside, network=network, seats=seats())

    assert facts["tt_county_min"].isna().tolist() == [False, False, True, True]
    assert facts["tt_centre_min"].notna().all()


def test_a_village_lives_in_its_largest_piece_and_of_equal_ones_always_in_the_same():
    pieces = land((0, 490, 20, 510), (490, 490, 530, 530), (900, 490, 920, 510))
    facts = village_facts(town_of(), homes=pieces, network=street(), seats=seats())
    equal = pieces.iloc[[0, 2]]
    one, other = (
        village_facts(town_of(), homes=homes, network=street(), seats=seats())
        for homes in (equal, equal.iloc[::-1])
    )

    assert 1 <= facts.loc["A", "tt_county_min"] < 1.5
    assert one.loc["A", "tt_county_min"] == other.loc["A", "tt_county_min"]


# ---------------------------------------------------------------- what is declared


def test_blanks_of_every_kind_are_not_known_and_never_nought():
    blanks = [None, float("nan"), "", " "]
    facts = village_facts(
        sample.villages(),
        table=table_of(
            pop_resident=blanks, is_town_seat=blanks, hazard_class=blanks,
            heritage_list=blanks, consent_on=blanks,
        ),
    )  # fmt: skip

    for column in ("pop_resident", "is_town_seat", "hazard_class", "heritage_list", "consent_on"):
        assert facts[column].isna().all(), column


def test_yes_and_no_come_in_words_figures_and_truth():
    facts = village_facts(
        sample.villages(),
        table=table_of(
            is_town_seat=["是", "否", " 是 ", None],
            takes_part=[1, 0, True, False],
            retention_value=pd.array([True, None, False, True], dtype="boolean"),
        ),
    )

    assert facts["is_town_seat"].tolist() == [True, False, True, None]
    assert facts["takes_part"].tolist() == [True, False, True, False]
    assert facts["retention_value"].tolist() == [True, None, False, True]


def test_a_word_for_none_is_no_listing_and_no_document():
    facts = village_facts(
        sample.villages(),
        table=table_of(
            heritage_list=["无", "否", "-", "中国传统村落 第五批 2019"],
            relocation_document=["/", "无", None, "德政发〔2021〕1号"],
        ),
    )

    assert facts["heritage_list"].isna().tolist() == [True, True, True, False]
    assert facts["relocation_document"].isna().tolist() == [True, True, True, False]


def test_days_are_read_as_offices_write_them():
    days = ["2025-06-01", "2025/6/1", "2025年6月1日", pd.Timestamp("2025-06-01")]
    facts = village_facts(sample.villages(), table=table_of(consent_on=days))

    assert facts["consent_on"].tolist() == ["2025-06-01"] * 4
    assert [read_day(one) for one in ("2025-13-01", "20250601", "六月", None)] == [None] * 4


def test_codes_that_became_numbers_are_their_digits():
    facts = village_facts(sample.villages(), table=table_of(urban_rural_code=[111, 121.0, "220"]))

    assert facts["urban_rural_code"].tolist() == ["111", "121", "220", None]


def test_words_come_in_chinese_and_names_with_their_committee():
    facts = village_facts(
        sample.villages(),
        table=table_of(
            village_name=["甲村村民委员会", "乙村委会", " 丙村 "],
            unit_kind=["自然村", "村委会", "居委会"],
            villager_consent=["同意", "不同意", "未征求"],
            current_type=["整治提升类", "relocate", None],
        ),
    )

    assert facts["unit_kind"].tolist()[:3] == ["hamlet", "village_committee", "residents_committee"]
    assert facts["villager_consent"].tolist()[:3] == ["agreed", "refused", "not_asked"]
    assert facts["current_type"].tolist() == ["improve", "relocate", None, None]


def test_the_code_may_be_a_column_and_numbers_may_be_text():
    rows = {"village_code": ["B", "A"], "village_name": ["乙村", "甲村"]}
    table = pd.DataFrame({**rows, "hh_resident": ["12", "7.0"]})
    facts = village_facts(sample.villages(), table=table)

    assert facts["hh_resident"].tolist()[:2] == [7, 12]
    assert facts["hh_resident"].isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize("column", DECLARED)
def test_what_was_read_once_reads_the_same_again(column):
    words = {
        "hazard_class": "高易发", "villager_consent": "同意", "current_type": "improve",
        "official_type": "improve",
    }  # fmt: skip
    kinds = {"str": "第五批 2019", "int": 3, "float": 0.25, "date": "2025/6/1"}
    value = "是" if column in YES_OR_NO else words.get(column, kinds[registry()[column].dtype])
    once = read_cells(pd.Series([value, None], dtype=object), column)

    pd.testing.assert_series_equal(read_cells(once, column), once)
    assert once.isna().tolist() == [False, True]


# ---------------------------------------------------------------- a second road


@pytest.fixture(scope="module")
def scattered():
    """Random boxes over the four villages, some of them over one another."""
    rng = np.random.Generator(np.random.PCG64(3))

    def boxes(count, size):
        corner = np.column_stack([rng.uniform(-100, 3900, count), rng.uniform(-100, 900, count)])
        return land(*(np.hstack([one, one + rng.uniform(10, size, 2)]) for one in corner))

    return {"homes": boxes(60, 120), "boundaries": boxes(6, 700), "redline": boxes(5, 900)}


def test_shares_and_distances_are_those_of_a_loop_over_villages(scattered):
    facts = village_facts(sample.villages(), **scattered)
    homes, city, line = (shapely.union_all(one.geometry) for one in scattered.values())

    for code, shape in sample.villages().geometry.items():
        lived = shapely.intersection(shape, homes)
        assert facts.loc[code, "udb_res_share"] == approx(
            lived.intersection(city).area / lived.area, abs=1e-9
        )
        assert facts.loc[code, "redline_res_share"] == approx(
            lived.intersection(line).area / lived.area, abs=1e-9
        )
        assert facts.loc[code, "dist_udb_m"] == approx(lived.distance(city), abs=1e-6)
        assert facts.loc[code, "residential_ha"] == approx(lived.area / 10_000, rel=1e-4)


def test_slope_and_height_are_those_of_all_cells_one_by_one(scattered):
    rng = np.random.Generator(np.random.PCG64(5))
    ground = plane()
    ground = Raster(
        ground.values + rng.uniform(0, 9, ground.values.shape), X - 400, Y + 1400, 20, sample.CRS
    )
    facts = village_facts(sample.villages(), homes=scattered["homes"], terrain=ground)
    homes = shapely.union_all(scattered["homes"].geometry)
    steep = slope(ground).values
    row, column = np.indices(steep.shape)
    west, north = ground.west + 20 * column, ground.north - 20 * row
    cells = shapely.box(west, north - 20, west + 20, north)

    for code, shape in sample.villages().geometry.items():
        part = shapely.area(shapely.intersection(cells, shape.intersection(homes)))
        there = part > 0
        assert facts.loc[code, "slope_res_mean_deg"] == approx(
            np.average(steep[there], weights=part[there]), rel=1e-5
        )
        assert facts.loc[code, "elev_mean_m"] == approx(
            np.average(ground.values[there], weights=part[there]), rel=1e-5
        )
        assert facts.loc[code, "relief_m"] == approx(np.ptp(ground.values[there]), rel=1e-5)


# ---------------------------------------------------------------- laws


def everything(scattered, shift=0.0, order=None):
    """All layers at once, moved east and north and with their rows in another order."""

    def put(frame):
        out = frame.set_geometry(frame.translate(shift, shift))
        return out if order is None else out.iloc[order.permutation(len(out))]

    ground, people = plane(), Raster(np.ones((60, 220)), X - 200, Y + 1100, 20, sample.CRS)
    roads = [
        shapely.LineString([(X + x, Y + 500), (X + x + 500, Y + 500)]) for x in range(0, 4000, 500)
    ]
    network = road_network(put(streets(roads)), speeds=SPEEDS)
    rasters = [
        Raster(one.values, one.west + shift, one.north + shift, one.cell, one.crs)
        for one in (ground, people)
    ]
    table = table_of(pop_resident=[100, 200, None, 50], is_town_seat=["是", "否", None, "否"])
    return village_facts(
        put(town_of()),
        table=table if order is None else table.iloc[::-1],
        network=network,
        seats=put(seats()),
        terrain=rasters[0],
        population=rasters[1],
        hazards=put(spots((500, 500), (2500, 1), hazard_class=["high", "low"])),
        farmland=put(scattered["redline"]),
        cropland=put(scattered["boundaries"]),
        **{name: put(frame) for name, frame in scattered.items()},
    )


def test_the_order_of_rows_changes_nothing(scattered):
    plain = everything(scattered)
    mixed = everything(scattered, order=np.random.Generator(np.random.PCG64(1)))

    assert len(plain.columns) >= 23
    pd.testing.assert_frame_equal(
        pd.DataFrame(mixed.loc[plain.index].drop(columns="geometry")),
        pd.DataFrame(plain.drop(columns="geometry")),
        rtol=1e-9,
        atol=1e-9,
    )


def test_whole_kilometres_east_and_north_change_nothing(scattered):
    plain, away = everything(scattered), everything(scattered, shift=3000.0)
    # Hectares and mu are measured on the ellipsoid, where it does matter.
    dropped = ["geometry", "residential_ha", "farmland_pc"]

    pd.testing.assert_frame_equal(
        pd.DataFrame(away.drop(columns=dropped)),
        pd.DataFrame(plain.drop(columns=dropped)),
        rtol=1e-6,
        atol=1e-6,
    )
    assert away["residential_ha"].tolist() == approx(plain["residential_ha"].tolist(), rel=1e-4)


def test_frames_that_went_in_are_left_as_they_were(scattered):
    village, table = town_of(), table_of(pop_resident=["60", None], is_town_seat=["是", None])
    given = {name: frame.copy() for name, frame in scattered.items()}
    before = village.copy(), table.copy()
    village_facts(village, table=table, **given)

    pd.testing.assert_frame_equal(pd.DataFrame(village), pd.DataFrame(before[0]))
    pd.testing.assert_frame_equal(table, before[1])
    for name, frame in given.items():
        assert frame.geom_equals(scattered[name]).all()


def test_what_no_layer_tells_is_an_absent_column():
    facts = village_facts(sample.villages())

    assert list(facts.columns) == ["village_name", "geometry", "whole_area"]
    assert set(facts.attrs["facts"].values()) == {"missing"}


# ---------------------------------------------------------------- refusals


def refused(kind, match, rows=None, **given):
    village = given.pop("villages", sample.villages())
    with pytest.raises(kind, match=match) as caught:
        village_facts(village, **given)
    if rows is not None:
        assert caught.value.rows == tuple(rows)


def test_villages_and_layers_must_be_in_metres_of_one_system():
    twice = sample.villages().set_axis(["A", "A", "B", "C"], axis="index")
    refused(errors.InputError, "repeats labels", ["A"], villages=twice)
    refused(errors.CRSError, "degrees", villages=sample.villages().to_crs(4490))
    refused(errors.CRSError, "redline", redline=land((0, 0, 1, 1), crs=None))
    refused(errors.CRSError, "redline", redline=land((0, 0, 1, 1), crs="EPSG:4548"))
    refused(errors.GeometryError, "homes", homes=spots((1, 1)))


def test_a_table_must_be_of_these_villages():
    double = pd.DataFrame({"pop_resident": [1, 2]}, index=["A", "A"])
    refused(errors.CodeError, "several rows", ["A"], table=double)
    refused(errors.CodeError, "names no village", table=pd.DataFrame({"x": [1]}, index=["330"]))
    strange = pd.DataFrame({"pop_resident": [1, 2]}, index=["A", "Z"])
    refused(errors.CodeError, "not in the boundaries", ["Z"], table=strange)
    shifted = table_of(village_name=["甲村", "丙村", "乙村"])
    refused(errors.CodeError, "名称不一致", ["B", "C"], table=shifted)


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("pop_resident", [1, -1], "below 0"),
        ("pop_resident", [1, "很多"], "is a number"),
        ("pop_resident", [1, float("inf")], "is a number"),
        ("hollow_rate", [0.1, 12.5], "ratio from 0 to 1"),
        ("aging60_share", [0.1, 1.01], "ratio from 0 to 1"),
        ("is_town_seat", ["是", "也许"], "neither"),
        ("is_town_seat", [True, 2], "neither"),
        ("hazard_class", ["高易发", "很高"], "it may hold"),
        ("villager_consent", ["同意", "默许"], "it may hold"),
        ("consent_on", ["2025-06-01", "待定"], "is a day"),
        ("heritage_list", ["中国传统村落", "是"], "no name"),
        ("relocation_document", [None, True], "no name"),
    ],
)
def test_cells_that_are_nonsense_are_refused_with_their_rows(column, values, says):
    refused(errors.ColumnError, says, ["B"], table=table_of(**{column: values}))


def test_a_change_of_people_may_be_below_nought():
    facts = village_facts(sample.villages(), table=table_of(pop_chg5_pct=[-12.5, 3]))

    assert facts["pop_chg5_pct"].tolist()[:2] == [-12.5, 3]


def test_seats_must_lead_somewhere():
    village, network = town_of(), street()
    refused(errors.InputError, "alone", villages=village, seats=seats())
    refused(errors.InputError, "alone", villages=village, network=network)
    both = {"villages": village, "network": network}
    towns_only = seats().assign(seat_kind=["town", "town"])
    refused(errors.ColumnError, "county_seat", **both, seats=towns_only)
    refused(errors.ColumnError, "后镇", ["B", "C"], **both, seats=seats().iloc[:1])
    odd = seats().assign(seat_kind=["county_seat", "capital"])
    refused(errors.ColumnError, "seat_kind", [1], **both, seats=odd)
    refused(errors.ColumnError, "seat_kind", **both, seats=seats().drop(columns="seat_kind"))
    nameless = seats().drop(columns="town_name")
    refused(errors.ColumnError, "town_code", **both, seats=nameless)
    areas = seats().set_geometry(seats().buffer(5))
    refused(errors.GeometryError, "needs points", [0, 1], **both, seats=areas)
    crowd = seats()
    crowd.loc[1, "geometry"] = shapely.MultiPoint([(X, Y), (X + 9, Y)])
    refused(errors.GeometryError, "several points", [1], **both, seats=crowd)


def test_a_village_without_a_town_is_not_of_the_town_without_a_name():
    village = town_of()
    village["town_name"] = pd.Series(
        ["前镇", None, "后镇", "前镇"], index=village.index, dtype=object
    )
    unnamed = pd.concat([seats(), spots((9, 9), seat_kind=["town"])], ignore_index=True)
    unnamed["town_name"] = (
        unnamed["town_name"].astype(object).where(unnamed["town_name"].notna(), None)
    )

    refused(
        errors.ColumnError, "each town", ["B"], villages=village, network=street(), seats=unnamed
    )


def test_layers_must_say_what_they_are_in_known_words():
    refused(errors.ColumnError, "hazard_class", hazards=spots((1, 1)))
    odd = spots((1, 1), (2, 2), hazard_class=["high", "很高"])
    refused(errors.ColumnError, "hazard_class", [1], hazards=odd)
    zone = land((0, 0, 1, 1), protection_level=["三级"])
    refused(errors.ColumnError, "protection_level", [0], water_source=zone)
