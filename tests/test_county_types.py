"""Types of the practice county, through the whole run: all there, all reasoned, none copied."""

from dataclasses import replace

import pandas as pd
import pytest

from deqing_geo import batch
from deqing_geo.batch.results import _facts
from deqing_geo.villages import FIVE, classify_villages

CURRENT = ["current_type", "current_type_document", "current_type_year"]
OUTCOME = ["type_model", "type_final", "status", "decided_by", "reason", "missing_fields", "flags"]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_practice_county_is_sorted_with_reasons_and_by_its_ground_alone(seed):
    job = batch.schematic_county(seed)
    results = batch.measure(job)
    types = results.types
    table = types.table
    taking = table["type_model"] != "urban"

    assert seed or (types.counts[list(FIVE)] > 0).all()
    assert types.counts.sum() == len(table) == len(job.villages)
    assert (table.loc[taking, "reason"].str.len() > 5).all()
    assert all(reason.encode("gbk") for reason in table["reason"])
    assert table.loc[table["status"] == "candidate", "type_final"].isna().all()
    assert results.card.measured >= 12

    # Rows shuffled in every layer of villages, and nothing said of the types in force.
    villages = job.villages.sample(frac=1, random_state=7)
    bare = job.facts["table"].drop(columns=CURRENT).sample(frac=1, random_state=8)
    other = replace(job, villages=villages, facts={**job.facts, "table": bare})
    again = classify_villages(_facts(other, villages, results.law), results.law, as_of=job.as_of)

    pd.testing.assert_frame_equal(
        pd.DataFrame(again.table.loc[table.index, OUTCOME]), pd.DataFrame(table[OUTCOME])
    )
