"""Weights on real villages: figures as skewed as they are, and one village without an outline."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pytest import approx

from deqing_geo import errors
from deqing_geo.weights import critic, entropy, topsis

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def villages(real_data):
    """Hsinchu's villages by size, length of border and how compact they are."""
    file = real_data / "boundaries" / "tw_dev_hsinchu.gpkg"
    name = next(one for one in gpd.list_layers(file)["name"] if "village" in one.lower())
    outlines = gpd.read_file(file, layer=name).to_crs(32651).geometry
    area, border = outlines.area, outlines.length
    compact = 4 * np.pi * area / border.where(border > 0) ** 2
    return pd.DataFrame({"area_km2": area / 1e6, "border_km": border / 1e3, "compact": compact})


def test_a_village_without_an_outline_is_named_and_not_taken_for_zero(villages):
    gaps = villages.index[villages["compact"].isna()]
    assert len(gaps) >= 1
    with pytest.raises(errors.InputError, match=rf"\({gaps[0]}, 'compact'\)"):
        entropy(villages)


def test_entropy_weighs_the_few_large_villages_and_experts_would_not(villages):
    table = villages.dropna()
    found = entropy(table)

    # Sizes of villages are skewed, compactness is not: nothing was said about importance.
    assert found.series.idxmax() == "area_km2" and found.series["area_km2"] > 0.5
    assert found.series.idxmin() == "compact"
    assert found.series.sum() == approx(1)


def test_another_library_says_the_same_of_real_figures(villages):
    pymcdm = pytest.importorskip("pymcdm")
    table = villages.dropna()
    values, even = table.to_numpy(), dict.fromkeys(table, 1 / 3)

    assert critic(table).series.tolist() == approx(pymcdm.weights.critic_weights(values).tolist())
    assert entropy(table, variant="sum").series.tolist() == approx(
        pymcdm.weights.entropy_weights(values).tolist()
    )
    theirs = pymcdm.methods.TOPSIS()(values, np.full(3, 1 / 3), np.ones(3))
    assert topsis(table, even).series.tolist() == approx(theirs.tolist())
