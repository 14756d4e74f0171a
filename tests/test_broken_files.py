"""Files as offices send them: each outcome named beforehand, none silently wrong."""

import os
import warnings

import numpy as np
import pytest
import shapely

import deqing_geo as dg
from deqing_geo import errors, sample

from .broken.cases import CODES, Case, all_cases

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_broken_file_is_read_right_or_refused_with_the_cure(case: Case, tmp_path):
    with warnings.catch_warnings():
        # Breaking a file is not reading it: GDAL remarks on what it is made to write.
        warnings.simplefilter("ignore")
        path = case.make(tmp_path)
    before = _listing(tmp_path)
    options = dict(case.options)
    if case.reference:
        options["reference"] = sample.town()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if case.refused is not None:
            with pytest.raises(errors.DeqingGeoError, match=case.refused):
                dg.read_villages(path, **options)
            assert _listing(tmp_path) == before
            return
        villages = dg.read_villages(path, **options)

    assert _listing(tmp_path) == before
    assert all(issubclass(one.category, errors.DeqingGeoWarning) for one in said)
    assert bool(said) == case.warns, [str(one.message) for one in said]
    villages = villages.loc[CODES]
    assert villages["village_name"].to_list() == case.names
    truth = sample.villages()
    shapes = np.asarray(villages.geometry.array)
    apart = shapely.area(shapely.symmetric_difference(shapes, np.asarray(truth.geometry.array)))
    # A square kilometre moved by a millimetre differs by two square metres; MapInfo and KML
    # round their coordinates.
    assert (apart < 50).all()
    assert villages.crs.to_epsg() == 4549


def test_most_broken_files_are_read():
    """A reader that refuses everything is safe and useless."""
    read = sum(case.refused is None for case in CASES)

    assert len(CASES) >= 300
    assert len({case.name for case in CASES}) == len(CASES)
    assert read / len(CASES) >= 0.7


def _listing(folder):
    return sorted(
        (str(file.relative_to(folder)), os.stat(file).st_size) for file in folder.rglob("*")
    )
