"""Layers as files give them: roads, parks and homes, in the library's own words.

Reads and translates; measures nothing. What a class means for a figure is for the
definition to say.
"""

from __future__ import annotations

from deqing_geo.layers.land import read_homes, read_parks
from deqing_geo.layers.roads import read_roads

__all__ = ["read_homes", "read_parks", "read_roads"]
