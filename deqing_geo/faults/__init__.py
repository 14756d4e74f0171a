"""What is wrong with a layer of boundaries, one row per fault, and its repair on request.

Checking reports and changes nothing; repairing returns a working copy with every change in a
table. Nothing here reads a file or draws. Which kinds of fault there are, how grave each is and
the sentences that tell them stand in ``kinds.toml``; their Chinese names in ``columns.toml``.
"""

from __future__ import annotations

from deqing_geo.faults.check import check_boundaries
from deqing_geo.faults.repair import repair_boundaries
from deqing_geo.faults.report import BoundaryReport

__all__ = ["BoundaryReport", "check_boundaries", "repair_boundaries"]
