"""Roads: how much of them, by which definition, and what the figure hangs on.

Everything here measures; nothing reads a file, judges a figure against a standard, or draws.
Layers arrive in a metric CRS (see `deqing_geo.crs`).
"""

from __future__ import annotations

from deqing_geo.roads.band import DensityBand, density_band
from deqing_geo.roads.changes import RoadChanges
from deqing_geo.roads.density import road_density
from deqing_geo.roads.forecast import RoadForecast
from deqing_geo.roads.ledger import road_ledger
from deqing_geo.roads.merging import CentreLines, centre_lines
from deqing_geo.roads.result import RoadDensity

__all__ = [
    "CentreLines",
    "DensityBand",
    "RoadChanges",
    "RoadDensity",
    "RoadForecast",
    "centre_lines",
    "density_band",
    "road_density",
    "road_ledger",
]
