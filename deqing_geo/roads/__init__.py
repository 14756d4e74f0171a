"""Roads: how much of them, by which definition, and what the figure hangs on.

Everything here measures; nothing reads a file, judges a figure against a standard, or draws.
Layers arrive in a metric CRS (see `deqing_geo.crs`).
"""

from __future__ import annotations

from deqing_geo.roads.density import RoadDensity, road_density
from deqing_geo.roads.merging import CentreLines, centre_lines

__all__ = ["CentreLines", "RoadDensity", "centre_lines", "road_density"]
