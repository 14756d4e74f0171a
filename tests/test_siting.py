"""Where the next parks belong: with a pencil, against all subsets, and by law."""

import itertools
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pytest import approx
from shapely import Point, box

import deqing_geo as dg
from deqing_geo import errors, park_coverage, sample, standards, suggest_parks
from deqing_geo.siting.covering import Choice, Clock, ceiling, instance_of, sure
from deqing_geo.siting.demand import demand_of
from deqing_geo.siting.programs import best_choice

X, Y = sample.X0, sample.Y0
EXACT = 1e-6
EVERYWHERE = box(-5000, -5000, 5000, 5000)
STRIP = box(0, 0, 1000, 50)
SMALL = box(-40, 0, 0, 50)  # 2,000 m2: 300 m
LARGE = box(-100, 0, 0, 50)  # 5,000 m2: 500 m


def frame(*shapes, index=None, **columns):
    moved = [shapely.transform(shape, lambda c: c + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(geometry=moved, index=index, crs=sample.CRS).assign(**columns)


def covered(homes, parks=(), areas=(EVERYWHERE,), people=None, **options):
    told = {} if people is None else {"people": people}
    return park_coverage(
        frame(*areas),
        frame(*parks, park_class="G11"),
        frame(*homes, home_class="urban_residential", **told),
        **options,
    )


def with_sites(coverage, siting, homes, parks=()):
    """The figure once the sites are parks: counted anew, by `park_coverage` alone."""
    known = frame(*parks, park_class="G11")
    new = siting.sites[["geometry"]].assign(park_class="G14")
    return park_coverage(
        coverage.table[["geometry"]],
        pd.concat([known, new], ignore_index=True),
        frame(*homes, home_class="urban_residential"),
        by=coverage.definition,
    )


# ---------------------------------------------------------------- with a pencil


def test_one_plot_beside_a_strip_serves_its_radius_of_it():
    siting = suggest_parks(covered([STRIP]), target=0.25, candidates=frame(SMALL, index=["plot"]))

    site = siting.sites.loc[1]
    assert site["candidate"] == "plot" and site["service_radius"] == 300
    assert site["coverage_after"] == approx(0.3, rel=EXACT)
    assert site["gain_ha"] == approx(300 * 50 / 1e4, rel=1e-5)
    assert (site["site_area_m2"], site["least_area_m2"]) == (approx(2000, rel=1e-5), 2000)
    assert siting.reached == siting.fewest == 1 and siting.exact
    assert siting.before == 0 and siting.overall == site["coverage_after"]


def test_the_plot_that_is_enough_alone_is_taken_alone():
    siting = suggest_parks(
        covered([STRIP]), target=0.45, candidates=frame(SMALL, LARGE, index=["small", "large"])
    )

    assert siting.sites["candidate"].to_list() == ["large"]
    assert siting.overall == approx(0.5, rel=EXACT)
    assert siting.sites["least_area_m2"].to_list() == [5000]


def test_of_two_equal_places_the_western_one_is_taken_whatever_the_order():
    homes = [box(-1000, 0, -900, 50), box(900, 0, 1000, 50)]
    plots = frame(box(-800, 0, -760, 50), box(760, 0, 800, 50), index=["west", "east"])

    for rows in (plots, plots.iloc[::-1]):
        siting = suggest_parks(covered(homes), target=0.4, candidates=rows)
        assert siting.sites["candidate"].to_list() == ["west"]


def test_two_places_at_the_sides_do_what_greedy_needs_three_for():
    """The one in the middle serves most, and leaves a block at either end."""
    homes = [box(x, 0, x + 100, 50) for x in (-500, -250, -40, 150, 400)]
    places = frame(Point(0, 25), Point(-300, 25), Point(300, 25), index=["mid", "west", "east"])
    siting = suggest_parks(covered(homes), target=1.0, candidates=places)

    assert sorted(siting.sites["candidate"]) == ["east", "west"]
    assert siting.reached == 2 == siting.fewest and siting.overall == 1.0
    curve = siting.curve.set_index("site_count")["park_coverage"]
    assert curve[2] == approx(1.0) and curve[1] < 1.0


def test_with_a_budget_the_most_is_served_and_the_plans_target_still_told():
    homes = [box(x, 0, x + 100, 50) for x in (0, 1000, 2000, 3000)]
    places = frame(*[Point(x, 25) for x in (50, 1050, 2050, 3050)])
    two = suggest_parks(covered(homes), candidates=places, max_sites=2)
    four = suggest_parks(covered(homes), candidates=places, max_sites=4)

    assert two.overall == approx(0.5, rel=EXACT) and two.exact and two.reached is None
    assert two.highest == approx(0.5, rel=EXACT) and two.target == 0.91
    assert four.overall == 1.0 and four.reached == 4


def test_a_limit_that_is_too_low_gives_the_most_within_it():
    homes = [box(x, 0, x + 100, 50) for x in (0, 1000, 2000, 3000)]
    places = frame(*[Point(x, 25) for x in (50, 1050, 2050, 3050)])
    siting = suggest_parks(covered(homes), candidates=places, target=0.9, max_sites=3)

    assert len(siting.sites) == 3 and siting.reached is None and siting.fewest is None
    assert siting.overall == approx(0.75, rel=EXACT) == siting.highest


def test_a_target_beyond_all_candidates_says_how_high_they_can_go():
    siting = suggest_parks(covered([STRIP]), candidates=frame(SMALL, LARGE))

    assert siting.reached is None and siting.fewest is None
    assert siting.highest == approx(0.5, rel=EXACT) == siting.overall
    assert siting.sites["service_radius"].to_list() == [500]
    assert "未达目标 91.00%" in siting.headline and "50.00%" in siting.headline


def test_a_target_met_already_asks_for_nothing():
    siting = suggest_parks(covered([STRIP], [LARGE]), target=0.5 - 1e-6)

    assert len(siting.sites) == 0 == siting.reached == siting.fewest and siting.exact
    assert "不需新增" in siting.headline
    assert siting.table["park_coverage"].to_list() == siting.table["coverage_before"].to_list()


def test_no_homes_is_no_error():
    siting = suggest_parks(covered([]), candidates=frame(SMALL), max_sites=1)

    assert len(siting.sites) == 0 and math.isnan(siting.overall) and siting.reached is None
    assert siting.headline == "统计范围内没有居住用地"


def test_a_park_across_a_zones_border_serves_from_its_part_inside_as_in_the_measure():
    zone, homes = box(0, -500, 2000, 500), [box(0, 0, 1000, 50)]
    coverage = covered(homes, areas=[zone])
    across = box(-200, 0, 10, 50)
    siting = suggest_parks(coverage, candidates=frame(across), max_sites=1)

    assert siting.overall == approx(0.51, rel=EXACT)
    assert siting.overall == approx(with_sites(coverage, siting, homes).overall, rel=1e-7)
    point = suggest_parks(coverage, candidates=frame(Point(0, 25)), max_sites=1)
    assert point.overall == approx(with_sites(coverage, point, homes).overall, rel=1e-7)


def test_a_park_of_its_own_size_is_drawn_where_only_a_place_is_known():
    siting = suggest_parks(
        covered([STRIP]), candidates=frame(Point(-30, 25)), size_m2=5000, max_sites=1
    )
    site = siting.sites.loc[1]

    assert site["site_area_m2"] == approx(5000, abs=0.01) and site["service_radius"] == 500
    assert (site["easting"], site["northing"]) == (approx(X - 30), approx(Y + 25))
    assert "点位示意" in site["remarks"]


def test_what_is_refused_is_listed_with_the_reason():
    plots = frame(
        box(-40, 0, 0, 49.97), SMALL, box(6000, 0, 6100, 100), index=["1,999", "2,000", "away"]
    )
    siting = suggest_parks(covered([STRIP]), candidates=plots, max_sites=3)

    assert siting.sites["candidate"].to_list() == ["2,000"]
    reasons = siting.dropped.set_index("candidate")["refused_reason"].to_dict()
    assert reasons == {"1,999": "面积不足,不计入", "away": "统计范围外,不计入"}


def test_a_plot_without_a_shape_is_listed_and_one_drawn_twice_is_taken_once():
    plots = frame(SMALL, SMALL, LARGE, index=["b", "a", "none"])
    plots.loc["none", "geometry"] = None
    for rows in (plots, plots.iloc[::-1]):
        siting = suggest_parks(covered([STRIP]), candidates=rows, max_sites=3)
        assert siting.sites["candidate"].to_list() == ["a"]
        assert siting.dropped["refused_reason"].to_list() == ["没有图形"]


def test_farmland_refuses_a_plot_and_a_common_border_does_not():
    plots = frame(SMALL, LARGE, index=["small", "large"])
    land = {
        "永久基本农田": frame(box(-140, 0, -80, 50)),
        "生态保护红线": frame(box(-80, 50, 0, 90)),
    }
    siting = suggest_parks(covered([STRIP]), candidates=plots, max_sites=1, forbidden=land)

    assert siting.sites["candidate"].to_list() == ["small"]
    assert siting.dropped["refused_reason"].to_list() == ["涉及永久基本农田 1000 平方米"]
    said = "\n".join(siting.notices)
    assert "候选地块已核对:永久基本农田、生态保护红线" in said and "未核对:已供地" in said
    kept = suggest_parks(
        covered([STRIP]), candidates=plots, max_sites=1, forbidden=land, keep_forbidden=True
    )
    assert kept.sites["candidate"].to_list() == ["large"] and len(kept.dropped) == 0
    assert kept.sites["remarks"].to_list() == ["按地块全部面积计;涉及永久基本农田 1000 平方米"]


def test_on_a_grid_a_park_stands_beside_homes_or_on_the_land_allowed():
    coverage = covered([box(-600, 0, 600, 50)])
    free = suggest_parks(coverage, grid_m=50, max_sites=2)
    assert free.exact and not free.sites.intersects(coverage.gaps.union_all()).any()
    assert "未核对:永久基本农田、生态保护红线、已供地、用地性质" in free.notices

    land = frame(box(-400, 100, -200, 300), box(200, 100, 230, 200), box(201, 130, 260, 190))
    bound = suggest_parks(coverage, grid_m=50, allowed=land, max_sites=2)
    assert bound.sites.within(land.union_all()).all() and len(bound.sites) == 2
    assert bound.overall <= free.overall
    assert not any("用地性质" in notice for notice in bound.notices)


def test_land_too_narrow_for_a_round_park_is_told():
    land = frame(box(0, 100, 1000, 110))
    siting = suggest_parks(covered([STRIP]), allowed=land, max_sites=1)

    assert len(siting.sites) == 0 and siting.overall == 0
    assert any("1 块用地面积足够但形状狭窄" in notice for notice in siting.notices)


def test_a_piece_of_land_the_grid_passes_over_is_still_tried():
    land = frame(box(-70, 13, -17, 66))
    siting = suggest_parks(covered([STRIP]), allowed=land, grid_m=1000, max_sites=1)

    assert siting.sites["easting"].to_list() == [approx(X - 43.5, abs=0.5)]


def test_a_weight_says_who_counts_more_and_the_figure_stays_land():
    homes = [box(0, 0, 200, 50), box(5000 - 100, 0, 5000, 50)]
    coverage = covered(homes, people=[10.0, 900.0])
    places = frame(Point(-50, 25), Point(4800, 25), index=["land", "people"])
    by_land = suggest_parks(coverage, candidates=places, max_sites=1)
    by_people = suggest_parks(coverage, candidates=places, max_sites=1, weight="people")

    assert by_land.sites["candidate"].to_list() == ["land"]
    assert by_people.sites["candidate"].to_list() == ["people"]
    assert by_people.sites["gain_weight"].to_list() == [approx(900)]
    assert by_people.overall == approx(1 / 3, rel=EXACT)


def test_a_site_says_where_it_lies():
    towns = frame(box(-5000, -5000, 0, 5000), box(0, -5000, 5000, 5000), town_name=["西镇", "东镇"])
    roads = frame(
        shapely.LineString([(-60, -900), (-60, 900)]),
        shapely.LineString([(-50, -900), (-50, 900)]),
        road_name=["远路", None],
    )
    zone = frame(EVERYWHERE, zone_name=["组团甲"], index=["z"])
    coverage = park_coverage(
        zone, frame(park_class=[]), frame(STRIP, home_class="urban_residential")
    )
    plots = frame(SMALL, index=["P1"], owner=["某公司"])
    siting = suggest_parks(
        coverage, candidates=plots, max_sites=1, near={"town_name": towns, "road_name": roads}
    )

    site = siting.sites.loc[1]
    assert (site["town_name"], site["road_name"]) == ("西镇", "远路")
    assert (site["area"], site["zone_name"], site["owner"]) == ("z", "组团甲", "某公司")


# ---------------------------------------------------------------- every subset


def scattered(seed, places=12, blocks=24, wide=1500):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, wide, (blocks, 2))
    size = rng.uniform(20, 150, (blocks, 2))
    homes = list(shapely.box(*corner.T, *(corner + size).T))
    spots = rng.uniform(0, wide, (places, 2))
    return homes, frame(*shapely.points(spots))


def all_subsets(coverage, places):
    """Hectares newly served by every subset, from unions of discs and nothing of ours."""
    gaps = coverage.gaps.union_all()
    spots = shapely.get_coordinates(places.geometry)
    radius = math.sqrt(2000 / math.pi) + 300
    discs = [Point(spot).buffer(radius, quad_segs=90) for spot in spots]
    parts = [disc.intersection(gaps) for disc in discs]
    best = {}
    for count in range(1, 5):
        best[count] = max(
            shapely.union_all(subset).area for subset in itertools.combinations(parts, count)
        )
    return best


# Of seed 5 the best four overlap on a block: without cutting it nothing is proved.
@pytest.mark.parametrize("seed", [1, 5])
def test_no_subset_serves_more_and_none_smaller_reaches_the_target(seed):
    homes, places = scattered(seed)
    coverage = covered(homes)
    best = all_subsets(coverage, places)
    demand = coverage.table["demand_ha"].sum()

    for count, m2 in best.items():
        siting = suggest_parks(coverage, candidates=places, max_sites=count)
        assert siting.exact and siting.gap <= 1e-6
        # A park of 32 sides and a circle of its size differ by this much.
        assert siting.sites["gain_ha"].sum() == approx(m2 / 1e4, rel=2e-3)
        assert siting.overall == approx(with_sites(coverage, siting, homes).overall, rel=1e-7)
    for count in (2, 4):
        between = (best[count - 1] + best[count]) / 2 / 1e4 / demand
        siting = suggest_parks(coverage, candidates=places, target=between)
        assert siting.reached == siting.fewest == count == len(siting.sites)
        assert siting.sites["coverage_after"].iloc[-1] >= between


def test_without_a_program_the_gap_is_told_and_holds():
    homes, places = scattered(11, places=40, blocks=100, wide=2200)
    coverage = covered(homes)
    whole = suggest_parks(coverage, candidates=places, max_sites=8)
    quick = suggest_parks(coverage, candidates=places, max_sites=8, exact_pairs=1)
    hasty = suggest_parks(coverage, candidates=places, max_sites=8, seconds=1e-6)

    assert whole.exact
    for rough in (quick, hasty):
        gain, best = rough.sites["gain_ha"].sum(), whole.sites["gain_ha"].sum()
        assert gain <= best * (1 + 1e-9) and best <= gain * (1 + rough.gap) * (1 + 1e-9)
        assert rough.highest >= whole.overall - 1e-9
    assert hasty.gap >= quick.gap
    assert "不会超过" in hasty.proof


# ---------------------------------------------------------------- laws


@pytest.fixture(scope="module")
def town():
    homes, places = scattered(5, places=30, blocks=80, wide=2000)
    return homes, places, covered(homes)


def test_more_candidates_never_serve_less(town):
    _, places, coverage = town
    shares = [
        suggest_parks(coverage, candidates=places.iloc[:count], max_sites=3).overall
        for count in (5, 12, 30)
    ]

    assert all(more >= less - 1e-9 for less, more in itertools.pairwise(shares))


def test_a_higher_target_never_needs_fewer_and_a_larger_budget_never_serves_less(town):
    _, places, coverage = town
    goals = (0.3, 0.5, 0.7)
    counts = [len(suggest_parks(coverage, candidates=places, target=goal).sites) for goal in goals]
    shares = [suggest_parks(coverage, candidates=places, max_sites=n).overall for n in (1, 4)]

    assert counts == sorted(counts) and shares == sorted(shares)


def test_shuffled_rows_give_the_same_answer(town):
    homes, places, coverage = town
    mixed = [homes[at] for at in np.random.default_rng(1).permutation(len(homes))]
    first = suggest_parks(coverage, candidates=places, target=0.7)
    second = suggest_parks(
        covered(mixed), candidates=places.sample(frac=1, random_state=2), target=0.7
    )

    assert second.sites["candidate"].to_list() == first.sites["candidate"].to_list()
    assert second.sites["coverage_after"].to_list() == approx(
        first.sites["coverage_after"].to_list(), rel=1e-9
    )


def test_what_is_given_is_left_as_it_was(town):
    _, places, coverage = town
    layers = [places, coverage.table, coverage.gaps, coverage.parks]
    before = [(layer.to_wkb(), dict(layer.attrs)) for layer in layers]
    suggest_parks(coverage, candidates=places, target=0.5)

    for layer, (table, attrs) in zip(layers, before, strict=True):
        assert layer.to_wkb().equals(table) and layer.attrs == attrs


def test_every_step_is_what_the_measure_gives_with_the_parks_so_far(town):
    homes, places, coverage = town
    siting = suggest_parks(coverage, candidates=places, target=0.8)

    known = frame(park_class=[])
    for rank, share in siting.sites["coverage_after"].items():
        new = siting.sites.loc[:rank, ["geometry"]].assign(park_class="G14")
        counted = park_coverage(
            coverage.table[["geometry"]],
            pd.concat([known, new], ignore_index=True).set_crs(sample.CRS),
            frame(*homes, home_class="urban_residential"),
        )
        # Areas on the ellipsoid are good to a ten-millionth, wherever the edges are cut.
        assert share == approx(counted.overall, rel=1e-7)
    assert siting.served["gain_ha"].sum() == approx(siting.sites["gain_ha"].sum())
    assert siting.table["served_ha"].sum() + siting.gaps["gap_ha"].sum() == approx(
        coverage.table["demand_ha"].sum(), rel=1e-7
    )
    gains = siting.sites["gain_ha"].to_list()
    assert gains == sorted(gains, reverse=True)


def test_the_curve_climbs_and_stays_under_its_bound(town):
    _, places, coverage = town
    curve = suggest_parks(coverage, candidates=places, target=0.6).curve

    assert curve["site_count"].to_list() == list(range(len(curve)))
    assert curve["park_coverage"].is_monotonic_increasing
    assert (curve["park_coverage"] <= curve["coverage_bound"] + 1e-12).all()
    assert curve["coverage_bound"].iloc[0] == coverage.overall


def test_a_wider_reach_never_needs_more(town):
    _, places, coverage = town
    law = standards.load()["park.health_check_2021"]
    wide = law.with_radius(standards.Rule.local(500, "m", reason="x"))
    homes = town[0]
    narrow = suggest_parks(coverage, candidates=places, target=0.7)
    wider = suggest_parks(covered(homes, by=wide), candidates=places, target=0.7)

    assert len(wider.sites) <= len(narrow.sites)
    assert "+local" in wider.definition.key


# ---------------------------------------------------------------- the arithmetic alone


def random_instance(seed, candidates=9, pieces=25):
    rng = np.random.default_rng(seed)
    share = np.where(rng.random((candidates, pieces)) < 0.35, rng.random((candidates, pieces)), 0)
    share[rng.random((candidates, pieces)) < 0.15] = 1.0
    at, piece = np.nonzero(share)
    worth = rng.uniform(0.1, 3, pieces)
    return instance_of(at, piece, share[at, piece], worth, candidates), share, worth


@pytest.mark.parametrize("seed", range(6))
def test_the_smaller_instance_has_the_values_of_the_whole(seed):
    instance, share, worth = random_instance(seed)

    for chosen in itertools.combinations(range(9), 3):
        plain = worth @ np.minimum(share[list(chosen)].sum(axis=0), 1)
        assert instance.value(instance.covered(chosen)) == approx(plain, rel=1e-12)
    assert instance.pairs <= np.count_nonzero(share)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [1, 2, 4])
def test_bounds_hold_and_the_choice_is_the_best(seed, count):
    instance, *_ = random_instance(seed)
    values = {
        chosen: instance.value(instance.covered(chosen))
        for chosen in itertools.combinations(range(9), count)
    }
    best = max(values.values())
    known = ceiling(instance, count, [], Clock(5), widest=9)
    found = best_choice(instance, count, Clock(5), exact_pairs=10_000)
    out, into = sure(known, count, best * (1 - 1e-6))

    assert found.value == approx(best, rel=1e-9) and found.bound == approx(best, rel=1e-6)
    assert known.most[count] >= best * (1 - 1e-12)
    for number in range(1, 9):
        assert known.most[number] >= max(
            instance.value(instance.covered(chosen))
            for chosen in itertools.combinations(range(9), number)
        ) * (1 - 1e-12)
    winners = [chosen for chosen, value in values.items() if value >= best * (1 - 1e-12)]
    for chosen in winners:
        assert not out[list(chosen)].any() and set(np.flatnonzero(into)) <= set(chosen)


def test_land_two_candidates_share_counts_once_when_its_piece_is_cut():
    """Each reaches 60 of 100 m from its side, 20 of them twice."""
    block = np.array([box(X, Y, X + 100, Y + 10)])
    reach = np.array([box(X - 9, Y, X + 60, Y + 10), box(X + 40, Y, X + 109, Y + 10)])
    demand = demand_of(block, np.ones(1), np.append(reach, box(X, Y, X + 50, Y + 10)), 500, 4549)
    finer, source = demand.split([0, 1])
    two = finer.instance()

    assert demand.share.tolist() == approx([0.6, 0.6, 0.5])
    assert len(finer.shapes) == 3 and source.tolist() == [0, 0, 0]
    assert finer.worth.sum() == approx(0.1, rel=1e-6)
    assert two.value(two.covered([0, 1])) == approx(0.1, rel=1e-6)
    assert two.value(two.covered([0])) == approx(0.06, rel=1e-6)
    assert two.value(two.covered([1, 2])) == approx(0.1, rel=1e-6)
    assert demand.instance().value(demand.instance().covered([0, 2])) == approx(0.1, rel=1e-6)
    nested, _ = demand.split([0, 2])
    both = nested.instance()
    assert both.value(both.covered([0, 2])) == approx(0.06, rel=1e-6)


def test_a_large_block_is_cut_into_cells_that_add_up():
    wide = np.array(
        [box(X, Y, X + 950, Y + 420).difference(box(X + 300, Y + 100, X + 400, Y + 200))]
    )
    demand = demand_of(wide, np.ones(1), np.array([box(X, Y, X + 500, Y + 500)]), 100, 4549)

    assert shapely.area(demand.shapes).sum() == approx(wide[0].area, rel=1e-12)
    assert len(demand.shapes) == 10 * 5 - 1
    assert demand.instance().whole == approx((500 * 420 - 100 * 100) / 1e4, rel=1e-6)


def test_greedy_keeps_its_books():
    instance, *_ = random_instance(3, candidates=30, pieces=90)
    choice = Choice(instance).grow(6)
    choice.exchange(Clock(5))

    assert choice.value == approx(instance.value(instance.covered(choice.chosen)), rel=1e-12)
    assert choice.gain == approx(instance.gains(choice.cover), abs=1e-12)


# ---------------------------------------------------------------- the result shows itself


def test_the_result_shows_itself_and_never_without_its_notices():
    coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
    siting = suggest_parks(coverage, target=0.9, grid_m=100)

    repr(siting).encode("gbk")
    siting.headline.encode("gbk")
    made = siting._repr_html_()
    assert siting.headline.split(";")[0].replace(">", "&#62;") in made
    assert all(notice in made for notice in siting.notices)
    assert "建议选址,不是规划;用地、权属和实施条件须逐处核实" in siting.notices
    assert dg.columns.word("notice.schematic") in siting.notices
    for table in (siting.sites, siting.table, siting.served, siting.gaps, siting.curve):
        assert "建议选址" in table.attrs["notice"] and table.attrs["definition"]
        assert set(table.columns) - {"geometry"} <= set(dg.columns.registry())
    assert siting.definition in siting.sources and siting.sites.crs == coverage.table.crs
    assert siting.series.index.equals(coverage.series.index)
    with pytest.raises(AttributeError):
        siting.gap = 0


def test_the_list_is_saved_in_the_planners_words(tmp_path):
    coverage = park_coverage(sample.villages(), sample.parks(), sample.homes())
    siting = suggest_parks(coverage, target=0.9, grid_m=100)
    text = dg.save_table(siting.sites, tmp_path / "sites.csv").read_text("utf-8-sig")

    head = text.splitlines()[0]
    assert head.startswith("次序,候选地块,统计单元,村(社区)名称,占地面积(平方米),")
    assert "新增覆盖居住用地(公顷),建成后覆盖率(%)" in head and "建议选址,不是规划" in text


def test_the_map_numbers_the_sites_and_tells_their_story():
    villages = sample.villages()
    coverage = park_coverage(villages, sample.parks(), sample.homes())
    siting = suggest_parks(coverage, target=0.9, grid_m=100)
    m = dg.add_sites(dg.add_coverage(dg.area_map(villages), coverage), siting)
    page = m.get_root().render()

    assert siting.headline in page and siting.proof in page
    assert page.count("点位示意") == len(siting.sites)
    assert dg.add_sites(dg.area_map(villages), siting) is not None
    nothing = suggest_parks(coverage, target=0.3)
    assert "没有可显示的要素" in dg.add_sites(dg.area_map(villages), nothing).get_root().render()


# ---------------------------------------------------------------- what cannot be asked


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"target": 91}, errors.InputError, r"Write 0\.91 for 91 %"),
        ({"target": 0}, errors.InputError, "no number above 0"),
        ({"target": math.nan}, errors.InputError, "no number above 0"),
        ({"target": "91%"}, errors.InputError, "no number above 0"),
        ({"size_m2": 1000}, errors.InputError, r"does not count.*2000"),
        ({"size_m2": -1}, errors.InputError, "does not count"),
        ({"grid_m": 0}, errors.InputError, "no distance"),
        ({"grid_m": 0.01}, errors.InputError, "wider grid_m"),
        ({"max_sites": 0}, errors.InputError, "no number above 0"),
        ({"max_sites": 1.5}, errors.InputError, "no whole number"),
        ({"seconds": -1}, errors.InputError, "no number above 0"),
        ({"weight": "people"}, errors.InputError, "max_sites alone"),
        ({"weight": "people", "max_sites": 1}, errors.ColumnError, "no column `people`"),
        ({"weight": "gap_ha", "target": 0.5}, errors.InputError, "max_sites alone"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(options, error, said):
    with pytest.raises(error, match=said):
        suggest_parks(covered([STRIP]), **options)


def test_targets_of_other_things_are_refused():
    law = standards.load()
    with pytest.raises(errors.InputError, match="asks for no share"):
        suggest_parks(covered([STRIP]), target=law.targets["road_density"])
    with pytest.raises(errors.InputError, match="is a ratio"):
        suggest_parks(covered([STRIP]), target=standards.Rule.local(400, "m", reason="x"))

    floor = law["park_coverage.floor.gb_55014_2021"]
    siting = suggest_parks(covered([STRIP]), target=floor, max_sites=1, candidates=frame(LARGE))
    assert siting.target == 0.8 and floor in siting.sources


@pytest.mark.parametrize(
    ("layer", "change", "error", "said"),
    [
        ("candidates", lambda f: f.to_crs(4490), errors.CRSError, "`candidates`.*degrees"),
        ("candidates", lambda f: f.iloc[:0], errors.InputError, "no row"),
        ("candidates", lambda f: f.set_geometry(f.boundary), errors.GeometryError, "polygons"),
        (
            "candidates",
            lambda f: f.set_geometry([Point(math.inf, 0)], crs=f.crs),
            errors.GeometryError,
            "finite|place",
        ),
        ("allowed", lambda f: f.to_crs(4490), errors.CRSError, "`allowed`.*degrees"),
        ("allowed", lambda f: f.set_geometry(f.centroid), errors.GeometryError, "`allowed`"),
    ],
)
def test_layers_that_cannot_be_used_are_refused_by_name(layer, change, error, said):
    with pytest.raises(error, match=said):
        suggest_parks(covered([STRIP]), max_sites=1, **{layer: change(frame(SMALL))})


def test_other_layers_are_asked_the_same():
    ask = {"max_sites": 1, "candidates": frame(SMALL)}
    with pytest.raises(errors.CRSError, match=r"农田.*degrees"):
        suggest_parks(covered([STRIP]), forbidden={"农田": frame(LARGE).to_crs(4490)}, **ask)
    with pytest.raises(errors.ColumnError, match="no column `town_name`"):
        suggest_parks(covered([STRIP]), near={"town_name": frame(LARGE)}, **ask)
    with pytest.raises(errors.CRSError, match="degrees"):
        suggest_parks(covered([STRIP]), near={"a": frame(LARGE, a=1).to_crs(4490)}, **ask)
    with pytest.raises(errors.InputError, match="`candidates` or `allowed`"):
        suggest_parks(covered([STRIP]), allowed=frame(LARGE), **ask)


def test_candidates_of_another_place_serve_nobody_and_are_listed():
    siting = suggest_parks(covered([STRIP]), candidates=frame(box(9e4, 0, 9.1e4, 900)), max_sites=1)

    assert len(siting.sites) == 0 and len(siting.dropped) == 1 and siting.gap == 0


# ---------------------------------------------------------------- a whole county


def test_a_county_needs_nine_pocket_parks():
    county = sample.county(1)
    coverage = park_coverage(county.zone, county.parks, county.homes)
    siting = suggest_parks(
        coverage, forbidden={"永久基本农田": county.farmland}, near={"town_name": county.towns}
    )

    assert (siting.reached, siting.fewest) == (9, 9) and siting.exact
    assert siting.overall >= 0.91 > siting.curve["coverage_bound"][8]
    assert set(siting.sites["town_name"]) <= set(county.towns["town_name"])
    assert "12 处公园在建或规划" in "\n".join(siting.notices)
