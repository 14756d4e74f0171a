"""The scorecard (核心指标完成情况): every target of the plan beside what was measured."""

from __future__ import annotations

from deqing_geo.progress.card import Scorecard
from deqing_geo.progress.judging import scorecard

__all__ = ["Scorecard", "scorecard"]
