"""What else a run takes from files: law, seats, hazards, services, and what is declared.

Reads and translates; measures nothing.
"""

from __future__ import annotations

from deqing_geo.inputs.around import CROPLAND, LAYERS, read_facilities, read_layer
from deqing_geo.inputs.declared import read_overrides, village_codes
from deqing_geo.inputs.folder import read_village_table

__all__ = [
    "CROPLAND",
    "LAYERS",
    "read_facilities",
    "read_layer",
    "read_overrides",
    "read_village_table",
    "village_codes",
]
