"""The network of roads: crossings, stretches between them, and the ways along them."""

from __future__ import annotations

from deqing_geo.network.arrays import RoadNetwork, road_network

__all__ = ["RoadNetwork", "road_network"]
