"""A least density, whoever asks for it; the same for all measures, and kept with the law."""

from __future__ import annotations

from deqing_geo.standards.goals import goal_of

__all__ = ["goal_of"]
