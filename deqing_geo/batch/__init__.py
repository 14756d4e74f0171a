"""A recipe in, a folder of products out, on one machine.

`recipe` says what is asked and finds every mistake before anything runs; `report` makes it.
"""

from __future__ import annotations

from deqing_geo.batch.recipe import Recipe, load_recipe
from deqing_geo.batch.report import (
    Job,
    Report,
    open_recipe,
    paper_town,
    run,
    schematic_county,
)

__all__ = [
    "Job",
    "Recipe",
    "Report",
    "load_recipe",
    "open_recipe",
    "paper_town",
    "run",
    "schematic_county",
]
