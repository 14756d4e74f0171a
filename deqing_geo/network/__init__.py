"""The network of roads: crossings, stretches between them, and the ways along them."""

from __future__ import annotations

from deqing_geo.network.arrays import RoadNetwork, road_network
from deqing_geo.network.ends import dead_ends
from deqing_geo.network.graph import as_network, road_graph, to_csr

__all__ = ["RoadNetwork", "as_network", "dead_ends", "road_graph", "road_network", "to_csr"]
