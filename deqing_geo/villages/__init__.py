"""Villages and their development types: facts, the ladder of conditions, and the reasons."""

from deqing_geo.villages.facts import village_facts

__all__ = ["village_facts"]
