"""What is wrong with a layer of boundaries, one row per fault, and its repair on request.

Checking reports and changes nothing; repairing returns a working copy with every change in a
table; codes and names are corrected by people, in a table of their own (`corrections`, as a
workbook `corrections_book`). Nothing else here reads a file, and nothing draws. Which kinds of
fault there are, how grave each is and the sentences that tell them stand in ``kinds.toml``; their
Chinese names in ``columns.toml``.
"""

from __future__ import annotations

from deqing_geo.faults.check import check_boundaries
from deqing_geo.faults.corrections import correct, propose_corrections
from deqing_geo.faults.corrections_book import read_corrections, save_corrections
from deqing_geo.faults.repair import repair_boundaries
from deqing_geo.faults.report import BoundaryReport

__all__ = [
    "BoundaryReport",
    "check_boundaries",
    "correct",
    "propose_corrections",
    "read_corrections",
    "repair_boundaries",
    "save_corrections",
]
