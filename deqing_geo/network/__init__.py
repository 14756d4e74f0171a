"""The network of roads: crossings, stretches between them, and the ways along them."""

from __future__ import annotations

from deqing_geo.network.arrays import RoadNetwork, road_network
from deqing_geo.network.ends import dead_ends
from deqing_geo.network.graph import as_network, road_graph, to_csr
from deqing_geo.network.links import suggest_links
from deqing_geo.network.reaching import Reach, reach
from deqing_geo.network.times import travel_minutes

__all__ = [
    "Reach",
    "RoadNetwork",
    "as_network",
    "dead_ends",
    "reach",
    "road_graph",
    "road_network",
    "suggest_links",
    "to_csr",
    "travel_minutes",
]
