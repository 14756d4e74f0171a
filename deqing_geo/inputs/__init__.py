"""What else a run takes from files: law, seats, hazards, services, and what is declared.

Reads and translates; measures nothing. Names are loaded when they are first touched.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deqing_geo.inputs.around import CROPLAND, LAYERS, read_facilities, read_layer
    from deqing_geo.inputs.declared import read_overrides, village_codes
    from deqing_geo.inputs.folder import read_village_table

# The layers `read_layer` and `read_facilities` know, by the name a recipe gives them.
LAYER_NAMES = (
    "seats",
    "boundaries",
    "redline",
    "water_source",
    "farmland",
    "cropland",
    "hazards",
    "fault_lines",
    "facilities",
)
_ROOMS = {
    "CROPLAND": "around", "LAYERS": "around", "read_facilities": "around", "read_layer": "around",
    "read_overrides": "declared", "village_codes": "declared",
    "read_village_table": "folder",
}  # fmt: skip

__all__ = [
    "CROPLAND",
    "LAYERS",
    "LAYER_NAMES",
    "read_facilities",
    "read_layer",
    "read_overrides",
    "read_village_table",
    "village_codes",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = found
    return found
