"""A recipe in, a folder of products out, on one machine.

`recipe` says what is asked and finds every mistake before anything runs; `job` holds the
layers; `results` measures them; `report` writes the folder in one piece. Where the recipe
names its products, `pressing` makes them one by one: `products` says what each depends on,
`making` writes them, `ledger` remembers what stands, and `workers` are other processes.
`province` does it for many counties.
Names are loaded when they are first touched: a run with nothing to do ends at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deqing_geo.batch.job import Job, open_recipe, paper_town, schematic_county
    from deqing_geo.batch.pressing import Pressed, press
    from deqing_geo.batch.products import Product, add_product
    from deqing_geo.batch.province.listing import Listing, load_counties
    from deqing_geo.batch.province.whole import Province, run_province
    from deqing_geo.batch.recipe import Recipe, load_recipe
    from deqing_geo.batch.report import Report, require_folder, run
    from deqing_geo.batch.results import Results, measure

_ROOMS = {
    "Job": "job", "open_recipe": "job", "paper_town": "job", "schematic_county": "job",
    "Pressed": "pressing", "press": "pressing",
    "Listing": "province.listing", "load_counties": "province.listing",
    "Province": "province.whole", "run_province": "province.whole",
    "Product": "products", "add_product": "products",
    "Recipe": "recipe", "load_recipe": "recipe",
    "Report": "report", "require_folder": "report", "run": "report",
    "Results": "results", "measure": "results",
}  # fmt: skip

__all__ = [
    "Job",
    "Listing",
    "Pressed",
    "Product",
    "Province",
    "Recipe",
    "Report",
    "Results",
    "add_product",
    "load_counties",
    "load_recipe",
    "measure",
    "open_recipe",
    "paper_town",
    "press",
    "require_folder",
    "run",
    "run_province",
    "schematic_county",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        found = getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
        globals()[name] = found
        return found
    if name in ("job", "report", "results", "recipe", "products"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
