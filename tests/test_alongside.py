"""Stretches that run together are found to the metre, and crossings are left alone."""

import numpy as np
import pytest
import shapely
from pytest import approx

from deqing_geo import errors
from deqing_geo.alongside import along

STREET = [(0, 0), (400, 0)]
RING = [(0, 0), (300, 0), (300, 300), (0, 300), (0, 0)]


def lines(*given):
    out = np.empty(len(given), dtype=object)
    out[:] = [shapely.LineString(one) for one in given]
    return out


def run(own, others, within=15, turn=20):
    return along(own, others, within, turn)


def km(shapes):
    return shapely.length(shapes).sum()


def test_a_line_runs_along_itself_whichever_way_it_is_drawn():
    for other in (STREET, STREET[::-1]):
        found = run(lines(STREET), lines(other))
        assert len(found.kept) == 0
        assert found.dropped[0].equals(shapely.LineString(STREET))


def test_eight_metres_beside_is_along_and_sixteen_is_not():
    beside = lines([(0, 8), (400, 8)], [(0, 16), (400, 16)])

    found = run(beside, lines(STREET))
    assert found.dropped_of.tolist() == [0] and found.kept_of.tolist() == [1]


@pytest.mark.parametrize("degrees", [25, 45, 90, 135])
def test_a_road_that_crosses_is_kept_whole(degrees):
    turn = np.radians(degrees)
    reach = np.array([np.cos(turn), np.sin(turn)]) * 300
    across = lines([(200, 0) - reach, (200, 0) + reach])

    found = run(across, lines([(-400, 0), (800, 0)]))
    assert len(found.dropped) == 0
    assert found.kept[0].equals(across[0])


def test_a_crossing_drawn_with_a_vertex_in_the_middle_is_kept_too():
    """Two rows that meet on the street and cross it at a right angle, and one at 25 degrees."""
    slope = np.tan(np.radians(25))
    rows = lines(
        [(200, -100), (200, 0)],
        [(200, 0), (200, 100)],
        [(100 - 100 / slope, -100), (100, 0)],
        [(100, 0), (100 + 100 / slope, 100)],
    )

    found = run(rows, lines([(-400, 0), (800, 0)]))
    assert len(found.dropped) == 0


def test_a_line_is_cut_where_the_other_begins_and_ends():
    found = run(lines([(0, 8), (1000, 8)]), lines([(300, 0), (400, 0)]))

    assert [piece.wkt for piece in found.kept] == [
        "LINESTRING (0 8, 300 8)",
        "LINESTRING (400 8, 1000 8)",
    ]
    assert found.dropped[0].wkt == "LINESTRING (300 8, 400 8)"
    assert found.kept_of.tolist() == [0, 0] and found.dropped_of.tolist() == [0]


def test_a_line_is_cut_where_it_leaves_the_band():
    """It climbs 1 in 10 from the street's end: 15 m away after 150 m, measured across."""
    found = run(lines([(0, 0), (200, 0), (400, 20)]), lines([(0, 0), (1000, 0)]))

    assert shapely.get_coordinates(found.dropped[0])[-1] == approx([350, 15])
    assert km(found.dropped) == approx(200 + 150 * np.hypot(1, 0.1))


def test_other_lines_that_follow_one_another_are_one_road():
    rows = lines([(300, 0), (400, 0)], [(400, 0), (500, 0)])

    found = run(lines([(0, 8), (1000, 8)]), rows)
    assert shapely.length(found.dropped).tolist() == approx([200])


def test_a_bend_does_not_part_what_runs_along_it():
    outside = lines([(0, 8), (408, 8), (408, -400)])

    found = run(outside, lines([(0, 0), (400, 0), (400, -400)]))
    assert len(found.kept) == 0


def test_a_ring_has_no_beginning():
    around = lines([(-8, -8), (308, -8), (308, 308), (-8, 308), (-8, -8)])

    assert len(run(around, lines(RING)).kept) == 0
    assert len(run(lines(RING), around).kept) == 0


def test_a_shaky_hand_is_no_turn():
    x = np.arange(0, 401, 20.0)
    shaky = lines(np.column_stack([x, np.where(np.arange(len(x)) % 2, 3.0, -3.0)]))

    found = run(shaky, lines(STREET))
    assert km(found.dropped) == approx(km(shaky), rel=1e-9)


def test_a_stretch_no_longer_than_a_crossing_is_kept_unless_it_is_the_whole_line():
    """At 30 degrees the longest crossing of a band of 15 m to each side is 60 m."""
    street = lines([(0, 0), (55, 0)], [(1000, 0), (1065, 0)])
    rows = lines([(-200, 5), (200, 5)], [(800, 5), (1300, 5)], [(10, 5), (40, 5)])

    found = run(rows, street, turn=30)
    assert found.dropped_of.tolist() == [1, 2]
    assert shapely.length(found.dropped).tolist() == approx([65, 30])


def test_rows_that_follow_one_another_are_measured_together():
    rows = lines([(0, 5), (380, 5)], [(380, 5), (700, 5)])

    found = run(rows, lines(STREET))
    assert shapely.length(found.dropped).tolist() == approx([380, 20])
    assert shapely.length(found.kept).tolist() == approx([300])


def test_two_surveys_end_a_road_some_metres_apart():
    """The end is the same; but a road that goes on there goes on from the other's last metre."""
    ends = lines([(0, 5), (407, 5)])
    onward = lines([(0, 5), (407, 5)], [(407, 5), (900, 5)])

    assert len(run(ends, lines(STREET)).kept) == 0
    assert km(run(onward, lines(STREET)).kept) == approx(500)


def test_parts_of_a_multi_part_line_are_cut_apart():
    both = np.array(
        [shapely.MultiLineString([[(0, 5), (400, 5)], [(0, 500), (400, 500)]])], dtype=object
    )

    found = run(both, lines(STREET))
    assert found.dropped_of.tolist() == [0] and found.kept_of.tolist() == [0]


def test_lines_without_length_and_no_lines_at_all():
    point = [(5, 5), (5, 5)]

    assert run(lines(point), lines(STREET)).kept_of.tolist() == [0]
    assert run(lines(STREET), lines(point)).kept_of.tolist() == [0]
    assert run(lines(STREET), lines()).kept_of.tolist() == [0]
    assert len(run(lines(), lines(STREET)).kept) == 0
    assert len(run(np.array([shapely.LineString()], dtype=object), lines(STREET)).kept) == 0


@pytest.mark.parametrize("within", [0, -1, np.nan, np.inf])
def test_a_distance_that_is_none_is_refused(within):
    with pytest.raises(errors.InputError, match="no distance above 0"):
        run(lines(STREET), lines(STREET), within=within)


@pytest.mark.parametrize("turn", [0, -5, 61, np.nan])
def test_an_angle_that_is_none_is_refused(turn):
    with pytest.raises(errors.InputError, match="no angle above 0"):
        run(lines(STREET), lines(STREET), turn=turn)


def test_twenty_thousand_copies_of_a_line_are_one():
    copies = np.repeat(lines(STREET), 20_000)

    found = run(np.repeat(lines([(0, 8), (1000, 8)]), 20_000), copies)
    assert len(found.kept) == len(found.dropped) == 20_000
    # A copy is no road that goes on: beyond the end nothing is dropped.
    assert shapely.length(found.dropped).max() == approx(400)


# ---------------------------------------------------------------- laws
@pytest.fixture(params=range(6))
def town(request):
    """A tangle of roads and a second survey of some of them, shifted and cut otherwise."""
    rng = np.random.default_rng(request.param)
    first = [
        np.cumsum(np.vstack([rng.uniform(0, 3000, 2), rng.normal(0, 120, (6, 2))]), axis=0)
        for _ in range(40)
    ]
    second = [line[1:-1] + rng.normal(0, 2, (5, 2)) for line in first[:15]]
    own = [
        np.cumsum(np.vstack([rng.uniform(0, 3000, 2), rng.normal(0, 120, (6, 2))]), axis=0)
        for _ in range(25)
    ]
    return lines(*second, *own), lines(*first)


def test_nothing_is_lost_and_nothing_is_near_for_nothing(town):
    rows, others = town
    found = run(rows, others)

    lengths = np.bincount(found.kept_of, shapely.length(found.kept), len(rows)) + np.bincount(
        found.dropped_of, shapely.length(found.dropped), len(rows)
    )
    assert lengths == approx(shapely.length(rows), rel=1e-9)
    band = shapely.union_all(shapely.buffer(others, 15, quad_segs=64))
    assert shapely.length(shapely.difference(found.dropped, band)).sum() < 0.1
    # The second survey is dropped but for its crossings with nothing; the others stay but for
    # chance.
    dropped = np.bincount(found.dropped_of, shapely.length(found.dropped), len(rows))
    assert dropped[:15].sum() > 0.9 * shapely.length(rows[:15]).sum()
    assert dropped[15:].sum() < 0.1 * shapely.length(rows[15:]).sum()


def test_the_order_and_the_direction_of_rows_do_not_matter(town):
    rows, others = town
    rng = np.random.default_rng(0)
    first = run(rows, others)

    order, other = rng.permutation(len(rows)), rng.permutation(len(others))
    second = run(shapely.reverse(rows[order]), shapely.reverse(others[other]))
    for kept, of in ((first.kept, first.kept_of), (second.kept, order[second.kept_of])):
        lengths = np.bincount(of, shapely.length(kept), len(rows))
        assert lengths == approx(np.bincount(first.kept_of, shapely.length(first.kept), len(rows)))


def test_what_was_kept_runs_along_nothing_a_second_time(town):
    rows, others = town
    once = run(rows, others)

    again = run(once.kept, others)
    # Short stretches by the cuts may now be whole lines of their own; no more than those.
    assert km(again.dropped) < 0.02 * km(once.kept)


@pytest.mark.parametrize("seed", range(40))
def test_two_straight_lines_by_asking_every_metre(seed):
    rng = np.random.default_rng(seed)
    begin, heading = rng.uniform(-50, 50, 2), rng.uniform(-0.5, 0.5)
    step = np.array([np.cos(heading), np.sin(heading)])
    row = np.array([begin, begin + step * rng.uniform(200, 600)])
    found = run(lines(row), lines([(0, 0), (300, 0)]))

    asked = np.linspace(0, 1, 20_001)[:, None] * (row[1] - row[0]) + row[0]
    beside = (asked[:, 0] >= 0) & (asked[:, 0] <= 300) & (np.abs(asked[:, 1]) <= 15)
    metres = beside.mean() * np.hypot(*(row[1] - row[0]))
    expected = metres if abs(heading) <= np.radians(20) else 0.0
    if expected <= 30 / np.sin(np.radians(20)):
        expected = 0.0
    # A free end that stays within the band is taken too: 15 m at each end at most.
    assert expected - 0.1 <= km(found.dropped) <= expected + 30.1 * (expected > 0)
