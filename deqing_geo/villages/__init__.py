"""Villages and their development types: facts, the ladder of conditions, and the reasons.

Names are loaded when they are first touched: whoever only checks a scheme need not judge.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deqing_geo.villages.agreement import Agreement, cohen_kappa
    from deqing_geo.villages.changes import TypeChanges
    from deqing_geo.villages.fact_forms import facts_form
    from deqing_geo.villages.facts import village_facts
    from deqing_geo.villages.facts_book import save_facts
    from deqing_geo.villages.fitting import Fit
    from deqing_geo.villages.judge import classify_villages
    from deqing_geo.villages.kinds import FIVE
    from deqing_geo.villages.known import FactSources, fact_sources
    from deqing_geo.villages.opinions import Opinions, read_opinions
    from deqing_geo.villages.patches import Patches
    from deqing_geo.villages.rollup import RollUp, roll_up
    from deqing_geo.villages.scenarios import Scenario, scenario, sweep
    from deqing_geo.villages.scheme import Scheme, load_scheme
    from deqing_geo.villages.types import VillageTypes

_ROOMS = {
    "Agreement": "agreement", "cohen_kappa": "agreement",
    "TypeChanges": "changes",
    "village_facts": "facts",
    "save_facts": "facts_book",
    "facts_form": "fact_forms",
    "Fit": "fitting",
    "classify_villages": "judge",
    "FIVE": "kinds",
    "FactSources": "known", "fact_sources": "known",
    "Opinions": "opinions", "read_opinions": "opinions",
    "Patches": "patches",
    "RollUp": "rollup", "roll_up": "rollup",
    "Scenario": "scenarios", "scenario": "scenarios", "sweep": "scenarios",
    "Scheme": "scheme", "load_scheme": "scheme",
    "VillageTypes": "types",
}  # fmt: skip

__all__ = [
    "FIVE",
    "Agreement",
    "FactSources",
    "Fit",
    "Opinions",
    "Patches",
    "RollUp",
    "Scenario",
    "Scheme",
    "TypeChanges",
    "VillageTypes",
    "classify_villages",
    "cohen_kappa",
    "fact_sources",
    "facts_form",
    "load_scheme",
    "read_opinions",
    "roll_up",
    "save_facts",
    "scenario",
    "sweep",
    "village_facts",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = found
    return found
