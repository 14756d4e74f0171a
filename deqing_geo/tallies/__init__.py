"""The plan's small counts: villages with a bus stop, rural roads opened, pocket parks.

Each answers one target of the plan and says in one sentence (口径) what was counted, out of
what. Everything here counts; nothing reads a file or judges. The plan defines none of these
counts, so where something stands in for what was meant, the sentence says so.
"""

from __future__ import annotations

from deqing_geo.tallies.declared import (
    villages_listed,
    villages_reaching,
    villages_sum,
    villages_where,
)
from deqing_geo.tallies.land import blocks_of, land_of, length_in, share_of_zone
from deqing_geo.tallies.model import Tally
from deqing_geo.tallies.places import (
    clinics_opened,
    communities_with,
    pocket_parks,
    villages_with,
)
from deqing_geo.tallies.streets import dead_ends, rural_roads_opened

__all__ = [
    "Tally",
    "blocks_of",
    "clinics_opened",
    "communities_with",
    "dead_ends",
    "land_of",
    "length_in",
    "pocket_parks",
    "rural_roads_opened",
    "share_of_zone",
    "villages_listed",
    "villages_reaching",
    "villages_sum",
    "villages_where",
    "villages_with",
]
