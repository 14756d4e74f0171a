"""Service radius: how much residential land lies within reach of a park, and what does not.

Everything here measures; nothing reads a file, judges a figure against a standard, or
draws. Layers arrive in a metric CRS (see `deqing_geo.crs`).
"""

from __future__ import annotations

from deqing_geo.coverage.access import Access
from deqing_geo.coverage.band import CoverageBand, coverage_band
from deqing_geo.coverage.changes import CoverageChanges
from deqing_geo.coverage.forecast import CoverageForecast
from deqing_geo.coverage.ledger import gap_list, lying_in, park_ledger
from deqing_geo.coverage.result import Coverage
from deqing_geo.coverage.service import park_coverage, service_coverage
from deqing_geo.coverage.walking import Walking

__all__ = [
    "Access",
    "Coverage",
    "CoverageBand",
    "CoverageChanges",
    "CoverageForecast",
    "Walking",
    "coverage_band",
    "gap_list",
    "lying_in",
    "park_coverage",
    "park_ledger",
    "service_coverage",
]
