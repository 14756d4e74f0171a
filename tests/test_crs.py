"""Metres, agreement, the zone of the data, true areas, and the shifts of map services."""

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod

from deqing_geo import crs, sample
from deqing_geo.errors import CRSError, GeometryError

WUKANG = (119.967662, 30.534927)
LON, LAT = st.floats(73.6, 134.9), st.floats(18.0, 53.5)


def points(*places, epsg):
    return gpd.GeoDataFrame(geometry=[shapely.Point(place) for place in places], crs=epsg)


@pytest.mark.parametrize(
    ("place", "epsg"),
    [
        (WUKANG, 4549),
        ((116.4, 39.9), 4548),
        ((118.4999, 30.0), 4548),
        ((118.5, 30.0), 4549),
        ((73.5, 39.0), 4534),
        ((135.0, 48.0), 4554),
        ((136.49, 48.0), 4554),
        ((136.5, 48.0), 32653),
        ((4.9, 52.4), 32631),
        ((-25.5, 37.8), 32626),
        ((151.2, -33.9), 32756),
        ((115.9, -31.9), 32750),
        ((180.0, 10.0), 32660),
    ],
)
def test_the_zone_is_the_datas(place, epsg):
    assert crs.zone_crs(*place).to_epsg() == epsg


def test_wukang_in_two_zones():
    """Published coordinates of one place in EPSG:4549 and EPSG:4528."""
    for epsg, east in ((4549, 496896.696), (4528, 40496896.696)):
        there = crs.to_degrees(np.array([shapely.Point(east, 3379414.227)]), epsg)
        assert shapely.get_coordinates(there)[0] == pytest.approx(WUKANG, abs=1e-8)


ESRI = (
    'PROJCS["{name}",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["{datum}",SPHEROID["CGCS2000",6378137.0,298.257222101]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["{method}"],'
    'PARAMETER["False_Easting",{easting}],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


@pytest.mark.parametrize("name", ["CGCS2000_3_Degree_GK_Zone_40", "德清2000", "Unknown"])
@pytest.mark.parametrize("datum", ["D_China_2000", "D_CGCS_2000", "D_CGCS2000"])
@pytest.mark.parametrize("method", ["Gauss_Kruger", "Transverse_Mercator"])
@pytest.mark.parametrize(("easting", "epsg"), [("40500000.0", 4528), ("500000.0", 4549)])
def test_a_zone_is_recognised_however_it_is_written(name, datum, method, easting, epsg):
    text = ESRI.format(name=name, datum=datum, method=method, easting=easting)

    assert crs.identify(text).to_epsg() == epsg


def test_a_likeness_is_not_an_identity():
    text = ESRI.format(name="x", datum="D_China_2000", method="Gauss_Kruger", easting="500000.5")

    assert crs.identify(text).to_epsg() is None


def test_the_height_of_a_compound_system_is_left_aside():
    assert crs.identify("EPSG:4549+5737").to_epsg() == 4549


def test_what_is_no_system_is_our_error():
    for nonsense in ("EPSG:999999", "hello", 0, None):
        with pytest.raises(CRSError):
            crs.identify(nonsense)


@pytest.mark.parametrize("epsg", [4326, 4490, 4528, 4549, 32650, 32651, 3857])
def test_every_true_system_leads_to_the_same_place(epsg, villages):
    read = crs.to_working(villages.to_crs(4326).to_crs(epsg))

    assert read.crs.to_epsg() == 4549
    assert read.geometry.geom_equals_exact(villages.geometry, 0.02).all()


def test_wgs84_degrees_are_taken_for_cgcs2000():
    moved = crs.to_working(points(WUKANG, epsg=4326))

    assert shapely.get_coordinates(moved.geometry)[0] == pytest.approx(
        (496896.696, 3379414.227), abs=0.001
    )


@pytest.mark.parametrize("epsg", [2385, 2364, 2437, 4610, 4214])
def test_old_datums_are_refused_and_not_moved_by_a_guess(epsg):
    place = (500_000, 3_380_000) if epsg in (2385, 2437) else (40_500_000, 3_380_000)
    frame = points(WUKANG if epsg in (4610, 4214) else place, epsg=epsg)

    with pytest.raises(CRSError, match="no exact way"):
        crs.to_working(frame)


def test_a_published_shift_is_taken():
    """Amsterdam's RD has a registered way to WGS 84."""
    read = crs.to_working(points((121_000, 487_000), epsg=28992))

    assert read.crs.to_epsg() == 32631


@pytest.mark.parametrize(
    ("place", "epsg", "said"),
    [
        ((496896, 3379414), 4326, "not degrees"),
        ((40496896, 3379414), 4490, "perhaps 4528"),
        ((30.53, 119.97), 4326, "swapped"),
        ((3379414, 496896), 4549, "swapped"),
        ((40496896, 3379414), 4549, "perhaps 4528"),
        ((119.97, 30.53), 4549, "perhaps 4490"),
    ],
)
def test_coordinates_that_contradict_their_system_are_refused(place, epsg, said):
    with pytest.raises(CRSError, match=said):
        crs.to_working(points(place, epsg=epsg))


def test_a_layer_without_a_system_is_refused_with_what_its_numbers_suggest():
    frame = points((40496896, 3379414), epsg=4528).set_crs(None, allow_override=True)

    with pytest.raises(CRSError, match=r"assume_crs=.*perhaps 4528"):
        crs.to_working(frame)


def test_an_infinite_coordinate_is_refused():
    with pytest.raises(GeometryError, match="not finite"):
        crs.to_working(points((math.inf, 0), epsg=4549))


def test_a_layer_follows_another(villages):
    far = points((116.4, 39.9), epsg=4490)

    assert crs.to_working(far).crs.to_epsg() == 4548
    assert crs.to_working(far, like=villages).crs.to_epsg() == 4549


def test_what_is_given_is_left_as_it_was(villages):
    degrees = villages.to_crs(4490)
    before = degrees.copy()
    crs.to_working(degrees)

    assert degrees.equals(before) and degrees.crs == before.crs


@pytest.mark.parametrize(
    ("epsg", "said"),
    [
        (4490, "measured in degrees; this measure needs metres. Try layer.to_crs(4549)"),
        (3857, "stretches land by +3"),
        (2226, "US survey foot"),
    ],
)
def test_a_measure_refuses_what_does_not_measure(epsg, said, villages):
    layer = villages.to_crs(4326).to_crs(epsg)
    with pytest.raises(CRSError) as caught:
        crs.require_metres(layer=layer)
    assert said in str(caught.value)


def test_two_spellings_of_one_system_agree(villages):
    spelt = CRS.from_wkt(
        ESRI.format(name="德清", datum="D_CGCS_2000", method="Gauss_Kruger", easting="500000.0")
    )

    crs.require_metres(areas=villages, roads=villages.set_crs(spelt, allow_override=True))
    with pytest.raises(CRSError, match=r"Try roads\.to_crs\(areas\.crs\)"):
        crs.require_metres(areas=villages, roads=villages.to_crs(4528))


def test_something_without_shapes_is_refused():
    with pytest.raises(CRSError, match="not a GeoDataFrame"):
        crs.require_metres(areas=[1, 2])


@pytest.mark.parametrize("epsg", [4549, 4548, 32650, 4490])
def test_ellipsoidal_area_is_the_geodesic_area(epsg):
    """A second road to the same figure: Karney's geodesic polygons, edges cut at 100 m."""
    rng = np.random.default_rng(1)
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 4000 * (1 + 0.4 * rng.random(60))
    ring = np.column_stack([500_000 + radius * np.cos(angles), 3.38e6 + radius * np.sin(angles)])
    fine = shapely.segmentize(shapely.Polygon(ring), 50)
    degrees = crs.to_degrees(np.array([fine]), 4549)
    shape = degrees if epsg == 4490 else gpd.GeoSeries(degrees, crs=4490).to_crs(4549)
    if epsg not in (4490, 4549):
        shape = crs.to_working(
            gpd.GeoDataFrame(geometry=degrees, crs=4490), like=points((0, 0), epsg=epsg)
        ).geometry
    geod = Geod(a=6378137, rf=298.257222101)
    truth = abs(geod.geometry_area_perimeter(degrees[0])[0])

    measured = crs.ellipsoidal_area(np.asarray(shape), epsg)
    assert measured[0] == pytest.approx(truth, rel=2e-7)


def test_web_mercator_land_is_a_third_too_large_and_its_true_area_is_found():
    square = sample.villages().iloc[:1]
    swollen = square.to_crs(4326).to_crs(3857)

    assert float(swollen.area.iloc[0]) == pytest.approx(1_353_000, rel=0.003)
    assert crs.ellipsoidal_area(swollen.geometry, 3857)[0] == pytest.approx(1e6, rel=1e-6)


def test_no_polygons_have_no_areas():
    assert crs.ellipsoidal_area([], 4549).tolist() == []
    assert np.isnan(crs.ellipsoidal_area([None], 4549)[0])


# Test vectors published with eviltransform (MIT), which takes a slightly other ellipsoid: 9 mm.
@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_gcj02_is_what_others_publish(wgs, gcj):
    assert crs.wgs84_to_gcj02(*wgs) == pytest.approx(gcj, abs=2e-7)


@given(LON, LAT)
def test_gcj02_and_bd09_are_undone_exactly(lon, lat):
    for forward, back in (
        (crs.wgs84_to_gcj02, crs.gcj02_to_wgs84),
        (crs.gcj02_to_bd09, crs.bd09_to_gcj02),
        (crs.wgs84_to_bd09, crs.bd09_to_wgs84),
    ):
        assert back(*forward(lon, lat)) == pytest.approx((lon, lat), abs=1e-10)


def test_the_shift_at_deqing_is_half_a_kilometre():
    east, north = crs.wgs84_to_gcj02(*WUKANG)
    metres = Geod(ellps="GRS80").inv(*WUKANG, float(east), float(north))[2]

    assert 502 < metres < 545


def test_services_show_true_coordinates_abroad():
    assert crs.wgs84_to_gcj02(4.9, 52.4) == (4.9, 52.4)


def test_a_declared_shift_is_undone(villages):
    degrees = villages.to_crs(4490)
    for datum, forward in (("gcj02", crs.wgs84_to_gcj02), ("bd09", crs.wgs84_to_bd09)):
        shifted = degrees.set_geometry(
            shapely.transform(
                degrees.geometry.to_numpy(),
                lambda c, f=forward: np.column_stack(f(c[:, 0], c[:, 1])),
            ),
            crs=4490,
        )
        back = crs.to_working(shifted, datum=datum, like=villages)

        assert back.geometry.geom_equals_exact(villages.geometry, 1e-3).all()
        suspected = crs.suspect_datum(crs.to_working(shifted).geometry, villages, 4549)
        assert suspected[0] == datum


def test_a_shift_is_undone_in_degrees_only(villages):
    with pytest.raises(CRSError, match="in degrees only"):
        crs.to_working(villages, datum="gcj02")
    with pytest.raises(CRSError, match="not one of gcj02, bd09"):
        crs.to_working(villages.to_crs(4490), datum="mars")


@pytest.mark.parametrize(
    "corners",
    [
        [(161.7, 132.8), (420.3, -142.9), (282.2084010984, 4.3229459287), (207.4, -55.9)],
        [(3.6, 144.9), (-186.8, 427.9), (-100.9008910232, 300.224328569), (187.9, 186.4)],
        [(207.4, 273.9), (401.1, 81.3), (299.2355210416, 182.5860023093), (42.1, 244.2)],
    ],
)
def test_a_hair_thin_spike_does_not_cost_a_shape_its_area(corners):
    """Cut at 100 m such a polygon crosses itself; GEOS then gives an empty one, silently."""
    shape = shapely.Polygon([(500_000 + x, 3_380_000 + y) for x, y in corners])
    area = crs.ellipsoidal_area([shape], 4549)[0]

    assert shape.is_valid and area == pytest.approx(shape.area, rel=1e-3)
    # Holes and several parts count as they should, whatever holds them.
    block = shapely.box(490_000, 3_370_000, 491_000, 3_371_000)
    hole = shapely.box(490_100, 3_370_100, 490_200, 3_370_200)
    held = shapely.GeometryCollection([shapely.MultiPolygon([block - hole, shape]), hole.exterior])
    parts = crs.ellipsoidal_area([block, hole, shape], 4549)
    assert crs.ellipsoidal_area([held], 4549)[0] == pytest.approx(parts @ [1, -1, 1], rel=1e-9)


def test_a_coarse_grid_never_lets_in_what_row_by_row_would_be_refused():
    """Boxes of all sizes, near the middle of the zone and far from it."""
    from deqing_geo.crs import demands
    from deqing_geo.ellipsoid import areal_scale

    rng = np.random.default_rng(3)
    content = 0
    for code, middle in ((4549, 500_000), (32650, 500_000), (3857, 13_350_000)):
        system = CRS.from_epsg(code)
        for _ in range(40):
            size = 10 ** rng.uniform(3, 6, 2)
            west = middle + rng.uniform(-500_000, 500_000) - size[0] / 2
            bounds = np.array([west, 3_300_000, west + size[0], 3_300_000 + size[1]])
            if demands._surely_within(bounds, system):
                content += 1
                x, y = rng.uniform(bounds[:2], bounds[2:], (300, 2)).T
                assert np.abs(areal_scale(system, x, y) - 1).max() <= demands.AREA_SCALE_LIMIT
    assert 10 < content < 80
    assert not demands._surely_within(np.array([np.nan] * 4), CRS.from_epsg(4549))


def test_one_far_row_among_many_is_still_named():
    points = [shapely.Point(500_000 + x, 3_380_000) for x in range(200)]
    points.append(shapely.Point(1_100_000, 3_380_000))
    frame = gpd.GeoDataFrame(geometry=points, crs=4549)

    with pytest.raises(CRSError, match="stretches land") as caught:
        crs.require_metres(layer=frame)
    assert caught.value.rows == (200,)
    crs.require_metres(layer=frame.iloc[:-1])


def test_a_system_asked_twice_is_the_same_and_remembered_by_its_text():
    first, again = crs.identify(4549), crs.identify("EPSG:4549")

    assert first == again == CRS.from_epsg(4549)
    assert crs.identify(CRS.from_epsg(4549).to_wkt()) is first
