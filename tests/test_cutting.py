"""Lines cut by areas: with a pencil, by brute force, by the usual overlay, and odd ones."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest import approx
from shapely import LineString, MultiLineString, Polygon, box

from deqing_geo import errors, road_density, sample, tracing
from deqing_geo.cutting import share_lengths
from tests.test_density import lattice
from tests.test_roads import EAST, KM, WEST, areas, at, km, roads

BAND = 15.0


def shares(shapes, lines, band=BAND, **options):
    return share_lengths(
        np.array(shapes, dtype=object), np.array(lines, dtype=object), band, **options
    )


def edge(shape, *lines):
    return float(shares([shape], [LineString(line) for line in lines]).edge_metres.sum())


# ---------------------------------------------------------------- the band, with a pencil


def test_a_line_past_a_corner_that_points_inwards_has_a_chord_of_its_disc():
    """Twelve metres beside the corner of an L: a chord of 2 times 9 m in a disc of 15 m."""
    ell = Polygon([(0, 0), (1000, 0), (1000, 500), (500, 500), (500, 1000), (0, 1000)])
    away = 12 * np.sqrt(2)
    line = [(500 - away + 200, 500 - 200), (500 - away - 200, 500 + 200)]

    assert edge(ell, line) == approx(18.0, rel=1e-9)


def test_a_line_into_the_area_is_in_the_band_for_its_first_fifteen_metres():
    assert edge(KM, [(-100, 500), (400, 500)]) == approx(15.0)
    assert edge(KM, [(0, 0), (300, 400)]) == approx(15 / 0.6)


def test_every_pass_counts_and_what_lies_outside_does_not():
    assert edge(KM, [(500, 500), (500, 2000), (500, 500)]) == approx(30.0)
    assert edge(KM, [(-10, -5), (-10, 2000)]) == 0.0


def test_a_line_along_the_edge_of_many_short_pieces_is_counted_once():
    steps = np.linspace(0, 1000, 701)
    zone = Polygon([*zip(steps, np.zeros(701), strict=True), (1000, 1000), (0, 1000)])

    assert edge(zone, [(100, 7), (900, 7)]) == approx(800.0, rel=1e-9)


def test_a_border_between_two_is_no_edge_but_its_ends_are():
    found = shares([WEST, EAST], [LineString([(1000, 0), (1000, 1000)])])

    assert found.edge_metres.sum() == approx(30.0) and found.metres.sum() == approx(1000)


@pytest.mark.parametrize("seed", range(4))
def test_the_band_is_what_a_very_round_buffer_cuts_out(seed):
    rng = np.random.default_rng(seed)
    turn = np.sort(rng.uniform(0, 2 * np.pi, 25))
    far = rng.uniform(80, 500, 25)
    star = Polygon(np.column_stack([far * np.cos(turn), far * np.sin(turn)]))
    lines = [LineString(rng.uniform(-500, 500, (rng.integers(2, 7), 2))) for _ in range(60)]
    found = shares([star], lines)

    band = shapely.intersection(shapely.boundary(star).buffer(BAND, quad_segs=512), star)
    slow = sum(shapely.length(shapely.intersection(line, band)) for line in lines)
    assert found.edge_metres.sum() == approx(slow, rel=1e-5)
    assert found.metres.sum() == approx(
        sum(shapely.length(shapely.intersection(line, star)) for line in lines), rel=1e-9
    )


# ---------------------------------------------------------------- second roads


@pytest.mark.parametrize("seed", range(2))
def test_an_overlay_gives_the_same_where_no_road_runs_along_a_border(seed):
    rng = np.random.default_rng(seed)
    cells = [box(x, y, x + 400, y + 300) for x in range(0, 2000, 400) for y in range(0, 1500, 300)]
    lines = [LineString(rng.uniform(-100, 2100, (rng.integers(2, 9), 2))) for _ in range(300)]
    zone = areas(*cells)
    streets = roads(*lines)
    pieces = gpd.overlay(streets, zone.reset_index(names="cell"), keep_geom_type=True)
    slow = pieces.length.groupby(pieces["cell"]).sum() / 1000

    assert km(zone, streets) == approx(slow.reindex(zone.index, fill_value=0).to_list(), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_a_walk_on_a_lattice_adds_up_over_its_tiles(seed):
    """Vertices on borders, corners of four, lines there and back: everything ties."""
    rng = np.random.default_rng(seed)
    walks = [LineString(rng.integers(0, 9, (rng.integers(2, 6), 2)) * 250.0) for _ in range(150)]
    tiles = [box(x, y, x + 500, y + 500) for x in range(0, 2000, 500) for y in range(0, 2000, 500)]
    found = shares(tiles, walks)
    whole = shares([box(0, 0, 2000, 2000)], walks)

    length = np.array([walk.length for walk in walks])
    by_line = np.bincount(found.line, found.metres, len(walks))
    assert np.abs(by_line - length).max() < 1e-9 * 1e3
    assert found.edge_metres.sum() == approx(whole.edge_metres.sum(), rel=1e-9)
    for weight in (0.5, 0.0):
        some = shares(tiles, walks, edge_weight=weight).metres.sum()
        rim = whole.metres[whole.on_edge].sum()
        assert some == approx(found.metres.sum() - (1 - weight) * rim, rel=1e-9)


def test_the_villages_of_a_county_add_up_to_the_county():
    county = sample.county(1)
    by_village = road_density(county.villages, county.roads, by="road.rural")
    whole = road_density(county.outline, county.roads, by="road.rural")

    assert by_village.table["road_km"].sum() == approx(
        float(whole.table["road_km"].sum()), abs=1e-9 * len(county.roads)
    )


# ---------------------------------------------------------------- odd lines


def test_three_villages_at_a_corner_share_by_what_lies_across():
    """South of the road one village, north of it two; west of the corner and east of it."""
    south, west, east = box(0, 0, 2000, 1000), box(0, 1000, 900, 2000), box(900, 1000, 2000, 2000)
    found = shares([south, west, east], [LineString([(0, 1000), (2000, 1000)])], edge_weight=0.0)

    assert np.bincount(found.area, found.metres).tolist() == approx([1000, 450, 550])


def test_a_road_through_the_corner_of_four_belongs_to_two():
    quarters = [box(x, y, x + 1000, y + 1000) for x in (0, 1000) for y in (0, 1000)]
    found = shares(quarters, [LineString([(0, 0), (2000, 2000)])])

    assert found.area.tolist() == [0, 3] and found.metres.sum() == approx(np.hypot(2000, 2000))


def test_a_closed_ring_on_a_border_goes_by_the_rule_of_the_edge():
    ring = LineString([(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)])

    for weight in (1.0, 0.5, 0.0):
        assert shares([KM], [ring], edge_weight=weight).metres.sum() == approx(4000 * weight)
    half = shares([KM, EAST], [ring], edge_weight=0.0)
    assert np.bincount(half.area, half.metres).tolist() == approx([500, 500])


def test_a_line_that_crosses_itself_on_a_border_counts_each_pass():
    eight = LineString([(900, 400), (1100, 600), (1100, 400), (900, 600)])
    found = shares([WEST, EAST], [eight])

    side = np.hypot(100, 100)
    assert np.bincount(found.area, found.metres).tolist() == approx([2 * side, 2 * side + 200])


def test_pieces_without_length_and_parts_wholly_on_a_border():
    line = MultiLineString(
        [[(1000, 0), (1000, 0), (1000, 400)], [(500, 500), (500, 500)], [(200, 0), (700, 0)]]
    )
    found = shares([WEST, EAST], [line], edge_weight=0.5)

    assert np.bincount(found.area, found.metres).tolist() == approx([200 + 250, 200])


def test_loops_and_vertices_on_a_border_lose_nothing():
    loop = LineString([(1000, 200), (1200, 200), (1200, 400), (1000, 400), (1000, 200)])
    found = shares([WEST, EAST], [loop])

    assert np.bincount(found.area, found.metres).tolist() == approx([100, 700])


# ---------------------------------------------------------------- many, and none


def test_twenty_thousand_copies_of_a_line_are_twenty_thousand_roads():
    line = at(LineString([(0, 500), (1000, 500), (1000, 900)]))
    copies = gpd.GeoDataFrame(geometry=np.full(20_000, line), crs=sample.CRS)
    copies.loc[7, "geometry"] = at(LineString([(500, 200), (1500, 200)]))
    density = road_density(areas(WEST, EAST), copies.assign(road_class="branch"))

    assert density.table["road_km"].to_list() == approx([19_999 * 1.2 + 0.5, 19_999 * 0.2 + 0.5])
    rows = density.by_road
    assert len(rows) == 40_000
    assert rows.loc[rows["road"] == 7, "road_km"].to_list() == approx([0.5, 0.5])


def test_copies_give_what_each_line_gives_alone():
    rng = np.random.default_rng(5)
    lines = [LineString(rng.uniform(-200, 2200, (3, 2))) for _ in range(5)]
    once, often = shares([WEST, EAST], lines), shares([WEST, EAST], lines * 4)

    for field in ("metres", "edge_metres"):
        alone = np.bincount(once.line, getattr(once, field), 5)
        assert np.bincount(often.line, getattr(often, field), 20) == approx(np.tile(alone, 4))


def test_no_lines_and_no_areas():
    assert len(shares([], [LineString([(0, 0), (1, 1)])]).metres) == 0
    assert len(shares([KM], []).metres) == 0
    assert len(shares([KM], [LineString()]).metres) == 0


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
@pytest.mark.parametrize("layer", ["areas", "roads", "water", "projects"])
def test_coordinates_at_infinity_are_refused_by_the_layers_name(bad, layer):
    line, shape = LineString([(0, 0), (bad, 1)]), Polygon([(0, 0), (bad, 0), (1, 1)])
    zone, streets = areas(KM), roads([(0, 0), (1, 1)])
    call = {
        "areas": lambda: road_density(areas(shape), streets),
        "roads": lambda: road_density(zone, roads(line)),
        "water": lambda: road_density(zone, streets, water=areas(shape)),
        "projects": lambda: road_density(zone, streets).forecast(
            roads(line).assign(opened_on=2027)
        ),
    }[layer]

    with pytest.raises((errors.GeometryError, errors.CRSError), match=layer):
        call()


def test_a_lattice_of_its_own_borders_adds_up_by_every_rule():
    """Blocks of 500 m whose every border is a street, and streets between: 33 km on 4.5 km2."""
    blocks = [box(x, y, x + 500, y + 500) for x in range(0, 3000, 500) for y in range(0, 1500, 500)]
    streets = lattice(3000, 1500, 250)
    sums = [
        sum(km(areas(*blocks), streets, by=f"road.core{rule}")) for rule in ("", "+half", "+none")
    ]

    assert sums == approx([40.5, 40.5 - 4.5, 40.5 - 9.0], abs=1e-9)


def test_borders_that_are_mistaken_for_one_another_are_looked_at_again(monkeypatch):
    """Shared borders are found by one number for each; should two meet, they are told apart."""
    lines = [LineString([(-100, 300), (2100, 700)]), LineString([(1000, -50), (1000, 900)])]
    usual = shares([WEST, EAST], lines)
    monkeypatch.setattr(tracing, "MIXER", np.uint64(0))
    again = shares([WEST, EAST], lines)

    assert again.metres.tolist() == usual.metres.tolist()
    assert again.area.tolist() == usual.area.tolist()
