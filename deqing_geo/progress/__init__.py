"""The scorecard (核心指标完成情况): every target of the plan beside what was measured.

`scorecard` judges; `targets_form` and `read_progress` are the bureau's own table of base values,
yearly goals, thresholds and months; `report_month` and `read_log` keep what was reported.
"""

from __future__ import annotations

from deqing_geo.progress.card import Scorecard
from deqing_geo.progress.form import targets_form
from deqing_geo.progress.judging import scorecard
from deqing_geo.progress.log import Reported, read_log, report_month
from deqing_geo.progress.returned import read_progress
from deqing_geo.progress.told import Progress

__all__ = [
    "Progress",
    "Reported",
    "Scorecard",
    "read_log",
    "read_progress",
    "report_month",
    "scorecard",
    "targets_form",
]
