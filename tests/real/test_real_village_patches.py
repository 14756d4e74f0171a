"""Patches on outlines drawn by others: no type here is a statement on a place."""

import warnings

import numpy as np
import pytest

from deqing_geo import errors, read_towns, read_villages
from tests.compared import judge
from tests.test_village_patches import PLAIN, SUBURB, same_parts

pytestmark = pytest.mark.real


def test_patches_of_hsinchu_hold_on_borders_drawn_by_others(real_data):
    """192 real outlines with overlaps and gaps; their types are invented by their place."""
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    towns = read_towns(file, layer="towns_fullres_10004")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DeqingGeoWarning)
        villages = read_villages(file, layer="villages_10004", towns=towns)
    villages = villages[~villages.geometry.is_empty & villages.geometry.notna()]
    villages = villages[villages.is_valid][["village_name", "geometry"]]
    rank = villages.geometry.centroid.x.rank().to_numpy()
    types = judge(villages.assign(udb_res_share=np.where(rank % 40 < 15, SUBURB, PLAIN)))
    found = types.patches()
    numbers = found.villages["patch"]
    groups = numbers.reset_index(drop=True).groupby(numbers.to_numpy(dtype=object)).indices

    expected = same_parts(types.table, found, 20)
    assert {frozenset(map(int, one)) for one in groups.values()} == expected
    assert len(expected) > 1 and found.villages["neighbour_count"].max() > 3
