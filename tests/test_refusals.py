"""Every public measure against every layer that cannot carry it."""

import geopandas as gpd
import pytest
import shapely

from deqing_geo import errors, park_coverage, road_density, sample

LAYERS = {
    "road_density": (road_density, ("areas", "roads")),
    "park_coverage": (park_coverage, ("areas", "parks", "homes")),
}
CASES = [(measure, layer) for measure, (_, layers) in LAYERS.items() for layer in layers]


def given(measure):
    made = {
        "areas": sample.villages(),
        "roads": sample.roads(),
        "parks": sample.parks(),
        "homes": sample.homes(),
    }
    return {name: made[name] for name in LAYERS[measure][1]}


def without_crs(frame):
    return frame.set_crs(None, allow_override=True)


def bowtie(frame):
    shape = shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
    moved = shapely.transform(shape, lambda c: c + [sample.X0, sample.Y0])
    return frame.set_geometry([moved] * len(frame), crs=frame.crs)


def points(frame):
    return frame.set_geometry(frame.centroid)


@pytest.mark.parametrize(("measure", "layer"), CASES)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_crs, "no coordinate system"),
        (lambda frame: frame.to_crs(4490), "degrees"),
        (lambda frame: frame.to_crs(4526), r"to_crs\(|stretches"),
        (lambda frame: frame.to_crs(4326).to_crs(3857), r"to_crs\(|stretches"),
    ],
    ids=["no CRS", "degrees", "another zone", "web mercator"],
)
def test_a_layer_in_the_wrong_system_is_refused_by_its_name(measure, layer, change, said):
    layers = given(measure)
    layers[layer] = change(layers[layer])

    with pytest.raises(errors.CRSError, match=said) as caught:
        LAYERS[measure][0](**layers)
    assert any(f"`{name}`" in str(caught.value) for name in layers)


@pytest.mark.parametrize(("measure", "layer"), CASES)
def test_points_are_refused(measure, layer):
    layers = given(measure)
    layers[layer] = points(layers[layer])

    with pytest.raises(errors.GeometryError, match="has Point") as caught:
        LAYERS[measure][0](**layers)
    assert f"`{layer}`" in str(caught.value) and caught.value.rows


@pytest.mark.parametrize(("measure", "layer"), [case for case in CASES if case[1] != "roads"])
def test_shapes_that_cross_themselves_are_refused(measure, layer):
    layers = given(measure)
    layers[layer] = bowtie(layers[layer])

    with pytest.raises(errors.GeometryError, match="not valid") as caught:
        LAYERS[measure][0](**layers)
    assert f"`{layer}`" in str(caught.value)


@pytest.mark.parametrize("measure", LAYERS)
def test_areas_with_repeated_labels_are_refused(measure):
    layers = given(measure)
    layers["areas"].index = ["A", "A", "B", "C"]

    with pytest.raises(errors.InputError, match=r"repeats labels.* Rows: 'A'"):
        LAYERS[measure][0](**layers)


@pytest.mark.parametrize("measure", LAYERS)
def test_empty_areas_are_refused_and_no_areas_are_not(measure):
    layers = given(measure)
    layers["areas"] = layers["areas"].set_geometry([shapely.Polygon()] * 4, crs=sample.CRS)
    with pytest.raises(errors.GeometryError, match="without a shape"):
        LAYERS[measure][0](**layers)

    layers["areas"] = sample.villages().iloc[:0]
    assert len(LAYERS[measure][0](**layers).table) == 0


@pytest.mark.parametrize("measure", LAYERS)
def test_something_else_than_a_frame_is_refused(measure):
    layers = given(measure)
    layers["areas"] = list(layers["areas"].geometry)

    with pytest.raises(errors.CRSError, match="not a GeoDataFrame"):
        LAYERS[measure][0](**layers)


@pytest.mark.parametrize("measure", LAYERS)
def test_a_definition_of_something_else_is_refused(measure):
    other = {"road_density": "park.health_check_2021", "park_coverage": "road.core"}[measure]

    with pytest.raises(errors.StandardsError, match=f"does not define {measure}"):
        LAYERS[measure][0](**given(measure), by=other)


def test_empty_layers_of_things_are_no_error():
    areas = sample.villages()
    nothing = gpd.GeoDataFrame({"road_class": []}, geometry=[], crs=sample.CRS)

    assert road_density(areas, nothing).overall == 0.0


@pytest.mark.parametrize(("measure", "layer"), [case for case in CASES if case[1] != "areas"])
def test_a_layer_of_another_place_is_told(measure, layer):
    layers = given(measure)
    layers[layer] = layers[layer].set_geometry(layers[layer].translate(20_000, 0))

    with pytest.warns(
        errors.DeqingGeoWarning, match=rf"`{layer}` lies 1\d\.\d km beside the areas"
    ):
        LAYERS[measure][0](**layers)
