"""A recipe in, a folder of products out, on one machine.

`recipe` says what is asked and finds every mistake before anything runs; `job` holds the
layers; `results` measures them; `report` writes the folder.
"""

from __future__ import annotations

from deqing_geo.batch.job import Job, open_recipe, paper_town, schematic_county
from deqing_geo.batch.recipe import Recipe, load_recipe
from deqing_geo.batch.report import Report, require_folder, run
from deqing_geo.batch.results import Results, measure

__all__ = [
    "Job",
    "Recipe",
    "Report",
    "Results",
    "load_recipe",
    "measure",
    "open_recipe",
    "paper_town",
    "require_folder",
    "run",
    "schematic_county",
]
