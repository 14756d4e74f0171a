"""The schematic county is clean, and every mistake planted in its copy is found at its row."""

import numpy as np
import pyogrio
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import sample
from deqing_geo.sample import received


@pytest.fixture(scope="module")
def county():
    return sample.county(0)


@pytest.fixture(scope="module")
def office(county, tmp_path_factory):
    """The border file as an office sends it, and the mistakes in it."""
    file = tmp_path_factory.mktemp("office") / received.VILLAGES
    planted = received._Planted()
    received._borders(np.random.default_rng(5), county, file, planted)
    return pyogrio.read_dataframe(file, encoding="GBK"), planted.table()


@pytest.mark.parametrize("seed", range(3))
def test_the_county_is_clean_but_for_what_it_has_on_purpose(seed):
    made = sample.county(seed)
    found = dg.check_boundaries(made.villages, towns=made.towns, county=made.outline)

    assert found.is_clean and len(found.kinds) > 15
    # One name in two towns and one village with an exclave, as real counties have.
    assert found.table["fault_kind"].tolist() == ["homonym", "enclave", "multipart"]


def test_every_planted_mistake_is_found_at_its_row(county, office):
    borders, mistakes = office
    found = dg.check_boundaries(borders, towns=county.towns)
    kind = {
        "overlap": "overlap",
        "gap": "gap",
        "bowtie": "invalid",
        "duplicate_code": "duplicate_code",
        "old_town_code": "old_code",
        "damaged_name": "damaged_name",
    }

    assert set(mistakes["kind"]) == set(kind)
    for planted, row in zip(mistakes["kind"], mistakes["row"], strict=True):
        rows = [at for at, one in enumerate(found.rows) if row in one]
        assert kind[planted] in set(found.table.loc[rows, "fault_kind"]), (planted, row)
    counts = found.counts
    crossed = int(mistakes.set_index("kind").loc["bowtie", "row"])
    gaps = [found.rows[at] for at in found.of("gap").index]
    # Nothing besides, but what the crossing itself leaves open.
    assert counts["overlap"] == received.OVERLAPS and counts["invalid"] == 1
    assert len([rows for rows in gaps if crossed not in rows]) == received.GAPS
    assert counts[["duplicate_code", "old_code", "damaged_name"]].tolist() == [1, 1, 1]
    assert counts[["bad_code", "code_town", "duplicate_geometry"]].sum() == 0
    assert {found.rows[at] for at in found.of("area_mismatch").index} <= {(crossed,)}


def test_the_office_file_is_repaired_to_the_county_it_was_made_from(county, office):
    borders, _ = office
    mended, changes = dg.repair_boundaries(borders, max_change_m2=6_000, allow_survey_lines=True)
    true = county.villages.geometry.to_numpy()
    before = shapely.make_valid(borders.geometry.to_numpy())

    wrong = shapely.area(shapely.symmetric_difference(mended.geometry.to_numpy(), true)).sum()
    damage = shapely.area(shapely.symmetric_difference(before, true)).sum()
    # Which of two neighbours was wronged no line tells; most of the damage is undone.
    assert damage > 5_000 and wrong < damage / 2
    assert shapely.coverage_is_valid(mended.geometry.to_numpy())
    assert changes["moved_m"].max() < 10
