"""What lies between two densities: road by road, nothing left over."""

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from shapely import LineString, box

from deqing_geo import columns, errors, road_density, sample, save_table
from tests.test_density import merged, wet
from tests.test_roads import EAST, KM, WEST, areas, roads

ROWS = [[(0, y), (1000, y)] for y in (100, 300, 500, 700, 900)]


def adds_up(made):
    assert made.table["delta_km"].sum() == approx(made.delta_km, abs=1e-9)
    assert made.table["density_effect"].sum() == approx(made.difference, abs=1e-9)
    assert made.by_cause["delta_km"].sum() == approx(made.delta_km, abs=1e-9)
    causes = made.by_area.drop(columns=["km_before", "km_after", "delta_km"])
    assert causes.sum(axis=1).to_list() == approx(made.by_area["delta_km"].to_list(), abs=1e-9)
    return made


def changes(before, after, zone=None, zone_before=None, options=None, options_before=None):
    zone = areas(KM) if zone is None else zone
    options = options or {}
    was = road_density(
        zone if zone_before is None else zone_before,
        before,
        **(options if options_before is None else options_before),
    )
    return adds_up(road_density(zone, after, **options).changes(was))


def found(made):
    return made.table.set_index("road")["change_cause"].to_dict()


def test_every_cause_with_a_pencil():
    before = roads(*ROWS, [(0, 800), (1000, 800)]).assign(
        road_status=["building", "built", "built", "built", "built", "built"],
        road_class=["branch", "branch", "estate", "branch", "branch", "branch"],
    )
    after = roads(*ROWS, [(0, 810), (900, 805)], [(0, 50), (500, 50)]).assign(
        road_status=["built", "planned", "built", "built", "built", "built", "built"],
        road_class=["branch", "branch", "arterial", "other", "branch", "branch", "branch"],
    )
    after.loc[5, "geometry"] = before.loc[5, "geometry"].segmentize(900)
    after.loc[5, "geometry"] = LineString(
        [*before.loc[5, "geometry"].coords][:1] + [before.loc[5, "geometry"].interpolate(800)]
    )
    after = after.drop(index=4)
    made = changes(before, after)

    assert found(made) == {
        0: "opened",
        1: "closed",
        2: "reclassified",
        3: "reclassified",
        4: "removed",
        5: "redrawn",
        6: "new",
    }
    rows = made.table.set_index("road")["delta_km"]
    assert rows.to_dict() == approx({0: 1, 1: -1, 2: 1, 3: -1, 4: -1, 5: -0.2, 6: 0.5})
    assert made.delta_km == approx(-0.7) and made.difference == approx(-0.7, rel=1e-6)
    assert made.comparable
    first = made.table.iloc[0]
    assert first[["class_before", "status_before", "road_status"]].to_list() == [
        "branch",
        "building",
        "built",
    ]
    assert set(made.table["change_cause"]) <= set(columns.vocabulary("change_cause"))
    assert set(made.table.columns) <= set(columns.registry())


def test_nothing_changed_is_an_empty_table():
    made = changes(roads(*ROWS), roads(*ROWS))

    assert len(made.table) == 0 and made.delta_km == 0 and made.difference == 0
    assert repr(made) == "<RoadChanges of 0 roads: 5.00 to 5.00 km/km2, +0.000 km>"


def test_a_line_drawn_from_the_other_end_and_a_row_elsewhere_are_the_same_road():
    after = roads(*[row[::-1] for row in ROWS[::-1]])

    assert len(changes(roads(*ROWS), after).table) == 0


def test_a_drawing_that_moved_by_less_than_a_centimetre_is_told_in_one_sum():
    before = roads(*[[(0, y), (900, y)] for y in range(10, 1000, 10)])
    after = roads(*[[(0, y), (900.003, y)] for y in range(10, 1000, 10)])
    made = changes(before, after)

    assert made.table["change_cause"].to_list() == ["rounding"]
    assert made.delta_km == approx(99 * 3e-6)


def test_a_day_opens_roads():
    lines = roads(*ROWS[:3]).assign(opened_on=["2020-01-01", "2025-11-03", "2025-12-03"])
    made = changes(
        lines, lines, options={"as_of": "2025-11-30"}, options_before={"as_of": "2025-10-31"}
    )

    assert found(made) == {1: "opened"}
    assert made.table["status_before"].to_list() == ["building"]


def test_a_line_cut_in_two_is_one_road_and_no_change():
    after = roads([(0, 100), (400, 100)], [(400, 100), (1000, 100)])

    assert len(changes(roads(ROWS[0]), after).table) == 0


def test_the_half_of_a_road_that_opens_is_opened():
    before = roads(ROWS[0]).assign(road_status="building")
    after = roads([(0, 100), (400, 100)], [(400, 100), (1000, 100)]).assign(
        road_status=["built", "building"]
    )
    made = changes(before, after)

    assert made.table[["change_cause", "delta_km"]].to_numpy().tolist() == [["opened", approx(0.4)]]
    shut = changes(after.assign(road_status="built"), after)
    assert shut.table[["change_cause", "delta_km"]].to_numpy().tolist() == [
        ["closed", approx(-0.6)]
    ]


def test_a_number_of_its_own_is_stronger_than_a_shape():
    """Road a moved away and is shorter, b is gone, c runs where a once ran."""
    before = roads(*ROWS[:2]).assign(road_id=["a", "b"])
    after = roads([(0, 500), (700, 500)], ROWS[0]).assign(road_id=["a", "c"])
    made = changes(before, after)

    assert sorted(
        zip(made.table["change_cause"], made.table["delta_km"].round(6), strict=True)
    ) == [
        ("new", 1.0),
        ("redrawn", -0.3),
        ("removed", -1.0),
    ]
    # A number that stands twice is none.
    by_shape = changes(before.assign(road_id="a"), after)
    assert sorted(by_shape.table["delta_km"].round(6)) == [-1.0, 0.7]


def test_lines_drawn_twice_find_each_other_by_what_they_say():
    before = roads(ROWS[0], ROWS[0]).assign(road_class=["branch", "estate"])
    after = roads(ROWS[0], ROWS[0]).assign(road_class=["estate", "branch"])

    assert len(changes(before, after).table) == 0
    third = roads(ROWS[0], ROWS[0], ROWS[0])
    assert changes(third, third.iloc[:2]).table["change_cause"].to_list() == ["removed"]


def test_crossing_streets_are_not_one_street():
    before = roads([(0, 500), (1000, 500)])
    after = roads([(500, 0), (500, 800)])

    assert set(changes(before, after).table["change_cause"]) == {"new", "removed"}


# ---------------------------------------------------------------- outline, water, definition


def test_the_outline_is_told_apart_from_the_roads():
    """A road opens while the zone grows eastwards by half a square kilometre."""
    before = roads([(0, 500), (2000, 500)], [(0, 700), (1000, 700)]).assign(
        road_status=["built", "building"]
    )
    made = changes(
        before,
        before.assign(road_status="built"),
        zone=areas(box(0, 0, 1500, 1000)),
        zone_before=areas(KM),
    )
    rows = made.table.set_index("change_cause")

    assert rows["delta_km"].to_dict() == approx({"opened": 1.0, "outline": 0.5, "area": 0.0})
    assert rows["density_effect"].to_dict() == approx(
        {"opened": 1.0, "outline": 0.5, "area": 2.5 / 1.5 - 2.5}, rel=1e-6
    )
    assert not made.comparable and columns.word("changes.outline") in made.notices
    assert "not comparable" in repr(made)


def test_areas_are_told_by_their_labels_and_not_by_their_order():
    lines = roads([(0, 500), (2000, 500)])
    zone = areas(WEST, EAST, index=["w", "e"])

    same = changes(lines, lines, zone=zone, zone_before=zone.loc[["e", "w"]])
    assert same.comparable and len(same.table) == 0
    made = changes(lines, lines, zone=zone, zone_before=zone.loc[["w"]])
    assert made.by_area["outline"].to_dict() == approx({"w": 0.0, "e": 1.0})


def test_another_definition_is_not_comparable_and_still_adds_up():
    lines = roads(*ROWS).assign(road_class=["branch", "branch", "estate", "estate", "other"])
    made = changes(
        lines, lines, options={"by": "road.broad"}, options_before={"by": "road.core+half"}
    )

    assert made.table["change_cause"].to_list() == ["definition"] * 2
    assert not made.comparable and columns.word("changes.definition") in made.notices


def test_water_taken_out_is_a_row_of_its_own():
    lines = roads(*ROWS[:2])
    made = changes(
        lines,
        lines,
        options={"water": wet(box(0, 0, 1000, 500))},
        options_before={"by": "road.core"},
    )

    assert made.table["change_cause"].to_list() == ["water"]
    assert made.table["density_effect"].to_list() == approx([2.0], rel=1e-6)


def test_a_layer_that_was_merged_in_between_is_not_comparable():
    made = changes(roads(*ROWS), merged(roads(*ROWS)))

    assert not made.comparable and columns.word("changes.merging") in made.notices


def test_what_cannot_be_compared_is_refused():
    density = road_density(areas(KM), roads(*ROWS))
    with pytest.raises(errors.InputError, match="earlier road_density"):
        density.changes(density.table)
    with pytest.raises(errors.UnitError, match="km/100km2"):
        density.changes(road_density(areas(KM), roads(*ROWS), by="road.rural"))
    with pytest.raises(errors.CRSError):
        density.changes(road_density(areas(KM).to_crs(32650), roads(*ROWS).to_crs(32650)))


def test_an_area_without_land_has_an_effect_nobody_knows():
    lake = wet(box(-10, -10, 1010, 1010))
    made = road_density(areas(KM), roads(*ROWS), water=lake).changes(
        road_density(areas(KM), roads(*ROWS[:3]), water=lake)
    )

    assert made.table["delta_km"].sum() == approx(2.0)
    assert made.table["density_effect"].isna().all()


# ---------------------------------------------------------------- laws


def random_month(rng, lines):
    """A layer in which something of everything has happened."""
    out = lines.copy()
    count = len(out)
    out["road_status"] = np.where(rng.random(count) < 0.15, "building", "built")
    out.loc[rng.random(count) < 0.1, "road_class"] = "estate"
    some = rng.random(count) < 0.1
    out.loc[some, "geometry"] = out.geometry[some].translate(1.5, -1.0)
    out = out[rng.random(count) > 0.1]
    extra = roads(*[rng.uniform(0, 2000, (2, 2)).tolist() for _ in range(10)])
    return pd.concat([out, extra], ignore_index=True).sample(frac=1, random_state=rng.integers(99))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_nothing_is_left_over(seed):
    rng = np.random.default_rng(seed)
    lines = roads(*[rng.uniform(-200, 2200, (3, 2)).tolist() for _ in range(120)])
    one, two = random_month(rng, lines), random_month(rng, lines)
    zone = areas(WEST, EAST)
    other = areas(box(0, 0, 1100, 900), box(1100, 0, 2000, 1000), box(0, 900, 800, 1400))
    for before, was in ((zone, "road.core"), (other, "road.core"), (other, "road.broad+none")):
        made = changes(
            one, two, zone=zone, zone_before=before, options={}, options_before={"by": was}
        )
        back = changes(
            two,
            one,
            zone=before,
            zone_before=zone,
            options={"by": was},
            options_before={"by": None},
        )
        assert made.delta_km == approx(-back.delta_km, abs=1e-9)


def test_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(7)
    lines = roads(*[rng.uniform(-200, 1200, (3, 2)).tolist() for _ in range(80)])
    one, two = random_month(rng, lines), random_month(rng, lines)
    tables = [
        changes(
            one.sample(frac=1, random_state=at), two.sample(frac=1, random_state=at + 1)
        ).by_cause.round(9)
        for at in (1, 5)
    ]

    pd.testing.assert_frame_equal(*tables)


def test_two_months_of_the_schematic_county(tmp_path):
    county = sample.county(1)
    months = [
        road_density(county.zone, lines, as_of=day)
        for lines, day in (
            (county.earliest_roads, "2025-10-31"),
            (county.earlier_roads, "2025-11-30"),
            (county.roads, "2025-12-31"),
        )
    ]
    last, both = adds_up(months[2].changes(months[1])), adds_up(months[2].changes(months[0]))

    # Seven roads opened in the last month, five the month before.
    assert last.by_cause["roads"].to_dict() == {"opened": 7}
    assert both.by_cause["roads"].to_dict() == {"opened": 12}
    assert set(last.table["status_before"]) == {"building"}
    # The later layer alone knows by its dates what was open a month before.
    alone = road_density(county.zone, county.roads, as_of="2025-11-30")
    assert alone.overall == approx(months[1].overall, abs=1e-12)
    text = save_table(last.table, tmp_path / "增减.csv").read_text("utf-8-sig")
    assert "新通车(此前未通车)" in text and "前期建设状态" in text
    repr(last).encode("gbk")
    assert all(notice in last._repr_html_() for notice in last.notices)
