"""What lies between two coverages, what single parks do, and what is listed of them."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx
from shapely import Point, box

from deqing_geo import (
    columns,
    coverage_band,
    errors,
    gap_list,
    park_coverage,
    park_ledger,
    sample,
    save_table,
    service_coverage,
    standards,
)

X, Y = sample.X0, sample.Y0
EXACT = 1e-6
NONE = 1e-9


def frame(*shapes, index=None, **columns_):
    moved = [shapely.transform(shape, lambda coords: coords + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(geometry=moved, index=index, crs=sample.CRS).assign(**columns_)


ZONE = frame(box(-5000, -5000, 5000, 5000))
STRIP = frame(box(0, 0, 1000, 100), home_class="urban_residential")
WEST, EAST = box(-100, 0, 0, 100), box(1000, 0, 1100, 100)


def parks(*shapes, index=None, **columns_):
    return frame(*shapes, index=index, park_class="G11", **columns_)


def town(seed=1, count=60):
    rng = np.random.default_rng(seed)
    spots = rng.uniform(-1500, 1500, (count, 2))
    sizes = rng.uniform(20, 120, count)
    boxes = [box(x, y, x + s, y + s) for (x, y), s in zip(spots, sizes, strict=True)]
    some = parks(*boxes[:20], park_name=[f"园{n}" for n in range(20)], park_status="built")
    homes = frame(*boxes[20:], home_class="urban_residential", households=range(40))
    areas = frame(box(-2000, -2000, 0, 2000), box(0, -2000, 2000, 2000), index=["w", "e"])
    return areas, some, homes


# ---------------------------------------------------------------- one park


def test_what_two_parks_share_neither_serves_alone():
    """Each serves 500 m; the west 0-500, the other from 300 to 800: 300, 200 and 300 m."""
    two = parks(WEST, box(800, 0, 900, 100), index=["w", "e"])
    made = park_coverage(ZONE, two, STRIP)
    table = made.by_park

    assert table["alone_ha"].to_dict() == approx({"w": 3.0, "e": 5.0}, rel=1e-4)
    assert table["served_ha"].to_dict() == approx({"w": 5.0, "e": 7.0}, rel=1e-4)
    assert made.reach_of("w")["alone_ha"].sum() == approx(table.loc["w", "alone_ha"])
    with pytest.raises(errors.InputError, match="no label"):
        made.reach_of("x")


@pytest.mark.parametrize("seed", [1, 2])
def test_what_a_park_alone_serves_is_what_is_lost_without_it(seed):
    areas, some, homes = town(seed)
    made = park_coverage(areas, some, homes)
    alone = made.by_park["alone_ha"]

    for label in some.index[::4]:
        without = park_coverage(areas, some.drop(index=label), homes)
        lost = made.table["served_ha"].sum() - without.table["served_ha"].sum()
        assert alone[label] == approx(lost, abs=1e-6)
    assert (alone <= made.by_park["served_ha"] + NONE).all()


def test_of_places_too_each_park_has_its_own():
    spots = frame(Point(50, 50), Point(450, 50), Point(900, 50))
    two = parks(WEST, box(800, 0, 850, 100))
    made = service_coverage(ZONE, two, spots, by="park.health_check_2021")

    assert made.by_park["alone_count"].to_list() == [1, 1]
    assert made.reach_of(1)["alone_count"].to_list() == [1]


# ---------------------------------------------------------------- changes


def test_a_park_that_opened_explains_the_difference_alone():
    earlier = park_coverage(ZONE, parks(WEST, EAST, park_status=["built", "building"]), STRIP)
    later = park_coverage(ZONE, parks(WEST, EAST, park_status="built"), STRIP)
    made = later.changes(earlier)

    assert made.table["park_change_cause"].to_list() == ["opened"]
    assert made.table["delta_ha"].iloc[0] == approx(5.0, rel=1e-4)
    assert made.table["coverage_effect"].sum() == approx(made.difference, abs=NONE)
    assert made.comparable and "可比" not in "".join(made.notices)


def test_the_order_of_gains_is_by_day():
    """Both new parks reach 500-700 m; the earlier one is credited with it."""
    day = ["2020-01-01", "2024-06-01", "2024-05-01"]
    later = park_coverage(ZONE, parks(WEST, EAST, box(700, 0, 800, 100), opened_on=day), STRIP)
    earlier = park_coverage(
        ZONE, parks(WEST, EAST, box(700, 0, 800, 100), opened_on=day), STRIP, as_of="2024-04-30"
    )
    table = later.changes(earlier).table

    assert table["park"].to_list() == [2, 1]
    assert table["park_change_cause"].to_list() == ["opened", "opened"]
    assert table["delta_ha"].to_list() == approx([5.0, 0.0], abs=1e-4)


CASES = {
    "opened": lambda p: p.assign(park_status=["planned"] * 5 + ["built"] * 15),
    "closed": lambda p: p.assign(park_status=["built"] * 12 + ["building"] * 8),
    "new": lambda p: p.iloc[4:],
    "reclassified": lambda p: p.assign(park_class=["G13"] * 10 + ["EG"] * 10),
    "redrawn": lambda p: p.set_geometry(p.buffer(-2, join_style="mitre")),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_left_over_whatever_changed(case, seed):
    areas, some, homes = town(seed)
    now = park_coverage(areas, some, homes)
    before = park_coverage(areas, CASES[case](some), homes)
    for later, earlier in ((now, before), (before, now)):
        made = later.changes(earlier)
        delta = later.table["served_ha"] - earlier.table["served_ha"]

        assert made.table["delta_ha"].sum() == approx(delta.sum(), abs=NONE)
        assert made.table["coverage_effect"].sum() == approx(made.difference, abs=NONE)
        assert made.by_area["delta_ha"].to_list() == approx(delta.to_list(), abs=NONE)
        assert made.by_cause["delta_ha"].sum() == approx(delta.sum(), abs=NONE)
    said = set(now.changes(before).table["park_change_cause"])
    opposite = {"closed": "opened", "reclassified": "reclassified"}
    assert said == {opposite.get(case, case)}


def test_homes_outline_and_definition_are_told_apart_and_add_up():
    areas, some, homes = town()
    earlier = park_coverage(areas, some, homes)
    wider = areas.set_geometry(areas.buffer(100, join_style="mitre"))
    later = park_coverage(
        wider.iloc[:1], some.iloc[:18], homes.iloc[5:], by="park.activity_site_2022"
    )
    made = later.changes(earlier)

    assert {"removed", "homes", "outline", "definition"} <= set(made.by_cause.index)
    assert made.table["coverage_effect"].sum() == approx(made.difference, abs=NONE)
    total = later.table["served_ha"].sum() - earlier.table["served_ha"].sum()
    assert made.table["delta_ha"].sum() == approx(total, abs=NONE)
    assert not made.comparable and "不可比" in "".join(made.notices)
    assert "not comparable" in repr(made) and "不可比" in made._repr_html_()


def test_the_same_twice_is_no_change_in_whatever_order():
    areas, some, homes = town()
    later = park_coverage(areas, some, homes)
    earlier = park_coverage(areas.iloc[::-1], some.iloc[::-1], homes.iloc[::-1])
    made = later.changes(earlier)

    assert len(made.table) == 0 and made.difference == approx(0, abs=1e-12)


def test_where_parks_count_together_a_neighbour_changes_too():
    by = "park.health_check_2021+joined"
    half = [box(-60, 0, -30, 100), box(-30, 0, 0, 100)]
    earlier = park_coverage(ZONE, parks(*half[1:], index=["b"]), STRIP, by=by)
    later = park_coverage(ZONE, parks(*half, index=["a", "b"]), STRIP, by=by)
    made = later.changes(earlier).table.set_index("park")

    assert made["park_change_cause"].to_dict() == {"b": "joined", "a": "new"}
    assert made["radius_before"]["b"] == 300 and made["radius_after"]["b"] == 500
    assert made["delta_ha"]["b"] == approx(2.0, rel=1e-4)


def test_only_a_coverage_of_the_same_kind_can_be_compared():
    areas, some, homes = town()
    made = park_coverage(areas, some, homes)
    people = service_coverage(areas, some, homes, by="park.health_check_2021", weight="households")

    with pytest.raises(errors.InputError, match="earlier coverage"):
        made.changes(0.8)
    with pytest.raises(errors.UnitError):
        made.changes(people)
    with pytest.raises(errors.CRSError):
        made.changes(park_coverage(*(one.to_crs(4548) for one in (areas, some, homes))))


# ---------------------------------------------------------------- forecast


def test_projects_bring_by_year_what_is_not_there_yet():
    """East to open in 2026, and the same park again in 2027: it brings nothing twice."""
    coverage = park_coverage(ZONE, parks(WEST), STRIP)
    projects = parks(EAST, EAST, box(400, 0, 500, 100), box(0, 0, 10, 10), box(1, 1, 99, 99),
                     opened_on=["2026", "2027-05", 2026.0, "2026-01-01", None])  # fmt: skip
    made = coverage.forecast(projects)

    assert made.table.index.to_list() == [2026, 2027]
    assert made.table["added_ha"].to_list() == approx([5.0, 0.0], abs=1e-3)
    assert made.series.to_list() == approx([1.0, 1.0], rel=1e-4)
    why = made.projects["not_counted_reason"]
    assert why.isna().to_list() == [True, False, False, False, False]
    assert why.iloc[3] == columns.word("reason.too_small")
    assert why.iloc[4] == columns.word("reason.undated")
    assert made.projects["added_ha"].sum() == approx(made.table["added_ha"].sum(), abs=NONE)


def test_a_forecast_is_what_will_be_measured():
    areas, some, homes = town()
    coverage = park_coverage(areas, some.iloc[:12], homes)
    projects = (
        some.iloc[12:]
        .drop(columns="park_status")
        .assign(opened_on=["2026", "2027", "2027", "2028-03", "2026-07-01", "2028", "2028", "2026"])
    )
    made = coverage.forecast(projects)
    for year, figure in made.series.items():
        there = projects[projects["opened_on"].str[:4].astype(int) <= year]
        then = park_coverage(areas, pd.concat([some.iloc[:12], there]), homes)
        # Shapes joined in another order measure another last digit.
        assert figure == approx(then.overall, abs=1e-7)
    by_area = made.by_area.groupby(level=0)["served_ha"].sum()
    assert by_area.to_list() == approx(made.table["served_ha"].to_list(), abs=NONE)


def test_a_project_may_lift_its_neighbours_where_parks_count_together():
    by = "park.health_check_2021+joined"
    coverage = park_coverage(ZONE, parks(box(-30, 0, 0, 100)), STRIP, by=by)
    made = coverage.forecast(parks(box(-60, 0, -30, 100), opened_on=["2026"]))

    assert coverage.overall == approx(0.3, rel=1e-4)
    assert made.series.to_list() == approx([0.5], rel=1e-4)


def test_projects_already_overdue_are_told():
    coverage = park_coverage(ZONE, parks(WEST), STRIP, as_of="2025-12-31")
    made = coverage.forecast(parks(EAST, opened_on=["2025-06-30"]))

    assert made.projects["not_counted_reason"].to_list() == [columns.word("reason.overdue")]
    assert len(made.table) == 0 and made.headline == coverage.headline


# ---------------------------------------------------------------- lists


def test_the_ledger_has_every_park_with_its_town_and_reason(tmp_path):
    areas, some, homes = town()
    made = park_coverage(areas, some, homes)
    ledger = park_ledger(made, towns=areas.assign(town_name=["甲镇", "乙街道"]))
    inside = some.geometry.centroid.x < X

    assert len(ledger) == len(some) and ledger["counted"].sum() == made.parks["counted"].sum()
    assert (ledger["town_name"][inside] == "甲镇").all()
    assert set(ledger.columns) <= set(columns.registry())
    assert ledger["not_counted_reason"].ne("").equals(~ledger["counted"])
    file = save_table(ledger, tmp_path / "parks.csv").read_text("utf-8-sig")
    assert "镇(街道)" in file and "计入" in file
    with pytest.raises(errors.ColumnError, match="town_name"):
        park_ledger(made, towns=areas)


def test_gaps_are_listed_by_block_with_households_and_the_nearest_park():
    park = parks(WEST, park_name="大公园")
    strip = STRIP.assign(households=100, home_name="幸福小区")
    listed = gap_list(park_coverage(ZONE, park, strip))

    row = listed.iloc[0]
    assert (row["block_name"], row["nearest_name"]) == ("幸福小区", "大公园")
    assert row["households"] == approx(50, rel=1e-4) and row["gap_ha"] == approx(5, rel=1e-4)
    assert row["nearest_m"] == approx(750, rel=1e-4)
    assert set(listed.columns) - {"geometry"} <= set(columns.registry())


@pytest.mark.parametrize("seed", [1, 2])
def test_the_list_adds_up_to_the_gap_by_whatever_blocks(seed):
    areas, some, homes = town(seed)
    made = park_coverage(areas, some, homes)
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1500, 500, (2, 12))
    blocks = frame(*box(x, y, x + 700, y + 500), block_name=[f"区{n}" for n in range(12)])
    by_homes, by_blocks = gap_list(made), gap_list(made, blocks)

    assert by_homes["gap_ha"].sum() == approx(made.table["gap_ha"].sum(), abs=NONE)
    assert by_blocks["gap_ha"].sum() == approx(made.table["gap_ha"].sum(), abs=NONE)
    assert by_blocks.area.sum() == approx(by_homes.area.sum(), rel=1e-9)
    assert (by_blocks["gap_ha"] <= by_blocks["block_ha"] + 1e-6).all()
    assert (by_blocks["block_name"] == "").sum() <= len(areas)


def test_people_of_blocks_without_a_number_are_unknown():
    blocks = frame(box(0, 0, 700, 100), box(700, 0, 1000, 100), people=[70, None])
    listed = gap_list(park_coverage(ZONE, parks(WEST), STRIP), blocks).sort_values("block")

    assert listed["people"].iloc[0] == approx(20, rel=1e-4)
    assert np.isnan(listed["people"].iloc[1])
    with pytest.raises(errors.ColumnError, match="no column `heads`"):
        gap_list(park_coverage(ZONE, parks(WEST), STRIP), blocks, people="heads")


def test_a_covered_zone_has_an_empty_list():
    listed = gap_list(park_coverage(ZONE, parks(WEST, EAST), STRIP))

    assert len(listed) == 0 and "gap_ha" in listed


# ---------------------------------------------------------------- the band and groups


def test_the_band_has_each_definition_once_lowest_first():
    homes = frame(
        box(0, 0, 1000, 100), box(0, 100, 1000, 200), home_class=["urban_residential", "homestead"]
    )
    band = coverage_band(ZONE, parks(WEST), homes)
    ways = standards.load().ways("park_coverage")

    assert len(band.table) == 2 * len(ways) + 2
    assert band.table["park_coverage"].is_monotonic_increasing and band.table.index.is_unique
    assert band.lowest == approx(0.3, abs=0.01) and band.highest == approx(0.5, abs=0.01)
    assert band.crosses(0.4) and not band.crosses() and band.crossed == ()
    assert columns.word("map.internal") == band.notices[0]
    repr(band).encode("gbk")
    assert "2021年城市体检" in band._repr_html_()


def test_the_band_says_which_figures_hang_on_the_definition():
    """0.3 km of 345 m by 300 m, all of it by 500 m: 80, 85, 90 and 91 % are crossed."""
    homes = frame(box(0, 0, 400, 100), home_class="urban_residential")
    band = coverage_band(ZONE, parks(WEST), homes)

    assert band.crossed == (0.8, 0.85, 0.9, 0.91) and band.crosses()
    assert "取决于口径" in band.headline
    with pytest.raises(errors.InputError, match=r"ratio, 0\.91"):
        band.crosses(91)
    with pytest.raises(errors.InputError, match="no homes"):
        coverage_band(ZONE, parks(WEST), homes.iloc[:0])


def test_groups_add_up_to_the_total():
    areas, some, homes = town()
    three = pd.concat([areas, areas.assign(geometry=areas.translate(4000))])
    three = gpd.GeoDataFrame(three.reset_index(drop=True), crs=areas.crs)
    three["zone_name"] = ["武康", "乾元", "武康", None]
    made = park_coverage(three, some, homes).by_group("zone_name")

    assert made.index.to_list() == ["武康", "乾元", "未注明", "合计"]
    assert made["demand_ha"].iloc[:-1].sum() == approx(made["demand_ha"].iloc[-1], abs=NONE)
    with pytest.raises(errors.ColumnError, match="no column"):
        park_coverage(areas, some, homes).by_group("组团")


# ---------------------------------------------------------------- nothing, and labels twice


@pytest.mark.parametrize("empty", [(0,), (1,), (2,), (0, 1, 2)])
def test_where_there_is_nothing_nothing_is_told_and_nothing_breaks(empty):
    layers = [
        layer.iloc[:0] if at in empty else layer
        for at, layer in enumerate((sample.villages(), sample.parks(), sample.homes()))
    ]
    made = park_coverage(*layers)
    projects = sample.parks().assign(opened_on="2027")

    assert np.nan_to_num(made.changes(made).difference) == 0
    assert len(made.changes(made).table) == 0
    assert len(park_ledger(made)) == len(layers[1]) == len(made.by_park)
    assert len(gap_list(made)) == len(made.gaps)
    added = 0.0 if set(empty) & {0, 2} else approx(6.5 if 1 in empty else 0.0, rel=1e-3)
    assert made.forecast(projects).table["added_ha"].sum() == added
    made._repr_html_()


def test_places_are_listed_too_and_parks_of_one_label_are_kept_apart():
    homes = sample.homes()
    places = homes.set_geometry(homes.representative_point()).assign(people=[1, 2, 3])
    parks_ = sample.parks().set_axis([1, 1, 2])
    made = service_coverage(
        sample.villages(), parks_, places, by="park.health_check_2021", weight="people"
    )

    listed = gap_list(made)
    assert listed["gap_count"].sum() == made.table["gap_count"].sum() == listed["people"].sum()
    assert len(made.by_park) == 3 and len(made.changes(made).table) == 0
    with pytest.raises(errors.InputError, match="several rows"):
        made.reach_of(1)
