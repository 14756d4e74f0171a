"""Weights of indicators and a ranking by them, on plain tables, by formulas that are named.

Everything here computes on the numbers given. Nothing knows a village or a standard, fills a
gap, or says which way of weighing is right: each has one blind spot, and its docstring names it.
Where two formulas go by one name, the result names the one that was used.
"""

from deqing_geo.weights.answers import Closeness, Weights
from deqing_geo.weights.judged import ahp
from deqing_geo.weights.mixed import combine
from deqing_geo.weights.ranked import topsis
from deqing_geo.weights.spread import critic, entropy

__all__ = ["Closeness", "Weights", "ahp", "combine", "critic", "entropy", "topsis"]
