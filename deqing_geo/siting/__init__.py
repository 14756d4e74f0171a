"""Where the next parks belong: the fewest that reach a target, or the most of so many."""

from deqing_geo.siting.answer import Siting
from deqing_geo.siting.suggest import suggest_parks

__all__ = ["Siting", "suggest_parks"]
